"""The CTEs of a statement about a few records: their past states are made from their own histories alone.

What a record was is a window over its own rows, so that the rows of others change nothing of it. An order of a whole
history for the sake of a hundredth of its records is what such a statement would take otherwise.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from reportspec.expression.sandbox import path_of
from reportspec.expression.trees import SOME, alias_of, column, named, names_cte, same_key, table
from reportspec.model.domain import Derived
from reportspec.resolve.binding import Binding
from reportspec.resolve.emptiness import made_of
from reportspec.sql.broken_history import Kept, kept_by
from reportspec.sql.broken_rows import field_of
from reportspec.sql.known_order import NOTHING_KNOWN, KnownOrder, narrower
from reportspec.sql.statement import Statement

Condition = Callable[[Statement, str], exp.Expr | None]  # of records, over a CTE; none is met by all


class SomeRecords(Statement):
    """The CTEs of a statement that asks for the states of an entity's records which meet a condition, of what they say
    today; those of others may be there or not. They are made by what is `known` of the order of rows."""

    called_alike = False

    def __init__(self, binding: Binding, entity: str, condition: Condition, known: KnownOrder = NOTHING_KNOWN) -> None:
        super().__init__(binding)
        self._known = known
        self._entity = binding.entity(entity)
        history = self._entity.history
        self._kept = kept_by(binding, entity, history.stage) if history is not None else None
        self._condition = condition

    def _as_known(self, derived: Derived, tree: exp.Expr) -> exp.Expr:
        return narrower(self.binding, self._known, derived, tree)

    def ctes(self) -> list[tuple[str, exp.Expr, str]]:
        """Name, tree and what it is, of each CTE, in an order in which each uses earlier ones."""
        kept, base = self._kept, self.today(self._entity.name)
        condition = self._condition(self, base) if kept is not None else None
        if kept is None or condition is None or self._entity.key is None:
            return super().ctes()
        mine = field_of(self, base, self._entity.name, self._entity.key)
        found = super().ctes()
        if kept.entity not in self._rows or not all(_of_each(self.binding, one, kept) for one in self._made(kept)):
            return found
        theirs = field_of(self, kept.entity, kept.entity, kept.by)
        # Equal keys of one kind are asked for as they are, others as texts.
        pair = same_key(theirs, mine)
        keys = exp.Select().select(named(pair.expression, "key")).from_(table(base))
        own = exp.In(this=pair.this, query=exp.Subquery(this=keys))
        narrowed = {base: condition, kept.entity: own}
        ctes = [(name, _those(tree, name, narrowed.get(name)), comment) for name, tree, comment in found]
        return _before(ctes, base)  # which others are chosen by

    def _made(self, kept: Kept) -> list[str]:
        """The entities of the statement that are made from the history."""
        names = (rows.entity.name for rows in self._derived.values())
        return [name for name in names if made_of(self.binding.catalogue, name)[-1] == kept.entity]


def _before(ctes: list[tuple[str, exp.Expr, str]], base: str) -> list[tuple[str, exp.Expr, str]]:
    """CTEs with one of them, and what it reads, before all others."""
    trees = {name: tree for name, tree, _ in ctes}
    first, waiting = set[str](), [base]
    while waiting:
        name = waiting.pop()
        if name in trees and name not in first:
            first.add(name)
            waiting += [one.name for one in trees[name].find_all(exp.Table) if names_cte(one)]
    return sorted(ctes, key=lambda cte: cte[0] not in first)


def _those(tree: exp.Expr, name: str, condition: exp.Expr | None) -> exp.Expr:
    """Those of a CTE's rows that meet a condition over it."""
    if condition is None:
        return tree
    first = tree
    while isinstance(first, exp.Union):
        first = first.this
    names = [one.alias for one in first.expressions]
    rows = exp.Subquery(this=tree, alias=alias_of(name))
    select = exp.Select().select(*(named(column(name, one), one) for one in names)).from_(rows).where(condition)
    select.meta[SOME] = True
    return select


def _of_each(binding: Binding, name: str, kept: Kept) -> bool:
    """Whether what is made from a history is made of each record's rows by themselves."""
    derived = binding.entity(name).derived
    if derived is None or derived.match is not None:
        return False
    if derived.group_by and not any(_leads_to_key(binding, name, one, kept) for one in derived.group_by):
        return False
    windows = (window for tree in derived.fields.values() for window in tree.find_all(exp.Window))
    return all(
        any(
            isinstance(one, exp.Column)
            and len(path_of(one)) == 2
            and _leads_to_key(binding, derived.source, path_of(one)[-1], kept)
            for one in window.args.get("partition_by") or ()
        )
        for window in windows
    )


def _leads_to_key(binding: Binding, entity: str, name: str, kept: Kept) -> bool:
    """Whether a field is the key by which the rows of a history are a record's."""
    while entity != kept.entity:
        derived = binding.entity(entity).derived
        tree = derived.fields.get(name) if derived is not None else None
        if derived is None or not isinstance(tree, exp.Column) or len(path_of(tree)) != 2:
            return False
        entity, name = derived.source, path_of(tree)[-1]
    return name == kept.by
