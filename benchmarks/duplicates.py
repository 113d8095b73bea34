"""Duplicates among many contacts, timed: `python -m benchmarks.duplicates [CONTACTS]`.

Contacts are made up: names as frequent as names are (a few are many people's), companies with colleagues who share its
switchboard, and for one contact of ten a second record with another spelling, address or number. Their keys say which
belong together, so that precision and recall are known.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from reportspec.duplicates.knowledge import knowledge

_MADE = """
CREATE TABLE person AS
SELECT i, g.name AS given, f.name AS family, company, random() AS luck,
  s[1 + company % 36] || s[1 + company // 36 % 36] || s[1 + company // 1296 % 36]
  || s[1 + company // 46656 % 36] AS firm
FROM (SELECT i, CAST(POW(random(), 1.5) * {companies} AS INTEGER) AS company, {syllables} AS s,
      1 + CAST(POW(random(), 2.2) * ({given} - 1) AS INTEGER) AS gi,
      1 + CAST(POW(random(), 2.2) * ({family} - 1) AS INTEGER) AS fi FROM range({people}) t(i)) p
JOIN given g ON g.id = p.gi JOIN family f ON f.id = p.fi;
CREATE TABLE contact AS
SELECT 'C' || i AS id, given AS first_name, family AS last_name,
  CASE WHEN luck < 0.9 THEN given || '.' || family || CASE WHEN luck < 0.6 THEN '' ELSE CAST(i AS VARCHAR) END
    || '@' || firm || '.example' END AS email,
  CASE WHEN hash(i) % 10 < 4 THEN '+39 0' || (200000000 + company * 13)
       WHEN hash(i) % 10 < 9 THEN '+39 3' || (100000000 + hash(i) % 900000000) END AS phone,
  CASE WHEN hash(i) % 3 = 0 THEN firm || ' S.r.l.' ELSE firm || ' SRL' END AS company
FROM person
UNION ALL
SELECT 'C' || i || '-2',
  CASE WHEN hash(i, 1) % 10 < 2 THEN left(given, 2) || substr(given, 4) ELSE given END,
  CASE WHEN hash(i, 2) % 10 < 2 THEN family[1:3] || 'x' || substr(family, 5) ELSE upper(family) END,
  CASE WHEN hash(i, 3) % 10 < 5 THEN given || '.' || family || CASE WHEN luck < 0.6 THEN '' ELSE CAST(i AS VARCHAR) END
    || '@' || firm || '.example' END,
  CASE WHEN hash(i) % 10 BETWEEN 4 AND 8 THEN '3' || (100000000 + hash(i) % 900000000) END,
  CASE WHEN hash(i, 4) % 10 < 7 THEN upper(firm) END
FROM person WHERE hash(i, 9) % 10 = 0
"""
_PROJECT = """\
version: 1
source: {files: {contact: contact.parquet}}
mapping: mapping.yaml
"""
_MAPPING = """\
entities:
  contact:
    table: contact
    key: id
    fields:
      first_name: first_name
      last_name: last_name
      email: email
      phone: phone
      company: {sql: company, type: text}
"""
_SYLLABLES = re.findall(
    r"\w+",
    "ba be bi bo bru ca che co cri da de di do fa fe fi fo ga gi go la le li lo ma me mi mo na ne ni no pa pe ra ro",
)
_ENDINGS = ("ni", "ti", "lli", "rro", "sso", "tta", "nzi", "lo", "ri", "to", "si")


def project(folder: Path, contacts: int) -> None:
    """Write a project with so many contacts, as good as."""
    given = [name for forms in knowledge().words.given_names for name in forms]
    given += [a + b + "a" for a in _SYLLABLES for b in _SYLLABLES]
    family = [a + b + c for a in _SYLLABLES for b in _SYLLABLES for c in _ENDINGS]
    with duckdb.connect() as raw:
        raw.execute("SELECT setseed(0.5)")
        raw.execute("SET threads = 1")
        for name, values in (("given", given), ("family", family)):
            raw.execute(
                f"CREATE TABLE {name} AS SELECT ROW_NUMBER() OVER () AS id, * FROM (SELECT UNNEST(?) AS name)", [values]
            )
        sizes = {
            "people": contacts * 10 // 11,
            "companies": contacts // 8,
            "given": len(given),
            "syllables": repr(_SYLLABLES),
            "family": len(family),
        }
        for statement in _MADE.format(**sizes).split(";"):
            raw.execute(statement)
        raw.execute(f"COPY contact TO '{folder / 'contact.parquet'}' (FORMAT parquet)")
    (folder / "reportspec.yaml").write_text(_PROJECT)
    (folder / "mapping.yaml").write_text(_MAPPING)


_RUN = """
import json, sys, time
from datetime import UTC, datetime
from pathlib import Path
from reportspec.check.project import load_project
from reportspec.check.report import bind_source
from reportspec.duplicates.find import duplicates_of
settings, document = load_project(Path(sys.argv[1]), {})
binding = bind_source(settings, document).binding(settings)
found = duplicates_of(settings, binding, "contact", datetime.now(UTC))
right = wrong = 0
for group in found.groups:
    for pair in group.pairs:
        a, b = (group.records[end].key.removesuffix("-2") for end in (pair.a, pair.b))
        right, wrong = right + (a == b), wrong + (a != b)
print(json.dumps([found.records, len(found.groups), right, wrong]))
"""


def main() -> None:
    """Print a row of the table in RESULTS.md for each size."""
    import json

    sizes = [int(text) for text in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
    print("| contacts | groups | precision | recall | seconds | processor seconds | peak memory |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            project(Path(name), size)
            with duckdb.connect() as raw:
                [(twice,)] = raw.execute(
                    f"SELECT COUNT(*) FROM '{name}/contact.parquet' WHERE id LIKE '%-2'"
                ).fetchall()
            before, since = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", _RUN, f"{name}/reportspec.yaml"], check=True, capture_output=True, text=True
            )
            seconds, after = time.perf_counter() - since, resource.getrusage(resource.RUSAGE_CHILDREN)
            records, groups, right, wrong = json.loads(done.stdout.splitlines()[-1])
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(
                f"| {records:,} | {groups:,} | {right / max(right + wrong, 1):.4f} | {right / twice:.4f} |"
                f" {seconds:.1f} | {spent:.1f} | {after.ru_maxrss / 1024:,.0f} MB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
