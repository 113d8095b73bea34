"""What is to be written in place of a mistake, in the file as it is: spans and texts that programs apply."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as SequenceABC
from dataclasses import replace

from reportspec.diagnostics import Advice, Diagnostic, Edit, Span
from reportspec.source import Scalar, Sequence, read_yaml

_PART_OF_A_NAME = re.compile(r"[\w.]")


def with_edits(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """The diagnostics with the edits that do what they advise. `texts` are those of the files."""
    return tuple(
        replace(each, edits=(edit,)) if not each.edits and (edit := _edit(each, texts)) is not None else each
        for each in diagnostics
    )


def edited(text: str, edits: SequenceABC[Edit]) -> str:
    """A file's text with edits applied; of those that overlap the first one alone."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""  # of a file's encoding, which no column counts
    lines = text.removeprefix(mark).splitlines(keepends=True)
    kept: list[Edit] = []
    for edit in sorted(set(edits), key=lambda e: (e.span.line, e.span.column, e.text)):
        if not kept or (kept[-1].span.end_line, kept[-1].span.end_column) <= (edit.span.line, edit.span.column):
            kept.append(edit)
    for edit in reversed(kept):  # each is on one line
        number, span = edit.span.line - 1, edit.span
        lines[number] = lines[number][: span.column - 1] + edit.text + lines[number][span.end_column - 1 :]
    return mark + "".join(lines)


def _edit(diagnostic: Diagnostic, texts: Mapping[str, str]) -> Edit | None:
    """The edit that does what the help says, if it says what to write, and what is wrong stands at its place."""
    help, span = diagnostic.help, diagnostic.span
    if not isinstance(help, Advice) or span is None or not help.now or span.line != span.end_line:
        return None
    lines = texts.get(span.file, "").removeprefix("\ufeff").splitlines()
    if not 0 < span.line <= len(lines):
        return None
    written = lines[span.line - 1][span.column - 1 : span.end_column - 1]
    found = _replaced(written, help)
    if found is None:
        return None
    start, end, text = found
    place = Span(span.file, span.line, span.column + start, span.line, span.column + end)
    return Edit(place, text, help.sure)


def _replaced(written: str, help: Advice) -> tuple[int, int, str] | None:
    """Which part of what stands there is replaced, and by what."""
    quote = written[:1] if len(written) > 1 and written[:1] in ("'", '"') and written[-1:] == written[:1] else ""
    inner = written[1:-1] if quote else written
    if not help.was:
        return (0, len(written), help.now) if written and not quote else None
    if quote and written == help.was:  # the quotes are what is wrong
        return (0, len(written), help.now) if _stands_plain(help.now) else None
    if quote and (quote in help.now or "\\" in help.now):
        return None
    if inner == help.was:
        now = help.now if quote or _stands_plain(help.now) else None
        return (len(quote), len(quote) + len(inner), now) if now is not None else None
    at = [
        match.start()
        for match in re.finditer(re.escape(help.was), written)
        if not _PART_OF_A_NAME.fullmatch(written[match.start() - 1 : match.start()] or " ")
        and not _PART_OF_A_NAME.fullmatch(written[match.end() : match.end() + 1] or " ")
    ]
    # Within a longer text (an expression, a text with figures) only where it stands once, as a name by itself.
    return (at[0], at[0] + len(help.was), help.now) if len(at) == 1 and _is_name(help.now) else None


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z_][\w.]*", text) is not None


def _stands_plain(text: str) -> bool:
    """Whether what is to be written is one value, and a text without quotes itself, wherever it stands in a line."""
    node, problems = read_yaml(f"[{text}]", "")
    if problems or not isinstance(node, Sequence) or len(node.items) != 1:
        return False
    [value] = node.items
    return isinstance(value, Sequence) or (isinstance(value, Scalar) and (value.quoted or value.text == text))
