"""Headings of sections as messages: what a table shows first of all, by the rules of the report type.

As titles and leads they come from the figures alone (`headline.py`). A row is named only where it rests on enough
cases, no other row says the same, and no row that is not shown may say more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reportspec.evaluate.spellings import largest_together
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.cautions import FEW, fewest
from reportspec.measures.significance import Share, shares_differ
from reportspec.measures.words import week_called
from reportspec.model.domain import Metric
from reportspec.model.figures import Cell, Column, Highlight, Section, Told
from reportspec.model.spec import HeadingRule, Report
from reportspec.rounding import half_up

NOTABLE = 0.05  # of what it was, by which a row's figure changed at least
APART = 1.2  # times the next largest part that the largest is at least
STEPS = 3  # of a trend, fewer have no peak

Counts = tuple[tuple[int, int | None], ...]  # of each side the cases of a row; of a rate how many of them


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with a name: what it is called, its figure, what that was, and the cases of both."""

    name: Cell
    value: float
    before: float | None
    cases: Counts


def with_messages(report: Report, sections: Sequence[Section]) -> tuple[Section, ...]:
    """The sections with what their headings say, where the figures bear one of their rules out and their author has
    not named them."""
    rules = {rule.section: rule for rule in report.headline.headings} if report.begun else {}
    named = {spec.id for spec in report.sections if spec.titled}
    said: list[Highlight] = []  # what one section says no other says again
    found = []
    for section in sections:
        rule = rules.get(section.id) if section.id not in named else None
        message = _message(report, rule, section) if rule is not None else None
        if message is not None and message not in said:
            said.append(message)
            section = replace(section, message=message)
        found.append(section)
    return tuple(found)


def _message(report: Report, rule: HeadingRule, section: Section) -> Highlight | None:
    """What the first rule says that the figures bear out."""
    place = next((at for at, column in enumerate(section.columns) if column.role == "metric"), None)
    if section.shape != "table" or place != 1 or len(section.cases) != len(section.rows):
        return None  # rows by several fields are read by both
    column = section.columns[place]
    metric = report.binding.catalogue.metrics.get(column.metric or "")
    rows = _rows(section, place, report.language)
    for tell in rule.tell if metric is not None else ():
        assert metric is not None
        said = {"change": _change, "largest": _largest, "lowest": _extreme, "highest": _extreme, "peak": _peak}[tell](
            _Asked(report, rule, section, metric, column, rows, tell)
        )
        if said is not None:
            return said
    return None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a rule is asked of."""

    report: Report
    rule: HeadingRule
    section: Section
    metric: Metric
    column: Column
    rows: Sequence[_Row]
    tell: str

    @property
    def whole(self) -> bool:
        """Whether all rows are shown, each by itself."""
        return not self.section.others and self.section.available_rows <= len(self.section.rows)

    @property
    def least(self) -> int:
        """The cases that a row must rest on: of means as of rates so many that chance does not decide."""
        return max(self.rule.at_least, FEW if fewest(self.report, self.metric) else 0)

    def said(self, kind: str, row: _Row, *values: tuple[str, Told], cases: Counts | None = None) -> Highlight:
        """A message about a row."""
        first = Column("name", "", "text")
        told = (("name", Told(row.name, first)), ("value", Told(row.value, self.column)), *values)
        return Highlight(kind, self.metric.id, self.column.label, told, cases=row.cases if cases is None else cases)


def _before(section: Section) -> int | None:
    """The place of what the first metric was."""
    return next((at for at, column in enumerate(section.columns) if column.role == "previous"), None)


def _rows(section: Section, place: int, language: str) -> list[_Row]:
    before = _before(section)
    found = []
    for at, (row, cases) in enumerate(zip(section.named_rows, section.cases, strict=False)):
        value, then = row[place], row[before] if before is not None else None
        name = section.row_labels[at] if at < len(section.row_labels) else row[0]
        name = week_called(language, str(name)) if section.weekly else name
        if name not in (None, "") and isinstance(value, (int, float)):
            found.append(_Row(name, float(value), float(then) if isinstance(then, (int, float)) else None, cases))
    return found


def _change(asked: _Asked) -> Highlight | None:
    """The row whose figure changed most, if that is more than chance would have it, and no other row did as much."""
    moved = [(row, row.value - row.before) for row in asked.rows if row.before is not None]
    if len(moved) < 2 or not asked.whole or asked.section.row_labels:
        return None
    row, by = max(moved, key=lambda one: abs(one[1]))
    then = _before(asked.section)
    nameless = [one for one in asked.section.rows if one[0] in (None, "") and then is not None]
    if any(abs(float(one[1] or 0) - float(one[then] or 0)) >= abs(by) for one in nameless):  # type: ignore[index, arg-type]
        return None
    alike = [one for one, other in moved if _printed(abs(other), asked.column) == _printed(abs(by), asked.column)]
    if len(alike) > 1 or not _printed(by, asked.column) or not _sure(asked, row, by, len(moved)):
        return None
    apart = replace(asked.column, role="difference", footnotes=())
    return asked.said("row_rose" if by > 0 else "row_fell", row, ("moved", Told(by, apart)))


def _sure(asked: _Asked, row: _Row, by: float, held: int) -> bool:
    """Whether a change rests on enough cases on both sides, of a rate is more than chance among so many, and of any
    other figure is notable."""
    if len(row.cases) < 2 or min(count for count, _ in row.cases[:2]) < asked.least:
        return False
    (n, x), (m, y) = row.cases[:2]
    if x is not None and y is not None:
        return shares_differ(Share(n, x), Share(m, y), held)
    return asked.column.unit == "percent" or (row.before is not None and abs(by) >= NOTABLE * abs(row.before) > 0)


def _largest(asked: _Asked) -> Highlight | None:
    """The row that has the largest part of all, clearly more than the next, and than what has no name."""
    total = _total(asked)
    if total is None or len(asked.rows) < 2 or any(row.value < 0 for row in asked.rows):
        return None
    first, second = sorted(asked.rows, key=lambda row: -row.value)[:2]
    others = [row[1] for row in asked.section.rows if row[0] in (None, "")]
    others += [asked.section.rows[-1][1]] if asked.section.others else []
    rest = max((float(one) for one in others if isinstance(one, (int, float))), default=0.0)
    if first.value < max(APART * second.value, rest) or _count(first) < asked.least:
        return None
    likes = [(row.name, row.value) for row in asked.rows]
    if largest_together(likes) > first.value:  # “Price” and “price” would be more
        return None
    return asked.said("row_largest", first, ("part", _part(asked, first.value / total)))


def _extreme(asked: _Asked) -> Highlight | None:
    """The row with the lowest or the highest rate or mean of those that rest on enough cases, if none of the others is
    beyond it; of rates also if it differs from the rest by more than chance."""
    sign = 1 if asked.tell == "lowest" else -1
    enough = [row for row in asked.rows if _count(row) >= asked.least]
    if len(enough) < 2 or not asked.whole or not fewest(asked.report, asked.metric):
        return None
    found = min(enough, key=lambda row: sign * row.value)
    if any(sign * row.value <= sign * found.value for row in asked.rows if row is not found):
        return None
    of_rates = [(row, row.cases[0][1]) for row in asked.rows]
    if all(hits is not None for _, hits in of_rates):
        rest = [(row.cases[0][0], hits or 0) for row, hits in of_rates if row is not found]
        others = Share(sum(n for n, _ in rest), sum(x for _, x in rest))
        if not shares_differ(Share(found.cases[0][0], found.cases[0][1] or 0), others, len(asked.rows)):
            return None
    return asked.said(f"row_{asked.tell}", found, cases=found.cases[:1])


def _peak(asked: _Asked) -> Highlight | None:
    """The step of a trend that brought clearly most of all, once all are over."""
    section, total = asked.section, _total(asked)
    whole = not section.cut_rows and not any(section.row_marks)
    if total is None or not whole or len(asked.rows) < STEPS or len(asked.rows) < len(section.rows):
        return None
    first, second = sorted(asked.rows, key=lambda row: -row.value)[:2]
    below = any(row.value < 0 for row in asked.rows)
    if below or first.value < APART * second.value or _count(first) < asked.least:
        return None
    return asked.said("step_peak", first, ("part", _part(asked, first.value / total)))


def _total(asked: _Asked) -> float | None:
    """What the rows are parts of, if they add up to more than nothing."""
    total = asked.section.total[1] if asked.section.total is not None and asked.metric.adds_up else None
    return float(total) if isinstance(total, (int, float)) and total > 0 else None


def _part(asked: _Asked, share: float) -> Told:
    plain = replace(asked.column, type="number", unit="percent", currency=None, decimals=None, footnotes=())
    return Told(share, plain)


def _count(row: _Row) -> int:
    return row.cases[0][0] if row.cases else 0


def _printed(value: float, column: Column) -> float:
    """A value to the place that people read, so that what looks alike is alike."""
    return float(half_up(value, {"percent": 3, "currency": 0, "count": 0}.get(column.unit or "", 1)))
