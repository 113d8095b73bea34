"""Figures from data that other people collected, against SQL and Python written by hand over the
raw files."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.figures.asking import figures, rows

NOW = datetime(2030, 1, 1, tzinfo=UTC)
Row = dict[str, Any]


def project(folder: Path, files: dict[str, str], entities: dict[str, Any], currency: str) -> Path:
    head = {
        "version": 1,
        "source": {"files": files},
        "mapping": "m.yaml",
        "timezone": "UTC",
        "currency": currency,
    }
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(head), encoding="utf-8")
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return folder


def kpis(folder: Path, period: Any, metrics: list[str]) -> Row:
    spec = {"report": "custom", "period": period, "metrics": metrics}
    return rows(figures(folder, spec, NOW), "headline")[0]


# CDNOW: who bought, who came back, what they are worth


@pytest.fixture(scope="module")
def bought(shared_data: Path) -> list[tuple[str, date, float]]:
    """Customer, day and amount of each purchase, in the file's order."""
    text = (shared_data / "cdnow_sample" / "CDNOW_sample.txt").read_text(encoding="ascii")
    found = []
    for line in text.splitlines():
        if line.strip():
            _, customer, day, _, amount = line.split()
            found.append((customer, datetime.strptime(day, "%Y%m%d").date(), float(amount)))
    return found


@pytest.fixture(scope="module")
def cdnow(bought: list[tuple[str, date, float]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cdnow")
    lines = [f"{number:05},{customer},{day},{amount}" for number, (customer, day, amount) in enumerate(bought)]
    (folder / "orders.csv").write_text("\n".join(["id,customer,day,amount", *lines]), encoding="utf-8")
    order = {
        "table": "orders",
        "key": "cast(id as varchar)",
        "fields": {
            "customer_id": "cast(customer as varchar)",
            "ordered_at": {"sql": "day", "type": "date"},
            "amount": "amount",
            "status": "'paid'",
        },
    }
    return project(folder, {"orders": "orders.csv"}, {"order_": order}, "USD")


CDNOW_PERIODS = {
    "1997-02": (date(1997, 2, 1), date(1997, 3, 1)),
    "1997-Q2": (date(1997, 4, 1), date(1997, 7, 1)),
    "1998-06": (date(1998, 6, 1), date(1998, 7, 1)),
    "1997": (date(1997, 1, 1), date(1998, 1, 1)),
}


@pytest.mark.parametrize("period", CDNOW_PERIODS)
def test_customers_who_come_and_come_back(period: str, cdnow: Path, bought: list[tuple[str, date, float]]) -> None:
    start, end = CDNOW_PERIODS[period]
    known: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for customer, day, amount in bought:
        if day < end:
            known[customer].append((day, amount))
    days = {customer: sorted(day for day, _ in each) for customer, each in known.items()}
    inside = {customer for customer, each in days.items() if any(day >= start for day in each)}
    lapsed = sum((end - each[-1]).days > 365 for each in days.values())
    old = sum((end - each[0]).days > 365 for each in days.values())
    expected = {
        "purchases_count": sum(start <= day < end for _, day, _ in bought),
        "purchases_amount": sum(amount for _, day, amount in bought if start <= day < end),
        "new_customers_count": sum(each[0] >= start for each in days.values()),
        "returning_customers_count": sum(days[customer][0] < start for customer in inside),
        # Two orders of one day are one purchase.
        "returning_customers_count.repeat_in_period": sum(
            any(day >= start and day > days[customer][0] for day in days[customer]) for customer in inside
        ),
        "customers_count": len(known),
        "customer_lifetime_value": sum(a for each in known.values() for _, a in each) / len(known),
        "repeat_purchase_rate": sum(len(each) > 1 for each in days.values()) / len(days),
        "churn_rate": lapsed / old if old else None,
    }
    found = kpis(cdnow, period, list(expected))
    for name, value in expected.items():
        assert found[name] == (None if value is None else pytest.approx(value)), name


def test_customers_by_recency_frequency_and_value(cdnow: Path, bought: list[tuple[str, date, float]]) -> None:
    """Fifths by rank, as the descriptions of scores and segments say, after the second year's half."""
    end = date(1998, 7, 1)
    known: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for customer, day, amount in bought:
        if day < end:
            known[customer].append((day, amount))
    last = {c: max(day for day, _ in each) for c, each in known.items()}
    worth = {c: sum(a for _, a in each) for c, each in known.items()}

    def fifths(order: list[str]) -> dict[str, int]:
        size, more = divmod(len(order), 5)  # the first groups take one more
        found, at = {}, 0
        for fifth in range(5):
            for customer in order[at : at + size + (fifth < more)]:
                found[customer] = fifth + 1
            at += size + (fifth < more)
        return found

    recency = fifths(sorted(known, key=lambda c: (last[c], c)))
    frequency = fifths(sorted(known, key=lambda c: (len(known[c]), last[c], c)))

    def segment(customer: str) -> str:
        r, f = recency[customer], frequency[customer]
        if r >= 4 and f >= 4:
            return "Champions"
        if f >= 4 and r <= 2:
            return "Dormant"
        if f >= 3 and r >= 3:
            return "Loyal"
        if r >= 4:
            return "New"
        if r == 3:
            return "Promising"
        return "Dormant" if f >= 3 else "Lost"

    expected: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    for customer in known:
        expected[segment(customer)][0] += 1
        expected[segment(customer)][1] += worth[customer]
    breakdown = {
        "metrics": ["customers_count", "customer_revenue_amount"],
        "by": ["customer_segment.name"],
    }
    spec = {
        "report": "custom",
        "period": "1998-06",
        "sections": [{"id": "s", "breakdown": breakdown}],
    }
    found = {
        row["customer_segment.name"]: (row["customers_count"], row["customer_revenue_amount"])
        for row in rows(figures(cdnow, spec, NOW), "s")
    }
    assert found == {name: (n, pytest.approx(amount)) for name, (n, amount) in expected.items()}
    assert len(found) >= 5


# A call centre's days: sums, not calls


@pytest.fixture(scope="module")
def centre(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("centre")
    raw = (shared_data / "call_center_daily" / "call_center_daily.csv").read_text(encoding="utf-8")
    (folder / "days.csv").write_text(raw.replace(";", ","), encoding="utf-8")
    day = "cast(cast('2020-01-01' as date) + interval (cast(\"Index\" as integer) - 1) day as date)"
    talk = (
        "(cast(split_part(cast(\"Talk Duration (AVG)\" as varchar), ':', 1) as integer) * 3600"
        " + cast(split_part(cast(\"Talk Duration (AVG)\" as varchar), ':', 2) as integer) * 60"
        " + cast(split_part(cast(\"Talk Duration (AVG)\" as varchar), ':', 3) as integer))"
    )
    common = {"direction": "'inbound'", "queued_at": {"sql": day, "type": "date"}}
    answered = {
        "table": "days",
        "fields": {
            **common,
            "outcome": "'answered'",
            "calls": '"Answered Calls"',
            "talk_s": f'"Answered Calls" * {talk}',
        },
    }
    abandoned = {"table": "days", "fields": {**common, "outcome": "'abandoned'", "calls": '"Abandoned Calls"'}}
    return project(folder, {"days": "days.csv"}, {"service_call": {"union": [answered, abandoned]}}, "EUR")


def test_calls_of_every_day(centre: Path, shared_data: Path) -> None:
    file = shared_data / "call_center_daily" / "call_center_daily.csv"
    sql = f"""
        select sum("Incoming Calls") / 1251.0, sum("Abandoned Calls"),
               sum("Abandoned Calls") / sum("Incoming Calls"),
               sum("Answered Calls" * epoch(cast("Talk Duration (AVG)" as interval))) / sum("Answered Calls")
        from read_csv('{file}', delim = ';', types = {{'Talk Duration (AVG)': 'VARCHAR'}})"""
    [expected] = duckdb.execute(sql).fetchall()
    names = [
        "service_calls_daily_avg",
        "abandoned_calls_count",
        "abandonment_rate",
        "avg_handle_time",
    ]
    found = kpis(centre, {"from": "2020-01-01", "to": "2023-06-04"}, names)
    assert [found[name] for name in names] == pytest.approx(list(expected), rel=1e-9)
    # What was computed for everybody, rounded to four digits.
    known = json.loads((shared_data / "expected.json").read_text(encoding="utf-8"))["expected"]
    [summary] = known["call_center_daily(open)"]["summary"]["value"]
    assert found["service_calls_daily_avg"] == pytest.approx(summary["avg_daily_incoming"], abs=1e-4)
    assert found["abandonment_rate"] * 100 == pytest.approx(summary["abandonment_pct"], abs=1e-4)
    assert found["abandoned_calls_count"] == summary["abandoned"]


# A bank's calls: who answered a campaign, after how many calls, how long they took


@pytest.fixture(scope="module")
def bank(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each line is one client: contacted `campaign` times, the last time for `duration` seconds. A
    client is a deal that closed with the last call, and a member of its month's campaign."""
    folder = tmp_path_factory.mktemp("bank")
    file = shared_data / "bank_marketing_uci" / "bank-full.csv"
    source = f"(select row_number() over () as id, * from read_csv('{file}', delim = ';', header = true, all_varchar = true))"
    month = "strptime(day || ' ' || month || ' ' || year, '%d %b %Y')"
    with duckdb.connect() as raw:
        for name, what in {
            "clients": f"select id, {month} as day, lower(y) in ('yes', 'true', '1') as said_yes, duration::integer as seconds, "
            f"strftime({month}, '%Y-%m') as wave from {source}",
            "calls": f"select id || '-' || n as number, id, {month} as day from {source}, range(1, campaign::integer + 1) r(n)",
            "waves": f"select strftime({month}, '%Y-%m') as wave, min({month}) as day from {source} group by 1",
        }.items():
            raw.execute(f"copy ({what}) to '{folder / name}.parquet' (format parquet)")
    entities = {
        "deal": {
            "table": "clients",
            "key": "id",
            "fields": {
                "created_at": {"sql": "day", "type": "date"},
                "closed_at": {"sql": "day", "type": "date"},
                "status": "case when said_yes then 'won' else 'lost' end",
            },
        },
        "activity": {
            "table": "calls",
            "key": "number",
            "fields": {
                "type": "'call'",
                "direction": "'outbound'",
                "deal_id": "id",
                "done_at": {"sql": "day", "type": "date"},
            },
        },
        "campaign": {
            "table": "waves",
            "key": "wave",
            "fields": {"status": "'sent'", "started_at": {"sql": "day", "type": "date"}},
        },
        "campaign_member": {
            "table": "clients",
            "fields": {
                "campaign_id": "wave",
                "contact_id": "id",
                "sent_at": {"sql": "day", "type": "date"},
                "responded_at": {"sql": "case when said_yes then day end", "type": "date"},
            },
        },
        "service_call": {
            "table": "clients",
            "fields": {
                "direction": "'inbound'",
                "outcome": "'answered'",
                "queued_at": {"sql": "day", "type": "date"},
                "talk_s": "seconds",
            },
        },
    }
    files = {name: f"{name}.parquet" for name in ("clients", "calls", "waves")}
    return project(folder, files, entities, "EUR")


def test_answers_calls_and_talk_of_a_campaign(bank: Path, shared_data: Path) -> None:
    known = json.loads((shared_data / "expected.json").read_text(encoding="utf-8"))["expected"]
    [summary] = known["bank_marketing(open)"]["summary"]["value"]
    names = [
        "campaign_response_rate",
        "sales_calls_per_opportunity",
        "avg_handle_time",
        "responses_per_campaign",
        "campaign_responses_count",
    ]
    found = kpis(bank, {"from": "2008-01-01", "to": "2012-12-31"}, names)
    assert found["campaign_responses_count"] == summary["subscribed"]
    assert found["campaign_response_rate"] * 100 == pytest.approx(summary["response_pct"], abs=1e-4)
    assert found["sales_calls_per_opportunity"] == pytest.approx(summary["calls_per_client"], abs=1e-4)
    assert found["avg_handle_time"] == pytest.approx(summary["avg_duration_s"], abs=1e-4)
    file = shared_data / "bank_marketing_uci" / "bank-full.csv"
    [(waves,)] = duckdb.execute(
        f"select count(distinct month || year) from read_csv('{file}', delim = ';', all_varchar = true)"
    ).fetchall()
    assert found["responses_per_campaign"] == pytest.approx(summary["subscribed"] / waves)
