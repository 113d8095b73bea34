"""What the catalogue has, and which of it a source can serve."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reportspec.catalogue.load import documents
from reportspec.check.mapping import shipped
from reportspec.check.sections import section_metrics
from reportspec.diagnostics import Diagnostic
from reportspec.languages import base_language
from reportspec.model.domain import Field, ReportType
from reportspec.model.settings import Project
from reportspec.reference.bound_project import bound_project
from reportspec.reference.entities_page import meaning_of
from reportspec.resolve.binding import Binding, Unresolved, need_metric

Listing = list[dict[str, Any]]


def catalog_listing(
    what: str | None, project: Path | None, form: str, environment: Mapping[str, str], entity: str | None = None
) -> tuple[str, tuple[Diagnostic, ...], dict[str, str]]:
    """The text to print, and what is wrong with the project. Fields are those of one `entity`, if it is named."""
    bound = bound_project(project or Path.cwd(), environment)
    binding, problems, texts = bound.binding, bound.problems, dict(bound.texts)
    if binding is None:
        return "", problems, texts
    listings: dict[str, Listing] = {}
    language = "en" if form == "json" else _language(bound.project)
    if what in (None, "reports"):
        listings["reports"] = _reports(binding, language)
    if what in (None, "metrics"):
        listings["metrics"] = _metrics(binding, language)
    if what in (None, "fields"):
        listings["fields"] = _fields(binding, entity, language)
    if what == "goals":
        listings["goals"] = _aims(binding)
        if form != "json":
            return _aims_text(listings["goals"]), problems, texts
    if what == "mappings":
        listings["mappings"] = [{"name": name} for name in ("demo", *shipped())]
    if form == "json":
        return json.dumps(listings, ensure_ascii=False, indent=2), problems, texts
    return _text(listings, binding.source.name, entity is not None), problems, texts


def _language(project: Project | None) -> str:
    """That of a project's reports, by whose labels its people look for what is there."""
    if project is None:
        return "en"
    return project.language or base_language(project.locale or "en")


def _in(language: str, texts: Mapping[str, str]) -> str:
    return texts.get(language) or texts["en"]


def why_not(binding: Binding, metric_id: str) -> str | None:
    """What a source lacks for a metric; None where it serves it."""
    try:
        need_metric(binding, binding.catalogue.metrics[metric_id])
    except Unresolved as why:
        return why.message
    return None


def field_served(binding: Binding, field: Field) -> tuple[bool, str | None]:
    """Whether a source gives a field, and what it lacks if that can be said."""
    why = None
    try:
        binding.need(field.entity, field.name)
    except Unresolved as problem:
        why = problem.message
    served = binding.mapped(field.entity, field.name) is not None or (why is None and not field.optional)
    lack = binding.source.lacks.get(field.id)
    if why is None and not served and lack is not None:  # an optional one that is only null
        why = lack.text
    return served, why


def _metrics(binding: Binding, language: str) -> Listing:
    return [
        {
            "name": m.id,
            "label": _in(language, m.label),
            "unit": m.unit,
            "kind": m.kind,
            "description": m.description["en"],
            "available": (why := why_not(binding, m.id)) is None,
            "why_not": why,
        }
        for m in binding.catalogue.metrics.values()
    ]


def _more(item: Mapping[str, Any]) -> list[str]:
    """What a field means, and its values, as lines."""
    values = ", ".join(item["values"]) + (", others" if item["other_values"] else "")
    kind = "computed from others" if item["computed"] else "optional" if item["optional"] else ""
    lines = [item["meaning"]] if item["meaning"].rstrip(".") != item["label"] else []
    return [*lines, *([f"values: {values}"] if item["values"] else []), *([kind] if kind else [])]


def _aims(binding: Binding) -> Listing:
    """What one may want to reach, and the metrics that tell whether one does."""
    rows = []
    for _, data in documents("aims"):
        for aim in data["aims"]:
            metrics = []
            for item in aim["metrics"]:
                metric = binding.catalogue.metrics[item["metric"]]
                why = why_not(binding, metric.id)
                metrics.append(
                    {
                        "name": metric.id,
                        "label": metric.label["en"],
                        "unit": metric.unit,
                        "direction": item.get("direction", metric.direction),
                        "question": item["question"]["en"],
                        "available": why is None,
                        "why_not": why,
                    }
                )
            rows.append({"name": aim["aim"], "label": aim["label"]["en"], "metrics": metrics})
    return rows


def _aims_text(aims: Listing) -> str:
    lines = []
    for aim in aims:
        lines += ["", f"{aim['label']} ({aim['name']})"]
        width = max(len(m["name"]) for m in aim["metrics"])
        for m in aim["metrics"]:
            mark, way = (
                "+" if m["available"] else "-",
                {"up": "more", "down": "less"}.get(m["direction"], ""),
            )
            reason = f" — {m['why_not']}" if m["why_not"] else ""
            lines.append(
                f"  {mark} {m['name'].ljust(width)}  {m['question']}{f' ({way} is better)' if way else ''}{reason}"
            )
        served = [m for m in aim["metrics"] if m["available"]]
        if served:
            lines.append("    goals: {" + ", ".join(f"{m['name']}: …" for m in served) + "}")
    return "\n".join(lines[1:])


def _reports(binding: Binding, language: str) -> Listing:
    rows = []
    for report in binding.catalogue.reports.values():
        names = named_metrics(report)
        served = [n for n in dict.fromkeys(names) if why_not(binding, n) is None]
        rows.append(
            {
                "name": report.id,
                "label": _in(language, report.label),
                "description": report.description["en"],
                "questions": [q["en"] for q in report.questions],
                "available": bool(served) or not names,
                "metrics_served": len(served),
                "metrics": len(dict.fromkeys(names)),
                "lacks": [n for n in dict.fromkeys(names) if n not in served] if served else [],
            }
        )
    return rows


def named_metrics(report: ReportType) -> list[str]:
    """The metrics that the sections of a report type show."""
    return [name for section in report.preset.get("sections", ()) for name in section_metrics(section)]


def _fields(binding: Binding, only: str | None, language: str) -> Listing:
    rows = []
    for entity in binding.catalogue.entities if only is None else (only,):
        known = binding.catalogue.entities[entity]
        for field in binding.fields(entity):
            served, why = field_served(binding, field)
            rows.append(
                {
                    "name": field.id,
                    "type": field.type,
                    "label": _in(language, field.label),
                    "meaning": meaning_of(known, field),
                    "values": list(field.values),
                    "other_values": field.others,
                    "optional": field.optional or field.default is not None,
                    "computed": field.expr is not None,
                    "available": served,
                    "why_not": why,
                }
            )
    return rows


def _text(found: dict[str, Listing], source: str, meanings: bool) -> str:
    lines = []
    for kind, items in found.items():
        have = [i for i in items if i.get("available", True)]
        lines += ["", f"{kind} ({len(have)} of {len(items)} from `{source}`)"]
        width = max((len(i["name"]) for i in items), default=0)
        for item in items:
            mark = "+" if item.get("available", True) else "-"
            line = item.get("label", "")
            if item.get("unit"):
                line += f" [{item['unit']}]"
            elif item.get("type"):
                line += f" [{item['type']}]"
            if item.get("metrics"):
                line += f" — {item['metrics_served']} of {item['metrics']} metrics"
            if item.get("why_not"):
                line += f" — {item['why_not']}"
            if item.get("lacks"):
                line += f" — not {', '.join(item['lacks'])}"
            lines.append(f"  {mark} {item['name'].ljust(width)}  {line}")
            if meanings:
                lines += [f"    {' ' * width}  {text}" for text in _more(item)]
    return "\n".join(lines[1:])
