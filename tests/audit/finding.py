"""What an audit of the planted records finds, as it is compared with what was planted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from reportspec.audit.project_audit import AuditOrder, audit_project
from reportspec.measures.audit_wording import about
from reportspec.model.audits import Audit, Outcome
from tests.audit.planted import NOW

# Whose records are reckoned by a test of their own.
RECKONED = ("history-differs",)
# What tells records without a key apart.
TOLD_BY = {
    "deal_stage_history": "deal_stage_history.deal_id",
    "campaign_member": "campaign_member.contact_id",
    "service_call": "service_call.call_id",
    "goal": "goal.value",
}


def audit_of(place: Path, examples: int = 200, entity: str | None = None, to_mend: bool = True) -> Audit:
    """The audit of a project, which has to be sound, or of an entity alone."""
    made = audit_project(place, AuditOrder(NOW, {}, entity=entity, examples=examples, to_mend=to_mend))
    assert made.audit is not None, made.diagnostics
    return made.audit


def named(outcome: Outcome) -> str:
    """A check as it is planted: by its id, those of the contract with what they are about."""
    return outcome.check.id if outcome.check.contract is None else f"{outcome.check.id}:{about(outcome)}"


def to_mend(audit: Audit) -> dict[str, int]:
    """How many records are listed for each check; of those of severity info none are."""
    checks = (check for entity in audit.entities for record in entity.records for check, _ in record.broken)
    return dict(Counter(check.id if check.contract is None else f"{check.id}:{check.contract.of}" for check in checks))


def listed(audit: Audit) -> dict[str, int]:
    """How many have to be."""
    outcomes = (outcome for outcome in audit.outcomes if outcome.broken and outcome.check.severity != "info")
    outcomes = (outcome for outcome in outcomes if outcome.check.of_rows)
    return {named(outcome): outcome.broken for outcome in outcomes}


def of_all(audit: Audit) -> set[str]:
    """The checks of all rows together that fail."""
    return {outcome.check.id for outcome in audit.outcomes if outcome.broken and not outcome.check.of_rows}


def found(audit: Audit) -> dict[str, set[str]]:
    """The keys of the records that fail each check; of what has none, what tells them apart."""
    keys: dict[str, set[str]] = {}
    for outcome in audit.outcomes:
        if outcome.broken and outcome.check.id not in RECKONED and outcome.check.of_rows:
            told_by = TOLD_BY.get(outcome.check.entity, "")
            keys[named(outcome)] = {example.key or dict(example.values)[told_by] for example in outcome.examples}
            assert len(outcome.examples) == outcome.broken, named(outcome)
    return keys
