"""Statements that are longer, and of more parts, than ClickHouse takes unless it is told to.

Slow: a ClickHouse is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportspec.databases import source_of
from reportspec.databases.chdb import open_chdb
from reportspec.run.connection import Wanted

pytestmark = [pytest.mark.xdist_group("clickhouse"), pytest.mark.slow]


def test_more_letters_and_parts_than_by_default(tmp_path: Path) -> None:
    columns = [f"{at} + 1 AS c{at}" for at in range(15_000)]
    sql = f"SELECT {', '.join(columns)}"
    assert len(sql) > 262_144
    session = open_chdb(source_of("chdb", "x", path=str(tmp_path / "x")), Wanted())
    try:
        found = session.run(sql)
    finally:
        session.close()
    assert found.columns[-1] == "c14999"
    assert [tuple(int(value) for value in row) for row in found.rows] == [tuple(range(1, 15_001))]
