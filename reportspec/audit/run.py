"""An audit of a source: the survey of its contract, then one statement for each entity, then examples of what is
broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.audit.applicable import Fields, chosen, mapped_fields, of_contract, without_joins
from reportspec.check.lacking import There, served
from reportspec.check.mapping import tables_of, with_types
from reportspec.contract.unread import UNREAD, refuse_unfit, unreadable_fields
from reportspec.contract.verdict import findings_of
from reportspec.databases import dialect_named
from reportspec.errors import Broken, SourceError
from reportspec.model.audits import Audit, AuditCheck, Coverage, EntityAudit, Example, Outcome
from reportspec.model.findings import Finding
from reportspec.model.settings import Project, SourceChecks
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.sql.audit_rows import broken_rows_statement, counts_statement, stake_of
from reportspec.sql.dialect import sql_text
from reportspec.sql.dialects.rewrite import Unsupported
from reportspec.sql.survey_sql import survey_statement

if TYPE_CHECKING:
    from reportspec.model.rows import Table
    from reportspec.run.connection import Wanted

Ask = Callable[[exp.Expr], "Table"]
EXAMPLES = 3  # of each check, unless asked for more
_CALLED = ("name", "full_name", "title", "subject")  # fields that a row is told by besides its key


def audited(
    project: Project,
    binding: Binding,
    now: datetime,
    only: str | None = None,
    needed: Fields | None = None,
    examples: int = EXAMPLES,
) -> Audit:
    """The audit of all that is mapped, of the entity `only`, or of what is `needed` of each. Raises SourceError."""
    from reportspec.run.execute import asking

    wanted = _wanted(project, binding)
    binding = _fitted(project, binding, wanted)
    read = mapped_fields(binding)
    kept = {
        name: fields
        for name, fields in read.items()
        if (only is None or name == only) and (needed is None or name in needed)
    }
    refuse_unfit(binding, kept)
    with asking(project.source, wanted) as ask:
        try:
            return _asked(project, binding, now, kept, needed, examples, ask)
        except SourceError as error:
            if error.code in UNREAD and error.tree is not None:
                problems = unreadable_fields(binding, kept, ask, error.tree)
                if problems:
                    raise Broken(problems) from None
            raise


def _asked(
    project: Project,
    binding: Binding,
    now: datetime,
    kept: Fields,
    needed: Fields | None,
    examples: int,
    ask: Ask,
) -> Audit:
    choice = chosen(binding, kept, now, needed)
    surveyed = choice.surveyed
    findings: list[Finding] = []
    if surveyed:
        asked_of = {check.entity: frozenset[str]() for check in surveyed}
        survey = ask(survey_statement(binding, asked_of, surveyed, now))
        findings = findings_of(binding, surveyed, survey, ask)
    repeated = {finding.check.entity for finding in findings if finding.check.kind == "repeated-key"}
    unread = {f.check.field.id for f in findings if f.check.kind == "text-number" and f.check.field is not None}
    if unread:  # some databases would make numbers of them
        binding = _without(binding, unread)
        kept = {name: kept[name] & fields for name, fields in mapped_fields(binding).items() if name in kept}
        choice = chosen(binding, kept, now, needed)
    told = [finding for finding in findings if finding.check.kind != "repeated-key"]
    audits = []
    for name in kept:
        items = [*without_joins(binding, [c for c in choice.checks if c.entity == name], repeated)]
        lacking = [item for item in items if isinstance(item, Outcome)]
        lacking += [outcome for outcome in choice.lacking if outcome.check.entity == name]
        checks, unsupported = _writable(project, binding, name, [i for i in items if isinstance(i, AuditCheck)], now)
        lacking += unsupported
        others = [_of_finding(f) for f in told if f.check.entity == name]
        audits.append(_of_entity(binding, name, kept[name], checks, now, examples, ask, [*others, *lacking]))
    return _with_known(Audit(now, tuple(audits), binding.currency), project.checks)


def _writable(
    project: Project, binding: Binding, name: str, checks: list[AuditCheck], now: datetime
) -> tuple[list[AuditCheck], list[Outcome]]:
    """The checks that can be written in the source's SQL, and those that cannot."""
    from reportspec.run.execute import spoken_dialect

    dialect = dialect_named(project.source.dialect)

    def refused(some: Sequence[AuditCheck]) -> bool:
        try:
            sql_text(counts_statement(binding, name, some, (), now), dialect)
        except Unsupported:
            return True
        return False

    if not refused(checks):
        return checks, []
    if not project.source.typed_before:
        dialect = spoken_dialect(project.source, _wanted(project, binding))
    bad = [check for check in checks if refused([check])]
    return (
        [check for check in checks if check not in bad],
        [Outcome(check, "not_applicable", lacks=check.id, why="unsupported") for check in bad],
    )


def _of_entity(
    binding: Binding,
    name: str,
    fields: frozenset[str],
    checks: Sequence[AuditCheck],
    now: datetime,
    examples: int,
    ask: Ask,
    others: Sequence[Outcome],
) -> EntityAudit:
    """What came of the checks of an entity's rows."""
    covered = [field.name for field in binding.fields(name) if field.name in fields]
    [row] = ask(counts_statement(binding, name, checks, covered, now)).dicts()
    staked = stake_of(binding, binding.entity(name)) is not None

    def stake(rows: str, worth: str) -> tuple[int | None, Decimal | None]:
        return (int(row[rows] or 0), Decimal(str(row[worth] or 0))) if staked and rows in row else (None, None)

    outcomes = []
    for at, check in enumerate(checks):
        broken = int(row[f"f{at}"] or 0)
        looked = int(row[f"w{at}"] or 0)
        is_open, amount = stake(f"o{at}", f"a{at}")
        outcome = Outcome(check, check.level(broken, looked), broken, looked, is_open, amount)
        if broken and examples and check.kind != "fresh_within":
            outcome = replace(outcome, examples=_examples(binding, check, now, examples, ask))
        outcomes.append(outcome)
    is_open, amount = stake("open", "amount")
    coverage = tuple(Coverage(field, int(row[f"g{at}"] or 0)) for at, field in enumerate(covered))
    return EntityAudit(name, int(row["rows"]), int(row["clean"] or 0), coverage, (*outcomes, *others), is_open, amount)


def _examples(binding: Binding, check: AuditCheck, now: datetime, most: int, ask: Ask) -> tuple[Example, ...]:
    """The first broken rows, by their keys."""
    entity = binding.entity(check.entity)
    told = [(name, binding.field(entity.name, name)) for name in (entity.key, *_CALLED) if name]
    own = [name for name, field in told if field is not None and binding.mapped(entity.name, name) is not None]
    key = own[0] if own and own[0] == entity.key else ""
    called = next((name for name in own if name != key), "")
    paths: list[tuple[str, ...]] = [(entity.name, name) for name in (key, called) if name]
    shown = [tuple(path.split(".")) for path in check.about]
    if not key:  # what it belongs to tells it
        fields = binding.fields(entity.name)
        named = [
            field for field in fields if field.type == "key" and binding.mapped(entity.name, field.name) is not None
        ]
        shown += [(entity.name, field.name) for field in named]
    paths += [path for path in dict.fromkeys(shown) if path not in paths and _given(binding, path)]
    if not paths:
        return ()
    table = ask(broken_rows_statement(binding, check, paths, now, most))
    found = []
    for row in table.rows:
        values = dict(zip((".".join(path) for path in paths), row, strict=True))
        own_key = values.pop(f"{entity.name}.{key}", None) if key else None
        name = values.get(f"{entity.name}.{called}") if called else None
        if called and (entity.name, called) not in shown:
            del values[f"{entity.name}.{called}"]
        written = tuple((path, as_text(value)) for path, value in values.items())
        found.append(Example(as_text(own_key), as_text(name), written, called))
    return tuple(found)


def _given(binding: Binding, path: tuple[str, ...]) -> bool:
    """Whether the source gives a field that is shown of a broken row."""
    try:
        binding.need_reference(path[0], binding.resolve(path[0], path))
    except Unresolved:
        return False
    return True


def as_text(value: Any) -> str:
    """A value of the source as text: empty where there is none, times to the second, numbers without idle zeros."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (float, Decimal)):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)


def _of_finding(finding: Finding) -> Outcome:
    """What the survey found of a table, as an outcome."""
    check = of_contract(finding.check)
    shown = tuple(Example("", value) for value, _ in finding.examples[:EXAMPLES])
    return Outcome(check, check.severity, finding.count, finding.rows, examples=shown)


def _with_known(audit: Audit, settings: SourceChecks) -> Audit:
    """The audit in which what the project knows of is told as known, with the reason."""

    def settled(outcome: Outcome) -> Outcome:
        if outcome.level not in ("error", "warning", "info"):
            return outcome
        contract = outcome.check.contract
        if contract is not None and contract.refuses:
            return outcome
        of = contract.of if contract is not None else outcome.check.entity
        about = ("", of, *outcome.check.about)
        known = (ignored for ignored in settings.ignore if ignored.check == outcome.check.id)
        reason = next((ignored.reason for ignored in known if ignored.of in about), "")
        return replace(outcome, level="known", reason=reason) if reason else outcome

    entities = (replace(one, outcomes=tuple(map(settled, one.outcomes))) for one in audit.entities)
    return replace(audit, entities=tuple(entities))


def _wanted(project: Project, binding: Binding) -> Wanted:
    """What a session is opened for that audits a source."""
    from reportspec.run.connect import wanted_for

    parts = (part for entity in binding.source.entities.values() for part in entity.parts)
    return wanted_for(project, binding, (name for part in parts for name in tables_of(part)))


def _fitted(project: Project, binding: Binding, wanted: Wanted) -> Binding:
    """The binding for the tables and types that a server turns out to have. Raises SourceError."""
    from reportspec.run.execute import column_types

    source = project.source
    if source.typed_before or dialect_named(source.dialect).reading is None:
        return binding
    types: Mapping[str, Mapping[str, str]] = column_types(source, wanted)
    there = There(types, types, source.dialect, all_tables=False)
    return binding.over(with_types(served(binding.source, there), binding.catalogue, types, source.dialect))


def _without(binding: Binding, names: set[str]) -> Binding:
    """The binding without some fields of its source."""
    entities = {}
    for name, mapped in binding.source.entities.items():
        parts = tuple(
            replace(part, fields={f: m for f, m in part.fields.items() if f"{name}.{f}" not in names})
            for part in mapped.parts
        )
        fields = {f: m for f, m in mapped.fields.items() if f"{name}.{f}" not in names}
        entities[name] = replace(mapped, parts=parts, fields=fields)
    return binding.over(replace(binding.source, entities=entities))
