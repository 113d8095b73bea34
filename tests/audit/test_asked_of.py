"""What is asked for a spec, and what that is held against later."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from reportspec.audit.earlier import earlier, kept
from reportspec.audit.project_audit import AuditOrder, audit_project
from reportspec.model.audits import Audit
from tests.figures.from_tables import project_of

RunCli = Callable[..., subprocess.CompletedProcess[str]]
NOW = datetime(2026, 11, 30, tzinfo=UTC)
DEALS = "deal_id,name,status,amount,currency,created_at,loss_reason\n" + "".join(
    f"D{n},N{n},open,{'' if n < 2 else 5},EUR,2026-08-01 09:00:00,{'Price' if n > 3 else ''}\n" for n in range(5)
)
CALLS = "activity_id,deal_id,type,created_at,done_at\nA1,D1,call,2026-11-20 09:00:00,2026-11-20 09:00:00\n"


def test_an_audit_of_a_spec_asks_what_its_figures_are_made_of(tmp_path: Path, run_cli: RunCli) -> None:
    """Also by what a field is made of: since when a deal is quiet."""
    folder = project_of(tmp_path, {"deal": DEALS, "activity": CALLS})
    text = "version: 1\nreport: custom\nmetrics: [stalled_deals_count]\nperiod: this_month\n"
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    done = run_cli(["audit", "s.yaml", "--today", "2026-11-30", "--format", "json", "--fail-on", "never"], cwd=folder)
    assert done.returncode == 0, done.stderr
    asked = {check["check"]: check for entity in json.loads(done.stdout)["entities"] for check in entity["checks"]}
    assert asked["deal_stalled"]["broken"] == 4
    assert "deal_amount_missing" not in asked


def test_audits_that_asked_less_are_not_what_was_before(tmp_path: Path) -> None:
    place = project_of(tmp_path, {"deal": DEALS}) / "reportspec.yaml"

    def audit(order: AuditOrder) -> Audit:
        made = audit_project(place, order)
        assert made.audit is not None, made.diagnostics
        kept(tmp_path, made.audit)
        return made.audit

    whole = audit(AuditOrder(NOW, {}))
    less = audit(AuditOrder(NOW, {}, needed={"deal": frozenset({"deal_id", "status", "created_at"})}))
    [deal], [of_less] = whole.entities, less.entities
    assert (deal.rows, deal.clean, of_less.rows, of_less.clean) == (5, 3, 5, 5)
    before = earlier(tmp_path, NOW).entities
    assert before["deal", deal.asked] == (5, 3)
    assert before["deal", of_less.asked] == (5, 5)


def test_that_no_record_has_a_field_is_said_of_all_records(tmp_path: Path, run_cli: RunCli) -> None:
    """An own check that asks for it of some of those that lack it does not say so of the others."""
    folder = project_of(tmp_path, {"deal": DEALS})
    (folder / "audits").mkdir()
    own = "audits:\n  - audit: our_reason\n    when: deal.name in ('N0', 'N1', 'N2')\n    not_null: deal.loss_reason\n"
    (folder / "audits" / "ours.yaml").write_text(own, encoding="utf-8")
    (folder / "q.yaml").write_text("version: 1\nreport: data_quality\nperiod: this_month\n", encoding="utf-8")
    done = run_cli(["query", "q.yaml", "--today", "2026-11-30"], cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "No record has" not in done.stdout
    assert "Loss reason" in done.stdout
