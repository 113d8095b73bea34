"""The audit of a project: its file, its mapping, its own checks, and then its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from reportspec.audit.applicable import Fields
from reportspec.audit.dependencies import as_yaml
from reportspec.audit.run import EXAMPLES, MOST_TO_MEND, Asking, audited, proposed_of
from reportspec.check.own_catalogue import Own, check_names
from reportspec.check.project import load_project
from reportspec.check.report import bind_source
from reportspec.contract.ends import SourceAt
from reportspec.diagnostics import Diagnostic, in_order, suggestion
from reportspec.errors import ReportspecError
from reportspec.languages import base_language
from reportspec.lazy_dataclass import dataclass
from reportspec.model.audits import Audit
from reportspec.model.settings import Project
from reportspec.problems import problems_of
from reportspec.resolve.binding import Binding


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """What is asked of an audit: the instant (of the project's zone, where it names none), the environment, an entity
    alone, what is needed of each, how many examples of each check, whether the records to mend are listed, whether
    all broken rows of checks that store them are, and how many seconds a statement may take, if less than usual. Where
    only the `clock` says the instant, the end of the data may stand in for it."""

    now: datetime
    environment: Mapping[str, str]
    entity: str | None = None
    needed: Fields | None = None
    examples: int = EXAMPLES
    to_mend: bool = False
    failures: bool = False
    seconds: int | None = None
    clock: bool = False


@dataclass(frozen=True, slots=True)
class ProjectAudit:
    """What came of the audit of a project: all that is wrong with its files, and the audit where nothing is."""

    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    project: Project | None = None
    binding: Binding | None = None
    audit: Audit | None = None

    @property
    def language(self) -> str:
        """The language of the project's texts."""
        project = self.project
        known = (project.language or project.locale) if project is not None else None
        return base_language(known or "en")


def audit_project(place: Path | None, order: AuditOrder) -> ProjectAudit:
    """The audit of the project whose file it is. Mistakes, also those of the source, are diagnostics."""
    loaded, own = _loaded(place, order)
    project, binding, problems = loaded.project, loaded.binding, list(loaded.diagnostics)
    if project is None or binding is None or own is None:
        return loaded
    now = _now(project, order)
    try:
        asking_for = Asking(order.examples, MOST_TO_MEND * order.to_mend, failures=MOST_TO_MEND * order.failures)
        audit = audited(project, binding, now, order.entity, order.needed, asking_for, order.clock)
    except ReportspecError as error:
        problems += problems_of(place or Path(project.file), error, SourceAt(project, binding, now))
        return ProjectAudit(in_order(problems), loaded.texts, project, binding)
    problems += refused_checks(audit, own)
    return ProjectAudit(in_order(problems), loaded.texts, project, binding, audit)


def propose_checks(place: Path | None, order: AuditOrder) -> tuple[ProjectAudit, str]:
    """Checks that are proposed from the data, as a file of `audits`; nothing where the project or its source is
    wrong, which the diagnostics say."""
    loaded, _ = _loaded(place, order)
    project, binding, problems = loaded.project, loaded.binding, list(loaded.diagnostics)
    if project is None or binding is None:
        return loaded, ""
    now = _now(project, order)
    try:
        return loaded, as_yaml(proposed_of(project, binding, now, order.entity))
    except ReportspecError as error:
        problems += problems_of(place or Path(project.file), error, SourceAt(project, binding, now))
        return ProjectAudit(in_order(problems), loaded.texts, project, binding), ""


def _now(project: Project, order: AuditOrder) -> datetime:
    return order.now if order.now.tzinfo is not None else order.now.replace(tzinfo=ZoneInfo(project.timezone))


def _loaded(place: Path | None, order: AuditOrder) -> tuple[ProjectAudit, Own | None]:
    """The project and its binding, where nothing of its files is wrong, and its own catalogue."""
    project, document = load_project(place, order.environment)
    if project is None:
        return ProjectAudit(in_order(document.problems), {document.file: document.text}), None
    if order.seconds is not None:
        project = replace(project, timeout=min(project.timeout, order.seconds))
    bound = bind_source(project, document)
    binding = bound.binding(project)
    if binding is not None:
        check_names(binding, bound.own)
    documents = (document, *bound.documents)
    texts = {one.file: one.text for one in documents}
    problems = list(dict.fromkeys(problem for one in documents for problem in one.problems))
    stopped = any(problem.severity == "error" for problem in problems)
    if binding is not None and not stopped and order.entity is not None and order.entity not in binding.source.entities:
        known = list(binding.source.entities)
        what = f"the mapping gives no entity `{order.entity}`"
        problems.append(Diagnostic("unknown-entity", what, None, suggestion(order.entity, known)))
        stopped = True
    if binding is None or stopped:
        return ProjectAudit(in_order(problems), texts, project), None
    return ProjectAudit(in_order(problems), texts, project, binding), bound.own


def refused_checks(audit: Audit, own: Own) -> list[Diagnostic]:
    """What is told of checks that the database refuses to compute: those of the project's own at their place."""
    told = []
    for outcome in audit.outcomes:
        if outcome.why != "refused":
            continue
        name = outcome.check.id
        places = (document.span((*at, "audit")) for document, at, check in own.audits if check.id == name)
        message = f"the check `{name}` cannot be computed: {outcome.reason}"
        help = "mend its expression; the other checks were asked"
        told.append(Diagnostic("refused-check", message, next(places, None), help))
    return told
