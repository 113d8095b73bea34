"""Fields of an entity that is made of a foreign dataset, and their types, of which foreign models say little."""

from __future__ import annotations

from sqlglot import exp

from reportspec.exchange.fitting_names import fitting_name
from reportspec.exchange.foreign import Kept, Model, Part, Table
from reportspec.exchange.fragments import read

_TYPES = {
    "string": "text",
    "integer": "integer",
    "decimal": "number",
    "float": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "time",
    "datetimetz": "time",
}
"""Types of fields by what foreign models call them, in small letters."""
_NUMBERS = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Sum, exp.Avg, exp.Median, exp.Min, exp.Max, exp.Ordered)


def type_of(datatype: str, otherwise: str) -> str:
    """The type of a field by its foreign type."""
    return _TYPES.get(datatype.lower(), otherwise)


def keep(model: Model, table: Table, name: str, part: Part, kind: str, sql: str = "") -> str:
    """The field of a table that an element of a foreign model is, made where there is none with its SQL yet; `kind` is
    its type, empty where nothing says it. Raises LeftOut."""
    sql = sql or part.text("expr") or part.text("name")
    tree = read(sql, model.dialect)
    label, description = part.text("label"), part.text("description")
    for known in table.fields.values():
        if known.sql == sql and (
            known.type == kind or not (known.type and kind) or {known.type, kind} == {"key", "text"}
        ):
            known.type = "key" if "key" in (known.type, kind) else kind or known.type
            known.label, known.description = known.label or label, known.description or description
            return known.name
    fitting = fitting_name(name, {*table.fields, *table.relations}, model.tool)
    table.fields[fitting] = Kept(fitting, sql, kind or _type_by_form(tree), label, description, part.place)
    return fitting


def _type_by_form(tree: exp.Expr) -> str:
    """The type of a field that its expression tells; empty where it does not."""
    tree = tree.unnest()
    return "boolean" if isinstance(tree, (exp.Predicate, exp.Not, exp.And, exp.Or, exp.Boolean)) else ""


def tell_type(kept: Kept, node: exp.Expr) -> None:
    """What the place of a field in an expression says about its type, if nothing did before."""
    if kept.type:
        return
    at, parent = node, node.parent
    while isinstance(parent, exp.Paren):
        at, parent = parent, parent.parent
    if isinstance(parent, (exp.Count, exp.Distinct, exp.Coalesce, exp.Nullif, exp.Case)) or (
        isinstance(parent, exp.Is) and isinstance(parent.expression, exp.Null)
    ):
        return
    if isinstance(parent, exp.If):
        kept.type = "boolean" if parent.this is at else ""
    elif parent is None or isinstance(parent, (exp.And, exp.Or, exp.Not, exp.Where)):
        kept.type = "boolean"
    elif isinstance(parent, _NUMBERS):
        kept.type = "number"
    else:
        kept.type = _of_neighbours([each for each in parent.iter_expressions() if each is not at])


def _of_neighbours(beside: list[exp.Expr]) -> str:
    """The type of a field by what it is compared with."""
    plain = [each.this if isinstance(each, exp.Neg) else each for each in beside]
    if any(isinstance(each, exp.Boolean) for each in plain):
        return "boolean"
    literals = [each for each in plain if isinstance(each, exp.Literal)]
    if any(not each.is_string for each in literals):
        return "number"
    return "text" if literals else ""
