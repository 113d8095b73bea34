"""A sum over rows of which none has a value is no figure; over no rows it is 0.

Slow: servers of databases are started and filled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.model.figures import Figures
from tests.engines.servers import Given, engine
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
