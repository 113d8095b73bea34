"""Who looks after a report hears of every failure, also of a spec that is broken, once a day for the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reportspec import building
from reportspec.building import Order
from reportspec.deliver import attempt as attempting
from reportspec.deliver.attempt import Attempt, attempt
from reportspec.deliver.maintainers import failure, maintainers
from reportspec.deliver.send import SendOptions
from reportspec.deliver.status import deliveries
from tests.deliver.conftest import NOW, spec
from tests.deliver.server import Handler

ANNA, OPS, MORE = "anna@example.com", "ops@example.com", "more@example.com"
GOOD = spec(f"{{to: {ANNA}, attach: [], on_failure: {OPS}}}")
Try = Callable[..., Attempt]


@pytest.fixture
def attempted(project: Path) -> Try:
    """Write a spec and try to send it."""

    def call(text: str, now: datetime = NOW, **asked: Any) -> Attempt:
        (project / "q3.yaml").write_text(text, "utf-8")
        return attempt(Path("q3.yaml"), Order(now, {}), SendOptions(**asked), wait=lambda _: None)

    return call


def told(handler: Handler, who: str = OPS) -> list[str]:
    """What somebody was told, without what stands in each notice."""
    texts = [mail.get_content() for to, mail in handler.mails() if to == who]
    lines = [[line for line in text.splitlines() if line] for text in texts]
    assert all(one[-1].startswith("The same is told once a day.") for one in lines)
    return ["\n".join(one[:-1]) for one in lines]


def change(project: Path, old: str, new: str) -> None:
    file = project / "reportspec.yaml"
    assert old in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")


def test_a_spec_that_is_broken(attempted: Try, handler: Handler) -> None:
    broken = GOOD.replace("close_rate]", "close_rat]")
    made = attempted(broken)
    assert (made.code, made.outcome) == (1, None)
    [mail] = [mail for _, mail in handler.mails()]
    assert mail["To"] == OPS
    assert mail["Subject"] == "Report not sent: Won"
    [text] = told(handler)
    assert text == ("q3.yaml:\n- q3.yaml:5:23: no metric named `close_rat` (did you mean `close_rate`?)")
    assert attempted(broken).code == 1
    assert attempted("\n" + broken).code == 1  # on another line it is still the same
    assert len(handler.taken) == 1
    attempted(broken.replace("2026-Q3", "2026-Q5"))
    assert "- q3.yaml:4:9: `2026-Q5`: a year has four quarters" in told(handler)[1]
    attempted(broken, now=NOW + timedelta(days=1))
    assert len(handler.taken) == 3
    assert attempted(GOOD).code == 0
    assert [to for to, _ in handler.taken[3:]] == [ANNA]


def test_a_project_that_is_broken_elsewhere(attempted: Try, handler: Handler, project: Path) -> None:
    """A password of the source that is not set: the commonest failure of a scheduler."""
    change(project, "source: demo", "source: ${CRM_URL}")
    assert attempted(GOOD).code == 1
    [text] = told(handler)
    assert "reportspec.yaml:3:9: the environment has no variable `CRM_URL`" in text
    change(project, "${CRM_URL}", "demo")
    change(project, "Europe/Rome", "Mars")
    attempted(GOOD)
    assert "there is no time zone `Mars`" in told(handler)[1]


def test_a_source_that_cannot_be_reached(attempted: Try, handler: Handler, project: Path) -> None:
    (project / "crm.duckdb").write_bytes(b"no database" * 1000)
    change(project, "source: demo", "source: crm.duckdb\ncrm: zoho")
    assert attempted(GOOD).code == 1
    [text] = told(handler)
    assert "crm.duckdb" in text


def test_records_that_fail_the_audit_that_is_required(attempted: Try, handler: Handler, project: Path) -> None:
    """Nothing is sent, and they are told of each check; what the project knows of stops nothing."""
    required = GOOD + "require: audit\n"
    assert attempted(required).code == 1
    [text] = told(handler)
    assert (
        "`require: audit`: the check `deal_amount_missing` fails: Open and won deals without an amount, 12 of 659 deals"
        in text
    )
    fails = re.findall(r"the check `(\S+)` fails", text)
    change(
        project,
        "source: demo",
        f"source: demo\nchecks:\n  ignore: [{', '.join(f'{{check: {c}, reason: ok}}' for c in fails)}]",
    )
    assert attempted(required).code == 0
    assert [to for to, _ in handler.taken] == [OPS, ANNA]


@pytest.mark.parametrize("where", ["checking", "sending"])
def test_a_bug(attempted: Try, handler: Handler, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("what cannot be")

    if where == "checking":
        monkeypatch.setattr(attempting, "load", broken)
    else:
        monkeypatch.setattr(building, "run_settled", broken)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="what cannot be"):
            attempted(GOOD)
    [text] = told(handler)
    assert text == "q3.yaml:\n- reportspec has a bug: RuntimeError: what cannot be"


def test_recipients_that_fail(attempted: Try, handler: Handler) -> None:
    """The server's words differ each time; that they did not get it stays the same. Where the spec does
    not change, it is not asked again."""
    text = spec(f"{{to: [{ANNA}, ben@example.com], attach: [], on_failure: [{OPS}, {MORE}]}}")
    for number in range(3):
        handler.rcpt[ANNA] = [f"550 unknown, ticket {number} si{number}x"]
        assert attempted(text.replace("title: Won", f"title: Won {number}")).code == 1
        assert handler.rcpt[ANNA] == []
    assert attempted(text.replace("title: Won", "title: Won 2")).code == 1
    assert told(handler, MORE) == told(handler)
    [said] = told(handler)
    assert said == (f"q3.yaml, 2026-07-01 to 2026-09-30:\n- refused: {ANNA}: 550 unknown, ticket 0 si0x")
    handler.rcpt[ANNA] = ["451 later"] * 5
    assert attempted(text).code == 75  # it may still come
    assert len(told(handler)) == 1


def test_old_data_are_told_once_a_day(attempted: Try, handler: Handler) -> None:
    text = spec(f"{{to: {ANNA}, attach: [], fresh_within: 2d, on_failure: {OPS}}}")
    for hours in (0, 1, 24):
        assert attempted(text, now=NOW + timedelta(days=30, hours=hours)).code == 1
    first, second = told(handler)
    assert "31 days old" in first
    assert "32 days old" in second


def test_trials_tell_nobody(attempted: Try, handler: Handler, project: Path) -> None:
    broken = GOOD.replace("close_rate]", "close_rat]")
    assert attempted(broken, dry_run=project / "mails").code == 1
    assert attempted(broken, rehearsal="me@example.com").code == 1
    assert handler.taken == []


def test_a_ledger_that_cannot_be_used_is_told(attempted: Try, handler: Handler, project: Path) -> None:
    """Nothing is sent without it, and nobody would know; so they are told, each time."""
    (project / ".reportspec").mkdir()
    (project / ".reportspec" / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    for _ in range(2):
        assert attempted(GOOD).code == 1
    first, second = told(handler)
    assert "the ledger `ledger.sqlite` cannot be used" in first
    assert first == second


def test_where_they_cannot_be_told(attempted: Try, handler: Handler, project: Path) -> None:
    broken = GOOD.replace("close_rate]", "close_rat]")
    handler.rcpt[OPS] = ["550 no such user"]
    made = attempted(broken)
    assert made.diagnostics[-1].code == "not-told"
    assert made.diagnostics[-1].message == (f"q3.yaml: `{OPS}` could not be told of it: 550 no such user")
    made = attempted(broken.replace(OPS, "[ops@elsewhere.example, ops@example.com]"))
    assert "`ops@elsewhere.example` of `on_failure` may not be sent mail" in made.diagnostics[-1].message
    assert [to for to, _ in handler.taken] == [OPS]
    change(project, "  smtp:", "  max_size: 5 #")
    made = attempted(broken)
    assert made.diagnostics[-1].message.endswith(
        "the project names no mail server or no sender, so nobody was told of it"
    )
    change(project, "  max_size: 5 #", "  smtp: smtp://127.0.0.1:9 #")
    made = attempted(broken.replace("2026-Q3", "2026-Q6"))
    assert "`on_failure` could not be told of it: the mail server 127.0.0.1:9" in made.diagnostics[-1].message


def test_the_ledger_says_what_they_were_told(attempted: Try, handler: Handler, project: Path) -> None:
    attempted(GOOD.replace("close_rate]", "close_rat]"))
    from reportspec.model.mail import Mail

    for failed in (False, True):
        [one] = deliveries(Mail(), project, failed=failed)
        assert (one.report, one.period, one.recipient, one.state) == ("q3.yaml", "2026-11-01", OPS, "sent")
        assert one.notice
        assert one.said.startswith("q3.yaml:5:23: no metric named `close_rat`")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "a: [b\n",
        "deliver: x\n",
        "deliver: {on_failure: {a: b}}\n",
        "deliver: {on_failure: 5}\n",
        "deliver: {on_failure: [no address, '{{ each.email }}', zoë@example.com]}\n",
        "deliver: {to: a@example.com}\n",
    ],
)
def test_who_cannot_be_known(project: Path, text: str) -> None:
    (project / "q3.yaml").write_text(text, "utf-8")
    assert maintainers(Path("q3.yaml"), NOW, {}, {}) is None
    assert maintainers(Path("missing.yaml"), NOW, {}, {}) is None


@pytest.mark.parametrize(
    "deliver",
    ["x", "[1]", "{smtp: 5, from: [], allow: x, max_size: lots}", "{outlets: [1]}", "{outlets: {a: b}}"],
)
def test_a_project_of_the_wrong_shape(project: Path, deliver: str) -> None:
    (project / "q3.yaml").write_text(GOOD, "utf-8")
    (project / "reportspec.yaml").write_text(f"version: 1\nsource: demo\ndeliver: {deliver}\n")
    maintainers(Path("q3.yaml"), NOW, {}, {})
    (project / "reportspec.yaml").write_text("[")
    found = maintainers(Path("q3.yaml"), NOW, {}, {})
    assert found is None or not found.mail.smtp


def test_what_makes_a_reason_the_same() -> None:
    assert failure("data are 31 hours old").reason == failure("data are 32 hours old").reason
    assert failure("no `anna1@example.com`").reason != failure("no `anna2@example.com`").reason
    assert failure("it failed", "x").reason == "x"
