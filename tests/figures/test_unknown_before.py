"""Of records without a history of their states, what has closed since an instant is told by the side that it is of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import yaml

from tests.figures.asking import figures

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# Open at the end of October: e and f, of which f has closed since. At the end of September: all but f, which is newer,
# of which a and b closed in October and e is open.
DEALS = """id,amount,status,stage,created,closed,probability
a,100,won,A,2026-08-01,2026-10-05,0.5
b,100,lost,A,2026-08-01,2026-10-06,0.5
e,100,open,A,2026-08-01,,0.5
f,100,won,A,2026-10-02,2026-11-03,0.5
"""


def told(folder: Path, **more: str) -> list[str]:
    (folder / "d.csv").write_text(DEALS, encoding="utf-8")
    fields = {"amount": "amount", "status": "status", "probability": "probability"}
    fields |= {"stage_id": "stage", "created_at": "created", "closed_at": "closed"}
    deal = {"table": "d", "key": "id", "fields": fields}
    stage = {"rows": [{"stage_id": "A", "name": "A", "position": 1, "probability": 0.5}]}
    mapping = {"timezone": "UTC", "entities": {"deal": deal, "stage": stage}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    project = {"version": 1, "source": {"files": {"d": "d.csv"}}, "mapping": "m.yaml", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    spec = {
        "report": "custom",
        "period": "2026-10",
        "sections": [{"id": "k", "kpis": ["open_weighted_amount"]}],
        **more,
    }
    return [text for text in figures(folder, spec, NOW).footnotes if "has closed since" in text]


def test_the_figures_own_side_is_told_alone(tmp_path: Path) -> None:
    alone = told(tmp_path)
    assert len(alone) == 1
    assert "(1 deal)" in alone[0]
    assert told(tmp_path, compare="previous_period") == alone
