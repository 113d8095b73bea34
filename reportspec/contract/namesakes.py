"""Members of one name: two people, the stages of two pipelines. Groups by name keep them apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Entity
from reportspec.model.findings import Check
from reportspec.model.query import Dimension
from reportspec.model.rows import Table
from reportspec.model.spec import Report
from reportspec.resolve.binding import Binding
from reportspec.sql.distinct import values_statement

NAME = "name"  # the field that calls a member
MOST = 500  # members that are called one by one: each is written into the statements


@dataclass(frozen=True, slots=True)
class Apart:
    """How a report calls the members of an entity that share their names, by their keys; without
    `names` all of them with their key. With `by` all are called by the record that they belong to, and
    stand in order: by that record, then their own, as in `turns`."""

    key: str
    names: tuple[tuple[str, str], ...]
    by: tuple[str, ...] = ()
    turns: tuple[tuple[str, str], ...] = ()


def grouped_by_name(report: Report) -> tuple[str, ...]:
    """The entities by whose names a report groups, or that it lists, of those whose members may share one."""
    entities: dict[str, None] = {}
    listed = (one for section in report.sections for one in section.listed_names)
    for dimension in (*_dimensions(report), *listed):
        entity = report.binding.entity(dimension.field.entity)
        if not dimension.bins and dimension.field.name == NAME and told_apart(report, entity):
            entities[entity.name] = None
    return tuple(entities)


def told_apart(report: Report, entity: Entity) -> bool:
    """Whether the catalogue says what tells the entity's members apart, and the source has their keys."""
    binding = report.binding
    if not entity.told_apart_by or entity.key is None:
        return False
    return all(binding.mapped(entity.name, name) is not None for name in (NAME, entity.key))


def _dimensions(report: Report) -> Iterable[Dimension]:
    for goal in report.goals.values():
        if goal.by is not None:
            yield goal.by
    for section in report.sections:
        yield from section.all_dimensions()


def kept_apart(report: Report, members: Mapping[str, Table]) -> Report:
    """The report with the members of one name apart, of entities whose members are given."""
    apart_of = {name: _apart(report.binding, name, table) for name, table in members.items()}
    known = {name: apart for name, apart in apart_of.items() if apart is not None}
    if not known:
        return report
    # Who a report of `for_each` is for is the value's affair: of two of one name it is for both.
    each_name = report.each.dimension.name if report.each is not None else None

    def put(dimension: Dimension, beside: Sequence[Dimension] = ()) -> Dimension:
        apart = known.get(dimension.field.entity)
        if apart is None or dimension.field.name != NAME or dimension.bins:
            return dimension
        if dimension.name == each_name:
            return dimension
        if any(apart.by and dimension.path[-2:] == apart.by for dimension in beside):
            return replace(dimension, turns=apart.turns)  # what they belong to stands beside them
        path = (*dimension.path[:-1], apart.key)
        turns = tuple((text,) for _, text in apart.names) if apart.by else ()
        return replace(dimension, key=path, called=apart.names, turns=turns)

    goals = {
        name: replace(goal, by=put(goal.by)) if goal.by is not None else goal for name, goal in report.goals.items()
    }
    return replace(report, goals=goals, sections=tuple(spec.regrouped(put) for spec in report.sections))


def members_statement(report: Report, name: str) -> exp.Expr:
    """The statement that finds an entity's members: their keys, names, and what tells them apart."""
    entity = report.binding.entity(name)
    names = _asked(report.binding, entity)
    return values_statement(report.binding, name, names, report.sides[0], ())


def _asked(binding: Binding, entity: Entity) -> tuple[str, ...]:
    assert entity.key is not None
    return (entity.key, NAME, *_ways(binding, entity), *_order(binding, entity))


def _ways(binding: Binding, entity: Entity) -> list[str]:
    return [way for way in entity.told_apart_by if binding.serves(entity.name, (entity.name, *way.split(".")))]


def _order(binding: Binding, entity: Entity) -> list[str]:
    """The field that has the entity's own order, where it is one."""
    tree = entity.order
    if not isinstance(tree, exp.Column) or tree.table != entity.name:
        return []
    return [tree.name] if binding.serves(entity.name, (entity.name, tree.name)) else []


def expected(report: Report, check: Check) -> bool:
    """Whether members are meant to share names, and are called by what they belong to, or stand in lists alone."""
    if check.kind != "shared-name":
        return False
    of = [dimension for dimension in _dimensions(report) if dimension.field.entity == check.entity]
    return all(one.turns or not one.key for one in of) and (any(one.turns for one in of) or not of)


def _apart(binding: Binding, name: str, table: Table) -> Apart | None:
    entity = binding.entity(name)
    assert entity.key is not None
    ways, names, rows = _ways(binding, entity), _asked(binding, entity), table.rows
    members = [tuple(row[: len(names)]) for row in rows if row[1] is not None]
    shared = _of_shared(members)
    if len(shared) > MOST:
        return Apart(entity.key, ())
    for at, way in enumerate(ways if shared and len(members) <= MOST else ()):
        if "." in way and _tells(members, at + 2):
            members.sort(key=lambda row, at=at: (str(row[at + 2] or ""), _place(row, len(ways))))  # type: ignore[misc]
            turns = tuple((str(row[at + 2] or ""), str(row[1])) for row in members)
            return Apart(entity.key, _called(members, at + 2), _path(entity, way), turns)
    called: list[tuple[str, str]] = []
    groups: dict[str, list[tuple[object, ...]]] = {}
    for row in shared:
        groups.setdefault(str(row[1]), []).append(row)
    for group in groups.values():
        telling = (at + 2 for at in range(len(ways)) if _tells(group, at + 2, every=True))
        called += _called(group, next(telling, 0))
    taken = {str(row[1]) for row in members}
    if len({text for _, text in called} | taken) < len(called) + len(taken):
        called = [(str(row[0]), f"{row[1]} ({row[0]})") for row in shared]
    return Apart(entity.key, tuple(sorted(called))) if called else None


def _path(entity: Entity, way: str) -> tuple[str, ...]:
    """The field by which another record is called: `pipeline.name` of `stage.pipeline.name`."""
    relation, field = way.split(".")[-2:]
    return (entity.relations[relation].to, field)


def _place(row: tuple[object, ...], ways: int) -> float:
    place = row[2 + ways] if len(row) > 2 + ways else None
    return float(place) if isinstance(place, (int, float)) else 0.0


def _of_shared(members: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The members whose name is that of another one too."""
    keys: dict[str, set[str]] = {}
    for row in members:
        keys.setdefault(str(row[1]), set()).add(str(row[0]))
    return [row for row in members if len(keys[str(row[1])]) > 1]


def _tells(members: Sequence[tuple[object, ...]], at: int, *, every: bool = False) -> bool:
    """Whether no two members of one name have the same in a field, and those who share have any."""
    shared = list(members) if every else _of_shared(members)
    pairs = {(str(row[1]), str(row[at])) for row in shared}
    return all(row[at] not in (None, "") for row in shared) and len(pairs) == len(shared)


def _called(members: Iterable[tuple[object, ...]], at: int) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(row[0]), f"{row[1]} ({row[at]})" if row[at] not in (None, "") else str(row[1])) for row in members
    )


__all__ = ["Apart", "expected", "grouped_by_name", "kept_apart", "members_statement"]
