"""Reasons that differ by case or blanks alone are told, and none is named as the most that would not be so together
with its likes. Deals are counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportspec.formats.markdown import as_markdown
from reportspec.languages import languages
from tests.figures.asking import figures
from tests.figures.from_tables import project_of


def _project(folder: Path, reasons: dict[str, int]) -> Path:
    lines = ["deal_id,name,status,amount,currency,created_at,closed_at,loss_reason"]
    for reason, count in reasons.items():
        lines += [f"{reason}{at},d,lost,10,EUR,2026-07-01,2026-07-03,{reason}" for at in range(count)]
    return project_of(folder, {"deal": "\n".join(lines) + "\n"})


@pytest.mark.parametrize(
    ("reasons", "most", "told"),
    [
        ({"No budget": 19, "Price": 10, "Time": 2}, "No budget", False),
        ({"No budget": 19, "Price": 15, "price": 7}, None, True),  # 22 together
        ({"No budget": 40, "Price": 12, "price": 15}, "No budget", True),
        ({"No budget": 9, "Price": 15, "PRICE": 2}, None, True),  # 17, and not 15
        ({"No budget": 19, "No  Budget": 12, "Price": 15}, None, True),
    ],
)
def test_what_is_written_in_several_ways(reasons: dict[str, int], most: str | None, told: bool, tmp_path: Path) -> None:
    text = as_markdown(figures(_project(tmp_path, reasons), {"report": "lost_deals", "period": "2026-Q3"}))
    assert (f"Reason named most: {most}" in text) is (most is not None)
    assert ("Reason named most" in text) is (most is not None)
    assert ("are the same but for capitals or blanks" in text) is told


@pytest.mark.parametrize("language", languages())
def test_the_note_names_them(language: str, tmp_path: Path) -> None:
    spec = {"report": "lost_deals", "period": "2026-Q3", "language": language}
    found = figures(_project(tmp_path, {"No budget": 19, "Price": 15, "price": 7}), spec)
    notes = [note for section in found.sections for note in section.notes]
    assert [note for note in notes if "Price" in note and "price" in note]
