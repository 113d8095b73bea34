"""`reportspec query`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportspec.cli.crashes import Crashes
from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import (
    each_option,
    format_option,
    order_options,
    paths_argument,
    strict_option,
)
from reportspec.cli.orders import OrderOptions, built_figures, with_order_options
from reportspec.cli.printing import Messages, give
from reportspec.cli.spec_files import spec_files
from reportspec.diagnostics import harmless, harmless_json

if TYPE_CHECKING:
    from reportspec.model.figures import Figures


def _json(made: list[Figures]) -> list[str]:
    from reportspec.formats.json_text import as_json, as_json_of_each

    bursts = any(figures.each is not None for figures in made)
    texts = [as_json_of_each(made)] if bursts else [as_json(figures) for figures in made]
    return [harmless(harmless_json(text)) for text in texts]


def _csv(made: list[Figures]) -> list[str]:
    """A file gets the data as they are; a terminal nothing that it would obey."""
    from reportspec.formats.csv_text import as_csv

    texts = [as_csv(figures) for figures in made]
    return [harmless(text) for text in texts] if sys.stdout.isatty() else texts


def _table(made: list[Figures]) -> list[str]:
    from reportspec.formats.terminal import as_table

    return [harmless(as_table(figures)) for figures in made]


# How the figures of a spec, one for each value of `for_each`, are printed.
_PRINTED: Mapping[str, Callable[[list[Figures]], list[str]]] = {"json": _json, "csv": _csv, "table": _table}


@click.command()
@paths_argument
@order_options
@strict_option
@format_option(_PRINTED, "How the figures are printed.", default="table")
@each_option
@with_order_options
def query(paths: tuple[Path, ...], asked: OrderOptions, form: str) -> None:
    """Print the figures of specs without a PDF."""
    order, out = asked.order(), Messages("text")
    broken, crashes = 0, Crashes(out)
    for path in spec_files(paths):
        with crashes.of(path):
            built = built_figures(path, order, out)
            if built is None:
                broken += 1
                continue
            for text in _PRINTED[form]([figures for _, figures in built[0]]):
                give(text, "the figures")
    sys.exit(crashes.code(WRONG if broken else DONE))
