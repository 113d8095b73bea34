"""A breakdown: a row for each member of one or more dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import counted, summed, without_left_out
from reportspec.measures.asked import ADDITIVE, measures
from reportspec.measures.cases import cases_of_row
from reportspec.measures.cautions import too_few, with_cautions
from reportspec.measures.dimensions import belonging_to, dimension_column, order_within, shown_value
from reportspec.measures.metric_columns import Footnotes, additivity, all_lengths, label, marked
from reportspec.measures.words import word
from reportspec.model.column_ids import IDLE, Aggregated, ColumnId, Member, Row
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Chart, Column, Section
from reportspec.model.query import ENDS_BEFORE, AggregateQuery, Dimension, Query
from reportspec.model.spec import GroupedSection, Report, SectionSpec
from reportspec.resolve.binding import metrics_needed
from reportspec.resolve.document import Place
from reportspec.sections import trend
from reportspec.sections.asked_dimensions import dated_by, dimensions_of
from reportspec.sections.asked_metrics import Rules, asked_metrics
from reportspec.sections.asking import also_second, conditions_of, rows_query, totals_query
from reportspec.sections.bridge import with_bridge
from reportspec.sections.context import Context, Draft, title_of
from reportspec.sections.goal_columns import with_goals
from reportspec.sections.metric_rows import column_names, metric_cells, metric_columns, total_row
from reportspec.sections.ordering import Kept, is_nameless, ordered
from reportspec.sections.section_kind import Kind, or_none_there, section_of
from reportspec.sections.sorting import sort_of
from reportspec.sections.states_of_today import closed_since, without_change
from reportspec.sections.text import nothing_served


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownSection(GroupedSection):
    """Metrics by dimensions: the first `top` rows in an order, and the others together."""

    kind: ClassVar[str] = "breakdown"
    tabled: ClassVar[bool] = True
    chart: str | None = None
    sort: tuple[str, bool] | None = None  # a column's name, descending
    top: int | None = None
    others: bool = False
    totals: bool = True
    subtotals: bool = False
    within: Dimension | None = None  # what the members of its only dimension belong to

    @property
    def groups(self) -> Dimension | None:
        """What rows stand in groups by, each with its subtotals: the first of their fields, where that is asked for,
        or what members that have an order of their own belong to."""
        return self.dimensions[0] if self.subtotals else self.within


def check(context: Context, draft: Draft) -> SectionSpec | None:
    """The metrics that the source can serve by these dimensions; by a time it is a trend."""
    if dated := dated_by(draft.body):
        return trend.check(context, _as_trend(context, draft, dated))
    dimensions, body = dimensions_of(context, draft), draft.body
    metrics = asked_metrics(context, draft, Rules(rows=True), dimensions or ())  # of which mistakes are told anyway
    if dimensions is None or not metrics:
        return nothing_served(context, draft, title_of(context, draft, "breakdown"))
    chart = body.get("chart")
    if chart in ("waterfall", "pareto"):
        _check_adding(context, str(chart), metrics[0], dimensions, (*draft.inner, "chart"))
    if body.get("subtotals"):
        _check_subtotals(context, draft, dimensions)
    plain = body.get("sort") is None and body.get("top") is None and body.get("totals", True)
    return BreakdownSection(
        **draft.common(context),
        title=title_of(context, draft, "breakdown", dimensions),
        conditions=draft.conditions,
        metrics=metrics,
        dimensions=dimensions,
        chart=chart,
        sort=sort_of(context, draft, metrics, dimensions),
        top=body.get("top"),
        others=bool(body.get("others", False)),
        totals=bool(body.get("totals", True)),
        subtotals=bool(body.get("subtotals", False)),
        within=_within(context, dimensions) if plain and chart in (None, "none", "bar") else None,
    )


def _within(context: Context, dimensions: tuple[Dimension, ...]) -> Dimension | None:
    """What the members of the only dimension belong to."""
    [only, *more] = dimensions or (None,)
    return None if only is None or more or only.bins else belonging_to(context.binding, only)


_OF_TRENDS = ("metrics", "by", "chart", "totals")  # of a breakdown, what a trend has as well


def _as_trend(context: Context, draft: Draft, dated: Sequence[Mapping[str, Any]]) -> Draft:
    """A breakdown by a time as the trend that it is: all steps of the period in their order. What rows in
    that order cannot have is told."""
    document, spec, inner = context.document, draft.body, draft.inner
    if len(dated) > 1 or len(spec["by"]) > 2:
        document.tell(
            "bad-group",
            "a breakdown by a time has one time and at most one other field",
            (*inner, "by"),
            "leave out the others, or make a section for each",
        )
    for key in spec:
        if key not in _OF_TRENDS and spec[key]:
            document.tell(
                "bad-value",
                f"rows by a time stand in its order, and all of them: `{key}` does not go with `grain`",
                (*inner, key),
                f"leave out `{key}` or `grain`",
                key=True,
            )
    chart = spec.get("chart", "bar")
    if chart not in ("bar", "stacked", "none"):
        document.tell(
            "bad-chart",
            f"rows by a time are drawn as bars, not as `{chart}`",
            (*inner, "chart"),
            "write `bar`, `stacked` or `none`, or a `trend` with `chart: line`",
        )
        chart = "bar"
    kept = {key: value for key, value in spec.items() if key in _OF_TRENDS}
    kept |= {"grain": dated[0]["grain"], "chart": chart}
    return replace(draft, data={**draft.data, draft.kind: kept})


def _check_subtotals(context: Context, draft: Draft, dimensions: tuple[Dimension, ...]) -> None:
    """Groups have several fields, and all of their rows."""
    place = (*draft.inner, "subtotals")
    if len(dimensions) < 2:
        context.document.tell(
            "bad-subtotals",
            "subtotals are those of the first of several fields",
            place,
            "name two fields in `by`, such as [user.team, user.name]",
        )
    elif draft.body.get("top"):
        context.document.tell(
            "bad-subtotals",
            "`top` would cut rows out of the groups that have subtotals",
            place,
            "leave out `top` or `subtotals`",
        )


def _check_adding(
    context: Context, chart: str, metric: Metric, dimensions: tuple[Dimension, ...], place: Place
) -> None:
    """The steps of a waterfall, and the bars of a Pareto chart, must add up to the whole."""
    if not metric.adds_up:
        context.document.tell(
            "bad-chart",
            f"`{metric.id}` does not add up over rows, so it has no {chart}",
            place,
            "put a count or a sum first, or use `chart: bar`",
        )
    elif len(dimensions) != 1 and chart == "waterfall":
        context.document.tell(
            "bad-chart", "a waterfall has one field whose values are its steps", place, "name one field in `by`"
        )
    elif len(dimensions) != 1:
        context.document.tell(
            "bad-chart",
            "a pareto has one field whose values are its bars",
            place,
            "name one field in `by`, or use `chart: stacked`",
        )


def queries(report: Report, spec: BreakdownSection) -> tuple[Query, ...]:
    """The rows, the groups' own, and what does not add up over all."""
    rows = rows_query(report, spec, report.sides, idle=True, beside=(spec.within,) if spec.within is not None else ())
    if not rows:
        return ()
    groups: tuple[Query, ...] = ()
    if spec.groups is not None:
        asked_measures, conditions = measures(report, *spec.metrics), conditions_of(report, spec)
        groups = (AggregateQuery(spec.id, "subtotals", (spec.groups,), asked_measures, report.sides, conditions),)
    totals = totals_query(report, spec, shown=spec.totals) if spec.dimensions else ()
    return (*also_second(report, (*rows, *groups, *totals)), *_places_queries(report, spec))


def _places_queries(report: Report, spec: BreakdownSection) -> tuple[Query, ...]:
    """Of a heat map, where the members of each axis stand that have an order of their own: stages within their
    pipeline."""
    asked = []
    for at, dimension in enumerate(spec.dimensions if _is_grid(spec) else ()):
        order = order_within(report.binding, dimension)
        if order:
            conditions, shown = conditions_of(report, spec), measures(report, spec.metrics[0])
            asked.append(
                AggregateQuery(spec.id, f"places {at}", (dimension, *order), shown, report.sides[:1], conditions)
            )
    return tuple(asked)


def _is_grid(spec: BreakdownSection) -> bool:
    return spec.chart == "heatmap" and len(spec.dimensions) == 2


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that are kept, in their order, with how their columns add up, and the row over all."""

    kept: Sequence[Kept]
    adds: Mapping[ColumnId, str]
    total: Row


def figures(report: Report, spec: BreakdownSection, answers: Answers, footnotes: Footnotes) -> Section:
    """A row for each member of the dimensions."""
    held_rows = _rows(report, spec, answers)
    count = len(spec.dimensions)
    columns = [
        *(dimension_column(report, dimension) for dimension in spec.dimensions),
        *metric_columns(report, spec, footnotes, held_rows.total),
    ]
    if any(dimension.field.graded for dimension in spec.dimensions):
        columns = [replace(column, direction="neutral") for column in columns]
    subtotals: tuple[tuple[int, tuple[Cell, ...]], ...] = ()
    if spec.groups is not None:
        kept, subtotals = _in_groups(report, spec, spec.groups, held_rows, answers)
        held_rows = replace(held_rows, kept=kept)
    columns = with_cautions(report, spec.metrics, [row for row, _ in held_rows.kept], columns, footnotes)
    body = [
        (*(shown_value(report, by, row[Member(place)]) for place, by in enumerate(spec.dimensions)), *cells)
        for row, cells in held_rows.kept
    ]
    available, others = len(body), 0
    counts = [cases_of_row(report, spec.metrics[0], row) for row, _ in held_rows.kept]
    few = [too_few(report, spec.metrics, row) for row, _ in held_rows.kept]
    cut = _cut(spec, held_rows.kept)
    gone = set(map(id, cut))
    if cut:
        body = [row for row, item in zip(body, held_rows.kept, strict=True) if id(item) not in gone]
        counts = [one for one, item in zip(counts, held_rows.kept, strict=True) if id(item) not in gone]
        few = [one for one, item in zip(few, held_rows.kept, strict=True) if id(item) not in gone]
        if spec.others:
            others = len(cut)
            row, columns = _others(report, spec, held_rows, cut, columns, footnotes)
            body.append(row)
            counts.append(())
            few.append(frozenset())
            available = len(body)
    total_cells = None
    if spec.totals and held_rows.kept:
        total_cells = (*([None] * count), *metric_cells(report, spec.metrics, held_rows.total, held_rows.total))
    section = section_of(
        spec,
        columns=tuple(columns),
        rows=tuple(body),
        total=total_cells,
        available_rows=available,
        chart=_chart(report, spec, held_rows, answers, cut=bool(cut)),
        others=others,
        subtotals=subtotals,
        bars=True,
        cases=tuple(counts),
        few=tuple(few) if any(few) else (),
        few_in_all=too_few(report, spec.metrics, held_rows.total),
    )
    section = replace(section, notes=(*section.notes, *closed_since(report, spec, held_rows.kept)))
    return or_none_there(report, with_goals(report, spec, with_bridge(section)))


def _is_binned(spec: BreakdownSection) -> bool:
    """Whether its rows are the bins of a number, which are all there."""
    return len(spec.dimensions) == 1 and bool(spec.dimensions[0].bins)


def _rows(report: Report, spec: BreakdownSection, answers: Answers) -> _Rows:
    """What stands for a row: what was counted in it, not what its figures come to: 0 % of 20 is one."""
    rows = [{**row, **all_lengths(report)} for row in answers.rows(spec.id)]
    adds = additivity(answers.aggregate(spec.id))
    total = total_row(report, spec, rows, answers)
    binned = _is_binned(spec)
    if binned:
        there = {row[Member(0)] for row in rows}
        every = range(len(spec.dimensions[0].bins) + 1)
        rows += [{Member(0): index, **all_lengths(report)} for index in every if index not in there]
    kept = [
        (row, without_change(report, spec, metric_cells(report, spec.metrics, row, total)))
        for row in rows
        if counted(row, adds) or row.get(IDLE) or (binned and row[Member(0)] not in (None, ENDS_BEFORE))
    ]
    return _Rows(ordered(report, spec.dimensions, spec.metrics, spec.sort, kept), adds, total)


def _cut(spec: BreakdownSection, kept: Sequence[Kept]) -> Sequence[Kept]:
    """The rows beyond the first `top`. What has no name is none of the first, and always there: however much it is,
    it is no smaller one of the others."""
    if spec.top is None:
        return ()
    if len(spec.dimensions) != 1:
        return kept[spec.top :]
    cut = [item for item in kept if not is_nameless(item)][spec.top :]
    return () if spec.others and len(cut) == 1 else cut  # one alone takes no less room under another name


def _others(
    report: Report,
    spec: BreakdownSection,
    found: _Rows,
    cut: Sequence[Kept],
    columns: list[Column],
    footnotes: Footnotes,
) -> tuple[tuple[Cell, ...], list[Column]]:
    """All rows that are `cut` as one, and the columns with what is not known of it."""
    rest, count = [row for row, _ in cut], len(spec.dimensions)
    name: list[Cell] = [word(report.language, "others", len(rest)), *([None] * (count - 1))]
    merged = without_left_out(rest, {**summed(rest, found.adds), **all_lengths(report)})
    cells = metric_cells(report, spec.metrics, merged, found.total)
    unknown = _not_merged(report, spec, footnotes)
    with_cells = zip(columns[count:], cells, strict=True)
    row = (*name, *(None if c.metric in unknown else cell for c, cell in with_cells))
    return row, [marked(c, unknown[c.metric]) if c.metric in unknown else c for c in columns]


def _in_groups(
    report: Report, spec: BreakdownSection, by: Dimension, found: _Rows, answers: Answers
) -> tuple[list[Kept], tuple[tuple[int, tuple[Cell, ...]], ...]]:
    """The rows in groups, and the total of each group, from the source's rows. Groups by the first field are in the
    order in which rows of theirs would be; the records that members belong to by their names, and below them what
    belongs to none. Of one record alone nothing is said, since it is the whole."""
    at = Member(0 if spec.subtotals else 1)
    groups: dict[Any, list[Kept]] = {}
    for item in found.kept:
        groups.setdefault(item[0][at], []).append(item)
    kept_columns: list[Kept] = []
    for row in answers.rows(spec.id, "subtotals"):
        if row[Member(0)] in groups:
            whole: Row = {**row, **all_lengths(report)}
            kept_columns.append((whole, metric_cells(report, spec.metrics, whole, found.total)))
    if spec.subtotals:
        kept_columns = ordered(report, (by,), spec.metrics, spec.sort, kept_columns)
    else:
        kept_columns = sorted(kept_columns, key=lambda item: str(item[0][Member(0)] or ""))
        kept_columns = [item for item in kept_columns if item[0][Member(0)] is not None]
        if len(kept_columns) < 2:
            return list(found.kept), ()
    rows: list[Kept] = []
    totals = []
    for group, cells in kept_columns:
        rows += groups.pop(group[Member(0)])
        name = shown_value(report, by, group[Member(0)])
        totals.append((len(rows), (name, *([None] * (len(spec.dimensions) - 1)), *cells)))
    return rows + [item for items in groups.values() for item in items], tuple(totals)


def _not_merged(report: Report, spec: BreakdownSection, footnotes: Footnotes) -> dict[str | None, int]:
    """Metrics that rows do not tell of several rows together (medians, distinct counts), with the
    footnote that says so."""
    counts: dict[str | None, int] = {}
    for metric in spec.metrics:
        needed = metrics_needed(report.binding.catalogue, metric)
        if any(part.aggregate not in ADDITIVE for part in needed):
            remark = word(report.language, "others_unknown", label(report, metric.label))
            counts[metric.id] = footnotes.add(remark)
    return counts


def _axis(report: Report, spec: BreakdownSection, kept: Sequence[Kept], answers: Answers, at: int) -> tuple[str, ...]:
    """The rows or the columns of a heat map in their order: as values are declared or members have their places, else
    the largest sum first; empty where neither is known, and they stand as they come."""
    by, first = spec.dimensions[at], spec.metrics[0]
    if by.field.value_labels:
        return tuple(label(report, texts) for texts in by.field.value_labels.values())
    sums: dict[Any, float] = {}
    for row, _ in kept:
        if isinstance(member := row[Member(at)], str):
            sums[member] = sums.get(member, 0) + float(row.get(Aggregated(first.id)) or 0)
    places = {turn[0]: place for place, turn in enumerate(by.turns) if len(turn) == 1}
    if not places:
        told = [(str(row[Member(0)]), _place_of(row)) for row in answers.rows(spec.id, f"places {at}")]
        places = {name: place for place, (name, _) in reversed(list(enumerate(sorted(told, key=lambda one: one[1]))))}
    if places:
        members = sorted(sums, key=lambda member: places.get(member, len(places)))
    elif first.adds_up:
        members = sorted(sums, key=lambda member: -sums[member])
    else:
        return ()
    return tuple(str(shown_value(report, by, member)) for member in members)


def _place_of(row: Row) -> tuple[str, bool, float]:
    """Where a member stands: by what it belongs to, if that is told after its name, and by its place in that."""
    within, place = (row[Member(1)], row[Member(2)]) if Member(2) in row else ("", row[Member(1)])
    return str(within or ""), place is None, float(place or 0)


def _chart(report: Report, spec: BreakdownSection, found: _Rows, answers: Answers, *, cut: bool) -> Chart | None:
    """What is drawn of the rows beside their table, whose bars are its chart: what these do not show, as the parts of
    stacks or the steps to a whole. Of rows that are `cut` there are no stacks: without the parts that are cut they
    would be read as wholes."""
    wanted = spec.chart
    if wanted in (None, "none"):
        return None
    first = spec.metrics[0].id
    x = spec.dimensions[0].name
    if _is_grid(spec):
        order, across = (_axis(report, spec, found.kept, answers, at) for at in (0, 1))
        return Chart("heatmap", x, (first,), spec.dimensions[1].name, categories=across, order=order)
    whole = _whole(report, spec, found.total)
    if wanted in ("waterfall", "pareto") and (whole is None or whole[0] is None):
        return None  # of what nobody knows the sum there are no steps to it
    if len(spec.dimensions) > 1 and not cut:
        return Chart("stacked", x, (first,), spec.dimensions[1].name, whole=whole)
    if wanted in ("bar", "line", "stacked"):
        return None
    return Chart(str(wanted), x, (first,), whole=whole)


def _whole(report: Report, spec: BreakdownSection, total: Row) -> tuple[float | None, float | None] | None:
    """What the first metric comes to over all rows, now and before; None where rows do not add up."""
    first = spec.metrics[0]
    if not first.adds_up:
        return None
    cells = metric_cells(report, (first,), total, total)
    whole = tuple(None if cell is None else float(cell) for cell in cells)  # type: ignore[arg-type]
    return (whole[0], whole[1]) if len(whole) > 1 else (whole[0], None)


def columns(context: Context, spec: BreakdownSection) -> tuple[str, ...]:
    """What its columns are called."""
    return (*(dimension.name for dimension in spec.dimensions), *column_names(spec.metrics, context.compared))


BREAKDOWN = Kind(BreakdownSection, check, queries, figures, columns, metrics="metrics")
