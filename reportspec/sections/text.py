"""A text of the author's; also what stands for a standard section of which the source serves nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from reportspec.lazy_dataclass import dataclass
from reportspec.measures.answers import Answers
from reportspec.measures.metric_columns import Footnotes
from reportspec.model.figures import Section
from reportspec.model.query import Query
from reportspec.model.spec import Report, SectionSpec
from reportspec.sections.context import Context, Draft, all_lacking, with_needs
from reportspec.sections.section_kind import Kind, section_of

NOT_SERVED = "not_served"  # the id of what names the sections of which a source serves nothing
# The line under the heads of a table: `|---|:--:|`.
_TABLE = re.compile(r"(?m)^ {0,3}\|?(?: *:?-{2,}:? *\|)+(?: *:?-{2,}:? *)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSection(SectionSpec):
    """A text in Markdown."""

    kind: ClassVar[str] = "text"
    text: str = ""
    lacking: str = ""  # of a standard section of which the source serves nothing: what that is, and what it needs


def check(context: Context, draft: Draft) -> TextSection:
    """A text in the report's language."""
    if not draft.standard and _TABLE.search(str(draft.data["text"])):
        context.document.tell(
            "no-table",
            "a table in a text is printed as it is written: its Markdown has none",
            draft.inner,
            "show figures by a section, such as `breakdown`, and others as a list",
            warning=True,
        )
    common = {**draft.common(context), "note": ""}
    return TextSection(**common, title=context.text(draft.data.get("title")), text=context.text(draft.data["text"]))


def nothing_served(context: Context, draft: Draft, title: str) -> TextSection | None:
    """A section of a report type of which this source can serve nothing: it says so. None for one's own, of which
    that is told at its place."""
    if not draft.standard:
        return None
    lacking = with_needs(context, title, dict.fromkeys(need for _, need in draft.omitted if need))
    return TextSection(**draft.common(context), title=title, lacking=lacking if draft.omitted else "")


def not_served(context: Context, sections: Sequence[SectionSpec]) -> tuple[SectionSpec, ...]:
    """The sections, of which those that the source serves nothing of are named by a line at their end: several headings
    over nothing are no part of a report."""
    lacking = [one.lacking for one in sections if isinstance(one, TextSection) and one.lacking]
    kept = tuple(one for one in sections if not (isinstance(one, TextSection) and one.lacking))
    if not lacking:
        return kept
    return (*kept, TextSection(id=NOT_SERVED, title="", omitted=(all_lacking(context, lacking),)))


def queries(report: Report, spec: TextSection) -> tuple[Query, ...]:
    """A text asks for nothing."""
    return ()


def figures(report: Report, spec: TextSection, answers: Answers, footnotes: Footnotes) -> Section:
    """The text."""
    return section_of(spec, text=spec.text, shape="text")


TEXT = Kind(TextSection, check, queries, figures)
