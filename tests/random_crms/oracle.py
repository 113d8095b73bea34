"""What reports on a CRM must say: every metric from its rows alone, in plain Python.

Written from the catalogue's texts in the simplest way that could be right: dicts and loops, no SQL,
nothing of reportspec. A metric is made of *facts*: what it counts, adds up or takes the mean of, each
with the person, account, campaign or stage that it belongs to and its own row. A breakdown is the
facts of each group, a filter is some of the facts; nothing is ever counted from groups.

Conventions: a period is [start, end) in Europe/Rome, and a figure is taken as of an instant T: the
report's date, but never later than now. Only what happened strictly before T is known. A null
boolean means no. A ratio of which the divisor is 0, and the mean of nothing, is None; a count or a
sum of nothing is 0.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from statistics import median
from typing import Any

from tests.random_crms.crm import ROME, Crm, Row, bounds, midnight, months_on

Number = float | int | None
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Fact:
    """One thing that a metric counts. `value` is what is added up or told apart."""

    value: Any = 1
    user: str | None = None
    account: str | None = None
    campaign: str | None = None
    stage: str | None = None
    own: Row = field(default_factory=dict)


def local(moment: datetime) -> date:
    """The day in Rome of a naive UTC time."""
    return moment.replace(tzinfo=UTC).astimezone(ROME).date()


def days(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds() / 86_400


# Where records that may be merged are named; rows that say what was with the merged one itself are not among them.
MERGED = {
    "contact": ("contact_id", "referrer_contact_id", "referred_contact_id"),
    "lead": ("lead_id", "referred_lead_id"),
    "case_": ("case_id",),
}
AS_RECORDED = ("sla_event",)


def left_of(rows: dict[str, list[Row]], table: str) -> dict[str, str]:
    """What is left of each merged record, over all mergers; of those that were merged in a circle nothing is."""
    key = MERGED[table][0]
    into = {row[key]: row["merged_into_id"] for row in rows[table]}
    found = {}
    for one, other in into.items():
        seen = {one}
        while other is not None and other not in seen and into.get(other) is not None:
            seen.add(other)
            other = into[other]
        if other is not None and other not in seen and other in into:
            found[one] = other
    return found


def rows_of_survivors(rows: dict[str, list[Row]], table: str) -> list[Row]:
    """A table's rows, in which what names a merged record names the one that is left of it."""
    kept = [dict(row) for row in rows[table]]
    for merged, names in MERGED.items() if table not in AS_RECORDED else ():
        left = left_of(rows, merged)
        for row in kept:
            for name in names:
                if row.get(name) in left and not (table == merged and name == names[0]):
                    row[name] = left[row[name]]
    return kept


@dataclass(frozen=True)
class State:
    """A deal at an instant; `stage` is None where nobody knows. `last`: it has been so ever since."""

    deal: Row
    status: str
    closed_at: datetime | None
    stage: str | None
    last: bool


@dataclass(frozen=True)
class Visit:
    """A stay in a stage; `left` and `following` are None for the last one."""

    deal: Row
    stage: str
    entered: datetime
    left: datetime | None
    following: str | None


@dataclass(frozen=True)
class Purchase:
    """What an account (or a contact, of orders) bought. `number` is its place among theirs."""

    id: str
    customer: str
    account: str | None
    user: str | None
    campaign: str | None
    worth: float | None
    at: datetime
    number: int
    first: datetime
    before: datetime | None
    contact: str | None


class World:
    """A CRM as known at T; `now` is how far its data go, where that is before all that they tell."""

    def __init__(self, crm: Crm, at: datetime, now: datetime | None = None) -> None:
        self.crm, self.at, self.now = crm, at, now
        self.rows = {table: rows_of_survivors(crm.rows, table) for table in crm.rows}
        self.users = {u["user_id"]: u for u in self.rows["user"]}
        self.accounts = {a["account_id"]: a for a in self.rows["account"]}
        self.contacts = {c["contact_id"]: c for c in self.rows["contact"] if c["merged_into_id"] is None}
        self.campaigns = {c["campaign_id"]: c for c in self.rows["campaign"]}
        self.stages = {s["stage_id"]: s for s in self.rows["stage"]}
        self.products = {p["product_id"]: p for p in self.rows["product"]}

    def known(self, moment: datetime | None) -> bool:
        return moment is not None and moment < self.at

    # What a fact belongs to

    def user_of_account(self, account: str | None) -> str | None:
        return self.accounts.get(account or "", {}).get("owner_id")

    def of_contact(self, contact: str | None) -> dict[str, Any]:
        row = self.contacts.get(contact or "", {})
        return {"user": row.get("owner_id"), "account": row.get("account_id")}

    # Money

    def euros(self, amount: Number, currency: str, day: date) -> float | None:
        """An amount at the rate of a day; None where there is no rate."""
        if amount is None:
            return None
        code = currency.strip().upper()
        if code == "EUR":
            return float(amount)
        rates = [r for r in self.rows["fx_rate"] if r["from_currency"] == code and r["day"] <= day]
        return float(amount) * max(rates, key=lambda r: r["day"])["rate"] if rates else None

    # Leads

    @cached_property
    def leads(self) -> dict[str, Row]:
        """Those that are there at T: neither deleted nor merged into another."""
        return {
            lead["lead_id"]: lead
            for lead in self.rows["lead"]
            if not lead["is_deleted"] and lead["merged_into_id"] is None and self.known(lead["created_at"])
        }

    def junk(self, lead: Row) -> bool:
        return lead["status"] == "junk" if lead["is_junk"] is None else lead["is_junk"]

    def converted(self, lead: Row) -> bool:
        return self.known(lead["converted_at"])

    def lead_fact(self, lead: Row, value: Any = 1) -> Fact:
        account = lead["converted_account_id"] if self.converted(lead) else None
        return Fact(value, user=lead["owner_id"], account=account, campaign=lead["campaign_id"], own=lead)

    # Deals

    @cached_property
    def visits(self) -> dict[str, list[Visit]]:
        """The stays of each deal in stages; neighbouring rows of one stage are one stay. Of two
        changes in one second the deal's own stage is the last one, else the later stage."""
        changes: dict[str, list[Row]] = defaultdict(list)
        for change in self.rows["deal_stage_history"]:
            if change["entered_at"] is not None:
                changes[change["deal_id"]].append(change)
        found = {}
        for deal in self.rows["deal"]:
            mine = changes[deal["deal_id"]]
            latest = max((c["entered_at"] for c in mine), default=None)
            ordered = sorted(
                mine,
                key=lambda c: (
                    c["entered_at"],
                    c["entered_at"] == latest and c["stage_id"] == deal["stage_id"],
                    self.stages[c["stage_id"]]["position"],
                ),
            )
            starts = [
                c
                for b, c in zip([None, *ordered], ordered, strict=False)
                if b is None or b["stage_id"] != c["stage_id"]
            ]
            found[deal["deal_id"]] = [
                Visit(
                    deal, s["stage_id"], s["entered_at"], n["entered_at"] if n else None, n["stage_id"] if n else None
                )
                for s, n in zip(starts, [*starts, None][1:], strict=True)
            ]
        return found

    def outcome(self, stage: str) -> str:
        row = self.stages[stage]
        return "won" if row["is_won"] else "lost" if row["is_lost"] else "open"

    @cached_property
    def deals(self) -> dict[str, State]:
        """Those that are there at T, as they were then: from their creation, first change or closing,
        whichever came first. The record has the last word on its own closing; the states before it
        are the history's; without a history a deal was open."""
        found = {}
        for deal in self.rows["deal"]:
            ended = deal["status"] != "open" and self.known(deal["closed_at"])
            passed = [v for v in self.visits[deal["deal_id"]] if v.entered < self.at]
            if deal["is_deleted"] or not (self.known(deal["created_at"]) or ended or passed):
                continue
            if passed and passed[-1].left is None and deal["closed_at"] and not ended:
                if self.outcome(passed[-1].stage) != "open":
                    passed.pop()  # closed at another time than the history says
            if ended:
                state = State(deal, deal["status"], deal["closed_at"], deal["stage_id"], True)
            elif not passed:
                stage = deal["stage_id"] if deal["status"] == "open" else None
                state = State(deal, "open", None, stage, len(self.visits[deal["deal_id"]]) < 2)
            else:
                status, last = self.outcome(passed[-1].stage), passed[-1].left is None
                closed_at = None if status == "open" else passed[-1].entered
                state = State(deal, status, closed_at, passed[-1].stage, last)
            found[deal["deal_id"]] = state
        return found

    def deal_fact(self, state: State, value: Any = 1) -> Fact:
        deal = state.deal
        return Fact(
            value,
            user=deal["owner_id"],
            account=deal["account_id"],
            campaign=deal["campaign_id"],
            stage=state.stage,
            own=deal,
        )

    def visit_fact(self, visit: Visit, value: Any = 1) -> Fact:
        deal = visit.deal
        return Fact(value, user=deal["owner_id"], account=deal["account_id"], stage=visit.stage, own=deal)

    @cached_property
    def first_closings(self) -> list[tuple[datetime, bool, State]]:
        """When each deal was first closed, and whether that was a win: by the history, or where
        that tells no closing by the closing date."""
        found = []
        for key, state in self.deals.items():
            closings = [v for v in self.visits[key] if v.entered < self.at and self.outcome(v.stage) != "open"]
            if closings:
                found.append((closings[0].entered, self.outcome(closings[0].stage) == "won", state))
            elif state.closed_at is not None:
                found.append((state.closed_at, state.status == "won", state))
        return found

    # Purchases

    @cached_property
    def purchases(self) -> list[Purchase]:
        """Won deals of accounts, or paid orders, before T; each customer's in order."""
        raw: list[tuple[datetime, str, str, str | None, str | None, str | None, str | None, float | None]] = []
        if self.crm.orders:
            for o in self.rows["order_"]:
                customer = o["account_id"] or o["contact_id"]
                there = o["account_id"] in self.accounts if o["account_id"] else o["contact_id"] in self.contacts
                if not o["is_deleted"] and o["status"] == "paid" and self.known(o["ordered_at"]) and there:
                    worth = self.euros(o["amount"], o["currency"], local(o["ordered_at"]))
                    owner = self.user_of_account(o["account_id"])
                    raw.append(
                        (
                            o["ordered_at"],
                            o["order_id"],
                            customer,
                            o["account_id"],
                            o["contact_id"],
                            owner,
                            o["campaign_id"],
                            worth,
                        )
                    )
        else:
            for state in self.deals.values():
                deal = state.deal
                if state.status == "won" and state.closed_at and deal["account_id"] in self.accounts:
                    worth = self.euros(deal["amount"], deal["currency"], local(state.closed_at))
                    raw.append(
                        (
                            state.closed_at,
                            deal["deal_id"],
                            deal["account_id"],
                            deal["account_id"],
                            None,
                            deal["owner_id"],
                            deal["campaign_id"],
                            worth,
                        )
                    )
        found: list[Purchase] = []
        earlier: dict[str, list[datetime]] = defaultdict(list)
        for at, key, customer, account, contact, user, campaign, worth in sorted(raw, key=lambda one: one[:2]):
            past = earlier[customer]
            found.append(
                Purchase(
                    key,
                    customer,
                    account,
                    user,
                    campaign,
                    worth,
                    at,
                    len(past) + 1,
                    past[0] if past else at,
                    past[-1] if past else None,
                    contact,
                )
            )
            past.append(at)
        return found

    def purchase_fact(self, p: Purchase, value: Any = 1, campaign: str | None = None) -> Fact:
        return Fact(value, user=p.user, account=p.account, campaign=campaign or p.campaign, own={})

    @cached_property
    def customers(self) -> dict[str, list[Purchase]]:
        found: dict[str, list[Purchase]] = defaultdict(list)
        for p in self.purchases:
            found[p.customer].append(p)
        return found

    def customer_fact(self, bought: list[Purchase], value: Any = 1) -> Fact:
        account = bought[0].account
        return Fact(value, user=self.user_of_account(account), account=account)

    @cached_property
    def lines(self) -> list[tuple[Purchase, Row, Row]]:
        """Purchase, line, product (empty where it is unknown)."""
        by_id = {p.id: p for p in self.purchases}
        table, key = ("order_line", "order_id") if self.crm.orders else ("deal_product", "deal_id")
        return [
            (by_id[line[key]], line, self.products.get(line["product_id"], {}))
            for line in self.rows[table]
            if line[key] in by_id
        ]

    def line_worth(self, p: Purchase, line: Row) -> float | None:
        table, key = ("order_", "order_id") if self.crm.orders else ("deal", "deal_id")
        currency = next(row["currency"] for row in self.rows[table] if row[key] == p.id)
        return self.euros(line["amount"], currency, local(p.at))

    @cached_property
    def families(self) -> dict[tuple[str, str], list[tuple[Purchase, int | None]]]:
        """By customer and product family: the purchases with something of it, and its highest tier."""
        tiers: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for p, _, product in self.lines:
            if product.get("family") is not None:
                known = tiers[p.customer, product["family"]][p.id]
                known += [] if product["tier"] is None else [product["tier"]]
        by_id = {p.id: p for p in self.purchases}
        return {
            key: sorted(((by_id[i], max(t, default=None)) for i, t in each.items()), key=lambda s: (s[0].at, s[0].id))
            for key, each in tiers.items()
        }

    @cached_property
    def touches(self) -> list[tuple[str, datetime, str]]:
        """Answers of contacts to campaigns that are no drafts: the account of the contact, else the contact; when, campaign."""
        return [
            (self.answering(m["contact_id"]), m["responded_at"], m["campaign_id"])
            for m in self.rows["campaign_member"]
            if m["responded_at"] is not None and m["contact_id"] is not None and not self.drafted(m["campaign_id"])
        ]

    def answering(self, contact: str | None) -> tuple[str, str] | None:
        """Whose an answer of a contact is: its account's, else its own."""
        account = self.of_contact(contact)["account"]
        return ("account", account) if account is not None else ("contact", contact) if contact is not None else None

    def drafted(self, campaign: str | None) -> bool:
        """Whether a campaign is a draft: it was not launched, and brought nothing."""
        return campaign in self.campaigns and self.campaigns[campaign]["status"] == "draft"

    # Service

    @cached_property
    def cases(self) -> dict[str, Row]:
        return {
            c["case_id"]: c
            for c in self.rows["case_"]
            if c["merged_into_id"] is None and not c["is_spam"] and not c["is_deleted"] and self.known(c["created_at"])
        }

    def case_fact(self, case: Row, value: Any = 1) -> Fact:
        return Fact(value, user=case["owner_id"], account=case["account_id"], own=case)

    def call_fact(self, call: Row, value: Any = 1) -> Fact:
        return Fact(
            value,
            user=call["agent_id"],
            account=self.of_contact(call["contact_id"])["account"],
            own=call,
        )

    @cached_property
    def sessions(self) -> dict[str, Row]:
        return {s["session_id"]: s for s in self.rows["web_session"] if not s["is_bot"]}


Facts = Callable[["Period"], Iterable[Fact]]


class Period:
    """A period [start, end) over a world, or a step of one."""

    def __init__(self, w: World, first: date, after: date) -> None:
        self.w, self.first, self.after = w, first, after
        self.start, self.end = midnight(first), midnight(after)
        # The day after the last day of the period that has begun.
        self.begun = max(first, min(after, local(w.at - SECOND) + timedelta(1)))
        self._found: dict[Any, list[Fact]] = {}

    def facts(self, of: Facts) -> list[Fact]:
        """The facts of a metric over the period, found once."""
        if of not in self._found:
            self._found[of] = list(of(self))
        return self._found[of]

    def inside(self, moment: datetime | None) -> bool:
        """Whether something happened in the period, as far as is known."""
        return moment is not None and self.start <= moment < self.end and moment < self.w.at

    @property
    def begun_days(self) -> int:
        return (self.begun - self.first).days


# Leads


def leads(p: Period) -> Iterable[Row]:
    return (x for x in p.w.leads.values() if p.inside(x["created_at"]) and not p.w.junk(x))


def person(lead: Row) -> str:
    return (lead["email"] or "").strip().lower() or lead["lead_id"]


# Deals


def closed(p: Period, *statuses: str) -> Iterable[State]:
    return (s for s in p.w.deals.values() if s.status in statuses and p.inside(s.closed_at))


def worth(p: Period, s: State) -> float | None:
    assert s.closed_at is not None
    return p.w.euros(s.deal["amount"], s.deal["currency"], local(s.closed_at))


def created(p: Period, *statuses: str) -> Iterable[State]:
    return (s for s in p.w.deals.values() if s.status in statuses and p.inside(s.deal["created_at"]))


def still_open(p: Period) -> Iterable[State]:
    return (s for s in p.w.deals.values() if s.status == "open")


def open_worth(p: Period, s: State) -> float | None:
    return p.w.euros(s.deal["amount"], s.deal["currency"], local(p.w.at - SECOND))


def chance(p: Period, s: State) -> float | None:
    """The deal's own, else its stage's. What it became with its closing was not known before, and what it is in
    the stage where it is now says nothing of an earlier one."""
    closed_since = s.deal["closed_at"] is not None and s.status == "open"
    own = None if closed_since or not s.last else s.deal["probability"]
    stage = p.w.stages.get(s.stage or "", {})
    return own if own is not None else stage.get("probability")


def weighted(p: Period, s: State) -> float | None:
    amount, part = open_worth(p, s), chance(p, s)
    return None if amount is None or part is None else amount * part


def expected(p: Period) -> Iterable[State]:
    """Open deals that are expected to close in the period, also in what is left of it."""
    for s in still_open(p):
        day = s.deal["expected_close_date"]
        if day is not None and p.first <= day < p.after:
            yield s


def unplanned(p: Period) -> Iterable[Fact]:
    """Deals that have closed since and have no date which was expected: it may have gone with the closing. What closes
    later than the data go has not closed."""
    if p.w.now is not None and p.w.at >= p.w.now:
        return
    for s in still_open(p):
        if s.deal["closed_at"] is not None and s.deal["expected_close_date"] is None:
            yield p.w.deal_fact(s)


def left(p: Period) -> Iterable[tuple[Visit, float]]:
    """Stays in open stages that ended in the period, with their days."""
    for key in p.w.deals:
        for visit in p.w.visits[key]:
            if visit.left and p.inside(visit.left) and p.w.outcome(visit.stage) == "open":
                yield visit, days(visit.entered, visit.left)


def moved(p: Period, forward: bool) -> Iterable[Visit]:
    for visit, _ in left(p):
        after = p.w.outcome(visit.following or "")
        there, here = (p.w.stages[s or ""]["position"] for s in (visit.following, visit.stage))
        if after != "lost" and ((after == "won" or there > here) if forward else (after == "open" and there < here)):
            yield visit


def cycles(p: Period, status: str, of_lead: bool = False) -> Iterable[Fact]:
    for s in closed(p, status):
        begun = s.deal["created_at"]
        if of_lead:
            lead = p.w.leads.get(s.deal["lead_id"])
            begun = lead["created_at"] if lead else None
        if begun and s.closed_at and s.closed_at >= begun:
            yield p.w.deal_fact(s, days(begun, s.closed_at))


def cancelled(a: Row) -> bool:
    """A cancelled activity was not done, whatever time of it there is."""
    return (a["status"] or "").lower() in ("cancelled", "canceled", "deleted")


def outbound_calls(p: Period) -> Iterable[Row]:
    """Those that were not cancelled."""
    calls = (a for a in p.w.rows["activity"] if a["type"] == "call" and a["direction"] == "outbound")
    return (a for a in calls if not cancelled(a))


def calls_up_to_closing(p: Period) -> Iterable[Fact]:
    for s in closed(p, "won", "lost"):
        for a in outbound_calls(p):
            if a["deal_id"] == s.deal["deal_id"] and a["done_at"] and s.closed_at and a["done_at"] <= s.closed_at:
                yield p.w.deal_fact(s)


def activities(p: Period, due: Callable[[datetime], bool]) -> Iterable[Row]:
    """Those that are to be done at T, with a due time."""
    for a in p.w.rows["activity"]:
        there = p.w.known(a["created_at"]) and not p.w.known(a["done_at"])
        # One with a time at which it was done had no status of it before; of others it is today's. What was called off
        # is to be done at no time, whatever time it has.
        over = cancelled(a) or (a["done_at"] is None and (a["status"] or "").lower() in ("done", "closed"))
        if there and not over and a["due_at"] is not None and due(a["due_at"]):
            yield a


def planned(p: Period) -> Iterable[Row]:
    return activities(p, lambda due: due >= p.w.at)


def tasks(p: Period, found: Iterable[Row]) -> Iterable[Fact]:
    return (activity_fact(p, a) for a in found if a["type"] in ("call", "meeting", "email", "task"))


def idle_since(p: Period, s: State) -> datetime:
    """When something was last done on a deal since its creation, else its creation."""
    mine = (a for a in p.w.rows["activity"] if a["deal_id"] == s.deal["deal_id"])
    done = [a["done_at"] for a in mine if p.w.known(a["done_at"]) and not cancelled(a)]
    return max([*done, s.deal["created_at"]])


def patience(p: Period, s: State) -> float:
    """Days after which a deal in this stage is stalled."""
    days = p.w.stages.get(s.stage or "", {}).get("rotting_days")
    return 30 if days is None else days


def activity_fact(p: Period, a: Row, value: Any = 1) -> Fact:
    s = p.w.deals.get(a["deal_id"])
    return Fact(value, user=a["owner_id"], account=s.deal["account_id"] if s else None, own=a)


def sales_calls(p: Period, connected: bool = False) -> Iterable[Fact]:
    for a in outbound_calls(p):
        about = a["deal_id"] or a["lead_id"] or a["contact_id"]
        if p.inside(a["done_at"]) and about and a["case_id"] is None and (a["outcome"] == "connected" or not connected):
            yield activity_fact(p, a)


def quotes(p: Period, of_version: bool = False) -> Iterable[Fact]:
    for q in p.w.rows["quote"]:
        if p.inside(q["presented_at"]) and q["status"] != "draft":
            s = p.w.deals.get(q["deal_id"])
            value = q["quote_id"] if of_version or q["number"] is None else q["number"]
            yield Fact(value, user=q["owner_id"], account=s.deal["account_id"] if s else None, own=q)


# Contracts


def contracts(p: Period, which: str, grace: int, by_value: bool = False) -> Iterable[Fact]:
    """Contracts that ended in the period: `due` (decided), `renewed`, `pending`. A successor counts as
    soon as it is named, even before it begins."""
    live = {c["contract_id"]: c for c in p.w.rows["contract"] if not c["is_deleted"]}
    for c in live.values():
        if c["ends_at"] is None or not p.inside(midnight(c["ends_at"])) or not p.w.known(midnight(c["starts_at"])):
            continue
        after = live.get(c["renewed_by_contract_id"])
        renewed = after is not None and (after["starts_at"] - c["ends_at"]).days <= grace
        renewed = renewed and (c["starts_at"] is None or after["starts_at"] > c["starts_at"])
        over = days_of(c["ends_at"], p.w.at) >= grace + 1  # the last day is over
        if (
            which == {True: "renewed"}.get(renewed)
            or (which == "due" and (renewed or over))
            or (which == "pending" and not renewed and not over)
        ):
            value: Any = 1
            if by_value:
                of = after if which == "renewed" and after else c
                value = p.w.euros(of["value"], of["currency"], c["ends_at"])
            yield Fact(value, user=p.w.user_of_account(c["account_id"]), account=c["account_id"], own=c)


def days_of(day: date, moment: datetime) -> float:
    """Days from the beginning of a day to an instant, by the clock."""
    at = moment.replace(tzinfo=UTC).astimezone(ROME).replace(tzinfo=None)
    return (at - datetime(day.year, day.month, day.day)).total_seconds() / 86_400


# Campaigns


def counts(campaign: Row) -> bool:
    return campaign["status"] not in ("draft", "cancelled")


def launch(campaign: Row) -> datetime | None:
    return campaign["sent_at"] or campaign["started_at"]


def campaign_fact(c: Row, value: Any = 1) -> Fact:
    return Fact(value, campaign=c["campaign_id"], own=c)


def launched(p: Period) -> dict[str, Row]:
    return {k: c for k, c in p.w.campaigns.items() if counts(c) and p.inside(launch(c))}


def running(p: Period) -> Iterable[Row]:
    for c in p.w.campaigns.values():
        at = launch(c)
        if counts(c) and at and at < p.end and p.w.known(at) and (c["ended_at"] is None or c["ended_at"] >= p.start):
            yield c


def member_fact(p: Period, m: Row) -> Fact:
    who = m["contact_id"] or m["lead_id"]
    return Fact((m["campaign_id"], who), campaign=m["campaign_id"], own=m, **p.w.of_contact(m["contact_id"]))


def answers(p: Period, in_period: bool = False) -> Iterable[Fact]:
    for m in p.w.rows["campaign_member"]:
        c = p.w.campaigns[m["campaign_id"]]
        if (
            (p.inside(m["responded_at"]) and counts(c))
            if in_period
            else (p.w.known(m["responded_at"]) and m["campaign_id"] in launched(p))
        ):
            yield member_fact(p, m)


def delivered(p: Period) -> Iterable[Fact]:
    for m in p.w.rows["campaign_member"]:
        if m["campaign_id"] in launched(p) and p.w.known(m["sent_at"]) and not p.w.known(m["bounced_at"]):
            yield member_fact(p, m)


def touched(p: Period, window: float = 30) -> Iterable[tuple[Purchase, list[tuple[datetime, str]]]]:
    """Purchases of the period with the answers of their account in the days before, if any."""
    for bought in p.w.purchases:
        if p.inside(bought.at):
            buying = ("account", bought.account) if bought.account else p.w.answering(bought.contact)
            found = sorted(
                (at, campaign)
                for answering, at, campaign in p.w.touches
                if answering == buying and at <= bought.at and days(at, bought.at) <= window
            )
            if found:
                yield bought, found


def ascribed(
    p: Period,
    place: int = -1,
    value: Callable[[Purchase], Any] = lambda b: 1,
    first_only: bool = False,
    window: float = 30,
) -> Iterable[Fact]:
    for bought, found in touched(p, window):
        if not first_only or bought.number == 1:
            yield p.w.purchase_fact(bought, value(bought), found[place][1])


def shared(p: Period, of_worth: bool = False) -> Iterable[Fact]:
    for bought, found in touched(p):
        for _, campaign in found:
            value = (None if bought.worth is None else bought.worth / len(found)) if of_worth else 1 / len(found)
            yield p.w.purchase_fact(bought, value, campaign)


def primary(p: Period, value: Callable[[Purchase], Any], first_only: bool = False) -> Iterable[Fact]:
    for b in bought_in(p):
        if b.campaign is not None and not p.w.drafted(b.campaign) and (not first_only or b.number == 1):
            yield p.w.purchase_fact(b, value(b))


def referrals(p: Period, only_converted: bool = False) -> Iterable[Fact]:
    """People whom customers recommended: each once, when a customer first did."""
    seen: set[str] = set()
    for r in sorted(p.w.rows["referral"], key=lambda r: (r["created_at"], r["referral_id"])):
        who = r["referred_lead_id"] or r["referred_contact_id"]
        role = p.w.of_contact(r["referrer_contact_id"])
        bought = p.w.customers.get(role["account"] or "")
        himself = r["referred_contact_id"] is not None and r["referred_contact_id"] == r["referrer_contact_id"]
        if (
            who is None
            or who in seen
            or himself
            or not bought
            or bought[0].at >= r["created_at"]
            or not p.w.known(r["created_at"])
        ):
            continue
        seen.add(who)
        lead = p.w.leads.get(r["referred_lead_id"])
        if p.inside(r["created_at"]) and (not only_converted or (lead and p.w.converted(lead))):
            yield Fact(1, own=r, **role)


# The web site and mailing lists


def visits(p: Period) -> Iterable[Row]:
    return (s for s in p.w.sessions.values() if p.inside(s["started_at"]))


def session_fact(p: Period, s: Row, value: Any = 1) -> Fact:
    return Fact(value, own=s, **p.w.of_contact(s["contact_id"]))


def stays(p: Period, longer_than_a_page: bool = False) -> Iterable[Fact]:
    """Seconds of visits. One of which a single page is known has no duration, whether or not it has an end. Where no
    page is known, one without a duration is taken for a visit of a single page."""
    views = [v for v in p.w.rows["pageview"] if not v["is_bot"] and p.w.known(v["viewed_at"])]
    pages = Counter(v["session_id"] for v in views)
    for s in visits(p):
        seen = pages[s["session_id"]]
        if seen == 1:
            if not longer_than_a_page:
                yield session_fact(p, s, 0.0)
        elif s["ended_at"] is not None and s["ended_at"] >= s["started_at"]:
            length = (s["ended_at"] - s["started_at"]).total_seconds()
            if seen or length or not longer_than_a_page:
                yield session_fact(p, s, length)


def with_goal(p: Period) -> Iterable[Fact]:
    done = {g["session_id"] for g in p.w.rows["goal_completion"] if p.w.known(g["completed_at"])}
    return (session_fact(p, s, s["session_id"]) for s in visits(p) if s["session_id"] in done)


def views(p: Period) -> Iterable[Fact]:
    for v in p.w.rows["pageview"]:
        if not v["is_bot"] and p.inside(v["viewed_at"]):
            yield Fact((v["session_id"], v["url"]), own=v)


def member_of_list(p: Period, m: Row) -> Fact:
    return Fact(m["contact_id"], campaign=m["campaign_id"], own=m, **p.w.of_contact(m["contact_id"]))


def joined(p: Period) -> Iterable[Fact]:
    return (member_of_list(p, m) for m in p.w.rows["list_membership"] if p.inside(m["subscribed_at"]))


def gone(p: Period) -> Iterable[Fact]:
    return (member_of_list(p, m) for m in p.w.rows["list_membership"] if p.inside(m["unsubscribed_at"]))


def on_list(p: Period, at: datetime) -> Iterable[Fact]:
    for m in p.w.rows["list_membership"]:
        since, until = m["subscribed_at"], m["unsubscribed_at"]
        if since and since < at and (until is None or until >= at):
            yield member_of_list(p, m)


# Customers


def bought_in(p: Period) -> Iterable[Purchase]:
    return (b for b in p.w.purchases if p.inside(b.at))


def customers(p: Period, which: Callable[[list[Purchase]], bool] = lambda bought: True) -> Iterable[Fact]:
    return (p.w.customer_fact(b) for b in p.w.customers.values() if which(b))


def since(p: Period, moment: datetime) -> float:
    return days(moment, p.w.at)


def at_risk(p: Period, bought: list[Purchase]) -> bool:
    gap = days(bought[0].at, bought[-1].at) / max(1, len(bought) - 1)
    return len(bought) > 2 and gap > 0 and since(p, bought[-1].at) > 2 * gap


def revenue(p: Period) -> Iterable[Fact]:
    for bought in p.w.customers.values():
        yield p.w.customer_fact(bought, sum(b.worth for b in bought if b.worth is not None))


def margin(p: Period, b: Purchase, line: Row, product: Row) -> Any:
    """What a line brought less what it cost, where both are known."""
    amount, cost = p.w.line_worth(b, line), product.get("unit_cost")
    known = amount is not None and cost is not None and line["quantity"] is not None
    return amount - line["quantity"] * cost if known else None


def margins(p: Period, of_whom: bool = False) -> Iterable[Fact]:
    for b, line, product in p.w.lines:
        value = margin(p, b, line, product)
        yield p.w.purchase_fact(b, b.customer if of_whom and value is not None else None if of_whom else value)


def product_margins(p: Period, of_revenue: bool = False) -> Iterable[Fact]:
    for b, line, product in p.w.lines:
        costed = product.get("unit_cost") is not None and line["quantity"] is not None
        if not p.inside(b.at) or (of_revenue and not costed):
            continue
        value = p.w.line_worth(b, line) if of_revenue else margin(p, b, line, product)
        fact = p.w.purchase_fact(b, value)
        yield Fact(fact.value, fact.user, fact.account, own={"family": product.get("family")})


def product_lines(p: Period, of_cost: bool = False) -> Iterable[Fact]:
    for b, line, product in p.w.lines:
        if p.inside(b.at):
            cost = product.get("unit_cost")
            costs = None if cost is None or line["quantity"] is None else line["quantity"] * cost
            fact = p.w.purchase_fact(b, costs if of_cost else p.w.line_worth(b, line))
            yield Fact(fact.value, fact.user, fact.account, own={"family": product.get("family")})


def cross_sold(p: Period) -> Iterable[Fact]:
    for (customer, _), steps in p.w.families.items():
        if p.w.customers[customer][0].at < p.start and p.inside(steps[0][0].at):
            yield p.w.customer_fact(p.w.customers[customer], customer)


def up_sold(p: Period) -> Iterable[Fact]:
    for (customer, _), steps in p.w.families.items():
        for place, (b, tier) in enumerate(steps):
            earlier = [t for _, t in steps[:place] if t is not None]
            if (
                p.w.customers[customer][0].at < p.start
                and p.inside(b.at)
                and tier is not None
                and earlier
                and tier > max(earlier)
            ):
                yield p.w.customer_fact(p.w.customers[customer], customer)


def upsells(p: Period) -> Iterable[Fact]:
    for s in closed(p, "won"):
        bought = p.w.customers.get(s.deal["account_id"] or "")
        if s.deal["deal_type"] == "upsell" and bought and bought[0].at < p.start:
            yield p.w.customer_fact(bought, s.deal["account_id"])


# Service


def opened(p: Period) -> Iterable[Row]:
    return (c for c in p.w.cases.values() if p.inside(c["created_at"]))


def resolved(p: Period, event: str = "resolved_at") -> Iterable[Row]:
    return (c for c in p.w.cases.values() if p.inside(c[event]))


def minutes(p: Period, event: str = "resolved_at", kind: str | None = None) -> Iterable[Fact]:
    for c in resolved(p, event):
        if c[event] >= c["created_at"] and (kind is None or (c["type"] or "").lower() == kind):
            yield p.w.case_fact(c, (c[event] - c["created_at"]).total_seconds() / 60)


def business_minutes(p: Period) -> Iterable[Fact]:
    for c in resolved(p):
        within = 0.0
        for day in p.w.rows["business_calendar"]:
            if day["is_business"]:
                since, until = (
                    max(c["created_at"], day["opens_at"]),
                    min(c["resolved_at"], day["closes_at"]),
                )
                within += max(0.0, (until - since).total_seconds() / 60)
        yield p.w.case_fact(c, within)


def service_calls(p: Period, direction: str, outcome: str | None = None, at: str = "queued_at") -> Iterable[Row]:
    for c in p.w.rows["service_call"]:
        if c["direction"] == direction and outcome in (None, c["outcome"]) and p.inside(c[at] or c["queued_at"]):
            yield c


def handled(p: Period, of_time: bool) -> Iterable[Fact]:
    for c in service_calls(p, "inbound", "answered", "ended_at"):
        if c["talk_s"] is not None:
            yield p.w.call_fact(c, c["talk_s"] + (c["hold_s"] or 0) + (c["wrap_s"] or 0) if of_time else 1)


def callbacks(p: Period, outcome: str | None = None) -> Iterable[Row]:
    return (c for c in service_calls(p, "outbound", outcome) if c["is_callback"])


def promises(p: Period, only_met: bool) -> Iterable[Fact]:
    for e in p.w.rows["sla_event"]:
        met = e["fulfilled_at"] is not None and e["due_at"] is not None and e["fulfilled_at"] <= e["due_at"]
        case = p.w.cases.get(e["case_id"])
        if case and p.inside(e["fulfilled_at"] if met else e["due_at"]) and (met or not only_met):
            yield Fact(1, user=case["owner_id"], account=case["account_id"], own=e)


def monthly(p: Period, name: str) -> Iterable[Fact]:
    """Costs by month: of each the part of its days that lies in the period and has begun, at the
    rate of the month's last day, or of the last one that is known."""
    for row in p.w.rows[name]:
        after = months_on(row["month"], 1)
        until = min(after, p.begun)
        part = (until - max(row["month"], p.first)).days
        if part > 0:
            amount = p.w.euros(row["amount"], row["currency"], min(after - timedelta(1), local(p.w.at - SECOND)))
            yield Fact(None if amount is None else amount * part / (after - row["month"]).days, own=row)


# Metrics


@dataclass(frozen=True)
class Metric:
    """How facts become a figure: `count`, `sum`, `distinct`, `mean`, `median`; none where there are `doubts`. What is
    made of `booked` ones has none where there are no facts with a value."""

    facts: Facts
    how: str = "count"
    doubts: Facts | None = None
    booked: bool = False


@dataclass(frozen=True)
class Ratio:
    top: Metric
    bottom: Metric


@dataclass(frozen=True)
class Formula:
    """Any other arithmetic of metrics (None where one of them is None), and the period."""

    parts: tuple[Metric | Ratio, ...]
    of: Callable[..., Number]


AnyMetric = Metric | Ratio | Formula


def reduced(facts: Iterable[Fact], how: str) -> Number:
    found = list(facts)
    values = [f.value for f in found if f.value is not None]
    if how == "count":
        return len(values)
    if how == "distinct":
        return len(set(values))
    if how == "sum":
        # Of amounts none of which is known nobody knows the sum; of nothing it is 0.
        return sum(values) if values or not found else None
    if not values:
        return None
    return median(values) if how == "median" else sum(values) / len(values)


def divided(top: Number, bottom: Number) -> Number:
    return None if top is None or not bottom else top / bottom


Pick = Callable[[World, Fact], bool]


def figure(metric: AnyMetric, p: Period, pick: Pick = lambda w, f: True) -> Number:
    """The metric over the period, of the facts that are picked."""
    if isinstance(metric, Metric):
        if metric.doubts is not None and any(pick(p.w, f) for f in p.facts(metric.doubts)):
            return None
        return reduced((f for f in p.facts(metric.facts) if pick(p.w, f)), metric.how)
    if isinstance(metric, Ratio):
        return divided(part_of(metric.top, p, pick), part_of(metric.bottom, p, pick))
    parts = [part_of(part, p, pick) for part in metric.parts]
    return None if None in parts else metric.of(p, *parts)


def part_of(metric: AnyMetric, p: Period, pick: Pick) -> Number:
    """The same, as others are made of it: costs that nobody booked are not known."""
    if isinstance(metric, Metric) and metric.booked:
        if all(f.value is None for f in p.facts(metric.facts) if pick(p.w, f)):
            return None
    return figure(metric, p, pick)


def groups(metric: AnyMetric, p: Period, by: Callable[[World, Fact], Any]) -> set[Any]:
    """The values of a dimension that the metric's facts have."""
    if isinstance(metric, Metric):
        return {by(p.w, f) for f in p.facts(metric.facts)}
    parts = (metric.top, metric.bottom) if isinstance(metric, Ratio) else metric.parts
    return set().union(*(groups(part, p, by) for part in parts))


def counted(metric: AnyMetric, p: Period, by: Callable[[World, Fact], Any]) -> set[Any]:
    """Those of them in which there is something to count, be it that it comes to 0."""
    if isinstance(metric, Metric):
        return {by(p.w, f) for f in p.facts(metric.facts) if f.value is not None}
    parts = (metric.top, metric.bottom) if isinstance(metric, Ratio) else metric.parts
    return set().union(*(counted(part, p, by) for part in parts))


LEADS = Metric(lambda p: (p.w.lead_fact(x) for x in leads(p)))
CONVERTED = Metric(lambda p: (p.w.lead_fact(x) for x in leads(p) if p.w.converted(x)))
NEW = Metric(lambda p: (p.w.purchase_fact(b, b.customer) for b in bought_in(p) if b.number == 1), "distinct")
RETURNING = Metric(
    lambda p: (p.w.purchase_fact(b, b.customer) for b in bought_in(p) if b.first < p.start),
    "distinct",
)
CLOSED = Metric(lambda p: (p.w.deal_fact(s) for s in closed(p, "won", "lost")))
WON = Metric(lambda p: (p.w.deal_fact(s) for s in closed(p, "won")))
LOST = Metric(lambda p: (p.w.deal_fact(s) for s in closed(p, "lost")))
WON_AMOUNT = Metric(lambda p: (p.w.deal_fact(s, worth(p, s)) for s in closed(p, "won")), "sum")
CLOSED_AMOUNT = Metric(lambda p: (p.w.deal_fact(s, worth(p, s)) for s in closed(p, "won", "lost")), "sum")
FIRST_CLOSED = Metric(lambda p: (p.w.deal_fact(s) for at, _, s in p.w.first_closings if p.inside(at)))
FIRST_WON = Metric(lambda p: (p.w.deal_fact(s) for at, won, s in p.w.first_closings if p.inside(at) and won))
MADE_WON = Metric(lambda p: (p.w.deal_fact(s) for s in created(p, "won")))
MADE_CLOSED = Metric(lambda p: (p.w.deal_fact(s) for s in created(p, "won", "lost")))
OPEN = Metric(lambda p: (p.w.deal_fact(s) for s in still_open(p)))
STAYS = Metric(lambda p: (p.w.visit_fact(v, n) for v, n in left(p) if n >= 0), "mean")
STAY_DAYS = Metric(STAYS.facts, "sum")
STAYED = Metric(
    lambda p: (p.w.visit_fact(v, (v.deal["deal_id"], v.stage)) for v, n in left(p) if n >= 0),
    "distinct",
)
EXITS = Metric(lambda p: (p.w.visit_fact(v) for v, _ in left(p)))
ADVANCES = Metric(lambda p: (p.w.visit_fact(v) for v in moved(p, True)))
DEAL_CALLS = Metric(
    lambda p: (
        p.w.deal_fact(p.w.deals.get(a["deal_id"]) or State(deal, "open", None, None, False))
        for a in outbound_calls(p)
        for deal in p.w.rows["deal"]  # also one that was called about before it was written down
        if deal["deal_id"] == a["deal_id"] and not deal["is_deleted"] and p.inside(a["done_at"])
    )
)
CAMPAIGNS = Metric(lambda p: (campaign_fact(c) for c in launched(p).values()))
CAMPAIGN_COST = Metric(
    lambda p: (
        campaign_fact(c, p.w.euros(c["actual_cost"], c["currency"], local(launch(c) or p.end)))
        for c in p.w.campaigns.values()  # what a cancelled one cost was spent; a draft was not launched
        if p.inside(launch(c))
        and c["status"] != "draft"
        and (counts(c) or p.w.euros(c["actual_cost"], c["currency"], local(launch(c) or p.end)) is not None)
    ),
    "sum",
    booked=True,
)
ANSWERS = Metric(answers, "distinct")
ANSWERS_IN = Metric(lambda p: answers(p, True), "distinct")
DELIVERED = Metric(delivered, "distinct")
CAMPAIGN_REVENUE = Metric(lambda p: ascribed(p, value=lambda b: b.worth), "sum")
GAINED = Metric(lambda p: (f for f in joined(p) if f.campaign is not None and not p.w.drafted(f.campaign)))
SESSIONS = Metric(lambda p: (session_fact(p, s) for s in visits(p)))
CUSTOMERS = Metric(customers)
WORTH_KNOWN = Metric(lambda p: customers(p, lambda bought: any(b.worth is not None for b in bought)))
REVENUE = Metric(revenue, "sum")
BEFORE = Metric(lambda p: customers(p, lambda b: b[0].at < p.start))
ACTIVE = Metric(lambda p: customers(p, lambda b: since(p, b[-1].at) <= 365))
LAPSED = Metric(lambda p: customers(p, lambda b: since(p, b[-1].at) > 365))
OF_A_YEAR = Metric(lambda p: customers(p, lambda b: since(p, b[0].at) > 365))
REPEAT = Metric(lambda p: customers(p, lambda b: len(b) > 1))
RETURNED = Metric(
    lambda p: (p.w.customer_fact(p.w.customers[b.customer], b.customer) for b in bought_in(p) if b.first < p.start),
    "distinct",
)


def of_a_year(p: Period) -> Iterable[Purchase]:
    return (b for b in p.w.purchases if since(p, b.at) <= 365)


YEARLY = Metric(lambda p: (p.w.customer_fact(p.w.customers[b.customer]) for b in of_a_year(p)))
YEARLY_WORTH = Metric(lambda p: (p.w.customer_fact(p.w.customers[b.customer], b.worth) for b in of_a_year(p)), "sum")
CHURN = Ratio(LAPSED, OF_A_YEAR)
CROSS = Metric(cross_sold, "distinct")
UP = Metric(up_sold, "distinct")
JOINED, GONE = Metric(joined), Metric(gone)
AT_START = Metric(lambda p: on_list(p, p.start))
DUE = Metric(lambda p: contracts(p, "due", 30))
RENEWED = Metric(lambda p: contracts(p, "renewed", 30))
OPENED = Metric(lambda p: (p.w.case_fact(c) for c in opened(p)))
RESOLVED = Metric(lambda p: (p.w.case_fact(c) for c in resolved(p)))
SAME_DAY = Metric(
    lambda p: (p.w.case_fact(c) for c in resolved(p) if local(c["resolved_at"]) == local(c["created_at"]))
)
INBOUND = Metric(lambda p: (p.w.call_fact(c) for c in service_calls(p, "inbound")))
ANSWERED = Metric(lambda p: (p.w.call_fact(c) for c in service_calls(p, "inbound", "answered")))
AGENT_DAYS = Metric(
    lambda p: (
        p.w.call_fact(c, (c["agent_id"], local(c["queued_at"])))
        for c in service_calls(p, "inbound", "answered")
        if c["agent_id"]
    ),
    "distinct",
)
CALLBACKS = Metric(lambda p: (p.w.call_fact(c) for c in callbacks(p)))
OF_AGENTS = Metric(lambda p: (p.w.call_fact(c) for c in service_calls(p, "inbound", "answered") if c["agent_id"]))
OF_CASES = Metric(lambda p: (p.w.call_fact(c) for c in callbacks(p) if c["case_id"]))
CALLED_CASES = Metric(lambda p: (p.w.call_fact(c, c["case_id"]) for c in callbacks(p)), "distinct")
SERVICE_COST = Metric(lambda p: monthly(p, "service_cost"), "sum", booked=True)
SALES_COST = Metric(lambda p: monthly(p, "sales_marketing_cost"), "sum", booked=True)
INTERACTIONS = Formula((ANSWERED, OPENED), lambda p, calls, cases: calls + cases)
BUSINESS_DAYS = Metric(
    lambda p: (Fact(own=d) for d in p.w.rows["business_calendar"] if d["is_business"] and p.first <= d["day"] < p.begun)
)
DECIDED = Metric(lambda p: promises(p, False))
MET = Metric(lambda p: promises(p, True))


def abandoned(shortest: int) -> Metric:
    return Metric(
        lambda p: (p.w.call_fact(c) for c in service_calls(p, "inbound", "abandoned") if waited(c) >= shortest)
    )


def waited(call: Row) -> float:
    """Seconds for which somebody waited who was not answered: as the call says, else until it ended."""
    if call["wait_s"] is not None:
        return float(call["wait_s"])
    return (call["ended_at"] - call["queued_at"]).total_seconds() if call["ended_at"] else 0


# The metrics by what else they can be asked by. The keys are those of specs.
METRICS: dict[str, AnyMetric] = {
    # 1 to 12: sales
    "prospects_count": Metric(lambda p: (p.w.lead_fact(x, person(x)) for x in leads(p)), "distinct"),
    "prospects_count.stock": Metric(
        lambda p: (p.w.lead_fact(x, person(x)) for x in p.w.leads.values() if not p.w.junk(x) and not p.w.converted(x)),
        "distinct",
    ),
    "leads_created_count": LEADS,
    "leads_converted_count": CONVERTED,
    "lead_conversion_rate": Ratio(CONVERTED, LEADS),
    "new_customers_count": NEW,
    "new_customers_count.by_revenue": Metric(
        lambda p: (p.w.purchase_fact(b, b.worth) for b in bought_in(p) if b.number == 1), "sum"
    ),
    "returning_customers_count": RETURNING,
    "returning_customers_count.repeat_in_period": Metric(
        lambda p: (
            p.w.purchase_fact(b, b.customer) for b in bought_in(p) if b.before and local(b.before) < local(b.at)
        ),
        "distinct",
    ),
    "closed_deals_count": CLOSED,
    "won_deals_count": WON,
    "lost_deals_count": LOST,
    "won_amount": WON_AMOUNT,
    "close_rate": Ratio(WON, CLOSED),
    "close_rate.by_value": Ratio(WON_AMOUNT, CLOSED_AMOUNT),
    "close_rate.cohort": Ratio(MADE_WON, MADE_CLOSED),
    "closed_deals_count.first_close": FIRST_CLOSED,
    "close_rate.first_close": Ratio(FIRST_WON, FIRST_CLOSED),
    "contracts_due_count": DUE,
    "contracts_pending_count": Metric(lambda p: contracts(p, "pending", 30)),
    "renewal_rate": Ratio(RENEWED, DUE),
    "renewal_rate.by_value": Ratio(
        Metric(lambda p: contracts(p, "renewed", 30, True), "sum"),
        Metric(lambda p: contracts(p, "due", 30, True), "sum"),
    ),
    "renewal_rate(grace_days=5)": Ratio(
        Metric(lambda p: contracts(p, "renewed", 5)), Metric(lambda p: contracts(p, "due", 5))
    ),
    "sales_calls_count": Metric(sales_calls),
    "sales_calls_count.connected": Metric(lambda p: sales_calls(p, True)),
    "sales_calls_per_opportunity": Ratio(Metric(calls_up_to_closing), CLOSED),
    "sales_calls_per_opportunity.open": Ratio(DEAL_CALLS, OPEN),
    "new_revenue_amount": Metric(
        lambda p: (p.w.deal_fact(s, worth(p, s)) for s in closed(p, "won") if s.deal["deal_type"] != "renewal"), "sum"
    ),
    "new_revenue_amount.new_business": Metric(
        lambda p: (p.w.purchase_fact(b, b.worth) for b in bought_in(p) if b.number == 1), "sum"
    ),
    "open_opportunities_count": OPEN,
    "open_opportunities_count.by_value": Metric(
        lambda p: (p.w.deal_fact(s, open_worth(p, s)) for s in still_open(p)), "sum"
    ),
    "open_opportunities_count.weighted": Metric(
        lambda p: (p.w.deal_fact(s, weighted(p, s)) for s in still_open(p)), "sum"
    ),
    "open_avg_age_days": Metric(
        lambda p: (
            p.w.deal_fact(s, days(s.deal["created_at"], p.w.at))
            for s in still_open(p)
            if p.w.known(s.deal["created_at"])
        ),
        "mean",
    ),
    "overdue_deals_count": Metric(
        lambda p: (
            p.w.deal_fact(s)
            for s in still_open(p)
            if s.deal["expected_close_date"] and p.w.known(midnight(s.deal["expected_close_date"]))
        ),
        doubts=unplanned,
    ),
    "no_next_step_count": Metric(
        lambda p: (
            p.w.deal_fact(s) for s in still_open(p) if s.deal["deal_id"] not in {a["deal_id"] for a in planned(p)}
        )
    ),
    "stalled_deals_count": Metric(
        lambda p: (p.w.deal_fact(s) for s in still_open(p) if days(idle_since(p, s), p.w.at) > patience(p, s))
    ),
    "forecast_open_count": Metric(lambda p: (p.w.deal_fact(s) for s in expected(p)), doubts=unplanned),
    "forecast_open_amount": Metric(
        lambda p: (p.w.deal_fact(s, open_worth(p, s)) for s in expected(p)), "sum", unplanned
    ),
    "forecast_weighted_amount": Metric(
        lambda p: (p.w.deal_fact(s, weighted(p, s)) for s in expected(p)), "sum", unplanned
    ),
    "deals_count": Metric(lambda p: (p.w.deal_fact(s) for s in p.w.deals.values())),
    "deals_amount": Metric(lambda p: (p.w.deal_fact(s, open_worth(p, s)) for s in p.w.deals.values()), "sum"),
    "activities_planned_count": Metric(lambda p: tasks(p, (a for a in planned(p) if days(p.w.at, a["due_at"]) < 7))),
    "activities_overdue_count": Metric(lambda p: tasks(p, activities(p, p.w.known))),
    "stage_duration_days": STAYS,
    "stage_duration_days.median": Metric(STAYS.facts, "median"),
    "stage_duration_days.cumulative": Ratio(STAY_DAYS, STAYED),
    "stage_exits_count": EXITS,
    "stage_conversion_rate": Ratio(ADVANCES, EXITS),
    "stage_regressions_count": Metric(lambda p: (p.w.visit_fact(v) for v in moved(p, False))),
    "sales_cycle_days": Metric(lambda p: cycles(p, "won"), "mean"),
    "sales_cycle_days.median": Metric(lambda p: cycles(p, "won"), "median"),
    "sales_cycle_days.from_lead": Metric(lambda p: cycles(p, "won", True), "mean"),
    "quotes_presented_count": Metric(quotes, "distinct"),
    "quotes_presented_count.versions": Metric(lambda p: quotes(p, True), "distinct"),
    # 13 to 25: marketing
    "campaigns_count": CAMPAIGNS,
    "campaigns_count.active": Metric(lambda p: map(campaign_fact, running(p))),
    "campaign_delivered_count": DELIVERED,
    "responses_per_campaign": Ratio(ANSWERS, CAMPAIGNS),
    "responses_per_campaign.in_period": Ratio(ANSWERS_IN, CAMPAIGNS),
    "campaign_response_rate": Ratio(ANSWERS, DELIVERED),
    "purchases_count": Metric(lambda p: map(p.w.purchase_fact, bought_in(p))),
    "purchases_amount": Metric(lambda p: (p.w.purchase_fact(b, b.worth) for b in bought_in(p)), "sum"),
    "purchases_per_campaign": Metric(ascribed),
    "purchases_per_campaign(window_days=10)": Metric(lambda p: ascribed(p, window=10)),
    "purchases_per_campaign.first_touch": Metric(lambda p: ascribed(p, 0)),
    "purchases_per_campaign.linear": Metric(shared, "sum"),
    "purchases_per_campaign.primary": Metric(lambda p: primary(p, lambda b: 1)),
    "campaign_revenue": CAMPAIGN_REVENUE,
    "campaign_revenue.first_touch": Metric(lambda p: ascribed(p, 0, lambda b: b.worth), "sum"),
    "campaign_revenue.linear": Metric(lambda p: shared(p, True), "sum"),
    "campaign_revenue.primary": Metric(lambda p: primary(p, lambda b: b.worth), "sum"),
    "campaign_cost_amount": CAMPAIGN_COST,
    "campaign_roi": Formula((CAMPAIGN_REVENUE, CAMPAIGN_COST), lambda p, came, cost: divided(came - cost, cost)),
    "cost_per_lead": Ratio(CAMPAIGN_COST, LEADS),
    "campaign_new_customers_count": Metric(
        lambda p: ascribed(p, value=lambda b: b.customer, first_only=True), "distinct"
    ),
    "campaign_new_customers_count.primary": Metric(lambda p: primary(p, lambda b: b.customer, True), "distinct"),
    "campaign_new_customers_count.new_contacts": GAINED,
    "contacts_per_campaign": Ratio(GAINED, CAMPAIGNS),
    "customer_referrals_count": Metric(referrals),
    "customer_referrals_count.converted": Metric(lambda p: referrals(p, True)),
    "web_page_views_count": Metric(views),
    "web_page_views_count.unique": Metric(views, "distinct"),
    "web_sessions_count": SESSIONS,
    "web_goal_completion_rate": Ratio(Metric(with_goal, "distinct"), SESSIONS),
    "time_on_site_avg": Metric(stays, "mean"),
    "time_on_site_avg.median": Metric(stays, "median"),
    "time_on_site_avg.without_bounces": Metric(lambda p: stays(p, True), "mean"),
    "time_on_site_avg.engaged": Metric(lambda p: (session_fact(p, s, s["engaged_seconds"]) for s in visits(p)), "mean"),
    "customers_count": CUSTOMERS,
    "customers_count.active": ACTIVE,
    "customers_count.at_risk": Metric(lambda p: customers(p, lambda b: at_risk(p, b))),
    "customers_count.before": BEFORE,
    "repeat_purchase_rate": Ratio(REPEAT, CUSTOMERS),
    "churn_rate": CHURN,
    "customer_lifetime_value": Ratio(REVENUE, WORTH_KNOWN),
    "customer_lifetime_value.margin": Ratio(Metric(margins, "sum"), Metric(lambda p: margins(p, True), "distinct")),
    "customer_lifetime_value.predictive": Formula(
        (Metric(YEARLY_WORTH.facts, "mean"), YEARLY, ACTIVE, CHURN),
        lambda p, mean, bought, active, churn: (
            mean * (bought / active) / churn if mean is not None and bought and active and churn else None
        ),
    ),
    "product_revenue_amount": Metric(product_lines, "sum"),
    "product_cost_amount": Metric(lambda p: product_lines(p, True), "sum"),
    "product_margin_amount": Metric(product_margins, "sum"),
    "product_margin_rate": Ratio(Metric(product_margins, "sum"), Metric(lambda p: product_margins(p, True), "sum")),
    "cross_sell_rate": Ratio(CROSS, BEFORE),
    "cross_sell_rate.of_active": Ratio(CROSS, RETURNED),
    "up_sell_rate": Ratio(UP, BEFORE),
    "up_sell_rate.recorded": Ratio(Metric(upsells, "distinct"), BEFORE),
    "mailing_active_count": Metric(lambda p: on_list(p, p.w.at)),
    "mailing_list_growth_rate": Formula(
        (JOINED, GONE, AT_START), lambda p, came, went, there: divided(came - went, there)
    ),
    "mailing_list_growth_rate.distinct": Formula(
        (Metric(joined, "distinct"), Metric(gone, "distinct"), Metric(AT_START.facts, "distinct")),
        lambda p, came, went, there: divided(came - went, there),
    ),
    # 26 to 35: service, and what a customer costs
    "cases_handled_count": OPENED,
    "cases_handled_count.resolved": RESOLVED,
    "open_cases_count": Metric(
        lambda p: (p.w.case_fact(c) for c in p.w.cases.values() if not p.w.known(c["resolved_at"]))
    ),
    "same_day_resolved_count": SAME_DAY,
    "same_day_resolved_count.within_24h": Metric(
        lambda p: (
            p.w.case_fact(c)
            for c in resolved(p)
            if timedelta() <= c["resolved_at"] - c["created_at"] <= timedelta(days=1)
        )
    ),
    "same_day_resolved_rate": Ratio(SAME_DAY, RESOLVED),
    "avg_resolution_time": Metric(minutes, "mean"),
    "avg_resolution_time.median": Metric(minutes, "median"),
    "avg_resolution_time.first": Metric(lambda p: minutes(p, "first_resolved_at"), "mean"),
    "avg_resolution_time.business_hours": Metric(business_minutes, "mean"),
    "service_calls_daily_avg": Formula((INBOUND,), lambda p, calls: divided(calls, p.begun_days)),
    "service_calls_daily_avg.business_days": Formula(
        (INBOUND, BUSINESS_DAYS), lambda p, calls, there: divided(calls, there)
    ),
    "answered_calls_count.of_agents": OF_AGENTS,
    "calls_per_agent_day": Ratio(OF_AGENTS, AGENT_DAYS),
    "complaint_resolution_time": Metric(lambda p: minutes(p, kind="complaint"), "mean"),
    "customer_callbacks_count": CALLBACKS,
    "customer_callbacks_count.answered": Metric(lambda p: (p.w.call_fact(c) for c in callbacks(p, "answered"))),
    "customer_callbacks_count.of_cases": OF_CASES,
    "callbacks_per_case": Ratio(OF_CASES, CALLED_CASES),
    "service_cost_amount": SERVICE_COST,
    "service_cost_per_interaction": Formula((SERVICE_COST, INTERACTIONS), lambda p, cost, many: divided(cost, many)),  # type: ignore[arg-type]
    "sla_compliance_rate": Ratio(MET, DECIDED),
    "abandoned_calls_count": abandoned(0),
    "abandoned_calls_count(shortest_wait=20)": abandoned(20),
    "abandonment_rate": Ratio(abandoned(0), INBOUND),
    "avg_handle_time": Ratio(Metric(lambda p: handled(p, True), "sum"), Metric(lambda p: handled(p, False))),
    "sales_marketing_cost_amount": SALES_COST,
    "customer_acquisition_cost": Ratio(SALES_COST, NEW),
}

# What there was at one instant: a step of a trend is taken as of its own end, every other figure as of
# the report's date.
STOCKS = frozenset(
    {name for name in METRICS if name.startswith(("open_", "mailing_", "activities_", "deals_"))}
    | {
        "sales_calls_per_opportunity.open",
        "prospects_count.stock",
        "campaigns_count.active",
        "service_cost_amount",
        "sales_marketing_cost_amount",
        "overdue_deals_count",
        "no_next_step_count",
        "stalled_deals_count",
    }
)
# What is only known for one date, so that there are no trends of it.
OF_ONE_DATE = frozenset(
    name
    for name in METRICS
    if name.startswith(
        (
            "customers_count",
            "customer_lifetime_value",
            "repeat_",
            "churn_",
            "cross_sell",
            "up_sell",
            "no_next_",
            "stalled_",
        )
    )
)


def _user(key: str) -> Callable[[World, Fact], Any]:
    return lambda w, f: w.users.get(f.user or "", {}).get(key)


DIMENSIONS: dict[str, Callable[[World, Fact], Any]] = {
    "user.name": _user("name"),
    "user.team": _user("team"),
    "account.region": lambda w, f: w.accounts.get(f.account or "", {}).get("region"),
    "campaign.channel": lambda w, f: w.campaigns.get(f.campaign or "", {}).get("channel"),
    "campaign.name": lambda w, f: w.campaigns.get(f.campaign or "", {}).get("name"),
    "stage.name": lambda w, f: w.stages.get(f.stage or "", {}).get("name"),
    "lead.source": lambda w, f: f.own.get("source"),
    "deal.source": lambda w, f: f.own.get("source"),
    "case_.type": lambda w, f: f.own.get("type"),
    "service_call.outcome": lambda w, f: f.own.get("outcome"),
    "web_session.source": lambda w, f: f.own.get("source"),
    "list_membership.source": lambda w, f: f.own.get("source"),
    "purchase_line.family": lambda w, f: f.own.get("family"),
    "service_cost.channel": lambda w, f: f.own.get("channel"),
}

_LEAD = (
    "prospects_count",
    "prospects_count.stock",
    "leads_created_count",
    "leads_converted_count",
    "lead_conversion_rate",
)
_DEAL = (
    "closed_deals_count",
    "won_deals_count",
    "lost_deals_count",
    "won_amount",
    "close_rate",
    "close_rate.by_value",
    "close_rate.cohort",
    "new_revenue_amount",
    "open_opportunities_count",
    "open_opportunities_count.by_value",
    "open_opportunities_count.weighted",
    "open_avg_age_days",
    "overdue_deals_count",
    "no_next_step_count",
    "stalled_deals_count",
    "forecast_open_count",
    "forecast_open_amount",
    "forecast_weighted_amount",
    "deals_count",
    "deals_amount",
    "sales_cycle_days",
    "sales_cycle_days.median",
    "sales_cycle_days.from_lead",
)
_STAY = (
    "stage_duration_days",
    "stage_duration_days.median",
    "stage_duration_days.cumulative",
    "stage_exits_count",
    "stage_conversion_rate",
    "stage_regressions_count",
)
_FIRST = ("closed_deals_count.first_close", "close_rate.first_close")
_BOUGHT = (
    "new_customers_count",
    "new_customers_count.by_revenue",
    "returning_customers_count",
    "returning_customers_count.repeat_in_period",
    "purchases_count",
    "purchases_amount",
    "new_revenue_amount.new_business",
)
_SHARE = (
    "purchases_per_campaign",
    "purchases_per_campaign(window_days=10)",
    "purchases_per_campaign.first_touch",
    "purchases_per_campaign.linear",
    "purchases_per_campaign.primary",
    "campaign_revenue",
    "campaign_revenue.first_touch",
    "campaign_revenue.linear",
    "campaign_revenue.primary",
    "campaign_new_customers_count",
    "campaign_new_customers_count.primary",
)
_CASE = (
    "cases_handled_count",
    "cases_handled_count.resolved",
    "open_cases_count",
    "same_day_resolved_count",
    "same_day_resolved_count.within_24h",
    "same_day_resolved_rate",
    "avg_resolution_time",
    "avg_resolution_time.median",
    "avg_resolution_time.first",
    "complaint_resolution_time",
)
_CALL = (
    "customer_callbacks_count",
    "customer_callbacks_count.answered",
    "callbacks_per_case",
    "abandoned_calls_count",
    "abandoned_calls_count(shortest_wait=20)",
    "abandonment_rate",
    "avg_handle_time",
    "calls_per_agent_day",
)
_CUSTOMER = (
    "customers_count",
    "customers_count.active",
    "customers_count.at_risk",
    "customers_count.before",
    "repeat_purchase_rate",
    "churn_rate",
    "customer_lifetime_value",
    "customer_lifetime_value.predictive",
    "cross_sell_rate",
    "cross_sell_rate.of_active",
    "up_sell_rate",
    "up_sell_rate.recorded",
)
_LIST = (
    "mailing_active_count",
    "mailing_list_growth_rate",
    "mailing_list_growth_rate.distinct",
    "campaign_new_customers_count.new_contacts",
)
_WEB = (
    "web_sessions_count",
    "time_on_site_avg",
    "time_on_site_avg.median",
    "time_on_site_avg.without_bounces",
    "time_on_site_avg.engaged",
)
_CAMPAIGN = (
    "campaigns_count",
    "campaigns_count.active",
    "campaign_delivered_count",
    "responses_per_campaign",
    "responses_per_campaign.in_period",
    "campaign_response_rate",
    "campaign_cost_amount",
)
_CALLS = (
    "sales_calls_count",
    "sales_calls_count.connected",
    "sales_calls_per_opportunity",
    "sales_calls_per_opportunity.open",
)
_TASKS = ("activities_planned_count", "activities_overdue_count")
_QUOTES = ("quotes_presented_count", "quotes_presented_count.versions")
_LINES = (
    "product_revenue_amount",
    "product_cost_amount",
    "product_margin_amount",
    "product_margin_rate",
)
_RENEWALS = (
    "contracts_due_count",
    "contracts_pending_count",
    "renewal_rate",
    "renewal_rate.by_value",
)
_REFERRALS = ("customer_referrals_count", "customer_referrals_count.converted")
_PROMISES = ("sla_compliance_rate",)

# The breakdowns that are asked, and the filters: what each dimension is asked of.
BREAKDOWNS: dict[str, tuple[str, ...]] = {
    "user.name": _LEAD + _DEAL + _STAY + _FIRST + _BOUGHT + _CALLS + _TASKS + _QUOTES,
    "user.team": _CASE + _CALL + _PROMISES + _CUSTOMER + _RENEWALS,
    "account.region": _DEAL + _BOUGHT + _CUSTOMER + _RENEWALS + _REFERRALS + _LINES + _CASE,
    "campaign.channel": _CAMPAIGN + _LIST[3:],
    "campaign.name": _SHARE,
    "stage.name": (*_STAY, "open_opportunities_count", "open_opportunities_count.by_value"),
    "lead.source": _LEAD,
    "deal.source": _DEAL,
    "case_.type": _CASE,
    "service_call.outcome": _CALL[:3],
    "web_session.source": _WEB,
    "list_membership.source": _LIST,
    "purchase_line.family": _LINES,
    "service_cost.channel": ("service_cost_amount",),
}
FILTERS: dict[str, tuple[str, ...]] = {
    "user.team": _LEAD
    + _DEAL
    + _STAY
    + _FIRST
    + _BOUGHT
    + _CALLS
    + _QUOTES
    + _CASE
    + _CALL
    + _PROMISES
    + _CUSTOMER
    + _RENEWALS
    + _REFERRALS
    + _SHARE,
    "account.region": _DEAL + _STAY + _BOUGHT + _CUSTOMER + _RENEWALS + _REFERRALS + _LINES + _CASE + _CALL + _PROMISES,
}
# What exists only where there are deals.
OF_DEALS = frozenset(
    {
        *_DEAL,
        *_STAY,
        *_FIRST,
        "sales_calls_per_opportunity",
        "sales_calls_per_opportunity.open",
        "up_sell_rate.recorded",
    }
)


def period_of(crm: Crm, name: str, as_of: datetime | None = None, now: datetime | None = None) -> Period:
    """A period by name, as of its end, or of an instant, but never of later than now."""
    first, after = bounds(name)
    at = as_of or midnight(after)
    return Period(World(crm, min(at, now or at), now), first, after)


def steps(p: Period) -> list[Period]:
    """The months of a period, as of the report's date."""
    found, first = [], p.first
    while first < p.after:
        after = months_on(first, 1)
        found.append(Period(p.w, first, after))
        first = after
    return found


def at_own_end(p: Period) -> Period:
    """A step as of its own end, for stocks."""
    return Period(World(p.w.crm, min(p.end, p.w.at), p.w.now), p.first, p.after)
