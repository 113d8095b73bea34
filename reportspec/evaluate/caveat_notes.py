"""What checks of an audit find wrong with the rows of a figure, and what these take from a history for want of it in
their records, as footnotes at the figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reportspec.calendar import period_label
from reportspec.languages import as_part
from reportspec.measures.answers import Answers
from reportspec.measures.audit_wording import called, text_in
from reportspec.measures.caveats import Caveats, Failed, shows_all
from reportspec.measures.left_out import LeftOut
from reportspec.measures.metric_columns import Footnotes, label, marked, name_on
from reportspec.measures.stand_ins import StandIn
from reportspec.measures.words import word
from reportspec.model.audits import AuditCheck
from reportspec.model.column_ids import SideName
from reportspec.model.figures import Column, Remark, Section
from reportspec.model.spec import Report


def with_caveats(
    report: Report, answers: Answers, sections: tuple[Section, ...], caveats: Caveats, footnotes: Footnotes
) -> tuple[Section, ...]:
    """The sections with a mark at each metric that rows which fail a check endanger: where it stands first among the
    sections that show all rows of the report, and its period. Each check is one footnote of a section, and so is each
    field that comes from the history of the same rows; so is what is left out of them. A section of a part of the rows
    has what fails there of figures that stand in none of those. States of then that the history does not have, and that
    none of these tells of, stand at a table by them, though it shows a part of the rows."""
    left, stood_in, out = dict(caveats.failed), dict(caveats.stand_ins), dict(caveats.left_out)
    marked_sections = []
    for spec, section in zip(report.sections, sections, strict=True):
        query = answers.aggregate(spec.id)
        whole = query is not None and shows_all(report, query)
        shown = {column.metric for column in (*section.columns, *(kpi.column for kpi in section.kpis))}
        names = [metric.id for metric in spec.metrics if metric.id in shown] if whole else []
        marks: dict[str, list[int]] = {}
        if whole:
            failed = {name: left.pop(name) for name in names if name in left}
        else:  # of a tile without a figure nothing is to be checked
            none = {kpi.column.metric for kpi in section.kpis if kpi.value is None}
            failed = {name: of for name, of in caveats.within.get(spec.id, {}).items() if name not in none}
        for (check, side), counts in _by_check(failed).items():
            mark = footnotes.add(_text(report, check, side, counts))
            for name in counts:
                marks.setdefault(name, []).append(mark)
        for stand_in, of in _by_stand_in({name: stood_in.pop(name) for name in names if name in stood_in}).items():
            mark = footnotes.add(*_by_history(report, stand_in, of))
            for name in of:
                marks.setdefault(name, []).append(mark)
        for metric in [name for name in names if name in out]:
            for text in _left_out(report, out.pop(metric)):
                marks.setdefault(metric, []).append(footnotes.add(text))
        marked_sections.append(_marked(section, marks) if marks else section)
    for place, (spec, section) in enumerate(zip(report.sections, marked_sections, strict=True)):
        query = answers.aggregate(spec.id)
        if query is None or query.sides[:1] != report.sides[:1] or not _has_a_row_without_a_name(section):
            continue
        shown = {column.metric for column in section.columns}
        names = [metric.id for metric in spec.metrics if metric.id in shown]
        unknown = {name: [one for one in stood_in.pop(name) if one.unknown] for name in names if name in stood_in}
        marks = {}
        for stand_in, of in _by_stand_in(unknown).items():
            text, remark = _by_history(report, stand_in, of)
            remark = remark and replace(remark, kind="before_history_unfiltered")
            mark = footnotes.add(f"{text} {word(report.language, 'without_own_filter')}", remark)
            for name in of:
                marks.setdefault(name, []).append(mark)
        marked_sections[place] = _marked(section, marks) if marks else section
    return tuple(marked_sections)


def _has_a_row_without_a_name(section: Section) -> bool:
    """Whether a table has rows that no state is known of."""
    keys = [place for place, column in enumerate(section.columns) if column.role == "dimension"]
    return any(row[place] is None for row in section.rows for place in keys)


def _by_check(failed: Mapping[str, Failed]) -> dict[tuple[AuditCheck, SideName], dict[str, int]]:
    """Of how many rows of each metric a check fails on a side: what several figures of a section share is said once."""
    found: dict[tuple[AuditCheck, SideName], dict[str, int]] = {}
    for name, checks in failed.items():
        for check, side, count in checks:
            found.setdefault((check, side), {})[name] = count
    return found


def _by_stand_in(found: Mapping[str, Sequence[StandIn]]) -> dict[StandIn, list[str]]:
    """What comes from a history, with the metrics of which the same is to be told."""
    together: dict[StandIn, list[str]] = {}
    for name, stand_ins in found.items():
        for one in stand_ins:
            together.setdefault(one, []).append(name)
    return together


def _by_history(report: Report, found: StandIn, metrics: Sequence[str]) -> tuple[str, Remark | None]:
    """How many rows of these metrics have a field from the history alone, of how many, and what that adds; or of how
    many it does not have their state of then, which can be told together."""
    names = [label(report, report.binding.catalogue.metrics[name].label) for name in metrics]
    names = [name_on(report, found.side, name) for name in names]
    entity = report.binding.entity(found.entity)
    rows = label(report, entity.label if found.rows == 1 else entity.plural)
    given = (", ".join(names), report.number(found.count), report.number(found.rows), as_part(report.language, rows))
    if found.unknown:
        more = f" ({report.money(found.amount)})" if found.amount is not None else ""
        what = word(report.language, "part_before_history", *given[1:], more)
        return word(report.language, "before_history", *given, more), Remark("before_history", given[0], what)
    name, _, own = found.field.partition(".")
    field = label(report, report.binding.catalogue.entities[name].fields[own].label)
    if found.amount is None:
        return word(report.language, "by_history", *given, field), None
    return word(report.language, "by_history_amount", *given, field, report.money(found.amount)), None


def _left_out(report: Report, found: Iterable[LeftOut]) -> Iterator[str]:
    """How many rows a figure leaves out for want of a field, and what they amount to: of each field what is left out of
    the report's own figure, and of those that it is compared with."""
    of_field: dict[tuple[str, ...], list[LeftOut]] = {}
    for one in found:
        if one.side in report.side_names:
            of_field.setdefault(one.field, []).append(one)
    for alike in of_field.values():
        yield " ".join(_left_out_on(report, one) for one in alike)


def _left_out_on(report: Report, found: LeftOut) -> str:
    entity = report.binding.entity(found.entity)
    rows = as_part(report.language, label(report, entity.label if found.count == 1 else entity.plural))
    field = label(report, report.binding.resolve(found.entity, found.field).field.label)
    amount = f" ({report.money(found.amount)})" if found.amount is not None else ""
    given = (report.number(found.count), rows, field, amount)
    name = "left_out_so_far" if found.so_far else "left_out"
    compared = report.comparison(found.side)
    if compared is None:
        return word(report.language, name, *given)
    return word(report.language, f"{name}_of", *given, period_label(compared.period, report.language, report.locale))


def _text(report: Report, check: AuditCheck, side: SideName, counts: Mapping[str, int]) -> str:
    """Which metrics have rows that fail a check on a side, how many, and what that means."""
    same = len(set(counts.values())) == 1
    labels = {name: label(report, report.binding.catalogue.metrics[name].label) for name in counts}
    names = [
        name_on(report, side, labels[name]) + ("" if same else f" ({report.number(count)})")
        for name, count in counts.items()
    ]
    found = called(report.binding, check, report.language)
    if same:
        found += f" ({report.number(next(iter(counts.values())))})"
    meaning = text_in(check.meaning, report.language)
    return word(report.language, "caveat", ", ".join(names), found, meaning).rstrip()


def _marked(section: Section, marks: Mapping[str, Sequence[int]]) -> Section:
    def column(one: Column) -> Column:
        for mark in marks.get(one.metric or "", ()):
            one = marked(one, mark)
        return one

    return replace(
        section,
        columns=tuple(map(column, section.columns)),
        kpis=tuple(replace(kpi, column=column(kpi.column)) for kpi in section.kpis),
    )
