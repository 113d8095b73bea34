"""Parquet files of one table whose columns have not the same types everywhere, as programs write them that take
a month without cents for whole numbers. The engine would cast all of them to the types of the first file, and round;
here each column gets the type that holds the values of all its files exactly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reportspec.errors import SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.run.files.text_file import quoted, string

_SIGNED = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64, "HUGEINT": 128}
_UNSIGNED = {"U" + name: bits for name, bits in _SIGNED.items()}
_DIGITS = {8: 3, 16: 5, 32: 10, 64: 20, 128: 38}  # of whole numbers of so many bits
_DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")
_MOST_DIGITS = 38
_BINARY = ("FLOAT", "DOUBLE")
_FINENESS = ("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS")
_TEXTS = re.compile(r"VARCHAR|UUID|ENUM\(.*\)")


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file and the types of its columns."""

    path: str
    types: Mapping[str, str]

    def of(self, name: str) -> str:
        """The type of a column, whose name may be written in other letters here."""
        return next(kind for column, kind in self.types.items() if column.lower() == name.lower())


def united(
    raw: Any, table: str, files: Sequence[ParquetFile], expected: frozenset[str]
) -> tuple[str, Mapping[str, str]]:
    """What stands behind FROM for all files together, and its columns. Columns that are not `expected` (if any is)
    may be anything, and become texts where they have no type in common. Raises SourceError."""
    needed = {name.lower() for name in expected}
    names = list(files[0].types)
    types = {name: _united_type(raw, table, files, name, not needed or name.lower() in needed) for name in names}
    groups: dict[tuple[str, ...], list[str]] = {}
    for file in files:
        groups.setdefault(tuple(file.of(name) for name in names), []).append(file.path)
    parts = []
    for types_of_group, paths in groups.items():
        cells = [
            quoted(name) if kind == types[name] else f"CAST({quoted(name)} AS {types[name]}) AS {quoted(name)}"
            for name, kind in zip(names, types_of_group, strict=True)
        ]
        parts.append(f"SELECT {', '.join(cells)} FROM {_read(paths)}")
    return (_read(groups.popitem()[1]) if len(groups) == 1 else f"({' UNION ALL '.join(parts)})"), types


def common_type(kinds: Sequence[str]) -> str | None:
    """The type that may hold the values of several exactly, or None if there is none. Of numbers it depends on the
    values: binary ones beside decimal or very large ones."""
    rest = set(kinds)
    if len(rest) == 1:
        return kinds[0]
    if rest <= {*_SIGNED, *_UNSIGNED}:
        return _whole(rest)
    decimals = {kind for kind in rest if _DECIMAL.fullmatch(kind)}
    if rest <= {*_SIGNED, *_UNSIGNED, *_BINARY} | decimals:
        return "DOUBLE" if rest & {*_BINARY} else _decimal(rest)
    if rest <= {*_FINENESS}:
        return max(rest, key=_FINENESS.index)
    texts = {kind for kind in rest if _TEXTS.fullmatch(kind)}
    return "VARCHAR" if texts and rest - texts <= {*_SIGNED, *_UNSIGNED} else None


def _whole(kinds: set[str]) -> str | None:
    """The whole numbers that hold all: unsigned ones need a bit more among signed ones."""
    if kinds <= {*_UNSIGNED}:
        return max(kinds, key=_UNSIGNED.__getitem__)
    bits = max(_SIGNED.get(kind) or 2 * _UNSIGNED[kind] for kind in kinds)
    return next((name for name, signed_bits in _SIGNED.items() if signed_bits == bits), None)


def _decimal(kinds: set[str]) -> str:
    before, behind = 0, 0
    for kind in kinds:
        match = _DECIMAL.fullmatch(kind)
        bits = _SIGNED.get(kind) or _UNSIGNED.get(kind, 0)
        digits, places = map(int, match.groups()) if match else (_DIGITS[bits], 0)
        before, behind = max(before, digits - places), max(behind, places)
    return f"DECIMAL({min(_MOST_DIGITS, before + behind)}, {behind})"


def _united_type(raw: Any, table: str, files: Sequence[ParquetFile], name: str, needed: bool) -> str:
    by_type: dict[str, list[str]] = {}
    for file in files:
        by_type.setdefault(file.of(name), []).append(file.path)
    if len(by_type) == 1:
        return next(iter(by_type))
    quoted_name = quoted(name)
    # A file without any value has a type all the same, which says nothing.
    filled = {kind: paths for kind, paths in by_type.items() if _first(raw, f"count({quoted_name})", paths)}
    kinds = list(filled or by_type)
    common = common_type(kinds)
    lost = [
        kind
        for kind in kinds
        if common and kind != common and _changed(raw, quoted_name, kind, common, filled.get(kind))
    ]
    if common and not lost:
        return common
    if not needed:
        return "VARCHAR"
    raise _unlike(table, name, filled or by_type, lost)


def _changed(raw: Any, own: str, kind: str, to: str, paths: list[str] | None) -> bool:
    """Whether values of a type are others in the type that they are to have."""
    back = f"TRY_CAST(TRY_CAST({own} AS {to}) AS {kind})"
    return bool(paths and _first(raw, f"count_if({back} IS DISTINCT FROM {own})", paths))


def _first(raw: Any, asked: str, paths: list[str]) -> int:
    [(value,)] = raw.execute(f"SELECT {asked} FROM {_read(paths)}").fetchall()
    return int(value or 0)


def _read(paths: Sequence[str]) -> str:
    return f"read_parquet([{', '.join(map(string, paths))}])"


def _unlike(table: str, name: str, by_type: Mapping[str, list[str]], lost: Sequence[str]) -> SourceError:
    kinds_told = " and ".join(f"{kind} in `{Path(paths[0]).name}`" for kind, paths in list(by_type.items())[:4])
    why = "which no type holds exactly together" if lost else "which have nothing in common"
    return SourceError(
        "unlike-files",
        f"the files of `{table}` have different types for the column `{name}`: {kinds_told}, {why}",
        "write the column with one type in all of them",
        table=table,
    )
