"""What is raised for anything but a mistake in a file of the user's: what is wrong, and the way out.

`problems.py` makes diagnostics of them, the one place where people are told. No secret is in any.
"""

from __future__ import annotations

from collections.abc import Sequence

from reportspec.diagnostics import Diagnostic, Span


class ReportspecError(Exception):
    """Something outside the program keeps it from its work: what (`message`), its kind (`code`), and the
    way out (`help`, `notes`). `temporary` says that another try may do."""

    code = "failed"
    temporary = False

    def __init__(self, message: str, help: str | None = None, notes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message, self.help, self.notes = message, help, notes


class SourceError(ReportspecError):
    """The source cannot be read. `lost` says that the connection broke off, and that another try may do;
    `column` is one that is not there. `table` is the one that it is about, where that is a file, `of_column` its
    column, where it is about one, and `columns` those of the file, where these are known though not all its values can
    be read. `also` are the other mistakes that were found with this one. `tree` is the statement that failed, where
    one did; `span` the line of the mapping that it is about, where that is known."""

    tree: object = None
    span: Span | None = None
    columns: tuple[str, ...] = ()

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
        of_column: str = "",
        also: tuple[SourceError, ...] = (),
    ) -> None:
        super().__init__(message, help, notes)
        self.code, self.lost, self.column, self.table, self.also = code, lost, column, table, also
        self.of_column = of_column
        self.temporary = lost or code in ("no-connection", "held-source")


class Broken(SourceError):
    """The source does not keep its contract, and figures would be wrong: all that is wrong with it."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        first = diagnostics[0]
        super().__init__(first.code, first.message, first.help, first.notes)
        self.diagnostics = tuple(diagnostics)


class NoReport(ReportspecError):
    """There is no report for what was asked for: a value of `for_each` that there is not, or none at all."""

    code = "no-values"


class RenderError(ReportspecError):
    """The report cannot be laid out: a refused logo, colour, chart or fetch. Says which."""

    code = "cannot-render"


class FormatError(ReportspecError):
    """A form cannot be made here, for want of a library."""

    code = "missing-library"


class LedgerError(ReportspecError):
    """The ledger cannot be used, so nothing is sent, or nothing more: then `outcome` has what became of each mail
    until then. `temporary` says that it may do later."""

    code = "no-ledger"
    outcome: object = None

    def __init__(self, message: str, help: str | None = None, *, temporary: bool = False) -> None:
        super().__init__(message, help)
        self.temporary = temporary


class NotNoted(LedgerError):
    """Something was handed over, and the ledger could not be told what came of it: it was `taken`, or not."""

    def __init__(self, message: str, help: str | None, *, taken: bool, temporary: bool) -> None:
        super().__init__(message, help, temporary=temporary)
        self.taken = taken


class MailError(ReportspecError):
    """No mail can be sent at all; `temporary` says whether it may do later."""

    code = "no-mail"

    def __init__(self, message: str, help: str | None = None, *, temporary: bool = False) -> None:
        super().__init__(message, help)
        self.temporary = temporary


class NotSent(ReportspecError):
    """Nothing of a report is sent."""

    code = "not-sent"
