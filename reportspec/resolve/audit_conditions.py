"""What a check of an audit asks of a row, as conditions over canonical names, and what it needs of the source."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import all_of, any_of, copied, literal
from reportspec.expression.types import Kind, Mistyped, kind_of
from reportspec.lazy_dataclass import dataclass
from reportspec.model.audits import AuditCheck
from reportspec.model.findings import Check
from reportspec.resolve.binding import INSTANTS, Binding, Missing, Reference, Unresolved
from reportspec.resolve.emptiness import sums_up


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows a check looks at (all, if None): those `when` it says, that have what it is of (`filled`); and the
    condition that one of these is broken; None where more than a condition says so."""

    when: exp.Expr | None
    filled: exp.Expr | None
    broken: exp.Expr | None

    @property
    def looked(self) -> exp.Expr | None:
        """Both conditions by which rows are looked at."""
        return all_of([copied(tree) for tree in (self.when, self.filled) if tree is not None])


def asked_of(binding: Binding, check: AuditCheck) -> Asked:
    """The conditions of a check that can be asked of the source."""
    if check.contract is not None:
        return Asked(_lacked_by(check.contract), None, None)
    absent_too = check.kind == "not_null" or check.measure == "nulls"
    filled = [] if absent_too else [there(binding, check.entity, tree) for tree in check.of]
    filled += [there(binding, check.entity, tree) for tree in check.by]
    return Asked(check.when, all_of(filled), _broken(binding, check))


def _lacked_by(check: Check) -> exp.Expr | None:
    """Which rows lack something where a check of the source's contract is broken: of open deals without an expected
    date, the open ones. None where it is not of some rows alone."""
    unless = check.expectation.unless.unnest() if check.expectation is not None else None
    if not isinstance(unless, exp.And):
        return None
    parts = [part.unnest() for part in unless.flatten()]
    others = [part for part in parts if not isinstance(part.this if isinstance(part, exp.Not) else part, exp.Is)]
    return all_of([copied(part) for part in others]) if len(others) < len(parts) else None


def _broken(binding: Binding, check: AuditCheck) -> exp.Expr | None:
    if check.kind == "broken":
        assert check.broken is not None
        return check.broken
    if check.kind == "not_null":
        [value] = check.of
        absent: exp.Expr = exp.Is(this=copied(value), expression=exp.Null())
        if _is_text(binding, check.entity, value):
            blank = exp.EQ(this=exp.Trim(this=copied(value)), expression=literal(""))
            absent = any_of([absent, blank])
        return absent
    if check.kind == "accepted_values":
        [value] = check.of
        return exp.Not(this=exp.In(this=copied(value), expressions=[literal(text) for text in check.values]))
    if check.kind == "format":
        [value] = check.of
        return exp.Not(this=exp.RegexpLike(this=copied(value), expression=literal(check.pattern)))
    if check.kind == "range":
        [value] = check.of
        bounds: list[exp.Expr] = []
        if check.least is not None:
            bounds.append(exp.LT(this=copied(value), expression=literal(check.least)))
        if check.most is not None:
            bounds.append(exp.GT(this=copied(value), expression=literal(check.most)))
        return any_of(bounds)
    return None


def there(binding: Binding, entity: str, tree: exp.Expr) -> exp.Expr:
    """That a value is there, and not blank."""
    if _is_text(binding, entity, tree):
        while type(tree) in (exp.Lower, exp.Upper, exp.Paren) or (type(tree) is exp.Trim and not tree.expression):
            tree = tree.this  # which makes nothing blank, and of a blank nothing else
        return exp.NEQ(this=exp.Trim(this=copied(tree)), expression=literal(""))
    return exp.Not(this=exp.Is(this=copied(tree), expression=exp.Null()))


def form_of(tree: exp.Expr) -> exp.Expr:
    """The form of a text: each letter of English as `A`, each digit as `9`, and all else as it is."""
    everywhere = {"modifiers": literal("g")}
    letters = exp.RegexpReplace(
        this=copied(tree), expression=literal("[A-Za-z]"), replacement=literal("A"), **everywhere
    )
    return exp.RegexpReplace(this=letters, expression=literal("[0-9]"), replacement=literal("9"), **everywhere)


def _is_text(binding: Binding, entity: str, tree: exp.Expr) -> bool:
    """Whether an expression is a text, which may be blank; a key that is no text in the source is none."""
    if isinstance(tree, (exp.Column, exp.Dot)):
        try:
            reached = binding.resolve(entity, path_of(tree))
        except Unresolved:
            return False
        owner = binding.entity_at(entity, reached.steps)
        return reached.field.type in ("text", "key") and not binding.key_kind(owner, reached.field.name)
    try:
        return kind_of(copied(tree), binding.kinds(entity)) is Kind.TEXT
    except Mistyped:
        return False


def trees_of(check: AuditCheck) -> Iterator[tuple[str, exp.Expr]]:
    """The expressions of a check, each with the entity that it is about."""
    for tree in (check.when, check.broken, *check.of, *check.by):
        if tree is not None:
            yield check.entity, tree
    if check.elsewhere is not None:
        yield check.elsewhere


def references(binding: Binding, check: AuditCheck) -> Iterator[tuple[str, Reference]]:
    """The fields that a check reads, each with the entity that it is seen from. Raises Unresolved."""
    for entity, tree in trees_of(check):
        for node in column_nodes(tree):
            path = path_of(node)
            if not (len(path) == 1 and path[0] in INSTANTS):
                yield entity, binding.resolve(entity, path)


def need_check(binding: Binding, check: AuditCheck) -> None:
    """Nothing, where the source gives all that a check reads; an optional field that is not mapped is none that it
    gives, since all rows would lack it. One by which rows are only left out leaves out none then, and one for which a
    constant or another field stands in (`coalesce(deal.rotting_days, 30)`) is not needed. Raises Unresolved."""
    if not binding.has_entity(check.entity):
        binding.need_entity(check.entity)
    dispensable = _leaving_out(check) | _stood_in_for(check) | _absent_besides(check)
    others = _one_of_several(binding, check)
    for entity, reference in references(binding, check):
        own = (entity, reference.field.name)
        if own in others and not reference.steps:
            continue
        binding.need_reference(entity, reference)
        if reference.field.optional and own in dispensable and not reference.steps:
            continue
        owner = binding.entity_at(entity, reference.steps)
        if not binding.gives(owner, reference.field.name):
            name = reference.field.id
            raise Missing(name, f"the mapping `{binding.source.name}` does not give `{name}`")


def _leaving_out(check: AuditCheck) -> set[tuple[str, str]]:
    """The yes-or-no fields of the check's own rows by which it leaves rows out, and asks nothing else."""
    conditions = check.when.flatten() if isinstance(check.when, exp.And) else [check.when] if check.when else []
    denied = [one.unnest().this.unnest() for one in conditions if isinstance(one.unnest(), exp.Not)]
    paths = [path_of(node) for node in denied if isinstance(node, (exp.Column, exp.Dot))]
    every = [path_of(node) for _, tree in trees_of(check) for node in column_nodes(tree)]
    return {(path[0], path[1]) for path in paths if len(path) == 2 and every.count(path) == 1}


def _absent_besides(check: AuditCheck) -> set[tuple[str, str]]:
    """The fields of the check's own rows that it asks to be absent, all of several: one that the source does not give
    is absent of all. Where it asks something else besides, every such row would lack what is only not told."""
    parts = [one.unnest() for one in check.broken.flatten()] if isinstance(check.broken, exp.And) else []
    absent = [one.this for one in parts if isinstance(one, exp.Is) and isinstance(one.expression, exp.Null)]
    if len(absent) < len(parts):
        return set()
    paths = [path_of(node) for node in absent if isinstance(node, (exp.Column, exp.Dot))]
    return {(path[0], path[1]) for path in paths if len(path) == 2}


def _stood_in_for(check: AuditCheck) -> set[tuple[str, str]]:
    """The fields of the check's own rows in whose place it takes a constant."""
    paths = [
        path_of(node)
        for _, tree in trees_of(check)
        for given in tree.find_all(exp.Coalesce)
        if isinstance(given.expressions[-1], exp.Literal)
        for node in (given.this, *given.expressions)
        if isinstance(node, (exp.Column, exp.Dot))
    ]
    return {(path[0], path[1]) for path in paths if len(path) == 2}


def _one_of_several(binding: Binding, check: AuditCheck) -> set[tuple[str, str]]:
    """The fields of the check's own rows that it takes only together with others, any of which will do: one is
    given."""
    found, elsewhere = set[tuple[str, str]](), set[tuple[str, str]]()
    for entity, tree in trees_of(check):
        within = set[int]()
        for several in tree.find_all(exp.Coalesce):
            any_of_these = [
                node for node in (several.this, *several.expressions) if isinstance(node, (exp.Column, exp.Dot))
            ]
            names = [path[1] for node in any_of_these if len(path := path_of(node)) == 2]
            if len(names) > 1 and any(binding.gives(entity, name) for name in names):
                within |= {id(node) for node in column_nodes(several)}
        for node in column_nodes(tree):
            if len(path := path_of(node)) == 2:
                (found if id(node) in within else elsewhere).add((path[0], path[1]))
    return found - elsewhere


def told_by_others(binding: Binding, check: AuditCheck) -> bool:
    """Whether a check reads what rows of another table come to: the last activity of a deal."""
    return any(sums_up(binding.catalogue, name) not in ("", check.entity) for name in joined_by(binding, check))


def joined_by(binding: Binding, check: AuditCheck) -> frozenset[str]:
    """The entities whose rows are joined to those of a check by their keys: each key must be of one row."""
    return frozenset(name for entity, tree in trees_of(check) for name in _joined(binding, entity, tree))


def own_fields(binding: Binding, check: AuditCheck) -> frozenset[str]:
    """The fields of its own entity that a check reads of the source, by which it finds others too."""
    read = (step for entity, tree in trees_of(check) for step in _ways(binding, entity, tree))
    return frozenset(name for at, name, _ in read if at == check.entity and binding.mapped(at, name) is not None)


def _joined(binding: Binding, entity: str, tree: exp.Expr) -> Iterator[str]:
    """The entities on the way to the fields of a tree, and to those that these are made of."""
    return (to for _, _, to in _ways(binding, entity, tree) if to)


def _ways(binding: Binding, entity: str, tree: exp.Expr) -> Iterator[tuple[str, str, str]]:
    """What is read for a tree: an entity and a field of it, and the entity that is found by that field, if one is."""
    for node in column_nodes(tree):
        path = path_of(node)
        if len(path) == 1 and path[0] in INSTANTS:
            continue
        at, reached = entity, binding.resolve(entity, path)
        for step in reached.steps:
            relation = binding.entity(at).relations[step]
            yield at, relation.by, relation.to
            at = relation.to
        field = reached.field
        yield at, field.name, ""
        known = field.name in binding.entity(at).fields
        made = field.expr or ((binding.default(at, field) or binding.stands_in(at, field)) if known else None)
        if made is not None:
            yield from _ways(binding, at, made)
