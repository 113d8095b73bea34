"""Names of columns that are no SQL as they stand are answered with how they are written in a mapping."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from reportspec.api import validate

NAMES = ["from", "case", "when", "distinct", "#", "select", "as", "where", "Betrag (EUR)", "a&b", "Wahrsch. %", "a b"]


def _told(folder: Path, name: str, given: str) -> list[tuple[str, str | None]]:
    with (folder / "d.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", name, "created"], ["1", "x", "2026-01-01"]])
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {d: d.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n", encoding="utf-8"
    )
    fields = f"      name: {given}\n      created_at: created\n"
    (folder / "m.yaml").write_text(
        f"entities:\n  deal:\n    table: d\n    key: id\n    fields:\n{fields}", encoding="utf-8"
    )
    (folder / "s.yaml").write_text("version: 1\nperiod: 2026-01\nmetrics: [deals_created_count]\n", encoding="utf-8")
    return [(one.message, one.help) for one in validate(folder / "s.yaml")]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_no_expression(name: str, tmp_path: Path) -> None:
    quoted = f"'\"{name}\"'"
    [(message, help)] = _told(tmp_path, name, f"'{name}'")
    assert help is not None
    assert help.endswith(f"stands in quotes: write `{quoted}`")
    assert "Token" not in message
    assert _told(tmp_path, name, quoted) == []


def test_an_aggregate_is_no_name(tmp_path: Path) -> None:
    [(_, help)] = _told(tmp_path, "a", "sum(a)")
    assert help is None
