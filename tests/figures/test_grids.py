"""The axes of a heat map are in the order that their members have, whichever of them it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures.asking import figures
from tests.figures.from_tables import project_of

STAGES = """stage_id,name,position,is_won,is_lost,pipeline_id
a,Visit,1,false,false,p
b,Demo,2,false,false,p
c,Contract,3,false,false,p
d,Call,1,false,false,q
e,Advice,2,false,false,q
"""
PIPELINES = "pipeline_id,name\np,Direct\nq,Partners\n"
USERS = "user_id,name\n1,Ada\n2,Bo\n"
# Most are in the last stage of the one pipeline, then in the last of the other.
OPEN = {"a": 1, "b": 2, "c": 9, "d": 3, "e": 5}
IN_ORDER = {"pq": ("Visit", "Demo", "Contract", "Call", "Advice"), "p": ("Visit", "Demo", "Contract")}


@pytest.mark.parametrize("pipelines", ["pq", "p"])
@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_stages_stand_in_their_order(pipelines: str, engine: str, tmp_path: Path) -> None:
    stages = "".join(line for line in STAGES.splitlines(keepends=True) if line.strip()[-1] in f"{pipelines}d")
    deals = "deal_id,stage_id,owner_id,status,amount,created_at\n" + "".join(
        f"{stage}{at},{stage},{1 + at % 2},open,10,2026-07-01 09:00:00\n"
        for stage, count in OPEN.items()
        if pipelines == "pq" or stage in "abc"
        for at in range(count)
    )
    tables = {"deal": deals, "stage": stages, "user": USERS}
    tables |= {"pipeline": PIPELINES} if pipelines == "pq" else {}
    by = ["stage.name", "user.name"]
    sections = [
        {"id": one, "breakdown": {"metrics": ["open_opportunities_count"], "by": fields, "chart": "heatmap"}}
        for one, fields in (("down", by), ("across", by[::-1]))
    ]
    found = figures(
        project_of(tmp_path, tables, engine), {"report": "custom", "period": "2026-Q3", "sections": sections}
    )
    down, across = (section.chart for section in found.sections)
    assert down is not None
    assert across is not None
    assert down.order == across.categories == IN_ORDER[pipelines]
