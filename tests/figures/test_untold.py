"""A figure that multiplies by a field, or asks for a value of it, is not available where no row that is to have the
field has it: 0 would be a figure that nobody counted. Amounts are reckoned by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.errors import Broken
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.model.figures import Figures
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

STAGES = (
    "stage_id,name,position,is_won,is_lost,probability,forecast_category\n"
    "A,Talk,1,false,false,{stage},{stage_category}\nB,Offer,2,false,false,,\n"
    "W,Won,3,true,false,{won_stage},\nL,Lost,4,false,true,0,\n"
)
# 1,000 are won in the quarter; 100 and 40 are open and to close in it.
DEALS = (
    "deal_id,name,stage_id,status,amount,currency,created_at,closed_at,expected_close_date,probability,forecast_category\n"
    "1,a,A,open,100,EUR,2026-10-01 09:00:00,,2026-12-01,{open},{category}\n"
    "2,b,B,open,40,EUR,2026-10-01 09:00:00,,2026-12-01,,\n"
    "3,c,W,won,1000,EUR,2026-09-01 09:00:00,2026-10-05 09:00:00,2026-10-05,{closed},{closed_category}\n"
)
NOTHING = dict.fromkeys(("stage", "stage_category", "won_stage", "open", "category", "closed", "closed_category"), "")
# What is told, and then the weighted amount and those of commit and best case: None where there is no figure.
CASES: list[tuple[dict[str, str], float | None, float | None, float | None]] = [
    ({}, None, None, None),
    ({"won_stage": "1"}, None, None, None),
    ({"closed": "1", "closed_category": "commit"}, None, None, None),
    ({"open": "0.6"}, 60, 100, 0),
    ({"open": "0.1"}, 10, 0, 0),
    ({"stage": "0.5"}, 50, 0, 100),
    ({"stage": "0.5", "won_stage": "1"}, 50, 0, 100),
    ({"category": "commit"}, None, 100, 0),
    ({"stage_category": "best case"}, None, 0, 100),
]


def _project(folder: Path, told: dict[str, str], engine: str = "duckdb") -> Path:
    values = {**NOTHING, **told}
    return project_of(folder, {"stage": STAGES.format(**values), "deal": DEALS.format(**values)}, engine)


def _tiles(found: Figures) -> dict[str, Any]:
    return {kpi.column.name: kpi.value for one in found.sections for kpi in one.kpis if one.id == "headline"}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize(("told", "weighted", "commit", "best"), CASES)
def test_only_what_is_told_is_multiplied_and_asked_for(
    told: dict[str, str],
    weighted: float | None,
    commit: float | None,
    best: float | None,
    engine: str,
    tmp_path: Path,
) -> None:
    project = _project(tmp_path, told, engine)
    found = figures(project, {"report": "sales_forecast", "period": "2026-Q4"})
    tiles = _tiles(found)
    right = {"forecast_amount": weighted, "forecast_amount.committed": commit}
    if commit is not None and best is not None:
        right["forecast_amount.best_case"] = commit + best
    assert {name: tiles.get(name) for name in right} == {
        name: None if value is None else pytest.approx(1000 + value) for name, value in right.items()
    }
    assert tiles["won_amount"] == 1000
    assert tiles["forecast_open_amount"] == 140
    text = str([one.notes for one in found.sections])
    assert ("needs: Probability" in text) is (weighted is None)
    pipeline = figures(project, {"report": "pipeline", "period": "2026-Q4"})
    assert ("open_weighted_amount" in _tiles(pipeline)) is (weighted is not None)
    assert ("open_weighted_amount" in str([one.columns for one in pipeline.sections])) is (weighted is not None)


def test_where_no_row_is_to_have_it_there_is_nothing_to_multiply(tmp_path: Path) -> None:
    """No deal is open: what is weighted is 0."""
    closed = DEALS.replace(",open,", ",lost,").format(**NOTHING)
    project = project_of(tmp_path, {"stage": STAGES.format(**{**NOTHING, "stage": "0.5"}), "deal": closed})
    [row] = rows(
        figures(project, {"period": "2026-Q4", "sections": [{"id": "x", "kpis": ["open_weighted_amount"]}]}), "x"
    )
    assert row["open_weighted_amount"] == 0


@pytest.mark.parametrize("metric", ["forecast_weighted_amount", "forecast_commit_amount", "forecast_amount"])
def test_a_metric_of_ones_own_choice_is_refused_with_the_field(metric: str, tmp_path: Path) -> None:
    spec = {"period": "2026-Q4", "sections": [{"id": "x", "kpis": [metric]}]}
    with pytest.raises(Broken) as refused:
        figures(_project(tmp_path, {}), spec)
    assert [(one.code, "probability" in one.message) for one in refused.value.diagnostics] == [("unmapped-field", True)]


def test_of_a_part_whose_deals_have_no_probability_there_is_no_weighted_forecast(tmp_path: Path) -> None:
    """The deal of 100 has one, that of 40 has none: what is won and nothing would be no forecast of its month."""
    found = figures(
        _project(tmp_path, {"open": "0.6"}),
        {
            "period": "2026-Q4",
            "sections": [{"id": "x", "breakdown": {"metrics": ["forecast_amount"], "by": ["deal.name"]}}],
        },
    )
    assert {row["deal.name"]: row["forecast_amount"] for row in rows(found, "x")} == {"a": 60, "b": None, "c": 1000}


def test_each_metric_that_multiplies_by_a_chance_or_asks_for_a_category_hangs_on_a_field_that_is_told() -> None:
    """By reading the catalogue: the fields of which metrics multiply, or one of whose values they ask for, where these
    are optional numbers and texts of open deals, say which rows are to have them."""
    catalogue = packaged()
    read: set[str] = set()

    def follow(entity: str, tree: exp.Expr | None) -> None:
        for node in column_nodes(tree) if tree is not None else ():
            path = path_of(node)
            at = path[0]
            for step in path[1:-1]:
                at = catalogue.entities[at].relations[step].to
            if len(path) < 2 or f"{at}.{path[-1]}" in read:
                continue
            read.add(f"{at}.{path[-1]}")
            derived, field = catalogue.entities[at].derived, catalogue.entities[at].fields.get(path[-1])
            follow(at, field.expr if field is not None else None)
            follow(derived.source if derived else at, derived.fields.get(path[-1]) if derived else None)

    names = [name for name in catalogue.metrics if name.startswith("forecast_") or "weighted" in name]
    for name in names:
        metric = catalogue.metrics[name]
        for tree in (metric.of, metric.where):
            follow(metric.entity, tree)
    fields = [catalogue.entities[name.partition(".")[0]].fields.get(name.partition(".")[2]) for name in sorted(read)]
    untold = [
        field.id
        for field in fields
        if field is not None and field.optional and field.type in ("number", "text") and field.told_where is None
    ]
    assert {"deal.probability", "stage.probability", "deal.forecast_category", "stage.forecast_category"} <= read
    assert untold == []
