"""Figures over time: the bucket that a row lies in, and the calendar of instants at which stocks are taken."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import Any

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.expression.trees import (
    alias_of,
    column,
    literal,
    named,
    when,
)
from reportspec.lazy_dataclass import dataclass
from reportspec.model.query import Measure, Side
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment
from reportspec.sql.column_names import BUCKET_NAME
from reportspec.sql.ever import CALENDAR, Bounds
from reportspec.sql.scope import Scope
from reportspec.sql.windows import bare


def moment_of(binding: Binding, side: Side) -> Moment:
    """The instants of a side."""
    return Moment(side.name, side.as_of, instant(side.start, binding.zone), instant(side.end, binding.zone))


def bucket_key(scope: Scope, measure: Measure, sides: tuple[Side, ...]) -> exp.Expr:
    """The index of the bucket in which the anchor lies. Both sides count from 0: the WHERE lets
    only times of the two stretches pass, and they do not overlap."""
    binding = scope.binding
    assert measure.anchor is not None
    anchor = scope.compile(measure.anchor, moment_of(binding, sides[0]))
    storage = binding.storage_of(measure.entity, measure.anchor)
    if not measure.ahead:
        latest = max(min(instant(side.end, binding.zone), side.as_of) for side in sides)
        anchor = bare(anchor, scope.instant(latest, storage))
    edges: list[tuple[datetime, int]] = []
    for side in sorted(sides, key=lambda s: s.start):
        edges += [(instant(bucket.end, binding.zone), index) for index, bucket in enumerate(side.buckets)]
    return steps(scope, anchor, storage, [(at, literal(value)) for at, value in edges])


def steps(
    scope: Scope,
    anchor: exp.Expr,
    storage: str,
    edges: list[tuple[datetime, exp.Expr]],
) -> exp.Expr:
    """CASE over ascending upper edges. Long lists are halved, so that a row meets few of them."""
    if len(edges) > 24:
        middle = len(edges) // 2
        below = exp.LT(this=anchor, expression=scope.instant(edges[middle - 1][0], storage))
        return when(below, steps(scope, anchor, storage, edges[:middle]), steps(scope, anchor, storage, edges[middle:]))
    *ifs, (_, last) = edges
    if not ifs:
        return last
    return exp.Case(
        ifs=[exp.If(this=exp.LT(this=anchor, expression=scope.instant(at, storage)), true=value) for at, value in ifs],
        default=last,
    )


@dataclass(frozen=True, slots=True)
class _BucketBound:
    """The `start` or `end` of the bucket that a row lies in. Two of one anchor and side are equal: what a scope made
    by one is what others over the same rows would make, too."""

    which: str
    anchor: _Same
    side: _Same
    moment: Moment
    scope: Scope = field(compare=False, repr=False)
    measure: Measure = field(compare=False, repr=False)

    def __deepcopy__(self, memo: object) -> _BucketBound:
        return self  # statements say the moments of their CTEs, and sqlglot copies what they say

    def __call__(self, storage: str) -> exp.Expr:
        scope, anchor, side = self.scope, self.measure.anchor, self.side.one
        assert anchor is not None
        zone = scope.binding.zone
        edges = [
            (instant(b.end, zone), scope.instant(instant(getattr(b, self.which), zone), storage)) for b in side.buckets
        ]
        kept = scope.binding.storage_of(self.measure.entity, anchor)
        return exp.Paren(this=steps(scope, scope.compile(anchor, self.moment), kept, edges))


class _Same:
    """What is the same only as itself, and lives as long as it is compared."""

    __slots__ = ("one",)

    def __init__(self, one: Any) -> None:
        self.one = one

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.one is other.one

    def __hash__(self) -> int:
        return id(self.one)


def bucket_moment(scope: Scope, measure: Measure, side: Side, moment: Moment) -> Moment:
    """The moment with the bucket's own bounds for `period_start` and `period_end`."""
    start, end = (
        _BucketBound(which, _Same(measure.anchor), _Same(side), moment, scope, measure) for which in ("start", "end")
    )
    return Moment(side.name, side.as_of, start, end)


@dataclass(frozen=True, slots=True)
class _Step:
    """The column of the calendar that has an instant."""

    name: str

    def __call__(self, storage: str) -> exp.Expr:
        return column(CALENDAR, f"{self.name}_date" if storage == "date" else self.name)


def calendar_moment(binding: Binding, side: Side) -> Moment:
    """The instants of the calendar's rows of a side."""
    first = min(side.origins or (min(instant(bucket.end, binding.zone), side.as_of) for bucket in side.buckets))
    return Moment("calendar", _Step("as_of"), _Step("starts"), _Step("ends"), side.as_of, first)


def calendar_rows(scope: Scope, sides: tuple[Side, ...]) -> exp.Expr:
    """The instants at which a stock is taken, as literal rows."""
    rows = [_calendar_row(scope, side, index) for side, index in _steps_taken(scope, sides)]
    if not rows:  # nothing of the period has begun: no rows, but columns with their types
        none = exp.Boolean(this=False)
        rows.append(_calendar_row(scope, sides[0], 0).where(none, copy=False))
    union: exp.Expr = rows[0]
    for row in rows[1:]:
        union = exp.Union(this=union, expression=row, distinct=False)
    return exp.Subquery(this=union, alias=alias_of(CALENDAR))


def calendar_bounds(scope: Scope, sides: tuple[Side, ...]) -> Bounds:
    """The first and the last of the instants, by the columns in which the calendar has them."""
    found: dict[str, list[exp.Expr]] = {}
    for side, index in _steps_taken(scope, sides):
        for name, at in _instants(scope, side, index).items():
            found.setdefault(name, []).append(at)
    # Written as ISO 8601 with four digits of a year, they order as texts do.
    return {
        name: (min(instants, key=_written), max(instants, key=_written))
        for name, instants in found.items()
        if all(isinstance(at, exp.Cast) and isinstance(at.this, exp.Literal) for at in instants)
    }


def _written(at: exp.Expr) -> str:
    return str(at.this.this)


def _steps_taken(scope: Scope, sides: tuple[Side, ...]) -> list[tuple[Side, int]]:
    """The buckets of each side of which there is an instant: those that have begun."""
    zone = scope.binding.zone
    return [
        (side, index)
        for side in sides
        for index, bucket in enumerate(side.buckets)
        if side.origins or instant(bucket.start, zone) < side.as_of
    ]


def _instants(scope: Scope, side: Side, index: int) -> dict[str, exp.Expr]:
    bucket, zone = side.buckets[index], scope.binding.zone
    start, end = instant(bucket.start, zone), instant(bucket.end, zone)
    as_of = side.origins[index] if side.origins else min(end, side.as_of)
    cells: dict[str, exp.Expr] = {}
    for name, at in (("as_of", as_of), ("starts", start), ("ends", end)):
        cells[name] = scope.instant(at, "time")
        cells[f"{name}_date"] = scope.instant(at, "date")
    return cells


def _calendar_row(scope: Scope, side: Side, index: int) -> exp.Select:
    cells = {"side": literal(side.name), BUCKET_NAME: literal(index), **_instants(scope, side, index)}
    select = exp.Select()
    for name, value in cells.items():
        select = select.select(named(value, name), copy=False)
    return select
