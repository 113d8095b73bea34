"""What names a record that was merged into another counts for the one that is left, over chains of mergers; where none is
left, nothing is known of it, and that is told. What is right is reckoned in Python, one step at a time.

Slow: on each database that runs here."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.sql.merged_records import MOST_MERGERS
from tests.conftest import RunCli
from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, landed
from tests.figures.asking import figures, rows

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("merged records")]

# A record, and what it was merged into: chains up to the longest that is followed and one longer, two circles, one that
# was merged into itself, one into a record that is not there, and a twig beside a chain.
CHAIN = {n: n + 1 for n in range(1, MOST_MERGERS + 1)}
LONG = {n: n + 1 for n in range(20, 20 + MOST_MERGERS + 1)}
MERGED = {**CHAIN, **LONG, 40: 41, 41: 40, 42: 43, 43: 44, 44: 42, 45: 45, 46: 999, 47: 46, 50: 3, 51: 52}
THERE = (*range(1, 10), *range(20, 30), *range(40, 48), 50, 51, 52, 53)


def left(record: int | None) -> int | None:
    """The record that is left of one, or None where none is."""
    for _ in range(MOST_MERGERS):
        if record is None or record not in MERGED:
            break
        record = MERGED[record]
    return record if record in THERE and record not in MERGED else None


KINDS = {
    "texts": ("VARCHAR", "VARCHAR", "VARCHAR"),
    "numbers": ("BIGINT", "BIGINT", "BIGINT"),
    "another kind in what names them": ("BIGINT", "BIGINT", "VARCHAR"),
    "another kind in what they were merged into": ("BIGINT", "VARCHAR", "BIGINT"),
}


def crm(kinds: tuple[str, str, str], named: list[int | None]) -> list[Given]:
    own, into, theirs = kinds

    def of(value: int | None, kind: str) -> Any:
        return None if value is None else value if kind == "BIGINT" else str(value)

    people = [(of(n, own), f"p{n}@example.org", of(MERGED.get(n), into), "2026-01-01 10:00:00") for n in THERE]
    when = "2026-08-01 10:00:00"
    contact = (("id", own), ("email", "VARCHAR"), ("merged", into), ("made", "TIMESTAMP"))
    deal = (("id", "BIGINT"), ("person", theirs), ("made", "TIMESTAMP"))
    bought = (("id", "BIGINT"), ("person", theirs), ("made", "TIMESTAMP"), ("amount", "DOUBLE"))
    return [
        Given("contacts", contact, people),
        Given("deals", deal, [(n, of(one, theirs), when) for n, one in enumerate(named)]),
        Given("orders", bought, [(n, of(one, theirs), when, 10.0) for n, one in enumerate(named)]),
    ]


def project(folder: Path, url: str, prefix: str, *, merged: bool = True) -> None:
    contact = {"email": "email", "created_at": "made", **({"merged_into_id": "merged"} if merged else {})}
    order = {"contact_id": "person", "ordered_at": "made", "amount": "amount", "status": "'paid'"}
    entities = {
        "contact": {"table": f"{prefix}contacts", "key": "id", "fields": contact},
        "lead": {"table": f"{prefix}contacts", "key": "id", "fields": {**contact, "status": "'new'"}},
        "deal": {
            "table": f"{prefix}deals",
            "key": "id",
            "fields": {"contact_id": "person", "created_at": "made", "status": "'open'"},
        },
        "order_": {"table": f"{prefix}orders", "key": "id", "fields": order},
    }
    (folder / "m.yaml").write_text(
        yaml.safe_dump({"timezone": "UTC", "prefer": {"purchase": "order_"}, "entities": entities}), encoding="utf-8"
    )
    about = {"version": 1, "source": url, "mapping": "m.yaml", "timezone": "UTC"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")


SPEC = {
    "report": "custom",
    "period": "2026-Q3",
    "sections": [
        {"id": "by", "breakdown": {"metrics": ["deals_created_count"], "by": ["contact.email"], "top": 60}},
        {"id": "new", "kpis": ["new_customers_count"]},
    ],
}


def checked(folder: Path, named: list[int | None]) -> None:
    found = figures(folder, SPEC)
    wanted = Counter(f"p{end}@example.org" if (end := left(one)) is not None else None for one in named)
    counts = {row["contact.email"]: row["deals_created_count"] for row in rows(found, "by")}
    assert {name: n for name, n in counts.items() if n} == dict(wanted)
    # Those of whom none is left are no customers: nobody knows who bought.
    ends = {end for one in named if (end := left(one)) is not None}
    [tile] = rows(found, "new")
    assert tile == {"new_customers_count": len(ends)}
    [told] = [one for one in found.warnings if one.code == "no-survivor"]
    lost = [n for n in MERGED if left(n) is None]
    assert f"has {len(lost)} rows that were merged" in told.message
    # Told once: a merged record is there, whatever became of it; what is not is the record that only 46 names.
    partners = [one for one in found.warnings if one.code == "no-partner"]
    of = sorted(one.message.split("whose `")[1].split("`")[0] for one in partners)
    assert of == ["deal.contact", "order_.contact"]
    assert {one.notes for one in partners} == {("for example `999` (1 row)",)}


@pytest.mark.parametrize("engine", EVERYWHERE)
@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.by_day(kinds=["texts", "another kind in what they were merged into"])
def test_what_names_a_merged_record(engine: str, kinds: str, tmp_path: Path) -> None:
    named = [*THERE, 999, *random.Random(7).choices([*THERE, None], k=60), None]
    with landed(engine, crm(KINDS[kinds], named), lambda *_: None, tmp_path / "db") as place:
        project(tmp_path, place.url, place.prefix)
        checked(tmp_path, named)


def test_which_record_is_left_is_told_of_a_merged_one(run_cli: RunCli, tmp_path: Path) -> None:
    """`explain --row` of a lead: 50 was merged into 3, which became 9 step by step; of 40 none is left."""
    with landed("duckdb", crm(KINDS["numbers"], [1]), lambda *_: None, tmp_path / "db") as place:
        project(tmp_path, place.url, place.prefix)
    spec = {"version": 1, "report": "custom", "period": "2026-Q1", "sections": [{"kpis": ["leads_created_count"]}]}
    (tmp_path / "asked.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    for key, ends in (("50", "9"), ("40", None)):
        asked = ["explain", tmp_path / "asked.yaml", "leads_created_count", "--row", key]
        told = json.loads(run_cli([*asked, "--format", "json"]).stdout)
        [[left_out]] = [part["left_out"] for part in told[0]["parts"]]
        assert (left_out["merged_into"] or {}).get("value") == ends
        said = f"merged into {ends}: what names it counts for that one"
        assert (said in run_cli(asked).stdout) == (ends is not None)
