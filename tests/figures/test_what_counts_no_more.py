"""What was called off, deleted or came later is in no figure of what is planned, usual or known."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import yaml

from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, landed
from tests.figures.asking import figures, rows

STAGES = (
    "stage_id,name,position,is_won,is_lost\nS1,One,1,false,false\nS2,Two,2,false,false\n"
    "W,Won,3,true,false\nL,Lost,4,false,true\n"
)
HEAD = "deal_id,name,stage_id,status,amount,currency,created_at,expected_close_date,closed_at,is_deleted\n"
WON = "a,A,W,won,100,EUR,2026-01-01 10:00:00,2026-01-31,2026-01-11 10:00:00,false\n"
MOVES = "deal_id,stage_id,entered_at\na,S1,2026-01-01 10:00:00\na,W,2026-01-11 10:00:00\n"


def project(folder: Path, tables: dict[str, str]) -> Path:
    mapping = "entities:\n"
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        names = text.splitlines()[0].split(",")
        key = f"    key: {names[0]}\n" if name != "deal_stage_history" else ""
        mapping += f"  {name}:\n    table: {name}\n{key}    fields:\n"
        mapping += "".join(f"      {one}: {one}\n" for one in names)
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    files = "".join(f"    {one}: {one}.csv\n" for one in tables)
    (folder / "reportspec.yaml").write_text(
        f"version: 1\nsource:\n  files:\n{files}mapping: mapping.yaml\ntimezone: Europe/Rome\ncurrency: EUR\n",
        encoding="utf-8",
    )
    return folder


@pytest.mark.parametrize("later", ["", "b,S1,2026-03-10 10:00:00\nb,L,2026-03-20 10:00:00\n"])
def test_a_visit_that_began_later_is_not_known(tmp_path: Path, later: str) -> None:
    closed = "2026-03-20" if later else "2026-01-10"
    lost = f"b,B,L,lost,100,EUR,2026-01-01 10:00:00,2026-01-31,{closed} 10:00:00,false\n"
    open_ = "c,C,S1,open,1100,EUR,2026-02-01 10:00:00,2026-02-27,,false\n"
    moves = "b,S2,2026-01-01 10:00:00\nb,L,2026-01-10 10:00:00\nc,S1,2026-02-01 10:00:00\n"
    tables = {
        "stage": STAGES,
        "deal": HEAD + WON + lost + open_,
        "deal_stage_history": MOVES + moves + later,
    }
    found = figures(
        project(tmp_path, tables),
        {
            "period": "2026-02",
            "sections": [{"id": "x", "kpis": ["forecast_weighted_amount.by_history"]}],
        },
    )
    # Of S1 one deal of one was won, of S2 none of one: (1 + 10 · 1/2) / (1 + 10) = 6/11 of 1,100.
    [row] = rows(found, "x")
    assert row["forecast_weighted_amount.by_history"] == pytest.approx(600)


@pytest.mark.parametrize(("deleted", "slow"), [("true", 1), ("false", 0)])
def test_deleted_deals_make_no_pace(tmp_path: Path, deleted: str, slow: int) -> None:
    # A stayed 10 days in S1, X 100; C has been there for 25: slow against 10, not against 55.
    more = f"x,X,S2,open,5,EUR,2026-01-01 10:00:00,2026-12-31,,{deleted}\n"
    more += "c,C,S1,open,9,EUR,2026-09-25 10:00:00,2026-12-27,,false\n"
    moves = "x,S1,2026-01-01 10:00:00\nx,S2,2026-04-11 10:00:00\nc,S1,2026-09-25 10:00:00\n"
    tables = {"stage": STAGES, "deal": HEAD + WON + more, "deal_stage_history": MOVES + moves}
    spec = {"period": "2026-10", "as_of": "2026-10-19", "sections": [{"id": "y", "kpis": ["slow_deals_count"]}]}
    found = figures(project(tmp_path, tables), spec)
    [row] = rows(found, "y")
    # X itself has been in S2, of which nobody knows the pace.
    assert row["slow_deals_count"] == slow


@pytest.mark.parametrize(
    ("status", "expected"),
    [("open", [1, 1, 0]), ("", [1, 1, 0]), ("cancelled", [0, 0, 1]), ("Canceled", [0, 0, 1])],
)
def test_what_was_called_off_is_not_planned(tmp_path: Path, status: str, expected: list[int]) -> None:
    activities = (
        "activity_id,type,deal_id,created_at,due_at,done_at,status\n"
        f"1,call,c,2026-10-01 10:00:00,2026-10-05 10:00:00,,{status}\n"
        f"2,call,c,2026-10-01 10:00:00,2026-11-03 10:00:00,,{status}\n"
    )
    deal = HEAD + "c,C,S1,open,9,EUR,2026-09-25 10:00:00,2026-12-27,,false\n"
    tables = {"stage": STAGES, "deal": deal, "activity": activities}
    wanted = ["activities_overdue_count", "activities_planned_count", "no_next_step_count"]
    found = figures(project(tmp_path, tables), {"period": "2026-10", "sections": [{"id": "x", "kpis": wanted}]})
    [row] = rows(found, "x")
    assert [row[name] for name in wanted] == expected


DONE = datetime(2026, 10, 5)
RECORDS = [
    Given(
        "deals",
        (("deal_id", "VARCHAR"), ("status", "VARCHAR"), ("created_at", "TIMESTAMP"), ("closed_at", "TIMESTAMP"),
         ("is_deleted", "BOOLEAN")),
        [("a", "open", DONE, None, False), ("x", "open", DONE, None, True)],
    ),
    Given(
        "cases",
        (("case_id", "VARCHAR"), ("created_at", "TIMESTAMP"), ("merged_into_id", "VARCHAR"), ("is_spam", "BOOLEAN")),
        [("q", DONE, None, False), ("m", DONE, "q", False), ("s", DONE, None, True)],
    ),
    # A call on each deal and on one that is not there; something done on each case, and twice on the one that counts.
    Given(
        "activities",
        (("activity_id", "VARCHAR"), ("deal_id", "VARCHAR"), ("case_id", "VARCHAR"), ("done_at", "TIMESTAMP")),
        [(str(at), *of, DONE) for at, of in enumerate(
            (("a", None), ("x", None), ("gone", None), (None, "q"), (None, "q"), (None, "m"), (None, "s")))],
    ),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("engine", EVERYWHERE)
def test_what_is_done_on_deleted_deals_and_on_spam(engine: str, tmp_path: Path) -> None:
    """Slow: servers are started."""
    right = {"deal_calls_count": 1, "sales_calls_per_opportunity.open": 1, "cases_handled_count.touched": 1}
    with landed(engine, RECORDS, lambda *_: None, tmp_path / "db") as found:
        entities = {}
        for entity, given in zip(("deal", "case_", "activity"), RECORDS, strict=True):
            fields = {name: name for name, _ in given.columns}
            fields |= {"type": "'call'", "direction": "'outbound'"} if entity == "activity" else {}
            entities[entity] = {"table": f"{found.prefix}{given.name}", "key": given.columns[0][0], "fields": fields}
        (tmp_path / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
        about = {"version": 1, "source": found.url, "mapping": "m.yaml", "timezone": "UTC"}
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        made = figures(
            tmp_path, {"report": "custom", "period": "2026-10", "sections": [{"id": "x", "kpis": list(right)}]}
        )
    [row] = rows(made, "x")
    assert row == right
