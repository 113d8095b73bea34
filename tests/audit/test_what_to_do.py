"""What can be done about what breaks a check of the source's contract is said in each language."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.audit.project_audit import AuditOrder, audit_project
from reportspec.languages import languages
from reportspec.measures.audit_wording import remedy_of
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
