"""Rates that begin after the amounts that they are asked for are told of, as currencies without any are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.errors import Broken
from tests.figures.asking import figures, rows
from tests.figures.test_money import RATES, project

# Of the five deals that were won in January one is in euros, one has no amount, three are in dollars, whose
# rates begin in February: two of Ada's and one of Bo's.
DEALS = """id,amount,cur,created,closed,status,who
1,100,EUR,2026-01-01 10:00:00,2026-01-10 10:00:00,won,a
2,100,USD,2026-01-01 10:00:00,2026-01-14 10:00:00,won,a
3,100,USD,2026-01-01 10:00:00,2026-01-15 10:00:00,won,a
4,100,USD,2026-01-01 10:00:00,2026-01-20 10:00:00,won,b
5,,USD,2026-01-01 10:00:00,2026-01-20 10:00:00,won,b
6,100,USD,2026-01-01 10:00:00,2026-02-20 10:00:00,won,b
"""
PEOPLE = "id,name\na,Ada\nb,Bo\n"
SPEC: dict[str, Any] = {"report": "custom", "period": "2026-01", "metrics": ["won_amount"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project(tmp_path, RATES)
    (tmp_path / "deals.csv").write_text(DEALS, encoding="utf-8")
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    mapping = yaml.safe_load((tmp_path / "m.yaml").read_text("utf-8"))
    mapping["entities"]["deal"]["fields"]["owner_id"] = "who"
    mapping["entities"]["user"] = {"table": "people", "key": "id", "fields": {"name": "name"}}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    text = (tmp_path / "reportspec.yaml").read_text("utf-8")
    text = text.replace("deals: deals.csv", "deals: deals.csv, people: people.csv")
    (tmp_path / "reportspec.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def checks(folder: Path, settings: dict[str, Any]) -> None:
    own = folder / "reportspec.yaml"
    own.write_text(own.read_text("utf-8") + yaml.safe_dump({"checks": settings}), encoding="utf-8")


def told(found: Any) -> list[str]:
    return [one.message for one in found.warnings if one.code == "no-rate"]


SAID = "`{}` leaves out {} whose amounts have no exchange rate to EUR on their day (`deal.currency`)"


def test_what_a_figure_leaves_out_is_told(folder: Path) -> None:
    found = figures(folder, SPEC)
    assert rows(found, "headline")[0]["won_amount"] == 100
    assert told(found) == [SAID.format("won_amount", "3 rows")]
    [one] = [one for one in found.warnings if one.code == "no-rate"]
    assert one.span is not None  # the line of the mapping
    assert sum("without a rate" in text for text in found.footnotes) == 1


def test_where_each_has_its_rate_nothing_is_told(folder: Path) -> None:
    found = figures(folder, {**SPEC, "period": "2026-02"})
    assert rows(found, "headline")[0]["won_amount"] == pytest.approx(90)
    assert told(found) == []


def test_the_side_that_is_compared_with_counts_too(folder: Path) -> None:
    found = figures(folder, {**SPEC, "period": "2026-02", "compare": "previous_period"})
    assert told(found) == [SAID.format("won_amount", "3 rows")]


@pytest.mark.parametrize(
    "section",
    [
        {"breakdown": {"metrics": ["won_amount"], "by": ["user.name"]}},
        {"trend": {"metrics": ["won_amount"], "grain": "week"}},
        {"kpis": ["won_amount", "avg_won_amount"]},
    ],
)
def test_in_every_kind_of_section(section: dict[str, Any], folder: Path) -> None:
    spec = {"report": "custom", "period": "2026-01", "sections": [{"id": "s", **section}]}
    assert told(figures(folder, spec)) == [SAID.format("won_amount", "3 rows")]


def test_stocks_over_time_count_a_row_once(folder: Path) -> None:
    """The five dollar deals that are open on the first days of January, on each of them; deal 5 has no amount."""
    trend = {"metrics": ["open_amount"], "grain": "day"}
    spec = {"report": "custom", "period": {"from": "2026-01-02", "to": "2026-01-04"}}
    assert told(figures(folder, {**spec, "sections": [{"id": "s", "trend": trend}]})) == [
        SAID.format("open_amount", "4 rows")
    ]


def test_strict_makes_no_report(folder: Path) -> None:
    checks(folder, {"strict": True})
    with pytest.raises(Broken) as refused:
        figures(folder, SPEC)
    assert [one.code for one in refused.value.diagnostics] == ["no-rate"]


def test_what_is_known_is_not_told(folder: Path) -> None:
    checks(folder, {"strict": True, "ignore": [{"check": "no-rate", "of": "deal.currency", "reason": "Old ones."}]})
    found = figures(folder, SPEC)
    assert told(found) == []
    assert any("Old ones." in text for text in found.not_told)


def test_what_has_no_currency_is_not_taken_for_it(folder: Path) -> None:
    """Nor what has one without any rate: the survey tells of both."""
    text = DEALS.replace("USD,2026-01", ",2026-01").replace("4,100,", "4,100,GBP")
    (folder / "deals.csv").write_text(text, encoding="utf-8")
    found = figures(folder, SPEC)
    assert not any("on their day" in one for one in told(found))
    assert {one.code for one in found.warnings} >= {"no-currency", "no-rate"}


@pytest.mark.parametrize("strict", [False, True])
def test_with_for_each_it_is_told_once_of_all(strict: bool, folder: Path) -> None:
    import json

    from reportspec.building import make
    from tests.figures.asking import NOW
    from tests.loading import load_report

    if strict:
        checks(folder, {"strict": True})
    path = folder / "each.yaml"
    path.write_text(json.dumps({"version": 1, **SPEC, "for_each": "user.name"}), encoding="utf-8")
    report = load_report(path, NOW, {}).report
    assert report is not None
    if strict:
        with pytest.raises(Broken, match="no exchange rate"):
            make(path, report)
        return
    made = make(path, report)
    assert [one.message for one in made.warnings if one.code == "no-rate"] == [SAID.format("won_amount", "3 rows")]
    assert [value.value for value, _ in made.figures] == ["Ada", "Bo"]
