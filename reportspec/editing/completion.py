"""A text that is being written, read as if it were whole: what is open at the cursor is closed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reportspec.diagnostics import lines_of
from reportspec.source import Node, read_yaml

HERE = "here0"  # what stands at the cursor while the text is read
_CLOSING = {"[": "]", "{": "}"}
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:[^']|'')*'|(?:^|\s)#.*")
_MOST_LINES = 40  # in which a bracket that is open is looked for


def readings(text: str, line: int, start: str, rest: str) -> Iterator[Node]:
    """What a text may be, of whose `line` (from 1) the letters before and after the word at the cursor are `start`
    and `rest`: with a value there or a key, with open brackets closed, and without what comes after."""
    lines = lines_of(text)
    above, below = lines[: line - 1], lines[line:]
    closings = list(dict.fromkeys(_closings([*above, start + rest])))
    for after in (below, []):
        for closing in closings:
            for trial in (f"{start}{HERE}{rest}", f"{start}{HERE}: 0{rest}", f"{start} {HERE}{rest}"):
                node, _ = read_yaml("\n".join([*above, trial + closing, *after]), "")
                if node is not None:
                    yield node


def _closings(lines: list[str]) -> Iterator[str]:
    """The brackets that close what is open at the end of the last line: none, those of that line, of lines before."""
    yield ""
    for first in range(len(lines) - 1, max(len(lines) - _MOST_LINES, 0) - 1, -1):
        open_: list[str] = []
        for sign in re.findall(r"[\[\]{}]", _QUOTED.sub(" ", "\n".join(lines[first:]))):
            if sign in _CLOSING:
                open_.append(_CLOSING[sign])
            elif open_ and open_[-1] == sign:
                open_.pop()
        if open_:
            yield "".join(reversed(open_))


def may_stand(start: str, is_key: bool) -> bool:
    """Whether a value can begin behind these letters of a line."""
    return is_key or not start.strip(" -") or start.rstrip().endswith((":", ",", "[", "{", "-"))
