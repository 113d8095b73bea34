"""`reportspec build`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportspec.cli.crashes import Crashes
from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import (
    FilePath,
    each_option,
    messages_option,
    order_options,
    paths_argument,
    strict_option,
)
from reportspec.cli.orders import OrderOptions, built_figures, with_order_options
from reportspec.cli.printing import Messages, count, echo, progress
from reportspec.cli.spec_files import output_names, spec_files
from reportspec.diagnostics import Diagnostic
from reportspec.lazy_dataclass import dataclass
from reportspec.model.mail import FORMS, Form

if TYPE_CHECKING:
    from reportspec.building import Order
    from reportspec.model.figures import Figures
    from reportspec.timings import Timings


@click.command()
@paths_argument
@click.option(
    "-o",
    "--out",
    type=FilePath(path_type=Path, file_okay=False),
    default=Path("out"),
    show_default=True,
    help="The folder for the reports.",
)
@click.option(
    "--format",
    "forms",
    type=click.Choice(FORMS),
    multiple=True,
    default=["pdf"],
    show_default=True,
    help="The form of the reports; may be given several times. `csv` makes a folder with a file for each table.",
)
@order_options
@strict_option
@messages_option
@each_option
@click.option("--timings", is_flag=True, help="Print where the time goes.")
@with_order_options
def build(
    paths: tuple[Path, ...],
    out: Path,
    forms: tuple[Form, ...],
    asked: OrderOptions,
    messages: str,
    timings: bool,
) -> None:
    """Build the reports of specs (or of all specs in a folder), as PDF or in other forms. A spec with
    `for_each` makes a folder with a report for each value."""
    from reportspec.formats import kind_of
    from reportspec.timings import Timings

    if out.suffix.lower().removeprefix(".") in FORMS and not out.is_dir():
        raise click.UsageError(f"`-o` names a folder, and `{out}` looks like a file: write `-o {out.parent}`")
    task = _Build(out, tuple(dict.fromkeys(forms)), asked.order(), Messages(messages))
    specs = spec_files(paths)
    names = output_names(specs)
    if any(kind_of(form).laid_out for form in task.forms):
        threading.Thread(target=_warm_up, daemon=True).start()
    failed, crashes = 0, Crashes(task.out)
    for index, path in enumerate(specs):
        progress(f"[{index + 1}/{len(specs)}] {path}")
        spent, files = Timings(), None
        with crashes.of(path):
            files = _build_spec(task, path, names[path], spent)
        progress("")
        if files is None:
            failed += 1
            continue
        if messages == "text":
            for file in files:
                echo(f"{file}")
        if timings:
            echo(_told_timings(spent), err=True)
    task.out.close()
    if messages == "text" and (len(specs) > 1 or failed):
        lost = f", {failed} failed" if failed else ""
        echo(f"{count(len(specs) - failed, 'report')} built{lost}", err=True)
    sys.exit(crashes.code(WRONG if failed else DONE))


@dataclass(frozen=True, slots=True)
class _Build:
    """What is to become of each spec of a run."""

    folder: Path
    forms: tuple[Form, ...]
    order: Order
    out: Messages


def _told_timings(spent: Timings) -> str:
    total = sum(spent.stages.values())
    parts = "  ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in spent.stages.items())
    from reportspec.sql.materialize import times_read

    reads = ", ".join(f"{name} {times}" for name, times in times_read(spent.asked).most_common())
    return f"  {parts}  total {total * 1000:.0f} ms" + (f"\n  tables read (times): {reads}" if reads else "")


def _warm_up() -> None:
    try:
        from reportspec.render import warm_up

        warm_up()
    except BaseException:  # the build itself will say what is missing
        return


def _build_spec(task: _Build, path: Path, name: str, spent: Timings) -> list[Path] | None:
    """The files of a spec, written; None with the mistakes told. All forms are made before any
    is written."""
    from reportspec.formats import kind_of
    from reportspec.problems import letters_told

    figures_and_spec = built_figures(path, task.order, task.out, spent)
    if figures_and_spec is None:
        return None
    reports, built = figures_and_spec
    burst = reports[0][0] != ""
    named = reports if burst else [(name, reports[0][1])]
    folder = task.folder / name if burst else task.folder
    with spent.of("render"):
        if any(kind_of(form).boxed for form in task.forms):
            for _, figures in reports[:100]:
                task.out.tell(letters_told(path, figures), {})
        files = _files(path, named, built.spec_text, task.forms)
    if isinstance(files, Diagnostic):
        task.out.tell([files], {})
        return None
    with spent.of("write"):
        told = _written(folder, files)
    task.out.tell(told, {})
    if any(one.severity == "error" for one in told):
        return None
    # Of a form with a file for each table the folder is named.
    return list(dict.fromkeys(folder / Path(file).parts[0] for file in files))


def _written(folder: Path, files: Mapping[str, bytes]) -> list[Diagnostic]:
    """Write files whole; what is wrong, where one cannot be, and of what stands beside tables."""
    from reportspec.cli.folder_of_tables import FolderOfTables
    from reportspec.files import write_whole
    from reportspec.problems import not_written

    tables: dict[Path, dict[str, bytes]] = {}
    for file, data in files.items():
        path = folder / file
        if path.parent != folder:
            tables.setdefault(path.parent, {})[path.name] = data
            continue
        try:
            write_whole(path, data)
        except OSError as error:
            return [not_written(path, error)]
    told = []
    for place, own in tables.items():
        made = FolderOfTables(place, own)
        try:
            made.write()
        except OSError as error:
            return [not_written(Path(error.filename or place), error)]
        if made.others:
            names = ", ".join(f"`{name}`" for name in made.others[:3]) + (", …" if len(made.others) > 3 else "")
            text = f"`{place}` has other files that are named like tables of this report: {names}"
            help = "they may be of an earlier build: remove them, or build into another folder with -o"
            told.append(Diagnostic("other-files", text, None, help, severity="warning"))
    return told


def _files(
    path: Path, named: list[tuple[str, Figures]], spec_text: str | None, forms: tuple[Form, ...]
) -> dict[str, bytes] | Diagnostic:
    """The files of reports by their names within the folder, or why there are none."""
    from reportspec.errors import ReportspecError
    from reportspec.formats.pool import makers
    from reportspec.problems import problems_of

    files: dict[str, bytes] = {}
    try:
        with makers(len(named)) as make:
            for of_report in make((figures, forms, name, spec_text) for name, figures in named):
                files |= of_report
    except (ReportspecError, OSError) as error:
        return problems_of(path, error)[0]
    return files
