"""A record is there from its creation, or from what happened to it before: for every entity, and for all who ask."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.catalogue.load import packaged
from tests.figures.asking import figures, rows, total

ENTITIES = packaged().entities
BEGINNING = {name: e.exists_from for name, e in ENTITIES.items() if e.exists_from}
AS_OF = "2024-03-01T00:00:00Z"


def project(folder: Path, tables: dict[str, list[dict[str, Any]]]) -> Path:
    """Tables as CSV files, every column mapped under its own name."""
    entities: dict[str, Any] = {}
    for name, table in tables.items():
        columns = list(table[0])
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, columns)
            out.writeheader()
            out.writerows(table)
        entities[name] = {"table": f"t_{name}", "fields": {c: typed(name, c) for c in columns}}
        if ENTITIES[name].key:
            entities[name]["key"] = ENTITIES[name].key
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    files = {f"t_{name}": f"{name}.csv" for name in tables}
    settings = {"version": 1, "timezone": "UTC", "mapping": "m.yaml", "source": {"files": files}}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder


def typed(entity: str, name: str) -> Any:
    kind = ENTITIES[entity].fields[name].type
    return {"sql": f'"{name}"', "type": kind} if kind in ("date", "time") else f'"{name}"'


def own_metric(folder: Path, entity: str) -> None:
    """A stock of the entity's rows, as users write their own."""
    metric = {
        "metric": "how_many",
        "kind": "aggregate",
        "entity": entity,
        "aggregate": "count",
        "stock": True,
        "label": {"en": "How many"},
        "unit": "count",
        "direction": "up",
        "category": "sales",
        "perspective": "business_performance",
    }
    (folder / "metrics").mkdir()
    (folder / "metrics" / "own.yaml").write_text(yaml.safe_dump({"metrics": [metric]}))


def test_every_time_of_creation_is_heeded() -> None:
    mapped = {name for name, entity in ENTITIES.items() if "created_at" in entity.fields and not entity.derived}
    assert mapped <= set(BEGINNING)
    assert len(BEGINNING) > 12


@pytest.mark.parametrize("entity", BEGINNING)
def test_what_came_later_is_not_counted_before(entity: str, tmp_path: Path) -> None:
    """Of three rows, one of before the date, one of after it, one of an unknown time."""
    key, begins = ENTITIES[entity].key, BEGINNING[entity]
    days = ("2024-02-01", "2024-04-01", "")
    beside = key or next(n for n, f in ENTITIES[entity].fields.items() if f.type == "key")
    table = [{beside: f"k{n}", begins: day} for n, day in enumerate(days)]
    own_metric(project(tmp_path, {entity: table}), entity)
    asked = {
        "report": "custom",
        "period": "2024",
        "sections": [{"id": "one", "kpis": ["how_many"]}],
    }
    assert rows(figures(tmp_path, {**asked, "as_of": AS_OF}), "one")[0]["how_many"] == 2
    assert rows(figures(tmp_path, asked), "one")[0]["how_many"] == 3


@pytest.mark.parametrize("entity", BEGINNING)
def test_without_the_beginning_only_today_is_known(entity: str, tmp_path: Path) -> None:
    """A source that does not give since when rows exist says how many there are, and not how many there were."""
    key = ENTITIES[entity].key or next(n for n, f in ENTITIES[entity].fields.items() if f.type == "key")
    own_metric(project(tmp_path, {entity: [{key: f"k{n}"} for n in range(3)]}), entity)
    asked = {"report": "custom", "compare": "previous_period", "sections": [{"id": "one", "kpis": ["how_many"]}]}
    for period, told in (("2026", 3), ("2024", None)):
        found = figures(tmp_path, {**asked, "period": period})
        [tile] = found.sections[0].kpis
        assert (tile.value, tile.previous) == (told, None)
        begins = ENTITIES[entity].fields[BEGINNING[entity] or ""].label["en"]
        assert any(f"without “{begins}”" in note for note in found.footnotes)


def deal(key: str, created: str, stage: str = "n", status: str = "open", closed: str = "") -> dict[str, Any]:
    return {
        "deal_id": key,
        "stage_id": stage,
        "status": status,
        "created_at": created,
        "closed_at": closed,
        "amount": 10,
    }


STAGES = [
    {"stage_id": s, "name": s, "position": n, "is_won": s == "w", "is_lost": s == "l"} for n, s in enumerate("nmwl")
]
# d1 was entered in June, after it had gone through its stages; d2 in June, after it was won;
# d3 begins in June; d4 has been there from the start.
DEALS = [
    deal("d1", "2024-06-01", "m"),
    deal("d2", "2024-06-01", "w", "won", "2024-02-05"),
    deal("d3", "2024-06-01"),
    deal("d4", "2024-01-01"),
]
HISTORY = [
    {"deal_id": "d1", "stage_id": "n", "entered_at": "2024-02-01"},
    {"deal_id": "d1", "stage_id": "m", "entered_at": "2024-02-11"},
    {"deal_id": "d3", "stage_id": "n", "entered_at": "2024-06-01"},
    {"deal_id": "d4", "stage_id": "n", "entered_at": "2024-01-01"},
]


def test_deals_that_were_entered_late(tmp_path: Path) -> None:
    project(tmp_path, {"deal": DEALS, "stage": STAGES, "deal_stage_history": HISTORY})
    names = [
        "deals_count",
        "open_opportunities_count",
        "won_deals_count",
        "stage_exits_count",
        "open_avg_age_days",
        "deals_created_count",
        "stage_age_days",
    ]
    spec = {
        "report": "custom",
        "period": "2024-Q1",
        "as_of": AS_OF,
        "sections": [
            {"id": "one", "kpis": names},
            {"id": "months", "trend": {"metrics": ["deals_count"], "grain": "month", "chart": "none"}},
            {
                "id": "stages",
                "breakdown": {"metrics": ["deals_count", "stage_exits_count"], "by": ["stage.name"], "chart": "none"},
            },
        ],
    }
    found = figures(tmp_path, spec)
    # d1 and d4 are open, d2 is won. d1 has left New; its age is not known yet, d4's is 60 days. In
    # its stage d1 has been 19 days, d4 60.
    assert rows(found, "one")[0] == {
        "deals_count": 3,
        "open_opportunities_count": 2,
        "won_deals_count": 1,
        "stage_exits_count": 1,
        "open_avg_age_days": 60,
        "deals_created_count": 1,
        "stage_age_days": 39.5,
    }
    assert [row["deals_count"] for row in rows(found, "months")][:2] == [1, 3]
    assert total(found, "stages") == {"stage.name": None, "deals_count": 3, "stage_exits_count": 1}


def test_activities_as_of_a_past_date(tmp_path: Path) -> None:
    """v1 is planned and there, v2 is planned only later, v3 is overdue, v4 was entered after it was
    done, v5 will be done, v6 became overdue before anybody wrote it down."""

    def activity(key: str, made: str, due: str, done: str = "") -> dict[str, Any]:
        return {
            "activity_id": key,
            "type": "call",
            "deal_id": "d4",
            "created_at": made,
            "due_at": due,
            "done_at": done,
        }

    calls = [
        activity("v1", "2024-02-20", "2024-03-03"),
        activity("v2", "2024-03-10", "2024-03-03"),
        activity("v3", "2024-02-01", "2024-02-10"),
        activity("v4", "2024-05-01", "2024-02-10", "2024-02-10"),
        activity("v5", "2024-02-01", "2024-03-05", "2024-03-05"),
        activity("v6", "2024-04-01", "2024-02-15"),
    ]
    project(tmp_path, {"deal": DEALS, "stage": STAGES, "deal_stage_history": HISTORY, "activity": calls})
    own_metric(tmp_path, "activity")
    names = [
        "activities_planned_count",
        "activities_overdue_count",
        "activities_done_count",
        "no_next_step_count",
        "how_many",
    ]
    spec = {
        "report": "custom",
        "period": "2024-Q1",
        "as_of": AS_OF,
        "sections": [{"id": "one", "kpis": names}],
    }
    assert rows(figures(tmp_path, spec), "one")[0] == {
        "activities_planned_count": 2,
        "activities_overdue_count": 1,
        "activities_done_count": 1,
        "no_next_step_count": 1,
        "how_many": 4,
    }
