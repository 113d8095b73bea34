"""What sending promises where others fail: one way out that is dead, sizes, logins, and addresses in
the data.

Slow: waits for servers that do not answer, and builds PDFs."""

from __future__ import annotations

import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from reportspec.addresses import split
from reportspec.api import validate
from reportspec.building import Order
from reportspec.check.project import load_project
from reportspec.deliver.attempt import attempt, sent_line
from reportspec.deliver.message import one_line
from reportspec.deliver.outlets import OutletError, Parcel, time_limit
from reportspec.deliver.outlets import way as way_of
from reportspec.deliver.outlets.json_message import JsonMessage
from reportspec.deliver.outlets.store import Store
from reportspec.deliver.recipients import Addresses, addresses
from reportspec.deliver.send import SendOptions, Sent
from reportspec.deliver.smtp import Mailer
from reportspec.errors import MailError
from reportspec.model.mail import Outlet
from reportspec.naming import slug
from tests.deliver.conftest import NOW, Run, results, spec
from tests.deliver.server import Handler, Server, login

ANNA, BEN = "anna@example.com", "ben@example.com"
NAMES = {"report": "q3", "period": "2026-07-01", "each": ""}
NOTHING = Parcel(NAMES, (("q3.pdf", b"%PDF"),), None)  # type: ignore[arg-type]


# --- one dead way out ----------------------------------------------------------------------------


@contextmanager
def hook(answer: int | None, hold: float = 0) -> Iterator[tuple[str, list[float]]]:
    """A server that answers so (None: only after a while), and when it was asked."""
    asked: list[float] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(time.monotonic())
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(hold)
            self.send_response(answer or 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/x", asked
    finally:
        server.shutdown()


def closed() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/x"


def outlet(project: Path, *lines: str) -> None:
    file = project / "reportspec.yaml"
    file.write_text(file.read_text("utf-8") + "".join(f"  {one}\n" for one in lines), "utf-8")


EACH = spec("{to: anna@example.com, also: [hook], attach: []}") + "for_each: user.team\n"


@pytest.mark.slow
def test_a_dead_hook_is_tried_once_a_round_and_holds_no_mail_up(run: Run, project: Path, handler: Handler) -> None:
    with hook(503) as (url, asked):
        outlet(project, f"outlets: {{hook: {{webhook: '{url}'}}}}")
        outcome = run(EACH)
    values = {one.value for one in outcome.sent}
    assert len(values) > 1
    assert outcome.count("sent") == len(handler.taken) == len(values)
    assert outcome.count("pending") == len(values)
    assert len(asked) == 5  # for all values together
    assert outcome.sent[0].result == "sent"  # the mails go first


@pytest.mark.slow
def test_a_hook_that_is_back_gets_all(run: Run, project: Path, handler: Handler) -> None:
    outlet(project, f"outlets: {{hook: {{webhook: '{closed()}'}}}}", "try_for: 0s")
    assert run(EACH).count("pending") > 1
    file = project / "reportspec.yaml"
    with hook(200) as (url, asked):
        lines = [one for one in file.read_text("utf-8").splitlines() if "outlets" not in one]
        file.write_text("\n".join(lines) + "\n", "utf-8")
        outlet(project, f"outlets: {{hook: {{webhook: '{url}'}}}}")
        outcome = run(EACH)
    assert outcome.count("sent") == len(asked) == outcome.count("already")


@pytest.mark.parametrize(("patience", "tries"), [("0s", 1), ("1s", 2), ("13s", 4), ("2m", 5)])
def test_the_project_says_how_long(run: Run, project: Path, patience: str, tries: int) -> None:
    """The waits are of 1, 3, 9 and 27 seconds."""
    with hook(503) as (url, asked):
        outlet(project, f"outlets: {{hook: {{webhook: '{url}'}}}}", f"try_for: {patience}")
        assert results(run(spec("{also: [hook]}"))) == {"hook": "pending"}
    assert len(asked) == tries


def test_a_hook_without_an_answer_is_asked_once(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reportspec.deliver.outlets.time_limit.TIMEOUT", 0.2)
    with hook(None, hold=1) as (url, asked):
        outlet(project, f"outlets: {{hook: {{webhook: '{url}'}}}}")
        outcome = run(EACH)
    assert len(asked) == outcome.count("doubt") == 1
    assert outcome.count("pending") >= 1


@pytest.mark.parametrize("line", ["folder: 'arch/{each}'", "store: 'file://FOLDER/arch/{each}'"])
def test_each_value_is_told_of_its_own_path_or_of_none(run: Run, project: Path, line: str) -> None:
    """A file lies where the folder should be. Who had no turn is told why, without another's path."""
    (project / "arch").write_text("in the way", "utf-8")
    outlet(project, f"outlets: {{hook: {{{line.replace('FOLDER', str(project))}}}}}", "try_for: 1s")
    told = [one for one in run(EACH).sent if one.recipient == "hook"]
    assert len(told) > 2
    names = {one.value: slug(one.value) for one in told}
    for one in told:
        assert "hook" in one.said or names[one.value] in one.said
        assert not [n for v, n in names.items() if v != one.value and f"/{n}" in one.said], one.said


def _drips(listening: socket.socket, head: bytes, drop: bytes) -> None:
    """Answer one request piece by piece, so that each comes in time and the whole never."""
    raw, _ = listening.accept()
    with raw:
        raw.recv(100_000)
        try:
            raw.sendall(head)
            while True:
                raw.sendall(drop)
                time.sleep(0.05)
        except OSError:
            return


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"", b"H"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 9999\r\n\r\n", b"x"),
    ],
)
def test_a_hook_that_drips_does_not_outlast_its_limit(head: bytes, drop: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_drips, args=[listening, head, drop], daemon=True).start()
        target = f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        way = JsonMessage(Outlet("out", "webhook", target), lambda _: {}, 0.3)
        since = time.monotonic()
        with pytest.raises(OutletError) as late:
            way.take(NOTHING)
    assert time.monotonic() - since < 10
    assert late.value.doubt
    assert "longer than 0.3 seconds" in late.value.message


def test_a_store_that_hangs_is_left_to_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    def hang(*_: Any, **__: Any) -> None:
        time.sleep(3)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", hang)
    made = way_of(Outlet("out", "store", "memory://r"), Path(), None)
    assert isinstance(made, Store)
    assert made.within == time_limit.STORING
    longer = way_of(Outlet("out", "store", "memory://r"), Path(), 600)
    assert isinstance(longer, Store)
    assert longer.within == 600  # as the project's `try_for` says
    since = time.monotonic()
    with pytest.raises(OutletError) as late:
        Store(made.outlet, 0.2).take(NOTHING)
    assert time.monotonic() - since < 2.5
    assert (late.value.temporary, late.value.doubt) == (True, False)
    assert "longer than 0.2 seconds" in late.value.message


def test_a_dead_mail_server_holds_no_hook_up(run: Run, project: Path, server: Server) -> None:
    with hook(200) as (url, asked):
        outlet(project, f"outlets: {{hook: {{webhook: '{url}'}}}}")
        server.stop()
        outcome = run(spec("{to: anna@example.com, also: [hook], attach: []}"))
    assert results(outcome) == {ANNA: "pending", "hook": "sent"}
    assert len(asked) == 1


# --- sizes ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_the_server_takes_decides(run: Run, project: Path) -> None:
    """A server that takes 15,000 bytes gets the mail without the PDF, which says so; of one that takes
    nothing, nothing is begun."""
    for most, result in ((15_000, "sent"), (500, "refused")):
        handler = Handler()
        small = Server(handler, data_size_limit=most)
        small.start()
        try:
            text = (project / "reportspec.yaml").read_text("utf-8").splitlines()
            text = [f"  smtp: smtp://127.0.0.1:{small.port}" if "smtp:" in one else one for one in text]
            (project / "reportspec.yaml").write_text("\n".join(text) + "\n", "utf-8")
            outcome = run(spec("{to: anna@example.com, attach: [pdf]}"), name=f"s{most}.yaml")
            assert results(outcome) == {ANNA: result}
            assert all(len(data) <= most for _, data in handler.taken)
            for _, mail in handler.mails():
                assert [part.get_filename() for part in mail.iter_attachments()] == []
                body = mail.get_body(("plain",))
                assert body is not None
                assert f"s{most}-2026-07-01.pdf" in body.get_content()
        finally:
            small.stop()


# --- logins --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_server_without_a_usable_login_is_a_mistake(project: Path) -> None:
    """No AUTH at all, only behind TLS, a wrong password, and a server that wants a login: all of them
    end with 1, and say what to mend."""
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({}, "bob:secret@", "offers no login that can be used"),
        ({"authenticator": login("bob", "secret"), "auth_require_tls": True}, "bob:secret@", "offers no login"),
        ({"authenticator": login("bob", "other"), "auth_require_tls": False}, "bob:secret@", "refused the login"),
        (
            {"authenticator": login("bob", "x"), "auth_require_tls": False, "auth_required": True},
            "",
            "takes no mail with this login",
        ),
    ]
    for number, (options, user, said) in enumerate(cases):
        server = Server(Handler(), **options)
        server.start()
        try:
            text = (project / "reportspec.yaml").read_text("utf-8").splitlines()
            text = [f"  smtp: smtp://{user}127.0.0.1:{server.port}" if "smtp:" in one else one for one in text]
            (project / "reportspec.yaml").write_text("\n".join(text) + "\n", "utf-8")
            path = project / f"l{number}.yaml"
            path.write_text(spec(), "utf-8")
            waits: list[float] = []
            made = attempt(path, Order(NOW, {}), SendOptions(), wait=waits.append)
            assert made.code == 1, said
            assert said in made.diagnostics[-1].message
            assert made.diagnostics[-1].help
            assert "secret" not in str(made.diagnostics)
            assert waits == []
        finally:
            server.stop()


def test_a_server_that_drops_the_login_may_do_later() -> None:
    """A connection that breaks is no mistake of the login's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            raw, _ = listening.accept()
            with raw:
                raw.sendall(b"220 hi\r\n")
                raw.recv(1000)
                raw.sendall(b"250-x\r\n250 AUTH PLAIN\r\n")
                raw.recv(1000)

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(MailError) as caught:
            Mailer(f"smtp://bob:secret@127.0.0.1:{listening.getsockname()[1]}", 2)
    assert caught.value.temporary
    assert smtplib


# --- addresses in the data -----------------------------------------------------------------------


class _Words:
    """Texts with values in them, as `Words` fills them."""

    def __init__(self, **values: str) -> None:
        self.values = values

    def fill(self, text: str) -> str:
        for name, value in self.values.items():
            text = text.replace("{{ each." + name + " }}", value)
        return text


EVIL = "eve@example.org"
HOSTILE = [
    f"{ANNA}{between}{EVIL}"
    for between in (
        ",",
        ";",
        " ",
        ", ",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "\0",
        "\x0b",
        "\x0c",
        "\x85",
        "\u2028",
        "\u2029",
        "\u00a0",
        "\u3000",
        "\u200b",
        "\r\nBcc: ",
        "\nTo: ",
        "> <",
        " <",
        ">,<",
        "\\,",
        "%0a",
        "\ufeff",
    )
] + [
    f"{EVIL} <{ANNA}>",
    f"<{ANNA}>, <{EVIL}>",
    f"Team: {ANNA}, {EVIL};",
    f"Team:{EVIL};",
    f'"{EVIL}" <{ANNA}>, x@y.z',
    '"a b"@example.com',
    f'"{EVIL} "@example.com',
    f"=?utf-8?q?eve=40example=2Eorg=2C?= {ANNA}",
    f"=?utf-8?q?{ANNA}=0A?= <{EVIL}",
    f"@example.org:{ANNA}",
    f"{ANNA}({EVIL})",
    "anna\uff20example.com",
    f"<{ANNA}",
    f"{ANNA}>",
    "anna@example.com.",
    "anna@",
    "@example.com",
    "anna",
    "a@b@example.com",
    "eve%example.org@example.com",
    "example.org!eve@example.com",
    "=?utf-8?q?eve=40example.org?=@example.com",
    "anna@[127.0.0.1]",
]


def test_what_relays_read_as_another_address_is_none() -> None:
    for address in (
        "x%there.com@example.com",
        "there.com!x@example.com",
        "=?utf-8?q?x=40there.com?=@example.com",
    ):
        assert split(address) is None
    assert split("anna+crm=1@example.com") == ("", "anna+crm=1@example.com")


def test_a_value_writes_no_line_of_its_own() -> None:
    one = Sent("Bea\nspecs/b.yaml: sent: boss@example.com", "b@example.com", "sent")
    assert "\n" not in sent_line(one)


def test_a_long_value_is_cut_in_its_line() -> None:
    one = Sent("L" * 3000, "b@example.com", "failed", "why " * 1000)
    said = sent_line(one)
    assert said.startswith(f"not sent: b@example.com ({'L' * 99}…): why why")
    assert len(said) < 1200


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("text", ["{{ each.email }}", "{{ each.name }} <{{ each.email }}>", "Anna <{{ each.email }}>"])
def test_one_value_is_one_address_or_an_error(value: str, text: str) -> None:
    words: Any = _Words(email=value, name="Anna")
    found = addresses(words, [text], ())
    assert len(found.named) <= 1
    assert not any(EVIL in one and ANNA not in one for one in found.named)
    if not found.named:
        [(told, _)] = found.unfit
        assert told.isprintable()


@pytest.mark.parametrize("name", [EVIL, f"{EVIL},", f"<{EVIL}>", f"{EVIL} ", f"x <{EVIL}>", f'"{EVIL}"', "a\nb"])
@pytest.mark.parametrize("email", [ANNA, "", f"{ANNA}, {BEN}"])
def test_a_name_is_never_an_address(name: str, email: str) -> None:
    words: Any = _Words(email=email, name=name)
    found = addresses(words, ["{{ each.name }} <{{ each.email }}>"], ()).named
    assert all(one.endswith(f"<{ANNA}>") for one in found)
    assert len(found) <= 1


def test_lists_stand_in_the_spec_or_in_the_recipients() -> None:
    words: Any = _Words(email=f"{ANNA}; {BEN}", one=ANNA)
    assert addresses(words, ["{{ each.email }}"], ("each.email",)) == Addresses((ANNA, BEN))
    assert addresses(words, [f"{{{{ each.one }}}}, {BEN}"], ()) == Addresses((ANNA, BEN))
    found = addresses(words, ["{{ each.email }}"], ())
    assert found.named == ()
    assert "name several in the spec, or in `recipients`" in found.unfit[0][1]


@pytest.mark.parametrize(
    "cell",
    [
        f"Anna Rossi{ANNA}",
        f"Anna {ANNA}",
        f"{ANNA}, Ben",
        f"{ANNA};;x@",
        "{{ each.value }}@example.com",
        f"Rossi; {ANNA}",
    ],
)
def test_a_cell_of_which_a_part_is_no_address(cell: str) -> None:
    """Nobody knows whose the rest is: one told failure, and no mail."""
    words: Any = _Words(email=cell)
    found = addresses(words, ["{{ each.email }}"], ("each.email",))
    assert found.named == ()
    assert [text for text, _ in found.unfit] == [cell[:80]]


def test_encoded_words_stay_texts(run: Run, handler: Handler) -> None:
    """A value that is written like an encoded word is not read as what it encodes."""
    hostile = "=?utf-8?q?Won=0D=0ABcc:_eve=40example.org?="
    assert "=?" not in one_line(hostile)
    made = spec('{to: anna@example.com, attach: [], subject: "{{ params.word }}"}')
    run(made + f'params: {{word: {{type: string, default: "{hostile}"}}}}\n')
    [(_, mail)] = handler.mails()
    assert mail["Bcc"] is None
    assert "eve=40example.org" in str(mail["Subject"])


# --- limits that are none ------------------------------------------------------------------------

WRONG = {
    "deliver.try_for": ("-1s", "11m", "601s", "1h", "1.5m", "5 m", "''", "null", "true", "[1]", "{a: 1}", "soon",
                        ".nan", "64", "٣s", "10M", "${NOT_SET}"),
    "deliver.max_size": ("0", "-1", "101", "1e3", "1e400", ".nan", ".inf", "true", "null", "'64'", "10MB", "[1]"),
    "query.memory": ("0", "-1", "63", "100000001", "2GB", "'64'", "64.5", "1e400", ".inf", "true", "null", "[1]"),
    "query.disk": ("0", "-1", "100000001", "2GB", "0.5", ".nan", "999999999999999999999999", "true", "{a: 1}"),
}  # fmt: skip


@pytest.mark.parametrize("key", WRONG)
def test_limits_that_are_none_are_told_with_their_place(key: str, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("version: 1\nreport: custom\nperiod: 2026-Q3\nmetrics: [won_amount]\n", "utf-8")
    block, _, name = key.partition(".")
    for value in WRONG[key]:
        (tmp_path / "reportspec.yaml").write_text(f"version: 1\nsource: demo\n{block}:\n  {name}: {value}\n", "utf-8")
        found = [one for one in validate(tmp_path / "s.yaml") if one.severity == "error"]
        assert found, (key, value)
        for one in found:
            assert one.span is not None
            assert (Path(one.span.file).name, one.span.line) == ("reportspec.yaml", 4)
            assert one.span.column == len(name) + 5, (key, value)


@pytest.mark.parametrize(("said", "seconds"), [("0s", 0), ("59s", 59), ("600s", 600), ("10m", 600), ("2m", 120)])
def test_lengths_of_time_are_what_they_say(said: str, seconds: float, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text(f"version: 1\nsource: demo\ndeliver: {{try_for: {said}}}\n", "utf-8")
    project, _ = load_project(tmp_path / "reportspec.yaml", {})
    assert project is not None
    assert project.mail.try_for == seconds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("anna@example.com\0", "it has letters that cannot be seen (U+0000)"),
        ("an\u200bna@example.com", "it has letters that cannot be seen (U+200B)"),
        ("j\u00f6rg@example.com", "it has letters before the @ that mail servers do not take"),
        (f"{'l' * 250}@example.com", "it is too long"),
        ("a@b@example.com", "one value is one address"),
    ],
)
def test_an_address_that_is_none_is_told_with_why(text: str, why: str) -> None:
    words: Any = _Words(email=text, name="Anna")
    [(_, said)] = addresses(words, ["{{ each.email }}"], ()).unfit
    assert said.startswith(f"this is no address that can be written to: {why}")
