"""The demo CRM: a mid-size company's sales from January 2024 to October 2026, made up.

The same on every machine and Python version, to the cent and the second: see `chance`. Times are
naive UTC. The figures are tuned so that reports have something to tell: organic traffic brings
six leads of ten but small purchases, email converts far better than ads, referrals are three times
as fast, and the third quarter of 2026 nearly meets its goal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from reportspec.demo import deals, firm, market, scripted, work
from reportspec.demo.columns import COLUMNS, DATE, MONEY, TIME, DemoTable, Row
from reportspec.demo.timeline import EPOCH, FIRST_DAY


def tables() -> dict[str, DemoTable]:
    """The demo's tables by name, one for each stored canonical entity."""
    return {
        name: DemoTable(name, COLUMNS[name], [*zip(*_typed(name, rows), strict=True)])
        for name, rows in whole_rows().items()
    }


def whole_rows() -> dict[str, list[Row]]:
    """The same rows by table with whole numbers for amounts (cents), times (seconds since
    `EPOCH`) and dates (days since `FIRST_DAY`): quick to make and to write. About 0.1 s."""
    pool = market.pool()
    campaigns = firm.campaigns()
    leads = market.leads(pool, campaigns)
    book = deals.sell(leads, pool, market.FIRST_SOURCES)
    scripted.act_out(book)
    return {
        "user": firm.user_rows(),
        "account": market.account_rows(book.accounts),
        "contact": market.contact_rows(book.contacts),
        "lead": market.lead_rows(leads),
        "pipeline": firm.PIPELINES,
        "stage": firm.stage_rows(),
        "deal": deals.deal_rows(book.deals),
        "deal_stage_history": deals.history_rows(book.deals),
        "deal_product": deals.line_rows(book.deals),
        "product": firm.product_rows(),
        "activity": work.activity_rows(work.activities(book.deals, leads, book.contacts)),
        "quote": work.quote_rows(book.deals),
        "campaign": firm.campaign_rows(campaigns),
    }


def _money(cents: int) -> Decimal:
    """An amount with two decimals, whatever the decimal context."""
    sign = "-" if cents < 0 else ""
    return Decimal(f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}")


_READ: dict[str, Callable[[int], object]] = {
    TIME: lambda seconds: EPOCH + timedelta(0, seconds),
    DATE: lambda days: FIRST_DAY + timedelta(days),
    MONEY: _money,
}


def _typed(name: str, rows: list[Row]) -> list[list[object]]:
    """The rows' columns, with the whole numbers turned into what they stand for."""
    columns: list[list[object]] = []
    for (_, kind), values in zip(COLUMNS[name], zip(*rows, strict=True), strict=True):
        read = _READ.get(kind)
        columns.append(
            list(values)
            if read is None
            else [None if value is None else read(value) for value in values]
        )
    return columns
