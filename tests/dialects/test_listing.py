"""What `compile` prints for people: whatever they wrote into titles, filters and names stays comment."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from reportspec.cli import cli
from reportspec.compile import compile_report
from reportspec.databases import dialect_named
from reportspec.expression.trees import copied
from reportspec.formats.statements import listing
from reportspec.sql.dialect import sql_text, sql_texts
from reportspec.sql.shared_trees import SHARED
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ENDS = (
    "\n",
    "\r",
    "\r\n",
    "\v",
    "\f",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
    "\n\n",
    "\n--\n",
    "*/\n",
    "\\\n",
)
EVIL = "DROP TABLE deal; SELECT 'evil'"


def lines_of(folder: Path, end: str, file: str, patch: pytest.MonkeyPatch) -> list[str]:
    """The lines, as Python or an editor sees them, of the listing of a spec that has an end of line
    wherever a text stands; statements, which may have some within texts, are one word."""
    # A file may hold a line feed only; what comes in by another way is put into the report itself.
    spoken = end if end.replace("\n", "").isprintable() else "\n"
    evil = f"x{spoken}{EVIL}"
    spec: dict[str, Any] = {
        "version": 1,
        "report": "custom",
        "title": evil,
        "period": "2026-Q3",
        "params": {"p": {"type": "string", "default": "x"}},
        "compare": "previous_period",
        "filters": [
            {"field": "deal.name", "ne": evil},
            {"field": "deal.name", "not_in": ["a", evil]},
            {"field": "deal.name", "ne": "{{ params.p }}"},
        ],
        "where": f"deal.name <> 'y{spoken}{EVIL.replace(chr(39), chr(39) * 2)}'",
        "sections": [
            {"id": "k", "title": evil, "kpis": ["won_amount"]},
            {"id": "t", "title": evil, "trend": {"metrics": ["won_amount"], "grain": "month"}},
            {"id": "b", "title": evil, "breakdown": {"metrics": ["won_amount"], "by": ["deal.name"]}},
            {"id": "r", "title": evil, "records": {"entity": "deal", "fields": ["deal.name", "deal.amount"]}},
        ],
    }
    own = {"version": 1, "source": "demo", "currency": "EUR", "timezone": "Europe/Rome", "locale": "en_GB"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), "utf-8")
    path = folder / file
    path.write_text(json.dumps(spec), "utf-8")
    checked = load_report(path, NOW, {"p": f"p{' '.join(end.split())}"})
    assert checked.report is not None, checked.diagnostics
    report = replace(
        checked.report,
        title=f"x{end}{EVIL}",
        filter_texts=(*checked.report.filter_texts, f"x{end}{EVIL}"),
    )
    patch.setattr("reportspec.formats.statements.sql_texts", lambda *_, **__: ["STATEMENT", "STATEMENT"])
    return listing(report, "duckdb").splitlines()


@pytest.mark.parametrize("end", ENDS, ids=[repr(end) for end in ENDS])
def test_what_people_wrote_stays_in_its_line(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_of(tmp_path, end, f"s {EVIL}.yaml", monkeypatch)
    assert [one for one in lines if one and one != "STATEMENT;" and not one.startswith("-- ")] == []
    assert lines.count("STATEMENT;") > 3
    assert sum(EVIL in line for line in lines) >= 3


@pytest.mark.parametrize("end", ["\n", "\r", "\u2028", "\x0b"])
def test_names_of_files_stay_in_their_line(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_of(tmp_path, " ", f"s{end}{EVIL}.yaml", monkeypatch)
    assert [one for one in lines if one and one != "STATEMENT;" and not one.startswith("-- ")] == []


def test_that_columns_may_compare_otherwise_is_told(tmp_path: Path) -> None:
    """Where the database decides at the run how texts compare, the listing says so; elsewhere not."""
    spec = "version: 1\nreport: custom\nperiod: 2026-Q3\nsections: [{kpis: [deals_created_count]}]\n"
    (tmp_path / "m.yaml").write_text(
        "entities: {deal: {table: deal, fields: {deal_id: id, created_at: made}}}\n", "utf-8"
    )
    (tmp_path / "s.yaml").write_text(spec, "utf-8")
    for source, told in (
        ("demo", False),
        ("postgresql://u@h/d", True),
        ("mariadb://u@h/d", True),
        ("clickhouse://u@h/d", False),
    ):
        mapping = "" if source == "demo" else "mapping: m.yaml\n"
        (tmp_path / "reportspec.yaml").write_text(
            f"version: 1\nsource: {source}\n{mapping}currency: EUR\ntimezone: Europe/Rome\nlocale: en_GB\n",
            "utf-8",
        )
        ran = CliRunner().invoke(cli, ["compile", str(tmp_path / "s.yaml")])
        assert ran.exit_code == 0, ran.output
        assert ("byte for byte" in ran.output) is told, source
    other = CliRunner().invoke(cli, ["compile", str(tmp_path / "s.yaml"), "--dialect", "duckdb"])
    assert "byte for byte" not in other.output


@pytest.mark.parametrize("dialect", ["postgresql", "dbase", "", "duckdb, normalization_strategy=lowercase", "x" * 300])
def test_a_mapping_of_no_known_dialect(dialect: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(
        f"dialect: {json.dumps(dialect)}\nentities: {{deal: {{table: deal, fields: {{deal_id: id, created_at: made}}}}}}\n",
        "utf-8",
    )
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: postgresql://u@h/d\nmapping: m.yaml\ncurrency: EUR\ntimezone: UTC\nlocale: en_GB\n",
        "utf-8",
    )
    (tmp_path / "s.yaml").write_text(
        "version: 1\nreport: custom\nperiod: 2026-Q3\nsections: [{kpis: [deals_created_count]}]\n",
        "utf-8",
    )
    checked = load_report(tmp_path / "s.yaml", NOW, {})
    assert checked.report is None
    told = [d for d in checked.diagnostics if d.span is not None and d.span.line == 1]
    assert told, checked.diagnostics
    if dialect == "postgresql":
        assert "postgres" in str(told[0].help)


@pytest.mark.parametrize("break_", ["\n", "\n\n  ", ""])
@pytest.mark.parametrize("database", ["duckdb", "postgres", "mysql", "sqlite"])
def test_readable_statements_are_those_that_are_written_whole(database: str, break_: str, tmp_path: Path) -> None:
    """CTEs of several statements are written once, and set in; a text of several lines stays as it is."""
    text = f"a{break_}b"
    own = {"version": 1, "source": "postgresql://reader@db.example.com/crm", "mapping": "m.yaml", "currency": "EUR"}
    deal = {
        "deal_id": "id",
        "amount": "amount",
        "status": f"case when state = '{text}' then 'won' when state = 'x' then 'lost' else 'open' end",
        "created_at": "made",
        "closed_at": "closed",
    }
    mapping = {"timezone": "UTC", "entities": {"deal": {"table": "deals", "key": "id", "fields": deal}}}
    metrics = ["won_amount", "close_rate", "deals_created_count"]
    spec: dict[str, Any] = {"version": 1, "report": "custom", "period": "2026-Q3", "compare": "previous_period"}
    spec["sections"] = [
        {"id": "k", "kpis": metrics},
        {"id": "t", "trend": {"metrics": metrics, "grain": "month"}},
        {"id": "s", "trend": {"metrics": ["open_amount"], "grain": "month"}},
    ]
    for name, data in {"reportspec": own, "m": mapping, "spec": spec}.items():
        (tmp_path / f"{name}.yaml").write_text(json.dumps(data), "utf-8")
    checked = load_report(tmp_path / "spec.yaml", NOW, {})
    assert checked.report is not None, [one.message for one in checked.diagnostics]
    written = text.replace("\n", "\\n") if database == "mysql" else text
    dialect, seen = dialect_named(database), 0
    for compiled in compile_report(checked.report):
        alone = copied(compiled.tree)
        assert alone.meta.pop(SHARED) is not None
        for way in ((False, True), (True,)):
            *_, readable = sql_texts(compiled.tree, dialect, way)
            assert readable == sql_text(alone, dialect, pretty=True)
            assert f"'{written}'" in readable
            seen += 1
    assert seen >= 6
