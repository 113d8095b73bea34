"""A DuckDB file that the process has open itself: DuckDB has one instance of it, with one set of settings."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from reportspec.errors import SourceError
from reportspec.run import execute
from tests.figures.asking import figures, rows

PROJECT = "version: 1\nsource: duckdb:///crm.duckdb\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n"
MAPPING = "entities: {deal: {table: deals, key: id, fields: {status: status, amount: amount, closed_at: closed}}}\n"
SPEC = {"period": "2026-Q3", "sections": [{"id": "x", "kpis": ["won_deals_count"]}]}


def test_settings_that_are_fixed_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "_FIRST_WAIT", 0)
    file = str(tmp_path / "crm.duckdb")
    with duckdb.connect(file) as made:
        made.execute(
            "create table deals as select 1 as id, 'won' as status, 5.0 as amount, date '2026-08-05' as closed"
        )
    (tmp_path / "reportspec.yaml").write_text(PROJECT)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    with duckdb.connect(file, read_only=True):
        assert rows(figures(tmp_path, SPEC), "x") == [{"won_deals_count": 1}]
        with pytest.raises(SourceError, match=r"this process has the database .* open besides") as error:
            figures(tmp_path, SPEC)
        assert error.value.code == "held-source"
    assert rows(figures(tmp_path, SPEC), "x") == [{"won_deals_count": 1}]
