"""A damaged source: either no report is made of it, and the message names what is damaged and how many
rows, or it is told and the figures are those of the sound source.

Slow: the demo is damaged again on each server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
import yaml

from reportspec.building import run_report
from reportspec.compile import compile_report
from reportspec.demo.columns import COLUMNS
from reportspec.diagnostics import Diagnostic
from reportspec.errors import Broken
from reportspec.model.figures import Figures
from tests.contract.damage import DAMAGE, Planted, Tables
from tests.engines.servers import Given, demo_tables, engine, write_parquet
from tests.loading import load_report

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
USED = ("deal", "user", "stage", "account", "pipeline", "activity", "fx_rate")
SPEC: dict[str, Any] = {
    "version": 1,
    "report": "custom",
    "period": "2026-Q4",  # told up to now: what is expected of rows is asked of those that were there
    "sections": [
        {"id": "head", "kpis": ["won_amount", "won_deals_count", "deals_created_count", "open_amount"]},
        {"id": "owners", "breakdown": {"metrics": ["won_amount"], "by": ["user.name"]}},
        {"id": "stages", "breakdown": {"metrics": ["open_opportunities_count"], "by": ["stage.name"]}},
        {"id": "pipelines", "breakdown": {"metrics": ["open_opportunities_count"], "by": ["pipeline.name"]}},
        {"id": "accounts", "breakdown": {"metrics": ["won_amount"], "by": ["account.industry"]}},
        {"id": "calls", "breakdown": {"metrics": ["activities_done_count"], "by": ["activity.type"]}},
        {"id": "late", "kpis": ["forecast_open_amount"]},
    ],
}


@pytest.fixture(scope="module")
def sound() -> Tables:
    """Of what the demo has wrong by intention the open deals without a date stay."""
    found = {table.name: table for table in demo_tables() if table.name in USED}
    activity = found["activity"]
    at = [name for name, _ in activity.columns].index("done_at")
    done = [name for name, _ in activity.columns].index("status")
    rows = [row for row in activity.rows if row[at] is not None or row[done] != "done"]
    return {**found, "activity": replace(activity, rows=rows)}


@contextmanager
def loaded(kind: str, tables: Tables, folder: Path) -> Iterator[tuple[str, str]]:
    """A database with the tables: its URL, and what stands before a table."""
    if kind != "duckdb":
        with engine(kind, list(tables.values()), folder) as found:
            yield found.url, found.prefix
        return
    with duckdb.connect(str(folder / "crm.duckdb")) as raw:
        for table in tables.values():
            write_parquet(table, folder)
            raw.execute(f"create table \"{table.name}\" as from '{folder / table.name}.parquet'")
    yield f"duckdb:///{folder / 'crm.duckdb'}", ""


def report(
    kind: str, tables: Tables, folder: Path, checks: dict[str, Any] | None = None
) -> tuple[Figures | None, tuple[Diagnostic, ...]]:
    """The figures, or None, and what is told."""
    folder.mkdir(parents=True, exist_ok=True)
    with loaded(kind, tables, folder) as (url, prefix):
        entities: dict[str, Any] = {
            name: {"table": f"{prefix}{name}", "fields": {c: f'"{c}"' for c, _ in COLUMNS[name]}} for name in tables
        }
        mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": entities}
        (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        project = {"version": 1, "timezone": "Europe/Rome", "currency": "EUR", "source": url, "mapping": "m.yaml"}
        own = project | ({"checks": checks} if checks else {})
        (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
        (folder / "s.yaml").write_text(yaml.safe_dump(SPEC), encoding="utf-8")
        checked = load_report(folder / "s.yaml", NOW, {})
        assert checked.report is not None, checked.diagnostics
        assert not checked.broken, checked.diagnostics
        compiled = compile_report(checked.report)
        try:
            figures = run_report(compiled)
        except Broken as broken:
            return None, broken.diagnostics
        return figures, figures.warnings


def total(figures: Figures) -> list[Any]:
    return [kpi.value for section in figures.sections for kpi in section.kpis]


def named(found: tuple[Diagnostic, ...], planted: Planted) -> list[Diagnostic]:
    """The messages about what was planted."""
    about = planted.of
    if planted.check == "unlikely-rows":
        return [one for one in found if one.code == planted.check]
    return [one for one in found if one.code == planted.check and f"`{about}`" in one.message]


def check(kind: str, name: str, tables: Tables, folder: Path, random: Random) -> None:
    damaged, planted = DAMAGE[name](tables, random)
    figures, found = report(kind, damaged, folder)
    mine = named(found, planted)
    assert len(mine) == 1, (planted, found)
    counts = [int(n.replace(",", "")) for n in re.findall(r"\b([\d,]+) (?:of|rows?)\b", mine[0].message)]
    assert planted.count in counts, (planted, mine[0].message)
    assert mine[0].span is not None or planted.check == "unlikely-rows"
    refuses = planted.check in ("no-key", "repeated-key", "undeclared-value", "misspelt-value")
    assert (figures is None) == refuses
    if figures is not None and planted.check == "no-partner":
        sound_figures, _ = report(kind, tables, folder / "sound")
        assert sound_figures is not None
        assert total(figures) == total(sound_figures)
        assert any("stand in a row without a name" in text for text in figures.footnotes)


def test_a_sound_source(sound: Tables, tmp_path: Path) -> None:
    figures, found = report("duckdb", sound, tmp_path)
    assert figures is not None
    assert [one.code for one in found] == ["unlikely-rows"]  # the demo has open deals without a date


@pytest.mark.parametrize("name", DAMAGE)
def test_damage(name: str, sound: Tables, tmp_path: Path, draw: Any) -> None:
    for number in range(draw.rounds(1, 30)):
        check("duckdb", name, sound, tmp_path / str(number), Random(f"{draw.seed} {name} {number}"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mariadb"])
def test_damage_on_servers(kind: str, sound: Tables, tmp_path: Path, draw: Any) -> None:
    random = Random(f"{draw.seed} {kind}")
    small = {
        name: Given(table.name, table.columns, table.rows[:400] if name == "activity" else table.rows)
        for name, table in sound.items()
    }
    for name in random.sample(list(DAMAGE), draw.rounds(3, len(DAMAGE))):
        check(kind, name, small, tmp_path / name.replace(" ", "_"), random)


def test_strict(sound: Tables, tmp_path: Path) -> None:
    figures, found = report("duckdb", sound, tmp_path, {"strict": True})
    assert figures is None
    assert [(one.code, one.severity) for one in found] == [("unlikely-rows", "error")]


def test_what_is_known(sound: Tables, tmp_path: Path) -> None:
    known = {
        "check": "unlikely-rows",
        "of": "deal.open_without_expected_date",
        "reason": "They are frames.",
    }
    figures, found = report("duckdb", sound, tmp_path, {"strict": True, "ignore": [known]})
    assert figures is not None
    assert not found
    [told] = figures.not_told
    assert told.endswith("They are frames.")
    assert not any("expected closing" in text for text in figures.footnotes)
    figures, found = report("duckdb", sound, tmp_path / "other", {"ignore": [{**known, "of": "deal.won_without_date"}]})
    assert figures is not None
    assert found
    assert not figures.not_told


def test_expectations_of_ones_own(sound: Tables, tmp_path: Path) -> None:
    """A project's own entity says what its rows should not be like."""
    (tmp_path / "entities").mkdir()
    entity = yaml.safe_load(
        """
        entity: visit
        label: {en: Visit}
        plural: {en: Visits}
        key: visit_id
        fields:
          visit_id: {type: key}
          minutes: {type: number}
          mood: {type: text, values: [good, bad]}
        expects:
          endless:
            unless: visit.minutes > 600
            about: [minutes]
            label: {en: Visits of more than ten hours}
            costs: {en: They lengthen the mean.}
        """
    )
    metric = {
        "metric": "visit_minutes",
        "kind": "aggregate",
        "entity": "visit",
        "aggregate": "average",
        "of": "visit.minutes",
        "unit": "minutes",
        "stock": True,
    }

    def asked(rows: str) -> tuple[Figures | None, list[str]]:
        (tmp_path / "entities" / "visit.yaml").write_text(yaml.safe_dump(entity), encoding="utf-8")
        (tmp_path / "metrics").mkdir(exist_ok=True)
        (tmp_path / "metrics" / "m.yaml").write_text(yaml.safe_dump({"metrics": [metric]}), "utf-8")
        (tmp_path / "v.csv").write_text(rows, encoding="utf-8")
        fields = {"visit_id": "id", "minutes": "minutes", "mood": "mood"}
        mapping = {"entities": {"visit": {"table": "v", "fields": fields}}}
        (tmp_path / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        (tmp_path / "reportspec.yaml").write_text(
            "version: 1\nsource: {files: {v: v.csv}}\nmapping: m.yaml\n", encoding="utf-8"
        )
        spec = {
            "version": 1,
            "report": "custom",
            "period": "2026-Q4",  # told up to now: what is expected of rows is asked of those that were there
            "sections": [
                {"id": "all", "kpis": ["visit_minutes"]},
                {"id": "by", "breakdown": {"metrics": ["visit_minutes"], "by": ["visit.mood"]}},
            ],
        }
        (tmp_path / "s.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
        checked = load_report(tmp_path / "s.yaml", NOW, {})
        if checked.report is None:
            return None, [one.message for one in checked.diagnostics]
        compiled = compile_report(checked.report)
        try:
            figures = run_report(compiled)
        except Broken as broken:
            return None, [one.message for one in broken.diagnostics]
        return figures, [one.message for one in figures.warnings]

    figures, said = asked("id,minutes,mood\n1,30,good\n2,700,bad\n")
    assert figures is not None, said
    assert said == ["Visits of more than ten hours: 1 of 2 rows of `v`. They lengthen the mean."]
    assert "Visits of more than ten hours: 1 of 2 visits. They lengthen the mean." in figures.footnotes
    assert [section.footnotes for section in figures.sections] == [(1,), ()]  # once
    assert asked("id,minutes,mood\n1,30,good\n2,60,Bad\n")[1] == [
        "`v` has 1 row whose `visit.mood` (column `mood`) is none of good, bad"
    ]
    entity["fields"]["mood"]["others"] = True
    assert asked("id,minutes,mood\n1,30,good\n2,60,fair\n")[1] == []
    assert "is nearly one of good, bad" in asked("id,minutes,mood\n1,30,good\n2,60,Bad\n")[1][0]
    entity["expects"]["endless"]["unless"] = "visit.nobody.minutes > 600"
    assert asked("id,minutes,mood\n1,30,good\n")[0] is None
