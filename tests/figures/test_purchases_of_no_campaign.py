"""Purchases that no campaign explains: how many, by what they are broken down, and that no count is below zero."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import yaml
from sqlglot import exp

from reportspec.catalogue.load import documents, packaged
from reportspec.resolve.binding import metrics_needed
from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, landed
from tests.figures.asking import figures, rows, total


def _on(day: str) -> datetime:
    return datetime.fromisoformat(f"2026-{day} 12:00")


# What the deals name is not what their purchases are ascribed to: p was answered 10 days before d1, 40 before d3,
# q by nobody but on the day of d5; d2's campaign is named by the deal alone.
RECORDS = [
    Given("account", (("account_id", "VARCHAR"), ("name", "VARCHAR"), ("region", "VARCHAR")),
          [("A", "Aal", "north"), ("B", "Boa", "south"), ("C", "Cat", "south")]),
    Given("contact", (("contact_id", "VARCHAR"), ("account_id", "VARCHAR")), [("a", "A"), ("b", "B"), ("c", "C")]),
    Given("campaign", (("campaign_id", "VARCHAR"), ("name", "VARCHAR"), ("status", "VARCHAR")),
          [("p", "Post", "sent"), ("q", "Quiz", "sent")]),
    Given("campaign_member",
          (("member_id", "VARCHAR"), ("campaign_id", "VARCHAR"), ("contact_id", "VARCHAR"),
           ("sent_at", "TIMESTAMP"), ("responded_at", "TIMESTAMP")),
          [("1", "p", "a", _on("06-01"), _on("07-01")), ("2", "q", "c", _on("06-01"), _on("09-05")),
           ("3", "q", "b", _on("06-01"), None)]),
    Given("deal",
          (("deal_id", "VARCHAR"), ("name", "VARCHAR"), ("account_id", "VARCHAR"), ("campaign_id", "VARCHAR"),
           ("status", "VARCHAR"), ("amount", "DECIMAL(14,2)"), ("created_at", "TIMESTAMP"),
           ("closed_at", "TIMESTAMP")),
          [("d1", "One", "A", None, "won", 1, _on("06-01"), _on("07-11")),
           ("d2", "Two", "B", "q", "won", 2, _on("06-01"), _on("07-11")),
           ("d3", "Three", "A", "p", "won", 3, _on("06-01"), _on("08-10")),
           ("d4", "Four", "B", "q", "lost", 4, _on("06-01"), _on("08-10")),
           ("d5", "Five", "C", None, "won", 5, _on("06-01"), _on("09-05"))]),
]  # fmt: skip
ASKED = ["purchases_count", "purchases_per_campaign", "unattributed_purchases_count"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", EVERYWHERE)
def test_they_stand_under_no_campaign(engine: str, tmp_path: Path) -> None:
    """Slow: servers are started."""
    with landed(engine, RECORDS, lambda *_: None, tmp_path / "db") as found:
        entities = {}
        for given in RECORDS:
            fields = {name: name for name, _ in given.columns if name != "member_id"}
            entities[given.name] = {
                "table": f"{found.prefix}{given.name}",
                "key": given.columns[0][0],
                "fields": fields,
            }
        (tmp_path / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
        about = {"version": 1, "source": found.url, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        sections = [
            {"id": id, "breakdown": {"metrics": ASKED, "by": [by]}}
            for id, by in (("c", "campaign.name"), ("a", "account.region"))
        ]
        made = figures(tmp_path, {"report": "custom", "period": "2026", "sections": sections})
    # Ascribed: d1 to Post, d5 to Quiz. Not: d2 (no answer), d3 (40 days).
    by_campaign = {row["campaign.name"]: tuple(row[name] for name in ASKED) for row in rows(made, "c")}
    assert by_campaign == {"Post": (1, 1, 0), "Quiz": (1, 1, 0), None: (2, 0, 2)}
    by_region = {row["account.region"]: tuple(row[name] for name in ASKED) for row in rows(made, "a")}
    assert by_region == {"north": (2, 1, 1), "south": (2, 1, 1)}
    for section in ("a", "c"):
        assert tuple(total(made, section)[name] for name in ASKED) == (4, 2, 2)


# Orders: 1 of a contact without an account, who answered; 2 of one whose account another contact's answer stands for;
# 3 of an account; 4 of a contact without an account whose key is the account's, and who answered nothing; 5 of a contact
# without an account who answered after; 6 of nobody.
ORDERED = [
    Given("account", (("account_id", "VARCHAR"), ("name", "VARCHAR")), [("A", "Aal"), ("B", "Boa")]),
    Given("contact", (("contact_id", "VARCHAR"), ("account_id", "VARCHAR")),
          [("1", None), ("2", "A"), ("3", "A"), ("A", None), ("5", None)]),
    Given("campaign", (("campaign_id", "VARCHAR"), ("name", "VARCHAR"), ("status", "VARCHAR")),
          [("p", "Post", "sent"), ("q", "Quiz", "sent")]),
    Given("campaign_member",
          (("member_id", "VARCHAR"), ("campaign_id", "VARCHAR"), ("contact_id", "VARCHAR"),
           ("sent_at", "TIMESTAMP"), ("responded_at", "TIMESTAMP")),
          [("1", "p", "1", _on("07-01"), _on("07-01")), ("2", "q", "1", _on("07-01"), _on("07-02")),
           ("3", "p", "3", _on("07-01"), _on("07-03")), ("4", "p", "5", _on("07-01"), _on("07-20"))]),
    Given("order_",
          (("order_id", "VARCHAR"), ("account_id", "VARCHAR"), ("contact_id", "VARCHAR"), ("status", "VARCHAR"),
           ("amount", "DECIMAL(14,2)"), ("ordered_at", "TIMESTAMP")),
          [("1", None, "1", "paid", 1, _on("07-11")), ("2", None, "2", "paid", 2, _on("07-11")),
           ("3", "A", None, "paid", 4, _on("07-11")), ("4", None, "A", "paid", 8, _on("07-11")),
           ("5", None, "5", "paid", 16, _on("07-11")), ("6", None, None, "paid", 32, _on("07-11"))]),
]  # fmt: skip
# Of each model, what is ascribed to Post and to Quiz, and what to none.
ASCRIBED = {
    "purchases_per_campaign": (2, 1, None),
    "purchases_per_campaign.first_touch": (3, 0, None),
    "purchases_per_campaign.linear": (2.5, 0.5, None),
    "campaign_revenue": (6, 1, None),
    "campaign_revenue.first_touch": (7, 0, None),
    "campaign_revenue.linear": (6.5, 0.5, None),
    "campaign_new_customers_count": (2, 1, None),
    "unattributed_purchases_count": (0, 0, 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("engine", EVERYWHERE)
@pytest.mark.parametrize("with_contacts", [True, False])
def test_an_order_without_an_account_is_ascribed_by_its_contact(
    engine: str, with_contacts: bool, tmp_path: Path
) -> None:
    """Where orders name no contacts, those of accounts alone are purchases. Slow: servers are started."""
    with landed(engine, ORDERED, lambda *_: None, tmp_path / "db") as found:
        entities = {}
        for given in ORDERED:
            fields = {name: name for name, _ in given.columns if name != "member_id"}
            if given.name == "order_" and not with_contacts:
                del fields["contact_id"]
            table = f"{found.prefix}{given.name}"
            entities[given.name] = {"table": table, "key": given.columns[0][0], "fields": fields}
        about = {"prefer": {"purchase": "order_"}, "timezone": "UTC", "entities": entities}
        (tmp_path / "m.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        project = {"version": 1, "source": found.url, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
        sections = [
            {"id": "k", "kpis": ["purchases_count"]},
            {"id": "c", "breakdown": {"metrics": [*ASCRIBED], "by": ["campaign.name"]}},
        ]
        made = figures(tmp_path, {"report": "custom", "period": "2026", "sections": sections})
    there = {row["campaign.name"]: row for row in rows(made, "c")}
    if not with_contacts:
        assert total(made, "c")["purchases_per_campaign"] == total(made, "c")["campaign_new_customers_count"] == 1
        assert total(made, "c")["campaign_revenue"] == 4
        return
    for name, (post, quiz, none) in ASCRIBED.items():
        assert [there[key].get(name) or 0 for key in ("Post", "Quiz")] == [post, quiz], name
        if none is not None:
            assert there[None][name] == none
    assert total(made, "c")["purchases_per_campaign"] + total(made, "c")["unattributed_purchases_count"] == 5


def test_no_count_is_a_difference_of_other_rows() -> None:
    """A count that a formula takes from another is below zero in a row that reaches what it is broken down by in
    another way: by the deal's campaign, and by the one that a purchase is ascribed to."""
    known = packaged()
    wrong = []
    for name, spec in ((one["metric"], one) for _, page in documents("metrics") for one in page["metrics"]):
        for asked in (name, *(f"{name}.{variant}" for variant in spec.get("variants", ()))):
            metric = known.metrics[asked]
            if metric.unit == "count" and metric.formula is not None and metric.formula.find(exp.Sub):
                if len({part.entity for part in metrics_needed(known, metric)}) > 1:
                    wrong.append(asked)
    assert not wrong
