"""Names longer than databases keep: metrics, entities and fields whose names are alike in their first 63 bytes, and
columns that are called by several of them. The same figures come out of names of three letters.

Slow: each engine is asked for a dozen statements twice."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlglot
import yaml
from sqlglot import exp

from reportspec.compile import compile_report
from reportspec.databases import dialect_named, dialects
from reportspec.expression.trees import LONGEST, short
from reportspec.sql.dialect import sql_text
from tests.conftest import Draw
from tests.dialects.test_generated import NOW
from tests.engines.conftest import over_demo
from tests.engines.servers import Engine
from tests.engines.test_same_figures import asked, same
from tests.loading import load_report

NAMES = ("fa", "fb", "ea", "eb", "ga", "gb", "ma", "mb", "mc")  # fields, entities, fields of these, metrics


def long_names(random: Random) -> dict[str, str]:
    """A name for each of ours, of which only the end tells it apart."""
    common = "x" + "".join(random.choice("abcdefg_1") for _ in range(random.choice((48, 54, 58, 61, 63, 80, 180))))
    return {name: f"{common}{name}" for name in NAMES}


def called(text: str, names: dict[str, str]) -> str:
    return re.sub(rf"\b({'|'.join(NAMES)})\b", lambda match: names[match[0]], text)


def project(folder: Path, source: str, prefix: str, names: dict[str, str]) -> Path:
    over_demo(folder, source, prefix)
    mapping = yaml.safe_load((folder / "m.yaml").read_text(encoding="utf-8"))
    fields = mapping["entities"]["deal"]["fields"]
    for name, sql in (("fa", '"amount"'), ("fb", '"amount" * 2')):
        fields[names[name]] = {"sql": sql, "type": "number", "label": {"en": name}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    (folder / "entities").mkdir()
    (folder / "metrics").mkdir()
    for entity in ("ea", "eb"):
        text = called(ENTITY.replace("ENTITY", entity), names)
        (folder / "entities" / f"{entity}.yaml").write_text(text, encoding="utf-8")
    (folder / "metrics" / "own.yaml").write_text(called(METRICS, names), encoding="utf-8")
    return folder


ENTITY = """
entity: ENTITY
label: {en: Owner of deals}
plural: {en: Owners of deals}
key: ga
derived:
  from: deal
  group_by: [ga]
  fields: {ga: deal.owner_id, gb: sum(deal.fa) + sum(deal.fb)}
fields:
  ga: {type: key, label: {en: Owner}}
  gb: {type: number, label: {en: Sum}}
"""
METRICS = """
metrics:
  - {metric: ma, kind: aggregate, label: {en: ma}, entity: deal, aggregate: sum, of: deal.fa, where: deal.fb >= 1000,
     time: deal.created_at, direction: up}
  - {metric: mb, kind: aggregate, label: {en: mb}, entity: deal, aggregate: median, of: deal.fb, time: deal.created_at,
     direction: up}
  - {metric: mc, kind: aggregate, label: {en: mc}, entity: ea, aggregate: average, of: ea.gb, stock: true, direction: up}
"""
SPEC: dict[str, Any] = {
    "version": 1,
    "report": "custom",
    "period": "2026-Q2",
    "compare": "previous_period",
    "sections": [
        {"id": "tiles", "kpis": ["ma", "mb", "mc", "won_amount"]},
        {"id": "by", "breakdown": {"metrics": ["ma", "mb"], "by": ["user.name", "deal.deal_type"]}},
        {"id": "over", "trend": {"metrics": ["ma", "mb"], "grain": "month"}},
        {"id": "rows", "records": {"entity": "deal", "fields": ["deal.deal_id", "deal.fa", "deal.fb"], "sort": "-deal.fa"}},
        {"id": "own", "records": {"entity": "eb", "fields": ["eb.ga", "eb.gb"], "sort": "-eb.gb"}},
        {"id": "f", "kpis": ["forecast_weighted_amount.by_history", "forecast_amount.by_history"]},
    ],
}  # fmt: skip


@pytest.mark.by_day(engine_name=("sqlite", "postgres", "mariadb"))
def test_long_names_on_engines(
    database: Engine, reference: Path, tmp_path_factory: pytest.TempPathFactory, draw: Draw
) -> None:
    plain = project(tmp_path_factory.mktemp("short"), str(reference / "demo.duckdb"), "", {n: n for n in NAMES})
    wanted = asked(plain, SPEC)["sections"]
    assert all(section["rows"] for section in wanted)
    random = Random(draw.seed)
    for _ in range(draw.rounds(1, 6)):
        names = long_names(random)
        found = asked(
            project(tmp_path_factory.mktemp("long"), database.url, database.prefix, names),
            json.loads(called(json.dumps(SPEC), names)),
        )["sections"]
        text = json.dumps(found)
        for name, long in names.items():
            text = text.replace(long, name)
        for ours, theirs in zip(json.loads(text), wanted, strict=True):
            for part in ("rows", "total", "notes"):
                same(ours.get(part), theirs.get(part), f"{theirs['id']}, names of {len(names['fa'])}")


@pytest.mark.parametrize("name", dialects())
def test_no_name_is_cut(name: str, tmp_path: Path, draw: Draw) -> None:
    """Every name in every statement is as long as all databases keep, however long those are that people gave."""
    names = long_names(Random(draw.seed + sum(name.encode())))
    project(tmp_path, "postgresql://u@h/d", "", names)
    spec = json.loads(called(json.dumps(SPEC), names))
    (tmp_path / "s.yaml").write_text(json.dumps(spec), encoding="utf-8")
    checked = load_report(tmp_path / "s.yaml", NOW, {})
    assert checked.report is not None, [d.message for d in checked.diagnostics]
    for item in compile_report(checked.report):
        text = sql_text(item.tree, dialect_named(name))
        tree = sqlglot.parse_one(text, dialect=dialect_named(name).sqlglot)
        long = {str(node.this) for node in tree.find_all(exp.Identifier) if len(str(node.this).encode()) > LONGEST}
        assert not long, text


def test_what_is_shortened_stays_apart(draw: Draw) -> None:
    random = Random(draw.seed)
    names = {
        "".join(random.choice("aé漢😀_") for _ in range(random.randint(1, 120)))
        for _ in range(draw.rounds(200, 20_000))
    }
    assert len({short(one) for one in names}) == len(names)
    for one in names:
        assert len(short(one).encode()) <= LONGEST
        assert short(short(one)) == short(one)
        assert (short(one) == one) == (len(one.encode()) <= LONGEST)
