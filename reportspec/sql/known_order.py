"""What a source's survey may find out of the order of rows, and what need not be asked then.

Rows of a history are put in order by their time, and where several have one time by much else; and what a row leaves
out is carried on from the one before. Most histories have neither: their windows are narrower for it, with the same
results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sqlglot import exp

from reportspec.expression.sandbox import path_of
from reportspec.expression.trees import alias_of, bare_key, conjuncts, copied, literal, named, table, when
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Derived
from reportspec.resolve.binding import Binding
from reportspec.sql.broken_rows import field_of
from reportspec.sql.statement import Statement

From = Callable[[exp.Select], exp.Select]


@dataclass(frozen=True, slots=True)
class RowOrder:
    """That rows of an `entity` with one `key` are put in the order of a time (`at`), and which of their fields are
    `carried` on to rows that leave them out."""

    entity: str
    key: str
    at: str
    carried: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """What is known of a source's rows: the orders in which no two rows of a key have one time (`apart`), and those
    fields (by entity) that no row leaves out after one that says them (`unbroken`)."""

    apart: frozenset[tuple[str, str, str]] = frozenset()
    unbroken: frozenset[tuple[str, str]] = frozenset()


NOTHING_KNOWN = KnownOrder()


def orders_of(binding: Binding, read: Mapping[str, frozenset[str]]) -> tuple[RowOrder, ...]:
    """The orders that rows of the entities are put in which are read, by name with the fields that are read of each. Of
    an entity of which several are known, there is none."""
    found: dict[str, list[RowOrder]] = {}
    for name in binding.catalogue.tied():
        derived = binding.entity(name).derived
        order = _order(derived) if derived is not None else None
        if order is None or not {order.key, order.at} <= read.get(order.entity, frozenset()):
            continue
        if binding.source.entities[order.entity].parts:
            carried = (one for one in order.carried if one in read[order.entity])
            own = RowOrder(order.entity, order.key, order.at, (*carried,))
            found.setdefault(order.entity, []).append(own)
    return tuple(orders[0] for orders in found.values() if len(orders) == 1)


def several_at_once(statement: Statement, order: RowOrder) -> tuple[exp.Expr, From]:
    """How many times there are at which a key has several rows, and the FROM that it is of."""
    cte, key, at = _columns(statement, order)
    rows = exp.Select().select(named(copied(key), "key")).from_(table(cte)).where(_there(at))
    rows = rows.group_by(copied(key), copied(at))
    rows = rows.having(exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1)))
    found = exp.Subquery(this=rows, alias=alias_of("keys"))
    return exp.Count(this=exp.Star()), lambda select: select.from_(found)


def left_out(statement: Statement, order: RowOrder) -> tuple[list[exp.Expr], From]:
    """Of how many keys a row leaves out each of the carried fields after one that says it, or at the same time, and the
    FROM that it is of."""
    cte, key, at = _columns(statement, order)
    rows = exp.Select().from_(table(cte)).where(_there(at)).group_by(copied(key))
    for number, name in enumerate(order.carried):
        value = field_of(statement, cte, order.entity, name)
        last = exp.Max(this=when(exp.Is(this=copied(value), expression=exp.Null()), copied(at)))
        first = exp.Min(this=when(_there(value), copied(at)))
        rows = rows.select(named(when(exp.GTE(this=last, expression=first), literal(1)), f"broken{number}"), copy=False)
    found = exp.Subquery(this=rows, alias=alias_of("keys"))
    counts = [exp.Count(this=exp.column(f"broken{at}", "keys", quoted=True)) for at in range(len(order.carried))]
    return list(counts), lambda select: select.from_(found)


def counted_of(entity: str) -> tuple[str, str]:
    """What the survey's rows are called that count of the order of an entity's rows: times with several rows, and keys
    whose rows leave out what is carried."""
    return f"times of {entity}", f"values of {entity}"


def known_by(orders: Iterable[RowOrder], rows: Iterable[Mapping[str, object]]) -> KnownOrder:
    """What is known of orders by the survey's rows. A count that is not there says nothing."""
    counted = {str(row["entity"]): row for row in rows}
    apart, unbroken = set[tuple[str, str, str]](), set[tuple[str, str]]()
    for order in orders:
        times, values = (counted.get(name, {}) for name in counted_of(order.entity))
        if times.get("rows") == 0:
            apart.add((order.entity, order.key, order.at))
        unbroken |= {(order.entity, name) for at, name in enumerate(order.carried) if values.get(f"n{at}") == 0}
    return KnownOrder(frozenset(apart), frozenset(unbroken))


def narrower(binding: Binding, known: KnownOrder, derived: Derived, tree: exp.Expr) -> exp.Expr:
    """An expression of a derived entity without what is known to change nothing: the keys of an order behind a time
    that no two rows have, and what carries on a field that no row leaves out. The same tree where nothing is."""
    carried = _carried(binding, known, derived, tree)
    if carried is not None:
        return carried
    order = _order(derived)
    if order is None or (order.entity, order.key, order.at) not in known.apart:
        return tree
    tree = copied(tree)
    for window in tree.find_all(exp.Window):
        if _in_order(window, derived) == (order.key, order.at):
            window.args["order"].set("expressions", [window.args["order"].expressions[0]])
    return tree


def _carried(binding: Binding, known: KnownOrder, derived: Derived, tree: exp.Expr) -> exp.Expr | None:
    """What a window finds in the row itself: the greatest of a field among the rows of a key since it was last said,
    where each says it that may. There is one such row then, or none."""
    of = binding.entity(derived.source).derived
    if not isinstance(tree, exp.Window) or not isinstance(tree.this, exp.Max) or tree.args.get("order") or of is None:
        return None
    order, keys = _order(of), tree.args.get("partition_by") or []
    names = [_own(one, derived.source) for one in keys]
    if order is None or len(names) != 2 or None in names:
        return None
    key, counted = (of.fields.get(str(name)) for name in names)
    said = _counted(counted, of) if counted is not None else None
    if key is None or _own(key, of.source) != order.key or (order.entity, said) not in known.unbroken:
        return None
    value = tree.this.this
    asked = value
    if isinstance(value, exp.Case) and len(value.args["ifs"]) == 1 and not value.args.get("default"):
        condition = value.args["ifs"][0].this  # what goes with a field has its rows
        asked = condition.this.this if isinstance(condition, exp.Not) and isinstance(condition.this, exp.Is) else value
    name = _own(asked, derived.source)
    if name is None or name not in of.fields or _own(of.fields[name], of.source) != said:
        return None
    return value  # type: ignore[no-any-return]


def _order(derived: Derived) -> RowOrder | None:
    """The order that a derived entity puts the rows in which it is made of, if their times are all there."""
    windows = [window for tree in derived.fields.values() for window in tree.find_all(exp.Window)]
    pairs = {pair for window in windows if (pair := _in_order(window, derived)) is not None}
    if len(pairs) != 1 or derived.group_by or derived.match is not None:
        return None
    [(key, at)] = pairs
    there = {
        _own(one.this.this, derived.source)
        for one in (conjuncts(derived.where) if derived.where is not None else ())
        if isinstance(one, exp.Not) and isinstance(one.this, exp.Is) and isinstance(one.this.expression, exp.Null)
    }
    if at not in there:
        return None
    carried = (_counted(tree, derived) for tree in derived.fields.values())
    return RowOrder(derived.source, key, at, tuple(one for one in carried if one is not None))


def _in_order(window: exp.Window, derived: Derived) -> tuple[str, str] | None:
    """The field by which a window parts rows, and the one by which it orders them first, if each is one of theirs."""
    parts, order = window.args.get("partition_by") or [], window.args.get("order")
    if len(parts) != 1 or order is None or order.expressions[0].args.get("desc"):
        return None
    key, at = _own(parts[0], derived.source), _own(order.expressions[0].this, derived.source)
    return (key, at) if key is not None and at is not None else None


def _counted(tree: exp.Expr, derived: Derived) -> str | None:
    """The field of which a window counts how many rows so far have said it."""
    if not isinstance(tree, exp.Window) or not isinstance(tree.this, exp.Count) or _in_order(tree, derived) is None:
        return None
    spec = tree.args.get("spec")
    parts = [str(spec.args.get(one)).upper() for one in ("kind", "start", "start_side", "end")] if spec else []
    if parts != _SO_FAR:
        return None
    return _own(tree.this.this, derived.source)


_SO_FAR = ["ROWS", "UNBOUNDED", "PRECEDING", "CURRENT ROW"]


def _own(tree: exp.Expr | None, entity: str) -> str | None:
    """The name of an entity's own field, if it is one."""
    path = path_of(tree) if isinstance(tree, exp.Column) else ()
    return path[1] if len(path) == 2 and path[0] == entity else None


def _columns(statement: Statement, order: RowOrder) -> tuple[str, exp.Expr, exp.Expr]:
    cte = statement.rows_only(order.entity)
    key, at = (field_of(statement, cte, order.entity, name) for name in (order.key, order.at))
    return cte, bare_key(key), at


def _there(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=copied(value), expression=exp.Null()))
