"""SQLite, by the standard library: a file that is only read. It keeps times as texts, which compare as times do
once they are all written alike.
"""

from __future__ import annotations

import math
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing

from sqlglot import exp

from reportspec.databases import Checkup, Database, Indexed, indexed
from reportspec.diagnostics import harmless, suggestion
from reportspec.errors import SourceError
from reportspec.expression.sandbox import WRITTEN
from reportspec.expression.trees import COLUMN, LANDS, ZONE, literal, names_cte
from reportspec.expression.types import MOMENTS
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import (
    Connection,
    Loose,
    Wanted,
    being_written,
    cancelled,
    first_line,
    loose_columns,
    no_column,
    no_table,
    refused,
    timed_out,
    unreadable,
)
from reportspec.run.sqlite_functions import bring_functions, read_only, views_are_safe
from reportspec.sql.dialects.common import (
    NUMBER,
    difference,
    fitting,
    is_zoned,
    lands_rows,
    minutes_ahead,
    nulls_last,
    quantiles_by_rank,
    safe_division,
    unit_of,
)
from reportspec.sql.dialects.generic import greatest, least
from reportspec.sql.dialects.portable import our_zones, whole
from reportspec.sql.dialects.rewrite import (
    TEXTS,
    TIMES,
    WHOLES,
    Dialect,
    Rule,
    Rules,
    Unsupported,
    is_text_literal,
    refusing,
    snippet,
    two_names,
    type_of,
    unsaid,
    with_args,
)
from reportspec.sql.dialects.sqlite_letters import compared, escaped, like
from reportspec.sql.materialize import Temporary

# --- Its SQL --------------------------------------------------------------------------------------

_DAY = "SUBSTR(x, 1, 10)"
_SOME_DAY = "CASE WHEN DATE(SUBSTR(x, 1, 10), '+0 days') = SUBSTR(x, 1, 10) THEN SUBSTR(x, 1, 10) END"
# A time as `2026-03-29 01:30:00`, with a fraction only where there is one. What comes back from SQLite as
# it is written is such a time, and one that there is; all else (with an offset, a fraction, as a number
# since 1970, on the 31st of September) the session's own functions read, or refuse.
_TIME = """
CASE WHEN DATETIME(x, '+0 days') = x THEN x
WHEN DATETIME(x, '+0 days') = REPLACE(x, 'T', ' ') THEN REPLACE(x, 'T', ' ')
WHEN DATE(x, '+0 days') = x THEN x || ' 00:00:00'
ELSE WALL_TIME(x, z, n) END
"""
_DATE = "CASE WHEN DATE(x, '+0 days') = x THEN x ELSE WALL_DAY(x, z, n) END"
_MICROS = """
((CAST(STRFTIME('%s', SUBSTR(b, 1, 19)) AS INTEGER) - CAST(STRFTIME('%s', SUBSTR(a, 1, 19)) AS INTEGER)) * 1000000
+ CAST(SUBSTR(SUBSTR(b, 21) || '000000', 1, 6) AS INTEGER)
- CAST(SUBSTR(SUBSTR(a, 21) || '000000', 1, 6) AS INTEGER))
"""
_TRUNCATED = {
    "DAY": "DATE(x)",
    "WEEK": "DATE(SUBSTR(x, 1, 10), '-6 days', 'weekday 1')",
    "MONTH": "DATE(x, 'start of month')",
    "QUARTER": "DATE(x, 'start of month', '-' || ((CAST(STRFTIME('%m', x) AS INTEGER) - 1) % 3) || ' months')",
    "YEAR": "DATE(x, 'start of year')",
}
# The last day of the month where the day of the month does not exist (DATE would run over); the time
# of the day stays.
_MONTHS = """
MIN(DATE(SUBSTR(x, 1, 10), n || ' months'),
DATE(SUBSTR(x, 1, 10), 'start of month', (n + 1) || ' months', '-1 day')) || SUBSTR(x, 11)
"""


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    return snippet("sqlite", text, **parts)


def _cast(node: exp.Expr) -> exp.Expr:
    kind = type_of(node)
    value: exp.Expr = node.this
    if kind == "TIMESTAMPTZ":
        return value  # SQLite would make a number of it; what it says is read where it lands
    if kind in TIMES:
        if is_text_literal(value):
            return value
        zoned = is_zoned(value)
        if zoned is not None:
            at, source, target = zoned
            return _sql("OTHER_CLOCK(x, s, z)", x=at, s=exp.Literal.string(source), z=exp.Literal.string(target))
        return _sql("CASE WHEN LENGTH(x) = 10 THEN x || ' 00:00:00' ELSE x END", x=value)
    if kind == "DATE":
        if isinstance(value, exp.Null):
            return value
        if is_text_literal(value) and _SOME_TIME.fullmatch(str(value.this)):
            return exp.Literal.string(str(value.this)[:10])  # a day with an hour would be after that day
        zoned = is_zoned(value)
        if zoned is not None:
            at, source, target = zoned
            bare = at.this if isinstance(at, exp.Cast) else at
            if not isinstance(bare, exp.Column):  # of which a CASE would ask again for each change of a clock
                return _sql(
                    "SUBSTR(OTHER_CLOCK(x, s, z), 1, 10)",
                    x=bare,
                    s=exp.Literal.string(source),
                    z=exp.Literal.string(target),
                )
            minutes = minutes_ahead(source, target, bare)
            return _sql("DATE(x, m || ' minutes')", x=bare, m=exp.Paren(this=minutes))
        if node.meta.get(WRITTEN) and not isinstance(value, exp.Column):
            return _sql(_SOME_DAY, x=value)
        return _sql(_DAY, x=value)
    if kind == "DECIMAL":
        number = exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type.DOUBLE, nested=False))
        sizes = node.args["to"].expressions
        if not node.meta.get(WRITTEN) or len(sizes) < 2:
            return number
        rounded = exp.Round(this=number, decimals=sizes[1].this)
        return _readable(value, fitting(number, node.args["to"], rounded))
    if kind in WHOLES and node.meta.get(WRITTEN):
        nearest = _sql("CASE WHEN TYPEOF(x) <> 'integer' THEN ROUND(x) ELSE x END", x=value)
        return _readable(value, fitting(nearest, node.args["to"], with_args(node, this=nearest)))
    if kind == "DOUBLE" and node.meta.get(WRITTEN):
        return _readable(value, node)
    if kind == "BOOLEAN":
        return _sql(
            "CASE WHEN TYPEOF(x) <> 'text' THEN x <> 0 WHEN LOWER(x) IN ('true', 't', 'yes', 'y', '1') THEN TRUE"
            " WHEN LOWER(x) IN ('false', 'f', 'no', 'n', '0') THEN FALSE END",
            x=value,
        )
    return node


def _readable(value: exp.Expr, made: exp.Expr) -> exp.Expr:
    """What a cast makes, null of a text that is no number: SQLite would make 0 of it."""
    return _sql(f"CASE WHEN TYPEOF(x) <> 'text' OR x REGEXP '{NUMBER}' THEN made END", x=value, made=made)


def _exact(value: exp.Expr) -> exp.Expr:
    """A column may be declared NOCASE or RTRIM: `anna` is not `Anna` here. Numbers stay numbers."""
    return _sql("x COLLATE BINARY", x=value)


def _landed(node: exp.Expr) -> exp.Expr:
    lands = node.meta.get(LANDS)
    if lands in ("text", "key") and node.this.find(exp.Column):
        return node if isinstance(node.this, exp.Collate) else with_args(node, this=_exact(node.this))
    if lands not in ("time", "date"):
        return node
    if isinstance(node.this, exp.Null) or not node.this.find(exp.Column):
        return node
    name = next(iter(node.this.find_all(exp.Column))).name
    return with_args(
        node, this=_sql(_TIME if lands == "time" else _DATE, x=node.this, z=literal(node.meta[ZONE]), n=literal(name))
    )


_PART = {
    "YEAR": "CAST(STRFTIME('%Y', x) AS INTEGER)",
    "MONTH": "CAST(STRFTIME('%m', x) AS INTEGER)",
    "DAY": "CAST(STRFTIME('%d', x) AS INTEGER)",
    "HOUR": "CAST(STRFTIME('%H', SUBSTR(x, 1, 19)) AS INTEGER)",
    "QUARTER": "((CAST(STRFTIME('%m', x) AS INTEGER) + 2) / 3)",
    "DOW": "CAST(STRFTIME('%w', SUBSTR(x, 1, 10)) AS INTEGER)",
    "DAYOFWEEK": "CAST(STRFTIME('%w', SUBSTR(x, 1, 10)) AS INTEGER)",
    "ISODOW": "((CAST(STRFTIME('%w', SUBSTR(x, 1, 10)) AS INTEGER) + 6) % 7 + 1)",
    "DAYOFWEEKISO": "((CAST(STRFTIME('%w', SUBSTR(x, 1, 10)) AS INTEGER) + 6) % 7 + 1)",
}


def _less(text: str) -> str:
    """What a form says of the later time, less what it says of the earlier one."""
    return f"({text.replace('(x', '(b').replace(' x', ' b')} - {text.replace('(x', '(a').replace(' x', ' a')})"


def _begun(seconds: int) -> str:
    """Units of so many seconds that have begun in between, of times before 1970 too."""
    since = "CAST(STRFTIME('%s', SUBSTR(x, 1, 19)) AS INTEGER)"
    return _less(f"({since} - (({since} % {seconds}) + {seconds}) % {seconds}) / {seconds}")


_DIFFERENCES = {
    "MICROSECOND": _MICROS,
    "SECOND": _begun(1),
    "MINUTE": _begun(60),
    "HOUR": _begun(3600),
    "DAY": "CAST(JULIANDAY(DATE(b)) - JULIANDAY(DATE(a)) AS INTEGER)",
    "MONTH": _less(f"({_PART['YEAR']} * 12 + {_PART['MONTH']})"),
    "YEAR": _less(_PART["YEAR"]),
}


def _truncated(node: exp.Expr) -> exp.Expr:
    unit = unit_of(node)
    if unit == "SECOND":
        return _sql("SUBSTR(x, 1, 19)", x=node.this)
    if unit == "HOUR":
        return _sql("STRFTIME('%Y-%m-%d %H:00:00', SUBSTR(x, 1, 19))", x=node.this)
    if unit not in _TRUNCATED:
        raise Unsupported(unsaid(node, "SQLite"))
    return _sql(_TRUNCATED[unit], x=node.this)


def _later(node: exp.Expr) -> exp.Expr:
    unit, value, by = unit_of(node), node.this, node.expression
    if isinstance(by, exp.Interval):
        unit, by = unit_of(by), by.this
        by = exp.Literal.number(str(by.this)) if is_text_literal(by) else by
    number = exp.Paren(this=by)
    if isinstance(node, (exp.DateSub, exp.Sub)):
        number = exp.Paren(this=exp.Neg(this=number))
    if unit in ("MONTH", "YEAR", "QUARTER"):
        months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
        by_months = exp.Paren(this=exp.Mul(this=number, expression=literal(months)))
        return _sql(_MONTHS, x=value, n=by_months)
    if unit == "WEEK":
        unit, number = "DAY", exp.Paren(this=exp.Mul(this=number, expression=literal(7)))
    if unit in ("MILLISECOND", "MICROSECOND"):
        raise Unsupported(unsaid(node, "SQLite"))
    return _sql(f"DATETIME(SUBSTR(x, 1, 19), n || ' {unit.lower()}s') || SUBSTR(x, 20)", x=value, n=number)


def _moved(node: exp.Expr) -> exp.Expr:
    return _later(node) if isinstance(node.expression, exp.Interval) else node


_PLAIN_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SOME_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[ T].*)?", re.ASCII)
_BEGINS = "(x || CASE WHEN LENGTH(x) = 10 THEN ' 00:00:00' ELSE '' END)"


def _day_or_time(node: exp.Expr) -> exp.Expr:
    """A comparison with a day that somebody wrote: times are texts, of which a day is but the start."""
    ends = [end for key in _ENDS if isinstance(end := node.args.get(key), exp.Expr)]
    days = [is_text_literal(end) and _PLAIN_DAY.fullmatch(str(end.this)) for end in ends]
    mixed = any(days) and not all(is_text_literal(end) for end in ends)
    if not node.meta.get(WRITTEN) or not (mixed or node.meta.get(MOMENTS)):
        return node
    begins: dict[str, object] = {key: _begins(end) for key in _ENDS if isinstance(end := node.args.get(key), exp.Expr)}
    if node.expressions:
        begins["expressions"] = [_begins(item) for item in node.expressions]
    return with_args(node, **begins)


def _begins(value: exp.Expr) -> exp.Expr:
    return value if isinstance(value, (exp.Null, exp.Boolean)) else _sql(_BEGINS, x=value)


_ENDS = ("this", "expression", "low", "high")


def _left(node: exp.Expr) -> exp.Expr:
    if whole(node.expression) >= 0:
        return _sql("SUBSTR(x, 1, n)", x=node.this, n=node.expression)
    text = "SUBSTR(x, 1, CASE WHEN n < 0 THEN MAX(LENGTH(x) + n, 0) ELSE n END)"
    return _sql(text, x=node.this, n=exp.Paren(this=node.expression))


def _right(node: exp.Expr) -> exp.Expr:
    if whole(node.expression) > 0:
        return _sql("SUBSTR(x, -n)", x=node.this, n=node.expression)
    text = "SUBSTR(x, CASE WHEN n < 0 THEN 1 - n ELSE MAX(LENGTH(x) - n, 0) + 1 END)"
    return _sql(text, x=node.this, n=exp.Paren(this=node.expression))


def _joined(items: list[exp.Expr]) -> exp.Expr:
    joined = items[0]
    for item in items[1:]:
        joined = exp.DPipe(this=joined, expression=item)
    return joined


def _replaced(node: exp.Expr) -> exp.Expr:
    everywhere = literal(1 if "g" in str(node.args.get("modifiers") or "") else 0)
    parts = [node.this, node.expression, node.args["replacement"], everywhere]
    return exp.Anonymous(this="REGEXP_REPLACE", expressions=parts)


def _part(node: exp.Expr) -> exp.Expr:
    name = str(node.this.name).upper() if isinstance(node, exp.Extract) else node.key.upper()
    value = node.expression if isinstance(node, exp.Extract) else node.this
    if name not in _PART:
        raise Unsupported(unsaid(node, "SQLite"))
    return _sql(_PART[name], x=value)


def _rounded(node: exp.Expr) -> exp.Expr:
    digits = node.args.get("decimals")
    if digits is not None and whole(digits) < 0:
        raise Unsupported(unsaid(node, "SQLite"))
    return node


def _tried(node: exp.Expr) -> exp.Expr:
    kind = type_of(node)
    if kind in TEXTS:
        return exp.Cast(this=node.this, to=node.args["to"])
    if kind == "DATE":
        return _sql(_SOME_DAY, x=node.this)
    if kind not in (*WHOLES, "DOUBLE", "FLOAT", "DECIMAL"):
        raise Unsupported(unsaid(node, "SQLite"))
    number = _sql("CAST(x AS REAL)", x=node.this)
    whole = _sql("CAST(ROUND(CAST(x AS REAL)) AS INTEGER)", x=node.this)
    number_cast = whole if kind in WHOLES else number
    sizes = node.args["to"].expressions
    if kind == "DECIMAL" and len(sizes) > 1:
        number_cast = exp.Round(this=number, decimals=sizes[1].this)
    number_cast = fitting(number, node.args["to"], number_cast)
    return _sql(f"CASE WHEN x REGEXP '{NUMBER}' THEN made END", x=node.this, made=number_cast)


_YES = """
CASE WHEN TYPEOF(x) = 'integer' AND x IN (0, 1) THEN x WHEN NOT x IS NULL THEN YES_OR_NO(x, n) END
"""


def _read(node: exp.Expr) -> exp.Expr:
    """A boolean, as each value says; times are read where they land."""
    return _sql(_YES, x=node.this, n=literal(node.meta[COLUMN]))


_SINCE = """
DATETIME(FLOOR(x), 'unixepoch') || CASE WHEN x = FLOOR(x) THEN '' ELSE SUBSTR(PRINTF('%.6f', x - FLOOR(x)), 2) END
"""
RULES: Rules = {
    exp.Greatest: greatest,
    exp.Table: two_names("SQLite"),
    exp.Least: least,
    exp.Order: nulls_last,
    exp.Alias: _landed,
    exp.Cast: _cast,
    **refusing(
        "SQLite",
        exp.StrToTime,
        exp.StrToDate,
        exp.ConcatWs,
        exp.Pad,
        exp.RegexpFullMatch,
        exp.TimeToUnix,
        exp.Initcap,
    ),
    exp.Add: _moved,
    exp.Sub: _moved,
    exp.Concat: lambda node: _joined([_sql("COALESCE(x, '')", x=item) for item in node.expressions]),
    exp.Contains: lambda node: _sql("INSTR(x, p) > 0", x=node.this, p=node.expression),
    exp.DateDiff: difference("sqlite", "SQLite", _DIFFERENCES, clock=True),
    exp.DateFromParts: lambda node: _sql(
        "CASE WHEN NOT y + m + d IS NULL THEN PRINTF('%04d-%02d-%02d', y, m, d) END",
        y=node.args["year"],
        m=node.args["month"],
        d=node.args["day"],
    ),
    exp.DateTrunc: _truncated,
    exp.TimestampTrunc: _truncated,
    exp.EndsWith: lambda node: _sql(
        "CASE WHEN LENGTH(p) > LENGTH(x) THEN FALSE ELSE SUBSTR(x, LENGTH(x) - LENGTH(p) + 1) = p END",
        x=node.this,
        p=node.expression,
    ),
    exp.Extract: _part,
    exp.AtTimeZone: our_zones("SQLite"),
    exp.Round: _rounded,
    exp.Year: _part,
    exp.Month: _part,
    exp.Day: _part,
    exp.Left: _left,
    exp.Right: _right,
    **dict.fromkeys(
        (
            exp.EQ,
            exp.NEQ,
            exp.LT,
            exp.LTE,
            exp.GT,
            exp.GTE,
            exp.Between,
            exp.In,
            exp.NullSafeEQ,
            exp.NullSafeNEQ,
        ),
        _day_or_time,
    ),
    exp.RegexpReplace: _replaced,
    exp.StartsWith: lambda node: _sql("SUBSTR(x, 1, LENGTH(p)) = p", x=node.this, p=node.expression),
    exp.TryCast: _tried,
    exp.UnixToTime: lambda node: _sql(_SINCE, x=node.this),
    exp.DateAdd: _later,
    exp.DateSub: _later,
    exp.Div: safe_division,
    exp.Select: quantiles_by_rank,
}


_OFTEN = 4  # reads of times beyond which writing them down costs less than reading each text again


def written_down(tree: exp.Expr) -> exp.Expr:
    """The statement with some rows of the source written down first. Those that others are joined to: SQLite puts
    them into the statement around them, and would look through all of them for each row, since it finds no index for
    the expressions that keys then are; of what is written down it makes one. And those whose times are compared often,
    as in trends: put into the statement around them, each comparison would read the text again."""
    with_ = tree.args.get("with_")
    if with_ is None:
        return tree
    tables = [table for table in tree.find_all(exp.Table) if names_cte(table)]
    written = {join.this.name for join in tree.find_all(exp.Join) if isinstance(join.this, exp.Table)}
    written |= _often_read(tree, tables, {cte.alias: cte.this for cte in with_.expressions})
    ctes = [
        with_args(cte, materialized=True) if cte.alias in written and lands_rows(cte.this) else cte
        for cte in with_.expressions
    ]
    return with_args(tree, with_=with_args(with_, expressions=ctes))


def _often_read(tree: exp.Expr, tables: Iterable[exp.Table], ctes: Mapping[str, exp.Expr]) -> set[str]:
    """The CTEs of source rows whose times and days are read often, by the aliases that they have anywhere."""
    times = {
        (table.alias_or_name, item.alias): table.name
        for table in tables
        if table.name in ctes
        for item in ctes[table.name].expressions
        if item.meta.get(LANDS) in ("date", "time")
    }
    reads = Counter(
        cte for node in tree.find_all(exp.Column) if (cte := times.get((node.table, node.name))) is not None
    )
    return {cte for cte, number in reads.items() if number > _OFTEN}


def _called(cast: exp.Expr) -> exp.Expr:
    """A CAST as a call of the same text: for each one sqlglot parses the names of five types, to see which it is,
    and conversions between time zones have hundreds."""
    to, this = cast.args["to"], cast.this
    if to.expressions or any(cast.args.get(name) for name in ("format", "action", "default")):
        return cast
    if to.this in _BY_CALL:
        return exp.Anonymous(this=_BY_CALL[to.this], expressions=[this])
    if to.this in _BY_CAST:
        return exp.Anonymous(this="CAST", expressions=[exp.Alias(this=this, alias=exp.Var(this=_BY_CAST[to.this]))])
    return cast


# As sqlglot writes these types.
_BY_CALL = {
    exp.DType.DATE: "DATE",
    exp.DType.DATETIME: "DATETIME",
    exp.DType.TIMESTAMP: "DATETIME",
    exp.DType.TIMESTAMPNTZ: "DATETIME",
}
_BY_CAST = {
    exp.DType.TEXT: "TEXT",
    exp.DType.VARCHAR: "TEXT",
    exp.DType.BIGINT: "INTEGER",
    exp.DType.INT: "INTEGER",
    exp.DType.DOUBLE: "REAL",
    exp.DType.DECIMAL: "REAL",
}


def _brought(name: str) -> Rule:
    """A rule that calls the session's own function: SQLite's of that name knows English letters alone, or may be
    lacking, and has to stay as it is for the views of a file."""

    def call(node: exp.Expr) -> exp.Expr:
        return exp.Anonymous(this=name, expressions=[node.this])

    return call


SQLITE = Dialect(
    "sqlite",
    "SQLite",
    "sqlite",
    RULES,
    before=written_down,
    writes_shared=True,
    sooner={exp.Cast: _called},
    named={
        exp.Lower: _brought("LOWER_TEXT"),
        exp.Upper: _brought("UPPER_TEXT"),
        exp.Sqrt: _brought("ROOT_OF"),
        exp.Floor: _brought("FLOOR_OF"),
        exp.Ceil: _brought("CEIL_OF"),
        exp.Like: like,
        exp.ILike: like,
        exp.Escape: escaped,
        **dict.fromkeys((exp.EQ, exp.NEQ, exp.In), compared),
    },
    exact=_exact,
    reading=_read,
    anyhow=(exp.Add, exp.Sub),
    lacks="%y",
    untyped=True,
    lax=True,
    brings=frozenset({"CARD_IS_RIGHT", "IBAN_IS_RIGHT"}),
)

# --- Its sessions ---------------------------------------------------------------------------------

_LONGEST = 100_000_000  # bytes of one text or row
_STEPS = 10_000  # of SQLite's machine between two looks at the clock


class SqliteConnection:
    """A read-only session over a SQLite file."""

    dialect = SQLITE

    def __init__(self, raw: sqlite3.Connection, source: SourceSpec, wanted: Wanted, unread: list[str]) -> None:
        self._raw, self._source, self._wanted = raw, source, wanted
        self._unread = unread  # values that were to be times and are none
        self._until = math.inf
        raw.set_progress_handler(lambda: int(time.monotonic() > self._until), _STEPS)

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        self._until = time.monotonic() + self._wanted.timeout
        try:
            cursor = self._raw.execute(sql)
            names = tuple(column[0] for column in cursor.description or ())
            return Table(names, tuple(cursor.fetchall()))
        except sqlite3.Error as error:
            raise self._explained(error, sql) from None

    def cancel(self) -> None:
        """End the statement that is running."""
        self._raw.interrupt()

    def close(self) -> None:
        """Give the session back."""
        self._raw.close()

    def beside(self) -> SqliteConnection | None:
        """Another session over the same file."""
        return open_sqlite(self._source, self._wanted)

    def temporary(self) -> Temporary | None:
        """The session's own database, which is in a temporary file."""
        return Temporary("temp", indexes=True)

    def keep(self, name: str, sql: str, keys: Sequence[Sequence[str]]) -> None:
        """Have the rows of a SELECT as a table, with what finds them by their keys. Raises SourceError."""
        self.run("PRAGMA query_only = OFF")
        try:
            self.run(f"CREATE TEMP TABLE {name} AS {sql}")
            for key in keys:
                columns = ", ".join(f'"{column}"' for column in key)
                self.run(f'CREATE INDEX temp."{name}_{"_".join(key)}" ON {name} ({columns})')
            self.run(f"ANALYZE temp.{name}")
        finally:
            self.run("PRAGMA query_only = ON")

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of each table and view, with their types; none of those that are broken."""
        columns: dict[str, dict[str, str]] = {}
        for name in self._names():
            try:
                columns[name] = {str(column): str(kind or "ANY") for column, kind in self._raw.execute(_info(name))}
            except sqlite3.OperationalError as error:
                if _passing(error):
                    raise self._explained(error) from None
                columns[name] = {}
        return columns

    def _names(self) -> list[str]:
        return [
            str(row[0]) for row in self._raw.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        ]

    def broken(self) -> dict[str, str]:
        """The tables and views that SQLite cannot read, with what it says of them: views of what is not there, of
        functions that only another program has, or of themselves; virtual tables without what makes them."""
        found = {}
        for name in self._names():
            try:
                self._raw.execute(f"SELECT * FROM {_name(name)} LIMIT 0").fetchall()
            except sqlite3.OperationalError as error:
                if not _passing(error):
                    found[name] = first_line(error)
        return found

    def loose(self) -> Loose:
        """All columns, if a table or view says COLLATE: of which column is not told."""
        if not self.run("SELECT COUNT(*) FROM sqlite_master WHERE LOWER(sql) LIKE '%collate%'").rows[0][0]:
            return frozenset()
        return loose_columns((table, name) for table, columns in self.columns().items() for name in columns)

    def _explained(self, error: sqlite3.Error, sql: str = "") -> SourceError:
        text = first_line(error)
        if "is locked" in text:
            return being_written(self._source.label)
        if "interrupted" in text:
            late = time.monotonic() > self._until
            return timed_out(self._wanted.timeout) if late else cancelled()
        if "user-defined function" in text and self._unread:
            return unreadable(self._unread.pop())
        if "Could not decode to UTF-8" in text:
            shown = harmless(text.partition(" with text ")[2].strip("'"))[:40]
            return SourceError(
                "unreadable-value",
                "a text of the source is not in UTF-8",
                "write the database's texts in UTF-8",
                (f"for example `{shown}`",),
            )
        named = (
            {word.lower() for word in re.findall(r"\w+", sql)} if isinstance(error, sqlite3.OperationalError) else ()
        )
        for name, why in self.broken().items() if named else ():
            if set(re.findall(r"\w+", name.lower())) <= set(named):
                return _broken(name, why)
        missing = re.search(r"no such table: (\S+)", text)
        if missing:
            tables = self._names()
            near = suggestion(missing[1], tables) or f"it has {', '.join(tables[:10]) or 'none'}"
            return no_table(missing[1], near)
        if "too big" in text or isinstance(error, sqlite3.DataError):
            return SourceError(
                "too-large",
                f"a text or a row has more than {_LONGEST:,} bytes",
                "look at what the mapping's expressions make of it",
            )
        column = re.search(r"no such column: (\S+)", text)
        if column:
            return no_column(column[1])
        return refused(text)


def _info(name: str) -> str:
    return f"SELECT name, type FROM pragma_table_info({_text(name)})"


def _passing(error: sqlite3.Error) -> bool:
    """Whether an error is of the moment, and not of what is asked for."""
    return "is locked" in str(error) or "interrupted" in str(error)


def _broken(name: str, why: str) -> SourceError:
    return SourceError(
        "unreadable-source",
        f"the table or view `{name}` cannot be read: {harmless(why)}",
        "mend it in the database, or name another one in the mapping",
        table=name,
    )


def table_types(path: str) -> dict[str, dict[str, str]] | None:
    """The columns of the tables of a SQLite file, with the types that they were declared to have;
    None where it cannot be opened now."""
    try:
        with closing(read_only(path)) as raw:
            # What is wrong with the file is told by an error of this; a session makes one of its own of it.
            raw.execute("SELECT 1 FROM sqlite_master").fetchone()
            return SqliteConnection(raw, SourceSpec("sqlite", path), Wanted(), []).columns()
    except (sqlite3.Error, SourceError):
        return None


def whole_numbers(path: str, columns: Mapping[str, Collection[str]]) -> frozenset[tuple[str, str]]:
    """Those columns of tables that have nothing but whole numbers, whatever they were declared to hold; none of
    views, nor where the file cannot be read now."""
    found: set[tuple[str, str]] = set()
    try:
        with closing(read_only(path)) as raw:
            tables = raw.execute("SELECT LOWER(name) FROM sqlite_master WHERE type = 'table'").fetchall()
            for table, names in columns.items():
                bare = table.removeprefix("main.")
                if (bare.lower(),) not in tables:
                    continue
                whole = ", ".join(f"TOTAL(TYPEOF({_name(c)}) NOT IN ('integer', 'null')) = 0" for c in names)
                row = raw.execute(f"SELECT {whole} FROM {_name(bare)}").fetchone()
                found |= {(table, c) for c, all_whole in zip(names, row, strict=True) if all_whole}
    except sqlite3.Error:
        return frozenset()
    return frozenset(found)


def _indexes(session: Connection) -> dict[str, Indexed]:
    """The tables with their indexes, the primary key being one; an index of some of the rows finds none by a column.
    How many rows there are is about the largest of their numbers."""
    found = indexed(
        session.run(
            "SELECT 'main', t.name, 1, NULL, i.name, c.name FROM sqlite_master t"
            " LEFT JOIN pragma_index_list(t.name) i ON i.partial = 0"
            " LEFT JOIN pragma_index_info(i.name) c"
            " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY t.name, i.name, c.seqno"
        ).rows
    )
    told = {}
    for name, known in found.items():
        bare = name.removeprefix("main.")
        key = session.run(f"SELECT name FROM pragma_table_info({_text(bare)}) WHERE pk > 0 ORDER BY pk").rows
        rows = session.run(f"SELECT COUNT(*) FROM (SELECT 1 FROM {_name(bare)} LIMIT {_MANY})").rows[0][0]
        own = ((*(str(one[0]) for one in key),),) if key else ()
        told[name] = Indexed(int(str(rows)) if int(str(rows)) < _MANY else None, (*known.indexes, *own))
    return told


_MANY = 100_000  # rows of a table that are counted to know whether it has many


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def open_sqlite(source: SourceSpec, wanted: Wanted) -> SqliteConnection:
    """A session over a SQLite file. Raises SourceError."""
    raw: sqlite3.Connection | None = None
    try:
        raw = read_only(source.path)
        raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        raw.execute("PRAGMA query_only = ON")
        raw.execute(f"PRAGMA trusted_schema = {'ON' if views_are_safe(raw) else 'OFF'}")
        raw.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        return SqliteConnection(raw, source, wanted, bring_functions(raw))
    except BaseException as error:
        if raw is not None:
            raw.close()
        if not isinstance(error, sqlite3.Error):
            raise
        if "is locked" in str(error):
            raise being_written(source.label) from None
        raise SourceError(
            "unreadable-source",
            f"the database `{source.label}` cannot be opened: {first_line(error)}",
            "check that it is a SQLite file and that you may read it",
        ) from None


DATABASE = Database(
    "sqlite",
    "SQLite",
    ("sqlite",),
    "",
    "data/crm.sqlite",
    SQLITE,
    open_sqlite,
    Checkup("SELECT sqlite_version()", (3, 35), lambda session: False, indexes=_indexes),
    local="file",
    suffixes=(".sqlite", ".sqlite3", ".db"),
    table_types=table_types,
    whole_numbers=whole_numbers,
)
