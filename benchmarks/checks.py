"""What it costs to hold the rows against the source's contract, beside the statements of a report, as a
Markdown table.

    make bench
    .venv/bin/python benchmarks/checks.py --deals 100000 1000000

The demo is put into a DuckDB file as many times as it takes, with keys of their own, so that all its
structure stays. For each report the survey and all statements of the report run one after the other on
one session; the share is the survey's time of the report's.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "benchmarks")]

from run import describe_machine  # noqa: E402

from reportspec.compile import compile_report  # noqa: E402
from reportspec.contract.survey import survey_of  # noqa: E402
from reportspec.model.spec import Report  # noqa: E402
from reportspec.run.connect import connect  # noqa: E402
from reportspec.run.connection import Wanted  # noqa: E402
from reportspec.sql.dialect import source_tables, sql_text  # noqa: E402
from tests.demo_times import multiplied, project, standard_report  # noqa: E402

REPORTS = ("pipeline", "sales_forecast", "sales_cycle", "sales_activity", "lost_deals")


def seconds(report: Report, rounds: int) -> tuple[float, float, int]:
    """The median seconds of the survey and of the report's statements, and how many checks it has."""
    trees = [one.tree for one in compile_report(report)]
    found = survey_of(report, trees)
    assert found is not None
    checks, survey = found
    tables = frozenset(name for tree in (*trees, survey) for name in source_tables(tree))
    session = connect(report.project.source, Wanted(tables))
    spent: list[tuple[float, float]] = []
    try:
        texts = [sql_text(tree, session.dialect) for tree in (survey, *trees)]
        for _ in range(rounds):
            took = []
            for text in texts:
                since = time.perf_counter()
                session.run(text)
                took.append(time.perf_counter() - since)
            spent.append((took[0], sum(took[1:])))
    finally:
        session.close()
    return (
        statistics.median(s for s, _ in spent),
        statistics.median(r for _, r in spent),
        len(checks),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, nargs="+", default=[100_000])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(describe_machine())
    print("\n| deals | report | checks | survey, s | statements, s | share |\n|--:|---|--:|--:|--:|--:|")
    for deals in given.deals:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            there = multiplied(folder / "crm.duckdb", deals)
            project(folder, f"duckdb:///{folder / 'crm.duckdb'}")
            for report in REPORTS:
                survey, statements, checks = seconds(standard_report(folder, report), given.rounds)
                share = survey / (survey + statements)
                print(
                    f"| {there:,} | {report} | {checks} | {survey:.3f} | {statements:.2f} | {share:.1%} |", flush=True
                )


if __name__ == "__main__":
    main()
