"""`reportspec schema`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reportspec.cli.exit_codes import WRONG
from reportspec.cli.options import FilePath
from reportspec.cli.printing import echo, give, print_diagnostics
from reportspec.diagnostics import Diagnostic


@click.command()
@click.argument(
    "name",
    required=False,
    type=click.Choice(["report", "project", "mapping", "metrics", "entity", "report_type", "audits"]),
)
@click.option(
    "-o",
    "--out",
    type=FilePath(path_type=Path, file_okay=False),
    help="Write all schemas into this folder.",
)
def schema(name: str | None, out: Path | None) -> None:
    """Print a JSON Schema of the language, or write all of them for an editor."""
    from reportspec.files import write_whole
    from reportspec.schema_files import NAMES, schema_text

    if out is not None:
        try:
            for each in NAMES:
                write_whole(out / f"{each}.schema.json", schema_text(each).encode())
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            help = "choose another folder with -o"
            wrong = Diagnostic("cannot-write", f"`{out}` cannot be written to: {why}", None, help)
            print_diagnostics([wrong], {}, "text")
            sys.exit(WRONG)
        echo(f"{len(NAMES)} schemas written to {out}")
        return
    give(schema_text(name or "report"), "the schema", nl=False)
