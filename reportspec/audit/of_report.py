"""The audit that sections of a report show, of the rows that its filters leave."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace

from sqlglot import exp

from reportspec.audit.earlier import earlier
from reportspec.audit.run import MOST_TO_MEND, Asking, audits_of
from reportspec.model.audits import Audit
from reportspec.model.spec import EACH, Report
from reportspec.sql.audit_rows import WHOLE, Cut


def with_audit(report: Report) -> Report:
    """The report with what an audit finds, where sections of it show that: of each value of `for_each` by itself. What
    earlier audits found, which were of all records, stands beside that of all. Raises SourceError and HistoryError."""
    if not any(section.audited for section in report.sections):
        return report
    return with_audits(report, audits_for(report))


def audits_for(report: Report) -> Mapping[str, Audit]:
    """What an audit finds in the rows that a report's filters leave, of each value of `for_each`. Raises
    SourceError."""
    asked = Asking(examples=0, records=MOST_TO_MEND, cut=_cut(report))
    return audits_of(report.project, report.binding, report.now, asking_for=asked, clock=report.movable)


def with_audits(report: Report, audits: Mapping[str, Audit]) -> Report:
    """The report with what an audit found, and audits before. Raises HistoryError."""
    at = report.now.astimezone(report.binding.zone)
    before = earlier(report.project.root, at) if _cut(report) is WHOLE else None
    return replace(report, audits=audits, audited_before=before)


def audited_by(report: Report) -> Hashable:
    """What of a report decides what an audit finds for it, besides the files of its project and its source."""
    cut, binding = _cut(report), report.binding
    conditions = tuple(tree.sql() for tree in cut.conditions)
    return conditions, cut.by, report.now, report.movable, binding.currency, str(binding.zone), report.project.checks


def _cut(report: Report) -> Cut:
    conditions = tuple(tree for tree in report.conditions if not _names_value(tree))
    by = report.each.dimension.path if report.each is not None else ()
    return Cut(conditions, by) if conditions or by else WHOLE


def _names_value(tree: exp.Expr) -> bool:
    return any(text.is_string and text.this == EACH for text in tree.find_all(exp.Literal))
