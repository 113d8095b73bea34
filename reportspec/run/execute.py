"""A report's statements, run side by side over one state of the data."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from queue import SimpleQueue
from typing import TypeVar

from sqlglot import exp

from reportspec import stopping
from reportspec.errors import SourceError
from reportspec.expression.trees import OUTPUTS, TWINS
from reportspec.lazy_dataclass import dataclass
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run.canonical import canonical, refuse_endless
from reportspec.run.connect import connect
from reportspec.run.connection import Connection, Wanted
from reportspec.sql.dialect import sql_text
from reportspec.sql.dialects.rewrite import Dialect, Unsupported
from reportspec.sql.materialize import Script, Temporary, TemporaryTable, over_rows

T = TypeVar("T")

ATTEMPTS = 3  # of all statements, when the connection is lost
_FIRST_WAIT = 0.5  # seconds before the second attempt; four times as long before each next one
_PER_SESSION = 3  # statements for which another session is worth its opening
_PATIENCE = 1.0  # seconds that sessions beside the first may take to open: a pool may have no more
_ENDING = 3.0  # seconds for a database to take the word that a statement is to be ended


@dataclass(frozen=True, slots=True)
class Result:
    """A statement that was run: its text, its rows, how long they took, and which tree it was; and all trees that were
    `asked` for it, with the tables that were made for it and those after it."""

    sql: str
    table: Table
    seconds: float
    tree: exp.Expr
    asked: tuple[exp.Expr, ...] = ()


Sharing = Callable[[Sequence[exp.Expr], Temporary], Script | None]
Before = Callable[[Temporary], Sequence[TemporaryTable]]
AskTogether = Callable[[Sequence[exp.Expr], Sharing], Sequence[Table]]
Judge = Callable[[Table, Callable[[exp.Expr], Table], AskTogether, Sequence[str]], Sequence[exp.Expr] | None]


def run_statements(
    source: SourceSpec,
    wanted: Wanted,
    trees: Iterable[exp.Expr],
    parallel: int,
    survey: tuple[exp.Expr, Judge] | None = None,
    sharing: Sharing | None = None,
    before: Before | None = None,
) -> list[Result]:
    """Run statements, at most `parallel` at a time; by `sharing`, what several of them are made from is made once
    where the database lets it. When the connection is lost, all of them are
    run again, so that the figures of a report belong together. A `survey` is run before them, and
    its judge, who may ask more, also several statements that share what they are made from, and may raise, hears what
    it gave, and may say what is asked in place of the statements; `before` are the tables that it is asked over, where
    the database lets it have any. Raises SourceError."""
    statements = list(trees)
    return _tried(lambda: _run_all(source, wanted, statements, parallel, survey, sharing, before))


def column_types(source: SourceSpec, wanted: Wanted) -> Mapping[str, Mapping[str, str]]:
    """The columns of each table of a source, with their types. Raises SourceError."""

    def asked() -> Mapping[str, Mapping[str, str]]:
        session = connect(source, wanted)
        try:
            return session.columns()
        finally:
            session.close()

    return _tried(asked)


def spoken_dialect(source: SourceSpec, wanted: Wanted) -> Dialect:
    """The SQL that a source turns out to speak once it is asked: a MySQL may be a MariaDB. Raises SourceError."""

    def asked() -> Dialect:
        session = connect(source, wanted)
        try:
            return session.dialect
        finally:
            session.close()

    return _tried(asked)


def forbidden_columns(source: SourceSpec, wanted: Wanted) -> Mapping[str, frozenset[str]]:
    """The columns of the tables to be read that are there and that the user may not read, as far as the database
    tells of them. Raises SourceError."""

    def asked() -> Mapping[str, frozenset[str]]:
        session = connect(source, wanted)
        try:
            told: Callable[[], Mapping[str, frozenset[str]]] | None = getattr(session, "forbidden", None)
            return told() if told is not None else {}
        finally:
            session.close()

    return _tried(asked)


def _tried(what: Callable[[], T]) -> T:
    """What is asked of a source, again when the connection is lost. Raises SourceError."""
    for attempt in range(ATTEMPTS):
        try:
            return what()
        except Unsupported as error:
            raise SourceError("unsupported-sql", str(error)) from None
        except SourceError as error:
            stopping.end_if_told()  # a library may have taken the signal for an error of its own
            if not error.lost or attempt == ATTEMPTS - 1:
                raise
            time.sleep(_FIRST_WAIT * 4**attempt * random.uniform(0.8, 1.2))
    raise AssertionError("unreachable")


def _run_all(
    source: SourceSpec,
    wanted: Wanted,
    trees: list[exp.Expr],
    parallel: int,
    survey: tuple[exp.Expr, Judge] | None,
    sharing: Sharing | None,
    before: Before | None,
) -> list[Result]:
    sessions = [connect(source, wanted)]
    try:
        if not trees:
            return []
        place = sessions[0].temporary() if sharing is not None or before is not None else None
        if survey is not None:
            tree, judge = survey
            place = _with_rows(sessions[0], place, before)
            surveyed = ask(sessions[0], wanted, tree, place)
            instead = judge(
                surveyed,
                lambda more: ask(sessions[0], wanted, more, place),
                lambda more, sharing: _ask_together(sessions[0], wanted, more, place, sharing),
                guarded_tables(sessions[0]),
            )
            trees = list(instead) if instead is not None else trees
        script = _with_shared(sessions[0], trees, place, sharing)
        if script is None or script.place.beside:
            _open_beside(sessions, min(parallel, -(-len(trees) // _PER_SESSION)))
        over = trees if script is None else script.trees
        results = _side_by_side(sessions, wanted, trees, over)
        there = place.there if place is not None else ()
        tables = tuple(table.tree for table in (*there, *(script.tables if script is not None else ())))
        return [
            replace(result, asked=(*(tables if at == 0 else ()), tree))
            for at, (result, tree) in enumerate(zip(results, over, strict=True))
        ]
    except BaseException:
        _cancel(sessions)
        raise
    finally:
        with ExitStack() as stack:  # all of them, whatever goes wrong with one
            for session in sessions:
                stack.callback(session.close)


def ask(session: Connection, wanted: Wanted, tree: exp.Expr, place: Temporary | None = None) -> Table:
    """The rows of one statement on an open session, over the rows that are in a `place` already. Raises SourceError."""
    over = over_rows(tree, place) if place is not None else tree
    return _run(session, wanted, tree, sql_text(over, session.dialect, loose=session.loose())).table


def _ask_together(
    session: Connection, wanted: Wanted, trees: Sequence[exp.Expr], place: Temporary | None, sharing: Sharing
) -> list[Table]:
    script = _with_shared(session, list(trees), place, sharing)
    return [ask(session, wanted, tree) for tree in (trees if script is None else script.trees)]


def guarded_tables(session: Connection) -> Sequence[str]:
    """Those of the tables to be read of which the database may show the user a part of the rows alone."""
    guarded: Callable[[], Sequence[str]] | None = getattr(session, "guarded", None)
    return guarded() if guarded is not None else ()


@contextmanager
def asking(source: SourceSpec, wanted: Wanted) -> Iterator[Callable[[exp.Expr], Table]]:
    """A way to ask one statement after another, whatever becomes of the one before: a server's session in
    which one failed may take no more, and another is opened."""
    sessions: list[Connection] = []

    def asked(tree: exp.Expr) -> Table:
        if not sessions:
            sessions.append(connect(source, wanted))
        try:
            return ask(sessions[0], wanted, tree)
        except SourceError:
            if not source.typed_before:
                sessions.pop().close()
            raise
        except Unsupported as error:
            raise SourceError("unsupported-sql", str(error)) from None

    try:
        yield asked
    finally:
        for session in sessions:
            session.close()


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
    enders = []
    for session in sessions:
        ender = threading.Thread(target=_cancel_one, args=[session], daemon=True)
        try:
            ender.start()
        except RuntimeError:  # there is no memory for one more
            _cancel_one(session)
        else:
            enders.append(ender)
    for ender in enders:
        ender.join(_ENDING)


def _cancel_one(session: Connection) -> None:
    with suppress(Exception):
        session.cancel()


def _with_rows(session: Connection, place: Temporary | None, before: Before | None) -> Temporary | None:
    """Where temporary tables are, with those of the source's rows that the survey and all after it are asked over; as
    it was where they cannot be kept: the survey tells of rows that cannot be read."""
    if place is None or before is None:
        return place
    tables = before(place)
    return replace(place, there=tuple(tables)) if _keep(session, tables) else place


def _with_shared(
    session: Connection, trees: list[exp.Expr], place: Temporary | None, sharing: Sharing | None
) -> Script | None:
    """The statements over temporary tables of what several of them are made from; None where each is to stand by
    itself: the database has no such tables, lets this user have none, or cannot keep what it can read."""
    shared = sharing(trees, place) if sharing is not None and place is not None else None
    return shared if shared is not None and _keep(session, shared.tables) else None


def _keep(session: Connection, tables: Sequence[TemporaryTable]) -> bool:
    """Have tables, as far as the database can keep them: whether all are there. Raises SourceError where it was ended
    or lost."""
    try:
        loose = session.loose() if tables else frozenset()
        for table in tables:
            session.keep(table.name, sql_text(table.tree, session.dialect, loose=loose), table.keys)
    except Unsupported:
        return False
    except SourceError as error:
        if error.lost or error.code in ("cancelled", "timeout"):
            raise
        return False
    return True


def _side_by_side(
    sessions: list[Connection], wanted: Wanted, trees: list[exp.Expr], over: Sequence[exp.Expr]
) -> list[Result]:
    """Each statement on the next free session, while the texts of later ones are still written. What is run of a
    statement is what stands `over` temporary tables for it; what is told of it is the statement by itself."""
    dialect, loose = sessions[0].dialect, sessions[0].loose()

    def texts(tree: exp.Expr, asked: exp.Expr) -> tuple[str, str]:
        shown_sql = sql_text(tree, dialect, loose=loose)
        return shown_sql, shown_sql if asked is tree else sql_text(asked, dialect, loose=loose)

    both = list(zip(trees, over, strict=True))
    if len(sessions) == 1:
        return [_run(sessions[0], wanted, tree, *texts(tree, shown_tree)) for tree, shown_tree in both]
    free: SimpleQueue[Connection] = SimpleQueue()
    for session in sessions:
        free.put(session)

    def run(tree: exp.Expr, sql: str, asked: str) -> Result:
        session = free.get()
        try:
            return _run(session, wanted, tree, sql, asked)
        finally:
            free.put(session)

    with ThreadPoolExecutor(len(sessions), thread_name_prefix="query") as pool:
        waiting: list[Future[Result]] = []
        try:
            for tree, shown_tree in both:
                waiting.append(pool.submit(run, tree, *texts(tree, shown_tree)))
            return [future.result() for future in waiting]
        except BaseException:
            for future in waiting:
                future.cancel()
            _cancel(sessions)
            raise


def _run(session: Connection, wanted: Wanted, tree: exp.Expr, sql: str, asked: str = "") -> Result:
    since = time.perf_counter()
    outputs = tree.meta.get(OUTPUTS, {})
    try:
        table = session.run(asked or sql)
        seconds = time.perf_counter() - since
        refuse_endless(table, outputs)
        table = canonical(table, outputs, wanted.zone)
    except SourceError as error:
        error.tree = tree
        raise
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
