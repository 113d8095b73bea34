"""A condition of a spec is told with the line that says it: one that finds nothing, one that cannot be computed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.building import run_report
from reportspec.compile import compile_report
from reportspec.diagnostics import Diagnostic
from reportspec.errors import Broken
from tests.contract.test_unread import project
from tests.engines.servers import Given
from tests.engines.shapes import landed
from tests.figures.asking import NOW
from tests.loading import load_report

COLUMNS = (
    ("id", "VARCHAR"),
    ("name", "VARCHAR"),
    ("amount", "DECIMAL(14,2)"),
    ("status", "VARCHAR"),
    ("made", "TIMESTAMP"),
    ("closed", "TIMESTAMP"),
)
AT = datetime(2026, 8, 1)
NAMES = ("North", "North", "North", "South", "South", "East", "West", "Mid", "Rim", "", None)
TABLE = Given("d", COLUMNS, [(f"k{n}", name, Decimal(5), "won", AT, AT) for n, name in enumerate(NAMES)])
FIELDS = {"name": "name", "amount": "amount", "status": "status", "created_at": "made", "closed_at": "closed"}


def told(kind: str, folder: Path, spec: str, checks: dict[str, Any] | None = None) -> list[Diagnostic]:
    """What is told of a spec that is run, warnings included."""
    with landed(kind, [TABLE], lambda *_: None, folder / "db") as found:
        path = project(folder, found.url, found.prefix, FIELDS) / "s.yaml"
        path.write_text(spec, "utf-8")
        about = yaml.safe_load((path.parent / "reportspec.yaml").read_text("utf-8"))
        (path.parent / "reportspec.yaml").write_text(
            yaml.safe_dump({**about, "checks": checks or {"strict": False}}), "utf-8"
        )
        checked = load_report(path, NOW, {})
        assert checked.report is not None, checked.diagnostics
        try:
            figures = run_report(compile_report(checked.report))
        except Broken as broken:
            return list(broken.diagnostics)
        return list(figures.warnings)


def placed(one: Diagnostic) -> tuple[str, int, int] | None:
    return (Path(one.span.file).name, one.span.line, one.span.column) if one.span else None


HEAD = "version: 1\nreport: custom\nperiod: 2026-Q3\n"


@pytest.mark.parametrize(
    ("spec", "value", "place", "near"),
    [
        (HEAD + "filters:\n  - {field: deal.name, eq: Nort}\nmetrics: [won_amount]\n", "Nort", (5, 28), "North"),
        (
            HEAD + "filters:\n  - field: deal.name\n    in:\n      - South\n      - Eas\nmetrics: [won_amount]\n",
            "Eas",
            (8, 9),
            "East",
        ),
        (HEAD + "filters:\n  - {field: deal.name, ne: Sauth}\nmetrics: [won_amount]\n", "Sauth", (5, 28), "South"),
        (
            HEAD + "filters:\n  - any:\n      - {field: deal.name, eq: North}\n      - {field: deal.name, eq: Sout}\n"
            "metrics: [won_amount]\n",
            "Sout",
            (7, 32),
            "South",
        ),
        (HEAD + "where: deal.name = 'Wst'\nmetrics: [won_amount]\n", "Wst", (4, 8), "West"),
        (
            HEAD + "sections:\n  - id: k\n    kpis: [won_amount]\n    filters: [{field: deal.name, eq: Midd}]\n",
            "Midd",
            (7, 38),
            "Mid",
        ),
    ],
)
def test_a_value_that_no_row_has(spec: str, value: str, place: tuple[int, int], near: str, tmp_path: Path) -> None:
    [one] = [one for one in told("duckdb", tmp_path, spec) if one.code == "unknown-value"]
    assert one.message.startswith(f"`deal.name` is never `{value}`")
    assert placed(one) == ("s.yaml", *place)
    assert one.help == f"did you mean `{near}`?"
    [note] = one.notes
    assert note.startswith(f"it has `{near}` (")
    assert note.endswith(", …")
    assert note.count("`") == 10
    assert "``" not in note


def test_the_values_that_occur_most_are_shown(tmp_path: Path) -> None:
    spec = HEAD + "filters:\n  - {field: deal.name, eq: qqqq}\nmetrics: [won_amount]\n"
    [one] = [one for one in told("duckdb", tmp_path, spec) if one.code == "unknown-value"]
    assert one.notes[0].startswith("it has `North` (3 rows), `South` (2 rows), ")


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
@pytest.mark.parametrize("where", ["top", "section"])
def test_a_cast_that_some_row_has_no_value_for(kind: str, where: str, tmp_path: Path) -> None:
    spec: dict[str, Any] = yaml.safe_load(HEAD) | {"sections": [{"id": "k", "kpis": ["won_amount"]}]}
    (spec if where == "top" else spec["sections"][0])["where"] = "cast(deal.name as integer) > 3"
    text = yaml.safe_dump(spec, sort_keys=False)
    [one] = told(kind, tmp_path, text)
    assert one.code == "bad-expression"
    assert one.message.startswith("`CAST(deal.name AS INT) > 3` cannot be computed of the rows: ")
    assert one.help == "`try_cast(…)` is null where a text cannot be read"
    line = next(n for n, said in enumerate(text.splitlines(), 1) if "cast(" in said)
    assert one.span is not None
    assert one.span.line == line


STRICT: list[tuple[str, list[str], list[str]]] = [
    # The filters, what is told of them, and what is refused with `strict`.
    ("filters: [{field: deal.name, ne: Sauth}]", ["Sauth"], []),
    ("filters: [{field: deal.name, not_in: [Sauth, North, Eest]}]", ["Sauth", "Eest"], []),
    ("where: not (deal.name = 'Sauth' or deal.name = 'North')", ["Sauth"], []),
    ("where: deal.name not in ('Sauth')", ["Sauth"], []),
    ("filters: [{field: deal.name, eq: Sauth}]", ["Sauth"], ["Sauth"]),
    ("filters: [{field: deal.name, in: [Sauth, North]}]", ["Sauth"], ["Sauth"]),
    ("where: not (deal.name <> 'Sauth')", ["Sauth"], ["Sauth"]),  # which asks for it
    ("filters: [{field: deal.name, in: [Eest, North]}, {field: deal.name, ne: Sauth}]", ["Eest", "Sauth"], ["Eest"]),
]


@pytest.mark.parametrize(("said", "names", "refused"), STRICT)
def test_what_is_left_out_need_not_occur(said: str, names: list[str], refused: list[str], tmp_path: Path) -> None:
    spec = HEAD + said + "\nmetrics: [won_amount]\n"

    def about(strict: bool) -> dict[str, list[str]]:
        (folder := tmp_path / str(strict)).mkdir()
        found: dict[str, list[str]] = {"warning": [], "error": []}
        for one in told("duckdb", folder, spec, {"strict": strict}):
            if one.code == "unknown-value":
                found[one.severity].append(one.message.split("`")[3])
        return found

    assert about(False) == {"warning": names, "error": []}
    assert about(True) == {"warning": [] if refused else names, "error": refused}


def test_what_is_left_out_is_called_so(tmp_path: Path) -> None:
    [one] = told("duckdb", tmp_path, HEAD + "filters: [{field: deal.name, ne: Sauth}]\nmetrics: [won_amount]\n")
    assert one.message.endswith(": a filter leaves it out, and so nothing")
    assert one.help == "did you mean `South`?"
