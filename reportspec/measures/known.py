"""What a project knows to be wrong, and shall not be told again."""

from __future__ import annotations

from reportspec.model.audits import AuditCheck
from reportspec.model.settings import SourceChecks


def reason_known(settings: SourceChecks, check: AuditCheck) -> str:
    """The reason for which a check that fails is known and not told; empty where it is told. Of what no report is made
    with nothing is ignored."""
    contract = check.contract
    if contract is not None and contract.refuses:
        return ""
    about = ("", contract.of if contract is not None else check.entity, *check.about)
    return next((one.reason for one in settings.ignore if one.check == check.id and one.of in about), "")
