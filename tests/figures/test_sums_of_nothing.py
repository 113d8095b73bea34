"""A sum over rows of which none has a value is no figure; over no rows it is 0.

Slow: servers of databases are started and filled."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.measures.arithmetic import metric_value
from reportspec.model.column_ids import Aggregated, ColumnId, Target
from reportspec.model.figures import Figures
from reportspec.resolve.binding import parts
from tests.engines.servers import Given, engine
from tests.engines.shapes import landed
from tests.figures.asking import figures, rows, total

COLUMNS = (("id", "VARCHAR"), ("hours", "INTEGER"), ("worth", "DOUBLE"), ("source", "VARCHAR"), ("closed", "VARCHAR"))
# In March the web has 3 and 4 hours and one deal without; the fair has two deals without; in April nobody has any.
DEALS = Given("d", COLUMNS, [
    ("1", 3, 1.5, "Web", "2026-03-02"), ("2", 4, None, "Web", "2026-03-03"), ("3", None, None, "Web", "2026-03-04"),
    ("4", None, None, "Fair", "2026-03-05"), ("5", None, None, "Fair", "2026-03-06"),
    ("6", None, 2.0, "Web", "2026-04-01"), ("7", 0, None, "Fair", "2026-05-01"),
])  # fmt: skip


def metric(name: str, of: str, **more: Any) -> dict[str, Any]:
    return {"metric": name, "kind": "aggregate", "label": name, "description": "A sum.", "entity": "deal", "aggregate": "sum",
            "of": of, "time": "deal.closed_at", "unit": "count", "direction": "up", **more}  # fmt: skip


OWN = [
    metric("hours_spent", "deal.hours"),
    metric("hours_and_more", "deal.hours + 1"),
    metric("worth_sum", "deal.worth", unit="ratio"),
    metric("hours_of_fairs", "case when deal.source = 'Fair' then coalesce(deal.hours, 0) end"),
    metric("hours_or_none", "coalesce(deal.hours, 0)"),
    {"metric": "hours_each", "kind": "ratio", "label": "Hours each", "description": "A ratio.", "numerator": "hours_spent",
     "denominator": "won_deals_count", "unit": "ratio", "direction": "up"},
    *(
        {"metric": name, "kind": "derived", "label": name, "description": "A formula.", "formula": formula, "unit": "count",
         "direction": "up"}
        for name, formula in {
            "hours_and_deals": "won_deals_count + 2 * hours_spent",
            "hours_beside": "hours_and_deals + worth_sum",
            "hours_twice": "hours_spent + hours_and_more",
            "deals_less_hours": "won_deals_count - hours_spent",
        }.items()
    ),
]  # fmt: skip


def asked(folder: Path, metrics: list[str], period: str = "2026-03", kind: str = "sqlite", **more: Any) -> Figures:
    with engine(kind, [DEALS], folder) as found:
        fields = {"hours": {"sql": "hours", "type": "integer"}, "worth": {"sql": "worth", "type": "number"}, "source": "source",
                  "closed_at": "cast(closed as date)", "created_at": "cast(closed as date)", "status": "'won'"}  # fmt: skip
        entities = {"deal": {"table": f'{found.prefix}"d"', "key": "id", "fields": fields}}
        (folder / "m.yaml").write_text(
            yaml.safe_dump({"timezone": "UTC", "dialect": "duckdb", "entities": entities}), encoding="utf-8"
        )
        (folder / "metrics").mkdir(exist_ok=True)
        (folder / "metrics" / "own.yaml").write_text(yaml.safe_dump({"metrics": OWN}), encoding="utf-8")
        about = {"version": 1, "source": found.url, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}
        (folder / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        sections = [
            {"id": "s", "kpis": metrics},
            {"id": "by", "breakdown": {"metrics": metrics, "by": ["deal.source"]}},
            {"id": "t", "trend": {"metrics": metrics, "grain": "month"}},
        ]
        return figures(folder, {"report": "custom", "period": period, "sections": sections, **more})


ENGINES = ["sqlite", *(pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "mariadb", "clickhouse"))]


@pytest.mark.parametrize("kind", ENGINES)
def test_each_row_has_its_sum_or_none(kind: str, tmp_path: Path) -> None:
    found = asked(tmp_path, ["hours_spent"], "2026-Q1", kind)
    assert rows(found, "s") == [{"hours_spent": 7}]
    assert {row["deal.source"]: row["hours_spent"] for row in rows(found, "by")} == {"Web": 7, "Fair": None}
    assert total(found, "by")["hours_spent"] == 7
    assert [row["hours_spent"] for row in rows(found, "t")] == [0, 0, 7]  # of January there is nothing to add up
    [section] = [one for one in found.sections if one.id == "s"]
    assert [found.footnotes[n - 1] for n in section.kpis[0].column.footnotes] == [
        "hours_spent: 3 deals without a value left out."
    ]


def test_a_period_in_which_nobody_has_any(tmp_path: Path) -> None:
    found = asked(tmp_path, ["hours_spent", "hours_and_more", "worth_sum"], "2026-04")
    assert rows(found, "s") == [{"hours_spent": None, "hours_and_more": None, "worth_sum": 2}]


def test_a_sum_that_is_0(tmp_path: Path) -> None:
    found = asked(tmp_path, ["hours_spent", "hours_or_none"], "2026-05")
    assert rows(found, "s") == [{"hours_spent": 0, "hours_or_none": 0}]


def test_what_chooses_for_itself_what_counts(tmp_path: Path) -> None:
    """A row of which a CASE makes nothing is none that lacks a value."""
    found = asked(tmp_path, ["hours_of_fairs"], "2026-04")
    assert rows(found, "s") == [{"hours_of_fairs": 0}]
    assert not any("without a value" in one for one in found.footnotes)


def test_a_ratio_of_it_is_none_either(tmp_path: Path) -> None:
    assert rows(asked(tmp_path, ["hours_each"], "2026-04"), "s") == [{"hours_each": None}]


def test_against_the_month_before(tmp_path: Path) -> None:
    """April has none beside March's 7: no change is told of it."""
    found = asked(tmp_path, ["hours_spent"], "2026-04", compare="previous_period")
    [tile] = found.sections[0].kpis
    assert (tile.value, tile.previous) == (None, 7)
    assert tile.change is None


def test_beside_what_is_known_it_adds_nothing(tmp_path: Path) -> None:
    """April's one deal is worth 2 and has no hours, as if it were left out of them; they are still none by themselves."""
    found = asked(tmp_path, ["hours_and_deals", "hours_beside", "hours_twice", "deals_less_hours"], "2026-04")
    assert rows(found, "s") == [
        {"hours_and_deals": 1, "hours_beside": 3, "hours_twice": None, "deals_less_hours": None}
    ]
    assert any("without a value left out" in one for one in found.footnotes)


def amounts_of(name: str) -> list[str]:
    """The sums that a metric of the catalogue adds to others."""
    catalogue = packaged()
    formula = catalogue.metrics[name].formula
    sides = (
        [side for add in formula.find_all(exp.Add) for side in (add.this, add.expression)]
        if formula is not None
        else []
    )
    names = dict.fromkeys(".".join(path_of(side)) for side in sides if side in column_nodes(side))
    return [one for one in names if catalogue.metrics[one].aggregate == "sum"]


METRICS = packaged().metrics
NAMES = [*METRICS, *(f"{name}.{variant}" for name in METRICS for variant in METRICS.variants(name))]
ADDED = [(name, one) for name in NAMES for one in amounts_of(name)]


@pytest.mark.parametrize(("name", "left_out"), ADDED)
def test_the_catalogue_adds_up_what_is_known(name: str, left_out: str) -> None:
    """A metric with amounts of which none is known is what it is with amounts of 0."""
    catalogue = packaged()
    one = catalogue.metrics[name]
    row: dict[ColumnId, Any] = {Target("won_amount"): 1000, Target("new_revenue_amount"): 1000}
    for part in parts(one):
        row |= {Aggregated(part, "value", "current"): 40, Aggregated(part, "n", "current"): 2}
    value, count, missing = (Aggregated(left_out, kind, "current") for kind in ("value", "n", "missing"))
    nothing = metric_value(catalogue, one, {**row, value: 0, count: 1})
    assert nothing is not None
    assert metric_value(catalogue, one, {**row, value: None, count: 0, missing: 3}) == nothing


def test_what_was_once_is_not_left_out() -> None:
    """Of a past state that nobody knows the forecast is none, and not what is won alone."""
    catalogue = packaged()
    row: dict[ColumnId, Any] = {
        Aggregated("won_amount", "value", "current"): 40,
        Aggregated("won_amount", "n", "current"): 1,
        Aggregated("forecast_weighted_amount", "missing", "current"): 1,
        Aggregated("forecast_weighted_amount", "unknown", "current"): 1,
    }
    assert metric_value(catalogue, catalogue.metrics["forecast_amount"], row) is None


DEALS_OPEN = (
    ("id", "VARCHAR"), ("status", "VARCHAR"), ("stage", "VARCHAR"), ("amount", "BIGINT"), ("closed", "TIMESTAMP"),
    ("due", "DATE"), ("created", "TIMESTAMP"),
)  # fmt: skip
CREATED, WON, DUE = datetime(2026, 7, 1), datetime(2026, 8, 1), date(2026, 9, 20)


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize(
    ("third", "right"),
    [
        ([], {"won_amount": 50000, "forecast_weighted_amount": None, "forecast_amount": 50000, "forecast_gap_amount": 10000,
              "forecast_amount.low": 50000, "forecast_amount.high": 50000}),
        # 100 at 10 % is 10; 1.2816 times the root of 100² · 0.1 · 0.9, 30, is more than the 10 below, and 38.448 above.
        ([("3", "open", "S", 100, None, DUE, CREATED)],
         {"won_amount": 50000, "forecast_weighted_amount": 10, "forecast_amount": 50010, "forecast_gap_amount": 9990,
          "forecast_amount.low": 50000, "forecast_amount.high": 50048.448}),
    ],
)  # fmt: skip
def test_the_forecast_where_no_open_deal_has_an_amount(
    third: list[Any], right: dict[str, float | None], kind: str, tmp_path: Path
) -> None:
    deals = [("1", "won", "W", 50000, WON, WON.date(), CREATED), ("2", "open", "S", None, None, DUE, CREATED), *third]
    with landed(kind, [Given("d", DEALS_OPEN, deals)], lambda *_: None, tmp_path / "db") as found:
        fields = {"deal_id": "id", "status": "status", "stage_id": "stage", "amount": "amount", "closed_at": "closed",
                  "expected_close_date": "due", "created_at": "created"}  # fmt: skip
        stages = [
            {
                "stage_id": key,
                "name": key,
                "position": at,
                "probability": chance,
                "is_won": key == "W",
                "is_lost": False,
            }
            for at, (key, chance) in enumerate((("S", 0.1), ("W", 1)))
        ]
        entities = {
            "deal": {"table": f"{found.prefix}d", "key": "id", "fields": fields},
            "stage": {"rows": stages},
        }
        (tmp_path / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
        about = {"version": 1, "source": found.url, "mapping": "m.yaml", "currency": "EUR"}
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        spec = {"report": "custom", "period": "2026-Q3", "goals": {"won_amount": 60000}}
        made = figures(
            tmp_path, {**spec, "sections": [{"id": "s", "kpis": list(right)}]}, datetime(2026, 9, 10, tzinfo=UTC)
        )
    [row] = rows(made, "s")
    assert row == pytest.approx(right)
    assert "Weighted open: 1 deal without an amount left out." in made.footnotes
