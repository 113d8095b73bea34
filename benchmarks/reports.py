"""What whole standard reports take at the size of a company, on each database, as a Markdown table.

    .venv/bin/python benchmarks/reports.py --deals 10000 100000 --on duckdb postgres

The demo is multiplied (`tests/demo_times.py`). The statements of each report are run over the sessions that the
database gives, each by itself and with what several are made from made once; their figures are compared. Of embedded
databases the seconds are the processor's, of servers the clock's.

    .venv/bin/python benchmarks/reports.py --sweep --deals 10000 100000 1000000

tells how seconds and memory grow, each report in a process of its own, and fails where one of them grows faster than
n log n. `--memory 2000` is what DuckDB may take, in megabytes; it writes the rest to temporary files.

    .venv/bin/python benchmarks/reports.py --by-hand --deals 1000000

compares with scripts by hand (`benchmarks/hand/*.report.sql`), which make once what is shared, and their figures.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import duckdb
import yaml
from sqlglot import exp

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "benchmarks")]

from run import describe_machine  # noqa: E402

from reportspec.compile import Program, compile_report  # noqa: E402
from reportspec.contract.fit import fitted  # noqa: E402
from reportspec.contract.survey import ask, survey_of, wanted_of  # noqa: E402
from reportspec.errors import SourceError  # noqa: E402
from reportspec.model.query import Query  # noqa: E402
from reportspec.model.rows import Table  # noqa: E402
from reportspec.run.execute import Result, run_statements  # noqa: E402
from reportspec.sql.known_order import NOTHING_KNOWN, KnownOrder, known_by, orders_of  # noqa: E402
from reportspec.sql.materialize import Script, Temporary, script  # noqa: E402
from reportspec.sql.survey_sql import fields_read  # noqa: E402
from tests.demo_times import PLACES, STANDARD, multiplied, standard_report  # noqa: E402

EMBEDDED = ("duckdb", "parquet", "sqlite", "chdb")
HAND = CHECKOUT / "benchmarks" / "hand"
FLOOR_SECONDS, FLOOR_MEMORY = 0.5, 100.0  # what grows below these is noise, and what every program takes
LEEWAY = 1.3  # more than n log n: caches hold less of what is larger


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of a report's statements, and of them those of the processor that this process took."""

    seconds: float
    processor: float
    statements: Mapping[str, float]
    results: Sequence[Result]


def measured(program: Program, *, alone: bool) -> Took:
    """The statements run once: each by itself, or with what several of them are made from made once, by what the survey
    finds of the order of rows, as reports are; the survey itself is not measured. Raises SourceError."""
    report = program.report
    known = NOTHING_KNOWN if alone else _known(program)

    def sharing(trees: Sequence[exp.Expr], place: Temporary) -> Script | None:
        return script(report.binding, trees, place, known=known)

    wanted = wanted_of(report, program.trees)
    since, spent = time.perf_counter(), time.process_time()
    found = run_statements(
        report.project.source, wanted, program.trees, report.project.parallel, None, None if alone else sharing
    )
    seconds, spent = time.perf_counter() - since, time.process_time() - spent
    names = [_name(one.query) for one in program]
    statements = {name: result.seconds for name, result in zip(names, found, strict=True)}
    return Took(seconds, spent, statements, found)


def _known(program: Program) -> KnownOrder:
    """What the survey finds of the order of the rows that statements read."""
    binding, found = program.report.binding, survey_of(program.report, program.trees)
    if found is None:
        return NOTHING_KNOWN
    [rows] = ask(program.report, [found[1]])
    return known_by(orders_of(binding, fields_read(program.trees, binding)), rows.dicts())


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
    parser.add_argument("--sweep", action="store_true", help="tell how seconds and memory grow with the deals")
    parser.add_argument("--by-hand", action="store_true", help="compare with scripts by hand on DuckDB")
    parser.add_argument("--memory", type=int, help="megabytes that DuckDB may take")
    parser.add_argument("--one", nargs=2, metavar=("FOLDER", "REPORT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(_alone_in_a_process(Path(given.one[0]), given.one[1])))
        return
    print(describe_machine())
    if given.sweep:
        sys.exit(_sweep(given))
    if given.by_hand:
        given.reports = [name for name in given.reports if (HAND / f"{name}.report.sql").exists()]
        sys.exit(_beside_the_hand(given))
    titles = ("deals", "on", "report", "statements", "each alone, s", "made once, s", "ratio", "peak, MB")
    print(f"\n| {' | '.join(titles)} |\n|--:|---|---|{'--:|' * 5}")
    for deals in given.deals:
        with _places(given, deals, given.on) as (there, folders, _):
            for place, folder in folders.items():
                for report in given.reports:
                    _line(folder, place, there, report, given)


@contextmanager
def _places(given: argparse.Namespace, deals: int, on: Sequence[str]) -> Iterator[tuple[int, dict[str, Path], Path]]:
    """How many deals there are, and the folder of a project over them in each place, and the file with the rows."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        file, folders = Path(name) / "crm.duckdb", {}
        there = multiplied(file, deals)
        for place in on:
            folder = folders[place] = Path(name) / place
            folder.mkdir()
            stack.enter_context(PLACES[place](file, folder, given.timeout))
            if given.memory:
                said = folder / "reportspec.yaml"
                own = yaml.safe_load(said.read_text(encoding="utf-8"))
                own["query"]["memory"] = given.memory
                said.write_text(yaml.safe_dump(own), encoding="utf-8")
        yield there, folders, file


def _alone_in_a_process(folder: Path, report: str) -> dict[str, float]:
    """What a report takes in this process, which does nothing else."""
    program = fitted(compile_report(standard_report(folder, report)))
    before = _peak()
    took = measured(program, alone=False)
    return {"seconds": took.seconds, "processor": took.processor, "memory": _peak(), "more": _peak() - before}


def _peak() -> float:
    """The megabytes that this process had at most. What the system tells of resources counts those of the program
    that started it too."""
    status = Path("/proc/self/status")
    if status.exists():
        [peak] = re.findall(r"VmHWM:\s+(\d+)", status.read_text())
        return int(peak) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _sweep(given: argparse.Namespace) -> int:
    """Print how what reports take grows; 1 where it grows faster than n log n."""
    taken: dict[tuple[str, str], list[tuple[int, dict[str, float]]]] = {}
    for deals in sorted(given.deals):
        with _places(given, deals, given.on) as (there, folders, _):
            for place, folder in folders.items():
                for report in given.reports:
                    command = [sys.executable, __file__, "--one", str(folder), report]
                    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                    taken.setdefault((place, report), []).append((there, json.loads(done.stdout)))
    sizes = [there for there, _ in next(iter(taken.values()))]
    titles = [f"{there:,}: s, MB" for there in sizes]
    print(f"\n| on | report | {' | '.join(titles)} | grows |\n|---|---|{'--:|' * (len(sizes) + 1)}")
    failed = False
    for (place, report), found in taken.items():
        key = "processor" if place in EMBEDDED else "seconds"
        cells = [f"{one[key]:.2f}, {one['memory']:,.0f}" for _, one in found]
        steps = []
        for (small, before), (large, after) in pairwise(found):
            most = LEEWAY * large * math.log(large) / (small * math.log(small))
            times = [
                after[what] / max(before[what], floor) for what, floor in ((key, FLOOR_SECONDS), ("more", FLOOR_MEMORY))
            ]
            steps.append(" and ".join(f"{one:.1f}" for one in times) + f" of {most:.1f}")
            failed = failed or max(times) > most
        print(f"| {place} | {report} | {' | '.join(cells)} | {'; '.join(steps)} |", flush=True)
    if failed:
        print("\nSomething grows faster than n log n.", file=sys.stderr)
    return int(failed)


def _beside_the_hand(given: argparse.Namespace) -> int:
    """Print what reports take beside scripts by hand, on DuckDB; 1 where figures differ."""
    titles = ("deals", "report", "statements", "of them by hand", "hand, s", "ours for these, s", "ratio")
    print(f"\n| {' | '.join(titles)} |\n|--:|---|{'--:|' * 5}")
    failed = False
    for deals in given.deals:
        with _places(given, deals, ["duckdb"]) as (there, folders, file):
            for report in given.reports:
                whole = fitted(compile_report(standard_report(folders["duckdb"], report)))
                hands = [by_hand(file, report) for _ in range(given.rounds)]
                spent, found = min(hands, key=lambda one: one[0])
                part = Program(whole.report, tuple(one for one in whole if _name(one.query) in found))
                ours = min((measured(part, alone=False) for _ in range(given.rounds)), key=lambda one: one.processor)
                cells = (f"{there:,}", report, len(whole), len(part), f"{spent:.2f}", f"{ours.processor:.2f}")
                print(f"| {' | '.join(map(str, cells))} | {ours.processor / spent:.2f} |", flush=True)
                for one, result in zip(part, ours.results, strict=True):
                    theirs = found[_name(one.query)]
                    places = [result.table.columns.index(column) for column in theirs.columns]
                    own = Table(theirs.columns, tuple(tuple(row[at] for at in places) for row in result.table.rows))
                    if not _alike(own, theirs):
                        print(f"{report}, {_name(one.query)}: the figures differ", file=sys.stderr)
                        failed = True
    return int(failed)


def by_hand(file: Path, report: str) -> tuple[float, dict[str, Table]]:
    """The processor's seconds of a script, and the rows of each of its SELECTs that says in a comment which of the
    report's statements it is."""
    text = (HAND / f"{report}.report.sql").read_text(encoding="utf-8")
    found: dict[str, Table] = {}
    with duckdb.connect(str(file), read_only=True) as raw:
        spent = time.process_time()
        for statement in text.split(";\n"):
            done = raw.execute(statement)
            name = re.search(r"^-- (\w+\.\w+)$", statement, re.MULTILINE)
            if name:
                columns = tuple(column[0] for column in done.description or ())
                found[name[1]] = Table(columns, tuple(done.fetchall()))
        return time.process_time() - spent, found


def _name(query: Query) -> str:
    return f"{query.section}.{query.purpose}"


def _alike(ours: Table, theirs: Table) -> bool:
    """Whether the rows are the same but for the last digits of numbers."""
    rows, others = (sorted(table.rows, key=_rounded) for table in (ours, theirs))
    return len(rows) == len(others) and all(
        _equal(cell, other)
        for row, line in zip(rows, others, strict=True)
        for cell, other in zip(row, line, strict=True)
    )


def _equal(cell: object, other: object) -> bool:
    if isinstance(cell, (int, float, Decimal)) and isinstance(other, (int, float, Decimal)):
        return math.isclose(cell, other, rel_tol=1e-9, abs_tol=1e-9)
    return cell == other


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
    parts = (f"{deals:,}", place, report, len(program), before, f"{_cost(place)(best):.2f}", ratio, f"{_peak():,.0f}")
    print(f"| {' | '.join(map(str, parts))} |", flush=True)
    for name, seconds in sorted(best.statements.items(), key=lambda one: -one[1]):
        if given.statements is not None and seconds > given.statements:
            print(f"    {name} {seconds:.2f}", flush=True)


def _cost(place: str) -> Callable[[Took], float]:
    """What counts: of embedded databases the processor's seconds, which other work does not change."""
    return (lambda took: took.processor) if place in EMBEDDED else (lambda took: took.seconds)


if __name__ == "__main__":
    main()
