"""The plan is a value that is handed on: a report is planned once, whatever it consists of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec import compile as compiling
from reportspec.building import Order, build
from reportspec.model.query import Query
from reportspec.model.spec import Report
from tests.conftest import CHECKOUT


def plans(path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime, *, clock: bool) -> list[Report]:
    """The reports that were planned for a spec."""
    planned: list[Report] = []
    original = compiling.plan

    def counted(report: Report) -> tuple[Query, ...]:
        planned.append(report)
        return original(report)

    monkeypatch.setattr(compiling, "plan", counted)
    built = build(path, Order(now, {}, clock=clock))
    assert built.made is not None, built.diagnostics
    return planned


@pytest.mark.parametrize("name", ["q3", "quotas", "pipeline"])
def test_a_report_is_planned_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert len(plans(CHECKOUT / "specs" / f"{name}.yaml", monkeypatch, now, clock=False)) == 1


def test_and_once_more_where_the_data_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The survey finds that, and the report is another one."""
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    first, second = plans(CHECKOUT / "specs" / "forecast.yaml", monkeypatch, now, clock=True)
    assert first.ended is None
    assert second.ended is not None
