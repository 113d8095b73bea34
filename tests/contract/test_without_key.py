"""A table whose mapping has no key is told of at its figures, with how many of its rows are the same as others."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
import yaml

from reportspec.model.findings import REFUSED, Kind
from reportspec.schema_files import bundled_schema
from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, SERVERS, landed
from tests.figures.asking import figures, rows
from tests.loading import load_report

NOW = datetime(2026, 7, 15, tzinfo=UTC)
SPEC = {"report": "custom", "period": "2026-Q2", "sections": [{"id": "a", "kpis": ["leads_created_count"]}]}
DAY = datetime(2026, 5, 1)
COLUMNS = (("id", "VARCHAR"), ("name", "VARCHAR"), ("created", "TIMESTAMP"))
# Two of one, three of another, one whose name is missing twice, and two that differ in their day alone.
ALIKE = [("1", "Rossi", DAY)] * 2 + [("2", "Bianchi", DAY)] * 3 + [("3", None, DAY)] * 2
LEADS = [*ALIKE, ("4", "Verdi", DAY), ("4", "Verdi", DAY.replace(day=2))]


def project(folder: Path, url: str, prefix: str, ignored: bool = False) -> Path:
    entities = {
        "lead": {
            "table": f"{prefix}leads",
            "fields": {"full_name": "name", "created_at": "created", "status": "'working'"},
        }
    }
    (folder / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
    said = {"version": 1, "source": url, "mapping": "m.yaml"}
    if ignored:
        said["checks"] = {"ignore": [{"check": "without-key", "of": "lead", "reason": "A list of forms."}]}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return folder


@pytest.mark.parametrize("engine", [one for one in EVERYWHERE if one not in SERVERS])
def test_it_is_told_with_the_rows_that_are_alike(engine: str, tmp_path: Path) -> None:
    with landed(engine, [Given("leads", COLUMNS, LEADS)], lambda *_: None, tmp_path / "db") as found:
        made = figures(project(tmp_path, found.url, found.prefix), SPEC, NOW)
        quiet = figures(project(tmp_path, found.url, found.prefix, ignored=True), SPEC, NOW)
    [told] = [one for one in made.warnings if one.code == "without-key"]
    # All rows but the first of each: 1 + 2 + 1.
    assert "4 rows are the same as another" in told.message
    assert "mapping of `lead`" in told.message
    assert float(rows(made, "a")[0]["leads_created_count"]) == len(LEADS)
    assert made.sections[0].footnotes
    assert any("4 of 9" in note for note in made.footnotes)
    assert not [one for one in quiet.warnings if one.code == "without-key"]


def test_it_is_told_where_none_are_alike_and_not_of_no_rows(tmp_path: Path) -> None:
    for at, (given, told) in enumerate(((LEADS[-2:], 1), ([], 0))):
        with landed("duckdb", [Given("leads", COLUMNS, given)], lambda *_: None, tmp_path / f"db{at}") as found:
            made = figures(project(tmp_path, found.url, found.prefix), SPEC, NOW)
        warnings = [one for one in made.warnings if one.code == "without-key"]
        assert len(warnings) == told
        assert all("same as another" not in one.message for one in warnings)


def test_whatever_is_told_can_be_ignored_and_is_listed() -> None:
    told = set(get_args(Kind)) - REFUSED
    ignore = bundled_schema("project")["properties"]["checks"]["properties"]["ignore"]["items"]["properties"]["check"]
    names = set(re.findall(r"[a-z]+-[a-z-]+", ignore["pattern"].partition(")|")[0]))
    assert names == told
    listed = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
    assert not {kind for kind in get_args(Kind) if f"| `{kind}` |" not in listed}


def test_rows_without_a_key_are_called_by_no_other_one(tmp_path: Path) -> None:
    """Whose lead it is says nothing of which lead it is."""
    from reportspec.resolve.binding import Unresolved
    from reportspec.review.explained_row import RowAsked, found_by

    with landed("duckdb", [Given("leads", COLUMNS, LEADS)], lambda *_: None, tmp_path / "db") as found:
        folder = project(tmp_path, found.url, found.prefix)
        mapping = yaml.safe_load((folder / "m.yaml").read_text("utf-8"))
        mapping["entities"]["lead"]["fields"]["owner_id"] = "name"
        (folder / "m.yaml").write_text(yaml.safe_dump(mapping), "utf-8")
        (folder / "asked.yaml").write_text(yaml.safe_dump({"version": 1, **SPEC}), "utf-8")
        report = load_report(folder / "asked.yaml", NOW, {}).report
        assert report is not None
        with pytest.raises(Unresolved, match="no key"):
            found_by(report.binding, "lead", RowAsked(""))
