"""What there is to check of a source, for what a report reads of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Literal

from sqlglot import exp

from reportspec.databases import dialect_named
from reportspec.diagnostics import Span
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import PLACED
from reportspec.model.domain import Field, Metric
from reportspec.model.findings import CURRENCIES, LAST_TIME, Check, Kind
from reportspec.model.query import Side
from reportspec.model.spec import EACH
from reportspec.resolve.anchors import anchors
from reportspec.resolve.binding import Binding, Unresolved, leads_away, metrics_needed
from reportspec.resolve.emptiness import made_of
from reportspec.resolve.mapped_columns import OWN
from reportspec.sql.broken_history import kept_by
from reportspec.sql.rates import has_rates

_AHEAD = timedelta(days=366)  # how far before something happens a source may have it


def checks_of(
    binding: Binding,
    read: Mapping[str, frozenset[str]],
    conditions: Iterable[exp.Expr] = (),
    metrics: Iterable[Metric] = (),
    sides: Iterable[Side] = (),
    by_name: Collection[str] = (),
    now: date | None = None,
    then: datetime | None = None,
) -> tuple[Check, ...]:
    """All that can be checked of the entities that a report reads, by name with the fields that it
    reads of each. `conditions` are the report's filters, `metrics` what it shows of which times,
    `by_name` the entities by whose names it groups, `then` the instant up to which it is told."""
    checks: list[Check] = []
    for name, fields in read.items():
        if name in by_name:
            checks.append(Check("shared-name", name, binding.field(name, "name")))
        checks += _of_rates(binding, name)
        if not binding.source.entities[name].parts:
            checks += _of_expectations(binding, name, fields - _for_order(binding, name, read), then)
            continue  # the mapping's own rows are checked with it
        checks += _of_keys(binding, name)
        checks += _of_parts(binding, name, fields)
        checks += _of_orders(binding, name, fields)
        checks += _of_ties(binding, name, fields)
        checks += _of_history(binding, name, read)
        checks += _of_values(binding, name, fields)
        checks += _of_numbers(binding, name, fields)
        checks += _of_decimals(binding, name, fields)
        checks += _of_rounded_keys(binding, name, fields)
        checks += _of_sizes(binding, name, fields)
        checks += _of_currencies(binding, name, fields)
        checks += _of_relations(binding, name, fields, read)
        checks += _of_mergers(binding, name, read)
        checks += _of_expectations(binding, name, fields - _for_order(binding, name, read), then)
        checks += _of_odd_times(binding, name, fields, now)
    conditions, metrics = tuple(conditions), tuple(metrics)
    of_report = [*_of_conditions(binding, conditions), *_of_times(binding, metrics, sides, now)]
    of_report += _of_metrics(binding, conditions, metrics, {check.of: check for check in of_report})
    checks += [check for check in of_report if check.concerns(read)]
    return tuple(checks)


def _of_keys(binding: Binding, name: str) -> list[Check]:
    entity = binding.entity(name)
    checks = []
    key = binding.field(name, entity.key) if entity.key else None
    # A row whose key stands in for what the source does not have is one of its own.
    parts = binding.source.entities[name].parts
    if key is not None and key.default is None and binding.mapped(name, key.name) is not None:
        checks.append(Check("repeated-key", name, key))
        # The rows of one of several tables may have none, as its mapping says.
        if all(key.name in part.fields for part in parts):
            checks.insert(0, Check("no-key", name, key))
    if key is not None and key.default is None and binding.mapped(name, key.name) is None:
        given = [field.name for field in binding.fields(name) if binding.mapped(name, field.name) is not None]
        # By what a row is best told stands first: examples show it.
        given.sort(key=lambda field: field not in ("name", "title", "full_name", "email", "subject"))
        checks.append(Check("without-key", name, names=tuple(given)))
    joins = [join for part in parts for join in part.joins]
    checks += [Check("repeated-join", name, join=join) for join in joins if not join.fields and not join.first]
    return checks


def _of_parts(binding: Binding, name: str, fields: frozenset[str]) -> list[Check]:
    """The tables of a union that lack fields which others of it have, so that sums and counts of these are of
    the others alone. A line of the mapping that says `null` says so; what is shipped knows why."""
    mapped, checks = binding.source.entities[name], []
    for part in mapped.parts if len(mapped.parts) > 1 else ():
        lacking = tuple(
            field.name
            for field in binding.fields(name)
            if field.name in fields
            and field.name in mapped.fields
            and field.name not in part.fields
            and (field.default is None or leads_away(field.default))
        )
        if lacking and not part.lenient:
            checks.append(Check("part-without-field", name, part=part, names=lacking))
    return checks


def _of_orders(binding: Binding, name: str, fields: frozenset[str]) -> Iterator[Check]:
    """The orders of one's own mapping by which one row of several counts: whether they say which."""
    for part in binding.source.entities[name].parts:
        trees = [mapped_field.sql for field, mapped_field in part.fields.items() if field in fields]
        trees += [part.where] if part.where is not None else []
        trees += [ours for join in part.joins for _, ours in join.on]
        cells = list(dict.fromkeys(node for tree in trees for node in tree.find_all(exp.Column)))
        of_table = tuple(node for node in cells if node.table in ("", OWN))
        if part.latest is not None and of_table and not part.lenient:
            yield Check("undecided-order", name, part=part, cells=of_table)
        for join in part.joins:
            theirs = tuple(node for node in cells if node.table == join.name)
            if join.first and theirs and not join.lenient:
                yield Check("undecided-order", name, join=join, cells=theirs)


def _of_ties(binding: Binding, name: str, fields: frozenset[str]) -> Iterator[Check]:
    """What is made of an entity's rows in an order: whether rows that the order leaves in one place differ."""
    for derived in (binding.entity(tied).derived for tied in binding.catalogue.tied()):
        if derived is None or derived.source != name:
            continue
        ties = binding.ties(derived)
        if not ties or not fields.issuperset(ties):
            continue
        windows = [window for tree in derived.fields.values() for window in tree.find_all(exp.Window)]
        placed = [tree for window in windows for tree in (*window.args["partition_by"], window.args["order"])]
        paths = dict.fromkeys(path_of(node) for tree in placed for node in column_nodes(tree))
        own_fields = (path[1] for path in paths if len(path) == 2)
        keys = tuple(field for field in own_fields if binding.mapped(name, field) is not None)
        yield Check("tied-rows", name, names=keys, ties=ties)


def _of_history(binding: Binding, name: str, read: Mapping[str, frozenset[str]]) -> Iterator[Check]:
    """What records say now and their history says last, of what is read of both; and records that are open though
    the history ends in a state that wins or loses them."""
    history = binding.entity(name).history
    if history is None:
        return
    for field in binding.fields(name):
        kept = kept_by(binding, name, field.name) if field.name in read[name] and field.type != "text" else None
        if kept is not None and {kept.by, kept.at, kept.value} <= read.get(kept.entity, frozenset()):
            yield Check("history-differs", name, field)
    outcome, states = history.outcome, history.states
    status, kept = binding.field(name, outcome.field), kept_by(binding, name, history.stage)
    ends = all(binding.mapped(states.entity, one) is not None for one in (states.key, states.won, states.lost))
    if status is None or kept is None or not ends or {status.name, history.stage} - read[name]:
        return
    if binding.mapped(name, status.name) is not None and kept.entity in read:
        yield Check("closed-in-history", name, status)


def _of_values(binding: Binding, name: str, fields: frozenset[str]) -> list[Check]:
    return [
        Check("undeclared-value" if field.closed else "misspelt-value", name, field)
        for field in binding.fields(name)
        if field.values and field.name in fields and binding.mapped(name, field.name) is not None
    ]


def _of_numbers(binding: Binding, name: str, fields: frozenset[str]) -> list[Check]:
    """The columns that are to be numbers and hold texts, or may hold some: many a database makes a
    number of what a text begins with."""
    return [
        Check("text-number", name, field, part)
        for field in binding.fields(name)
        if field.type in ("money", "number", "integer") and field.name in fields
        for part in binding.source.entities[name].parts
        if (mapped := part.fields.get(field.name)) is not None
        and isinstance(mapped.sql, exp.Column)
        and mapped.holds in ("text", "any")
    ]


def _of_decimals(binding: Binding, name: str, fields: frozenset[str]) -> list[Check]:
    """The amounts that may have more decimals than are kept of one: of a price of 0.00004 nothing would be left. A
    database that keeps numbers as they are written loses none."""
    if dialect_named(binding.source.dialect).untyped:
        return []
    return [
        Check("too-fine", name, field, part)
        for field in binding.fields(name)
        if field.type == "money" and field.name in fields
        for part in binding.source.entities[name].parts
        if (mapped := part.fields.get(field.name)) is not None and mapped.finer
    ]


def _of_rounded_keys(binding: Binding, name: str, fields: frozenset[str]) -> list[Check]:
    """The keys that may have lost their last digits, since some program took them for numbers that are measured: those
    in columns of such numbers, and those that a spreadsheet wrote as 4.88E+18."""
    checks, read = [], {*fields, binding.entity(name).key}
    for field in binding.fields(name):
        if field.type != "key" or field.name not in read or binding.mapped(name, field.name) is None:
            continue
        parts = binding.source.entities[name].parts
        given = [(part, part.fields[field.name]) for part in parts if field.name in part.fields]
        checks += [Check("rounded-key", name, field, part) for part, mapped in given if mapped.exact_up_to]
        if not binding.key_kind(name, field.name) and any(mapped.holds in ("text", "any") for _, mapped in given):
            checks.append(Check("rounded-key", name, field))
    return checks


def _of_sizes(binding: Binding, name: str, fields: frozenset[str]) -> list[Check]:
    """The numbers that may be none (NaN), or larger than any: such a one passes conditions, falls in the highest bin
    and makes sums of its kind. Amounts, which some databases make the largest one of where they are larger."""
    return [
        Check("too-large", name, field)
        for field in binding.fields(name)
        if field.type in ("money", "number")
        and field.name in fields
        and (mapped := binding.mapped(name, field.name)) is not None
        and mapped.holds != "text"  # of which it is asked whether they are numbers at all
    ]


def _of_currencies(binding: Binding, name: str, fields: frozenset[str]) -> list[Check]:
    """The currencies of amounts: that each has one, and that all can be converted."""
    by_reading: dict[str, list[str]] = {}
    for field in binding.fields(name):
        known = binding.field(name, field.currency) if field.currency else None
        if known is None or field.name not in fields or not binding.gives(name, known.name):
            continue
        if binding.mapped(name, field.name) is not None and binding.mapped(name, known.name) is not None:
            by_reading.setdefault(known.name, []).append(field.name)
    if binding.currency is None:
        return []
    return [
        Check(kind, name, binding.field(name, currency), names=tuple(amounts))
        for currency, amounts in by_reading.items()
        for kind in CURRENCIES
    ]


def _of_rates(binding: Binding, name: str) -> list[Check]:
    """That a day has one exchange rate of a currency, and not several of which one would count by chance."""
    rates = binding.catalogue.exchange_rates
    if name != rates.entity or binding.currency is None or not has_rates(binding):
        return []
    return [Check("repeated-rate", name, binding.field(name, rates.rate))]


def _of_relations(
    binding: Binding, name: str, fields: frozenset[str], read: Mapping[str, frozenset[str]]
) -> list[Check]:
    checks: dict[tuple[str, str], Check] = {}  # a record then and now is one
    for relation in binding.entity(name).relations.values():
        key = binding.entity(relation.to).key
        if key is None or relation.to not in read or relation.by not in fields:
            continue
        if (relation.to, key) == (name, relation.by):
            continue  # each is its own
        both = (binding.mapped(name, relation.by), binding.mapped(relation.to, key))
        if None not in both:
            check = Check("no-partner", name, relation=relation)
            checks.setdefault((relation.to, relation.by), check)
    return list(checks.values())


def _of_mergers(binding: Binding, name: str, read: Mapping[str, frozenset[str]]) -> list[Check]:
    """That of each merged record one is left, where rows that are read name such records."""
    if not binding.merges(name):
        return []
    by_keys = any(binding.survivor_of(other, field) == name for other, fields in read.items() for field in fields)
    return [Check("no-survivor", name)] if by_keys else []


def _for_order(binding: Binding, name: str, read: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The fields of a history's rows that no figure reads: which of several changes in one instant came last is told
    by all that the history keeps of a record."""
    fields: set[str] = set()
    for entity in map(binding.entity, read):
        history = entity.history
        if (
            history is None
            or history.values is None
            or name not in made_of(binding.catalogue, history.values.entity)[1:]
        ):
            continue
        kept = (one for one in history.values.fields if binding.mapped(entity.name, one) is not None)
        fields.update(set(kept) - read[entity.name])
    return frozenset(fields)


def _of_expectations(binding: Binding, name: str, fields: frozenset[str], then: datetime | None) -> list[Check]:
    """What is expected of rows. What makes figures wrong is so in rows of any time."""
    entity = binding.entity(name)
    checks = []
    for expectation in entity.expects:
        names = [path_of(node)[-1] for node in column_nodes(expectation.unless)]
        about = set(expectation.about)
        if about <= fields and all(binding.gives(name, field) for field in names):
            kind: Kind = "impossible-rows" if expectation.wrong else "unlikely-rows"
            checks.append(Check(kind, name, expectation=expectation, then=None if expectation.wrong else then))
    return checks


def _of_odd_times(binding: Binding, name: str, fields: frozenset[str], now: date | None) -> list[Check]:
    """The times by which things happened, or are to happen. What has happened is not far ahead of now; a plan may
    be."""
    entity = binding.entity(name)
    field_names = list(binding.fields(name))
    events = {field.as_of.event for field in field_names if field.as_of is not None} | {entity.exists_from}
    return [
        Check(
            "odd-time",
            name,
            field,
            latest=now + _AHEAD if now is not None and field.change and field.name in events else LAST_TIME,
        )
        for field in field_names
        if field.type in ("date", "time") and field.name in fields and binding.mapped(name, field.name) is not None
    ]


def _of_conditions(binding: Binding, conditions: Iterable[exp.Expr]) -> list[Check]:
    """The texts that filters name and that the catalogue does not know, those of a field together: there may be
    thousands."""
    conditions_of: dict[tuple[str, str, bool], tuple[Field, dict[str, Span | None]]] = {}
    for tree in conditions:
        for owner, field, texts, how in _compared(binding, tree):
            # What a field may be by its nature, a source may well not have: no deal is lost so far.
            unknown = {text: place for text, place in texts.items() if text not in field.values}
            if unknown:
                _, known = conditions_of.setdefault((owner, field.name, how == "left out"), (field, {}))
                for text, place in unknown.items():
                    known.setdefault(text, place)
    return [
        Check("unknown-value", owner, field, names=tuple(texts), places=tuple(texts.values()), excludes=excludes)
        for (owner, _, excludes), (field, texts) in conditions_of.items()
    ]


How = Literal["asked", "left out", "told apart"]


def _compared(binding: Binding, tree: exp.Expr) -> Iterator[tuple[str, Field, dict[str, Span | None], How]]:
    """The mapped texts that an expression compares with words: the entity, the field, the words with
    their places in the spec, and whether it asks for them or for all else, or tells them apart in a CASE."""
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.In):
        values = node.expressions if isinstance(node, exp.In) else [node.expression]
        texts = {
            value.this: value.meta.get(PLACED) or node.meta.get(PLACED) or tree.meta.get(PLACED)
            for value in values
            if isinstance(value, exp.Literal) and value.is_string and value.this != EACH
        }
        if not texts or node.this not in column_nodes(node.this):
            continue
        path = path_of(node.this)
        try:
            reached = binding.resolve(path[0], path)
        except (Unresolved, KeyError):
            continue
        owner, field = binding.entity_at(path[0], reached.steps), reached.field
        mapped = binding.source.entities.get(owner)
        if field.type != "text" or mapped is None or not mapped.parts:
            continue
        if binding.mapped(owner, field.name) is not None:
            yield owner, field, texts, _how(node)


def _how(node: exp.Expr) -> How:
    """What a comparison with words does with the rows that have them."""
    excludes, at = isinstance(node, exp.NEQ), node.parent
    while at is not None:
        if isinstance(at, exp.Case | exp.If):
            return "told apart"
        excludes ^= isinstance(at, exp.Not)
        at = at.parent
    return "left out" if excludes else "asked"


def _of_metrics(
    binding: Binding,
    conditions: Iterable[exp.Expr],
    metrics: Iterable[Metric],
    told: Mapping[str, Check],
) -> list[Check]:
    """The fields that figures compare with words. Where these are declared and a row has another one, it
    may be the same in another language; of other fields, that the word occurs at all."""
    checks: dict[tuple[str, ...], Check] = {}
    trees: list[tuple[str, exp.Expr]] = [("", tree) for tree in conditions]
    for metric in metrics:
        for part in metrics_needed(binding.catalogue, metric):
            trees += [(metric.id, t) for t in (part.where, part.of) if t is not None]
            trees += [(metric.id, tree) for tree in _made_by(binding, part.entity)]
    for name, tree in trees:
        for owner, field, texts, how in _compared(binding, tree):
            if field.values and not field.closed and set(texts) & set(field.values):
                checks.setdefault((owner, field.name), Check("other-value", owner, field))
            elif not field.values and how == "asked" and name and f"{owner}.{field.name}" not in told:
                for text in texts:
                    check = Check("unknown-value", owner, field, names=(text,), metric=name)
                    checks.setdefault((owner, field.name, text), check)
    return list(checks.values())


def _made_by(binding: Binding, name: str) -> Iterator[exp.Expr]:
    """The conditions and the values by which an entity is made from others."""
    derived = binding.entity(name).derived
    if derived is None:
        return
    if derived.where is not None:
        yield derived.where
    yield from derived.fields.values()
    for source in (derived.source, derived.match.entity if derived.match else ""):
        if source and source != name:
            yield from _made_by(binding, source)


def _of_times(
    binding: Binding, metrics: Iterable[Metric], sides: Iterable[Side], now: date | None = None
) -> list[Check]:
    """The times by which metrics count, in the report's period and the one that it is compared with, as far as these
    have begun: nothing has happened yet in one to come."""
    found: dict[tuple[str, ...], Check] = {}
    sides = tuple(side for side in sides if now is None or side.start <= now)
    for metric in metrics:
        for part in metrics_needed(binding.catalogue, metric):
            for entity, name in anchors(binding, part):
                field = binding.field(entity, name)
                assert field is not None
                own = isinstance(part.time, exp.Column) and path_of(part.time) == (part.entity, name)
                for side in sides:
                    # What is compared with a stretch that the data have a part of only is compared with less.
                    late = ("late-start",) if side.name != "current" else ()
                    for kind in (*late, *(("no-rows",) if own else ())):
                        check = Check(kind, entity, field, side=side)
                        found.setdefault((entity, name, side.name, kind), check)
    return list(found.values())
