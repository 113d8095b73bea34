"""Indexes that reports would be faster with: found in the statements as they are run, and by counting rows.

What a statement asks of a table of the source is looked at where it reads it: the columns that it compares with
something it says itself, and those by which rows are joined to others. An index is told of where it leads to few
of many rows, and none there begins with its column. Nothing is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlglot import exp

from reportspec.databases import database
from reportspec.diagnostics import counted
from reportspec.doctor.finding import Finding
from reportspec.doctor.mapped_names import in_database
from reportspec.errors import SourceError
from reportspec.expression.trees import SOURCE, all_of, conjuncts, copied, identifier, names_cte
from reportspec.lazy_dataclass import dataclass
from reportspec.model.spec import Report
from reportspec.run.connection import Connection
from reportspec.sql.dialect import lowered
from reportspec.sql.dialects.rewrite import Dialect, Unsupported

_FEW_ROWS = 10_000  # of a table that is looked through as quickly as an index is
_SHARE = 0.1  # of a table's rows, above which they are looked through all the same
_LONGEST = 60  # characters of an index's name
_COMPARED = (exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Between, exp.Is)


@dataclass(frozen=True, slots=True)
class _Use:
    """A column of a table by which a statement looks for rows: by a condition, or as the key of a join."""

    table: str
    column: str
    condition: exp.Expr | None = None


def indexes(reports: Sequence[tuple[str, Report]]) -> Iterator[Finding]:
    """The indexes that reports of one source would be faster with, each with the statement that makes it."""
    from reportspec.compile import compile_report
    from reportspec.contract.fit import fitted
    from reportspec.contract.survey import wanted_of
    from reportspec.run.connect import connect

    if not reports:
        yield Finding("note", "indexes", "the project's folder has no spec whose statements could be looked at")
        return
    source = reports[0][1].project.source
    assert source.database is not None  # a report has been checked
    if database(source.database.kind).checkup.indexes is None:
        yield Finding("ok", "indexes", f"none are proposed for {source.database.label}")
        return
    found: dict[_Use, dict[str, None]] = {}
    session: Connection | None = None
    try:
        for name, report in reports:
            program = fitted(compile_report(report))
            session = session or connect(source, wanted_of(report, program.trees))
            for use in _uses_of(session, program.report, program.trees):
                found.setdefault(use, {})[name] = None
        assert session is not None
        yield from _proposed(session, found)
    except (SourceError, Unsupported) as error:
        said = error.message if isinstance(error, SourceError) else str(error)
        yield Finding("note", "indexes", f"not looked for: {said}")
    finally:
        if session is not None:
            session.close()


def _uses_of(session: Connection, report: Report, trees: Sequence[exp.Expr]) -> Iterator[_Use]:
    """What statements ask of the source's tables, those that make temporary tables among them."""
    from reportspec.sql.materialize import script

    place = session.temporary()
    made = script(report.binding, trees, place) if place is not None else None
    for tree in trees if made is None else (*(one.tree for one in made.tables), *made.trees):
        yield from uses(lowered(tree, session.dialect))


def uses(tree: exp.Expr) -> Iterator[_Use]:
    """What a statement asks of the source's tables."""
    rows = {cte.alias: found for cte in tree.find_all(exp.CTE) if (found := _Read.of(cte.this)) is not None}
    for select in tree.find_all(exp.Select):
        from_ = select.args.get("from_")
        if from_ is None:
            continue
        joins = select.args.get("joins") or []
        read = {one.alias_or_name: _read(one, rows) for one in (from_.this, *(join.this for join in joins))}
        outer = {join.this.alias_or_name for join in joins if join.side}
        where = select.args.get("where")
        for name, of in read.items():
            if of is not None and name not in outer and where is not None:
                yield from _filtered(conjuncts(where.this), name, of, alone=len(read) == 1)
        for join in joins:
            of = read[join.this.alias_or_name]
            for one in conjuncts(join.args.get("on")) if of is not None else ():
                for side in (one.this, one.expression) if isinstance(one, exp.EQ) else ():
                    if isinstance(side, exp.Column) and side.table == join.this.alias_or_name:
                        column = of.columns(side.name) if of is not None else None
                        if of is not None and column is not None:
                            yield _Use(of.table, column)


@dataclass(frozen=True, slots=True)
class _Read:
    """A table of the source as a statement reads it: by which names it has which columns as they are; all, if `own`
    is None."""

    table: str
    own: Mapping[str, str] | None

    def columns(self, name: str) -> str | None:
        """The table's column of that name."""
        return name if self.own is None else self.own.get(name)

    @staticmethod
    def of(tree: exp.Expr) -> _Read | None:
        """What a CTE reads, if it is the rows of one table."""
        from_ = tree.args.get("from_") if isinstance(tree, exp.Select) else None
        if from_ is None or not isinstance(from_.this, exp.Table) or tree.args.get("group"):
            return None
        table = from_.this
        if not (table._meta and SOURCE in table._meta):
            return None
        own = {}
        for item in tree.expressions:
            bare = item.this if isinstance(item, exp.Alias) else item
            if isinstance(bare, exp.Collate) and bare.expression.name.upper() == "BINARY":
                bare = bare.this  # as SQLite's indexes are
            if isinstance(bare, exp.Column) and bare.table in ("", table.alias_or_name):
                own[item.alias_or_name] = bare.name
        return _Read(_name(table), own)


def _read(tree: exp.Expr, rows: Mapping[str, _Read]) -> _Read | None:
    if not isinstance(tree, exp.Table):
        return None
    if tree._meta and SOURCE in tree._meta:
        return _Read(_name(tree), None)
    return rows.get(tree.name) if names_cte(tree) else None


def _name(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts)


def _filtered(conditions: Iterable[exp.Expr], name: str, of: _Read, *, alone: bool) -> Iterator[_Use]:
    """The columns of a table that conditions of a statement compare with what it says itself."""
    found: dict[str, list[exp.Expr]] = {}
    for condition in conditions:
        columns = list(condition.find_all(exp.Column))
        names = {one.name for one in columns if one.table == name or (alone and not one.table)}
        if len(names) != 1 or len(columns) != sum(one.name in names for one in columns) or not _plain(condition):
            continue
        if any(one.table not in ("", name) for one in columns):
            continue
        column = of.columns(names.pop())
        if column is not None:
            found.setdefault(column, []).append(_of_source(condition, column))
    for column, own in found.items():
        yield _Use(of.table, column, all_of(own))


def _plain(condition: exp.Expr) -> bool:
    """Whether a condition compares a column as it is with literals, in ways that an index answers."""
    if isinstance(condition, exp.Paren):
        return _plain(condition.this)
    if isinstance(condition, (exp.Or, exp.And)):
        return _plain(condition.this) and _plain(condition.expression)
    if not isinstance(condition, _COMPARED):
        return False
    sides = [value for value in condition.args.values() if value is not None]
    parts = [one for side in sides for one in (side if isinstance(side, list) else [side]) if isinstance(one, exp.Expr)]
    bare = [one for one in parts if isinstance(one, exp.Column)]
    return len(bare) == 1 and not any(one.find(exp.Column) for one in parts if one is not bare[0])


def _of_source(condition: exp.Expr, name: str) -> exp.Expr:
    def read(node: exp.Expr) -> exp.Expr:
        return exp.Column(this=exp.to_identifier(name, quoted=True)) if isinstance(node, exp.Column) else node

    return copied(condition).transform(read, copy=False)


# --- What is there ----------------------------------------------------------------------------------


def _proposed(session: Connection, found: Mapping[_Use, Mapping[str, None]]) -> Iterator[Finding]:
    look = database(session.dialect.name).checkup.indexes
    assert look is not None
    there, types, told = look(session), session.columns(), set[tuple[str, str]]()
    lacking: dict[str, dict[_Use, Mapping[str, None]]] = {}
    for use, names in found.items():
        table = in_database(use.table, there, session.dialect.name)
        if table is None:
            continue
        many = there[table].rows
        if many is not None and many < _FEW_ROWS:
            continue
        if use.column.lower() not in {columns[0].lower() for columns in there[table].indexes if columns}:
            lacking.setdefault(table, {})[use] = names
    for table, asked in lacking.items():
        rows, shares = _shares(session, table, [use for use in asked if use.condition is not None])
        if rows < _FEW_ROWS:
            continue
        best: dict[str, tuple[float, dict[str, None]]] = {}
        for use, names in asked.items():
            share = shares.get(use, 0.0)
            if share <= _SHARE:
                most, of = best.get(use.column, (0.0, {}))
                best[use.column] = (max(most, share), {**of, **names})
        for column, (share, names) in best.items():
            if (table, column) in told:
                continue
            told.add((table, column))
            joined = all(use.condition is None for use in asked if use.column == column)
            way = "to which rows are joined by it" if joined else f"of which {share:.1%} are read by it"
            few = ", ".join(f"`{name}`" for name in list(names)[:3])
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            yield Finding(
                "note",
                "indexes",
                f"no index on `{column}` of `{table}` ({counted(rows, 'row')}), {way}: {few}{more}",
                create_index(table, column, types.get(table, {}).get(column, ""), session.dialect),
            )
    if not told:
        yield Finding("ok", "indexes", "no index more would make the reports faster")


def _shares(session: Connection, table: str, asked: Sequence[_Use]) -> tuple[int, dict[_Use, float]]:
    """How many rows a table has, and which part of them each condition leaves."""
    select = exp.Select().select(exp.Count(this=exp.Star()))
    for use in asked:
        case = exp.Case(ifs=[exp.If(this=use.condition, true=exp.Literal.number(1))])
        select = select.select(exp.Count(this=case), copy=False)
    select = select.from_(_table(table), copy=False)
    [row] = session.run(select.sql(dialect=session.dialect.sqlglot)).rows
    every, *parts = (int(str(value)) for value in row)
    return every, {use: part / every if every else 0.0 for use, part in zip(asked, parts, strict=True)}


def _table(name: str) -> exp.Table:
    *before, last = (exp.to_identifier(part, quoted=True) for part in name.split("."))
    return exp.Table(this=last, db=before[-1] if before else None)


def create_index(table: str, column: str, kind: str, dialect: Dialect) -> str:
    """The statement that makes an index on a column of a type."""
    of: exp.Expr = exp.Column(this=exp.to_identifier(column, quoted=True))
    if dialect.sqlglot == "mysql" and ("text" in kind.lower() or "blob" in kind.lower()):
        of = exp.ColumnPrefix(this=of, expression=exp.Literal.number(100))
    called = f"{table.rpartition('.')[2]}_{column}"[:_LONGEST]
    index = exp.Index(this=identifier(called), table=_table(table), params=exp.IndexParameters(columns=[of]))
    return exp.Create(this=index, kind="INDEX").sql(dialect=dialect.sqlglot)
