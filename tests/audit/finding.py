"""What an audit of the planted records finds, as it is compared with what was planted."""

from __future__ import annotations

from pathlib import Path

from reportspec.audit.project_audit import AuditOrder, audit_project
from reportspec.measures.audit_wording import about
from reportspec.model.audits import Audit, Outcome
from tests.audit.planted import NOW

# What tells records without a key apart.
TOLD_BY = {
    "deal_stage_history": "deal_stage_history.deal_id",
    "campaign_member": "campaign_member.contact_id",
    "service_call": "service_call.call_id",
}


def audit_of(place: Path, examples: int = 200) -> Audit:
    """The audit of a project, which has to be sound."""
    made = audit_project(place, AuditOrder(NOW, {}, examples=examples))
    assert made.audit is not None, made.diagnostics
    return made.audit


def named(outcome: Outcome) -> str:
    """A check as it is planted: by its id, those of the contract with what they are about."""
    return outcome.check.id if outcome.check.contract is None else f"{outcome.check.id}:{about(outcome)}"


def found(audit: Audit) -> dict[str, set[str]]:
    """The keys of the records that fail each check; of what has none, what tells them apart."""
    keys: dict[str, set[str]] = {}
    for outcome in audit.outcomes:
        if outcome.broken:
            told_by = TOLD_BY.get(outcome.check.entity, "")
            keys[named(outcome)] = {example.key or dict(example.values)[told_by] for example in outcome.examples}
            assert len(outcome.examples) == outcome.broken, named(outcome)
    return keys
