"""What `query` prints of figures is the same on all databases, and says all that they have."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from reportspec.formats.json_text import as_json
from reportspec.formats.terminal import as_table
from reportspec.model.figures import Figures
from tests.figures.asking import figures

DEALS = """deal_id,source,deal_type,status,amount,currency,created_at,closed_at
a,Web,new_business,won,10,EUR,2026-09-01 10:00:00,2026-10-10 10:00:00
b,Web,upsell,won,20,EUR,2026-09-01 10:00:00,2026-10-11 10:00:00
c,Fair,upsell,won,40,EUR,2026-09-01 10:00:00,2026-10-12 10:00:00
"""
LINES = "deal_id,product_id,quantity\na,P,2\nb,P,3\nc,P,4\n"
OWN = """metrics:
  - metric: pieces
    kind: aggregate
    label: {en: Pieces}
    description: {en: Pieces on the lines of deals.}
    entity: deal_product
    aggregate: sum
    of: deal_product.quantity
    time: deal_product.deal.closed_at
    unit: count
"""


@pytest.fixture(params=["duckdb", "sqlite"])
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Figures:
    mapping, base = "entities:\n", sqlite3.connect(tmp_path / "crm.db")
    for name, text in {"deal": DEALS, "deal_product": LINES, "product": "product_id,name\nP,Pump\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        head, *lines = text.splitlines()
        names = head.split(",")
        mapping += f"  {name}:\n    table: {name}\n    fields:\n" + "".join(f"      {n}: {n}\n" for n in names)
        base.execute(f"create table {name} ({', '.join(names)})")
        for line in lines:
            values = [int(one) if one.isdecimal() else one for one in line.split(",")]
            base.execute(f"insert into {name} values ({', '.join('?' for _ in names)})", values)
    base.commit()
    base.close()
    source = "source: sqlite:///crm.db\n"
    if request.param == "duckdb":
        source = "source:\n  files: {deal: deal.csv, deal_product: deal_product.csv, product: product.csv}\n"
    (tmp_path / "mapping.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "own.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        f"version: 1\n{source}mapping: mapping.yaml\ntimezone: Europe/Rome\ncurrency: EUR\n", encoding="utf-8"
    )
    by = {"metrics": ["pieces"], "by": ["deal.source", "deal.deal_type"], "subtotals": True, "sort": "deal.source"}
    return figures(tmp_path, {"period": "2026-10", "sections": [{"id": "x", "breakdown": by}]})


def test_whole_sums_and_subtotals_are_printed(found: Figures) -> None:
    lines = [line.split() for line in as_table(found).splitlines()]
    at = next(place for place, line in enumerate(lines) if line[-1:] == ["Pieces"])
    # The fair's one line of 4 and its subtotal, the two of the web of 2 and 3 with theirs, and the whole.
    assert [" ".join(line) for line in lines[at + 1 : at + 7]] == [
        "Fair Upsell 4",
        "Total Fair 4",
        "Web New business 2",
        "Web Upsell 3",
        "Total Web 5",
        "Total 9",
    ]


def test_json_says_which_values_the_names_stand_for(found: Figures) -> None:
    [section] = json.loads(as_json(found))["sections"]
    by_name = {column["name"]: column for column in section["columns"]}
    assert {row["deal.deal_type"] for row in section["rows"]} == {"New business", "Upsell"}
    assert by_name["deal.deal_type"]["labels"] == {
        "new_business": "New business",
        "upsell": "Upsell",
        "cross_sell": "Cross-sell",
        "renewal": "Renewal",
    }
    assert "labels" not in by_name["deal.source"]
    assert "labels" not in by_name["pieces"]
    assert [row["pieces"] for row in section["rows"]] == [4, 2, 3]
    assert ".0" not in json.dumps([row["pieces"] for row in section["rows"]])
