"""Files are looked at with one engine, however many tables there are; and what ends it ends no other look."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from reportspec.model.settings import FileSpec
from reportspec.run.files import describing, look_engine
from reportspec.run.files.loading import file_types
from reportspec.run.files.look_engine import one_engine


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders of the engines that are started."""
    made: list[str] = []
    start = inspect.unwrap(look_engine.started)

    def counted(until: look_engine.ExitStack) -> tuple[duckdb.DuckDBPyConnection, str]:
        found = start(until)
        made.append(found[1])
        return found

    monkeypatch.setattr(look_engine, "started", counted)
    return made


def types(folder: Path, name: str, value: str) -> dict[str, str]:
    path = folder / f"{name}.csv"
    path.write_text(f"k,v\n1,{value}\n", encoding="utf-8")
    return file_types(name, FileSpec(paths=(str(path),)), ())


def test_several_tables_take_one(tmp_path: Path, started: list[str]) -> None:
    with one_engine():
        assert not started
        assert [types(tmp_path, name, value)["v"] for name, value in (("a", "x"), ("b", "2"), ("c", "2026-03-04"))] == [
            "VARCHAR",
            "BIGINT",
            "DATE",
        ]
        assert len(started) == 1
        assert Path(started[0]).is_dir()
    assert not Path(started[0]).exists()
    assert types(tmp_path, "d", "x")["v"] == "VARCHAR"
    assert len(started) == 2


@pytest.mark.parametrize("error", [duckdb.InternalException, duckdb.FatalException])
def test_one_that_is_broken_is_asked_no_more(
    error: type[duckdb.Error], tmp_path: Path, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with one_engine():
        with _failing(error, monkeypatch):
            assert types(tmp_path, "a", "x") == {}
        assert types(tmp_path, "b", "x")["v"] == "VARCHAR"
    assert len(started) == 2
    assert not any(Path(folder).exists() for folder in started)


@contextmanager
def _failing(error: type[duckdb.Error], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def found(_: object) -> None:
        raise error("injected")

    with monkeypatch.context() as patched:
        patched.setattr(describing._Look, "found", found)
        yield
