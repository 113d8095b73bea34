"""What can never be in a source: expressions that are null in every row, conditions that no row meets.

Fields that a mapping may leave out are then null. A figure that hangs on them alone would be a 0 that
nobody counted. Conditions are told by the answers that they can give: true, false or null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.model.domain import SINCE
from reportspec.remembered import remembered

if TYPE_CHECKING:
    from reportspec.resolve.binding import Binding

Answers = frozenset[bool | None]
_ANY: Answers = frozenset({True, False, None})
_NULL: Answers = frozenset({None})
# What has a value where a part of it has none.
_SKIPS_NULL = (exp.Coalesce, exp.Greatest, exp.Least)
_NEVER_NULL = (
    exp.Concat,
    exp.ConcatWs,
    exp.Count,
    exp.RowNumber,
    exp.Rank,
    exp.DenseRank,
    exp.Ntile,
)
_COMPARISONS_OF_NUMBERS: dict[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.EQ: eq,
    exp.NEQ: ne,
    exp.GT: gt,
    exp.GTE: ge,
    exp.LT: lt,
    exp.LTE: le,
}
_COMPARISONS = tuple(_COMPARISONS_OF_NUMBERS)
_CONDITIONS = (exp.And, exp.Or, exp.Not, exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ)


def never_so(binding: Binding, base: str, tree: exp.Expr, paired: str | None = None) -> str | None:
    """The field for want of which an expression is null in every row, or a condition never true; None
    if it can be otherwise. Fields of the entity that rows are paired with may stand in it."""
    look = _Look(binding, base, paired)
    if look.empty(tree) or True not in look.answers(tree):
        return next(look.causes(tree), None)
    return None


def without_regard(binding: Binding, base: str, tree: exp.Expr) -> list[str]:
    """The fields for want of which a part of a condition leaves out no row: `x is null or x <> 'renewal'`."""
    look, found = _Look(binding, base, None), list[str]()
    for part in tree.flatten() if isinstance(tree, exp.And) else [tree]:
        part = part.unnest()
        if isinstance(part, exp.And):
            found += without_regard(binding, base, part)
        elif not isinstance(part, _COMPARISONS) and look.answers(part) == {True}:
            found += look.causes(part)
    return list(dict.fromkeys(found))


def only_after(binding: Binding, base: str, tree: exp.Expr) -> tuple[str, str] | None:
    """The entity of which rows of `base` have one only once something has happened to them (a lead's deal, once it is
    converted), and the field that says when, where a condition is not met without it; None elsewhere. Raises Unresolved
    for a condition that is about nothing that these rows have."""
    for node in column_nodes(tree):
        late = _late(binding, base, path_of(node))
        if late is not None and True not in _Before(binding, base, late).answers(tree):
            return late
    return None


def always_so(binding: Binding, base: str, tree: exp.Expr) -> bool:
    """Whether a condition is true of every row, for want of the fields by which one could be another."""
    return _Look(binding, base, None).answers(tree) == {True}


def empty_without(binding: Binding, base: str, tree: exp.Expr, lost: frozenset[tuple[str, str]]) -> bool:
    """Whether an expression is null in every row that has none of some fields, by their entities and names."""
    return _Lost(binding, base, lost).empty(tree)


def only_since(binding: Binding, base: str, tree: exp.Expr, event: str) -> bool:
    """Whether a condition is met by no row of an entity to which something has not happened yet (`closed_at`)."""
    return True not in _Unhappened(binding, base, event).answers(tree)


def _late(binding: Binding, base: str, path: tuple[str, ...]) -> tuple[str, str] | None:
    """The entity that a path leads to by a relation which rows get by an event, and the event's field. States are no
    such thing: a row was in others before."""
    at = base
    for name in binding.resolve(base, path).steps if len(path) > 1 else ():
        relation, history = binding.entity(at).relations[name], binding.entity(at).history
        by = binding.field(at, relation.by) if relation.by else None
        state = history is not None and relation.by == history.stage
        if by is not None and by.as_of is not None and by.as_of.before is None and not state:
            return relation.to, f"{at}.{by.as_of.event}"
        at = relation.to
    return None


@remembered
def empty_because(binding: Binding, entity: str, name: str) -> str | None:
    """The field for want of which a field is null in every row, itself perhaps; None if it is not."""
    known = binding.field(entity, name)
    if known is None or binding.mapped(entity, name) is not None:
        return None
    if (known.as_of is not None and known.as_of.before is not None) or _told_by_history(binding, entity, name):
        return None
    derived = binding.catalogue.entities[entity].derived
    if derived is not None and known.expr is None:
        tree = derived.fields.get(name)
        paired = derived.match.entity if derived.match is not None else None
        return _empty(binding, derived.source, tree, paired) if tree is not None else None
    tree = known.expr or binding.default(entity, known)
    if tree is not None:
        return _empty(binding, entity, tree)
    return None if binding.gives(entity, name) else known.id


def _told_by_history(binding: Binding, entity: str, name: str) -> bool:
    """Whether a field that records do not have may be told by the history of their states all the same."""
    owner = binding.catalogue.entities[entity]
    if owner.history is None or not binding.has_history(owner):
        return False
    return name in (owner.history.stage, owner.history.outcome.lost_from, SINCE, *binding.past_values(owner))


def path_empty_because(binding: Binding, base: str, path: tuple[str, ...]) -> str | None:
    """The same of a field as it is named from an entity: also for want of a key on the way to it."""
    reference = binding.resolve(base, path)
    at = base
    for step in reference.steps:
        relation = binding.catalogue.entities[at].relations[step]
        if relation.today:
            return None
        cause = empty_because(binding, at, relation.by)
        if cause is not None:
            return cause
        at = relation.to
    return empty_because(binding, at, reference.field.name)


def _empty(binding: Binding, base: str, tree: exp.Expr, paired: str | None = None) -> str | None:
    look = _Look(binding, base, paired)
    return next(look.causes(tree), None) if look.empty(tree) else None


class _Look:
    """Expressions seen from an entity."""

    def __init__(self, binding: Binding, base: str, paired: str | None) -> None:
        self.binding, self.base, self.paired = binding, base, paired

    def causes(self, tree: exp.Expr) -> Iterator[str]:
        """The fields that are not given, of those that an expression names; last those by which a field that it names
        is chosen, the last resort of each choice first."""
        for node in column_nodes(tree):
            cause = self.cause(node)
            if cause is not None:
                yield cause
        for node in column_nodes(tree):
            made_of = self.chosen(node)
            if made_of is not None:
                yield from reversed(list(self.causes(made_of)))

    def chosen(self, node: exp.Expr) -> exp.Expr | None:
        """How a field of one's own rows is chosen from others, if it is."""
        path = path_of(node) if _is_field(node) else ()
        known = self.binding.field(*path) if len(path) == 2 and path[0] == self.base else None
        if known is None or not isinstance(known.expr, exp.Case) or self.binding.mapped(*path) is not None:
            return None
        return known.expr

    def texts(self, node: exp.Expr) -> frozenset[str] | None:
        """The texts of which an expression is one in every row; None where they are not known."""
        node = node.unnest()
        if isinstance(node, exp.Literal) and node.is_string:
            return frozenset({node.this})
        choice = node if isinstance(node, exp.Case) else self.chosen(node)
        if choice is None or not choice.args.get("default"):
            return None
        found = [self.texts(result) for result in self.results(choice)]
        return frozenset().union(*(texts for texts in found if texts)) if None not in found else None

    def cause(self, node: exp.Expr) -> str | None:
        path = path_of(node)
        if len(path) == 1:
            return None
        if path[0] == self.paired and len(path) == 2:
            return empty_because(self.binding, *path)
        return path_empty_because(self.binding, self.base, path)

    def empty(self, node: exp.Expr) -> bool:
        """Whether an expression is null in every row."""
        if _is_field(node):
            return self.cause(node) is not None
        if isinstance(node, exp.Null):
            return True
        if isinstance(node, _CONDITIONS) or _flags(node):
            return self.answers(node) == _NULL
        if isinstance(node, exp.Case | exp.If):
            return all(self.empty(value) for value in self.results(node))
        if isinstance(node, _NEVER_NULL):
            return False
        if isinstance(node, exp.Nullif | exp.Window | exp.In):
            return self.empty(node.this)
        parts = [part for part in node.iter_expressions() if not isinstance(part, exp.DataType)]
        if isinstance(node, _SKIPS_NULL):
            return all(map(self.empty, parts))
        return any(map(self.empty, parts))

    def results(self, node: exp.Expr) -> list[exp.Expr]:
        """What a choice can come to."""
        branches = node.args.get("ifs") or [node]
        plain = node.args.get("this") if isinstance(node, exp.Case) else None
        met = [branch for branch in branches if plain or True in self.answers(branch.this)]
        otherwise = node.args.get("default" if isinstance(node, exp.Case) else "false")
        return [branch.args["true"] for branch in met] + ([otherwise] if otherwise else [])

    def answers(self, node: exp.Expr, told: bool = False) -> Answers:
        """What a condition can come to. Under `not` and beside true or false it is `told`: a yes-or-no
        field that is null says no there."""
        if isinstance(node, exp.Paren):
            return self.answers(node.this, told)
        if isinstance(node, exp.Boolean):
            return frozenset({bool(node.this)})
        if isinstance(node, exp.Not):
            return _turned(self.answers(node.this, True))
        if isinstance(node, exp.And | exp.Or):
            left, right = self.answers(node.this, told), self.answers(node.expression, told)
            decisive = isinstance(node, exp.Or)
            return frozenset(_joined(a, b, decisive) for a in left for b in right)
        if isinstance(node, exp.Is):
            return self.tested(node)
        if isinstance(node, exp.NullSafeEQ | exp.NullSafeNEQ):
            return frozenset({True, False})
        if isinstance(node, _COMPARISONS) and (known := self.settled(node)) is not None:
            return frozenset({known})
        if isinstance(node, exp.EQ | exp.NEQ | exp.In):
            return self.compared(node)
        if isinstance(node, exp.Coalesce):
            return self.first_of([node.this, *node.expressions])
        if isinstance(node, exp.Case | exp.If):
            return frozenset().union({None}, *map(self.answers, self.results(node)))
        answers = _NULL if self.empty(node) else _ANY
        return frozenset(map(bool, answers)) if told and _is_field(node) else answers

    def compared(self, node: exp.Expr) -> Answers:
        """What `=`, `<>` and `in` can come to."""
        flags = _flags(node)
        if not flags:
            return _NULL if self.empty(node) else _ANY
        others = [side for side in (node.this, node.expression) if side not in flags]
        if isinstance(node, exp.In) or len(others) != 1:
            return _ANY
        answers = self.answers(others[0], True)
        return answers if bool(flags[0].this) is isinstance(node, exp.EQ) else _turned(answers)

    def settled(self, node: exp.Expr) -> bool | None:
        """What a comparison comes to in every row: one of numbers that stand there, also for want of a field, and no
        field is later or other than the one that stands for it."""
        if isinstance(node, exp.EQ | exp.NEQ):
            texts, others = self.texts(node.this), self.texts(node.expression)
            if texts is not None and others is not None and not texts & others:
                return isinstance(node, exp.NEQ)
        left, right = self.stands_for(node.this), self.stands_for(node.expression)
        if left == right and _is_field(left) and isinstance(node, exp.GT | exp.LT | exp.NEQ):
            return False
        numbers = [_number(left), _number(right)]
        if None in numbers:
            return None
        return _COMPARISONS_OF_NUMBERS[type(node)](*numbers)

    def stands_for(self, node: exp.Expr) -> exp.Expr:
        """What an expression is in every row: the part of a choice that is not null, a field's default."""
        if isinstance(node, exp.Paren):
            return self.stands_for(node.this)
        if isinstance(node, exp.Coalesce):
            parts = [part for part in (node.this, *node.expressions) if not self.empty(part)]
            return self.stands_for(parts[0]) if parts and _number(parts[0]) is not None else node
        if isinstance(node, exp.Column) and path_of(node)[0] == self.base and len(path_of(node)) == 2:
            name = path_of(node)[1]
            known = self.binding.field(self.base, name)
            if known is not None and _is_field(known.default) and self.binding.mapped(self.base, name) is None:
                assert known.default is not None
                return known.default
        return node

    def tested(self, node: exp.Is) -> Answers:
        """What `is null`, `is true` and `is false` can come to."""
        if isinstance(node.expression, exp.Null):
            return frozenset({True}) if self.empty(node.this) else frozenset({True, False})
        if isinstance(node.expression, exp.Boolean):
            wanted = bool(node.expression.this)
            return frozenset(answer is wanted for answer in self.answers(node.this))
        return frozenset({True, False})

    def first_of(self, parts: list[exp.Expr]) -> Answers:
        answers: Answers = _NULL
        for part in parts:
            if None in answers:
                answers = (answers - _NULL) | self.answers(part)
        return answers


def _number(node: exp.Expr) -> float | None:
    if isinstance(node, exp.Neg):
        known = _number(node.this)
        return -known if known is not None else None
    return float(node.this) if isinstance(node, exp.Literal) and not node.is_string else None


def _is_field(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Column | exp.Dot)


def _turned(found: Answers) -> Answers:
    return frozenset(None if answer is None else not answer for answer in found)


def _joined(one: bool | None, other: bool | None, decisive: bool) -> bool | None:
    """Two answers joined by `or`, which a true one decides, or by `and`, which a false one does."""
    if decisive in (one, other):
        return decisive
    return None if None in (one, other) else not decisive


def _flags(node: exp.Expr) -> list[exp.Expr]:
    """The true and false that a comparison has beside what it compares."""
    if not isinstance(node, exp.EQ | exp.NEQ | exp.In):
        return []
    return [side for side in node.iter_expressions() if isinstance(side, exp.Boolean)]


class _Before(_Look):
    """The same of rows to which an event has not happened: they have nothing by the relation that it makes."""

    def __init__(self, binding: Binding, base: str, late: tuple[str, str]) -> None:
        super().__init__(binding, base, None)
        self.late = late

    def cause(self, node: exp.Expr) -> str | None:
        return self.late[1] if _late(self.binding, self.base, path_of(node)) == self.late else super().cause(node)


class _Unhappened(_Look):
    """The same of rows to which an event has not happened: of what it makes another they have what was before."""

    def __init__(self, binding: Binding, base: str, event: str) -> None:
        super().__init__(binding, base, None)
        self.event = event

    def cause(self, node: exp.Expr) -> str | None:
        before = self._before(node)
        return f"{self.base}.{self.event}" if before is not None and before[0] is None else super().cause(node)

    def texts(self, node: exp.Expr) -> frozenset[str] | None:
        before = self._before(node.unnest()) if _is_field(node.unnest()) else None
        if before is not None and isinstance(before[0], str):
            return frozenset({before[0]})
        return super().texts(node)

    def answers(self, node: exp.Expr, told: bool = False) -> Answers:
        before = self._before(node) if _is_field(node) else None
        if before is not None and isinstance(before[0], bool):
            return frozenset({before[0]})
        if isinstance(node, exp.In) and (texts := self.texts(node.this)) is not None:
            others = [self.texts(one) for one in node.expressions]
            if None not in others and not any(texts & other for other in others if other is not None):
                return frozenset({False})
        return super().answers(node, told)

    def _before(self, node: exp.Expr) -> tuple[object] | None:
        """What a field of one's own is before the event; None where that does not hang on it."""
        path = path_of(node)
        field = self.binding.field(*path) if len(path) == 2 and path[0] == self.base else None
        if field is None or field.as_of is None or field.as_of.event != self.event:
            return None
        return (field.as_of.before,)


class _Lost(_Look):
    """The same of rows without some fields."""

    def __init__(self, binding: Binding, base: str, lost: frozenset[tuple[str, str]]) -> None:
        super().__init__(binding, base, None)
        self.lost = lost

    def cause(self, node: exp.Expr) -> str | None:
        path = path_of(node)
        if len(path) != 2 or path[0] != self.base:
            return super().cause(node)
        if (path[0], path[1]) in self.lost:
            return ".".join(path)
        derived, field = self.binding.entity(self.base).derived, self.binding.field(*path)
        tree, base = (field.expr if field is not None else None), self.base
        if tree is None and derived is not None:
            tree, base = derived.fields.get(path[1]), derived.source
        if tree is not None and _Lost(self.binding, base, self.lost).empty(tree):
            return ".".join(path)
        return super().cause(node)
