"""`reportspec mcp`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from reportspec.cli.exit_codes import WRONG
from reportspec.cli.options import FilePath
from reportspec.cli.printing import print_diagnostics
from reportspec.diagnostics import Diagnostic


@click.command()
@click.option(
    "--project",
    type=FilePath(path_type=Path, exists=True),
    help="The project file or its folder; without it, the nearest above the present folder.",
)
@click.option(
    "--rows", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Rows of a section at most."
)
@click.option("--seconds", type=click.IntRange(1, 600), default=30, show_default=True, help="Seconds for a statement.")
def mcp(project: Path | None, rows: int, seconds: int) -> None:
    """Serve agents over standard input and output (Model Context Protocol): catalogue, validate, compile, query,
    explain, audit. It reads only; personal data are covered."""
    from reportspec.agents.tool_answers import Answers, Limits
    from reportspec.check.project import find_project

    try:
        from reportspec.agents.agent_server import server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "anyio", "pydantic"):
            raise
        help = 'pip install "reportspec[mcp]"'
        wrong = Diagnostic("missing-library", "the protocol of agents needs the library `mcp`", None, help)
        print_diagnostics([wrong], {}, "text")
        sys.exit(WRONG)
    start = project or Path.cwd()
    file = find_project(start / "x") if start.is_dir() else start
    root = file.parent if file is not None else start
    made = server(Answers(root, os.environ, Limits(rows, seconds)))
    made.run("stdio")
    if made.unfinished:  # a database at work does not bear that the program goes: it is left where it is
        sys.stdout.flush()
        os._exit(0)
