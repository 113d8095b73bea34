"""What is wrong in a section is told of an own report type as it is told of a spec: the same code and
sentence, at the same place, in the type's own file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import yaml

from reportspec.diagnostics import Diagnostic
from tests.loading import load_report

HERE = Path(__file__).resolve().parent
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PROJECT = "version: 1\nsource: demo\ntimezone: Europe/Rome\nlocale: en_GB\ncurrency: EUR\n"
OF_TYPES = ("metrics", "group_by", "grain", "compare", "sections")
# Mistakes that no file of the folder has: each is a section.
SECTIONS = {
    "where_misspelt": "{kpis: [won_amount], where: deal.amonut > 5}",
    "where_of_records": "{records: {entity: deal, fields: [deal.name], where: deal.nmae = 'x'}}",
    "where_no_condition": "{kpis: [won_amount], where: deal.amount + 1}",
    "where_param": "{kpis: [won_amount], where: 'deal.amount > {{ params.low }}'}",
    "filter_field": "{kpis: [won_amount], filters: [{field: deal.amonut, gte: 5}]}",
    "filter_value": "{kpis: [won_amount], filters: [{field: deal.amount, gte: many}]}",
    "filter_any": "{kpis: [won_amount], filters: [{any: [{field: deal.amonut, gte: 5}]}]}",
    "by_misspelt": "{breakdown: {metrics: [won_amount], by: [user.nmae]}}",
    "by_bins": "{breakdown: {metrics: [won_amount], by: [{field: deal.amount, bins: [5, 1]}]}}",
    "by_of_many": "{breakdown: {metrics: [won_amount], by: [activity.type]}}",
    "sort_unknown": "{breakdown: {metrics: [won_amount], by: [user.name], sort: -won_amuont}}",
    "subtotals_of_one": "{breakdown: {metrics: [won_amount], by: [user.name], subtotals: true}}",
    "waterfall": "{breakdown: {metrics: [close_rate], by: [user.name], chart: waterfall}}",
    "funnel_step": "{funnel: {steps: [close_rate, won_amount]}}",
    "metric": "{kpis: [won_amuont]}",
    "option": "{kpis: [renewal_rate(grace_dasy=3)]}",
    "highlights": "{highlights: {metrics: [won_amuont]}}",
    "highlights_compare": "{highlights: {compare: [{metric: won_amuont, by: user.name}]}}",
    "highlights_by": "{highlights: {shares: [{metric: won_amount, by: user.nmae}]}}",
    "backtest": "{backtest: {metric: weighted_pipeline_amuont, against: won_amount}}",
    "backtest_units": "{backtest: {metric: won_amount, against: close_rate}}",
    "records_entity": "{records: {entity: deel, fields: [deal.name]}}",
    "records_field": "{records: {entity: deal, fields: [deal.nmae]}}",
    "records_sort": "{records: {entity: deal, fields: [deal.name], sort: deal.nmae}}",
    "chart_of_tiles": "{kpis: [won_amount], vega_lite: {mark: bar}}",
    "own_chart": "{trend: {metrics: [won_amount]}, vega_lite: {mark: bar, data: {url: x}}}",
}


@cache
def bodies() -> Mapping[str, str]:
    """What specs and report types share, by name: from the bad specs, and from above."""
    found = {name: f"sections:\n  - id: one\n    text: before\n  - {text}\n" for name, text in SECTIONS.items()}
    for path in sorted(HERE.glob("*.yaml")):
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, ValueError):
            continue
        shared = {key: data[key] for key in OF_TYPES if key in data} if isinstance(data, dict) else {}
        if "params" in shared or "{{" in str(shared) or not set(shared) & {"sections", "metrics"}:
            continue
        found[path.stem] = yaml.safe_dump(shared, sort_keys=False)
    return found


def found_in(folder: Path, name: str, file: str) -> set[tuple[object, ...]]:
    """The mistakes that lie in a file, without its name."""
    checked = load_report(folder / name, NOW, {})
    return {_bare(d) for d in checked.diagnostics if d.span is not None and Path(d.span.file).name == file}


def _bare(told: Diagnostic) -> tuple[object, ...]:
    assert told.span is not None
    return (
        told.code,
        told.message,
        told.help,
        told.span.line,
        told.span.column,
        told.span.end_column,
    )


@pytest.mark.parametrize("name", bodies())
def test_the_same_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    body = bodies()[name]
    (tmp_path / "report_types").mkdir()
    (tmp_path / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "spec.yaml").write_text(f"version: 1\nreport: custom\n{body}", encoding="utf-8")
    expected = found_in(tmp_path, "spec.yaml", "spec.yaml")
    expected = {one for one in expected if one[0] not in ("bad-period", "unmapped-field")}
    (tmp_path / "spec.yaml").write_text("version: 1\nreport: own\n", encoding="utf-8")
    (tmp_path / "report_types" / "own.yaml").write_text(
        f"report_type: own\nlabel: {{en: Own}}\n{body}", encoding="utf-8"
    )
    told = found_in(tmp_path, "spec.yaml", "own.yaml")
    if name in SECTIONS:
        assert expected, "this is no mistake"
    assert told == expected


HEADLINE = """
report_type: own
metrics: [won_amount, won_deals_count]
group_by: [user.team]
sections:
  - {id: headline, title: {en: First things}, note: {en: Of all teams.}, kpis: [lost_deals_count], where: deal.amount > 0}
  - {id: rest, kpis: [close_rate]}
"""


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("", ["First things", "lost_deals_count"]),
        ("metrics: [close_rate]\n", ["At a glance", "close_rate"]),
        ("sections: [{id: headline, title: Mine, kpis: [won_amount]}]\n", ["Mine", "won_amount"]),
        (
            "metrics: [close_rate]\nsections: [{id: headline, title: Mine, kpis: [won_amount]}]\n",
            ["Mine", "won_amount"],
        ),
    ],
)
def test_a_headline_that_is_written_is_shown(spec: str, shown: list[str], tmp_path: Path) -> None:
    """The type's `metrics` are what `group_by` breaks down then; only the spec's own replace it."""
    (tmp_path / "report_types").mkdir()
    (tmp_path / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "report_types" / "own.yaml").write_text(HEADLINE, encoding="utf-8")
    (tmp_path / "spec.yaml").write_text(f"version: 1\nreport: own\n{spec}", encoding="utf-8")
    checked = load_report(tmp_path / "spec.yaml", NOW, {})
    assert checked.report is not None, checked.diagnostics
    first, second, third = checked.report.sections
    assert [first.title, *(metric.id for metric in first.metrics)] == shown
    assert (second.id, third.id) == ("by_group", "rest")
    assert (first.note, len(first.conditions)) == (("Of all teams.", 1) if spec == "" else ("", 0))


def test_figures_of_one_name_are_told_of(tmp_path: Path) -> None:
    """Two options of a metric beside each other have the same name in the report."""
    (tmp_path / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    section = "kpis: [renewal_rate(grace_days=0), renewal_rate(grace_days=45), close_rate]"
    (tmp_path / "spec.yaml").write_text(f"version: 1\nsections:\n  - {section}\n", "utf-8")
    told = [d for d in load_report(tmp_path / "spec.yaml", NOW, {}).diagnostics if d.code == "same-label"]
    assert [(d.severity, d.span and (d.span.line, d.span.column)) for d in told] == [("warning", (3, 11))]
    assert "`renewal_rate(grace_days=0)` and `renewal_rate(grace_days=45)`" in told[0].message
