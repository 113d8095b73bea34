"""What the source does not say as it should, in the report's words, for footnotes at the figures."""

from __future__ import annotations

from datetime import date

from reportspec.calendar import day_label, period_label
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.languages import as_part
from reportspec.measures.metric_columns import label
from reportspec.measures.stopped import begun_text
from reportspec.measures.words import word
from reportspec.model.findings import FIRST_TIME, Finding
from reportspec.model.spec import Report


def finding_text(report: Report, finding: Finding) -> str:
    """One thing that is told of the source: what, how many rows of how many, what it means. No value
    of the data stands in it, but those that the spec names."""
    check, language = finding.check, report.language
    entity = report.binding.entity(check.entity)

    def counted(count: int) -> str:
        name = label(report, entity.label if count == 1 else entity.plural)
        return f"{report.number(count)} {as_part(language, name)}"

    if check.goal:
        return _of_goal(report, finding)
    rows, every = report.number(finding.count), counted(finding.rows)
    if check.expectation is not None:
        called = label(report, check.expectation.label)
        costs = label(report, check.expectation.costs)
        return word(language, "unlikely_rows", called, rows, every, costs)
    if check.relation is not None:
        other = label(report, report.binding.entity(check.relation.to).label)
        return word(language, "no_partner", rows, every, as_part(language, other))
    if check.kind == "stale-table":
        days = (day_label(date.fromisoformat(day), language, report.locale) for day in (check.value, *check.names))
        return word(language, "stale_table", label(report, entity.plural), *days)
    if check.kind == "old-rate":
        last = day_label(date.fromisoformat(check.value), language, report.locale)
        return word(language, "old_rate", ", ".join(check.names), last)
    if check.kind == "row-security":
        return word(language, "row_security", label(report, entity.plural))
    if check.kind == "without-key":
        many = label(report, entity.plural)
        return (
            word(language, "without_key_alike", many, rows, every)
            if finding.count
            else word(language, "without_key", many)
        )
    if check.kind == "no-survivor":
        return word(language, "no_survivor", label(report, entity.plural), rows)
    if check.kind == "tied-rows":
        largest = report.binding.catalogue.entities[check.entity].fields[check.ties[0]].label
        return word(
            language, "tied_rows", label(report, entity.plural), rows, as_part(language, label(report, largest))
        )
    if check.kind == "part-without-field":
        fields = (report.binding.field(check.entity, name) for name in check.names)
        named = ", ".join(label(report, field.label) for field in fields if field is not None)
        return word(language, "part_without_field", rows, every, named)
    if check.kind == "no-rows" and check.side is None:
        return word(language, "no_rows_at_all", label(report, entity.plural))
    assert check.field is not None
    if check.kind == "history-differs":
        return word(language, "history_differs", label(report, check.field.label), rows, every)
    if check.kind == "closed-in-history":
        return word(language, "closed_in_history", label(report, entity.plural), rows)
    if check.kind in ("no-currency", "no-rate"):
        key, name = check.kind.replace("-", "_"), label(report, check.field.label)
        said = word(language, key, name, rows, every, report.binding.currency)
        return f"{said} {word(language, 'out_of_filters')}" if _filters_amounts(report) else said
    if check.kind == "odd-time":
        last = day_label(check.latest, language, report.locale)
        return word(
            language,
            "odd_time",
            label(report, check.field.label),
            rows,
            every,
            str(FIRST_TIME.year),
            last,
        )
    if check.kind == "other-value":
        known = (check.field.value_labels.get(value) for value in check.field.values)
        listed = ", ".join(label(report, text) for text in known if text)
        listed = listed or ", ".join(check.field.values)
        return word(language, "other_value", label(report, check.field.label), rows, every, listed)
    if check.kind in ("look-alikes", "lost-letters"):
        return word(
            language, check.kind.replace("-", "_"), label(report, check.field.label), rows, report.number(finding.rows)
        )
    if check.kind == "shared-name":
        return word(language, "shared_name", label(report, entity.plural), rows)
    if check.side is not None and not finding.examples:
        return word(language, "no_rows_at_all", label(report, entity.plural))
    if check.side is not None:
        compared = report.comparison(check.side.name)
        reported = compared.period if compared is not None else report.period
        first, last = (day_label(date.fromisoformat(day), language, report.locale) for day, _ in finding.examples)
        stretch = period_label(reported, language, report.locale)
        called = f"{label(report, entity.plural)}, {label(report, check.field.label)}"
        if check.value and (check.side.name, check.entity) in report.begun_within:
            return begun_text(report, check.side.name, check.entity)
        if check.kind == "late-start":
            return word(language, "late_start", called, first, stretch)
        return word(language, "no_rows", called, stretch, first, last)
    if check.names:
        return word(language, "unknown_values", label(report, check.field.label), rows)
    if check.metric:
        metric = label(report, report.binding.catalogue.metrics[check.metric].label)
        return word(language, "never_so", metric, label(report, check.field.label), check.value)
    if check.excludes:
        return word(language, "left_out_in_vain", label(report, check.field.label), check.value)
    return word(language, "unknown_value", label(report, check.field.label), check.value)


def _filters_amounts(report: Report) -> bool:
    """Whether a condition is about amounts, which rows without a rate do not meet: they are in no count either."""
    trees = (*report.conditions, *(tree for section in report.sections for tree in section.conditions))
    paths = (path_of(node) for tree in trees for node in column_nodes(tree))
    return any(len(path) == 2 and getattr(report.binding.field(*path), "type", "") == "money" for path in paths)


def _of_goal(report: Report, finding: Finding) -> str:
    """What is told of a goal's targets by a field."""
    check, language = finding.check, report.language
    assert check.field is not None
    metric = label(report, report.binding.catalogue.metrics[check.goal].label)
    field = label(report, check.field.label)
    count, of = report.number(finding.count), report.number(finding.rows)
    if check.kind in ("unknown-goal", "suspicious-goal"):
        return word(language, check.kind.replace("-", "_"), metric, count)
    if check.kind == "part-target" and check.names:
        return word(language, "part_targets_by_name", metric, report.number(len(check.names)))
    if check.kind == "part-target":
        return word(language, f"part_target_{check.value}", metric, count, of)
    if check.kind == "some-targets" and not finding.rows:
        return word(language, "targets_by_name", metric, count)
    if check.kind == "some-targets":
        return word(language, "some_targets", metric, count, of, field)
    return word(language, check.kind.replace("-", "_"), metric, field, count)
