"""Lists, JSON, flags of deletion, lengths of time, hundredths and stages, as they are proposed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from reportspec.catalogue.load import packaged
from reportspec.onboarding.drafts import Block
from reportspec.onboarding.histories import Told
from reportspec.onboarding.mapping_lines import Writer
from reportspec.onboarding.matching import propose
from reportspec.onboarding.seen_tables import table_seen

GUID = "00000000-0000-0074-0000-{:012d}"


def proposed(tables: dict[str, list[dict[str, Any]]], dialect: str = "duckdb", **kinds: str) -> dict[str, Block]:
    """The blocks of what is proposed for tables, by their entities."""
    seen = [
        table_seen(name, {c: kinds.get(c, "") for c in rows[0]}, [tuple(row.values()) for row in rows])
        for name, rows in tables.items()
    ]
    proposal = propose(packaged(), seen)
    draft = Writer(packaged(), {one.name: one for one in seen}, dialect, {}, {}, {}, Told()).draft(proposal)
    return {block.entity: block for block in draft.blocks if not block.off}


def line(block: Block, field: str) -> tuple[str, str] | None:
    """How a field is read, and what has to be confirmed; None where it is not."""
    return next(((one.sql, one.mark) for one in block.lines if one.field == field and not one.off), None)


def people(emails: Any, phones: Any) -> list[dict[str, Any]]:
    return [
        {"id": n, "first_name": f"Ann{n}", "last_name": f"Bee{n}", "emails": emails(n), "phones": phones(n)}
        for n in range(1, 9)
    ]


@pytest.mark.parametrize(
    ("dialect", "kind", "email", "phone"),
    [
        ("postgres", "jsonb", "emails->>0", "phones->0->>'no'"),
        ("postgres", "text[]", "emails[1]", None),
        ("duckdb", "VARCHAR[]", "emails[1]", 'phones[1]."no"'),
        ("clickhouse", "Array(String)", "emails[1]", 'phones[1]."no"'),
        ("spark", "array<string>", "emails[0]", "phones[0].`no`"),
        ("mysql", "json", "emails ->> '$[0]'", "phones ->> '$[0].no'"),
        ("mariadb", "json", "JSON_VALUE(emails, '$[0]')", "JSON_VALUE(phones, '$[0].no')"),
        ("sqlite", "json", "emails ->> '$[0]'", "phones ->> '$[0].no'"),
    ],
)
def test_of_a_list_the_first_is_proposed_as_each_database_says_it(
    dialect: str, kind: str, email: str, phone: str | None
) -> None:
    rows = people(lambda n: [f"a{n}@x.example", "b@x.example"], lambda n: [{"type": "work", "no": f"+49 30 12345{n}"}])
    found = proposed({"contacts": rows}, dialect, emails=kind, phones=kind)["contact"]
    assert line(found, "email") == (email, "the first of each list")
    assert line(found, "phone") == (None if phone is None else (phone, "the first of each list"))


def test_of_texts_of_json_too_and_of_lists_of_nothing_known_nothing() -> None:
    rows = people(lambda n: f'["a{n}@x.example"]', lambda n: '[{"a": 1}]')
    found = proposed({"contacts": rows})["contact"]
    assert line(found, "email") == ("emails ->> '$[0]'", "the first of each list")
    assert line(found, "phone") is None


def deals(**more: Any) -> list[dict[str, Any]]:
    """Twelve deals, of which every third is won and every third lost; `more` gives values by numbers."""
    return [
        {
            "id": n,
            "name": f"Deal {n} of many",
            "status": ("open", "won", "lost")[n % 3],
            "created_at": date(2026, 1, n),
            "closed_at": date(2026, 3, n) if n % 3 else None,
            **{name: of(n) for name, of in more.items()},
        }
        for n in range(1, 13)
    ]


def test_an_amount_that_open_deals_lack_is_not_that_of_all() -> None:
    found = proposed(
        {
            "opportunities": deals(
                **{"Actual Revenue": lambda n: (None, 100.5 * n, 0)[n % 3], "Est. Revenue": lambda n: 99.5 * n}
            )
        }
    )["deal"]
    assert line(found, "amount") is not None
    assert str(line(found, "amount"))[2:].startswith('"Est. Revenue"')


def test_hundredths_are_told_by_the_name() -> None:
    found = proposed({"deals": deals(value_cents=lambda n: 10_050 * n)})["deal"]
    assert line(found, "amount") == ("value_cents / 100.0", "its name says that it counts hundredths")


def test_the_key_of_an_export_is_what_nobody_is_to_modify() -> None:
    rows = deals(Topic=lambda n: f"Topic {n} of many")
    exported = [
        {"(Do Not Modify) Opportunity": GUID.format(n), **{k: v for k, v in row.items() if k not in ("id", "name")}}
        for n, row in enumerate(rows)
    ]
    found = proposed({"opportunities": exported})["deal"]
    assert found.key is not None
    assert (found.key.sql, found.key.mark) == ('"(Do Not Modify) Opportunity"', "")
    assert (line(found, "name") or ("",))[0] == '"Topic"'


@pytest.mark.parametrize(
    ("column", "longest", "sql", "marked"),
    [
        ("duration", 59, "duration * 60", True),
        ("duration", 3000, "duration", True),
        ("duration_minutes", 59, "duration_minutes * 60", False),
        ("duration_seconds", 59, "duration_seconds", False),
        ("duration_ms", 59_000, "duration_ms / 1000.0", False),
        ("call_duration_in_seconds", 90, "call_duration_in_seconds", False),
    ],
)
def test_what_a_length_of_time_is_counted_in(column: str, longest: int, sql: str, marked: bool) -> None:
    rows = [
        {"id": n, "type": "call", "subject": f"S {n}", "done_at": datetime(2026, 3, n), column: longest - n}
        for n in range(1, 9)
    ]
    found = line(proposed({"activities": rows})["activity"], "duration_seconds")
    assert found is not None
    assert (found[0], "does not say" in found[1]) == (sql, marked)


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        (lambda n: n % 4 == 0, "not (coalesce(deleted, false))"),
        (lambda n: int(n % 4 == 0), "not (coalesce(deleted, 0) <> 0)"),
        (lambda n: "Yes" if n % 4 == 0 else "No", "not (trim(coalesce(deleted, '')) in ('Yes'))"),
    ],
)
def test_deleted_rows_are_left_out_where_the_entity_has_no_word_for_it(value: Any, sql: str) -> None:
    rows = [{"id": n, "name": f"Thing {n}", "family": "IT", "deleted": value(n)} for n in range(1, 13)]
    found = proposed({"products": rows})["product"]
    [(name, text, why)] = found.settings
    assert (name, text.strip('"'), why) == ("where", sql, "rows that are deleted are left out")


def test_a_time_of_deletion_says_which_deals_are_deleted() -> None:
    found = proposed({"deals": deals(deleted_at=lambda n: date(2026, 4, 1) if n == 5 else None)})["deal"]
    assert line(found, "is_deleted") == ("deleted_at is not null", "")


def test_a_small_table_with_a_row_for_each_stage_is_that_of_stages() -> None:
    steps = [{"id": n, "label": name, "pos": n} for n, name in enumerate(("Demo", "Offer", "Won", "Lost"), 1)]
    found = proposed({"deals": deals(step_id=lambda n: n % 4 + 1), "funnel_parts": steps})
    assert found["stage"].table == "funnel_parts"
    assert found["stage"].key is not None
    assert found["stage"].key.sql == "id"
    assert (line(found["stage"], "name") or ("",))[0] == "label"


def test_people_are_called_by_their_names_and_not_by_their_logins() -> None:
    rows = [
        {"id": n, "user_name": f"ann{n}", "first_name": "Ann", "last_name": f"Bee{n}", "status": "Active"}
        for n in range(1, 9)
    ]
    found = proposed({"users": rows})["user"]
    assert line(found, "name") == ("trim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))", "")
    assert line(found, "is_active") == ("trim(status) in ('Active')", "")


@pytest.mark.parametrize(("kinds", "marked"), [(("Call", "Email", "Task"), True), (("Task", "Task", "Task"), False)])
def test_what_rows_are_by_their_tables_name_is_to_be_confirmed_where_a_column_may_say_it(
    kinds: tuple[str, ...], marked: bool
) -> None:
    rows = [
        {"Id": f"00T{n}", "OwnerId": f"005{n % 2}", "Subject": f"About {n}", "TaskSubtype": kinds[n % 3],
         "CompletedDateTime": f"2026-11-0{n + 1}T10:00:00.000Z"}
        for n in range(6)
    ]  # fmt: skip
    found = line(proposed({"Task": rows})["activity"], "type")
    assert found is not None
    sql, mark = found
    assert sql == "'task'"
    assert ("`TaskSubtype`" in mark) is marked


@pytest.mark.parametrize(
    ("chances", "marked"), [((20, 50, 100), False), ((20, 0.5, 100), True), ((0.2, 0.5, 1), False)]
)
def test_shares_of_two_scales_are_to_be_confirmed(chances: tuple[float, ...], marked: bool) -> None:
    """One column of 20 to 100 and of 0.2 to 1: one of both is not what it is taken for."""
    rows = [
        {"Deal Id": f"D{n}", "Stage": ["Open", "Won"][n % 2], "Amount": 100 + n, "Probability": chances[n % 3],
         "Created": f"2026-11-{n + 1:02}", "Closed": f"2026-11-{n + 3:02}"}
        for n in range(12)
    ]  # fmt: skip
    found = line(proposed({"deals": rows})["deal"], "probability")
    assert found is not None
    sql, mark = found
    assert sql == ('"Probability" / 100.0' if max(chances) > 1 else '"Probability"')
    assert ("fraction of 1" in mark) is marked
