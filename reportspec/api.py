"""The program for programs: what the command line does, as functions.

`build` gives a `Report` with its figures, statements and forms; `send` sends it; `validate` gives what
is wrong with a spec. Mistakes are told by `ReportError`, with the same diagnostics.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportspec.diagnostics import Diagnostic, render_text

if TYPE_CHECKING:
    from reportspec.check.report import Checked
    from reportspec.deliver.send import Outcome
    from reportspec.deliver.status import Delivered
    from reportspec.figures import Figures
    from reportspec.formats import Form


class ReportError(Exception):
    """A report cannot be made or sent. `diagnostics` say why, each with its place and the way out;
    `temporary` says that another try may do."""

    def __init__(
        self, diagnostics: Sequence[Diagnostic], texts: Mapping[str, str] = {}, *, temporary: bool = False
    ) -> None:  # fmt: skip
        super().__init__(render_text(diagnostics, texts))
        self.diagnostics, self.temporary = tuple(diagnostics), temporary


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
        return tuple(one.sql for one in self.figures.statements)

    def files(self, form: Form = "pdf") -> dict[str, bytes]:
        """The report in a form, by the names of its files. Raises ReportError."""
        from reportspec.formats import FormatError, files_of
        from reportspec.render.errors import RenderError

        try:
            return files_of(self.figures, form, self.name, self.spec)
        except RenderError as error:
            raise ReportError([Diagnostic("cannot-render", str(error))]) from None
        except FormatError as error:
            raise ReportError(
                [Diagnostic("missing-library", error.message, None, error.help)]
            ) from None

    def pdf(self) -> bytes:
        """The PDF. Raises ReportError."""
        return self.files("pdf")[f"{self.name}.pdf"]

    def save(self, folder: str | Path = "out", *forms: Form) -> list[Path]:
        """Write the report in forms (PDF if none is named), each file whole. Raises ReportError and
        OSError."""
        from reportspec.files import write_whole

        made: dict[str, bytes] = {}
        for form in forms or ("pdf",):
            made |= self.files(form)
        for name, data in made.items():
            write_whole(Path(folder) / name, data)
        return [Path(folder) / name for name in made]


def validate(
    path: str | Path, *, params: Mapping[str, object] | None = None, period: str | None = None,
    now: datetime | None = None,
) -> tuple[Diagnostic, ...]:  # fmt: skip
    """What is wrong with a spec, warnings included; the data is not touched."""
    return _checked(path, params, period, now).diagnostics


def build(
    path: str | Path, *, params: Mapping[str, object] | None = None, period: str | None = None,
    now: datetime | None = None, each: str | None = None,
) -> Report:  # fmt: skip
    """Build the report of a spec. Of one with `for_each`, `each` names the value. Raises ReportError."""
    made = build_each(path, params=params, period=period, now=now, each=(each,) if each else ())
    if len(made) > 1:
        raise ReportError([Diagnostic("each-wanted", f"{path} makes {len(made)} reports", None,
                                      "name one with each=…, or use build_each")])  # fmt: skip
    return made[0]


def build_each(
    path: str | Path, *, params: Mapping[str, object] | None = None, period: str | None = None,
    now: datetime | None = None, each: Sequence[str] = (),
) -> list[Report]:  # fmt: skip
    """Build the reports of a spec: one for each value of its `for_each`, or the only one. Raises
    ReportError."""
    from reportspec.deliver.naming import distinct, slug
    from reportspec.run.connection import SourceError
    from reportspec.stages import Timings, compile_report, run_each, run_report

    checked = _sound(path, params, period, now)
    report = checked.report
    assert report is not None
    compiled = compile_report(report)
    stem = Path(path).stem
    try:
        if report.each is None:
            figures = run_report(report, compiled, Timings())
            return [Report(stem, figures, checked.spec_text, checked.diagnostics)]
        made = run_each(report, compiled, Timings(), each)
    except SourceError as error:
        span = report.project.source.span
        raise ReportError(
            [Diagnostic(error.code, error.message, span, error.help, error.notes)], checked.texts
        ) from None
    if not made:
        raise ReportError(
            [Diagnostic("no-values", f"`{report.each.dimension.name}` has no such value")]
        )
    names = distinct([f"{stem}-{slug(one.value)}" for one, _ in made])
    return [
        Report(name, figures, checked.spec_text, checked.diagnostics, one.value)
        for name, (one, figures) in zip(names, made, strict=True)
    ]


def send(
    path: str | Path, *, params: Mapping[str, object] | None = None, period: str | None = None,
    now: datetime | None = None, each: Sequence[str] = (), dry_run: str | Path | None = None, to: str = "",
    resend: bool = False,
) -> Outcome:  # fmt: skip
    """Build the report of a spec and send it as `deliver` says; what became of each mail is in the
    outcome. Raises ReportError where nothing could be sent."""
    from reportspec.deliver import send as sending
    from reportspec.deliver.ledger import LedgerError
    from reportspec.deliver.smtp import MailError

    checked = _sound(path, params, period, now)
    assert checked.report is not None
    wanted = sending.Asked(Path(dry_run) if dry_run is not None else None, to, resend, tuple(each))
    try:
        return sending.send(checked.report, checked.spec_text, wanted)
    except (
        sending.Refused,
        LedgerError,
        MailError,
        sending.SourceError,
        sending.FormatError,
    ) as error:
        problem = Diagnostic("not-sent", error.message, None, error.help)
        later = isinstance(error, MailError) and error.temporary
    except sending.RenderError as error:
        problem, later = Diagnostic("cannot-render", str(error)), False
    sending.tell_maintainers(checked.report, wanted, [problem.message])
    raise ReportError([problem], checked.texts, temporary=later)


def status(project: str | Path = ".") -> list[Delivered]:
    """What was sent, to whom and when, newest first. Raises ReportError."""
    from reportspec.check.project import load_project
    from reportspec.deliver.ledger import LedgerError
    from reportspec.deliver.status import deliveries
    from reportspec.doctor import project_place

    place = project_place(Path(project))
    found, document = load_project(place, os.environ)
    if found is None:
        raise ReportError(document.problems, {document.file: document.text})
    try:
        return deliveries(found)
    except LedgerError as error:
        raise ReportError([Diagnostic("no-ledger", error.message, None, error.help)]) from None


def _sound(path: str | Path, params: Any, period: str | None, now: datetime | None) -> Checked:
    checked = _checked(path, params, period, now)
    if checked.broken or checked.report is None:
        raise ReportError(checked.diagnostics, checked.texts)
    return checked


def _checked(
    path: str | Path, params: Mapping[str, object] | None, period: str | None, now: datetime | None
) -> Checked:
    from reportspec.stages import load_report

    told = {name: str(value) for name, value in (params or {}).items()}
    moment = now or datetime.now(UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return load_report(Path(path), moment, os.environ, settings=told, period=period)
