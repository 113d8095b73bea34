"""`require: audit`: no report of records that fail a check."""

from __future__ import annotations

from reportspec.audit.run import Asking, audited
from reportspec.compile import Program
from reportspec.diagnostics import Diagnostic
from reportspec.errors import Broken
from reportspec.measures.audit_wording import called, remedy_of, text_in
from reportspec.sql.survey_sql import fields_read


def require_audit(program: Program) -> None:
    """Nothing, where no check of severity error fails of those about what the report's figures are made of: the
    same that `reportspec audit SPEC` asks. Raises Broken, with each that does."""
    report = program.report
    if report.required is None:
        return
    needed = fields_read(program.trees, report.binding)
    clock = report.movable
    audit = audited(report.project, report.binding, report.now, None, needed, Asking(examples=0), clock)
    failed = [outcome for outcome in audit.outcomes if outcome.level == "error"]
    problems = [
        Diagnostic(
            "failed-audit",
            f"`require: audit`: the check `{outcome.check.id}` cannot be computed: {outcome.reason}",
            report.required,
            "mend its expression, or make it a warning",
        )
        for outcome in audit.outcomes
        if outcome.why == "refused" and outcome.check.severity == "error"
    ]
    if not failed and not problems:
        return
    for outcome in sorted(failed, key=lambda one: -one.broken):
        check = outcome.check
        rows = text_in(report.binding.entity(check.entity).plural, "en").lower()
        what = called(report.binding, check, "en")
        counted = f"{outcome.broken:,} of {outcome.looked:,} {rows}"
        message = f"`require: audit`: the check `{check.id}` fails: {what}, {counted}"
        remedy = remedy_of(check, "en").rstrip(".")
        known = "name the check with your reason under `checks: ignore:` of the project"
        help = f"{remedy[:1].lower()}{remedy[1:]}; or {known}" if remedy else f"mend them, or {known}"
        note = "`reportspec audit` with the spec shows which they are"
        problems.append(Diagnostic("failed-audit", message, report.required, help, (note,)))
    raise Broken(problems)
