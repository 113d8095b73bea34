"""What the audit counts in the Zoho data against SQL that was written by hand and knows nothing of reportspec."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from reportspec.audit.project_audit import AuditOrder, audit_project
from tests.audit.finding import named

pytestmark = pytest.mark.xdist_group("zoho-expected")
PROJECT = Path(__file__).parent / "project"
NOW = datetime(2021, 4, 16, tzinfo=UTC)
TIME = "strptime(trim(\"{}\"), '%d %b, %Y %H:%M:%S')"
CREATED, CLOSING = TIME.format("Created Time"), TIME.format("Closing Date")
FAKE = "('dayrep.com','cuvox.de','einrot.com','armyspy.com','rhyta.com','jourrapide.com','gustr.com','superrito.com','teleworm.us','fleckens.hu')"
WAITING = "\"CONVERTED\" <> 'Yes' and \"Lead Status\" not in ('Junk Lead', 'Lost Lead')"
DEAL = 'cast(cast("LEADID" as bigint) + 22264 as varchar)'
# What stands in one CRM record of each check that fails, asked of the files themselves.
ORACLES = {
    "account_name_missing": "select count(*) from accounts where coalesce(trim(\"Account Name\"), '') = ''",
    "contact_created_in_future": f"select count(*) from contacts where {CREATED} > timestamp '2021-04-16'",
    "contact_email_disposable": f"select count(*) from contacts where split_part(lower(\"Email\"), '@', 2) in {FAKE}",
    "lead_email_disposable": f"select count(*) from leads where split_part(lower(\"Email\"), '@', 2) in {FAKE}",
    "contact_created_at_once": 'select sum(n) from (select count(*) n from contacts group by "Created Time") where n >= 20',
    "lead_created_at_once": 'select sum(n) from (select count(*) n from leads group by "Created Time") where n >= 20',
    "deal_created_at_once": 'select sum(n) from (select count(*) n from potentials group by "Created Time") where n >= 20',
    "deal_close_date_past": f"select count(*) from potentials where \"Stage\" not like 'Closed%' and {CLOSING}::date < date '2021-04-16'",
    # It is asked as that day begins, on which nothing has been closed yet.
    "deal_closed_in_future": f"select count(*) from potentials where \"Stage\" like 'Closed%' and {CLOSING}::date >= date '2021-04-16'",
    "deal_probability_and_status": 'select count(*) from potentials where ("Stage" = \'Closed Won\' and "Probability"::double < 100)'
    ' or ("Stage" = \'Closed Lost\' and "Probability"::double > 0)',
    "no-partner:activity.deal": """
        with deals as (select cast("LEADID" as bigint) + 22264 as id from potentials),
        acts as (select "POTENTIALID" p from calls)
        select count(*) from acts where coalesce(trim(p), '') not in ('', '0')
        and cast(p as bigint) not in (select id from deals)""",
    "activity_unlinked": """
        with acts as (select "POTENTIALID" p, "LEADID" l, "CONTACTID" c from calls)
        select count(*) from acts where coalesce(nullif(trim(p), ''), '0') = '0'
        and coalesce(nullif(trim(l), ''), '0') = '0' and coalesce(nullif(trim(c), ''), '0') = '0'""",
    "account_duplicate_name": """
        select sum(n) from (select count(*) n from accounts where trim("Account Name") <> ''
        group by lower(trim("Account Name"))) where n > 1""",
    "lead_is_contact": f"""
        select count(*) from leads where {WAITING} and lower(trim("Email")) in (select lower(trim("Email")) from contacts)""",
    "lead_without_activity": f"""
        select count(*) from leads where {WAITING} and trim("LEADID") not in (
        select trim("LEADID") from calls where trim("LEADID") <> '')""",
    "deal_without_activity": f"""
        select count(*) from potentials where "Stage" not like 'Closed%' and {DEAL} not in (
        select trim("POTENTIALID") from calls where trim("POTENTIALID") <> '')""",
    "deal_stalled": f"""
        with done as (select trim("POTENTIALID") deal, max(cast("Call Start Time" as timestamp)) as called from calls
        where lower("Call Type") <> 'missed' group by 1)
        select count(*) from potentials left join done on deal = {DEAL} where "Stage" not like 'Closed%'
        and date_diff('second', greatest(called, {CREATED}), timestamp '2021-04-16') > 30 * 86400""",
    "activity_text_email": "select count(*) from calls where regexp_matches(\"Subject\", '[a-zA-Z0-9._+-]+@[a-zA-Z0-9-]+[.][a-zA-Z]')",
    "lead_no_owner": "select count(*) from leads where coalesce(trim(\"Lead Owner\"), '') = '' and \"CONVERTED\" <> 'Yes'",
}


@pytest.fixture(scope="module")
def counts(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How many records fail each check."""
    project = tmp_path_factory.mktemp("zoho") / "project"
    shutil.copytree(PROJECT, project)
    environment = {"ZOHO_DATA": str(shared_data / "zoho_crm_demo")}
    made = audit_project(project / "reportspec.yaml", AuditOrder(NOW, environment, examples=0))
    assert made.audit is not None, made.diagnostics
    return {named(outcome): outcome.broken for outcome in made.audit.outcomes if outcome.level != "not_applicable"}


@pytest.mark.parametrize("check", ORACLES)
def test_counts_are_those_of_the_files(check: str, counts: dict[str, int], shared_data: Path) -> None:
    with duckdb.connect() as raw:
        for name in ("Accounts", "Contacts", "Leads", "Potentials", "Calls"):
            path = shared_data / "zoho_crm_demo" / f"{name}.csv"
            raw.execute(f"create view {name.lower()} as from read_csv('{path}', all_varchar = true)")
        [(wanted,)] = raw.execute(ORACLES[check]).fetchall()
    assert counts[check] == int(wanted or 0)


def test_the_counts_that_are_known_of_the_data(counts: dict[str, int]) -> None:
    assert counts["deal_close_date_past"] == 1540


def test_each_check_that_finds_something_is_held_against_the_files(counts: dict[str, int]) -> None:
    assert {check for check, count in counts.items() if count} <= set(ORACLES)
