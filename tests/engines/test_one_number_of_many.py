"""Accounts, contacts, leads and orders that are numbered from 1 each: 1 of one kind is not 1 of another.

All figures are counted here from the very rows, by what a record is and its number.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from sqlglot import exp, parse_one

from reportspec.catalogue.load import packaged
from reportspec.expression.sandbox import path_of
from reportspec.model.domain import Catalogue
from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, SERVERS, landed
from tests.figures.asking import figures, rows

KINDS = {"id": "BIGINT", "at": "TIMESTAMP", "back": "TIMESTAMP"}
COLUMNS = {
    "accounts": "id",
    "contacts": "id account at",
    "leads": "id at",
    "campaigns": "id at",
    "members": "campaign contact lead at back",
    "refs": "id by_contact lead contact at",
    "orders": "id account contact at amount",
}
MAPPING: dict[str, Any] = {
    "account": ("accounts", {"name": "cast(id as varchar)"}),
    "contact": ("contacts", {"account_id": "account", "created_at": "at"}),
    "lead": ("leads", {"created_at": "at", "status": "'new'"}),
    "campaign": ("campaigns", {"started_at": "at", "status": "'active'"}),
    "campaign_member": (
        "members",
        {
            "campaign_id": "campaign",
            "contact_id": "contact",
            "lead_id": "lead",
            "sent_at": "at",
            "responded_at": "back",
        },
    ),
    "referral": (
        "refs",
        {
            "referrer_contact_id": "by_contact",
            "referred_lead_id": "lead",
            "referred_contact_id": "contact",
            "created_at": "at",
        },
    ),
    "order_": (
        "orders",
        {
            "account_id": "account",
            "contact_id": "contact",
            "ordered_at": "at",
            "amount": "cast(amount as decimal(18, 4))",
            "status": "'paid'",
        },
    ),
}
FIGURES = (
    "campaign_responses_count",
    "campaign_delivered_count",
    "customer_referrals_count",
    "customers_count",
    "new_customers_count",
    "returning_customers_count",
)
BEGIN, START, END = datetime(2026, 1, 1, 8), datetime(2026, 7, 1), datetime(2026, 10, 1)
Rows = dict[str, list[tuple[Any, ...]]]


def drawn(random: Random) -> Rows:
    """Few numbers, so that those of one kind are nearly all those of another, too."""

    def one(most: int = 4) -> int:
        return random.randint(1, most)

    def at() -> datetime:
        return BEGIN + timedelta(hours=random.randint(0, 270 * 24 - 12))

    def either() -> tuple[int | None, int | None]:
        return (one(), None) if random.random() < 0.5 else (None, one())

    members = []
    for _ in range(14):
        sent = at()
        members.append((one(2), *either(), sent, sent + timedelta(hours=3) if random.random() < 0.6 else None))
    orders = []
    for number in range(1, 11):
        account, contact = either()
        orders.append((number, account, contact if account is None else random.choice([None, one()]), at(), one(9)))
    return {
        "accounts": [(n,) for n in range(1, 4)],  # the fourth is a customer of which no more is known
        "contacts": [(n, random.choice([None, one()]), BEGIN) for n in range(1, 5)],
        "leads": [(n, BEGIN) for n in range(1, 5)],
        "campaigns": [(n, START + timedelta(days=n)) for n in (1, 2)],
        "members": members,
        "refs": [(n, one(), *either(), at()) for n in range(1, 15)],
        "orders": orders,
    }


def by_hand(tables: Rows) -> dict[str, Any]:
    """What is right: a customer, a person is a pair of what it is and its number."""
    purchases: dict[tuple[str, int], list[datetime]] = {}
    revenue: dict[str | None, int] = {}
    for _, account, contact, at, amount in tables["orders"]:
        customer = ("account", account) if account is not None else ("contact", contact)
        purchases.setdefault(customer, []).append(at)
        name = str(account) if (account,) in tables["accounts"] else None
        revenue[name] = revenue.get(name, 0) + amount
    in_period = {customer: [at for at in times if START <= at < END] for customer, times in purchases.items()}
    people = [
        (campaign, ("contact", contact) if contact is not None else ("lead", lead), back)
        for campaign, contact, lead, _, back in tables["members"]
    ]
    account_of = {number: account for number, account, _ in tables["contacts"]}
    first: dict[tuple[str, int], datetime] = {}
    for _, by, lead, contact, at in tables["refs"]:
        bought = [
            time
            for customer in (("contact", by), ("account", account_of[by]))
            for time in purchases.get(customer, [])  # type: ignore[arg-type]
        ]
        if (contact is None or contact != by) and bought and min(bought) < at:
            referred = ("lead", lead) if lead is not None else ("contact", contact)
            first[referred] = min(at, first.get(referred, at))
    return {
        "campaign_delivered_count": len({(campaign, person) for campaign, person, _ in people}),
        "campaign_responses_count": len({(campaign, person) for campaign, person, back in people if back is not None}),
        "customer_referrals_count": sum(START <= at < END for at in first.values()),
        "customers_count": len(purchases),
        "new_customers_count": sum(START <= min(times) < END for times in purchases.values()),
        "returning_customers_count": sum(
            bool(times) and min(purchases[customer]) < START for customer, times in in_period.items()
        ),
        "revenue": revenue,
    }


@pytest.mark.parametrize(
    "engine", [pytest.param(one, marks=[pytest.mark.xdist_group(one)] * (one in SERVERS)) for one in EVERYWHERE]
)
@pytest.mark.parametrize("seed", [pytest.param(1), pytest.param(2, marks=pytest.mark.by_day(engine=("duckdb",)))])
def test_records_of_different_kinds_that_have_one_number_are_different(engine: str, seed: int, tmp_path: Path) -> None:
    tables = drawn(Random(seed))
    given = [
        Given(name, tuple((column, KINDS.get(column, "BIGINT")) for column in columns.split()), tables[name])
        for name, columns in COLUMNS.items()
    ]
    with landed(engine, given, lambda *_: None, tmp_path / "db") as found:
        entities = {
            name: {"table": f"{found.prefix}{table}", "fields": fields} | ({} if table == "members" else {"key": "id"})
            for name, (table, fields) in MAPPING.items()
        }
        (tmp_path / "map.yaml").write_text(yaml.safe_dump({"entities": entities}))
        project = {"version": 1, "source": found.url, "mapping": "map.yaml", "timezone": "UTC", "currency": "EUR"}
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(project))
        sections = [
            {"id": "tiles", "kpis": list(FIGURES)},
            {"id": "rows", "breakdown": {"metrics": ["customer_revenue_amount"], "by": ["account.name"]}},
        ]
        spec = {"report": "custom", "period": "2026-Q3", "sections": sections}
        answered = figures(tmp_path, spec, datetime(2026, 10, 20, tzinfo=UTC))
    right = by_hand(tables)
    [tiles] = rows(answered, "tiles")
    assert {name: tiles[name] for name in FIGURES} == {name: right[name] for name in FIGURES}
    revenue = {row["account.name"]: row["customer_revenue_amount"] for row in rows(answered, "rows")}
    assert {name: value for name, value in revenue.items() if value} == right["revenue"]


def _expressions(catalogue: Catalogue) -> list[tuple[str, str, exp.Expr]]:
    """Where each expression of the catalogue stands, the entity over which it is, and it itself."""
    found: list[tuple[str, str, exp.Expr]] = []
    for name, entity in catalogue.entities.items():
        for field in entity.fields.values():
            found += [(f"{name}.{field.name}", name, tree) for tree in (field.expr, field.default) if tree is not None]
        for way in (*([entity.derived] if entity.derived else []), *entity.otherwise):
            found += [(f"{name}.{field}", way.source, tree) for field, tree in way.fields.items()]
            found += [(name, way.source, tree) for tree in (way.where, way.match and way.match.on) if tree is not None]
    for metric in catalogue.metrics.values():
        found += [(metric.id, metric.entity, tree) for tree in (metric.of, metric.where) if tree is not None]
    return found


def _leads_to(catalogue: Catalogue, base: str, tree: exp.Expr) -> set[str] | None:
    """Of which entities a bare key is: its own's, or those that relations lead to by it. None for anything else."""
    tree = tree.unnest()
    if not isinstance(tree, (exp.Column, exp.Dot)):
        return None
    at, *steps, name = path_of(tree)
    entity = catalogue.entities.get(at)
    for step in steps:
        if entity is None or step not in entity.relations:
            return None
        entity = catalogue.entities[entity.relations[step].to]
    if entity is None or name not in entity.fields or entity.fields[name].type != "key":
        return None
    own = {entity.name} if entity.key == name else set()
    return own | {relation.to for relation in entity.relations.values() if relation.by == name}


def _met(tree: exp.Expr) -> list[exp.Expr]:
    """The values of which an expression is one or another."""
    if isinstance(tree, exp.Coalesce):
        return [tree.this, *tree.expressions]
    if isinstance(tree, exp.Case):
        return [one.args["true"] for one in tree.args["ifs"]] + [tree.args["default"]] * bool(tree.args.get("default"))
    if isinstance(tree, (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)):
        return [tree.this, tree.expression]
    return [tree.this, *tree.expressions] if isinstance(tree, (exp.Greatest, exp.Least)) else []


def _thrown_together(catalogue: Catalogue) -> list[str]:
    wrong = []
    for place, base, whole in _expressions(catalogue):
        for node in whole.walk():
            kinds = [kind for one in _met(node) if (kind := _leads_to(catalogue, base, one))]
            wrong += [f"{place}: {node.sql()}" for one, other in combinations(kinds, 2) if not one & other]
    return wrong


def test_no_expression_of_the_catalogue_throws_keys_of_different_entities_together() -> None:
    """A key that may be of one entity or another says of which."""
    assert _thrown_together(packaged()) == []


def test_those_that_would_are_found() -> None:
    catalogue, tree = packaged(), parse_one("coalesce(order_.account_id, order_.contact_id)", read="duckdb")
    order = catalogue.entities["order_"]
    field = replace(order.fields["customer_id"], default=tree)
    entities = {**catalogue.entities, "order_": replace(order, fields={**order.fields, "customer_id": field})}
    assert _thrown_together(replace(catalogue, entities=entities)) == [f"order_.customer_id: {tree.sql()}"]
