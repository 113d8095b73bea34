"""What a report's source is refused for, all that can be known at once: whoever mends one mistake is not to meet the
next one only then.

A mistake hides others: of a file that cannot be read nobody knows the columns, and the survey that would find them is
not made. So what was refused is taken out of the mapping, and what is left is looked at again, until nothing new comes.
What is told then stands by itself: a check that rests on what was taken out is not made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.check.mapping import given_by, tables_of, with_types
from reportspec.compile import Program, listing
from reportspec.contract.checks import checks_of
from reportspec.contract.survey import survey_of, survey_of_program, wanted_of
from reportspec.contract.unread import unfit_columns
from reportspec.contract.verdict import findings_of, settled
from reportspec.diagnostics import Span
from reportspec.errors import Broken, SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.findings import Check
from reportspec.model.mapped import Lack, MappedEntity, MappedPart, SourceMap
from reportspec.resolve.binding import Binding
from reportspec.resolve.mapped_columns import OWN
from reportspec.sql.survey_sql import fields_read, survey_statement

if TYPE_CHECKING:
    from reportspec.model.settings import Project
    from reportspec.model.spec import Report
    from reportspec.run.connection import Wanted

Read = Mapping[str, frozenset[str]]  # the fields that are read of each entity

_ROUNDS = 6  # of looks: each finds what the one before hid
_OF_COLUMNS = frozenset(("unknown-column", "not-allowed"))  # codes of what one's own lines read and is not there
_BY_TYPE = "unfit-column"


def fields_of(program: Program) -> dict[str, frozenset[str]]:
    """The fields that a report reads of each entity, with those that its survey reads besides, such as keys."""
    report = program.report
    trees = program.trees + ([listing(report)] if report.each else [])
    surveyed = survey_of(report, trees) if report.each else survey_of_program(program)
    return fields_read([*trees, surveyed[1]] if surveyed else trees, report.binding)


def absent_columns_of(
    project: Project,
    binding: Binding,
    read: Mapping[str, frozenset[str]],
    wanted: Callable[[], Wanted] | None = None,
) -> list[SourceError]:
    """An error for each column of what is read that one's own mapping names and the source does not have; of a server,
    which is `wanted`, those that the user may not read are told as such."""
    from reportspec.run.connection import no_column, no_right, no_table
    from reportspec.run.execute import forbidden_columns

    source = project.source
    lacks = absent_of(binding, read)
    forbidden: Mapping[str, Collection[str]] = {}
    if lacks and wanted is not None and not source.typed_before:
        forbidden = forbidden_columns(source, wanted())
    found = []
    for lack, names in lacks.items():
        if not lack.column:
            error = no_table(lack.table, lack.help or "name the table in the source, or leave it out of the mapping")
        elif lack.column in forbidden.get(lack.table, ()):
            error = no_right(lack.table, lack.column)
        else:
            error = no_column(f"{lack.table}.{lack.column}", _with_rights(lack.help, source.typed_before))
        spans = [span for name in names if (span := _place_of(binding, name)) is not None]
        error.span = lack.span or next(iter(spans), None)
        if fields := [name for name in names if "." in name]:
            error.notes = ("the mapping takes " + ", ".join(f"`{name}`" for name in fields[:5]) + " from it",)
        found.append(error)
    return found


def absent_tables_of(binding: Binding, wanted: Callable[[str], bool]) -> list[SourceError]:
    """An error for each table of `wanted` entities that one's own mapping names and the source does not have."""
    from reportspec.run.connection import no_table

    found = []
    for name, lack in binding.source.lacks.items():
        if lack.own and not lack.column and "." not in name and wanted(name):
            error = no_table(lack.table, lack.help or "name the table in the source, or leave the entity out")
            error.span = lack.span
            found.append(error)
    return found


def refuse(errors: Sequence[SourceError]) -> None:
    """Raise the first of several errors with the others, if there are any."""
    if errors:
        raise together(errors)


def absent_of(binding: Binding, read: Mapping[str, frozenset[str]]) -> dict[Lack, list[str]]:
    """What the source lacks of columns that one's own mapping names for what is read, each with what it names it for:
    fields, or an entity whose rows it decides on."""
    wrong = binding.source.wrong
    loads = binding.catalogue.loads
    read = {**read, loads.entity: frozenset((loads.at,))}  # what `loaded_at` names has to be there
    found: dict[Lack, list[str]] = {}
    for name in sorted(name for entity in read for name in (entity, *(f"{entity}.{f}" for f in read[entity]))):
        if name in wrong:
            found.setdefault(wrong[name], []).append(name)
    return found


def _place_of(binding: Binding, name: str) -> Span | None:
    """Where the mapping has a field."""
    entity, _, field = name.partition(".")
    parts = binding.source.entities[entity].parts if entity in binding.source.entities else ()
    return next((part.fields[field].span for part in parts if field in part.fields), None)


def _with_rights(help: str, local: bool) -> str:
    """What to do about a column that is not there; some servers tell nothing of one that may not be read."""
    return help if local else f"{help.removesuffix('?')}, or has the user no right to it?"


def further(program: Program, error: SourceError) -> SourceError:
    """An error of a report's source, with what else is wrong with it where that can be known (`also`)."""
    told = _apart(error)
    if not told or not all(map(_leaves_more, told)):
        return error
    known = {_said(one) for one in told}
    for _ in range(_ROUNDS):
        fresh: dict[tuple[str, str, str], SourceError] = {}
        for one in _look(program, _Gone.of(program.report.binding, told)):
            fresh.setdefault(_said(one), one)
        fresh = {said: one for said, one in fresh.items() if said not in known}
        told += fresh.values()
        known |= fresh.keys()
        if not fresh or not all(map(_leaves_more, fresh.values())):
            break
    return together(told)


def together(errors: Iterable[SourceError]) -> SourceError:
    """Several errors as the first of them, with the others beside it."""
    apart = list({_said(one): one for error in errors for one in _apart(error)}.values())
    if all(isinstance(one, Broken) for one in apart):
        return Broken([diagnostic for one in apart if isinstance(one, Broken) for diagnostic in one.diagnostics])
    first, *rest = apart
    first.also = tuple(rest)
    return first


def _apart(error: SourceError) -> list[SourceError]:
    """The errors that are told as one, each by itself."""
    found: list[SourceError] = []
    for one in (error, *error.also):
        found += [Broken([diagnostic]) for diagnostic in one.diagnostics] if isinstance(one, Broken) else [one]
    return found


def _said(error: SourceError) -> tuple[str, str, str]:
    first = error.diagnostics[0] if isinstance(error, Broken) else error
    return error.code, first.message, str(first.span)


def _leaves_more(error: SourceError) -> bool:
    """Whether it is known what of the mapping an error is about, so that the rest can be looked at."""
    if error.lost:
        return False
    return error.code == _BY_TYPE if isinstance(error, Broken) else bool(error.table) or error.code in _OF_COLUMNS


@dataclass(frozen=True, slots=True)
class _Gone:
    """What of a source was refused: tables, columns of tables, and lines of the mapping."""

    tables: frozenset[str]
    columns: frozenset[tuple[str, str]]
    spans: frozenset[Span]
    names: frozenset[str] = field(default_factory=frozenset)  # fields, or entities for their rows

    @classmethod
    def of(cls, binding: Binding, errors: Iterable[SourceError]) -> _Gone:
        errors = list(errors)
        spans = [d.span for e in errors if isinstance(e, Broken) for d in e.diagnostics if d.span is not None]
        return cls(
            frozenset(one.table for one in errors if one.table and not one.of_column),
            frozenset((one.table, one.of_column.lower()) for one in errors if one.of_column),
            frozenset(spans),
            frozenset(binding.source.wrong),
        )

    def has(self, part: MappedPart, tree: exp.Expr) -> bool:
        """Whether an expression of a part reads a column that is gone."""
        tables = {OWN: part.table, "": part.table, **{join.name: join.table for join in part.joins}}
        return any(
            (_dotted(tables[node.table]), node.name.lower()) in self.columns
            for node in tree.find_all(exp.Column)
            if node.table in tables
        )

    def rows(self, entity: MappedEntity) -> bool:
        """Whether it cannot be said which rows an entity has."""
        if entity.entity in self.names:
            return True
        for part in entity.parts:
            tables = tables_of(part)
            deciding = [part.where] if part.where is not None else []
            deciding += [*part.latest[0], *part.latest[1]] if part.latest is not None else []
            deciding += [ours for join in part.joins for _, ours in join.on]
            joined = [tree for join in part.joins for tree in (*(key for key, _ in join.on), *join.fields.values())]
            joined += [tree for join in part.joins for tree in (join.where, *join.first) if tree is not None]
            beside = tables[1:]
            if (
                self.tables.intersection(tables)
                or any(self.has(part, tree) for tree in deciding)
                or (joined and any(table in beside for table, _ in self.columns))
            ):
                return True
        return False


def _look(program: Program, gone: _Gone) -> Iterator[SourceError]:
    """What is wrong with a report's source, as far as nothing of it is gone."""
    report = program.report
    read = fields_of(program)
    try:
        yield from absent_columns_of(report.project, report.binding, read, lambda: wanted_of(report, program.trees))
    except SourceError:
        return
    left = _left(report.binding, gone)
    over = replace(report, binding=report.binding.over(left))
    try:
        if report.project.source.files:
            parts = (part for name in read for part in report.binding.source.entities[name].parts)
            over = _typed(over, {table for part in parts for table in tables_of(part)} - gone.tables)
        there = {name: left.entities[name].fields.keys() for name in read if _is_left(left, name)}
        read = {name: read[name] & fields for name, fields in there.items()}
        if not read:
            return
        unfit = unfit_columns(over.binding, read)
        if unfit:
            yield Broken(unfit)
            return
        yield from _surveyed(program, over, read)
    except SourceError as error:
        yield from _apart(error)


def _is_left(left: SourceMap, name: str) -> bool:
    return name in left.entities and bool(left.entities[name].parts)


def _left(binding: Binding, gone: _Gone) -> SourceMap:
    """The mapping without what is gone: whole entities where it decides which rows there are."""
    entities: dict[str, MappedEntity] = {}
    for name, entity in binding.source.entities.items():
        if gone.rows(entity):
            continue
        parts = tuple(
            replace(
                part,
                fields={
                    field_name: mapped
                    for field_name, mapped in part.fields.items()
                    if f"{name}.{field_name}" not in gone.names
                    and mapped.span not in gone.spans
                    and not gone.has(part, mapped.sql)
                },
            )
            for part in entity.parts
        )
        left = replace(entity, parts=parts, fields=given_by(parts) if entity.parts else entity.fields)
        key = binding.entity(name).key
        if key is None or key in left.fields or key not in entity.fields:
            entities[name] = left
    # Of a table whose rows cannot be told, it can still be said what its columns hold.
    reads = tuple(
        one if one.field.partition(".")[0] in entities else replace(one, key_of="")
        for one in binding.source.reads
        if one.table not in gone.tables and (one.table, one.column.lower()) not in gone.columns
    )
    return replace(binding.source, entities=entities, reads=reads)


def _typed(report: Report, tables: Collection[str]) -> Report:
    """The report over what some of its files hold, which is known now that what cannot be read is left out."""
    from reportspec.run.connect import wanted_for
    from reportspec.run.execute import column_types

    source, binding = report.binding.source, report.binding
    types = column_types(report.project.source, wanted_for(report.project, binding, tables))
    return replace(report, binding=binding.over(with_types(source, binding.catalogue, types, source.dialect)))


def _surveyed(program: Program, report: Report, read: Read) -> list[SourceError]:
    """What the survey refuses of what is left, of that which it would refuse of the whole."""
    from reportspec.run.execute import asking

    binding, whole = report.binding, program.report.binding
    mine, theirs = binding.source.entities, whole.source.entities
    changed = {name for name in read if mine[name].fields.keys() != theirs[name].fields.keys()}
    known = {_same(check) for check in checks_of(whole, read)}
    checks = [
        check
        for check in checks_of(binding, read)
        if check.refuses and _same(check) in known and (check.entity not in changed or _of_one_field(check))
    ]
    if not checks:
        return []
    statement = survey_statement(binding, read, checks, report.now)
    with asking(report.project.source, wanted_of(report, [statement])) as ask:
        findings = [one for one in findings_of(binding, checks, ask(statement), ask) if one.check.refuses]
        try:
            settled(binding, findings, report.project.checks)
        except Broken as refused:
            return _apart(refused)
    return []


def _same(check: Check) -> tuple[str, str, str]:
    return check.kind, check.entity, check.of


def _of_one_field(check: Check) -> bool:
    """Whether what a check finds rests on its field alone, whatever others there are."""
    return check.field is not None and check.kind != "repeated-rate"


def _dotted(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts)
