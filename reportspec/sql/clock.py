"""Whose clock an expression goes by.

Times stand in a statement as the source's clock shows them. What people write in a filter or a metric of
their own is meant by the report's: the month of `month(deal.created_at)`, the day that a time is cast to,
and `timestamp '2026-03-01 10:00:00'` are those of the report's zone. Where the two zones differ, this module
says so in the tree: times that are only compared with one another or handed on stay as they are, those of
which a part is asked are moved to the report's clock, and a time that comes of them is moved back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.expression.sandbox import OWN_FUNCTIONS, WRITTEN, path_of
from reportspec.expression.trees import cast, literal
from reportspec.expression.types import MOMENT, Kind, Mistyped, Named, kind_of

Days = Callable[[exp.Expr], bool]  # whether a Column or Dot names a field that keeps whole days

LOCAL = "local"  # in the meta of `as_of` and the like: it is meant by the report's clock
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.NullSafeEQ, exp.NullSafeNEQ)
# What gives one of its arguments.
_HANDS_ON = (exp.Paren, exp.Coalesce, exp.Case, exp.If, exp.Greatest, exp.Least, exp.Nullif)
# What is the same by every clock: how much time has passed, and whether there is a time at all.
_SINCE = frozenset({"EPOCH", "EPOCH_SECOND"})
_BELOW_A_DAY = frozenset({"HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"})


def moved(tree: exp.Expr, source: str, target: str) -> exp.Expr:
    """What the clock of `target` shows when that of `source` shows a time."""
    aware = exp.AtTimeZone(this=cast(tree, "TIMESTAMP"), zone=literal(source))
    return cast(exp.AtTimeZone(this=aware, zone=literal(target)), "TIMESTAMP")


def shown_at(moment: datetime, zone: tzinfo) -> exp.Expr:
    """What the clock of a zone shows at an instant."""
    return literal(moment.astimezone(zone).replace(tzinfo=None))


def by_the_report(
    tree: exp.Expr, named: Named, keeps_days: Days, source: tzinfo, zone: tzinfo, *, day: bool = False
) -> exp.Expr:
    """The expression, which nobody else has, with what people wrote in it meant by the clock of the
    report's `zone`. A time that it gives is by the `source`'s clock; a `day` is the report's."""
    if str(source) == str(zone):
        return tree
    clock = _Clock(named, keeps_days, source, zone)
    if day and tree.meta.get(WRITTEN):
        return clock.local(tree)
    return clock.each(tree)


class _Clock:
    def __init__(self, named: Named, keeps_days: Days, source: tzinfo, zone: tzinfo) -> None:
        self._named, self._keeps_days = named, keeps_days
        self._source, self._zone = source, zone

    def each(self, tree: exp.Expr) -> exp.Expr:
        """A tree of which only parts are written by people."""
        if tree.meta.get(WRITTEN):
            return self.own(tree)
        return self._changed(tree, self.each)

    def own(self, tree: exp.Expr) -> exp.Expr:
        """The value of an expression, a time by the source's clock."""
        kind = self._kind(tree)
        if _is_name(tree) or _calls_own(tree):
            back = kind is Kind.DATE and _calls_own(tree)
            return self._back(tree) if back else tree
        if kind not in MOMENT:
            return self._within(tree)
        if isinstance(tree, exp.UnixToTime):
            return tree
        if not self._has_times(tree) and self._names_moment(tree):
            return tree  # of whole days
        at = self._written_at(tree)
        if at is not None:
            return at
        if isinstance(tree, _HANDS_ON):
            return self._changed(tree, self.own)
        return self._back(self.local(tree))

    def local(self, tree: exp.Expr) -> exp.Expr:
        """The value of an expression, a time by the report's clock."""
        if self._kind(tree) not in MOMENT:
            return self.own(tree)
        if _is_name(tree) and len(path_of(tree)) == 1:
            tree.meta[LOCAL] = True
            return tree
        if _is_name(tree):
            return tree if self._whole(tree) else moved(tree, str(self._source), str(self._zone))
        if _calls_own(tree):
            return tree
        if isinstance(tree, exp.UnixToTime):
            return moved(tree, str(self._source), str(self._zone))
        return self._changed(tree, self.local)

    def _within(self, tree: exp.Expr) -> exp.Expr:
        """An expression that gives no time, whose parts may be some."""
        if not self._has_times(tree):
            return tree
        if isinstance(tree, _COMPARED) and self._as_they_stand(tree):
            return self._changed(tree, self.own)
        if isinstance(tree, (exp.Is, exp.TimeToUnix)) or _elapsed(tree):
            return self._changed(tree, self.own)
        return self._changed(tree, self.local)

    def _as_they_stand(self, tree: exp.Expr) -> bool:
        """Whether nothing but times of the source and times that are written out are compared."""
        sides = [side.unnest() for side in tree.iter_expressions()]
        return all((_is_name(side) and not self._whole(side)) or self._written_at(side) is not None for side in sides)

    def _has_times(self, tree: exp.Expr) -> bool:
        """Whether a time of the source, which has an hour, is in it."""
        return any(_is_name(node) and self._kind(node) is Kind.TIME and not self._whole(node) for node in tree.walk())

    def _names_moment(self, tree: exp.Expr) -> bool:
        return any(_is_name(node) and self._kind(node) in MOMENT for node in tree.walk())

    def _whole(self, node: exp.Expr) -> bool:
        return len(path_of(node)) > 1 and self._keeps_days(node)

    def _written_at(self, tree: exp.Expr) -> exp.Expr | None:
        """A day or time that is written out, by the source's clock."""
        if not _written_out(tree) or not isinstance(tree, exp.Cast):
            return None
        text = str(tree.this.this)
        try:
            if tree.to.this is exp.DataType.Type.DATE:
                at = instant(date.fromisoformat(text), self._zone)
            else:
                local = datetime.fromisoformat(text)
                if local.tzinfo is not None:
                    return None
                at = local.replace(tzinfo=self._zone).astimezone(UTC)
            clock_text = at.astimezone(self._source).replace(tzinfo=None).isoformat(" ")
        except (ValueError, OverflowError):
            return None
        return cast(exp.Literal.string(clock_text), "TIMESTAMP")

    def _back(self, tree: exp.Expr) -> exp.Expr:
        return moved(tree, str(self._zone), str(self._source))

    def _kind(self, tree: exp.Expr) -> Kind:
        try:
            return kind_of(tree, self._named)
        except Mistyped:  # told where the expression was read
            return Kind.UNKNOWN

    def _changed(self, tree: exp.Expr, change: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
        for key, value in list(tree.args.items()):
            if isinstance(value, exp.DataType):
                continue
            if isinstance(value, exp.Expr):
                tree.set(key, change(value))
            elif isinstance(value, list):
                tree.set(key, [change(v) if isinstance(v, exp.Expr) else v for v in value])
        return tree


def _is_name(tree: exp.Expr) -> bool:
    return isinstance(tree, (exp.Column, exp.Dot))


def _calls_own(tree: exp.Expr) -> bool:
    """Whether it is a function of the catalogue, which sees to the clock itself."""
    return isinstance(tree, exp.Anonymous) and str(tree.this).upper() in OWN_FUNCTIONS


def _written_out(tree: exp.Expr) -> bool:
    return (
        type(tree) is exp.Cast
        and isinstance(tree.this, exp.Literal)
        and tree.this.is_string
        and tree.to.this.value in ("DATE", "TIMESTAMP", "TIMESTAMPNTZ", "DATETIME")
    )


def _elapsed(tree: exp.Expr) -> bool:
    if isinstance(tree, exp.DateDiff):
        return str(tree.text("unit")).upper().removesuffix("S") in _BELOW_A_DAY
    return isinstance(tree, exp.Extract) and str(tree.this.name).upper() in _SINCE
