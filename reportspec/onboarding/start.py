"""From files, or a database, to a project that builds its first report."""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reportspec.catalogue.load import packaged
from reportspec.check.project import load_project
from reportspec.databases import by_suffix
from reportspec.diagnostics import Diagnostic, counted
from reportspec.errors import SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Catalogue
from reportspec.model.mapping_proposals import ColumnSeen, Proposal, Recognised, TableSeen
from reportspec.onboarding.cures import Cures, decides
from reportspec.onboarding.histories import Told, settled
from reportspec.onboarding.mapping_lines import Block, Draft, Writer, mapping_text
from reportspec.onboarding.matching import propose
from reportspec.onboarding.name_words import aside, dated_fields, field_words, tongue_of, words_of
from reportspec.onboarding.places import country_of, currency_of, zone_of
from reportspec.onboarding.project_files import (
    AGENTS,
    ENVIRONMENT,
    IGNORED,
    WORKFLOW,
    Reading,
    Settings,
    project_text,
    recipients_text,
    spec_text,
    written,
)
from reportspec.onboarding.recognise import dated_by, read_by, recognised
from reportspec.onboarding.seen_tables import rows_of, seen
from reportspec.source.regular import no_file
from reportspec.suggested_yaml import quoted_yaml

if TYPE_CHECKING:
    from reportspec.building import Built, Order
    from reportspec.resolve.binding import Binding

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".parquet", ".json", ".jsonl", ".ndjson")
_TABLES = 150  # of a database that are looked at
_ASKED = 0.8  # below it a person is asked of a column that is proposed; up to where it is sure it has a mark
_FREE = 8  # columns among which a person is asked to choose
_HISTORY, _OF_A_HISTORY = "deal_stage_history", ("deal_id", "stage_id", "entered_at")
_TRIES = 25  # fields that are taken back, one after the other, since their columns cannot be read so


class NoStart(Exception):
    """A project cannot be begun: why, and the way out."""

    def __init__(self, message: str, help: str | None = None, code: str = "no-start") -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(code, message, None, help)


class Asker(Protocol):
    """Who answers what the data leave open."""

    def choose(self, question: str, options: Sequence[str], proposed: str) -> str:
        """One of the options; others are taken too where the last one is empty."""

    def confirm(self, question: str, proposed: bool) -> bool:
        """Yes or no."""


class Takes:
    """Takes what is proposed."""

    def choose(self, question: str, options: Sequence[str], proposed: str) -> str:
        """What is proposed."""
        return proposed

    def confirm(self, question: str, proposed: bool) -> bool:
        """What is proposed."""
        return proposed


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody said: the files, folders or the URL; the folder of the project; and what is settled already."""

    sources: tuple[str, ...]
    folder: Path
    crm: str = ""
    timezone: str = ""
    locale: str = ""
    currency: str = ""
    date_order: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)  # field -> its column


@dataclass(frozen=True, slots=True)
class Started:
    """What came of it: the files that were written, the PDF, how the source was taken, what is to be confirmed and
    what could not be told, and what went wrong at the end."""

    files: tuple[str, ...]
    pdf: Path | None
    taken: tuple[str, ...]
    confirm: tuple[str, ...]
    open: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)


Tell = Callable[[str], None]


def start(wish: Wish, order: Order, asker: Asker, tell: Tell) -> Started:
    """Begin a project. Raises NoStart."""
    _refuse_present(wish.folder)
    _check_fields(wish.columns)
    if not wish.sources or wish.sources == ("demo",):
        return _demo(wish, order, tell)
    source = _opened(wish, tell)
    if wish.crm:
        found: Recognised | None = _forced(wish.crm, source)
    else:
        found = recognised(source.tables)
    if found is not None and not source.files and any(theirs != ours for theirs, ours in found.tables.items()):
        found = None  # in another schema: its tables have to be named
    return _Project(wish, order, asker, tell, source, found).made()


def _check_fields(columns: Mapping[str, str]) -> None:
    """That the fields whose columns somebody named are there, before anything is looked at."""
    from reportspec.diagnostics import suggestion

    entities = packaged().entities
    for field_id in columns:
        entity, _, name = field_id.partition(".")
        if entity not in entities or name not in entities[entity].fields:
            every = [known.id for one in entities.values() if one.derived is None for known in one.fields.values()]
            raise NoStart(f"there is no field `{field_id}`", suggestion(field_id, every), "unknown-field")


def _refuse_present(folder: Path) -> None:
    for name in ("reportspec.yaml", "reportspec.yml"):
        if (folder / name).exists():
            raise NoStart(
                f"there is a project here already: `{name}`",
                "name another folder with `--into`, or begin in an empty one; nothing was changed",
                "project-exists",
            )
    there = next((name for name in _ALWAYS if (folder / name).exists()), None)
    if there is not None:
        raise _present(there)


_ALWAYS = ("mapping.yaml", "recipients.csv", ".github/workflows/reports.yml", "AGENTS.md")  # of each new project


def _present(name: str) -> NoStart:
    return NoStart(
        f"`{name}` is there already, and nothing is overwritten",
        "name another folder with `--into`, or move that file away; nothing was changed",
        "file-exists",
    )


# --- what there is -----------------------------------------------------------------------------------------


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


def _opened(wish: Wish, tell: Tell) -> Source:
    if len(wish.sources) == 1 and "://" in wish.sources[0]:
        return _database(wish.sources[0], tell)
    paths = _files(wish.sources)
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
        if path.is_dir():
            endings = set(ENDINGS) - {".txt"}  # beside tables those are notes
            inside = sorted(p for p in path.iterdir() if p.is_file() and p.suffix.lower() in endings)
            if not inside:
                raise NoStart(
                    f"the folder `{text}` has no file of a kind that is read",
                    f"there are {', '.join(ENDINGS)}",
                    "no-files",
                )
            found += inside
        elif any(sign in text for sign in "*?["):
            base = Path(path.anchor or ".")
            matches = sorted(p for p in base.glob(str(path.relative_to(base) if path.anchor else path)) if p.is_file())
            if not matches:
                raise NoStart(f"no file matches `{text}`", "check the pattern and the folder", "file-not-found")
            found += matches
        elif path.is_file():
            if path.suffix.lower() not in ENDINGS and by_suffix(path.suffix.lower()) is None:
                raise NoStart(
                    f"`{text}` is no file of a kind that is read",
                    f"export it as CSV or Excel; there are {', '.join(ENDINGS)}",
                    "unknown-file",
                )
            found.append(path)
        else:
            from reportspec.diagnostics import suggestion

            unfit = no_file(path)
            if unfit is not None:
                raise NoStart(unfit[0].format(f"`{text}`"), unfit[1].format(text), "file-not-found")
            names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            help = suggestion(path.name, names) or "name files, a folder with files, or a database's URL"
            raise NoStart(f"there is no file or folder `{text}`", help, "file-not-found")
    return list(dict.fromkeys(found))


def _table_names(paths: Sequence[Path]) -> dict[str, Path]:
    names: dict[str, Path] = {}
    for path in paths:
        name = re.sub(r"\W+", "_", path.stem).strip("_").lower() or "table"
        name = f"t_{name}" if name[0].isdigit() else name
        while name in names:
            name += "_2"
        names[name] = path
    return names


def _of_files(paths: Sequence[Path], folder: Path, tell: Tell) -> Source:
    by_table = _table_names(paths)
    found: list[TableSeen] = []
    unread: list[Diagnostic] = []
    files: dict[str, str] = {}
    marks: dict[str, dict[str, str]] = {}
    texts: dict[str, str] = {}
    for table, path in by_table.items():
        settings: dict[str, str] = {}
        while True:
            given = "".join(f", {key}: {value}" for key, value in settings.items())
            file = f"{{path: {quoted_yaml(str(path.resolve()))}{given}}}"
            text = f"version: 1\nsource:\n  files:\n    {table}: {file}\nmapping: mapping.yaml\n"
            try:
                found += _looked(text, {}, [table], True, tell)
            except SourceError as error:
                more = {key: value for key, value in _SETTING.findall(error.help or "") if key not in settings}
                if more:
                    settings |= dict([next(iter(more.items()))])
                    continue
                unread.append(Diagnostic(error.code, error.message, None, error.help, severity="warning"))
                break
            texts[table] = text
            files[table] = os.path.relpath(path.resolve(), folder.resolve())
            if settings:
                marks[table] = settings
            break
    if not found:
        raise _unread(unread)
    return Source(tuple(found), files, "", "duckdb", tuple(unread), settings=marks, again=texts)


# How a file is written, as the message says that refuses to guess it.
_SETTING = re.compile(r"`(encoding|delimiter|skip): ([\w\"';|\\-]+)`")


def _unread(unread: Sequence[Diagnostic]) -> NoStart:
    first = unread[0]
    return NoStart(first.message, first.help, first.code)


def _embedded(path: Path, folder: Path, tell: Tell) -> Source:
    relative = os.path.relpath(path.resolve(), folder.resolve())
    database = by_suffix(path.suffix.lower())
    assert database is not None
    anywhere = f"{database.kind}:///{path.resolve()}"
    text = f"version: 1\nsource: {quoted_yaml(anywhere)}\nmapping: mapping.yaml\n"
    tables = _of_database(text, {}, tell)
    return Source(tables, {}, relative, database.dialect.name, anywhere=anywhere, again={"": text})


def _database(url: str, tell: Tell) -> Source:
    environment = {"CRM_DATABASE_URL": url}
    text = "version: 1\nsource: ${CRM_DATABASE_URL}\nmapping: mapping.yaml\n"
    project = _project(text, environment)
    tables = _of_database(text, environment, tell)
    again = {"": text}
    return Source(tables, {}, "${CRM_DATABASE_URL}", project.source.dialect, environment=environment, again=again)


def _of_database(text: str, environment: Mapping[str, str], tell: Tell) -> tuple[TableSeen, ...]:
    try:
        found = _looked(text, environment, None, False, tell)
    except SourceError as error:
        raise NoStart(error.message, error.help, error.code) from None
    if not found:
        raise NoStart(
            "the database has no table that this user may read",
            "check the schema, and the rights of the user",
            "no-tables",
        )
    return tuple(found)


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
    text: str, environment: Mapping[str, str], names: Sequence[str] | None, texts: bool, tell: Tell
) -> list[TableSeen]:
    """The tables of a source as a project file names it. Raises SourceError."""
    from reportspec.run.connect import connect
    from reportspec.run.connection import Wanted

    project = _project(text, environment)
    connection = connect(project.source, Wanted(frozenset(names or ()), texts))
    try:
        wanted = list(names) if names is not None else _own_tables(connection.columns())
        return seen(connection, wanted, tell)
    finally:
        connection.close()


_SYSTEM = re.compile(r"^(?:information_schema|pg_catalog|sys|mysql|performance_schema|sqlite_)", re.IGNORECASE)


def _own_tables(columns: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The tables of a database that are worth a look: each once, by its shortest name."""
    shortest: dict[tuple[str, tuple[str, ...]], str] = {}
    for name, has in columns.items():
        if _SYSTEM.match(name):
            continue
        at = (name.rpartition(".")[2], tuple(has))
        if at not in shortest or len(name) < len(shortest[at]):
            shortest[at] = name
    return sorted(shortest.values())[:_TABLES]


def _forced(crm: str, source: Source) -> Recognised:
    from reportspec.check.mapping import shipped
    from reportspec.diagnostics import suggestion
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


# --- the project -------------------------------------------------------------------------------------------


def _demo(wish: Wish, order: Order, tell: Tell) -> Started:
    marks: dict[str, str] = {}
    settings = Settings(wish.timezone or "UTC", wish.locale or "en_GB", wish.currency or "EUR", marks)
    project = project_text("demo", "crm: demo", settings)
    spec = spec_text("pipeline", "last_quarter", "the quarter before this one")
    files = {
        "reportspec.yaml": project,
        "specs/pipeline.yaml": spec,
        "recipients.csv": recipients_text(()),
        ".github/workflows/reports.yml": WORKFLOW.replace("{environment}", ""),
        "AGENTS.md": AGENTS,
    }
    files |= {} if (wish.folder / ".gitignore").exists() else {".gitignore": IGNORED}
    with tempfile.TemporaryDirectory() as trial:
        made = _made_of(wish.folder, Path(trial), files, files, "pipeline", order, tell)
    taken = ("the demo: a made-up CRM, to try things out",)
    return replace(made, taken=taken, open=("begin with your own data in another folder: `reportspec init FILES`",))


def _made_of(
    folder: Path, trial: Path, files: Mapping[str, str], tried: Mapping[str, str], report: str, order: Order, tell: Tell
) -> Started:
    """A project with its first report, all written at once at the end: who breaks it off before leaves nothing. The
    report is made in a folder for trial, of files that say the same of it. Raises NoStart."""
    tell("the first report")
    _replace(trial, tried)
    spec = f"specs/{report}.yaml"
    built, pdf = _pdf(trial, spec, order)
    at = folder / "out" / f"{report}.pdf"
    try:
        written(folder, files if pdf is None else {**files, at.relative_to(folder).as_posix(): pdf})
    except FileExistsError as there:
        raise _present(str(there)) from None
    except OSError as error:
        raise NoStart(
            f"the project cannot be written: {(error.strerror or str(error)).lower()}",
            "name another folder with `--into`",
            "cannot-write",
        ) from None
    told = tuple(_moved(one, trial, folder, files) for one in built.diagnostics)
    texts = {str(folder / name): text for name, text in files.items()}
    return Started(tuple(files), None if pdf is None else at, (), (), (), told, texts)


def _moved(told: Diagnostic, trial: Path, folder: Path, files: Mapping[str, str]) -> Diagnostic:
    """What was told of a file in the folder for trial, told of that of the project: it has the same lines."""
    where = f"{trial}{os.sep}"
    message, span = told.message.replace(where, ""), told.span
    if span is None or not span.file.startswith(where):
        return replace(told, message=message)
    name = Path(span.file).relative_to(trial).as_posix()
    lines = files.get(name, "").splitlines() or [""]
    end = len(lines[min(span.end_line, len(lines)) - 1]) + 1  # paths of files may be shorter there
    first = min(span.column, len(lines[min(span.line, len(lines)) - 1]) + 1)
    span = replace(span, file=str(folder / name), column=first, end_column=min(span.end_column, end))
    return replace(told, message=message, span=span)


def _pdf(folder: Path, spec: str, order: Order) -> tuple[Built, bytes | None]:
    from reportspec.building import build
    from reportspec.errors import ReportspecError
    from reportspec.formats import files_of
    from reportspec.problems import problems_of

    built = build(folder / spec, order)
    if built.made is None:
        return built, None
    name = Path(spec).stem
    try:
        files = files_of(built.made.figures[0][1], "pdf", name, built.spec_text)
    except (ReportspecError, OSError) as error:
        return replace(built, diagnostics=(*built.diagnostics, *problems_of(folder / spec, error))), None
    return built, files[f"{name}.pdf"]


def _needed(catalogue: Catalogue, entity: str) -> tuple[str, ...]:
    """The fields without which nothing is made of an entity's table: what a history, exchange rates and targets are."""
    rates, targets = catalogue.exchange_rates, catalogue.targets
    if entity == rates.entity:
        return (rates.base, rates.quote, rates.day, rates.rate)
    if entity == targets.entity:
        return (targets.first_day, targets.last_day, targets.target)
    return _OF_A_HISTORY if entity == _HISTORY else ()


class _Project:
    """A project of somebody's own data, on its way."""

    def __init__(
        self, wish: Wish, order: Order, asker: Asker, tell: Tell, source: Source, found: Recognised | None
    ) -> None:
        self.wish, self.asker, self.tell, self.source, self.found = wish, asker, tell, source, found
        self.order = replace(order, environment={**order.environment, **source.environment})
        self.catalogue = packaged()
        self.tables = {table.name: table for table in source.tables}
        self.chosen: dict[str, str] = dict(wish.columns)
        self.states: dict[tuple[str, str], str] = {}
        self.refused: dict[tuple[str, str, str], str] = {}
        self.cures = Cures()
        self.overview: tuple[str, ...] = ()  # the metrics of a report that is none of the standard ones
        self._check_anywhere()
        self.tell("which columns are which fields")
        self.names = {ours: theirs for theirs, ours in found.tables.items()} if found is not None else {}
        self.proposal = propose(self.catalogue, source.tables) if found is None else Proposal(())
        self._check_columns()
        self.told = self._by_rows()

    def _by_rows(self) -> Told:
        """What rows say of stages; the proposal is changed by it."""
        try:
            self.proposal, told = settled(self.proposal, self.tables, self.source.rows)
        except SourceError:
            return Told()  # what cannot be read so is told when the mapping is tried
        return told

    def made(self) -> Started:
        """The project, written and built."""
        if self.found is None and not self.proposal.parts:
            names = ", ".join(f"`{name}`" for name in list(self.tables)[:5])
            raise NoStart(
                f"none of the tables looks like deals, leads, accounts or others that reports are made of: {names}",
                "name more of your CRM's tables, or write a mapping of your own",
                "no-entities",
            )
        if self.found is None:
            self._ask_columns()
            self._ask_states()
        draft = self._draft()
        if self.found is None and all(block.off for block in draft.blocks) and not draft.stages:
            raise self._no_rows()
        settings = self._settings(draft)
        self.tell("how the mapping reads them")
        with tempfile.TemporaryDirectory() as trial:
            draft, report, period, said = self._tried(Path(trial), draft, settings)
            draft = replace(draft, blocks=tuple(map(self._with_key_told, draft.blocks)))
            texts, tried = (
                self._texts(folder, draft, settings, report, period, said) for folder in (self.wish.folder, Path(trial))
            )
            made = _made_of(self.wish.folder, Path(trial), texts, tried, report, self.order, self.tell)
        return replace(
            made,
            taken=self._taken(draft),
            confirm=self._to_confirm(draft, settings),
            open=self._untold(draft),
            diagnostics=(*self.source.unread, *made.diagnostics),
        )

    def _no_rows(self) -> NoStart:
        """Why tables that look like some entities make no mapping."""
        empty = [f"`{name}`" for name, table in self.tables.items() if not table.rows]
        if empty:
            has = "has" if len(empty) == 1 else "have"
            what = f"there is nothing to make reports of: {', '.join(empty[:5])} {has} no rows"
            return NoStart(what, "export the tables with their rows", "no-entities")
        what = "no column is likely enough to be a field that reports are made of"
        return NoStart(what, "name columns with `--column deal.amount=Betrag`", "no-entities")

    def _draft(self) -> Draft:
        if self.found is not None:
            return Draft(())
        writer = Writer(
            self.catalogue, self.tables, self.source.dialect, self.chosen, self.states, self.refused, self.told
        )
        return self.cures.applied(writer.draft(self.proposal))

    def _with_key_told(self, block: Block) -> Block:
        """A block that says, where it has no key, how many rows of its table stand there more than once: whether these
        are one record or several nothing tells."""
        if block.off or block.key is not None or not self.catalogue.entities[block.entity].key:
            return block
        said = "no column says which record a row is of, so that each row is one"
        table = self.tables[block.table]
        columns = list(table.columns)
        with suppress(SourceError):
            rows = [tuple(map(str, row)) for row in self.source.rows(block.table, columns, columns[0])]
            if same := len(rows) - len(set(rows)):
                more = "" if table.whole else f" of the first {len(rows):,}"
                verb = "is" if same == 1 else "are"
                said += f"; {counted(same, 'row')}{more} {verb} the same as another, and each is counted"
        return replace(block, keyless=said)

    # What is asked

    def _check_anywhere(self) -> None:
        """That the columns that somebody named are in some table, before these are held against the catalogue."""
        from reportspec.diagnostics import suggestion

        there = list(dict.fromkeys(name for table in self.tables.values() for name in table.columns))
        for column in self.wish.columns.values():
            if column and column not in there:
                raise NoStart(f"no table has a column `{column}`", suggestion(column, there), "unknown-column")

    def _check_columns(self) -> None:
        """That the columns that somebody named are in tables of their entities."""
        from reportspec.diagnostics import suggestion

        for field_id, column in self.wish.columns.items():
            entity = field_id.partition(".")[0]
            tables = [self.tables[part.table] for part in self.proposal.parts if part.entity == entity]
            there = [c for table in tables for c in table.columns]
            if column and column not in there:
                what = f"no table of `{entity}` has" if tables else f"no table was taken for `{entity}`, so none has"
                raise NoStart(f"{what} a column `{column}`", suggestion(column, there), "unknown-column")

    def _ask_columns(self) -> None:
        """Ask of what an entity is no use without, and of what is only likely. What is answered is settled."""
        for entity, name, table, free in self._lacks(self._draft()):
            question = f"{entity}.{name} (not found): which column of `{table}`?"
            answer = self.asker.choose(question, (*free, ""), "")
            if answer in free:
                self.chosen[f"{entity}.{name}"] = answer
        for block, line in list(self._draft().lines()):
            if not line.mark or block.off or len(line.columns) != 1 or f"{block.entity}.{line.field}" in self.chosen:
                continue
            table_seen = self.tables[block.table]
            proposed = next(
                (
                    p.fields[line.field]
                    for p in self.proposal.parts
                    if p.table == block.table and line.field in p.fields
                ),
                None,
            )
            if proposed is None or proposed.confidence >= _ASKED:
                continue
            options = [one.column for one in proposed.candidates[:4]]
            default = "" if line.off else line.columns[0]
            question = f"{block.entity}.{line.field} ({line.mark}): which column of `{table_seen.name}`?"
            answer = self.asker.choose(question, (*options, ""), default)
            if answer != default or not isinstance(self.asker, Takes):
                self.chosen[f"{block.entity}.{line.field}"] = answer if answer in table_seen.columns else ""

    def _lacks(self, draft: Draft) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
        """Fields that entities are no use without and that nothing is read for: with the table and the columns of it
        that are free for them."""
        for block in draft.blocks:
            has = {line.field for line in block.lines if not line.off}
            read = {column for line in block.lines if not line.off for column in line.columns}
            columns = [c for c in self.tables[block.table].columns.values() if c.filled and c.name not in read]
            for name in _needed(self.catalogue, block.entity) if not block.off else ():
                if name in has or self.chosen.get(f"{block.entity}.{name}") is not None:
                    continue
                timed = self.catalogue.entities[block.entity].fields[name].type in ("time", "date")
                free = tuple(c.name for c in columns if (c.shape in ("date", "time")) is timed)
                yield block.entity, name, block.table, free[:_FREE]

    def _ask_states(self) -> None:
        """Ask what values mean that no word of the catalogue fits."""
        from reportspec.onboarding.name_words import state_of, state_words

        for block, line in list(self._draft().lines()):
            field_id = f"{block.entity}.{line.field}"
            states = state_words(field_id)
            if not states or line.off or block.off or len(line.columns) != 1 or field_id == "lead.status":
                continue
            for value, number in self.tables[block.table].columns[line.columns[0]].values:
                if state_of(value, field_id) is None:
                    answer = self.asker.choose(f"{field_id}: what is `{value}` ({number} rows)?", (*states, ""), "")
                    if answer in states:
                        self.states[field_id, value] = answer

    # How it is read

    def _settings(self, draft: Draft) -> Settings:
        marks: dict[str, str] = {}
        locale = self.wish.locale or _locale_here()
        known = bool(locale)
        if not locale:
            tongue = tongue_of(column for table in self.tables.values() for column in table.columns)
            dollars = not tongue and (self.wish.currency.upper() or self._currency()) == "USD"
            locale = "en_US" if dollars else _LOCALES.get(tongue, "en_GB")
            known = bool(tongue)
            by = "by the language of the columns" if tongue else "by the currency" if dollars else ""
            marks["locale"] = by or "how reports shall write numbers and dates is not to be seen in the data"
        currency = self.wish.currency.upper() or self._currency()
        if not currency:
            currency = currency_of(locale)
            marks["currency"] = "no amount says its currency"
        zone = self.wish.timezone or _zone_here()
        if not zone:
            zone = zone_of(country_of(locale if known else "", currency))
            marks["timezone"] = (
                f"by the country of {locale} and {currency}"
                if zone
                else "in which time zone days begin is not to be seen in the data"
            )
            zone = zone or "UTC"
        settled = {"currency": currency, "timezone": zone, "locale": locale}
        for key, value in settled.items():
            if key in marks:
                others = ("UTC",) if key == "timezone" and value != "UTC" else ()
                answer = self.asker.choose(f"{key}: {marks[key]}", (value, *others, ""), value)
                if answer and answer != value:
                    settled[key] = answer
                    del marks[key]
        return Settings(settled["timezone"], settled["locale"], settled["currency"].upper(), marks)

    def _currency(self) -> str:
        """The currency of most amounts, as a column or the amounts say; nothing where they do not."""
        from reportspec.run.files.readings import meant_by

        called = {words[0] for words in field_words("currency") if len(words) == 1}
        codes: Counter[str] = Counter()
        for table in self.tables.values():
            for column in table.columns.values():
                if not called.isdisjoint(words_of(column.name)):
                    for value, number in column.values:
                        if re.fullmatch("[A-Za-z]{3}", value):
                            codes[value.upper()] += number
                if column.shape == "number" or column.shape == "integer":  # `Amount (EUR)`
                    for code in _CODE.findall(column.name):
                        codes[code] += column.filled
                for sign in column.currencies:
                    meant = meant_by(sign)
                    if meant:
                        codes[meant[0]] += column.filled
        return codes.most_common(1)[0][0] if codes else ""

    def _readings(self, folder: Path, draft: Draft, settings: Settings) -> dict[str, Reading]:
        """How the files that are used are read, by the names that the mapping has for their tables."""
        used = {block.table for block in draft.blocks} if self.found is None else set(self.found.tables.values())
        found: dict[str, Reading] = {}
        columns: dict[str, set[str]] = {name: set() for name in used}
        fields: dict[str, set[str]] = {name: set() for name in used}
        for block, line in draft.lines():
            columns[block.table] |= set(line.columns)
            if (
                line.field == "probability"
                or self.catalogue.entities[block.entity].fields[line.field].unit == "percent"
            ):
                fields[block.table] |= set(line.columns)
        for name, path in self.source.files.items():
            if name not in used:
                continue
            absolute = (self.wish.folder.resolve() / path).resolve()
            relative = os.path.relpath(absolute, folder.resolve()) if folder == self.wish.folder else str(absolute)
            table = self.tables[name]
            formats: dict[str, tuple[str, ...]] = {}
            written = self.source.settings.get(name, {})
            marks = (
                [f"its encoding is likely {written['encoding']}: look at letters with accents"]
                if "encoding" in written
                else []
            )
            marks += [self.cures.why_null(name)] if self.cures.null(name) else []
            decimal = thousands = ""
            for column in table.columns.values():
                if not self._is_read(name, column.name, columns[name]):
                    continue
                if column.ways:
                    way, doubt = self._order_of(column, settings.locale)
                    formats[column.name] = way
                    marks += [doubt] if doubt else []
                if column.decimals and not column.currencies and self.found is None:
                    decimal, thousands = _sign_of(column, settings.locale)
                    marks.append(f"`{column.name}` can be read in two ways: {decimal} parts the decimals")
            percent = tuple(c for c in table.columns if c in fields[name] and table.columns[c].shape == "percent")
            found[self.names.get(name, name)] = Reading(
                relative, formats, percent, decimal, thousands, "; ".join(marks), written, self.cures.null(name)
            )
        return found

    def _is_read(self, table: str, column: str, own: set[str]) -> bool:
        """Whether the mapping reads a column."""
        if self.found is not None:
            return column.lower() in read_by(self.found.crm)[self.names[table]]
        return column in own

    def _order_of(self, column: ColumnSeen, locale: str) -> tuple[tuple[str, ...], str]:
        """The formats by which a column's dates are read, and what is doubtful in that."""
        if len(column.ways) == 1:
            return column.ways[0], ""
        wanted = self.wish.date_order or self._order_elsewhere() or ("MDY" if locale.endswith("_US") else "DMY")
        way = next((way for way in column.ways if _order_in(way) == wanted), column.ways[0])
        said = {"DMY": "day first", "MDY": "month first", "YMD": "year first"}[_order_in(way)]
        if self.wish.date_order:
            return way, ""
        example = column.values[0][0] if column.values else ""
        return way, f"`{column.name}` is read with the {said}, which `{example}` does not say"

    def _order_elsewhere(self) -> str:
        """The order of days and months in a column that can be read in one way only."""
        for table in self.tables.values():
            for column in table.columns.values():
                if (
                    len(column.ways) == 1
                    and _order_in(column.ways[0]) != "YMD"
                    and "%b" not in column.ways[0][0].lower()
                ):
                    return _order_in(column.ways[0])
        return ""

    # What is written

    def _texts(
        self, folder: Path, draft: Draft, settings: Settings, report: str, period: str, said: str
    ) -> dict[str, str]:
        written = self.source.written if folder == self.wish.folder else self.source.anywhere or self.source.written
        source: str | Mapping[str, Reading] = written or self._readings(folder, draft, settings)
        mapping = f"crm: {self.found.crm}" if self.found is not None else "mapping: mapping.yaml"
        files = {"reportspec.yaml": project_text(source, mapping, settings)}
        if self.found is None:
            head = (
                "Which column is which field, proposed from the tables' names, values and keys. Lines with CONFIRM are",
                "not sure: look at each, mend it or take the mark away. Lines that are comments are only likely.",
            )
            files["mapping.yaml"] = mapping_text(draft, head)
        files[f"specs/{report}.yaml"] = spec_text(report, period, said, self.overview)
        files["recipients.csv"] = recipients_text(self._people(draft))
        files[".github/workflows/reports.yml"] = WORKFLOW.replace(
            "{environment}", ENVIRONMENT if self.source.environment else ""
        )
        files["AGENTS.md"] = AGENTS
        if not (folder / ".gitignore").exists():
            files[".gitignore"] = IGNORED
        return files

    def _people(self, draft: Draft) -> Iterable[tuple[str, str]]:
        """The names of users, each without an address: who gets what is said by a person."""
        for block in draft.blocks:
            if block.entity == "user" and not block.off:
                line = next((line for line in block.lines if line.field == "name" and len(line.columns) == 1), None)
                if line is not None:
                    column = self.tables[block.table].columns.get(line.columns[0])
                    return [(value, "") for value, _ in sorted(column.values)] if column is not None else []
        return []

    def _tried(self, folder: Path, draft: Draft, settings: Settings) -> tuple[Draft, str, str, str]:
        """The draft without what the source's values do not allow, and a report that can be made of it."""
        from reportspec.building import build, load

        period, said = self._period(draft)
        report = "custom"
        for _ in range(_TRIES):
            files = self._texts(folder, draft, settings, report, period, said)
            if report == "custom":
                files[f"specs/{report}.yaml"] = "version: 1\nreport: custom\nsections:\n  - text: nothing\n"
            _replace(folder, files)
            checked = load(folder / f"specs/{report}.yaml", self.order)
            problems = [problem for problem in checked.diagnostics if problem.severity == "error"]
            if not problems and checked.report is not None and report == "custom":
                report = _best_report(checked.report.binding)
                if not report:
                    report, self.overview = "overview", _overview(checked.report.binding)
                    if not self.overview:
                        raise self._nothing(draft)
                continue
            if not problems:
                built = build(folder / f"specs/{report}.yaml", self.order)
                problems = [p for p in built.diagnostics if p.severity == "error"]
                if built.made is not None:
                    return draft, report, period, said
            if self.cures.take(problems, self._deciding):
                draft, report = self._draft(), "custom"
                continue
            if self.found is not None or not self._take_back(draft, problems):
                first = problems[0]
                raise NoStart(first.message, first.help, first.code)
            draft = self._draft()
            report = "custom"
        raise NoStart(
            "too many columns cannot be read as what they seem to be", "mend the files, or write the mapping by hand"
        )

    def _deciding(self, table: str, key: str) -> str:
        """The order by which one of the rows of a table counts that have a key together."""
        seen = self.tables.get(table)
        if seen is None or not seen.whole or key not in seen.columns:
            return ""
        columns = [key, *(name for name in seen.columns if name != key)]
        changed = [
            line.columns[0]
            for block, line in self._draft().lines()
            if block.table == table and line.field == "updated_at" and not line.off and len(line.columns) == 1
        ]
        return decides(columns, self.source.rows(table, columns, key), changed)

    def _nothing(self, draft: Draft) -> NoStart:
        taken = ", ".join(self._taken(draft)) or "nothing"
        return NoStart(
            f"no report can be made of these tables; recognised: {taken}",
            "add the table of deals, leads, activities or cases, or say what is meant: `--column deal.amount=Betrag`",
            "no-report",
        )

    def _take_back(self, draft: Draft, problems: Sequence[Diagnostic]) -> bool:
        """Take the fields back whose columns the first problem names; whether there was one."""
        for problem in problems:
            said = re.sub(r"\s+", " ", problem.message)
            for block, line in draft.lines():
                at = (block.entity, block.table, line.field)
                of_field = f"{block.entity}.{line.field}" in said
                of_column = any(f"`{column}`" in said for column in line.columns) and (
                    f"`{block.table}`" in said or "table" not in said
                )
                if at not in self.refused and not line.off and (of_field or of_column):
                    if f"{block.entity}.{line.field}" in self.wish.columns:  # what somebody said is never dropped
                        raise NoStart(problem.message, problem.help, problem.code)
                    self.refused[at] = re.sub(r"^\S+\.yaml: ", "", said)[:200]
                    return True
        return False

    def _period(self, draft: Draft) -> tuple[str, str]:
        """The period of the first report: the last whole quarter before the data end, of those that they have."""
        entities, fields = dated_fields()
        columns = [
            self.tables[block.table].columns[name]
            for block, line in draft.lines()
            if block.entity in entities and line.field in fields and not line.off and not block.off
            for name in line.columns
            if name in self.tables[block.table].columns
        ]
        if self.found is not None:
            dated = dated_by(self.found.crm, entities, fields)
            columns = [
                column
                for theirs, ours in self.found.tables.items()
                for column in self.tables[ours].columns.values()
                if (theirs, column.name.lower()) in dated
            ]
        today = self.order.now.date().isoformat()
        ends = [column.newest for column in columns if column.newest and column.newest <= today]
        begins = [column.oldest for column in columns if column.oldest and column.oldest <= today]
        if not ends or (self.order.now.date() - date.fromisoformat(max(ends))).days <= 45:
            return "last_quarter", "the quarter before this one"
        newest, oldest = date.fromisoformat(max(ends)), date.fromisoformat(min(begins))
        first = date(newest.year, (newest.month - 1) // 3 * 3 + 1, 1)
        before = date(first.year - (first.month == 1), (first.month - 4) % 12 + 1, 1)
        whole = (newest - first).days >= 75
        chosen = first if whole or oldest >= first else before
        quarter = f"{chosen.year}-Q{(chosen.month + 2) // 3}"
        return quarter, f"of the data, which end on {newest.isoformat()}; `last_quarter` goes on with the calendar"

    # What is told

    def _taken(self, draft: Draft) -> tuple[str, ...]:
        if self.found is not None:
            tables = ", ".join(self.found.tables.values())
            return (f"recognised as {self.found.crm} ({self.found.columns} of {self.found.of} columns): {tables}",)
        told = []
        for block in draft.blocks:
            if not block.off:
                fields = sum(not line.off for line in block.lines)
                told.append(f"{block.entity} from `{block.table}` ({fields} fields)")
        if draft.stages:
            told.append(f"stage from the {len(draft.stages)} stages that deals are in")
        return tuple(told)

    def _to_confirm(self, draft: Draft, settings: Settings) -> tuple[str, ...]:
        told = [f"reportspec.yaml: {key}: {why}" for key, why in settings.marks.items()]
        if not self.source.written:
            for name, reading in self._readings(self.wish.folder, draft, settings).items():
                told += [f"reportspec.yaml: {name}: {reading.mark}"] if reading.mark else []
        for block in draft.blocks:
            if block.mark:
                told.append(
                    f"mapping.yaml: {block.entity} from `{block.table}`: {block.mark}"
                    + (" (a comment only)" if block.off else "")
                )
            for name, text, why in block.settings if not block.off else ():
                told.append(f"mapping.yaml: {block.entity}: {name} {text}: {why}")
            if block.keyless:
                told.append(f"mapping.yaml: {block.entity}: key: {block.keyless}")
            for line in (*((block.key,) if block.key else ()), *block.lines):
                if line.mark and not block.off:
                    told.append(
                        f"mapping.yaml: {block.entity}.{line.field}{_from(line.columns)}: {line.mark}"
                        + (" (a comment only)" if line.off else "")
                    )
        if draft.stages:
            told.append("mapping.yaml: stage: in which order the stages follow each other")
        return tuple(told)

    def _untold(self, draft: Draft) -> tuple[str, ...]:
        told = []
        used = {block.table for block in draft.blocks} if self.found is None else set(self.found.tables.values())
        unused = [name for name in self.tables if name not in used]
        if unused:
            told.append(f"not used, since no entity of the catalogue was seen in them: {', '.join(unused)}")
        told += self._unread(draft)
        if self.found is None:
            told += [
                f"no column was found for {entity}.{name}, without which `{table}` is no use: "
                f"name it with `--column {entity}.{name}={free[0] if free else '…'}`"
                for entity, name, table, free in self._lacks(draft)
            ]
            deal = next((block for block in draft.blocks if block.entity == "deal" and not block.off), None)
            if deal is not None:
                have = {line.field for line in deal.lines if not line.off}
                wanted = [
                    f
                    for f in (
                        "created_at",
                        "closed_at",
                        "status",
                        "amount",
                        "owner_id",
                        "stage_id",
                        "loss_reason",
                        "source",
                    )
                    if f not in have
                ]
                if wanted:
                    told.append(
                        f"no column was found for {', '.join('deal.' + f for f in wanted)}, which some metrics need"
                    )
                if not any(block.entity == "deal_stage_history" for block in draft.blocks):
                    told.append(
                        "no table has the history of stages: time in stage, conversion and past states are missing"
                    )
        return tuple(told)

    def _unread(self, draft: Draft) -> list[str]:
        """The columns of tables that are used which nothing is read from, by table."""
        read: dict[str, set[str]] = {}
        for block, line in draft.lines():
            if not block.off and not line.off:
                read.setdefault(block.table, set()).update(line.columns)
        told = []
        for name, columns in read.items():
            left = [c.name for c in self.tables[name].columns.values() if c.filled and c.name not in columns]
            if left := [column for column in left if column.lower() not in aside()]:
                more = f" and {len(left) - _LISTED} more" if len(left) > _LISTED else ""
                told.append(f"columns of `{name}` that nothing is read from: {', '.join(left[:_LISTED])}{more}")
        return told


_LISTED = 25  # columns that are named


def _from(columns: Sequence[str]) -> str:
    return f" ← {', '.join(columns)}" if columns else ""


def _replace(folder: Path, files: Mapping[str, str]) -> None:
    for old in (folder / "specs").glob("*.yaml"):
        old.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


_FIRST = ("pipeline", "leads", "sales_activity", "conversions", "lost_deals", "sales_cycle")


def _best_report(binding: Binding) -> str:
    """The standard report of which a source serves most, those that are asked for most first; nothing where it serves
    none."""
    from reportspec.reference.catalogue_listing import named_metrics, why_not

    best, share = "", 0.0
    reports = binding.catalogue.reports
    for name in (*_FIRST, *(name for name in reports if name not in _FIRST)):
        if name not in reports:
            continue
        metrics = list(dict.fromkeys(named_metrics(reports[name])))
        part = sum(why_not(binding, metric) is None for metric in metrics) / max(1, len(metrics))
        if part > 0.4 and name in _FIRST[:1]:
            return name
        if part > share + 0.1:
            best, share = name, part
    return best


def _overview(binding: Binding) -> tuple[str, ...]:
    """Metrics that a source serves, the best known ones first."""
    from reportspec.reference.catalogue_listing import why_not

    metrics = [metric for metric in binding.catalogue.metrics.values() if "." not in metric.id and "(" not in metric.id]
    known_first = sorted(metrics, key=lambda metric: metric.number or 1000)
    return tuple(metric.id for metric in known_first if why_not(binding, metric.id) is None)[:6]


def _order_in(formats: Sequence[str]) -> str:
    text = formats[0]
    places = sorted(
        (key, min(at for at in (text.find(code) for code in codes) if at >= 0))
        for key, codes in (("Y", ("%Y", "%y")), ("M", ("%m", "%b", "%B")), ("D", ("%d",)))
    )
    return "".join(key for key, _ in sorted(places, key=lambda item: item[1]))


def _sign_of(column: ColumnSeen, locale: str) -> tuple[str, str]:
    """The signs by which numbers that can be read in two ways are read: those of the locale, if they are one way."""
    from babel.numbers import get_decimal_symbol

    decimal = get_decimal_symbol(locale)
    return next(((d, t) for d, t in column.decimals if d == decimal), column.decimals[0])


_CODE = re.compile(r"(?<![A-Za-z])(EUR|USD|GBP|CHF|CAD|AUD|SEK|NOK|DKK|PLN|CZK|JPY|BRL|MXN)(?![A-Za-z])")
_LOCALES = {"it": "it_IT", "de": "de_DE", "fr": "fr_FR", "es": "es_ES"}


def _locale_here() -> str:
    for name in ("LC_ALL", "LC_MONETARY", "LANG"):
        match = re.match(r"[a-z]{2}_[A-Z]{2}", os.environ.get(name, ""))
        if match:
            return match[0]
    return ""


def _zone_here() -> str:
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        try:
            target = str(Path("/etc/localtime").readlink())
        except OSError:
            return ""
        name = target.partition("zoneinfo/")[2]
    return name if "/" in name and not name.startswith(("/", "Etc/")) else ""
