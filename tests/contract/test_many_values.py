"""Filters by many texts: those that the source does not have are told by one look at it, and few by name."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engines.servers import Given
from tests.engines.shapes import landed
from tests.figures.asking import figures, rows

COLUMNS = (("id", "VARCHAR"), ("name", "VARCHAR"), ("amount", "DOUBLE"), ("status", "VARCHAR"), ("closed", "TIMESTAMP"))
ROWS = [
    (str(n), name, 100 + n, "won", datetime(2026, 8, 1)) for n, name in enumerate(("Ada", "ada", "Bo", "Cem", "Ada"))
]


def asked(folder: Path, url: str, prefix: str, condition: dict[str, Any]) -> Any:
    fields = {"name": "name", "amount": "amount", "status": "status", "closed_at": "closed"}
    deal: dict[str, Any] = {"table": f"{prefix}d", "key": "id", "fields": fields}
    mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": {"deal": deal}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    own = {"version": 1, "source": url, "mapping": "m.yaml", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    spec = {
        "report": "custom",
        "period": "2026-Q3",
        "metrics": ["won_amount"],
        "filters": [{"field": "deal.name", **condition}],
    }
    return figures(folder, spec)


@pytest.mark.parametrize("kind", ["duckdb", "sqlite", "postgres", "mariadb"])
def test_values_that_the_source_lacks(kind: str, tmp_path: Path) -> None:
    """Ada, Bo and what nobody is called; what differs in case is another name. The sum of Ada (100 and
    104) and Bo (102) is 306, however many others are asked for: databases have a limit of columns."""
    with landed(kind, [Given("d", COLUMNS, ROWS)], lambda *_: None, tmp_path / "db") as server:
        for many in (0, 1, 6, 7, 2500):
            lacking = [f"Nobody {n}" for n in range(many)]
            found = asked(tmp_path, server.url, server.prefix, {"in": ["Bo", *lacking, "Ada"]})
            assert rows(found, "headline") == [{"won_amount": 306}]
            told = [one for one in found.warnings if one.code == "unknown-value"]
            by_name = many if many <= 6 else 5
            assert [one.message.split("`")[3] for one in told[:by_name]] == lacking[:by_name]
            assert len(told) == by_name + (many > 6)
            if many > 6:
                assert f"asks for {many - 5:,} other values" in told[-1].message
                said = f"other values that the source does not have: {many - 5:,}."
                assert any(one.endswith(said) for one in found.footnotes)


def test_a_name_in_another_case_is_lacking(tmp_path: Path) -> None:
    with landed("mariadb", [Given("d", COLUMNS, ROWS)], lambda *_: None, tmp_path / "db") as server:
        found = asked(tmp_path, server.url, server.prefix, {"in": ["Ada", "BO", "cem"]})
    assert rows(found, "headline") == [{"won_amount": 204}]
    told = [one.message.split("`")[3] for one in found.warnings if one.code == "unknown-value"]
    assert told == ["BO", "cem"]


def test_ten_thousand_texts_take_no_statement_each(tmp_path: Path) -> None:
    with landed("duckdb", [Given("d", COLUMNS, ROWS)], lambda *_: None, tmp_path / "db") as server:
        began = time.process_time()
        asked(tmp_path, server.url, "", {"in": [f"Nobody {n}" for n in range(10_000)]})
        assert time.process_time() - began < 15
