"""What needs attention: the records that any of some conditions names, each once with its reasons, largest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self

from sqlglot import exp

from reportspec.calendar import day_within
from reportspec.diagnostics import suggestion
from reportspec.expression.sandbox import column_nodes, parse, path_of
from reportspec.expression.trees import copied
from reportspec.languages import as_part, in_number, vocabulary
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.arithmetic import number
from reportspec.measures.dimensions import field_column, labelled_value
from reportspec.measures.metric_columns import Footnotes, label
from reportspec.measures.win_chances import chance_notes, cut_by_chances, reads_chances
from reportspec.measures.words import word
from reportspec.model.domain import Metric, Texts
from reportspec.model.figures import Cell, Column, Section
from reportspec.model.query import Dimension, Query, RecordsQuery
from reportspec.model.spec import Regroup, Report, SectionSpec
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.resolve.called import called as called_here
from reportspec.resolve.conditions import field_named, user_condition
from reportspec.resolve.currencies import money_currencies, needs_currency
from reportspec.resolve.document import Document, Place
from reportspec.sections.asked_metrics import NO_CURRENCY, Rules, find_metric, unusable
from reportspec.sections.asking import conditions_of
from reportspec.sections.context import Context, Draft, label_of, named_as, title_of
from reportspec.sections.records import FieldPath, known_by, names_listed, with_key
from reportspec.sections.section_kind import Kind, or_none_there, section_of
from reportspec.sections.states_of_today import listed_of_today
from reportspec.sections.text import nothing_served
from reportspec.sql.record_rows import AVAILABLE

MOST = 100_000  # records of one reason; where there are more, what the smaller ones come to is not known
IN_MAILS = 3  # records that the text of a mail names
FEWEST_MONTHS = 2  # from which on a duration is told in months
DATED = ("date", "time")
OWN = "__own"  # behind the name of the amount where it stands in its own currency
# Why an amount is not known: there is none; none to convert it by; either, where it came converted from elsewhere.
Lack = Literal["amount", "rate", "amount_or_rate"]
LACKS: tuple[Lack, ...] = ("amount", "rate", "amount_or_rate")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why records are named: those of `entity` that fulfil the `condition`, what is said of them, the fields of which
    the first that a record has says since when, and the one until which it says so, if that is not the report's day."""

    entity: str
    condition: exp.Expr
    say: Texts
    since: tuple[tuple[str, ...], ...] = ()
    until: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionSection(SectionSpec):
    """The first `limit` records of an entity by an amount, of those that any of the reasons names."""

    kind: ClassVar[str] = "attention"
    entity: str
    fields: tuple[FieldPath, ...]
    amount: tuple[str, ...]
    reasons: tuple[Reason, ...] = field(default=())
    limit: int = 8
    names: tuple[Dimension, ...] = ()

    @property
    def listed_names(self) -> tuple[Dimension, ...]:
        """What the people and stages that stand in the list are called."""
        return self.names

    def keyed(self, key_of: Callable[[str], str | None]) -> Self:
        """The same with the records' key as the last of its fields, where it has none."""
        return replace(self, fields=with_key(self.entity, self.fields, key_of(self.entity)))

    @property
    def paths(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The fields with the entity."""
        return tuple((self.entity, path) for path in (*(path for _, path in self.fields), self.amount))

    def regrouped(self, change: Regroup) -> Self:
        """The same with members of one name told apart; where that are too many to be called one by one they stay as
        they are."""
        changed = tuple(change(one, self.names) for one in self.names)
        told = tuple(new if new.called else one for one, new in zip(self.names, changed, strict=True))
        return replace(self, names=told)


# Checks


def check(context: Context, draft: Draft) -> SectionSpec | None:
    """The records' entity, the fields that are shown of them, and the reasons that the source can tell."""
    binding, title = context.binding, title_of(context, draft, "attention")
    entity = str(draft.body["entity"])
    problem = _unlisted(binding, entity)
    if problem is not None:
        draft.refuse(context, entity, named_as(context, entity), problem, (*draft.inner, "entity"))
        return nothing_served(context, draft, title)
    fields = []
    amount = _amount(context, draft, entity)
    for at, name in enumerate(draft.body["fields"]):
        path = _usable(context, draft, entity, str(name), (*draft.inner, "fields", at))
        fields += [(str(name), path)] if path and path != amount else []  # the amount has the last column
    asked = enumerate(draft.body["reasons"])
    reasons = [_reason(context, draft, entity, one, (*draft.inner, "reasons", at)) for at, one in asked]
    there = tuple(reason for reason in reasons if reason is not None)
    if not fields or not amount or not there:
        return nothing_served(context, draft, title)
    return AttentionSection(
        **draft.common(context),
        title=title,
        entity=entity,
        fields=tuple(fields),
        amount=amount,
        reasons=there,
        limit=int(draft.body.get("limit", 8)),
        conditions=draft.conditions,
        names=names_listed(binding, entity, fields),
    )


def _unlisted(binding: Binding, entity: str) -> Unresolved | None:
    """Why the records of an entity cannot be named, each once."""
    known = binding.catalogue.entities
    if entity not in known:
        return Unresolved("unknown-entity", f"there is no entity `{entity[:60]}`", suggestion(entity, known))
    key = known[entity].key
    if key is None:
        return Unresolved("no-key", "it has no key by which its records could be told apart")
    try:
        binding.need_entity(entity)
        binding.need(entity, key)
    except Unresolved as why:
        return why
    return None


def _usable(context: Context, draft: Draft, entity: str, name: str, place: Place) -> tuple[str, ...]:
    """The path of a field that can be shown; empty where it cannot, which is told or left out."""
    quiet = Document("", "", None, {}) if draft.standard else context.document
    if field_named(context.binding, quiet, name, place) is None:
        return ()
    path = tuple(name.split("."))
    try:
        context.binding.need_reference(entity, context.binding.resolve(entity, path), listed=True)
    except Unresolved as why:
        draft.refuse(context, name, named_as(context, name), why, place)
        return ()
    return path


def _amount(context: Context, draft: Draft, entity: str) -> tuple[str, ...]:
    """The number by which records are large."""
    binding, name, place = context.binding, str(draft.body["amount"]), (*draft.inner, "amount")
    path = _usable(context, draft, entity, name, place)
    if not path:
        return ()
    problem = None
    if binding.resolve(entity, path).field.type not in ("money", "number", "integer"):
        problem = Unresolved("bad-attention", "it is no number by which records could be large")
    elif binding.currency is None and money_currencies(binding, entity, exp.column(path[-1], table=path[0])):
        problem = NO_CURRENCY
    if problem is not None:
        draft.refuse(context, name, named_as(context, name), problem, place)
        return ()
    return path


def _reason(context: Context, draft: Draft, entity: str, asked: Any, place: Place) -> Reason | None:
    """A metric that counts what is there at an instant, or a condition of one's own."""
    if isinstance(asked, Mapping):
        return _own_reason(context, draft, entity, asked, place)
    metric = find_metric(context.binding, context.document, str(asked), place, quiet=draft.standard)
    if metric is None:
        return None
    problem = _no_reason(context, draft, entity, metric)
    if problem is not None:
        draft.refuse(context, metric.id, label_of(context, metric.label), problem, place)
        return None
    assert metric.where is not None
    told = metric.reason
    if told is None:
        return Reason(metric.entity, metric.where, metric.label)
    served = tuple(path for path in told.since if context.binding.serves(metric.entity, path))
    until = told.until if not told.until or context.binding.serves(metric.entity, told.until) else ()
    return Reason(metric.entity, metric.where, told.say or metric.label, served if until == told.until else (), until)


def _no_reason(context: Context, draft: Draft, entity: str, metric: Metric) -> Unresolved | None:
    """Why a metric names no records that need attention."""
    if metric.kind != "aggregate" or metric.time is not None or metric.where is None:
        return Unresolved(
            "bad-attention",
            "it counts no records that fulfil a condition at the report's date",
            "name such as `overdue_deals_count`, or write `{where: …, say: …}`",
        )
    binding = context.binding
    try:
        key = binding.catalogue.entities[entity].key or ""
        binding.need_reference(
            metric.entity, binding.resolve(metric.entity, _from(binding, metric.entity, entity, (entity, key)))
        )
    except Unresolved as why:
        return why
    everywhere = (*context.conditions, *draft.conditions)
    if metric.entity == entity:
        return unusable(context, metric, Rules(listed=True), (), everywhere)
    # What is filtered are the records that are named: whoever else's activity says so, they are a team's own.
    try:
        for tree in everywhere:
            binding.need_some(entity, tree, listed=True)
    except Unresolved as why:
        return why
    return unusable(context, metric, Rules(listed=True), (), ())


def _own_reason(context: Context, draft: Draft, entity: str, asked: Mapping[str, Any], place: Place) -> Reason | None:
    binding = context.binding
    quiet = Document("", "", None, {}) if draft.standard else context.document
    tree = user_condition(quiet, binding, str(asked["where"]), (*place, "where"), context.data)
    if tree is None:
        if draft.standard:
            raise ValueError("a report type has a condition that is none")  # never unfiltered
        return None
    say = asked["say"] if isinstance(asked["say"], Mapping) else {"en": str(asked["say"])}
    name = str(say.get(context.language) or say["en"])
    try:
        for one in (tree, *context.conditions, *draft.conditions):
            binding.need_some(entity, one, listed=True)
            if binding.currency is None and money_currencies(binding, entity, one):
                raise NO_CURRENCY
    except Unresolved as why:
        draft.refuse(context, name, name, why, (*place, "where"))
        return None
    since = asked.get("since")
    if since is None:
        return Reason(entity, tree, say)
    path = _usable(context, draft, entity, str(since), (*place, "since"))
    if path and binding.resolve(entity, path).field.type not in DATED:
        context.document.tell("bad-attention", f"`{since}` is no day and no time", (*place, "since"))
        return None
    return Reason(entity, tree, say, (path,) if path else ())


def _from(binding: Binding, entity: str, records: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """The path of a field of the records, seen from the entity whose rows tell a reason."""
    if entity == records:
        return path
    reached = binding.resolve(records, path)
    return (records, *reached.steps, path[-1])


def _of_records(binding: Binding, entity: str, records: str, conditions: Iterable[exp.Expr]) -> tuple[exp.Expr, ...]:
    """Conditions on the records, seen from the entity whose rows tell a reason."""
    if entity == records:
        return tuple(conditions)

    def seen(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, (exp.Column, exp.Dot)) or len(path := path_of(node)) < 2:
            return node
        return parse(".".join(_from(binding, entity, records, path)), packaged=True)

    return tuple(copied(tree).transform(seen, copy=False) for tree in conditions)


# Queries


def queries(report: Report, spec: AttentionSection) -> tuple[Query, ...]:
    """The records of each reason: their key, their amount, what is shown of them, and the days."""
    return tuple(_query(report, spec, reason, f"reason {at}") for at, reason in enumerate(spec.reasons, 1))


def _query(report: Report, spec: AttentionSection, reason: Reason, purpose: str) -> RecordsQuery:
    binding, entity = report.binding, reason.entity
    key = (spec.entity, str(binding.entity(spec.entity).key))
    apart = f"{'.'.join(spec.amount)}{OWN}" if _converted(binding, spec) else ""
    own = [(".".join(path), _from(binding, entity, spec.entity, path)) for path in (key, spec.amount)]
    shown = [(name, _from(binding, entity, spec.entity, path)) for name, path in spec.fields]
    days = [(".".join(path), path) for path in _days(reason)]
    called = tuple(replace(one, path=_from(binding, entity, spec.entity, one.path)) for one in spec.names if one.called)
    return RecordsQuery(
        spec.id,
        entity,
        (*own, *shown, *days, *([(apart, own[1][1])] if apart else [])),
        report.sides[0],
        _asked(report, spec, reason),
        ((own[1][1], True),),
        MOST,
        raw=frozenset({apart} if apart else ()),
        names=called,
        purpose=purpose,
        there=() if entity == spec.entity else (spec.entity,),
    )


def _asked(report: Report, spec: AttentionSection, reason: Reason) -> tuple[exp.Expr, ...]:
    """What rows meet that tell a reason: the conditions on the records, and its own."""
    return (*_of_records(report.binding, reason.entity, spec.entity, conditions_of(report, spec)), reason.condition)


def _converted(binding: Binding, spec: AttentionSection) -> bool:
    """Whether the amount may be in another currency than the report's, so that it may be there and not be known."""
    return bool(money_currencies(binding, spec.entity, exp.column(spec.amount[-1], table=spec.amount[0])))


def _days(reason: Reason) -> tuple[tuple[str, ...], ...]:
    return (*reason.since, *((reason.until,) if reason.until else ()))


# Figures


@dataclass(slots=True)
class _Named:
    """A record with the reasons for which it is named, and why its amount is not known, where it is not."""

    amount: Decimal | float | int | None
    lacks: Lack | None
    shown: tuple[Cell, ...]
    reasons: list[str]


def figures(report: Report, spec: AttentionSection, answers: Answers, footnotes: Footnotes) -> Section:
    """A row for each of the largest records with its reasons, all smaller ones in one, and what they come to."""
    chances = _chances(report, spec, answers)
    if chances is None:  # none is no record of any chance
        return section_of(spec, notes=tuple(chance_notes(report)), shape="sentences")
    found, cut = _found(report, spec, answers)
    words = vocabulary(report.language)["attention"]
    ordered = sorted(found.items(), key=lambda one: (one[1].amount is None, -(one[1].amount or 0), one[0]))
    named = [record for _, record in ordered]
    # One alone takes no less room where it is named than where it is called a smaller one.
    shown = named if len(named) <= spec.limit + 1 else named[: spec.limit]
    rest = named[len(shown) :]
    rows: list[tuple[Cell, ...]] = [
        (*one.shown, " · ".join(one.reasons), number(one.amount) if one.amount is not None else None) for one in shown
    ]
    blank = ("",) * (len(spec.fields) - 1)
    if rest:
        rows.append((_rest(report, rest, cut), *blank, "", None if cut else _sum(rest)))
    lacking = {lack: sum(one.lacks == lack for one in named) for lack in LACKS}
    notes = [
        words["lacking"][lack].format(_count(report, count, cut), report.binding.currency)
        for lack, count in lacking.items()
        if count and (len(named) > 1 or lack != "amount")
    ]
    section = section_of(
        spec,
        columns=_columns(report, spec),
        rows=tuple(rows),
        total=(None, *blank, "", _sum(named)) if len(named) > 1 and not cut else None,
        available_rows=len(rows),
        others=len(rest),
        in_mails=IN_MAILS,
        known_by=known_by(report.binding, spec.entity, spec.fields),
        notes=(
            *notes,
            *listed_of_today(report, ((one.entity, _asked(report, spec, one)) for one in spec.reasons)),
            *_still_kept(report, spec),
            *chances,
        ),
    )
    return or_none_there(report, section)


def _still_kept(report: Report, spec: AttentionSection) -> tuple[str, ...]:
    """What is to be said where a reason goes by records of today, and the source has no history of those that were
    closed after the report's date."""
    binding = report.binding
    entity = binding.entity(spec.entity)
    steps = {step for reason in spec.reasons for node in column_nodes(reason.condition) for step in path_of(node)[1:-1]}
    by_today = any(name in steps and relation.today for name, relation in entity.relations.items())
    if not by_today or report.reached >= report.known or not entity.history or binding.has_history(entity):
        return ()
    return (word(report.language, "still_kept", as_part(report.language, label(report, entity.plural))),)


def _rest(report: Report, rest: Sequence[_Named], cut: bool) -> str:
    """What the row of all that are not named is called: smaller are only those whose amount is known."""
    words = vocabulary(report.language)["attention"]
    smaller = sum(one.lacks is None for one in rest)
    named = [words["smaller"]["one" if smaller == 1 and not cut else "many"].format(_count(report, smaller, cut))]
    lacking = [(words["rest"][lack], sum(one.lacks == lack for one in rest)) for lack in LACKS]
    told = [text.format(_count(report, count, cut), report.binding.currency) for text, count in lacking if count]
    return " · ".join((*(named if smaller else []), *told))


def _count(report: Report, count: int, cut: bool) -> str:
    """How many there are, or at least are where not all are read."""
    number_of = in_number(report.language, count)
    return str(vocabulary(report.language)["attention"]["or_more"]).format(number_of) if cut else number_of


def _chances(report: Report, spec: AttentionSection, answers: Answers) -> Sequence[str] | None:
    """What is to be known of the chances of records, where they are asked for; None where only those of some chance
    are named, and there are none to be had."""
    asked = [answers.records(spec.id, f"reason {at}") for at in range(1, len(spec.reasons) + 1)]
    reading = [query for query in asked if query is not None and reads_chances(report.binding, query)]
    if report.chances != "shown" and any(cut_by_chances(report.binding, query) for query in reading):
        return None
    return chance_notes(report) if reading else ()


def _found(report: Report, spec: AttentionSection, answers: Answers) -> tuple[dict[str, _Named], bool]:
    """The records by their keys, and whether some reason has more of them than are read."""
    found: dict[str, _Named] = {}
    cut = False
    for at, reason in enumerate(spec.reasons, 1):
        query, table = answers.records(spec.id, f"reason {at}"), answers.table(spec.id, f"reason {at}")
        if query is None or table is None or not table.rows:
            continue
        cut = cut or int(table.rows[0][table.columns.index(AVAILABLE)]) > len(table.rows)
        fields = [report.binding.resolve(reason.entity, path).field for _, path in query.fields]
        own = len(query.fields) - 1 if query.raw else None
        told: set[str] = set()
        for row in table.rows:
            if row[0] is None or (key := str(row[0])) in told:
                continue  # of a record of which several rows tell the same reason, it is told once
            told.add(key)
            cells = tuple(labelled_value(report, one, value) for one, value in zip(fields, row, strict=False))
            shown, days = cells[2 : 2 + len(spec.fields)], cells[2 + len(spec.fields) : own]
            lacks = _lack(report, spec, row[1], row[own] if own is not None else None)
            record = found.setdefault(key, _Named(row[1], lacks, shown, []))
            record.reasons.append(_said(report, reason, days))
    return found, cut


def _lack(report: Report, spec: AttentionSection, amount: object, own: object) -> Lack | None:
    """Why an amount is not known, of which `own` is the same in its own currency."""
    if amount is not None:
        return None
    if own is not None:
        return "rate"
    tree = exp.column(spec.amount[-1], table=spec.amount[0])
    direct = _converted(report.binding, spec) or not needs_currency(report.binding, spec.entity, tree)
    return "amount" if direct else "amount_or_rate"


def _said(report: Report, reason: Reason, days: Sequence[Cell]) -> str:
    """A reason in words, with how long it has been one."""
    said = label(report, reason.say)
    since = next((day for day in days[: len(reason.since)] if isinstance(day, date)), None)
    until: Cell = days[-1] if reason.until else day_within(report.reached, report.binding.zone)
    if since is None or not isinstance(until, date) or since >= until:
        return said
    words = vocabulary(report.language)["attention"]
    return str(words["reason"]).format(said, _how_long(report.language, since, until))


def _how_long(language: str, since: date, until: date) -> str:
    """The time between two days: in days, from two months on in whole months."""
    words = vocabulary(language)["attention"]
    months = (until.year - since.year) * 12 + until.month - since.month - (until.day < since.day)
    unit, count = ("months", months) if months >= FEWEST_MONTHS else ("days", (until - since).days)
    return str(words[unit]["one" if count == 1 else "many"]).format(in_number(language, count))


def _sum(records: Sequence[_Named]) -> Cell:
    amounts = [Decimal(str(one.amount)) for one in records if one.amount is not None]
    return number(sum(amounts, Decimal())) if amounts else None


def _columns(report: Report, spec: AttentionSection) -> tuple[Column, ...]:
    words = vocabulary(report.language)["attention"]
    shown = (
        field_column(report, name, called_here(report.binding, spec.entity, path, report.language), found.field)
        for name, path in (*spec.fields, (".".join(spec.amount), spec.amount))
        for found in (report.binding.resolve(spec.entity, path),)
    )
    *fields, amount = shown
    return (*fields, Column("reasons", words["reasons"], "text"), amount)


def columns(context: Context, spec: AttentionSection) -> tuple[str, ...]:
    """What its columns are called."""
    return (*(name for name, _ in spec.fields), "reasons", ".".join(spec.amount))


ATTENTION = Kind(AttentionSection, check, queries, figures, columns)
