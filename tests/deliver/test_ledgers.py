"""The ledger, as a file and in PostgreSQL: what both promise, and what becomes of a send when theirs
is locked, damaged, full, or gone.

Slow: PostgreSQL is started, or small disks fill up under a send."""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from reportspec.deliver import handover
from reportspec.deliver import send as sending
from reportspec.deliver.attempt import Attempt
from reportspec.deliver.ledger import Entry, Ledger, open_ledger, waiting
from reportspec.deliver.outcome import Outcome, SendOptions, Sent
from reportspec.errors import LedgerError
from tests.conftest import CHECKOUT
from tests.deliver.server import Handler, Server
from tests.deliver.test_kills import START, Project, header, make
from tests.engines.servers import served
from tests.loading import load_report

TABLE = "reportspec_deliveries"
KINDS = [
    "sqlite",
    pytest.param("postgres", marks=[pytest.mark.slow, pytest.mark.xdist_group("postgres")]),
]
ON_POSTGRES = [pytest.mark.slow, pytest.mark.xdist_group("postgres")]
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Place:
    """Where a ledger is, as a project names it."""

    kind: str
    name: str
    root: Path

    def open(self) -> Ledger:
        return open_ledger(self.name, self.root)

    @contextmanager
    def open_again(self) -> Iterator[Ledger]:
        with closing(self.open()) as ledger:
            yield ledger

    def entries(self) -> list[Entry]:
        with self.open_again() as ledger:
            return ledger.entries()

    @contextmanager
    def raw(self) -> Iterator[Any]:
        """A session of another program, on the same database."""
        if self.kind == "sqlite":
            path = self.root / self.name
            with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as raw:
                yield raw
        else:
            with psycopg.connect(self.name, autocommit=True) as session:
                yield session


@pytest.fixture(scope="module")
def postgres() -> str:
    return served("postgres")


@contextmanager
def schema_of(url: str, root: Path) -> Iterator[Place]:
    """A schema of its own, in which the ledger is made."""
    schema = f"ledger_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute(f"create schema {schema}")
    try:
        yield Place("postgres", f"{url}?options=-csearch_path%3D{schema}", root)
    finally:
        with psycopg.connect(url, autocommit=True) as raw:
            raw.execute(f"drop schema {schema} cascade")


@pytest.fixture
def place(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if kind == "sqlite":
        yield Place(kind, "ledger.sqlite", tmp_path)
    else:
        with schema_of(request.getfixturevalue("postgres"), tmp_path) as found:
            yield found


@pytest.fixture
def ledger(place: Place) -> Iterator[Ledger]:
    made = place.open()
    yield made
    made.close()


both = pytest.mark.parametrize("kind", KINDS)


def entry(recipient: str = "anna@example.com", **more: Any) -> Entry:
    message = more.pop("message", b"Subject: x\r\n\r\n\0\xff mail")
    made = Entry(
        "specs/q3.yaml",
        "2026-07-01/2026-10-01",
        recipient,
        message_id="<1@example.com>",
        subject="Won",
        digest="d" * 64,
        figures="f" * 64,
        message=message,
        at="2026-11-01T12:00:00+00:00",
    )
    return replace(made, **more)


# --- what both promise ---------------------------------------------------------------------------


@both
def test_steps(ledger: Ledger) -> None:
    claimed = entry()
    assert ledger.find(*claimed.key) is None
    ledger.put(claimed)
    assert ledger.find(*claimed.key) == claimed
    # A step writes what changes on the way, and leaves the message and what it is known by.
    begun = replace(
        claimed, state="data", digest="e" * 64, copies=1, attempts=2, said="é “x”", at="2026-11-01T12:00:01+00:00"
    )
    ledger.step(replace(begun, message=b"other", subject="other"))
    assert ledger.find(*claimed.key) == begun
    sent = replace(begun, state="sent", said="250 taken")
    ledger.step(sent)
    assert ledger.find(*claimed.key) == replace(sent, message=b"")
    ledger.put(claimed)
    assert ledger.find(*claimed.key) == claimed
    ledger.step(replace(claimed, state="refused"))
    assert ledger.find(*claimed.key) == replace(claimed, state="refused")
    assert len(ledger.entries()) == 1


@both
def test_every_byte_and_odd_names(ledger: Ledger) -> None:
    whole = bytes(range(256)) * 8000  # 2 MB
    odd = entry(
        "o'brien\"%s{}@example.com", message=whole, report="specs/50% ;--.yaml?a=b[Ünï 株]", said="%(x)s \\ '' \n"
    )
    for one in (odd, replace(odd, recipient="other@example.com", message=b"")):
        ledger.put(one)
        assert ledger.find(*one.key) == one
    ledger.step(replace(odd, state="data"))
    assert ledger.find(*odd.key) == replace(odd, state="data")


@both
def test_what_is_stored_is_seen_by_another_program_at_once(place: Place, ledger: Ledger) -> None:
    with place.raw() as raw:
        for state in ("claimed", "data", "sent"):
            if state == "claimed":
                ledger.put(entry())
            else:
                ledger.step(entry(state=state))
            assert raw.execute(f"select state from {TABLE}").fetchall() == [(state,)]


@both
def test_an_entry_that_is_gone_cannot_take_a_step(place: Place, ledger: Ledger) -> None:
    ledger.put(entry())
    with place.raw() as raw:
        raw.execute(f"delete from {TABLE}")
    with pytest.raises(LedgerError, match=r"nothing is sent: what was written into it is gone"):
        ledger.step(entry(state="data"))


@both
def test_last_is_of_another_period(ledger: Ledger) -> None:
    assert ledger.last("specs/q3.yaml", "*", "p") is None
    for period, at, state in (("p1", "1", "sent"), ("p2", "3", "sent"), ("p3", "3", "sent"), ("p4", "9", "claimed")):
        ledger.put(entry("*", period=period, at=at, state=state))
    ledger.put(entry("*", report="other", period="p9", at="9", state="sent"))
    last = {period: ledger.last("specs/q3.yaml", "*", period) for period in ("p3", "p2", "p5")}
    assert {name: one.period for name, one in last.items() if one} == {"p3": "p2", "p2": "p3", "p5": "p3"}
    assert last["p5"] is not None
    assert last["p5"].message == b""


@both
def test_entries_newest_first_and_of_a_report_or_a_period(ledger: Ledger) -> None:
    for at, (report, period) in enumerate([("a", "p"), ("b", "p"), ("a", "q")]):
        ledger.put(entry(report=report, period=period, at=f"{at}"))
    assert [one.at for one in ledger.entries()] == ["2", "1", "0"]
    assert [one.at for one in ledger.entries("a")] == ["2", "0"]
    assert [one.at for one in ledger.entries(period="p")] == ["1", "0"]
    assert [one.at for one in ledger.entries("a", "p")] == ["0"]
    assert ledger.entries("c") == []
    assert all(one.message == b"" for one in ledger.entries())


@both
def test_a_state_that_nobody_knows(place: Place, ledger: Ledger) -> None:
    ledger.put(entry())
    with place.raw() as raw:
        raw.execute(f"update {TABLE} set state = 'dat?'")
    for look in (lambda: ledger.find(*entry().key), ledger.entries):
        with pytest.raises(LedgerError, match="damaged"):
            look()


# --- one sender at a time ---------------------------------------------------------------------------

PRELUDE = """
import sys
from pathlib import Path
from reportspec.deliver.ledger import Entry, open_ledger
place, root = sys.argv[1], Path(sys.argv[2])
def entry(report, recipient):
    return Entry(report, "p", recipient, message=b"m" * 5000)
print("ready", flush=True)
sys.stdin.readline()
ledger = open_ledger(place, root)
"""


@contextmanager
def program(place: Place, code: str) -> Iterator[Callable[[str], str]]:
    """Another process, which gets a line and answers with one."""
    with subprocess.Popen(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(code), place.name, str(place.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

        def ask(line: str) -> str:
            if line == "kill":
                process.send_signal(signal.SIGKILL)
                process.wait(20)
                return ""
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        try:
            yield ask
        finally:
            process.kill()


HOLD = """
with ledger.sender("a") as mine:
    print(mine, flush=True)
    sys.stdin.readline()
print("done", flush=True)
sys.stdin.readline()
"""


@both
@pytest.mark.parametrize("end", ["by itself", "kill"])
def test_one_sender_until_it_ends_or_dies(place: Place, ledger: Ledger, end: str) -> None:
    with program(place, HOLD) as other:
        assert other("go") == "True"
        with ledger.sender("a") as mine:
            assert not mine
        with ledger.sender("b") as mine:
            assert mine, "another report may be sent at the same time"
        if end == "kill":
            other("kill")
        else:
            assert other("go on") == "done"
        until = time.monotonic() + 10  # PostgreSQL takes a moment to see that somebody is gone
        while True:
            with ledger.sender("a") as mine:
                if mine:
                    break
            assert time.monotonic() < until
            time.sleep(0.02)
        with place.open_again() as second, second.sender("a") as mine:
            assert mine, "it was given back"


@pytest.mark.slow
@pytest.mark.xdist_group("postgres")
def test_ledgers_in_two_schemas_do_not_wait_for_each_other(postgres: str, tmp_path: Path) -> None:
    with (
        schema_of(postgres, tmp_path) as one,
        schema_of(postgres, tmp_path) as two,
        one.open_again() as first,
        two.open_again() as second,
        first.sender("a") as mine,
        second.sender("a") as other,
    ):
        assert mine
        assert other


@both
def test_many_make_it_at_once_and_write_into_it(place: Place) -> None:
    code = """
    import os
    for at in range(20):
        ledger.put(entry(f"{os.getpid()}", f"{at}"))
        ledger.step(entry(f"{os.getpid()}", f"{at}"))
    print("ok", flush=True)
    """
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import ExitStack

    with ExitStack() as stack, ThreadPoolExecutor(5) as pool:
        asks = [stack.enter_context(program(place, code)) for _ in range(5)]
        assert [*pool.map(lambda ask: ask("go"), asks)] == ["ok"] * 5
    assert len(place.entries()) == 100
    with place.raw() as raw:
        told = "pragma user_version" if place.kind == "sqlite" else f"select obj_description('{TABLE}'::regclass)"
        assert str(raw.execute(told).fetchone()[0]).endswith("1"), "which version made it"


# --- sending -----------------------------------------------------------------------------------------


class Hooked(Handler):
    """A server that does something when a mail is announced or has arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.hook: Callable[[str, int], None] = lambda step, number: None
        self.announced = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        self.announced += 1
        self.hook("announced", self.announced)
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        reply = await super().handle_DATA(server, session, envelope)
        self.hook("taken", len(self.taken))
        return reply


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(Hooked())
    made.start()
    yield made
    made.stop()


@dataclass
class Sends:
    """A project that is sent from here."""

    project: Project
    place: Place

    @property
    def handler(self) -> Hooked:
        found = self.project.server.handler
        assert isinstance(found, Hooked)
        return found

    def __call__(self, **asked: Any) -> dict[str, str]:
        self.handler.announced = 0
        checked = load_report(self.project.folder / "spec.yaml", START, {})
        assert checked.report is not None, checked.diagnostics
        made = sending.send(checked.report, checked.spec_text, SendOptions(**asked), wait=lambda _: None)
        return {one.recipient: one.result for one in made.sent}

    def at(self, step: str, number: int, do: Callable[[], Any]) -> None:
        """Do something once, when the mail of a number is announced or taken."""

        def hook(now: str, count: int) -> None:
            if (now, count) == (step, number):
                self.handler.hook = lambda *_: None
                do()

        self.handler.hook = hook

    def copies(self) -> list[int]:
        """How many each recipient got, in order."""
        got = [to for to, _ in self.handler.taken]
        return [got.count(who) for who in sorted(to for to, _ in self.project.expected)]

    def same(self) -> None:
        """Two mails to one are one mail twice."""
        for who in {to for to, _ in self.handler.taken}:
            assert len(set(self.handler.copies(who))) == 1
            assert header(self.handler.copies(who)[0], "Message-ID")


@pytest.fixture
def sends(place: Place, server: Server, tmp_path: Path) -> Sends:
    project = make(tmp_path / "project", server, None, "ordinary", "resend", place.name, mails=4)
    return Sends(project, replace(place, root=project.folder))


def refused(sends: Sends, match: str) -> LedgerError:
    """The send ends with a message that says so, and has the way out."""
    before = len(sends.handler.taken)
    with pytest.raises(LedgerError, match=match) as caught:
        sends()
    more = "more " if len(sends.handler.taken) > before else ""
    assert f"nothing {more}is sent" in caught.value.message
    assert caught.value.help
    assert "\n" not in caught.value.message + caught.value.help
    return caught.value


@both
@pytest.mark.parametrize("step", ["announced", "taken"])
def test_another_sender_in_the_middle_is_told_so(sends: Sends, step: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    # As a process of its own: the ledger's lock is one between processes, and between machines.
    command = [sys.executable, "-m", "reportspec", "send", str(sends.project.folder / "spec.yaml")]
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "REPORTSPEC_NOW": START.isoformat()}
    second: list[subprocess.CompletedProcess[str]] = []
    sends.at(
        step, 2, lambda: second.append(subprocess.run(command, env=env, capture_output=True, text=True, timeout=60))
    )
    with ThreadPoolExecutor(1) as pool:
        assert set(pool.submit(sends).result().values()) == {"sent"}
    assert second[0].returncode == 0, second[0]
    assert "another process is sending this report" in second[0].stdout
    assert sends.copies() == [1, 1, 1, 1]


# --- another version, damage, no rights -----------------------------------------------------------


@both
def test_a_newer_version_is_left_alone(sends: Sends) -> None:
    place = sends.place
    assert set(sends().values()) == {"sent"}
    newer = (
        "pragma user_version = 2"
        if place.kind == "sqlite"
        else f"comment on table {TABLE} is 'reportspec ledger, version 2'"
    )
    with place.raw() as raw:
        raw.execute(newer)
        for _ in range(2):
            with pytest.raises(LedgerError, match="another version of reportspec") as caught:
                sends()
            assert caught.value.help == "use that version, or name another ledger"
        # It is not held on to.
        raw.execute(f"update {TABLE} set state = 'later'")
    assert sends.copies() == [1, 1, 1, 1]


@pytest.mark.slow
@pytest.mark.xdist_group("postgres")
def test_a_table_that_was_made_for_somebody_with_few_rights(postgres: str, tmp_path: Path) -> None:
    role = f"ledger_{os.getpid()}"
    with schema_of(postgres, tmp_path) as place, psycopg.connect(postgres, autocommit=True) as raw:
        schema = place.name.rpartition("D")[2]
        place.open().close()
        raw.execute(f"create role {role} login")
        raw.execute(f"grant usage on schema {schema} to {role}")
        raw.execute(f"grant select on {schema}.{TABLE} to {role}")
        his = replace(place, name=place.name.replace("//root@", f"//{role}@"))
        try:
            with his.open_again() as ledger:
                assert ledger.entries() == []
                with pytest.raises(LedgerError, match="permission denied"):
                    ledger.put(entry())
            raw.execute(f"grant insert, update on {schema}.{TABLE} to {role}")
            with his.open_again() as ledger:
                ledger.put(entry())
                ledger.step(entry(state="sent"))
            # Somebody's own comment, or none, is no other version.
            raw.execute(f"comment on table {schema}.{TABLE} is 'who was sent what'")
            his.open().close()
        finally:
            raw.execute(f"drop owned by {role}")
            raw.execute(f"drop role {role}")


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "text":
        data = bytearray(b"who;what\n" * 1000)
    elif how == "no header":
        data[:100] = bytes(100)
    elif how == "cut off":
        data = data[: len(data) // 2]
    elif how == "pages of nothing":
        data[4096:] = bytes(len(data) - 4096)
    elif how == "pages of chance":
        data[4096:] = random.Random(1).randbytes(len(data) - 4096)
    elif how == "emptied":
        data = bytearray()
    path.write_bytes(data)


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("how", ["text", "emptied", "no header", "cut off", "pages of nothing", "pages of chance"])
def test_a_damaged_file(sends: Sends, how: str) -> None:
    sends()
    path = sends.place.root / sends.place.name
    whole = path.read_bytes()
    damage(path, how)
    error = refused(sends, "database|malformed")
    assert "ledger.sqlite" in error.message
    assert sends.copies() == [1, 1, 1, 1]
    path.write_bytes(whole)  # the backup
    assert set(sends().values()) == {"already"}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_folder_where_the_file_should_be_and_a_file_where_the_folder(sends: Sends) -> None:
    (sends.place.root / sends.place.name).mkdir()
    refused(sends, "is a directory")
    project = sends.project.folder / "reportspec.yaml"
    project.write_text(project.read_text().replace("ledger.sqlite", "m.yaml/ledger.sqlite"))
    refused(sends, "not a directory|exists")
    assert not sends.handler.taken


@contextmanager
def as_nobody() -> Iterator[None]:
    """As a user that may do little, where the tests are run by one that may do everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that all may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize("what", ["file", "folder", "new folder", "unreadable"])
def test_no_rights(open_folder: Path, what: str) -> None:
    place = Place("sqlite", ".reportspec/ledger.sqlite", open_folder)
    folder, file = open_folder / ".reportspec", open_folder / place.name
    if what == "new folder":
        open_folder.chmod(0o555)
    else:
        place.open().close()
        folder.chmod(0o555 if what == "folder" else 0o777)
        file.chmod(0o666 if what == "folder" else 0o444 if what == "file" else 0)
    said = r"nothing is sent: .*(denied|readonly|unable to open)"
    with as_nobody(), pytest.raises(LedgerError, match=said), place.open_again() as ledger:
        ledger.put(entry())


@pytest.mark.slow
@pytest.mark.xdist_group("postgres")
def test_a_session_that_may_only_read(postgres: str, tmp_path: Path) -> None:
    with schema_of(postgres, tmp_path) as place:
        reading = replace(place, name=f"{place.name}%20-cdefault_transaction_read_only%3Don")
        with pytest.raises(LedgerError, match="nothing is sent: cannot execute CREATE TABLE in a read-only"):
            reading.open()
        place.open().close()
        with reading.open_again() as ledger, pytest.raises(LedgerError, match="cannot execute INSERT in a read-only"):
            ledger.put(entry())


# --- held by another ----------------------------------------------------------------------------


@contextmanager
def held(place: Place) -> Iterator[Callable[[], None]]:
    """Another program holds the ledger, until it lets go of it."""
    with place.raw() as raw:
        if place.kind == "sqlite":
            raw.execute("begin exclusive")
        else:
            raw.execute("begin")
            raw.execute(f"lock table {TABLE}")

        def let_go() -> None:
            with suppress(sqlite3.OperationalError):
                raw.execute("rollback")

        try:
            yield let_go
        finally:
            let_go()


@both
def test_it_waits_for_another_program_and_then_says_so(sends: Sends, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    sends.place.open().close()
    monkeypatch.setattr(waiting, "PATIENCE", 10.0)
    with held(sends.place) as let_go:
        timer = threading.Timer(0.5, lambda: None)
        ledger: list[Any] = []

        def work() -> None:
            with sends.place.open_again() as found:
                found.put(entry())
                ledger.append(found.find(*entry().key))

        worker = threading.Thread(target=work)
        worker.start()
        timer.start()
        timer.join()
        assert not ledger
        let_go()
        worker.join(15)
        assert ledger == [entry()]
    monkeypatch.setattr(waiting, "PATIENCE", 0.3)
    began = time.monotonic()
    with held(sends.place):
        error = refused(sends, "lock")
    assert 0.2 < time.monotonic() - began < 10
    assert error.help == "another program holds it: close that, or wait, and send again"
    assert not sends.handler.taken
    assert set(sends().values()) == {"sent"}


@both
@pytest.mark.parametrize("reading", [False, True])
def test_that_it_waits_is_told_once_and_soon(sends: Sends, monkeypatch: pytest.MonkeyPatch, reading: bool) -> None:
    place = sends.place
    place.open().close()
    monkeypatch.setattr(waiting, "PATIENCE", 5.0)
    monkeypatch.setattr(waiting, "QUIET", 0.3)
    told: list[float] = []
    began = time.monotonic()
    with held(place) as let_go:
        timer = threading.Timer(1.5, let_go)
        if place.kind != "sqlite":  # whose connections are one thread's
            timer.start()

        def tell(text: str) -> None:
            assert "is held by another program, which is waited for (5 seconds at most)" in text
            told.append(time.monotonic() - began)
            if place.kind == "sqlite":
                let_go()

        with closing(open_ledger(place.name, place.root, reading=reading, tell=tell)) as ledger:
            assert ledger.entries() == []
        timer.cancel()
    assert len(told) == 1
    assert 0.2 < told[0] < 2


@both
def test_who_looks_does_not_wait_for_who_writes(sends: Sends) -> None:
    place = sends.place
    with place.open_again() as ledger:
        ledger.put(entry())
    with place.raw() as raw:
        raw.execute("begin immediate" if place.kind == "sqlite" else "begin")
        raw.execute(f"update {TABLE} set said = 'later'")
        began = time.monotonic()
        with closing(open_ledger(place.name, place.root, reading=True, tell=pytest.fail)) as ledger:
            assert [one.key for one in ledger.entries()] == [entry().key]
        assert time.monotonic() - began < 1.4
        raw.execute("rollback")


@both
@pytest.mark.parametrize(("step", "number", "taken"), [("announced", 3, 2), ("taken", 2, 2)])
def test_held_in_the_middle(sends: Sends, step: str, number: int, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "LONGEST_HANDOVER", 0.0)
    monkeypatch.setattr(handover, "TIMEOUT", -1000.0)
    monkeypatch.setattr(waiting, "PATIENCE", 0.3)
    holding = held(sends.place)
    sends.at(step, number, holding.__enter__)
    refused(sends, "lock")
    holding.__exit__(None, None, None)
    assert len(sends.handler.taken) == taken
    assert "pending" not in sends().values()
    # Only of the one that was taken while its step could not be stored, nobody can know.
    assert sends.copies() == [1, 2 if step == "taken" else 1, 1, 1]
    sends.same()


# --- gone or replaced in the middle -----------------------------------------------------------------


def _file(sends: Sends) -> Path:
    return sends.place.root / sends.place.name


def _copied_over(sends: Sends) -> None:
    copy = _file(sends).with_suffix(".copy")
    shutil.copy(_file(sends), copy)
    copy.replace(_file(sends))


def _lock_deleted(sends: Sends) -> None:
    for path in sends.place.root.glob("*.lock"):
        path.unlink()


def _statement(sql: str) -> Callable[[Sends], None]:
    def run(sends: Sends) -> None:
        with sends.place.raw() as raw:
            raw.execute(sql)

    return run


def _overwritten(sends: Sends) -> None:
    with closing(sqlite3.connect(":memory:")) as empty, sends.place.raw() as raw:
        empty.execute("create table other (a)")
        empty.backup(raw)


def _cut_off(sends: Sends) -> None:
    os.truncate(_file(sends), 0)


def _terminate(sends: Sends) -> None:
    with sends.place.raw() as raw:
        schema = sends.place.name.rpartition("D")[2]
        # The sender's own session is the one that has the ledger's lock on its table.
        raw.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()"
            " and classid = (select c.oid from pg_class c where c.relname = %s and c.relnamespace = %s::regnamespace)",
            (TABLE, schema),
        )


LOST = {
    "deleted": ("sqlite", lambda sends: _file(sends).unlink(), "the file was deleted, moved or replaced"),
    "renamed": (
        "sqlite",
        lambda sends: _file(sends).rename(_file(sends).with_suffix(".old")),
        "the file was deleted, moved or replaced",
    ),
    "copied over": ("sqlite", _copied_over, "the file was deleted, moved or replaced"),
    "cut off": ("sqlite", _cut_off, "no such table|malformed|disk i/o|not a database"),
    "overwritten": ("sqlite", _overwritten, "no such table"),
    "lock deleted": ("sqlite", _lock_deleted, "its lock file was deleted or replaced"),
    "emptied": ("sqlite", _statement(f"delete from {TABLE}"), "what was written into it is gone"),
    "emptied there": ("postgres", _statement(f"truncate {TABLE}"), "what was written into it is gone"),
    "dropped": ("postgres", _statement(f"drop table {TABLE}"), "does not exist"),
    "cut": ("postgres", _terminate, "terminating connection|closed"),
}


@pytest.mark.parametrize(
    ("kind", "how"),
    [pytest.param(kind, how, marks=ON_POSTGRES if kind == "postgres" else []) for how, (kind, _, _) in LOST.items()],
)
def test_lost_in_the_middle(sends: Sends, how: str) -> None:
    _, do, match = LOST[how]
    sends.at("announced", 3, lambda: do(sends))
    refused(sends, match)
    assert len(sends.handler.taken) == 2, "nothing further is sent"
    if how in ("lock deleted", "copied over", "cut"):
        assert sorted(sends().values()) == ["already", "already", "sent", "sent"]
        assert sends.copies() == [1, 1, 1, 1]


@pytest.mark.parametrize("kind", [pytest.param("postgres", marks=ON_POSTGRES)])
def test_a_connection_that_is_cut_after_the_mail_was_taken(sends: Sends) -> None:
    """It is noted over another one; then the run ends, since meanwhile another may have begun to send."""
    sends.at("taken", 2, lambda: _terminate(sends))
    error = refused(sends, "connection to the ledger in PostgreSQL was lost")
    assert error.temporary
    assert [one.result for one in until(error).sent] == ["sent", "sent", "pending", "pending"]
    assert sends.copies() == [1, 1, 0, 0]
    assert sorted(sends().values()) == ["already", "already", "sent", "sent"]
    assert sends.copies() == [1, 1, 1, 1]


@pytest.mark.parametrize("kind", [pytest.param("postgres", marks=ON_POSTGRES)])
def test_a_mail_that_another_run_may_be_at_is_not_sent_beside_it(sends: Sends) -> None:
    """Its session is gone, and with it its lock, while it waits for the server's answer."""
    sends()
    [(one, _), *_] = sends.handler.taken
    change = f"update {TABLE} set state = 'data', copies = 1, message = %s, at = %s where recipient = %s"
    now = datetime.now(UTC).replace(microsecond=0)
    message = next(message for to, message in sends.handler.taken if to == one)
    with sends.place.raw() as raw:
        raw.execute(f"update {TABLE} set digest = %s where recipient = %s", (sha256(message).hexdigest(), one))
        raw.execute(change, (message, (now - timedelta(seconds=100)).isoformat(), one))
    assert sorted(sends().values()) == ["already", "already", "already", "pending"]
    assert sends.copies() == [1, 1, 1, 1]
    with sends.place.raw() as raw:  # the server's minute for an answer is over, and that for the mail as well
        raw.execute(change, (message, (now - timedelta(seconds=130)).isoformat(), one))
    assert sent_again(sends, one).said == "once more: an earlier copy may have arrived"
    sends.same()


def sent_again(sends: Sends, recipient: str) -> Sent:
    """What is told of one mail by a further run."""
    checked = load_report(sends.project.folder / "spec.yaml", START, {})
    assert checked.report is not None
    made = sending.send(checked.report, checked.spec_text, SendOptions(), wait=lambda _: None)
    [found] = [one for one in made.sent if one.recipient == recipient]
    assert (found.result, found.notable) == ("sent", True)
    return found


@both
def test_what_could_not_be_noted_is_told_by_name(sends: Sends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.3)
    monkeypatch.setattr(handover, "LONGEST_HANDOVER", 0.0)
    monkeypatch.setattr(handover, "TIMEOUT", -1000.0)
    holding = held(sends.place)
    sends.at("taken", 2, holding.__enter__)
    error = refused(sends, "lock")
    holding.__exit__(None, None, None)
    second = sends.handler.taken[1][0]
    assert error.message.startswith(f"the mail to `{second}` was handed over, and that could not be noted: the ledger")
    assert error.temporary
    told = {one.recipient: (one.result, one.notable) for one in until(error).sent}
    assert told.pop(second) == ("sent", True)
    assert sorted(told.values()) == [("pending", False), ("pending", False), ("sent", False)]
    assert sent_again(sends, second).said == "once more: an earlier copy may have arrived"


def until(error: LedgerError) -> Outcome:
    """What had become of each mail when the ledger failed."""
    assert isinstance(error.outcome, Outcome)
    return error.outcome


def test_the_exit_code_of_a_ledger_that_fails_within(tmp_path: Path) -> None:
    """75 where a later run does the rest by itself, 1 where somebody has to do something."""
    some = Outcome("a", "p", [Sent("", "anna@example.com", "sent"), Sent("", "bo@example.com", "pending")])
    assert Attempt((), {}, some, temporary=True, stopped=True).code == 75
    assert Attempt((), {}, some, temporary=False, stopped=True).code == 1
    lacking = Outcome("a", "p", [Sent("", "anna@example.com", "refused")])
    assert Attempt((), {}, lacking, temporary=True, stopped=True).code == 1


# --- PostgreSQL that is not there --------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:S3cr%40t@127.0.0.1:9/test",
        "postgres://anna:S3cr%40t@127.0.0.1:9/test?connect_timeout=2",
        "postgresql://anna:S3cr@t@127.0.0.1:9/test",
        "postgresql://anna:S3cr/t@127.0.0.1:9/test",
        "postgresql://anna:S3cr?t@127.0.0.1:9/test",
        "postgresql://anna:S3cr#t@127.0.0.1:9/test",
        "postgresql://anna:S3cr%zzt@127.0.0.1:9/test",
        "postgresql://anna:S3cr@t:x@127.0.0.1:9/test",
        "postgresql://anna:S3crt@127.0.0.1:99999/test",
        "postgresql://anna:S3crt@",
        "postgresql://anna:S3crt@127.0.0.1:9/test?sslmode=wrong",
        "postgresql://anna@127.0.0.1:9/test?password=S3crt",
        "postgresql://anna@127.0.0.1:9/test?passwrd=S3crt",
        "postgresql://anna:S3crt@nowhere.invalid:5432/test",
        "postgresql://[anna:S3crt@127.0.0.1:9/test",
    ],
)
def test_urls_that_lead_nowhere(url: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as caught:
        open_ledger(url.replace("127.0.0.1:9", "127.0.0.1:1"), tmp_path)
    said = f"{caught.value.message} {caught.value.help}"
    assert "S3cr" not in said
    assert "ledger" in said
    assert "\n" not in said


@pytest.mark.parametrize("url", ["mysql://a:S3crt@b/c", "sqlite:///x", "s3://x/y"])
def test_other_databases(url: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="a file or a PostgreSQL database") as caught:
        open_ledger(url, tmp_path)
    assert "S3crt" not in f"{caught.value.message} {caught.value.help}"


@pytest.mark.slow
@pytest.mark.xdist_group("postgres")
def test_passwords_are_in_no_message_of_the_server(postgres: str, tmp_path: Path) -> None:
    base = postgres.replace("//root@", "//root:S3cr%40t@")
    for url in (base.rpartition("/")[0] + "/S3cr%40t", base.replace("//root:", "//S3cr%40t:")):
        with pytest.raises(LedgerError, match="does not exist") as caught:
            open_ledger(url, tmp_path)
        assert "S3cr" not in f"{caught.value.message} {caught.value.help}"


# --- a full disk ---------------------------------------------------------------------------------------


def _own_namespace() -> bool:
    return (
        shutil.which("unshare") is not None
        and not subprocess.run(["unshare", "-rm", "true"], stderr=subprocess.DEVNULL, check=False).returncode
    )


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """A folder `project/.small` that is a disk of its own; gives it another size."""
    folder = tmp_path / "project" / "small"
    folder.mkdir(parents=True)

    def mount(*options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
        return not subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode

    if sys.platform != "linux" or not mount("size=4m"):
        pytest.skip("a small disk needs the right to mount one (test_small_disks_in_a_namespace)")
    try:
        yield lambda size: None if mount("remount", f"size={size}") else pytest.fail("no remount")
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """A file that takes all of a disk but some bytes."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(b"x" * 4096)
    os.truncate(filler, max(0, filler.stat().st_size - leave))
    return filler


DISK = pytest.mark.parametrize("kind", ["sqlite"])


@pytest.fixture
def on_small(small: Callable[[str], None], place: Place, server: Server, tmp_path: Path) -> Sends:
    project = make(tmp_path / "project", server, None, "ordinary", "resend", "small/ledger.sqlite", mails=4)
    return Sends(project, Place("sqlite", "small/ledger.sqlite", project.folder))


@DISK
def test_a_full_disk_sends_nothing(on_small: Sends) -> None:
    filler = fill(on_small.place.root / "small")
    refused(on_small, "full|unable to open|disk i/o|no space")
    assert not on_small.handler.taken
    filler.unlink()
    assert set(on_small().values()) == {"sent"}
    assert on_small.copies() == [1, 1, 1, 1]


@DISK
def test_a_disk_on_which_the_mails_have_no_room(on_small: Sends, small: Callable[[str], None]) -> None:
    small("28k")
    refused(on_small, "full")
    assert not on_small.handler.taken
    small("4m")
    assert set(on_small().values()) == {"sent"}
    assert on_small.copies() == [1, 1, 1, 1]


@DISK
@pytest.mark.parametrize(
    ("step", "number", "taken"), [("announced", 1, 0), ("announced", 3, 2), ("taken", 2, 2), ("taken", 4, 4)]
)
def test_a_disk_that_fills_up_in_the_middle(
    on_small: Sends, step: str, number: int, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.3)
    folder = on_small.place.root / "small"
    on_small.at(step, number, lambda: fill(folder))
    if taken < 4:
        refused(on_small, "full|unable to open|disk i/o|no space")
    else:  # for what came of the last one there is the room that was kept
        on_small()
    assert len(on_small.handler.taken) == taken
    (folder / "filler").unlink()
    known = [one.state for one in reversed(on_small.place.entries()) if one.recipient != "*"]
    assert known.count("sent") == taken, "what was handed over is known"
    on_small()
    assert on_small.copies() == [1, 1, 1, 1]
    on_small.same()


@DISK
@pytest.mark.slow
def test_a_disk_with_any_little_room(on_small: Sends, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is left when it fills up, what is handed over is known, and nobody gets it twice."""
    monkeypatch.setattr(waiting, "PATIENCE", 0.3)
    folder, ends = on_small.place.root / "small", set()
    for pages in range(0, 40, 2):
        with suppress(FileNotFoundError):
            (on_small.place.root / on_small.place.name).unlink()
        on_small.handler.taken.clear()
        fill(folder, leave=pages * 4096)
        try:
            on_small()
        except LedgerError as error:
            assert re.search("nothing (more )?is sent", error.message)  # noqa: PT017
        (folder / "filler").unlink()
        handed = len(on_small.handler.taken)
        ends.add(handed)
        with suppress(FileNotFoundError):
            states = [one.state for one in on_small.place.entries() if one.recipient != "*"]
            assert states.count("sent") == handed
            assert states.count("data") == 0
        on_small()
        assert on_small.copies() == [1, 1, 1, 1], f"{pages} pages"
    assert {0, 4} <= ends


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() == 0, reason="whoever may mount has run them already")
@pytest.mark.skipif(not _own_namespace(), reason="neither mount nor `unshare -rm` is allowed here")
def test_small_disks_in_a_namespace() -> None:
    command = [
        "unshare",
        "-rm",
        sys.executable,
        "-m",
        "pytest",
        "-n0",
        "-q",
        "-p",
        "no:cacheprovider",
        __file__,
        "-k",
        "disk and not namespace",
    ]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "skipped" not in done.stdout
