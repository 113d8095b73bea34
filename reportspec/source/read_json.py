"""Reading JSON into the same tree as YAML, so that what is told of it has its line and column.

Other programs' files are larger than what people write, and stand on one line: the tree is built without recursion,
in time that grows with the text alone.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from reportspec.diagnostics import Diagnostic, Span
from reportspec.source.read import DEEPEST, LONGEST_SCALAR, Read, clean_text
from reportspec.source.tree import Entry, Mapping, Node, Scalar, Sequence

LARGEST = 32 << 20  # bytes
MOST_NODES = 2_000_000
_TOKEN = re.compile(
    r'[ \t\r\n]*(?:(?P<sign>[{}\[\],:])|(?P<text>"(?:[^"\\\x00-\x1f]|\\.)*")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)|(?P<word>true|false|null))"
)
_BLANKS = re.compile(r"[ \t\r\n]*")
_WORDS = {"true": True, "false": False, "null": None}


class _Wrong(Exception):
    """What is wrong, and where in the text."""

    def __init__(self, at: int, message: str, code: str = "json-syntax", help: str | None = None) -> None:
        super().__init__(message)
        self.at, self.message, self.code, self.help = at, message, code, help


def read_json(text: str, file: str) -> Read:
    """The tree of a JSON text and what is wrong with it; the tree is None where it cannot be read. Of keys that stand
    twice the first counts, and the other is told."""
    reader = _Reader(text, file)
    try:
        return reader.read(), tuple(reader.problems)
    except _Wrong as wrong:
        place = reader.span(wrong.at, wrong.at + 1)
        return None, (*reader.problems, Diagnostic(wrong.code, wrong.message, place, wrong.help))


class _Open:
    """A list or an object that is being filled."""

    __slots__ = ("begin", "entries", "is_map", "items", "key")

    def __init__(self, begin: int, is_map: bool) -> None:
        self.begin, self.is_map = begin, is_map
        self.items: list[Node] = []
        self.entries: dict[str, Entry] = {}
        self.key: Scalar | None = None


class _Reader:
    """One reading of one text."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.problems: list[Diagnostic] = []
        self.lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.line = 0  # of what was placed last: places are asked for in order, nearly

    def span(self, begin: int, end: int) -> Span:
        """The place of a stretch of the text."""
        first = self._position(begin)
        return Span(self.file, *first, *(self._position(end)))

    def _position(self, at: int) -> tuple[int, int]:
        lines = self.lines
        while self.line + 1 < len(lines) and lines[self.line + 1] <= at:
            self.line += 1
        while lines[self.line] > at:
            self.line -= 1
        return self.line + 1, at - lines[self.line] + 1

    def read(self) -> Node:
        """The tree. Raises _Wrong."""
        stack: list[_Open] = []
        at, nodes, text = 0, 0, self.text
        wants = "value"  # value, key, colon, after; `first` ones may also end what they stand in
        while True:
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._unread(at)
            kind, begin = str(found.lastgroup), found.start(str(found.lastgroup))
            token, at = found[kind], found.end()
            node: Node | None = None
            if kind == "sign" and token in "}]":
                opened = stack.pop() if stack else None
                fits = opened is not None and opened.is_map == (token == "}")
                if opened is None or not fits or wants not in ("after", "first key", "first value"):
                    raise _Wrong(begin, f"`{token}` has no place here")
                place = self.span(opened.begin, at)
                node = (
                    Mapping(tuple(opened.entries.values()), place)
                    if opened.is_map
                    else Sequence(tuple(opened.items), place)
                )
            elif wants == "colon" or wants == "after":
                if token != (":" if wants == "colon" else ","):
                    raise _Wrong(begin, f"{'`:`' if wants == 'colon' else '`,` or the end of it'} is missing here")
                wants = "value" if wants == "colon" else ("key" if stack[-1].is_map else "value")
                continue
            elif wants.endswith("key"):
                if kind != "text":
                    raise _Wrong(begin, "a key is a text in double quotes")
                stack[-1].key, wants = self._scalar(kind, token, begin, at), "colon"
                continue
            elif kind == "sign":
                if token not in "{[":
                    raise _Wrong(begin, "a value is missing here")
                if len(stack) >= DEEPEST:
                    raise _Wrong(begin, f"the file is nested deeper than {DEEPEST} levels", "too-deep")
                stack.append(_Open(begin, token == "{"))
                wants = "first key" if token == "{" else "first value"
                continue
            else:
                node = self._scalar(kind, token, begin, at)
            nodes += 1
            if nodes > MOST_NODES:
                raise _Wrong(begin, f"the file has more than {MOST_NODES:,} values", "file-too-large")
            if not stack:
                end = _BLANKS.match(text, at)
                if end is not None and end.end() < len(text):
                    raise _Wrong(end.end(), "something stands behind its end")
                return node
            self._put(stack[-1], node)
            wants = "after"

    def _put(self, opened: _Open, node: Node) -> None:
        if not opened.is_map:
            opened.items.append(node)
            return
        key = opened.key
        assert key is not None
        if key.text in opened.entries:
            first = opened.entries[key.text].key.span
            what = f"the key `{key.text[:60]}` stands here twice"
            if len(self.problems) < 100:
                self.problems.append(
                    Diagnostic(
                        "duplicate-key", what, key.span, f"it is already on line {first.line}, column {first.column}"
                    )
                )
            return
        opened.entries[key.text] = Entry(key, node)

    def _scalar(self, kind: str, token: str, begin: int, end: int) -> Scalar:
        place = self.span(begin, end)
        if kind == "word":
            return Scalar(_WORDS[token], token, place)
        if kind == "text":
            if len(token) > LONGEST_SCALAR:
                raise _Wrong(begin, f"the value is longer than {LONGEST_SCALAR:,} characters", "too-long")
            try:
                value: Any = json.loads(token)
            except ValueError:
                raise _Wrong(begin, "a text has a `\\` that stands for nothing") from None
            value = clean_text(value)
            return Scalar(value, value, place, quoted=True)
        if len(token) > 40:
            raise _Wrong(begin, "the number has more than 40 digits", "number-too-large")
        number: int | float = int(token) if token.lstrip("-").isdigit() else float(token)
        if not math.isfinite(number):
            raise _Wrong(begin, "the number is too large", "number-too-large")
        return Scalar(number, token, place)

    def _unread(self, at: int) -> _Wrong:
        blanks = _BLANKS.match(self.text, at)
        at = blanks.end() if blanks is not None else at
        if at >= len(self.text):
            return _Wrong(max(at - 1, 0), "the file ends before its value does")
        return _Wrong(at, f"this is not JSON: `{self.text[at]}` begins no value")
