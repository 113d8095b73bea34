"""Files of people that commands change: written whole, or shown as what would change."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from reportspec.cli.exit_codes import WRONG
from reportspec.cli.printing import print_diagnostics


def rewrite(path: Path, text: str) -> None:
    """Give a file another text, with the rights that it has. Ends the program with 1 where it cannot be written."""
    from reportspec.diagnostics import Diagnostic
    from reportspec.files import write_whole

    try:
        file = path.resolve()  # a link stays one
        mode = file.stat().st_mode
        write_whole(file, text.encode())
        file.chmod(mode)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        wrong = Diagnostic("cannot-write", f"`{path}` cannot be written: {why}", None, "look who may write it")
        print_diagnostics([wrong], {}, "text")
        sys.exit(WRONG)


def differences(changed: Mapping[Path, tuple[str, str]]) -> str:
    """What changes in files, by their texts before and after, as `diff -u` has it."""
    import difflib

    return "".join(
        line if line.endswith("\n") else f"{line}\n"
        for path, (before, after) in changed.items()
        for line in difflib.unified_diff(before.splitlines(True), after.splitlines(True), str(path), str(path))
    )
