"""Amounts whose currency is not said, or from which no rate leads, are counted on every database.

Slow: servers of databases are started and filled."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.errors import Broken
from tests.contract.projects import write_project
from tests.engines.servers import Given, engine
from tests.figures.asking import figures

# In euros 100, 80, 60; in dollars 10 and 20 (a rate of 0.5); in pounds 7 and 8; in nothing 1, 2, 3; no amount.
AMOUNTS = [
    (100, "EUR"),
    (80, "eur"),
    (60, " EUR"),
    (10, "USD"),
    (20, "usd "),
    (7, "GBP"),
    (8, "gbp"),
    (1, None),
    (2, ""),
    (3, "  "),
    (None, "GBP"),
    (None, None),
]
MADE, WON = datetime(2026, 1, 5), datetime(2026, 3, 10)
DEALS = Given(
    "deal",
    (
        ("id", "VARCHAR"),
        ("amount", "DECIMAL(14,2)"),
        ("cur", "VARCHAR"),
        ("made", "TIMESTAMP"),
        ("closed", "TIMESTAMP"),
    ),
    [(str(at), amount, code, MADE, WON) for at, (amount, code) in enumerate(AMOUNTS)],
)
RATES = Given(
    "rate",
    (("day", "DATE"), ("source", "VARCHAR"), ("target", "VARCHAR"), ("worth", "DECIMAL(14,2)")),
    [(date(2026, 1, 1), "USD", "EUR", 0.5), (date(2026, 2, 1), "USD", "EUR", 0.5)],
)


@pytest.mark.parametrize(
    "kind",
    ["sqlite", pytest.param("postgres", marks=pytest.mark.slow), pytest.param("mariadb", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("rated", [True, False])
def test_currencies(rated: bool, kind: str, tmp_path: Path) -> None:
    with engine(kind, [DEALS, RATES], tmp_path) as found:
        entities: dict[str, Any] = {
            "deal": {
                "table": f'{found.prefix}"deal"',
                "key": "id",
                "fields": {
                    "amount": "amount",
                    "currency": "cur",
                    "created_at": "made",
                    "closed_at": "closed",
                    "status": "'won'",
                },
            },
        }
        if rated:
            entities["fx_rate"] = {
                "table": f'{found.prefix}"rate"',
                "fields": {"day": "day", "from_currency": "source", "to_currency": "target", "rate": "worth"},
            }
        mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": entities}
        (tmp_path / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        about = {"version": 1, "source": found.url, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        made = figures(tmp_path, {"report": "custom", "period": "2026-03", "metrics": ["won_amount"]})
    assert made.sections[0].kpis[0].value == 240 + (15 if rated else 0)
    told = {one.code: one for one in made.warnings}
    assert "has 3 rows with an amount and without a currency" in told["no-currency"].message
    assert f"has {2 if rated else 4} rows of 12 whose amounts" in told["no-rate"].message
    assert "`GBP` (2 rows)" in told["no-rate"].notes[0]
    assert ("`USD` (2 rows)" in told["no-rate"].notes[0]) is not rated


JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
ONE = [(JULY, "USD", "EUR", 0.5), (AUGUST, "USD", "EUR", 0.25)]


def won_at(rates: list[tuple[Any, ...]], kind: str, folder: Path, day: str = "DATE") -> Any:
    """What 10 EUR and 20 USD are worth together, won in July."""
    deals = [
        ("1", 10, "EUR", MADE, datetime(2026, 7, 5)),
        ("2", 20, "USD", MADE, datetime(2026, 7, 6)),
    ]
    worth = [(*row, None if rate is None else Decimal(str(rate))) for *row, rate in rates]
    given = Given("rate", (("day", day), *RATES.columns[1:]), worth)
    with engine(kind, [Given("deal", DEALS.columns, deals), given], folder) as found:
        entities: dict[str, Any] = {
            "deal": {"table": f'{found.prefix}"deal"', "key": "id",
                     "fields": {"amount": "amount", "currency": "cur", "created_at": "made", "closed_at": "closed", "status": "'won'"}},
            "fx_rate": {"table": f'{found.prefix}"rate"', "fields": {
                "day": "day", "from_currency": "source", "to_currency": "target", "rate": "worth"}},
        }  # fmt: skip
        write_project(folder, found.url, entities)
        spec = {"report": "custom", "period": "2026-07", "metrics": ["won_amount"]}
        return figures(folder, spec).sections[0].kpis[0].value


ENGINES = [
    "sqlite",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "mariadb", "clickhouse")),
]


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize(("more", "count", "shown"), [
    ([(JULY, "USD", "EUR", 0.75)], "1 rate ", "USD-EUR 2026-07-01: 0.5 to 0.75`"),
    ([(JULY, "usd ", "EUR", 0.75), (JULY, "USD", " eur", 0.25)], "2 rates ", "USD-EUR 2026-07-01: 0.25 to 0.75`"),
    ([(JULY, "EUR", "CHF", 1.5), (JULY, "EUR", "CHF", 1.25)], "1 rate ", "EUR-CHF 2026-07-01: 1.25 to 1.5`"),
])  # fmt: skip
def test_two_rates_of_one_day_are_refused(
    more: list[tuple[Any, ...]], count: str, shown: str, kind: str, tmp_path: Path
) -> None:
    with pytest.raises(Broken) as refused:
        won_at([*ONE, *more], kind, tmp_path)
    [told] = refused.value.diagnostics
    assert told.code == "repeated-rate"
    assert f"rate` has {count}too many" in told.message
    assert "`fx_rate.rate` (column `worth`)" in told.message
    assert "latest: {by: [day, source, target], order: …}" in (told.help or "")
    assert shown in told.notes[0]
    assert told.span is not None


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("more", [
    [(JULY, "USD", "EUR", 0.5)],  # the same once more
    [(JULY, "EUR", "USD", 3.0)],  # the opposite direction, which is not asked where there is this one
    [(JULY, "USD", "CHF", 0.5), (JULY, "USD", "CHF", 0.75)],  # between currencies of which none is the report's
    [(JULY, "USD", "EUR", None)],
])  # fmt: skip
def test_rates_of_which_one_counts(more: list[tuple[Any, ...]], kind: str, tmp_path: Path) -> None:
    assert won_at([*ONE, *more], kind, tmp_path) == 10 + 20 * 0.5


def test_two_rates_of_a_day_at_two_times(tmp_path: Path) -> None:
    """A rate is a day's: those of its morning and its evening are two."""
    at = [
        (datetime(2026, 7, 1, 9), "USD", "EUR", 0.5),
        (datetime(2026, 7, 1, 17), "USD", "EUR", 0.75),
    ]
    with pytest.raises(Broken) as refused:
        won_at(at, "sqlite", tmp_path, "TIMESTAMP")
    assert [one.code for one in refused.value.diagnostics] == ["repeated-rate"]


def test_two_rates_in_the_mapping_itself(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text("id,amount,cur,made,closed\n1,20,USD,2026-01-05,2026-07-06\n")
    entities = {
        "deal": {"table": "deals", "key": "id",
                 "fields": {"amount": "amount", "currency": "cur", "created_at": "made", "closed_at": "closed", "status": "'won'"}},
        "fx_rate": {"rows": [
            {"day": "2026-07-01", "from_currency": "USD", "to_currency": "EUR", "rate": rate} for rate in (0.5, 0.75)]},
    }  # fmt: skip
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    about = {"version": 1, "source": {"files": {"deals": "deals.csv"}}, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}  # fmt: skip
    (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    with pytest.raises(Broken) as refused:
        figures(tmp_path, {"report": "custom", "period": "2026-07", "metrics": ["won_amount"]})
    [told] = refused.value.diagnostics
    assert (told.code, told.help) == (
        "repeated-rate",
        "leave one rate of each in the `rows` of `fx_rate`",
    )


@pytest.mark.parametrize("kind", ENGINES[:3])
def test_currencies_of_another_record(kind: str, tmp_path: Path) -> None:
    """A change without a currency has its deal's: what is said to be left out is what no deal has one for.
    Deal 1 is in dollars, and of 700 in March; deal 2's currency nothing says."""
    march, may = datetime(2026, 3, 1), datetime(2026, 5, 1)
    deals = [("1", 1000, "USD", MADE, None), ("2", 9, None, MADE, None)]
    columns = (("deal", "VARCHAR"), ("amount", "DECIMAL(14,2)"), ("cur", "VARCHAR"))
    changes = Given(
        "change",
        (*columns, ("stage", "VARCHAR"), ("entered", "TIMESTAMP")),
        [
            ("1", 700, None, "A", march),
            ("1", 1000, "USD", "B", may),
            ("2", 5, None, "A", march),
            ("2", 9, "EUR", "B", may),
        ],
    )
    with engine(kind, [Given("deal", DEALS.columns, deals), changes, RATES], tmp_path) as found:
        taken = {"deal_id": "deal", "amount": "amount", "currency": "cur"}
        entities: dict[str, Any] = {
            "deal": {"table": f'{found.prefix}"deal"', "key": "id",
                     "fields": {"amount": "amount", "currency": "cur", "created_at": "made", "closed_at": "closed",
                                "status": "'open'", "stage_id": "'B'"}},
            "deal_stage_history": {"table": f'{found.prefix}"change"',
                                   "fields": {**taken, "stage_id": "stage", "entered_at": "entered"}},
            "stage": {"rows": [{"stage_id": key, "name": key, "position": at, "is_won": False, "is_lost": False}
                               for at, key in enumerate("AB", 1)]},
            "fx_rate": {"table": f'{found.prefix}"rate"', "fields": {
                "day": "day", "from_currency": "source", "to_currency": "target", "rate": "worth"}},
        }  # fmt: skip
        write_project(tmp_path, found.url, entities)
        made = figures(tmp_path, {"report": "custom", "period": "2026-03", "metrics": ["open_amount"]})
    assert [tile.value for tile in made.sections[0].kpis] == [700 * 0.5]
    told = [one.message for one in made.warnings if one.code == "no-currency" and "`deal.currency`" not in one.message]
    assert [message.split(" with")[0].partition(" has ")[2] for message in told] == ["1 row"], told
