"""Rows in which the field of `for_each` is empty are in nobody's report: it is told how many."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec import api
from tests.conftest import RunCli

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
USERS = "id,name\nu1,Anna\nu2,Ben\nu3,\n"
# Of five deals won in October (11 more in September), one has no owner and one an owner without a name.
DEALS = """id,name,owner,amount,status,created,closed
d1,First,u1,100,won,2026-10-01 10:00:00,2026-10-05 10:00:00
d2,Second,u1,200,won,2026-10-01 10:00:00,2026-10-06 10:00:00
d3,Third,u2,400,won,2026-10-01 10:00:00,2026-10-07 10:00:00
d4,Fourth,,800,won,2026-10-01 10:00:00,2026-10-08 10:00:00
d5,Fifth,u3,1600,won,2026-10-01 10:00:00,2026-10-09 10:00:00
d6,Sixth,,3200,won,2026-09-01 10:00:00,2026-09-09 10:00:00
"""
SPEC = """
version: 1
title: Mine
period: 2026-10
compare: previous_period
for_each: user.name
sections:
  - {id: head, kpis: [won_amount, won_deals_count]}
  - {id: months, trend: {metrics: [won_amount], grain: week}}
  - {id: rows, breakdown: {metrics: [lost_deals_count, close_rate], by: [user.name]}}
  - {id: biggest, records: {entity: deal, fields: [deal.name, user.name], where: "deal.status = 'won'"}}
deliver: {to: "{{ each.value }}@example.com"}
"""
MAPPING = """
entities:
  user: {table: users, key: id, fields: {name: name}}
  deal:
    table: deals
    key: id
    fields: {name: name, owner_id: owner, amount: amount, status: status, created_at: created, closed_at: closed}
"""
SAID = "rows in which `user.name` is empty are in no report: 2 of `won_amount`, 2 of `won_deals_count`"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A spec in a project of its own."""
    (tmp_path / "users.csv").write_text(USERS)
    (tmp_path / "deals.csv").write_text(DEALS)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {users: users.csv, deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: UTC\n"
        'currency: EUR\ndeliver: {from: a@example.com, allow: ["@example.com"]}\n'
    )
    (tmp_path / "mine.yaml").write_text(SPEC)
    return tmp_path / "mine.yaml"


def test_it_is_told_how_many_rows_belong_to_nobody(spec: Path) -> None:
    made = api.build_each(spec, now=NOW)
    assert [one.value for one in made] == ["Anna", "Ben"]
    told = [one for one in made[0].warnings if one.code == "rows-of-nobody"]
    assert len(told) == 1
    assert SAID in told[0].message
    assert told[0].notes[0].startswith("of 4 figures the reports together are less than the whole")


@pytest.mark.parametrize("command", [["query"], ["send", "--dry-run"], ["build", "--format", "csv"]])
def test_every_command_tells(spec: Path, run_cli: RunCli, command: list[str]) -> None:
    done = run_cli([*command, spec], cwd=spec.parent, env={"REPORTSPEC_NOW": "2026-11-01T12:00"})
    assert done.returncode == 0, done.stderr
    assert SAID in done.stderr
    assert done.stderr.count("rows-of-nobody") == 1


def test_nothing_is_told_where_nothing_is_left_out(spec: Path) -> None:
    """Nor where single values are asked for, or the rows lie outside of the period."""
    assert not any(one.code == "rows-of-nobody" for one in api.build(spec, now=NOW, each="Anna").warnings)
    spec.with_name("deals.csv").write_text("".join(DEALS.splitlines(keepends=True)[:4]))
    assert not any(one.code == "rows-of-nobody" for one in api.build_each(spec, now=NOW)[0].warnings)
