"""An audit of a source: the survey of its contract, then one statement for each entity, then examples of what is
broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.audit.anomalies import judged
from reportspec.audit.applicable import Fields, chosen, mapped_fields, of_contract, without_joins
from reportspec.audit.dependencies import Dependency, dependencies
from reportspec.audit.earlier import earlier
from reportspec.audit.owners import told_apart
from reportspec.audit.proposals import proposed
from reportspec.calendar import instant, until
from reportspec.check.mapping import tables_of
from reportspec.contract.emptied import emptied, telling
from reportspec.contract.ends import SourceAt, data_end, newest, stale_table, stopped
from reportspec.contract.fit import seen
from reportspec.contract.refusals import absent_columns_of, absent_tables_of, refuse
from reportspec.contract.survey import ends_statement
from reportspec.contract.unread import UNREAD, refuse_unfit, said, unreadable_fields
from reportspec.contract.verdict import findings_of, unmapped_of
from reportspec.databases import dialect_named
from reportspec.errors import Broken, SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.known import reason_known
from reportspec.measures.personal_texts import unquoted
from reportspec.model.audits import Audit, AuditCheck, BrokenRecord, Coverage, EntityAudit, Example, Outcome, Owner
from reportspec.model.findings import BY_HISTORY, Finding
from reportspec.model.settings import Project, SourceChecks
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.resolve.emptiness import made_of
from reportspec.sql.audit_rows import (
    WHOLE,
    Cut,
    Held,
    Instants,
    broken_rows_statement,
    counts_statement,
    records_to_mend,
    stake_of,
)
from reportspec.sql.dialect import sql_text
from reportspec.sql.dialects.rewrite import Unsupported
from reportspec.sql.survey_sql import survey_statement

if TYPE_CHECKING:
    from reportspec.model.rows import Table
    from reportspec.run.connection import Wanted

Owners = Mapping[str, tuple[tuple[Owner, int], ...]]
Ask = Callable[[exp.Expr], "Table"]
EXAMPLES = 3  # of each check, unless asked for more
MOST_TO_MEND = 100_000  # records of an entity
# The fields that a row is told by besides its key: the first of these of which a source has any, together.
_CALLED = (("name",), ("full_name",), ("title",), ("subject",), ("first_name", "last_name"), ("company",))


@dataclass(frozen=True, slots=True)
class Asking:
    """What an audit gives besides counts: so many `examples` of each check, so many `records` to mend of each entity
    (and value); of which rows it is; and how many broken rows at most of checks whose failures are stored."""

    examples: int = EXAMPLES
    records: int = 0
    cut: Cut = WHOLE
    failures: int = 0


def audited(
    project: Project,
    binding: Binding,
    now: datetime,
    only: str | None = None,
    needed: Fields | None = None,
    asking_for: Asking | None = None,
    clock: bool = False,
) -> Audit:
    """The audit of all that is mapped, of the entity `only`, or of what is `needed` of each. Where `now` is only the
    `clock`'s, the end of the data may stand in for it. Raises SourceError, and HistoryError where anomalies are looked
    for."""
    return audits_of(project, binding, now, only, needed, asking_for, clock)[""]


def audits_of(
    project: Project,
    binding: Binding,
    now: datetime,
    only: str | None = None,
    needed: Fields | None = None,
    asking_for: Asking | None = None,
    clock: bool = False,
) -> dict[str, Audit]:
    """The same of the rows that a cut leaves, by the values of the field that it is `by`; without one all under the
    name `""`. Raises SourceError."""
    from reportspec.run.execute import asking

    asking_for = asking_for or Asking()

    wanted = _wanted(project, binding)
    source = seen(project, binding, wanted)
    binding = binding if source is binding.source else binding.over(source)
    read = mapped_fields(binding)
    kept = {
        name: fields
        for name, fields in read.items()
        if (only is None or name == only) and (needed is None or name in needed)
    }
    tables = absent_tables_of(binding, lambda name: only in (None, name) and (needed is None or name in needed))
    refuse([*tables, *absent_columns_of(project, binding, kept, lambda: wanted)])
    refuse_unfit(binding, kept)
    with asking(project.source, wanted) as ask:
        known = _known_of(project, binding, now, clock, ask)
        binding = known.binding
        try:
            return _asked(project, known, kept, needed, asking_for, ask)
        except SourceError as error:
            if error.code in UNREAD and error.tree is not None:
                problems = unreadable_fields(binding, kept, ask, error.tree)
                if problems:
                    raise Broken(problems) from None
            raise


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a source before its rows are checked: what is read of it without what empty tables would tell of
    others; `now`, where all of its data end before that (`ended`), and those of its entities that end while others go
    on (`stopped`, with what is told of that)."""

    binding: Binding
    now: datetime
    ended: datetime | None
    stopped: Mapping[str, datetime]
    findings: tuple[Finding, ...]

    def instants(self, entity: str) -> Instants:
        """What dates of an entity's rows are held against."""
        others = self.ended or until(self.now, self.binding.zone)
        return Instants(self.stopped.get(entity, others), others, self.now)


def _known_of(project: Project, binding: Binding, now: datetime, clock: bool, ask: Ask) -> _Known:
    fields = mapped_fields(binding)
    if not fields:
        return _Known(binding, now, None, {}, ())
    asked = SourceAt(project, binding, now)
    rows = ask(ends_statement(asked, fields)).dicts()
    empty = emptied(binding, rows)
    binding = binding.over(replace(binding.source, empty=empty)) if empty else binding
    last = newest(asked, rows)
    if last is None:
        return _Known(binding, now, None, {}, ())
    end = data_end(asked, rows, ask, fields) if clock else None
    ended = end if end is not None and end < now else None
    zone = binding.zone
    ends = stopped(asked, fields, rows, ask, fields, min(ended or now, last.over(asked)))
    return _Known(
        binding,
        now,
        ended,
        {name: instant(moment.at.astimezone(zone).date() + timedelta(days=1), zone) for name, moment in ends.items()},
        tuple(stale_table(asked, name, moment, last) for name, moment in ends.items()),
    )


def proposed_of(project: Project, binding: Binding, now: datetime, only: str | None = None) -> list[Dependency]:
    """The checks that the rows of all entities, or of one, propose. Raises SourceError."""
    from reportspec.run.execute import asking

    wanted = _wanted(project, binding)
    source = seen(project, binding, wanted)
    binding = binding if source is binding.source else binding.over(source)
    kept = {name: fields for name, fields in mapped_fields(binding).items() if only in (None, name)}
    refuse(absent_columns_of(project, binding, kept, lambda: wanted))
    refuse_unfit(binding, kept)
    with asking(project.source, wanted) as ask:
        return list(dependencies(binding, lambda name: only in (None, name), now, ask))


def _asked(
    project: Project, known: _Known, kept: Fields, needed: Fields | None, asking_for: Asking, ask: Ask
) -> dict[str, Audit]:
    binding, now = known.binding, known.now
    stale = telling(binding, mapped_fields(binding)) & known.stopped.keys()
    choice = chosen(binding, kept, now, needed, stale)
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
        choice = chosen(binding, kept, now, needed, stale)
    told = [finding for finding in findings if finding.check.kind != "repeated-key" and finding.count]
    told += known.findings
    audits: dict[str, dict[str, EntityAudit]] = {}
    for name in kept:
        items = [*without_joins(binding, [c for c in choice.checks if c.entity == name], repeated)]
        lacking = [item for item in items if isinstance(item, Outcome)]
        lacking += [outcome for outcome in choice.lacking if outcome.check.entity == name]
        checks = [item for item in items if isinstance(item, AuditCheck)]
        cut = _cut_of(binding, name, asking_for.cut)
        if cut is None:
            continue
        # That no key is repeated is known already; a window over all rows would find the same.
        unique = [check for check in checks if _of_keys(check) and check.entity not in repeated]
        checks = [check for check in checks if check not in unique]
        whole = cut is WHOLE
        checks = checks if whole else [check for check in checks if check.of_rows]
        others = [_of_finding(f) for f in told if f.check.entity == name] if whole else []
        of_one = replace(asking_for, cut=cut)
        held = Held(known.instants(name), not repeated & _of_history(binding, name))
        of_history = [of_contract(f.check) for f in told if f.check.entity == name and f.check.kind in BY_HISTORY]
        every = (*checks, *of_history)
        ignored = frozenset(check.key for check in every if reason_known(project.checks, check))
        one = _One(binding, name, tuple(checks), tuple(unique), tuple(of_history), ignored, held, of_one, ask)
        found = _audits(project, one, kept, [*others, *lacking])
        for value, audit in found.items():
            audits.setdefault(value, {})[name] = audit
    if not asking_for.cut.by:
        audits.setdefault("", {})
    currency, ended = binding.currency, known.ended
    made = {value: Audit(now, tuple(of_value.values()), currency, ended) for value, of_value in audits.items()}
    made = {value: replace(one, entities=told_apart(one.entities)) for value, one in made.items()}
    if any(outcome.measured is not None for one in made.values() for outcome in one.outcomes):
        before = earlier(project.root, now.astimezone(binding.zone))
        made = {value: judged(one, before) for value, one in made.items()}
    return {value: _with_known(one, project.checks) for value, one in made.items()}


def _of_history(binding: Binding, name: str) -> set[str]:
    """The entities by whose keys an entity's history is found, and its states are known: itself, stages."""
    history = binding.entity(name).history
    if history is None:
        return set()
    table = binding.entity(made_of(binding.catalogue, history.entity)[-1])
    return {name, *(relation.to for relation in table.relations.values())}


def _of_keys(check: AuditCheck) -> bool:
    return check.contract is not None and check.contract.kind == "repeated-key"


def _cut_of(binding: Binding, entity: str, cut: Cut) -> Cut | None:
    """The cut of an entity's rows; None where they do not have what it is made by."""
    if cut is WHOLE:
        return cut
    try:
        for tree in cut.conditions:
            binding.need_tree(entity, tree)
        if cut.by:
            binding.need_reference(entity, binding.resolve(entity, cut.by))
    except Unresolved:
        return None
    return cut


def _unwritable(project: Project, one: _One) -> list[Outcome]:
    """The checks that cannot be written in the source's SQL."""
    from reportspec.run.execute import spoken_dialect

    dialect = dialect_named(project.source.dialect)
    if not project.source.typed_before:
        dialect = spoken_dialect(project.source, _wanted(project, one.binding))
    found = []
    for check in one.checks:
        try:
            sql_text(one.counts([check]), dialect)
        except Unsupported:
            found.append(Outcome(check, "not_applicable", lacks=check.id, why="unsupported"))
    return found


@dataclass(frozen=True, slots=True)
class _One:
    """What is asked of an entity's rows, and those of the checks that are known to find nothing, and those
    against the history that are known to find something. Those `ignored` count for nothing."""

    binding: Binding
    name: str
    checks: tuple[AuditCheck, ...]
    passed: tuple[AuditCheck, ...]
    of_history: tuple[AuditCheck, ...]
    ignored: frozenset[str]
    held: Held
    asking_for: Asking
    ask: Ask

    def counts(self, checks: Sequence[AuditCheck], covered: Sequence[str] = ()) -> exp.Expr:
        """The statement that counts what breaks some of the checks."""
        cut = self.asking_for.cut
        checks = [replace(check, severity="info") if check.key in self.ignored else check for check in checks]
        return counts_statement(self.binding, self.name, checks, covered, self.held, cut)

    def audits(self, fields: frozenset[str], others: Sequence[Outcome]) -> dict[str, EntityAudit]:
        """What came of the checks, by the values of what the rows are cut by."""
        cut = self.asking_for.cut
        covered = [field.name for field in self.binding.fields(self.name) if field.name in fields]
        table = self.ask(self.counts(self.checks, covered))
        found = {as_text(row["by"]) if cut.by else "": self._audit(row, covered, others) for row in table.dicts()}
        if cut.by:
            found.pop("", None)
        if self.asking_for.records:
            mend = self._to_mend({o.check.id: o.level for one in found.values() for o in one.outcomes if o.broken})
            for value, (records, count, owners) in mend.items():
                if value in found:
                    found[value] = replace(found[value], records=records, to_mend=count, owners=owners)
        return found

    def _audit(self, row: Mapping[str, Any], covered: Sequence[str], others: Sequence[Outcome]) -> EntityAudit:
        staked = stake_of(self.binding, self.binding.entity(self.name)) is not None

        def stake(rows: str, worth: str) -> tuple[int | None, Decimal | None]:
            if not staked or rows not in row:
                return None, None
            number, amount = int(row[rows] or 0), row[worth]
            unknown = amount is None and number > 0  # none of them has an amount
            return number, None if unknown else Decimal(str(amount or 0))

        outcomes, most = [], self.asking_for.examples
        for at, check in enumerate(self.checks):
            broken = int(row[f"f{at}"] or 0)
            looked = int(row[f"w{at}"] or 0)
            is_open, amount = stake(f"o{at}", f"a{at}")
            outcome = Outcome(check, check.level(broken, looked), broken, looked, is_open, amount)
            if check.kind == "anomaly":
                outcome = _measured(outcome, row[f"m{at}"])
            if broken and check.of_rows and (most or (check.store_failures and self.asking_for.failures)):
                stored = self.asking_for.failures if check.store_failures else 0
                found = _examples(self.binding, check, self.held, max(most, stored), self.ask)
                outcome = replace(outcome, examples=found[:most], failures=found[:stored])
            if broken and check.contract is not None:
                outcome = replace(outcome, unmapped=unmapped_of(self.binding, check.contract, self.ask))
            outcomes.append(outcome)
        is_open, amount = stake("open", "amount")
        coverage = tuple(Coverage(field, int(row[f"g{at}"] or 0)) for at, field in enumerate(covered))
        rows, clean = int(row["rows"]), int(row["clean"] or 0)
        outcomes += [Outcome(check, "pass", 0, rows) for check in self.passed]
        by_history = {check.key: check for check in self.of_history if most}
        others = [
            replace(one, examples=_examples(self.binding, by_history[one.check.key], self.held, most, self.ask))
            if one.check.key in by_history
            else one
            for one in others
        ]
        return EntityAudit(self.name, rows, clean, coverage, (*outcomes, *others), is_open, amount)

    def _to_mend(self, levels: Mapping[str, str]) -> dict[str, tuple[tuple[BrokenRecord, ...], int, Owners]]:
        """The records that break checks of severity error or warning, by the values of the cut, how many there are of
        each, and whose."""
        wanted = [
            check
            for check in self.checks
            if check.severity != "info" and check.of_rows and levels.get(check.id) is not None
        ]
        wanted = [check for check in (*wanted, *self.of_history) if check.key not in self.ignored]
        if not wanted:
            return {}
        binding, cut, most = self.binding, self.asking_for.cut, self.asking_for.records
        key, called, paths = _told_by(binding, self.name)
        owner = next((path for path in _owners(binding, self.name) if binding.serves(path[0], path)), None)
        ways = _owner_ways(binding, self.name) if owner is not None else []
        paths += [path for path in ([owner] if owner is not None else []) + ways if path not in paths]
        about = [tuple(path.split(".")) for check in wanted for path in check.about]
        paths += [path for path in dict.fromkeys(about) if path not in paths and binding.serves(path[0], path)]
        if not paths:
            return {}
        table = self.ask(records_to_mend(binding, wanted, paths, self.held, MOST_TO_MEND, cut))
        found: dict[str, list[BrokenRecord]] = {}
        counts: dict[str, int] = {}
        whose_of: dict[str, dict[str, Counter[Owner]]] = {}
        names = [".".join(path) for path in paths]
        keeping = self._kept(wanted, key, paths, table) if cut is WHOLE else {}
        for row in table.dicts():
            value = as_text(row["by"]) if cut.by else ""
            counts[value] = counts.get(value, 0) + 1
            told_by = [as_text(row[f"v{paths.index(path)}"]) for path in ([owner] if owner is not None else []) + ways]
            whose = Owner(*told_by) if told_by and told_by[0] else Owner()
            for at, check in enumerate(wanted) if owner is not None else ():
                if int(row[f"f{at}"] or 0):
                    whose_of.setdefault(value, {}).setdefault(check.key, Counter())[whose] += 1
            if len(found.setdefault(value, [])) >= most:
                continue
            values = {name: as_text(row[f"v{at}"]) for at, name in enumerate(names)}
            broken = []
            for at, check in enumerate(wanted):
                if int(row[f"f{at}"] or 0):
                    held = as_text(row.get(f"p{at}")), row.get(f"s{at}")
                    share = float(held[1]) if held[1] is not None else None
                    fields = [path for path in check.about if path in values]
                    if check.contract is not None:  # what a record lacks, not by what it should have it
                        fields = [path for path in fields if not values[path]] or fields
                    own = fields[:1] if check.kind in ("same_spelling", "determined_by") else []
                    told = (proposed(check, f, values[f], *((held[0], share) if f in own else ())) for f in fields)
                    broken.append((check, tuple(told)))
            own_key = values.get(f"{self.name}.{key}", "") if key else ""
            own_name = " ".join(filter(None, (values.get(f"{self.name}.{field}", "") for field in called)))
            into = {
                check.key: keeping[at, row.get(f"g{at}")]
                for at, check in enumerate(wanted)
                if (at, row.get(f"g{at}")) in keeping
            }
            found[value].append(BrokenRecord(own_key, own_name, next(iter(called), ""), whose, tuple(broken), into))
        available = int(table.dicts()[0]["available"]) if table.rows else 0
        if available > len(table.rows):  # who has how many is not known of all
            whose_of, counts = {}, {**counts, **({} if cut.by else {"": available})}
        return {
            value: (
                tuple(records),
                counts[value],
                {check: tuple(owners.most_common()) for check, owners in whose_of.get(value, {}).items()},
            )
            for value, records in found.items()
        }

    def _kept(
        self, checks: Sequence[AuditCheck], key: str, paths: Sequence[tuple[str, ...]], table: Table
    ) -> dict[tuple[int, Any], str]:
        """Of each group of records that have the same, by the place of the check and the group, the key of the one that
        is proposed to be kept: that with most fields filled in, of these the most recent, else the first by its key.
        None where not all were read, or have no key."""
        rows = table.dicts()
        if not key or (rows and int(rows[0]["available"]) > len(rows)):
            return {}
        best: dict[tuple[int, Any], tuple[tuple[int, str], str]] = {}
        at_key = f"v{paths.index((self.name, key))}"
        for row in sorted(rows, key=lambda row: as_text(row[at_key])):
            worth, own = (int(row.get("filled") or 0), as_text(row.get("latest"))), as_text(row[at_key])
            for at in range(len(checks)):
                group = (at, row.get(f"g{at}"))
                if own and group[1] is not None and (group not in best or worth > best[group][0]):
                    best[group] = (worth, own)
        return {group: own for group, (_, own) in best.items()}


def _measured(outcome: Outcome, total: Any) -> Outcome:
    """What is measured of the rows that were looked at; nothing where a mean is of none."""
    rows = outcome.looked
    if outcome.check.measure == "rows":
        return replace(outcome, measured=float(rows))
    if not rows or total is None:
        return replace(outcome, level="not_applicable", lacks=outcome.check.id, why="no_rows")
    return replace(outcome, measured=float(total) / rows)


def _audits(project: Project, one: _One, kept: Fields, others: Sequence[Outcome]) -> dict[str, EntityAudit]:
    """What came of the checks, but for those that cannot be written or that the database refuses to compute."""
    try:
        return one.audits(kept[one.name], others)
    except Unsupported:
        left_out = _unwritable(project, one)
        if not left_out:
            raise
    except SourceError as error:
        left_out = _refused(one, kept, error)
        if not left_out:
            raise
    blamed = {outcome.check.id for outcome in left_out}
    one = replace(one, checks=tuple(check for check in one.checks if check.id not in blamed))
    return _audits(project, one, kept, [*others, *left_out])


def _refused(one: _One, kept: Fields, error: SourceError) -> list[Outcome]:
    """The checks that the database refuses to compute, where no field's values are to blame; one of the contract is
    none of these. Raises Broken for the fields whose values are."""
    if error.lost or (error.tree is None and error.code != "unsupported-sql"):
        raise error
    if error.code in UNREAD and error.tree is not None:
        problems = unreadable_fields(one.binding, kept, one.ask, error.tree)
        if problems:
            raise Broken(problems) from None
    found = []
    for check in one.checks:
        if check.contract is not None:
            continue
        try:
            one.ask(one.counts([check]))
        except SourceError as why:
            if why.lost:
                raise
            reason = unquoted(said(why))
            found.append(Outcome(check, "not_applicable", lacks=check.id, why="refused", reason=reason))
    return found


def _owners(binding: Binding, entity: str) -> list[tuple[str, ...]]:
    """Where the name of the one stands who looks after a record."""
    relations = binding.entity(entity).relations
    return [(entity, name, "name") for name in ("owner",) if name in relations]


def _owner_ways(binding: Binding, entity: str) -> list[tuple[str, ...]]:
    """What tells owners of one name apart: their key, and the best of what people know them by that is given."""
    relation = binding.entity(entity).relations["owner"]
    best = [(entity, "owner", way) for way in binding.entity(relation.to).told_apart_by]
    known = [path for path in best if binding.serves(path[0], path)]
    return [(entity, relation.by), *known[:1]] if binding.serves(entity, (entity, relation.by)) else []


def _told_by(binding: Binding, name: str) -> tuple[str, tuple[str, ...], list[tuple[str, ...]]]:
    """The key of an entity's records and what they are called by, where the source has them, and the paths of both."""

    def given(*fields: str) -> tuple[str, ...]:
        known = (field for field in fields if binding.field(name, field) is not None)
        return tuple(field for field in known if binding.mapped(name, field) is not None)

    key = next(iter(given(binding.entity(name).key or "")), "")
    called = next((fields for way in _CALLED if (fields := tuple(one for one in given(*way) if one != key))), ())
    return key, called, [(name, field) for field in (key, *called) if field]


def _examples(binding: Binding, check: AuditCheck, held: Held, most: int, ask: Ask) -> tuple[Example, ...]:
    """The first broken rows, by their keys."""
    entity = binding.entity(check.entity)
    key, called, paths = _told_by(binding, entity.name)
    shown = [tuple(path.split(".")) for path in check.about]
    if not key:  # what it belongs to tells it
        fields = binding.fields(entity.name)
        named = [
            field for field in fields if field.type == "key" and binding.mapped(entity.name, field.name) is not None
        ]
        shown += [(entity.name, field.name) for field in named]
    paths += [path for path in dict.fromkeys(shown) if path not in paths and binding.serves(path[0], path)]
    if not paths:
        return ()
    table = ask(broken_rows_statement(binding, check, paths, held, most))
    found = []
    for row in table.rows:
        values = dict(zip((".".join(path) for path in paths), row, strict=True))
        own_key = values.pop(f"{entity.name}.{key}", None) if key else None
        name = " ".join(filter(None, (as_text(values.get(f"{entity.name}.{field}")) for field in called)))
        for field in called:
            if (entity.name, field) not in shown:
                del values[f"{entity.name}.{field}"]
        written = tuple((path, as_text(value)) for path, value in values.items())
        found.append(Example(as_text(own_key), name, written, next(iter(called), "")))
    return tuple(found)


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
    if finding.check.kind == "stale-table":
        return Outcome(check, check.severity, 1, 1)
    shown = tuple(Example("", value) for value, _ in finding.examples[:EXAMPLES])
    # Merged records are no rows of their entity.
    looked = finding.rows + finding.count if finding.check.kind == "no-survivor" else finding.rows
    return Outcome(check, check.severity, finding.count, looked, examples=shown)


def _with_known(audit: Audit, settings: SourceChecks) -> Audit:
    """The audit in which what the project knows of is told as known, with the reason."""

    def settled(outcome: Outcome) -> Outcome:
        if outcome.level not in ("error", "warning", "info"):
            return outcome
        reason = reason_known(settings, outcome.check)
        return replace(outcome, level="known", reason=reason) if reason else outcome

    entities = (replace(one, outcomes=tuple(map(settled, one.outcomes))) for one in audit.entities)
    return replace(audit, entities=tuple(entities))


def _wanted(project: Project, binding: Binding) -> Wanted:
    """What a session is opened for that audits a source."""
    from reportspec.run.connect import wanted_for

    parts = (part for entity in binding.source.entities.values() for part in entity.parts)
    return wanted_for(project, binding, (name for part in parts for name in tables_of(part)))


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
