"""Where a figure stands against its goal."""

from __future__ import annotations

from reportspec.calendar import instant
from reportspec.measures.arithmetic import number
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Goal
from reportspec.model.spec import GoalSpec, Report
from reportspec.resolve.binding import metrics_needed


def goal_state(report: Report, metric: Metric, goal: GoalSpec | None, value: Cell) -> Goal | None:
    """A figure's goal, or None where it has none. Within an unfinished period what counts is the
    pace: of what adds up over time, the figure against the part of the target that the elapsed time
    asks for; of rates and means, which do not grow with time, the figure itself. A period that is over
    has no pace: its goal is met or missed."""
    if goal is None or goal.target is None:
        return None
    target = goal.target
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return Goal(target, goal.direction, None, None, "unknown", goal.warn_at)
    attained = attainment(value, target, goal.direction)
    if attained is None:
        return Goal(target, goal.direction, None, None, "unknown", goal.warn_at)
    part, apart = elapsed(report), float(number(value - target) or 0.0)
    share = attained if goal.direction != "down" else None
    if part >= 1.0:  # nothing is left to come: no pace, no landing, and no risk
        state = "met" if attained >= 1 else "missed"
        return Goal(target, goal.direction, share, None, state, goal.warn_at, difference=apart)  # type: ignore[arg-type]
    grows = adds_up(report, metric)
    landing = number(value / part) if grows and part else float(value)
    expected = attainment(landing, target, goal.direction) if landing is not None else None
    if attained >= 1 and goal.direction != "down" and grows:
        state = "met"
    elif goal.direction == "down" and grows and value > target:
        state = "missed"  # what is counted does not get less
    elif expected is None or not part:
        state = "on_track"
    else:
        state = "on_track" if expected >= goal.warn_at else "at_risk"
    pace = expected if goal.direction != "down" else None
    return Goal(target, goal.direction, share, pace, state, goal.warn_at, landing, apart)  # type: ignore[arg-type]


def attainment(value: float, target: float, direction: str) -> float | None:
    """actual / target, or target / actual where lower is better (nothing at all is 100 %)."""
    if direction == "down":
        return 1.0 if value <= 0 else target / value
    return value / target if target else None


def elapsed(report: Report) -> float:
    """The part of the period that is over, 0 to 1."""
    zone = report.binding.zone
    start, end = instant(report.period.start, zone), instant(report.period.end, zone)
    return max(0.0, min(1.0, (report.reached - start) / (end - start)))


def adds_up(report: Report, metric: Metric) -> bool:
    """Whether a metric grows as its period goes on: counts and sums of what happened in it."""
    if metric.kind == "derived":
        return all(adds_up(report, part) for part in metrics_needed(report.binding.catalogue, metric))
    counted = ("count", "count_distinct", "sum")
    return metric.kind == "aggregate" and metric.time is not None and metric.aggregate in counted
