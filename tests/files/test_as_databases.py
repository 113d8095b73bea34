"""What files hold in another type than the field's gives the figures that a database gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.engines import test_instants
from tests.engines.servers import Given
from tests.engines.shapes import Kept, Shape, landed, written
from tests.engines.test_shapes import SAID, as_text, at_utc, counted, deals, lead_map, leads

FORMS = ("csv", "json", "parquet")


@contextmanager
def filed(form: str, table: Given, shape: Shape, folder: Path) -> Iterator[dict[str, Any]]:
    """The source of a project over a file that has a table in a shape."""
    file = folder / f"{table.name}.{form}"
    with (
        landed("duckdb", [table], shape, folder / "db") as found,
        duckdb.connect(found.url.removeprefix("duckdb:///")) as raw,
    ):
        raw.execute(f"COPY {table.name} TO '{file}'")
    yield {"files": {table.name: file.name}}


def project(folder: Path, source: dict[str, Any], gone: str) -> Path:
    mapping = {"timezone": "UTC", "entities": lead_map("", gone)}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    settings = {"version": 1, "source": source, "mapping": "m.yaml", "timezone": "UTC"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("gone", ["gone", "coalesce(gone, 'no')", "cast(gone as boolean)"])
def test_words_of_yes_and_no(form: str, gone: str, tmp_path: Path) -> None:
    given = [*SAID["yes"], *SAID["no"], None, "", "  "]
    with filed(form, leads(given)[0], as_text(), tmp_path) as source:
        assert counted(project(tmp_path, source, gone)) == len(SAID["no"]) + 3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["BIGINT", "DOUBLE", "BOOLEAN"])
@pytest.mark.parametrize("gone", ["gone", "cast(gone as boolean)"])
def test_numbers_of_yes_and_no(form: str, kind: str, gone: str, tmp_path: Path) -> None:
    def shape(_: str, name: str, __: str) -> Kept | None:
        return Kept(kind, lambda v, n: v) if name == "gone" else None

    given: list[Any] = [1, 0, 1, 0, 0, None]
    given = [bool(v) if v is not None else None for v in given] if kind == "BOOLEAN" else given
    with filed(form, leads(given)[0], shape, tmp_path) as source:
        assert counted(project(tmp_path, source, gone)) == 4


def as_they_are(text: str) -> str:
    return text


def in_casts(text: str) -> str:
    text = text.replace("created_at: created", "created_at: cast(created as timestamp)")
    return text.replace("closed_at: closed", "closed_at: coalesce(closed, closed)")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("offset", range(6))
@pytest.mark.parametrize("mapped", [as_they_are, in_casts])
def test_texts_of_times(
    form: str, offset: int, mapped: Callable[[str], str], tmp_path: Path
) -> None:
    """Six ways to write an instant, in one column, each for another row."""

    def shape(_: str, __: str, kind: str) -> Kept | None:
        return Kept("VARCHAR", lambda v, n: written(v, n + offset)) if kind == "TIMESTAMP" else None

    with filed(form, deals(at_utc()), shape, tmp_path) as source:
        folder = test_instants.project(tmp_path, source, "deals", source_timezone="UTC")
        text = (folder / "m.yaml").read_text(encoding="utf-8")
        (folder / "m.yaml").write_text(mapped(text), encoding="utf-8")
        test_instants.holds(folder)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["VARCHAR", "DATE"])
def test_days(form: str, kind: str, tmp_path: Path) -> None:
    """Also those that JSON can keep as texts alone."""
    columns = (("k", "VARCHAR"), ("created", kind), ("closed", kind), ("state", "VARCHAR"))
    given = Given("d", columns, [(*row, "won") for row in test_instants.DAYS])
    with filed(form, given, lambda *_: None, tmp_path) as source:
        own = {"timezone": "America/Chicago", "source_timezone": "UTC"}
        test_instants.keep_days(test_instants.project(tmp_path, source, "d", **own))
