"""The demo's marketing: who got which campaign, referrals, mailing lists and the web site.

Customers who buy often answered the newsletter shortly before; the list grows by about a sixth a
year; one visit of eight comes from a robot.
"""

from __future__ import annotations

from reportspec.demo.chance import Chance
from reportspec.demo.columns import Row
from reportspec.demo.deals import Deal
from reportspec.demo.firm import Campaign
from reportspec.demo.market import Account, Contact, Lead
from reportspec.demo.timeline import DAY, END, HOUR, seconds, spread

_SESSIONS = 9_000
_PAGES = (
    "/",
    "/prices",
    "/platform",
    "/analytics",
    "/contact",
    "/blog/crm-reports",
    "/support",
    "/trial",
)
_GOALS = (("contact", 0.5), ("trial", 0.3), ("download", 0.2))
_SILENT = "Newsletter 2025-02"  # nobody answered it


def member_rows(campaigns: list[Campaign], contacts: list[Contact], leads: list[Lead], deals: list[Deal]) -> list[Row]:
    """Rows of `campaign_member`: each newsletter goes to some contacts and some leads."""
    chance = Chance(81)
    buying = _closings(deals)
    rows: list[Row] = []
    for campaign in campaigns:
        if campaign.sent is None or campaign.status == "draft":
            continue
        sent = campaign.sent
        for contact in contacts:
            if contact.created < sent and chance.happens(0.2):
                soon = any(sent < at < sent + 40 * DAY for at in buying.get(contact.account.id, ()))
                rows.append(_member(campaign, contact.id, None, 0.5 if soon else 0.06, chance))
        for lead in leads:
            if 0 < sent - lead.created < 90 * DAY and chance.happens(0.35):
                rows.append(_member(campaign, None, lead.id, 0.05, chance))
    return rows


def _closings(deals: list[Deal]) -> dict[str, list[int]]:
    by_month: dict[str, list[int]] = {}
    for deal in deals:
        if deal.status == "won" and deal.closed is not None and deal.account is not None:
            by_month.setdefault(deal.account.id, []).append(deal.closed)
    return by_month


def _member(campaign: Campaign, contact: str | None, lead: str | None, answers: float, chance: Chance) -> Row:
    sent = campaign.sent or 0
    if chance.happens(0.03):
        return (campaign.id, contact, lead, "bounced", sent, None, None, None, sent + 60, None)
    opened = sent + chance.whole(60, 5 * DAY) if chance.happens(0.42) else None
    answered = None
    if campaign.name != _SILENT and chance.happens(answers):
        answered = (opened or sent) + chance.whole(30, 3 * DAY)
    left = sent + chance.whole(60, 4 * DAY) if chance.happens(0.004) else None
    times = [at if at is not None and at < END else None for at in (opened, answered, answered, left)]
    status = "responded" if times[1] else "sent"
    return (campaign.id, contact, lead, status, sent, times[0], times[1], times[2], None, times[3])


def referral_rows(contacts: list[Contact], leads: list[Lead], deals: list[Deal]) -> list[Row]:
    """Rows of `referral`: each lead of the referral channel was sent by somebody, mostly by a
    customer; one contact recommends himself, and one recommends the same lead twice."""
    chance = Chance(82)
    buying = _closings(deals)
    customers = [each for each in contacts if each.account.id in buying]
    others = [each for each in contacts if each.account.id not in buying]
    rows: list[Row] = []
    for lead in leads:
        if lead.source.name != "Referral" or lead.deleted or lead.merged_into:
            continue
        referrer = chance.pick(customers) if chance.happens(0.85) else chance.pick(others)
        status = "converted" if lead.converted else "open"
        rows.append((f"R{len(rows) + 1:04}", referrer.id, lead.id, None, lead.created, status))
        if len(rows) % 40 == 0:
            again = lead.created + 3 * DAY
            rows.append((f"R{len(rows) + 1:04}", referrer.id, lead.id, None, again, status))
    himself = customers[0].id
    rows.append((f"R{len(rows) + 1:04}", himself, None, himself, seconds("2026-08-20T10:00"), "open"))
    return rows


def list_rows(contacts: list[Contact], campaigns: list[Campaign]) -> list[Row]:
    """Rows of `list_membership`: most contacts are on the newsletter, some on product news too."""
    chance = Chance(83)
    sent = [each for each in campaigns if each.sent is not None and each.status != "draft"]
    rows: list[Row] = []
    for contact in contacts:
        for name, share in (("L1", 0.85), ("L2", 0.3)):
            if chance.happens(share):
                rows += _stay(name, contact, contact.created + chance.whole(0, 30) * HOUR, chance, sent)
    return rows


def _stay(name: str, contact: Contact, since: int, chance: Chance, sent: list[Campaign]) -> list[Row]:
    if since >= END:
        return []
    source = chance.weighted((("form", 0.55), ("import", 0.15), ("campaign", 0.3)))
    before = [each.id for each in sent if each.started <= since]
    campaign = before[-1] if source == "campaign" and before else None
    until: int | None = None
    status = "subscribed"
    if chance.happens(0.16):
        until = since + chance.whole(5, 420) * DAY
        status = "cleaned" if chance.happens(0.25) else "unsubscribed"
        if until >= END:
            until, status = None, "subscribed"
    title = "Newsletter" if name == "L1" else "Product news"
    row: Row = (name, title, contact.id, since, until, status, source, campaign)
    if until is not None and status == "unsubscribed" and chance.happens(0.2):
        return [row, *_stay(name, contact, until + chance.whole(10, 200) * DAY, chance, sent)]
    return [row]


class Web:
    """The visits to the web site, with their pages and completed goals."""

    def __init__(self, contacts: list[Contact]) -> None:
        chance = Chance(84)
        self.sessions: list[Row] = []
        self.views: list[Row] = []
        self.completions: list[Row] = []
        for at in (*spread(_SESSIONS, chance, 0.5), seconds("2026-09-30T21:55")):
            self._visit(at, chance, contacts)

    def _visit(self, at: int, chance: Chance, contacts: list[Contact]) -> None:
        number = f"W{len(self.sessions) + 1:06}"
        robot = chance.happens(0.12)
        pages = 1 if chance.happens(0.38) else chance.whole(2, 7)
        source = chance.weighted((("google", 0.55), ("newsletter", 0.15), ("direct", 0.3)))
        medium = {"google": "organic", "newsletter": "email", "direct": "none"}[source]
        known = chance.pick(contacts).id if chance.happens(0.1) else None
        moment = at
        for page in range(pages):
            if page:
                moment += chance.whole(5, 400)
            self.views.append((number, chance.pick(_PAGES), moment, robot))
        visitor = f"V{chance.whole(1, 4_000):05}"
        engaged = (moment - at) * chance.whole(40, 95) // 100
        self.sessions.append((number, visitor, known, at, moment, engaged, source, medium, robot))
        while not robot and chance.happens(0.07):
            goal = chance.weighted(_GOALS)
            self.completions.append((number, goal, moment))


def contract_rows(accounts: list[Account], deals: list[Deal]) -> list[Row]:
    """Rows of `contract`: a year each, from a first purchase on; most are renewed, some late, some
    too late, some not at all."""
    chance = Chance(85)
    buying = _closings(deals)
    rows: list[Row] = []
    for account in accounts:
        bought = min(buying.get(account.id, ()), default=None)
        if bought is None or not chance.happens(0.7):
            continue
        start, value = bought // DAY + chance.whole(3, 20), chance.whole(4_000, 45_000) * 100
        while start * DAY < END:
            number = len(rows) + 1
            end = start + 365
            gap = chance.weighted(((0, 0.62), (chance.whole(1, 30), 0.16), (chance.whole(31, 80), 0.07), (None, 0.15)))
            following = None if gap is None or (end + gap) * DAY >= END else end + gap
            cancelled = (end - 20) * DAY if gap is None and chance.happens(0.5) and (end - 20) * DAY < END else None
            rows.append(
                (
                    f"A{number:05}",
                    account.id,
                    start,
                    end,
                    value,
                    "EUR",
                    f"A{number + 1:05}" if following is not None else None,
                    cancelled,
                    chance.happens(0.3),
                )
            )
            if following is None:
                break
            start, value = following, value * chance.whole(92, 118) // 100
    return rows


def order_rows(deals: list[Deal]) -> list[Row]:
    """Rows of `order_`: the invoices of the won deals, a few of them refunded."""
    chance = Chance(86)
    rows: list[Row] = []
    for deal in deals:
        if deal.status != "won" or deal.closed is None or deal.account is None or deal.amount is None:
            continue
        status = "refunded" if chance.happens(0.03) else "paid"
        at = deal.closed + chance.whole(1, 15) * DAY
        cost = deal.amount * chance.whole(18, 40) // 100
        if at < END and not deal.deleted:
            rows.append(
                (
                    f"O{len(rows) + 1:05}",
                    deal.account.id,
                    deal.contact,
                    deal.id,
                    None,
                    at,
                    deal.amount,
                    deal.currency,
                    cost,
                    status,
                    "direct",
                )
            )
    return rows
