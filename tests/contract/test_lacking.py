"""A source that lacks some of what a shipped mapping reads serves the rest; what one's own lines name has
to be there."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from reportspec.check.lacking import There, served
from reportspec.compile import compile_report
from reportspec.contract.fit import fitted
from reportspec.errors import Broken, SourceError
from tests.figures.asking import figures, rows
from tests.loading import load_report

NOW = datetime(2026, 10, 1, tzinfo=UTC)
# As a connector lands deals of which only some properties were ticked.
TABLES = (
    "create table deal (deal_id varchar(20), is_deleted varchar(5), deal_pipeline_id varchar(20),"
    " deal_pipeline_stage_id varchar(20), owner_id varchar(20), property_dealname varchar(20),"
    " property_amount varchar(20), property_closedate varchar(30), property_createdate varchar(30));"
    "create table deal_pipeline_stage (stage_id varchar(20), pipeline_id varchar(20), label varchar(20),"
    " display_order varchar(5), probability varchar(5), closed_won varchar(5), _fivetran_deleted varchar(5));"
    "insert into deal values ('1', 'false', 'p', 's', 'o', 'one', '5', '2026-08-01', '2026-07-01');"
    "insert into deal_pipeline_stage values ('s', 'p', 'Open', '1', '0.5', 'false', 'false');"
)
SPEC = {
    "report": "custom",
    "period": "2026-Q3",
    "sections": [{"id": "a", "kpis": ["deals_created_count"]}],
}


def project(folder: Path, kind: str, extra: str = "") -> Path:
    if kind == "sqlite":
        with sqlite3.connect(folder / "crm.sqlite") as raw:
            raw.executescript(TABLES)
        raw.close()
        source = "sqlite:///crm.sqlite"
    else:
        with duckdb.connect(str(folder / "crm.duckdb")) as raw:
            raw.execute(TABLES)
            for table in ("deal", "deal_pipeline_stage"):
                raw.execute(f"copy {table} to '{folder / table}.csv' (header)")
        source = "duckdb:///crm.duckdb"
    if kind == "files":
        source = "{files: {deal: deal.csv, deal_pipeline_stage: deal_pipeline_stage.csv}}"
    crm = "mapping: m.yaml" if extra else "crm: hubspot"
    if extra:
        (folder / "m.yaml").write_text(f"extends: hubspot\nentities:\n{extra}", encoding="utf-8")
    (folder / "reportspec.yaml").write_text(f"version: 1\nsource: {source}\n{crm}\ncurrency: EUR\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", ["duckdb", "files"])
def test_what_is_not_there_is_not_given(kind: str, tmp_path: Path) -> None:
    folder = project(tmp_path, kind)
    assert rows(figures(folder, SPEC), "a") == [{"deals_created_count": 1}]
    (folder / "s.yaml").write_text(
        "version: 1\nreport: custom\nperiod: 2026-Q3\nsections:\n"
        "  - breakdown: {metrics: [deals_created_count], by: [deal.source]}\n",
        encoding="utf-8",
    )
    checked = load_report(folder / "s.yaml", NOW, {})
    [told] = [one for one in checked.diagnostics if one.severity == "error"]
    assert told.code == "unmapped-field"
    assert "`deal` has no column `property_hs_analytics_source`" in told.message
    assert told.span is not None


def test_the_map_without_what_a_source_lacks(tmp_path: Path) -> None:
    (project(tmp_path, "sqlite") / "s.yaml").write_text("version: 1\nsections:\n  - text: nothing\n", encoding="utf-8")
    report = load_report(tmp_path / "s.yaml", NOW, {}).report
    assert report is not None
    source = report.binding.source
    assert {"deal.loss_reason", "deal.deal_type", "user", "account"} <= source.lacks.keys()
    assert {"deal_id", "amount", "owner_id"} <= source.entities["deal"].fields.keys()
    assert not source.wrong


def test_ones_own_lines_stay_strict(tmp_path: Path) -> None:
    folder = project(tmp_path, "duckdb", "  deal:\n    fields: {loss_reason: property_dealnam}\n")
    assert rows(figures(folder, SPEC), "a") == [{"deals_created_count": 1}]
    by = {
        **SPEC,
        "sections": [{"id": "a", "breakdown": {"metrics": ["deals_created_count"], "by": ["deal.loss_reason"]}}],
    }
    with pytest.raises(SourceError, match=r"no column `deal\.property_dealnam`") as told:
        figures(folder, by)
    assert told.value.help == "did you mean `property_dealname`?"


def test_a_listing_without_any_table_tells_nothing(tmp_path: Path) -> None:
    (project(tmp_path, "duckdb") / "s.yaml").write_text("version: 1\nsections:\n  - text: nothing\n", encoding="utf-8")
    report = load_report(tmp_path / "s.yaml", NOW, {}).report
    assert report is not None
    source = report.binding.source
    assert served(source, There({}, {}, "postgres", all_tables=False)) is source


DEAL = (
    "deal_id is_deleted deal_pipeline_id deal_pipeline_stage_id owner_id property_dealname property_amount "
    "property_closedate property_createdate"
)
ON_A_SERVER = {
    "a column that is not needed": ("deals_created_count", DEAL, ""),
    "a column": ("deals_created_count", DEAL.replace("property_createdate", "more"), "property_createdate"),
    "what tells rows": ("deals_created_count", DEAL.replace("is_deleted", "more"), "is_deleted"),
}


@pytest.mark.parametrize("name", ON_A_SERVER)
def test_a_server_is_asked_before_a_report_is_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metric, columns, absent = ON_A_SERVER[name]
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: postgresql://u@h/d\ncrm: hubspot\ncurrency: EUR\n", encoding="utf-8"
    )
    spec = f"version: 1\nreport: custom\nperiod: 2026-Q3\nsections:\n  - kpis: [{metric}]\n"
    (tmp_path / "s.yaml").write_text(spec, encoding="utf-8")
    report = load_report(tmp_path / "s.yaml", NOW, {}).report
    assert report is not None  # without a connection all is taken to be there
    there = {"deal": dict.fromkeys(columns.split(), "text")}
    monkeypatch.setattr("reportspec.run.execute.column_types", lambda source, wanted: there)
    if not absent:
        narrow = fitted(compile_report(report)).report
        assert narrow.binding.source.lacks
        assert narrow.sections[0].metrics[0].id == metric
        return
    with pytest.raises(Broken, match=f"no column `{absent}`") as told:
        fitted(compile_report(report))
    assert told.value.diagnostics[0].span is not None
