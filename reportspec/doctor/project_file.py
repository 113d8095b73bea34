"""The project file, its mapping and its own catalogue, and then the source that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from reportspec.check.project import NAMES, find_project, load_project, project_in
from reportspec.check.report import bind_source
from reportspec.diagnostics import in_order
from reportspec.doctor.finding import Finding, Level
from reportspec.doctor.source_findings import source


def project_place(given: Path | None) -> Path | None:
    """The project file that is meant: the one named, the one in the folder named, or the nearest."""
    if given is None:
        return find_project(Path.cwd() / "spec")
    return (project_in(given) or given / NAMES[0]) if given.is_dir() else given


def project_findings(place: Path | None, environment: Mapping[str, str]) -> Iterator[Finding]:
    """What is wrong with a project, and, if nothing is, with its source."""
    project, document = load_project(place, environment)
    bound = bind_source(project, document) if project is not None else None
    documents = (document, *(bound.documents if bound is not None else ()))
    problems = list(dict.fromkeys(p for document in documents for p in document.problems))
    for problem in in_order(problems):
        where = f"{problem.span.file}:{problem.span.line}: " if problem.span else ""
        level: Level = "warning" if problem.severity == "warning" else "error"
        if place is None:  # an installation may be looked at before there is a project
            level = "note"
        yield Finding(level, "project", f"{where}{problem.message}", problem.help)
    if project is not None and not any(p.severity == "error" for p in problems):
        yield Finding("ok", "project", document.file)
        if bound is not None and bound.written is not None:
            yield from source(project, bound.written, bound.binding(project))
