"""What the search leaves out is told: values that too many share, and groups that would be too large."""

from __future__ import annotations

from pathlib import Path

from reportspec.duplicates.clusters import connected
from tests.duplicates.conftest import Ask

PROJECT = "version: 1\nsource: {files: {people: people.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n"
MAPPING = "entities:\n  contact: {table: people, key: id, fields: {email: mail, phone: phone}}\n"


def test_an_address_that_all_share_compares_none_of_them(tmp_path: Path, ask: Ask) -> None:
    """800 make 319,600 pairs, and a value brings 300,000 at the most. 1 and 2 meet by their telephone number."""
    phones = {1: "+39 02 5551234", 2: "+39 02 5551234"}
    rows = [f"{number},anna.neri@fern-paper.com,{phones.get(number, '')}" for number in range(1, 801)]
    (tmp_path / "people.csv").write_text("\n".join(["id,mail,phone", *rows, "901,a@b.it,", ""]), encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
    found = ask(tmp_path)
    assert found["too_common"] == {"records": 800, "compared_by_nothing_else": 798}
    assert found["cut_pairs"] == 0


def test_pairs_that_would_make_a_group_too_large_are_counted() -> None:
    """Of 70 that are all the same the first 60 are one set, the last ten another: 60 times 10 pairs lie between."""
    edges = [(a, b, 9.0) for a in range(70) for b in range(a + 1, 70)]
    sets, cut = connected(edges, 60)
    assert [len(records) for records in sets] == [60, 10]
    assert cut == 600
