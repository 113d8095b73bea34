"""What the figure that is compared with leaves out stands at the change that is made of it: counted by hand in the rows
below, and the same as the report of that period says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportspec.formats.json_text import as_data
from reportspec.model.figures import Figures
from reportspec.render.beside import without_idle
from reportspec.render.locale import formats_for
from reportspec.render.notes import told_together
from tests.figures.asking import figures
from tests.figures.from_tables import project_of

# Won in the second quarter: 1,000 and 600 EUR, two without an amount, and 5,000 CHF, for which there is no rate.
# In the third two of 1,000 EUR each. Of the amounts of the second the mean is 800 EUR: two such are 1,600.
DEALS = """deal_id,name,status,amount,currency,created_at,closed_at
1,Shelves,won,1000,EUR,2026-03-01 09:00:00,2026-04-02 11:00:00
2,Racks,won,,EUR,2026-03-01 09:00:00,2026-05-20 10:00:00
3,Ladders,won,,EUR,2026-03-02 09:00:00,2026-05-21 18:00:00
4,Trolleys,won,5000,CHF,2026-03-03 09:00:00,2026-06-28 12:00:00
5,Carts,won,600,EUR,2026-03-03 09:00:00,2026-06-29 12:00:00
6,Bins,won,1000,EUR,2026-05-05 09:00:00,2026-07-20 12:00:00
7,Crates,won,1000,EUR,2026-05-05 09:00:00,2026-08-20 12:00:00
"""
MISSING = "2 deals without an amount left out. At the mean of all others: about €1,600 more."
FOREIGN = "1 deal in another currency than EUR, or in none that is named, without a rate, left out."
SECTIONS: list[dict[str, Any]] = [
    {"id": "tiles", "kpis": ["won_amount"]},
    {"id": "rows", "breakdown": {"metrics": ["won_amount"], "by": ["deal.name"]}},
    {"id": "steps", "trend": {"metrics": ["won_amount"], "grain": "month"}},
    {"id": "why", "drivers": {"metric": "won_amount", "by": ["deal.name"]}},
]
Q3: dict[str, Any] = {"period": "2026-Q3", "compare": "previous_period", "sections": SECTIONS}


def _at(found: Figures, section: str) -> list[str]:
    """The footnotes at the figures of a section."""
    [one] = [one for one in found.sections if one.id == section]
    columns = [*one.columns, *(kpi.column for kpi in one.kpis)]
    return [found.footnotes[n - 1] for n in sorted({n for column in columns for n in column.footnotes})]


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_it_is_told_where_the_change_stands(engine: str, tmp_path: Path) -> None:
    found = figures(project_of(tmp_path, {"deal": DEALS}, engine), Q3)
    for section in SECTIONS:
        told = [text for text in _at(found, section["id"]) if "left out" in text]
        assert told == [f"Won amount, before: {MISSING}", f"Won amount, before: {FOREIGN}"], section["id"]
    tile = found.sections[0].kpis[0]
    assert (tile.value, tile.previous) == (2000, 1600)
    data = as_data(found)
    assert sum("Won amount, before" in text for text in data["footnotes"]) == 2


def test_it_is_what_the_report_of_that_period_says(tmp_path: Path) -> None:
    folder = project_of(tmp_path, {"deal": DEALS})
    own = figures(folder, {"period": "2026-Q2", "sections": SECTIONS[:1]})
    told = [text.removeprefix("Won amount: ") for text in _at(own, "tiles") if "left out" in text]
    assert told == [MISSING, FOREIGN]


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("de", "Gewonnener Betrag, davor"),
        ("es", "antes"),
        ("fr", "avant"),
        ("it", "prima"),
        ("en", "Won amount, before"),
    ],
)
def test_both_are_one_note_in_every_language(language: str, name: str, tmp_path: Path) -> None:
    """Of the two notes at the figure a page has one, with both numbers of deals and what the two would add."""
    found = figures(project_of(tmp_path, {"deal": DEALS}), {**Q3, "language": language, "sections": SECTIONS[:1]})
    together = told_together(found, formats_for(found))
    [note] = [text for text in together.footnotes if name in text]
    assert "2 " in note
    assert "1 " in note
    assert "€" in note
    assert "1600" in note.replace(".", "").replace(",", "").replace("\u202f", "").replace("\u00a0", "")


def test_each_of_two_comparisons_has_its_own(tmp_path: Path) -> None:
    """In the third quarter against the second, and against the first, in which nothing was won."""
    asked = {**Q3, "compare": ["previous_period", {"from": "2026-01-01", "to": "2026-03-31"}], "sections": SECTIONS[:1]}
    told = [text for text in _at(figures(project_of(tmp_path, {"deal": DEALS}), asked), "tiles") if "left out" in text]
    assert told == [f"Won amount · Q2 2026: {MISSING}", f"Won amount · Q2 2026: {FOREIGN}"]


def test_what_was_won_then_is_not_nothing(tmp_path: Path) -> None:
    """Racks, Ladders and Trolleys were won in the quarter before for nobody knows how much: they keep their rows."""
    found = figures(project_of(tmp_path, {"deal": DEALS}), Q3)
    [rows] = [section for section in found.sections if section.id == "rows"]
    assert {row[0] for row in rows.rows if row[2] is None} == {"Racks", "Ladders", "Trolleys"}
    assert without_idle(rows)[1] == ()


def test_much_of_what_is_compared_with_is_told_before_the_figures(tmp_path: Path) -> None:
    """Of eleven deals of the second quarter three have no amount in euros: more than a tenth."""
    more = "".join(f"{n},More,won,10,EUR,2026-03-01 09:00:00,2026-06-01 10:00:00\n" for n in range(10, 16))
    found = figures(project_of(tmp_path, {"deal": DEALS + more}), {**Q3, "sections": SECTIONS[:1]})
    [notice] = found.notices
    assert "Won amount, before: 3 of 11 deals." in notice
