"""PostgreSQL gives the figures that DuckDB gives: every report of `specs/`, over the same rows."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from reportspec.demo import load
from reportspec.demo.columns import COLUMNS

psycopg = pytest.importorskip("psycopg", reason="needs psycopg, the driver of PostgreSQL")

URL = os.environ.get("REPORTSPEC_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test")
RunCli = Callable[..., subprocess.CompletedProcess[str]]
NOW = "2026-11-01T12:00:00Z"
SCHEMA = f"reportspec_{os.getpid()}"
TYPES = {"VARCHAR": "text", "TIMESTAMP": "timestamp", "DATE": "date", "DOUBLE": "double precision",
         "INTEGER": "bigint", "BOOLEAN": "boolean"}  # fmt: skip
pytestmark = [pytest.mark.xdist_group("postgres"), pytest.mark.slow]


@pytest.fixture(scope="module")
def schema() -> Iterator[str]:
    """The demo's rows in a schema of their own."""
    try:
        database = psycopg.connect(URL, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL answers: {str(error).splitlines()[0]}")
    with database, duckdb.connect() as demo:
        load(demo)
        database.execute(f"drop schema if exists {SCHEMA} cascade")
        database.execute(f"create schema {SCHEMA}")
        for name, columns in COLUMNS.items():
            body = ", ".join(f'"{c}" {TYPES.get(kind, "numeric(14, 2)")}' for c, kind in columns)
            database.execute(f'create table {SCHEMA}."{name}" ({body})')
            with database.cursor().copy(f'copy {SCHEMA}."{name}" from stdin') as copy:
                for row in demo.execute(f'select * from demo."{name}"').fetchall():
                    copy.write_row(row)
        yield SCHEMA
        database.execute(f"drop schema {SCHEMA} cascade")
        database.close()


@pytest.fixture(scope="module")
def projects(
    schema: str, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Two projects with the same specs: the demo in DuckDB, and in PostgreSQL."""
    settings = {"version": 1, "timezone": "Europe/Rome", "locale": "en_GB", "currency": "EUR"}
    entities: dict[str, Any] = {
        name: {"table": f"{schema}.{name}", "fields": {c: f'"{c}"' for c, _ in columns}}
        for name, columns in COLUMNS.items()
    }
    found = {}
    for kind in ("duckdb", "postgres"):
        folder = tmp_path_factory.mktemp(kind)
        (folder / "specs").mkdir()
        for spec in (checkout / "specs").glob("*.yaml"):
            if spec.name != "reportspec.yaml":
                text = spec.read_text(encoding="utf-8")
                (folder / "specs" / spec.name).write_text(text, encoding="utf-8")
        source = {"source": "demo"} if kind == "duckdb" else {"source": URL, "mapping": "m.yaml"}
        (folder / "reportspec.yaml").write_text(yaml.safe_dump(settings | source), encoding="utf-8")
        mapping = {"timezone": "UTC", "entities": entities}
        (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        found[kind] = folder
    return found


def figures(run_cli: RunCli, folder: Path, spec: str) -> dict[str, Any]:
    done = run_cli(
        ["query", f"specs/{spec}", "--format", "json"],
        cwd=folder,
        env={"REPORTSPEC_NOW": NOW},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


SPECS = ("q3", "pipeline", "conversions", "sales_cycle", "lost_deals", "custom", "forecast",
         "leads", "profitability", "activity", "quotas")  # fmt: skip


@pytest.mark.parametrize("spec", SPECS)
def test_figures_are_those_of_duckdb(spec: str, projects: dict[str, Path], run_cli: RunCli) -> None:
    expected = figures(run_cli, projects["duckdb"], f"{spec}.yaml")
    found = figures(run_cli, projects["postgres"], f"{spec}.yaml")
    assert [s["id"] for s in found["sections"]] == [s["id"] for s in expected["sections"]]
    for ours, theirs in zip(found["sections"], expected["sections"], strict=True):
        assert len(ours["rows"]) == len(theirs["rows"]), ours["id"]
        for row, wanted in zip(ours["rows"], theirs["rows"], strict=True):
            assert row.keys() == wanted.keys()
            for name, value in wanted.items():
                number = isinstance(value, (int, float)) and not isinstance(value, bool)
                same = pytest.approx(value, rel=1e-9, abs=1e-9) if number else value
                assert row[name] == same, (ours["id"], name)


def test_all_specs_are_compared(checkout: Path) -> None:
    names = {spec.stem for spec in (checkout / "specs").glob("*.yaml")} - {"reportspec"}
    assert names == set(SPECS)


def test_the_session_can_only_read(schema: str) -> None:
    from reportspec.check.model import SourceSpec
    from reportspec.run.connection import SourceError
    from reportspec.run.postgres import connect_postgres

    session = connect_postgres(SourceSpec("postgres", "test", path=URL), "UTC")
    try:
        with pytest.raises(SourceError, match="read-only"):
            session.run(f"delete from {schema}.deal")
        assert session.run("select 5 % 3 as x, '100%' as y").rows == ((2, "100%"),)
        with pytest.raises(SourceError) as missing:
            session.run("select * from nowhere")
        assert missing.value.code == "unknown-table"
    finally:
        session.close()


def test_a_password_is_never_shown(tmp_path: Path, run_cli: RunCli, schema: str) -> None:
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: postgresql://nobody:s3cr3t@127.0.0.1:9/none\ncrm: salesforce\ncurrency: EUR\n",
        encoding="utf-8",
    )
    (tmp_path / "s.yaml").write_text(
        "version: 1\nreport: custom\nperiod: 2026-09\nmetrics: [won_amount]\n", encoding="utf-8"
    )
    for command in (["query", "s.yaml"], ["compile", "s.yaml"], ["validate", "s.yaml"]):
        done = run_cli(command, cwd=tmp_path, env={"REPORTSPEC_DEBUG": ""})
        assert "s3cr3t" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert "cannot be reached" in run_cli(["query", "s.yaml"], cwd=tmp_path).stderr
