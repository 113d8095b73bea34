"""How a section is sorted: a name that it shows, with `-` from the largest down."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reportspec.diagnostics import Advice, did_you_mean, suggestion
from reportspec.model.domain import Metric
from reportspec.model.query import Dimension
from reportspec.sections.context import Context, Draft


def sort_of(
    context: Context, draft: Draft, metrics: Sequence[Metric], dimensions: tuple[Dimension, ...]
) -> tuple[str, bool] | None:
    """The name to sort by, and whether the largest comes first; None where nothing, or nothing shown, is named."""
    spec, inner, standard = draft.body, draft.inner, draft.standard
    written = spec.get("sort")
    if not written:
        return None
    name, descending = str(written).removeprefix("-"), str(written).startswith("-")
    known = [m.id for m in metrics] + [d.name for d in dimensions]
    if name not in known:
        # One that stands here and cannot be shown is told at its own place.
        whole = spec.get("metrics") and (spec.get("by") or "by" not in spec)  # as it was written
        if not standard and whole and name not in map(str, spec.get("metrics") or ()):
            help = turned_sort(str(written), known) or suggestion(name, known)
            context.document.tell(
                "unknown-sort",
                f"`{name[:60]}` is not shown here, so it cannot sort",
                (*inner, "sort"),
                help or f"shown are {', '.join(f'`{k}`' for k in known[:8])}",
            )
        return None
    return name, descending


def turned_sort(given: str, known: Collection[str]) -> str | None:
    """The way out where a sort has its direction behind it, as SQL writes it."""
    name, _, direction = given.strip().partition(" ")
    sign = {"asc": "", "ascending": "", "desc": "-", "descending": "-"}.get(direction.strip().lower())
    if sign is None:
        return None
    name = name.removeprefix("-")
    meant = name if name in known else did_you_mean(name, known)
    if meant is None:
        return None
    return Advice(f"write `{sign}{meant}`", given.strip(), f"{sign}{meant}", meant == name)
