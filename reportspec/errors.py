"""What is raised for anything but a mistake in a file of the user's."""

from __future__ import annotations

from collections.abc import Sequence

from reportspec.diagnostics import Diagnostic, Span


class SourceError(Exception):
    """The source cannot be read: what is wrong, and the way out. No secret is in it. `lost` says
    that the connection broke off, and that another try may do; `column` is one that is not there.
    `table` is the one that it is about, where that is a file; `also` are the other mistakes that were
    found with this one. `tree` is the statement that failed, where one did; `span` the line of the mapping
    that it is about, where that is known."""

    tree: object = None
    span: Span | None = None

    def __init__(
        self,
        code: str,
        message: str,
        help: str | None = None,
        notes: tuple[str, ...] = (),
        *,
        lost: bool = False,
        column: str = "",
        table: str = "",
        also: tuple[SourceError, ...] = (),
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.help, self.notes = code, message, help, notes
        self.lost, self.column, self.table, self.also = lost, column, table, also


class Broken(SourceError):
    """The source does not keep its contract, and figures would be wrong: all that is wrong with it."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        first = diagnostics[0]
        super().__init__(first.code, first.message, first.help, first.notes)
        self.diagnostics = tuple(diagnostics)
