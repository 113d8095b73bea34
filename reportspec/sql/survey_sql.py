"""One pass over each table that a report reads: how many rows it has, how new they are, and whether
they keep the source's contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.expression.sandbox import path_of
from reportspec.expression.trees import (
    LARGEST,
    OUTPUTS,
    SOURCE,
    alias_of,
    all_of,
    any_of,
    cast,
    column,
    copied,
    instant_literal,
    literal,
    named,
    null,
    table,
    when,
)
from reportspec.model.domain import Entity
from reportspec.model.findings import FIRST_TIME, Check
from reportspec.model.mapped import MappedJoin, MappedPart
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment
from reportspec.sql.parts import PLACE, from_part
from reportspec.sql.rates import RATES, has_rates
from reportspec.sql.statement import Statement

WRITTEN = (
    "updated_at",
    "created_at",
    "entered_at",
)  # of a record, looked at whatever is read of it
SOUGHT = ("unknown-value", "no-rows")  # checks of what should occur
MOST_VALUES = 20  # that are not the declared ones: enough to write what they mean
MOST_KEYS = 200  # that find no partner, of which it is looked whether they nearly do
MOST_KNOWN = 2000  # values of a field, for what a wrong one was meant to be


def survey_statement(
    binding: Binding, entities: Mapping[str, frozenset[str]], checks: Sequence[Check], now: datetime
) -> exp.Expr:
    """One row for each entity, by its name: `rows`, in `t0`, `t1`, … (times) and `d0`, `d1`, … (whole
    days) the latest up to now of each field that says when it changed, and in `n0`, `n1`, … how many
    rows break each of its checks, in their order. A check that looks at more than the entity's rows
    has a row of its own, `check 7` for the eighth, with its number in `rows`."""
    statement = Statement(binding)
    of = {name: [c for c in checks if c.entity == name and _within(c)] for name in entities}
    widths = {"n": max(map(len, of.values()), default=0)}
    newest = {name: _newest(statement, name, read, now) for name, read in entities.items()}
    for kind in ("t", "d"):
        widths[kind] = max((len(one[kind]) for one in newest.values()), default=0)
    selects = [_of_entity(statement, name, own, newest[name], widths) for name, own in of.items()]
    for number, check in enumerate(checks):
        if not _within(check):
            count, rest = _across(statement, check)
            selects.append(_row(f"check {number}", count, {}, widths, rest))
    union: exp.Expr = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    counts = exp.Subquery(this=union, alias=alias_of("counts"))
    types = {"entity": "text", "rows": "integer"}
    types |= {f"{k}{at}": _TYPES[k][1] for k, width in widths.items() for at in range(width)}
    return _finished(statement, exp.Select().select(exp.Star()).from_(counts), types)


# What the columns of an entity's row are, by how their names begin.
_TYPES = {"n": ("BIGINT", "integer"), "t": ("TIMESTAMP", "time"), "d": ("DATE", "date")}


def broken(checks: Sequence[Check], rows: Iterable[Mapping[str, object]]) -> dict[Check, int]:
    """How many rows break each check, of those that any break, from the survey's rows. Of what is
    sought it is how often it occurs, which should not be never; of several values, how many do."""
    by_name = {str(row["entity"]): row for row in rows}
    seen: dict[str, int] = {}
    found: dict[Check, int] = {}
    for number, check in enumerate(checks):
        if _within(check):
            at = seen[check.entity] = seen.get(check.entity, -1) + 1
            value = by_name[check.entity][f"n{at}"]
        else:
            value = by_name[f"check {number}"]["rows"]
        count = value if isinstance(value, int) else 0
        wrong = count < max(len(check.names), 1) if check.kind in SOUGHT else count > 0
        if wrong:
            found[check] = count
    return found


def _within(check: Check) -> bool:
    if check.kind in ("no-rate", "repeated-rate"):
        return False
    return check.relation is None and check.join is None and check.part is None


def _of_entity(
    statement: Statement,
    name: str,
    checks: list[Check],
    newest: Mapping[str, list[exp.Expr]],
    widths: Mapping[str, int],
) -> exp.Select:
    cte = statement.rows_only(name)
    found = {**newest, "n": [_count(statement, cte, check) for check in checks]}
    every = exp.Count(this=exp.Star())
    return _row(name, every, found, widths, lambda select: select.from_(table(cte)))


def _row(
    name: str,
    rows: exp.Expr,
    found: Mapping[str, list[exp.Expr]],
    widths: Mapping[str, int],
    source: Callable[[exp.Select], exp.Select],
) -> exp.Select:
    select = exp.Select().select(named(literal(name), "entity"), named(rows, "rows"), copy=False)
    for kind, width in widths.items():
        given = found.get(kind, [])
        given = [*given, *(null(_TYPES[kind][0]) for _ in range(width - len(given)))]
        columns = (named(tree, f"{kind}{at}") for at, tree in enumerate(given))
        select = select.select(*columns, copy=False)
    return source(select)


def changes(binding: Binding, name: str, read: frozenset[str]) -> list[str]:
    """The times of an entity's rows that say when something happened: those that are read, and when
    rows were written. What the source lacks is missed where it is read."""
    found = []
    for field in binding.entity(name).fields.values():
        mapped = binding.mapped(name, field.name)
        if field.type not in ("time", "date") or not field.change or mapped is None:
            continue
        if field.name not in read and field.name not in WRITTEN:
            continue
        if f"{name}.{field.name}" in binding.source.wrong or isinstance(mapped.sql, exp.Null):
            continue
        found.append(field.name)
    return found


def _newest(statement: Statement, name: str, read: frozenset[str], now: datetime) -> dict[str, list[exp.Expr]]:
    """The latest change up to now by each field that says so: those that keep times, and those that
    keep days."""
    binding, cte = statement.binding, statement.rows_only(name)
    found: dict[str, list[exp.Expr]] = {"t": [], "d": []}
    for change in changes(binding, name, read):
        kind = "d" if binding.storage(name, change) == "date" else "t"
        value = _field(statement, cte, change)
        latest = exp.Max(this=when(_up_to(binding, value, now, kind), copied(value)))
        found[kind].append(cast(latest, _TYPES[kind][0]))
    return found


def _up_to(binding: Binding, value: exp.Expr, moment: datetime, kind: str) -> exp.Expr:
    """That a time does not lie after an instant, or a day not after its day."""
    if kind == "t":
        bound = instant_literal(moment, "time", binding.source_zone, binding.zone)
    else:
        bound = literal(moment.astimezone(binding.zone).date())
    return exp.LTE(this=value, expression=bound)


def days_statement(
    binding: Binding, entities: Mapping[str, frozenset[str]], since: datetime, until: datetime
) -> exp.Expr:
    """The days (`day`) between two instants on which the rows of entities changed, by the fields that
    are read of each. Some field has to be one that says so."""
    statement = Statement(binding)
    selects = []
    for name, read in entities.items():
        for change in changes(binding, name, read):
            cte = statement.rows_only(name)
            kind = "d" if binding.storage(name, change) == "date" else "t"
            value = _field(statement, cte, change)
            earlier = exp.Not(this=_up_to(binding, copied(value), since, kind))
            within = exp.And(this=earlier, expression=_up_to(binding, copied(value), until, kind))
            day = exp.Select().select(named(cast(value, "DATE"), "day")).distinct()
            selects.append(day.from_(table(cte)).where(within))
    union: exp.Expr = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    days = exp.Subquery(this=union, alias=alias_of("days"))
    every = exp.Select().select(column("days", "day")).distinct().from_(days)
    return _finished(statement, every, {"day": "date"})


def _count(statement: Statement, cte: str, check: Check) -> exp.Expr:
    """How many rows of the CTE break a check, or have the value that is looked for."""
    if check.kind in ("repeated-key", "shared-name"):
        assert check.field is not None
        key = _field(statement, cte, check.field.name)
        different = exp.Count(this=exp.Distinct(expressions=[copied(key)]))
        return exp.Sub(this=exp.Count(this=key), expression=different)
    if check.kind == "unknown-value" and len(check.names) > 1:
        assert check.field is not None
        value = _field(statement, cte, check.field.name)
        there = when(_breaks(statement, cte, check), value)
        return exp.Count(this=exp.Distinct(expressions=[there]))
    return exp.Count(this=when(_breaks(statement, cte, check), literal(1)))


def _breaks(statement: Statement, cte: str, check: Check) -> exp.Expr:
    """The condition that a row of the CTE breaks a check."""
    if check.expectation is not None:
        return _own(statement, cte, check.expectation.unless)
    assert check.field is not None
    value = _field(statement, cte, check.field.name)
    if check.kind == "no-key":
        none = exp.Is(this=value, expression=exp.Null())
        typed = statement.binding.typed_key(check.entity, check.field.name)
        if typed or check.field.type not in ("key", "text"):
            return none
        blank = exp.EQ(this=exp.Trim(this=copied(value)), expression=literal(""))
        return exp.Or(this=none, expression=blank)
    if check.kind == "no-currency":
        return exp.And(this=_amounts(statement, cte, check), expression=exp.Not(this=_given(value)))
    if check.side is not None:
        return _between(statement.binding, check, value, check.side.start, check.side.end)
    if check.kind == "too-large":
        return exp.GT(this=exp.Abs(this=value), expression=literal(LARGEST))
    if check.kind == "odd-time":
        after = check.latest + timedelta(days=1)
        likely = _between(statement.binding, check, value, FIRST_TIME, after)
        return exp.Not(this=exp.Paren(this=likely))
    if check.kind == "unknown-value":
        if len(check.names) == 1:
            return exp.EQ(this=value, expression=literal(check.names[0]))
        return exp.In(this=value, expressions=[literal(one) for one in check.names])
    declared = [literal(one) for one in check.field.values]
    other = exp.Not(this=exp.In(this=value, expressions=declared))
    if check.kind in ("undeclared-value", "other-value"):
        return other
    meant: exp.Expr = exp.Lower(this=copied(value))
    for sign in (" ", "-", "_"):
        meant = exp.Replace(this=meant, expression=literal(sign), replacement=literal(""))
    folded = [literal(one.lower().replace("_", "")) for one in check.field.values]
    near = exp.In(this=meant, expressions=folded)
    return exp.And(this=other, expression=near)


def _given(value: exp.Expr) -> exp.Expr:
    """That a text is there, and not blank."""
    blank = exp.EQ(this=exp.Trim(this=copied(value)), expression=literal(""))
    there = exp.Not(this=exp.Is(this=copied(value), expression=exp.Null()))
    return exp.Paren(this=exp.And(this=there, expression=exp.Not(this=blank)))


def _amounts(statement: Statement, cte: str, check: Check) -> exp.Expr:
    """That a row has one of the amounts that a currency is of."""
    none = [exp.Is(this=_field(statement, cte, name), expression=exp.Null()) for name in check.names]
    found = any_of([exp.Not(this=one) for one in none])
    assert found is not None
    return exp.Paren(this=found)


def _unrated(statement: Statement, check: Check) -> tuple[exp.Expr, Callable[[exp.Select], exp.Select]]:
    """The currency of a row, and the FROM of the rows with amounts in one that no rate leads from."""
    assert check.field is not None
    binding = statement.binding
    cte = statement.rows_only(check.entity)
    value = _field(statement, cte, check.field.name)
    code = exp.Upper(this=exp.Trim(this=copied(value)))
    assert binding.currency is not None
    other = exp.Not(this=exp.EQ(this=copied(code), expression=literal(binding.currency)))
    conditions = [_amounts(statement, cte, check), _given(value), other]
    if not has_rates(binding):
        return code, lambda select: select.from_(table(cte)).where(all_of(conditions))
    rated = exp.Select().select(named(column(statement.rates(), "currency"), "currency")).distinct()
    known = exp.Subquery(this=rated.from_(table(RATES)), alias=alias_of("known"))
    on = exp.EQ(this=column("known", "currency"), expression=copied(code))
    conditions.append(exp.Is(this=column("known", "currency"), expression=exp.Null()))

    def of(select: exp.Select) -> exp.Select:
        join = exp.Join(this=known, side="LEFT", on=on)
        return select.from_(table(cte)).join(join).where(all_of(conditions))

    return code, of


def _between(binding: Binding, check: Check, value: exp.Expr, start: date, end: date) -> exp.Expr:
    """That a time lies in a stretch of days, `end` not among them."""
    assert check.field is not None
    stored = binding.storage(check.entity, check.field.name)
    low, high = (
        instant_literal(instant(day, binding.zone), stored, binding.source_zone, binding.zone) for day in (start, end)
    )
    return exp.And(
        this=exp.GTE(this=value, expression=low),
        expression=exp.LT(this=copied(value), expression=high),
    )


def _own(statement: Statement, cte: str, tree: exp.Expr) -> exp.Expr:
    """A condition over an entity's own fields, over its CTE."""

    def read(node: exp.Expr) -> exp.Expr:
        return _field(statement, cte, path_of(node)[-1]) if isinstance(node, exp.Column) else node

    return copied(tree).transform(read, copy=False)


def _field(statement: Statement, cte: str, name: str) -> exp.Column:
    statement.need(cte, name)
    return column(cte, name)


def _across(statement: Statement, check: Check) -> tuple[exp.Expr, Callable[[exp.Select], exp.Select]]:
    """The count of a check that looks at more than an entity's rows, and the FROM that it is of."""
    if check.kind == "no-rate":
        return exp.Count(this=exp.Star()), _unrated(statement, check)[1]
    if check.kind == "repeated-rate":
        rated = exp.Subquery(this=_rates_twice(statement, check), alias=alias_of("keys"))
        return _surplus(), lambda select: select.from_(rated)
    if check.kind == "part-without-field":
        return exp.Count(this=exp.Star()), lambda select: _rows_of(select, check)
    if check.kind == "undecided-order":
        tied = exp.Subquery(this=_tied(check), alias=alias_of("keys"))
        return exp.Count(this=exp.Star()), lambda select: select.from_(tied)
    if check.part is not None:
        text, of = _text_of(check)
        return exp.Count(this=when(text, literal(1))), of
    if check.join is not None:
        several = exp.Subquery(this=_keys_of_join(check.join), alias=alias_of("keys"))
        return _surplus(), lambda select: select.from_(several)
    total = exp.Coalesce(this=exp.Sum(this=column("keys", "count")), expressions=[literal(0)])
    return cast(total, "BIGINT"), lambda select: _lone(statement, check, select)


def _surplus() -> exp.Expr:
    """How many there are more than one of each key, of `keys.count`."""
    more = exp.Sub(this=column("keys", "count"), expression=literal(1))
    total = exp.Coalesce(this=exp.Sum(this=more), expressions=[literal(0)])
    return cast(total, "BIGINT")


def _rates_twice(statement: Statement, check: Check) -> exp.Select:
    """The currencies and days that have more than one exchange rate to or from the report's currency: the
    two currencies, the `day`, the `low`est and the `high`est rate, and of how many rates, in `count`. A
    rate that is written twice is one."""
    assert statement.binding.currency is not None
    cte = statement.rows_only(check.entity)
    day, rate = _field(statement, cte, "day"), _field(statement, cte, "rate")
    names = ("from_currency", "to_currency")
    codes = [exp.Upper(this=exp.Trim(this=_field(statement, cte, name))) for name in names]
    base = literal(statement.binding.currency)
    ours = any_of([exp.EQ(this=copied(code), expression=copied(base)) for code in codes])
    assert ours is not None
    foreign = exp.NEQ(this=copied(codes[0]), expression=copied(codes[1]))
    dated = exp.Not(this=exp.Is(this=copied(day), expression=exp.Null()))
    different = exp.Count(this=exp.Distinct(expressions=[copied(rate)]))
    ends = [
        (exp.Min(this=copied(rate)), "low"),
        (exp.Max(this=copied(rate)), "high"),
        (different, "count"),
    ]
    keys = [*zip(codes, names, strict=True), (day, "day")]
    return (
        exp.Select()
        .select(*(named(copied(tree), name) for tree, name in (*keys, *ends)))
        .from_(table(cte))
        .where(all_of([exp.Paren(this=ours), foreign, dated]))
        .group_by(*(copied(tree) for tree, _ in keys))
        .having(exp.GT(this=copied(different), expression=literal(1)))
    )


def rates_statement(binding: Binding, check: Check) -> exp.Expr:
    """Two of the days that have several exchange rates, the last ones, as `from_currency`, `to_currency`,
    `day`, `low`, `high` and `count`."""
    statement = Statement(binding)
    rated = exp.Subquery(this=_rates_twice(statement, check), alias=alias_of("keys"))
    select = exp.Select().select(*(column("keys", name) for name in RATED)).from_(rated)
    order = [exp.Ordered(this=column("keys", "day"), desc=True, nulls_first=False)]
    order += [exp.Ordered(this=column("keys", name), nulls_first=False) for name in ("from_currency", "to_currency")]
    return _finished(statement, select.order_by(*order).limit(2), RATED)


RATED = {
    "from_currency": "text",
    "to_currency": "text",
    "day": "date",
    "low": "number",
    "high": "number",
    "count": "integer",
}


def _text_of(check: Check) -> tuple[exp.Expr, Callable[[exp.Select], exp.Select]]:
    """That a column which is to be a number holds a text, and the FROM of its table."""
    part, field = check.part, check.field
    assert part is not None
    assert field is not None
    mapped = part.fields[field.name]
    given: exp.Expr = exp.Not(this=exp.Is(this=copied(mapped.sql), expression=exp.Null()))
    if mapped.holds == "any":  # each value says
        given = exp.EQ(this=exp.Typeof(this=copied(mapped.sql)), expression=literal("text"))

    return given, lambda select: _rows_of(select, check)


def _rows_of(select: exp.Select, check: Check) -> exp.Select:
    """The SELECT from the rows of a part that its mapping gives it."""
    part = check.part
    assert part is not None
    select = from_part(select, part)
    return select.where(copied(part.where), copy=False) if part.where is not None else select


def _lone(statement: Statement, check: Check, select: exp.Select) -> exp.Select:
    """The SELECT from the keys (`keys.key`, with how many rows have them in `keys.count`) for which a
    relation finds no partner. Keys are counted before they are looked up: many rows share one."""
    assert check.relation is not None
    target = statement.binding.entity(check.relation.to)
    assert target.key is not None
    # A record that was deleted was there: only what names nothing is told.
    own, other = statement.rows_only(check.entity), statement.rows_whole(target.name)
    by, theirs = _field(statement, own, check.relation.by), _field(statement, other, target.key)
    counted = (
        exp.Select()
        .select(named(copied(by), "key"), named(exp.Count(this=exp.Star()), "count"))
        .from_(table(own))
        .where(exp.Not(this=exp.Is(this=copied(by), expression=exp.Null())))
        .group_by(copied(by))
    )
    on = exp.EQ(this=column("keys", "key"), expression=copied(theirs))
    join = exp.Join(this=table(other), side="LEFT", on=on)
    keys = exp.Subquery(this=counted, alias=alias_of("keys"))
    return select.from_(keys).join(join).where(exp.Is(this=theirs, expression=exp.Null()))


def _keys_of_join(join: MappedJoin) -> exp.Select:
    """The keys of a table beside another one that it has more than once, with how often."""
    keys = [copied(key) for key, _ in join.on]
    select = exp.Select().select(
        *(named(key, f"key{at}") for at, key in enumerate(keys)),
        named(exp.Count(this=exp.Star()), "count"),
    )
    source = copied(join.table)
    source.meta[SOURCE] = True
    select = select.from_(source, copy=False)
    given = [exp.Not(this=exp.Is(this=copied(key), expression=exp.Null())) for key in keys]
    conditions = [*given, *([copied(join.where)] if join.where is not None else [])]
    select = select.where(all_of(conditions), copy=False).group_by(*(copied(key) for key in keys))
    several = exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1))
    return select.having(several, copy=False)


def _tied(check: Check) -> exp.Select:
    """The keys of which several rows come first in an order, and differ in what is read of them, with how often."""
    part, join = check.part, check.join
    if join is not None:
        source, keys, order, where = join.table, [key for key, _ in join.on], join.first, join.where
    else:
        assert part is not None
        assert part.latest is not None
        source, (keys, order), where = part.table, (list(part.latest[0]), part.latest[1]), None
    place = exp.Window(
        this=exp.Rank(),
        partition_by=[key.copy() for key in keys],
        order=exp.Order(expressions=[item.copy() for item in order]),
    )
    inside = exp.Select().select(*(named(key.copy(), f"key{at}") for at, key in enumerate(keys)), named(place, PLACE))
    for at, cell in enumerate(check.cells):
        bare = cell.copy()
        bare.set("table", None)
        inside = inside.select(named(cast(bare, "VARCHAR"), f"cell{at}"), copy=False)
    table_ = source.copy()
    table_.meta[SOURCE] = True
    conditions: list[exp.Expr] = [exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null())) for key in keys]
    conditions += [where.copy()] if where is not None else []
    ranked = exp.Subquery(this=inside.from_(table_).where(all_of(conditions)), alias=alias_of("ranked"))
    own = [column("ranked", f"key{at}") for at in range(len(keys))]
    differ = [_several(column("ranked", f"cell{at}")) for at in range(len(check.cells))]
    more = exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1))
    either: exp.Expr = differ[0]
    for one in differ[1:]:
        either = exp.Or(this=either, expression=one)
    select = exp.Select().select(*(named(key, f"key{at}") for at, key in enumerate(own)))
    select = select.select(named(exp.Count(this=exp.Star()), "count")).from_(ranked)
    first = exp.EQ(this=column("ranked", PLACE), expression=literal(1))
    return (
        select.where(first)
        .group_by(*(key.copy() for key in own))
        .having(exp.And(this=more, expression=exp.Paren(this=either)))
    )


def _several(cell: exp.Column) -> exp.Expr:
    """That a column has more than one value in a group, nothing being one."""
    unlike = exp.NEQ(this=exp.Min(this=cell), expression=exp.Max(this=cell.copy()))
    there, every = exp.Count(this=cell.copy()), exp.Count(this=exp.Star())
    some = exp.And(
        this=exp.LT(this=there, expression=every), expression=exp.GT(this=there.copy(), expression=literal(0))
    )
    return exp.Or(this=unlike, expression=exp.Paren(this=some))


def settled_by_history(binding: Binding, check: Check) -> bool:
    """Whether the rows that break a check may not do so once the entity's history is read."""
    expected = check.expectation
    return expected is not None and expected.past and binding.has_history(binding.entity(check.entity))


def recount_statement(binding: Binding, check: Check) -> exp.Expr:
    """How many rows break a check that the history may settle, as `count`, the history being read."""
    statement = Statement(binding)
    cte, breaks = _today(statement, check)
    count = named(exp.Count(this=exp.Star()), "count")
    select = exp.Select().select(count).from_(table(cte)).where(breaks)
    return _finished(statement, select, {"count": "integer"})


def _today(statement: Statement, check: Check) -> tuple[str, exp.Expr]:
    """The CTE of an entity's states, and the condition that a row is the last one and breaks a check."""
    cte = statement.instance(check.entity, Moment("current", None, None, None))
    last = exp.Is(this=column(cte, "valid_until"), expression=exp.Null())
    return cte, exp.and_(last, exp.Paren(this=_breaks(statement, cte, check)))


# --- examples, asked for once something is broken ---------------------------------------------------


def examples_statement(binding: Binding, check: Check) -> exp.Expr:
    """Values that show what breaks a check, most frequent first, as `value` and `count`: keys, values
    of the field, or what a row without a key is called. Of a value that a filter names, those that
    the source has; of a stretch of time the `first` and the `last` day that it has."""
    statement = Statement(binding)
    every = named(exp.Count(this=exp.Star()), "count")
    if check.join is not None or check.kind == "undecided-order":
        rows = _tied(check) if check.kind == "undecided-order" or check.join is None else _keys_of_join(check.join)
        keys = exp.Subquery(this=rows, alias=alias_of("keys"))
        key = cast(column("keys", "key0"), "VARCHAR")
        select = exp.Select().select(named(key, "value"), column("keys", "count")).from_(keys)
        return _finished(statement, _most(select, column("keys", "count"), key, 2), EXAMPLE)
    if check.kind == "no-rate":
        code, of = _unrated(statement, check)
        grouped = of(exp.Select().select(named(code, "value"), every)).group_by(copied(code))
        return _finished(statement, _most(grouped, exp.Count(this=exp.Star()), code, 2), EXAMPLE)
    if check.part is not None and check.field is not None:
        text, of = _text_of(check)
        written = cast(copied(check.part.fields[check.field.name].sql), "VARCHAR")
        select = of(exp.Select().select(named(written, "value"), every)).where(text)
        grouped = select.group_by(copied(written))
        return _finished(statement, _most(grouped, exp.Count(this=exp.Star()), written, 2), EXAMPLE)
    if check.relation is not None:
        lone, often = column("keys", "key"), column("keys", "count")
        select = exp.Select().select(named(lone, "value"), named(often, "count"))
        frequent = _most(_lone(statement, check, select), often, lone, MOST_KEYS)
        return _finished(statement, frequent, EXAMPLE)
    settled = settled_by_history(binding, check)
    cte, breaks = _today(statement, check) if settled else (statement.rows_only(check.entity), None)
    shown = check.field.name if check.field is not None else ""
    if check.kind in ("no-key", "no-currency") or check.expectation is not None:
        shown = _called(binding, binding.entity(check.entity), check.kind == "no-key")
    if not shown:
        return _finished(
            statement,
            exp.Select().select(named(null("VARCHAR"), "value"), every).from_(table(cte)),
            EXAMPLE,
        )
    value = _field(statement, cte, shown)
    if check.side is not None:
        ends = [(exp.Min(this=copied(value)), "first"), (exp.Max(this=copied(value)), "last")]
        ends_of = [named(cast(tree, "DATE"), name) for tree, name in ends]
        types = {"first": "date", "last": "date"}
        return _finished(statement, exp.Select().select(*ends_of).from_(table(cte)), types)
    select = exp.Select().select(named(cast(value, "VARCHAR"), "value"), every).from_(table(cte))
    most = 2
    if check.kind in ("repeated-key", "shared-name"):
        several = exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1))
        given = exp.Not(this=exp.Is(this=copied(value), expression=exp.Null()))
        select = select.where(given).having(several)
    elif check.kind == "unknown-value":
        most = MOST_KNOWN
    else:
        select = select.where(breaks or _breaks(statement, cte, check))
        wrong = check.field is not None and check.kind not in ("no-key", "no-currency")
        most = MOST_VALUES if wrong else 2
    select = select.group_by(copied(value))
    return _finished(statement, _most(select, exp.Count(this=exp.Star()), value, most), EXAMPLE)


EXAMPLE = {"value": "text", "count": "integer"}


def _most(select: exp.Select, count: exp.Expr, value: exp.Expr, most: int) -> exp.Select:
    order = [
        exp.Ordered(this=copied(count), desc=True, nulls_first=False),
        exp.Ordered(this=copied(value), nulls_first=False),
    ]
    return select.order_by(*order).limit(most)


def _called(binding: Binding, entity: Entity, keyless: bool) -> str:
    """The field that a row is best told by."""
    first: tuple[str, ...] = () if keyless or entity.key is None else (entity.key,)
    for name in (*first, "name", "full_name", "title", "email", "subject", "amount", "created_at"):
        if binding.field(entity.name, name) and binding.mapped(entity.name, name) is not None:
            return name
    for field in binding.fields(entity.name):
        if field.name != entity.key and binding.mapped(entity.name, field.name) is not None:
            return field.name
    return ""


def values_there_statement(binding: Binding, check: Check) -> exp.Expr:
    """Those of the names of a check that its field has, as `value` and `count`."""
    assert check.field is not None
    statement = Statement(binding)
    cte = statement.rows_only(check.entity)
    value = _field(statement, cte, check.field.name)
    every = named(exp.Count(this=exp.Star()), "count")
    select = exp.Select().select(named(cast(value, "VARCHAR"), "value"), every).from_(table(cte))
    select = select.where(_breaks(statement, cte, check)).group_by(copied(value))
    return _finished(statement, select, EXAMPLE)


def near_keys_statement(binding: Binding, check: Check, wanted: Iterable[str]) -> exp.Expr:
    """The keys of the entity that a relation leads to which are one of `wanted` but for case and
    blanks, as `value`."""
    assert check.relation is not None
    target = binding.entity(check.relation.to)
    assert target.key is not None
    statement = Statement(binding)
    cte = statement.rows_whole(target.name)
    key = _field(statement, cte, target.key)
    plain = exp.Lower(this=exp.Trim(this=cast(copied(key), "VARCHAR")))
    near = exp.In(this=plain, expressions=[literal(one) for one in wanted])
    select = exp.Select().select(named(cast(key, "VARCHAR"), "value")).from_(table(cte)).where(near)
    return _finished(statement, select, {"value": "text"})


MOST_TEXTS = 100_000  # different values of a column that are looked through for those that cannot be read


def probe_statement(binding: Binding, entity: str, name: str | None, *, fetched: bool = False) -> exp.Expr:
    """A statement that fails where a field of an entity cannot be read, or, without one, its rows. `fetched`
    asks for the values themselves."""
    statement = Statement(binding)
    cte = statement.rows_whole(entity)
    if name is None:
        select = exp.Select().select(named(exp.Count(this=exp.Star()), "n")).from_(table(cte))
        return _finished(statement, select, {"n": "integer"})
    value = _field(statement, cte, name)
    if fetched:
        select = exp.Select().select(named(value, "value")).from_(table(cte)).distinct()
        kept = binding.field(entity, name)
        types = {"value": kept.type} if kept is not None else {}
        return _finished(statement, select.limit(MOST_TEXTS), types)
    different = exp.Count(this=exp.Distinct(expressions=[value]))
    select = exp.Select().select(named(different, "n")).from_(table(cte))
    return _finished(statement, select, {"n": "integer"})


def written_statement(binding: Binding, part: MappedPart, of: exp.Column) -> exp.Expr:
    """The values of a column of a table as texts, as `value` and `count`, most frequent first."""
    written = cast(copied(of), "VARCHAR")
    every = exp.Count(this=exp.Star())
    select = exp.Select().select(named(written, "value"), named(every, "count"))
    select = from_part(select, part).group_by(copied(written))
    return _finished(Statement(binding), _most(select, every, written, MOST_TEXTS), EXAMPLE)


def _finished(statement: Statement, select: exp.Select, types: Mapping[str, str]) -> exp.Select:
    finished = statement.finish(select)
    finished.meta[OUTPUTS] = dict(types)
    return finished


def fields_read(trees: Iterable[exp.Expr], binding: Binding) -> dict[str, frozenset[str]]:
    """The mapped entities whose rows statements read, with the fields of each, by their CTEs: those of
    tables and those whose rows the mapping has itself."""
    found: dict[str, set[str]] = {}
    for tree in trees:
        with_ = tree.args.get("with_")
        for cte in with_.expressions if with_ else ():
            name = cte.alias.removesuffix("_row")
            if name not in binding.source.entities:
                continue
            fields = found.setdefault(name, set())
            rows = cte.this
            while isinstance(rows, exp.Union):
                rows = rows.this
            fields.update(one.alias for one in rows.expressions if isinstance(one, exp.Alias))
    return {name: frozenset(fields) for name, fields in found.items()}
