"""What whole standard reports take at the size of a company, on each database, as a Markdown table.

    .venv/bin/python benchmarks/reports.py --deals 10000 100000 --on duckdb postgres

The demo is multiplied (`tests/demo_times.py`). The statements of each report are run over the sessions that the
database gives, each by itself and with what several are made from made once; their figures are compared. Of embedded
databases the seconds are the processor's, of servers the clock's.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sqlglot import exp

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "benchmarks")]

from run import describe_machine  # noqa: E402

from reportspec.compile import Program, compile_report  # noqa: E402
from reportspec.contract.fit import fitted  # noqa: E402
from reportspec.contract.survey import wanted_of  # noqa: E402
from reportspec.errors import SourceError  # noqa: E402
from reportspec.run.execute import Result, run_statements  # noqa: E402
from reportspec.sql.materialize import Script, Temporary, script  # noqa: E402
from tests.demo_times import PLACES, STANDARD, multiplied, standard_report  # noqa: E402

EMBEDDED = ("duckdb", "parquet", "sqlite")


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of a report's statements, and of them those of the processor that this process took."""

    seconds: float
    processor: float
    statements: Mapping[str, float]
    results: Sequence[Result]


def measured(program: Program, *, alone: bool) -> Took:
    """The statements run once: each by itself, or with what several of them are made from made once. Raises
    SourceError."""
    report = program.report

    def sharing(trees: Sequence[exp.Expr], place: Temporary) -> Script | None:
        return script(report.binding, trees, place)

    wanted = wanted_of(report, program.trees)
    since, spent = time.perf_counter(), time.process_time()
    found = run_statements(
        report.project.source, wanted, program.trees, report.project.parallel, None, None if alone else sharing
    )
    seconds, spent = time.perf_counter() - since, time.process_time() - spent
    names = [f"{one.query.section}.{one.query.purpose}" for one in program]
    statements = {name: result.seconds for name, result in zip(names, found, strict=True)}
    return Took(seconds, spent, statements, found)


def different(ours: Sequence[Result], theirs: Sequence[Result]) -> bool:
    """Whether figures differ by more than what sums of another order do."""
    return any(
        sorted(map(_rounded, one.table.rows)) != sorted(map(_rounded, other.table.rows))
        for one, other in zip(ours, theirs, strict=True)
    )


def _rounded(row: Sequence[object]) -> list[str]:
    return [f"{float(cell):.8g}" if isinstance(cell, (float, Decimal)) else str(cell) for cell in row]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, nargs="+", default=[100_000])
    parser.add_argument("--on", nargs="+", default=["duckdb", "parquet", "postgres"], choices=sorted(PLACES))
    parser.add_argument("--reports", nargs="+", default=STANDARD)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--statements", type=float, help="print also statements that take longer than so many seconds")
    parser.add_argument("--ours", action="store_true", help="do not run each statement by itself for comparison")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one statement")
    given = parser.parse_args()
    print(describe_machine())
    titles = ("deals", "on", "report", "statements", "each alone, s", "made once, s", "ratio", "peak, MB")
    print(f"\n| {' | '.join(titles)} |\n|--:|---|---|{'--:|' * 5}")
    for deals in given.deals:
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "crm.duckdb"
            there = multiplied(file, deals)
            for place in given.on:
                folder = Path(name) / place
                folder.mkdir()
                with PLACES[place](file, folder, given.timeout):
                    for report in given.reports:
                        _line(folder, place, there, report, given)


def _line(folder: Path, place: str, deals: int, report: str, given: argparse.Namespace) -> None:
    program = fitted(compile_report(standard_report(folder, report)))
    ours = [measured(program, alone=False) for _ in range(given.rounds)]
    best = min(ours, key=_cost(place))
    try:
        theirs = [] if given.ours else [measured(program, alone=True) for _ in range(given.rounds)]
    except SourceError as error:
        theirs = []
        before, ratio = str(error), ""
    else:
        before, ratio = "", ""
    if theirs:
        other = min(theirs, key=_cost(place))
        before, ratio = f"{_cost(place)(other):.2f}", f"{_cost(place)(other) / _cost(place)(best):.1f}"
        if different(best.results, other.results):
            sys.exit(f"{place}, {report}: the figures differ")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    parts = (f"{deals:,}", place, report, len(program), before, f"{_cost(place)(best):.2f}", ratio, f"{peak:,.0f}")
    print(f"| {' | '.join(map(str, parts))} |", flush=True)
    for name, seconds in sorted(best.statements.items(), key=lambda one: -one[1]):
        if given.statements is not None and seconds > given.statements:
            print(f"    {name} {seconds:.2f}", flush=True)


def _cost(place: str) -> Callable[[Took], float]:
    """What counts: of embedded databases the processor's seconds, which other work does not change."""
    return (lambda took: took.processor) if place in EMBEDDED else (lambda took: took.seconds)


if __name__ == "__main__":
    main()
