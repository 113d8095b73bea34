"""Metrics that are made of one another: each is computed once, and they have an end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from tests.contract.test_goal_members import NOW, project
from tests.figures.asking import figures, rows
from tests.loading import load_report

SPEC = {"report": "custom", "period": "2026-04"}


def chain(folder: Path, formula: str, count: int) -> Path:
    """Won amount as `m`, and `m0`, `m1`, … each made of the one before."""
    project(folder)
    (folder / "metrics").mkdir()
    for first in range(0, count, 400):  # a file has so many at most
        made = [
            {"metric": f"m{at}", "kind": "derived", "formula": formula.format(f"m{at - 1}" if at else "won_amount")}
            for at in range(first, min(first + 400, count))
        ]
        (folder / "metrics" / f"m{first}.yaml").write_text(yaml.safe_dump({"metrics": made}), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("formula", "last"),
    [
        ("{0} + {0}", 200 * 2**20),  # the source has 200 (100 + 60 + 40), twenty times doubled
        ("{0} + {0} - {0} + {0} + {0} - {0}", 200 * 2**20),
        ("{0}" + " + 1" * 110, 200 + 20 * 110),  # no stack is deep enough for all in one
        ("coalesce({0}, {0}) - {0} + greatest({0}, {0})", 200),
    ],
)
def test_twenty_deep(tmp_path: Path, formula: str, last: int) -> None:
    began = time.process_time()
    folder = chain(tmp_path, formula, 20)
    found = figures(folder, {**SPEC, "metrics": ["m19"], "group_by": ["user.name"]}, NOW)
    assert rows(found, "headline") == [{"m19": last}]
    assert time.process_time() - began < 10


@pytest.mark.parametrize("count", [21, 22, 40, 900])
def test_deeper_is_told_once_at_its_place(tmp_path: Path, count: int) -> None:
    folder = chain(tmp_path, "{0} + {0}", count)
    (folder / "asked.yaml").write_text(yaml.safe_dump({"version": 1, **SPEC, "metrics": ["won_amount"]}), "utf-8")
    began = time.process_time()
    checked = load_report(folder / "asked.yaml", NOW, {})
    assert time.process_time() - began < 20
    [told] = checked.diagnostics
    assert (told.code, told.message.split("`")[1]) == ("too-deep", "m20")
    assert told.span is not None


def test_metrics_made_of_comparisons_with_others(tmp_path: Path) -> None:
    """North has 160 (Ada 100, Bo 60), South 40: 160 / 40 and 40 / 160, twice."""
    project(tmp_path)
    (tmp_path / "metrics").mkdir()
    made = [
        {"metric": "r0", "kind": "relative", "of": "won_amount", "to": "others", "as": "multiple"},
        {"metric": "d0", "kind": "derived", "formula": "r0 + r0"},
    ]
    (tmp_path / "metrics" / "m.yaml").write_text(yaml.safe_dump({"metrics": made}), "utf-8")
    spec = {
        **SPEC,
        "sections": [{"id": "a", "breakdown": {"metrics": ["d0"], "by": ["user.team"]}}],
    }
    found = figures(tmp_path, spec, NOW)
    assert {row["user.team"]: row["d0"] for row in rows(found, "a")} == {"North": 8, "South": 0.5}
