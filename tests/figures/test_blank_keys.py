"""A blank text in a column of keys names no record, as null does: in mergers, relations, counts of different ones, conditions,
and checks of an audit. What is right is reckoned in Python from the rows.

Slow: on each database that runs here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.audit.finding import audit_of
from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, landed
from tests.figures.asking import figures, rows

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("blank keys")]
BLANK = (None, "", "  ")
# Account, contact, owner, what the deal was merged into, and its amount.
DEALS: list[tuple[str | None, str | None, str | None, str | None, int]] = [
    ("a1", "c1", "u1", "", 1),
    ("", "c1", "", None, 2),
    (None, "", None, "  ", 4),
    ("  ", None, "  ", "", 8),
    ("a1", "", "u1", "d0", 16),  # the one that was merged
    ("", "", "u9", "", 32),  # the one whose owner is not there
]
LEFT = [deal for deal in DEALS if deal[3] in BLANK]
SPEC = {
    "report": "custom",
    "period": "2026-10",
    "sections": [
        {"id": "head", "kpis": ["won_amount", "customers_count"]},
        {"id": "by", "breakdown": {"metrics": ["won_amount"], "by": ["account.name"], "totals": False}},
        {"id": "without", "kpis": ["won_amount"], "where": "deal.account_id is null"},
        {"id": "with", "kpis": ["won_amount"], "where": "deal.contact_id is not null"},
    ],
}


@pytest.mark.parametrize("engine", EVERYWHERE)
def test_blank_keys_name_nothing(engine: str, tmp_path: Path) -> None:
    text = "VARCHAR"
    when = "2026-10-05 10:00:00"
    columns = [(name, text) for name in ("id", "account", "contact", "owner", "merged")]
    deals = [(f"d{at}", *deal[:4], deal[4], when, when) for at, deal in enumerate(DEALS)]
    tables = [
        Given("deals", (*columns, ("amount", "BIGINT"), ("made", "TIMESTAMP"), ("closed", "TIMESTAMP")), deals),
        Given("accounts", (("id", text), ("name", text), ("parent", text)), [("a1", "Acme", "")]),
        Given("contacts", (("id", text), ("account", text)), [("c1", "")]),
        Given("users", (("id", text), ("name", text)), [("u1", "Ada")]),
    ]
    with landed(engine, tables, lambda *_: None, tmp_path / "db") as place:
        entities = {
            "user": {"table": f"{place.prefix}users", "key": "id", "fields": {"name": "name"}},
            "account": {
                "table": f"{place.prefix}accounts",
                "key": "id",
                "fields": {"name": "name", "parent_account_id": "parent"},
            },
            "contact": {"table": f"{place.prefix}contacts", "key": "id", "fields": {"account_id": "account"}},
            "deal": {
                "table": f"{place.prefix}deals",
                "key": "id",
                "fields": {
                    "account_id": "account",
                    "contact_id": "contact",
                    "owner_id": "owner",
                    "merged_into_id": "merged",
                    "amount": "amount",
                    "created_at": "made",
                    "closed_at": "closed",
                    "status": "'won'",
                },
            },
        }
        mapping = {"timezone": "UTC", "prefer": {"purchase": "deal"}, "entities": entities}
        (tmp_path / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        about = {"version": 1, "source": place.url, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        found = figures(tmp_path, SPEC)
        audit = audit_of(tmp_path / "reportspec.yaml")

    def worth(of: list[tuple[str | None, str | None, str | None, str | None, int]]) -> int:
        return sum(deal[4] for deal in of)

    [head], [without], [with_contact] = (rows(found, name) for name in ("head", "without", "with"))
    assert head["won_amount"] == worth(LEFT)
    assert without["won_amount"] == worth([deal for deal in LEFT if deal[0] in BLANK])
    assert with_contact["won_amount"] == worth([deal for deal in LEFT if deal[1] not in BLANK])
    amounts = Counter[str | None]()
    for deal in LEFT:
        amounts[None if deal[0] in BLANK else "Acme"] += deal[4]
    assert {row["account.name"]: row["won_amount"] for row in rows(found, "by")} == dict(amounts)
    counts = {
        (o.check.id, o.check.contract.of if o.check.contract is not None else ""): o.broken
        for o in audit.outcomes
        if o.level != "not_applicable"
    }
    assert counts["deal_no_account", ""] == sum(deal[0] in BLANK for deal in LEFT)
    partners = {of: count for (name, of), count in counts.items() if name == "no-partner" and count}
    assert partners == {"deal.owner": 1}
    assert not [key for key, count in counts.items() if key[0] == "no-survivor" and count]
    covered = {one.field: one.there for entity in audit.entities if entity.entity == "deal" for one in entity.coverage}
    assert covered["owner_id"] == sum(deal[2] not in BLANK for deal in LEFT)
