"""Reports for each value of a key that is a whole number are those of its text."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from reportspec.building import Order, build

SPEC = {
    "version": 1,
    "report": "custom",
    "period": "2026-Q3",
    "sections": [
        {"id": "k", "kpis": ["deals_created_count"]},
        {"id": "r", "records": {"entity": "deal", "fields": ["deal.deal_id", "deal.owner_id"]}},
        {"id": "b", "breakdown": {"metrics": ["deals_created_count"], "by": ["deal.owner_id"]}},
    ],
}


@pytest.mark.parametrize("people", [3, 60])  # a statement for each, and one for all
@pytest.mark.parametrize("each", ["user.user_id", "deal.owner_id"])
def test_each_value_of_a_key(each: str, people: int, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "c.duckdb")) as raw:
        raw.execute(
            f"create table deals as select i::int id, (i % {people})::bigint own, date '2026-07-01' + (i % 80)::int made"
            f" from range({people * 4 + 1}) t(i)"
        )
        raw.execute(f"create table users as select i::int id, 'u' || i as name from range({people}) t(i)")
    deal = {"table": "deals", "key": "id", "fields": {"owner_id": "own", "created_at": "made"}}
    user = {"table": "users", "key": "id", "fields": {"name": "name"}}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"entities": {"deal": deal, "user": user}}), encoding="utf-8")
    project = {"version": 1, "source": "c.duckdb", "mapping": "m.yaml", "currency": "EUR"}
    (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({**SPEC, "for_each": each}), encoding="utf-8")
    built = build(tmp_path / "s.yaml", Order(datetime(2026, 11, 1, tzinfo=UTC), {}))
    assert built.made is not None, built.diagnostics
    found = {value.value: figures for value, figures in built.made.figures}
    assert set(found) == {str(n) for n in range(people)}
    for name, figures in found.items():
        kpis, records, breakdown = figures.sections
        many = 5 if name == "0" else 4
        assert len(records.rows) == many
        assert [row[0] for row in breakdown.rows] == [name]
        assert many in [value for row in kpis.rows for value in row]
