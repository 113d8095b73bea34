"""What the change of a figure consists of, row by row: rows that count on one side alone, and rows that add something
else. The parts add up to the change."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import fsum, isclose
from typing import Any

from sqlglot import exp

from reportspec.compile import statement_of
from reportspec.contract.survey import ask
from reportspec.languages import as_part
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.arithmetic import metric_value, number
from reportspec.measures.asked import measures_of_rows
from reportspec.measures.metric_columns import all_lengths
from reportspec.model.column_ids import Aggregated, ColumnId
from reportspec.model.domain import Metric
from reportspec.model.query import AggregateQuery
from reportspec.model.spec import Report
from reportspec.reference.explanation import english
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed
from reportspec.review.explained_row import RowAsked, found_by
from reportspec.sql.column_names import read
from reportspec.sql.counted_rows import Counting, rows_statement

MOST_ROWS = 200_000  # of a side that are compared
MOST_SHOWN = 5
Number = float | int | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row (or all rows of one key) and what it adds more than before."""

    key: str
    then: float | None
    now: float | None

    @property
    def change(self) -> float:
        """What it adds more than it did."""
        return (self.now or 0.0) - (self.then or 0.0)

    @property
    def counts(self) -> bool:
        """Whether it is on one side alone, or adds something else."""
        return (self.now is None) is not (self.then is None) or not isclose(self.change, 0.0, abs_tol=1e-9)


@dataclass(frozen=True, slots=True)
class PartChange:
    """What an aggregate adds up (of a mean the sum of its values) on both sides: how many rows count on the second
    alone (`new`), on the first alone (`gone`), or on both with another value (`other`), what each of these makes of
    its change, and the rows that make the most of it. `named` is what one of them and several are called: deals, of
    which several rows of a history may count. `unknown` says why this is not told."""

    metric: str
    entity: str
    then: Number
    now: Number
    new: tuple[int, float] = (0, 0.0)
    gone: tuple[int, float] = (0, 0.0)
    other: tuple[int, float] = (0, 0.0)
    rows: tuple[RowChange, ...] = ()
    named: tuple[str, str] = ("row", "rows")
    unit: str = ""
    currency: str | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Decomposed:
    """A figure's change and what it consists of. Of what is divided `by_part` has what each of its two parts makes of
    the change, the other held at the mean of both sides; they add up to it."""

    then: Number
    now: Number
    parts: tuple[PartChange, ...]
    by_part: tuple[tuple[str, float], ...] = ()


Side = tuple[Report, Metric, tuple[exp.Expr, ...]]  # a settled report, its metric, what its rows fulfil besides


def decomposed(first: Side, second: Side) -> Decomposed:
    """What the change of a metric from one side to another consists of. Raises SourceError and Unresolved."""
    needed = [
        {part.id: part for part in metrics_needed(side[0].binding.catalogue, side[1])} for side in (first, second)
    ]
    parts: list[PartChange] = []
    totals: list[dict[ColumnId, Any]] = [{}, {}]
    for name in dict.fromkeys((*needed[0], *needed[1])):
        found = []
        for at, side in enumerate((first, second)):
            part = needed[at].get(name)
            total, rows, why = _added(side, part) if part is not None else ({}, {}, "")
            totals[at] |= total
            found.append((part, total, rows, why))
        parts.append(_part(name, found, first, second))
    then, now = (_value(side, total) for side, total in zip((first, second), totals, strict=True))
    return Decomposed(then, now, tuple(parts), _by_part(first, second, totals, then, now))


def _value(side: Side, total: Mapping[ColumnId, Any], metric: Metric | None = None) -> Number:
    row = {**all_lengths(side[0]), **total}
    return number(metric_value(side[0].binding.catalogue, metric or side[1], row, "current", row))


def _added(side: Side, part: Metric) -> tuple[Mapping[ColumnId, Any], Mapping[str, float], str]:
    """What an aggregate comes to, what each row adds, by its key, and why that is not told."""
    report, _, own = side
    binding = report.binding
    counting = Counting(measures_of_rows(binding, part), report.sides[0], (*report.conditions, *own))
    query = AggregateQuery("rows", "figures", (), counting.measures, (counting.side,), counting.conditions)
    trees = [statement_of(report, query)]
    first = counting.measures[0]
    why = "" if first.aggregate in ("count", "sum") else "it is no sum of what rows add"
    if not why:
        try:
            key = found_by(binding, counting.entity, RowAsked(""))
            trees.append(rows_statement(binding, counting, [key], counted=True, most=MOST_ROWS + 1))
        except Unresolved:
            why = f"rows of `{counting.entity}` have no key"
    total, *rows = ask(report, trees)
    if rows and len(rows[0].rows) > MOST_ROWS:
        why, rows = f"more than {MOST_ROWS:,} rows count", []
    added: dict[str, float] = {}
    mean = part.aggregate == "average"  # which a row of 0 is in, though it adds nothing to the sum
    for row in rows[0].dicts() if rows else ():
        if row["m0"] or (mean and row["m0"] is not None):
            added[str(row["f0"])] = added.get(str(row["f0"]), 0.0) + float(row["m0"])
    return read(query, total)[0], added, why


def _part(name: str, found: list[Any], first: Side, second: Side) -> PartChange:
    (part_then, total_then, then, why_then), (part_now, total_now, now, why_now) = found
    known = part_now or part_then
    before = _of_rows(first, total_then, part_then) if part_then is not None else None
    after = _of_rows(second, total_now, part_now) if part_now is not None else None
    name = f"{name}, the sum of its values" if known.aggregate == "average" else name
    why = why_then or why_now
    if why:
        return PartChange(name, known.entity, before, after, unknown=why)
    if part_then is not None and part_now is not None and part_then.entity != part_now.entity:
        return PartChange(name, known.entity, before, after, unknown="it counts rows of another entity than before")
    changes = [RowChange(key, then.get(key), now.get(key)) for key in {**then, **now}]
    changes = [one for one in changes if one.counts]

    def kind(new: bool, old: bool, /) -> tuple[int, float]:
        some = [one.change for one in changes if (one.now is not None) is new and (one.then is not None) is old]
        return len(some), fsum(some)

    most = sorted(changes, key=lambda one: (-abs(one.change), one.key))[:MOST_SHOWN]
    binding = (second if part_now is not None else first)[0].binding
    return PartChange(
        name,
        known.entity,
        before,
        after,
        kind(True, False),
        kind(False, True),
        kind(True, True),
        tuple(most),
        _named(binding, known.entity),
        known.unit,
        binding.currency,
    )


def _named(binding: Binding, name: str) -> tuple[str, str]:
    """What rows are called that are told apart by the field which rows of an entity are found by: where that leads to
    another entity, by that one's name."""
    entity, (_, key) = binding.entity(name), found_by(binding, name, RowAsked(""))
    if key != entity.key:
        entity = next((binding.entity(one.to) for one in entity.relations.values() if one.by == key), entity)
    one, several = (as_part("en", english(texts)) for texts in (entity.label, entity.plural))
    return one, several


def _of_rows(side: Side, total: Mapping[ColumnId, Any], part: Metric) -> Number:
    """What rows add up to: the aggregate, or of a mean the sum of its values."""
    if part.aggregate == "average":
        return number(total.get(Aggregated(part.id, "sum"))) or 0
    return _value(side, total, part)


def _by_part(
    first: Side, second: Side, totals: list[dict[ColumnId, Any]], then: Number, now: Number
) -> tuple[tuple[str, float], ...]:
    """What numerator and denominator make of the change of a ratio or a mean, each at the mean of the other's sides."""
    if then is None or now is None:
        return ()
    pairs = [_divided(side, total) for side, total in zip((first, second), totals, strict=True)]
    if pairs[0] is None or pairs[1] is None:
        return ()
    (names, n0, d0), (_, n1, d1) = pairs[0], pairs[1]
    if not d0 or not d1:
        return ()
    by_numerator = (n1 - n0) * (1 / d0 + 1 / d1) / 2
    return (names[0], by_numerator), (names[1], float(now) - float(then) - by_numerator)


def _divided(side: Side, total: Mapping[ColumnId, Any]) -> tuple[tuple[str, str], float, float] | None:
    """What a metric divides by what, with their names."""
    report, metric, _ = side
    known = report.binding.catalogue.metrics
    if metric.kind == "ratio":
        parts = (metric.numerator, metric.denominator)
        values = [_value(side, total, known[name]) for name in parts]
        if values[0] is None or values[1] is None:
            return None
        return parts, float(values[0]), float(values[1])
    if metric.aggregate == "average":
        summed, count = (total.get(Aggregated(metric.id, "sum")), total.get(Aggregated(metric.id, "n")))
        if isinstance(summed, (int, float, Decimal)) and count:
            return ("sum of values", "number of values"), float(summed), float(count)
    return None
