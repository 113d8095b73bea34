"""What people are told of an error: the one place where what was raised becomes diagnostics."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlglot import exp

from reportspec.diagnostics import TOO_LITTLE, Diagnostic, Span, bug_sentence, lacks_memory
from reportspec.errors import Broken, FormatError, RenderError, ReportspecError, SourceError
from reportspec.lazy_pattern import lazy_pattern
from reportspec.suggested_yaml import yaml_list

if TYPE_CHECKING:
    from reportspec.burst.unowned import Unowned
    from reportspec.model.figures import Figures
    from reportspec.model.settings import FileSpec, Project
    from reportspec.model.spec import Report
    from reportspec.resolve.binding import Binding


class OfSource(Protocol):
    """What reads a source: a report, or an audit."""

    @property
    def project(self) -> Project:
        """Whose source it is."""

    @property
    def binding(self) -> Binding:
        """What is read of it."""


def problems_of(path: Path, error: ReportspecError | OSError, reading: OfSource | None = None) -> list[Diagnostic]:
    """What is told of an error that keeps a spec from being built or sent: several things where the source that a
    report, or an audit, is `reading` has several wrong."""
    if isinstance(error, SourceError) and reading is not None:
        return _of_source(path, reading, error)
    if isinstance(error, FormatError):  # it is not the spec's doing
        return [Diagnostic(error.code, error.message, None, error.help, error.notes)]
    if isinstance(error, ReportspecError):
        personal = _of_rows(error)
        return [Diagnostic(error.code, _said_of(path, error.message), None, error.help, error.notes, personal=personal)]
    return [_of_system(path, error)]


def bug_of(path: Path, error: Exception) -> Diagnostic:
    """What is told of a bug of reportspec, or of memory that is lacking, that kept it from its work on one spec, at the
    spec's file."""
    if lacks_memory(error):
        code, message, help = TOO_LITTLE
        return Diagnostic(code, f"{path}: {message}", Span(str(path), 1, 1, 1, 1), help)
    help = "set REPORTSPEC_DEBUG=1 to see where, and please report it with the spec"
    return Diagnostic("bug", f"{path}: {bug_sentence(error)}", Span(str(path), 1, 1, 1, 1), help)


def not_written(path: Path, error: OSError, by: str = "-o") -> Diagnostic:
    """What is told of a file or folder that cannot be written: the name once, why, and what to do about that. `by` is
    the option that names another place, if one does."""
    named = f" with {by}" if by else ""
    why = (error.strerror or str(error)).lower()
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        help = f"make room, or name a place that has some{named}" if by else "make room"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        help = f"name a place where you may write{named}" if by else "look who may write there"
    else:
        help = f"name another place{named}" if by else "look what stands there"
    return Diagnostic("cannot-write", f"`{path}` cannot be written: {why}", None, help)


def _said_of(path: Path, message: str) -> str:
    """A message with what it is about at its head, where it does not name that or something in it by itself."""
    return message if f"`{path}`" in message or f"`{path}/" in message else f"{path}: {message}"


def _of_system(path: Path, error: OSError) -> Diagnostic:
    """What is told where the system does not do something: files, or the library that makes PDFs."""
    if "load library" in str(error):
        return no_pango(error)
    named = f"`{error.filename}`: " if error.filename and str(error.filename) != str(path) else ""
    message = _said_of(path, f"{named}{(error.strerror or str(error)).lower()}")
    return Diagnostic("no-file", message, None, "look whether there is room for files, and who may write them")


def _of_source(path: Path, reading: OfSource, error: SourceError) -> list[Diagnostic]:
    """What is told of a source that cannot be asked, each mistake by itself: where the project names the
    file or the source, or where the mapping names what is not there; of one of which no report is
    made, at the lines of the mapping."""
    source = reading.project.source
    found = []
    for failure in (error, *error.also):
        if isinstance(failure, Broken):
            found += [
                replace(diagnostic, message=f"{path}: {diagnostic.message}", span=diagnostic.span or source.span)
                for diagnostic in failure.diagnostics
            ]
        else:
            found.append(_one_of_source(path, reading, failure))
    return found


def _one_of_source(path: Path, reading: OfSource, error: SourceError) -> Diagnostic:
    source, notes, help = reading.project.source, error.notes, error.help
    span, file = source.span, source.files.get(error.table)
    named = _named(reading, error.column) if error.column else []
    if file is not None:
        span, help = file.span, _in_full(error.table, file, help)
    elif error.span is not None:
        span = error.span
    elif named:
        span = named[0][1]
        notes += ("the mapping takes " + ", ".join(f"`{name}`" for name, _ in named[:5]) + " from it",)
    return Diagnostic(error.code, f"{path}: {error.message}", span, help, notes, personal=_of_rows(error))


_SETTING = lazy_pattern(
    "`((encoding|delimiter|decimal|thousands|date_format|skip|sheet|columns|null|percent): [^`]*)`"
)  # of a file, as helps tell people to write it


def _in_full(table: str, file: FileSpec, help: str | None) -> str | None:
    """A help with all of what is to be written, where a file's path stands alone and a setting is told: whoever has
    never written one does not know where it goes."""
    found = dict.fromkeys(_SETTING.findall(help or ""))
    if not file.alone or not found:
        return help
    (setting, key), *others = found
    path = yaml_list([file.alone])[1:-1]
    return f"{help}; in full `{table}: {{path: {path}, {f'{key}: …' if others else setting}}}`"


def _of_rows(error: ReportspecError) -> tuple[str, ...]:
    """What is told of a file has lines of it in its notes."""
    return error.notes if isinstance(error, SourceError) and error.table else ()


def _named(reading: OfSource, column: str) -> list[tuple[str, Span]]:
    """The fields that the mapping takes from a column, and where it says so; of a shipped mapping
    nobody sees the lines."""
    if not reading.project.mapping:
        return []
    return [
        (f"{entity}.{field.name}", field.span)
        for entity, mapped in reading.binding.source.entities.items()
        for part in mapped.parts
        for field in part.fields.values()
        if field.span is not None
        and any(column_node.name.lower() == column.lower() for column_node in field.sql.find_all(exp.Column))
    ]


def without_report(path: Path, absent: Iterable[tuple[str, str]]) -> list[Diagnostic]:
    """Warnings of the values that the project's own file names and that have no report, with why."""
    return [
        Diagnostic("no-values", f"{path}: no report for `{value[:60]}`: {why}", severity="warning")
        for value, why in absent
    ]


def without_value(path: Path | str, report: Report, unowned: Sequence[Unowned]) -> list[Diagnostic]:
    """A warning of rows that are in no report, since the field of `for_each` is empty in them."""
    if report.each is None or not unowned:
        return []
    name = report.each.dimension.name
    rows = max(gap.rows for gap in unowned)
    shown = ", ".join(f"{gap.rows:,} of `{gap.what}`" for gap in unowned[:4])
    more = f" and {len(unowned) - 4} more" if len(unowned) > 4 else ""
    message = f"{path}: rows in which `{name}` is empty are in no report: {shown}{more}"
    figures = "1 figure" if len(unowned) == 1 else f"{len(unowned)} figures"
    note = f"of {figures} the reports together are less than the whole, by {rows:,} rows at most"
    help = f"fill `{name}` in the source or the mapping, for example by `coalesce(…, 'nobody')`"
    return [Diagnostic("rows-of-nobody", message, None, help, (note,), "warning")]


def no_pango(error: OSError) -> Diagnostic:
    """What is told where the library that makes PDFs is not there."""
    return Diagnostic(
        "missing-library",
        f"the PDF library cannot be loaded: {str(error).splitlines()[0][:200]}",
        None,
        "install Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0 "
        "libharfbuzz-subset0 · dnf install pango · brew install pango",
    )


def letters_told(path: Path, figures: Figures) -> list[Diagnostic]:
    """A warning of letters that would be boxes on paper, of the report that a spec makes."""
    from reportspec.render.fonts import letters_without_font

    try:
        letters = letters_without_font(figures.texts(), figures.theme)
    except RenderError:
        return []  # told when it is rendered
    if not letters:
        return []
    shown = " ".join(letters[:10]) + (" …" if len(letters) > 10 else "")
    text = f"{path}: no font has these letters, so the PDF shows boxes: {shown}"
    help = "install fonts for them, for example Debian's fonts-noto and fonts-noto-cjk"
    return [Diagnostic("missing-font", text, None, help, severity="warning")]
