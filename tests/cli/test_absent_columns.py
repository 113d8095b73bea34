"""What a mapping names and its source does not have: told with its line before anything is asked, of files as of embedded
databases, and by an audit, which would take the name of a column for a text in SQLite."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import RunCli

MAPPING = """entities:
  deal:
    table: deals
    key: id
    fields:
      status: status
      created_at: created
      closed_at: nope
      loss_reason: wyh
"""
LATER = "  activity:\n    table: calls\n    key: id\n    fields: {done_at: done}\n"
SOURCES = {"files": "{files: {deals: deals.csv}}", "sqlite": "sqlite:///crm.db"}


@pytest.fixture(params=SOURCES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "crm.db")) as base:
        base.execute("create table deals (id, status, created, why)")
        base.execute("insert into deals values ('d', 'lost', '2026-01-01', 'price')")
        base.commit()
    (tmp_path / "deals.csv").write_text("id,status,created,why\nd,lost,2026-01-01,price\n", encoding="utf-8")
    (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
    project = f"version: 1\nsource: {SOURCES[request.param]}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n"
    (tmp_path / "reportspec.yaml").write_text(project, encoding="utf-8")
    (tmp_path / "needs.yaml").write_text("version: 1\nperiod: 2026-01\nmetrics: [lost_deals_count]\n", encoding="utf-8")
    (tmp_path / "spares.yaml").write_text(
        "version: 1\nperiod: 2026-01\nmetrics: [deals_created_count]\n", encoding="utf-8"
    )
    return tmp_path


def test_validate_says_where_they_stand(folder: Path, run_cli: RunCli) -> None:
    done = run_cli(["validate", "needs.yaml"], cwd=folder)
    assert done.returncode == 1
    assert "error[unknown-column]: needs.yaml: the source has no column `deals.nope`" in done.stderr
    assert "m.yaml:8:18" in done.stderr
    assert "warning[unknown-column]: needs.yaml: the source has no column `deals.wyh`" in done.stderr
    assert "m.yaml:9:20" in done.stderr
    # It says what the run says.
    asked = run_cli(["query", "needs.yaml"], cwd=folder)
    assert asked.returncode == 1
    assert "m.yaml:8:18" in asked.stderr


def test_what_no_figure_needs_stops_no_report(folder: Path, run_cli: RunCli) -> None:
    done = run_cli(["validate", "spares.yaml"], cwd=folder)
    assert done.returncode == 0
    assert done.stderr.count("warning[unknown-column]") == 2
    assert run_cli(["query", "spares.yaml"], cwd=folder).returncode == 0


def test_an_audit_is_refused_with_all_of_them(folder: Path, run_cli: RunCli) -> None:
    (folder / "m.yaml").write_text(MAPPING + LATER, encoding="utf-8")
    done = run_cli(["audit", "--today", "2026-02-01"], cwd=folder)
    assert done.returncode == 1
    for what, place in (("column `deals.nope`", "m.yaml:8:18"), ("column `deals.wyh`", "m.yaml:9:20")):
        assert f"the source has no {what}" in done.stderr
        assert place in done.stderr
    assert "the source has no table `calls`" in done.stderr
    # Of one entity what is wrong with the others is not asked.
    (folder / "m.yaml").write_text(MAPPING.replace("nope", "created").replace("wyh", "why") + LATER, encoding="utf-8")
    done = run_cli(["audit", "--today", "2026-02-01", "--entity", "deal", "--fail-on", "never"], cwd=folder)
    assert done.returncode == 0, done.stderr
