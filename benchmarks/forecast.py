"""How near forecasts of the demo come: at four points of each past period, all of it from what was known then.

    python benchmarks/forecast.py

Errors are mean absolute errors relative to "the same as last period" over the same periods; the bias and the width of
the ranges are relative to what the periods brought.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from reportspec.building import Order, load
from reportspec.compile import compile_report
from reportspec.contract.fit import fitted
from reportspec.contract.survey import answered
from reportspec.forecasting.past_windows import Windows
from reportspec.forecasting.simple import RULES, by_rule
from reportspec.forecasting.tested_forecast import FEWEST_TESTS, forecast
from reportspec.measures.answers import Answers
from reportspec.measures.forecast_windows import facts_of

ZONE = ZoneInfo("Europe/Rome")
PROJECT = "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n"
SPEC = "version: 1\nreport: custom\nperiod: {0}\nsections: [{{id: f, forecast: {{show: tests}}}}]\n"
KINDS = (
    ("months", "2026-11", datetime(2026, 11, 1, tzinfo=ZONE), 30),
    ("quarters", "2026-Q4", datetime(2026, 10, 1, tzinfo=ZONE), 92),
)
BEFORE = 5  # periods that each one has before it
Case = dict[str, float]


def windows_at(folder: Path, period: str, now: datetime) -> Windows:
    """The windows of a period as they were at an instant."""
    (folder / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "f.yaml").write_text(SPEC.format(period), encoding="utf-8")
    report = load(folder / "f.yaml", Order(now, {})).report
    assert report is not None
    run = answered(fitted(compile_report(report)))
    answers = Answers.of(run.program.queries, [result.table for result in run.results])
    return facts_of(run.program.report, "f", answers).windows


def cases(windows: Windows) -> Iterator[Case]:
    """Each past window, forecast from those before it: the errors of all ways, and what its range was worth."""
    for place in range(BEFORE, windows.last):
        past = Windows(windows.all[: place + 1], windows.apart, windows.per_year)
        outcome, result = forecast(past), windows.all[place].result.amount
        assert outcome is not None
        case = {
            "result": result,
            "method": outcome.point - result,
            "usual rest": outcome.won + outcome.usual.mean - result,
        }
        case["pipeline"] = outcome.won + outcome.pipeline.rest.mean - result
        for rule in RULES:
            amount = by_rule(past, place, rule)
            if amount is not None:
                case[rule] = amount - result
        if len(outcome.tests) >= FEWEST_TESTS:
            case["held"] = float(outcome.low <= result <= outcome.high)
            case["width"] = (outcome.high - outcome.low) / result
            case["shown"] = float(outcome.refusal is None)
        yield case


def mean(cases_of: list[Case], name: str, *, size: bool = False) -> float:
    """The mean of what cases have under a name, or of its size."""
    values = [abs(case[name]) if size else case[name] for case in cases_of if name in case]
    return math.fsum(values) / len(values) if values else math.nan


def main() -> None:
    """Print a line for each kind of period, at any point of it and at its start."""
    names = ("mean_of_four", "last_year", "usual rest", "pipeline", "method")
    print(f"{'':22}{''.join(f'{name:>14}' for name in names)}{'bias':>8}{'held':>8}{'width':>8}{'shown':>8}")
    with TemporaryDirectory() as folder:
        for kind, period, start, days in KINDS:
            at = {
                share: list(cases(windows_at(Path(folder), period, start + timedelta(days=round(share * days)))))
                for share in (0.0, 0.25, 0.5, 0.75)
            }
            for label, cases_of in (
                (kind, [case for some in at.values() for case in some]),
                (f"{kind}, start", at[0.0]),
            ):
                errors = "".join(f"{_relative(cases_of, name):14.2f}" for name in names)
                bias = mean(cases_of, "method") / mean(cases_of, "result")
                print(
                    f"{f'{label} ({len(cases_of)})':22}{errors}{bias:8.0%}{mean(cases_of, 'held'):8.0%}"
                    f"{mean(cases_of, 'width'):8.2f}{mean(cases_of, 'shown'):8.0%}"
                )


def _relative(cases_of: list[Case], name: str) -> float:
    cases_with = [case for case in cases_of if name in case]
    return mean(cases_with, name, size=True) / mean(cases_with, "last", size=True)


if __name__ == "__main__":
    main()
