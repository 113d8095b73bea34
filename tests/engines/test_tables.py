"""Tables by one, two or three names, and by names that break what is glued together.

Slow: writes a table for each odd name, and reads each."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.conftest import RunCli
from tests.loading import load_report

ODD = (".", 'a"b', "a/*b`\\ 5% {{ x }}", "deal")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def project(folder: Path, source: str, table: str) -> Path:
    deal = {"table": table, "fields": {"deal_id": "id", "created_at": "made"}}
    mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": {"deal": deal}}
    own = {"version": 1, "source": source, "mapping": "m.yaml", "currency": "EUR", "timezone": "UTC", "locale": "en_GB"}
    kpis = [{"id": "k", "kpis": ["deals_created_count"]}]
    spec = {"version": 1, "report": "custom", "period": "2026", "sections": kpis}
    for name, data in (("m", mapping), ("reportspec", own), ("s", spec)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    return folder / "s.yaml"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_odd_names(kind: str, tmp_path: Path, run_cli: RunCli) -> None:
    """Each table has one row more than the one before it."""
    path = tmp_path / f"crm.{kind}"
    opened = duckdb.connect(str(path)) if kind == "duckdb" else sqlite3.connect(path)
    with closing(opened) as raw:
        for number, name in enumerate(ODD, 1):
            raw.execute(f"create table {quoted(name)} (id varchar, made timestamp)")
            for row in range(number):
                raw.execute(f"insert into {quoted(name)} values ('{row}', '2026-02-03 10:00:00')")
        raw.commit()
    source = "crm.duckdb" if kind == "duckdb" else "sqlite:///crm.sqlite"
    asked = {quoted(name): number for number, name in enumerate(ODD, 1)}
    asked["main.deal"] = len(ODD)
    if kind == "duckdb":
        asked["crm.main.deal"] = len(ODD)
    for table, rows in asked.items():
        spec = project(tmp_path, source, table)
        done = run_cli(["query", spec, "--format", "json"], tmp_path)
        assert done.returncode == 0, (table, done.stderr)
        assert json.loads(done.stdout)["sections"][0]["rows"] == [{"deals_created_count": rows}]


@pytest.mark.parametrize("table", ["read_csv('/etc/passwd')", "deal, other", "(select 1)", "a.b.c.d"])
def test_calls_are_refused_with_their_place(table: str, tmp_path: Path) -> None:
    checked = load_report(project(tmp_path, "postgresql://u@h/d", table), NOW, {})
    assert checked.report is None
    told = [d for d in checked.diagnostics if d.code == "bad-table"]
    assert len(told) == 1
    assert told[0].span is not None
