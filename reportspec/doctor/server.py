"""The database itself: its version, the rights of the session, how it compares texts, its statistics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from reportspec.diagnostics import counted
from reportspec.doctor.finding import Finding
from reportspec.errors import SourceError
from reportspec.run.connection import Connection

if TYPE_CHECKING:
    from reportspec.run.files.describing import Description


# The oldest versions that know all that the statements use.
_OLDEST = {
    "postgres": (12,),
    "mysql": (8, 0, 14),
    "mariadb": (10, 5),
    "sqlite": (3, 35),
    "clickhouse": (24, 8),
    "spark": (3, 4),
}


_VERSIONS = {
    "postgres": "SELECT current_setting('server_version')",
    "mysql": "SELECT VERSION()",
    "mariadb": "SELECT VERSION()",
    "sqlite": "SELECT sqlite_version()",
    "duckdb": "SELECT version()",
    "clickhouse": "SELECT version()",
    "spark": "SELECT version()",
    "snowflake": "SELECT CURRENT_VERSION()",
    "redshift": "SELECT version()",
    "trino": "SELECT node_version FROM system.runtime.nodes LIMIT 1",
    "tsql": "SELECT @@VERSION",
    "oracle": "SELECT banner FROM v$version",
}


def declared_files(session: Connection) -> Iterator[Finding]:
    """How declared files were read: what was found in them that nobody had said."""
    described: Mapping[str, Description] = getattr(session, "described", {})
    for table, found in described.items():
        how = [*found.said, counted(found.rows, "row")]
        how += [f"{column.name}: {column.said}" for column in found.columns if column.said]
        yield Finding("ok", "files", f"`{table}` from {'; '.join(how)}")


def server_version(session: Connection) -> Iterator[Finding]:
    asked = _VERSIONS.get(session.dialect)
    if asked is None:
        return
    try:
        text = str(session.run(asked).rows[0][0]).splitlines()[0]
    except (SourceError, IndexError):
        return
    found = re.search(r"\d+(?:\.\d+)+|\d+", text)
    numbers = tuple(int(n) for n in found[0].split(".")[:3]) if found else ()
    oldest = _OLDEST.get(session.dialect)
    if oldest and numbers and numbers < oldest:
        least = ".".join(map(str, oldest))
        yield Finding("error", "version", f"{text[:80]}: older than {least}", f"use {least} or newer")
    else:
        yield Finding("ok", "version", text[:80])


def rights(session: Connection) -> Iterator[Finding]:
    """Whether the user could write, though reports never do."""
    free: bool | None = None
    with suppress(SourceError):
        if session.dialect == "postgres":
            sql = (
                "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
                " AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE')"
            )
            free = bool(session.run(sql).rows[0][0])
        elif session.dialect in ("mysql", "mariadb"):
            grants = " ".join(str(row[0]).upper() for row in session.run("SHOW GRANTS").rows)
            free = bool(re.search(r"ALL PRIVILEGES|\b(INSERT|UPDATE|DELETE)\b", grants))
        elif session.dialect in ("sqlite", "duckdb"):
            free = False
    if free is None:
        yield Finding("note", "rights", "reports only read; give them a user who can do no more")
    elif free:
        yield Finding(
            "warning",
            "rights",
            "the sessions only read, but the user may write as well",
            "give reports a user of their own with the right to SELECT and no other",
        )
    else:
        yield Finding("ok", "rights", "it can only be read")


def statistics(session: Connection) -> Iterator[Finding]:
    never = getattr(session, "never_analyzed", None)
    if never is None:
        return
    with suppress(Exception):
        names = never()
        if names:
            few = ", ".join(names[:3])
            yield Finding(
                "note",
                "statistics",
                f"never analyzed: {counted(len(names), 'table')} ({few}); statements may be slow",
                "run ANALYZE",
            )


def collation(session: Connection) -> Iterator[Finding]:
    with suppress(SourceError):
        if session.loose():
            yield Finding(
                "note",
                "collation",
                "some columns take `Rossi` and `rossi` for one;"
                " reports tell them apart, byte for byte, as on other databases",
            )
    if session.dialect not in ("mysql", "mariadb"):
        return
    sql = (
        "SELECT collation_name, COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()"
        " AND NOT collation_name IS NULL GROUP BY collation_name ORDER BY 2 DESC"
    )
    with suppress(SourceError):
        loose = [
            f"{name} ({counted(count, 'column')})"
            for name, count in session.run(sql).rows
            if not str(name).endswith("nopad_bin") and not str(name).endswith("0900_bin")
        ]
        if loose:
            yield Finding(
                "note",
                "collation",
                f"{', '.join(loose[:3])}: the database takes `Rossi`, `rossi` and `Rossi ` for one;"
                " reports tell them apart, as on other databases",
            )
