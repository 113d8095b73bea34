"""Numbers in columns of SQLite that are to be times: by their size seconds, or parts of them, since 1970."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from reportspec.errors import SourceError
from reportspec.run.texts import instant_of
from tests.engines.servers import Given, engine
from tests.figures.asking import figures, rows

COLUMNS = (("id", "VARCHAR"), ("amount", "DOUBLE"), ("status", "VARCHAR"), ("closed", "BIGINT"))
SECONDS = 1_784_109_600  # 2026-07-15 10:00:00 UTC
SPEC: dict[str, Any] = {
    "report": "custom",
    "period": "2026-Q3",
    "sections": [{"id": "a", "records": {"entity": "deal", "fields": ["deal.closed_at", "deal.amount"]}}],
}


def asked(folder: Path, value: Any) -> Any:
    table = Given("d", COLUMNS, [("1", 100, "won", value)])
    with engine("sqlite", [table], folder) as found:
        fields = {"amount": "amount", "status": "status", "closed_at": "closed", "created_at": "closed"}
        deal = {"table": f"{found.prefix}d", "key": "id", "fields": fields}
        mapping = {"timezone": "UTC", "entities": {"deal": deal}}
        (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        own = {"version": 1, "source": found.url, "mapping": "m.yaml", "currency": "EUR", "timezone": "UTC"}
        (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
        return rows(figures(folder, SPEC), "a")


@pytest.mark.parametrize("scale", [1, 10**3, 10**6, 10**9])
def test_by_their_size(scale: int, tmp_path: Path) -> None:
    [row] = asked(tmp_path, SECONDS * scale)
    assert row["deal.closed_at"] == date(2026, 7, 15)
    assert row["deal.amount"] == 100


def test_parts_of_a_second_stay() -> None:
    read = instant_of(SECONDS * 10**9 + 123_456_789, ZoneInfo("Europe/Rome"))
    assert read == datetime(2026, 7, 15, 12, 0, 0, 123_456)
    assert instant_of(-(10**17) - 1, ZoneInfo("UTC")) == datetime(1966, 10, 31, 14, 13, 19, 999_999)


@pytest.mark.parametrize("value", [1e30, -1e30, 1e300, 9e999])
def test_what_is_no_time_is_told_with_its_column(value: float, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as told:
        asked(tmp_path, value)
    assert told.value.code == "unreadable-value"
    assert "`closed`" in str(told.value)
