"""The demo's deals: who sells what to whom, through which stages, with what end."""

from __future__ import annotations

from reportspec.demo.chance import Chance
from reportspec.demo.columns import Row
from reportspec.demo.firm import (
    CHURNED,
    DISCOVERY,
    LOST,
    MANAGER,
    NEGOTIATION,
    OFFER,
    PRODUCTS,
    PROPOSAL,
    QUALIFICATION,
    RENEWED,
    REVIEW,
    SKILL,
    STAGES,
    WON,
    Product,
)
from reportspec.demo.market import Account, Contact, Lead, Source, person_at, seller
from reportspec.demo.names import Company
from reportspec.demo.timeline import DAY, END, HOUR, office_time, spread
from reportspec.lazy_dataclass import dataclass

FIRST_ACCOUNTS = 40  # those that were there when the CRM was introduced
REPEATS = 770  # deals that start at an account and not at a lead
TYPICAL = 3_550_000  # cents: what a deal of the middle size is about
_SIZE = (0.08, 0.24, 0.38, 0.5, 0.62, 0.76, 0.92, 1.12, 1.4, 1.8, 2.9)  # of TYPICAL
_CYCLE = (0.2, 0.42, 0.58, 0.7, 0.82, 0.95, 1.1, 1.28, 1.5, 1.8, 2.6)  # of the mean days
_SIZE_OF = {"Small business": 0.62, "Mid-market": 1.05, "Enterprise": 1.7}
_LENGTH_OF = {"Small business": 0.85, "Mid-market": 1.05, "Enterprise": 1.35}
_LOSS_REASONS = (
    ("Price", 0.26),
    ("No decision", 0.2),
    ("Competitor", 0.18),
    ("No budget", 0.13),
    ("Timing", 0.09),
    ("Missing feature", 0.06),
    (None, 0.08),
)
_COMPETITORS = ("Nordsoft", "Velora", "Quantis", "Brightdesk")


@dataclass(slots=True)
class Visit:
    """The deal enters a stage, or (stage as before) its amount changes. Amounts in cents."""

    stage: int
    at: int
    amount: int | None


@dataclass(slots=True)
class Line:
    """A product in a deal."""

    product: Product
    quantity: int
    unit_price: int


@dataclass(slots=True)
class Deal:
    """A deal in the making: what it is, and its path so far. Times in seconds, amounts in cents.

    `status`, `closed`, `stage` are those at the end of the demo's time.
    """

    id: str
    name: str
    account: Account | None
    contact: str | None
    lead: Lead | None
    owner: str | None
    kind: str | None
    source: str | None
    lead_type: str | None
    amount: int | None
    currency: str
    created: int
    visits: list[Visit]
    lines: list[Line]
    expected: int | None = None
    reason: str | None = None
    competitor: str | None = None
    deleted: bool | None = False
    recorded: bool = True  # whether the stage history has it
    stage: int = 0
    status: str = "open"
    closed: int | None = None
    lost_from: int | None = None


@dataclass(slots=True)
class Book:
    """All that selling leads to."""

    accounts: list[Account]
    contacts: list[Contact]
    deals: list[Deal]


def sell(leads: list[Lead], pool: list[Company], first_sources: tuple[Source, ...]) -> Book:
    """Turns the converted leads into accounts, contacts and deals, and sells again to those who
    bought: all in the order of time, since what an account bought decides what it is offered."""
    chance = Chance(346)
    book = Book([], [], [])
    by_name: dict[str, Account] = {}
    for number in range(FIRST_ACCOUNTS):
        source = first_sources[number % len(first_sources)]
        at = 7 * HOUR + number * 61
        account = _open_account(book, by_name, pool[number], source, "Mid-market", at, chance)
        _meet(book, account, at, chance)
        _meet(book, account, at + 20, chance)
    events: list[tuple[int, Lead | None]] = [(lead.converted, lead) for lead in leads if lead.converted is not None]
    events += [(at, None) for at in spread(REPEATS, chance, 0.55)]
    events.sort(key=lambda event: event[0])
    for at, lead in events:
        if lead is not None:
            _convert(book, by_name, lead, at, chance)
        else:
            _sell_again(book, at, chance)
    return book


def _open_account(
    book: Book,
    by_name: dict[str, Account],
    company: Company,
    source: Source,
    lead_type: str,
    at: int,
    chance: Chance,
) -> Account:
    number = len(book.accounts) + 1
    account = Account(f"A{number:04}", company, source, lead_type, seller(at, chance), at, [], [])
    book.accounts.append(account)
    by_name[company.name] = account
    return account


def _meet(book: Book, account: Account, at: int, chance: Chance) -> Contact:
    person = person_at(account.company, chance)
    contact = Contact(f"N{len(book.contacts) + 1:05}", account, person, at)
    book.contacts.append(contact)
    account.contacts.append(contact.id)
    return contact


def _convert(book: Book, by_name: dict[str, Account], lead: Lead, at: int, chance: Chance) -> None:
    """A lead becomes a contact and a deal, at a new account or at the one that is there."""
    account = by_name.get(lead.company.name)
    if account is None:
        account = _open_account(book, by_name, lead.company, lead.source, lead.lead_type, at, chance)
        if lead.owner is not None:
            account.owner = lead.owner
    contact = _meet(book, account, at, chance)
    contact.person = lead.person
    lead.contact, lead.account = contact.id, account.id
    kind = None if chance.happens(0.02) else "new_business"
    deal = _deal(book, account, lead, kind, at, chance)
    deal.contact = contact.id
    lead.deal = deal.id


def _sell_again(book: Book, at: int, chance: Chance) -> None:
    """A deal at an account that is there: to a customer an extension or a renewal, to others
    (and to some customers) something new."""
    account = chance.pick(book.accounts)
    for _ in range(3):  # customers are asked more often
        if any(won < at for won in account.won):
            break
        account = chance.pick(book.accounts)
    kind = "new_business"
    if any(won < at for won in account.won):
        kind = chance.weighted((("upsell", 0.32), ("cross_sell", 0.25), ("renewal", 0.25), ("new_business", 0.18)))
    if kind == "renewal" and not any(won < at - 150 * DAY for won in account.won):
        kind = "upsell"
    if chance.happens(0.1):
        _meet(book, account, at, chance)
    deal = _deal(book, account, None, kind, at, chance)
    deal.contact = chance.pick(account.contacts)


def _deal(
    book: Book,
    account: Account,
    lead: Lead | None,
    kind: str | None,
    at: int,
    chance: Chance,
) -> Deal:
    source = lead.source if lead is not None else account.source
    lead_type = lead.lead_type if lead is not None else account.lead_type
    owner = lead.owner if lead is not None else account.owner
    if lead is None:
        owner = MANAGER if chance.happens(0.015) else seller(at, chance)
    if chance.happens(0.004):
        owner = None
    size = TYPICAL * source.size * _SIZE_OF[lead_type] * chance.shaped(_SIZE)
    if kind in ("upsell", "cross_sell"):
        size *= 0.7
    currency = "EUR"
    if chance.happens(0.05):
        currency = "CHF" if account.company.country == "Switzerland" else "USD"
        currency = "CHF" if chance.happens(0.2) else currency
    lines = _lines(size, chance)
    amount: int | None = sum(line.quantity * line.unit_price for line in lines)
    if chance.happens(0.25):
        lines, amount = [], int(size / 5_000) * 5_000  # nobody entered the lines
    if chance.happens(0.02):
        amount = None
    elif chance.happens(0.006):
        amount = 0
    what = lines[0].product.name if lines else "Offer"
    deal = Deal(
        id=f"D{len(book.deals) + 1:05}",
        name=f"{account.company.name}: {what}{' renewal' if kind == 'renewal' else ''}",
        account=account,
        contact=None,
        lead=lead,
        owner=owner,
        kind=kind,
        source=source.name,
        lead_type=lead_type,
        amount=amount,
        currency=currency,
        created=at,
        visits=[],
        lines=lines,
    )
    wins = source.wins if kind in ("new_business", None) else _WINS_AGAIN[kind]
    won = chance.happens(wins * SKILL.get(owner or "", 1.0))
    length = 33.0 if kind == "renewal" else 56.0
    length *= source.length * _LENGTH_OF[lead_type] * (1 + 0.03 * at / (366 * DAY))
    deal.visits = _path(kind == "renewal", won, at, length * chance.shaped(_CYCLE), amount, chance)
    if chance.happens(0.018):  # forgotten: nobody ever closes it
        deal.visits = [visit for visit in deal.visits if STAGES[visit.stage].outcome == "open"]
    deal.recorded = not chance.happens(0.006)
    if not won:
        deal.reason = chance.weighted(_LOSS_REASONS)
        if deal.reason == "Competitor" or chance.happens(0.2):
            deal.competitor = chance.pick(_COMPETITORS)
        comes_back = chance.happens(0.03)
        if comes_back and deal.recorded and STAGES[deal.visits[-1].stage].outcome == "lost":
            _reopen(deal, chance)
    expected = deal.visits[-1].at + chance.whole(-20, 12) * DAY
    deal.expected = None if chance.happens(0.02) else max(expected, at + 5 * DAY)
    settle(deal)
    if deal.status == "won" and deal.closed is not None:
        account.won.append(deal.closed)
    book.deals.append(deal)
    return deal


_WINS_AGAIN = {"upsell": 0.34, "cross_sell": 0.3, "renewal": 0.57}


def _lines(size: float, chance: Chance) -> list[Line]:
    """One to three lines, of products and quantities that come to about `size` cents."""
    count = chance.weighted(((1, 0.45), (2, 0.35), (3, 0.2)))
    lines: list[Line] = []
    for _ in range(count):
        share = size / count
        fitting = [each for each in PRODUCTS if each.price <= share * 1.15] or PRODUCTS[:1]
        product = chance.pick(fitting[-5:])
        quantity = max(1, int(share / product.price + 0.5))
        discount = chance.pick((0, 0, 5, 10, 15))
        lines.append(Line(product, quantity, product.price * (100 - discount) // 100))
    return lines


def _path(renewal: bool, won: bool, start: int, days: float, amount: int | None, chance: Chance) -> list[Visit]:
    """The stages from the first to the last one, the whole way however far into the future."""
    first, last = (REVIEW, OFFER) if renewal else (QUALIFICATION, NEGOTIATION)
    closing = (RENEWED if won else CHURNED) if renewal else (WON if won else LOST)
    stage = first + (not renewal and chance.happens(0.1))
    if renewal:
        target = last if won else chance.whole(first, last)
    elif won:
        target = last if chance.happens(0.9) else PROPOSAL
    else:
        target = chance.weighted(((QUALIFICATION, 0.26), (DISCOVERY, 0.3), (PROPOSAL, 0.26), (NEGOTIATION, 0.18)))
    stages = [min(stage, target)]
    while stages[-1] < target:
        here = stages[-1]
        if here > first and len(stages) < 6 and chance.happens(0.06):
            stages.append(here - 1)
        else:
            stages.append(here + (2 if here + 2 <= target and chance.happens(0.08) else 1))
    if target > first and chance.happens(0.05):
        stages += [target - 1, target]
    stages.append(closing)
    shares = [0.35 + chance.draw() * 1.3 for _ in stages[1:]]
    scale, gone = days * DAY / sum(shares), 0.0
    visits = [Visit(stages[0], start, amount)]
    for stage, share in zip(stages[1:], shares, strict=True):
        gone += share * scale
        before = visits[-1]
        at = max(office_time(start + int(gone), chance), before.at + 20 * 60)
        if chance.happens(0.12) and amount:
            # A change of the amount: the history repeats the stage.
            middle = (before.at + at) // 2
            visits.append(Visit(before.stage, middle, amount))
            before.amount = amount * chance.pick((70, 85, 90, 110, 125)) // 100
        visits.append(Visit(stage, at, amount))
    return visits


def _reopen(deal: Deal, chance: Chance) -> None:
    """The customer comes back after the deal was lost."""
    lost = deal.visits[-1]
    renewal = STAGES[lost.stage].pipeline == STAGES[RENEWED].pipeline
    back = office_time(lost.at + chance.whole(6, 70) * DAY, chance)
    again = office_time(back + chance.whole(4, 40) * DAY, chance)
    won = chance.happens(0.6)
    if renewal:
        stages = (OFFER, RENEWED if won else CHURNED)
    else:
        stages = (PROPOSAL, WON if won else LOST)
    deal.visits.append(Visit(stages[0], back, deal.amount))
    deal.visits.append(Visit(stages[1], max(again, back + HOUR), deal.amount))


def settle(deal: Deal) -> None:
    """Cuts the path off at the end of the demo's time and reads the deal's state from it."""
    deal.visits = [visit for visit in deal.visits if visit.at < END] or deal.visits[:1]
    last = deal.visits[-1]
    deal.stage, deal.status = last.stage, STAGES[last.stage].outcome
    deal.closed = None if deal.status == "open" else last.at
    deal.lost_from = None
    if deal.status == "lost":
        was_open = [each.stage for each in deal.visits if STAGES[each.stage].outcome == "open"]
        deal.lost_from = was_open[-1]
    else:
        deal.reason = None
        deal.competitor = deal.competitor if deal.status == "open" else None


def deal_rows(made: list[Deal]) -> list[Row]:
    """Rows of `deal`."""
    rows: list[Row] = []
    for number, deal in enumerate(made, 1):
        stage = STAGES[deal.stage]
        probability = None if deal.status == "open" and number % 3 else stage.probability
        latest = max(deal.visits[-1].at, deal.closed or 0, deal.created)
        rows.append(
            (
                deal.id,
                deal.name,
                deal.account.id if deal.account else None,
                deal.contact,
                deal.lead.id if deal.lead else None,
                deal.owner,
                stage.pipeline,
                stage.id,
                deal.status,
                deal.amount,
                deal.currency,
                probability,
                stage.forecast,
                deal.kind,
                deal.source,
                deal.lead_type,
                deal.lead.campaign if deal.lead else None,
                deal.created,
                deal.expected // DAY if deal.expected is not None else None,
                deal.closed,
                deal.reason,
                STAGES[deal.lost_from].id if deal.lost_from is not None else None,
                deal.competitor,
                latest,
                deal.deleted,
            )
        )
    return rows


def history_rows(made: list[Deal]) -> list[Row]:
    """Rows of `deal_stage_history`: one for each visit and for each change of the amount. The
    expected date moves out by five days at each row."""
    rows: list[Row] = []
    for deal in made:
        if not deal.recorded:
            continue
        for place, visit in enumerate(deal.visits):
            left = deal.visits[place + 1].at if place + 1 < len(deal.visits) else None
            to_come = len(deal.visits) - 1 - place
            expected = None if deal.expected is None else deal.expected - to_come * 5 * DAY
            rows.append(
                (
                    deal.id,
                    STAGES[visit.stage].id,
                    visit.at,
                    left,
                    deal.owner,
                    visit.amount,
                    STAGES[visit.stage].probability,
                    None if expected is None else max(expected, visit.at) // DAY,
                )
            )
    return rows


def line_rows(made: list[Deal]) -> list[Row]:
    """Rows of `deal_product`."""
    return [
        (
            deal.id,
            line.product.id,
            line.quantity,
            line.unit_price,
            line.quantity * line.unit_price,
        )
        for deal in made
        for line in deal.lines
    ]
