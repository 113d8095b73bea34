"""PostgreSQL, by psycopg. Texts are ordered by their code points, whatever the database's collation is.

Sessions are transactions that only read, in the source's time zone, all of one report over the same state of the
data; where the user may have temporary tables, they are made between two savepoints. Every setting is one of the
transaction (`SET LOCAL`), none of the session: behind a pooler the session is somebody else's as soon as the
transaction ends.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from sqlglot import exp

from reportspec.databases import Checkup, Database, Indexed, indexed
from reportspec.errors import SourceError
from reportspec.expression.trees import FLAG, TEXT, identifier, literal, when
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import (
    CONNECT_SECONDS,
    Connection,
    Loose,
    Secrets,
    Wanted,
    cancelled,
    locked_out,
    loose_columns,
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
    NUMBER,
    double,
    fitting,
    half_up,
    nulls_last,
    safe_division,
    turned,
    unit_of,
)
from reportspec.sql.dialects.portable import whole_seconds
from reportspec.sql.dialects.reading import parts_of, plain_day, yes_or_no
from reportspec.sql.dialects.rewrite import (
    TEXTS,
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
from reportspec.sql.materialize import Temporary

if TYPE_CHECKING:
    import psycopg

# --- Its SQL --------------------------------------------------------------------------------------


def by_code_points(node: exp.Expr) -> exp.Expr:
    """An item of ORDER BY: texts go by their code points, so that a cut list has the same rows."""
    if not node.this.meta.get(TEXT):
        return node
    return with_args(node, this=exp.Collate(this=node.this, expression=identifier("C")))


def _exact(value: exp.Expr) -> exp.Expr:
    """A text that is no `citext` and has a collation that tells all texts apart."""
    text = exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type.TEXT, nested=False))
    return exp.Collate(this=text, expression=identifier("C"))


def _tried(node: exp.Expr) -> exp.Expr:
    """TRY_CAST by a look at the text first; a day that its month has not is none."""
    kind = type_of(node)
    text = exp.Cast(this=node.this, to=exp.DataType(this=exp.DataType.Type.TEXT, nested=False))
    if kind in ("DOUBLE", "FLOAT", "DECIMAL", *WHOLES):
        exact = exp.Cast(this=text, to=exp.DataType(this=exp.DataType.Type.DECIMAL, nested=False))
        number: exp.Expr = double(text)
        if kind in WHOLES or kind == "DECIMAL":
            number = fitting(exact, node.args["to"], exp.Cast(this=exact, to=node.args["to"]))
        return when(exp.RegexpLike(this=text, expression=exp.Literal.string(NUMBER)), number)
    if kind == "DATE":
        return snippet("postgres", _DAY, x=text)
    if kind in TEXTS:
        return text
    raise Unsupported(unsaid(node, "PostgreSQL"))


def _extracted(node: exp.Expr) -> exp.Expr:
    """The first group of a pattern; no match is an empty text."""
    group = node.args.get("group")
    if group is None or str(group.this) != "1":
        raise Unsupported(unsaid(node, "PostgreSQL"))
    call = exp.Anonymous(this="SUBSTRING", expressions=[node.this, node.expression])
    empty = exp.Coalesce(this=call, expressions=[exp.Literal.string("")])
    return when(exp.Not(this=exp.Is(this=node.this, expression=exp.Null())), empty)


def _flag(node: exp.Expr) -> exp.Expr:
    """A condition to group by, as it is: PostgreSQL expects two groups of it, of a CASE any number,
    for which it would give up grouping rows in memory and side by side."""
    return node.args["ifs"][0].this if node.meta.get(FLAG) else node


def _flagged(node: exp.Expr) -> exp.Expr:
    if not node.meta.get(FLAG):
        return node
    return node.this if str(node.expression.this) == "1" else exp.Not(this=node.this)


def _difference(node: exp.Expr) -> exp.Expr:
    """Microseconds between two times. EXTRACT gives decimals, which are slow; DATE_PART's doubles
    are exact for stretches of less than 285 years."""
    if unit_of(node) != "MICROSECOND":
        return node
    # Where the clock is turned, as instants: the session's zone is the source's.
    kind = exp.DataType.Type.TIMESTAMPTZ if turned(node) else exp.DataType.Type.TIMESTAMP
    ends = [exp.Cast(this=end, to=exp.DataType(this=kind, nested=False)) for end in (node.this, node.expression)]
    stretch = exp.Sub(this=ends[0], expression=ends[1])
    seconds = exp.Anonymous(this="DATE_PART", expressions=[exp.Literal.string("epoch"), stretch])
    micros = exp.Mul(this=seconds, expression=exp.Literal.number(1_000_000))
    return exp.Cast(this=micros, to=exp.DataType(this=exp.DataType.Type.BIGINT, nested=False))


def _of_one_frame(window: exp.Expr) -> exp.Expr:
    """Rows are numbered, and those before and after are looked for, whatever a window's frame is: with that of windows
    that look at all rows of one order it is done in one pass with these. Each frame is a pass over all rows."""
    if not isinstance(window.this, _WHATEVER_FRAME) or not window.args.get("order") or window.args.get("spec"):
        return window
    return with_args(window, spec=_ALL_ROWS)


_WHATEVER_FRAME = (exp.RowNumber, exp.Lag, exp.Lead)
_ALL_ROWS = exp.WindowSpec(
    kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="UNBOUNDED", end_side="FOLLOWING"
)


def _int(tree: exp.Expr) -> exp.Expr:
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DataType.Type.INT, nested=False))


_DAY = """
CASE WHEN x ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
THEN CASE WHEN CAST(SUBSTRING(x FROM 9 FOR 2) AS INT) <= CAST(EXTRACT(DAY FROM
  CAST(SUBSTRING(x FROM 1 FOR 8) || '01' AS DATE) + INTERVAL '1 MONTH' - INTERVAL '1 DAY') AS INT)
THEN CAST(x AS DATE) END END
"""
_TIME = r"""
CASE WHEN t ~ c THEN CAST(LEFT(t, 26) AS TIMESTAMP)
WHEN t ~ i THEN CAST(REGEXP_REPLACE(t, '([.][0-9]{6})[0-9]+', '\1') AS TIMESTAMPTZ) AT TIME ZONE z
WHEN t <> '' THEN CAST('`' || t || '`' || s AS TIMESTAMP) END
"""
_WRITTEN_DAY = """
CASE WHEN t ~ e THEN CAST(LEFT(t, 10) AS DATE) WHEN t <> '' THEN CAST('`' || t || '`' || s AS DATE) END
"""


def _read(node: exp.Expr) -> exp.Expr:
    """A cast of what cannot be read is an error that shows it, with what is said of it."""
    if plain_day(node):
        return node
    if type_of(node) == "BOOLEAN":
        return yes_or_no(
            node,
            _exact,
            lambda x, said: snippet("postgres", "CAST('`' || x || '`' || s AS BOOLEAN)", x=x, s=literal(said)),
        )
    form = _WRITTEN_DAY if type_of(node) == "DATE" else _TIME
    return snippet("postgres", form, **parts_of(node, _exact))


RULES: Rules = {
    **refusing("PostgreSQL", exp.RegexpFullMatch),
    exp.Contains: lambda node: snippet("postgres", "(STRPOS(x, p) > 0)", x=node.this, p=node.expression),
    exp.DateDiff: _difference,
    exp.DateFromParts: lambda node: exp.Anonymous(
        this="MAKE_DATE", expressions=[_int(node.args[k]) for k in ("year", "month", "day")]
    ),
    exp.EndsWith: lambda node: snippet("postgres", "(RIGHT(x, LENGTH(p)) = p)", x=node.this, p=node.expression),
    exp.Extract: whole_seconds,
    exp.RegexpExtract: _extracted,
    exp.Round: half_up,
    exp.TryCast: _tried,
    exp.Order: nulls_last,
    exp.Ordered: by_code_points,
    exp.Div: safe_division,
    exp.Case: _flag,
    exp.EQ: _flagged,
    exp.Window: _of_one_frame,
}
POSTGRES = Dialect(
    "postgres",
    "PostgreSQL",
    "postgres",
    RULES,
    exact=_exact,
    reading=_read,
    flags=True,
    cased=True,
    single=re.compile("real"),
    enums=re.compile("enum"),
    bits=True,
    since_1970="to_timestamp",
    keys={"integer": re.compile("SMALLINT|INTEGER|BIGINT"), "uuid": re.compile("UUID")},
)

# --- Its sessions ---------------------------------------------------------------------------------

# A domain is what it is made of, and a type of one's own that lists its values is an `enum` by whatever name.
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname,
       CASE WHEN coalesce(b.typtype, t.typtype) = 'e' THEN 'enum'
            WHEN b.oid IS NOT NULL THEN format_type(b.oid, t.typtypmod)
            ELSE format_type(a.atttypid, a.atttypmod) END,
       n.nspname = ANY (current_schemas(false))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
  AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY 1, 2, a.attnum
"""

# What is indexed in part, or is an expression, finds no rows by a column.
_INDEXES = """
SELECT n.nspname, c.relname, n.nspname = ANY (current_schemas(false)), CAST(c.reltuples AS bigint), i.indexrelid,
       a.attname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
LEFT JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place) ON true
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\\_toast%'
ORDER BY 1, 2, 5, k.place
"""


def _indexes(session: Connection) -> dict[str, Indexed]:
    return indexed(session.run(_INDEXES).rows)


_GUARD = "SAVEPOINT guard; SET TRANSACTION READ ONLY"  # until it is released

# A server's own bounds are for many sessions that look for a row each; a report groups all rows of a table.
_ROOM = ("SET LOCAL work_mem = '64MB'",)

_MAY_BE_UNKNOWN = (
    "jit = off",  # on statements with many CASE aggregates it costs more than they do
    # Whoever is killed tells nobody: the server looks itself whether anybody waits for its answer.
    "client_connection_check_interval = '2s'",  # PostgreSQL 14 and newer, on Linux
)


# Domains over citext count as well. Servers before 12 have only collations that tell texts apart.
_LOOSE = """
SELECT name, a.attname FROM unnest(%s::text[], %s::text[]) AS asked(quoted, name)
JOIN pg_attribute a ON a.attrelid = to_regclass(quoted)
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type base ON base.oid = t.typbasetype
LEFT JOIN pg_collation co ON co.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND ('citext' IN (t.typname, base.typname)
  OR to_jsonb(co) ->> 'collisdeterministic' = 'false')
"""


_TEXTS = ("text", "citext", "character", "varchar", "bpchar", "name")


class PostgresConnection:
    """A PostgreSQL session that can only read."""

    dialect = POSTGRES

    def __init__(self, raw: psycopg.Connection[Any], source: SourceSpec, wanted: Wanted, secrets: Secrets) -> None:
        self._raw, self._source, self._wanted, self._secrets = raw, source, wanted, secrets
        self._snapshot = wanted.snapshot
        self._guarded = False  # whether it could have temporary tables
        self._turn = threading.RLock()  # no statement falls into a transaction that begins anew

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        with self._turn, self._explaining():
            # Bytes, and no parameters: nothing in the text is taken for a placeholder.
            cursor = self._raw.execute(sql.encode())
            names = tuple(column.name for column in cursor.description or ())
            return Table(names, tuple(cursor.fetchall()) if names else ())

    def _asked(self, sql: LiteralString, *lists: list[str]) -> list[tuple[Any, ...]]:
        """The rows of a statement with lists in the places of its `%s`. Raises SourceError."""
        with self._turn, self._explaining():
            return self._raw.execute(sql, lists).fetchall()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Errors of the driver as what they mean: whatever is asked, the server may be gone by then."""
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise self.explained(error) from None
        except UnicodeDecodeError:
            raise _no_utf8() from None

    def cancel(self) -> None:
        """End the statement that is running."""
        if not self._raw.closed:
            self._raw.cancel_safe(timeout=2)

    def close(self) -> None:
        """Give the session back."""
        self._raw.close()

    def beside(self) -> PostgresConnection | None:
        """Another session that sees what this one sees. A server that exports no snapshots (some
        poolers and replicas do not) gets no second session."""
        from dataclasses import replace

        with self._turn:
            if self._snapshot is None:
                try:
                    if self._guarded:  # a subtransaction has no snapshot to share
                        self._guarded = False
                        self.run("RELEASE SAVEPOINT guard; SET TRANSACTION READ ONLY")
                    self._snapshot = str(self.run("SELECT pg_export_snapshot()").rows[0][0])
                except SourceError as error:
                    if error.lost or error.code == "cancelled":
                        return None
                    with self._explaining():
                        self._raw.rollback()
                        self.begin()
                    return None
        return open_postgres(self._source, replace(self._wanted, snapshot=self._snapshot))

    def temporary(self) -> Temporary | None:
        """The session's own schema, unless the server is a replica or the user may have no such tables."""
        if not self._guarded:
            return None
        [(may,)] = self.run("SELECT has_database_privilege(current_database(), 'TEMPORARY')").rows
        return Temporary("pg_temp", one_order=True) if may else None

    def keep(self, name: str, sql: str, keys: Sequence[Sequence[str]]) -> None:
        """Have the rows of a SELECT as a table, with statistics. Raises SourceError."""
        # The planner takes few rows for what holds at an instant, and would loop over rates and names for each of many.
        # How many rows there are, and of what, is told well enough by a tenth of those that it would look at by itself.
        statements = (
            f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {sql}; SET LOCAL default_statistics_target = 10; "
            f"ANALYZE pg_temp.{name}; SET LOCAL enable_nestloop = off"
        )
        with self._turn:
            try:
                self.run(f"RELEASE SAVEPOINT guard; SAVEPOINT made; {statements}; RELEASE SAVEPOINT made; {_GUARD}")
            except SourceError as error:
                if not self._raw.closed and not error.lost:
                    with self._explaining():
                        self._raw.execute(b"ROLLBACK TO SAVEPOINT made")
                        self._guard()
                raise

    def _guard(self) -> None:
        """Let what follows only read, until the savepoint is released."""
        self._raw.execute(_GUARD.encode())
        self._guarded = True

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns that the user may read; tables on the search path also by their bare name."""
        columns: dict[str, dict[str, str]] = {}
        for schema, table, name, kind, bare in self.run(_COLUMNS).rows:
            columns.setdefault(f"{schema}.{table}", {})[name] = kind
            if bare:
                columns.setdefault(table, {})[name] = kind
        return columns

    def never_analyzed(self) -> list[str]:
        """Those of the tables to be read of which the database has no statistics."""
        names, _ = self._quoted()
        sql = """SELECT name FROM unnest(%s::text[]) AS name JOIN pg_class c ON c.oid = to_regclass(name)
                 WHERE c.relkind IN ('r', 'm') AND (c.reltuples < 0 OR (c.reltuples = 0 AND c.relpages = 0
                 AND pg_relation_size(c.oid) > 0))"""
        return [str(row[0]) for row in self._asked(sql, names)]

    def forbidden(self) -> dict[str, frozenset[str]]:
        """The columns of the tables to be read that the user may not read."""
        names, others = self._quoted()
        plain = [name for name in sorted(self._wanted.tables) if name not in others]
        sql = """SELECT name, array_agg(a.attname::text) FROM unnest(%s::text[], %s::text[]) AS asked(quoted, name)
                 JOIN pg_attribute a ON a.attrelid = to_regclass(quoted)
                 WHERE a.attnum > 0 AND NOT a.attisdropped AND NOT has_column_privilege(a.attrelid, a.attnum, 'SELECT')
                 GROUP BY name"""
        return {str(table): frozenset(columns) for table, columns in self._asked(sql, names, plain)}

    def guarded(self) -> list[str]:
        """Those of the tables to be read on which row-level security is active for this user."""
        names, others = self._quoted()
        plain = [name for name in sorted(self._wanted.tables) if name not in others]
        sql = """SELECT name FROM unnest(%s::text[], %s::text[]) AS asked(quoted, name)
                 JOIN pg_class c ON c.oid = to_regclass(quoted)
                 WHERE c.relkind IN ('r', 'p') AND row_security_active(c.oid)"""
        return [str(row[0]) for row in self._asked(sql, names, plain)]

    def loose(self) -> Loose:
        """Columns of type citext or of a nondeterministic collation; of tables that cannot be told
        from others all texts."""
        names, others = self._quoted()
        plain = [name for name in sorted(self._wanted.tables) if name not in others]
        loose = [(t, c) for t, c in self._asked(_LOOSE, names, plain)]
        known = self.columns() if others else {}
        for table in others:
            kinds = known.get(table, {})
            loose += [(table, c) for c, kind in kinds.items() if kind.startswith(_TEXTS)]
        return loose_columns(loose)

    def _quoted(self) -> tuple[list[str], list[str]]:
        """The names of the tables to be read, quoted, and those that cannot be told from others
        because a name has a dot in it."""
        tables = sorted(self._wanted.tables)
        others = [name for name in tables if not all(name.split(".")) or name.count(".") > 2]
        return [
            ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))
            for table in tables
            if table not in others
        ], others

    def begin(self) -> None:
        """Begin the transaction in which all is read, with its settings. Raises psycopg.Error."""
        wanted = self._wanted
        zone = wanted.zone if re.fullmatch(r"[\w/+\-]+", wanted.zone) else "UTC"
        may = self._snapshot is None and self._may_begin()
        parts = [] if may else ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"]
        if wanted.snapshot is not None:
            parts.append(f"SET TRANSACTION SNAPSHOT '{wanted.snapshot}'")
        # Where a server has it off, a backslash in a text would take the quote after it along.
        parts.append("SET LOCAL standard_conforming_strings = on")
        # A lock is waited for less long than a statement may take, so that it is known what took the time.
        parts.append(f"SET LOCAL lock_timeout = '{round(_lock_wait(wanted) * 1000)}ms'")
        parts += [*_ROOM, f"SET LOCAL statement_timeout = '{wanted.timeout}s'", f"SET LOCAL TimeZone = '{zone}'"]
        self._raw.execute("; ".join(parts).encode())
        for setting in _MAY_BE_UNKNOWN:
            self._set(setting)
        if self.never_analyzed():
            # Without statistics the planner expects a row or two from everything, and loops within
            # loops over all of them.
            self._raw.execute("SET LOCAL enable_nestloop = off")
        if may:
            self._guard()

    def _may_begin(self) -> bool:
        """Begin a transaction that may have temporary tables; whether the server has begun it: a replica does not."""
        import psycopg

        try:
            self._raw.execute(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE")
        except psycopg.Error:
            if self._raw.closed:
                raise
            self._raw.rollback()
            return False
        return True

    def _set(self, setting: str) -> None:
        """A setting of the transaction, where the server knows it."""
        import psycopg

        text = f"SAVEPOINT s; SET LOCAL {setting}; RELEASE SAVEPOINT s"
        try:
            self._raw.execute(text.encode())
        except psycopg.Error:
            if self._raw.closed:
                raise
            self._raw.execute("ROLLBACK TO SAVEPOINT s")

    def explained(self, error: psycopg.Error) -> SourceError:
        """What an error of a statement means."""
        from psycopg import errors

        why = self._secrets.why(error)
        if self._raw.closed or isinstance(error, (errors.AdminShutdown, errors.CrashShutdown)):
            return lost_connection(self._source.label, why)
        if isinstance(error, errors.UndefinedTable):
            name = re.search(r'"([^"]+)"', why)
            return no_table(name[1] if name else why)
        if isinstance(error, errors.UndefinedColumn):
            name = re.search(r'column "?([^"\s]+)"?', why)
            return no_column(name[1] if name else why)
        if isinstance(error, errors.InsufficientPrivilege):
            return not_allowed(why)
        if isinstance(error, errors.LockNotAvailable):
            return locked_out(_lock_wait(self._wanted))
        if isinstance(error, errors.QueryCanceled):
            return timed_out(self._wanted.timeout) if "timeout" in why else cancelled()
        if isinstance(error, errors.CharacterNotInRepertoire):
            return _no_utf8()
        if isinstance(error, errors.DataError):
            return unreadable(why)
        return refused(why)


def _lock_wait(wanted: Wanted) -> float:
    """Seconds for another session's lock."""
    return wanted.timeout * 0.9


def open_postgres(source: SourceSpec, wanted: Wanted) -> PostgresConnection:
    """A session over a `postgresql://` URL. Raises SourceError."""
    try:
        import psycopg
    except ImportError:
        raise missing_driver(DATABASE.label, DATABASE.extra) from None
    secrets = Secrets(source.path)
    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", source.path)
    raw: psycopg.Connection[Any] | None = None
    try:
        raw = psycopg.connect(
            url,
            autocommit=True,
            # A pooler gives the next transaction another session, which knows no statement by name.
            prepare_threshold=None,
            **_arguments(url),
        )
        session = PostgresConnection(raw, source, wanted, secrets)
        session.begin()
        return session
    except BaseException as error:
        gone = raw is None or raw.closed  # a pooler lets one in before the database has
        if raw is not None:
            raw.close()
        if not isinstance(error, psycopg.Error):
            raise
        if gone:
            raise not_let_in(source.label, secrets.why(error)) from None
        raise session.explained(error) from None


def _arguments(url: str) -> dict[str, Any]:
    """What the URL does not say itself. A server in SQL_ASCII would give bytes for texts."""
    from psycopg import conninfo

    options = conninfo.conninfo_to_dict(url)
    own_options = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "reportspec",
        "client_encoding": "utf8",
    }
    return {name: value for name, value in own_options.items() if name not in options}


def _no_utf8() -> SourceError:
    return SourceError(
        "unreadable-value",
        "a text of the source is not in UTF-8",
        "say what its texts are written in: `?client_encoding=latin1` at the end of the URL",
    )


# --- What doctor asks ------------------------------------------------------------------------------


def _may_write(session: Connection) -> bool:
    sql = (
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        " AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE')"
    )
    return bool(session.run(sql).rows[0][0])


DATABASE = Database(
    "postgres",
    "PostgreSQL",
    ("postgresql", "postgres"),
    "postgres",
    "postgresql://reader:${PASSWORD}@host/crm",
    POSTGRES,
    open_postgres,
    Checkup(
        "SELECT current_setting('server_version')",
        (12,),
        _may_write,
        temporary="GRANT TEMPORARY ON DATABASE … TO … (a replica has none)",
        indexes=_indexes,
    ),
    options=url_options(
        "host hostaddr port user password dbname sslmode sslnegotiation sslrootcert sslcert sslkey sslpassword sslcrl"
        " sslcrldir sslsni sslcertmode ssl_min_protocol_version ssl_max_protocol_version channel_binding require_auth"
        " gssencmode krbsrvname gssdelegation target_session_attrs load_balance_hosts connect_timeout tcp_user_timeout"
        " keepalives keepalives_idle keepalives_interval keepalives_count client_encoding application_name",
        # Of the settings that a session may begin with only that which says where tables are.
        options=r"-c *search_path=[\w,$\"]+",
    ),
)
