"""What stands at the end of a report, in its reader's words: what each figure means, what is known of the source and
told nowhere else, where all of it comes from. How the figures were computed is a file of its own, `method.html`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import combinations, pairwise

from reportspec.languages import filled
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Figures
from reportspec.render.locale import Formats, as_of_moment, data_moment, number
from reportspec.render.rounded import parts_differ

METHOD = "method.html"
_ENOUGH = 120  # letters of a meaning; the whole of it stands in the method
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=\S)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A word and what is said of it, each plain text; the text may have names between backticks."""

    word: str
    text: str


def closing(
    figures: Figures, formats: Formats, *, attached: bool = False, with_spec: bool = False
) -> tuple[Entry, ...]:
    """The entries of the last part, in their order; none where the theme leaves it out. Where the method is `attached`,
    perhaps `with_spec`, the last one says so."""
    if not has_closing(figures):
        return ()
    known = [Entry(formats.word("not_told"), text) for text in figures.not_told]
    origin = Entry(formats.word("source"), _origin(figures, formats))
    method = Entry(formats.word("formulas"), where_the_method_is(formats, with_spec))
    return (*meanings(figures), *known, origin, *((method,) if attached else ()))


def has_closing(figures: Figures) -> bool:
    """Whether the report says what its words mean and where it comes from."""
    return figures.theme.appendix != "off" and has_method(figures)


def has_method(figures: Figures) -> bool:
    """Whether there is anything to be told of how the figures were computed."""
    return bool(figures.definitions or figures.statements or figures.row_counts)


def meanings(figures: Figures) -> tuple[Entry, ...]:
    """Each figure that is shown, by its label, with what it means in a sentence or two; of one that nobody described
    its formula. A median of what is described already, which is called by the same name, is found there."""
    entries: list[Entry] = []
    described: list[tuple[str, str]] = []
    for one in figures.definitions:
        description = one.description.strip()
        if description:
            if any(one.label.startswith(f"{name} (") and description.endswith(text) for name, text in described):
                continue
            described.append((one.label, description))
        entries.append(Entry(one.label, shortened(description) if description else f"`{one.formula}`"))
    return tuple(entries)


def shortened(text: str) -> str:
    """The first sentence of a text, and those after it while they are short together."""
    sentences = _SENTENCE_END.split(text.strip())
    kept = sentences[0]
    for sentence in sentences[1:]:
        if len(kept) + len(sentence) >= _ENOUGH:
            break
        kept = f"{kept} {sentence}"
    return kept


def _origin(figures: Figures, formats: Formats) -> str:
    """The source, how far its data go, by which clock and in which currency, and how much was read."""
    as_of = as_of_moment(formats, figures.as_of)
    texts = {"source": figures.source_label, "as_of": as_of, "timezone": figures.timezone}
    if figures.data_as_of:
        told = formats.word("origin_dated", data=data_moment(formats, figures.data_as_of), **texts)
    else:
        told = formats.word("origin", **texts)
    parts = [told]
    if figures.currency:
        rounded = "origin_rounded" if parts_differ(figures, formats) else "origin_currency"
        parts.append(formats.word(rounded, currency=figures.currency))
    if figures.row_counts:
        rows = " · ".join(f"{entity} {number(formats, count)}" for entity, count in figures.row_counts)
        parts.append(formats.word("origin_rows", rows=rows))
    return " ".join(parts)


_IN_A_LINE = 46  # letters of a column
_BETWEEN = 0.4  # lines between two entries


def in_columns(entries: Sequence[Entry], count: int = 3) -> tuple[tuple[Entry, ...], ...]:
    """The entries in columns of which the longest is as short as can be, one below the other; none is empty. CSS would
    balance them, which takes a layout for each try."""
    lines = [math.ceil((len(entry.word) + 1 + len(entry.text)) / _IN_A_LINE) + _BETWEEN for entry in entries]
    count = min(count, len(entries))
    cuts = min(
        combinations(range(1, len(entries)), count - 1) if count else [()],
        key=lambda cuts: max((sum(lines[low:high]) for low, high in pairwise((0, *cuts, len(entries)))), default=0),
    )
    return tuple(tuple(entries[low:high]) for low, high in pairwise((0, *cuts, len(entries))) if high > low)


def where_the_method_is(formats: Formats, with_spec: bool) -> str:
    """The sentence that names what is attached."""
    return filled(formats.word("method_with_spec" if with_spec else "method", file=METHOD))
