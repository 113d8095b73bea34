"""Sets of persons of which it is known who is whom, made by others: found with the one configuration that there is.

The sets are not part of the repository; the tests skip where they are absent.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.duplicates.conftest import Ask, Found, write_project

DATA = Path(os.environ.get("REPORTSPEC_TEST_DATA") or CHECKOUT.parent / "shared" / "data") / "duplicates"
needs_sets = pytest.mark.skipif(not DATA.is_dir(), reason=f"no sets with known duplicates in {DATA}")
ADDRESSES = ("street_number", "address_1", "address_2", "suburb", "postcode", "state", "date_of_birth", "soc_sec_id")
Fields = dict[str, object]


def own(*names: str, **renamed: str) -> Fields:
    """Fields that a mapping adds, by their columns."""
    return {
        name: {"sql": column, "type": "text"} for name, column in (*zip(names, names, strict=True), *renamed.items())
    }


def of_file(name: str) -> list[dict[str, str]]:
    """The rows of a set."""
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, skipinitialspace=True))


def pairs_within(labels: Iterable[str]) -> int:
    """How many pairs of records have one label."""
    return sum(count * (count - 1) // 2 for count in Counter(labels).values())


def f1(found: Found, label: Callable[[str], str], true_pairs: int, *, across: bool = False) -> float:
    """The harmonic mean of precision and recall over pairs of records, of one entity or across two."""
    right = told = 0
    for group in found["groups"]:
        records = group["records"]
        for place, a in enumerate(records):
            for b in records[place + 1 :]:
                if not across or a["entity"] != b["entity"]:
                    told += 1
                    right += label(a["key"]) == label(b["key"])
    return 2 * right / (told + true_pairs)


def person(key: str) -> str:
    """Whom a record of FEBRL is of: `rec-17-dup-0` is `17`."""
    return key.split("-")[1]


@needs_sets
def test_febrl3(tmp_path: Path, ask: Ask) -> None:
    fields = {"first_name": "given_name", "last_name": "surname", **own(*ADDRESSES)}
    contact = {"table": "people", "key": "rec_id", "fields": fields}
    files = {"files": {"people": str(DATA / "febrl3.csv")}}
    found = ask(write_project(tmp_path, files, {"entities": {"contact": contact}}))
    true_pairs = pairs_within(person(row["rec_id"]) for row in of_file("febrl3.csv"))
    assert found["records"] == 5000
    assert f1(found, person, true_pairs) >= 0.995


@needs_sets
def test_febrl4_across_two_files(tmp_path: Path, ask: Ask) -> None:
    contact = {"first_name": "given_name", "last_name": "surname", **own(*ADDRESSES)}
    lead = own(*ADDRESSES, first_name="given_name", last_name="surname")
    entities = {
        "contact": {"table": "a", "key": "rec_id", "fields": contact},
        "lead": {"table": "b", "key": "rec_id", "fields": lead},
    }
    files = {"files": {"a": str(DATA / "febrl4a.csv"), "b": str(DATA / "febrl4b.csv")}}
    found = ask(write_project(tmp_path, files, {"entities": entities}), "--entity", "lead+contact")
    assert f1(found, person, 5000, across=True) >= 0.99


@needs_sets
def test_fake_1000(tmp_path: Path, ask: Ask) -> None:
    fields = {"first_name": "first_name", "last_name": "surname", "email": "email", **own("dob", "city")}
    contact = {"table": "people", "key": "unique_id", "fields": fields}
    files = {"files": {"people": str(DATA / "fake_1000.csv")}}
    found = ask(write_project(tmp_path, files, {"entities": {"contact": contact}}))
    cluster = {row["unique_id"]: row["cluster"] for row in of_file("fake_1000.csv")}
    assert f1(found, cluster.__getitem__, pairs_within(cluster.values())) >= 0.9
