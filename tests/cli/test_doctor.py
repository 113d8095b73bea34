"""`reportspec doctor`: what a newcomer is told when something is amiss."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.bad_data.cases import CASES, Given

RunCli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "crm.sqlite") as raw:
        raw.execute("create table Opportunities (Id text, Amount numeric, stage text, opened text)")
    raw.close()
    mapping = {
        "entities": {
            "deal": {"table": "Opportunities", "key": "Id", "fields": {"amount": "Amount", "created_at": "opened"}}
        }
    }
    (tmp_path / "m.yaml").write_text(json.dumps(mapping), encoding="utf-8")
    own = {"version": 1, "source": "crm.sqlite", "mapping": "m.yaml", "currency": "EUR"}
    (tmp_path / "reportspec.yaml").write_text(json.dumps(own), encoding="utf-8")
    return tmp_path


def change(project: Path, name: str, old: str, new: str) -> None:
    path = project / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def findings(run_cli: RunCli, project: Path, *more: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    done = run_cli(["doctor", project, "--format", "json", *more])
    assert "Traceback" not in done.stderr
    found: dict[str, list[dict[str, Any]]] = {}
    for item in json.loads(done.stdout):
        found.setdefault(item["what"], []).append(item)
    return done.returncode, found


def test_the_demo_is_well(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    done = run_cli(["doctor"], cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "29 of 29 that the mapping names are there" in done.stdout
    assert "error" not in done.stdout


def test_a_project_that_is_well(run_cli: RunCli, project: Path) -> None:
    code, found = findings(run_cli, project)
    assert code == 0
    assert [f["level"] for f in found["tables"] + found["columns"]] == ["ok", "ok"]
    assert found["connection"][0]["said"] == "SQLite, crm.sqlite"
    assert found["rights"][0]["level"] == "ok"
    assert found["figures"][0]["level"] == "ok"


def test_a_column_that_is_misspelt(run_cli: RunCli, project: Path) -> None:
    change(project, "m.yaml", '"opened"', '"openned"')
    code, found = findings(run_cli, project)
    assert code == 1
    [column] = found["columns"]
    assert column["said"] == "`Opportunities` has no column `openned` (for `deal`)"
    assert column["help"] == "did you mean `opened`?"


def test_a_table_that_is_misspelt(run_cli: RunCli, project: Path) -> None:
    change(project, "m.yaml", '"Opportunities"', '"Oportunities"')
    code, found = findings(run_cli, project)
    assert code == 1
    [table] = found["tables"]
    assert "`Oportunities` (for `deal`) is not there" in table["said"]
    assert table["help"] == "did you mean `Opportunities`?"


def test_a_database_that_is_not_there(run_cli: RunCli, project: Path) -> None:
    change(project, "reportspec.yaml", "crm.sqlite", "crn.sqlite")
    code, found = findings(run_cli, project)
    assert code == 1
    assert "there is no database file `crn.sqlite`" in found["project"][0]["said"]
    assert found["project"][0]["help"] == "did you mean `crm.sqlite`?"


def test_a_file_that_is_no_database(run_cli: RunCli, project: Path) -> None:
    (project / "crm.sqlite").write_text("id;amount\n" * 500, encoding="utf-8")
    code, found = findings(run_cli, project)
    assert code == 1
    assert "cannot be opened" in found["connection"][0]["said"]


def test_a_server_that_does_not_answer(run_cli: RunCli, project: Path) -> None:
    change(project, "reportspec.yaml", "crm.sqlite", "postgresql://u:p4ss@127.0.0.1:9/crm")
    code, found = findings(run_cli, project)
    assert code == 1
    assert "cannot be reached" in found["connection"][0]["said"]
    assert "p4ss" not in json.dumps(found)


def test_a_folder_without_a_project(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli(["doctor", tmp_path / "nowhere"])
    assert done.returncode == 2
    assert "there is no project file" in done.stderr


@pytest.mark.parametrize(
    ("kind", "keys", "level"),
    [
        ("integer", "text", "note"),
        ("integer", "typed", None),
        ("integer", None, None),
        ("text", "text", None),
        ("text", "typed", "error"),
        ("text", None, None),
    ],
)
def test_keys_of_two_sides(kind: str, keys: str | None, level: str | None, run_cli: RunCli, project: Path) -> None:
    """`deal.owner_id` is a whole number; `user.user_id` is of the kind given."""
    with sqlite3.connect(project / "crm.sqlite") as raw:
        raw.execute('alter table Opportunities add column "owner" integer')
        raw.execute(f"create table people (id {kind}, name text)")
    raw.close()
    mapping = json.loads((project / "m.yaml").read_text(encoding="utf-8"))
    mapping |= {"keys": keys} if keys is not None else {}
    mapping["entities"]["deal"]["fields"]["owner_id"] = "owner"
    mapping["entities"]["user"] = {"table": "people", "key": "id", "fields": {"name": "name"}}
    (project / "m.yaml").write_text(json.dumps(mapping), encoding="utf-8")
    _, found = findings(run_cli, project)
    assert [f["level"] for f in found.get("keys", [])] == ([level] if level else [])
    if level == "error":
        assert "INTEGER" in found["keys"][0]["said"]
        assert "TEXT" in found["keys"][0]["said"]


def test_how_each_column_of_times_is_read(run_cli: RunCli, tmp_path: Path) -> None:
    rows = "k,zoned,plain,day\na,2026-07-01T10:00:00Z,2026-07-01 10:00:00,2026-07-01\n"
    (tmp_path / "d.csv").write_text(rows, encoding="utf-8")
    fields = {"created_at": "zoned", "closed_at": "plain", "expected_close_date": "day"}
    mapping = {"entities": {"deal": {"table": "d", "key": "k", "fields": fields}}}
    (tmp_path / "m.yaml").write_text(json.dumps(mapping), encoding="utf-8")
    own = {
        "version": 1,
        "source": {"files": {"d": "d.csv"}},
        "mapping": "m.yaml",
        "timezone": "Europe/Rome",
        "source_timezone": "America/New_York",
    }
    (tmp_path / "reportspec.yaml").write_text(json.dumps(own), encoding="utf-8")
    _, found = findings(run_cli, tmp_path)
    said = [item["said"] for item in found["times"]]
    assert said == [
        "instants, since they have a zone: d.zoned",
        "without a zone, read as times of America/New_York: d.plain",
        "whole days: d.day",
    ]


def test_indexes_are_looked_for_when_asked(run_cli: RunCli, project: Path) -> None:
    with sqlite3.connect(project / "crm.sqlite") as raw:
        raw.execute('alter table Opportunities add column "source" text')
        rows = [(str(n), n, f"s{n % 40}", "2026-08-01") for n in range(10_000)]
        raw.executemany("insert into Opportunities (Id, Amount, source, opened) values (?, ?, ?, ?)", rows)
    raw.close()
    mapping = json.loads((project / "m.yaml").read_text(encoding="utf-8"))
    mapping["entities"]["deal"]["fields"]["source"] = "source"
    (project / "m.yaml").write_text(json.dumps(mapping), encoding="utf-8")
    _, found = findings(run_cli, project, "--deep")
    assert "no spec" in found["indexes"][0]["said"]
    spec = """
version: 1
report: custom
period: 2026-Q3
filters:
  - {field: deal.source, eq: s7}
sections:
  - {id: k, kpis: [deals_created_count]}
"""
    (project / "q3.yaml").write_text(spec, encoding="utf-8")
    code, found = findings(run_cli, project, "--deep")
    assert code == 0
    [index] = found["indexes"]
    assert index["level"] == "note"
    assert (
        index["said"]
        == "no index on `source` of `Opportunities` (10,000 rows), of which 2.5% are read by it: `q3.yaml`"
    )
    assert index["help"] == 'CREATE INDEX "Opportunities_source" ON "Opportunities"("source")'
    assert "indexes" not in findings(run_cli, project)[1]
    said = run_cli(["doctor", project, "--deep"]).stdout
    assert index["help"] in said


def test_old_exchange_rates_are_told(tmp_path: Path, run_cli: RunCli) -> None:
    """The last of them is years old; the one of today is not."""
    for last, told in (("2021-08-01", True), (date.today().isoformat(), False)):
        given = Given()
        CASES["rate_twice"](given)
        given.files["rates.csv"] = f"on,from,to,worth\n2021-07-01,USD,EUR,0.8\n{last},USD,EUR,0.7\n".encode()
        given.write(tmp_path)
        done = run_cli(["doctor"], tmp_path)
        assert (f"the last exchange rate of USD in `rates` is of {last}" in done.stdout) == told
