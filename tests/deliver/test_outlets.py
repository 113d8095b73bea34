"""Ways out beside mail: what they say when they fail, without a secret, and whether another try may do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from reportspec.deliver.outlets import OutletError, Parcel, store, time_limit, way
from reportspec.deliver.outlets.censor import without_secrets
from reportspec.deliver.outlets.json_message import JsonMessage
from reportspec.deliver.outlets.parcel import filled
from reportspec.model.mail import Outlet
from reportspec.naming import parts_of, slug
from tests.deliver.conftest import Run, results, spec

NAMES = {"report": "q3", "period": "2026-07-01", "each": "giulia-rossi"}
PARCEL = Parcel(NAMES, (("q3.pdf", b"%PDF"), ("größe.csv", b"a,b")), None)  # type: ignore[arg-type]


def taken(kind: str, target: str, root: Path = Path()) -> str:
    """What comes of handing the parcel to an outlet; of hooks the message is of no interest here."""
    outlet = Outlet("out", kind, target)
    if kind in ("webhook", "slack"):
        return JsonMessage(outlet, lambda _: {"text": "Won"}, time_limit.TIMEOUT).take(PARCEL)
    return way(outlet, root).take(PARCEL)


def refused(kind: str, target: str, root: Path = Path()) -> OutletError:
    with pytest.raises(OutletError) as error:
        taken(kind, target, root)
    return error.value


# --- folders --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [("archive/{report}/{period}", "p/archive/q3/2026-07-01"), ("../beside/{each}", "beside/giulia-rossi")],
)
def test_a_folder(tmp_path: Path, pattern: str, folder: str) -> None:
    """Relative to the project; its author may lead it out of there."""
    root = tmp_path / "p"
    root.mkdir()
    said = taken("folder", pattern, root)
    assert Path(said).resolve() == tmp_path / folder
    assert (tmp_path / folder / "q3.pdf").read_bytes() == b"%PDF"
    absolute = taken("folder", f"{tmp_path}/absolute/{{period}}", root)
    assert Path(absolute) == tmp_path / "absolute" / "2026-07-01"
    (root / "file").write_text("")
    error = refused("folder", "file/{period}", root)
    assert error.message.endswith(("file exists", "not a directory"))


@given(st.text(max_size=30) | st.sampled_from(["..", ".", "/", "../..", "a/../../b", "C:\\", "{report}", "\0"]))
def test_no_value_leads_out_of_its_folder(value: str) -> None:
    part = parts_of([value])[value] or "all"
    path = filled("archive/{each}/{period}", {**NAMES, "each": part})
    assert path.split("/") == ["archive", part, "2026-07-01"]
    assert part not in ("", ".", "..")
    assert set(part) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(st.lists(st.text(max_size=8) | st.sampled_from(["Anna", "anna", "Ánna", "AN-NA", "an na"]), unique=True))
def test_no_two_values_have_one_name(values: list[str]) -> None:
    parts = parts_of(values)
    assert len(set(parts.values())) == len(values)


def test_a_lone_name_is_plain() -> None:
    assert parts_of(["Giulia Rossi", "Ciro Russo"]) == {
        "Giulia Rossi": slug("Giulia Rossi"),
        "Ciro Russo": "ciro-russo",
    }


# --- stores ---------------------------------------------------------------------------------------------


def test_a_store_takes_files_and_makes_folders(tmp_path: Path) -> None:
    said = taken("store", f"file://{tmp_path}/new/{{report}}/{{period}}/")
    assert said == f"file://{tmp_path}/new/q3/2026-07-01"
    folder = tmp_path / "new" / "q3" / "2026-07-01"
    assert sorted(path.name for path in folder.iterdir()) == ["größe.csv", "q3.pdf"]
    assert taken("store", "memory://reports/{period}?versions=1") == "memory://reports/2026-07-01"


def test_a_store_makes_no_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket whose name is misspelt is not to come into being."""
    made: list[str] = []
    monkeypatch.setattr(MemoryFileSystem, "makedirs", lambda _, path, **__: made.append(path))
    taken("store", "memory://reports/{period}")
    assert made == ["/reports/2026-07-01"] * 2
    monkeypatch.setattr(store, "_BUCKETS", ("memory",))
    taken("store", "memory://reports/{period}")
    assert len(made) == 2


def test_a_store_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoCredentialsError(Exception):
        """As botocore has it."""

    error: Exception = PermissionError("The AWS Access Key Id AKIAIOSFODNN7EXAMPLE is not known")

    def pipe(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", pipe)
    told = refused("store", "memory://x")
    assert told.message == ("the store `out` did not take it: PermissionError: The AWS Access Key Id *** is not known")
    assert not told.temporary
    for error, temporary in (
        (FileNotFoundError("The specified bucket does not exist"), False),
        (NoCredentialsError("Unable to locate credentials"), False),
        (ConnectionResetError("reset by peer"), True),
        (TimeoutError(), True),
    ):
        told = refused("store", "memory://x")
        assert told.temporary == temporary
        assert type(error).__name__ in told.message
        assert str(error) in told.message
    assert not told.message.endswith(": ")
    told = refused("store", "nosuch://x/y")
    assert "Protocol not known: nosuch" in told.message
    assert not told.temporary
    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda _: (_ for _ in ()).throw(ImportError("Install s3fs")))
    told = refused("store", "s3://reports")
    assert told.message == "the store `out` needs another package: Install s3fs"


def test_secrets_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    monkeypatch.setenv("SOME_TOKEN", "short")
    target = "s3://user:p%40ssw0rd@reports/x?sig=abcdef123&expires=soon"
    said = (
        "no s3://user:p%40ssw0rd@reports/x?sig=abcdef123 for p@ssw0rd,\n abcdef123, ASIAIOSFODNN7EXAMPLE,"
        " wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY at https://bob:other@h.example/p?X-Amz-Signature=99 short"
    )
    told = without_secrets(said, target)
    assert told == "no s3://reports/x for ***, ***, ***, *** at https://h.example/p short"
    hook = "https://hooks.slack.example/services/T000/B000/XXXXYYYY"
    assert "XXXX" not in without_secrets(f"cannot reach {hook} (/services/T000/B000/XXXXYYYY)", hook)
    assert len(without_secrets("x" * 5000, "s3://x")) == 300
    assert without_secrets("plain words", "http://[broken") == "plain words"


# --- hooks ------------------------------------------------------------------------------------------------


Answering = Callable[[bytes], str]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A server that answers each request with the same bytes and hangs up; `b""` hangs up at once, and
    `b"..."` never answers."""
    listeners: list[socket.socket] = []

    def start(answer: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            kept = []
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.recv(65536)
                if answer == b"...":
                    kept.append(connection)
                    continue
                connection.sendall(answer)
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/services/SECRETPART"

    yield start
    for listener in listeners:
        listener.close()


def answer(status: str, body: str = "", head: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n{body}".encode()


@pytest.mark.parametrize(
    ("given", "said", "temporary"),
    [
        (
            answer("302 Found", head="Location: http://127.0.0.1:9/SECRET\r\n"),
            "answered 302 Found: it leads elsewhere",
            False,
        ),
        (
            answer("308 Permanent Redirect", head="Location: /x\r\n"),
            "answered 308 Permanent Redirect: it leads elsewhere",
            False,
        ),
        (answer("400 Bad Request", "invalid_payload"), "answered 400 Bad Request: invalid_payload", False),
        (answer("404 Not Found", "<html>SECRET</html>"), "answered 404 Not Found", False),
        (answer("404 Not Found", "no hook SECRETPART"), "answered 404 Not Found: no hook ***", False),
        (answer("408 Request Timeout"), "answered 408 Request Timeout", True),
        (answer("410 Gone"), "answered 410 Gone", False),
        (answer("429 Too Many Requests"), "answered 429 Too Many Requests", True),
        (answer("500 Oh"), "answered 500 Internal Server Error", True),
        (answer("503 Busy"), "answered 503 Service Unavailable", True),
        (answer("599 Odd"), "answered 599", True),
    ],
)
def test_what_hooks_answer(answering: Answering, given: bytes, said: str, temporary: bool) -> None:
    error = refused("slack", answering(given))
    assert error.message.startswith(f"the slack `out` {said}")
    assert (error.temporary, error.doubt) == (temporary, False)
    assert "SECRET" not in error.message


def test_hooks_that_take_it(answering: Answering) -> None:
    assert taken("webhook", answering(answer("200 OK", "ok"))) == "200"
    assert taken("webhook", answering(answer("204 No Content"))) == "204"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"", "did not answer: "),
        (b"...", "did not answer: it took longer than 0.3 seconds"),
        (b"garbage\r\n\r\n", "did not answer: badstatusline"),
    ],
)
def test_a_hook_that_does_not_answer_may_have_taken_it(
    answering: Answering, given: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another try could be a second message, so there is none by itself."""
    monkeypatch.setattr(time_limit, "TIMEOUT", 0.3)
    error = refused("webhook", answering(given))
    assert error.message.startswith(f"the webhook `out` {said}")
    assert error.doubt
    assert "SECRET" not in error.message


def test_hooks_that_cannot_be_reached() -> None:
    error = refused("webhook", "http://127.0.0.1:9/SECRET")
    assert error.message == "the webhook `out` cannot be reached: connection refused"
    assert (error.temporary, error.doubt) == (True, False)
    error = refused("webhook", "https://no.such.host.invalid/SECRET")
    assert error.message.startswith("the webhook `out` cannot be reached: ")
    for target in ("https://host/with blank", "nonsense", "https://"):
        error = refused("slack", target)
        assert "SECRET" not in error.message
    for kind in ("slack", "webhook", "store", "folder"):
        error = refused(kind, "")
        assert error.message.startswith(f"the {kind} `out` has no address here")
        assert not error.temporary


def test_a_message_in_doubt_is_not_repeated(
    run: Run, project: Path, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_limit, "TIMEOUT", 0.3)
    file = project / "reportspec.yaml"
    file.write_text(file.read_text() + f"  outlets: {{team: {{slack: '{answering(b'...')}'}}}}\n")
    text = spec("{also: [team]}")
    [one] = run(text).sent
    assert (one.recipient, one.result) == ("team", "doubt")
    assert one.said == "the slack `team` did not answer: it took longer than 0.3 seconds; --resend sends it again"
    assert results(run(text)) == {"team": "doubt"}
