"""Mistakes of which it is sure what was meant, mended in the text: comments and form stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from reportspec.building import Order, load
from reportspec.diagnostics import Diagnostic, Edit
from reportspec.edits import edited
from reportspec.source.read import reading_instead

_ROUNDS = 8  # a mistake may stand before another one
Texts = dict[Path, tuple[str, str]]  # of files, before and after


def fixed(spec: Path, order: Order, changed: Mapping[Path, tuple[str, str]]) -> Texts:
    """The files of a spec and its project that sure edits change, with their texts before and after. `changed` are
    those that were mended for other specs. An edit that does not end its mistake is left out; nothing is written."""
    texts = dict(changed)
    useless: set[Edit] = set()
    for _ in range(_ROUNDS):
        told = _told(spec, order, texts)
        sure = {edit: each for each in told for edit in each.edits if edit.sure and edit not in useless}
        tries = [tuple(sure), *((edit,) for edit in sure)] if len(sure) > 1 else [tuple(sure)]
        for edits in tries:
            after = _applied(texts, edits)
            if edits and after is not None and not _still(_told(spec, order, after), [sure[e] for e in edits]):
                texts = after
                break
        else:
            break
        if not sure:
            break
    return {path: each for path, each in texts.items() if each[0] != each[1]}


def _told(spec: Path, order: Order, texts: Mapping[Path, tuple[str, str]]) -> tuple[Diagnostic, ...]:
    with reading_instead({path.resolve(): after for path, (_, after) in texts.items()}):
        return load(spec, order).diagnostics


def _still(told: Sequence[Diagnostic], mended: Sequence[Diagnostic]) -> bool:
    """Whether one of the mistakes that were to be mended is still there, or the file cannot be read any more."""
    there = {(each.code, each.message) for each in told}
    return "yaml-syntax" in {code for code, _ in there} or any((each.code, each.message) in there for each in mended)


def _applied(texts: Texts, edits: Sequence[Edit]) -> Texts | None:
    """The texts with edits; None where a file of them is none that can be written."""
    after = dict(texts)
    for name in dict.fromkeys(edit.span.file for edit in edits):
        path = Path(name)
        if path not in after:
            try:
                before = path.read_bytes().decode("utf-8")
            except (OSError, ValueError):
                return None
            after[path] = (before, before)
        before, now = after[path]
        after[path] = (before, edited(now, [edit for edit in edits if edit.span.file == name]))
    return after
