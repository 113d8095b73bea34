"""The database itself: its version, the rights of the session, how it compares texts, its statistics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from reportspec.databases import Checkup
from reportspec.diagnostics import counted
from reportspec.doctor.finding import Finding
from reportspec.errors import SourceError
from reportspec.run.connection import Connection
from reportspec.run.execute import guarded_tables

if TYPE_CHECKING:
    from reportspec.run.files.describing import Description


def declared_files(session: Connection) -> Iterator[Finding]:
    """How declared files were read: what was found in them that nobody had said."""
    described: Mapping[str, Description] = getattr(session, "described", {})
    for table, columns in described.items():
        how = [*columns.said, counted(columns.rows, "row")]
        how += [f"{column.name}: {column.said}" for column in columns.columns if column.said]
        yield Finding("ok", "files", f"`{table}` from {'; '.join(how)}")


def server_version(session: Connection, checkup: Checkup) -> Iterator[Finding]:
    if not checkup.version:
        return
    try:
        text = str(session.run(checkup.version).rows[0][0]).splitlines()[0]
    except (SourceError, IndexError):
        return
    match = re.search(r"\d+(?:\.\d+)+|\d+", text)
    numbers = tuple(int(n) for n in match[0].split(".")[:3]) if match else ()
    if checkup.oldest and numbers and numbers < checkup.oldest:
        least = ".".join(map(str, checkup.oldest))
        yield Finding("error", "version", f"{text[:80]}: older than {least}", f"use {least} or newer")
    else:
        yield Finding("ok", "version", text[:80])


def rights(session: Connection, checkup: Checkup) -> Iterator[Finding]:
    """Whether the user could write, though reports never do."""
    free: bool | None = None
    with suppress(SourceError):
        free = checkup.may_write(session)
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


def temporary_tables(session: Connection, checkup: Checkup) -> Iterator[Finding]:
    """Whether the user may have temporary tables, where reports have use for them."""
    if checkup.temporary and session.temporary() is None:
        yield Finding(
            "note",
            "rights",
            "the user may have no temporary tables: each statement of a report makes again what others make too",
            checkup.temporary,
        )


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


def row_security(session: Connection) -> Iterator[Finding]:
    """The tables of which the user may see a part of the rows alone."""
    with suppress(Exception):
        if names := guarded_tables(session):
            few = ", ".join(f"`{name}`" for name in names[:3])
            yield Finding(
                "warning",
                "rights",
                f"row-level security is on for the user in {counted(len(names), 'table')} ({few}):"
                " figures are of the rows that it lets through",
                "if all are meant, give the user a policy that shows them, or BYPASSRLS",
            )


def collation(session: Connection, checkup: Checkup) -> Iterator[Finding]:
    with suppress(SourceError):
        if session.loose():
            yield Finding(
                "note",
                "collation",
                "some columns take `Rossi` and `rossi` for one;"
                " reports tell them apart, byte for byte, as on other databases",
            )
    with suppress(SourceError):
        loose = checkup.collations(session)
        if loose is not None:
            yield Finding("note", "collation", loose)
