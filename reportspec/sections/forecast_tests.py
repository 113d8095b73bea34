"""What forecasts of past periods were worth, by period and by how much of one was over."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

from reportspec.calendar import Period, period_label
from reportspec.calendar.periods import named
from reportspec.forecasting.simple import RULES
from reportspec.forecasting.tested_forecast import Forecast, forecast
from reportspec.measures.answers import Answers
from reportspec.measures.forecast_windows import (
    Facts,
    facts_of,
    frame_of,
    no_matter_of_forecasts,
    past_frame,
)
from reportspec.model.figures import Cell, Chart, Column, Section
from reportspec.model.spec import Report
from reportspec.sections.forecast_basis import ForecastSection, Made, made_of, rates_note, unit_of_stretches
from reportspec.sections.forecast_words import (
    count_column,
    forecast_word,
    money_column,
    share_column,
)
from reportspec.sections.section_kind import section_of

POINTS = (0.0, 0.25, 0.5, 0.75)  # of a period, at which forecasts of past ones are made to judge them


def tests_side(report: Report, spec: ForecastSection, basis: Made) -> Section:
    """A row for each test, oldest first, and for the period itself."""
    outcome = basis.forecast
    columns = (
        Column("period", forecast_word(report, "period"), "text", role="dimension"),
        money_column(report, "forecast"),
        money_column(report, "low"),
        money_column(report, "high"),
        money_column(report, "result"),
        replace(share_column(report, "error"), role="change"),
        Column("held", forecast_word(report, "in_range"), "boolean", role="field"),
    )
    rows: list[tuple[Cell, ...]] = []
    for test in outcome.tests if outcome is not None else ():
        share = test.error / abs(test.result) if test.result else None
        name = called_stretch(report, basis.facts.stretches[test.place])
        rows.append((name, test.point, test.low, test.high, test.result, share, test.held))
    if outcome is not None and basis.shown:
        name = period_label(report.period, report.language, report.locale)
        rows.append((name, outcome.point, outcome.low, outcome.high, None, None, None))
    if not rows:
        return section_of(spec, notes=(forecast_word(report, "no_tests"),), shape="sentences")
    notes = (*(() if basis.shown else (forecast_word(report, "tests_only"),)), *rates_note(report, spec))
    several = len(rows) > 1  # of one period a table says all that a drawing would
    chart = Chart("ranges", "period", ("forecast", "low", "high", "result")) if several else None
    return section_of(
        spec, columns=columns, rows=tuple(rows), available_rows=len(rows), chart=chart, notes=notes, whole=True
    )


def accuracy_side(report: Report, spec: ForecastSection, answers: Answers) -> Section:
    """A row for each point of the period, and for the present one: how far off past forecasts were that were made at
    it, beside the simple rules in the same tests, and whether they bear out that one is shown."""
    made: list[tuple[float, Facts, Forecast]] = []
    if not no_matter_of_forecasts(report):
        basis, elapsed = made_of(report, spec, answers), frame_of(report).elapsed
        if basis.forecast is not None and elapsed > 0:
            made.append((elapsed, basis.facts, basis.forecast))
    for share in POINTS:
        facts = facts_of(report, spec.id, answers, past_frame(report, share))
        outcome = forecast(facts.windows)
        if outcome is not None:
            made.append((share, facts, outcome))
    made = sorted((one for one in made if one[2].tests), key=lambda one: one[0])
    if not made:
        return section_of(spec, notes=(forecast_word(report, "no_tests"),), shape="sentences")
    rules = [rule for rule in RULES if any(rival.rule == rule for _, _, one in made for rival in one.rivals)]
    unit = "quarter" if made[0][1].within else unit_of_stretches(report, made[0][1])
    columns = (
        replace(share_column(report, "elapsed"), role="dimension"),
        count_column(report, "tested"),
        share_column(report, "mean_error"),
        *(Column(f"times_{rule}", _rule_error(report, rule, unit), "number", "multiple", "metric") for rule in rules),
        share_column(report, "bias"),
        count_column(report, "held"),
        share_column(report, "width"),
        Column("shown", forecast_word(report, "columns", "shown"), "boolean", role="field"),
    )
    rows = []
    for share, _, outcome in made:
        times = {rival.rule: rival.ratio if math.isfinite(rival.ratio) else None for rival in outcome.rivals}
        near = outcome.refusal is None or outcome.refusal.why == "inflow"  # which is of one period, not of the tests
        own = (share, len(outcome.tests), outcome.off, *(times.get(rule) for rule in rules))
        rows.append((*own, outcome.bias, outcome.held, outcome.width, near))
    notes = [forecast_word(report, "accuracy_is")]
    if made[0][1].within:
        notes.append(forecast_word(report, "within"))
    return section_of(spec, columns=columns, rows=tuple(rows), available_rows=len(rows), notes=tuple(notes), whole=True)


def _rule_error(report: Report, rule: str, unit: str) -> str:
    return forecast_word(report, "columns", "rule_of").format(forecast_word(report, "rules", rule, unit))


def called_stretch(report: Report, stretch: tuple[date, date]) -> str:
    kind = report.period.kind
    period = named(*stretch, kind, report.project.fiscal)
    if kind in ("quarter", "fiscal_quarter") and (stretch[0].month - report.period.start.month) % 3:
        period = Period(*stretch, "range", "")
    return period_label(period, report.language, report.locale)
