"""Whatever ends the program, and whenever: no process of it is left, no query, no temporary file.

Slow: processes are started and killed at many moments."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pytest

from tests.conftest import CHECKOUT, Draw
from tests.deliver.server import Handler, Server
from tests.engines.lacking import need
from tests.engines.servers import driven, served

SIGNALS = {"TERM": 143, "HUP": 129, "INT": 130, "KILL": -9}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found by /proc"),
]


def _marked(mark: str) -> list[str]:
    """The processes that have a mark in their environment, by their command lines."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it ended while we looked
    # One that ended and was not waited for has no environment any more.
    return found


def _spent(process: int) -> float:
    """Seconds of a processor that a process took."""
    words = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, words[11:13])) / os.sysconf("SC_CLK_TCK")


def _started(arguments: list[str], folder: Path, mark: str) -> subprocess.Popen[str]:
    def plain() -> None:
        # What a shell or a scheduler ignores is inherited.
        for name in ("SIGINT", "SIGHUP", "SIGTERM"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, "-m", "reportspec", *arguments],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=plain,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "MARK": mark, "TMPDIR": str(folder / "tmp")},
    )


def _killed(running: subprocess.Popen[str], name: str, mark: str, *, may_be_done: bool) -> int:
    """Kill a run, and look that it ends in time, closes its pipes, says what it is to say, and that
    nothing of it is left; its exit code. `may_be_done` says whether it may have come to its end."""
    since = time.monotonic()
    running.send_signal(getattr(signal, f"SIG{name}"))
    # Workers that held the pipes would keep us here.
    out, err = running.communicate(timeout=20)
    took = time.monotonic() - since
    TOOK[name].append(took)
    told = (name, running.returncode, out, err)
    # A signal that comes before the program has its handlers, or after it let them go, ends it, too.
    at_once = -getattr(signal, f"SIG{name}")
    assert running.returncode in ({SIGNALS[name], at_once} | ({0} if may_be_done else set())), told
    assert "has a bug" not in err, told
    assert "Traceback" not in err, told
    if running.returncode > 0:
        assert err.splitlines().count("stopped") == 1, told
    assert took < 10, told  # less than a second, on a machine that has nothing else to do
    until = time.monotonic() + 15
    while (left := _marked(mark)) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == [], told
    return int(running.returncode)


TOOK: dict[str, list[float]] = {name: [] for name in SIGNALS}  # seconds, to be looked at


@pytest.fixture(scope="module", autouse=True)
def times() -> Iterator[None]:
    """Say how long it took to end."""
    yield
    for name, took in TOOK.items():
        if took:
            print(f"SIG{name}: {len(took)} kills, median {median(took):.2f} s, longest {max(took):.2f} s")


def _nothing_left(folder: Path, name: str) -> None:
    """No half-written file, no temporary one; nobody can tidy up after SIGKILL, but the next run does."""
    left = [*folder.rglob("*.part")]
    runs = [*(folder / "tmp").iterdir()]
    if name == "KILL":
        assert all(one.name.startswith("reportspec-run-") for one in runs), runs
        assert len(runs) <= 1, runs
    else:
        assert not left, left
        assert not runs, runs
    for one in left:
        one.unlink()


def test_kills_at_any_moment_leave_no_process(draw: Draw, tmp_path: Path) -> None:
    chance = random.Random(draw.seed)
    (tmp_path / "tmp").mkdir()
    project = {
        "version": 1,
        "source": "demo",
        "deliver": {"smtp": "smtp://127.0.0.1:9", "from": "r@example.com", "allow": ["@example.com"]},
    }
    (tmp_path / "reportspec.yaml").write_text(json.dumps(project), encoding="utf-8")
    spec = {
        "version": 1,
        "report": "custom",
        "period": "2026-Q1",
        "for_each": "user.name",
        "metrics": ["won_amount"],
        "deliver": {"to": "boss@example.com"},
    }
    (tmp_path / "s.yaml").write_text(json.dumps(spec), encoding="utf-8")
    for number in range(draw.rounds(4, 50)):
        name = [*SIGNALS][number % 4]
        command = chance.choice((["build"], ["send", "--dry-run"]))
        mark = uuid.uuid4().hex
        with _started([*command, "-o", "out", "s.yaml"], tmp_path, mark) as running:
            time.sleep(chance.uniform(0.2, 6.0))
            _killed(running, name, mark, may_be_done=True)
        _nothing_left(tmp_path, name)
        shutil.rmtree(tmp_path / "out", ignore_errors=True)


def test_kills_of_send_lose_nobody_and_tell_nobody_twice(draw: Draw, tmp_path: Path) -> None:
    """Killed at any moment and run once more: everybody has their report. A second copy, of a mail of
    which nobody can know whether it arrived, is the same bytes."""
    chance = random.Random(draw.seed)
    (tmp_path / "tmp").mkdir()
    handler = Handler(slow=0.05)
    server = Server(handler)
    server.start()
    try:
        project = {
            "version": 1,
            "source": "demo",
            "deliver": {"smtp": f"smtp://127.0.0.1:{server.port}", "from": "r@example.com", "allow": ["@example.com"]},
        }
        (tmp_path / "reportspec.yaml").write_text(json.dumps(project), encoding="utf-8")
        people = ["anna@example.com", "ben@example.com"]
        for number in range(draw.rounds(4, 50)):
            name = [*SIGNALS][number % 4]
            spec = {
                "version": 1,
                "report": "custom",
                "period": "2026-Q1",
                "for_each": "user.team",
                "metrics": ["won_amount"],
                "deliver": {"to": people, "attach": [chance.choice(("pdf", "csv"))], "subject": "{{ each.value }}"},
            }
            (tmp_path / f"s{number}.yaml").write_text(json.dumps(spec), encoding="utf-8")
            handler.taken.clear()
            mark = uuid.uuid4().hex
            with _started(["send", f"s{number}.yaml"], tmp_path, mark) as running:
                # At any moment, or when so many mails have gone.
                until = time.monotonic() + chance.uniform(0.2, 8.0)
                most = chance.choice((1, 3, 99))
                while time.monotonic() < until and len(handler.taken) < most:
                    time.sleep(0.01)
                _killed(running, name, mark, may_be_done=True)
            _nothing_left(tmp_path, name)
            with _started(["send", f"s{number}.yaml"], tmp_path, mark) as again:
                out, err = again.communicate(timeout=120)
            assert again.returncode == 0, (name, out, err)
            assert [*(tmp_path / "tmp").iterdir()] == []
            copies: dict[tuple[str, str], set[bytes]] = {}
            counts: dict[tuple[str, str], int] = {}
            for (to, raw), (_, mail) in zip(handler.taken, handler.mails(), strict=True):
                key = (to, str(mail["Subject"]))
                copies.setdefault(key, set()).add(raw)
                counts[key] = counts.get(key, 0) + 1
            teams = {team for _, team in copies}
            assert len(teams) > 1
            assert set(copies) == {(to, team) for to in people for team in teams}
            assert all(len(one) == 1 for one in copies.values()), name
            # One mail was on its way when it was killed, no more.
            assert sum(counts.values()) <= len(counts) + 1, (name, counts)
    finally:
        server.stop()


@pytest.fixture(params=["postgres", "mariadb"])
def endless(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str, str, str]]:
    """A view whose rows take minutes: its database's kind and URL, its name, and the statement that counts
    what runs over it."""
    import sqlalchemy as sa

    kind = request.param
    name = f"unending_{uuid.uuid4().hex[:8]}"
    rows = {
        "postgres": "case when pg_sleep(300) is null then null else timestamp '2026-08-01' end as created_at",
        "mariadb": "timestamp '2026-08-01 00:00:00' as created_at from seq_1_to_100000000000",
    }[kind]
    asked = {
        "postgres": "select count(*) from pg_stat_activity where state = 'active' and query like :p and pid <> pg_backend_pid()",
        "mariadb": "select count(*) from information_schema.processlist where info like :p and id <> connection_id()",
    }[kind]
    url = served(kind)
    made = sa.create_engine(driven(url))
    with made.begin() as raw:
        raw.exec_driver_sql(f"create view {name} as select '1' as id, 'open' as status, {rows}")
    try:
        yield kind, url, name, asked
    finally:
        with made.begin() as raw:
            raw.exec_driver_sql(f"drop view {name}")
        made.dispose()


def test_kills_leave_no_query(endless: tuple[str, str, str, str], draw: Draw, tmp_path: Path) -> None:
    import sqlalchemy as sa

    kind, url, name, asked = endless
    chance = random.Random(draw.seed)
    (tmp_path / "tmp").mkdir()
    project = {"version": 1, "source": url, "mapping": "m.yaml", "currency": "EUR"}
    (tmp_path / "reportspec.yaml").write_text(json.dumps(project), encoding="utf-8")
    fields = {"status": "status", "created_at": "created_at"}
    deal = {"table": name, "key": "id", "fields": fields}
    (tmp_path / "m.yaml").write_text(json.dumps({"entities": {"deal": deal}}), encoding="utf-8")
    spec = {
        "version": 1,
        "report": "custom",
        "period": "2026-Q3",
        "sections": [{"kpis": ["deals_created_count"]}, {"kpis": ["open_opportunities_count"]}],
    }
    (tmp_path / "s.yaml").write_text(json.dumps(spec), encoding="utf-8")
    made = sa.create_engine(driven(url))

    def running_now() -> int:
        with made.begin() as raw:
            return int(raw.execute(sa.text(asked), {"p": f"%{name}%"}).scalar() or 0)

    for number in range(draw.rounds(4, 50)):
        mark = uuid.uuid4().hex
        with _started(["build", "-o", "out", "s.yaml"], tmp_path, mark) as running:
            until = time.monotonic() + 30
            while not running_now():
                assert running.poll() is None, running.communicate()
                assert time.monotonic() < until
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 0.5))
            _killed(running, [*SIGNALS][number % 4], mark, may_be_done=False)
        until = time.monotonic() + 10
        while running_now() and time.monotonic() < until:
            time.sleep(0.05)
        assert running_now() == 0, (kind, [*SIGNALS][number % 4])
    made.dispose()


# --- databases in the program, and servers that look themselves -------------------------------------------

ENDLESS = {
    "sqlite": "create view deals as with recursive n(i) as (select 1 union all select i + 1 from n)"
    " select '1' as id, 'open' as status, '2026-08-01 00:00:00' as created_at from n",
    "duckdb": "create view deals as select '1' as id, 'open' as status, timestamp '2026-08-01' as created_at"
    " from range(1000000000000000) a where a.range % 7 <> 1",
}


def _asks_for_deals(folder: Path, source: str) -> None:
    (folder / "tmp").mkdir()
    project = {"version": 1, "source": source, "mapping": "m.yaml", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(json.dumps(project), encoding="utf-8")
    deal = {"table": "deals", "key": "id", "fields": {"status": "status", "created_at": "created_at"}}
    (folder / "m.yaml").write_text(json.dumps({"entities": {"deal": deal}}), encoding="utf-8")
    spec = {
        "version": 1,
        "report": "custom",
        "period": "2026-Q3",
        "sections": [{"kpis": ["deals_created_count"]}, {"kpis": ["open_opportunities_count"]}],
    }
    (folder / "s.yaml").write_text(json.dumps(spec), encoding="utf-8")


@pytest.mark.parametrize("kind", ENDLESS)
def test_kills_end_what_runs_in_the_program(kind: str, draw: Draw, tmp_path: Path) -> None:
    chance = random.Random(draw.seed)
    file = tmp_path / f"x.{kind}"
    if kind == "sqlite":
        with closing(sqlite3.connect(file)) as lite:
            lite.execute(ENDLESS[kind])
    else:
        with duckdb.connect(str(file)) as duck:
            duck.execute(ENDLESS[kind])
    _asks_for_deals(tmp_path, file.name)
    for number in range(draw.rounds(2, 50)):
        name = (("TERM", "KILL", "HUP", "INT") if kind == "sqlite" else ("HUP", "INT", "TERM", "KILL"))[number % 4]
        mark = uuid.uuid4().hex
        with _started(["build", "-o", "out", "s.yaml"], tmp_path, mark) as running:
            until = time.monotonic() + 30
            while (
                _spent(running.pid) < 1.6 and time.monotonic() < until
            ):  # a start takes less, the statement has no end
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 0.5))
            assert running.poll() is None, running.communicate()
            _killed(running, name, mark, may_be_done=False)
        _nothing_left(tmp_path, name)


def test_kills_close_what_a_clickhouse_server_waits_for(
    draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server notices itself that nobody waits, by the connection that closes."""
    need("chdb", "clickhouse_connect")
    from chdb.session import Session

    from tests.engines import test_clickhouse_server as imitation

    open_now: set[int] = set()

    class Waiting(imitation.Handler):
        """Answers all but what asks for the deals."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if b"deals" in body and b"created_at" in body and b"system." not in body:
                open_now.add(id(self))
                with suppress(OSError):
                    while self.connection.recv(1000):
                        pass
                open_now.discard(id(self))
                self.close_connection = True
                return
            kept, self.rfile = self.rfile, io.BytesIO(body)
            super().do_POST()
            self.rfile = kept

        do_GET = do_POST

    session: Any = Session(str(tmp_path / "server"))  # type: ignore[no-untyped-call]
    session.query(
        "create table default.deals (id String, status String, created_at DateTime) engine = MergeTree order by id"
    )
    monkeypatch.setattr(imitation.Handler, "session", session, raising=False)
    try:
        with ThreadingHTTPServer(("127.0.0.1", 0), Waiting) as http:
            http.daemon_threads = True
            threading.Thread(target=http.serve_forever, daemon=True).start()
            _asks_for_deals(tmp_path, f"clickhouse://reader@127.0.0.1:{http.server_port}/default")
            for number in range(draw.rounds(2, 50)):
                name = ("TERM", "KILL", "HUP", "INT")[number % 4]
                mark = uuid.uuid4().hex
                with _started(["build", "-o", "out", "s.yaml"], tmp_path, mark) as running:
                    until = time.monotonic() + 30
                    while not open_now:
                        assert running.poll() is None, running.communicate()
                        assert time.monotonic() < until
                        time.sleep(0.02)
                    _killed(running, name, mark, may_be_done=False)
                until = time.monotonic() + 10
                while open_now and time.monotonic() < until:
                    time.sleep(0.02)
                assert not open_now, name
                _nothing_left(tmp_path, name)
            http.shutdown()
    finally:
        session.close()
