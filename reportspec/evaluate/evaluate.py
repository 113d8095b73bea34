"""A report's figures from the tables that its queries gave."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from reportspec.calendar import Period, clock_label, day_label, day_within, period_label, stretch_label
from reportspec.evaluate.caveat_notes import with_caveats
from reportspec.evaluate.definition_notes import definition_of
from reportspec.evaluate.doubts import finding_text
from reportspec.evaluate.headline import headline_of, with_lead
from reportspec.evaluate.marks import with_marks
from reportspec.evaluate.section_messages import with_messages
from reportspec.evaluate.spellings import with_spellings
from reportspec.languages import in_parts, vocabulary
from reportspec.measures.answers import Answers
from reportspec.measures.caveats import caveats_of
from reportspec.measures.metric_columns import Footnotes, in_reading_order, label
from reportspec.measures.words import word
from reportspec.model.column_ids import Aggregated, Row
from reportspec.model.domain import Metric
from reportspec.model.figures import Chart, Definition, Figures, PeriodFigures, Section, Statement
from reportspec.model.findings import Finding
from reportspec.model.spec import Report, SectionSpec
from reportspec.resolve.binding import metrics_needed, parts
from reportspec.sections.registry import BY_NAME


def evaluate(
    report: Report,
    answers: Answers,
    statements: tuple[Statement, ...],
    row_counts: tuple[tuple[str, int], ...] = (),
    data_as_of: datetime | None = None,
    each: tuple[str, str] | None = None,
    told: Mapping[str, Sequence[Finding]] | None = None,
    known: Sequence[Finding] = (),
    unnamed: Collection[str] = (),
) -> Figures:
    """All figures of a report. `told` is what the source does not say as it should, by section;
    `known` stands in the appendix, with its reason. `unnamed` are the entities of which some amounts
    have no currency."""
    caveats, audited = caveats_of(report, answers), _audited(report)
    footnotes = Footnotes(unnamed, caveats.estimates)
    if not report.begun:  # nothing can be compared
        report = replace(report, compare=None, second=None, sides=report.sides[:1])
    sections = tuple(
        replace(
            _section(report, spec, answers, footnotes),
            keep_together=spec.keep_together,
            half=spec.half,
            footnotes=tuple(footnotes.add(finding_text(report, finding)) for finding in (told or {}).get(spec.id, ())),
        )
        for spec in report.sections
    )
    sections = with_caveats(report, answers, sections, caveats, footnotes)
    sections = tuple(section for section in sections if section.shape != "nothing")
    sections = with_spellings(report, sections)
    sections, texts = in_reading_order(with_messages(report, with_lead(report, sections)), footnotes.texts)
    besides = report.compared_besides
    return Figures(
        report=report.id,
        report_label=report.type_label,
        title=report.title,
        period=_named(report, report.period) if audited is None else _day_of(report, audited),
        compare=_named(report, report.compared) if report.compared is not None and audited is None else None,
        second=_named(report, besides) if besides is not None and audited is None else None,
        as_of=(audited or report.sides[0].as_of).astimezone(report.binding.zone),
        source_label=_source(report),
        data_as_of=data_as_of.astimezone(report.binding.zone) if data_as_of else None,
        filters=report.filter_texts,
        sections=sections,
        definitions=_definitions(report, answers, statements),
        statements=statements,
        footnotes=texts,
        remarks=footnotes.remarks,
        notices=(*_notices(report), *_much_left_out(report, footnotes)) if audited is None else (),
        language=report.language,
        locale=report.locale,
        currency=report.binding.currency,
        timezone=str(report.binding.zone),
        row_counts=row_counts,
        not_told=tuple(f"{finding_text(report, finding)} {finding.reason}" for finding in known),
        each=each,
        headline=headline_of(report, sections),
        titled=report.titled,
        theme=report.project.theme,
    )


def _audited(report: Report) -> datetime | None:
    """As of when a report is that shows nothing but what is wrong with its records: the records are those of today,
    whatever its period, and are compared with no other period's."""
    kinds = {spec.kind for spec in report.sections} - {"text"}
    return max((audit.at for audit in report.audits.values()), default=None) if kinds == {"quality"} else None


def _source(report: Report) -> str:
    """Where the data are from: what a database is called, or how many files there are."""
    source = report.project.source
    if source.kind != "files":
        return source.label
    words, count = vocabulary(report.language)["report"]["source_files"], len(source.files)
    return str(words["one" if count == 1 else "many"]).format(count=report.number(count))


def _section(report: Report, spec: SectionSpec, answers: Answers, footnotes: Footnotes) -> Section:
    """One section, computed."""
    section = with_marks(report, spec, BY_NAME[spec.kind].figures(report, spec, answers, footnotes))
    if spec.own_chart is None or not section.columns:
        return section
    chart = section.chart or Chart("own", "", ())
    chart = Chart(
        "own",
        "",
        (),
        partial_from=chart.partial_from,
        ahead_from=chart.ahead_from,
        vega_lite=spec.own_chart,
    )
    return replace(section, chart=chart)


def _named(report: Report, period: Period) -> PeriodFigures:
    label = period_label(period, report.language, report.locale)
    return PeriodFigures(period.start, period.end, label)


def _day_of(report: Report, at: datetime) -> PeriodFigures:
    """The day of an instant, as what a report is of that has no other period."""
    day = day_within(at, report.binding.zone)
    return PeriodFigures(day, day + timedelta(days=1), day_label(day, report.language, report.locale))


def _notices(report: Report) -> tuple[str, ...]:
    """What is to be known of the report as a whole: that its period is not over or its data end before
    it, and which stretch is compared then."""
    language = report.language
    if not report.unfinished:
        return ()
    local = report.reached.astimezone(report.binding.zone)
    clock = "" if local.time() == time() else clock_label(local.time(), language, report.locale)
    last = day_label(day_within(report.reached, report.binding.zone), language, report.locale)
    last = f"{last}, {clock}" if clock else last
    ended = report.ended is not None
    if not report.begun:
        return (word(language, "ended_before" if ended else "not_begun", last),)
    if report.compared is None:
        return (word(language, "ended" if ended else "unfinished", last),)
    stretch, then = _named(report, report.told).label, _named(report, report.compared).label
    if report.compared_besides is not None:
        then = word(language, "both", then, _named(report, report.compared_besides).label)
    if clock:  # of a day that is named
        stretch = stretch_label(report.told, language, report.locale)
        stretch = word(language, "stretch_until", stretch, clock)
    if ended:
        return (word(language, "ended_compared", last, stretch, then),)
    return (word(language, "unfinished_compared", stretch, then),)


def _much_left_out(report: Report, footnotes: Footnotes) -> tuple[str, ...]:
    """What is to be known before amounts are read that leave out much of their rows."""
    if not footnotes.much:
        return ()
    together: dict[str, list[str]] = {}
    for name, what in footnotes.much.items():
        together.setdefault(what, []).append(name)
    parts = [f"{', '.join(names)}: {what}" for what, names in together.items()]
    return (word(report.language, "much_left_out", in_parts(report.language, parts)),)


def _definitions(report: Report, answers: Answers, statements: tuple[Statement, ...]) -> tuple[Definition, ...]:
    """Each metric that is shown, once: what it means and which statement fetched it."""
    hashes = {s.section: s.sql_hash for s in reversed(statements)}
    definitions: dict[str, Definition] = {}
    for spec in report.sections:
        rows = answers.rows(spec.id)
        for metric in spec.metrics:
            if metric.id not in definitions:
                definitions[metric.id] = Definition(
                    metric.id,
                    label(report, metric.label),
                    definition_of(report, metric),
                    formula(report, metric),
                    metric.unit,  # type: ignore[arg-type]
                    hashes.get(spec.id, ""),
                    rows_read(report, metric, rows),
                )
    return tuple(definitions.values())


def rows_read(report: Report, metric: Metric, rows: Sequence[Row]) -> int | None:
    """Source rows behind a figure: those counted, or those with a value to add; of a ratio those
    of its denominator."""
    needed = metrics_needed(report.binding.catalogue, metric)
    part = needed[-1]
    column = Aggregated(part.id, "value" if part.aggregate == "count" else "n")
    values = [row[column] for row in rows if isinstance(row.get(column), int)]
    return sum(values) if values else 0 if rows else None


def formula(report: Report, metric: Metric) -> str:
    """How a metric is computed, in canonical names."""
    if metric.kind == "aggregate":
        inner = metric.of.sql("duckdb") if metric.of is not None else "*"
        name = {"count_distinct": "count distinct", "average": "mean"}.get(metric.aggregate, metric.aggregate)
        if metric.aggregate == "percentile":
            name = f"percentile {metric.percentile:g} of"
        text = f"{name}({inner}) from {metric.entity}"
        if metric.where is not None:
            text += f" where {metric.where.sql('duckdb')}"
        when = metric.time.sql("duckdb") if metric.time is not None else None
        return f"{text}; by {when} in the period" if when else f"{text}; as of the report's date"
    if metric.kind == "ratio":
        return f"{metric.numerator} / {metric.denominator}"
    if metric.kind == "derived":
        return metric.formula_text
    base = parts(metric)[0]
    if metric.kind == "share":
        return f"{base} / total {base}"
    other = "total" if metric.to == "total" else "all others'"
    return {
        "difference": f"{base} / {other} {base} - 1",
        "multiple": f"{base} / {other} {base}",
    }.get(metric.form, f"{other} {base} / {base}")
