"""Filters of dbt's metrics: SQL with calls in double braces, which are read here and never run."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp

from reportspec.diagnostics import Span
from reportspec.exchange.dbt_tables import Shape
from reportspec.exchange.fields import tell_type
from reportspec.exchange.foreign import LeftOut
from reportspec.exchange.fragments import canonical, keys_as_texts, read, strictly
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import nodes_in
from reportspec.lazy_dataclass import dataclass

_CALL = re.compile(r"\{\{([^{}]*)\}\}")
_TEXT = r"""(?:'([^'"\\{}]*)'|"([^'"\\{}]*)")"""
_REF = re.compile(
    rf"""\s*(Dimension|TimeDimension|Entity)\(\s*{_TEXT}\s*
    (?:,\s*(?:time_granularity_name\s*=\s*)?{_TEXT}\s*)?
    (?:,\s*entity_path\s*=\s*\[([^\]\[{{}}\\]*)\]\s*)?,?\s*\)\s*
    (?:\.grain\(\s*{_TEXT}\s*\)\s*)?""",
    re.VERBOSE,
)
_LISTED = re.compile(rf"\s*{_TEXT}\s*(?:,|$)")
_GRAINS = frozenset({"hour", "day", "week", "month", "quarter", "year"})
_STAND_IN = "reportspec_reference_"


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a metric, and where it stands."""

    text: str
    place: Span


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a call in a filter means: the path of a field, its owner, and the grain that its times are cut to."""

    path: tuple[str, ...]
    owner: Shape
    field: str
    grain: str


class Filters:
    """Reads filters for the entity of a metric."""

    def __init__(self, shapes: Mapping[str, Shape], dialect: str) -> None:
        self.shapes, self.dialect = shapes, dialect
        self.by_entity = {shape.table.entity: shape for shape in shapes.values()}

    def condition(self, shape: Shape, given: Filter, time: str) -> str:
        """A filter as a condition of the catalogue on rows of a shape, whose metric counts by the dimension `time`.
        Raises LeftOut."""
        try:
            return self._condition(shape, given.text, time)
        except LeftOut as left:
            raise LeftOut(f"in its filter, {left.why}", left.place or given.place) from None

    def _condition(self, shape: Shape, text: str, time: str) -> str:
        if _STAND_IN in text.lower():
            raise LeftOut("a name is used that stands for others here")
        calls: list[_Meant] = []

        def stand_in(found: re.Match[str]) -> str:
            calls.append(self._meant(shape, found[1], time))
            return f" {_STAND_IN}{len(calls) - 1} "

        sql = _CALL.sub(stand_in, text)
        if any(sign in sql for sign in ("{{", "}}", "{%", "{#")):
            raise LeftOut("there is a template that is no call of `Dimension`, `TimeDimension` or `Entity`")
        tree = read(sql, self.dialect)
        if any(_STAND_IN in str(text.this).lower() for text in nodes_in(tree, exp.Literal)):
            raise LeftOut("a call of a template stands within a text")

        def meant(node: exp.Expr) -> _Meant:
            name = ".".join(path_of(node))
            number = name.lower().removeprefix(_STAND_IN)
            if number == name.lower() or not number.isdecimal():
                raise LeftOut(f"`{name[:60]}` is a column: write it as a `Dimension`")
            return calls[int(number)]

        def type_of(node: exp.Expr) -> str:
            one = meant(node)
            return one.owner.table.fields[one.field].type

        for node in column_nodes(tree):
            found = meant(node)
            tell_type(found.owner.table.fields[found.field], node)
            if found.grain and found.grain != "hour":
                cut = _cut(node.copy(), found.grain)
                if node is tree:
                    tree = cut
                else:
                    node.replace(cut)
        by_name = {f"{_STAND_IN}{number}": call.path for number, call in enumerate(calls)}
        tree = strictly(tree, lambda node: type_of(node) == "boolean")
        keys_as_texts(tree, lambda node: type_of(node) == "key")
        return canonical(tree, lambda path: by_name[path[0].lower()])

    def _meant(self, shape: Shape, call: str, time: str) -> _Meant:
        found = _REF.fullmatch(call)
        if found is None:
            shown = " ".join(call.split())[:60]
            raise LeftOut(f"`{shown}` is no call of `Dimension`, `TimeDimension` or `Entity` that can be taken over")
        kind, *texts = found.groups()
        name = texts[0] if texts[0] is not None else texts[1]
        grain = next((text for text in (*texts[2:4], *texts[5:7]) if text), "")
        path = _listed(texts[4] or "")
        *entities, last = name.split("__")
        if last in ("day", "week", "month", "quarter", "year", "hour") and len(entities) and kind != "Entity":
            grain, last = last, entities.pop()
        if kind == "Entity":
            return self._entity(shape, [*path, *entities], last)
        if last == "metric_time" and not entities:
            last = time
        owner, steps = self._walk(shape, [*path, *entities], last)
        field = owner.dimensions.get(last)
        if field is None:
            raise LeftOut(f"there is no dimension `{name}`")
        default = owner.grains.get(last, "")
        grain = (grain or default).lower()
        if grain and not default:
            raise LeftOut(f"`{name}` is no time")
        if grain and grain not in _GRAINS:
            raise LeftOut(f"the grain `{grain[:30]}` is none that can be taken over")
        return _Meant((*steps, field), owner, field, grain)

    def _entity(self, shape: Shape, path: list[str], last: str) -> _Meant:
        if not path or (path == [shape.primary] and last != shape.primary):
            own = shape.table.key if last == shape.primary else {**shape.unique, **shape.leads}.get(last, "")
            if own:
                return _Meant((shape.table.entity, own), shape, own, "")
        owner, steps = self._walk(shape, path, "")
        field = owner.table.key if last == owner.primary else {**owner.unique, **owner.leads}.get(last, "")
        if not field:
            raise LeftOut(f"there is no entity `{last}`")
        return _Meant((*steps, field), owner, field, "")

    def _walk(self, shape: Shape, entities: list[str], last: str) -> tuple[Shape, tuple[str, ...]]:
        """From a shape over dbt's entities to the one that has a dimension."""
        at = shape
        steps: tuple[str, ...] = (shape.table.entity,)
        for number, name in enumerate(entities):
            wanted = last if number == len(entities) - 1 else ""
            if name == at.primary and (not wanted or wanted in at.dimensions):
                continue
            at, step = self._step(at, name, wanted)
            steps = (*steps, step)
        return at, steps

    def _step(self, at: Shape, name: str, wanted: str) -> tuple[Shape, str]:
        by = {**at.unique, **at.leads}.get(name) or (at.table.key if name == at.primary else "")
        ways = [
            (self.by_entity[to], relation)
            for relation, (to, over) in at.table.relations.items()
            if over == by and self.by_entity[to].primary == name
        ]
        fitting = [way for way in ways if not wanted or wanted in way[0].dimensions]
        if len(fitting) > 1:
            raise LeftOut(f"several semantic models have the entity `{name}`, and more than one of them is meant")
        if not fitting:
            raise LeftOut(
                f"no relation leads over the entity `{name}` to `{wanted}`" if wanted else f"nothing leads to `{name}`"
            )
        return fitting[0]


def _listed(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text.rstrip()):
        item = _LISTED.match(text, at)
        if item is None:
            raise LeftOut(f"`[{text[:60]}]` is no list of entities")
        found.append(item[1] if item[1] is not None else item[2])
        at = item.end()
    return found


def _cut(node: exp.Expr, grain: str) -> exp.Expr:
    day = exp.Cast(this=node, to=exp.DataType(this=exp.DataType.Type.DATE, nested=False))
    return day if grain == "day" else exp.TimestampTrunc(this=day, unit=exp.Var(this=grain.upper()))
