"""Workbooks keep the types of their cells; JSON and Parquet keep theirs, and their texts are read like others."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from reportspec.errors import SourceError
from tests.files.older import ERRORS, older_workbook
from tests.files.texts import Rows, read, read_files, refusal

FIELDS = "id:key amount:money closed:time"
HEAD = ["id", "amount", "closed"]
WANTED = [("1", 100, date(2026, 3, 4)), ("2", 50.5, date(2026, 4, 5))]
BODY: list[list[Any]] = [[1, 100, date(2026, 3, 4)], [2, 50.5, date(2026, 4, 5)]]


def workbook(folder: Path, *rows: list[Any], merged: str = "", more: str = "") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Deals"
    for row in rows:
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    if more:
        book.create_sheet(more).append(HEAD)
    path = folder / "t.xlsx"
    book.save(path)
    return path


def asked(path: Path, fields: str = FIELDS, **said: Any) -> Rows:
    return read_files([path], fields, **said)


def refused(path: Path, fields: str = FIELDS, **said: Any) -> SourceError:
    with pytest.raises(SourceError) as found:
        read_files([path], fields, **said)
    return found.value


def test_cells_keep_their_types(tmp_path: Path) -> None:
    assert asked(workbook(tmp_path, HEAD, *BODY)) == WANTED
    mixed = [["007", 1.125, datetime(2026, 3, 4, 10, 30)], [7, 2.375, datetime(2026, 3, 5)]]
    assert asked(workbook(tmp_path, HEAD, *mixed)) == [
        ("007", 1.125, datetime(2026, 3, 4, 10, 30)),
        ("7", 2.375, datetime(2026, 3, 5)),
    ]


def test_titles_of_a_sheet(tmp_path: Path) -> None:
    titles = [["Deals export"], ["as of 1 Apr"], []]
    path = workbook(tmp_path, *titles, HEAD, *BODY)
    found = refused(path)
    assert (found.code, found.help) == ("no-header", "write `skip: 3`")
    assert asked(path, skip=3) == WANTED
    assert asked(path, skip=4, columns=("id", "amount", "closed")) == WANTED
    assert asked(workbook(tmp_path, ["Deals export"], [], HEAD, *BODY, merged="A1:C1")) == WANTED


def test_totals_of_a_sheet(tmp_path: Path) -> None:
    found = refused(workbook(tmp_path, HEAD, *BODY, [None, 150.5, None]))
    assert found.code == "totals-row"
    assert "row 4: the row has no key in `id`" in found.message
    assert found.notes == ("row 4: ,150.5,",)


def test_texts_among_dates_and_numbers(tmp_path: Path) -> None:
    """A program that reads 13/04 as no date makes a text of it, and turns 03/04 beside it."""
    found = refused(workbook(tmp_path, HEAD, *BODY, [3, 1, "13/04/2026"]))
    assert (found.code, found.notes) == ("mixed-cells", ("row 4: 3,1,13/04/2026",))
    assert refused(workbook(tmp_path, HEAD, *BODY, [3, "1,5", None])).code == "mixed-cells"
    assert asked(workbook(tmp_path, HEAD, *BODY, [3, "N/A", None]), null=("N/A",))[2] == (
        "3",
        None,
        None,
    )


def test_texts_alone_are_read_like_those_of_other_files(tmp_path: Path) -> None:
    body = [[1, "1.234,50", "13/04/2026"], [2, "10,5", "02/04/2026"]]
    assert asked(workbook(tmp_path, HEAD, *body)) == [("1", 1234.5, date(2026, 4, 13)), ("2", 10.5, date(2026, 4, 2))]


def rewritten(path: Path, **parts: tuple[str, str]) -> Path:
    """The workbook with a text in its parts replaced, as another program would have written it."""
    with zipfile.ZipFile(path) as packed:
        data = {name: packed.read(name).decode() for name in packed.namelist()}
    for part, (old, new) in parts.items():
        name = next(one for one in data if one.endswith(f"/{part}.xml"))
        assert old in data[name]
        data[name] = data[name].replace(old, new)
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in data.items():
            packed.writestr(name, text)
    return path


CALCULATED = ('fullCalcOnLoad="1"', "")
DAY = date(2026, 3, 4)


def test_formulas_without_a_result(tmp_path: Path) -> None:
    """Programs that only write formulas leave the result out, or write 0 and ask for all to be worked out."""
    rows = [HEAD, *BODY, [3, "=B2+1", DAY], [4, "=B3", DAY]]
    ways = {
        "left out": ("</f><v></v>", "</f><v></v>"),
        "no value": ("</f><v></v>", "</f>"),
        "zero": ("</f><v></v>", "</f><v>0</v>"),
        "old": ("</f><v></v>", "</f><v>7.5</v>"),
    }
    for way, sheet in ways.items():
        found = refused(rewritten(workbook(tmp_path, *rows), sheet1=sheet))
        assert found.code == "no-result", way
        assert "`t.xlsx` (table `t`): sheet `Deals`, cells B4, B5: a formula" in found.message
        assert ("may be old" in found.message) == (way == "old")
        assert found.help == "open the workbook in Excel or LibreOffice, and save it"
        assert found.notes[0].startswith("row 4: 3,")
        assert asked(tmp_path / "t.xlsx", "id:key")[3] == ("4",), "the column is not read"
    for text, value in (("</f><v>0</v>", 0), ("</f><v>7.5</v>", 7.5)):
        path = rewritten(workbook(tmp_path, *rows), sheet1=("</f><v></v>", text), workbook=CALCULATED)
        assert [row[1] for row in asked(path)] == [100, 50.5, value, value]
    empty = rewritten(
        workbook(tmp_path, HEAD, *BODY, [3, '=""', DAY]),
        workbook=CALCULATED,
        sheet1=('<c r="B4"><f>""</f><v></v>', '<c r="B4" t="str"><f>""</f><v></v>'),
    )
    assert asked(empty)[2] == ("3", None, DAY), "an empty text is a result"
    bare = rewritten(workbook(tmp_path, *rows), sheet1=(' r="B4"', ""), workbook=CALCULATED)
    assert "cells B4, B5" in refused(bare).message, "places may be left to be counted"


def test_cells_with_an_error(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEAD, *BODY, [3, "#N/A", DAY], ["#REF!", 5, DAY], [5, "#N/A", None])
    found = refused(path)
    assert found.code == "error-cell"
    assert "sheet `Deals`, cells B4, A5, B6: `#N/A`, `#REF!`, errors and no values" in found.message
    assert (
        found.help == 'mend the formulas in the workbook, or write `null: ["#N/A", "#REF!"]` if they stand for no value'
    )
    assert found.notes == ("row 4: 3, , 2026-03-04", "row 5: , 5, 2026-03-04")
    assert "cell A5: `#REF!`, an error" in refused(path, null=("#N/A",)).message
    assert [row[0] for row in asked(path, "amount:money", null=("#N/A",))] == [100, 50.5, None, 5, None]


def test_a_sheet_of_one_column(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["id"], [1], [None], ["x"])
    assert asked(path, "id:key") == [("1",), ("x",)]


def test_sheets_of_one_table_have_cells_of_one_type(tmp_path: Path) -> None:
    """A number among texts of another sheet would be read by their signs: 250.125 as 250,125."""
    path = workbook(tmp_path, HEAD, [1, "1.234,50", DAY], [2, "99,90", DAY])
    book = openpyxl.load_workbook(path)
    other = book.create_sheet("More")
    for row in (HEAD, [3, 250.125, DAY], [4, 4000, DAY]):
        other.append(row)
    book.save(path)
    found = refused(path, sheet=("Deals", "More"), decimal=",")
    assert found.code == "mixed-cells"
    assert "the column `amount` has cells of several types: numbers and others, such as" in found.message
    other["B2"], other["B3"] = "250,125", "4.000,00"
    book.save(path)
    amounts = [row[1] for row in asked(path, sheet=("Deals", "More"), decimal=",")]
    assert amounts == [1234.5, 99.9, 250.125, 4000]


def test_merged_cells_among_the_rows(tmp_path: Path) -> None:
    """Only the first of them has a value: the rows beside it would have none."""
    path = workbook(tmp_path, HEAD, *BODY, *BODY, merged="B3:B4")
    found = refused(path)
    assert found.code == "merged-cells"
    assert "sheet `Deals`: the cells B3:B4 are merged" in found.message
    assert asked(path, "id:key") == [("1",), ("2",), ("1",), ("2",)]


def test_words_for_nothing_among_numbers(tmp_path: Path) -> None:
    found = refused(workbook(tmp_path, HEAD, *BODY, [3, "-", DAY]))
    assert (found.code, found.help) == (
        "mixed-cells",
        'write `null: ["-"]` if it stands for no value',
    )
    found = refused(workbook(tmp_path, HEAD, *BODY, [3, "-", DAY], [4, "soon", DAY]))
    assert found.help == 'make them alike in the workbook; write `null: ["-"]` if it stands for no value'


def test_shares_of_a_sheet_are_no_percentages_twice(tmp_path: Path) -> None:
    """A cell that shows 60 % holds 0.6."""
    path = workbook(tmp_path, ["id", "share"], [1, 0.6])
    assert asked(path, "id:key share:number") == [("1", 0.6)]
    assert refused(path, "id:key share:number", percent=("share",)).code == "contradiction"
    path = workbook(tmp_path, ["id", "share"], [1, "60 %"])
    assert asked(path, "id:key share:number", percent=("share",)) == [("1", 0.6)]


def test_line_ends_and_empty_cells(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["id", "note"], [1, "a\nb"], [None, None], [2, "c, d"])
    assert asked(path, "id:key note:text") == [("1", "a b"), ("2", "c, d")]
    assert refused(workbook(tmp_path, ["id", "note"], [1, "a", "b"]), "id:key note:text").code == "unreadable-row"


def test_sheets(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEAD, *BODY, more="Notes")
    found = refused(path)
    assert (found.code, found.help) == ("unclear-sheet", 'write `sheet: "Deals"`')
    assert asked(path, sheet="Deals") == asked(path, sheet=1) == WANTED
    assert asked(path, sheet="Notes") == []
    assert refused(path, sheet="Deal").code == refused(path, sheet=3).code == "unknown-sheet"


def test_a_workbook_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"PK\x03\x04 nothing")
    assert refused(path).code == "unreadable-source"


def od_cell(kind: str, value: str, text: str, more: str = "") -> str:
    name = {"float": "value", "date": "date-value"}.get(kind, "string-value")
    return f'<table:table-cell {more} office:value-type="{kind}" office:{name}="{value}"><text:p>{text}</text:p></table:table-cell>'


def open_document(folder: Path, rows: list[list[str]]) -> Path:
    """A workbook of OpenDocument with a sheet of these rows."""
    return open_document_of(folder, "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows))


def open_document_of(folder: Path, body: str) -> Path:
    """The least that makes a sheet of OpenDocument."""
    spaces = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    spaces += ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="Deals">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    path = folder / "t.ods"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        packed.writestr("content.xml", content)
    return path


def test_cells_of_open_document_without_a_value(tmp_path: Path) -> None:
    """As LibreOffice writes them: errors are empty texts that show what they are, and some are zeros."""
    head = [od_cell("string", n, n) for n in ("id", "amount")]
    formula = 'table:formula="of:=[.A1]"'
    wrong = od_cell("string", "", "#DIV/0!", f'{formula} calcext:value-type="error"')
    odd = od_cell("float", "0", "Err:508", f'{formula} calcext:value-type="error"')
    good = od_cell("float", "7.5", "7,50", f'{formula} calcext:value-type="float"')
    blank = f'<table:table-cell {formula} office:value-type="string" office:string-value=""/>'
    undone = f"<table:table-cell {formula}/>"
    many = '<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="2"/></table:table-row>'
    bodies = {wrong: "cell B4: `#DIV/0!`", odd: "cell B4: `Err:508`", undone: "cell B4: a formula"}
    for cell, said in bodies.items():
        rows = [
            head,
            [od_cell("float", "1", "1"), good],
            [f"<table:table-cell/></table:table-row>{many}<table:table-row>"],
            [od_cell("float", "2", "2"), cell],
        ]
        found = refused(open_document(tmp_path, rows), "id:key amount:money")
        assert f"sheet `Deals`, {said.replace('B4', 'B7')}" in found.message
    rows = [head, *([od_cell("float", str(n), ""), c] for n, c in enumerate((good, blank, wrong)))]
    path = open_document(tmp_path, rows)
    assert asked(path, "id:key amount:money", null=("#DIV/0!",)) == [("0", 7.5), ("1", None), ("2", None)]


def test_open_document(tmp_path: Path) -> None:
    rows = [
        [("string", n, n) for n in HEAD],
        [("string", "007", "007"), ("float", "50.5", "50,50"), ("date", "2026-04-05", "05/04/26")],
    ]
    path = open_document(tmp_path, [[od_cell(*c) for c in row] for row in rows])
    assert asked(path) == [("007", 50.5, date(2026, 4, 5))]


def test_json_keeps_its_types(tmp_path: Path) -> None:
    rows = [
        {"id": "007", "amount": 1.125, "closed": "2026-03-04"},
        {"id": "7", "amount": 2, "closed": None},
    ]
    data = {"t.json": json.dumps(rows).encode()}
    assert read(tmp_path, data, FIELDS) == [("007", 1.125, date(2026, 3, 4)), ("7", 2, None)]
    rows[0]["closed"] = "03/04/2026"
    data = {"t.json": json.dumps(rows).encode()}
    assert refusal(tmp_path, data, FIELDS).code == "unclear-date"
    assert read(tmp_path, data, "closed:time", date_format=(("", ("%d/%m/%Y",)),))[0] == (date(2026, 4, 3),)
    assert refusal(tmp_path, {"t.json": b'[{"id": 1}, {'}, FIELDS).code == "unreadable-row"


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    made = "select '007' as id, 1.125 as amount, '{}' as closed"
    duckdb.sql(made.format("13/04/2026")).write_parquet(str(path))
    assert asked(path) == [("007", 1.125, date(2026, 4, 13))]
    duckdb.sql(made.format("03/04/2026")).write_parquet(str(path))
    assert refused(path).code == "unclear-date"
    other = tmp_path / "o.parquet"
    duckdb.sql("select '8' as id, 2.5 as amount, date '2026-01-01' as day").write_parquet(str(other))
    with pytest.raises(SourceError) as found:
        read_files([path, other], "id:key")
    assert found.value.code == "unlike-files"


def test_files_of_several_kinds(tmp_path: Path) -> None:
    assert refusal(tmp_path, {"a.csv": b"id\n1\n", "b.json": b"[]"}).code == "mixed-files"
    assert refusal(tmp_path, {"a.doc": b"id\n1\n"}).code == "unknown-file"


FILLED: list[list[Any]] = [[n, n * 1.5, "2026-03-04"] for n in range(10, 400)]


@pytest.mark.parametrize("more", [[], FILLED], ids=["in small sectors", "in large ones"])
@pytest.mark.parametrize("formula", ["", "="], ids=["written", "of a formula"])
def test_errors_in_older_workbooks(formula: str, more: list[list[Any]], tmp_path: Path) -> None:
    """They are read like those of newer ones, also those of a formula; errors of another sheet and of a drawing are not."""
    wrong = [
        [3, f"{formula}#N/A", "2026-03-04"],
        [f"{formula}#REF!", 5, "2026-03-04"],
        [5, f"{formula}#DIV/0!", None],
    ]
    body = [[1, 100, "2026-03-04"], [2, "=50.5", "2026-04-05"], *more]
    other = {"Notes": [["x"], ["#VALUE!"]]}
    path = older_workbook(tmp_path / "t.xls", {"Deals": [HEAD, *body, *wrong], **other}, drawn=True)
    found = refused(path, sheet="Deals")
    first = len(body) + 2
    assert found.code == "error-cell"
    cells = f"cells B{first}, A{first + 1}, B{first + 2}: `#N/A`, `#REF!`, `#DIV/0!`, errors and no values"
    assert f"`t.xls` (table `t`): sheet `Deals`, {cells}" in found.message
    assert f"cell A{first + 1}: `#REF!`, an error" in refused(path, sheet="Deals", null=("#N/A", "#DIV/0!")).message
    null = ("#N/A", "#DIV/0!")
    assert [row[0] for row in asked(path, "amount:money", sheet="Deals", null=null)][-3:] == [
        None,
        5,
        None,
    ]
    sound = older_workbook(tmp_path / "t.xls", {"Deals": [HEAD, *body], **other}, drawn=True)
    assert asked(sound, sheet="Deals")[:2] == WANTED


def test_errors_of_older_workbooks_are_called_as_excel_does(tmp_path: Path) -> None:
    for error in ERRORS:
        path = older_workbook(tmp_path / "t.xls", {"Deals": [HEAD, [1, error, "2026-03-04"]]})
        assert f"cell B2: `{error}`, an error and no value" in refused(path).message


def test_yes_and_no_are_no_errors(tmp_path: Path) -> None:
    path = older_workbook(tmp_path / "t.xls", {"Deals": [["id", "won"], [1, True], [2, False]]})
    assert asked(path, "id:key won:boolean") == [("1", True), ("2", False)]


@pytest.mark.parametrize("at", [600, 1100, 1500, 3000])
def test_an_older_workbook_that_is_cut_off(at: int, tmp_path: Path) -> None:
    path = older_workbook(tmp_path / "t.xls", {"Deals": [HEAD, *FILLED]})
    path.write_bytes(path.read_bytes()[:at])
    assert refused(path).code == "unreadable-source"


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_a_stray_cell_far_off_is_named(tmp_path: Path, ending: str) -> None:
    """The reader would make room for each place between, and the process would end for want of it."""
    if ending == "xlsx":
        path = workbook(tmp_path, HEAD, *BODY)
        book = openpyxl.load_workbook(path)
        book.active.cell(1_048_576, 16_384).value = "x"  # type: ignore[union-attr]
        book.save(path)
        far = "XFD1048576"
    else:
        cell = od_cell("string", "x", "x")
        gap, blank = (
            "<table:table-row {}>{}</table:table-row>",
            '<table:table-cell table:number-columns-repeated="{}"/>',
        )
        rows = gap.format("", cell) + gap.format('table:number-rows-repeated="999998"', blank.format(16_384))
        path = open_document_of(tmp_path, rows + gap.format("", blank.format(999) + cell))
        far = "ALL1000000"
    told = refused(path)
    assert told.code == "too-large"
    assert f"reach as far as {far}:" in told.message


@pytest.mark.parametrize("kind", ["parquet", "json", "sqlite"])
def test_words_for_no_value_are_none_in_every_kind_of_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"t.{kind}"
    rows = [("1", "n/a", "5"), ("2", "00000000", "-"), ("3", "2026-03-01", "7.5")]
    if kind == "sqlite":
        with closing(sqlite3.connect(path)) as lite:
            lite.execute("CREATE TABLE t (id TEXT, day TEXT, amount TEXT)")
            lite.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
            lite.commit()
    else:
        values = ", ".join(map(str, rows))
        with duckdb.connect() as raw:
            raw.execute(f"COPY (SELECT * FROM (VALUES {values}) AS t(id, day, amount)) TO '{path}' (FORMAT {kind})")
    found = read_files([path], "id:key day:date amount:money", null=("n/a", "-", "00000000"))
    assert found == [("1", None, 5), ("2", None, None), ("3", date(2026, 3, 1), Decimal("7.5"))]
