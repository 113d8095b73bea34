"""`for_each` on every engine: the values, and what is theirs, as DuckDB gives it value by value."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec import stages
from reportspec.output import as_json
from tests.deliver.test_shared import EVERYTHING
from tests.engines.test_same_figures import remembered, same

# By night over all rows of the demo.
pytestmark = pytest.mark.usefixtures("draw")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def asked(folder: Path) -> dict[str, Any]:
    """The sections by value, as `query --format json` prints them."""
    (folder / "each.yaml").write_text(EVERYTHING.format(each="user.name"), "utf-8")
    checked = stages.load_report(folder / "each.yaml", NOW, {})
    assert checked.report is not None, checked.diagnostics
    compiled = stages.compile_report(checked.report)
    made = stages.run_each(checked.report, compiled, stages.Timings())
    return {one.value: json.loads(as_json(figures))["sections"] for one, figures in made}


def test_bursting(engine_name: str, project: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(project)
    monkeypatch.setattr(stages, "SHARED_FROM", 10**9)
    wanted = remembered(reference, {"each": EVERYTHING}, lambda: asked(reference))
    same(found, wanted, "each")
    assert len(found) > 10
