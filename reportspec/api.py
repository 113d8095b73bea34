"""The program for programs: what the command line does, as functions.

`build` gives a `Report` with its figures, statements and forms; `send` sends it; `validate` gives what
is wrong with a spec. Mistakes are told by `ReportError`, with the same diagnostics.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.diagnostics import Diagnostic, Span, in_order, render_text

if TYPE_CHECKING:
    from reportspec.check.report import Checked
    from reportspec.deliver.send import Outcome
    from reportspec.deliver.status import Delivered
    from reportspec.each import Unowned
    from reportspec.errors import SourceError
    from reportspec.model.figures import Figures
    from reportspec.model.mail import Form, Mail
    from reportspec.model.spec import Report as CheckedReport


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
            raise ReportError([Diagnostic("missing-library", error.message, None, error.help)]) from None
        except OSError as error:
            raise ReportError([no_pango(error)]) from None

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
    path: str | Path,
    *,
    params: Mapping[str, object] | None = None,
    period: str | None = None,
    now: datetime | None = None,
) -> tuple[Diagnostic, ...]:
    """What is wrong with a spec, warnings included; the data is not touched."""
    return in_order(_checked(path, params, period, now).diagnostics)


def build(
    path: str | Path,
    *,
    params: Mapping[str, object] | None = None,
    period: str | None = None,
    now: datetime | None = None,
    each: str | None = None,
) -> Report:
    """Build the report of a spec. Of one with `for_each`, `each` names the value. Raises ReportError."""
    made = build_each(path, params=params, period=period, now=now, each=(each,) if each else ())
    if len(made) > 1:
        raise ReportError(
            [
                Diagnostic(
                    "each-wanted", f"{path} makes {len(made)} reports", None, "name one with each=…, or use build_each"
                )
            ]
        )
    return made[0]


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
    from reportspec.errors import SourceError
    from reportspec.stages import Timings, compile_report, run_each, run_report

    only = (each,) if isinstance(each, str) else tuple(each)
    checked = _sound(path, params, period, now)
    report = checked.report
    assert report is not None
    if only and report.each is None:
        raise ReportError([no_each(Path(path), only)])
    compiled = compile_report(report)
    stem = Path(path).stem
    try:
        if report.each is None:
            figures = run_report(report, compiled, Timings())
            warnings = (*checked.diagnostics, *figures.warnings)
            return [Report(stem, figures, checked.spec_text, warnings)]
        made = run_each(report, compiled, Timings(), only)
    except SourceError as error:
        raise ReportError(source_problems(Path(path), report, error), checked.texts) from None
    found = [one.value for one, _ in made]
    lacking = [one for one in only if one not in found]
    if lacking or not made:
        what = f"no value `{lacking[0][:60]}`" if lacking else "no values, so there is no report"
        raise ReportError([Diagnostic("no-values", f"{path}: `{report.each.dimension.name}` has {what}")])
    warnings = (
        *checked.diagnostics,
        *made.warnings,
        *without_report(Path(path), report, only, found),
        *without_value(Path(path), report, made.unowned),
    )
    return [Report(f"{stem}-{one.part}", figures, checked.spec_text, warnings, one.value) for one, figures in made]


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
    from reportspec.deliver.attempt import attempt
    from reportspec.deliver.send import Asked

    if to is not None and not to.strip():  # it would go to everybody
        help = "leave `to` out to send, or name who gets the mails of the rehearsal"
        raise ReportError([Diagnostic("bad-address", "`to` is empty", None, help)])
    only = (each,) if isinstance(each, str) else tuple(each)
    asked = Asked(Path(dry_run) if dry_run is not None else None, to or "", resend, only)
    made = attempt(
        Path(path),
        _moment(now),
        os.environ,
        asked,
        settings=_settings(params),
        period=period,
        clock=now is None,
    )
    if made.outcome is None:
        raise ReportError(made.diagnostics, made.texts, temporary=made.temporary)
    made.outcome.warnings = made.diagnostics
    return made.outcome


def status(project: str | Path | None = None, *, report: str | None = None, failed: bool = False) -> list[Delivered]:
    """What was sent, to whom and when, newest first: of a project, which is named by its file or
    folder (else the nearest is meant), or of one of its reports. Raises ReportError."""
    from reportspec.check.project import find_project
    from reportspec.deliver.ledger import LedgerError
    from reportspec.deliver.status import deliveries

    given = Path(project) if project is not None else Path.cwd()
    place = find_project(given / "spec") if given.is_dir() else given
    if place is None:
        raise ReportError([Diagnostic("no-project", f"there is no project file at `{given}`")])
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

    found, document = load_project(place, os.environ)
    if found is not None:
        return found.mail, found.root
    mail = readable_mail(document) if isinstance(document.data, dict) else None
    at = document.span(("deliver", "ledger"))
    if mail is None or any(problem.span == at for problem in document.problems):
        raise ReportError(document.problems, {document.file: document.text})
    return mail, place.parent


# --- what is told in the same way by the command line --------------------------------------------


def source_problems(path: Path, report: CheckedReport, error: SourceError) -> list[Diagnostic]:
    """What is told of a source that cannot be asked, each mistake by itself: where the project names the
    file or the source, or where the mapping names what is not there; of one of which no report is
    made, at the lines of the mapping."""
    from reportspec.errors import Broken

    source = report.project.source
    if isinstance(error, Broken):
        return [
            replace(one, message=f"{path}: {one.message}", span=one.span or source.span) for one in error.diagnostics
        ]
    return [_source_problem(path, report, one) for one in (error, *error.also)]


def _source_problem(path: Path, report: CheckedReport, error: SourceError) -> Diagnostic:
    source, notes = report.project.source, error.notes
    span, file = source.span, source.files.get(error.table)
    named = _named(report, error.column) if error.column else []
    if file is not None:
        span = file.span
    elif error.span is not None:
        span = error.span
    elif named:
        span = named[0][1]
        notes += ("the mapping takes " + ", ".join(f"`{name}`" for name, _ in named[:5]) + " from it",)
    return Diagnostic(error.code, f"{path}: {error.message}", span, error.help, notes)


def _named(report: CheckedReport, column: str) -> list[tuple[str, Span]]:
    """The fields that the mapping takes from a column, and where it says so; of a shipped mapping
    nobody sees the lines."""
    if not report.project.mapping:
        return []
    return [
        (f"{entity}.{field.name}", field.span)
        for entity, mapped in report.binding.source.entities.items()
        for part in mapped.parts
        for field in part.fields.values()
        if field.span is not None and any(one.name.lower() == column.lower() for one in field.sql.find_all(exp.Column))
    ]


def no_each(path: Path, each: Sequence[str]) -> Diagnostic:
    """What is told where values are named of a spec that is one report for all."""
    said = f"{path}: there is no report for `{each[0][:60]}`: the spec has no `for_each`"
    return Diagnostic("no-values", said, None, "add for example `for_each: user.name`")


def without_report(
    path: Path, report: CheckedReport, only: Collection[str], found: Collection[str]
) -> list[Diagnostic]:
    """Warnings of the values that the project's own file names and that have no report."""
    if report.each is None or report.each.table is None:
        return []
    from reportspec.deliver.send import unknown_recipients

    return [
        Diagnostic("no-values", f"{path}: no report for `{value[:60]}`: {why}", severity="warning")
        for value, why in unknown_recipients(report, only, found)
    ]


def without_value(path: Path | str, report: CheckedReport, unowned: Sequence[Unowned]) -> list[Diagnostic]:
    """A warning of rows that are in no report, since the field of `for_each` is empty in them."""
    if report.each is None or not unowned:
        return []
    name = report.each.dimension.name
    rows = max(one.rows for one in unowned)
    shown = ", ".join(f"{one.rows:,} of `{one.what}`" for one in unowned[:4])
    more = f" and {len(unowned) - 4} more" if len(unowned) > 4 else ""
    said = f"{path}: rows in which `{name}` is empty are in no report: {shown}{more}"
    figures = "1 figure" if len(unowned) == 1 else f"{len(unowned)} figures"
    note = f"of {figures} the reports together are less than the whole, by {rows:,} rows at most"
    help = f"fill `{name}` in the source or the mapping, for example by `coalesce(…, 'nobody')`"
    return [Diagnostic("rows-of-nobody", said, None, help, (note,), "warning")]


def no_pango(error: OSError) -> Diagnostic:
    """What is told where the library that makes PDFs is not there."""
    return Diagnostic(
        "missing-library",
        f"the PDF library cannot be loaded: {str(error).splitlines()[0][:200]}",
        None,
        "install Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0 "
        "libharfbuzz-subset0 · dnf install pango · brew install pango",
    )


def _sound(path: str | Path, params: Any, period: str | None, now: datetime | None) -> Checked:
    checked = _checked(path, params, period, now)
    if checked.broken or checked.report is None:
        raise ReportError(in_order(checked.diagnostics), checked.texts)
    return checked


def _checked(
    path: str | Path, params: Mapping[str, object] | None, period: str | None, now: datetime | None
) -> Checked:
    from reportspec.stages import load_report

    return load_report(
        Path(path),
        _moment(now),
        os.environ,
        settings=_settings(params),
        period=period,
        clock=now is None,
    )


def _settings(params: Mapping[str, object] | None) -> dict[str, str]:
    """Params as the command line gives them; those that are None keep their defaults."""
    return {name: str(value) for name, value in (params or {}).items() if value is not None}


def _moment(now: datetime | None) -> datetime:
    moment = now or datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
