"""The tree that a YAML file becomes."""

from __future__ import annotations

from collections.abc import Sequence as SequenceABC
from dataclasses import field
from typing import Any

from reportspec.diagnostics import Span
from reportspec.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value, and its text as it was written."""

    value: str | int | float | bool | None
    text: str
    span: Span
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in the order in which they were written."""

    entries: tuple[Entry, ...]
    span: Span
    _known: dict[object, Entry] = field(default_factory=dict, init=False, compare=False, repr=False)

    def entry(self, name: str) -> Entry | None:
        """The entry of that key, or None."""
        if len(self.entries) <= _FEW:
            return next((entry for entry in self.entries if entry.key.value == name), None)
        if not self._known:
            self._known.update((entry.key.value, entry) for entry in reversed(self.entries))  # the first one counts
        return self._known.get(name)

    def get(self, name: str) -> Node | None:
        """The value of that key, or None."""
        entry = self.entry(name)
        return entry.value if entry else None


_FEW = 16  # entries that are quicker looked through than put into an index

Node = Scalar | Sequence | Mapping


def plain(node: Node) -> Any:
    """The tree as dicts, lists and values."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {str(entry.key.value): plain(entry.value) for entry in node.entries}


def locate(node: Node, path: SequenceABC[str | int], key: bool = False) -> Span:
    """Where the value at a path stands (or, with `key`, its key). A path that leads nowhere ends
    at the last thing that it meets."""
    at: Node = node
    span = node.span
    for part in path:
        if isinstance(at, Mapping):
            entry = at.entry(str(part))
            if entry is None:
                return span
            span = entry.key.span if key else entry.value.span
            at = entry.value
        elif isinstance(at, Sequence) and isinstance(part, int) and 0 <= part < len(at.items):
            at = at.items[part]
            span = at.span
        else:
            return span
    return span
