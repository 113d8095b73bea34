"""Which tests are run, in which order, and on which worker: what pytest's hook in `conftest.py` does with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import fsum
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

_NONE = SimpleNamespace(params={})
COSTS = Path(__file__).with_name("costs.txt")


def asking_for(items: Iterable[pytest.Item], fixture: str) -> list[pytest.Item]:
    """Tests that ask for a fixture."""
    return [item for item in items if fixture in getattr(item, "fixturenames", ())]


def by_day(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Tests without cases that are repetition: `by_day` names the values of a parameter that are not. Where it names an
    engine, too, that engine is slow, and others are asked for all."""
    return [item for item in items if not any(_repeats(item, mark) for mark in item.iter_markers("by_day"))]


def by_night(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Tests of which there is more by night: what they draw, or cases."""
    return [item for item in items if any(item.iter_markers("by_day")) or "draw" in getattr(item, "fixturenames", ())]


def _repeats(item: pytest.Item, mark: pytest.Mark) -> bool:
    given: Mapping[str, object] = getattr(item, "callspec", _NONE).params
    if mark.args and given["engine_name"] not in mark.args:
        return False
    return any(given[name] not in some for name, some in mark.kwargs.items())


def few_of_each(items: Iterable[pytest.Item], few: int) -> list[pytest.Item]:
    """Of each test with more than so many cases the first, the last, and others at equal distances between them:
    neighbours are alike. Slow cases are counted by themselves, as they may be left out."""
    cases: dict[tuple[str, bool], list[pytest.Item]] = {}
    for item in items:
        cases.setdefault((item.nodeid.partition("[")[0], _slow(item)), []).append(item)
    chosen: set[pytest.Item] = set()
    for case in cases.values():
        chosen |= {*case} if len(case) <= few else {case[round(at * (len(case) - 1) / (few - 1))] for at in range(few)}
    return [item for item in items if item in chosen]


def known_costs() -> dict[str, float]:
    """What the dear tests cost, in seconds of a processor of their dearest case: `tests/costs.txt`, which
    `python -m tests.cpu FILE --keep` writes. Tests that it does not name cost little, or are new."""
    lines = COSTS.read_text(encoding="utf-8").splitlines() if COSTS.is_file() else []
    return {name: float(seconds) for seconds, _, name in (line.partition(" ") for line in lines)}


def within(items: Iterable[pytest.Item], seconds: float, costs: Mapping[str, float]) -> list[pytest.Item]:
    """The tests none of whose cases is known to cost more."""
    return [item for item in items if costs.get(_test(item), 0.0) <= seconds]


def shuffled(items: Iterable[pytest.Item], seed: str) -> list[pytest.Item]:
    """In an order that the seed gives, the same for all workers: files in any order, and the tests of a file in any
    order. A file's tests stay together, or its set-up would be done again for each of them."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(_file(item), []).append(item)
    random = Random(seed)
    drawn = sorted(files)
    random.shuffle(drawn)
    for tests in files.values():
        random.shuffle(tests)
    return [item for name in drawn for item in files[name]]


def keep_together(items: Iterable[pytest.Item]) -> None:
    """Have fast tests of one file run by one worker, so that what they share is set up once. Slow ones are shared out
    one by one, or by the group that they name."""
    for item in items:
        if not any(item.iter_markers("xdist_group")) and not _slow(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def name_by_group(items: Iterable[pytest.Item]) -> None:
    """Have tests called by their group, as pytest-xdist means to: it writes `_nodeid`, which from pytest 9.2 on is not
    what a test is called any more. Nothing would be kept together then, and each worker would start each server."""
    for item in items:
        meant = getattr(item, "_nodeid", item.nodeid)
        if meant != item.nodeid:
            item._id = item._id.parse(meant)  # type: ignore[attr-defined]


def dearest_first(items: Iterable[pytest.Item], costs: Mapping[str, float]) -> list[pytest.Item]:
    """Groups whose tests cost most come first, so that at the end no worker waits for another's long one. Of each test
    one case is counted: those of an engine's group share its set-up, which is in the dearest."""
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(_group(item), []).append(item)

    def rank(group: str) -> tuple[float, str]:
        # All workers have to find the same order, whatever theirs is of a set.
        return -fsum(costs.get(name, 0.0) for name in {_test(item) for item in groups[group]}), group

    return [item for group in sorted(groups, key=rank) for item in groups[group]]


def _group(item: pytest.Item) -> str:
    names = sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")})
    return "_".join(names) or item.nodeid


def _test(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0].partition("@")[0]


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None
