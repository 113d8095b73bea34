"""What is said of wrong data. Beside this file is `messages/NAME.txt` for each case of `cases.py`: the whole of what
`query` prints on the terminal about it. Every message names the table, the field or the file, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bad_data.cases import CASES, Given
from tests.golden import Golden

MESSAGES = Path(__file__).resolve().parent / "messages"
NOW = "2026-11-01T12:00:00Z"


def kept(name: str) -> str:
    path = MESSAGES / f"{name}.txt"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def said(names: tuple[str, ...], folder: Path, run_cli: Callable[..., Any], **spec: object) -> str:
    """The exit, and what is printed of cases together beside the figures; `spec` are more of the spec's keys."""
    given = Given()
    for name in names:
        CASES[name](given)
    given.spec.update(spec)
    given.write(folder)
    done = run_cli(("query", "s.yaml", "--format", "json"), env={"REPORTSPEC_NOW": NOW}, cwd=folder)
    assert "Traceback" not in done.stderr
    return f"exit {done.returncode}\n{done.stderr}"


@pytest.mark.parametrize("name", CASES)
def test_messages(name: str, tmp_path: Path, run_cli: Callable[..., Any], golden: Golden) -> None:
    golden.text(said((name,), tmp_path, run_cli), MESSAGES / f"{name}.txt")


def test_every_case_has_its_message(golden: Golden) -> None:
    golden.only(CASES, MESSAGES, "*.txt")
    assert len(CASES) >= 70


# What is right as it stands: what can be read in one way only, and what is told at the figure or in the docs.
SILENT = {
    "amount_decimal_comma", "amount_in_brackets", "amount_thousands", "amount_with_sign", "closed_before_created",
    "column_other_case", "currency_unmapped", "dates_day_first", "dates_mixed", "goal_of_some",
    "header_with_unseen_letter", "open_without_amount",
    "owner_empty", "stage_unknown", "times_ampm",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(CASES) - SILENT))
def test_something_is_said(name: str) -> None:
    """And it is a message, with a place in a file of the project, or in the data."""
    text = (MESSAGES / f"{name}.txt").read_text(encoding="utf-8")
    assert "error[" in text or "warning[" in text, text


IN_FULL = re.compile(r"in full `(\w+: \{[^…]*\})`$", re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in CASES if IN_FULL.search(kept(name))])
def test_what_is_to_be_written_does_what_it_says(name: str, tmp_path: Path, run_cli: Callable[..., Any]) -> None:
    """A setting of a file that a message has in full ends the mistake."""
    given = Given()
    CASES[name](given)
    before = kept(name)
    for line in IN_FULL.findall(before):
        given.tables.update(yaml.safe_load(line))
    given.write(tmp_path)
    done = run_cli(("query", "s.yaml"), env={"REPORTSPEC_NOW": NOW}, cwd=tmp_path)
    assert before.splitlines()[1] not in done.stderr
    assert "error[" not in done.stderr
