"""`reportspec explain-error`."""

from __future__ import annotations

import click

from reportspec.cli.options import format_option
from reportspec.cli.printing import give
from reportspec.diagnostics import suggestion


@click.command("explain-error")
@click.argument("code", required=False)
@format_option(("text", "markdown"), "`markdown` is a page with all codes.")
def explain_error(code: str | None, form: str) -> None:
    """Say what the CODE of a message means, why it is likely there, and how it looks wrong and right; without one, list
    all codes."""
    from reportspec.reference.error_pages import error_codes_text, error_pages, error_text, troubleshooting_page

    if form == "markdown":
        give(troubleshooting_page(), "the codes", nl=False)
        return
    if code is None:
        give(error_codes_text(), "the codes", nl=False)
        return
    wanted = code.strip().strip("[]`").removeprefix("error[").removeprefix("warning[")
    pages = error_pages()
    if wanted not in pages:
        help = suggestion(wanted, pages) or "`reportspec explain-error` lists all"
        raise click.UsageError(f"no message has the code `{wanted[:60]}`: {help}")
    give(error_text(pages[wanted]), "the page", nl=False)
