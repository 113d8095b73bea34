"""Behind PgBouncer, whose sessions belong to each application for one transaction: nothing of ours stays
in them, and a pool smaller than we would like makes nobody wait."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlglot import exp

from reportspec.databases import source_of
from reportspec.databases.postgres import open_postgres
from reportspec.run.connection import Wanted
from reportspec.run.execute import run_statements
from tests.engines.servers import answers, free_port, served

SETTINGS = (
    "transaction_read_only",
    "default_transaction_read_only",
    "statement_timeout",
    "TimeZone",
    "jit",
    "enable_nestloop",
    "client_connection_check_interval",
    "client_encoding",
    "DateStyle",
    "search_path",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "work_mem",
)


@pytest.fixture(scope="module")
def postgres() -> str:
    return served("postgres")


@contextmanager
def pooled(url: str, size: int, folder: Path) -> Iterator[str]:
    """The URL of a PgBouncer in front of a PostgreSQL, with so many sessions for transactions."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    assert program, "pgbouncer is not installed; `.ci/set-up test` installs it"
    port, server = free_port(), urlsplit(url)
    name = server.path.strip("/")
    (folder / "users.txt").write_text(f'"{server.username}" ""\n', encoding="utf-8")
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{name} = host={server.hostname} port={server.port} user={server.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {folder}/users.txt\npool_mode = transaction\n"
        f"default_pool_size = {size}\nmax_client_conn = 100\nserver_reset_query =\nlogfile = {folder}/log\n",
        encoding="utf-8",
    )
    as_user: list[str] = []
    if os.geteuid() == 0:  # PgBouncer refuses to run as root
        as_user = ["-u", "nobody"]
        for one in (folder, *folder.parents):
            with suppress(PermissionError):
                one.chmod(one.stat().st_mode | 0o011)
        for one in folder.iterdir():
            one.chmod(0o644)
        folder.chmod(0o777)
    with subprocess.Popen(
        [program, *as_user, str(folder / "pgbouncer.ini")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        own = f"postgresql://{server.username or getpass.getuser()}@127.0.0.1:{port}/{name}"
        try:
            until = time.monotonic() + 20
            while not answers(own):
                assert running.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until
                time.sleep(0.05)
            yield own
        finally:
            running.terminate()


def _settings(url: str, sessions: int) -> list[dict[str, str]]:
    """The settings that another application finds in each of a pool's sessions."""
    held = [psycopg.connect(url, prepare_threshold=None) for _ in range(sessions)]
    try:
        # All begin before any ends, so that each has another session.
        return [{name: str(one.execute(f"show {name}").fetchone()) for name in SETTINGS} for one in held]
    finally:
        for one in held:
            one.close()


def _tree(text: str) -> exp.Expr:
    return exp.select(exp.Literal.string(text).as_("x"))


@pytest.mark.parametrize("size", [1, 5])
def test_nothing_of_ours_stays_in_a_pool(size: int, postgres: str, tmp_path: Path) -> None:
    with pooled(postgres, size, tmp_path) as url:
        # A session of the pool without anything that went through it, for comparison.
        before = _settings(url, size)
        ended, failed, done = threading.Event(), list[str](), list[int]()

        def other_application() -> None:
            with psycopg.connect(url, prepare_threshold=None, autocommit=True) as raw:
                while not ended.is_set():
                    try:
                        with raw.transaction():
                            raw.execute("create temporary table mine (a int) on commit drop")
                            raw.execute("insert into mine values (1)")
                        done.append(1)
                    except psycopg.Error as error:
                        failed.append(str(error))
                    time.sleep(0.005)

        others = [threading.Thread(target=other_application) for _ in range(2)]
        for one in others:
            one.start()
        try:
            source = source_of("postgres", "the pool", path=url)
            wanted = Wanted(zone="Asia/Tokyo", timeout=77)
            since = time.monotonic()
            for _ in range(3):
                found = run_statements(source, wanted, [_tree(str(n)) for n in range(12)], 4)
                assert [one.table.rows for one in found] == [((str(n),),) for n in range(12)]
            assert time.monotonic() - since < 30
        finally:
            ended.set()
            for one in others:
                one.join()
        assert not failed
        assert len(done) >= 3
        assert _settings(url, size) == before


def test_a_report_has_its_settings_behind_a_pool(postgres: str, tmp_path: Path) -> None:
    with pooled(postgres, 2, tmp_path) as url:
        session = open_postgres(source_of("postgres", "x", path=url), Wanted(zone="Asia/Tokyo", timeout=77))
        try:
            other = session.beside()
            assert other is not None
            for one in (session, other):
                shown = [
                    one.run(f"show {name}").rows[0][0]
                    for name in ("transaction_read_only", "TimeZone", "statement_timeout")
                ]
                assert shown == ["on", "Asia/Tokyo", "77s"]
            other.close()
        finally:
            session.close()
