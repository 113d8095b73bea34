"""The unit of a metric of one's own that names none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlglot import exp

from reportspec.expression.sandbox import path_of
from reportspec.model.domain import Entity, Metric

_OF_AMOUNTS = ("sum", "average", "min", "max", "median", "percentile")
_LIKE_ITS_PARTS = (exp.Paren, exp.Neg, exp.Abs, exp.Add, exp.Sub, exp.Coalesce, exp.Greatest, exp.Least)


def with_unit(metric: Metric, spec: Mapping[str, Any], entities: Mapping[str, Entity]) -> Metric:
    """The metric as it is written in `spec`, in the report's currency where it is an amount and no unit is named: a sum
    of money without its currency would read as a plain number."""
    amounts = metric.kind == "aggregate" and metric.aggregate in _OF_AMOUNTS and metric.of is not None
    if "unit" in spec or not amounts:
        return metric
    assert metric.of is not None
    return replace(metric, unit="currency") if _is_money(entities, metric.of) else metric


def _is_money(entities: Mapping[str, Entity], tree: exp.Expr) -> bool:
    """Whether an expression is an amount of money: one is, or is multiplied or divided by something else."""
    match tree:
        case exp.Column() | exp.Dot():
            return _field_type(entities, path_of(tree)) == "money"
        case exp.Mul():
            return _is_money(entities, tree.this) is not _is_money(entities, tree.expression)
        case exp.Div():
            return _is_money(entities, tree.this) and not _is_money(entities, tree.expression)
        case _ if isinstance(tree, _LIKE_ITS_PARTS):
            return any(_is_money(entities, part) for part in tree.iter_expressions())
        case exp.Case():
            results = [*(one.args["true"] for one in tree.args["ifs"]), tree.args.get("default")]
            return any(_is_money(entities, one) for one in results if one is not None)
        case _:
            return False


def _field_type(entities: Mapping[str, Entity], path: tuple[str, ...]) -> str:
    """The type of a field as it is named; empty of one that there is not, which is told elsewhere."""
    at = entities.get(path[0])
    for step in path[1:-1]:
        relation = at.relations.get(step) if at is not None else None
        at = entities.get(relation.to) if relation is not None else None
    field = at.fields.get(path[-1]) if at is not None and len(path) > 1 else None
    return field.type if field is not None else ""
