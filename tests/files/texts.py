"""Files made in a folder, and the table that they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reportspec.databases import source_of
from reportspec.databases.duckdb import open_embedded
from reportspec.errors import SourceError
from reportspec.model.mapped import ColumnRead
from reportspec.model.settings import FileSpec
from reportspec.run.connection import Wanted

KINDS = {
    "key": "VARCHAR",
    "text": "VARCHAR",
    "money": "DECIMAL(18, 4)",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "time": "TIMESTAMP",
    "date": "DATE",
    "boolean": "BOOLEAN",
    "any": "",
}
Rows = list[tuple[Any, ...]]


def read(
    folder: Path, files: str | bytes | Mapping[str, bytes], fields: str = "", texts: bool = False, **said: Any
) -> Rows:
    """The rows of a table. `fields` are its columns as the mapping reads them: `id:key amount:money`."""
    if not isinstance(files, Mapping):
        files = {"t.csv": files.encode() if isinstance(files, str) else files}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return read_files([folder / name for name in files], fields, texts, **said)


def read_files(paths: Sequence[Path], fields: str = "", texts: bool = False, **said: Any) -> Rows:
    """The same, of files that are there."""
    reads = []
    for part in fields.split():
        name, _, kind = part.partition(":")
        reads.append(ColumnRead("t", name, KINDS[kind or "any"], "", "TRUE" if kind == "key" else ""))
    source = source_of("files", "t", files={"t": FileSpec(tuple(map(str, paths)), **said)})
    session = open_embedded(source, Wanted(frozenset({"t"}), texts, reads=tuple(reads)))
    try:
        names = ", ".join(f'"{read.column}"' for read in reads) or "*"
        return list(session.run(f"SELECT {names} FROM t").rows)
    finally:
        session.close()


def refusal(folder: Path, *given: Any, **said: Any) -> SourceError:
    """What is said of files that are refused."""
    try:
        rows = read(folder, *given, **said)
    except SourceError as error:
        return error
    raise AssertionError(f"nothing is refused: {rows}")
