"""The windows of a report, as they are asked of its source and read of the answers."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from reportspec.compile import compile_report
from reportspec.contract.fit import fitted
from reportspec.contract.survey import answered
from reportspec.measures.answers import Answers
from reportspec.measures.forecast_windows import Facts, facts_of
from reportspec.model.spec import Report
from tests.loading import load_report


def facts_in(folder: Path, spec: dict[str, Any], now: datetime) -> tuple[Report, Facts]:
    """A report with one section that shows a forecast, and the windows that it is made of."""
    whole = {"version": 1, "report": "custom", "sections": [{"id": "f", "forecast": {"show": "tests"}}], **spec}
    path = folder / "asked.yaml"
    path.write_text(json.dumps(whole, default=str), encoding="utf-8")
    checked = load_report(path, now, {})
    assert checked.report is not None, [one.message for one in checked.diagnostics]
    made = answered(fitted(compile_report(checked.report)))
    answers = Answers.of(made.program.queries, [result.table for result in made.results])
    return made.program.report, facts_of(made.program.report, "f", answers)
