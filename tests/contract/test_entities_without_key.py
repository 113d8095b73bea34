"""An entity to which others lead has to give its key: without it no row would find its partner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reportspec.catalogue.load import packaged
from reportspec.check.mapping import load_mapping
from reportspec.resolve.document import Document
from tests.figures.asking import codes

CATALOGUE = packaged()
LED_TO = sorted(
    {
        (entity.name, relation.by, relation.to)
        for entity in CATALOGUE.entities.values()
        for relation in entity.relations.values()
        if entity.derived is None
        and CATALOGUE.entities[relation.to].derived is None
        and (entity.name, relation.by) != (relation.to, CATALOGUE.entities[relation.to].key)
    }
)


def mapped(folder: Path, entities: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What is told of a mapping of one's own: code, message and the line that it points at."""
    path = folder / "mapping.yaml"
    path.write_text(json.dumps({"entities": entities}, indent=1), encoding="utf-8")
    _, _, document = load_mapping(CATALOGUE, "", path, Document("", "", None, {}))
    assert document is not None
    lines = path.read_text().splitlines()
    return [(p.code, p.message, lines[p.span.line - 1] if p.span else "") for p in document.problems]


@pytest.mark.parametrize(("name", "by", "to"), LED_TO)
def test_a_relation_needs_the_key_that_it_leads_to(name: str, by: str, to: str, tmp_path: Path) -> None:
    own, key = CATALOGUE.entities[name].key, CATALOGUE.entities[to].key
    entities: dict[str, Any] = {to: {"table": "b", "fields": {"name": "n"}}}
    leading = {"table": "a", "fields": {by: "x"}}
    entities[name] = leading if own is None or name == to else {**leading, "key": "id"}
    [(code, message, line)] = mapped(tmp_path, entities)
    assert (code, message) == ("missing-key", f"`{to}` gives no `{key}`, and `{name}.{by}` leads to it")
    assert f'"{to}"' in line
    # Both ways to give it.
    assert not mapped(tmp_path, {**entities, to: {**entities[to], "key": "id"}})
    assert not mapped(tmp_path, {**entities, to: {**entities[to], "fields": {**entities[to]["fields"], key: "id"}}})


@pytest.mark.parametrize("name", sorted({name for name, _, _ in LED_TO}))
def test_what_nothing_leads_to_needs_no_key(name: str, tmp_path: Path) -> None:
    field = next(f for f in CATALOGUE.entities[name].fields.values() if f.type == "text" and f.expr is None)
    assert not mapped(tmp_path, {name: {"table": "a", "fields": {field.name: "x"}}})


def test_a_union_and_rows_give_it_too(tmp_path: Path) -> None:
    deals = {"table": "d", "fields": {"stage_id": "s"}}
    parts = [{"table": "a", "fields": {"name": "n"}}, {"table": "b", "fields": {"name": "n"}}]
    assert [code for code, _, _ in mapped(tmp_path, {"deal": deals, "stage": {"union": parts}})] == ["missing-key"]
    keyed = [{**part, "key": "id"} for part in parts]
    assert not mapped(tmp_path, {"deal": deals, "stage": {"union": keyed}})
    assert not mapped(tmp_path, {"deal": deals, "stage": {"rows": [{"stage_id": "1", "name": "New"}]}})


def test_a_record_whose_key_the_source_lacks_is_not_reached(tmp_path: Path) -> None:
    # A shipped mapping reads the people's key from a column that this source does not have: their names
    # would be empty for every deal.
    (tmp_path / "opportunity.csv").write_text(
        "id,owner_id,amount,is_won,is_closed,is_deleted,close_date,created_date,stage_name\n"
        "1,u1,10,true,true,false,2026-08-01,2026-07-01,Won\n",
        encoding="utf-8",
    )
    (tmp_path / "user.csv").write_text("name,email,is_active\nAda,a@example.com,true\n", encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {opportunity: opportunity.csv, user: user.csv}}\ncrm: salesforce\ncurrency: EUR\n",
        encoding="utf-8",
    )
    asked = {"id": "a", "breakdown": {"metrics": ["won_deals_count"], "by": ["user.name"]}}
    assert codes(tmp_path, {"report": "custom", "period": "2026-Q3", "sections": [asked]}) == ["unmapped-field"]
