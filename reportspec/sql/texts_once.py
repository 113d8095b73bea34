"""What is made of texts, once for each row and not wherever a statement asks for it.

Twenty checks trim the same email, and take what stands before its `@`: databases compute what stands in a condition
each time that it stands there. What several places of a statement make of one row's texts becomes columns of a CTE
over the rows, level by level: the parts of texts, the texts without blanks around them and in small letters, and
whether these are in a list. Nothing of it fails on any text, so that it may be made of rows too that no condition asks
about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from sqlglot import exp

from reportspec.expression.trees import alias_of, column, copied, identifier, literal, named, names_cte, table, when
from reportspec.lazy_dataclass import dataclass

_FEW = 4  # values that are as quickly compared with as looked up


def texts_once(select: exp.Select, rows: Collection[str]) -> tuple[exp.Select, list[exp.CTE]]:
    """A SELECT without CTEs over the CTEs `rows`, of which no one changes the tree, and the CTEs that it reads now
    in their place, to stand behind them. The last of each is written down: where one is made into conditions again,
    these have it as often as before."""
    tree, ctes, names = copied(select), list[exp.CTE](), {name: name for name in rows}
    assert isinstance(tree, exp.Select)
    for level in _LEVELS:
        found = _Found(level, names.keys(), {}, {}, {})
        found.look(tree, {})
        for name, units in found.units.items():
            again = {text: places for text, places in units.items() if len(places) > 1}
            if not again:
                continue
            new = f"{names[name]}_{level.called}"
            kept = [named(column(name, field), field) for field in found.fields[name]]
            made = exp.Select(expressions=kept)
            for number, places in enumerate(again.values()):
                field = f"{level.called}{number}"
                made = made.select(named(level.made(_over(places[0].unit, name)), field), copy=False)
                for place in places:
                    place.parent.set(place.arg, level.read(column(place.alias, field)), place.index)
            made = made.from_(table(name), copy=False)
            ctes.append(exp.CTE(this=made, alias=alias_of(new)))
            for read in found.tables[name]:
                if not read.alias:
                    read.set("alias", alias_of(name))
                read.set("this", identifier(new))
            names[new] = names.pop(name)
    for cte in ctes:
        if cte.alias in names:
            cte.set("materialized", True)
    return tree, ctes


@dataclass(frozen=True, slots=True)
class _Level:
    """A kind of what is made once: what it is `called`, which nodes are one, how a node is `made` as a column, and how
    that is `read` in the node's place."""

    called: str
    is_unit: Callable[[exp.Expr], bool]
    made: Callable[[exp.Expr], exp.Expr]
    read: Callable[[exp.Expr], exp.Expr]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a unit stands: an argument of its parent, in a list at an index; by which alias its columns are."""

    unit: exp.Expr
    parent: exp.Expr
    arg: str
    index: int | None
    alias: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found in a tree of the CTEs `rows`: by their names the units, by their texts, with their places; the
    fields that are read of each, and the nodes that name it."""

    level: _Level
    rows: Collection[str]
    units: dict[str, dict[str, list[_Place]]]
    fields: dict[str, dict[str, None]]
    tables: dict[str, list[exp.Table]]

    def look(self, node: exp.Expr, scope: dict[str, str]) -> None:
        """Look through a tree, whose aliases are those of a `scope`."""
        if isinstance(node, exp.Select):
            scope = {**scope, **dict(self._aliases(node))}
        for parent, arg, index, child in _children(node):
            if isinstance(child, exp.Column) and scope.get(child.table):
                self.fields.setdefault(scope[child.table], {})[child.name] = None
                continue
            if self.level.is_unit(child):
                columns = list(child.find_all(exp.Column))
                aliases = {one.table for one in columns}
                if len(aliases) == 1 and (name := scope.get(alias := aliases.pop())):
                    text = _over(child, name).sql()
                    place = _Place(child, parent, arg, index, alias)
                    self.units.setdefault(name, {}).setdefault(text, []).append(place)
                    self.fields.setdefault(name, {}).update(dict.fromkeys(one.name for one in columns))
                    continue
            self.look(child, scope)

    def _aliases(self, select: exp.Select) -> Iterator[tuple[str, str]]:
        sources = [one.this for one in (select.args.get("from_"), *select.args.get("joins", ())) if one is not None]
        for source in sources:
            if isinstance(source, exp.Table) and names_cte(source) and source.name in self.rows:
                self.tables.setdefault(source.name, []).append(source)
                yield source.alias_or_name, source.name
            elif isinstance(source, (exp.Table, exp.Subquery)):
                yield source.alias_or_name, ""  # which may hide an alias further out


def _children(node: exp.Expr) -> Iterator[tuple[exp.Expr, str, int | None, exp.Expr]]:
    for arg, value in node.args.items():
        if isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, exp.Expr):
                    yield node, arg, index, item
        elif isinstance(value, exp.Expr):
            yield node, arg, None, value


def _over(unit: exp.Expr, name: str) -> exp.Expr:
    """A unit whose columns are those of the rows themselves."""
    return copied(unit).transform(
        lambda node: column(name, node.name) if isinstance(node, exp.Column) else node, copy=False
    )


# What is given to them besides the text.
_PARTS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.SplitPart: ("delimiter", "part_index"),
    exp.RegexpReplace: ("expression", "replacement", "modifiers"),
}


def _is_part(node: exp.Expr) -> bool:
    given = _PARTS.get(type(node))
    return (
        given is not None
        and isinstance(node.this, exp.Column)
        and all(isinstance(node.args.get(name), exp.Literal) for name in given)
    )


def _is_text(node: exp.Expr) -> bool:
    plain = isinstance(node, (exp.Lower, exp.Upper)) or (
        isinstance(node, exp.Trim) and not any(node.args.get(arg) for arg in ("expression", "position", "collation"))
    )
    return plain and (isinstance(node.this, exp.Column) or _is_text(node.this))


def _is_list(node: exp.Expr) -> bool:
    values = node.args.get("expressions") or ()
    return (
        isinstance(node, exp.In)
        and len(values) > _FEW
        and isinstance(node.this, exp.Column)
        and all(isinstance(one, exp.Literal) for one in values)
    )


def _trimmed(unit: exp.Expr) -> exp.Expr:
    """Few texts have blanks around them, and it is much cheaper to see that they have none than to trim them."""

    def quicker(node: exp.Expr) -> exp.Expr:
        if not (isinstance(node, exp.Trim) and isinstance(node.this, exp.Column)):
            return node
        around = [exp.Like(this=copied(node.this), expression=literal(form)) for form in (" %", "% ")]
        return when(exp.Or(this=around[0], expression=around[1]), copied(node), copied(node.this))

    return unit.transform(quicker, copy=False)


def _as_number(unit: exp.Expr) -> exp.Expr:
    """1, 0 or nothing: not every database has columns of yes and no."""
    none = exp.Is(this=copied(unit.this), expression=exp.Null())
    made = when(unit, literal(1))
    made.append("ifs", exp.If(this=exp.Not(this=none), true=literal(0)))
    return made


def _same(tree: exp.Expr) -> exp.Expr:
    return tree


_LEVELS = (
    _Level("part", _is_part, _same, _same),
    _Level("text", _is_text, _trimmed, _same),
    _Level("list", _is_list, _as_number, lambda read: exp.EQ(this=read, expression=literal(1))),
)
