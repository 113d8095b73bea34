"""`reportspec explain`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import FilePath, format_option, messages_option, order_options
from reportspec.cli.orders import OrderOptions, with_order_options
from reportspec.cli.printing import Messages, give
from reportspec.diagnostics import harmless, suggestion


@click.command()
@click.argument("spec", type=FilePath(path_type=Path, dir_okay=False))
@click.argument("figure", required=False)
@format_option(("text", "md", "json"), "How it is printed.")
@click.option("--sql/--no-sql", default=None, help="Print the statements, too.  [default: for one FIGURE only]")
@order_options
@messages_option
@with_order_options
def explain(spec: Path, figure: str | None, form: str, sql: bool | None, asked: OrderOptions, messages: str) -> None:
    """Say what the figures of a SPEC are made of: what each means, which rows count, by which time, over which
    relations, from which tables and columns, and by which SQL.

    FIGURE is one of its metrics; without it all are told.
    """
    from reportspec.building import load
    from reportspec.reference.explanation import as_json, as_markdown, as_text, explained, shown_by

    out = Messages(messages)
    checked = load(spec, asked.order())
    out.tell(checked.diagnostics, checked.texts)
    out.close()
    if checked.broken or checked.report is None:
        sys.exit(WRONG)
    names = shown_by(checked.report)
    if figure is not None and figure not in names:
        help = suggestion(figure, names) or f"it shows {', '.join(names)}"
        raise click.UsageError(f"the report shows no figure `{figure}`: {help}")
    metrics = checked.report.binding.catalogue.metrics
    found = [explained(checked.report, metrics[name]) for name in ([figure] if figure is not None else names)]
    # The statements of a whole report are thousands of lines.
    shown = figure is not None if sql is None else sql
    text = as_json(found) if form == "json" else (as_text if form == "text" else as_markdown)(found, sql=shown)
    give(harmless(text), "the explanation")
    sys.exit(DONE)
