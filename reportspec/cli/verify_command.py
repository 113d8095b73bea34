"""`reportspec verify`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import FilePath, format_option, messages_option, period_option, set_option
from reportspec.cli.orders import OrderOptions
from reportspec.cli.printing import Messages, echo, give
from reportspec.diagnostics import harmless, harmless_json


@click.command()
@click.argument("files", nargs=-1, required=True, type=FilePath(path_type=Path))
@click.option("--recompute", is_flag=True, help="Say which printed figures are others over today's data, and why.")
@click.option(
    "--spec",
    type=FilePath(path_type=Path, dir_okay=False),
    help="With --recompute: the spec, in place of the copy in the PDF.",
)
@click.option(
    "--project",
    type=FilePath(path_type=Path, exists=True),
    help="With --recompute: the project file or its folder; without it, the nearest above the present folder.",
)
@set_option
@period_option
@click.option("--show-personal", is_flag=True, help="With --recompute: show names, emails and phone numbers whole.")
@format_option(("text", "json", "md"), "How the findings are printed.")
@messages_option
def verify(
    files: tuple[Path, ...],
    recompute: bool,
    spec: Path | None,
    project: Path | None,
    settings: tuple[str, ...],
    period: str | None,
    show_personal: bool,
    form: Literal["text", "json", "md"],
    messages: str,
) -> None:
    """Say what PDFs are made from, and whether anything in them was changed since.

    Exits with 1 if any was changed, is no report or cannot be told. It finds changes by digests in the
    file; it cannot tell who made the file. With --recompute the figures are computed again over today's data, as of
    the report's own date: exits with 1 if any is another one today, or that cannot be told.
    """
    import json
    from dataclasses import asdict

    from reportspec.verify import as_text, verified

    if recompute:
        out = Messages(messages)
        sys.exit(_recomputed(files, spec, project, OrderOptions(settings, period, None), form, show_personal, out))
    if spec or project or settings or period or show_personal or form == "md":
        raise click.UsageError(
            "--spec, --project, --set, --period, --show-personal and --format md go with --recompute"
        )
    verdicts = [verified(path) for path in files]
    if form == "json":
        echo(harmless_json(json.dumps([asdict(verdict) for verdict in verdicts], ensure_ascii=False, indent=2)))
    else:
        echo("\n\n".join(map(as_text, verdicts)))
    sys.exit(DONE if all(verdict.intact for verdict in verdicts) else WRONG)


def _recomputed(
    files: tuple[Path, ...],
    spec: Path | None,
    project: Path | None,
    options: OrderOptions,
    form: Literal["text", "json", "md"],
    personal: bool,
    out: Messages,
) -> int:
    """Print what became of the figures of PDFs; the code to end with."""
    from reportspec.check.project import NAMES, project_in
    from reportspec.review.recompute_forms import as_json, as_markdown, as_text
    from reportspec.review.recomputed import Recomputing, recomputed

    place = (project_in(project) or project / NAMES[0]) if project is not None and project.is_dir() else project
    order = options.order()
    asked = Recomputing(order.now, place, spec, order.settings, os.environ, options.period)
    found = []
    for path in files:
        one, told, texts = recomputed(path, asked)
        out.tell(told, texts)
        found.append(one)
    out.close()
    text = {"text": as_text, "md": as_markdown, "json": as_json}[form](found, personal)
    give(harmless_json(text) if form == "json" else harmless(text), "the figures")
    return DONE if all(one.same for one in found) else WRONG
