"""Tables whose names, or whose keys' names, are nobody's: told by the names of their other columns and by their values."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from reportspec.onboarding.drafts import Block
from tests.conftest import RunCli
from tests.onboarding.test_parts_and_flags import line, proposed

DAY = date(2026, 1, 1)


def key_of(block: Block) -> tuple[str, str]:
    """How the key is read, and what has to be confirmed."""
    assert block.key is not None
    return block.key.sql, block.key.mark


def won_and_lost(**more: Any) -> list[dict[str, Any]]:
    return [
        {
            "Opportunity Number": 1_641_984 + n,
            "Region": ("Pacific", "Midwest")[n % 2],
            "Elapsed Days In Sales Stage": n * 7 % 90,
            "Opportunity Result": ("Won", "Loss", "Loss")[n % 3],
            "Sales Stage Change Count": n % 5,
            "Opportunity Amount USD": 1000 * n + 500,
            **{name: of(n) for name, of in more.items()},
        }
        for n in range(1, 61)
    ]


def test_columns_that_begin_with_an_entity_say_whose_their_table_is() -> None:
    found = proposed({"wa_fn_usec": won_and_lost()})
    assert [*found] == ["deal"]
    assert key_of(found["deal"]) == ('"Opportunity Number"', "")
    assert line(found["deal"], "amount") == ('"Opportunity Amount USD"', "")
    read = [one.sql for one in found["deal"].lines if not one.off]
    assert not [sql for sql in read if "Days" in sql or "Count" in sql]  # measurements name no stage


def test_lines_of_deals_are_no_deals() -> None:
    """Their columns begin so too, and no row is told apart by the deal's number."""
    rows = [{**row, "Opportunity Number": number // 3, "SKU": number % 7} for number, row in enumerate(won_and_lost())]
    assert "deal" not in proposed({"wa_fn_usec": rows})


def qualified() -> dict[str, list[dict[str, Any]]]:
    """Leads of a marketplace, and those that were won, named by the same numbers."""
    leads = [
        {
            "mql_id": f"{n * 7919:032x}",
            "first_contact_date": DAY + timedelta(n),
            "landing_page_id": f"{n % 4:032x}",
            "origin": ("social", "email", "paid_search")[n % 3],
        }
        for n in range(1, 201)
    ]
    won = [
        {
            "mql_id": lead["mql_id"],
            "seller_id": f"{n * 104_729:032x}",
            "sr_id": f"{n % 5:032x}",
            "won_date": DAY + timedelta(n + 30),
            "business_segment": ("pet", "home")[n % 2],
        }
        for n, lead in enumerate(leads[::4])
    ]
    return {"market_qualified_leads_dataset": leads, "market_closed_deals_dataset": won}


def test_keys_with_the_name_of_nobody_are_told_by_their_values() -> None:
    found = proposed(qualified())
    assert key_of(found["lead"]) == ("mql_id", "70%: no two rows have the same")
    assert line(found["lead"], "created_at") == ("first_contact_date", "60%: it is the only other date")
    assert key_of(found["deal"]) == ("mql_id", "70%: no two rows have the same")
    sql, _ = line(found["deal"], "lead_id") or ("", "")
    assert sql == "mql_id"
    sql, _ = line(found["deal"], "owner_id") or ("", "")
    assert sql == "sr_id"  # of sellers each deal has another


def test_offices_are_teams_and_stages_stand_as_their_names_say() -> None:
    agents = [f"Agent {n}" for n in range(6)]
    deals = [
        {
            "opportunity_id": f"K{n * 7919:07X}",
            "sales_agent": agents[n % 6],
            "product": ("GTX Basic", "MG Special")[n % 2],
            "account": f"Account {n % 9}",
            "deal_stage": ("Won", "Lost", "Engaging", "Prospecting")[n % 4],
            "engage_date": DAY + timedelta(n),
            "close_date": DAY + timedelta(n + 40) if n % 4 < 2 else None,
            "close_value": 500 + n if n % 4 == 0 else None,
        }
        for n in range(1, 81)
    ]
    teams = [{"sales_agent": name, "regional_office": ("East", "West")[n % 2]} for n, name in enumerate(agents)]
    found = proposed({"sales_pipeline": deals, "sales_teams": teams})
    assert line(found["user"], "team") == ("regional_office", "")
    assert "deal_product" not in found  # it is only likely, and a comment


def test_tables_without_dates_are_told_as_such(run_cli: RunCli, tmp_path: Path) -> None:
    rows = "".join(f"{n},Google,{n % 2},Mumbai\n" for n in range(1, 30))
    (tmp_path / "Leads.csv").write_text("Lead Number,Lead Source,Converted,City\n" + rows, encoding="utf-8")
    found = run_cli(["init", "Leads.csv", "--into", "p", "--yes"], cwd=tmp_path)
    assert found.returncode == 1
    assert found.stderr.splitlines()[:2] == [
        "error[no-report]: no report can be made of these tables: no column of `leads` has dates, and reports are of"
        " periods; recognised: lead from `leads` (3 fields)",
        "  help: export when each was created or closed, too",
    ]
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("column", ["product", "product_id"])
def test_deals_with_a_product_are_likely_lines_and_others_are_not(column: str) -> None:
    from reportspec.catalogue.load import packaged
    from reportspec.onboarding.matching import propose
    from reportspec.onboarding.seen_tables import table_seen

    def entities(*left: str) -> set[str]:
        rows = [
            {"deal_id": n, "amount": n * 10, "stage": "New", "close_date": DAY + timedelta(n), column: n % 3}
            for n in range(1, 40)
        ]
        kept = [tuple(value for name, value in row.items() if name not in left) for row in rows]
        names = {name: "" for name in rows[0] if name not in left}
        return {part.entity for part in propose(packaged(), [table_seen("deals", names, kept)]).parts}

    assert "deal_product" in entities()
    assert "deal_product" not in entities(column)


def test_leads_become_the_deals_that_name_them() -> None:
    lead = proposed(qualified())["lead"]
    mark = "a lead is taken to be converted when its first deal was closed"
    assert line(lead, "converted_at") == ("deal_of.won_date", mark)
    assert line(lead, "converted_deal_id") == ("deal_of.mql_id", mark)
    assert lead.joins["deal_of"] == ("market_closed_deals_dataset", "mql_id", "mql_id", ())
    tables = qualified()
    for row in tables["market_closed_deals_dataset"][:20]:  # those have two deals
        tables["market_closed_deals_dataset"].append({**row, "deal_id": "again"})
    for number, row in enumerate(tables["market_closed_deals_dataset"]):
        row["deal_id"] = f"D{number:04}"
    joins = proposed(tables)["lead"].joins
    assert joins["deal_of"] == ("market_closed_deals_dataset", "mql_id", "mql_id", ("won_date", "deal_id"))


def test_a_list_of_leads_alone_makes_a_report(run_cli: RunCli, tmp_path: Path) -> None:
    """Of leads without a state all count: 40 of each month, 10 of each month by a fair."""
    rows = [
        f"{n},p{n}@example.com,{'fair' if n % 4 == 0 else 'web'},2026-{1 + n // 40:02}-{1 + n % 28:02}\n"
        for n in range(240)
    ]
    (tmp_path / "leads.csv").write_text("id,email,source,created_at\n" + "".join(rows), encoding="utf-8")
    now = {"REPORTSPEC_NOW": "2026-07-10T12:00:00Z"}
    made = run_cli(["init", "leads.csv", "--into", "p", "--yes"], cwd=tmp_path, env=now)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "p" / "out" / "leads.pdf").is_file()
    assert "is_junk: no column says in which state a lead is: all of them count" in made.stdout + made.stderr
    (tmp_path / "p" / "specs" / "q.yaml").write_text(
        "version: 1\nreport: custom\nperiod: 2026-Q2\nsections:\n"
        "  - breakdown: {metrics: [leads_created_count], by: [lead.source]}\n",
        encoding="utf-8",
    )
    found = run_cli(["query", "specs/q.yaml", "--format", "json"], cwd=tmp_path / "p", env=now)
    report = json.loads(found.stdout)
    rows_of = {row["lead.source"]: row["leads_created_count"] for row in report["sections"][0]["rows"]}
    assert rows_of == {"web": 90, "fair": 30}
