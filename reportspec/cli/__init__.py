"""The command line: arguments in, text and exit codes out. 0 all is well, 1 something in a spec or
its data is wrong, 2 misuse, 70 a bug of reportspec, 75 mail that was not taken yet, 130 stopped by Ctrl-C,
143 by `kill` (SIGTERM), 129 by a terminal that closed (SIGHUP).

Each command is a file beside this one (its arguments, its help, its run) and a place in `COMMANDS`; only the one
that is asked for is imported. What they share: `options`, `orders` (what is asked of every spec), `spec_files`,
`printing`, `exit_codes`; `process` is what surrounds them all. What only one command needs, and takes long to import,
is imported within it.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterator
from importlib import import_module

import click

from reportspec.cli.process import run
from reportspec.version import __version__

COMMANDS = (
    "init",
    "validate",
    "fmt",
    "compile",
    "query",
    "explain",
    "diff",
    "build",
    "preview",
    "send",
    "status",
    "verify",
    "audit",
    "doctor",
    "duplicates",
    "forecast",
    "catalog",
    "schema",
    "import",
    "export",
    "explain-error",
    "mcp",
    "lsp",
)

__all__ = ["COMMANDS", "cli", "main"]


class _Commands(UserDict[str, click.Command]):
    """The commands by their names, each of which is imported when it is asked for: to import them all takes longer than
    most do."""

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS

    def __getitem__(self, name: str) -> click.Command:
        if name not in COMMANDS:
            raise KeyError(name)
        module = import_module(f"{__name__}.{name.replace('-', '_')}_command")
        return next(one for one in vars(module).values() if isinstance(one, click.Command) and one.name == name)


@click.group(
    commands=_Commands(),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="reportspec")
def cli() -> None:
    """CRM reports from YAML specs: check them, query the figures, build the PDF."""


def main() -> None:
    """The console script."""
    run(cli)
