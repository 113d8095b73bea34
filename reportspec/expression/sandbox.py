"""Expressions that people write: one scalar SQL expression each, of allow-listed parts.

`parse` turns text into a sqlglot tree and refuses everything that is not on the lists below:
statements, subqueries, functions that could read files, the network or settings, and nodes that
are not known to be harmless. What a writer of SQL prints as it stands (units, parts of dates, types,
formats, flags) comes from closed lists, since there a text would be SQL of its author's own. Only
trees go on from here; text never reaches a database.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache

import sqlglot
from sqlglot import Dialect, exp
from sqlglot.errors import SqlglotError

from reportspec.expression.patterns import NotAlike, Unclosed, for_all
from reportspec.expression.trees import nodes_in

CANONICAL = "duckdb, normalization_strategy=case_sensitive"
LONGEST = 4000
DEEPEST = 40
MOST_LEVELS = 120

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
PERSONAL_FUNCTIONS = frozenset({"HAS_EMAIL", "HAS_PHONE", "HAS_CARD_NUMBER", "HAS_IBAN"})  # what they find in a text
OWN_FUNCTIONS = PERSONAL_FUNCTIONS | {
    "DAYS_BETWEEN",
    "MINUTES_BETWEEN",
    "SECONDS_BETWEEN",
    "LOCAL_DATE",
    "LOCAL_WEEKDAY",
    "MONTH_AFTER",
    "CONVERTED",
}
# How many arguments they take.
_TAKES = {
    "DAYS_BETWEEN": 2,
    "MINUTES_BETWEEN": 2,
    "SECONDS_BETWEEN": 2,
    "LOCAL_DATE": 1,
    "LOCAL_WEEKDAY": 1,
    "MONTH_AFTER": 1,
    "CONVERTED": 2,
    **dict.fromkeys(PERSONAL_FUNCTIONS, 1),
    "EACH_PART": 2,
}
EACH_PART = "EACH_PART"  # each piece of a text between separators, by which a mapping joins a table beside another
GOAL = "GOAL"  # what a metric's goal is, which only formulas of metrics may ask
ANONYMOUS = OWN_FUNCTIONS | frozenset({EACH_PART, GOAL, "TO_TIMESTAMP", "STRPTIME", "STRFTIME", "MAKE_DATE"})
# What derived entities of the catalogue may use besides: windows and aggregates.
WINDOW_NODES: tuple[type[exp.Expr], ...] = (
    exp.Window, exp.WindowSpec, exp.Order, exp.Ordered, exp.Lag, exp.Lead, exp.RowNumber,
    exp.Min, exp.Max, exp.Sum, exp.Count, exp.Avg, exp.FirstValue, exp.LastValue,
    exp.Ntile, exp.Rank, exp.DenseRank, exp.Distinct,
)  # fmt: skip
# What aggregates of a foreign model may use besides, which becomes metrics of the catalogue.
AGGREGATE_NODES: tuple[type[exp.Expr], ...] = (
    exp.Min, exp.Max, exp.Sum, exp.Count, exp.Avg, exp.Distinct, exp.Median, exp.PercentileCont,
    exp.WithinGroup, exp.Order, exp.Ordered, exp.Filter, exp.Where, exp.CountIf,
)  # fmt: skip
# What mappings may use besides, of lists and JSON values that a source has in a column.
LIST_NODES: tuple[type[exp.Expr], ...] = (
    exp.Bracket, exp.JSONExtract, exp.JSONValue, exp.JSONPathSubscript, exp.ArrayToString,
)  # fmt: skip
TYPES = frozenset(
    {"VARCHAR", "TEXT", "CHAR", "NVARCHAR", "INT", "BIGINT", "SMALLINT", "TINYINT", "DOUBLE",
     "FLOAT", "DECIMAL", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPNTZ",
     "DATETIME", "TIME", "UBIGINT", "UINT", "TIMESTAMP_S", "TIMESTAMP_MS",
     "DATETIME2", "TIMESTAMPLTZ"}
)  # fmt: skip

_UNITS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")
UNITS = frozenset({*_UNITS, *(f"{unit}S" for unit in _UNITS)})
PARTS = UNITS | {
    "DOW",
    "DAYOFWEEK",
    "ISODOW",
    "DAYOFWEEKISO",
    "DOY",
    "DAYOFYEAR",
    "WEEKISO",
    "WEEKOFYEAR",
    "ISOYEAR",
    "YEAROFWEEKISO",
    "EPOCH",
    "EPOCH_SECOND",
}
# Parts and units with the names by which all databases know them.
_NAMED: Mapping[str, str] = {
    **{f"{unit}S": unit for unit in _UNITS},
    "DAYOFWEEK": "DOW",
    "DAYOFWEEKISO": "ISODOW",
    "DAYOFYEAR": "DOY",
    **dict.fromkeys(("WEEKISO", "WEEKOFYEAR"), "WEEK"),
    "YEAROFWEEKISO": "ISOYEAR",
    "EPOCH_SECOND": "EPOCH",
}
# Where a unit stands, and which ones may.
_UNIT_ARGS: Mapping[tuple[type[exp.Expr], str], frozenset[str]] = {
    (exp.Extract, "this"): PARTS,
    **{
        (kind, "unit"): UNITS
        for kind in (exp.Interval, exp.DateDiff, exp.DateAdd, exp.DateSub, exp.DateTrunc, exp.TimestampTrunc)
    },
}
# Texts that must be written out and look so: databases read them by rules of their own.
_FORMAT = re.compile(r"(%-?[A-Za-z]|%%|[\w \t,./:+()-])*", re.ASCII)
_ZONE = re.compile(r"[\w+/:-]{1,64}", re.ASCII)
_TEXT_ARGS: Mapping[tuple[type[exp.Expr], str], tuple[re.Pattern[str], str]] = {
    (exp.StrToTime, "format"): (_FORMAT, "the format of a time"),
    (exp.StrToDate, "format"): (_FORMAT, "the format of a day"),
    (exp.TimeToStr, "format"): (_FORMAT, "the format of a time"),
    (exp.TsOrDsToDate, "format"): (_FORMAT, "the format of a day"),
    (exp.AtTimeZone, "zone"): (_ZONE, "a time zone"),
    (exp.RegexpLike, "flag"): (re.compile("[cgimnsx]{0,7}"), "the flags of a pattern"),
    (exp.RegexpReplace, "modifiers"): (re.compile("[cgimnsx]{0,7}"), "the flags of a pattern"),
    (exp.Escape, "expression"): (re.compile(".", re.DOTALL), "the sign of `escape`"),
}
# Numbers that must be written out: databases want them so, or read a text there as SQL.
_NUMBER_ARGS = frozenset(
    {(exp.RegexpExtract, "group"), (exp.DataTypeParam, "this"), (exp.WindowSpec, "start"), (exp.WindowSpec, "end")}
)
# Arguments that the writers of SQL print raw, or that mean too little alike to be let through.
_NEVER: Mapping[type[exp.Expr], tuple[str, ...]] = {
    exp.Cast: ("action", "default", "format"),
    exp.TryCast: ("action", "default", "format"),
    exp.DataType: ("collate", "kind", "values"),
    exp.DataTypeParam: ("expression",),
    exp.In: ("field", "query", "unnest", "is_global"),
    exp.Column: ("join_mark", "shadow"),
    exp.Trim: ("collation",),
    exp.Ceil: ("to",),
    exp.Floor: ("to",),
    exp.Round: ("truncate",),
    exp.Length: ("binary", "encoding"),
    exp.RegexpReplace: ("occurrence", "position"),
    exp.RegexpExtract: ("occurrence", "position", "parameters"),
    exp.RegexpFullMatch: ("options",),
    exp.StrToTime: ("default_year", "nlsparam", "target_type", "zone"),
    exp.StrToDate: ("default_year", "nlsparam"),
    exp.TimeToStr: ("culture", "zone"),
    exp.DateDiff: ("zone",),
    exp.DateTrunc: ("zone",),
    exp.TimestampTrunc: ("zone",),
    exp.TsOrDsToDate: ("default_date",),
    exp.UnixToTime: ("format", "hours", "minutes", "target_type", "zone"),
    exp.Date: ("zone", "expressions"),
    exp.Timestamp: ("zone", "with_tz"),
    exp.JSONExtractScalar: ("expressions", "json_type"),
    exp.JSONExtract: tuple({*exp.JSONExtract.arg_types} - {"this", "expression", "only_json_types"}),
    exp.JSONValue: ("returning", "on_condition"),
    exp.Bracket: ("returns_list_for_maps", "json_access"),
    exp.Window: ("alias", "first"),
    exp.WindowSpec: ("exclude",),
    exp.Order: ("siblings",),
    exp.Ordered: ("with_fill",),
    exp.Distinct: ("on",),
}
# The bare words that sqlglot keeps as text, by node and argument.
_WORDS: Mapping[tuple[type[exp.Expr], str], frozenset[str]] = {
    (exp.Trim, "position"): frozenset({"LEADING", "TRAILING", "BOTH"}),
    (exp.Window, "over"): frozenset({"OVER"}),
    (exp.WindowSpec, "kind"): frozenset({"ROWS", "RANGE"}),
    (exp.WindowSpec, "start"): frozenset({"UNBOUNDED", "CURRENT ROW"}),
    (exp.WindowSpec, "end"): frozenset({"UNBOUNDED", "CURRENT ROW"}),
    (exp.WindowSpec, "start_side"): frozenset({"PRECEDING", "FOLLOWING"}),
    (exp.WindowSpec, "end_side"): frozenset({"PRECEDING", "FOLLOWING"}),
}
_JSON_KEY = re.compile(r"[\w -]{1,200}")
_PLACE = re.compile(r"\d{1,4}", re.ASCII)
_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_STRETCH = re.compile(r"[+-]?\d{1,12}(\.\d{1,9})?", re.ASCII)
LONGEST_NAME = 256
DIGITS = 38

WRITTEN = "written"  # in the meta of a node: people wrote it


class Refused(Exception):
    """The text is not an expression that may be used; the message says why, for a user."""


def parse(
    text: str,
    dialect: str = CANONICAL,
    *,
    windows: bool = False,
    aggregates: bool = False,
    packaged: bool = False,
    formula: bool = False,
    lists: bool = False,
) -> exp.Expr:
    """The tree of one scalar expression, of metrics if it is a `formula`, or with `aggregates` of one over many rows;
    with `lists` it may take parts of lists and JSON values. Raises `Refused`, and nothing else, for anything else.
    Nodes are marked as written by people, unless the expression is the package's own."""
    read = _allowed_packaged if packaged else _allowed
    tree = read(text, dialect, windows, aggregates, packaged, formula, lists).copy()
    if not packaged:
        for node in tree.walk():
            node.meta[WRITTEN] = True
    return tree


def _allowed(
    text: str, dialect: str, windows: bool, aggregates: bool, packaged: bool, formula: bool, lists: bool
) -> exp.Expr:
    """The tree of an expression that may be used, which nobody changes. Raises `Refused`."""
    if len(text) > LONGEST:
        raise Refused(f"the expression is longer than {LONGEST:,} characters")
    if _depth(text) > DEEPEST:
        raise Refused(f"the expression is nested deeper than {DEEPEST} levels")
    if text.count("\0"):
        raise Refused("the expression has a NUL character")
    if not text.isprintable() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Refused("the expression has half a character (a lone surrogate)")
    tree = (_parse if packaged else _written)(text, dialect)
    if _levels(tree) > MOST_LEVELS:
        raise Refused(f"the expression is a chain of more than {MOST_LEVELS} operators; write `in (…)` for many values")
    besides = WINDOW_NODES if windows else AGGREGATE_NODES if aggregates else ()
    besides += LIST_NODES if lists else ()
    for node in tree.walk():
        _allow(node, besides, formula)
        if dialect == CANONICAL:
            _alike(node)
            _name_unit(node)
    if _letters(tree) > MOST_LETTERS:
        raise Refused(f"the expression may make texts of more than {MOST_LETTERS:,} letters")
    return tree


def _name_unit(node: exp.Expr) -> None:
    """Give the part of a time that is taken, or to which it is cut, the name that all databases know."""
    key = "this" if isinstance(node, exp.Extract) else "unit"
    unit = node.args.get(key) if isinstance(node, (exp.Extract, exp.DateTrunc, exp.TimestampTrunc)) else None
    if unit is not None and str(unit.this).upper() in _NAMED:
        unit.set("this", _NAMED[str(unit.this).upper()])


def _parse(text: str, dialect: str) -> exp.Expr:
    try:
        trees = _read(text, dialect)
    except _UNREAD as error:
        raise Refused(_why(error)) from None
    if len(trees) != 1 or trees[0] is None:
        raise Refused("one expression is wanted, without `;`" if trees else "it is empty")
    tree = trees[0]
    for node in tree.walk():
        node.comments = None
        node._meta = None  # positions in the text, which every copy would copy too
    return tree


# What ships is asked for again by every report, what people wrote by the one at hand.
_allowed_packaged = lru_cache(maxsize=4096)(_allowed)
_written = lru_cache(maxsize=1024)(_parse)

# What readers of SQL raise; all but the first two where an odd text is not what they take for granted.
_UNREAD = (
    SqlglotError,
    RecursionError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
)


def _read(text: str, dialect: str) -> list[exp.Expr | None]:
    """The trees of a text as an expression, so that a word which may also begin a statement is a name
    or a call (`replace(a, b, c)`, `comment = 'x'`). What is none is read as statements, so as to say
    which. Raises one of _UNREAD."""
    spoken = Dialect.get_or_raise(dialect)
    opened = f"({text}"  # since some readers take all after a word that begins a text for one command
    try:
        tokens = spoken.tokenize(opened)[1:]
        return list(spoken.parser().parse_into(exp.Condition, tokens, opened)) if tokens else []
    except _UNREAD:
        return list(sqlglot.parse(text, dialect=dialect))


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the expression is nested too deeply"
    if not isinstance(error, SqlglotError):
        return "it is not an SQL expression: it cannot be read"
    details = getattr(error, "errors", None) or [{}]
    near = str(details[0].get("highlight") or "").strip()[:40]
    first = str(error).splitlines()[0].split(". Line")[0].rstrip(".") if str(error) else ""
    if "<class" in first or "<Token" in first:
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
    inner = sum(_letters(child) for child in node.iter_expressions())
    if isinstance(node, exp.Pad):
        return max(inner, _number(node.expression, "the length that a text is filled up to"))
    if isinstance(node, exp.Cast) and node.to.this.value in ("CHAR", "NCHAR"):
        sizes = [_number(parameter.this, "the length of a type") for parameter in node.to.expressions]
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


def _levels(tree: exp.Expr) -> int:
    """How many nodes lie within one another: a chain of operators has a level for each."""
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [inner for node in level for inner in node.iter_expressions()]
    return deepest


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


def _allow(node: exp.Expr, besides: tuple[type[exp.Expr], ...], formula: bool) -> None:
    if isinstance(node, exp.Anonymous):
        name = str(node.this).upper()
        if name not in ANONYMOUS:
            raise Refused(_no_function(name))
        if name == GOAL and not formula:
            raise Refused("`goal` may only be used in the formula of a metric")
        wanted = _TAKES.get(name)
        if wanted is not None and len(node.expressions) != wanted:
            raise Refused(f"`{name.lower()}` takes {wanted} argument{'s' * (wanted > 1)}")
        if name == EACH_PART:
            _allow_each(node, besides)
        if name == "CONVERTED" and not isinstance(node.expressions[0], (exp.Column, exp.Dot)):
            raise Refused("`converted` takes a field that holds an amount, and a time")
        return
    if besides and isinstance(node, exp.Star) and isinstance(node.parent, exp.Count):
        return
    if type(node) in NODES or type(node) in besides:
        if isinstance(node, exp.DataType) and (
            not isinstance(node.this, exp.DataType.Type) or node.this.value not in TYPES
        ):
            raise Refused(f"the type `{_short(node.sql())}` may not be used here")
        if isinstance(node, exp.DataType):
            _allow_sizes(node)
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            raise Refused("`*` may not be used here")
        if isinstance(node, exp.ConcatWs) and len(node.expressions) < 2:
            raise Refused("`concat_ws` takes what stands between the texts, and the texts")
        for name, value in node.args.items():
            if value is not None and value is not False and value != []:
                _allow_part(node, name, value)
        return
    if isinstance(node, (exp.Query, exp.Subquery)):
        raise Refused("a subquery may not be used here; name a field or define an entity")
    if isinstance(node, exp.Alias):
        raise Refused("it is not an SQL expression: two names stand beside each other")
    if isinstance(node, (exp.DDL, exp.DML, exp.Command)):
        raise Refused("a statement may not be used here, only an expression")
    if isinstance(node, (exp.AggFunc, exp.Window)):
        raise Refused("an aggregate may not be used here; define a metric for it")
    if isinstance(node, LIST_NODES):
        raise Refused("parts of lists and JSON values are taken in a mapping: map a field that has them, and name that")
    if isinstance(node, exp.Func):
        raise Refused(_no_function(node.sql_name()))
    if isinstance(node, (exp.Placeholder, exp.Parameter)):
        raise Refused("a placeholder may not be used here; write the value, or `{{ params.name }}`")
    raise Refused(f"`{node.key}` may not be used in an expression")


def _allow_each(node: exp.Anonymous, besides: tuple[type[exp.Expr], ...]) -> None:
    mark = node.expressions[1]
    if not set(LIST_NODES) <= set(besides):
        raise Refused("`each_part` is for mappings: for `on` of a table beside another one")
    if not isinstance(mark, exp.Literal) or not mark.is_string or not str(mark.this).strip():
        raise Refused("what stands between the parts is a text that is written out, and no blank")


def _no_function(name: str) -> str:
    """That a function is none of those that may be used, with what says the same, where there is such."""
    part = name.upper().replace("_", "")
    instead = f"extract({_NAMED.get(part, part).lower()} from …)" if part in PARTS else _INSTEAD.get(name.upper(), "")
    return f"the function `{name.lower()}` may not be used here" + (f"; write `{instead}`" if instead else "")


# What says the same as functions that databases have under other names; a unit is one of PARTS.
_INSTEAD = {
    **dict.fromkeys(("DATE_PART", "DATEPART"), "extract(hour from …)"),
    **dict.fromkeys(("WEEKDAY", "DAYOFWEEK_ISO"), "extract(isodow from …)"),
    **dict.fromkeys(("NOW", "GETDATE", "SYSDATE", "CURRENT_TIMESTAMP", "CURRENT_DATE", "TODAY"), "as_of"),
    **dict.fromkeys(("TO_CHAR", "DATE_FORMAT", "MONTHNAME", "DAYNAME"), "strftime(…, '%B')"),
}


# The largest numbers that may stand behind a type's name: what all databases have.
_SIZES: Mapping[str, tuple[int, ...]] = {
    "DECIMAL": (DIGITS, 30),
    **dict.fromkeys(("VARCHAR", "NVARCHAR", "CHAR"), (4_000,)),
    **dict.fromkeys(
        ("TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPNTZ", "TIMESTAMPLTZ", "DATETIME", "DATETIME2", "TIME"), (6,)
    ),
}


def _allow_sizes(node: exp.DataType) -> None:
    """The numbers behind a type's name, which databases refuse each beyond a limit of its own."""
    name, limits = node.this.value, _SIZES.get(node.this.value, ())
    arguments = node.expressions
    sizes = [
        int(str(argument.this.this))
        for argument in arguments
        if isinstance(argument, exp.DataTypeParam)
        and isinstance(argument.this, exp.Literal)
        and not argument.this.is_string
        and str(argument.this.this).isdecimal()
        and len(str(argument.this.this)) < 10
    ]
    if (
        len(sizes) < len(arguments)
        or len(arguments) > len(limits)
        or any(n > most for n, most in zip(sizes, limits, strict=False))
    ):
        most = f"; there is at most `{name.lower()}({', '.join(map(str, limits))})`" if limits else ""
        raise Refused(f"the type `{_short(node.sql())}` may not be used here{most}")
    if name == "DECIMAL" and (sizes[:1] == [0] or (len(sizes) == 2 and sizes[1] > sizes[0])):
        raise Refused(f"`{_short(node.sql())}` has more digits behind the point than digits")


def _allow_part(node: exp.Expr, name: str, value: object) -> None:
    """One argument of a node that may stand: what is printed as it stands is on a list."""
    kind = type(node)
    if name in _NEVER.get(kind, ()):
        raise Refused(f"`{node.key}` with `{name}` may not be used in an expression")
    if (kind, name) in _UNIT_ARGS:
        _allow_unit(node, value, _UNIT_ARGS[kind, name])
    elif isinstance(value, exp.Var):
        raise Refused(f"the word `{_short(value.name)}` may not be used here")
    elif (kind, name) in _TEXT_ARGS:
        pattern, what = _TEXT_ARGS[kind, name]
        if not isinstance(value, exp.Literal) or not value.is_string:
            raise Refused(f"{what} is a text that is written out")
        if not pattern.fullmatch(str(value.this)):
            raise Refused(f"`{_short(str(value.this))}` is not {what}")
    elif isinstance(value, str):
        _allow_text(node, name, value)
    elif (kind, name) in _NUMBER_ARGS:
        if not isinstance(value, exp.Literal) or not re.fullmatch(r"\d{1,4}", str(value.this), re.ASCII):
            raise Refused(f"`{node.key}` takes a small whole number, written out")
    elif isinstance(node, exp.Bracket) and name == "expressions":
        _allow_place(node)
    elif isinstance(node, (exp.JSONExtract, exp.JSONValue)) and name in ("expression", "path"):
        if not isinstance(value, exp.JSONPath):
            raise Refused("a path into JSON is written out")
    elif isinstance(node, exp.JSONPathSubscript):
        if type(value) is not int or not 0 <= value <= MOST_PLACES:
            raise Refused(f"a place in a JSON list is a number from 0 to {MOST_PLACES:,}")
    elif isinstance(node, exp.DataType) and name == "expressions":
        if not all(isinstance(item, exp.DataTypeParam) for item in node.expressions):
            raise Refused(f"the type `{_short(node.sql())}` may not be used here")
    elif isinstance(node, exp.Dot) and name == "expression":
        if not isinstance(value, exp.Identifier):
            raise Refused("after a dot stands a name")
    elif isinstance(value, exp.Identifier) and not isinstance(node, exp.Column):
        raise Refused(f"the name `{_short(value.name)}` may not stand here")
    elif isinstance(node, exp.Interval) and name == "this":
        if isinstance(value, exp.Literal) and not _STRETCH.fullmatch(str(value.this)):
            raise Refused(f"`{_short(str(value.this))}` is not a number of `{node.args.get('unit')}`")


MOST_PLACES = 9_999  # of a list


def _allow_place(node: exp.Bracket) -> None:
    """What stands in brackets: one place in a list, or one key, written out."""
    [place] = node.expressions if len(node.expressions) == 1 else [None]
    text = str(place.this) if isinstance(place, exp.Literal) else ""
    fits = _JSON_KEY if isinstance(place, exp.Literal) and place.is_string else _PLACE
    if not fits.fullmatch(text):
        raise Refused("in brackets stands the place in a list, or a key: one number or text that is written out")


def _alike(node: exp.Expr) -> None:
    """What DuckDB alone reads so, in an expression that is for every database."""
    if isinstance(node, (exp.Like, exp.ILike)) and not isinstance(node.parent, exp.Escape):
        if isinstance(node.expression, exp.Literal) and "\\" in str(node.expression.this):
            raise Refused("a backslash in `like` needs `escape '\\'` after it, so that all databases read it alike")
    if isinstance(node, exp.Escape):
        pattern, sign = node.this.expression, node.expression
        if isinstance(pattern, exp.Literal) and str(pattern.this).replace(str(sign.this) * 2, "").endswith(
            str(sign.this)
        ):
            raise Refused("the pattern of `like` ends with the sign of `escape`, which stands before another")
    if isinstance(node, exp.RegexpReplace):
        new = node.args.get("replacement")
        if isinstance(new, exp.Literal) and "\\" in re.sub(r"\\[1-9]", "", str(new.this)):
            raise Refused("a backslash in what is put in stands before the number of a group, from 1 to 9")
    digits = node.args.get("decimals") if isinstance(node, exp.Round) else None
    if digits is not None and not re.fullmatch("-?[0-9]", digits.sql()):
        raise Refused("the digits that `round` leaves are written out: a number from -9 to 9")
    if isinstance(node, exp.Initcap):
        raise Refused("the function `initcap` may not be used here: not every database has it")
    if isinstance(node, exp.Pad):
        fill = node.args.get("fill_pattern")
        if fill is not None and not (isinstance(fill, exp.Literal) and str(fill.this)):
            raise Refused("what a text is filled up with is written out, and has at least one sign")
    if isinstance(node, exp.RegexpExtract):
        _grouped(node)
    if isinstance(node, _PATTERNS):
        _compiled(node.expression)
    if isinstance(node, exp.DateFromParts):
        _day_of_parts(node)
    if isinstance(node, exp.Interval):
        _bounded(node)
    if type(node) is exp.Cast:
        _dated(node)
        _counted(node)
    if isinstance(node, exp.DataType):
        name = node.this.value
        if name == "FLOAT" or (name == "DECIMAL" and not node.expressions):
            raise Refused(f"`{name.lower()}` is as exact as each database likes; write `double` or `decimal(18, 4)`")
    if isinstance(node, exp.Sub) and _a_day(node.this) and _a_day(node.expression):
        raise Refused("the days between two dates are `date_diff('day', earlier, later)`")


def _dated(node: exp.Cast) -> None:
    """A text that is cast to a day or a time must be one: databases read others each in its own way."""
    text, kind = node.this, node.to.this.value
    if not isinstance(text, exp.Literal) or not text.is_string:
        return
    if kind == "DATE":
        _whole_date(str(text.this), date.fromisoformat, "a day is written `2026-01-31`")
    elif kind.startswith(("TIMESTAMP", "DATETIME")):
        _whole_date(str(text.this), datetime.fromisoformat, "a time is written `2026-01-31 10:00:00`")


def _whole_date(text: str, read: Callable[[str], object], help: str) -> None:
    try:
        right = _ISO.match(text) is not None and read(text) is not None
    except ValueError:
        right = False
    if not right:
        raise Refused(f"`{_short(text)}` is none that the calendar has: {help}")


_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _grouped(node: exp.RegexpExtract) -> None:
    """A group that is asked for must be one of the pattern: else some databases give the whole."""
    group, pattern = node.args.get("group"), node.expression
    number = int(str(group.this)) if isinstance(group, exp.Literal) and str(group.this).isdigit() else 0
    if not number:
        return
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        raise Refused("the pattern of a group is written out")
    try:
        groups = re.compile(str(pattern.this)).groups
    except (re.error, RecursionError, OverflowError):
        raise Refused(f"`{_short(str(pattern.this))}` is no pattern") from None
    if number > groups:
        raise Refused(f"the pattern `{_short(str(pattern.this))}` has no group {number}: a group stands in parentheses")


_PATTERNS = (exp.RegexpLike, exp.RegexpFullMatch, exp.RegexpReplace, exp.RegexpExtract)


def _compiled(pattern: exp.Expr | None) -> None:
    """A pattern that is written out must be one."""
    if isinstance(pattern, exp.Literal) and pattern.is_string:
        need_pattern(str(pattern.this))


def need_pattern(written: str) -> None:
    """Nothing, where a text is a regular expression that all databases read alike. Raises Refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(for_all(written))
    except Unclosed:
        raise Refused(f"`{_short(written)}` is no pattern: missing ]") from None
    except NotAlike as error:
        instead = f"; write {error.instead}" if error.instead else ""
        raise Refused(
            f"databases read `{_short(error.what)}` in a pattern each in its own way, or not at all{instead}"
        ) from None
    except (re.error, RecursionError, OverflowError) as error:
        why = f": {error.msg}" if isinstance(error, re.error) else ""
        raise Refused(f"`{_short(written)}` is no pattern{why}") from None


def _day_of_parts(node: exp.DateFromParts) -> None:
    """A day whose parts are written out must be one of the calendar."""
    parts = [node.args.get(key) for key in ("year", "month", "day")]
    if all(isinstance(part, exp.Literal) and str(part.this).isdecimal() for part in parts):
        numbers = [int(str(part.this)[:9]) for part in parts if isinstance(part, exp.Literal)]
        try:
            date(*numbers)
        except (ValueError, OverflowError):
            call = f"make_date({', '.join(map(str, numbers))})"
            raise Refused(f"`{_short(call)}` is none that the calendar has") from None


_PER_YEAR = {"QUARTER": 4, "MONTH": 12, "WEEK": 52, "DAY": 366, "HOUR": 8_784, "MINUTE": 527_040}
_MOST_YEARS = 9_000  # of a stretch of time: more leaves the calendar of some database


def _bounded(node: exp.Interval) -> None:
    """A stretch of time that is written out must fit into a calendar."""
    value, unit = node.this, node.args.get("unit")
    text = str(value.this) if isinstance(value, exp.Literal) else ""
    name = str(unit.name if isinstance(unit, exp.Expr) else "").upper().removesuffix("S")
    if _STRETCH.fullmatch(text) and (name in _PER_YEAR or name == "YEAR"):
        if abs(float(text)) > _MOST_YEARS * _PER_YEAR.get(name, 1):
            raise Refused(f"an interval of {_short(text)} {name.lower()}s is longer than {_MOST_YEARS:,} years")


_BITS = {"TINYINT": 8, "SMALLINT": 16, "INT": 32, "BIGINT": 64}
_WORDS_FOR_YES = frozenset(("true", "t", "yes", "y", "1", "false", "f", "no", "n", "0"))


def _counted(node: exp.Cast) -> None:
    """What is written out and cast to a number, or to yes or no, must be one."""
    value, kind = node.this.unnest(), node.to.this.value
    sign = -1 if isinstance(value, exp.Neg) else 1
    value = value.this if isinstance(value, exp.Neg) else value
    if not isinstance(value, exp.Literal):
        return
    text = str(value.this).strip()
    if kind == "BOOLEAN" and value.is_string and text.lower() not in _WORDS_FOR_YES:
        raise Refused(f"`{_short(text)}` is neither yes nor no: write `true` or `false`")
    whole = kind in _BITS or kind in ("UINT", "UBIGINT")
    if not whole and kind not in ("DOUBLE", "DECIMAL"):
        return
    if not re.fullmatch(r"[+-]?" + _NUMBER.pattern, text):
        raise Refused(f"`{_short(text)}` is no number, which a cast to `{kind.lower()}` takes")
    if whole and value.is_string and not re.fullmatch(r"[+-]?\d+", text):
        raise Refused(f"`{_short(text)}` is no whole number, which a cast to `{kind.lower()}` takes")
    bits = _BITS.get(kind)
    if bits and not -(2 ** (bits - 1)) <= sign * float(text) < 2 ** (bits - 1):
        raise Refused(f"`{_short(text)}` is beyond the numbers that a `{kind.lower()}` has")


def _a_day(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.DATE


def _allow_unit(node: exp.Expr, value: object, known: frozenset[str]) -> None:
    """A unit of time: a word of the list, however it is written."""
    plain = isinstance(value, exp.Var) or (isinstance(value, exp.Literal) and value.is_string)
    literal = str(value.this) if isinstance(value, exp.Expr) and plain else ""
    if literal.upper() not in known:
        some = ", ".join(unit.lower() for unit in _UNITS[:8])
        shown = f"`{_short(literal)}` is no" if literal else "this is no"
        what = "part of a date" if isinstance(node, exp.Extract) else "unit of time"
        raise Refused(f"{shown} {what}; there are {some} and the like")


def _allow_text(node: exp.Expr, name: str, value: str) -> None:
    """A text that sqlglot keeps as one, not as a node."""
    if name == "this" and isinstance(node, exp.Literal):
        if not node.is_string and (
            not _NUMBER.fullmatch(value)
            or sum(sign.isdigit() for sign in value.lower().partition("e")[0]) > DIGITS
            or not math.isfinite(float(value))
        ):
            raise Refused(f"`{_short(value)}` is not a number of at most {DIGITS} digits")
    elif name == "this" and isinstance(node, exp.Identifier):
        if not value or len(value) > LONGEST_NAME:
            raise Refused(f"a name has one to {LONGEST_NAME} characters")
    elif name == "this" and isinstance(node, exp.Var):
        return  # looked at where it stands
    elif name == "this" and isinstance(node, exp.JSONPathKey):
        if not _JSON_KEY.fullmatch(value):
            raise Refused(f"`{_short(value)}` may not be a key of a JSON path")
    elif value.upper() not in _WORDS.get((type(node), name), ()):
        raise Refused(f"`{_short(value)}` may not be used here")


# A name of a table, bare or in one of the databases' quotes, in which the closing one is written twice.
_TABLE_PART = re.compile(
    r'(?P<bare>[\w$#@]+(?:-[\w$#@]+)*)|"(?P<double>(?:[^"]|"")*)"|`(?P<back>(?:[^`]|``)*)`'
    r"|\[(?P<square>(?:[^\]]|\]\])*)\]",
)


def table_name(text: str) -> list[exp.Identifier]:
    """A table's names as they are written, the catalogue or schema first: `deals`, `crm.deals`,
    `"my db".crm."Deals"`. Raises `Refused` for anything else, above all for calls."""
    identifiers: list[exp.Identifier] = []
    rest_of_text, at = text.strip(), 0
    while (part := _TABLE_PART.match(rest_of_text, at)) is not None:
        identifiers.append(_name_of(part))
        at = part.end()
        if rest_of_text[at : at + 1] != ".":
            break
        at += 1
    if at != len(rest_of_text) or rest_of_text.endswith(".") or not 1 <= len(identifiers) <= 3:
        raise Refused(f"`{_short(text)}` is not a table: a table is one, two or three names")
    return identifiers


def _name_of(part: re.Match[str]) -> exp.Identifier:
    """The identifier that a part of a table's name is, quoted if it was written so."""
    kind = str(part.lastgroup)
    name = part[kind]
    if kind != "bare":
        closing = {"double": '"', "back": "`", "square": "]"}[kind]
        name = name.replace(closing * 2, closing)
    if not 0 < len(name) <= LONGEST_NAME:
        raise Refused(f"a table's name has one to {LONGEST_NAME} characters")
    if any(sign < " " or sign == "\x7f" or "\ud800" <= sign <= "\udfff" for sign in name):
        raise Refused(f"`{_short(name)!a}` has a sign that no table's name has")
    return exp.Identifier(this=name, quoted=kind != "bare")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def columns(tree: exp.Expr) -> tuple[tuple[str, ...], ...]:
    """The dotted names in a tree, in order: `deal.stage.is_won` is `("deal", "stage", "is_won")`."""
    return tuple(path_of(node) for node in column_nodes(tree))


def column_nodes(tree: exp.Expr) -> list[exp.Expr]:
    """The nodes that name a field: a Column, or the outermost Dot over one for long paths."""
    return [node for node in nodes_in(tree, exp.Dot, exp.Column) if not isinstance(node.parent, exp.Dot)]


def path_of(node: exp.Expr) -> tuple[str, ...]:
    """The dotted name of a Column or Dot node."""
    if isinstance(node, exp.Dot):
        return (*path_of(node.this), node.expression.name)
    if not isinstance(node, exp.Column):
        return (node.name,)
    parts = node.args  # nothing is asked as often
    if "db" not in parts and "table" in parts and parts["table"]:
        return (parts["table"].name, parts["this"].name)
    return tuple(part.name for part in node.parts)


def each_parts(tree: exp.Expr) -> list[exp.Anonymous]:
    """The calls of `each_part` in an expression."""
    return [node for node in tree.find_all(exp.Anonymous) if str(node.this).upper() == EACH_PART]
