"""What every database connection offers, and what it says when something goes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from reportspec import confidential
from reportspec.diagnostics import one_line
from reportspec.errors import SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.lazy_pattern import lazy_pattern
from reportspec.model.mapped import ColumnRead, Written
from reportspec.model.rows import Table
from reportspec.sql.dialects.rewrite import Dialect
from reportspec.sql.materialize import Temporary

CONNECT_SECONDS = 15


REFUSED = "the database refused the query: "  # how messages begin that say what a database says


UNREADABLE = "a value of the source cannot be read: "


Loose = frozenset[tuple[str, str]]  # (table as the mapping names it, column), in small letters


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a session is opened for. `tables` are those that will be read, `zone` is that of the
    source's times; `snapshot` is another session's state of the data to share. `reads` are the columns
    that the mapping names: of files, others are not read unless `whole` says so; empty means all. `columns` are the
    same of a server's tables, which reads what it is asked for."""

    tables: frozenset[str] = frozenset()
    text_columns: bool = False
    zone: str = "UTC"
    timeout: int = 600  # seconds for one statement
    memory: int = 0  # megabytes that DuckDB may take; 0: half of what there is
    disk: int = 0  # megabytes of temporary files of DuckDB; 0: half of what is free
    snapshot: str | None = None
    reads: tuple[ColumnRead, ...] = ()
    whole: bool = False
    columns: Loose = frozenset()
    written: tuple[Written, ...] = ()  # the mapping's expressions, which may be names of a file's columns


def loose_columns(found: Iterable[tuple[object, object]]) -> Loose:
    """Columns by their tables, whatever the letters of their names are."""
    return frozenset((str(table).lower(), str(column).lower()) for table, column in found)


class Connection(Protocol):
    """A session that reads, and the SQL that it speaks."""

    @property
    def dialect(self) -> Dialect:
        """The SQL of the database that answers."""

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""

    def cancel(self) -> None:
        """End the statement that is running, from another thread."""

    def close(self) -> None:
        """Give the session back."""

    def beside(self) -> Connection | None:
        """Another session that sees the same state of the data, or None where there cannot be one."""

    def temporary(self) -> Temporary | None:
        """Where the session may have temporary tables; None where it may not."""

    def keep(self, name: str, sql: str, keys: Sequence[Sequence[str]]) -> None:
        """Have the rows of a SELECT as a temporary table, of which rows are looked for by `keys`. Raises
        SourceError, and then the session is as it was before."""

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of each table and view, with their types; tables as a mapping names them."""

    def loose(self) -> Loose:
        """The columns of the tables to be read that may hold different texts for equal (`anna`,
        `Anna`). Raises SourceError."""


class KeepsNothing:
    """A session without temporary tables: each statement stands by itself."""

    def temporary(self) -> Temporary | None:
        """None."""
        return None

    def keep(self, name: str, sql: str, keys: Sequence[Sequence[str]]) -> None:
        """Nothing is kept. Raises SourceError."""
        raise refused("there are no temporary tables")


def first_line(error: BaseException) -> str:
    """The first line of an error's text, cut to a bearable length."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]


class Secrets(confidential.Secrets):
    """What must never be shown of a source's URL."""

    def why(self, error: BaseException) -> str:
        """An error's first line without them."""
        return self.masked(first_line(error))


def missing_driver(label: str, extra: str) -> SourceError:
    """A database's driver is not installed."""
    return SourceError(
        "missing-driver", f"{label} cannot be read without its driver", f'pip install "reportspec[{extra}]"'
    )


def no_connection(label: str, why: str) -> SourceError:
    """A database does not answer."""
    return SourceError(
        "no-connection",
        f"`{label}` cannot be reached: {why}",
        "check the address in the source's URL, and that the database runs",
    )


# What databases say when they let nobody in, by what it means. The first that fits counts.
_BUSY = lazy_pattern(
    r"too many (?:clients|connections|users|sessions)|connection slots are reserved|max_user_connections"
    r"|no more connections allowed|connection limit exceeded|max_client_conn|query_wait_timeout|wait_timeout"
    r"|(?:database|server) (?:system )?is (?:starting up|shutting down|in recovery)|login has been failing"
    r"|ORA-00018|ORA-00020"
    r"|\b(?:1040|1203|1226|53300|57P03)\b",
    re.IGNORECASE,
)


_LOGIN = lazy_pattern(
    r"authentication failed|no password supplied|password is required|access denied for user|login failed"
    r"|invalid password"
    r"|incorrect username or password|wrong password|role \S+ does not exist|no such user|is not permitted to log in"
    r"|no pg_hba\.conf entry|ORA-01017|ORA-28000|ORA-01005|unauthorized|unauthenticated"
    r"|\b(?:1044|1045|1698|REQUIRED_PASSWORD)\b",
    re.IGNORECASE,
)


_DATABASE = lazy_pattern(
    r"database \S+ (?:does not|doesn't) exist|unknown database|no such database|cannot open database"
    r"|UNKNOWN_DATABASE|ORA-12514|\b1049\b",
    re.IGNORECASE,
)


_HOST = lazy_pattern(
    r"could not translate host name|failed to resolve|name or service not known|nodename nor servname|name resolution"
    r"|getaddrinfo failed|no address associated",
    re.IGNORECASE,
)


_TLS = lazy_pattern(
    r"\b(?:SSL|TLS|certificate|sslmode|WRONG_VERSION_NUMBER|CERTIFICATE_VERIFY_FAILED)\b",
    re.IGNORECASE,
)


def not_let_in(label: str, why: str) -> SourceError:
    """Why a database does not let one in. Only one that is full or starting is tried again: a wrong
    password that is tried thrice locks the account."""
    if _BUSY.search(why):
        return SourceError(
            "busy-source",
            f"`{label}` takes no more connections now: {why}",
            "try again later, or allow the reports' user more connections",
            lost=True,
        )
    if _DATABASE.search(why):
        return SourceError(
            "unknown-database",
            f"`{label}` has no such database: {why}",
            "check the database's name in the source's URL",
        )
    if _TLS.search(why) and not re.search(r"password authentication", why):
        return SourceError(
            "no-tls",
            f"`{label}` and reportspec agree on no encrypted connection: {why}",
            "check the options of the source's URL about TLS, and the certificates",
        )
    if _LOGIN.search(why):
        return SourceError(
            "wrong-login",
            f"`{label}` lets this user not in: {why}",
            "check the user and the password in the source's URL, and that this user may log in from here",
        )
    if _HOST.search(why):
        return SourceError(
            "unknown-host", f"`{label}` cannot be reached: {why}", "check the host's name in the source's URL"
        )
    return no_connection(label, why)


def lost_connection(label: str, why: str) -> SourceError:
    """The connection broke off while a statement ran."""
    return SourceError(
        "lost-connection",
        f"the connection to `{label}` was lost: {why}",
        "try again; if it happens again, look at the database's log",
        lost=True,
    )


def timed_out(seconds: int) -> SourceError:
    """A statement took too long."""
    return SourceError(
        "timeout",
        f"a statement took longer than {seconds} seconds",
        "give it more time with `query: {timeout: …}` in the project file, or ask for less",
    )


def being_written(name: str) -> SourceError:
    """Another program has a database's file for itself."""
    return SourceError(
        "held-source",
        f"another program is writing to the database `{name}`, which cannot be read meanwhile",
        "wait until it has finished, or close it, and try again",
    )


def open_besides(name: str) -> SourceError:
    """This process has another connection to an embedded database's file, in which a report was made."""
    return SourceError(
        "held-source",
        f"this process has the database `{name}` open besides, with settings that are fixed",
        "close the other connection to it, or make one report over it after the other",
        lost=True,
    )


def locked_out(seconds: float) -> SourceError:
    """A statement waited for another's lock on a table."""
    return SourceError(
        "held-source",
        f"another session has locked a table of the source: its lock was waited for for {seconds:g} seconds",
        "wait until it has finished, and try again; ALTER TABLE, TRUNCATE and VACUUM FULL lock a table, as does LOCK",
    )


def cancelled() -> SourceError:
    """Somebody ended the statement."""
    return SourceError("cancelled", "the query was cancelled")


def refused(why: str) -> SourceError:
    """Anything else that a database says of a statement."""
    return SourceError("query-failed", f"{REFUSED}{why}")


def no_table(name: str, help: str = "check the mapping, the schema, and the rights of the user") -> SourceError:
    """The mapping names a table that is not there (or that the user may not see)."""
    return SourceError("unknown-table", f"the source has no table `{name}`", help)


def no_column(name: str, help: str = "check the mapping") -> SourceError:
    """The mapping names a column that is not there."""
    bare = name.rpartition(".")[2].strip('`"[] ')
    return SourceError("unknown-column", f"the source has no column `{name}`", help, column=bare)


def no_right(table: str, column: str) -> SourceError:
    """A column that is there, and that the user may not read."""
    return SourceError(
        "not-allowed",
        f"the user of the source may not read the column `{column}` of `{table}`",
        f"give it the right to: `GRANT SELECT ({column}) ON {table} TO …`",
        column=column,
    )


def not_allowed(why: str) -> SourceError:
    """The user may not read."""
    return SourceError("not-allowed", f"the database refuses to be read: {why}", "give the user the right to SELECT")


def unreadable(why: str) -> SourceError:
    """A value is not what the mapping, or an expression, takes it for. It may be a person's: this goes to who runs a
    command and to those who look after a report, and to nobody else."""
    return SourceError(
        "unreadable-value", f"{UNREADABLE}{one_line(why)}", "mend the value, or the mapping's expression for it"
    )
