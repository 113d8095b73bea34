"""What a source's columns cannot be read as: found by their types before any statement runs, and by their
values once one has failed. What a database says itself names no table, no field and no line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from sqlglot import exp

from reportspec.contract.parts_of_values import part_of
from reportspec.contract.verdict import Ask, quoted, rows_of, short, written_column
from reportspec.databases import dialect_named
from reportspec.diagnostics import Diagnostic, Span
from reportspec.errors import Broken, SourceError
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import LARGEST, OUTPUTS, PLACED, conjuncts
from reportspec.expression.types import shown
from reportspec.model.domain import Field
from reportspec.model.mapped import MappedField, MappedPart
from reportspec.model.query import Side
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.run.connection import REFUSED, UNREADABLE
from reportspec.run.texts import day_of, instant_of, word_of
from reportspec.sql.distinct import values_statement
from reportspec.sql.examples_sql import probe_statement, written_statement
from reportspec.suggested_yaml import mapping_line

UNREAD = (
    "query-failed",
    "unreadable-value",
    "too-large",
)  # codes of what may hang on a single field
Read = Mapping[str, frozenset[str]]  # the fields that are read of each entity

_NUMBERS = ("money", "number", "integer")
_TIMES = ("date", "time")
_CALLED = {
    "text": "a text",
    "key": "a key",
    "money": "an amount",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "yes or no",
    "date": "a day",
    "time": "a time",
}
_HOLDING = {
    "number": "numbers",
    "boolean": "yes and no",
    "bits": "bits",
    "bytes": "bytes",
    "day": "days",
    "clock": "times",
    "fine": "times",
    "instant": "times",
    "hour": "times of a day, without the day",
    "text": "texts",
    "year": "years, without the day",
    "other": "something else (a range, a stretch of time or the like)",
    "list": "lists or records",
    "json": "JSON",
}
_OF_TIME = ("day", "clock", "fine", "instant", "hour")
# What a column holds that no database, or not every one, makes a field's value of.
_UNFIT: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_TIMES, ("number", "boolean", "bits", "bytes", "hour", "year", "list", "json", "other")),
    **dict.fromkeys(_NUMBERS, (*_OF_TIME, "boolean", "bits", "bytes", "list", "json", "other")),
    "boolean": (*_OF_TIME, "bits", "bytes", "year", "list", "json", "other"),
    "text": ("bytes", "list", "json"),
    "key": ("list", "json"),
}
_MOST = 5  # fields that are told of at once
_SHOWN = 2  # examples
_LISTED = 5  # values in a line of the mapping


# --- by their types --------------------------------------------------------------------------------


def refuse_unfit(binding: Binding, read: Read) -> None:
    """Nothing, where each column that is read can hold what its field is. Raises Broken."""
    problems = unfit_columns(binding, read)
    if problems:
        raise Broken(problems)


def unfit_columns(binding: Binding, read: Read) -> list[Diagnostic]:
    """The columns that by their types cannot hold what their fields are."""
    return list(dict.fromkeys(_unfit(binding, read)))


def _unfit(binding: Binding, read: Read) -> Iterator[Diagnostic]:
    for field, part, mapped in _mapped(binding, read):
        holds = mapped.holds
        lost = field.type == "key" and holds == "bytes" and not dialect_named(binding.source.dialect).bytes_kept
        if lost or holds in _UNFIT.get(field.type, ()):
            yield _of_type(binding, field, part, mapped)
        elif field.values and holds == "boolean":
            yield _of_choice(field, part, mapped)
        elif field.type in _TIMES and holds in ("any", "") and isinstance(mapped.sql, exp.Column):
            other = _number_of(binding, field, part, mapped.sql)
            if other is not None:
                yield Diagnostic(
                    "unfit-column",
                    f"`{field.id}` ({_CALLED[field.type]}) and `{other.id}` ({_CALLED[other.type]}) are both read from"
                    f" the column `{mapped.sql.name}` of `{_table(part)}`",
                    mapped.span,
                    "name for each the column that has it",
                )


def _of_choice(field: Field, part: MappedPart, mapped: MappedField) -> Diagnostic:
    column = written_column(mapped) or "…"
    where = f"column `{column}`" if column != "…" else "an expression"
    case = f"case when {column} then '…' else '…'"
    return Diagnostic(
        "unfit-column",
        f"`{field.id}` is one of {', '.join(field.values)}, and {where} of `{_table(part)}` holds yes and no",
        mapped.span,
        f"write in the mapping which is meant: `{mapping_line(field.name, f'{case} end')}`",
    )


def _number_of(binding: Binding, field: Field, part: MappedPart, column: exp.Column) -> Field | None:
    """The number that the mapping takes from the same column."""
    for name, mapped in part.fields.items():
        other = binding.field(field.entity, name)
        if other is not None and other.type in _NUMBERS and mapped.sql == column:
            return other
    return None


def _of_type(binding: Binding, field: Field, part: MappedPart, mapped: MappedField) -> Diagnostic:
    names = [column.name for column in mapped.sql.find_all(exp.Column)]
    where = f"column `{names[0]}`" if isinstance(mapped.sql, exp.Column) else "the mapping's expression"
    message = f"`{field.id}` is {_CALLED[field.type]}, and {where} of `{_table(part)}` holds {_HOLDING[mapped.holds]}"
    help = f"name the column that has {_CALLED[field.type]}"
    column = written_column(mapped)
    since = dialect_named(binding.source.dialect).since_1970
    if column and field.type in _TIMES and mapped.holds == "number" and since:
        help += f"; of seconds since 1970 write `{mapping_line(field.name, f'{since}({column})')}`"
    elif column and mapped.holds == "boolean" and field.type in _NUMBERS:
        help = f"write in the mapping: `{mapping_line(field.name, f'case when {column} then 1 else 0 end')}`"
    elif column and mapped.holds == "bits" and field.type not in _TIMES:
        bits = f"cast({column} as varchar)"
        way = f"cast({column} as bigint)" if field.type in _NUMBERS else bits
        way = f"{bits} = '1'" if field.type == "boolean" else way
        help = f"write in the mapping: `{mapping_line(field.name, way)}`"
    elif column and mapped.holds == "bytes":
        kind = {"integer": "bigint"}.get(field.type, "double")
        text = f"cast({column} as varchar)"
        way = mapping_line(field.name, f"cast({text} as {kind})" if field.type in _NUMBERS else text)
        if field.type == "key":  # of which databases make one sign of many
            help = f"give its digits by a view (`hex({column})`); of bytes that are a text write in the mapping `{way}`"
        elif field.type in ("text", *_NUMBERS):
            help += f", or where the bytes are a text write in the mapping `{way}`"
    elif column and mapped.holds in ("list", "json"):
        in_json = mapped.holds == "json"
        way = part_of(column, ("key",) if in_json else (0,), in_json, binding.source.dialect)
        help = "write in the mapping which part of it is meant"
        help += f": `{mapping_line(field.name, way)}`" if way else ""
        help += " is the first of each list" if way and mapped.holds == "list" else ""
    elif column and field.type == "boolean":
        help = (
            f"write in the mapping what makes it so, for example `{mapping_line(field.name, f'{column} is not null')}`"
        )
    return Diagnostic("unfit-column", message, mapped.span, help)


# --- by their values -------------------------------------------------------------------------------


def unreadable_fields(binding: Binding, read: Read, ask: Ask, failed: object = None) -> list[Diagnostic]:
    """The fields of which a database cannot make what they are, by asking for each alone, and then for
    what their columns have. `ask` may fail any number of times. Times that only a program cannot take are to
    blame where the statement that `failed` hands over times."""
    outputs = failed.meta.get(OUTPUTS, {}).values() if isinstance(failed, exp.Expr) else _TIMES
    taken = any(kind in _TIMES for kind in outputs)
    problems: list[Diagnostic] = []
    lost: set[str] = set()
    for entity in read:
        error = _failure(ask, probe_statement(binding, entity, None))
        if error is not None:
            lost.add(entity)
            problems.append(_of_rows(binding, entity, error))
    for field, part, mapped in _mapped(binding, read):
        if field.entity in lost or len(problems) >= _MOST:
            continue
        for fetched in (False, True):  # some values a database has and a program cannot take
            if fetched and (field.type in _NUMBERS or (field.type in _TIMES and not taken)):
                continue
            error = _failure(ask, probe_statement(binding, field.entity, field.name, fetched=fetched))
            if error is not None:
                problems.append(_of_values(binding, field, part, mapped, error, ask))
                break
    return list(dict.fromkeys(problems))


def wrong_conditions(binding: Binding, side: Side, conditions: Iterable[exp.Expr], ask: Ask) -> list[Diagnostic]:
    """The conditions of a spec that a database cannot compute, by asking for each alone."""
    problems = []
    for tree in conditions:
        entity = next((path_of(node)[0] for node in column_nodes(tree) if len(path_of(node)) > 1), "")
        key = binding.entity(entity).key if entity in binding.source.entities else None
        if key is None or binding.mapped(entity, key) is None:
            continue
        try:
            error = _failure(ask, values_statement(binding, entity, (key,), side, (tree,)))
        except Unresolved:
            continue
        if error is not None:
            tried = "`try_cast(…)` is null where a text cannot be read" if tree.find(exp.Cast) else None
            problems.append(
                Diagnostic(
                    "bad-expression",
                    f"`{shown(tree)}` cannot be computed of the rows: {said(error)}",
                    tree.meta.get(PLACED),
                    tried or "write it so that it holds for every row",
                    personal=(said(error),),
                )
            )
    return problems


def of_section(section: str, span: Span | None, error: SourceError) -> Diagnostic:
    """What is told of a statement that a database refuses, where no field and no condition is to blame."""
    return Diagnostic(
        error.code,
        f"the section `{section}` cannot be computed: {said(error)}",
        span,
        error.help or "look at the expressions that it uses; `reportspec compile` shows its statement",
        error.notes,
        personal=(said(error), *error.notes),
    )


def _failure(ask: Ask, tree: exp.Expr) -> SourceError | None:
    try:
        ask(tree)
    except SourceError as error:
        if error.lost:
            raise
        return error
    return None


def _of_rows(binding: Binding, entity: str, error: SourceError) -> Diagnostic:
    mapped = binding.source.entities[entity]
    tables = " and ".join(f"`{_table(part)}`" for part in mapped.parts)
    return Diagnostic(
        error.code,
        f"the rows of `{entity}` cannot be read from {tables}: {said(error)}",
        mapped.span,
        error.help or "look at `where`, `joins` and `latest` in its mapping",
        error.notes,
        personal=(said(error), *error.notes),
    )


def _of_values(
    binding: Binding, field: Field, part: MappedPart, mapped: MappedField, error: SourceError, ask: Ask
) -> Diagnostic:
    table, column = _table(part), _column(mapped)
    named = f" (column `{column.name}`)" if column is not None else ""
    values = _values(binding, field, part, mapped, ask)
    if not values:
        return Diagnostic(
            error.code,
            f"`{field.id}`{named} of `{table}` cannot be read: {said(error)}",
            mapped.span,
            error.help or "mend the values, or the mapping's expression for them",
            error.notes,
            personal=(said(error), *error.notes),
        )
    count = sum(n for _, n in values)
    shown = ", ".join(f"`{short(value)}` ({rows_of(n)})" for value, n in values[:_SHOWN])
    return Diagnostic(
        "unreadable-value",
        f"`{table}` has {rows_of(count)} whose `{field.id}`{named} {_no(field)}",
        mapped.span,
        _without(field, mapped, [value for value, _ in values]),
        (f"for example {shown}",),
        personal=tuple(form for value, _ in values for form in (value, short(value)) if field.personal),
    )


def said(error: SourceError) -> str:
    """What a database said, without the words before it."""
    return error.message.removeprefix(UNREADABLE).removeprefix(REFUSED)


def _no(field: Field) -> str:
    if field.type == "boolean":
        return "is neither yes nor no"
    if field.type in _NUMBERS:
        return "is no number, or one that is too large"
    return "is no day" if field.type == "date" else "is no time"


def _without(field: Field, mapped: MappedField, values: list[str]) -> str:
    """The way out: a line of the mapping that reads what can be read."""
    column = written_column(mapped)
    if not column or len(values) > _LISTED or field.type in _NUMBERS:
        return "mend the values, or write in the mapping what makes of them what they mean"
    listed = ", ".join(quoted(value) for value in values)
    line = f'{field.name}: "case when {column} not in ({listed}) then {column} end"'
    return f"mend the values, or leave them out in the mapping: `{line}`"


def _values(binding: Binding, field: Field, part: MappedPart, mapped: MappedField, ask: Ask) -> list[tuple[str, int]]:
    """The values of a field's column that are not what the field is, most frequent first."""
    column = _column(mapped)
    read = _READERS.get(field.type)
    if column is None or read is None:
        return []
    try:
        listed = ask(written_statement(binding, part, column)).rows
    except SourceError:
        return []
    numbers = field.type in _TIMES and (mapped.sql != column or mapped.holds == "any")
    return [(str(value), int(n)) for value, n in listed if value is not None and not _reads(read, value, numbers)]


def _reads(read: Callable[[Any], Any], value: Any, numbers: bool) -> bool:
    """Whether a value, which is written as a text here, is one of a kind; it may be one of `numbers`."""
    for form in (str, float) if numbers else (str,):
        with suppress(ValueError, OverflowError):
            read(form(value))
            return True
    return False


def _amount(value: Any) -> None:
    if not abs(float(value)) <= LARGEST:
        raise OverflowError(value)


def _instant(value: Any) -> Any:
    if isinstance(value, (int, float)) and abs(value) >= _BEYOND:
        raise OverflowError(value)
    return instant_of(value)


_BEYOND = 1e17  # which only SQLite reads, as billionths of a second
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "boolean": word_of,
    "time": _instant,
    "date": day_of,
    "money": _amount,
}


def _column(mapped: MappedField) -> exp.Column | None:
    """The column that a field is read from, if it is but one."""
    columns = {column.sql(): column for column in mapped.sql.find_all(exp.Column)}
    return next(iter(columns.values())) if len(columns) == 1 else None


def _table(part: MappedPart) -> str:
    return ".".join(piece.name for piece in part.table.parts)


def _mapped(binding: Binding, read: Read) -> Iterator[tuple[Field, MappedPart, MappedField]]:
    """The fields that are read, as each table of their entity has them: also by the entity's own
    condition on its rows."""
    for entity, fields in read.items():
        conditions = conjuncts(binding.entity(entity).where)
        names = fields | {path_of(node)[-1] for tree in conditions for node in column_nodes(tree)}
        for part in binding.source.entities[entity].parts:
            for name in sorted(names & set(part.fields)):
                field = binding.field(entity, name)
                if field is not None:
                    yield field, part, part.fields[name]
