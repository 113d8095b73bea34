"""`reportspec send` and `status` as a scheduler runs them: against a mail server, with every exit code, and in a process
of its own with streams that are closed, and Ctrl-C in the middle.

Slow: sends in processes of their own, with nobody to read them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

import reportspec
from tests.deliver.server import Handler, Server
from tests.reading_pdf import page_texts

ANNA, BEN, CARL, OPS = "anna@example.com", "ben@example.com", "carl@example.com", "ops@example.com"
PROJECT = """version: 1
source: demo
timezone: Europe/Rome
locale: en_GB
currency: EUR
deliver:
  smtp: smtp://127.0.0.1:{port}
  from: Reports <reports@example.com>
  allow: ["@example.com"]
"""
SPEC = """version: 1
title: Won
period: 2026-Q3
metrics: [won_amount, close_rate]
deliver: {deliver}
"""
THREE = f"{{to: [{ANNA}, {BEN}], bcc: {CARL}, attach: []}}"
# The program with one thing changed: waits between attempts that nobody wants to wait for, and a bug.
SHORT_WAITS = "from reportspec.deliver import rounds; rounds.FIRST_WAIT = 0.01"
A_BUG = """
from reportspec.deliver import send
real = send.send
def broken(report, *args, **kwargs):
    if report.file.endswith("bug.yaml"):
        raise RuntimeError("what cannot be")
    return real(report, *args, **kwargs)
send.send = broken
"""
Done = subprocess.CompletedProcess[str]


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
def folder(tmp_path: Path, server: Server) -> Path:
    """A project with `won.yaml`, which three people get."""
    (tmp_path / "reportspec.yaml").write_text(PROJECT.format(port=server.port), "utf-8")
    (tmp_path / "won.yaml").write_text(SPEC.format(deliver=THREE), "utf-8")
    return tmp_path


Run = Callable[..., Done]


def command(*args: str, changed: str = "") -> list[str]:
    """The console program as it is installed, or the same with something changed."""
    if changed:
        start = f"{changed}\nfrom reportspec.cli import main\nmain()"
        return [sys.executable, "-c", start, *args]
    program = Path(sys.executable).with_name("reportspec")
    return [str(program), *args] if program.exists() else [sys.executable, "-m", "reportspec", *args]


NOW = "2026-11-01T12:00:00Z"


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("SMTP_URL", "LEDGER_URL")}
    return {**kept, "REPORTSPEC_NOW": NOW, "PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.fixture
def run(folder: Path, run_cli: Run) -> Run:
    """Run the program in the folder, in a process of its own where something is changed or that is what is tested; a
    traceback is a defect."""

    def call(*args: str, changed: str = "", apart: bool = False, cwd: Path = folder) -> Done:
        if not changed and not apart:
            done = run_cli(args, cwd=cwd, env={"REPORTSPEC_NOW": NOW})
        else:
            done = subprocess.run(
                command(*args, changed=changed),
                cwd=cwd,
                env=environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                timeout=120,
                check=False,
            )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    return call


def status(folder: Path, failed: bool = False) -> list[tuple[str, str]]:
    """Who stands how in the ledger."""
    listed = reportspec.status(folder, failed=failed)
    return sorted((one.recipient, one.state) for one in listed)


def taken(handler: Handler) -> list[str]:
    return sorted(to for to, _ in handler.taken)


# --- before the first mail -------------------------------------------------------------------------


def test_a_dry_run_writes_mails_that_open_and_leaves_no_trace(run: Run, folder: Path, handler: Handler) -> None:
    (folder / "won.yaml").write_text(SPEC.format(deliver=f"{{to: 'Anna <{ANNA}>'}}"), "utf-8")
    done = run("send", "won.yaml", "--dry-run", "-o", "mails")
    written = "mails/won-2026-07-01-anna-example-com.eml"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{written}\n", "")
    mail = message_from_bytes((folder / written).read_bytes(), policy=default)
    assert isinstance(mail, EmailMessage)
    assert (mail["To"], mail["From"]) == (f"Anna <{ANNA}>", "Reports <reports@example.com>")
    assert mail["Subject"] == "Won · Q3 2026"
    [pdf] = [part.get_payload(decode=True) for part in mail.iter_attachments()]
    assert isinstance(pdf, bytes)
    text = page_texts(pdf)[0]
    assert "Won" in text
    assert "€2,141,562" in text  # the oracle's: tests/oracles has the won amount of the third quarter
    assert not handler.taken
    assert status(folder) == []
    assert not (folder / ".reportspec").exists()


def test_a_rehearsal_says_in_whose_stead_and_remembers_nothing(run: Run, folder: Path, handler: Handler) -> None:
    done = run("send", "won.yaml", "--to", "me@example.com")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"won.yaml: sent: me@example.com: instead of {ANNA}, {BEN}, {CARL}\n"
    assert taken(handler) == ["me@example.com"]
    assert status(folder) == []


# --- sending ------------------------------------------------------------------------------------------


def test_send_twice_and_again(run: Run, folder: Path, handler: Handler) -> None:
    done = run("send", "won.yaml", apart=True)
    assert (done.returncode, done.stderr) == (0, "")
    sent = [f"won.yaml: sent: {who}" for who in (ANNA, BEN, CARL)]
    assert done.stdout.splitlines() == [*sent, "won.yaml: 3 sent"]
    everybody = [(ANNA, "sent"), (BEN, "sent"), (CARL, "sent")]
    assert status(folder) == everybody
    done = run("send", "won.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("has it already: ") == 3
    assert taken(handler) == [ANNA, BEN, CARL]
    assert run("send", "won.yaml", "--resend").returncode == 0
    assert taken(handler) == sorted([ANNA, BEN, CARL] * 2)
    assert status(folder) == everybody


def test_what_is_refused_is_exit_code_1(run: Run, folder: Path, handler: Handler) -> None:
    handler.rcpt[BEN] = ["550 no such user"]
    done = run("send", "won.yaml")
    assert done.returncode == 1
    assert done.stderr == f"won.yaml: refused: {BEN}: 550 no such user\n"
    assert "won.yaml: 2 sent, 1 refused\n" in done.stdout
    assert status(folder, failed=True) == [(BEN, "refused")]


def test_what_is_not_taken_now_is_exit_code_75(run: Run, handler: Handler, folder: Path) -> None:
    handler.rcpt[BEN] = ["451 later"] * 5
    done = run("send", "won.yaml", changed=SHORT_WAITS)
    assert done.returncode == 75
    assert done.stderr == f"won.yaml: not taken yet: {BEN}: 451 later\n"
    assert status(folder, failed=True) == [(BEN, "not taken yet")]
    (folder / "reportspec.yaml").write_text(PROJECT.format(port=9), "utf-8")
    done = run("send", "won.yaml", "--period", "2026-Q2", changed=SHORT_WAITS)
    assert done.returncode == 75
    assert "127.0.0.1:9 cannot be reached: connection refused" in done.stderr


MISUSE = {
    "no spec": ([], "Missing argument"),
    "an empty rehearsal": (["won.yaml", "--to", ""], "Invalid value for '--to': it is empty"),
    "a folder without --dry-run": (["won.yaml", "-o", "mails"], "add --dry-run"),
    "a folder without specs": (["empty"], "has no spec"),
}


@pytest.mark.parametrize("name", MISUSE)
def test_misuse_is_exit_code_2_and_sends_nothing(run: Run, folder: Path, handler: Handler, name: str) -> None:
    (folder / "empty").mkdir()
    args, word = MISUSE[name]
    done = run("send", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert word in done.stderr
    assert not handler.taken


def test_a_bug_is_exit_code_70_and_keeps_no_other_report_back(run: Run, folder: Path, handler: Handler) -> None:
    deliver = f"{{to: {ANNA}, attach: [], on_failure: {OPS}}}"
    (folder / "bug.yaml").write_text(SPEC.format(deliver=deliver), "utf-8")
    done = run("send", ".", changed=A_BUG)
    assert done.returncode == 70
    assert "reportspec has a bug: RuntimeError: what cannot be\n" in done.stderr
    assert "1 of 2 specs went well; stopped by a bug: bug.yaml\n" in done.stderr
    assert taken(handler) == [ANNA, BEN, CARL, OPS]
    [notice] = [mail for to, mail in handler.mails() if to == OPS]
    assert notice["Subject"] == "Report not sent: Won"
    assert "reportspec has a bug: RuntimeError: what cannot be" in notice.get_content()


def test_a_folder_of_specs(run: Run, folder: Path, handler: Handler) -> None:
    """One that is broken and one that nobody is to be sent keep no other back; each is named, to people
    and to programs."""
    wrong = f"version: 1\nmetrics: [close_rat]\ndeliver: {{to: {ANNA}, on_failure: {OPS}}}\n"
    (folder / "a_wrong.yaml").write_text(wrong, "utf-8")
    (folder / "b_plain.yaml").write_text("version: 1\nmetrics: [close_rate]\n", "utf-8")
    done = run("send", ".")
    assert done.returncode == 1
    assert "error[unknown-metric]: no metric named `close_rat`\n  a_wrong.yaml:2:11\n" in done.stderr
    assert "b_plain.yaml: skipped: it has no `deliver`\n" in done.stdout
    told = "1 of 2 specs went well; failed: a_wrong.yaml; without `deliver`: b_plain.yaml\n"
    assert done.stderr.endswith(told)
    assert taken(handler) == [ANNA, BEN, CARL, OPS]
    handler.rcpt[BEN] = ["550 no such user"] * 2
    done = run("send", ".", "--resend", "--messages", "json")
    assert (done.returncode, done.stderr) == (1, "")
    mistakes = {one["code"]: one for one in json.loads(done.stdout)}
    assert set(mistakes) == {"refused", "unknown-metric"}
    assert mistakes["refused"]["message"] == f"won.yaml: refused: {BEN}: 550 no such user"
    assert (mistakes["unknown-metric"]["file"], mistakes["unknown-metric"]["line"]) == (
        "a_wrong.yaml",
        2,
    )
    assert taken(handler).count(OPS) == 1  # of the same nobody is told twice a day
    assert (OPS, "sent") in status(folder, failed=True)
    done = run("send", ".", "b_plain.yaml", "--messages", "github")  # which is named now
    assert done.returncode == 1
    wrong, plain, refused = sorted(done.stdout.splitlines())
    assert wrong.startswith("::error file=a_wrong.yaml,line=2,col=11,")
    assert plain.startswith("::error title=no-delivery::b_plain.yaml: the spec has no `deliver`")
    assert refused.startswith(f"::error title=refused::won.yaml: refused: {BEN}: 550 no such user (on")


# --- streams and signals -------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="signals and streams of POSIX")
def test_ctrl_c_in_the_middle_and_the_next_run_completes(run: Run, folder: Path, handler: Handler) -> None:
    handler.slow = 1.0
    started = subprocess.Popen(
        command("send", "won.yaml"),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    for _ in range(600):
        if handler.taken:
            break
        time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130, said
    told = ["what was handed over is known: send again for the rest", "stopped"]
    assert [line for line in said.splitlines() if line] == told
    assert 1 <= len(handler.taken) < 3
    known = dict(status(folder))
    handler.slow = 0.0
    assert run("send", "won.yaml").returncode == 0
    assert status(folder) == [(ANNA, "sent"), (BEN, "sent"), (CARL, "sent")]
    for who in (ANNA, BEN, CARL):
        copies = handler.copies(who)
        # A second one only where nobody could know whether the first had arrived.
        assert 1 <= len(copies) <= (2 if known[who] == "data" else 1), known
        assert len(set(copies)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals and streams of POSIX")
@pytest.mark.slow
@pytest.mark.parametrize("how", ["closed", "nobody reads"])
def test_what_is_sent_does_not_depend_on_who_reads(run: Run, folder: Path, handler: Handler, how: str) -> None:
    (folder / "two.yaml").write_text(SPEC.format(deliver=f"{{to: {OPS}, attach: []}}"), "utf-8")
    args = command("send", "won.yaml", "two.yaml")
    if how == "closed":  # the number of a closed stream must not become that of the ledger
        args = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *args]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        args,
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=writer,
        timeout=120,
        check=False,
    )
    os.close(writer)
    assert done.returncode == 0
    assert taken(handler) == [ANNA, BEN, CARL, OPS]
    assert status(folder) == [(ANNA, "sent"), (BEN, "sent"), (CARL, "sent"), (OPS, "sent")]


# --- status ----------------------------------------------------------------------------------------------


def test_status_of_one_report(run: Run, folder: Path, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = folder / "specs"
    specs.mkdir()
    (specs / "q3.yaml").write_text(SPEC.format(deliver=f"{{to: {OPS}, attach: []}}"), "utf-8")
    monkeypatch.chdir(folder)
    for name in ("won.yaml", "specs/q3.yaml"):
        reportspec.send(name, now=datetime(2026, 11, 1, 12))
    for args, cwd in ((["--report", "q3.yaml"], specs), (["specs/q3.yaml"], folder)):
        lines = run("status", *args, cwd=cwd).stdout.splitlines()
        assert lines[0].split() == ["when", "(UTC)", "report", "period", "recipient", "state"]
        [row] = lines[1:]
        assert row.split("  ")[1:] == ["specs/q3.yaml", "2026-07-01 to 2026-09-30", OPS, "sent"]
    for name in (
        "specs/q3.yaml",
        "./specs/q3.yaml",
        "specs/../specs/q3.yaml",
        str(specs / "q3.yaml"),
    ):
        assert [one.recipient for one in reportspec.status(report=name)] == [OPS]
    done = run("status", "--report", "specs/q4.yaml")
    assert done.stdout == "nothing was sent of `specs/q4.yaml`; did you mean `specs/q3.yaml`?\n"
    assert run("status", "nowhere").returncode == 2
