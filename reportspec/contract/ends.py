"""Where a source's data end: when they were loaded, or their newest change where that is older than
the gaps that they have anyway. A report of data that ended some time ago is told as of then: by the
clock, every deal of which nothing has been heard since would be late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Protocol

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.contract.emptied import telling
from reportspec.diagnostics import Diagnostic
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.stopped import counted_entities, counted_parts
from reportspec.model.findings import Check, Finding
from reportspec.model.query import Side
from reportspec.model.settings import Project
from reportspec.model.spec import Report
from reportspec.resolve.anchors import anchors
from reportspec.resolve.binding import Binding
from reportspec.sql.survey_sql import changes, days_statement, first_statement

if TYPE_CHECKING:
    from reportspec.model.rows import Table

Rows = Iterable[Mapping[str, object]]
Ask = Callable[[exp.Expr], "Table"]
Read = Mapping[str, frozenset[str]]  # the fields of entities

# What is usual: three times a gap that hardly any is longer than, and a week in any case.
_YEAR, _WEEK = timedelta(days=365), timedelta(days=7)
_SHARE, _TIMES = 0.95, 3
_NOTABLE = 1 / 20  # of a stretch, which is compared with though it has no data yet
_MUCH = 1 / 4  # of it, which nothing comes of by chance
_FEW = 3  # days with changes: fewer, far behind all others, are no sign of going on
_ENOUGH = 20  # days with changes, below which nothing is known of the gaps between them


class Asked(Protocol):
    """What a source's end is looked for by: a report, or a source itself as of an instant."""

    @property
    def project(self) -> Project:
        """Whose source it is."""

    @property
    def binding(self) -> Binding:
        """What is read of it."""

    @property
    def now(self) -> datetime:
        """The instant after which nothing is known yet."""


@dataclass(frozen=True, slots=True)
class SourceAt:
    """A project's source as of an instant."""

    project: Project
    binding: Binding
    now: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant that a source names, or a whole day, of which it is the beginning."""

    at: datetime
    whole: bool

    def over(self, asked: Asked) -> datetime:
        """When all is over that may have happened then: the day's end, or the instant itself."""
        return _end_of_day(self.at, asked) if self.whole else self.at


def newest(asked: Asked, rows: Rows) -> Moment | None:
    """The newest change that the survey found in the source, up to now; its loads are none."""
    return _latest(asked, [row for row in rows if row["entity"] != asked.binding.catalogue.loads.entity])


def loaded(asked: Asked, rows: Rows) -> Moment | None:
    """When the data were loaded, where the project or the source says so: the last time up to now."""
    loaded = asked.project.loaded_at
    if loaded is None:
        return _latest(asked, [row for row in rows if row["entity"] == asked.binding.catalogue.loads.entity])
    loaded_moment = _moment(asked, loaded)
    return loaded_moment if loaded_moment.at <= asked.now else None


def data_end(asked: Asked, rows: Rows, ask: Ask, read: Read) -> datetime | None:
    """Where the data end, by the survey's rows: when they were loaded, or their newest change where that is older than
    the project allows, or than their gaps make likely; None where they go on. `read` has the fields of each entity of
    which it is asked; `ask` runs a statement."""
    rows = tuple(rows)
    load, last = loaded(asked, rows), newest(asked, rows)
    if load is not None:
        return load.over(asked)
    return _silent_since(asked, last, ask, read) if last is not None else None


def ended(report: Report, rows: Rows, ask: Ask, read: Read) -> Report:
    """The report as of where its data end, or the report itself where that is now. `rows` are the
    survey's, `read` the fields of entities that the report reads."""
    if not report.movable:
        return report
    end = data_end(report, rows, ask, read)
    if end is None or end >= report.reached:
        return report
    return replace(report.until(end), ended=end)


def behind(report: Report, rows: Rows) -> date | None:
    """The day of the newest change, or of the load, that the survey found, where it lies more than a week before the
    day that somebody named for the report. What happened in between is not in the data, and a day that is named is not
    moved to their end."""
    if report.movable:
        return None
    rows = tuple(rows)
    last = loaded(report, rows) or newest(report, rows)
    if last is None or report.reached - last.over(report) <= _WEEK:
        return None
    return last.at.astimezone(report.binding.zone).date()


def contradictions(report: Report, rows: Rows) -> list[Diagnostic]:
    """That the source has changes of days after the one on which it is said to have been loaded."""
    load, last = loaded(report, rows), newest(report, rows)
    if load is None or last is None or last.at < _end_of_day(load.at, report):
        return []
    days = [end.at.astimezone(report.binding.zone).date() for end in (load, last)]
    return [
        Diagnostic(
            "changes-after-load",
            f"the data were loaded on {days[0]}, as `loaded_at` says, and have changes up to {days[1]}",
            None,
            "correct `loaded_at`: figures are as of then",
            (),
            "warning",
        )
    ]


def _silent_since(asked: Asked, last: Moment, ask: Ask, read: Read) -> datetime | None:
    """The end of the day after which nothing has changed for longer than the project allows, or than the source's gaps
    make likely; None where it goes on."""
    age, allowed = asked.now - last.over(asked), asked.project.stale_after
    if allowed is not None:
        return _end_of_day(last.at, asked) if age > allowed else None
    if age <= _WEEK:
        return None
    days = _changed(asked, read, ask, last.at - _YEAR, last.over(asked))
    gap = usual_gap(days)
    if age <= gap:
        return None
    # A day or two far behind all others are slips, and no going on: one was entered for the wrong year or month.
    for few in range(1, min(_FEW, len(days))):
        if days[-few] - days[-few - 1] > gap:
            return instant(days[-few - 1] + timedelta(days=1), asked.binding.zone)
    return _end_of_day(last.at, asked)


def _changed(asked: Asked, read: Read, ask: Ask, since: datetime, until: datetime) -> list[date]:
    """The days between two instants on which something of some entities changed, in their order."""
    fields = {name: fields_read for name, fields_read in read.items() if changes(asked.binding, name, fields_read)}
    table = ask(days_statement(asked.binding, fields, since, until))
    return sorted(set(_days(row[0] for row in table.rows)))


def stale_tables(report: Report, rows: Rows, ask: Ask, read: Read) -> list[Finding]:
    """The entities whose rows the report's figures are made of or that tell of other records, of which nothing has
    changed for longer than their own gaps make likely, while the source goes on: what their figures lack would pass
    for nothing having happened. One whose end lies behind the report's period lacks nothing."""
    rows = tuple(rows)
    last = newest(report, rows)
    if not report.movable or last is None:
        return []
    over = min(report.reached, instant(report.period.end, report.binding.zone))
    named = (counted_entities(report) | telling(report.binding, read)) & read.keys()
    found = stopped(report, named, rows, ask, read, report.reached)
    return [stale_table(report, name, end, last) for name, end in found.items() if end.over(report) < over]


def stopped(asked: Asked, names: Iterable[str], rows: Rows, ask: Ask, read: Read, until: datetime) -> dict[str, Moment]:
    """The last change of each of the named entities of which nothing has changed for longer before an instant than
    their own gaps make likely, while others of those that are `read` went on."""
    rows, found = tuple(rows), {}
    for name in sorted(names):
        latest = _latest(asked, [row for row in rows if row["entity"] == name])
        if latest is None or until - latest.over(asked) <= _WEEK:
            continue
        days = _changed(asked, {name: read[name]}, ask, latest.at - _YEAR, latest.over(asked))
        allowed = max(usual_gap(days), asked.project.stale_after or _WEEK)
        if until - latest.over(asked) > allowed:
            found[name] = latest
    if not found:
        return {}
    went_on = _changed(asked, read, ask, min(end.at for end in found.values()), until)

    def day(moment: Moment) -> date:
        return moment.at.astimezone(asked.binding.zone).date()

    return {name: end for name, end in found.items() if sum(one > day(end) for one in went_on) >= _FEW}


def stale_table(asked: Asked, name: str, end: Moment, last: Moment) -> Finding:
    """That nothing has changed in an entity's table since an instant, while the source has changes up to another."""
    ends = [moment.at.astimezone(asked.binding.zone).date().isoformat() for moment in (end, last)]
    return Finding(Check("stale-table", name, value=ends[0], names=(ends[1],)), 0, 0)


def begun_late(report: Report, found: Iterable[Finding], ask: Ask, read: Read) -> list[Finding]:
    """The findings, with the first day of the data where these begin within the period that is compared with, and not
    only by the time that one figure goes by: the first deal may have been lost long after the first was created. Where
    one table begins so, the others that are counted are looked at, too."""
    binding, findings = report.binding, list(found)
    timed = {anchor for part in counted_parts(report) for anchor in anchors(binding, part)}
    first: dict[str, tuple[date, str] | None] = {}
    looked_at: set[tuple[str, str]] = set()  # sides and entities

    def begins(name: str, side: Side) -> tuple[date, str] | None:
        looked_at.add((side.name, name))
        if name not in first:
            own = frozenset(field for entity, field in timed if entity == name)
            named = changes(binding, name, read[name], own)
            first[name] = None
            if named:
                [row] = ask(first_statement(binding, name, read[name], own)).rows
                days = [(_day(one), of) for one, of in zip(row, named, strict=True) if isinstance(one, date)]
                first[name] = min(days, default=None)
        begun = first[name]
        if begun is None or not (begins_late(side, begun[0]) or begun[0] >= side.end):
            return None
        # Of rows that come now and then the first may be late by chance: by more than their usual gap it is not.
        since = instant(begun[0], binding.zone)
        allowed = (side.end - side.start) * _MUCH
        if changes(binding, name, read[name]):
            changed = ask(days_statement(binding, {name: read[name]}, since, since + _YEAR))
            allowed = min(usual_gap(_days(row[0] for row in changed.rows)), allowed)
        return begun if begun[0] - side.start > allowed else None

    late: dict[str, Side] = {}
    for at, finding in enumerate(findings):
        check = finding.check
        # A period in which there are no rows may lie before all of them.
        sought = check.kind in ("late-start", "no-rows") and check.side is not None and check.side.name != "current"
        if sought and check.side is not None and (begun := begins(check.entity, check.side)):
            findings[at] = replace(finding, check=replace(check, value=begun[0].isoformat()))
            late[check.side.name] = check.side
    named = counted_entities(report) | {entity for entity, _ in timed}
    counted = sorted(named & read.keys()) if late else []
    for side, name in ((side, name) for side in late.values() for name in counted):
        if (side.name, name) not in looked_at and (begun := begins(name, side)):
            day, field = begun[0].isoformat(), binding.field(name, begun[1])
            check = Check("late-start", name, field, side=side, value=day)
            findings.append(Finding(check, 0, 0, ((day, 0), (day, 0))))
    return findings


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def begins_late(side: Side, first: date) -> bool:
    """Whether a notable part of a stretch is over when the data begin; a few days without rows are none."""
    return side.start + (side.end - side.start) * _NOTABLE < first < side.end


def usual_gap(days: Iterable[date]) -> timedelta:
    """How long a source may be without a change, by the days of a year on which it had some; for ever
    where they are too few to tell."""
    known = sorted(set(days))
    if len(known) < _ENOUGH:
        return timedelta.max
    gaps = sorted(later - earlier for earlier, later in pairwise(known))
    return max(_WEEK, _TIMES * gaps[ceil(_SHARE * len(gaps)) - 1])


def _days(values: Iterable[object]) -> Iterable[date]:
    for value in values:
        if isinstance(value, date):
            yield value.date() if isinstance(value, datetime) else value


def _latest(asked: Asked, rows: Rows) -> Moment | None:
    latest = [
        _moment(asked, value)
        for row in rows
        for name, value in row.items()
        if name[0] in "td" and name[1:].isdigit() and isinstance(value, date) and value.year > date.min.year
    ]  # the year 1 is what is made of `-infinity`, and no change
    known = [end for end in latest if end.at <= asked.now]
    # Of a day and a time within it, the time says more.
    return max(known, key=lambda end: (end.at, not end.whole), default=None)


def _moment(asked: Asked, value: date) -> Moment:
    if not isinstance(value, datetime):
        return Moment(instant(value, asked.binding.zone), True)
    aware = value if value.tzinfo else value.replace(tzinfo=asked.binding.source_zone)
    return Moment(aware.astimezone(UTC), False)


def _end_of_day(moment: datetime, asked: Asked) -> datetime:
    zone = asked.binding.zone
    return instant(moment.astimezone(zone).date() + timedelta(days=1), zone)
