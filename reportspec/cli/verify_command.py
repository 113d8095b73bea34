"""`reportspec verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import FilePath, format_option
from reportspec.cli.printing import echo
from reportspec.diagnostics import harmless_json


@click.command()
@click.argument("files", nargs=-1, required=True, type=FilePath(path_type=Path))
@format_option(("text", "json"), "How the findings are printed.")
def verify(files: tuple[Path, ...], form: str) -> None:
    """Say what PDFs are made from, and whether anything in them was changed since.

    Exits with 1 if any was changed, is no report or cannot be told. It finds changes by digests in the
    file; it cannot tell who made the file.
    """
    import json
    from dataclasses import asdict

    from reportspec.verify import as_text, verified

    verdicts = [verified(path) for path in files]
    if form == "json":
        echo(harmless_json(json.dumps([asdict(verdict) for verdict in verdicts], ensure_ascii=False, indent=2)))
    else:
        echo("\n\n".join(map(as_text, verdicts)))
    sys.exit(DONE if all(verdict.intact for verdict in verdicts) else WRONG)
