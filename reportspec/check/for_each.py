"""`for_each`: whom reports are for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlglot import exp

from reportspec.check.deliver_texts import names_in
from reportspec.check.recipients_file import recipients_table
from reportspec.diagnostics import suggestion
from reportspec.model.domain import Field
from reportspec.model.query import Dimension
from reportspec.model.spec import EACH, Each
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.resolve.conditions import a_kind, condition, field_named, user_condition
from reportspec.resolve.document import Document, Place

_OF_ONE = (
    "name",
    "email",
)  # fields that one row alone usually has; of two that share one it is told when they are listed


def each_of(document: Document, binding: Binding, data: Mapping[str, Any], root: Path) -> Each | None:
    """What `for_each` asks for, or None where there is none or it is wrong."""
    written = data.get("for_each")
    if written is None:
        return None
    spec = written if isinstance(written, dict) else {"field": written}
    path: Place = ("for_each", "field") if isinstance(written, dict) else ("for_each",)
    if not spec.get("field"):
        return None  # the schema has said so
    name = str(spec["field"])
    dimension = field_named(binding, document, name, path)
    if dimension is None:
        return None
    if dimension.type not in ("text", "key"):
        document.tell(
            "bad-each",
            f"`{name}` is {a_kind(dimension)}: reports are made for each value of a text",
            path,
            "name a text, such as `user.name`",
        )
        return None
    tree = condition(binding, document, {"field": name, "eq": EACH}, path, {})
    if tree is None:
        return None
    try:
        binding.need_reference(dimension.entity, binding.resolve(dimension.entity, (dimension.entity, dimension.name)))
    except Unresolved as why:
        document.tell(why.code, f"`{name}` cannot be listed: {why.message}", path, why.help)
        return None
    table = recipients_table(document, str(spec["recipients"]), root) if spec.get("recipients") else None
    return Each(
        Dimension(name, tuple(name.split(".")), dimension),
        tree,
        _which(document, binding, data, spec, dimension.entity),
        _each_fields(document, binding, data, dimension, table),
        table,
    )


def _which(
    document: Document, binding: Binding, data: Mapping[str, Any], spec: Mapping[str, Any], entity: str
) -> tuple[exp.Expr, ...]:
    """The condition on which a value has a report, if there is one."""
    place: Place = ("for_each", "where")
    if not spec.get("where"):
        return ()
    where = user_condition(document, binding, str(spec["where"]), place, data)
    if where is None:
        return ()
    try:
        binding.need_some(entity, where)
    except Unresolved as why:
        message = f"the values cannot be chosen so: {why.message}"
        document.tell(why.code, message, place, why.help)
        return ()
    return (where,)


def _each_fields(
    document: Document,
    binding: Binding,
    data: Mapping[str, Any],
    of: Field,
    table: Mapping[str, Mapping[str, str]] | None,
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The fields of the entity that the texts of `deliver` name as `each.…`."""
    entity = of.entity
    columns_of: dict[str, tuple[str, ...]] = {}
    columns = {key for row in (table or {}).values() for key in row}
    for name, place in names_in(data.get("deliver")):
        short = name.removeprefix("each.")
        if name.partition(".")[0] != "each" or short == "value" or short in columns:
            continue
        if binding.field(entity, short) is None:
            known = [*columns, *(field.name for field in binding.fields(entity)), "value"]
            near = suggestion(short, known) if name.startswith("each.") else "did you mean `value`?"
            help = near.replace("`", "`each.", 1) if near else f"`{entity}` has {', '.join(known[:8])}"
            why = f": `{entity}` has no `{short[:40]}`" if name.startswith("each.") else " by itself"
            message = f"`{{{{ {name[:60]} }}}}` stands for nothing{why}"
            document.tell("unknown-field", message, place, help)
            continue
        try:
            binding.need_reference(entity, binding.resolve(entity, (entity, short)))
        except Unresolved as why_not:
            message = f"`{{{{ {name} }}}}` is not known here: {why_not.message}"
            document.tell(why_not.code, message, place, why_not.help)
            continue
        columns_of[short] = (entity, short)
        if of.type != "key" and of.name not in (*_OF_ONE, short):
            document.tell(
                "shared-each",
                f"`{{{{ {name} }}}}` is known only where all rows of one `{of.id}` have the same: else nothing is sent",
                place,
                f"name them in a file: `for_each: {{field: {of.id}, recipients: recipients.csv}}`",
                warning=True,
            )
    return tuple(columns_of.items())
