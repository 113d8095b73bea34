"""What the history keeps of a deal and its record does not: the checks read what the figures read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from reportspec.contract.survey import ask
from reportspec.errors import ReportspecError
from reportspec.model.findings import Check
from reportspec.sql.dialects.common import lands_rows
from reportspec.sql.examples_sql import examples_statement, recount_statement
from reportspec.sql.known_order import NOTHING_KNOWN, KnownOrder
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of
from tests.loading import load_report

# Today nobody expects `date`, of which the history has a day, nor `none`, of which it has none. The history's
# last day of `moved` is empty and its record's is not.
DEALS = """deal_id,stage_id,status,amount,currency,created_at,closed_at,expected_close_date
date,S,open,10,EUR,2026-08-01 10:00:00,,
none,S,open,200,EUR,2026-08-01 10:00:00,,
moved,S,open,3000,EUR,2026-08-01 10:00:00,,2026-11-20
"""
CHANGES = """deal_id,stage_id,entered_at,expected_close_date
date,S,2026-08-01 10:00:00,2026-11-10
none,S,2026-08-01 10:00:00,
moved,S,2026-08-01 10:00:00,
"""
STAGES = "stage_id,name,position,is_won,is_lost,probability\nS,Talk,1,false,false,0.5\nW,Won,2,true,false,1\n"
SPEC = {
    "period": "2026-11",
    "sections": [{"id": "x", "kpis": ["forecast_open_count", "forecast_open_amount"]}],
}
ORDERED = KnownOrder(frozenset({("deal_stage_history", "deal_id", "entered_at")}))  # no two changes have one time


def _project(folder: Path, changes: str = CHANGES, deals: str = DEALS) -> Path:
    return project_of(folder, {"stage": STAGES, "deal": deals, "deal_stage_history": changes})


def test_open_deals_are_told_of_where_no_day_is_known(tmp_path: Path) -> None:
    found = figures(_project(tmp_path), SPEC)
    # `date` by the history and `moved` by its record, 10 and 3000: `none` is in no period.
    assert rows(found, "x") == [{"forecast_open_count": 2, "forecast_open_amount": 3010}]
    told = [one for one in found.footnotes if one.startswith("Open deals without an expected")]
    assert told == [
        "Open deals without an expected closing date: 1 of 3 deals. They are in no amount by expected closing date."
    ]


def test_nobody_is_told_of_where_the_history_knows_all(tmp_path: Path) -> None:
    deals = DEALS.replace("none,S,open,200,EUR,2026-08-01 10:00:00,,\n", "")
    found = figures(_project(tmp_path, deals=deals), SPEC)
    assert not [one for one in found.footnotes if one.startswith("Open deals without an expected")]


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_reports_of_the_past_tell_of_what_was_there_as_it_was(engine: str, tmp_path: Path) -> None:
    """On October 1 there are four deals: `moved` with a day; `lost` without one, which is closed today; `dated`, lost
    today with the day that it got when it was; `none` without one. `early` was closed by then, `late` came later."""
    more = """lost,L,lost,40,EUR,2026-08-01 10:00:00,2026-10-20 10:00:00,
dated,L,lost,50,EUR,2026-08-01 10:00:00,2026-10-25 10:00:00,2026-10-25
early,L,lost,60,EUR,2026-07-01 10:00:00,2026-09-20 10:00:00,
late,S,open,70,EUR,2026-10-05 10:00:00,,
"""
    deals = DEALS.replace("date,S,open,10,EUR,2026-08-01 10:00:00,,\n", "") + more
    changes = """deal_id,stage_id,entered_at,expected_close_date
none,S,2026-08-01 10:00:00,
moved,S,2026-08-01 10:00:00,2026-11-10
lost,S,2026-08-01 10:00:00,
lost,L,2026-10-20 10:00:00,
dated,S,2026-08-01 10:00:00,2026-10-30
dated,L,2026-10-25 10:00:00,2026-10-25
early,S,2026-07-01 10:00:00,
early,L,2026-09-20 10:00:00,
late,S,2026-10-05 10:00:00,
"""
    stages = STAGES + "L,Lost,3,false,true,0\n"
    tables = {"stage": stages, "deal": deals, "deal_stage_history": changes}
    folder = project_of(tmp_path, tables, engine)
    said = "Open deals without an expected closing date: {} deals. They are in no amount by expected closing date."
    now = datetime(2026, 11, 28, tzinfo=UTC)
    for period, today, counted in (
        ("2026-09", now, "2 of 5"),
        ("2026-Q4", datetime(2026, 10, 1, tzinfo=UTC), "2 of 5"),
        ("2026-11", now, "2 of 6"),  # `none` and `late`
    ):
        found = figures(folder, {**SPEC, "period": period}, today)
        told = [one for one in found.footnotes if one.startswith("Open deals without an expected")]
        assert told == [said.format(counted)], period


def test_percentages_in_the_history_are_refused(tmp_path: Path) -> None:
    changes = """deal_id,stage_id,entered_at,probability
date,S,2026-08-01 10:00:00,50
date,S,2026-10-01 10:00:00,0.6
"""
    deals = (
        DEALS.replace("expected_close_date\n", "expected_close_date,probability\n")
        .replace("2026-11-20\n", "2026-11-20,0.7\n")
        .replace(",,\n", ",,,0.7\n")
    )
    spec = {"period": "2026-08", "sections": [{"id": "x", "kpis": ["open_weighted_amount"]}]}
    with pytest.raises(ReportspecError, match="Stage changes whose probability is not between 0 and 1"):
        figures(_project(tmp_path, changes, deals), spec)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_what_is_asked_of_broken_records_alone_is_what_all_would_say(engine: str, tmp_path: Path) -> None:
    """Reckoned in Python from what was drawn: an open deal has no expected day where neither it nor any change of its
    has one, and a won one no closing where neither it nor the last stage of its history has."""
    r = Random(11)
    deals, changes = [DEALS.splitlines()[0]], ["deal_id,stage_id,entered_at,expected_close_date"]
    unexpected, unclosed = set(), set()
    for number in range(120):
        key, status = f"d{number}", r.choice(["open", "open", "won"])
        expected = r.choice(["", "", "2026-12-01"])
        closed = r.choice(["", "2026-10-10 10:00:00"]) if status == "won" else ""
        deals.append(f"{key},S,{status},10,EUR,2026-08-01 10:00:00,{closed},{expected}")
        day, said, last = datetime(2026, 8, 1), bool(expected), ""
        for _ in range(r.randint(0, 4)):
            day += timedelta(days=r.randint(1, 12))
            then, last = r.choice(["", "", "", "2026-11-10"]), r.choice("SST" + ("W" if status == "won" else "T"))
            changes.append(f"{key},{last},{day:%Y-%m-%d} 10:00:00,{then}")
            said = said or bool(then)
        if status == "open" and not said:
            unexpected.add(key)
        if status == "won" and not closed and last != "W":
            unclosed.add(key)
    tables = {
        "stage": STAGES + "T,Tell,3,false,false,0.7\n",
        "deal": "\n".join(deals),
        "deal_stage_history": "\n".join(changes),
    }
    folder = project_of(tmp_path, tables, engine)
    (folder / "x.yaml").write_text(
        "version: 1\nreport: custom\nperiod: 2026-11\nmetrics: [forecast_open_count]\n", encoding="utf-8"
    )
    report = load_report(folder / "x.yaml", datetime(2026, 11, 28, tzinfo=UTC), {}).report
    assert report is not None
    wanted = {"without an expected": unexpected, "Won deals without": unclosed}
    for label, keys in wanted.items():
        [expected_of] = [one for one in report.binding.entity("deal").expects if label in one.label["en"]]
        check = Check("unlikely-rows", "deal", expectation=expected_of)
        asked = [
            f(report.binding, check, known)
            for known in (NOTHING_KNOWN, ORDERED)
            for f in (recount_statement, examples_statement)
        ]
        assert all("IN (SELECT" in tree.sql() for tree in asked), "the history of all is ordered for that of a few"
        for tree in asked:  # else MariaDB joins each record with each
            landed = {cte.alias for cte in tree.args["with_"].expressions if lands_rows(cte.this)}
            assert {"deal_row", "deal_stage_history", "stage"} <= landed
        found = ask(report, asked)
        for counted, shown in (found[:2], found[2:]):
            assert counted.rows[0][0] == len(keys) > 5
            assert {row[0] for row in shown.rows} <= keys
            assert len(shown.rows) == 2
