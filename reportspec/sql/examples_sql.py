"""What is asked once a check is broken: values and keys that show it, and which of a column's cannot be read."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from reportspec.expression.trees import (
    alias_of,
    cast,
    column,
    copied,
    literal,
    named,
    null,
    table,
)
from reportspec.model.domain import Entity
from reportspec.model.findings import BY_HISTORY, Check
from reportspec.model.mapped import MappedPart
from reportspec.resolve.binding import Binding
from reportspec.sql.broken_history import apart
from reportspec.sql.broken_keys import (
    keys_of,
    lone_keys,
    rates_twice,
    text_of,
    tied_rows,
    unrated,
)
from reportspec.sql.broken_rows import (
    between,
    breaks,
    broken_today,
    dated_by_history,
    field_of,
    may_break_today,
    settled_by_history,
)
from reportspec.sql.known_order import NOTHING_KNOWN, KnownOrder
from reportspec.sql.parts import from_part
from reportspec.sql.some_records import SomeRecords
from reportspec.sql.statement import Statement
from reportspec.sql.unnamed import inherits, unnamed_select

MOST_VALUES = 20  # that are not the declared ones: enough to write what they mean
MOST_KEYS = 200  # that find no partner, of which it is looked whether they nearly do
MOST_KNOWN = 2000  # values of a field, for what a wrong one was meant to be


def rates_statement(binding: Binding, check: Check) -> exp.Expr:
    """Two of the days that have several exchange rates, the last ones, as `from_currency`, `to_currency`,
    `day`, `low`, `high` and `count`."""
    statement = Statement(binding)
    rated = exp.Subquery(this=rates_twice(statement, check), alias=alias_of("keys"))
    select = exp.Select().select(*(column("keys", name) for name in RATED)).from_(rated)
    order = [exp.Ordered(this=column("keys", "day"), desc=True, nulls_first=False)]
    order += [exp.Ordered(this=column("keys", name), nulls_first=False) for name in ("from_currency", "to_currency")]
    return statement.finish(select.order_by(*order).limit(2), RATED)


RATED = {
    "from_currency": "text",
    "to_currency": "text",
    "day": "date",
    "low": "number",
    "high": "number",
    "count": "integer",
}


def recount_statement(binding: Binding, check: Check, known: KnownOrder = NOTHING_KNOWN) -> exp.Expr:
    """How many rows break a check that the history may settle, as `count`, the history being read by what is `known` of
    its order; or one that another record may, from which they take a currency."""
    if inherits(binding, check):
        statement = Statement(binding)
        return statement.finish(unnamed_select(statement, check), {"count": "integer"})
    statement = _of_broken(binding, check, known)
    cte, broken = broken_today(statement, check)
    select = exp.Select().select(_every()).from_(table(cte)).where(broken)
    return statement.finish(select, {"count": "integer"})


def closings_statement(binding: Binding, check: Check) -> exp.Expr:
    """How many closings lie in the stretch of time that a check looks in, as `count`, those that the history has of
    records that were reopened since among them."""
    statement = Statement(binding)
    cte = statement.states(check.entity)
    select = exp.Select().select(_every()).from_(table(cte)).where(breaks(statement, cte, check))
    return statement.finish(select, {"count": "integer"})


def tied_statement(binding: Binding, check: Check) -> exp.Expr:
    """How many times it is that an order leaves rows in one place which differ, as `count`."""
    statement = Statement(binding)
    tied = exp.Subquery(this=tied_rows(statement, check), alias=alias_of("keys"))
    return statement.finish(exp.Select().select(_every()).from_(tied), {"count": "integer"})


def _of_broken(binding: Binding, check: Check, known: KnownOrder) -> Statement:
    """A statement with the states of records that may break a check that the history may settle."""
    return SomeRecords(binding, check.entity, lambda statement, cte: may_break_today(statement, cte, check), known)


def examples_statement(binding: Binding, check: Check, known: KnownOrder = NOTHING_KNOWN) -> exp.Expr:
    """Values that show what breaks a check, most frequent first, as `value` and `count`: keys, values
    of the field, or what a row without a key is called. Of a value that a filter names, those that
    the source has; of a stretch of time the `first` and the `last` day that it has. A history is read by what
    is `known` of its order."""
    settled = settled_by_history(binding, check)
    statement = _of_broken(binding, check, known) if settled else Statement(binding)
    across = _across(statement, check)
    if across is not None:
        return statement.finish(across, EXAMPLE)
    if settled:
        cte, broken = broken_today(statement, check)
    else:
        of_then = dated_by_history(binding, check)
        cte, broken = (statement.states if of_then else statement.rows_only)(check.entity), None
    shown = check.field.name if check.field is not None else ""
    if check.kind in ("no-key", "no-currency") or check.expectation is not None:
        shown = told_by_field(binding, binding.entity(check.entity), keyless=check.kind == "no-key")
    if not shown:
        lone = exp.Select().select(named(null("VARCHAR"), "value"), _every()).from_(table(cte))
        return statement.finish(lone, EXAMPLE)
    value = field_of(statement, cte, check.entity, shown)
    if check.side is not None:
        ends = [(exp.Min(this=copied(value)), "first"), (exp.Max(this=copied(value)), "last")]
        ends_of = [named(cast(tree, "DATE"), name) for tree, name in ends]
        types = {"first": "date", "last": "date"}
        bounds = exp.Select().select(*ends_of).from_(table(cte))
        if check.kind == "late-start":  # what lies before is no time at all
            bounds = bounds.where(between(binding, check, copied(value), check.side.start, check.latest))
        return statement.finish(bounds, types)
    select = exp.Select().select(named(cast(value, "VARCHAR"), "value"), _every()).from_(table(cte))
    most = 2
    if check.kind in ("repeated-key", "shared-name"):
        several = exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1))
        is_given = exp.Not(this=exp.Is(this=copied(value), expression=exp.Null()))
        select = select.where(is_given).having(several)
    elif check.kind == "unknown-value":
        most = MOST_KNOWN
    else:
        select = select.where(broken or breaks(statement, cte, check))
        wrong = check.field is not None and check.kind not in ("no-key", "no-currency")
        most = MOST_VALUES if wrong else 2
    select = select.group_by(copied(value))
    return statement.finish(_most(select, exp.Count(this=exp.Star()), value, most), EXAMPLE)


def _across(statement: Statement, check: Check) -> exp.Select | None:
    """The same of a check that looks at more than an entity's rows; None of others."""
    rows = apart(statement, check) if check.kind in BY_HISTORY else keys_of(statement, check)
    if rows is not None:
        keys = exp.Subquery(this=rows, alias=alias_of("keys"))
        key = cast(column("keys", "key0"), "VARCHAR")
        select = exp.Select().select(named(key, "value"), column("keys", "count")).from_(keys)
        return _most(select, column("keys", "count"), key, 2)
    if check.kind == "no-rate":
        code, of = unrated(statement, check)
        grouped = of(exp.Select().select(named(code, "value"), _every())).group_by(copied(code))
        return _most(grouped, exp.Count(this=exp.Star()), code, 2)
    if inherits(statement.binding, check):
        shown = told_by_field(statement.binding, statement.binding.entity(check.entity), keyless=False)
        if shown:
            rows = unnamed_select(statement, check, shown)
            keys = exp.Subquery(this=rows, alias=alias_of("keys"))
            value, often = column("keys", "value"), column("keys", "count")
            return _most(exp.Select().select(value, often).from_(keys), often, value, 2)
    if check.part is not None and check.field is not None:
        text, of = text_of(check)
        written = cast(copied(check.part.fields[check.field.name].sql), "VARCHAR")
        select = of(exp.Select().select(named(written, "value"), _every())).where(text)
        return _most(select.group_by(copied(written)), exp.Count(this=exp.Star()), written, 2)
    if check.relation is not None:
        lone: exp.Expr = column("keys", "key")
        if statement.binding.key_kind(check.entity, check.relation.by):
            lone = cast(lone, "VARCHAR")
        often = column("keys", "count")
        select = exp.Select().select(named(lone, "value"), named(often, "count"))
        return _most(lone_keys(statement, check, select), often, lone, MOST_KEYS)
    return None


def _every() -> exp.Expr:
    return named(exp.Count(this=exp.Star()), "count")


EXAMPLE = {"value": "text", "count": "integer"}


def _most(select: exp.Select, count: exp.Expr, value: exp.Expr, most: int) -> exp.Select:
    order = [
        exp.Ordered(this=copied(count), desc=True, nulls_first=False),
        exp.Ordered(this=copied(value), nulls_first=False),
    ]
    return select.order_by(*order).limit(most)


def told_by_field(binding: Binding, entity: Entity, *, keyless: bool) -> str:
    """The field that a row is best told by, of one that has none (`keyless`) not by its key; empty if there is none."""
    first: tuple[str, ...] = () if keyless or entity.key is None else (entity.key,)
    for name in (*first, "name", "full_name", "title", "email", "subject", "created_at"):
        if binding.field(entity.name, name) and binding.mapped(entity.name, name) is not None:
            return name
    given = [
        field
        for field in binding.fields(entity.name)
        if field.name != entity.key and binding.mapped(entity.name, field.name) is not None
    ]
    # An amount tells no row from another: it does where there is nothing else.
    given.sort(key=lambda field: field.type in ("money", "number", "integer", "boolean"))
    return given[0].name if given else ""


def values_there_statement(binding: Binding, check: Check) -> exp.Expr:
    """Those of the names of a check that its field has, as `value` and `count`."""
    assert check.field is not None
    statement = Statement(binding)
    cte = statement.rows_only(check.entity)
    value = field_of(statement, cte, check.entity, check.field.name)
    every = named(exp.Count(this=exp.Star()), "count")
    select = exp.Select().select(named(cast(value, "VARCHAR"), "value"), every).from_(table(cte))
    select = select.where(breaks(statement, cte, check)).group_by(copied(value))
    return statement.finish(select, EXAMPLE)


def near_keys_statement(binding: Binding, check: Check, wanted: Iterable[str]) -> exp.Expr:
    """The keys of the entity that a relation leads to which are one of `wanted` but for case and
    blanks, as `value`."""
    assert check.relation is not None
    target = binding.entity(check.relation.to)
    assert target.key is not None
    statement = Statement(binding)
    cte = statement.rows_whole(target.name)
    key = field_of(statement, cte, target.name, target.key)
    plain = exp.Lower(this=exp.Trim(this=cast(copied(key), "VARCHAR")))
    near = exp.In(this=plain, expressions=[literal(name) for name in wanted])
    select = exp.Select().select(named(cast(key, "VARCHAR"), "value")).from_(table(cte)).where(near)
    return statement.finish(select, {"value": "text"})


def nothing_made_statement(binding: Binding, part: MappedPart, name: str) -> exp.Expr | None:
    """The values of a table's column of which the mapping's expression for a field makes nothing, as `value` and
    `count`, most frequent first; None where the field is none of several values of one column."""
    tree = part.fields[name].sql if name in part.fields else None
    columns = {node.sql(): node for node in tree.find_all(exp.Column)} if tree is not None else {}
    if tree is None or isinstance(tree, exp.Column) or len(columns) != 1:
        return None
    [of] = columns.values()
    written = cast(copied(of), "VARCHAR")
    filled = exp.NEQ(this=exp.Trim(this=copied(written)), expression=literal(""))
    none = exp.Is(this=exp.Paren(this=copied(tree)), expression=exp.Null())
    every = exp.Count(this=exp.Star())
    select = exp.Select().select(named(written, "value"), named(every, "count"))
    select = from_part(select, part).where(none, filled)
    if part.where is not None:
        select = select.where(copied(part.where), copy=False)
    return Statement(binding).finish(_most(select.group_by(copied(written)), every, written, MOST_VALUES), EXAMPLE)


MOST_TEXTS = 100_000  # different values of a column that are looked through for those that cannot be read


def probe_statement(binding: Binding, entity: str, name: str | None, *, fetched: bool = False) -> exp.Expr:
    """A statement that fails where a field of an entity cannot be read, or, without one, its rows. `fetched`
    asks for the values themselves."""
    statement = Statement(binding)
    cte = statement.rows_whole(entity)
    if name is None:
        select = exp.Select().select(named(exp.Count(this=exp.Star()), "n")).from_(table(cte))
        return statement.finish(select, {"n": "integer"})
    value = field_of(statement, cte, entity, name)
    if fetched:
        select = exp.Select().select(named(value, "value")).from_(table(cte)).distinct()
        kept = binding.field(entity, name)
        types = {"value": kept.type} if kept is not None else {}
        return statement.finish(select.limit(MOST_TEXTS), types)
    different = exp.Count(this=exp.Distinct(expressions=[value]))
    select = exp.Select().select(named(different, "n")).from_(table(cte))
    return statement.finish(select, {"n": "integer"})


def written_statement(binding: Binding, part: MappedPart, of: exp.Column) -> exp.Expr:
    """The values of a column of a table as texts, as `value` and `count`, most frequent first."""
    written = cast(copied(of), "VARCHAR")
    every = exp.Count(this=exp.Star())
    select = exp.Select().select(named(written, "value"), named(every, "count"))
    select = from_part(select, part).group_by(copied(written))
    return Statement(binding).finish(_most(select, every, written, MOST_TEXTS), EXAMPLE)
