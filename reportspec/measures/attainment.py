"""Where a figure stands against its goal."""

from __future__ import annotations

import math

from reportspec.calendar import instant
from reportspec.measures.arithmetic import number
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Goal, GoalState
from reportspec.model.spec import GoalSpec, Report, SectionSpec
from reportspec.resolve.binding import metrics_needed


def goal_for(report: Report, spec: SectionSpec, metric: Metric) -> GoalSpec | None:
    """The goal that a section's figure of a metric is held against: the report's, unless the section shows a part of
    the report's rows only, of which nobody set one."""
    return None if spec.conditions else report.goals.get(metric.id)


def goal_state(report: Report, metric: Metric, goal: GoalSpec | None, value: Cell) -> Goal | None:
    """A figure's goal, or None where it has none. Within an unfinished period what counts is the
    pace: of what adds up over time, the figure against the part of the target that the elapsed time
    asks for; of rates and means, which do not grow with time, the figure itself. A period that is over
    has no pace: its goal is met or missed."""
    if goal is None or goal.target is None:
        return None
    target, direction = goal.target, goal.direction
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return Goal(target, direction, None, None, "unknown", goal.warn_at)
    part, apart = elapsed(report), float(number(value - target) or 0.0)
    share, met = attainment(value, target, direction), reached(value, target, direction)
    if part >= 1.0:  # nothing is left to come: no pace, no landing, and no risk
        return Goal(target, direction, share, None, "met" if met else "missed", goal.warn_at, difference=apart)
    grows = adds_up(report, metric)
    landing = number(value / part) if grows and part else float(value)
    state: GoalState
    if met and direction != "down" and grows and target > 0:  # one that is not above zero is reached at the start
        state = "met"
    elif not met and direction == "down" and grows and target >= 0:
        state = "missed"  # what is counted does not get less; what is to be below zero may
    elif landing is None or not part:
        state = "on_track"
    else:
        state = "on_track" if reached(landing, _asked(target, direction, goal.warn_at), direction) else "at_risk"
    if not grows:  # it is judged as it is: a rate has no pace, and ends up nowhere else
        return Goal(target, direction, share, None, state, goal.warn_at, difference=apart)
    pace = attainment(landing, target, direction) if landing is not None else None
    return Goal(target, direction, share, pace, state, goal.warn_at, landing, apart)


def reached(value: float, target: float, direction: str) -> bool:
    """Whether a figure is on the good side of its target, or at it."""
    return value <= target if direction == "down" else value >= target


def _asked(target: float, direction: str, warn_at: float) -> float:
    """Where a figure has to be heading for so that its goal is not at risk: at the share `warn_at` of the target, on
    its bad side whichever sign it has."""
    if (direction == "down") == (target < 0):  # the bad side is the one towards zero
        return target * warn_at
    return target / warn_at if warn_at else math.copysign(math.inf, target)


def attainment(value: float, target: float, direction: str) -> float | None:
    """actual / target; None where lower is better, and of a target that is not above zero: there it is no measure of
    how much of the goal is reached."""
    return value / target if target > 0 and direction != "down" else None


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
