"""How many rows the source has of each entity that a report reads, and how new they are."""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp

from reportspec.binding import Binding
from reportspec.sql.build import (
    OUTPUTS,
    alias_of,
    cast,
    column,
    instant_literal,
    literal,
    named,
    null,
    table,
    when,
)
from reportspec.sql.statement import Statement

CHANGES = ("updated_at", "created_at", "entered_at")


def freshness_statement(binding: Binding, entities: tuple[str, ...], now: datetime) -> exp.Expr:
    """One row for each entity: `entity`, `rows`, and `newest`, the latest change before now."""
    statement = Statement(binding)
    selects = []
    for name in entities:
        cte = statement.rows_only(name)
        times = []
        for field in CHANGES:
            found = binding.field(name, field)
            if (
                found
                and found.type == "time"
                and binding.mapped(name, field)
                and binding.storage(name, field) == "time"
            ):
                statement.need(cte, field)
                value = column(cte, field)
                bound = instant_literal(now, "time", binding.source_zone, binding.zone)
                times.append(
                    exp.Max(this=when(exp.LTE(this=value, expression=bound), value.copy()))
                )
        latest: exp.Expr = null("TIMESTAMP")
        if times:
            latest = cast(
                exp.Greatest(this=times[0], expressions=times[1:]) if len(times) > 1 else times[0],
                "TIMESTAMP",
            )
        selects.append(
            exp.Select()
            .select(named(literal(name), "entity"), named(exp.Count(this=exp.Star()), "rows"),
                    named(latest, "newest"))
            .from_(table(cte))
        )  # fmt: skip
    union: exp.Expr = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    final = (
        exp.Select().select(exp.Star()).from_(exp.Subquery(this=union, alias=alias_of("counts")))
    )
    finished = statement.finish(final)
    finished.meta[OUTPUTS] = {"entity": "text", "rows": "integer", "newest": "time"}
    return finished


def entities_read(tree: exp.Expr, binding: Binding) -> tuple[str, ...]:
    """The mapped entities whose rows a statement reads, by its CTEs."""
    with_ = tree.args.get("with_")
    names = [cte.alias.removesuffix("_row") for cte in with_.expressions] if with_ else []
    return tuple(
        n for n in names if n in binding.source.entities and binding.source.entities[n].parts
    )
