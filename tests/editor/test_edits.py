"""What is mended is what was meant: the mistake and no other letter of the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportspec.diagnostics import Advice, Diagnostic, Edit, Span, suggestion
from reportspec.edits import edited, with_edits
from tests.conftest import RunCli

NAMES = ("close_rate", "won_amount", "lost_amount", "won_deals_count", "lead_response_p75", "lead_response_p90", "bar")


@pytest.mark.parametrize(
    ("word", "sure"),
    [
        ("close_rat", True),
        ("Close-Rate", True),
        ("clsoe_rate", True),
        ("won_deels_cuont", True),
        ("close_ratio", True),
        ("amount", False),  # of what
        ("lst_amount", True),
        ("lead_response_p85", False),  # as near to one as to the other
        ("barr", False),  # a short word
        ("count_of_won_deals", False),
    ],
)
def test_what_is_sure(word: str, sure: bool) -> None:
    advice = suggestion(word, NAMES)
    assert (advice is not None and advice.sure) is sure


def test_two_names_that_differ_by_a_letter_are_never_sure() -> None:
    advice = suggestion("won_amountt", ("won_amount", "won_amounts"))
    assert advice is not None
    assert not advice.sure


@pytest.mark.parametrize(
    ("line", "at", "advice", "mended"),
    [
        ("a: deal.amout > 1", (4, 18), Advice("", "deal.amout", "deal.amount"), "a: deal.amount > 1"),
        ("a: 'Won'", (4, 9), Advice("", "Won", "won"), "a: 'won'"),
        ('a: "Won"  # so', (4, 9), Advice("", "Won", "it's"), 'a: "it\'s"  # so'),
        ("a: -close_rat", (4, 14), Advice("", "close_rat", "close_rate"), "a: -close_rate"),
        ("a: x", (4, 5), Advice("", "", "[x]"), "a: [x]"),
        ("a: 12", (4, 6), Advice("", "12", '"12"'), 'a: "12"'),
        ('a: "12"', (4, 8), Advice("", '"12"', "12"), "a: 12"),  # the quotes are what is wrong
        ("a: '12'  # so", (4, 8), Advice("", "'12'", "12"), "a: 12  # so"),
        ("a: amt and amt", (4, 15), Advice("", "amt", "amount"), None),  # which of them is not known
        ("a: deal.amt_of", (4, 15), Advice("", "amt", "amount"), None),  # part of another name
        ("a: Won", (4, 7), Advice("", "Won", "a: b"), None),  # would be something else
        ("a: Won", (4, 7), "did you mean `won`?", None),
    ],
)
def test_what_an_edit_makes_of_a_line(line: str, at: tuple[int, int], advice: str, mended: str | None) -> None:
    for before in ("", "\ufeff", "# a\r\n"):
        number = 1 + before.count("\n")
        wrong = Diagnostic("x", "wrong", Span("f", number, at[0], number, at[1]), advice)
        [found] = with_edits([wrong], {"f": before + line})
        assert (found.edits != ()) is (mended is not None)
        assert edited(before + line, found.edits) == before + (line if mended is None else mended)


def test_upper_case_hyphens_and_quotes_are_mended(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ncurrency: EUR\n", encoding="utf-8")
    wrong = """version: 1
report: pipeline
period: 2026-Q3
metrics: [Won_Amount, close-rate, sales-cycle-days]  # so
filters: [{field: deal.amount, gte: "1000"}, {field: Deal.Amount, lt: '20.5e'}]
"""
    (tmp_path / "s.yaml").write_text(wrong, encoding="utf-8")
    run_cli(["validate", "--fix", "s.yaml"], cwd=tmp_path)
    right = wrong.replace("Won_Amount", "won_amount").replace("close-rate", "close_rate").replace('"1000"', "1000")
    right = right.replace("sales-cycle-days", "sales_cycle_days")
    assert (tmp_path / "s.yaml").read_text("utf-8").replace("Deal.Amount", "deal.amount") == right.replace(
        "Deal.Amount", "deal.amount"
    )


def test_edits_that_overlap_are_not_both_made() -> None:
    one, other = Edit(Span("f", 1, 1, 1, 4), "xy", True), Edit(Span("f", 1, 3, 1, 6), "z", True)
    assert edited("abcdef", [other, one]) == "xydef"


WRONG = """# The week
version: 1
report: custom   # ours
metrics: [close_rat,   won_amount]
group_by: user.name
goals: {close_rate: 35%}
filters:
  - {field: "deal.status", eq: 'Won'}   # won ones
sections:
  - trend: {metrics: [won_amuont], grain: week}
title: 2026
for_each: {field: user.name, recipients: recipient.csv}
"""
RIGHT = (
    WRONG.replace("close_rat,", "close_rate,")
    .replace("group_by: user.name", "group_by: [user.name]")
    .replace("35%", "0.35")
    .replace("'Won'", "'won'")
    .replace("won_amuont", "won_amount")
    .replace("title: 2026", 'title: "2026"')
)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ncurrency: EUR\n", encoding="utf-8")
    (tmp_path / "recipients.csv").write_text("value,email\nAnna,anna@example.com\n", encoding="utf-8")
    path = tmp_path / "week.yaml"
    path.write_bytes(WRONG.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    return path


def test_the_sure_ones_are_mended_and_nothing_else(spec: Path, run_cli: RunCli) -> None:
    before = spec.read_bytes()
    shown = run_cli(["validate", "--fix", "--diff", "week.yaml"], cwd=spec.parent)
    assert spec.read_bytes() == before
    assert shown.returncode == 1
    assert "+goals: {close_rate: 0.35}" in shown.stdout
    done = run_cli(["validate", "--fix", "week.yaml"], cwd=spec.parent)
    assert spec.read_bytes().decode() == RIGHT.replace("\n", "\r\n")
    assert spec.stat().st_mode & 0o777 == 0o640
    assert "week.yaml: mended" in done.stderr
    assert "did you mean `recipients.csv`?" in done.stderr, "whom it goes to is for people to say"
    again = run_cli(["validate", "--fix", "--diff", "week.yaml"], cwd=spec.parent)
    assert (again.returncode, again.stdout) == (0, "")


def test_the_projects_files_are_mended_too(spec: Path, run_cli: RunCli) -> None:
    spec.write_text("version: 1\nreport: pipeline\n", encoding="utf-8")
    (spec.parent / "metrics").mkdir()
    own = spec.parent / "metrics" / "own.yaml"
    text = "metrics:\n  - {metric: m, kind: ratio, numerator: won_deals_cuont, denominator: close_rate, label: M}\n"
    own.write_text(text, encoding="utf-8")
    run_cli(["validate", "--fix", "week.yaml"], cwd=spec.parent)
    assert own.read_text("utf-8") == text.replace("cuont", "count")


def test_programs_are_given_the_edits(spec: Path, run_cli: RunCli) -> None:
    said = json.loads(run_cli(["validate", "--messages", "json", "week.yaml"], cwd=spec.parent).stdout)
    [edit] = next(each["edits"] for each in said if each["code"] == "unknown-metric" and each["line"] == 4)
    place = {"line": 4, "column": 11, "end_line": 4, "end_column": 20}
    assert edit == {"file": edit["file"], **place, "text": "close_rate", "sure": True}
    [unsure] = [edit for each in said for edit in each["edits"] if not edit["sure"]]
    assert unsure["text"] == "recipients.csv"


def test_diff_goes_with_fix(spec: Path, run_cli: RunCli) -> None:
    assert run_cli(["validate", "--diff", "week.yaml"], cwd=spec.parent).returncode == 2
