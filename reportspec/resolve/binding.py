"""The catalogue bound to one source: which names exist there, and how one is reached from another.

Names are resolved here and nowhere else. A field is reached from an entity over many-to-one
relations only, so that no join can multiply rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import field, replace
from datetime import tzinfo
from typing import Any

from sqlglot import exp

from reportspec.catalogue.shelf import Shelf
from reportspec.diagnostics import meant_by
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import of_neighbour
from reportspec.expression.types import KINDS, Kind, Named
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import SINCE, Catalogue, Derived, Entity, Field, History, Metric, Relation
from reportspec.model.mapped import MappedField, SourceMap
from reportspec.remembered import remembered
from reportspec.resolve.emptiness import keeps_states, made_of, sums_up
from reportspec.resolve.inherited import default_of
from reportspec.resolve.nothing import never_so, path_empty_because

INSTANTS = ("as_of", "period_start", "period_end")
# What a formula may use besides metrics: how many days of the period have begun.
PERIOD_LENGTHS = ("period_days",)


MOST_STEPS = 6  # relations that a field's name may go along: each is a join


class Unresolved(Exception):
    """A name that cannot be used; `code` and `help` go into the diagnostic."""

    def __init__(self, code: str, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.help = code, message, help


class Missing(Unresolved):
    """A name that is known, but that this source does not give."""

    def __init__(self, name: str, message: str, help: str | None = None) -> None:
        super().__init__("unmapped-field", message, help)
        self.name = name


class Unlisted(Missing):
    """A field that is learned from the past, where it is asked for in other places than lists."""

    def __init__(self, name: str) -> None:
        why = f"`{name}` is learned from past periods as of the report's date: lists of rows have it, and no figure"
        help = "list the rows with `records` or `attention`; sections of the kind `forecast` count with these chances"
        super().__init__(name, why, help)
        self.code = "lists-only"


@dataclass(frozen=True, slots=True)
class Reference:
    """A field and the relations that lead to it from the entity where one starts."""

    steps: tuple[str, ...]
    field: Field


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """A catalogue, a source's mapping and the settings that decide what fields mean."""

    catalogue: Catalogue
    source: SourceMap
    zone: tzinfo  # of the report
    source_zone: tzinfo  # of the source's times that carry no zone
    currency: str | None
    extra_fields: dict[str, dict[str, Field]] = field(default_factory=dict)
    _found: dict[tuple[str, tuple[str, ...]], Reference] = field(default_factory=dict)
    _typed: dict[tuple[str, str], str] = field(default_factory=dict)
    _past: dict[str, bool] = field(default_factory=dict)
    # No argument, so that a copy of a binding never has the answers of the other.
    remembered: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def over(self, source: SourceMap) -> Binding:
        """The same catalogue and settings over another mapping."""
        return replace(self, source=source, _found={}, _typed={}, _past={})

    def entity(self, name: str) -> Entity:
        """The entity of that name. Raises Unresolved."""
        try:
            return self.catalogue.entities[name]
        except KeyError:
            raise Unresolved("unknown-entity", f"no entity named `{name}`") from None

    def field(self, entity: str, name: str) -> Field | None:
        """A canonical field, or one that the mapping adds."""
        known = self.catalogue.entities[entity].fields.get(name)
        return known or self.extra_fields.get(entity, {}).get(name)

    def fields(self, entity: str) -> Iterator[Field]:
        """All fields of an entity, the mapping's own ones last."""
        yield from self.catalogue.entities[entity].fields.values()
        yield from self.extra_fields.get(entity, {}).values()

    def mapped(self, entity: str, name: str) -> MappedField | None:
        """How the mapping gives a field, or None."""
        mapped = self.source.entities.get(entity)
        return mapped.fields.get(name) if mapped else None

    def resolve(self, base: str, path: tuple[str, ...]) -> Reference:
        """The field that a dotted name means, seen from `base`. Raises Unresolved."""
        key = (base, path)
        if key not in self._found:
            self._found[key] = self._resolve(base, path)
        return self._found[key]

    def _resolve(self, base: str, path: tuple[str, ...]) -> Reference:
        if len(path) < 2:
            name = path[0]
            owners = [e for e in (base, *self.catalogue.entities) if self.field(e, name)]
            help = meant_by(name, f"{owners[0]}.{name}", sure=len(owners) == 1) if owners else None
            raise Unresolved("unknown-field", f"`{name}` is not a field; fields are written `entity.field`", help)
        head, *middle, last = path
        if len(middle) > MOST_STEPS:
            raise Unresolved("unknown-relation", f"a field's name has at most {MOST_STEPS + 2} parts")
        if head not in self.catalogue.entities:
            raise Unresolved("unknown-entity", f"no entity named `{head}`")
        steps = () if head == base else self.way(base, head)
        at = head
        for name in middle:
            relation = self.catalogue.entities[at].relations.get(name)
            if relation is None:
                raise Unresolved("unknown-relation", f"`{at}` has no relation `{name}`")
            steps, at = (*steps, name), relation.to
            if at not in self.catalogue.entities:
                raise Unresolved("unknown-entity", f"no entity named `{at}`, to which `{name}` leads")
        field = self.field(at, last)
        if field is None:
            raise Unresolved("unknown-field", f"`{at}` has no field `{last}`")
        return Reference(steps, field)

    def kinds(self, base: str | None = None, paired: str | None = None) -> Named:
        """The kinds of fields as they are named from an entity, or from the first of their own names.
        What cannot be named is unknown here, and told elsewhere."""

        def named(node: exp.Expr) -> Kind:
            path = path_of(node)
            if len(path) == 1:
                return Kind.TIME if path[0] in INSTANTS else Kind.UNKNOWN
            try:
                if path[0] == paired and len(path) == 2:
                    field = self.field(*path)
                else:
                    field = self.resolve(base or path[0], path).field
            except Unresolved:
                return Kind.UNKNOWN
            return KINDS[field.type] if field is not None else Kind.UNKNOWN

        return named

    def way(self, base: str, target: str) -> tuple[str, ...]:
        """The relations that lead from one entity to another: the stated role, else the only
        shortest way. Raises Unresolved where there is none, or more than one."""
        role = self.catalogue.entities[base].roles.get(target)
        if role is not None:
            return role
        ways = _shortest(self.catalogue, base, target)
        if not ways:
            back = _shortest(self.catalogue, target, base)
            if back:
                raise Unresolved(
                    "fan-out",
                    f"one {_text(self, base)} can have many of `{target}`: going there would count it once for each",
                    f"start from `{target}` instead, or use a field of `{base}`",
                )
            raise Unresolved("unreachable", f"no relation leads from `{base}` to `{target}`")
        if len(ways) > 1:
            names = ", ".join(f"`{'.'.join((base, *way))}`" for way in ways[:4])
            raise Unresolved(
                "ambiguous-relation",
                f"more than one relation leads from `{base}` to `{target}`",
                f"write which: {names}",
            )
        return ways[0]

    def entity_at(self, base: str, steps: tuple[str, ...]) -> str:
        """The entity where a way ends."""
        at = base
        for step in steps:
            at = self.catalogue.entities[at].relations[step].to
        return at

    # What the source can serve

    def gives(self, entity: str, name: str) -> bool:
        """Whether the source gives a field: an optional one that is not mapped is only null."""
        known = self.field(entity, name)
        if known is None or _missing(self, entity, name) is not None:
            return False
        if self.mapped(entity, name) is not None:
            return True
        computed = known.expr or self.default(entity, known) or self.catalogue.entities[entity].derived
        return bool(computed) and not self._null_today(entity, name)

    def default(self, entity: str, field: Field) -> exp.Expr | None:
        """A field's default: none for an optional one that the source cannot serve, which is null then."""
        if field.default is None or not field.optional:
            return default_of(self, entity, field.name)
        return default_of(self, entity, field.name) if _lacking(self, entity, field.default) is None else None

    def stands_in(self, entity: str, field: Field) -> exp.Expr | None:
        """What stands for a mapped field where a row has none of it, if that is another record's and
        the source gives it. A row's own fields fill in where the row is read."""
        if field.default is None or not leads_away(field.default):
            return None
        return default_of(self, entity, field.name) if _lacking(self, entity, field.default) is None else None

    def _null_today(self, entity: str, name: str) -> bool:
        """Whether a field is one of today's records, copied as it is, that the source does not give."""
        known, derived = self.field(entity, name), self.catalogue.entities[entity].derived
        tree, base = (known.expr or known.default) if known else None, entity
        if tree is None and derived is not None:
            tree, base = derived.fields.get(name), derived.source
        if not isinstance(tree, (exp.Column, exp.Dot)) or path_of(tree)[0] != base:
            return False
        reference = self.resolve(base, path_of(tree))
        at = base
        for step in reference.steps:
            relation = self.catalogue.entities[at].relations[step]
            if relation.today and not self.has_today(relation, reference.field):
                return True
            at = relation.to
        return self._null_today(at, reference.field.name)

    def has_entity(self, name: str) -> bool:
        """Whether the source gives this entity's rows."""
        derived = self.catalogue.entities[name].derived
        if derived is None:
            # A history without rows is none: no record would seem to have been in any state.
            return name in self.source.entities and not (
                name in self.source.empty and keeps_states(self.catalogue, name)
            )
        if derived.match is not None and not self.has_entity(derived.match.entity):
            return False
        return self.has_entity(derived.source)

    def has_history(self, entity: Entity) -> bool:
        """Whether past states of an entity can be read from its history in this source."""
        if entity.history is None:
            return False
        known = self._past.get(entity.name)
        if known is None:
            known = self._past[entity.name] = self._gives_history(entity, entity.history)
        return known

    def past_values(self, entity: Entity) -> tuple[str, ...]:
        """The fields of an entity of which the source's history has what they were."""
        return _past_values(self, entity.name)

    def _gives_history(self, entity: Entity, history: History) -> bool:
        states = self.catalogue.entities[history.entity]
        if not self.has_entity(states.name):
            return False
        try:
            if entity.key is not None:
                self.need(entity.name, entity.key)
            for name in (history.by, history.entered, history.stage):
                self.need(states.name, name)
            for name in (history.states.won, history.states.lost, history.states.order):
                self.need(history.states.entity, name)
        except Missing:
            return False
        return True

    def key_kind(self, entity: str, name: str) -> str:
        """What statements have a key as: as the source has it, where it is of a kind whose values are equal exactly
        where their texts are, to be compared with others of that kind; empty where they have it as a text."""
        if self.source.keys == "text":
            return ""
        known = self._typed.get((entity, name))
        if known is None:
            known = self._typed[entity, name] = self._key_kind(self.entity(entity), name)
        return known

    def _key_kind(self, entity: Entity, name: str) -> str:
        field = self.field(entity.name, name)
        if field is None or field.type != "key" or field.expr is not None:
            return ""
        if field.default is not None:
            return ""  # a row may have either the field or what stands in for it
        if entity.derived is not None:
            tree = entity.derived.fields.get(name)
            if of_neighbour(tree):
                tree = tree.this.this
            if not isinstance(tree, (exp.Column, exp.Dot)):
                return ""
            path = path_of(tree)
            if entity.derived.match is not None and path[0] == entity.derived.match.entity:
                return self.key_kind(*path) if len(path) == 2 else ""
            reference = self.resolve(entity.derived.source, path)
            owner = self.entity_at(entity.derived.source, reference.steps)
            as_of = reference.field.as_of  # before its event it was null, or some text
            return self.key_kind(owner, reference.field.name) if as_of is None or as_of.before is None else ""
        history = entity.history if self.has_history(entity) else None
        own = self._mapped_kind(entity, name)
        if history is not None and name in (history.stage, history.outcome.lost_from):
            past = self.key_kind(history.entity, history.stage)
            if name == history.outcome.lost_from and self.mapped(entity.name, name) is None:
                return past  # what it was lost from only the history says
            return own if own == past else ""
        return own

    def merges(self, name: str) -> bool:
        """Whether the source says which records of an entity were merged into others."""
        entity = self.catalogue.entities[name]
        into, key = entity.merged_into, entity.key
        if into is None or key is None or entity.derived is not None:
            return False
        return self.mapped(name, into) is not None and self.mapped(name, key) is not None

    def survivor_of(self, entity: str, name: str) -> str | None:
        """The entity whose records a key of an entity's rows names, if the source says which of them were merged into
        others: the key is read as that of the record that is left."""
        return _survivor_of(self, entity, name)

    def survivor_kind(self, name: str) -> str:
        """What statements have the keys of merged records as, and of those that are left, as `key_kind` says it."""
        entity = self.entity(name)
        assert entity.key is not None
        assert entity.merged_into is not None
        kind = self.key_kind(name, entity.key)
        # Of whole numbers all databases know which one is the greatest.
        return kind if kind == "integer" and kind == self.key_kind(name, entity.merged_into) else ""

    def _mapped_kind(self, entity: Entity, name: str) -> str:
        kind = self._recorded_kind(entity, name)
        merged = self.survivor_of(entity.name, name) if kind else None
        return kind if merged is None or kind == self.survivor_kind(merged) else ""

    def recorded_kind(self, entity: str, name: str) -> str:
        """The same of a key as the source's rows have it, whatever it was merged into."""
        field = self.field(entity, name)
        if self.source.keys == "text" or field is None or field.default is not None:
            return ""
        return self._recorded_kind(self.entity(entity), name)

    def _recorded_kind(self, entity: Entity, name: str) -> str:
        mapped = self.source.entities.get(entity.name)
        if mapped is None or len(mapped.parts) != 1 or name not in mapped.fields:
            return ""
        return "typed" if self.source.keys == "typed" else mapped.fields[name].key_kind

    def need(self, entity: str, name: str) -> None:
        """Nothing, if the source gives the field. Raises Missing otherwise."""
        problem = _missing(self, entity, name)
        if problem:
            raise Missing(problem[0], problem[1], problem[2])

    def need_tree(self, base: str, tree: exp.Expr | None, *, listed: bool = False) -> None:
        """Nothing, if all that an expression names exists and is given; `listed` says that it is of a list, which may
        have what is learned. Raises Unresolved."""
        if tree is None:
            return
        for node in column_nodes(tree):
            path = path_of(node)
            if len(path) == 1 and path[0] in INSTANTS:
                continue
            self.need_reference(base, self.resolve(base, path), listed=listed)

    def need_some(self, base: str, tree: exp.Expr | None, *, listed: bool = False) -> None:
        """The same, if rows can have what it says: a condition that none can meet, or a value that is
        null in all of them, would make a 0 that nobody counted. Raises Unresolved."""
        key = (Binding.need_some, base, listed, id(tree))
        if tree is None or key in self.remembered:
            return
        self.need_tree(base, tree, listed=listed)
        self._need_cause(never_so(self, base, tree))
        self.remembered[key] = tree  # kept, so that nothing else gets its id

    def need_some_of(self, base: str, path: tuple[str, ...]) -> None:
        """Nothing, if rows can have a value of a field that they are grouped by. Raises Unresolved."""
        self.need_reference(base, self.resolve(base, path))
        self._need_cause(path_empty_because(self, base, path))

    def _need_cause(self, cause: str | None) -> None:
        if cause is not None:
            raise Missing(*_not_given(self, *cause.split(".")))

    def need_entity(self, name: str) -> None:
        """Nothing, if the source can give an entity's rows: of a derived one also what decides
        which rows there are. Raises Missing."""
        key = (Binding.need_entity, name)
        if key in self.remembered:
            return
        if not self.has_entity(name):
            raise _no_entity(self, name)
        derived = self.catalogue.entities[name].derived
        if derived is not None:
            self._need_made(derived)
        self.remembered[key] = True

    def _need_made(self, derived: Derived) -> None:
        self.need_derived(derived, derived.where)
        if derived.where is not None:
            paired = derived.match.entity if derived.match is not None else None
            self._need_cause(never_so(self, derived.source, derived.where, paired))
        for key in derived.group_by:
            self.need_derived(derived, derived.fields.get(key))
        if derived.match is not None:
            self.need_derived(derived, derived.match.on)
            self.need_entity(derived.match.entity)
        self.need_entity(derived.source)

    def need_derived(self, derived: Derived, tree: exp.Expr | None) -> None:
        """Nothing, if all that an expression of a derived entity names is given. Raises Unresolved."""
        for node in column_nodes(tree) if tree is not None else ():
            path = path_of(node)
            if derived.match is not None and path[0] == derived.match.entity and len(path) == 2:
                self.need(*path)
            elif not (len(path) == 1 and path[0] in INSTANTS):
                self.need_reference(derived.source, self.resolve(derived.source, path))

    def ties(self, derived: Derived) -> tuple[str, ...]:
        """The fields that tell rows apart which stand in one place of an order, as far as the source has them."""
        return tuple(name for name in derived.ties if self.mapped(derived.source, name) is not None)

    def serves(self, base: str, path: tuple[str, ...]) -> bool:
        """Whether the source gives the field at the end of a path, and all keys on the way."""
        try:
            self.need_reference(base, self.resolve(base, path))
        except Unresolved:
            return False
        return True

    def need_reference(self, base: str, reference: Reference, *, listed: bool = False) -> None:
        """Nothing, if the source gives a field and all keys on the way, and it may stand where it is asked for.
        Raises Missing."""
        at = base
        for step in reference.steps:
            relation = self.catalogue.entities[at].relations[step]
            if relation.today and not self.has_today(relation, reference.field):
                return
            if self.is_own_record(at, relation):
                continue
            self.need(at, relation.by)
            if not self.has_entity(relation.to) or self._sums_nothing(at, relation.to):
                raise _no_entity(self, relation.to)
            at = relation.to
            key = self.catalogue.entities[at].key
            if key is not None:
                self.need(at, key)  # without it no row would be found, in silence
        self.need(at, reference.field.name)
        if not listed and self.learned(reference.field):
            raise Unlisted(reference.field.id)

    def _sums_nothing(self, base: str, name: str) -> bool:
        """Whether an entity has a row for what there are several of, and the source none of these: that a record has no
        such row beside it says nothing of it then."""
        of = sums_up(self.catalogue, name) if self.source.empty else ""
        return of in self.source.empty and of not in made_of(self.catalogue, base)

    def learned(self, field: Field) -> bool:
        """Whether a field is what forecasts learn of a row's chance."""
        owner = self.catalogue.entities.get(field.entity)
        return owner is not None and owner.forecasting is not None and owner.forecasting.chance == field.id

    def with_expression(self, field: Field, tree: exp.Expr) -> Binding:
        """The same with another expression for a computed field."""
        entities = self.catalogue.entities

        def made(name: str) -> Entity:
            entity = entities[name]
            if name != field.entity:
                return entity
            return replace(entity, fields={**entity.fields, field.name: replace(field, expr=tree)})

        catalogue = replace(self.catalogue, entities=Shelf(dict.fromkeys(entities), made))
        return replace(self, catalogue=catalogue, _found={}, _typed={}, _past={})

    def is_own_record(self, entity: str, relation: Relation) -> bool:
        """Whether a relation to today's records leads from a row to that row itself: without a key there is no history
        either, and a row is what its record is today."""
        return relation.today and relation.to == entity and self.mapped(entity, relation.by) is None

    def has_today(self, relation: Relation, field: Field) -> bool:
        """Whether the source gives a field of the records that a relation to today's leads to."""
        return self.mapped(relation.to, field.name) is not None

    def storage(self, entity: str, name: str) -> str:
        """`date` where the source keeps whole days, else `time`."""
        return _storage(self, entity, name)

    def storage_of(self, base: str, tree: exp.Expr) -> str:
        """`date` if every field in an expression of times keeps whole days, else `time`."""
        return self.paired_storage(base, None, tree)

    def paired_storage(self, base: str, paired: str | None, tree: exp.Expr) -> str:
        """The same, where fields of the entity that rows are paired with may stand too."""
        kinds = set()
        for node in column_nodes(tree):
            path = path_of(node)
            if len(path) < 2:
                continue
            if path[0] == paired and len(path) == 2:
                owner, field = path[0], self.field(*path)
            else:
                reference = self.resolve(base, path)
                owner, field = self.entity_at(base, reference.steps), reference.field
            if field is not None and field.type in ("date", "time"):
                kinds.add(self.storage(owner, field.name))
        return "date" if kinds == {"date"} else "time"


def leads_away(tree: exp.Expr) -> bool:
    """Whether an expression names fields of other records than its own."""
    return any(len(path_of(node)) > 2 for node in column_nodes(tree))


def _text(binding: Binding, entity: str) -> str:
    return binding.catalogue.entities[entity].label["en"].lower()


def _no_entity(binding: Binding, entity: str) -> Missing:
    """What is told of an entity that the source cannot give: of a derived one, which of those that it is
    made of is not mapped."""
    origin = entity
    while (derived := binding.catalogue.entities[origin].derived) is not None:
        pairs = derived.match is not None and binding.has_entity(derived.source)
        origin = derived.match.entity if derived.match and pairs else derived.source
    if origin in binding.source.lacks:
        return Missing(origin, *_lacked(binding, origin))
    if origin in binding.source.empty:
        return Missing(
            origin,
            f"the source has no rows of `{origin}`, so that nothing can be told of other records by them",
            "see why its table is empty, or leave out what needs it",
        )
    return Missing(
        origin,
        f"the mapping `{binding.source.name}` gives no `{origin}`",
        f"map it under `entities: {origin}:`",
    )


@remembered
def _missing(binding: Binding, entity: str, name: str) -> tuple[str, str, str | None] | None:
    """Why a field is not available, as (name, message, help), or None if it is."""
    spec = binding.field(entity, name)
    if spec is None:
        return (f"{entity}.{name}", f"`{entity}` has no field `{name}`", None)
    if not binding.has_entity(entity):
        problem = _no_entity(binding, entity)
        return (problem.name, problem.message, problem.help)
    description = binding.catalogue.entities[entity]
    if description.derived is not None and spec.expr is None:
        return _lacking_derived(binding, description.derived, name)
    if binding.mapped(entity, name) is not None:
        return None
    if spec.optional:
        return _untold(binding, description, name)
    tree = spec.expr or spec.default
    if tree is not None:
        return _lacking(binding, entity, tree)
    return _not_given(binding, entity, name)


def _untold(binding: Binding, entity: Entity, name: str) -> tuple[str, str, str | None] | None:
    """Why nobody knows from which state rows were lost: neither they nor a history tell. It would look as if they had
    been in none."""
    history = entity.history
    if history is None or name != history.outcome.lost_from or binding.has_history(entity):
        return None
    field, message, help = _not_given(binding, entity.name, name)
    return (field, f"{message}, and there is no history of {entity.plural['en'].lower()} that would tell it", help)


def _not_given(binding: Binding, entity: str, name: str) -> tuple[str, str, str | None]:
    """What is told of a field that nothing gives: (name, message, help)."""
    field, history = f"{entity}.{name}", binding.catalogue.entities[entity].history
    if name == SINCE and history is not None and not binding.has_history(binding.catalogue.entities[entity]):
        needed = (history.states.entity, history.entity)
        missing = _no_entity(binding, next((one for one in needed if not binding.has_entity(one)), history.entity))
        return (missing.name, missing.message, missing.help)
    if field in binding.source.lacks:
        return (field, *_lacked(binding, field))
    if field in binding.source.untold:
        return (
            field,
            f"`{field}` has no value in any row of the source that is to have one",
            "fill it in the source, or leave out what needs it",
        )
    return (
        field,
        f"the mapping `{binding.source.name}` does not give `{field}`",
        f"map it under `entities: {entity}: fields: {name}:`",
    )


def _lacked(binding: Binding, name: str) -> tuple[str, str]:
    """What is told of an entity or a field that the mapping has and the source has not."""
    lack, kind = (
        binding.source.lacks[name],
        "column" if binding.source.lacks[name].column else "table",
    )
    why = f"{lack.text}, from which the mapping `{binding.source.name}` reads `{name}`"
    near = lack.help if lack.help.startswith("did you mean") else ""
    return why, f"in the mapping of `{name}`: {near}" if near else f"add the {kind} to the source, or map another one"


def _lacking(binding: Binding, base: str, tree: exp.Expr | None) -> tuple[str, str, str | None] | None:
    try:
        binding.need_tree(base, tree)
    except Missing as missing:
        return (missing.name, missing.message, missing.help)
    return None


def _lacking_derived(binding: Binding, derived: Derived, name: str) -> tuple[str, str, str | None] | None:
    tree = derived.fields.get(name)
    if tree is None:
        return (name, f"`{derived.source}` gives no `{name}` here", None)
    try:
        for part in (tree, derived.where, derived.match.on if derived.match else None):
            binding.need_derived(derived, part)
    except Missing as missing:
        return (missing.name, missing.message, missing.help)
    return None


@remembered
def _survivor_of(binding: Binding, name: str, key: str) -> str | None:
    entity, field = binding.catalogue.entities[name], binding.field(name, key)
    if entity.derived is not None or field is None or field.type != "key" or field.expr is not None:
        return None
    if key in (entity.key, entity.merged_into) or binding.mapped(name, key) is None:
        return None
    ways = [relation for relation in entity.relations.values() if relation.by == key]
    if any(way.as_recorded for way in ways):
        return None
    return next((way.to for way in ways if way.to in binding.catalogue.entities and binding.merges(way.to)), None)


@remembered
def _past_values(binding: Binding, name: str) -> tuple[str, ...]:
    entity = binding.entity(name)
    values = entity.history.values if entity.history is not None else None
    if values is None or not binding.has_history(entity):
        return ()
    served = [field for field in values.fields if binding.gives(values.entity, field)]
    # A currency says nothing without its amount.
    alone = {field.currency for field in entity.fields.values() if field.name not in served}
    return tuple(field for field in served if field not in alone)


@remembered
def _storage(binding: Binding, entity: str, name: str) -> str:
    spec = binding.field(entity, name)
    assert spec is not None
    if spec.type == "date":
        return "date"
    derived = binding.catalogue.entities[entity].derived
    if derived is not None and spec.expr is None:
        paired = derived.match.entity if derived.match else None
        return binding.paired_storage(derived.source, paired, derived.fields[name])
    mapped = binding.mapped(entity, name)
    if mapped is not None:
        return "date" if mapped.type == "date" else "time"
    tree = spec.expr or spec.default
    return binding.storage_of(entity, tree) if tree is not None else "time"


def settled(catalogue: Catalogue, source: SourceMap) -> Catalogue:
    """The catalogue with each derived entity made in the way that suits the source: the one that
    its mapping prefers, else the first whose entities the source gives."""
    choices: dict[str, Derived] = {}

    def given(name: str) -> bool:
        entity = catalogue.entities[name]
        if entity.derived is None:
            return name in source.entities
        return served(choices.get(name) or choose(entity))

    def served(way: Derived) -> bool:
        return given(way.source) and (way.match is None or given(way.match.entity))

    def choose(entity: Entity) -> Derived:
        assert entity.derived is not None
        ways = (entity.derived, *entity.otherwise)
        wanted = source.prefer.get(entity.name)
        leader = catalogue.entities.get(entity.follows) if entity.follows else None
        if leader is not None and len(leader.otherwise) == len(entity.otherwise):
            # What is made of purchases is made of the same ones, though the source may have others.
            taken = choices.get(leader.name) or choose(leader)
            place = [way is taken for way in (leader.derived, *leader.otherwise)].index(True)
            ways = ways[place : place + 1]
        elif wanted is not None:
            ways = tuple(w for w in ways if w.source == wanted) or ways
        choices[entity.name] = next((w for w in ways if served(w)), ways[0])
        return choices[entity.name]

    def settle(name: str) -> Entity:
        entity = catalogue.entities[name]
        return replace(entity, derived=choose(entity)) if entity.otherwise else entity

    names = dict.fromkeys(catalogue.entities)
    return replace(catalogue, entities=Shelf(names, settle))


def _shortest(catalogue: Catalogue, base: str, target: str) -> list[tuple[str, ...]]:
    """All shortest ways from one entity to another, of at most four relations."""
    frontier: list[tuple[str, tuple[str, ...]]] = [(base, ())]
    seen = {base}
    for _ in range(4):
        following: list[tuple[str, tuple[str, ...]]] = []
        names = []
        for at, steps in frontier:
            for relation in catalogue.entities[at].relations.values():
                if relation.today or relation.reported:
                    continue
                way = (*steps, relation.name)
                if relation.to == target:
                    names.append(way)
                elif relation.to not in seen and relation.to in catalogue.entities:
                    following.append((relation.to, way))
        if names:
            return names
        seen |= {at for at, _ in following}
        frontier = following
    return []


def metrics_needed(catalogue: Catalogue, metric: Metric) -> tuple[Metric, ...]:
    """The aggregates that a metric is made of, itself if it is one, each once and in order."""
    metrics: dict[str, Metric] = {}
    seen: set[str] = set()  # a project's metrics may be made of one another by mistake

    def visit(current: Metric) -> None:
        if current.id in seen:
            return
        seen.add(current.id)
        if current.kind == "aggregate":
            metrics[current.id] = current
            return
        for name in parts(current):
            visit(catalogue.metrics[name])

    visit(metric)
    return tuple(metrics.values())


def parts(metric: Metric) -> tuple[str, ...]:
    """The ids of the metrics that a metric refers to directly."""
    if metric.kind == "ratio":
        return (metric.numerator, metric.denominator)
    if metric.kind in ("share", "relative"):
        return (metric.base,)
    if metric.kind == "derived" and metric.formula is not None:
        names = (
            ".".join(path_of(node))
            for node in column_nodes(metric.formula)
            if not isinstance(node.parent, exp.Anonymous)  # goal(metric) is a number, not a metric
        )
        return tuple(name for name in dict.fromkeys(names) if name not in PERIOD_LENGTHS)
    return ()


def goals_needed(catalogue: Catalogue, metric: Metric) -> tuple[str, ...]:
    """The ids of the metrics whose goals a metric's formula asks for, or one that it is made of."""
    names: dict[str, None] = {}
    seen, waiting = set[str](), [metric]
    while waiting:
        current = waiting.pop()
        if current.id in seen:
            continue
        seen.add(current.id)
        for node in column_nodes(current.formula) if current.formula is not None else ():
            if isinstance(node.parent, exp.Anonymous):
                names[".".join(path_of(node))] = None
        waiting += [catalogue.metrics[name] for name in parts(current)]
    return tuple(names)


def need_metric(binding: Binding, metric: Metric) -> None:
    """Nothing, if the source can serve a metric. Raises Missing (or Unresolved for a wrong name)."""
    key = (need_metric, id(metric))
    if key in binding.remembered:
        return
    for part in metrics_needed(binding.catalogue, metric):
        binding.need_entity(part.entity)
        for tree in (part.of, part.where, part.time):
            binding.need_some(part.entity, tree)
        binding.need_tree(part.entity, part.rate_before)
    binding.remembered[key] = metric  # kept, so that nothing else gets its id
