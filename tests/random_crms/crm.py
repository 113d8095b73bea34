"""Small CRMs drawn at random, with the edges that matter: a few rows of every entity, as plain dicts.

Times are naive UTC, days are dates, and None is empty. Rows are consistent as real ones are (a deal's
last stage in the history is its own, a resolved case was opened before), but for what is said here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import yaml

Row = dict[str, Any]
ROME = ZoneInfo("Europe/Rome")
FIRST, LAST = datetime(2022, 11, 1), datetime(2024, 9, 1)
PERIODS = ("2024-Q1", "2024-03", "2024-Q2", "2023-10", "2023-Q4", "2024-02")
TEAMS = ("North", "South", None)
SOURCES = ("web", "fair", "Web", None)

# The columns of each table and their types. What ends in a star is nothing that the mapping names.
COLUMNS: dict[str, dict[str, str]] = {
    "user": {
        "user_id": "key",
        "name": "text",
        "email": "text",
        "team": "text",
        "manager_id": "key",
        "is_active": "boolean",
    },
    "account": {
        "account_id": "key",
        "name": "text",
        "region": "text",
        "industry": "text",
        "owner_id": "key",
        "created_at": "time",
    },
    "contact": {
        "contact_id": "key",
        "account_id": "key",
        "email": "text",
        "owner_id": "key",
        "created_at": "time",
        "merged_into_id": "key",
    },
    "lead": {
        "lead_id": "key",
        "email": "text",
        "owner_id": "key",
        "source": "text",
        "campaign_id": "key",
        "status": "text",
        "is_junk": "boolean",
        "created_at": "time",
        "first_response_at": "time",
        "converted_at": "time",
        "is_converted": "boolean",
        "converted_account_id": "key",
        "is_deleted": "boolean",
        "merged_into_id": "key",
    },
    "pipeline": {"pipeline_id": "key", "name": "text"},
    "stage": {
        "stage_id": "key",
        "pipeline_id": "key",
        "name": "text",
        "position": "integer",
        "probability": "number",
        "is_won": "boolean",
        "is_lost": "boolean",
        "rotting_days": "number",
    },
    "deal": {
        "deal_id": "key",
        "name": "text",
        "account_id": "key",
        "contact_id": "key",
        "lead_id": "key",
        "owner_id": "key",
        "pipeline_id": "key",
        "stage_id": "key",
        "status": "text",
        "amount": "number",
        "currency": "text",
        "probability": "number",
        "deal_type": "text",
        "source": "text",
        "campaign_id": "key",
        "created_at": "time",
        "expected_close_date": "date",
        "closed_at": "time",
        "loss_reason": "text",
        "is_deleted": "boolean",
    },
    "deal_stage_history": {"deal_id": "key", "stage_id": "key", "entered_at": "time"},
    "product": {"product_id": "key", "name": "text", "family": "text", "tier": "integer", "unit_cost": "number"},
    "deal_product": {"deal_id": "key", "product_id": "key", "quantity": "number", "amount": "number"},
    "order_": {
        "order_id": "key",
        "account_id": "key",
        "contact_id": "key",
        "campaign_id": "key",
        "ordered_at": "time",
        "amount": "number",
        "currency": "text",
        "status": "text",
        "is_deleted": "boolean",
    },
    "order_line": {"order_id": "key", "product_id": "key", "quantity": "number", "amount": "number"},
    "activity": {
        "activity_id": "key",
        "type": "text",
        "direction": "text",
        "owner_id": "key",
        "deal_id": "key",
        "lead_id": "key",
        "contact_id": "key",
        "case_id": "key",
        "created_at": "time",
        "due_at": "time",
        "done_at": "time",
        "status": "text",
        "outcome": "text",
    },
    "quote": {
        "quote_id": "key",
        "number": "text",
        "deal_id": "key",
        "owner_id": "key",
        "status": "text",
        "amount": "number",
        "currency": "text",
        "created_at": "time",
        "presented_at": "time",
    },
    "contract": {
        "contract_id": "key",
        "account_id": "key",
        "starts_at": "date",
        "ends_at": "date",
        "value": "number",
        "currency": "text",
        "renewed_by_contract_id": "key",
        "is_deleted": "boolean",
    },
    "campaign": {
        "campaign_id": "key",
        "name": "text",
        "channel": "text",
        "status": "text",
        "started_at": "time",
        "sent_at": "time",
        "ended_at": "time",
        "actual_cost": "number",
        "currency": "text",
    },
    "campaign_member": {
        "campaign_id": "key",
        "contact_id": "key",
        "lead_id": "key",
        "sent_at": "time",
        "responded_at": "time",
        "bounced_at": "time",
    },
    "referral": {
        "referral_id": "key",
        "referrer_contact_id": "key",
        "referred_lead_id": "key",
        "referred_contact_id": "key",
        "created_at": "time",
    },
    "list_membership": {
        "list_id": "key",
        "contact_id": "key",
        "subscribed_at": "time",
        "unsubscribed_at": "time",
        "source": "text",
        "campaign_id": "key",
    },
    "web_session": {
        "session_id": "key",
        "contact_id": "key",
        "started_at": "time",
        "ended_at": "time",
        "engaged_seconds": "number",
        "source": "text",
        "is_bot": "boolean",
    },
    "pageview": {"session_id": "key", "url": "text", "viewed_at": "time", "is_bot": "boolean"},
    "goal_completion": {"session_id": "key", "goal_id": "key", "completed_at": "time"},
    "case_": {
        "case_id": "key",
        "account_id": "key",
        "owner_id": "key",
        "type": "text",
        "created_at": "time",
        "resolved_at": "time",
        "first_resolved_at": "time",
        "merged_into_id": "key",
        "is_spam": "boolean",
        "is_deleted": "boolean",
    },
    "sla_event": {"case_id": "key", "metric": "text", "due_at": "time", "fulfilled_at": "time"},
    "service_call": {
        "call_id": "key",
        "case_id": "key",
        "contact_id": "key",
        "agent_id": "key",
        "direction": "text",
        "queued_at": "time",
        "ended_at": "time",
        "wait_s": "number",
        "talk_s": "number",
        "hold_s": "number",
        "wrap_s": "number",
        "outcome": "text",
        "is_callback": "boolean",
    },
    "service_cost": {"month": "date", "team": "text", "channel": "text", "amount": "number", "currency": "text"},
    "sales_marketing_cost": {"month": "date", "team": "text", "amount": "number", "currency": "text"},
    "business_calendar": {"day": "date", "is_business": "boolean", "opens_at": "time", "closes_at": "time"},
    "fx_rate": {"day": "date", "from_currency": "text", "to_currency": "text", "rate": "number"},
}
WITH_KEY = (
    "user",
    "account",
    "contact",
    "lead",
    "pipeline",
    "stage",
    "deal",
    "product",
    "order_",
    "activity",
    "quote",
    "contract",
    "campaign",
    "referral",
    "web_session",
    "case_",
    "service_call",
    "business_calendar",
)
OF_DEALS = ("deal", "deal_stage_history", "deal_product")
OF_ORDERS = ("order_", "order_line")


@dataclass(frozen=True)
class Crm:
    """Rows by entity, of a seed. `orders` says that purchases are orders: then it has no deals at all."""

    seed: int
    rows: dict[str, list[Row]]
    period: str
    now: datetime  # inside the period
    past: datetime  # a past instant inside the period
    orders: bool = False
    refused: frozenset[str] = frozenset()  # metrics that nothing can be told of: a table of theirs has no rows


def bounds(period: str) -> tuple[date, date]:
    """First day, and the day after the last, of `2024`, `2024-Q1`, `2024-03`."""
    year, _, rest = period.partition("-")
    month, length = (int(rest[1:]) * 3 - 2, 3) if rest[0] == "Q" else (int(rest), 1)
    return date(int(year), month, 1), months_on(date(int(year), month, 1), length)


def months_on(day: date, months: int) -> date:
    """The first of the month so many months on."""
    place = day.year * 12 + day.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def midnight(day: date) -> datetime:
    """When a day begins in Rome, in naive UTC."""
    local = datetime(day.year, day.month, day.day, tzinfo=ROME)
    return local.astimezone(UTC).replace(tzinfo=None)


class _Draw:
    """What is drawn, from one seed."""

    def __init__(self, seed: int) -> None:
        self.r = Random(seed)
        self.period = self.r.choice(PERIODS)
        first, after = bounds(self.period)
        self.edges = [midnight(first), midnight(after), midnight(months_on(first, 1))]
        self.edges += [
            datetime(2024, 3, 31, 1),
            datetime(2023, 10, 29, 1),
            datetime(2023, 10, 29, 0),
        ]
        self.start, self.end = midnight(first), midnight(after)

    def maybe(self, value: Any, empty: float = 0.15) -> Any:
        return None if self.r.random() < empty else value

    def flag(self, true: float = 0.1) -> bool | None:
        return self.r.choices((True, False, None), (true, 0.8 - true, 0.2))[0]

    def when(self, low: datetime = FIRST, high: datetime = LAST) -> datetime:
        """A time from low to high: at an edge, in the period, or anywhere."""
        kind = self.r.random()
        if kind < 0.2:
            edge = self.r.choice(self.edges) + timedelta(seconds=self.r.choice((-1, 0, 0, 1, 1800)))
            if low <= edge <= high:
                return edge
        if kind < 0.6 and low < self.end and high > self.start:
            low, high = max(low, self.start), min(high, self.end)
        return low + timedelta(seconds=self.r.randrange(max(1, int((high - low).total_seconds()))))

    def after(self, low: datetime, days: float = 60) -> datetime:
        """Soon after a time; now and then at the same."""
        if self.r.random() < 0.05:
            return low
        return low + timedelta(seconds=self.r.randrange(1, int(days * 86_400)))

    def before(self, high: datetime) -> datetime:
        """Up to two months before a time: what is entered late."""
        return high - timedelta(seconds=self.r.randrange(1, 60 * 86_400))

    def of(self, rows: list[Row], key: str, empty: float = 0.15) -> Any:
        return self.maybe(self.r.choice(rows)[key], empty) if rows else None

    def many(self, most: int) -> range:
        """How many; now and then none, so that tables are empty."""
        return range(0 if self.r.random() < 0.04 else self.r.randrange(1, most))

    def money(self) -> Any:
        return self.maybe(self.r.choice((0, 10, 99.5, 100, 1250.25, 40_000)), 0.1)

    def currency(self) -> str:
        return self.r.choice(("EUR", "EUR", "EUR", "USD", "usd ", "GBP"))


def drawn(seed: int) -> Crm:
    """The CRM of a seed."""
    d = _Draw(seed)
    r = d.r
    t: dict[str, list[Row]] = {}
    t["user"] = [
        {
            "user_id": f"u{i}",
            "name": f"Person {i}",
            "email": f"u{i}@x.org",
            "team": r.choice(TEAMS),
            "manager_id": None,
            "is_active": d.flag(0.6),
        }
        for i in range(r.randrange(1, 5))
    ]
    users = t["user"]
    t["account"] = [
        {
            "account_id": f"a{i}",
            "name": r.choice(("Acme", "Bolt", "Acme ")),
            "region": d.maybe(r.choice(("EMEA", "APAC"))),
            "industry": None,
            "owner_id": d.of(users, "user_id"),
            "created_at": d.when(),
        }
        for i in range(r.randrange(1, 6))
    ]
    t["contact"] = [
        {
            "contact_id": f"c{i}",
            "account_id": d.of(t["account"], "account_id"),
            "email": d.maybe(f"c{i}@x.org"),
            "owner_id": d.of(users, "user_id"),
            "created_at": d.when(),
            "merged_into_id": d.maybe("c0", 0.93),
        }
        for i in range(r.randrange(1, 8))
    ]
    t["campaign"] = []
    for i in d.many(6):
        began = d.when()
        t["campaign"].append(
            {
                "campaign_id": f"k{i}",
                "name": f"K{i}",
                "channel": d.maybe(r.choice(("email", "fair"))),
                "status": d.maybe(r.choice(("sent", "draft", "cancelled", "Draft"))),
                "started_at": d.maybe(began),
                "sent_at": d.maybe(d.after(began, 10), 0.3),
                "ended_at": d.maybe(d.after(began, 90), 0.4),
                "actual_cost": d.money(),
                "currency": d.currency(),
            }
        )
    campaigns = t["campaign"]
    t["lead"] = []
    for i in d.many(25):
        made = d.when()
        converted = d.maybe(d.after(made), 0.6)
        t["lead"].append(
            {
                "lead_id": f"l{i}",
                "email": d.maybe(r.choice(("a@x.org", "A@x.org ", "b@x.org", "", f"l{i}@x.org"))),
                "owner_id": d.of(users, "user_id"),
                "source": r.choice(SOURCES),
                "campaign_id": d.of(campaigns, "campaign_id", 0.6),
                "status": d.maybe(r.choice(("new", "junk", "Junk", "working"))),
                "is_junk": d.flag(),
                "created_at": made,
                "first_response_at": d.maybe(d.after(made, 5), 0.4),
                "converted_at": converted,
                "is_converted": r.choice((True, None)) if converted else r.choice((False, None)),
                "converted_account_id": d.of(t["account"], "account_id") if converted else None,
                "is_deleted": d.flag(),
                "merged_into_id": d.maybe("l0", 0.93),
            }
        )
    _sales(d, t)
    _service(d, t)
    _marketing(d, t)
    inside = (d.end - d.start).total_seconds()
    now = d.start + timedelta(seconds=int(inside * r.uniform(0.05, 0.95)))
    past = d.start + timedelta(seconds=int(inside * r.uniform(0.05, 0.95)))
    return Crm(seed, t, d.period, now, past, orders=r.random() < 0.2)


def _sales(d: _Draw, t: dict[str, list[Row]]) -> None:
    """Stages, deals with their history, products, orders, activities, quotes, contracts."""
    r = d.r
    t["pipeline"] = [{"pipeline_id": "p", "name": "Sales"}]
    t["stage"] = [
        {
            "stage_id": s,
            "pipeline_id": "p",
            "name": name,
            "position": place,
            "probability": d.maybe(chance),
            "is_won": True if s == "W" else r.choice((False, None)),
            "is_lost": True if s == "L" else r.choice((False, None)),
            "rotting_days": d.maybe(20),
        }
        for s, name, place, chance in (
            ("A", "New", 1, 0.1),
            ("B", "Talk", 2, 0.4),
            ("C", "Offer", 3, 0.7),
            ("W", "Won", 4, 1),
            ("L", "Lost", 5, 0),
        )
    ]
    t["product"] = [
        {
            "product_id": f"g{i}",
            "name": f"G{i}",
            "family": d.maybe(r.choice(("Fittings", "Hoses"))),
            "tier": d.maybe(r.randrange(1, 4)),
            "unit_cost": d.maybe(r.choice((0, 3, 7.5))),
        }
        for i in range(r.randrange(1, 6))
    ]
    t["deal"], t["deal_stage_history"], t["deal_product"] = [], [], []
    for i in d.many(30):
        _deal(d, t, f"d{i}")
    t["order_"], t["order_line"] = [], []
    for i in d.many(25):
        t["order_"].append(
            {
                "order_id": f"o{i}",
                "account_id": d.of(t["account"], "account_id", 0.3),
                "contact_id": d.of(t["contact"], "contact_id"),
                "campaign_id": d.of(t["campaign"], "campaign_id", 0.5),
                "ordered_at": d.when(),
                "amount": d.money(),
                "currency": d.currency(),
                "status": r.choice(("paid", "paid", "paid", "refunded", "open")),
                "is_deleted": d.flag(0.05),
            }
        )
        for _ in range(r.randrange(3)):
            t["order_line"].append(
                {
                    "order_id": f"o{i}",
                    "product_id": d.of(t["product"], "product_id"),
                    "quantity": d.maybe(r.randrange(1, 4)),
                    "amount": d.money(),
                }
            )
    t["activity"] = []
    for i in d.many(50):
        made = d.when()
        t["activity"].append(
            {
                "activity_id": f"v{i}",
                "type": r.choice(("call", "call", "call", "meeting", "email", "task", "note")),
                "direction": d.maybe(r.choice(("outbound", "outbound", "inbound"))),
                "owner_id": d.of(t["user"], "user_id"),
                "deal_id": d.of(t["deal"], "deal_id", 0.3),
                "lead_id": d.of(t["lead"], "lead_id", 0.7),
                "contact_id": d.of(t["contact"], "contact_id", 0.7),
                "case_id": d.maybe(f"s{r.randrange(12)}", 0.8),
                "created_at": made,
                "due_at": d.maybe(d.after(made), 0.4),
                "done_at": d.maybe(d.before(made) if r.random() < 0.1 else d.after(made), 0.2),
                "status": (None, "done", "cancelled", "Open", None, "Canceled", "open")[i % 7],
                "outcome": d.maybe(r.choice(("connected", "busy"))),
            }
        )
    t["quote"] = []
    for i in d.many(15):
        made = d.when()
        t["quote"].append(
            {
                "quote_id": f"q{i}",
                "number": d.maybe(f"N{r.randrange(5)}", 0.3),
                "deal_id": d.of(t["deal"], "deal_id"),
                "owner_id": d.of(t["user"], "user_id"),
                "status": d.maybe(r.choice(("draft", "sent", "Draft"))),
                "amount": d.money(),
                "currency": d.currency(),
                "created_at": made,
                "presented_at": d.maybe(d.after(made, 20), 0.2),
            }
        )
    t["contract"] = []
    for i in d.many(8):
        starts = date(2022, 1, 1) + timedelta(r.randrange(365))
        ends = d.when().date() if r.random() < 0.8 else None
        follows = r.random() < 0.6
        t["contract"].append(
            {
                "contract_id": f"t{i}",
                "account_id": d.of(t["account"], "account_id"),
                "starts_at": starts,
                "ends_at": ends,
                "value": d.money(),
                "currency": d.currency(),
                # Of each, so that each seed draws what it drew: every fifth names itself.
                "renewed_by_contract_id": f"t{i}" if i % 5 == 4 else f"t{i}b" if follows else None,
                "is_deleted": d.flag(0.05),
            }
        )
        if follows and ends:
            t["contract"].append(
                {
                    "contract_id": f"t{i}b",
                    "account_id": t["contract"][-1]["account_id"],
                    "starts_at": ends + timedelta(r.choice((-5, 0, 1, 30, 31, 60))),
                    "ends_at": date(2029, 1, 1),
                    "value": d.money(),
                    "currency": d.currency(),
                    "renewed_by_contract_id": None,
                    "is_deleted": d.flag(0.05),
                }
            )


def _deal(d: _Draw, t: dict[str, list[Row]], key: str) -> None:
    """A deal: it walks through stages, may be closed, reopened, closed again; some have no history."""
    r = d.r
    at = created = d.when()
    walk: list[tuple[str, datetime]] = [("A", at)]
    for _ in range(r.randrange(5)):
        # Two changes of one second, and rows in which something else than the stage changed, too.
        at = at if r.random() < 0.08 else d.after(at, 45)
        walk.append((r.choice("AABBCC"), at))
    if r.random() < 0.65:
        at = d.after(at, 45)
        walk.append((r.choice("WWL"), at))
        if r.random() < 0.2:  # reopened
            at = d.after(at, 30)
            walk.append((r.choice("BC"), at))
            if r.random() < 0.5:
                at = d.after(at, 30)
                walk.append((r.choice("WL"), at))
    stage, entered = walk[-1]
    status = {"W": "won", "L": "lost"}.get(stage, "open")
    late = r.random()
    if status != "open" and late < 0.05:  # entered late: closed before it was created
        created = d.after(entered, 20)
    elif late < 0.1:  # or after it went through some of its stages
        created = d.after(r.choice(walk)[1], 20)
    closed = entered if status != "open" else None
    if closed is not None and r.random() < 0.1:  # people date closings back, before what the history has of the deal
        closed = d.after(r.choice(walk)[1], 20)
    written = (
        "none"
        if r.random() < (0.5 if created > entered else 0.15)
        else "but the end"
        if status != "open" and r.random() < 0.1
        else "all"
    )
    if written != "none" and not any(one[1] == entered for one in walk[:-1]):
        kept = walk if written == "all" else walk[:-1]
    else:
        kept = walk if written == "all" else []
    t["deal_stage_history"] += [{"deal_id": key, "stage_id": s, "entered_at": e} for s, e in kept]
    if kept and kept == walk and r.random() < 0.2:
        t["deal_stage_history"].append({"deal_id": key, "stage_id": stage, "entered_at": None})
    t["deal"].append(
        {
            "deal_id": key,
            "name": r.choice(("Deal", "Other")),
            "account_id": d.of(t["account"], "account_id"),
            "contact_id": None,
            "lead_id": d.of(t["lead"], "lead_id", 0.5),
            "owner_id": d.of(t["user"], "user_id"),
            "pipeline_id": "p",
            "stage_id": stage,
            "status": status,
            "amount": d.money(),
            "currency": d.currency(),
            "probability": d.maybe(r.choice((0, 0.25, 0.5)), 0.5),
            "deal_type": d.maybe(r.choice(("new_business", "renewal", "upsell"))),
            "source": r.choice(SOURCES),
            "campaign_id": d.of(t["campaign"], "campaign_id", 0.5),
            "created_at": created,
            "expected_close_date": d.maybe(d.after(created).date()),
            "closed_at": closed,
            "loss_reason": d.maybe("price") if status == "lost" else None,
            "is_deleted": d.flag(0.06),
        }
    )
    for _ in range(r.randrange(3)):
        t["deal_product"].append(
            {
                "deal_id": key,
                "product_id": d.of(t["product"], "product_id"),
                "quantity": d.maybe(r.randrange(1, 4)),
                "amount": d.money(),
            }
        )


def _service(d: _Draw, t: dict[str, list[Row]]) -> None:
    """Cases, their promises, calls, costs, the calendar of working days, exchange rates."""
    r = d.r
    t["case_"], t["sla_event"] = [], []
    for i in d.many(15):
        made = d.when()
        first = d.maybe(d.after(made, r.choice((0.4, 1, 20))), 0.2)
        t["case_"].append(
            {
                "case_id": f"s{i}",
                "account_id": d.of(t["account"], "account_id"),
                "owner_id": d.of(t["user"], "user_id"),
                "type": d.maybe(r.choice(("complaint", "Complaint", "question"))),
                "created_at": made,
                "resolved_at": d.after(first, 9) if first and r.random() < 0.3 else first,
                "first_resolved_at": first,
                "merged_into_id": d.maybe("s0", 0.93),
                "is_spam": d.flag(),
                "is_deleted": d.flag(0.05),
            }
        )
        for _ in range(r.randrange(3)):
            t["sla_event"].append(
                {
                    "case_id": f"s{i}",
                    "metric": r.choice(("first_response", "resolution")),
                    "due_at": d.maybe(d.after(made, 5), 0.1),
                    "fulfilled_at": d.maybe(d.after(made, 5), 0.3),
                }
            )
    t["service_call"] = []
    for i in d.many(40):
        queued = d.when()
        t["service_call"].append(
            {
                "call_id": f"y{i}",
                "case_id": d.of(t["case_"], "case_id", 0.5),
                "contact_id": d.of(t["contact"], "contact_id", 0.4),
                "agent_id": d.of(t["user"], "user_id"),
                "direction": r.choice(("inbound", "inbound", "outbound", None)),
                "queued_at": queued,
                "ended_at": d.maybe(d.after(queued, 0.02), 0.2),
                "wait_s": d.maybe(r.randrange(90), 0.2),
                "talk_s": d.maybe(r.randrange(900), 0.15),
                "hold_s": d.maybe(r.randrange(90), 0.4),
                "wrap_s": d.maybe(r.randrange(90), 0.4),
                "outcome": d.maybe(r.choice(("answered", "answered", "abandoned", "voicemail", "outside_hours")), 0.1),
                "is_callback": d.flag(0.5),
            }
        )
    months = [months_on(date(2023, 6, 1), i) for i in range(15)]
    t["service_cost"] = [
        {"month": m, "team": r.choice(TEAMS), "channel": d.maybe("mail"), "amount": d.money(), "currency": d.currency()}
        for m in months
        if r.random() < 0.8
    ]
    t["sales_marketing_cost"] = [
        {"month": m, "team": r.choice(TEAMS), "amount": d.money(), "currency": d.currency()}
        for m in months
        if r.random() < 0.8
    ]
    t["business_calendar"] = []
    for i in range(400):
        day = date(2023, 8, 1) + timedelta(i)
        works = day.weekday() < 5 and r.random() < 0.95
        t["business_calendar"].append(
            {
                "day": day,
                "is_business": True if works else r.choice((False, None)),
                "opens_at": midnight(day) + timedelta(hours=9) if works else None,
                "closes_at": midnight(day) + timedelta(hours=17) if works else None,
            }
        )
    t["fx_rate"] = [
        {
            "day": (FIRST + timedelta(r.randrange(600))).date(),
            "from_currency": "USD",
            "to_currency": "EUR",
            "rate": r.choice((0.5, 0.8, 0.9, 1.25)),
        }
        for _ in d.many(6)
    ]
    t["fx_rate"] = list({row["day"]: row for row in t["fx_rate"]}.values())


def _marketing(d: _Draw, t: dict[str, list[Row]]) -> None:
    """Campaign members, referrals, lists, the web site."""
    r = d.r
    t["campaign_member"] = []
    for _ in d.many(40) if t["campaign"] else ():
        sent = d.when()
        lead = t["lead"] and r.random() < 0.2
        answered = d.maybe(d.after(sent, 20), 0.4)
        t["campaign_member"].append(
            {
                "campaign_id": d.of(t["campaign"], "campaign_id", 0),
                "contact_id": None if lead else d.of(t["contact"], "contact_id", 0),
                "lead_id": d.of(t["lead"], "lead_id", 0) if lead else None,
                "sent_at": d.maybe(sent),
                "responded_at": answered,
                "bounced_at": None if answered else d.maybe(sent, 0.8),
            }
        )
    t["referral"] = [
        {
            "referral_id": f"r{i}",
            "referrer_contact_id": d.of(t["contact"], "contact_id", 0.1),
            "referred_lead_id": d.of(t["lead"], "lead_id", 0.4),
            "referred_contact_id": None,
            "created_at": d.when(),
        }
        for i in d.many(12)
    ]
    for row in t["referral"]:
        if row["referred_lead_id"] is None:
            row["referred_contact_id"] = d.of(t["contact"], "contact_id", 0.3)
    t["list_membership"] = []
    for _ in d.many(30):
        since = d.when()
        t["list_membership"].append(
            {
                "list_id": r.choice(("m1", "m2")),
                "contact_id": d.of(t["contact"], "contact_id", 0),
                "subscribed_at": d.maybe(since, 0.05),
                "unsubscribed_at": d.maybe(d.after(since), 0.5),
                "source": r.choice(SOURCES),
                "campaign_id": d.of(t["campaign"], "campaign_id", 0.6),
            }
        )
    t["web_session"], t["pageview"], t["goal_completion"] = [], [], []
    for i in d.many(25):
        began = d.when()
        quick = any(abs((began - edge).total_seconds()) < 7200 for edge in d.edges)
        ended = began if quick else d.maybe(d.after(began, 0.01))
        t["web_session"].append(
            {
                "session_id": f"w{i}",
                "contact_id": d.of(t["contact"], "contact_id", 0.6),
                "started_at": began,
                "ended_at": ended,
                "engaged_seconds": d.maybe(r.randrange(300)),
                "source": r.choice(SOURCES),
                "is_bot": d.flag(),
            }
        )
        for _ in range(r.randrange(4)):
            t["pageview"].append(
                {
                    "session_id": f"w{i}",
                    "url": r.choice(("/", "/a", "/b")),
                    "viewed_at": d.maybe(d.after(began, 0.01), 0.05),
                    "is_bot": d.flag(),
                }
            )
        if r.random() < 0.4:
            t["goal_completion"].append(
                {
                    "session_id": r.choice((f"w{i}", "w99")),
                    "goal_id": "g",
                    "completed_at": d.maybe(d.after(began, 0.01)),
                }
            )


# What events after an instant leave behind, by entity: the time without which a row is not there,
# and what is not known yet.
_BEGINS = {
    "lead": "created_at",
    "deal": "created_at",
    "case_": "created_at",
    "order_": "ordered_at",
    "deal_stage_history": "entered_at",
    "activity": "created_at",
    "quote": "created_at",
    "referral": "created_at",
    "web_session": "started_at",
    "pageview": "viewed_at",
    "goal_completion": "completed_at",
    "service_call": "queued_at",
}
# What makes a row be there even before that time: records are entered late.
_EVENTS: dict[str, tuple[str, ...]] = {
    "deal": ("closed_at",),
    "activity": ("done_at",),
    "lead": ("converted_at",),
}
_LATER: dict[str, dict[str, tuple[str, ...]]] = {
    "lead": {
        "converted_at": ("converted_at", "is_converted", "converted_account_id"),
        "first_response_at": ("first_response_at",),
    },
    "activity": {"done_at": ("done_at", "status", "outcome")},
    "quote": {"presented_at": ("presented_at",)},
    "campaign_member": {"sent_at": ("sent_at",), "responded_at": ("responded_at",), "bounced_at": ("bounced_at",)},
    "list_membership": {"subscribed_at": ("subscribed_at",), "unsubscribed_at": ("unsubscribed_at",)},
    "case_": {"resolved_at": ("resolved_at",), "first_resolved_at": ("first_resolved_at",)},
    "sla_event": {"fulfilled_at": ("fulfilled_at",)},
    "service_call": {"ended_at": ("ended_at", "talk_s", "hold_s", "wrap_s")},
}


def frozen(crm: Crm, at: datetime) -> Crm:
    """The CRM as it stood at an instant: without what happened at it or later."""
    rows: dict[str, list[Row]] = {}
    history = crm.rows["deal_stage_history"]
    changed = {h["deal_id"] for h in history if h["entered_at"] and h["entered_at"] < at}
    for name, table in crm.rows.items():
        begins = _BEGINS.get(name)
        rows[name] = [
            _as_it_was(name, dict(row), at)
            for row in table
            if not begins
            or row[begins] is None
            or row[begins] < at
            or any((row[event] or at) < at for event in _EVENTS.get(name, ()))
            or (name == "deal" and row["deal_id"] in changed)
        ]
    rows["list_membership"] = [
        m
        for m, was in zip(rows["list_membership"], crm.rows["list_membership"], strict=True)
        if was["subscribed_at"] is None or was["subscribed_at"] < at
    ]
    rows["fx_rate"] = [rate for rate in rows["fx_rate"] if midnight(rate["day"]) < at]
    for deal in rows["deal"]:
        today = dict(deal)
        if deal["closed_at"] is not None and deal["closed_at"] < at:
            continue
        walked = [h for h in rows["deal_stage_history"] if h["deal_id"] == deal["deal_id"] and h["entered_at"]]
        full = [h for h in crm.rows["deal_stage_history"] if h["deal_id"] == deal["deal_id"] and h["entered_at"]]
        if len(walked) == len(full) and deal["closed_at"] is None:
            continue
        if walked:
            last = max(walked, key=lambda h: (h["entered_at"], "ABCWL".index(h["stage_id"])))
            deal["stage_id"], deal["status"] = (
                last["stage_id"],
                {"W": "won", "L": "lost"}.get(last["stage_id"], "open"),
            )
            deal["closed_at"] = last["entered_at"] if deal["status"] != "open" else None
        else:
            deal["stage_id"], deal["status"], deal["closed_at"] = None, "open", None
        if today["closed_at"] is not None:
            deal["loss_reason"] = None
        stages = {h["stage_id"] for h in full if h not in walked} | ({deal["stage_id"]} if walked else set())
        if today["closed_at"] is not None or len(stages) > 1:
            deal["probability"] = None
    return replace(crm, rows=rows)


def _as_it_was(name: str, row: Row, at: datetime) -> Row:
    for event, fields in _LATER.get(name, {}).items():
        if row[event] is not None and row[event] >= at:
            called_off = name == "activity" and row["status"] in ("cancelled", "Canceled")  # at no time to be done
            row.update(dict.fromkeys(field for field in fields if field != "status" or not called_off))
    return row


def written(crm: Crm, folder: Path) -> Path:
    """The project of a CRM: its tables as CSV files, the mapping, the project file."""
    folder.mkdir(parents=True, exist_ok=True)
    gone = OF_DEALS if crm.orders else OF_ORDERS
    entities: dict[str, Any] = {}
    for name, columns in COLUMNS.items():
        if name in gone:
            continue
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(columns)
            for row in crm.rows[name]:
                out.writerow([_text(row[column]) for column in columns])
        entities[name] = {
            "table": f"t_{name}",
            "fields": {column: _field(column, kind) for column, kind in columns.items()},
        }
        if name in WITH_KEY:
            entities[name]["key"] = next(iter(columns))
    (folder / "mapping.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    project = {
        "version": 1,
        "source": {"files": {f"t_{name}": f"{name}.csv" for name in entities}},
        "mapping": "mapping.yaml",
        "timezone": "Europe/Rome",
        "source_timezone": "UTC",
        "currency": "EUR",
    }
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    return folder


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value)


_CASTS = {
    "time": "timestamp",
    "date": "date",
    "number": "double",
    "integer": "integer",
    "boolean": "boolean",
}


def _field(column: str, kind: str) -> Any:
    """The column with its type, since a column that is empty in every row has none."""
    if kind not in _CASTS:
        return f'cast("{column}" as varchar)'
    found = {"sql": f'cast("{column}" as {_CASTS[kind]})'}
    return {**found, "type": kind} if kind in ("time", "date") else found["sql"]
