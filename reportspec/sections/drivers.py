"""What a figure's change consists of: of which members of a dimension, of how many there are and how large they are; of
a rate, of their own rates and of how they are mixed. Each list adds up to the change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from sqlglot import exp

from reportspec.languages import vocabulary
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import metric_value, number
from reportspec.measures.asked import measures
from reportspec.measures.contributions import OfRate, number_and_size, rate_and_mix
from reportspec.measures.dimensions import by_nature, dimension_column, shown_value
from reportspec.measures.metric_columns import Footnotes, all_lengths, label, metric_column
from reportspec.measures.words import word
from reportspec.model.column_ids import Aggregated, Member, Row, SideName
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Column, Section
from reportspec.model.query import AggregateQuery, Dimension, Query
from reportspec.model.spec import GroupedSection, Regroup, Report, SectionSpec
from reportspec.resolve.binding import Unresolved
from reportspec.sections.asked_dimensions import dimensions_of
from reportspec.sections.asked_metrics import Rules, find_metric, unusable
from reportspec.sections.asking import conditions_of
from reportspec.sections.context import Context, Draft, label_of, title_of
from reportspec.sections.section_kind import Kind, section_of
from reportspec.sections.text import nothing_served

MOST = 8  # members of a dimension that have a row of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class DriversSection(GroupedSection):
    """The change of one metric, by each of some dimensions."""

    kind: ClassVar[str] = "drivers"

    def regrouped(self, change: Regroup) -> DriversSection:
        """The same with each of its dimensions changed, each of which stands alone."""
        return replace(self, dimensions=tuple(change(one, (one,)) for one in self.dimensions))


def check(context: Context, draft: Draft) -> SectionSpec | None:
    """A metric of which the parts add up, or a ratio of two such, and the dimensions that it is seen by."""
    if draft.standard and not context.compared:
        return None  # nothing changed, which is nothing that the source lacks
    title = title_of(context, draft, "drivers")
    dimensions = dimensions_of(context, draft)
    place = (*draft.inner, "metric")
    metric = find_metric(context.binding, context.document, str(draft.body["metric"]), place, quiet=draft.standard)
    if dimensions is None or metric is None:
        return nothing_served(context, draft, title)
    everywhere = (*context.conditions, *draft.conditions)
    if draft.standard and unusable(context, metric, Rules(), (), everywhere) is None:
        dimensions = _served(context, draft, metric, dimensions, everywhere)
        if not dimensions and metric.aggregate != "sum":
            return nothing_served(context, draft, title)
    problem = unusable(context, metric, Rules(), dimensions, everywhere) or _not_of_parts(context, metric)
    if problem is None and not context.compared:
        problem = Unresolved(
            "bad-drivers", "it is a change, and the report compares with nothing", "add `compare: previous_period`"
        )
    if problem is not None:
        draft.refuse(context, metric.id, label_of(context, metric.label), problem, place)
        return nothing_served(context, draft, title)
    return DriversSection(
        **draft.common(context), title=title, conditions=draft.conditions, metrics=(metric,), dimensions=dimensions
    )


def _served(
    context: Context,
    draft: Draft,
    metric: Metric,
    dimensions: tuple[Dimension, ...],
    conditions: tuple[exp.Expr, ...],
) -> tuple[Dimension, ...]:
    """The dimensions that the source has; each of the others is told as left out, since all stand alone."""
    served = []
    for dimension in dimensions:
        lack = unusable(context, metric, Rules(), (dimension,), conditions)
        if lack is None:
            served.append(dimension)
        else:
            draft.leave_out(context, label_of(context, dimension.field.label), lack)
    return tuple(served)


def _not_of_parts(context: Context, metric: Metric) -> Unresolved | None:
    """Why the change of a metric is no sum of what its rows contribute."""
    known = context.binding.catalogue.metrics
    if metric.adds_up:
        return None
    if metric.kind == "ratio" and known[metric.numerator].adds_up and known[metric.denominator].adds_up:
        return None
    return Unresolved(
        "bad-drivers",
        "its change is no sum of what rows contribute to it",
        "name a count, a sum, or a ratio of these, such as `close_rate`",
    )


def queries(report: Report, spec: DriversSection) -> tuple[Query, ...]:
    """The metric of all rows, and of each dimension's members, on both sides."""
    if len(report.sides) < 2:
        return ()
    asked, conditions = measures(report, *spec.metrics), conditions_of(report, spec)
    each = tuple(
        AggregateQuery(spec.id, f"by {place}", (dimension,), asked, report.sides, conditions)
        for place, dimension in enumerate(spec.dimensions)
    )
    return (AggregateQuery(spec.id, "figures", (), asked, report.sides, conditions), *each)


def figures(report: Report, spec: DriversSection, answers: Answers, footnotes: Footnotes) -> Section:
    """A row for each contribution, those of one way to see it together, the largest first."""
    metric = spec.metrics[0]
    if report.compare is None:
        return section_of(spec, notes=(word(report.language, "nothing_compared"),))
    total = {**next(iter(answers.rows(spec.id)), {}), **all_lengths(report)}
    now, then = (metric_value(report.binding.catalogue, metric, total, side) for side in _SIDES)
    if now is None or then is None:
        return section_of(spec, notes=(word(report.language, "no_change_known", label(report, metric.label)),))
    change = float(now) - float(then)
    rows: list[tuple[Cell, ...]] = []
    if metric.aggregate == "sum":
        rows += _by_number_and_size(report, metric, total)
    for place, dimension in enumerate(spec.dimensions):
        name = dimension_column(report, dimension).label
        parts = _by_member(report, metric, dimension, answers.rows(spec.id, f"by {place}"), total)
        rows += [(name, called, *values) for called, values in _largest(report, parts, change)]
    column = metric_column(report, metric, footnotes, total)
    return section_of(
        spec,
        columns=_columns(report, metric, column),
        rows=tuple(rows),
        total=(
            vocabulary(report.language)["drivers"]["whole"],
            None,
            *([None] * (0 if metric.adds_up else 2)),
            number(change),
        ),
        available_rows=len(rows),
        bars=True,
        known_by=("seen_by", "driver"),
    )


_SIDES: tuple[SideName, ...] = ("current", "previous")
Part = tuple[Cell, tuple[float, ...]]  # what contributes, and by how much; of rates by rate, by mix, and both


def _columns(report: Report, metric: Metric, column: Column) -> tuple[Column, ...]:
    names = vocabulary(report.language)["drivers"]
    contribution = replace(
        column, role="difference", type="number", footnotes=column.footnotes, label=names["contribution"]
    )
    parts = (
        ()
        if metric.adds_up
        else tuple(replace(contribution, name=f"{metric.id}__{key}", label=names[key]) for key in ("rate", "mix"))
    )
    return (
        Column("seen_by", names["seen_by"], "text", role="group"),
        Column("driver", names["driver"], "text", role="field"),
        *parts,
        replace(contribution, name=f"{metric.id}__contribution"),
    )


def _by_number_and_size(report: Report, metric: Metric, total: Row) -> list[tuple[Cell, ...]]:
    """A sum's change by how many were added up, at what each was before, and by what each is now: nothing where
    there were none on either side."""
    now, then = ((_count(metric, total, side), _value(report, metric, total, side)) for side in _SIDES)
    parts = number_and_size(then, now)
    if parts is None:
        return []
    names = vocabulary(report.language)["drivers"]
    counts = (report.number(then[0]), report.number(now[0]))
    return [
        (names["number_and_size"], names["by_number"].format(*counts), number(parts.by_number)),
        (names["number_and_size"], names["by_size"], number(parts.by_size)),
    ]


def _count(metric: Metric, row: Row, side: SideName) -> int:
    """How many values a sum has added up."""
    return int(row.get(Aggregated(metric.id, "n", side)) or 0)


def _by_member(report: Report, metric: Metric, dimension: Dimension, rows: Sequence[Row], total: Row) -> list[Part]:
    members = sorted(rows, key=lambda row: by_nature(report, dimension, row[Member(0)]))
    called = [shown_value(report, dimension, row[Member(0)]) for row in members]
    if metric.adds_up:
        sums = {
            name: (math.fsum(_change(report, metric, row) for row in of_name),)
            for name, of_name in _by_name(called, members).items()
        }
        return list(sums.items())
    whole_now, whole_then = (_of_rate(report, metric, [total], side) for side in _SIDES)
    parts: list[Part] = []
    for name, of_name in _by_name(called, members).items():
        now, then = (_of_rate(report, metric, of_name, side) for side in _SIDES)
        made = rate_and_mix(then, now, whole_then, whole_now)
        parts.append((name, (*made, math.fsum(made))))
    return parts


def _by_name(called: Sequence[Cell], members: Sequence[Row]) -> dict[Cell, list[Row]]:
    """The rows by what is seen of them; last those without a name: an empty text is no more of one than none, and both
    are one part, with a rate of its own."""
    found: dict[Cell, list[Row]] = {}
    nameless: list[Row] = []
    for name, row in zip(called, members, strict=True):
        (nameless if name in (None, "") else found.setdefault(name, [])).append(row)
    return {**found, None: nameless} if nameless else found


def _change(report: Report, metric: Metric, row: Row) -> float:
    return _value(report, metric, row, "current") - _value(report, metric, row, "previous")


def _of_rate(report: Report, metric: Metric, rows: Sequence[Row], side: SideName) -> OfRate:
    """What a rate is made of in some rows together."""
    made_of = (report.binding.catalogue.metrics[part] for part in (metric.numerator, metric.denominator))
    return OfRate(*(math.fsum(_value(report, part, row, side) for row in rows) for part in made_of))


def _value(report: Report, metric: Metric, row: Row, side: SideName) -> float:
    """What a row has of a metric that adds up; what is not known adds nothing, as it does in the figure of all."""
    return float(metric_value(report.binding.catalogue, metric, row, side) or 0)


def _largest(report: Report, parts: Sequence[Part], change: float) -> list[tuple[Cell, tuple[Cell, ...]]]:
    """The largest contributions in a row each, from the greatest rise to the greatest fall, all others in one, and
    what rows do not account for in another: they add up to the change."""
    there = [part for part in parts if any(part[1])]
    by_size = sorted(range(len(there)), key=lambda at: -abs(there[at][1][-1]))
    most = len(there) if len(there) == MOST + 1 else MOST  # one alone has its name
    shown = [there[at] for at in sorted(by_size[:most], key=lambda at: -there[at][1][-1])]
    cut = [there[at] for at in by_size[most:]]
    names = vocabulary(report.language)["drivers"]
    rows: list[tuple[Cell, tuple[float, ...]]] = [
        (names["nameless"] if name is None else name, values) for name, values in shown
    ]
    if cut:
        sums = tuple(math.fsum(values[at] for _, values in cut) for at in range(len(cut[0][1])))
        rows.append((word(report.language, "others", len(cut)), sums))
    left = change - math.fsum(values[-1] for _, values in rows)
    if abs(left) > 1e-9 * max(abs(change), *(abs(values[-1]) for _, values in rows), 1e-9):
        rows.append((names["unaccounted"], (*([0.0] * (len(parts[0][1]) - 1 if parts else 0)), left)))
    return [(name, tuple(number(value) for value in values)) for name, values in rows]


def columns(context: Context, spec: DriversSection) -> tuple[str, ...]:
    """What its columns are called."""
    metric = spec.metrics[0]
    parts = () if metric.adds_up else (f"{metric.id}__rate", f"{metric.id}__mix")
    return ("seen_by", "driver", *parts, f"{metric.id}__contribution")


DRIVERS = Kind(DriversSection, check, queries, figures, columns)
