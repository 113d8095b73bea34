"""Bounds of a section's columns, beyond which their values are marked."""

from __future__ import annotations

from reportspec.diagnostics import suggestion
from reportspec.model.spec import Bound, SectionSpec
from reportspec.sections.context import Context, Draft

_NUMBERS = ("money", "number", "integer")


def bounds(context: Context, draft: Draft, section: SectionSpec) -> tuple[Bound, ...]:
    """What a section's `mark` says of its columns; what names no number of it is told."""
    document, place = context.document, (*(draft.path or ()), "mark")
    numbers = {*(metric.id for metric in section.metrics), *_listed(context, section)}
    found = []
    for name, said in draft.data["mark"].items():
        below, above = said.get("below"), said.get("above")
        if not (numbers and section.tabled):
            document.tell(
                "bad-mark",
                f"`{draft.kind}` has no table of numbers",
                place,
                "breakdown, trend and records have",
                key=True,
            )
            return ()
        if name not in numbers:
            help = suggestion(str(name), numbers) or f"it has {', '.join(f'`{one}`' for one in sorted(numbers)[:6])}"
            document.tell(
                "bad-mark", f"`{str(name)[:60]}` is no number in this section's table", (*place, name), help, key=True
            )
        elif below is not None and above is not None and below > above:
            document.tell(
                "bad-mark",
                "every value is below the one or above the other",
                (*place, name),
                "`below` is the smaller one",
            )
        else:
            found.append(Bound(str(name), below, above))
    return tuple(found)


def _listed(context: Context, section: SectionSpec) -> set[str]:
    """The fields that it lists, so far as they are numbers."""
    binding = context.binding
    return {".".join(path) for entity, path in section.paths if binding.resolve(entity, path).field.type in _NUMBERS}
