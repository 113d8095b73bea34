"""The bounds of a section's columns, with a sentence that says what their mark means."""

from __future__ import annotations

from dataclasses import replace

from reportspec.languages import in_number, in_parts, percent_sign, vocabulary
from reportspec.model.figures import Column, Section
from reportspec.model.spec import Bound, Report, SectionSpec
from reportspec.sections.records import CONVERTED


def with_marks(report: Report, spec: SectionSpec, section: Section) -> Section:
    """The section with its bounds, which a note tells where a value is beyond one."""
    # Of an amount in its own currency that in the report's is held against the bound, which is in it.
    where = {name.removesuffix(CONVERTED): name for name in sorted(column.name for column in section.columns)}
    bounds = {where.get(bound.column, bound.column): bound for bound in spec.marks}
    columns = tuple(
        replace(column, below=bound.below, above=bound.above)
        if (bound := bounds.get(column.name)) is not None and column.role in ("metric", "field")
        else column
        for column in section.columns
    )
    beyond = [
        column
        for place, column in enumerate(columns)
        if any(column.marks(row[place], cut=at in section.cut_rows) for at, row in enumerate(section.named_rows))
    ]
    section = replace(section, columns=columns)
    if not beyond:
        return section
    told = in_parts(report.language, (_told(report, column, bounds[column.name]) for column in beyond))
    return replace(section, notes=(vocabulary(report.language)["marks"]["all"].format(told), *section.notes))


def _told(report: Report, column: Column, bound: Bound) -> str:
    words = vocabulary(report.language)["marks"]
    sides = [
        str(words[key]).format(_measured(report, column, value))
        for key, value in (("below", bound.below), ("above", bound.above))
        if value is not None
    ]
    return f"{column.label} {words['or'].format(*sides) if len(sides) > 1 else sides[0]}"


def _measured(report: Report, column: Column, value: float) -> str:
    """A bound with its unit: `30%`, `60 days`, `€5,000`."""
    words = vocabulary(report.language)
    if column.unit == "percent":
        return percent_sign(report.language, in_number(report.language, value * 100, ",.10g"))
    units = {
        "days": words["report"]["day"]["one" if value == 1 else "many"],
        "minutes": words["report"]["minute"],
        "seconds": words["report"]["second"],
    }
    if column.unit == "currency":
        return report.money(value, ",.15g", currency=column.currency)
    unit = units.get(column.unit or "")
    text = in_number(report.language, value, ",.15g")
    return f"{text} {unit}" if unit else text
