"""Lines that are proposed for a mapping do what they say, or none is proposed."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.errors import Broken
from tests.engines.servers import Given
from tests.engines.shapes import landed
from tests.figures.asking import figures, rows

SPEC = {"report": "custom", "period": "2026-Q3", "sections": [{"id": "a", "kpis": ["won_amount", "won_deals_count"]}]}
KINDS = ["duckdb", "sqlite", "postgres"]


def project(folder: Path, url: str, table: str, more: dict[str, Any] | None = None, **fields: str) -> Path:
    own = {"amount": "amount", "status": "status", "closed_at": "closed", **fields}
    mapping = {"timezone": "UTC", "entities": {"deal": {"table": table, "key": "id", "fields": own, **(more or {})}}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    said = {"version": 1, "source": url, "mapping": "m.yaml", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return folder


def deals(kind: str, *given: tuple[Any, Any, Any]) -> Given:
    columns = (("id", kind), ("amount", "BIGINT"), ("status", "VARCHAR"), ("closed", "TIMESTAMP"))
    return Given("d", columns, [(key, amount, "won", closed) for key, amount, closed in given])


DAY = datetime(2026, 8, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["VARCHAR", "BIGINT"])
@pytest.mark.parametrize("where", [None, "amount > 0"])
def test_rows_without_a_key(kind: str, key: str, where: str | None, tmp_path: Path) -> None:
    """Without a key is what has none, an empty text or a blank; 7 is left of 7 and 5 and 3."""
    keys = ["a", None, " "] if key == "VARCHAR" else [1, None, None]
    given = deals(key, *zip(keys, (7, 5, 3), (DAY, DAY, DAY), strict=True))
    with landed(kind, [given], lambda *_: None, tmp_path / "db") as found:
        table, own = f"{found.prefix}d", {"where": where} if where else {}
        with pytest.raises(Broken) as told:
            figures(project(tmp_path, found.url, table, own), SPEC)
        help = told.value.diagnostics[0].help or ""
        if where:
            line = re.search("`and (.*)` in `where`", help)
        else:
            line = re.search("`where: ([^`]*)`", help)
        assert line is not None
        followed = f"{where} and {line[1]}" if where else line[1]
        found_rows = rows(figures(project(tmp_path, found.url, table, {"where": followed}), SPEC), "a")
    assert [(float(row["won_amount"]), row["won_deals_count"]) for row in found_rows] == [(7, 1)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("odd", "proposed"),
    [((datetime(1900, 1, 1), datetime(1900, 1, 1)), True), ((datetime(1900, 1, 1), datetime(1901, 1, 1)), False)],
)
def test_a_time_that_stands_for_none(kind: str, odd: tuple[Any, Any], proposed: bool, tmp_path: Path) -> None:
    given = deals("VARCHAR", ("a", 7, DAY), ("b", 5, odd[0]), ("c", 3, odd[1]))
    with landed(kind, [given], lambda *_: None, tmp_path / "db") as found:
        table = f"{found.prefix}d"
        first = figures(project(tmp_path, found.url, table), SPEC)
        [warning] = [one for one in first.warnings if one.code == "odd-time"]
        line = re.search('closed_at: "(.*)"', warning.help or "")
        assert (line is not None) == proposed
        if line is not None:
            after = figures(project(tmp_path, found.url, table, closed_at=line[1]), SPEC)
            assert not [one for one in after.warnings if one.code == "odd-time"]
            assert float(rows(after, "a")[0]["won_amount"]) == 7
