"""What the source keeps apart stands apart: two people of one name, the stages of two pipelines.

Slow: servers of databases are started and filled."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from reportspec.burst import burst
from reportspec.burst.burst import run_each
from reportspec.compile import compile_report
from reportspec.contract import namesakes
from reportspec.timings import Timings
from tests.engines.servers import Given, engine
from tests.figures.asking import figures, rows
from tests.loading import load_report

NOW = datetime(2026, 4, 20, tzinfo=UTC)
USERS = [
    ("u1", "Sam Lee", "s.lee@x.it", "North"),
    ("u2", "Sam Lee", "sam@x.it", "South"),
    ("u3", "Ada", "a@x.it", "North"),
]
STAGES = [
    ("s1", "p1", "Intro", 1),
    ("s2", "p1", "Offer", 2),
    ("t1", "p2", "Offer", 1),
    ("t2", "p2", "Intro", 2),
    ("t3", "p2", "Pilot", 3),
]
PIPELINES = [("p1", "New"), ("p2", "Renew")]
DEALS = [
    ("1", "u1", "s1", "won", 100, "2026-03-02"),
    ("2", "u1", "s1", "lost", 300, "2026-03-03"),
    ("3", "u2", "t1", "won", 50, "2026-03-10"),
    ("4", "u3", "s1", "open", 1, None),
    ("5", "u3", "s2", "open", 10, None),
    ("6", "u2", "t1", "open", 100, None),
    ("7", "u1", "t2", "open", 1000, None),
]
ENTITIES: dict[str, Any] = {
    "deal": {
        "owner_id": "owner",
        "stage_id": "stage",
        "pipeline_id": "case when stage like 's%' then 'p1' else 'p2' end",
        "status": "status",
        "amount": "amount",
        "closed_at": "closed",
        "created_at": "made",
    },
    "user": {"name": "name", "email": "mail", "team": "team"},
    "stage": {"pipeline_id": "pipe", "name": "name", "position": "pos", "is_won": "false", "is_lost": "false"},
    "pipeline": {"name": "name"},
}


def tables() -> list[Given]:
    text = "VARCHAR"
    return [
        Given(
            "deal",
            [
                ("id", text),
                ("owner", text),
                ("stage", text),
                ("status", text),
                ("amount", "DECIMAL(14,2)"),
                ("closed", "TIMESTAMP"),
                ("made", "TIMESTAMP"),
            ],
            [(*row[:5], datetime.fromisoformat(row[5]) if row[5] else None, datetime(2026, 1, 5)) for row in DEALS],
        ),
        Given("user", [(name, text) for name in ("id", "name", "mail", "team")], USERS),
        Given("stage", [("id", text), ("pipe", text), ("name", text), ("pos", "INTEGER")], STAGES),
        Given("pipeline", [("id", text), ("name", text)], PIPELINES),
    ]


def project(folder: Path, url: str = "", prefix: str = "", without: tuple[str, ...] = ()) -> Path:
    if not url:
        url = f"duckdb:///{folder / 'crm.duckdb'}"
        with duckdb.connect(str(folder / "crm.duckdb")) as raw:
            for table in tables():
                columns = ", ".join(f'"{name}" {kind}' for name, kind in table.columns)
                raw.execute(f'create table "{table.name}" ({columns})')
                marks = ", ".join("?" * len(table.columns))
                raw.executemany(f'insert into "{table.name}" values ({marks})', table.rows)
    entities = {
        name: {
            "table": f'{prefix}"{name}"',
            "key": "id",
            "fields": {one: sql for one, sql in fields.items() if f"{name}.{one}" not in without},
        }
        for name, fields in ENTITIES.items()
        if name not in without
    }
    mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": entities}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    about = {"version": 1, "source": url, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    return folder


def spec(*sections: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"report": "custom", "period": "2026-03", "sections": list(sections), **more}


PEOPLE = {"id": "who", "breakdown": {"metrics": ["won_amount", "close_rate"], "by": ["user.name"]}}
OPEN = {"id": "open", "breakdown": {"metrics": ["open_amount"], "by": ["stage.name"]}}


def people(found: Any) -> dict[Any, Any]:
    return {row["user.name"]: (row["won_amount"], row["close_rate"]) for row in rows(found, "who")}


def check(folder: Path) -> None:
    targets = {"Sam Lee (sam@x.it)": 40, "Ada": 10, "Aida": 5}
    goals = {"won_amount": {"by": "user.name", "targets": targets}}
    asked = spec(PEOPLE, OPEN, goals=goals, where="user.team = 'South' or user.name = 'Sam Lee'")
    found = figures(folder, asked, NOW)
    # The filter leaves Ada out; Aida is nobody.
    assert people(found) == {"Sam Lee (s.lee@x.it)": (100, 0.5), "Sam Lee (sam@x.it)": (50, 1)}
    aimed = {row["user.name"]: row["target"] for row in rows(found, "goal_won_amount")}
    assert aimed == {"Sam Lee (s.lee@x.it)": None, "Sam Lee (sam@x.it)": 40}
    assert sorted(one.code for one in found.warnings) == ["shared-name", "unknown-target"]
    found = figures(folder, spec(PEOPLE, OPEN), NOW)
    told = {"Sam Lee (s.lee@x.it)": (100, 0.5), "Sam Lee (sam@x.it)": (50, 1), "Ada": (0, None)}
    assert people(found) == told
    # By pipeline, and within each by their place: Renew's first stage is its Offer.
    assert [tuple(row.values()) for row in rows(found, "open")] == [
        ("Intro (New)", 1),
        ("Offer (New)", 10),
        ("Offer (Renew)", 100),
        ("Intro (Renew)", 1000),
        ("Pilot (Renew)", 0),
    ]
    # Stages of two pipelines may well have one name; that two people do is told.
    assert [one.code for one in found.warnings] == ["shared-name"]
    assert "`user.name`" in found.warnings[0].message
    assert "People: some share their name (1 more than names)" in " ".join(found.footnotes)


def test_two_of_one_name(tmp_path: Path) -> None:
    check(project(tmp_path))


@pytest.mark.parametrize(
    "kind",
    ["sqlite", pytest.param("postgres", marks=pytest.mark.slow), pytest.param("mariadb", marks=pytest.mark.slow)],
)
def test_on_other_databases(kind: str, tmp_path: Path) -> None:
    with engine(kind, tables(), tmp_path) as found:
        check(project(tmp_path, found.url, found.prefix))


def test_what_tells_them_apart(tmp_path: Path) -> None:
    """The first field that does, for each name; the key where none does."""
    found = figures(project(tmp_path, without=("user.email",)), spec(PEOPLE), NOW)
    assert set(people(found)) == {"Sam Lee (North)", "Sam Lee (South)", "Ada"}
    (tmp_path / "crm.duckdb").unlink()
    found = figures(project(tmp_path, without=("user.email", "user.team")), spec(PEOPLE), NOW)
    assert set(people(found)) == {"Sam Lee (u1)", "Sam Lee (u2)", "Ada"}
    (tmp_path / "crm.duckdb").unlink()
    found = figures(project(tmp_path, without=("pipeline",)), spec(OPEN), NOW)
    assert {row["stage.name"]: row["open_amount"] for row in rows(found, "open")} == {
        "Intro (s1)": 1,
        "Offer (s2)": 10,
        "Offer (t1)": 100,
        "Intro (t2)": 1000,
        "Pilot": 0,
    }


def test_in_lists_too(tmp_path: Path) -> None:
    """The two of one name are called by their mail in lists, which stand by themselves, and nothing is told of it."""
    fields = ["deal.deal_id", "user.name", "stage.name"]
    asked = {"period": "2026-03", "sections": [{"id": "list", "records": {"entity": "deal", "fields": fields}}]}
    found = figures(project(tmp_path), asked, NOW)
    assert {(row["deal.deal_id"], row["user.name"], row["stage.name"]) for row in rows(found, "list")} == {
        ("1", "Sam Lee (s.lee@x.it)", "Intro (New)"),
        ("2", "Sam Lee (s.lee@x.it)", "Intro (New)"),
        ("3", "Sam Lee (sam@x.it)", "Offer (Renew)"),
        ("4", "Ada", "Intro (New)"),
        ("5", "Ada", "Offer (New)"),
        ("6", "Sam Lee (sam@x.it)", "Offer (Renew)"),
        ("7", "Sam Lee (s.lee@x.it)", "Intro (Renew)"),
    }
    assert not [one for one in found.warnings if one.code == "shared-name"]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("mariadb", marks=pytest.mark.slow)])
def test_of_many_all_have_their_key(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namesakes, "MOST", 1)
    goals = {"won_amount": {"by": "user.name", "targets": {"Ada (u3)": 10}}}
    with engine(kind, tables(), tmp_path) as given:
        folder = project(tmp_path, given.url, given.prefix)
        found = figures(folder, spec(PEOPLE, goals=goals), NOW)
    assert people(found) == {"Sam Lee (u1)": (100, 0.5), "Sam Lee (u2)": (50, 1), "Ada (u3)": (0, None)}
    assert rows(found, "goal_won_amount")[0]["target"] == 10
    assert [one.code for one in found.warnings] == ["shared-name"]


def test_beside_their_pipeline_they_are_apart(tmp_path: Path) -> None:
    both = {
        "id": "open",
        "breakdown": {"metrics": ["open_amount"], "by": ["pipeline.name", "stage.name"], "subtotals": True},
    }
    found = figures(project(tmp_path), spec(both), NOW)
    said = [tuple(row.values()) for row in rows(found, "open")]
    # The larger pipeline first, and in each the stages in their places.
    assert said == [("Renew", "Offer", 100), ("Renew", "Intro", 1000), ("New", "Intro", 1), ("New", "Offer", 10)]
    assert not found.warnings
    [section] = found.sections
    assert [cells[:1] + cells[2:] for _, cells in section.subtotals] == [("Renew", 1100), ("New", 11)]


def test_goals_of_namesakes(tmp_path: Path) -> None:
    """A target for a name that two have is none of either."""
    targets = {"Sam Lee": 500, "Sam Lee (sam@x.it)": 40, "Ada": 10, "Aida": 5}
    goals = {"won_amount": {"by": "user.name", "targets": targets}}
    found = figures(project(tmp_path), spec({"id": "head", "kpis": ["won_amount"]}, goals=goals), NOW)
    said = {row["user.name"]: row["target"] for row in rows(found, "goal_won_amount")}
    assert said == {"Sam Lee (s.lee@x.it)": None, "Sam Lee (sam@x.it)": 40, "Ada": 10}
    told = {one.code: one for one in found.warnings}
    assert sorted(told) == ["ambiguous-target", "shared-name", "unknown-target"]
    assert "`user.name` is never `Aida`" in told["unknown-target"].message
    assert "several share the name `Sam Lee` in `user.name`" in told["ambiguous-target"].message
    assert told["ambiguous-target"].help == "write whose it is: `Sam Lee (s.lee@x.it)` or `Sam Lee (sam@x.it)`"
    notes = " ".join(found.footnotes)
    assert "targets for names that several share under “Owner”, left out: 1." in notes
    assert "targets for names that the source does not have under “Owner”, left out: 1." in notes


@pytest.mark.parametrize("shared_from", [1, 8])
def test_in_reports_for_each(shared_from: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where one statement serves all values."""
    monkeypatch.setattr(burst, "SHARED_FROM", shared_from)
    asked = {"version": 1, **spec(PEOPLE), "for_each": "user.team"}
    folder = project(tmp_path)
    (folder / "s.yaml").write_text(yaml.safe_dump(asked), encoding="utf-8")
    checked = load_report(folder / "s.yaml", NOW, {})
    assert checked.report is not None, checked.diagnostics
    made = run_each(compile_report(checked.report), Timings())
    assert {value.value: people(own) for value, own in made} == {
        "North": {"Sam Lee (s.lee@x.it)": (100, 0.5), "Ada": (0, None)},
        "South": {"Sam Lee (sam@x.it)": (50, 1)},
    }
