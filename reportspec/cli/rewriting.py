"""Files of people that commands change: written whole, or shown as what would change."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reportspec.diagnostics import Diagnostic


def rewrite(path: Path, before: str, after: str) -> Diagnostic | None:
    """Give a file that had the text `before` another one, with the rights and the owner that it has; why it cannot be
    written, if it cannot. What was saved meanwhile stays."""
    from reportspec.diagnostics import Diagnostic
    from reportspec.files import write_whole
    from reportspec.problems import not_written

    help = "look who may write it, and whether there is room for it"
    try:
        file = path.resolve()  # a link stays one
        status = file.stat()
        # A file that nobody may write is replaced by whoever may write its folder: its owner has said that it stays.
        if not status.st_mode & 0o222 or not os.access(file, os.W_OK):
            return Diagnostic("cannot-write", f"`{path}` cannot be written: it is write-protected", None, help)
        if file.read_bytes().removeprefix(BOM_UTF8) != before.encode().removeprefix(BOM_UTF8):
            saved = f"`{path}` was saved by somebody else meanwhile, and stays as it is"
            return Diagnostic("cannot-write", saved, None, "run the command again")
        write_whole(file, after.encode())
    except OSError as error:
        return replace(not_written(path, error), help=help)
    return None


def differences(changed: Mapping[Path, tuple[str, str]]) -> str:
    """What changes in files, by their texts before and after, as `diff -u` has it."""
    import difflib

    return "".join(
        line if line.endswith("\n") else f"{line}\n"
        for path, (before, after) in changed.items()
        for line in difflib.unified_diff(before.splitlines(True), after.splitlines(True), str(path), str(path))
    )
