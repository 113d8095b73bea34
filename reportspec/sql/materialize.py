"""What several statements of a report are made from, made once: temporary tables, and the statements over them.

Each statement stands by itself, with CTEs of its own. Many of these are the same entity's rows, with other fields
each time. What is made from other rows (visits of stages, the states that a deal was in) is made once here, with the
fields that any of the statements asks for; what only one of them reads stays in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlglot import exp

from reportspec.expression.trees import (
    READS,
    ROWS,
    SOME,
    SOURCE,
    SPEAKS,
    alias_of,
    conjuncts,
    identifier,
    names_cte,
    short,
)
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Derived, History
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment, Spans
from reportspec.sql.combine import inlined
from reportspec.sql.dialects.rewrite import rewritten, with_args
from reportspec.sql.history import asks_for_the_stretch, past_values
from reportspec.sql.known_order import NOTHING_KNOWN, KnownOrder, narrower
from reportspec.sql.merged_records import survivors_cte
from reportspec.sql.quick_history import changes_read, quick_values, rows_with_last_states, select_quick_versions
from reportspec.sql.shared_trees import SHARED, shared_in, shared_of
from reportspec.sql.statement import NO_MOMENT, PastRows, RowsOf, Statement, together

PREFIX = "reportspec_"  # of the names of temporary tables: nobody else's begin like that
BEFORE = f"{PREFIX}before_"  # of those that are asked before the report's statements
ROWS_BEFORE = f"{PREFIX}rows_"  # of those that have rows of the source, made before the survey

_MORE = {"with_", "joins", "laterals", "group", "having", "distinct", "limit", "offset"}  # than choosing rows

Key = tuple[object, ...]  # an entity, and the instants that its rows depend on
Order = Mapping[str, frozenset[str]]  # CTEs, and those that each reads


@dataclass(frozen=True, slots=True)
class TemporaryTable:
    """A table that statements of a report read, its SELECT, and its columns by which rows are looked for, each time;
    and which `rows` it has where they are those of the source's tables as they are."""

    name: str
    tree: exp.Expr
    keys: tuple[tuple[str, ...], ...]
    rows: RowsOf | None = None


@dataclass(frozen=True, slots=True)
class Temporary:
    """How temporary tables of a session are called, by the `schema` that they are in, if it has a name. Sessions
    `beside` may see them too. They may have `indexes`, without which a database looks through all rows for each
    row that is joined to them. Where their columns are `narrower` than those of the source, rows that are only read
    twice are quicker to sort and join from them, too; those that are `there` already need not be made. Some have the
    changes of a history quicker in `one_order` than in two that are joined. What is to be the smaller side of a join
    has to be `written_first` where a database takes what joins and windows leave for little."""

    schema: str = ""
    beside: bool = False
    indexes: bool = False
    narrower: bool = False
    one_order: bool = False
    written_first: bool = False
    there: tuple[TemporaryTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """Temporary tables, each made from the source and from those before it, and the statements over them."""

    place: Temporary
    tables: tuple[TemporaryTable, ...]
    trees: tuple[exp.Expr, ...]


class _Library(Statement):
    """The CTEs of many statements: of rows that depend on the moment one for each moment."""

    called_alike = False

    def __init__(self, binding: Binding, known: KnownOrder, *, quick: bool) -> None:
        super().__init__(binding)
        self._known, self._quick = known, quick
        self._names: dict[tuple[object, ...], str] = {}
        self._spans: dict[str, list[Spans | None]] = {}
        self.written: set[str] = set()  # CTEs that are the smaller side of a join, though nothing says so

    def _called(self, name: str, moment: Moment) -> str:
        if moment.as_of is None:  # what a history reads
            return name
        key = (name, moment.as_of, moment.start, moment.end)
        return self._names.setdefault(key, short(f"{name}_{len(self._names) + 1}"))

    def made_again(self, rows: RowsOf) -> str:
        """The CTE with the rows that another statement has."""
        if not rows.entity:
            return self.rates()
        if rows.cte == survivors_cte(rows.entity):
            return self.survivors(rows.entity)
        if rows.cte == short(f"{rows.entity}_row"):
            return self.today(rows.entity)
        return self.instance(rows.entity, rows.moment or Moment("current", None, None, None))

    def read(self, cte: str, rows: RowsOf) -> None:
        """Have in a CTE what a statement reads of its rows."""
        self._spans.setdefault(cte, []).append(rows.spans)
        for field in rows.fields:
            self.need(cte, field)

    def _as_known(self, derived: Derived, tree: exp.Expr) -> exp.Expr:
        return narrower(self.binding, self._known, derived, tree)

    def states_read(self, kept: Collection[str], order: Order) -> bool:
        """Whether what is `kept` reads states only for the past states of rows, and all that is asked of these is told
        by the rows' changes."""
        for cte, rows in self._rows.items():
            history = rows.entity.history
            if rows.versions is None or history is None or history.changes is None:
                continue
            values = past_values(self.binding, rows.entity, (*rows.needed,))
            told = quick_values(self.binding, self._known, rows.entity)
            if history.outcome.lost_from in rows.needed or not set(values) <= set(told):
                return False
            states = {history.entity, *([history.values.entity] if history.values is not None else [])}
            # What numbers states is there already where others read it, too; the changes are needed either way.
            _, made_of_changes = _down(order, states, [history.changes.entity])
            readers = {name for name in kept if _down(order, order[name], kept)[1] & states}
            if made_of_changes & {name for name in kept if order[name]} or not readers <= {short(cte)}:
                return False
        return True

    def _need_states(self, history: History) -> None:
        if not self._quick or history.changes is None:
            super()._need_states(history)
            return
        changes = self.instance(history.changes.entity, NO_MOMENT)
        for name in changes_read(history):
            self.need(changes, name)

    def _need_values(self, rows: PastRows) -> None:
        history = rows.entity.history
        assert history is not None
        if not self._quick or history.changes is None:
            super()._need_values(rows)
            return
        changes = self.instance(history.changes.entity, NO_MOMENT)
        told = quick_values(self.binding, self._known, rows.entity)
        for name in past_values(self.binding, rows.entity, (*rows.needed,)):
            if (said := told.get(name)) is not None:
                self.need(changes, said)
            self.need(rows.versions or "", name)

    def _past_ctes(self, name: str, rows: PastRows) -> list[tuple[str, exp.Expr, str]]:
        history = rows.entity.history
        if not self._quick or history is None or history.changes is None:
            return super()._past_ctes(name, rows)
        assert rows.versions is not None
        needed = (*rows.needed,)
        self.written.add(short(rows_with_last_states(name)))
        return select_quick_versions(
            self.binding,
            rows.entity,
            name,
            rows.versions,
            short(f"{name}_state"),
            needed,
            quick_values(self.binding, self._known, rows.entity),
            stretch=asks_for_the_stretch(self.binding, rows.entity, needed),
            spans=self._held_in(name),
        )

    def _held_in(self, cte: str) -> Spans | None:
        return together([*self._spans.get(cte, ()), *(look.spans for look in self._looks.get(cte, ()))])


def script(
    binding: Binding,
    trees: Sequence[exp.Expr],
    place: Temporary,
    prefix: str = PREFIX,
    known: KnownOrder = NOTHING_KNOWN,
) -> Script | None:
    """The statements with what several of them are made from as temporary tables, whose names begin with the `prefix`;
    where tables have indexes, also with all that others are joined to, and rates, which are few. Tables are made by
    what is `known` of the order of rows, which statements by themselves do not need. None where there is nothing of
    that kind."""
    found: dict[Key, list[tuple[int, RowsOf]]] = {}  # with the number of the statement
    for at, tree in enumerate(trees):
        for one in tree.meta.get(ROWS, ()):
            key = _key(one)
            if key is not None and (place.indexes or (one.made and one.entity)):
                found.setdefault(key, []).append((at, one))
    several = {key: rows for key, rows in found.items() if len(rows) > 1 or place.indexes}
    if not several:
        return None
    library, names = _library(binding, known, several, None)
    made = {short(name): tree for name, tree, _ in library.ctes()}
    order = {name: _names_read(tree) for name, tree in made.items()}
    asked = [_Asked.of(tree, names) for tree in trees]
    kept = _worth_it({short(names[key]) for key, rows in several.items() if rows[0][1].made}, order, asked)
    if place.indexes:
        kept |= _joined(made, asked)
    kept = _with_what_several_read(kept, order, sources=place.narrower)
    if not place.indexes:
        kept -= {name for name in kept if _chosen_from(made[name]) & kept}
    if not kept:
        return None
    # What statements do not read themselves has what is read of it here alone: that may be less than in theirs. Where
    # tables have indexes, databases make a CTE for each that reads it, and changes would be put in order three times.
    met = [one.met(kept) for one in asked]
    quick = place.one_order and library.states_read(kept, order)
    library, names = _library(binding, known, several, met, quick=quick)
    made = {short(name): tree for name, tree, _ in library.ctes()}
    order = {name: _names_read(tree) for name, tree in made.items()}
    plain = {short(one.cte): one for one in library.rows() if not one.made}
    done = {name: had.name for name in kept if name in plain and (had := _had(place.there, plain[name])) is not None}
    selects: dict[str, exp.Expr] = {}
    for name, tree in made.items():
        if name in kept and name not in done:
            _, inside = _down(order, order[name], done)
            ctes = [
                exp.CTE(this=_over(body, done, place.schema), alias=alias_of(other))
                for other, body in made.items()
                if other in inside
            ]
            select = _over(tree, done, place.schema)
            select = _with_ctes(select, ctes)
            select = inlined(select, 1) if ctes else select
            for cte in ctes:
                if place.written_first and cte.alias in library.written:
                    cte.set("materialized", True)
            select.meta.update({SHARED: shared_of(binding), READS: library.reads(), SPEAKS: binding.source.dialect})
            done[name] = short(f"{prefix}{name}")
            selects[done[name]] = select
    over = tuple(one.over(done, place.schema) for one in asked)
    keys = _keys_read((*selects.values(), *over), selects)
    rows = {done[name]: one for name, one in plain.items() if name in done}
    tables = tuple(
        TemporaryTable(name, tree, (*sorted(keys.get(name, ())),), rows.get(name)) for name, tree in selects.items()
    )
    return Script(place, tables, over)


def rows_before(binding: Binding, survey: exp.Expr, planned: Script | None) -> list[TemporaryTable]:
    """The source's rows that a survey reads several times, as tables that are made before it: with what it reads of
    them, and what is read of those that the `planned` script has, by the same keys."""
    times = Counter(table.name for table in survey.find_all(exp.Table) if names_cte(table))
    tables = []
    for rows in survey.meta.get(ROWS, ()):
        if rows.made or times[short(rows.cte)] < 2:
            continue
        fields, keys = dict.fromkeys(rows.fields), set[tuple[str, ...]]()
        for other in planned.tables if planned is not None else ():
            if other.rows is not None and _alike(other.rows, rows):
                fields.update(dict.fromkeys(other.rows.fields))
                keys.update(other.keys)
        statement = Statement(binding)
        cte = (statement.rows_whole if _is_whole(rows) else statement.rows_only)(rows.entity)
        for field in fields:
            statement.need(cte, field)
        tree = with_args(statement.rows_tree(cte))
        tree.meta.update({SHARED: shared_of(binding), READS: statement.reads(), SPEAKS: binding.source.dialect})
        name = short(f"{ROWS_BEFORE}{cte}")
        tables.append(TemporaryTable(name, tree, (*sorted(keys),), rows._replace(fields=(*fields,))))
    return tables


def over_rows(tree: exp.Expr, place: Temporary) -> exp.Expr:
    """A statement over those of the source's rows that are there already; where it chooses some of them itself, it does
    so from these."""
    found = {short(one.cte): _had(place.there, one) for one in tree.meta.get(ROWS, ()) if not one.made}
    there = {cte: table.name for cte, table in found.items() if table is not None}
    if not there:
        return tree
    ctes = []
    for cte in _ctes(tree):
        if cte.alias in there and cte.this.meta.get(SOME):
            ctes.append(_some_over(cte, there.pop(cte.alias), place.schema))
        elif cte.alias not in there:
            ctes.append(cte)
    return _over(_with_ctes(tree, ctes), there, place.schema)


def _some_over(cte: exp.Expr, name: str, schema: str) -> exp.Expr:
    """The CTE of some of an entity's rows, chosen from a table that has them all."""
    rows, from_ = cte.this, cte.this.args["from_"]
    all_rows = exp.Table(this=identifier(name), db=identifier(schema) if schema else None)
    all_rows.set("alias", alias_of(from_.this.alias))
    return with_args(cte, this=with_args(rows, from_=with_args(from_, this=all_rows)))


def _had(there: Iterable[TemporaryTable], rows: RowsOf) -> TemporaryTable | None:
    """The table that has rows of the source, with all that is read of them."""
    for table in there:
        if table.rows is not None and _alike(table.rows, rows) and set(rows.fields) <= set(table.rows.fields):
            return table
    return None


def _alike(rows: RowsOf, others: RowsOf) -> bool:
    """Whether both are the same rows of the source, whatever their fields are."""
    return rows.entity == others.entity and _is_whole(rows) == _is_whole(others)


def _is_whole(rows: RowsOf) -> bool:
    """Whether they are all rows that the mapping gives an entity, deleted ones too."""
    return short(rows.cte) == short(f"{rows.entity}_whole")


def _library(
    binding: Binding,
    known: KnownOrder,
    several: Mapping[Key, Sequence[tuple[int, RowsOf]]],
    met: Sequence[Collection[str]] | None,
    *,
    quick: bool = False,
) -> tuple[_Library, dict[Key, str]]:
    """The CTEs of several statements, and what they are called by what they have: with all that statements have in
    theirs, or, of those that each has `met`, in these alone."""
    library, names = _Library(binding, known, quick=quick), dict[Key, str]()
    for key, rows in several.items():
        names[key] = library.made_again(rows[0][1])
        for at, one in rows:
            if met is None or short(names[key]) in met[at]:
                library.read(names[key], one)
    return library, names


def times_read(trees: Iterable[exp.Expr]) -> Counter[str]:
    """How many times statements read each of the source's tables: by a CTE as often as it is read itself."""
    found = Counter[str]()
    for tree in trees:
        inside: dict[str, Counter[str]] = {}
        for cte in _ctes(tree):  # each reads only earlier ones
            inside[cte.alias] = _read_in(cte.this, inside)
        found += _read_in(_without_ctes(tree), inside)
    return found


def _read_in(tree: exp.Expr, ctes: Mapping[str, Counter[str]]) -> Counter[str]:
    found = Counter[str]()
    for table in tree.find_all(exp.Table):
        if table._meta and SOURCE in table._meta:
            found[".".join(part.name for part in table.parts)] += 1
        elif names_cte(table):
            found += ctes.get(table.name, Counter())
    return found


def _key(rows: RowsOf) -> Key | None:
    """What tells rows apart that may be shared; None where they depend on more than instants."""
    if rows.moment is None:
        return (rows.cte, rows.entity)
    bounds = (rows.moment.as_of, rows.moment.start, rows.moment.end)
    return (rows.entity, *bounds) if all(isinstance(one, datetime) for one in bounds) else None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A statement, which of its CTEs are whose in the library, and which CTEs it and each of them read."""

    tree: exp.Expr
    called: Mapping[str, str]
    reads: frozenset[str]
    order: Order

    @staticmethod
    def of(tree: exp.Expr, names: Mapping[Key, str]) -> _Asked:
        called = {
            short(one.cte): short(names[key])
            for one in tree.meta.get(ROWS, ())
            if (key := _key(one)) is not None and key in names
        }
        order = {cte.alias: _names_read(cte.this) for cte in _ctes(tree)}
        return _Asked(tree, called, _names_read(_without_ctes(tree)), order)

    def met(self, kept: Collection[str]) -> set[str]:
        """What it reads first of what is kept, in the library's names."""
        ends = [cte for cte, name in self.called.items() if name in kept]
        return {self.called[cte] for cte in _down(self.order, self.reads, ends)[0]}

    def over(self, tables: Mapping[str, str], schema: str) -> exp.Expr:
        """The statement over temporary tables in place of its own CTEs."""
        own = {cte: tables[name] for cte, name in self.called.items() if name in tables}
        if not own:
            return self.tree
        _, needed = _down(self.order, self.reads, own)
        return _over(_with_ctes(self.tree, [cte for cte in _ctes(self.tree) if cte.alias in needed]), own, schema)


def _worth_it(kept: Collection[str], order: Order, asked: Sequence[_Asked]) -> set[str]:
    """Those of the CTEs that are read at least twice: by statements, or by what is made for them."""
    kept = set(kept)
    while True:
        uses = Counter(name for one in asked for name in one.met(kept))
        for name in kept:
            uses.update(_down(order, order[name], kept)[0])
        lonely = {name for name in kept if uses[name] < 2}
        if not lonely:
            return kept
        kept -= lonely


def _with_what_several_read(kept: Collection[str], order: Order, *, sources: bool) -> set[str]:
    """What is kept, and what several of it are made from that is itself made from other rows: it would be made again
    for each. With `sources` also rows of the source's tables that several are made from."""
    kept = set(kept)
    while True:
        uses = Counter(name for table in kept for name in _down(order, order[table], kept)[1] if order[name] or sources)
        several = {name for name, times in uses.items() if times > 1}
        if not several:
            return kept
        inner = {name for name in several if not _down(order, order[name], several)[0]}
        kept |= inner  # those that are made first: the others may be read once then


def _chosen_from(tree: exp.Expr) -> frozenset[str]:
    """What a tree has some rows and columns of, as they are: a table that has these anyway is read as quickly."""
    plain = isinstance(tree, exp.Select) and not (_MORE & {name for name, value in tree.args.items() if value})
    columns = plain and all(isinstance(one.unalias(), exp.Column) for one in tree.expressions)
    return _names_read(tree) if columns else frozenset()


def _joined(made: Mapping[str, exp.Expr], asked: Sequence[_Asked]) -> set[str]:
    """The CTEs whose rows others are joined to by a key."""
    found = set(_keys_read(made.values(), made))
    for one in asked:
        found |= {one.called[cte] for cte in _keys_read([one.tree], one.called)}
    return found


def _down(order: Order, start: Iterable[str], ends: Collection[str]) -> tuple[set[str], set[str]]:
    """On the way down from what is read at the `start`: the first of the `ends` that are met, and what is passed
    before."""
    met, passed, waiting = set[str](), set[str](), list(start)
    while waiting:
        name = waiting.pop()
        if name in ends:
            met.add(name)
        elif name in order and name not in passed:
            passed.add(name)
            waiting += order[name]
    return met, passed


def _over(tree: exp.Expr, tables: Mapping[str, str], schema: str) -> exp.Expr:
    """A tree that reads temporary tables in place of CTEs; its columns say what they said."""

    shared, key = shared_in(tree), ("over", schema, frozenset(tables.items()))

    def renamed(node: exp.Expr) -> exp.Expr:
        if node.name not in tables or not names_cte(node):
            return node
        alias = node.args.get("alias") or alias_of(node.name)
        db = identifier(schema) if schema else None
        return with_args(node, this=identifier(tables[node.name]), db=db, alias=alias)

    return rewritten(tree, {exp.Table: renamed}, shared=(shared, key))


def _ctes(tree: exp.Expr) -> list[exp.Expr]:
    found = tree.args.get("with_")
    return list(found.expressions) if found is not None else []


def _with_ctes(tree: exp.Expr, ctes: Sequence[exp.Expr]) -> exp.Expr:
    return with_args(tree, with_=exp.With(expressions=list(ctes)) if ctes else None)


def _without_ctes(tree: exp.Expr) -> exp.Expr:
    return _with_ctes(tree, ())


def _names_read(tree: exp.Expr) -> frozenset[str]:
    """The names of what a tree reads that is no table of the source."""
    return frozenset(table.name for table in tree.find_all(exp.Table) if names_cte(table))


def _keys_read(trees: Iterable[exp.Expr], tables: Iterable[str]) -> dict[str, set[tuple[str, ...]]]:
    """The columns of tables by which their rows are looked for in joins: those that equal something, and one that is
    compared with something."""
    there, found = set(tables), dict[str, set[tuple[str, ...]]]()
    for tree in trees:
        for join in tree.find_all(exp.Join):
            table, on = join.this, join.args.get("on")
            if not isinstance(table, exp.Table) or table.name not in there or on is None:
                continue
            conditions = conjuncts(on)
            equal = [name for one in conditions if (name := _compared(one, table, exp.EQ))]
            other = [name for one in conditions if (name := _compared(one, table, (exp.LT, exp.LTE, exp.GT, exp.GTE)))]
            if equal:
                found.setdefault(table.name, set()).add((*dict.fromkeys(equal), *other[:1]))
    return found


def _compared(condition: exp.Expr, table: exp.Table, how: type[exp.Expr] | tuple[type[exp.Expr], ...]) -> str | None:
    """The column of a table that a condition compares with something."""
    if isinstance(condition, how):
        for side in (condition.this, condition.expression):
            if isinstance(side, exp.Column) and side.table == table.alias_or_name:
                return str(side.name)
    return None
