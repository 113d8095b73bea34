"""What surrounds every command: the standard streams, signals, and exit codes of whatever goes wrong."""

from __future__ import annotations

import errno
import gc
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click

from reportspec.cli.exit_codes import BUG, INTERRUPTED, MISUSE, WRONG
from reportspec.diagnostics import TOO_LITTLE, bug_sentence, lacks_memory
from reportspec.files import keep_together
from reportspec.stopping import Stop

DEBUG = "REPORTSPEC_DEBUG"  # the variable that asks for what Python knows of a bug
# No room left (also by quota), a file that is too large, a disk that fails or may not be written.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})


def run(command: click.Command) -> None:
    """Run the command that the arguments name, and end with its code."""
    # A run is short and its trees are many: collecting garbage often takes half of the time.
    gc.set_threshold(100_000, 50, 50)
    _fill_gaps()
    _drop_unknown_zone()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    stop = Stop()
    try:
        stop.listen()
        keep_together()
        _need_folder()
        _ended_by(command, stop)
    except click.ClickException as error:
        error.show()
        sys.exit(MISUSE)
    except (click.Abort, KeyboardInterrupt):
        stop.say()
        sys.exit(stop.code or INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(WRONG)
    except OSError as error:
        if error.errno not in NO_ROOM:
            _bug(error)
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        with suppress(OSError):
            click.echo(f"what was to be printed cannot be written: {os.strerror(error.errno or 0).lower()}", err=True)
        sys.exit(WRONG)
    except Exception as error:
        _bug(error)


def _bug(error: Exception) -> NoReturn:
    if os.environ.get(DEBUG):
        raise error
    if lacks_memory(error):
        _, message, help = TOO_LITTLE
        click.echo(f"{message}: {help}", err=True)
        sys.exit(WRONG)
    click.echo(bug_sentence(error), err=True)
    click.echo(f"Set {DEBUG}=1 to see where, and please report it with the spec.", err=True)
    sys.exit(BUG)


def _ended_by(command: click.Command, stop: Stop) -> None:
    """Run the command. Whatever came of a signal that stopped it, in a library that took it for an
    error of its own, it was stopped."""
    try:
        command.main(standalone_mode=False)
    except BaseException:
        if stop.code is not None:
            raise KeyboardInterrupt from None
        raise


def _need_folder() -> None:
    """Nothing, unless the folder in which the command runs was deleted: no path can be told from there. Raises
    ClickException."""
    try:
        Path.cwd()
    except FileNotFoundError:
        raise click.ClickException("the folder in which this runs was deleted: go to another one (`cd`)") from None


def _drop_unknown_zone() -> None:
    """Take away a `TZ` that is no time zone, at which libraries would fail: no figure hangs on it, since a project has
    a zone of its own."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if not name:
        return
    from zoneinfo import ZoneInfo

    try:
        if Path(name).exists():
            with Path(name).open("rb") as file:
                ZoneInfo.from_file(file)
        else:
            ZoneInfo(name)
    except (OSError, ValueError, LookupError, ImportError):
        del os.environ["TZ"]


def _fill_gaps() -> None:
    """Open the standard streams that whoever started the program closed: otherwise the next file to be
    opened, such as the ledger, would get the number under which libraries print their warnings."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
