"""What a section is broken down by: fields, bins of numbers, times with their grain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from reportspec.calendar import GRAINS
from reportspec.diagnostics import NOT_SHOWN
from reportspec.expression.sandbox import path_of
from reportspec.model.domain import Metric
from reportspec.model.query import Dimension
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed
from reportspec.resolve.conditions import field_named
from reportspec.resolve.document import Place
from reportspec.sections.context import Context, Draft


def dimensions_of(context: Context, draft: Draft) -> tuple[Dimension, ...] | None:
    """What a section is broken down by; None where a field of it is none or cannot be grouped by, which is told."""
    written, inner = draft.body.get("by"), draft.inner
    if written is None:
        return ()
    items = written if isinstance(written, list) else [written]
    base: Place = (*inner, "by") if inner[:1] == ("sections",) else inner
    dimensions: list[Dimension] = []
    wrong = False
    for index, item in enumerate(items):
        place = (*base, index) if isinstance(written, list) else base
        if isinstance(item, dict) and "grain" in item:
            wrong = not _has_grain(context, item, place) or wrong
            continue
        name = str(item["field"]) if isinstance(item, dict) else str(item)
        if name.lower() in GRAINS:
            help = f"use a trend with `grain: {name.lower()}`: `trend: {{metrics: […], grain: {name.lower()}}}`"
            context.document.tell("bad-group", f"`{name}` is a stretch of time and no field", place, help)
            wrong = True
            continue
        field = field_named(context.binding, context.document, name, place)
        if field is None:
            wrong = True
            continue
        bins = tuple(float(b) for b in item.get("bins", ())) if isinstance(item, dict) else ()
        if bins and list(bins) != sorted(set(bins)):
            context.document.tell("bad-value", "the bounds of `bins` must rise", (*place, "bins"))
            wrong = True
        if bins and field.type not in ("integer", "number", "money"):
            context.document.tell(
                "bad-value", f"`{field.id}` is no number, so it has no bins", (*place, "bins"), "leave out `bins`"
            )
            wrong = True
        if field.type in ("date", "time") or (field.type in ("number", "money") and not bins):
            help = "give `bins: [10, 20, 50]`"
            if field.type in ("date", "time"):
                help = f"write `{{field: {name}, grain: month}}` in `by` of a section, or a `trend` with `grain`"
            context.document.tell("bad-group", f"`{name}` has too many values to group by", place, help)
            wrong = True
        if not wrong and draft.path is not None:
            # What no metric could be shown by is told where it stands, not at each of them.
            binding, owner = context.binding, field.entity
            try:
                binding.need_reference(owner, binding.resolve(owner, (owner, field.name)))
            except Unresolved as why:
                context.document.tell(why.code, f"`{name}`{NOT_SHOWN}{why.message}", place, why.help)
                wrong = True
        if draft.standard and field.type == "money":
            bins = _in_units(context.binding, bins)
        dimensions.append(Dimension(name, tuple(name.split(".")), field, bins))
    return None if wrong else tuple(dimensions)


def _in_units(binding: Binding, bounds: tuple[float, ...]) -> tuple[float, ...]:
    """Bounds of amounts that the catalogue has in euros or the like, as large in the report's currency as they are
    meant: 5,000 yen parts no deals from others."""
    units = dict(one.split() for one in binding.catalogue.lists["small_units"])
    return tuple(bound * int(units.get(binding.currency or "", 1)) for bound in bounds)


def dated_by(spec: Any) -> tuple[Mapping[str, Any], ...]:
    """What a section is broken down by that is a time with its grain."""
    by = spec.get("by") if isinstance(spec, dict) else None
    items = by if isinstance(by, list) else ()
    return tuple(item for item in items if isinstance(item, dict) and "grain" in item)


def _has_grain(context: Context, item: Mapping[str, Any], place: Place) -> bool:
    """Whether a field of a breakdown is a time, so that it has days, months and years."""
    field = field_named(context.binding, context.document, str(item["field"]), (*place, "field"))
    if field is None:
        return False
    if field.type not in ("date", "time"):
        context.document.tell(
            "bad-value", f"`{field.id}` is no date or time, so it has no grain", (*place, "grain"), "leave out `grain`"
        )
        return False
    if "bins" in item:
        context.document.tell(
            "bad-value", f"`{field.id}` is no number, so it has no bins", (*place, "bins"), "leave out `bins`"
        )
    return "bins" not in item


def counted_otherwise(context: Context, metric: Metric, name: str) -> Unresolved | None:
    """That a metric is not counted by the time that its section is broken down by: by another one, or as
    of an instant."""
    binding = context.binding
    for part in metrics_needed(binding.catalogue, metric):
        time = ".".join(path_of(part.time)) if isinstance(part.time, exp.Column) else ""
        if time == name:
            continue
        why_not = f"it is counted by {f'`{time}`' if time else 'a time of its own'}, not by `{name}`"
        if part.time is None:
            why_not = "it is what there is at a point in time, and counted by none"
        return Unresolved("bad-group", why_not, "a `trend` with `grain` shows each metric by its own time")
    return None
