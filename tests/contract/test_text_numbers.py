"""Columns that are to be numbers and hold texts are refused, on every database: many make a number of
what a text begins with."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.errors import Broken
from tests.engines.servers import Given, engine
from tests.engines.shapes import landed
from tests.figures.asking import figures, rows

COLUMNS = (("id", "VARCHAR"), ("amount", "VARCHAR"), ("status", "VARCHAR"), ("closed", "TIMESTAMP"))
SPEC = {"report": "custom", "period": "2026-Q3", "sections": [{"id": "a", "kpis": ["won_amount"]}]}


def project(folder: Path, url: str, prefix: str, amount: str) -> Path:
    fields = {"amount": amount, "status": "status", "closed_at": "closed"}
    deal: dict[str, Any] = {"table": f"{prefix}d", "key": "id", "fields": fields}
    mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": {"deal": deal}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    own = {"version": 1, "source": url, "mapping": "m.yaml", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    return folder


def given(*amounts: Any) -> Given:
    from datetime import datetime

    return Given("d", COLUMNS, [(str(n), a, "won", datetime(2026, 8, 1)) for n, a in enumerate(amounts)])


def refused(folder: Path) -> str:
    with pytest.raises(Broken) as told:
        figures(folder, SPEC)
    [one] = told.value.diagnostics
    assert one.code == "text-number"
    assert one.span is not None
    return " ".join([one.message, *one.notes])


@pytest.mark.parametrize("kind", ["duckdb", "sqlite", "postgres", "mariadb"])
def test_amounts_as_texts(kind: str, tmp_path: Path) -> None:
    with landed(kind, [given("1,054.50", "300", None)], lambda *_: None, tmp_path / "db") as found:
        said = refused(project(tmp_path, found.url, found.prefix, "amount"))
        assert (
            "`d` has 2 rows whose `deal.amount` (column `amount`) is a text".replace("`d`", f"`{found.prefix}d`")
            in said
        )
        assert "`1,054.50`" in said
        read = "cast(nullif(replace(amount, ',', ''), '') as decimal(18, 2))"
        folder = project(tmp_path, found.url, found.prefix, read)
        assert rows(figures(folder, SPEC), "a") == [{"won_amount": Decimal("1354.5")}]


# Columns of texts with what they are together; None where nobody can say, so that no line may be proposed.
CORPUS: dict[str, tuple[tuple[str | None, ...], str | None]] = {
    "decimal commas": (("12,50", "7,25", None, ""), "19.75"),
    "a decimal comma among whole numbers": (("12,5", "100"), "112.5"),
    "dots of thousands": (("1.234,50", "-7,25"), "1227.25"),
    "commas of thousands": (("1,054.50", "300"), "1354.5"),
    "millions": (("1,234,567", "1"), "1234568"),
    "blanks of thousands": (("1 234,5", " 7 "), "1241.5"),
    "apostrophes": (("1'234.25", "+0.25"), "1234.5"),
    "four decimals": (("0,1234", "1,5"), "1.6234"),
    "a comma of either": (("1,500", "2,000"), None),
    "both ways": (("1,5", "1.5"), None),
    "words": (("12,50", "n/a"), None),
    "dates": (("2026-01-05", "12,5"), None),
    "signs": (("12,50 €", "1"), None),
    "too many decimals": (("0,123456", "1"), None),
    "another dot": (("1.2.3", "4,5"), None),
}


@pytest.mark.parametrize("kind", ["duckdb", "sqlite", "postgres", "mariadb"])
@pytest.mark.parametrize("column", CORPUS)
def test_what_is_proposed_is_right_when_it_is_followed(column: str, kind: str, tmp_path: Path) -> None:
    amounts, right = CORPUS[column]
    with landed(kind, [given(*amounts)], lambda *_: None, tmp_path / "db") as found:
        folder = project(tmp_path, found.url, found.prefix, "amount")
        with pytest.raises(Broken) as told:
            figures(folder, SPEC)
        line = re.search('amount: "(.*)"', told.value.diagnostics[0].help or "")
        assert (line is None) == (right is None)
        if line is not None and right is not None:
            folder = project(tmp_path, found.url, found.prefix, line[1])
            [row] = rows(figures(folder, SPEC), "a")
            assert float(row["won_amount"]) == pytest.approx(float(right), abs=1e-9)


def test_single_texts_of_sqlite(tmp_path: Path) -> None:
    """A column of SQLite may hold anything, whatever it is declared as."""
    columns = (("id", "VARCHAR"), ("amount", "DOUBLE"), ("status", "VARCHAR"), ("closed", "TIMESTAMP"))
    table = Given("d", columns, given(5, 7, "12abc", "").rows)
    with engine("sqlite", [table], tmp_path) as found:
        said = refused(project(tmp_path, found.url, found.prefix, "amount"))
    assert "has 2 rows" in said
    assert "`12abc`" in said


@pytest.mark.parametrize("kind", ["duckdb", "sqlite", "postgres", "mariadb"])
@pytest.mark.parametrize("values", [("0.5", "0.25"), ("half", None), (None, None)])
def test_other_numbers_as_texts(kind: str, values: tuple[Any, Any], tmp_path: Path) -> None:
    """Also those that the catalogue compares with bounds; a column of texts without any value has no number in it."""
    columns = (("id", "VARCHAR"), ("amount", "DECIMAL(18, 2)"), ("chance", "VARCHAR"), ("status", "VARCHAR"))
    deals = Given("d", columns, [(str(n), Decimal(100), chance, "open") for n, chance in enumerate(values)])
    listed = {"entity": "deal", "fields": ["deal.status", "deal.probability"]}
    spec = {"report": "custom", "period": "2026-Q3", "sections": [{"id": "a", "records": listed}]}
    with landed(kind, [deals], lambda *_: None, tmp_path / "db") as found:
        folder = project(tmp_path, found.url, found.prefix, "amount")
        mapping = yaml.safe_load((folder / "m.yaml").read_text(encoding="utf-8"))
        mapping["entities"]["deal"]["fields"] = {"amount": "amount", "status": "status", "probability": "chance"}
        (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        if values == (None, None):
            assert [one.rows for one in figures(folder, spec).sections] == [(("Open", None), ("Open", None))]
            return
        with pytest.raises(Broken) as told:
            figures(folder, spec)
        assert [one.code for one in told.value.diagnostics] == ["text-number"]
        assert "`deal.probability` (column `chance`) is a text" in told.value.diagnostics[0].message
