"""`reportspec validate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from reportspec.cli.crashes import Crashes
from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import messages_option, order_options, paths_argument
from reportspec.cli.orders import OrderOptions, with_order_options
from reportspec.cli.printing import Messages, count, echo, give, print_diagnostics
from reportspec.cli.rewriting import differences, rewrite
from reportspec.cli.spec_files import spec_files


@click.command()
@paths_argument
@order_options
@messages_option
@click.option("--fix", is_flag=True, help="Write what was surely meant: misspelt names, quotes and brackets.")
@click.option("--diff", "show", is_flag=True, help="With --fix: print what would change, and write nothing.")
@with_order_options
def validate(paths: tuple[Path, ...], asked: OrderOptions, messages: str, fix: bool, show: bool) -> None:
    """Check specs without touching the data."""
    from reportspec.building import absent_columns, load

    if show and not fix:
        raise click.UsageError("`--diff` goes with `--fix`: it shows what that would change")
    order, out = asked.order(), Messages(messages)
    specs = spec_files(paths)
    if fix:
        _fix(specs, asked, show)
    broken = 0
    crashes = Crashes(out)
    for path in specs:
        with crashes.of(path):
            checked = load(path, order)
            absent = absent_columns(path, checked)
            out.tell([*checked.diagnostics, *absent], checked.texts)
            broken += checked.broken or any(problem.severity == "error" for problem in absent)
    out.close()
    broken += len(crashes.paths)
    if messages == "text":
        errors = sum(d.severity == "error" for d in out.told)
        good = len(specs) - broken
        mistakes = f"{count(errors, 'mistake')} in {count(broken, 'spec')}; " if broken else ""
        echo(f"{mistakes}{count(good, 'spec')} valid", err=bool(broken))
    sys.exit(crashes.code(WRONG if broken else DONE))


def _fix(specs: Sequence[Path], asked: OrderOptions, show: bool) -> None:
    """Write the sure edits of each spec and of the files of its project, or show them and end."""
    from reportspec.editing.fixing import fixed

    order = asked.order()
    changed: dict[Path, tuple[str, str]] = {}
    for path in specs:
        changed |= fixed(path, order, changed)
    if show:
        give(differences(changed), "what would change", nl=False)
        sys.exit(WRONG if changed else DONE)
    for path, (before, after) in changed.items():
        refused = rewrite(path, before, after)
        if refused is not None:
            print_diagnostics([refused], {}, "text")
        else:
            echo(f"{path}: mended", err=True)
