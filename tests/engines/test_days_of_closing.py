"""A deal whose closing is a day, dated back or forth over the end of a month, is in the month of this day on every
engine, also where the source's clock shows the day before.

Slow: servers of databases are started and filled."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engines.servers import Given, engine, spark_engine
from tests.figures.asking import figures, rows
from tests.figures.dated_deals import OUTCOME, STAGES, by_clock, closed_in, with_days_of_closing

ZONE = "America/New_York"  # when a day begins in Rome, it is the day before
ENGINES = [
    "sqlite",
    "clickhouse",
    *(
        pytest.param(name, marks=[pytest.mark.slow, pytest.mark.xdist_group(name)])
        for name in ("postgres", "mariadb", "spark")
    ),
]
MAPPING: dict[str, Any] = {
    "deal": {
        "name": "name", "stage_id": "stage_id", "status": "status", "created_at": "created_at",
        "closed_at": {"sql": "closed_at", "type": "date"},
    },
    "stage": {"name": "name", "position": "position", "is_won": "is_won = 1", "is_lost": "is_lost = 1"},
    "deal_stage_history": {"deal_id": "deal_id", "stage_id": "stage_id", "entered_at": "entered_at"},
}  # fmt: skip
KEYS = {"deal": "name", "stage": "stage_id"}


def given(deals: list[dict[str, Any]]) -> list[Given]:
    """The deals, their stages and their history as the source has them."""

    def shown(at: datetime | None) -> datetime | None:
        return by_clock(at, ZONE) if at is not None else None

    text, number, time, day = "VARCHAR", "INTEGER", "TIMESTAMP", "DATE"
    told: list[tuple[str, str, str, datetime | None, date | None]] = [
        (d["name"], d["stage"], OUTCOME[d["stage"]], shown(d["created"]), d["closed"]) for d in deals
    ]
    changes = [(d["name"], stage, shown(at)) for d in deals for stage, at in d["walk"]]
    stages = [line.split(",") for line in STAGES.splitlines()[1:]]
    return [
        Given(
            "closing_deal",
            (("name", text), ("stage_id", text), ("status", text), ("created_at", time), ("closed_at", day)),
            told,
        ),
        Given(
            "closing_stage",
            (("stage_id", text), ("name", text), ("position", number), ("is_won", number), ("is_lost", number)),
            [
                (key, name, int(place), int(won == "true"), int(lost == "true"))
                for key, name, place, won, lost in stages
            ],
        ),
        Given("closing_deal_stage_history", (("deal_id", text), ("stage_id", text), ("entered_at", time)), changes),
    ]


# On Spark, where a statement costs a second, days and times are expressions of `test_expressions` by day.
@pytest.mark.by_day(on=("sqlite", "postgres", "mariadb", "clickhouse"))
@pytest.mark.parametrize("on", ENGINES)
def test_each_month_has_the_deals_of_its_days(on: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    deals = with_days_of_closing(7)
    made = given(deals)
    with (
        spark_engine(made, tmp_path, request.getfixturevalue("spark")) if on == "spark" else engine(on, made, tmp_path)
    ) as found:
        entities = {
            name: {"table": f"{found.prefix}closing_{name}", "fields": fields}
            | ({"key": KEYS[name]} if name in KEYS else {})
            for name, fields in MAPPING.items()
        }
        project = {
            "version": 1, "source": found.url, "mapping": "m.yaml", "timezone": "Europe/Rome", "source_timezone": ZONE,
        }  # fmt: skip
        (tmp_path / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
        spec = {"report": "custom", "sections": [{"id": "y", "kpis": ["won_deals_count", "lost_deals_count"]}]}
        for month in (1, 3, 6):
            [row] = rows(figures(tmp_path, {**spec, "period": f"2026-{month:02}"}), "y")
            assert row == closed_in(deals, month), month
