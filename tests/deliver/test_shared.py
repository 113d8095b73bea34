"""One statement for many values gives each what a statement of its own would.

Slow: each standard report is answered for many values, and for each alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlglot

from reportspec.burst import burst
from reportspec.burst.burst import run_each
from reportspec.burst.isolation import unparted
from reportspec.burst.shared import shared_statement
from reportspec.compile import compile_report
from reportspec.model.figures import Figures
from reportspec.model.spec import Report
from reportspec.timings import Timings
from tests.conftest import CHECKOUT, Draw
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SPECS = sorted(p.stem for p in (CHECKOUT / "specs").glob("*.yaml") if p.stem != "reportspec")
EVERYTHING = """
version: 1
period: 2026-Q3
compare: previous_year
for_each: {each}
sections:
  - id: tiles
    kpis: [won_amount, close_rate, leads_created_count, sales_cycle_days.median, customers_count, open_amount]
  - trend: {{metrics: [won_amount, open_amount], grain: month}}
  - trend: {{metrics: [leads_created_count], by: lead.source, grain: month}}
  - breakdown: {{metrics: [won_amount, close_rate, sales_cycle_days.p75], by: [user.name]}}
  - breakdown: {{metrics: [won_amount, leads_created_count], by: [account.industry], top: 2, others: true}}
  - funnel: {{steps: [leads_created_count, won_deals_count]}}
  - records: {{entity: deal, fields: [deal.name, deal.amount], sort: -deal.amount, limit: 3}}
"""


def asked(folder: Path, text: str) -> Report:
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: demo\ntimezone: Europe/Rome\nlocale: en_GB\ncurrency: EUR\n", "utf-8"
    )
    (folder / "spec.yaml").write_text(text, "utf-8")
    checked = load_report(folder / "spec.yaml", NOW, {})
    assert checked.report is not None, checked.diagnostics
    return checked.report


def told(
    report: Report, monkeypatch: pytest.MonkeyPatch, shared_from: int, only: tuple[str, ...] = ()
) -> list[tuple[str, Figures]]:
    """The figures by value, without what names the statements."""
    monkeypatch.setattr(burst, "SHARED_FROM", shared_from)
    made = run_each(compile_report(report), Timings(), only)
    return [
        (
            one.value,
            replace(
                figures,
                statements=(),
                definitions=tuple(replace(d, sql_hash="") for d in figures.definitions),
            ),
        )
        for one, figures in made
    ]


def both_ways(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch, only: tuple[str, ...] = ()) -> None:
    report = asked(folder, text)
    compiled = compile_report(report)
    assert all(shared_statement(report, one.query) is not None for one in compiled)
    apart, together = (told(report, monkeypatch, many, only) for many in (10**9, 1))
    assert len(apart) > 1
    assert apart == together


@pytest.mark.parametrize("each", ["user.name", "user.team", "account.region"])
def test_each_kind_of_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, each: str, draw: Draw) -> None:
    """By day four of the values have statements of their own, by night all."""
    report = asked(tmp_path, EVERYTHING.format(each=each))
    assert all(shared_statement(report, one.query) is not None for one in compile_report(report))
    together = told(report, monkeypatch, 1)
    values = [value for value, _ in together]
    some = tuple(Random(draw.seed).sample(values, min(draw.rounds(4, len(values)), len(values))))
    apart = told(report, monkeypatch, 10**9, some)
    assert len(apart) == len(some) > 1
    assert sorted(apart, key=lambda one: values.index(one[0])) == [one for one in together if one[0] in some]


@pytest.mark.slow
@pytest.mark.usefixtures("draw")
# The others are as their report types have them, which are held against a filter's in `test_burst`.
@pytest.mark.by_day(spec=("custom", "q3", "quotas"))
@pytest.mark.parametrize("spec", SPECS)
def test_standard_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str) -> None:
    text = (CHECKOUT / "specs" / f"{spec}.yaml").read_text("utf-8")
    # One who has sold, one who hardly has, and one who does not sell at all.
    some = ("Giulia Rossi", "Claire Lefèvre", "Salvatore D'Angelo")
    both_ways(tmp_path, f"{text}\nfor_each: user.name\n", monkeypatch, some)


def test_a_value_without_rows_has_what_nothing_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "version: 1\nperiod: 2031\nmetrics: [won_amount, won_deals_count, close_rate]\nfor_each: user.name\n"
    both_ways(tmp_path, text, monkeypatch)
    for _, figures in told(asked(tmp_path, text), monkeypatch, 1):
        assert [kpi.value for kpi in figures.sections[0].kpis] == [0, 0, None]


def test_many_values_take_as_many_statements_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reportspec.run import execute

    seen: list[int] = []
    run = execute.run_statements

    def counted(*given: Any) -> object:
        seen.append(len(given[2]))
        return run(*given)

    monkeypatch.setattr(execute, "run_statements", counted)
    report = asked(tmp_path, EVERYTHING.format(each="user.name"))
    compiled = compile_report(report)
    run_each(compiled, Timings())
    # One for the values, one for what the tables have, and one for whether people share names; then each statement once, and those that give a row of nothing twice.
    always = sum(bool(s and s.always) for s in (shared_statement(report, c.query) for c in compiled))
    # Tiles, funnel, totals of what does not add up (a stock, a percentile), and what the figures of both periods leave out.
    assert always == 5
    # Rows without a name are counted for the tiles, the percentile, the funnel's won deals and the list.
    assert seen == [3, len(compiled) + always + 4]


SAFE = [
    "SELECT o AS d0, SUM(a) AS s FROM t GROUP BY o",
    "SELECT o AS d0, a FROM t",
    "SELECT x.d0 AS d0, MAX(x.s) AS s FROM (SELECT o AS d0, SUM(a) AS s FROM t GROUP BY o, b) AS x GROUP BY x.d0",
    "SELECT x.d0 AS d0, x.s FROM (SELECT o AS d0, 1 AS s FROM t UNION ALL SELECT o AS d0, 2 AS s FROM u) AS x",
    "SELECT o AS d0, ROW_NUMBER() OVER (PARTITION BY o ORDER BY a) AS n FROM t",
    "SELECT u.o AS d0, SUM(t.a) AS s FROM t LEFT JOIN u ON t.k = u.k GROUP BY u.o",
    "SELECT t.o AS d0, COUNT(*) AS n FROM t CROSS JOIN (SELECT 1 AS i UNION ALL SELECT 2) AS c GROUP BY t.o, c.i",
]
UNSAFE = [
    "SELECT SUM(a) AS s FROM t",
    "SELECT 'x' AS d0, SUM(a) AS s FROM t",
    "SELECT MAX(o) AS d0, SUM(a) AS s FROM t",
    "SELECT MAX(o) AS d0, SUM(a) AS s FROM t GROUP BY b",
    "SELECT UPPER(o) AS d0, SUM(a) AS s FROM t GROUP BY b",
    "SELECT o AS d0, SUM(a) OVER () AS s FROM t",
    "SELECT o AS d0, SUM(a) OVER (PARTITION BY b) AS s FROM t",
    "SELECT o AS d0, (SELECT SUM(a) FROM t) AS s FROM t",
    "SELECT x.d0 AS d0, x.s FROM (SELECT MAX(o) AS d0, SUM(a) AS s FROM t GROUP BY b) AS x",
    "SELECT x.d0 AS d0, x.s FROM (SELECT o AS d0, 1 AS s FROM t UNION ALL SELECT MAX(p) AS d0, 2 AS s FROM u) AS x",
    "SELECT t.o AS d0, x.s FROM t CROSS JOIN (SELECT SUM(a) AS s FROM t) AS x",
    "SELECT t.o AS d0, x.s FROM t JOIN (SELECT k, SUM(a) AS s FROM t GROUP BY k) AS x ON x.k = t.k",
    "SELECT t.o AS d0, y.s FROM t, LATERAL (SELECT SUM(a) AS s FROM t) AS y",
]


@pytest.mark.parametrize("sql", SAFE)
def test_rows_of_one_value(sql: str) -> None:
    assert unparted(sqlglot.parse_one(sql, dialect="duckdb"), "d0", "o") is None


@pytest.mark.parametrize("sql", UNSAFE)
def test_rows_of_several_values_are_refused(sql: str) -> None:
    assert unparted(sqlglot.parse_one(sql, dialect="duckdb"), "d0", "o") is not None
