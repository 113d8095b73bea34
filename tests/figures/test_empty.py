"""Nothing to count gives 0, nothing to divide by gives nothing, and no report falls over.

Slow: every metric is asked of a source without rows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml

from reportspec.catalogue.load import packaged
from reportspec.demo.columns import COLUMNS
from tests.conftest import Draw
from tests.figures.asking import figures, rows

METRICS = packaged().metrics
NAMES = sorted(
    name
    for metric in METRICS
    for name in (metric, *(f"{metric}.{variant}" for variant in METRICS.variants(metric)))
    if METRICS[name].kind not in ("share", "relative")
)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose source has all tables and no rows."""
    folder = tmp_path_factory.mktemp("bare")
    with duckdb.connect(str(folder / "bare.duckdb")) as database:
        for name, columns in COLUMNS.items():
            body = ", ".join(f'"{column}" {kind}' for column, kind in columns)
            database.execute(f'create table "{name}" ({body})')
    entities = {
        name: {"table": name, "fields": {column: f'"{column}"' for column, _ in columns}}
        for name, columns in COLUMNS.items()
    }
    (folder / "map.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    text = "version: 1\nsource: bare.duckdb\nmapping: map.yaml\ntimezone: Europe/Rome\ncurrency: EUR\n"
    (folder / "reportspec.yaml").write_text(text, encoding="utf-8")
    return folder


# What the calendar and the demo's tables of costs and targets know without any customer.
KNOWN_ANYWAY = ("business_days_count", "service_cost", "sales_marketing_cost", "forecast_gap")


@pytest.mark.parametrize("source", ["demo", "bare"])
def test_nothing_is_nought_or_nothing(source: str, request: pytest.FixtureRequest, draw: Draw) -> None:
    """By day of the demo every other one: that tables have rows of other years is what periods are tested with."""
    folder = request.getfixturevalue(source)
    names = NAMES[:: draw.rounds(2, 1) if source == "demo" else 1]
    spec = {"report": "custom", "period": "2019", "compare": "previous_period", "metrics": names}
    [row] = rows(figures(folder, spec), "headline")
    for name in names:
        metric = METRICS[name]
        if name.startswith(KNOWN_ANYWAY):
            continue
        for before, value in enumerate((row[name], row[f"{name}__previous"])):
            counts = metric.kind == "aggregate" and metric.aggregate in (
                "count",
                "count_distinct",
                "sum",
            )
            if counts:  # nothing is compared with a period that lies before all data
                assert value == 0 or (before and value is None), name
            elif metric.kind in ("aggregate", "ratio"):
                assert value is None, name
            else:
                assert value in (None, 0), name


@pytest.mark.parametrize("source", ["demo", "bare"])
@pytest.mark.parametrize("report", sorted(packaged().reports))
def test_reports_of_nothing_are_whole(report: str, source: str, request: pytest.FixtureRequest, draw: Draw) -> None:
    """By day compared where there are no rows at all, which has all statements of a report that is not."""
    folder = request.getfixturevalue(source)
    for compare in ("none", "previous_year") if draw.night else ({"demo": "none", "bare": "previous_year"}[source],):
        found = figures(folder, {"report": report, "period": "2019-Q2", "compare": compare})
        assert found.sections
