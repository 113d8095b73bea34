"""Amounts that are too small for the decimals that are kept of one are refused, on every database that keeps no more;
bytes in the place of numbers and texts are, too."""

from __future__ import annotations

import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.errors import Broken
from reportspec.holds import decimals_of, held
from tests.contract.test_text_numbers import SPEC, project
from tests.engines.servers import Given, engine
from tests.engines.shapes import landed
from tests.figures.asking import figures, rows

ENGINES = ("duckdb", "postgres", "mariadb", "clickhouse")


def deals(kind: str, *amounts: Any) -> Given:
    columns = (("id", "VARCHAR"), ("amount", kind), ("status", "VARCHAR"), ("closed", "TIMESTAMP"))
    return Given("d", columns, [(str(n), a, "won", datetime(2026, 8, 1)) for n, a in enumerate(amounts)])


def told_of(folder: Path) -> list[tuple[str, str]]:
    try:
        figures(folder, SPEC)
    except Broken as broken:
        return [(one.code, one.message) for one in broken.diagnostics]
    return []


# What is kept of 0.00004 is nothing, of 0.1234567 0.1235, a loss of 0.035 %; of 33.3333333 a loss of a millionth.
@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize(
    ("amounts", "refused"), [((0.00004, 0.1234567, -0.00005, 100.0), 3), ((33.3333333, 0.1234, 0.0, 1e9, None), 0)]
)
def test_amounts_of_which_too_little_would_be_kept(
    kind: str, amounts: tuple[Any, ...], refused: int, tmp_path: Path
) -> None:
    with landed(kind, [deals("DOUBLE", *amounts)], lambda *_: None, tmp_path / "db") as found:
        folder = project(tmp_path, found.url, found.prefix, "amount")
        told = told_of(folder)
        assert [code for code, _ in told] == ["too-fine"] * (refused > 0)
        if refused:
            assert f"has {refused} rows whose `deal.amount` (column `amount`) has more decimals" in told[0][1]
        # A mapping that says how exact it is, is taken at its word.
        folder = project(tmp_path, found.url, found.prefix, "cast(amount * 1000 as decimal(18, 4))")
        [row] = rows(figures(folder, SPEC), "a")
        assert float(row["won_amount"]) == pytest.approx(sum(a or 0 for a in amounts) * 1000, rel=1e-9)


def test_sqlite_keeps_all_decimals(tmp_path: Path) -> None:
    with engine("sqlite", [deals("DOUBLE", *[0.00004] * 100)], tmp_path) as found:
        [row] = rows(figures(project(tmp_path, found.url, found.prefix, "amount"), SPEC), "a")
    assert float(row["won_amount"]) == pytest.approx(0.004, rel=1e-9)


def test_files_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("id,amount,status,closed\n1,0.00015,won,2026-08-01\n2,5,won,2026-08-01\n")
    project(tmp_path, "x", "", "amount")
    own = {"version": 1, "source": {"files": {"d": "d.csv"}}, "mapping": "m.yaml", "currency": "EUR"}
    (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    [(code, message)] = told_of(tmp_path)
    assert code == "too-fine"
    assert "has 1 row " in message


def test_bytes_among_the_numbers_of_sqlite(tmp_path: Path) -> None:
    """As programs leave them that write whole numbers of eight bytes as they are."""
    with engine("sqlite", [deals("DOUBLE", 50, struct.pack("<q", 100))], tmp_path) as found:
        [(code, message)] = told_of(project(tmp_path, found.url, found.prefix, "amount"))
    assert code == "text-number"
    assert "has 1 row " in message
    assert "is a text or bytes, and no number" in message


@pytest.mark.parametrize(
    ("kind", "what", "dialect"),
    [
        ("varbinary(20)", "bytes", "mysql"),
        ("longblob", "bytes", "mysql"),
        ("binary(16)", "bytes", "mysql"),
        ("set('100','200')", "text", "mysql"),
        ("BLOB", "bytes", "duckdb"),
        ("bytea", "bytes", "postgres"),
        ("RAW(16)", "bytes", "oracle"),
        ("BYTES", "bytes", "bigquery"),
        ("BINARY_DOUBLE", "number", "oracle"),
        ("BINARY_FLOAT", "number", "oracle"),
    ],
)
def test_what_bytes_are_called(kind: str, what: str, dialect: str) -> None:
    from reportspec.databases import dialect_named

    assert held(kind, dialect_named(dialect)) == what


def test_texts_of_bytes_are_refused_with_the_line_that_reads_them(tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(tmp_path / "x.duckdb")) as raw:
        raw.execute("create table d as select '1' as id, '7'::blob as amount, 'won'::blob as status")
        raw.execute("alter table d add column closed timestamp default timestamp '2026-08-01'")
    folder = project(tmp_path, f"duckdb:///{tmp_path / 'x.duckdb'}", "", "amount")
    assert [code for code, _ in told_of(folder)] == ["unfit-column"] * 2
    mapping = yaml.safe_load((folder / "m.yaml").read_text(encoding="utf-8"))
    mapping["entities"]["deal"]["fields"] |= {
        "amount": "cast(cast(amount as varchar) as double)",
        "status": "cast(status as varchar)",
    }
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    assert [float(row["won_amount"]) for row in rows(figures(folder, SPEC), "a")] == [7]


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ("BIGINT", 0),
        ("INTEGER", 0),
        ("DECIMAL(18, 4)", 4),
        ("decimal(18,8)", 8),
        ("NUMERIC(12)", 0),
        ("numeric", None),
        ("DOUBLE", None),
        ("Nullable(Decimal(18, 6))", 6),
        ("real", None),
        ("NUMBER(38,10)", 10),
    ],
)
def test_how_many_decimals_a_type_has(kind: str, most: int | None) -> None:
    assert decimals_of(kind) == most
