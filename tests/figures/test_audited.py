"""Figures that were worked out by hand from a few rows, on files and in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.figures.asking import figures, rows

Make = Callable[..., Path]


@pytest.fixture(params=["duckdb", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes a project of tables, which are CSV texts."""

    def made(tables: dict[str, str], more: str = "timezone: Europe/Rome\n") -> Path:
        mapping = "entities:\n"
        base = sqlite3.connect(tmp_path / "crm.db")
        for name, text in tables.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
            head, *lines = text.splitlines()
            names = head.split(",")
            mapping += f"  {name}:\n    table: {name}\n    fields:\n"
            mapping += "".join(f"      {one}: {one}\n" for one in names)
            base.execute(f"create table {name} ({', '.join(names)})")
            for line in lines:
                values = [_value(one) for one in line.split(",")]
                base.execute(f"insert into {name} values ({', '.join('?' for _ in names)})", values)
        base.commit()
        base.close()
        source = "source:\n  files:\n" + "".join(f"    {one}: {one}.csv\n" for one in tables)
        if request.param == "sqlite":
            source = "source: sqlite:///crm.db\n"
        (tmp_path / "mapping.yaml").write_text(mapping, encoding="utf-8")
        (tmp_path / "reportspec.yaml").write_text(
            f"version: 1\n{source}mapping: mapping.yaml\ncurrency: EUR\n{more}", encoding="utf-8"
        )
        return tmp_path

    return made


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return int(text == "true")
    return int(text) if text.isdecimal() else text or None


def _figures(folder: Path, spec: dict[str, Any], wanted: list[str]) -> list[Any]:
    found = figures(folder, {**spec, "sections": [{"id": "x", "kpis": wanted}]})
    [row] = rows(found, "x")
    return [row[name] for name in wanted]


ZONES = [
    "timezone: Europe/Rome\n",
    "timezone: Europe/Rome\nsource_timezone: America/New_York\n",
    "timezone: America/New_York\nsource_timezone: Europe/Rome\n",
]


@pytest.mark.parametrize("zones", ZONES)
@pytest.mark.parametrize(
    ("as_of", "grace", "due", "pending"),
    [
        # The contract ends on 12 October; with one day of grace its last day is the 13th.
        ("2026-10-12T12:00", 0, 0, 1),
        ("2026-10-12", 0, 1, 0),
        ("2026-10-12T12:00", 1, 0, 1),
        ("2026-10-12", 1, 0, 1),
        ("2026-10-13T16:30", 1, 0, 1),
        ("2026-10-13", 1, 1, 0),
    ],
)
def test_renewals_are_pending_to_the_end_of_the_last_day_of_grace(
    make: Make, zones: str, as_of: str, grace: int, due: int, pending: int
) -> None:
    head = "contract_id,account_id,starts_at,ends_at,value,currency,renewed_by_contract_id\n"
    folder = make(
        {
            "account": "account_id,name\nk,K\n",
            "contract": head + "x,k,2026-01-01,2026-10-12,10,EUR,\n",
        },
        zones,
    )
    wanted = [f"contracts_{one}_count(grace_days={grace})" for one in ("due", "pending")]
    spec = {"period": "2026-10", "as_of": as_of}
    assert _figures(folder, spec, wanted) == [due, pending]


def test_a_successor_from_the_last_day_of_grace_renews(make: Make) -> None:
    head = "contract_id,account_id,starts_at,ends_at,value,currency,renewed_by_contract_id\n"
    old, new = "x,k,2026-01-01,2026-10-12,10,EUR,y\n", "y,k,2026-10-13,2027-10-12,12,EUR,\n"
    folder = make({"account": "account_id,name\nk,K\n", "contract": head + old + new})
    spec = {"period": "2026-10", "as_of": "2026-10-13"}
    wanted = [f"renewal_rate(grace_days={grace})" for grace in (0, 1)]
    assert _figures(folder, spec, wanted) == [0, 1]


SESSIONS = """session_id,started_at,ended_at
one,2026-10-01 10:00:00,2026-10-01 10:01:40
two,2026-10-02 10:00:00,2026-10-02 10:05:00
unseen,2026-10-03 10:00:00,2026-10-03 10:00:20
still,2026-10-04 10:00:00,2026-10-04 10:00:00
"""
VIEWS = """session_id,url,viewed_at
one,/,2026-10-01 10:00:00
two,/,2026-10-02 10:00:00
two,/a,2026-10-02 10:04:00
"""
LENGTHS = ["time_on_site_avg", "time_on_site_avg.without_bounces"]


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        # (0 + 300 + 20 + 0) / 4: `one` is of one page, of `unseen` nobody knows the pages.
        ({"web_session": SESSIONS, "pageview": VIEWS}, [80, 160]),
        # Without pages only the times tell: (100 + 300 + 20 + 0) / 4.
        ({"web_session": SESSIONS}, [105, 140]),
    ],
)
def test_a_visit_of_one_page_lasts_no_time(make: Make, tables: dict[str, str], expected: list[float]) -> None:
    assert _figures(make(tables), {"period": "2026-10"}, LENGTHS) == expected


INSTANT = """session_id,started_at,ended_at,pages
several,2026-10-01 10:00:00,2026-10-01 10:00:00,3
long,2026-10-02 10:00:00,2026-10-02 10:01:40,2
one,2026-10-03 10:00:00,,1
many,2026-10-04 10:00:00,,2
unseen,2026-10-05 10:00:00,2026-10-05 10:00:00,
"""


def test_pages_tell_a_visit_of_one_page_before_its_duration_does(make: Make) -> None:
    # `several` lasts less than a second and is no visit of one page. `one` counts as 0 though it has no end; `many`
    # has none either, and nobody knows how long it was. (0 + 100 + 0 + 0) / 4, and without the bounces (0 + 100) / 2:
    # of `unseen` nobody knows the pages, so that its duration tells.
    folder = make({"web_session": INSTANT})
    assert _figures(folder, {"period": "2026-10"}, LENGTHS) == [25, 50]
    said = figures(folder, {"report": "custom", "period": "2026-10", "sections": [{"kpis": LENGTHS}]}).footnotes
    assert "Time on the web site: 1 web session without a value left out." in said


def test_a_lead_becomes_a_customer_with_its_first_purchase(make: Make) -> None:
    folder = make(
        {
            # `x` buys after 10 days and again after 100, `y` after 20. `z` had bought before it became a lead.
            "lead": "lead_id,source,status,created_at\nx,Web,new,2026-06-01 10:00:00\ny,Fair,new,2026-06-01 10:00:00\n"
            "z,Fair,new,2026-06-01 10:00:00\n",
            "deal": "deal_id,lead_id,status,amount,currency,created_at,closed_at\n"
            "again,x,won,1,EUR,2026-06-01 10:00:00,2026-09-09 10:00:00\n"
            "first,x,won,1,EUR,2026-06-01 10:00:00,2026-06-11 10:00:00\n"
            "only,y,won,1,EUR,2026-06-01 10:00:00,2026-06-21 10:00:00\n"
            "before,z,won,1,EUR,2026-05-01 10:00:00,2026-05-11 10:00:00\n"
            "later,z,won,1,EUR,2026-06-01 10:00:00,2026-06-11 10:00:00\n"
            "lost,y,lost,1,EUR,2026-06-01 10:00:00,2026-06-05 10:00:00\n",
        }
    )
    # (10 + 20) / 2
    assert _figures(folder, {"period": "2026-06", "as_of": "2026-10-30"}, ["lead_to_customer_days"]) == [15]
    by = {"metrics": ["lead_to_customer_days", "conversion_speed"], "by": ["lead.source"]}
    spec = {"period": "2026-06", "as_of": "2026-10-30", "sections": [{"id": "b", "breakdown": by}]}
    found = {row["lead.source"]: list(row.values())[1:3] for row in rows(figures(folder, spec), "b")}
    assert found == {"Web": [10, 2], "Fair": [20, 0.5]}


@pytest.mark.parametrize(("period", "won"), [("2026-01", 130), ("2026-03", 300)])
def test_a_closed_deal_has_its_record_s_amount_unless_it_was_reopened(make: Make, period: str, won: int) -> None:
    # `kept` was won with 20 and its record says 30 today; `again` was won with 100, reopened, and won with 300.
    folder = make(
        {
            "account": "account_id,name\nk,K\n",
            "stage": "stage_id,name,position,is_won,is_lost\nS,Talk,1,false,false\nW,Won,2,true,false\n",
            "deal": "deal_id,account_id,stage_id,status,amount,currency,created_at,closed_at\n"
            "kept,k,W,won,30,EUR,2026-01-01 10:00:00,2026-01-10 10:00:00\n"
            "again,k,W,won,300,EUR,2026-01-01 10:00:00,2026-03-10 10:00:00\n",
            "deal_stage_history": "deal_id,stage_id,entered_at,amount,currency\n"
            "kept,S,2026-01-01 10:00:00,10,EUR\nkept,W,2026-01-10 10:00:00,20,EUR\n"
            "again,S,2026-01-01 10:00:00,90,EUR\nagain,W,2026-01-12 10:00:00,100,EUR\n"
            "again,S,2026-02-12 10:00:00,200,EUR\nagain,W,2026-03-10 10:00:00,300,EUR\n",
        }
    )
    assert _figures(folder, {"period": period}, ["won_amount", "purchases_amount"]) == [won, won]


def test_a_draft_was_not_launched_and_costs_nothing(make: Make) -> None:
    folder = make(
        {
            "campaign": "campaign_id,name,status,started_at,actual_cost,currency\n"
            "a,Fair,sent,2026-10-01 10:00:00,100,EUR\nb,Mail,cancelled,2026-10-01 10:00:00,20,EUR\n"
            "c,Idea,draft,2026-10-01 10:00:00,3,EUR\n",
        }
    )
    assert _figures(folder, {"period": "2026-10"}, ["campaign_cost_amount"]) == [120]


def test_a_source_may_count_the_pages_itself(make: Make) -> None:
    head, *lines = SESSIONS.splitlines()
    counted = "".join(f"{line},{n}\n" for line, n in zip(lines, ("", 1, 2, 1), strict=True))
    # Of `one` the source says nothing and there is one view; `two` is said to be of one page.
    folder = make({"web_session": f"{head},pages\n{counted}", "pageview": VIEWS})
    assert _figures(folder, {"period": "2026-10"}, LENGTHS) == [5, 20]


def test_margins_are_of_what_has_revenue_and_cost(make: Make) -> None:
    folder = make(
        {
            "account": "account_id,name\nk,K\n",
            "product": "product_id,name,unit_cost\nP,P,60\nQ,Q,\n",
            "deal": "deal_id,account_id,status,amount,currency,created_at,closed_at\n"
            "a,k,won,150,EUR,2026-09-01 10:00:00,2026-10-10 10:00:00\n"
            "b,k,won,100,EUR,2026-09-01 10:00:00,2026-10-11 10:00:00\n",
            "deal_product": "deal_id,product_id,quantity,currency,amount\na,P,1,EUR,100\na,Q,1,EUR,50\nb,P,1,EUR,\n",
        }
    )
    wanted = ["product_margin_amount", "product_margin_rate", "customer_margin_amount"]
    wanted += ["product_revenue_amount", "product_cost_amount"]
    # Of Q nobody knows the cost, of the second P the revenue: 100 - 60, of 100.
    assert _figures(folder, {"period": "2026-10"}, wanted) == [40, 0.4, 40, 150, 120]
