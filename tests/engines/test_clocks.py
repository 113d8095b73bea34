"""What people write in a filter or a metric of their own goes by the report's clock, also where the source
keeps its times by another: the month of a time, the day that it is cast to, a time that is written out.

Slow: servers of databases are started and filled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.errors import SourceError
from tests.engines.servers import Engine, Given, engine, spark_engine
from tests.figures.asking import figures, rows

# Rome is two hours ahead of UTC: begun on 1 July 00:30, 30 June 23:30, 31 July 23:30 and 1 August 00:30;
# won on 2 August 12:00 and 6 August 01:30 there. The last was begun in New York's July.
DEALS = [
    ("d1", "2026-06-30 22:30:00", None),
    ("d2", "2026-06-30 21:30:00", None),
    ("d3", "2026-07-31 21:30:00", "2026-08-02 10:00:00"),
    ("d4", "2026-07-31 22:30:00", "2026-08-05 23:30:00"),
]
WRITTEN: list[tuple[str, set[str]]] = [
    ("month(deal.created_at) = 7", {"d1", "d3"}),
    ("extract(hour from deal.created_at) = 23", {"d2", "d3"}),
    ("extract(isodow from deal.created_at) = 3", {"d1"}),
    ("extract(dayofweek from deal.created_at) = 5", {"d3"}),  # the last of July 2026 is a Friday
    ("strftime(deal.created_at, '%Y-%m') = '2026-07'", {"d1", "d3"}),
    ("deal.created_at >= date '2026-07-01' and deal.created_at < '2026-08-01'", {"d1", "d3"}),
    ("deal.created_at between timestamp '2026-07-01 00:30:00' and timestamp '2026-07-31 23:30:00'", {"d1", "d3"}),
    ("deal.created_at in (timestamp '2026-07-01 00:30:00', timestamp '2026-08-01 00:30:00')", {"d1", "d4"}),
    ("cast(deal.created_at as date) in (date '2026-07-01', date '2026-08-01')", {"d1", "d4"}),
    ("date_trunc('month', deal.created_at) = date '2026-07-01'", {"d1", "d3"}),
    ("date_trunc('month', deal.created_at) <= deal.closed_at", {"d3", "d4"}),
    ("date_diff('day', deal.created_at, deal.closed_at) = 2", {"d3"}),
    ("date_diff('hour', deal.created_at, deal.closed_at) > 100", {"d4"}),
    ("days_between(date '2026-07-01', deal.created_at) >= 0", {"d1", "d3", "d4"}),
    ("days_between(date_trunc('month', deal.created_at), deal.created_at) < 0.1", {"d1", "d4"}),
    ("coalesce(deal.closed_at, deal.created_at) < timestamp '2026-08-06 01:30:00'", {"d1", "d2", "d3"}),
    ("deal.created_at + interval 1 day >= timestamp '2026-08-01 23:30:00'", {"d3", "d4"}),
    ("case when deal.closed_at is null then deal.created_at else deal.closed_at end >= date '2026-08-06'", {"d4"}),
    ("local_date(deal.created_at) = date '2026-07-01'", {"d1"}),
    ("cast(deal.created_at as date) = local_date(deal.created_at)", {"d1", "d2", "d3", "d4"}),
    ("deal.created_at < as_of - interval 4 month", {"d1", "d2"}),
    ("not (month(deal.created_at) = 7 or deal.closed_at is null)", {"d4"}),
]
ENGINES = [
    "duckdb",
    "sqlite",
    "clickhouse",
    *(
        pytest.param(name, marks=[pytest.mark.slow, pytest.mark.xdist_group(name)])
        for name in ("postgres", "mariadb", "spark")
    ),
]
NOT_ON_MARIADB = {"days_between(date_trunc('month', deal.created_at), deal.created_at) < 0.1"}


def table() -> Given:
    read = datetime.fromisoformat
    return Given(
        "clock_deals",
        (("k", "VARCHAR"), ("created", "TIMESTAMP"), ("closed", "TIMESTAMP"), ("state", "VARCHAR")),
        [(k, read(a), read(b) if b else None, "won" if b else "open") for k, a, b in DEALS],
    )


@pytest.fixture(scope="module", params=ENGINES)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp(str(request.param))
    if request.param == "duckdb":
        lines = [",".join((k, a, b or "", "won" if b else "open")) for k, a, b in DEALS]
        file = folder / "d.csv"
        file.write_text("\n".join(["k,created,closed,state", *lines]) + "\n", encoding="utf-8")
        yield "duckdb", {"files": {"clock_deals": str(file)}}, "clock_deals"
        return
    with (
        spark_engine([table()], folder, request.getfixturevalue("spark"))
        if request.param == "spark"
        else engine(str(request.param), [table()], folder)
    ) as found:
        yield request.param, found.url, _table(found)


def _table(found: Engine) -> str:
    return f"{found.prefix}clock_deals"


def project(folder: Path, source: Any, zone: str, kept: str) -> Path:
    _, given, name = source
    fields: dict[str, Any] = {
        "name": "k",
        "created_at": "created",
        "closed_at": "closed",
        "status": "state",
        "amount": "1",
        "currency": "'EUR'",
    }
    mapping = {"entities": {"deal": {"table": name, "key": "k", "fields": fields}}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    settings = {
        "version": 1,
        "source": given,
        "mapping": "m.yaml",
        "timezone": zone,
        "source_timezone": kept,
        "locale": "en_GB",
        "currency": "EUR",
    }
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder


def spec(*written: str) -> dict[str, Any]:
    records = {"entity": "deal", "fields": ["deal.name"], "period": "all", "limit": 10}
    return {
        "report": "custom",
        "period": "2026",
        "sections": [{"id": f"s{i}", "records": records, "where": text} for i, text in enumerate(written)],
    }


def names(folder: Path, text: str) -> set[str]:
    return {row["deal.name"] for row in rows(figures(folder, spec(text)), "s0")}


def test_by_the_clock_of_the_report(source: Any, tmp_path: Path) -> None:
    """All in one report: a statement for each."""
    folder = project(tmp_path, source, "Europe/Rome", "UTC")
    asked = {text: right for text, right in WRITTEN if source[0] != "mariadb" or text not in NOT_ON_MARIADB}
    found = figures(folder, spec(*asked))
    told = {text: {row["deal.name"] for row in rows(found, f"s{i}")} for i, text in enumerate(asked)}
    assert told == asked
    if source[0] == "mariadb":
        for text in NOT_ON_MARIADB:
            with pytest.raises(SourceError, match="MariaDB has no short way to move a time"):
                names(folder, text)


def test_two_clocks_that_are_one(source: Any, tmp_path: Path) -> None:
    """Where the source goes by the report's clock, its times are what they say."""
    folder = project(tmp_path, source, "UTC", "UTC")
    assert names(folder, "month(deal.created_at) = 6") == {"d1", "d2"}
    assert names(folder, "deal.created_at >= timestamp '2026-07-31 21:30:00'") == {"d3", "d4"}


METRICS = """
metrics:
  - {metric: begun_in_july, kind: aggregate, entity: deal, aggregate: count, time: deal.created_at,
     where: "month(deal.created_at) = 7"}
  - {metric: by_its_day, kind: aggregate, entity: deal, aggregate: count, time: "date_trunc('day', deal.created_at)"}
  - {metric: days_begun, kind: aggregate, entity: deal, aggregate: count_distinct, time: deal.created_at,
     of: "cast(cast(deal.created_at as date) as varchar)"}
  - {metric: latest_hour, kind: aggregate, entity: deal, aggregate: max, time: deal.created_at,
     of: "extract(hour from deal.created_at)"}
"""


def test_metrics_of_ones_own(tmp_path: Path) -> None:
    """Their conditions, times and values, by month: as Rome's clock has them."""
    lines = [",".join((k, a, b or "", "won" if b else "open")) for k, a, b in DEALS]
    (tmp_path / "d.csv").write_text("\n".join(["k,created,closed,state", *lines]) + "\n", encoding="utf-8")
    project(tmp_path, ("duckdb", {"files": {"d": "d.csv"}}, "d"), "Europe/Rome", "UTC")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "own.yaml").write_text(METRICS, encoding="utf-8")
    names_ = ["begun_in_july", "by_its_day", "days_begun", "latest_hour"]
    found = figures(
        tmp_path,
        {
            "report": "custom",
            "period": {"from": "2026-06-01", "to": "2026-08-31"},
            "sections": [{"id": "t", "trend": {"metrics": names_, "grain": "month"}}],
        },
    )
    by_month = {str(row["period"])[:7]: tuple(row[name] for name in names_) for row in rows(found, "t")}
    assert by_month == {"2026-06": (0, 1, 1, 23), "2026-07": (2, 2, 2, 23), "2026-08": (0, 1, 1, 0)}
