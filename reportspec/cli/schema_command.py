"""`reportspec schema`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportspec.cli.exit_codes import WRONG
from reportspec.cli.options import FilePath
from reportspec.cli.printing import echo, give, print_diagnostics

if TYPE_CHECKING:
    from reportspec.reference.bound_project import BoundProject

_PLACE = Path(".reportspec") / "schemas"  # in the project's folder
# Which files of a project are of which schema, as editors match them.
_FILES = {
    "report": ("specs/*.yaml",),
    "project": ("reportspec.yaml",),
    "mapping": ("mapping.yaml", "mappings/*.yaml"),
    "metrics": ("metrics/*.yaml",),
    "entity": ("entities/*.yaml",),
    "report_type": ("report_types/*.yaml",),
    "audits": ("audits/*.yaml",),
}


@click.command()
@click.argument(
    "name",
    required=False,
    type=click.Choice(["report", "project", "mapping", "metrics", "entity", "report_type", "audits"]),
)
@click.option(
    "-o",
    "--out",
    type=FilePath(path_type=Path, file_okay=False),
    help="Write all schemas into this folder.",
)
@click.option(
    "--project",
    is_flag=False,
    flag_value=".",
    type=FilePath(path_type=Path, exists=True),
    help="Of this project (the file, or a folder in it; without one, of this folder's): its own metrics, fields, "
    "values and report types, with what they mean. Written to `.reportspec/schemas` beside the project file, or to "
    "--out.",
)
@click.option("--markdown", is_flag=True, help="All keys of the language as a page, in place of a schema.")
def schema(name: str | None, out: Path | None, project: Path | None, markdown: bool) -> None:
    """Print a JSON Schema of the language, or write all of them for an editor; with --project what there is in a
    project, so that editors complete and explain names."""
    from reportspec.schema_files import NAMES, schema_text

    if markdown:
        if name is not None or out is not None or project is not None:
            raise click.UsageError("--markdown prints all keys of all files, and goes with nothing else")
        from reportspec.reference.keys_page import keys_page

        give(keys_page(), "all keys", nl=False)
        return
    if project is not None:
        _of_project(name, out, project)
    elif out is not None:
        _write(out, NAMES, schema_text)
        echo(f"{len(NAMES)} schemas written to {out}")
    else:
        give(schema_text(name or "report"), "the schema", nl=False)


def _write(folder: Path, names: Sequence[str], text: Callable[[str], str]) -> None:
    from reportspec.files import write_whole
    from reportspec.problems import not_written

    try:
        for name in names:
            write_whole(folder / f"{name}.schema.json", text(name).encode())
    except OSError as error:
        print_diagnostics([not_written(folder, error)], {}, "text")
        sys.exit(WRONG)


def _of_project(name: str | None, out: Path | None, start: Path) -> None:
    from reportspec.reference.bound_project import bound_project
    from reportspec.reference.project_schema import known_names, project_schema_text
    from reportspec.schema_files import NAMES

    bound = bound_project(start, os.environ)
    print_diagnostics(bound.problems, bound.texts, "text")
    if bound.binding is None or bound.project is None:
        sys.exit(WRONG)
    known = known_names(bound.binding, bound.project)
    if name is not None and out is None:
        give(project_schema_text(name, known), "the schema", nl=False)
        return
    root = _root(bound, start)
    folder = out or root / _PLACE
    _write(folder, [name] if name else NAMES, lambda each: project_schema_text(each, known))
    echo(_hints(folder, root, [name] if name else list(NAMES)))


def _root(bound: BoundProject, start: Path) -> Path:
    if bound.file is not None:
        return bound.file.parent
    return start if start.is_dir() else start.parent


def _hints(folder: Path, root: Path, names: Sequence[str]) -> str:
    """How editors are told of the schemas. Specs lie beside the project file, or in `specs/`."""
    inside = folder.resolve().is_relative_to(root.resolve())
    place = folder.resolve().relative_to(root.resolve()).as_posix() if inside else folder.resolve().as_posix()
    up = "../" if inside and (root / "specs").is_dir() else ""
    first = f"{up}{place}/{names[0]}.schema.json"
    lines = [
        f"{len(names)} schemas of this project written to {folder}",
        "Write them again when the mapping or the project's own catalogue changes.",
        "",
        "For any editor with the YAML language server, as the first line of a file:",
        f"  # yaml-language-server: $schema={first}",
        "",
        "For all files at once, in .vscode/settings.json:",
        '  "yaml.schemas": {',
    ]
    last = names[-1]
    for each in names:
        files = ", ".join(f'"{file}"' for file in _FILES[each])
        lines.append(
            f'    "{"./" if inside else ""}{place}/{each}.schema.json": [{files}]{"" if each == last else ","}'
        )
    return "\n".join([*lines, "  }"])
