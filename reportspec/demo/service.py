"""The demo's customer service: cases, their service levels, calls, and what it all costs.

A team of five answers the phone from Monday to Friday. Complaints take longer than questions, the
phone is busiest on Mondays, and every thirtieth case is reopened on another day.
"""

from __future__ import annotations

from datetime import date, timedelta

from reportspec.demo.chance import Chance
from reportspec.demo.columns import Row
from reportspec.demo.market import Contact
from reportspec.demo.timeline import DAY, END, FIRST_DAY, HOUR, office_time, seconds, spread
from reportspec.lazy_dataclass import dataclass

AGENTS = ("U03", "U06", "U08", "U10", "U12")
_CASES = 2_600
_CALLS = 5_200
_TYPES = (("question", 0.52), ("incident", 0.3), ("complaint", 0.14), (None, 0.04))
_PRIORITIES = (("low", 0.2), ("normal", 0.55), ("high", 0.2), ("urgent", 0.05))
_CHANNELS = (("email", 0.5), ("phone", 0.3), ("web", 0.2))
_SUBJECTS = ("Login", "Invoice", "Delivery", "Sensor offline", "Export", "Slow dashboard")
# Hours until a case is solved: quantiles by type.
_HOURS: dict[str | None, tuple[float, ...]] = {
    "question": (0.1, 0.6, 2.0, 6.0, 22.0, 60.0),
    "incident": (0.5, 3.0, 9.0, 26.0, 70.0, 160.0),
    "complaint": (2.0, 14.0, 30.0, 60.0, 120.0, 300.0),
    None: (0.5, 2.0, 5.0, 20.0, 60.0, 90.0),
}
# Minutes until the first answer and until the solution that are promised.
_PROMISED = {
    "urgent": (60, 480),
    "high": (240, 1_440),
    "normal": (480, 4_320),
    "low": (1_440, 7_200),
}


@dataclass(slots=True)
class Case:
    """A request; times in seconds."""

    id: str
    contact: Contact
    owner: str | None
    subject: str
    type: str | None
    priority: str
    channel: str
    created: int
    response: int | None
    first_resolved: int | None
    resolved: int | None
    reopened: int
    merged_into: str | None = None
    spam: bool = False


def cases(contacts: list[Contact]) -> list[Case]:
    """All cases, the scripted ones first."""
    chance = Chance(71)
    known = [each for each in contacts if each.created < END - 30 * DAY]
    cases = _scripted(known)
    for at in spread(_CASES, chance, 0.35):
        cases.append(_case(len(cases) + 1, at, chance, known))
    for number in range(60, len(cases), 97):
        cases[number].merged_into = cases[number - 7].id
    for number in range(75, len(cases), 120):
        cases[number].spam = True
    return cases


def _case(number: int, at: int, chance: Chance, known: list[Contact]) -> Case:
    kind = chance.weighted(_TYPES)
    priority = chance.weighted(_PRIORITIES)
    promised = _PROMISED[priority]
    response = at + int(promised[0] * 60 * chance.shaped((0.02, 0.2, 0.45, 0.8, 1.7)))
    solved = at + int(chance.shaped(_HOURS[kind]) * HOUR)
    if chance.happens(0.85):
        solved = max(office_time(solved, chance), at + 300)
    first: int | None = solved
    last: int | None = solved
    reopened = 0
    if chance.happens(0.035):
        reopened = 1
        last = solved + chance.whole(1, 9) * DAY + chance.whole(0, 5) * HOUR
    if chance.happens(0.03):  # nobody gets round to it
        first = last = None
    return Case(
        f"T{number - 1:04}",
        chance.pick(known),
        chance.pick(AGENTS) if chance.happens(0.97) else None,
        chance.pick(_SUBJECTS),
        kind,
        priority,
        chance.weighted(_CHANNELS),
        at,
        _known(response),
        _known(first),
        _known(last) if _known(first) else None,
        reopened,
    )


def _known(at: int | None) -> int | None:
    """Nothing after the demo's end has happened yet."""
    return at if at is not None and at < END else None


def _scripted(known: list[Contact]) -> list[Case]:
    """Cases at the edges: over midnight in Rome, and reopened and solved on another day."""

    def case(number: int, created: str, first: str | None, last: str | None, kind: str) -> Case:
        return Case(
            f"T{number - 1:04}",
            known[number],
            AGENTS[number % 5],
            "At the edge",
            kind,
            "normal",
            "email",
            seconds(created),
            seconds(first) if first else None,
            seconds(first) if first else None,
            seconds(last) if last else None,
            int(first != last),
        )

    return [
        case(1, "2026-08-11T21:59", "2026-08-11T22:10", "2026-08-11T22:10", "question"),
        case(2, "2026-08-12T07:00", "2026-08-12T09:00", "2026-08-14T09:00", "incident"),
        case(3, "2026-09-29T22:30", "2026-09-30T21:59:59", "2026-09-30T21:59:59", "complaint"),
        case(4, "2026-09-30T21:00", "2026-09-30T22:00", "2026-09-30T22:00", "question"),
        case(5, "2026-07-03T08:00", None, None, "complaint"),
        case(6, "2026-03-29T00:30", "2026-03-29T01:30", "2026-03-29T01:30", "question"),
    ]


def case_rows(made: list[Case]) -> list[Row]:
    """Rows of `case_`."""
    return [
        (
            each.id,
            each.contact.id,
            each.contact.account.id,
            each.owner,
            each.subject,
            each.type,
            each.priority,
            each.channel,
            "solved" if each.resolved else "open",
            each.created,
            each.response,
            each.resolved,
            each.first_resolved,
            each.resolved,
            each.reopened,
            each.merged_into,
            each.spam,
        )
        for each in made
    ]


def sla_rows(made: list[Case]) -> list[Row]:
    """Rows of `sla_event`: two promises on nine cases of ten."""
    chance = Chance(72)
    rows: list[Row] = []
    for each in made:
        if not chance.happens(0.9):
            continue
        answer, solution = _PROMISED[each.priority]
        rows.append((each.id, "first_response", answer, each.created + answer * 60, each.response))
        due = each.created + solution * 60
        rows.append((each.id, "resolution", solution, due, each.resolved))
    return rows


_WAITS = (1.0, 8.0, 19.0, 35.0, 80.0, 300.0)
_TALKS = (20.0, 90.0, 170.0, 260.0, 420.0, 1_500.0)


def call_rows(made: list[Case]) -> list[Row]:
    """Rows of `service_call`: what came in, then the calls back on cases."""
    chance = Chance(73)
    rows: list[Row] = []
    for at in spread(_CALLS, chance, 0.3):
        about = chance.pick(made) if chance.happens(0.4) else None
        rows.append(_call(len(rows) + 1, at, "inbound", about, chance, _outcome(at, chance)))
    for each in made:
        for _ in range(chance.whole(0, 2) if each.type == "complaint" else chance.whole(0, 5) // 5):
            at = office_time(each.created + chance.whole(1, 40) * HOUR, chance)
            if each.created < at < END:
                answered = "answered" if chance.happens(0.7) else "abandoned"
                rows.append(_call(len(rows) + 1, at, "outbound", each, chance, answered))
    return rows


def _outcome(at: int, chance: Chance) -> str:
    hour, weekday = at % DAY // HOUR, at // DAY % 7
    if weekday > 4 or not 6 <= hour < 17:
        return "voicemail" if chance.happens(0.6) else "outside_hours"
    return chance.weighted((("answered", 0.87), ("abandoned", 0.11), ("voicemail", 0.02)))


def _call(number: int, at: int, direction: str, about: Case | None, chance: Chance, outcome: str) -> Row:
    waited = int(chance.shaped(_WAITS))
    talked = int(chance.shaped(_TALKS)) if outcome == "answered" else None
    rich = chance.happens(0.9)  # some phones only tell the talk time
    held = chance.whole(0, 90) if talked is not None and rich else None
    wrapped = chance.whole(10, 120) if talked is not None and rich else None
    answered = at + waited if outcome == "answered" else None
    ended = at + waited + (talked or 0) + (held or 0)
    agent = chance.pick(AGENTS) if outcome == "answered" or direction == "outbound" else None
    return (
        f"P{number:06}",
        about.id if about else None,
        about.contact.id if about else None,
        agent,
        direction,
        at,
        answered,
        ended,
        waited,
        talked,
        held,
        wrapped,
        outcome,
        direction == "outbound",
    )


def cost_rows() -> list[Row]:
    """Rows of `service_cost`: a month and channel each."""
    rows: list[Row] = []
    for number, month in enumerate(months()):
        for channel, base in (("phone", 1_150_000), ("email", 720_000)):
            rows.append((month, "Service", channel, base + number * 9_000, "EUR"))
    return rows


def sales_cost_rows() -> list[Row]:
    """Rows of `sales_marketing_cost`: a month and team each."""
    rows: list[Row] = []
    for number, month in enumerate(months()):
        for team, base in (("Marketing", 2_400_000), ("Sales", 6_100_000)):
            rows.append((month, team, base + number * 40_000, "EUR"))
    return rows


def months() -> list[int]:
    """The first day of each month of the demo, in days since its first."""
    rows = []
    for number in range(34):
        year, month = 2024 + number // 12, number % 12 + 1
        rows.append((date(year, month, 1) - FIRST_DAY).days)
    return rows


def business_rows() -> list[Row]:
    """Rows of `business_calendar`: Monday to Friday, 9 to 18 in Rome, without Italy's holidays."""
    rows: list[Row] = []
    for number in range((date(2027, 1, 31) - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(number)
        works = day.weekday() < 5 and not _holiday(day)
        opens = number * DAY + (9 - _offset(day)) * HOUR
        rows.append((number, works, opens if works else None, opens + 9 * HOUR if works else None))
    return rows


def _offset(day: date) -> int:
    """Hours that Rome is ahead of UTC at noon: 2 from the last Sunday of March to that of October."""

    def last_sunday(month: int) -> date:
        last = date(day.year, month, 31)
        return last - timedelta((last.weekday() + 1) % 7)

    return 2 if last_sunday(3) <= day < last_sunday(10) else 1


def _holiday(day: date) -> bool:
    fixed = {(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26)}
    easter_mondays = {date(2024, 4, 1), date(2025, 4, 21), date(2026, 4, 6)}
    return (day.month, day.day) in fixed or day in easter_mondays
