"""What was opened is closed whatever goes wrong after it: no process, connection, file or folder is left
of a session that did not come to be.

Slow: servers of databases are started, and opening fails at each step."""

from __future__ import annotations

import ast
import gc
import os
import sqlite3
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlglot import exp

import reportspec
from reportspec import files
from reportspec.databases import dialect_named, source_of, spark
from reportspec.errors import SourceError
from reportspec.model.rows import Table
from reportspec.model.settings import FileSpec
from reportspec.run import execute
from reportspec.run.connect import connect
from reportspec.run.connection import Wanted
from tests.conftest import Draw
from tests.engines.lacking import need
from tests.engines.servers import served

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what is open is found by /proc")
ROOT = Path(reportspec.__file__).parent
WATCHED = (f"{ROOT / 'run'}{os.sep}", f"{ROOT / 'databases'}{os.sep}", str(ROOT / "files.py"))
ERRORS = (KeyboardInterrupt, RuntimeError)
WANTED = Wanted(zone="Europe/Rome")


@cache
def tidying(path: str) -> frozenset[int]:
    """The lines of `try:`, and of what stands in `except` and `finally`."""
    tried = [one for one in ast.walk(ast.parse(Path(path).read_text("utf-8"))) if isinstance(one, ast.Try)]
    parts = [(*one.handlers, *one.finalbody) for one in tried]
    lines = {line for part in parts for one in part for line in range(one.lineno, (one.end_lineno or 0) + 1)}
    return frozenset({*lines, *(one.lineno for one in tried)})


@contextmanager
def failing(at: int, error: type[BaseException]) -> Iterator[list[str]]:
    """Raise an error once, before the line that is the `at`-th to be run, for the first time, of what
    opens sources and writes files; gives the line. A bare `try:` raises nothing, and what tidies up is
    not struck."""
    struck: list[str] = []
    left = at
    seen: set[tuple[str, int]] = set()

    def new(path: str, line: int) -> bool:
        """Whether a line was not run before (as a `with` is once more at its end)."""
        before = (path, line) in seen
        seen.add((path, line))
        return not before and line not in tidying(path)

    def look(frame: types.FrameType, event: str, _: Any) -> Any:
        nonlocal left
        path = frame.f_code.co_filename
        if struck or not path.startswith(WATCHED):
            return None
        if event == "line" and new(path, frame.f_lineno):
            if not left:
                struck.append(f"{Path(path).name}:{frame.f_lineno}")
                raise error("injected")
            left -= 1
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield struck
    finally:
        sys.settrace(before)


def open_now() -> tuple[list[str], str]:
    """What this process holds open, and its children."""
    gone = []
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            gone.append(str(one.readlink()))
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return sorted(one for one in gone if not one.startswith("/proc/")), children.read_text()


def swept(
    act: Callable[[], object], undo: Callable[[Any], object], look: Callable[[], object] = open_now, every: int = 1
) -> int:
    """Do something with a fault at each step (or `every` third), one after the other, until it comes to its end; after
    each, all is as before. How many steps there are."""
    undo(act())
    gc.collect()
    before = look()
    for step in range(0, 10_000, every):
        with failing(step, ERRORS[step // every % 2]) as struck:
            try:
                made = act()
            except (KeyboardInterrupt, RuntimeError, SourceError, OSError) as error:
                told: object = error  # kept: what only its frames hold is not to go unseen
                made = None
            else:
                told = None
        if made is not None:
            undo(made)
        assert look() == before, (struck, told)
        if not struck:
            return step
    raise AssertionError("it has no end")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, of which nothing may be left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def opened(kind: str, path: str, **more: Any) -> Callable[[], Any]:
    return lambda: connect(source_of(kind, kind, path, **more), WANTED)


def test_sqlite(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x y#?%41.sqlite")) as raw:
        raw.execute("create table deals (id)")
    path = str(tmp_path / "x y#?%41.sqlite")
    assert swept(opened("sqlite", path), lambda made: made.close()) > 15


@pytest.mark.parametrize("kind", ["duckdb", "files"])
def test_duckdb(kind: str, tmp_path: Path, place: Path, draw: Draw) -> None:
    """By day every second step fails, by night each."""
    with duckdb.connect(str(tmp_path / "x.duckdb")) as raw:
        raw.execute("create table deals as select 1 as id")
    # A name that a URL would take for other things.
    with closing(sqlite3.connect(tmp_path / "x#?%41.sqlite")) as lite:
        lite.execute("create table deals (id)")
        lite.execute("insert into deals values (7)")
        lite.commit()
    given = {"deals": FileSpec((str(tmp_path / "x#?%41.sqlite"),))} if kind == "files" else {}
    source = source_of(kind, kind, str(tmp_path / "x.duckdb"), files=given)
    wanted = Wanted(frozenset({"deals"}), zone="Europe/Rome")

    def left() -> object:
        return open_now(), [*place.iterdir()]

    assert swept(lambda: connect(source, wanted), lambda made: made.close(), left, draw.rounds(2, 1)) > 15
    with closing(connect(source, wanted)) as session:
        assert session.run("select id from deals").rows == ((1 if kind == "duckdb" else 7,),)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_servers(kind: str, tmp_path: Path, draw: Draw) -> None:
    """With MariaDB goes a guard process, which ends as the session does. By day every third step fails, by night each."""
    every = draw.rounds(3, 1)
    url = served(kind)
    given = opened("mysql" if kind == "mariadb" else kind, url)
    assert swept(given, lambda made: made.close(), every=every) > 30
    with closing(given()) as first:
        assert swept(first.beside, lambda made: made.close(), every=every) > 30
        assert first.run("select 1").rows == ((1,),)


def test_chdb(tmp_path: Path) -> None:
    """A process has one: of a session that was left open, no other could be made."""
    need("chdb")
    given = opened("chdb", str(tmp_path / "folder"))
    with failing(0, KeyboardInterrupt) as struck, pytest.raises(KeyboardInterrupt):
        given()
    assert struck
    assert swept(given, lambda made: made.close(), lambda: None) > 3
    other = connect(source_of("chdb", "chdb", str(tmp_path / "another")), Wanted())
    other.close()


def test_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark.sql import SparkSession

    alive = 0

    class Session:
        conf: Any = None  # which cannot be set

        def __init__(self) -> None:
            nonlocal alive
            alive += 1

        def stop(self) -> None:
            nonlocal alive
            alive -= 1

    class Builder:
        def remote(self, _: str) -> Builder:
            return self

        def create(self) -> Session:
            return Session()

    monkeypatch.setattr(SparkSession, "builder", Builder())
    with pytest.raises(SourceError):
        spark.open_spark(source_of("spark", "spark", "sc://x"), WANTED)
    monkeypatch.setattr(Session, "conf", types.SimpleNamespace(set=lambda *_: None))
    made = lambda: spark.open_spark(source_of("spark", "spark", "sc://x"), WANTED)  # noqa: E731
    assert swept(made, lambda one: one.close(), lambda: alive) > 5
    assert alive == 0


class Session:
    """A session of which all goes wrong that is asked of it."""

    dialect = dialect_named("duckdb")

    def __init__(self, slow: float = 0.0) -> None:
        self.closed, self.slow = False, slow
        self.others: list[Session] = []

    def run(self, sql: str) -> Table:
        raise SourceError("query-failed", "no")

    def beside(self) -> Session:
        time.sleep(self.slow)
        self.others.append(Session())
        return self.others[-1]

    def loose(self) -> bool:
        return False

    def cancel(self) -> None:
        raise OSError("no")

    def close(self) -> None:
        self.closed = True
        raise OSError("no")


def test_all_sessions_are_closed_whatever_goes_wrong_with_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = Session()
    monkeypatch.setattr(execute, "connect", lambda *_: first)
    trees: list[exp.Expr] = [exp.select("1")] * 12
    with pytest.raises((SourceError, OSError)):
        execute.run_statements(source_of("duckdb", ""), Wanted(), trees, 4)
    assert first.closed
    assert len(first.others) == 3
    assert all(one.closed for one in first.others)


def test_a_session_that_opens_too_late_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it was Ctrl-C that ended the waiting for it."""
    first = Session(slow=0.3)
    joined = threading.Thread.join

    def stopped(self: threading.Thread, timeout: float | None = None) -> None:
        if self.name == "sessions":
            raise KeyboardInterrupt
        joined(self, timeout)

    monkeypatch.setattr(execute, "connect", lambda *_: first)
    monkeypatch.setattr(threading.Thread, "join", stopped)
    with pytest.raises((KeyboardInterrupt, OSError)):
        execute.run_statements(source_of("duckdb", ""), Wanted(), [exp.select("1")] * 12, 4)
    until = time.monotonic() + 10
    while not (first.others and first.others[0].closed) and time.monotonic() < until:
        time.sleep(0.01)
    assert len(first.others) == 1
    assert first.others[0].closed


def test_temporary_folders(place: Path) -> None:
    (place / "reportspec-run-left").mkdir()  # of another, to be looked at

    def left() -> object:
        return open_now(), [*place.iterdir()], {*files._FOLDERS}

    assert swept(lambda: files.temporary_folder("run"), files.remove_folder, left) > 10


def test_whole_files(tmp_path: Path) -> None:
    """Of a file that could not be written nothing is there, or the whole of it."""
    path = tmp_path / "x.pdf"

    def left() -> object:
        assert not path.exists() or path.read_bytes() == b"whole"
        path.unlink(missing_ok=True)
        return open_now(), [*tmp_path.iterdir()], {*files._UNFINISHED}

    assert swept(lambda: files.write_whole(path, b"whole"), lambda _: None, left) > 10
