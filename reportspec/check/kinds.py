"""The kinds of what canonical names mean."""

from __future__ import annotations

from sqlglot import exp

from reportspec.binding import INSTANTS, Binding, Unresolved
from reportspec.expression import path_of
from reportspec.expression_types import ANY, CONDITION, KINDS, MOMENT, NUMBER, TEXT, Kind, Named
from reportspec.model import Field


def kinds_of(binding: Binding, base: str | None = None, paired: str | None = None) -> Named:
    """The kinds of fields as they are named from an entity, or from the first of their own names. What
    cannot be named is told elsewhere, and unknown here."""

    def named(node: exp.Expr) -> Kind:
        path = path_of(node)
        if len(path) == 1:
            return Kind.TIME if path[0] in INSTANTS else Kind.UNKNOWN
        try:
            if path[0] == paired and len(path) == 2:
                found = binding.field(*path)
            else:
                found = binding.resolve(base or path[0], path).field
        except Unresolved:
            return Kind.UNKNOWN
        return KINDS[found.type] if found is not None else Kind.UNKNOWN

    return named


def of_metrics(node: exp.Expr) -> Kind:
    """The kinds of names in a formula: metrics, which are numbers."""
    return Kind.NUMBER


def fitting(field: Field) -> frozenset[Kind]:
    """The kinds of expressions that give a field of its type."""
    kind = KINDS[field.type]
    return next((kinds for kinds in (CONDITION, NUMBER, TEXT, MOMENT) if kind in kinds), ANY)
