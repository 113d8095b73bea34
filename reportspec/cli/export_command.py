"""`reportspec export`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from reportspec.cli.exit_codes import WRONG
from reportspec.cli.options import FilePath
from reportspec.cli.printing import Messages, give_to, print_diagnostics, say


@click.command()
@click.argument("tool", type=click.Choice(["ossie"]))
@click.option(
    "--project",
    type=FilePath(path_type=Path, exists=True),
    default=Path(),
    help="The project file or a folder below it; without it, that of the present folder.",
)
@click.option("-o", "--out", type=FilePath(path_type=Path, dir_okay=False), help="Write it to this file.")
@click.option(
    "--as",
    "version",
    type=click.Choice(["0.2.0.dev0", "0.1.1"]),
    default="0.2.0.dev0",
    show_default=True,
    help="The version of the form; tools that are older read 0.1.1.",
)
def export(tool: str, project: Path, out: Path | None, version: str) -> None:
    """Write the catalogue over the project's source as the semantic model of another tool: a document of Apache Ossie
    (JSON) with the entities that the mapping has and the metrics that they serve. What it cannot say is listed with the
    reason."""
    from reportspec.exchange.ossie_document import ossie_document
    from reportspec.reference.bound_project import bound_project

    bound = bound_project(project, os.environ)
    print_diagnostics(bound.problems, bound.texts, "text")
    if bound.binding is None or bound.project is None:
        sys.exit(WRONG)
    made = ossie_document(bound, version, bound.project.locale or "en")
    give_to(out, json.dumps(made.data, ensure_ascii=False, indent=2), "the document", Messages("text"))
    for each in made.left:
        say(f"not in it: {each.what}: {each.why}", err=True)
    if made.not_served:
        say(f"not in it: {made.not_served} metrics of the catalogue that the source cannot serve", err=True)
