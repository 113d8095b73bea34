"""Ctrl-C ends the statements that run, in the database too, and the program with 130.

Slow: waits for statements that never end, on servers that are started for it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from tests.conftest import CHECKOUT
from tests.engines.servers import driven

ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select i as id, 'open' as status, {at} as created_at from n"
KINDS = ["sqlite", "duckdb", "postgres", "mariadb"]


@pytest.fixture(params=[pytest.param(k, marks=[pytest.mark.slow, pytest.mark.xdist_group(k)]) for k in KINDS])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database whose deals never end."""
    kind = request.param
    if kind == "sqlite":
        with closing(sqlite3.connect(tmp_path / "crm.sqlite")) as raw:
            raw.execute("create view deal as " + ENDLESS.format(at="'2026-08-01 00:00:00'"))
        yield "crm.sqlite"
    elif kind == "duckdb":
        with duckdb.connect(str(tmp_path / "crm.duckdb")) as raw_duck:
            raw_duck.execute("create view deal as " + ENDLESS.format(at="timestamp '2026-08-01'"))
        yield "crm.duckdb"
    else:
        import sqlalchemy as sa

        url = request.getfixturevalue("server")(kind)
        name = f"endless_{os.getpid()}"
        body = {
            "postgres": "case when pg_sleep(300) is null then null else timestamp '2026-08-01' end as created_at",
            "mariadb": "timestamp '2026-08-01 00:00:00' as created_at from seq_1_to_100000000000",
        }[kind]
        made = sa.create_engine(driven(url))
        with made.begin() as connection:
            connection.exec_driver_sql(f"create view {name} as select '1' as id, 'open' as status, {body}")
        try:
            yield f"{url} {name}"
            with made.begin() as connection:
                asked = (
                    "select count(*) from pg_stat_activity where state = 'active' and query like :p and pid <> pg_backend_pid()"
                    if kind == "postgres"
                    else "select count(*) from information_schema.processlist where info like :p and id <> connection_id()"
                )
                assert connection.execute(sa.text(asked), {"p": f"%{name}%"}).scalar() == 0
        finally:
            with made.begin() as connection:
                connection.execute(sa.text(f"drop view {name}"))
            made.dispose()


def test_ctrl_c(source: str, tmp_path: Path) -> None:
    url, _, table = source.partition(" ")
    project = {"version": 1, "source": url, "mapping": "m.yaml", "currency": "EUR"}
    (tmp_path / "reportspec.yaml").write_text(json.dumps(project), encoding="utf-8")
    fields = {"status": "status", "created_at": "created_at"}
    deal = {"table": table or "deal", "key": "id", "fields": fields}
    (tmp_path / "m.yaml").write_text(json.dumps({"entities": {"deal": deal}}), encoding="utf-8")
    sections = [{"kpis": ["deals_created_count"]}, {"kpis": ["open_opportunities_count"]}]
    spec = {"version": 1, "report": "custom", "period": "2026-Q3", "sections": sections}
    (tmp_path / "s.yaml").write_text(json.dumps(spec), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "reportspec", "query", "s.yaml"],
        cwd=tmp_path,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        # A shell's background jobs ignore Ctrl-C, and what they start inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        time.sleep(2.5)  # started and asking, in the middle of it
        assert running.poll() is None, running.communicate()
        since = time.monotonic()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert time.monotonic() - since < 15
    assert (running.returncode, out, err.strip()) == (130, "", "stopped")
