"""The files or the database that a project is begun of, opened and looked at."""

from __future__ import annotations

import glob
import os
import re
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from reportspec.check.project import load_project
from reportspec.databases import by_suffix
from reportspec.diagnostics import Diagnostic, suggestion
from reportspec.errors import SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.mapping_proposals import Recognised, TableSeen
from reportspec.onboarding.alike_files import alike, are_parts, called, called_together
from reportspec.onboarding.seen_tables import rows_of, seen
from reportspec.onboarding.wish import NoStart, Tell, Wish
from reportspec.source.file_patterns import Unmet, is_pattern, matched
from reportspec.source.regular import is_file, is_folder, no_file
from reportspec.suggested_yaml import quoted_yaml

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".parquet", ".json", ".jsonl", ".ndjson")
_TABLES = 150  # of a database that are looked at
_TOLD = 4  # columns: sheets with the same few are lists of different things


@dataclass(frozen=True, slots=True)
class Source:
    """A source that was looked at: its tables, the files of each (none of a database), what the project file says of
    it and in what SQL it speaks, and what could not be read."""

    tables: tuple[TableSeen, ...]
    files: Mapping[str, str]
    written: str
    dialect: str
    unread: tuple[Diagnostic, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of files, to be confirmed
    anywhere: str = ""  # what a project file in any folder says of it
    again: Mapping[str, str] = field(default_factory=dict)  # the project file by which a table is looked at once more
    joined: Mapping[str, int] = field(default_factory=dict)  # of tables of several files or sheets, how many these are

    def rows(self, table: str, columns: Sequence[str], by: str) -> Sequence[Sequence[Any]]:
        """Rows of a table once more. Raises SourceError."""
        from reportspec.run.connect import connect
        from reportspec.run.connection import Wanted

        text = self.again.get(table) or self.again[""]
        project = _project(text, self.environment)
        connection = connect(project.source, Wanted(frozenset((table,)), table in self.again))
        try:
            return rows_of(connection, table, columns, by)
        finally:
            connection.close()


def opened(wish: Wish, tell: Tell) -> Source:
    if len(wish.sources) == 1 and "://" in wish.sources[0]:
        return _database(wish.sources[0], tell)
    paths = _files(wish.sources)
    if wish.again:  # the list of who gets what is the project's own
        paths = [path for path in paths if path.resolve() != (wish.folder / "recipients.csv").resolve()]
    embedded = [path for path in paths if by_suffix(path.suffix.lower()) is not None]
    if embedded:
        if len(paths) > 1:
            raise NoStart(
                f"`{embedded[0].name}` is a database, and there are other files beside it",
                "begin with the database alone, or with the files alone",
                "mixed-sources",
            )
        return _embedded(embedded[0], wish.folder, tell)
    return _of_files(paths, wish.folder, tell)


def _files(sources: Sequence[str]) -> list[Path]:
    found: list[Path] = []
    for text in sources:
        path = Path(text)
        if is_folder(path):
            endings = set(ENDINGS) - {".txt"}  # beside tables those are notes
            met = matched(path, "*")
            _refuse_unmet(one for one in met.unmet if one.shut or one.path.suffix.lower() in endings)
            inside = [p for p in met.files if p.suffix.lower() in endings]
            if not inside:
                raise NoStart(
                    f"the folder `{text}` has no file of a kind that is read",
                    f"there are {', '.join(ENDINGS)}",
                    "no-files",
                )
            found += inside
        elif is_pattern(text) and not is_file(path):
            met = matched(Path(), text)
            _refuse_unmet(met.unmet)
            if not met.files:
                raise NoStart(f"no file matches `{text}`", "check the pattern and the folder", "file-not-found")
            found += met.files
        elif is_file(path):
            if path.suffix.lower() not in ENDINGS and by_suffix(path.suffix.lower()) is None:
                raise NoStart(
                    f"`{text}` is no file of a kind that is read",
                    f"export it as CSV or Excel; there are {', '.join(ENDINGS)}",
                    "unknown-file",
                )
            found.append(path)
        else:
            unfit = no_file(path, text)
            if unfit is not None:
                raise NoStart(*unfit, "file-not-found")
            names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            help = suggestion(path.name, names) or "name files, a folder with files, or a database's URL"
            raise NoStart(f"there is no file or folder `{text}`", help, "file-not-found")
    return list(dict.fromkeys(found))


def _refuse_unmet(unmet: Iterable[Unmet]) -> None:
    """Raise NoStart for the first of what leads to no file that can be read: its rows would be missed in silence."""
    for one in unmet:
        raise NoStart(one.message, one.help, "unreadable-file")


def _table_names(paths: Sequence[Path]) -> dict[str, Path]:
    names: dict[str, Path] = {}
    for path in paths:
        names[_free_name(path.stem, names)] = path
    return names


def _free_name(text: str, taken: Collection[str]) -> str:
    """A name for a table by what a file or a sheet is called."""
    name = re.sub(r"\W+", "_", text).strip("_").lower() or "table"
    name = f"t_{name}" if name[0].isdigit() else name
    while name in taken:
        name += "_2"
    return name


def _of_files(paths: Sequence[Path], folder: Path, tell: Tell) -> Source:
    from reportspec.run.files.opening import SHEETS
    from reportspec.run.files.sheets import sheets_of

    by_table = _table_names(paths)
    sheets: dict[str, str] = {}
    for table, path in list(by_table.items()):
        several = sheets_of(str(path)) if path.suffix.lower() in SHEETS else ()
        if len(several) > 1:  # each is a table of its own, by its own name
            del by_table[table]
            for sheet in several:
                name = _free_name(sheet, by_table)
                by_table[name], sheets[name] = path, quoted_yaml(sheet)
    looks: dict[str, _Look] = {}
    unread: list[Diagnostic] = []
    pages: dict[Path, Diagnostic] = {}  # of a program's answer, which by itself has not all records
    for table, path in by_table.items():
        try:
            looks[table] = _look(table, _written(path), {"sheet": sheets[table]} if table in sheets else {}, tell)
        except SourceError as error:
            unread.append(Diagnostic(error.code, error.message, None, error.help, severity="warning"))
            if error.code == "partial-answer":
                pages[path.resolve()] = unread[-1]
    joined = _pages_joined(looks, pages, unread, tell) | _joined(looks, tell) | _joined_sheets(looks, tell)
    found = [each for look in looks.values() for each in look.tables]
    if not found:
        raise _unread(unread)
    files = {table: os.path.relpath(look.path, folder.resolve()) for table, look in looks.items()}
    marks = {table: look.settings for table, look in looks.items() if look.settings}
    again = {table: look.text for table, look in looks.items()}
    return Source(tuple(found), files, "", "duckdb", tuple(unread), settings=marks, again=again, joined=joined)


def _written(path: Path) -> str:
    """A file's path as a project says it: as a pattern of that file alone where its name would be taken for a variable
    of the environment (`${Q3}`)."""
    text = str(path.resolve())
    return glob.escape(text).replace("${", "[$]{") if "${" in text else text


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found of a table: where its file is, how that is to be read, and the project file that says so."""

    path: str
    tables: tuple[TableSeen, ...]
    settings: Mapping[str, str]
    text: str


def _look(table: str, path: str, known: Mapping[str, str], tell: Tell) -> _Look:
    """Look at the file of a table, or the files of a pattern, with the settings that messages name where it cannot be
    read without. Raises SourceError."""
    settings = dict(known)
    while True:
        given = "".join(f", {key}: {value}" for key, value in settings.items())
        file = f"{{path: {quoted_yaml(path)}{given}}}"
        text = f"version: 1\nsource:\n  files:\n    {table}: {file}\nmapping: mapping.yaml\n"
        try:
            return _Look(path, tuple(_looked(text, {}, [table], True, tell)), settings, text)
        except SourceError as error:
            more = {key: value for key, value in _SETTING.findall(error.help or "") if key not in settings}
            if not more:
                raise
            settings |= dict([next(iter(more.items()))])


def _joined(looks: dict[str, _Look], tell: Tell) -> dict[str, int]:
    """Make one table of the files that are parts of one, in place of theirs; by its name, how many these are."""
    tables = {Path(look.path): table for table, look in looks.items() if "sheet" not in look.settings}
    columns = {path: tuple(looks[table].tables[0].columns) for path, table in tables.items()}
    joined: dict[str, int] = {}
    for pattern, paths in alike(columns).items():
        parts = [tables[path] for path in paths]
        name = _free_name(called(pattern), looks.keys() - set(parts))
        try:
            together = _look(name, pattern, {}, tell)
        except SourceError:
            continue  # their values are not of one kind: they stay apart, and are told as they are
        _put(looks, parts, name, together)
        joined[name] = len(parts)
    return joined


def _pages_joined(
    looks: dict[str, _Look], pages: Mapping[Path, Diagnostic], unread: list[Diagnostic], tell: Tell
) -> dict[str, int]:
    """Make one table of the pages of an answer, none of which has all records; what was told of them is taken back."""
    last = {Path(look.path): table for table, look in looks.items() if look.path.lower().endswith(".json")}
    joined: dict[str, int] = {}
    for pattern, paths in alike(dict.fromkeys((*pages, *last), ()) if pages else {}).items():
        name = _free_name(called(pattern), looks.keys() - {last.get(path) for path in paths})
        try:
            together = _look(name, pattern, {}, tell)
        except SourceError:
            continue
        for path in paths:
            looks.pop(last.get(path, ""), None)
            if path in pages:
                unread.remove(pages[path])
        looks[name] = together
        joined[name] = len(paths)
    return joined


def _joined_sheets(looks: dict[str, _Look], tell: Tell) -> dict[str, int]:
    """The same for the sheets of a workbook: one for each month, or each person."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for table, look in looks.items():
        if "sheet" in look.settings:
            groups.setdefault((look.path, *look.tables[0].columns), []).append(table)
    joined: dict[str, int] = {}
    for (path, *columns), parts in groups.items():
        if len(columns) < _TOLD or not are_parts(parts):
            continue
        sheets = ", ".join(looks[table].settings["sheet"] for table in parts)
        name = _free_name(called_together(parts) or Path(path).stem, looks.keys() - set(parts))
        try:
            together = _look(name, path, {"sheet": f"[{sheets}]"}, tell)
        except SourceError:
            continue
        _put(looks, parts, name, together)
        joined[name] = len(parts)
    return joined


def _put(looks: dict[str, _Look], parts: Sequence[str], name: str, together: _Look) -> None:
    """Put one table in the place of the first of those that are its parts, and take them out."""
    first = list(looks).index(parts[0])
    rest = [(table, look) for table, look in looks.items() if table not in parts]
    rest.insert(first, (name, together))
    looks.clear()
    looks.update(rest)


# How a file is written, as the message says that refuses to guess it.
_SETTING = re.compile(r"`(encoding|delimiter|skip|parts): ([\w\"';|\\-]+)`")


def _unread(unread: Sequence[Diagnostic]) -> NoStart:
    first = unread[0]
    return NoStart(first.message, first.help, first.code)


def _embedded(path: Path, folder: Path, tell: Tell) -> Source:
    relative = os.path.relpath(path.resolve(), folder.resolve())
    database = by_suffix(path.suffix.lower())
    assert database is not None
    anywhere = f"{database.kind}:///{path.resolve()}"
    text = f"version: 1\nsource: {quoted_yaml(anywhere)}\nmapping: mapping.yaml\n"
    tables, unread = _of_database(text, {}, tell)
    return Source(tables, {}, relative, database.dialect.name, unread, anywhere=anywhere, again={"": text})


def _database(url: str, tell: Tell) -> Source:
    environment = {"CRM_DATABASE_URL": url}
    text = "version: 1\nsource: ${CRM_DATABASE_URL}\nmapping: mapping.yaml\n"
    project = _project(text, environment)
    tables, unread = _of_database(text, environment, tell)
    again = {"": text}
    return Source(
        tables, {}, "${CRM_DATABASE_URL}", project.source.dialect, unread, environment=environment, again=again
    )


def _of_database(
    text: str, environment: Mapping[str, str], tell: Tell
) -> tuple[tuple[TableSeen, ...], tuple[Diagnostic, ...]]:
    """The tables of a database, and what is told of those that cannot be read."""
    missed: list[SourceError] = []
    try:
        found = _looked(text, environment, None, False, tell, missed)
    except SourceError as error:
        raise NoStart(error.message, error.help, error.code) from None
    if not found:
        raise NoStart(
            "the database has no table that this user may read",
            "check the schema, and the rights of the user",
            "no-tables",
        )
    told = (Diagnostic(one.code, one.message, None, one.help, severity="warning") for one in missed)
    return tuple(found), tuple(told)


def _project(text: str, environment: Mapping[str, str]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "reportspec.yaml"
        file.write_text(text, encoding="utf-8")
        (Path(folder) / "mapping.yaml").write_text("entities: {}\n", encoding="utf-8")
        project, document = load_project(file, environment)
    errors = [problem for problem in document.problems if problem.severity == "error"]
    if project is None or errors:
        raise NoStart(errors[0].message, errors[0].help, errors[0].code)
    return project


def _looked(
    text: str,
    environment: Mapping[str, str],
    names: Sequence[str] | None,
    texts: bool,
    tell: Tell,
    missed: list[SourceError] | None = None,
) -> list[TableSeen]:
    """The tables of a source as a project file names it. Raises SourceError."""
    from reportspec.run.connect import connect
    from reportspec.run.connection import Wanted

    project = _project(text, environment)
    connection = connect(project.source, Wanted(frozenset(names or ()), texts))
    try:
        database = project.source.database
        alone = database is not None and database.schemas_are_databases
        wanted = list(names) if names is not None else _own_tables(connection.columns(), alone)
        return seen(connection, wanted, tell, missed)
    finally:
        connection.close()


_SYSTEM = re.compile(r"^(?:information_schema|pg_catalog|sys|mysql|performance_schema|sqlite_)", re.IGNORECASE)


def _own_tables(columns: Mapping[str, Mapping[str, str]], alone: bool) -> list[str]:
    """The tables of a database that are worth a look: each once, by its shortest name. Where schemas are databases of
    their own, those beside the session's are somebody else's, unless it has none itself."""
    shortest: dict[tuple[str, tuple[str, ...]], str] = {}
    alone = alone and any("." not in name for name in columns)
    for name, has in columns.items():
        if _SYSTEM.match(name) or (alone and "." in name):
            continue
        at = (name.rpartition(".")[2], tuple(has))
        if at not in shortest or len(name) < len(shortest[at]):
            shortest[at] = name
    return sorted(shortest.values())[:_TABLES]


def forced(crm: str, source: Source) -> Recognised:
    from reportspec.check.mapping import shipped
    from reportspec.onboarding.recognise import taken_for

    if crm not in shipped():
        raise NoStart(
            f"no mapping named `{crm}` is shipped",
            suggestion(crm, shipped()) or f"there are {', '.join(shipped())}",
            "unknown-crm",
        )
    found = taken_for(crm, source.tables)
    if found is None:
        raise NoStart(
            f"no table has the columns that the mapping `{crm}` reads",
            "leave `--crm` out, and a mapping is proposed",
            "unknown-crm",
        )
    return found
