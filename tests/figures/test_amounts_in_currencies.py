"""Amounts that rows are cut, grouped, sorted or listed by are those that are added up: of one currency."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.model.figures import Figures
from tests.figures.asking import codes, figures, rows

# One euro is 160 yen until the middle of June, 200 from then on; a dollar is worth half a euro.
RATES = [
    {"day": "2026-01-01", "from_currency": "JPY", "to_currency": "EUR", "rate": 1 / 160},
    {"day": "2026-06-15", "from_currency": "JPY", "to_currency": "EUR", "rate": 1 / 200},
    {"day": "2026-01-01", "from_currency": "USD", "to_currency": "EUR", "rate": 0.5},
]
DEALS = """id,amount,cur,created,closed,status
yen,96000,JPY,2026-05-01 10:00:00,2026-06-10 10:00:00,won
late,96000,JPY,2026-05-01 10:00:00,2026-06-20 10:00:00,won
euro,900,EUR,2026-05-01 10:00:00,2026-06-20 10:00:00,won
dollar,1100,USD,2026-05-01 10:00:00,2026-06-20 10:00:00,won
pound,5000,GBP,2026-05-01 10:00:00,2026-06-20 10:00:00,won
open,96000,JPY,2026-05-01 10:00:00,,open
none,,JPY,2026-05-01 10:00:00,2026-06-20 10:00:00,won
"""
# In euros: 96,000 / 160 = 600; 96,000 / 200 = 480; 900; 1,100 / 2 = 550; pounds have no rate.


@pytest.fixture(params=["files", "sqlite"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    source: Any = {"files": {"deals": "deals.csv"}}
    if request.param == "files":
        (tmp_path / "deals.csv").write_text(DEALS, encoding="utf-8")
    else:
        source = "crm.sqlite"
        opened = sqlite3.connect(tmp_path / source)
        opened.execute(
            "create table deals (id text, amount real, cur text, created timestamp, closed timestamp, status text)"
        )
        given = [[one or None for one in line.split(",")] for line in DEALS.splitlines()[1:]]
        opened.executemany("insert into deals values (?, ?, ?, ?, ?, ?)", given)
        opened.commit()
        opened.close()
    about = {
        "version": 1,
        "source": source,
        "mapping": "m.yaml",
        "timezone": "UTC",
        "currency": "EUR",
        "locale": "en_GB",
    }
    (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    fields = {
        "name": "id",
        "amount": "amount",
        "currency": "cur",
        "created_at": "created",
        "closed_at": "closed",
        "status": "status",
    }
    deal = {"table": "deals", "key": "id", "fields": fields}
    entities = {"deal": deal, "fx_rate": {"rows": RATES}}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return tmp_path


def asked(folder: Path, *sections: dict[str, Any], **more: Any) -> Figures:
    return figures(folder, {"report": "custom", "period": "2026-06", "sections": list(sections), **more})


def breakdown(*metrics: str, bins: list[int]) -> dict[str, Any]:
    by = [{"field": "deal.amount", "bins": bins}]
    return {"id": "by", "breakdown": {"metrics": list(metrics), "by": by}}


def test_bins_are_in_the_currency_of_the_report(project: Path) -> None:
    bins = breakdown("won_deals_count", "won_amount", bins=[500, 700])
    found = asked(project, bins)
    told = {row["deal.amount"]: (row["won_deals_count"], row["won_amount"]) for row in rows(found, "by")}
    assert told == {
        "under €500": (1, pytest.approx(480)),
        "€500 to under €700": (2, pytest.approx(600 + 550)),
        "€700 and more": (1, 900),
        None: (2, None),  # the pounds, and the one without an amount
    }
    assert any("EUR" in one and "exchange rate" in one for one in found.footnotes)


def test_bins_go_by_the_rate_of_each_metric(project: Path) -> None:
    bins = breakdown("won_deals_count", "open_amount", bins=[500])
    found = {row["deal.amount"]: row["open_amount"] for row in rows(asked(project, bins), "by")}
    # What is open has the rate of the report's date: 480.
    assert found["under €500"] == pytest.approx(480)
    assert not found["€500 and more"]


def test_both_sides_of_a_comparison(project: Path) -> None:
    spec = {
        "report": "custom",
        "period": "2026-07",
        "compare": "previous_period",
        "sections": [breakdown("won_deals_count", "open_amount", bins=[500, 550])],
    }
    found = {row["deal.amount"]: row for row in rows(figures(project, spec), "by")}
    assert [row["won_deals_count__previous"] for row in found.values() if row["deal.amount"]] == [1, 0, 3]
    assert found["under €500"]["open_amount__previous"] == pytest.approx(480)


@pytest.mark.parametrize(
    "cut",
    [
        {"where": "deal.amount > 550"},
        {"filters": [{"field": "deal.amount", "gt": 550}]},
        {"where": "550 < deal.amount"},
        {"where": "deal.amount between 550.01 and 10000"},
    ],
)
def test_conditions_are_in_the_currency_of_the_report(project: Path, cut: dict[str, Any]) -> None:
    tile = {"id": "tile", "kpis": ["won_deals_count"], **cut}
    [row] = rows(asked(project, tile), "tile")
    assert row["won_deals_count"] == 2  # 600 and 900
    deals = {"id": "deals", "records": {"entity": "deal", "fields": ["deal.name"], "sort": "deal.name"}, **cut}
    assert [row["deal.name"] for row in rows(asked(project, deals), "deals")] == ["euro", "yen"]


def test_whether_an_amount_is_there_needs_no_rate(project: Path) -> None:
    for cut, count in (("deal.amount > 0", 5), ("deal.amount is not null", 5), ("deal.amount is null", 1)):
        [row] = rows(asked(project, {"id": "tile", "kpis": ["won_deals_count"], "where": cut}), "tile")
        assert row["won_deals_count"] == count, cut


def test_what_a_filter_leaves_out_for_want_of_a_rate_is_told(project: Path) -> None:
    found = asked(project, {"kpis": ["won_deals_count"]}, filters=[{"field": "deal.amount", "gt": 1}])
    assert any("exchange rate" in one for one in found.footnotes)


def test_a_list_is_sorted_and_cut_by_what_amounts_are_worth(project: Path) -> None:
    deals = {
        "id": "deals",
        "where": "deal.status = 'won'",
        "records": {"entity": "deal", "fields": ["deal.name", "deal.amount"], "sort": "-deal.amount", "limit": 3},
    }
    found = [(row["deal.name"], row["deal.amount"]) for row in rows(asked(project, deals), "deals")]
    # Each at the rate of the day it was closed, as the tile has it.
    assert found == [("euro", 900), ("yen", pytest.approx(600)), ("dollar", 550)]


def test_an_amount_beside_its_currency_is_in_it(project: Path) -> None:
    fields = ["deal.name", "deal.amount", "deal.currency", "deal.status"]
    deals = {"id": "deals", "records": {"entity": "deal", "fields": fields, "sort": "deal.name"}}
    found = asked(project, deals)
    [section] = [one for one in found.sections if one.id == "deals"]
    assert [column.label for column in section.columns] == ["Deal", "Amount", "Currency", "Amount (EUR)", "Status"]
    assert [column.currency for column in section.columns] == [None, None, None, "EUR", None]
    told = {
        row["deal.name"]: (row["deal.amount"], row["deal.currency"], row["deal.amount__converted"])
        for row in rows(found, "deals")
    }
    assert told["yen"] == (96000, "JPY", pytest.approx(600))
    assert told["late"] == (96000, "JPY", pytest.approx(480))
    assert told["open"] == (96000, "JPY", pytest.approx(480))
    assert told["pound"] == (5000, "GBP", None)
    assert "Amount: 1 not converted to EUR, for want of an exchange rate." in section.notes
    # The list adds up to the tile.
    [tile] = rows(asked(project, {"id": "tile", "kpis": ["won_amount"]}), "tile")
    listed = sum(worth or 0 for name, (_, _, worth) in told.items() if name != "open")
    assert listed == pytest.approx(tile["won_amount"])


def test_without_a_currency_nothing_is_compared_over_several(project: Path) -> None:
    about = yaml.safe_load((project / "reportspec.yaml").read_text())
    del about["currency"]
    (project / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    refused: list[dict[str, Any]] = [
        breakdown("won_deals_count", bins=[500]),
        {"kpis": ["won_deals_count"], "where": "deal.amount > 500"},
        {"records": {"entity": "deal", "fields": ["deal.name", "deal.amount"]}},
        {"records": {"entity": "deal", "fields": ["deal.amount", "deal.currency"], "sort": "-deal.amount"}},
        {"records": {"entity": "deal", "fields": ["deal.name"]}, "where": "deal.amount > 500"},
    ]
    for section in refused:
        spec = {"report": "custom", "period": "2026-06", "sections": [section]}
        assert codes(project, spec) == ["no-currency"], section
    own = {"id": "own", "records": {"entity": "deal", "fields": ["deal.name", "deal.amount", "deal.currency"]}}
    assert {"deal.name": "euro", "deal.amount": 900, "deal.currency": "EUR"} in rows(asked(project, own), "own")
