"""Two ways over relations whose names are the same letters: `referrer.customer` and `referrer_customer`. Each leads to its own
record, together and alone, wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reportspec.audit.project_audit import AuditOrder, audit_project
from tests.figures.asking import NOW, figures, rows


def entity(name: str, fields: dict[str, str], relations: dict[str, str]) -> dict[str, object]:
    """An entity whose relations lead to others, each by a field of its own."""
    made = {field: {"type": kind} for field, kind in fields.items()}
    made |= {"id": {"type": "key"}} | {f"{step}_id": {"type": "key"} for step in relations}
    steps = {step: {"to": to, "by": f"{step}_id"} for step, to in relations.items()}
    called = {"en": name.title()}
    lead = {"relations": steps} if steps else {}
    return {"entity": name, "label": called, "plural": called, "key": "id", "fields": made, **lead}


# From a visit one comes to firms by three ways that are spelled alike, and by one called as they would be told apart.
ENTITIES = [
    entity("firm", {"name": "text"}, {}),
    entity("person", {"name": "text"}, {"customer": "firm", "customer_old": "firm"}),
    entity("pair", {"name": "text"}, {"old": "firm"}),
    entity(
        "visit",
        {"at": "time"},
        {"referrer": "person", "referrer_customer": "pair", "referrer_customer_old": "firm", "referrer__customer": "firm"},
    ),
]  # fmt: skip
WAYS = {
    "visit.referrer.customer_old.name": {"F1": 1, "F2": 2},
    "visit.referrer_customer.old.name": {"F3": 1, "F4": 2},
    "visit.referrer_customer_old.name": {"F5": 3},
    "visit.referrer__customer.name": {"F6": 2, "F1": 1},
    "visit.referrer.customer.name": {"F2": 1, "F3": 2},
    "visit.referrer_customer.name": {"pair 1": 1, "pair 2": 2},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "firm": "id,name\n1,F1\n2,F2\n3,F3\n4,F4\n5,F5\n6,F6\n",
        "person": "id,name,customer_id,customer_old_id\np1,P1,2,1\np2,P2,3,2\n",
        "pair": "id,name,old_id\nq1,pair 1,3\nq2,pair 2,4\n",
        "visit": "id,at,referrer_id,referrer_customer_id,referrer_customer_old_id,referrer__customer_id\n"
        "v1,2026-10-01 10:00:00,p1,q1,5,1\nv2,2026-10-02 10:00:00,p2,q2,5,6\nv3,2026-10-03 10:00:00,p2,q2,5,6\n",
    }
    mapping: dict[str, object] = {}
    (tmp_path / "entities").mkdir()
    (tmp_path / "metrics").mkdir()
    for one in ENTITIES:
        name = str(one["entity"])
        (tmp_path / "entities" / f"{name}.yaml").write_text(yaml.safe_dump(one), encoding="utf-8")
        (tmp_path / f"{name}.csv").write_text(files[name], encoding="utf-8")
        columns = [column for column in files[name].splitlines()[0].split(",") if column != "id"]
        mapping[name] = {"table": name, "key": "id", "fields": {column: column for column in columns}}
    metric = {"metric": "visits_count", "kind": "aggregate", "entity": "visit", "aggregate": "count"}
    metric |= {"time": "visit.at", "label": {"en": "Visits"}, "description": {"en": "Visits."}}
    (tmp_path / "metrics" / "own.yaml").write_text(yaml.safe_dump({"metrics": [metric]}), encoding="utf-8")
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": mapping}), encoding="utf-8")
    about = {"version": 1, "source": {"files": {name: f"{name}.csv" for name in files}}, "mapping": "m.yaml"}
    (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump({**about, "timezone": "UTC"}), encoding="utf-8")
    return tmp_path


def test_each_leads_to_its_own(folder: Path) -> None:
    sections: list[dict[str, object]] = [
        {"id": f"w{at}", "breakdown": {"metrics": ["visits_count"], "by": [way]}} for at, way in enumerate(WAYS)
    ]
    names = list(WAYS)
    sections.append({"id": "both", "breakdown": {"metrics": ["visits_count"], "by": [names[0], names[2]]}})
    sections.append({"id": "list", "records": {"entity": "visit", "fields": names, "limit": 9}})
    alike = f"{names[0]} = 'F2' and {names[1]} = 'F4' and {names[2]} = 'F5' and {names[3]} = 'F6'"
    sections.append({"id": "of", "kpis": ["visits_count"], "where": alike})
    found = figures(folder, {"report": "custom", "period": "2026-10", "sections": sections})
    for at, (way, counts) in enumerate(WAYS.items()):
        assert {row[way]: row["visits_count"] for row in rows(found, f"w{at}")} == counts, way
    both = {(row[names[0]], row[names[2]]): row["visits_count"] for row in rows(found, "both")}
    assert both == {("F1", "F5"): 1, ("F2", "F5"): 2}
    listed = [[row[way] for way in names] for row in rows(found, "list")]
    assert sorted(listed) == [
        ["F1", "F3", "F5", "F1", "F2", "pair 1"],
        ["F2", "F4", "F5", "F6", "F3", "pair 2"],
        ["F2", "F4", "F5", "F6", "F3", "pair 2"],
    ]
    assert rows(found, "of") == [{"visits_count": 2}]


def test_checks_of_an_audit_ask_both(folder: Path) -> None:
    (folder / "audits").mkdir()
    broken = "visit.referrer.customer_old.name <> visit.referrer_customer.old.name or visit.referrer_customer_old.name = 'F1'"
    own = {"audits": [{"audit": "same_firm", "entity": "visit", "broken": broken, "about": ["visit.at"]}]}
    (folder / "audits" / "own.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    made = audit_project(folder / "reportspec.yaml", AuditOrder(NOW, {}, entity="visit"))
    assert made.audit is not None, made.diagnostics
    assert [o.broken for o in made.audit.outcomes if o.check.id == "same_firm"] == [3]
