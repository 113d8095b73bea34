"""`for_each` on every engine: the values, and what is theirs, as DuckDB gives it. That DuckDB gives them as value by value
is what `test_each_kind_of_section` holds, of the same report."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.burst.burst import run_each
from reportspec.compile import compile_report
from reportspec.formats.json_text import as_json
from reportspec.timings import Timings
from tests.deliver.test_shared import EVERYTHING
from tests.engines.test_same_figures import remembered, same
from tests.loading import load_report

# By night over all rows of the demo.
pytestmark = pytest.mark.usefixtures("draw")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def asked(folder: Path) -> dict[str, Any]:
    """The sections by value, as `query --format json` prints them."""
    (folder / "each.yaml").write_text(EVERYTHING.format(each="user.name"), "utf-8")
    checked = load_report(folder / "each.yaml", NOW, {})
    assert checked.report is not None, checked.diagnostics
    compiled = compile_report(checked.report)
    made = run_each(compiled, Timings())
    return {one.value: json.loads(as_json(figures))["sections"] for one, figures in made}


def test_bursting(engine_name: str, project: Path, reference: Path) -> None:
    """Slow on Spark: each statement costs it seconds."""
    found = asked(project)
    wanted = remembered(reference, {"each": EVERYTHING}, lambda: asked(reference))
    same(found, wanted, "each")
    assert len(found) > 10
