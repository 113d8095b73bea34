"""The engine that files are looked at with, shared between the tables of a report."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from reportspec.files import remove_folder, temporary_folder
from reportspec.run.files.text_file import string

if TYPE_CHECKING:
    import duckdb


def started(until: ExitStack) -> tuple[duckdb.DuckDBPyConnection, str]:
    """An engine to look at files with, and its folder."""
    import duckdb

    folder = temporary_folder("files")
    until.callback(remove_folder, folder)
    raw = until.enter_context(duckdb.connect(":memory:"))
    raw.execute(f"SET temp_directory = {string(folder)}")
    return raw, folder


class _Shared(threading.local):
    """The engine that this thread looks at several tables with: to start one takes longer than most looks."""

    until: ExitStack | None = None
    there: tuple[duckdb.DuckDBPyConnection, str] | None = None

    def engine(self) -> tuple[duckdb.DuckDBPyConnection, str] | None:
        if self.there is None and self.until is not None:
            self.there = started(self.until)
        return self.there

    def broken(self) -> None:
        """It answers nobody any more."""
        self.until = self.there = None


_SHARED = _Shared()


def engine_for(until: ExitStack) -> tuple[duckdb.DuckDBPyConnection, str]:
    """The engine of `one_engine`, or where none is shared one of its own, which ends with `until`; and its folder."""
    return _SHARED.engine() or started(until)


def broken() -> None:
    """The shared engine answers nobody any more."""
    _SHARED.broken()


@contextmanager
def one_engine() -> Iterator[None]:
    """Look at all tables with one engine, which is started when the first is not remembered."""
    with ExitStack() as until:
        _SHARED.until = until
        try:
            yield
        finally:
            broken()
