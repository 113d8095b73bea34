"""What an audit of the records found: how good they are, what is wrong, what is missing, and which are to be mended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from reportspec.diagnostics import suggestion
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.audit_wording import called, field_called, is_personal, level_called, masked, text_in, words
from reportspec.measures.metric_columns import Footnotes
from reportspec.model.audits import Audit, EntityAudit, Outcome
from reportspec.model.figures import Cell, Column, Kpi, Section, Unit
from reportspec.model.query import Query
from reportspec.model.spec import Report, SectionSpec
from reportspec.resolve.binding import Unresolved
from reportspec.sections.context import Context, Draft, named_as, title_of
from reportspec.sections.section_kind import Kind, or_none_there, section_of
from reportspec.sections.text import nothing_served

Shows = Literal["summary", "entities", "findings", "coverage", "records"]
_FOUND = ("error", "warning", "info")
_KEYS = 3  # examples of a finding
_LISTED, _LISTED_OF_ONE = 10, 200  # records to mend of an entity, in a report of all and in that of one value
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

    def summary(self) -> Section:
        """Tiles: how many records there are, how many of them have no error, and what is at stake."""
        entities = list(self.entities())
        rows, clean = sum(one.rows for one in entities), sum(one.clean for one in entities)
        before = self.before(entities)
        tiles = [
            Kpi(self.column("rows", "count"), rows, before[0]),
            Kpi(self.column("without_error", "count"), clean, before[1]),
            Kpi(self.column("share", "percent"), _share(clean, rows), _share(*reversed(before))),
        ]
        tiles.append(Kpi(self.column("mend", "count"), sum(one.to_mend for one in entities)))
        staked = [one for one in entities if one.open is not None]
        if staked:
            tiles.append(Kpi(self.column("open_wrong", "count"), sum(one.open or 0 for one in staked)))
        if staked and self.audit.currency:
            tiles.append(Kpi(self.column("worth", "currency"), float(sum(one.amount or 0 for one in staked))))
        columns, cells = tuple(tile.column for tile in tiles), tuple(tile.value for tile in tiles)
        return section_of(
            self.spec,
            columns=columns,
            rows=(cells,),
            available_rows=1,
            kpis=tuple(tiles),
            shape="tiles",
            notes=self.notes(),
        )

    def before(self, entities: list[EntityAudit]) -> tuple[int | None, int | None]:
        """How many records there were, and how many without an error, where the audits before knew of all entities."""
        known = self.report.audited_before
        found = [known.entities.get(one.entity) for one in entities] if known is not None and known.at else [None]
        counts = [count for count in found if count is not None]
        if len(counts) < len(found) or not counts:
            return None, None
        return sum(rows for rows, _ in counts), sum(clean for _, clean in counts)

    def notes(self) -> tuple[str, ...]:
        """As of when it is, and what got better or worse since the audit before."""
        day = self.audit.at.astimezone(self.report.binding.zone).date().isoformat()
        notes = [self.word("as_they_are", day)]
        before = self.report.audited_before
        if before is not None and before.at is not None:
            outcomes = [one for one in self.audit.outcomes if one.level != "not_applicable"]
            changes = [change for change in map(before.change, outcomes) if change is not None]
            counts = (sum(c < 0 for c in changes), sum(c > 0 for c in changes), sum(c == 0 for c in changes))
            notes.append(self.word("since", before.at.date().isoformat(), *map(self.number, counts)))
        lacking = sum(one.level == "not_applicable" for one in self.audit.outcomes)
        if lacking:
            notes.append(self.word("not_asked", self.number(lacking)))
        return tuple(notes)

    def by_entity(self) -> Section:
        """A row for each entity that has records with an error, those with most first; the others, and all together."""
        entities = list(self.entities())
        wrong = sorted((one for one in entities if one.clean < one.rows), key=lambda one: one.clean - one.rows)
        others = [one for one in entities if one.clean == one.rows]
        columns = (
            self.column("entity", role="dimension"),
            self.column("rows", "count", "metric"),
            self.column("without_error", "count", "metric"),
            self.column("share", "percent", "metric"),
            self.column("open_wrong", "count", "metric"),
            self.column("worth", "currency", "metric"),
        )

        def cells(name: str, some: list[EntityAudit]) -> tuple[Cell, ...]:
            rows, clean = sum(one.rows for one in some), sum(one.clean for one in some)
            staked = [one for one in some if one.open is not None]
            is_open = sum(one.open or 0 for one in staked) if staked else None
            worth = float(sum(one.amount or 0 for one in staked)) if staked and self.audit.currency else None
            return name, rows, clean, _share(clean, rows), is_open, worth

        rows = tuple(cells(self.plural(one.entity), [one]) for one in wrong)
        rows += (cells(self.word("without_any", self.number(len(others))), others),) if others else ()
        total = cells(self.word("all"), entities) if len(entities) > 1 else None
        return self.table(columns, rows, total=total)

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
        rows: list[tuple[Cell, ...]] = []
        for entity in self.entities():
            found = [outcome for outcome in entity.outcomes if outcome.level in _FOUND]
            for outcome in sorted(found, key=lambda one: (_FOUND.index(one.level), -one.broken, one.check.id)):
                cells = self.finding(entity, outcome)
                rows.append(tuple(cells[name] for name in names))
        return self.table(tuple(columns), tuple(rows))

    def finding(self, entity: EntityAudit, outcome: Outcome) -> dict[str, Cell]:
        """What is told of a check that fails, by column."""
        before, check = self.report.audited_before, outcome.check
        change = before.change(outcome) if before is not None else None
        key = "new" if change is None else "worse" if change > 0 else "better" if change < 0 else "same"
        owners = [(name, count) for name, count in entity.owners.get(check.id, ()) if name]
        whose = ", ".join(f"{name} ({self.number(count)})" for name, count in owners[:_OWNERS])
        keys = [one.key for one in entity.records if one.key and any(broken is check for broken, _ in one.broken)]
        keys = keys[:_KEYS] or [example.key or example.called for example in outcome.examples[:_KEYS]]
        return {
            "entity": self.plural(entity.entity),
            "check": called(self.report.binding, check, self.language),
            "severity": level_called(outcome.level, self.language),
            "broken": outcome.broken,
            "looked": outcome.looked,
            "change": self.word(key, *([] if change is None else [self.number(abs(change))])),
            "whose": f"{whose}, …" if len(owners) > _OWNERS else whose,
            "examples": ", ".join(keys) + (", …" if keys and outcome.broken > len(keys) else ""),
            "remedy": text_in(check.remedy, self.language),
        }

    def coverage(self) -> Section:
        """Of each field that some records lack, how many have it: those that most lack first."""
        columns = (
            self.column("entity", role="group"),
            self.column("field", role="dimension"),
            self.column("filled", "count", "metric"),
            self.column("filled_share", "percent", "metric"),
        )
        rows: list[tuple[Cell, ...]] = []
        whole = 0
        for entity in self.entities():
            gaps = sorted((one for one in entity.coverage if one.there < entity.rows), key=lambda one: one.there)
            whole += len(entity.coverage) - len(gaps)
            for one in gaps:
                name = field_called(self.report.binding, f"{entity.entity}.{one.field}", self.language)
                rows.append((self.plural(entity.entity), name, one.there, _share(one.there, entity.rows)))
        return self.table(columns, tuple(rows), (self.word("whole_fields", self.number(whole)),))

    def records(self) -> Section:
        """The records to mend, each with what is wrong with it: those of the worst checks first."""
        columns = [self.column("entity", role="group"), self.column("record", role="dimension"), self.column("whose")]
        columns += [self.column(name) for name in ("check", "value", "proposal", "remedy")]
        limit = self.spec.limit or (_LISTED if self.report.each is None else _LISTED_OF_ONE)
        rows: list[tuple[Cell, ...]] = []
        count = mended = 0
        for entity in self.entities():
            count += entity.to_mend
            worst_first = sorted(entity.records, key=lambda one: min(check.severity for check, _ in one.broken))
            for record in worst_first[:limit]:
                mended += 1
                name = self.value(f"{entity.entity}.{record.named_by}", record.called) if record.named_by else ""
                told = " ".join(filter(None, (record.key, name)))
                for check, fields in record.broken:
                    values = "; ".join(self.value(one.field, one.value) for one in fields if one.value)
                    proposed = "; ".join(self.value(one.field, one.proposed) for one in fields if one.proposed)
                    what = called(self.report.binding, check, self.language)
                    remedy = text_in(check.remedy, self.language)
                    rows.append((self.plural(entity.entity), told, record.owner, what, values, proposed, remedy))
        notes = [self.word("to_mend", self.number(count))] if count == mended else []
        notes += [self.word("to_mend_first", self.number(count), self.number(mended))] if count > mended else []
        empty = {at for at in (2, 5) if not any(row[at] for row in rows)}  # nobody's, nothing proposed
        kept = [at for at in range(len(columns)) if at not in empty]
        cut = tuple(tuple(row[at] for at in kept) for row in rows)
        return self.table(tuple(columns[at] for at in kept), cut, tuple(notes))

    def value(self, path: str, text: str) -> str:
        """A value of the source, masked where it tells who somebody is."""
        return text if self.spec.personal or not is_personal(self.report.binding, path) else masked(text)

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
