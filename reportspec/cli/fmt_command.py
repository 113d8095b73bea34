"""`reportspec fmt`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import paths_argument
from reportspec.cli.printing import count, echo, give, print_diagnostics
from reportspec.cli.rewriting import differences, rewrite
from reportspec.diagnostics import Diagnostic


@click.command()
@paths_argument
@click.option(
    "--check", is_flag=True, help="Write nothing; name the files that would change, and end with 1 if any would."
)
@click.option(
    "--diff", "show", is_flag=True, help="Write nothing; print what would change, and end with 1 if anything would."
)
def fmt(paths: tuple[Path, ...], check: bool, show: bool) -> None:
    """Give specs, mappings, project files and files of the own catalogue one form: keys in the order of the language,
    two blanks of indentation, double quotes. Comments and the meaning stay."""
    from reportspec.editing.formatting import Unformattable, formatted, not_formatted, schema_of
    from reportspec.source import plain, read_yaml_file

    changed: dict[Path, tuple[str, str]] = {}
    told: list[Diagnostic] = []
    same = 0
    for path in _files(paths):
        node, problems, text = read_yaml_file(path)
        if node is None or problems:
            told += problems
            continue
        try:
            after = formatted(text, schema_of(path.name, plain(node)))
        except Unformattable as why:
            told.append(not_formatted(path, str(why)))
            continue
        refused = None
        if after == text:
            same += 1
        elif show or check or (refused := rewrite(path, text, after)) is None:  # at once: somebody may be writing
            changed[path] = (text, after)
        if refused is not None:
            told.append(refused)
    print_diagnostics(told, {}, "text")
    if show:
        give(differences(changed), "what would change", nl=False)
    elif check:
        for path in changed:
            echo(f"{path}: would be formatted", err=True)
    else:
        echo(f"{count(len(changed), 'file')} formatted, {count(same, 'file')} unchanged", err=True)
    sys.exit(WRONG if told or ((check or show) and changed) else DONE)


def _files(paths: Iterable[Path]) -> list[Path]:
    """The files that are named, and the YAML files of folders but hidden ones."""
    from reportspec.source.regular import is_yaml

    files: dict[Path, None] = {}
    for path in paths:
        inside = (
            sorted(each for each in path.rglob("*") if is_yaml(each) and _lies_in(each, path))
            if path.is_dir()
            else [path]
        )
        for each in inside:
            if path == each or not any(part.startswith(".") for part in each.relative_to(path).parts):
                files[each] = None
    return list(files)


def _lies_in(file: Path, folder: Path) -> bool:
    """Whether a file lies in a folder, and not only a link to one elsewhere."""
    try:
        return file.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False
