"""`reportspec preview`."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import click

from reportspec.cli.exit_codes import MISUSE
from reportspec.cli.options import FilePath, order_options, strict_option
from reportspec.cli.orders import OrderOptions, with_order_options
from reportspec.cli.printing import echo, print_diagnostics, say


@click.command()
@click.argument("spec", required=False, type=FilePath(path_type=Path, dir_okay=False))
@order_options
@strict_option
@click.option("--port", type=click.IntRange(1, 65535), help="Listen on this port of 127.0.0.1.  [default: a free one]")
@click.option("--open/--no-open", "open_browser", default=True, show_default=True, help="Open the page in the browser.")
@click.option("--show-personal", is_flag=True, help="Show emails, names and phone numbers of rows whole.")
@with_order_options
def preview(spec: Path | None, port: int | None, open_browser: bool, show_personal: bool, asked: OrderOptions) -> None:
    """Show the report of a SPEC in the browser, built again as its files are saved.

    SPEC may be left out where there is only one in this folder and those within it. What is wrong stands in the page,
    with the place; params, period and the value of `for_each` are chosen there. A click on a figure says what it means,
    how it is computed, and which rows are behind it. The page is for this machine alone; Ctrl-C ends it.
    """
    from reportspec.preview.preview_server import PortTaken, PreviewServer
    from reportspec.preview.previewed import Choices, Previewed
    from reportspec.preview.watched_files import PAUSE

    path = spec if spec is not None else _only_spec()
    previewed = Previewed(path, asked.order(), personal=show_personal)
    try:
        server = PreviewServer(previewed, port or 0, lambda text: say(text, err=True))
    except PortTaken as taken:
        way_out = "choose another with `--port`, or leave it out for a free one"
        echo(f"port {taken.port} cannot be had: {taken.why}; {way_out}", err=True)
        sys.exit(MISUSE)
    thread = threading.Thread(target=server.serve_forever, args=[0.1], name="preview", daemon=True)
    try:
        thread.start()
        echo(f"{path}: {server.address}")
        echo("Ctrl-C ends it. Who has this address can read the report.", err=True)
        if open_browser:
            threading.Thread(target=_open, args=[server.once], name="browser", daemon=True).start()
        found = previewed.preview(Choices())
        print_diagnostics(found.diagnostics, found.texts, "text")
        while True:
            time.sleep(PAUSE)
            previewed.look()
    finally:
        server.end()
        previewed.close()


def _open(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        echo("no browser could be opened: open the address yourself", err=True)


def _only_spec() -> Path:
    """The one spec of this folder and those within it. Raises UsageError."""
    from reportspec.cli.spec_files import spec_files

    there = spec_files((Path(),))
    if len(there) > 1:
        names = ", ".join(str(path) for path in there[:5]) + (", …" if len(there) > 5 else "")
        raise click.UsageError(f"name a spec: there are {names}")
    return there[0]
