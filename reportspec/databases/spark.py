"""Spark, by Spark Connect: a session with a server that does the work. Databricks speaks its SQL."""

from __future__ import annotations

import re
import uuid
import warnings
from contextlib import suppress
from typing import Any

from sqlglot import exp

from reportspec.databases import Checkup, Database
from reportspec.errors import SourceError
from reportspec.expression.sandbox import WRITTEN
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import (
    KeepsNothing,
    Loose,
    Secrets,
    Wanted,
    cancelled,
    first_line,
    lost_connection,
    missing_driver,
    no_column,
    no_table,
    not_allowed,
    not_let_in,
    refused,
    timed_out,
    unreadable,
)
from reportspec.run.url_options import url_options
from reportspec.sql.dialects.common import (
    difference,
    inlined_or_not,
    is_zoned,
    nulls_last,
    safe_division,
    turned,
    unit_of,
)
from reportspec.sql.dialects.portable import our_zones, whole, whole_seconds
from reportspec.sql.dialects.rewrite import (
    TIMES,
    WHOLES,
    Dialect,
    Rules,
    Unsupported,
    refusing,
    snippet,
    type_of,
    unsaid,
    with_args,
)

# --- Its SQL --------------------------------------------------------------------------------------


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    return snippet("spark", text, **parts)


# A cast cuts the fraction off. The nearest whole number is meant: of doubles that lie halfway the even
# one, of decimals the one farther from zero.
_NEAREST = """
(i + CASE WHEN ABS(CAST(x AS DOUBLE) - i) > 0.5 OR (ABS(CAST(x AS DOUBLE) - i) = 0.5
AND (NOT TYPEOF(x) IN ('double', 'float') OR i % 2 <> 0)) THEN CAST(SIGN(CAST(x AS DOUBLE) - i) AS INT) ELSE 0 END)
"""


def _cast(node: exp.Expr) -> exp.Expr:
    kind, value = type_of(node), node.this
    if kind in TIMES:
        zoned = is_zoned(value)
        if zoned is not None:
            at, source, target = zoned
            value = _sql("CONVERT_TIMEZONE(s, z, x)", x=at, s=exp.Literal.string(source), z=exp.Literal.string(target))
            node = with_args(node, this=value)
        return with_args(node, to=exp.DataType(this=exp.DataType.Type.TIMESTAMPNTZ, nested=False))
    if kind == "DATE":
        zoned = is_zoned(value)
        if zoned is not None:
            at, source, target = zoned
            there = _sql("CONVERT_TIMEZONE(s, z, x)", x=at, s=exp.Literal.string(source), z=exp.Literal.string(target))
            return with_args(node, this=there)
    if kind in WHOLES and node.meta.get(WRITTEN):
        return _sql(_NEAREST, x=value, i=node)
    return node


def _left(node: exp.Expr) -> exp.Expr:
    if whole(node.expression) >= 0:
        return node
    n = "CASE WHEN n < 0 THEN GREATEST(LENGTH(x) + n, 0) ELSE n END"
    length = _sql(n, x=node.this, n=exp.Paren(this=node.expression))
    return exp.Anonymous(this=node.key.upper(), expressions=[node.this, length])


_DIFFERENCES = {
    "DAY": "DATEDIFF(b, a)",
    "YEAR": "(YEAR(b) - YEAR(a))",
    "MONTH": "((YEAR(b) - YEAR(a)) * 12 + MONTH(b) - MONTH(a))",
    "MICROSECOND": "TIMESTAMPDIFF(MICROSECOND, a, b)",
    # Units that have begun in between, not those that are over.
    **{
        unit: f"TIMESTAMPDIFF({unit}, DATE_TRUNC('{unit}', a), DATE_TRUNC('{unit}', b))"
        for unit in ("SECOND", "MINUTE", "HOUR")
    },
}


def _difference(node: exp.Expr) -> exp.Expr:
    if unit_of(node) == "MICROSECOND" and turned(node):  # as instants: the session's zone is the source's
        to = exp.DataType(this=exp.DataType.Type.TIMESTAMPLTZ, nested=False)
        later, earlier = (exp.Cast(this=end, to=to) for end in (node.this, node.expression))
        node = with_args(node, this=later, expression=earlier)
    return difference("spark", "Spark", _DIFFERENCES)(node)


def _part(node: exp.Expr) -> exp.Expr:
    name, value = str(node.this.name).upper(), node.expression
    if name in ("ISODOW", "DAYOFWEEKISO", "DOW", "DAYOFWEEK"):
        monday = "ISO" in name
        days = exp.Anonymous(this="WEEKDAY" if monday else "DAYOFWEEK", expressions=[value])
        by: type[exp.Binary] = exp.Add if monday else exp.Sub
        return exp.Paren(this=by(this=days, expression=exp.Literal.number(1)))
    return node


def _whole_part(node: exp.Expr) -> exp.Expr:
    part = _part(node)
    return whole_seconds(node) if part is node else part


def _replaced(node: exp.Expr) -> exp.Expr:
    if "g" not in str(node.args.get("modifiers") or ""):
        raise Unsupported(unsaid(node, "Spark"))
    return with_args(node, modifiers=None)


RULES: Rules = {
    exp.CTE: inlined_or_not,
    exp.Order: nulls_last,
    exp.Cast: _cast,
    exp.PercentileCont: lambda node: exp.Anonymous(this="PERCENTILE", expressions=[node.this, node.expression]),
    **refusing("Spark", exp.TimeToUnix, exp.RegexpFullMatch),
    exp.DateDiff: _difference,
    exp.Extract: _part,
    exp.Left: _left,
    exp.Right: _left,
    exp.RegexpReplace: _replaced,
    exp.UnixToTime: lambda node: _sql(
        "TIMESTAMP_MICROS(CAST(x * CAST(1000000 AS BIGINT) AS BIGINT))", x=exp.Paren(this=node.this)
    ),
    exp.Div: safe_division,
}
INSTANTS = re.compile("TIMESTAMP$")
SPARK = Dialect(
    "spark",
    "Spark",
    "spark",
    {**RULES, exp.AtTimeZone: our_zones("Spark"), exp.Extract: _whole_part},
    merges=True,
    lacks="%j",
    text_end=r"\z",
    instants=INSTANTS,
    bytes_kept=False,
)

# --- Its sessions ---------------------------------------------------------------------------------

_SETTINGS = {
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
}


class SparkConnection(KeepsNothing):
    """A session with a Spark Connect server."""

    dialect = SPARK

    def __init__(self, session: Any, source: SourceSpec, wanted: Wanted, secrets: Secrets) -> None:
        self._session, self._source, self._wanted, self._secrets = session, source, wanted, secrets
        self._tag = f"reportspec-{uuid.uuid4()}"
        self._ended = self._late = False

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        import threading

        late = threading.Timer(self._wanted.timeout, self._time_is_up)
        late.daemon = True
        late.start()
        try:
            self._session.addTag(self._tag)
            answer = self._asked(sql)
            rows = answer.collect()
            # Rows know their columns. The server, when it is asked for them, analyses the statement once more.
            return Table(tuple(rows[0].__fields__ if rows else answer.columns), tuple(map(tuple, rows)))
        except Exception as error:  # of the client, of gRPC and of Java
            raise self._explained(error) from None
        finally:
            late.cancel()

    def _asked(self, sql: str) -> Any:
        """What a SELECT gives, as the session's own `sql` has it. That sends a statement once before its rows are asked
        for, as it may be a command, and the server analyses it twice: a fifth of a long one's time. What is used
        instead is none of the client's promises: a version that has it not is asked as it says."""
        try:
            from pyspark.sql.connect.dataframe import DataFrame
            from pyspark.sql.connect.plan import SQL

            return DataFrame(SQL(sql), self._session)
        except (ImportError, TypeError):
            return self._session.sql(sql)

    def cancel(self) -> None:
        """End the statement that is running."""
        self._ended = True
        with suppress(Exception):
            self._session.interruptTag(self._tag)

    def _time_is_up(self) -> None:
        self._late = True
        with suppress(Exception):
            self._session.interruptTag(self._tag)

    def close(self) -> None:
        """Give the session back."""
        with suppress(Exception):
            self._session.stop()

    def beside(self) -> SparkConnection | None:
        """Another session with the same server."""
        return open_spark(self._source, self._wanted)

    def loose(self) -> Loose:
        """Not known: what a comparison takes for equal is seen where values are listed."""
        return frozenset()

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of the tables of the session's catalog."""
        types: dict[str, dict[str, str]] = {}
        catalog = self._session.catalog
        own_database = catalog.currentDatabase()
        for database in catalog.listDatabases():
            for table in catalog.listTables(database.name):
                name = f"{database.name}.{table.name}"
                columns = {c.name: c.dataType for c in catalog.listColumns(name)}
                types[name] = columns
                if database.name == own_database:
                    types[table.name] = columns
        return types

    def _explained(self, error: Exception) -> SourceError:
        why = self._secrets.masked(first_line(error))
        if self._ended:
            return cancelled()
        if self._late:
            return timed_out(self._wanted.timeout)
        if "TABLE_OR_VIEW_NOT_FOUND" in why:
            name = re.search(r"view `([^ ]+)` cannot be found", why)
            return no_table(name[1].replace("`", "") if name else why)
        if "UNRESOLVED_COLUMN" in why:
            name = re.search(r"name `([^ ]+)` cannot", why)
            return no_column(name[1].replace("`", "") if name else why)
        if "CAST_INVALID_INPUT" in why or "CANNOT_PARSE" in why:
            return unreadable(why)
        if "PERMISSION" in why.upper() or "ACCESS_DENIED" in why.upper():
            return not_allowed(why)
        if "UNAVAILABLE" in str(error) or "SESSION_CLOSED" in why or "INVALID_HANDLE" in why:
            return lost_connection(self._source.label, why)
        return refused(why)


def open_spark(source: SourceSpec, wanted: Wanted) -> SparkConnection:
    """A session over a `sc://` URL. Raises SourceError."""
    import os

    secrets = Secrets(re.sub(r";", "&", source.path.replace("/;", "/?")))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pyspark.sql import SparkSession
            from pyspark.sql.connect.session import SparkSession as Remote  # noqa: F401
    except ImportError:
        raise missing_driver(DATABASE.label, DATABASE.extra) from None
    # Retries of its own would keep an unreachable server's user waiting for minutes.
    os.environ.setdefault("SPARK_CONNECT_MODE_ENABLED", "1")
    session: Any = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            session = SparkSession.builder.remote(source.path).create()
            for name, value in {**_SETTINGS, "spark.sql.session.timeZone": wanted.zone}.items():
                session.conf.set(name, value)
        return SparkConnection(session, source, wanted, secrets)
    except BaseException as error:
        if session is not None:
            with suppress(Exception):
                session.stop()
        if not isinstance(error, Exception):
            raise
        raise not_let_in(source.label, secrets.why(error)) from None


DATABASE = Database(
    "spark",
    "Spark",
    ("sc",),
    "spark",
    "sc://host:15002",
    SPARK,
    open_spark,
    Checkup("SELECT version()", (3, 4)),
    options=url_options("token use_ssl user_id user_agent x-databricks-cluster-id x-databricks-session-id"),
    schemas_are_databases=True,
)
