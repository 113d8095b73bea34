"""The terminal says what the pages say: numbers are rounded in one way, periods have one name, totals are in the data."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from reportspec.formats.json_text import as_data
from reportspec.formats.markdown import as_markdown
from reportspec.formats.terminal import as_table
from reportspec.model.figures import Column, Goal, Kpi, Section
from reportspec.render import locale
from reportspec.rounding import half_up
from tests.figures.asking import figures
from tests.render import sample

HALVES = [(0.5625, "56.3"), (0.0005, "0.1"), (0.1235, "12.4"), (-0.5625, "56.3"), (0.9995, "100.0"), (0.00049, "0.0")]


@pytest.mark.parametrize(("value", "said"), HALVES)
@pytest.mark.parametrize("kind", [float, lambda v: Decimal(repr(v))])
def test_a_half_is_rounded_up_in_each_form(kind: Any, value: float, said: str) -> None:
    column = Column("close_rate", "Close rate", "number", "percent", "metric")
    name = Column("user.name", "Name", "text")
    section = Section("a", "breakdown", "A", (name, column), (("Anna", kind(value)),))
    found = sample.figures("en", (section,))
    assert said in as_table(found)
    assert f"{said}%" in as_markdown(found)


def test_amounts_in_charts_and_on_the_terminal() -> None:
    amount = Column("won_amount", "Won", "number", "currency", "metric")
    formats = locale.formats_for(sample.figures("en", ()))
    assert locale.compact(formats, 1_125_000, amount).endswith("1.13M")
    assert locale.compact(formats, 12_250, amount).endswith("12.3K")
    section = Section("a", "breakdown", "A", (Column("n", "N", "text"), amount), (("Anna", 2.125), ("Bea", 0.375)))
    said = as_table(sample.figures("en", (section,)))
    assert "2.13" in said
    assert "0.38" in said


def test_units_and_goals_on_the_terminal() -> None:
    amount = Column("won_amount", "Won", "number", "currency", "metric", currency="EUR")
    cycle = Column("sales_cycle_days", "Sales cycle", "number", "days", "metric")
    rate = Column("close_rate", "Close rate", "number", "percent", "metric")
    goal = Goal(2000.0, "up", 0.75, None, "missed", 1.0, difference=-500.0)
    kpis = (Kpi(amount, 1500.5, 1000, goal=goal), Kpi(cycle, 14.8), Kpi(rate, 0.5))
    tiles = Section("h", "kpis", "Headline", shape="tiles", kpis=kpis)
    people = Column("user.name", "Name", "text")
    table = Section("t", "breakdown", "Who", (people, amount, cycle, rate), (("Anna", 1500.5, 14.8, 0.5),))
    lines = [" ".join(line.split()) for line in as_table(sample.figures("en", (tiles, table))).splitlines()]
    assert "Previous Δ Goal" in lines
    assert "Won €1,500.50 €1,000.00 – €2,000.00 Missed" in lines
    assert "Sales cycle 14.80 d n/a –" in lines
    assert "Close rate 50.0 % n/a –" in lines
    assert "Name Won (EUR) Sales cycle (days) Close rate" in lines
    assert "Anna 1,500.50 14.80 50.0 %" in lines


@pytest.mark.parametrize(
    ("value", "decimals", "said"),
    [(2.5, 0, "3"), (-2.5, 0, "-3"), (-0.4, 0, "0"), (1.005, 2, "1.01"), (1250, -2, "1.3E+3")],
)
def test_halves(value: float, decimals: int, said: str) -> None:
    assert str(half_up(value, decimals)) == said


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "d.csv").write_text(
        "id,status,amount,source,kind,closed\n"
        "a,won,1,Web,New,2025-02-01 10:00:00\n"
        "b,won,2,Web,Old,2025-05-01 10:00:00\n"
        "c,won,4,Fair,New,2026-04-01 10:00:00\n",
        encoding="utf-8",
    )
    fields = "status: status, amount: amount, source: source, deal_type: kind, closed_at: closed, created_at: closed"
    mapping = f"entities:\n  deal: {{table: d, key: id, fields: {{{fields}}}}}\n"
    (tmp_path / "m.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {d: d.csv}}\nmapping: m.yaml\ntimezone: UTC\nfiscal_year_start: 4\n",
        encoding="utf-8",
    )
    return tmp_path


def test_fiscal_years_have_their_names(project: Path) -> None:
    """From April: the deal of February 2025 is of the year that ends in March 2025."""
    period = {"from": "2025-01-01", "to": "2026-09-30"}
    trend = {"id": "t", "trend": {"metrics": ["won_amount"], "grain": "year"}}
    found = figures(project, {"report": "custom", "period": period, "sections": [trend]})
    lines = [line.split() for line in as_table(found).splitlines()]
    assert [line for line in lines if line[:1] and line[0].startswith("FY")] == [
        ["FY2025", "1"], ["FY2026", "2"], ["FY2027", "4"]
    ]  # fmt: skip
    for year in ("FY2025", "FY2026", "FY2027"):
        assert year in as_markdown(found)
    # Programs have the day on which each begins, or on which the report does.
    [section] = as_data(found)["sections"]
    assert [row["period"] for row in section["rows"]] == ["2025-01-01", "2025-04-01", "2026-04-01"]


def test_totals_are_in_the_data(project: Path) -> None:
    by = {"metrics": ["won_amount"], "by": ["deal.source", "deal.deal_type"], "subtotals": True}
    spec = {"period": {"from": "2025-01-01", "to": "2026-09-30"}, "sections": [{"id": "b", "breakdown": by}]}
    [section] = json.loads(json.dumps(as_data(figures(project, {"report": "custom", **spec}))))["sections"]
    assert section["total"] == {"deal.source": None, "deal.deal_type": None, "won_amount": 7}
    shown = {(one["rows_above"], one["row"]["deal.source"], one["row"]["won_amount"]) for one in section["subtotals"]}
    assert shown == {(1, "Fair", 4), (3, "Web", 3)}
