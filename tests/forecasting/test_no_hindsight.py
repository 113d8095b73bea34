"""No hindsight: the report of a past day is the one that would have been made on that day. From data in which what came
later is dropped and what was closed later is open, all of a forecast is the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from reportspec.demo import load
from reportspec.formats.json_text import as_json
from tests.figures.asking import figures
from tests.forecasting.freezing import Row, frozen
from tests.forecasting.simulated import simulated

SECTIONS = [
    {"id": "summary", "forecast": {"show": "summary"}},
    {"id": "tests", "forecast": {"show": "tests"}},
    {"id": "by", "forecast": {"by": ["deal.source"]}},
    {"id": "accuracy", "forecast": {"show": "accuracy"}},
]
Tables = tuple[list[Row], list[Row], list[Row]]  # deals, their history, stages


def in_demo() -> Tables:
    with duckdb.connect() as raw:
        load(raw)
        found = []
        for name in ("deal", "deal_stage_history", "stage"):
            table = raw.execute(f"select * from demo.{name}")
            columns = [column[0] for column in table.description]
            found.append([dict(zip(columns, row, strict=True)) for row in table.fetchall()])
    return found[0], found[1], found[2]


def project(folder: Path, deals: list[Row], history: list[Row], stages: list[Row]) -> Path:
    folder.mkdir()
    entities = {}
    with duckdb.connect(str(folder / "crm.duckdb")) as raw:
        for name, rows, types in (
            ("deal", deals, DEAL),
            ("deal_stage_history", history, HISTORY),
            ("stage", stages, STAGE),
        ):
            body = ", ".join(f"{column} {kind}" for column, kind in types.items())
            raw.execute(f"create table {name} ({body})")
            file = folder / f"{name}.json"
            file.write_text("\n".join(json.dumps({c: row.get(c) for c in types}, default=str) for row in rows))
            kinds = ", ".join(f"{column}: '{kind}'" for column, kind in types.items())
            raw.execute(
                f"insert into {name} from read_json('{file}', format = 'newline_delimited', columns = {{{kinds}}})"
            )
            entities[name] = {"table": name, "fields": {column: column for column in types}}
    (folder / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "dialect": "duckdb", "entities": entities}))
    own = {"version": 1, "source": "crm.duckdb", "mapping": "m.yaml", "timezone": "Europe/Rome", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own))
    return folder


DEAL = {
    "deal_id": "varchar", "stage_id": "varchar", "status": "varchar", "amount": "decimal(14,2)", "source": "varchar",
    "created_at": "timestamp", "closed_at": "timestamp", "loss_reason": "varchar", "lost_stage_id": "varchar",
}  # fmt: skip
HISTORY = {"deal_id": "varchar", "stage_id": "varchar", "entered_at": "timestamp", "amount": "decimal(14,2)"}
STAGE = {"stage_id": "varchar", "name": "varchar", "position": "integer", "is_won": "boolean", "is_lost": "boolean"}


@pytest.fixture(scope="module", params=["demo", "simulated"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, Path, Path]:
    tables = in_demo() if request.param == "demo" else simulated(7)
    folder = tmp_path_factory.mktemp(request.param)
    return tables, folder, project(folder / "whole", *tables)


@pytest.mark.by_day(period=("2026-Q1", "2026-Q3"))
@pytest.mark.parametrize(
    ("now", "period"),
    [
        (datetime(2026, 2, 17, tzinfo=UTC), "2026-Q1"),
        (datetime(2025, 9, 8, 11, 30, tzinfo=UTC), "2025-09"),
        (datetime(2026, 6, 20, tzinfo=UTC), "2026-Q3"),
    ],
)
def test_the_past_as_it_was(source: tuple[Tables, Path, Path], now: datetime, period: str) -> None:
    """Slow: reports over data and over what was known of them."""
    (deals, history, stages), folder, whole = source
    places = {row["stage_id"]: (row["position"], row["is_won"], row["is_lost"]) for row in stages}
    then = project(folder / f"then {period}", *frozen(deals, history, places, now.replace(tzinfo=None)), stages)
    spec: dict[str, Any] = {"report": "custom", "period": period, "sections": SECTIONS}
    of_whole, of_then = (json.loads(as_json(figures(one, spec, now))) for one in (whole, then))
    same(of_whole["sections"], of_then["sections"])
    assert len(of_whole["sections"][1]["rows"]) >= 5


def same(found: Any, wanted: Any, where: str = "") -> None:
    """Numbers to 1e-9, since sums of doubles are made in other orders; all else exactly."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys(), where
        for key, value in wanted.items():
            same(found[key], value, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), where
        for index, value in enumerate(wanted):
            same(found[index], value, f"{where}[{index}]")
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-6), where
    else:
        assert found == wanted, where
