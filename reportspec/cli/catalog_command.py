"""`reportspec catalog`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import FilePath, format_option
from reportspec.cli.printing import give, print_diagnostics
from reportspec.diagnostics import harmless


@click.command()
@click.argument(
    "what",
    required=False,
    type=click.Choice(["metrics", "fields", "reports", "mappings", "goals"]),
)
@click.argument("entity", required=False)
@click.option(
    "--project",
    type=FilePath(path_type=Path, exists=True),
    help="The project file or a folder below it.",
)
@format_option(
    ("table", "json", "markdown"),
    "`markdown` is the whole catalogue with all shipped mappings, as a page; of `fields` what a mapping can give.",
)
def catalog(what: str | None, entity: str | None, project: Path | None, form: str) -> None:
    """What metrics, fields and report types there are, and which of them this source can serve;
    for `goals`: which metrics tell whether an aim is reached. `catalog fields deal` tells of one ENTITY what its fields
    mean and which values they have."""
    if entity is not None:
        from reportspec.catalogue.load import packaged
        from reportspec.diagnostics import suggestion

        if what != "fields":
            raise click.UsageError(f"`{entity}` is taken with `fields` only: `reportspec catalog fields {entity}`")
        names = packaged().entities
        if entity not in names:
            help = suggestion(entity, names) or f"there are {', '.join(names)}"
            raise click.UsageError(f"there is no entity `{entity}`: {help}")
    if form == "markdown" and what == "fields":
        from reportspec.reference.entities_page import entities_page

        give(harmless(entities_page()), "the entities", nl=False)
        return
    if form == "markdown":
        from reportspec.reference.catalogue_page import catalogue_page

        give(harmless(catalogue_page()), "the catalogue", nl=False)
        return
    from reportspec.reference.catalogue_listing import catalog_listing

    text, problems, texts = catalog_listing(what, project, form, os.environ, entity)
    print_diagnostics(problems, texts, "text")
    if text:
        give(harmless(text), "the catalogue")
    sys.exit(WRONG if any(p.severity == "error" for p in problems) else DONE)
