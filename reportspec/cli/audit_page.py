"""An audit as a page in the design of reports, of what was found already: the source is not asked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reportspec.errors import ReportspecError

if TYPE_CHECKING:
    from reportspec.audit.project_audit import ProjectAudit
    from reportspec.building import Order
    from reportspec.diagnostics import Diagnostic
    from reportspec.model.audits import Audit
    from reportspec.model.spec import Report

_NAME = "data_quality"


def audit_page(
    made: ProjectAudit, audit: Audit, place: Path | None, order: Order, personal: bool
) -> bytes | Sequence[Diagnostic]:
    """The bytes of the PDF that a report of the type `data_quality` makes of an audit, with values that tell who
    somebody is where these may be `personal`; the mistakes for which there is none."""
    from reportspec.audit.of_report import with_audits
    from reportspec.building import built_of
    from reportspec.check.report import check_document
    from reportspec.formats import files_of
    from reportspec.problems import problems_of
    from reportspec.resolve.document import written_document
    from reportspec.sections.quality import QualitySection
    from reportspec.timings import Timings

    assert made.binding is not None
    day = audit.at.astimezone(made.binding.zone).date()
    text = f"version: 1\nreport: {_NAME}\nperiod: {day:%Y-%m}\n"

    def found(report: Report) -> Report:
        sections = tuple(
            replace(one, personal=personal) if isinstance(one, QualitySection) else one for one in report.sections
        )
        return with_audits(replace(report, sections=sections), {"": audit})

    document = written_document(text, "report", f"{_NAME}.yaml")
    checked = check_document(document, place, order.now, order.environment, clock=order.clock)
    built = built_of(Path(f"{_NAME}.yaml"), checked, order, Timings(), lambda findings, texts: None, found)
    if built.made is None:
        return built.diagnostics
    try:
        return files_of(built.made.figures[0][1], "pdf", _NAME, text)[f"{_NAME}.pdf"]
    except (ReportspecError, OSError) as error:
        return problems_of(Path(_NAME), error)
