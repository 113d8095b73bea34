"""One form for YAML files: keys in the order of the schema, two blanks of indentation, double quotes. Comments, blank
lines and the meaning stay: a file that would lose any of these is left as it is.

The text is taken apart by the events of the reader, and each piece is written again as it stands, so that nothing is
quoted, folded or wrapped anew. (Libraries that keep comments tie them to what stands before them, so that a comment
above a key would stay behind when the key moves.)
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

import yaml

from reportspec.diagnostics import Diagnostic, Span
from reportspec.editing.schema_shape import Shape
from reportspec.lazy_dataclass import dataclass
from reportspec.schema_files import whole_schema
from reportspec.source import plain, read_yaml
from reportspec.source.read import LOADER

_STEP = 2
Place = tuple[int, int]  # line and column, from 0


class Unformattable(Exception):
    """The file has something that is not written anew; the reason goes into a sentence."""


@dataclass(slots=True)
class _Node:
    """A piece of the text: a scalar, an alias or a collection in brackets, whose text is kept (`raw`), or a block."""

    kind: str  # scalar, flow map, flow list, block map, block list
    start: Place
    end: Place
    raw: str
    anchor: str
    keys: list[_Node] = field(default_factory=list)  # of maps
    values: list[_Node] = field(default_factory=list)
    style: str = ""

    @property
    def block(self) -> bool:
        return self.kind.startswith("block")

    @property
    def multiline(self) -> bool:
        return self.start[0] != self.end[0]


def formatted(text: str, schema: str) -> str:
    """The text in its one form. Raises Unformattable for what cannot be read, and for what is not written anew."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix(mark)
    line_end = "\r\n" if "\r\n" in body else "\n"
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    before, problems = read_yaml(body, "")
    if before is None or problems:
        raise Unformattable(problems[0].message if problems else "it is empty")
    after = _Writer(body, whole_schema(schema)).text()
    again, _ = read_yaml(after, "")
    if again is None or _meaning(plain(again)) != _meaning(plain(before)):
        raise Unformattable("it would mean something else")
    if Counter(_comments(after)) != Counter(_comments(body)):
        raise Unformattable("a comment would be lost")
    if _Writer(after, whole_schema(schema)).text() != after:
        raise Unformattable("its form would not stay as it is")
    return mark + after.replace("\n", line_end)


def not_formatted(path: Path, why: str) -> Diagnostic:
    """What is told of a file that is left as it is."""
    help = "`reportspec validate` says what is wrong with it"
    return Diagnostic("not-formatted", f"`{path}` is left as it is: {why}", Span(str(path), 1, 1, 1, 1), help)


def _meaning(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True)


def schema_of(name: str, data: Any) -> str:
    """Which schema a file is of, by its name and its keys."""
    from reportspec.check.project import NAMES

    keys = set(data) if isinstance(data, dict) else set()
    if name in NAMES:
        return "project"
    for key, schema in (
        ("entities", "mapping"),
        ("report_type", "report_type"),
        ("entity", "entity"),
        ("audits", "audits"),
    ):
        if key in keys:
            return schema
    first = data["metrics"][:1] if "metrics" in keys and isinstance(data["metrics"], list) else []
    return "metrics" if first and isinstance(first[0], dict) else "report"


def _comments(text: str) -> Iterator[str]:
    for comment in _gathered(text).values():
        yield comment[1].rstrip()


def _gathered(text: str) -> dict[int, tuple[int, str]]:
    """The comments by their lines, each with its column: what begins with `#` where no token of the reader stands."""
    lines = text.split("\n")
    covered: dict[int, int] = {}  # the column up to which tokens stand in a line
    for token in yaml.scan(text, Loader=LOADER):
        start, end = token.start_mark, token.end_mark
        if isinstance(token, (yaml.StreamStartToken, yaml.StreamEndToken)) or start.index == end.index:
            continue
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            last = _block_end(lines, start.line, token.style)
            covered[start.line] = start.column + len(_head(lines[start.line], start.column))
            covered.update({line: len(lines[line]) for line in range(start.line + 1, last + 1)})
            continue
        covered.update({line: len(lines[line]) for line in range(start.line, end.line) if line < len(lines)})
        if end.line < len(lines):
            covered[end.line] = max(covered.get(end.line, 0), end.column)
    found = {}
    for number, line in enumerate(lines):
        rest = line[covered.get(number, 0) :]
        if rest.lstrip().startswith("#"):
            column = len(line) - len(rest.lstrip())
            found[number] = (column, rest.strip())
    return found


def _head(line: str, column: int) -> str:
    """How a text in lines begins, such as `|-`: what stands before a comment, if there is one."""
    return line[column:].partition(" #")[0].rstrip()


def _block_end(lines: Sequence[str], head: int, style: str) -> int:
    """The last line of a text in `|` or `>` that begins in line `head`; blank lines at its end count only with `+`."""
    first = next((n for n in range(head + 1, len(lines)) if lines[n].strip()), None)
    parent = len(lines[head]) - len(lines[head].lstrip())
    if first is None:
        return head
    indent = len(lines[first]) - len(lines[first].lstrip())
    if indent <= parent and not lines[head].lstrip().startswith(style):
        return head
    last = first - 1
    for number in range(first, len(lines)):
        if lines[number].strip() and len(lines[number]) - len(lines[number].lstrip()) < indent:
            break
        if lines[number].strip():
            last = number
    return last


class _Writer:
    """One writing of one text."""

    def __init__(self, text: str, schema: Mapping[str, Any]) -> None:
        self.lines = text.split("\n")
        self.schema = schema
        self.comments = _gathered(text)
        self.root = self._compose(text)
        self.starts = sorted(self._starts(self.root))
        self.leads, self.tails, self.foot = self._gaps()

    def text(self) -> str:
        """The whole text."""
        if not self.root.block:
            raise Unformattable("it is no map over several lines")
        first = min(self.starts)
        header = _squeezed(self.leads.pop(first, []))
        body = self._block(self.root, 0, Shape(self.schema, self.schema))
        lines = [*header, *body]
        foot = _squeezed(self.foot)
        while foot and not foot[-1]:
            foot.pop()
        lines += foot
        while lines and not lines[0]:
            lines.pop(0)
        return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"

    # Reading

    def _compose(self, text: str) -> _Node:
        stack: list[_Node] = []
        root: _Node | None = None
        for event in yaml.parse(text, Loader=LOADER):
            if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
                raise Unformattable("it has directives")
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                what = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
                kind = f"{'flow' if event.flow_style else 'block'} {what}"
                stack.append(_Node(kind, _at(event.start_mark), _at(event.start_mark), "", event.anchor or ""))
                continue
            if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                node = stack.pop()
                if node.block:
                    last = (node.values or node.keys or [node])[-1]
                    node.end = last.end
                else:
                    node.end = _at(event.end_mark)
                    node.raw = self._between(node.start, node.end)
            elif isinstance(event, yaml.ScalarEvent):
                node = self._scalar(event)
            elif isinstance(event, yaml.AliasEvent):
                place, end = _at(event.start_mark), _at(event.end_mark)
                node = _Node("scalar", place, end, self._between(place, end), "")
            else:
                continue
            if not stack:
                root = node
            elif stack[-1].kind.endswith("list"):
                stack[-1].values.append(node)
            elif len(stack[-1].keys) == len(stack[-1].values):
                stack[-1].keys.append(node)
            else:
                stack[-1].values.append(node)
        assert root is not None
        return root

    def _scalar(self, event: Any) -> _Node:
        start, end = _at(event.start_mark), _at(event.end_mark)
        if event.style in ("|", ">"):
            line = start[0]
            last = _block_end(self.lines, line, event.style)
            head = _head(self.lines[line], start[1])
            if "+" in head or any(sign.isdigit() for sign in head) or event.anchor:
                raise Unformattable("a text in it says how its blanks count (`|2`, `|+`)")
            return _Node("scalar", start, (last, len(self.lines[last])), head, "", style=event.style)
        raw = self._between(start, end)
        return _Node("scalar", start, end, raw, event.anchor or "", style=event.style or "")

    def _between(self, start: Place, end: Place) -> str:
        if start == end:  # nothing, perhaps behind the last line
            return ""
        if start[0] == end[0]:
            return self.lines[start[0]][start[1] : end[1]]
        inner = self.lines[start[0] + 1 : end[0]]
        return "\n".join([self.lines[start[0]][start[1] :], *inner, self.lines[end[0]][: end[1]]])

    def _starts(self, node: _Node) -> Iterator[Place]:
        """Where entries of blocks begin: keys, and the dashes of lists."""
        if node.kind == "block map":
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    self.lines[key.start[0]][: key.start[1]].rstrip().endswith("?")
                    or key.kind != "scalar"
                    or key.multiline
                ):
                    raise Unformattable("it has keys over several lines")
                yield key.start
                yield from self._starts(value)
        elif node.kind == "block list":
            for item in node.values:
                yield self._dash(item)
                yield from self._starts(item)

    def _dash(self, item: _Node) -> Place:
        """Where the dash of an item stands: before it in its line, or alone in one above."""
        line, column = item.start
        while True:
            text = self.lines[line][:column]
            at = text.rfind("-")
            while at > 0 and text[at - 1] not in " -":
                at = text.rfind("-", 0, at)
            if at >= 0 and not text[at + 1 :].strip():
                return line, at
            line -= 1
            if line < 0:
                raise Unformattable("it has a list whose dashes are not found")
            column = len(self.lines[line].partition(" #")[0])

    def _gaps(self) -> tuple[dict[Place, list[str]], dict[Place, list[str]], list[str]]:
        """The comments and blank lines before each entry, those that end its block, and those at the end."""
        content = {line for node in self._leaves(self.root) for line in range(node.start[0], node.end[0] + 1)}
        content |= {line for line, _ in self.starts}
        content |= {n for n, line in enumerate(self.lines) if line.strip() and n not in self.comments}
        leads: dict[Place, list[str]] = {}
        tails: dict[Place, list[str]] = {}
        gap: list[int] = []
        order = iter([*self.starts, None])
        upcoming = next(order)
        passed: Place | None = None
        for number in range(len(self.lines)):
            while upcoming is not None and upcoming[0] < number:
                passed, upcoming = upcoming, next(order)
            if number not in content:
                gap.append(number)
                continue
            if gap:
                if upcoming is None or upcoming[0] != number:
                    if any(n in self.comments for n in gap):
                        raise Unformattable("a comment stands within a value")
                    gap = []
                    continue
                self._share(gap, passed, upcoming, leads, tails)
                gap = []
        foot: dict[Place, list[str]] = {}
        end = (len(self.lines), 0)
        self._share(gap, self.starts[-1] if self.starts else None, end, foot, tails)
        return leads, tails, foot.get(end, [])

    def _share(
        self,
        gap: Sequence[int],
        passed: Place | None,
        upcoming: Place,
        leads: dict[Place, list[str]],
        tails: dict[Place, list[str]],
    ) -> None:
        """What of the lines between two entries ends the first one's block (it stands further in than the next entry),
        and what leads to the next."""
        cut = 0
        for index, number in enumerate(gap):
            comment = self.comments.get(number)
            if comment is None:
                continue
            if passed is None or comment[0] <= upcoming[1] or passed[1] <= upcoming[1]:
                break
            cut = index + 1
        words = [self.comments[n][1] if n in self.comments else "" for n in gap]
        if cut and passed is not None:
            tails[passed] = words[:cut]
        if words[cut:]:
            leads[upcoming] = words[cut:]

    def _leaves(self, node: _Node) -> Iterator[_Node]:
        if not node.block:
            yield node
            return
        for child in (*node.keys, *node.values):
            yield from self._leaves(child)

    # Writing

    def _block(self, node: _Node, indent: int, shape: Shape) -> list[str]:
        if node.kind == "block list":
            return self._list(node, indent, shape)
        entries = list(zip(node.keys, node.values, strict=True))
        names = [_name(key) for key, _ in entries]
        places = {name: place for place, name in enumerate(shape.order())}
        if not self._anchored(node):
            ranks = sorted(range(len(entries)), key=lambda n: (places.get(names[n], len(places)), n))
        else:
            ranks = list(range(len(entries)))
        lines: list[str] = []
        for at in ranks:
            key, value = entries[at]
            lead = _squeezed(self.leads.get(key.start, []))
            lines += _indented(lead if lines else _without_blanks(lead), indent)
            lines += self._entry(key, value, indent, shape.of(names[at]))
            lines += _indented(_squeezed(self.tails.get(key.start, [])), indent)
        return lines

    def _anchored(self, node: _Node) -> bool:
        """Whether something within is named or repeated: its order counts."""
        return any(
            child.anchor
            or (child.kind == "scalar" and child.raw.startswith(("*", "&")))
            or (child.kind.startswith("flow") and ("&" in child.raw or "*" in child.raw))
            or self._anchored(child)
            for child in (*node.keys, *node.values)
        )

    def _entry(self, key: _Node, value: _Node, indent: int, shape: Shape) -> list[str]:
        head = f"{' ' * indent}{_quoted(key)}:"
        if not value.block:
            return self._valued(f"{head} ", value, indent, shape)
        anchor = f" &{value.anchor}" if value.anchor else ""
        first = self._with_comment(f"{head}{anchor}", key.start[0])
        return [first, *self._block(value, indent + _STEP, shape)]

    def _list(self, node: _Node, indent: int, shape: Shape) -> list[str]:
        lines: list[str] = []
        for item in node.values:
            dash = self._dash(item)
            lead = _squeezed(self.leads.get(dash, []))
            lines += _indented(lead if lines else _without_blanks(lead), indent)
            head = f"{' ' * indent}- "
            if item.block and not item.anchor:
                inner = self._block(item, indent + _STEP, shape.item())
                own = self.comments.get(dash[0])
                if dash[0] != item.start[0] and own is not None:
                    lines += _indented([own[1]], indent)
                # What led to the first key stands above the dash.
                while inner and inner[0].lstrip().startswith("#"):
                    lines += _indented([inner.pop(0).strip()], indent)
                lines += [head + inner[0][indent + _STEP :], *inner[1:]]
            elif item.block:
                lines += [self._with_comment(f"{head}&{item.anchor}", item.start[0])]
                lines += self._block(item, indent + _STEP, shape.item())
            else:
                lines += self._valued(head, item, indent, shape.item())
            lines += _indented(_squeezed(self.tails.get(dash, [])), indent)
        return lines

    def _valued(self, head: str, value: _Node, indent: int, shape: Shape) -> list[str]:
        """A value behind its key or dash."""
        if value.style in ("|", ">"):
            body = self.lines[value.start[0] + 1 : value.end[0] + 1]
            inner = min((len(line) - len(line.lstrip()) for line in body if line.strip()), default=0)
            first = next((len(line) - len(line.lstrip()) for line in body if line.strip()), inner)
            if first != inner:
                raise Unformattable("a text in lines begins further in than it goes on")
            return [
                self._with_comment(f"{head}{value.raw}", value.start[0]),
                *(f"{' ' * (indent + _STEP)}{line[inner:]}" if line.strip() else "" for line in body),
            ]
        if not value.multiline:
            written = value.raw if value.kind == "scalar" else self._flow(value, shape)
            written = _quoted(value) if value.kind == "scalar" else written
            return [self._with_comment(f"{head}{written}".rstrip(), value.end[0])]
        first_line, *rest = value.raw.split("\n")
        deeper = " " * (indent + _STEP)
        lines = [f"{head}{first_line.rstrip()}"]
        for line in rest:
            closing = line.strip()[:1] in ("]", "}") and value.kind != "scalar"
            lines.append(f"{' ' * indent if closing else deeper}{line.strip()}" if line.strip() else "")
        lines[-1] = self._with_comment(lines[-1], value.end[0])
        return lines

    def _flow(self, node: _Node, shape: Shape) -> str:
        """A collection in brackets on one line."""
        anchor = f"&{node.anchor} " if node.anchor else ""
        if node.kind == "flow list":
            return f"{anchor}[{', '.join(self._within(item, shape.item()) for item in node.values)}]"
        names = [_name(key) for key in node.keys]
        places = {name: place for place, name in enumerate(shape.order())}
        ranks = range(len(names))
        if not self._anchored(node):
            ranks = sorted(ranks, key=lambda n: (places.get(names[n], len(places)), n))  # type: ignore[assignment]
        parts = []
        for at in ranks:
            value = self._within(node.values[at], shape.of(names[at]))
            parts.append(f"{_quoted(node.keys[at])}: {value}" if value else f"{_quoted(node.keys[at])}:")
        return f"{anchor}{{{', '.join(parts)}}}"

    def _within(self, node: _Node, shape: Shape) -> str:
        return _quoted(node) if node.kind == "scalar" else self._flow(node, shape)

    def _with_comment(self, line: str, number: int) -> str:
        comment = self.comments.get(number)
        if comment is None or not self.lines[number][: comment[0]].strip():
            return line
        before = self.lines[number][: comment[0]]
        return f"{line}{' ' * max(2, len(before) - len(before.rstrip()))}{comment[1]}"


def _at(mark: Any) -> Place:
    return mark.line, mark.column


def _name(key: _Node) -> str:
    return key.raw.strip("'\"")


def _quoted(node: _Node) -> str:
    """A scalar as it stands, in double quotes if it is in single ones and needs none of these."""
    raw = node.raw
    if node.style != "'" or not raw.startswith("'") or '"' in raw or "\\" in raw:
        return raw
    inner = raw[1:-1].replace("''", "'")
    return f'"{inner}"'


def _squeezed(lines: Sequence[str]) -> list[str]:
    """Lines with one blank one where there are several."""
    return [line for at, line in enumerate(lines) if line or at == 0 or lines[at - 1]]


def _without_blanks(lines: list[str]) -> list[str]:
    """Lines without blank ones before the first comment."""
    return lines[next((at for at, line in enumerate(lines) if line), len(lines)) :]


def _indented(lines: Sequence[str], indent: int) -> list[str]:
    return [f"{' ' * indent}{line}" if line else "" for line in lines]
