"""From a spec to a PDF: every stage, in order. The file to read first."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.binding import Binding
from reportspec.check.model import EACH, Report
from reportspec.check.report import Checked, check_file
from reportspec.each import (
    SHARED_FROM,
    Shared,
    Value,
    alike,
    check_apart,
    check_figures,
    check_filter,
    check_results,
    chosen,
    listing,
    nobody,
    parted,
    put,
    report_for,
    shared_statement,
    taken_for,
    values_of,
)
from reportspec.evaluate.evaluate import evaluate, newest
from reportspec.figures import Figures, Statement
from reportspec.plan.plan import plan
from reportspec.plan.queries import AggregateQuery, Query
from reportspec.sql.aggregate import aggregate_statement
from reportspec.sql.dialect import source_tables, sql_hash
from reportspec.sql.freshness import entities_read, freshness_statement
from reportspec.sql.parts import OWN, columns_read
from reportspec.sql.records import records_statement

if TYPE_CHECKING:
    from reportspec.run.connection import Table
    from reportspec.run.execute import Result


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
    trees = [one.tree for one in compiled]
    since = time.perf_counter()
    found = _asked(report, trees)
    timings.measure("query", since)
    since = time.perf_counter()
    figures = _evaluated(report, compiled, found, found[len(trees) :])
    timings.measure("evaluate", since)
    return figures


def run_each(
    report: Report, compiled: tuple[Compiled, ...], timings: Timings, only: Collection[str] = ()
) -> list[tuple[Value, Figures]]:
    """The figures for each value of `for_each` (or for those that are named), all of one state of
    the data. Every statement is checked to be cut to its value. Raises SourceError."""
    assert report.each is not None
    since = time.perf_counter()
    queries, trees = [one.query for one in compiled], [one.tree for one in compiled]
    check_filter(report, queries, trees, EACH)
    listed = _asked(report, [listing(report)])[0].table
    values = chosen(values_of(report, listed), only)
    names = [one.value for one in values]
    _check_alike(report, listed, names)
    shared = [
        shared_statement(report, query) if len(values) >= SHARED_FROM else None for query in queries
    ]
    found, fresh = _of_each(report, queries, trees, shared, names)
    timings.measure("query", since)
    since = time.perf_counter()
    made = []
    for one, own in zip(values, found, strict=True):
        each = (report.each.dimension.name, one.value)
        figures = _evaluated(report_for(report, one.value), compiled, own, fresh, each)
        check_figures(figures)
        made.append((one, figures))
    timings.measure("evaluate", since)
    return made


def _check_alike(report: Report, listed: Table, wanted: Collection[str]) -> None:
    """That the database tells values apart which look alike. Raises SourceError."""
    near = [one for one in alike(str(row[0]) for row in listed.rows) if one in wanted]
    asked = [taken_for(report, value) for value in near]
    for value, found in zip(near, _asked(report, asked) if asked else [], strict=False):
        check_apart(report, value, found.table)


def _of_each(
    report: Report, queries: list[Query], trees: list[exp.Expr], shared: list[Shared | None], values: list[str]
) -> tuple[list[list[Result]], list[Result]]:  # fmt: skip
    """For each value what its statements give, and how many rows of which age the source has."""
    apart = [at for at, one in enumerate(shared) if one is None]
    wanted: list[exp.Expr] = []
    for value in values:
        own = [put(trees[at], value) for at in apart]
        check_filter(report, [queries[at] for at in apart], own, value)
        wanted += own
    none = nobody(values)
    together = [(at, one) for at, one in enumerate(shared) if one is not None]
    of_nothing = [put(trees[at], none) for at, one in together if one.always]
    asked = [*wanted, *(one.tree for _, one in together), *of_nothing]
    found = _asked(report, asked, read=trees)
    check_results(asked, found)
    many = found[len(wanted) : len(wanted) + len(together)]
    of_none = iter(found[len(wanted) + len(together) : len(asked)])
    tables = [
        (at, result, *parted(one, result.table, next(of_none).table if one.always else None))
        for (at, one), result in zip(together, many, strict=True)
    ]
    made = []
    for number, value in enumerate(values):
        lone = found[number * len(apart) : (number + 1) * len(apart)]
        results = dict(zip(apart, lone, strict=True))
        for at, result, of, nothing in tables:
            results[at] = replace(result, table=of.get(value, nothing))
        made.append([results[at] for at in range(len(trees))])
    return made, found[len(asked) :]


def _entities(report: Report, trees: Iterable[exp.Expr]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(name for tree in trees for name in entities_read(tree, report.binding))
    )


def _asked(
    report: Report, trees: list[exp.Expr], read: list[exp.Expr] | None = None
) -> list[Result]:
    """What statements give, and behind it how many rows of which age the source has. `read` are
    statements that read the same tables, where there are many of a kind."""
    from reportspec.run.connection import Wanted
    from reportspec.run.execute import run_statements

    binding, project = report.binding, report.project
    entities = _entities(report, trees if read is None else read)
    asked = list(trees)
    if entities:
        asked.append(freshness_statement(binding, entities, report.now))
    wanted = Wanted(
        frozenset(name for tree in asked for name in source_tables(tree)),
        binding.source.csv_columns == "text",
        str(binding.source_zone),
        project.timeout,
        project.memory,
        project.disk,
        times=_times(binding, entities),
        reads=columns_read(binding.catalogue, binding.source, binding.extra_fields),
    )
    return run_statements(project.source, wanted, asked, project.parallel)


def _times(binding: Binding, entities: Iterable[str]) -> tuple[tuple[str, str, str], ...]:
    """The columns that the mapping reads as times: table, column, field. None where a day that is
    taken for its midnight changes no figure: all clocks are UTC's."""
    if str(binding.zone) == str(binding.source_zone) == "UTC":
        return ()
    return tuple(
        (".".join(name.name for name in part.table.parts), field.sql.name, f"{entity}.{name}")
        for entity in entities
        for part in binding.source.entities[entity].parts
        for name, field in part.fields.items()
        if (known := binding.field(entity, name)) is not None
        and known.type == "time" and field.type is None
        and isinstance(field.sql, exp.Column) and field.sql.table in ("", OWN)
    )  # fmt: skip


def _evaluated(
    report: Report, compiled: tuple[Compiled, ...], found: list[Result], fresh: list[Result],
    each: tuple[str, str] | None = None,
) -> Figures:  # fmt: skip
    results, statements = {}, []
    for item, result in zip(compiled, found, strict=False):
        section, rows = item.query.section, len(result.table.rows)
        results[section, item.purpose] = result.table
        statements.append(
            Statement(section, result.sql, sql_hash(result.sql), rows, result.seconds)
        )
    counts: tuple[tuple[str, int], ...] = ()
    data_as_of = None
    if fresh:
        rows_of = fresh[-1].table.rows
        labels = {str(row[0]): report.binding.entity(str(row[0])).plural for row in rows_of}
        # How many rows the company has is not one person's figure.
        counts = (
            ()
            if each
            else tuple(
                (labels[n].get(report.language) or labels[n]["en"], count)
                for n, count, _ in sorted(rows_of, key=lambda row: str(row[0]))
            )
        )
        data_as_of = newest([row[2] for row in rows_of], report)
    return evaluate(report, results, tuple(statements), counts, data_as_of, each)
