"""What the demo's company has before the first customer: people, products, pipelines, campaigns.

Rows are made in whole numbers everywhere in this package: amounts in cents, times in seconds, dates
in days since the start of the demo. `columns` says which column is which.
"""

from __future__ import annotations

from datetime import date

from reportspec.demo.columns import Row
from reportspec.demo.names import mailbox
from reportspec.demo.timeline import DAY, END, FIRST_DAY, HOUR, seconds
from reportspec.lazy_dataclass import dataclass

MANAGER = "U01"
IDLE = "U05"  # active, but not one record bears this name
GONE = "U13"  # left in June 2025; the old deals still bear the name
GONE_AT = seconds("2025-06-15T00:00")

USERS: tuple[tuple[str, str, str | None], ...] = (
    ("U01", "Elena Moretti", None),
    ("U02", "Giulia Rossi", "North"),
    ("U03", "Marco Bianchi", "North"),
    ("U04", "Anna Lindqvist", "North"),
    ("U05", "Tommaso Gallo", "North"),
    ("U06", "Carmela Esposito", "South"),
    ("U07", "Salvatore D'Angelo", "South"),
    ("U08", "Paula Ibáñez", "South"),
    ("U09", "Ciro Russo", "South"),
    ("U10", "Jonas Müller", "West"),
    ("U11", "Claire Lefèvre", "West"),
    ("U12", "Niamh O'Brien", "West"),
    ("U13", "Piero Sala", "West"),
)
SELLERS = tuple(user for user, _, team in USERS if team and user not in (IDLE, GONE))
# How much better than the mean each of them sells.
SKILL = {
    "U01": 1.2, "U02": 1.2, "U03": 0.95, "U04": 1.05, "U06": 1.1, "U07": 0.85, "U08": 1.0,
    "U09": 0.9, "U10": 1.15, "U11": 0.9, "U12": 1.0, "U13": 0.8,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage; its place in STAGES is how the generator speaks of it."""

    id: str
    pipeline: str
    name: str
    position: int
    probability: float
    outcome: str  # open, won, lost
    forecast: str
    rotting_days: int | None


NEW_BUSINESS, RENEWALS = "P1", "P2"
PIPELINES: list[Row] = [(NEW_BUSINESS, "New business"), (RENEWALS, "Renewals")]
STAGES = (
    Stage("S11", NEW_BUSINESS, "Qualification", 1, 0.1, "open", "pipeline", 14),
    Stage("S12", NEW_BUSINESS, "Discovery", 2, 0.25, "open", "pipeline", 21),
    Stage("S13", NEW_BUSINESS, "Proposal", 3, 0.5, "open", "best_case", 21),
    Stage("S14", NEW_BUSINESS, "Negotiation", 4, 0.75, "open", "commit", 14),
    Stage("S15", NEW_BUSINESS, "Won", 5, 1.0, "won", "closed", None),
    Stage("S16", NEW_BUSINESS, "Lost", 6, 0.0, "lost", "omitted", None),
    Stage("S21", RENEWALS, "Renewal review", 1, 0.6, "open", "best_case", 30),
    Stage("S22", RENEWALS, "Renewal offer", 2, 0.8, "open", "commit", 21),
    Stage("S23", RENEWALS, "Renewed", 3, 1.0, "won", "closed", None),
    Stage("S24", RENEWALS, "Churned", 4, 0.0, "lost", "omitted", None),
)
QUALIFICATION, DISCOVERY, PROPOSAL, NEGOTIATION, WON, LOST = range(6)
REVIEW, OFFER, RENEWED, CHURNED = range(6, 10)


@dataclass(frozen=True, slots=True)
class Product:
    """A product; prices in cents of any currency."""

    id: str
    name: str
    family: str
    tier: int | None
    price: int
    cost: int


# By price, so that a line can look up what fits its share of the deal.
PRODUCTS = (
    Product("PR01", "Training day", "Services", None, 89_000, 41_000),
    Product("PR02", "Support Basic", "Support", 1, 119_990, 30_000),
    Product("PR03", "Sensor kit", "Hardware", 1, 164_950, 92_500),
    Product("PR04", "Analytics Start", "Analytics", 1, 248_000, 37_000),
    Product("PR05", "Platform Start", "Platform", 1, 389_900, 58_000),
    Product("PR06", "Support Plus", "Support", 2, 424_990, 120_000),
    Product("PR07", "Onboarding", "Services", None, 560_000, 310_000),
    Product("PR08", "Analytics Team", "Analytics", 2, 745_500, 96_000),
    Product("PR09", "Edge gateway", "Hardware", 2, 899_900, 505_000),
    Product("PR10", "Platform Pro", "Platform", 2, 1_190_000, 150_000),
    Product("PR11", "Support Premium", "Support", 3, 1_384_990, 400_000),
    Product("PR12", "Analytics Enterprise", "Analytics", 3, 1_975_000, 210_000),
    Product("PR13", "Platform Enterprise", "Platform", 3, 2_890_000, 330_000),
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign; `source` is the lead source that it feeds; times in seconds, costs in cents."""

    id: str
    name: str
    source: str
    status: str
    started: int
    sent: int | None
    ended: int | None
    budget: int
    cost: int | None


def campaigns() -> list[Campaign]:
    """A newsletter each month, paid ads each quarter, fairs in spring and autumn; one draft and
    one that was called off."""
    campaigns: list[Campaign] = []

    def add(name: str, source: str, status: str, start: str, days: int, budget: int) -> None:
        number = len(campaigns) + 1
        started = seconds(start)
        ended = min(started + days * DAY, END - HOUR)
        over = status in ("sent", "completed") and started + days * DAY <= END
        cost = None if status in ("draft", "cancelled") else budget * (88 + number * 7 % 25) // 100
        sent = started + 30 * HOUR if status == "sent" else None
        campaigns.append(
            Campaign(
                f"C{number:03}",
                name,
                source,
                status,
                started,
                sent,
                ended if over else None,
                budget,
                cost,
            )
        )

    for year in (2024, 2025, 2026):
        for month in range(1, 13 if year < 2026 else 11):
            first = f"{year}-{month:02}"
            add(f"Newsletter {first}", "Email campaign", "sent", f"{first}-03T08:00", 14, 90_000)
            if month in (1, 4, 7, 10):
                name = f"Search ads {year} Q{month // 3 + 1}"
                status = "active" if first == "2026-10" else "completed"
                add(name, "Paid ads", status, f"{first}-01T00:00", 90, 1_150_000)
            if month in (3, 9):
                name = f"{'Milan' if month == 3 else 'Munich'} fair {year}"
                add(name, "Event", "completed", f"{first}-10T07:00", 4, 2_400_000)
    add("Customer day 2026", "Event", "cancelled", "2026-09-22T07:00", 1, 800_000)
    add("Newsletter 2026-11", "Email campaign", "draft", "2026-10-29T08:00", 14, 90_000)
    return campaigns


def user_rows() -> list[Row]:
    """Rows of `user`; everybody reports to the manager, who reports to nobody."""
    return [
        (
            user,
            name,
            f"{_mailbox(name)}@example.com",
            team,
            None if user == MANAGER else MANAGER,
            user != GONE,
        )
        for user, name, team in USERS
    ]


def stage_rows() -> list[Row]:
    """Rows of `stage`."""
    return [
        (
            stage.id,
            stage.pipeline,
            stage.name,
            stage.position,
            stage.probability,
            stage.outcome == "won",
            stage.outcome == "lost",
            stage.forecast,
            stage.rotting_days,
        )
        for stage in STAGES
    ]


def product_rows() -> list[Row]:
    """Rows of `product`."""
    return [(each.id, each.name, each.family, each.tier, each.price, each.cost) for each in PRODUCTS]


def campaign_rows(made: list[Campaign]) -> list[Row]:
    """Rows of `campaign`."""
    return [
        (
            each.id,
            each.name,
            each.source,
            each.status,
            each.started,
            each.sent,
            each.ended,
            each.budget,
            each.cost,
            "EUR",
        )
        for each in made
    ]


def rate_rows() -> list[Row]:
    """Rows of `fx_rate`: what a dollar and a franc are worth in euro, from the first of each month."""
    rows: list[Row] = []
    for number in range(-1, 36):
        year, month = 2024 + number // 12, number % 12 + 1
        day = (date(year, month, 1) - FIRST_DAY).days
        swing = (0, 3, 5, 4, 1, -2, -4, -3, -1, 2, 4, 1)[month - 1]
        rows.append((day, "USD", "EUR", (920 - number // 2 + swing) / 1000))
        rows.append((day, "CHF", "EUR", (1045 + number // 3 - swing) / 1000))
    return rows


def goal_rows() -> list[Row]:
    """Rows of `goal`: each seller's quota for a quarter, and what the whole firm aims for."""
    rows: list[Row] = []
    names = {user: name for user, name, _ in USERS}
    for number in range(12):
        year, quarter = 2024 + number // 4, number % 4
        first = (date(year, quarter * 3 + 1, 1) - FIRST_DAY).days
        after = date(year + (quarter == 3), (quarter * 3 + 3) % 12 + 1, 1)
        last = (after - FIRST_DAY).days - 1
        for user in SELLERS:
            target = int(SKILL[user] * (60_000 + 9_000 * number) / 1_000) * 1_000
            rows.append(("new_revenue_amount", "user.name", names[user], first, last, float(target)))
        rows.append(("close_rate", None, None, first, last, 0.35))
    return rows


def _mailbox(name: str) -> str:
    first, _, last = name.partition(" ")
    return mailbox(first, last)
