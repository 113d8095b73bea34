"""Rates and means of few cases are told with a caution wherever they stand; what has no name is no news."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportspec.model.figures import Column, Figures, Section
from reportspec.render import render_html
from reportspec.render.locale import formats_for
from reportspec.render.tables import table_view
from tests.figures.asking import figures

MAPPING = """entities:
  deal:
    table: deals
    key: id
    fields: {source: source, status: status, amount: amount, created_at: created, closed_at: closed}
"""
PROJECT = "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n"
RATE, MEAN, MEDIAN = "close_rate", "sales_cycle_days", "sales_cycle_days.median"


def project(folder: Path, won: int, lost: int, before: int = 60) -> Path:
    """So many deals of the third quarter, of two channels in turn, and won and lost ones of the second."""
    lines = ["id,source,status,amount,created,closed"]
    for at in range(won + lost):
        lines.append(f"n{at},{'ab'[at % 2]},{'won' if at < won else 'lost'},100,2026-07-01,2026-08-{1 + at % 28:02}")
    for at in range(before):
        lines.append(f"b{at},{'ab'[at % 2]},{('won', 'lost')[at // 2 % 2]},100,2026-04-01,2026-05-{1 + at % 28:02}")
    (folder / "deals.csv").write_text("\n".join(lines), "utf-8")
    (folder / "mapping.yaml").write_text(MAPPING, "utf-8")
    (folder / "reportspec.yaml").write_text(PROJECT, "utf-8")
    return folder


def made(folder: Path, section: dict[str, Any], **more: Any) -> Figures:
    return figures(
        folder,
        {"report": "custom", "period": "2026-Q3", "compare": "previous_period", "sections": [section], **more},
    )


def cautions(found: Figures, columns: list[Column]) -> dict[str, int]:
    """How few cases are told of, by metric."""
    told = {}
    for column in columns:
        for note in column.footnotes:
            text = found.footnotes[note - 1]
            if "read it with care" in text:
                told[str(column.metric)] = int(text.partition("fewer than ")[2].split()[0])
    return told


def before_alone(found: Figures) -> set[str]:
    """The figures of which it is told that they rested on few cases before, and not that they do now."""
    named = [text.partition(": fewer than")[0] for text in found.footnotes if "read it with care" in text]
    return {name.removesuffix(", before") for name in named if name.endswith(", before")}


SECTIONS: dict[str, dict[str, Any]] = {
    "tiles": {"kpis": [RATE, MEAN, MEDIAN, "won_deals_count", "won_amount"]},
    "rows": {"breakdown": {"metrics": [RATE, MEAN, MEDIAN, "won_deals_count", "won_amount"], "by": ["deal.source"]}},
    "steps": {"trend": {"metrics": [RATE, MEAN, MEDIAN, "won_deals_count", "won_amount"], "grain": "quarter"}},
}


@pytest.mark.parametrize("kind", SECTIONS)
@pytest.mark.parametrize(
    ("won", "lost", "before", "told"),
    [
        (2, 1, 400, {RATE: 30, MEAN: 10, MEDIAN: 10}),
        (40, 19, 400, {RATE: 30}),  # in rows: 20 won of 30 by one, of 29 by the other
        (40, 20, 400, {}),
        (40, 20, 0, {}),  # nothing before is no few
        (400, 200, 4, {RATE: 30, MEAN: 10, MEDIAN: 10}),  # a change rests on both
    ],
)
def test_figures_of_few_cases(
    kind: str, won: int, lost: int, before: int, told: dict[str, int], tmp_path: Path
) -> None:
    found = made(project(tmp_path, won, lost, before), SECTIONS[kind])
    section: Section = found.sections[0]
    columns = [kpi.column for kpi in section.kpis] or list(section.columns)
    if kind != "rows" and won + lost == 59:
        told = {}  # all 59 of one
    assert cautions(found, columns) == told
    only = {"Close rate", "Sales cycle", "Sales cycle (median)"} if before == 4 else set()
    assert before_alone(found) == only


def test_a_change_of_very_few_is_not_judged(tmp_path: Path) -> None:
    """One won of three against one of two: neither better nor worse, and the number of deals is what it is."""
    found = made(project(tmp_path, 1, 2, 60), {"kpis": [RATE, MEAN, "won_deals_count"]})
    rate, mean, number = found.sections[0].kpis
    assert (rate.column.direction, mean.column.direction, number.column.direction) == ("neutral", "neutral", "up")
    html = render_html(found)
    assert html.count(" worse</span>") == 1  # of the number
    assert " better</span>" not in html


def test_what_has_no_name_is_no_news(tmp_path: Path) -> None:
    """Most deals have no channel: the largest that has one is told, and of even ones none is."""
    folder = project(tmp_path, 0, 0)

    def news(sources: str) -> list[Any]:
        lines = ["id,source,status,amount,created,closed"]
        lines += [f"{at},{source.strip('-')},won,100,2026-07-01,2026-08-01" for at, source in enumerate(sources)]
        (folder / "deals.csv").write_text("\n".join(lines), "utf-8")
        section = {"highlights": {"shares": [{"metric": "won_deals_count", "by": "deal.source"}], "at_least": 10}}
        return [dict(one.values)["a"].value for one in made(folder, section).sections[0].highlights]

    assert news("-" * 30 + "a" * 25 + "b" * 5) == ["a"]
    assert news("a" * 10 + "b" * 10 + "c" * 10) == []
    assert news("-" * 30 + "a" * 10) == []  # one alone with a name


def test_rows_of_fewer_than_ten_cases_are_known(tmp_path: Path) -> None:
    """Of 22 deals closed now one channel has 11, of 18 each has 9; of 12 before each has 6; of 60 each has 30."""
    section = {"id": "s", **SECTIONS["rows"]}
    rated = {RATE, MEAN, MEDIAN}
    for won, lost, before, few in ((22, 0, 60, set()), (18, 0, 60, rated), (22, 0, 12, rated)):
        found = made(project(tmp_path, won, lost, before), section)
        [one] = [s for s in found.sections if s.id == "s"]
        assert [set(names) for names in one.few] == ([few, few] if few else [])


def test_steps_of_fewer_than_ten_cases_have_no_change(tmp_path: Path) -> None:
    """Eight deals closed in July, ten in August, and twelve in each month before: July has grey figures, and no change
    of a rate or a mean, while those of numbers and sums stay; all months together have theirs."""
    lines = ["id,source,status,amount,created,closed"]
    for month, count in ((4, 12), (5, 12), (6, 12), (7, 8), (8, 10), (9, 0)):
        lines += [
            f"{month}-{at},a,{('won', 'lost')[at % 2]},{100 + at},2026-01-01,2026-{month:02}-05" for at in range(count)
        ]
    project(tmp_path, 0, 0)
    (tmp_path / "deals.csv").write_text("\n".join(lines), "utf-8")
    metrics = [RATE, "lost_deals_count", "won_amount"]
    found = made(tmp_path, {"trend": {"metrics": metrics, "grain": "month"}})
    section = found.sections[0]
    assert section.few == (frozenset({RATE}), frozenset(), frozenset())
    assert section.few_in_all == frozenset()
    view = table_view(section, formats_for(found), None)
    assert view is not None
    rates = [at for at, heading in enumerate(view.headings) if heading.label in ("Close rate", "Δ pp")]
    july, august, _ = view.rows
    assert [july[at].text for at in rates] == ["50.0%", "–"]
    assert [august[at].text for at in rates] == ["50.0%", "0.0\xa0pp"]
    assert "aside" in july[rates[0]].css
    assert "aside" not in august[rates[0]].css
    others = [at for at in range(1, len(july)) if at not in rates]
    assert [july[at].text for at in others] == ["4", "−2", "€412.00", "−€218.00"]
    assert view.total is not None
    assert view.total[rates[1]].text == "0.0\xa0pp"


RELATED = """
version: 1
metrics:
  - metric: cycle_against_all
    kind: relative
    label: Cycle against all
    description: How much longer a sale takes than all do.
    of: sales_cycle_days
    to: total
    as: difference
    unit: percent
    direction: down
    category: sales
    perspective: business_performance
  - metric: cycle_in_weeks
    kind: derived
    label: Cycle in weeks
    description: How many weeks a sale takes.
    formula: sales_cycle_days / 7
    unit: ratio
    direction: down
    category: sales
    perspective: business_performance
"""


def test_what_is_made_of_a_mean_of_few_rests_on_few(tmp_path: Path) -> None:
    """Nine won deals in all: a mean of them, a multiple of it and a comparison with it are alike of few; of ten none
    is. A number of deals per period is made of no mean."""
    names = [MEAN, "cycle_against_all", "cycle_in_weeks", "won_deals_count"]
    for won, few in ((9, set(names[:3])), (10, set())):
        folder = tmp_path / str(won)
        folder.mkdir()
        project(folder, won * 2, 0)
        (folder / "metrics").mkdir()
        (folder / "metrics" / "own.yaml").write_text(RELATED, "utf-8")
        section = made(folder, {"id": "s", "breakdown": {"metrics": names, "by": ["deal.source"]}}).sections[-1]
        assert [set(of_row) for of_row in section.few] == ([few, few] if few else [])
        found = made(folder, {"kpis": [MEAN, "cycle_in_weeks"], "where": "deal.source = 'a'"})
        told = [note for note in found.footnotes if "fewer than" in note]  # once, by the mean that all are made of
        assert told == (["Sales cycle: fewer than 10 cases; read it with care."] if few else [])
        tiles = found.sections[-1].kpis
        assert {kpi.column.direction for kpi in tiles} == ({"neutral"} if few else {"down"})
