"""The records that are left of those that were merged into others, and keys that name them.

A duplicate that was merged into another record is no row of its entity any more, but what names it stays: its deals,
its activities, its answers to a campaign. They are read as those of the record that is left. That one may have been
merged itself: each step below doubles how many mergers are followed, which all databases can do alike, and none can
be held up by records that were merged in a circle. Rows are few, and one of each record: databases which guess how many
rows a join brings guess well then.
"""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import alias_of, cast, column, copied, named, short, table
from reportspec.model.domain import Entity
from reportspec.resolve.binding import Binding, leads_away

RECORD, LEFT = "record_key", "left_key"  # the columns: of which record, and which one is left of it

_DOUBLINGS = 3
MOST_MERGERS = 2**_DOUBLINGS  # one after another, that are followed


def survivors_cte(entity: str) -> str:
    """The CTE with the merged records of an entity (`RECORD`) of which another one is left (`LEFT`)."""
    return short(f"{entity}_survivor")


def merged_cte(entity: str) -> str:
    """The CTE with the merged records of an entity and what each of them was merged into itself."""
    return short(f"{entity}_merged")


def survivors_read(binding: Binding, entity: str, names: list[str]) -> tuple[str, ...]:
    """The entities whose merged records decide what some fields of an entity's rows are."""
    mapped = binding.source.entities.get(entity)
    if mapped is None or not mapped.parts:
        return ()
    keys = dict.fromkeys(key for name in names for key in (name, *keys_of_default(binding, entity, name)))
    return tuple(dict.fromkeys(to for key in keys if (to := binding.survivor_of(entity, key)) is not None))


def keys_of_default(binding: Binding, entity: str, name: str) -> tuple[str, ...]:
    """The keys in a field's default that are read as those of the records that are left."""
    names = names_of_default(binding, entity, name)
    return tuple(one for one in names if binding.survivor_of(entity, one) is not None)


def names_of_default(binding: Binding, entity: str, name: str) -> tuple[str, ...]:
    """The fields of a row that its default for a field is made of."""
    field = binding.field(entity, name)
    if field is None or field.default is None or leads_away(field.default):
        return ()
    return tuple(dict.fromkeys(path_of(node)[-1] for node in column_nodes(field.default)))


def survivors_ctes(binding: Binding, entity: Entity, rows: exp.Expr) -> list[tuple[str, exp.Expr, str]]:
    """Name, tree and what it is, of each CTE that tells what is left of an entity's merged records: the last one is
    `survivors_cte`. `rows` has the keys of all its rows, and of what they were merged into. A record that is not there
    is none that is left: what names one that was merged into it names the merged one."""
    assert entity.key is not None
    assert entity.merged_into is not None
    kind = binding.survivor_kind(entity.name)
    key, into = (
        _read(binding, entity.name, name, column("rows_whole", name), kind) for name in (entity.key, entity.merged_into)
    )
    called = merged_cte(entity.name)
    is_merged = exp.Not(this=exp.Is(this=copied(into), expression=exp.Null()))
    source = exp.Subquery(this=rows, alias=alias_of("rows_whole"))
    merged = _one_of_each(key, into).from_(source).where(is_merged).group_by(copied(key))
    found: list[tuple[str, exp.Expr, str]] = [(called, merged, "Merged records")]
    for doubling in range(_DOUBLINGS):
        following = short(f"{entity.name}_merged_{2 ** (doubling + 1)}")
        mine, theirs = column("first", RECORD), column("next", LEFT)
        left = exp.Coalesce(this=theirs, expressions=[column("first", LEFT)])
        select = _one_of_each(mine, left).from_(_under(called, "first")).join(_next(called, "first"))
        found.append((following, select.group_by(copied(mine)), "What was made of these"))
        called = following
    mine, theirs = column("first", RECORD), column("first", LEFT)
    there = exp.EQ(this=column("found", LEFT), expression=theirs)
    end = _one_of_each(mine, copied(theirs)).from_(_under(called, "first"))
    end = end.join(_next(merged_cte(entity.name), "first"))
    # What was merged in a circle has no end, and an end that is not there is no record.
    found_key = _read(binding, entity.name, entity.key, column("rows_found", entity.key), kind)
    ends = exp.Select().select(column("ended", LEFT)).from_(_under(called, "ended"))
    keys = exp.Select().select(named(copied(found_key), LEFT)).distinct()  # few, so that any database finds them soon
    keys = keys.from_(exp.Subquery(this=copied(rows), alias=alias_of("rows_found")))
    keys = keys.where(exp.In(this=found_key, query=exp.Subquery(this=ends)))
    end = end.join(exp.Join(this=exp.Subquery(this=keys, alias=alias_of("found")), on=there))
    end = end.where(exp.Is(this=column("next", RECORD), expression=exp.Null())).group_by(copied(mine))
    found.append((survivors_cte(entity.name), end, f"{entity.plural['en']} that are left of merged ones"))
    return found


def _one_of_each(record: exp.Expr, left: exp.Expr) -> exp.Select:
    """One row for each record, whatever the source says of it twice."""
    return exp.Select().select(named(copied(record), RECORD), named(exp.Max(this=left), LEFT))


def _under(cte: str, alias: str) -> exp.Table:
    source = table(cte)
    source.set("alias", alias_of(alias))
    return source


def _next(cte: str, alias: str) -> exp.Join:
    """What the record that is left was merged into in its turn."""
    on = exp.EQ(this=column("next", RECORD), expression=column(alias, LEFT))
    return exp.Join(this=_under(cte, "next"), side="LEFT", on=on)


def _read(binding: Binding, entity: str, name: str, value: exp.Expr, kind: str) -> exp.Expr:
    """A key in a CTE's column, as one of a kind: bare, or as a text."""
    own = binding.key_kind(entity, name)
    return cast(value, "VARCHAR") if own and own != kind else value


class Survivors:
    """The joins by which the keys of an entity's rows, which stand under an alias, lead to those that are left."""

    def __init__(self, binding: Binding, entity: str, rows: str) -> None:
        self._binding, self._entity, self._rows = binding, entity, rows
        self.joins: dict[str, exp.Join] = {}

    def key(self, name: str) -> exp.Expr:
        """The key of the record that is left of the one that a field names, or the one that it names."""
        to = self._binding.survivor_of(self._entity, name)
        value: exp.Expr = column(self._rows, name)
        if to is None:
            return value
        kind, own = self._binding.survivor_kind(to), self._binding.recorded_kind(self._entity, name)
        alias = short(f"{name}_left")
        record: exp.Expr = column(alias, RECORD)
        left: exp.Expr = column(alias, LEFT)
        if kind != own:
            value, record, left = (
                cast(one, "VARCHAR") if of else one for one, of in ((value, own), (record, kind), (left, kind))
            )
        on = exp.EQ(this=record, expression=copied(value))
        self.joins[name] = exp.Join(this=_under(survivors_cte(to), alias), side="LEFT", on=on)
        found = exp.Coalesce(this=left, expressions=[value])
        if kind != own or not kind:
            return cast(found, "VARCHAR")
        # Where any value may stand in any column, the database searches only by what says its type.
        mapped = self._binding.mapped(self._entity, name)
        return cast(found, "BIGINT") if mapped is not None and mapped.holds == "any" else found


def lost_of(entity: Entity) -> exp.Select:
    """The merged records of which none is left (`key0`), with how many they are of each key, in `count`: they were
    merged in a circle, over more than `MOST_MERGERS`, or into one that is not there."""
    merged, left = _under(merged_cte(entity.name), "merged"), _under(survivors_cte(entity.name), "ended")
    ended = exp.EQ(this=column("ended", RECORD), expression=column("merged", RECORD))
    key = column("merged", RECORD)
    select = exp.Select().select(named(copied(key), "key0"), named(exp.Count(this=exp.Star()), "count"))
    select = select.from_(merged).join(exp.Join(this=left, side="LEFT", on=ended))
    return select.where(exp.Is(this=column("ended", RECORD), expression=exp.Null())).group_by(key)
