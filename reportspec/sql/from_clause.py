"""Where the rows of a SELECT are from: a CTE, and what is joined to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.expression.trees import (
    alias_of,
    table,
)
from reportspec.lazy_dataclass import dataclass

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Rows:
    """Where a SELECT's rows are from. The `small` ones of the joins bring rows of an entity with few, by nothing
    but its key."""

    source: exp.Table
    joins: Sequence[exp.Join]
    small: Sequence[exp.Join] = ()

    def attach(self, select: exp.Select, without: Sequence[exp.Join] = ()) -> exp.Select:
        """The SELECT with FROM and the joins, but those that it does `without`."""
        select = select.from_(self.source, copy=False)
        for join in self.joins:
            if not any(join is left for left in without):
                select.append("joins", join)
        return select


def aliased(cte: str, alias: str) -> exp.Table:
    """A CTE under an alias, if that is another name."""
    source = table(cte)
    if alias != cte:
        source.set("alias", alias_of(alias))
    return source
