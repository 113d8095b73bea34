"""`kill -9` at every moment of a send: nobody is left out, nobody has more than two copies, and two
are the same.

Each send is a process. So that it spends its life in sending, it is forked by a warm one, which has
imported everything, seen one report and has no threads: this file as a program.

Slow: sends are killed at each moment, and sent again.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
import os
import random
import select
import signal
import smtplib
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent.parent
SEED = 20261101
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
HUNG = 90.0  # seconds after which a send is taken for hung


# --- the warm process ------------------------------------------------------------------------------


def _serve() -> None:
    """Fork a send for each line of JSON; kill it when its time has come; say how it ended."""
    sleep = time.sleep
    # The waits between two attempts are real ones, but shorter. Functions take it over as they are made.
    time.sleep = lambda seconds: sleep(seconds / 100)
    import reportspec.cli
    from reportspec.deliver import handover
    from reportspec.deliver.send import SendOptions, send
    from tests.loading import load_report

    assert reportspec.cli
    # A ledger in PostgreSQL cannot tell a killed run from one that lost its connection: the next one comes later.
    handover.LONGEST_HANDOVER, handover.TIMEOUT = 0.0, -1e6
    for line in sys.stdin:
        asked = json.loads(line)
        if "warm" in asked:
            checked = load_report(Path(asked["warm"]), START, {})
            assert checked.report is not None
            send(checked.report, "", SendOptions(dry_run=Path(asked["warm"]).with_name("mails")))
            assert threading.active_count() == 1
            print(json.dumps({}), flush=True)
            continue
        began, sending = time.monotonic(), 0.0
        read, write = os.pipe()
        child = os.fork()
        if not child:
            _send(asked, write)
        os.close(write)
        phase, seconds = asked["kill"] or ("start", HUNG)
        until = began + (seconds if phase == "start" else HUNG)
        # A byte says that the first mail is claimed; the end, that the process is gone.
        while not select.select([read], [], [], max(0, until - time.monotonic()))[0] or os.read(read, 1):
            if time.monotonic() >= until:
                os.kill(child, signal.SIGKILL)
                until = time.monotonic() + 1
            elif not sending:
                sending = time.monotonic()
                until = sending + seconds if phase == "sending" else until
        status, end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), time.monotonic()
        os.close(read)
        said = {"code": status, "whole": end - began, "sending": end - sending if sending else 0.0}
        print(json.dumps(said), flush=True)


def _send(asked: dict[str, Any], begun: int) -> None:
    """A send in a process of its own, which ends here."""
    code = 70
    try:
        os.chdir(asked["folder"])
        os.environ["REPORTSPEC_NOW"] = asked["now"]
        out = os.open(asked["output"], os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        os.dup2(out, 1)
        os.dup2(out, 2)
        _tell_of_claims(begun)
        if asked["fault"]:
            _arm(*asked["fault"])
        sys.argv = ["reportspec", "send", "spec.yaml", *asked["more"]]
        from reportspec.cli import main

        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _tell_of_claims(begun: int) -> None:
    from reportspec.deliver.ledger import Ledger

    def told(put: Callable[..., None], self: Any, entry: Any) -> None:
        os.write(begun, b"!")
        put(self, entry)

    Ledger.put = functools.partialmethod(functools.partial(told, Ledger.put))  # type: ignore


# Where a send can be struck: what stands in the ledger of the mail then, and whether the server has
# the mail.
POINTS = {
    "before a claim": ("", 0),
    "after a claim": ("claimed", 0),
    "between two mails": ("claimed", 0),
    "before `data`": ("claimed", 0),
    "after `data`": ("data", 0),
    "within the mail": ("data", 0),
    "after the mail": ("data", 1),
    "before `sent`": ("data", 1),
    "after `sent`": ("sent", 1),
}


def _arm(point: str, turn: int, number: int) -> None:
    """Be struck by a signal at a point, the first time (0) that it is reached, or a later one."""
    from reportspec.deliver import smtp
    from reportspec.deliver.ledger import Ledger

    times = itertools.count()

    def reached(name: str) -> None:
        if name == point and next(times) == turn:
            os.kill(os.getpid(), number)

    def around(kind: type, name: str, told: Callable[[Any], str]) -> None:
        original = getattr(kind, name)

        def method(self: Any, entry: Any) -> None:
            reached(f"before {told(entry)}")
            original(self, entry)
            reached(f"after {told(entry)}")

        setattr(kind, name, method)

    around(Ledger, "put", lambda entry: "a claim" if entry.state == "claimed" else "the end of all")
    for step in ("step", "note"):
        around(Ledger, step, lambda entry: f"`{entry.state}`")
    handed, speak = smtp.Mailer.send, smtplib.SMTP.send

    def send(self: Any, *args: Any) -> Any:
        reached("between two mails")
        return handed(self, *args)

    def say(self: Any, said: Any) -> None:
        if not isinstance(said, bytes):  # a command
            return speak(self, said)
        speak(self, said[: len(said) // 2])
        reached("within the mail")
        speak(self, said[len(said) // 2 :])
        if said.endswith(b"\r\n.\r\n") and point == "after the mail":
            time.sleep(20)  # which is 0.2 s here: the server is to have it
            reached(point)
        return None

    smtp.Mailer.send = send  # type: ignore[method-assign]
    smtplib.SMTP.send = say  # type: ignore[method-assign]


if __name__ == "__main__":
    _serve()
    sys.exit()

# --- the test's side ---------------------------------------------------------------------------------

import psycopg  # noqa: E402
import pytest  # noqa: E402
from aiosmtpd.smtp import SMTP  # noqa: E402

from reportspec.deliver.ledger import Entry, open_ledger  # noqa: E402
from tests.deliver.server import Handler, Server  # noqa: E402
from tests.engines.servers import served  # noqa: E402


class Warm:
    """The warm process."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )

    def ask(self, **asked: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said

    def close(self) -> None:
        self._process.communicate(timeout=HUNG)


class Slow(Handler):
    """A server that takes a few milliseconds for each answer, more or less. Half of the mails whose
    sender died while it had them in hand are taken all the same."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance, self.slowness, self.drops = chance, 0.004, 0.0
        self.open = self.at_work = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        await self.pause(server)
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        await self.pause(server)
        taking = asyncio.ensure_future(self.take(server, session, envelope))
        return await (asyncio.shield(taking) if self.chance.random() < 0.5 else taking)

    async def take(self, server: Any, session: Any, envelope: Any) -> str:
        self.at_work += 1
        try:
            await self.pause()
            reply = await super().handle_DATA(server, session, envelope)
            await self.pause(server)
            return reply
        finally:
            self.at_work -= 1

    async def pause(self, server: Any = None) -> None:
        await asyncio.sleep(self.chance.uniform(0, 2 * self.slowness))
        if server is not None and server.transport is not None and self.chance.random() < self.drops:
            server.transport.abort()

    def rest(self) -> None:
        """Wait until the mails of a sender that is gone are taken or dropped."""
        until = time.monotonic() + 20
        while self.open or self.at_work:
            assert time.monotonic() < until, "the server has no rest"
            time.sleep(0.001)


class _Counted(SMTP):
    def connection_made(self, transport: Any) -> None:
        self.event_handler.open += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.event_handler.open -= 1


class SlowServer(Server):
    def factory(self) -> SMTP:
        return _Counted(self.handler, timeout=60)


VALUES, EACH = 4, 2  # of the burst: reports, and mails of each
HEADERS = BytesHeaderParser()
Key = tuple[str, str]  # the address that a mail went to, and its subject


def header(content: bytes, name: str) -> str:
    return str(HEADERS.parsebytes(content)[name])


@dataclass
class Project:
    """A folder with a spec that is sent, and what is to come of it."""

    folder: Path
    server: Server
    warm: Warm | None
    kind: str
    mode: str
    ledger: str
    expected: set[Key] = field(default_factory=set)
    runs: int = 0
    whole: float = 0.0  # seconds that the last run took
    sending: float = 0.0  # of these, from the first claim on

    @property
    def handler(self) -> Slow:
        assert isinstance(self.server.handler, Slow)
        return self.server.handler

    def run(
        self,
        kill: tuple[str, float] | None = None,
        fault: tuple[str, int, int] | None = None,
        more: tuple[str, ...] = (),
    ) -> tuple[int, str]:
        """Send. Each run is as of another moment, so that what it builds has other bytes."""
        assert self.warm is not None
        self.runs += 1
        now = (START + timedelta(seconds=self.runs)).isoformat()
        output = self.folder / "output.txt"
        output.write_text("")
        said = self.warm.ask(folder=str(self.folder), now=now, kill=kill, fault=fault, more=more, output=str(output))
        self.handler.rest()
        self.whole, self.sending = said["whole"], said["sending"]
        return said["code"], output.read_text("utf-8")

    def copies(self) -> dict[Key, list[bytes]]:
        """What the server took, by address and subject."""
        found: dict[Key, list[bytes]] = {}
        for to, content in self.handler.taken:
            found.setdefault((to, header(content, "Subject")), []).append(content)
        return found

    def entries(self) -> dict[Key, Entry]:
        """What the ledger says of each mail."""
        ledger = open_ledger(self.ledger, self.folder)
        try:
            return {(one.recipient, one.subject): one for one in ledger.entries() if one.subject}
        finally:
            ledger.close()


def make(folder: Path, server: Server, warm: Warm | None, kind: str, mode: str, ledger: str, mails: int = 8) -> Project:
    """A project whose source is small, so that little time goes into the figures."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"Person{at:02}" for at in range(VALUES)]
    with closing(sqlite3.connect(folder / "crm.sqlite")) as raw:
        raw.execute("pragma synchronous = off")
        raw.execute("create table deals (id, amount, status, closed_at, created_at, owner)")
        raw.execute("create table people (id, name, email)")
        for at, name in enumerate(names):
            raw.execute("insert into people values (?, ?, ?)", (f"{at}", name, f"{name.lower()}@example.com"))
            raw.execute(
                "insert into deals values (?, ?, 'won', '2026-08-03', '2026-07-02', ?)", (f"{at}", 100 + at, f"{at}")
            )
        raw.commit()
    mapping = {
        "timezone": "UTC",
        "entities": {
            "deal": {
                "table": "deals",
                "key": "id",
                "fields": {
                    "amount": "amount",
                    "status": "status",
                    "closed_at": "closed_at",
                    "created_at": "created_at",
                    "owner_id": "owner",
                },
            },
            "user": {"table": "people", "key": "id", "fields": {"name": "name", "email": "email"}},
        },
    }
    (folder / "m.yaml").write_text(json.dumps(mapping), "utf-8")
    project = {
        "version": 1,
        "source": "crm.sqlite",
        "mapping": "m.yaml",
        "currency": "EUR",
        "deliver": {
            "smtp": f"smtp://127.0.0.1:{server.port}",
            "from": "reports@example.com",
            "allow": ["@example.com"],
            "ledger": ledger,
        },
    }
    (folder / "reportspec.yaml").write_text(json.dumps(project), "utf-8")
    spec: dict[str, Any] = {"version": 1, "title": "Won", "period": "2026-Q3", "metrics": ["won_amount"]}
    if kind == "burst":
        more = [f"copy{at}@example.com" for at in range(EACH - 1)]
        spec["for_each"] = "user.name"
        spec["deliver"] = {"to": "{{ each.email }}", "bcc": more, "subject": "for {{ each.value }}"}
        expected = {(to, f"for {name}") for name in names for to in (f"{name.lower()}@example.com", *more)}
    else:
        to = [f"person{at:02}@example.com" for at in range(mails)]
        spec["deliver"] = {"to": to[0], **({"bcc": to[1:]} if to[1:] else {}), "subject": "for all"}
        expected = {(one, "for all") for one in to}
    spec["deliver"] |= {"attach": [], "in_doubt": mode}
    (folder / "spec.yaml").write_text(json.dumps(spec), "utf-8")
    return Project(folder, server, warm, kind, mode, ledger, expected)


@contextmanager
def slow_server(seed: int) -> Iterator[SlowServer]:
    server = SlowServer(Slow(random.Random(seed)))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def warm_process(folder: Path) -> Iterator[Warm]:
    warm = Warm(folder)
    try:
        with slow_server(0) as server:
            made = make(folder / "first", server, warm, "ordinary", "hold", "ledger.sqlite")
        warm.ask(warm=str(made.folder / "spec.yaml"))
        yield warm
    finally:
        warm.close()


LANES = 3  # sends at once: each mostly waits for its server and for the disk


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Warm]]:
    with ExitStack() as stack:
        yield [stack.enter_context(warm_process(tmp_path_factory.mktemp("warm"))) for _ in range(LANES)]


@pytest.fixture(scope="module")
def postgres() -> str:
    return served("postgres")


@pytest.fixture
def place(ledger: str, request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Gives the place of a new ledger."""
    made: list[tuple[str, str]] = []
    url = request.getfixturevalue("postgres") if ledger == "postgres" else ""

    def new() -> str:
        if not url:
            return "ledger.sqlite"
        schema = f"kills_{os.getpid()}_{next(_NUMBERS)}"
        with psycopg.connect(url, autocommit=True) as raw:
            raw.execute(f"create schema {schema}")
        made.append((url, schema))
        return f"{url}?options=-csearch_path%3D{schema}"

    yield new
    for url, schema in made:
        with psycopg.connect(url, autocommit=True) as raw:
            raw.execute(f"drop schema {schema} cascade")


_NUMBERS = itertools.count()


def check_so_far(project: Project, settled: dict[Key, int]) -> Counter[str]:
    """What has to hold at any moment: nothing was handed over that the ledger does not know of, and
    who was sent it was left alone since."""
    copies, entries = project.copies(), project.entries()
    assert set(copies) <= project.expected
    for key, got in copies.items():
        assert entries[key].state in ("data", "sent"), key
        assert len(set(got)) == 1, f"{key} got two mails that differ"
    for key, entry in entries.items():
        if entry.state == "sent":
            assert settled.setdefault(key, len(copies[key])) == len(copies[key]) > 0, key
    return Counter(entry.state for entry in entries.values())


def check_end(project: Project, code: int, said: str) -> None:
    """What has to hold when a run came to its end: each has a mail, or is reported."""
    copies, entries = project.copies(), project.entries()
    doubt = {key for key, entry in entries.items() if entry.state == "data"}
    for key in project.expected:
        got = copies.get(key, [])
        assert len(got) <= (1 if project.mode == "hold" else 2), key
        if key in doubt:
            assert f"in doubt: {key[0]}" in said
            assert project.mode == "hold" or entries[key].copies == 2, key
        else:
            assert entries[key].state == "sent", key
            assert got, f"{key} was left out"
    assert code == (1 if doubt else 0), said
    names = [header(got[0], "Message-ID") for got in copies.values()]
    assert len(set(names)) == len(names)


def finish(project: Project) -> None:
    """Run to the end. Where a sender has just died, PostgreSQL takes a moment to let go of its lock."""
    until = time.monotonic() + 20
    code, said = project.run()
    while "another process" in said and time.monotonic() < until:
        code, said = project.run()
    check_end(project, code, said)


def campaign(project: Project, chance: random.Random, kills: int, whole: float, sending: float) -> Counter[str]:
    """Kill a send and start it again, some times over; then let it end. What it was doing when it
    was struck, counted."""
    tally: Counter[str] = Counter()
    settled: dict[Key, int] = {}
    left = 1.0
    for _ in range(kills):
        # One in six may come at any moment of the run, the others from its first claim on.
        phase = "start" if chance.random() < 1 / 6 else "sending"
        span = whole - sending * (1 - left) if phase == "start" else sending * left
        code, said = project.run(kill=(phase, chance.uniform(0, span)))
        states = check_so_far(project, settled)
        left = 1 - states["sent"] / len(project.expected)
        if code != -signal.SIGKILL:
            assert code in (0, 1), said
            break
        tally["kills"] += 1
        tally["in the middle"] += bool(states["sent"] and states["claimed"])
        tally["in doubt"] += bool(states["data"])
    finish(project)
    check_so_far(project, settled)
    tally["twice"] = sum(len(got) == 2 for got in project.copies().values())
    return tally


PLANS = [
    ("ordinary", "resend", "sqlite", 50),
    ("ordinary", "hold", "sqlite", 50),
    ("burst", "resend", "sqlite", 35),
    ("burst", "hold", "sqlite", 35),
    ("ordinary", "resend", "postgres", 15),
    ("burst", "hold", "postgres", 15),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mode", "ledger", "kills"), PLANS)
def test_random_kills(
    lanes: list[Warm],
    place: Callable[[], str],
    tmp_path: Path,
    kind: str,
    mode: str,
    ledger: str,
    kills: int,
    draw: Any,
) -> None:
    """At any moment; by day few, as each step is met by the tests below."""
    kills = draw.rounds(max(LANES, kills // 8), kills)

    def lane(number: int, warm: Warm) -> Counter[str]:
        seed = f"{SEED} {kind} {mode} {ledger} {number}"
        chance, tally = random.Random(seed), Counter[str]()
        share = kills // LANES + (number < kills % LANES)
        with slow_server(SEED + number) as server:

            def new(name: str) -> Project:
                server.handler.taken.clear()
                return make(tmp_path / f"{number}" / name, server, warm, kind, mode, place())

            try:
                first = new("first")
                finish(first)
                while tally["kills"] < share:
                    project = new(f"{tally['campaigns']}")
                    some = min(4, share - tally["kills"])
                    tally += campaign(project, chance, some, first.whole, first.sending)
                    tally["campaigns"] += 1
            except BaseException as error:
                error.add_note(f"lane {number}, seed {seed!r}, so far {dict(tally)}")
                raise
        return tally

    with ThreadPoolExecutor(LANES) as pool:
        tallies = list(pool.map(lane, range(LANES), lanes))
    tally = sum(tallies, Counter[str]())
    print(dict(tally))
    assert tally["kills"] == kills
    # The kills have to have met what they are about.
    assert tally["in doubt"] >= kills // 20, tally
    assert tally["in the middle"] >= kills // 10, tally


# --- struck at each step ---------------------------------------------------------------------------


@pytest.fixture
def project(
    lanes: list[Warm], ledger: str, kind: str, mode: str, place: Callable[[], str], tmp_path: Path
) -> Iterator[Project]:
    with slow_server(SEED) as server:
        server.handler.slowness = 0.001
        yield make(tmp_path / "project", server, lanes[0], kind, mode, place(), mails=4)


def struck(project: Project) -> Key | None:
    """The mail that is in doubt, if one is."""
    found = [key for key, entry in project.entries().items() if entry.state == "data"]
    assert len(found) <= 1
    return found[0] if found else None


KILLED = [("ordinary", "resend", "sqlite"), ("burst", "hold", "sqlite"), ("ordinary", "resend", "postgres")]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mode", "ledger"), KILLED)
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_each_step(project: Project, ledger: str, point: str) -> None:
    state, taken = POINTS[point]
    settled: dict[Key, int] = {}
    assert project.run(fault=(point, 1, signal.SIGKILL)) == (-signal.SIGKILL, "")
    states = check_so_far(project, settled)
    claims = ("before a claim", "after a claim")
    assert states["sent"] == (0 if point in claims else 2 if point == "after `sent`" else 1)
    assert states["data"] == (state == "data")
    # In a file all are claimed at once; nothing is handed over before that.
    at_once = ledger == "sqlite"
    assert states["claimed"] == {claims[0]: 0 if at_once else 1, claims[1]: 0 if at_once else 2}.get(
        point, len(project.expected) - states["sent"] - states["data"]
    )
    assert sum(map(len, project.copies().values())) == states["sent"] + (state == "data") * taken
    doubtful = struck(project)
    finish(project)
    check_so_far(project, settled)
    twice = [key for key, got in project.copies().items() if len(got) == 2]
    assert twice == ([doubtful] if taken and doubtful and project.mode == "resend" else [])
    assert struck(project) == (doubtful if project.mode == "hold" else None)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mode", "ledger"), KILLED[:1])
@pytest.mark.parametrize("point", ["before the end of all", "after the end of all"])
def test_killed_when_all_are_sent(project: Project, point: str) -> None:
    assert project.run(fault=(point, 0, signal.SIGKILL))[0] == -signal.SIGKILL
    assert check_so_far(project, {}) == {"sent": len(project.expected)}
    finish(project)
    assert all(len(got) == 1 for got in project.copies().values())


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mode", "ledger"), [KILLED[0], KILLED[2]])
@pytest.mark.parametrize(("point", "copies"), [("after `data`", 0), ("within the mail", 0), ("before `sent`", 2)])
def test_killed_over_the_same_mail_again_and_again(project: Project, point: str, copies: int) -> None:
    for _ in range(2):
        while (done := project.run(fault=(point, 0, signal.SIGKILL)))[1]:
            assert "another process" in done[1]  # PostgreSQL has not let go of the lock yet
        doubtful = struck(project)
        assert doubtful is not None
    # Twice it was begun: that is the end of it, and it is told. The others get theirs.
    finish(project)
    assert struck(project) == doubtful
    assert len(project.copies().get(doubtful, [])) == copies
    finish(project)
    assert len(project.copies().get(doubtful, [])) == copies
    # Until somebody who has looked says otherwise.
    assert project.run(more=("--resend",))[0] == 0
    assert struck(project) is None
    assert len(project.copies()[doubtful]) == copies + 1


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mode", "ledger"), KILLED[:1])
@pytest.mark.parametrize(
    ("point", "number"),
    [
        *((point, signal.SIGINT) for point in [*POINTS][3:]),
        ("within the mail", signal.SIGTERM),
        ("after the mail", signal.SIGHUP),
    ],
)
def test_a_signal_lets_a_mail_come_to_its_end(project: Project, point: str, number: int) -> None:
    """At each step: what the server has been told is brought to its end, and nobody gets it twice."""
    code, said = project.run(fault=(point, 1, number))
    assert code == 128 + number
    assert said.rstrip().endswith("stopped")
    states = check_so_far(project, {})
    assert not states["data"]
    assert states["sent"] >= 1 + (POINTS[point][0] != "claimed")
    finish(project)
    assert sum(map(len, project.copies().values())) == len(project.expected)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mode", "ledger"), KILLED[:2])
def test_a_signal_does_not_wait_for_a_server_that_does_not_answer(project: Project) -> None:
    """Then nobody knows whether it arrived, and the ledger says so."""
    project.handler.slowness = 1.0
    code, said = project.run(fault=("within the mail", 0, signal.SIGINT))
    assert code == 130
    assert said.rstrip().endswith("stopped")
    project.handler.slowness = 0.001
    assert check_so_far(project, {})["data"] == 1
    doubtful = struck(project)
    finish(project)
    assert struck(project) == (doubtful if project.mode == "hold" else None)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mode", "ledger"), KILLED[:2])
def test_a_server_that_drops_connections_over_three_runs(project: Project) -> None:
    doubled = 0
    for turn in range(3):
        handler = project.handler
        handler.taken.clear()
        handler.chance.seed(SEED + turn)
        (project.folder / project.ledger).unlink(missing_ok=True)
        settled: dict[Key, int] = {}
        for drops in (0.2, 0.2, 0.2, 0.0):
            handler.drops = drops
            code, said = project.run()
            states = check_so_far(project, settled)
            assert max(map(len, project.copies().values()), default=0) <= 2
            left = len(project.expected) - states["sent"]
            assert (code == 0) == (not left), f"seed {SEED + turn}: {said}"
            assert said.count("in doubt: ") + said.count("not taken yet: ") + ("cannot be reached" in said) >= left
        check_end(project, code, said)
        doubled += sum(len(got) == 2 for got in project.copies().values())
    assert doubled or project.mode == "hold"


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mode", "ledger"), KILLED[:1])
def test_two_at_once(project: Project, lanes: list[Warm]) -> None:
    project.handler.slowness = 0.02
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(project.run)
        until = time.monotonic() + 20
        while not project.handler.taken and time.monotonic() < until:
            time.sleep(0.01)
        said = lanes[1].ask(
            folder=str(project.folder),
            now=START.isoformat(),
            kill=None,
            fault=None,
            more=(),
            output=str(project.folder / "second.txt"),
        )
        assert first.result()[0] == 0
    assert said["code"] == 0
    assert "another process is sending this report" in (project.folder / "second.txt").read_text()
    check_end(project, *first.result())
    assert all(len(got) == 1 for got in project.copies().values())
