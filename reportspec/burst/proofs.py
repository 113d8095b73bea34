"""Proofs that nobody gets another one's rows. What they find would be a mistake of the program."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.burst.isolation import unguarded
from reportspec.errors import SourceError
from reportspec.model.figures import Figures
from reportspec.model.query import Query
from reportspec.model.spec import Report

if TYPE_CHECKING:
    from reportspec.run.execute import Result


def check_filter(queries: Sequence[Query], trees: Sequence[exp.Expr], value: str, report: Report) -> None:
    """That each statement can return rows of the value only. Raises SourceError, which stops the
    report: it would be a mistake of the program, and is looked for before anything is sent."""
    assert report.each is not None
    field, targets = report.each.dimension.field.name, report.binding.catalogue.targets
    elsewhere = {targets.entity: targets.value}
    for query, tree in zip(queries, trees, strict=True):
        why = unguarded(tree, value, field, elsewhere)
        if why is not None:
            raise SourceError(
                "unfiltered",
                f"a statement of the section `{query.section}` is not cut to one value: {why}",
                "leave the section out, or build the report for all",
            )


def check_results(asked: Sequence[exp.Expr], found: Sequence[Result]) -> None:
    """That each result is that of the statement which it is taken for. Raises SourceError."""
    if len(asked) != len(found) or any(tree is not result.tree for tree, result in zip(asked, found, strict=True)):
        raise SourceError(
            "mixed-up",
            "the database's answers came in another order than they were asked for",
            "build it again; if it comes back, please report it",
        )


def check_figures(figures: Figures, values: Collection[str]) -> None:
    """That no row of the figures names another value. A row of all others together has a name of its own, which is
    none of the `values` that there are. Raises SourceError."""
    if figures.each is None:
        return
    name, value = figures.each
    for section in figures.sections:
        for place, column in enumerate(section.columns):
            if column.name != name:
                continue
            labels = dict(column.labels)  # by which cells call values
            own = {value, labels.get(value, value)}
            foreign = {named for one in values for named in (one, labels.get(one, one))} - own
            named = [row[place] for row in (*section.named_rows, *(row for _, row in section.subtotals))]
            together = [row[place] for row in section.rows[len(section.named_rows) :]]
            if any(cell is not None and str(cell) not in own for cell in named) or any(
                str(cell) in foreign for cell in together
            ):
                raise SourceError(
                    "unfiltered",
                    f"the section `{section.id}` has a row of another `{name}`",
                    "leave the section out, or build the report for all",
                )
