"""What whole standard reports take at the size of a company, on each database, as a Markdown table.

    .venv/bin/python benchmarks/reports.py --deals 10000 100000 --on duckdb postgres

The demo is multiplied (`demo_times.py`). Each report is asked as a user's is: fitted, surveyed, its statements run
over the sessions that the database gives, and its figures made. The figures of all databases are compared.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "benchmarks")]

from run import describe_machine  # noqa: E402

from reportspec.compile import compile_report  # noqa: E402
from reportspec.contract.fit import fitted  # noqa: E402
from reportspec.contract.survey import answered  # noqa: E402
from reportspec.errors import ReportspecError  # noqa: E402
from tests.demo_times import PLACES, multiplied  # noqa: E402
from tests.loading import load_report  # noqa: E402

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
REPORTS = (
    "sales_forecast",
    "leads",
    "profitability",
    "sales_activity",
    "pipeline",
    "conversions",
    "lost_deals",
    "sales_cycle",
)


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of a report: from the first connection to the last row, and those of each of its statements by the
    section and purpose; and the rows. Of the
    processor, what this process took."""

    seconds: float
    processor: float  # of this process, embedded databases included
    statements: Mapping[str, float]
    rows: tuple[object, ...]


def measured(spec: Path) -> Took:
    """A report asked once. Raises ReportspecError."""
    checked = load_report(spec, NOW, {})
    report = checked.report
    assert report is not None, checked.diagnostics
    program = compile_report(report)
    since, spent = time.perf_counter(), time.process_time()
    found = answered(fitted(program))
    seconds, spent = time.perf_counter() - since, time.process_time() - spent
    names = [f"{one.query.section}.{one.query.purpose}" for one in found.program]
    statements = {name: result.seconds for name, result in zip(names, found.results, strict=True)}
    return Took(seconds, spent, statements, tuple(result.table for result in found.results))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, nargs="+", default=[100_000])
    parser.add_argument("--on", nargs="+", default=["duckdb", "parquet", "postgres"], choices=sorted(PLACES))
    parser.add_argument("--reports", nargs="+", default=list(REPORTS))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--statements", type=float, help="print also statements that take longer than so many seconds")
    given = parser.parse_args()
    print(describe_machine())
    titles = ("deals", "on", "report", "statements", "seconds", "of our processor", "in statements", "peak, MB")
    print(f"\n| {' | '.join(titles)} |\n|--:|---|---|{'--:|' * 5}")
    for deals in given.deals:
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "crm.duckdb"
            there = multiplied(file, deals)
            for place in given.on:
                folder = Path(name) / place
                folder.mkdir()
                with PLACES[place](file, folder):
                    for report in given.reports:
                        _line(folder, place, there, report, given.rounds, given.statements)


def _line(folder: Path, place: str, deals: int, report: str, rounds: int, above: float | None) -> None:
    spec = folder / f"{report}.yaml"
    spec.write_text(f"version: 1\nreport: {report}\nperiod: 2026-Q3\ncompare: previous_period\n", encoding="utf-8")
    try:
        took: Sequence[Took] = [measured(spec) for _ in range(rounds)]
    except ReportspecError as error:
        print(f"| {deals:,} | {place} | {report} | | {error} | | |", flush=True)
        return
    best = min(took, key=lambda one: one.seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = sum(best.statements.values())
    figures = f"{best.seconds:.2f} | {best.processor:.2f} | {total:.2f} | {peak:,.0f}"
    print(f"| {deals:,} | {place} | {report} | {len(best.statements)} | {figures} |", flush=True)
    for name, seconds in sorted(best.statements.items(), key=lambda one: -one[1]):
        if above is not None and seconds > above:
            print(f"    {name} {seconds:.2f}", flush=True)


if __name__ == "__main__":
    main()
