"""`reportspec lsp`."""

from __future__ import annotations

import os
import sys

import click

from reportspec.cli.exit_codes import WRONG
from reportspec.cli.printing import print_diagnostics
from reportspec.diagnostics import Diagnostic


@click.command()
def lsp() -> None:
    """Serve an editor over standard input and output (Language Server Protocol): mistakes and quick fixes, meanings,
    definitions, new names, completion."""
    try:
        from reportspec.editing.language_server import server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        help = 'pip install "reportspec[lsp]"'
        wrong = Diagnostic("missing-library", "the protocol of editors needs the library `pygls`", None, help)
        print_diagnostics([wrong], {}, "text")
        sys.exit(WRONG)
    server(os.environ).start_io()
