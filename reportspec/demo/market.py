"""The demo's market: leads that ask, accounts that some of them become, and their contacts."""

from __future__ import annotations

from reportspec.demo.chance import Chance
from reportspec.demo.columns import Row
from reportspec.demo.firm import GONE, GONE_AT, SELLERS, Campaign
from reportspec.demo.names import FIRST_NAMES, LAST_NAMES, Company, companies, mailbox
from reportspec.demo.timeline import DAY, END, HOUR, office_time, seconds, spread
from reportspec.lazy_dataclass import dataclass

LEADS = 3_340
COMPANIES = 1_800
PROSPECTS = 560  # the companies among which those lie that become accounts


@dataclass(frozen=True, slots=True)
class Source:
    """A channel: its share of the leads, the part of them that converts, the days until then,
    the chance to win a deal from it, and its deals' length and size beside the mean."""

    name: str | None
    share: float
    converts: float
    days: float
    wins: float
    length: float
    size: float


# The founding article's sentences: organic is 60 % of the leads and buys 15 % below the mean;
# email converts far better than ads; referrals are three times faster than the rest.
SOURCES = (
    Source("Organic", 0.60, 0.18, 12.0, 0.26, 1.0, 0.90),
    Source("Email campaign", 0.12, 0.35, 11.0, 0.54, 1.0, 1.15),
    Source("Paid ads", 0.12, 0.09, 14.0, 0.29, 1.1, 1.0),
    Source("Referral", 0.08, 0.40, 3.8, 0.40, 0.285, 1.25),
    Source("Event", 0.04, 0.24, 16.0, 0.29, 1.05, 1.3),
    Source("Partner", 0.03, 0.27, 13.0, 0.36, 1.1, 1.4),
    Source(None, 0.01, 0.15, 12.0, 0.25, 1.0, 1.0),
)
# Of the accounts that were there at the start, in turn: three in five are organic.
FIRST_SOURCES = tuple(SOURCES[place] for place in (0, 1, 0, 0, 4, 0, 1, 0, 2, 0))
LEAD_TYPES = (("Small business", 0.5), ("Mid-market", 0.35), ("Enterprise", 0.15))
_WAIT = (0.02, 0.15, 0.35, 0.55, 0.75, 0.95, 1.2, 1.5, 2.0, 2.8)  # of the mean days


@dataclass(slots=True)
class Person:
    """A name with its address."""

    first: str
    last: str
    email: str | None
    phone: str | None


@dataclass(slots=True)
class Lead:
    """A lead in the making; times in seconds."""

    id: str
    created: int
    person: Person
    company: Company
    source: Source
    lead_type: str
    campaign: str | None
    owner: str | None
    status: str
    response: int | None
    converted: int | None = None
    contact: str | None = None
    account: str | None = None
    deal: str | None = None
    deleted: bool | None = False
    merged_into: str | None = None


@dataclass(slots=True)
class Account:
    """An account in the making; `won` holds the times at which it bought."""

    id: str
    company: Company
    source: Source
    lead_type: str
    owner: str
    created: int
    contacts: list[str]
    won: list[int]


@dataclass(slots=True)
class Contact:
    """A contact in the making."""

    id: str
    account: Account
    person: Person
    created: int


def person_at(company: Company, chance: Chance) -> Person:
    """Somebody who works there."""
    first = chance.pick(FIRST_NAMES[company.language])
    last = chance.pick(LAST_NAMES[company.language])
    number = chance.whole(1_000_000, 9_999_999)
    phone = f"+{31 + number % 60} {number // 10_000} {number % 10_000:04}"
    return Person(first, last, f"{mailbox(first, last)}@{company.domain}", phone)


def seller(at: int, chance: Chance) -> str:
    """Who takes on what comes in at that time."""
    if at < GONE_AT and chance.happens(0.09):
        return GONE
    return chance.pick(SELLERS)


def leads(pool: list[Company], campaigns: list[Campaign]) -> list[Lead]:
    """All leads, by time of creation, with the duplicates and the junk among them. Those with
    `converted` still lack the contact, account and deal that they became."""
    chance = Chance(11)
    leads: list[Lead] = []
    shares = tuple((source, source.share) for source in SOURCES)
    ran = [each for each in campaigns if each.status not in ("draft", "cancelled")]
    fed = {each.source for each in ran}
    for at in spread(LEADS, chance, 0.16):
        source = chance.weighted(shares)
        converts = chance.happens(source.converts)
        company = pool[chance.whole(0, (PROSPECTS if converts else len(pool)) - 1)]
        lead = Lead(
            id="",
            created=at,
            person=person_at(company, chance),
            company=company,
            source=source,
            lead_type=chance.weighted(LEAD_TYPES),
            campaign=_campaign(ran, source, at) if source.name in fed else None,
            owner=seller(at, chance),
            status="new",
            response=None,
        )
        if chance.happens(0.92):
            lead.response = at + int(chance.shaped((0.1, 0.5, 1, 2, 4, 8, 20, 46, 90)) * HOUR)
        wait = int(source.days * chance.shaped(_WAIT) * DAY)
        if converts:
            lead.converted = max(office_time(at + wait, chance), at + HOUR)
        leads.append(lead)
        if chance.happens(0.045):
            leads.append(_second_form(lead, chance))
    leads += _at_the_edges(pool, chance)
    leads.sort(key=lambda lead: lead.created)
    for number, lead in enumerate(leads, 1):
        lead.id = f"L{number:05}"
        _finish(lead, number, chance)
    _merge(leads)
    return leads


def _campaign(campaigns: list[Campaign], source: Source, at: int) -> str | None:
    """The source's newest campaign that had started by then."""
    for each in reversed(campaigns):
        if each.source == source.name and each.started <= at:
            return each.id
    return None


def _second_form(lead: Lead, chance: Chance) -> Lead:
    """The same person once more: minutes or months later, the address in another case."""
    later = lead.created + chance.pick((240, 20 * HOUR, 9 * DAY, 40 * DAY, 120 * DAY))
    email = lead.person.email or ""
    person = Person(
        lead.person.first,
        lead.person.last,
        chance.pick((email.upper(), email.title(), f" {email} ", email)),
        None,
    )
    return Lead(
        "",
        min(later, END - 60),
        person,
        lead.company,
        lead.source,
        lead.lead_type,
        None,
        lead.owner,
        "new",
        None,
    )


# UTC times at the borders of Rome's months, weeks and nights of clock changes.
_EDGES = (
    "2024-12-31T22:59:59", "2024-12-31T23:00:00", "2025-03-30T00:30:00", "2025-03-30T01:15:00",
    "2025-10-26T00:30:00", "2025-10-26T01:30:00", "2025-12-31T22:59:59", "2025-12-31T23:00:00",
    "2026-03-29T00:45:00", "2026-03-29T01:00:00", "2026-03-31T21:59:59", "2026-03-31T22:00:00",
    "2026-06-30T21:59:59", "2026-06-30T22:00:00", "2026-06-30T22:30:00", "2026-07-01T00:10:00",
    "2026-08-31T21:59:00", "2026-08-31T22:00:00", "2026-09-13T22:00:00", "2026-09-20T21:59:59",
    "2026-09-20T22:00:00", "2026-09-30T21:30:00", "2026-09-30T21:59:59", "2026-09-30T22:00:00",
    "2026-09-30T22:30:00", "2026-10-25T00:30:00", "2026-10-25T01:30:00", "2026-10-25T02:30:00",
)  # fmt: skip


def _at_the_edges(pool: list[Company], chance: Chance) -> list[Lead]:
    return [
        Lead(
            "",
            seconds(text),
            person_at(pool[600 + number], chance),
            pool[600 + number],
            SOURCES[number % 6],
            "Small business",
            None,
            SELLERS[number % len(SELLERS)],
            "new",
            None,
        )
        for number, text in enumerate(_EDGES)
    ]


def _finish(lead: Lead, number: int, chance: Chance) -> None:
    """Gives the lead its status and the faults that real lists have."""
    if lead.converted is not None and lead.converted >= END:
        lead.converted = None
    if lead.response is not None and lead.response >= END:
        lead.response = None
    if number % 97 == 0:
        lead.deleted = None  # a source that leaves the flag empty
    if lead.converted is not None:
        lead.status = "converted"
        return
    age = (END - lead.created) / DAY
    lead.status = "unqualified" if chance.happens(min(0.85, age / 90)) else "working"
    if lead.response is None and age < 30:
        lead.status = "new"
    fate = chance.draw()
    if fate < 0.03:
        lead.status = "junk"
        lead.person.email = chance.pick(("test@example.com", "asdf@asdf", lead.person.email))
    elif fate < 0.04:
        lead.deleted = True
    elif fate < 0.052:
        lead.person.email = None
    elif fate < 0.056:
        lead.owner = None


def _merge(made: list[Lead]) -> None:
    """Merges a third of the duplicates into the first lead with the same address."""
    first: dict[str, Lead] = {}
    merged = 0
    for lead in made:
        email = (lead.person.email or "").strip().lower()
        if not email or lead.status == "junk":
            continue
        if email not in first:
            first[email] = lead
        elif lead.converted is None:
            merged += 1
            if merged % 3 == 0 and not first[email].deleted:
                lead.merged_into = first[email].id


def lead_rows(made: list[Lead]) -> list[Row]:
    """Rows of `lead`."""
    return [
        (
            lead.id,
            lead.person.email,
            lead.person.phone,
            lead.company.name,
            lead.owner,
            lead.source.name,
            lead.lead_type,
            lead.campaign,
            lead.status,
            lead.created,
            lead.response,
            lead.converted,
            lead.contact,
            lead.account,
            lead.deal,
            lead.deleted,
            lead.merged_into,
        )
        for lead in made
    ]


def account_rows(made: list[Account]) -> list[Row]:
    """Rows of `account`. Some belong to another account (the one seven before them)."""
    return [
        (
            each.id,
            each.company.name,
            "customer" if each.won else "prospect",
            each.company.industry,
            each.company.country,
            each.company.region,
            made[place - 7].id if place % 19 == 18 else None,
            each.owner,
            each.created,
        )
        for place, each in enumerate(made)
    ]


def contact_rows(made: list[Contact]) -> list[Row]:
    """Rows of `contact`, with stale, bounced, missing and malformed addresses, and duplicates
    that were merged into the original."""
    chance = Chance(13)
    rows: list[Row] = []
    for number, each in enumerate(made, 1):
        person, email = each.person, each.person.email
        active = min(END - HOUR, each.created + int(chance.draw() * 500 * DAY))
        updated = min(END - HOUR, active + int(chance.draw() * 60 * DAY))
        bounced = updated if chance.happens(0.03) else None
        opted_out = updated if chance.happens(0.04) else None
        if number % 61 == 0:
            email = None
        elif number % 67 == 0:
            email = (email or "").replace("@", "@@")
        elif number % 71 == 0:
            email = "noemail@example.com"
        contact = [
            each.id,
            each.account.id,
            email,
            person.phone,
            person.first,
            person.last,
            each.account.owner,
            each.created,
            updated,
            active,
            bounced,
            opted_out,
            None,
        ]
        rows.append(tuple(contact))
        if number % 29 == 0:
            contact[0] = f"{each.id}X"
            contact[2] = (each.person.email or "").title()
            contact[12] = each.id
            rows.append(tuple(contact))
    return rows


def pool() -> list[Company]:
    """The companies that the demo knows; the first ones become accounts."""
    return companies(COMPANIES)
