"""Records that say something else than the last row of their history are told of, on every engine.

Slow: servers are started."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, SERVERS, landed
from tests.figures.asking import figures

SPEC = {"report": "custom", "period": "2026-Q2", "sections": [{"kpis": ["open_amount", "open_opportunities_count"]}]}
NOW = datetime(2026, 7, 15, tzinfo=UTC)
STAGES = ["S1", "S2", "S3", "WON"]
Rows = list[tuple[Any, ...]]


def histories(deals: int = 20) -> tuple[Rows, Rows]:
    """Deals, and their history: each row with the stage before it and the one after it."""
    made, changes = [], []
    for number in range(deals):
        at = datetime(2026, 4, 1) + timedelta(days=number)
        last = 1 + number % 3
        won = last == 3
        for step in range(last + 1):
            before = STAGES[step - 1] if step else None
            changes.append(
                (f"d{number}", at + timedelta(hours=step), before, STAGES[step], 100 * (step + 1), 100 * step)
            )
        closed = at + timedelta(hours=last) if won else None
        status = "won" if won else "open"
        made.append((f"d{number}", 100 * (last + 1), status, STAGES[last], at, closed, date(2026, 9, 1)))
    return made, changes


def project(folder: Path, url: str, prefix: str, stage: str = "after", amount: str = "amount") -> Path:
    deal = {"deal_id": "id", "amount": "amount", "status": "status", "stage_id": "stage", "created_at": "created",
            "closed_at": "closed", "expected_close_date": "due"}  # fmt: skip
    history = {"deal_id": "deal", "stage_id": stage, "entered_at": "at", "amount": amount}
    stages = [
        {"stage_id": name, "name": name, "position": at, "is_won": name == "WON", "is_lost": False}
        for at, name in enumerate(STAGES, 1)
    ]
    entities = {
        "deal": {"table": f"{prefix}d", "key": "id", "fields": deal},
        "deal_stage_history": {"table": f"{prefix}h", "fields": history},
        "stage": {"rows": stages},
    }
    (folder / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
    said = {"version": 1, "source": url, "mapping": "m.yaml"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return folder


def told(
    engine: str, folder: Path, deals: Rows, changes: Rows, stage: str = "after", amount: str = "amount"
) -> dict[str, Any]:
    """What is told of the history, by check and field."""
    given = [
        Given("d", (("id", "VARCHAR"), ("amount", "BIGINT"), ("status", "VARCHAR"), ("stage", "VARCHAR"),
                    ("created", "TIMESTAMP"), ("closed", "TIMESTAMP"), ("due", "DATE")), deals),
        Given("h", (("deal", "VARCHAR"), ("at", "TIMESTAMP"), ("before", "VARCHAR"), ("after", "VARCHAR"),
                    ("amount", "BIGINT"), ("old_amount", "BIGINT")), changes),
    ]  # fmt: skip
    with landed(engine, given, lambda *_: None, folder / "db") as found:
        made = figures(project(folder, found.url, found.prefix, stage, amount), SPEC, NOW)
    kinds = ("history-differs", "closed-in-history")
    return {
        f"{one.code} {'stage' if 'stage_id' in one.message else 'amount' if 'amount' in one.message else ''}".strip(): one
        for one in made.warnings
        if one.code in kinds
    }


ENGINES = [pytest.param(engine, marks=pytest.mark.slow) if engine in SERVERS else engine for engine in EVERYWHERE]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_stage_before_the_change_is_told(engine: str, tmp_path: Path) -> None:
    deals, changes = histories()
    found = told(engine, tmp_path, deals, changes, stage="before", amount="old_amount")
    stage = found["history-differs stage"]
    assert "(column `before` of `" in stage.message
    assert "in 20 of 20 deals" in stage.message
    assert "has the value before each change" in (stage.help or "")
    assert "in 20 of 20 deals" in found["history-differs amount"].message
    assert set(found) == {"history-differs stage", "history-differs amount"}


def test_a_history_that_ends_as_the_records_is_not_told(tmp_path: Path) -> None:
    deals, changes = histories()
    # Two rows of the last instant, of which one is the record's own.
    last = max((row for row in changes if row[0] == "d1"), key=lambda row: row[1])
    changes.append((*last[:2], last[3], "S1", *last[4:]))
    assert told("duckdb", tmp_path, deals, changes) == {}


def test_some_records_that_differ_are_counted(tmp_path: Path) -> None:
    """Of those alone that both know: a deal without a history, or without a stage, is in neither number."""
    deals, changes = histories()
    deals[0] = (*deals[0][:3], "S1", *deals[0][4:])
    deals[3] = (*deals[3][:3], None, *deals[3][4:])
    changes = [row for row in changes if row[0] != "d4"]
    found = told("duckdb", tmp_path, deals, changes)
    assert set(found) == {"history-differs stage"}
    assert "in 1 of 18 deals" in found["history-differs stage"].message
    assert found["history-differs stage"].notes == ("for example `d0`",)
    assert "the history lacks changes" in (found["history-differs stage"].help or "")


def test_amounts_that_change_between_stages_are_not_told(tmp_path: Path) -> None:
    """A history of stages need not have each change of an amount; nine of ten records are more than that."""
    deals, changes = histories()
    few = [(row[0], 7, *row[2:]) if number < 17 else row for number, row in enumerate(deals)]
    (tmp_path / "few").mkdir()
    assert told("duckdb", tmp_path / "few", few, changes) == {}
    many = [(row[0], 7, *row[2:]) if number < 18 else row for number, row in enumerate(deals)]
    (tmp_path / "many").mkdir()
    assert "in 18 of 20 deals" in told("duckdb", tmp_path / "many", many, changes)["history-differs amount"].message


@pytest.mark.parametrize("engine", ENGINES)
def test_open_records_that_the_history_closed_are_told(engine: str, tmp_path: Path) -> None:
    """As where the row of the reopening is missing."""
    deals, changes = histories()
    assert deals[2][3] == "WON"
    deals[2] = ("d2", 400, "open", "S2", deals[2][4], None, date(2026, 9, 1))
    found = told(engine, tmp_path, deals, changes)
    assert set(found) == {"history-differs stage", "closed-in-history"}
    closed = found["closed-in-history"]
    assert closed.message.startswith("1 deal is open by `deal.status`, and by the last row of")
    assert closed.notes == ("for example `d2`",)
