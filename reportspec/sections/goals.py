"""Goals by a dimension (quotas): of each member the figure, its target, and where it stands. Nobody writes such a
section: it is made of a goal that has `by`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

from reportspec.languages import alphabetical, in_number, vocabulary
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import counted, metric_value
from reportspec.measures.attainment import adds_up, elapsed, goal_state
from reportspec.measures.cautions import with_cautions
from reportspec.measures.dimensions import dimension_column, shown_value
from reportspec.measures.metric_columns import Footnotes, additivity, all_lengths, label, metric_column
from reportspec.measures.words import word
from reportspec.model.column_ids import Member
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Column, Goal, Section
from reportspec.model.query import Query
from reportspec.model.spec import GoalSpec, GroupedSection, Report, SectionSpec
from reportspec.sections.asked_metrics import Rules, unusable
from reportspec.sections.asking import rows_query, totals_query
from reportspec.sections.context import Context, label_of
from reportspec.sections.section_kind import Kind, section_of

JUDGED = ("met", "on_track", "at_risk", "missed")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalsSection(GroupedSection):
    """The goal of a metric by a dimension."""

    kind: ClassVar[str] = "goals"
    goal: str = ""

    @property
    def judged(self) -> str:
        """The metric that the goal is of."""
        return self.goal


def of_goal(context: Context, name: str, goal: GoalSpec) -> GoalsSection | None:
    """The section of a goal; None where it is not by a dimension, or cannot be shown by it, which is told."""
    if goal.by is None:
        return None
    metric = context.binding.catalogue.metrics[name]
    problem = unusable(context, metric, Rules(rows=True), (goal.by,), context.conditions)
    if problem is not None:
        message = f"`{name}` cannot be shown by `{goal.by.name}`: {problem.message}"
        context.document.tell(problem.code, message, ("goals", name, "by"), problem.help)
        return None
    title = vocabulary(context.language)["titles"]["goal"].format(label_of(context, metric.label))
    return GoalsSection(id=f"goal_{metric.family}", title=title, metrics=(metric,), dimensions=(goal.by,), goal=name)


def queries(report: Report, spec: GoalsSection) -> tuple[Query, ...]:
    """The figure of each member."""
    rows = rows_query(report, spec, report.sides, idle=True)
    return (*rows, *totals_query(report, spec, shown=False)) if rows else ()


def figures(report: Report, spec: GoalsSection, answers: Answers, footnotes: Footnotes) -> Section:
    """A row for each value of the goal's dimension: figure, target, attainment and pace where they mean something,
    else the difference, where it will land, and its state."""
    goal, metric = report.goals[spec.goal], spec.metrics[0]
    dimension = spec.dimensions[0]
    catalogue, language = report.binding.catalogue, report.language
    rows = [{**row, **all_lengths(report)} for row in answers.rows(spec.id)]
    names = {shown_value(report, dimension, row[Member(0)]): row for row in rows}
    for someone in goal.targets if goal.sure else ():
        names.setdefault(someone, {Member(0): someone, **all_lengths(report)})
    column = metric_column(report, metric, footnotes, None)
    [column] = with_cautions(report, spec.metrics, rows, [column], footnotes)
    adds, running = additivity(answers.aggregate(spec.id)), elapsed(report) < 1
    body: list[tuple[Cell, Cell, Goal | None]] = []  # whose, the figure, and where it stands
    for name, row in names.items():
        value = metric_value(catalogue, metric, row)
        target = goal.targets.get(str(name)) if name is not None else None
        if not counted(row, adds) and (target is None or not goal.sure):
            continue
        body.append((name, value, goal_state(report, metric, replace(goal, target=target), value)))
    best = 1 if goal.direction == "down" else -1

    def order(item: tuple[Cell, Cell, Goal | None]) -> tuple[bool, bool, float, Any]:
        """The best first: by the share where there is one, then by the difference, then who has neither."""
        state = item[2]
        share, apart = (state.attainment, state.difference) if state is not None else (None, None)
        far = share if share is not None else apart
        return far is None, share is None, best * (far or 0), alphabetical(language, str(item[0]))

    body.sort(key=order)
    measured = _told(goal, running and adds_up(report, metric))
    columns = _columns(column, dimension_column(report, dimension), language, measured)
    if report.each is not None and not goal.targets:
        return section_of(spec, shape="nothing")  # others have one: whose report it is has none
    section = section_of(
        spec,
        columns=columns,
        rows=tuple(_row(report, *each, measured) for each in body),
        available_rows=len(body),
        bars=bool(goal.targets),
        states=tuple(state.state if state is not None else "none" for *_, state in body),
    )
    section = replace(section, title=_message(report, metric, section) or section.title)
    notes = () if goal.targets else (word(language, "no_targets"),)
    if "landing" in measured and any(_lands_too(spec, other) for other in report.sections):
        notes = (*notes, word(language, "landing_is"))
    return replace(section, notes=(*section.notes, *notes))


def _lands_too(spec: GoalsSection, other: SectionSpec) -> bool:
    """Whether another section says of the same members what they will come to."""
    return other.lands and spec.metrics[0] in other.metrics and other.dimensions == spec.dimensions


def _message(report: Report, metric: Metric, section: Section) -> str:
    """How many have met their goal, as the heading of a report that says what it found; empty where one alone has one,
    or it is not known."""
    judged = [state for state in section.states if state in JUDGED]
    if not report.headline.title or len(judged) < 2 or len(judged) < sum(state != "none" for state in section.states):
        return ""
    over = elapsed(report) >= 1
    good = sum(state in (("met",) if over else ("met", "on_track")) for state in judged)
    key = "goals_met" if over else "goals_on_track"
    counts = (in_number(report.language, good), in_number(report.language, len(judged)))
    return word(report.language, key, label(report, metric.label), *counts)


Measured = Literal["attainment", "difference", "pace", "landing"]


def _told(goal: GoalSpec, running: bool) -> tuple[Measured, ...]:
    """What is told of where the figures stand: a share where more is better and there is a target above zero, and the
    difference where a share would be read the other way round or is none. A period that is over is heading for
    nothing."""
    share = goal.direction != "down" and (not goal.targets or any(each > 0 for each in goal.targets.values()))
    apart = goal.direction == "down" or any(each <= 0 for each in goal.targets.values())
    wanted: dict[Measured, bool] = {
        "attainment": share,
        "difference": apart,
        "pace": share and running,
        "landing": running,
    }
    return tuple(name for name, is_told in wanted.items() if is_told)


def _row(report: Report, name: Cell, value: Cell, state: Goal | None, told: tuple[Measured, ...]) -> tuple[Cell, ...]:
    state_word = word(report.language, f"state_{state.state if state is not None else 'none'}")
    if state is None:
        return (name, value, None, *(None for _ in told), state_word)
    return (name, value, state.target, *(getattr(state, measured_name) for measured_name in told), state_word)


def _columns(own: Column, by: Column, language: str, told: tuple[Measured, ...]) -> tuple[Column, ...]:
    share: Mapping[str, Any] = {"unit": "percent", "currency": None, "decimals": None}
    more: Mapping[Measured, Mapping[str, Any]] = {
        "attainment": share,
        "difference": {"role": "difference"},
        "pace": share,
        "landing": {},
    }

    def column(name: str, **given: Any) -> Column:
        return replace(own, **{"name": name, "label": word(language, name), "footnotes": (), "role": "field", **given})

    return (
        by,
        own,
        column("target", role="target"),
        *(column(measured_name, type="number", **more[measured_name]) for measured_name in told),
        Column("state", word(language, "state"), "text", role="field"),
    )


GOALS = Kind(GoalsSection, None, queries, figures)
