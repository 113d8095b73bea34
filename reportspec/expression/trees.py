"""Small constructors of sqlglot nodes, so that the compiler reads like the SQL that it makes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, TypeGuard, TypeVar

from sqlglot import exp

TYPES = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "money": "DECIMAL(18, 4)",
    "text": "VARCHAR",
    "key": "VARCHAR",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "time": "TIMESTAMP",
}

E = TypeVar("E", bound=exp.Expr)

# Of what stands in a tree, what has no parts in which anything is looked for: it takes `isinstance` long to say so.
_NO_NODES: frozenset[type] = frozenset((type(None), str, bool, exp.Identifier))

MONEY_DECIMALS = 4  # that are kept of an amount
LARGEST = 99_999_999_999_999  # of an amount, in whole units: what DECIMAL(18, 4) holds
LARGEST_NUMBER = 10**28  # of any other number: what a decimal of 38 digits, 9 of them behind the point, can hold
EXACT = "DECIMAL(38, 9)"  # what is added up
LANDS = "lands"  # in the meta of an alias: a column of the source becomes a field of this type here
SOME = "some"  # of a SELECT: that it has some of the rows that another one brings of the source
ZONE = "zone"  # in the meta of such an alias and of a difference of times: the zone of the source's clock
HOLDS = "holds"  # in the meta of a cast: what the source has there, so that it is read and not just cast
COLUMN = "column"  # in the meta of such a cast: the column's name, to tell of what cannot be read
MOMENT = "moment"  # in the meta of a literal: the instant that it stands for, and the field beside it
SOURCE = "source"  # in the meta of a table: it is the source's, not a CTE of that name
VALUES = "values"  # in the meta of a statement: it lists values, and each row of it is looked at once more
OUTPUTS = "outputs"  # in the meta of a statement: the canonical types of its columns
TWINS = "twins"  # in the meta of a statement: names that another of its columns answers too
READS = "reads"  # in the meta of a statement: the source's tables that it reads
ROWS = "rows"  # in the meta of a statement: what each of its CTEs has, a tuple of `RowsOf`
PLACED = "placed"  # in the meta of a condition and of a text in it: the Span of the spec that says it
WRITTEN = "written"  # in the meta of an expression of a mapping: the Span where it stands
BARE = "bare"  # in the meta of a name of the source: it was written without quotes
SPEAKS = "speaks"  # in the meta of a statement: the SQL that its mapping is written in
FEW = "few"  # in the meta of an expression: it has few values, so that rows may be grouped by it
AMOUNT = "amount"  # in the meta of a column: it holds amounts as the source's rows have them
FLAG = "flag"  # in the meta of `CASE WHEN … THEN 1 ELSE 0 END` and of a comparison with it
KEY = "key"  # in the meta of a cast: it makes a text of a key that the statement has as another kind, which it names
TEXT = "text"  # in the meta of a column: it holds texts, whose order differs between databases


LONGEST = 63  # bytes of a name: what PostgreSQL keeps of one; all others take more


def short(name: str) -> str:
    """A name that every database keeps whole: of one that is too long its beginning, with eight hex digits of the
    SHA-256 of all of it. What is short already stays as it is, so that a name may be asked about twice."""
    if len(name) <= LONGEST and (name.isascii() or len(name.encode()) <= LONGEST):
        return name
    import hashlib

    begins = name.encode()[: LONGEST - 9].decode(errors="ignore")
    return f"{begins}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def identifier(name: str) -> exp.Identifier:
    """A quoted name of ours, `short`; those of the source are written as a mapping has them."""
    return exp.Identifier(this=short(name), quoted=True)


def alias_of(name: str) -> exp.TableAlias:
    """`AS "name"` of a table, a subquery or a CTE; quoted, since `case` and `user` are words of SQL."""
    return exp.TableAlias(this=identifier(name))


def column(table: str, name: str) -> exp.Column:
    """`"table"."name"`, always quoted. Two nodes of five are names of columns, so that these are shared: they are no
    column's own, and know of none. Where a pass has told one of its column, it forgets that here: no tree is kept."""
    new = exp.Column()
    for part, text in (("this", name), ("table", table)):
        shared = new.args[part] = _name(text)
        shared.parent = None
    return new


@lru_cache(maxsize=1024)
def _name(name: str) -> exp.Identifier:
    return identifier(name)


def table(name: str) -> exp.Table:
    """A CTE or table by its bare name."""
    return exp.Table(this=identifier(name))


def names_cte(table: exp.Expr) -> bool:
    """Whether a table in a FROM is a CTE of its statement: it has no schema, and is none of the source's."""
    return not table.args.get("db") and not (table._meta and SOURCE in table._meta)


def named(tree: exp.Expr, name: str) -> exp.Alias:
    """`tree AS "name"`. The tree becomes part of it, no copy is made."""
    return exp.Alias(this=tree, alias=identifier(name))


def copied(tree: exp.Expr) -> exp.Expr:
    """A copy of a tree without types: quicker than sqlglot's own, which goes through
    `copy.deepcopy`. Names of columns, which nobody changes in place, are those of the tree."""
    if type(tree) is exp.Column:
        new: exp.Expr = exp.Column()
        new.args.update(tree.args)
        return _with_notes(new, tree)
    args: dict[str, Any] = {}
    for name, value in tree.args.items():
        kind = type(value)
        if kind is list:
            value = [copied(item) if isinstance(item, exp.Expr) else item for item in value]
        elif kind is not str and value is not None and kind is not bool and isinstance(value, exp.Expr):
            value = copied(value)
        args[name] = value
    return _with_notes(type(tree)(**args), tree)


def _with_notes(new: exp.Expr, tree: exp.Expr) -> exp.Expr:
    if tree._meta is not None:
        new._meta = dict(tree._meta)
    if tree.comments:
        new.comments = list(tree.comments)
    return new


def nodes_in(tree: exp.Expr, *kinds: type[E]) -> list[E]:
    """The nodes of some kinds in a tree (not names), from the top, as sqlglot's `find_all` yields them, which takes
    longer for small trees."""
    found: list[E] = []
    nodes: list[exp.Expr] = [tree]
    for node in nodes:  # which grows
        if isinstance(node, kinds):
            found.append(node)
        for value in node.args.values():
            kind = type(value)
            if kind is list:
                nodes += [item for item in value if isinstance(item, exp.Expr)]
            elif kind not in _NO_NODES and isinstance(value, exp.Expr):
                nodes.append(value)
    return found


def cast(tree: exp.Expr, type_name: str) -> exp.Cast:
    """CAST(tree AS type)."""
    return exp.Cast(this=tree, to=_type(type_name))


@lru_cache(maxsize=64)
def _type(name: str) -> exp.DataType:
    head, _, rest = name.partition("(")
    parameters = [exp.DataTypeParam(this=exp.Literal.number(p.strip())) for p in rest.rstrip(")").split(",") if p]
    kind = exp.DataType.Type[head]
    return exp.DataType(this=kind, expressions=parameters, nested=False)


def bare_key(tree: exp.Expr) -> exp.Expr:
    """A key as the statement has it, for those who only compare it with keys of its kind."""
    if of_neighbour(tree) and tree.this.this.meta.get(KEY):
        neighbour = type(tree.this)(**{**tree.this.args, "this": tree.this.this.this})
        return exp.Window(**{**tree.args, "this": neighbour})
    return tree.this if tree.meta.get(KEY) else tree


def text_key(tree: exp.Expr, kind: str) -> exp.Cast:
    """A key that the statement has as one of a kind, as a text for all that may ask of it."""
    found = cast(tree, "VARCHAR")
    found.meta.update({KEY: kind, TEXT: True})
    return found


def of_neighbour(tree: exp.Expr | None) -> TypeGuard[exp.Window]:
    """Whether it is what the row before or after has, and null where there is none."""
    found = tree.this if isinstance(tree, exp.Window) else None
    return isinstance(found, (exp.Lead, exp.Lag, exp.FirstValue, exp.LastValue)) and found.args.get("default") is None


def same_key(one: exp.Expr, other: exp.Expr) -> exp.EQ:
    """That two keys are the same: as the statement has them where they are of one kind, else by their texts."""
    kind = one.meta.get(KEY)
    if kind and kind == other.meta.get(KEY):
        one, other = bare_key(one), bare_key(other)
    return exp.EQ(this=one, expression=other)


def null(type_name: str) -> exp.Cast:
    """A null that carries its type, so that UNION ALL and engines agree on it."""
    return cast(exp.Null(), type_name)


def all_of(conditions: Iterable[exp.Expr]) -> exp.Expr | None:
    """The conjunction, or None for none."""
    joined: exp.Expr | None = None
    for condition in conditions:
        wrapped = condition if _tight(condition) else exp.Paren(this=condition)
        joined = wrapped if joined is None else exp.And(this=joined, expression=wrapped)
    return joined


def any_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """The disjunction of at least one condition."""
    joined: exp.Expr | None = None
    for condition in conditions:
        wrapped = condition if _tight(condition) else exp.Paren(this=condition)
        joined = wrapped if joined is None else exp.Or(this=joined, expression=wrapped)
    assert joined is not None
    return joined


def _tight(tree: exp.Expr) -> bool:
    return not isinstance(tree, (exp.Or, exp.And, exp.Between, exp.Case))


def conjuncts(tree: exp.Expr | None) -> list[exp.Expr]:
    """The parts that AND joins at the top of a condition."""
    if tree is None:
        return []
    inner = tree.unnest() if isinstance(tree, exp.Paren) else tree
    if isinstance(inner, exp.And):
        return conjuncts(inner.this) + conjuncts(inner.expression)
    return [inner]


def when(condition: exp.Expr, value: exp.Expr, other: exp.Expr | None = None) -> exp.Case:
    """CASE WHEN condition THEN value [ELSE other] END."""
    return exp.Case(ifs=[exp.If(this=condition, true=value)], default=other)


def literal(value: Any) -> exp.Expr:
    """A plain value as a literal of the tree."""
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, (int, float)):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("no literal for an infinite number")
        number = exp.Literal.number(repr(abs(value)))
        return exp.Neg(this=number) if value < 0 else number
    if isinstance(value, datetime):
        return cast(exp.Literal.string(value.isoformat(" ", "seconds")), "TIMESTAMP")
    if isinstance(value, date):
        return cast(exp.Literal.string(value.isoformat()), "DATE")
    return exp.Literal.string(str(value))


def instant_literal(moment: datetime, storage: str, source_zone: tzinfo, zone: tzinfo) -> exp.Expr:
    """An instant to compare a field with: the naive wall time of the source's zone, or for fields
    that keep whole days the first day that does not lie before the instant."""
    if storage == "date":
        local = moment.astimezone(zone)
        day = local.date()
        if local.time().isoformat() != "00:00:00" and local != _midnight(local, zone):
            day += timedelta(days=1)
        return literal(day)
    return literal(moment.astimezone(source_zone).replace(tzinfo=None))


def moment_of(moment: datetime, entity: str, field: str) -> exp.Expr:
    """An instant to compare a field with, of which only the source's columns say whether it keeps
    whole days: it becomes a literal when a statement is made."""
    literal = exp.Literal.string(moment.isoformat())
    literal.meta[MOMENT] = (moment, entity, field)
    return literal


def _midnight(local: datetime, zone: tzinfo) -> datetime:
    return datetime(local.year, local.month, local.day, tzinfo=zone).astimezone(UTC).astimezone(zone)
