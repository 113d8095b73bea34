"""Trees that several statements of a binding have, and what was made of them for a database."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, TypeVar

from sqlglot import exp

from reportspec.remembered import remembered
from reportspec.resolve.binding import Binding

E = TypeVar("E", bound=exp.Expr)

_ASKED = ("where", "group", "having", "order")
SHARED = "shared"  # in the meta of a statement: the `Shared` of its binding


class Shared:
    """Trees that several statements have, by their ids, and what was made of each of them, by what made it. It is
    kept with the binding whose statements they are, and in the meta of those, of whose copies it is no part."""

    __slots__ = ("_made", "plain", "trees")

    def __init__(self) -> None:
        self.trees: dict[int, exp.Expr] = {}  # which keeps them, so that their ids stay their own
        self.plain: set[str] = set()  # texts and names that were found to have no odd signs
        self._made: dict[Hashable, dict[int, Any]] = {}

    def __deepcopy__(self, memo: object) -> Shared:
        return self

    def add(self, tree: exp.Expr) -> None:
        """Have one more tree, which nobody changes from now on."""
        self.trees[id(tree)] = tree

    def added(self, tree: E) -> E:
        """The tree, which is one of these now."""
        self.trees[id(tree)] = tree
        return tree

    def made(self, by: Hashable) -> dict[int, Any]:
        """What was made of trees by something, by their ids."""
        return self._made.setdefault(by, {})


def parts_of(statement: exp.Expr) -> Iterator[exp.Expr]:
    """What a statement without CTEs gives and asks, and what SELECTs within it do: all but the tables that it reads.
    It is written with these, and once more over temporary ones."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.Union):
            waiting += (node.this, node.expression)
        elif isinstance(node, exp.Select):
            yield from node.expressions
            yield from (part for name in _ASKED if (part := node.args.get(name)) is not None)
            joins = node.args.get("joins") or ()
            yield from (on for join in joins if (on := join.args.get("on")) is not None)
            sources = [join.this for join in joins]
            if (source := node.args.get("from_")) is not None:
                sources.append(source.this)
            waiting += [source.this for source in sources if isinstance(source, exp.Subquery)]


@remembered
def shared_of(binding: Binding) -> Shared:
    """The trees that the statements of a binding share."""
    return Shared()


def shared_in(statement: exp.Expr) -> Shared:
    """The trees that a statement shares with others."""
    found = statement._meta.get(SHARED) if statement._meta else None
    return found if isinstance(found, Shared) else Shared()
