"""What cannot be read is told with the file it stands in, where a table has several."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportspec.errors import SourceError
from reportspec.model.mapped import ColumnRead
from reportspec.model.settings import FileSpec
from reportspec.run.connection import Wanted
from reportspec.run.files.loading import description

AMOUNT = Wanted(reads=(ColumnRead("d", "amount", "DOUBLE", "deal.amount"),))


def refused(*paths: Path) -> SourceError:
    with pytest.raises(SourceError) as told:
        description("d", FileSpec(paths=tuple(map(str, paths))), AMOUNT)
    return told.value


def test_of_several_files_the_one_is_named(tmp_path: Path) -> None:
    for name, amount in (("one", "5"), ("two", "abc")):
        (tmp_path / f"{name}.csv").write_text(f"id,amount\n1,{amount}\n", encoding="utf-8")
    assert [*refused(tmp_path / "one.csv", tmp_path / "two.csv").notes] == ["`two.csv`, line 2: 1,abc"]
    assert [*refused(tmp_path / "two.csv").notes] == ["line 2: 1,abc"]


def test_texts_that_look_like_numbers_among_numbers(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "d.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["id", "amount"])
    sheet.write_row(1, 0, [1, 5])
    sheet.write_number(2, 0, 2)
    sheet.write_string(2, 1, "7")
    book.close()
    error = refused(path)
    assert error.code == "mixed-cells"
    assert error.message.endswith("has cells of several types: numbers and texts that look like numbers")
