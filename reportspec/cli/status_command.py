"""`reportspec status`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reportspec.cli.exit_codes import WRONG
from reportspec.cli.options import FilePath, FilledText, format_option
from reportspec.cli.printing import give, print_diagnostics, tell_waiting
from reportspec.cli.spec_files import is_spec
from reportspec.diagnostics import Diagnostic, harmless, harmless_json


@click.command()
@click.argument("project", required=False, type=FilePath(path_type=Path))
@click.option(
    "--report",
    type=FilledText(),
    help="Only of this spec, by its path from here or as the list names it.",
)
@click.option("--failed", is_flag=True, help="Only what did not arrive, as far as is known.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@format_option(("table", "json"), "How they are printed.")
def status(project: Path | None, report: str | None, failed: bool, limit: int, form: str) -> None:
    """What was sent, when, to whom, and what was not.

    PROJECT is a project file, a folder of the project or one of its specs; without it, the nearest
    project file above the present folder.
    """
    from reportspec.api import ReportError, ledger_of
    from reportspec.check.project import find_project
    from reportspec.deliver.status import as_json, as_table, deliveries, nearest
    from reportspec.errors import LedgerError

    if project is not None and is_spec(project):
        report, place = report or str(project), find_project(project)
    else:
        place = project if project and project.is_file() else find_project((project or Path.cwd()) / "spec")
    if place is None or (project is not None and not project.exists()):
        raise click.UsageError(f"there is no project file at `{project or '.'}`")
    try:
        mail, root = ledger_of(place)
        listed = deliveries(mail, root, report, failed, tell_waiting)
        near = nearest(mail, root, report) if report is not None and not listed else None
    except ReportError as error:
        print_diagnostics(error.diagnostics, error.texts, "text")
        sys.exit(WRONG)
    except LedgerError as error:
        print_diagnostics([Diagnostic("no-ledger", error.message, None, error.help)], {}, "text")
        sys.exit(WRONG)
    if form == "json":
        give(harmless(harmless_json(as_json(listed[:limit]))), "the list")
    elif listed:
        give(harmless(as_table(listed, limit)), "the list")
    else:
        give(harmless(_nothing(report, failed, near)), "the list")


def _nothing(report: str | None, failed: bool, near: str | None) -> str:
    """What is said of an empty list."""
    of = f" of `{report}`" if report is not None else ""
    if near is not None and near != f"did you mean `{report}`?":
        return f"nothing was sent{of}; {near}"
    return f"nothing{of} failed, as far as is known" if failed else f"nothing was sent{of} yet"
