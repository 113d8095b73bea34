"""The catalogue as a page: each metric and report type, and which CRM's mapping serves it."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from reportspec.catalogue.load import packaged
from reportspec.check.mapping import load_mapping, shipped
from reportspec.measures.audit_wording import called
from reportspec.model.audits import AuditCheck
from reportspec.reference.catalogue_listing import named_metrics
from reportspec.resolve.audit_conditions import need_check
from reportspec.resolve.binding import Binding, Unresolved, need_metric, settled
from reportspec.resolve.document import Document

_HEAD = """# The catalogue

What reportspec knows to report on, made by `reportspec catalog --format markdown`. A dot means that the shipped
mapping serves it from the tables as they usually land; a mapping of one's own can add what is missing
(`reportspec catalog metrics` tells why, for one's own source). `demo` is the CRM that reportspec makes itself.
"""


def catalogue_page() -> str:
    """The page, in Markdown."""
    bindings = {name: _binding(name) for name in ("demo", *shipped())}
    lines = [_HEAD, "## Metrics", ""]
    lines += _metrics(bindings)
    lines += ["## Report types", ""]
    lines += _reports(bindings)
    lines += ["## Definitions", "", *_meanings("metric", packaged().metrics)]
    lines += ["## Variants", "", "Every average also has `median`, `p75`, `p90`, `min`, `max`, `sum` and `n`.", ""]
    lines += _variants()
    lines += ["## Checks of audits", "", *_audits(bindings)]
    return "\n".join(lines).rstrip() + "\n"


def _binding(name: str) -> Binding:
    source, extra, _ = load_mapping(packaged(), name, None, Document(name, "", None, {}))
    assert source is not None
    zone = ZoneInfo("UTC")
    return Binding(settled(packaged(), source), source, zone, zone, "EUR", extra)


def _serves(binding: Binding, metric: str) -> bool:
    try:
        need_metric(binding, binding.catalogue.metrics[metric])
    except Unresolved:
        return False
    return True


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def _metrics(bindings: dict[str, Binding]) -> list[str]:
    """A table for each category; those of the founding list first, by their number."""
    metrics = packaged().metrics
    lines: list[str] = []
    for category in ("sales", "marketing", "service"):
        rows = []
        for metric in sorted(metrics.values(), key=lambda m: (m.number or 99, m.id)):
            if metric.category == category:
                rows.append(
                    [
                        str(metric.number or ""),
                        f"`{metric.id}`",
                        metric.label["en"],
                        metric.label.get("it", ""),
                        metric.unit,
                        metric.direction,
                        metric.perspective.replace("_", " "),
                        *("•" if _serves(binding, metric.id) else "" for binding in bindings.values()),
                    ]
                )
        head = ["no.", "metric", "English", "Italian", "unit", "better", "perspective", *bindings]
        lines += [f"### {category.capitalize()}", "", *_table(head, rows)]
    return lines


def _reports(bindings: dict[str, Binding]) -> list[str]:
    rows = []
    for report in packaged().reports.values():
        names = list(dict.fromkeys(named_metrics(report)))
        served = [sum(_serves(b, name) for name in names) for b in bindings.values()]
        rows.append(
            [
                f"`{report.id}`",
                report.label["en"],
                report.label.get("it", ""),
                *(f"{count} of {len(names)}" if count else "" if names else "•" for count in served),
            ]
        )
    note = (
        "How many of a report type's metrics each mapping serves; sections that a source cannot serve say so. A dot: it"
        " shows no metrics, and serves every source."
    )
    return [note, "", *_table(["report", "English", "Italian", *bindings], rows)]


def _variants() -> list[str]:
    metrics = packaged().metrics
    return _meanings("variant", [f"{name}.{variant}" for name in metrics for variant in metrics.variants(name)])


def _audits(bindings: dict[str, Binding]) -> list[str]:
    """The checks of the [audit](audit.md) by entity, with what they cost and endanger."""
    demo = bindings["demo"]
    note = "What an [audit](audit.md) looks for, besides what is [checked before every report](checks.md)."
    lines = [note, ""]
    by_entity: dict[str, list[list[str]]] = {}
    for check in packaged().audits.values():
        by_entity.setdefault(check.entity, []).append(
            [
                f"`{check.id}`",
                check.severity,
                called(demo, check, "en"),
                check.meaning["en"],
                check.remedy["en"],
                ", ".join(f"`{name}`" for name in check.endangers),
                *("•" if _asks(binding, check) else "" for binding in bindings.values()),
            ]
        )
    for entity, rows in by_entity.items():
        head = ["check", "severity", "broken rows", "what it means", "what to do", "endangers", *bindings]
        lines += [f"### {packaged().entities[entity].plural['en']}", "", *_table(head, rows)]
    return lines


def _asks(binding: Binding, check: AuditCheck) -> bool:
    try:
        need_check(binding, check)
    except Unresolved:
        return False
    return True


def _meanings(head: str, names: Iterable[str]) -> list[str]:
    """What each metric counts, in the catalogue's words."""
    metrics = (packaged().metrics[name] for name in names)
    rows = [[f"`{metric.id}`", metric.label["en"], metric.description["en"]] for metric in metrics]
    return _table([head, "English", "meaning"], rows)
