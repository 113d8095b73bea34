"""What a metric's definition says besides because of the source: what it is made of where it may be made of several
things, and which rows it cannot leave out."""

from __future__ import annotations

import re

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.languages import in_parts
from reportspec.measures.metric_columns import label
from reportspec.measures.words import word
from reportspec.model.domain import Derived, Metric
from reportspec.model.spec import Report


def definition_of(report: Report, metric: Metric) -> str:
    """What a metric means, with what holds of this source."""
    notes = (label(report, metric.description), _made_of(report, metric), _not_told(report, metric))
    return " ".join(filter(None, notes))


def _made_of(report: Report, metric: Metric) -> str:
    """Of what the rows of a metric are made where the catalogue has other ways as well, and it is none of the first."""
    binding = report.binding
    entity = binding.catalogue.entities.get(metric.entity)
    if entity is None or entity.derived is None or not entity.otherwise:
        return ""
    first = _first_way(report, metric.entity)
    if first is None or entity.derived.source == first.source:
        return ""
    names = (label(report, binding.catalogue.entities[way.source].plural) for way in (entity.derived, first))
    key = "made_here_of" if binding.has_entity(first.source) else "made_for_want_of"
    return word(report.language, key, *names)


def _first_way(report: Report, entity: str) -> Derived | None:
    """The way in which the catalogue makes an entity where the source allows it."""
    from reportspec.catalogue.load import packaged

    known = packaged().entities.get(entity)
    return known.derived if known is not None else None


def _not_told(report: Report, metric: Metric) -> str:
    """The fields by which rows of an entity do not count, as the definition says by their names (`merged`, `spam`),
    that the source does not give."""
    binding = report.binding
    entity = binding.catalogue.entities.get(metric.entity)
    if entity is None or entity.derived is not None or entity.where is None:
        return ""
    said = _words(metric.description.get("en", ""))
    names = dict.fromkeys(path_of(node)[-1] for node in column_nodes(entity.where))
    lacking = [entity.fields[name] for name in names if binding.mapped(entity.name, name) is None]
    labels = [label(report, field.label) for field in lacking if said & (_words(field.label["en"]) - _LITTLE)]
    return word(report.language, "not_told_by", in_parts(report.language, labels)) if labels else ""


_LITTLE = frozenset(("is", "into"))  # words of names that say nothing by themselves


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall("[a-z]+", text.lower()))
