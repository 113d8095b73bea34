"""Everybody gets a report once a period, however its params are written: also where the ledger has another spelling."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reportspec.deliver import send as sending
from reportspec.deliver.send import SendOptions
from reportspec.resolve.params import in_one_spelling
from tests.deliver.conftest import NOW, results, spec
from tests.deliver.server import Handler
from tests.loading import load_report

PARAMS = """
params:
  n: {type: number, default: 2}
  r: {type: string, default: x}
  on: {type: boolean, default: true}
"""
EACH = "for_each: user.name\n"


def send(project: Path, more: str = "", only: tuple[str, ...] = (), **settings: str) -> dict[str, str]:
    (project / "spec.yaml").write_text(spec() + PARAMS + more, encoding="utf-8")
    checked = load_report(Path("spec.yaml"), NOW, {}, settings=settings)
    assert checked.report is not None, checked.diagnostics
    return results(sending.send(checked.report, checked.spec_text, SendOptions(), only, wait=lambda _: None))


def renamed(project: Path, old: str) -> None:
    """Make a ledger of it that an earlier version wrote, with what was set as it was written."""
    place = project / ".reportspec" / "ledger.sqlite"
    with closing(sqlite3.connect(place)) as raw:
        raw.execute("UPDATE reportspec_deliveries SET report = ? || substr(report, length('spec.yaml') + 1)", (old,))
        raw.commit()


@pytest.mark.parametrize(
    "settings",
    [{"r": "x"}, {"n": "2"}, {"n": "2.0"}, {"n": "02"}, {"on": "TRUE"}, {"n": "2e0", "r": "x", "on": "true"}],
)
def test_a_param_that_is_given_its_default(settings: dict[str, str], project: Path, handler: Handler) -> None:
    assert send(project) == {"anna@example.com": "sent"}
    assert send(project, **settings) == {"anna@example.com": "already"}
    assert len(handler.taken) == 1


@pytest.mark.parametrize(("first", "then"), [("3", "3.0"), ("3.0", "03"), ("2.5", "2.50")])
def test_a_number_in_two_spellings(first: str, then: str, project: Path, handler: Handler) -> None:
    assert send(project, n=first) == {"anna@example.com": "sent"}
    assert send(project, n=then) == {"anna@example.com": "already"}
    assert send(project) == {"anna@example.com": "sent"}  # which is another report
    assert send(project, n="4") == {"anna@example.com": "sent"}
    assert len(handler.taken) == 3


@pytest.mark.parametrize("old", ["spec.yaml?r=x", "spec.yaml?n=2", "spec.yaml?n=02", "spec.yaml?n=2.0&on=True&r=x"])
def test_ledgers_of_before(old: str, project: Path, handler: Handler) -> None:
    assert send(project) == {"anna@example.com": "sent"}
    renamed(project, old)
    assert send(project) == {"anna@example.com": "already"}
    assert send(project, n="2") == {"anna@example.com": "already"}
    assert send(project, r="y") == {"anna@example.com": "sent"}
    assert len(handler.taken) == 2


@pytest.mark.parametrize("old", ["spec.yaml?r=y", "spec.yaml?n=3", "spec.yaml?r=x&n=5", "spec.yaml?other=x"])
def test_what_was_another_report_is_another(old: str, project: Path) -> None:
    assert send(project) == {"anna@example.com": "sent"}
    renamed(project, old)
    assert send(project) == {"anna@example.com": "sent"}


def test_ledgers_of_before_with_values(project: Path, handler: Handler) -> None:
    """Of `for_each` the value stands behind the params; each value is sent once."""

    first = send(project, EACH, only=("Giulia Rossi",))
    assert set(first.values()) == {"sent"}
    renamed(project, "spec.yaml?r=x")
    assert set(send(project, EACH, only=("Giulia Rossi",)).values()) == {"already"}
    assert len(handler.taken) == 1


def test_one_spelling() -> None:
    declared = {
        "n": {"type": "integer", "default": "7"},
        "d": {"type": "date", "default": "2026-01-05"},
        "s": {"default": "1"},
        "free": {"type": "number"},
    }
    assert in_one_spelling(declared, {"n": "7.0", "d": "20260105", "s": "1", "free": "1e1"}) == {"free": "10"}
    assert in_one_spelling(declared, {"s": "1.0", "n": "8", "free": "x"}) == {"s": "1.0", "n": "8", "free": "x"}
