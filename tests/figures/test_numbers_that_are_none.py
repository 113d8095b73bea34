"""NaN and infinite values in fields of one's own are refused, and pass no condition in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from reportspec.errors import SourceError
from tests.figures.asking import figures, rows

SECTIONS: dict[str, dict[str, Any]] = {
    "bins": {
        "breakdown": {"metrics": ["won_deals_count"], "by": [{"field": "deal.score", "bins": [0, 5]}]},
    },
    "filter": {"filters": [{"field": "deal.score", "gt": 100}], "kpis": ["won_deals_count"]},
    "condition": {"where": "deal.score < 0", "kpis": ["won_deals_count"]},
    "list": {"records": {"entity": "deal", "fields": ["deal.name", "deal.score"], "period": "all"}},
}


def project(folder: Path, scores: list[str], kind: str = "number") -> Path:
    """Deals won in January with these scores, in a Parquet file."""
    deals = ", ".join(f"({n}, 'd{n}', cast({score} as double))" for n, score in enumerate(scores))
    with duckdb.connect() as made:
        made.execute(
            "copy (select id, name, score, 10.0 as amount, timestamp '2026-01-05 10:00:00' as at"
            f" from (values {deals}) as given (id, name, score)) to '{folder / 'deals.parquet'}' (format parquet)"
        )
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.parquet}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n", "utf-8"
    )
    fields = {
        "name": "name",
        "amount": "amount",
        "status": "'won'",
        "created_at": "at",
        "closed_at": "at",
        "score": {"sql": "score", "type": kind},
    }
    mapping = {"entities": {"deal": {"table": "deals", "key": "id", "fields": fields}}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), "utf-8")
    return folder


def asked(section: str) -> dict[str, Any]:
    return {"period": "2026", "sections": [{"id": "a", **SECTIONS[section]}]}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("score", ["'NaN'", "'inf'", "'-inf'"])
def test_what_is_no_number_is_refused_by_its_name(score: str, section: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refused:
        figures(project(tmp_path, ["1.0", score, "null"]), asked(section))
    assert refused.value.code == "too-large"
    assert "`deals` has 1 row whose `deal.score` (column `score`) is no number" in refused.value.message


def test_it_stops_no_report_that_does_not_read_it(tmp_path: Path) -> None:
    found = figures(project(tmp_path, ["1.0", "'NaN'"]), {"period": "2026", "metrics": ["won_deals_count"]})
    assert found.sections[0].kpis[0].value == 2


def test_numbers_that_there_are(tmp_path: Path) -> None:
    """Minus zero is zero; the largest that a filter can ask for is a number; none is in no bin."""
    found = figures(project(tmp_path, ["1.0", "-0.0", "9e27", "-9e27", "null"]), asked("bins"))
    assert [row["won_deals_count"] for row in rows(found, "a")][:3] == [1, 2, 1]
