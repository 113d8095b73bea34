"""The JSON Schemas of one project: those of the language, in which names are the ones that its catalogue has and its
source can serve, each with what it means. Editors complete, explain and check by them.

What a text names, the schemas say themselves: `x-names` is `metric`, `field`, `entity`, `report` or `outlet`; of a map
whose keys are names `metric keys` or `entity fields`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from reportspec.catalogue.library import variant_names
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Entity, Field, Metric, ReportType
from reportspec.model.settings import Project
from reportspec.reference.catalogue_listing import field_served, named_metrics, why_not
from reportspec.reference.entities_page import fields_of, meaning_of, values_of
from reportspec.resolve.binding import Binding
from reportspec.schema_files import MARK, bundled_schema

Node = dict[str, Any]
_TEMPLATE = "\\{\\{.+\\}\\}"
# What a name may be besides those that are listed, and what is said of it.
_OTHERWISE = {
    "metric": (
        "^[a-z][a-z0-9_]*((\\.[a-z][a-z0-9_]*)*\\(.*\\)|(\\.[a-z][a-z0-9_]*){2,})$",
        "A metric with options or several variants: `renewal_rate(grace_days=45)`.",
    ),
    "field": (
        "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*){2,}$",
        "A field by way of relations: `deal.account.owner.name`.",
    ),
}
_KINDS = {"report": "report type", "outlet": "way out"}  # as messages call them
_NOTHING = ("(?!)", "No name that this project has.")
_ONE, _MANY = ("eq", "ne"), ("in", "not_in")  # operators that take values of a field


@dataclass(frozen=True, slots=True)
class Known:
    """The names that a project has, by what they name, with what each means."""

    names: Mapping[str, Mapping[str, str]]
    values: Mapping[str, Field]  # the fields whose values are known
    entities: Mapping[str, Entity]


def project_schema(name: str, known: Known) -> Node:
    """The JSON Schema of that name for a project. What stands in many places is a definition: names are hundreds."""
    schema = bundled_schema(name, marked=True)
    definitions: Node = {}
    made: Node = _special(schema, known, definitions)
    definitions = {**made.get("$defs", {}), **definitions}
    if "condition" in definitions:
        definitions["condition"] = _with_values(definitions["condition"], known)
    rest = {key: value for key, value in made.items() if key not in ("$defs", "examples")}
    rest["$id"] = f"project/{schema['$id']}"
    return {**rest, **({"$defs": definitions} if definitions else {}), "examples": made["examples"]}


def project_schema_text(name: str, known: Known) -> str:
    """The same as a file."""
    return json.dumps(project_schema(name, known), ensure_ascii=False, indent=2) + "\n"


def known_names(binding: Binding, project: Project) -> Known:
    """What there is in a project and can be served, with what it means in plain English."""
    catalogue = binding.catalogue
    served = {
        field.id: (entity, field)
        for entity in catalogue.entities.values()
        if binding.has_entity(entity.name)
        for field in binding.fields(entity.name)
        if field_served(binding, field)[0]
    }
    names = {
        "metric": dict(_metrics(binding)),
        "field": {name: about_field(entity, field) for name, (entity, field) in served.items()},
        "entity": {
            e.name: _sentence(e.description, e.label) for e in catalogue.entities.values() if binding.has_entity(e.name)
        },
        "report": {
            "custom": "A report of your own: its sections, or its metrics, stand in the spec.",
            **{each.id: about_report(each, binding) for each in catalogue.reports.values()},
        },
        "outlet": {name: f"The way out `{name}` of the project file." for name in project.mail.outlets},
    }
    values = {name: field for name, (_, field) in served.items() if field.values}
    return Known(names, values, dict(catalogue.entities))


def _metrics(binding: Binding) -> Iterable[tuple[str, str]]:
    """Metrics and their variants that the source can serve."""
    library = binding.catalogue.metrics
    for family in library:
        for name in (family, *(f"{family}.{variant}" for variant in variant_names(library.data[family]))):
            if why_not(binding, name) is None:
                yield name, about_metric(library[name])


def about_metric(metric: Metric) -> str:
    """What a metric is, in Markdown."""
    caveat = f"\n\n{metric.caveat['en']}" if metric.caveat else ""
    better = {"up": "; higher is better", "down": "; lower is better"}.get(metric.direction, "")
    return f"**{metric.label['en']}** ({metric.unit}{better})\n\n{metric.description['en']}{caveat}"


def about_field(entity: Entity, field: Field) -> str:
    """What a field is, in Markdown."""
    values = f"\n\nValues: {values_of(field)}" if field.values else ""
    return f"**{field.label['en']}** ({field.type})\n\n{meaning_of(entity, field)}{values}"


def about_report(report: ReportType, binding: Binding) -> str:
    """What a report type answers, and what of it the source cannot serve, in Markdown."""
    questions = "".join(f"\n- {question['en']}" for question in report.questions)
    lacks = [name for name in dict.fromkeys(named_metrics(report)) if why_not(binding, name) is not None]
    left_out = f"\n\nLeft out, since the source lacks what they need: {', '.join(lacks)}" if lacks else ""
    return f"**{report.label['en']}**\n\n{report.description['en']}\n{questions}{left_out}"


def _sentence(description: Mapping[str, str], label: Mapping[str, str]) -> str:
    return description.get("en") or label["en"]


def _special(node: Any, known: Known, definitions: Node) -> Any:
    """A part of a schema with names in the places that are marked; `definitions` gets what they refer to."""
    if isinstance(node, list):
        return [_special(item, known, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    mark = node.get(MARK)
    made = {
        key: value if key in ("examples", "default", "enum") else _special(value, known, definitions)
        for key, value in node.items()
        if key != MARK
    }
    if not isinstance(mark, str):
        return made
    if mark == "metric keys":
        return _keyed(made, known, definitions)
    if mark == "entity fields":
        return _mapped(made, known, definitions)
    return _named(made, mark, known, definitions)


def _named(node: Node, kind: str, known: Known, definitions: Node) -> Node:
    """A text that is one of some names; what else it may be it may still be."""
    names = known.names.get(kind, {})
    if not names:
        return node
    pattern, said = _OTHERWISE.get(kind, _NOTHING)
    wrong = f"this project has no such {_KINDS.get(kind, kind)}: `reportspec validate` says which may be meant"
    definitions[f"{kind}_name"] = _one_of(names, _text_like(pattern, wrong), said)
    name: Node = {"$ref": f"#/$defs/{kind}_name"}
    types = node.get("type", "string")
    rest = [each for each in ([types] if isinstance(types, str) else types) if each != "string"]
    plain = {key: value for key, value in node.items() if key not in ("examples", "minLength", "maxLength")}
    if not rest:
        return {**{key: value for key, value in plain.items() if key != "type"}, **name}
    return {**plain, "anyOf": [name, {"type": rest}]}


def _one_of(names: Mapping[str, str], other: Node, said: str) -> Node:
    """One of some names, or what fits `other`. Each name stands for itself: of an `enum`, editors show what all its
    values mean where one stands. Of what fits none they show what the first means, unless each alternative means
    something else: so the other stands first, and again last."""
    first = {**other, "description": said}
    return {"anyOf": [first, *({"const": name, **_said(about)} for name, about in names.items()), first]}


def _text_like(pattern: str, wrong: str) -> Node:
    """A text of a pattern; `wrong` is what editors say of another one."""
    return {"type": "string", "pattern": pattern, "patternErrorMessage": wrong}


def _keyed(node: Node, known: Known, definitions: Node) -> Node:
    """A map by metrics."""
    definitions["of_metric"] = node["additionalProperties"]
    value = {"$ref": "#/$defs/of_metric"}
    keys = {name: {**value, **_said(said)} for name, said in known.names.get("metric", {}).items()}
    others = {_OTHERWISE["metric"][0]: value}
    return {**node, "properties": keys, "patternProperties": others, "additionalProperties": False}


def _mapped(node: Node, known: Known, definitions: Node) -> Node:
    """A mapping's entities with their fields, beside which it may add its own."""
    value = node["additionalProperties"]
    inner = value["properties"]["fields"]
    definitions["mapped_field"] = inner["additionalProperties"]
    definitions["mapped_union"] = value["properties"]["union"]
    definitions["mapped_joins"] = value["properties"]["joins"]
    field = {"$ref": "#/$defs/mapped_field"}
    shared = {
        **value["properties"],
        "union": {"$ref": "#/$defs/mapped_union"},
        "joins": {"$ref": "#/$defs/mapped_joins"},
    }
    entities: Node = {}
    for entity in known.entities.values():
        named = {each.name: {**field, **_said(about_field(entity, each))} for each in fields_of(entity)}
        fields = {**inner, **({} if entity.derived else {"properties": named}), "additionalProperties": field}
        about = _said(_sentence(entity.description, entity.label))
        entities[entity.name] = {**value, **about, "properties": {**shared, "fields": fields}}
    return {**node, "properties": entities, "additionalProperties": False}


def _said(text: str) -> Node:
    return {"description": text, "markdownDescription": text}


def _with_values(condition: Node, known: Known) -> Node:
    """A condition whose values are those that its field has, where they are known."""
    rules = []
    for name, field in known.values.items():
        labels = {value: field.value_labels.get(value, {}).get("en", value) for value in field.values}
        listed = ", ".join(f"`{each}`" for each in field.values)
        wrong = f"`{name}` is one of {listed}"
        other: Node = _text_like(_TEMPLATE, wrong) if field.closed else {"type": ["string", "number", "boolean"]}
        value = _one_of(labels, other, "A value of a param." if field.closed else "Another value.")
        then = {**dict.fromkeys(_ONE, value), **{key: {"items": value} for key in _MANY}}
        of_field = {"properties": {"field": {"const": name}}, "required": ["field"]}
        rules.append({"if": of_field, "then": {"properties": then}})
    properties = dict(condition["properties"])
    for key in _ONE:  # editors would offer them beside the field's own
        properties[key] = {k: v for k, v in properties[key].items() if k != "examples"}
    return {**condition, "properties": properties, "allOf": rules} if rules else condition
