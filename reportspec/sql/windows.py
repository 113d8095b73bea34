"""The stretch of time that a measure is about, as conditions, and what follows from them.

A field as of an instant is a CASE: a deal that closed later was open then. Where a condition says
that it closed before, there is nothing to ask: the column itself does, which databases compare
faster and can look up in an index or in what they know of each block of rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from itertools import pairwise

from sqlglot import exp

from reportspec.expression.trees import all_of, any_of, copied, nodes_in
from reportspec.lazy_dataclass import dataclass
from reportspec.sql.shared_trees import Shared


@dataclass(frozen=True, slots=True)
class Window:
    """`column >= start AND column < end`; `column` may be any expression of a time. What is found out of trees that
    are `shared` between statements is shared, too."""

    column: exp.Expr
    start: exp.Expr
    end: exp.Expr
    shared: Shared | None = field(default=None, compare=False, repr=False)
    _known: dict[int, tuple[exp.Expr, exp.Expr | None]] = field(default_factory=dict, compare=False, repr=False)
    _bounds: list[exp.Expr] = field(default_factory=list, compare=False, repr=False)

    @property
    def conditions(self) -> tuple[exp.Expr, exp.Expr]:
        """The two conditions, each time the same trees: all measures of a window ask them."""
        if not self._bounds:
            self._bounds.append(exp.GTE(this=self.column, expression=self.start))
            self._bounds.append(exp.LT(this=self.column, expression=self.end))
            if self.shared is not None:
                for bound in self._bounds:
                    self.shared.add(bound)
        since, before = self._bounds
        return since, before

    def condition(self, tree: exp.Expr) -> exp.Expr | None:
        """What a condition still asks of the rows in the window; None where that is nothing."""
        return self._remembered(tree, asks=True)

    def value(self, tree: exp.Expr) -> exp.Expr:
        """What an expression comes to for the rows in the window."""
        answer = self._remembered(tree, asks=False)
        return tree if answer is None else answer

    def _remembered(self, tree: exp.Expr, *, asks: bool) -> exp.Expr | None:
        # The tree is kept with the result, so that its id stays its own.
        if id(tree) not in self._known:
            certain = asks and self._certain(tree)
            self._known[id(tree)] = (tree, None if certain else self._settled(tree))
        return self._known[id(tree)][1]

    def _certain(self, tree: exp.Expr) -> bool:
        """Whether it is `column IS NULL OR column < later`."""
        if not isinstance(tree, exp.Or):
            return False
        unknown, before = tree.this, tree.expression
        return (
            isinstance(unknown, exp.Is)
            and isinstance(unknown.expression, exp.Null)
            and unknown.this == self.column
            and isinstance(before, exp.LT)
            and before.this == self.column
            and not_after(self.end, before.expression)
        )

    def _settled(self, tree: exp.Expr) -> exp.Expr:
        if not any(self._answer(node) is not None for node in self._cases(tree)):
            return tree

        def settle(node: exp.Expr) -> exp.Expr:
            answer = self._answer(node)
            return node if answer is None else copied(answer)

        settled: exp.Expr = copied(tree).transform(settle, copy=False)
        return settled if self.shared is None else self.shared.added(settled)

    def _cases(self, tree: exp.Expr) -> list[exp.Case]:
        """Each CASE in a tree."""
        if self.shared is None:
            return nodes_in(tree, exp.Case)
        return self.shared.asked(exp.Case, tree, lambda: nodes_in(tree, exp.Case))

    def _answer(self, node: exp.Expr) -> exp.Expr | None:
        """The branch that a CASE over the window's own column takes for every row in it."""
        if not isinstance(node, exp.Case) or node.this is not None or len(node.args["ifs"]) != 1:
            return None
        branch = node.args["ifs"][0]
        comparison = branch.this
        if not isinstance(comparison, (exp.LT, exp.GTE)) or comparison.this != self.column:
            return None
        if not not_after(self.end, comparison.expression):
            return None
        value: exp.Expr | None = branch.args["true"] if isinstance(comparison, exp.LT) else node.args.get("default")
        return value


def bare(tree: exp.Expr, end: exp.Expr) -> exp.Expr:
    """The column in `CASE WHEN column < instant THEN column END`, for those who ask only about
    times before `end`, if that is not after the instant; any other tree as it is."""
    column = plain_column(tree)
    if column is not tree and not_after(end, tree.args["ifs"][0].this.expression):
        return column
    return tree


def plain_column(tree: exp.Expr) -> exp.Expr:
    """The column in `CASE WHEN column < instant THEN column END`; any other tree as it is."""
    if not isinstance(tree, exp.Case) or len(tree.args["ifs"]) != 1 or tree.args.get("default"):
        return tree
    branch = tree.args["ifs"][0]
    comparison, value = branch.this, branch.args["true"]
    if isinstance(comparison, exp.LT) and comparison.this == value:
        column: exp.Expr = value
        return column
    return tree


def not_after(first: exp.Expr, second: exp.Expr) -> bool:
    """Whether both are literal instants of one kind and the first is not after the second."""
    if not (isinstance(first, exp.Cast) and isinstance(second, exp.Cast) and first.to == second.to):
        return False
    first_side, other = first.this, second.this
    if not (isinstance(first_side, exp.Literal) and isinstance(other, exp.Literal)):
        return False
    # Written as ISO 8601 with four digits of a year, they order as texts do.
    return first_side.is_string and other.is_string and first_side.this <= other.this


def in_turn(windows: Iterable[Window]) -> list[Window] | None:
    """Windows of one column, by their start, if there are several and none overlaps another."""
    ordered = sorted(dict.fromkeys(windows), key=lambda window: window.start.sql())
    if len(ordered) < 2 or len({window.column for window in ordered}) > 1:
        return None
    if all(not_after(window.end, other.start) for window, other in pairwise(ordered)):
        return ordered
    return None


def any_window(windows: Iterable[Window]) -> list[exp.Expr]:
    """The conditions under which a time lies in at least one window. Two that meet are one."""
    joined: list[Window] = []
    for window in windows:
        for index, other in enumerate(joined):
            if window.column == other.column and window.start == other.end:
                joined[index] = Window(window.column, other.start, window.end)
                break
            if window.column == other.column and window.end == other.start:
                joined[index] = Window(window.column, window.start, other.end)
                break
        else:
            joined.append(window)
    if len(joined) == 1:
        return list(joined[0].conditions)
    return [any_of(c for w in joined if (c := all_of(w.conditions)) is not None)]
