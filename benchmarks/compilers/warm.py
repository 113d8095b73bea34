"""Compile many queries in one process and print how long each took, as JSON.

    python warm.py TOOL FOLDER

TOOL is `reportspec`, `reportspec-with-check`, `metricflow`, `sidemantic` or `orionbelt`; FOLDER has its model. Runs
under
that tool's own interpreter and calls what the tool offers to programs. A query is some of four
metrics by month, by segment, or by both; each is compiled twice: the first time after a warm-up
with another query, the second time as a server does that is asked the same again.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

METRICS = ("won_amount", "won_count", "closed_count", "close_rate")
GROUPINGS = (("month",), ("segment",), ("month", "segment"))
Compile = Callable[[], object]
Prepare = Callable[[tuple[str, ...], tuple[str, ...]], Compile]


def main() -> None:
    """Load, compile, print."""
    tool, folder = sys.argv[1], Path(sys.argv[2])
    logging.disable(logging.CRITICAL)
    started = time.perf_counter()
    prepare = TOOLS[tool](folder)
    loaded = time.perf_counter() - started
    queries = [
        (metrics, by)
        for size in range(1, len(METRICS) + 1)
        for metrics in combinations(METRICS, size)
        for by in GROUPINGS
    ]
    started = time.perf_counter()
    prepare(*queries[-1])()
    first = time.perf_counter() - started
    seconds: dict[str, list[float]] = {"distinct": [], "again": []}
    for turn in seconds:
        # Reading a spec beforehand is not part of it, and would push the compiler out of the caches.
        prepared = [prepare(*query) for query in queries[:-1]]
        for compiled in prepared:
            started = time.perf_counter()
            assert compiled()
            seconds[turn].append(time.perf_counter() - started)
    print(json.dumps({"load": loaded, "first": first, **seconds}))


def reportspec(folder: Path) -> Prepare:
    """From a report that was read and checked: what a server does that keeps it."""
    read, compiled = _reportspec(folder)

    def prepare(metrics: tuple[str, ...], by: tuple[str, ...]) -> Compile:
        report = read(metrics, by)
        return lambda: compiled(report)

    return prepare


def reportspec_with_check(folder: Path) -> Prepare:
    """From YAML: the project and the spec are read and checked each time, too."""
    read, compiled = _reportspec(folder)
    return lambda metrics, by: lambda: compiled(read(metrics, by))


def _reportspec(folder: Path) -> tuple[Callable[..., Any], Callable[[Any], object]]:
    from datetime import UTC, datetime

    from reportspec.compile import compile_report
    from reportspec.databases import dialect_named
    from reportspec.sql.dialect import sql_text
    from tests.loading import load_report

    names = {"won_count": "won_deals_count", "closed_count": "closed_deals_count"}
    spec = folder / "specs" / "warm.yaml"
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def read(metrics: tuple[str, ...], by: tuple[str, ...]) -> Any:
        listed = ", ".join(names.get(name, name) for name in metrics)
        if "month" in by:
            split = ", by: account.segment" if "segment" in by else ""
            section = f"trend: {{metrics: [{listed}], grain: month{split}}}"
        else:
            section = f"breakdown: {{metrics: [{listed}], by: [account.segment]}}"
        spec.write_text(
            f"version: 1\nreport: custom\ntitle: Warm\nperiod: 2025\nsections:\n  - {section}\n",
            encoding="utf-8",
        )
        report = load_report(spec, now, os.environ).report
        assert report is not None
        return report

    return read, lambda report: [sql_text(item.tree, dialect_named("duckdb")) for item in compile_report(report)]


def metricflow(folder: Path) -> Prepare:
    """MetricFlow's engine over the dbt project, by its `explain`."""
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    os.chdir(folder)
    configuration = CLIConfiguration()
    configuration.setup(configure_file_logging=False)
    engine = configuration.mf
    names = {"month": "metric_time__month", "segment": "account__segment"}

    def compiled(metrics: tuple[str, ...], by: tuple[str, ...]) -> object:
        request = MetricFlowQueryRequest.create(metric_names=metrics, group_by_names=[names[name] for name in by])
        return engine.explain(mf_request=request).sql_statement.sql

    return lambda metrics, by: lambda: compiled(metrics, by)


def sidemantic(folder: Path) -> Prepare:
    """sidemantic's layer over the model, by its `compile`."""
    from sidemantic import SemanticLayer

    layer = SemanticLayer.from_yaml(folder / "crm.yml")
    names = {"month": "deals.closed_at__month", "segment": "accounts.segment"}

    def compiled(metrics: tuple[str, ...], by: tuple[str, ...]) -> object:
        return layer.compile(
            metrics=[name if name == "close_rate" else f"deals.{name}" for name in metrics],
            dimensions=[names[name] for name in by],
        )

    return lambda metrics, by: lambda: compiled(metrics, by)


def orionbelt(folder: Path) -> Prepare:
    """OrionBelt's pipeline over the model, as its quick start shows it."""
    from orionbelt.compiler.pipeline import CompilationPipeline
    from orionbelt.models.query import QueryObject, QuerySelect
    from orionbelt.parser.loader import TrackedLoader
    from orionbelt.parser.resolver import ReferenceResolver

    raw, source_map = TrackedLoader().load(folder / "crm.obml.yml")
    model, result = ReferenceResolver().resolve(raw, source_map)
    assert result.valid, result.errors
    pipeline = CompilationPipeline()
    names = {"month": "Month", "segment": "Segment"}

    def compiled(metrics: tuple[str, ...], by: tuple[str, ...]) -> object:
        select = QuerySelect(dimensions=[names[name] for name in by], measures=list(metrics))
        return pipeline.compile(QueryObject(select=select), model, "duckdb").sql

    return lambda metrics, by: lambda: compiled(metrics, by)


TOOLS: dict[str, Callable[[Path], Prepare]] = {
    "reportspec": reportspec,
    "reportspec-with-check": reportspec_with_check,
    "metricflow": metricflow,
    "sidemantic": sidemantic,
    "orionbelt": orionbelt,
}

if __name__ == "__main__":
    main()
