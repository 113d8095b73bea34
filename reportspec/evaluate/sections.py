"""A section's figures from its tables: rows, totals, comparisons, what was cut and left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from reportspec.calendar import Bucket, bucket_label, instant, period_label, same_point
from reportspec.evaluate.answers import Answers
from reportspec.evaluate.bridge import with_bridge
from reportspec.evaluate.goals import goal_state
from reportspec.evaluate.metrics import counted, metric_value, number, summed
from reportspec.evaluate.words import word
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.languages import alphabetical, as_part, in_number, vocabulary
from reportspec.model.columns import BUCKET, IDLE, Aggregated, ColumnId, Member, PeriodDays, Rank, Row, SideName, Target
from reportspec.model.domain import Field, Metric
from reportspec.model.figures import Cell, Chart, Column, Kpi, RowMark, Section
from reportspec.model.query import AggregateQuery, Dimension, Side
from reportspec.model.spec import Report, SectionSpec
from reportspec.plan import ADDITIVE, CONVERTED, without_history
from reportspec.resolve.binding import metrics_needed
from reportspec.resolve.called import called
from reportspec.resolve.currencies import multiplier, needs_currency, only_amount
from reportspec.sql.records import AVAILABLE

SIDES: tuple[SideName, ...] = ("current", "previous")
FEW = 30  # cases under which a rate says little


@dataclass(slots=True)
class Footnotes:
    """The report's footnotes, numbered as they come. `unnamed` are the entities of which some amounts
    have no currency."""

    unnamed: Collection[str] = ()
    texts: list[str] = field(default_factory=list)

    def add(self, text: str) -> int:
        """The number of a footnote, a new one if it is not there yet."""
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1


def in_reading_order(sections: Sequence[Section], texts: Sequence[str]) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """The sections with their footnotes numbered as a reader meets them, and the footnotes in that
    order; those that no figure points at come last."""
    met: dict[int, None] = {}
    for section in sections:
        columns = [*(kpi.column for kpi in section.kpis), *section.columns]
        met.update(dict.fromkeys(section.footnotes))
        met.update(dict.fromkeys(n for column in columns for n in column.footnotes))
    order = [*met, *(n for n in range(1, len(texts) + 1) if n not in met)]
    place = {number: at for at, number in enumerate(order, 1)}

    def column(one: Column) -> Column:
        return replace(one, footnotes=tuple(sorted(place[n] for n in one.footnotes)))

    numbered = tuple(
        replace(
            section,
            columns=tuple(map(column, section.columns)),
            kpis=tuple(replace(kpi, column=column(kpi.column)) for kpi in section.kpis),
            footnotes=tuple(sorted(place[n] for n in dict.fromkeys(section.footnotes))),
            notes=tuple(dict.fromkeys(section.notes)),
        )
        for section in sections
    )
    return numbered, tuple(texts[number - 1] for number in order)


def label(report: Report, texts: Mapping[str, str]) -> str:
    """A catalogue text in the report's language."""
    return texts.get(report.language) or texts["en"]


def said_of(spec: SectionSpec) -> tuple[str, ...]:
    """What its author says of a section, and what this source cannot serve of it."""
    return tuple(n for n in (spec.note, *spec.omitted) if n)


def text_section(report: Report, spec: SectionSpec, answers: Answers, footnotes: Footnotes) -> Section:
    """A text of the author's."""
    return Section(spec.id, "text", spec.title, text=spec.text, notes=said_of(spec), break_before=spec.break_before)


def lengths(report: Report, side: Side, bucket: Bucket | None = None) -> Row:
    """How many days of a side (or of one of its buckets) have begun, for formulas."""
    start, end = (bucket.start, bucket.end) if bucket else (side.start, side.end)
    limit = side.as_of.astimezone(report.binding.zone)
    begun = limit.date() + timedelta(days=1 if limit.time() > time.min else 0)
    days = max(0, (min(end, begun) - start).days)
    return {PeriodDays(side.name): days}


def all_lengths(report: Report) -> Row:
    """The same for all sides, and the targets of goals."""
    found = {key: value for side in report.sides for key, value in lengths(report, side).items()}
    return {**found, **targets(report)}


def targets(report: Report) -> Row:
    """The targets of goals for the whole period, for formulas."""
    return {Target(metric): goal.target for metric, goal in report.goals.items() if goal.target is not None}


def additivity(query: AggregateQuery | None) -> dict[ColumnId, str]:
    """How each fetched column adds up over rows."""
    found: dict[ColumnId, str] = {}
    for measure in query.measures if query is not None else ():
        if not measure.metric:
            continue  # the place of a row in the order of its entity
        how = {"count": "sum", "sum": "sum", "min": "min", "max": "max"}.get(measure.aggregate, "none")
        if measure.keep != "value":
            how = "sum"
        for side in query.sides if query is not None else ():
            found[measure.on(side)] = how
    return found


def metric_column(report: Report, metric: Metric, footnotes: Footnotes, row: Row | None) -> Column:
    """A metric's column, with the footnotes that its values in a row call for."""
    marks = []
    if metric.caveat:
        marks.append(footnotes.add(label(report, metric.caveat)))
    if row is not None:
        for part in metrics_needed(report.binding.catalogue, metric):
            name = label(report, part.label)
            if missing := row.get(Aggregated(part.id, "missing")):
                # What came converted from another entity does not tell why it is missing.
                direct = Aggregated(part.id, "other_currency") in row
                made = not direct and _converted_before(report, part)
                lacks = _lacking(report, part)
                said = "missing_or_rate" if made else "missing_one_of" if lacks else "missing"
                said = said if part.unit == "currency" else "missing_value"
                counts = _counted(report, part, missing)
                if said != "missing_value" or metric.unit != "currency":  # whose amounts say it already
                    marks.append(footnotes.add(word(report.language, said, name, counts, lacks)))
            if other := row.get(Aggregated(part.id, "other_currency")):
                text = word(
                    report.language,
                    "other_or_no_currency" if part.entity in footnotes.unnamed else "other_currency",
                    name,
                    _counted(report, part, other),
                    report.binding.currency,
                )
                marks.append(footnotes.add(text))
            marks += [footnotes.add(text) for text in _of_the_past(report, part, row)]
    kind = "integer" if metric.unit == "count" and metric.kind == "aggregate" else "number"
    return Column(
        metric.id,
        label(report, metric.label),
        kind,  # type: ignore[arg-type]
        metric.unit,  # type: ignore[arg-type]
        "metric",
        metric.id,
        metric.direction,
        report.binding.currency if metric.unit == "currency" else None,
        metric.decimals,
        tuple(dict.fromkeys(marks)),
    )


def _of_the_past(report: Report, part: Metric, row: Row) -> list[str]:
    """What is to be said of amounts without what they are multiplied by, and of states of the past
    that the source does not tell."""
    language, said = report.language, []
    name = label(report, part.label)
    unknown = max(row.get(Aggregated(part.id, "unknown", side)) or 0 for side in SIDES)
    incomplete = (row.get(Aggregated(part.id, "incomplete")) or 0) - (row.get(Aggregated(part.id, "unknown")) or 0)
    if incomplete > 0 and part.of is not None:
        by = multiplier(report.binding, part.entity, part.of)
        # An expression of the amount alone may have no value either, such as one divided by 0.
        lacks = label(report, by.label) if by is not None else name
        counted = _counted(report, part, incomplete)
        said.append(word(language, "incomplete", name, counted, lacks))
    entity = without_history(report.binding, part)
    if entity is not None:
        named = as_part(language, label(report, entity.plural))
        said.append(word(language, "as_of_today", named))
        if unknown:
            said.append(word(language, "unknown_past", name, _counted(report, part, unknown)))
    return said


def _converted_before(report: Report, part: Metric) -> bool:
    """Whether a metric's amounts were converted in the entity that they come from."""
    return part.of is not None and needs_currency(report.binding, part.entity, part.of)


def _lacking(report: Report, part: Metric) -> str:
    """What a value is made of, any of which may be missing; nothing where it is an amount alone."""
    assert part.of is not None
    if only_amount(report.binding, part.entity, part.of) is not None:
        return ""  # what else may be missing is told by itself
    paths = dict.fromkeys(map(path_of, column_nodes(part.of)))
    fields = [report.binding.resolve(part.entity, path).field for path in paths if len(path) > 1]
    names = list(dict.fromkeys(label(report, one.label) for one in fields))
    return ", ".join(names) if len(names) > 1 else ""


def _counted(report: Report, metric: Metric, count: Any) -> str:
    entity = report.binding.entity(metric.entity)
    name = label(report, entity.label if count == 1 else entity.plural)
    return f"{in_number(report.language, int(count))} {as_part(report.language, name)}"


def _previous(report: Report, column: Column) -> Column:
    return Column(
        f"{column.name}__previous",
        word(report.language, "previous", column.label),
        column.type,
        column.unit,
        "previous",
        column.metric,
        column.direction,
        column.currency,
        column.decimals,
    )


def change(metric: Metric, value: Cell, previous: Cell) -> float | None:
    """The change against the comparison: relative, or in fractions for percentages."""
    if not isinstance(value, (int, float)) or not isinstance(previous, (int, float)):
        return None
    if metric.unit == "percent":
        return float(number(value - previous) or 0.0)
    return float(number((value - previous) / abs(previous)) or 0.0) if previous else None


def kpis_section(report: Report, spec: SectionSpec, answers: Answers, footnotes: Footnotes) -> Section:
    """Tiles, or the steps of a funnel."""
    notes = said_of(spec)
    rows = answers.rows(spec.id)
    row = {**(rows[0] if rows else {}), **all_lengths(report)}
    catalogue = report.binding.catalogue
    compared = report.compare is not None
    columns: list[Column] = []
    cells: list[Cell] = []
    kpis = []
    for metric in spec.metrics:
        column = metric_column(report, metric, footnotes, row)
        value = metric_value(catalogue, metric, row)
        if value is None and metric.kind == "ratio":
            base = label(report, catalogue.metrics[metric.denominator].label)
            said = word(report.language, "no_base", label(report, metric.label), base)
            column = _marked(column, footnotes.add(said))
        columns.append(column)
        cells.append(value)
        before = None
        if compared:
            before = metric_value(catalogue, metric, row, "previous")
            columns.append(_previous(report, column))
            cells.append(before)
        spark = _spark(report, spec, metric, answers)
        kpis.append(
            Kpi(
                column,
                value,
                before,
                change(metric, value, before) if compared else None,
                goal_state(report, metric, report.goals.get(metric.id), value),
                spark,
            )
        )
    chart = None
    if spec.kind == "funnel":
        return _funnel(report, spec, columns, cells, notes)
    return Section(
        spec.id,
        "kpis",
        spec.title,
        tuple(columns),
        (tuple(cells),),
        None,
        1,
        (),
        tuple(kpis),
        chart,
        notes=notes,
        break_before=spec.break_before,
    )


def _funnel(
    report: Report,
    spec: SectionSpec,
    columns: list[Column],
    cells: list[Cell],
    notes: tuple[str, ...],
) -> Section:
    """Steps as rows: what is left of the step before, and of the first."""
    language = report.language
    names = vocabulary(language)["funnel"]
    step, count = names["step"], names["number"]
    before, first = names["of_previous"], names["of_first"]
    unit = columns[0].unit
    heads = [
        Column("step", step, "text", role="dimension"),
        Column("value", count, columns[0].type, unit, "metric", currency=columns[0].currency),
    ]
    width = 2 if report.compare else 1
    if report.compare:
        heads.append(
            Column(
                "value__previous",
                word(language, "previous", count),
                columns[0].type,
                unit,
                "previous",
                currency=columns[0].currency,
            )
        )
    heads += [
        Column("of_previous_step", before, "number", "percent", "metric"),
        Column("of_first_step", first, "number", "percent", "metric"),
    ]
    values = cells[::width]
    rows = []
    for index, metric in enumerate(spec.metrics):
        own: list[Cell] = [label(report, metric.label), *cells[index * width : (index + 1) * width]]
        for base in (values[index - 1] if index else None, values[0]):
            value = values[index]
            usable = isinstance(value, (int, float)) and isinstance(base, (int, float)) and base
            own.append(number(value / base) if usable else None)  # type: ignore[operator]
        rows.append(tuple(own))
    return Section(
        spec.id,
        "funnel",
        spec.title,
        tuple(heads),
        tuple(rows),
        None,
        len(rows),
        chart=Chart("funnel", "step", ("value",)),
        notes=notes,
        break_before=spec.break_before,
    )


def _spark(report: Report, spec: SectionSpec, metric: Metric, answers: Answers) -> tuple[float | None, ...]:
    query = answers.aggregate(spec.id, "buckets")
    if query is None:
        return ()
    fetched = {m.metric for m in query.measures}
    if not {p.id for p in metrics_needed(report.binding.catalogue, metric)} <= fetched:
        return ()
    by_bucket = {row[BUCKET]: row for row in answers.rows(spec.id, "buckets")}
    points: list[float | None] = []
    for index, bucket in enumerate(query.sides[0].buckets):
        if instant(bucket.start, report.binding.zone) >= report.reached:
            break
        row = {**by_bucket.get(index, {}), **lengths(report, query.sides[0], bucket)}
        value = metric_value(report.binding.catalogue, metric, row)
        points.append(None if value is None else float(value))
    return tuple(points) if sum(p is not None for p in points) >= 2 else ()


def trend_section(report: Report, spec: SectionSpec, answers: Answers, footnotes: Footnotes) -> Section:
    """A row for each step of the period."""
    notes = said_of(spec)
    query = answers.aggregate(spec.id)
    assert query is not None
    current = query.sides[0].buckets
    rows = answers.rows(spec.id)
    total = _total_row(report, spec, rows, answers)
    catalogue, compared = report.binding.catalogue, report.compare is not None
    columns: list[Column] = [Column("period", word(report.language, "period"), "date", role="period")]
    by = spec.dimensions[0] if spec.dimensions else None
    if by is not None:
        columns.append(dimension_column(report, by))
    for metric in spec.metrics:
        column = metric_column(report, metric, footnotes, total)
        columns.append(column)
        if compared:
            columns.append(_previous(report, column))
    groups: list[Any] = [None]
    if by is not None:
        adds = additivity(answers.aggregate(spec.id))
        groups = sorted(
            {row[Member(0)] for row in rows if counted(row, adds)},
            key=lambda value: by_nature(report, by, value),
        )
    found = {(row[BUCKET], row.get(Member(0))): row for row in rows}
    body: list[tuple[Cell, ...]] = []
    labels = []
    marks: list[RowMark] = []
    with_year = report.period.start.year != (report.period.end - timedelta(days=1)).year
    limit = report.reached
    partial_from = ahead_from = None
    ahead = {metric.id for metric in spec.metrics if any(part.ahead for part in metrics_needed(catalogue, metric))}
    for index, bucket in enumerate(current):
        future = instant(bucket.start, report.binding.zone) >= limit
        mark = _mark(report, bucket)
        if partial_from is None and instant(bucket.end, report.binding.zone) > limit:
            partial_from = index
        ahead_from = index if future and ahead_from is None else ahead_from
        for group in groups:
            row = dict(found.get((index, group), {}))
            for side in query.sides:
                if index < len(side.buckets):
                    row |= lengths(report, side, side.buckets[index])
            cells: list[Cell] = [bucket.start]
            if by is not None:
                cells.append(shown_value(report, by, group))
            for metric in spec.metrics:
                unknown = future and metric.id not in ahead
                cells.append(None if unknown else metric_value(catalogue, metric, row))
                if compared:
                    told = metric.id in ahead or _answers(report, query.sides, index)
                    before = metric_value(catalogue, metric, row, "previous") if told else None
                    cells.append(before)
            body.append(tuple(cells))
            labels.append(bucket_label(bucket, report.language, with_year, report.locale))
            marks.append(mark)
    total_cells: tuple[Cell, ...] | None = None
    if spec.totals and all(m.time is not None for metric in spec.metrics for m in metrics_needed(catalogue, metric)):
        lead: list[Cell] = [None] * (2 if by is not None else 1)
        total_cells = (*lead, *_metric_cells(report, spec, total, total))
    apart = [
        bucket_label(bucket, report.language, with_year, report.locale)
        for index, bucket in enumerate(current)
        if _apart(report, query.sides, index)
    ]
    if apart:
        notes = (*notes, word(report.language, "steps_apart", ", ".join(apart)))
    chart = None
    if spec.chart != "none" and body:
        kind = {"bar": "bar", "stacked": "stacked"}.get(spec.chart or "", "line" if len(current) > 1 else "bar")
        first = spec.metrics[0]
        goal = report.goals.get(first.id)
        shown = goal.target if goal and first.unit in ("percent", "days", "ratio") else None
        chart = Chart(
            kind,  # type: ignore[arg-type]
            "period",
            tuple(m.id for m in spec.metrics) if kind == "stacked" and by is None else (first.id,),
            by.name if by else None,
            shown,
            None,
            partial_from,
            ahead_from,
        )
    return Section(
        spec.id,
        "trend",
        spec.title,
        tuple(columns),
        tuple(body),
        total_cells,
        len(body),
        tuple(labels),
        row_marks=tuple(marks),
        chart=chart,
        notes=notes,
        break_before=spec.break_before,
    )


def _mark(report: Report, bucket: Bucket) -> RowMark:
    """What stands at a step's name while the step is not over, whatever is drawn of it."""
    begins, ends = instant(bucket.start, report.binding.zone), instant(bucket.end, report.binding.zone)
    if ends <= report.reached:
        return ""
    if report.ended is not None:
        return "no_data_yet" if begins >= report.reached else "in_part"
    return "not_begun" if begins >= report.reached else "in_progress"


def _apart(report: Report, sides: tuple[Side, ...], index: int) -> bool:
    """Whether a step and the one of the other period were cut to different lengths by the bounds of
    their periods: 1 to 4 October, and 1 to 6 September. One that is not over is compared as far as it
    has come."""
    if len(sides) < 2 or index >= len(sides[1].buckets):
        return False
    bucket, before = sides[0].buckets[index], sides[1].buckets[index]
    over = instant(bucket.end, report.binding.zone) <= report.reached
    cut = bucket.partial or before.partial
    return over and cut and bucket.end - bucket.start != before.end - before.start


def _answers(report: Report, sides: tuple[Side, ...], index: int) -> bool:
    """Whether a bucket has one of the other period to stand beside. Where an unfinished period cuts
    one of the two, both must be the same stretch: four days of a week say nothing beside one."""
    current, other = sides
    if index >= len(other.buckets) or _apart(report, sides, index):
        return False
    zone, bucket, before = report.binding.zone, current.buckets[index], other.buckets[index]
    bounds = [
        (instant(one.start, zone), instant(one.end, zone), side.as_of)
        for side, one in ((current, bucket), (other, before))
    ]
    if not report.unfinished or all(end <= reached for _, end, reached in bounds):
        return True
    if any(start >= reached for start, _, reached in bounds):
        return False
    assert report.compare is not None
    own, there = ((start, min(end, reached)) for start, end, reached in bounds)
    return there == tuple(same_point(at, report.period, report.compare, zone, report.alignment) for at in own)


def _metric_cells(report: Report, spec: SectionSpec, row: Row, total: Row) -> list[Cell]:
    cells: list[Cell] = []
    for metric in spec.metrics:
        cells.append(metric_value(report.binding.catalogue, metric, row, "current", total))
        if report.compare is not None:
            cells.append(metric_value(report.binding.catalogue, metric, row, "previous", total))
    return cells


def _total_row(report: Report, spec: SectionSpec, rows: Sequence[Row], answers: Answers) -> dict[ColumnId, Any]:
    """The aggregates over all rows: added up where they add up, else fetched on their own."""
    total = summed(rows, additivity(answers.aggregate(spec.id)))
    for own in answers.rows(spec.id, "totals")[:1]:
        total |= own
    return {**total, **all_lengths(report)}


def dimension_column(report: Report, dimension: Dimension) -> Column:
    """A dimension's column."""
    found = dimension.field
    text = called(report.binding, dimension.path[0], dimension.path, report.language)
    kind = "text" if dimension.bins or found.type not in ("integer", "boolean") else found.type
    return Column(dimension.name, text, kind, None, "dimension")


def shown_value(report: Report, dimension: Dimension, value: Any) -> Cell:
    """A dimension's value as readers know it."""
    if not dimension.bins:
        return _labelled(report, dimension.field, value)
    if value is None:
        return None
    index, bins = int(value), dimension.bins
    names = [_grouped(report, b) for b in bins]
    united = [_with_unit(report, dimension.field, b) for b in bins]
    if index == 0:
        return word(report.language, "below", united[0])
    if index == len(bins):
        return word(report.language, "from", united[-1])
    return word(report.language, "between", names[index - 1], united[index])


def _with_unit(report: Report, field: Field, bound: float) -> str:
    """A bound of a field's bins with what it counts: `60 days`, `5,000 EUR`."""
    words = vocabulary(report.language)["report"]
    units = {
        "days": words["day"]["one" if bound == 1 else "many"],
        "minutes": words["minute"],
        "seconds": words["second"],
    }
    unit = report.binding.currency if field.type == "money" else units.get(field.unit or "")
    return f"{_grouped(report, bound)} {unit}" if unit else _grouped(report, bound)


def _grouped(report: Report, value: float) -> str:
    return in_number(report.language, value, ",.10g")


def breakdown_section(report: Report, spec: SectionSpec, answers: Answers, footnotes: Footnotes) -> Section:
    """A row for each member of the dimensions."""
    notes = said_of(spec)
    compared = report.compare is not None
    rows = [{**row, **all_lengths(report)} for row in answers.rows(spec.id)]
    adds = additivity(answers.aggregate(spec.id))
    total = _total_row(report, spec, rows, answers)
    count = len(spec.dimensions)
    binned = count == 1 and bool(spec.dimensions[0].bins)
    if binned:
        there = {row[Member(0)] for row in rows}
        rows += [
            {Member(0): index, **all_lengths(report)}
            for index in range(len(spec.dimensions[0].bins) + 1)
            if index not in there
        ]
    columns = [dimension_column(report, d) for d in spec.dimensions]
    for metric in spec.metrics:
        column = metric_column(report, metric, footnotes, total)
        columns.append(column)
        if compared:
            columns.append(_previous(report, column))
    # A row stands for what was counted in it, not for what its figures come to: 0 % of 20 is one.
    kept = [
        (row, _metric_cells(report, spec, row, total))
        for row in rows
        if counted(row, adds) or row.get(IDLE) or (binned and row[Member(0)] is not None)
    ]
    kept = _ordered(report, spec, kept)
    subtotals: tuple[tuple[int, tuple[Cell, ...]], ...] = ()
    if spec.subtotals:
        kept, subtotals = _in_groups(report, spec, kept, answers, total)
    available = len(kept)
    few = _few(report, spec, kept, footnotes)
    if few:
        columns = [c if c.metric not in few else _marked(c, few[c.metric]) for c in columns]
    body = [
        (*(shown_value(report, d, row[Member(i)]) for i, d in enumerate(spec.dimensions)), *cells)
        for row, cells in kept
    ]
    others = 0
    if spec.top is not None and available > spec.top:
        rest = [row for row, _ in kept[spec.top :]]
        body = body[: spec.top]
        if spec.others:
            name: list[Cell] = [word(report.language, "others", len(rest)), *([None] * (count - 1))]
            merged = {**summed(rest, adds), **all_lengths(report)}
            cells = _metric_cells(report, spec, merged, total)
            unknown = _not_merged(report, spec, footnotes)
            told = zip(columns[count:], cells, strict=True)
            body.append((*name, *(None if c.metric in unknown else cell for c, cell in told)))
            columns = [_marked(c, unknown[c.metric]) if c.metric in unknown else c for c in columns]
            available, others = len(body), len(rest)
    total_cells = None
    if spec.totals and kept:
        total_cells = (*([None] * count), *_metric_cells(report, spec, total, total))
    made = Section(
        spec.id,
        "breakdown",
        spec.title,
        tuple(columns),
        tuple(body),
        total_cells,
        available,
        chart=_breakdown_chart(report, spec, binned, total),
        notes=notes,
        break_before=spec.break_before,
        others=others,
        subtotals=subtotals,
    )
    return with_bridge(made)


def _in_groups(
    report: Report, spec: SectionSpec, kept: list[Any], answers: Answers, total: Row
) -> tuple[list[Any], tuple[tuple[int, tuple[Cell, ...]], ...]]:
    """The rows in groups by the first field, and the total of each group, from the source's rows. The
    groups are in the order in which rows of theirs would be."""
    first = replace(spec, dimensions=spec.dimensions[:1])
    groups: dict[Any, list[Any]] = {}
    for item in kept:
        groups.setdefault(item[0][Member(0)], []).append(item)
    own = []
    for row in answers.rows(spec.id, "subtotals"):
        if row[Member(0)] in groups:
            row = {**row, **all_lengths(report)}
            own.append((row, _metric_cells(report, spec, row, total)))
    rows: list[Any] = []
    found = []
    for row, cells in _ordered(report, first, own):
        rows += groups[row[Member(0)]]
        name = shown_value(report, spec.dimensions[0], row[Member(0)])
        found.append((len(rows), (name, *([None] * (len(spec.dimensions) - 1)), *cells)))
    return rows, tuple(found)


def _marked(column: Column, mark: int) -> Column:
    return (
        replace(column, footnotes=tuple(dict.fromkeys((*column.footnotes, mark))))
        if column.role == "metric"
        else column
    )


def _few(report: Report, spec: SectionSpec, kept: list[Any], footnotes: Footnotes) -> dict[str | None, int]:
    """Rates that rest on few cases in some row."""
    found: dict[str | None, int] = {}
    catalogue = report.binding.catalogue
    for metric in spec.metrics:
        if metric.kind != "ratio" or metric.unit != "percent":
            continue
        base = catalogue.metrics[metric.denominator]
        if base.unit != "count":
            continue
        counts = [metric_value(catalogue, base, row) for row, _ in kept]
        if any(c is not None and 0 < c < FEW for c in counts):
            few = word(report.language, "few", label(report, metric.label), FEW)
            found[metric.id] = footnotes.add(few)
    return found


def _not_merged(report: Report, spec: SectionSpec, footnotes: Footnotes) -> dict[str | None, int]:
    """Metrics that rows do not tell of several rows together (medians, distinct counts), with the
    footnote that says so."""
    found: dict[str | None, int] = {}
    for metric in spec.metrics:
        needed = metrics_needed(report.binding.catalogue, metric)
        if any(part.aggregate not in ADDITIVE for part in needed):
            said = word(report.language, "others_unknown", label(report, metric.label))
            found[metric.id] = footnotes.add(said)
    return found


def _place(row: Row) -> Any:
    """The place of a row in the order of its entity, as far as it is known."""
    return min((v for k, v in row.items() if isinstance(k, Rank) and v is not None), default=None)


def _ordered(report: Report, spec: SectionSpec, kept: list[Any]) -> list[Any]:
    """By the section's `sort`; else stages by their place, bins by their bounds, and other rows
    by the first metric, largest first. Ties go by name, so that the order is always the same."""

    def name(item: Any) -> tuple[Any, ...]:
        return tuple(by_nature(report, dimension, item[0][Member(at)]) for at, dimension in enumerate(spec.dimensions))

    kept = sorted(kept, key=name)
    turns = {turn: at for at, turn in enumerate(spec.dimensions[-1].turns if spec.dimensions else ())}
    width = len(spec.dimensions)
    if spec.sort is None and any(len(turn) == width for turn in turns):
        # The stages of one pipeline after those of another, each in its place.
        return sorted(
            kept, key=lambda item: turns.get(tuple(str(item[0][Member(at)] or "") for at in range(width)), len(turns))
        )
    step = 2 if report.compare is not None else 1
    places = [_place(row) for row, _ in kept]
    ordered = len(spec.dimensions) == 1 and any(place is not None for place in places)
    if spec.sort is None and spec.dimensions and spec.dimensions[0].bins:
        return sorted(kept, key=lambda item: (item[0][Member(0)] is None, item[0][Member(0)] or 0))
    if spec.sort is None and ordered:
        return sorted(kept, key=lambda item: (_place(item[0]) is None, _place(item[0]) or 0))
    by, descending = spec.sort or (spec.metrics[0].id, True)
    metrics = [m.id for m in spec.metrics]
    if by in metrics:
        at = metrics.index(by) * step
        some = [i for i in kept if i[1][at] is not None]
        none = [i for i in kept if i[1][at] is None]
        return sorted(some, key=lambda item: item[1][at] * (-1 if descending else 1)) + none
    at = [d.name for d in spec.dimensions].index(by)
    known = [i for i in kept if i[0][Member(at)] is not None]
    unknown = [i for i in kept if i[0][Member(at)] is None]
    return sorted(known, key=lambda item: name(item)[at], reverse=descending) + unknown


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


def _breakdown_chart(report: Report, spec: SectionSpec, binned: bool, total: Row) -> Chart | None:
    wanted = spec.chart or ("histogram" if binned else None)
    if wanted in (None, "none"):
        return None
    first = spec.metrics[0].id
    x = spec.dimensions[0].name
    if wanted == "heatmap" and len(spec.dimensions) == 2:
        values = spec.dimensions[1].field.value_labels.values()
        order = tuple(label(report, texts) for texts in values)
        return Chart("heatmap", x, (first,), spec.dimensions[1].name, categories=order)
    whole = _whole(report, spec, total)
    if wanted in ("waterfall", "pareto") and (whole is None or whole[0] is None):
        return None  # of what nobody knows the sum there are no steps to it
    if len(spec.dimensions) > 1:
        return Chart("stacked", x, (first,), spec.dimensions[1].name, whole=whole)
    kinds = {"bar": "hbar", "line": "hbar", "stacked": "hbar"}
    return Chart(kinds.get(str(wanted), wanted), x, (first,), whole=whole)  # type: ignore[arg-type]


def _whole(report: Report, spec: SectionSpec, total: Row) -> tuple[float | None, float | None] | None:
    """What the first metric comes to over all rows, now and before; None where rows do not add up."""
    first = spec.metrics[0]
    if not first.adds_up:
        return None
    cells = _metric_cells(report, replace(spec, metrics=(first,)), total, total)
    whole = tuple(None if cell is None else float(cell) for cell in cells)  # type: ignore[arg-type]
    return whole if len(whole) == 2 else (whole[0], None)


def records_section(report: Report, spec: SectionSpec, answers: Answers, footnotes: Footnotes) -> Section:
    """Rows of the source as they are."""
    notes = said_of(spec)
    query, table = answers.records(spec.id), answers.table(spec.id)
    assert query is not None
    assert table is not None
    columns = []
    for name, path in query.fields:
        found = report.binding.resolve(spec.entity, path).field
        text = called(report.binding, spec.entity, path, report.language)
        column = _field_column(report, name, text, found)
        if name in query.raw:
            column = replace(column, unit=None, currency=None)
        elif name.endswith(CONVERTED):
            column = replace(column, label=f"{column.label} ({column.currency})")
        columns.append(column)
    found_fields = [report.binding.resolve(spec.entity, path).field for _, path in query.fields]
    rows = [
        tuple(_labelled(report, field, value) for field, value in zip(found_fields, row, strict=False))
        for row in table.rows
    ]
    at = table.columns.index(AVAILABLE)
    available = int(table.rows[0][at]) if table.rows else 0
    return Section(
        spec.id,
        "records",
        spec.title,
        tuple(columns),
        tuple(rows),
        None,
        available,
        notes=(*_which(report, spec), *notes),
        break_before=spec.break_before,
    )


def _which(report: Report, spec: SectionSpec) -> tuple[str, ...]:
    """Which records a list has, in words."""
    if spec.listed is None:
        return ()
    found = report.binding.entity(spec.entity).fields.get(spec.listed.time)
    name = label(report, found.label) if found is not None else ""
    period = period_label(report.period, report.language, report.locale)
    return (word(report.language, f"records_{spec.listed.which}", period, name),)


def _field_column(report: Report, name: str, text: str, found: Field) -> Column:
    kind = {"key": "text", "money": "number", "time": "date"}.get(found.type, found.type)
    unit = "currency" if found.type == "money" else found.unit
    return Column(
        name,
        text,
        kind,  # type: ignore[arg-type]
        unit,  # type: ignore[arg-type]
        "field",
        currency=report.binding.currency if found.type == "money" else None,
    )


def _labelled(report: Report, field: Field, value: Any) -> Cell:
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
