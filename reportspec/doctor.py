"""What may keep reports from being built, or make them wrong: the installation, the connection, the
rights, the tables and columns that the mapping expects, clocks, collations, versions.

Each finding says what was seen and, where it is not well, the way out. Nothing is changed.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlglot import exp

from reportspec.check.lacking import There, served
from reportspec.check.mapping import with_types
from reportspec.databases import Checkup, database, dialect_named
from reportspec.diagnostics import Diagnostic, counted, suggestion
from reportspec.errors import SourceError
from reportspec.expression.sandbox import CANONICAL
from reportspec.holds import held
from reportspec.model.domain import Metric
from reportspec.model.mapped import MappedPart, SourceMap
from reportspec.model.settings import Project, SourceSpec
from reportspec.resolve.binding import Binding, Missing, Unresolved, need_metric
from reportspec.resolve.mapped_columns import named_columns
from reportspec.run.connection import Connection, Wanted
from reportspec.version import __version__

if TYPE_CHECKING:
    from reportspec.run.files.describing import Description

Level = Literal["ok", "note", "warning", "error"]
# Small questions with known answers, asked in the database's own words.
PROBES: tuple[tuple[str, str, Any], ...] = (
    ("division of whole numbers", "7 / 2", 3.5),
    ("division by zero", "1 / (3 - 3)", None),
    ("texts with other letters' case are others", "case when 'Rossi' = 'rossi' then 1 else 0 end", 0),
    ("texts with blanks at the end are others", "case when 'Rossi' = 'Rossi ' then 1 else 0 end", 0),
    ("small letters of other alphabets", "case when lower('ÉЖ') = 'éж' then 1 else 0 end", 1),
    ("days between two dates", "date_diff('day', date '2024-02-28', date '2024-03-01')", 2),
    (
        "the local day of a time in summer",
        "cast((timestamp '2026-07-31 22:30:00' at time zone 'UTC') at time zone 'Europe/Rome' as date)",
        date(2026, 8, 1),
    ),
    (
        "the local day of a time in winter",
        "cast((timestamp '2026-01-31 22:30:00' at time zone 'UTC') at time zone 'Europe/Rome' as date)",
        date(2026, 1, 31),
    ),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, how it is, and what to do where it is not well."""

    level: Level
    what: str
    said: str
    help: str | None = None


def installation() -> Iterator[Finding]:
    """Python, the libraries that make PDFs, fonts, time zones."""
    yield Finding("ok", "reportspec", f"{__version__}, Python {platform.python_version()}")
    yield _sqlglot()
    try:
        from weasyprint.text.ffi import pango

        number = pango.pango_version()
        said = f"{version('weasyprint')}, Pango {number // 10000}.{number // 100 % 100}.{number % 100}"
        yield Finding("ok", "WeasyPrint", said)
    except OSError as error:
        yield Finding(
            "error",
            "WeasyPrint",
            str(error).splitlines()[0][:200],
            "install Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0 · dnf install pango · brew install pango",
        )
    yield _subsetter()
    yield _fonts()
    with suppress(Exception):
        yield Finding("ok", "charts in Vega-Lite", f"vl-convert {version('vl-convert-python')}")
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo("Europe/Rome")
        yield Finding("ok", "time zones", "known")
    except Exception:
        yield Finding("error", "time zones", "Python finds none", "pip install tzdata")


def _sqlglot() -> Finding:
    found = version("sqlglot")
    if found.startswith("30.30"):
        return Finding("ok", "sqlglot", found)
    return Finding("warning", "sqlglot", f"{found}; the SQL was proven with 30.30", 'pip install "sqlglot[c]~=30.30"')


def _subsetter() -> Finding:
    import ctypes

    for name in (
        "libharfbuzz-subset.so.0",
        "libharfbuzz-subset.dylib",
        "libharfbuzz-subset.0.dylib",
    ):
        with suppress(OSError):
            ctypes.CDLL(name)
            return Finding("ok", "harfbuzz-subset", "found")
    return Finding(
        "note",
        "harfbuzz-subset",
        "not found: PDFs come out the same, more slowly",
        "apt-get install libharfbuzz-subset0 · brew install harfbuzz",
    )


def _fonts() -> Finding:
    from reportspec.render.fonts import FAMILY, font_directory

    number = len(list(font_directory().glob("*.ttf")))
    if number:
        return Finding("ok", "fonts", f"{FAMILY}, {number} styles")
    return Finding("error", "fonts", f"{FAMILY} is not installed", "pip install --force-reinstall --no-deps reportspec")


def source(
    project: Project,
    mapping: SourceMap,
    binding: Binding | None = None,
    connect: Callable[..., Connection] | None = None,
) -> Iterator[Finding]:
    """The connection of a project, what the mapping expects of it, and, with a `binding`, whether the
    rows keep to it."""
    zone = mapping.timezone or project.source_timezone or project.timezone
    tables = frozenset(name for part in _parts(mapping) for name in _tables(part))
    wanted = Wanted(
        tables,
        mapping.csv_columns == "text",
        zone,
        project.timeout,
        project.memory,
        project.disk,
        reads=binding.source.reads if binding else (),
        whole=True,
    )
    if connect is None:
        from reportspec.run.connect import connect as opened
    else:
        opened = connect
    try:
        session = opened(project.source, wanted)
    except SourceError as error:
        for one in (error, *error.also):
            what = "files" if one.table else "connection"
            yield Finding("error", what, "; ".join((one.message, *one.notes)), one.help)
        return
    try:
        read_by = project.source.database
        assert read_by is not None  # it has been opened
        spoken, checkup = session.dialect.name, database(session.dialect.name).checkup
        yield Finding("ok", "connection", f"{read_by.label}, {project.source.label}")
        yield from _files(session)
        yield from _version(session, checkup)
        yield from _rights(session, checkup)
        yield from _collation(session, checkup)
        yield from _statistics(session)
        yield Finding("ok", "clock", f"times without a zone are read as those of {zone}")
        yield from _probed(session)
        try:
            columns = session.columns()
        except Exception as error:
            # What a user may see of the catalog differs; the statements themselves may still run.
            yield Finding("note", "tables", f"the database does not list them: {str(error)[:200]}")
            return
        there = There(columns, columns, spoken, all_tables=read_by.kind == "duckdb")
        seen = served(mapping, there)
        yield from _expected(mapping, seen, columns, spoken)
        if binding is not None:
            own = served(binding.source, there)
            if session.dialect.reading is not None:
                own = with_types(own, binding.catalogue, columns, spoken)
            binding = binding.over(replace(own, lacks={**binding.source.lacks, **own.lacks}))
            yield from _costs(binding)
        yield from _times(mapping, columns, spoken, zone)
        yield from _keys(mapping, columns, spoken)
        if binding is not None:
            lacking = _lacking(binding.source, columns, spoken)
            yield from _contract(session, project.source, wanted, binding, lacking)
    finally:
        session.close()


def _lacking(mapping: SourceMap, columns: Mapping[str, Mapping[str, str]], dialect: str) -> frozenset[str]:
    """The entities of which a table or a column is not there."""
    found = set()
    for entity in mapping.entities.values():
        for part in entity.parts:
            for table, names in named_columns(part):
                there = _found(_name(table), columns, dialect)
                if there is None or any(_found(n, columns[there], dialect) is None for n in names):
                    found.add(entity.entity)
    return frozenset(found)


def _served(binding: Binding) -> Iterator[Metric]:
    """The metrics that the source can serve."""
    for metric in binding.catalogue.metrics.values():
        try:
            need_metric(binding, metric)
        except Unresolved:
            continue
        yield metric


def _contract(
    session: Connection,
    source: SourceSpec,
    wanted: Wanted,
    binding: Binding,
    lacking: frozenset[str],
) -> Iterator[Finding]:
    """Whether the rows of all that is mapped keep to what the mapping and the catalogue say."""
    from reportspec.contract.checks import checks_of
    from reportspec.contract.unread import unfit_columns
    from reportspec.contract.verdict import diagnostic, findings_of
    from reportspec.run.execute import ask
    from reportspec.sql.survey_sql import survey_statement

    read = {
        name: frozenset(mapped.fields)
        for name, mapped in binding.source.entities.items()
        if mapped.parts and name not in lacking
    }
    if not read:
        return
    unfit = unfit_columns(binding, read)
    if unfit:
        yield from map(_of_diagnostic, unfit)
        return
    checks = checks_of(binding, read, metrics=_served(binding), now=datetime.now(UTC).date())
    try:
        survey = ask(session, wanted, survey_statement(binding, read, checks, datetime.now(UTC)))
        found = findings_of(binding, checks, survey, lambda tree: ask(session, wanted, tree))
    except SourceError as error:
        yield from _unread(session, source, wanted, binding, read) or [
            Finding("error", "rows", error.message, error.help)
        ]
        return
    for one in found:
        yield _of_diagnostic(diagnostic(binding, one, refused=one.check.refuses))
    if not found:
        yield Finding(
            "ok",
            "rows",
            f"the keys, values and relations of {counted(len(read), 'entity')} are as mapped",
        )


def _unread(
    session: Connection, source: SourceSpec, wanted: Wanted, binding: Binding, read: Mapping[str, frozenset[str]]
) -> list[Finding]:
    """Which fields cannot be read, after a statement that failed."""
    from reportspec.contract.unread import unreadable_fields
    from reportspec.run.execute import ask, asking

    with suppress(SourceError):
        if source.typed_before:  # a file is opened once
            found = unreadable_fields(binding, read, lambda tree: ask(session, wanted, tree))
        else:
            with asking(source, wanted) as again:
                found = unreadable_fields(binding, read, again)
        return [_of_diagnostic(one) for one in found]
    return []


def _of_diagnostic(told: Diagnostic) -> Finding:
    place = f" ({told.span.file}:{told.span.line})" if told.span else ""
    notes = "".join(f"; {note}" for note in told.notes)
    return Finding(told.severity, "rows", f"{told.message}{notes}{place}", told.help)


def _files(session: Connection) -> Iterator[Finding]:
    """How declared files were read: what was found in them that nobody had said."""
    described: Mapping[str, Description] = getattr(session, "described", {})
    for table, found in described.items():
        how = [*found.said, counted(found.rows, "row")]
        how += [f"{column.name}: {column.said}" for column in found.columns if column.said]
        yield Finding("ok", "files", f"`{table}` from {'; '.join(how)}")


def _version(session: Connection, checkup: Checkup) -> Iterator[Finding]:
    if not checkup.version:
        return
    try:
        text = str(session.run(checkup.version).rows[0][0]).splitlines()[0]
    except (SourceError, IndexError):
        return
    found = re.search(r"\d+(?:\.\d+)+|\d+", text)
    numbers = tuple(int(n) for n in found[0].split(".")[:3]) if found else ()
    if checkup.oldest and numbers and numbers < checkup.oldest:
        least = ".".join(map(str, checkup.oldest))
        yield Finding("error", "version", f"{text[:80]}: older than {least}", f"use {least} or newer")
    else:
        yield Finding("ok", "version", text[:80])


def _rights(session: Connection, checkup: Checkup) -> Iterator[Finding]:
    """Whether the user could write, though reports never do."""
    free: bool | None = None
    with suppress(SourceError):
        free = checkup.may_write(session)
    if free is None:
        yield Finding("note", "rights", "reports only read; give them a user who can do no more")
    elif free:
        yield Finding(
            "warning",
            "rights",
            "the sessions only read, but the user may write as well",
            "give reports a user of their own with the right to SELECT and no other",
        )
    else:
        yield Finding("ok", "rights", "it can only be read")


def _statistics(session: Connection) -> Iterator[Finding]:
    never = getattr(session, "never_analyzed", None)
    if never is None:
        return
    with suppress(Exception):
        names = never()
        if names:
            few = ", ".join(names[:3])
            yield Finding(
                "note",
                "statistics",
                f"never analyzed: {counted(len(names), 'table')} ({few}); statements may be slow",
                "run ANALYZE",
            )


def _collation(session: Connection, checkup: Checkup) -> Iterator[Finding]:
    with suppress(SourceError):
        if session.loose():
            yield Finding(
                "note",
                "collation",
                "some columns take `Rossi` and `rossi` for one;"
                " reports tell them apart, byte for byte, as on other databases",
            )
    with suppress(SourceError):
        loose = checkup.collations(session)
        if loose is not None:
            yield Finding("note", "collation", loose)


def _probed(session: Connection) -> Iterator[Finding]:
    """Whether the database answers small questions rightly."""
    import sqlglot

    from reportspec.run.canonical import canonical
    from reportspec.sql.dialect import sql_text

    wrong = []
    for what, text, wanted in PROBES:
        tree = exp.Select().select(
            exp.Alias(this=sqlglot.parse_one(text, dialect=CANONICAL), alias=exp.to_identifier("x"))
        )
        kind = "date" if isinstance(wanted, date) else "number"
        try:
            table = session.run(sql_text(tree, session.dialect))
            found = canonical(table, {table.columns[0]: kind}, "UTC").rows[0][0]
        except SourceError as error:
            wrong.append((what, error.message))
            continue
        number = isinstance(found, (int, float, Decimal))
        if (float(found) if number else found) != wanted:
            wrong.append((what, f"the answer is {found}, not {wanted}"))
    for what, said in wrong:
        yield Finding("error", "figures", f"{what}: {said}", "don't trust reports on this database; please report it")
    if not wrong:
        yield Finding("ok", "figures", f"{len(PROBES)} small questions were answered rightly")


def _costs(binding: Binding) -> Iterator[Finding]:
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


def _expected(
    mapping: SourceMap, seen: SourceMap, columns: Mapping[str, Mapping[str, str]], dialect: str
) -> Iterator[Finding]:
    """The tables and columns that the mapping names, against those that are there."""
    missing: dict[str, str] = {}
    own: set[str] = set()  # that one's own mapping names
    wrong = {(lack.table, lack.column): (name, lack) for name, lack in seen.wrong.items()}
    listed: set[str] = set()
    for entity in mapping.entities.values():
        for part in entity.parts:
            for table in _tables(part):
                if _found(table, columns, dialect) is None:
                    missing.setdefault(table, entity.entity)
                    own |= set() if part.lenient else {table}
                else:
                    listed.add(table)
    if listed:
        yield Finding("ok", "tables", f"{len(listed)} of {len(listed) + len(missing)} that the mapping names are there")
    for name, owner in missing.items():
        near = suggestion(name, columns) or suggestion(name.rpartition(".")[2], columns)
        level: Level = "note" if listed and name not in own else "error"
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


def _times(mapping: SourceMap, columns: Mapping[str, Mapping[str, str]], dialect: str, zone: str) -> Iterator[Finding]:
    """Which of the columns that are read as times are instants, which are the source's clock, which
    are days, and which are one or the other as each value says."""
    from reportspec.catalogue.load import packaged

    said = {
        "instant": "instants, since they have a zone",
        "clock": f"without a zone, read as times of {zone}",
        "day": "whole days",
        "value": f"as each value says: an instant with `Z`, an offset or as a number, else a time of {zone}",
        "text": "texts or numbers, as the database or the mapping's expression makes times of them",
    }
    found: dict[str, dict[str, None]] = {kind: {} for kind in said}
    for entity in mapping.entities.values():
        known = packaged().entities.get(entity.entity)
        for part in entity.parts:
            there = _found(_name(part.table), columns, dialect)
            for name, field in part.fields.items():
                kind = known.fields[name].type if known and name in known.fields else field.type
                if kind not in ("time", "date") or not isinstance(field.sql, exp.Column):
                    continue
                if there is None or field.sql.table not in ("", "own"):
                    continue
                column = _found(field.sql.name, columns[there], dialect)
                if column is not None:
                    days = "date" in (kind, field.type)
                    how = "day" if days else _CLOCKS.get(held(columns[there][column], dialect_named(dialect)), "text")
                    found[how][f"{there}.{column}"] = None
    for how, names in found.items():
        if names:
            few = ", ".join(list(names)[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
            yield Finding("ok", "times", f"{said[how]}: {few}")


_CLOCKS = {"day": "day", "instant": "instant", "clock": "clock", "fine": "clock", "any": "value", "text": "value"}


def _keys(mapping: SourceMap, columns: Mapping[str, Mapping[str, str]], dialect: str) -> Iterator[Finding]:
    """Whether the two sides of the relations have one type, so that keys may be compared as they are."""
    from reportspec.catalogue.load import packaged

    def type_of(entity: str, name: str) -> str | None:
        mapped = mapping.entities.get(entity)
        if mapped is None or len(mapped.parts) != 1 or name not in mapped.parts[0].fields:
            return None
        part = mapped.parts[0]
        tree = part.fields[name].sql
        there = _found(_name(part.table), columns, dialect)
        if not isinstance(tree, exp.Column) or tree.table or there is None:
            return None
        column = _found(tree.name, columns[there], dialect)
        return columns[there][column].upper() if column else None

    pairs: list[tuple[str, str, str, str]] = []
    for entity in packaged().entities.values():
        for relation in entity.relations.values():
            target = packaged().entities[relation.to]
            if target.key is None:
                continue
            one, other = type_of(entity.name, relation.by), type_of(target.name, target.key)
            if one and other:
                pairs.append((f"{entity.name}.{relation.by}", one, f"{target.name}.{target.key}", other))
    unlike = [pair for pair in pairs if pair[1] != pair[3]]
    if mapping.keys == "typed" and unlike:
        a, b, c, d = unlike[0]
        yield Finding(
            "error",
            "keys",
            f"`{a}` is {b} and `{c}` is {d}, though the mapping says `keys: typed`",
            "leave `keys` out of the mapping",
        )
    elif mapping.keys == "text" and pairs and not unlike:
        if any(not re.search("CHAR|TEXT|STRING", pair[1]) for pair in pairs):
            yield Finding(
                "note",
                "keys",
                "both sides of every relation have one type",
                "`keys: typed` in the mapping makes statements faster",
            )


def _parts(mapping: SourceMap) -> Iterator[MappedPart]:
    for entity in mapping.entities.values():
        yield from entity.parts


def _name(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts)


def _tables(part: MappedPart) -> list[str]:
    return [_name(part.table), *(_name(join.table) for join in part.joins)]


def _found(name: str, there: Iterable[str], dialect: str) -> str | None:
    """The name as the database has it; several databases do not mind the case of letters."""
    names = list(there)
    if name in names:
        return name
    if dialect_named(dialect).cased:
        return None
    return next((other for other in names if other.lower() == name.lower()), None)


def project_place(given: Path | None) -> Path | None:
    """The project file that is meant: the one named, the one in the folder named, or the nearest."""
    from reportspec.check.project import NAMES, find_project, project_in

    if given is None:
        return find_project(Path.cwd() / "spec")
    return (project_in(given) or given / NAMES[0]) if given.is_dir() else given
