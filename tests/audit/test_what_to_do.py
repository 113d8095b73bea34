"""What it means that a check of the source's contract fails, what can be done, and which figures it makes doubtful."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.audit.endangered import endangered
from reportspec.audit.project_audit import AuditOrder, audit_project
from reportspec.languages import languages
from reportspec.measures.audit_wording import meaning_of, remedy_of
from tests.figures.from_tables import project_of

DEALS = "deal_id,owner_id,status,amount,currency,created_at\n1,9,open,5,EUR,2026-01-05 09:00:00\n,1,open,5,,1899-01-01 00:00:00\n"
KINDS = {"no-key", "no-partner", "no-currency", "odd-time"}


@pytest.mark.parametrize("language", languages())
def test_each_finding_of_the_contract_says_what_to_do(language: str, tmp_path: Path) -> None:
    folder = project_of(tmp_path, {"user": "user_id,name\n1,Ada\n", "deal": DEALS})
    audit = audit_project(folder / "reportspec.yaml", AuditOrder(datetime(2026, 2, 1, tzinfo=UTC), {})).audit
    assert audit is not None
    broken = {
        one.check.id: remedy_of(one.check, language) for one in audit.outcomes if one.broken and one.check.contract
    }
    assert broken.keys() >= KINDS
    assert all(text.endswith(".") for text in broken.values())
    assert len({broken[kind] for kind in KINDS}) == len(KINDS)
    means = {one.check.id: meaning_of(one.check, language) for one in audit.outcomes if one.broken}
    assert all(text.endswith(".") for text in means.values())
    assert len({means[kind] for kind in KINDS}) == len(KINDS)


def test_findings_of_the_contract_name_the_metrics_that_read_the_field(tmp_path: Path) -> None:
    folder = project_of(tmp_path, {"user": "user_id,name\n1,Ada\n", "deal": DEALS})
    made = audit_project(folder / "reportspec.yaml", AuditOrder(datetime(2026, 2, 1, tzinfo=UTC), {}))
    assert made.audit is not None
    assert made.binding is not None
    failed = [one.check for one in made.audit.outcomes if one.broken and one.check.contract]
    by_kind = {check.id: set(endangered(made.binding, made.audit, failed)[check.key]) for check in failed}
    assert "open_amount" in by_kind["no-currency"]
    assert "open_opportunities_count" not in by_kind["no-currency"]
    assert {"open_amount", "open_opportunities_count", "deals_created_count"} <= by_kind["no-key"]
    assert "deals_created_count" in by_kind["odd-time"]
