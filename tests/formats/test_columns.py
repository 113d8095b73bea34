"""Each column of each kind of section has its unit, its sign and a heading of its own, in every form."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import openpyxl
import pytest

from reportspec.formats import files_of
from reportspec.model.figures import Column, Figures, Section
from tests.figures.asking import figures
from tests.formats.test_text_forms import cells_of

NONE = r"n/a|–|-|"
MONEY, SIGNED_MONEY = r"−?€\d{1,3}(,\d{3})*(\.\d\d)?", r"[+−]€\d{1,3}(,\d{3})*(\.\d\d)?|€0"
SHARE, CHANGE = r"−?\d+(\.\d)?%", r"[+−]\d{1,3}(,\d{3})*(\.\d)?%|0\.0%"
COUNT, DAYS, TEXT = r"\d{1,3}(,\d{3})*", r"\d+\.\d( days)?", r"[^\n]+"
# How the change of each looks.
CHANGES = {
    MONEY: SIGNED_MONEY,
    SHARE: r"[+−]\d+\.\d\xa0pp|0\.0\xa0pp",
    COUNT: r"[+−]\d{1,3}(,\d{3})*|0",
    DAYS: r"[+−]\d+\.\d|0\.0",
}
SPEC: dict[str, Any] = {
    "report": "custom",
    "period": "2026-Q3",
    "compare": "previous_period",
    "goals": {"won_amount": {"target": 900000, "by": "user.name", "targets": {"Anna Lindqvist": 150000}}},
    "sections": [
        {"id": "trend", "trend": {"metrics": ["won_amount", "close_rate"], "grain": "month"}},
        {
            "id": "breakdown",
            "breakdown": {
                "metrics": ["won_amount", "close_rate", "sales_cycle_days", "won_deals_count"],
                "by": ["user.name"],
            },
        },
        {
            "id": "records",
            "records": {"entity": "deal", "fields": ["deal.name", "deal.amount", "deal.closed_at", "deal.probability"]},
        },
        {"id": "funnel", "funnel": {"steps": ["leads_created_count", "leads_converted_count"]}},
        {"id": "backtest", "backtest": {"metric": "forecast_amount", "against": "won_amount", "periods": 3}},
    ],
}
# What stands in the columns of each, by hand: how it is called, and how a value of it looks.
WANTED: dict[str, list[tuple[str, str]]] = {
    "goal_won_amount": [
        ("Owner", TEXT),
        ("Won amount", MONEY),
        ("Target", MONEY),
        ("Attained", SHARE),
        ("State", TEXT),
    ],
    "trend": [
        ("Period", TEXT),
        ("Won amount", MONEY),
        ("Won amount, before", MONEY),
        ("Close rate", SHARE),
        ("Close rate, before", SHARE),
    ],
    "breakdown": [
        ("Owner", TEXT),
        ("Won amount", MONEY),
        ("Won amount, before", MONEY),
        ("Close rate", SHARE),
        ("Close rate, before", SHARE),
        ("Sales cycle", DAYS),
        ("Sales cycle, before", DAYS),
        ("Won deals", COUNT),
        ("Won deals, before", COUNT),
    ],
    "records": [("Deal", TEXT), ("Amount", MONEY), ("Closed", TEXT), ("Probability", SHARE)],
    "funnel": [
        ("Step", TEXT),
        ("Number", COUNT),
        ("Number, before", COUNT),
        ("Of the step before", SHARE),
        ("Of the first", SHARE),
    ],
    "backtest": [
        ("Period", TEXT),
        ("Weighted by CRM probability at the start", MONEY),
        ("Won amount", MONEY),
        ("Off by", SIGNED_MONEY),
        ("Off by, relative", CHANGE),
    ],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    folder = tmp_path_factory.mktemp("columns")
    (folder / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    return figures(folder, SPEC)


@pytest.fixture(params=list(WANTED))
def section(request: pytest.FixtureRequest, made: Figures) -> Section:
    return next(one for one in made.sections if one.id == request.param)


# One owner of all has ten cases on both sides: tables to be read have no column for that change.
HARDLY_KNOWN = {("breakdown", "Sales cycle, before")}


def printed(section: Section) -> list[tuple[str, str]]:
    """The columns as tables to be read have them: a change in place of an earlier figure."""
    return [
        ("Δ pp" if pattern == SHARE else "Δ", CHANGES[pattern]) if label.endswith(", before") else (label, pattern)
        for label, pattern in WANTED[section.id]
        if (section.id, label) not in HARDLY_KNOWN
    ]


def looks(section: Section, rows: list[list[str]]) -> None:
    """Every cell looks as its column says, and some of each are figures."""
    width = len(printed(section))
    assert rows
    for place, (label, pattern) in enumerate(printed(section)):
        cells = [row[place].replace("*", "").strip() for row in rows]
        assert all(len(row) == width for row in rows)
        assert not [c for c in cells if not re.fullmatch(f"({pattern})|{NONE}", c)], (label, cells)
        assert any(re.fullmatch(f"({pattern})", cell) for cell in cells), (label, cells)


def test_headings_are_told_apart(section: Section) -> None:
    labels = [column.label for column in section.columns]
    assert labels == [label for label, _ in WANTED[section.id]]
    assert len(set(labels)) == len(labels)


def test_markdown(made: Figures, section: Section) -> None:
    text = files_of(made, "md", "r", "")["r.md"].decode()
    _, _, part = text.partition(f"## {section.title}")
    table = part.partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    looks(section, [[cell.strip() for cell in row] for row in rows[2:]])


def test_html(made: Figures, section: Section) -> None:
    text = files_of(made, "html", "r", "")["r.html"].decode()
    tables = [cells_of(one) for one in re.findall(r"<table.*?</table>", text, re.S)]
    wanted = [label for label, _ in printed(section)]
    found = [t for t in tables if [_plain(h) for h in t[0]] == wanted]
    assert len(found) == 1
    looks(section, found[0][1:])


def _plain(heading: str) -> str:
    return re.sub(r" \(.*\)$", "", heading)


def test_workbook_and_csv(made: Figures, section: Section) -> None:
    """Numbers are numbers there: the format says what of."""
    book = openpyxl.load_workbook(io.BytesIO(files_of(made, "xlsx", "r", "")["r.xlsx"]))
    sheet = book[re.sub(r"[\[\]:*?/\\]", " ", section.title)[:31].strip()]
    rows = list(sheet.iter_rows())
    head = [re.sub(r" \(\d+(?:, \d+)*\)$", "", str(cell.value)) for cell in rows[3]]
    # Bare durations have their unit in the heading.
    bare = [f"{c.label} (days)" if c.unit == "days" else c.label for c in section.columns]
    told = [re.sub(r"^(.*) · Q2 2026", r"\1, before", name) for name in head]
    # Behind what a figure was stands by how much it changed.
    changed = [at for at, name in enumerate(told) if " · Δ" in name]
    assert [name for at, name in enumerate(told) if at not in changed] == bare
    assert [told[at].replace(" · Δ", ", before") for at in changed] == [name for name in bare if ", before" in name]
    cells = [cell for at, cell in enumerate(rows[4]) if at not in changed]
    for column, cell in zip(section.columns, cells, strict=True):
        _typed(column, cell)
    for at in changed:
        points = 100 if "%" in rows[4][at - 2].number_format else 1
        assert rows[4][at].value == pytest.approx((rows[4][at - 2].value - rows[4][at - 1].value) * points)
    files = files_of(made, "csv", "r", "")
    table = next(
        list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
        for name, data in files.items()
        if name.endswith(f"-{section.id.replace('_', '-')}.csv")
    )
    assert table[0] == bare
    assert all(
        re.fullmatch(r"(-?\d+(\.\d+)?(e-\d+)?)?", row[at])
        for row in table[1:]
        for at, column in enumerate(section.columns)
        if column.unit
    )


def _typed(column: Column, cell: Any) -> None:
    if column.unit is None or cell.value is None:
        return
    assert isinstance(cell.value, (int, float)), (column.label, cell.value)
    assert ("%" in cell.number_format) == (column.unit == "percent"), column.label
    assert ("€" in cell.number_format) == (column.unit == "currency"), column.label
