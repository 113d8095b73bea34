"""Values of the data that are told as examples go to who runs a command and to those who look after a report;
who gets reports is told none of other people's."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from reportspec.building import Order
from reportspec.deliver.attempt import Attempt, attempt
from reportspec.deliver.send import SendOptions
from tests.deliver.burst import in_mail
from tests.deliver.conftest import NOW
from tests.deliver.server import Handler

OPS, ANNA, BEN = "ops@example.com", "anna@example.com", "ben@example.com"
SECRET = "Geheim-17"
MAPPING = """
timezone: UTC
entities:
  user: {table: users, key: id, fields: {name: name, email: email}}
  account: {table: accounts, key: id, fields: {name: name}}
  deal:
    table: deals
    key: id
    fields: {name: name, owner_id: owner, account_id: account, status: status, amount: amount, currency: currency,
             created_at: made, closed_at: closed}
"""
SPEC = f"""
version: 1
report: custom
title: Won
period: 2026-Q3
for_each: user.email
sections:
  - {{id: k, kpis: [won_amount, won_deals_count]}}
  - {{id: b, breakdown: {{metrics: [won_amount], by: [account.name]}}}}
  - {{id: r, records: {{entity: deal, fields: [deal.name]}}}}
deliver: {{to: "{{{{ each.value }}}}", attach: [pdf, csv, xlsx], on_failure: {OPS}}}
"""
HEAD = ["id", "name", "owner", "account", "status", "amount", "currency", "made", "closed"]


def deal(number: int, owner: str, **other: str) -> list[str]:
    own = dict(
        zip(
            HEAD,
            [
                f"d{number}",
                f"Deal {number}",
                owner,
                "a1",
                "won",
                "100",
                "EUR",
                "2026-07-01 10:00:00",
                "2026-08-01 10:00:00",
            ],
            strict=True,
        )
    )
    return list({**own, **other}.values())


def send(project: Path, *deals: list[str]) -> Attempt:
    tables = {
        "users": [["id", "name", "email"], ["u1", "Anna", ANNA], ["u2", "Ben", BEN]],
        "accounts": [["id", "name"], ["a1", "Acme"]],
        "deals": [HEAD, *deals],
    }
    for name, rows in tables.items():
        with (project / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(rows)
    (project / "m.yaml").write_text(MAPPING, "utf-8")
    file = project / "reportspec.yaml"
    files = "{files: {users: users.csv, accounts: accounts.csv, deals: deals.csv}}\nmapping: m.yaml"
    file.write_text(file.read_text("utf-8").replace("source: demo", f"source: {files}"), "utf-8")
    (project / "s.yaml").write_text(SPEC, "utf-8")
    return attempt(Path("s.yaml"), Order(NOW, {}), SendOptions(), wait=lambda _: None)


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"status": SECRET}, "undeclared-value", "deal.status"),
        ({"id": "d1", "name": SECRET}, "repeated-key", "deal.deal_id"),
        ({"closed": SECRET}, "unreadable-value", "closed"),
        ({"amount": SECRET}, "unreadable-value", "amount"),
    ],
)
def test_what_is_refused(wrong: dict[str, str], code: str, field: str, project: Path, handler: Handler) -> None:
    made = send(project, deal(1, "u1"), deal(2, "u2", **wrong))
    assert made.code == 1
    assert {one.code for one in made.diagnostics if one.severity == "error"} == {code}
    assert {to for to, _ in handler.mails()} == {OPS}
    [text] = [mail.get_content() for _, mail in handler.mails()]
    assert field in text


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        ({"account": SECRET}, "no-partner"),
        ({"currency": "", "name": SECRET}, "no-currency"),
        ({"closed": "", "id": SECRET}, "unlikely-rows"),
        ({"currency": "XTS", "name": SECRET}, "no-rate"),
    ],
)
def test_what_is_told(odd: dict[str, str], code: str, project: Path, handler: Handler) -> None:
    """Of Ben's row the terminal is shown what Anna's mail must not have."""
    made = send(project, deal(1, "u1"), deal(2, "u2", **odd))
    assert made.code == 0
    assert code in {one.code for one in made.diagnostics}
    mails = dict(handler.mails())
    assert set(mails) == {ANNA, BEN}
    read = in_mail(mails[ANNA])
    assert len(read.files) == 5  # a page, a workbook, and a file for each section
    for said in (read.head, read.bodies, *read.files.values()):
        assert not any(one in said for one in (SECRET, "XTS", "Deal 2"))
