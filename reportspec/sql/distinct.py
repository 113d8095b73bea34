"""The values of a field as one SQL statement, each with other fields of its row."""

from __future__ import annotations

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.expression.trees import OUTPUTS, VALUES, all_of, conjuncts, literal, named, when
from reportspec.model.query import Side
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment
from reportspec.sql.aggregate import AS_OF
from reportspec.sql.scope import Scope
from reportspec.sql.statement import Statement

CHOSEN = "chosen"


def values_statement(
    binding: Binding,
    entity: str,
    names: tuple[str, ...],
    side: Side,
    conditions: tuple[exp.Expr, ...],
    only: tuple[exp.Expr, ...] = (),
) -> exp.Expr:
    """The statement: distinct rows of the fields `f0`, `f1`, … of an entity, or of what it leads to, the
    first never null, and whether the conditions hold for them (`chosen`, 1 or 0). With `only` it has every row
    for which these hold, also those that the database takes for one."""
    statement = Statement(binding)
    moment = Moment("current", side.as_of, instant(side.start, binding.zone), instant(side.end, binding.zone))
    scope = Scope(statement, entity, moment)
    select = exp.Select()
    for index, name in enumerate(names):
        value = scope.field((entity, *name.split(".")), moment)
        select = select.select(named(value, f"f{index}"), copy=False)
    first = scope.field((entity, names[0]), moment)
    exists = scope.exists(moment)
    conditions_of_trees: list[exp.Expr] = []
    for tree in conditions:
        conditions_of_trees += conjuncts(scope.compile(tree, moment, (), AS_OF))
    met = all_of(conditions_of_trees)
    chosen = literal(1) if met is None else when(met, literal(1), literal(0))
    select = select.select(named(chosen, CHOSEN), copy=False)
    exists.append(exp.Not(this=exp.Is(this=first, expression=exp.Null())))
    for tree in only:
        exists += conjuncts(scope.compile(tree, moment, (), AS_OF))
    select = scope.attach(select)
    condition = all_of(exists)
    assert condition is not None
    select = select.where(condition, copy=False)
    select = select if only else select.distinct(copy=False)
    final = statement.finish(select)
    final.meta[VALUES] = True
    final.meta[OUTPUTS] = {
        f"f{index}": binding.resolve(entity, (entity, *name.split("."))).field.type for index, name in enumerate(names)
    } | {CHOSEN: "integer"}
    return final
