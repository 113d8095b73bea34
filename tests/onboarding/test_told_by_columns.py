"""Tables whose names, or whose keys' names, are nobody's: told by the names of their other columns and by their values."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.catalogue.load import packaged
from reportspec.onboarding.drafts import Block
from reportspec.onboarding.histories import Told
from reportspec.onboarding.mapping_lines import Writer
from reportspec.onboarding.matching import propose
from reportspec.onboarding.seen_tables import column_seen, table_seen
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
    said, help = found.stderr.splitlines()[:2]
    assert said == (
        "error[no-report]: no report can be made of these tables: no column of `leads` has dates, and reports are of"
        " periods; recognised: lead from `leads` (3 fields)"
    )
    assert help.startswith("  help: export when each was created or closed, too, ")
    assert not (tmp_path / "p" / "out").exists()


@pytest.mark.parametrize("column", ["product", "product_id"])
def test_deals_with_a_product_are_likely_lines_and_others_are_not(column: str) -> None:
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


def closes(rows: int = 60) -> dict[str, list[dict[str, Any]]]:
    """Opportunities that count hundredths, all of one's own organization, and calls that name none of them."""
    stages = [{"id": f"stat_{n}", "label": label} for n, label in enumerate(("Prospect", "Demo", "Won", "Lost"))]
    deals = [
        {
            "id": f"oppo_{n}",
            "organization_id": "orga_1",
            "lead_id": f"lead_{n % 40}",
            "status_id": f"stat_{n % 4}",
            "status_display_name": stages[n % 4]["label"],
            "value": 100_000 + n * 1_234,
            "value_formatted": f"€{(100_000 + n * 1_234) / 100:,.2f}",
            "date_created": DAY + timedelta(n),
            "date_won": DAY + timedelta(n + 9) if n % 4 == 2 else None,
            "user_id": f"user_{n % 3}",
        }
        for n in range(rows)
    ]
    calls = [
        {
            "id": f"call_{n}",
            "user_id": f"user_{n % 3}",
            "status": "completed",
            "direction": "outbound",
            "duration": 60 * n,
        }
        | {"date_created": DAY + timedelta(n % 90)}
        for n in range(rows)
    ]
    return {"close.opportunities": deals, "close.call_activities": calls, "close.opportunity_statuses": stages}


def test_what_all_rows_or_no_two_have_names_nobody() -> None:
    found = proposed(closes())
    assert line(found["deal"], "account_id") is None
    assert "account" not in found
    assert "deal_stage_history" not in found  # the calls' own keys are none of deals
    assert key_of(found["activity"]) == ("id", "")
    sql, _ = line(found["deal"], "status") or ("", "")
    assert "in ('Demo', 'Prospect') then 'open'" in sql or "in ('Prospect', 'Demo') then 'open'" in sql


@pytest.mark.parametrize("hundredths", [True, False])
def test_amounts_that_another_column_writes_out_count_hundredths(hundredths: bool) -> None:
    tables = closes()
    seen = [
        table_seen(name, dict.fromkeys(rows[0], ""), [(*row.values(),) for row in rows])
        for name, rows in tables.items()
    ]
    deals = tables["close.opportunities"]
    factor = 1 if hundredths else 100

    def rows(table: str, columns: Any, by: str) -> list[tuple[Any, ...]]:
        return [tuple(row[name] * factor if name == "value" else row[name] for name in columns) for row in deals]

    writer = Writer(packaged(), {one.name: one for one in seen}, "duckdb", {}, {}, {}, Told(), rows)
    [deal] = [block for block in writer.draft(propose(packaged(), seen)).blocks if block.entity == "deal"]
    mark = "`value_formatted` beside it says that it counts hundredths"
    assert line(deal, "amount") == (("value / 100.0", mark) if hundredths else ("value", ""))


def test_rows_of_sums_are_nobody(run_cli: RunCli, tmp_path: Path) -> None:
    text = (
        "Deal-Nr;Kunde;Verkäufer;Status;Betrag;Erstellt am;Abgeschlossen am\n"
        "1;A;Weber;gewonnen;100,50;01.07.2026;15.07.2026\n2;B;Galli;verloren;200,50;02.07.2026;20.07.2026\n"
        ";;Summe Juli;;301,00;;\n3;C;Weber;offen;50,00;03.08.2026;\n4;D;Galli;gewonnen;80,00;13.08.2026;20.08.2026\n"
        ";;Summe August;;130,00;;\n"
    )
    (tmp_path / "deals.csv").write_text(text, encoding="utf-8")
    made = run_cli(
        ["init", "deals.csv", "--into", "p", "--yes"], cwd=tmp_path, env={"REPORTSPEC_NOW": "2026-11-30T12:00:00Z"}
    )
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "p" / "recipients.csv").read_text(encoding="utf-8").split() == [
        "value,email",
        "Galli,",
        "Weber,",
    ]
    entities = yaml.safe_load((tmp_path / "p" / "mapping.yaml").read_text(encoding="utf-8"))["entities"]
    assert entities["deal"]["where"] == '"Deal-Nr" IS NOT NULL'
    assert entities["user"]["where"] == '("Verkäufer" is not null) and ("Deal-Nr" IS NOT NULL)'


def test_texts_for_nothing_are_nothing_and_numbers_in_two_ways_are_told(run_cli: RunCli, tmp_path: Path) -> None:
    """A list of offers: a source that nobody chose is none, and amounts that are written in two ways are not read."""
    rows = [
        f"{n};Kunde {n % 7};Angebot {n};{('gewonnen', 'verloren', 'offen')[n % 3]};{('-None-', 'Messe')[n % 2]};"
        f"{'1.695,27 €' if n == 7 else f'{n}00.50'};2026-0{1 + n % 9}-11;{f'2026-0{1 + n % 9}-20' if n % 3 < 2 else ''}\n"
        for n in range(1, 61)
    ]
    head = "Lfd. Nr.;Kunde;Bezeichnung;Status;Quelle;Angebotswert;Angebot vom;Entscheidung am\n"
    (tmp_path / "Angebote 2026.csv").write_text(head + "".join(rows), encoding="utf-8")
    now = {"REPORTSPEC_NOW": "2026-11-30T12:00:00Z"}
    made = run_cli(["init", "Angebote 2026.csv", "--into", "p", "--yes"], cwd=tmp_path, env=now)
    assert made.returncode == 0, made.stderr
    mapping = (tmp_path / "p" / "mapping.yaml").read_text(encoding="utf-8")
    deal = yaml.safe_load(mapping)["entities"]["deal"]
    assert (deal["fields"]["created_at"], deal["fields"]["source"]) == ('"Angebot vom"', '"Quelle"')
    [amount] = [one for one in mapping.splitlines() if "# amount: " in one]
    assert "`1.695,27 €`" in amount
    assert 'null: ["-None-"]' in (tmp_path / "p" / "reportspec.yaml").read_text(encoding="utf-8")
    assert "/tmp" not in made.stdout + made.stderr


def test_columns_of_several_kinds_are_looked_at(tmp_path: Path) -> None:
    """SQLite keeps what it is given: numbers and texts, days and words, in one column."""
    assert column_seen("a", [1, 2.5, "x"]).shape == "text"
    assert column_seen("a", [1, 2.5, "3"]).shape == "number"
    assert column_seen("a", [True, "x", 3]).shape == "text"
    assert column_seen("a", [date(2026, 1, 2), "soon"]).shape == "text"


@pytest.mark.parametrize("closed", [True, False])
def test_stages_that_nobody_knows_are_open_where_their_deals_are_not_closed(
    closed: bool, run_cli: RunCli, tmp_path: Path
) -> None:
    stages = ("Kick-off", "Paperwork", "Deal won", "Deal lost")
    text = "ID,Stage,Deal Name,Amount,Created on,Closed on\n" + "".join(
        f"{n},{stages[n % 4]},Deal {n},{100 + n},2026-0{1 + n % 6}-10,"
        f"{f'2026-0{2 + n % 6}-01' if n % 4 > 1 or (closed and n % 4 == 1) else ''}\n"
        for n in range(80)
    )
    (tmp_path / "deals.csv").write_text(text, encoding="utf-8")
    now = {"REPORTSPEC_NOW": "2026-11-30T12:00:00Z"}
    made = run_cli(["init", "deals.csv", "--into", "p", "--yes"], cwd=tmp_path, env=now)
    assert made.returncode == 0, made.stderr
    said = made.stdout + made.stderr
    if closed:  # their deals have a date of closing, so that they are no step
        assert "taken for open: `Kick-off`; not known, and in no state: `Paperwork`" in said
    else:
        assert "neither won nor lost, and taken for open: `Kick-off`, `Paperwork`" in said
    told = run_cli(["validate", "specs/pipeline.yaml"], cwd=tmp_path / "p", env=now)
    assert told.stderr.startswith("warning[unconfirmed]: how `deal.status` is read was guessed: ")
    assert told.stderr.count("warning") == 1
