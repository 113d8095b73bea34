"""What definitions say of a source besides: which rows it cannot tell, and of what it has purchases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.figures.asking import figures

CASES = "id,opened,junk\n1,2026-08-01,false\n2,2026-08-02,true\n"
ORDERS = "id,who,day,total\n1,A,2026-08-01,5\n"
MAPPING = """
entities:
  case_: {table: cases, key: id, fields: {created_at: opened%s}}
  order_: {table: orders, key: id, fields: {customer_id: who, ordered_at: day, amount: total, status: "'paid'"}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "cases.csv").write_text(CASES)
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {cases: cases.csv, orders: orders.csv}}\n"
        "mapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n"
    )
    return tmp_path


def definitions(folder: Path, spam: bool, **spec: Any) -> dict[str, str]:
    (folder / "mapping.yaml").write_text(MAPPING % (", is_spam: junk" if spam else ""))
    kpis = ["cases_handled_count", "purchases_count"]
    found = figures(folder, {"report": "custom", "period": "2026-Q3", "sections": [{"kpis": kpis}], **spec})
    return {one.metric: one.description for one in found.definitions}


def test_what_a_source_cannot_tell_is_not_promised_to_be_left_out(project: Path) -> None:
    """Neither says which cases were merged; the one without a column of spam counts that, too."""
    with_spam, without = (definitions(project, spam)["cases_handled_count"] for spam in (True, False))
    promised = "Cases opened in the period, without merged ones and spam."
    assert with_spam == f"{promised} Nothing is left out by what the source does not tell: Merged into."
    assert without == f"{promised} Nothing is left out by what the source does not tell: Merged into; Is spam."


def test_purchases_of_a_source_without_deals_are_its_orders(project: Path) -> None:
    assert definitions(project, True)["purchases_count"].endswith(" Here made of: Orders; the source has no Deals.")
    german = definitions(project, True, language="de")["purchases_count"]
    assert german.endswith(" Hier gebildet aus: Aufträge; die Quelle hat keine Deals.")
