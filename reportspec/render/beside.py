"""What stands beside the numbers of a table: the change against the previous period, and bars, by which the table is
its own chart. Bars of a table are on one scale, from nothing to the largest row that has a name of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Cell, Column, Section
from reportspec.render.locale import is_number, tendency

BULLET = 1.8  # times its goal that a bar has room for at least
SHORT = ("missed", "at_risk")
RUNNING = ("in_progress", "in_part")  # of a trend's rows, whose bars are hatched


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure, the one of the previous period, and its goal, each in percent of the scale, or None; whether it falls
    `short` of the goal, and whether it is of a step that is `running`."""

    now: float | None
    was: float | None = None
    aim: float | None = None
    short: bool = False
    running: bool = False


@dataclass(frozen=True, slots=True)
class Swing:
    """A change to either side of an axis: where that stands, where the bar begins, how long it is, all in percent of
    the room; and whether it is `good`, `bad` or `even`. Without an axis it only keeps the room."""

    axis: float | None
    start: float = 0.0
    length: float = 0.0
    tone: str = "even"


@dataclass(frozen=True, slots=True)
class Beside:
    """The bars of a section's rows; nothing for a row that is not on the scale. `value` and `change` are the places
    of the columns that they stand in."""

    value: int | None = None
    bars: tuple[Bar | None, ...] = ()
    change: int | None = None
    swings: tuple[Swing | None, ...] = ()
    bullets: bool = False


def with_changes(section: Section) -> Section:
    """The section with the change in place of each figure of the previous period: now less then, in the unit of the
    figure, of percentages in points."""
    pairs = dict(_pairs(section.columns))
    if not pairs:
        return section

    def changed(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return tuple(
            difference(row[pairs[place]], value) if place in pairs else value for place, value in enumerate(row)
        )

    columns = tuple(
        replace(
            section.columns[pairs[place]],
            name=column.name,
            label="",
            role="difference",
            footnotes=(),
            below=None,
            above=None,
        )
        if place in pairs
        else column
        for place, column in enumerate(section.columns)
    )
    return replace(
        section,
        columns=columns,
        rows=tuple(map(changed, section.rows)),
        total=changed(section.total) if section.total else None,
        subtotals=tuple((above, changed(row)) for above, row in section.subtotals),
    )


def _pairs(columns: Sequence[Column]) -> Iterator[tuple[int, int]]:
    """The place of each figure of the previous period, with the place of the figure that it is the previous one of."""
    places = {column.name: place for place, column in enumerate(columns) if column.role == "metric"}
    for place, column in enumerate(columns):
        of = column.name.removesuffix("__previous")
        if column.role == "previous" and of in places:
            yield place, places[of]


def without_dead(section: Section) -> tuple[Section, tuple[tuple[Column, Cell], ...]]:
    """A section with bars without the columns that say nothing: a metric that is nothing in every row, now and then.
    Those columns, each with its value, are to be told in words."""
    metrics = [place for place, column in enumerate(section.columns) if column.role == "metric"]
    if not section.bars or len(section.rows) < 2 or len(metrics) < 2:
        return section, ()
    before = {of: place for place, of in _pairs(section.columns)}
    lines = [*section.rows, *([section.total] if section.total else [])]

    def is_dead(place: int) -> bool:
        past = before.get(place)
        nothing = all(is_number(line[place]) and not line[place] for line in lines)
        return nothing and (past is None or all(not line[past] for line in lines))

    dead = [place for place in metrics if is_dead(place)]
    if not dead or len(dead) == len(metrics):
        return section, ()
    gone = {*dead, *(before[place] for place in dead if place in before)}

    shorter = section.with_columns([place for place in range(len(section.columns)) if place not in gone])
    return shorter, tuple((section.columns[place], section.rows[0][place]) for place in dead)


def difference(now: Cell, then: Cell) -> Cell:
    """Now less then, None where either is not known."""
    if not is_number(now) or not is_number(then):
        return None
    if isinstance(now, float) or isinstance(then, float):
        return float(now) - float(then)
    return Decimal(now) - Decimal(then) if isinstance(now, Decimal) or isinstance(then, Decimal) else now - then


def beside(section: Section, shown: int) -> Beside:
    """The bars of the first `shown` rows of a section as it was computed, with the figures of the previous period."""
    value = next((place for place, column in enumerate(section.columns) if column.role == "metric"), None)
    if not section.bars or len(section.rows) < 2:
        return Beside()
    rows = section.rows[:shown]
    if value is None:
        return _contributions(section, rows)
    bullets = _bullets(section, rows, value)
    if bullets:
        return Beside(value, bullets, bullets=True)
    before = {of: place for place, of in _pairs(section.columns)}.get(value)
    aim = next((place for place, column in enumerate(section.columns) if column.role == "target"), None)
    on_scale = [_has_a_name(section, place) for place in range(len(rows))]
    named = [row for row, on in zip(rows, on_scale, strict=True) if on]
    ends = [place for place in (value, before, aim) if place is not None]
    values = [float(cell) for row in named for at in ends if is_number(cell := row[at])]
    scale, least = max(values, default=0.0), min(values, default=0.0)
    bars: tuple[Bar | None, ...] = ()
    if scale > 0 and least >= 0:  # what is below zero has no place on a scale from nothing
        bars = tuple(
            Bar(now, was, target, running=at < len(section.row_marks) and section.row_marks[at] in RUNNING)
            if on
            else None
            for at, (row, on) in enumerate(zip(rows, on_scale, strict=True))
            for now, was, target in [[_part(row[of], scale) if of is not None else None for of in (value, before, aim)]]
        )
    if before is None:
        return Beside(value if bars else None, bars)
    direction = section.columns[value].direction
    changes = [difference(row[value], row[before]) if on else None for row, on in zip(rows, on_scale, strict=True)]
    swings = _swings(changes, direction)
    return Beside(value if bars else None, bars, before if swings else None, swings)


def _bullets(section: Section, rows: Sequence[tuple[Cell, ...]], value: int) -> tuple[Bar | None, ...]:
    """The bars of goals of which a share is reached: each row's own goal stands at the same place, so that who has much
    to reach and who has little can be compared. Nothing where there are no such shares."""
    names = [column.name for column in section.columns]
    if not section.states or "attainment" not in names or "target" not in names:
        return ()
    shares = [_share(row[value], row[names.index("target")]) for row in rows]
    known = [share for share in shares if share is not None]
    if not known or min(known) < 0:
        return ()
    scale = max(BULLET, *known)
    return tuple(
        Bar(round(share / scale * 100, 2), None, round(100 / scale, 2), state in SHORT) if share is not None else None
        for share, state in zip(shares, section.states, strict=False)
    )


def _share(value: Cell, target: Cell) -> float | None:
    """How much of a goal a figure is."""
    if not is_number(value) or not is_number(target) or target <= 0:
        return None
    return float(value) / float(target)


def _contributions(section: Section, rows: Sequence[tuple[Cell, ...]]) -> Beside:
    """The bars of rows that are changes themselves, by the last column that is one."""
    places = [place for place, column in enumerate(section.columns) if column.role == "difference"]
    if not places:
        return Beside()
    swings = _swings([row[places[-1]] for row in rows], section.columns[places[-1]].direction)
    return Beside(change=places[-1] if swings else None, swings=swings)


def _has_a_name(section: Section, place: int) -> bool:
    """Whether a row stands for one thing: not for all others together, nor for what has no name."""
    if section.others and place == len(section.rows) - 1:
        return False
    keys = [at for at, column in enumerate(section.columns) if column.role in ("dimension", "period")]
    return all(section.rows[place][at] is not None for at in keys)


def _part(value: Cell, scale: float) -> float | None:
    return round(float(value) / scale * 100, 2) if is_number(value) else None


def _swings(changes: Sequence[Cell], direction: str) -> tuple[Swing | None, ...]:
    known = [float(change) for change in changes if is_number(change)]
    up, down = max([0.0, *known]), -min([0.0, *known])
    if up + down <= 0:
        return ()
    axis = round(down / (up + down) * 100, 2)
    swings: list[Swing | None] = []
    for change in changes:
        if not is_number(change):
            swings.append(None)
            continue
        length = round(abs(float(change)) / (up + down) * 100, 2)
        start = axis if change >= 0 else round(axis - length, 2)
        swings.append(Swing(axis, max(start, 0.0), length, tendency(change, direction)))  # type: ignore[arg-type]
    return tuple(swings)
