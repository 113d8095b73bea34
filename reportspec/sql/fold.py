"""Aggregates in two steps: rows are first grouped by what the measures tell apart (the status, the
side of the comparison), then the few groups are turned into columns.

One scan of CASE aggregates asks each condition of each measure of every row. Grouped first, a row
meets what tells measures apart once, and sums are made once for all measures that share a value.
Names of small dimensions are joined to the groups instead of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from itertools import combinations

from sqlglot import exp

from reportspec.expression.trees import (
    AMOUNT,
    EXACT,
    FEW,
    FLAG,
    alias_of,
    all_of,
    any_of,
    bare_key,
    cast,
    column,
    copied,
    literal,
    named,
    nodes_in,
    when,
)
from reportspec.lazy_dataclass import dataclass
from reportspec.model.query import Measure
from reportspec.sql.from_clause import Rows
from reportspec.sql.shared_trees import Shared
from reportspec.sql.windows import Window, any_window, in_turn

GROUPS = "folded"
MOST_TOLD = 2  # kinds of cases of which a row is asked whether it is one of any: the sides of a comparison
WORTH = 3  # measures with conditions of their own, from which on a second step pays
_PLAIN = (exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.Is, exp.In)


@dataclass(frozen=True, slots=True)
class Case:
    """A measure on one side, as SQL: the aggregate, its value, and the conditions for its rows,
    its window among them."""

    alias: str
    measure: Measure
    value: exp.Expr | None
    conditions: tuple[exp.Expr, ...]
    window: Window | None
    there: exp.Expr | None = None  # rows are counted that have this
    gone: exp.Expr | None = None  # and lack this

    @property
    def counts(self) -> bool:
        """Whether rows are counted."""
        return self.measure.aggregate == "count" or self.measure.keep != "value"


@dataclass(slots=True)
class _Inner:
    """The columns of the first step: what it groups by, and what it adds up."""

    shared: Shared
    keys: dict[exp.Expr, str] = field(default_factory=dict)
    sums: dict[exp.Expr, str] = field(default_factory=dict)

    def key(self, tree: exp.Expr) -> exp.Expr:
        """The column of the groups for something that rows are grouped by."""
        name = self.keys.setdefault(tree, f"k{len(self.keys)}")

        def cell() -> exp.Expr:
            found = column(GROUPS, name)
            found.meta.update(tree.meta)
            return found

        return self.shared.composed((_Inner, name), (tree,), cell)

    def sum(self, tree: exp.Expr) -> exp.Expr:
        """The column of the groups for an aggregate."""
        name = self.sums.setdefault(tree, f"a{len(self.sums)}")
        return self.shared.composed((_Inner, name), (), lambda: column(GROUPS, name))


Keys = Sequence[tuple[str, exp.Expr]]  # what rows are grouped by, with the names of its columns


def aggregated(rows: Rows, keys: Keys, cases: Sequence[Case], shared: Shared | None = None) -> exp.Select:
    """The SELECT of the cases over rows grouped by the keys, in one step or two. What it composes of trees that are
    `shared` with other statements is shared with them, too."""
    shared = shared or Shared()
    common = _common(cases)
    own_conditions = [tuple(c for c in case.conditions if c not in common) for case in cases]
    windows = list(dict.fromkeys(case.window for case in cases))
    where = list(common)
    bounded = len(windows) > 1 and None not in windows and all(own_conditions)
    if bounded:
        where += any_window(window for window in windows if window is not None)
    elif not keys and all(own_conditions):
        where += _any_case(own_conditions)
    if all(case.counts or case.measure.aggregate in _ADDS_UP for case in cases):
        named_later = _named_later(shared, rows, keys, [*where, *_trees(cases, own_conditions)])
        if named_later or sum(map(bool, own_conditions)) >= WORTH:
            return _two_steps(rows, keys, cases, _Parted(own_conditions, where, named_later, bounded), shared)
    select = exp.Select()
    for name, key in keys:
        select = select.select(named(key, name), copy=False)
    for case, conditions in zip(cases, own_conditions, strict=True):
        select = select.select(_named(shared, _aggregate(shared, case, conditions), case.alias), copy=False)
    return _grouped(rows.attach(select), where, [key for _, key in keys])


def _grouped(select: exp.Select, where: Iterable[exp.Expr], keys: Iterable[exp.Expr]) -> exp.Select:
    condition = all_of(where)
    if condition is not None:
        select = select.where(condition, copy=False)
    # A period of one bucket has the same number in every row: by position it would mean a column.
    groups = [key for key in keys if not isinstance(key, exp.Literal)]
    return select.group_by(*groups, copy=False) if groups else select


def _common(cases: Sequence[Case]) -> list[exp.Expr]:
    """The conditions that all cases have: they go to WHERE."""
    first, *others = cases
    return [c for c in dict.fromkeys(first.conditions) if all(c in other.conditions for other in others)]


def _any_case(own: Sequence[tuple[exp.Expr, ...]]) -> list[exp.Expr]:
    """The condition under which a row is one of any case, where that is soon said. It leaves out what no case counts
    before it is joined and grouped: most rows, where cases ask what held at an instant."""
    if all(_told_apart(condition) is not None for conditions in own for condition in conditions):
        return []
    told = {frozenset(conditions): conditions for conditions in own}
    widest = [conditions for found, conditions in told.items() if not any(other < found for other in told)]
    while len(widest) > MOST_TOLD:  # cases that are most alike are told by what they share
        pairs = [(first, second, _shared(first, second)) for first, second in combinations(widest, 2)]
        first, second, shared = max(pairs, key=lambda pair: len(pair[2]))
        if not shared:
            return []
        widest = [*(one for one in widest if one is not first and one is not second), shared]
    return [any_of(found for conditions in widest if (found := all_of(map(copied, conditions))) is not None)]


def _shared(first: Sequence[exp.Expr], second: Sequence[exp.Expr]) -> tuple[exp.Expr, ...]:
    return tuple(condition for condition in first if condition in second)


def _trees(cases: Sequence[Case], own: Sequence[tuple[exp.Expr, ...]]) -> list[exp.Expr]:
    values = [v for c in cases for v in (c.value, c.there, c.gone) if v is not None]
    return [*values, *(c for conditions in own for c in conditions)]


def lacking(case: Case) -> Iterator[exp.Expr]:
    """What a row has and lacks that is counted for what it lacks."""
    if case.there is not None:
        yield exp.Not(this=exp.Is(this=case.there, expression=exp.Null()))
    if case.gone is not None:
        yield exp.Is(this=case.gone, expression=exp.Null())


def _named(shared: Shared, tree: exp.Expr, name: str) -> exp.Expr:
    return shared.composed((_named, name), (tree,), lambda: named(tree, name))


def _aggregate(shared: Shared, case: Case, conditions: tuple[exp.Expr, ...]) -> exp.Expr:
    """One CASE aggregate over the rows that fulfil conditions."""
    measure = case.measure
    by = (_aggregate, measure.aggregate, measure.keep, measure.percentile)
    parts = (case.value, case.there, case.gone, *conditions)
    return shared.composed(by, parts, lambda: _aggregate_of(case, all_of([*conditions, *lacking(case)])))


def _aggregate_of(case: Case, condition: exp.Expr | None) -> exp.Expr:
    measure, value = case.measure, case.value
    if case.counts:
        if measure.keep == "value" and value is not None:
            return exp.Count(this=when(condition, value) if condition is not None else value)
        return exp.Count(this=when(condition, literal(1)) if condition is not None else exp.Star())
    assert value is not None
    if measure.aggregate == "quantile":
        value = cast(value, "DOUBLE")
    if measure.aggregate == "distinct":
        value = bare_key(value)
    chosen = when(condition, value) if condition is not None else value
    match measure.aggregate:
        case "distinct":
            return exp.Count(this=exp.Distinct(expressions=[chosen]))
        case "sum":
            # Decimals add up to the same in any order, floats do not. Amounts are decimals
            # already, and their sums are cheaper to widen than each of them.
            if value.meta.get(AMOUNT):
                return cast(exp.Sum(this=chosen), EXACT)
            return exp.Sum(this=cast(chosen, EXACT))
        case "squares":  # for a spread, which is no figure: doubles will do
            wide = cast(chosen, "DOUBLE")
            return exp.Sum(this=exp.Mul(this=wide, expression=copied(wide)))
        case "min":
            return exp.Min(this=chosen)
        case "max":
            return exp.Max(this=chosen)
        case _:
            assert measure.percentile is not None
            return exp.PercentileCont(this=chosen, expression=literal(measure.percentile))


# Two steps

# How the values of groups become one.
_ADDS_UP = {"sum": exp.Sum, "squares": exp.Sum, "min": exp.Min, "max": exp.Max}


@dataclass(frozen=True, slots=True)
class _Parted:
    """The conditions of cases, parted: their `own` and those of all (`where`), which bound the rows to the
    windows of the cases if `bounded`; and the joins of which the groups have the names."""

    own: Sequence[tuple[exp.Expr, ...]]
    where: Sequence[exp.Expr]
    named_later: Sequence[exp.Join]
    bounded: bool


def _two_steps(rows: Rows, keys: Keys, cases: Sequence[Case], parted: _Parted, shared: Shared) -> exp.Select:
    inner = _Inner(shared)
    outer_keys = _outer_keys(inner, keys, parted.named_later)
    asked = _Asked(inner, cases, parted.own, parted.bounded)
    outer = exp.Select()
    for name, key in outer_keys:
        outer = outer.select(named(key, name), copy=False)
    for case, conditions in zip(cases, parted.own, strict=True):
        value = _over_groups(shared, case, _of_groups(inner, case), asked.conditions(conditions))
        outer = outer.select(_named(shared, value, case.alias), copy=False)
    joins = [_on_groups(inner, join) for join in parted.named_later]
    select = exp.Select()
    for tree, name in (*inner.keys.items(), *inner.sums.items()):
        select = select.select(_named(shared, tree, name), copy=False)
    select = rows.attach(select, without=parted.named_later)
    select = _grouped(select, parted.where, inner.keys)
    outer = outer.from_(exp.Subquery(this=select, alias=alias_of(GROUPS)), copy=False)
    for join in joins:
        outer.append("joins", join)
    return _grouped(outer, (), [key for _, key in outer_keys])


def _over_groups(shared: Shared, case: Case, found: exp.Expr, conditions: Sequence[exp.Expr]) -> exp.Expr:
    """What groups have for a case, brought together of those that satisfy its conditions."""

    def together() -> exp.Expr:
        condition = all_of(conditions)
        chosen = when(condition, found) if condition is not None else found
        if case.counts:
            return cast(exp.Coalesce(this=exp.Sum(this=chosen), expressions=[literal(0)]), "BIGINT")
        return _ADDS_UP[case.measure.aggregate](this=chosen)

    by = (_over_groups, "" if case.counts else case.measure.aggregate)
    return shared.composed(by, (found, *conditions), together)


def _of_groups(inner: _Inner, case: Case) -> exp.Expr:
    """What a case adds up of each group, its conditions aside."""
    if case.gone is None:
        whole = case if case.there is None else replace(case, there=None)
        return inner.sum(_aggregate(inner.shared, whole, ()))
    rows: exp.Expr = exp.Star() if case.there is None else case.there
    return exp.Sub(this=inner.sum(exp.Count(this=rows)), expression=inner.sum(exp.Count(this=case.gone)))


def _outer_keys(inner: _Inner, keys: Keys, named_later: Sequence[exp.Join]) -> list[tuple[str, exp.Expr]]:
    later = {join.this.alias_or_name for join in named_later}
    return [
        (name, key if _aliases(key, inner.shared) & later or isinstance(key, exp.Literal) else inner.key(key))
        for name, key in keys
    ]


def _on_groups(inner: _Inner, join: exp.Join) -> exp.Join:
    on = join.args["on"]
    equality = exp.EQ(this=on.this, expression=inner.key(on.expression))
    return exp.Join(this=join.this, side="LEFT", on=equality)


def _named_later(shared: Shared, rows: Rows, keys: Keys, others: Iterable[exp.Expr]) -> list[exp.Join]:
    """The joins that only bring names to group by, of entities of few rows: the groups may have
    them as well as the rows."""
    if not rows.small:
        return []
    # Measures share most of their conditions.
    used = {alias for tree in {id(tree): tree for tree in others}.values() for alias in _aliases(tree, shared)}
    for join in rows.joins:
        if (on := join.args.get("on")) is not None:
            used |= _aliases(on, shared) - {join.this.alias_or_name}
    joins_kept = [j for j in rows.small if j.this.alias_or_name not in used]
    # A key that also needs another table keeps its joins with the rows.
    for _, key in keys:
        names = {j.this.alias_or_name for j in joins_kept}
        if not _aliases(key, shared) <= names:
            joins_kept = [j for j in joins_kept if j.this.alias_or_name not in _aliases(key, shared)]
    return joins_kept


def _aliases(tree: exp.Expr, shared: Shared) -> frozenset[str]:
    return shared.asked(_aliases, tree, lambda: frozenset(node.table for node in nodes_in(tree, exp.Column)))


class _Asked:
    """The conditions of the cases as conditions on the groups."""

    def __init__(
        self,
        inner: _Inner,
        cases: Sequence[Case],
        own: Sequence[tuple[exp.Expr, ...]],
        bounded: bool,
    ) -> None:
        self._found: dict[exp.Expr, exp.Expr | None] = {}
        askers: dict[exp.Expr, list[int]] = {}
        for index, conditions in enumerate(own):
            for condition in conditions:
                askers.setdefault(condition, []).append(index)
        together: dict[tuple[int, ...], list[exp.Expr]] = {}
        for condition, indexes in askers.items():
            together.setdefault(tuple(indexes), []).append(condition)
        if bounded:
            self._windows(inner, cases, together)
        for asked in together.values():
            unlike = [c for c in asked if not self._of_few(inner, c)]
            if unlike:
                self._tell(unlike, _flag(inner, unlike))

    def conditions(self, conditions: Iterable[exp.Expr]) -> list[exp.Expr]:
        """What a case asks of a group."""
        return [condition_found for c in conditions if (condition_found := self._found[c]) is not None]

    def _tell(self, conditions: Iterable[exp.Expr], found: exp.Expr) -> None:
        """The conditions are asked together: the first stands for all."""
        first, *others = conditions
        self._found[first] = found
        self._found.update(dict.fromkeys(others))

    def _of_few(self, inner: _Inner, condition: exp.Expr) -> bool:
        """Whether a condition is about nothing but expressions of few values; it then asks the
        groups what it asked the rows."""
        few = _told_apart(condition)
        if few is None:
            return False
        cells = [inner.key(inner.shared.added(node)) for node in few]

        def swapped() -> exp.Expr:
            left = iter(cells)

            def swap(node: exp.Expr) -> exp.Expr:
                return next(left) if node.meta.get(FEW) else node

            return copied(condition).transform(swap, copy=False)

        self._found[condition] = inner.shared.composed(_Asked, (condition, *cells), swapped)
        return True

    def _windows(
        self,
        inner: _Inner,
        cases: Sequence[Case],
        together: dict[tuple[int, ...], list[exp.Expr]],
    ) -> None:
        """Of two windows that follow each other, of which WHERE lets pass nothing else, one bound
        tells them apart."""
        ordered = in_turn(case.window for case in cases if case.window is not None)
        if ordered is None or len(ordered) > 2:
            return
        cases_of_window = [tuple(i for i, case in enumerate(cases) if case.window == window) for window in ordered]
        if any(
            not set(window.conditions) <= set(together.get(by, ()))
            for window, by in zip(ordered, cases_of_window, strict=True)
        ):
            return
        (_, before), (since, _) = (window.conditions for window in ordered)
        bounds = {c for window in ordered for c in window.conditions}
        more = [[c for c in together[by] if c not in bounds] for by in cases_of_window]
        if any(more):
            first, second = _flag(inner, [before, *more[0]]), _flag(inner, [since, *more[1]])
        else:
            first, second = _flag(inner, [before]), _flag(inner, [before], holds=False)
        for by, condition_found in zip(cases_of_window, (first, second), strict=True):
            self._tell(together.pop(by), condition_found)


def _flag(inner: _Inner, conditions: Iterable[exp.Expr], *, holds: bool = True) -> exp.Expr:
    """Rows are grouped by whether conditions hold; the condition on groups where they do (or not)."""
    asked, shared = tuple(conditions), inner.shared

    def flag() -> exp.Expr:
        joined = all_of(asked)
        assert joined is not None
        tree = when(joined, literal(1), literal(0))
        tree.meta[FLAG] = True
        return tree

    key = inner.key(shared.composed(_flag, asked, flag))

    def told() -> exp.Expr:
        equality = exp.EQ(this=key, expression=literal(int(holds)))
        equality.meta[FLAG] = True
        return equality

    return shared.composed((_flag, holds), (key,), told)


def _told_apart(condition: exp.Expr) -> list[exp.Expr] | None:
    """The expressions of few values that a condition is about; None if it is about others too."""
    if condition.meta.get(FEW):
        return [condition]
    if isinstance(condition, (exp.Literal, exp.Null, exp.Boolean)):
        return []
    if not isinstance(condition, _PLAIN):
        return None
    conditions_found: list[exp.Expr] = []
    for child in condition.iter_expressions():
        keys_told = _told_apart(child)
        if keys_told is None:
            return None
        conditions_found += keys_told
    return conditions_found
