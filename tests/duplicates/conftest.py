"""A project over the made-up firm, in DuckDB."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.conftest import RunCli
from tests.duplicates.people import TABLES, mapping

Found = Mapping[str, Any]
Ask = Callable[..., Found]


def write_project(folder: Path, source: object, entities: object, **settings: object) -> Path:
    """A project file and its mapping in a folder."""
    (folder / "mapping.yaml").write_text(yaml.safe_dump(entities), encoding="utf-8")
    project = {"version": 1, "source": source, "mapping": "mapping.yaml", "timezone": "UTC", **settings}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    return folder


@pytest.fixture
def firm(tmp_path: Path) -> Path:
    """The folder of a project over the made-up firm."""
    with duckdb.connect(str(tmp_path / "firm.duckdb")) as raw:
        for table in TABLES:
            raw.execute(f"create table {table.name} ({', '.join(f'{name} {kind}' for name, kind in table.columns)})")
            raw.executemany(f"insert into {table.name} values ({', '.join('?' for _ in table.columns)})", table.rows)
    return write_project(tmp_path, "firm.duckdb", mapping(), currency="EUR")


@pytest.fixture
def ask(run_cli: RunCli) -> Ask:
    """Gives what `duplicates` finds in a project, as its JSON has it."""

    def asked(folder: Path, *args: str) -> Found:
        done = run_cli(["duplicates", folder, "--format", "json", *args], env={"REPORTSPEC_NOW": "2026-10-01"})
        assert done.returncode == 0, done.stderr
        answer: Found = json.loads(done.stdout)
        return answer

    return asked


def sets(found: Found) -> list[set[str]]:
    """The keys of each group, in the order of the smallest."""
    return sorted(({record["key"] for record in group["records"]} for group in found["groups"]), key=min)
