"""Time reportspec on this machine and print the results as Markdown tables.

    make bench
    .venv/bin/python benchmarks/run.py --runs 15

Cold times are whole processes, as a user waits for them. Warm times are the compiler alone,
called again and again in one process. Machines differ, so cold times are also given as multiples
of starting Python with nothing to do on the same machine at the same moment. Nothing is written
but standard output; PDFs go to a folder that is removed.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
SPEC = CHECKOUT / "specs" / "q3.yaml"


@dataclass(frozen=True, slots=True)
class Timing:
    """What some runs of one thing took: seconds each, and the highest memory of all in MiB."""

    name: str
    seconds: tuple[float, ...]
    peak_mib: float | None = None

    @property
    def best(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


class DidNotRun(Exception):
    """A command that was to be timed failed; the message is what it said."""


def main() -> int:
    """Measure, print; 1 if something that was to be measured did not run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="processes per row (default 7)")
    parser.add_argument("--warm-runs", type=int, default=50, help="calls per row (default 50)")
    options = parser.parse_args()

    print(f"{describe_machine()}\n")
    with tempfile.TemporaryDirectory() as folder:
        cold, failures = time_all_commands(options.runs, Path(folder))
    print("\n".join(cold_table(cold)))
    print()
    warm = time_warm(options.warm_runs)
    print("\n".join(warm_table(warm)) if warm else "Warm times: the compiler is not there yet.")
    for failure in failures:
        print(failure, file=sys.stderr)
    return int(bool(failures))


def describe_machine() -> str:
    """Say what matters for the times: processors, Python, versions; never a host's name."""
    from importlib.metadata import version

    processor = platform.processor() or platform.machine()
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.exists():
        models = [
            line.partition(":")[2].strip()
            for line in cpu_info.read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        processor = models[0] if models else processor
    packages = ", ".join(f"{name} {version(name)}" for name in ("sqlglot", "duckdb", "weasyprint"))
    return f"{os.cpu_count()} x {processor}, {platform.system()}, Python {platform.python_version()}, {packages}"


# Cold: whole processes


def cold_commands(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield what to time: a name and a command line. The first one is the yardstick."""
    python = sys.executable
    program = [python, "-m", "reportspec"]
    yield "`python -c pass`", [python, "-c", "pass"]
    yield "`python -c 'import sqlglot'`", [python, "-c", "import sqlglot"]
    yield "`python -c 'import duckdb'`", [python, "-c", "import duckdb"]
    yield "`python -c 'import weasyprint'`", [python, "-c", "import weasyprint"]
    yield "`reportspec --version`", [*program, "--version"]
    yield "`reportspec validate specs/q3.yaml`", [*program, "validate", str(SPEC)]
    yield "`reportspec compile specs/q3.yaml`", [*program, "compile", str(SPEC)]
    yield "`reportspec build specs/q3.yaml`", [*program, "build", str(SPEC), "--out", str(folder)]


def time_all_commands(runs: int, folder: Path) -> tuple[list[Timing], list[str]]:
    """Time each command `runs` times after one that fills caches, round after round, so that a
    busy moment of the machine falls on all of them. Return the timings and what failed."""
    commands = list(cold_commands(folder))
    seconds: dict[str, list[float]] = {}
    peaks: dict[str, float] = {}
    failures: list[str] = []
    for name, command in commands:
        try:
            time_process(command)
        except DidNotRun as failure:
            failures.append(f"{name} failed: {failure}")
        else:
            seconds[name] = []
            peaks[name] = 0.0
    for _ in range(runs):
        for name, command in commands:
            if name in seconds:
                elapsed, peak = time_process(command)
                seconds[name].append(elapsed)
                peaks[name] = max(peaks[name], peak)
    return [Timing(name, tuple(times), peaks[name]) for name, times in seconds.items()], failures


def time_process(command: Sequence[str], folder: Path = CHECKOUT) -> tuple[float, float]:
    """Run a command in a folder; return its seconds and its peak memory in MiB. Raises DidNotRun."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for already
        if process.returncode != 0:
            output.seek(0)
            raise DidNotRun(output.read().decode(errors="replace").strip()[-500:])
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return elapsed, usage.ru_maxrss / unit


def cold_table(timings: Sequence[Timing]) -> Iterator[str]:
    """Yield the lines of the table of whole processes."""
    yardstick = timings[0].median
    yield f"| whole process, {len(timings[0].seconds)} runs | best | median | x Python | peak |"
    yield "|---|--:|--:|--:|--:|"
    for timing in timings:
        yield (
            f"| {timing.name} | {timing.best * 1000:.0f} ms | {timing.median * 1000:.0f} ms "
            f"| {timing.median / yardstick:.1f} | {timing.peak_mib:.0f} MiB |"
        )


# Warm: the compiler alone


def warm_subjects() -> Iterator[tuple[str, int, Callable[[], object]]]:
    """Yield a name, how many queries one call compiles, and the call, for every spec in specs/.

    Reading the spec and the catalogue happens before: a server does that once.
    """
    from reportspec.compile import compile_report
    from reportspec.databases import dialect_named
    from reportspec.sql.dialect import sql_text
    from tests.loading import load_report

    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    for path in sorted((CHECKOUT / "specs").glob("*.yaml")):
        if path.name == "reportspec.yaml":
            continue
        report = load_report(path, now, os.environ).report
        assert report is not None, path
        queries = len(compile_report(report))

        def to_sql(report: Any = report) -> object:
            return [sql_text(each.tree, dialect_named("duckdb")) for each in compile_report(report)]

        yield f"specs/{path.name}", queries, to_sql


def time_warm(runs: int) -> list[tuple[Timing, int]]:
    """Time planning and SQL generation in this process; return timings with query counts."""
    timed = []
    for name, queries, compile_once in warm_subjects():
        compile_once()
        seconds = []
        for _ in range(runs):
            started = time.perf_counter()
            compile_once()
            seconds.append(time.perf_counter() - started)
        timed.append((Timing(name, tuple(seconds)), queries))
    return timed


def warm_table(timed: Sequence[tuple[Timing, int]]) -> Iterator[str]:
    """Yield the lines of the table of planning and SQL generation."""
    yield (
        f"| plan and generate SQL, warm, {len(timed[0][0].seconds)} calls "
        "| queries | best | median | median per query |"
    )
    yield "|---|--:|--:|--:|--:|"
    for timing, queries in timed:
        per_query = timing.median / max(queries, 1)
        yield (
            f"| {timing.name} | {queries} | {timing.best * 1000:.2f} ms "
            f"| {timing.median * 1000:.2f} ms | {per_query * 1000:.2f} ms |"
        )


if __name__ == "__main__":
    sys.exit(main())
