"""The demo's daily work: calls, meetings, mails, tasks and notes, and the quotes presented."""

from __future__ import annotations

from reportspec.demo.chance import Chance
from reportspec.demo.columns import Row
from reportspec.demo.deals import Deal
from reportspec.demo.firm import GONE, GONE_AT, MANAGER, OFFER, PROPOSAL
from reportspec.demo.market import Contact, Lead
from reportspec.demo.timeline import DAY, END, HOUR, office_time, seconds
from reportspec.lazy_dataclass import dataclass

_TYPES = (("call", 0.46), ("email", 0.25), ("meeting", 0.14), ("task", 0.1), ("note", 0.05))
_SUBJECTS = {
    "call": ("First call", "Follow-up call", "Call about the offer", "Call back"),
    "email": ("Documents sent", "Answer to a question", "Thanks for the meeting"),
    "meeting": ("Demo", "Site visit", "Contract meeting", "Kick-off"),
    "task": ("Prepare offer", "Check references", "Update the plan"),
    "note": ("Note",),
}
_TALK = (10, 45, 90, 160, 240, 340, 480, 700, 1100, 2400)  # seconds


@dataclass(slots=True)
class Activity:
    """Something done or planned; times in seconds."""

    type: str
    owner: str | None
    deal: str | None = None
    lead: str | None = None
    contact: str | None = None
    case: str | None = None
    direction: str | None = None
    subject: str | None = None
    created: int = 0
    due: int | None = None
    done: int | None = None
    status: str = "done"
    duration: int | None = None
    outcome: str | None = None


def activities(deals: list[Deal], leads: list[Lead], contacts: list[Contact]) -> list[Activity]:
    """All activities: on deals (sometimes after they closed), on leads, on contacts alone, on
    service cases, and those planned for the weeks after the demo's end."""
    chance = Chance(31)
    activities: list[Activity] = []
    for deal in deals:
        if deal.deleted:
            continue
        end = deal.closed or END
        if end <= deal.created:
            continue
        span = min(end - deal.created, 160 * DAY)
        count = chance.whole(0, 4) + (span > 15 * DAY) * chance.whole(0, 3)
        for _ in range(count):
            at = office_time(deal.created + int(chance.draw() * span), chance)
            _do(activities, at, deal.created, deal.owner, chance, deal=deal.id, contact=deal.contact)
        if deal.closed is not None and chance.happens(0.12):
            at = office_time(deal.closed + chance.whole(1, 30) * DAY, chance)
            _do(activities, at, deal.created, deal.owner, chance, deal=deal.id, contact=deal.contact)
        if deal.status == "open":
            _plan(activities, deal, chance)
    for lead in leads:
        if lead.response is not None and chance.happens(0.4):
            _do(activities, lead.response, lead.created, lead.owner, chance, lead=lead.id)
    for number, contact in enumerate(contacts):
        if number % 4 == 0:
            at = office_time(contact.created + int(chance.draw() * 300 * DAY), chance)
            _do(activities, at, contact.created, contact.account.owner, chance, contact=contact.id)
        if number % 17 == 0:
            at = office_time(contact.created + int(chance.draw() * 300 * DAY), chance)
            _do(activities, at, contact.created, contact.account.owner, chance, case=f"T{number:04}")
    activities += _at_the_edges(deals, leads, contacts)
    activities.sort(key=lambda each: each.created)
    return activities


def _do(
    made: list[Activity],
    at: int,
    since: int,
    owner: str | None,
    chance: Chance,
    *,
    deal: str | None = None,
    lead: str | None = None,
    contact: str | None = None,
    case: str | None = None,
) -> None:
    """Something was done at that time (unless it is too late for it), planned `since` at most."""
    if at >= END:
        return
    owner = _present(owner, at)
    kind = chance.weighted(_TYPES)
    each = Activity(kind, owner, deal, lead, contact, case)
    each.subject = chance.pick(_SUBJECTS[kind])
    each.done, each.created = at, at
    if kind in ("call", "email"):
        each.direction = "outbound" if chance.happens(0.76) else "inbound"
    if kind == "call":
        _talk(each, chance)
    if kind in ("meeting", "task") or chance.happens(0.25):
        each.created = max(since, at - int(chance.draw() * 9 * DAY))
        each.due = at - at % HOUR + chance.whole(-1, 1) * HOUR
    if chance.happens(0.02):
        each.done, each.status = None, "cancelled"
    made.append(each)


def _present(owner: str | None, at: int) -> str | None:
    """The owner; the manager for what was left by the one who is gone."""
    return MANAGER if owner == GONE and at >= GONE_AT else owner


def _talk(each: Activity, chance: Chance) -> None:
    """How long the call took and how it ended; one in twelve was not answered."""
    if chance.happens(0.08):
        each.duration, each.outcome = 0, "no answer"
    elif chance.happens(0.1):
        each.duration, each.outcome = chance.whole(15, 60), "voicemail"
    else:
        each.duration, each.outcome = int(chance.shaped(_TALK)), "connected"


def _plan(made: list[Activity], deal: Deal, chance: Chance) -> None:
    """The next step of an open deal: mostly ahead, sometimes overdue, for many there is none."""
    if not chance.happens(0.6):
        return
    kind = chance.pick(("call", "meeting", "task"))
    due = office_time(END + chance.whole(0, 30) * DAY, chance)
    if chance.happens(0.15):
        due = office_time(END - chance.whole(4, 30) * DAY, chance)
    created = max(deal.created, min(due, END) - chance.whole(1, 12) * DAY)
    made.append(
        Activity(
            kind,
            _present(deal.owner, END),
            deal.id,
            None,
            deal.contact,
            None,
            "outbound" if kind == "call" else None,
            chance.pick(_SUBJECTS[kind]),
            min(created, END - HOUR),
            due - due % HOUR,
            None,
            "planned",
        )
    )


# UTC times at the borders of Rome's months and weeks, and in the nights of clock changes.
_EDGES = (
    "2025-03-30T00:30:00", "2025-03-30T01:15:00", "2025-10-26T00:30:00", "2025-10-26T01:30:00",
    "2025-12-31T22:59:59", "2025-12-31T23:00:00", "2026-03-29T00:45:00", "2026-03-29T01:00:00",
    "2026-06-30T21:59:59", "2026-06-30T22:00:00", "2026-06-30T22:30:00", "2026-08-31T22:10:00",
    "2026-09-13T21:59:59", "2026-09-13T22:00:00", "2026-09-20T21:59:59", "2026-09-20T22:00:00",
    "2026-09-30T21:59:59", "2026-09-30T22:00:00", "2026-10-25T00:30:00", "2026-10-25T01:30:00",
)  # fmt: skip


def _at_the_edges(deals: list[Deal], leads: list[Lead], contacts: list[Contact]) -> list[Activity]:
    """Calls at the borders of periods and at the borders of what counts as a sales call."""

    def call(at: str, owner: str | None = "U02", **links: str | None) -> Activity:
        done = seconds(at)
        return Activity(
            "call",
            owner,
            links.get("deal"),
            links.get("lead"),
            links.get("contact"),
            links.get("case"),
            "outbound",
            "Call",
            min(done, END - DAY),
            None,
            done,
            "done",
            120,
            "connected",
        )

    kept = [deal for deal in deals if not deal.deleted and deal.closed is not None]
    at_close = [deal for deal in kept if deal.closed and deal.created < deal.closed][-4:]
    deleted = next(deal for deal in deals if deal.deleted)
    someone, deal = contacts[5].id, kept[700].id
    calls = [call(at, kept[-1 - number].owner, contact=contacts[number].id) for number, at in enumerate(_EDGES)]
    for each in at_close:  # the call in which the deal closed, and one a second later
        for later in (0, 1):
            calls.append(call(_EDGES[0], each.owner, deal=each.id))
            calls[-1].created = calls[-1].done = (each.closed or 0) + later
    # "Done" in the future.
    calls.append(call("2026-11-05T09:00", deal=deal))
    calls.append(call("2026-11-20T09:00", lead=leads[-50].id))
    calls.append(call("2027-02-01T09:00", contact=someone))
    # Not done although there is a time; done although there is none.
    for at in ("2026-08-04T09:00", "2026-09-16T09:00"):
        calls.append(call(at, deal=deal))
        calls[-1].status, calls[-1].outcome = "cancelled", None
    calls.append(call("2026-09-16T11:00", deal=deal))
    calls[-1].done = None
    # A case alone, a case with a contact, nothing at all, nobody's, on a deleted deal.
    calls.append(call("2026-09-15T09:00", case="T9001"))
    calls.append(call("2026-09-15T10:00", case="T9002", contact=someone))
    calls.append(call("2026-09-15T11:00"))
    calls.append(call("2026-09-15T12:00", None, contact=someone))
    calls.append(call("2026-09-15T13:00", deal=deleted.id))
    calls.append(call("2026-09-15T14:00", contact=someone))
    calls[-1].duration, calls[-1].outcome = 0, "no answer"
    calls.append(call("2026-09-15T15:00", contact=someone))
    calls[-1].direction = "inbound"
    calls.append(call("2026-09-15T16:00", contact=someone))
    calls[-1].direction = None
    calls.append(call("2026-09-15T17:00", contact=someone))
    calls[-1].subject = "Pays by card 4111 1111 1111 1111, confirm to office@personal.example"
    return calls


def activity_rows(made: list[Activity]) -> list[Row]:
    """Rows of `activity`."""
    return [
        (
            f"E{number:05}",
            each.type,
            each.direction,
            each.subject,
            each.owner,
            each.deal,
            each.lead,
            each.contact,
            each.case,
            each.created,
            each.due,
            each.done,
            each.status,
            each.duration,
            each.outcome,
        )
        for number, each in enumerate(made, 1)
    ]


def quote_rows(deals: list[Deal]) -> list[Row]:
    """Rows of `quote`: one to three versions under one number for most deals that came as far as
    an offer; the last one may be a draft, and a few lack or should lack a date."""
    chance = Chance(41)
    rows: list[Row] = []
    number = 0
    for deal in deals:
        offered = [visit.at for visit in deal.visits if visit.stage in (PROPOSAL, OFFER)]
        if deal.deleted or not offered or not deal.recorded or not chance.happens(0.74):
            continue
        number += 1
        end = deal.closed or END
        at = offered[0]
        versions = chance.weighted(((1, 0.7), (2, 0.22), (3, 0.08)))
        for version in range(1, versions + 1):
            created = at + int(chance.draw() * 2 * DAY)
            shown = office_time(created + int(chance.draw() * 3 * DAY), chance)
            last = version == versions
            draft = last and (deal.status == "open" or version > 1) and chance.happens(0.25)
            if created >= END or (shown >= END and not draft):
                break
            status = "draft" if draft else _quote_status(deal, last)
            presented = None if draft else shown
            if number % 60 == 0:
                # Sent without a date, and a draft with one.
                status, presented = ("sent", None) if number % 120 else ("draft", shown)
            if presented is not None and presented >= END:
                presented = None
            accepted = max(end, shown) if status == "accepted" else None
            amount = deal.amount
            if amount is not None and not last:
                amount = amount * chance.pick((105, 110, 120)) // 100
            rows.append(
                (
                    f"Q{len(rows) + 1:05}",
                    f"2{number:05}",
                    deal.id,
                    version,
                    deal.owner,
                    status,
                    amount,
                    deal.currency,
                    created,
                    presented,
                    accepted,
                )
            )
            at = shown + chance.whole(2, 24) * DAY
    return rows


def _quote_status(deal: Deal, last: bool) -> str:
    if not last:
        return "superseded"
    return {"won": "accepted", "lost": "rejected", "open": "sent"}[deal.status]
