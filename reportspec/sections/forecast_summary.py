"""What the period will bring, how sure that is, and what it is made of; or why that is not said."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reportspec.calendar import add_months, day_label
from reportspec.forecasting.past_windows import CellKey
from reportspec.forecasting.rest import Changes, changed
from reportspec.forecasting.tested_forecast import FEWEST_PERIODS
from reportspec.languages import percent_sign
from reportspec.measures.answers import Answers
from reportspec.measures.attainment import goal_for
from reportspec.measures.forecast_windows import (
    RUSH,
    cell_dimensions,
    forecast_entity,
    forecasting_of,
)
from reportspec.measures.metric_columns import Footnotes, metric_column
from reportspec.model.figures import Cell, Column, Highlight, Kpi, Section
from reportspec.model.spec import Report
from reportspec.sections.forecast_basis import ForecastSection, Made, rates_note, rule_name, unit_of_stretches
from reportspec.sections.forecast_words import (
    count_column,
    estimate,
    forecast_word,
    money_column,
    said,
    share_column,
    too_few_periods,
)
from reportspec.sections.section_kind import section_of

LARGE = 0.05  # of the forecast, from which on what one deal is expected to bring of it is told

MOST_NAMED = 3


def summary_side(report: Report, spec: ForecastSection, basis: Made, answers: Answers, footnotes: Footnotes) -> Section:
    stock = report.binding.catalogue.metrics[forecasting_of(report).stock]
    row = next(iter(answers.rows(spec.id, "stock")), {})
    marks = metric_column(report, stock, footnotes, row).footnotes
    won_marks = metric_column(report, spec.metrics[0], footnotes, row).footnotes
    outcome, notes = basis.forecast, _notes(report, spec, basis)
    if outcome is None or outcome.refusal is not None:
        return section_of(
            spec,
            highlights=tuple(refused(report, basis)),
            notes=notes,
            footnotes=tuple(dict.fromkeys((*marks, *won_marks))),
            shape="sentences",
        )
    goal = goal_for(report, spec, spec.metrics[0])
    target = goal.target if goal is not None else None
    chance = outcome.chance_of(target) if target is not None else None
    cells: list[tuple[Column, Cell]] = [
        (money_column(report, "forecast", marks), outcome.point),
        (money_column(report, "low"), outcome.low),
        (money_column(report, "high"), outcome.high),
        (money_column(report, "won", won_marks), outcome.won),
    ]
    if outcome.rest.way == "from_pipeline":
        cells += [
            (money_column(report, "open"), outcome.rest.open),
            (money_column(report, "created"), outcome.rest.created),
        ]
    else:
        cells += [(money_column(report, "usual_rest"), outcome.rest.mean)]
    tiles = tuple(_tile(column, value) for column, value in cells)
    best = outcome.rivals[0]
    cells += [
        (money_column(report, "target"), target),
        (share_column(report, "chance"), chance),
        (share_column(report, "mean_error"), outcome.off),
        (share_column(report, "bias"), outcome.bias),
        (share_column(report, "rule_error"), best.relative),
        (share_column(report, "compared_error"), best.ours_relative),
        (count_column(report, "compared"), best.tests),
        (count_column(report, "tested"), len(outcome.tests)),
        (count_column(report, "held"), outcome.held),
    ]
    sentences = _sentences(report, basis, target, chance, _named(report, spec, basis, answers))
    if spec.what_if is not None and spec.what_if != Changes():
        sentences.append(_otherwise(report, spec.what_if, basis))
    return section_of(
        spec,
        columns=tuple(column for column, _ in cells),
        rows=(tuple(value for _, value in cells),),
        available_rows=1,
        kpis=tiles,
        highlights=tuple(sentences),
        notes=notes,
        footnotes=tuple(dict.fromkeys((*marks, *won_marks))),
        shape="tiles",
    )


def _tile(column: Column, value: Cell) -> Kpi:
    """A figure of a forecast: what is won is known, and all else an estimate."""
    told, as_column = (value, column) if column.name == "won" else estimate(value, column)
    return Kpi(as_column, told)


def _sentences(
    report: Report, basis: Made, target: float | None, chance: float | None, large: Sequence[tuple[str, float]]
) -> list[Highlight]:
    """What is said of a forecast that is shown."""
    outcome, facts = basis.forecast, basis.facts
    assert outcome is not None
    money, share, count = (
        money_column(report, "forecast"),
        share_column(report, "mean_error"),
        count_column(report, "tested"),
    )
    present = facts.windows.all[-1]
    is_so = said(
        report,
        "forecast_is",
        point=estimate(outcome.point, money),
        low=estimate(outcome.low, money),
        high=estimate(outcome.high, money),
    )
    sentences = [replace(is_so, in_tiles=True)]
    if target is not None and chance is not None:
        met = outcome.won >= target
        kind = "met" if met else "rare" if chance < 0.05 else "sure" if chance > 0.95 else "about"
        tens = min(max(round(10 * chance), 1), 9)
        sentences.append(said(report, f"forecast_goal_{kind}", goal=(target, money), tens=(tens, count)))
    if outcome.rest.way == "from_pipeline":
        deals = sum(cell.deals.count for cell in present.open.values())
        made_of = said(
            report,
            "forecast_parts",
            won=(outcome.won, money),
            open=estimate(outcome.rest.open, money),
            deals=(int(deals), count),
            created=estimate(outcome.rest.created, money),
        )
        sentences.append(replace(made_of, in_tiles=True))
        more = outcome.pipeline.inflow - 1.0
        if abs(more) >= 0.1:
            kind = "more" if more > 0 else "less"
            sentences.append(said(report, f"forecast_inflow_{kind}", share=(abs(more), share)))
    else:
        usual = estimate(outcome.rest.mean, money)
        made_of = said(report, "forecast_usual_rest", won=(outcome.won, money), rest=usual)
        sentences.append(replace(made_of, in_tiles=True))
    tests, best = len(outcome.tests), outcome.rivals[0]
    if outcome.off is not None:
        sentences.append(said(report, "forecast_off", count=(tests, count), off=(outcome.off, share)))
    if best.ours_relative is not None and best.relative is not None:
        rule, rule_off = rule_name(report, basis, best), (best.relative, share)
        if best.tests == tests:
            sentences.append(said(report, "forecast_rule_off", rule=rule, rule_off=rule_off))
        else:
            some = {"count": (best.tests, count), "off": (best.ours_relative, share)}
            sentences.append(said(report, "forecast_rule_off_some", rule=rule, rule_off=rule_off, **some))
    if outcome.bias is not None and abs(outcome.bias) >= 0.01:
        kind = "high" if outcome.bias > 0 else "low"
        sentences.append(said(report, f"forecast_bias_{kind}", share=(abs(outcome.bias), share)))
    sentences.append(said(report, "forecast_held", held=(outcome.held, count), count=(tests, count)))
    if outcome.one_sided:
        sentences.append(said(report, "forecast_all_high" if outcome.one_sided > 0 else "forecast_all_low"))
    sentences += [said(report, "forecast_without", deal=name, point=estimate(amount, money)) for name, amount in large]
    return sentences


def _otherwise(report: Report, changes: Changes, basis: Made) -> Highlight:
    """What the forecast would be if something were otherwise: arithmetic, and said to be."""
    outcome = basis.forecast
    assert outcome is not None
    if outcome.rest.way != "from_pipeline":
        return said(report, "forecast_no_what_if")
    parts = (("close_rate", changes.close_rate), ("inflow", changes.inflow), ("amount", changes.amount))
    texts = [f"{forecast_word(report, 'what_if', name)} {_signed(report, share)}" for name, share in parts if share]
    point = outcome.won + changed(outcome.pipeline, basis.facts.windows.all[-1], changes)
    money = money_column(report, "forecast")
    return said(report, "forecast_what_if", changes=", ".join(texts), point=estimate(point, money))


def _signed(report: Report, share: float) -> str:
    sign = "+" if share > 0 else "−"
    return sign + percent_sign(report.language, report.number(abs(share) * 100, ".15g"))


def refused(report: Report, basis: Made) -> list[Highlight]:
    """Why there is no forecast, and what the best simple rule says."""
    outcome, windows = basis.forecast, basis.facts.windows
    money, share, count = (
        money_column(report, "forecast"),
        share_column(report, "mean_error"),
        count_column(report, "tested"),
    )
    unit = unit_of_stretches(report, basis.facts)
    if outcome is None or outcome.refusal is None or outcome.refusal.why == "periods":
        there = len(windows.before(windows.last))
        needed = FEWEST_PERIODS + (4 if basis.facts.within else 0)
        there = there + 2 if basis.facts.within and there else there
        rush = basis.facts.rush
        why = [said(report, "forecast_rush", share=(rush, share))] if rush is not None and rush > RUSH else []
        periods = forecast_word(report, "periods", unit, "many")
        return [too_few_periods(report, needed, there, periods, _from(report, basis, needed - there)), *why]
    refusal = outcome.refusal
    best = outcome.rivals[0] if outcome.rivals else None
    won = windows.all[windows.last].won_before.amount
    more_won = best is not None and best.amount < won
    beyond = [said(report, "forecast_more_won", amount=(won, money))] if more_won else []
    if refusal.why == "rival" and best is not None:
        amount = estimate(best.amount, money)
        return [said(report, "forecast_no_rival", rule=rule_name(report, basis, best), amount=amount), *beyond]
    values_by_reason: Mapping[str, dict[str, tuple[Cell, Column] | str]] = {
        "rival": {},
        "wins": {
            "count": (int(refusal.count), count),
            "of": (int(refusal.of), count),
            "periods": forecast_word(report, "periods", unit, "many" if refusal.of != 1 else "one"),
        },
        "ranges": {"count": (int(refusal.count), count), "of": (int(refusal.of), count)},
        "inflow": {"share": (refusal.count, share)},
        "rhythm": {"share": (refusal.count, share)},
    }
    kind = "forecast_no_rule" if refusal.why == "rival" else f"forecast_no_{refusal.why}"
    sentences = [said(report, kind, **values_by_reason[refusal.why])]
    if best is not None:
        amount = estimate(best.amount, money)
        sentences.append(said(report, "forecast_best_rule", rule=rule_name(report, basis, best), amount=amount))
    return [*sentences, *beyond]


def _from(report: Report, basis: Made, missing: int) -> str:
    """The first day of a period before which there are enough completed ones."""
    start, end = report.period.start, report.period.end
    if start.day == end.day == 1:
        months = (end.year - start.year) * 12 + end.month - start.month
        # What completes within a period is of use for the next one: a forecast learns from before its period.
        periods = math.ceil(missing / months) if basis.facts.within else missing
        return day_label(add_months(start, periods * months), report.language, report.locale)
    return day_label(start + missing * (end - start), report.language, report.locale)


def _notes(report: Report, spec: ForecastSection, basis: Made) -> tuple[str, ...]:
    """What is to be known of the way that a forecast was come by."""
    binding, entity = report.binding, forecast_entity(report)
    notes = []
    if basis.facts.within:
        notes.append(forecast_word(report, "within"))
    if not binding.has_history(entity):
        notes.append(forecast_word(report, "no_history"))
    elif not _amounts_of_then(report):
        notes.append(forecast_word(report, "amounts_of_today"))
    return (*notes, *rates_note(report, spec, "one_rate"))


def _amounts_of_then(report: Report) -> bool:
    amount = str(forecasting_of(report).amount.sql()).rpartition(".")[2]
    return amount in report.binding.past_values(forecast_entity(report))


def _named(report: Report, spec: ForecastSection, basis: Made, answers: Answers) -> list[tuple[str, float]]:
    """The deals on each of which much of the forecast hangs, and what it would be without it."""
    outcome, table = basis.forecast, answers.table(spec.id)
    if outcome is None or table is None or outcome.rest.way != "from_pipeline":
        return []
    large = []
    for row in table.rows:
        name, amount, *cell = row[: 2 + len(cell_dimensions(report))]
        key: CellKey = (cell[0], cell[1]) if len(cell) == 2 else (None, cell[0])
        brings = float(amount or 0) * outcome.pipeline.rates.of(key) * outcome.pipeline.kept
        if name and abs(brings) >= LARGE * abs(outcome.point):
            large.append((str(name), outcome.point - brings))
    return large[:MOST_NAMED]
