"""Known answers of marketing, contracts and service over the demo, in plain Python over its rows.

Written from the metrics' definitions without the compiler: no SQL, every function reads rows. The
state of a deal at an instant is that of `known_answers`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cache
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

from tests.demo.known_answers import Row, World, bounds, days, world

ROME, UTC = ZoneInfo("Europe/Rome"), ZoneInfo("UTC")
Number = float | int | None


def local(moment: datetime) -> date:
    """The day in Rome of a naive UTC time."""
    return moment.replace(tzinfo=UTC).astimezone(ROME).date()


class Period:
    """A period over the demo, as of its end; facts that several metrics read."""

    def __init__(self, name: str) -> None:
        self.w: World = world()
        self.start, self.end = bounds(name)
        self.first, self.after = days(name)

    def inside(self, moment: datetime | None) -> bool:
        return moment is not None and self.start <= moment < self.end

    def rows(self, name: str) -> list[Row]:
        return self.w.rows[name]

    @property
    def purchases(self) -> list[Row]:
        """Won deals of accounts, as of the end: when, whose, and their worth in euros."""
        return _purchases(self.end)


@cache
def _rates() -> dict[str, tuple[list[date], list[float]]]:
    found: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for row in world().rows["fx_rate"]:
        assert row["to_currency"] == "EUR"
        found[row["from_currency"]].append((row["day"], row["rate"]))
    return {
        code: ([day for day, _ in sorted(rows)], [rate for _, rate in sorted(rows)]) for code, rows in found.items()
    }


def euros(amount: Any, currency: str, day: date) -> float | None:
    """An amount at the rate of a day."""
    if amount is None:
        return None
    if currency == "EUR":
        return float(amount)
    known, rates = _rates()[currency]
    place = bisect_right(known, day)
    return float(amount) * rates[place - 1] if place else None


@cache
def _purchases(at: datetime) -> list[Row]:
    w = world()
    found = []
    for deal in w.deals:
        state = w.state(deal, at)
        if state and state.status == "won" and deal["account_id"] and state.closed_at:
            worth = euros(deal["amount"], deal["currency"], local(state.closed_at))
            found.append(
                {
                    "id": deal["deal_id"],
                    "account": deal["account_id"],
                    "at": state.closed_at,
                    "worth": worth,
                    "campaign": deal["campaign_id"],
                    "deal": deal,
                }
            )
    found.sort(key=lambda each: (each["at"], each["id"]))
    firsts: dict[str, datetime] = {}
    for each in found:
        each["number"] = 1 if each["account"] not in firsts else 2
        each["first"] = firsts.setdefault(each["account"], each["at"])
    return found


def ratio(top: Number, bottom: Number) -> Number:
    return None if top is None or not bottom else top / bottom


def total(values: Iterable[Number]) -> float:
    return sum(v for v in values if v is not None)


def middle(values: Iterable[float]) -> Number:
    listed = list(values)
    return mean(listed) if listed else None


# Campaigns


def launched(p: Period) -> dict[str, Row]:
    return {
        c["campaign_id"]: c
        for c in p.rows("campaign")
        if c["status"] not in ("draft", "cancelled") and p.inside(c["sent_at"] or c["started_at"])
    }


def campaigns_active(p: Period) -> int:
    return sum(
        c["status"] not in ("draft", "cancelled")
        and (c["sent_at"] or c["started_at"]) < p.end
        and (c["ended_at"] is None or c["ended_at"] >= p.start)
        for c in p.rows("campaign")
    )


def members(p: Period) -> list[Row]:
    return [m for m in p.rows("campaign_member") if m["campaign_id"] in launched(p)]


def left(p: Period, entity: str, key: str) -> dict[str, str]:
    """Of each merged record the one that is left, one step of the chain after another."""
    merged = {row[key]: row["merged_into_id"] for row in p.rows(entity) if row["merged_into_id"]}
    found = {}
    for record, into in merged.items():
        while into in merged:
            into = merged[into]
        found[record] = into
    return found


def _people(p: Period, rows: Iterable[Row]) -> int:
    """Who was merged into another is that one."""
    people = {**left(p, "contact", "contact_id"), **left(p, "lead", "lead_id")}
    who = [(m["campaign_id"], m["contact_id"] or m["lead_id"]) for m in rows]
    return len({(campaign, people.get(one, one)) for campaign, one in who})


def responses(p: Period) -> int:
    return _people(p, (m for m in members(p) if m["responded_at"] and m["responded_at"] < p.end))


def delivered(p: Period) -> int:
    return _people(p, (m for m in members(p) if m["bounced_at"] is None))


def touches(p: Period, window: float = 30) -> dict[str, list[tuple[datetime, str]]]:
    """By purchase of the period: the answers of its account in the days before, oldest first."""
    accounts = {c["contact_id"]: c["account_id"] for c in p.rows("contact")}
    answers: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for m in p.rows("campaign_member"):
        if m["responded_at"] and m["contact_id"]:
            answers[accounts[m["contact_id"]]].append((m["responded_at"], m["campaign_id"]))
    return {
        each["id"]: sorted(
            (at, campaign)
            for at, campaign in answers.get(each["account"], ())
            if at <= each["at"] and each["at"] - at <= timedelta(days=window)
        )
        for each in p.purchases
        if p.inside(each["at"])
    }


def attributed(p: Period) -> list[Row]:
    found = touches(p)
    return [each for each in p.purchases if found.get(each["id"])]


def cost_of_campaigns(p: Period) -> float:
    return total(float(c["actual_cost"]) for c in launched(p).values() if c["actual_cost"] is not None)


# Referrals, lists, web


def referrals(p: Period, only_converted: bool = False) -> int:
    accounts = {c["contact_id"]: c["account_id"] for c in p.rows("contact")}
    bought = {}
    for each in p.purchases:
        bought.setdefault(each["account"], each["at"])
    seen: set[Any] = set()
    count = 0
    for r in sorted(p.rows("referral"), key=lambda row: (row["created_at"], row["referral_id"])):
        pair = (r["referrer_contact_id"], r["referred_lead_id"] or r["referred_contact_id"])
        again = pair in seen
        seen.add(pair)
        since = bought.get(accounts[r["referrer_contact_id"]])
        himself = r["referred_contact_id"] == r["referrer_contact_id"]
        if again or himself or not p.inside(r["created_at"]) or since is None or since >= r["created_at"]:
            continue
        if only_converted:
            lead = p.w.lead_by_id[r["referred_lead_id"]]
            if not (lead["converted_at"] and lead["converted_at"] < p.end):
                continue
        count += 1
    return count


def on_list(p: Period, at: datetime) -> list[Row]:
    return [
        m
        for m in p.rows("list_membership")
        if m["subscribed_at"] < at and (m["unsubscribed_at"] is None or m["unsubscribed_at"] >= at)
    ]


def growth(p: Period) -> Number:
    came = sum(p.inside(m["subscribed_at"]) for m in p.rows("list_membership"))
    left = sum(p.inside(m["unsubscribed_at"]) for m in p.rows("list_membership"))
    return ratio(came - left, len(on_list(p, p.start)))


def growth_of_people(p: Period) -> Number:
    came = {m["contact_id"] for m in p.rows("list_membership") if p.inside(m["subscribed_at"])}
    left = {m["contact_id"] for m in p.rows("list_membership") if p.inside(m["unsubscribed_at"])}
    return ratio(len(came) - len(left), len({m["contact_id"] for m in on_list(p, p.start)}))


def contacts_gained(p: Period) -> int:
    return sum(bool(m["campaign_id"]) and p.inside(m["subscribed_at"]) for m in p.rows("list_membership"))


def visits(p: Period) -> list[Row]:
    return [v for v in p.rows("web_session") if not v["is_bot"] and p.inside(v["started_at"])]


def visits_with_goal(p: Period) -> int:
    done = {c["session_id"] for c in p.rows("goal_completion")}
    return sum(v["session_id"] in done for v in visits(p))


def stays(p: Period, more_than_a_page: bool = False) -> list[float]:
    lengths = [(v["ended_at"] - v["started_at"]).total_seconds() for v in visits(p)]
    return [length for length in lengths if length > 0 or not more_than_a_page]


def views(p: Period) -> list[Row]:
    return [v for v in p.rows("pageview") if not v["is_bot"] and p.inside(v["viewed_at"])]


# Customers


def customers(p: Period) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for each in p.purchases:
        found[each["account"]].append(each)
    return found


def before(p: Period) -> int:
    return sum(bought[0]["at"] < p.start for bought in customers(p).values())


def _days(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds() / 86_400


def at_risk(p: Period) -> int:
    count = 0
    for bought in customers(p).values():
        if len(bought) > 2:
            gap = _days(bought[0]["at"], bought[-1]["at"]) / (len(bought) - 1)
            count += gap > 0 and _days(bought[-1]["at"], p.end) > 2 * gap
    return count


def lapsed(p: Period) -> int:
    return sum(_days(b[-1]["at"], p.end) > 365 for b in customers(p).values())


def of_a_year(p: Period) -> int:
    return sum(_days(b[0]["at"], p.end) > 365 for b in customers(p).values())


def lifetime_value(p: Period) -> Number:
    known = [c for c in customers(p).values() if any(each["worth"] is not None for each in c)]
    return ratio(total(each["worth"] for each in p.purchases), len(known))


def families(p: Period) -> dict[tuple[str, str], list[tuple[datetime, str, int | None]]]:
    """By account and product family: its purchases, each with the highest tier."""
    products = {row["product_id"]: row for row in p.rows("product")}
    bought = {each["id"]: each for each in p.purchases}
    tiers: dict[tuple[str, str, str], list[int | None]] = defaultdict(list)
    for line in p.rows("deal_product"):
        if line["deal_id"] in bought:
            product = products[line["product_id"]]
            account = bought[line["deal_id"]]["account"]
            tiers[account, product["family"], line["deal_id"]].append(product["tier"])
    found: dict[tuple[str, str], list[tuple[datetime, str, int | None]]] = defaultdict(list)
    for (account, family, deal), known in tiers.items():
        highest = max((tier for tier in known if tier is not None), default=None)
        found[account, family].append((bought[deal]["at"], deal, highest))
    for steps in found.values():
        steps.sort(key=lambda step: (step[0], step[1]))
    return found


def _existing(p: Period) -> set[str]:
    return {account for account, b in customers(p).items() if b[0]["at"] < p.start}


def cross_sold(p: Period) -> int:
    return len(
        {account for (account, _), steps in families(p).items() if account in _existing(p) and p.inside(steps[0][0])}
    )


def up_sold(p: Period) -> int:
    found = set()
    for (account, _), steps in families(p).items():
        for place, (at, _, tier) in enumerate(steps):
            earlier = [t for _, _, t in steps[:place] if t is not None]
            if account in _existing(p) and p.inside(at) and tier is not None and earlier and tier > max(earlier):
                found.add(account)
    return len(found)


# Contracts


def _renewed(p: Period, contract: Row, grace: int) -> bool:
    following = _contracts(p).get(contract["renewed_by_contract_id"])
    return (
        following is not None
        and following["starts_at"] < p.after
        and (following["starts_at"] - contract["ends_at"]).days <= grace
    )


def _contracts(p: Period) -> dict[str, Row]:
    return {c["contract_id"]: c for c in p.rows("contract")}


def due(p: Period, grace: int = 30) -> list[Row]:
    return [
        c
        for c in p.rows("contract")
        if c["starts_at"] < p.after
        and p.first <= c["ends_at"] < p.after
        and ((p.after - c["ends_at"]).days > grace or _renewed(p, c, grace))
    ]


def renewed(p: Period, grace: int = 30) -> list[Row]:
    return [c for c in due(p, grace) if _renewed(p, c, grace)]


def renewal_rate_by_value(p: Period) -> Number:
    following = (_contracts(p)[c["renewed_by_contract_id"]] for c in renewed(p))
    return ratio(total(float(c["value"]) for c in following), total(float(c["value"]) for c in due(p)))


def monthly(p: Period, name: str) -> float:
    """Costs of the months, of each the part of its days that lies in the period."""
    found = 0.0
    for row in p.rows(name):
        month = row["month"]
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        shared = (min(following, p.after) - max(month, p.first)).days
        if shared > 0:
            found += float(row["amount"]) * shared / (following - month).days
    return found


def new_customers(p: Period) -> int:
    return sum(p.inside(b[0]["at"]) for b in customers(p).values())


def leads(p: Period) -> list[Row]:
    return [
        lead
        for lead in p.rows("lead")
        if p.inside(lead["created_at"])
        and not lead["is_deleted"]
        and not lead["merged_into_id"]
        and lead["status"] != "junk"
    ]


METRICS: dict[str, Callable[[Period], Number]] = {
    "campaigns_count": lambda p: len(launched(p)),
    "campaigns_count.active": campaigns_active,
    "responses_per_campaign": lambda p: ratio(responses(p), len(launched(p))),
    "campaign_response_rate": lambda p: ratio(responses(p), delivered(p)),
    "campaign_responses_count.in_period": lambda p: _people(
        p, (m for m in p.rows("campaign_member") if p.inside(m["responded_at"]))
    ),
    "purchases_per_campaign": lambda p: len(attributed(p)),
    "purchases_per_campaign(window_days=10)": lambda p: sum(map(bool, touches(p, 10).values())),
    "purchases_per_campaign.first_touch": lambda p: len(attributed(p)),
    "purchases_per_campaign.linear": lambda p: float(len(attributed(p))),
    "purchases_per_campaign.primary": lambda p: sum(
        p.inside(each["at"]) and bool(each["campaign"]) for each in p.purchases
    ),
    "campaign_revenue": lambda p: total(each["worth"] for each in attributed(p)),
    "campaign_revenue.linear": lambda p: total(each["worth"] for each in attributed(p)),
    "campaign_new_customers_count": lambda p: sum(each["number"] == 1 for each in attributed(p)),
    "campaign_new_customers_count.new_contacts": contacts_gained,
    "contacts_per_campaign": lambda p: ratio(contacts_gained(p), len(launched(p))),
    # Every campaign costs something here: 0 is a period in which none was launched.
    "cost_per_lead": lambda p: ratio(cost_of_campaigns(p) or None, len(leads(p))),
    "customer_referrals_count": referrals,
    "customer_referrals_count.converted": lambda p: referrals(p, True),
    "web_page_views_count": lambda p: len(views(p)),
    "web_page_views_count.unique": lambda p: len({(v["session_id"], v["url"]) for v in views(p)}),
    "web_goal_completion_rate": lambda p: ratio(visits_with_goal(p), len(visits(p))),
    "time_on_site_avg": lambda p: middle(stays(p)),
    "time_on_site_avg.without_bounces": lambda p: middle(stays(p, True)),
    "time_on_site_avg.engaged": lambda p: middle(v["engaged_seconds"] for v in visits(p)),
    "customers_count": lambda p: len(customers(p)),
    "customers_count.at_risk": at_risk,
    "customers_count.before": before,
    "repeat_purchase_rate": lambda p: ratio(sum(len(b) > 1 for b in customers(p).values()), len(customers(p))),
    "churn_rate": lambda p: ratio(lapsed(p), of_a_year(p)),
    "customer_lifetime_value": lifetime_value,
    "cross_sell_rate": lambda p: ratio(cross_sold(p), before(p)),
    "up_sell_rate": lambda p: ratio(up_sold(p), before(p)),
    "mailing_list_growth_rate": growth,
    "mailing_list_growth_rate.distinct": growth_of_people,
    "renewal_rate": lambda p: ratio(len(renewed(p)), len(due(p))),
    "renewal_rate(grace_days=10)": lambda p: ratio(len(renewed(p, 10)), len(due(p, 10))),
    "renewal_rate.by_value": renewal_rate_by_value,
    "new_customers_count": new_customers,
    "customer_acquisition_cost": lambda p: ratio(monthly(p, "sales_marketing_cost"), new_customers(p)),
    "purchases_amount": lambda p: total(each["worth"] for each in p.purchases if p.inside(each["at"])),
}
