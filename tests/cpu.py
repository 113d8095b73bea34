"""What tests cost in seconds of a processor, which do not depend on who else uses the machine as those of
`--durations` do.

`pytest -p tests.cpu --cpu FILE` adds a line for each test to a file: its name, the seconds of its process and
those of the processes that it started, the tests' own servers among them, and whether it is slow.
`python -m tests.cpu FILE` adds them up by file and names the most expensive tests; with `--keep` it writes what
dear ones cost to `costs.txt`.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import pytest

from tests.choosing import COSTS

DEAR = 0.1  # seconds of a processor


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cpu", default="", metavar="FILE", help="add to this file what each test costs")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    file, before = item.config.getoption("--cpu"), _spent()
    done = yield
    if file:
        took = [round(after - then, 3) for after, then in zip(_spent(), before, strict=True)]
        line = json.dumps([item.nodeid, *took, item.get_closest_marker("slow") is not None])
        with Path(file).open("a", encoding="utf-8") as out:
            out.write(line + "\n")
    return done


def _spent() -> tuple[float, float]:
    """Seconds of this process, and of its children: of those that ended, and of those that run."""
    here, children = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return here.ru_utime + here.ru_stime, children.ru_utime + children.ru_stime + _running(os.getpid())


def _running(parent: int) -> float:
    """Seconds of what a process started and what runs, with what that waited for."""
    found = 0.0
    with suppress(OSError):
        for listed in Path(f"/proc/{parent}/task").glob("*/children"):
            for child in map(int, listed.read_text().split()):
                with suppress(OSError):
                    words = Path(f"/proc/{child}/stat").read_text(errors="replace").rpartition(")")[2].split()
                    found += sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK") + _running(child)
    return found


def main(file: Path) -> None:
    """Print what a file of costs adds up to."""
    costs = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for slow in (False, True):
        tests = {name: own + children for name, own, children, is_slow in costs if is_slow is slow}
        print(f"{'slow' if slow else 'fast'}: {len(tests)} tests, {sum(tests.values()):.0f} s")
        files: Counter[str] = Counter()
        for name, seconds in tests.items():
            files[name.partition("::")[0]] += seconds  # type: ignore[assignment]
        for name, seconds in files.most_common(25):
            print(f"  {seconds:7.1f} {name}")
        for name in sorted(tests, key=lambda name: -tests[name])[:25]:
            print(f"  {tests[name]:7.1f} {name}")


def keep(file: Path) -> None:
    """Write down what dear tests cost, for `--within`: of each the dearest case."""
    dearest: dict[str, float] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        name, own, children, _ = json.loads(line)
        test = name.partition("[")[0].partition("@")[0]
        dearest[test] = max(dearest.get(test, 0.0), own + children)
    dear = [f"{seconds:.2f} {name}" for name, seconds in sorted(dearest.items()) if seconds >= DEAR]
    COSTS.write_text("\n".join(dear) + "\n", encoding="utf-8")


if __name__ == "__main__":
    (keep if "--keep" in sys.argv[2:] else main)(Path(sys.argv[1]))
