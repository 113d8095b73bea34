"""Mistakes in a project's own checks: each is told once, all of a file together, and with what to write."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.figures.from_tables import project_of

RunCli = Callable[..., subprocess.CompletedProcess[str]]
CHECKS = """audits:
  - audit: a1
    entity: deal
    severity: error
    not_null: deal.amount
    label: Deals without an amount
  - audit: no_such_entity
    entity: deall
    severity: error
    not_null: deal.amount
    label: Deals without an amount
  - audit: no_such_kind
    entity: deal
    severity: error
    not_nul: deal.amount
    label: Deals without an amount
"""


def test_each_is_told_once_and_all_together(tmp_path: Path, run_cli: RunCli) -> None:
    project_of(tmp_path, {"deal": "deal_id,status,amount,created_at\na,open,1,2026-11-01 10:00:00\n"})
    (tmp_path / "audits").mkdir()
    (tmp_path / "audits" / "ours.yaml").write_text(CHECKS, encoding="utf-8")
    done = run_cli(["audit"], cwd=tmp_path)
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if line.startswith("error[")]
    assert told == [
        "error[bad-value]: `audits[1].audit` cannot be `a1`",
        "error[unknown-entity]: there is no entity `deall`",
        "error[unknown-key]: `audits[3]` has no key `not_nul`",
    ]
    assert "two words or more of small letters and digits, with `_` between them" in done.stderr
    assert "did you mean `deal`?" in done.stderr
    assert "did you mean `not_null`?" in done.stderr
