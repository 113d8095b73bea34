"""How near forecasts come: at four points of each past period, all of it from what was known then.

    python benchmarks/forecast.py                    # of the demo, through the whole program
    python benchmarks/forecast.py --simulated 3      # of sixteen kinds of invented pipelines, three of each
    python benchmarks/forecast.py --simulated 3 --seed 50

Errors are mean absolute errors relative to "the same as last period" over the same periods; the bias and the width of
the ranges are relative to what the periods brought. Of what is shown, errors are relative to that of the rule that was
the best in the same periods. Goals, of which chances are said, are shares of the mean of the last four periods.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.simulated_pipelines import KINDS as PIPELINES
from benchmarks.simulated_pipelines import deals_of, windows_of
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
POINTS = (0.0, 0.25, 0.5, 0.75)
GOALS = (0.7, 0.85, 1.0, 1.15, 1.3)
NAMES = ("mean_of_four", "last_year", "usual rest", "pipeline", "method")
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
            if result > 0:
                case["width"] = (outcome.high - outcome.low) / result
            case["shown"] = float(outcome.refusal is None)
            usual = by_rule(past, place, "mean_of_four") or 0.0
            for goal in GOALS:
                case[f"chance {goal}"] = outcome.chance_of(goal * usual)
                case[f"met {goal}"] = float(result >= goal * usual)
        yield case


def mean(cases_of: list[Case], name: str, *, size: bool = False) -> float:
    """The mean of what cases have under a name, or of its size."""
    values = [abs(case[name]) if size else case[name] for case in cases_of if name in case]
    return math.fsum(values) / len(values) if values else math.nan


def main() -> None:
    """The tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulated", type=int, metavar="N", help="so many pipelines of each kind, and not the demo")
    parser.add_argument("--seed", type=int, default=1, help="the first of them")
    given = parser.parse_args()
    if given.simulated:
        simulated(range(given.seed, given.seed + given.simulated))
    else:
        demo()


def demo() -> None:
    """A line for each kind of period, at any point of it and at its start."""
    _head()
    with TemporaryDirectory() as folder:
        for kind, period, start, days in KINDS:
            at = {
                share: list(cases(windows_at(Path(folder), period, start + timedelta(days=round(share * days)))))
                for share in POINTS
            }
            _line(kind, [case for some in at.values() for case in some])
            _line(f"{kind}, start", at[0.0])


def simulated(seeds: Sequence[int]) -> None:
    """The same of invented pipelines; what was shown, by the kind of pipeline; and what came of chances."""
    for kind, months in (("months", 1), ("quarters", 3)):
        _head()
        by_kind: dict[str, list[Case]] = {}
        at: dict[float, list[Case]] = {share: [] for share in POINTS}
        for pipeline in PIPELINES:
            for seed in seeds:
                deals = deals_of(pipeline, seed)
                for share in POINTS:
                    some = scaled(list(cases(windows_of(deals, months, share))))
                    at[share] += some
                    by_kind.setdefault(pipeline.name, []).extend(some)
        whole = [case for some in at.values() for case in some]
        _line(kind, whole)
        for share in POINTS:
            _line(f"{kind}, at {share:.0%}", at[share])
        print(f"\n{'shown':22}{'origins':>9}{'share':>8}{'error / best rule':>19}{'held':>8}{'bias':>8}")
        for name, some in (*by_kind.items(), ("all", whole)):
            tested = [case for case in some if "shown" in case]
            shown = [case for case in tested if case["shown"]]
            if shown:
                bias = mean(shown, "method") / mean(shown, "result")
                print(
                    f"{name:22}{len(shown):9}{len(shown) / len(tested):8.0%}{_of_best(shown):19.2f}"
                    f"{mean(shown, 'held'):8.0%}{bias:8.0%}"
                )
            else:
                print(f"{name:22}{0:9}")
        _calibration([case for case in whole if case.get("shown")])


def scaled(cases_of: list[Case]) -> list[Case]:
    """The cases of a pipeline with amounts in units of its usual one, so that none weighs more than another."""
    unit = mean(cases_of, "result") or 1.0
    amounts = {"result", *NAMES, *RULES}
    return [{name: value / unit if name in amounts else value for name, value in case.items()} for case in cases_of]


def _of_best(cases_of: list[Case]) -> float:
    rules = [rule for rule in RULES if any(rule in case for case in cases_of)]
    whole = [case for case in cases_of if all(rule in case for rule in rules)]
    return mean(whole, "method", size=True) / min(mean(whole, rule, size=True) for rule in rules) if whole else math.nan


def _calibration(cases_of: list[Case]) -> None:
    pairs = [(case[f"chance {goal}"], case[f"met {goal}"]) for case in cases_of for goal in GOALS]
    tens: dict[int, list[tuple[float, float]]] = {}
    for chance, met in pairs:
        tens.setdefault(min(int(10 * chance), 9), []).append((chance, met))
    parts = [
        f"{math.fsum(c for c, _ in some) / len(some):.0%} -> {math.fsum(m for _, m in some) / len(some):.0%}"
        for _, some in sorted(tens.items())
    ]
    print(f"\nchances of goals, said -> happened: {', '.join(parts)}\n")


def _head() -> None:
    print(f"{'':22}{''.join(f'{name:>14}' for name in NAMES)}{'bias':>8}{'held':>8}{'width':>8}{'shown':>8}")


def _line(label: str, cases_of: list[Case]) -> None:
    errors = "".join(f"{_relative(cases_of, name):14.2f}" for name in NAMES)
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
