"""Reports for each value have rows that stand for several things together, and values by other names: neither is
another one's, and a row that is another one's is still found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.burst.burst import run_each
from reportspec.burst.proofs import check_figures
from reportspec.compile import compile_report
from reportspec.errors import SourceError
from reportspec.model.figures import Figures
from reportspec.timings import Timings
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HEAD = "id,name,owner,type,status,amount,created,closed,expected"
# Of each owner, by hand: four overdue deals and three won ones, of two types.
DEALS = [
    f"{owner}{n},deal {n},{owner},{kind},{status},{n * size},2026-01-0{n},{closed},2026-03-20"
    for owner, size in (("Ann", 100), ("Bob", 7))
    for n, kind, status, closed in (
        *((n, "new_business", "open", "") for n in (1, 2, 3, 4)),
        *((n, ("renewal", "upsell", "new_business")[n - 5], "won", "2026-08-01") for n in (5, 6, 7)),
    )
]
PROJECT = {
    "reportspec.yaml": "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n",
    "m.yaml": """
entities:
  deal:
    table: deals
    key: id
    fields: {name: name, owner_id: owner, deal_type: type, status: status, amount: amount, created_at: created,
      closed_at: closed, expected_close_date: expected}
  user: {table: deals, latest: {by: owner, order: id}, key: owner, fields: {name: owner}}
""",
    "deals.csv": "\n".join([HEAD, *DEALS]) + "\n",
}
SECTIONS: list[dict[str, Any]] = [
    {
        "attention": {
            "entity": "deal",
            "fields": ["FIELD", "deal.name"],
            "amount": "deal.amount",
            "reasons": ["overdue_deals_count"],
            "limit": 1,
        }
    },
    {"breakdown": {"metrics": ["won_amount"], "by": ["FIELD", "deal.name"], "top": 1, "others": True}},
    {"breakdown": {"metrics": ["won_amount"], "by": ["FIELD", "deal.name"], "subtotals": True}},
    {"breakdown": {"metrics": ["won_amount"], "by": ["FIELD"]}},
    {"trend": {"metrics": ["won_amount"], "by": "FIELD", "grain": "month"}},
    {"records": {"entity": "deal", "fields": ["FIELD", "deal.name"]}},
]


def of_each(folder: Path, field: str) -> dict[str, Figures]:
    for name, text in PROJECT.items():
        (folder / name).write_text(text, "utf-8")
    sections = yaml.safe_load(yaml.safe_dump(SECTIONS).replace("FIELD", field))
    spec = {"version": 1, "period": "2026-Q3", "for_each": field, "sections": sections}
    (folder / "s.yaml").write_text(yaml.safe_dump(spec), "utf-8")
    checked = load_report(folder / "s.yaml", NOW, {})
    assert checked.report is not None, [one.message for one in checked.diagnostics]
    return {one.value: figures for one, figures in run_each(compile_report(checked.report), Timings())}


def test_a_rest_is_nobody_else(tmp_path: Path) -> None:
    """Of Ann's four overdue deals the largest is named, 400, and three are together 600; of her three won ones 700,
    and two with 1,100. Bob's are 28 and 42, 49 and 77."""
    found = of_each(tmp_path, "user.name")
    sums = {
        name: [[row[-1] for row in section.rows] for section in figures.sections[:2]] for name, figures in found.items()
    }
    assert sums == {"Ann": [[400, 600], [700, 1100]], "Bob": [[28, 42], [49, 77]]}
    for name, figures in found.items():
        assert [section.others for section in figures.sections] == [3, 2, 0, 0, 0, 0]
        for section in figures.sections:
            at = [column.name for column in section.columns].index("user.name")
            assert {row[at] for row in section.named_rows} == {name}


def test_a_value_is_called_by_its_label(tmp_path: Path) -> None:
    """Values that have names in the report's language stand in cells by these."""
    found = of_each(tmp_path, "deal.deal_type")
    assert set(found) == {"new_business", "renewal", "upsell"}
    for section in found["renewal"].sections[1:5]:
        at = [column.name for column in section.columns].index("deal.deal_type")
        assert {row[at] for row in section.rows} == {"Renewal"}, section.id


@pytest.mark.parametrize("field", ["user.name", "deal.deal_type"])
def test_what_is_another_ones_is_found(tmp_path: Path, field: str) -> None:
    """In any row of any kind of section, in a group's total, and in place of what stands for all others."""
    found = of_each(tmp_path, field)
    (value, figures), *_ = found.items()
    other = next(one for one in found if one != value)
    check_figures(figures, list(found))
    planted = 0
    for place, section in enumerate(figures.sections):
        at = [column.name for column in section.columns].index(field)
        labels = dict(section.columns[at].labels)
        for foreign in {other, labels.get(other, other)}:
            spoilt = []
            for row in range(len(section.rows)):
                cells = (*section.rows[row][:at], foreign, *section.rows[row][at + 1 :])
                rows = (*section.rows[:row], cells, *section.rows[row + 1 :])
                spoilt.append(replace(section, rows=rows))
            for above, group in section.subtotals[:1]:
                cells = (*group[:at], foreign, *group[at + 1 :])
                spoilt.append(replace(section, subtotals=((above, cells), *section.subtotals[1:])))
            for one in spoilt:
                sections = (*figures.sections[:place], one, *figures.sections[place + 1 :])
                with pytest.raises(SourceError, match=f"another `{field}`"):
                    check_figures(replace(figures, sections=sections), list(found))
                planted += 1
    assert planted > 15
