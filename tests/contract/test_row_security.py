"""Row-level security of PostgreSQL, which leaves rows out without a word."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import RunCli
from tests.engines.servers import DEFAULTS, lets_in

psycopg = pytest.importorskip("psycopg")
ROOT = os.environ.get(DEFAULTS["postgres"][0]) or DEFAULTS["postgres"][1]
pytestmark = pytest.mark.skipif(not lets_in(ROOT), reason="no PostgreSQL answers")

MAPPING = """\
entities:
  deal:
    table: {schema}.deals
    key: id
    fields: {{name: name, status: status, amount: amount, owner_id: owner, created_at: created, closed_at: closed}}
"""
SPEC = "version: 1\nperiod: 2026-03\nmetrics: [won_amount, won_deals_count]\n"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Path]:
    """A project whose user sees one of three deals won in March 2026: 100 of 600."""
    name = f"rls_{os.getpid()}"
    with made(name):
        at = urlsplit(ROOT)
        url = f"postgresql://{name}:x@{at.hostname}:{at.port or 5432}{at.path}"
        (tmp_path / "mapping.yaml").write_text(MAPPING.format(schema=name), encoding="utf-8")
        (tmp_path / "a.yaml").write_text(SPEC, encoding="utf-8")
        (tmp_path / "reportspec.yaml").write_text(
            f"version: 1\nsource: {url}\nmapping: mapping.yaml\ntimezone: Europe/Rome\ncurrency: EUR\n", "utf-8"
        )
        yield tmp_path


@contextmanager
def made(name: str) -> Iterator[None]:
    with psycopg.connect(ROOT, autocommit=True) as raw:
        raw.execute(f"create schema {name}")
        try:
            raw.execute(f"create role {name} login password 'x'")
            raw.execute(
                f"create table {name}.deals (id int, name text, status text, amount numeric, owner int, created date,"
                " closed date)"
            )
            raw.execute(
                f"insert into {name}.deals values (1, 'a', 'won', 100, 1, '2026-01-01', '2026-03-02'),"
                " (2, 'b', 'won', 200, 2, '2026-01-01', '2026-03-03'),"
                " (3, 'c', 'won', 300, 2, '2026-01-01', '2026-03-04')"
            )
            raw.execute(f"grant usage on schema {name} to {name}; grant select on {name}.deals to {name}")
            raw.execute(f"alter table {name}.deals enable row level security")
            raw.execute(f"create policy own on {name}.deals for select to {name} using (owner = 1)")
            yield
        finally:
            raw.execute(f"drop schema {name} cascade")
            with suppress(psycopg.Error):
                raw.execute(f"drop role {name}")


def test_that_rows_may_be_hidden_is_told(guarded: Path, run_cli: RunCli) -> None:
    done = run_cli(["query", "a.yaml"], cwd=guarded)
    assert done.returncode == 0, done.stderr
    assert "100" in done.stdout
    assert "warning[row-security]" in done.stderr
    assert f"all rows of `rls_{os.getpid()}.deals`" in done.stderr
    assert "the database may not show all rows" in done.stdout
    doctor = run_cli(["doctor"], cwd=guarded)
    assert "row-level security is on" in doctor.stdout


def test_it_may_be_known(guarded: Path, run_cli: RunCli) -> None:
    with (guarded / "reportspec.yaml").open("a", encoding="utf-8") as file:
        file.write("checks:\n  ignore: [{check: row-security, of: deal, reason: each branch sees its own}]\n")
    done = run_cli(["query", "a.yaml"], cwd=guarded)
    assert (done.returncode, "row-security" in done.stderr) == (0, False), done.stderr


def test_who_sees_all_is_told_nothing(guarded: Path, run_cli: RunCli) -> None:
    with psycopg.connect(ROOT, autocommit=True) as raw:
        raw.execute(f"alter role rls_{os.getpid()} bypassrls")
    done = run_cli(["query", "a.yaml"], cwd=guarded)
    assert "600" in done.stdout
    assert "row-security" not in done.stderr


def test_a_column_that_may_not_be_read_is_not_called_missing(guarded: Path, run_cli: RunCli) -> None:
    name = f"rls_{os.getpid()}"
    with psycopg.connect(ROOT, autocommit=True) as raw:
        raw.execute(f"revoke select on {name}.deals from {name}")
        raw.execute(f"grant select (id, name, status, owner, created, closed) on {name}.deals to {name}")
    done = run_cli(["query", "a.yaml"], cwd=guarded)
    assert done.returncode == 1
    assert f"error[not-allowed]: a.yaml: the user of the source may not read the column `amount` of `{name}.deals`" in (
        done.stderr
    )
    assert f"GRANT SELECT (amount) ON {name}.deals" in done.stderr
