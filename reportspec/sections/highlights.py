"""Highlights: sentences on what stands out.

A highlight is written only where enough cases stand behind it: each side of a comparison has at least the section's
`at_least` cases, and rates of counts and means differ by more than chance would have it for all comparisons of the
section together (`significance.py`); means by a tenth or more, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import Number, divided, metric_value, number, without
from reportspec.measures.asked import measures, squares
from reportspec.measures.attainment import goal_for, goal_state
from reportspec.measures.cases import cases, cases_and_hits
from reportspec.measures.dimensions import dimension_column, shown_value
from reportspec.measures.metric_columns import Footnotes, all_lengths, change, label, metric_column
from reportspec.measures.significance import Mean, Share, means_differ, pairs, shares_differ
from reportspec.measures.words import word
from reportspec.model.column_ids import Aggregated, Member, Part, Row, SideName
from reportspec.model.domain import Metric
from reportspec.model.figures import DURATIONS, Cell, Column, Highlight, Section, Told
from reportspec.model.query import AggregateQuery, Dimension, Query
from reportspec.model.spec import Regroup, Report, SectionSpec
from reportspec.resolve.binding import Unresolved
from reportspec.resolve.conditions import field_named
from reportspec.resolve.document import Place
from reportspec.sections.asked_metrics import Rules, find_metric, unusable
from reportspec.sections.asking import conditions_of
from reportspec.sections.context import Context, Draft, label_of, title_of
from reportspec.sections.section_kind import Kind, section_of

NOTABLE = 0.1  # the smallest relative difference of means that is told
STANDS_OUT = 1.25  # times an even share, from which on the largest part is told
SMALLEST_CHANGE = 0.05
_OF_MEANS: tuple[Part, ...] = ("n", "sum", "squares")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A metric between the values of a field, `beside` another one."""

    metric: Metric
    dimension: Dimension
    beside: Metric | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HighlightsSection(SectionSpec):
    """What sentences are looked for in (metrics that `moved`, members to `compare`, `shares` of a whole), and how many
    cases one must rest on."""

    kind: ClassVar[str] = "highlights"
    moved: tuple[Metric, ...] = ()
    compare: tuple[Comparison, ...] = ()
    shares: tuple[Comparison, ...] = ()
    at_least: int = 30
    most: int = 6

    @property
    def targeted(self) -> tuple[Metric, ...]:
        """How a metric moved is told with where it stands."""
        return self.moved

    def all_dimensions(self) -> tuple[Dimension, ...]:
        """What members are compared by."""
        return tuple(comparison.dimension for comparison in (*self.compare, *self.shares))

    def regrouped(self, change: Regroup) -> HighlightsSection:
        """The same with each of these changed."""
        compare, shares = (
            tuple(replace(comparison, dimension=change(comparison.dimension, ())) for comparison in some)
            for some in (self.compare, self.shares)
        )
        return replace(self, compare=compare, shares=shares)


def check(context: Context, draft: Draft) -> HighlightsSection:
    """What to look at, as far as the source can serve it. What sentences leave out is shown, and said to be lacking,
    in the sections themselves."""
    body, path = draft.body, draft.inner
    moved = (
        _metric(context, draft, name, (*path, "metrics", index)) for index, name in enumerate(body.get("metrics") or ())
    )
    return HighlightsSection(
        **{**draft.common(context), "omitted": ()},
        title=title_of(context, draft, "highlights"),
        conditions=draft.conditions,
        moved=tuple(metric for metric in moved if metric is not None),
        compare=_comparisons(context, draft, "compare"),
        shares=_comparisons(context, draft, "shares"),
        at_least=int(body.get("at_least", 30)),
        most=int(body.get("most", 6)),
    )


def _metric(
    context: Context, draft: Draft, name: Any, place: Place, dimensions: tuple[Dimension, ...] = ()
) -> Metric | None:
    """A metric that the source can serve by some dimensions, or None, with that told."""
    metric = find_metric(context.binding, context.document, str(name), place, quiet=draft.standard)
    if metric is None:
        return None
    everywhere = (*context.conditions, *draft.conditions)
    problem = unusable(context, metric, Rules(rows=True), dimensions, everywhere)
    if problem is not None:
        draft.refuse(context, metric.id, label_of(context, metric.label), problem, place)
        return None
    return metric


def _comparisons(context: Context, draft: Draft, key: str) -> tuple[Comparison, ...]:
    items = enumerate(draft.body.get(key) or ())
    comparisons = (_comparison(context, draft, item, (*draft.inner, key, index)) for index, item in items)
    return tuple(comparison for comparison in comparisons if comparison is not None)


def _comparison(context: Context, draft: Draft, item: Mapping[str, Any], place: Place) -> Comparison | None:
    """A comparison that can be known: a metric between the values of a field, or its shares of a whole."""
    name, shares = str(item["by"]), place[-2] == "shares"
    field = field_named(context.binding, context.document, name, (*place, "by"))
    if field is None:
        return None
    dimension = Dimension(name, tuple(name.split(".")), field)
    metric = _metric(context, draft, item["metric"], (*place, "metric"), (dimension,))
    beside = None
    if item.get("with") is not None:
        beside = _metric(context, draft, item["with"], (*place, "with"), (dimension,))
    if metric is not None and shares and not _of_a_whole(metric):
        no_share = Unresolved(
            "no-share", f"`{metric.id}` has no shares: its parts do not add up", "name a count or a sum"
        )
        draft.refuse(context, metric.id, label_of(context, metric.label), no_share, (*place, "metric"))
        return None
    held, key = (beside, "with") if shares else (metric, "metric")
    if held is not None and not _comparable(context.binding.catalogue.metrics, held):
        no_test = Unresolved(
            "no-comparison",
            f"whether members differ in `{held.id}` by more than chance is not known",
            "name a rate of counts, an average, a count or a sum",
        )
        draft.refuse(context, held.id, label_of(context, held.label), no_test, (*place, key))
        return None
    return Comparison(metric, dimension, beside) if metric is not None else None


def _of_a_whole(metric: Metric) -> bool:
    """Whether a metric's parts add up to it."""
    return metric.kind == "aggregate" and metric.aggregate in ("count", "count_distinct", "sum")


def _comparable(metrics: Mapping[str, Metric], metric: Metric) -> bool:
    """Whether it can be known that two members' figures differ by more than chance: of a rate from its
    counts, of an average from its squares; counts and sums are what they are."""
    if metric.kind == "ratio" and metric.unit == "percent":
        top = metrics[metric.numerator]
        return top.kind == "aggregate" and top.aggregate in ("count", "count_distinct")
    return _of_a_whole(metric) or (metric.kind == "aggregate" and metric.aggregate == "average")


def queries(report: Report, spec: HighlightsSection) -> tuple[Query, ...]:
    """The metrics that may have moved, and of each comparison its members and all together."""
    queries: list[Query] = []
    conditions = conditions_of(report, spec)
    if spec.moved:
        asked_measures = measures(report, *spec.moved)
        queries.append(AggregateQuery(spec.id, "figures", (), asked_measures, report.sides, conditions))
    for kind, index, comparison in _numbered(spec):
        metrics = (comparison.metric, comparison.beside) if comparison.beside is not None else (comparison.metric,)
        asked_measures, sides = measures(report, *metrics), report.sides[:1]
        asked_measures += squares(report.binding, asked_measures)
        members, total = _purposes(kind, index)
        queries.append(AggregateQuery(spec.id, members, (comparison.dimension,), asked_measures, sides, conditions))
        queries.append(AggregateQuery(spec.id, total, (), asked_measures, sides, conditions))
    return tuple(queries)


def _numbered(spec: HighlightsSection) -> Iterator[tuple[str, int, Comparison]]:
    """Each comparison with what kind it is, and its place among those."""
    for kind, comparisons in (("compare", spec.compare), ("share", spec.shares)):
        for index, comparison in enumerate(comparisons):
            yield kind, index, comparison


def _purposes(kind: str, index: int) -> tuple[str, str]:
    """What the queries of a comparison are for: its members, and all together."""
    return f"{kind} {index}", f"{kind} {index} total"


def figures(report: Report, spec: HighlightsSection, answers: Answers, footnotes: Footnotes) -> Section:
    """The sentences of a section, most telling kinds first."""
    looked = [_look(report, spec, answers, *numbered) for numbered in _numbered(spec)]
    moved = next(iter(answers.rows(spec.id)), None)
    held = sum(map(_held, looked))
    if moved is not None and report.compare is not None:
        held += len(spec.moved)
    highlights: list[Highlight] = []
    for look in looked:
        make = _compared if look.kind == "compare" else _shared
        highlights += make(report, spec, look, held)
    if moved is not None:
        row = {**moved, **all_lengths(report)}
        for metric in spec.moved:
            highlights += _moved(report, spec, metric, row, held)
    highlights = highlights[: spec.most]
    section = section_of(
        spec,
        columns=_COLUMNS,
        rows=tuple(_plain(highlight) for highlight in highlights),
        available_rows=len(highlights),
        highlights=tuple(highlights),
        shape="sentences",
    )
    if highlights:
        return section
    return replace(section, notes=(*section.notes, word(report.language, "nothing_stands_out", spec.at_least)))


def _look(report: Report, spec: HighlightsSection, answers: Answers, kind: str, index: int, one: Comparison) -> _Looked:
    members, total = _purposes(kind, index)
    rows = answers.rows(spec.id, members)
    known = _known(report, spec, one.metric, rows) if kind == "compare" else []
    return _Looked(kind, one, rows, next(iter(answers.rows(spec.id, total)), {}), known)


_COLUMNS = tuple(
    Column(name, name, "text" if name not in ("value", "other_value", "cases", "other_cases") else "number")
    for name in ("kind", "metric", "name", "value", "cases", "other_name", "other_value", "other_cases")
)


def _plain(one: Highlight) -> tuple[Cell, ...]:
    """A highlight as a row, for those who read figures as data."""
    values = {name: each.value for name, each in one.values}
    counts = [count for count, _ in one.cases] + [None, None]
    return (
        one.kind,
        one.metric,
        values.get("a"),
        values.get("high"),
        counts[0],
        values.get("b"),
        values.get("low"),
        counts[1],
    )


def _told(report: Report, metric: Metric, value: Cell) -> Told:
    return Told(value, metric_column(report, metric, Footnotes(), None))


def _name(report: Report, one: Comparison, row: Row) -> Told:
    shown = shown_value(report, one.dimension, row[Member(0)])
    column = dimension_column(report, one.dimension)
    return Told(shown if shown is not None else word(report.language, "none"), column)


@dataclass(frozen=True, slots=True)
class _Looked:
    """A comparison with the rows of its members, and the one of all together; of the best against the
    worst also the members with enough cases, least first: (value, key, row)."""

    kind: str
    asked: Comparison
    rows: Sequence[Row]
    total: Row
    known: list[tuple[Number, str, Row]]


def _known(
    report: Report, wanted: HighlightsSection, metric: Metric, rows: Sequence[Row]
) -> list[tuple[Number, str, Row]]:
    """The members with enough cases, least first: (value, key, row)."""
    catalogue, known = report.binding.catalogue, []
    for row in rows:
        value = metric_value(catalogue, metric, row)
        if row[Member(0)] is None:
            continue  # what has no name is no news
        if value is not None and cases(report, metric, row) >= wanted.at_least:
            known.append((value, str(row[Member(0)]), row))
    known.sort(key=lambda item: (item[0], item[1]))
    return list(known)


def _held(one: _Looked) -> int:
    """How many figures are held against each other to find what a comparison has to say."""
    if one.kind == "share":
        return int(one.asked.beside is not None)
    members = len(one.known)
    return members if _is_duration(one.asked.metric) else pairs(members)


def _is_duration(metric: Metric) -> bool:
    """Whether the fastest is told: a duration of which the mean of all others follows from sums and
    counts, as a median of all others does not."""
    return metric.unit in DURATIONS and metric.aggregate == "average"


def _compared(report: Report, wanted: HighlightsSection, one: _Looked, held: int) -> list[Highlight]:
    """The best row of a metric against the worst; of a duration, how many times faster it is."""
    metric = one.asked.metric
    if len(one.known) < 2:
        return []
    low, high = one.known[0], one.known[-1]
    if _is_duration(metric):
        return _faster(report, wanted, one, low, held)
    if not _differ(report, metric, high[2], low[2], one.total, held):
        return []
    values = (
        ("a", _name(report, one.asked, high[2])),
        ("high", _told(report, metric, high[0])),
        ("b", _name(report, one.asked, low[2])),
        ("low", _told(report, metric, low[0])),
    )
    counts = (cases_and_hits(report, metric, high[2]), cases_and_hits(report, metric, low[2]))
    return [_highlight(report, "compare", metric, values, counts)]


def _differ(
    report: Report, metric: Metric, first: Row, second: Row, total: Row, held: int, side: SideName = "current"
) -> bool:
    """Whether two rows differ by more than chance (rates of counts, means), where so many figures are
    held against each other; counts and sums are what they are, and differ notably. Of other figures
    it is not known."""
    (n, x), (m, y) = cases_and_hits(report, metric, first), cases_and_hits(report, metric, second, side)
    if x is not None and y is not None:
        return shares_differ(Share(n, x), Share(m, y), held)
    catalogue = report.binding.catalogue
    a = metric_value(catalogue, metric, first)
    b = metric_value(catalogue, metric, second, side)
    if a is None or not b or abs(a - b) / abs(b) < NOTABLE or metric.kind != "aggregate":
        return False
    if metric.aggregate == "average":
        return means_differ(_mean(metric, first), _mean(metric, second), _mean(metric, total), held)
    return metric.aggregate in ("count", "count_distinct", "sum")


def _mean(metric: Metric, row: Row) -> Mean:
    n, total, squares = (number(row.get(Aggregated(metric.id, part))) for part in _OF_MEANS)
    return Mean(int(n or 0), float(total or 0), float(squares or 0))


def _faster(
    report: Report, wanted: HighlightsSection, one: _Looked, fastest: tuple[Number, str, Row], held: int
) -> list[Highlight]:
    """Mean of all others divided by the fastest row's own: "three times faster"."""
    metric, catalogue = one.asked.metric, report.binding.catalogue
    value, _, row = fastest
    rest = without(one.total, row)
    others = metric_value(catalogue, metric, rest)
    times = divided(others, value)
    if times is None or times < 1 + NOTABLE or cases(report, metric, rest) < wanted.at_least:
        return []
    if not means_differ(_mean(metric, row), _mean(metric, rest), _mean(metric, one.total), held):
        return []
    multiple = replace(_told(report, metric, None).column, unit="multiple", currency=None)
    values = (
        ("a", _name(report, one.asked, row)),
        ("times", Told(times, multiple)),
        ("high", _told(report, metric, value)),
        ("low", _told(report, metric, others)),
    )
    counts = ((cases(report, metric, row), None), (cases(report, metric, rest), None))
    return [_highlight(report, "faster", metric, values, counts, good=metric.direction == "down")]


def _shared(report: Report, wanted: HighlightsSection, one: _Looked, held: int) -> list[Highlight]:
    """The row with the largest part, and how another mean or rate of it compares with that of all."""
    metric, catalogue, total = one.asked.metric, report.binding.catalogue, one.total
    whole = metric_value(catalogue, metric, total)
    if not whole or cases(report, metric, total) < wanted.at_least or len(one.rows) < 2:
        return []
    ranked = sorted(
        (
            (metric_value(catalogue, metric, row) or 0, str(row[Member(0)]), row)
            for row in one.rows
            if row[Member(0)] is not None
        ),
        key=lambda item: (-item[0], item[1]),
    )
    if len(ranked) < 2:
        return []
    value, _, row = ranked[0]
    part = divided(value, whole)
    share = replace(_told(report, metric, None).column, unit="percent", currency=None, type="number")
    values = [
        ("a", _name(report, one.asked, row)),
        ("share", Told(part, share)),
        ("high", _told(report, metric, value)),
        ("low", _told(report, metric, whole)),
    ]
    counts: list[tuple[int, int | None]] = [(cases(report, metric, total), cases(report, metric, row))]
    kind, beside = "share", one.asked.beside
    if beside is not None:
        own_rate, mean = (metric_value(catalogue, beside, each) for each in (row, total))
        apart = divided(own_rate, mean)
        rest = without(total, row)
        enough = min(cases(report, beside, each) for each in (row, rest)) >= wanted.at_least
        differs = enough and _differ(report, beside, row, rest, total, held)
        if differs and apart is not None and abs(apart - 1) >= NOTABLE / 2:
            kind = "share_below" if apart < 1 else "share_above"
            values.append(("apart", Told(number(abs(apart - 1)), share)))
            values.append(("beside", Told(label(report, beside.label), share)))
            counts.append((cases(report, beside, row), None))
    if kind == "share" and value < whole / len(one.rows) * STANDS_OUT:
        return []
    return [_highlight(report, kind, metric, tuple(values), tuple(counts))]


def _moved(report: Report, wanted: HighlightsSection, metric: Metric, row: Row, held: int) -> list[Highlight]:
    """How a metric changed, and where it stands against its goal."""
    catalogue = report.binding.catalogue
    value = metric_value(catalogue, metric, row)
    rows = []
    goal = goal_state(report, metric, goal_for(report, wanted, metric), value)
    if goal is not None and goal.difference is not None:
        column = _told(report, metric, None).column
        share = Told(goal.difference, replace(column, role="difference", type="number"))
        if goal.attainment is not None:
            attained = replace(column, unit="percent", currency=None, type="number")
            share = Told(number(goal.attainment), attained)
        values = (("high", _told(report, metric, value)), ("low", _told(report, metric, goal.target)), ("share", share))
        good = {"met": True, "on_track": True, "missed": False, "at_risk": False}.get(goal.state)
        rows.append(_highlight(report, f"goal_{goal.state}", metric, values, (), good=good))
    if report.compare is None:
        return rows
    before = metric_value(catalogue, metric, row, "previous")
    moved = change(metric, value, before)
    counted = min(cases(report, metric, row), cases(report, metric, row, "previous"))
    if moved is None or abs(moved) < SMALLEST_CHANGE or counted < wanted.at_least:
        return rows
    rate = cases_and_hits(report, metric, row)[1] is not None
    if rate and not _differ(report, metric, row, row, row, held, "previous"):
        return rows
    column = _told(report, metric, None).column
    by = Told(abs(moved), replace(column, unit="percent", currency=None, type="number"))
    values = (("high", _told(report, metric, value)), ("low", _told(report, metric, before)), ("by", by))
    kind = ("rose" if moved > 0 else "fell") + ("_points" if metric.unit == "percent" else "")
    up = {"up": moved > 0, "down": moved < 0}.get(metric.direction)
    counts = ((cases(report, metric, row), None), (cases(report, metric, row, "previous"), None))
    return [*rows, _highlight(report, kind, metric, values, counts, good=up)]


def _highlight(
    report: Report,
    kind: str,
    metric: Metric,
    values: tuple[tuple[str, Told], ...],
    counts: tuple[tuple[int, int | None], ...],
    good: bool | None = None,
) -> Highlight:
    phrases: Mapping[str, str] = metric.phrases.get(kind, {})
    return Highlight(kind, metric.id, label(report, metric.label), values, phrases, counts, good)


HIGHLIGHTS = Kind(HighlightsSection, check, queries, figures)
