"""Parquet files of one table with other types: all values are read as they are in their files, or it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reportspec.errors import SourceError
from tests.files.texts import read_files


def write(path: Path, columns: str) -> Path:
    with duckdb.connect() as raw:
        raw.execute(f"COPY (SELECT {columns}) TO '{path}' (FORMAT parquet)")
    return path


def written(folder: Path, values: Sequence[str]) -> list[Path]:
    return [write(folder / f"{index}.parquet", f"{value} AS v") for index, value in enumerate(values)]


def values_of(folder: Path, kinds: str, values: Sequence[str]) -> list[Any]:
    return sorted(value for (value,) in read_files(written(folder, values), f"v:{kinds}"))


@pytest.mark.parametrize(
    ("values", "right"),
    [
        (("100::INTEGER", "7.55::DOUBLE", "0.4::DOUBLE"), [0.4, 7.55, 100.0]),
        (("100::BIGINT", "7.5::FLOAT"), [7.5, 100.0]),
        (("100.5::DECIMAL(6, 1)", "7.55::DECIMAL(6, 2)", "3::INTEGER"), [Decimal("3"), Decimal("7.55"), Decimal("100.5")]),
        (("99999999.9::DECIMAL(9, 1)", "0.00001::DECIMAL(6, 5)"), [Decimal("0.00001"), Decimal("99999999.9")]),
        (("1::TINYINT", "300::SMALLINT", "4294967295::UINTEGER"), [1, 300, 4294967295]),
        (("-1::TINYINT", "18446744073709551615::UBIGINT"), [-1, 18446744073709551615]),
        (("12.34::DECIMAL(18, 2)", "0.125::DOUBLE"), [0.125, 12.34]),
        (("9007199254740993::BIGINT", "1::INTEGER"), [1, 9007199254740993]),
        (("NULL::INTEGER", "7.55::DOUBLE", "1::DOUBLE"), None),
    ],
)  # fmt: skip
def test_numbers_of_several_types(values: tuple[str, ...], right: list[Any] | None, tmp_path: Path) -> None:
    for order in permutations(values):
        if right is None:
            found = read_files(written(tmp_path, order), "v:money")
            assert sorted(v for (v,) in found if v is not None) == [1.0, 7.55]
            assert len(found) == len(values)
        else:
            assert values_of(tmp_path, "money", order) == right


def test_times_of_several_precisions_keep_the_finest(tmp_path: Path) -> None:
    """A time in nanoseconds just before midnight stays there: it is cut off, not rounded."""
    values = ("TIMESTAMP_S '2026-01-05 10:00:00'", "TIMESTAMP_NS '2026-03-31 23:59:59.999999999'")
    for order in permutations(values):
        found = values_of(tmp_path, "time", order)
        assert [value.replace(microsecond=0) for value in found] == [
            datetime(2026, 1, 5, 10),
            datetime(2026, 3, 31, 23, 59, 59),
        ]


@pytest.mark.parametrize(
    ("kind", "values", "right"),
    [
        ("key", ("1::INTEGER", "'007'::VARCHAR"), ["007", "1"]),
        ("key", ("1::INTEGER", "9223372036854775807::BIGINT"), [1, 9223372036854775807]),
        ("text", ("NULL::INTEGER", "'a'"), ["a"]),  # what programs write for a column without values
        ("text", ("NULL::DOUBLE", "'a'"), ["a"]),
        ("time", ("NULL::INTEGER", "TIMESTAMP '2026-01-05 10:00:00'"), [datetime(2026, 1, 5, 10)]),
    ],
)
def test_keys_texts_and_columns_without_values(
    kind: str, values: tuple[str, ...], right: list[Any], tmp_path: Path
) -> None:
    for order in permutations(values):
        found = [v for (v,) in read_files(written(tmp_path, order), f"v:{kind}") if v is not None]
        assert sorted(found) == right


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("key", ("9007199254740993::BIGINT", "2.7::DOUBLE")),
        ("money", ("12345678901234567.89::DECIMAL(19, 2)", "0.5::DOUBLE")),
        ("money", ("(2::HUGEINT ** 100)::HUGEINT", "0.1::DECIMAL(38, 37)")),
        ("money", ("7.55::DOUBLE", "'7,55'")),
        ("boolean", ("true", "1::INTEGER")),
        ("time", ("DATE '2026-03-31'", "TIMESTAMP '2026-03-31 22:30:00'")),
        ("time", ("TIMESTAMPTZ '2026-03-31 22:30:00+00'", "TIMESTAMP '2026-03-31 22:30:00'")),
        ("time", ("TIMESTAMP '1500-01-01 00:00:00'", "TIMESTAMP_NS '2026-03-31 23:59:59.999999999'")),
        ("money", ("5::INTEGER", "DATE '2026-03-31'")),
    ],
)
def test_types_that_have_none_in_common_are_refused(kind: str, values: tuple[str, ...], tmp_path: Path) -> None:
    for order in permutations(values):
        with pytest.raises(SourceError) as refused:
            values_of(tmp_path, kind, order)
        assert refused.value.code == "unlike-files"
        assert "the column `v`" in refused.value.message
        assert "`0.parquet`" in refused.value.message
        assert "`1.parquet`" in refused.value.message


def test_columns_that_nobody_reads_may_be_anything(tmp_path: Path) -> None:
    """And those that are read may stand in another order, and in other letters."""
    paths = [
        write(tmp_path / "a.parquet", "1::INTEGER AS v, DATE '2026-03-31' AS other"),
        write(tmp_path / "b.parquet", "true AS other, 2.5::DOUBLE AS V"),
    ]
    assert sorted(read_files(paths, "v:money")) == [(1.0,), (2.5,)]
