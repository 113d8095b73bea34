"""One pass over each table that a report reads: how many rows it has, how new they are, and whether
they keep the source's contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import (
    alias_of,
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
from reportspec.model.domain import Field
from reportspec.model.findings import ANYHOW, BY_HISTORY, FIRST_TIME, Check
from reportspec.resolve.binding import Binding
from reportspec.sql.broken_history import apart_of
from reportspec.sql.broken_keys import (
    across,
)
from reportspec.sql.broken_rows import count_of, field_of, own_condition, there_then
from reportspec.sql.known_order import RowOrder, counted_of, left_out, several_at_once
from reportspec.sql.statement import Statement

WRITTEN = (
    "updated_at",
    "created_at",
    "entered_at",
)  # of a record, looked at whatever is read of it
SOUGHT = ("unknown-value", "no-rows", "late-start")  # checks of what should occur


def survey_statement(
    binding: Binding,
    entities: Mapping[str, frozenset[str]],
    checks: Sequence[Check],
    now: datetime,
    orders: Sequence[RowOrder] = (),
) -> exp.Expr:
    """One row for each entity, by its name: `rows`, in `t0`, `t1`, … (times) and `d0`, `d1`, … (whole
    days) the latest up to now of each field that says when it changed, in `v0`, `v1`, … of each of `told_fields`
    how many rows are to have it, and how many of them do, and in `n0`, `n1`, … how many
    rows break each of its checks, in their order. Checks that hold records against their history have a row for each
    entity, `history of deal`, with their numbers likewise, and behind them of how many records each could be asked.
    Another check that looks at more than the entity's rows has a row of its own, `check 7` for the eighth, with its
    number in `rows`. Behind the checks of an entity stands how many of its rows were there at the instant that some of
    them are of. Of orders that rows are put in there are two, as `counted_of` calls them; the first counts for rows
    that an order leaves in one place, too."""
    statement = Statement(binding)
    of = {name: [c for c in checks if c.entity == name and _within(c)] for name in entities}
    by_history: dict[str, list[Check]] = {}
    for check in checks:
        if check.kind in BY_HISTORY:
            by_history.setdefault(check.entity, []).append(check)
    cells = (
        *((*own, *_of_then(own)) for own in of.values()),
        *((*own, *own) for own in by_history.values()),
        *(order.carried for order in orders),
    )
    widths = {"n": max(map(len, cells), default=0)}
    newest = {name: _newest(statement, name, read, now) for name, read in entities.items()}
    for name, read in entities.items():
        newest[name]["v"] = _told(statement, name, read)
    for kind in ("t", "d", "v"):
        widths[kind] = max((len(cells[kind]) for cells in newest.values()), default=0)
    selects = [
        _of_entity(statement, name, checks_of_entity, newest[name], widths) for name, checks_of_entity in of.items()
    ]
    for name, own in by_history.items():
        counts, source = apart_of(statement, own)
        selects.append(_row(_history_of(name), exp.Count(this=exp.Star()), {"n": counts}, widths, source))
    for order in orders:
        times, values = counted_of(order.entity)
        count, rest = several_at_once(statement, order)
        selects.append(_row(times, count, {}, widths, rest))
        if order.carried:
            counts, source = left_out(statement, order)
            selects.append(_row(values, exp.Count(this=exp.Star()), {"n": counts}, widths, source))
    timed = {order.entity for order in orders}
    for number, check in enumerate(checks):
        if check.kind == "tied-rows" and check.entity in timed:
            continue  # rows that are the same in more are of one time
        if not _within(check) and check.kind not in BY_HISTORY:
            count, rest = across(statement, check)
            selects.append(_row(f"check {number}", count, {}, widths, rest))
    union: exp.Expr = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    found = exp.Subquery(this=union, alias=alias_of("counts"))
    types = {"entity": "text", "rows": "integer"}
    types |= {f"{k}{at}": _TYPES[k][1] for k, width in widths.items() for at in range(width)}
    return statement.finish(exp.Select().select(exp.Star()).from_(found), types)


# What the columns of an entity's row are, by how their names begin.
_TYPES = {
    "n": ("BIGINT", "integer"),
    "t": ("TIMESTAMP", "time"),
    "d": ("DATE", "date"),
    "v": ("BIGINT", "integer"),
}


def told_fields(binding: Binding, name: str) -> list[Field]:
    """The mapped fields of an entity of which the catalogue says which rows are to have them, where the source tells
    these rows and no history says what the field was."""
    past = binding.past_values(binding.entity(name))
    return [
        field
        for field in binding.fields(name)
        if field.told_where is not None
        and binding.mapped(name, field.name) is not None
        and field.name not in past
        and all(binding.gives(name, path_of(node)[-1]) for node in column_nodes(field.told_where))
    ]


def untold(binding: Binding, rows: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """The fields (`deal.probability`) that by the survey's rows no row has, though there are some that are to."""
    found = set[str]()
    for row in rows:
        name = str(row["entity"])
        for at, field in enumerate(told_fields(binding, name) if name in binding.source.entities else ()):
            if row.get(f"v{2 * at}") and row[f"v{2 * at + 1}"] == 0:
                found.add(field.id)
    return frozenset(found)


def _told(statement: Statement, name: str, read: frozenset[str]) -> list[exp.Expr]:
    """Two counts for each of `told_fields`, null where it is not read; none where none is."""
    cells: list[exp.Expr] = []
    fields = told_fields(statement.binding, name)
    for field in fields if any(field.name in read for field in fields) else ():
        if field.name not in read:
            cells += [null("BIGINT"), null("BIGINT")]
            continue
        assert field.told_where is not None
        cte = statement.rows_only(name)
        there = own_condition(statement, cte, name, field.told_where)
        value = when(copied(there), field_of(statement, cte, name, field.name))
        cells += [exp.Count(this=when(there, literal(1))), exp.Count(this=value)]
    return cells


def broken(checks: Sequence[Check], rows: Iterable[Mapping[str, object]]) -> dict[Check, int]:
    """How many rows break each check, of those that any break, from the survey's rows. Of what is
    sought it is how often it occurs, which should not be never; of several values, how many do. Of rows that an order
    leaves in one place it may be how many have one time."""
    by_name = {str(row["entity"]): row for row in rows}
    seen: dict[str, int] = {}
    counts: dict[Check, int] = {}
    for number, check in enumerate(checks):
        if _within(check) or check.kind in BY_HISTORY:
            row = check.entity if _within(check) else _history_of(check.entity)
            at = seen[row] = seen.get(row, -1) + 1
            value = by_name[row][f"n{at}"]
        else:
            own = by_name.get(f"check {number}")
            value = (own if own is not None else by_name[counted_of(check.entity)[0]])["rows"]
        count = value if isinstance(value, int) else 0
        wrong = count < max(len(check.names), 1) if check.kind in SOUGHT else count > 0
        if wrong or check.kind in ANYHOW:
            counts[check] = count
    return counts


def rows_there(checks: Sequence[Check], rows: Iterable[Mapping[str, object]], check: Check) -> int:
    """How many rows a check is asked of, from the survey's rows: those of its entity, or that were there then."""
    [row] = (one for one in rows if one["entity"] == check.entity)
    own = [one for one in checks if one.entity == check.entity and _within(one)]
    value = row[f"n{len(own)}"] if check.then is not None else row["rows"]
    return int(value) if isinstance(value, int) else 0


def _of_then(checks: Sequence[Check]) -> list[Check]:
    """The first of an entity's checks that is of a past instant, by which all of them are."""
    return [check for check in checks if check.then is not None][:1]


def asked_by_history(checks: Sequence[Check], rows: Iterable[Mapping[str, object]], check: Check) -> int:
    """Of how many records both they and their history say what a check holds together, from the survey's rows."""
    own = [one for one in checks if one.entity == check.entity and one.kind in BY_HISTORY]
    [row] = (one for one in rows if one["entity"] == _history_of(check.entity))
    value = row[f"n{len(own) + own.index(check)}"]
    return value if isinstance(value, int) else 0


def _history_of(entity: str) -> str:
    """The row of the checks that hold an entity's records against their history."""
    return f"history of {entity}"


def _within(check: Check) -> bool:
    if check.kind in ("no-rate", "repeated-rate", "tied-rows", "without-key", "no-survivor", *BY_HISTORY):
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
    cells = {**newest, "n": [count_of(statement, cte, check) for check in checks]}
    for check in _of_then(checks):
        there = there_then(statement, cte, check)
        cells["n"].append(exp.Count(this=when(there, literal(1)) if there is not None else exp.Star()))
    every = exp.Count(this=exp.Star())
    return _row(name, every, cells, widths, lambda select: select.from_(table(cte)))


def _row(
    name: str,
    rows: exp.Expr,
    found: Mapping[str, list[exp.Expr]],
    widths: Mapping[str, int],
    source: Callable[[exp.Select], exp.Select],
) -> exp.Select:
    select = exp.Select().select(named(literal(name), "entity"), named(rows, "rows"), copy=False)
    for kind, width in widths.items():
        cells = found.get(kind, [])
        cells = [*cells, *(null(_TYPES[kind][0]) for _ in range(width - len(cells)))]
        columns = (named(tree, f"{kind}{at}") for at, tree in enumerate(cells))
        select = select.select(*columns, copy=False)
    return source(select)


def changes(binding: Binding, name: str, read: frozenset[str], anchors: frozenset[str] = frozenset()) -> list[str]:
    """The times of an entity's rows that say when something happened: those that are read, and when
    rows were written. `anchors` are others by which its rows belong to a period, such as a month that costs are of.
    What the source lacks is missed where it is read."""
    checks_found = []
    for field in binding.entity(name).fields.values():
        mapped = binding.mapped(name, field.name)
        told = field.change or field.name in anchors
        if field.type not in ("time", "date") or not told or mapped is None:
            continue
        if field.name not in read and field.name not in WRITTEN:
            continue
        if f"{name}.{field.name}" in binding.source.wrong or isinstance(mapped.sql, exp.Null):
            continue
        checks_found.append(field.name)
    return checks_found


def _newest(statement: Statement, name: str, read: frozenset[str], now: datetime) -> dict[str, list[exp.Expr]]:
    """The latest change up to now by each field that says so: those that keep times, and those that
    keep days."""
    binding, cte = statement.binding, statement.rows_only(name)
    newest: dict[str, list[exp.Expr]] = {"t": [], "d": []}
    for change in changes(binding, name, read):
        kind = "d" if binding.storage(name, change) == "date" else "t"
        value = field_of(statement, cte, name, change)
        latest = exp.Max(this=when(_up_to(binding, value, now, kind), copied(value)))
        newest[kind].append(cast(latest, _TYPES[kind][0]))
    return newest


def _up_to(binding: Binding, value: exp.Expr, moment: datetime, kind: str) -> exp.Expr:
    """That a time does not lie after an instant, or a day not after its day."""
    if kind == "t":
        bound = instant_literal(moment, "time", binding.source_zone, binding.zone)
    else:
        bound = literal(moment.astimezone(binding.zone).date())
    return exp.LTE(this=value, expression=bound)


def first_statement(binding: Binding, name: str, read: frozenset[str], anchors: frozenset[str]) -> exp.Expr:
    """The earliest of each time by which an entity's rows say when something happened (`t0`, `t1`, …). Some field has
    to be one that says so; placeholders count for nothing."""
    statement = Statement(binding)
    cte = statement.rows_only(name)
    select, types = exp.Select().from_(table(cte)), {}
    for at, change in enumerate(changes(binding, name, read, anchors)):
        kind = "d" if binding.storage(name, change) == "date" else "t"
        value = field_of(statement, cte, name, change)
        there = exp.GTE(this=copied(value), expression=literal(FIRST_TIME))
        earliest = exp.Min(this=when(there, value))
        select = select.select(named(cast(earliest, _TYPES[kind][0]), f"t{at}"), copy=False)
        types[f"t{at}"] = _TYPES[kind][1]
    return statement.finish(select, types)


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
            value = field_of(statement, cte, name, change)
            earlier = exp.Not(this=_up_to(binding, copied(value), since, kind))
            within = exp.And(this=earlier, expression=_up_to(binding, copied(value), until, kind))
            day = exp.Select().select(named(cast(value, "DATE"), "day")).distinct()
            selects.append(day.from_(table(cte)).where(within))
    union: exp.Expr = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    days = exp.Subquery(this=union, alias=alias_of("days"))
    every = exp.Select().select(column("days", "day")).distinct().from_(days)
    return statement.finish(every, {"day": "date"})


def fields_read(trees: Iterable[exp.Expr], binding: Binding) -> dict[str, frozenset[str]]:
    """The mapped entities whose rows statements read, with the fields of each, by their CTEs: those of
    tables and those whose rows the mapping has itself."""
    fields_read: dict[str, set[str]] = {}
    for tree in trees:
        with_ = tree.args.get("with_")
        for cte in with_.expressions if with_ else ():
            name = cte.alias.removesuffix("_row")
            if name not in binding.source.entities:
                continue
            fields = fields_read.setdefault(name, set())
            rows = cte.this
            while isinstance(rows, exp.Union):
                rows = rows.this
            fields.update(expression.alias for expression in rows.expressions if isinstance(expression, exp.Alias))
    return {name: frozenset(fields) for name, fields in fields_read.items()}
