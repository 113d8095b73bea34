"""All checks of an audit of many records, timed: `python -m benchmarks.audit [RECORDS]`.

As many contacts, leads and deals each, with a fifth as many accounts, in a DuckDB file; of each fault that is made up
one record of a hundred or a thousand has it, so that the counts of some checks are known. Each entity is audited in a
process of its own, so that memory is its own, and then all together. Processor seconds are those of all threads.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import yaml

from reportspec.audit.project_audit import AuditOrder, audit_project

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ENTITIES = ("contact", "lead", "deal")
_NAME = " || ".join(f"chr(CAST(97 + i // {step} % 26 AS INTEGER))" for step in (1, 26, 676, 17_576))
_BORN = "TIMESTAMP '2025-12-01' + INTERVAL (i * 29) SECOND"
_MADE = f"""
CREATE TABLE users AS SELECT 'u' || i AS id, 'User ' || i AS name, i % 20 <> 0 AS active FROM range(200) t(i);
CREATE TABLE account AS SELECT 'a' || i AS id, 'Company ' || {_NAME} || i AS name, 'IT' AS country,
  'u' || i % 200 AS owner, {_BORN} AS created FROM range({{accounts}}) t(i);
CREATE TABLE contact AS SELECT 'c' || i AS id, 'a' || i % {{accounts}} AS account,
  CASE WHEN i % 100 = 1 THEN NULL WHEN i % 100 = 2 THEN {_NAME} || '@@mill.it'
       WHEN i % 1000 = 3 THEN 'shared' || i // 2000 || '@mill.it'
       ELSE {_NAME} || i || '@house-' || i % 5000 || '.com' END AS email,
  '+39 02 ' || (1000000 + i * 7 % 8999999) AS phone, {_NAME} AS given, 'Rossi' || i % 100000 AS family,
  'u' || i % 200 AS owner, {_BORN} AS created, TIMESTAMP '2026-09-01' AS updated, TIMESTAMP '2026-10-01' AS touched
  FROM range({{many}}) t(i);
CREATE TABLE lead AS SELECT 'l' || i AS id,
  CASE WHEN i % 100 = 1 THEN NULL WHEN i % 100 = 2 THEN {_NAME} || '@'
       ELSE {_NAME} || i || '@mill-' || i % 5000 || '.com' END AS email,
  '+39 06 ' || (1000000 + i * 7 % 8999999) AS phone, 'Mill ' || i AS company, 'u' || i % 200 AS owner,
  CASE WHEN i % 100 = 3 THEN 'Web' ELSE 'web' END AS source, 'new' AS status, {_BORN} AS created,
  CASE WHEN i % 100 = 4 THEN NULL ELSE {_BORN} + INTERVAL 2 HOUR END AS answered FROM range({{many}}) t(i);
CREATE TABLE stages AS SELECT * FROM (VALUES ('s0', 'Offer', 1, FALSE, FALSE),
  ('s1', 'Won', 2, TRUE, FALSE), ('s2', 'Lost', 3, FALSE, TRUE)) v(id, name, place, is_won, is_lost);
CREATE TABLE deal AS SELECT 'd' || i AS id, 'Deal ' || i AS name, 'a' || i % {{accounts}} AS account,
  'c' || i AS contact, 'u' || i % 200 AS owner, 's' || i % 3 AS stage, ['open', 'won', 'lost'][1 + i % 3] AS status,
  CASE WHEN i % 99 = 0 THEN NULL ELSE CAST(1000 + i % 9000 AS DECIMAL(18, 2)) END AS amount, 'EUR' AS currency,
  [0.3, 1.0, 0.0][1 + i % 3] AS probability, {_BORN} AS created,
  CASE WHEN i % 3 > 0 THEN {_BORN} + INTERVAL 1 HOUR END AS closed,
  DATE '2026-12-20' - CAST(i % 50 AS INTEGER) AS expected,
  CASE WHEN i % 3 = 2 THEN 'price' END AS reason FROM range({{many}}) t(i);
"""
_FIELDS = {
    "user": ("users", {"name": "name", "is_active": "active"}),
    "account": ("account", {"name": "name", "country": "country", "owner_id": "owner", "created_at": "created"}),
    "contact": (
        "contact",
        {"account_id": "account", "email": "email", "phone": "phone", "first_name": "given", "last_name": "family"}
        | {"owner_id": "owner", "created_at": "created", "updated_at": "updated", "last_activity_at": "touched"},
    ),
    "lead": (
        "lead",
        {"email": "email", "phone": "phone", "company": "company", "owner_id": "owner", "source": "source"}
        | {"status": "status", "created_at": "created", "first_response_at": "answered"},
    ),
    "stage": ("stages", {"name": "name", "position": "place", "is_won": "is_won", "is_lost": "is_lost"}),
    "deal": (
        "deal",
        {"name": "name", "account_id": "account", "contact_id": "contact", "owner_id": "owner", "stage_id": "stage"}
        | {"status": "status", "amount": "amount", "currency": "currency", "probability": "probability"}
        | {"created_at": "created", "closed_at": "closed", "expected_close_date": "expected", "loss_reason": "reason"},
    ),
}


def make(folder: Path, many: int) -> Path:
    """A project over so many contacts, leads and deals; its file."""
    with duckdb.connect(str(folder / "crm.duckdb")) as raw:
        raw.execute(_MADE.format(many=many, accounts=many // 5))
    entities = {name: {"table": table, "key": "id", "fields": fields} for name, (table, fields) in _FIELDS.items()}
    (folder / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
    place = folder / "reportspec.yaml"
    project = "version: 1\nsource: crm.duckdb\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n"
    place.write_text(project, encoding="utf-8")
    return place


def audit(place: Path, entity: str | None, many: int) -> dict[str, float]:
    """One audit: its seconds, and how many checks were asked. Counts that are known by how records were made have to
    be found."""
    cpu, clock = time.process_time(), time.perf_counter()
    made = audit_project(place, AuditOrder(NOW, {}, entity))
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    assert made.audit is not None, made.diagnostics
    asked = [outcome for outcome in made.audit.outcomes if outcome.level != "not_applicable"]
    found = {outcome.check.id: outcome.broken for outcome in asked}
    known = {
        "contact_email_missing": len(range(1, many, 100)),
        "lead_source_spelling": len(range(3, many, 100)),
        "deal_amount_missing": sum(i % 3 < 2 for i in range(0, many, 99)),
    }
    assert all(found[name] == count for name, count in known.items() if name in found), found
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"checks": len(asked), "cpu": cpu, "clock": clock, "mb": peak}


def main() -> None:
    """Print a table."""
    if len(sys.argv) > 2:
        entity = sys.argv[3] if sys.argv[3] != "all" else None
        print(json.dumps(audit(Path(sys.argv[2]), entity, int(sys.argv[1]))))
        return
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(
        "| records of each | entity | checks | processor seconds | seconds | peak memory |\n|--:|---|--:|--:|--:|--:|"
    )
    with tempfile.TemporaryDirectory() as folder:
        place = make(Path(folder), many)
        for name in (*ENTITIES, "all"):
            command = [sys.executable, "-m", "benchmarks.audit", str(many), str(place), name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            one = json.loads(done.stdout)
            times = f"{one['cpu']:.1f} | {one['clock']:.1f} | {one['mb']:,.0f} MB"
            print(f"| {many:,} | {name} | {one['checks']} | {times} |", flush=True)


if __name__ == "__main__":
    main()
