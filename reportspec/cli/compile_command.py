"""`reportspec compile`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reportspec.cli.crashes import Crashes
from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import (
    FilledText,
    messages_option,
    order_options,
    paths_argument,
)
from reportspec.cli.orders import OrderOptions, with_order_options
from reportspec.cli.printing import Messages, give
from reportspec.cli.spec_files import spec_files
from reportspec.diagnostics import Diagnostic, harmless


@click.command(name="compile")
@paths_argument
@order_options
@messages_option
@click.option(
    "--dialect",
    type=FilledText(),
    help="The database to write the SQL for: duckdb, postgres, snowflake, … Default: the source's.",
)
@with_order_options
def print_sql(paths: tuple[Path, ...], asked: OrderOptions, messages: str, dialect: str | None) -> None:
    """Print the SQL of specs, readable and commented."""
    from reportspec.building import load
    from reportspec.databases import dialects, is_dialect
    from reportspec.formats.statements import listing
    from reportspec.sql.dialects.rewrite import Unsupported

    if dialect is not None and not is_dialect(dialect):
        raise click.UsageError(f"SQL for `{dialect}` cannot be written yet; there is {', '.join(dialects())}")
    order, out = asked.order(), Messages(messages)
    broken, crashes = 0, Crashes(out)
    for path in spec_files(paths):
        with crashes.of(path):
            checked = load(path, order)
            out.tell(checked.diagnostics, checked.texts)
            if checked.broken or checked.report is None:
                broken += 1
                continue
            try:
                text = listing(checked.report, dialect or checked.report.project.source.dialect)
                give(harmless(text), "the statements")
            except Unsupported as error:
                out.tell([Diagnostic("unsupported-sql", str(error), None, None)], {})
                broken += 1
    out.close()
    sys.exit(crashes.code(WRONG if broken else DONE))
