"""Records without a fault, and records with faults, each with the checks that it is to fail: written by hand, so that
nothing of the audit says what is right.

The instant is noon of 28 November 2026 (UTC); times are UTC.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from reportspec.demo.columns import COLUMNS
from tests.engines.servers import Given

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
PREFIX = "audit_"
KEYS = {
    "user": "user_id",
    "account": "account_id",
    "contact": "contact_id",
    "lead": "lead_id",
    "pipeline": "pipeline_id",
    "stage": "stage_id",
    "deal": "deal_id",
    "product": "product_id",
    "activity": "activity_id",
    "quote": "quote_id",
    "campaign": "campaign_id",
    "order_": "order_id",
    "contract": "contract_id",
    "case_": "case_id",
    "service_call": "call_id",
}
Row = dict[str, Any]


def at(text: str) -> datetime:
    """A time: `11-20 09:30` of 2026, or with another year before it."""
    whole = text if text[4:5] == "-" else f"2026-{text}"
    return datetime.fromisoformat(whole)


def day(text: str) -> date:
    """A day of 2026."""
    return date.fromisoformat(f"2026-{text}")


@dataclass(frozen=True, slots=True)
class Planted:
    """A record of a table, told apart by its key, and the checks that it is to fail."""

    table: str
    key: str
    row: Row
    fails: frozenset[str]


SPELT = ("adam", "berta", "carlo", "dora", "emil", "fiona", "gustav", "helga", "ivo", "julia")


def _clean(table: str, n: int) -> Row:
    """The n-th record of a table that fails no check."""
    born = at("01-05 08:00") + timedelta(days=n, minutes=7 * n)
    name = f"{SPELT[n % 10]}{'abcdefghijklmnopqrst'[n // 10]}"
    rows: dict[str, Callable[[], Row]] = {
        "user": lambda: {"name": f"User {n}", "email": f"user{n}@firm.test-net.com", "team": "T", "is_active": True},
        "account": lambda: {
            "name": f"Company {name}",
            "type": "customer",
            "industry": "Energy",
            "country": "IT",
            "region": "North",
            "owner_id": f"user-{n % 3}",
            "created_at": born,
        },
        "contact": lambda: {
            "account_id": f"account-{n % 24}",
            "email": f"{name}@house-{n}.com",
            "phone": f"+39 02 84{n:02d}517",
            "first_name": name.capitalize(),
            "last_name": f"Rossi{n}",
            "owner_id": f"user-{n % 3}",
            "created_at": born,
            "updated_at": at("09-01 10:00"),
            "last_activity_at": at("10-01 10:00"),
        },
        "lead": lambda: {
            "email": f"{name}.lead@mill-{n}.com",
            "phone": f"+39 06 31{n:02d}842",
            "company": f"Mill {n}",
            "owner_id": f"user-{n % 3}",
            "source": "web",
            "status": "new",
            "created_at": born,
            "first_response_at": born + timedelta(hours=2),
        },
        "pipeline": lambda: {"name": f"Pipeline {n}"},
        "stage": dict,
        "deal": lambda: {
            "name": f"Deal {n}",
            "account_id": f"account-{n % 24}",
            "contact_id": f"contact-{n % 24}",
            "owner_id": f"user-{n % 3}",
            "pipeline_id": "pipeline-0",
            "stage_id": "stage-1",
            "status": "open",
            "amount": Decimal(1000 + 17 * n),
            "currency": "EUR",
            "probability": 0.3,
            "created_at": at("11-10 08:00") + timedelta(minutes=31 * n),
            "expected_close_date": day("12-20"),
            "is_deleted": False,
        },
        "product": lambda: {"name": f"Product {n}", "list_price": Decimal(100), "unit_cost": Decimal(40)},
        "activity": lambda: {
            "type": "call",
            "subject": f"Call {n}",
            "owner_id": f"user-{n % 3}",
            "deal_id": f"deal-{n % 24}",
            "contact_id": f"contact-{n % 24}",
            "created_at": at("11-20 08:00") + timedelta(minutes=n),
            "due_at": at("11-25 08:00"),
            "done_at": at("11-24 08:00") + timedelta(minutes=n),
            "status": "done",
            "duration_seconds": 300,
        },
        "quote": lambda: {
            "deal_id": f"deal-{n % 24}",
            "owner_id": f"user-{n % 3}",
            "status": "sent",
            "amount": Decimal(900),
            "currency": "EUR",
            "created_at": at("11-11 08:00"),
            "presented_at": at("11-12 08:00"),
        },
        "campaign": lambda: {
            "name": f"Campaign {n}",
            "channel": "email",
            "status": "done",
            "started_at": at("03-01 08:00"),
            "ended_at": at("03-20 08:00"),
            "actual_cost": Decimal(500),
            "currency": "EUR",
        },
        "order_": lambda: {
            "account_id": f"account-{n % 24}",
            "deal_id": f"deal-{n % 24}",
            "ordered_at": at("11-15 08:00"),
            "amount": Decimal(800),
            "currency": "EUR",
            "status": "paid",
        },
        "contract": lambda: {
            "account_id": f"account-{n % 24}",
            "starts_at": day("01-01"),
            "ends_at": day("12-31"),
            "value": Decimal(1200),
            "currency": "EUR",
        },
        "case_": lambda: {
            "contact_id": f"contact-{n % 24}",
            "account_id": f"account-{n % 24}",
            "owner_id": f"user-{n % 3}",
            "subject": "It does not start",
            "status": "solved",
            "created_at": at("11-01 08:00") + timedelta(minutes=n),
            "first_response_at": at("11-03 12:00"),
            "resolved_at": at("11-04 12:00"),
            "closed_at": at("11-05 12:00"),
        },
        "service_call": lambda: {
            "direction": "inbound",
            "queued_at": at("11-02 08:00"),
            "answered_at": at("11-02 08:01"),
            "ended_at": at("11-02 08:05"),
            "wait_s": 60,
            "talk_s": 240,
            "outcome": "answered",
        },
    }
    return rows[table]()


MANY = {"user": 3, "pipeline": 1, "stage": 0, "product": 3, "contact": 24, "account": 24, "deal": 24, "lead": 24}
PLANTED: list[Planted] = []


def plant(table: str, key: str, fails: str, **changes: Any) -> None:
    """One record with a fault: as clean ones are, but for the changes."""
    number = 50 + sum(one.table == table for one in PLANTED)
    PLANTED.append(Planted(table, key, {**_clean(table, number), **changes}, frozenset(fails.split())))


def _plant_all() -> None:
    """Each kind of fault. What a record names that is not planted elsewhere is one without a fault."""
    gone = {"owner_id": "user-gone"}
    plant("user", "u-other", "", team="U")
    plant("user", "user-gone", "", is_active=False)
    plant("user", "user-nameless", "user_name_missing", name=" ")
    plant("user", "user-twin", "user_duplicate_email", email="TWIN@firm.test-net.com")
    plant("user", "user-twin-2", "user_duplicate_email", email="twin@firm.test-net.com ")
    # Accounts
    plant("account", "a-nameless", "account_name_missing", name=None)
    plant("account", "a-srl", "account_duplicate_name", name="Ferro & Figli S.r.l.")
    plant("account", "a-srl-2", "account_duplicate_name", name="FERRO & FIGLI srl")
    plant("account", "a-srl-3", "account_duplicate_name", name="Ferro &  Figli")
    plant("account", "a-garbled", "account_name_garbled", name="SociÃ©tÃ© Duval")
    plant("account", "a-cyrillic", "account_name_look_alike", name="Sibеria Trading")  # the е is Cyrillic
    plant("account", "a-test", "account_name_placeholder", name="Test ")
    plant("account", "a-spelt", "account_industry_spelling", industry="energy ")
    plant("account", "a-spelt-2", "account_country_spelling", country="it")
    plant("account", "a-spelt-3", "account_type_spelling", type="Customer")
    plant("account", "a-region", "our_form our_region", region="N0rth")
    plant("account", "a-self", "account_own_parent", parent_account_id="a-self")
    plant("account", "a-nobody", "account_no_owner", owner_id=None)
    plant("account", "a-gone", "account_owner_inactive", **gone)
    plant("account", "a-lost", "no-partner:account.parent", parent_account_id="no such account")
    plant("account", "a-future", "account_created_in_future", created_at=at("12-01 08:00"))
    for number in range(20):
        plant("account", f"a-burst-{number}", "account_created_at_once", created_at=at(f"02-02 02:02:02.{number:02d}"))
    # Contacts
    mail = {"account_id": "account-1"}
    plant("contact", "c-mailless", "contact_email_missing", **mail, email="  ")
    for number, wrong in enumerate(
        ("a@@b.com", "a b@c.com", "name@host", "name@host.c", "name@.com", "@host.com", "dot.@host.com", "x@y.com.",
         "x@host..com", "x@host.c0m", "le ad@host.com", "one@two.com, three@four.com", "x@ho_st.com", "x@-host.com")
    ):  # fmt: skip
        plant("contact", f"c-invalid-{number}", "contact_email_invalid", **mail, email=wrong)
    for number, right in enumerate(
        (
            "o'brien+tag@sub.host.co.uk",
            "Åsa.Öberg@bücher.de",
            "a@b.it",
            "UPPER@HOST.COM",
            "x_1-2@h-o-s-t.info",
        )
    ):
        plant("contact", f"c-valid-{number}", "", **mail, email=right)
    plant("contact", "c-test", "contact_email_placeholder", email="test@house-99.com")
    plant("contact", "c-example", "contact_email_placeholder", email="anna@EXAMPLE.com ".strip())
    plant("contact", "c-thrown", "contact_email_disposable", email="anna@mailinator.com")
    plant("contact", "c-private", "contact_email_free", email="anna.bianchi@gmail.com")
    plant("contact", "c-bounced", "contact_email_bounced", email_bounced_at=at("05-05 05:05"))
    plant("contact", "c-bounced-out", "", email_bounced_at=at("05-05 05:05"), opted_out_at=at("05-06 05:05"))
    plant("contact", "c-stale", "contact_stale", last_activity_at=None, updated_at=at("2024-11-20 08:00"))
    plant("contact", "c-twin", "contact_duplicate_email", account_id="account-2", email="twin@house.com")
    plant("contact", "c-twin-2", "contact_duplicate_email", account_id="account-2", email=" Twin@house.com ".strip())
    for number in (6, 7):  # of whom nothing says that they are one
        mine = {"account_id": f"account-{number}", "email": "noemail@house-98.com"}
        plant("contact", f"c-invented-{number}", "contact_email_placeholder", **mine)
    both = "contact_duplicate_email contact_in_two_accounts"
    plant("contact", "c-two", both, account_id="account-2", email="two@house.com")
    plant("contact", "c-two-2", both, account_id="account-3", email="TWO@house.com")
    plant("contact", "c-same", "contact_duplicate_name", account_id="account-4", first_name="Ugo", last_name="Neri")
    plant("contact", "c-same-2", "contact_duplicate_name", account_id="account-4", first_name="ugo ", last_name="NERI")
    plant("contact", "c-same-3", "", account_id="account-5", first_name="Ugo", last_name="Neri")
    plant("contact", "c-nameless", "contact_name_missing", last_name="")
    plant("contact", "c-garbled", "contact_name_garbled", last_name="MÃ¼ller")
    plant("contact", "c-greek", "contact_name_look_alike", last_name="Rοssi")  # the ο is Greek
    plant("contact", "c-dummy", "contact_name_placeholder", first_name="Dummy")
    plant("contact", "c-phone", "contact_phone_placeholder", phone="(555) 555-5555")
    plant("contact", "c-phone-2", "contact_phone_placeholder", phone="000 000 0000")
    plant("contact", "c-phone-3", "contact_phone_length", phone="02 84")
    plant("contact", "c-homeless", "contact_no_account", account_id=None)
    plant("contact", "c-lost", "no-partner:contact.account", account_id="no such account")
    plant("contact", "c-nobody", "contact_no_owner", owner_id=" ")
    plant("contact", "c-gone", "contact_owner_inactive", **gone)
    plant("contact", "c-future", "contact_created_in_future", created_at=at("12-01 08:00"))
    then = {"created_at": at("01-07 08:00")}  # of no day of their own, which would tell that the table has ended
    for number, right in enumerate((" blank@host.com", "blank@host.it ")):
        plant("contact", f"c-blank-{number}", "", **mail, **then, email=right)
    for number, phone in enumerate(("+39 0000000", "0049 (555) 55555", "+390000000", "+1-111 111 1111")):
        plant("contact", f"c-phone-of-{number}", "contact_phone_placeholder", phone=phone, **then)
    for number, phone in enumerate(("+39 06 66666666", "+44 20 0000 0001", "+39 02 1111", "+390666666666")):
        plant("contact", f"c-phone-not-{number}", "", phone=phone, **then)
    # Leads
    plant("lead", "l-mailless", "lead_email_missing", email=None)
    plant("lead", "l-invalid", "lead_email_invalid", email="no at sign")
    plant("lead", "l-made-up", "lead_email_placeholder", email="asdf@mill-99.com")
    plant("lead", "l-thrown", "lead_email_disposable", email="x@yopmail.com")
    plant("lead", "l-private", "lead_email_free", email="mario.verdi@libero.it")
    plant("lead", "l-phone", "lead_phone_placeholder", phone="1234567890")
    plant("lead", "l-phone-2", "lead_phone_length", phone="12")
    twice = {"email": "twice@mill-98.com", "first_response_at": at("05-05 12:00")}
    plant("lead", "l-once", "", created_at=at("05-05 10:00"), **twice)
    plant("lead", "l-twice", "lead_double_submit", created_at=at("05-05 10:10"), **twice)
    plant("lead", "l-later", "", created_at=at("05-05 10:20:01"), **twice)
    plant("lead", "l-garbled", "lead_company_garbled", company="CafÃ© Nord")
    plant("lead", "l-cyrillic", "lead_company_look_alike", company="Мill 7")  # the М is Cyrillic
    plant("lead", "l-contact", "lead_is_contact", email="ADAMA@house-0.com")
    plant("lead", "l-nobody", "lead_no_owner", owner_id=None)
    plant("lead", "l-misrouted", "lead_misrouted", owner_id="u-other")
    plant("lead", "l-gone", "lead_owner_inactive", **gone)
    plant("lead", "l-waits", "lead_no_followup", first_response_at=None, created_at=at("11-26 11:59"))
    plant("lead", "l-fresh", "", first_response_at=None, created_at=at("11-26 12:00"))
    plant("lead", "l-worked", "", first_response_at=None)
    # Nobody is to answer, or to look after, what was given up.
    left = {"first_response_at": None, "created_at": at("03-03 08:00"), "email": "ADAMA@house-0.com"}
    plant("lead", "l-junk", "", **left, status="junk", owner_id=None)
    plant("lead", "l-refused", "", **{**left, "created_at": at("03-04 08:00")}, status=" Unqualified", **gone)
    plant("lead", "l-unmarked", "lead_junk_unmarked", status="Junk ")
    plant("lead", "l-sourceless", "lead_source_missing", source=None)
    plant("lead", "l-spelt", "lead_source_spelling", source="Web")
    plant("lead", "l-spelt-2", "lead_source_spelling", source="web ")
    plant("lead", "l-nothing", "lead_converted_to_nothing", converted_at=at("11-01 08:00"))
    early = {"converted_at": at("2025-12-01 08:00"), "converted_contact_id": "contact-1"}
    plant("lead", "l-early", "lead_converted_before_created", **early)
    plant("lead", "l-quick", "lead_answered_before_created", first_response_at=at("2025-12-01 08:00"))
    plant("lead", "l-future", "lead_created_in_future lead_answered_before_created", created_at=at("12-05 08:00"))
    lost = {"converted_at": at("11-01 08:00"), "converted_deal_id": "no such deal"}
    plant("lead", "l-lost", "no-partner:lead.converted_deal", **lost)
    # Stages
    steps = ("New", "Qualified", "Offer", "Negotiation")
    for number, name in enumerate(steps):
        place = {"pipeline_id": "pipeline-0", "position": 10 * number, "probability": 0.1 + number / 5}
        plant("stage", f"stage-{number}", "", name=name, **place, is_won=False, is_lost=False)
    ends = {"pipeline_id": "pipeline-0"}
    plant("stage", "stage-won", "", name="Won", **ends, position=50, probability=1.0, is_won=True, is_lost=False)
    plant("stage", "stage-lost", "", name="Lost", **ends, position=40, probability=0.0, is_won=False, is_lost=True)
    # Deals
    won = {"status": "won", "stage_id": "stage-won", "probability": 1.0, "closed_at": at("11-20 08:00")}
    dead = {"status": "lost", "stage_id": "stage-lost", "probability": 0.0, "closed_at": at("11-20 08:00")}
    plant("deal", "d-won", "", **won)
    plant("deal", "d-lost", "", **dead, loss_reason="price")
    plant("deal", "d-amountless", "deal_amount_missing", amount=None)
    plant("deal", "d-amountless-2", "", **dead, loss_reason="price", amount=None)
    plant("deal", "d-zero", "deal_amount_zero", amount=Decimal(0))
    plant("deal", "d-negative", "deal_amount_negative", amount=Decimal(-5))
    plant("deal", "d-made-up", "deal_amount_placeholder", amount=Decimal("9999.00"))
    plant("deal", "d-far-off", "deal_amount_far_off", amount=Decimal(1_500_000))
    plant("deal", "d-no-currency", "no-currency:deal.currency", currency=None)
    plant("deal", "d-unrated", "no-rate:deal.currency", currency="JPY")  # there are no exchange rates
    plant("deal", "d-nobody", "deal_no_owner", owner_id=None)
    plant("deal", "d-nobody-2", "", **won, owner_id=None)
    plant("deal", "d-gone", "deal_owner_inactive", **gone)
    plant("deal", "d-stranger", "no-partner:deal.owner", owner_id="no such user")
    plant("deal", "d-late", "deal_close_date_past", expected_close_date=day("11-27"))
    plant("deal", "d-today", "", expected_close_date=day("11-28"))
    plant("deal", "d-undated", "unlikely-rows:deal.open_without_expected_date", expected_close_date=None)
    plant("deal", "d-homeless", "deal_no_account", account_id=None, contact_id="contact-3")
    plant("deal", "d-contactless", "deal_no_contact", contact_id=None)
    plant("deal", "d-reasonless", "deal_lost_without_reason", **dead, loss_reason=None)
    plant("deal", "d-reasonless-2", "deal_lost_without_reason", **dead, loss_reason=" Other ")
    plant("deal", "d-between", "deal_status_and_stage", **{**won, "stage_id": "stage-2"})
    plant("deal", "d-between-2", "deal_status_and_stage", stage_id="stage-lost", probability=0.0)
    plant("deal", "d-half-won", "deal_probability_and_status", **{**won, "probability": 0.5})
    plant("deal", "d-half-lost", "deal_probability_and_status", **{**dead, "probability": 0.5}, loss_reason="price")
    plant("deal", "d-backwards", "deal_closed_before_created", **{**won, "closed_at": at("11-01 08:00")})
    plant("deal", "d-now", "deal_closed_in_future", **{**won, "closed_at": at("11-28 12:00")})  # it has not been yet
    plant("deal", "d-ahead", "deal_closed_in_future", **{**won, "closed_at": at("11-29 08:00")})
    once = {"created_at": at("11-10 10:00"), "closed_at": at("11-10 10:00")}
    plant("deal", "d-at-once", "deal_closed_at_once", **{**won, **once})
    # When it was closed only the history tells.
    plant("deal", "d-at-once-2", "deal_closed_at_once", **{**won, **once, "closed_at": None})
    plant("deal", "d-slow", "deal_cycle_far_off", **{**won, "created_at": at("2024-01-10 10:00")})
    plant("deal", "d-asleep", "deal_stalled", created_at=at("10-28 12:00"))
    plant("deal", "d-awake", "", created_at=at("10-28 12:00"))
    plant("deal", "d-undatable", "unlikely-rows:deal.won_without_date", **{**won, "closed_at": None})
    plant("deal", "d-statusless", "unlikely-rows:deal.without_status", status=None)
    plant("deal", "d-mad", "impossible-rows:deal.probability_range", probability=30.0)
    plant("deal", "d-pushed", "deal_pushed")
    plant("deal", "d-reopened", "deal_reopened")
    plant("deal", "d-skipped", "deal_stage_skipped deal_long_in_stage")  # by the history since long in stage-2
    same = {"account_id": "account-7", "contact_id": "contact-7", "amount": Decimal(7777)}
    plant("deal", "d-same", "", **same, created_at=at("11-11 08:00"))
    plant("deal", "d-same-2", "deal_repeated", **same, created_at=at("11-18 08:00"))
    plant("deal", "d-same-3", "", **same, created_at=at("11-25 08:00:01"))
    plant("deal", "d-elsewhere", "deal_contact_elsewhere", account_id="account-8", contact_id="contact-9")
    plant("deal", "d-spelt", "deal_loss_reason_spelling", **dead, loss_reason="Price ")
    plant(
        "deal", "d-spelt-2", "", stage_id="stage-1", loss_reason="PRICE"
    )  # open: what it will be lost for is no matter
    for number, name in enumerate(
        ("bo@house-7.com", "+39 02 8412345", "4111 1111 1111 1111", "GB82WEST12345698765432")
    ):
        plant("deal", f"d-named-{number}", "deal_name_personal", name=f"Deal of {name}")
    plant("deal", "d-named-not", "", name="Deal 4111 1111 1111 1112, GB82WEST12345698765433, 02 8412345")
    plant("deal", "d-dated-back", "deal_closed_before_stages", **won)
    plant("deal", "d-dated-well", "", **won)
    plant("deal", "d-left-open", "deal_closed_in_open_stage", **won)
    plant("deal", "d-long", "deal_long_in_stage", stage_id="stage-2")
    plant("deal", "d-long-changed", "deal_long_in_stage", stage_id="stage-2")
    plant("deal", "d-long-ago", "", stage_id="stage-2")
    plant("deal", "d-future", "deal_created_in_future", created_at=at("11-29 08:00"))
    plant("deal", "d-odd", "odd-time:deal.expected_close_date", expected_close_date=date(2999, 12, 31))
    # Activities
    plant("activity", "e-awake", "", deal_id="d-awake", done_at=at("11-01 08:00"))
    plant("activity", "e-lead", "", deal_id=None, lead_id="l-worked")
    plant("activity", "e-future", "activity_done_in_future", done_at=at("11-28 12:00:01"))
    plant("activity", "e-late", "activity_overdue", done_at=None, status="open", due_at=at("11-28 11:59"))
    plant("activity", "e-note", "", type="note", done_at=None, status="open", due_at=at("11-28 11:59"))
    plant("activity", "e-due", "", done_at=None, status="open", due_at=at("11-28 12:01"))
    plant("activity", "e-alone", "activity_unlinked", deal_id=None, contact_id=None)
    plant("activity", "e-long", "activity_duration", duration_seconds=90_000)
    plant("activity", "e-short", "activity_duration", duration_seconds=-1)
    to_do = {"done_at": None, "status": "open", "due_at": at("11-28 12:01")}
    plant("activity", "e-nobody", "activity_no_owner", owner_id=None, **to_do)
    plant("activity", "e-nobody-2", "", owner_id=None)  # done
    plant("activity", "e-mail", "activity_text_email", subject="Write to anna.neri@house-7.com soon")
    plant("activity", "e-iban", "activity_text_iban", subject="Paid to IT60 X054 2811 1010 0000 0123 456")
    plant("activity", "e-iban-not", "", subject="Paid to IT60 X054 2811 1010 0000 0123 457")
    plant("activity", "e-iban-short", "", subject="Paid to IT60 X054 2811 1010 0000 0123")
    for number, phone in enumerate(("call +39 02 8412345", "Tel. 02 84 12 345", "Phone: (212) 555-0187")):
        plant("activity", f"e-phone-{number}", "activity_text_phone", subject=phone)
    plant("activity", "e-phone-not", "", subject="Hotel 02 8412345, invoice 20261128-0017")
    for number, card in enumerate(
        ("4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "3782 822463 10005")
    ):
        plant("activity", f"e-card-{number}", "activity_text_card", subject=f"Card {card}, please")
    for number, none in enumerate(("4111 1111 1111 1112", "order 41111111111111111111111", "2026-11-28 10-11-12")):
        plant("activity", f"e-card-not-{number}", "", subject=none)
    plant("activity", "e-cancelled", "activity_cancelled_and_done", status="Cancelled")
    undone = {"done_at": None, "due_at": at("12-02 08:00")}
    plant("activity", "e-cancelled-2", "", **undone, status="cancelled")
    plant("activity", "e-gone", "activity_owner_inactive", **undone, **gone, status="open")
    plant("activity", "e-gone-2", "", **gone)  # done before they left
    plant("activity", "e-lost", "no-partner:activity.deal", deal_id="no such deal")
    plant("activity", "e-timeless", "unlikely-rows:activity.done_without_time", done_at=None)
    # The rest
    plant("campaign", "m-free", "campaign_cost_missing", actual_cost=None)
    plant("campaign", "m-draft", "", actual_cost=None, status="draft")
    plant("campaign", "m-called-off", "", actual_cost=None, status="cancelled")
    plant("campaign", "m-future", "", actual_cost=None, started_at=at("12-10 08:00"), ended_at=None)
    plant("campaign", "m-backwards", "campaign_ends_before_start", ended_at=at("02-01 08:00"))
    plant("case_", "t-backwards", "case_resolved_before_created", resolved_at=at("10-01 08:00"))
    plant("case_", "t-backwards-2", "case_resolved_before_created", first_response_at=at("10-01 08:00"))
    still = {"status": "open", "resolved_at": None, "closed_at": None}
    unsolved = {**still, "closed_at": at("11-20 08:00")}
    plant("case_", "t-unsolved", "case_closed_without_resolution", **unsolved)
    plant("case_", "t-nobody", "case_no_owner", **still, owner_id=None)
    plant("case_", "t-old", "case_open_very_old", **still, created_at=at("08-30 11:59"), first_response_at=None)
    plant("case_", "t-mail", "case_text_email", subject="I am anna@house-7.com")
    plant("case_", "t-iban", "case_text_iban", subject="my account is de89370400440532013000")
    plant("case_", "t-phone", "case_text_phone", subject="please call +49 (30) 1234987")
    plant("case_", "t-card", "case_text_card", subject="charged twice: 6011000990139424")
    plant("case_", "t-gone", "case_owner_inactive", **still, **gone)
    plant("case_", "t-gone-2", "", **gone)
    timeless = "unlikely-rows:case_.resolved_without_time case_closed_without_resolution"
    plant("case_", "t-timeless", timeless, resolved_at=None, closed_at=None)
    plant("service_call", "s-negative", "call_wait_negative our_wait", wait_s=-3)
    plant("service_call", "s-backwards", "call_answered_before_queued", answered_at=at("11-02 07:59"))
    plant("service_call", "s-silent", "call_talk_missing", talk_s=None)
    plant("service_call", "s-abandoned", "", talk_s=None, answered_at=None, outcome="abandoned")
    plant("order_", "o-nobody", "order_no_customer", account_id=None)
    plant("order_", "o-future", "order_in_future", ordered_at=at("11-29 08:00"))
    plant("order_", "o-amountless", "order_amount_missing", amount=None)
    refund = {"status": "refunded", "deal_id": "deal-0"}  # a deal of 1,000
    plant("order_", "o-refund", "order_refund_exceeds", **refund, amount=Decimal(-1001))
    parts = {"status": "refunded", "deal_id": "deal-1"}  # of 1,017
    plant("order_", "o-refund-2", "", **{**refund, "deal_id": "deal-2"}, amount=Decimal(-1000))
    plant("order_", "o-refund-3", "order_refund_exceeds", **parts, amount=Decimal(-1000))
    plant("order_", "o-refund-4", "order_refund_exceeds", **parts, amount=Decimal(-18))
    plant("contract", "k-backwards", "contract_ends_before_start", ends_at=date(2025, 12, 31))
    plant("contract", "k-itself", "contract_renewed_by_earlier", renewed_by_contract_id="k-itself")
    plant("contract", "k-renewed", "", renewed_by_contract_id="k-next")
    plant("contract", "k-next", "", starts_at=date(2026, 12, 31), ends_at=date(2027, 12, 30))
    plant("quote", "q-backwards", "quote_accepted_before_presented", accepted_at=at("11-11 08:00"))
    for number in range(3):
        plant("contract", f"k-alike-{number}", "our_three", account_id="account-1", value=Decimal(777))
    for number in range(2):
        plant("contract", f"k-both-{number}", "", account_id="account-1", value=Decimal(778))
    plant("campaign", "m-fax", "our_channel", channel="fax")
    # What a report would be refused for.
    plant("campaign", " ", "no-key:campaign.campaign_id")
    plant("order_", "o-spelt", "undeclared-value:order_.status", status="Paid")
    plant("activity", "x-spelt", "misspelt-value:activity.type", type="Call ")
    plant("deal", "d-improbable", "impossible-rows:deal.probability_range", probability=1.5)
    for number in range(20):
        for table, day_of in (("contact", "02-03"), ("lead", "01-02"), ("deal", "11-10")):
            born = at(f"{day_of} 02:02:02.{number:02d}")
            plant(table, f"{table}-burst-{number}", f"{table}_created_at_once", created_at=born)
    # What names a merged contact is of the one that is left, which is of account 1.
    plant("contact", "c-merged", "", account_id="account-2", merged_into_id="c-merged-2")
    plant("contact", "c-merged-2", "", account_id="account-2", merged_into_id="contact-1")
    plant("deal", "d-of-merged", "", account_id="account-1", contact_id="c-merged")
    plant("deal", "d-of-merged-2", "deal_contact_elsewhere", account_id="account-2", contact_id="c-merged")
    plant("activity", "e-of-merged", "", deal_id=None, contact_id="c-merged")
    plant("lead", "l-of-merged", "", converted_at=at("11-01 08:00"), converted_contact_id="c-merged")
    plant("product", "p-cheap", "product_sold_below_cost", list_price=Decimal(39))
    plant("activity", "e-of-case", "", deal_id=None, contact_id=None, case_id="t-gone-2")
    odd = (
        "x@host-.com",
        "x@a-.host.com",
        "end@host.com\n",
        "tab@host.com\t",
        "hard@host.com\u00a0",
        "\u200bno@host.com",
    )
    for number, wrong in enumerate(odd):
        born = {"created_at": at("01-08 08:30")}
        plant("contact", f"c-odd-{number}", "contact_email_invalid", **born, email=wrong)
    for number, name in enumerate(("ΟΔΟΣ", "οδος", "οδος")):
        plant("account", f"a-sigma-{number}", "account_industry_spelling" if number == 0 else "", industry=name)
    ida, born = {"first_name": "Ida", "last_name": "Blu"}, {"created_at": at("01-08 08:00")}
    numbers = ("+39 333 1234567", "333/12.34.567", "0039 3331234567")
    for number, phone in enumerate(numbers):
        mine = {**ida, **born, "account_id": f"account-{10 + number}", "phone": phone}
        plant("contact", f"c-calls-{number}", "contact_duplicate_phone", **mine)
    plant("contact", "c-calls-other", "", **{**ida, "first_name": "Ada"}, **born, phone=numbers[0])
    plant("contact", "c-calls-namesake", "", **ida, **born, account_id="account-14", phone="+39 333 1234568")
    for number in range(2):  # of whom nothing says that they are one
        mine = {**born, "first_name": "Ina", "last_name": "Lo", "account_id": f"account-{16 + number}"}
        plant("contact", f"c-calls-invented-{number}", "contact_phone_placeholder", **mine, phone="1234567890")
    for number, garbled in enumerate(("Ã‰toile", "MÃœLLER", "Ã–zil", "StraÃŸe", "ÐŸÐµÑ‚Ñ€", "M?ller", "M&uuml;ller")):
        plant("contact", f"c-garbled-{number}", "contact_name_garbled", last_name=garbled, created_at=at("01-08 08:10"))
    for number, right in enumerate(("MUÑOZ", "IRMÃ “B”", "Ångström", "Ð Smith", "Who?", "AT&T; Co")):
        plant("contact", f"c-garbled-not-{number}", "", last_name=right, created_at=at("01-08 08:20"))
    # An address that is invented, or none, says of nobody that they are one.
    for number, invented in enumerate(("test@mill-97.com", "x@@mill.com")):
        of = "lead_email_placeholder" if number == 0 else "lead_email_invalid"
        for minute in (10, 12):
            mine = {"created_at": at(f"05-06 {10 + number}:{minute}"), "first_response_at": at("05-06 13:00")}
            plant("lead", f"l-nobody-{number}-{minute}", of, email=invented, **mine)
    plant(
        "contact",
        "c-invented-8",
        "contact_email_placeholder",
        email="test@mill-97.com",
        created_at=at("01-08 08:00"),
    )


_plant_all()
# Checks of the project's own, of kinds that the catalogue has none of.
OWN = """audits:
  - {audit: our_form, same_format: {field: account.region}}
  - {audit: our_region, determined_by: {field: account.region, by: account.country}}
  - {audit: our_three, unique: {fields: [contract.account_id, contract.value], at_most: 2}}
  - {audit: our_channel, accepted_values: {field: campaign.channel, values: [email]}}
  - {audit: our_wait, range: {field: service_call.wait_s, min: 0, max: 600}}
  - {audit: our_old_calls, fresh_within: {field: service_call.queued_at, days: 26}}
  - {audit: our_fresh_calls, fresh_within: {field: service_call.queued_at, days: 27}}
  - {audit: our_calls, entity: service_call, anomaly: {measure: rows}}
  - {audit: our_talks, anomaly: {measure: nulls, field: service_call.talk_s}}
  - {audit: our_waits, anomaly: {measure: mean, field: service_call.wait_s}}
"""
# What the eight audits before measured, each the same. Of the sixteen calls two are not talked in, and fifteen waited
# a minute, one three seconds less than none.
MEASURED = {"our_calls": 12.0, "our_talks": 2 / 16, "our_waits": 90.0}
# The checks of all rows together that fail: the last call is of 26 days and four hours ago; accounts were created day by
# day in winter, and none since.
OF_ALL = {"our_old_calls", "our_calls", "our_waits", "stale-table"}
# Of records without a key, by what tells them apart.
MEMBERS: tuple[tuple[str, Row], ...] = (
    ("", {"contact_id": "contact-1", "sent_at": at("03-02 08:00"), "opened_at": at("03-02 09:00")}),
    (
        "member_mailed_after_unsubscribing",
        {"contact_id": "contact-2", "sent_at": at("03-02 08:00"), "unsubscribed_at": at("03-01 08:00")},
    ),
    # Out by one campaign's mail, written to by the next.
    ("", {"contact_id": "contact-5", "sent_at": at("02-01 08:00"), "unsubscribed_at": at("02-02 08:00")}),
    ("member_mailed_after_unsubscribing", {"contact_id": "contact-5", "sent_at": at("03-02 08:00")}),
    (
        "",
        {
            "contact_id": "contact-6",
            "lead_id": "lead-1",
            "sent_at": at("02-01 08:00"),
            "unsubscribed_at": at("02-02 08:00"),
        },
    ),
    (
        "member_lead_mailed_after_unsubscribing",
        {"contact_id": "contact-7", "lead_id": "lead-1", "sent_at": at("03-02 08:00")},
    ),
    ("", {"lead_id": "lead-2", "sent_at": at("02-01 08:00"), "unsubscribed_at": at("02-02 08:00")}),
    ("", {"lead_id": "lead-3", "sent_at": at("03-02 08:00")}),
    ("", {"contact_id": "c-bounced-out", "sent_at": at("05-06 05:05")}),  # at the instant of opting out
    ("member_mailed_after_opting_out", {"contact_id": "c-bounced-out", "sent_at": at("05-06 05:06")}),
    ("member_answered_without_sending", {"contact_id": "contact-3", "opened_at": at("03-02 09:00")}),
    (
        "member_answered_before_sending",
        {"contact_id": "contact-4", "sent_at": at("03-02 08:00"), "responded_at": at("03-02 07:00")},
    ),
)


def _steps() -> list[tuple[str, Row]]:
    """The stage history: what each row is to fail, and the row."""

    def step(deal: str, stage: str, entered: str, left: str | None, fails: str = "", **more: Any) -> tuple[str, Row]:
        row = {"deal_id": deal, "stage_id": stage, "entered_at": at(entered), "exited_at": at(left) if left else None}
        return fails, {**row, "expected_close_date": day("12-20"), **more}

    return [
        *(step(f"deal-{n % 24}", "stage-1", "11-12 08:00", None) for n in range(3)),
        step("d-pushed", "stage-0", "11-11 08:00", "11-12 08:00", expected_close_date=day("12-01")),
        step("d-pushed", "stage-1", "11-12 08:00", "11-13 08:00", expected_close_date=day("12-05")),
        step("d-pushed", "stage-1", "11-13 08:00", "11-14 08:00", expected_close_date=day("12-10")),
        step("d-pushed", "stage-1", "11-14 08:00", None),
        step("d-reopened", "stage-2", "11-11 08:00", "11-12 08:00"),
        step("d-reopened", "stage-lost", "11-12 08:00", "11-13 08:00"),
        step("d-reopened", "stage-2", "11-13 08:00", "11-14 08:00"),  # where it was: none is skipped
        step("d-reopened", "stage-1", "11-14 08:00", None),
        step("d-skipped", "stage-0", "11-11 08:00", "11-12 08:00"),
        step("d-skipped", "stage-2", "11-12 08:00", None),
        step("d-at-once-2", "stage-won", "11-10 10:00", None),
        step("d-slow", "stage-1", "06-01 08:00", "11-18 08:00"),
        step("d-slow", "stage-2", "11-18 08:00", "11-20 07:00"),
        step("d-slow", "stage-3", "11-20 07:00", "11-20 08:00"),
        step("d-slow", "stage-won", "11-20 08:00", None),
        step("d-dated-back", "stage-2", "11-11 08:00", "11-21 08:00"),
        step("d-dated-back", "stage-3", "11-21 08:00", "11-22 08:00"),
        step("d-dated-back", "stage-won", "11-22 08:00", None),
        step("d-dated-well", "stage-3", "11-11 08:00", "11-20 08:00"),
        step("d-dated-well", "stage-won", "11-20 08:00", None),
        step("d-left-open", "stage-0", "11-11 08:00", "11-12 08:00"),
        step("d-left-open", "stage-1", "11-12 08:00", None),
        step("d-long", "stage-2", "11-12 08:00", None),  # 16 days, and others leave it after six
        # As long, with another amount since Thursday: the stay goes on, and the stage before was left.
        step("d-long-changed", "stage-1", "11-11 08:00", "11-12 08:00"),
        step("d-long-changed", "stage-2", "11-12 08:00", None),
        step("d-long-changed", "stage-2", "11-26 08:00", None, amount=Decimal(4000)),
        # There as long before, and back since Thursday.
        step("d-long-ago", "stage-2", "11-11 08:00", "11-25 08:00"),
        step("d-long-ago", "stage-1", "11-25 08:00", "11-26 08:00"),
        step("d-long-ago", "stage-2", "11-26 08:00", None),
        # Twice in the same stage at once: nothing of another one, till that is entered.
        step("deal-14", "stage-0", "11-11 08:00", "11-13 08:00"),
        step("deal-14", "stage-0", "11-12 08:00", None, "stage_history_still_open"),
        step("deal-14", "stage-1", "11-13 08:00", None),
        step("deal-10", "stage-0", "11-11 08:00", "11-12 08:00"),
        step("deal-10", "stage-1", "11-12 07:00", None, "stage_history_overlap"),
        step("deal-11", "stage-0", "11-11 08:00", "11-12 08:00"),
        step("deal-11", "stage-1", "11-12 08:02", None, "stage_history_gap"),
        step("deal-12", "stage-0", "11-11 08:00", None, "stage_history_still_open"),
        step("deal-12", "stage-1", "11-12 08:02", None),
        step(
            "deal-13", "stage-1", "11-12 08:00", "11-11 08:00", "unlikely-rows:deal_stage_history.left_before_entered"
        ),
    ]


def _goals() -> list[tuple[str, Row]]:
    """Targets: what each row is to fail, and the row."""

    def goal(value: str, target: float, fails: str = "", month: str = "01", **more: Any) -> tuple[str, Row]:
        days = {"starts_on": day(f"{month}-01"), "ends_on": day(f"{month}-28")}
        of = {"metric": "won_amount", "dimension": "user.name" if value else None, "value": value or None}
        return fails, {**of, **days, "target": target, **more}

    differ = "goal_parts_differ"
    rate = {"metric": "close_rate"}
    return [
        goal("", 1000), goal("User 0", 600), goal("User 1", 400.4),
        goal("T", 1000, dimension="user.team"),
        goal("", 1000, month="02"),
        goal("of February", 600, differ, month="02"), goal("of February, too", 300, differ, month="02"),
        goal("T", 1000, month="02", dimension="user.team"),
        goal("", 0.3, month="03", **rate), goal("User 0", 0.2, month="03", **rate), goal("User 1", 0.4, month="03", **rate),
        goal("User 0", 5, month="04"),  # there is none of all
    ]  # fmt: skip


def tables() -> list[Given]:
    """All tables, with their clean and their planted records."""
    made = []
    for name, key in KEYS.items():
        rows = [{**_clean(name, n), key: f"{name.rstrip('_')}-{n}"} for n in range(MANY.get(name, 12))]
        rows += [{**one.row, key: one.key} for one in PLANTED if one.table == name]
        made.append(_given(name, rows))
    made.append(_given("campaign_member", [{**row, "campaign_id": "campaign-0"} for _, row in MEMBERS]))
    made.append(_given("deal_stage_history", [row for _, row in _steps()]))
    made.append(_given("goal", [row for _, row in _goals()]))
    return made


def _given(name: str, rows: list[Row]) -> Given:
    columns = COLUMNS[name]
    return Given(PREFIX + name, columns, [tuple(row.get(column) for column, _ in columns) for row in rows])


def _silent() -> dict[tuple[str, str], set[str]]:
    """The keys of the records of which activities or the history say nothing, by their table and the check."""
    given = {
        table.name.removeprefix(PREFIX): [
            dict(zip((name for name, _ in table.columns), row, strict=True)) for row in table.rows
        ]
        for table in tables()
    }
    with_history = {row["deal_id"] for row in given["deal_stage_history"]}
    still = [row["deal_id"] for row in given["deal"] if not row["is_deleted"]]
    is_open = {row["deal_id"] for row in given["deal"] if row["status"] == "open"}
    given_up = ("junk", "unqualified")
    waiting = [row for row in given["lead"] if row["status"].strip().lower() not in given_up and not row["is_deleted"]]
    leads = {row["lead_id"] for row in waiting if not row["converted_at"] and not row["merged_into_id"]}
    begun = {row["deal_id"]: row["created_at"] for row in given["deal"] if row["created_at"] is not None}
    firsts: dict[str, Any] = {}
    for row in given["deal_stage_history"]:
        if row["entered_at"] is not None:
            firsts[row["deal_id"]] = min(row["entered_at"], firsts.get(row["deal_id"], row["entered_at"]))
    day = timedelta(days=1)
    late = {deal for deal, first in firsts.items() if deal in begun and first - begun[deal] > day}
    return {
        ("deal", "deal_without_history"): set(still) - with_history,
        ("deal", "deal_first_stage_unknown"): late & set(still),
        ("deal", "deal_without_activity"): (set(still) & is_open) - {one["deal_id"] for one in given["activity"]},
        ("lead", "lead_without_activity"): leads - {one["lead_id"] for one in given["activity"]},
    }


def counted(table: str) -> dict[str, int]:
    """How many records of a table are to fail each check."""
    silent = {check: len(keys) for (of, check), keys in _silent().items() if of == table}
    return dict(Counter(check for one in PLANTED if one.table == table for check in one.fails)) | silent


def expected() -> dict[str, set[str]]:
    """The keys of the records that are to fail each check, of history and members their deal and their contact."""
    found: dict[str, set[str]] = {}
    rows = [(one.fails, one.key) for one in PLANTED]
    rows += [(frozenset(fails.split()), row["deal_id"]) for fails, row in _steps()]
    rows += [(frozenset(fails.split()), row.get("contact_id", "")) for fails, row in MEMBERS]
    rows += [(frozenset(fails.split()), row["value"]) for fails, row in _goals()]
    for fails, key in rows:
        for check in fails:
            found.setdefault(check, set()).add(key)
    return found | {check: keys for (_, check), keys in _silent().items()}


def project(folder: Path, source: object, prefix: str = "") -> Path:
    """A project over the tables; its file."""
    entities: Mapping[str, Any] = {
        table.name.removeprefix(PREFIX): {
            "table": f"{prefix}{table.name}",
            "fields": {column: column for column, _ in table.columns},
        }
        for table in tables()
    }
    (folder / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
    settings = {"version": 1, "source": source, "mapping": "m.yaml", "timezone": "Europe/Rome", "currency": "EUR"}
    (folder / "audits").mkdir()
    (folder / "audits" / "ours.yaml").write_text(OWN, encoding="utf-8")
    before = (
        {"at": f"2026-11-2{n}T08:00:00+00:00", "entities": {}, "broken": {}, "measured": MEASURED} for n in range(8)
    )
    (folder / ".reportspec").mkdir()
    (folder / ".reportspec" / "audits.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in before), "utf-8")
    place = folder / "reportspec.yaml"
    place.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return place
