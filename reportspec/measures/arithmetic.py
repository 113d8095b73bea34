"""Metrics from the aggregates that were fetched. The one place where ratios are divided."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from typing import Any

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.lazy_dataclass import dataclass
from reportspec.model.column_ids import Aggregated, ColumnId, Part, PeriodDays, Row, SideName, Stopped, Target, Untold
from reportspec.model.domain import Catalogue, Metric
from reportspec.resolve.anchors import over_a_period
from reportspec.resolve.binding import PERIOD_LENGTHS, parts

Number = int | float | None
# What a formula may be made of.
_NODES = (
    *(exp.Paren, exp.Literal, exp.Column, exp.Dot, exp.Identifier, exp.Neg, exp.Anonymous, exp.Sqrt, exp.Greatest),
    *(exp.Least, exp.Coalesce, exp.Add, exp.Sub, exp.Mul, exp.Div),
)
_OF_MEANS: tuple[Part, ...] = ("sum", "n")
UNKNOWN: tuple[Part, ...] = ("unknown", "unplanned")
OF_THE_PAST: tuple[Part, ...] = (*UNKNOWN, "unseen")  # all that is counted of rows whose past is not known
_LEFT_OUT: tuple[Part, ...] = ("missing", "other_currency", "incomplete")


def number(value: Any) -> Number:
    """A database's number as a plain one; floats keep 15 significant digits, so that the order in
    which an engine adds does not show."""
    if value is None or isinstance(value, (int, bool)):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else float(value)
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        return None
    return float(f"{number:.15g}")


def metric_value(
    catalogue: Catalogue, metric: Metric, row: Row, side: SideName = "current", total: Row | None = None
) -> Number:
    """A metric in one row of aggregates. `total` is the row over all rows, for shares and comparisons with the
    others. Nothing to divide by gives None."""
    return _value(catalogue, metric, row, side, total, _Known())


@dataclass(slots=True)
class _Known:
    """What was computed on the way to one figure: metrics are made of one another, and the same one may
    be a part of several. Rows are known by who they are, and kept, so that they stay it."""

    values: dict[tuple[str, int], Number] = field(default_factory=dict)
    left_out: dict[tuple[str, int], bool] = field(default_factory=dict)
    others: dict[int, tuple[Row, Row]] = field(default_factory=dict)

    def without(self, total: Row, row: Row) -> Row:
        if id(row) not in self.others:
            self.others[id(row)] = (row, without(total, row))
        return self.others[id(row)][1]


def _value(catalogue: Catalogue, metric: Metric, row: Row, side: SideName, total: Row | None, known: _Known) -> Number:
    def of(name: str, in_row: Row = row) -> Number:
        if name in PERIOD_LENGTHS:
            return number(in_row.get(PeriodDays(side)))
        key = (name, id(in_row))
        if key not in known.values:
            part = catalogue.metrics[name]
            if part.kind == "derived":  # what it is made of first: formulas nest deep by themselves
                for metric_part in parts(part):
                    of(metric_part, in_row)
            known.values[key] = _value(catalogue, part, in_row, side, total, known)
        return known.values[key]

    def left_out(name: str) -> bool:
        """Whether a metric has no figure for this alone, that all rows which it adds up lack their amounts."""
        key = (name, id(row))
        if key not in known.left_out:
            known.left_out[key] = False
            part = catalogue.metrics.get(name)
            if part is not None and unbooked(part, row, side):
                known.left_out[key] = True
            elif part is not None and part.kind == "aggregate":
                unknown = any(row.get(Aggregated(name, one, side)) for one in UNKNOWN)
                # Amounts that are there, and lack what they are multiplied by, are not nothing.
                incomplete = row.get(Aggregated(name, "incomplete", side))
                without = part.aggregate == "sum" and not unknown and not incomplete
                known.left_out[key] = without and _all_left_out(part, row, side)
            elif part is not None and part.formula is not None and not part.formula.find(exp.Div, exp.Anonymous):
                known.left_out[key] = all(map(left_out, parts(part)))
        return known.left_out[key]

    def booked(name: str) -> Number:
        """A metric as others are made of it."""
        part = catalogue.metrics.get(name)
        return None if part is not None and unbooked(part, row, side) else of(name)

    match metric.kind:
        case "aggregate":
            return _aggregate(metric, row, side)
        case "ratio":
            return divided(booked(metric.numerator), booked(metric.denominator))
        case "derived":
            assert metric.formula is not None
            goals = (lambda name: number(row.get(Target(name)))) if side == "current" else lambda name: None
            return _formula(metric.formula, _Given(booked, goals, left_out))
        case "share":
            return divided(of(metric.base), of(metric.base, total)) if total is not None else None
        case _:
            if total is None:
                return None
            base = of(metric.base)
            other = of(metric.base, total) if metric.to == "total" else of(metric.base, known.without(total, row))
            if metric.form == "difference":
                ratio = divided(base, other)
                return None if ratio is None else number(ratio - 1)
            return divided(base, other) if metric.form == "multiple" else divided(other, base)


_FEW_UNSEEN = 0.1  # the part of what is counted, of which a filter may not know what it was


def much_unseen(metric: Metric, row: Row, side: SideName) -> bool:
    """Whether a history lacks what a filter asks for of more than a tenth as many rows as are counted."""
    unseen = row.get(Aggregated(metric.id, "unseen", side)) or 0
    counted = number(row.get(Aggregated(metric.id, "n" if metric.aggregate != "count" else "value", side))) or 0
    return bool(unseen) and unseen > _FEW_UNSEEN * counted


def _aggregate(metric: Metric, row: Row, side: SideName) -> Number:
    if any(row.get(Aggregated(metric.id, part, side)) for part in UNKNOWN):
        return None  # of some rows it is not known what they were
    if much_unseen(metric, row, side):
        return None  # or of too many of those that a filter asks for
    if row.get(Untold(metric.id, side)):
        return None  # or of all which were there
    if not metric.ahead and row.get(Stopped(metric.entity, side)):
        return None  # there may be rows that the source does not have yet
    if row.get(Stopped(metric.entity, side, "flows")) and over_a_period(metric):
        return None  # or has no more
    if metric.aggregate == "average":
        return divided(
            number(row.get(Aggregated(metric.id, "sum", side))), number(row.get(Aggregated(metric.id, "n", side)))
        )
    value = _whole(number(row.get(Aggregated(metric.id, "value", side))))
    if metric.aggregate == "sum" and _all_left_out(metric, row, side):
        return None
    return 0 if value is None and metric.aggregate in ("count", "count_distinct", "sum") else value


def _whole(value: Number) -> Number:
    """A whole number as one: some databases add whole numbers up as floats, others do not."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 10**15 else value


def _all_left_out(metric: Metric, row: Row, side: SideName) -> bool:
    """Whether there are rows to add up, and none of them has an amount: nobody knows their sum."""
    if row.get(Aggregated(metric.id, "n", side)):
        return False
    return any(row.get(Aggregated(metric.id, why, side)) for why in _LEFT_OUT)


def unbooked(metric: Metric, row: Row, side: SideName = "current") -> bool:
    """Whether a sum of bookings (what campaigns cost) has none in a row: it is 0 there, and what was spent is not
    known by it. A quotient or a difference of it would take nothing known for nothing spent."""
    if not metric.booked:
        return False
    parts_of_it: tuple[Part, ...] = ("n", "value", *_LEFT_OUT)
    return not any(row.get(Aggregated(metric.id, part, side)) for part in parts_of_it)


def divided(numerator: Number, denominator: Number) -> Number:
    """A quotient, or None where there is nothing to divide by."""
    if numerator is None or not denominator:
        return None
    return number(numerator / denominator)


@dataclass(frozen=True, slots=True)
class _Given:
    """What names in a formula stand for: metrics and their targets, and of which metrics all amounts are left out."""

    of: Callable[[str], Number]
    goal: Callable[[str], Number]
    left_out: Callable[[str], bool]


def not_in_formulas(tree: exp.Expr) -> str | None:
    """The first thing of an expression that no formula has, as messages call it: there is no arithmetic of it here."""
    found = next((node for node in tree.walk() if not isinstance(node, _NODES)), None)
    if found is None:
        return None
    return found.sql_name().lower() if isinstance(found, exp.Func) else found.key


def _formula(tree: exp.Expr, given: _Given) -> Number:
    if isinstance(tree, exp.Paren):
        return _formula(tree.this, given)
    if isinstance(tree, exp.Literal):
        return number(float(tree.this))
    if isinstance(tree, exp.Column):
        return given.of(".".join(path_of(tree)))
    if isinstance(tree, exp.Neg):
        inner = _formula(tree.this, given)
        return None if inner is None else -inner
    if isinstance(tree, exp.Anonymous):  # goal(metric): its target
        return given.goal(".".join(path_of(tree.expressions[0])))
    if isinstance(tree, exp.Sqrt):
        root = _formula(tree.this, given)
        return None if root is None or root < 0 else number(math.sqrt(root))
    if isinstance(tree, (exp.Greatest, exp.Least)):
        among = [_formula(part, given) for part in (tree.this, *tree.expressions)]
        known = [value for value in among if value is not None]
        choose = max if isinstance(tree, exp.Greatest) else min
        return choose(known) if len(known) == len(among) else None
    if isinstance(tree, (exp.Coalesce,)):
        parts = [tree.this, *tree.expressions]
        return next((v for v in (_formula(p, given) for p in parts) if v is not None), None)
    if isinstance(tree, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
        left, right = _formula(tree.this, given), _formula(tree.expression, given)
        if isinstance(tree, exp.Add) and (left is None) is not (right is None):
            # A sum leaves out what has no amount, also where nothing on one side of it has one.
            side, other = (tree.this, right) if left is None else (tree.expression, left)
            return other if _adds_nothing(side, given) else None
        if left is None or right is None:
            return None
        if isinstance(tree, exp.Div):
            return divided(left, right)
        return number(
            left + right if isinstance(tree, exp.Add) else left - right if isinstance(tree, exp.Sub) else left * right
        )
    raise ValueError(f"a formula cannot have `{tree.key}`")


def _adds_nothing(side: exp.Expr, given: _Given) -> bool:
    """Whether a side of a sum has no figure for this alone, that all its amounts are left out."""
    if side.find(exp.Div, exp.Anonymous):
        return False
    names = [".".join(path_of(node)) for node in column_nodes(side)]
    return bool(names) and all(map(given.left_out, names))


def summed(rows: Sequence[Row], columns: Mapping[ColumnId, str]) -> dict[ColumnId, Any]:
    """One row over several: each column by how it adds up (`sum`, `min`, `max`, or not at all)."""
    total: dict[ColumnId, Any] = {}
    for column, how in columns.items():
        values = [row[column] for row in rows if row.get(column) is not None]
        if how == "none":
            continue
        if not values:
            total[column] = None
        elif how == "sum":
            total[column] = sum(values)
        else:
            total[column] = min(values) if how == "min" else max(values)
    return total


def without_left_out(rows: Sequence[Row], merged: dict[ColumnId, Any]) -> dict[ColumnId, Any]:
    """Several rows as one, in which amounts that are not there are left out as they are from the total, where some of
    the rows have none to leave out: what these come to, be it nothing, is known."""
    told: set[tuple[str, SideName]] = set()
    for key, left_out in merged.items():
        if isinstance(key, Aggregated) and key.part in _LEFT_OUT and left_out:
            own = (key.metric, key.side)
            if not merged.get(key._replace(part="n")) and not all(_lacks_amounts(row, *own) for row in rows):
                told.add(own)
    return {
        key: 0 if isinstance(key, Aggregated) and key.part in _LEFT_OUT and (key.metric, key.side) in told else value
        for key, value in merged.items()
    }


def _lacks_amounts(row: Row, metric: str, side: SideName) -> bool:
    return any(row.get(Aggregated(metric, part, side)) for part in _LEFT_OUT)


def counted(row: Row, columns: Iterable[ColumnId]) -> bool:
    """Whether anything stands behind a row of aggregates: each has a count of its rows among its
    columns, so that a sum of 0 is told from nothing to add up."""
    return any(row.get(column) not in (None, 0) for column in columns)


def without(total: Row, row: Row) -> Row:
    """All rows but one, of aggregates that add up. The period's length and targets are the same for all, and so is
    what is not known."""
    rest: dict[ColumnId, Any] = {}
    for column, value in total.items():
        if isinstance(column, (PeriodDays, Target, Stopped, Untold)):
            rest[column] = value
            continue
        cell = row.get(column)
        if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
            rest[column] = value - (cell or 0)
    return rest
