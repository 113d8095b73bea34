"""The source's columns that a mapping names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from sqlglot import exp

from reportspec.expression.trees import TYPES, identifier
from reportspec.model.domain import Catalogue, Field
from reportspec.model.mapped import ColumnRead, MappedJoin, MappedPart, SourceMap, Written

OWN = "own"


def _qualified(tree: exp.Expr, alias: str) -> exp.Expr:
    """The expression with its bare columns read from an alias."""
    tree_copy = tree.copy()
    for node in [tree_copy] if isinstance(tree_copy, exp.Column) else list(tree_copy.find_all(exp.Column)):
        if not node.table:
            node.set("table", identifier(alias))
    return tree_copy


def owned(tree: exp.Expr, joins: tuple[MappedJoin, ...]) -> exp.Expr:
    """A part's expression with its bare columns read from the part's own table, if others stand
    beside it."""
    return _qualified(tree, OWN) if joins else tree


def columns_read(
    catalogue: Catalogue,
    source: SourceMap,
    extra: Mapping[str, Mapping[str, Field]],
    currency: str = "",
) -> tuple[ColumnRead, ...]:
    """The columns that a mapping names, with the types of the fields that they are as they stand. What two keys
    of tables join by are keys too, whose texts stay as they are. Amounts of which the mapping does not
    say the currency are in the project's."""
    reads: dict[tuple[str, str], ColumnRead] = {}

    def read(one: ColumnRead) -> None:
        known = reads.get((one.table, one.column))
        if known is None or _weight(one) > _weight(known):
            reads[one.table, one.column] = replace(one, reckoned=known.reckoned, timed=known.timed) if known else one

    for name, mapped in source.entities.items():
        fields = {**extra.get(name, {}), **catalogue.entities[name].fields}
        for part in mapped.parts:
            numeric, reckoned, timed = _as_numbers(part, fields), _as_numbers(part, {}), _as_times(part)
            for table, columns in named_columns(part):
                for column_name in columns:
                    table_name = _dotted(table)
                    of_table = (table_name, column_name)
                    number, sums, times = (of_table in columns for columns in (numeric, reckoned, timed))
                    read(ColumnRead(*of_table, number=number, reckoned=sums, timed=times))
            for join in _joining(part):
                read(join)
            for mapped_field in part.fields.values():
                owner = _owner(part, mapped_field.sql)
                field = fields.get(mapped_field.name)
                if owner is None or field is None or not isinstance(mapped_field.sql, exp.Column):
                    continue
                kind = mapped_field.type if field.type in ("date", "time") else field.type
                type_ = TYPES[kind or field.type]
                of = _rows_of(part) if mapped_field.name == catalogue.entities[name].key else ""
                in_ = _currency_of(part, field, currency)
                each = "" if in_ else _currency_sql(part, field)
                read(
                    ColumnRead(
                        _dotted(owner),
                        mapped_field.sql.name,
                        type_,
                        f"{name}.{mapped_field.name}",
                        of,
                        in_,
                        field.currency or "",
                        each,
                    )
                )
    return tuple(reads.values())


def columns_named(source: SourceMap) -> frozenset[tuple[str, str]]:
    """All columns that a mapping reads, each with its table as that is named, in small letters."""
    parts = (part for mapped in source.entities.values() for part in mapped.parts)
    named = (pair for part in parts for pair in named_columns(part))
    return frozenset((_dotted(table).lower(), name.lower()) for table, names in named for name in names)


def written_expressions(source: SourceMap) -> tuple[Written, ...]:
    """The expressions of fields as they are written, with the tables of their rows."""
    parts = ((name, part) for name, mapped in source.entities.items() for part in mapped.parts)
    return tuple(
        Written(_dotted(part.table), field.written, f"{name}.{field.name}")
        for name, part in parts
        for field in part.fields.values()
        if field.written
    )


def _currency_of(part: MappedPart, field: Field, project: str) -> str:
    """The currency of all amounts of a field; nothing where each row says its own."""
    if field.type != "money" or field.currency is None:
        return ""
    mapped = part.fields.get(field.currency)
    if mapped is None:
        return project
    currency = mapped.sql
    return currency.name.strip().upper() if isinstance(currency, exp.Literal) and currency.is_string else ""


def _currency_sql(part: MappedPart, field: Field) -> str:
    """The currency of each row's amount, in the SQL of the table that has both; nothing where another table has it."""
    mapped = part.fields.get(field.currency or "")
    if mapped is None or any(node.table not in ("", OWN) for node in mapped.sql.find_all(exp.Column)):
        return ""
    currency = mapped.sql.copy()
    for node in currency.find_all(exp.Column):
        node.set("table", None)
    return f"upper(nullif(trim(CAST({currency.sql('duckdb')} AS VARCHAR)), ''))"


def _weight(read: ColumnRead) -> tuple[bool, bool, bool, bool]:
    return (bool(read.key_of), bool(read.type), read.type != TYPES["text"], read.number)


_NUMERIC = ("money", "number", "integer")
_SUMS = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow),
    *(exp.Neg, exp.Sum, exp.Avg, exp.Abs, exp.Round, exp.Ceil, exp.Floor, exp.Sqrt),
)
# Of what is handed to these it has to be known whether it is a day, a time or a stretch of time.
_OF_TIMES = (
    *(exp.TimeUnit, exp.Extract, exp.DateBin, exp.AtTimeZone, exp.TimeToUnix),
    *(exp.Year, exp.Quarter, exp.Month, exp.Week, exp.WeekOfYear, exp.Day, exp.DayOfMonth, exp.DayOfYear),
    *(exp.DayOfWeek, exp.DayOfWeekIso, exp.Hour, exp.Minute, exp.Second),
)
_GIVEN = (exp.Coalesce, exp.Case, exp.If, exp.Paren, exp.Max, exp.Min, exp.Nullif)  # give what they are given


def _as_numbers(part: MappedPart, fields: Mapping[str, Field]) -> set[tuple[str, str]]:
    """The columns that expressions of a part take for numbers; without `fields`, those that cannot be anything else."""
    columns: set[tuple[str, str]] = set()
    for tree, tables, field in _expressions(part, fields):
        number = field is not None and field.type in _NUMERIC
        columns |= {at for at, node in _columns_of(tree, tables) if _is_number(node, tree, number)}
    return columns


def _as_times(part: MappedPart) -> set[tuple[str, str]]:
    """The columns that expressions of a part hand to what is made of times."""
    return {
        at
        for tree, tables, _ in _expressions(part, {})
        for at, node in _columns_of(tree, tables)
        if _is_time(node, tree)
    }


def _expressions(
    part: MappedPart, fields: Mapping[str, Field]
) -> Iterator[tuple[exp.Expr, Mapping[str, exp.Table], Field | None]]:
    """The expressions of a part that are no column as it stands, with the tables that they may name, and the field that
    each gives."""
    tables = {OWN: part.table, **{join.name: join.table for join in part.joins if not join.fields}}
    for mapped in part.fields.values():
        if not isinstance(mapped.sql, exp.Column):
            yield mapped.sql, tables, fields.get(mapped.name)
    if part.where is not None:
        yield part.where, tables, None
    for join in part.joins:
        for tree in join.fields.values():
            yield tree, {OWN: join.table, join.name: join.table}, None


def _columns_of(tree: exp.Expr, tables: Mapping[str, exp.Table]) -> Iterator[tuple[tuple[str, str], exp.Column]]:
    """The columns of tables that an expression names, by table and name."""
    for node in [tree] if isinstance(tree, exp.Column) else tree.find_all(exp.Column):
        table = tables.get(node.table or OWN)
        if table is not None:
            yield (_dotted(table), node.name), node


def _is_number(node: exp.Expr, top: exp.Expr, number: bool) -> bool:
    """Whether a column is a number by where it stands in an expression, or as its value, if that is a `number`."""
    while node is not top and node.parent is not None:
        above = node.parent
        if isinstance(above, _SUMS):
            return True
        if isinstance(above, exp.Binary):
            other = above.expression if above.this is node else above.this
            return isinstance(above, exp.Predicate) and isinstance(other, exp.Literal) and not other.is_string
        if isinstance(above, (exp.In, exp.Between)) and above.this is node:
            others = [*above.expressions, above.args.get("low"), above.args.get("high")]
            return any(isinstance(one, exp.Literal) and not one.is_string for one in others)
        if not isinstance(above, _GIVEN) or (isinstance(above, (exp.If, exp.Case)) and node is above.this):
            return False
        node = above
    return number


def _is_time(node: exp.Expr, top: exp.Expr) -> bool:
    """Whether it has to be known which kind of time a column is, by where it stands in an expression."""
    while node is not top and node.parent is not None:
        above = node.parent
        if isinstance(above, _OF_TIMES):
            return True
        if isinstance(above, (exp.Add, exp.Sub)) and isinstance(above.expression, exp.Interval):
            return above.this is node
        if not isinstance(above, _GIVEN):
            return False
        node = above
    return False


def _dotted(table: exp.Table) -> str:
    return ".".join(piece.name for piece in table.parts)


def _owner(part: MappedPart, tree: exp.Expr) -> exp.Table | None:
    """The table whose column an expression is, if it is nothing else."""
    if not isinstance(tree, exp.Column) or not isinstance(tree.this, exp.Identifier):
        return None
    if tree.table in ("", OWN):
        return part.table
    return next((j.table for j in part.joins if j.name == tree.table and not j.fields), None)


def _joining(part: MappedPart) -> Iterator[ColumnRead]:
    for join in part.joins:
        for theirs, ours in join.on:
            owner = _owner(part, ours)
            if owner is not None and isinstance(theirs, exp.Column):
                for table, tree in ((join.table, theirs), (owner, ours)):
                    yield ColumnRead(_dotted(table), tree.name, TYPES["key"])


def _rows_of(part: MappedPart) -> str:
    """Which rows of its table a part reads, as a condition; nothing where other tables decide."""
    if part.latest is not None or (part.joins and part.where is not None):
        return ""
    return "TRUE" if part.where is None else part.where.sql("duckdb")


def named_columns(part: MappedPart) -> Iterator[tuple[exp.Table, list[str]]]:
    """The tables of a part, each with the columns that the mapping reads from it."""
    trees: list[exp.Expr] = [field.sql for field in part.fields.values()]
    trees += [part.where] if part.where is not None else []
    trees += [ours for join in part.joins for _, ours in join.on]
    if part.latest is not None:
        trees += [*part.latest[0], *part.latest[1]]
    joined = {join.name for join in part.joins}
    yield part.table, _columns(trees, lambda table: table not in joined)
    for join in part.joins:
        own_trees: list[exp.Expr] = [theirs for theirs, _ in join.on]
        own_trees += [join.where] if join.where is not None else []
        own_trees += list(join.first)
        if join.fields:
            own_trees += list(join.fields.values())
            yield join.table, _columns(own_trees, lambda table: True)
        else:
            yield (
                join.table,
                [*_columns(own_trees, lambda table: True), *_columns(trees, join.name.__eq__)],
            )


def _columns(trees: Iterable[exp.Expr], of: Callable[[str], bool]) -> list[str]:
    names: dict[str, None] = {}
    for tree in trees:
        for node in tree.find_all(exp.Column):
            if of(node.table) and isinstance(node.this, exp.Identifier):
                names[node.name] = None
    return list(names)
