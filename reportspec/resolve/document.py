"""A user's file while it is checked: its data, and where each part of it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import Any

from reportspec.diagnostics import Diagnostic, Span
from reportspec.lazy_dataclass import dataclass
from reportspec.schema import check_schema, too_many, wrong_types
from reportspec.source import Node, locate, plain, read_yaml, read_yaml_file

Place = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """One YAML file: plain data, the tree with its spans, and what was found wrong so far. In the data
    a value of another type than its key's is an empty one, so that a text is no list of letters."""

    file: str
    text: str
    node: Node | None
    data: Any
    problems: list[Diagnostic] = field(default_factory=list)
    misshapen: frozenset[Span] = frozenset()  # where values of another type than their key's stand
    options: dict[Place, tuple[str, str]] = field(default_factory=dict)  # what stands in for the file's: `--period`
    filled: tuple[tuple[Span, str, str], ...] = ()  # where variables of the environment stand, what they say, `${NAME}`
    misshapen_parts: bool = False  # whether parts of it may not be as the schema has them, which has been told

    @contextmanager
    def as_far_as_it_goes(self) -> Iterator[None]:
        """A step of a check that a part of the wrong shape may end: the steps after it are taken all the same. Only a
        file that the schema has refused already can have such parts."""
        try:
            yield
        except (KeyError, TypeError, AttributeError, IndexError, ValueError):
            if not self.misshapen_parts:
                raise

    def span(self, path: Place, key: bool = False) -> Span | None:
        """Where a part of the file stands: of a value that an option gives, in what the option says."""
        if path in self.options:
            option, text = self.options[path]
            return Span(option, 1, 1, 1, len(text) + 1)
        return locate(self.node, path, key) if self.node is not None else None

    def texts(self) -> dict[str, str]:
        """What spans of the document point into: the file's text, and what options say."""
        return {self.file: self.text, **dict(self.options.values())}

    def written(self, path: Place) -> str:
        """A value as it is written, where it stands on one line: `1.200`, which as a number is 1.2."""
        span = self.span(path)
        if span is None or span.line != span.end_line:
            return ""
        lines = self.text.splitlines()
        return lines[span.line - 1][span.column - 1 : span.end_column - 1] if span.line <= len(lines) else ""

    def tell(
        self,
        code: str,
        message: str,
        path: Place,
        help: str | None = None,
        *,
        notes: tuple[str, ...] = (),
        key: bool = False,
        warning: bool = False,
        part: str = "",
    ) -> None:
        """Note a mistake at a place in the file: at a `part` of the text that stands there, where the file has it as it
        is."""
        severity = "warning" if warning else "error"
        span = self.span(path, key)
        value = self.span(path)
        if value is not None and any(_overlap(value, span) for span in self.misshapen):
            return  # one mistake, one message: what stands there is no value of its key at all
        span = self._part(span, part) if part and span is not None else span
        diagnostic = self.as_written(Diagnostic(code, message, span, help, notes, severity))  # type: ignore[arg-type]
        if diagnostic not in self.problems:  # two sections may be made of one line
            self.problems.append(diagnostic)

    def as_written(self, diagnostic: Diagnostic) -> Diagnostic:
        """The same with the names of variables in place of what they say: it may be a password that stands under a
        wrong key."""
        if diagnostic.span is None:
            return diagnostic
        for span, value, name in self.filled:
            if _overlap(span, diagnostic.span):
                texts = (diagnostic.message, diagnostic.help, *diagnostic.notes)
                message, help, *notes = (_unspoken(text, value, name) for text in texts)
                diagnostic = replace(
                    diagnostic, message=message or "", help=help, notes=tuple(note or "" for note in notes)
                )
        return diagnostic

    def _part(self, span: Span, part: str) -> Span:
        """Where a part of a text stands, whose lines a span has; the span, where none of them has it."""
        lines = self.text.splitlines() if span.file == self.file else []
        for number in range(span.line, min(span.end_line, len(lines)) + 1):
            at = lines[number - 1].find(part, span.column - 1 if number == span.line else 0)
            if at >= 0:
                return Span(span.file, number, at + 1, number, at + 1 + len(part))
        return span

    @property
    def broken(self) -> bool:
        """Whether any error was found (warnings do not count)."""
        return any(problem.severity == "error" for problem in self.problems)


_LONG = 6  # letters of a value that no word of a message has by chance
_BEGIN = 40  # letters that are left of a value at least


def _unspoken(text: str | None, value: str, name: str) -> str | None:
    if not text or not value:
        return text
    text = text.replace(value, name) if len(value) >= _LONG else text.replace(f"`{value}`", f"`{name}`")
    begin = value[:_BEGIN]
    if len(begin) == _BEGIN and begin in text:  # messages cut what is long
        text = re.sub(re.escape(begin) + "[^`]*", lambda _: name, text)
    return text


def _overlap(one: Span, other: Span) -> bool:
    """Whether a stretch of a file lies within another, or the other way round."""

    def within(inner: Span, outer: Span) -> bool:
        starts = (outer.line, outer.column) <= (inner.line, inner.column)
        return starts and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)

    return within(one, other) or within(other, one)


def open_document(path: Path, schema: str, name: str | None = None) -> Document:
    """The file, read and held against its schema."""
    node, problems, text = read_yaml_file(path, name)
    return _document(name or str(path), node, problems, text, schema)


def written_document(text: str, schema: str, name: str) -> Document:
    """A text that stands in no file, held against its schema."""
    node, problems = read_yaml(text, name)
    return _document(name, node, problems, text, schema)


def _document(name: str, node: Node | None, problems: Iterable[Diagnostic], text: str, schema: str) -> Document:
    document = Document(name, text, node, plain(node) if node is not None else None, list(problems))
    if node is None:
        return document
    broken = check_schema(node, schema)
    document.problems += broken
    wrong = [problem.span for problem in broken if problem.code == "wrong-type" and problem.span is not None]
    if wrong:
        document.misshapen = frozenset(wrong)
        for place, types in wrong_types(node, schema):
            document.data = _changed(document.data, place, partial(_emptied, types=types))
    if any(problem.code == "too-long" for problem in broken):  # what is too much is told once, and not looked into
        for place, most in too_many(node, schema):
            document.data = _changed(document.data, place, partial(_cut, most=most))
    return document


_EMPTY: dict[str, Any] = {"array": [], "object": {}, "string": ""}


def _emptied(value: Any, types: tuple[str, ...]) -> Any:
    """An empty value of the first of the types that has one, in place of another."""
    kind = next((type_ for type_ in types if type_ in _EMPTY), None)
    return value if kind is None else _EMPTY[kind]


def _cut(value: Any, most: int) -> Any:
    """The first items of a list, or keys of a map."""
    if isinstance(value, dict):
        return dict(list(value.items())[:most])
    return value[:most] if isinstance(value, list) else value


def _changed(data: Any, place: Place, change: Callable[[Any], Any]) -> Any:
    """The data with a changed value at a place."""
    if not place:
        return data
    first, *rest = place
    if not isinstance(data, (dict, list)) or (isinstance(data, dict) and first not in data):
        return data
    if isinstance(data, list) and not (isinstance(first, int) and first < len(data)):
        return data  # it has been cut
    inner = data[first]  # type: ignore[index]
    changed = _changed(inner, tuple(rest), change) if rest else change(inner)
    if isinstance(data, dict):
        return {**data, first: changed}
    return [changed if at == first else item for at, item in enumerate(data)]
