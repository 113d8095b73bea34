"""Which rows are there at an instant, and which of a record's rows is the one of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.expression.trees import any_of, column, copied
from reportspec.model.domain import Entity
from reportspec.resolve.moments import Moment
from reportspec.sql.history import CHANGED

if TYPE_CHECKING:
    from reportspec.sql.scope import Scope


def there_at(scope: Scope, alias: str, cte: str, entity: Entity, moment: Moment) -> list[exp.Expr]:
    """That a row is there at a moment."""
    assert entity.exists_from is not None
    scope.statement.need(cte, entity.exists_from)
    created = column(alias, entity.exists_from)
    storage = scope.binding.storage(entity.name, entity.exists_from)
    times = [(created, scope.instant(moment.as_of, storage))]
    # What happened to a record before it was created happened all the same: those that came
    # from an older system carry the day of the move. So it is there from what happened first,
    # changes in its history included; and it was always there only if nothing of it has a time.
    for name in events_of(entity):
        if scope.given(entity, name):
            scope.statement.need(cte, name)
            kept = scope.binding.storage(entity.name, name)
            times.append((column(alias, name), scope.instant(moment.as_of, kept)))
    if entity.derived is None and scope.statement.versioned(entity.name):
        times.append((column(alias, CHANGED), scope.instant(moment.as_of, "time")))
    return [there_by(times)]


def there_by(times: Sequence[tuple[exp.Expr, exp.Expr]]) -> exp.Expr:
    """That a row is there by its times, each beside the instant by which it is: one of them lies before, or none is
    told."""
    happened = [exp.LT(this=copied(time), expression=bound) for time, bound in times]
    untold: list[exp.Expr] = [exp.Is(this=copied(time), expression=exp.Null()) for time, _ in times]
    return any_of([exp.and_(*untold), *happened])


def valid_at(scope: Scope, alias: str, moment: Moment) -> list[exp.Expr]:
    """That a row is the one of its record that holds at a moment."""
    since, until = column(alias, "valid_from"), column(alias, "valid_until")
    return [
        any_of(
            [
                exp.Is(this=since, expression=exp.Null()),
                exp.LT(this=copied(since), expression=scope.instant(moment.as_of, "time")),
            ]
        ),
        any_of(
            [
                exp.Is(this=until, expression=exp.Null()),
                exp.GTE(this=copied(until), expression=scope.instant(moment.as_of, "time")),
            ]
        ),
    ]


def events_of(entity: Entity) -> list[str]:
    """The times of what ends the state in which a record begins."""
    return list(dict.fromkeys(f.as_of.event for f in entity.fields.values() if f.as_of))
