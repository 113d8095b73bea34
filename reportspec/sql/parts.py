"""The tables that an entity's rows come from: one table, others beside it, never more rows.

A part's own columns are written bare in a mapping, those of the tables beside it as
`name.column`. As soon as there is a table beside it, bare names get the part's own alias, so that
two tables may have columns of one name.
"""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.sandbox import each_parts
from reportspec.expression.trees import SOURCE, alias_of, all_of, column, copied, literal, named, nodes_in
from reportspec.model.mapped import MappedJoin, MappedPart
from reportspec.resolve.mapped_columns import OWN, _qualified
from reportspec.sql.dialects.rewrite import OWN as DIALECT

PLACE = "place__"


def from_part(select: exp.Select, part: MappedPart) -> exp.Select:
    """The SELECT with a part's FROM and its joins."""
    source: exp.Expr = copied(part.table)
    if part.latest is not None:
        keys, order = part.latest
        source = _first(part.table, list(keys), order, None)
        source = exp.Subquery(this=source, alias=alias_of(OWN))
    elif part.joins or _says_own(part):
        source.set("alias", alias_of(OWN))
    select = select.from_(_marked(source), copy=False)
    for join in part.joins:
        select.append("joins", _joined(join))
    return select


def _marked(tree: exp.Expr) -> exp.Expr:
    """The tree with its tables marked as the source's own, whatever the CTEs are called."""
    for node in tree.find_all(exp.Table):
        node.meta[SOURCE] = True
    return tree


def _says_own(part: MappedPart) -> bool:
    """Whether a part's expressions name its alias: also where the source lacks the tables beside
    it, for whose sake they did."""
    trees = [field.sql for field in part.fields.values()]
    trees += [part.where] if part.where is not None else []
    return any(node.table == OWN for tree in trees for node in nodes_in(tree, exp.Column))


def _joined(join: MappedJoin) -> exp.Join:
    theirs = [key for key, _ in join.on]
    if join.fields:
        inner: exp.Expr = _grouped(join, theirs)
        keys: list[exp.Expr] = [column(join.name, f"key{i}__") for i in range(len(theirs))]
    elif join.first:
        inner = _first(join.table, theirs, join.first, join.where)
        keys = [_qualified(key, join.name) for key in theirs]
    else:
        inner = exp.Select().select(exp.Star()).from_(copied(join.table))
        if join.where is not None:
            inner = inner.where(copied(join.where))
        keys = [_qualified(key, join.name) for key in theirs]
    on = all_of(exp.EQ(this=key, expression=copied(ours)) for key, (_, ours) in zip(keys, join.on, strict=True))
    aliased = exp.Subquery(this=_marked(inner), alias=alias_of(join.name))
    return exp.Join(this=aliased, side="LEFT", on=on)


def _grouped(join: MappedJoin, keys: list[exp.Expr]) -> exp.Select:
    texts = list(dict.fromkeys(node for key in keys for node in each_parts(key)))
    source: exp.Expr = copied(join.table)
    if texts:
        source = exp.Subquery(this=_in_parts(source, texts, keys[0].meta.get(DIALECT, "")), alias=alias_of("parted"))
        keys = [_of_part(key, texts) for key in keys]
    select = exp.Select()
    for index, key in enumerate(keys):
        select = select.select(named(copied(key), f"key{index}__"), copy=False)
    for name, tree in join.fields.items():
        select = select.select(named(copied(tree), name), copy=False)
    select = select.from_(source, copy=False)
    if join.where is not None:
        select = select.where(copied(join.where), copy=False)
    return select.group_by(*[copied(key) for key in keys], copy=False)


def _of_part(key: exp.Expr, texts: list[exp.Anonymous]) -> exp.Expr:
    """A key of a part of a text, which stands in a column."""

    def read(node: exp.Expr) -> exp.Expr:
        place = next((number for number, text in enumerate(texts) if node == text), None)
        return exp.column(f"part{place}__") if place is not None else node

    return copied(key).transform(read, copy=False)


# The place of a text's part has two figures, to a base at which each is small: 256 parts are read. A place is tried
# only where the text has as many.
_FIGURES = 16


def _in_parts(table: exp.Expr, texts: list[exp.Anonymous], own: str) -> exp.Select:
    """The rows of a table, each once for each part of its texts, which is there as `part0__`, `part1__`, …; of what
    people wrote in their database's `own` SQL the texts stay as they are."""
    select = exp.Select().select(exp.Star())
    joins = []
    for number, each in enumerate(texts):
        text, mark = map(copied, each.expressions)
        if own:
            text.meta[DIALECT] = own
        rest = exp.Replace(this=copied(text), expression=copied(mark), replacement=literal(""))
        signs = exp.Paren(this=exp.Sub(this=exp.Length(this=copied(text)), expression=exp.Length(this=rest)))
        place: exp.Expr = literal(0)
        for name, weight in ((f"tens{number}__", _FIGURES), (f"ones{number}__", 1)):
            figure = exp.Mul(this=column(name, f"{name}n"), expression=literal(weight))
            place = exp.Paren(this=exp.Add(this=copied(place), expression=figure))
            on = exp.GTE(
                this=copied(signs), expression=exp.Mul(this=copied(place), expression=literal(len(str(mark.this))))
            )
            joins.append(exp.Join(this=exp.Subquery(this=_figures(f"{name}n"), alias=alias_of(name)), on=on))
        at = exp.Add(this=place, expression=literal(1))
        part = exp.SplitPart(this=copied(text), delimiter=copied(mark), part_index=at)
        select = select.select(named(part, f"part{number}__"), copy=False)
    select = select.from_(table, copy=False)
    for join in joins:
        select.append("joins", join)
    return select


def _figures(name: str) -> exp.Expr:
    rows: exp.Expr = exp.Select().select(named(literal(0), name))
    for figure in range(1, _FIGURES):
        rows = exp.Union(this=rows, expression=exp.Select().select(named(literal(figure), name)), distinct=False)
    return rows


def _first(
    source: exp.Table, keys: list[exp.Expr], order: tuple[exp.Ordered, ...], where: exp.Expr | None
) -> exp.Select:
    """The rows of a table that come first in an order among those of the same keys."""
    place = exp.Window(
        this=exp.RowNumber(),
        partition_by=[copied(key) for key in keys],
        order=exp.Order(expressions=[copied(item) for item in order]),
    )
    ranked = exp.Select().select(exp.Star(), named(place, PLACE)).from_(copied(source))
    if where is not None:
        ranked = ranked.where(copied(where))
    inside = exp.Subquery(this=ranked, alias=alias_of("ranked"))
    first = exp.EQ(this=column("ranked", PLACE), expression=literal(1))
    return exp.Select().select(exp.Star()).from_(inside).where(first)
