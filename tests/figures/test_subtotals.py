"""Subtotals are what a report of the group alone says."""

from __future__ import annotations

from pathlib import Path

import pytest
from markupsafe import escape

from reportspec.formats.markdown import as_markdown
from reportspec.model.figures import Section
from reportspec.render import render_html
from tests.figures.asking import codes, figures

METRICS = ["won_amount", "close_rate", "sales_cycle_days.median", "customers_count"]


def breakdown(folder: Path, **more: object) -> Section:
    spec = {"metrics": METRICS, "by": ["user.team", "user.name"], "subtotals": True, **more}
    found = figures(
        folder,
        {
            "period": "2026-Q3",
            "compare": "previous_period",
            "sections": [{"id": "by", "breakdown": spec}],
        },
    )
    return found.sections[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: demo\ntimezone: Europe/Rome\nlocale: en_GB\ncurrency: EUR\n", "utf-8"
    )
    return tmp_path


def test_each_is_the_report_of_its_group(folder: Path) -> None:
    section = breakdown(folder)
    assert len(section.subtotals) > 2
    above = 0
    for count, cells in section.subtotals:
        # The rows above it are those of its group, and all of them.
        assert {row[0] for row in section.rows[above:count]} == {cells[0]}
        above = count
        team = {"field": "user.team", "eq": cells[0]} if cells[0] else {"field": "user.team", "is_null": True}
        alone = figures(
            folder,
            {
                "period": "2026-Q3",
                "compare": "previous_period",
                "filters": [team],
                "sections": [{"id": "k", "kpis": METRICS}],
            },
        )
        kpis = alone.sections[0].kpis
        wanted = [value for kpi in kpis for value in (kpi.value, kpi.previous)]
        got = [(value or 0) if wish in (0, None) else value for value, wish in zip(cells[2:], wanted, strict=True)]
        assert got == pytest.approx([wish or 0 for wish in wanted], rel=1e-9)
    assert above == len(section.rows)
    assert len({row[0] for row in section.rows}) == len(section.subtotals)


def test_groups_and_rows_are_in_the_order_that_is_asked_for(folder: Path) -> None:
    section = breakdown(folder, sort="-won_amount")
    totals = [float(cells[2] or 0) for _, cells in section.subtotals]
    assert totals == sorted(totals, reverse=True)
    above = 0
    for count, _ in section.subtotals:
        own = [float(row[2] or 0) for row in section.rows[above:count]]
        assert own == sorted(own, reverse=True)
        above = count


def test_they_stand_below_their_rows_on_paper_and_in_markdown(folder: Path) -> None:
    spec = {"metrics": ["won_amount"], "by": ["user.team", "user.name"], "subtotals": True}
    found = figures(folder, {"period": "2026-Q3", "sections": [{"id": "by", "breakdown": spec}]})
    section = found.sections[0]
    html = render_html(found)
    assert html.count('<tr class="subtotal">') == len(section.subtotals)
    first = str(section.subtotals[0][1][0])
    assert f'<tr class="subtotal"><td>Total {first}</td><td' in html
    last = str(escape(section.rows[section.subtotals[0][0] - 1][1]))
    assert html.index(last) < html.index(f"Total {first}")
    lines = as_markdown(found).splitlines()
    assert sum(line.startswith(f"| **Total {first}**") for line in lines) == 1
    # Who adds up the attached rows counts nothing twice.
    assert all(row[1] is not None for row in section.rows)


def test_what_has_no_groups_has_no_subtotals(folder: Path) -> None:
    for by, more in ((["user.name"], {}), (["user.team", "user.name"], {"top": 3})):
        spec = {"metrics": ["won_amount"], "by": by, "subtotals": True, **more}
        assert codes(folder, {"sections": [{"breakdown": spec}]}) == ["bad-subtotals"]
