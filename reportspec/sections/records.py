"""A list of records: rows of one entity as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

from sqlglot import exp

from reportspec.calendar import period_label
from reportspec.diagnostics import suggestion
from reportspec.expression.sandbox import column_nodes, parse, path_of
from reportspec.expression.trees import conjuncts
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.dimensions import field_column, labelled_value
from reportspec.measures.metric_columns import Footnotes, label
from reportspec.measures.win_chances import chance_notes, cut_by_chances, reads_chances
from reportspec.measures.words import word
from reportspec.model.figures import Column, Section
from reportspec.model.query import Dimension, Query, RecordsQuery
from reportspec.model.spec import Regroup, Report, SectionSpec
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.resolve.called import called as called_here
from reportspec.resolve.conditions import field_named
from reportspec.resolve.currencies import money_currencies
from reportspec.resolve.document import Place
from reportspec.sections.asked_metrics import NO_CURRENCY
from reportspec.sections.asking import conditions_of
from reportspec.sections.context import Context, Draft, label_of, named_as, title_of
from reportspec.sections.section_kind import Kind, or_none_there, section_of
from reportspec.sections.sorting import turned_sort
from reportspec.sections.states_of_today import listed_of_today
from reportspec.sections.text import nothing_served
from reportspec.sql.record_rows import AVAILABLE

FieldPath = tuple[str, tuple[str, ...]]  # a field's name as it is written, and its path
MOST = 100_000  # records of a list, as in the schema; of more the caption tells
NAMES = ("name", "full_name", "title", "subject")  # the fields that name a record
CONVERTED = "__converted"  # behind the name of an amount that also stands in its own currency


@dataclass(frozen=True, slots=True)
class Listed:
    """Which records a list has: those that are `in` the period by a `time`, these and what is not over
    (`both`), only what is not over (`open`), or `all`."""

    time: str
    which: Literal["in", "both", "open", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsSection(SectionSpec):
    """The first `limit` records of an entity in an order: (path, from the largest down); `whole` if all of them
    are printed."""

    kind: ClassVar[str] = "records"
    tabled: ClassVar[bool] = True
    entity: str
    fields: tuple[FieldPath, ...] = ()
    sort: tuple[tuple[tuple[str, ...], bool], ...] = ()
    limit: int = 20
    whole: bool = False
    listed: Listed | None = None
    names: tuple[Dimension, ...] = ()

    @property
    def listed_names(self) -> tuple[Dimension, ...]:
        """What the people and stages that stand in a list are called."""
        return self.names

    def regrouped(self, change: Regroup) -> Self:
        """The same with members of one name told apart; where that are too many to be called one by one they stay as
        they are."""
        changed = tuple(change(one, self.names) for one in self.names)
        return replace(
            self, names=tuple(new if new.called else one for one, new in zip(self.names, changed, strict=True))
        )

    def keyed(self, key_of: Callable[[str], str | None]) -> Self:
        """The same with the records' key as its last column, where it has none."""
        return replace(self, fields=with_key(self.entity, self.fields, key_of(self.entity)))

    @property
    def paths(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The fields with the entity."""
        return tuple((self.entity, path) for _, path in self.fields)


def check(context: Context, draft: Draft) -> SectionSpec | None:
    """The fields that the source has, in a list to which the report's filters apply."""
    binding, spec = context.binding, draft.body
    entity = str(spec["entity"])
    if entity not in binding.catalogue.entities:
        context.document.tell(
            "unknown-entity",
            f"there is no entity `{entity[:60]}`",
            (*draft.inner, "entity"),
            suggestion(entity, binding.catalogue.entities),
        )
        return None
    try:
        binding.need_entity(entity)
    except Unresolved as why:
        return _absent(context, draft, entity, why)
    named = ((str(name), (*draft.inner, "fields", at)) for at, name in enumerate(spec["fields"]))
    fields = [(name, path) for name, place in named if (path := _usable(context, draft, name, place))]
    everywhere = (*context.conditions, *draft.conditions)
    if not _conditions_apply(context, draft, entity, everywhere):
        fields = []
    if not fields:
        return nothing_served(context, draft, _title(context, draft))
    listed, within = _listed(context, entity, spec, everywhere)
    order = _order(context, draft, fields) if spec.get("sort") else ()
    whole = spec.get("limit") == "all"
    return RecordsSection(
        **draft.common(context),
        title=_title(context, draft),
        entity=entity,
        fields=tuple(fields),
        sort=order,
        limit=MOST if whole else int(spec.get("limit", 20)),
        whole=whole,
        conditions=(*draft.conditions, *within),
        listed=listed,
        names=names_listed(binding, entity, fields),
    )


def names_listed(binding: Binding, entity: str, fields: Sequence[FieldPath]) -> tuple[Dimension, ...]:
    """The listed names of records of which there are few, and that stand in tables by their names."""
    found = ((name, path, binding.resolve(entity, path).field) for name, path in fields)
    return tuple(
        Dimension(name, path, field)
        for name, path, field in found
        if field.name == "name" and binding.entity(field.entity).idle_rows is not None
    )


def with_key(entity: str, fields: tuple[FieldPath, ...], key: str | None) -> tuple[FieldPath, ...]:
    """The fields of a list and behind them the records' key, unless it is among them or there is none."""
    if key is None or any(path == (entity, key) for _, path in fields):
        return fields
    return (*fields, (f"{entity}.{key}", (entity, key)))


def known_by(binding: Binding, entity: str, fields: Sequence[FieldPath]) -> tuple[str, ...]:
    """The columns by which the records of a list are known again: their key, else their names, else all texts and
    keys."""
    key = (entity, binding.entity(entity).key)
    typed = [(name, path, binding.resolve(entity, path).field) for name, path in fields]
    ways = (
        [name for name, path, _ in typed if path == key],
        [name for name, path, _ in typed if path[:-1] == (entity,) and path[-1] in NAMES],
        [name for name, _, field in typed if field.type in ("text", "key")],
    )
    return tuple(next((names for names in ways if names), []))


def _title(context: Context, draft: Draft) -> str:
    if "title" in draft.data:
        return title_of(context, draft, "records")
    return label_of(context, context.binding.catalogue.entities[draft.body["entity"]].plural)


def _absent(context: Context, draft: Draft, entity: str, why: Unresolved) -> SectionSpec | None:
    """What becomes of a list of an entity that the source does not have."""
    if draft.standard:
        draft.leave_out(context, named_as(context, entity), why)
        return nothing_served(context, draft, _title(context, draft))
    message = f"`{entity}` cannot be listed here: {why.message}"
    context.document.tell(why.code, message, (*draft.inner, "entity"), why.help)
    return None


def _usable(context: Context, draft: Draft, name: str, place: Place) -> tuple[str, ...] | None:
    """The path of a field that can be listed; None where it cannot, which is told or left out."""
    binding, entity = context.binding, str(draft.body["entity"])
    if field_named(binding, context.document, name, place) is None:
        return None
    path = tuple(name.split("."))
    try:
        binding.need_reference(entity, binding.resolve(entity, path), listed=True)
        if binding.currency is None and _of_several(context, draft, path, place):
            raise NO_CURRENCY
    except Unresolved as why:
        draft.refuse(context, name, named_as(context, name), why, place)
        return None
    return path


def _of_several(context: Context, draft: Draft, path: tuple[str, ...], place: Place) -> bool:
    """Whether it is an amount that may be in several currencies, and nothing says in which."""
    tree = parse(".".join(path), packaged=True)
    sorts = place[-1:] == ("sort",)
    shown = () if sorts else [tuple(str(name).split(".")) for name in draft.body["fields"]]
    return any(currency not in shown for currency in money_currencies(context.binding, str(draft.body["entity"]), tree))


def _conditions_apply(context: Context, draft: Draft, entity: str, conditions: Sequence[exp.Expr]) -> bool:
    """Whether each filter can apply to the entity; of one's own list it is told where one cannot."""
    binding, apply = context.binding, True
    for tree in conditions:
        try:
            binding.need_some(entity, tree, listed=True)
            if binding.currency is None and money_currencies(binding, entity, tree):
                raise NO_CURRENCY
        except Unresolved as why:
            if draft.standard:
                draft.leave_out(context, named_as(context, entity), why)
                apply = False
            else:
                names = ", ".join(".".join(path_of(n)) for n in column_nodes(tree))
                message = f"the filter on `{names}` cannot apply to `{entity}`: {why.message}"
                context.document.tell(why.code, message, draft.inner, why.help)
    return apply


def _order(context: Context, draft: Draft, fields: Sequence[FieldPath]) -> tuple[tuple[tuple[str, ...], bool], ...]:
    """By what the records are sorted: (path, from the largest down)."""
    written, place = str(draft.body["sort"]), (*draft.inner, "sort")
    name = written.removeprefix("-")
    turned = turned_sort(name, [*(shown for shown, _ in fields), name.strip().partition(" ")[0]])
    if turned is not None:
        context.document.tell("unknown-sort", f"`{name[:60]}` is no field", place, turned)
        return ()
    path = _usable(context, draft, name, place)
    return ((path, written.startswith("-")),) if path else ()


def _listed(
    context: Context, entity: str, spec: Mapping[str, Any], conditions: Sequence[exp.Expr]
) -> tuple[Listed | None, tuple[exp.Expr, ...]]:
    """Which of an entity's records are listed, and the condition that they are: those that belong to the
    report's period by their own time, and those that are not over. What the section's conditions say of
    that already is not said again. None for an entity without such a time."""
    by = context.binding.catalogue.entities[entity].listed_by
    if by is None:
        return None, ()
    equalities = [_equals(equality) for tree in conditions for equality in conjuncts(tree)]
    still = _equals(by.open) if by.open is not None else None
    if still is not None and still in equalities:
        return Listed("", "open"), ()
    apart = still is not None and any(equality is not None and equality[0] == still[0] for equality in equalities)
    time = exp.column(by.time, table=entity)
    tree: exp.Expr = exp.And(
        this=exp.GTE(this=time, expression=exp.column("period_start")),
        expression=exp.LT(this=time.copy(), expression=exp.column("period_end")),
    )
    if by.open is not None and not apart:
        tree = exp.Or(this=exp.Paren(this=tree), expression=exp.Paren(this=by.open.copy()))
    try:
        context.binding.need_tree(entity, tree)
    except Unresolved:
        return Listed("", "all"), ()
    if spec.get("period") == "all":
        return (None if _by_times(context.binding, conditions) else Listed("", "all")), ()
    which: Literal["in", "both"] = "in" if by.open is None or apart else "both"
    return Listed(by.time, which), (exp.Paren(this=tree),)


def _by_times(binding: Binding, conditions: Sequence[exp.Expr]) -> bool:
    """Whether conditions say of which time records are: they are not all, though the period does not cut them."""
    paths = [path_of(node) for tree in conditions for node in column_nodes(tree)]
    fields = [binding.resolve(path[0], path).field for path in paths if len(path) > 1]
    return any(field.type in ("date", "time") for field in fields)


def _equals(tree: exp.Expr) -> tuple[str, str] | None:
    """The field and the text of `deal.status = 'open'`."""
    inner = tree.unnest()
    if not isinstance(inner, exp.EQ) or not isinstance(inner.expression, exp.Literal):
        return None
    return inner.this.sql(), str(inner.expression.this)


def queries(report: Report, spec: RecordsSection) -> tuple[Query, ...]:
    """The records."""
    fields, raw = record_fields(report.binding, spec)
    conditions, side = conditions_of(report, spec), report.sides[0]
    called = tuple(one for one in spec.names if one.called)
    whole = report.binding.entity(spec.entity).part_of
    there = (whole,) if whole is not None else ()
    return (
        RecordsQuery(
            spec.id, spec.entity, fields, side, conditions, spec.sort, spec.limit, raw=raw, names=called, there=there
        ),
    )


def record_fields(
    binding: Binding, spec: RecordsSection
) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], frozenset[str]]:
    """The columns of a list of records, by name and path, and which of them are amounts in their own
    currency. Beside its currency an amount is one, and stands in the report's as well."""
    there = {path for _, path in spec.fields}
    beside: dict[str, tuple[str, ...]] = {}  # the currencies of amounts that stand beside theirs
    for name, path in spec.fields:
        currency = (*path[:-1], binding.resolve(spec.entity, path).field.currency or "")
        if binding.currency and currency in there:
            beside[name] = currency
    columns: list[tuple[str, tuple[str, ...]]] = []
    waiting: list[tuple[str, tuple[str, ...]]] = []
    for index, (name, path) in enumerate(spec.fields):
        columns.append((name, path))
        if name in beside:
            waiting.append((f"{name}{CONVERTED}", path))
        # An amount, its currency, what it comes to: in this order where they stand together.
        following = spec.fields[index + 1 : index + 2]
        if not following or following[0][1] not in beside.values():
            columns, waiting = [*columns, *waiting], []
    return tuple(columns), frozenset(beside)


def figures(report: Report, spec: RecordsSection, answers: Answers, footnotes: Footnotes) -> Section:
    """Rows of the source as they are."""
    query, table = answers.records(spec.id), answers.table(spec.id)
    assert query is not None
    assert table is not None
    reading = reads_chances(report.binding, query)
    if reading and report.chances != "shown" and cut_by_chances(report.binding, query):
        return section_of(spec, notes=tuple(chance_notes(report)), shape="sentences")  # none is no row of any chance
    fields = [report.binding.resolve(spec.entity, path).field for _, path in query.fields]
    rows = [
        tuple(labelled_value(report, field, value) for field, value in zip(fields, row, strict=False))
        for row in table.rows
    ]
    at = table.columns.index(AVAILABLE)
    section = section_of(
        spec,
        columns=tuple(_column(report, spec, query, name, path) for name, path in query.fields),
        rows=tuple(rows),
        available_rows=int(table.rows[0][at]) if table.rows else 0,
        notes=(
            *_which(report, spec),
            *listed_of_today(report, ((spec.entity, conditions_of(report, spec)),)),
            *_unrated(report, query, table.rows),
            *(chance_notes(report) if reading else ()),
        ),
        whole=spec.whole,
        known_by=known_by(report.binding, spec.entity, spec.fields),
    )
    return or_none_there(report, section)


def _column(report: Report, spec: RecordsSection, query: RecordsQuery, name: str, path: tuple[str, ...]) -> Column:
    text = called_here(report.binding, spec.entity, path, report.language)
    column = field_column(report, name, text, report.binding.resolve(spec.entity, path).field)
    if name in query.raw:
        return replace(column, unit=None, currency=None)
    if name.endswith(CONVERTED):
        return replace(column, label=f"{column.label} ({column.currency})")
    return column


def _unrated(report: Report, query: RecordsQuery, rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """How many of the amounts that stand in their own currency do not stand in the report's, for which no rate is
    known on their day."""
    at = {name: place for place, (name, _) in enumerate(query.fields)}
    for name, path in query.fields:
        own = at.get(name.removesuffix(CONVERTED)) if name.endswith(CONVERTED) else None
        if own is None:
            continue
        count = sum(row[own] is not None and row[at[name]] is None for row in rows)
        if count:
            called = called_here(report.binding, query.entity, path, report.language)
            currency = report.binding.currency or ""
            yield word(report.language, "records_unrated", called, report.number(count), currency)


def _which(report: Report, spec: RecordsSection) -> tuple[str, ...]:
    """Which records a list has, in words."""
    if spec.listed is None:
        return ()
    time = report.binding.entity(spec.entity).fields.get(spec.listed.time)
    name = label(report, time.label) if time is not None else ""
    period = period_label(report.period, report.language, report.locale)
    return (word(report.language, f"records_{spec.listed.which}", period, name),)


def columns(context: Context, spec: RecordsSection) -> tuple[str, ...]:
    """What its columns are called."""
    return tuple(name for name, _ in record_fields(context.binding, spec)[0])


RECORDS = Kind(RecordsSection, check, queries, figures, columns)
