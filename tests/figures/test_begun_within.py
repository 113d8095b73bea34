"""With a period in which the data only begin nothing is compared that is counted over it. What is right is counted by
hand from the rows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reportspec.model.figures import Figures
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of
from tests.figures.test_late_rates import checks

STAGES = "stage_id,name,position,is_won,is_lost\nA,Talk,1,false,false\nW,Won,2,true,false\nL,Lost,3,false,true\n"
HEAD = "deal_id,stage_id,status,amount,currency,created_at,closed_at,expected_close_date,source,deal_type,owner_id\n"
NOW = datetime(2026, 2, 1, tzinfo=UTC)
SPEC: dict[str, Any] = {"report": "pipeline", "period": "2025", "compare": "previous_year"}


def _tables(begin: datetime) -> dict[str, str]:
    """A deal each week from an instant to the end of 2025: of three one is won after 20 days, one lost, one open."""
    deals, changes, at = "", "", begin
    while at < datetime(2026, 1, 1):
        n = (at - begin).days // 7
        stage, status = (("W", "won"), ("L", "lost"), ("A", "open"))[n % 3]
        closed = at + timedelta(20) if status != "open" else None
        deals += f"d{n},{stage},{status},100,EUR,{at},{closed or ''},2026-12-31,Web,renewal,u\n".replace(
            "renewal", "new_business"
        )
        changes += f"d{n},A,{at}\n" + (f"d{n},{stage},{closed}\n" if closed else "")
        at += timedelta(7)
    return {"stage": STAGES, "deal": HEAD + deals, "deal_stage_history": "deal_id,stage_id,entered_at\n" + changes}


FLOWS = {"headline": ("new_revenue_amount", "close_rate"), "movements": ("deals_created_count", "stage_advances_count")}


def _compared(found: Figures) -> dict[str, Any]:
    return {name: rows(found, section)[0][f"{name}__previous"] for section, names in FLOWS.items() for name in names}


def test_flows_of_a_period_that_the_data_have_a_part_of_are_not_compared(tmp_path: Path) -> None:
    """From July 2024 on: the first half of that year is missing."""
    found = figures(project_of(tmp_path, _tables(datetime(2024, 7, 2, 9))), SPEC, NOW)
    assert set(_compared(found).values()) == {None}
    [tiles] = rows(found, "headline")
    assert tiles["new_revenue_amount"] > 0
    # 27 deals were begun in 2024, the last 9 of them on 5, 12, 19, 26 November and so on; every third is never closed.
    assert tiles["open_opportunities_count__previous"] > 0  # what was open at its end is known
    assert found.headline is not None
    assert not [
        one
        for one in (*found.headline.title, *found.headline.lead)
        if one.metric in FLOWS["headline"] and one.kind in ("rose", "fell")
    ]
    assert any("the data begin on Jul 2, 2024" in note for note in found.footnotes)
    assert not any("is with a part" in note for note in found.footnotes)


@pytest.mark.parametrize("begin", [datetime(2025, 1, 2, 9), datetime(2025, 3, 5, 9)])
def test_nothing_is_compared_with_a_period_before_all_data(begin: datetime, tmp_path: Path) -> None:
    """Of 2024 there is no row: neither what was counted over it nor what was open at its end is known, and no change is
    made of that, in tiles, tables, drivers or sentences."""
    found = figures(project_of(tmp_path, _tables(begin)), SPEC, NOW)
    assert set(_compared(found).values()) == {None}
    [tiles] = rows(found, "headline")
    assert tiles["open_opportunities_count__previous"] is None
    assert tiles["new_revenue_amount"] > 0
    for section in found.sections:
        names = [column.name for column in section.columns]
        before = [at for at, name in enumerate(names) if name.endswith("__previous")]
        assert {row[at] for row in (*section.rows, *filter(None, [section.total])) for at in before} <= {None}
        assert {(kpi.previous, kpi.change) for kpi in section.kpis} <= {(None, None)}
    [drivers] = [section for section in found.sections if section.id == "revenue_drivers"]
    assert drivers.rows == ()
    assert not [one for one in (*found.headline.title, *found.headline.lead) if one.kind in ("rose", "fell")]
    day = f"{begin:%b} {begin.day}, 2025"
    assert any(f"Deals: the data begin on {day}, after 2024 is over" in note for note in found.footnotes)


def test_that_it_was_founded_then_can_be_said_of_a_period_before_all_data_too(tmp_path: Path) -> None:
    project_of(tmp_path, _tables(datetime(2025, 1, 2, 9)))
    checks(tmp_path, {"ignore": [{"check": "no-rows", "reason": "We began in January 2025."}]})
    found = figures(tmp_path, SPEC, NOW)
    assert _compared(found)["deals_created_count"] == 0
    assert rows(found, "movements")[0]["deals_created_count"] == 52


def test_of_a_whole_period_they_are(tmp_path: Path) -> None:
    """From 2023 on: 53 deals were begun on Mondays of 2024 from the 1st, 52 on those of 2025."""
    found = figures(project_of(tmp_path, _tables(datetime(2023, 1, 2, 9))), SPEC, NOW)
    assert None not in _compared(found).values()
    assert _compared(found)["deals_created_count"] == 53
    assert rows(found, "movements")[0]["deals_created_count"] == 52


def test_the_first_of_a_rare_kind_is_no_beginning(tmp_path: Path) -> None:
    """The first deal was won in July 2024, and deals were created for a year before: that none was won then is known."""
    tables = _tables(datetime(2023, 1, 2, 9))
    kept = [line for line in tables["deal"].splitlines() if "won" not in line or line.split(",")[6] > "2024-07"]
    found = figures(project_of(tmp_path, {**tables, "deal": "\n".join(kept) + "\n"}), SPEC, NOW)
    assert rows(found, "headline")[0]["new_revenue_amount__previous"] > 0


def test_a_company_that_began_then_says_so(tmp_path: Path) -> None:
    project_of(tmp_path, _tables(datetime(2024, 7, 2, 9)))
    checks(tmp_path, {"ignore": [{"check": "late-start", "reason": "We began in July 2024."}]})
    assert None not in _compared(figures(tmp_path, SPEC, NOW)).values()


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize(("begin", "before"), [(datetime(2024, 7, 2, 9), None), (datetime(2023, 1, 3, 9), "known")])
def test_what_is_in_a_period_by_the_time_of_something_else(
    begin: datetime, before: str | None, engine: str, tmp_path: Path
) -> None:
    """Lines of deals are sold when the deal was won, members are of the period that their campaign began in, costs are
    of a month. Where all is there from 2023 on, all of 2024 is counted here from the rows."""
    tables = _tables(begin)
    won = [line.split(",")[0] for line in tables["deal"].splitlines() if ",won," in line]
    months = [(at.year, at.month) for at in (begin + timedelta(days=30 * n) for n in range(40)) if at.year < 2026]
    tables |= {
        "product": "product_id,name,unit_cost\np,P,1\n",
        "account": "account_id,name\na,A\n",
        "deal_product": "line,deal_id,product_id,quantity,amount,currency\n"
        + "".join(f"{n},{deal},p,1,10,EUR\n" for n, deal in enumerate(won)),
        "sales_marketing_cost": "line,month,amount,currency\n"
        + "".join(f"{n},{year}-{month:02}-01,5,EUR\n" for n, (year, month) in enumerate(dict.fromkeys(months))),
        "campaign": "campaign_id,name,status,started_at\n"
        + "".join(f"c{n},C{n},active,{begin + timedelta(days=21 * n)}\n" for n in range(52)),
        "campaign_member": "line,campaign_id,contact_id,sent_at,bounced_at\n"
        + "".join(f"{n},c{n},k,{begin + timedelta(days=21 * n)},\n" for n in range(52)),
    }
    head, *lines = tables["deal"].splitlines()
    tables["deal"] = f"{head},account_id\n" + "".join(f"{line},a\n" for line in lines)
    names = ["product_revenue_amount", "sales_marketing_cost_amount", "campaign_delivered_count"]
    spec = {**SPEC, "report": "custom", "sections": [{"id": "x", "kpis": names}]}
    [tiles] = rows(figures(project_of(tmp_path, tables, engine), spec, NOW), "x")
    if before is None:
        assert [tiles[f"{name}__previous"] for name in names] == [None] * 3
    else:
        sold = [line for line in lines if ",won," in line and line.split(",")[6].startswith("2024")]
        launched = [n for n in range(52) if (begin + timedelta(days=21 * n)).year == 2024]
        assert [tiles[f"{name}__previous"] for name in names] == [10 * len(sold), 12 * 5, len(launched)]
    assert all(tiles[name] > 0 for name in names)


@pytest.mark.parametrize("language", ["it", "de", "es", "fr"])
def test_in_every_language(language: str, tmp_path: Path) -> None:
    spec = {**SPEC, "language": language, "sections": [{"id": "x", "kpis": ["won_amount"]}], "report": "custom"}
    found = figures(project_of(tmp_path, _tables(datetime(2024, 7, 2, 9))), spec, NOW)
    [tile] = rows(found, "x")
    assert tile["won_amount__previous"] is None
    assert any(re.search("2[. ].*2024", note) for note in found.footnotes)
