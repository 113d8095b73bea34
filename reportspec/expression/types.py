"""What kind of value an expression is: a condition, a number, a text, a day, a time.

Databases disagree on what a number means as a condition, or a text beside a number: some take it for
something, some refuse. Here every function and operator that an expression may have says in one table
what it takes and gives; what does not fit is told before any database is asked. Where a kind is not
known (a column of the source) everything may stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field
from enum import Enum

from sqlglot import exp

from reportspec.expression.sandbox import PERSONAL_FUNCTIONS, path_of
from reportspec.lazy_dataclass import dataclass


class Kind(Enum):
    """A kind of value, as messages call it."""

    BOOLEAN = "a condition"
    WHOLE = "a whole number"
    NUMBER = "a number"
    MONEY = "an amount"
    TEXT = "a text"
    DATE = "a day"
    TIME = "a time"
    STRETCH = "a stretch of time"
    ROW = "several values"
    NULL = "null"
    UNKNOWN = "unknown"


class Mistyped(Exception):
    """Something stands where another kind of value belongs; `help` says what to write."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.message, self.help = message, help


MOMENTS = "moments"  # in the meta of a comparison: it is of days and times
Named = Callable[[exp.Expr], Kind]  # the kind of what a Column or Dot names

CONDITION = frozenset({Kind.BOOLEAN})
NUMBER = frozenset({Kind.WHOLE, Kind.NUMBER, Kind.MONEY})
TEXT = frozenset({Kind.TEXT})
MOMENT = frozenset({Kind.DATE, Kind.TIME})
ANY = frozenset(Kind) - {Kind.ROW, Kind.STRETCH}
VALUE = ANY - {Kind.BOOLEAN}
_OPEN = frozenset({Kind.NULL, Kind.UNKNOWN})

KINDS: Mapping[str, Kind] = {
    "key": Kind.TEXT,
    "text": Kind.TEXT,
    "integer": Kind.WHOLE,
    "number": Kind.NUMBER,
    "money": Kind.MONEY,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "time": Kind.TIME,
}
"""The kind of a field by its declared type."""

_PARTS = ("this", "expression", "expressions")


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function or operator takes, argument by argument (each item of a list), and gives. Those of
    `alike` are of one kind that can be compared; where it gives no kind, it gives theirs."""

    called: str
    takes: Mapping[str, frozenset[Kind]] = field(default_factory=dict)
    gives: Kind | None = None
    alike: tuple[str, ...] = ()


def _comparison(called: str, *arguments: str) -> Signature:
    return Signature(called, dict.fromkeys(arguments, ANY), Kind.BOOLEAN, arguments)


def _texts(called: str, gives: Kind = Kind.TEXT, **more: frozenset[Kind]) -> Signature:
    return Signature(called, {**dict.fromkeys(_PARTS, TEXT), **more}, gives)


def _numbers(called: str, *arguments: str, gives: Kind = Kind.NUMBER) -> Signature:
    return Signature(called, dict.fromkeys(arguments or _PARTS, NUMBER), gives)


def _logic(called: str) -> Signature:
    return Signature(called, dict.fromkeys(_PARTS, CONDITION), Kind.BOOLEAN)


def _moment(called: str, gives: Kind | None, *arguments: str) -> Signature:
    return Signature(called, dict.fromkeys(arguments, MOMENT), gives, () if gives else arguments)


def _same(called: str, takes: frozenset[Kind], *arguments: str) -> Signature:
    return Signature(called, dict.fromkeys(arguments, takes), None, arguments)


SIGNATURES: Mapping[type[exp.Expr], Signature] = {
    exp.And: _logic("and"),
    exp.Or: _logic("or"),
    exp.Xor: _logic("xor"),
    exp.Not: _logic("not"),
    exp.EQ: _comparison("=", "this", "expression"),
    exp.NEQ: _comparison("<>", "this", "expression"),
    exp.GT: _comparison(">", "this", "expression"),
    exp.GTE: _comparison(">=", "this", "expression"),
    exp.LT: _comparison("<", "this", "expression"),
    exp.LTE: _comparison("<=", "this", "expression"),
    exp.NullSafeEQ: _comparison("is not distinct from", "this", "expression"),
    exp.NullSafeNEQ: _comparison("is distinct from", "this", "expression"),
    exp.Is: _comparison("is", "this", "expression"),
    exp.Between: _comparison("between", "this", "low", "high"),
    exp.Like: _texts("like", Kind.BOOLEAN),
    exp.ILike: _texts("ilike", Kind.BOOLEAN),
    exp.Escape: Signature("escape", {"this": CONDITION, "expression": TEXT}, Kind.BOOLEAN),
    exp.Neg: _same("-", NUMBER, "this"),
    exp.Div: _numbers("/"),
    exp.Mod: _same("%", NUMBER, "this", "expression"),
    exp.IntDiv: _numbers("//", gives=Kind.WHOLE),
    exp.DPipe: _texts("||"),
    exp.Abs: _same("abs", NUMBER, "this"),
    exp.Round: _numbers("round", "this", "decimals"),
    exp.Ceil: _numbers("ceil", "this", "decimals"),
    exp.Floor: _numbers("floor", "this", "decimals"),
    exp.Sqrt: _numbers("sqrt"),
    exp.Coalesce: _same("coalesce", ANY, "this", "expressions"),
    exp.Nullif: _same("nullif", ANY, "this", "expression"),
    exp.Greatest: _same("greatest", VALUE, "this", "expressions"),
    exp.Least: _same("least", VALUE, "this", "expressions"),
    exp.Lower: _texts("lower"),
    exp.Upper: _texts("upper"),
    exp.Initcap: _texts("initcap"),
    exp.Trim: _texts("trim"),
    exp.Length: _texts("length", Kind.WHOLE),
    exp.Left: _texts("left", expression=NUMBER),
    exp.Right: _texts("right", expression=NUMBER),
    exp.Substring: _texts("substring", start=NUMBER, length=NUMBER),
    exp.Concat: _texts("concat"),
    exp.ConcatWs: _texts("concat_ws"),
    exp.Replace: _texts("replace", replacement=TEXT),
    exp.StartsWith: _texts("starts_with", Kind.BOOLEAN),
    exp.EndsWith: _texts("ends_with", Kind.BOOLEAN),
    exp.Contains: _texts("contains", Kind.BOOLEAN),
    exp.RegexpLike: _texts("regexp_matches", Kind.BOOLEAN),
    exp.RegexpFullMatch: _texts("regexp_full_match", Kind.BOOLEAN),
    exp.RegexpReplace: _texts("regexp_replace", replacement=TEXT),
    exp.RegexpExtract: _texts("regexp_extract", group=NUMBER),
    exp.SplitPart: _texts("split_part", delimiter=TEXT, part_index=NUMBER),
    exp.Pad: _texts("lpad or rpad", expression=NUMBER, fill_pattern=TEXT),
    exp.JSONExtractScalar: Signature("->>", {"this": TEXT}, Kind.TEXT),
    exp.JSONValue: Signature("json_value", {}, Kind.TEXT),
    exp.ArrayToString: Signature("array_to_string", {"expression": TEXT}, Kind.TEXT),
    exp.StrToTime: _texts("strptime", Kind.TIME),
    exp.StrToDate: _texts("strptime", Kind.DATE),
    exp.TimeToStr: _moment("strftime", Kind.TEXT, "this"),
    exp.Extract: _moment("extract", Kind.WHOLE, "expression"),
    exp.DateDiff: _moment("date_diff", Kind.WHOLE, "this", "expression"),
    exp.DateTrunc: _moment("date_trunc", None, "this"),
    exp.TimestampTrunc: _moment("date_trunc", None, "this"),
    exp.Year: _moment("year", Kind.WHOLE, "this"),
    exp.Month: _moment("month", Kind.WHOLE, "this"),
    exp.Day: _moment("day", Kind.WHOLE, "this"),
    exp.AtTimeZone: _moment("at time zone", Kind.TIME, "this"),
    exp.TimeToUnix: _moment("epoch", Kind.NUMBER, "this"),
    exp.UnixToTime: Signature("to_timestamp", {"this": NUMBER}, Kind.TIME),
    exp.Date: Signature("date", {"this": MOMENT | TEXT}, Kind.DATE),
    exp.TsOrDsToDate: Signature("date", {"this": MOMENT | TEXT}, Kind.DATE),
    exp.Timestamp: Signature("timestamp", {"this": MOMENT | TEXT}, Kind.TIME),
    exp.TsOrDsToTimestamp: Signature("timestamp", {"this": MOMENT | TEXT}, Kind.TIME),
    exp.DateFromParts: Signature("make_date", dict.fromkeys(("year", "month", "day"), NUMBER), Kind.DATE),
    exp.Interval: Signature("interval", {}, Kind.STRETCH),
    # Of definitions in the catalogue only.
    exp.Sum: _same("sum", NUMBER, "this"),
    exp.Avg: _numbers("avg", "this"),
    exp.Min: _same("min", ANY, "this"),
    exp.Max: _same("max", ANY, "this"),
    exp.Count: Signature("count", {}, Kind.WHOLE),
    exp.RowNumber: Signature("row_number", {}, Kind.WHOLE),
    exp.Rank: Signature("rank", {}, Kind.WHOLE),
    exp.DenseRank: Signature("dense_rank", {}, Kind.WHOLE),
    exp.Ntile: _numbers("ntile"),
    exp.Lag: _same("lag", ANY, "this", "default"),
    exp.Lead: _same("lead", ANY, "this", "default"),
    exp.FirstValue: _same("first_value", ANY, "this"),
    exp.LastValue: _same("last_value", ANY, "this"),
}
_OWN = {
    "DAYS_BETWEEN": (Kind.NUMBER, MOMENT, MOMENT),
    "MINUTES_BETWEEN": (Kind.NUMBER, MOMENT, MOMENT),
    "SECONDS_BETWEEN": (Kind.NUMBER, MOMENT, MOMENT),
    "LOCAL_DATE": (Kind.DATE, MOMENT),
    "LOCAL_WEEKDAY": (Kind.WHOLE, MOMENT),
    "MONTH_AFTER": (Kind.DATE, MOMENT),
    "CONVERTED": (Kind.MONEY, NUMBER, MOMENT),
    **dict.fromkeys(PERSONAL_FUNCTIONS, (Kind.BOOLEAN, TEXT)),
    "TO_TIMESTAMP": (Kind.TIME, NUMBER),
    "MAKE_DATE": (Kind.DATE, NUMBER, NUMBER, NUMBER),
    "STRPTIME": (Kind.TIME, TEXT, TEXT),
    "STRFTIME": (Kind.TEXT, MOMENT, TEXT),
    "EACH_PART": (Kind.TEXT, TEXT, TEXT),
    "GOAL": (Kind.NUMBER, ANY),
}
"""The functions that are known by their names: what they give, and what each argument is."""

# A cast is between kinds of which all databases make the same, or say that they cannot.
_CASTS: Mapping[Kind, frozenset[Kind]] = {
    Kind.BOOLEAN: CONDITION,
    Kind.WHOLE: NUMBER | TEXT,
    Kind.NUMBER: NUMBER,
    Kind.MONEY: NUMBER,
    Kind.TEXT: ANY,
    Kind.DATE: MOMENT | TEXT,
    Kind.TIME: MOMENT,
}
_TYPES: Mapping[str, Kind] = {
    **dict.fromkeys(("INT", "BIGINT", "SMALLINT", "TINYINT", "UINT", "UBIGINT"), Kind.WHOLE),
    **dict.fromkeys(("VARCHAR", "TEXT", "CHAR", "NVARCHAR"), Kind.TEXT), "BOOLEAN": Kind.BOOLEAN, "DATE": Kind.DATE,
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPNTZ", "TIMESTAMPLTZ", "DATETIME", "DATETIME2", "TIMESTAMP_S",
                     "TIMESTAMP_MS"), Kind.TIME),
    "TIME": Kind.UNKNOWN,  # of the day, of which no field is
}  # fmt: skip
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?", re.ASCII)
_DIGITS = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def kind_of(tree: exp.Expr, named: Named) -> Kind:
    """The kind of an expression, in which `named` tells those of names. Comparisons of days and times
    bear MOMENTS from then on. Raises Mistyped."""
    if isinstance(tree, (exp.Column, exp.Dot)):
        return named(tree)
    if isinstance(tree, (exp.Paren, exp.Ordered, exp.Window)):
        return kind_of(tree.this, named)
    if isinstance(tree, exp.Literal):
        whole = Kind.WHOLE if str(tree.this).isdigit() else Kind.NUMBER
        return Kind.TEXT if tree.is_string else whole
    if isinstance(tree, exp.Boolean):
        return Kind.BOOLEAN
    if isinstance(tree, exp.Null):
        return Kind.NULL
    if isinstance(tree, exp.Tuple):
        for item in tree.expressions:
            kind_of(item, named)
        return Kind.ROW
    if isinstance(tree, (exp.Cast, exp.TryCast)):
        return _cast(tree, named)
    if isinstance(tree, (exp.Case, exp.If)):
        return _case(tree, named)
    if isinstance(tree, exp.In):
        return _in(tree, named)
    if isinstance(tree, (exp.Add, exp.Sub)):
        return _sum(tree, named)
    if isinstance(tree, exp.Mul):
        return _product(tree, named)
    if isinstance(tree, (exp.DateAdd, exp.DateSub)):
        _wanted(tree.this, kind_of(tree.this, named), MOMENT, "date_add")
        return Kind.TIME
    if isinstance(tree, exp.Anonymous):
        return _called(tree, named)
    if isinstance(tree, exp.Distinct):
        return kind_of(tree.expressions[0], named)
    signature = SIGNATURES.get(type(tree))
    if signature is None:
        return Kind.UNKNOWN
    _hours(tree, named)
    kinds = []
    for name, takes in signature.takes.items():
        for item in _items(tree.args.get(name)):
            kind = kind_of(item, named)
            _wanted(item, kind, takes, signature.called)
            if name in signature.alike:
                kinds.append((item, kind))
    common = _common(kinds, signature.called) if signature.alike else Kind.UNKNOWN
    if signature.gives is Kind.BOOLEAN and common in MOMENT:
        tree.meta[MOMENTS] = True
    return signature.gives or common


_OF_DAYS = frozenset({"HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND", "EPOCH", "EPOCH_SECOND"})


def _hours(tree: exp.Expr, named: Named) -> None:
    """Nothing, unless a part of a day is asked of a whole one. Raises Mistyped."""
    unit = tree.this if isinstance(tree, exp.Extract) else tree.args.get("unit")
    value = tree.expression if isinstance(tree, exp.Extract) else tree.this
    if not isinstance(tree, (exp.Extract, exp.DateTrunc, exp.TimestampTrunc)):
        return
    name = str(unit.name if isinstance(unit, exp.Expr) else unit).upper()
    if name.removesuffix("S") in _OF_DAYS and kind_of(value, named) is Kind.DATE:
        raise Mistyped(f"`{shown(value)}` is a day, which has no `{name.lower()}`")


def expect(tree: exp.Expr, takes: frozenset[Kind], named: Named, what: str) -> None:
    """Nothing, where an expression is of one of the kinds that something takes. Raises Mistyped."""
    _wanted(tree, kind_of(tree, named), takes, what)


def _items(value: object) -> list[exp.Expr]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, exp.Expr)]


def _wanted(node: exp.Expr, kind: Kind, takes: frozenset[Kind], called: str) -> None:
    if kind in takes or kind in _OPEN:
        return
    what = _PLURALS[next(kinds for kinds in _PLURALS if takes & kinds)]
    raise Mistyped(f"`{shown(node)}` is {kind.value}, and `{called}` takes {what}", _way(node, kind, takes))


_PLURALS: Mapping[frozenset[Kind], str] = {
    VALUE & ANY - TEXT - NUMBER - MOMENT: "values",
    CONDITION: "conditions",
    NUMBER: "numbers",
    TEXT: "texts",
    MOMENT: "days and times",
}


def _way(node: exp.Expr, kind: Kind, takes: frozenset[Kind]) -> str | None:
    """What to write instead."""
    spelled = shown(node)
    if Kind.BOOLEAN in takes:
        compared = {
            Kind.TEXT: "= '…'",
            Kind.DATE: ">= date '2026-01-31'",
            Kind.TIME: ">= date '2026-01-31'",
        }
        return f"compare it, for example `{spelled} {compared.get(kind, '> 0')}`, or `{spelled} is not null`"
    if kind is Kind.BOOLEAN:
        return f"write `case when {spelled} then 1 else 0 end`" if takes & NUMBER else None
    if takes & NUMBER and kind is Kind.TEXT:
        bare = node.unnest()
        digits = isinstance(bare, exp.Literal) and _DIGITS.fullmatch(str(bare.this))
        return f"write `{bare.this}`" if digits else f"write `cast({spelled} as double)`"
    if takes & TEXT and kind in (Kind.WHOLE, Kind.DATE):
        return f"write `cast({spelled} as varchar)`"
    if takes & TEXT and kind in (Kind.NUMBER, Kind.MONEY):
        return f"write `cast(cast({spelled} as bigint) as varchar)`"
    if takes & TEXT and kind is Kind.TIME:
        return f"write `strftime({spelled}, '%Y-%m-%d')`"
    if takes & MOMENT and kind is Kind.TEXT:
        return f"write `cast({spelled} as date)`"
    return None


def _family(kind: Kind) -> Kind:
    return {Kind.MONEY: Kind.NUMBER, Kind.WHOLE: Kind.NUMBER, Kind.TIME: Kind.DATE}.get(kind, kind)


def _common(kinds: list[tuple[exp.Expr, Kind]], called: str) -> Kind:
    """The kind that values have together: of days and times, times. Raises Mistyped."""
    known = [(node, kind) for node, kind in kinds if kind not in _OPEN]
    if not known:
        return Kind.UNKNOWN
    first, kind = next(((n, k) for n, k in known if not _told(n)), known[0])
    for node, other in known:
        if _family(other) is _family(kind) or (kind in MOMENT and called in _COMPARED and _told(node)):
            continue
        raise Mistyped(
            f"`{shown(first)}` is {kind.value} and `{shown(node)}` is "
            f"{other.value}: `{called}` takes only what can be compared",
            _alike(first, kind, node, other),
        )
    return _widest([k for n, k in known if _family(k) is _family(kind)])


def _widest(kinds: list[Kind]) -> Kind:
    """The kind that values of one family have together."""
    return next((kind for kind in (Kind.TIME, Kind.MONEY, Kind.NUMBER) if kind in kinds), kinds[0])


_COMPARED = frozenset({"=", "<>", ">", ">=", "<", "<=", "between", "in"})


def _told(node: exp.Expr) -> bool:
    """Whether a text that is written out says a day or a time as all databases write them."""
    bare = node.unnest()
    return isinstance(bare, exp.Literal) and bool(bare.is_string and _MOMENT.fullmatch(str(bare.this)))


def _alike(first: exp.Expr, kind: Kind, node: exp.Expr, other: Kind) -> str | None:
    """What to write so that two values can be compared."""
    if kind in MOMENT and other is Kind.TEXT and isinstance(node.unnest(), exp.Literal):
        return "write `date '2026-01-31'` or `timestamp '2026-01-31 10:00:00'`"
    for operand, operand_kind, wanted in ((node, other, kind), (first, kind, other)):
        if operand_kind in NUMBER and wanted is Kind.TEXT and isinstance(operand.unnest(), exp.Literal):
            return f"write `'{shown(operand)}'`"
        if operand_kind is Kind.TEXT and wanted in NUMBER:
            return _way(operand, operand_kind, NUMBER)
        if operand_kind is Kind.TEXT and wanted in MOMENT:
            return _way(operand, operand_kind, MOMENT)
        if (
            operand_kind is Kind.BOOLEAN
            and wanted is not Kind.BOOLEAN
            and not isinstance(operand, (exp.Column, exp.Dot))
        ):
            return _way(operand, operand_kind, NUMBER) if wanted in NUMBER else None
        if operand_kind is Kind.BOOLEAN:
            return f"write `{shown(operand)}` or `not {shown(operand)}`"
    return None


def _cast(tree: exp.Cast | exp.TryCast, named: Named) -> Kind:
    to = _TYPES.get(tree.to.this.value, Kind.NUMBER)
    kind = kind_of(tree.this, named)
    spelled = shown(tree.this)
    if isinstance(tree, exp.TryCast) and kind is not Kind.TEXT and kind not in _OPEN:
        raise Mistyped(
            f"`{spelled}` is {kind.value}, and `try_cast` takes texts",
            f"write `cast({spelled} as {tree.to.sql(dialect='duckdb').lower()})`",
        )
    if to in _OPEN or kind in _OPEN or to in _CASTS.get(kind, frozenset()):
        return to
    ways = {
        Kind.NUMBER: f"cast(cast({spelled} as bigint) as varchar)",
        Kind.MONEY: f"cast(cast({spelled} as bigint) as varchar)",
        Kind.TIME: f"strftime({spelled}, '%Y-%m-%d %H:%M:%S')",
    }
    way = f"write `{ways[kind]}`" if to is Kind.TEXT and kind in ways else None
    if Kind.BOOLEAN in (kind, to):
        way = _way(tree.this, kind, frozenset({to}))
    raise Mistyped(
        f"`{spelled}` is {kind.value}, of which databases make {to.value} each in a way of their own",
        way,
    )


def _case(tree: exp.Case | exp.If, named: Named) -> Kind:
    ifs = tree.args["ifs"] if isinstance(tree, exp.Case) else [tree]
    compared = [(tree.this, kind_of(tree.this, named))] if isinstance(tree, exp.Case) and tree.this is not None else []
    results = []
    for item in ifs:
        kind = kind_of(item.this, named)
        if compared:
            _common([*compared, (item.this, kind)], "case … when")
        else:
            _wanted(item.this, kind, CONDITION, "when")
        results.append(item.args["true"])
    default = tree.args.get("default") or tree.args.get("false")
    if default is not None:
        results.append(default)
    return _common([(item, kind_of(item, named)) for item in results], "case … then")


def _in(tree: exp.In, named: Named) -> Kind:
    operand = (tree.this, kind_of(tree.this, named))
    for item in tree.expressions:
        if _common([operand, (item, kind_of(item, named))], "in") in MOMENT:
            tree.meta[MOMENTS] = True
    return Kind.BOOLEAN


def _sum(tree: exp.Add | exp.Sub, named: Named) -> Kind:
    called = "+" if isinstance(tree, exp.Add) else "-"
    left, right = kind_of(tree.this, named), kind_of(tree.expression, named)
    if right is Kind.STRETCH:
        _wanted(tree.this, left, MOMENT, f"{called} interval")
        return Kind.TIME
    if left in MOMENT and right in MOMENT:
        raise Mistyped(
            f"`{shown(tree)}`: a time less a time is not the same everywhere",
            f"write `days_between({shown(tree.expression)}, {shown(tree.this)})`",
        )
    if left in MOMENT and right in NUMBER:
        raise Mistyped(
            f"`{shown(tree.this)}` is {left.value}, and `{called}` takes numbers",
            f"write `{shown(tree.this)} {called} interval ({shown(tree.expression)}) day`",
        )
    for node, kind in ((tree.this, left), (tree.expression, right)):
        _wanted(node, kind, NUMBER, called)
    return _widest([left, right]) if not {left, right} & _OPEN else Kind.NUMBER


def _product(tree: exp.Mul, named: Named) -> Kind:
    sides = [(node, kind_of(node, named)) for node in (tree.this, tree.expression)]
    stretches = [kind for _, kind in sides if kind is Kind.STRETCH]
    for node, kind in sides:
        if kind is not Kind.STRETCH or len(stretches) > 1:
            _wanted(node, kind, NUMBER, "*")
    if stretches:
        return Kind.STRETCH
    kinds = [kind for _, kind in sides]
    return _widest(kinds) if not _OPEN & set(kinds) else Kind.NUMBER


def _called(tree: exp.Anonymous, named: Named) -> Kind:
    name = str(tree.this).upper()
    if name not in _OWN:
        return Kind.UNKNOWN
    gives, *takes = _OWN[name]
    for item, kinds in zip(tree.expressions, takes, strict=False):
        assert isinstance(kinds, frozenset)
        _wanted(item, kind_of(item, named), kinds, name.lower())
    assert isinstance(gives, Kind)
    return gives


def explicit(tree: exp.Expr, named: Named) -> exp.Expr:
    """The expression, which nobody else has, with what it would leave to each database said in words:
    MOMENTS at comparisons of days and times, in which texts that are written out become days and times
    themselves; and a number that is cast to one of fewer digits is rounded."""
    with suppress(Mistyped):  # told where the expression was read
        kind_of(tree, named)
    for node in list(tree.walk()):
        if node.meta.get(MOMENTS):
            for side in list(node.iter_expressions()):
                if _told(side):
                    side.replace(_moment_of(side.unnest()))
        digits = _digits(node.to) if type(node) is exp.Cast else None
        if digits is not None:
            with suppress(Mistyped):
                if kind_of(node.this, named) in NUMBER - {Kind.WHOLE}:
                    node.set("this", exp.Round(this=node.this, decimals=exp.Literal.number(digits)))
    return tree


def _digits(to: exp.DataType) -> int | None:
    """How many digits behind the point a type has, if a number is rounded to be of it."""
    if _TYPES.get(to.this.value) is Kind.WHOLE:
        return 0
    if to.this.value == "DECIMAL" and to.expressions:
        return int(str(to.expressions[1].this)) if len(to.expressions) > 1 else 0
    return None


def _moment_of(text: exp.Expr) -> exp.Expr:
    to = exp.DataType.Type.DATE if len(str(text.this)) == _DAY else exp.DataType.Type.TIMESTAMP
    cast = exp.Cast(this=text.copy(), to=exp.DataType(this=to, nested=False))
    cast.meta.update(text.meta)
    return cast


_DAY = len("2026-01-31")


def shown(node: exp.Expr) -> str:
    """An expression in a message, as it may be written."""
    bare = node.unnest()
    text = ".".join(path_of(bare)) if isinstance(bare, (exp.Column, exp.Dot)) else bare.sql(dialect="duckdb")
    return text if len(text) <= 60 else f"{text[:60]}…"


def unknown(_: exp.Expr) -> Kind:
    """Of a column of the source: nobody knows."""
    return Kind.UNKNOWN
