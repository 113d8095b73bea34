"""What of a mapping a source can serve, by the tables and columns that it has.

Connectors leave out what nobody ticked, so that what a shipped mapping reads and the source lacks is not
given. What one's own lines read has to be there, and is a mistake once a report needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace

from sqlglot import exp

from reportspec.check.mapping import given_by
from reportspec.databases import dialect_named
from reportspec.diagnostics import suggestion
from reportspec.expression.trees import WRITTEN
from reportspec.lazy_dataclass import dataclass
from reportspec.model.mapped import Lack, MappedEntity, MappedField, MappedJoin, MappedPart, SourceMap
from reportspec.resolve.mapped_columns import OWN

Columns = Mapping[str, Mapping[str, str]]

_SHOWN = 12  # columns that a message names
# Of every table, though no listing has them.
_IMPLIED = frozenset({"rowid", "oid", "_rowid_", "ctid", "tableoid", "xmin", "xmax"})


@dataclass(frozen=True, slots=True)
class There:
    """The tables that a source has, and of those that could be looked at the columns. `all_tables` says
    that there are no others; a server may have some that it does not list."""

    tables: Collection[str]
    columns: Columns
    dialect: str
    all_tables: bool = True

    def table(self, table: exp.Table) -> str | None:
        """The table as the source lists it: those of its main schema by their bare names, others by
        schema and name; a mapping may name schema and catalogue of each."""
        names = [part.name for part in table.parts]
        ways = [names, names[1:]] if len(names) == 3 else [names]
        ways += [way[1:] for way in ways if len(way) == 2 and way[0] == "main"]
        columns = (listed for way in ways if (listed := self._listed(".".join(way), self.tables)))
        return next(columns, None)

    def lack(self, table: exp.Table, column: str) -> Lack | None:
        """What a column of a table that is there lacks; nothing where its columns are not known."""
        listed = self.table(table)
        known = self.columns.get(listed) if listed is not None else None
        if not known or column.lower() in _IMPLIED or self._listed(column, known):
            return None
        few = ", ".join(list(known)[:_SHOWN])
        return Lack(named(table), column, suggestion(column, known, never_sure=True) or f"it has {few}")

    def called(self, table: exp.Table, name: str) -> str:
        """A name that was read as a calculation, as the table has it: with the blanks that stand around its signs."""
        columns = self.columns.get(self.table(table) or "") or ()
        flat = "".join(name.split()).lower()
        return next((one for one in columns if "".join(one.split()).lower() == flat), name)

    def near(self, table: str) -> str | None:
        """``did you mean `deals`?`` of a table that is not there, or None."""
        last = table.rpartition(".")[2]
        return suggestion(table, self.tables, never_sure=True) or suggestion(last, self.tables, never_sure=True)

    def _listed(self, name: str, names: Iterable[str]) -> str | None:
        if name in names:
            return name
        if dialect_named(self.dialect).cased:
            return None
        return next((known_name for known_name in names if known_name.lower() == name.lower()), None)


def named(table: exp.Table) -> str:
    """A table's name as a mapping writes it."""
    return ".".join(part.name for part in table.parts)


def served(source: SourceMap, there: There) -> SourceMap:
    """The map as far as a source can serve it, with what it lacks."""
    if not any(there.table(part.table) for mapped_part in source.entities.values() for part in mapped_part.parts):
        if not there.all_tables:
            return source  # a listing without any of them tells nothing
    entities: dict[str, MappedEntity] = {}
    lacks: dict[str, Lack] = {}
    wrong: dict[str, Lack] = {}
    for name, entity in source.entities.items():
        if not entity.parts:
            entities[name] = entity
            continue
        looks = [_Look(part, there) for part in entity.parts]
        rows = _without_rows(looks)
        if rows is not None:
            lacks[name] = replace(rows, span=rows.span or entity.span)
            continue
        wrong |= {
            f"{name}.{field}" if field else name: lack if lack.column else replace(lack, span=lack.span or entity.span)
            for look in looks
            for field, lack in look.wrong.items()
        }
        looks = [look for look in looks if look.rows is None]
        gone = {field: lack for look in looks for field, lack in look.lacks.items()}
        parts = tuple(look.served(gone) for look in looks)
        fields = given_by(parts)
        entities[name] = replace(entity, parts=parts, fields=fields)
        lacks |= {f"{name}.{field}": lack for field, lack in gone.items()}
    return replace(source, entities=entities, lacks=lacks, wrong=wrong)


def _without_rows(looks: list[_Look]) -> Lack | None:
    """Why an entity's rows cannot be read: a part of them without its table has none, but one whose rows
    cannot be told would be missing in silence."""
    column = next((look.rows for look in looks if look.rows and look.rows.column), None)
    if column is not None or any(look.rows is None for look in looks):
        return column
    return looks[0].rows


@dataclass(slots=True)
class _Look:
    """One part of an entity, held against what is there. `rows` is why its rows cannot be read, `lacks`
    what its fields lack, `wrong` what one's own lines do, empty for lines of all rows."""

    part: MappedPart
    there: There
    rows: Lack | None = None
    lacks: dict[str, Lack] = field(default_factory=dict)
    wrong: dict[str, Lack] = field(default_factory=dict)
    _joins: list[MappedJoin] = field(default_factory=list)
    _gone: dict[tuple[str, str], Lack] = field(default_factory=dict)  # of a join, one field or all

    def __post_init__(self) -> None:
        self.rows = self._absent(self.part.table, self.part.lenient)
        if self.rows is not None:
            return
        for join in self.part.joins:
            self._join(join)
        for name, mapped in self.part.fields.items():
            self._field(name, mapped)
        lack = next(self._placed(_of_rows(self.part), self._lacking), None)
        if lack is not None and self.part.lenient:
            self.rows = lack
        elif lack is not None:
            self.wrong.setdefault("", lack)

    def served(self, gone: Collection[str]) -> MappedPart:
        """The part without the fields that are not given, of whichever part."""
        fields = {name: mapped for name, mapped in self.part.fields.items() if name not in gone}
        return replace(self.part, fields=fields, joins=tuple(self._joins))

    def _absent(self, table: exp.Table, lenient: bool) -> Lack | None:
        """What is lacking where a table is not there. One that one's own mapping names has to be: its rows or values
        would be missing in silence."""
        if self.there.table(table) is not None or not (self.there.all_tables or lenient):
            return None
        name = named(table)
        lack = Lack(name, help=self.there.near(name) or "", own=not lenient)
        if lack.own:
            self.wrong.setdefault("", lack)
        return lack

    def _join(self, join: MappedJoin) -> None:
        absent = self._absent(join.table, join.lenient)
        if absent is not None:
            self._gone[join.name, ""] = absent
            return
        fields = dict(join.fields)
        for name, tree in join.fields.items():
            lack = next(self._placed([tree], lambda column: self._columns(join.table, column)), None)
            if lack is not None and join.lenient:
                self._gone[join.name, name] = lack
                del fields[name]
            elif lack is not None:
                self.wrong.setdefault("", lack)
        theirs = [key for key, _ in join.on] + [item for item in (join.where, *join.first) if item]
        lack = next(self._placed([ours for _, ours in join.on], self._lacking), None)
        leans = lack is not None and any(self._leans(ours) for _, ours in join.on)
        lack = lack or next(self._placed(theirs, lambda column: self._columns(join.table, column)), None)
        if lack is not None and (join.lenient or leans):
            self._gone[join.name, ""] = lack
        elif join.fields and not fields:  # without any it would not be grouped
            self._gone[join.name, ""] = self._gone[join.name, next(iter(join.fields))]
        else:
            if lack is not None:
                self.wrong.setdefault("", lack)
            self._joins.append(replace(join, fields=fields))

    def _field(self, name: str, given: MappedField) -> None:
        lack = next(self._lacking([given.sql]), None)
        meant = self._one_name(given.sql) if lack is not None else None
        if lack is not None and meant is not None:
            meant = self.there.called(self.part.table, meant)
            help = f"a name with signs in it stands in quotes: write `'\"{meant}\"'`"
            lack = replace(lack, help=help)
        if lack is not None and (given.lenient or self._leans(given.sql)):
            self.lacks[name] = lack
        elif lack is not None:
            self.wrong[name] = lack

    def _one_name(self, tree: exp.Expr) -> str | None:
        """What is read as a calculation of columns of which there is none (`E-Mail`, `Squadra/Team`), as
        the one name that it may be."""
        name = _spelt(tree) if type(tree) in _WRITTEN_SO else None
        lacking = (next(self._lacking([column]), None) for column in tree.find_all(exp.Column))
        return name if name is not None and None not in lacking else None

    def _leans(self, tree: exp.Expr) -> bool:
        """Whether an expression names a table beside this one that is not there at all."""
        return any(
            (gone := self._gone.get((node.table, ""))) is not None and not gone.column
            for node in tree.find_all(exp.Column)
        )

    def _placed(self, trees: Iterable[exp.Expr], lacking: Callable[[list[exp.Expr]], Iterator[Lack]]) -> Iterator[Lack]:
        """What expressions lack, with the line of the mapping that has each."""
        for tree in trees:
            inner = tree.this if isinstance(tree, exp.Ordered) else tree
            for lack in lacking([tree]):
                yield lack if lack.span else replace(lack, span=inner.meta.get(WRITTEN))

    def _lacking(self, trees: Iterable[exp.Expr]) -> Iterator[Lack]:
        """What expressions of the part name that is not there."""
        joins = {join.name: join for join in self.part.joins}
        for tree in trees:
            for node in tree.find_all(exp.Column):
                gone = self._gone.get((node.table, "")) or self._gone.get((node.table, node.name))
                join = joins.get(node.table)
                if gone is not None:
                    yield gone
                elif join is not None:
                    yield from self._columns(join.table, [] if join.fields else [node])
                elif node.table in ("", OWN):
                    yield from self._columns(self.part.table, [node])

    def _columns(self, table: exp.Table, trees: Iterable[exp.Expr]) -> Iterator[Lack]:
        for tree in trees:
            for node in tree.find_all(exp.Column):
                if isinstance(node.this, exp.Identifier):
                    lack = self.there.lack(table, node.name)
                    if lack is not None:
                        yield lack


_WRITTEN_SO = {exp.Sub: "-", exp.Div: "/", exp.Add: "+", exp.Mod: "%"}


def _spelt(tree: exp.Expr) -> str | None:
    """A calculation of columns as a name is written, or None where there is more to it."""
    if isinstance(tree, exp.Column):
        return tree.name if isinstance(tree.this, exp.Identifier) and not tree.table else None
    sign = next((word for kind, word in _WRITTEN_SO.items() if type(tree) is kind), None)
    parts = [_spelt(tree.this), _spelt(tree.expression)] if sign is not None else [None]
    return None if None in parts else str(sign).join(map(str, parts))


def _of_rows(part: MappedPart) -> list[exp.Expr]:
    """The expressions that decide which rows a part has."""
    trees = [part.where] if part.where is not None else []
    if part.latest is not None:
        trees += [*part.latest[0], *part.latest[1]]
    return trees
