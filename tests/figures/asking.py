"""Figures of specs, computed in this process."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reportspec.building import run_report
from reportspec.compile import compile_report
from reportspec.model.figures import Figures
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
Row = dict[str, Any]


def figures(folder: Path, spec: dict[str, Any], now: datetime = NOW, *, clock: bool = False) -> Figures:
    """The figures of a spec in a project's folder, `now` being said or only the `clock`'s. Mistakes fail
    the test."""
    path = folder / "asked.yaml"
    path.write_text(json.dumps({"version": 1, **spec}, ensure_ascii=False), encoding="utf-8")
    checked = load_report(path, now, {}, clock=clock)
    assert checked.report is not None, [d.message for d in checked.diagnostics]
    return run_report(compile_report(checked.report))


def codes(folder: Path, spec: dict[str, Any]) -> list[str]:
    """The codes of what is wrong with a spec."""
    path = folder / "asked.yaml"
    path.write_text(json.dumps({"version": 1, **spec}, ensure_ascii=False), encoding="utf-8")
    return [d.code for d in load_report(path, NOW, {}).diagnostics]


def rows(found: Figures, section: str) -> list[Row]:
    """A section's rows by column."""
    [one] = [s for s in found.sections if s.id == section]
    return [{c.name: v for c, v in zip(one.columns, row, strict=True)} for row in one.rows]


def total(found: Figures, section: str) -> Row:
    """A section's total by column."""
    [one] = [s for s in found.sections if s.id == section]
    assert one.total is not None
    return {c.name: v for c, v in zip(one.columns, one.total, strict=True)}
