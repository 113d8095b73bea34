"""Columns whose names differ in nothing but the case of letters: the engine would take the first for both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportspec.errors import SourceError
from reportspec.model.mapped import ColumnRead
from reportspec.model.settings import FileSpec
from reportspec.run.connection import Wanted
from reportspec.run.files.loading import description

ROWS = [{"id": 1, "Amount": 100, "within": {"x": 1, "amount": 2}}, {"id": 2, "amount": 200}]


def written(folder: Path, kind: str, rows: list[dict[str, object]]) -> FileSpec:
    path = folder / f"d.{kind}"
    if kind == "json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        names = dict.fromkeys(name for row in rows for name in row)
        pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
    return FileSpec(paths=(str(path),))


def names_of(spec: FileSpec, *columns: str) -> tuple[str, ...]:
    return description("d", spec, Wanted(reads=tuple(ColumnRead("d", name) for name in columns))).names


@pytest.mark.parametrize("kind", ["json", "jsonl", "parquet"])
def test_one_that_is_read_is_refused(kind: str, tmp_path: Path) -> None:
    spec = written(tmp_path, kind, list(ROWS))
    with pytest.raises(SourceError, match=r"several columns are called `amount`.*`Amount`, `amount`") as told:
        names_of(spec, "id", "amount")
    assert told.value.code == "repeated-column"
    assert "id" in names_of(spec, "id")


@pytest.mark.parametrize("kind", ["json", "jsonl", "parquet"])
def test_names_that_only_look_alike_stay(kind: str, tmp_path: Path) -> None:
    spec = written(tmp_path, kind, [{"id": 1, "amount": 100, "amount_1": 7, "within": {"Amount": 3}}])
    assert {*names_of(spec, "id", "amount")} >= {"amount", "amount_1"}
