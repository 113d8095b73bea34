"""A mean, median or percentile says how many rows it leaves out: those without a value, and those whose value its own
condition bounds. Worked out by hand, on files and in SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import conjuncts
from reportspec.languages import languages
from reportspec.measures.asked import bounds_of
from reportspec.model.figures import Figures
from tests.figures.asking import NOW, figures, rows
from tests.figures.from_tables import project_of
from tests.loading import load_report

# In September four deals are won, of which a took 40 days and d and e 2 each, and b ended before it began; of c nobody
# knows the beginning. From the lead it is 10 days for d; e's lead came after it was closed, and a, b, c and h have none.
# The fair has only b and c. In August h took 6 days, and g, which was lost, ended before it began. Of j, which is
# open as i is, nobody knows the beginning.
DEALS = """deal_id,source,stage_id,status,lead_id,created_at,closed_at
a,Web,w,won,,2026-08-01 09:00:00,2026-09-10 09:00:00
b,Fair,w,won,,2026-09-09 09:00:00,2026-09-01 09:00:00
c,Fair,w,won,,,2026-09-02 09:00:00
d,Web,w,won,l1,2026-09-01 09:00:00,2026-09-03 09:00:00
e,Web,w,won,l2,2026-09-01 09:00:00,2026-09-03 09:00:00
f,Web,l,lost,,2026-09-01 09:00:00,2026-09-05 09:00:00
g,Web,l,lost,,2026-08-20 09:00:00,2026-08-10 09:00:00
h,Web,w,won,,2026-08-01 09:00:00,2026-08-07 09:00:00
i,Web,o,open,,2026-09-20 09:00:00,
j,Web,o,open,,,
"""
# l2 was answered after half an hour, l3 before it came, l4 not yet: that is no answer without a value.
LEADS = """lead_id,created_at,first_response_at,status
l1,2026-08-24 09:00:00,2026-08-24 10:00:00,new
l2,2026-09-20 09:00:00,2026-09-20 09:30:00,new
l3,2026-09-10 09:00:00,2026-09-09 09:00:00,new
l4,2026-09-11 09:00:00,,new
"""
CASES = """case_id,type,created_at,resolved_at
1,incident,2026-09-01 10:00:00,2026-09-01 11:00:00
2,incident,,2026-09-02 11:00:00
3,complaint,2026-09-05 10:00:00,2026-09-04 10:00:00
4,incident,2026-09-05 10:00:00,
"""
STAGES = "stage_id,name,position,is_won,is_lost\no,Offer,1,false,false\nw,Won,2,true,false\nl,Lost,3,false,true\n"
HISTORY = "deal_id,stage_id,entered_at\na,o,2026-08-31 09:00:00\na,w,2026-09-10 09:00:00\ni,o,2026-09-21 09:00:00\n"
TABLES = {"deal": DEALS, "lead": LEADS, "case_": CASES, "stage": STAGES, "deal_stage_history": HISTORY}
ENDS = "without a value, or with an end before the beginning, left out."
RIGHT: dict[str, tuple[Any, list[str]]] = {
    "sales_cycle_days": (44 / 3, [f"Sales cycle: 2 deals {ENDS}"]),
    "sales_cycle_days.median": (2, [f"Sales cycle (median): 2 deals {ENDS}"]),
    "sales_cycle_days.p75": (21, [f"Sales cycle (75th percentile): 2 deals {ENDS}"]),
    "sales_cycle_days.from_lead": (10, [f"Sales cycle from the lead: 4 deals {ENDS}"]),
    "lost_cycle_days": (4, []),
    "open_avg_age_days": (10.625, [f"Average age of open deals: 1 deal {ENDS}"]),
    "lead_response_time": (30, [f"Time to first response: 1 lead {ENDS}"]),
    "lead_to_customer_days": (None, [f"Days from lead to purchase: 1 won deal of a lead {ENDS}"]),
    "avg_resolution_time": (60, [f"Resolution time: 2 cases {ENDS}"]),
    "complaint_resolution_time": (None, [f"Complaint resolution time: 1 case {ENDS}"]),
    "stage_duration_days": (10, []),
    # i has been in its stage since the 21st at nine; of j the history has nothing.
    "stage_age_days": (9.625, ["Days in the stage so far: 1 deal without a value left out."]),
}


@pytest.fixture(params=["duckdb", "sqlite"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return project_of(tmp_path, TABLES, request.param)


def left_out(found: Figures, metric: str) -> list[str]:
    marks = {n for s in found.sections for kpi in s.kpis if kpi.column.name == metric for n in kpi.column.footnotes}
    return [text for text in (found.footnotes[n - 1] for n in sorted(marks)) if "left out" in text]


def test_durations(folder: Path) -> None:
    by = {"id": "by", "breakdown": {"metrics": ["sales_cycle_days"], "by": ["deal.source"]}}
    found = figures(folder, {"period": "2026-09", "sections": [{"id": "k", "kpis": list(RIGHT)}, by]})
    [row] = rows(found, "k")
    for name, (value, notes) in RIGHT.items():
        assert row[name] == (None if value is None else pytest.approx(value)), name
        assert left_out(found, name) == notes
    assert {row["deal.source"]: row["sales_cycle_days"] for row in rows(found, "by")} == {
        "Web": pytest.approx(44 / 3),
        "Fair": None,
    }


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_what_is_made_of_an_amount_tells_what_else_is_missing(tmp_path: Path, engine: str) -> None:
    """Of a, 100² · 0.5 · 0.5; b has no amount, and of c and d nobody knows how likely they are."""
    deals = "deal_id,stage_id,status,amount,created_at,expected_close_date,closed_at\n" + "".join(
        f"{key},{stage},open,{amount},2026-09-01 09:00:00,2026-09-29,\n"
        for key, stage, amount in (("a", "o", 100), ("b", "o", ""), ("c", "p", 300), ("d", "p", 500))
    )
    stages = "stage_id,name,position,is_won,is_lost,probability\no,Offer,1,false,false,0.5\np,Proof,2,false,false,\n"
    folder = project_of(tmp_path, {"deal": deals, "stage": stages}, engine)
    spec = {"period": "2026-09", "as_of": "2026-09-20", "sections": [{"id": "k", "kpis": ["forecast_variance"]}]}
    found = figures(folder, spec)
    assert rows(found, "k") == [{"forecast_variance": 2500}]
    assert set(left_out(found, "forecast_variance")) == {
        "Variance of the forecast: 1 deal without an amount left out.",
        "Variance of the forecast: 2 deals without “Probability” left out.",
    }


def test_no_figure_has_its_reason(folder: Path) -> None:
    """The only deal that was lost in August, g, ended before it began."""
    found = figures(folder, {"period": "2026-08", "metrics": ["lost_cycle_days"]})
    assert found.sections[0].kpis[0].value is None
    assert left_out(found, "lost_cycle_days") == [f"Days until lost: 1 deal {ENDS}"]


OWN: dict[str, tuple[dict[str, Any], Any, list[str]]] = {
    "typed": ({"aggregate": "median", "of": "deal.score"}, 0, ["typed: 1 deal without a value left out."]),
    "above": (
        {"aggregate": "average", "of": "deal.score", "where": "deal.status = 'won' and (deal.score >= 0)"},
        3,
        ["above: 2 deals without a value, or with one below 0, left out."],
    ),
    "chosen": ({"aggregate": "average", "of": "case when deal.score > 0 then deal.score end"}, 6, []),
    "asked": ({"aggregate": "average", "of": "deal.score", "where": "deal.score is not null"}, 0, []),
    # Of euros for each day: what a part of it leaves out is told, though it is no amount.
    "daily": ({"kind": "derived", "formula": "won_deals_count * 12 / above", "unit": "currency"}, 16, []),
}


def test_metrics_of_ones_own(tmp_path: Path) -> None:
    """Of four deals one scores 6, one 0, one -6, and one has no score."""
    deals = "deal_id,status,score,created_at,closed_at\n" + "".join(
        f"{key},won,{score},2026-09-01 09:00:00,2026-09-02 09:00:00\n"
        for key, score in {"a": 6, "b": 0, "c": -6, "d": ""}.items()
    )
    project_of(tmp_path, {"deal": deals})
    mapping = tmp_path / "mapping.yaml"
    text = mapping.read_text(encoding="utf-8").replace("score: score", "score: {sql: score, type: number}")
    mapping.write_text(text, encoding="utf-8")
    about = {"kind": "aggregate", "description": "A mean.", "entity": "deal", "time": "deal.closed_at", "unit": "ratio",
             "direction": "up"}  # fmt: skip
    derived = {key: about[key] for key in ("description", "direction")}
    own = [
        {"metric": name, "label": name, **(derived if "kind" in more else about), **more}
        for name, (more, *_) in OWN.items()
    ]
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "own.yaml").write_text(yaml.safe_dump({"metrics": own}), encoding="utf-8")
    found = figures(tmp_path, {"report": "custom", "period": "2026-09", "sections": [{"id": "k", "kpis": list(OWN)}]})
    [row] = rows(found, "k")
    for name, (_, value, notes) in OWN.items():
        assert row[name] == value, name
        assert left_out(found, name) == (OWN["above"][2] if name == "daily" else notes)


def test_it_is_said_in_every_language(tmp_path: Path) -> None:
    folder, said = project_of(tmp_path, TABLES), set()
    for language in languages():
        found = figures(folder, {"period": "2026-09", "language": language, "metrics": ["sales_cycle_days.median"]})
        [tile] = found.sections[0].kpis
        [note] = [found.footnotes[n - 1] for n in tile.column.footnotes if " 2 " in found.footnotes[n - 1]]
        said.add(note)
    assert len(said) == len(languages())


# What a condition asks of a metric's own value, and which is told otherwise or left out on purpose.
NOT_TOLD = {
    ("lead_response_time", "lead.first_response_at < as_of"): "not answered yet, which is what is waited for",
}


def test_every_mean_tells_of_what_its_condition_takes_for_want_of_a_value(tmp_path: Path) -> None:
    """Where a condition compares what the value is made of, a row that lacks it fulfils no condition: it is in no
    figure, and only a bound of the value is told."""
    spec = tmp_path / "all.yaml"
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    spec.write_text("version: 1\nperiod: 2026-09\nmetrics: [won_amount]\n", encoding="utf-8")
    report = load_report(spec, NOW, {}).report
    assert report is not None
    catalogue, untold = report.binding.catalogue, set[tuple[str, str]]()
    for metric in catalogue.metrics.values():
        if metric.aggregate not in ("average", "median", "percentile") or metric.of is None:
            continue
        value = metric.of
        path = path_of(value) if isinstance(value, (exp.Column, exp.Dot)) else ()
        known = catalogue.entities[path[0]].fields.get(path[1]) if len(path) == 2 else None
        whole = [value, *([known.expr] if known is not None and known.expr is not None else [])]
        made_of = {node.sql() for tree in whole for node in column_nodes(tree)} - {"as_of"}
        bounds = bounds_of(report.binding, metric)
        for tree in conjuncts(metric.where):
            compares = isinstance(tree.unnest(), (exp.GT, exp.GTE, exp.LT, exp.LTE))
            if compares and made_of & {node.sql() for node in column_nodes(tree)}:
                if bounds is None or tree not in bounds.of:
                    untold.add((metric.id, tree.sql()))
    assert untold == set(NOT_TOLD)
