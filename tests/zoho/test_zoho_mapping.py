"""The Zoho mapping's expressions, run by DuckDB as they are written, without the compiler."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from reportspec.expression.sandbox import parse

PROJECT = Path(__file__).parent / "project"
FILES = yaml.safe_load((PROJECT / "reportspec.yaml").read_text(encoding="utf-8"))["source"]["files"]
# Each entity's table among those that the project has; of a union, the part that reads it.
SHIPPED = {
    entity: part
    for entity, spec in yaml.safe_load(
        (files("reportspec.catalogue") / "crms" / "zoho.yaml").read_text(encoding="utf-8")
    )["entities"].items()
    for part in spec.get("union", [spec])
    if part.get("table") in FILES
}
OWN = yaml.safe_load((PROJECT / "mapping.yaml").read_text(encoding="utf-8"))["entities"]


def expressions(entity: str) -> dict[str, str]:
    """The entity's expressions by field, the project's over the shipped ones; `key` among them."""
    found: dict[str, Any] = {}
    for layer in (SHIPPED, OWN):
        part = layer.get(entity, {})
        found |= {"key": part["key"]} if "key" in part else {}
        found |= part.get("fields", {})
    return {k: v if isinstance(v, str) else v["sql"] for k, v in found.items()}


TABLES = {entity: each["table"] for entity, each in SHIPPED.items()}
FIELDS = [(entity, name) for entity in TABLES for name in expressions(entity)]


@pytest.fixture(scope="module")
def zoho(shared_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The export as tables whose columns are all text."""
    with duckdb.connect() as connection:
        for table in TABLES.values():
            path = shared_data / "zoho_crm_demo" / f"{table.capitalize()}.csv"
            connection.read_csv(str(path), all_varchar=True).create(table)
        yield connection


@pytest.mark.parametrize(("entity", "name"), FIELDS)
def test_every_expression_is_allowed(entity: str, name: str) -> None:
    parse(expressions(entity)[name])  # raises Refused otherwise


@pytest.mark.parametrize("entity", TABLES)
def test_keys_are_unique_and_whole(zoho: duckdb.DuckDBPyConnection, entity: str) -> None:
    key = expressions(entity)["key"]
    rows, keys = zoho.sql(f"select count(*), count(distinct {key}) from {TABLES[entity]}").fetchall()[0]
    assert rows == keys > 0


# Where a column is not always filled, how many of its rows are; everything else is never null.
FILLED = {
    ("account", "name"): 2226,
    ("deal", "probability"): 3630,
    ("deal", "source"): 3629,
    ("deal", "expected_close_date"): 1722,
    ("deal", "closed_at"): 1910,
    ("lead", "converted_deal_id"): 3632,
    ("activity", "deal_id"): 1489,
    ("activity", "lead_id"): 170,
    ("activity", "contact_id"): 2100,
    ("quote", "presented_at"): 2591,
}


@pytest.mark.parametrize(("entity", "name"), FIELDS)
def test_every_value_is_read(zoho: duckdb.DuckDBPyConnection, entity: str, name: str) -> None:
    statement = f"select count(*), count({expressions(entity)[name]}) from {TABLES[entity]}"
    rows, filled = zoho.sql(statement).fetchall()[0]
    assert filled == FILLED.get((entity, name), rows)


@pytest.mark.parametrize(
    ("child", "field", "parent"),
    [
        ("deal", "lead_id", "lead"),
        ("deal", "owner_id", "user"),
        ("deal", "campaign_id", "campaign"),
        ("lead", "owner_id", "user"),
        ("lead", "converted_deal_id", "deal"),
        ("activity", "owner_id", "user"),
        ("activity", "lead_id", "lead"),
        ("activity", "contact_id", "contact"),
        ("contact", "account_id", "account"),
        ("quote", "owner_id", "user"),
    ],
)
def test_no_relation_leads_nowhere(zoho: duckdb.DuckDBPyConnection, child: str, field: str, parent: str) -> None:
    ours, theirs = expressions(child)[field], expressions(parent)["key"]
    statement = f"select count(*) from {TABLES[child]} where {ours} not in (select {theirs} from {TABLES[parent]})"
    assert zoho.sql(statement).fetchall() == [(0,)]


@pytest.mark.parametrize("table", ["calls", "events"])
def test_deal_ids_agree_with_the_flags_of_deals(shared_data: Path, table: str) -> None:
    """The deal's id is inferred: every deal that a call or event names is flagged as having one."""
    folder = shared_data / "zoho_crm_demo"
    with duckdb.connect() as connection:
        deals = connection.read_csv(str(folder / "Potentials.csv"), all_varchar=True)
        linked = connection.read_csv(str(folder / f"{table.capitalize()}.csv"), all_varchar=True)
        connection.register("potentials", deals)
        connection.register("linked", linked)
        flags = connection.sql(
            f'select distinct "{table.capitalize()} Involved" from potentials '
            f'where {expressions("deal")["key"]} in (select "POTENTIALID" from linked)'
        ).fetchall()
    assert flags == [("Yes",)]


def evaluate(expression: str, **values: str | None) -> Any:
    """The expression's value over one row of text columns; `_` in a name stands for a blank."""
    row = ", ".join(f'cast(? as varchar) as "{name.replace("_", " ")}"' for name in values)
    with duckdb.connect() as connection:
        answer = connection.execute(f"select {expression} from (select {row})", [*values.values()])
        return answer.fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "amount"),
    [("$342.09K", 342090), ("$1,117.10K", 1117100), ("$12.50", 12.5), ("", None), (None, None)],
)
def test_costs_in_thousands(text: str | None, amount: float | None) -> None:
    found = evaluate(expressions("campaign")["budget"], Budgeted_Cost=text)
    assert found == pytest.approx(amount) if amount is not None else found is None


@pytest.mark.parametrize(
    ("entity", "name", "row"),
    [
        ("deal", "amount", {"Amount": "$12,OOO.00"}),
        ("deal", "amount", {"Amount": "€12,000.00"}),
        ("deal", "created_at", {"Created_Time": "2021-04-15 00:02:00"}),
        ("deal", "created_at", {"Created_Time": "31 Apr, 2021 00:02:00"}),
        ("deal", "closed_at", {"Stage": "Closed Won", "Closing_Date": "soon"}),
        ("deal", "probability", {"Probability": "high"}),
        ("campaign", "budget", {"Budgeted_Cost": "$1.2M"}),
        ("lead", "is_converted", {"CONVERTED": "perhaps"}),
        ("activity", "done_at", {"Call_Type": "Outbound", "Call_Start_Time": "noon"}),
        ("activity", "duration_seconds", {"Call_Duration_(in_seconds)": "7 min"}),
    ],
)
def test_what_cannot_be_read_is_an_error(entity: str, name: str, row: dict[str, str]) -> None:
    with pytest.raises((duckdb.ConversionException, duckdb.InvalidInputException)):
        evaluate(expressions(entity)[name], **row)
    blank = {column: "" if column != "Stage" else "Closed Won" for column in row}
    assert evaluate(expressions(entity)[name], **blank) is None
