"""What may be said of entities that are made from others (a customer's segment, a stage's pace):
each of their fields as a condition and as a group, beside each metric, in each kind of section, is
either written as SQL or refused."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from reportspec.catalogue.load import packaged
from reportspec.compile import compile_report
from tests.conftest import Draw
from tests.figures.asking import NOW, codes
from tests.loading import load_report

FIELDS = [f"{n}.{f}" for n, e in packaged().entities.items() if e.derived for f in e.fields]
FIELDS += [
    "deal.activity_summary.last_activity_at",
    "purchase.customer.segment.name",
    "customer.segment.name",
    "deal_snapshot.stage_rate.rate",
]
KINDS = (
    "kpis",
    "trend",
    "breakdown",
    "parts",
    "funnel",
    "highlights",
    "backtest",
    "goals",
    "records",
)


def section(kind: str, metric: str, field: str) -> dict[str, Any]:
    """A section of a kind that names the field."""
    bodies: dict[str, dict[str, Any]] = {
        "kpis": {"kpis": [metric]},
        "trend": {"trend": {"metrics": [metric], "grain": "month"}},
        "breakdown": {"breakdown": {"metrics": [metric], "by": [field]}},
        "parts": {"trend": {"metrics": [metric], "grain": "month", "by": field}},
        "funnel": {"funnel": {"steps": [metric, metric]}},
        "highlights": {"highlights": {"metrics": [metric], "by": [field]}},
        "backtest": {"backtest": {"metric": metric, "periods": 3}},
        "goals": {"kpis": [metric], "goals": {metric: 5}},
        "records": {"records": {"entity": field.split(".", maxsplit=1)[0], "fields": [field]}},
    }
    body = bodies[kind]
    if kind not in ("breakdown", "parts"):
        body["filters"] = [{"field": field, "is_null": False}]
    return {"id": "x", **body}


def written(folder: Path, one: dict[str, Any]) -> bool:
    """Whether a section was written as SQL; else it was refused, which is well too."""
    spec = {"version": 1, "report": "custom", "period": "2026-Q3", "compare": "previous_period", "sections": [one]}
    path = folder / "asked.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    report = load_report(path, NOW, {}).report
    if report is None:
        return False
    compile_report(report)
    return True


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    text = json.dumps({"version": 1, "source": "demo", "timezone": "Europe/Rome", "currency": "EUR"})
    (folder / "reportspec.yaml").write_text(text, encoding="utf-8")
    return folder


def test_any_field_beside_any_metric(demo: Path, draw: Draw) -> None:
    every = list(product(KINDS, sorted(packaged().metrics), FIELDS))
    found = [written(demo, section(*one)) for one in Random(draw.seed).sample(every, draw.rounds(60, 4000))]
    assert any(found)


@pytest.mark.parametrize("by", [False, True])
def test_a_segment_is_known_for_one_date_only(by: bool, demo: Path) -> None:
    kind = "parts" if by else "trend"
    one = section(kind, "customers_count", "customer.segment.name")
    assert set(codes(demo, {"period": "2026-Q3", "sections": [one]})) == {"no-trend"}
    assert written(demo, section("kpis", "customers_count", "customer.segment.name"))
