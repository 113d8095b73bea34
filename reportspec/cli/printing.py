"""What commands print: text, diagnostics in each of their styles, how far they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from reportspec.cli.exit_codes import WRONG
from reportspec.diagnostics import Diagnostic, harmless, in_order, render_github, render_json, render_text

MOST_SHOWN = 50


def echo(text: str, err: bool = False, nl: bool = True) -> None:
    """Print without what a terminal would obey."""
    click.echo(harmless(text), err=err, nl=nl)


def give(text: str, what: str, nl: bool = True) -> None:
    """Print `what` a command was asked for, as it is. Ends the program with 1 where standard output was closed (`>&-`):
    what is printed nowhere is no success."""
    if sys.stdout is None:
        say(f"there is no standard output to print {what} to", err=True)
        sys.exit(WRONG)
    click.echo(text, nl=nl)


def give_to(out: Path | None, text: str, what: str, tell: Messages) -> None:
    """Write `what` a command was asked for to a file, or print it without what a terminal would obey; ended by a line
    feed. Ends the program as `give` does, and with 1 where the file cannot be written, which is told."""
    text = text if text.endswith("\n") else f"{text}\n"
    if out is None:
        give(harmless(text), what, nl=False)
    else:
        put(out, text.encode(), tell)


def put(out: Path, data: bytes, tell: Messages) -> None:
    """Write what a command was asked for to a file. Ends the program with 1 where that cannot be, which is told."""
    from reportspec.files import write_whole
    from reportspec.problems import not_written

    try:
        write_whole(out, data)
    except OSError as error:
        tell.tell([not_written(out, error)], {})
        tell.close()
        sys.exit(WRONG)


def say(text: str, err: bool = False, painted: bool = False) -> None:
    """Print without what a terminal would obey (but for colours of our own), and go on where nobody
    listens any more: what is sent does not depend on it."""
    try:
        click.echo(text if painted else harmless(text), err=err)
    except OSError:
        stream = sys.stderr if err else sys.stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def tell_waiting(text: str) -> None:
    """Say what a command waits for, in place of how far it is."""
    progress("")
    say(text, err=True)


def on_terminal() -> bool:
    """Whether somebody looks at a terminal. A stream that was closed is None."""
    return sys.stderr is not None and sys.stderr.isatty()


def progress(text: str) -> None:
    """Show how far it is, in one line of the terminal; an empty text takes it away."""
    if on_terminal():
        sys.stderr.write(f"\r\033[K{harmless(text[:100])}")
        sys.stderr.flush()


def count(number: int, noun: str) -> str:
    """How many of what: `1 spec`, `1200 specs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def print_diagnostics(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str], messages: str) -> None:
    """Print diagnostics in their order: as text, json, or what GitHub reads."""
    ordered = in_order(diagnostics)
    if messages == "json":
        say(render_json(ordered))
    elif messages == "github":
        if ordered:
            say(render_github(ordered))
    elif ordered:
        color = on_terminal() and "NO_COLOR" not in os.environ
        say(render_text(ordered[:MOST_SHOWN], texts, color), err=True, painted=True)
        if len(ordered) > MOST_SHOWN:
            say(f"… and {len(ordered) - MOST_SHOWN} more", err=True)


class Messages:
    """Diagnostics of a run: text as they come, json and github as one list at the end."""

    def __init__(self, style: str) -> None:
        self.style = style
        self.told: list[Diagnostic] = []
        self.texts: dict[str, str] = {}
        self._seen: set[Diagnostic] = set()

    def tell(self, diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> None:
        """Take diagnostics, and the texts of their files; those told before are not told again."""
        fresh = [d for d in diagnostics if d not in self._seen]
        self._seen.update(fresh)
        self.told += fresh
        self.texts |= texts
        if self.style == "text":
            print_diagnostics(fresh, texts, "text")

    def close(self) -> None:
        """Print the list of all, where that is the style."""
        if self.style != "text":
            print_diagnostics(self.told, self.texts, self.style)
