"""The workbook, read back by another library: typed cells, number formats, no formulas."""

from __future__ import annotations

import io
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from reportspec.errors import FormatError
from reportspec.formats.xlsx import as_workbook
from reportspec.model.figures import Column, Section
from tests.render import sample

T = sample.TEXTS["en"]


def book(*sections: Section, **more: object) -> Any:
    return openpyxl.load_workbook(io.BytesIO(as_workbook(sample.figures("en", sections, **more))))


def table(sheet: Any) -> list[list[Any]]:
    """The rows from the headings on."""
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]


def test_each_table_has_a_sheet_and_tiles_stand_on_the_first() -> None:
    made = sample.pipeline("en", rows=700)
    found = openpyxl.load_workbook(io.BytesIO(as_workbook(made)))
    shown = [s.title for s in made.sections if s.rows and s.columns]
    assert found.sheetnames == [made.report_label, *(title[:31].strip() for title in shown), "Meaning"]
    method = [[cell.value for cell in row] for row in found["Meaning"].iter_rows()]
    assert method[0] == ["Figure", "Meaning", "Formula", "Statement", "Rows read"]
    assert method[1] == [
        made.definitions[0].label,
        made.definitions[0].description,
        made.definitions[0].formula,
        made.definitions[0].sql_hash[:12],
        1248,
    ]
    cover = [row[0].value for row in found.worksheets[0].iter_rows()]
    assert cover[0] == made.title
    for kpi in made.sections[0].kpis:
        assert any(str(text).startswith(kpi.column.label) for text in cover)


def test_all_rows_are_there_typed() -> None:
    section = sample.stalled(T, 700, 700)
    rows = table(book(section)[section.title[:31]])
    assert rows[0] == [column.label for column in section.columns]
    assert len([row for row in rows[1:] if row[0] is not None]) == 700
    for found, given in zip(rows[1:701], section.rows, strict=True):
        name, owner, stage, amount, closes, quiet = given
        assert found[:3] == [name, owner, stage]
        assert found[3] == float(amount)  # type: ignore[arg-type]
        assert isinstance(found[4], datetime)
        assert found[4].date() == closes
        assert found[5] == quiet


COLUMNS = (
    Column("a", "Amount", "number", "currency", "metric", "a"),
    Column("b", "Rate", "number", "percent", "metric", "b"),
    Column("c", "Change", "number", None, "change", "a"),
    Column("d", "Points", "number", "percent", "difference", "b"),
    Column("e", "Answered in", "number", "seconds", "metric", "e"),
    Column("f", "Handled in", "number", "minutes", "metric", "f"),
    Column("g", "Days", "number", "days", "metric", "g"),
    Column("h", "Times", "number", "multiple", "metric", "h"),
    Column("i", "Count", "integer", "count", "metric", "i"),
    Column("j", "Yes", "boolean"),
    Column("k", "At", "time"),
)


def test_units_are_number_formats() -> None:
    at = datetime(2026, 8, 1, 22, 30, tzinfo=UTC)
    row = (Decimal("1234.5678"), 0.374, 0.26, -0.041, 90, 75.5, 12.25, 2.5, 17, True, at)
    sheet = book(Section("u", "breakdown", "Units", COLUMNS, (row,), None, 1))["Units"]
    cells = {c.label: sheet.cell(5, n) for n, c in enumerate(COLUMNS, 1)}
    assert (cells["Amount"].value, cells["Amount"].number_format) == (1234.5678, '"€"#,##0')
    assert (cells["Rate"].value, cells["Rate"].number_format) == (0.374, "0.0%")
    assert (cells["Change"].value, cells["Change"].number_format) == (0.26, "+0.0%;-0.0%;0.0%")
    assert cells["Points"].value == pytest.approx(-4.1)
    assert cells["Points"].number_format == '+0.0" pp";-0.0" pp";0.0" pp"'
    # A day is 1: a minute and a half, and 75 minutes and a half.
    assert cells["Answered in"].is_date
    assert str(cells["Answered in"].value) in ("0:01:30", "00:01:30")
    assert str(cells["Handled in"].value) in ("1:15:30", "01:15:30")
    assert cells["Days"].number_format == "#,##0.0"
    assert cells["Times"].number_format == '#,##0.0"×"'
    assert (cells["Count"].value, cells["Count"].number_format) == (17, "#,##0")
    assert cells["Yes"].value is True
    assert cells["At"].value == datetime(2026, 8, 2, 0, 30)  # in the report's zone


def test_nothing_in_the_data_becomes_a_formula_or_a_link() -> None:
    names = (*sample.HOSTILE, "+1+2", "-1", "@SUM(A1)", "\t=1", "http://evil.example/", "{=1}")
    columns = (Column("n", "=cmd()", "text"), Column("v", "Value", "integer", "count", "metric"))
    rows = tuple((name, at) for at, name in enumerate(names))
    section = Section("h", "records", "=1+1", columns, rows, None, len(rows), notes=names)
    content = as_workbook(sample.figures("en", (section,), title="=1+1", filters=names, source_label="=2+2"))
    found = openpyxl.load_workbook(io.BytesIO(content))
    kinds = {cell.data_type for sheet in found for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    assert not any(cell.hyperlink for sheet in found for row in sheet for cell in row)
    assert [row[0] for row in table(found.worksheets[1])[1 : len(names) + 1]] == list(names)
    packed = zipfile.ZipFile(io.BytesIO(content))
    text = b"".join(packed.read(name) for name in packed.namelist() if "worksheets" in name)
    assert b"<f>" not in text
    assert b"<hyperlink" not in text


def test_what_a_cell_cannot_hold() -> None:
    columns = (
        Column("t", "Text", "text"),
        Column("n", "Number", "number"),
        Column("d", "Day", "date"),
    )
    rows = (
        ("x" * 40_000, 10**18, date(1899, 1, 1)),
        ("a\x00b\x0bc", float("nan"), date(2026, 1, 1)),
        (None, float("inf"), None),
    )
    found = table(book(Section("c", "records", "Cells", columns, rows, None, 3))["Cells"])
    assert found[1] == ["x" * 32_767, str(10**18), "1899-01-01"]
    assert found[2] == ["a\ufffdb\ufffdc", None, datetime(2026, 1, 1)]
    assert found[3] == [None, None, None]


def test_names_of_sheets() -> None:
    columns = (Column("n", "N", "integer", "count", "metric"),)
    titles = ("a/b:c*d?[e]\\f", "Long " * 20, "long " * 20, "History", "'", "", T["report"])
    sections = [Section(f"s{n}", "breakdown", title, columns, ((n,),), None, 1) for n, title in enumerate(titles)]
    names = book(*sections).sheetnames
    assert len(names) == len(titles) + 2  # the first sheet, and the one of meanings
    assert len({name.casefold() for name in names}) == len(names)
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)


def test_totals_notes_and_cuts() -> None:
    columns = (
        Column("n", "Owner", "text", role="dimension"),
        Column("v", "Won", "number", "currency", "metric", "v", footnotes=(1,)),
    )
    section = Section(
        "t",
        "breakdown",
        "Owners",
        columns,
        (("Anna", 10), ("Bo", 20)),
        (None, 35),
        12,
        notes=("A note.",),
    )
    found = [[c for c in row if c is not None] for row in table(book(section)["Owners"])]
    assert found[0] == ["Owner", "Won (1)"]
    assert found[3] == ["Total", 35]
    assert found[5:] == [["The first 2 of 12 rows."], ["A note."], [f"1  {T['caveat1']}"]]


def test_the_same_figures_give_the_same_bytes() -> None:
    assert as_workbook(sample.pipeline("it", 50)) == as_workbook(sample.pipeline("it", 50))


def test_periods_are_named() -> None:
    section = sample.trend(T, "en")
    found = table(book(section)[section.title[:31]])
    assert [row[0] for row in found[1 : 1 + len(section.rows)]] == list(section.row_labels)


def test_without_xlsxwriter_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(FormatError) as told:
        as_workbook(sample.one_page())
    assert told.value.help == 'pip install "reportspec[xlsx]"'


def test_no_sections() -> None:
    made = replace(sample.one_page(), sections=())
    found = openpyxl.load_workbook(io.BytesIO(as_workbook(made)))
    assert found.sheetnames == [made.report_label]
