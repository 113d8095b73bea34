"""`reportspec doctor`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import FilePath, format_option
from reportspec.cli.printing import echo
from reportspec.diagnostics import harmless_json

if TYPE_CHECKING:
    from reportspec.model.spec import Report

_MARKS = {"ok": "ok     ", "note": "note   ", "warning": "warning", "error": "error  "}


@click.command()
@click.argument("project", required=False, type=FilePath(path_type=Path))
@format_option(("text", "json"), "How the findings are printed.")
@click.option(
    "--deep",
    is_flag=True,
    help="Look at the statements of the specs in the project's folder too: which indexes they would be faster with.",
)
def doctor(project: Path | None, form: str, deep: bool) -> None:
    """Look for what may keep reports from being built, or make them wrong.

    PROJECT is a project file or its folder; without it, the nearest above the present folder is
    looked at, else only the installation. Exits with 1 if there is an error.
    """
    import json
    from dataclasses import asdict

    from reportspec.doctor import Finding, indexes, installation, project_findings, project_place

    findings: list[Finding] = []

    def tell(some: Iterable[Finding]) -> None:
        for finding in some:
            findings.append(finding)
            if form == "text":
                way = f"\n{' ' * 26}{finding.help}" if finding.help and finding.level != "ok" else ""
                echo(f"{_MARKS[finding.level]}  {finding.what:<16} {finding.said}{way}")

    tell(installation())
    place = project_place(project)
    if project is not None and (place is None or not place.is_file()):
        raise click.UsageError(f"there is no project file at `{project}`")
    tell(project_findings(place, os.environ))
    if deep and place is not None and not any(f.level == "error" for f in findings):
        tell(indexes(_reports(place.parent)))
    if form == "json":
        echo(harmless_json(json.dumps([asdict(f) for f in findings], ensure_ascii=False, indent=2)))
    sys.exit(WRONG if any(f.level == "error" for f in findings) else DONE)


def _reports(folder: Path) -> list[tuple[str, Report]]:
    """The specs of a folder that are sound, by their names. What is wrong with others `validate` tells."""
    from reportspec.building import Order, load
    from reportspec.cli.spec_files import spec_files

    try:
        files = spec_files([folder])
    except click.UsageError:
        return []
    order = Order(datetime.now(UTC), os.environ, clock=True)
    checked = [(str(file.relative_to(folder)), load(file, order)) for file in files]
    return [(name, one.report) for name, one in checked if one.report is not None and not one.broken]
