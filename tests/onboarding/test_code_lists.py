"""Codes of states: what lists beside the data say of them, and that nobody knows them where none does."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.figures.asking import figures, rows
from tests.onboarding.test_newcomer import Rows, begun, mapping_of
from tests.onboarding.test_outcomes import COUNTS, NOW, counts

FIRST = date(2026, 3, 2)
CASES = 40


@pytest.fixture(autouse=True)
def _no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are asked for by themselves: no page is laid out."""
    monkeypatch.setattr("reportspec.formats.files_of", lambda figures, form, name, spec: {f"{name}.pdf": b"%PDF"})


def cases(states: tuple[object, ...]) -> Rows:
    """Cases, as many of each state; those of the last one have the day on which they were resolved."""
    found: list[list[object]] = [["id", "subject", "agent", "status", "created", "resolved_at"]]
    for at in range(CASES):
        day, place = FIRST + timedelta(at), at % len(states)
        resolved = day + timedelta(9) if place == len(states) - 1 else ""
        found.append([5000 + at, f"Case {at}", 7 + at % 3, states[place], day, resolved])
    return {"tickets": texts(found)}


def texts(rows: list[list[object]]) -> list[list[str]]:
    return [[str(value) for value in row] for row in rows]


def open_cases(folder: Path) -> int:
    spec = {"report": "custom", "period": "2026", "sections": [{"id": "a", "kpis": ["open_cases_count"]}]}
    [row] = rows(figures(folder / "p", spec, NOW), "a")
    return int(row["open_cases_count"])


def status_line(folder: Path) -> str:
    text = (folder / "p" / "mapping.yaml").read_text("utf-8")
    return next(line for line in text.splitlines() if line.strip().startswith("status:"))


def test_codes_of_cases_that_nothing_explains_are_to_be_confirmed(tmp_path: Path) -> None:
    begun(tmp_path, cases((2, 3, 4, 5)))
    assert "CONFIRM (what its values mean is not to be seen: `2`, `3`, `4`, `5`)" in status_line(tmp_path)


@pytest.mark.parametrize(
    "states", [("Offen", "Wartend", "Gelöst", "Geschlossen"), ("Aperto", "In attesa", "Risolto", "Chiuso")]
)
def test_cases_are_over_by_words_of_other_languages(states: tuple[str, ...], tmp_path: Path) -> None:
    """Two states of four are over, one of them without a day of it."""
    begun(tmp_path, cases(states))
    assert "CONFIRM" not in status_line(tmp_path)
    assert open_cases(tmp_path) == CASES // 2


def test_a_state_of_cases_that_no_word_fits_is_open_and_to_be_confirmed(tmp_path: Path) -> None:
    begun(tmp_path, cases(("Open", "Parked", "Solved", "Closed")))
    assert "CONFIRM (neither solved nor closed, and taken for open: `Parked`)" in status_line(tmp_path)
    assert open_cases(tmp_path) == CASES // 2


def test_lists_beside_the_data_say_what_codes_mean(tmp_path: Path) -> None:
    """Of 60 deals 12 each are in five stages: the list of states says that the fourth is won and the last lost; of the
    cases those of codes 4 and 5 are over."""
    deals: list[list[object]] = [["id", "title", "owner", "stage", "status", "amount", "created", "closed"]]
    for at in range(60):
        day, stage = FIRST + timedelta(at), 10 * (1 + at % 5)
        state = {40: 2, 50: 3}.get(stage, 1)
        deals.append([1000 + at, f"Deal {at}", 7 + at % 3, stage, state, 500 + at, day, day if state > 1 else ""])
    tables: Rows = {
        **cases((2, 3, 4, 5)),
        "deals": texts(deals),
        "status": texts([["id", "label"], [1, "Open"], [2, "Won"], [3, "Lost"]]),
        "ticket_status": texts([["id", "label"], [2, "Open"], [3, "Pending"], [4, "Resolved"], [5, "Closed"]]),
        "owners": texts([["id", "label"], [7, "Ann"], [8, "Bob"], [9, "Cid"]]),
    }
    begun(tmp_path, tables)
    mapping = mapping_of(tmp_path)
    assert mapping["case_"]["joins"]["status_list"]["table"] == "ticket_status"
    assert mapping["user"]["table"] == "owners"
    assert counts(tmp_path) == (12, 12, 36), COUNTS
    assert open_cases(tmp_path) == CASES // 2


def test_a_list_that_lacks_a_code_or_is_of_something_else_says_nothing(tmp_path: Path) -> None:
    tables = {
        **cases((2, 3, 4, 5)),
        "ticket_status": texts([["id", "label"], [2, "Open"], [3, "Pending"], [4, "Resolved"]]),
        "colour": texts([["id", "label"], *([n, name] for n, name in enumerate("abcdef"))]),
    }
    begun(tmp_path, tables)
    assert "joins" not in mapping_of(tmp_path)["case_"]
    assert "not to be seen" in status_line(tmp_path)
