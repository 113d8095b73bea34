"""Servers that fail in every way that a mail server can: what is sent, told, and tried again.

Slow: hundreds of mails over connections that a server limits."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest

from reportspec.deliver import rounds, smtp
from reportspec.deliver import send as sending
from reportspec.deliver.send import Outcome, SendOptions
from reportspec.deliver.smtp import Answer, Mailer
from reportspec.errors import MailError
from tests.conftest import RunCli
from tests.deliver.server import Handler, Server, tls_context
from tests.deliver.test_kills import START, make
from tests.loading import load_report

ANNA = "anna@example.com"
MESSAGE = b"Message-ID: <1@example.com>\r\nSubject: x\r\n\r\nhello\r\n"
Reply = bytes | str | Callable[[socket.socket], None]


# --- a server that says what it is told to -----------------------------------------------------------

USUAL: dict[str, Reply] = {
    "begin": "220 here",
    "EHLO": b"250-here\r\n250 SIZE 99999999\r\n",
    "DATA": "354 go on",
    "QUIT": "221 bye",
    "AUTH": "235 in",
}


class Raw:
    """A server on bare sockets, one connection after the other. `replies` has what it answers to each
    command, one after the other and then as usual: bytes as they are, a line, `close`, `hang`, or a
    function that does something with the connection. `begin` stands for the greeting, `.` for the end
    of a mail, and `body` for what it does when half of a mail is there."""

    def __init__(self, replies: dict[str, list[Reply]]) -> None:
        self.replies = {name: list(all_of) for name, all_of in replies.items()}
        self.said: list[str] = []
        self.taken: list[bytes] = []
        self.connections = 0
        self._ends = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.05)
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        self._ends.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        with self._listening:
            while not self._ends.is_set():
                with suppress(TimeoutError):
                    connection, _ = self._listening.accept()
                    with connection, suppress(OSError):
                        self.connections += 1
                        connection.settimeout(0.05)
                        self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        read = b""
        in_mail = half = False
        if not self._answer("begin", connection):
            return
        while True:
            end = read.find(b"\r\n.\r\n" if in_mail else b"\r\n")
            if in_mail and read and not half:
                half = True
                if self.replies.get("body") and not self._answer("body", connection):
                    return
            if end < 0:
                try:
                    more = connection.recv(65536)
                except TimeoutError:
                    if self._ends.is_set():
                        return
                    continue
                if not more:
                    return
                read += more
                continue
            if in_mail:
                whole, read, in_mail, name = read[: end + 2], read[end + 5 :], False, "."
                self.taken.append(b"".join(line.removeprefix(b".") for line in whole.splitlines(True)))
            else:
                line, read = read[:end].decode("latin-1"), read[end + 2 :]
                self.said.append(line)
                name = line.partition(" ")[0].upper()
            if not self._answer(name, connection) or name == "QUIT":
                return
            in_mail, half = name == "DATA" and self.let_in, False

    def _answer(self, name: str, connection: socket.socket) -> bool:
        """Whether the conversation goes on."""
        waiting = self.replies.get(name) or self.replies.get("ANY")
        reply: Reply = waiting.pop(0) if waiting else USUAL.get(name, "250 fine")
        self.let_in = reply == "354 go on" or reply == b"354-go\r\n354 on\r\n"
        if reply == "close":
            return False
        if reply == "hang":
            while not self._ends.is_set():
                with suppress(TimeoutError):
                    if not connection.recv(65536):
                        break
            return False
        if callable(reply):
            reply(connection)
        else:
            connection.sendall(reply if isinstance(reply, bytes) else f"{reply}\r\n".encode())
        return True


Serve = Callable[..., Raw]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    until = time.monotonic() + 5
    while left := [one for one in threading.enumerate() if one not in before and one.is_alive()]:
        assert time.monotonic() < until, left
        time.sleep(0.01)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server: `serve(MAIL=["421 gone"], dot=["close"])`."""
    with ExitStack() as stack:

        def start(**replies: list[Reply]) -> Raw:
            made = Raw({"." if name == "dot" else name: one for name, one in replies.items()})
            stack.callback(made.stop)
            return made

        yield start


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_GOODBYE", 0.3)


def hand(port: int, message: bytes = MESSAGE, timeout: float = 0.5, last: float = 0) -> tuple[Answer, int]:
    """Hand a mail over: the answer, and how often the ledger was told that it begins."""
    begun: list[None] = []
    mailer = Mailer(f"smtp://127.0.0.1:{port}", timeout, last)
    try:
        return mailer.send("reports@example.com", ANNA, message, lambda: begun.append(None)), len(begun)
    finally:
        mailer.close()


def drip(text: bytes, pause: float) -> Callable[[socket.socket], None]:
    def drop(connection: socket.socket) -> None:
        for at in range(len(text)):
            connection.sendall(text[at : at + 1])
            time.sleep(pause)

    return drop


def flood(connection: socket.socket) -> None:
    """An answer without an end."""
    while True:
        connection.sendall(b"250-and so on\r\n" * 100)


LONG = b"250 " + b"x" * 9000 + b"\r\n"


# --- a fault at each step --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "reply", "outcome", "lost"),
    [
        ("MAIL", "421 gone", "later", True),
        ("MAIL", "451 later", "later", False),
        ("MAIL", "552 too large", "refused", False),
        ("MAIL", "close", "later", True),
        ("MAIL", "hang", "later", True),
        ("MAIL", "what?", "later", True),
        ("MAIL", "251 ok", "sent", False),
        ("RCPT", "421 gone", "later", True),
        ("RCPT", "450 greylisted", "later", False),
        ("RCPT", "550 unknown", "refused", False),
        ("RCPT", "551 elsewhere", "refused", False),
        ("RCPT", "close", "later", True),
        ("RCPT", "hang", "later", True),
        ("RCPT", b"\xff\xfe\r\n", "later", True),
        ("RCPT", "252 will try", "sent", False),
        ("RCPT", LONG, "later", True),
        ("DATA", "421 gone", "later", True),
        ("DATA", "451 later", "later", False),
        ("DATA", "554 no", "refused", False),
        ("DATA", "close", "later", True),
        ("DATA", "hang", "later", True),
        ("DATA", "250 what", "later", True),
        ("RCPT", b"250 ok\r\n250 ok\r\n", "later", True),  # the second one is taken for that to DATA
        ("DATA", flood, "later", True),
        ("DATA", drip(b"354 go on\r\n", 0.2), "later", True),
        ("DATA", b"354-go\r\n354 on\r\n", "sent", False),
    ],
)
def test_before_the_mail(serve: Serve, step: str, reply: Reply, outcome: str, lost: bool) -> None:
    server = serve(**{step: [reply]})
    began = time.monotonic()
    answer, begun = hand(server.port)
    assert (answer.outcome, answer.lost) == (outcome, lost), answer
    assert begun == len(server.taken) == (outcome == "sent")
    assert time.monotonic() - began < 3
    assert answer.said


def test_silence_after_a_refused_command_is_one(serve: Serve) -> None:
    answer, _ = hand(serve(RCPT=["450 greylisted"], RSET=["hang"]).port)
    assert (answer.outcome, answer.lost, answer.silent) == ("later", True, True)


@pytest.mark.parametrize(
    ("reply", "outcome", "lost"),
    [
        ("421 gone", "later", True),
        ("451 later", "later", False),
        ("452 no room", "later", False),
        ("552 too large", "refused", False),
        ("554 no", "refused", False),
        ("close", "doubt", True),
        ("hang", "doubt", True),
        # What begins with a 2 says that it was taken; sent again, it would be there twice.
        ("250 fine", "sent", False),
        ("251 fine", "sent", False),
        ("200", "sent", False),
        (b"250\r\n", "sent", False),
        (b"250 gr\xfc\xdfe \xff\x1b[31m\r\n", "sent", False),
        (b"250-a\r\n250-b\r\n250 c\r\n", "sent", False),
        (b"250-" + b"y" * 8000 + b"\r\n250 c\r\n", "sent", False),
        (drip(b"250 fine\r\n", 0.01), "sent", False),
        # What is no answer says nothing about the mail.
        ("what?", "doubt", True),
        (b"\r\n", "doubt", True),
        (b"\0\0\0\0\r\n", "doubt", True),
        ("354 go on", "doubt", True),
        ("999 odd", "doubt", True),
        ("25", "doubt", True),
        ("-250 x", "doubt", True),
        (LONG, "doubt", True),
        (flood, "doubt", True),
        (b"250-a\r\nwhat\r\n", "doubt", True),
        (drip(b"250 fine\r\n", 0.2), "doubt", True),
        (drip(b"250-a\r\n250-b\r\n250-c\r\n250 d\r\n", 0.04), "doubt", True),
    ],
)
def test_after_the_mail(serve: Serve, reply: Reply, outcome: str, lost: bool) -> None:
    server = serve(dot=[reply])
    began = time.monotonic()
    answer, begun = hand(server.port)
    assert (answer.outcome, answer.lost, begun) == (outcome, lost, 1), answer
    assert server.taken == [MESSAGE]
    assert time.monotonic() - began < 3
    assert answer.said.isprintable()
    assert 0 < len(answer.said) <= 300


def test_several_lines_become_one(serve: Serve) -> None:
    answer, _ = hand(serve(dot=[b"250-2.0.0  taken\r\n250-as\t7\r\n250 bye\x07 \xc3\xa9\r\n"]).port)
    assert answer.said == "250 2.0.0 taken as 7 bye é"


@pytest.mark.parametrize("size", [20, 3_000_000])
def test_a_server_that_goes_away_in_the_middle_of_the_mail(serve: Serve, size: int) -> None:
    server = serve(body=["close"])
    answer, begun = hand(server.port, MESSAGE + b"line\r\n" * size)
    assert (answer.outcome, answer.lost, begun) == ("doubt", True, 1)
    assert not server.taken


def test_a_slow_line_has_its_time_for_each_part(serve: Serve) -> None:
    """A mail of many megabytes takes longer than any one answer may."""

    def slowly(connection: socket.socket) -> None:
        connection.settimeout(5)
        for _ in range(15):
            time.sleep(0.06)
            early.append(connection.recv(65536))
        connection.settimeout(0.05)

    early: list[bytes] = []
    server = serve(body=[slowly])
    message = MESSAGE + b"0123456789abcdef\r\n" * 400_000
    answer, _ = hand(server.port, message, timeout=0.5, last=15)
    assert answer.outcome == "sent", answer
    assert len(server.taken[0]) + sum(map(len, early)) >= len(message)


def test_a_server_that_looks_at_the_mail_for_long(serve: Serve) -> None:
    def look(connection: socket.socket) -> None:
        time.sleep(0.8)
        connection.sendall(b"250 clean\r\n")

    server = serve(dot=[look])
    assert hand(server.port, timeout=0.3, last=3)[0].outcome == "sent"
    assert server.taken == [MESSAGE]


def test_a_goodbye_is_not_waited_for(serve: Serve) -> None:
    server = serve(QUIT=["hang"])
    began = time.monotonic()
    assert hand(server.port, timeout=30)[0].outcome == "sent"
    assert time.monotonic() - began < 5


def test_after_421_nothing_more_is_said(serve: Serve) -> None:
    server = serve(MAIL=["421 gone"])
    hand(server.port)
    assert [line.partition(" ")[0] for line in server.said] == ["ehlo", "mail"]


def test_a_mail_is_taken_back_where_the_ledger_cannot_be_written(serve: Serve) -> None:
    server = serve()
    mailer = Mailer(f"smtp://127.0.0.1:{server.port}", 1)

    def full() -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        mailer.send("reports@example.com", ANNA, MESSAGE, full)
    mailer.close()
    server.stop()
    assert not server.taken
    assert server.said[-1] == "data", "a goodbye would be the text of a mail"


# --- no connection ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replies", "said", "temporary"),
    [
        ({"begin": ["421 too busy"]}, "does not want to talk: 421 too busy", True),
        ({"begin": ["554 go away"]}, "does not want to talk: 554 go away", False),
        ({"begin": ["close"]}, "cannot be reached: connection unexpectedly closed", True),
        ({"begin": ["hang"]}, "cannot be reached: .*timed out", True),
        ({"begin": [drip(b"220 here I am\r\n", 0.1)]}, "cannot be reached: .*timed out", True),
        ({"begin": [b"HTTP/1.1 400 Bad Request\r\n"]}, "does not want to talk: this is no answer of SMTP", False),
        ({"begin": [b"\xff\xfb\x01\x1b[2J\r\n"]}, "does not want to talk: this is no answer of SMTP", False),
        ({"begin": [LONG]}, "does not want to talk: 500 Line too long", False),
        ({"EHLO": ["421 too busy"], "HELO": ["421 too busy"]}, "421 too busy", True),
        ({"EHLO": ["close"]}, "cannot be reached: connection unexpectedly closed", True),
        ({"EHLO": ["hang"]}, "cannot be reached: .*timed out", True),
        ({"EHLO": ["550 no"], "HELO": ["550 no"]}, "does not want to talk: 550 no", False),
        ({"EHLO": [flood]}, "cannot be reached: .*no end", True),
    ],
)
def test_no_conversation(serve: Serve, replies: dict[str, list[Reply]], said: str, temporary: bool) -> None:
    server = serve(**replies)
    began = time.monotonic()
    with pytest.raises(MailError, match=said) as caught:
        Mailer(f"smtp://127.0.0.1:{server.port}", 0.5)
    assert f"127.0.0.1:{server.port}" in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.temporary is temporary
    assert time.monotonic() - began < 3


def test_nobody_who_answers_the_call() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, ExitStack() as stack:
        where = deaf.getsockname()
        for attempts in range(2):
            began = time.monotonic()
            with pytest.raises(MailError, match=r"cannot be reached: .*timed out") as caught:
                Mailer(f"smtp://127.0.0.1:{where[1]}", 0.4)
            assert caught.value.temporary
            assert time.monotonic() - began < 3
            if attempts:
                break
            for _ in range(4):  # those who wait fill the queue: now not even the call is taken
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(where)


def test_older_servers_and_many_lines(serve: Serve) -> None:
    server = serve(begin=[b"220-hello\r\n220-\xe9\r\n220 there\r\n"], EHLO=["502 what is that"])
    assert hand(server.port)[0].outcome == "sent"
    assert "size=" not in " ".join(server.said).casefold()


@pytest.mark.parametrize(
    ("size", "most"),
    [("100", 100), ("0", None), ("", None), ("\xb2", None), ("many", None), ("-5", None)],
)
def test_the_size_that_a_server_names(serve: Serve, size: str, most: int | None) -> None:
    server = serve(EHLO=[f"250-here\r\n250-X\r\n250 SIZE {size}\r\n".encode("latin-1")])
    mailer = Mailer(f"smtp://127.0.0.1:{server.port}", 1)
    assert mailer.largest == most
    mailer.close()


# --- TLS ----------------------------------------------------------------------------------------------


def certificate(folder: Path, host: str = "127.0.0.1", days: int = 2) -> tuple[str, str]:
    """A certificate and its key, valid until some days from now."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "server.pem", folder / "server.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(paths[0]), str(paths[1])


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
@pytest.mark.parametrize(
    ("made", "trusted", "said"),
    [({}, False, "self-signed"), ({"host": "127.0.0.2"}, True, "IP address mismatch"), ({"days": -1}, True, "expired")],
)
def test_bad_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, made: dict[str, Any], trusted: bool, said: str
) -> None:
    paths = certificate(tmp_path, **made)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", paths[0])
    context = tls_context(*paths)
    handler = Handler()
    server = Server(handler, **{"ssl_context" if scheme == "smtps" else "tls_context": context})
    server.start()
    try:
        with pytest.raises(MailError, match=f"has no certificate that can be trusted: .*{said}") as caught:
            Mailer(f"{scheme}://bob:S3cret@127.0.0.1:{server.port}", 2)
    finally:
        server.stop()
    assert not caught.value.temporary
    assert "S3cret" not in caught.value.message


def test_tls_where_there_is_none_and_none_where_there_is(serve: Serve, tmp_path: Path) -> None:
    plain = serve()
    with pytest.raises(MailError, match="there is no TLS connection to the mail server") as caught:
        Mailer(f"smtps://127.0.0.1:{plain.port}", 1)
    assert "smtp:// for STARTTLS" in str(caught.value.help)
    server = Server(Handler(), ssl_context=tls_context(*certificate(tmp_path)))
    server.start()
    try:
        with pytest.raises(MailError, match=r"cannot be reached: .*timed out"):
            Mailer(f"smtp://127.0.0.1:{server.port}", 0.4)
    finally:
        server.stop()


OFFERS = b"250-here\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n"


@pytest.mark.parametrize(
    ("reply", "said", "temporary"),
    [
        ("454 not now", "454 not now", True),
        ("501 no", "501 no", False),
        ("close", "unexpectedly closed", True),
        ("hang", "timed out", True),
        ("what?", "no answer of SMTP", False),
        ("250 fine", "250 fine", False),
        ("220 go on", "no TLS connection|unexpectedly|timed out", None),
    ],
)
def test_starttls_that_is_refused_is_not_done_without(
    serve: Serve, reply: Reply, said: str, temporary: bool | None
) -> None:
    server = serve(EHLO=[OFFERS] * 2, STARTTLS=[reply])
    with pytest.raises(MailError, match=said) as caught:
        Mailer(f"smtp://bob:S3cret@127.0.0.1:{server.port}", 0.5)
    assert temporary is None or caught.value.temporary is temporary
    assert not [line for line in server.said if line.casefold().startswith(("auth", "mail"))]


# --- logging in, and what a server gives away -----------------------------------------------------------


def echo(code: str, server: Callable[[], Raw]) -> Callable[[socket.socket], None]:
    """Answer with what was said last, in clear as well."""

    def answer(connection: socket.socket) -> None:
        line = server().said[-1]
        clear = [line]
        for word in line.split():
            with suppress(ValueError):
                clear.append(b64decode(word + "==", validate=False).decode("latin-1"))
        told = " ".join(clear).replace("\0", " ").replace("\r", " ").replace("\n", " ")
        connection.sendall(f"{code} you said {told}\r\n".encode("latin-1"))

    return answer


@pytest.mark.parametrize("password", ["S3cr@t Pa$$", "S3cr:et/%41", "S3CRET", "s3cr\\et'\"{}"])
@pytest.mark.parametrize(("code", "temporary"), [("535", False), ("454", True), ("500", False)])
@pytest.mark.parametrize("ways", ["PLAIN", "LOGIN", "CRAM-MD5", "PLAIN LOGIN CRAM-MD5"])
def test_a_refused_login(serve: Serve, password: str, code: str, temporary: bool, ways: str) -> None:
    from urllib.parse import quote

    challenge = b"334 " + b64encode(b"<1@here>") + b"\r\n"
    first: list[Reply] = [challenge] if ways == "CRAM-MD5" else []
    echoed = echo(code, lambda: server)
    server = serve(EHLO=[f"250-here\r\n250 AUTH {ways}\r\n".encode()] * 3, AUTH=[*first, *[echoed] * 5])
    for line in list(server.replies):
        assert line
    server.replies |= {name: [echoed] * 5 for name in _answers_of_cram(password)}
    with pytest.raises(MailError, match="refused the login") as caught:
        Mailer(f"smtp://bob:{quote(password, safe='')}@127.0.0.1:{server.port}", 1)
    said = f"{caught.value.message} {caught.value.help}"
    assert caught.value.temporary is temporary
    assert "you said" in said
    _keeps(said, password, quote(password, safe=""))


def _answers_of_cram(password: str) -> list[str]:
    """The first word of the answer to the challenge, as the server takes it for a command."""
    import hmac

    digest = hmac.new(password.encode(), b"<1@here>", "md5").hexdigest()
    return [b64encode(f"bob {digest}".encode()).decode().upper()]


def _keeps(said: str, *secrets: str) -> None:
    for secret in secrets:
        for form in (
            secret,
            secret.lower(),
            b64encode(secret.encode()).decode(),
            b64encode(f"\0bob\0{secret}".encode()).decode(),
        ):
            assert form not in said
    for word in said.split():
        with suppress(ValueError):
            assert secrets[0].encode() not in b64decode(word + "==", validate=False)


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        (["334 what?"], "answers the login with what is none|refused"),
        (["334 !"] * 9, "login|loop"),
        (["close"], "unexpectedly closed"),
        (["hang"], "timed out"),
        (["what?"], "refused the login: this is no answer"),
        ([LONG], "Line too long"),
    ],
)
@pytest.mark.parametrize("ways", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_a_login_that_goes_wrong(serve: Serve, auth: list[Reply], said: str, ways: str) -> None:
    server = serve(EHLO=[f"250-here\r\n250 AUTH {ways}\r\n".encode()] * 3, AUTH=auth)
    with pytest.raises(MailError) as caught:
        Mailer(f"smtp://bob:S3cRet@127.0.0.1:{server.port}", 0.5)
    _keeps(caught.value.message, "S3cRet")


def test_a_login_without_end(serve: Serve) -> None:
    """What the standard library then says holds what the server said last; it is not passed on."""
    again: list[Reply] = ["334 S3cRetxx"] * 20
    server = serve(EHLO=[b"250-here\r\n250 AUTH LOGIN\r\n"], begin=["220 here"], ANY=again)
    with pytest.raises(MailError, match="offers no login that can be used") as caught:
        Mailer(f"smtp://bob:S3cRet@127.0.0.1:{server.port}", 1)
    _keeps(caught.value.message, "S3cRet")


def test_a_login_that_is_not_offered_or_has_odd_letters(serve: Serve) -> None:
    with pytest.raises(MailError, match="offers no login that can be used"):
        Mailer(f"smtp://bob:S3cret@127.0.0.1:{serve().port}", 1)
    server = serve(EHLO=[b"250-here\r\n250 AUTH PLAIN\r\n"])
    with pytest.raises(MailError, match="letters beyond ASCII") as caught:
        Mailer(f"smtp://bob:S%C3%A9cret@127.0.0.1:{server.port}", 1)
    assert "cret" not in caught.value.message
    server = serve(EHLO=[b"250-here\r\n250 AUTH GSSAPI\r\n"])
    with pytest.raises(MailError, match="offers no login that can be used"):
        Mailer(f"smtp://bob:S3cret@127.0.0.1:{server.port}", 1)


@pytest.mark.parametrize(
    ("step", "code"), [("MAIL", "550"), ("RCPT", "450"), ("DATA", "554"), (".", "554"), (".", "250"), (".", "999")]
)
def test_answers_that_hold_the_password(serve: Serve, step: str, code: str) -> None:
    told = "bob S3cr@t S3cr%40t " + b64encode(b"S3cr@t").decode() + " " + b64encode(b"\0bob\0S3cr@t").decode()
    server = serve(EHLO=[b"250-here\r\n250 AUTH PLAIN\r\n"])
    server.replies[step] = [f"{code} {told}"]
    mailer = Mailer(f"smtp://bob:S3cr%40t@127.0.0.1:{server.port}", 1)
    answer = mailer.send("reports@example.com", ANNA, MESSAGE, lambda: None)
    mailer.close()
    assert "bob *** *** *** ***" in answer.said
    _keeps(answer.said, "S3cr@t", "S3cr%40t")


# --- what arrives --------------------------------------------------------------------------------------


def test_dots_wherever_they_stand(serve: Serve) -> None:
    server = serve()
    mailer = Mailer(f"smtp://127.0.0.1:{server.port}", 5)
    chance, sent = random.Random(7), []
    for size in (1, 3, 40, 30_000, 60_000):
        lines = [
            chance.choice((b".", b"..", b".x", b"", b"x.", b"...")) + b"y" * chance.randrange(0, 5) for _ in range(size)
        ]
        sent.append(b"Subject: x\r\n\r\n" + b"\r\n".join(lines) + b"\r\n")
    # Dots on either side of the parts in which a mail leaves.
    sent += [b"x" * (65536 - 2 + at) + b"\r\n.\r\n..\r\nend\r\n" for at in range(-4, 5)]
    sent += [b".\r\n", b"\r\n", b"x" * 5000 + b"\r\n", b"bytes \0\xff\x80\r\n"]
    for message in sent:
        assert mailer.send("reports@example.com", ANNA, message, lambda: None).outcome == "sent"
    # A mail has its line end whether it was there or not.
    mailer.send("reports@example.com", ANNA, b"no end", lambda: None)
    mailer.close()
    assert server.taken == [*sent, b"no end\r\n"]
    assert server.connections == 1


class Sends:
    """A small project, sent from here; the waits between attempts are noted, not waited."""

    def __init__(self, folder: Path, server: Any, mails: int = 4, **more: Any) -> None:
        self.project = make(folder, server, None, "ordinary", "resend", "ledger.sqlite", mails=mails)
        self.waits: list[float] = []
        self.then: Callable[[], None] = lambda: None
        self.edit("spec.yaml", lambda data: data["deliver"].update(more))

    def edit(self, name: str, change: Callable[[Any], Any]) -> None:
        path = self.project.folder / name
        data = json.loads(path.read_text("utf-8"))
        change(data)
        path.write_text(json.dumps(data, ensure_ascii=False), "utf-8")

    def __call__(self, **asked: Any) -> Outcome:
        def wait(seconds: float) -> None:
            self.waits.append(seconds)
            self.then()

        self.waits = []
        checked = load_report(self.project.folder / "spec.yaml", START, {})
        assert checked.report is not None, checked.diagnostics
        only = asked.pop("only", ())
        return sending.send(checked.report, checked.spec_text, SendOptions(**asked), only, wait=wait)


def who(number: int) -> str:
    return f"person{number:02}@example.com"


def results(outcome: Outcome) -> list[str]:
    return [one.result for one in sorted(outcome.sent, key=lambda one: one.recipient)]


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def server(handler: Handler) -> Iterator[Server]:
    made = Server(handler)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def sends(tmp_path: Path, server: Server) -> Sends:
    return Sends(tmp_path / "project", server)


def test_long_lines_and_letters_of_all_kinds(tmp_path: Path, server: Server, handler: Handler) -> None:
    longest = f"{'a' * 64}@{'long.' * 30}example.com"
    to = ["Jörg <joerg@münchen.example>", f"Ünï 株式会社 😀 <uni@{'x' * 60}.example.com>"]
    allow = ["@münchen.example", f"@{'x' * 60}.example.com", f"@{'long.' * 30}example.com"]
    body = "Größe – 株式会社 😀 " + "x" * 3000 + "\n\n.\n..\n" + "é" * 1500
    subject = "Größe – 株式会社 😀 " + "w" * 150
    sends = Sends(tmp_path / "project", server, mails=1, to=to, bcc=longest, body=body, subject=subject)
    sends.edit("reportspec.yaml", lambda data: data["deliver"].update(allow=allow))
    assert [one.result for one in sends().sent] == ["sent"] * 3
    assert [address for address, _ in handler.taken] == [
        "joerg@xn--mnchen-3ya.example",
        f"uni@{'x' * 60}.example.com",
        longest,
    ]
    for _, content in handler.taken:
        assert max(map(len, content.split(b"\r\n"))) <= 998
        assert content.isascii()
        assert b"\n" not in content.replace(b"\r\n", b"")
        mail: Any = message_from_bytes(content, policy=default)
        assert mail["Subject"] == subject
        assert [one.display_name for one in mail["To"].addresses] == ["Jörg", "Ünï 株式会社 😀"]
        text = mail.get_body(("plain",)).get_content()
        assert "x" * 3000 in text
        assert "é" * 1500 in text
        assert "\r\n.\r\n..\r\n" in text


def test_letters_before_the_at_are_told(sends: Sends, handler: Handler) -> None:
    sends.edit("spec.yaml", lambda data: data.update(params={"to": {"type": "string", "default": "jörg@example.com"}}))
    sends.edit("spec.yaml", lambda data: data["deliver"].update(to="{{ params.to }}"))
    outcome = sends()
    assert [one.result for one in outcome.sent if one.recipient == "jörg@example.com"] == ["failed"]


def test_long_names_stay_beside_their_addresses(tmp_path: Path, server: Server, handler: Handler) -> None:
    name = "Müller-Lüdenscheidt Öchsle Überlingen"
    to = [f"{name} <joerg{at}@example.com>" for at in range(6)]
    sends = Sends(tmp_path / "project", server, mails=1, to=to)
    assert [one.result for one in sends().sent] == ["sent"] * 6
    header = message_from_bytes(handler.taken[0][1])["To"]
    # What parts addresses is looked for first, and names are decoded then (RFC 2047, 6.2).
    told = [(str(make_header(decode_header(one))), to) for one, to in getaddresses([header])]
    assert told == [(name, f"joerg{at}@example.com") for at in range(6)]


# --- trying again -------------------------------------------------------------------------------------


def test_waits_grow_and_are_never_the_same(sends: Sends, handler: Handler) -> None:
    seen = []
    for _ in range(2):
        handler.rcpt[who(1)] = ["451 later"] * 9
        assert results(sends())[1] == "pending"
        assert 9 - len(handler.rcpt[who(1)]) == rounds.ATTEMPTS == 5
        seen.append(sends.waits)
    for waits in seen:
        assert len(waits) == 4
        for wait, meant in zip(waits, (1, 3, 9, 27), strict=True):
            assert 0.8 * meant <= wait <= 1.2 * meant
        assert 30 < sum(waits) < 50
    assert seen[0] != seen[1], "those who were turned away do not all come back at once"
    assert [len(handler.copies(who(at))) for at in range(4)] == [1, 0, 1, 1]


def test_greylisting(sends: Sends, handler: Handler) -> None:
    for at in range(4):
        handler.rcpt[who(at)] = ["450 4.2.0 greylisted, come back"]
    assert results(sends()) == ["sent"] * 4
    assert len(sends.waits) == 1
    assert len(handler.taken) == 4


def test_refused_ones_are_named_and_not_tried_again(sends: Sends, handler: Handler) -> None:
    handler.rcpt[who(0)] = ["550 5.1.1 no such user"] * 9
    handler.data[who(1)] = ["552 5.3.4 too large"] * 9
    handler.data[who(2)] = ["554 5.7.1 looks like spam"] * 9
    outcome = sends()
    assert [(one.recipient, one.said) for one in outcome.sent if one.result == "refused"] == [
        (who(0), "550 5.1.1 no such user"),
        (who(1), "552 5.3.4 too large"),
        (who(2), "554 5.7.1 looks like spam"),
    ]
    assert sends.waits == []
    assert [len(handler.rcpt[who(0)]), len(handler.data[who(1)]), len(handler.data[who(2)])] == [8, 8, 8]
    assert [to for to, _ in handler.taken] == [who(3)]


def test_the_command_line_names_them(sends: Sends, handler: Handler, run_cli: RunCli) -> None:
    handler.rcpt[who(0)] = ["550 5.1.1 no such user"]
    handler.rcpt[who(2)] = ["451 4.3.0 later"]
    done = run_cli(["send", "spec.yaml"], cwd=sends.project.folder, env={"REPORTSPEC_NOW": START.isoformat()})
    assert done.returncode == 1
    told = done.stdout + done.stderr
    assert f"refused: {who(0)}: 550 5.1.1 no such user" in told
    assert "3 sent" in told
    assert len(handler.taken) == 3


def test_those_who_are_done_are_told_also_where_the_server_goes_away(
    sends: Sends, handler: Handler, server: Server
) -> None:
    handler.rcpt[who(0)] = ["550 no such user"]
    handler.rcpt[who(2)] = ["drop"] * 9

    async def gone(*_: Any) -> str:
        server.server.close()
        return await Handler.handle_RCPT(handler, *_)

    handler.handle_RCPT = gone  # type: ignore[method-assign]
    outcome = sends()
    assert results(outcome) == ["refused", "sent", "pending", "pending"]
    assert "550 no such user" in outcome.sent[0].said
    assert "cannot be reached" in outcome.sent[-1].said


@pytest.mark.parametrize(
    ("reply", "copies", "result"),
    [
        ("what?", 2, "doubt"),
        (b"\xff\r\n", 2, "doubt"),
        ("close", 2, "doubt"),
        ("251 fine", 1, "sent"),
        ("200 ok", 1, "sent"),
    ],
)
def test_however_a_server_answers_no_more_than_two_copies(
    serve: Serve, tmp_path: Path, reply: Reply, copies: int, result: str
) -> None:
    server = serve(dot=[reply] * 20)
    sends = Sends(tmp_path / "project", server, mails=1)
    for _ in range(3):
        outcome = sends()
        assert len(server.taken) == copies
        assert len(set(server.taken)) == 1
    assert results(outcome) == [result if result == "doubt" else "already"]


def test_a_silent_server_is_left_alone_and_no_second_mail_follows(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have taken what it is silent about. The next one has its turn; after two silences the
    server has none in this run, and those of the doubt get no mail by themselves."""
    monkeypatch.setattr(smtp, "TIMEOUT", 0.3)
    server = serve(dot=["hang"] * 2)
    sends = Sends(tmp_path / "project", server, mails=4)
    sends.edit("reportspec.yaml", lambda data: data["deliver"].update({"try_for": "1s"}))
    began = time.monotonic()
    outcome = sends()
    assert time.monotonic() - began < 20
    assert sorted(results(outcome)) == ["doubt", "doubt", "pending", "pending"]
    assert len(server.taken) == 2
    assert all("may have" in one.said for one in outcome.sent if one.result == "doubt")
    assert all("did not answer" in one.said for one in outcome.sent if one.result == "pending")
    # The server is well again: those who had none get it, the others not by themselves.
    assert sorted(results(sends())) == ["doubt", "doubt", "sent", "sent"]
    assert len(server.taken) == 4
    assert sorted(results(sends(resend=True))) == ["sent"] * 4


def test_one_mail_without_an_answer_holds_up_no_other(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT", 0.3)
    server = serve(dot=["hang"])
    sends = Sends(tmp_path / "project", server, mails=3)
    sends.edit("reportspec.yaml", lambda data: data["deliver"].update({"try_for": "1s"}))
    assert sorted(results(sends())) == ["doubt", "sent", "sent"]


@pytest.mark.parametrize("step", ["begin", "EHLO", "MAIL", "RCPT", "DATA"])
def test_what_is_waited_for_in_vain_is_a_part_of_try_for(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A server that never answers is asked once or twice, not five times with a minute each."""
    monkeypatch.setattr(smtp, "TIMEOUT", 1.2)
    server = serve(**{step: ["hang"] * 9})
    sends = Sends(tmp_path / "project", server, mails=1)
    sends.edit("reportspec.yaml", lambda data: data["deliver"].update({"try_for": "1s"}))
    if step in ("begin", "EHLO"):
        with pytest.raises(MailError) as error:
            sends()
        assert error.value.temporary
    else:
        assert results(sends()) == ["pending"]
    assert server.connections == 1
    assert not sends.waits


class Counting(Handler):
    """Takes so many mails over a connection, and notes how many connections there were."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.connections = most, 0

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name, session.mails = hostname, 0
        return responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        session.mails += 1
        if session.mails > self.most:
            server.transport.write(b"421 4.7.0 too many messages\r\n")
            server.transport.close()
            return "421 4.7.0 too many messages"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"


@pytest.mark.parametrize(
    ("mails", "most"),
    [(6, 1), (7, 3), pytest.param(300, 120, marks=pytest.mark.slow), pytest.param(300, 1000, marks=pytest.mark.slow)],
)
def test_a_server_that_takes_so_many_over_a_connection(tmp_path: Path, mails: int, most: int) -> None:
    handler = Counting(most)
    server = Server(handler)
    server.start()
    try:
        sends = Sends(tmp_path / "project", server, mails)
        assert set(results(sends())) == {"sent"}
    finally:
        server.stop()
    assert sends.waits == [], "a new connection is all that it takes"
    assert handler.connections == -(-mails // most)
    assert len(handler.taken) == len({to for to, _ in handler.taken}) == mails


def test_a_server_that_takes_none_over_any_connection(tmp_path: Path) -> None:
    handler = Counting(0)
    server = Server(handler)
    server.start()
    try:
        sends = Sends(tmp_path / "project", server)
        assert results(sends()) == ["pending"] * 4
    finally:
        server.stop()
    assert len(sends.waits) == 4
    assert handler.connections <= 4 * 5


def test_a_server_that_is_restarted_between_mails(sends: Sends, handler: Handler, server: Server) -> None:
    async def announced(session_server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if len(handler.taken) == 2 and not restarts:
            restarts.append(0)
            server.server.close()
            session_server.transport.abort()
            return "421 going down"
        return await Handler.handle_RCPT(handler, session_server, session, envelope, address, options)

    def restart() -> None:
        if len(restarts) == 1:
            server.stop()
        if len(restarts) == 2:  # not yet up at the first wait
            server.start()
        restarts.append(0)

    restarts: list[int] = []
    port = server.port
    handler.handle_RCPT = announced  # type: ignore[method-assign]
    sends.then = restart
    assert results(sends()) == ["sent"] * 4
    assert server.port == port
    assert len(sends.waits) == 2
    assert [len(handler.copies(who(at))) for at in range(4)] == [1, 1, 1, 1]


def test_who_is_left_of_a_period_gets_it_though_nothing_has_changed(
    tmp_path: Path, server: Server, handler: Handler
) -> None:
    sends = Sends(tmp_path / "project", server, when="changed")
    handler.rcpt[who(3)] = ["451 later"] * 5
    assert results(sends()) == ["sent", "sent", "sent", "pending"]
    assert results(sends()) == ["already", "already", "already", "sent"]
    assert len(handler.taken) == 4
