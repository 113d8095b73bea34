"""`reportspec doctor`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import FilePath
from reportspec.cli.printing import echo
from reportspec.diagnostics import harmless_json

_MARKS = {"ok": "ok     ", "note": "note   ", "warning": "warning", "error": "error  "}


@click.command()
@click.argument("project", required=False, type=FilePath(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the findings are printed.",
)
def doctor(project: Path | None, form: str) -> None:
    """Look for what may keep reports from being built, or make them wrong.

    PROJECT is a project file or its folder; without it, the nearest above the present folder is
    looked at, else only the installation. Exits with 1 if there is an error.
    """
    import json
    from dataclasses import asdict

    from reportspec.doctor import Finding, installation, project_findings, project_place

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
    if form == "json":
        echo(harmless_json(json.dumps([asdict(f) for f in findings], ensure_ascii=False, indent=2)))
    sys.exit(WRONG if any(f.level == "error" for f in findings) else DONE)
