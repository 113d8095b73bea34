"""The kinds of what stands in the catalogue's definitions."""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.types import ANY, CONDITION, KINDS, MOMENT, NUMBER, TEXT, Kind
from reportspec.model.domain import Field


def of_metrics(node: exp.Expr) -> Kind:
    """The kinds of names in a formula: metrics, which are numbers."""
    return Kind.NUMBER


def fitting(field: Field) -> frozenset[Kind]:
    """The kinds of expressions that give a field of its type."""
    kind = KINDS[field.type]
    return next((kinds for kinds in (CONDITION, NUMBER, TEXT, MOMENT) if kind in kinds), ANY)
