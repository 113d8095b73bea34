"""What the rows of deals and of their history say of it: which column has the stage that was entered, in which order
stages follow each other, and how likely deals of each are won.

In a history that has the stage before each change and the one after it, the latter of a deal's last row is the stage
that the deal is in, and its first row has no former one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

from reportspec.lazy_dataclass import dataclass
from reportspec.model.mapping_proposals import Candidate, ColumnSeen, FieldProposal, PartProposal, Proposal, TableSeen
from reportspec.onboarding.matching import USABLE
from reportspec.onboarding.seen_tables import as_text

RowsOf = Callable[[str, Sequence[str], str], Sequence[Sequence[Any]]]  # columns of a table, its rows by one of them

_SHARED = 0.4  # of a column's values, so many are stages that deals are in, where it has stages
_MOST = 0.8  # of deals that have a history
_NONE = 0.2
_CLEARLY = 0.3  # by which the best column is before the next
_FEWEST = 3  # deals with a history that say anything
_SURE = 0.97


@dataclass(frozen=True, slots=True)
class Told:
    """What rows say of stages: in which order deals enter them, and the probability that most deals of each have; and
    the column of the history with the stage `before` each change, where only that has the one that deals begin in."""

    order: tuple[str, ...] = ()
    before: str = ""
    chances: Mapping[str, float] = field(default_factory=dict)


def settled(proposal: Proposal, tables: Mapping[str, TableSeen], rows_of: RowsOf) -> tuple[Proposal, Told]:
    """The proposal with the stage of the history that its rows tell, and what they say of the stages."""
    deal = next((part for part in proposal.parts if part.entity == "deal"), None)
    if deal is None:
        return proposal, Told()
    key, stage, chance = (_column(deal, name) for name in ("deal_id", "stage_id", "probability"))
    if stage is None:
        return proposal, Told()
    wanted = [name for name in (stage, key, chance) if name is not None]
    rows = [dict(zip(wanted, map(_said, row), strict=True)) for row in rows_of(deal.table, wanted, key or stage)]
    told = Told(chances=_chances([(row[stage], row[chance]) for row in rows]) if chance is not None else {})
    history = next((part for part in proposal.parts if part.entity == "deal_stage_history"), None)
    by, at = (_column(history, name) if history is not None else None for name in ("deal_id", "entered_at"))
    if history is None or key is None or by is None or at is None:
        return proposal, told
    now = {row[key]: row[stage] for row in rows if row[key] and row[stage]}
    table = tables[history.table]
    known = frozenset(now.values())
    held = [c for c in table.columns.values() if c.name not in (by, at) and _has_stages(c, known)]
    best = history.fields.get("stage_id")
    named = [one.column for one in best.candidates[:2] if one.confidence >= USABLE] if best is not None else []
    columns = list(dict.fromkeys((*named, *(column.name for column in held))))
    if not columns:
        return proposal, told
    past = _in_turn(rows_of(history.table, [by, at, *columns], by), table.columns[at])
    right = {name: _agreeing(past, number, now) for number, name in enumerate(columns)}
    chosen, why = _chosen(columns, right, past)
    if chosen is None:
        doubt = named and right.get(named[0]) is not None and (right[named[0]] or 0) < _NONE
        changed = _doubted(history, named[0]) if doubt and len(columns) > 1 else history
        return _with(proposal, history, changed), told
    changed = _taking(history, chosen, why, columns)
    order = _order([[values[columns.index(chosen)] for _, values in one] for one in past.values()])
    before = _before(columns, chosen, past)
    return _with(proposal, history, changed), replace(told, order=order, before=before)


# --- rows ----------------------------------------------------------------------------------------------

Past = Mapping[str, Sequence[tuple[Any, Sequence[str]]]]  # by deal its rows in turn: when, and the values


def _said(value: Any) -> str:
    return as_text(value) if value is not None else ""


def _in_turn(rows: Iterable[Sequence[Any]], times: ColumnSeen) -> Past:
    """The rows of each deal in the order of their times; those without a time are none."""
    formats = times.ways[0] if times.ways else ()
    past: dict[str, list[tuple[Any, Sequence[str]]]] = defaultdict(list)
    for key, at, *values in rows:
        when = _when(at, formats)
        if key is not None and when:
            past[_said(key)].append((when, [_said(value) for value in values]))
    return {key: sorted(one, key=lambda row: row[0]) for key, one in past.items()}


def _when(value: Any, formats: Sequence[str]) -> str:
    """A time as a text that sorts as times do; nothing where it is none."""
    text = as_text(value) if value is not None else ""
    for one in formats if isinstance(value, str) else ():
        try:
            return datetime.strptime(" ".join(text.split()), one).isoformat()  # noqa: DTZ007
        except ValueError:
            continue
    return text.replace("T", " ") if not formats or not isinstance(value, str) else ""


def _has_stages(column: ColumnSeen, stages: Collection[str]) -> bool:
    there = len(column.sample & frozenset(stages))
    return there > 1 and there >= _SHARED * len(column.sample)


def _column(part: PartProposal | None, name: str) -> str | None:
    found = part.fields.get(name) if part is not None else None
    return found.candidates[0].column if found is not None and found.confidence >= USABLE else None


# --- the stage that was entered ------------------------------------------------------------------------


def _agreeing(past: Past, number: int, now: Mapping[str, str]) -> float | None:
    """Of deals, the share whose last row in the history has the stage that the deal is in; None where too few say."""
    ends = []
    for key, rows in past.items():
        last = {values[number] for when, values in rows if when == rows[-1][0]}
        if key in now and any(values[number] for _, values in rows):
            ends.append(now[key] in last)
    return sum(ends) / len(ends) if len(ends) >= _FEWEST else None


def _chosen(columns: Sequence[str], right: Mapping[str, float | None], past: Past) -> tuple[str | None, str]:
    """The column of the stages that were entered, and why."""
    rated = sorted(((share, name) for name, share in right.items() if share is not None), reverse=True)
    if rated and rated[0][0] >= _MOST and (len(rated) == 1 or rated[0][0] - rated[1][0] >= _CLEARLY):
        return rated[0][1], f"the last one of {rated[0][0]:.0%} of deals is the stage that they are in"
    if len(columns) == 2 and len(past) >= _FEWEST:
        firsts = [rows[0][1] for rows in past.values()]
        empty = [sum(not values[at] for values in firsts) / len(firsts) for at in (0, 1)]
        for before, after in ((0, 1), (1, 0)):
            if empty[before] >= _MOST and empty[after] <= _NONE:
                return columns[after], f"the first row of a deal has no `{columns[before]}`"
    return None, ""


def _before(columns: Sequence[str], chosen: str, past: Past) -> str:
    """The column of the stages that were left, if a deal's first row has one: its rows are changes alone, of which none
    says in which stage it began. Nothing where there is no such column."""
    after = columns.index(chosen)
    for at, name in enumerate(columns):
        pairs = [values[at] == former[after] for rows in past.values() for (_, former), (_, values) in pairwise(rows)]
        firsts = [bool(rows[0][1][at]) for rows in past.values()]
        if at != after and len(pairs) >= _FEWEST and sum(pairs) >= _MOST * len(pairs):
            return name if sum(firsts) >= _MOST * len(firsts) else ""
    return ""


def _taking(part: PartProposal, column: str, why: str, others: Collection[str]) -> PartProposal:
    """The part with one of several columns for the stage; the others are no candidates for anything of it."""
    fields = dict(part.fields)
    found = fields.get("stage_id")
    rest = [one for one in (found.candidates if found is not None else ()) if one.column != column]
    rest = [replace(one, confidence=min(one.confidence, 0.4)) for one in rest]
    best = Candidate(part.table, column, _SURE, (why,))
    fields["stage_id"] = FieldProposal(part.entity, "stage_id", (best, *rest))
    for name, one in list(fields.items()):
        if name != "stage_id" and one.candidates[0].column in others:
            kept = tuple(c for c in one.candidates if c.column not in others)
            fields = {**fields, name: replace(one, candidates=kept)}
            if not kept:
                del fields[name]
    return replace(part, fields=fields)


def _doubted(part: PartProposal, column: str) -> PartProposal:
    """The part whose stage is to be confirmed."""
    found = part.fields["stage_id"]
    why = f"the last `{column}` of deals is not the stage that they are in"
    first = replace(found.candidates[0], confidence=min(found.confidence, USABLE), reasons=(why,))
    fields = {**part.fields, "stage_id": replace(found, candidates=(first, *found.candidates[1:]))}
    return replace(part, fields=fields)


def _with(proposal: Proposal, old: PartProposal, new: PartProposal) -> Proposal:
    return replace(proposal, parts=tuple(new if part is old else part for part in proposal.parts))


# --- stages --------------------------------------------------------------------------------------------


def _order(histories: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Stages in the order in which deals enter them first: each before those that more deals enter after it than
    before."""
    before: Counter[tuple[str, str]] = Counter()
    there: Counter[str] = Counter()
    for one in histories:
        firsts = list(dict.fromkeys(stage for stage in one if stage))
        there.update(firsts)
        before.update((a, b) for at, a in enumerate(firsts) for b in firsts[at + 1 :])
    ahead = {a: sum(before[a, b] > before[b, a] for b in there) for a in there}
    behind = {a: sum(before[a, b] < before[b, a] for b in there) for a in there}
    return tuple(sorted(there, key=lambda stage: (behind[stage] - ahead[stage], -there[stage], stage)))


def _chances(pairs: Iterable[tuple[str, str]]) -> Mapping[str, float]:
    """The probability of the deals of each stage, where most of them have one."""
    found: dict[str, list[float]] = defaultdict(list)
    for stage, text in pairs:
        number = _number(text)
        if stage and number is not None:
            found[stage].append(number)
    every = [number for numbers in found.values() for number in numbers]
    whole = 100.0 if any(number > 1 for number in every) else 1.0
    chances = {}
    for stage, numbers in found.items():
        middle = median(numbers)
        alike = sum(abs(number - middle) < 1e-9 for number in numbers)
        if alike >= _MOST * len(numbers):
            chances[stage] = round(middle / whole, 4)
    return chances


def _number(text: str) -> float | None:
    try:
        number = float(text.replace("%", "").replace(",", ".").strip())
        return number / 100 if "%" in text else number
    except ValueError:
        return None
