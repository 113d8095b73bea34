"""A deal whose lead was merged is of the lead that is left, whether or not the mapping follows the merging itself; one whose
lead was deleted has none."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.engines.servers import Given
from tests.engines.shapes import landed
from tests.figures.asking import figures, rows

DEALS = Given("deals", (("id", "VARCHAR"), ("amount", "BIGINT"), ("lead_id", "VARCHAR"), ("closed", "TIMESTAMP")), [
    (f"d{at}", amount, lead, "2026-02-01 10:00:00") for at, (amount, lead) in enumerate(((1, "a"), (2, "b"), (4, "c")))
])  # fmt: skip
# b was merged into a, c was deleted.
LEADS = Given(
    "leads",
    (("lead_id", "VARCHAR"), ("source", "VARCHAR"), ("merged_into_id", "VARCHAR"), ("is_deleted", "BOOLEAN")),
    [("a", "Web", None, False), ("b", "Fair", "a", False), ("c", "Fair", None, True)],
)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize("follows", [False, True])
def test_the_source_of_a_merged_lead(follows: bool, engine: str, tmp_path: Path) -> None:
    with landed(engine, [DEALS, LEADS], lambda *_: None, tmp_path / "db") as found:
        own = {"status": "'won'", "amount": "amount", "closed_at": "closed", "lead_id": "lead_id"}
        deal = {"table": f"{found.prefix}deals", "key": "id", "fields": own}
        if follows:
            deal["joins"] = {"was": {"table": f"{found.prefix}leads", "on": {"lead_id": "lead_id"}, "unique": True}}
            own["lead_id"] = "coalesce(was.merged_into_id, lead_id)"
        lead = {
            "table": f"{found.prefix}leads",
            "key": "lead_id",
            "fields": {name: name for name in ("source", "merged_into_id", "is_deleted")},
        }
        mapping = {"timezone": "UTC", "entities": {"deal": deal, "lead": lead}}
        (tmp_path / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        about = {"version": 1, "source": found.url, "mapping": "m.yaml", "timezone": "UTC"}
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        by = {"metrics": ["won_amount"], "by": ["lead.source"]}
        spec = {"report": "custom", "period": "2026-Q1", "sections": [{"id": "b", "breakdown": by}]}
        made = figures(tmp_path, spec)
    assert {row["lead.source"]: row["won_amount"] for row in rows(made, "b")} == {"Web": 3, None: 4}
