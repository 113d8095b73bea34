"""What a kind of section is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.metric_columns import Footnotes
from reportspec.measures.words import word
from reportspec.model.figures import Section
from reportspec.model.query import Query
from reportspec.model.spec import Report, SectionSpec
from reportspec.sections.context import Context, Draft


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of section: its spec, what checks one as it is written (none where nobody writes one), the queries that
    it needs, and its figures from their rows. `columns` names its columns for a chart of one's own; there is none
    where it has no rows. The metrics that it shows stand under `metrics`."""

    spec: type[SectionSpec]
    check: Callable[[Context, Draft], SectionSpec | None] | None
    queries: Callable[[Report, Any], tuple[Query, ...]]
    figures: Callable[[Report, Any, Answers, Footnotes], Section]
    columns: Callable[[Context, Any], tuple[str, ...]] | None = None
    metrics: str = ""

    @property
    def name(self) -> str:
        """The key under which a section of it is written."""
        return self.spec.kind


def section_of(spec: SectionSpec, **parts: Any) -> Section:
    """The figures of a section: what all kinds of them have, and the parts of its own."""
    notes = (*parts.pop("notes", ()), *said_of(spec))
    return Section(id=spec.id, kind=spec.kind, title=spec.title, notes=notes, break_before=spec.break_before, **parts)


def or_none_there(report: Report, section: Section) -> Section:
    """The section of a table, which says so where it has no rows: what else is said of it would stand alone, as if
    its table had been forgotten."""
    if section.rows or not section.columns:
        return section
    return replace(section, notes=(word(report.language, "none_there"), *section.notes))


def said_of(spec: SectionSpec) -> tuple[str, ...]:
    """What its author says of a section, and what this source cannot serve of it."""
    return tuple(note for note in (spec.note, *spec.omitted) if note)
