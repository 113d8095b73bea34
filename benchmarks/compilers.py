"""Time compiling the same metrics to SQL by several compilers, side by side, as Markdown tables.

    .venv/bin/python benchmarks/compilers.py --folder ../compilers

reportspec, MetricFlow, sidemantic and OrionBelt compile four metrics (won amount, won and closed
deals, close rate) by month and segment. Each has its own virtual environment, made in the folder
with the versions named here, and a model of its own language from `benchmarks/compilers`; what
cannot be installed is left out and said so. With a folder that is kept, they are installed once.

Cold is a whole process as a user starts it, warm is one process that compiles 44 different queries.
The tools do not do the same: reportspec's statement also has a period, the rows that lack an
amount, and where a breakdown needs them the totals.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from run import CHECKOUT, DidNotRun, Timing, describe_machine, time_process

MODELS = CHECKOUT / "benchmarks" / "compilers"


@dataclass(frozen=True, slots=True)
class Tool:
    """A compiler: what is installed, its Python at least, and its command lines."""

    name: str
    folder: str
    requirements: tuple[str, ...]
    cold: tuple[str, ...]  # the program is in the environment's bin
    python: tuple[int, int] = (3, 11)
    prepare: tuple[str, ...] = ()


METRICS = "won_amount,won_count,closed_count,close_rate"
TOOLS = (
    Tool(
        "MetricFlow",
        "metricflow",
        (
            "dbt-metricflow[dbt-duckdb]==0.15.0",
            "metricflow==0.213.0",
            "dbt-core==1.11.16",
            "dbt-duckdb==1.11.1",
        ),
        ("mf", "query", "--metrics", METRICS, "--group-by", "metric_time__month,account__segment", "--explain"),
        prepare=("dbt", "parse", "--quiet"),
    ),
    Tool(
        "sidemantic",
        "sidemantic",
        ("sidemantic==0.13.0", "sqlglot==30.30.0"),
        (
            "sidemantic",
            "query",
            "--models",
            ".",
            "--dry-run",
            "SELECT deals.won_amount, deals.won_count, deals.closed_count, close_rate, "
            "deals.closed_at__month, accounts.segment FROM metrics",
        ),
    ),
    Tool(
        "OrionBelt",
        "orionbelt",
        ("orionbelt-semantic-layer==2.36.0",),
        ("obsl", "compile", "crm.obml.yml", "-q", "query.yml", "-d", "duckdb"),
        python=(3, 12),
    ),
)
OURS = Tool("reportspec", "reportspec", (), ("-m", "reportspec", "compile", "specs/query.yaml"))


@dataclass(frozen=True, slots=True)
class Warm:
    """What one process measured: seconds."""

    name: str
    load: float
    first: float
    distinct: tuple[float, ...]
    again: tuple[float, ...]


def main() -> int:
    """Install, measure, print; 1 if reportspec itself did not run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="processes per row (default 7)")
    parser.add_argument("--folder", type=Path, help="environments are kept here (default: none kept)")
    options = parser.parse_args()

    print(f"{describe_machine()}\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        work = Path(temporary) / "models"
        shutil.copytree(MODELS, work)
        make_database(work / "reportspec" / "crm.duckdb")
        present = [tool for tool in TOOLS if installed(tool, folder)]
        try:
            cold = time_cold(present, folder, work, options.runs)
            warm = time_warm(present, folder, work)
        except DidNotRun as failure:
            print(failure, file=sys.stderr)
            return 1
    print("\n".join(cold_table(cold)))
    print()
    print("\n".join(warm_table(warm)))
    return 0


def make_database(path: Path) -> None:
    """Make the empty database that reportspec's project names: nothing is read from it."""
    import duckdb

    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE crm_deals (id BIGINT)")
        database.execute("CREATE TABLE crm_accounts (id BIGINT)")


# Environments


def installed(tool: Tool, folder: Path) -> bool:
    """Make a tool's environment unless it is there; say so and return False if it cannot be."""
    environment = folder / tool.folder
    if (environment / "complete").exists():
        return True
    python = python_of(tool.python)
    if python is None:
        print(f"{tool.name}: left out, it needs Python {'.'.join(map(str, tool.python))}\n")
        return False
    shutil.rmtree(environment, ignore_errors=True)
    commands = (
        [python, "-m", "venv", str(environment)],
        [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--quiet", *tool.requirements],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            print(f"{tool.name}: left out, {(reasons or ['it cannot be installed'])[-1]}\n")
            return False
    (environment / "complete").touch()
    return True


def python_of(least: tuple[int, int]) -> str | None:
    """An interpreter that is new enough: this one, or one by its usual names."""
    if sys.version_info[:2] >= least:
        return sys.executable
    names = [f"python3.{minor}" for minor in range(least[1], least[1] + 3)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = [str(path) for name in names for path in sorted(pyenv.glob(f"*/bin/{name}"))]
    for found in [*filter(None, map(shutil.which, names)), *kept]:
        asked = f"import sys; sys.exit(sys.version_info[:2] < {least})"
        if subprocess.run([found, "-c", asked], capture_output=True, check=False).returncode == 0:
            return found
    return None


def program(tool: Tool, folder: Path, name: str) -> str:
    """The path of a program of a tool's environment."""
    return sys.executable if tool is OURS else str(folder / tool.folder / "bin" / name)


# Measuring


def time_cold(tools: Sequence[Tool], folder: Path, work: Path, runs: int) -> list[tuple[Tool, Timing]]:
    """Time whole processes, round after round; one round before fills caches. Raises DidNotRun."""
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    commands = {}
    for tool in (OURS, *tools):
        head, *rest = tool.cold
        commands[tool] = [sys.executable, *tool.cold] if tool is OURS else [program(tool, folder, head), *rest]
        if tool.prepare:
            head, *rest = tool.prepare
            time_process([program(tool, folder, head), *rest], work / tool.folder)
    seconds: dict[Tool, list[float]] = {tool: [] for tool in commands}
    peaks = dict.fromkeys(commands, 0.0)
    for _ in range(runs + 1):
        for tool, command in commands.items():
            elapsed, _, peak = time_process(command, work / tool.folder)
            seconds[tool].append(elapsed)
            peaks[tool] = max(peaks[tool], peak)
    return [(t, Timing(t.name, tuple(times[1:]), peak_mib=peaks[t])) for t, times in seconds.items()]


def time_warm(tools: Sequence[Tool], folder: Path, work: Path) -> list[Warm]:
    """Ask each tool, in its own process, how long its queries take. Raises DidNotRun."""
    asked = [
        (OURS, "reportspec", "reportspec, from a checked report"),
        (OURS, "reportspec-with-check", "reportspec, from YAML"),
        *((tool, tool.folder, tool.name) for tool in tools),
    ]
    found = []
    for tool, subject, name in asked:
        done = subprocess.run(
            [program(tool, folder, "python"), str(MODELS / "warm.py"), subject, str(work / tool.folder)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT) if tool is OURS else ""},
        )
        if done.returncode != 0:
            raise DidNotRun(f"{name}: {done.stderr.strip()[-500:]}")
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        found.append(Warm(name, said["load"], said["first"], tuple(said["distinct"]), tuple(said["again"])))
    return found


def cold_table(timings: Sequence[tuple[Tool, Timing]]) -> Iterator[str]:
    """Yield the lines of the table of whole processes."""
    yield (
        f"| whole process to SQL, {len(timings[0][1].seconds)} runs | version | best | median | x reportspec | peak |"
    )
    yield "|---|---|--:|--:|--:|--:|"
    ours = timings[0][1].median
    for tool, timing in timings:
        version = tool.requirements[0].partition("==")[2] if tool.requirements else "this one"
        yield (
            f"| {timing.name} | {version} | {timing.best * 1000:.0f} ms "
            f"| {timing.median * 1000:.0f} ms | {timing.median / ours:.2f} "
            f"| {timing.peak_mib:.0f} MiB |"
        )


def warm_table(found: Sequence[Warm]) -> Iterator[str]:
    """Yield the lines of the table of one process that compiles many queries."""
    yield (
        f"| one process, {len(found[0].distinct)} queries | import and load | first query "
        "| median of distinct | highest | median when asked again |"
    )
    yield "|---|--:|--:|--:|--:|--:|"
    for warm in found:
        yield (
            f"| {warm.name} | {warm.load * 1000:.0f} ms | {warm.first * 1000:.1f} ms "
            f"| {statistics.median(warm.distinct) * 1000:.2f} ms "
            f"| {max(warm.distinct) * 1000:.2f} ms "
            f"| {statistics.median(warm.again) * 1000:.2f} ms |"
        )


if __name__ == "__main__":
    sys.exit(main())
