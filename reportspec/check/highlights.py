"""Sections that look at figures in another way: highlights and back-tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reportspec.calendar import Fiscal, Period, previous_period
from reportspec.check.document import Place
from reportspec.model.domain import Metric
from reportspec.model.query import Dimension
from reportspec.model.spec import Backtest, Comparison, Highlights
from reportspec.resolve.binding import Unresolved


@dataclass(frozen=True, slots=True)
class Asked:
    """What names in such a section are looked up with: functions of the sections' checker."""

    metric: Any  # (name, place) -> Metric | None
    field: Any  # (name, place) -> Field | None
    usable: Any  # (metric, dimensions) -> Unresolved | None
    refuse: Any  # (metric, Unresolved, place) -> None: told, or left out of a standard section
    metrics: Mapping[str, Metric]


def backtest(
    asked: Asked, spec: Mapping[str, Any], path: Place, period: Period | None, fiscal: Fiscal
) -> Backtest | None:
    """The metrics to compare, and the periods before the report's, oldest first."""
    found: list[Metric] = []
    for key in ("metric", "against"):
        metric = asked.metric(str(spec[key]), (*path, key))
        if metric is None:
            continue
        problem = asked.usable(metric, ())
        if problem is None:
            found.append(metric)
        else:
            asked.refuse(metric, problem, (*path, key))
    if len(found) != 2 or period is None:
        return None
    if found[0].unit != found[1].unit:
        problem = Unresolved(
            "units-differ",
            f"`{found[0].id}` and `{found[1].id}` are of different units and cannot be held against each other",
            "name two of one unit",
        )
        asked.refuse(found[1], problem, (*path, "against"))
        return None
    past = []
    at = period
    for _ in range(int(spec.get("periods", 6))):
        at = previous_period(at, fiscal)
        past.append(at)
    return Backtest(found[0], found[1], tuple(reversed(past)))


def highlights(asked: Asked, spec: Mapping[str, Any], path: Place) -> Highlights:
    """What to look at, as far as the source can serve it."""

    def one(name: Any, at: Place, dimensions: tuple[Dimension, ...] = ()) -> Metric | None:
        metric: Metric | None = asked.metric(str(name), at)
        if metric is None:
            return None
        problem = asked.usable(metric, dimensions)
        if problem is not None:
            asked.refuse(metric, problem, at)
            return None
        return metric

    metrics = tuple(
        metric
        for index, name in enumerate(spec.get("metrics") or ())
        if (metric := one(name, (*path, "metrics", index))) is not None
    )
    compared: dict[str, list[Comparison]] = {"compare": [], "shares": []}
    for kind, made in compared.items():
        for index, item in enumerate(spec.get(kind) or ()):
            at = (*path, kind, index)
            field = asked.field(str(item["by"]), (*at, "by"))
            if field is None:
                continue
            dimension = Dimension(str(item["by"]), tuple(str(item["by"]).split(".")), field)
            metric = one(item["metric"], (*at, "metric"), (dimension,))
            beside = None
            if item.get("with") is not None:
                beside = one(item["with"], (*at, "with"), (dimension,))
            if metric is not None and kind == "shares" and not _of_a_whole(metric):
                no_share = Unresolved(
                    "no-share", f"`{metric.id}` has no shares: its parts do not add up", "name a count or a sum"
                )
                asked.refuse(metric, no_share, (*at, "metric"))
                continue
            held = (metric, "metric") if kind == "compare" else (beside, "with")
            if held[0] is not None and not _comparable(asked, held[0]):
                no_test = Unresolved(
                    "no-comparison",
                    f"whether members differ in `{held[0].id}` by more than chance is not known",
                    "name a rate of counts, an average, a count or a sum",
                )
                asked.refuse(held[0], no_test, (*at, held[1]))
            elif metric is not None:
                made.append(Comparison(metric, dimension, beside))
    return Highlights(
        metrics,
        tuple(compared["compare"]),
        tuple(compared["shares"]),
        int(spec.get("at_least", 30)),
        int(spec.get("most", 6)),
    )


def _of_a_whole(metric: Metric) -> bool:
    """Whether a metric's parts add up to it."""
    return metric.kind == "aggregate" and metric.aggregate in ("count", "count_distinct", "sum")


def _comparable(asked: Asked, metric: Metric) -> bool:
    """Whether it can be known that two members' figures differ by more than chance: of a rate from its
    counts, of an average from its squares; counts and sums are what they are."""
    if metric.kind == "ratio" and metric.unit == "percent":
        top = asked.metrics[metric.numerator]
        return top.kind == "aggregate" and top.aggregate in ("count", "count_distinct")
    return _of_a_whole(metric) or (metric.kind == "aggregate" and metric.aggregate == "average")
