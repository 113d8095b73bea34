"""What checks of an audit find wrong with the rows of a figure, as footnotes at the figure."""

from __future__ import annotations

from dataclasses import replace

from reportspec.languages import in_number
from reportspec.measures.answers import Answers
from reportspec.measures.audit_wording import called, text_in
from reportspec.measures.caveats import Caveats
from reportspec.measures.metric_columns import Footnotes, label, marked
from reportspec.measures.words import word
from reportspec.model.audits import AuditCheck
from reportspec.model.figures import Column, Section
from reportspec.model.spec import Report


def with_caveats(
    report: Report, answers: Answers, sections: tuple[Section, ...], caveats: Caveats, footnotes: Footnotes
) -> tuple[Section, ...]:
    """The sections with a mark at each metric that rows which fail a check endanger: where it stands first among the
    sections that show all rows of the report, and its period."""
    left = dict(caveats.failed)
    marked_sections = []
    for spec, section in zip(report.sections, sections, strict=True):
        query = answers.aggregate(spec.id)
        whole = query is not None and query.sides[:1] == report.sides[:1] and query.conditions == report.conditions
        shown = {column.metric for column in (*section.columns, *(kpi.column for kpi in section.kpis))}
        names = [metric.id for metric in spec.metrics if metric.id in left and metric.id in shown] if whole else []
        marks = {name: footnotes.add(_text(report, name, left.pop(name))) for name in names}
        marked_sections.append(_marked(section, marks) if marks else section)
    return tuple(marked_sections)


def _text(report: Report, metric: str, failed: tuple[tuple[AuditCheck, int], ...]) -> str:
    """Which checks fail, for how many rows; of one alone what that means."""
    name = label(report, report.binding.catalogue.metrics[metric].label)
    found = [
        f"{called(report.binding, check, report.language)} ({in_number(report.language, count)})"
        for check, count in failed
    ]
    meaning = text_in(failed[0][0].meaning, report.language) if len(failed) == 1 else ""
    return word(report.language, "caveat", name, "; ".join(found), meaning).rstrip()


def _marked(section: Section, marks: dict[str, int]) -> Section:
    def column(one: Column) -> Column:
        mark = marks.get(one.metric or "")
        return marked(one, mark) if mark is not None else one

    return replace(
        section,
        columns=tuple(map(column, section.columns)),
        kpis=tuple(replace(kpi, column=column(kpi.column)) for kpi in section.kpis),
    )
