"""The demo's hand-placed deals: each is an edge of a metric's definition.

Times are UTC; Rome is two hours ahead in summer and one in winter, so 22:00 UTC on 30 June is the
first moment of July there.
"""

from __future__ import annotations

from reportspec.demo.deals import Book, Deal, Visit, settle
from reportspec.demo.firm import DISCOVERY, LOST, NEGOTIATION, PROPOSAL, QUALIFICATION, WON
from reportspec.demo.timeline import DAY, seconds
from reportspec.lazy_dataclass import dataclass

Q, D, P, N = QUALIFICATION, DISCOVERY, PROPOSAL, NEGOTIATION


@dataclass(frozen=True, slots=True)
class Script:
    """A deal told step by step. `account` is a place among the accounts, None for no account;
    `amount` in cents; a deal that is not `recorded` has no stage history."""

    name: str
    account: int | None
    owner: str
    amount: int | None
    path: tuple[tuple[int, str], ...]
    kind: str | None = "new_business"
    currency: str = "EUR"
    deleted: bool | None = False
    recorded: bool = True


SCRIPTS = (
    # The border between the second and the third quarter.
    Script("Last second of June", 3, "U02", 1_250_050, (
        (Q, "2026-04-20T08:00"), (P, "2026-05-11T09:30"), (WON, "2026-06-30T21:59:59"))),
    Script("First second of July", 4, "U06", 1_480_000, (
        (Q, "2026-04-22T08:00"), (D, "2026-05-04T09:00"), (WON, "2026-06-30T22:00:00"))),
    Script("Half past midnight in July", 5, "U11", 2_199_990, (
        (Q, "2026-05-04T09:12"), (N, "2026-06-08T13:00"), (WON, "2026-06-30T22:30:00"))),
    Script("Lost at half past midnight", 6, "U07", 930_000, (
        (Q, "2026-05-06T07:00"), (LOST, "2026-06-30T22:30:00"))),
    Script("Born at the border", 7, "U04", 760_000, (
        (Q, "2026-06-30T22:15"), (P, "2026-07-20T10:00"), (WON, "2026-08-12T10:00"))),
    Script("Last second of September", 8, "U08", 1_820_000, (
        (Q, "2026-08-03T08:00"), (N, "2026-09-07T08:00"), (WON, "2026-09-30T21:59:59"))),
    Script("First second of October", 9, "U09", 7_750_000, (
        (Q, "2026-08-04T08:00"), (N, "2026-09-08T08:00"), (WON, "2026-09-30T22:00:00"))),
    # The border between years, in winter time.
    Script("Last second of 2025", 10, "U02", 2_410_000, (
        (Q, "2025-11-03T08:00"), (P, "2025-12-01T08:00"), (WON, "2025-12-31T22:59:59"))),
    Script("First second of 2026", 11, "U03", 5_120_000, (
        (Q, "2025-11-04T08:00"), (P, "2025-12-02T08:00"), (WON, "2025-12-31T23:00:00"))),
    Script("First second of spring quarter", 12, "U10", 1_333_333, (
        (Q, "2026-02-02T08:00"), (WON, "2026-03-31T22:00:00"))),
    # Week 38 of 2026 is Monday 14 to Sunday 20 September.
    Script("First second of week 38", 13, "U10", 640_000, (
        (Q, "2026-08-10T08:00"), (P, "2026-08-31T08:00"), (WON, "2026-09-13T22:00:00"))),
    Script("Sunday night of week 38", 14, "U07", 880_000, (
        (D, "2026-08-11T08:00"), (LOST, "2026-09-20T21:59:59"))),
    # Nights in which the clocks change.
    Script("Spring forward 2025", 15, "U11", 910_000, (
        (Q, "2025-02-10T08:00"), (WON, "2025-03-30T01:15:00"))),
    Script("Fall back 2025", 16, "U12", 540_000, (
        (Q, "2025-09-10T08:00"), (LOST, "2025-10-26T01:30:00"))),
    Script("Spring forward 2026", 17, "U02", 1_110_000, (
        (Q, "2026-02-10T08:00"), (P, "2026-03-29T00:30:00"), (WON, "2026-03-29T01:30:00"))),
    Script("Fall back 2026", 18, "U06", 1_670_000, (
        (Q, "2026-09-14T08:00"), (P, "2026-10-25T00:30:00"), (WON, "2026-10-25T01:30:00"))),
    # Reopened.
    Script("Lost in June, won in August", 19, "U03", 2_850_000, (
        (Q, "2026-03-02T08:00"), (P, "2026-04-14T08:00"), (LOST, "2026-06-11T09:00"),
        (P, "2026-07-14T08:30"), (WON, "2026-08-20T14:00"))),
    Script("Lost in June, won in September", 20, "U08", 1_540_000, (
        (Q, "2026-03-09T08:00"), (D, "2026-03-30T08:00"), (LOST, "2026-06-29T15:00"),
        (N, "2026-07-02T08:30"), (WON, "2026-09-15T07:45"))),
    Script("Lost in June, lost again", 21, "U04", 990_000, (
        (Q, "2026-03-16T08:00"), (LOST, "2026-06-15T15:00"), (P, "2026-07-21T08:30"),
        (LOST, "2026-09-02T07:45"))),
    Script("Won in June, undone, won in July", 22, "U02", 3_300_000, (
        (Q, "2026-04-01T08:00"), (N, "2026-06-02T08:00"), (WON, "2026-06-28T16:00"),
        (N, "2026-07-03T08:30"), (WON, "2026-07-20T10:00"))),
    Script("Won in June, lost in July", 23, "U09", 2_600_000, (
        (Q, "2026-04-02T08:00"), (N, "2026-06-03T08:00"), (WON, "2026-06-29T16:00"),
        (N, "2026-07-02T09:00"), (LOST, "2026-07-24T10:00"))),
    Script("Won in September, open again", 24, "U06", 1_960_000, (
        (Q, "2026-06-15T08:00"), (P, "2026-07-27T08:00"), (WON, "2026-09-22T12:00"),
        (N, "2026-10-09T08:00"))),
    Script("Lost in September, open again", 25, "U07", 1_230_000, (
        (Q, "2026-06-16T08:00"), (P, "2026-07-28T08:00"), (LOST, "2026-09-23T12:00"),
        (P, "2026-10-12T08:00"))),
    Script("Lost in September, won in October", 26, "U03", 1_720_000, (
        (Q, "2026-06-17T08:00"), (P, "2026-07-29T08:00"), (LOST, "2026-09-24T12:00"),
        (N, "2026-10-05T08:00"), (WON, "2026-10-21T08:00"))),
    # The same stage recorded again and again, back and forth, and a step that left the order.
    Script("Back and forth", 27, "U10", 4_100_000, (
        (Q, "2026-05-04T08:00"), (Q, "2026-05-11T08:00"), (D, "2026-05-18T08:00"),
        (P, "2026-06-01T08:00"), (P, "2026-06-08T08:00"), (P, "2026-06-15T08:00"),
        (D, "2026-07-06T08:00"), (P, "2026-07-20T08:00"), (N, "2026-08-17T08:00"),
        (N, "2026-08-31T08:00"), (WON, "2026-09-18T08:00"))),
    Script("Straight from the first stage", 28, "U11", 450_000, (
        (Q, "2026-08-03T08:00"), (WON, "2026-08-21T08:00"))),
    # One account, two deals won on one day; and once more half a year later.
    Script("Machines", 2, "U02", 1_400_000, (
        (Q, "2026-01-12T08:00"), (P, "2026-02-02T08:00"), (WON, "2026-03-04T08:10"))),
    Script("Machines, second order", 2, "U02", 610_000, (
        (Q, "2026-01-19T08:00"), (P, "2026-02-09T08:00"), (WON, "2026-03-04T15:40")),
        kind="upsell"),
    Script("Machines, third order", 2, "U02", 720_000, (
        (Q, "2026-06-22T08:00"), (P, "2026-07-13T08:00"), (WON, "2026-09-10T15:40")),
        kind="cross_sell"),
    # Closed before it was created (imported with today's date), at no account, without history.
    Script("Imported won", 29, "U10", 870_000, (
        (Q, "2026-08-24T08:00"), (WON, "2026-08-03T10:00")), recorded=False),
    Script("Imported won, small", 30, "U11", 320_000, (
        (Q, "2025-10-06T08:00"), (WON, "2025-09-30T10:00")), recorded=False),
    Script("Imported lost", 31, "U09", 1_150_000, (
        (Q, "2026-09-01T08:00"), (LOST, "2026-07-15T10:00")), recorded=False),
    Script("Walk-in customer", None, "U11", 230_000, (
        (Q, "2026-07-06T08:00"), (WON, "2026-07-27T08:00"))),
    Script("Web shop", None, "U02", 145_000, ((Q, "2026-05-18T08:00"), (WON, "2026-05-19T08:00"))),
    Script("Unknown buyer", None, "U12", 510_000, (
        (Q, "2025-05-05T08:00"), (WON, "2025-06-12T08:00"))),
    Script("Closed without history", 32, "U12", 690_000, (
        (Q, "2026-07-01T08:00"), (WON, "2026-09-09T08:00")), recorded=False),
    Script("Closed in October without history", 33, "U03", 1_980_000, (
        (Q, "2026-08-18T08:00"), (WON, "2026-10-14T08:00")), recorded=False),
    Script("Open without history", 34, "U08", 1_090_000, (
        (Q, "2026-09-03T08:00"), (P, "2026-09-17T08:00")), recorded=False),
    # Amounts: nothing known, nothing, cents around the thousand, other currencies, a credit.
    Script("No amount", 35, "U02", None, (
        (Q, "2026-06-02T08:00"), (D, "2026-06-22T08:00"), (WON, "2026-08-05T08:00"))),
    Script("Free pilot", 36, "U06", 0, ((Q, "2026-06-03T08:00"), (WON, "2026-08-06T08:00"))),
    Script("Just a thousand", 37, "U06", 100_000, (
        (Q, "2026-06-04T08:00"), (WON, "2026-08-07T08:00"))),
    Script("A cent below a thousand", 38, "U03", 99_999, (
        (Q, "2026-06-05T08:00"), (WON, "2026-08-10T08:00"))),
    Script("Dollars", 9, "U03", 9_900_000, (
        (Q, "2026-05-05T08:00"), (P, "2026-06-10T08:00"), (WON, "2026-07-30T08:00")),
        currency="USD"),
    Script("Francs", 10, "U08", 8_800_000, (
        (Q, "2026-05-06T08:00"), (P, "2026-06-11T08:00"), (WON, "2026-08-28T08:00")),
        currency="CHF"),
    Script("Type unknown", 39, "U12", 1_310_000, (
        (Q, "2026-06-10T08:00"), (P, "2026-07-08T08:00"), (WON, "2026-09-03T08:00")), kind=None),
    # Deleted, with amounts that would be missed at once.
    Script("Deleted jackpot", 0, "U02", 250_000_000, (
        (Q, "2026-06-01T08:00"), (P, "2026-07-01T08:00"), (WON, "2026-08-14T08:00")),
        deleted=True),
    Script("Deleted jackpot, second", 1, "U06", 99_999_999, (
        (Q, "2026-03-02T08:00"), (WON, "2026-05-14T08:00")), deleted=True),
    Script("Deleted jackpot, third", 3, "U10", 120_000_000, (
        (Q, "2025-06-02T08:00"), (N, "2025-07-02T08:00"), (WON, "2025-09-16T08:00")),
        deleted=True),
    Script("Deleted, first of its account", 5, "U03", 10_000, (
        (Q, "2024-01-08T08:00"), (WON, "2024-01-15T08:00")), deleted=True),
    Script("Deleted while open", 6, "U08", 300_000_000, (
        (Q, "2026-08-03T08:00"), (N, "2026-09-14T08:00")), deleted=True),
    Script("Deleted after the loss", 8, "U07", 88_000_000, (
        (Q, "2026-08-03T08:00"), (D, "2026-08-24T08:00"), (LOST, "2026-09-17T08:00")),
        deleted=True),
    Script("Flag left empty", 12, "U04", 470_000, (
        (Q, "2026-07-06T08:00"), (D, "2026-07-13T08:00"), (LOST, "2026-09-16T08:00")),
        deleted=None),
)  # fmt: skip


def act_out(book: Book) -> None:
    """Adds the scripted deals to the book, after the drawn ones."""
    for script in SCRIPTS:
        account = None if script.account is None else book.accounts[script.account]
        visits = [Visit(stage, seconds(at), script.amount) for stage, at in script.path]
        deal = Deal(
            id=f"D{len(book.deals) + 1:05}",
            name=script.name if account is None else f"{account.company.name}: {script.name}",
            account=account,
            contact=account.contacts[0] if account else None,
            lead=None,
            owner=script.owner,
            kind=script.kind,
            source=account.source.name if account else "Organic",
            lead_type=account.lead_type if account else "Small business",
            amount=script.amount,
            currency=script.currency,
            created=visits[0].at,
            visits=visits,
            lines=[],
            expected=visits[-1].at + 10 * DAY,
            deleted=script.deleted,
            recorded=script.recorded,
        )
        if any(visit.stage == LOST for visit in visits):
            deal.reason = "Price"
        settle(deal)
        if account is not None and deal.status == "won" and deal.deleted is not True:
            account.won.append(visits[-1].at)
        book.deals.append(deal)
