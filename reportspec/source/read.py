"""Reading YAML safely: bounded, linear in time, by the scalar rules of YAML 1.2.

PyYAML's event stream is read and the tree is built from it without recursion. What YAML 1.1 would
turn into something else than was written (`no`, `12:30:45`, `01234`, dates) stays text. Bombs,
tags, merge keys, duplicate keys and several documents are mistakes that are told.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from pathlib import Path
from typing import Any

import yaml

from reportspec.diagnostics import Diagnostic, Span, lines_of
from reportspec.lazy_dataclass import dataclass
from reportspec.letters import named_letter, unseen
from reportspec.source.regular import Unfit, read_regular
from reportspec.source.tree import Entry, Mapping, Node, Scalar, Sequence

LARGEST = 1 << 20  # bytes
DEEPEST = 64
MOST_NODES = 100_000  # aliases counted each time that they are used
LONGEST_SCALAR = 100_000

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_SPECIAL = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
_OF_NUMBERS = frozenset("+-.0123456789")  # what a number begins with
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
# What a terminal, a mail or a page would take as an order, or what turns the order of letters: it
# can be written in quotes as an escape (`"\x1b"`).
_ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
_WORDS = {
    "null": None,
    "Null": None,
    "NULL": None,
    "~": None,
    "": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
Read = tuple[Node | None, tuple[Diagnostic, ...]]


_INSTEAD: ContextVar[MappingABC[Path, str] | None] = ContextVar("instead", default=None)


@contextmanager
def reading_instead(texts: MappingABC[Path, str]) -> Iterator[None]:
    """Within it, YAML files are read as if they had these texts: what an editor has not saved, what an edit would make.
    They are named by their resolved paths."""
    token = _INSTEAD.set(texts)
    try:
        yield
    finally:
        _INSTEAD.reset(token)


def read_yaml_file(path: Path | str, name: str | None = None) -> tuple[Node | None, tuple[Diagnostic, ...], str]:
    """The tree of a file, its diagnostics, and its text. Never raises for what a file may hold."""
    shown = name or str(path)
    instead = _INSTEAD.get()
    if instead and (written := instead.get(Path(path).resolve())) is not None:
        node, problems = read_yaml(written, shown)
        return node, problems, written
    try:
        data = read_regular(Path(path), LARGEST)
    except FileNotFoundError:
        if Path(path).is_symlink():
            return None, (Diagnostic("not-a-file", f"`{shown}` is a link to a file that is not there"),), ""
        return None, (Diagnostic("file-not-found", f"there is no file `{shown}`"),), ""
    except IsADirectoryError:
        return None, (Diagnostic("not-a-file", f"`{shown}` is a folder"),), ""
    except Unfit as unfit:
        return None, (Diagnostic("not-a-file", f"`{shown}` {unfit.reason}"),), ""
    except OSError as error:
        why = error.strerror or "it cannot be read"
        return (
            None,
            (Diagnostic("unreadable-file", f"`{shown}` cannot be read: {why.lower()}"),),
            "",
        )
    node, problems = read_yaml(data, shown)
    return node, problems, data.decode("utf-8", "replace")


def clean_text(text: str) -> str:
    """A text without what a terminal, a mail or a page would obey, each sign of which becomes U+FFFD."""
    return text if text.isprintable() else _ORDERS.sub("\ufffd", text)


def read_yaml(data: bytes | str, file: str) -> Read:
    """The tree of a YAML text and what is wrong with it; the tree is None where nothing useful
    could be read."""
    text = _decode(data, file)
    if isinstance(text, Diagnostic):
        return None, (text,)
    bad = _CONTROL.search(text)
    if bad:
        before = lines_of(text[: bad.start()])
        line, column = len(before), len(before[-1]) + 1
        name = "a NUL character" if bad[0] == "\0" else f"the control character U+{ord(bad[0]):04X}"
        return None, (
            Diagnostic(
                "control-character", f"the file has {name}", Span(file, line, column, line, column + 1), "remove it"
            ),
        )
    return _Reader(file).read(text)


def _decode(data: bytes | str, file: str) -> str | Diagnostic:
    start = Span(file, 1, 1, 1, 1)
    size = len(data)
    if size > LARGEST:
        return Diagnostic("file-too-large", f"the file is larger than {LARGEST // 1024:,} KiB", start)
    if isinstance(data, str):
        return data.removeprefix("\ufeff").encode("utf-8", "replace").decode("utf-8")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Diagnostic("not-utf-8", "the file is in UTF-16", start, "save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        lines = lines_of(before)
        line, column = len(lines), len(lines[-1]) + 1
        return Diagnostic(
            "not-utf-8",
            f"the byte 0x{data[error.start]:02x} is not UTF-8",
            Span(file, line, column, line, column + 1),
            "save the file as UTF-8",
        )


@dataclass(slots=True)
class _Open:
    """A collection that is being filled."""

    event: Any
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    size: int = 1


class _Reader:
    """One reading of one text."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.text = ""
        self.problems: list[Diagnostic] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.nodes = 0

    def read(self, text: str) -> Read:
        root: Node | None = None
        documents = 0
        stack: list[_Open] = []
        self.text = text
        loader = LOADER(text)
        try:
            while loader.check_event():
                event = loader.get_event()
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self._tell(
                            "several-documents", "a second document begins here", event, "keep one document in a file"
                        )
                        break
                    continue
                node = self._take(event, stack)
                if node is False:
                    return None, tuple(self.problems)
                if node is None:
                    continue
                if stack:
                    stack[-1].items.append(node[0])
                    stack[-1].size += node[1]
                    if stack[-1].size > MOST_NODES:
                        self._tell("alias-bomb", f"the file has more than {MOST_NODES:,} values", event)
                        return None, tuple(self.problems)
                else:
                    root = node[0]
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
            return None, tuple(self.problems)
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            self.problems.append(
                Diagnostic(
                    "yaml-syntax", f"this is not YAML: {str(error).splitlines()[0]}", Span(self.file, 1, 1, 1, 1)
                )
            )
            return None, tuple(self.problems)
        finally:
            loader.dispose()
        if root is None or (isinstance(root, Scalar) and root.text == "" and not root.quoted):
            if not self.problems:
                self.problems.append(Diagnostic("empty-file", "the file is empty", Span(self.file, 1, 1, 1, 1)))
            return None, tuple(self.problems)
        return root, tuple(self.problems)

    def _take(self, event: Any, stack: list[_Open]) -> Any:
        """(node, size) when one is complete, None when not, False to give up."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            if event.tag:
                self._tag(event)
            scalar = self._scalar(event)
            if event.anchor:
                self.anchors[event.anchor] = (scalar, 1)
            return scalar, 1
        if kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if len(stack) >= DEEPEST:
                self._tell("too-deep", f"the file is nested deeper than {DEEPEST} levels", event)
                return False
            self._tag(event)
            stack.append(_Open(event, event.anchor))
            return None
        if kind is yaml.AliasEvent:
            anchor = event.anchor
            if any(opened.anchor == anchor for opened in stack):
                self._tell("cyclic-alias", f"`*{anchor}` stands inside of what it repeats", event)
                return False
            anchored = self.anchors.get(str(anchor))
            if anchored is None:
                self._tell("unknown-alias", f"nothing is named `&{anchor}` above", event)
                return Scalar(None, "", self._span(event)), 1
            return anchored
        if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            opened = stack.pop()
            span = self._span(opened.event, event)
            node: Node
            if kind is yaml.SequenceEndEvent:
                node = Sequence(tuple(opened.items), span)
            else:
                node = self._mapping(opened.items, span)
            if opened.anchor:
                self.anchors[opened.anchor] = (node, opened.size)
            return node, opened.size
        return None

    def _mapping(self, items: list[Node], span: Span) -> Mapping:
        entries: dict[str, Entry] = {}
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, Scalar):
                help = 'put quotes around it: "{{ … }}"' if isinstance(key, Mapping) else None
                self.problems.append(Diagnostic("bad-key", "a key must be plain text", key.span, help))
                continue
            if key.text == "<<" and not key.quoted:
                self.problems.append(
                    Diagnostic(
                        "merge-key", "merge keys (`<<`) are not part of the language", key.span, "write the keys out"
                    )
                )
                continue
            # Keys are names: what was written counts, not what YAML would make of it.
            name = Scalar(key.text, key.text, key.span, key.quoted)
            if key.text in entries:
                first = entries[key.text].key.span.line
                self.problems.append(
                    Diagnostic(
                        "duplicate-key",
                        f"the key `{_short(key.text)}` stands here twice",
                        key.span,
                        f"it is already on line {first}",
                    )
                )
                continue
            entries[key.text] = Entry(name, value)
        return Mapping(tuple(entries.values()), span)

    def _scalar(self, event: Any) -> Scalar:
        text, span = event.value, self._span(event)
        if len(text) > LONGEST_SCALAR:
            self._tell("too-long", f"the value is longer than {LONGEST_SCALAR:,} characters", event)
            return Scalar("", "", span)
        bad = None if text.isprintable() else _ORDERS.search(text)
        if bad:
            self._tell(
                "control-character", f"the text has the control character U+{ord(bad[0]):04X}", event, "remove it"
            )
            text = clean_text(text)
        if not event.implicit[0] or event.style:
            return Scalar(text, text, span, quoted=bool(event.style))
        if text in _WORDS:
            return Scalar(_WORDS[text], text, span)
        if text[0] not in _OF_NUMBERS:
            return Scalar(text, text, span)
        if _INTEGER.match(text):
            if len(text.lstrip("+-")) > 18:
                self._tell(
                    "number-too-large",
                    "the number has more than 18 digits",
                    event,
                    "quote it if it is text",
                )
                return Scalar(0, text, span)
            return Scalar(int(text), text, span)
        if _SPECIAL.match(text):
            self._tell("not-a-number", f"`{text}` is not a number that can be used", event)
            return Scalar(0.0, text, span)
        if _FLOAT.match(text) and len(text) < 400:
            number = float(text)
            if math.isinf(number):
                self._tell("number-too-large", "the number is too large", event)
                return Scalar(0.0, text, span)
            return Scalar(number, text, span)
        return Scalar(text, text, span)

    def _tag(self, event: Any) -> None:
        if event.tag and event.tag != "!":
            name = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._tell("tag", f"the tag `{_short(name)}` is not part of the language", event, "remove it")

    def _span(self, event: Any, end: Any = None) -> Span:
        start, stop = event.start_mark, (end or event).end_mark
        return Span(self.file, start.line + 1, start.column + 1, stop.line + 1, stop.column + 1)

    def _tell(self, code: str, message: str, event: Any, help: str | None = None) -> None:
        if len(self.problems) < 100:
            self.problems.append(Diagnostic(code, message, self._span(event), help))

    def _odd_letters(self, line: int) -> str | None:
        """What is told of blanks and marks that YAML takes for letters, on a line or on the one before it."""
        lines = lines_of(self.text)
        for number in (line, line - 1):
            letters = unseen(lines[number - 1].replace("\ufeff", "")) if 0 < number <= len(lines) else ()
            if letters:
                named = ", ".join(map(named_letter, letters))
                return f"line {number} has {named}, which looks like a blank or like nothing and is none: type it anew"
        return None

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = error.problem or "it cannot be read"
        if "maximum nesting depth" in problem:
            # libyaml looks ahead, and may meet its own limit before this one's
            self.problems.append(
                Diagnostic(
                    "too-deep",
                    f"the file is nested deeper than {DEEPEST} levels",
                    Span(self.file, line, column, line, column + 1),
                )
            )
            return
        help = None
        if "\\t" in problem or "found character that cannot start any token" in problem:
            help = "indent with blanks, not tabs; quote text that begins with @, ` or %"
        elif "mapping values are not allowed" in problem:
            help = "quote text that has `: ` in it, or check the indentation"
        elif problem.startswith("did not find expected") and (comment := self._comment_within(line)) is not None:
            line, column, colour = comment
            help = f'`#` begins a comment, and the bracket before it stays open: write "{colour}"'
        odd = self._odd_letters(line)
        if odd is not None:
            help = odd
        context = f" {error.context}" if error.context else ""
        self.problems.append(
            Diagnostic(
                "yaml-syntax",
                f"this is not YAML: {problem}{context and ','}{context}",
                Span(self.file, line, column, line, column + 1),
                help,
            )
        )

    def _comment_within(self, last: int) -> tuple[int, int, str] | None:
        """Where a comment stands before a line that was meant for a value in brackets: a colour."""
        lines = self.text.splitlines()[:last]
        for at in range(len(lines), max(len(lines) - 3, 0), -1):
            for match in _COLOUR.finditer(lines[at - 1]):
                before = lines[at - 1][: match.start(1)]
                if "#" not in before and ("{" in before or "[" in before):
                    return at, match.start(1) + 1, match[1]
        return None


_COLOUR = re.compile(r"\s(#[0-9a-fA-F]{3,8})\b")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
