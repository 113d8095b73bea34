"""A funnel: steps as rows, with what is left of the step before, and of the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from reportspec.languages import vocabulary
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import number
from reportspec.measures.metric_columns import Footnotes, label, other_columns
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Column, Section
from reportspec.model.query import Query
from reportspec.model.spec import Report, SectionSpec
from reportspec.resolve.document import Place
from reportspec.sections.asked_metrics import Rules, asked_metrics
from reportspec.sections.asking import also_second, rows_query
from reportspec.sections.context import Context, Draft, title_of
from reportspec.sections.kpis import tiles_of
from reportspec.sections.section_kind import Kind, section_of
from reportspec.sections.text import nothing_served


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelSection(SectionSpec):
    """Metrics as steps, each told as a share of the one before."""

    kind: ClassVar[str] = "funnel"
    metrics: tuple[Metric, ...] = ()


def check(context: Context, draft: Draft) -> SectionSpec | None:
    """Steps of one unit that the source can serve."""
    metrics, title = asked_metrics(context, draft, Rules(steps=True), key="steps"), title_of(context, draft, "funnel")
    if not metrics:
        return nothing_served(context, draft, title)
    _check_steps(context, metrics, draft.metrics_place(context, "steps"))
    return FunnelSection(**draft.common(context), title=title, conditions=draft.conditions, metrics=metrics)


def _check_steps(context: Context, metrics: Sequence[Metric], path: Place) -> None:
    """That the steps of a funnel are of one unit: each is told as a share of the one before."""
    units = list(dict.fromkeys(metric.unit for metric in metrics))
    if len(units) > 1:
        other = next(metric for metric in metrics if metric.unit == units[1])
        context.document.tell(
            "no-step",
            f"`{other.id}` is no step after `{metrics[0].id}`: one is {_UNITS.get(units[1], units[1])}, the other"
            f" {_UNITS.get(units[0], units[0])}, and a step is told as a share of the one before",
            path,
            "give each its own funnel, or name what is counted of both",
        )


_UNITS = {"count": "a number", "currency": "an amount"}


def queries(report: Report, spec: FunnelSection) -> tuple[Query, ...]:
    """The figures of the steps."""
    return also_second(report, rows_query(report, spec, report.sides))


def figures(report: Report, spec: FunnelSection, answers: Answers, footnotes: Footnotes) -> Section:
    """A row for each step."""
    _, columns, cells = tiles_of(report, spec, answers, footnotes)
    width = len(report.side_names)
    values = cells[::width]
    rows = []
    for index, metric in enumerate(spec.metrics):
        cells_of_step: list[Cell] = [label(report, metric.label), *cells[index * width : (index + 1) * width]]
        for base in (values[index - 1] if index else None, values[0]):
            value = values[index]
            usable = isinstance(value, (int, float)) and isinstance(base, (int, float)) and base
            cells_of_step.append(number(value / base) if usable else None)  # type: ignore[operator]
        rows.append(tuple(cells_of_step))
    return section_of(
        spec,
        columns=_heads(report, columns[0]),
        rows=tuple(rows),
        available_rows=len(rows),
        bars=True,
    )


def _heads(report: Report, first: Column) -> tuple[Column, ...]:
    names = vocabulary(report.language)["funnel"]
    count = names["number"]
    counted = Column("value", count, first.type, first.unit, "metric", currency=first.currency)
    heads = [
        Column("step", names["step"], "text", role="dimension", fixed=True),
        counted,
        *other_columns(report, counted),
    ]
    return (
        *heads,
        Column("of_previous_step", names["of_previous"], "number", "percent", "metric"),
        Column("of_first_step", names["of_first"], "number", "percent", "metric"),
    )


def columns(context: Context, spec: FunnelSection) -> tuple[str, ...]:
    """What its columns are called."""
    past = tuple(f"value__{side}" for side in context.compared)
    return ("step", "value", *past, "of_previous_step", "of_first_step")


FUNNEL = Kind(FunnelSection, check, queries, figures, columns, metrics="steps")
