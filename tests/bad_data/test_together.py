"""Mistakes that come together are told together: what is said of each alone is said of all of them, and nothing else.
So is what a spec has wrong in one part, whatever another part of it is like."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bad_data.test_bad_data import MESSAGES, said

TOGETHER = [
    # Values of a column that cannot be read, and what the survey finds in the others.
    ("amount_word", "status_capital", "person_twice"),
    ("amount_excel_error", "key_twice"),
    ("dates_impossible", "key_empty", "probability_percent"),
    # A line of the mapping, and values.
    ("column_misspelt", "dates_impossible", "status_from_stage"),
    ("key_misspelt", "key_empty"),
    ("where_misspelt", "dates_two_digits"),
    ("column_is_no_time", "probability_percent", "person_twice"),
    # A file that cannot be read, and others that can.
    ("file_utf16_without_mark", "rate_twice", "status_capital"),
    ("file_cp1252", "amount_ambiguous", "probability_percent"),
    # What is found one after the other in one file.
    ("totals_row", "dates_impossible", "amount_word"),
]


def heads(text: str) -> set[str]:
    """What is told, but for counts, which are of all rows."""
    return {re.sub(r"\d+", "N", line) for line in text.splitlines() if line.startswith(("error[", "warning["))}


@pytest.mark.parametrize("names", TOGETHER, ids="+".join)
def test_all_are_told_at_once(names: tuple[str, ...], tmp_path: Path, run_cli: Callable[..., Any]) -> None:
    alone = [heads((MESSAGES / f"{name}.txt").read_text(encoding="utf-8")) for name in names]
    assert all(alone)
    assert heads(said(names, tmp_path, run_cli)) == set().union(*alone)


def test_of_reports_for_each_value(tmp_path: Path, run_cli: Callable[..., Any]) -> None:
    names = ("amount_word", "status_capital")
    found = said(names, tmp_path, run_cli, for_each="user.name")
    assert {line.partition(":")[0] for line in heads(found)} == {"error[unreadable-value]", "error[undeclared-value]"}


def test_what_rests_on_a_mistake_is_not_told(tmp_path: Path, run_cli: Callable[..., Any]) -> None:
    """The table of people is gone, and nobody's owner is missing; nor is a deal without an amount one without a
    currency."""
    found = heads(said(("file_empty_users", "currency_empty", "amount_word", "owner_unknown"), tmp_path, run_cli))
    assert {line.partition(":")[0] for line in found} == {"error[empty-file]", "error[unreadable-value]"}
