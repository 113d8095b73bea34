"""MySQL, and what MariaDB has in common with it. Texts compare there as the column's collation likes, mostly
without regard to case and trailing blanks; here they compare exactly, as they do elsewhere.

The tests run MariaDB; what is MySQL's alone is written without having been run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.databases import Checkup, Database, Indexed, dialect_named, indexed
from reportspec.diagnostics import counted
from reportspec.errors import SourceError
from reportspec.expression.sandbox import WRITTEN
from reportspec.expression.trees import LANDS, literal, when
from reportspec.model.rows import Table
from reportspec.run import tls
from reportspec.run.alchemy import AlchemyConnection, Driver
from reportspec.run.connection import (
    CONNECT_SECONDS,
    Connection,
    Loose,
    Wanted,
    loose_columns,
    refused,
    unreadable,
)
from reportspec.run.reaper import Guard
from reportspec.run.url_options import url_options
from reportspec.sql.dialects.common import (
    NUMBER,
    difference,
    division,
    fitting,
    half_up,
    inlined_or_not,
    is_zoned,
    minutes_ahead,
    nulls_by_case,
    quantiles_by_rank,
    unit_of,
)
from reportspec.sql.dialects.generic import greatest, least
from reportspec.sql.dialects.portable import our_zones, whole
from reportspec.sql.dialects.reading import parts_of, plain_day, told_of, yes_or_no, zone_of
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
from reportspec.sql.materialize import Temporary

if TYPE_CHECKING:
    from sqlalchemy import engine as alchemy

# --- Its SQL ---------------------------------------------------------------------------------------

_UNREAD = "a value"  # how the text begins in which a value is told that cannot be read
_LONGEST = 400  # the parts of a time that is written once for each change of a clock
_COPIED = "copied"  # in the meta of a call: it makes a text that is nobody else's


# Dates that there are not (`2026-02-30`) are null there, which must not pass for an empty value.
_READ_DAY = """
CASE WHEN REGEXP_INSTR(t, e) > 0 AND NOT CAST(LEFT(t, 10) AS DATE) IS NULL THEN CAST(LEFT(t, 10) AS DATE)
WHEN t <> '' THEN CAST(error AS DATE) END
"""
# `0000-00-00` stands for no day there, and so does a day without a month or a day of it.
_KNOWN = "CASE WHEN MONTH(x) <> 0 AND DAYOFMONTH(x) <> 0 THEN x END"
_OFFSET = "REGEXP_SUBSTR(t, '[+-][0-9]{2}(:?[0-9]{2})?$')"
_READ_UTC = f"""
DATE_SUB(CAST(REGEXP_SUBSTR(t, '^[0-9-]{{10}}[ T][0-9:]+([.][0-9]{{1,6}})?') AS DATETIME(6)), INTERVAL
(CASE WHEN REGEXP_INSTR(t, 'Z$|C$') > 0 THEN 0 ELSE CASE WHEN {_OFFSET} LIKE '-%' THEN -1 ELSE 1 END
* (CAST(SUBSTRING({_OFFSET}, 2, 2) AS SIGNED) * 60
+ CASE WHEN LENGTH({_OFFSET}) > 3 THEN CAST(RIGHT({_OFFSET}, 2) AS SIGNED) ELSE 0 END) END) MINUTE)
"""
_READ_TIME = """
CASE WHEN REGEXP_INSTR(t, c) > 0 AND NOT w IS NULL THEN w
WHEN REGEXP_INSTR(t, i) > 0 AND NOT u IS NULL THEN DATE_ADD(u, INTERVAL (m) MINUTE)
WHEN t <> '' THEN CAST(error AS DATETIME(6)) END
"""
_BOOLEAN = (
    "CASE WHEN LOWER(CAST(x AS CHAR)) IN ('true', 't', 'yes', 'y', '1') OR x + 0 <> 0 THEN TRUE"
    " WHEN LOWER(CAST(x AS CHAR)) IN ('false', 'f', 'no', 'n') OR REGEXP_INSTR(x, number) > 0 THEN FALSE END"
)
_SPLIT = """CASE WHEN (CHAR_LENGTH(x) - CHAR_LENGTH(REPLACE(x, p, ''))) >= (n - 1) * CHAR_LENGTH(p)
THEN SUBSTRING_INDEX(SUBSTRING_INDEX(x, p, n), p, -1) WHEN NOT x IS NULL THEN '' END"""
_TRUNCATED = {
    "DAY": "CAST(x AS DATE)",
    "WEEK": "DATE_SUB(CAST(x AS DATE), INTERVAL WEEKDAY(x) DAY)",
    "MONTH": "CAST(DATE_FORMAT(x, '%Y-%m-01') AS DATE)",
    "QUARTER": "DATE_ADD(MAKEDATE(YEAR(x), 1), INTERVAL (QUARTER(x) - 1) * 3 MONTH)",
    "YEAR": "MAKEDATE(YEAR(x), 1)",
}
_DIFFERENCES = {
    "DAY": "DATEDIFF(b, a)",
    "YEAR": "(YEAR(b) - YEAR(a))",
    "MONTH": "((YEAR(b) - YEAR(a)) * 12 + MONTH(b) - MONTH(a))",
    **{unit: f"TIMESTAMPDIFF({unit}, a, b)" for unit in ("MICROSECOND", "SECOND", "MINUTE", "HOUR")},
}
_BEGINS = {"SECOND": "%Y-%m-%d %H:%i:%s", "MINUTE": "%Y-%m-%d %H:%i:00", "HOUR": "%Y-%m-%d %H:00:00"}
_TIME = exp.DataType(
    this=exp.DataType.Type.DATETIME, expressions=[exp.DataTypeParam(this=exp.Literal.number(6))], nested=False
)


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    return snippet("mysql", text, **parts)


def _called(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def collated(tree: exp.Expr, collation: str) -> exp.Expr:
    """A text that compares as a collation says."""
    return exp.Collate(this=tree, expression=exp.Var(this=collation))


def _own_text(tree: exp.Expr) -> exp.Expr:
    """A text in memory of its own. A cast to CHAR hands on its own memory, in which REPLACE,
    LPAD, RPAD and CONCAT_WS write: who asks for the text once more finds it changed."""
    copied = _called("CONCAT", tree)
    copied.meta[_COPIED] = True
    return copied


def _plain_text(value: exp.Expr, collation: str) -> exp.Expr:
    return collated(_sql("CONVERT(x USING utf8mb4)", x=value), collation)


def _told_apart(value: exp.Expr, collation: str) -> exp.Expr:
    """A text of the source that compares byte for byte."""
    return collated(_own_text(_sql("CONVERT(x USING utf8mb4)", x=value)), collation)


def _already_apart(value: exp.Expr) -> exp.Expr | None:
    """The text that is told apart already, within others that only do the same once more: each
    costs as much as the join on it."""
    copied_value: exp.Expr | None = None
    while True:
        if isinstance(value, exp.Collate):
            copied_value = value if value.this.meta.get(_COPIED) else copied_value
            value = value.this
        elif value.meta.get(_COPIED) or (isinstance(value, exp.Cast) and value.is_type(*exp.DataType.TEXT_TYPES)):
            value = value.expressions[0] if value.meta.get(_COPIED) else value.this
        else:
            return copied_value


def _landed(node: exp.Expr, collation: str) -> exp.Expr:
    value = node.this
    if node.meta.get(LANDS) in ("date", "time") and isinstance(value, exp.Column):
        return with_args(node, this=_sql(_KNOWN, x=value))
    if node.meta.get(LANDS) not in ("text", "key") or not node.this.find(exp.Column):
        return node
    apart = _already_apart(value)
    return with_args(node, this=apart if apart is not None else _told_apart(value, collation))


def _exact(node: exp.Expr, collation: str) -> exp.Expr:
    """A comparison with a text that is written out."""
    changed = {
        key: collated(value, collation)
        for key, value in node.args.items()
        if isinstance(value, exp.Expr) and is_text_literal(value)
    }
    return with_args(node, **changed) if changed else node


def _exact_in(node: exp.Expr, collation: str) -> exp.Expr:
    items = [collated(v, collation) if is_text_literal(v) else v for v in node.expressions]
    return with_args(node, expressions=items) if items else node


def _exact_between(node: exp.Expr, collation: str) -> exp.Expr:
    ends = {k: collated(v, collation) for k in ("low", "high") if is_text_literal(v := node.args[k])}
    return with_args(node, **ends) if ends else node


def _exact_most(node: exp.Expr, collation: str, most: Rule) -> exp.Expr:
    return most(_exact(_exact_in(node, collation), collation))


def _cast(node: exp.Expr, label: str, collation: str) -> exp.Expr:
    kind, value = type_of(node), node.this
    zoned = is_zoned(value) if kind in ("DATE", *TIMES) else None
    if zoned is not None:
        value = _on_clock(*zoned, label)
    if kind in TIMES:
        return exp.Cast(this=value, to=_TIME)
    if kind == "DATE":
        return _sql("CAST(x AS DATE)", x=value) if zoned is not None else node
    if kind == "BOOLEAN":
        return _sql(_BOOLEAN, x=value, number=exp.Literal.string(NUMBER))
    if kind in ("DOUBLE", "DECIMAL", *WHOLES) and node.meta.get(WRITTEN):
        return _readable(value, fitting(value, node.args["to"], node))
    if kind in TEXTS and not is_text_literal(value):
        return collated(_own_text(node), collation)
    return node


def _on_clock(at: exp.Expr, source: str, target: str, label: str) -> exp.Expr:
    """What the clock of another zone shows."""
    if sum(1 for _ in at.walk()) > _LONGEST:
        raise Unsupported(f"{label} has no short way to move a time that is reckoned from others to another zone")
    return _sql("DATE_ADD(x, INTERVAL (m) MINUTE)", x=at, m=minutes_ahead(source, target, at))


def _tried(node: exp.Expr, label: str) -> exp.Expr:
    kind = type_of(node)
    if kind not in ("DOUBLE", "FLOAT", "DECIMAL", *WHOLES):
        raise Unsupported(unsaid(node, label))
    number: exp.Expr = exp.Cast(this=node.this, to=exp.DataType(this=exp.DataType.Type.DOUBLE, nested=False))
    number_cast = number
    if kind in WHOLES:
        number_cast = exp.Cast(this=half_up(exp.Round(this=number)), to=node.args["to"])
    elif kind == "DECIMAL":
        number_cast = exp.Cast(this=node.this, to=node.args["to"])
    return _readable(node.this, fitting(number, node.args["to"], number_cast))


def _readable(value: exp.Expr, made: exp.Expr) -> exp.Expr:
    """What a cast makes, null of a text that is no number: the server would make 0 of it."""
    place = _called("REGEXP_INSTR", value, exp.Literal.string(NUMBER))
    return when(exp.GT(this=place, expression=literal(0)), made)


def _difference(node: exp.Expr, label: str) -> exp.Expr:
    form = _BEGINS.get(unit_of(node))
    if form is not None:  # units that have begun in between, not those that are over
        later, earlier = (_called("DATE_FORMAT", end, exp.Literal.string(form)) for end in (node.this, node.expression))
        node = with_args(node, this=later, expression=earlier)
    return difference("mysql", label, _DIFFERENCES, clock=True)(node)


def _part(node: exp.Expr, label: str) -> exp.Expr:
    name, value = str(node.this.name).upper(), node.expression
    if name in ("DOY", "DAYOFYEAR"):
        return _called("DAYOFYEAR", value)
    if name in ("ISOYEAR", "YEAROFWEEKISO"):
        return _sql("FLOOR(YEARWEEK(x, 3) / 100)", x=value)
    if name.startswith("EPOCH"):
        raise Unsupported(unsaid(node, label))
    if name in ("WEEK", "WEEKISO"):
        return _called("WEEK", value, literal(3))
    if name in ("ISODOW", "DAYOFWEEKISO"):
        return exp.Paren(this=exp.Add(this=_called("WEEKDAY", value), expression=literal(1)))
    if name in ("DOW", "DAYOFWEEK"):
        return exp.Paren(this=exp.Sub(this=_called("DAYOFWEEK", value), expression=literal(1)))
    return node


def _truncated(node: exp.Expr) -> exp.Expr:
    text = _TRUNCATED.get(unit_of(node))
    return _sql(text, x=node.this) if text else node


def _matches(node: exp.Expr, collation: str) -> exp.Expr:
    place = _called("REGEXP_INSTR", collated(node.this, collation), node.expression)
    return exp.Paren(this=exp.GT(this=place, expression=literal(0)))


def _compared(text: str, collation: str) -> Rule:
    """A rule for functions of a text (`x`) and a part of it (`p`)."""
    return lambda node: _sql(text, x=node.this, p=collated(node.expression, collation))


def _trimmed(node: exp.Expr, label: str) -> exp.Expr:
    """A TRIM of one letter: of more, all of them together would be cut off."""
    letters = node.args.get("expression")
    if letters is None or (isinstance(letters, exp.Literal) and len(str(letters.this)) == 1):
        return node
    raise Unsupported(unsaid(node, label))


def _split(node: exp.Expr) -> exp.Expr:
    return _sql(_SPLIT, x=node.this, p=node.args["delimiter"], n=node.args["part_index"])


def _end(node: exp.Expr) -> exp.Expr:
    """LEFT or RIGHT, of which a negative length leaves out as many letters."""
    if whole(node.expression) >= 0:
        return node
    text = f"{node.key.upper()}(x, CASE WHEN n < 0 THEN GREATEST(CHAR_LENGTH(x) + n, 0) ELSE n END)"
    return _sql(text, x=node.this, n=exp.Paren(this=node.expression))


def _concat(node: exp.Expr) -> exp.Expr:
    return exp.Concat(expressions=[node.this, node.expression], safe=False)


def _overflow(value: exp.Expr, said: str) -> exp.Expr:
    """An error, for which SELECTs have no word: a number that is too large. The server shows
    its expression, and so what is said."""
    return _sql("EXP(710 + LENGTH(CONCAT(s, x)))", s=exp.Literal.string(_UNREAD + said), x=value)


def _no_boolean(value: exp.Expr, said: str) -> exp.Expr:
    return exp.Paren(this=exp.Is(this=_overflow(value, said), expression=exp.Null()))


def _read(node: exp.Expr, collation: str) -> exp.Expr:
    text = partial(_plain_text, collation=collation)
    kind = type_of(node)
    if plain_day(node):
        return node
    if kind == "BOOLEAN":
        return yes_or_no(node, text, _no_boolean)
    parts = parts_of(node, text)
    error = _overflow(parts["t"], told_of(node))
    if kind == "DATE":
        return _sql(_READ_DAY, **parts, error=error)
    parts["w"] = _sql("CAST(LEFT(t, 26) AS DATETIME(6))", t=parts["t"])
    parts["u"] = _sql(_READ_UTC, **parts)
    ahead = exp.Paren(this=minutes_ahead("UTC", zone_of(node), parts["u"]))
    return _sql(_READ_TIME, **parts, m=ahead, error=error)


def rules_of(label: str, collation: str) -> Rules:
    """What is written otherwise for both servers, with the collation that tells all texts apart there."""
    exact = partial(_exact, collation=collation)
    return {
        exp.Order: nulls_by_case,
        exp.CTE: inlined_or_not,
        exp.Alias: partial(_landed, collation=collation),
        **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Like), exact),
        exp.In: partial(_exact_in, collation=collation),
        exp.Cast: partial(_cast, label=label, collation=collation),
        exp.DateDiff: partial(_difference, label=label),
        **refusing(label, exp.TimeToUnix, exp.RegexpFullMatch, exp.DateFromParts, exp.Initcap),
        exp.Between: partial(_exact_between, collation=collation),
        exp.Contains: _compared("LOCATE(p, x) > 0", collation),
        exp.DateTrunc: _truncated,
        exp.EndsWith: _compared("RIGHT(x, CHAR_LENGTH(p)) = p", collation),
        exp.Extract: partial(_part, label=label),
        exp.RegexpLike: partial(_matches, collation=collation),
        exp.Round: half_up,
        exp.SplitPart: _split,
        exp.StartsWith: _compared("LEFT(x, CHAR_LENGTH(p)) = p", collation),
        exp.TimestampTrunc: _truncated,
        exp.AtTimeZone: our_zones(label),
        exp.Trim: partial(_trimmed, label=label),
        exp.TryCast: partial(_tried, label=label),
        exp.Div: division,
        exp.DPipe: _concat,
        exp.Greatest: partial(_exact_most, collation=collation, most=greatest),
        exp.Left: _end,
        exp.Right: _end,
        exp.Table: two_names(label),
        exp.Least: partial(_exact_most, collation=collation, most=least),
        exp.Select: quantiles_by_rank,
    }


def exact_of(collation: str) -> Rule:
    """What reads a text of the source so that it compares byte for byte."""
    return partial(_told_apart, collation=collation)


def reading_of(collation: str) -> Rule:
    """What reads texts and numbers as the booleans and times that they say."""
    return partial(_read, collation=collation)


_COLLATION = "utf8mb4_0900_bin"
INSTANTS = re.compile("TIMESTAMP")
# What is filled up with zeros has them in its text.
KEYS = {"integer": re.compile(r"(TINY|SMALL|MEDIUM|BIG)?INT(\(\d+\))?( UNSIGNED)?"), "uuid": re.compile("UUID")}
MYSQL = Dialect(
    "mysql",
    "MySQL",
    "mysql",
    {**rules_of("MySQL", _COLLATION), **refusing("MySQL", exp.RegexpReplace, exp.RegexpExtract)},
    allowed=frozenset(
        {
            exp.DateDiff,
            exp.TimestampDiff,
            exp.TsOrDsToTimestamp,
            exp.DateAdd,
            exp.DateSub,
            exp.Interval,
            exp.CharacterSet,
            exp.TimeToStr,
            exp.TsOrDsToDate,
            exp.TsOrDsAdd,
            exp.DateTrunc,
            exp.TimestampTrunc,
            exp.Year,
            exp.Month,
            exp.DayOfMonth,
            exp.Quarter,
            exp.DayOfWeek,
            exp.CastToStrType,
            exp.CharacterSetProperty,
        }
    ),
    functions=frozenset({"WEEKDAY", "MAKEDATE"}),
    traits={
        "zones": "by offsets, 1970 to 2050",
        "percentiles": "by rank",
        "names": "as written",
        "text": "exact, by collation",
        "read only": "by the session",
    },
    exact=exact_of(_COLLATION),
    reading=reading_of(_COLLATION),
    text_end=r"\z",
    instants=INSTANTS,
    lax=True,
    bytes_kept=False,
    since_1970="from_unixtime",
    keys=KEYS,
)

# --- Its sessions ----------------------------------------------------------------------------------

_COLUMNS = (
    "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, TABLE_SCHEMA = DATABASE()"
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA NOT IN"
    " ('information_schema', 'mysql', 'performance_schema', 'sys')"
    " ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"
)
_INDEXES = (
    "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_SCHEMA = DATABASE(), t.TABLE_ROWS, s.INDEX_NAME, s.COLUMN_NAME"
    " FROM information_schema.TABLES t LEFT JOIN information_schema.STATISTICS s"
    " ON s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME"
    " WHERE t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_SCHEMA NOT IN"
    " ('information_schema', 'mysql', 'performance_schema', 'sys')"
    " ORDER BY t.TABLE_SCHEMA, t.TABLE_NAME, s.INDEX_NAME, s.SEQ_IN_INDEX"
)


def indexes(session: Connection) -> dict[str, Indexed]:
    """The tables of a server with their indexes."""
    return indexed(session.run(_INDEXES).rows)


_TEXTS = (
    "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, TABLE_SCHEMA = DATABASE() FROM information_schema.COLUMNS"
    " WHERE NOT COLLATION_NAME IS NULL AND NOT COLLATION_NAME IN ('binary', 'utf8mb4_nopad_bin', 'utf8mb4_0900_bin')"
    " AND NOT TABLE_SCHEMA IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
)
# Out of range; an overflow when converting to DECIMAL.
_CUT = frozenset({1264, 1916})
_UTC = ("UTC", "Etc/UTC")


_PROBE = "reportspec_probe"  # a temporary table, by which it is seen whether there may be any
_NARROW = 255  # characters of what may stand in a row; longer texts stay beside it, as TEXT
_KEY = 240  # characters of texts that a key may have, of four bytes each


class MysqlConnection(AlchemyConnection):
    """A session with a MySQL or MariaDB server, whichever it turns out to be. A guard ends what runs in it
    when the process is killed, since the server would not notice."""

    _guard: Guard | None = None
    _number = 0  # the session's, by which a guard knows it
    _may_keep = False  # whether the user may have temporary tables

    def begin(self, options: dict[str, str], first: AlchemyConnection | None) -> None:
        """Prepare the session, watched by the guard of the `first` one or by one of its own."""
        version = str(self.raw.exec_driver_sql("SELECT VERSION()").scalar())
        self.dialect = dialect_named("mariadb" if "mariadb" in version.lower() else "mysql")
        guard = first._guard if isinstance(first, MysqlConnection) else None
        self._watched(guard or Guard(_logging_in(self.engine, options)))
        super().begin(options, first)
        if first is None and self.dialect.name == "mariadb":
            self._prepare_to_keep()
        wrong = _clocks(self.raw, self.wanted)
        if wrong is not None:
            raise wrong

    def _prepare_to_keep(self) -> None:
        """Begin again with a transaction in which temporary tables may be made, if the user may have any: one that
        only reads has none. MySQL could not read one twice in a statement."""
        from sqlalchemy.exc import SQLAlchemyError

        self.raw.exec_driver_sql("COMMIT")
        try:
            self.raw.exec_driver_sql(f"CREATE TEMPORARY TABLE {_PROBE} (x INT)")
            self.raw.exec_driver_sql(f"DROP TEMPORARY TABLE {_PROBE}")
            self._may_keep = True
        except SQLAlchemyError as error:
            if getattr(error, "connection_invalidated", False):
                raise
        for statement in _transaction(reads=not self._may_keep):
            self.raw.exec_driver_sql(statement)

    def temporary(self) -> Temporary | None:
        """The session's own tables, by their names alone; MariaDB's users need a right to them."""
        return Temporary(indexes=True, narrower=True) if self._may_keep else None

    def keep(self, name: str, sql: str, keys: Sequence[Sequence[str]]) -> None:
        """Have the rows of a SELECT as a table, with what finds them by their keys. Raises SourceError."""
        self._command(f"CREATE TEMPORARY TABLE {name} ENGINE=Aria TRANSACTIONAL=0 AS {sql}")
        lengths = self._lengths_of_texts(name)
        parts = [
            f"MODIFY `{column}` VARCHAR({length}) COLLATE {collation}"
            for column, (length, collation) in lengths.items()
            if length <= _NARROW
        ]
        for key in keys:
            most = _KEY // max(1, sum(1 for column in key if column in lengths))
            cut = [f"`{c}`({most})" if c in lengths and lengths[c][0] > most else f"`{c}`" for c in key]
            parts.append(f"ADD INDEX ({', '.join(cut)})")
        if parts:
            self._command(f"ALTER TABLE {name} {', '.join(parts)}")

    def _lengths_of_texts(self, name: str) -> dict[str, tuple[int, str]]:
        """A table's columns of texts, the characters of the longest value of each, and its collation. MariaDB sorts,
        groups and joins rows as wide as their columns may be, not as their values are: a key of nine letters from a
        column of 160 takes four to eight times as long."""
        texts = {str(row[0]): str(row[2]) for row in self.run(f"SHOW FULL COLUMNS FROM {name}").rows if row[2]}
        if not texts:
            return {}
        longest = ", ".join(f"MAX(CHAR_LENGTH(`{column}`))" for column in texts)
        [row] = self.run(f"SELECT {longest} FROM {name}").rows
        return {
            column: (max(int(length or 0), 1), collation)
            for (column, collation), length in zip(texts.items(), row, strict=True)
        }

    def _command(self, sql: str) -> None:
        """A statement that gives no rows. Raises SourceError."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self.raw.execution_options(no_parameters=True).exec_driver_sql(sql)
        except SQLAlchemyError as error:
            raise self.explained(error) from None

    def _watched(self, guard: Guard) -> None:
        self._guard = guard
        self._number = int(self.raw.connection.driver_connection.thread_id())  # type: ignore[union-attr]
        guard.watch(self._number)

    def fetched(self, result: alchemy.CursorResult[Any]) -> Table:
        """The rows of a statement. Raises SourceError for a number that its type has no place for: the servers
        go on with the largest that there is, and only warn."""
        warned = getattr(result.cursor, "warning_count", None) != 0
        table = super().fetched(result)
        if warned:
            for _, code, text in self.raw.exec_driver_sql("SHOW WARNINGS").fetchall():
                if int(code) in _CUT:
                    raise refused(f"a number is too large: {self.secrets.why(Exception(text))}")
        return table

    def end_statement(self) -> None:
        """End the statement that is running, from another session."""
        with self.engine.connect() as other:
            other.exec_driver_sql(f"KILL QUERY {self._number}")

    def close(self) -> None:
        """Give the session back."""
        guard, self._guard = self._guard, None
        try:
            super().close()
        finally:
            if guard is not None:
                guard.leave(self._number)

    def loose(self) -> Loose:
        """All texts whose collation is none of bytes."""
        return loose_columns(
            (name, column)
            for schema, table, column, is_own in self.run(_TEXTS).rows
            for name in (f"{schema}.{table}", table if is_own else f"{schema}.{table}")
        )

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of the tables and views of the session's schema and of those beside it."""
        columns: dict[str, dict[str, str]] = {}
        for schema, table, column, kind, is_own in self.run(_COLUMNS).rows:
            for name in (f"{schema}.{table}", str(table)) if is_own else (f"{schema}.{table}",):
                columns.setdefault(name, {})[str(column)] = str(kind)
        return columns

    def explained(self, error: Any) -> SourceError:
        """What an error of a statement means."""
        why = self.why(error)
        unread = re.search(rf"'({_UNREAD} in the column .*? is (?:neither yes nor no|no \w+))'", why)
        if unread and "1690" in why and not getattr(error, "connection_invalidated", False):
            return unreadable(unread[1])
        return super().explained(error)


def _encrypted(url: alchemy.URL, arguments: dict[str, Any]) -> tuple[alchemy.URL, dict[str, str]]:
    """PyMySQL takes a context in place of the URL's options of TLS. Raises TlsError."""
    if url.drivername != "mysql+pymysql":
        return url, {}
    options = {k: str(v) for k, v in url.query.items() if k.lower().startswith("ssl")}
    tls_asked = tls.tls_of(options)
    if tls_asked.context is not None:
        arguments["ssl"] = tls_asked.context
    elif tls_asked.off:
        arguments["ssl_disabled"] = True
    return url.difference_update_query(options), options


def _logging_in(engine: alchemy.Engine, options: dict[str, str]) -> dict[str, Any]:
    """The arguments of PyMySQL for a session like the engine's, as they can be written down."""
    _, arguments = engine.dialect.create_connect_args(engine.url)
    return {**arguments, "connect_timeout": CONNECT_SECONDS, "tls": options}


def _clocks(raw: alchemy.Connection, wanted: Wanted) -> SourceError | None:
    """Why a server that does not know the source's zone would show instants that are read by another clock."""
    if wanted.zone in _UTC:
        return None
    if str(raw.exec_driver_sql("SELECT @@session.time_zone").scalar()) == wanted.zone:
        return None
    rows = raw.exec_driver_sql(
        "SELECT table_schema, table_name, column_name, table_schema = DATABASE()"
        " FROM information_schema.columns WHERE data_type = 'timestamp'"
    ).fetchall()
    tables = {name.lower() for name in wanted.tables}
    for schema, table, column, is_own in rows:
        names = {f"{schema}.{table}".lower(), *([str(table).lower()] if is_own else [])} & tables
        read = not wanted.columns or any((name, str(column).lower()) in wanted.columns for name in names)
        if names and read:
            return SourceError(
                "unknown-zone",
                f"`{table}.{column}` is a TIMESTAMP, and the server does not know the zone `{wanted.zone}`",
                "load its zones (mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql),"
                " or say `source_timezone: UTC` if the other times are UTC's",
            )
    return None


def _begin(wanted: Wanted) -> tuple[str, ...]:
    named = wanted.zone not in _UTC and re.fullmatch(r"[\w/+\-]+", wanted.zone)
    return (
        f"?SET SESSION max_statement_time = {wanted.timeout}",  # MariaDB, seconds
        f"?SET SESSION max_execution_time = {wanted.timeout * 1000}",  # MySQL, milliseconds
        f"?SET SESSION lock_wait_timeout = {max(1, int(wanted.timeout * 0.9))}",
        # TIMESTAMP columns are instants, shown on the session's clock; `_clocks` looks whether the
        # server knows the source's zone.
        "SET SESSION time_zone = '+00:00'",
        *([f"?SET SESSION time_zone = '{wanted.zone}'"] if named else []),
        "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
        "?SET SESSION group_concat_max_len = 1048576",
        # MariaDB joins CTEs by loops within loops unless it is told of hashes.
        "?SET SESSION join_cache_level = 4",
        "?SET SESSION join_buffer_size = 33554432",
        "?SET SESSION join_buffer_space_limit = 134217728",
        # What is sorted and grouped on the way is written to disk as soon as it is larger than this.
        "?SET SESSION sort_buffer_size = 33554432",
        "?SET SESSION tmp_table_size = 134217728",
        "?SET SESSION max_heap_table_size = 134217728",
        "COMMIT",
        *_transaction(reads=True),
    )


def _transaction(*, reads: bool) -> tuple[str, ...]:
    """The beginning of a transaction over one state of the data, which only `reads` unless it is to have temporary
    tables."""
    return (
        # Of the next transaction alone: a proxy may give the session to others.
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        f"START TRANSACTION WITH CONSISTENT SNAPSHOT{', READ ONLY' if reads else ''}",
    )


OPTIONS = url_options(" ".join(("charset unix_socket connect_timeout read_timeout", *tls.OPTIONS)))

DRIVER = Driver(
    "mysql+pymysql",
    _begin,
    {"connect_timeout": CONNECT_SECONDS},
    {"charset": "utf8mb4"},
    _encrypted,
    MysqlConnection,
)

# --- What doctor asks ------------------------------------------------------------------------------


def may_write(session: Connection) -> bool:
    """Whether the user has been granted more than to read."""
    grants = " ".join(str(row[0]).upper() for row in session.run("SHOW GRANTS").rows)
    return bool(re.search(r"ALL PRIVILEGES|\b(INSERT|UPDATE|DELETE)\b", grants))


def collations(session: Connection) -> str | None:
    """The collations that take different texts for equal, with what becomes of that."""
    sql = (
        "SELECT collation_name, COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()"
        " AND NOT collation_name IS NULL GROUP BY collation_name ORDER BY 2 DESC"
    )
    loose = [
        f"{name} ({counted(count, 'column')})"
        for name, count in session.run(sql).rows
        if not str(name).endswith("nopad_bin") and not str(name).endswith("0900_bin")
    ]
    if not loose:
        return None
    return (
        f"{', '.join(loose[:3])}: the database takes `Rossi`, `rossi` and `Rossi ` for one;"
        " reports tell them apart, as on other databases"
    )


DATABASE = Database(
    "mysql",
    "MySQL",
    ("mysql",),
    "mysql",
    "mysql://reader:${PASSWORD}@host/crm",
    MYSQL,
    DRIVER.open,
    Checkup("SELECT VERSION()", (8, 0, 14), may_write, collations, indexes=indexes),
    options=OPTIONS,
    schemas_are_databases=True,
)
