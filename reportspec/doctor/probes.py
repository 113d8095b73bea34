"""Small questions with known answers, which a database may get wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from sqlglot import exp

from reportspec.doctor.finding import Finding
from reportspec.errors import SourceError
from reportspec.expression.sandbox import CANONICAL
from reportspec.run.connection import Connection

# Small questions with known answers, asked in the database's own words.
PROBES: tuple[tuple[str, str, Any], ...] = (
    ("division of whole numbers", "7 / 2", 3.5),
    ("division by zero", "1 / (3 - 3)", None),
    ("texts with other letters' case are others", "case when 'Rossi' = 'rossi' then 1 else 0 end", 0),
    ("texts with blanks at the end are others", "case when 'Rossi' = 'Rossi ' then 1 else 0 end", 0),
    ("small letters of other alphabets", "case when lower('ÉЖ') = 'éж' then 1 else 0 end", 1),
    ("days between two dates", "date_diff('day', date '2024-02-28', date '2024-03-01')", 2),
    (
        "the local day of a time in summer",
        "cast((timestamp '2026-07-31 22:30:00' at time zone 'UTC') at time zone 'Europe/Rome' as date)",
        date(2026, 8, 1),
    ),
    (
        "the local day of a time in winter",
        "cast((timestamp '2026-01-31 22:30:00' at time zone 'UTC') at time zone 'Europe/Rome' as date)",
        date(2026, 1, 31),
    ),
)


def probes(session: Connection) -> Iterator[Finding]:
    """Whether the database answers small questions rightly."""
    import sqlglot

    from reportspec.run.canonical import canonical
    from reportspec.sql.dialect import sql_text

    wrong = []
    for what, text, wanted in PROBES:
        tree = exp.Select().select(
            exp.Alias(this=sqlglot.parse_one(text, dialect=CANONICAL), alias=exp.to_identifier("x"))
        )
        kind = "date" if isinstance(wanted, date) else "number"
        try:
            table = session.run(sql_text(tree, session.dialect))
            answer = canonical(table, {table.columns[0]: kind}, "UTC").rows[0][0]
        except SourceError as error:
            wrong.append((what, error.message))
            continue
        number = isinstance(answer, (int, float, Decimal))
        if (float(answer) if number else answer) != wanted:
            wrong.append((what, f"the answer is {answer}, not {wanted}"))
    for what, reason in wrong:
        yield Finding("error", "figures", f"{what}: {reason}", "don't trust reports on this database; please report it")
    if not wrong:
        yield Finding("ok", "figures", f"{len(PROBES)} small questions were answered rightly")
