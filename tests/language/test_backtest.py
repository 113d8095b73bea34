"""A back-test asks what was known when a period began, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.formats.markdown import as_markdown
from reportspec.render.locale import formats_for
from reportspec.render.tables import table_view
from tests.figures.asking import codes, figures, rows

HISTORY = """deal,stage,at,amount,probability,expected
1,open,2026-01-10,1000,0.5,2026-02-20
1,won,2026-02-15,1200,1,2026-02-20
2,open,2026-01-20,400,0.25,2026-02-10
2,open,2026-02-05,400,0.25,2026-03-10
2,lost,2026-03-20,400,0,2026-03-10
3,open,2026-02-10,300,0.5,2026-03-15
3,won,2026-02-20,300,1,2026-02-20
"""
DEALS = """id,amount,created,closed,status,stage
1,1200,2026-01-10,2026-02-15,won,won
2,400,2026-01-20,2026-03-20,lost,lost
3,300,2026-02-10,2026-02-20,won,won
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deals.csv").write_text(DEALS, encoding="utf-8")
    (tmp_path / "history.csv").write_text(HISTORY, encoding="utf-8")
    stages = [
        {"stage_id": "open", "name": "Open", "position": 1, "probability": 0.3, "is_won": False, "is_lost": False},
        {"stage_id": "won", "name": "Won", "position": 2, "probability": 1, "is_won": True, "is_lost": False},
        {"stage_id": "lost", "name": "Lost", "position": 3, "probability": 0, "is_won": False, "is_lost": True},
    ]
    entities: dict[str, Any] = {
        "stage": {"rows": stages},
        "deal": {
            "table": "deals",
            "key": "id",
            "fields": {
                "amount": "amount",
                "created_at": "cast(created as timestamp)",
                "closed_at": "cast(closed as timestamp)",
                "status": "status",
                "stage_id": "stage",
                "expected_close_date": {"sql": "cast(null as date)", "type": "date"},
            },
        },
        "deal_stage_history": {
            "table": "history",
            "fields": {
                "deal_id": "deal",
                "stage_id": "stage",
                "entered_at": "cast(at as timestamp)",
                "amount": "amount",
                "probability": "probability",
                "expected_close_date": {"sql": "cast(expected as date)", "type": "date"},
            },
        },
    }
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv, history: history.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n",
        encoding="utf-8",
    )
    return tmp_path


def test_what_was_said_and_what_came(folder: Path) -> None:
    backtest = {"metric": "forecast_amount", "against": "won_amount", "periods": 2}
    spec = {
        "report": "custom",
        "period": "2026-04",
        "sections": [{"id": "b", "backtest": backtest}],
    }
    february, march = rows(figures(folder, spec), "b")
    # On 1 February: 1000 x 0.5 and 400 x 0.25 were expected in February. 1200 and 300 came.
    assert (february["forecast"], february["actual"]) == (pytest.approx(600), pytest.approx(1500))
    assert february["error"] == pytest.approx(-900)
    assert february["error_share"] == pytest.approx(-0.6)
    # On 1 March only deal 2 was open, put off to March; it was lost.
    assert (march["forecast"], march["actual"]) == (pytest.approx(100), 0)
    assert march["error_share"] is None


def test_too_high_is_as_wrong_as_too_low(folder: Path) -> None:
    backtest = {"metric": "forecast_amount", "against": "won_amount", "periods": 2}
    [section] = figures(
        folder, {"report": "custom", "period": "2026-04", "sections": [{"backtest": backtest}]}
    ).sections
    assert {one.direction for one in section.columns if one.name.startswith("error")} == {"neutral"}


# The newest change is of 20 March, and lies a month before the clock.
@pytest.mark.parametrize(
    ("now", "clock", "march", "april"),
    [
        ("2026-03-15T00:00", False, (100, None), (None, None)),
        ("2026-03-31T23:59:59.999999", False, (100, 0), (0, None)),
        ("2026-04-20T00:00", False, (100, 0), (0, None)),
        ("2026-04-20T00:00", True, (100, None), (None, None)),
    ],
)
def test_what_is_not_over_has_not_come(
    folder: Path, now: str, clock: bool, march: tuple[Any, ...], april: tuple[Any, ...]
) -> None:
    with (folder / "reportspec.yaml").open("a", encoding="utf-8") as project:
        project.write("stale_after: 7 days\n")
    backtest = {"metric": "forecast_amount", "against": "won_amount", "periods": 3}
    spec = {
        "report": "custom",
        "period": "2026-05",
        "sections": [{"id": "b", "backtest": backtest}],
    }
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = rows(figures(folder, spec, moment, clock=clock), "b")
    assert [(row["forecast"], row["actual"]) for row in found] == [(600, 1500), march, april]


def test_a_forecast_in_the_middle_of_its_period(folder: Path) -> None:
    names = [
        "won_amount",
        "forecast_weighted_amount",
        "forecast_amount",
        "forecast_amount.low",
        "forecast_amount.high",
        "pushed_deals_count",
        "pipeline_coverage",
        "forecast_gap_amount",
    ]
    spec = {
        "report": "custom",
        "period": {"from": "2026-02-01", "to": "2026-03-31"},
        "as_of": "2026-02-18",
        "metrics": names,
        "goals": {"won_amount": 2000},
    }
    [row] = rows(figures(folder, spec), "headline")
    assert row["won_amount"] == 1200
    # Open on 18 February: deal 2 (400 at 25 %, put off) and deal 3 (300 at 50 %).
    assert row["forecast_weighted_amount"] == pytest.approx(250)
    assert row["forecast_amount"] == pytest.approx(1450)
    spread = 1.2816 * (400**2 * 0.25 * 0.75 + 300**2 * 0.25) ** 0.5
    assert 1450 - spread < 1200
    assert row["forecast_amount.low"] == 1200  # what is won stays won
    assert row["forecast_amount.high"] == pytest.approx(1450 + spread)
    assert row["pushed_deals_count"] == 1
    assert row["pipeline_coverage"] == pytest.approx(700 / 800)
    assert row["forecast_gap_amount"] == pytest.approx(550)


@pytest.mark.parametrize(
    ("more", "there"),
    [
        ({}, False),
        ({"goals": {"close_rate": 0.5}}, False),  # of something else
        ({"goals": {"new_revenue_amount": 2000}}, True),
        ({"metrics": ["won_amount", "pipeline_coverage"]}, True),  # which was asked for
    ],
)
def test_a_standard_report_has_no_tile_of_a_goal_that_nobody_set(
    more: dict[str, Any], there: bool, folder: Path
) -> None:
    spec = {"report": "sales_forecast", "period": "2026-Q1", "as_of": "2026-02-18", **more}
    [row] = rows(figures(folder, spec), "headline")
    assert ("pipeline_coverage" in row) is there
    assert "won_amount" in row


def test_how_far_off_it_was_is_an_amount(folder: Path) -> None:
    """Of a forecast in euros it is euros; only what it is of the result is in percent. Each column
    has its own heading."""
    backtest = {"metric": "forecast_amount", "against": "won_amount", "periods": 2}
    found = figures(folder, {"report": "custom", "period": "2026-04", "sections": [{"id": "t", "backtest": backtest}]})
    [section] = [one for one in found.sections if one.id == "t"]
    table = table_view(section, formats_for(found), None)
    assert table is not None
    heads = [one.label for one in table.headings]
    assert heads[-2:] == ["Off by", "Off by, relative"]
    texts = [[cell.text for cell in cells[-2:]] for cells in table.rows]
    assert texts == [["−€900.00", "−60.0%"], ["+€100.00", "–"]]
    assert "Change" not in as_markdown(found)


def without_history(folder: Path) -> Path:
    """The same project, of which the source has no history."""
    mapping = yaml.safe_load((folder / "m.yaml").read_text(encoding="utf-8"))
    del mapping["entities"]["deal_stage_history"]
    mapping["entities"]["deal"]["fields"]["expected_close_date"] = {"sql": "closed", "type": "date"}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    return folder


def test_without_a_history_forecasts_of_the_past_are_not_known(folder: Path) -> None:
    """They are no zeros, and a footnote says why."""
    backtest = {"metric": "forecast_amount", "against": "won_amount", "periods": 2}
    spec = {
        "report": "custom",
        "period": "2026-04",
        "sections": [{"id": "b", "backtest": backtest}],
    }
    found = figures(without_history(folder), spec)
    february, march = rows(found, "b")
    assert (february["forecast"], february["actual"], february["error"]) == (None, 1500, None)
    assert (march["forecast"], march["actual"]) == (None, 0)
    told = [text for text in found.footnotes if "has closed since" in text]
    # Deals 1 and 3 were expected in February, of which 3 was only created then; 2 in March.
    assert told == [
        "Weighted open: no figure where something has closed since (2 deals): its state of today is not that of then."
    ]
    [section] = [one for one in found.sections if one.id == "b"]
    assert section.columns[1].footnotes


def test_without_a_history_nothing_is_known_to_be_put_off(folder: Path) -> None:
    spec = {"report": "custom", "period": "2026-04", "metrics": ["pushed_deals_count"]}
    assert codes(without_history(folder), spec) == ["unmapped-field"]
