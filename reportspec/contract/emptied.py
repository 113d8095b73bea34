"""A report over a source of which tables turn out to have no rows. What these rows would tell of other records (when
something was last done on a deal, which stage it was in) is as little known as if they were not mapped: counted as it
stands, every record would look as if nothing had ever happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reportspec.errors import Broken
from reportspec.model.findings import Check, Finding
from reportspec.model.mapped import SourceMap
from reportspec.model.spec import Report
from reportspec.remembered import remembered
from reportspec.resolve.binding import Binding
from reportspec.resolve.emptiness import told_by


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


def emptied(binding: Binding, rows: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """The tables that the survey's rows find empty, while there are records of which they would tell something."""
    counted = {str(row["entity"]): row["rows"] for row in rows if str(row["entity"]) in binding.source.entities}
    return frozenset(
        name
        for name in telling(binding, counted)
        if not counted[name] and any(counted.get(other) for other in told_by(binding.catalogue, name))
    )


def over_empty(report: Report, rows: Iterable[Mapping[str, object]]) -> Report:
    """The report without what is told by tables that the survey's rows find empty; the same report where there are
    none. Raises Broken for what cannot be told without them."""
    source, empty = report.binding.source, emptied(report.binding, rows)
    return report if empty <= source.empty else checked_over(report, replace(source, empty=source.empty | empty))


def empty_tables(report: Report, found: Iterable[Finding]) -> list[Finding]:
    """That tables have no rows of which nothing is told for this reason, as far as it is not among what was `found`."""
    said = {finding.check.entity for finding in found if finding.check.kind == "no-rows" and not finding.examples}
    return [Finding(Check("no-rows", name), 0, 0) for name in sorted(report.binding.source.empty - said)]
