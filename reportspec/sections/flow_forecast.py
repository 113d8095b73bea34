"""A forecast of any metric that adds up over time, by simple rules: what there is so far, and what the rest of such a
period brought."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from reportspec.calendar import day_label
from reportspec.forecasting.flow import FEWEST_BEFORE, FEWEST_TESTS, LEARNED, Flow, FlowTest, flow_forecast
from reportspec.measures.answers import Answers
from reportspec.measures.attainment import goal_for
from reportspec.measures.flow_windows import Days, flow_stretches
from reportspec.measures.metric_columns import Footnotes, label, metric_column
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Chart, Column, Highlight, Kpi, Section
from reportspec.model.spec import Report, SectionSpec
from reportspec.rounding import half_up
from reportspec.sections.forecast_words import (
    count_column,
    estimate,
    forecast_word,
    said,
    share_column,
    too_few_periods,
)
from reportspec.sections.section_kind import section_of

Called = Callable[[Report, Days], str]  # what a period is called


def flow_summary(
    report: Report, spec: SectionSpec, metric: Metric, answers: Answers, footnotes: Footnotes, unit: str
) -> Section:
    """The forecast with its range and its tests; where the past does not bear one out, why not."""
    windows, days = flow_stretches(report, spec.id, metric, answers)
    flow = flow_forecast(windows, _per_year(report, days))
    column = replace(metric_column(report, metric, footnotes, None), type="number")
    if flow is None or flow.refusal is not None:
        sentences = _refused(report, flow, windows[-2].result if len(windows) > 1 else None, days, column, unit)
        return section_of(spec, highlights=tuple(sentences), notes=_notes(report), shape="sentences")
    made, count, share = flow.forecast, count_column(report, "tested"), share_column(report, "mean_error")
    came = math.fsum(test.result for test in flow.tests)
    goal = goal_for(report, spec, metric)
    target = goal.target if goal is not None else None
    chance = flow.chance_of(target) if target is not None else None
    tiles: list[tuple[str, float]] = [
        ("forecast", made.point),
        ("low", made.low),
        ("high", made.high),
        ("so_far", made.before),
        ("rest", made.spread.mean),
    ]
    cells: list[tuple[Column, Cell]] = [(_of(report, column, name), value) for name, value in tiles]
    kpis = tuple(_tile(_of(report, column, name), value, metric) for name, value in tiles)
    cells += [
        (_of(report, column, "target"), target),
        (share_column(report, "chance"), chance),
        (share_column(report, "mean_error"), _relative(flow.error * len(flow.tests), came)),
        (share_column(report, "rule_error"), _relative(flow.naive * len(flow.tests), came)),
        (count, len(flow.tests)),
        (count_column(report, "held"), flow.held),
    ]

    def amount(value: float) -> tuple[Cell, Column]:
        return _told(value, column, metric)

    sentences = [
        said(
            report,
            "flow_is",
            metric=label(report, metric.label),
            point=amount(made.point),
            low=amount(made.low),
            high=amount(made.high),
        ),
        said(
            report,
            "flow_parts",
            before=(_known(made.before, metric), column),
            rest=amount(made.spread.mean),
            rule=forecast_word(report, "rules", made.rule, unit),
        ),
    ]
    if target is not None and chance is not None:
        met = made.before >= target
        kind = "met" if met else "rare" if chance < 0.05 else "sure" if chance > 0.95 else "about"
        tens = min(max(round(10 * chance), 1), 9)
        sentences.append(said(report, f"forecast_goal_{kind}", goal=(target, column), tens=(tens, count)))
    if came:
        off, naive = flow.error * len(flow.tests) / abs(came), flow.naive * len(flow.tests) / abs(came)
        sentences.append(said(report, "forecast_off", count=(len(flow.tests), count), off=(off, share)))
        rule = forecast_word(report, "rules", "last", unit)
        sentences.append(said(report, "forecast_rule_last", rule=rule, rule_off=(naive, share)))
    sentences.append(said(report, "forecast_held", held=(flow.held, count), count=(len(flow.tests), count)))
    return section_of(
        spec,
        columns=tuple(one for one, _ in cells),
        rows=(tuple(value for _, value in cells),),
        available_rows=1,
        kpis=kpis,
        highlights=tuple(sentences),
        notes=_notes(report),
        shape="tiles",
    )


def flow_tests(
    report: Report, spec: SectionSpec, metric: Metric, answers: Answers, footnotes: Footnotes, called: Called
) -> Section:
    """A row for each test, oldest first, and for the period itself."""
    windows, days = flow_stretches(report, spec.id, metric, answers)
    flow = flow_forecast(windows, _per_year(report, days))
    if flow is None or not flow.tests:
        return section_of(spec, notes=(forecast_word(report, "no_tests"),), shape="sentences")
    column = replace(metric_column(report, metric, footnotes, None), type="number")
    amounts = tuple(_of(report, column, name) for name in ("forecast", "low", "high", "result"))
    columns = (
        Column("period", forecast_word(report, "period"), "text", role="dimension"),
        *amounts,
        replace(share_column(report, "error"), role="change"),
        Column("held", forecast_word(report, "in_range"), "boolean", role="field"),
    )

    def row(test: FlowTest, *, over: bool) -> tuple[Cell, ...]:
        name, forecast = called(report, days[test.place]), (test.point, test.low, test.high)
        if not over:
            return (name, *forecast, None, None, None)
        return (name, *forecast, test.result, _relative(test.error, test.result), test.held)

    rows = [row(test, over=True) for test in flow.tests]
    if flow.refusal is None:
        rows.append(row(flow.forecast, over=False))
    notes = () if flow.refusal is None else (forecast_word(report, "tests_only"),)
    chart = Chart("ranges", "period", ("forecast", "low", "high", "result"))
    return section_of(
        spec, columns=columns, rows=tuple(rows), available_rows=len(rows), chart=chart, notes=notes, whole=True
    )


def flow_columns(show: str) -> tuple[str, ...]:
    """What its columns are called."""
    if show == "tests":
        return ("period", "forecast", "low", "high", "result", "error", "held")
    parts = ("forecast", "low", "high", "so_far", "rest", "target", "chance")
    return (*parts, "mean_error", "rule_error", "tested", "held")


def _refused(
    report: Report, flow: Flow | None, last: float | None, days: list[Days], column: Column, unit: str
) -> list[Highlight]:
    """Why there is no forecast, and what the last period brought."""
    count, periods = count_column(report, "tested"), forecast_word(report, "periods", unit, "many")
    over = len(days) - 1
    if flow is None or flow.refusal == "periods":
        needed = FEWEST_BEFORE + FEWEST_TESTS
        return [too_few_periods(report, needed, over, periods, _from(report, needed - over))]
    if flow.refusal == "cases":
        of = min(over, LEARNED)
        return [said(report, "flow_no_cases", count=(int(flow.cases), count), of=(of, count), periods=periods)]
    if flow.refusal == "ranges":
        return [said(report, "forecast_no_ranges", count=(flow.held, count), of=(len(flow.tests), count))]
    assert last is not None
    rule = forecast_word(report, "rules", "last", unit)
    return [said(report, "forecast_no_rival", rule=rule, amount=estimate(last, column))]


def _from(report: Report, missing: int) -> str:
    start, end = report.period.start, report.period.end
    if start.day == end.day == 1:
        months = missing * ((end.year - start.year) * 12 + end.month - start.month) + start.month - 1
        at = date(start.year + months // 12, months % 12 + 1, 1)
    else:
        at = start + missing * (end - start)
    return day_label(at, report.language, report.locale)


def _per_year(report: Report, days: list[Days]) -> int | None:
    """How many of the periods make a year, if that is a whole number."""
    if report.period.kind == "week":
        return 52
    start, end = days[-1]
    months = (end.year - start.year) * 12 + end.month - start.month
    return 12 // months if start.day == end.day == 1 and months and 12 % months == 0 else None


def _notes(report: Report) -> tuple[str, ...]:
    return (forecast_word(report, "by_rules"),)


def _of(report: Report, column: Column, name: str) -> Column:
    """The metric's column for one of the amounts of its forecast."""
    return replace(column, name=name, label=forecast_word(report, "columns", name))


def _tile(column: Column, value: float, metric: Metric) -> Kpi:
    """A figure of a forecast: what there is so far is known, and all else an estimate."""
    if column.name == "so_far":
        return Kpi(column, _known(value, metric))
    told, as_column = _told(value, column, metric)
    return Kpi(as_column, told)


def _told(value: float, column: Column, metric: Metric) -> tuple[Cell, Column]:
    """An estimate as it is told: whole where things are counted."""
    if metric.unit == "count" and abs(value) < 1000:
        return _known(value, metric), column  # rounded once: 60.46 is 60, and not 60.5 and 61
    return estimate(value, column)


def _known(value: float, metric: Metric) -> Cell:
    return int(half_up(value, 0)) if metric.unit == "count" else value


def _relative(error: float, whole: float) -> float | None:
    return error / abs(whole) if whole else None
