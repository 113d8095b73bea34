"""`for_each` on every engine: the values, and what is theirs, as DuckDB gives it. That DuckDB gives them as value by value
is what `test_each_kind_of_section` holds, of the same report."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.burst.burst import run_each
from reportspec.compile import compile_report
from reportspec.formats.json_text import as_json
from reportspec.timings import Timings
from tests.conftest import Draw
from tests.deliver.test_shared import EVERYTHING
from tests.engines.test_same_figures import remembered, same
from tests.loading import load_report

# By night over all rows of the demo.
pytestmark = pytest.mark.usefixtures("draw")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def asked(folder: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """The sections by value, as `query --format json` prints them."""
    (folder / "each.yaml").write_text(json.dumps(spec), "utf-8")
    checked = load_report(folder / "each.yaml", NOW, {})
    assert checked.report is not None, checked.diagnostics
    compiled = compile_report(checked.report)
    made = run_each(compiled, Timings())
    return {one.value: json.loads(as_json(figures))["sections"] for one, figures in made}


def test_bursting(engine_name: str, project: Path, reference: Path, draw: Draw) -> None:
    """Slow on Spark: each statement costs it seconds. By day it is asked for one section of each kind whose statements
    have parts of a value: its buckets, its groups with the others, its first rows. Tiles and steps are a group alone."""
    spec = yaml.safe_load(EVERYTHING.format(each="user.name"))
    if engine_name == "spark" and not draw.night:
        of_kind = {next(iter({*section} - {"id"})): section for section in spec["sections"]}
        spec["sections"] = [of_kind[kind] for kind in ("trend", "breakdown", "records")]
    found = asked(project, spec)
    wanted = remembered(reference, spec, lambda: asked(reference, spec))
    same(found, wanted, "each")
    assert len(found) > 10
