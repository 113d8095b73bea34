"""Places of a text: lines as YAML has them, by which spans count, and as editors have them, by which they count."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from reportspec.diagnostics import Span, lines_of
from reportspec.source import Scalar

_LINE_OF_EDITORS = re.compile("\r\n|[\n\r]")
_LITERAL = re.compile(r"'(?:[^']|'')*(?:'|\Z)")
_LITERAL_IN_QUOTES = re.compile(r"''.*?(?:''|\Z)", re.DOTALL)


def sound(text: str) -> str:
    """A text whose halves of a letter, which no file can have, are U+FFFD: they take as much room."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


class Places:
    """The places of one text. Lines and columns of spans count from 1, columns in letters; those of editors from 0,
    columns in units of UTF-16."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.first = 1 if text.startswith("\ufeff") else 0  # the mark is in no span
        self.starts = _starts(lines_of(text, ends=True))
        self.shown = [0, *(match.end() for match in _LINE_OF_EDITORS.finditer(text))]

    def at(self, line: int, column: int) -> int:
        """How many letters stand before a place of a span."""
        if line < 1:
            return 0
        if line > len(self.starts):
            return len(self.text)
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        return min(self.starts[line - 1] + max(column, 1) - 1 + (self.first if line == 1 else 0), end)

    def in_editor(self, line: int, column: int) -> tuple[int, int]:
        """A place of a span as editors count."""
        at = self.at(line, column)
        shown = bisect_right(self.shown, at) - 1
        return shown, len(self.text[self.shown[shown] : at].encode("utf-16-le")) // 2

    def of_editor(self, line: int, character: int) -> tuple[int, int]:
        """A place that an editor names as spans count; beyond the end of a line it is that end."""
        if line < 0 or line >= len(self.shown):
            return len(self.starts) + (line >= len(self.shown)), 1
        end = self.shown[line + 1] if line + 1 < len(self.shown) else len(self.text)
        written = self.text[self.shown[line] : end].rstrip("\r\n")
        before = written.encode("utf-16-le")[: 2 * max(character, 0)].decode("utf-16-le", "ignore")
        at = self.shown[line] + len(before)
        number = bisect_right(self.starts, at)
        return number, at - self.starts[number - 1] + 1 - (self.first if number == 1 else 0)


def _starts(lines: list[str]) -> list[int]:
    starts = [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line))
    return starts


def _templates(text: str) -> Iterator[tuple[int, int]]:
    """From where to where each `{{ … }}` goes."""
    start = text.find("{{")
    while start >= 0 and (end := text.find("}}", start + 2)) >= 0:
        yield start, end + 2
        start = text.find("{{", end + 2)


def found_in(text: str, file: str, scalar: Scalar, named: re.Pattern[str], *, templates: bool) -> Iterator[Span]:
    """Where a scalar has what a pattern finds (its last group, if it has any, stands before that): outside of the
    literals of SQL, or of a text for people within its `templates` alone."""
    places, span = Places(text), scalar.span
    start, end = places.at(span.line, span.column), places.at(span.end_line, span.end_column)
    written = text[start:end]
    if templates:
        stretches = list(_templates(written))
        kept = [(0, len(written))] if not stretches else _between(stretches, len(written))
    else:
        literal, inner = (_LITERAL_IN_QUOTES, written[1:-1]) if written[:1] == "'" else (_LITERAL, written)
        kept = [(m.start() + (inner != written), m.end() + (inner != written)) for m in literal.finditer(inner)]
    for match in named.finditer(text, start, end):
        at = match.end(1) if match.re.groups else match.start()
        if any(first < match.end() - start and at - start < last for first, last in kept):
            continue
        number = bisect_right(places.starts, at)
        column = at - places.starts[number - 1] + 1 - (places.first if number == 1 else 0)
        yield Span(file, number, column, number, column + match.end() - at)


def _between(stretches: list[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    bounds = [0, *(bound for stretch in stretches for bound in stretch), length]
    return list(zip(bounds[::2], bounds[1::2], strict=True))
