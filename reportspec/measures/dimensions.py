"""Dimensions and fields as readers know them: their columns, their values, the order of these."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp

from reportspec.languages import alphabetical, vocabulary
from reportspec.measures.arithmetic import number
from reportspec.measures.metric_columns import label
from reportspec.measures.words import word
from reportspec.model.domain import Field
from reportspec.model.figures import Cell, Column
from reportspec.model.query import ENDS_BEFORE, Dimension
from reportspec.model.spec import Report
from reportspec.resolve.binding import Binding
from reportspec.resolve.called import called

_ALL_DIGITS = ",.15g"  # that a number surely has


def dimension_column(report: Report, dimension: Dimension) -> Column:
    """A dimension's column."""
    field = dimension.field
    text = called(report.binding, dimension.path[0], dimension.path, report.language)
    kind = "text" if dimension.bins or field.type not in ("integer", "boolean") else field.type
    labels = () if dimension.bins else _labels(report, field)
    return Column(dimension.name, text, kind, None, "dimension", labels=labels, fixed=bool(dimension.bins))


def shown_value(report: Report, dimension: Dimension, value: Any) -> Cell:
    """A dimension's value as readers know it."""
    if not dimension.bins:
        return labelled_value(report, dimension.field, value)
    if value is None:
        return None
    index, bins = int(value), dimension.bins
    united = [_with_unit(report, dimension.field, b) for b in bins]
    if index == ENDS_BEFORE:
        return word(report.language, "ends_before", _with_unit(report, dimension.field, 0))
    if index == 0:
        return word(report.language, "below", united[0])
    if index == len(bins):
        return word(report.language, "from", united[-1])
    # Where the unit stands behind the number, it is said once: `5.000 bis unter 10.000 €`.
    low, whole = _grouped(report, bins[index - 1]), united[index - 1]
    return word(report.language, "between", low if whole.startswith(low) else whole, united[index])


def belonging_to(binding: Binding, named: Dimension) -> Dimension | None:
    """The record whose members have an order of their own in it, as a dimension: the pipeline of stages that are
    `named`. None for what belongs to nothing, or to what the source does not have."""
    entity = binding.entity(named.field.entity)
    own_order = isinstance(entity.order, exp.Column) and entity.order.table == entity.name
    for way in entity.told_apart_by if own_order and named.field.name == "name" else ():
        steps = tuple(way.split("."))
        theirs = (entity.name, *steps)
        if len(steps) > 1 and binding.serves(entity.name, theirs):
            path = (*named.path[:-1], *steps)
            return Dimension(".".join(path), path, binding.resolve(entity.name, theirs).field)
    return None


def order_within(binding: Binding, named: Dimension) -> tuple[Dimension, ...]:
    """By what members that are `named` stand in an order of their own: what they belong to, if there is such a thing,
    and their place. Nothing for those that have none, or where the source does not tell it."""
    entity = binding.entity(named.field.entity)
    order = entity.order
    if named.bins or named.field.name != "name" or not isinstance(order, exp.Column) or order.table != entity.name:
        return ()
    theirs = (entity.name, order.name)
    if not binding.serves(entity.name, theirs):
        return ()
    path = (*named.path[:-1], order.name)
    place = Dimension(".".join(path), path, binding.resolve(entity.name, theirs).field)
    group = belonging_to(binding, named)
    return (group, place) if group is not None else (place,)


def _with_unit(report: Report, field: Field, bound: float) -> str:
    """A bound of a field's bins with what it counts: `60 days`, `€5,000`."""
    words = vocabulary(report.language)["report"]
    units = {
        "days": words["day"]["one" if bound == 1 else "many"],
        "minutes": words["minute"],
        "seconds": words["second"],
    }
    if field.type == "money":
        return report.money(bound, _ALL_DIGITS)
    unit = units.get(field.unit or "")
    return f"{_grouped(report, bound)} {unit}" if unit else _grouped(report, bound)


def _grouped(report: Report, value: float) -> str:
    return report.number(value, _ALL_DIGITS)


def by_nature(report: Report, dimension: Dimension, value: Any) -> tuple[Any, ...]:
    """A key that sorts values of a dimension as what they are: numbers by their size, values that the
    catalogue or the mapping has in an order by their places, all else by the alphabet; none comes last."""
    if value is None:
        return (3,)
    place = dimension.field.places.get(str(value))
    if place is not None:
        return (0, place)
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return (1, value)
    return (2, alphabetical(report.language, str(value)))


def field_column(report: Report, name: str, text: str, found: Field) -> Column:
    kind = {"key": "text", "money": "number", "time": "date"}.get(found.type, found.type)
    unit = "currency" if found.type == "money" else found.unit
    return Column(
        name,
        text,
        kind,  # type: ignore[arg-type]
        unit,  # type: ignore[arg-type]
        "field",
        currency=report.binding.currency if found.type == "money" else None,
        decimals=found.decimals,
        labels=_labels(report, found),
    )


def _labels(report: Report, field: Field) -> tuple[tuple[str, str], ...]:
    """The values of a field that have a name, each with it."""
    return tuple((value, label(report, name)) for value, name in field.value_labels.items())


def labelled_value(report: Report, field: Field, value: Any) -> Cell:
    known = field.value_labels.get(str(value))
    return label(report, known) if known else _cell(report, value)


def _cell(report: Report, value: Any) -> Cell:
    """A database's value in the report's terms: times become days of its zone."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=report.binding.source_zone)
        return aware.astimezone(report.binding.zone).date()
    if isinstance(value, (Decimal, float)):
        return number(value)
    if value is None or isinstance(value, (str, int, bool, date)):
        return value
    return str(value)
