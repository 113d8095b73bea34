"""Metrics of the catalogue as SQL over datasets."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlglot import exp

from reportspec.catalogue.library import UnknownMetric
from reportspec.exchange.foreign import LeftOut
from reportspec.exchange.fragments import is_name
from reportspec.expression.sandbox import OWN_FUNCTIONS, column_nodes, path_of
from reportspec.expression.trees import nodes_in
from reportspec.model.domain import Entity, Field, Metric
from reportspec.resolve.binding import INSTANTS, Binding
from reportspec.resolve.currencies import needs_currency
from reportspec.sql.yes_or_no import null_is_no

_AGGREGATES = {"sum": exp.Sum, "average": exp.Avg, "min": exp.Min, "max": exp.Max}


class SqlOf:
    """Writes metrics over the datasets and the relations of a document."""

    def __init__(self, binding: Binding, relations: Mapping[tuple[str, str], str], datasets: Collection[str]) -> None:
        self.binding, self.relations, self.datasets = binding, relations, datasets

    def metric(self, metric: Metric) -> exp.Expr:
        """The expression of a metric. Raises LeftOut."""
        if metric.kind == "aggregate":
            return self._aggregate(metric)
        if metric.kind == "ratio":
            above, below = self._part(metric.numerator), self._part(metric.denominator)
            zero = exp.Nullif(this=_held(below), expression=exp.Literal.number(0))
            return exp.Div(this=exp.Mul(this=exp.Literal.number("1.0"), expression=_held(above)), expression=zero)
        if metric.kind == "derived" and metric.formula is not None:
            return self._formula(metric.formula)
        raise LeftOut(f"a metric of the kind `{metric.kind}` compares rows of a table, which Ossie has no word for")

    def _part(self, id: str) -> exp.Expr:
        try:
            tree = self.metric(self.binding.catalogue.metrics[id])
        except UnknownMetric:
            raise LeftOut(f"there is no metric `{id}`") from None
        except LeftOut as left:
            raise LeftOut(f"it is made of `{id}`: {left.why}") from None
        # Sums of no rows are 0 here, and null in SQL.
        return exp.Coalesce(this=tree, expressions=[exp.Literal.number(0)]) if isinstance(tree, exp.Sum) else tree

    def _formula(self, formula: exp.Expr) -> exp.Expr:
        holder = exp.Paren(this=formula.copy())
        if nodes_in(holder, exp.Anonymous):
            raise LeftOut("it asks for a goal, which Ossie has no word for")
        for division in nodes_in(holder, exp.Div):
            below = exp.Nullif(this=_held(division.expression.copy()), expression=exp.Literal.number(0))
            above = exp.Mul(this=exp.Literal.number("1.0"), expression=_held(division.this.copy()))
            division.replace(exp.Div(this=above, expression=below))
        for node in column_nodes(holder):
            name = ".".join(path_of(node))
            if name == "period_days":
                raise LeftOut("it asks for the days of the report's period")
            node.replace(_held(self._part(name)))
        found: exp.Expr = holder.this
        return found

    def _aggregate(self, metric: Metric) -> exp.Expr:
        entity = self.binding.entity(metric.entity)
        if entity.name not in self.datasets:
            raise LeftOut(f"it is of `{entity.name}`, which is no dataset")
        if metric.time is None and (self.binding.has_history(entity) or entity.exists_from is not None):
            raise LeftOut("it is as of an instant, which Ossie has no word for")
        if metric.of is not None and needs_currency(self.binding, entity.name, metric.of):
            raise LeftOut("its amounts are converted into one currency")
        if metric.time is not None:
            self._named(entity.name, metric.time)
        of = self._named(entity.name, metric.of) if metric.of is not None else None
        where = self._named(entity.name, metric.where) if metric.where is not None else None
        if metric.aggregate == "count":
            of = self._each_row(entity, metric)
        assert of is not None
        named = [node for tree in (of, where) if tree is not None for node in nodes_in(tree, exp.Column)]
        if all(node.table != entity.name for node in named):  # else nobody knows of whose rows it is
            there = exp.Not(this=exp.Is(this=self._each_row(entity, metric), expression=exp.Null()))
            where = there if where is None else exp.And(this=there, expression=exp.Paren(this=where))
        of = exp.Case(ifs=[exp.If(this=where, true=of)]) if where is not None else of
        if metric.aggregate == "count":
            return exp.Count(this=of)
        if metric.aggregate == "count_distinct":
            return exp.Count(this=exp.Distinct(expressions=[of]))
        if metric.aggregate in ("percentile", "median"):
            share = exp.Literal.number(str(metric.percentile))
            order = exp.Order(expressions=[exp.Ordered(this=of, nulls_first=True)])
            return exp.WithinGroup(this=exp.PercentileCont(this=share), expression=order)
        return _AGGREGATES[metric.aggregate](this=of)

    def _each_row(self, entity: Entity, metric: Metric) -> exp.Expr:
        """A column that each row of an entity that a metric counts has a value in. Raises LeftOut."""
        if entity.key and self._given(entity.name, entity.key):
            return exp.column(entity.key, entity.name)
        time = path_of(metric.time) if metric.time is not None else ()
        if len(time) == 2 and self._given(entity.name, time[1]):
            return exp.column(time[1], entity.name)
        raise LeftOut(f"`{entity.name}` has no key by which its rows could be counted")

    def _given(self, entity: str, name: str) -> bool:
        return self.binding.mapped(entity, name) is not None

    def _named(self, base: str, tree: exp.Expr) -> exp.Expr:
        """An expression of the catalogue over fields of datasets. Raises LeftOut."""
        ours = next((each for each in nodes_in(tree, exp.Anonymous) if str(each.this).upper() in OWN_FUNCTIONS), None)
        if ours is not None:
            raise LeftOut(f"it asks for `{str(ours.this).lower()}`, which SQL has no word for that all databases share")
        holder = exp.Paren(this=self.with_flags(base, tree))
        for node in column_nodes(holder):
            path = path_of(node)
            if len(path) == 1 and path[0] in INSTANTS:
                raise LeftOut(f"it asks for `{path[0]}`, which Ossie has no word for")
            reference = self.binding.resolve(base, path)
            owner = self._way(base, reference.steps)
            field = reference.field
            node.replace(self._field(owner, field, bool(reference.steps)))
        found: exp.Expr = holder.this
        return found

    def _field(self, owner: str, field: Field, elsewhere: bool) -> exp.Expr:
        """A field of a dataset as it is now, or what it is computed from. Raises LeftOut."""
        column = exp.column(field.name, owner) if self._given(owner, field.name) else None
        instead = field.expr or self.binding.default(owner, field)
        if instead is None:
            if column is None and not field.optional:
                raise LeftOut(f"it reads `{field.id}`, which is no field of a dataset")
            return column if column is not None else exp.Null()
        if elsewhere:
            raise LeftOut(f"it reads `{field.id}`, which is no field of a dataset")
        other = exp.Paren(this=self._named(owner, instead))
        return other if column is None else exp.Coalesce(this=column, expressions=[other])

    def with_flags(self, base: str, tree: exp.Expr) -> exp.Expr:
        """A copy in which yes-or-no fields are no where they are null, as everywhere in the catalogue."""

        def says_yes(node: exp.Expr) -> bool:
            path = path_of(node)
            return len(path) > 1 and self.binding.resolve(base, path).field.type == "boolean"

        return null_is_no(tree.copy(), says_yes)

    def _way(self, base: str, steps: tuple[str, ...]) -> str:
        """Where relations lead, if no other ones of the document lead there. Raises LeftOut."""
        at = base
        for step in steps:
            to = self.relations.get((at, step))
            if to is None:
                raise LeftOut(f"it goes by `{at}.{step}`, which is no relationship")
            at = to
        if self._ways(base, at, 0) > 1:
            raise LeftOut(f"several relationships lead from `{base}` to `{at}`, and Ossie cannot say by which")
        return at

    def _ways(self, base: str, aim: str, depth: int) -> int:
        if base == aim:
            return 1
        if depth > len(self.datasets):
            return 0
        found = 0
        for (name, _), to in self.relations.items():
            found += self._ways(to, aim, depth + 1) if name == base and found < 2 else 0
        return found


def _held(tree: exp.Expr) -> exp.Expr:
    """An operand that stays together."""
    return tree if isinstance(tree, (exp.Func, exp.Column, exp.Paren, exp.Literal)) else exp.Paren(this=tree)


def outer_name(name: exp.Expr) -> str:
    """A part of a table's name, in quotes where it needs them."""
    text = name.name
    return text if is_name(text) else '"' + text.replace('"', '""') + '"'
