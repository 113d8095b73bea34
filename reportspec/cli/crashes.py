"""What goes wrong in reportspec itself while several specs are gone through: it ends the work on one spec alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path

import click

from reportspec.cli.exit_codes import BUG, WRONG
from reportspec.cli.printing import Messages
from reportspec.cli.process import DEBUG, NO_ROOM
from reportspec.diagnostics import lacks_memory
from reportspec.lazy_dataclass import dataclass
from reportspec.problems import bug_of
from reportspec.stopping import end_if_told

_OF_THE_COMMAND = (click.ClickException, click.Abort, click.exceptions.Exit)


@dataclass(slots=True)
class Crashes:
    """The specs of a run that a bug stopped."""

    told: Messages
    paths: list[Path] = field(default_factory=list)
    first: Exception | None = None
    bugs: bool = False  # whether one is no lack of memory

    @contextmanager
    def of(self, path: Path) -> Iterator[None]:
        """Work on one spec. A bug is told at its file, and what follows goes on; not so what ends the command itself,
        or a stream that nothing can be printed to."""
        try:
            yield
        except _OF_THE_COMMAND:
            raise
        except Exception as error:
            if isinstance(error, OSError) and (isinstance(error, BrokenPipeError) or error.errno in NO_ROOM):
                raise
            end_if_told()  # a library may have taken the signal for an error of its own
            self.paths.append(path)
            self.first = self.first or error
            self.bugs = self.bugs or not lacks_memory(error)
            self.told.tell([bug_of(path, error)], {})

    def code(self, otherwise: int) -> int:
        """The code to end with: that of a bug, where there was one. Raises that instead for whoever wants to see it."""
        if self.first is not None and os.environ.get(DEBUG):
            raise self.first
        return BUG if self.bugs else (otherwise or WRONG) if self.paths else otherwise
