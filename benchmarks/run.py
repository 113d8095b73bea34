"""Time reportspec on this machine and print the results as Markdown tables.

    make bench
    .venv/bin/python benchmarks/run.py --runs 15

Cold times are whole processes, as a user waits for them, and their processor time. Warm times are the
processor's, of the check and of the compiler alone, called again and again in one process; a report is read
anew each time, so that nothing is remembered of it. Machines differ, so cold times are also given as multiples
of a Python that imports yaml and jsonschema on the same machine at the same moment. Nothing is written
but standard output and compiled modules; PDFs go to a folder that is removed.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SPEC = CHECKOUT / "specs" / "q3.yaml"


@dataclass(frozen=True, slots=True)
class Timing:
    """What some runs of one thing took: seconds each, the least of the processor's, and the highest memory of all
    in MiB."""

    name: str
    seconds: tuple[float, ...]
    processor: float = 0.0
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
    parser.add_argument("--warm-runs", type=int, default=9, help="calls per row (default 9)")
    options = parser.parse_args()

    print(f"{describe_machine()}\n")
    with tempfile.TemporaryDirectory() as folder:
        cold, failures = time_all_commands(options.runs, Path(folder))
    print("\n".join(cold_table(cold)))
    print()
    with tempfile.TemporaryDirectory() as folder:
        print("\n".join(warm_table(time_warm(options.warm_runs, Path(folder)))))
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
    yield "`python -c 'import yaml, jsonschema'`", [python, "-c", "import yaml, jsonschema"]
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
    compileall.compile_dir(CHECKOUT / "reportspec", quiet=1)  # as an installed package is
    commands = list(cold_commands(folder))
    seconds: dict[str, list[float]] = {}
    processor: dict[str, float] = {}
    peaks: dict[str, float] = {}
    failures: list[str] = []
    for name, command in commands:
        try:
            time_process(command)
        except DidNotRun as failure:
            failures.append(f"{name} failed: {failure}")
        else:
            seconds[name], processor[name], peaks[name] = [], float("inf"), 0.0
    for _ in range(runs):
        for name, command in commands:
            if name in seconds:
                elapsed, spent, peak = time_process(command)
                seconds[name].append(elapsed)
                processor[name] = min(processor[name], spent)
                peaks[name] = max(peaks[name], peak)
    return [Timing(name, tuple(times), processor[name], peaks[name]) for name, times in seconds.items()], failures


def time_process(command: Sequence[str], folder: Path = CHECKOUT) -> tuple[float, float, float]:
    """Run a command in a folder; return its seconds, the processor's, and its peak memory in MiB. Raises
    DidNotRun."""
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
    return elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit


def cold_table(timings: Sequence[Timing]) -> Iterator[str]:
    """Yield the lines of the table of whole processes."""
    yardstick = timings[0].processor
    yield f"| whole process, {len(timings[0].seconds)} runs | median | processor, least | ratio | peak |"
    yield "|---|--:|--:|--:|--:|"
    for timing in timings:
        yield (
            f"| {timing.name} | {timing.median * 1000:.0f} ms | {timing.processor * 1000:.0f} ms "
            f"| {timing.processor / yardstick:.1f} | {timing.peak_mib:.0f} MiB |"
        )


# Warm: the check and the compiler alone


@dataclass(frozen=True, slots=True)
class Warm:
    """What a spec takes in a process that has read the catalogue: the least of some runs, in the processor's
    seconds, and how many queries it has."""

    name: str
    queries: int
    check: float
    compiled: float


def subjects(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every spec in specs/, and every standard report over the demo."""
    from reportspec.catalogue.load import packaged

    for path in sorted((CHECKOUT / "specs").glob("*.yaml")):
        if path.name != "reportspec.yaml":
            yield f"specs/{path.name}", path
    (folder / "reportspec.yaml").write_text((CHECKOUT / "specs" / "reportspec.yaml").read_text("utf-8"), "utf-8")
    for name in packaged().reports:
        if name != "custom":
            path = folder / f"{name}.yaml"
            path.write_text(f"version: 1\nreport: {name}\nperiod: 2026-Q3\ncompare: previous_period\n", "utf-8")
            yield f"report `{name}`", path


def time_warm(runs: int, folder: Path) -> list[Warm]:
    """Time the check of each subject, from its text to the report, and its compiling, from there to SQL."""
    from reportspec.compile import compile_report
    from reportspec.databases import dialect_named
    from reportspec.sql.dialect import sql_text
    from tests.loading import load_report

    now, dialect = datetime(2026, 11, 1, 12, tzinfo=UTC), dialect_named("duckdb")
    timed = []
    for name, path in subjects(folder):
        checks, compiled, queries = [], [], 0
        for _ in range(runs + 1):
            since = time.process_time()
            report = load_report(path, now, os.environ).report
            assert report is not None, path
            between = time.process_time()
            queries = len([sql_text(each.tree, dialect) for each in compile_report(report)])
            checks.append(between - since)
            compiled.append(time.process_time() - between)
        timed.append(Warm(name, queries, min(checks[1:]), min(compiled[1:])))
    return timed


def warm_table(timed: Sequence[Warm]) -> Iterator[str]:
    """Yield the lines of the table of checks and compiling."""
    yield "| warm, processor, least | queries | check | compile | of a query |"
    yield "|---|--:|--:|--:|--:|"
    for one in timed:
        yield (
            f"| {one.name} | {one.queries} | {one.check * 1000:.1f} ms | {one.compiled * 1000:.1f} ms "
            f"| {one.compiled / max(one.queries, 1) * 1000:.2f} ms |"
        )


if __name__ == "__main__":
    sys.exit(main())
