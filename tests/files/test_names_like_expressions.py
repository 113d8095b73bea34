"""Columns that are called as an expression is written, and those that only the engine has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportspec.errors import ReportspecError
from tests.figures.asking import figures, rows

SPEC: dict[str, Any] = {"period": "2026-Q1", "sections": [{"id": "x", "kpis": ["deals_created_amount"]}]}


def _project(folder: Path, header: str, values: str, amount: str, key: str = "id") -> Path:
    (folder / "deals.csv").write_text(f"id,created,{header}\n1,2026-01-03,{values}\n", encoding="utf-8")
    (folder / "mapping.yaml").write_text(
        f"entities:\n  deal:\n    table: deals\n    key: {key}\n    fields:\n      name: id\n"
        f"      created_at: created\n      amount: {amount}\n      status: \"'open'\"\n",
        encoding="utf-8",
    )
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: Europe/Rome\ncurrency: EUR\n",
        encoding="utf-8",
    )
    return folder


NAMES = [
    ("2026-07", "5", "2026-07"),
    ("1", "5", '"1"'),
    ("2026", "5", '"2026"'),
    ("net-amount,net,amount", "5,100,1", "net-amount"),
    ("Net-Amount,net,amount", "5,100,1", "net-amount"),
    ("amount/seat,amount,seat", "5,100,4", "amount/seat"),
]


@pytest.mark.parametrize(("header", "values", "written"), NAMES)
def test_a_columns_name_is_no_sum(header: str, values: str, written: str, tmp_path: Path) -> None:
    """The message's own lines read the column, and the expression."""
    with pytest.raises(ReportspecError) as refused:
        figures(_project(tmp_path, header, values, written), SPEC)
    assert refused.value.code == "unclear-name"
    column, expression = str(refused.value.help).split("`")[1::2]
    found = figures(_project(tmp_path, header, values, column), SPEC)
    assert list(rows(found, "x")[0].values())[:1] == [5.0]
    reckoned = {"2026-07": 2019, "1": 1, "2026": 2026, "net-amount": 99, "amount/seat": 25}[written.strip('"')]
    found = figures(_project(tmp_path, header, values, expression), SPEC)
    assert list(rows(found, "x")[0].values())[:1] == [float(reckoned)]


@pytest.mark.parametrize("at", ["amount", "key"])
def test_what_the_engine_numbers_is_no_column_of_a_file(at: str, tmp_path: Path) -> None:
    amount, key = ("rowid", "id") if at == "amount" else ("value", "rowid")
    with pytest.raises(ReportspecError, match="no column `rowid`"):
        figures(_project(tmp_path, "value", "5", amount, key), SPEC)
    assert rows(figures(_project(tmp_path, "rowid,value", "7,5", amount, key), SPEC), "x")


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("amount", '"value > 3"'),
        ("amount", "\"id = '1' and not (value is null)\""),
        ("amount", '"case when value > 3 then value in (5) else false end"'),
        ("amount", '"coalesce((value > 3), false)"'),
        ("amount", '"cast(value as boolean)"'),
        ("amount", "\"if(value > 3, true, starts_with(id, '1'))\""),
        ("created_at", "\"created = '2026-01-03'\""),
    ],
)
def test_a_condition_is_no_value(field: str, written: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "value", "5", "value")
    text = (project / "mapping.yaml").read_text("utf-8")
    text = text.replace("      amount: value\n" if field == "amount" else "      created_at: created\n", "")
    (project / "mapping.yaml").write_text(text + f"      {field}: {written}\n", "utf-8")
    with pytest.raises(
        ReportspecError, match=f"`deal.{field}` is .* the mapping's expression of `deals` holds yes and no"
    ):
        figures(project, SPEC)
