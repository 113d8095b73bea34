"""A program that makes report after report, each of another project, keeps nothing of those that are done.

Slow: builds for hundreds of projects, as what is kept shows only then."""

from __future__ import annotations

import ast
import gc
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.catalogue import library
from reportspec.catalogue.load import packaged
from reportspec.compile import compile_report
from reportspec.resolve.binding import Binding
from tests.conftest import CHECKOUT, Draw
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SETTLED = 120
# Kilobytes. From there on what the program remembers of texts is replaced and does not add up; a project that is kept
# takes some 250, so that a fourth of them would be seen.
GROWTH = 8_000


def project(folder: Path, number: int) -> Path:
    """A spec in a project of its own, with a mapping, an entity and metrics that no other has."""
    own = {
        "version": 1,
        "source": "postgresql://reader@db.example.com/crm",
        "mapping": "mapping.yaml",
        "timezone": "Europe/Rome",
        "currency": "EUR",
    }
    deal = {
        "deal_id": "id",
        "amount": f"amount_{number}",
        "status": "status",
        "created_at": "made",
        "closed_at": "closed",
    }
    mapping = {
        "dialect": "postgres",
        "timezone": "UTC",
        "entities": {
            "deal": {"table": f"crm_{number}.deals", "key": "id", "fields": deal},
            "visit": {
                "table": "visits",
                "key": "id",
                "fields": {"visit_id": "id", "made_at": "made", "length": "minutes"},
            },
        },
    }
    visit = {
        "entity": "visit",
        "key": "visit_id",
        "label": {"en": f"Visit {number}"},
        "description": {"en": "A visit."},
        "fields": {
            "visit_id": {"type": "key", "label": {"en": "Id"}},
            "made_at": {"type": "time", "label": {"en": "Made"}},
            "length": {"type": "number", "label": {"en": "Length"}},
        },
    }
    more = {"label": {"en": "Count"}, "unit": "count", "direction": "up", "category": "sales"}
    more["perspective"] = "business_performance"
    metrics = [
        {"metric": "big_deals", "kind": "aggregate", "entity": "deal", "aggregate": "count", "time": "deal.closed_at",
         "where": f"deal.amount > {number} and deal.status = 'won'", **more},
        {"metric": "long_visits", "kind": "aggregate", "entity": "visit", "aggregate": "count", "time": "visit.made_at",
         "where": f"visit.length > {number}", **more},
    ]  # fmt: skip
    spec = {"version": 1, "report": "custom", "period": "2026-Q3", "where": f"deal.amount < {10**6 + number}"}
    spec["sections"] = [{"id": "k", "kpis": ["big_deals", "won_amount"]}]
    files = {"reportspec": own, "mapping": mapping, "spec": spec}
    for name, data in {**files, "entities/visit": visit, "metrics/own": {"metrics": metrics}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(json.dumps(data), encoding="utf-8")
    return folder / "spec.yaml"


def bindings() -> int:
    """How many bindings are alive."""
    return sum(isinstance(one, Binding) for one in gc.get_objects())


def resident() -> int:
    """Kilobytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4


def kept(folder: Path, projects: int) -> tuple[int, int]:
    """How many bindings outlive so many projects, and the kilobytes that came after the first of them."""
    before = bindings()
    for number in range(projects):
        found = load_report(project(folder / str(number), number), NOW, {})
        assert found.report is not None, [one.message for one in found.diagnostics]
        assert compile_report(found.report)
        if number == SETTLED:
            gc.collect()
            settled = resident()
    del found
    gc.collect()
    return bindings() - before, resident() - settled


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read off /proc")
def test_nothing_is_kept_of_hundreds_of_projects(tmp_path: Path, draw: Draw) -> None:
    """By night of a thousand. One that is kept is seen at once, memory that adds up after some two hundred. In a
    process of its own: one that has run other tests has much to give back and to take."""
    call = f"print(*kept(Path({str(tmp_path)!r}), {draw.rounds(300, 1_000)}))"
    code = f"from pathlib import Path; from {__name__} import kept; {call}"
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outlive, growth = map(int, done.stdout.split())
    assert outlive <= 0, "a project outlives its report"
    assert growth < GROWTH


def test_references_with_options_do_not_add_up() -> None:
    """How many ways there are to write one is up to people; the catalogue that ships outlives every report."""
    metrics = packaged().metrics
    for days in range(library.MOST_MADE + 100):
        assert metrics[f"renewal_rate(grace_days={days})"].id == f"renewal_rate(grace_days={days})"
    assert isinstance(metrics, library.Library)
    assert len(metrics._made) <= library.MOST_MADE
    assert metrics["renewal_rate(grace_days=7)"] == metrics["renewal_rate(grace_days=7)"]


# What a project brings and a cache of a module would keep: these remember by `reportspec.remembered`.
OF_A_PROJECT = {"Binding", "Catalogue", "Report", "SourceMap", "Project", "Entity", "Metric", "Node", "Figures", "Expr"}
# Of these there are as many as the package has databases, schemas, patterns in these, files and folders of them, types
# that it writes, functions of its own in SQL, and languages.
FEW = {
    "_audits_in",
    "_environment",
    "database",
    "_pattern",
    "_rules",
    "_schema",
    "_template",
    "_texts_of",
    "_type",
    "_validator",
}


def caches() -> list[tuple[str, str, list[str], bool]]:
    """The functions of the package with a cache: where, name, the words of their arguments' types, whether bounded."""
    found = []
    for path in sorted((CHECKOUT / "reportspec").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            said = [text for one in node.decorator_list if "cache" in (text := ast.unparse(one)).split("(")[0]]
            if not said or said[0] == "cached_property":
                continue
            kinds = [ast.unparse(one.annotation) for one in node.args.args if one.annotation is not None]
            words = [word for kind in kinds for word in kind.replace("[", ".").replace("]", ".").split(".")]
            found.append((path.name, node.name, words, "maxsize" in said[0] or not node.args.args))
    return found


def test_no_cache_of_a_module_is_asked_of_a_project() -> None:
    found = caches()
    assert len(found) > 20
    assert [(where, name) for where, name, words, _ in found if OF_A_PROJECT & set(words)] == []
    assert [(where, name) for where, name, _, bounded in found if not bounded and name not in FEW] == []
