"""The tables and columns that a mapping names, against those that are there, and what goes without them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp

from reportspec.databases import dialect_named
from reportspec.diagnostics import suggestion
from reportspec.doctor.finding import Finding, Level
from reportspec.model.mapped import MappedPart, SourceMap
from reportspec.resolve.binding import Binding, Missing, Unresolved, need_metric
from reportspec.resolve.mapped_columns import named_columns


def lacking_entities(mapping: SourceMap, columns: Mapping[str, Mapping[str, str]], dialect: str) -> frozenset[str]:
    """The entities of which a table or a column is not there."""
    unknown = set()
    for entity in mapping.entities.values():
        for part in entity.parts:
            for table, names in named_columns(part):
                there = in_database(table_name(table), columns, dialect)
                if there is None or any(in_database(n, columns[there], dialect) is None for n in names):
                    unknown.add(entity.entity)
    return frozenset(unknown)


def costs(binding: Binding) -> Iterator[Finding]:
    """What is not available since the source lacks a column, and the metrics that go with it."""
    without: dict[str, list[str]] = {}
    for metric in binding.catalogue.metrics.values():
        try:
            need_metric(binding, metric)
        except Missing as missing:
            without.setdefault(missing.name, []).append(metric.id)
        except Unresolved:
            continue
    for name, lack in binding.source.lacks.items():
        if not lack.column:
            continue  # told with the tables
        metrics = without.get(name, [])
        more = f" and {len(metrics) - 5} more" if len(metrics) > 5 else ""
        cost = (
            f"without it: {', '.join(metrics[:5])}{more}"
            if metrics
            else "no metric needs it; sections and filters by it do without"
        )
        yield Finding("note", "columns", f"`{name}` is not available: {lack.text}", cost)


def tables_and_columns(
    mapping: SourceMap, seen: SourceMap, columns: Mapping[str, Mapping[str, str]], dialect: str
) -> Iterator[Finding]:
    """The tables and columns that the mapping names, against those that are there."""
    missing: dict[str, str] = {}
    tables_named: set[str] = set()  # that one's own mapping names
    wrong = {(lack.table, lack.column): (name, lack) for name, lack in seen.wrong.items() if lack.column}
    listed: set[str] = set()
    for entity in mapping.entities.values():
        for part in entity.parts:
            for table in tables_of(part):
                if in_database(table, columns, dialect) is None:
                    missing.setdefault(table, entity.entity)
                    tables_named |= set() if part.lenient else {table}
                else:
                    listed.add(table)
    if listed:
        yield Finding("ok", "tables", f"{len(listed)} of {len(listed) + len(missing)} that the mapping names are there")
    for name, owner in missing.items():
        near = suggestion(name, columns) or suggestion(name.rpartition(".")[2], columns)
        level: Level = "note" if listed and name not in tables_named else "error"
        yield Finding(
            level,
            "tables",
            f"`{name}` (for `{owner}`) is not there, or may not be read",
            near or "metrics that need it say so",
        )
    for owner, lack in wrong.values():
        yield Finding(
            "error",
            "columns",
            f"`{lack.table}` has no column `{lack.column}` (for `{owner.partition('.')[0]}`)",
            lack.help,
        )
    if not missing and not wrong and not seen.lacks:
        yield Finding("ok", "columns", "all that the mapping names are there")


def table_name(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts)


def tables_of(part: MappedPart) -> list[str]:
    return [table_name(part.table), *(table_name(join.table) for join in part.joins)]


def in_database(name: str, there: Iterable[str], dialect: str) -> str | None:
    """The name as the database has it; several databases do not mind the case of letters."""
    names = list(there)
    if name in names:
        return name
    if dialect_named(dialect).cased:
        return None
    return next((other for other in names if other.lower() == name.lower()), None)
