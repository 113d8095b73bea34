"""Currencies are converted by the source's rates at the day that a figure is about, or left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.errors import SourceError
from tests.figures.asking import codes, figures, rows

DEALS = """id,amount,cur,created,closed,status
1,100,EUR,2026-05-01 10:00:00,2026-06-10 10:00:00,won
2,100,USD,2026-05-01 10:00:00,2026-06-14 23:59:59,won
3,100,usd ,2026-05-01 10:00:00,2026-06-15 00:00:00,won
4,100,GBP,2026-05-01 10:00:00,2026-06-20 10:00:00,won
5,,USD,2026-05-01 10:00:00,2026-06-20 10:00:00,won
6,100,USD,2026-05-01 10:00:00,,open
7,100,USD,2026-01-01 10:00:00,2026-01-02 10:00:00,won
"""
RATES = [
    {"day": "2026-02-01", "from_currency": "USD", "to_currency": "EUR", "rate": 0.9},
    {"day": "2026-06-15", "from_currency": "USD", "to_currency": "EUR", "rate": 0.8},
    {"day": "2026-07-01", "from_currency": "USD", "to_currency": "EUR", "rate": 0.5},
]


def project(folder: Path, rates: list[dict[str, Any]] | None, currency: str | None = "EUR") -> Path:
    (folder / "deals.csv").write_text(DEALS, encoding="utf-8")
    text = "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\ntimezone: Europe/Rome\n"
    text += "source_timezone: Europe/Rome\n"
    (folder / "reportspec.yaml").write_text(text + (f"currency: {currency}\n" if currency else ""), encoding="utf-8")
    entities: dict[str, Any] = {
        "deal": {
            "table": "deals",
            "key": "id",
            "fields": {
                "amount": "amount",
                "currency": "cur",
                "created_at": "created",
                "closed_at": "closed",
                "status": "status",
                "account_id": "'A' || id",
                "owner_id": "'x'",
                "source": "'s'",
            },
        }
    }
    if rates is not None:
        entities["fx_rate"] = {"rows": rates}
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return folder


SPEC = {"report": "custom", "period": "2026-06", "metrics": ["won_amount", "open_amount"]}


def test_each_amount_has_the_rate_of_its_day(tmp_path: Path) -> None:
    found = figures(project(tmp_path, RATES), SPEC)
    [row] = rows(found, "headline")
    # 100 EUR, 100 USD the day before the rate changes, 100 USD on the day; pounds have no rate.
    assert row["won_amount"] == pytest.approx(100 + 90 + 80)
    # The open deal as of the end of June, before July's rate.
    assert row["open_amount"] == pytest.approx(80)
    assert any("1 deal in another currency than EUR" in text for text in found.footnotes)
    assert any("1 deal without an amount" in text for text in found.footnotes)


def test_the_opposite_rate_serves_too(tmp_path: Path) -> None:
    opposite = [{"day": "2026-02-01", "from_currency": "EUR", "to_currency": "USD", "rate": 1.25}]
    [row] = rows(figures(project(tmp_path, opposite), SPEC), "headline")
    assert row["won_amount"] == pytest.approx(100 + 80 + 80)


def test_before_the_first_rate_there_is_none(tmp_path: Path) -> None:
    """And of deals none of which has a worth in euros nobody knows the sum: it is not 0."""
    found = figures(project(tmp_path, RATES), {**SPEC, "period": "2026-01"})
    assert rows(found, "headline")[0]["won_amount"] is None
    assert any("in another currency" in text for text in found.footnotes)


def test_no_waterfall_leads_to_a_sum_that_nobody_knows(tmp_path: Path) -> None:
    steps = {"metrics": ["won_amount"], "by": ["deal.status"], "chart": "waterfall"}
    spec = {"report": "custom", "sections": [{"id": "w", "breakdown": steps}]}
    folder = project(tmp_path, RATES)
    [known] = figures(folder, {**spec, "period": "2026-06"}).sections
    [unknown] = figures(folder, {**spec, "period": "2026-01"}).sections
    assert known.chart is not None
    assert (unknown.chart, unknown.total) == (None, (None, None))


def test_without_rates_other_currencies_stay_out(tmp_path: Path) -> None:
    found = figures(project(tmp_path, None), SPEC)
    assert rows(found, "headline")[0]["won_amount"] == 100
    assert any("3 deals in another currency than EUR" in text for text in found.footnotes)


def test_the_report_may_be_in_dollars(tmp_path: Path) -> None:
    found = figures(project(tmp_path, RATES, "USD"), SPEC)
    assert rows(found, "headline")[0]["won_amount"] == pytest.approx(100 + 100 + 100 / 0.9)


@pytest.mark.parametrize("metric", ["won_amount", "purchases_amount", "customer_lifetime_value"])
def test_without_a_currency_nothing_is_added(metric: str, tmp_path: Path) -> None:
    folder = project(tmp_path, RATES, None)
    assert "no-currency" in codes(folder, {**SPEC, "metrics": [metric]})


def test_purchases_are_converted_on_the_way(tmp_path: Path) -> None:
    spec = {**SPEC, "metrics": ["purchases_amount", "customer_revenue_amount"]}
    [row] = rows(figures(project(tmp_path, RATES), spec), "headline")
    assert row["purchases_amount"] == pytest.approx(270)
    assert row["customer_revenue_amount"] == pytest.approx(270)  # January's has no rate


def said(found: Any) -> dict[str, str]:
    return {one.code: one.message for one in found.warnings if one.code.startswith("no-")}


@pytest.mark.parametrize(("rates", "count", "shown"), [(RATES, 1, {"GBP"}), (None, 5, {"USD", "GBP"})])
def test_currencies_without_a_rate_are_told(
    rates: list[dict[str, Any]] | None, count: int, shown: set[str], tmp_path: Path
) -> None:
    """Of the seven deals one has no amount, four are in dollars, one in pounds."""
    found = figures(project(tmp_path, rates), SPEC)
    [told] = [one for one in found.warnings if one.code == "no-rate"]
    assert f"`deals` has {count} row" in told.message
    assert all(f"`{one}`" in told.notes[0] for one in shown)
    # At the figures that leave them out; in a list, where they have no amount, under its title.
    assert not any(text.startswith("Currency: ") for text in found.footnotes)
    listed = {"id": "l", "records": {"entity": "deal", "fields": ["deal.deal_id", "deal.amount"]}}
    found = figures(tmp_path, {"report": "custom", "period": "2026-06", "sections": [listed]})
    [section] = found.sections
    assert [found.footnotes[n - 1] for n in section.footnotes] == [
        f"Currency: {count} of 7 deals have an amount in a currency without an exchange rate to EUR; they are left out of amounts."
    ]


def test_a_currency_that_the_source_lacks(tmp_path: Path) -> None:
    found = figures(project(tmp_path, RATES, "CHF"), SPEC)
    [told] = [one for one in found.warnings if one.code == "no-rate"]
    assert "has 6 rows of 7" in told.message
    assert told.help is not None
    assert "`currency: USD`" in told.help  # that most are in


def test_a_blank_currency_is_no_other_one(tmp_path: Path) -> None:
    folder = project(tmp_path, RATES)
    deals = DEALS.replace("4,100,GBP", "4,100,").replace("6,100,USD", "6,100,  ")
    (folder / "deals.csv").write_text(deals, encoding="utf-8")
    found = figures(folder, SPEC)
    [told] = [one for one in found.warnings if one.code.startswith("no-")]
    assert told.code == "no-currency"
    assert "`deals` has 2 rows with an amount and without a currency" in told.message
    assert told.help is not None
    assert "coalesce(nullif(cur, ''), 'EUR')" in told.help
    assert not any("in another currency than EUR," in text for text in found.footnotes)
    assert any("1 deal without a currency, or in another than EUR" in text for text in found.footnotes)
    assert rows(found, "headline")[0]["won_amount"] == pytest.approx(100 + 90 + 80)


def test_a_currency_that_is_not_known_is_not_another_one(tmp_path: Path) -> None:
    """Amounts without currencies are in the project's: a report in dollars would call euros dollars."""
    folder = project(tmp_path, RATES)
    mapping = (folder / "m.yaml").read_text(encoding="utf-8").replace("currency: cur", "team: cur")
    mapping = mapping.replace("        team: cur\n", "").replace("      team: cur\n", "")
    (folder / "m.yaml").write_text(mapping, encoding="utf-8")
    records = {
        "report": "custom",
        "period": "2026-06",
        "sections": [{"id": "l", "records": {"entity": "deal", "fields": ["deal.deal_id", "deal.amount"]}}],
    }
    assert "no-currency" in codes(folder, SPEC | {"currency": "USD"})
    assert "no-currency" in codes(folder, records | {"currency": "USD"})
    assert codes(folder, SPEC | {"currency": "EUR"}) == []
    # Where the mapping says what they are in, they are converted: 1 EUR is 1 / 0.9 USD, later 1 / 0.8.
    (folder / "m.yaml").write_text(
        mapping.replace("status: status", "status: status\n      currency: \"'EUR'\""),
        encoding="utf-8",
    )
    assert "no-currency" not in codes(folder, SPEC | {"currency": "USD"})


@pytest.mark.parametrize(
    ("sign", "currency", "refused"),
    [
        ("$", "EUR", True),
        ("€", "USD", True),
        ("USD ", "EUR", True),
        ("$", "USD", False),
        ("$", "CAD", False),
        ("€", "EUR", False),
    ],
)
def test_a_sign_of_another_currency(sign: str, currency: str, refused: bool, tmp_path: Path) -> None:
    """Euros are not called dollars because the project says so."""
    folder = project(tmp_path, RATES, currency)
    deals = "\n".join(line for line in DEALS.splitlines() if not line.startswith("5,"))
    (folder / "deals.csv").write_text(deals.replace(",100,", f",{sign}100,"), encoding="utf-8")
    mapping = (folder / "m.yaml").read_text(encoding="utf-8").replace("      currency: cur\n", "")
    (folder / "m.yaml").write_text(mapping, encoding="utf-8")
    if not refused:
        assert rows(figures(folder, SPEC), "headline")[0]["won_amount"] == 400
        return
    with pytest.raises(SourceError) as wrong:
        figures(folder, SPEC)
    assert wrong.value.code == "other-currency"
    assert wrong.value.help is not None
    assert f"`currency: {'EUR' if sign == '€' else 'USD'}`" in wrong.value.help
    # The mapping may say what they are in: 100 euros of the four days are 100 / 0.9, 100 / 0.9, and twice 100 / 0.8.
    said = mapping.replace(
        "      amount: amount\n",
        f"      amount: amount\n      currency: \"'{'EUR' if sign == '€' else 'USD'}'\"\n",
    )
    (folder / "m.yaml").write_text(said, encoding="utf-8")
    found = rows(figures(folder, SPEC), "headline")[0]["won_amount"]
    assert found == pytest.approx(2 * 100 / 0.9 + 2 * 100 / 0.8 if sign == "€" else 2 * 90 + 2 * 80)


@pytest.mark.parametrize("rate", [0, -0.9])
def test_a_rate_that_no_currency_has_is_refused(rate: float, tmp_path: Path) -> None:
    wrong = [{"day": "2026-02-01", "from_currency": "USD", "to_currency": "EUR", "rate": rate}]
    folder = project(tmp_path, None)
    lines = "day,from,rate\n" + "".join(f"{one['day']},USD,{one['rate']}\n" for one in wrong)
    (folder / "fx.csv").write_text(lines, encoding="utf-8")
    mapping = yaml.safe_load((folder / "m.yaml").read_text(encoding="utf-8"))
    mapping["entities"]["fx_rate"] = {
        "table": "fx",
        "fields": {"day": "day", "from_currency": '"from"', "to_currency": "'EUR'", "rate": "rate"},
    }
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    settings = yaml.safe_load((folder / "reportspec.yaml").read_text(encoding="utf-8"))
    settings["source"]["files"]["fx"] = "fx.csv"
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    with pytest.raises(SourceError, match="Exchange rates of 0 or less"):
        figures(folder, SPEC)


def test_targets_of_a_table_are_in_the_currency_of_the_project(tmp_path: Path) -> None:
    """A target of 576,000 euros is none of 576,000 dollars. One that the spec writes is in the spec's currency."""
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n", encoding="utf-8"
    )
    spec = {"report": "custom", "period": "2026-Q3", "metrics": ["won_amount", "won_deals_count"]}
    of_table, written = {"target": "table"}, {"target": 576000}
    dollars = {**spec, "currency": "USD"}
    assert codes(tmp_path, {**dollars, "goals": {"won_amount": of_table}}) == ["no-currency"]
    assert codes(tmp_path, {**dollars, "goals": {"won_amount": written, "won_deals_count": of_table}}) == []
    assert codes(tmp_path, {**spec, "currency": "EUR", "goals": {"won_amount": of_table}}) == []
