"""The command line: arguments in, text and exit codes out. 0 all is well, 1 something in a spec or
its data is wrong, 2 misuse, 70 a bug of reportspec, 75 mail that was not taken yet, 130 stopped by Ctrl-C,
143 by `kill` (SIGTERM), 129 by a terminal that closed (SIGHUP).

Each command is a file beside this one (its arguments, its help, its run) and a place in `COMMANDS`. What they
share: `options`, `orders` (what is asked of every spec), `spec_files`, `printing`, `exit_codes`; `process` is
what surrounds them all. What only one command needs, and takes long to import, is imported within it.
"""

from __future__ import annotations

import click

from reportspec.cli.audit_command import audit
from reportspec.cli.build_command import build
from reportspec.cli.catalog_command import catalog
from reportspec.cli.compile_command import print_sql
from reportspec.cli.diff_command import diff
from reportspec.cli.doctor_command import doctor
from reportspec.cli.duplicates_command import duplicates
from reportspec.cli.explain_command import explain
from reportspec.cli.explain_error_command import explain_error
from reportspec.cli.export_command import export
from reportspec.cli.fmt_command import fmt
from reportspec.cli.forecast_command import forecast
from reportspec.cli.import_command import import_model
from reportspec.cli.init_command import init
from reportspec.cli.lsp_command import lsp
from reportspec.cli.mcp_command import mcp
from reportspec.cli.preview_command import preview
from reportspec.cli.process import run
from reportspec.cli.query_command import query
from reportspec.cli.schema_command import schema
from reportspec.cli.send_command import send
from reportspec.cli.status_command import status
from reportspec.cli.validate_command import validate
from reportspec.cli.verify_command import verify
from reportspec.version import __version__

COMMANDS: tuple[click.Command, ...] = (
    init,
    validate,
    fmt,
    print_sql,
    query,
    explain,
    diff,
    build,
    preview,
    send,
    status,
    verify,
    audit,
    doctor,
    duplicates,
    forecast,
    catalog,
    schema,
    import_model,
    export,
    explain_error,
    mcp,
    lsp,
)

__all__ = ["COMMANDS", "cli", "main"]


@click.group(
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="reportspec")
def cli() -> None:
    """CRM reports from YAML specs: check them, query the figures, build the PDF."""


def main() -> None:
    """The console script."""
    run(cli)
