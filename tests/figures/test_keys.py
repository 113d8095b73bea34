"""Keys that are whole numbers on both sides are compared as they are, which changes no figure.

Slow: all reports are computed with both kinds of keys."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from reportspec.catalogue.load import packaged
from reportspec.compile import compile_report
from reportspec.databases import dialect_named
from reportspec.demo.columns import COLUMNS
from reportspec.sql.dialect import sql_text
from tests.conftest import CHECKOUT, Draw
from tests.engines.servers import demo_tables, thinned
from tests.engines.test_same_figures import BREAKDOWNS, CHUNKS, PERIOD, SPECS, compare
from tests.figures.asking import NOW
from tests.loading import load_report

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("keys"), pytest.mark.usefixtures("draw")]
SETTINGS = {"version": 1, "timezone": "Europe/Rome", "locale": "en_GB", "currency": "EUR"}
NULL = "(null)"
KEYS = {
    (entity.name, field.name)
    for entity in packaged().entities.values()
    for field in entity.fields.values()
    if field.type == "key"
}


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Projects over the demo's rows with whole numbers for keys, compared as the types of the columns say, as the
    mapping says, and as texts."""
    home = tmp_path_factory.mktemp("keys")
    numbers: dict[str, int] = {}
    with duckdb.connect(str(home / "crm.duckdb")) as raw:
        for table in thinned(demo_tables()):
            names = [name for name, _ in table.columns]
            keyed = [(table.name, name) in KEYS for name in names]
            kinds = {name: "BIGINT" if key else kind for (name, kind), key in zip(table.columns, keyed, strict=True)}
            rows = [
                tuple(
                    numbers.setdefault(v, len(numbers) + 1) if key and v is not None else v
                    for v, key in zip(row, keyed, strict=True)
                )
                for row in table.rows
            ]
            # By way of a file, which DuckDB reads a hundred times faster than it binds rows.
            path = home / f"{table.name}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([NULL if value is None else value for value in row] for row in rows)
            raw.execute(
                f'create table "{table.name}" as from read_csv(?, header = false, '
                f"auto_detect = false, nullstr = '{NULL}', columns = {kinds!r})",
                [str(path)],
            )
    assert len(numbers) > 1000
    found = {}
    for keys in ("text", "typed", "found"):
        folder = home / keys
        folder.mkdir()
        entities = {
            name: {"table": name, "fields": {c: f'"{c}"' for c, _ in columns}} for name, columns in COLUMNS.items()
        }
        mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": entities}
        if keys != "found":
            mapping["keys"] = keys
        (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        own = {**SETTINGS, "source": "../crm.duckdb", "mapping": "m.yaml"}
        (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
        found[keys] = folder
    return found


def check(projects: dict[str, Path], spec: dict[str, Any], draw: Draw, number: int = 0) -> None:
    """By day by one of the two ways, which write the same comparisons; by night by both."""
    for keys in ("found", "typed") if draw.night else (("found", "typed")[number % 2],):
        compare(projects[keys], projects["text"], spec)


@pytest.mark.by_day(spec=SPECS[::4])
@pytest.mark.parametrize("spec", SPECS)
def test_reports(spec: str, projects: dict[str, Path], draw: Draw) -> None:
    """By day a quarter of them: their metrics, by which keys are compared, are in the next test."""
    data = yaml.safe_load((CHECKOUT / "specs" / f"{spec}.yaml").read_text(encoding="utf-8"))
    check(projects, json.loads(json.dumps(data, default=str)), draw)


@pytest.mark.parametrize("chunk", range(len(CHUNKS)))
def test_metrics(chunk: int, projects: dict[str, Path], draw: Draw) -> None:
    """By day every other metric of those that share entities, which are joined by the same keys; by night all."""
    sections = [{"id": "all", "kpis": CHUNKS[chunk][:: draw.rounds(2, 1)]}]
    check(projects, {**PERIOD, "compare": "previous_period", "sections": sections}, draw, chunk)


def test_metrics_that_compare_rows(projects: dict[str, Path], draw: Draw) -> None:
    sections = [{"id": name, "breakdown": {"metrics": [name], "by": [by]}} for name, by in BREAKDOWNS.items()]
    check(projects, {**PERIOD, "sections": sections}, draw)


@pytest.mark.parametrize("key", ["deal.owner_id", "deal.account_id", "purchase.account_id", "user.user_id"])
def test_keys_as_dimensions_and_filters(key: str, projects: dict[str, Path], draw: Draw) -> None:
    metric = "purchases_count" if key.startswith("purchase") else "won_amount"
    metric = metric if metric in packaged().metrics else "won_deals_count"
    sections = [{"id": "by", "breakdown": {"metrics": [metric], "by": [key]}}]
    check(projects, {**PERIOD, "compare": "previous_period", "sections": sections}, draw)
    sections.append(
        {"id": "rows", "records": {"entity": "deal", "fields": ["deal.deal_id", "deal.owner_id", "deal.amount"]}}
    )
    filters = [{"field": "deal.owner_id", "in": ["1", "2", "3", "40", "41"]}]
    check(projects, {**PERIOD, "filters": filters, "sections": sections[1:]}, draw)


def test_keys_stay_as_they_are(projects: dict[str, Path]) -> None:
    """Nothing is turned into a text that is only compared."""
    spec = {"period": "2026-Q3", "sections": [{"breakdown": {"metrics": ["leads_created_count"], "by": ["user.name"]}}]}
    casts = {}
    for keys, folder in projects.items():
        path = folder / "stay.yaml"
        path.write_text(json.dumps({"version": 1, "report": "custom", **spec}), encoding="utf-8")
        checked = load_report(path, NOW, {})
        assert checked.report is not None
        [compiled, *_] = compile_report(checked.report)
        casts[keys] = sql_text(compiled.tree, dialect_named("duckdb")).count("AS TEXT)")
    assert casts["text"] > 2
    assert casts["typed"] == casts["found"] == 0
