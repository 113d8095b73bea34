"""What a figure changed by has its unit in every form, whatever kind of section and of figure it is of: held against
arithmetic on the figures themselves."""

from __future__ import annotations

import io
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import openpyxl
import pytest

from reportspec.formats import files_of
from reportspec.formats.terminal import as_table
from reportspec.model.figures import Cell, Figures, Section
from tests.figures.asking import figures
from tests.formats.test_text_forms import cells_of

SPEC: dict[str, Any] = {
    "report": "custom",
    "period": "2026-Q3",
    "compare": ["previous_period", "previous_year"],
    "sections": [
        {"title": "Steps", "funnel": {"steps": ["deals_created_count", "won_deals_count"]}},
        {"title": "Amounts", "funnel": {"steps": ["open_amount", "won_amount"]}},
        {"title": "Months", "trend": {"metrics": ["won_amount", "close_rate"], "grain": "month"}},
        *(
            {"title": metric.replace("_", " "), "breakdown": {"metrics": [metric], "by": ["user.team"]}}
            for metric in ("won_deals_count", "won_amount", "close_rate", "sales_cycle_days")
        ),
        {"title": "Per deal", "breakdown": {"metrics": ["sales_calls_per_opportunity"], "by": ["deal.deal_type"]}},
    ],
}
TITLES = [section["title"] for section in SPEC["sections"]]
SIDES = ("previous", "second")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    folder = tmp_path_factory.mktemp("changes")
    (folder / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    return figures(folder, SPEC)


def one_decimal(value: Decimal, unit: str) -> str:
    rounded = value.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{rounded:+,}{unit}" if rounded else f"0.0{unit}"


def expected(section: Section, name: str, side: str, unit: str) -> list[Decimal | None]:
    """By how much each row changed: of percentages in points, of all else in per cent of what was above nothing."""
    names = [column.name for column in section.columns]
    changes: list[Decimal | None] = []
    for row, few in zip(section.rows, section.few or [frozenset()] * len(section.rows), strict=True):
        now, then = (row[names.index(one)] for one in (name, f"{name}__{side}"))
        known = isinstance(now, int | float) and isinstance(then, int | float) and not few
        if not known or (unit == "%" and (float(then) <= 0 or float(now) < 0)):  # type: ignore[arg-type]
            changes.append(None)
            continue
        a, b = Decimal(repr(now)), Decimal(repr(then))
        changes.append((a - b) * 100 if unit == "pp" else (a - b) / b * 100)
    return changes


def plain(text: str) -> str:
    return text.replace("−", "-").replace("\xa0", " ").replace("*", "").strip()


def table_of(made: Figures, form: str, section: Section) -> list[list[str]]:
    if form == "md":
        _, _, part = files_of(made, "md", "r", "")["r.md"].decode().partition(f"## {section.title}")
        lines = [line for line in part.partition("\n## ")[0].splitlines() if line.startswith("| ")]
        table = [[plain(cell) for cell in line.strip("| ").split(" | ")] for line in lines]
        return [table[0], *table[2:]]
    if form == "html":
        page = files_of(made, "html", "r", "")["r.html"].decode().split(f"<h2>{section.title}<")[1]
        return [[plain(cell) for cell in row] for row in cells_of(page.partition("</table>")[0])]
    part = as_table(made).split(f"\n{section.title}\n")[1].partition("\n\n")[0]
    return [[plain(cell) for cell in re.split(r"\s{2,}", line.strip())] for line in part.splitlines()]


@pytest.mark.parametrize("form", ["md", "html", "terminal"])
@pytest.mark.parametrize("title", TITLES)
def test_what_is_read(made: Figures, title: str, form: str) -> None:
    section = next(one for one in made.sections if one.title == title)
    head, *rows = table_of(made, form, section)
    metrics = [column for column in section.columns if any(c.name == f"{column.name}__second" for c in section.columns)]
    found = [(at, "pp" if "pp" in name else "%") for at, name in enumerate(head) if re.search(r"Δ (pp|%)", name)]
    assert [unit for _, unit in found] == [
        unit for column in metrics for unit in ["pp" if column.unit == "percent" else "%"] * 2
    ]
    told = [(column.name, side) for column in metrics for side in SIDES]
    for (at, unit), (name, side) in zip(found, told, strict=True):
        shown = [row[at] for row in rows[: len(section.rows)]]
        wanted = expected(section, name, side, unit)
        texts = ["–" if one is None else one_decimal(one, "%" if unit == "%" else " pp") for one in wanted]
        few = [bool(one) for one in section.few] or [False] * len(texts)
        compared = [(a, b) for a, b, out in zip(shown, texts, few, strict=True) if not out]
        assert all(a == b for a, b in compared), (title, name, side, compared)
        assert any(re.match(r"[+-]", text) for text in texts)


@pytest.mark.parametrize("title", TITLES)
def test_what_is_calculated_with(made: Figures, title: str) -> None:
    """A workbook keeps points as such, and parts as fractions that it shows in per cent."""
    section = next(one for one in made.sections if one.title == title)
    sheet = openpyxl.load_workbook(io.BytesIO(files_of(made, "xlsx", "r", "")["r.xlsx"]))[title]
    lines = list(sheet.iter_rows(min_row=4))
    head = [str(cell.value) for cell in lines[0]]
    for column in section.columns:
        for side, period in zip(SIDES, ("Q2 2026", "Q3 2025"), strict=True):
            if all(one.name != f"{column.name}__{side}" for one in section.columns):
                continue
            label = re.sub(r" · .*", "", column.label)
            percent = column.unit == "percent"
            [at] = [
                at
                for at, text in enumerate(head)
                if re.fullmatch(f"{re.escape(label)} · Δ {'' if percent else '% '}{period}", text)
            ]
            whole = Section(**{**{name: getattr(section, name) for name in Section.__slots__}, "few": ()})
            wanted = expected(whole, column.name, side, "pp" if percent else "%")
            for line, change in zip(lines[1:], wanted, strict=False):
                value: Cell = line[at].value
                assert value == (None if change is None else pytest.approx(float(change) / (1 if percent else 100)))
                if change is not None:
                    assert ("pp" in line[at].number_format) == percent
                    assert ("%" in line[at].number_format) != percent
