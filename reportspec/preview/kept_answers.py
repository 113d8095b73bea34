"""What statements gave, kept until the source changes: a report whose title was changed asks nothing.

A report's source is put behind `KeptAnswers.over`, whose sessions look here first and are opened only for what is not
known. An answer is known again by the text of its statement, those of the temporary tables that it reads, and how
the session reads values. All answers of a build are of one state of the data: of files the stamp says which one that
is; where only asking would tell, all is asked again as soon as anything is missing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from reportspec.errors import SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.model.spec import Report
from reportspec.preview.source_stamp import identity, stamp_of
from reportspec.run.connection import Connection, Loose, Wanted
from reportspec.sql.dialects.rewrite import Dialect
from reportspec.sql.materialize import Temporary

T = TypeVar("T")
MOST_CELLS = 5_000_000  # of all answers that are kept
_HELD_OPEN = ("demo", "files")  # sources that are loaded into this process: nobody else waits for them


class AskAnew(Exception):
    """An answer is missing beside others that are of an earlier state of the data."""


@dataclass(slots=True)
class _Open:
    """A session that is held open, with the temporary tables that it has, by their SELECTs."""

    session: Connection
    tables: dict[str, str]
    alone: threading.RLock  # held while tables are made, by whoever shares them


class KeptAnswers:
    """The answers of one source in one state."""

    def __init__(self) -> None:
        self._state: Hashable = None
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()
        self._cells = 0
        self._open: dict[Hashable, _Open] = {}
        self._given_up: list[_Open] = []
        self._lock = threading.RLock()
        self._filling = True
        self.stamped = False
        self.asked = 0  # statements that were run
        self.since = datetime.now(UTC)  # when this state was met

    @contextmanager
    def building(self, report: Report) -> Iterator[Report]:
        """The report with its source behind these answers, for one build at a time. Raises AskAnew where they are of an
        earlier state than what is missing: then they are forgotten, and the same works when it is tried again."""
        source = report.project.source
        stamp = stamp_of(source)
        state = (identity(source), stamp)
        if state != self._state:
            self.forget()
            self._state = state
        self.stamped = stamp is not None
        self._filling = self.stamped or not self._answers
        try:
            yield replace(report, project=replace(report.project, source=self.over(source)))
        except AskAnew:
            self.forget()
            raise
        finally:
            for one in self._given_up:
                with suppress(Exception):
                    one.session.close()
            self._given_up.clear()
        if self.stamped and stamp_of(source) != stamp:
            self.forget()  # it was written to meanwhile, and is read again

    def outdated(self, source: SourceSpec) -> bool:
        """Whether the answers are of another source, or of a state that it is in no more; then they are forgotten."""
        if self._state is None or self._state == (identity(source), stamp_of(source)):
            return False
        self.forget()
        return True

    def over(self, source: SourceSpec) -> SourceSpec:
        """The source, whose sessions look here first."""
        database = source.database
        if database is None:
            return source
        opened = database.open
        held = source.kind in _HELD_OPEN

        def open_kept(asked: SourceSpec, wanted: Wanted) -> Connection:
            real = replace(asked, database=database)
            return _KeptSession(
                self, (held, wanted), lambda: self._opened(held, wanted, lambda: opened(real, wanted)), stays=held
            )

        return replace(source, database=replace(database, open=open_kept))

    def forget(self) -> None:
        """Forget all answers, and close what is open."""
        with self._lock:
            self.close_sessions()
            self._answers.clear()
            self._cells, self._state = 0, None
            self.since = datetime.now(UTC)

    def close(self) -> None:
        """End what runs, and close what is open."""
        for one in list(self._open.values()):
            with suppress(Exception):
                one.session.cancel()
        self.close_sessions()

    def known(self, key: Hashable, find: Callable[[], T], cells: Callable[[T], int] = lambda found: 1) -> T:
        """What is kept under a key, else what is found, which is kept from then on. Raises AskAnew."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                kept: T = self._answers[key][0]
                return kept
            if not self._filling:
                raise AskAnew
        found = find()
        size = cells(found)
        with self._lock:
            if key not in self._answers and size <= MOST_CELLS // 4:
                self._answers[key] = (found, size)
                self._cells += size
                while self._cells > MOST_CELLS:
                    _, (_, gone) = self._answers.popitem(last=False)
                    self._cells -= gone
        return found

    def count(self) -> None:
        """Note that a statement was run."""
        with self._lock:
            self.asked += 1

    def _opened(self, held: bool, wanted: Wanted, open_session: Callable[[], Connection]) -> _Open:
        """A session, with the tables that it has; those that are held open are opened once."""
        if not held:
            return _Open(open_session(), {}, threading.RLock())
        key = replace(wanted, snapshot=None)
        with self._lock:
            if key not in self._open:
                self.close_sessions()  # one at a time: each has all the data
                self._open[key] = _Open(open_session(), {}, threading.RLock())
            return self._open[key]

    def give_up(self) -> None:
        """Have other sessions from now on: one in which a statement failed may take no more. Those that there are may
        still be asked by others, and are closed when all is over."""
        with self._lock:
            self._given_up += self._open.values()
            self._open.clear()

    def close_sessions(self) -> None:
        """Close what is open; it is opened again when it is needed."""
        with self._lock:
            for one in self._open.values():
                with suppress(Exception):
                    one.session.close()
            self._open.clear()


class _KeptSession:
    """A session that opens a real one for what is not known yet."""

    def __init__(
        self,
        answers: KeptAnswers,
        how: tuple[bool, Wanted],
        open_real: Callable[[], _Open],
        tables: dict[str, tuple[str, Sequence[Sequence[str]]]] | None = None,
        stays: bool = False,
    ) -> None:
        """`stays` says that the real session is not closed with this one."""
        self._answers, self._open_real, self._stays = answers, open_real, stays
        self._held, self._wanted = how
        self._tables = tables if tables is not None else {}  # temporary tables, shared with the sessions beside
        self._real: _Open | None = None
        self._lock = threading.RLock()

    # What is asked of the real session, once.

    @property
    def dialect(self) -> Dialect:
        """The SQL of the database that answers."""
        return self._fact("dialect", lambda real: real.dialect)

    def temporary(self) -> Temporary | None:
        """Where temporary tables may be."""
        return self._fact("temporary", lambda real: real.temporary())

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of each table and view, with their types."""
        return self._fact("columns", lambda real: real.columns())

    def loose(self) -> Loose:
        """The columns that may hold different texts for equal."""
        return self._fact("loose", lambda real: real.loose())

    def guarded(self) -> Sequence[str]:
        """The tables of which a part alone may be seen."""
        return self._fact("guarded", lambda real: getattr(real, "guarded", tuple)())

    def forbidden(self) -> Mapping[str, frozenset[str]]:
        """The columns that may not be read."""
        return self._fact("forbidden", lambda real: getattr(real, "forbidden", dict)())

    def _fact(self, name: str, find: Callable[[Connection], T]) -> T:
        return self._answers.known((name, self._reading(), self._wanted.tables), lambda: find(self._session()))

    # Statements.

    def run(self, sql: str) -> Table:
        """The rows of a SELECT. Raises SourceError and AskAnew."""

        def asked() -> Table:
            self._answers.count()
            try:
                return self._session(tables=True).run(sql)
            except SourceError:
                if self._held:
                    self._answers.give_up()  # another try has another one
                raise

        key = (sql, self._reading(), self._tables_of(sql))
        return self._answers.known(key, asked, lambda table: len(table.rows) * max(len(table.columns), 1) + 1)

    def keep(self, name: str, sql: str, keys: Sequence[Sequence[str]]) -> None:
        """Have the rows of a SELECT as a temporary table, as soon as a statement is run that is not known. Raises
        SourceError."""

        def made() -> bool:
            self._session().keep(name, sql, keys)
            assert self._real is not None
            self._real.tables[name] = sql
            return True

        if self._held or self._answers.known(("keep", name, sql, self._reading()), made):
            self._tables[name] = (sql, keys)

    def _tables_of(self, sql: str) -> tuple[tuple[str, str], ...]:
        """The temporary tables that a statement may read, with those that these are made from."""
        found: dict[str, str] = {}
        texts = [sql]
        while texts:
            text = texts.pop()
            for name, (own, _) in self._tables.items():
                if name not in found and name in text:
                    found[name] = own
                    texts.append(own)
        return tuple(sorted(found.items()))

    def _reading(self) -> Hashable:
        """How the session reads values."""
        wanted = self._wanted
        return wanted.zone, wanted.text_columns, wanted.reads, wanted.whole

    def _session(self, tables: bool = False) -> Connection:
        with self._lock:
            if self._real is None:
                self._real = self._open_real()
            if tables:
                self._with_tables(self._real)
            return self._real.session

    def _with_tables(self, real: _Open) -> None:
        """Have the temporary tables there that were asked for."""
        with real.alone:
            for name, (sql, keys) in self._tables.items():
                if real.tables.get(name) == sql:
                    continue
                if name in real.tables:
                    real.session.forget(name)  # type: ignore[attr-defined]
                real.session.keep(name, sql, keys)
                real.tables[name] = sql

    # The session itself.

    def beside(self) -> _KeptSession | None:
        """Another session over the same state, where one was opened: what is known needs none."""
        with self._lock:
            if self._real is None:
                return None
            other = self._real.session.beside()
        if other is None:
            return None
        opened = _Open(other, self._real.tables, self._real.alone)
        beside = _KeptSession(self._answers, (self._held, self._wanted), lambda: opened, self._tables)
        beside._real = opened
        return beside

    def cancel(self) -> None:
        """End the statement that is running."""
        if self._real is not None:
            self._real.session.cancel()

    def close(self) -> None:
        """Give the session back that was opened, unless it stays."""
        if self._real is not None and not self._stays:
            self._real.session.close()
        self._real = None
