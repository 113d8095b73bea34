"""From files, or a database, to a project that builds its first report."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportspec.catalogue.load import packaged
from reportspec.diagnostics import Diagnostic, counted, suggestion
from reportspec.errors import SourceError
from reportspec.model.domain import Catalogue
from reportspec.model.mapping_proposals import Proposal, Recognised, TableSeen
from reportspec.onboarding.basis import Basis
from reportspec.onboarding.code_lists import CodeLists, code_lists
from reportspec.onboarding.company_currency import in_one_currency
from reportspec.onboarding.cures import Cures, decides
from reportspec.onboarding.drafts import Block, Draft
from reportspec.onboarding.first_report import (
    best_report,
    left,
    made_of,
    nearest_of,
    overview_of,
    period_of,
    present,
    replaced,
)
from reportspec.onboarding.histories import Told, settled
from reportspec.onboarding.mapping_lines import Writer
from reportspec.onboarding.mapping_yaml import mapping_text
from reportspec.onboarding.matching import propose
from reportspec.onboarding.name_words import dated_fields, state_of, state_words
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
)
from reportspec.onboarding.recognise import recognised
from reportspec.onboarding.regional_settings import FileReadings, settings_of
from reportspec.onboarding.sources import Source, forced, opened
from reportspec.onboarding.told import Lack, taken, to_confirm, untold
from reportspec.onboarding.wish import Asker, NoStart, Started, Takes, Tell, Wish

if TYPE_CHECKING:
    from reportspec.building import Order

_ASKED = 0.8  # below it a person is asked of a column that is proposed; up to where it is sure it has a mark
_FREE = 8  # columns among which a person is asked to choose
_HISTORY, _OF_A_HISTORY = "deal_stage_history", ("deal_id", "stage_id", "entered_at")
_TABLES_NAMED, _COLUMNS_NAMED = 5, 8  # that a message names where nothing was seen in them
_TRIES = 25  # fields that are taken back, one after the other, since their columns cannot be read so


def start(wish: Wish, order: Order, asker: Asker, tell: Tell) -> Started:
    """Begin a project. Raises NoStart."""
    if not wish.again:
        _refuse_present(wish.folder)
    _check_fields(wish.columns)
    if not wish.sources or wish.sources == ("demo",):
        return _demo(wish, order, tell)
    source = opened(wish, tell)
    if wish.crm:
        found: Recognised | None = forced(wish.crm, source)
    else:
        found = recognised(source.tables)
    elsewhere = ""
    if found is not None and not source.files and any(theirs != ours for theirs, ours in found.tables.items()):
        elsewhere = _elsewhere(found)
        hint = _named_by(found, source)
        if wish.crm:
            raise NoStart(elsewhere, f"{hint}; or leave `--crm` out", "unknown-crm")
        elsewhere, found = f"{elsewhere}: {hint}", None  # its tables have to be named
    made = _Project(Basis(wish, source, found, packaged()), order, asker, tell).made()
    return replace(made, open=(elsewhere, *made.open)) if elsewhere else made


def _elsewhere(found: Recognised) -> str:
    """That tables of a shipped mapping have other names, or stand in a schema which the address does not open."""
    theirs, ours = next((theirs, ours) for theirs, ours in found.tables.items() if theirs != ours)
    return f"the shipped mapping `{found.crm}` reads `{theirs}`, and here it is `{ours}`"


def _named_by(found: Recognised, source: Source) -> str:
    """How the tables of a shipped mapping are those that the address opens."""
    schemas = {ours.removesuffix(theirs).rstrip(".") for theirs, ours in found.tables.items()}
    schema = schemas.pop() if len(schemas) == 1 else ""
    if schema and source.dialect == "postgres":
        return f"for it, open that schema: `?options=-csearch_path%3D{schema}` at the end of the address"
    return "for it, open the schema that has them by the address"


def _check_fields(columns: Mapping[str, str]) -> None:
    """That the fields whose columns somebody named are there, before anything is looked at."""
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
                "go on with it: mend what is marked with CONFIRM, then `reportspec build specs`; or add `--again`, and "
                "what is proposed otherwise is written beside it (`mapping.proposed.yaml`); or name another folder "
                "with `--into`; nothing was changed",
                "project-exists",
            )
    there = next((name for name in _ALWAYS if (folder / name).exists()), None)
    if there is not None:
        raise present(there)


_ALWAYS = ("mapping.yaml", "recipients.csv", ".github/workflows/reports.yml", "AGENTS.md")  # of each new project


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
        made = made_of(wish, Path(trial), files, files, "pipeline", order, tell)
    taken = ("the demo: a made-up CRM, to try things out",)
    return replace(made, taken=taken, open=("begin with your own data in another folder: `reportspec init FILES`",))


def _needed(catalogue: Catalogue, entity: str) -> tuple[str, ...]:
    """The fields without which nothing is made of an entity's table: what a history, exchange rates and targets are."""
    rates, targets = catalogue.exchange_rates, catalogue.targets
    if entity == rates.entity:
        return (rates.base, rates.quote, rates.day, rates.rate)
    if entity == targets.entity:
        return (targets.first_day, targets.last_day, targets.target)
    return _OF_A_HISTORY if entity == _HISTORY else ()


def _with_columns(table: TableSeen) -> str:
    """A table with its first columns, as a message names it."""
    names = list(table.columns)
    shown = ", ".join(names[:_COLUMNS_NAMED]) + (", …" if len(names) > _COLUMNS_NAMED else "")
    return f"`{table.name}` ({shown})"


class _Project:
    """A project of somebody's own data, on its way."""

    def __init__(self, basis: Basis, order: Order, asker: Asker, tell: Tell) -> None:
        self.basis, self.asker, self.tell = basis, asker, tell
        self.wish, self.source, self.found, self.catalogue = basis.wish, basis.source, basis.found, basis.catalogue
        self.tables = basis.tables
        self.order = replace(order, environment={**order.environment, **self.source.environment})
        self.chosen: dict[str, str] = dict(self.wish.columns)
        self.states: dict[tuple[str, str], str] = {}
        self.refused: dict[tuple[str, str, str], str] = {}
        self.cures = Cures()
        for name in self.source.files:
            texts = {text for column in self.tables[name].columns.values() for text in column.nothing}
            if texts:
                self.cures.nothing[name] = sorted(texts)
        self.readings = FileReadings(basis, asker)
        self.kept_rows: dict[tuple[str, ...], Sequence[Sequence[Any]]] = {}
        self.overview: tuple[str, ...] = ()  # the metrics of a report that is none of the standard ones
        self.stopped: tuple[Diagnostic, ...] = ()  # why no report can be made of the mapping as it is proposed
        self.lists_read: Collection[str] = ()  # the tables that said what codes mean
        self.awaited: tuple[str, ...] = ()  # what the spec of such a project waits for
        self._check_anywhere()
        self.tell("which columns are which fields")
        self.proposal = (
            propose(self.catalogue, self.source.tables, columns=self.wish.columns)
            if self.found is None
            else Proposal(())
        )
        self._check_columns()
        self.told = self._by_rows()
        taken = {part.table for part in self.proposal.parts}
        self.lists = code_lists(self.source.tables, taken, self._rows) if self.found is None else CodeLists()

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
            shown = list(self.tables.values())[:_TABLES_NAMED]
            more = f" and {len(self.tables) - len(shown)} more" if len(self.tables) > len(shown) else ""
            raise NoStart(
                "none of the tables looks like deals, leads, accounts or others that reports are made of: "
                f"{', '.join(map(_with_columns, shown))}{more}",
                f"name more of your CRM's tables, or say what one of the columns is, {self._such_as()}",
                "no-entities",
            )
        if self.found is None:
            self._ask_columns()
            self._ask_states()
        draft = self._draft()
        if self.found is None and all(block.off for block in draft.blocks) and not draft.stages:
            raise self._no_rows()
        settings = settings_of(self.basis, self.asker, draft.currency)
        self.tell("how the mapping reads them")
        with tempfile.TemporaryDirectory() as trial:
            draft, report, period, said = self._tried(Path(trial), draft, settings)
            draft = replace(draft, blocks=tuple(map(self._with_key_told, draft.blocks)))
            texts, tried = (
                self._texts(folder, draft, settings, report, period, said) for folder in (self.wish.folder, Path(trial))
            )
            if self.stopped:
                made = left(self.wish, Path(trial), texts, self.stopped)
            else:
                made = made_of(self.wish, Path(trial), texts, tried, report, self.order, self.tell)
        return replace(
            made,
            taken=taken(self.basis, draft),
            confirm=to_confirm(self.basis, draft, settings, self._readings(self.wish.folder, draft, settings)),
            open=(*self.awaited, *untold(self.basis, draft, self._lacks(draft), self.lists_read)),
            diagnostics=(*self.source.unread, *made.diagnostics),
        )

    def _no_rows(self) -> NoStart:
        """Why tables that look like some entities make no mapping."""
        empty = [f"`{name}`" for name, table in self.tables.items() if not table.rows]
        if empty:
            has = "has" if len(empty) == 1 else "have"
            what = f"there is nothing to make reports of: {', '.join(empty[:5])} {has} no rows"
            return NoStart(what, "export the tables with their rows", "no-entities")
        shown = ", ".join(map(_with_columns, list(self.tables.values())[:_TABLES_NAMED]))
        what = f"no column is likely enough to be a field that reports are made of: {shown}"
        return NoStart(what, f"say what one of the columns is, {self._such_as()}", "no-entities")

    def _such_as(self) -> str:
        """How to say what a column is, by one that is there: a number that may be an amount, else a text."""
        columns = [column for table in self.tables.values() for column in table.columns.values() if column.filled]
        numbers = [c for c in columns if c.shape in ("integer", "number") and c.distinct > 1]
        texts = [c for c in columns if c.shape == "text" and c.distinct > 1]
        field_id, name = ("deal.amount", numbers[-1].name) if numbers else ("deal.name", (texts or columns)[0].name)
        named = shlex.quote(f"{field_id}={name}")
        said = f"for example `--column {named}`: the rest of its table follows"
        return f"{said}; `reportspec catalog fields` lists all fields"

    def _draft(self) -> Draft:
        if self.found is not None:
            return Draft(())
        writer = Writer(
            self.catalogue,
            self.tables,
            self.source.dialect,
            self.chosen,
            self.states,
            self.refused,
            self.told,
            self._rows,
            self.lists,
        )
        draft = writer.draft(self.proposal)
        self.lists_read = writer.lists_read
        return self.cures.applied(in_one_currency(draft, writer, self.wish))

    def _rows(self, table: str, columns: Sequence[str], by: str) -> Sequence[Sequence[Any]]:
        """Rows of a table, asked for once."""
        at = (table, *columns, by)
        if at not in self.kept_rows:
            self.kept_rows[at] = self.source.rows(table, columns, by)
        return self.kept_rows[at]

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
        there = list(dict.fromkeys(name for table in self.tables.values() for name in table.columns))
        for column in self.wish.columns.values():
            if column and column not in there:
                raise NoStart(f"no table has a column `{column}`", suggestion(column, there), "unknown-column")

    def _check_columns(self) -> None:
        """That the columns that somebody named are in tables of their entities."""
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
            if proposed is None or (proposed.confidence >= _ASKED and not line.doubted):
                continue
            options = [one.column for one in proposed.candidates[:4]]
            default = "" if line.off else line.columns[0]
            question = f"{block.entity}.{line.field} ({line.mark}): which column of `{table_seen.name}`?"
            answer = self.asker.choose(question, (*options, ""), default)
            if answer != default or not isinstance(self.asker, Takes):
                self.chosen[f"{block.entity}.{line.field}"] = answer if answer in table_seen.columns else ""

    def _lacks(self, draft: Draft) -> Iterator[Lack]:
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
        for block, line in list(self._draft().lines()):
            field_id = f"{block.entity}.{line.field}"
            states = state_words(field_id)
            if not states or line.off or block.off or len(line.columns) != 1 or field_id == "lead.status":
                continue
            column = self.tables[block.table].columns[line.columns[0]]
            if self.lists.of(block.table, column, line.field) is not None:
                continue
            for value, number in column.values:
                if state_of(value, field_id) is None:
                    answer = self.asker.choose(f"{field_id}: what is `{value}` ({number} rows)?", (*states, ""), "")
                    if answer in states:
                        self.states[field_id, value] = answer

    # What is written

    def _readings(self, folder: Path, draft: Draft, settings: Settings) -> Mapping[str, Reading]:
        return self.readings.of(self.cures, folder, draft, settings)

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
                *(f"No report can be made of it yet: {one}." for one in self.awaited),
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
        """The draft without what the source's values do not allow, and a report that can be made of it: where none can,
        why is kept as what `stopped` it, and the report is the one that is nearest."""
        from reportspec.building import build, load

        period, said = period_of(self.basis, draft, self.order.now.date())
        report = "custom"
        for _ in range(_TRIES):
            files = self._texts(folder, draft, settings, report, period, said)
            if report == "custom":
                files[f"specs/{report}.yaml"] = "version: 1\nreport: custom\nsections:\n  - text: nothing\n"
            replaced(folder, files)
            checked = load(folder / f"specs/{report}.yaml", self.order)
            problems = [problem for problem in checked.diagnostics if problem.severity == "error"]
            if not problems and checked.report is not None and report == "custom":
                deals = [line for block, line in draft.lines() if block.entity == "deal" and line.field == "status"]
                wins = not deals or any("'won'" in line.sql for line in deals)
                report = best_report(checked.report.binding, wins)
                if not report:
                    report, self.overview = "overview", overview_of(checked.report.binding)
                    if not self.overview:
                        self.stopped = (self._nothing(draft),)
                        report, lacks = nearest_of(checked.report.binding)
                        self.awaited = (f"specs/{report}.yaml waits for {', '.join(lacks)}",) if lacks else ()
                        return draft, report, period, said
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
                break
            draft = self._draft()
            report = "custom"
        self.stopped = tuple(problems)
        return draft, "pipeline" if report == "custom" else report, period, said

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

    def _nothing(self, draft: Draft) -> Diagnostic:
        """That no report can be made, why, and how to go on."""
        go_on = (
            "or say in `mapping.yaml` which columns are meant, and let `reportspec validate specs` tell what is "
            "lacking; with more files `reportspec init FILES --again` proposes anew"
        )
        recognised_as = ", ".join(taken(self.basis, draft)) or "nothing"
        entities, _ = dated_fields()
        tables = [block.table for block in draft.blocks if block.entity in entities and not block.off]
        if tables and not any(column.newest for table in tables for column in self.tables[table].columns.values()):
            listed = ", ".join(f"`{table}`" for table in tables)
            return Diagnostic(
                "no-report",
                f"no report can be made of these tables: no column of {listed} has dates, and reports are of periods;"
                f" recognised: {recognised_as}",
                help=f"export when each was created or closed, too, {go_on}",
            )
        return Diagnostic(
            "no-report",
            f"no report can be made of these tables yet; recognised: {recognised_as}",
            help=f"add the table of deals, leads, activities or cases, {go_on}",
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
