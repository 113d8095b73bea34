"""Whatever ends the program, and whenever: no process of it is left, no query, no temporary file."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, Draw
from tests.engines.servers import driven, served

SIGNALS = {"TERM": 143, "HUP": 129, "INT": 130, "KILL": -9}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/environ").exists(), reason="processes are found by /proc"
    ),
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


def _started(arguments: list[str], folder: Path, mark: str) -> subprocess.Popen[str]:
    def plain() -> None:
        # What a shell or a scheduler ignores is inherited.
        for name in ("SIGINT", "SIGHUP", "SIGTERM"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, "-m", "reportspec", *arguments], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=plain,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "MARK": mark, "TMPDIR": str(folder / "tmp")},
    )  # fmt: skip


def _killed(running: subprocess.Popen[str], name: str, mark: str) -> None:
    """Kill a run, and look that it ends in time, closes its pipes, says what it is to say, and that
    nothing of it is left."""
    ended_before = running.poll() is not None
    since = time.monotonic()
    running.send_signal(getattr(signal, f"SIG{name}"))
    # Workers that held the pipes would keep us here.
    out, err = running.communicate(timeout=20)
    took = time.monotonic() - since
    if not ended_before and running.returncode not in (0, 1):
        # A signal that comes before the program has its handlers, or after it let them go, ends it, too.
        assert running.returncode in (SIGNALS[name], -getattr(signal, f"SIG{name}")), err
        assert "Traceback" not in err or running.returncode < 0, err
        assert "has a bug" not in err, err
        assert took < 10, (name, took)  # a second, on a machine that has nothing else to do
    until = time.monotonic() + 15
    while (left := _marked(mark)) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == [], (name, out, err)


def test_kills_at_any_moment_leave_no_process(draw: Draw, tmp_path: Path) -> None:
    chance = random.Random(draw.seed)
    (tmp_path / "tmp").mkdir()
    project = {"version": 1, "source": "demo", "deliver": {
        "smtp": "smtp://127.0.0.1:9", "from": "r@example.com", "allow": ["@example.com"]}}  # fmt: skip
    (tmp_path / "reportspec.yaml").write_text(json.dumps(project), encoding="utf-8")
    spec = {"version": 1, "report": "custom", "period": "2026-Q1", "for_each": "user.name",
            "metrics": ["won_amount"], "deliver": {"to": "boss@example.com"}}  # fmt: skip
    (tmp_path / "s.yaml").write_text(json.dumps(spec), encoding="utf-8")
    for number in range(draw.rounds(8, 50)):
        name = [*SIGNALS][number % 4]
        command = chance.choice((["build"], ["send", "--dry-run"]))
        mark = uuid.uuid4().hex
        with _started([*command, "-o", "out", "s.yaml"], tmp_path, mark) as running:
            time.sleep(chance.uniform(0.1, 6.0))
            _killed(running, name, mark)
        left = [*tmp_path.rglob("*.part"), *(tmp_path / "tmp").iterdir()]
        # Nobody can tidy up after SIGKILL; the next run does.
        assert name == "KILL" or not left, left
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        shutil.rmtree(tmp_path / "tmp")
        (tmp_path / "tmp").mkdir()


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
    with served(kind, tmp_path) as url:
        made = sa.create_engine(driven(url))
        with made.begin() as raw:
            raw.exec_driver_sql(f"create view {name} as select '1' as id, 'open' as status, {rows}")
        try:
            yield kind, url, name, asked
        finally:
            with made.begin() as raw:
                raw.exec_driver_sql(f"drop view {name}")
            made.dispose()


def test_kills_leave_no_query(
    endless: tuple[str, str, str, str], draw: Draw, tmp_path: Path
) -> None:
    import sqlalchemy as sa

    kind, url, name, asked = endless
    chance = random.Random(draw.seed)
    (tmp_path / "tmp").mkdir()
    project = {"version": 1, "source": url, "mapping": "m.yaml", "currency": "EUR"}
    (tmp_path / "reportspec.yaml").write_text(json.dumps(project), encoding="utf-8")
    fields = {"status": "status", "created_at": "created_at"}
    deal = {"table": name, "key": "id", "fields": fields}
    (tmp_path / "m.yaml").write_text(json.dumps({"entities": {"deal": deal}}), encoding="utf-8")
    spec = {"version": 1, "report": "custom", "period": "2026-Q3",
            "sections": [{"kpis": ["deals_created_count"]}, {"kpis": ["open_opportunities_count"]}]}  # fmt: skip
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
            _killed(running, [*SIGNALS][number % 4], mark)
        until = time.monotonic() + 10
        while running_now() and time.monotonic() < until:
            time.sleep(0.05)
        assert running_now() == 0, (kind, [*SIGNALS][number % 4])
    made.dispose()
