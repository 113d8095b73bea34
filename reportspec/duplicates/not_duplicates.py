"""The file of a project that says which pairs are none: `not_duplicates.csv`, with a header and the columns `entity`,
`a`, `b`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from reportspec.duplicates.knowledge import knowledge
from reportspec.errors import ReportspecError
from reportspec.source.regular import Unfit, read_regular

NAME = "not_duplicates.csv"
_LARGEST = 50_000_000  # bytes
_HEADER = ("entity", "a", "b")


class BadList(ReportspecError):
    """The file cannot be read as what it is."""

    code = "bad-not-duplicates"


Apart = frozenset[tuple[tuple[str, str], tuple[str, str]]]  # pairs of (entity, key), the smaller one first


def pairs_apart(root: Path, entity: str) -> Apart:
    """The pairs that people say are no duplicates, of an entity or (`lead+contact`) of a lead `a` and a contact `b`;
    none where there is no such file. Raises BadList."""
    path = root / NAME
    if not path.exists():
        return frozenset()
    try:
        if path.stat().st_size > _LARGEST:
            raise BadList(f"{path}: it is larger than {_LARGEST // 1_000_000} MB")
        text = read_regular(path, _LARGEST).decode("utf-8-sig")
    except Unfit as error:
        raise BadList(f"{path}: it {error.reason}") from None
    except OSError as error:
        raise BadList(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise BadList(f"{path}: it is not written in UTF-8", "save it as `CSV UTF-8`") from None
    return frozenset(_rows(path, text, entity))


def _rows(path: Path, text: str, entity: str) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    first, second = entity.split("+") if "+" in entity else (entity, entity)
    choices = knowledge().choices
    rows = csv.reader(io.StringIO(text), strict=True)
    pairs = []
    try:
        header = tuple(cell.strip().lower() for cell in next(rows, []))
        if header[:3] != _HEADER:
            raise BadList(
                f"{path}:1: the columns are `{','.join(header)[:60]}`", f"begin it with the line `{','.join(_HEADER)}`"
            )
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) < 3 or not all(cell.strip() for cell in row[:3]):
                raise BadList(
                    f"{path}:{rows.line_num}: a line has an entity and two keys", "for example `contact,C-17,C-204`"
                )
            said, a, b = (cell.strip() for cell in row[:3])
            if said not in choices:
                raise BadList(
                    f"{path}:{rows.line_num}: there is no `{said[:60]}`", f"it is one of {', '.join(choices)}"
                )
            if a == b and "+" not in said:
                raise BadList(
                    f"{path}:{rows.line_num}: `{a[:60]}` is held apart from itself", "name two records, or take it out"
                )
            if said == entity:
                ends = sorted([(first, a), (second, b)])
                pairs.append((ends[0], ends[1]))
    except csv.Error as error:
        raise BadList(f"{path}:{rows.line_num}: it is no CSV: {error}") from None
    return pairs
