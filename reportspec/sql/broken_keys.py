"""What breaks a check that looks at more than the rows of an entity: other tables, exchange rates, keys."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from reportspec.expression.trees import (
    KEY,
    MONEY_DECIMALS,
    SOURCE,
    alias_of,
    all_of,
    any_of,
    bare_key,
    cast,
    column,
    copied,
    literal,
    named,
    table,
    when,
)
from reportspec.model.findings import Check
from reportspec.model.mapped import MappedJoin
from reportspec.sql.broken_rows import field_of, given, has_amount
from reportspec.sql.merged_records import lost_of
from reportspec.sql.parts import PLACE, from_part
from reportspec.sql.rates import RATES, has_rates
from reportspec.sql.statement import Statement


def unrated(statement: Statement, check: Check) -> tuple[exp.Expr, Callable[[exp.Select], exp.Select]]:
    """The currency of a row, and the FROM of the rows with amounts in one that no rate leads from."""
    binding = statement.binding
    cte = statement.rows_only(check.entity)
    code, foreign = in_another_currency(statement, cte, check)
    conditions = [foreign]
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


def in_another_currency(statement: Statement, cte: str, check: Check) -> tuple[exp.Expr, exp.Expr]:
    """The currency of a row, and that the row has an amount in one that is not the report's."""
    assert check.field is not None
    assert statement.binding.currency is not None
    value = field_of(statement, cte, check.entity, check.field.name)
    code = exp.Upper(this=exp.Trim(this=copied(value)))
    other = exp.Not(this=exp.EQ(this=copied(code), expression=literal(statement.binding.currency)))
    foreign = all_of([has_amount(statement, cte, check), given(value), other])
    assert foreign is not None
    return code, foreign


def across(statement: Statement, check: Check) -> tuple[exp.Expr, Callable[[exp.Select], exp.Select]]:
    """The count of a check that looks at more than an entity's rows, and the FROM that it is of."""
    keys = keys_of(statement, check)
    if keys is not None:
        found = exp.Subquery(this=keys, alias=alias_of("keys"))
        every = _surplus() if check.kind in _SURPLUS else exp.Count(this=exp.Star())
        return every, lambda select: select.from_(found)
    if check.kind == "no-rate":
        return exp.Count(this=exp.Star()), unrated(statement, check)[1]
    if check.kind == "part-without-field":
        return exp.Count(this=exp.Star()), lambda select: rows_of_part(select, check)
    if check.part is not None:
        text, of = text_of(check)
        return exp.Count(this=when(text, literal(1))), of
    total = exp.Coalesce(this=exp.Sum(this=column("keys", "count")), expressions=[literal(0)])
    return cast(total, "BIGINT"), lambda select: lone_keys(statement, check, select)


def keys_of(statement: Statement, check: Check) -> exp.Select | None:
    """The keys that break a check of keys, with how many rows have each in `count`: what is counted, and what is shown.
    None of other checks."""
    make = _KEYS.get(check.kind)
    return make(statement, check) if make is not None else None


def _surplus() -> exp.Expr:
    """How many there are more than one of each key, of `keys.count`."""
    more = exp.Sub(this=column("keys", "count"), expression=literal(1))
    total = exp.Coalesce(this=exp.Sum(this=more), expressions=[literal(0)])
    return cast(total, "BIGINT")


def rates_twice(statement: Statement, check: Check) -> exp.Select:
    """The currencies and days that have more than one exchange rate to or from the report's currency: the
    two currencies, the `day`, the `low`est and the `high`est rate, and of how many rates, in `count`. A
    rate that is written twice is one."""
    assert statement.binding.currency is not None
    cte = statement.rows_only(check.entity)
    rates = statement.binding.catalogue.exchange_rates
    day, rate = field_of(statement, cte, check.entity, rates.day), field_of(statement, cte, check.entity, rates.rate)
    codes = [
        exp.Upper(this=exp.Trim(this=field_of(statement, cte, check.entity, name)))
        for name in (rates.base, rates.quote)
    ]
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
    keys = [*zip(codes, ("from_currency", "to_currency"), strict=True), (day, "day")]
    return (
        exp.Select()
        .select(*(named(copied(tree), name) for tree, name in (*keys, *ends)))
        .from_(table(cte))
        .where(all_of([exp.Paren(this=ours), foreign, dated]))
        .group_by(*(copied(tree) for tree, _ in keys))
        .having(exp.GT(this=copied(different), expression=literal(1)))
    )


def text_of(check: Check) -> tuple[exp.Expr, Callable[[exp.Select], exp.Select]]:
    """That a column which is to be a number holds a text, an amount that less is kept of than is there, or a key that
    has lost digits; and the FROM of its table."""
    part, field = check.part, check.field
    assert part is not None
    assert field is not None
    mapped = part.fields[field.name]
    if check.kind == "rounded-key":
        large = exp.GTE(this=exp.Abs(this=copied(mapped.sql)), expression=literal(mapped.exact_up_to))
        return large, lambda select: rows_of_part(select, check)
    if check.kind == "too-fine":
        return _too_fine(mapped.sql), lambda select: rows_of_part(select, check)
    is_given: exp.Expr = exp.Not(this=exp.Is(this=copied(mapped.sql), expression=exp.Null()))
    if mapped.holds == "any":  # each value says
        kinds = [literal("text"), literal("blob")]
        is_given = exp.In(this=exp.Typeof(this=copied(mapped.sql)), expressions=kinds)
    return is_given, lambda select: rows_of_part(select, check)


def _too_fine(amount: exp.Expr) -> exp.Expr:
    """That of an amount with as many decimals as are kept more than a ten-thousandth is lost."""
    value = cast(copied(amount), "DOUBLE")
    kept = exp.Mul(this=copied(value), expression=literal(10**MONEY_DECIMALS))
    lost = exp.Abs(this=exp.Sub(this=kept, expression=exp.Round(this=copied(kept))))
    size = exp.Abs(this=value)
    # The loss times 10,000, which is half of one at most: of larger amounts it is less than a ten-thousandth.
    small = exp.LT(this=copied(size), expression=literal(1))
    return exp.And(this=small, expression=exp.GT(this=lost, expression=size))


def rows_of_part(select: exp.Select, check: Check) -> exp.Select:
    """The SELECT from the rows of a part that its mapping gives it."""
    part = check.part
    assert part is not None
    select = from_part(select, part)
    return select.where(copied(part.where), copy=False) if part.where is not None else select


def lone_keys(statement: Statement, check: Check, select: exp.Select) -> exp.Select:
    """The SELECT from the keys (`keys.key`, with how many rows have them in `keys.count`) for which a
    relation finds no partner. Keys are counted before they are looked up: many rows share one."""
    assert check.relation is not None
    target = statement.binding.entity(check.relation.to)
    assert target.key is not None
    # A record that was deleted was there: only what names nothing is told.
    referring, other = statement.rows_only(check.entity), statement.rows_whole(target.name)
    by, theirs = (
        field_of(statement, referring, check.entity, check.relation.by),
        field_of(statement, other, target.name, target.key),
    )
    if by.meta.get(KEY) == theirs.meta.get(KEY):
        by, theirs = bare_key(by), bare_key(theirs)
    counted = (
        exp.Select()
        .select(named(copied(by), "key"), named(exp.Count(this=exp.Star()), "count"))
        .from_(table(referring))
        .where(exp.Not(this=exp.Is(this=copied(by), expression=exp.Null())))
        .group_by(copied(by))
    )
    on = exp.EQ(this=column("keys", "key"), expression=copied(theirs))
    join = exp.Join(this=table(other), side="LEFT", on=on)
    keys = exp.Subquery(this=counted, alias=alias_of("keys"))
    return select.from_(keys).join(join).where(exp.Is(this=theirs, expression=exp.Null()))


def lost_records(statement: Statement, name: str) -> exp.Select:
    """The merged records of an entity of which none is left (`key0`), each once, with in how many rows it stands, in
    `count`."""
    statement.survivors(name)
    return lost_of(statement.binding.entity(name))


def repeated_keys(join: MappedJoin | None) -> exp.Select:
    """The keys of a table beside another one that it has more than once, with how often."""
    assert join is not None
    keys = [copied(key) for key, _ in join.on]
    select = exp.Select().select(
        *(named(key, f"key{at}") for at, key in enumerate(keys)),
        named(exp.Count(this=exp.Star()), "count"),
    )
    source = copied(join.table)
    source.meta[SOURCE] = True
    select = select.from_(source, copy=False)
    given_keys = [exp.Not(this=exp.Is(this=copied(key), expression=exp.Null())) for key in keys]
    conditions = [*given_keys, *([copied(join.where)] if join.where is not None else [])]
    select = select.where(all_of(conditions), copy=False).group_by(*(copied(key) for key in keys))
    several = exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1))
    return select.having(several, copy=False)


def tied_keys(check: Check) -> exp.Select:
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
    keys_of_row = [column("ranked", f"key{at}") for at in range(len(keys))]
    differ = [_several(column("ranked", f"cell{at}")) for at in range(len(check.cells))]
    more = exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1))
    either: exp.Expr = differ[0]
    for condition in differ[1:]:
        either = exp.Or(this=either, expression=condition)
    select = exp.Select().select(*(named(key, f"key{at}") for at, key in enumerate(keys_of_row)))
    select = select.select(named(exp.Count(this=exp.Star()), "count")).from_(ranked)
    first = exp.EQ(this=column("ranked", PLACE), expression=literal(1))
    return (
        select.where(first)
        .group_by(*(key.copy() for key in keys_of_row))
        .having(exp.And(this=more, expression=exp.Paren(this=either)))
    )


def rows_alike(statement: Statement, check: Check) -> exp.Select:
    """The rows of an entity that are the same in all that is mapped of it (`key0`, `key1`, …), with how many they
    are, in `count`."""
    cte = statement.rows_only(check.entity)
    cells = [field_of(statement, cte, check.entity, name) for name in check.names]
    several = exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1))
    select = exp.Select().select(*(named(copied(cell), f"key{at}") for at, cell in enumerate(cells)))
    return (
        select.select(named(exp.Count(this=exp.Star()), "count"))
        .from_(table(cte))
        .group_by(*(copied(cell) for cell in cells))
        .having(several)
    )


def tied_rows(statement: Statement, check: Check) -> exp.Select:
    """What several rows are the same in (`key0`, `key1`, …) that differ in what would tell them apart, with how
    many they are, in `count`."""
    cte = statement.rows_only(check.entity)
    keys = [field_of(statement, cte, check.entity, name) for name in check.names]
    differ = any_of([_several(field_of(statement, cte, check.entity, name)) for name in check.ties])
    assert differ is not None
    more = exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1))
    select = exp.Select().select(*(named(copied(key), f"key{at}") for at, key in enumerate(keys)))
    return (
        select.select(named(exp.Count(this=exp.Star()), "count"))
        .from_(table(cte))
        .where(all_of([exp.Not(this=exp.Is(this=copied(key), expression=exp.Null())) for key in keys]))
        .group_by(*(copied(key) for key in keys))
        .having(exp.And(this=more, expression=exp.Paren(this=differ)))
    )


def _several(cell: exp.Expr) -> exp.Expr:
    """That a column has more than one value in a group, nothing being one."""
    unlike = exp.NEQ(this=exp.Min(this=cell), expression=exp.Max(this=cell.copy()))
    there, every = exp.Count(this=cell.copy()), exp.Count(this=exp.Star())
    some = exp.And(
        this=exp.LT(this=there, expression=every), expression=exp.GT(this=there.copy(), expression=literal(0))
    )
    return exp.Or(this=unlike, expression=exp.Paren(this=some))


_KEYS: dict[str, Callable[[Statement, Check], exp.Select]] = {
    "without-key": rows_alike,
    "repeated-join": lambda _, check: repeated_keys(check.join),
    "repeated-rate": rates_twice,
    "undecided-order": lambda _, check: tied_keys(check),
    "tied-rows": tied_rows,
    "no-survivor": lambda statement, check: lost_records(statement, check.entity),
}
_SURPLUS = ("without-key", "repeated-join", "repeated-rate")  # of which all but one are too many
