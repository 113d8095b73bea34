"""Highlights and back-tests: what stands out, and what forecasts were worth.

A highlight is written only where enough cases stand behind it: each side of a comparison has at
least the section's `at_least` cases, and rates of counts and means differ by more than chance would
have it for all comparisons of the section together (`significance.py`); means by a tenth or more, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from reportspec.calendar import instant, period_label
from reportspec.evaluate.answers import Answers
from reportspec.evaluate.goals import goal_state
from reportspec.evaluate.metrics import Number, divided, metric_value, number, without
from reportspec.evaluate.sections import (
    Footnotes,
    all_lengths,
    change,
    dimension_column,
    label,
    metric_column,
    shown_value,
)
from reportspec.evaluate.significance import Mean, Share, means_differ, pairs, shares_differ
from reportspec.evaluate.words import word
from reportspec.model.columns import Aggregated, ColumnId, Member, Part, Row, SideName
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Chart, Column, Highlight, Section, Told
from reportspec.model.spec import Backtest, Comparison, Highlights, Report, SectionSpec
from reportspec.resolve.binding import metrics_needed

NOTABLE = 0.1  # the smallest relative difference of means that is told
SMALLEST_CHANGE = 0.05
_OF_MEANS: tuple[Part, ...] = ("n", "sum", "squares")
DURATIONS = ("days", "minutes", "seconds")


def cases(report: Report, metric: Metric, row: Row, side: SideName = "current") -> int:
    """The cases that a figure rests on: the rows of an average or a sum, what a ratio divides by."""
    catalogue = report.binding.catalogue
    if metric.kind == "ratio":
        return cases(report, catalogue.metrics[metric.denominator], row, side)
    if metric.kind != "aggregate":
        counts = [cases(report, part, row, side) for part in metrics_needed(catalogue, metric)]
        return min(counts, default=0)
    part: Part = "value" if metric.aggregate == "count" else "n"
    return int(row.get(Aggregated(metric.id, part, side)) or 0)


def _of(report: Report, metric: Metric, row: Row, side: SideName = "current") -> tuple[int, int | None]:
    """(cases, how many of them) of a rate of counts; without the latter for other figures."""
    catalogue = report.binding.catalogue
    if metric.kind == "ratio" and metric.unit == "percent":
        top = catalogue.metrics[metric.numerator]
        if top.kind == "aggregate" and top.aggregate in ("count", "count_distinct"):
            of = int(metric_value(catalogue, top, row, side) or 0)
            return cases(report, metric, row, side), of
    return cases(report, metric, row, side), None


def highlights_section(report: Report, spec: SectionSpec, answers: Answers, footnotes: Footnotes) -> Section:
    """The sentences of a section, most telling kinds first."""
    wanted = spec.highlights
    assert wanted is not None
    looked = [
        _Looked(
            kind,
            one,
            rows,
            next(iter(answers.rows(spec.id, f"{kind} {index} total")), {}),
            _known(report, wanted, one.metric, rows) if kind == "compare" else [],
        )
        for kind, comparisons in (("compare", wanted.compare), ("share", wanted.shares))
        for index, one in enumerate(comparisons)
        for rows in [answers.rows(spec.id, f"{kind} {index}")]
    ]
    figures = next(iter(answers.rows(spec.id, "figures")), None)
    held = sum(map(_held, looked))
    if figures is not None and report.compare is not None:
        held += len(wanted.metrics)
    found: list[Highlight] = []
    for one in looked:
        make = _compared if one.kind == "compare" else _shared
        found += make(report, wanted, one, held)
    if figures is not None:
        row = {**figures, **all_lengths(report)}
        for metric in wanted.metrics:
            found += _moved(report, wanted, metric, row, held)
    found = found[: wanted.most]
    notes = [spec.note] if spec.note else []
    if not found:
        notes.append(word(report.language, "nothing_stands_out", wanted.at_least))
    return Section(
        spec.id,
        "highlights",
        spec.title,
        _COLUMNS,
        tuple(_plain(h) for h in found),
        None,
        len(found),
        notes=tuple(notes),
        break_before=spec.break_before,
        highlights=tuple(found),
    )


_COLUMNS = tuple(
    Column(name, name, "text" if name not in ("value", "other_value", "cases", "other_cases") else "number")
    for name in ("kind", "metric", "name", "value", "cases", "other_name", "other_value", "other_cases")
)


def _plain(one: Highlight) -> tuple[Cell, ...]:
    """A highlight as a row, for those who read figures as data."""
    told = {name: each.value for name, each in one.values}
    counts = [count for count, _ in one.cases] + [None, None]
    return (one.kind, one.metric, told.get("a"), told.get("high"), counts[0], told.get("b"), told.get("low"), counts[1])


def _told(report: Report, metric: Metric, value: Cell) -> Told:
    return Told(value, metric_column(report, metric, Footnotes(), None))


def _name(report: Report, one: Comparison, row: Row) -> Told:
    shown = shown_value(report, one.dimension, row[Member(0)])
    column = dimension_column(report, one.dimension)
    return Told(shown if shown is not None else word(report.language, "none"), column)


@dataclass(frozen=True, slots=True)
class _Looked:
    """A comparison with the rows of its members, and the one of all together; of the best against the
    worst also the members with enough cases, least first: (value, key, row)."""

    kind: str
    asked: Comparison
    rows: Sequence[Row]
    total: Row
    known: list[tuple[Number, str, Row]]


def _known(report: Report, wanted: Highlights, metric: Metric, rows: Sequence[Row]) -> list[tuple[Number, str, Row]]:
    """The members with enough cases, least first: (value, key, row)."""
    catalogue, known = report.binding.catalogue, []
    for row in rows:
        value = metric_value(catalogue, metric, row)
        if value is not None and cases(report, metric, row) >= wanted.at_least:
            known.append((value, str(row[Member(0)]), row))
    known.sort(key=lambda item: (item[0], item[1]))
    return list(known)


def _held(one: _Looked) -> int:
    """How many figures are held against each other to find what a comparison has to say."""
    if one.kind == "share":
        return int(one.asked.beside is not None)
    members = len(one.known)
    return members if _is_duration(one.asked.metric) else pairs(members)


def _is_duration(metric: Metric) -> bool:
    """Whether the fastest is told: a duration of which the mean of all others follows from sums and
    counts, as a median of all others does not."""
    return metric.unit in DURATIONS and metric.aggregate == "average"


def _compared(report: Report, wanted: Highlights, one: _Looked, held: int) -> list[Highlight]:
    """The best row of a metric against the worst; of a duration, how many times faster it is."""
    metric = one.asked.metric
    if len(one.known) < 2:
        return []
    low, high = one.known[0], one.known[-1]
    if _is_duration(metric):
        return _faster(report, wanted, one, low, held)
    if not _differ(report, metric, high[2], low[2], one.total, held):
        return []
    values = (
        ("a", _name(report, one.asked, high[2])),
        ("high", _told(report, metric, high[0])),
        ("b", _name(report, one.asked, low[2])),
        ("low", _told(report, metric, low[0])),
    )
    counts = (_of(report, metric, high[2]), _of(report, metric, low[2]))
    return [_highlight(report, "compare", metric, values, counts)]


def _differ(
    report: Report, metric: Metric, first: Row, second: Row, total: Row, held: int, side: SideName = "current"
) -> bool:
    """Whether two rows differ by more than chance (rates of counts, means), where so many figures are
    held against each other; counts and sums are what they are, and differ notably. Of other figures
    it is not known."""
    (n, x), (m, y) = _of(report, metric, first), _of(report, metric, second, side)
    if x is not None and y is not None:
        return shares_differ(Share(n, x), Share(m, y), held)
    catalogue = report.binding.catalogue
    a = metric_value(catalogue, metric, first)
    b = metric_value(catalogue, metric, second, side)
    if a is None or not b or abs(a - b) / abs(b) < NOTABLE or metric.kind != "aggregate":
        return False
    if metric.aggregate == "average":
        return means_differ(_mean(metric, first), _mean(metric, second), _mean(metric, total), held)
    return metric.aggregate in ("count", "count_distinct", "sum")


def _mean(metric: Metric, row: Row) -> Mean:
    n, total, squares = (number(row.get(Aggregated(metric.id, part))) for part in _OF_MEANS)
    return Mean(int(n or 0), float(total or 0), float(squares or 0))


def _faster(
    report: Report, wanted: Highlights, one: _Looked, fastest: tuple[Number, str, Row], held: int
) -> list[Highlight]:
    """Mean of all others divided by the fastest row's own: "three times faster"."""
    metric, catalogue = one.asked.metric, report.binding.catalogue
    value, _, row = fastest
    rest = without(one.total, row)
    others = metric_value(catalogue, metric, rest)
    times = divided(others, value)
    if times is None or times < 1 + NOTABLE or cases(report, metric, rest) < wanted.at_least:
        return []
    if not means_differ(_mean(metric, row), _mean(metric, rest), _mean(metric, one.total), held):
        return []
    multiple = replace(_told(report, metric, None).column, unit="multiple", currency=None)
    values = (
        ("a", _name(report, one.asked, row)),
        ("times", Told(times, multiple)),
        ("high", _told(report, metric, value)),
        ("low", _told(report, metric, others)),
    )
    counts = ((cases(report, metric, row), None), (cases(report, metric, rest), None))
    return [_highlight(report, "faster", metric, values, counts, good=metric.direction == "down")]


def _shared(report: Report, wanted: Highlights, one: _Looked, held: int) -> list[Highlight]:
    """The row with the largest part, and how another mean or rate of it compares with that of all."""
    metric, catalogue, total = one.asked.metric, report.binding.catalogue, one.total
    whole = metric_value(catalogue, metric, total)
    if not whole or cases(report, metric, total) < wanted.at_least or len(one.rows) < 2:
        return []
    ranked = sorted(
        ((metric_value(catalogue, metric, row) or 0, str(row[Member(0)]), row) for row in one.rows),
        key=lambda item: (-item[0], item[1]),
    )
    value, _, row = ranked[0]
    part = divided(value, whole)
    share = replace(_told(report, metric, None).column, unit="percent", currency=None, type="number")
    values = [
        ("a", _name(report, one.asked, row)),
        ("share", Told(part, share)),
        ("high", _told(report, metric, value)),
        ("low", _told(report, metric, whole)),
    ]
    counts: list[tuple[int, int | None]] = [(cases(report, metric, total), cases(report, metric, row))]
    kind, beside = "share", one.asked.beside
    if beside is not None:
        own, mean = (metric_value(catalogue, beside, each) for each in (row, total))
        apart = divided(own, mean)
        rest = without(total, row)
        enough = min(cases(report, beside, each) for each in (row, rest)) >= wanted.at_least
        differs = enough and _differ(report, beside, row, rest, total, held)
        if differs and apart is not None and abs(apart - 1) >= NOTABLE / 2:
            kind = "share_below" if apart < 1 else "share_above"
            values.append(("apart", Told(number(abs(apart - 1)), share)))
            values.append(("beside", Told(label(report, beside.label), share)))
            counts.append((cases(report, beside, row), None))
    return [_highlight(report, kind, metric, tuple(values), tuple(counts))]


def _moved(report: Report, wanted: Highlights, metric: Metric, row: Row, held: int) -> list[Highlight]:
    """How a metric changed, and where it stands against its goal."""
    catalogue = report.binding.catalogue
    value = metric_value(catalogue, metric, row)
    found = []
    goal = goal_state(report, metric, report.goals.get(metric.id), value)
    if goal is not None and goal.difference is not None:
        column = _told(report, metric, None).column
        share = Told(goal.difference, replace(column, role="difference", type="number"))
        if goal.attainment is not None:
            attained = replace(column, unit="percent", currency=None, type="number")
            share = Told(number(goal.attainment), attained)
        values = (("high", _told(report, metric, value)), ("low", _told(report, metric, goal.target)), ("share", share))
        good = {"met": True, "on_track": True, "missed": False, "at_risk": False}.get(goal.state)
        found.append(_highlight(report, f"goal_{goal.state}", metric, values, (), good=good))
    if report.compare is None:
        return found
    before = metric_value(catalogue, metric, row, "previous")
    moved = change(metric, value, before)
    counted = min(cases(report, metric, row), cases(report, metric, row, "previous"))
    if moved is None or abs(moved) < SMALLEST_CHANGE or counted < wanted.at_least:
        return found
    rate = _of(report, metric, row)[1] is not None
    if rate and not _differ(report, metric, row, row, row, held, "previous"):
        return found
    column = _told(report, metric, None).column
    by = Told(abs(moved), replace(column, unit="percent", currency=None, type="number"))
    values = (("high", _told(report, metric, value)), ("low", _told(report, metric, before)), ("by", by))
    kind = ("rose" if moved > 0 else "fell") + ("_points" if metric.unit == "percent" else "")
    up = {"up": moved > 0, "down": moved < 0}.get(metric.direction)
    counts = ((cases(report, metric, row), None), (cases(report, metric, row, "previous"), None))
    return [*found, _highlight(report, kind, metric, values, counts, good=up)]


def _highlight(
    report: Report,
    kind: str,
    metric: Metric,
    values: tuple[tuple[str, Told], ...],
    counts: tuple[tuple[int, int | None], ...],
    good: bool | None = None,
) -> Highlight:
    phrases: Mapping[str, str] = metric.phrases.get(kind, {})
    return Highlight(kind, metric.id, label(report, metric.label), values, phrases, counts, good)


def backtest_section(report: Report, spec: SectionSpec, answers: Answers, footnotes: Footnotes) -> Section:
    """A row for each past period: what was said, what came, and how far off that was."""
    tested = spec.backtest
    assert tested is not None
    catalogue, language = report.binding.catalogue, report.language
    told: dict[ColumnId, int] = {}
    for index in range(len(tested.periods)):
        for row in answers.rows(spec.id, f"then {index}")[:1]:
            for column in row:
                if isinstance(column, Aggregated) and column.part == "unknown":
                    told[column] = told.get(column, 0) + int(row[column] or 0)
    then = metric_column(report, tested.metric, footnotes, told)
    came = metric_column(report, tested.against, footnotes, None)
    off = replace(came, name="error", label=word(language, "error"), role="difference", footnotes=())
    share = replace(
        off,
        name="error_share",
        label=word(language, "error_share"),
        unit="percent",
        currency=None,
        type="number",
        role="change",
        metric=None,
    )
    then = replace(then, name="forecast", label=word(language, "forecast_then", then.label))
    came = replace(came, name="actual")
    rows: list[tuple[Cell, ...]] = []
    errors = []
    for index, period in enumerate(tested.periods):
        said = _single(catalogue, tested.metric, answers, spec.id, f"then {index}")
        real = _single(catalogue, tested.against, answers, spec.id, f"came {index}")
        # What lies beyond the data has not been said, and of what they have in part it is not known
        # what came.
        said = said if _go_to(report, period.start) else None
        real = real if _go_to(report, period.end) else None
        apart = None if said is None or real is None else number(said - real)
        relative = divided(apart, real)
        if relative is not None:
            errors.append(abs(relative))
        rows.append((period_label(period, language, report.locale), said, real, apart, relative))
    notes = [n for n in (spec.note, *spec.omitted) if n]
    notes.append(_verdict(report, tested, rows, errors))
    columns = (Column("period", word(language, "period"), "text", role="dimension"), then, came, off, share)
    chart = Chart("line", "period", ("forecast", "actual"))
    return Section(
        spec.id,
        "backtest",
        spec.title,
        columns,
        tuple(rows),
        None,
        len(rows),
        chart=chart,
        notes=tuple(notes),
        break_before=spec.break_before,
    )


def _go_to(report: Report, day: date) -> bool:
    """Whether the data go to the beginning of a day."""
    return instant(day, report.binding.zone) <= report.known


def _single(catalogue: Any, metric: Metric, answers: Answers, section: str, purpose: str) -> Number:
    row = next(iter(answers.rows(section, purpose)), {})
    return metric_value(catalogue, metric, row)


def _verdict(report: Report, tested: Backtest, rows: list[tuple[Cell, ...]], errors: list[float]) -> str:
    if not errors:
        return word(report.language, "no_verdict")
    mean = math.fsum(errors) / len(errors)
    high = sum(1 for row in rows if isinstance(row[3], (int, float)) and row[3] > 0)
    return word(report.language, "verdict", f"{mean * 100:.0f}", len(errors), high)
