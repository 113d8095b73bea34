"""Rows that are part of a record (a deal's stage changes and products, an order's lines, a case's targets) are none where
the record is none: metrics of one's own leave out those of deleted deals, as all metrics of deals do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from reportspec.catalogue.load import packaged
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
# `gone` is deleted, `twin` was merged into `kept`, `lost` is in no table.
TABLES = {
    "stage": "stage_id,name,position,is_won,is_lost\nA,Talk,1,false,false\nB,Offer,2,false,false\nW,Won,3,true,false\n",
    "deal": """deal_id,name,stage_id,status,amount,created_at,closed_at,is_deleted,merged_into_id
kept,Kept,B,open,100,2026-07-01 09:00:00,,false,
gone,Gone,B,open,200,2026-07-01 09:00:00,,true,
twin,Twin,A,open,400,2026-07-01 09:00:00,,false,kept
""",
    "deal_stage_history": """deal_id,stage_id,entered_at
kept,A,2026-07-01 09:00:00
kept,B,2026-07-05 09:00:00
gone,A,2026-07-01 09:00:00
gone,B,2026-07-06 09:00:00
twin,A,2026-07-01 09:00:00
lost,A,2026-07-02 09:00:00
""",
    "deal_product": """line_id,deal_id,product_id,quantity,amount
1,kept,P,1,10
2,gone,P,1,20
3,lost,P,1,40
""",
    "case_": "case_id,created_at,is_deleted\nZ1,2026-07-02,false\nZ2,2026-07-02,true\n",
    "sla_event": "sla_id,case_id,due_at\n1,Z1,2026-07-03\n2,Z2,2026-07-03\n",
}
OWN = {
    "changes": ("deal_stage_history", "deal_stage_history.entered_at", 2),
    "changes_to_offer": ("stage_change", "stage_change.entered_at", 1),
    "stays": ("stage_visit", "stage_visit.entered_at", 2),
    "promises": ("sla_event", "sla_event.due_at", 1),
}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_own_metrics_leave_them_out(engine: str, tmp_path: Path) -> None:
    project_of(tmp_path, TABLES, engine)
    own = [
        {"metric": name, "kind": "aggregate", "entity": entity, "aggregate": "count", "time": time}
        for name, (entity, time, _) in OWN.items()
    ]
    own[1]["where"] = "stage_change.stage.name = 'Offer'"
    lines = {"metric": "lines", "kind": "aggregate", "entity": "deal_product", "aggregate": "sum", "of": "deal_product.quantity", "stock": True}  # fmt: skip
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "own.yaml").write_text(yaml.safe_dump({"metrics": [*own, lines]}), encoding="utf-8")
    listed = {"entity": "stage_change", "fields": ["stage_change.deal_id", "stage.name"]}
    sections = [{"id": "k", "kpis": [*OWN, "lines"]}, {"id": "l", "records": listed}]
    found = figures(tmp_path, {"report": "custom", "period": "2026-Q3", "sections": sections}, NOW)
    assert rows(found, "k") == [{**{name: right for name, (_, _, right) in OWN.items()}, "lines": 1}]
    assert sorted(found.sections[1].rows) == [("kept", "Offer"), ("kept", "Talk")]


def test_the_catalogues_own_metrics_ask_for_them() -> None:
    """Which rows are parts of records is said once; metrics that are shipped say it themselves."""
    catalogue, seen = packaged(), set()
    for name in catalogue.metrics:
        for one in (name, *(f"{name}.{variant}" for variant in catalogue.metrics.variants(name))):
            metric = catalogue.metrics[one]
            entity = catalogue.entities.get(metric.entity)
            if metric.kind == "aggregate" and entity is not None and entity.part_of is not None:
                assert metric.where is not None
                # What is asked of the record no record meets that is none.
                assert f"{entity.name}.{entity.part_of}." in metric.where.sql(), one
                seen.add(entity.name)
    assert {"stage_visit", "sla_event"} <= seen
