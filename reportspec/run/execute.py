"""A report's statements, run side by side over one state of the data."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from queue import SimpleQueue

from sqlglot import exp

from reportspec.check.model import SourceSpec
from reportspec.run.connect import connect
from reportspec.run.connection import Connection, SourceError, Table, Wanted
from reportspec.run.values import canonical
from reportspec.sql.build import OUTPUTS, TWINS
from reportspec.sql.dialect import sql_text
from reportspec.sql.dialects.rewrite import Unsupported

ATTEMPTS = 3  # of all statements, when the connection is lost
_FIRST_WAIT = 0.5  # seconds before the second attempt; four times as long before each next one
_PER_SESSION = 3  # statements for which another session is worth its opening
_PATIENCE = 1.0  # seconds that sessions beside the first may take to open: a pool may have no more
_ENDING = 3.0  # seconds for a database to take the word that a statement is to be ended


@dataclass(frozen=True, slots=True)
class Result:
    """A statement that was run: its text, its rows, how long they took, and which tree it was."""

    sql: str
    table: Table
    seconds: float
    tree: exp.Expr


def run_statements(
    source: SourceSpec, wanted: Wanted, trees: Iterable[exp.Expr], parallel: int
) -> list[Result]:
    """Run statements, at most `parallel` at a time. When the connection is lost, all of them are
    run again, so that the figures of a report belong together. Raises SourceError."""
    asked = list(trees)
    for attempt in range(ATTEMPTS):
        try:
            return _run_all(source, wanted, asked, parallel)
        except Unsupported as error:
            raise SourceError("unsupported-sql", str(error)) from None
        except SourceError as error:
            if not error.lost or attempt == ATTEMPTS - 1:
                raise
            time.sleep(_FIRST_WAIT * 4**attempt * random.uniform(0.8, 1.2))
    raise AssertionError("unreachable")


def _run_all(
    source: SourceSpec, wanted: Wanted, trees: list[exp.Expr], parallel: int
) -> list[Result]:
    sessions = [connect(source, wanted)]
    try:
        if not trees:
            return []
        _refuse_days(sessions[0], wanted)
        _open_beside(sessions, min(parallel, -(-len(trees) // _PER_SESSION)))
        return _side_by_side(sessions, wanted, trees)
    except BaseException:
        _cancel(sessions)
        raise
    finally:
        with ExitStack() as stack:  # all of them, whatever goes wrong with one
            for session in sessions:
                stack.callback(session.close)


def _open_beside(sessions: list[Connection], wanted: int) -> None:
    """Add sessions until there are as many as wanted, or those that come in time: a pooler of few
    connections lets the next one wait until the first has ended."""
    lock, given_up = threading.Lock(), False
    failed: list[Exception] = []

    def opening() -> None:
        while len(sessions) < wanted:
            try:
                other = sessions[0].beside()
            except SourceError:
                return  # the report is made with those that there are
            except Exception as error:
                failed.append(error)
                return
            if other is None:
                return
            with lock:
                if not given_up:
                    sessions.append(other)
                    continue
            with suppress(Exception):
                other.close()
            return

    if len(sessions) >= wanted:
        return
    opener = threading.Thread(target=opening, name="sessions", daemon=True)
    opener.start()
    try:
        opener.join(_PATIENCE)
    finally:  # whatever ends the waiting: what opens later is closed
        with lock:
            given_up = True
    if failed:
        raise failed[0]


def _cancel(sessions: list[Connection]) -> None:
    """End what runs, in all sessions at once; whatever goes wrong in one, the others are ended."""
    enders = [threading.Thread(target=_cancel_one, args=[s], daemon=True) for s in sessions]
    for ender in enders:
        ender.start()
    for ender in enders:
        ender.join(_ENDING)


def _cancel_one(session: Connection) -> None:
    with suppress(Exception):
        session.cancel()


_DATES = (
    "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, TABLE_SCHEMA = DATABASE()"
    " FROM information_schema.COLUMNS WHERE DATA_TYPE = 'date'"
)


def _refuse_days(session: Connection, wanted: Wanted) -> None:
    """Raise SourceError if a column that is read as a time keeps days: midnight of one zone is no
    midnight of another, and days are not all of 24 hours."""
    if not wanted.times or session.dialect not in ("postgres", "clickhouse", "mysql", "mariadb"):
        return
    types: dict[str, dict[str, str]] = {}
    if session.dialect in ("mysql", "mariadb"):
        for schema, table, column, kind, own in session.run(_DATES).rows:
            for name in (f"{schema}.{table}", table if own else f"{schema}.{table}"):
                types.setdefault(str(name), {})[str(column)] = str(kind)
    else:
        types = session.columns()
    for table, column, field in wanted.times:
        kind = types.get(table, {}).get(column, "").upper()
        if kind in ("DATE", "DATE32", "NULLABLE(DATE)", "NULLABLE(DATE32)"):
            raise SourceError(
                "days-as-times", f"`{table}.{column}` keeps days, and the mapping reads `{field}` from it as a time",
                f"say in the mapping: `{field.partition('.')[2]}: {{sql: {column}, type: date}}`",
            )  # fmt: skip


def _side_by_side(
    sessions: list[Connection], wanted: Wanted, trees: list[exp.Expr]
) -> list[Result]:
    """Each statement on the next free session, while the texts of later ones are still written."""
    dialect, loose = sessions[0].dialect, sessions[0].loose()
    if len(sessions) == 1:
        return [_run(sessions[0], wanted, t, sql_text(t, dialect, loose=loose)) for t in trees]
    free: SimpleQueue[Connection] = SimpleQueue()
    for session in sessions:
        free.put(session)

    def run(tree: exp.Expr, sql: str) -> Result:
        session = free.get()
        try:
            return _run(session, wanted, tree, sql)
        finally:
            free.put(session)

    with ThreadPoolExecutor(len(sessions), thread_name_prefix="query") as pool:
        waiting: list[Future[Result]] = []
        try:
            for tree in trees:
                waiting.append(pool.submit(run, tree, sql_text(tree, dialect, loose=loose)))
            return [future.result() for future in waiting]
        except BaseException:
            for future in waiting:
                future.cancel()
            _cancel(sessions)
            raise


def _run(session: Connection, wanted: Wanted, tree: exp.Expr, sql: str) -> Result:
    since = time.perf_counter()
    table = session.run(sql)
    seconds = time.perf_counter() - since
    table = canonical(table, tree.meta.get(OUTPUTS, {}), wanted.zone)
    return Result(sql, with_twins(table, tree), seconds, tree)


def with_twins(table: Table, tree: exp.Expr) -> Table:
    """The rows of a statement with the columns that have another's values."""
    twins = tree.meta.get(TWINS)
    if not twins:
        return table
    places = [table.columns.index(same) for same in twins.values()]
    return Table(
        (*table.columns, *twins),
        tuple((*row, *(row[place] for place in places)) for row in table.rows),
    )
