"""What reports on the demo must say: computed from its rows alone, in plain Python.

An oracle: no SQL, and nothing of reportspec but the rows. Written from the definitions of the
metrics, in the simplest way that could be right.

Conventions: a period is [start, end) in Europe/Rome. A figure is taken *as of* an instant T (the
period's end unless said): only what happened strictly before T is known. Everything leaves out
deleted deals and deleted or merged leads. A ratio whose denominator is zero is None, the mean of
nothing is None, a count or a sum of nothing is zero.

Every metric is a function of a `World`, a period's name and a dimension (`by`), and returns its
value, or a dict from the dimension's keys to values when `by` is given: keys without rows are
absent, None is the key of rows where the dimension is empty. Dimensions:

- `owner`: the user_id of the deal, lead, activity or quote itself;
- `team`: that user's team;
- `source`: the lead's own source for leads, else `deal.source` (of the linked deal for quotes);
- `lead_source`: the source of the lead from which the deal came (None if it came from none);
- `deal_type`, `currency`: the deal's;
- `stage`: the stage_id, for `open_opportunities_count` (at T) and `stage_duration_days`.

`keep` narrows the deals (for the metrics over deals and stage visits), as a report's filters do.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from reportspec.demo.generate import tables

Row = dict[str, Any]
Key = Hashable
Keep = Callable[[Row], bool]

ROME = ZoneInfo("Europe/Rome")
UTC = ZoneInfo("UTC")
PERIODS = ("2026-Q3", "2026-Q2", "2026-09", "2025", "2026-W38")


def days(period: str) -> tuple[date, date]:
    """First day and the day after the last of `2026`, `2026-Q3`, `2026-09`, `2026-W38` or
    `2026-09-15`."""
    year, _, rest = period.partition("-")
    if not rest:
        return date(int(year), 1, 1), date(int(year) + 1, 1, 1)
    if rest.startswith("W"):
        first = date.fromisocalendar(int(year), int(rest[1:]), 1)
        return first, first + timedelta(7)
    if rest.startswith("Q"):
        month, length = int(rest[1:]) * 3 - 2, 3
    elif len(rest) == 2:
        month, length = int(rest), 1
    else:
        first = date.fromisoformat(period)
        return first, first + timedelta(1)
    last = month + length
    return date(int(year), month, 1), date(int(year) + (last > 12), (last - 1) % 12 + 1, 1)


def midnight(day: date) -> datetime:
    """The naive UTC time at which the day begins in Rome."""
    local = datetime(day.year, day.month, day.day, tzinfo=ROME)
    return local.astimezone(UTC).replace(tzinfo=None)


def bounds(period: str) -> tuple[datetime, datetime]:
    """The period's [start, end) in naive UTC."""
    first, after = days(period)
    return midnight(first), midnight(after)


@dataclass(frozen=True)
class Visit:
    """A stay in a stage; `left` and `next_stage` are None for the last one."""

    deal: Row
    stage: str
    entered: datetime
    left: datetime | None
    next_stage: str | None


@dataclass(frozen=True)
class State:
    """A deal at an instant. `stage` is None where nobody knows."""

    status: str
    closed_at: datetime | None
    stage: str | None


class World:
    """The demo's rows as dicts, and what can be looked up in them."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {
            name: [dict(zip((column for column, _ in table.columns), row, strict=True)) for row in table.rows]
            for name, table in tables().items()
        }
        self.stages = {stage["stage_id"]: stage for stage in self.rows["stage"]}
        self.teams = {user["user_id"]: user["team"] for user in self.rows["user"]}
        self.deals = [deal for deal in self.rows["deal"] if not deal["is_deleted"]]
        self.deal_by_id = {deal["deal_id"]: deal for deal in self.rows["deal"]}
        self.lead_by_id = {lead["lead_id"]: lead for lead in self.rows["lead"]}
        changes: dict[str, list[Row]] = {}
        for change in self.rows["deal_stage_history"]:
            changes.setdefault(change["deal_id"], []).append(change)
        self.visits = {deal["deal_id"]: self._visits(deal, changes.get(deal["deal_id"], [])) for deal in self.deals}
        self.entries = {deal: [visit.entered for visit in visits] for deal, visits in self.visits.items()}

    def _visits(self, deal: Row, changes: list[Row]) -> list[Visit]:
        """Neighbouring rows of one stage are one visit."""
        changes = sorted(changes, key=lambda row: (row["entered_at"], self.stages[row["stage_id"]]["position"]))
        starts = [
            change
            for before, change in zip([None, *changes], changes, strict=False)
            if before is None or before["stage_id"] != change["stage_id"]
        ]
        return [
            Visit(
                deal,
                start["stage_id"],
                start["entered_at"],
                after["entered_at"] if after else None,
                after["stage_id"] if after else None,
            )
            for start, after in zip(starts, [*starts, None][1:], strict=True)
        ]

    def outcome(self, stage: str) -> str:
        """`open`, `won` or `lost`, by the stage."""
        row = self.stages[stage]
        return "won" if row["is_won"] else "lost" if row["is_lost"] else "open"

    def state(self, deal: Row, at: datetime) -> State | None:
        """What was known of the deal just before `at`; None if it was not there yet."""
        if deal["created_at"] >= at:
            return None
        closed_at = deal["closed_at"]
        if deal["status"] != "open" and closed_at is not None and closed_at < at:
            return State(deal["status"], closed_at, deal["stage_id"])
        place = bisect_left(self.entries[deal["deal_id"]], at)
        if place == 0:  # no history: its own status is open, or the closing is still to come
            return State("open", None, deal["stage_id"] if deal["status"] == "open" else None)
        visit = self.visits[deal["deal_id"]][place - 1]
        status = self.outcome(visit.stage)
        return State(status, None if status == "open" else visit.entered, visit.stage)


@cache
def world() -> World:
    """The demo, read once."""
    return World()


# Groups


def _owner(w: World, row: Row) -> Key:
    key: Key = row["owner_id"]
    return key


def _team(w: World, row: Row) -> Key:
    return w.teams.get(row["owner_id"])


def _source(w: World, row: Row) -> Key:
    if "source" in row:
        key: Key = row["source"]
        return key
    linked = w.deal_by_id.get(row["deal_id"])
    return linked["source"] if linked else None


def _lead_source(w: World, row: Row) -> Key:
    lead = w.lead_by_id.get(row["lead_id"])
    return lead["source"] if lead else None


DIMENSIONS: dict[str, Callable[[World, Row], Key]] = {
    "owner": _owner,
    "team": _team,
    "source": _source,
    "lead_source": _lead_source,
    "deal_type": lambda w, row: row["deal_type"],
    "currency": lambda w, row: row["currency"],
}


def grouped(
    w: World,
    facts: Iterable[tuple[Row, Any]],
    by: str | None,
    reduce: Callable[[list[Any]], Any],
) -> Any:
    """Reduces the facts' values, all together or by a dimension of the facts' rows."""
    if by is None:
        return reduce([value for _, value in facts])
    groups: dict[Key, list[Any]] = {}
    for row, value in facts:
        groups.setdefault(DIMENSIONS[by](w, row), []).append(value)
    return {key: reduce(values) for key, values in groups.items()}


def mean(values: list[float]) -> float | None:
    """None for nothing."""
    return sum(values) / len(values) if values else None


def share(values: list[bool]) -> float | None:
    """The part that is true; None for nothing."""
    return sum(values) / len(values) if values else None


def _distinct(values: list[Any]) -> int:
    return len(set(values))


def _sum(values: list[Decimal]) -> Decimal:
    return sum(values, Decimal("0.00"))


def _everything(row: Row) -> bool:
    return True


def _in_days(seconds: timedelta) -> float:
    return seconds.total_seconds() / 86_400


# Populations


def live_leads(w: World, period: str, as_of: datetime | None = None) -> list[Row]:
    """Leads created in the period: not deleted, not merged, not junk."""
    start, end = bounds(period)
    end = min(end, as_of or end)
    return [
        lead
        for lead in w.rows["lead"]
        if start <= lead["created_at"] < end
        and not lead["is_deleted"]
        and lead["merged_into_id"] is None
        and lead["status"] != "junk"
    ]


def closed_deals(
    w: World, period: str, as_of: datetime | None = None, keep: Keep = _everything
) -> list[tuple[Row, State]]:
    """Deals that, as far as known at T, were closed in the period and not open again."""
    start, end = bounds(period)
    found = []
    for deal in w.deals:
        state = w.state(deal, as_of or end)
        if state and state.closed_at and start <= state.closed_at < end and keep(deal):
            found.append((deal, state))
    return found


def won_deals(
    w: World, period: str, as_of: datetime | None = None, keep: Keep = _everything
) -> list[tuple[Row, State]]:
    """The won ones of `closed_deals`."""
    closed = closed_deals(w, period, as_of, keep)
    return [(deal, state) for deal, state in closed if state.status == "won"]


# The metrics, by their numbers in the founding article


def prospects_count(w: World, period: str, by: str | None = None) -> Any:
    """1: distinct persons (by email, whatever its case and spaces; else each lead is one)."""
    facts = [(lead, (lead["email"] or "").strip().lower() or lead["lead_id"]) for lead in live_leads(w, period)]
    return grouped(w, facts, by, _distinct)


def _purchases(w: World, at: datetime, keep: Keep) -> dict[str, list[tuple[datetime, Row]]]:
    """Won deals by account, as known at T, first one first."""
    found: dict[str, list[tuple[datetime, Row]]] = {}
    for deal in w.deals:
        state = w.state(deal, at)
        if state and state.status == "won" and state.closed_at and deal["account_id"]:
            if keep(deal):
                found.setdefault(deal["account_id"], []).append((state.closed_at, deal))
    for purchases in found.values():
        purchases.sort(key=lambda each: (each[0], each[1]["deal_id"]))
    return found


def new_customers_count(w: World, period: str, by: str | None = None) -> Any:
    """2: accounts whose first won deal of all is in the period (grouped by that deal)."""
    start, end = bounds(period)
    firsts = [each[0] for each in _purchases(w, end, _everything).values()]
    facts = [(deal, deal["account_id"]) for at, deal in firsts if start <= at < end]
    return grouped(w, facts, by, _distinct)


def returning_customers_count(w: World, period: str, by: str | None = None) -> Any:
    """3: accounts with a won deal in the period and one before it (grouped by the former)."""
    start, end = bounds(period)
    facts = [
        (deal, deal["account_id"])
        for purchases in _purchases(w, end, _everything).values()
        for at, deal in purchases
        if start <= at < end and purchases[0][0] < start
    ]
    return grouped(w, facts, by, _distinct)


def close_rate(
    w: World,
    period: str,
    by: str | None = None,
    keep: Keep = _everything,
    as_of: datetime | None = None,
) -> Any:
    """4: won / (won + lost) of the deals closed in the period."""
    closed = closed_deals(w, period, as_of, keep)
    return grouped(w, [(deal, state.status == "won") for deal, state in closed], by, share)


def sales_calls_count(w: World, period: str, by: str | None = None, as_of: datetime | None = None) -> Any:
    """6: outbound calls done in the period, to a deal, lead or contact and not about a case."""
    start, end = bounds(period)
    end = min(end, as_of or end)
    facts = [
        (call, call["activity_id"])
        for call in _done_calls(w)
        if start <= call["done_at"] < end
        and (call["deal_id"] or call["lead_id"] or call["contact_id"])
        and call["case_id"] is None
    ]
    return grouped(w, facts, by, len)


def _done_calls(w: World) -> list[Row]:
    """Outbound calls with the status done and a time at which they were."""
    return [
        each
        for each in w.rows["activity"]
        if each["type"] == "call"
        and each["direction"] == "outbound"
        and each["status"] == "done"
        and each["done_at"] is not None
    ]


def sales_calls_per_opportunity(w: World, period: str, by: str | None = None, keep: Keep = _everything) -> Any:
    """7: outbound calls up to the closing / deals closed in the period (those without count)."""
    times: dict[str, list[datetime]] = {}
    for call in _done_calls(w):
        times.setdefault(call["deal_id"], []).append(call["done_at"])
    facts = [
        (deal, sum(at <= state.closed_at for at in times.get(deal["deal_id"], ())))
        for deal, state in closed_deals(w, period, None, keep)
        if state.closed_at
    ]
    return grouped(w, facts, by, mean)


def new_revenue_amount(
    w: World,
    period: str,
    by: str | None = None,
    keep: Keep = _everything,
    as_of: datetime | None = None,
) -> Any:
    """8: euros of the deals won in the period, but for renewals and what was paid otherwise."""
    facts = [
        (deal, deal["amount"])
        for deal, _ in won_deals(w, period, as_of, keep)
        if deal["deal_type"] != "renewal" and deal["currency"] == "EUR" and deal["amount"] is not None
    ]
    return grouped(w, facts, by, _sum)


def open_opportunities_count(
    w: World,
    period: str,
    by: str | None = None,
    keep: Keep = _everything,
    as_of: datetime | None = None,
) -> Any:
    """9: deals open at T; `stage` groups them by the stage in which they were."""
    at = as_of or bounds(period)[1]
    states = [(deal, w.state(deal, at)) for deal in w.deals if keep(deal)]
    still = [(deal, state) for deal, state in states if state and state.status == "open"]
    if by == "stage":
        counts: dict[Key, int] = {}
        for _, state in still:
            counts[state.stage] = counts.get(state.stage, 0) + 1
        return counts
    return grouped(w, still, by, len)


def stage_duration_days(w: World, period: str, by: str | None = None, keep: Keep = _everything) -> Any:
    """10: mean days of the stays in open stages that ended in the period."""
    left = [(visit, _in_days(visit.left - visit.entered)) for visit in _left_in(w, period, keep) if visit.left]
    left = [(visit, length) for visit, length in left if length >= 0]
    if by == "stage":
        groups: dict[Key, list[float]] = {}
        for visit, length in left:
            groups.setdefault(visit.stage, []).append(length)
        return {stage: mean(lengths) for stage, lengths in groups.items()}
    return grouped(w, [(visit.deal, length) for visit, length in left], by, mean)


def _left_in(w: World, period: str, keep: Keep = _everything) -> list[Visit]:
    """Visits of open stages that ended in the period."""
    start, end = bounds(period)
    return [
        visit
        for visits in w.visits.values()
        for visit in visits
        if visit.left and start <= visit.left < end and w.outcome(visit.stage) == "open" and keep(visit.deal)
    ]


def sales_cycle_days(
    w: World,
    period: str,
    by: str | None = None,
    keep: Keep = _everything,
    as_of: datetime | None = None,
) -> Any:
    """11: mean days from creation to closing of the deals won in the period."""
    lengths = [
        (deal, _in_days(state.closed_at - deal["created_at"]))
        for deal, state in won_deals(w, period, as_of, keep)
        if state.closed_at
    ]
    return grouped(w, [(deal, length) for deal, length in lengths if length >= 0], by, mean)


def quotes_presented_count(w: World, period: str, by: str | None = None) -> Any:
    """12: offers (by number) of which a version that is no draft was presented in the period."""
    start, end = bounds(period)
    facts = [
        (quote, quote["number"])
        for quote in w.rows["quote"]
        if quote["presented_at"] and start <= quote["presented_at"] < end and quote["status"] != "draft"
    ]
    return grouped(w, facts, by, _distinct)


# Beside the article's metrics


def deals_created_count(w: World, period: str, by: str | None = None, keep: Keep = _everything) -> Any:
    """Deals created in the period."""
    start, end = bounds(period)
    facts = [(deal, 1) for deal in w.deals if start <= deal["created_at"] < end and keep(deal)]
    return grouped(w, facts, by, len)


def won_count(
    w: World,
    period: str,
    by: str | None = None,
    keep: Keep = _everything,
    as_of: datetime | None = None,
) -> Any:
    """Deals won in the period."""
    return grouped(w, [(deal, 1) for deal, _ in won_deals(w, period, as_of, keep)], by, len)


def lost_count(
    w: World,
    period: str,
    by: str | None = None,
    keep: Keep = _everything,
    as_of: datetime | None = None,
) -> Any:
    """Deals lost in the period."""
    closed = closed_deals(w, period, as_of, keep)
    lost = [(deal, 1) for deal, state in closed if state.status == "lost"]
    return grouped(w, lost, by, len)


def won_amount_by_currency(
    w: World, period: str, keep: Keep = _everything, as_of: datetime | None = None
) -> dict[Key, Decimal]:
    """Amounts of the deals won in the period (renewals too), by currency; unknown ones left out."""
    facts = [(deal, deal["amount"]) for deal, _ in won_deals(w, period, as_of, keep) if deal["amount"] is not None]
    found: dict[Key, Decimal] = grouped(w, facts, "currency", _sum)
    return found


def won_without_amount_count(w: World, period: str, keep: Keep = _everything) -> int:
    """Deals won in the period whose amount nobody entered."""
    return sum(deal["amount"] is None for deal, _ in won_deals(w, period, None, keep))


@dataclass(frozen=True)
class Conversion:
    """Of the stays in a stage that ended in the period: how many, and how many went forward."""

    left: int
    advanced: int

    @property
    def rate(self) -> float | None:
        """The part that went forward."""
        return self.advanced / self.left if self.left else None


def stage_conversion(w: World, period: str, keep: Keep = _everything) -> dict[str, Conversion]:
    """By stage_id: forward is a later open stage or won, never lost. Stages that a deal skipped
    have no visit and so count neither way; a step back counts as left and not advanced."""
    found: dict[str, Conversion] = {}
    for visit in _left_in(w, period, keep):
        before = found.get(visit.stage, Conversion(0, 0))
        assert visit.next_stage is not None
        forward = (
            w.outcome(visit.next_stage) != "lost"
            and w.stages[visit.next_stage]["position"] > w.stages[visit.stage]["position"]
        )
        found[visit.stage] = Conversion(before.left + 1, before.advanced + forward)
    return found


@dataclass(frozen=True)
class Channel:
    """A channel in the conversions report (leads created in a period, converted before T)."""

    leads: int
    converted: int
    days_to_convert: float | None


def lead_channels(w: World, period: str, as_of: datetime | None = None) -> dict[Key, Channel]:
    """By source, over all leads but deleted, merged and junk ones (persons not merged here)."""
    at = as_of or bounds(period)[1]
    found: dict[Key, list[Row]] = {}
    for lead in live_leads(w, period, as_of):
        found.setdefault(lead["source"], []).append(lead)
    channels: dict[Key, Channel] = {}
    for source, leads in found.items():
        known = [
            _in_days(lead["converted_at"] - lead["created_at"])
            for lead in leads
            if lead["converted_at"] and lead["converted_at"] < at
        ]
        channels[source] = Channel(len(leads), len(known), mean(known))
    return channels


def q3_filter(deal: Row) -> bool:
    """The filters of specs/q3.yaml: at least 1,000, of the teams North and South."""
    team = world().teams.get(deal["owner_id"])
    return deal["amount"] is not None and deal["amount"] >= 1000 and team in ("North", "South")


METRICS: dict[str, Callable[[World, str], Any]] = {
    "prospects_count": prospects_count,
    "new_customers_count": new_customers_count,
    "returning_customers_count": returning_customers_count,
    "close_rate": close_rate,
    "sales_calls_count": sales_calls_count,
    "sales_calls_per_opportunity": sales_calls_per_opportunity,
    "new_revenue_amount": new_revenue_amount,
    "open_opportunities_count": open_opportunities_count,
    "stage_duration_days": stage_duration_days,
    "sales_cycle_days": sales_cycle_days,
    "quotes_presented_count": quotes_presented_count,
    "deals_created_count": deals_created_count,
    "won_count": won_count,
    "lost_count": lost_count,
}


def answers(period: str) -> dict[str, Any]:
    """All metrics of a period, without any breakdown."""
    return {name: metric(world(), period) for name, metric in METRICS.items()}
