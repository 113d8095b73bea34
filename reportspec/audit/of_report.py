"""The audit that sections of a report show, of the rows that its filters leave."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from reportspec.audit.earlier import earlier
from reportspec.audit.run import MOST_TO_MEND, Asking, audits_of
from reportspec.model.spec import EACH, Report
from reportspec.sql.audit_rows import WHOLE, Cut


def with_audit(report: Report) -> Report:
    """The report with what an audit finds, where sections of it show that: of each value of `for_each` by itself. What
    earlier audits found, which were of all records, stands beside that of all. Raises SourceError and HistoryError."""
    if not any(section.audited for section in report.sections):
        return report
    conditions = tuple(tree for tree in report.conditions if not _names_value(tree))
    each = report.each
    by = each.dimension.path if each is not None else ()
    cut = Cut(conditions, by) if conditions or by else WHOLE
    asked = Asking(examples=0, records=MOST_TO_MEND, cut=cut)
    audits = audits_of(report.project, report.binding, report.now, asking_for=asked, clock=report.movable)
    before = earlier(report.project.root) if cut is WHOLE else None
    return replace(report, audits=audits, audited_before=before)


def _names_value(tree: exp.Expr) -> bool:
    return any(text.is_string and text.this == EACH for text in tree.find_all(exp.Literal))
