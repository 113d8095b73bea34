"""`reportspec validate`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import messages_option, order_options, paths_argument
from reportspec.cli.orders import OrderOptions, with_order_options
from reportspec.cli.printing import Messages, count, echo
from reportspec.cli.spec_files import spec_files


@click.command()
@paths_argument
@order_options
@messages_option
@with_order_options
def validate(paths: tuple[Path, ...], asked: OrderOptions, messages: str) -> None:
    """Check specs without touching the data."""
    from reportspec.building import load

    order, out = asked.order(), Messages(messages)
    specs = spec_files(paths)
    broken = 0
    for path in specs:
        checked = load(path, order)
        out.tell(checked.diagnostics, checked.texts)
        broken += checked.broken
    out.close()
    if messages == "text":
        errors = sum(d.severity == "error" for d in out.told)
        good = len(specs) - broken
        mistakes = f"{count(errors, 'mistake')} in {count(broken, 'spec')}; " if broken else ""
        echo(f"{mistakes}{count(good, 'spec')} valid", err=bool(broken))
    sys.exit(WRONG if broken else DONE)
