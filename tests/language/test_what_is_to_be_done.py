"""Messages say what was meant: numbers with a point between thousands, figures in texts, fields and columns of a
mapping, and all that is wrong with a project file at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.building import run_report
from reportspec.compile import compile_report
from reportspec.diagnostics import Diagnostic
from reportspec.errors import SourceError
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DEALS = "id,status,amount,Deal - Value,probability,created,closed\n1,won,5,7,0.5,2026-07-01,2026-08-01\n"
PROJECT = "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n"


def told(
    folder: Path, spec: dict[str, Any] | str, amount: str = "amount: amount", project: str = PROJECT
) -> list[Diagnostic]:
    fields = f"status: status, {amount}, probability: probability, created_at: created, closed_at: closed"
    (folder / "m.yaml").write_text(f"entities:\n  deal: {{table: deals, key: id, fields: {{{fields}}}}}\n", "utf-8")
    (folder / "deals.csv").write_text(DEALS, "utf-8")
    (folder / "reportspec.yaml").write_text(project, "utf-8")
    body = {"version": 1, "period": "2026-Q3", "sections": [{"kpis": ["won_amount"]}]}
    text = spec if isinstance(spec, str) else json.dumps({**body, **spec})
    (folder / "s.yaml").write_text(text, "utf-8")
    return list(load_report(folder / "s.yaml", NOW, {}).diagnostics)


@pytest.mark.parametrize(
    ("field", "condition", "said"),
    [
        ("amount", "gt: 1.000", [("suspicious-number", "write 1000 for")]),
        ("amount", "gt: -12.500", [("suspicious-number", "write -12500 for")]),
        ("amount", "between: [1.000, 2.500]", [("suspicious-number", "write 1000 "), ("suspicious-number", "write 2500 ")]),
        ("amount", 'gt: "1.000"', [("bad-value", "without quotes write 1000, or 1 if")]),
        ("amount", 'in: ["1.000"]', [("bad-value", "without quotes write 1000, or 1 if")]),
        ("amount", 'gt: "1000"', [("bad-value", "leave the quotes out: `1000`")]),
        ("amount", "gt: 1000.5", []),
        ("amount", "gt: 0.125", []),
        ("probability", "gt: 1.000", []),
    ],
)  # fmt: skip
def test_a_point_between_thousands(tmp_path: Path, field: str, condition: str, said: list[tuple[str, str]]) -> None:
    """Nothing but a warning tells `1.000` from what was meant; in quotes nobody is told to leave these out alone."""
    spec = f"version: 1\nperiod: 2026-Q3\nfilters:\n  - {{field: deal.{field}, {condition}}}\nsections: [{{kpis: [won_amount]}}]\n"
    found = [one for one in told(tmp_path, spec) if one.code in ("suspicious-number", "bad-value")]
    assert [one.code for one in found] == [code for code, _ in said]
    assert all(text in str(one.help) for one, (_, text) in zip(found, said, strict=True))


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("{{ won_amount }}", "did you mean `{{ metrics.won_amount }}`?"),
        ("{{ won_amount.change }}", "did you mean `{{ metrics.won_amount.change }}`?"),
        ("{{ metrics.open_amount }}", "a section `kpis: [open_amount]`"),
        ("{{ metrics.open_amount.change }}", "a section `kpis: [open_amount]`"),
        ("{{ metrics.won_amuont }}", "did you mean `won_amount`?"),
        ("{{ season }}", "declare it under `params:`"),
    ],
)
def test_figures_in_texts(tmp_path: Path, text: str, help: str) -> None:
    sections = [{"kpis": ["won_amount"]}, {"text": f"There is {text}"}]
    [one] = told(tmp_path, {"sections": sections})
    assert help in str(one.help)


@pytest.mark.parametrize("written", ["Deal - Value", "Deal -Value"])
def test_a_column_of_several_words_is_called_as_it_is(tmp_path: Path, written: str) -> None:
    told(tmp_path, {}, f"amount: {written}")
    report = load_report(tmp_path / "s.yaml", NOW, {}).report
    assert report is not None
    with pytest.raises(SourceError) as raised:
        run_report(compile_report(report))
    assert """write `'"Deal - Value"'`""" in str(raised.value.help)


@pytest.mark.parametrize(("name", "meant"), [("ammount", "amount"), ("amont", "amount"), ("hamburg", None)])
def test_a_misspelt_field_is_named(tmp_path: Path, name: str, meant: str | None) -> None:
    found = [one for one in told(tmp_path, {}, f"{name}: amount") if one.code == "own-field"]
    assert [str(one.help).partition("?")[0] for one in found] == ([f"did you mean `{meant}`"] if meant else [])


def test_all_that_is_wrong_with_a_project_is_told_at_once(tmp_path: Path) -> None:
    wrong = PROJECT.replace("UTC", "Europa/Rom").replace("EUR", "EURO") + "locale: xx_YY\ncolour: red\n"
    found = {one.code for one in told(tmp_path, {}, project=wrong)}
    assert found == {"bad-value", "unknown-timezone", "unknown-locale", "unknown-key"}
