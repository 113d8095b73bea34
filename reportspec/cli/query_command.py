"""`reportspec query`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import (
    each_option,
    paths_argument,
    period_option,
    set_option,
    strict_option,
    today_option,
)
from reportspec.cli.orders import OrderOptions, built_figures, with_order_options
from reportspec.cli.printing import Messages
from reportspec.cli.spec_files import spec_files
from reportspec.diagnostics import harmless, harmless_json

if TYPE_CHECKING:
    from reportspec.model.figures import Figures


@click.command()
@paths_argument
@set_option
@period_option
@today_option
@strict_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "csv", "table"]),
    default="table",
    show_default=True,
    help="How the figures are printed.",
)
@each_option
@with_order_options
def query(paths: tuple[Path, ...], asked: OrderOptions, form: str) -> None:
    """Print the figures of specs without a PDF."""
    from reportspec.output import as_csv, as_json, as_json_of_each, as_table

    order, out = asked.order(), Messages("text")
    write: Callable[[Figures], str] = {
        "json": lambda figures: harmless_json(as_json(figures)),
        "csv": as_csv,
        "table": as_table,
    }[form]
    broken = 0
    for path in spec_files(paths):
        built = built_figures(path, order, out)
        if built is None:
            broken += 1
            continue
        made = [figures for _, figures in built[0]]
        if form == "json" and any(figures.each is not None for figures in made):
            click.echo(harmless(harmless_json(as_json_of_each(made))))
            continue
        for figures in made:
            # A file gets the data as they are; a terminal nothing that it would obey.
            raw = form == "csv" and not sys.stdout.isatty()
            click.echo(write(figures) if raw else harmless(write(figures)))
    sys.exit(WRONG if broken else DONE)
