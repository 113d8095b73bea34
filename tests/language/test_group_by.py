"""`group_by` goes with every report type: what it adds has an id of its own, and shows what it can."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from reportspec.catalogue.load import packaged
from reportspec.model.figures import Chart
from tests.figures.asking import NOW, codes, figures
from tests.loading import load_report


def sections(folder: Path, spec: dict[str, Any]) -> list[str]:
    return [one.id for one in figures(folder, spec).sections]


# Of those that show metrics: an audit has none that could be grouped.
TYPES = sorted(name for name, one in packaged().reports.items() if "metrics" in one.preset)


@pytest.mark.parametrize("field", ["user.name", "account.region", "user.team"])
@pytest.mark.parametrize("report", TYPES)
def test_every_report_type(report: str, field: str, demo: Path) -> None:
    spec = {"report": report, "period": "2026-Q1", "group_by": [field]}
    if report == "custom":
        spec["metrics"] = ["won_amount"]
    assert codes(demo, spec) == []


def test_what_the_program_calls_a_section_yields_to_what_people_do(demo: Path) -> None:
    """The type has a section of that id, and so may the spec: neither is a mistake of who wrote none."""
    spec = {"report": "profitability", "period": "2026-Q1", "group_by": ["account.region"]}
    found = sections(demo, spec)
    assert found.count("by_group") == 1
    assert found[1] == "by_group_2"  # after the headline
    own = {"id": "by_group_2", "kpis": ["won_amount"]}
    assert sections(demo, {**spec, "sections": [own]})[1] == "by_group_3"
    two = [{"id": "kpis_2", "kpis": ["won_amount"]}, {"kpis": ["lost_amount"]}]
    named = sections(demo, {"report": "custom", "period": "2026-Q1", "sections": two})
    assert named == ["kpis_2", "kpis_2_2"]
    goals = {"won_amount": {"by": "user.name", "targets": {"Anna Lindqvist": 1}}}
    spec = {
        "report": "custom",
        "period": "2026-Q1",
        "goals": goals,
        "sections": [{"id": "goal_won_amount", "kpis": ["won_amount"]}],
    }
    assert sorted(sections(demo, spec)) == ["goal_won_amount", "goal_won_amount_2"]


def test_a_metric_that_two_sections_are_made_of_is_one_mistake(demo: Path) -> None:
    spec = {"report": "custom", "period": "2026-Q1", "metrics": ["wonn_amount"], "group_by": ["user.name"]}
    assert codes(demo, spec) == ["unknown-metric"]


def test_ids_that_people_wrote_twice_are_a_mistake(demo: Path) -> None:
    twice = [{"id": "a", "kpis": ["won_amount"]}, {"id": "a", "kpis": ["lost_amount"]}]
    assert codes(demo, {"report": "custom", "period": "2026-Q1", "sections": twice}) == ["duplicate-id"]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source with deals by owner, without amounts, which most metrics of `new_business` read."""
    folder = tmp_path_factory.mktemp("bare")
    rows = "id,made,closed,state,owner\n1,2026-01-05,2026-02-01,won,u\n"
    (folder / "d.csv").write_text(rows, encoding="utf-8")
    (folder / "u.csv").write_text("id,name\nu,Ada\n", encoding="utf-8")
    about = "version: 1\nsource: {files: {d: d.csv, u: u.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n"
    (folder / "reportspec.yaml").write_text(about, encoding="utf-8")
    mapping = """entities:
  deal: {table: d, key: id, fields: {created_at: made, closed_at: closed, status: state, owner_id: owner}}
  user: {table: u, key: id, fields: {name: name}}
"""
    (folder / "m.yaml").write_text(mapping, encoding="utf-8")
    return folder


def test_metrics_that_nobody_wrote_are_left_out_and_told(bare: Path) -> None:
    spec = {"report": "lost_deals", "period": "2026-Q1", "group_by": ["user.name"]}
    assert codes(bare, spec) == []
    [group] = [s for s in figures(bare, spec).sections if s.id == "by_group"]
    assert "lost_deals_count" in [column.name for column in group.columns]
    assert any("Lost amount" in note for note in group.notes)
    # Those that somebody wrote are a mistake.
    assert codes(bare, {**spec, "metrics": ["lost_amount"]})


def test_a_field_that_is_not_mapped_is_told_where_it_stands(bare: Path) -> None:
    spec = {
        "report": "lost_deals",
        "period": "2026-Q1",
        "group_by": ["user.team"],
        "metrics": ["lost_deals_count", "won_deals_count"],
    }
    path = bare / "unmapped.yaml"
    path.write_text(json.dumps({"version": 1, **spec}), encoding="utf-8")
    [told] = load_report(path, NOW, {}).diagnostics
    assert told.span is not None
    assert "`user.team`" in told.message
    start, end = told.span.column - 1, told.span.end_column - 1
    assert path.read_text()[start:end] == '"user.team"'


def test_where_none_can_be_shown_by_the_field_it_is_one_mistake(bare: Path) -> None:
    spec = {"report": "lost_deals", "period": "2026-Q1", "group_by": ["case_.priority"]}
    assert len(codes(bare, spec)) == 1


def test_what_is_needed_is_named_with_whose_it_is(bare: Path, tmp_path: Path) -> None:
    """Deals have an expected closing date here; what is put off is seen in the history's alone."""
    folder = Path(copytree(bare, tmp_path / "copy"))
    mapping = (
        (folder / "m.yaml")
        .read_text()
        .replace("owner_id: owner}", "owner_id: owner, expected_close_date: closed, amount: '10'}")
    )
    (folder / "m.yaml").write_text(mapping, encoding="utf-8")
    spec = {"report": "sales_forecast", "period": "2026-Q1", "locale": "en_GB"}
    notes = " ".join(note for one in figures(folder, spec).sections for note in one.notes)
    assert "Stage changes" in notes
    assert "needs: Expected close date)" not in notes


def test_rows_that_are_cut_are_no_stacks(demo: Path) -> None:
    """A stack without the parts that are cut would be read as the whole."""
    by = {"metrics": ["won_deals_count"], "by": ["user.team", "account.region"], "chart": "stacked"}

    def chart(**more: Any) -> Chart | None:
        spec = {"report": "custom", "period": "2026-Q1", "sections": [{"breakdown": {**by, **more}}]}
        return figures(demo, spec).sections[0].chart

    whole, cut, others = chart(), chart(top=2), chart(top=2, others=True)
    assert whole is not None
    assert (whole.kind, whole.color) == ("stacked", "account.region")
    assert cut is None  # the bars of the table are its chart
    assert others is None


def test_bars_over_time_have_the_other_field_as_parts(demo: Path) -> None:
    def kind(metric: str) -> str | None:
        by = [{"field": "deal.closed_at", "grain": "month"}, "user.team"]
        sections = [{"breakdown": {"metrics": [metric], "by": by}}]
        found = figures(demo, {"report": "custom", "period": "2026-Q1", "sections": sections}).sections[0].chart
        return found.kind if found else None

    assert kind("won_amount") == "stacked"
    assert kind("close_rate") == "bar"  # drawn as lines: what does not add up has no parts
