"""A report over a source of which tables turn out to have no rows. What these rows would tell of other records (when
something was last done on a deal, which stage it was in) is as little known as if they were not mapped: counted as it
stands, every record would look as if nothing had ever happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reportspec.errors import Broken
from reportspec.model.findings import Check, Finding
from reportspec.model.mapped import MappedField, SourceMap
from reportspec.model.spec import Report
from reportspec.remembered import remembered
from reportspec.resolve.binding import Binding
from reportspec.resolve.emptiness import told_by
from reportspec.sql.survey_sql import told_fields, untold


def checked_over(report: Report, source: SourceMap) -> Report:
    """A report's spec, checked again for a source that lacks some of what its mapping reads. Raises
    Broken for what cannot be told without it."""
    assert report.over is not None
    again = report.over(source)
    problems = [diagnostic for diagnostic in again.diagnostics if diagnostic.severity == "error"]
    if again.report is None or problems:
        raise Broken(problems)
    audits, before = report.audits, report.audited_before
    return replace(again.report, project=report.project, over=report.over, audits=audits, audited_before=before)


def telling(binding: Binding, read: Iterable[str]) -> frozenset[str]:
    """Of the entities that are read, those by whose rows something is told of others of them."""
    return _telling(binding, frozenset(read))


@remembered
def _telling(binding: Binding, read: frozenset[str]) -> frozenset[str]:
    tables = (name for name in read if binding.source.entities[name].parts)
    return frozenset(name for name in tables if told_by(binding.catalogue, name) & read)


def needs_rows(binding: Binding, read: Iterable[str]) -> bool:
    """Whether it hangs on the rows of what is read what can be told: on there being some, or values in them."""
    names = frozenset(read)
    return bool(telling(binding, names)) or any(told_fields(binding, name) for name in names)


def emptied(binding: Binding, rows: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """The tables that the survey's rows find empty, while there are records of which they would tell something."""
    counted = {str(row["entity"]): row["rows"] for row in rows if str(row["entity"]) in binding.source.entities}
    return frozenset(
        name
        for name in telling(binding, counted)
        if not counted[name] and any(counted.get(other) for other in told_by(binding.catalogue, name))
    )


def over_empty(report: Report, rows: Sequence[Mapping[str, object]]) -> Report:
    """The report without what is told by tables that the survey's rows find empty, and by fields that no row has which
    is to have them; the same report where there are none. Raises Broken for what cannot be told without them."""
    source, empty, without = report.binding.source, emptied(report.binding, rows), untold(report.binding, rows)
    if empty <= source.empty and not without:
        return report
    return checked_over(report, replace(_without(source, without), empty=source.empty | empty))


def _without(source: SourceMap, fields: frozenset[str]) -> SourceMap:
    """The map as if it did not have fields."""
    entities = dict(source.entities)
    for name in {field.partition(".")[0] for field in fields}:
        entity = entities[name]
        gone = {field.partition(".")[2] for field in fields if field.partition(".")[0] == name}
        parts = tuple(replace(part, fields=_but(part.fields, gone)) for part in entity.parts)
        entities[name] = replace(entity, parts=parts, fields=_but(entity.fields, gone))
    return replace(source, entities=entities, untold=source.untold | fields)


def _but(fields: Mapping[str, MappedField], gone: set[str]) -> Mapping[str, MappedField]:
    return {name: mapped for name, mapped in fields.items() if name not in gone}


def empty_tables(report: Report, found: Iterable[Finding]) -> list[Finding]:
    """That tables have no rows of which nothing is told for this reason, as far as it is not among what was `found`."""
    said = {finding.check.entity for finding in found if finding.check.kind == "no-rows" and not finding.examples}
    return [Finding(Check("no-rows", name), 0, 0) for name in sorted(report.binding.source.empty - said)]
