"""A project with its catalogue and its mapping, for those who ask what there is and not for a report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reportspec.check.own_catalogue import Own, check_names
from reportspec.check.project import demo_project, find_project, load_project, project_in
from reportspec.check.report import bind_source
from reportspec.diagnostics import Diagnostic
from reportspec.edits import with_edits
from reportspec.lazy_dataclass import dataclass
from reportspec.model.settings import Project
from reportspec.resolve.binding import Binding
from reportspec.resolve.document import Document


@dataclass(frozen=True, slots=True)
class BoundProject:
    """A project, the catalogue bound to its source, and its own catalogue's files; None what could not be read.
    `problems` are what is wrong with its files, whose texts are `texts`."""

    project: Project | None
    binding: Binding | None
    own: Own | None
    problems: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    file: Path | None = None  # the project's, if there is one


def bound_project(start: Path, environment: Mapping[str, str]) -> BoundProject:
    """The project whose file is `start`, or that a folder belongs to; the demo where there is none. No data are read
    but the columns of files."""
    file = start if start.is_file() else find_project(start / "x")
    file = file or project_in(start / "specs")
    project: Project | None = demo_project(start)
    document = Document("", "", None, {"version": 1})
    if file is not None:
        project, document = load_project(file, environment)
    if project is None:
        return BoundProject(None, None, None, tuple(document.problems), {document.file: document.text}, file)
    bound = bind_source(project, document)
    documents = (document, *bound.documents)
    binding = bound.binding(project)
    if binding is not None:
        check_names(binding, bound.own)
    texts = {each.file: each.text for each in documents}
    problems = with_edits((problem for each in documents for problem in each.problems), texts)
    usable = not any(each.broken for each in bound.documents)
    return BoundProject(project, binding if usable else None, bound.own, problems, texts, file)
