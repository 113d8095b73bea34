"""Columns that are to be numbers and hold texts are refused, on every database: many make a number of
what a text begins with."""

from __future__ import annotations

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


def test_single_texts_of_sqlite(tmp_path: Path) -> None:
    """A column of SQLite may hold anything, whatever it is declared as."""
    columns = (("id", "VARCHAR"), ("amount", "DOUBLE"), ("status", "VARCHAR"), ("closed", "TIMESTAMP"))
    table = Given("d", columns, given(5, 7, "12abc", "").rows)
    with engine("sqlite", [table], tmp_path) as found:
        said = refused(project(tmp_path, found.url, found.prefix, "amount"))
    assert "has 2 rows" in said
    assert "`12abc`" in said
