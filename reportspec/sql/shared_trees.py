"""Trees that several statements of a binding have, and what was made of them for a database."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeVar

from sqlglot import exp

from reportspec.expression.trees import conjuncts
from reportspec.remembered import remembered
from reportspec.resolve.binding import Binding

E = TypeVar("E", bound=exp.Expr)
T = TypeVar("T")

_ASKED = ("where", "group", "having", "order")
SHARED = "shared"  # in the meta of a statement: the `Shared` of its binding


class Shared:
    """Trees that several statements have, by their ids, and what was made of each of them, by what made it. It is
    kept with the binding whose statements they are, and in the meta of those, of whose copies it is no part."""

    __slots__ = ("_composed", "_made", "plain", "trees")

    def __init__(self) -> None:
        self.trees: dict[int, exp.Expr] = {}  # which keeps them, so that their ids stay their own
        self.plain: set[str] = set()  # texts and names that were found to have no odd signs
        self._made: dict[Hashable, dict[int, Any]] = {}
        self._composed: dict[Hashable, exp.Expr] = {}

    def __deepcopy__(self, memo: object) -> Shared:
        return self

    def add(self, tree: exp.Expr) -> None:
        """Have one more tree, which nobody changes from now on."""
        self.trees[id(tree)] = tree

    def added(self, tree: E) -> E:
        """The tree, which is one of these now."""
        self.trees[id(tree)] = tree
        return tree

    def asked(self, what: Hashable, tree: exp.Expr, find: Callable[[], T]) -> T:
        """What `find` finds out of a tree: once, where it is shared."""
        if id(tree) not in self.trees:
            return find()
        known: dict[int, T] = self.made(what)
        if id(tree) not in known:
            known[id(tree)] = find()
        return known[id(tree)]

    def conjuncts(self, tree: exp.Expr) -> list[exp.Expr]:
        """The parts that AND joins at the top of a condition: shared, as it is."""
        if id(tree) not in self.trees:
            return conjuncts(tree)
        return self.asked(conjuncts, tree, lambda: list(map(self.added, conjuncts(tree))))

    def composed(self, by: Hashable, parts: tuple[exp.Expr | None, ...], make: Callable[[], exp.Expr]) -> exp.Expr:
        """What `make` composes of parts: once, where all of them are shared, and it is shared itself then. Else each
        time, since another part may get the id of one that is gone."""
        trees = self.trees
        for part in parts:
            if part is not None and id(part) not in trees:
                return make()
        known, key = self._composed, (by, *map(id, parts))
        if key not in known:
            known[key] = self.added(make())
        return known[key]

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
