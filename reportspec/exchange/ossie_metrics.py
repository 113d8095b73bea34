"""Metrics of Ossie, which are SQL over datasets, as metrics of the catalogue: each aggregate becomes one over the rows
of its own dataset, and what is between them a ratio or a formula."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any

from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.exchange.fields import keep, tell_type
from reportspec.exchange.fitting_names import fitting_name
from reportspec.exchange.foreign import Kept, LeftOut, Made, Model, Part, Table
from reportspec.exchange.formulas import formula_of, without_guards
from reportspec.exchange.fragments import canonical, keys_as_texts, path_node, sqlglot_dialect, strictly
from reportspec.exchange.ossie_parts import chosen, other_keys, own_extension
from reportspec.expression.sandbox import Refused, column_nodes, parse, path_of
from reportspec.expression.trees import nodes_in
from reportspec.lazy_dataclass import dataclass

_AGGREGATES = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count, exp.Median, exp.WithinGroup, exp.CountIf)
_CALLED = {exp.Sum: "sum", exp.Avg: "average", exp.Min: "min", exp.Max: "max", exp.Median: "median"}
_PART = "reportspec_part_"
_KEYS = frozenset(["name", "expression", "description", "datatype", "ai_context", "custom_extensions"])


@dataclass(slots=True)
class Datasets:
    """The datasets of a model, as its metrics see them: fields by the names that they had, and the relations that lead
    from one to another. `times` says by which field the metrics of a dataset count."""

    model: Model
    times: dict[str, str]
    tables: dict[str, Table] = field(default_factory=dict)
    fields: dict[str, dict[str, str]] = field(default_factory=dict)  # dataset -> foreign name -> field
    ways: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # dataset -> dataset -> relations

    def path(self, base: str, aim: str) -> tuple[str, ...]:
        """The relations that lead from a dataset to another one, by the fewest steps. Raises LeftOut."""
        seen = {base}
        at: list[tuple[str, tuple[str, ...]]] = [(base, ())]
        while at:
            found = [steps for name, steps in at if name == aim]
            if len(found) == 1:
                return found[0]
            if found:
                raise LeftOut(f"several relationships lead from `{base}` to `{aim}`")
            after: list[tuple[str, tuple[str, ...]]] = []
            for name, steps in at:
                for to, relations in self.ways.get(name, {}).items():
                    if to not in seen:
                        after += [(to, (*steps, relation)) for relation in relations]
            seen |= {name for name, _ in after}
            at = after
        raise LeftOut(f"no relationship leads from `{base}` to `{aim}`")

    def reaches(self, base: str, aim: str) -> bool:
        """Whether relations lead from a dataset to another one."""
        try:
            self.path(base, aim)
        except LeftOut as left:
            return left.why.startswith("several")
        return True

    def fact(self) -> str:
        """The one dataset that no relationship leads to. Raises LeftOut."""
        led = {to for ways in self.ways.values() for to in ways}
        found = [name for name in self.tables if name not in led]
        if len(found) != 1:
            raise LeftOut("it does not say of which dataset it is")
        return found[0]


def metrics_of(datasets: Datasets, metrics: Sequence[Part]) -> None:
    """All metrics of a model; what is not taken over is told."""
    maker = _Metrics(datasets, metrics)
    names = [part.text("name") for part in metrics]
    for number, part in enumerate(metrics):
        name = names[number]
        what = f"metric `{name}`"
        try:
            if not name or name in names[:number]:
                raise LeftOut("another one has its name" if name else "it has no name")
            maker.metric(part, name)
        except LeftOut as left:
            datasets.model.foreign.leave(what, left.why, left.place or part.place)


class _Metrics:
    def __init__(self, datasets: Datasets, parts: Iterable[Part]) -> None:
        self.datasets, self.model = datasets, datasets.model
        self.taken = {*self.model.ids, *self.model.metrics}
        self.names = {fitting_name(part.text("name"), (), self.model.tool) for part in parts}
        self.known: dict[str, str] = {}  # an aggregate's keys -> the metric that has them

    def metric(self, part: Part, name: str) -> None:
        """A metric into the model. Raises LeftOut."""
        what, tell = f"metric `{name}`", self.model.foreign.note
        with self.model.foreign.whole():
            text, dialect = chosen(part, self.model.dialect)
        if not text:
            raise LeftOut("it has no expression in SQL", part.at("expression"))
        ours = own_extension(part)
        if ours and ours.get("expression") != text:
            tell(what, "its expression was changed since it was exported, and is read anew", part.at("expression"))
            ours = {}
        if ours.get("canonical") is True and name in packaged().metrics.data:
            tell(what, "the catalogue has it, and is not given another one", part.place)
            return
        id = fitting_name(name, self.taken, self.model.tool)
        entry = ours.get("entry")
        if isinstance(entry, dict) and entry.get("metric") == name == id:
            made = entry
        else:
            made = {"metric": id} | self._entry(part, id, text, dialect, what)
            if description := part.text("description"):
                made["description"] = description
            if also := _synonyms(part, {*self.taken, *self.names, id}):
                made["also"] = also
        self.taken.add(id)
        self.model.metrics[id] = Made(made, part.place)
        if made.get("kind") == "aggregate":
            self.known.setdefault(_same(made), id)
        if id != name:
            tell(what, f"it is called `{id}` here", part.place)
        other_keys(self.model.foreign, what, part, _KEYS)

    def _entry(self, part: Part, id: str, text: str, dialect: str, what: str) -> dict[str, Any]:
        place = part.at("expression")
        try:
            tree = parse(text, sqlglot_dialect(dialect), aggregates=True).unnest()
        except Refused as refused:
            raise LeftOut(f"its SQL cannot be used: {refused}", place) from None
        aggregates = [each for each in _outermost(tree) if not isinstance(each.parent, exp.Filter)]
        aggregates += nodes_in(tree, exp.Filter)
        if not aggregates:
            raise LeftOut("its expression aggregates nothing", place)
        if tree in aggregates:
            return self._aggregate(tree, place, what)
        tree = without_guards(tree)
        found: dict[str, str] = {}
        bases = set()
        aggregates = [each for each in _outermost(tree) if not isinstance(each.parent, exp.Filter)]
        aggregates += nodes_in(tree, exp.Filter)
        for number, each in enumerate(aggregates):
            entry = self._aggregate(each, place, what)
            bases.add(entry["entity"])
            found[f"{_PART}{number}"] = self._part(id, number, entry)
        for number, each in enumerate(aggregates):
            each.replace(exp.column(f"{_PART}{number}"))
        if len(bases) > 1:
            how = f"each of its aggregates is of the rows of its own dataset ({', '.join(sorted(bases))})"
            self.model.foreign.note(what, how, place)
        sides = [tree.this.unnest(), tree.expression.unnest()] if isinstance(tree, exp.Div) else []
        if sides and all(isinstance(side, exp.Column) for side in sides):
            numerator, denominator = (found[side.name] for side in sides)
            return {"kind": "ratio", "numerator": numerator, "denominator": denominator, "unit": "ratio"}
        try:
            return {"kind": "derived", "formula": formula_of(tree, found), "unit": "ratio"}
        except LeftOut as left:
            raise LeftOut(left.why, left.place or place) from None

    def _part(self, owner: str, number: int, entry: dict[str, Any]) -> str:
        """The metric that has an aggregate's keys, made where there is none."""
        same = _same(entry)
        if same not in self.known:
            id = fitting_name(f"{owner}_part_{number + 1}", self.taken, self.model.tool)
            self.taken.add(id)
            self.model.metrics[id] = Made({"metric": id, **entry}, None)
            self.known[same] = id
        return self.known[same]

    def _aggregate(self, tree: exp.Expr, place: Any, what: str) -> dict[str, Any]:
        """The keys of an aggregate. Raises LeftOut."""
        try:
            return self._keys(tree, place, what)
        except LeftOut as left:
            raise LeftOut(left.why, left.place or place) from None

    def _keys(self, tree: exp.Expr, place: Any, what: str) -> dict[str, Any]:
        conditions: list[exp.Expr] = []
        if isinstance(tree, exp.Filter):
            conditions.append(tree.expression.this)
            tree = tree.this
        made: dict[str, Any] = {"kind": "aggregate"}
        of: exp.Expr | None = tree.this
        if isinstance(tree, exp.Count):
            made["aggregate"] = "count"
            if isinstance(of, exp.Distinct):
                if len(of.expressions) != 1:
                    raise LeftOut("it counts different values of several columns")
                made["aggregate"], of = "count_distinct", of.expressions[0]
        elif isinstance(tree, exp.CountIf):
            made["aggregate"], of = "count", None
            conditions.append(tree.this)
        elif isinstance(tree, exp.WithinGroup):
            made |= {"aggregate": "percentile", "percentile": _share(tree)}
            of = _ordered(tree)
        else:
            made["aggregate"] = next(name for kind, name in _CALLED.items() if isinstance(tree, kind))
        if isinstance(of, exp.Distinct):
            raise LeftOut(f"`{made['aggregate']}` of different values has no counterpart")
        if of is not None:
            of, condition = _chosen_rows(of, made["aggregate"])
            conditions += [condition] if condition is not None else []
        if made["aggregate"] in ("count", "sum") and isinstance(of, exp.Literal) and str(of.this) == "1":
            made["aggregate"], of = "count", None
        of = None if isinstance(of, exp.Star) else of
        base = self._base([each for each in (of, *conditions) if each is not None])
        table = self.datasets.tables[base]
        if made["aggregate"] == "count" and of is not None:
            if not self._is_key(base, of):
                conditions.append(exp.Not(this=exp.Is(this=of.copy(), expression=exp.Null())))
            of = None
        made["entity"] = table.entity
        if of is not None and made["aggregate"] != "count_distinct":
            kinds = {self._kept(node).type for node in column_nodes(of)}
            if kinds & {"date", "time"} and isinstance(of, exp.Column):
                raise LeftOut(f"its aggregation `{made['aggregate']}` is of times")
        if of is not None:
            made["of"] = self._canonical(
                base, type(tree)(this=of.copy()) if isinstance(tree, tuple(_CALLED)) else of, tree
            )
        if conditions:
            texts = [self._canonical(base, each, None) for each in conditions]
            made["where"] = texts[0] if len(texts) == 1 else " and ".join(f"({each})" for each in texts)
        made["unit"] = "count" if made["aggregate"] in ("count", "count_distinct") else "ratio"
        return made | self._time(base, place, what)

    def _base(self, trees: Iterable[exp.Expr]) -> str:
        """The dataset whose rows an aggregate is of: the one that leads to all that it names."""
        named = dict.fromkeys(self._owner(path_of(node))[0] for tree in trees for node in column_nodes(tree))
        if not named:
            return self.datasets.fact()
        fitting = [name for name in named if all(self.datasets.reaches(name, other) for other in named)]
        if not fitting:
            raise LeftOut(f"no relationship leads from one to the other of {', '.join(f'`{name}`' for name in named)}")
        return fitting[0]

    def _owner(self, path: tuple[str, ...]) -> tuple[str, str]:
        """The dataset and the name of what an expression names."""
        tables = self.datasets.tables
        if len(path) == 2:
            name = next((each for each in tables if each.lower() == path[0].lower()), None)
            if name is None:
                raise LeftOut(f"there is no dataset `{path[0][:60]}`")
            return name, path[1]
        if len(path) != 1:
            raise LeftOut(f"`{'.'.join(path)[:60]}` is no field of a dataset")
        owners = [name for name, fields in self.datasets.fields.items() if path[0] in fields]
        if len(owners) == 1:
            return owners[0], path[0]
        if owners:
            raise LeftOut(f"`{path[0][:60]}` is in several datasets: {', '.join(owners)}")
        return self.datasets.fact(), path[0]

    def _field(self, dataset: str, name: str) -> str:
        """A field of a dataset by its foreign name; what is none is a column of its table."""
        fields = self.datasets.fields.setdefault(dataset, {})
        known = fields.get(name) or next((made for each, made in fields.items() if each.lower() == name.lower()), None)
        if known is None:
            table = self.datasets.tables[dataset]
            quoted = exp.to_identifier(name).sql(dialect=sqlglot_dialect(self.model.dialect))
            bare = Part(self.model.foreign.root.node, [])
            known = fields[name] = _kept(self.model, table, name, bare, quoted)
        return known

    def _kept(self, node: exp.Expr) -> Kept:
        """The field of an entity that an expression names."""
        owner, name = self._owner(path_of(node))
        return self.datasets.tables[owner].fields[self._field(owner, name)]

    def _is_key(self, base: str, of: exp.Expr) -> bool:
        if not isinstance(of, exp.Column):
            return False
        owner, name = self._owner(path_of(of))
        return owner == base and self._field(owner, name) == self.datasets.tables[base].key

    def _canonical(self, base: str, tree: exp.Expr, aggregate: exp.Expr | None) -> str:
        """An expression over datasets as one of the catalogue, seen from a dataset."""
        table = self.datasets.tables[base]
        for node in column_nodes(tree):
            tell_type(self._kept(node), node)

        def named(path: tuple[str, ...]) -> tuple[str, ...]:
            owner, name = self._owner(path)
            return (table.entity, *self.datasets.path(base, owner), self._field(owner, name))

        def type_of(node: exp.Expr) -> str:
            return self._kept(node).type

        inner = tree.this if aggregate is not None and isinstance(tree, tuple(_CALLED)) else tree
        inner = strictly(inner, lambda node: type_of(node) == "boolean")
        keys_as_texts(inner, lambda node: type_of(node) == "key")
        return canonical(inner, named)

    def _time(self, base: str, place: Any, what: str) -> dict[str, Any]:
        """By which time an aggregate counts: the one that is said, else the only one of its dataset."""
        table = self.datasets.tables[base]
        said = self.datasets.times.get(base)
        if said is not None:
            *ways, last = said.split(".")
            owner = base
            for name in ways:
                if name not in self.datasets.tables:
                    raise LeftOut(f"there is no dataset `{name[:60]}`, as `--time` says")
                owner = name
            steps = self.datasets.path(base, owner)
            found = self._field(owner, last)
            kept = self.datasets.tables[owner].fields[found]
            kept.type = kept.type if kept.type in ("date", "time") else "time"
            return {"time": path_node((table.entity, *steps, found)).sql(dialect="duckdb")}
        times = [each.name for each in table.fields.values() if each.type in ("date", "time")]
        if len(times) == 1:
            return {"time": f"{table.entity}.{times[0]}"}
        why = f"has several times ({', '.join(times)})" if times else "has no time"
        how = f"it is of all rows, whatever the period, since `{base}` {why}; `--time {base}=FIELD` says one"
        self.model.foreign.note(what, how, place)
        return {"stock": True}


def _kept(model: Model, table: Table, name: str, part: Part, sql: str) -> str:
    """A column that is no field of its dataset, as one of its entity."""
    bare = Part(type(part.node)((), table.place), part.wrong)
    return keep(model, table, name, bare, "", sql)


def _same(entry: dict[str, Any]) -> str:
    """What two aggregates have in common that are the same figure."""
    keys = ("entity", "aggregate", "of", "percentile", "where", "time", "stock")
    return json.dumps([entry.get(key) for key in keys], default=str)


def _outermost(tree: exp.Expr) -> list[exp.Expr]:
    """The aggregates of a tree. Raises LeftOut where one stands within another."""
    found = [each for each in nodes_in(tree, *_AGGREGATES) if not isinstance(each.parent, exp.WithinGroup)]
    for each in found:
        at = each.parent
        while at is not None:
            if isinstance(at, _AGGREGATES):
                raise LeftOut("it aggregates what is aggregated")
            at = at.parent
    return found


def _chosen_rows(of: exp.Expr, aggregate: str) -> tuple[exp.Expr, exp.Expr | None]:
    """What is aggregated, and the condition under which alone it has a value: of `case when … then … end`."""
    of = of.unnest()
    if not isinstance(of, exp.Case) or of.this is not None or len(of.args["ifs"]) != 1:
        return of, None
    default = of.args.get("default")
    adds_nothing = aggregate == "sum" and isinstance(default, exp.Literal) and str(default.this) == "0"
    if default is not None and not isinstance(default, exp.Null) and not adds_nothing:
        return of, None
    chosen = of.args["ifs"][0]
    return chosen.args["true"].unnest(), chosen.this


def _share(tree: exp.WithinGroup) -> float:
    share = tree.this.this if isinstance(tree.this, exp.PercentileCont) else None
    if not isinstance(share, exp.Literal) or share.is_string or not 0 < float(share.this) < 1:
        raise LeftOut("it says no percentile between 0 and 1")
    return float(share.this)


def _ordered(tree: exp.WithinGroup) -> exp.Expr:
    order = tree.expression.expressions if isinstance(tree.expression, exp.Order) else []
    if len(order) != 1 or not isinstance(order[0], exp.Ordered) or order[0].args.get("desc"):
        raise LeftOut("its percentile is of no single ascending order")
    found: exp.Expr = order[0].this
    return found


def _synonyms(part: Part, taken: Iterable[str]) -> list[str]:
    """Other words for a metric, as the catalogue has them."""
    context = part.part("ai_context") if isinstance(part.data("ai_context"), dict) else None
    names: list[str] = []
    for text in context.texts("synonyms") if context is not None else ():
        name = fitting_name(text, (), "ossie")
        if name not in taken and name not in names:
            names.append(name)
    return names[:50]
