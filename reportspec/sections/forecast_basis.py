"""The section of a forecast, and what all sides of one forecast share: its windows, made once, and its words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal, Self

from reportspec.calendar import day_label, day_within
from reportspec.forecasting.rest import Changes
from reportspec.forecasting.tested_forecast import Forecast, Rival, forecast
from reportspec.forecasting.winning import Chances, chances
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.forecast_windows import (
    Facts,
    facts_of,
    no_matter_of_forecasts,
)
from reportspec.model.domain import Metric
from reportspec.model.query import Dimension
from reportspec.model.spec import GroupedSection, Regroup, Report
from reportspec.sections.forecast_words import (
    forecast_word,
)

Shown = Literal["summary", "tests", "accuracy", "deals", "stages", "calibration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastSection(GroupedSection):
    """One side of a forecast: its amount (`summary`), its `tests`, their `accuracy` at several points of the period,
    the chances of open `deals`, those of `stages` against what happened, the same by what was said (`calibration`), or
    its parts by dimensions. Rows are listed by the paths of `listed`."""

    kind: ClassVar[str] = "forecast"
    show: Shown = "summary"
    names: tuple[str, ...] = ()  # the path of the field by which a row of the entity is called, if the source has it
    listed: tuple[tuple[str, ...], ...] = ()
    told: tuple[Dimension, ...] = ()  # the names of other records among those, each as what rows could be grouped by
    what_if: Changes | None = None
    flow: Metric | None = None  # what is forecast by simple rules, where it is not what the entity's rows bring

    @property
    def targeted(self) -> tuple[Metric, ...]:
        """The metric that is forecast, whose goal is held against it."""
        return self.metrics if self.show == "summary" and not self.dimensions else ()

    @property
    def lands(self) -> bool:
        """That it says what a period will come to."""
        return True

    @property
    def listed_names(self) -> tuple[Dimension, ...]:
        """What the people and stages that stand in the list are called."""
        return self.told

    def regrouped(self, change: Regroup) -> Self:
        """The same with members of one name told apart; in lists only where they can be called one by one."""
        changed = tuple(change(one, self.told) for one in self.told)
        told = tuple(new if new.called else one for one, new in zip(self.told, changed, strict=True))
        dimensions = tuple(change(one, self.dimensions) for one in self.dimensions)
        return replace(self, dimensions=dimensions, told=told)


def of_windows(report: Report) -> Iterator[ForecastSection]:
    """The sections that show a forecast which is made of windows."""
    for section in report.sections:
        if isinstance(section, ForecastSection) and section.flow is None:
            yield section


def alike(one: ForecastSection, other: ForecastSection) -> bool:
    """Whether two sections show one and the same forecast."""
    return one.conditions == other.conditions


def leader_of(report: Report, spec: ForecastSection) -> ForecastSection:
    """The first section of a forecast, which asks for its windows."""
    return next((section for section in of_windows(report) if alike(section, spec)), spec)


@dataclass(frozen=True, slots=True)
class Made:
    """A forecast with the windows that it was made of."""

    facts: Facts
    forecast: Forecast | None
    chances: Chances

    @property
    def shown(self) -> bool:
        return self.forecast is not None and self.forecast.refusal is None


def made_of(report: Report, spec: ForecastSection, answers: Answers) -> Made:
    """The forecast of a section, made once for all that show it."""
    leader = leader_of(report, spec).id
    key = (ForecastSection, leader)
    if key not in answers.remembered:
        facts = facts_of(report, leader, answers)
        answers.remembered[key] = Made(facts, forecast(facts.windows), chances(facts.windows))
    known: Made = answers.remembered[key]
    return known


def unit_of_stretches(report: Report, facts: Facts) -> str:
    """What the completed stretches are that a forecast needs: months, where quarters begin with every month."""
    if facts.within:
        return "month"
    return unit_of(report)


def unit_of(report: Report) -> str:
    kind = report.period.kind.removeprefix("fiscal_")
    return kind if kind in ("year", "quarter", "month", "week") else "period"


def rule_name(report: Report, basis: Made, rival: Rival) -> str:
    unit = "quarter" if basis.facts.within else unit_of_stretches(report, basis.facts)
    return forecast_word(report, "rules", rival.rule, unit)


def behind_note(report: Report, spec: ForecastSection) -> tuple[str, ...]:
    """That the data do not reach the day that the report is of: what came in between would pass for nothing. Said by
    the first section that says what is to come."""
    ahead = (one for one in report.sections if isinstance(one, ForecastSection) and one.show in ("summary", "deals"))
    if report.behind is None or not report.unfinished or next(ahead, None) is not spec:
        return ()
    days = (report.behind, day_within(report.reached, report.binding.zone))
    return (forecast_word(report, "behind").format(*(day_label(one, report.language, report.locale) for one in days)),)


def rates_note(report: Report, spec: ForecastSection, words: str = "at_rates") -> tuple[str, ...]:
    """That all amounts are at one day's rates, as those of other sections are not; said by the first section of all
    that show amounts of forecasts."""
    binding = report.binding
    if binding.currency is None or not binding.has_entity(binding.catalogue.exchange_rates.entity):
        return ()
    shown = ("deals",) if no_matter_of_forecasts(report) else ("summary", "tests", "deals")
    amounts = (one for one in of_windows(report) if one.dimensions or one.show in shown)
    if next(amounts, spec) is not spec:
        return ()
    last = day_within(report.reached, binding.zone)
    return (forecast_word(report, words).format(day_label(last, report.language, report.locale)),)
