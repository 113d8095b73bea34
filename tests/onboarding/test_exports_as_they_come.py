"""What exports have around their tables, and how it is met: titles, notes below, sheets, encodings, dates as texts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from reportspec.catalogue.load import packaged
from reportspec.errors import SourceError
from reportspec.onboarding.histories import Told, settled
from reportspec.onboarding.mapping_lines import Writer
from reportspec.onboarding.matching import propose
from reportspec.onboarding.sources import Source, opened
from reportspec.onboarding.wish import Wish
from reportspec.run.files.shape import Shape, foot_of, is_japanese
from tests.files.texts import read, read_files

HEAD = ["Opportunity Name", "Stage", "Amount", "Closed"]
BODY = [["A", "Closed Won", 100, "07/14/2026"], ["B", "Prospecting", 250, "08/15/2026"]]
TITLES = [["Opportunities 2025-26"], ["As of 2026-11-29"], [], ["Filtered By", "All"]]


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def looked_at(path: Path) -> Source:
    return opened(Wish((str(path),), path.parent / "p"), lambda name: None)


@pytest.mark.parametrize("titles", [0, 1, 2, 4])
def test_titles_above_a_header_are_skipped(titles: int, tmp_path: Path) -> None:
    found = looked_at(book(tmp_path / "deals.xlsx", Report=[*TITLES[:titles], HEAD, *BODY]))
    assert [list(table.columns) for table in found.tables] == [HEAD]
    assert found.tables[0].rows == 2
    assert found.settings == ({"deals": {"skip": str(titles)}} if titles else {})


def test_rows_are_no_header(tmp_path: Path) -> None:
    """A name over the first column alone, and rows below: these are none."""
    with pytest.raises(Exception, match="right of the last column"):
        looked_at(book(tmp_path / "deals.xlsx", Report=[["Name"], *BODY]))


def test_sheets_are_tables(tmp_path: Path) -> None:
    path = book(tmp_path / "Übersicht.xlsx", Deals=[HEAD, *BODY], Kunden=[["Kunde", "Ort"], ["K", "Ulm"]], Leer=[])
    found = looked_at(path)
    assert {table.name: list(table.columns) for table in found.tables} == {"deals": HEAD, "kunden": ["Kunde", "Ort"]}
    assert found.settings == {"deals": {"sheet": '"Deals"'}, "kunden": {"sheet": '"Kunden"'}}


@pytest.mark.parametrize(
    "foot",
    [
        '\n\n"Report"\n"Copyright, all rights"\n',
        "\n\nReport\n\nMade by me",
        "\r\n \r\nReport\r\n",
        "\n\n\nReport\n\n\n",
    ],
)
def test_lines_below_a_table_are_left_out(foot: str, tmp_path: Path) -> None:
    rows = read(tmp_path, f"id,amount,name\n1,5,A\n2,7,B{foot}".encode(), "id:key amount:money name:text")
    assert rows == [("1", 5, "A"), ("2", 7, "B")]


@pytest.mark.parametrize(
    "rest",
    [
        "2,7,B\n3\n",  # a row that is broken
        '2,7,"B\n\nlast"\n',  # a text of several lines
        '2,7,"B\n\nlast\nof all"\n',
        "2,7,B\n\n3,,\n",  # apart, but with fields
        "2,7,B\n\nnote\n3,8,C\n",  # not at the end
    ],
)
def test_rows_are_no_lines_below(rest: str) -> None:
    assert foot_of(f"id,amount,name\n1,5,A\n{rest}".encode(), Shape("utf-8", ",", ("id", "amount", "name"))) == []


@pytest.mark.parametrize(
    ("text", "encoding", "japanese"),
    [
        ('案件名,金額\n東京精密工業株式会社,"1,000円"\n', "cp932", True),
        ("ﾃｽﾄ 株式会社サンプル商事,受注\n", "cp932", True),
        ("Name;Ort\nMüller;Köln\nLéon;Besançon\n", "cp1252", False),
        ("Léon\n", "cp1252", False),  # which would be one kanji
        ("Название,Сумма\nМосква,Новый клиент\n", "cp1251", False),
        ("客户名称,金额\n上海贸易有限公司,赢单\n", "gb18030", False),
        ("고객,금액\n서울무역,성사\n", "cp949", False),
    ],
)
def test_japanese_is_told(text: str, encoding: str, japanese: bool, tmp_path: Path) -> None:
    assert is_japanese(text.encode(encoding)) is japanese
    if japanese:
        with pytest.raises(SourceError) as told:
            read(tmp_path, text.encode(encoding), "案件名:text")
        assert "`encoding: cp932`" in str(told.value.help)


@pytest.mark.parametrize("amount", ["1,012円", "1,012 円", "¥1,012", "\uffe51,012"])
def test_yen_are_numbers(amount: str, tmp_path: Path) -> None:
    assert read(tmp_path, f'id,amount\n1,"{amount}"\n'.encode(), "id:key amount:money", thousands=",") == [("1", 1012)]


def test_formats_are_of_cells_in_expressions_too(tmp_path: Path) -> None:
    """A workbook and a text file of the same rows read the same."""
    path, said = book(tmp_path / "t.xlsx", T=[HEAD, *BODY]), (("Closed", ("%m/%d/%Y",)),)
    text = "\n".join(",".join(map(str, row)) for row in (HEAD, *BODY)).encode()
    for reads in ("Closed:time", "Closed:"):
        wanted = [(date(2026, 7, 14),), (date(2026, 8, 15),)]
        assert read_files([path], reads, date_format=said) == read(tmp_path, text, reads, date_format=said) == wanted


def test_a_table_is_of_the_entity_of_which_a_column_was_named(tmp_path: Path) -> None:
    """Quotes by the file's name, deals by what somebody says; what was taken rightly stays."""
    path = book(
        tmp_path / "x.xlsx",
        Angebote=[["Angebot", "Auftragswert", "Status", "Angelegt am"], ["A1", 5, "offen", "2026-01-02"]],
        Kunden=[["Kunde", "Ort"], ["K", "Ulm"]],
    )
    tables = looked_at(path).tables

    def of(**columns: str) -> dict[str, str]:
        named = {name.replace("_", ".", 1): column for name, column in columns.items()}
        return {part.table: part.entity for part in propose(packaged(), tables, columns=named).parts}

    assert of()["angebote"] == "quote"
    assert of(deal_amount="Auftragswert") == {"angebote": "deal", "kunden": "account"}
    assert of(deal_amount="Auftragswert", account_name="Kunde") == {"angebote": "deal", "kunden": "account"}
    assert of(deal_amount="nowhere") == of() == of(deal_amount="")


def test_chances_tell_the_order_of_stages(tmp_path: Path) -> None:
    """Where each stage on the way has a chance of its own; the last ones are those that end."""
    chances = {"Proposal": 80, "To Contact": 10, "In Contact": 30, "Follow Up": 50, "Won": 100, "Lost": 0}
    lines = ["id,stage,amount,probability"]
    lines += [f"{n},{stage},5,{chance}" for n, (stage, chance) in enumerate(list(chances.items()) * 2)]
    (tmp_path / "deals.csv").write_text("\n".join(lines))
    source = looked_at(tmp_path / "deals.csv")
    tables = {table.name: table for table in source.tables}
    proposal, told = settled(propose(packaged(), source.tables), tables, source.rows)
    stages = Writer(packaged(), tables, "duckdb", {}, {}, {}, told).draft(proposal).stages
    assert [stage.value for stage in stages] == ["To Contact", "In Contact", "Follow Up", "Proposal", "Won", "Lost"]


@pytest.mark.parametrize("form", ["OPP{}", "EFU-{:03}", "TOP{}", "CAD{:04}", "ALL{}"])
def test_what_counts_records_is_no_money(form: str, tmp_path: Path) -> None:
    """Three letters before a number are no currency that no country has, nor one where each number comes once."""
    rows = [[form.format(number + 1), f"Deal {number}", 1000 + number, "EUR"] for number in range(12)]
    found = looked_at(book(tmp_path / "deals.xlsx", Deals=[["Id", "Name", "Amount", "Currency"], *rows]))
    [table] = found.tables
    assert table.columns["Id"].shape == "text"
    assert not table.columns["Id"].currencies


@pytest.mark.parametrize("form", ["EUR {}", "EUR{},50", "{} CHF", "US${}"])
def test_amounts_keep_their_currency(form: str, tmp_path: Path) -> None:
    rows = [[f"o{number}", form.format(1000 + 137 * number)] for number in range(12)]
    found = looked_at(book(tmp_path / "deals.xlsx", Deals=[["Id", "Amount"], *rows]))
    assert found.tables[0].columns["Amount"].shape == "number"
    assert len(found.tables[0].columns["Amount"].currencies) == 1


@pytest.mark.parametrize(
    ("dialect", "wanted"),
    [("mariadb", "CONCAT('calls:', id)"), ("mysql", "CONCAT('calls:', id)"), ("postgres", "'calls:' || id")],
)
def test_texts_are_joined_in_the_sql_of_the_source(dialect: str, wanted: str) -> None:
    """Where `||` means `or` as well, which a database that has it so takes without a word."""
    writer = Writer(packaged(), {}, dialect, {}, {}, {}, Told())
    assert writer.joined(writer.text("calls:"), "id") == wanted


# A board as it is exported: its name, and for each group its title, the header, its items, their sum.
BOARD = [
    ["Deals 2026"], [],
    ["In work"], HEAD, ["A", "Prospecting", 100, "07/14/2026"], ["B", "Prospecting", 250, "08/15/2026"], [None, None, 350],
    [], ["Won"], HEAD, ["C", "Closed Won", 70, "07/20/2026"], [None, None, 70], [],
    ["Empty"], HEAD,
]  # fmt: skip


def test_groups_of_a_board_are_one_table(tmp_path: Path) -> None:
    """Its titles are a column; rows of sums have the group and no name; rows keep their numbers."""
    path = book(tmp_path / "board.xlsx", Board=BOARD)
    found = looked_at(path)
    assert [list(table.columns) for table in found.tables] == [[*HEAD, "group"]]
    assert found.settings == {"board": {"skip": "3", "parts": "group"}}
    rows = [(row[0], int(row[2]), row[4]) for row in read_files([path], parts="group", skip=3)]
    items = [("A", 100, "In work"), ("B", 250, "In work"), (None, 350, "In work"), ("C", 70, "Won"), (None, 70, "Won")]
    assert rows == items


def test_a_board_says_how_it_is_read_and_where(tmp_path: Path) -> None:
    path = book(tmp_path / "board.xlsx", Board=BOARD[2:])
    with pytest.raises(SourceError, match="row 8: the header stands again below the title `Won`") as told:
        read_files([path], skip=1)
    assert told.value.code == "repeated-header"
    assert "`parts: group`" in str(told.value.help)


@pytest.mark.parametrize(("rows", "parts", "said"), [
    ([["All"], HEAD, *BODY, HEAD, *BODY], "group", "row 5 is a header without a title"),
    ([HEAD, *BODY], "group", "row 1 is a header without a title"),
    ([["All"], HEAD, *BODY], "stage", "`parts: stage` names a column that the sheet has itself"),
])  # fmt: skip
def test_parts_that_are_none_are_refused(rows: list[list[Any]], parts: str, said: str, tmp_path: Path) -> None:
    path = book(tmp_path / "board.xlsx", Board=rows)
    skip = next(at for at, row in enumerate(rows) if row == HEAD)
    with pytest.raises(SourceError, match=said):
        read_files([path], parts=parts, skip=skip)


def test_the_sheets_own_column_is_not_taken_for_that_of_the_titles(tmp_path: Path) -> None:
    head = ["Group", *HEAD[1:]]
    path = book(tmp_path / "board.xlsx", Board=[["One"], head, *BODY, [], ["Two"], head, *BODY])
    assert looked_at(path).settings == {"board": {"skip": "1", "parts": "part"}}


@pytest.mark.parametrize("below", [
    [[], ["Confidential Information - Do Not Distribute"], ["Copyright 2026"]],
    [[], ["Exported on 2026-10-01"], [], [None, "by Ada"], []],
])  # fmt: skip
def test_notes_below_a_sheet_are_left_out(below: list[list[Any]], tmp_path: Path) -> None:
    path = book(tmp_path / "deals.xlsx", Report=[HEAD, *BODY, *below])
    assert len(read_files([path])) == 2


def test_what_stands_right_below_a_sheet_or_in_a_table_of_two_columns_is_a_row(tmp_path: Path) -> None:
    under = book(tmp_path / "deals.xlsx", Report=[HEAD, *BODY, ["Exported on 2026-10-01"]])
    assert len(read_files([under])) == 3
    two = book(tmp_path / "people.xlsx", Report=[["id", "team"], ["1", "North"], [], ["2"]])
    assert len(read_files([two])) == 2


@pytest.mark.parametrize("said", [{"parts": "group"}, {"sheet": 1}])
def test_text_files_have_neither_sheets_nor_parts(said: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no workbook") as told:
        read(tmp_path, "id,name\n1,A\n", **said)
    assert told.value.code == "contradiction"


MONTHS = {f"deals_2026-{month:02}.csv": f"id,stage,created\n{month},won,2026-{month:02}-03\n" for month in (7, 8, 11)}


def folder_of(path: Path, files: dict[str, str]) -> Source:
    for name, text in files.items():
        (path / name).write_text(text, "utf-8")
    return opened(Wish((str(path),), path / "p"), lambda name: None)


def test_files_of_each_month_are_one_table(tmp_path: Path) -> None:
    """By a pattern that the next month's matches, too."""
    found = folder_of(tmp_path, {**MONTHS, "people.csv": "id,name\n1,Ada\n"})
    assert {table.name: table.rows for table in found.tables} == {"deals": 3, "people": 1}
    assert found.files == {"deals": "../deals_2026-*.csv", "people": "../people.csv"}
    assert found.joined == {"deals": 3}
    assert [row[0] for row in found.rows("deals", ["id"], "id")] == ["11", "7", "8"]


def test_a_pattern_matches_no_other_files(tmp_path: Path) -> None:
    found = folder_of(tmp_path, {**MONTHS, "deals_2026-plan.csv": "id,target\n1,5\n"})
    digits = "[0-9]" * 4
    assert found.files == {"deals": f"../deals_{digits}-[0-9][0-9].csv", "deals_2026_plan": "../deals_2026-plan.csv"}


@pytest.mark.parametrize(
    "files",
    [
        {"deals_1.csv": "id,stage\n1,won\n", "deals_2.csv": "id,state\n1,won\n"},  # other columns
        {"deals.csv": "id,stage\n1,won\n", "leads.csv": "id,stage\n1,won\n"},  # other names
        {"deals_1.csv": "id,stage\n1,won\n", "deals_10.csv": "id,stage\n1,won\n", "deals_x.csv": "id,a\n1,won\n"},
    ],
)
def test_other_files_stay_apart(files: dict[str, str], tmp_path: Path) -> None:
    """Other columns, other names, and what no pattern tells from another file."""
    found = folder_of(tmp_path, files)
    assert len(found.tables) == len(files)
    assert not found.joined


def test_the_only_date_of_orders_is_their_day(tmp_path: Path) -> None:
    """Whatever it is called; with another one nothing says which."""
    path = tmp_path / "orders.csv"
    rows = [f"O{n},C{n % 4},{100 + n}.50,2026-03-{n + 1:02}" for n in range(20)]
    path.write_text("\n".join(["Order ID,Customer ID,Order Amount,Gift of", *rows]), "utf-8")
    [part] = propose(packaged(), looked_at(path).tables, columns={"order_.amount": "Order Amount"}).parts
    [dated, *_] = part.fields["ordered_at"].candidates
    assert (part.entity, dated.column, dated.reasons) == ("order_", "Gift of", ("it is the only other date",))
    path.write_text(
        "\n".join(["Order ID,Customer ID,Order Amount,Gift of,Thanked", *(f"{r},2026-04-02" for r in rows)]), "utf-8"
    )
    [part] = propose(packaged(), looked_at(path).tables, columns={"order_.amount": "Order Amount"}).parts
    assert "ordered_at" not in part.fields or part.fields["ordered_at"].confidence < 0.6
