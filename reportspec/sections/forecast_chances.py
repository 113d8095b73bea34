"""The chances of open deals with their reasons, and what happened of what such chances had said."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from reportspec.forecasting.calibration import Judged, by_rates, off_by
from reportspec.forecasting.calibration import whole as whole_of
from reportspec.forecasting.past_windows import CellKey, Open
from reportspec.forecasting.win_rates import rates_of
from reportspec.forecasting.winning import Chances, in_steps
from reportspec.languages import elided, percent_sign
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import divided
from reportspec.measures.dimensions import field_column, labelled_value
from reportspec.measures.forecast_windows import (
    Stage,
    cell_dimensions,
    forecast_entity,
    forecasting_of,
    stages_in,
    stated_in,
)
from reportspec.measures.win_chances import by_what
from reportspec.model.figures import Cell, Column, Section
from reportspec.model.spec import Report
from reportspec.resolve.called import called as called_here
from reportspec.sections.forecast_basis import ForecastSection, Made, leader_of, rates_note
from reportspec.sections.forecast_words import (
    count_column,
    forecast_word,
    money_column,
    said,
    share_column,
)
from reportspec.sections.section_kind import or_none_there, section_of
from reportspec.sql.record_rows import AVAILABLE


def deals_side(report: Report, spec: ForecastSection, basis: Made | None, answers: Answers) -> Section:
    """The largest open deals; of a forecast that is made, with the chance of each to be won before the period is over
    and what it brings of the forecast, so far as the past bears chances out. What a chance is made of (its three
    factors) stands in the data alone."""
    table = answers.table(spec.id)
    if table is None:
        return section_of(spec, highlights=(said(report, by_what(report, "forecast_no_chances")),), shape="sentences")
    binding, entity = report.binding, forecast_entity(report).name
    odds = basis.chances if basis is not None and basis.chances.shown else None
    kept = basis.forecast.pipeline.kept if basis is not None and basis.forecast is not None else 1.0
    fields = [binding.resolve(entity, path).field for path in spec.listed]
    count, amount_column = len(spec.listed), money_column(report, "amount")
    listed = [
        field_column(report, ".".join(path), called_here(binding, entity, path, report.language), field)
        for path, field in zip(spec.listed, fields, strict=True)
    ]
    keys: list[CellKey] = []
    columns: list[tuple[Column, list[Cell]]] = [(column, []) for column in listed]
    amounts: list[float | None] = []
    for row in table.rows:
        cells = row[count + 1 : count + 1 + len(cell_dimensions(report))]
        keys.append((cells[0], cells[1]) if len(cells) == 2 else (None, cells[0]))
        for (_, values), field, value in zip(columns, fields, row, strict=False):
            values.append(labelled_value(report, field, value))
        amounts.append(None if row[count] is None else float(row[count]))
    notes: tuple[str, ...] = ()
    if basis is None:
        notes = (forecast_word(report, "far_ahead"),)
    elif odds is not None:
        expected: list[Cell] = [
            None if amount is None else amount * kept * odds.of(key) for key, amount in zip(keys, amounts, strict=True)
        ]
        columns = [*_with_reasons(report, columns, keys, odds), (money_column(report, "expected"), expected)]
        notes = (_chances_note(report, odds, kept),)
    columns.append((amount_column, list(amounts)))
    section = section_of(
        spec,
        columns=tuple(column for column, _ in columns),
        rows=tuple(zip(*(values for _, values in columns), strict=True)),
        available_rows=int(table.rows[0][table.columns.index(AVAILABLE)]) if table.rows else 0,
        highlights=(said(report, by_what(report, "forecast_no_chances")),)
        if basis is not None and odds is None
        else (),
        notes=(*notes, *rates_note(report, spec)),
    )
    return or_none_there(report, section)


def _with_reasons(
    report: Report, listed: Sequence[tuple[Column, list[Cell]]], keys: Sequence[CellKey], odds: Chances
) -> list[tuple[Column, list[Cell]]]:
    """The columns of a list with the chance of each row and what it is made of. Its factors stand beside the stage and
    the days that they are of; by themselves, and with how many rows were like it and were won, in the data."""
    forecasting = forecasting_of(report)
    by_stage = len(cell_dimensions(report)) > 1
    factors = [odds.factors(key) for key in keys]
    of_stages = [stage for _, stage, _ in factors]
    of_days = [days if by_stage else stage * days for _, stage, days in factors]
    made: list[tuple[Column, list[Cell]]] = []
    for column, values in listed:
        if column.name == forecasting.says_days:
            texts = [_by_factor(report, _day_count(report, days), by) for days, by in zip(values, of_days, strict=True)]
            label = column.label
        elif column.name == forecasting.says_stage and by_stage:
            unknown = forecast_word(report, "stage_unknown")
            names = [unknown if stage is None else name for name, (stage, _) in zip(values, keys, strict=True)]
            texts = [_by_factor(report, name, by) for name, by in zip(names, of_stages, strict=True)]
            label = column.label
        else:
            made.append((column, values))
            continue
        made += [
            (replace(column, in_data=True), values),
            (Column(f"{column.name}__factor", label, "text"), list(texts)),
        ]
    like = [odds.rates.counts.get(key, Open()) for key in keys]
    in_data: list[tuple[Column, list[Cell]]] = [
        (share_column(report, "base_rate"), [base for base, _, _ in factors]),
        (replace(share_column(report, "stage_factor"), unit="multiple"), [stage for _, stage, _ in factors]),
        (replace(share_column(report, "days_factor"), unit="multiple"), [days for _, _, days in factors]),
        (count_column(report, "deals_like"), [int(cell.deals.count) for cell in like]),
        (count_column(report, "won_like"), [int(cell.won.count) for cell in like]),
    ]
    chance = replace(share_column(report, "win_chance"), decimals=0)
    return [
        *made,
        (chance, [in_steps(odds.of(key)) for key in keys]),
        *((replace(column, in_data=True), values) for column, values in in_data),
    ]


def _by_factor(report: Report, name: Cell, factor: float) -> str:
    """What a row is said to be, with what that makes of its chance: `Discovery × 0.47`."""
    times = f"× {report.number(factor, '.1f' if factor >= 1 else '.2f')}"
    return f"{name} {times}" if name is not None else times


def _day_count(report: Report, days: Cell) -> Cell:
    return report.number(float(days), ",.0f") if isinstance(days, (int, float, Decimal)) else days


def _chances_note(report: Report, odds: Chances, kept: float) -> str:
    """What a chance is, what it is made of, and why amounts are not quite the products of what stands beside them."""
    base = report.number(100 * odds.rates.base, ".0f")
    made_of = elided(report.language, forecast_word(report, by_what(report, "chances_made")).format(base))
    rounded_to = forecast_word(report, "chances_rounded").format(report.number(kept, ".2f"))
    return " ".join((forecast_word(report, by_what(report, "chances_are")), made_of, rounded_to))


def _states_of(report: Report) -> str:
    """The entity of the states that rows of the forecast go through."""
    history = forecast_entity(report).history
    return history.states.entity if history is not None else ""


def stages_side(report: Report, spec: ForecastSection, basis: Made, answers: Answers) -> Section:
    """A row for each stage: the deals that were in it at the origins of the tests, the share that was won before the
    periods were over, what the rates of then had said, and what people had typed. The stages of each of several
    pipelines stand together, with what all of them come to."""
    windows = basis.facts.windows
    if not report.binding.has_history(forecast_entity(report)):
        return section_of(spec, notes=(forecast_word(report, "no_history"),), shape="sentences")
    stages = stages_in(report, leader_of(report, spec).id, answers)
    sums: dict[str | None, list[float]] = {}
    for place in windows.tested(windows.last):
        rates = rates_of(windows.learned(place))
        for key, cell in windows.all[place].open.items():
            known = sums.setdefault(key[0], [0.0] * 5)
            for at, count in enumerate((cell.deals.count, cell.won.count, cell.deals.count * rates.of(key))):
                known[at] += count
        for stage, entry in stages.items():
            for at, typed in enumerate(entry.typed.get(basis.facts.stretches[place], ()), 3):
                sums.setdefault(stage, [0.0] * 5)[at] += typed
    columns = (
        Column("stage_name", forecast_word(report, "stage_name"), "text", role="dimension"),
        count_column(report, "deals_tested"),
        share_column(report, "happened"),
        share_column(report, "by_rates"),
        share_column(report, "typed"),
    )
    order = sorted(sums, key=lambda key: _turn(key, stages[key]))
    called = dict(pair for one in spec.told if one.field.entity == _states_of(report) for pair in one.called)
    rows = tuple((called.get(str(key), stages[key].name), *_judged(sums[key])) for key in order)
    groups = [stages[key].group for key in order]
    subtotals = tuple(
        (len(groups) - groups[::-1].index(group), (group, *_judged(_together(sums, order, groups, group))))
        for group in dict.fromkeys(group for group in groups if group is not None)
    )
    whole = [math.fsum(sums[key][at] for key in sums) for at in range(5)] if sums else [0.0] * 5
    said_of_all = () if basis.chances.shown else (said(report, by_what(report, "forecast_no_chances")),)
    return section_of(
        spec,
        columns=columns,
        rows=rows,
        total=(None, *_judged(whole)),
        available_rows=len(rows),
        subtotals=subtotals if len(subtotals) > 1 else (),
        highlights=said_of_all,
        notes=(forecast_word(report, "judged_are"),),
    )


def _turn(key: str | None, stage: Stage) -> tuple[bool, bool, str, int, str]:
    """Where a stage stands: after those of the pipelines before its own, by its place; what is unknown last."""
    return key is None, stage.group is None, str(stage.group), stage.place, str(stage.name)


def _together(
    sums: Mapping[str | None, Sequence[float]],
    order: Sequence[str | None],
    groups: Sequence[str | None],
    group: str,
) -> list[float]:
    """What the stages of a group come to."""
    theirs = [sums[key] for key, of in zip(order, groups, strict=True) if of == group]
    return [math.fsum(values) for values in zip(*theirs, strict=True)]


def calibration_side(report: Report, spec: ForecastSection, basis: Made, answers: Answers) -> Section:
    """A row for each tenth of what was said: by past rates, and by people; and what happened then. Without a history
    it is not known what people had said of deals that were closed since: of those that are still open none was won."""
    windows = basis.facts.windows
    wanted = [basis.facts.stretches[place] for place in windows.tested(windows.last)]
    known = report.binding.has_history(forecast_entity(report))
    ours = by_rates(windows)
    theirs = stated_in(report, spec.id, answers, "stated", wanted) if known else {}
    columns = (
        Column("said_between", forecast_word(report, "columns", "said_between"), "text", role="dimension"),
        *(of(report, name) for name, of in CALIBRATION),
    )
    nothing = Judged()
    rows = tuple(
        (
            percent_sign(report.language, f"{10 * tenth}–{10 * tenth + 10}"),
            *_said_and_won(ours.get(tenth, nothing)),
            *_said_and_won(theirs.get(tenth, nothing) if known else None),
        )
        for tenth in sorted({*ours, *theirs})
    )
    if not rows:
        return section_of(spec, notes=(forecast_word(report, "no_tests"),), shape="sentences")
    sentences = [] if basis.chances.shown else [said(report, by_what(report, "forecast_no_chances"))]
    off, typed_off, share = off_by(ours), off_by(theirs), share_column(report, "happened")
    if off is not None and typed_off is not None:
        sentences.append(said(report, "forecast_calibration", ours=(off, share), typed=(typed_off, share)))
    return section_of(
        spec,
        columns=columns,
        rows=rows,
        total=(
            None,
            *_said_and_won(whole_of(ours.values())),
            *_said_and_won(whole_of(theirs.values()) if known else None),
        ),
        available_rows=len(rows),
        highlights=tuple(sentences),
        notes=(forecast_word(report, "judged_are" if known else "typed_unknown"),),
        whole=True,
    )


def _said_and_won(judged: Judged | None) -> tuple[Cell, ...]:
    """How many deals, the mean of what was said of them, and the share that was won in time; None where that is not
    known."""
    if judged is None:
        return (None, None, None)
    return (int(judged.count), divided(judged.said, judged.count), divided(judged.won, judged.count))


def _judged(sums: Sequence[float]) -> tuple[int, Cell, Cell, Cell]:
    """How many deals, the share that was won, and what two ways had said of it."""
    count, won, expected, typed, typed_sum = sums
    return int(count), divided(won, count), divided(expected, count), divided(typed_sum, typed)


CALIBRATION: tuple[tuple[str, Callable[[Report, str], Column]], ...] = (
    ("rated", count_column),
    ("rates_said", share_column),
    ("rates_happened", share_column),
    ("typed_count", count_column),
    ("typed_said", share_column),
    ("typed_happened", share_column),
)
