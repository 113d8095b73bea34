"""What is proposed for tables, held against the mappings that were written for them by hand."""

from __future__ import annotations

import csv
import importlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from reportspec.catalogue.load import packaged
from reportspec.check.mapping import load_mapping
from reportspec.check.project import load_project
from reportspec.model.mapping_proposals import TableSeen
from reportspec.onboarding.field_names import own_columns
from reportspec.onboarding.matching import CONFIDENT, propose
from reportspec.onboarding.name_words import alike, state_of, words_of
from reportspec.onboarding.recognise import recognised
from reportspec.onboarding.seen_tables import column_seen, table_seen

Rows = Sequence[Mapping[str, Any]]
HAND_MADE = ["activecampaign", "hubspot", "pipedrive", "salesforce", "zendesk"]


def seen(tables: Mapping[str, Rows]) -> list[TableSeen]:
    """Tables of rows as dicts."""
    return [
        table_seen(name, list(rows[0]), [tuple(row.get(column) for column in rows[0]) for row in rows])
        for name, rows in tables.items()
        if rows
    ]


def tables_of(crm: str) -> list[TableSeen]:
    """The tables of a CRM's tests."""
    return seen(importlib.import_module(f"tests.crms.{crm}.tables").TABLES)


def score(crm: str, tables: Sequence[TableSeen]) -> dict[str, int]:
    """How many of the fields that a shipped mapping reads from its own tables are proposed right without it: `first`
    and among the first `three`, of all `fields`; and of those that are said to be sure (`sure`) how many are (`right`)."""
    catalogue = packaged()
    proposal = propose(catalogue, tables, without=crm)
    given: dict[tuple[str, str], list[list[tuple[str, str]]]] = defaultdict(list)
    confidence: dict[tuple[str, str], list[float]] = defaultdict(list)
    for part in proposal.parts:
        for name, field in part.fields.items():
            given[part.entity, name].append([(c.table.lower(), c.column.lower()) for c in field.candidates])
            confidence[part.entity, name].append(field.confidence)
    there = {(t.name.lower(), column.lower()) for t in tables for column in t.columns}
    _, project = load_project(None, {})
    source, _, _ = load_mapping(catalogue, crm, None, project)
    assert source is not None
    counts: dict[str, int] = defaultdict(int)
    for entity, mapped in source.entities.items():
        truth: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for part in mapped.parts:
            for field in part.fields.values():
                if field.name in catalogue.entities[entity].fields:
                    read = {(part.table.name.lower(), c.lower()) for c in own_columns(part, field.sql)}
                    truth[field.name] |= read & there
        for name, right in truth.items():
            if not right:
                continue
            lists = sorted(zip(confidence[entity, name], given[entity, name], strict=True), key=lambda item: -item[0])
            best = lists[0][1] if lists else []
            counts["fields"] += 1
            counts["first"] += bool(best) and best[0] in right
            counts["three"] += bool(set(best[:3]) & right)
            for sure, one in lists:
                counts["sure"] += sure >= CONFIDENT
                counts["right"] += sure >= CONFIDENT and one[0] in right
    return counts


def test_a_shipped_mapping_is_proposed_from_the_tables_without_it() -> None:
    """Each is left out, and so is what it calls columns. Fields that only other tables say are not counted.

    Slow: each column is held against each field, for every mapping."""
    total: dict[str, int] = defaultdict(int)
    for crm in HAND_MADE:
        for key, number in score(crm, tables_of(crm)).items():
            total[key] += number
    assert total["fields"] > 400
    assert total["first"] >= 0.92 * total["fields"]
    assert total["three"] >= 0.95 * total["fields"]
    assert total["right"] >= 0.98 * total["sure"] > 0.75 * total["fields"]


def exported(folder: Path) -> list[TableSeen]:
    """The tables of an export; 1,500 rows of each."""
    found: dict[str, Rows] = {}
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8", errors="replace") as opened:
            header, *rows = csv.reader(opened)
        found[file.stem.lower()] = [dict(zip(header, (v or None for v in row), strict=False)) for row in rows[:1500]]
    return seen(found)


def test_a_real_export_is_recognised_and_proposed(shared_data: Path) -> None:
    """Slow: each of an export's columns is held against each field."""
    tables = exported(shared_data / "zoho_crm_demo")
    found = recognised(tables)
    assert found is not None
    assert found.crm == "zoho"
    counts = score("zoho", tables)
    assert counts["first"] >= 0.9 * counts["fields"]
    assert counts["three"] >= 0.95 * counts["fields"]
    assert counts["right"] >= 0.95 * counts["sure"]


@pytest.mark.parametrize("crm", HAND_MADE)
def test_the_crm_of_tables_is_recognised(crm: str) -> None:
    """All of them, the two widest alone, and under names of files that connectors and people give."""
    tables = tables_of(crm)
    widest = sorted(tables, key=lambda t: -len(t.columns))[:2]
    renamed = [table_seen(f"crm_{t.name}_2026", list(t.columns), []) for t in widest]
    for some in (tables, widest, renamed):
        found = recognised(some)
        assert found is not None
        assert found.crm == crm


def test_tables_of_no_shipped_crm_are_none() -> None:
    own = seen({"deals": [{"id": 1, "name": "a", "owner": "b", "stage": "c", "amount": 1, "created_at": "2026-01-01"}]})
    assert recognised(own) is None


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (["1", "2", "3"], "integer"),
        (["€ 1.234,50", "€ 12,00"], "number"),
        (["$342.09K", "$1,117.10K"], "number"),
        (["10%", "35 %"], "percent"),
        (["01/02/2026", "28/02/2026"], "date"),
        (["15 Apr, 2021 00:02:00"], "time"),
        (["2026-01-02T10:00:00Z", None, ""], "time"),
        (["ja", "nein"], "boolean"),
        (["00123", "04711"], "text"),  # codes
        (["20260101", "20260214"], "date"),
        (["00:30", "01:15"], "clock"),
        (["n/a", "-", None], "empty"),
        (["a", "2"], "text"),
    ],
)
def test_values_tell_what_a_column_holds(values: list[str | None], shape: str) -> None:
    assert column_seen("x", values).shape == shape


def test_dates_that_can_be_read_in_two_ways_have_both() -> None:
    assert len(column_seen("x", ["01/02/2026", "03/04/2026"]).ways) == 2
    assert column_seen("x", ["01/02/2026", "13/04/2026"]).ways == (("%d/%m/%Y",),)


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("Closed Won", "won"),
        ("closedlost", "lost"),
        ("Closed Lost to Competition", "lost"),
        ("Abgeschlossen – gewonnen", "won"),
        ("Chiusa persa", "lost"),
        ("Gagnée", "won"),
        ("En cours", "open"),
        ("Cerrada ganada", "won"),
        ("Frobnicated", None),
        ("Closed", None),
        *((value, None) for value in ("nicht gewonnen", "non vinta", "pas gagné", "no ganada", "Not Won - price")),
        *(
            (value, None)
            for value in ("almost won", "Nearly closed won", "never lost", "To be lost", "lost - reopened")
        ),
        ("No decision", "lost"),
        ("Lost - no decision", "lost"),
    ],
)
def test_states_are_what_they_say(value: str, state: str | None) -> None:
    assert state_of(value, "deal.status") == state


def test_names_are_words_however_they_are_written() -> None:
    assert words_of("CloseDate") == words_of("close_date") == words_of("Close  date")
    assert words_of("Straße") == ("strasse",)
    assert words_of("ownerid") == words_of("Owner ID")
    assert alike(words_of("Deal amt"), words_of("deal amount")) == 1.0
    assert alike(words_of("closedate"), words_of("Close Date")) == 1.0
    assert alike(words_of("account_id"), words_of("contact_id")) < 0.6


def test_a_table_called_users_that_has_the_owners_is_one_of_users() -> None:
    """Some CRMs call customers users: what deals name as their owners decides, however few columns there are."""
    deals: Rows = [
        {"id": f"d{at}", "owner": f"u{at % 3}", "amount": "10", "status": "won" if at % 2 else "lost", "stage": "s1"}
        for at in range(12)
    ]
    people: Rows = [{"id": f"u{at}", "name": f"Person {at}", "email": f"p{at}@example.com"} for at in range(3)]
    found = {part.entity: part.table for part in propose(packaged(), seen({"deals": deals, "users": people})).parts}
    assert found["user"] == "users"
    strangers: Rows = [{**row, "id": f"x{row['id']}"} for row in people]
    other = {part.entity: part.table for part in propose(packaged(), seen({"deals": deals, "users": strangers})).parts}
    assert other["contact"] == "users"
