"""Keys that some program took for measured numbers, so that several may have become one, are refused on every
database; those that are whole are not."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.databases import dialect_named
from reportspec.errors import Broken
from reportspec.holds import exact_up_to
from tests.engines.servers import Given
from tests.engines.shapes import landed
from tests.figures.asking import figures, rows

ENGINES = ("duckdb", "postgres", "mariadb", "clickhouse", "sqlite")
SPEC: dict[str, Any] = {
    "version": 1,
    "report": "custom",
    "title": "T",
    "period": "2026",
    "sections": [{"id": "a", "kpis": ["won_amount", "customers_count"]}],
}
ZOHO = 4876876000000333001  # nineteen digits


def project(folder: Path, source: Any, prefix: str = "") -> Path:
    fields = {
        "account_id": "account",
        "amount": "amount",
        "status": "status",
        "closed_at": "closed",
        "created_at": "closed",
    }
    mapping = {"version": 1, "entities": {"deal": {"table": f"{prefix}d", "key": "id", "fields": fields}}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    own = {"version": 1, "source": source, "mapping": "m.yaml", "currency": "EUR", "timezone": "UTC"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    return folder


def told(folder: Path) -> list[str]:
    try:
        figures(folder, SPEC)
    except Broken as broken:
        return [one.message for one in broken.diagnostics if one.code == "rounded-key"]
    return []


def deals(kind: str, *accounts: Any) -> Given:
    columns = (
        ("id", "VARCHAR"),
        ("account", kind),
        ("amount", "INTEGER"),
        ("status", "VARCHAR"),
        ("closed", "TIMESTAMP"),
    )
    return Given("d", columns, [(f"k{n}", a, 10, "won", datetime(2026, 8, 1)) for n, a in enumerate(accounts)])


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize(
    ("type_", "accounts", "refused", "customers"),
    [
        # 512 lie between two of that size; SQLite writes fifteen digits.
        ("DOUBLE", (float(ZOHO), float(ZOHO + 1), None, 12.0), 2, 0),
        ("DOUBLE", (float(10**15 - 1), 12.0, None, -3.0), 0, 3),
        ("VARCHAR", ("4.87688E+18", "4,87688E+18", "5E+18", "4.87688e+18", None), 4, 0),
        ("VARCHAR", ("SMITH+18", "J.DOE+18", "E+18", "1.5E+1", "x4.8E+18", "4.8E+18x", "4876876000000333001"), 0, 7),
        ("BIGINT", (ZOHO, ZOHO + 1, None), 0, 2),
    ],
)
def test_keys_that_lost_their_last_digits(
    kind: str, type_: str, accounts: tuple[Any, ...], refused: int, customers: int, tmp_path: Path
) -> None:
    with landed(kind, [deals(type_, *accounts)], lambda *_: None, tmp_path / "db") as found:
        folder = project(tmp_path, found.url, found.prefix)
        messages = told(folder)
        if refused:
            [message] = set(messages)
            assert f"has {refused} rows whose `deal.account_id` (column `account`)" in message
        else:
            assert not messages
            [row] = rows(figures(folder, SPEC), "a")
            assert row["customers_count"] == customers


def test_files(tmp_path: Path) -> None:
    """A spreadsheet's CSV; JSON with keys above those that it has as whole numbers."""
    head = "id,account,amount,status,closed\n"
    (tmp_path / "d.csv").write_text(f"{head}1,4.87688E+18,1,won,2026-08-01\n2,7,2,won,2026-08-01\n")
    [message] = told(project(tmp_path, {"files": {"d": "d.csv"}}))
    assert "has 1 row " in message
    row = {"account": 1, "amount": 1, "status": "won", "closed": "2026-08-01"}
    (tmp_path / "d.json").write_text(json.dumps([{"id": 10**20 + n, **row} for n in range(3)]))
    assert told(project(tmp_path, {"files": {"d": "d.json"}}))


@pytest.mark.parametrize(
    ("kind", "dialect", "most"),
    [
        ("DOUBLE", "duckdb", 2**53),
        ("FLOAT", "duckdb", 2**24),
        ("double precision", "postgres", 2**53),
        ("real", "postgres", 2**24),
        ("float", "mysql", 2**24),
        ("Nullable(Float64)", "clickhouse", 2**53),
        ("Float32", "clickhouse", 2**24),
        ("BIGINT", "duckdb", 0),
        ("DECIMAL(38, 0)", "duckdb", 0),
        ("VARCHAR", "duckdb", 0),
        ("REAL", "sqlite", 0),
    ],
)
def test_how_far_a_type_has_every_whole_number(kind: str, dialect: str, most: int) -> None:
    assert exact_up_to(kind, dialect_named(dialect)) == most
