"""What several databases need: quantiles by rank, days of a zone by its offsets, safe division."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlglot import exp

from reportspec.expression.sandbox import WRITTEN
from reportspec.expression.trees import (
    LANDS,
    SOME,
    ZONE,
    alias_of,
    all_of,
    any_of,
    column,
    conjuncts,
    copied,
    literal,
    named,
    names_cte,
    when,
)
from reportspec.sql.dialects.rewrite import (
    WHOLES,
    Rule,
    Rules,
    Unsupported,
    is_text_literal,
    remade,
    snippet,
    unsaid,
    with_args,
)

# Times of a clock on a wall, in whichever zone.
_FIRST, _LAST = datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("2050-01-01")
_STEP = timedelta(days=7)
RANKED, MEASURED = "ranked", "measured"


def double(tree: exp.Expr) -> exp.Expr:
    """The value as a floating-point number."""
    if isinstance(tree, exp.Cast) and tree.to.this == exp.DataType.Type.DOUBLE:
        return tree
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DataType.Type.DOUBLE, nested=False))


def nonzero(tree: exp.Expr) -> exp.Expr:
    """The value, or null for zero."""
    if isinstance(tree, exp.Nullif):
        return tree
    bare = tree.this if isinstance(tree, exp.Cast) else tree
    if isinstance(bare, exp.Literal) and not bare.is_string and float(bare.this) != 0:
        return tree
    return exp.Nullif(this=tree, expression=literal(0))


def division(node: exp.Expr) -> exp.Expr:
    """`a / b` of floating-point numbers, null where b is 0."""
    left, right = node.this, node.expression
    bare = right.this if isinstance(right, exp.Nullif) else right
    below = double(_wrapped(bare))
    return exp.Div(this=double(_wrapped(left)), expression=nonzero(below), typed=True, safe=False)


def safe_division(node: exp.Expr) -> exp.Expr:
    """The same of a division that is not written so already."""
    return node if node.args.get("typed") else division(node)


def remainder(node: exp.Expr, native: type[exp.Expr] | str = exp.Mod) -> exp.Expr:
    """`a % b` with the sign of a, null where b is 0. Databases agree on it for whole numbers; of
    fractions some take the whole part first, and some have none. So it is asked of whole numbers,
    and of others it is what is left of a in floating-point numbers."""
    left, right = _wrapped(node.this), _wrapped(node.expression)
    if _whole_by_form(left) and _whole_by_form(right):
        return _native(native, node.this, nonzero(node.expression))
    wholes = [exp.EQ(this=exp.Paren(this=side), expression=exp.Floor(this=side)) for side in (left, right)]
    exact = _native(native, _bigint(left), nonzero(_bigint(right)))
    part = exp.Mul(this=double(right), expression=_toward_zero(left, right))
    rest = exp.Sub(this=double(left), expression=exp.Paren(this=part))
    both = exp.And(this=wholes[0], expression=wholes[1])
    return when(both, double(exact), rest)


def quotient(node: exp.Expr) -> exp.Expr:
    """`a // b`: the whole part of the quotient, null where b is 0."""
    return _bigint(_toward_zero(_wrapped(node.this), _wrapped(node.expression)))


def _toward_zero(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    divided = division(exp.Div(this=left, expression=right))
    below = exp.LT(this=divided, expression=literal(0))
    return when(below, exp.Ceil(this=divided), exp.Floor(this=divided))


def _native(native: type[exp.Expr] | str, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    if isinstance(native, str):
        return exp.Anonymous(this=native, expressions=[left, right])
    return native(this=left, expression=right)


def _bigint(tree: exp.Expr) -> exp.Expr:
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DataType.Type.BIGINT, nested=False))


def _whole_by_form(tree: exp.Expr) -> bool:
    """Whether it can only be a whole number: one that is written out, or a cast to one."""
    if isinstance(tree, (exp.Neg, exp.Paren)):
        return _whole_by_form(tree.this)
    if isinstance(tree, exp.Literal):
        return not tree.is_string and str(tree.this).isdigit()
    if not isinstance(tree, exp.Cast) or not isinstance(tree.to.this, exp.DataType.Type):
        return False
    if tree.to.this == exp.DataType.Type.DECIMAL:
        return [str(item.this) for item in tree.to.expressions][1:] == ["0"]
    return tree.to.this.value in WHOLES


def _wrapped(tree: exp.Expr) -> exp.Expr:
    return tree.this if isinstance(tree, exp.Paren) else tree


def nulls_last(node: exp.Expr) -> exp.Expr:
    """ORDER BY with nulls at the end unless it says otherwise, as the canonical form has it."""
    return with_args(node, expressions=[_last(item) for item in node.expressions])


def _last(item: exp.Expr) -> exp.Expr:
    if not isinstance(item, exp.Ordered):
        item = exp.Ordered(this=item)
    return item if item.args.get("nulls_first") else with_args(item, nulls_first=False)


def nulls_by_case(node: exp.Expr) -> exp.Expr:
    """The same for databases that have no words for it, and to which nulls are lower than all values."""
    items: list[exp.Expr] = []
    for item in nulls_last(node).expressions:
        first, by_itself = bool(item.args.get("nulls_first")), not item.args.get("desc")
        if first != by_itself and not _flag(item.this):
            missing = exp.Is(this=item.this, expression=exp.Null())
            flag = when(missing, literal(0 if first else 1), literal(1 if first else 0))
            items.append(exp.Ordered(this=flag, nulls_first=True))
        # Said in the way that the generator takes for the database's own, lest it say it again.
        items.append(with_args(item, nulls_first=by_itself))
    return with_args(node, expressions=items)


def lands_rows(tree: exp.Expr) -> bool:
    """Whether a SELECT brings rows of the source, or some of those that another one within it brings."""
    return isinstance(tree, exp.Select) and (SOME in tree.meta or any(LANDS in item.meta for item in tree.expressions))


def bounded_rows(tree: exp.Expr) -> exp.Expr:
    """The statement with what it asks of times also where their rows are read: of a CTE that SELECTs read which all
    ask something of its times, by the source's own columns. For databases in which rows are written down, with times
    as they are or null, before they are looked at: there no index is used otherwise, and all rows are written."""
    with_ = tree.args.get("with_")
    if with_ is None:
        return tree
    read = Counter(table.name for table in tree.find_all(exp.Table) if names_cte(table))
    landed = {cte.alias: cte.this for cte in with_.expressions if read[cte.alias] and lands_rows(cte.this)}
    bounds: dict[str, list[exp.Expr]] = {}
    for select in tree.find_all(exp.Select) if landed else ():
        from_, where = select.args.get("from_"), select.args.get("where")
        source = from_.this if from_ is not None else None
        if isinstance(source, exp.Table) and names_cte(source) and source.name in landed and where is not None:
            times = _bare_times(landed[source.name])
            alias = source.alias_or_name
            own = [one for c in conjuncts(where.this) if (one := _by_times(c, alias, times)) is not None]
            found = all_of(own)
            if found is not None:
                bounds.setdefault(source.name, []).append(found)
    asked = {name: any_of(dict.fromkeys(found)) for name, found in bounds.items() if len(found) == read[name]}
    if not asked:
        return tree

    def cut(cte: exp.Expr) -> exp.Expr:
        found, select = asked.get(cte.alias), cte.this
        if found is None:
            return cte
        where = select.args.get("where")
        condition = found if where is None else all_of([*conjuncts(where.this), *conjuncts(found)])
        return with_args(cte, this=with_args(select, where=exp.Where(this=condition)))

    return with_args(tree, with_=with_args(with_, expressions=[cut(cte) for cte in with_.expressions]))


def _bare_times(select: exp.Expr) -> dict[str, exp.Column]:
    """The columns of the source that a SELECT has as they are, for times, by the names that it gives them."""
    return {
        item.alias: item.this
        for item in select.expressions
        if item.meta.get(LANDS) in ("date", "time") and isinstance(item.this, exp.Column)
    }


def _by_times(tree: exp.Expr, alias: str, times: Mapping[str, exp.Column]) -> exp.Expr | None:
    """A condition in the source's own columns, if it only compares times with literals: no null meets it."""
    if isinstance(tree, exp.Paren):
        inner = _by_times(tree.this, alias, times)
        return inner and exp.Paren(this=inner)
    if isinstance(tree, (exp.Or, exp.And)):
        one, other = (_by_times(side, alias, times) for side in (tree.this, tree.expression))
        return type(tree)(this=one, expression=other) if one is not None and other is not None else None
    if not isinstance(tree, (exp.LT, exp.LTE, exp.GT, exp.GTE)):
        return None
    column, bound = tree.this, tree.expression
    if not isinstance(column, exp.Column) or column.table != alias or column.name not in times:
        return None
    literal_ = bound.this if isinstance(bound, exp.Cast) else bound
    return type(tree)(this=copied(times[column.name]), expression=bound) if isinstance(literal_, exp.Literal) else None


def inlined_or_not(node: exp.Expr) -> exp.Expr:
    """A CTE without the hint on whether to write it down, for databases that know none."""
    return node if node.args.get("materialized") is None else with_args(node, materialized=None)


def _flag(tree: exp.Expr) -> bool:
    """A CASE of numbers that is never null."""
    if not isinstance(tree, exp.Case) or tree.args.get("default") is None:
        return False
    results = [item.args["true"] for item in tree.args["ifs"]]
    return all(isinstance(r, exp.Literal) for r in (*results, tree.args["default"]))


def is_zoned(node: exp.Expr) -> tuple[exp.Expr, str, str] | None:
    """Of `(t AT TIME ZONE a) AT TIME ZONE b`: t, a and b."""
    if not isinstance(node, exp.AtTimeZone):
        return None
    inner = node.this.unnest() if isinstance(node.this, exp.Paren) else node.this
    if not isinstance(inner, exp.AtTimeZone):
        return None
    source, target = inner.args["zone"], node.args["zone"]
    if not is_text_literal(source) or not is_text_literal(target):
        return None
    return inner.this, str(source.this), str(target.this)


def minutes_ahead(source: str, target: str, at: exp.Expr) -> exp.Expr:
    """How many minutes the clock of `target` is ahead of that of `source` when it shows `at`."""

    def chosen(steps: tuple[tuple[datetime | None, int], ...]) -> exp.Expr:
        if len(steps) == 1:
            return literal(steps[0][1])
        if len(steps) <= 8:
            ifs = [
                exp.If(this=exp.LT(this=at, expression=literal(until)), true=literal(minutes))
                for until, minutes in steps[:-1]
            ]
            return exp.Case(ifs=ifs, default=literal(steps[-1][1]))
        middle = len(steps) // 2
        below = exp.LT(this=at, expression=literal(steps[middle - 1][0]))
        return when(below, chosen(steps[:middle]), chosen(steps[middle:]))

    return chosen(offset_steps(source, target))


def turned(node: exp.Expr) -> str | None:
    """The zone in which the ends of a difference of times are told, if its clock is ever turned:
    what the clock shows is then not how much time has passed."""
    zone = node.meta.get(ZONE)
    return str(zone) if zone and _ever_turned(str(zone)) else None


def elapsed(difference: exp.Expr, node: exp.Expr) -> exp.Expr:
    """Microseconds that have passed, of those between two times as the source's clock shows them:
    the hour by which the clock was turned in between is no time."""
    zone = turned(node)
    if zone is None:
        return difference
    ahead = [exp.Paren(this=minutes_ahead(zone, "UTC", at)) for at in (node.this, node.expression)]
    minutes = exp.Paren(this=exp.Sub(this=ahead[0], expression=ahead[1]))
    micros = exp.Mul(this=minutes, expression=literal(60_000_000))
    return exp.Paren(this=exp.Add(this=exp.Paren(this=difference), expression=micros))


@lru_cache(maxsize=64)
def _ever_turned(zone: str) -> bool:
    return next(_steps(zone, "UTC"))[0] is not None


@lru_cache(maxsize=64)
def offset_steps(source: str, target: str) -> tuple[tuple[datetime | None, int], ...]:
    """The difference of two zones' clocks in minutes, each with the time (of the first zone's
    clock) until which it holds; None for the last. From 1970 to 2050; before and after, the first
    and the last go on. A clock turned back shows an hour twice: the second one counts."""
    return tuple(_steps(source, target))


def _steps(source: str, target: str) -> Iterator[tuple[datetime | None, int]]:
    if source == target:  # whose clocks need not be asked thousands of times
        yield None, 0
        return
    first, second = ZoneInfo(source), ZoneInfo(target)

    def ahead(naive: datetime) -> int:
        moment = naive.replace(tzinfo=first, fold=1)
        if moment.astimezone(UTC).astimezone(first).replace(tzinfo=None) != naive:
            moment = naive.replace(tzinfo=first, fold=0)  # skipped when the clock was put forward
        there = moment.astimezone(second).replace(tzinfo=None)
        here = moment.astimezone(UTC).astimezone(first).replace(tzinfo=None)
        return round((there - here + (here - naive)).total_seconds() / 60)

    at, minutes = _FIRST, ahead(_FIRST)
    while at < _LAST:
        following = at + _STEP
        if ahead(following) != minutes:
            low, high = at, following
            while high - low > timedelta(minutes=1):
                middle = low + timedelta(minutes=int((high - low).total_seconds() // 120))
                low, high = (middle, high) if ahead(middle) == minutes else (low, middle)
            yield high, minutes
            at, minutes = high, ahead(high)
        else:
            at = following
    yield None, minutes


def quantiles_by_rank(select: exp.Expr) -> exp.Expr:
    """A SELECT with percentiles for databases that have none: its values are ranked inside, and
    outside the two next to the percentile are weighed (linear interpolation, as PERCENTILE_CONT). What several
    aggregates and ranks are of is computed once, innermost: it may be long."""
    if not any(item.find(exp.PercentileCont) for item in select.expressions):
        return select
    group = select.args.get("group")
    inside, outer, outer_keys = _Inside(list(group.expressions) if group else []), exp.Select(), []
    for item in select.expressions:
        name, bare = item.alias_or_name, item.unalias()
        value: exp.Expr
        if (quantile := item.find(exp.PercentileCont)) is not None:
            value = _ranked(inside, item.alias, quantile)
        elif item.find(exp.AggFunc):
            value = _moved(inside, item)
        elif bare in inside.keys:
            value = inside.column(bare, name)
            outer_keys.append(value)
        else:
            value = bare
        outer = outer.select(named(value, name), copy=False)
    outer = outer.from_(exp.Subquery(this=inside.ranked(select), alias=alias_of(RANKED)), copy=False)
    if outer_keys:
        outer = outer.group_by(*outer_keys, copy=False)
    return with_args(outer, with_=select.args["with_"]) if select.args.get("with_") else outer


class _Inside:
    """What is ranked, and the ranks: columns of a SELECT within another one."""

    def __init__(self, keys: list[exp.Expr]) -> None:
        self.keys = keys
        self._values: dict[exp.Expr, str] = {}  # of each row, with what it is called
        self._ranks: list[exp.Expr] = []

    def column(self, value: exp.Expr, name: str) -> exp.Expr:
        """The column with a value; by a name, unless it has one already."""
        return column(RANKED, self._values.setdefault(value, name))

    def rank(self, value: exp.Expr, name: str) -> list[exp.Expr]:
        """The columns with a value, its place among those of its group, and how many these are."""
        ranked = column(MEASURED, self.column(value, f"{name}__value").name)
        within = [column(MEASURED, self.column(key, f"{name}__key{at}").name) for at, key in enumerate(self.keys)]
        missing = when(exp.Is(this=ranked, expression=exp.Null()), literal(1), literal(0))
        order = exp.Order(expressions=[exp.Ordered(this=tree, nulls_first=True) for tree in (missing, ranked)])
        place = exp.Window(this=exp.RowNumber(), partition_by=within or None, order=order)
        number = exp.Window(this=exp.Count(this=ranked), partition_by=within or None)
        self._ranks += [named(place, f"{name}__place"), named(number, f"{name}__of")]
        return [column(RANKED, one) for one in (ranked.name, f"{name}__place", f"{name}__of")]

    def ranked(self, select: exp.Expr) -> exp.Select:
        """The SELECT with all of these columns, from what another one is from."""
        measured = exp.Select(expressions=[named(value, name) for value, name in self._values.items()])
        for part in ("from_", "joins", "where"):
            if select.args.get(part):
                measured.set(part, select.args[part])
        columns = [column(MEASURED, name) for name in self._values.values()]
        ranked = exp.Select(expressions=[*columns, *self._ranks])
        return ranked.from_(exp.Subquery(this=measured, alias=alias_of(MEASURED)), copy=False)


def _ranked(inside: _Inside, alias: str, quantile: exp.Expr) -> exp.Expr:
    ranked_value, rank, count = inside.rank(quantile.this, alias)
    target = exp.Mul(
        this=double(quantile.expression), expression=exp.Paren(this=exp.Sub(this=count, expression=literal(1)))
    )
    away = exp.Abs(this=exp.Sub(this=target, expression=exp.Paren(this=exp.Sub(this=rank, expression=literal(1)))))
    near = exp.And(
        this=exp.Not(this=exp.Is(this=ranked_value, expression=exp.Null())),
        expression=exp.LT(this=away, expression=literal(1)),
    )
    weight = exp.Paren(this=exp.Sub(this=literal(1), expression=away))
    return exp.Sum(this=when(near, exp.Mul(this=ranked_value, expression=weight)))


def _moved(inside: _Inside, item: exp.Expr) -> exp.Expr:
    """An aggregate whose argument has become a column of the inner SELECT."""
    aggregate_of = item.find(exp.AggFunc)
    assert aggregate_of is not None
    distinct = aggregate_of.this if isinstance(aggregate_of.this, exp.Distinct) else None
    argument = distinct.expressions[0] if distinct is not None else aggregate_of.this
    if isinstance(argument, (exp.Star, exp.Literal)):
        return item.this  # type: ignore[no-any-return]
    new = inside.column(argument, f"{item.alias}__value")
    if distinct is not None:
        new = exp.Distinct(expressions=[new])
    aggregate = remade(aggregate_of, {**aggregate_of.args, "this": new})
    whole = item.this
    return aggregate if whole is aggregate_of else _replaced(whole, aggregate_of, aggregate)


def _replaced(tree: exp.Expr, old: exp.Expr, new: exp.Expr) -> exp.Expr:
    if tree is old:
        return new
    args = {k: _replaced(v, old, new) if isinstance(v, exp.Expr) else v for k, v in tree.args.items()}
    return remade(tree, args)


def _root(node: exp.Expr) -> exp.Expr:
    """A square root, null of what has none."""
    return when(exp.GTE(this=node.this, expression=literal(0)), node)


def _upper(node: exp.Expr) -> exp.Expr:
    """Capitals of which `ẞ` is one: of `ß` some databases make two letters, some none."""
    if not node.meta.get(WRITTEN):
        return node
    sharp, capital = exp.Literal.string("ß"), exp.Literal.string("ẞ")
    return with_args(node, this=exp.Replace(this=node.this, expression=sharp, replacement=capital))


def _lower(node: exp.Expr) -> exp.Expr:
    """Small letters, of which `i` is that of `İ`: some databases make two signs of it."""
    if not node.meta.get(WRITTEN):
        return node
    dotted, plain = exp.Literal.string("İ"), exp.Literal.string("i")
    return with_args(node, this=exp.Replace(this=node.this, expression=dotted, replacement=plain))


def _asked_of(node: exp.Expr) -> exp.Expr:
    """IS over a condition, which some databases read only in parentheses."""
    if not node.meta.get(WRITTEN) or not isinstance(node.this, exp.Predicate):
        return node
    return with_args(node, this=exp.Paren(this=node.this))


def _in_months(node: exp.Expr) -> exp.Expr:
    """A stretch of quarters in months, which every database knows."""
    number = node.this
    if str(node.args.get("unit") or "").upper() not in ("QUARTER", "QUARTERS"):
        return node
    if isinstance(number, exp.Literal) and str(number.this).lstrip("+-").isdigit():
        return with_args(node, this=exp.Literal.string(str(int(number.this) * 3)), unit=exp.var("MONTH"))
    threefold = exp.Paren(this=exp.Mul(this=exp.Paren(this=number), expression=literal(3)))
    return with_args(node, this=threefold, unit=exp.var("MONTH"))


def _searched(node: exp.Expr) -> exp.Expr:
    """CASE x WHEN y as CASE WHEN x = y: nothing is like null."""
    if node.this is None or not node.meta.get(WRITTEN):
        return node

    def asked(item: exp.Expr) -> exp.Expr:
        sides = [exp.Paren(this=side) for side in (node.this, item.this)]
        return with_args(item, this=exp.EQ(this=sides[0], expression=sides[1]))

    return with_args(node, this=None, ifs=[asked(item) for item in node.args["ifs"]])


def _weeks(node: exp.Expr) -> exp.Expr:
    """Weeks between two times: Mondays that have come in between."""
    if unit_of(node).removesuffix("S") != "WEEK":
        return node
    begins = [exp.DateTrunc(this=day(side), unit=literal("WEEK")) for side in (node.this, node.expression)]  # type: ignore[no-untyped-call]
    days = exp.DateDiff(this=begins[0], expression=begins[1], unit=exp.var("DAY"))
    return _bigint(exp.Div(this=double(days), expression=double(literal(7)), typed=True, safe=False))


def day(tree: exp.Expr) -> exp.Expr:
    """The day of a time."""
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DataType.Type.DATE, nested=False))


def _of_a_time(node: exp.Expr) -> exp.Expr:
    """A part of the day that is asked of a time, which the source may keep as a day."""
    key = "expression" if isinstance(node, exp.Extract) else "this"
    unit = str(node.this.name).upper() if isinstance(node, exp.Extract) else unit_of(node)
    if not node.meta.get(WRITTEN) or unit.removesuffix("S") not in ("HOUR", "MINUTE", "SECOND"):
        return node
    to = exp.DataType(this=exp.DataType.Type.TIMESTAMP, nested=False)
    return with_args(node, **{key: exp.Cast(this=node.args[key], to=to)})


# What is written in other words for all databases, before each has its own.
ALIKE: Rules = {
    exp.Sqrt: _root,
    exp.DateDiff: _weeks,
    exp.Extract: _of_a_time,
    exp.DateTrunc: _of_a_time,
    exp.TimestampTrunc: _of_a_time,
    exp.Upper: _upper,
    exp.Case: _searched,
    exp.Lower: _lower,
    exp.Is: _asked_of,
    exp.Interval: _in_months,
}
_MOST = {"TINYINT": 2**7, "SMALLINT": 2**15, "INT": 2**31, "BIGINT": 2**63}


def fitting(number: exp.Expr, to: exp.DataType, made: exp.Expr) -> exp.Expr:
    """What a cast makes of a number, or null where the type has no place for it. `made` is the cast."""
    kind = to.this.value
    sizes = [int(str(size.this)) for size in to.expressions]
    if kind in _MOST:
        nearest: exp.Expr = exp.Round(this=number)
        low = exp.Neg(this=exp.Literal.number(_MOST[kind]))
        fits: exp.Expr = exp.And(
            this=exp.GTE(this=nearest, expression=low),
            expression=exp.LT(this=nearest, expression=exp.Literal.number(_MOST[kind])),
        )
    elif kind == "DECIMAL" and sizes:
        scale = sizes[1] if len(sizes) > 1 else 0
        nearest = exp.Abs(this=exp.Round(this=number, decimals=literal(scale)))
        fits = exp.LT(this=nearest, expression=exp.Literal.number(10 ** (sizes[0] - scale)))
    else:
        return made
    return when(fits, made)


NUMBER = "^ *[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)? *$"


def half_up(node: exp.Expr) -> exp.Expr:
    """ROUND of a decimal, which goes away from zero at the half everywhere."""
    to = exp.DataType(
        this=exp.DataType.Type.DECIMAL,
        expressions=[exp.DataTypeParam(this=exp.Literal.number(n)) for n in (38, 12)],
        nested=False,
    )
    return with_args(node, this=exp.Cast(this=node.this, to=to))


def difference(dialect: str, label: str, forms: Mapping[str, str], otherwise: str = "", clock: bool = False) -> Rule:
    """A rule for the units between two times, the earlier `a` and the later `b`, by the SQL for each unit;
    `otherwise` is that of all others, in which `{unit}` stands for theirs, or `{lower}` in small letters. A unit
    without any is refused. With `clock`, microseconds are those that have passed, and not those that a clock
    shows that was turned in between."""

    def between(node: exp.Expr) -> exp.Expr:
        unit = unit_of(node)
        text = forms.get(unit, otherwise).format(unit=unit, lower=unit.lower())
        if not text:
            raise Unsupported(unsaid(node, label))
        matched = snippet(dialect, text, a=node.expression, b=node.this)
        return elapsed(matched, node) if clock and unit == "MICROSECOND" else matched

    return between


def unit_of(node: exp.Expr) -> str:
    """The unit of a date function, in capitals; a day unless it says otherwise."""
    unit = node.args.get("unit")
    return (str(unit.name) if isinstance(unit, exp.Expr) else str(unit or "DAY")).upper()
