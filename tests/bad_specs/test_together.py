"""What is wrong with one part of a spec is told, whatever is wrong with others."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.bad_specs.test_bad_specs import HERE, NOW, SPECS, folder
from tests.conftest import Draw
from tests.loading import load_report

__all__ = ["folder"]
PLANTED: dict[str, Any] = {
    "version": 1,
    "report": "custom",
    "period": "2026-13",
    "compare": "last_period",
    "metrics": ["won_amuont", "close_rate"],
    "filters": [{"field": "deal.nmae", "eq": "x"}, {"field": "deal.amount", "gte": 5}],
    "where": "deal.amout > 5",
    "group_by": ["user.nmae"],
    "goals": {"close_rat": 0.3, "close_rate": {"target": 0.3, "warn_at": 0.9}},
    "sections": [
        {"id": "a", "kpis": ["won_amont"]},
        {
            "id": "b",
            "breakdown": {"metrics": ["lost_amuont"], "by": [{"field": "deal.amount", "bins": [1, 2]}], "top": 3},
        },
        {"id": "c", "trend": {"metrics": ["open_amuont"], "grain": "month"}},
        {"id": "d", "records": {"entity": "deal", "fields": ["deal.nam"], "limit": 5}},
        {"id": "e", "funnel": {"steps": ["leads_created_cuont", "deals_count"]}},
        {"id": "h", "drivers": {"metric": "close_rtae", "by": ["user.name"]}},
    ],
    "deliver": {"to": "anna at example.com", "attach": ["pdf"], "when": "goal_mised"},
}
# Of each place the mistake that is told of it, as it is written.
TOLD = {
    ("period",): "2026-13", ("compare",): "last_period", ("metrics", 0): "won_amuont", ("filters", 0): "nmae",
    ("where",): "amout", ("group_by", 0): "nmae", ("goals", "close_rat"): "close_rat", ("sections", 0): "won_amont",
    ("sections", 1): "lost_amuont", ("sections", 2): "open_amuont", ("sections", 3): "nam",
    ("sections", 4): "leads_created_cuont", ("sections", 5): "close_rtae", ("deliver", "to"): "anna at example.com",
    ("deliver", "when"): "goal_mised",
}  # fmt: skip
OTHERS = ("ten", -1.5, [], {}, None, True, [1], {"a": 1}, ["ten"], [{}])


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield from places(part, (*at, key))


def test_a_part_of_another_shape_hides_no_other(folder: Path, draw: Draw) -> None:
    every = [(at, other) for at in places(PLANTED) if at and at[0] != "version" for other in OTHERS]
    for at, other in Random(draw.seed).sample(every, draw.rounds(60, len(every))):
        spec = copy.deepcopy(PLANTED)
        part: Any = spec
        for key in at[:-1]:
            part = part[key]
        part[at[-1]] = other
        Path("s.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
        told = " ".join(one.message for one in load_report(Path("s.yaml"), NOW, {}).diagnostics)
        apart = {place: word for place, word in TOLD.items() if not touches(at, place)}
        assert [word for word in apart.values() if f"{word}`" not in told] == [], (at, other)


def touches(at: tuple[Any, ...], place: tuple[Any, ...]) -> bool:
    """Whether what stands at one place holds, is within, or brings along what is told of another: metrics are shown by
    what `group_by` names."""
    near = min(len(at), len(place))
    return at[:near] == place[:near] or (at[0] == "metrics" and place[0] == "group_by")


# What is no mistake any more beside another spec's keys, and what hides all else: no YAML, no spec.
APART = frozenset((
    "custom_without_anything", "each_missing", "mapping_file", "param_undeclared", "text_figure",
    "theme_colour_unquoted", "version_two", "yaml_other_blank", "yaml_quote",
))  # fmt: skip


def test_two_specs_in_one(folder: Path, draw: Draw) -> None:
    """What is said of two specs is said of one that has the keys of both."""
    texts = {name: (HERE / f"{name}.yaml").read_text(encoding="utf-8") for name in SPECS if name not in APART}
    pairs = [pair for pair in itertools.combinations(sorted(texts), 2) if joined(*map(texts.__getitem__, pair))]
    assert len(pairs) > 3_000
    for one, other in Random(draw.seed).sample(pairs, draw.rounds(120, len(pairs))):
        wanted = errors(texts[one]) | errors(texts[other])
        assert wanted <= errors(joined(texts[one], texts[other]) or ""), (one, other)


def errors(text: str) -> set[tuple[str, str]]:
    Path("s.yaml").write_text(text, encoding="utf-8")
    found = load_report(Path("s.yaml"), NOW, {}).diagnostics
    return {(one.code, re.sub(r"sections\[\d+\]", "", one.message)) for one in found if one.severity == "error"}


def joined(one: str, other: str) -> str | None:
    """A spec with the keys of two, the sections of both; None where both say something else of a key."""
    mine, theirs = by_key(one), by_key(other)
    for key, text in theirs.items():
        if key == "sections" and all(each.startswith("sections:\n") for each in (text, mine.get(key, ""))):
            mine[key] += text.partition("\n")[2]
        elif key == "report" and "report: custom\n" in (text, mine.get(key, text)):
            mine[key] = text if mine.get(key) == "report: custom\n" else mine.get(key, text)
        elif mine.setdefault(key, text) != text:
            return None
    return "".join(mine.values())


def by_key(text: str) -> dict[str, str]:
    parts = re.split(r"^(?=[a-z_]+:)", text, flags=re.MULTILINE)
    return {part.partition(":")[0]: part if part.endswith("\n") else f"{part}\n" for part in parts if ":" in part}
