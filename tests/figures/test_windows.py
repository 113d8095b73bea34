"""What a period answers already is not asked again, and the answer stays the same."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from sqlglot import exp, parse_one

from reportspec.sql.windows import Window, any_window, bare
from tests.figures.asking import figures, rows

TIMES = ["NULL", *(f"TIMESTAMP '2026-{month:02}-01'" for month in range(1, 8))]
ROWS = "SELECT * FROM (VALUES {}) d(status, made, closed)".format(
    ", ".join(
        f"({status}, {made}, {closed})" for status in ("'open'", "'won'", "NULL") for made in TIMES for closed in TIMES
    )
)


def sql(text: str) -> exp.Expr:
    return parse_one(text, dialect="duckdb")


def at(month: int) -> exp.Expr:
    return sql(f"CAST('2026-{month:02}-01 00:00:00' AS TIMESTAMP)")


def rows_with(condition: str) -> list[tuple[object, ...]]:
    return duckdb.sql(f"SELECT * FROM ({ROWS}) d WHERE {condition}").fetchall()


def in_window(window: Window) -> str:
    return " AND ".join(c.sql("duckdb") for c in window.conditions)


@pytest.mark.parametrize("as_of", [3, 5, 6])
@pytest.mark.parametrize(
    "text",
    [
        "CASE WHEN d.closed >= {at} THEN 'open' ELSE d.status END = 'won'",
        "CASE WHEN d.closed >= {at} THEN 'open' ELSE d.status END IN ('won', 'open')",
        "CASE WHEN d.closed < {at} THEN d.closed END > d.made",
        "CASE WHEN d.made >= {at} THEN 'open' ELSE d.status END = 'won'",
        "d.closed IS NULL OR d.closed < {at}",
        "d.made IS NULL OR d.made < {at}",
        "CASE WHEN d.closed >= {at} THEN NULL ELSE d.status END IS NULL",
        "NOT CASE WHEN d.closed >= {at} THEN 'open' ELSE d.status END = 'won'",
    ],
)
def test_a_condition_keeps_its_rows(text: str, as_of: int) -> None:
    window = Window(sql("d.closed"), at(2), at(5))
    asked = sql(text.format(at=at(as_of).sql("duckdb")))
    before = asked.sql("duckdb")
    left = window.condition(asked)
    assert asked.sql("duckdb") == before
    rest = "TRUE" if left is None else left.sql("duckdb")
    expected = rows_with(f"{in_window(window)} AND ({before})")
    assert rows_with(f"{in_window(window)} AND ({rest})") == expected


def test_what_is_certain_is_dropped_and_what_is_not_stays() -> None:
    window = Window(sql("d.closed"), at(2), at(5))
    certain = sql(f"d.closed IS NULL OR d.closed < {at(5).sql('duckdb')}")
    open_still = sql(f"d.closed IS NULL OR d.closed < {at(4).sql('duckdb')}")
    assert window.condition(certain) is None
    assert window.condition(open_still) is open_still


def test_a_time_that_is_known_only_later_is_not_bare() -> None:
    known = sql(f"CASE WHEN d.closed < {at(4).sql('duckdb')} THEN d.closed END")
    assert bare(known, at(4)) == sql("d.closed")
    assert bare(known, at(5)) is known


def test_periods_that_meet_are_one_range() -> None:
    column = sql("d.closed")
    meeting = [Window(column, at(4), at(6)), Window(column, at(2), at(4))]
    apart = [Window(column, at(5), at(6)), Window(column, at(2), at(4))]
    assert len(any_window(meeting)) == 2
    for windows in (meeting, apart):
        either = " OR ".join(f"({in_window(window)})" for window in windows)
        joined = " AND ".join(f"({c.sql('duckdb')})" for c in any_window(windows))
        assert rows_with(joined) == rows_with(either)


def test_deals_that_came_from_an_older_system(tmp_path: Path) -> None:
    """They were closed before the day on which they were created here, and count when they closed."""
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n"
    )
    (tmp_path / "m.yaml").write_text(
        "timezone: UTC\nentities: {deal: {table: deals, key: id, fields: {status: status,"
        " amount: amount, created_at: created_at, closed_at: closed_at}}}\n"
    )
    (tmp_path / "deals.csv").write_text(
        "id,status,amount,created_at,closed_at\n"
        "a,won,100,2026-08-01 10:00:00,2025-05-03 09:00:00\n"  # moved here in August 2026
        "b,won,50,2025-04-01 10:00:00,2025-05-20 09:00:00\n"
        "c,won,70,2026-04-01 10:00:00,2026-05-20 09:00:00\n"
        "d,open,9,2026-08-01 10:00:00,\n"
    )
    sections = [
        {"id": "k", "kpis": ["won_amount", "won_deals_count", "open_opportunities_count"]},
        {"id": "t", "trend": {"metrics": ["won_amount"], "grain": "month"}},
    ]
    found = figures(tmp_path, {"period": "2026-Q2", "compare": "previous_year", "sections": sections})
    told = {kpi.column.metric: (kpi.value, kpi.previous) for kpi in found.sections[0].kpis}
    assert told == {
        "won_amount": (70, 150),
        "won_deals_count": (1, 2),
        "open_opportunities_count": (0, 0),
    }
    assert [row["won_amount__previous"] for row in rows(found, "t")] == [0, 150, 0]
