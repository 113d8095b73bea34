"""A value of another type than its key's is one mistake, told once, where it stands."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.figures.asking import NOW
from tests.loading import load_report

SPEC: dict[str, Any] = {
    "version": 1,
    "report": "custom",
    "title": "T",
    "period": "2026-Q1",
    "compare": "previous_period",
    "metrics": ["won_amount", "close_rate"],
    "group_by": ["user.name"],
    "where": "deal.amount > 1",
    "filters": [{"field": "deal.source", "in": ["Web"]}],
    "goals": {"close_rate": {"target": 0.5, "by": "user.name", "targets": {"Anna Lindqvist": 0.5}}},
    "theme": {"accent": "#123456", "cover": True},
    "params": {"p": {"type": "integer", "default": 1}},
    "sections": [
        {"id": "a", "title": "A", "kpis": ["won_amount"], "where": "deal.amount > 1", "note": "N"},
        {"trend": {"metrics": ["won_amount"], "grain": "month", "by": "user.team", "chart": "bar"}},
        {"breakdown": {"metrics": ["won_amount"], "by": [{"field": "deal.amount", "bins": [1, 2]}],
                       "sort": "-won_amount", "top": 3, "others": True}},
        {"breakdown": {"metrics": ["won_amount"], "by": ["user.name"], "sort": "user.name"}},
        {"records": {"entity": "deal", "fields": ["deal.name"], "sort": "deal.name", "limit": 3,
                     "where": "deal.amount > 1"}, "filters": [{"field": "deal.amount", "gt": 1}]},
        {"funnel": {"steps": ["leads_created_count", "won_deals_count"]}},
        {"highlights": {"metrics": ["won_amount"]}},
        {"text": "Words"},
    ],
}  # fmt: skip
OTHERS: dict[type, list[Any]] = {
    str: [["won_amount"], {"a": 1}, ["a", "b"]],
    list: ["won_amount", {"a": 1}, 5],
    dict: ["won_amount", ["a"], 5],
    bool: ["won_amount", ["a"], {"a": 1}],
    int: [["a"], {"a": 1}],
    float: [["a"], {"a": 1}],
}


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in parts:
        yield from places(value, (*path, key))


def with_another(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made: Any = copy.deepcopy(SPEC)
    at = made
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return made  # type: ignore[no-any-return]


def test_the_spec_itself_is_right(demo: Path) -> None:
    path = demo / "wrong.yaml"
    path.write_text(json.dumps(SPEC), encoding="utf-8")
    assert [d.message for d in load_report(path, NOW, {}).diagnostics if d.severity == "error"] == []


@pytest.mark.parametrize("place", list(places(SPEC)), ids=lambda p: ".".join(map(str, p)))
def test_one_mistake_has_one_message(place: tuple[Any, ...], demo: Path) -> None:
    at: Any = SPEC
    for part in place:
        at = at[part]
    for value in OTHERS[type(at)]:
        path = demo / "wrong.yaml"
        path.write_text(json.dumps(with_another(place, value)), encoding="utf-8")
        told = [d for d in load_report(path, NOW, {}).diagnostics if d.severity == "error"]
        shown = [(d.code, d.message) for d in told]
        if any(d.code == "missing-key" for d in told):
            continue  # a map may stand there, and this one has other keys
        if any(d.code == "wrong-type" for d in told):
            assert len(told) == 1, (value, shown)
        # Where a key takes several types, what is wrong may be in the value; still nothing is told twice.
        assert len({d.span for d in told}) == len(told), (value, shown)
