"""How far the rows of an entity agree in a field where they agree in what is to determine it, as one SQL statement."""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp

from reportspec.expression.trees import alias_of, bare_key, column, copied, literal, named, when
from reportspec.model.audits import AuditCheck
from reportspec.resolve.audit_conditions import asked_of
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment
from reportspec.sql.scope import Scope
from reportspec.sql.statement import RecordStatement


def agreement_statement(binding: Binding, check: AuditCheck, now: datetime) -> exp.Expr:
    """One row, of what a check `determined_by` looks at: `every` row, how many have the `common`est value of all, how
    many `groups` of more than one row have the same in what determines, their `rows`, and how many of these have
    `agreed` with most of their group."""
    statement = RecordStatement(binding)
    moment = Moment("current", now, now, now)
    scope = Scope(statement, check.entity, moment)
    by, value = (bare_key(scope.compile(tree, moment)) for tree in (*check.by, *check.of))
    looked = scope.compile_optional(asked_of(binding, check).looked, moment)
    assert looked is not None
    every = exp.Count(this=exp.Star())
    select = exp.Select().select(named(copied(by), "k"), named(copied(value), "v"), named(every, "alike"))
    counted = scope.attach(select).where(copied(looked), copy=False).group_by(copied(by), copied(value), copy=False)
    alike = column("counted", "alike")

    def over(key: str) -> exp.Window:
        return exp.Window(this=exp.Sum(this=copied(alike)), partition_by=[column("counted", key)], over="OVER")

    seen = exp.Select().select(
        named(column("counted", "k"), "k"), named(copied(alike), "alike"), named(over("v"), "same")
    )
    seen = seen.from_(exp.Subquery(this=counted, alias=alias_of("counted")), copy=False)
    groups = exp.Select().select(
        named(exp.Sum(this=column("seen", "alike")), "rows"),
        named(exp.Max(this=column("seen", "alike")), "most"),
        named(exp.Max(this=column("seen", "same")), "common"),
    )
    groups = groups.from_(exp.Subquery(this=seen, alias=alias_of("seen")), copy=False)
    groups = groups.group_by(column("seen", "k"), copy=False)
    several = exp.GT(this=column("of", "rows"), expression=literal(1))

    def of_several(tree: exp.Expr) -> exp.Expr:
        return exp.Sum(this=when(copied(several), tree, literal(0)))

    cells = {
        "every": exp.Sum(this=column("of", "rows")),
        "common": exp.Max(this=column("of", "common")),
        "groups": of_several(literal(1)),
        "rows": of_several(column("of", "rows")),
        "agreed": of_several(column("of", "most")),
    }
    select = exp.Select().select(*(named(tree, name) for name, tree in cells.items()))
    select = select.from_(exp.Subquery(this=groups, alias=alias_of("of")), copy=False)
    return statement.finish(select, dict.fromkeys(cells, "integer"))
