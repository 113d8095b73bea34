"""Encodings, delimiters, headers and rows: what is beyond doubt is read, all else is refused at its line."""

from __future__ import annotations

import csv
import gzip
import io
import random
from pathlib import Path

import pytest

from reportspec.errors import SourceError
from tests.files.texts import read, refusal

TABLE = "id,name,town\n1,Anna,Köln\n2,Bo,Rom\n"
WANTED = [("1", "Anna", "Köln"), ("2", "Bo", "Rom")]
FIELDS = "id:key name:text town:text"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marks_of_encodings(encoding: str, tmp_path: Path) -> None:
    assert read(tmp_path, TABLE.encode(encoding), FIELDS) == WANTED


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "utf-16-be", "mac-roman"])
def test_encodings_that_are_said(encoding: str, tmp_path: Path) -> None:
    data = TABLE.encode(encoding)
    assert read(tmp_path, data, FIELDS, encoding=encoding) == WANTED
    assert refusal(tmp_path, data, FIELDS).code == "unclear-encoding"


def test_the_refusal_shows_the_line_in_each_encoding(tmp_path: Path) -> None:
    found = refusal(tmp_path, TABLE.encode("cp1252"), FIELDS)
    assert "line 2 has the byte 0xF6" in found.message
    assert found.help == "write `encoding: cp1252` if it reads the line rightly"
    assert found.notes[0] == "`encoding: cp1252` reads 1,Anna,Köln"


def test_a_byte_far_down_is_found(tmp_path: Path) -> None:
    rows = "".join(f"{n},Anna,Rom\n" for n in range(40_000))
    found = refusal(tmp_path, ("id,name,town\n" + rows + "x,").encode() + b"Caf\xe9,Rom\n", FIELDS)
    assert "line 40002 has the byte 0xE9" in found.message


def test_letters_that_cross_the_pieces_in_which_a_file_is_read(tmp_path: Path) -> None:
    rows = "".join(f"{n},{'é' * 50},Rom\n" for n in range(50_000))
    assert len(read(tmp_path, "id,name,town\n" + rows, FIELDS)) == 50_000


def test_a_header_of_any_length_is_read_to_its_end(tmp_path: Path) -> None:
    """Its first 262,144 signs would have fewer columns than the rows."""
    more = "".join(f",{'x' * 4000}{n}" for n in range(80))
    data = f"id,name{more},town\n1,Anna{',' * 80},Rom\n2,Bo{',' * 80},Köln\n"
    assert read(tmp_path, data, FIELDS) == [("1", "Anna", "Rom"), ("2", "Bo", "Köln")]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_delimiters(sign: str, tmp_path: Path) -> None:
    assert read(tmp_path, TABLE.replace(",", sign), FIELDS) == WANTED
    assert read(tmp_path, f"sep={sign}\n" + TABLE.replace(",", sign), FIELDS) == WANTED


def test_a_delimiter_that_is_in_all_texts(tmp_path: Path) -> None:
    data = "id;name,first;town\n1;Rossi,Anna;Rom\n2;Bianchi,Bo;Rom\n"
    assert read(tmp_path, data, "id:key town:text") == [("1", "Rom"), ("2", "Rom")]
    assert refusal(tmp_path, "a,b;c\n1,2;3\n").code == "unclear-delimiter"
    assert read(tmp_path, "a,b;c\n1,2;3\n", delimiter=";", texts=True) == [("1,2", "3")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str, tmp_path: Path) -> None:
    assert read(tmp_path, TABLE.replace("\n", end), FIELDS) == WANTED


def test_line_ends_of_two_kinds(tmp_path: Path) -> None:
    assert read(tmp_path, "id,name,town\n1,Anna,Köln\r\n2,Bo,Rom\n", FIELDS) == WANTED


def test_packed_files(tmp_path: Path) -> None:
    assert read(tmp_path, {"t.csv.gz": gzip.compress(TABLE.encode())}, FIELDS) == WANTED


@pytest.mark.parametrize("titles", ["Deals export,,\nas of 1 Apr,,\n", "Deals\n\n", "Deals\nas of, 1 Apr\n"])
def test_titles_above_the_header(titles: str, tmp_path: Path) -> None:
    found = refusal(tmp_path, titles + TABLE, FIELDS)
    assert (found.code, found.help) == ("no-header", "write `skip: 2`")
    assert read(tmp_path, titles + TABLE, FIELDS, skip=2) == WANTED


def test_files_without_a_header(tmp_path: Path) -> None:
    data = TABLE.partition("\n")[2]
    found = refusal(tmp_path, data, FIELDS)
    assert (found.code, "columns: […, …, …]" in str(found.help)) == ("no-header", True)
    assert read(tmp_path, data, FIELDS, columns=("id", "name", "town")) == WANTED
    assert refusal(tmp_path, data, FIELDS, columns=("id", "name")).code == "wrong-columns"


def test_a_column_that_is_there_twice(tmp_path: Path) -> None:
    data = "id,amount,amount\n1,2,3\n"
    assert refusal(tmp_path, data, "id:key amount:money").code == "repeated-column"
    assert read(tmp_path, data, "id:key amount_1:money", columns=("id", "amount", "amount_1"), skip=1) == [("1", 3)]
    assert read(tmp_path, data, "id:key") == [("1",)], "nobody reads it"


LINES = {
    "2,Bo": "2 fields where the header has 3",
    "2,Bo,Rom,Italy": "4 fields where the header has 3",
    "2,Rossi,Bo,": "4 fields where the header has 3",
    '"2,Bo,Rom"': "in quotes as a whole",
    '2,"Bo,Rom': "a quote is opened that is not closed",
    '2,"Bo"x,Rom': "a quote is closed before the field ends",
    "id,name,town": "the header stands again among the rows",
}


@pytest.mark.parametrize("line", LINES)
def test_rows_that_are_none(line: str, tmp_path: Path) -> None:
    """The row is found, though others before it have line ends and delimiters in quotes."""
    before = 'id,name,town\n0,"a\nb","x, y"\n\n1,Anna,Rom\n'
    found = refusal(tmp_path, before + line + "\n3,Cem,Rom\n", FIELDS)
    assert LINES[line] in found.message
    assert "`t.csv` (table `t`), line 6" in found.message
    assert found.notes[0] == f"line 6: {line}"


def test_what_a_line_holds_is_harmless_on_a_terminal(tmp_path: Path) -> None:
    found = refusal(tmp_path, "id,name,town\n1,\x1b[2J\u202eAnna\n", FIELDS)
    assert found.notes == ("line 2: 1,\ufffd[2J\ufffdAnna",)


def test_a_quote_that_takes_rows_into_its_field(tmp_path: Path) -> None:
    """Ten rows are in one field; the file is a sound CSV of fewer rows."""
    rows = [f"{n},u{n % 3},2026-01-{n:02},{n}.5" for n in range(1, 29)]
    rows[9] = rows[9].replace(",u", ',"u', 1)
    rows[19] = rows[19].replace("u2", 'u2"')
    data = "id,who,day,amount\n" + "\n".join(rows) + "\n"
    assert len(list(csv.reader(io.StringIO(data), strict=True))) == 19
    found = refusal(tmp_path, data, "id:key who:text day:date amount:money")
    assert "line 11: a quote opens here and takes 11 rows into one field" in found.message


def test_texts_of_several_lines_are_no_such_thing(tmp_path: Path) -> None:
    data = 'id,note,amount\n1,"Dear Anna, thanks,\nfor all, and more,\nBo",5\n2,"a\nb",6\n'
    assert [row[2] for row in read(tmp_path, data, "id:key note:text amount:money")] == [5, 6]


def test_a_quote_in_the_header(tmp_path: Path) -> None:
    assert "not closed" in refusal(tmp_path, 'id,"name,town\n1,Anna,Rom\n').message
    assert "into the header" in refusal(tmp_path, 'id,"name,town\n1,Anna,Rom\n2,Bo",Rom\n').message


@pytest.mark.parametrize("row", [",Total,,,100", "Total,,,,100", "Totale:,,,,100", ",,,,100", ",,,Gesamt,100"])
def test_rows_of_totals(row: str, tmp_path: Path) -> None:
    data = f"id,name,town,owner,amount\n1,Anna,Rom,u,60\n2,Total,Paris,u,40\n\n{row}\n"
    found = refusal(tmp_path, data, "id:key name:text amount:money")
    assert found.code == "totals-row"
    assert "line 5" in found.message
    assert found.notes == (f"line 5: {row}",)


@pytest.mark.parametrize(
    "row",
    [
        "Total (4),open,Rom,u,100",
        "Grand total,open,,u,100",
        "Totale:,open,2026-01-01,u,100",
        ",Total (2),Rom,u,100",
        "Summe [2]:,x,y,u,100",
        "TOTAL ( 2 rows ),x,y,,100",
    ],
)
def test_rows_of_totals_with_more_beside_the_word(row: str, tmp_path: Path) -> None:
    data = f"id,name,town,owner,amount\n1,Anna,Rom,u,60\n2,Bo,Paris,u,40\n{row}\n"
    found = refusal(tmp_path, data, "id:key name:text amount:money")
    assert found.code == "totals-row"
    assert found.notes == (f"line 4: {row}",)


@pytest.mark.parametrize("notes", [["Exported on 2026-10-01,,"], ["# end,,", "Copyright: all rights,,"]])
def test_notes_below_a_table(notes: list[str], tmp_path: Path) -> None:
    rows = "".join(f"{note}\n" for note in notes)
    found = refusal(tmp_path, "id,name,amount\n1,Anna,60\n2,,\n" + rows, "id:key name:text amount:money")
    assert found.code == "note-row"
    assert found.notes == tuple(f"line {number}: {note}" for number, note in enumerate(notes, start=4))


@pytest.mark.parametrize(
    "rows",
    [
        ["Anna Rossi,Rom,60", "Bo Berg,,"],  # keys of several words
        ["1,Rom,60", "Bo Berg,,", "2,Rom,1"],  # not the last
        ["1,Rom,60", "Bo Berg,Rom,"],  # not alone
        ["1,Rom,60", "EX-2026-10,,"],  # one word
        ["Bo Berg,,"],  # nothing else
    ],
)
def test_what_is_no_note_below_a_table(rows: list[str], tmp_path: Path) -> None:
    found = read(tmp_path, "id,name,amount\n" + "\n".join(rows) + "\n", "id:key name:text amount:money")
    assert [row[0] for row in found] == [row.partition(",")[0] for row in rows]


@pytest.mark.parametrize("above", ["\n", "\n\n", " \t\n", "sep=,\n\n", "\nsep=,\n", "\n\nsep=,\n\n\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_blank_lines_above_the_header(above: str, end: str, mark: str, tmp_path: Path) -> None:
    data = mark + (above + "id,name,amount\n1,Anna,60\n\n2,Bo,40\n").replace("\n", end)
    assert read(tmp_path, data, "id:key name:text amount:money") == [("1", "Anna", 60), ("2", "Bo", 40)]
    for skip in (0, 1) if above == "\n" else (0,):
        again = read(tmp_path, data, "id:key name:text amount:money", skip=skip)
        assert [row[0] for row in again] == ["1", "2"]


def test_blank_lines_above_rows_without_a_header(tmp_path: Path) -> None:
    found = read(tmp_path, "\n\n1,Anna\n2,Bo\n", "id:key name:text", columns=("id", "name"))
    assert found == [("1", "Anna"), ("2", "Bo")]


def test_a_file_of_blank_lines_is_empty(tmp_path: Path) -> None:
    assert refusal(tmp_path, "\n \n\n", "id:key").code == "empty-file"


@pytest.mark.parametrize("again", ["ID,Name,Amount", "id,NAME,amount", " Id ,name, AMOUNT"])
def test_a_header_among_the_rows_in_other_letters(again: str, tmp_path: Path) -> None:
    found = refusal(tmp_path, f"id,name,amount\n1,Anna,60\n{again}\n2,Bo,1\n", "id:key name:text")
    assert (found.code, found.notes) == ("repeated-header", (f"line 3: {again.strip()}",))


def test_what_is_only_called_like_a_total(tmp_path: Path) -> None:
    rows = [
        "1,Total Energies,Rom,u,60",
        "2,Total,,u,40",
        "Total Energies,Bo,,,5",
        "Total,Bo,Rom,u,6",
        "Sum (of all),Bo,,,7",
    ]
    data = "id,name,town,owner,amount\n" + "\n".join(rows) + "\n"
    found = read(tmp_path, data, "id:key name:text amount:money")
    assert [row[2] for row in found] == [60, 40, 5, 6, 7]


def test_rows_without_any_value_are_none(tmp_path: Path) -> None:
    assert read(tmp_path, TABLE + ",,\n,,\n", FIELDS) == WANTED


@pytest.mark.parametrize("data", ['"x"\n1\n""\n', 'x\n""\n1\n', 'x\r\n1\r\n\r\n""', "x\n\n1\n-\n\n"])
def test_a_row_of_one_column_that_says_it_has_no_value(data: str, tmp_path: Path) -> None:
    """A blank line is no row; `""` is one, wherever it stands."""
    for kind, value in (("key", "1"), ("number", 1), ("any", 1)):
        assert read(tmp_path, data, f"x:{kind}", null=("-",)) == [(value,), (None,)]


@pytest.mark.parametrize("rows", [10, 90_000])
def test_a_packed_file_that_is_cut_off(rows: int, tmp_path: Path) -> None:
    """Within what is looked at for its shape, and behind it."""
    random_ = random.Random(rows)
    text = "id\n" + "".join(f"{random_.random()}\n" for _ in range(rows))
    found = refusal(tmp_path, {"t.csv.gz": gzip.compress(text.encode())[:-30]}, "id:key")
    assert (found.code, found.help) == ("unreadable-source", "copy it again")
    found = refusal(tmp_path, {"t.csv.gz": text.encode()}, "id:key")
    assert "is not packed" in found.message


def test_words_for_nothing(tmp_path: Path) -> None:
    data = "id,name,amount\n1,Anna,N/A\n2,N/A,5\n"
    found = refusal(tmp_path, data, "id:key name:text amount:money")
    assert found.help == 'write `null: ["N/A"]` if it stands for no value'
    assert read(tmp_path, data, "id:key name:text amount:money", null=("N/A",)) == [("1", "Anna", None), ("2", None, 5)]


def test_files_of_one_table(tmp_path: Path) -> None:
    files = {"a.csv": TABLE.encode(), "b.csv": "Town;id;name\nWien;3;Cem\n".encode("utf-16")}
    assert read(tmp_path, files, FIELDS) == [*WANTED, ("3", "Cem", "Wien")]
    files["b.csv"] = b"id,name,city\n3,Cem,Wien\n"
    found = refusal(tmp_path, files, FIELDS)
    assert found.code == "unlike-files"
    assert "`b.csv` lacks `town` and has `city` besides" in found.message


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_files_with_nothing_in_them(data: bytes, tmp_path: Path) -> None:
    assert refusal(tmp_path, data, FIELDS).code == "empty-file"


def drawn(random_: random.Random) -> tuple[bytes, str, str]:
    """A file with odd texts, half of them damaged; its delimiter and encoding."""
    sign, number = random_.choice(",;\t|"), random_.randint(1, 6)
    odd = ["a", " ", '"', ",", ";", "1", "é", "x\ny", "\t", "|", "'", "#", "\\", "Ω"]

    def cell() -> str:
        return "".join(
            random_.choice(odd if random_.random() < 0.3 else "abc12 ") for _ in range(random_.randint(0, 6))
        )

    text = io.StringIO()
    writer = csv.writer(text, delimiter=sign, lineterminator=random_.choice(["\n", "\r\n"]))
    writer.writerow([f"c{n}" for n in range(number)])
    writer.writerows([[cell() for _ in range(number)] for _ in range(random_.randint(0, 20))])
    data = bytearray(text.getvalue().encode())
    if random_.random() < 0.6:
        at = random_.randrange(len(data))
        way = random_.randrange(4)
        if way == 0:
            data[at:at] = sign.encode()
        elif way == 1:
            data[at:at] = b'"'
        elif way == 2:
            del data[at : at + random_.randint(1, 4)]
        else:
            del data[at:]
    return bytes(data), sign, "utf-8"


@pytest.mark.parametrize("part", range(3))
def test_a_file_is_read_as_it_is_or_refused(part: int, tmp_path: Path) -> None:
    """Python's own reader of CSV says what the rows are."""
    random_ = random.Random(part)
    for _ in range(25):
        data, sign, encoding = drawn(random_)
        try:
            text = io.StringIO(data.decode(encoding), newline="")
            records = [record for record in csv.reader(text, delimiter=sign, strict=True) if record]
        except (csv.Error, UnicodeDecodeError):
            records = []
        try:
            rows = read(tmp_path, data, texts=True, delimiter=sign)
        except SourceError:
            continue
        assert records, data
        assert {len(record) for record in records} == {len(records[0])}, data
        wanted = [tuple(value or None for value in record) for record in records[1:]]
        if len(records[0]) > 1:
            assert rows == [row for row in wanted if any(row)], data
        else:  # its empty rows are rows, and stand last
            assert sorted(map(str, rows)) == sorted(map(str, wanted)), data


@pytest.mark.parametrize("asked", ["utf-16", "utf-32"])
@pytest.mark.parametrize("own", ["utf-8", "utf-16-le"])
def test_an_encoding_that_needs_a_mark(asked: str, own: str, tmp_path: Path) -> None:
    """Without the mark nobody knows which of two bytes comes first."""
    found = refusal(tmp_path, TABLE.encode(own), FIELDS, encoding=asked)
    assert found.code == "unclear-encoding"


@pytest.mark.parametrize("said", [",", "|", "\t"])
def test_a_delimiter_that_finds_no_column_is_answered_with_the_one_that_does(said: str, tmp_path: Path) -> None:
    # The amounts have a comma of their own, so that all rows but the first have two parts by it.
    text = "id;name;price\n1;Anna;1.073,81\n2;Bo;2,50\n"
    found = refusal(tmp_path, text, "id:key name:text", delimiter=said)
    assert (found.code, found.help) == ("unclear-delimiter", 'write `delimiter: ";"`')
    assert read(tmp_path, text, "id:key name:text", delimiter=";") == [("1", "Anna"), ("2", "Bo")]


def test_a_line_that_is_longer_than_can_be_read(tmp_path: Path) -> None:
    """What it has, and what may be wrong: a text of three million letters, as a quote that is not closed makes one."""
    found = refusal(tmp_path, f"{TABLE}3,{'x' * 3_000_000},Rom\n", FIELDS)
    assert found.code == "unreadable-row"
    assert found.message.startswith("line 4 of ")
    assert "has 3,000,00" in found.message
    assert "a line may have 2,000,000" in found.message
    assert "a quote in it that is not closed" in str(found.help)
    assert all(len(note) < 200 for note in found.notes)


@pytest.mark.parametrize("nothing", ["n,a", ";", 'said "no"', "two\nlines", "\r\n", ",", '"'])
def test_what_stands_for_no_value_may_have_the_signs_that_part_values(nothing: str, tmp_path: Path) -> None:
    quoted = '"' + nothing.replace('"', '""') + '"'
    data = f'id,name,amount\n1,{quoted},1\n2,Bo,{quoted}\n3,-,3\n4,"{"x" + nothing.replace(chr(34), chr(34) * 2)}",4\n'
    found = read(tmp_path, data, "id:key name:text amount:money", null=("-", nothing))
    assert [(key, name, amount) for key, name, amount in found[:3]] == [
        ("1", None, 1),
        ("2", "Bo", None),
        ("3", None, 3),
    ]
    assert found[3][1].replace("\r\n", "\n") == f"x{nothing}".replace("\r\n", "\n")
