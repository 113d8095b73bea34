"""Expressions of a mapping that reckon with columns of texts: said as such, with the setting that reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reportspec.errors import ReportspecError
from tests.figures.asking import figures, rows

FILE = "id;name;value;day;created\n1;A;{};03.01.2026;2026-01-03\n2;B;{};04.01.2026;2026-02-03\n"
OPERATORS = ("value {} 2", "2 {} value", "value {} value")


def _project(folder: Path, first: str, second: str, amount: str, settings: str = "") -> Path:
    (folder / "deals.csv").write_text(FILE.format(first, second), encoding="utf-8")
    mapping = "entities:\n  deal:\n    table: deals\n    key: id\n    fields:\n"
    mapping += f'      name: name\n      created_at: created\n      amount: "{amount}"\n      status: "\'open\'"\n'
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    (folder / "reportspec.yaml").write_text(
        f"version: 1\nsource:\n  files:\n    deals: {{path: deals.csv{settings}}}\n"
        "mapping: mapping.yaml\ntimezone: Europe/Rome\ncurrency: EUR\n",
        encoding="utf-8",
    )
    return folder


SPEC: dict[str, Any] = {"period": "2026-Q1", "sections": [{"id": "x", "kpis": ["deals_created_amount"]}]}


def _refused(project: Path) -> Any:
    with pytest.raises(ReportspecError) as caught:
        figures(project, SPEC)
    said = f"{caught.value.message} {caught.value.help}"
    assert "Binder" not in said
    return caught.value


SUMS = [way.format(sign) for sign in "+-*/%" for way in OPERATORS[:1]]
SUMS += ["2 * value", "value - value", "-value", "abs(value)", "round(value, 1)", "coalesce(value / 100, 0)"]
SUMS += [f"case when {test} then 1 end" for test in ("value > 5", "value in (5, 6)", "value between 5 and 6")]


@pytest.mark.parametrize("amount", SUMS)
def test_texts_are_not_reckoned_with(tmp_path: Path, amount: str) -> None:
    assert _refused(_project(tmp_path, "62,5", "10,0", amount)).help == 'write `decimal: ","`'


@pytest.mark.parametrize(
    ("values", "help"),
    [
        (("62,5 %", "10 %"), 'write `percent: ["value"]`, which reads `10 %` as 0.1, or take the sign out of the file'),
        (("high", "low"), "name a column of numbers; `try_cast(value as double)` is null where a text is none"),
        (("007", "008"), "name a column of numbers; `try_cast(value as double)` is null where a text is none"),
    ],
)
def test_the_way_out_is_that_of_the_values(tmp_path: Path, values: tuple[str, str], help: str) -> None:
    wrong = _refused(_project(tmp_path, *values, "value / 100"))
    assert wrong.help == help
    assert "`value`" in wrong.message


@pytest.mark.parametrize(
    ("settings", "values", "amount", "sum_of"),
    [
        (', decimal: ","', ("62,5", "10,0"), "value / 100", 0.725),  # 0.625 and 0.1
        (", percent: [value]", ("62,5 %", "10,0 %"), "value * 1", 0.725),
        (', decimal: ","', ("62,5", "10,0"), "case when value > 50 then 1 end", 1),
        ("", ("62,5", "10,0"), "replace(value, ',', '.')", 72.5),
        ("", ("high", "10"), "case when value = 'high' then 3 else try_cast(value as double) end", 13),
    ],
)
def test_what_can_be_read_is(
    tmp_path: Path, settings: str, values: tuple[str, str], amount: str, sum_of: float
) -> None:
    found = figures(_project(tmp_path, *values, amount, settings), SPEC)
    assert rows(found, "x") == [{"deals_created_amount": pytest.approx(sum_of)}]


def test_names_and_days_are_no_numbers(tmp_path: Path) -> None:
    wrong = _refused(_project(tmp_path, "1", "2", "name / 100"))
    assert "name a column of numbers" in wrong.help
    assert "`name`" in wrong.message
