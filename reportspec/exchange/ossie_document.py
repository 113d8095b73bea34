"""A project's catalogue over its source as a document of Apache Ossie."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.simplify import simplify

from reportspec.catalogue.load import packaged
from reportspec.exchange.foreign import LeftOut
from reportspec.exchange.fragments import ANSI, is_name, sqlglot_dialect
from reportspec.exchange.ossie_parts import BY, NAMES, SHARED_VENDOR, VENDOR
from reportspec.exchange.ossie_sql import SqlOf, outer_name
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.languages import base_language
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Entity, Field, Metric
from reportspec.model.mapped import MappedPart
from reportspec.reference.bound_project import BoundProject
from reportspec.reference.catalogue_listing import why_not
from reportspec.resolve.binding import Binding

OLDER = "0.1.1"  # which has no types of fields, and closed lists of vendors and dialects
_TYPES = {
    "text": "String",
    "integer": "Integer",
    "number": "Float",
    "money": "Decimal",
    "boolean": "Boolean",
    "date": "Date",
    "time": "DateTime",
}


@dataclass(frozen=True, slots=True)
class Left:
    """A thing of the catalogue that the document does not have, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Exported:
    """The document as plain data, what it lacks, and how many metrics the source cannot serve anyway."""

    data: Mapping[str, Any]
    left: tuple[Left, ...]
    not_served: int


def ossie_document(bound: BoundProject, version: str, language: str) -> Exported:
    """The document of a project that is bound to its source, with texts in a language."""
    assert bound.binding is not None
    writer = _Writer(bound.binding, _own_entities(bound), version, base_language(language))
    return writer.document()


def _own_entities(bound: BoundProject) -> Mapping[str, Any]:
    own = bound.own.usable("entities") if bound.own is not None else ()
    return {str(document.data["entity"]): document.data for document in own}


class _Writer:
    def __init__(self, binding: Binding, own: Mapping[str, Any], version: str, language: str) -> None:
        self.binding, self.own, self.version, self.language = binding, own, version, language
        self.native = binding.source.dialect
        self.left: list[Left] = []
        self.datasets: dict[str, dict[str, Any]] = {}
        self.columns: dict[tuple[str, str], str] = {}  # fields that are columns as they stand
        self.relations: dict[tuple[str, str], str] = {}  # entity, relation -> the entity that it leads to

    def document(self) -> Exported:
        for name in self.binding.source.entities:
            try:
                self.datasets[name] = self._dataset(self.binding.entity(name))
            except LeftOut as left:
                self.left.append(Left(f"entity `{name}`", left.why))
        relationships = [each for name in self.datasets for each in self._relationships(name)]
        metrics, not_served = self._metrics()
        model: dict[str, Any] = {"name": "reportspec", "datasets": list(self.datasets.values())}
        if relationships:
            model["relationships"] = relationships
        if metrics:
            model["metrics"] = metrics
        return Exported({"version": self.version, "semantic_model": [model]}, tuple(self.left), not_served)

    def _text(self, texts: Mapping[str, str]) -> str:
        return texts.get(self.language) or texts.get("en") or ""

    def _extension(self, data: Mapping[str, Any]) -> dict[str, str]:
        """What the form has no word for, for when it comes back."""
        vendor = SHARED_VENDOR if self.version == OLDER else VENDOR
        return {"vendor_name": vendor, "data": json.dumps({**BY, "v": 1, **data}, ensure_ascii=False)}

    def _said(self, expression: exp.Expr) -> dict[str, Any]:
        """An expression of the source's own SQL in the standard's, and in its own where Ossie knows that."""
        dialects = [{"dialect": "ANSI_SQL", "expression": _sql(expression, ANSI)}]
        if self.native in NAMES and (self.version != OLDER or self.native != "bigquery"):
            dialects.append({"dialect": NAMES[self.native], "expression": _sql(expression, self.native)})
        return {"dialects": dialects}

    # --- entities ------------------------------------------------------------------------------------------

    def _dataset(self, entity: Entity) -> dict[str, Any]:
        mapped = self.binding.source.entities[entity.name]
        if mapped.rows or len(mapped.parts) != 1:
            raise LeftOut("its rows stand in the mapping" if mapped.rows else "it is made of several tables")
        [part] = mapped.parts
        if part.joins or part.latest is not None:
            raise LeftOut("other tables are joined to it" if part.joins else "its table has several versions of a row")
        fields = [made for field in self.binding.fields(entity.name) for made in self._field(entity, part, field)]
        data: dict[str, Any] = {"name": entity.name, "source": self._source(entity, part)}
        past = [field.name for field in self.binding.fields(entity.name) if field.as_of and field.name in part.fields]
        if past or self.binding.has_history(entity):
            why = "it has what holds now, and not what held at a report's date"
            self.left.append(Left(f"the past of `{entity.name}`", why))
        if entity.key is not None and (entity.name, entity.key) in self.columns:
            data["primary_key"] = [self.columns[entity.name, entity.key]]
        if text := self._text(entity.description):
            data["description"] = text
        data["fields"] = fields
        own = self.own.get(entity.name)
        data["custom_extensions"] = [self._extension({"entity": own} if own is not None else {"canonical": True})]
        return data

    def _field(self, entity: Entity, part: MappedPart, field: Field) -> Iterator[dict[str, Any]]:
        mapped = part.fields.get(field.name)
        if mapped is None:
            if field.expr is not None:
                self.left.append(Left(f"field `{field.id}`", "it is computed from others"))
            return
        if isinstance(mapped.sql, exp.Column):
            self.columns[entity.name, field.name] = mapped.sql.name
        made: dict[str, Any] = {"name": field.name, "expression": self._said(mapped.sql)}
        if self.version != OLDER and field.type in _TYPES:
            made["datatype"] = _TYPES[field.type]
        if field.type not in ("integer", "number", "money"):
            made["dimension"] = {"is_time": field.type in ("date", "time")}
        made["label"] = self._text(field.label)
        if text := self._text(field.description):
            made["description"] = text
        made["custom_extensions"] = [self._extension({"type": field.type})]
        yield made

    def _source(self, entity: Entity, part: MappedPart) -> str:
        """The table, or the query that chooses its rows."""
        table = ".".join(outer_name(each) for each in part.table.parts)
        conditions = [part.where] if part.where is not None else []
        if entity.where is not None:
            conditions.append(self._own_rows(entity, part, entity.where))
        tree = simplify(exp.and_(*(each.copy() for each in conditions))) if conditions else exp.true()
        if isinstance(tree, exp.Boolean) and tree.this:
            return table
        return f"SELECT * FROM {table} WHERE {_sql(tree, ANSI)}"

    def _own_rows(self, entity: Entity, part: MappedPart, where: exp.Expr) -> exp.Expr:
        """The condition on an entity's rows over the columns of its table."""
        tree = SqlOf(self.binding, self.relations, self.datasets).with_flags(entity.name, where)
        holder = exp.Paren(this=tree)
        for node in column_nodes(holder):
            path = path_of(node)
            known = self.binding.field(*path) if len(path) == 2 and path[0] == entity.name else None
            if known is None or known.expr is not None or (known.default is not None and known.name not in part.fields):
                raise LeftOut(f"which rows it has hangs on `{'.'.join(path)}`, which is no column")
            mapped = part.fields.get(known.name)
            node.replace(exp.Paren(this=mapped.sql.copy()) if mapped is not None else exp.Null())
        return holder

    def _relationships(self, name: str) -> Iterator[dict[str, Any]]:
        for relation in self.binding.entity(name).relations.values():
            aim = self.binding.catalogue.entities[relation.to]
            if relation.to not in self.datasets or self.binding.mapped(name, relation.by) is None:
                continue
            by, to = self.columns.get((name, relation.by)), self.columns.get((relation.to, aim.key or ""))
            if by is None or to is None:
                why = "it leads by an expression, and not by a column"
                self.left.append(Left(f"relation `{name}.{relation.name}`", why))
                continue
            self.relations[name, relation.name] = relation.to
            yield {
                "name": f"{name}_{relation.name}",
                "from": name,
                "to": relation.to,
                "from_columns": [by],
                "to_columns": [to],
                "custom_extensions": [self._extension({"relation": relation.name})],
            }

    # --- metrics -------------------------------------------------------------------------------------------

    def _metrics(self) -> tuple[list[dict[str, Any]], int]:
        made, not_served = [], 0
        sql = SqlOf(self.binding, self.relations, self.datasets)
        for id, entry in self.binding.catalogue.metrics.data.items():
            if why_not(self.binding, id) is not None:
                not_served += 1
                continue
            metric = self.binding.catalogue.metrics[id]
            try:
                made.append(self._metric(metric, sql.metric(metric), entry))
            except LeftOut as left:
                self.left.append(Left(f"metric `{id}`", left.why))
        return made, not_served

    def _metric(self, metric: Metric, tree: exp.Expr, entry: Mapping[str, Any]) -> dict[str, Any]:
        text = _sql(tree, ANSI)
        data: dict[str, Any] = {
            "name": metric.id,
            "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": text}]},
        }
        label, description = self._text(metric.label), self._text(metric.description)
        if description or label:
            data["description"] = description or label
        own = {"entry": _plain(entry)} if metric.id not in packaged().metrics.data else {"canonical": True}
        data["custom_extensions"] = [self._extension({"expression": text} | own)]
        return data


def _plain(entry: Any) -> Any:
    """An entry as JSON has it."""
    return json.loads(json.dumps(entry, default=str))


def _sql(tree: exp.Expr, dialect: str) -> str:
    """A tree in a dialect, with names in quotes where they need them."""
    tree = tree.copy()
    for name in tree.find_all(exp.Identifier):
        name.set("quoted", not is_name(name.name))
    return tree.sql(dialect=sqlglot_dialect(dialect), comments=False)
