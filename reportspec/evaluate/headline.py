"""What a report says before its figures: the title as a message, and the sentences under it.

Both come from the figures of its sections and the rules of its type; nothing is asked for them. What rests on too few
cases, or may be chance, is not called a rise or a fall; what is not known says nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from reportspec.evaluate.spellings import largest_together, stands_alone
from reportspec.languages import vocabulary
from reportspec.measures.significance import Share, shares_differ
from reportspec.model.figures import Cell, Column, Headline, Highlight, Kpi, Role, Section, Told
from reportspec.model.spec import HeadlineRules, LeadRule, Report
from reportspec.rounding import half_up

FEWEST = 10  # cases on each side, of a change that is told
NOTABLE = 0.1  # of what it was, by how much a mean has to change to be called a rise or a fall
WORSE = 0.05  # by how much of what it was something got worse that good news is not told without
NOTHING_BESIDE = 0.001  # of the other, below which a part of a change is not told
MOST_SENTENCES = 4  # of a lead, so that it is read
MOST_NAMES = 4  # that a sentence lists


def headline_of(report: Report, sections: Sequence[Section]) -> Headline:
    """The headline of a report from its sections; empty where it has no rules, or the figures say nothing."""
    rules = report.headline
    if not report.begun:
        return Headline()  # its figures would be told as if nothing had come
    tiles = sorted((kpi for section in sections for kpi in section.kpis), key=lambda kpi: kpi.narrowed)
    title = _title(rules, tiles, sections)
    return Headline(title, _lead(report, rules, tiles, sections, {one.metric for one in title}))


def with_lead(report: Report, sections: Sequence[Section]) -> tuple[Section, ...]:
    """The sections, where those whose sentences the lead has are marked so."""
    taken = {rule.section for rule in report.headline.lead}
    return tuple(
        replace(one, shape="opening") if one.shape == "sentences" and one.id in taken else one for one in sections
    )


# --- the title ---------------------------------------------------------------------------------


def _title(rules: HeadlineRules, tiles: Sequence[Kpi], sections: Sequence[Section]) -> tuple[Highlight, ...]:
    """What it is about, where that stands against its goal, and what got worse where that is good news."""
    known = [_tile(tiles, name) for name in rules.title]
    there = [kpi for kpi in known if kpi is not None and kpi.value is not None and not _nothing_yet(kpi)]
    if not there:
        return ()
    about = next((kpi for kpi in there if kpi.goal is not None), there[0])
    if there[0].column.metric is None and about is not there[0]:  # what a period will bring is held against its goal
        return (_of_tile(there[0]), *_forecast_of_goal(there[0], about))
    said = [_of_tile(about)]
    if about.goal is not None and about.goal.state != "unknown":
        said.append(_of_goal(about))
    if said[0].good and said[0].kind in ("rose", "fell"):
        first = next((section.kpis for section in sections if section.kpis), ())
        worse = [kpi for kpi in first if kpi is not about and _worse(kpi, len(first)) >= WORSE]
        if worse:
            said.append(_of_tile(max(worse, key=lambda kpi: _worse(kpi, len(first)))))
    elif about.goal is None:
        more = [kpi for kpi in there if kpi is not about and _moved(kpi) >= max(WORSE, 2 * _moved(about))]
        if more:  # what moved far more is told beside what hardly did
            said.append(_of_tile(max(more, key=_moved)))
    return tuple(said)


def _nothing_yet(kpi: Kpi) -> bool:
    """Whether a share was 0 and is 0: that it did not change is no news."""
    return kpi.column.unit == "percent" and kpi.goal is None and kpi.value == 0 and kpi.previous == 0


def _tile(tiles: Sequence[Kpi], name: str) -> Kpi | None:
    return next((kpi for kpi in tiles if name in (kpi.column.name, kpi.column.metric)), None)


def _of_tile(kpi: Kpi) -> Highlight:
    """How a figure moved, or where it stands where that is not sure."""
    values = [("value", Told(kpi.value, kpi.column))]
    if kpi.previous is None or kpi.change is None:
        kind = "is"
    else:
        values.append(("before", Told(kpi.previous, kpi.column)))
        values.append(("by", Told(abs(kpi.change), _share_of(kpi.column))))
        if not half_up(kpi.change, 3):
            kind = "level"
        elif not sure(kpi):
            kind = "beside"
        else:
            kind = "rose" if kpi.change > 0 else "fell"
    good = (
        {"up": kind == "rose", "down": kind == "fell"}.get(kpi.column.direction) if kind in ("rose", "fell") else None
    )
    return _said(kind, kpi.column, values, kpi.cases, good)


def sure(kpi: Kpi, held: int = 1) -> bool:
    """Whether a change rests on enough cases on both sides and, of a rate, is more than chance, where so many are
    held against each other. Of a mean it has to be notable: what the cases spread by is not known here."""
    if len(kpi.cases) < 2 or min(count for count, _ in kpi.cases) < FEWEST:
        return False
    if kpi.mean and abs(kpi.change or 0.0) < NOTABLE:
        return False
    (n, x), (m, y) = kpi.cases
    return shares_differ(Share(n, x), Share(m, y), held) if x is not None and y is not None else True


def _moved(kpi: Kpi) -> float:
    """By how much of what it was a figure changed; 0 where that is not sure, or not known."""
    return abs(kpi.change) if kpi.change is not None and kpi.column.unit != "percent" and sure(kpi) else 0.0


def _worse(kpi: Kpi, held: int) -> float:
    """By how much of what it was a figure got worse; 0 where it did not, or that is not sure."""
    value, before, way = kpi.value, kpi.previous, {"up": -1, "down": 1}.get(kpi.column.direction)
    if way is None or not isinstance(value, (int, float)) or not isinstance(before, (int, float)) or not before:
        return 0.0
    return max(0.0, way * (value - before) / abs(before)) if sure(kpi, held) else 0.0


def _of_goal(kpi: Kpi) -> Highlight:
    """Where a figure stands against its goal."""
    goal = kpi.goal
    assert goal is not None
    values = [("target", Told(goal.target, kpi.column))]
    if goal.state in ("on_track", "at_risk"):
        kind = f"goal_{goal.state}"
    elif goal.attainment is not None:
        kind = "goal_share"
        values.append(("share", Told(goal.attainment, _share_of(kpi.column, points=False))))
    else:
        kind = "goal_apart"
        values.append(("apart", Told(goal.difference, kpi.column)))
    good = {"met": True, "on_track": True, "missed": False, "at_risk": False}.get(goal.state)
    return _said(kind, kpi.column, values, (), good)


def _forecast_of_goal(kpi: Kpi, aimed: Kpi) -> list[Highlight]:
    """How far a forecast is from the goal of what it is a forecast of; nothing where they have no unit in common."""
    if aimed.goal is None or aimed.column.unit != kpi.column.unit or not isinstance(kpi.value, (int, float)):
        return []
    apart = float(kpi.value) - aimed.goal.target
    values = [("target", Told(aimed.goal.target, kpi.column)), ("apart", Told(apart, kpi.column))]
    return [_said("goal_apart", kpi.column, values, (), apart >= 0)]


def _share_of(column: Column, *, points: bool = True) -> Column:
    """The column of a change or a share of another one's figures: relative, or of a percentage in points."""
    role: Role = "difference" if points and column.unit == "percent" else "metric"
    return replace(column, unit="percent", currency=None, type="number", role=role, decimals=None)


def _said(
    kind: str,
    column: Column,
    values: Sequence[tuple[str, Told]],
    cases: tuple[tuple[int, int | None], ...] = (),
    good: bool | None = None,
    say: str = "",
) -> Highlight:
    phrases = {"en": say} if say else {}
    return Highlight(kind, column.metric or "", column.label, tuple(values), phrases, cases, good)


# --- the lead ----------------------------------------------------------------------------------


def _lead(
    report: Report, rules: HeadlineRules, tiles: Sequence[Kpi], sections: Sequence[Section], told: Collection[str]
) -> tuple[Highlight, ...]:
    """A sentence or two for each rule that the figures bear out, as many as are read; of the metrics that the title
    has `told` none is said again."""
    by_id = {section.id: section for section in sections}
    said: list[Highlight] = []
    for rule in rules.lead:
        section = by_id.get(rule.section)
        if rule.tile and rule.tile in told:
            continue
        if rule.tile:
            said += _of_asked_tile(rule, _tile(tiles, rule.tile))
        elif section is not None and _contributes(section):
            said += _of_drivers(report, section, tiles)
        elif section is not None and rule.row:
            said += _of_row(rule, section)
        elif section is not None:
            said += section.highlights
    return tuple(said[:MOST_SENTENCES])


def _of_asked_tile(rule: LeadRule, kpi: Kpi | None) -> list[Highlight]:
    """A figure that answers a question: none where there is nothing of it."""
    if kpi is None or not kpi.value:
        return []
    values = [("value", Told(kpi.value, kpi.column))]
    if kpi.previous is not None:
        values.append(("before", Told(kpi.previous, kpi.column)))
    return [_said("asked", kpi.column, values, kpi.cases, say=rule.say)]


def _contributes(section: Section) -> bool:
    """Whether a section is of what a change consists of."""
    columns = section.columns
    return bool(columns) and columns[0].role == "group" and columns[-1].role == "difference"


def _of_drivers(report: Report, section: Section, tiles: Sequence[Kpi]) -> list[Highlight]:
    """Of a change that is sure, how much is by number and how much by size, and by the first dimension who or what
    added most and took most away."""
    column = section.columns[-1]
    kpi = _tile(tiles, column.metric or "")
    if kpi is None or not kpi.change or not sure(kpi):
        return []
    words, column = vocabulary(report.language)["drivers"], replace(column, role="difference")
    groups: dict[Cell, list[tuple[Cell, float]]] = {}
    for row in section.rows:
        part = row[-1]
        if isinstance(part, (int, float)):
            groups.setdefault(row[0], []).append((row[1], float(part)))
    said: list[Highlight] = []
    numbered = groups.pop(words["number_and_size"], [])
    if len(numbered) == 2 and not _by_one_alone(numbered[0][1], numbered[1][1]):
        values = [("by_number", Told(numbered[0][1], column)), ("by_size", Told(numbered[1][1], column))]
        said.append(_said("number_and_size", column, values, kpi.cases))
    named, parts = next(iter(groups.items()), ("", []))
    # Rows without a name are a part like others: to leave out the largest would make another one look so.
    called = [part for part in parts if part[0] != words["unaccounted"] and not _is_others(report, part[0])]
    untold = [part[1] for part in parts if part[0] == words["unaccounted"]]
    most, least = max(called, key=_size, default=None), min(called, key=_size, default=None)
    values = [("dimension", Told(named, section.columns[0]))]
    kind = ""
    if most is not None and any(part > most[1] for part in untold):
        most = None
    if least is not None and any(part < least[1] for part in untold):
        least = None
    if most is not None and most[1] > 0:
        values += [("a", Told(most[0], section.columns[1])), ("high", Told(most[1], column))]
        kind = "added"
    if least is not None and least[1] < 0:
        values += [("b", Told(least[0], section.columns[1])), ("low", Told(least[1], column))]
        kind = "added_and_took" if kind else "took"
    return [*said, _said(kind, column, values, kpi.cases)] if kind else said


def _size(part: tuple[Cell, float]) -> float:
    return part[1]


def _by_one_alone(one: float, other: float) -> bool:
    """Whether of two parts one is nothing beside the other, and would be told as 0."""
    return min(abs(one), abs(other)) < NOTHING_BESIDE * max(abs(one), abs(other))


def _is_others(report: Report, name: Cell) -> bool:
    """Whether a contribution is that of all others together."""
    begin = str(vocabulary(report.language)["evaluation"]["others"]).partition("{")[0]
    return isinstance(name, str) and name.startswith(begin)


def _of_row(rule: LeadRule, section: Section) -> list[Highlight]:
    """The row of a table that stands out, if it is one with a name and enough cases."""
    names = [column.name for column in section.columns]
    if rule.metric not in names or not section.rows:
        return []
    at = names.index(rule.metric)
    column, counted = section.columns[at], names.index(rule.cases) if rule.cases in names else at
    if rule.row == "none":
        return _of_none(rule, section, section.named_rows, at)
    if rule.row != "largest" and (section.others or section.available_rows > len(section.rows)):
        return []  # what is not shown may be lower, or higher
    known = [row for row in section.named_rows if row[0] not in (None, "") and isinstance(row[at], (int, float))]
    named = [row for row in known if _count(row[counted]) >= rule.at_least]
    pick = min if rule.row == "lowest" else max
    if len(named) < 2:
        return []
    found = pick(named, key=lambda row: float(row[at]))  # type: ignore[arg-type]
    if sum(half_up(float(row[at]), 3) == half_up(float(found[at]), 3) for row in named) > 1:  # type: ignore[arg-type]
        return []  # several stand out, so none does
    likes = [(row[0], float(row[at])) for row in known]  # type: ignore[arg-type]
    if not stands_alone(found[0], (name for name, _ in likes)):
        return []  # it is a part of what is written in several ways
    if rule.row == "largest" and largest_together(likes) > float(found[at]):  # type: ignore[arg-type]
        return []
    values = [("name", Told(found[0], section.columns[0])), ("value", Told(found[at], column))]
    before = f"{rule.metric}__previous"
    if rule.row == "largest":
        if section.total is None or section.total[at] is None:
            return []
        values.append(("total", Told(section.total[at], column)))
    elif before in names and found[names.index(before)] is not None:
        values.append(("before", Told(found[names.index(before)], column)))
    if pick(known, key=lambda row: float(row[at])) is not found:  # type: ignore[arg-type]
        # Others stand out more, of too few cases.
        values.append(("cases", Told(rule.at_least, section.columns[counted])))
    # What the cell of a count says of its own cases is itself.
    return [_said("asked", column, values, ((int(_count(found[counted])), None),), say=rule.say)]


def _count(cell: Cell) -> float:
    return float(cell) if isinstance(cell, (int, float)) and not isinstance(cell, bool) else 0.0


def _of_none(rule: LeadRule, section: Section, rows: Sequence[tuple[Cell, ...]], at: int) -> list[Highlight]:
    """Who has nothing of a figure, while others have."""
    there = [str(row[0]) for row in rows if row[0] not in (None, "") and row[at] == 0]
    if not there or len(there) == len(rows):
        return []
    named = there[:MOST_NAMES]
    text = ", ".join(named)
    values = [("names", Told(text, section.columns[0])), ("count", Told(len(there), section.columns[at]))]
    kind = "asked" if len(there) == len(named) else "asked_some"
    return [
        _said(
            kind,
            section.columns[at],
            [*values, ("more", Told(len(there) - len(named), section.columns[at]))],
            say=rule.say,
        )
    ]
