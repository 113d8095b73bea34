"""Footnotes are numbered as a reader meets them, stand once, and name the right cause."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.formats.markdown import as_markdown
from reportspec.model.figures import Figures
from tests.figures.asking import figures
from tests.figures.from_tables import project_of

RUNNING = datetime(2026, 6, 20, tzinfo=UTC)
DEALS = """id,amount,probability,expected,closed,status
1,100,0.5,2026-06-25,,open
2,100,,2026-06-25,,open
3,,0.5,2026-06-25,,open
4,,,,2026-06-10 10:00:00,won
5,40,,,2026-06-11 10:00:00,won
"""


def project(folder: Path) -> Path:
    (folder / "deals.csv").write_text(DEALS, encoding="utf-8")
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n",
        encoding="utf-8",
    )
    fields = {
        "amount": "amount",
        "probability": "probability",
        "expected_close_date": "expected",
        "closed_at": "closed",
        "status": "status",
        "created_at": "cast('2026-05-01' as timestamp)",
        "stage_id": "'s'",
    }
    stages = [{"stage_id": "s", "name": "Offer", "position": 1, "is_won": False, "is_lost": False}]
    entities: dict[str, Any] = {
        "deal": {"table": "deals", "key": "id", "fields": fields},
        "stage": {"rows": stages},
    }
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return folder


def marks(found: Figures) -> list[int]:
    """The numbers in the order in which they are read."""
    met: list[int] = []
    for section in found.sections:
        met += section.footnotes
        columns = [kpi.column for kpi in section.kpis] or section.columns
        met += [n for column in columns for n in column.footnotes]
    return met


def test_numbers_begin_at_one(tmp_path: Path) -> None:
    asked = {
        "report": "custom",
        "period": "2026-06",
        "sections": [
            {"id": "a", "kpis": ["won_amount"]},
            {"id": "b", "kpis": ["open_weighted_amount", "won_amount"]},
            {"id": "c", "breakdown": {"metrics": ["won_amount"], "by": ["deal.status"]}},
        ],
    }
    found = figures(project(tmp_path), asked, RUNNING)
    read = list(dict.fromkeys(marks(found)))
    assert read == list(range(1, len(read) + 1))
    assert found.footnotes[0].startswith("Won amount: 1 deal without an amount")
    # The same of the same metric is one footnote, wherever it stands.
    assert len(set(found.footnotes)) == len(found.footnotes)
    assert {kpi.column.footnotes for s in found.sections for kpi in s.kpis if kpi.column.name == "won_amount"} == {(1,)}
    [notice] = found.notices
    assert notice.startswith("The period is not over")


def test_the_right_cause(tmp_path: Path) -> None:
    """One of the open deals has no amount, one no probability: each is told by its own cause."""
    asked = {"report": "custom", "period": "2026-06", "metrics": ["open_weighted_amount"]}
    found = figures(project(tmp_path), asked, RUNNING)
    [kpi] = found.sections[0].kpis
    assert kpi.value == 50
    said = [found.footnotes[n - 1] for n in kpi.column.footnotes]
    assert [text for text in said if "left out" in text] == [
        "Weighted pipeline: 1 deal without an amount left out.",
        "Weighted pipeline: 1 deal without “Probability” left out.",
    ]


@pytest.mark.parametrize(
    ("language", "note", "row"),
    [
        (
            "en",
            "2 of 5 deals; where rows are grouped by it, they stand in a row without a name.",
            "| No owner | €200.00 |",
        ),
        (
            "de",
            "2 von 5 Deals; wo danach gruppiert wird, stehen sie in einer Zeile ohne Namen.",
            ": ohne Angabe | €200.00 |",
        ),
    ],
)
def test_a_row_without_a_partner_says_so(tmp_path: Path, language: str, note: str, row: str) -> None:
    folder = project(tmp_path)
    mapped = yaml.safe_load((folder / "m.yaml").read_text(encoding="utf-8"))["entities"]
    mapped["user"] = {"rows": [{"user_id": "u", "name": "Ada"}]}
    mapped["deal"]["fields"]["owner_id"] = "case when id in ('1', '2') then 'x' else 'u' end"
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": mapped}), encoding="utf-8")
    asked = {
        "period": "2026-06",
        "language": language,
        "locale": "en_GB",
        "sections": [{"breakdown": {"metrics": ["open_amount"], "by": ["user.name"]}}],
    }
    found = figures(folder, asked, RUNNING)
    assert any(note in one for one in found.footnotes), found.footnotes
    assert row in as_markdown(found)


@pytest.mark.parametrize(("leads", "cost", "said"), [(1, "", "Campaign cost"), (0, "50", "Leads")])
def test_what_a_rate_lacks_is_the_part_that_is_not_known(leads: int, cost: str, said: str, tmp_path: Path) -> None:
    """A lead of a campaign whose cost nobody wrote down has no cost, and a cost without leads is one of none."""
    tables = {
        "campaign": f"campaign_id,name,status,actual_cost,started_at\nc,Fair,done,{cost},2026-06-01 09:00:00\n",
        "lead": "lead_id,created_at,campaign_id,status\n"
        + "l,2026-06-02 09:00:00,c,new\n" * leads
        + "m,2025-06-02 09:00:00,c,new\n",
    }
    spec = {"period": "2026-06", "sections": [{"id": "x", "kpis": ["cost_per_lead"]}]}
    found = figures(project_of(tmp_path, tables), spec)
    assert found.sections[0].kpis[0].value is None
    [note] = [text for text in found.footnotes if text.startswith("Cost per lead: no figure")]
    assert f"\u201c{said}\u201d is {'unknown' if leads else '0 or unknown'}" in note
