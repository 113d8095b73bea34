"""What a report shows nothing of, and goals that are not whose they seem: warnings beside a spec that is valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportspec.model.spec import Each, GoalSpec, SectionSpec
from reportspec.resolve.binding import Binding
from reportspec.resolve.document import Document
from reportspec.sections.context import Context
from reportspec.sections.highlights import HighlightsSection
from reportspec.sections.text import TextSection

NOTHING_SHOWN = "nothing-shown"
_NAMED = 6  # things that are lacking


def tell_nothing_shown(context: Context, sections: Sequence[SectionSpec], *, strict: bool) -> None:
    """Tell of a report of which the source serves no section: it would have a title and no figure."""
    document = context.document
    omitted = any(section.omitted for section in sections)
    if document.broken or not omitted or any(map(_shows, sections)):
        return
    needed = sorted(context.needed, key=lambda name: "." in name)  # entities before fields of others
    named = ", ".join(f"`{name}`" for name in needed[:_NAMED]) + (", …" if len(needed) > _NAMED else "")
    why = f": the source gives no {named}" if needed else ""
    document.tell(
        NOTHING_SHOWN,
        f"no figure of the report can be shown{why}",
        ("report",),
        "map what it needs, or leave the report out",
        warning=not strict,
    )


def _shows(section: SectionSpec) -> bool:
    """Whether a section can have a figure: sentences on others have none without these."""
    if isinstance(section, HighlightsSection):
        return bool(section.moved or section.compare or section.shares)
    return not isinstance(section, TextSection)


def tell_shared_goals(
    document: Document, data: Mapping[str, Any], binding: Binding, goals: Mapping[str, GoalSpec], each: Each | None
) -> None:
    """Warn of the goal for all that each report of `for_each` would be held against: one person's sum is no part of it
    that could reach it. Of a rate the goal of all may well be that of each."""
    if each is None:
        return
    for written in data.get("goals") or ():
        metric = binding.catalogue.metrics.get(str(written))
        goal = goals.get(metric.id) if metric is not None else None
        if metric is None or goal is None or goal.by is not None or goal.target is None or not metric.adds_up:
            continue
        name = each.dimension.name
        document.tell(
            "shared-goal",
            f"the report of each `{name}` is held against the whole goal for `{metric.id}`, {goal.target:,.15g}",
            ("goals", str(written)),
            f"say whose it is: `{{by: {name}, targets: {{…}}}}`, or `{{by: {name}, target: table}}` for those that the"
            " source has; or leave the goal out",
            key=True,
            warning=True,
        )
