"""The demo's rows: always the same, whole, and with every edge case that metrics must get right."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.demo import tables
from reportspec.demo.columns import COLUMNS
from tests.demo import known_answers
from tests.demo.known_answers import Row, World

CHECKOUT = Path(__file__).resolve().parents[2]
# The demo's promise: these rows, everywhere. A change to the generator changes figures that
# people know from the documentation; whoever means it puts the new digest here.
DIGEST = "d182ac21f4ffb98d814495345d5931726ee84f197f010b57f04058c24e0e1211"
END = datetime(2026, 10, 31, 23)  # midnight in Rome after the last day

TYPES = {
    "key": "VARCHAR",
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "date": "DATE",
    "money": "DECIMAL(14,2)",
    "number": {"DOUBLE", "INTEGER"},
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
}


made = cache(tables)


def digest() -> str:
    """A digest of every value of every row, with its type."""
    hashed = hashlib.sha256()
    for table in tables().values():
        hashed.update(repr((table.name, table.columns)).encode())
        for row in table.rows:
            hashed.update(repr(row).encode())
    return hashed.hexdigest()


@pytest.fixture(scope="module")
def world() -> World:
    """The rows as dicts."""
    return known_answers.world()


def test_rows_are_those_that_everybody_gets() -> None:
    assert digest() == DIGEST


@pytest.mark.parametrize(
    "settings",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "4242", "TZ": "America/New_York", "LC_ALL": "C.UTF-8"},
    ],
    ids=["kathmandu", "new-york"],
)
def test_rows_do_not_depend_on_the_process(settings: dict[str, str]) -> None:
    program = "from tests.demo.test_rows import digest; print(digest())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == DIGEST


@cache
def canonical_entities() -> dict[str, dict[str, Any]]:
    """The stored entities of the catalogue: name → fields."""
    folder = CHECKOUT / "reportspec" / "catalogue" / "entities"
    read = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(folder.glob("*.yaml"))]
    return {each["entity"]: each["fields"] for each in read if "derived" not in each}


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_columns_are_the_canonical_fields(name: str) -> None:
    fields = canonical_entities()[name]
    columns = made()[name].columns
    there = {column for column, _ in columns}
    wanted = [
        (field, TYPES[meaning["type"]])
        for field, meaning in fields.items()
        if "expr" not in meaning and (field in there or not (meaning.get("optional") or "default" in meaning))
    ]
    assert [column for column, _ in columns] == [field for field, _ in wanted]
    for (column, kind), (_, allowed) in zip(columns, wanted, strict=True):
        assert kind == allowed or kind in allowed, column


def test_every_stored_entity_but_three_is_there() -> None:
    # Attribution follows from the campaigns' members, lines from the deals' products; nobody loads the demo.
    assert set(canonical_entities()) - set(made()) == {"attribution", "order_line", "data_load"}
    assert set(made()) <= set(canonical_entities())


def test_only_the_tables_asked_for_are_made() -> None:
    assert list(tables(["stage", "fx_rate"])) == ["stage", "fx_rate"]
    assert tables(["case_"])["case_"].rows == made()["case_"].rows


def test_sizes_are_those_of_a_mid_size_company(world: World) -> None:
    sizes = {name: len(rows) for name, rows in world.rows.items()}
    assert sizes["user"] == 13
    assert 380 <= sizes["account"] <= 460
    assert 3_300 <= sizes["lead"] <= 3_700
    assert 1_400 <= sizes["deal"] <= 1_600
    assert 6_300 <= sizes["activity"] <= 7_500
    assert 800 <= sizes["quote"] <= 1_000


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
    "case_": "case_id",
    "order_": "order_id",
    "contract": "contract_id",
    "referral": "referral_id",
    "web_session": "session_id",
}
# Two calls of a test are about cases that never were.
NEVER = {"T9001", "T9002"}
LINKS = {
    "agent_id": "user",
    "referrer_contact_id": "contact",
    "referred_contact_id": "contact",
    "referred_lead_id": "lead",
    "renewed_by_contract_id": "contract",
    "owner_id": "user",
    "manager_id": "user",
    "changed_by": "user",
    "parent_account_id": "account",
    "converted_account_id": "account",
    "converted_contact_id": "contact",
    "converted_deal_id": "deal",
    "lost_stage_id": "stage",
    **{key: name for name, key in KEYS.items()},
}


@pytest.mark.parametrize(("name", "key"), KEYS.items())
def test_keys_are_unique(world: World, name: str, key: str) -> None:
    keys = [row[key] for row in world.rows[name]]
    assert None not in keys
    assert len(keys) == len(set(keys))


def test_links_lead_somewhere(world: World) -> None:
    known = {name: {row[key] for row in world.rows[name]} for name, key in KEYS.items()}
    for name, rows in world.rows.items():
        for row in rows:
            for column, target in LINKS.items():
                value = row.get(column)
                there = value is None or value in NEVER or value in known[target]
                assert there, (name, column, value)
            if row.get("merged_into_id"):
                assert row["merged_into_id"] in known[name]
                assert row["merged_into_id"] != row[KEYS[name]]


def test_lines_add_up_to_their_deal(world: World) -> None:
    sums: Counter[str] = Counter()
    for line in world.rows["deal_product"]:
        assert line["amount"] == line["quantity"] * line["unit_price"]
        sums[line["deal_id"]] += line["amount"]
    known = [
        (deal["amount"], sums[deal["deal_id"]])
        for deal in world.rows["deal"]
        if deal["deal_id"] in sums and deal["amount"]
    ]
    assert len(known) > 900
    assert all(amount == total for amount, total in known)


def test_a_lead_and_what_became_of_it_agree(world: World) -> None:
    for lead in world.rows["lead"]:
        if lead["converted_at"] is None:
            assert lead["converted_deal_id"] is None
            continue
        deal = world.deal_by_id[lead["converted_deal_id"]]
        assert deal["lead_id"] == lead["lead_id"]
        assert deal["created_at"] == lead["converted_at"] > lead["created_at"]
        assert deal["account_id"] == lead["converted_account_id"]
        assert not lead["is_deleted"]
        assert lead["merged_into_id"] is None
        assert lead["status"] == "converted"


def test_nothing_is_later_than_the_end(world: World) -> None:
    ahead = {("activity", "due_at"), ("deal", "expected_close_date"), ("sla_event", "due_at")}
    for name, rows in world.rows.items():
        if name == "business_calendar":
            continue
        for row in rows:
            for column, value in row.items():
                if isinstance(value, datetime) and (name, column) not in ahead:
                    assert datetime(2024, 1, 1) <= value
                    done_ahead = column == "done_at" and row["activity_id"] in future(world)
                    assert value < END or done_ahead, (name, column, value)


def future(world: World) -> set[str]:
    """The activities that claim to have been done after the end."""
    return {each["activity_id"] for each in world.rows["activity"] if each["done_at"] and each["done_at"] >= END}


# The stage history


def histories(world: World) -> Iterable[tuple[Row, list[Row]]]:
    """Each deal that has a history, with its rows in their order."""
    found: dict[str, list[Row]] = {}
    for change in world.rows["deal_stage_history"]:
        found.setdefault(change["deal_id"], []).append(change)
    return [(world.deal_by_id[deal], changes) for deal, changes in found.items()]


def test_the_history_agrees_with_the_deal(world: World) -> None:
    for deal, changes in histories(world):
        assert changes[0]["entered_at"] == deal["created_at"]
        assert changes[-1]["exited_at"] is None
        assert changes[-1]["stage_id"] == deal["stage_id"]
        assert world.outcome(deal["stage_id"]) == deal["status"]
        for change, after in itertools.pairwise(changes):
            assert change["entered_at"] < after["entered_at"] == change["exited_at"]
        if deal["status"] == "open":
            assert deal["closed_at"] is None
        else:
            assert changes[-1]["entered_at"] == deal["closed_at"]
        pipelines = {world.stages[each["stage_id"]]["pipeline_id"] for each in changes}
        assert pipelines == {deal["pipeline_id"]}


def test_lost_deals_know_from_where(world: World) -> None:
    for deal in world.rows["deal"]:
        assert (deal["lost_stage_id"] is not None) == (deal["status"] == "lost")
        if deal["lost_stage_id"]:
            assert world.outcome(deal["lost_stage_id"]) == "open"


def steps(world: World) -> list[tuple[Row, list[str], list[int]]]:
    """Each deal with its visits' outcomes and positions."""
    return [
        (
            visits[0].deal,
            [world.outcome(visit.stage) for visit in visits],
            [world.stages[visit.stage]["position"] for visit in visits],
        )
        for visits in world.visits.values()
        if visits
    ]


def test_histories_have_every_kind_of_turn(world: World) -> None:
    turns: Counter[str] = Counter()
    for deal, outcomes, positions in steps(world):
        moves = [b - a for a, b in itertools.pairwise(positions)]
        open_moves = [
            b - a
            for a, b, end in zip(positions, positions[1:], outcomes[1:], strict=False)
            if end == "open" and "open" in outcomes
        ]
        opened = [place for place, outcome in enumerate(outcomes) if outcome == "open"]
        reached = [positions[place] for place in opened]
        turns["re-entered"] += len(reached) > len(set(reached))
        turns["backward"] += any(move < 0 and outcomes[place] == "open" for place, move in enumerate(moves))
        turns["skipped"] += any(move > 1 for move in open_moves)
        closings = [(before, after) for before, after in itertools.pairwise(outcomes) if before != "open"]
        turns["lost, reopened"] += ("lost", "open") in closings
        turns["won, reopened"] += ("won", "open") in closings
        turns["lost, reopened, won"] += ("lost", "open") in closings and deal["status"] == "won"
        turns["reopened, still open"] += bool(closings) and deal["status"] == "open"
    repeated = sum(
        any(a["stage_id"] == b["stage_id"] for a, b in itertools.pairwise(changes)) for _, changes in histories(world)
    )
    assert repeated > 100
    recorded = {deal["deal_id"] for deal, _ in histories(world)}
    unrecorded = [deal for deal in world.deals if deal["deal_id"] not in recorded]
    assert {deal["status"] for deal in unrecorded} == {"open", "won", "lost"}
    assert 6 <= len(unrecorded) <= 30
    assert turns["re-entered"] >= 50
    assert turns["backward"] >= 50
    assert turns["skipped"] >= 50
    assert turns["lost, reopened"] >= 15
    assert turns["won, reopened"] >= 3
    assert turns["lost, reopened, won"] >= 8
    assert turns["reopened, still open"] >= 2


def closings(world: World, deal: Row) -> list[tuple[str, str]]:
    """The quarters (in Rome) of a deal's closings, with their outcomes."""
    found = []
    for visit in world.visits[deal["deal_id"]]:
        if world.outcome(visit.stage) != "open":
            for quarter in ("2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"):
                start, end = known_answers.bounds(quarter)
                if start <= visit.entered < end:
                    found.append((quarter, world.outcome(visit.stage)))
    return found


@pytest.mark.parametrize(
    "path",
    [
        [("2026-Q2", "lost"), ("2026-Q3", "won")],
        [("2026-Q2", "lost"), ("2026-Q3", "lost")],
        [("2026-Q2", "won"), ("2026-Q3", "won")],
        [("2026-Q2", "won"), ("2026-Q3", "lost")],
        [("2026-Q3", "lost"), ("2026-Q4", "won")],
        [("2026-Q3", "won")],
        [("2026-Q3", "lost")],
    ],
    ids=str,
)
def test_deals_come_back_around_the_quarter(world: World, path: list[tuple[str, str]]) -> None:
    found = [deal for deal in world.deals if closings(world, deal) == path]
    if len(path) == 1:  # closed in the quarter, and open again in October
        found = [deal for deal in found if deal["status"] == "open"]
    assert found


# The edges of the metrics' definitions: each is there

Trap = Callable[[World], Iterable[Any]]
Q3 = known_answers.bounds("2026-Q3")


def at(table: str, column: str, text: str) -> Trap:
    """Rows with exactly that UTC time."""
    moment = datetime.fromisoformat(text)
    return lambda w: [row for row in w.rows[table] if row[column] == moment]


def activity(**wanted: Any) -> Trap:
    """Activities with these values."""
    return lambda w: [
        row for row in w.rows["activity"] if all(row[column] == value for column, value in wanted.items())
    ]


def a_call(row: Row) -> bool:
    return row["type"] == "call" and row["direction"] == "outbound"


def in_q3(moment: datetime | None) -> bool:
    return moment is not None and Q3[0] <= moment < Q3[1]


def same_day_purchases(world: World) -> list[Any]:
    days = Counter(
        (deal["account_id"], deal["closed_at"].date())
        for deal in world.deals
        if deal["status"] == "won" and deal["account_id"]
    )
    return [key for key, count in days.items() if count > 1]


def same_person_twice(world: World) -> list[Any]:
    spellings: dict[str, set[str]] = {}
    for lead in known_answers.live_leads(world, "2025"):
        if lead["email"]:
            spellings.setdefault(lead["email"].strip().lower(), set()).add(lead["email"])
    return [email for email, spelt in spellings.items() if len(spelt) > 1]


TRAPS: dict[str, Trap] = {
    "deal won in the last second of Q2": at("deal", "closed_at", "2026-06-30T21:59:59"),
    "deal won at midnight": at("deal", "closed_at", "2026-06-30T22:00:00"),
    "deal won in Q3 by Rome only": at("deal", "closed_at", "2026-06-30T22:30:00"),
    "deal won at the end of Q3": at("deal", "closed_at", "2026-09-30T22:00:00"),
    "deal won at new year": at("deal", "closed_at", "2025-12-31T23:00:00"),
    "deal created in Q3 by Rome only": at("deal", "created_at", "2026-06-30T22:15:00"),
    "deal closed as clocks go forward": at("deal", "closed_at", "2026-03-29T01:30:00"),
    "deal closed as clocks go back": at("deal", "closed_at", "2026-10-25T01:30:00"),
    "stage entered in the hour that comes twice": at("deal_stage_history", "entered_at", "2026-10-25T00:30:00"),
    "lead in the night of spring 2025": at("lead", "created_at", "2025-03-30T00:30:00"),
    "lead in the night of autumn 2025": at("lead", "created_at", "2025-10-26T01:30:00"),
    "lead in the night of spring 2026": at("lead", "created_at", "2026-03-29T01:00:00"),
    "lead in the night of autumn 2026": at("lead", "created_at", "2026-10-25T00:30:00"),
    "lead at the end of week 38": at("lead", "created_at", "2026-09-20T21:59:59"),
    "lead after week 38": at("lead", "created_at", "2026-09-20T22:00:00"),
    "call in the night of autumn 2026": at("activity", "done_at", "2026-10-25T00:30:00"),
    "call at the start of Q3": at("activity", "done_at", "2026-06-30T22:00:00"),
    "call at the end of Q3": at("activity", "done_at", "2026-09-30T22:00:00"),
    "inbound call": activity(type="call", direction="inbound", status="done"),
    "call without direction": activity(type="call", direction=None),
    "call cancelled but dated": lambda w: [
        row for row in w.rows["activity"] if a_call(row) and row["status"] == "cancelled" and row["done_at"]
    ],
    "call done but not dated": activity(type="call", direction="outbound", status="done", done_at=None),
    "call done in the future": lambda w: [
        row for row in w.rows["activity"] if a_call(row) and row["activity_id"] in future(w)
    ],
    "call about a case only": lambda w: [
        row
        for row in w.rows["activity"]
        if a_call(row) and row["case_id"] and not (row["deal_id"] or row["lead_id"] or row["contact_id"])
    ],
    "call about a contact's case": lambda w: [
        row
        for row in w.rows["activity"]
        if a_call(row) and row["case_id"] and row["contact_id"] and in_q3(row["done_at"])
    ],
    "call about nothing": lambda w: [
        row
        for row in w.rows["activity"]
        if a_call(row) and not any(row[key] for key in ("deal_id", "lead_id", "contact_id", "case_id"))
    ],
    "call of nobody": activity(type="call", owner_id=None),
    "call of zero seconds": activity(type="call", duration_seconds=0, status="done"),
    "call at the closing": lambda w: [
        row
        for row in w.rows["activity"]
        if a_call(row) and row["deal_id"] and row["done_at"] == w.deal_by_id[row["deal_id"]]["closed_at"] is not None
    ],
    "call after the closing": lambda w: [
        row
        for row in w.rows["activity"]
        if a_call(row)
        and row["deal_id"]
        and row["done_at"]
        and w.deal_by_id[row["deal_id"]]["closed_at"]
        and row["done_at"] > w.deal_by_id[row["deal_id"]]["closed_at"]
    ],
    "call on a deleted deal": lambda w: [
        row
        for row in w.rows["activity"]
        if a_call(row) and row["deal_id"] and w.deal_by_id[row["deal_id"]]["is_deleted"]
    ],
    "next step planned": lambda w: [
        row for row in w.rows["activity"] if row["status"] == "planned" and row["due_at"] >= END
    ],
    "next step overdue": lambda w: [
        row for row in w.rows["activity"] if row["status"] == "planned" and row["due_at"] < END
    ],
    "closed deal without a call": lambda w: (
        {deal["deal_id"] for deal in w.deals if deal["status"] != "open"}
        - {row["deal_id"] for row in w.rows["activity"] if row["type"] == "call"}
    ),
    "quote draft": lambda w: [row for row in w.rows["quote"] if row["status"] == "draft"],
    "quote draft with a date": lambda w: [
        row for row in w.rows["quote"] if row["status"] == "draft" and row["presented_at"]
    ],
    "quote sent without a date": lambda w: [
        row for row in w.rows["quote"] if row["status"] == "sent" and not row["presented_at"]
    ],
    "quote presented twice in Q3": lambda w: [
        number
        for number, count in Counter(
            row["number"] for row in w.rows["quote"] if in_q3(row["presented_at"]) and row["status"] != "draft"
        ).items()
        if count > 1
    ],
    "quote in its third version": lambda w: [row for row in w.rows["quote"] if row["version"] == 3],
    "deal won before it was created": lambda w: [
        row for row in w.deals if row["status"] == "won" and row["closed_at"] < row["created_at"]
    ],
    "deal lost before it was created": lambda w: [
        row for row in w.deals if row["status"] == "lost" and row["closed_at"] < row["created_at"]
    ],
    "deal won at no account": lambda w: [
        row for row in w.deals if row["status"] == "won" and row["account_id"] is None
    ],
    "two deals won on one day": same_day_purchases,
    "deal won in Q3 without an amount": lambda w: [
        row for row in w.deals if row["status"] == "won" and row["amount"] is None and in_q3(row["closed_at"])
    ],
    "deal won in Q3 for nothing": lambda w: [
        row for row in w.deals if row["status"] == "won" and row["amount"] == 0 and in_q3(row["closed_at"])
    ],
    "deal of unknown type": lambda w: [row for row in w.deals if row["deal_type"] is None and in_q3(row["closed_at"])],
    "deleted jackpot in Q3": lambda w: [
        row for row in w.rows["deal"] if row["is_deleted"] and in_q3(row["closed_at"]) and row["amount"] > 1_000_000
    ],
    "deleted open deal": lambda w: [row for row in w.rows["deal"] if row["is_deleted"] and row["status"] == "open"],
    "deal whose flag is empty": lambda w: [row for row in w.rows["deal"] if row["is_deleted"] is None],
    "deal without an owner": lambda w: [row for row in w.deals if row["owner_id"] is None],
    "open deal past its expected date": lambda w: [
        row
        for row in w.deals
        if row["status"] == "open" and row["expected_close_date"] and row["expected_close_date"] < date(2026, 10, 31)
    ],
    "open deal without an expected date": lambda w: [
        row for row in w.deals if row["status"] == "open" and row["expected_close_date"] is None
    ],
    "lost deal without a reason": lambda w: [
        row for row in w.deals if row["status"] == "lost" and row["loss_reason"] is None
    ],
    "lead without an owner": lambda w: [row for row in w.rows["lead"] if row["owner_id"] is None],
    "lead without a source": lambda w: [row for row in w.rows["lead"] if row["source"] is None],
    "lead without an email": lambda w: [row for row in w.rows["lead"] if row["email"] is None],
    "lead that nobody answered": lambda w: [row for row in w.rows["lead"] if row["first_response_at"] is None],
    "junk lead": lambda w: [row for row in w.rows["lead"] if row["status"] == "junk"],
    "deleted lead": lambda w: [row for row in w.rows["lead"] if row["is_deleted"]],
    "lead whose flag is empty": lambda w: [row for row in w.rows["lead"] if row["is_deleted"] is None],
    "merged lead": lambda w: [row for row in w.rows["lead"] if row["merged_into_id"]],
    "same person in another spelling": same_person_twice,
    "merged contact": lambda w: [row for row in w.rows["contact"] if row["merged_into_id"]],
    "contact without an email": lambda w: [row for row in w.rows["contact"] if row["email"] is None],
    "contact with a malformed email": lambda w: [
        row for row in w.rows["contact"] if row["email"] and "@@" in row["email"]
    ],
    "contact that bounced": lambda w: [
        row for row in w.rows["contact"] if row["email_bounced_at"] and not row["opted_out_at"]
    ],
    "account in Japanese": lambda w: [row for row in w.rows["account"] if "株式会社" in row["name"]],
    "account with 60 characters": lambda w: [row for row in w.rows["account"] if len(row["name"]) == 60],
    "account with markup": lambda w: [row for row in w.rows["account"] if "<" in row["name"]],
    "account like a formula": lambda w: [row for row in w.rows["account"] if row["name"].startswith("+")],
    "account with quotes": lambda w: [row for row in w.rows["account"] if '"' in row["name"]],
    "account within another": lambda w: [row for row in w.rows["account"] if row["parent_account_id"]],
    "open deal of someone who left": lambda w: [
        row
        for row in w.deals
        if row["owner_id"] and not next(u for u in w.rows["user"] if u["user_id"] == row["owner_id"])["is_active"]
    ],
}


@pytest.mark.parametrize("name", TRAPS)
def test_the_trap_is_there(world: World, name: str) -> None:
    assert TRAPS[name](world)


def test_one_active_person_has_no_record_at_all(world: World) -> None:
    owners = {
        row.get(column)
        for name, rows in world.rows.items()
        if name != "user"
        for row in rows
        for column in ("owner_id", "changed_by")
    }
    idle = [user["name"] for user in world.rows["user"] if user["user_id"] not in owners]
    assert idle == ["Tommaso Gallo"]
    gone = [user for user in world.rows["user"] if not user["is_active"]]
    assert len(gone) == 1
    deals = [deal for deal in world.deals if deal["owner_id"] == gone[0]["user_id"]]
    assert max(deal["created_at"] for deal in deals) < datetime(2025, 9, 1)
    assert not [
        row
        for row in world.rows["activity"]
        if row["owner_id"] == gone[0]["user_id"] and row["created_at"] > datetime(2025, 6, 16)
    ]


def test_a_twentieth_is_in_other_currencies(world: World) -> None:
    currencies = Counter(deal["currency"] for deal in world.deals)
    assert set(currencies) == {"EUR", "USD", "CHF"}
    assert 0.93 <= currencies["EUR"] / len(world.deals) <= 0.97
    for quarter in ("2026-Q2", "2026-Q3"):
        won = known_answers.won_amount_by_currency(world, quarter)
        assert len(won) >= 2, quarter


def test_there_are_two_pipelines_with_distinct_stages(world: World) -> None:
    names = [stage["name"] for stage in world.rows["stage"]]
    assert len(names) == len(set(names)) == 10
    used = Counter(deal["pipeline_id"] for deal in world.deals)
    assert used["P1"] > 1_000
    assert used["P2"] > 80
    for deal in world.deals:
        assert (deal["pipeline_id"] == "P2") == (deal["deal_type"] == "renewal")


def test_business_grows_gently_and_rests_in_august(world: World) -> None:
    created = [known_answers.deals_created_count(world, year) for year in ("2024", "2025")]
    assert 1.05 <= created[1] / created[0] <= 1.5
    for year in (2024, 2025, 2026):
        august, june = (known_answers.prospects_count(world, f"{year}-{month:02}") for month in (8, 6))
        assert august < 0.75 * june
