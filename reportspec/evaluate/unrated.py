"""Amounts that figures leave out since no exchange rate holds on their day, though there is one of another
day. The survey sees only currencies without any; which day's rate is asked for, the figure alone says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from reportspec.contract.survey import Surveyed
from reportspec.expression.sandbox import path_of
from reportspec.measures.answers import Answers
from reportspec.model.column_ids import BUCKET, ColumnId
from reportspec.model.domain import Field
from reportspec.model.findings import CURRENCIES, Check, Finding
from reportspec.model.query import AggregateQuery, Measure
from reportspec.model.rows import Table
from reportspec.model.spec import Report
from reportspec.resolve.binding import Binding
from reportspec.resolve.currencies import money_currencies
from reportspec.sql.column_names import read


def unrated(report: Report, given: Iterable[Answers], surveyed: Surveyed) -> list[Finding]:
    """What figures leave out beyond what the survey found, of each currency's field the metric that
    leaves out most; with `for_each` the answers of all values are `given`."""
    counts: dict[tuple[str, str, ColumnId], int] = {}  # by the section with its purpose, and the column
    measures: dict[tuple[str, str, ColumnId], Measure] = {}
    for answers in given:
        for (section, purpose), (query, table) in answers.given.items():
            if purpose == "buckets" or not isinstance(query, AggregateQuery):
                continue  # a sparkline goes further back than what is told at its figure
            for measure, column, count in _left_out(query, table):
                key = (section, purpose, column)
                counts[key], measures[key] = counts.get(key, 0) + count, measure
    most: dict[str, Finding] = {}
    for key, count in sorted(counts.items(), key=lambda item: -item[1]):
        finding = _finding(report.binding, measures[key], count, surveyed)
        if finding is not None:
            most.setdefault(finding.check.of, finding)
    return list(most.values())


def _left_out(query: AggregateQuery, table: Table) -> Iterator[tuple[Measure, ColumnId, int]]:
    """How many rows each amount leaves out on each side. What is counted at several instants is one row."""
    rows = read(query, table)
    for measure in query.measures:
        if measure.keep != "other_currency":
            continue
        for side in query.sides:
            column = measure.on(side)
            sums: dict[object, int] = {}
            for row in rows:
                at = row.get(BUCKET) if measure.anchor is None else None
                sums[at] = sums.get(at, 0) + int(row.get(column) or 0)
            yield measure, column, max(sums.values(), default=0)


def _finding(binding: Binding, measure: Measure, count: int, surveyed: Surveyed) -> Finding | None:
    field = _currency(binding, measure)
    reported = [
        finding
        for finding in surveyed.findings
        if finding.check.kind in CURRENCIES and finding.check.entity == field.entity
    ]
    left = count - sum(finding.count for finding in reported)
    if left <= 0:
        return None
    rows = next((int(row["rows"] or 0) for row in surveyed.rows if row["entity"] == field.entity), 0)
    return Finding(Check("no-rate", field.entity, field, metric=measure.metric), left, rows)


def _currency(binding: Binding, measure: Measure) -> Field:
    """The field of a measure's currency, as the source has it: what is made from others hands it on."""
    assert measure.of is not None
    field = binding.resolve(measure.entity, money_currencies(binding, measure.entity, measure.of)[0]).field
    while (derived := binding.entity(field.entity).derived) is not None:
        tree = derived.fields.get(field.name)
        if not isinstance(tree, (exp.Column, exp.Dot)):
            break
        path = path_of(tree)
        matched = derived.match.entity if derived.match is not None else ""
        field = binding.resolve(matched if path[0] == matched else derived.source, path).field
    return field
