"""Personal data in texts that are no fields of persons are shown in part only, wherever an audit shows the text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportspec.measures.personal_texts import covered, unquoted
from tests.conftest import RunCli
from tests.figures.from_tables import project_of

# Each with what may not be read any more.
FOUND = {
    "card 4111 1111 1111 1111 for Rossi": "1111 1111",
    "4111111111111111": "4111111",
    "IBAN DE89 3704 0044 0532 0130 00 paid": "0532",
    "gb82west12345698765432": "1234569",
    "write to carla.neri@fern-paper.com now": "carla",
    "call +39 02 1234 5678 today": "1234",
    "Tel. 02/1234567": "1234567",
    "Handy: 0171 1234567": "1234567",
}
KEPT = [
    "Order 2026-11-28 12345",
    "4111 1111 1111 1112",
    "DE00 3704 0044 0532 0130 00",
    "Rollout 3+2 seats",
    "a@b",
    "",
    "ü 7",
]


@pytest.mark.parametrize("text", FOUND)
def test_what_tells_of_people_is_covered(text: str) -> None:
    assert FOUND[text] not in covered(text)
    assert "…" in covered(text)


@pytest.mark.parametrize("text", KEPT)
def test_all_else_is_as_it_was(text: str) -> None:
    assert covered(text) == text


def test_what_stands_around_stays() -> None:
    assert covered("card 4111 1111 1111 1111 for Rossi") == "card …11 for Rossi"
    assert covered("write to carla.neri@fern-paper.com now") == "write to c…@f… now"


@given(st.text("0123456789+- @.abDE()tel:", max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    """Slow: hundreds of texts are drawn, and telephone numbers looked for in each."""
    once = covered(text)
    assert len(once) <= len(text) + 1 or "…" in once


def test_what_a_database_quotes() -> None:
    assert unquoted("Could not convert string 'carla.neri@fern.com' to INT32") == (
        "Could not convert string 'c…@f…' to INT32"
    )
    assert unquoted('invalid input syntax for type integer: "Neri"') == 'invalid input syntax for type integer: "N…"'


def test_no_form_of_an_audit_shows_them(run_cli: RunCli, tmp_path: Path) -> None:
    """In the name of a record that breaks another check, too."""
    deals = "deal_id,name,status,created_at,amount,probability\n"
    rows = [f"d{at},{text},open,2026-11-01 10:00:00,,30" for at, text in enumerate(FOUND)]
    project_of(tmp_path, {"deal": deals + "\n".join(rows) + "\n"})
    for form in ("json", "junit", "markdown", "table"):
        done = run_cli(["audit", "--format", form, "--examples", "20", "--today", "2026-11-28"], cwd=tmp_path)
        assert not [part for part in FOUND.values() if part in done.stdout], form
    whole = run_cli(["audit", "--format", "json", "--show-personal", "--examples", "20"], cwd=tmp_path)
    assert "carla.neri@fern-paper.com" in whole.stdout
    assert json.loads(whole.stdout)
    spec = "version: 1\nreport: data_quality\nsections:\n  - id: records\n    quality: {show: records, limit: 20}\n"
    (tmp_path / "s.yaml").write_text(spec, encoding="utf-8")
    for command in (["query", "s.yaml"], ["query", "s.yaml", "--format", "json"]):
        done = run_cli([*command, "--today", "2026-11-28"], cwd=tmp_path)
        assert "d0" in done.stdout
        assert not [part for part in FOUND.values() if part in done.stdout]
