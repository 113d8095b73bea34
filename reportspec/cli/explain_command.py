"""`reportspec explain`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import FilePath, FilledText, format_option, messages_option, order_options
from reportspec.cli.orders import OrderOptions, with_order_options
from reportspec.cli.printing import Messages, give
from reportspec.diagnostics import harmless, suggestion

if TYPE_CHECKING:
    from reportspec.model.spec import Report


@click.command()
@click.argument("spec", type=FilePath(path_type=Path, dir_okay=False))
@click.argument("figure", required=False)
@format_option(("text", "md", "json"), "How it is printed.")
@click.option(
    "--sql/--no-sql",
    default=None,
    help="Print the statements that are run, or none.  [default: of one FIGURE the SELECT of it alone]",
)
@click.option(
    "--row",
    metavar="KEY",
    type=FilledText(),
    help="Say why the record with this key counts in FIGURE, or does not; FIELD=VALUE finds it by another field.",
)
@click.option("--show-personal", is_flag=True, help="With --row: show emails, names and phone numbers whole.")
@order_options
@messages_option
@with_order_options
def explain(
    spec: Path,
    figure: str | None,
    form: str,
    sql: bool | None,
    row: str | None,
    show_personal: bool,
    asked: OrderOptions,
    messages: str,
) -> None:
    """Say what the figures of a SPEC are made of: what each means, which rows count, by which time, over which
    relations, from which tables and columns, and by which SQL.

    FIGURE is one of its metrics; without it all are told. With --row the source is asked of one record, and each
    condition of the figure is held against it; exits with 1 if there is no such record.
    """
    from reportspec.building import load
    from reportspec.reference.explanation import as_json, as_markdown, as_text, explanations, shown_by

    out = Messages(messages)
    checked = load(spec, asked.order())
    out.tell(checked.diagnostics, checked.texts)
    if checked.broken or checked.report is None:
        out.close()
        sys.exit(WRONG)
    names = shown_by(checked.report)
    if figure is not None and figure not in names:
        help = suggestion(figure, names) or f"it shows {', '.join(names)}"
        raise click.UsageError(f"the report shows no figure `{figure}`: {help}")
    if row is not None:
        if figure is None:
            raise click.UsageError(f"--row is of one figure: name it, {', '.join(names[:3])}, …")
        sys.exit(_row(spec, checked.report, figure, row, form, show_personal, out))
    out.close()
    metrics = checked.report.binding.catalogue.metrics
    # The statements of a whole report are thousands of lines, and those of one figure hundreds.
    shown = False if sql is None and figure is None else sql
    asked_for = [metrics[name] for name in ([figure] if figure is not None else names)]
    found = explanations(checked.report, asked_for, sql=form == "json" or shown is not False)
    text = as_json(found) if form == "json" else (as_text if form == "text" else as_markdown)(found, sql=shown)
    give(harmless(text), "the explanation")
    sys.exit(DONE)


def _row(spec: Path, report: Report, figure: str, key: str, form: str, personal: bool, out: Messages) -> int:
    """Print why a record counts in a figure; the code to end with."""
    from reportspec.errors import SourceError
    from reportspec.problems import problems_of
    from reportspec.resolve.binding import Unresolved
    from reportspec.review.explained_row import explained_row, row_asked
    from reportspec.review.row_forms import as_json, as_markdown, as_text

    try:
        found = explained_row(report, figure, row_asked(key, report.binding))
    except Unresolved as error:
        raise click.UsageError(f"--row: {error.message}{f': {error.help}' if error.help else ''}") from None
    except SourceError as error:
        out.tell(problems_of(spec, error, report), {})
        out.close()
        return WRONG
    out.close()
    print_form = {"json": as_json, "text": as_text, "md": as_markdown}[form]
    give(harmless(print_form(found, personal)), "the explanation")
    return DONE if any(one.known for one in found) else WRONG
