"""ClickHouse: a server, by clickhouse-connect. `chdb` is the same engine in this process."""

from __future__ import annotations

import re
import uuid
from contextlib import closing, suppress
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sqlglot import exp

from reportspec.databases import Checkup, Database
from reportspec.errors import SourceError
from reportspec.expression.sandbox import WRITTEN
from reportspec.expression.trees import ZONE, any_of, literal
from reportspec.expression.types import MOMENTS
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import (
    CONNECT_SECONDS,
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
    quotient,
    safe_division,
    unit_of,
)
from reportspec.sql.dialects.generic import greatest, lands, least
from reportspec.sql.dialects.portable import our_zones
from reportspec.sql.dialects.reading import parts_of, plain_day, yes_or_no
from reportspec.sql.dialects.rewrite import (
    TEXTS,
    TIMES,
    WHOLES,
    Dialect,
    Rule,
    Rules,
    Unsupported,
    refusing,
    snippet,
    two_names,
    type_of,
    unsaid,
    with_args,
)

# --- Its SQL --------------------------------------------------------------------------------------


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    return snippet("clickhouse", text, **parts)


@cache
def _type(text: str) -> exp.DataType:
    """A type as ClickHouse writes it, whose words are read when the first is needed."""
    type_built = exp.DataType.build(text, dialect="clickhouse")
    assert isinstance(type_built, exp.DataType)
    return type_built


_TIME, _DATE = "Nullable(DateTime64(6))", "Nullable(Date32)"


# A cast cuts the fraction off. The nearest whole number is meant: of doubles that lie halfway the even
# one, of decimals the one farther from zero.
_NEAREST = """
(i + if(abs(toFloat64(x) - toFloat64(i)) > 0.5 OR (abs(toFloat64(x) - toFloat64(i)) = 0.5
AND (NOT position(toTypeName(x), 'Float') > 0 OR modulo(i, 2) <> 0)), toInt64(sign(toFloat64(x) - toFloat64(i))), 0))
"""


def _clock(at: exp.Expr, source: str, target: str) -> exp.Expr:
    """What the clock of another zone shows, as a time of the session's: so it may be compared with
    times that are written out."""
    return _sql(
        "CAST(toString(toTimeZone(toDateTime64(toString(x), 6, s), z)) AS Nullable(DateTime64(6)))",
        x=at,
        s=exp.Literal.string(source),
        z=exp.Literal.string(target),
    )


def _cast(node: exp.Expr) -> exp.Expr:
    kind, value = type_of(node), node.this
    if kind in TIMES:
        zoned = is_zoned(value)
        if zoned is not None:
            return _clock(*zoned)
        return with_args(node, to=_type(_TIME))
    if kind == "DATE":
        zoned = is_zoned(value)
        if zoned is not None:
            # Its times are instants, whatever the zone in which they are shown.
            at, _, target = zoned
            return _sql("toDate32(x, z)", x=at, z=exp.Literal.string(target))
        return with_args(node, to=_type(_DATE))
    if kind == "DECIMAL" and node.meta.get(WRITTEN):
        # Of floating-point numbers the digits are meant, of which decimals would cut some.
        return with_args(node, this=_sql("toString(x)", x=value))
    if kind in WHOLES and node.meta.get(WRITTEN):
        return _sql(_NEAREST, x=value, i=node)
    return node


def _quantile(node: exp.Expr) -> exp.Expr:
    return exp.CombinedParameterizedAgg(
        this="quantileExactInclusive", expressions=[node.expression], params=[node.this]
    )


def _part(node: exp.Expr) -> exp.Expr:
    if str(node.this.name).upper().startswith("EPOCH"):
        raise Unsupported(unsaid(node, "ClickHouse"))
    return node


def _formatted(node: exp.Expr) -> exp.Expr:
    """A text of a time: minutes have another code, and `%M` is the name of a month."""
    return with_args(node, format=exp.Literal.string(str(node.args["format"].this).replace("%M", "%i")))


def _tried(node: exp.Expr) -> exp.Expr:
    kind = type_of(node)
    if kind not in (*TEXTS, *WHOLES, "DOUBLE", "FLOAT", "DECIMAL"):
        raise Unsupported(unsaid(node, "ClickHouse"))
    return node


# What is one of several values, which may be of several types; the last are what others have become.
_CHOSEN = (exp.Case, exp.If, exp.Coalesce, exp.Greatest, exp.Least, exp.Anonymous)


def _in(node: exp.Expr) -> exp.Expr:
    """IN over a list with a null: what is not in it is unknown, not false. Numbers of several types that have none in
    common are kept as they are, which are equal to numbers of others, but IN finds them in no list."""
    mixed = isinstance(node.this.unnest(), _CHOSEN) and any(item.is_number for item in node.expressions)
    may_be_null = any(item.find(exp.Column) for item in node.expressions)
    if node.meta.get(MOMENTS) or may_be_null or mixed:
        return exp.Paren(
            this=any_of([exp.EQ(this=node.this, expression=exp.Paren(this=item)) for item in node.expressions])
        )
    known = [item for item in node.expressions if not isinstance(item, exp.Null)]
    if len(known) == len(node.expressions):
        return node
    either = exp.Or(this=with_args(node, expressions=known), expression=exp.Null())
    return exp.Paren(this=either)


def _rounded(node: exp.Expr) -> exp.Expr:
    """Away from zero at the half, as the digits are and not as decimals would cut them."""
    digits = node.args.get("decimals")
    scale = 10 ** int(digits.sql()) if digits is not None else 1
    x, by = exp.Paren(this=node.this), exp.Literal.number(scale)
    if scale < 1:
        by = exp.Literal.number(f"{scale:f}".rstrip("0"))
    elif scale == 1:
        return _sql("if(x < 0, ceil(x - 0.5), floor(x + 0.5))", x=x)
    return _sql("(toFloat64(if(x < 0, ceil(x * s - 0.5), floor(x * s + 0.5))) / s)", x=x, s=by)


_MICROS = {"HOUR": 3_600_000_000, "MINUTE": 60_000_000, "SECOND": 1_000_000}


_DAYS = {
    "DAY": "toDate32(x)",
    "WEEK": "toMonday(toDate32(x))",
    "MONTH": "toStartOfMonth(toDate32(x))",
    "QUARTER": "toStartOfQuarter(toDate32(x))",
    "YEAR": "toStartOfYear(toDate32(x))",
}


def _truncated(node: exp.Expr) -> exp.Expr:
    """A time cut to the hour, the month and the like; those before 1970 would be brought up to it."""
    unit = unit_of(node)
    if unit not in (*_MICROS, *_DAYS) or not node.meta.get(WRITTEN):
        return node
    if unit in _DAYS:
        return _sql(_DAYS[unit], x=node.this)
    since = "toUnixTimestamp64Micro(x)"
    early = _sql(f"fromUnixTimestamp64Micro({since} - positiveModulo({since}, {_MICROS[unit]}))", x=node.this)
    before = _sql("x < toDateTime64('1970-01-02 00:00:00', 6)", x=node.this)
    return exp.Case(ifs=[exp.If(this=before, true=early)], default=exp.Cast(this=node, to=_type(_TIME)))


def _padded(node: exp.Expr) -> exp.Expr:
    """By letters, not by bytes."""
    name = "leftPadUTF8" if node.args.get("is_left") else "rightPadUTF8"
    return _called(name, "this", "expression", "fill_pattern")(node)


def _trimmed(node: exp.Expr) -> exp.Expr:
    """Letters to cut off are bytes here: only those that are one can be told."""
    letters = node.args.get("expression")
    if letters is not None and not (isinstance(letters, exp.Literal) and str(letters.this).isascii()):
        raise Unsupported(unsaid(node, "ClickHouse"))
    return node


def _replaced(node: exp.Expr) -> exp.Expr:
    everywhere = "g" in str(node.args.get("modifiers") or "")
    parts = [node.this, node.expression, node.args["replacement"]]
    return exp.Anonymous(this="replaceRegexpAll" if everywhere else "replaceRegexpOne", expressions=parts)


def _quotient(node: exp.Expr) -> exp.Expr:
    """The whole part of a quotient. What is null has a number beneath, which must be one to cast."""
    whole = quotient(node)
    return _sql("if(isNull(x), NULL, toInt64(ifNull(x, 0)))", x=whole.this)


def _called(name: str, *keys: str) -> Rule:
    def made(node: exp.Expr) -> exp.Expr:
        return exp.Anonymous(this=name, expressions=[node.args[k] for k in keys if node.args.get(k)])

    return made


def _there(node: exp.Expr) -> exp.Expr:
    """A count of what is there. Of several values whose types have none in common (a decimal, else a float) each row
    has its own, and a count takes those for there that are null; a comparison with null does not."""
    counted = node.this
    if isinstance(counted, exp.Distinct):
        texts = [_sql("if(isNull(x), NULL, toString(x))", x=x) if _may_mix(x) else x for x in counted.expressions]
        return with_args(node, this=with_args(counted, expressions=texts))
    if not _may_mix(counted):
        return node
    there = exp.Not(this=exp.Is(this=exp.Paren(this=counted), expression=exp.Null()))
    return with_args(node, this=exp.Case(ifs=[exp.If(this=there, true=literal(1))]))


def _may_mix(tree: exp.Expr) -> bool:
    """Whether a value may be of several types: one of several, of which not all are written out."""
    if isinstance(tree, exp.Case) and all(isinstance(item.args["true"], exp.Literal) for item in tree.args["ifs"]):
        return not isinstance(tree.args.get("default"), exp.Literal | exp.Null | None)
    return tree.find(*_CHOSEN) is not None


def _counted(node: exp.Expr) -> exp.Expr:
    """A column that counts: signed, as the typed nulls are that stand beside it in a UNION. A time
    of the source, whose column may have a zone of its own, goes on with the source's clock."""
    if lands(node, "time"):
        zone = exp.Literal.string(str(node.meta[ZONE]))
        return with_args(node, this=_sql("toTimeZone(x, z)", x=exp.Cast(this=node.this, to=_type(_TIME)), z=zone))
    return with_args(node, this=_signed(node.this)) if isinstance(node.this, exp.Count) else node


_NUMBERED = (exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile)


def _window(node: exp.Expr) -> exp.Expr:
    """A window that counts: signed, since 64 bits without a sign have no type in common with what has one."""
    return _signed(node) if isinstance(node.this, _NUMBERED) or _adds_ones(node.this) else node


def _adds_ones(tree: exp.Expr) -> bool:
    """Whether it is the sum of a CASE of whole numbers that are written out."""
    if not isinstance(tree, exp.Sum) or not isinstance(tree.this, exp.Case):
        return False
    results = [*(item.args["true"] for item in tree.this.args["ifs"]), tree.this.args.get("default") or literal(0)]
    return all(isinstance(result, exp.Literal) and str(result.this).isdigit() for result in results)


def _signed(tree: exp.Expr) -> exp.Expr:
    return _sql("toInt64(x)", x=tree)


def _one_scale(node: exp.Expr) -> exp.Expr:
    """A CASE whose results are decimals of one scale: others are not taken together."""
    results = [item.args["true"] for item in node.args["ifs"]]
    if node.args.get("default") is not None:
        results.append(node.args["default"])
    decimals = [r.to for r in results if isinstance(r, exp.Cast) and r.to.this in _DECIMALS]
    if not decimals or len(results) < 2:
        return node

    def same(tree: exp.Expr) -> exp.Expr:
        if isinstance(tree, exp.Null) or (isinstance(tree, exp.Cast) and tree.to == decimals[0]):
            return tree
        return exp.Cast(this=tree, to=decimals[0])

    ifs = [with_args(item, true=same(item.args["true"])) for item in node.args["ifs"]]
    default = node.args.get("default")
    return with_args(node, ifs=ifs, default=same(default) if default is not None else None)


_READ_TIME = """
CASE WHEN match(t, e) THEN parseDateTime64BestEffort(t, 6, z)
WHEN t <> '' THEN parseDateTime64BestEffort(concat('`', t, '`', s), 6, z) END
"""
_READ_DAY = """
CASE WHEN match(t, e) THEN CAST(LEFT(t, 10) AS Nullable(Date32))
WHEN t <> '' THEN CAST(concat('`', t, '`', s) AS Nullable(Date32)) END
"""


def _read(node: exp.Expr) -> exp.Expr:
    """A text that cannot be read is an error, which shows its beginning."""
    if plain_day(node):
        return _cast(node)
    if type_of(node) == "BOOLEAN":
        return yes_or_no(
            node,
            _text,
            lambda x, said: _sql("CAST(concat('`', x, '`', s) AS Nullable(Bool))", x=x, s=exp.Literal.string(said)),
        )
    form = _READ_DAY if type_of(node) == "DATE" else _READ_TIME
    return _sql(form, **parts_of(node, _text))


def _text(value: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="toString", expressions=[value])


_DECIMALS = (exp.DataType.Type.DECIMAL, exp.DataType.Type.DECIMAL128)
RULES: Rules = {
    exp.CTE: inlined_or_not,
    exp.Greatest: greatest,
    exp.Table: two_names("ClickHouse"),
    exp.Least: least,
    exp.Order: nulls_last,
    exp.Alias: _counted,
    exp.Case: _one_scale,
    exp.Cast: _cast,
    exp.Count: _there,
    exp.Lower: lambda node: _sql("lowerUTF8(replaceAll(x, 'İ', 'i'))", x=node.this),
    exp.Pad: _padded,
    exp.Trim: _trimmed,
    exp.UnixToTime: lambda node: _sql("fromUnixTimestamp64Micro(toInt64(floor(x * 1000000)))", x=node.this),
    exp.Window: _window,
    exp.Upper: lambda node: exp.Anonymous(this="upperUTF8", expressions=[node.this]),
    exp.PercentileCont: _quantile,
    **refusing(
        "ClickHouse",
        exp.TimeToUnix,
        exp.RegexpFullMatch,
        exp.ConcatWs,
        exp.StrToTime,
        exp.StrToDate,
        exp.Initcap,
    ),
    exp.DateDiff: difference("clickhouse", "ClickHouse", {"WEEK": ""}, "dateDiff('{lower}', a, b)"),
    exp.DateFromParts: _called("makeDate32", "year", "month", "day"),
    exp.DateTrunc: _truncated,
    exp.TimestampTrunc: _truncated,
    exp.AtTimeZone: our_zones("ClickHouse"),
    exp.Extract: _part,
    exp.TimeToStr: _formatted,
    exp.In: _in,
    exp.IntDiv: _quotient,
    exp.Left: _called("leftUTF8", "this", "expression"),
    exp.RegexpReplace: _replaced,
    exp.Right: _called("rightUTF8", "this", "expression"),
    exp.Round: _rounded,
    exp.SplitPart: lambda node: _sql(
        "if(isNull(x), NULL, arrayElement(splitByString(p, assumeNotNull(x)), n))",
        x=node.this,
        p=node.args["delimiter"],
        n=node.args["part_index"],
    ),
    exp.Substring: _called("substringUTF8", "this", "start", "length"),
    exp.TryCast: _tried,
    exp.Div: safe_division,
}
SETTINGS = {
    "join_use_nulls": "1",
    # Days and times before 1970 are not brought up to it.
    "enable_extended_results_for_datetime_functions": "1",
    "aggregate_functions_null_for_empty": "1",
}
CLICKHOUSE = Dialect(
    "clickhouse",
    "ClickHouse",
    "clickhouse",
    RULES,
    settings=SETTINGS,
    reading=_read,
    cased=True,
    instants=re.compile("DATETIME"),
    single=re.compile(r"(?:Nullable\()?Float32\)?"),
    enums=re.compile(r"(?:Nullable\()?Enum(?:8|16)\(.*", re.DOTALL),
    # Of UInt64 and what has a sign no join is made.
    keys={
        "integer": re.compile("INT(8|16|32|64)|UINT(8|16|32)"),
        "natural": re.compile("UINT64"),
        "uuid": re.compile("UUID"),
    },
)

# --- Its sessions ---------------------------------------------------------------------------------

COLUMNS = """
SELECT database, table, name, type, database = currentDatabase() FROM system.columns
WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') ORDER BY database, table, position
"""


class ServerConnection(KeepsNothing):
    """A session with a ClickHouse server."""

    dialect = CLICKHOUSE

    def __init__(self, client: Any, source: SourceSpec, wanted: Wanted, secrets: Secrets) -> None:
        self._client, self._source, self._wanted, self._secrets = client, source, wanted, secrets
        self._query, self._ended = "", False

    def run(self, sql: str) -> Table:
        """Run one SELECT. Raises SourceError."""
        from clickhouse_connect.driver.exceptions import Error

        self._query = str(uuid.uuid4())
        try:
            answer = self._client.query(sql, settings={"query_id": self._query, **settings_for(sql)})
            return Table(tuple(answer.column_names), tuple(tuple(r) for r in answer.result_rows))
        except Error as error:
            if self._ended:
                raise cancelled() from None
            raise explained(error, self._source, self._wanted, self._secrets) from None
        except OSError as error:
            raise lost_connection(self._source.label, self._secrets.why(error)) from None

    def cancel(self) -> None:
        """End the statement that is running."""
        self._ended = True
        with suppress(Exception), closing(_client(self._source, self._wanted)) as other:
            other.command(f"KILL QUERY WHERE query_id = '{self._query}'")

    def close(self) -> None:
        """Give the session back."""
        self._client.close()

    def beside(self) -> ServerConnection | None:
        """Another session with the same server."""
        return open_clickhouse(self._source, self._wanted)

    def loose(self) -> Loose:
        """None: texts are bytes there."""
        return frozenset()

    def columns(self) -> dict[str, dict[str, str]]:
        """The columns of each table and view."""
        return columns_of(self.run(COLUMNS))


def columns_of(table: Table) -> dict[str, dict[str, str]]:
    """What `COLUMNS` gave, by tables; those of the session's database also by their bare names."""
    columns: dict[str, dict[str, str]] = {}
    for schema, name, column, kind, is_own in table.rows:
        columns.setdefault(f"{schema}.{name}", {})[column] = kind
        if is_own:
            columns.setdefault(name, {})[column] = kind
    return columns


def settings_of(wanted: Wanted) -> dict[str, Any]:
    """The settings of a session."""
    return {
        "session_timezone": wanted.zone if wanted.zone != "UTC" else "UTC",
        "max_execution_time": wanted.timeout,
        "output_format_json_quote_64bit_integers": 0,
        "output_format_json_quote_decimals": 1,
        "output_format_json_quote_denormals": 1,
    }


_LONG = 50_000  # letters, of which none needs what the settings below allow


def settings_for(sql: str) -> dict[str, int]:
    """What a statement needs that is longer, or of more parts, than a server takes unless it is told to. Of others
    nothing is asked, since an administrator may have fixed these settings."""
    if len(sql) <= _LONG:
        return {}
    return {"max_query_size": 1 << 28, "max_ast_elements": 1 << 24, "max_expanded_ast_elements": 1 << 24}


def _client(source: SourceSpec, wanted: Wanted) -> Any:
    import clickhouse_connect

    url = urlsplit(source.path)
    extra = dict(parse_qsl(url.query))
    secure = url.scheme.startswith("clickhouses") or extra.pop("secure", "") in ("1", "true")
    settings = {k: v for k, v in settings_of(wanted).items() if not k.startswith("output_")}
    return clickhouse_connect.get_client(
        host=url.hostname or "localhost",
        port=url.port or (8443 if secure else 8123),
        username=unquote(url.username or "default"),
        password=unquote(url.password or ""),
        database=unquote(url.path.strip("/")) or "default",
        secure=secure,
        connect_timeout=CONNECT_SECONDS,
        send_receive_timeout=wanted.timeout + 30,
        client_name="reportspec",
        # Whoever is killed tells nobody: the server ends what nobody waits for.
        settings={**settings, "readonly": 2, "cancel_http_readonly_queries_on_client_close": 1},
    )


def open_clickhouse(source: SourceSpec, wanted: Wanted) -> ServerConnection:
    """A session over a `clickhouse://` URL. Raises SourceError."""
    try:
        import clickhouse_connect  # noqa: F401
    except ImportError:
        raise missing_driver(DATABASE.label, DATABASE.extra) from None
    secrets = Secrets(source.path)
    try:
        client = _client(source, wanted)
    except Exception as error:  # the driver lets those of its HTTP library through
        raise not_let_in(source.label, secrets.masked(_said(error))) from None
    return ServerConnection(client, source, wanted, secrets)


def _said(error: Exception) -> str:
    """What the server said; the first line of the driver's own text may say less."""
    whole = str(error)
    code = re.search(r"[Cc]ode:? (\d+)", whole)
    meant = {
        "81": "UNKNOWN_DATABASE: ",
        "192": "no such user: ",
        "193": "wrong password: ",
        "202": "too many connections: ",
        "194": "REQUIRED_PASSWORD: ",
        "516": "authentication failed: ",
    }
    return (meant.get(code[1], "") if code else "") + first_line(error)


def explained(error: Exception, source: SourceSpec, wanted: Wanted, secrets: Secrets) -> SourceError:
    """What an error of a statement means."""
    why = secrets.why(error)
    code = re.search(r"Code: (\d+)", str(error)) or re.search(r"code:? (\d+)", str(error))
    number = int(code[1]) if code else 0
    if number == 60:
        name = re.search(r"[Tt]able (\S+) does(?:n't| not) exist|identifier '([^']+)'", why)
        return no_table(next((g for g in name.groups() if g), why) if name else why)
    if number == 47:
        name = re.search(r"identifiers? [`']([^`']+)[`']", why)
        return no_column(name[1] if name else why)
    if number in (159, 160):
        return timed_out(wanted.timeout)
    if number in (394,):
        return cancelled()
    if number in (497, 164):
        return not_allowed(why)
    if number in (6, 38, 41, 53, 70, 72, 467):
        return unreadable(why)
    if number in (209, 210, 3) or "Connection" in type(error).__name__:
        return lost_connection(source.label, why)
    return refused(why)


DATABASE = Database(
    "clickhouse",
    "ClickHouse",
    ("clickhouse", "clickhouses"),
    "clickhouse",
    "clickhouse://reader:${PASSWORD}@host/crm",
    CLICKHOUSE,
    open_clickhouse,
    Checkup("SELECT version()", (24, 8)),
    options=url_options("secure"),
    schemas_are_databases=True,
)
