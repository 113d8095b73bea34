"""What is asked of a source for a forecast, and the windows of what was answered.

Three kinds of queries, whose rows are few whatever the size of the source: what was open at each window's origin, and
what became of it by the window's end; what was won in the windows; and how many rows were created before the origins.
All of it is as it is known at the report's date, and amounts are at that day's rates.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal

from sqlglot import exp

from reportspec.calendar import Bucket, Fiscal, Period, add_months, as_naive, day_within, instant, previous_period
from reportspec.calendar.compare import months_between
from reportspec.expression.sandbox import path_of
from reportspec.forecasting.calibration import TENTHS, Judged
from reportspec.forecasting.past_windows import LEARNED, MOST_WINDOWS, CellKey, Deals, Open, Window, Windows, total
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.dimensions import belonging_to
from reportspec.model.column_ids import BUCKET, Member, Row, Tally
from reportspec.model.domain import Entity, Forecasting, Metric
from reportspec.model.query import Aggregate, AggregateQuery, Dimension, Measure, Query, Side
from reportspec.model.spec import Report
from reportspec.resolve.binding import Unresolved

ONE_DAY = timedelta(days=1)
QUARTERS = 9  # past quarters, with fewer of which those that begin with every month are windows too
MONTHS = 3 * QUARTERS  # before the period, in which such quarters lie
RUSH_DAYS = 14
RUSH = 0.25  # of a quarter's amount in its last days, from which on quarters within others are no guide

Stretch = tuple[date, date]  # days [start, end)


@dataclass(frozen=True, slots=True)
class Frame:
    """The windows by their days: `periods` that end where the next begins, the last one the report's; and the quarters
    that begin with every month (`within`), the last one the same. The share of it that is over is `elapsed`, negative
    where it is still to come. A year has `per_year` of the periods, if it has a whole number. Where only forecasts of
    the `past` are made, at a point of the period that may not have come yet, nothing is asked of the last window."""

    periods: tuple[Period, ...]
    within: tuple[Stretch, ...]
    elapsed: float
    per_year: int | None
    past: bool = False

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """All windows of which something is asked, each once, by their beginnings."""
        last = {self.of_periods[-1]} if self.past else set()
        return tuple(sorted({*self.of_periods, *self.within} - last))

    def purpose(self, of: str) -> str:
        """What a query of these windows is for."""
        return f"{of} at {self.elapsed:g}" if self.past else of

    @property
    def of_periods(self) -> tuple[Stretch, ...]:
        """The windows that are periods of the calendar, oldest first."""
        return tuple((period.start, period.end) for period in self.periods)

    def origin(self, stretch: Stretch) -> date:
        """The day with which a window's origin begins."""
        start, end = stretch
        return start + timedelta(days=round(self.elapsed * (end - start).days))


def frame_of(report: Report) -> Frame:
    """The windows of a report's period, as far as it is known."""
    period, fiscal = report.period, report.project.fiscal
    periods = [period]
    for _ in range(MOST_WINDOWS):
        periods.append(previous_period(periods[-1], fiscal))
    local = as_naive(report.reached, report.binding.zone)
    passed = (local - datetime.combine(period.start, datetime.min.time())) / ONE_DAY
    elapsed = passed / (period.end - period.start).days
    return Frame(tuple(reversed(periods)), _within(period), elapsed, _per_year(period, fiscal))


def no_matter_of_forecasts(report: Report) -> Literal["", "over", "far_ahead"]:
    """Why no forecast is made of a period at all: it is over, or more than one period ahead. Empty where one is."""
    if not report.unfinished:
        return "over"
    return "far_ahead" if frame_of(report).elapsed < -1.0 else ""


def past_frame(report: Report, share: float) -> Frame:
    """The windows before the first one that is not over, each with its origin where a share of it had passed. None of
    them depends on how much of the report's period is over."""
    frame, local = frame_of(report), as_naive(report.reached, report.binding.zone)
    period = frame.periods[-1]
    while datetime.combine(period.start, datetime.min.time()) >= local:
        period = previous_period(period, report.project.fiscal)
    periods = [period]
    for _ in range(MOST_WINDOWS):
        periods.append(previous_period(periods[-1], report.project.fiscal))
    return Frame(tuple(reversed(periods)), _within(period), share, frame.per_year, past=True)


def _within(period: Period) -> tuple[Stretch, ...]:
    """The quarters that begin with every month and are over before the period begins, and the period itself."""
    if period.kind not in ("quarter", "fiscal_quarter"):
        return ()
    starts = [add_months(period.start, -back) for back in range(MONTHS, 2, -1)]
    return (*((start, add_months(start, 3)) for start in starts), (period.start, period.end))


def _per_year(period: Period, fiscal: Fiscal) -> int | None:
    if period.kind == "week":
        return 52
    months = months_between(period.start, period.end)
    whole = period.start.day == period.end.day == 1
    return 12 // months if whole and 12 % months == 0 else None


# What is asked

OPEN, WON, WON_IN, CREATED = "windows open", "windows won before", "windows won", "windows created"
_TALLIES = ("count", "amount", "squares")


def windows_queries(
    report: Report,
    section: str,
    conditions: tuple[exp.Expr, ...],
    frame: Frame | None = None,
    *,
    by_stage: bool = False,
) -> tuple[Query, ...]:
    """All queries of a section's windows; with `by_stage` what was open is told by what its stage is called and where
    that stands, too, with what people typed of its chance."""
    entity, frame = forecast_entity(report), frame or frame_of(report)
    names, opened = _stage_names(report) if by_stage else (), frame.purpose(OPEN)
    queries: list[Query] = [
        open_query(report, section, conditions, names, frame.stretches, opened, typed=by_stage, frame=frame)
    ]
    if frame.elapsed > 0:
        queries.append(_won_before_query(report, section, conditions, frame))
    queries.append(_won_in_query(report, section, conditions, frame))
    side = _inflow_side(report, frame)
    queries.append(AggregateQuery(section, frame.purpose(CREATED), (), (_inflow(entity),), (side,), conditions))
    return tuple(queries)


def open_query(
    report: Report,
    section: str,
    conditions: tuple[exp.Expr, ...],
    dimensions: tuple[Dimension, ...],
    stretches: Sequence[Stretch],
    purpose: str,
    *,
    typed: bool = False,
    frame: Frame | None = None,
) -> AggregateQuery:
    """What was open at the origins of windows, by some dimensions, its stage and how long it had been there; and what
    of it was won before the windows' ends."""
    entity, frame = forecast_entity(report), frame or frame_of(report)
    spec, side = _spec(entity), _origins_side(report, frame, stretches)
    won = exp.and_(spec.open, spec.won)
    old = exp.and_(spec.open, exp.LT(this=spec.created, expression=exp.column(exp.to_identifier("period_start"))))
    measures = (
        *_measures(entity, "open", spec.open, spec.amount),
        _amount_measure(entity, "open_largest", "max", spec.amount, spec.open),
        _amount_measure(entity, "open_lowest", "min", spec.amount, spec.open),
        *_measures(entity, "won", won, spec.final),
        Measure(Tally("old"), entity.name, "count", None, old, None),
        *(_typed_measures(report, entity) if typed else ()),
    )
    return AggregateQuery(section, purpose, (*dimensions, *cell_dimensions(report)), measures, (side,), conditions)


def _won_before_query(report: Report, section: str, conditions: tuple[exp.Expr, ...], frame: Frame) -> AggregateQuery:
    """What had been won in windows by their origins, as was known then: what was opened again later had been won."""
    entity, side = forecast_entity(report), _origins_side(report, frame, frame.stretches)
    spec = _spec(entity)
    measures = _measures(entity, "before", spec.won_before, spec.amount)
    return AggregateQuery(section, frame.purpose(WON), (), measures, (side,), conditions)


def _won_in_query(report: Report, section: str, conditions: tuple[exp.Expr, ...], frame: Frame) -> AggregateQuery:
    """What was won between all edges of windows and their origins, by between which of them it was created: what was
    won in any of the windows' parts, and what of it was created in them, is the sum of some."""
    entity, edges = forecast_entity(report), _won_edges(frame)
    path = path_of(_spec(entity).created)
    field = report.binding.resolve(entity.name, path).field
    since = tuple(instant(edge, report.binding.zone) for edge in edges)
    created = Dimension(".".join(path), path, field, edges=since)
    side, measures = side_of(report, list(pairwise(edges))), won_measures(report, entity)[: len(_TALLIES)]
    return AggregateQuery(section, frame.purpose(WON_IN), (created,), measures, (side,), conditions)


def _origins_side(report: Report, frame: Frame, stretches: Sequence[Stretch]) -> Side:
    """A side of windows, each seen from its origin; the one that ends with the report's period as of its date."""
    zone, end = report.binding.zone, report.period.end
    buckets = tuple(Bucket(start, stop, "day", index=at) for at, (start, stop) in enumerate(stretches))
    origins = tuple(
        report.reached if stop == end else instant(frame.origin((start, stop)), zone) for start, stop in stretches
    )
    return Side("current", buckets[0].start, buckets[-1].end, report.reached, buckets, origins)


def won_query(
    report: Report, section: str, conditions: tuple[exp.Expr, ...], dimensions: tuple[Dimension, ...], purpose: str
) -> AggregateQuery:
    """What was won so far in the period, by some dimensions."""
    measures = won_measures(report, forecast_entity(report))[: len(_TALLIES)]
    return AggregateQuery(section, purpose, dimensions, measures, report.sides[:1], conditions)


def later_query(
    report: Report, section: str, conditions: tuple[exp.Expr, ...], dimensions: tuple[Dimension, ...], purpose: str
) -> AggregateQuery:
    """What was created and won after the origins of the periods that a forecast learns from, by some dimensions; of a
    period that is still to come what was created and won in such periods."""
    frame = frame_of(report)
    side = side_of(report, _later(frame) or [frame.of_periods[-2]])
    measures = won_measures(report, forecast_entity(report))[len(_TALLIES) :]
    return AggregateQuery(section, purpose, dimensions, measures, (side,), conditions)


def later_rows(report: Report, section: str, answers: Answers, purpose: str) -> list[Row]:
    """Its rows, without those of what lies before the origins."""
    query, wanted = answers.aggregate(section, purpose), set(_later(frame_of(report)))
    if query is None:
        return []
    buckets = [(bucket.start, bucket.end) for bucket in query.sides[0].buckets]
    return [row for row in rows_of(answers, section, purpose) if buckets[int(row[BUCKET])] in wanted]


def _later(frame: Frame) -> list[Stretch]:
    stretches = (
        (max(frame.origin(stretch), stretch[0]), stretch[1]) for stretch in frame.of_periods[-LEARNED - 1 : -1]
    )
    return [stretch for stretch in stretches if stretch[0] < stretch[1]]


def _typed_measures(report: Report, entity: Entity) -> tuple[Measure, ...]:
    """How many open rows have a probability that somebody typed, and the sum of these; nothing where the source has
    none."""
    spec = _spec(entity)
    try:
        report.binding.need_some(entity.name, spec.probability)
    except Unresolved:
        return ()
    typed = exp.and_(spec.open, exp.Not(this=exp.Is(this=spec.probability, expression=exp.Null())))
    return (
        Measure(Tally("typed_count"), entity.name, "count", None, typed, None),
        Measure(Tally("typed_sum"), entity.name, "sum", spec.probability, spec.open, None),
    )


def _stage_names(report: Report) -> tuple[Dimension, ...]:
    entity = forecast_entity(report)
    assert entity.history is not None
    states = entity.history.states
    dimensions = []
    for name in ("name", states.order):
        path = (*entity.roles[states.entity], name)
        field = report.binding.resolve(entity.name, (entity.name, *path)).field
        dimensions.append(Dimension(".".join(path), (entity.name, *path), field))
    group = belonging_to(report.binding, dimensions[0])
    return (*dimensions, group) if group is not None else tuple(dimensions)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: what it is called, the `group` that it belongs to (its pipeline), where it stands in that, and of each
    window how many open rows have a probability that somebody typed, with the sum of these."""

    name: str | None
    group: str | None
    place: int
    typed: dict[Stretch, tuple[float, float]]


def stages_in(report: Report, section: str, answers: Answers) -> dict[str | None, Stage]:
    """The stages of a section's windows that were asked for by stage, by their keys; those of which the history has
    nothing are one, without a name."""
    stretches, told = frame_of(report).stretches, len(_stage_names(report))
    stages: dict[str | None, Stage] = {}
    for row in rows_of(answers, section, OPEN):
        key, stretch = cell_key(report, row, told)[0], stretches[int(row[BUCKET])]
        name, place = (row[Member(0)], int(row[Member(1)] or 0)) if key is not None else (None, 0)
        group = row[Member(2)] if key is not None and told > 2 else None
        stage = stages.setdefault(key, Stage(name, group, place, {}))
        count, total = stage.typed.get(stretch, (0.0, 0.0))
        stage.typed[stretch] = (count + _number(row, "typed_count"), total + _number(row, "typed_sum"))
    return stages


def stated_query(report: Report, section: str, conditions: tuple[exp.Expr, ...], purpose: str) -> AggregateQuery | None:
    """What was open in all windows by tenths of the probability that somebody typed; None where the source has none."""
    entity = forecast_entity(report)
    if not _typed_measures(report, entity):
        return None
    path = path_of(_spec(entity).probability)
    field = report.binding.resolve(entity.name, path).field
    tenths = Dimension(".".join(path), path, field, TENTHS)
    return open_query(report, section, conditions, (tenths,), frame_of(report).stretches, purpose, typed=True)


def stated_in(
    report: Report, section: str, answers: Answers, purpose: str, wanted: Collection[Stretch]
) -> dict[int, Judged]:
    """What was said of the rows of the windows that are `wanted`, and what happened, by tenths of what was said."""
    stretches, judged = frame_of(report).stretches, dict[int, Judged]()
    for row in rows_of(answers, section, purpose):
        if row[Member(0)] is None or stretches[int(row[BUCKET])] not in wanted:
            continue
        tenth = int(row[Member(0)])
        found = Judged(_number(row, "typed_count"), _number(row, "typed_sum"), _number(row, "won_count"))
        judged[tenth] = judged.get(tenth, Judged()) + found
    return judged


def cell_dimensions(report: Report) -> tuple[Dimension, ...]:
    """What open rows are told apart by: the stage and the band of days in it; where no past states are known, by the
    band of their age alone."""
    entity = forecast_entity(report)
    spec = _spec(entity)
    names = (spec.stage, spec.band) if report.binding.has_history(entity) else (spec.age_band,)
    dimensions = []
    for name in names:
        path = tuple(name.split("."))
        dimensions.append(Dimension(name, path, report.binding.resolve(entity.name, path).field))
    return tuple(dimensions)


def won_measures(report: Report, entity: Entity) -> tuple[Measure, ...]:
    """What was won in a stretch; and of it what was also created in it."""
    spec, metric = _spec(entity), forecast_metric(report)
    late = exp.GTE(this=spec.created, expression=exp.column(exp.to_identifier("period_start")))
    assert metric.of is not None
    return (
        *_measures(entity, "result", metric.where, metric.of, metric.time),
        *_measures(entity, "late", exp.and_(metric.where, late) if metric.where else late, metric.of, metric.time),
    )


def _measures(
    entity: Entity, name: str, where: exp.Expr | None, amount: exp.Expr, anchor: exp.Expr | None = None
) -> tuple[Measure, ...]:
    """How many, the sum of their amounts and that of the squares."""

    def measure(tally: str, aggregate: Aggregate) -> Measure:
        if aggregate == "count":
            return Measure(Tally(f"{name}_count"), entity.name, "count", None, where, anchor)
        return _amount_measure(entity, f"{name}_{tally}", aggregate, amount, where, anchor)

    return measure("count", "count"), measure("amount", "sum"), measure("squares", "squares")


def _amount_measure(
    entity: Entity,
    name: str,
    aggregate: Aggregate,
    amount: exp.Expr,
    where: exp.Expr | None,
    anchor: exp.Expr | None = None,
) -> Measure:
    """One aggregate of amounts, at one day's rates."""
    return Measure(Tally(name), entity.name, aggregate, amount, where, anchor, unit="currency", at_one_rate=True)


def _inflow(entity: Entity) -> Measure:
    return Measure(Tally("created"), entity.name, "count", None, None, _spec(entity).created)


def _inflow_side(report: Report, frame: Frame) -> Side:
    """The days before the origins, cut wherever one of these stretches begins or ends."""
    edges = sorted({edge for stretch in frame.stretches for edge in _inflow_days(report, frame, stretch)})
    return side_of(report, list(pairwise(edges)))


def _inflow_days(report: Report, frame: Frame, stretch: Stretch) -> Stretch:
    days = timedelta(days=forecasting_of(report).inflow_days)
    end = frame.origin(stretch)
    if stretch[1] == report.period.end:  # up to the report's own instant
        end = day_within(report.reached, report.binding.zone) + ONE_DAY
    return end - days, end


def _won_edges(frame: Frame) -> list[date]:
    """All days with which stretches begin or end of which it is asked what was won in them."""
    return sorted({edge for stretch in (*_won_stretches(frame), *_rushes(frame)) for edge in stretch})


def _rushes(frame: Frame) -> list[Stretch]:
    """The last days of past quarters, where it is asked whether they end in a rush."""
    past = frame.of_periods[-QUARTERS - 1 : -1] if frame.within else ()
    return [(max(end - timedelta(days=RUSH_DAYS), start), end) for start, end in past]


def _won_stretches(frame: Frame) -> list[Stretch]:
    """The stretches in which what was won is asked for: of each window what lies before its origin, and what lies after
    it; where the origin lies before the window, from there to its beginning, and from there to its end."""
    stretches: dict[Stretch, None] = {}
    for start, end in frame.stretches:
        origin = frame.origin((start, end))
        parts = ((start, origin), (origin, end)) if origin >= start else ((origin, start), (origin, end), (start, end))
        stretches.update(dict.fromkeys(part for part in parts if part[0] < part[1]))
    return list(stretches)


def in_turn(stretches: Iterable[Stretch]) -> list[list[Stretch]]:
    """Stretches as few runs, in each of which none overlaps another."""
    runs: list[list[Stretch]] = []
    for stretch in sorted(set(stretches)):
        run = next((run for run in runs if run[-1][1] <= stretch[0]), None)
        if run is None:
            runs.append([stretch])
        else:
            run.append(stretch)
    return runs


def side_of(report: Report, stretches: Sequence[Stretch]) -> Side:
    """A side whose buckets are stretches that do not overlap, and what lies between them."""
    edges = sorted({edge for stretch in stretches for edge in stretch})
    buckets = tuple(Bucket(start, end, "day", index=at) for at, (start, end) in enumerate(pairwise(edges)))
    return Side("current", edges[0], edges[-1], report.reached, buckets)


# What was answered


@dataclass(frozen=True, slots=True)
class Facts:
    """The windows that a forecast is made of, with what each is: the period itself last. `within` says whether they are
    quarters that begin with every month; `rush` what of the amount of past quarters fell in their last days."""

    windows: Windows
    stretches: tuple[Stretch, ...]
    within: bool = False
    rush: float | None = None


def facts_of(report: Report, section: str, answers: Answers, frame: Frame | None = None) -> Facts:
    """The windows from the first one at whose beginning there was something open: what came before is no period of
    the source's life. Where there are too few quarters, those that begin with every month. Of forecasts of the past
    alone the last window is empty."""
    frame = frame or frame_of(report)
    windows = _windows(report, section, answers, frame)
    used = _lived(report, frame.of_periods, windows) or frame.of_periods[-1:]
    # Of a period that is still to come those before it are over that end before the report's date.
    ahead = max(0.0, -frame.elapsed)
    plain = Windows(tuple(windows[stretch].window for stretch in used), 1 + math.ceil(ahead), frame.per_year)
    facts = Facts(plain, used)
    if not frame.within or len(plain.before(plain.last)) >= QUARTERS:
        return facts
    rush = _rush(frame, _WonIn(section, answers, frame))
    inner = _lived(report, frame.within[:-1], windows)
    if not inner or (rush is not None and rush > RUSH):
        return replace(facts, rush=rush)
    # The two that end within the period have no result yet: their places are kept, so that a place is a month.
    places = (*(windows[stretch].window for stretch in inner), Window(), Window(), windows[frame.within[-1]].window)
    days = (*inner, *_between(frame), frame.within[-1])
    return Facts(Windows(places, 3 + math.ceil(3 * ahead), 12, step=3), days, within=True, rush=rush)


def _between(frame: Frame) -> tuple[Stretch, Stretch]:
    starts = [add_months(frame.of_periods[-1][0], -back) for back in (2, 1)]
    return (starts[0], add_months(starts[0], 3)), (starts[1], add_months(starts[1], 3))


@dataclass(slots=True)
class _Known:
    """A window, how many of its deals are older than it, and whether any open one has a known stage."""

    window: Window
    old: float
    staged: bool


def _lived(report: Report, stretches: Sequence[Stretch], windows: Mapping[Stretch, _Known]) -> tuple[Stretch, ...]:
    history = report.binding.has_history(forecast_entity(report))
    for at, stretch in enumerate(stretches):
        known = windows[stretch]
        if known.old > 0 and (known.staged or not history):
            return tuple(stretches[at:])
    return ()


def _rush(frame: Frame, won: _WonIn) -> float | None:
    """The share of the past quarters' amounts that was won in their last days."""
    rushes = _rushes(frame)
    whole = won.between((rushes[0][0], rushes[-1][1]))[0].amount
    return math.fsum(won.between(rush)[0].amount for rush in rushes) / whole if whole > 0 else None


def _windows(report: Report, section: str, answers: Answers, frame: Frame) -> dict[Stretch, _Known]:
    cells, old = cells_of(report, answers, section, frame.purpose(OPEN))
    won = _WonIn(section, answers, frame)
    inflow = _created_in(section, answers, frame)
    won_then = {int(row[BUCKET]): deals_in(row, "before") for row in rows_of(answers, section, frame.purpose(WON))}
    known = {frame.of_periods[-1]: _Known(Window(), 0.0, False)} if frame.past else {}
    for at, stretch in enumerate(frame.stretches):
        start, end = stretch
        origin = frame.origin(stretch)
        if frame.elapsed < 0:
            before, late = Deals(), _less(won.between((origin, end))[1], won.between((origin, start))[1])
            result, older = won.between(stretch)[0], _NONE
        else:
            older, after = won.between((start, origin)), won.between((origin, end))
            before, late, result = won_then.get(at, Deals()), after[1], older[0] + after[0]
            if end == report.period.end:  # all that is known of it lies before its origin, within a day as well
                before, late = result, Deals()
        first, last = _inflow_days(report, frame, stretch)
        created = sum(count for (begins, _), count in inflow.items() if first <= begins < last)
        window = Window(cells.get(at, {}), result, before, late, created)
        staged = any(key[0] is not None for key in window.open)
        known[stretch] = _Known(window, old.get(at, 0.0) + older[0].count - older[1].count, staged)
    return known


def rows_of(answers: Answers, section: str, purpose: str) -> list[Row]:
    """The rows of a query in one order, whatever that of the database was: sums of floats differ by it."""
    return sorted(answers.rows(section, purpose), key=lambda row: str([*row.values()]))


def cells_of(
    report: Report, answers: Answers, section: str, purpose: str
) -> tuple[dict[int, dict[CellKey, Open]], dict[int, float]]:
    """What was open in each window by its cells, and how much of it was older than the window."""
    query = answers.aggregate(section, purpose)
    after = len(query.dimensions) - len(cell_dimensions(report)) if query is not None else 0
    cells: dict[int, dict[CellKey, Open]] = {}
    old: dict[int, float] = {}
    for row in rows_of(answers, section, purpose):
        at = int(row[BUCKET])
        key = cell_key(report, row, after)
        cells.setdefault(at, {})
        cells[at][key] = cells[at].get(key, Open()) + open_in(row)
        old[at] = old.get(at, 0.0) + _number(row, "old")
    return cells, old


def cell_key(report: Report, row: Row, after: int = 0) -> CellKey:
    """The cell of a row whose dimensions stand `after` so many others."""
    if report.binding.has_history(forecast_entity(report)):
        return row[Member(after)], row[Member(after + 1)]
    return None, row[Member(after)]


def open_in(row: Row) -> Open:
    """What was open, of a row."""
    largest, lowest = _number(row, "open_largest"), min(_number(row, "open_lowest"), 0.0)
    return Open(deals_in(row, "open"), deals_in(row, "won"), largest, lowest)


def deals_in(row: Row, name: str) -> Deals:
    """What a row counts under a name."""
    return Deals(*(_number(row, f"{name}_{tally}") for tally in _TALLIES))


_NONE = (Deals(), Deals())


class _WonIn:
    """What was won between the edges of windows, by between which of them it was created."""

    def __init__(self, section: str, answers: Answers, frame: Frame) -> None:
        self._places = {edge: place for place, edge in enumerate(_won_edges(frame))}
        self._cells: dict[int, list[tuple[int, Deals]]] = {}
        for row in rows_of(answers, section, frame.purpose(WON_IN)):
            created = int(row[Member(0)]) if row[Member(0)] is not None else 0
            self._cells.setdefault(int(row[BUCKET]), []).append((created, deals_in(row, "result")))

    def between(self, stretch: Stretch) -> tuple[Deals, Deals]:
        """All that was won in a stretch between two edges, and what of it was also created in it, or later."""
        first, last = (self._places[edge] for edge in stretch)
        cells = [cell for place in range(first, last) for cell in self._cells.get(place, ())]
        return total(won for _, won in cells), total(won for created, won in cells if created > first)


def _created_in(section: str, answers: Answers, frame: Frame) -> dict[Stretch, float]:
    query, created = answers.aggregate(section, frame.purpose(CREATED)), {}
    for row in rows_of(answers, section, frame.purpose(CREATED)):
        assert query is not None
        bucket = query.sides[0].buckets[int(row[BUCKET])]
        created[bucket.start, bucket.end] = _number(row, "created")
    return created


def _less(whole: Deals, part: Deals) -> Deals:
    return Deals(whole.count - part.count, whole.amount - part.amount, whole.squares - part.squares)


def _number(row: Row, name: str) -> float:
    return float(row.get(Tally(name)) or 0.0)


# What the catalogue says


def forecast_entity(report: Report) -> Entity:
    """The entity whose rows a forecast is made of."""
    entity = report.binding.catalogue.forecast_of
    assert entity is not None
    return entity


def _spec(entity: Entity) -> Forecasting:
    assert entity.forecasting is not None
    return entity.forecasting


def forecasting_of(report: Report) -> Forecasting:
    """What the catalogue says of how it is made."""
    return _spec(forecast_entity(report))


def forecast_metric(report: Report) -> Metric:
    """The metric whose amount of a period is forecast."""
    return report.binding.catalogue.metrics[forecasting_of(report).metric]
