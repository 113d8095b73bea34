"""Whether a statement can return rows of one value only: the proof that a report of bursting has
nobody else's rows.

Statements have few shapes, and only those are known here; whatever else one has, it is refused. A step
(a SELECT that is none of the entities' own, which stand in WITH) takes its rows

- from an entity, beside which others may be joined that add columns and no rows (LEFT JOIN on equal
  fields), or
- from steps of which the same holds, or from constants.

For one value, a step over an entity keeps the rows of which the field equals the value
(`unguarded`). For many values, each step groups and numbers rows within the field, and hands it on
(`unparted`). What an entity's rows are is said by the catalogue and the mapping; a derived one may
have been computed from rows of several values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from reportspec.expression.trees import bare_key
from reportspec.lazy_dataclass import dataclass

_PARTS = {"with_", "expressions", "from_", "joins", "where", "group", "order", "limit"}
_STEPS = ("from_", "joins", "with_")
_NOWHERE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Fields:
    """The field of `for_each`, which some entities have under another name."""

    field: str
    elsewhere: Mapping[str, str]

    def of(self, entity: str) -> str:
        """What an entity calls it."""
        return self.elsewhere.get(entity, self.field)


def unguarded(tree: exp.Expr, value: str, field: str, elsewhere: Mapping[str, str] = _NOWHERE) -> str | None:
    """Why a statement may return rows of other values of a field, or None if it cannot. `elsewhere` is what
    the field is called by entities that have it under another name."""
    if isinstance(tree, exp.Subquery):
        return unguarded(tree.this, value, field, elsewhere)
    if isinstance(tree, exp.SetOperation):
        either = (unguarded(branch, value, field, elsewhere) for branch in (tree.this, tree.expression))
        return _united(tree) or next((why for why in either if why is not None), None)
    why = _strange(tree)
    if why is not None:
        return why
    first, entities, steps = _sources(tree)
    for step in steps:
        if (why := unguarded(step, value, field, elsewhere)) is not None:
            return why
    if isinstance(first, exp.Table):
        fields = _Fields(field, elsewhere)
        where = tree.args.get("where")
        conditions = _conjuncts(where.this) if where is not None else []
        if not any(_says(condition, value, fields, entities) for condition in conditions):
            return f"rows of `{first.name}` pass whole"
    return None


def unparted(tree: exp.Expr, name: str, field: str, elsewhere: Mapping[str, str] = _NOWHERE) -> str | None:
    """Why rows of a statement for many values of a field may be made of rows of several, or None if
    each is made of rows of the value that it has in the column `name`."""
    if isinstance(tree, exp.Subquery):
        return unparted(tree.this, name, field, elsewhere)
    if isinstance(tree, exp.SetOperation):
        return (
            _united(tree)
            or _other_places(tree, name)
            or unparted(tree.this, name, field, elsewhere)
            or unparted(tree.expression, name, field, elsewhere)
        )
    why = _strange(tree)
    if why is not None:
        return why
    if tree.args.get("limit"):
        return "rows of all values are cut together"
    item = next((expression.unalias() for expression in tree.expressions if expression.alias_or_name == name), None)
    # A key that is kept as it is has one text for each of its values.
    item = bare_key(item) if item is not None else None
    if not isinstance(item, exp.Column):
        return f"`{name}` is no column of its rows"
    why = _brought_together(tree, item)
    if why is not None:
        return why
    first, entities, steps = _sources(tree)
    if isinstance(first, exp.Table) and not steps:
        return None if _is_field(item, _Fields(field, elsewhere), entities) else f"`{name}` is not the field"
    if isinstance(first, exp.Subquery) and steps == [first] and item.table == first.alias:
        return unparted(first, item.name, field, elsewhere)
    return "rows of several steps are brought together"


def _strange(tree: exp.Expr) -> str | None:
    """What a SELECT has that none of ours has."""
    if not isinstance(tree, exp.Select):
        return f"a `{tree.key}` is not known"
    other = [key for key, part in tree.args.items() if part and key not in _PARTS]
    if other:
        return f"a SELECT with `{other[0]}` is not known"
    with_ = tree.args.get("with_")
    if with_ is not None and (tree.parent is not None or with_.args.get("recursive")):
        return "a WITH stands within a statement"
    for key, part in tree.args.items():
        if key not in _STEPS:
            for node in part if isinstance(part, list) else [part]:
                if isinstance(node, exp.Expr) and node.find(exp.Query, exp.Subquery):
                    return "a SELECT stands within an expression"
    source = tree.args.get("from_")
    if source is None:
        return None
    for join in tree.args.get("joins") or []:
        if not _adds_columns(join) and not _beside_steps(join):
            return f"a `{join.sql(dialect='duckdb').split('(')[0].strip()[:40]}` is not known"
    sources = [source.this, *(join.this for join in tree.args.get("joins") or [])]
    names = [source.alias_or_name for source in sources]
    if len(set(names)) < len(names) or any(not _plain(source) for source in sources):
        return "it reads from what is not known"
    return None


def _plain(source: exp.Expr) -> bool:
    """Whether a source is a table by its name, or a SELECT with one."""
    if isinstance(source, exp.Table):
        known = {"this", "alias", "db", "catalog"}
        return isinstance(source.this, exp.Identifier) and not any(
            part for key, part in source.args.items() if key not in known
        )
    if isinstance(source, exp.Subquery):
        return not any(part for key, part in source.args.items() if key not in ("this", "alias"))
    return False


def _adds_columns(join: exp.Join) -> bool:
    """LEFT JOIN of an entity on equal fields of both sides."""
    on = join.args.get("on")
    if join.side != "LEFT" or join.kind not in ("", "OUTER") or on is None:
        return False
    if join.args.get("method") or join.args.get("using") or not isinstance(join.this, exp.Table):
        return False
    name = join.this.alias_or_name
    return any(
        isinstance(condition, exp.EQ)
        and {_tables(condition.this) == {name}, _tables(condition.expression) == {name}} == {True, False}
        and _tables(condition.this)
        and _tables(condition.expression)
        for condition in _conjuncts(on)
    )


def _tables(tree: exp.Expr) -> set[str]:
    return {column.table for column in tree.find_all(exp.Column)}


def _beside_steps(join: exp.Join) -> bool:
    """CROSS JOIN of a step or of constants."""
    rest = [key for key, part in join.args.items() if part and key not in ("this", "kind")]
    return join.kind == "CROSS" and not rest and isinstance(join.this, exp.Subquery)


def _sources(tree: exp.Expr) -> tuple[exp.Expr | None, list[exp.Table], list[exp.Subquery]]:
    """What a SELECT takes its rows from; and all entities and steps that it names. Constants are
    neither."""
    source = tree.args.get("from_")
    if source is None:
        return None, [], []
    sources = [source.this, *(join.this for join in tree.args.get("joins") or [])]
    entities = [source for source in sources if isinstance(source, exp.Table)]
    steps = [source for source in sources if isinstance(source, exp.Subquery) and source.find(exp.Table)]
    return source.this, entities, steps


def _says(tree: exp.Expr, value: str, fields: _Fields, entities: list[exp.Table]) -> bool:
    """Whether a condition is `the field = the value`."""
    if not isinstance(tree, exp.EQ):
        return False
    for own, other in ((bare_key(tree.this), tree.expression), (bare_key(tree.expression), tree.this)):
        equals = isinstance(other, exp.Literal) and other.is_string and other.this == value
        if equals and isinstance(own, exp.Column):
            return _is_field(own, fields, entities)
    return False


def _is_field(own: exp.Column, fields: _Fields, entities: list[exp.Table]) -> bool:
    """Whether a column is the field, as an entity has it."""
    for entity in entities:
        if entity.alias_or_name == own.table or (not own.table and len(entities) == 1):
            return own.name == fields.of(entity.name)
    return False


def _brought_together(tree: exp.Expr, own: exp.Column) -> str | None:
    """Whether rows of several values become one, or are counted with one another."""
    group = tree.args.get("group")
    if group is not None and own not in [bare_key(one) for one in group.expressions]:
        return "rows are grouped without the field"
    if group is not None and any(part for key, part in group.args.items() if key != "expressions"):
        return "rows are grouped in several ways"
    for node in (*tree.expressions, tree.args.get("order")):
        if node is None:
            continue
        for window in node.find_all(exp.Window):
            if own not in [bare_key(part) for part in window.args.get("partition_by") or []]:
                return "a window reaches beyond the field"
        if group is None and any(_of_all(aggregate) for aggregate in node.find_all(exp.AggFunc)):
            return "all rows are brought together"
    return None


def _of_all(aggregate: exp.Expr) -> bool:
    return not isinstance(aggregate.parent, exp.Window)


def _united(tree: exp.SetOperation) -> str | None:
    if not isinstance(tree, exp.Union) or tree.args.get("distinct"):
        return f"a `{tree.key}` is not known"
    known = {"this", "expression", "distinct"}
    other = [key for key, part in tree.args.items() if part and key not in known]
    return f"a UNION with `{other[0]}` is not known" if other else None


def _other_places(tree: exp.SetOperation, name: str) -> str | None:
    """UNION goes by the places of columns, not by their names."""
    listed = ([expression.alias_or_name for expression in branch.expressions] for branch in _branches(tree))
    places = {names.index(name) if name in names else -1 for names in listed}
    return f"`{name}` stands in several places" if len(places) > 1 else None


def _branches(tree: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(tree, exp.SetOperation):
        yield from _branches(tree.this)
        yield from _branches(tree.expression)
    elif isinstance(tree, exp.Subquery):
        yield from _branches(tree.this)
    else:
        yield tree


def _conjuncts(tree: exp.Expr) -> list[exp.Expr]:
    if isinstance(tree, exp.And):
        return [*_conjuncts(tree.this), *_conjuncts(tree.expression)]
    if isinstance(tree, exp.Paren):
        return _conjuncts(tree.this)
    return [tree]
