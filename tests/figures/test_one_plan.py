"""The plan is a value that is handed on: a report is planned once, whatever it consists of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


def test_settled_anew_where_the_connection_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is asked again then, and what the first survey found of the data's end counts no more."""
    from reportspec.contract import survey
    from reportspec.errors import SourceError
    from reportspec.run import execute

    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    surveys, runs = [survey.ended], [execute._side_by_side]

    def ended(report: Report, *more: Any) -> Report:
        surveys.append(surveys[0])
        return report if len(surveys) > 2 else surveys[0](report, *more)

    def lost_once(*given: Any) -> Any:
        runs.append(runs[0])
        if len(runs) == 2:
            raise SourceError("lost-connection", "gone", lost=True)
        return runs[0](*given)

    monkeypatch.setattr(survey, "ended", ended)
    monkeypatch.setattr(execute, "_side_by_side", lost_once)
    monkeypatch.setattr(execute, "_FIRST_WAIT", 0)
    built = build(CHECKOUT / "specs" / "forecast.yaml", Order(now, {}, clock=True))
    assert built.made is not None
    [(_, figures)] = built.made.figures
    assert len(surveys) == 3
    assert figures.as_of == now
