"""What an audit of the records found: how good they are, what is wrong, what is missing, and which are to be mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import ClassVar, Literal

from reportspec.calendar import clock_label, day_label
from reportspec.diagnostics import suggestion
from reportspec.expression.sandbox import path_of
from reportspec.languages import in_parts
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.audit_wording import (
    called,
    field_called,
    level_called,
    measured,
    remedy_of,
    share_decimals,
    shown_key,
    shown_value,
    text_in,
    words,
)
from reportspec.measures.metric_columns import Footnotes
from reportspec.measures.systems import to_do
from reportspec.model.audits import Audit, AuditCheck, EntityAudit, Outcome
from reportspec.model.figures import Cell, Column, Kpi, Section, Unit
from reportspec.model.query import Query
from reportspec.model.spec import Report, SectionSpec
from reportspec.resolve.binding import Unresolved
from reportspec.sections.context import Context, Draft, named_as, title_of
from reportspec.sections.section_kind import Kind, or_none_there, section_of
from reportspec.sections.text import nothing_served

Shows = Literal["summary", "entities", "findings", "coverage", "records", "systems"]
_FOUND = ("error", "warning", "info")
_KEYS = 3  # examples of a finding
_LISTED, _LISTED_OF_ONE = 2, 200  # records to mend of an entity, in a report of all and in that of one value
_CHECKS, _FIELDS = 12, 12  # that are listed in a report of all
_OWNERS = 2  # who are named of those whose records are to be mended


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySection(SectionSpec):
    """What is shown of an audit, of all entities or of one; values that tell who somebody is are masked unless they
    may be `personal`."""

    kind: ClassVar[str] = "quality"
    show: Shows
    entity: str = ""
    limit: int | None = None
    personal: bool = False

    @property
    def audited(self) -> bool:
        """It shows nothing else."""
        return True


def check(context: Context, draft: Draft) -> SectionSpec | None:
    """What is shown, of an entity that the source has."""
    body, binding = draft.body, context.binding
    if body["show"] == "systems" and not context.systems:
        if not draft.standard:
            what = "the project lists no systems that hold customer data"
            context.document.tell(
                "no-systems", what, (*draft.inner, "show"), "list them under `systems` of the project"
            )
        return None
    entity = str(body.get("entity") or "")
    if draft.conditions:
        context.document.tell(
            "no-filter",
            "an audit is of all records of the report: a section of it has no filters of its own",
            draft.path or (),
            "filter the report, by its own `filters`",
        )
        return None
    if entity and entity not in binding.catalogue.entities:
        help = suggestion(entity, binding.catalogue.entities)
        context.document.tell("unknown-entity", f"there is no entity `{entity[:60]}`", (*draft.inner, "entity"), help)
        return None
    if entity:
        try:
            binding.need_entity(entity)
        except Unresolved as why:
            draft.refuse(context, entity, named_as(context, entity), why, (*draft.inner, "entity"))
            return nothing_served(context, draft, title_of(context, draft, "quality"))
    return QualitySection(
        **draft.common(context),
        title=title_of(context, draft, "quality"),
        show=body["show"],
        entity=entity,
        limit=int(body["limit"]) if "limit" in body else None,
        personal=bool(body.get("personal", False)),
    )


def queries(report: Report, spec: QualitySection) -> tuple[Query, ...]:
    """An audit is asked by itself: what would be refused of other figures is what it tells."""
    return ()


def figures(report: Report, spec: QualitySection, answers: Answers, footnotes: Footnotes) -> Section:
    """What is shown of the audit."""
    audit = report.audits.get("") or Audit(report.now, ())
    shown = _Shown(report, spec, audit)
    match spec.show:
        case "summary":
            return shown.summary()
        case "entities":
            return shown.by_entity()
        case "findings":
            return shown.findings()
        case "coverage":
            return shown.coverage()
        case "systems":
            return shown.systems()
        case _:
            return shown.records()


@dataclass(frozen=True, slots=True)
class _Shown:
    """A section of an audit."""

    report: Report
    spec: QualitySection
    audit: Audit

    @property
    def language(self) -> str:
        return self.report.language

    def word(self, key: str, *values: object) -> str:
        return words(self.language, key, *values)

    def number(self, value: int) -> str:
        return self.report.number(value)

    def entities(self) -> Iterator[EntityAudit]:
        return (one for one in self.audit.entities if self.spec.entity in ("", one.entity))

    def plural(self, entity: str) -> str:
        return text_in(self.report.binding.entity(entity).plural, self.language)

    def column(self, key: str, unit: Unit | None = None, role: str = "field") -> Column:
        kind = "text" if unit is None else "integer" if unit == "count" else "number"
        currency = self.audit.currency if unit == "currency" else None
        return Column(key, self.word(key), kind, unit, role, currency=currency)  # type: ignore[arg-type]

    def worth_column(self) -> Column:
        """The column of what the records are worth that the column before it counts."""
        return replace(self.column("worth", "currency"), label=self.word("their_worth"))

    def share_column(self, *shares: tuple[int, int]) -> Column:
        """The column of the records without errors, with the decimals that it takes to tell all from nearly all."""
        decimals = max((share_decimals(part, whole) for part, whole in shares), default=1)
        return replace(self.column("share", "percent"), decimals=decimals if decimals > 1 else None)

    def summary(self) -> Section:
        """Tiles: how many records there are, how many of them have no error, and what is at stake."""
        entities = [one for one in self.entities() if one.judged]
        rows, clean = sum(one.rows for one in entities), sum(one.clean for one in entities)
        before = self.before(entities)
        tiles = [
            Kpi(self.column("rows", "count"), rows, before[0]),
            Kpi(self.column("without_error", "count"), clean, before[1]),
            Kpi(self.share_column((clean, rows)), _share(clean, rows), _share(*reversed(before))),
        ]
        mend = sum(one.to_mend for one in self.entities())
        tiles.append(Kpi(self.column("mend", "count"), mend))
        staked = [one for one in entities if one.open is not None]
        if staked:
            tiles.append(Kpi(self.column("open_wrong", "count"), sum(one.open or 0 for one in staked)))
        if staked and self.audit.currency:
            tiles.append(Kpi(self.worth_column(), self.worth(staked)))
        columns, cells = tuple(tile.column for tile in tiles), tuple(tile.value for tile in tiles)
        return section_of(
            self.spec,
            columns=columns,
            rows=(cells,),
            available_rows=1,
            kpis=tuple(tiles),
            shape="tiles",
            notes=(*self.notes(), *self.apart(mend, rows - clean)),
        )

    def apart(self, mend: int, wrong: int) -> tuple[str, ...]:
        """How many of the records to mend have an error, and how many only a warning: these are in no share."""
        if mend <= wrong:
            return ()
        return (self.word("mend_apart", *map(self.number, (mend, wrong, mend - wrong))),)

    def before(self, entities: list[EntityAudit]) -> tuple[int | None, int | None]:
        """How many records there were, and how many without an error, where audits before asked the same of all
        entities."""
        known = self.report.audited_before
        there = known.entities if known is not None and known.at else {}
        found = [there.get((one.entity, one.asked)) for one in entities] or [None]
        counts = [count for count in found if count is not None]
        if len(counts) < len(found) or not counts:
            return None, None
        return sum(rows for rows, _ in counts), sum(clean for _, clean in counts)

    def day(self, at: datetime) -> str:
        """The report's day of an instant."""
        return self.date(at.astimezone(self.report.binding.zone).date())

    def date(self, day: date) -> str:
        """A day as the report writes it."""
        return day_label(day, self.language, self.report.locale)

    def notes(self) -> tuple[str, ...]:
        """As of when it is, and what got better or worse since the audit before."""
        day = self.day(self.audit.at)
        notes = [self.word("as_they_are", day)]
        ended = self.audit.last_day(self.report.binding.zone)
        if ended is not None:
            notes.append(self.word("data_ended", self.date(ended)))
        before = self.report.audited_before
        if before is not None and before.at is not None:
            outcomes = [one for one in self.audit.outcomes if one.level != "not_applicable"]
            changes = [change for change in map(before.change, outcomes) if change is not None]
            counts = (sum(c < 0 for c in changes), sum(c > 0 for c in changes), sum(c == 0 for c in changes))
            notes.append(self.word("since", self.day(before.at), *map(self.number, counts)))
        unjudged = ", ".join(self.plural(one.entity) for one in self.audit.unjudged)
        if unjudged and not self.spec.entity:
            notes.append(self.word("unjudged", unjudged))
        lacking = sum(one.level == "not_applicable" for one in self.audit.outcomes)
        if lacking:
            notes.append(self.word("not_asked", self.number(lacking)))
        return tuple(notes)

    def by_entity(self) -> Section:
        """A row for each entity that has records with an error, those with most first; the others, and all together."""
        entities = [one for one in self.entities() if one.judged]
        wrong = sorted((one for one in entities if one.clean < one.rows), key=lambda one: one.clean - one.rows)
        others = [one for one in entities if one.clean == one.rows]
        columns = (
            self.column("entity", role="dimension"),
            self.column("rows", "count", "metric"),
            self.column("without_error", "count", "metric"),
            replace(self.share_column(*((one.clean, one.rows) for one in entities)), role="metric"),
            self.column("open_wrong", "count", "metric"),
            replace(self.worth_column(), role="metric"),
        )

        def cells(name: str, some: list[EntityAudit]) -> tuple[Cell, ...]:
            rows, clean = sum(one.rows for one in some), sum(one.clean for one in some)
            staked = [one for one in some if one.open is not None]
            is_open = sum(one.open or 0 for one in staked) if staked else None
            return name, rows, clean, _share(clean, rows), is_open, self.worth(staked)

        rows = tuple(cells(self.plural(one.entity), [one]) for one in wrong)
        rows += (cells(self.word("without_any", self.number(len(others))), others),) if others else ()
        total = cells(self.word("all"), entities) if len(entities) > 1 else None
        return self.table(columns, rows, total=total)

    def worth(self, staked: list[EntityAudit]) -> float | None:
        """What open records with an error are worth; None where no amount of theirs is known."""
        known = [one.amount for one in staked if one.amount is not None]
        return float(sum(known)) if known and self.audit.currency else None

    def findings(self) -> Section:
        """A row for each check that fails: the worst first."""
        columns = [self.column("entity", role="group"), self.column("check", role="dimension"), self.column("severity")]
        columns += [self.column("broken", "count", "metric"), self.column("looked", "count", "metric")]
        before = self.report.audited_before
        compared = before is not None and before.at is not None
        columns += [self.column("change")] if compared else []
        several = self.report.each is None and any(one.owners for one in self.entities())
        columns += [self.column("whose")] if several else []
        columns += [self.column("examples"), self.column("remedy")]
        names = [column.name for column in columns]
        found = [(entity, one) for entity in self.entities() for one in entity.outcomes if one.level in _FOUND]
        found.sort(key=lambda pair: (_FOUND.index(pair[1].level), -pair[1].broken, pair[1].check.id))
        limit = self.spec.limit or (_CHECKS if self.report.each is None else len(found))
        listed = found[:limit]
        rows: list[tuple[Cell, ...]] = []
        for entity in self.entities():
            for outcome in (one for of, one in listed if of is entity):
                cells = self.finding(entity, outcome)
                rows.append(tuple(cells[name] for name in names))
        more = len(found) - len(listed)
        if len({one.level for _, one in listed}) == 1:  # it tells no row from another
            columns = [replace(column, in_data=column.name == "severity") for column in columns]
        return self.table(tuple(columns), tuple(rows), (self.word("more_checks", self.number(more)),) if more else ())

    def finding(self, entity: EntityAudit, outcome: Outcome) -> dict[str, Cell]:
        """What is told of a check that fails, by column."""
        before, check = self.report.audited_before, outcome.check
        change = before.change(outcome) if before is not None else None
        key = "new" if change is None else "worse" if change > 0 else "better" if change < 0 else "same"
        owners = [(owner.called, count) for owner, count in entity.owners.get(check.key, ()) if owner.name]
        whose = ", ".join(f"{name} ({self.number(count)})" for name, count in owners[:_OWNERS])
        keys = [one.key for one in entity.records if one.key and any(broken is check for broken, _ in one.broken)]
        keys = keys[:_KEYS] or [example.key or example.called for example in outcome.examples[:_KEYS]]
        keys = [self.key(check.entity, key) for key in keys]
        return {
            "entity": self.plural(entity.entity),
            "check": called(self.report.binding, check, self.language),
            "severity": level_called(outcome.level, self.language),
            "broken": outcome.broken,
            "looked": outcome.looked,
            "change": self.word(key, *([] if change is None else [self.number(abs(change))])),
            "whose": f"{whose}, …" if len(owners) > _OWNERS else whose,
            "examples": measured(outcome, self.language)
            or ", ".join(keys) + (", …" if keys and outcome.broken > len(keys) else ""),
            "remedy": remedy_of(check, self.language),
        }

    def coverage(self) -> Section:
        """Of each field that some records lack which ought to have it, how many do: those that most lack first."""
        columns = (
            self.column("entity", role="group"),
            self.column("field", role="dimension"),
            self.column("lacking", "count", "metric"),
            self.column("looked", "count", "metric"),
            replace(self.column("filled", "count", "metric"), in_data=True),
            self.column("filled_share", "percent", "metric"),
        )
        gaps: list[tuple[float, EntityAudit, str, int, int]] = []
        never: list[str] = []
        whole = 0
        filled = {one.entity: {given.field for given in one.coverage if given.there} for one in self.entities()}
        for entity in self.entities():
            for name, there, rows in self.expected(entity):
                if rows and name not in filled[entity.entity]:
                    never.append(f"{self.plural(entity.entity)}: {self.field(entity, name)}")
                elif there < rows:
                    gaps.append((there / rows, entity, name, there, rows))
                else:
                    whole += 1
        gaps.sort(key=lambda gap: gap[0])
        listed = gaps[: self.spec.limit or (_FIELDS if self.report.each is None else len(gaps))]
        cells = tuple(
            (self.plural(of.entity), self.field(of, name), rows - there, rows, there, share)
            for entity in self.entities()
            for share, of, name, there, rows in listed
            if of is entity
        )
        notes = [self.word("never_filled", in_parts(self.language, never))] if never else []
        more = len(gaps) - len(listed)
        notes += [self.word("more_fields", self.number(more))] if more else []
        return self.table(columns, cells, (*notes, self.word("whole_fields", self.number(whole))))

    def expected(self, entity: EntityAudit) -> Iterator[tuple[str, int, int]]:
        """The fields that an entity's records ought to have, of how many they are there, and how many these are: by
        the check that asks for it of most records, else those that no record is without by its nature."""
        asked: dict[str, Outcome] = {}
        for one in entity.outcomes:
            if one.check.kind == "not_null" and one.level != "not_applicable":
                name = path_of(one.check.of[0])[-1]
                asked[name] = max(asked.get(name, one), one, key=lambda outcome: outcome.looked)
        for coverage in entity.coverage:
            outcome = asked.get(coverage.field)
            if outcome is not None:
                yield coverage.field, outcome.looked - outcome.broken, outcome.looked
            elif self.by_nature(entity.entity, coverage.field):
                yield coverage.field, coverage.there, entity.rows

    def by_nature(self, entity: str, name: str) -> bool:
        """Whether every record ought to have a field: not what an event brings, what is optional, or a key of one of
        several things that a record may belong to."""
        field = self.report.binding.field(entity, name)
        known = self.report.binding.entity(entity)
        if field is None or field.as_of is not None or field.optional:
            return False
        return name == known.exists_from or field.type not in ("key", "time", "date")

    def field(self, entity: EntityAudit, name: str) -> str:
        """What a field is called."""
        return field_called(self.report.binding, f"{entity.entity}.{name}", self.language)

    def records(self) -> Section:
        """The records to mend, each with what is wrong with it: those of the worst checks first."""
        columns = [self.column("entity", role="group"), self.column("record", role="dimension"), self.column("whose")]
        columns += [self.column(name) for name in ("severity", "check", "value", "proposal", "remedy")]
        together = self.report.each is None
        limit = self.spec.limit or (_LISTED if self.report.each is None else _LISTED_OF_ONE)
        rows: list[tuple[Cell, ...]] = []
        count = mended = 0
        for entity in self.entities():
            count += entity.to_mend
            worst_first = sorted(entity.records, key=lambda one: min(check.severity for check, _ in one.broken))
            for record in worst_first[:limit]:
                mended += 1
                name = self.value(f"{entity.entity}.{record.named_by}", record.called) if record.named_by else ""
                told = " ".join(filter(None, (self.key(entity.entity, record.key), name)))
                told_of: list[tuple[str, str, str, str, str]] = []
                for check, fields in record.broken:
                    values = self.listed(self.value(one.field, one.value, check) for one in fields)
                    proposed = self.listed(self.value(one.field, one.proposed, check) for one in fields)
                    what = called(self.report.binding, check, self.language)
                    remedy = remedy_of(check, self.language)
                    told_of.append((level_called(check.severity, self.language), what, values, proposed, remedy))
                if together:
                    worst = min((check.severity for check, _ in record.broken), key=_FOUND.index)
                    what = self.listed(what for _, what, *_ in told_of)
                    told_of = [(level_called(worst, self.language), what, "", "", "")]
                rows += ((self.plural(entity.entity), told, record.owner.called, *texts) for texts in told_of)
        notes = [self.word("to_mend", self.number(count))] if count == mended else []
        notes += [self.word("to_mend_first", self.number(count), self.number(mended))] if count > mended else []
        empty = {at for at in (2, 6) if not any(row[at] for row in rows)}  # nobody's, nothing proposed
        empty |= {3} if len({row[3] for row in rows}) < 2 else set()  # a severity that tells no row from another
        empty |= {5, 6, 7} if together else set()  # who mends a record has a report or a list of their own
        kept = [at for at in range(len(columns)) if at not in empty]
        cut = tuple(tuple(row[at] for at in kept) for row in rows)
        return self.table(tuple(columns[at] for at in kept), cut, tuple(notes))

    def systems(self) -> Section:
        """The systems that the project lists, those of which something is missing or overdue first."""
        names = ("system", "holds", "system_owner", "access", "reviewed", "trained", "to_do")
        today = self.audit.at.astimezone(self.report.binding.zone).date()
        rows: list[tuple[Cell, ...]] = []
        for system in self.report.project.systems:
            days = [self.date(day) if day is not None else "" for day in (system.reviewed, system.trained)]
            due = in_parts(self.language, to_do(system, today, self.language, self.date))
            rows.append((system.name, ", ".join(system.holds), system.owner, ", ".join(system.access), *days, due))
        rows.sort(key=lambda row: not row[-1])
        columns = [self.column(name, role="dimension" if name == "system" else "field") for name in names]
        kept = [at for at in range(len(names)) if at in (0, len(names) - 1) or any(row[at] for row in rows)]
        cut = tuple(tuple(row[at] for at in kept) for row in rows)
        return self.table(tuple(columns[at] for at in kept), cut)

    def listed(self, texts: Iterable[str]) -> str:
        """Some texts in a row, as the language parts them, without those that say nothing."""
        return in_parts(self.language, (text for text in texts if text.strip()))

    def key(self, entity: str, text: str) -> str:
        """A record's key, masked where it is what tells who somebody is."""
        return text if self.spec.personal else shown_key(self.report.binding, entity, text)

    def value(self, path: str, text: str, check: AuditCheck | None = None) -> str:
        """A value of the source, masked where it tells who somebody is; days and times as the report writes them."""
        shown = text if self.spec.personal else shown_value(self.report.binding, path, text, check)
        return self.dated(text) if text and shown == text and self.is_time(path) else shown

    def is_time(self, path: str) -> bool:
        """Whether a field keeps days or times."""
        binding, parts = self.report.binding, tuple(path.split("."))
        try:
            return len(parts) > 1 and binding.resolve(parts[0], parts).field.type in ("date", "time")
        except Unresolved:
            return False

    def dated(self, text: str) -> str:
        """A day or a time, as the source has it."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:  # of a database that keeps texts
            return text
        day = self.date(at.date())
        return (
            day
            if len(text) <= len("2026-11-28")
            else f"{day} {clock_label(at.time(), self.language, self.report.locale)}"
        )

    def table(
        self,
        columns: tuple[Column, ...],
        rows: tuple[tuple[Cell, ...], ...],
        notes: tuple[str, ...] = (),
        total: tuple[Cell, ...] | None = None,
    ) -> Section:
        section = section_of(
            self.spec, columns=columns, rows=rows, available_rows=len(rows), total=total, notes=notes, whole=True
        )
        return or_none_there(self.report, section)


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


QUALITY = Kind(QualitySection, check, queries, figures)
