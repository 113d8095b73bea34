"""What stands beside the numbers of a table: the change against each period that is compared with, and bars, by which
the table is its own chart. Bars of a table are on one scale, from nothing to the largest row that has a name of its
own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

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
    """The bars of a section's rows; nothing for a row that is not on the scale. `value` is the place of the column
    that they stand in, `swings` are those of changes, by the places of theirs, all on one scale."""

    value: int | None = None
    bars: tuple[Bar | None, ...] = ()
    swings: tuple[tuple[int, tuple[Swing | None, ...]], ...] = ()
    bullets: bool = False


def is_change(column: Column) -> bool:
    """Whether a column has the change of a figure, in place of what that was."""
    return column.role == "difference" and (not column.label or bool(column.against))


def figure_of(column: Column) -> str:
    """The name of the column whose figure a column of another period belongs to."""
    return column.name.removesuffix("__previous").removesuffix("__second")


def with_shares(section: Section, of: Collection[str], *, differences: bool = False) -> Section:
    """The section with how much each change is of what the figure was, after it, for the metrics `of` a report with two
    comparisons that are named; percentages have none, whose change is in points. With `differences` the changes
    themselves stand between what figures were and these, also of one comparison."""
    names = [column.name for column in section.columns]
    plan: list[tuple[Column, int, int, str]] = []  # columns: of which cell, of which figure, what of it
    for place, column in enumerate(section.columns):
        plan.append((column, place, place, "cell"))
        name = figure_of(column)
        if column.role not in ("previous", "second") or name not in names or not (column.against or differences):
            continue
        figure = names.index(name)
        if differences:
            change = replace(column, name=f"{column.name}__difference", role="difference", footnotes=())
            plan.append((change, place, figure, "difference"))
        if name in of and column.against and column.unit != "percent":
            name = f"{column.name}__change"
            share = replace(
                column, name=name, type="number", unit="percent", role="change", currency=None, decimals=None
            )
            plan.append((share, place, figure, "share"))

    def filled(row: tuple[Cell, ...]) -> tuple[Cell, ...]:
        made = {
            "cell": lambda then, now: then,
            "difference": lambda then, now: difference(now, then),
            "share": _share_of,
        }
        return tuple(made[what](row[at], row[figure]) for _, at, figure, what in plan)

    return replace(
        section,
        columns=tuple(column for column, *_ in plan),
        rows=tuple(map(filled, section.rows)),
        total=filled(section.total) if section.total else None,
        subtotals=tuple((above, filled(row)) for above, row in section.subtotals),
    )


def _share_of(then: Cell, now: Cell) -> Cell:
    """How much a change is of what a figure was; None where either is below nothing, or that was nothing, and where it
    is not known."""
    if not is_number(then) or not is_number(now) or then <= 0 or now < 0:
        return None
    apart = difference(now, then)
    return float(apart) / float(then) if is_number(apart) else None


def with_changes(section: Section) -> Section:
    """The section with the change in place of each figure of another period: now less then, in the unit of the
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
            metric=column.metric if column.role == "previous" else None,
            footnotes=(),
            below=None,
            above=None,
            against=column.against,
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
    """The place of each figure of another period, with the place of the figure that it was."""
    places = {column.name: place for place, column in enumerate(columns) if column.role == "metric"}
    for place, column in enumerate(columns):
        of = column.name.removesuffix(f"__{column.role}")
        if column.role in ("previous", "second") and of in places:
            yield place, places[of]


def without_dead(section: Section) -> tuple[Section, tuple[tuple[Column, Cell], ...]]:
    """A section with bars without the columns that say nothing: a metric that is nothing in every row, now and then.
    Those columns, each with its value, are to be told in words."""
    metrics = [place for place, column in enumerate(section.columns) if column.role == "metric"]
    if not section.bars or len(section.rows) < 2 or len(metrics) < 2:
        return section, ()
    dead, before = _dead(section)
    if not dead or len(dead) == len(metrics):
        return section, ()
    gone = {*dead, *(past for place in dead for past in before.get(place, ()))}
    names = {section.columns[place].metric for place in dead}
    gone |= {at for at, one in enumerate(section.columns) if one.role == "change" and one.metric in names}

    shorter = section.with_columns([place for place in range(len(section.columns)) if place not in gone])
    return shorter, tuple((section.columns[place], section.rows[0][place]) for place in dead)


def _dead(section: Section) -> tuple[list[int], dict[int, list[int]]]:
    """The places of metrics that are nothing in every row, now and then; and of each metric those of what it was."""
    before: dict[int, list[int]] = {}
    for place, of in _pairs(section.columns):
        before.setdefault(of, []).append(place)
    lines = [*section.rows, *([section.total] if section.total else [])]

    def is_dead(place: int) -> bool:
        nothing = all(is_number(line[place]) and not line[place] for line in lines)
        return nothing and all(
            _is_nothing(section.columns[place], [line[past] for line in lines]) for past in before.get(place, ())
        )

    metrics = (place for place, column in enumerate(section.columns) if column.role == "metric")
    return [place for place in metrics if is_dead(place)], before


def all_dead(section: Section) -> tuple[tuple[Column, Cell], ...]:
    """The metrics of a section with bars, each with its value, where all of them are nothing in every row, now and
    then: a table of noughts says no more than a sentence. Else none."""
    metrics = [place for place, column in enumerate(section.columns) if column.role == "metric"]
    if not section.bars or section.states or len(section.rows) < 2 or _dead(section)[0] != metrics:
        return ()
    if any(column.marks(0) for column in section.columns):
        return ()
    return tuple((section.columns[place], section.rows[0][place]) for place in metrics)


# Of these nothing told is not known; of a rate or a mean there was nothing that it could be of.
_SUMS = ("count", "currency")


def _is_nothing(column: Column, then: Sequence[Cell]) -> bool:
    """Whether the figures of a period that is compared with are nothing: each is 0, or none is told."""
    if column.unit not in _SUMS:
        return not any(then)
    return all(one is None for one in then) or all(is_number(one) and not one for one in then)


def without_idle(section: Section) -> tuple[Section, tuple[Cell, ...], tuple[int, ...]]:
    """A section with bars without the rows of which nothing is counted, now and before: of who has none of all that is
    shown, a row of noughts says no more than a sentence. Those rows' names, and the places of the others. Steps,
    bins and goals keep all of theirs, and so does what is to be marked, or of which what it was is not known."""
    places = tuple(range(len(section.rows)))
    names = [column for column in section.columns if column.role in ("dimension", "period")]
    figures = [at for at, column in enumerate(section.columns) if column.role in ("metric", "previous", "second")]
    if not section.bars or section.chart or len(names) != 1 or names[0].role != "dimension" or names[0].fixed:
        return section, (), places
    if not figures or section.states or section.subtotals or section.row_labels or section.columns[0] is not names[0]:
        return section, (), places

    # Where a period is compared with, no figure of it beside one of this is one that is not known.
    compared = [
        (past, now)
        for past, now in _pairs(section.columns)
        if section.columns[now].unit in _SUMS and any(is_number(row[past]) for row in section.rows)
    ]

    def is_idle(at: int) -> bool:
        row = section.rows[at]
        if section.others and at == len(section.rows) - 1:
            return False
        if any(row[past] is None and is_number(row[now]) for past, now in compared):
            return False
        counted = any(is_number(row[place]) for place in figures if section.columns[place].role == "metric")
        marked = any(column.marks(value) for column, value in zip(section.columns, row, strict=True))
        return counted and not marked and not any(row[place] for place in figures)

    idle = [at for at in places if is_idle(at)]
    if not idle or len(section.rows) - len(idle) < 2:
        return section, (), places
    kept = tuple(at for at in places if at not in idle)

    def of_kept(cells: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(cells[at] for at in kept if at < len(cells))

    shorter = replace(
        section,
        rows=of_kept(section.rows),
        available_rows=max(section.available_rows - len(idle), len(kept)),
        cases=of_kept(section.cases),
        few=of_kept(section.few),
    )
    return shorter, tuple(section.rows[at][0] for at in idle), kept


def without_few(section: Section) -> Section:
    """The section without changes of what rests on very few cases: what is known of the previous period is left out of
    such a row."""
    if not any(section.few) and not section.few_in_all:
        return section

    def cut(row: tuple[Cell, ...], few: frozenset[str]) -> tuple[Cell, ...]:
        return tuple(
            None if column.role in ("previous", "second", "change") and column.metric in few else value
            for value, column in zip(row, section.columns, strict=True)
        )

    rows = tuple(cut(row, few) for row, few in zip(section.rows, section.few, strict=True)) if section.few else None
    total = cut(section.total, section.few_in_all) if section.total else None
    return replace(section, rows=rows or section.rows, total=total)


_KNOWN = 4  # of so many rows one at least has a change that is known, or the column says nothing


def without_unknown(section: Section) -> Section:
    """A section with bars without what figures were of which hardly any row's change is known: a column of dashes."""
    if not section.bars or len(section.rows) < 2:
        return section

    def is_known(place: int, of: int) -> bool:
        known = sum(difference(row[of], row[place]) is not None for row in section.rows)
        return known > 0 and known * _KNOWN >= len(section.rows)

    gone = {place for place, of in _pairs(section.columns) if not is_known(place, of)}
    if not gone:
        return section
    return section.with_columns([place for place in range(len(section.columns)) if place not in gone])


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
    others = [place for place, of in _pairs(section.columns) if of == value]
    before = next((place for place in others if section.columns[place].role == "previous"), None)
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
    direction = section.columns[value].direction
    changes = [
        [difference(row[value], row[other]) if on else None for row, on in zip(rows, on_scale, strict=True)]
        for other in others
    ]
    return Beside(value if bars else None, bars, tuple(zip(others, _swings(changes, direction), strict=False)))


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
    swings = _swings([[row[places[-1]] for row in rows]], section.columns[places[-1]].direction)
    return Beside(swings=tuple(zip(places[-1:], swings, strict=False)))


def _has_a_name(section: Section, place: int) -> bool:
    """Whether a row stands for one thing: not for all others together, nor for what has no name."""
    if section.others and place == len(section.rows) - 1:
        return False
    keys = [at for at, column in enumerate(section.columns) if column.role in ("dimension", "period")]
    return all(section.rows[place][at] is not None for at in keys)


def _part(value: Cell, scale: float) -> float | None:
    return round(float(value) / scale * 100, 2) if is_number(value) else None


def _swings(changes: Sequence[Sequence[Cell]], direction: str) -> list[tuple[Swing | None, ...]]:
    """The bars of columns of changes, all on one scale; none where nothing changed, nor of one
    change alone, which would fill the room however small it is."""
    known = [float(change) for column in changes for change in column if is_number(change)]
    up, down = max([0.0, *known]), -min([0.0, *known])
    if up + down <= 0 or len(known) < 2:
        return []
    axis = round(down / (up + down) * 100, 2)

    def swing(change: Cell) -> Swing | None:
        if not is_number(change):
            return None
        length = round(abs(float(change)) / (up + down) * 100, 2)
        start = axis if change >= 0 else round(axis - length, 2)
        return Swing(axis, max(start, 0.0), length, tendency(change, direction))  # type: ignore[arg-type]

    return [tuple(map(swing, column)) for column in changes]
