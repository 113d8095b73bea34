"""Keys that tell who somebody is are covered as the field is whose column they are read from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import RunCli

ADDRESS = "carla.neri@fern-paper.com"


@pytest.mark.parametrize("key", ["email", "lower(email)"])
def test_a_key_of_a_personal_column_is_covered(key: str, tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {contact: c.csv}}\nmapping: m.yaml\ncurrency: EUR\ntimezone: UTC\n", "utf-8"
    )
    (tmp_path / "m.yaml").write_text(
        "version: 1\ntimezone: UTC\nentities:\n  contact:\n    table: contact\n"
        f"    key: {key}\n    fields: {{email: email, last_name: last, phone: phone}}\n",
        "utf-8",
    )
    (tmp_path / "c.csv").write_text(f"email,last,phone\n{ADDRESS},,nothing\nbo@example.com,Bo,+43 1 2345678\n", "utf-8")
    (tmp_path / "s.yaml").write_text(
        "version: 1\nreport: custom\nperiod: 2026-Q3\nsections:\n"
        "  - {id: q, quality: {show: findings, entity: contact}}\n  - {id: r, quality: {show: records, entity: contact}}\n",
        "utf-8",
    )
    audit = ["audit", "--today", "2026-11-28", "--fail-on", "never", "--format", "json"]
    plain = run_cli(audit, cwd=tmp_path)
    assert "carla" not in plain.stdout, plain.stdout
    assert '"c…@f…"' in json.dumps(json.loads(plain.stdout), ensure_ascii=False)
    assert ADDRESS in run_cli([*audit, "--show-personal"], cwd=tmp_path).stdout
    asked = run_cli(["query", "s.yaml", "--today", "2026-11-28", "--format", "json"], cwd=tmp_path)
    assert asked.returncode == 0, asked.stderr
    assert "c…@f…" in asked.stdout
    assert "carla" not in asked.stdout
