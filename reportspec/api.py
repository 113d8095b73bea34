"""The program for programs: what the command line does, as functions.

`build` gives a `Report` with its figures, statements and forms; `send` sends it; `validate` gives what
is wrong with a spec. Mistakes are told by `ReportError`, with the same diagnostics.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportspec.diagnostics import Diagnostic, in_order, render_text
from reportspec.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from reportspec.building import Order
    from reportspec.deliver.send import Outcome
    from reportspec.deliver.status import Delivered
    from reportspec.model.figures import Figures
    from reportspec.model.mail import Form, Mail


class ReportError(Exception):
    """A report cannot be made or sent. `diagnostics` say why, each with its place and the way out, and
    `texts` are the files of those places; `temporary` says that another try may do."""

    def __init__(
        self, diagnostics: Sequence[Diagnostic], texts: Mapping[str, str] = {}, *, temporary: bool = False
    ) -> None:
        super().__init__(render_text(diagnostics, texts))
        self.diagnostics, self.texts, self.temporary = tuple(diagnostics), dict(texts), temporary

    def __reduce__(self) -> tuple[Any, ...]:
        """Schedulers send what is raised from one process to another."""
        return _error, (self.diagnostics, self.texts, self.temporary)


def _error(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str], temporary: bool) -> ReportError:
    return ReportError(diagnostics, texts, temporary=temporary)


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was built: its figures, the statements that they come from, and warnings. With
    `for_each` it is that of one `value`."""

    name: str
    figures: Figures
    spec: str = field(repr=False)
    warnings: tuple[Diagnostic, ...] = ()
    value: str = ""

    @property
    def sql(self) -> tuple[str, ...]:
        """The statements that were run."""
        return tuple(statement.sql for statement in self.figures.statements)

    def files(self, form: Form = "pdf") -> dict[str, bytes]:
        """The report in a form, by the names of its files. Raises ReportError."""
        from reportspec.errors import ReportspecError
        from reportspec.formats import files_of
        from reportspec.problems import problems_of

        try:
            return files_of(self.figures, form, self.name, self.spec)
        except (ReportspecError, OSError) as error:
            raise ReportError(problems_of(Path(self.name), error)) from None

    def pdf(self) -> bytes:
        """The PDF. Raises ReportError."""
        return self.files("pdf")[f"{self.name}.pdf"]

    def save(self, folder: str | Path = "out", *forms: Form) -> list[Path]:
        """Write the report in forms (PDF if none is named), each file whole. Raises ReportError and
        OSError."""
        from reportspec.files import write_whole

        contents: dict[str, bytes] = {}
        for form in forms or ("pdf",):
            contents |= self.files(form)
        for name, data in contents.items():
            write_whole(Path(folder) / name, data)
        return [Path(folder) / name for name in contents]


def validate(
    path: str | Path,
    *,
    params: Mapping[str, object] | None = None,
    period: str | None = None,
    now: datetime | None = None,
) -> tuple[Diagnostic, ...]:
    """What is wrong with a spec, warnings included; the data is not touched."""
    from reportspec.building import absent_columns, load

    checked = load(Path(path), _order(params, period, now))
    return in_order([*checked.diagnostics, *absent_columns(Path(path), checked)])


def build(
    path: str | Path,
    *,
    params: Mapping[str, object] | None = None,
    period: str | None = None,
    now: datetime | None = None,
    each: str | None = None,
) -> Report:
    """Build the report of a spec. Of one with `for_each`, `each` names the value. Raises ReportError."""
    reports = build_each(path, params=params, period=period, now=now, each=(each,) if each else ())
    if len(reports) > 1:
        raise ReportError(
            [
                Diagnostic(
                    "each-wanted",
                    f"{path} makes {len(reports)} reports",
                    None,
                    "name one with each=…, or use build_each",
                )
            ]
        )
    return reports[0]


def build_each(
    path: str | Path,
    *,
    params: Mapping[str, object] | None = None,
    period: str | None = None,
    now: datetime | None = None,
    each: str | Sequence[str] = (),
) -> list[Report]:
    """Build the reports of a spec: one for each value of its `for_each` (or for those that `each`
    names), or the only one. Raises ReportError."""
    from reportspec.building import build

    only = (each,) if isinstance(each, str) else tuple(each)
    built = build(Path(path), _order(params, period, now, only))
    if built.made is None:
        raise ReportError(built.diagnostics, built.texts, temporary=built.temporary)
    stem = Path(path).stem
    return [
        Report(
            f"{stem}-{report.part}" if report.part else stem, figures, built.spec_text, built.diagnostics, report.value
        )
        for report, figures in built.made.figures
    ]


def send(
    path: str | Path,
    *,
    params: Mapping[str, object] | None = None,
    period: str | None = None,
    now: datetime | None = None,
    each: str | Sequence[str] = (),
    dry_run: str | Path | None = None,
    to: str | None = None,
    resend: bool = False,
) -> Outcome:
    """Build the report of a spec and send it as `deliver` says; what became of each mail is in the
    outcome. `dry_run` is a folder for the mails instead, `to` who gets them in a rehearsal. Raises
    ReportError where nothing could be sent. Who looks after the report is told of what went wrong."""
    from reportspec.deliver.attempt import as_diagnostics, attempt
    from reportspec.deliver.send import SendOptions

    if to is not None and not to.strip():  # it would go to everybody
        help = "leave `to` out to send, or name who gets the mails of the rehearsal"
        raise ReportError([Diagnostic("bad-address", "`to` is empty", None, help)])
    only = (each,) if isinstance(each, str) else tuple(each)
    options = SendOptions(Path(dry_run) if dry_run is not None else None, to or "", resend)
    attempted = attempt(Path(path), _order(params, period, now, only), options)
    if attempted.outcome is None or attempted.stopped:
        told = as_diagnostics(Path(path), attempted.outcome.sent) if attempted.outcome is not None else []
        raise ReportError((*attempted.diagnostics, *told), attempted.texts, temporary=attempted.temporary)
    attempted.outcome.warnings = attempted.diagnostics
    return attempted.outcome


def status(project: str | Path | None = None, *, report: str | None = None, failed: bool = False) -> list[Delivered]:
    """What was sent, to whom and when, newest first: of a project, which is named by its file or
    folder (else the nearest is meant), or of one of its reports. Raises ReportError."""
    from reportspec.check.project import find_project
    from reportspec.deliver.status import deliveries
    from reportspec.errors import LedgerError

    folder = Path(project) if project is not None else Path.cwd()
    place = find_project(folder / "spec") if folder.is_dir() else folder
    if place is None:
        raise ReportError([Diagnostic("no-project", f"there is no project file at `{folder}`")])
    mail, root = ledger_of(place)
    try:
        return deliveries(mail, root, report, failed)
    except LedgerError as error:
        raise ReportError([Diagnostic("no-ledger", error.message, None, error.help)]) from None


def ledger_of(place: Path) -> tuple[Mail, Path]:
    """How a project sends, which says where its ledger is, and its folder. What else is wrong with its
    file, such as a password that is not set here, keeps nobody from looking. Raises ReportError."""
    from reportspec.check.project import load_project
    from reportspec.deliver.maintainers import readable_mail

    project_file, document = load_project(place, os.environ)
    if project_file is not None:
        return project_file.mail, project_file.root
    mail = readable_mail(document) if isinstance(document.data, dict) else None
    at = document.span(("deliver", "ledger"))
    if mail is None or any(problem.span == at for problem in document.problems):
        raise ReportError(document.problems, {document.file: document.text})
    return mail, place.parent


def _order(
    params: Mapping[str, object] | None, period: str | None, now: datetime | None, only: tuple[str, ...] = ()
) -> Order:
    from reportspec.building import Order

    return Order(_moment(now), os.environ, _settings(params), period, clock=now is None, only=only)


def _settings(params: Mapping[str, object] | None) -> dict[str, str]:
    """Params as the command line gives them; those that are None keep their defaults."""
    return {name: str(value) for name, value in (params or {}).items() if value is not None}


def _moment(now: datetime | None) -> datetime:
    moment = now or datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
