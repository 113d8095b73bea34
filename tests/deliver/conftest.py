"""A project over the demo that may send, a clock that stands still, and a mail server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.deliver import send as sending
from reportspec.deliver.send import Outcome, SendOptions
from tests.deliver.server import Handler, Server
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PROJECT = """
version: 1
source: demo
timezone: Europe/Rome
locale: en_GB
currency: EUR
deliver:
  smtp: smtp://127.0.0.1:{port}
  from: Reports <reports@example.com>
  allow: ["@example.com", "@münchen.example"]
"""
SPEC = """
version: 1
title: Won
period: 2026-Q3
metrics: [won_amount, close_rate]
goals: {{close_rate: 0.9}}
deliver: {deliver}
"""


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
def project(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "reportspec.yaml").write_text(PROJECT.format(port=server.port), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


Run = Callable[..., Outcome]


@pytest.fixture
def run(project: Path) -> Run:
    """Write a spec and send it; waits between attempts are not waited."""

    def call(
        text: str,
        *,
        name: str = "spec.yaml",
        now: datetime = NOW,
        period: str | None = None,
        **asked: Any,
    ) -> Outcome:
        path = project / name
        # Two may send at once: neither may find the other's file half written.
        if not path.exists() or path.read_text("utf-8") != text:
            written = path.with_name(f"{name}.{threading.get_ident()}")
            written.write_text(text, "utf-8")
            written.replace(path)
        checked = load_report(Path(name), now, {}, period=period)
        assert checked.report is not None, checked.diagnostics
        only = asked.pop("only", ())
        return sending.send(checked.report, checked.spec_text, SendOptions(**asked), only, wait=lambda _: None)

    return call


def spec(deliver: str = "{to: anna@example.com, attach: []}") -> str:
    return SPEC.format(deliver=deliver)


def results(outcome: Outcome) -> dict[str, str]:
    """What became of each recipient."""
    return {one.recipient: one.result for one in outcome.sent}
