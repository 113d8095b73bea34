"""What a section is checked against, and what is said of what the source cannot serve."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from sqlglot import exp

from reportspec.calendar import Fiscal, Period
from reportspec.diagnostics import NOT_SHOWN
from reportspec.languages import as_part, in_parts, vocabulary
from reportspec.lazy_dataclass import dataclass
from reportspec.model.column_ids import SideName
from reportspec.model.domain import Field
from reportspec.model.query import Dimension
from reportspec.resolve.binding import Binding, Missing, Unresolved
from reportspec.resolve.called import called
from reportspec.resolve.conditions import Bounds
from reportspec.resolve.document import Document, Place

Omitted = tuple[str, str]  # what is not shown, and what it would need


@dataclass(slots=True)
class Context:
    """What sections are checked against."""

    document: Document
    data: Mapping[str, Any]
    binding: Binding
    language: str
    conditions: tuple[exp.Expr, ...]
    bounds: dict[str, Bounds]
    grain: str
    period: Period | None
    fiscal: Fiscal
    compared: tuple[SideName, ...]  # the sides that the report is compared with
    ended: bool = False  # whether the report is as of the end of its period or later
    lacking: dict[str, None] = field(default_factory=dict)  # entities of which standard sections show nothing
    needed: dict[str, None] = field(default_factory=dict)  # what they would need: `lead`, `deal.loss_reason`
    systems: bool = False  # whether the project lists systems that hold customer data
    goals: Collection[str] = ()  # the metrics that the report has goals for

    def text(self, value: Any) -> str:
        """A title or note in the report's language."""
        if isinstance(value, dict):
            return str(value.get(self.language) or value.get("en", ""))
        return str(value) if value is not None else ""


@dataclass(slots=True)
class Draft:
    """A section as it is written, and where: `path` is None for one of a report type. What is `made` of
    `group_by` has an id that nobody wrote. `omitted` is what the source cannot serve of it, as it is found."""

    data: Mapping[str, Any]
    path: Place | None
    made: bool = False
    identifier: str = ""
    kind: str = ""
    conditions: tuple[exp.Expr, ...] = ()
    omitted: list[Omitted] = field(default_factory=list)

    @property
    def standard(self) -> bool:
        """Whether it is one of a report type, of which is left out what the source cannot serve."""
        return self.path is None

    @property
    def body(self) -> Mapping[str, Any]:
        """What stands under the key of its kind; a list there is one of metrics."""
        body = self.data[self.kind]
        return {"metrics": body} if isinstance(body, list) else body

    @property
    def inner(self) -> Place:
        """The place of the body."""
        path = self.path or ()
        return (*path, self.kind) if path[:1] == ("sections",) else path

    def metrics_place(self, context: Context, key: str) -> Place:
        """The place of its metrics, which stand under a key of the body."""
        if (self.path or ())[:1] == ("sections",):
            return self.inner if isinstance(self.data[self.kind], list) else (*self.inner, key)
        return ("metrics",) if context.data.get("metrics") else self.path or ()

    def common(self, context: Context) -> dict[str, Any]:
        """The keys of all kinds."""
        return {
            "id": self.identifier,
            "note": context.text(self.data.get("note")),
            "break_before": self.data.get("break") == "before",
            "keep_together": self.data.get("keep") == "together",
            "half": bool(self.data.get("half")),
            "titled": self.path is not None and bool(self.data.get("title")),
            "omitted": lacks(context, self.omitted),
        }

    def leave_out(self, context: Context, called: str, why: Unresolved) -> None:
        """Take down what the section does not show, by what readers call it, and what it would need; once, where both
        are of one name: the owner of accounts."""
        need = need_of(context, why)
        alike = need.partition(" (")[0] == called.partition(" (")[0]
        self.omitted.append((need if alike else called, need))

    def refuse(self, context: Context, name: str, called: str, why: Unresolved, place: Place) -> None:
        """What the source cannot serve: left out of a standard section, else a mistake at its place, by its name."""
        if self.standard:
            self.leave_out(context, called, why)
        else:
            context.document.tell(why.code, f"`{name}`{NOT_SHOWN}{why.message}", place, why.help)


def label_of(context: Context, texts: Mapping[str, str]) -> str:
    return texts.get(context.language) or texts["en"]


def lacks(context: Context, omitted: list[Omitted]) -> tuple[str, ...]:
    """One sentence for the reader: what is not shown, and what the source would have to have."""
    if not omitted:
        return ()
    words = vocabulary(context.language)["lacks"]
    needs: dict[str, dict[str, None]] = {}
    for name, need in omitted:
        needs.setdefault(need, {})[name] = None
    # What is itself what is lacking needs nothing else.
    parts = (
        words["needs"].format(", ".join(names), need) if need and [*names] != [need] else ", ".join(names)
        for need, names in needs.items()
    )
    return (words["all"].format(in_parts(context.language, parts)),)


def with_needs(context: Context, name: str, needs: Iterable[str]) -> str:
    """What is not shown, with what it would need."""
    needed = ", ".join(one for one in needs if one != name)
    return str(vocabulary(context.language)["lacks"]["needs"].format(name, needed)) if needed else name


def all_lacking(context: Context, names: Iterable[str]) -> str:
    """One sentence on several things that are not shown."""
    return str(vocabulary(context.language)["lacks"]["all"].format(in_parts(context.language, names)))


def need_of(context: Context, why: Unresolved) -> str:
    """What is lacking, in the report's words: `Loss reason`, `Stage changes`."""
    if why.code == "whole-goal":
        return str(vocabulary(context.language)["lacks"]["own_goals"])
    if not isinstance(why, Missing):
        return ""
    context.lacking[why.name.partition(".")[0]] = None
    needed = _led_to(context, why.name)
    context.needed[needed] = None
    return named_as(context, needed)


def _led_to(context: Context, name: str) -> str:
    """What is lacking: instead of the key that leads to other records, these records, where the source has none."""
    entity, _, own = name.partition(".")
    known = context.binding.catalogue.entities.get(entity)
    relations = known.relations.values() if known is not None and "." not in own else ()
    to = next((one.to for one in relations if one.by == own), None)
    return to if to is not None and not context.binding.has_entity(to) else name


def named_as(context: Context, name: str) -> str:
    parts = name.split(".")
    at = parts[0]
    entities = context.binding.catalogue.entities
    if len(parts) == 1:
        return label_of(context, entities[at].plural) if at in entities else name
    for step in parts[1:-1]:
        at = entities[at].relations[step].to
    field = context.binding.field(at, parts[-1])
    if field is None:
        return name
    wording = label_of(context, field.label)
    if any(entry.name == field.name for entry in _given(context.binding) if entry.entity != at):
        # Another record has what is called so, and a table may well show it.
        wording = f"{wording} ({label_of(context, entities[at].plural)})"
    return wording


def _given(binding: Binding) -> Iterator[Field]:
    """The fields that the source gives."""
    for name, mapped in binding.source.entities.items():
        for mapped_field in mapped.fields:
            known = binding.field(name, mapped_field)
            if known is not None:
                yield known


def title_of(context: Context, draft: Draft, kind: str, dimensions: tuple[Dimension, ...] = ()) -> str:
    """The title of a section: its own, or what its kind and its dimensions are called."""
    title = context.text(draft.data.get("title"))
    words = vocabulary(context.language)["titles"]
    if title or "title" in draft.data:
        return title
    if dimensions:
        language = context.language
        parts = (called(context.binding, d.path[0], d.path, language) for d in dimensions)
        names = " × ".join(as_part(language, name) for name in parts)
        return str(words["by"].format(names))
    return str(words.get(kind, ""))
