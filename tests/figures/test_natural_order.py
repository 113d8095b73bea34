"""Values follow each other as what they are: numbers, and what the catalogue or a mapping orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.figures.asking import figures, rows

CALLS = [(9, "April"), (10, "Midsummer"), (11, "February"), (100, "January"), (-2, "january")]
MONTHS = ["January", "February", "March", "April"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Calls by the hour and the month."""
    lines = ["id,dir,at,hour,month"]
    for number, (hour, month) in enumerate(CALLS):
        lines.append(f"{number},inbound,2026-01-{9 - number:02} 10:00:00,{hour},{month}")
    (tmp_path / "calls.csv").write_text("\n".join(lines), "utf-8")
    fields: dict[str, Any] = {
        "direction": "dir",
        "queued_at": "at",
        "hour": {"sql": "hour", "type": "integer"},
        "month": {"sql": "month", "type": "text", "order": MONTHS},
    }
    mapping = {"entities": {"service_call": {"table": "calls", "key": "id", "fields": fields}}}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(mapping), "utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {calls: calls.csv}}\nmapping: m.yaml\ntimezone: UTC\n", "utf-8"
    )
    return tmp_path


def listed(folder: Path, sort: str, top: int = 9) -> list[Any]:
    name = sort.removeprefix("-")
    section = {"metrics": ["inbound_calls_count"], "by": [name], "sort": sort, "top": top}
    spec = {
        "report": "custom",
        "period": "2026-01",
        "sections": [{"id": "b", "breakdown": section}],
    }
    return [row[name] for row in rows(figures(folder, spec), "b")]


def test_numbers(folder: Path) -> None:
    assert listed(folder, "service_call.hour") == [-2, 9, 10, 11, 100]
    assert listed(folder, "-service_call.hour", 2) == [100, 11]


def test_what_the_mapping_orders(folder: Path) -> None:
    """Those that it does not name come after, by the alphabet."""
    wanted = ["January", "February", "April", "january", "Midsummer"]
    assert listed(folder, "service_call.month") == wanted
    assert listed(folder, "-service_call.month") == wanted[::-1]


def test_a_trend_has_its_lines_in_order(folder: Path) -> None:
    trend = {"metrics": ["inbound_calls_count"], "by": "service_call.hour", "grain": "month"}
    spec = {"report": "custom", "period": "2026-01", "sections": [{"id": "t", "trend": trend}]}
    found = [row["service_call.hour"] for row in rows(figures(folder, spec), "t")]
    assert found == [-2, 9, 10, 11, 100]
