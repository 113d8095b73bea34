"""`reportspec duplicates`."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import FilePath, FilledText, format_option, today_option
from reportspec.cli.orders import OrderOptions
from reportspec.cli.printing import Messages, give, put, say
from reportspec.diagnostics import harmless, harmless_json


@click.command()
@click.argument("project", required=False, type=FilePath(path_type=Path, exists=True))
@click.option(
    "--entity",
    type=FilledText(),
    help="Of what duplicates are looked for, unless of contacts; `+` between two looks across them: `lead+contact`.",
)
@format_option(("table", "json", "csv", "xlsx"), "How they are printed; `xlsx` needs `-o`.")
@click.option(
    "--min",
    "least",
    type=click.FloatRange(0.01, 0.9999),
    metavar="CHANCE",
    help="From which chance on two records are a pair: 0.8 unless you say otherwise.",
)
@click.option(
    "-o", "--output", type=FilePath(path_type=Path, dir_okay=False), metavar="FILE", help="Write to this file."
)
@click.option("--show-personal", is_flag=True, help="Show names, addresses and numbers as they are.")
@today_option
def duplicates(
    project: Path | None,
    entity: str | None,
    form: str,
    least: float | None,
    output: Path | None,
    show_personal: bool,
    today: datetime | None,
) -> None:
    """Find records that are the same person, company or deal.

    PROJECT is a project file or its folder; without it, the nearest above the present folder. Each group has the
    record that may be kept, and why its records are the same. Nothing is changed in the source. Pairs that are none
    go to `not_duplicates.csv` beside the project file, with the columns entity, a, b.
    """
    if form == "xlsx" and output is None:
        raise click.UsageError("a workbook is a file: name it with `-o duplicates.xlsx`")
    from reportspec.duplicates.knowledge import knowledge

    choices = knowledge().choices
    entity = entity or choices[0]
    if entity not in choices:
        raise click.UsageError(f"--entity is one of {', '.join(choices)}")
    now = OrderOptions((), None, today).order().now
    out = Messages("text")
    text = _listed(project, entity, form, least, show_personal, now, out)
    if text is None:
        sys.exit(WRONG)
    if output is not None:
        put(output, text.encode() if isinstance(text, str) else text, out)
        say(str(output), err=True)
    elif isinstance(text, str):
        printed = harmless_json(text) if form == "json" else text
        give(harmless(printed) if form != "csv" or sys.stdout.isatty() else printed, "the pairs", nl=form != "csv")
    sys.exit(DONE)


def _listed(
    project: Path | None, entity: str, form: str, least: float | None, personal: bool, now: datetime, out: Messages
) -> str | bytes | None:
    """What is to be printed, or None with the mistakes told."""
    from reportspec.check.project import load_project
    from reportspec.check.report import bind_source
    from reportspec.diagnostics import Diagnostic
    from reportspec.doctor import project_place
    from reportspec.duplicates.find import duplicates_of
    from reportspec.duplicates.listing import Listing
    from reportspec.duplicates.not_duplicates import NAME
    from reportspec.errors import Broken, ReportspecError
    from reportspec.languages import base_language

    place = project_place(project)
    settings, document = load_project(place, os.environ)
    bound = bind_source(settings, document) if settings is not None else None
    documents = (document, *(bound.documents if bound is not None else ()))
    problems = list(dict.fromkeys(problem for one in documents for problem in one.problems))
    out.tell(problems, {one.file: one.text for one in documents})
    binding = bound.binding(settings) if bound is not None and settings is not None else None
    if settings is None or bound is None or binding is None or any(p.severity == "error" for p in problems):
        return None
    try:
        found = duplicates_of(settings, binding, entity, now, least)
        language = settings.language or base_language(settings.locale or "en")
        listing = Listing(found, language, settings.locale or language, binding.catalogue, personal)
        if found.unknown_keys:
            keys = ", ".join(f"`{key}`" for key in found.unknown_keys[:5])
            more = f" and {len(found.unknown_keys) - 5} more" if len(found.unknown_keys) > 5 else ""
            message = f"{NAME} names what the source does not have: {keys}{more}"
            out.tell([Diagnostic("unknown-key", message, None, "take the lines out", severity="warning")], {})
        if form == "xlsx":
            return listing.workbook()
        return {"table": listing.table, "json": listing.json, "csv": listing.csv}[form]()
    except Broken as error:
        out.tell(error.diagnostics, {})
    except ReportspecError as error:
        also = getattr(error, "also", ())
        told = [Diagnostic(e.code, e.message, getattr(e, "span", None), e.help, e.notes) for e in (error, *also)]
        out.tell(told, {one.file: one.text for one in documents})
    return None
