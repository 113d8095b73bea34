"""On every engine a record counts for the same reasons as on DuckDB, which is held against rows by hand elsewhere.

Slow: tests of an engine start it and fill it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.contract.survey import ask
from reportspec.measures.asked import measures_of
from reportspec.model.spec import Report
from reportspec.review.explained_row import explained_so, row_asked, settled_report
from reportspec.review.row_forms import as_json
from reportspec.sql.counted_rows import Counting, rows_statement, touched_rows_statement
from tests.conftest import Draw
from tests.engines.servers import Given
from tests.engines.test_same_figures import remembered, turn
from tests.figures.asking import NOW
from tests.loading import load_report

# Metrics of flows, stocks, distinct values, spans, and entities that are made from others, with the tables whose keys
# are asked for. The record that is asked about counts in each of the first four.
ASKED = {
    "won_amount": "deal",
    "close_rate": "deal",
    "sales_cycle_days": "deal",
    "stage_conversion_rate": "deal",
    "open_cases_count": "case_",
    "prospects_count": "lead",
    "open_amount": "deal",
    "customers_count": "account",
}


def told(folder: Path, keys: dict[str, list[str]], metrics: list[str]) -> Any:
    """Why some records of each metric count."""
    path = folder / "rows.yaml"
    spec = {"version": 1, "report": "custom", "period": "2026-Q3", "sections": [{"id": "a", "kpis": metrics}]}
    path.write_text(json.dumps(spec), encoding="utf-8")
    report = load_report(path, NOW, {}).report
    assert report is not None
    found = []
    settled = settled_report(report, metrics[0])
    for metric in metrics:
        known = settled.binding.catalogue.metrics[metric]
        found += [explained_so(settled, known, row_asked(key, settled.binding), (), ()) for key in keys[ASKED[metric]]]
    told_rows = json.loads(as_json(found, personal=True))
    return {
        "rows": told_rows,
        "touched": [touched(settled, name) for name in ("won_amount", "prospects_count")],
        "counted": counted(settled),
    }


def counted(report: Report) -> list[list[Any]]:
    """The first rows that count in an amount, with what they add."""
    metric = report.binding.catalogue.metrics["won_amount"]
    counting = Counting(measures_of(report.binding, metric), report.sides[0], report.conditions)
    tree = rows_statement(report.binding, counting, [("deal", "deal_id")], counted=True, most=9)
    return [[row["f0"], float(row["m0"] or 0)] for row in ask(report, [tree])[0].dicts()]


def touched(report: Report, name: str) -> list[list[Any]]:
    """The rows of a metric's entity that were created in the period, deleted and merged ones too."""
    metric = report.binding.catalogue.metrics[name]
    key = (metric.entity, report.binding.entity(metric.entity).key or "")
    counting = Counting(measures_of(report.binding, metric), report.sides[0], ())
    since = datetime(2026, 7, 1, tzinfo=UTC)
    tree = touched_rows_statement(report.binding, counting, [key], [(metric.entity, "created_at")], since, 10_000)
    rows = {row["f0"]: [row[name] for name in row if name[0] in "cpmv"] for row in ask(report, [tree])[0].dicts()}
    return [[key, *(text if isinstance(text, str) else float(text or 0) for text in rows[key])] for key in sorted(rows)]


def rounded(told: Any) -> Any:
    """What is told, its numbers to nine digits: means of times differ beyond."""
    if isinstance(told, dict):
        return {name: rounded(value) for name, value in told.items()}
    if isinstance(told, list):
        return [rounded(value) for value in told]
    return float(f"{told:.9g}") if isinstance(told, float) else told


@pytest.mark.by_day(engine_name=("sqlite", "postgres", "mariadb", "clickhouse"))
def test_records_count_for_the_same_reasons(
    engine_name: str, project: Path, reference: Path, demo_rows: list[Given], draw: Draw
) -> None:
    """By day each metric on one engine, which has all that are asked of it in one report, and by night on each."""
    metrics = [*ASKED] if draw.night else [*ASKED][turn(engine_name) :: 4]
    tables = {
        table.name: [dict(zip((c for c, _ in table.columns), r, strict=True)) for r in table.rows]
        for table in demo_rows
    }
    won = next(one for one in tables["deal"] if one["status"] == "won" and str(one["closed_at"])[:7] == "2026-08")
    keys = {"deal": [won["deal_id"]], "account": [won["account_id"]]}
    keys |= {name: [tables[name][0][f"{name.rstrip('_')}_id"]] for name in ("lead", "case_")}
    for known in keys.values():
        known.append("nobody")
    asked = {"explained": [*map(str, sorted(keys.items()))], "of": metrics}
    wanted = remembered(reference, asked, lambda: told(reference, keys, metrics))
    assert any(one["counts"] for one in wanted["rows"])
    found = rounded(told(project, keys, metrics))
    assert found["rows"] == rounded(wanted["rows"])
    assert found["counted"] == rounded(wanted["counted"])
    assert len(found["counted"]) == 9
    assert found["touched"] == rounded(wanted["touched"])
