"""A table beside another one, joined by each part of a text: lists of merged records, as CRMs keep them at the record that is
left. What is right is reckoned in Python.

Slow: on each database that runs here."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, landed
from tests.figures.asking import figures, rows
from tests.loading import load_report

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("each part")]
MOST = 256  # parts of a text
# As CRMs' mappings say it, and as all databases do themselves.
WRITTEN = {"duckdb": "split_part(each_part(others, '{}'), '@', 1)", "": "replace(each_part(others, '{}'), '@17', '')"}


def lists() -> dict[int, list[int]]:
    """Which records went into which: of some none, of others one, two, as many as two figures count and one more."""
    drawn = random.Random(5)
    sizes = [0, 1, 2, 3, 16, 17, MOST + 1]
    found: dict[int, list[int]] = {}
    free = iter(range(1_000, 2_000))
    for at, size in enumerate(sizes):
        found[at] = [next(free) for _ in range(size)]
        drawn.shuffle(found[at])
    return found


def project(folder: Path, url: str, prefix: str, on: str, dialect: str = "") -> None:
    merger = {"table": f"{prefix}contacts", "on": {on: "id"}, "fields": {"into_id": "max(id)"}}
    contact = {"table": f"{prefix}contacts", "key": "id", "joins": {"merger": merger}}
    contact |= {"fields": {"email": "email", "created_at": "made", "merged_into_id": "merger.into_id"}}
    won = {"contact_id": "person", "closed_at": "made", "created_at": "made", "amount": "amount", "status": "'won'"}
    deal = {"table": f"{prefix}deals", "key": "id", "fields": won}
    mapping: dict[str, object] = {"timezone": "UTC", "entities": {"contact": contact, "deal": deal}}
    mapping |= {"dialect": dialect} if dialect else {}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    about = {"version": 1, "source": url, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")


SPEC = {
    "report": "custom",
    "period": "2026-Q3",
    "sections": [{"id": "by", "breakdown": {"metrics": ["won_amount"], "by": ["contact.email"], "top": 60}}],
}


@pytest.mark.parametrize("engine", EVERYWHERE)
def test_each_part_of_a_text_is_joined(engine: str, tmp_path: Path) -> None:
    """Each merged record bought for a power of its own; the last of 257 parts is not read, and says nothing else."""
    into = lists()
    when = "2026-08-01 10:00:00"
    mark = "::" if engine in ("duckdb", "mariadb") else ";"
    people = [(str(n), f"p{n}@x.org", mark.join(f"{m}@17" for m in of) or None, when) for n, of in into.items()]
    people += [(str(m), f"p{m}@x.org", None, when) for of in into.values() for m in of]
    bought = [(str(at), str(m), when, float(m)) for at, m in enumerate(m for of in into.values() for m in of)]
    text = "VARCHAR"
    tables = [
        Given("contacts", (("id", text), ("email", text), ("others", "VARCHAR"), ("made", "TIMESTAMP")), people),
        Given("deals", (("id", text), ("person", text), ("made", "TIMESTAMP"), ("amount", "DOUBLE")), bought),
    ]
    if engine == "mariadb":  # where a text is short by its type
        tables[0] = Given("contacts", (*tables[0].columns[:2], ("others", "TEXT"), tables[0].columns[3]), people)
    with landed(engine, tables, lambda *_: None, tmp_path / "db") as place:
        found = []
        for dialect, on in WRITTEN.items():
            project(tmp_path, place.url, place.prefix, on.format(mark), dialect)
            found.append({row["contact.email"]: row["won_amount"] for row in rows(figures(tmp_path, SPEC), "by")})
    wanted = {f"p{n}@x.org": float(sum(of[:MOST])) for n, of in into.items() if of}
    wanted |= {f"p{m}@x.org": float(m) for of in into.values() for m in of[MOST:]}
    for sums in found:
        assert {name: float(amount) for name, amount in sums.items() if amount} == wanted


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("each_part(others, email)", "what stands between the parts is a text that is written out"),
        ("each_part(others, '')", "what stands between the parts is a text that is written out"),
        ("each_part(others)", "`each_part` takes 2 arguments"),
    ],
)
def test_what_it_takes(on: str, said: str, tmp_path: Path) -> None:
    assert said in told(tmp_path, on)


def test_where_it_may_stand(tmp_path: Path) -> None:
    """Only where rows of one key are grouped: elsewhere there were more rows than records."""
    files(tmp_path)
    text = (tmp_path / "m.yaml").read_text(encoding="utf-8")
    (tmp_path / "m.yaml").write_text(text.replace("email: email", "email: each_part(email, ';')"), encoding="utf-8")
    assert "stands on the left in `on` of a table that has `fields`, and nowhere else" in told(tmp_path, None)
    spec = {**SPEC, "version": 1, "filters": ["each_part(contact.email, ';') = 'a'"]}
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    checked = load_report(tmp_path / "s.yaml", datetime(2026, 11, 1, tzinfo=UTC), {})
    assert "each_part" in " ".join(one.message for one in checked.diagnostics)


def files(folder: Path, on: str = "id") -> None:
    (folder / "contacts.csv").write_text("id,email,others,made\n", encoding="utf-8")
    (folder / "deals.csv").write_text("id,person,made,amount\n", encoding="utf-8")
    project(folder, "", "", on)
    about = {"version": 1, "source": {"files": {"contacts": "contacts.csv", "deals": "deals.csv"}}, "mapping": "m.yaml"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump({**about, "timezone": "UTC"}), encoding="utf-8")


def told(folder: Path, on: str | None) -> str:
    if on is not None:
        files(folder, on)
    (folder / "s.yaml").write_text(yaml.safe_dump({**SPEC, "version": 1}), encoding="utf-8")
    checked = load_report(folder / "s.yaml", datetime(2026, 11, 1, tzinfo=UTC), {})
    return " ".join(one.message for one in checked.diagnostics)
