"""What a figure says of the rows that checks find wrong: how many within its own filters and period, and what would be
added. Worked out by hand, on files and in SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportspec.model.figures import Figures
from tests.figures.asking import figures
from tests.figures.from_tables import project_of

DEALS = """deal_id,stage_id,owner_id,status,amount,created_at,closed_at,expected_close_date
1,a,1,open,100,2026-05-01 09:00:00,,2026-12-01
2,a,1,open,300,2026-05-01 09:00:00,,2026-12-01
3,a,1,open,,2026-05-01 09:00:00,,2026-12-01
4,a,2,open,,2026-05-01 09:00:00,,2026-06-01
5,b,2,open,1000,2026-05-01 09:00:00,,2026-12-01
6,b,2,open,,2026-05-01 09:00:00,,2026-12-01
7,c,2,open,,2026-05-01 09:00:00,,2026-12-01
8,a,1,open,-50,2026-05-01 09:00:00,,2026-12-01
9,a,1,won,10,2026-09-09 09:00:00,2026-09-01 09:00:00,
10,a,1,won,10,2026-09-09 09:00:00,2026-06-01 09:00:00,
11,a,2,won,20,2026-09-01 09:00:00,2026-09-03 09:00:00,
"""
STAGES = (
    "stage_id,name,position,is_won,is_lost,probability\n"
    "a,Offer,1,false,false,0.5\nb,Talk,2,false,false,0.5\nc,End,3,false,false,0.5\n"
)
USERS = "user_id,name\n1,Ada\n2,Bo\n"
ASKED: dict[str, Any] = {"period": "2026-09", "metrics": ["open_amount", "sales_cycle_days", "forecast_amount"]}


@pytest.fixture(params=["duckdb", "sqlite"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return project_of(tmp_path, {"deal": DEALS, "stage": STAGES, "user": USERS}, request.param)


def said(found: Figures, metric: str) -> list[str]:
    marks = {n for s in found.sections for kpi in s.kpis if kpi.column.name == metric for n in kpi.column.footnotes}
    texts = [found.footnotes[n - 1] for n in sorted(marks)]
    return [text for text in texts if "history" not in text and "with care" not in text]


def test_what_is_missing_is_worth_the_mean_of_its_stage(folder: Path) -> None:
    """Stage a has 100, 300 and -50 (mean 116.67) and lacks two, b has 1,000 and lacks one, c lacks its only one, which
    is worth the mean of all four: 337.5. Together 233.33 + 1,000 + 337.50 = 1,570.83."""
    found = figures(folder, ASKED)
    assert said(found, "open_amount") == [
        "Open pipeline: 4 deals without an amount left out. At the mean by stage: about €1,600 more.",
        "Open pipeline, to be checked: Deals with a negative amount (1). They distort sums and means.",
    ]


def test_what_a_metric_leaves_out_because_it_is_wrong_is_counted(folder: Path) -> None:
    """Deal 9 was closed in September before it was created, 10 in June. Deal 4 is open and was expected in June."""
    found = figures(folder, ASKED)
    [left_out, cycle] = said(found, "sales_cycle_days")
    assert left_out == "Sales cycle: 1 deal without a value, or with an end before the beginning, left out."
    assert cycle.startswith("Sales cycle, to be checked: Deals closed before they were created (1). ")
    forecast = [text for text in said(found, "forecast_amount") if "to be checked" in text]
    assert [text.partition(". ")[0] for text in forecast] == [
        "Weighted by CRM probability, to be checked: Open deals whose expected closing date is over (1)"
    ]


def test_within_the_filters_of_the_report(folder: Path) -> None:
    """Of Ada's the mean is 116.67, of which one is missing; nothing of hers is expected in the past."""
    found = figures(folder, {**ASKED, "filters": [{"field": "user.name", "eq": "Ada"}]})
    assert said(found, "open_amount")[0].endswith(
        "1 deal without an amount left out. At the mean by stage: about €120 more."
    )
    assert not [text for text in found.footnotes if "is over" in text]
    bo = figures(folder, {**ASKED, "filters": [{"field": "user.name", "eq": "Bo"}], "language": "it"})
    assert not [text for text in bo.footnotes if "negativo" in text]
    [forecast] = [text for text in said(bo, "forecast_amount") if "da verificare" in text]
    assert "Trattative aperte con data di chiusura prevista già passata (1)" in forecast


def test_a_section_with_conditions_of_its_own_says_only_what_is_known_of_it(folder: Path) -> None:
    section = {"kpis": ["open_amount"], "filters": [{"field": "deal.stage_id", "eq": "a"}]}
    found = figures(folder, {"period": "2026-09", "sections": [section]})
    left_out, no_figure = said(found, "open_amount")
    assert left_out == "Open pipeline: 2 deals without an amount left out."
    assert no_figure.startswith("Open pipeline: no figure of a past date where a filter asks for a state")


def test_a_section_with_conditions_of_its_own_tells_of_its_rows(folder: Path) -> None:
    """Of both of Ada's and Bo's open deals one of Ada's is negative; a section of Bo's has nothing to say of it, and one
    that shows what another shows of all rows neither."""
    for who, told in (("Ada", ["Open pipeline, to be checked: Deals with a negative amount (1)"]), ("Bo", [])):
        section = {"kpis": ["open_amount"], "filters": [{"field": "user.name", "eq": who}]}
        found = figures(folder, {"period": "2026-09", "sections": [section]})
        checked = [text for text in said(found, "open_amount") if "to be checked" in text]
        assert [text.partition(". ")[0] for text in checked] == told
    both = [{"kpis": ["open_amount"], "filters": [{"field": "user.name", "eq": "Ada"}]}, {"kpis": ["open_amount"]}]
    found = figures(folder, {"period": "2026-09", "sections": both})
    marks = [
        [found.footnotes[n - 1] for n in kpi.column.footnotes if "to be checked" in found.footnotes[n - 1]]
        for section in found.sections
        for kpi in section.kpis
    ]
    assert [len(one) for one in marks] == [0, 1]


def test_what_is_known_is_not_told(folder: Path) -> None:
    project = folder / "reportspec.yaml"
    known = "checks: {ignore: [{check: deal_amount_negative, reason: credits}]}\n"
    project.write_text(project.read_text(encoding="utf-8") + known, encoding="utf-8")
    found = figures(folder, ASKED)
    assert [text for text in said(found, "open_amount") if "to be checked" in text] == []


def test_what_is_wrong_at_another_time_is_not_told(tmp_path: Path) -> None:
    """The only purchase of the third quarter has nothing wrong; what was lost for -50, won for 0 and won for nobody knows
    how much was of the year before, of which the figure says that one was won for 0."""
    deals = (
        "deal_id,account_id,status,amount,created_at,closed_at\n"
        "2,b,lost,-50,2025-01-01 09:00:00,2025-03-05 09:00:00\n3,c,won,0,2025-01-01 09:00:00,2025-03-06 09:00:00\n"
        "4,d,won,900,2026-08-02 09:00:00,2026-09-02 09:00:00\n5,e,won,,2025-01-01 09:00:00,2025-04-06 09:00:00\n"
    )
    folder = project_of(tmp_path, {"deal": deals, "account": "account_id,name\nb,B\nc,C\nd,D\ne,E\n"})
    mapping = folder / "mapping.yaml"
    text = mapping.read_text(encoding="utf-8").replace(
        "status: status", "status: status\n      deal_type: \"'new_business'\""
    )
    mapping.write_text(text, encoding="utf-8")
    asked = {"period": "2026-Q3", "metrics": ["new_revenue_amount.new_business", "new_revenue_amount"]}
    found = figures(folder, asked)
    assert [text for text in found.footnotes if "to be checked" in text] == []
    assert found.sections[0].kpis[0].value == 900
    texts = figures(folder, {**asked, "period": "2025"}).footnotes
    assert [text.partition(". ")[0] for text in texts if "to be checked" in text] == [
        "New revenue, to be checked: Open and won deals with an amount of 0 (1)"
    ]


CYCLES = """deal_id,status,amount,created_at,closed_at
1,won,10,2026-09-01 09:00:00,2026-09-03 09:00:00
2,won,10,2026-08-09 09:00:00,2026-08-04 09:00:00
3,won,10,2026-08-01 09:00:00,2026-08-05 09:00:00
4,won,10,2026-06-09 09:00:00,2026-06-03 09:00:00
5,won,10,2026-06-09 09:00:00,2026-06-04 09:00:00
6,won,10,2026-06-01 09:00:00,2026-06-05 09:00:00
7,won,10,2026-05-09 09:00:00,2026-05-02 09:00:00
"""
CHECK = "to be checked: Deals closed before they were created"


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_what_is_wrong_only_in_the_period_compared_with_is_told_of_it(engine: str, tmp_path: Path) -> None:
    """Of September nothing is wrong; deal 2 ended in August before it began, 4 and 5 in June, 7 in May. What is wrong in
    the report's own month is told of that alone."""
    folder = project_of(tmp_path, {"deal": CYCLES}, engine)
    months = {"2026-06": {"from": "2026-06-01", "to": "2026-06-30"}}
    for period, compare, right in [
        ("2026-09", "previous_period", [f"Sales cycle, before, {CHECK} (1)"]),
        ("2026-09", None, []),
        ("2026-06", "previous_period", [f"Sales cycle, {CHECK} (2)"]),
        (
            "2026-09",
            ["previous_period", months["2026-06"]],
            [f"Sales cycle · August 2026, {CHECK} (1)", f"Sales cycle · June 2026, {CHECK} (2)"],
        ),
    ]:
        compared = {"compare": compare} if compare else {}
        found = figures(folder, {"period": period, "metrics": ["sales_cycle_days"], **compared})
        told = [text.partition(". ")[0] for text in said(found, "sales_cycle_days") if "to be checked" in text]
        assert told == right, (period, compare)
