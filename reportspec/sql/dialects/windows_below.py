"""Windows where a database computes them rightly: apart from expressions, and from others by which rows look sorted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from reportspec.expression.trees import alias_of, column, named
from reportspec.sql.dialects.rewrite import remade, with_args

_BELOW = "below"
_STEPS: tuple[type[exp.Expr], ...] = (exp.Query, exp.Exists)  # that have rows of their own
_LEAVES: tuple[type[exp.Expr], ...] = (*_STEPS, exp.Column, exp.Window, exp.AggFunc)
_Place = tuple[object, ...]  # by what a window has its rows in order


def windows_below(select: exp.Expr) -> exp.Expr:
    """A SELECT whose windows are computed in steps below it, where that is needed for two faults of MariaDB, of which
    it tells nothing. Some expressions it computes before the windows in them, which are null then: `a and (b or
    count(*) over () > 1)` within a CASE, `x + (nullif(max(y) over (), z))`. And where the rows of one window are in
    order for two others which are in different ones (`over ()` beside `over (order by a)` and `over (order by b)`), it
    does not sort anew between these."""
    order = select.args.get("order")
    values = [item.unalias() for item in select.expressions]
    windows = dict.fromkeys(window for tree in (*values, order) if tree is not None for window in _windows(tree))
    if not windows:
        return select
    steps = _steps(windows)
    nested = (tree for tree in (*values, order) if tree is not None and not isinstance(tree, exp.Window))
    if len(steps) == 1 and not any(_windows(tree) for tree in nested):
        return select
    below = _Below()
    items = [
        with_args(item, this=below.over(value))
        if isinstance(item, exp.Alias)
        else named(below.over(value), item.output_name)
        for item, value in zip(select.expressions, values, strict=True)
    ]
    sorted_ = below.over(order, {item.alias for item in items}) if order is not None else None
    kept = {name: select.args.get(name) for name in ("with_", "distinct", "limit", "offset")}
    inner = {**select.args, **dict.fromkeys((*kept, "order"))}
    source = exp.Subquery(this=below.select(inner, steps), alias=alias_of(_BELOW))
    return remade(select, {**kept, "expressions": items, "from_": exp.From(this=source), "order": sorted_})


def _windows(tree: exp.Expr) -> list[exp.Window]:
    """The windows in an expression that are over the rows of its SELECT."""
    nodes = tree.walk(prune=lambda node: isinstance(node, (*_STEPS, exp.Window)))
    return [node for node in nodes if isinstance(node, exp.Window)]


def _steps(windows: Iterable[exp.Window]) -> list[list[exp.Window]]:
    """The windows that may stand beside each other: in all of a step the orders of rows are the beginnings of one, or
    none is the beginning of another."""
    steps: list[tuple[set[_Place], list[exp.Window]]] = []
    for window in windows:
        place = _place(window)
        for places, step in steps:
            if _side_by_side([*places, place]):
                places.add(place)
                step.append(window)
                break
        else:
            steps.append(({place}, [window]))
    return [step for _, step in steps]


def _place(window: exp.Window) -> _Place:
    order = window.args.get("order")
    by = [(tree, False) for tree in window.args.get("partition_by") or ()]
    ordered = order.expressions if order is not None else []
    return (*by, *((item.this, bool(item.args.get("desc"))) for item in ordered))


def _side_by_side(places: Sequence[_Place]) -> bool:
    begins = [(a[: len(b)] == b, b[: len(a)] == a) for at, a in enumerate(places) for b in places[:at]]
    return all(one or other for one, other in begins) or all(one == other for one, other in begins)


class _Below:
    """What is taken in the steps below, each once: `c0`, `c1`, …"""

    def __init__(self) -> None:
        self._names: dict[exp.Expr, str] = {}
        self._done: dict[int, exp.Expr] = {}

    def over(self, tree: exp.Expr, own: frozenset[str] | set[str] = frozenset()) -> exp.Expr:
        """An expression over the columns of the step below. The names of its SELECT's `own` columns stay."""
        if isinstance(tree, exp.Column) and not tree.table and tree.name in own:
            return tree
        if isinstance(tree, _LEAVES) or tree.args.get("query") is not None:  # IN over rows
            return column(_BELOW, self._names.setdefault(tree, f"c{len(self._names)}"))
        key = id(tree)
        if key not in self._done:
            self._done[key] = self._parts_over(tree, own)
        return self._done[key]

    def select(self, first: dict[str, object], steps: Sequence[Sequence[exp.Window]]) -> exp.Expr:
        """The steps: a SELECT like the `first` with all but the windows of later ones, and one above it for each."""
        later = {window: self._window_over(window) for step in steps[1:] for window in step}
        had = [tree for tree in self._names if tree not in later]
        select = exp.Select(**{**first, "expressions": [named(tree, self._names[tree]) for tree in had]})
        for step in steps[1:]:
            passed = [named(column(_BELOW, self._names[tree]), self._names[tree]) for tree in had]
            own = [named(later[window], self._names[window]) for window in step]
            source = exp.Subquery(this=select, alias=alias_of(_BELOW))
            select = exp.Select(expressions=[*passed, *own], from_=exp.From(this=source))
            had += step
        return select

    def _window_over(self, window: exp.Window) -> exp.Expr:
        args = {name: self._value_over(value, frozenset()) for name, value in window.args.items() if name != "this"}
        return remade(window, {**args, "this": self._function_over(window.this)})

    def _function_over(self, function: exp.Expr) -> exp.Expr:
        if isinstance(function, (exp.IgnoreNulls, exp.RespectNulls)):
            return with_args(function, this=self._function_over(function.this))
        return self._parts_over(function, frozenset())

    def _parts_over(self, tree: exp.Expr, own: frozenset[str] | set[str]) -> exp.Expr:
        return remade(tree, {name: self._value_over(value, own) for name, value in tree.args.items()})

    def _value_over(self, value: object, own: frozenset[str] | set[str]) -> object:
        if isinstance(value, list):
            return [self._value_over(item, own) for item in value]
        return self.over(value, own) if isinstance(value, exp.Expr) else value
