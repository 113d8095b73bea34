"""The sections of a report: the type's and the user's, each checked by its kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlglot import exp

from reportspec.check.column_bounds import bounds
from reportspec.diagnostics import suggestion
from reportspec.languages import vocabulary
from reportspec.model.spec import GoalSpec, SectionSpec
from reportspec.resolve.conditions import Bounds, condition, user_condition
from reportspec.resolve.document import Document, Place
from reportspec.sections.chart_spec import own_chart
from reportspec.sections.context import Context, Draft
from reportspec.sections.goals import GoalsSection, of_goal
from reportspec.sections.registry import BY_NAME, WRITTEN
from reportspec.sections.section_kind import Kind
from reportspec.sections.text import not_served

BY_GROUP = "by_group"  # the id of the section that `group_by` makes


def check_sections(
    context: Context, preset: Mapping[str, Any], goals: Mapping[str, GoalSpec]
) -> tuple[SectionSpec, ...]:
    """All sections of a report: the type's, with the user's in place of those of the same id. Goals
    by a dimension have a section each, after the headline."""
    sections = []
    drafts = _drafts(context, preset)
    written = {str(d.data["id"]) for d in drafts if d.data.get("id") and not d.made}
    seen: set[str] = set()
    for index, draft in enumerate(drafts):
        section = None
        with context.document.as_far_as_it_goes():
            section = _section(context, draft, index, seen, written)
        if section is not None:
            place = context.document.span(draft.path) if draft.path is not None else None
            sections.append(replace(section, span=place))
    quotas: list[GoalsSection] = []
    for name, goal in goals.items():
        quota = of_goal(context, name, goal)
        if quota is not None:
            identifier = _free(quota.id, seen | written)
            seen.add(identifier)
            quotas.append(replace(quota, id=identifier))
    at = 1 if sections and sections[0].id == "headline" else 0
    return not_served(context, (*sections[:at], *quotas, *sections[at:]))


def _free(identifier: str, taken: Collection[str]) -> str:
    """An id that nobody wrote, with a number where somebody has taken it."""
    free, number = identifier, 1
    while free in taken:
        number += 1
        free = f"{identifier}_{number}"
    return free


def section_metrics(section: Mapping[str, Any]) -> list[str]:
    """The metrics that a section, as it is written, shows in tiles, tables or charts."""
    kind = next((kind for kind in WRITTEN if kind.name in section and kind.metrics), None)
    body = section[kind.name] if kind is not None else ()
    if isinstance(body, list):
        return body
    return list(body.get(kind.metrics) or ()) if kind is not None and isinstance(body, dict) else []


def _drafts(context: Context, preset: Mapping[str, Any]) -> list[Draft]:
    data, language = context.data, context.language
    own_metrics = data.get("metrics")
    metrics = own_metrics or preset.get("metrics")
    omitted = _omitted(context, preset)
    drafts = [Draft(s, None) for s in preset.get("sections", ()) if s.get("id") not in omitted]
    for index, spec in enumerate(data.get("sections") or ()):
        place = Draft(spec, ("sections", index))
        same = [i for i, d in enumerate(drafts) if spec.get("id") and d.data.get("id") == spec["id"]]
        if same and drafts[same[0]].path is None:
            drafts[same[0]] = place
        else:
            drafts.append(place)
    # A section `headline` is the headline as it was written; only metrics that the spec itself asks
    # for take the place of its type's.
    written = [d for d in drafts if d.data.get("id") == "headline"]
    wanted = "headline" not in omitted
    if wanted and metrics and not any(d.path is not None or not own_metrics for d in written):
        drafts = [d for d in drafts if d.data.get("id") != "headline"]
        title = vocabulary(language)["titles"]["headline"]
        drafts.insert(
            0,
            Draft(
                {"id": "headline", "title": title, "kpis": metrics},
                ("metrics",) if own_metrics else None,
            ),
        )
    group_by = data.get("group_by") or preset.get("group_by")
    if group_by and BY_GROUP not in omitted:
        has_dimensions = bool(data.get("group_by"))
        if not metrics and "metrics" in data:
            pass  # it is empty or no list, which is told
        elif not metrics:
            context.document.tell(
                "missing-key",
                "`group_by` has no `metrics` to break down",
                ("group_by",),
                "add `metrics:`, or use a breakdown section",
                key=True,
            )
        else:
            after = 1 if drafts and drafts[0].data.get("id") == "headline" else 0
            drafts.insert(
                after,
                Draft(
                    {"id": BY_GROUP, "breakdown": {"metrics": metrics, "by": group_by}},
                    ("group_by",) if has_dimensions else None,
                    True,
                ),
            )
    return drafts


def _omitted(context: Context, preset: Mapping[str, Any]) -> set[str]:
    """The standard sections that the report leaves out, by their ids; what names none is told."""
    data, document = context.data, context.document
    standard = [str(section["id"]) for section in preset.get("sections", ()) if section.get("id")]
    standard += [BY_GROUP] if preset.get("group_by") and not data.get("group_by") else []
    own = {str(section.get("id")) for section in data.get("sections") or ()}
    for at, name in enumerate(data.get("omit") or ()):
        if not standard:
            document.tell("bad-omit", "the report has no standard sections", ("omit",), "leave out `omit`", key=True)
            break
        if name not in standard:
            help = suggestion(str(name), standard) or f"it has {', '.join(f'`{one}`' for one in standard)}"
            document.tell("unknown-section", f"the report has no section `{str(name)[:60]}`", ("omit", at), help)
        elif name in own:
            message = f"`{name}` is both left out and written under `sections`"
            document.tell("bad-omit", message, ("omit", at), "do one of them")
    return set(map(str, data.get("omit") or ()))


def _section(
    context: Context, draft: Draft, index: int, seen: set[str], written: Collection[str]
) -> SectionSpec | None:
    """One section, checked by its kind."""
    document, path = context.document, draft.path or ()
    kinds = [kind for kind in WRITTEN if kind.name in draft.data]
    if len(kinds) != 1:
        return None  # the schema has said so
    kind = kinds[0]
    draft.kind = kind.name
    _identify(context, draft, index, seen, written)
    before = len(document.problems)
    chart = _own_chart(context, draft, kind)
    draft.conditions = _conditions(context, draft, path)
    assert kind.check is not None
    section = kind.check(context, draft)
    if chart is not None and section is not None:
        columns = BY_NAME[section.kind].columns
        names = columns(context, section) if columns is not None else ()
        section = replace(section, own_chart=own_chart(document, chart, (*path, "vega_lite"), names))
    if section is not None and "mark" in draft.data:
        section = replace(section, marks=bounds(context, draft, section))
    if len(document.problems) > before and draft.path is not None and document.broken:
        return None
    return section


def _identify(context: Context, draft: Draft, index: int, seen: set[str], written: Collection[str]) -> None:
    """Give a section its id; that two have one is told."""
    own_id = draft.data.get("id") if not draft.made else None
    identifier = str(own_id or draft.data.get("id") or f"{draft.kind}_{index + 1}")
    if not own_id:
        identifier = _free(identifier, {*seen, *written})
    if identifier in seen:
        message = f"two sections have the id `{identifier}`"
        context.document.tell("duplicate-id", message, (*(draft.path or ()), "id"), "give each its own")
    seen.add(identifier)
    draft.identifier = identifier


def _own_chart(context: Context, draft: Draft, kind: Kind) -> Mapping[str, object] | None:
    """The chart that a section draws by itself; that there are no rows to draw is told."""
    chart = draft.data.get("vega_lite")
    if chart is not None and kind.columns is None and kind.name != "text":
        context.document.tell(
            "chart-without-rows",
            f"a chart needs rows, and `{kind.name}` has none",
            (*(draft.path or ()), "vega_lite"),
            "trend, breakdown, funnel and records have",
            key=True,
        )
    return chart if isinstance(chart, dict) and kind.columns is not None else None


def _conditions(context: Context, draft: Draft, path: Place) -> tuple[exp.Expr, ...]:
    quiet = context.document if draft.path is not None else Document("", "", None, {})
    sections = []
    bounds = {
        name: Bounds(b.low, b.high, set(b.allowed) if b.allowed is not None else None, set(b.denied), b.null)
        for name, b in context.bounds.items()
    }
    for index, item in enumerate(draft.data.get("filters") or ()):
        tree = condition(context.binding, quiet, item, (*path, "filters", index), bounds)
        if tree is not None:
            sections.append(tree)
        elif draft.path is None:
            raise ValueError("a report type has a filter that is none")  # never unfiltered
    places: list[tuple[Mapping[str, Any], Place]] = [(draft.data, (*path, "where"))]
    if isinstance(draft.data[draft.kind], dict):  # a list of records has a condition of its own
        places.append((draft.body, (*path, draft.kind, "where")))
    for holder, where in places:
        if holder.get("where"):
            tree = user_condition(quiet, context.binding, str(holder["where"]), where, context.data)
            if tree is not None:
                sections.append(tree)
            elif draft.path is None:
                raise ValueError("a report type has a condition that is none")  # never unfiltered
    return tuple(sections)
