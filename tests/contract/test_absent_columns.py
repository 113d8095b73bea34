"""A column that the mapping names and the table does not have is told, also by SQLite, which would take
its name for a text."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.building import run_report
from reportspec.compile import compile_report
from reportspec.errors import SourceError
from reportspec.problems import problems_of
from tests.figures.asking import figures, rows
from tests.loading import load_report

DEAL: dict[str, Any] = {
    "table": "deals",
    "key": "id",
    "fields": {"name": "name", "owner_id": "owner", "amount": "amount", "status": "status", "closed_at": "closed"},
}
USER: dict[str, Any] = {"table": "people", "key": "id", "fields": {"name": "name", "team": "team"}}
SPEC = {
    "report": "custom",
    "period": "2026-Q3",
    "sections": [
        {"id": "a", "kpis": ["won_amount"]},
        {"id": "b", "breakdown": {"metrics": ["won_amount"], "by": ["user.team"]}},
    ],
}


def project(folder: Path, deal: dict[str, Any], user: dict[str, Any]) -> Path:
    with sqlite3.connect(folder / "crm.sqlite") as raw:
        raw.executescript(
            "create table people (id text, name text, Team text);"
            "create table deals (id text, name text, owner text, amount real, status text, closed text, gone int);"
            "create table lines (deal text, amt real, at text);"
            "insert into people values ('u', 'Una', 'N');"
            "insert into deals values ('1', 'one', 'u', 5, 'won', '2026-08-01', 0),"
            " ('2', 'two', 'u', 700, 'won', '2026-08-01', 1);"
            "insert into lines values ('1', 9, '2026-01-01');"
        )
    raw.close()
    mapping = {"timezone": "UTC", "entities": {"deal": deal, "user": user}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: sqlite:///crm.sqlite\nmapping: m.yaml\ncurrency: EUR\n",
        encoding="utf-8",
    )
    return folder


def fields(**more: str) -> dict[str, Any]:
    return {**DEAL, "fields": {**DEAL["fields"], **more}}


LINES = {"table": "lines", "on": {"deal": "id"}}
ABSENT: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a condition": ({**DEAL, "where": "not is_deleted"}, USER, "is_deleted"),
    "a comparison": ({**DEAL, "where": "is_gone <> 1"}, USER, "is_gone"),
    "an amount": (fields(amount="price"), USER, "price"),
    "one of two": (fields(amount="coalesce(net, amount)"), USER, "net"),
    "a key": ({**DEAL, "key": "deal_id"}, USER, "deal_id"),
    "of another table": (DEAL, {**USER, "fields": {"name": "name", "team": "crew"}}, "crew"),
    "a key beside": (
        {
            **fields(amount="lines.total"),
            "joins": {"lines": {**LINES, "on": {"deal_id": "id"}, "fields": {"total": "sum(amt)"}}},
        },
        USER,
        "deal_id",
    ),
    "an aggregate": (
        {**fields(amount="lines.total"), "joins": {"lines": {**LINES, "fields": {"total": "sum(price)"}}}},
        USER,
        "price",
    ),
    "an order": ({**fields(amount="lines.amt"), "joins": {"lines": {**LINES, "first": "-day"}}}, USER, "day"),
    "of versions": ({**DEAL, "latest": {"by": "id", "order": "-changed"}}, USER, "changed"),
}


@pytest.mark.parametrize("name", ABSENT)
def test_a_column_that_is_not_there(name: str, tmp_path: Path) -> None:
    deal, user, column = ABSENT[name]
    with pytest.raises(SourceError, match=rf"no column `\w+\.{column}`") as told:
        figures(project(tmp_path, deal, user), SPEC)
    assert (told.value.code, told.value.column) == ("unknown-column", column)


BESIDE, FIRST = fields(amount="l.amt"), {**LINES, "first": "-at"}
BY_PART = {"table": "deals", "key": "id", "fields": DEAL["fields"]}
PLACED: dict[str, tuple[dict[str, Any], str, str]] = {
    # What is absent, how its line begins, and what is said to it.
    "a condition": ({**DEAL, "where": "gonne = 0"}, "where: gonne = 0", "did you mean `gone`?"),
    "a word": ({**DEAL, "where": "is_deleted"}, "where: is_deleted", "it has id, name, owner, amount, status, closed, gone"),
    "of a part": ({"union": [BY_PART, {**BY_PART, "where": "gonne = 1"}]}, "where: gonne = 1", "did you mean `gone`?"),
    "of versions": ({**DEAL, "latest": {"by": "id", "order": "-clossed"}}, "order: -clossed", "did you mean `closed`?"),
    "beside": ({**fields(amount="l.amt"), "joins": {"l": {**LINES, "first": "-att"}}}, "first: -att", "did you mean `at`?"),
    "which of those beside": ({**BESIDE, "joins": {"l": {**FIRST, "where": "amnt > 0"}}}, "where: amnt > 0", "did you mean `amt`?"),
    "where a table stands beside": ({**BESIDE, "where": "gonne = 0", "joins": {"l": FIRST}}, "where: gonne = 0", "did you mean `gone`?"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACED)
def test_it_is_told_where_the_mapping_has_it(name: str, tmp_path: Path) -> None:
    deal, line, help = PLACED[name]
    folder = project(tmp_path, deal, USER)
    (folder / "s.yaml").write_text(yaml.safe_dump({"version": 1, **SPEC}), encoding="utf-8")
    checked = load_report(folder / "s.yaml", datetime(2026, 11, 1, tzinfo=UTC), {}).report
    assert checked is not None
    with pytest.raises(SourceError) as told:
        run_report(compile_report(checked))
    [problem] = problems_of(folder / "s.yaml", told.value, checked)
    assert problem.span is not None
    assert Path(problem.span.file).name == "m.yaml"
    written = (folder / "m.yaml").read_text(encoding="utf-8").splitlines()
    assert written[problem.span.line - 1].strip().lstrip("- ") == line
    assert problem.help == help


THERE: dict[str, tuple[dict[str, Any], float]] = {
    "in other letters": (fields(amount="AMOUNT"), 705),
    "a condition": ({**DEAL, "where": "gone = 0"}, 5),
    "beside": ({**fields(amount="lines.total"), "joins": {"lines": {**LINES, "fields": {"total": "sum(amt)"}}}}, 9),
    "the first": ({**fields(amount="lines.amt"), "joins": {"lines": {**LINES, "first": "-at"}}}, 9),
    "the last version": ({**DEAL, "latest": {"by": "id", "order": "-closed"}}, 705),
    "the row's number": (fields(name="rowid || ''"), 705),
}


@pytest.mark.parametrize("name", THERE)
def test_columns_that_are_there(name: str, tmp_path: Path) -> None:
    deal, amount = THERE[name]
    found = figures(project(tmp_path, deal, USER), SPEC)
    assert rows(found, "a") == [{"won_amount": amount}]
    assert [(r["user.team"], r["won_amount"]) for r in rows(found, "b")] == [("N", amount)]
