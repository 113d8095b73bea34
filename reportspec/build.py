"""From a spec to a PDF: every stage, in order. The file to read first."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlglot import exp

from reportspec.check.model import Report
from reportspec.check.report import Checked, check_file
from reportspec.evaluate.evaluate import evaluate, newest
from reportspec.figures import Figures, Statement
from reportspec.plan.plan import plan
from reportspec.plan.queries import AggregateQuery, Query
from reportspec.sql.aggregate import aggregate_statement
from reportspec.sql.dialect import source_tables, sql_hash
from reportspec.sql.freshness import entities_read, freshness_statement
from reportspec.sql.records import records_statement


@dataclass(slots=True)
class Timings:
    """How long each stage took, in seconds."""

    stages: dict[str, float] = field(default_factory=dict)

    def measure(self, stage: str, since: float) -> None:
        """Add the time since a moment to a stage."""
        self.stages[stage] = self.stages.get(stage, 0.0) + time.perf_counter() - since


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query and its statement."""

    query: Query
    purpose: str
    tree: exp.Expr


def load_report(
    path: Path, now: datetime, environment: Mapping[str, str], *,
    settings: Mapping[str, str] | None = None, period: str | None = None, name: str | None = None,
) -> Checked:  # fmt: skip
    """Read and check a spec with its project and mapping."""
    return check_file(path, now, environment, settings=settings or {}, period=period, name=name)


def compile_report(report: Report) -> tuple[Compiled, ...]:
    """The statements of a report, in the order of its sections."""
    return tuple(
        Compiled(q, q.purpose, aggregate_statement(report.binding, q))
        if isinstance(q, AggregateQuery)
        else Compiled(q, "figures", records_statement(report.binding, q))
        for q in plan(report)
    )


def run_report(report: Report, compiled: tuple[Compiled, ...], timings: Timings) -> Figures:
    """Ask the source and compute the figures. Raises SourceError."""
    from reportspec.run.connection import Wanted
    from reportspec.run.execute import run_statements

    binding, project = report.binding, report.project
    entities = tuple(
        dict.fromkeys(name for c in compiled for name in entities_read(c.tree, binding))
    )
    trees = [c.tree for c in compiled]
    if entities:
        trees.append(freshness_statement(binding, entities, report.now))
    wanted = Wanted(
        frozenset(name for tree in trees for name in source_tables(tree)),
        binding.source.csv_columns == "text",
        str(binding.source_zone),
        project.timeout,
    )
    since = time.perf_counter()
    found = run_statements(project.source, wanted, trees, project.parallel)
    timings.measure("query", since)
    since = time.perf_counter()
    results, statements = {}, []
    for item, result in zip(compiled, found, strict=False):
        section, rows = item.query.section, len(result.table.rows)
        results[section, item.purpose] = result.table
        statements.append(
            Statement(section, result.sql, sql_hash(result.sql), rows, result.seconds)
        )
    counts: tuple[tuple[str, int], ...] = ()
    data_as_of = None
    if entities:
        rows_of = found[-1].table.rows
        labels = {n: binding.entity(n).plural for n in entities}
        counts = tuple(
            (labels[n].get(report.language) or labels[n]["en"], count)
            for n, count, _ in sorted(rows_of, key=lambda row: str(row[0]))
        )
        data_as_of = newest([row[2] for row in rows_of], report)
    figures = evaluate(report, results, tuple(statements), counts, data_as_of)
    timings.measure("evaluate", since)
    return figures
