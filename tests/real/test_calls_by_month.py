"""A call centre's daily sums and a bank's telephone campaigns, month by month and campaign by
campaign, against SQL written by hand over the raw files, and the true values that come with them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.figures.asking import figures, rows, total

pytestmark = pytest.mark.xdist_group("calls-by-month")

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HEAD = "version: 1\nmapping: mapping.yaml\ntimezone: UTC\nlocale: en_GB\ncurrency: EUR\nsource:\n  files:\n"
Row = dict[str, Any]

# The file has sums for each day: a row of `service_call` stands for all answered or all abandoned
# calls of one. There is no date: its first day is taken to be the first of 2020.
CENTRE = r"""
csv_columns: text
entities:
  service_call:
    union:
      - table: days
        key: "'answered:' || \"Index\""
        fields:
          direction: "'inbound'"
          outcome: "'answered'"
          queued_at: {sql: "cast(cast('2020-01-01' as date) + interval (cast(\"Index\" as integer) - 1) day as date)", type: date}
          calls: cast("Answered Calls" as integer)
          talk_s: >-
            cast("Answered Calls" as integer) * (3600 * cast(split_part("Talk Duration (AVG)", ':', 1) as integer)
            + 60 * cast(split_part("Talk Duration (AVG)", ':', 2) as integer)
            + cast(split_part("Talk Duration (AVG)", ':', 3) as integer))
          level: {sql: "cast(replace(\"Service Level (20 Seconds)\", '%', '') as double)", type: number}
      - table: days
        key: "'abandoned:' || \"Index\""
        fields:
          direction: "'inbound'"
          outcome: "'abandoned'"
          queued_at: {sql: "cast(cast('2020-01-01' as date) + interval (cast(\"Index\" as integer) - 1) day as date)", type: date}
          calls: cast("Abandoned Calls" as integer)
          talk_s: cast(null as integer)
"""
LEVEL = """\
metrics:
  - metric: mean_daily_level
    kind: aggregate
    entity: service_call
    aggregate: average
    of: service_call.level
    where: service_call.outcome = 'answered'
    time: service_call.queued_at
    unit: ratio
"""
CENTRE_DAYS = {"from": "2020-01-01", "to": "2023-06-04"}  # 1,251 days


@pytest.fixture(scope="module")
def known(shared_data: Path) -> dict[str, Row]:
    """The true values that come with the data, by data set."""
    data = json.loads((shared_data / "expected.json").read_text(encoding="utf-8"))["expected"]
    return {name: each["summary"]["value"][0] for name, each in data.items() if "summary" in each}


@pytest.fixture(scope="module")
def centre(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("call-centre")
    raw = (shared_data / "call_center_daily" / "call_center_daily.csv").read_text(encoding="utf-8")
    with (folder / "days.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(csv.reader(raw.splitlines(), delimiter=";"))
    (folder / "reportspec.yaml").write_text(f"{HEAD}    days: days.csv\n", encoding="utf-8")
    (folder / "mapping.yaml").write_text(CENTRE, encoding="utf-8")
    (folder / "metrics").mkdir()
    (folder / "metrics" / "level.yaml").write_text(LEVEL, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The raw files as `days` and `contacts`, converted by DuckDB's own casts."""
    with duckdb.connect() as connection:
        read = "read_csv(?, delim = ';', header = true, all_varchar = true)"
        connection.execute(
            f"""create table days as select date '2019-12-31' + "Index"::integer as day,
              "Incoming Calls"::integer as came, "Answered Calls"::integer as answered,
              "Abandoned Calls"::integer as lost,
              epoch("Talk Duration (AVG)"::interval)::integer as talk from {read}""",
            [str(shared_data / "call_center_daily" / "call_center_daily.csv")],
        )
        connection.execute(
            f"""create table contacts as select year || '-' || month as wave,
              strptime(day || month || year, '%d%b%Y')::date as day, duration::integer as seconds,
              campaign::integer as calls, y = 'yes' as said_yes, job from {read}""",
            [str(shared_data / "bank_marketing_uci" / "bank-full.csv")],
        )
        yield connection


def answers(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    found = connection.sql(sql)
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def close(row: Row) -> Row:
    """The row, to be compared with numbers that were computed in another order."""
    return {k: pytest.approx(v, rel=1e-9) if isinstance(v, float) else v for k, v in row.items()}


CENTRE_METRICS = """
  sum(came) / count(*) as "service_calls_daily_avg", sum(came)::double as "inbound_calls_count",
  sum(answered)::double as "answered_calls_count", sum(lost)::double as "abandoned_calls_count",
  sum(lost) / sum(came) as "abandonment_rate",
  sum(answered * talk) / sum(answered) as "avg_handle_time"
"""


@pytest.mark.parametrize("grain", ["week", "month", "quarter", "year"])
def test_calls_over_time(centre: Path, raw: duckdb.DuckDBPyConnection, grain: str) -> None:
    expected = answers(
        raw,
        f"select {CENTRE_METRICS} from days group by date_trunc('{grain}', day) order by date_trunc('{grain}', day)",
    )
    trend = {"id": "t", "trend": {"metrics": [*expected[0]], "grain": grain}}
    found = rows(figures(centre, {"period": CENTRE_DAYS, "sections": [trend]}, NOW), "t")
    assert [{name: row[name] for name in expected[0]} for row in found] == [close(row) for row in expected]


def test_calls_of_all_days(centre: Path, raw: duckdb.DuckDBPyConnection, known: dict[str, Row]) -> None:
    [expected] = answers(raw, f"select {CENTRE_METRICS} from days")
    names = [*expected, "mean_daily_level"]
    spec = {"period": CENTRE_DAYS, "sections": [{"id": "k", "kpis": names}]}
    [found] = rows(figures(centre, spec, NOW), "k")
    assert {name: found[name] for name in expected} == close(expected)
    truth = known["call_center_daily(open)"]
    assert found["inbound_calls_count"] == truth["incoming"]
    assert found["answered_calls_count"] == truth["answered"]
    assert found["abandoned_calls_count"] == truth["abandoned"]
    assert round(100 * found["abandonment_rate"], 4) == truth["abandonment_pct"]
    assert round(found["service_calls_daily_avg"], 4) == truth["avg_daily_incoming"]
    assert round(found["avg_handle_time"], 4) == truth["weighted_avg_talk_s"]
    assert round(found["mean_daily_level"], 4) == truth["mean_daily_service_level"]


def test_days_without_data_count_in_the_daily_mean(centre: Path, raw: duckdb.DuckDBPyConnection) -> None:
    """The file ends on 4 June 2023: the mean of June is over its 30 days."""
    [(last, calls)] = raw.sql("select max(day), sum(came) from days where day >= '2023-06-01'").fetchall()
    assert str(last) == "2023-06-04"
    spec = {"period": "2023-06", "sections": [{"id": "k", "kpis": ["service_calls_daily_avg"]}]}
    [found] = rows(figures(centre, spec, NOW), "k")
    assert found["service_calls_daily_avg"] == pytest.approx(calls / 30)


def test_every_day_is_there(centre: Path, raw: duckdb.DuckDBPyConnection, known: dict[str, Row]) -> None:
    trend = {"id": "t", "trend": {"metrics": ["inbound_calls_count"], "grain": "day"}}
    found: list[float] = []
    for year in ("2020", "2021", "2022", "2023"):
        days = rows(figures(centre, {"period": year, "sections": [trend]}, NOW), "t")
        found += [row["inbound_calls_count"] or 0 for row in days]
    expected = [came for (came,) in raw.sql("select came from days order by day").fetchall()]
    assert len(expected) == known["call_center_daily(open)"]["n_days"]
    assert found == [*expected, *[0] * (3 * 365 + 366 - len(expected))]


# A line of the file is one person in one month's campaign: who was called `campaign` times, the
# last time on that day and for `duration` seconds, and then said yes or no to a deposit. So a person
# is a deal won or lost by the last call, with as many calls as were needed; and, the same person
# seen by marketing, a campaign member who responded or not. The file has no calls, only their
# number; the test writes them out.
BANK = r"""
csv_columns: text
entities:
  deal:
    table: people
    key: id
    fields:
      created_at: {sql: cast(day as date), type: date}
      closed_at: {sql: cast(day as date), type: date}
      status: case answer when 'yes' then 'won' else 'lost' end
      campaign_id: wave
      source: job
  activity:
    table: calls
    key: id || '/' || number
    fields:
      type: "'call'"
      direction: "'outbound'"
      deal_id: id
      done_at: {sql: cast(day as date), type: date}
  campaign:
    table: waves
    key: wave
    fields:
      name: wave
      status: "'sent'"
      started_at: {sql: cast(day as date), type: date}
  campaign_member:
    table: people
    key: id
    fields:
      campaign_id: wave
      contact_id: id
      sent_at: {sql: cast(day as date), type: date}
      responded_at: {sql: case answer when 'yes' then cast(day as date) end, type: date}
  service_call:
    table: people
    key: id
    fields:
      direction: "'inbound'"
      outcome: "'answered'"
      queued_at: {sql: cast(day as date), type: date}
      talk_s: cast(seconds as integer)
"""
BANK_YEARS = {"from": "2008-01-01", "to": "2010-12-31"}


def write_table(path: Path, head: str, lines: list[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head.split())
        writer.writerows(lines)


@pytest.fixture(scope="module")
def bank(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bank-campaigns")
    people, calls, waves = [], [], {}
    path = shared_data / "bank_marketing_uci" / "bank-full.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for number, line in enumerate(csv.DictReader(file, delimiter=";")):
            wave = f"{line['year']}-{line['month']}"
            day = datetime.strptime(f"{line['day']} {line['month']} {line['year']}", "%d %b %Y").date()
            people.append((number, day, line["duration"], wave, line["y"], line["job"]))
            calls += [(number, each, day) for each in range(int(line["campaign"]))]
            waves[wave] = min(day, waves.get(wave, day))
    write_table(folder / "people.csv", "id day seconds wave answer job", people)
    write_table(folder / "calls.csv", "id number day", calls)
    write_table(folder / "waves.csv", "wave day", [*waves.items()])
    tables = "".join(f"    {name}: {name}.csv\n" for name in ("people", "calls", "waves"))
    (folder / "reportspec.yaml").write_text(HEAD + tables, encoding="utf-8")
    (folder / "mapping.yaml").write_text(BANK, encoding="utf-8")
    return folder


MEMBERS = """
  count(*) as "campaign_delivered_count", count(*) filter (said_yes) as "campaign_responses_count",
  count(*) filter (said_yes) / count(distinct wave) as "responses_per_campaign",
  count(*) filter (said_yes) / count(*) as "campaign_response_rate"
"""
DEALS = """
  sum(calls) / count(*) as "sales_calls_per_opportunity", count(*) as "closed_deals_count",
  count(*) filter (said_yes) / count(*) as "close_rate"
"""


def test_campaigns_one_by_one(bank: Path, raw: duckdb.DuckDBPyConnection) -> None:
    expected = {
        row.pop("wave"): row for row in answers(raw, f"select wave, {MEMBERS}, {DEALS} from contacts group by wave")
    }
    assert len(expected) == 30
    names = [*next(iter(expected.values()))]
    table = {"id": "b", "breakdown": {"metrics": names, "by": ["campaign.name"]}}
    answer = figures(bank, {"period": BANK_YEARS, "sections": [table]}, NOW)
    found = {row["campaign.name"]: {n: row[n] for n in names} for row in rows(answer, "b")}
    assert found == {wave: close(row) for wave, row in expected.items()}
    [everyone] = answers(raw, f"select {MEMBERS}, {DEALS} from contacts")
    assert {name: total(answer, "b")[name] for name in names} == close(everyone)


def test_calls_and_talk_by_quarter(bank: Path, raw: duckdb.DuckDBPyConnection) -> None:
    sql = f"""select {DEALS}, sum(seconds) / count(*) as "avg_handle_time" from contacts
      group by date_trunc('quarter', day) order by date_trunc('quarter', day)"""
    expected = answers(raw, sql)
    trend = {"id": "t", "trend": {"metrics": [*expected[0]], "grain": "quarter"}}
    period = {"from": "2008-04-01", "to": "2010-12-31"}  # the file begins in May 2008
    found = rows(figures(bank, {"period": period, "sections": [trend]}, NOW), "t")
    assert [{n: row[n] for n in expected[0]} for row in found] == [close(row) for row in expected]


def test_calls_by_trade(bank: Path, raw: duckdb.DuckDBPyConnection) -> None:
    expected = {row.pop("job"): row for row in answers(raw, f"select job, {DEALS} from contacts group by 1")}
    names = [*next(iter(expected.values()))]
    table = {"id": "b", "breakdown": {"metrics": names, "by": ["deal.source"]}}
    found = rows(figures(bank, {"period": BANK_YEARS, "sections": [table]}, NOW), "b")
    assert {row["deal.source"]: {n: row[n] for n in names} for row in found} == {
        job: close(row) for job, row in expected.items()
    }


def test_the_bank_s_true_values(bank: Path, known: dict[str, Row]) -> None:
    names = [
        "campaign_delivered_count",
        "campaign_responses_count",
        "campaign_response_rate",
        "activities_done_count.calls",
        "sales_calls_per_opportunity",
        "avg_handle_time",
        "won_deals_count",
        "handled_calls_count",
    ]
    spec = {"period": BANK_YEARS, "sections": [{"id": "k", "kpis": names}]}
    [found] = rows(figures(bank, spec, NOW), "k")
    truth = known["bank_marketing(open)"]
    assert found["campaign_delivered_count"] == found["handled_calls_count"] == truth["contacts"]
    assert found["campaign_responses_count"] == found["won_deals_count"] == truth["subscribed"]
    assert found["activities_done_count.calls"] == truth["calls"]
    assert round(100 * found["campaign_response_rate"], 4) == truth["response_pct"]
    assert round(found["sales_calls_per_opportunity"], 4) == truth["calls_per_client"]
    assert round(found["avg_handle_time"], 4) == truth["avg_duration_s"]
