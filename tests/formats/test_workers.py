"""Processes that lay out reports: the same files as here, in order, and nothing of them is left or heard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from reportspec.errors import RenderError
from reportspec.formats import pool
from reportspec.model.figures import Figures
from reportspec.parent import Worker
from tests.conftest import CHECKOUT
from tests.render import sample

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="processes are looked at by /proc")
STARTS = """
import time
from reportspec.parent import Worker
worker = Worker("reportspec.formats.worker")
print(worker.process.pid, flush=True)
time.sleep(60)
"""
TITLES = [f"Report {number}" for number in range(9)]


def asked(titles: Iterable[str]) -> list[pool.Asked]:
    def titled(title: str) -> Figures:
        return sample.figures("en", (), title=title)

    return [(titled(one), ("md",), f"r{at}", None) for at, one in enumerate(titles)]


def gone(pid: int) -> bool:
    """Whether a process has ended (and perhaps waits to be asked how)."""
    try:
        return (Path("/proc") / f"{pid}" / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def ended(*pids: int) -> bool:
    until = time.monotonic() + 20
    while not all(map(gone, pids)) and time.monotonic() < until:
        time.sleep(0.02)
    return all(map(gone, pids))


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were started."""
    found: list[int] = []

    class Noted(Worker):
        def __init__(self, module: str) -> None:
            super().__init__(module)
            found.append(self.process.pid)

    monkeypatch.setattr(pool, "Worker", Noted)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return found


def test_files_are_those_made_here_and_in_order(started: list[int]) -> None:
    with pool.makers(len(TITLES)) as make:
        made = list(make(asked(TITLES)))
    with pool.makers(1) as make:
        assert made == list(make(asked(TITLES)))
    for title, at in zip(TITLES, range(9), strict=True):
        [(name, data)] = made[at].items()
        assert name == f"r{at}.md"
        assert title.encode() in data
        assert isinstance(data, pool.Made)
        assert data.digest
    assert len(started) == 2
    assert all(map(gone, started))


def test_processes_are_replaced(started: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_RECYCLED", 3)
    with pool.makers(len(TITLES)) as make:
        made = list(make(asked(TITLES)))
    assert [name for one in made for name in one] == [f"r{at}.md" for at in range(9)]
    assert 3 <= len(started) <= 4
    assert all(map(gone, started))


def test_one_that_ends_is_told_and_the_others_end(started: list[int]) -> None:
    def struck() -> None:
        with pool.makers(18) as make:
            for _ in make(asked(TITLES * 2)):
                for pid in started:
                    os.kill(pid, signal.SIGKILL)

    with pytest.raises(RenderError, match="too little memory"):
        struck()
    assert started
    assert all(map(gone, started))


def test_nobody_waits_for_what_nobody_wants(started: list[int]) -> None:
    def stopped() -> None:
        with pool.makers(9) as make:
            next(make(asked(TITLES)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert started
    assert all(map(gone, started))


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP", "SIGTERM"])
def test_a_signal_meets_a_process_that_says_nothing(name: str) -> None:
    """From its first moment it has a session of its own, which no terminal sends to, and nowhere to
    print a traceback."""
    worker = Worker("reportspec.formats.worker")
    try:
        pid = worker.process.pid
        assert os.getsid(pid) == pid
        assert (Path("/proc") / f"{pid}" / "fd" / "2").readlink() == Path(os.devnull)
        worker.process.send_signal(getattr(signal, name))
    finally:
        worker.kill()
    assert worker.process.returncode is not None


@pytest.mark.parametrize("after", [0.0, 0.03, 0.1, 0.3])
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_it_ends_with_its_parent_however_new_it_is(name: str, after: float) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(after)
        parent.send_signal(getattr(signal, name))
        _, said = parent.communicate(timeout=20)  # until nobody holds its streams
    assert said == ""
    assert ended(pid)
