"""Expressions that people write: one scalar SQL expression each, of allow-listed parts.

`parse` turns text into a sqlglot tree and refuses everything that is not on the lists below:
statements, subqueries, functions that could read files, the network or settings, and nodes that
are not known to be harmless. Only trees go on from here; text never reaches a database.
"""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

CANONICAL = "duckdb, normalization_strategy=case_sensitive"
LONGEST = 4000
DEEPEST = 40

# Node types that may stand in an expression. A scalar function is allowed by its own node type or,
# where sqlglot has none for it, by its name in ANONYMOUS.
NODES: tuple[type[exp.Expr], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Neg,
    exp.And, exp.Or, exp.Xor, exp.Not, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.Escape,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe, exp.Dot, exp.Tuple,
    exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Cast, exp.TryCast, exp.DataType,
    exp.DataTypeParam, exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Left, exp.Right,
    exp.Substring, exp.Concat, exp.ConcatWs, exp.Replace, exp.StartsWith, exp.EndsWith,
    exp.Contains, exp.RegexpLike, exp.RegexpReplace, exp.RegexpExtract, exp.RegexpFullMatch,
    exp.SplitPart, exp.Abs, exp.Round, exp.Ceil, exp.Floor, exp.Greatest, exp.Least,
    exp.StrToTime, exp.StrToDate, exp.TimeToStr, exp.Extract, exp.DateDiff, exp.DateAdd,
    exp.DateSub, exp.Interval, exp.Var, exp.Date, exp.Timestamp, exp.TsOrDsToDate, exp.UnixToTime,
    exp.DateTrunc, exp.TimestampTrunc, exp.Year, exp.Month, exp.Day, exp.AtTimeZone,
    exp.TsOrDsToTimestamp, exp.Initcap, exp.Pad, exp.IntDiv,
    exp.Sqrt, exp.TimeToUnix, exp.DateFromParts,
    exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathKey, exp.JSONPathRoot,
)  # fmt: skip
# The catalogue's own functions, which `sql/functions.py` turns into SQL.
OWN_FUNCTIONS = frozenset(
    {"DAYS_BETWEEN", "MINUTES_BETWEEN", "SECONDS_BETWEEN", "LOCAL_DATE", "LOCAL_WEEKDAY",
     "MONTH_AFTER", "CONVERTED"}
)  # fmt: skip
ANONYMOUS = OWN_FUNCTIONS | frozenset({"GOAL", "TO_TIMESTAMP", "STRPTIME", "STRFTIME", "MAKE_DATE"})
# What derived entities of the catalogue may use besides: windows and aggregates.
WINDOW_NODES: tuple[type[exp.Expr], ...] = (
    exp.Window, exp.WindowSpec, exp.Order, exp.Ordered, exp.Lag, exp.Lead, exp.RowNumber,
    exp.Min, exp.Max, exp.Sum, exp.Count, exp.Avg, exp.FirstValue, exp.LastValue,
    exp.Ntile, exp.Rank, exp.DenseRank, exp.Distinct,
)  # fmt: skip
TYPES = frozenset(
    {"VARCHAR", "TEXT", "CHAR", "NVARCHAR", "INT", "BIGINT", "SMALLINT", "TINYINT", "DOUBLE",
     "FLOAT", "DECIMAL", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPNTZ",
     "DATETIME", "TIME", "UBIGINT", "UINT", "INTERVAL", "UNKNOWN", "TIMESTAMP_S", "TIMESTAMP_MS",
     "DATETIME2", "TIMESTAMPLTZ"}
)  # fmt: skip


class Refused(Exception):
    """The text is not an expression that may be used; the message says why, for a user."""


def parse(text: str, dialect: str = CANONICAL, *, windows: bool = False) -> exp.Expr:
    """The tree of one scalar expression. Raises `Refused`, and nothing else, for anything else."""
    if len(text) > LONGEST:
        raise Refused(f"the expression is longer than {LONGEST:,} characters")
    if _depth(text) > DEEPEST:
        raise Refused(f"the expression is nested deeper than {DEEPEST} levels")
    if text.count("\0"):
        raise Refused("the expression has a NUL character")
    tree = _parse(text, dialect)
    for node in tree.walk():
        _allow(node, windows)
    if _letters(tree) > MOST_LETTERS:
        raise Refused(f"the expression may make texts of more than {MOST_LETTERS:,} letters")
    return tree.copy()


@lru_cache(maxsize=4096)
def _parse(text: str, dialect: str) -> exp.Expr:
    try:
        trees = sqlglot.parse(text, dialect=dialect)
    except (SqlglotError, RecursionError) as error:
        raise Refused(_why(error)) from None
    if len(trees) != 1 or trees[0] is None:
        raise Refused("one expression is wanted, without `;`" if trees else "it is empty")
    tree = trees[0]
    for node in tree.walk():
        node.comments = None
        node._meta = None  # positions in the text, which every copy would copy too
    return tree


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the expression is nested too deeply"
    told = getattr(error, "errors", None) or [{}]
    near = str(told[0].get("highlight") or "").strip()[:40]
    first = str(error).splitlines()[0].split(". Line")[0].rstrip(".") if str(error) else ""
    if "<class" in first:
        first = "a part of it is missing"
    near = f", at `{near}`" if near and near not in first else ""
    return f"it is not an SQL expression: {first or 'it cannot be read'}{near}"


MOST_LETTERS = 100_000  # of one text that an expression makes
_OF_COLUMN = 200  # letters that a text of the data is taken to have


def _letters(node: exp.Expr) -> int:
    """How many letters the texts of an expression may have, as far as the expression itself can make
    them longer. Raises Refused where that cannot be told."""
    if isinstance(node, exp.Literal):
        return len(str(node.this))
    if isinstance(node, exp.Column):
        return _OF_COLUMN
    inner = sum(_letters(one) for one in node.iter_expressions())
    if isinstance(node, exp.Pad):
        return max(inner, _number(node.expression, "the length that a text is filled up to"))
    if isinstance(node, exp.Cast) and node.to.this.value in ("CHAR", "NCHAR"):
        sizes = [_number(one.this, "the length of a type") for one in node.to.expressions]
        return max(inner, *sizes) if sizes else inner
    if isinstance(node, (exp.Replace, exp.RegexpReplace)):
        new = node.args.get("replacement")
        return _letters(node.this) * max(1, _letters(new) if isinstance(new, exp.Expr) else 0)
    return inner


def _number(node: exp.Expr | None, what: str) -> int:
    """A whole number as it is written, at most MOST_LETTERS. Raises Refused."""
    text = str(node.this) if isinstance(node, exp.Literal) and not node.is_string else ""
    if not text.isdigit() or int(text[:9]) > MOST_LETTERS or len(text) > 9:
        raise Refused(f"{what} is a whole number up to {MOST_LETTERS:,}")
    return int(text)


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    words = text.lower().split()
    return max(deepest, words.count("case"), words.count("not") // 4)


def _allow(node: exp.Expr, windows: bool) -> None:
    if isinstance(node, exp.Anonymous):
        name = str(node.this).upper()
        if name not in ANONYMOUS:
            raise Refused(f"the function `{name.lower()}` may not be used here")
        return
    if windows and isinstance(node, exp.Star) and isinstance(node.parent, exp.Count):
        return
    if type(node) in NODES or (windows and type(node) in WINDOW_NODES):
        if isinstance(node, exp.DataType) and node.this.value not in TYPES:
            raise Refused(f"the type `{node.sql()}` may not be used here")
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            raise Refused("`*` may not be used here")
        return
    if isinstance(node, (exp.Query, exp.Subquery)):
        raise Refused("a subquery may not be used here; name a field or define an entity")
    if isinstance(node, (exp.DDL, exp.DML, exp.Command)):
        raise Refused("a statement may not be used here, only an expression")
    if isinstance(node, (exp.AggFunc, exp.Window)):
        raise Refused("an aggregate may not be used here; define a metric for it")
    if isinstance(node, exp.Func):
        raise Refused(f"the function `{node.sql_name().lower()}` may not be used here")
    if isinstance(node, (exp.Placeholder, exp.Parameter)):
        raise Refused("a placeholder may not be used here; write the value, or `{{ params.name }}`")
    raise Refused(f"`{node.key}` may not be used in an expression")


def columns(tree: exp.Expr) -> tuple[tuple[str, ...], ...]:
    """The dotted names in a tree, in order: `deal.stage.is_won` is `("deal", "stage", "is_won")`."""
    return tuple(path_of(node) for node in column_nodes(tree))


def column_nodes(tree: exp.Expr) -> list[exp.Expr]:
    """The nodes that name a field: a Column, or the outermost Dot over one for long paths."""
    found: list[exp.Expr] = []
    for node in tree.walk():
        if isinstance(node, exp.Dot) and not isinstance(node.parent, exp.Dot):
            found.append(node)
        elif isinstance(node, exp.Column) and not isinstance(node.parent, exp.Dot):
            found.append(node)
    return found


def path_of(node: exp.Expr) -> tuple[str, ...]:
    """The dotted name of a Column or Dot node."""
    if isinstance(node, exp.Dot):
        return (*path_of(node.this), node.expression.name)
    return tuple(part.name for part in node.parts) if isinstance(node, exp.Column) else (node.name,)
