"""The demo CRM: a mid-size company's sales from January 2024 to October 2026, made up.

The same on every machine and Python version, to the cent and the second: see `chance`. Times are
naive UTC. The figures are tuned so that reports have something to tell: organic traffic brings
six leads of ten but small purchases, email converts far better than ads, referrals are three times
as fast, and the third quarter of 2026 nearly meets its goal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from functools import cached_property

from reportspec.demo import deals, firm, market, marketing, scripted, service, work
from reportspec.demo.columns import COLUMNS, DATE, MONEY, TIME, DemoTable, Row
from reportspec.demo.timeline import EPOCH, FIRST_DAY


def tables(names: Iterable[str] | None = None) -> dict[str, DemoTable]:
    """The demo's tables by name, one for each stored canonical entity; all of them, or some."""
    return {
        name: DemoTable(name, COLUMNS[name], [*zip(*_typed(name, rows), strict=True)])
        for name, rows in whole_rows(names).items()
    }


def whole_rows(names: Iterable[str] | None = None) -> dict[str, list[Row]]:
    """The same rows by table with whole numbers for amounts (cents), times (seconds since
    `EPOCH`) and dates (days since `FIRST_DAY`): quick to make and to write. Only what the tables
    asked for need is made; about 0.1 s for the sales tables."""
    wanted = list(COLUMNS) if names is None else list(dict.fromkeys(names))
    story = _Story()
    return {name: _ROWS[name](story) for name in wanted}


class _Story:
    """What the tables are made from, each part once and only if one of them needs it."""

    @cached_property
    def campaigns(self) -> list[firm.Campaign]:
        return firm.campaigns()

    @cached_property
    def _sold(self) -> tuple[list[market.Lead], deals.Book]:
        pool = market.pool()
        leads = market.leads(pool, self.campaigns)
        book = deals.sell(leads, pool, market.FIRST_SOURCES)
        scripted.act_out(book)
        return leads, book

    @property
    def leads(self) -> list[market.Lead]:
        return self._sold[0]

    @property
    def book(self) -> deals.Book:
        return self._sold[1]

    @cached_property
    def cases(self) -> list[service.Case]:
        return service.cases(self.book.contacts)

    @cached_property
    def web(self) -> marketing.Web:
        return marketing.Web(self.book.contacts)


_ROWS: dict[str, Callable[[_Story], list[Row]]] = {
    "user": lambda story: firm.user_rows(),
    "account": lambda story: market.account_rows(story.book.accounts),
    "contact": lambda story: market.contact_rows(story.book.contacts),
    "lead": lambda story: market.lead_rows(story.leads),
    "pipeline": lambda story: firm.PIPELINES,
    "stage": lambda story: firm.stage_rows(),
    "deal": lambda story: deals.deal_rows(story.book.deals),
    "deal_stage_history": lambda story: deals.history_rows(story.book.deals),
    "deal_product": lambda story: deals.line_rows(story.book.deals),
    "product": lambda story: firm.product_rows(),
    "activity": lambda story: work.activity_rows(work.activities(story.book.deals, story.leads, story.book.contacts)),
    "quote": lambda story: work.quote_rows(story.book.deals),
    "campaign": lambda story: firm.campaign_rows(story.campaigns),
    "order_": lambda story: marketing.order_rows(story.book.deals),
    "contract": lambda story: marketing.contract_rows(story.book.accounts, story.book.deals),
    "campaign_member": lambda story: marketing.member_rows(
        story.campaigns, story.book.contacts, story.leads, story.book.deals
    ),
    "referral": lambda story: marketing.referral_rows(story.book.contacts, story.leads, story.book.deals),
    "list_membership": lambda story: marketing.list_rows(story.book.contacts, story.campaigns),
    "web_session": lambda story: story.web.sessions,
    "pageview": lambda story: story.web.views,
    "goal_completion": lambda story: story.web.completions,
    "case_": lambda story: service.case_rows(story.cases),
    "sla_event": lambda story: service.sla_rows(story.cases),
    "service_call": lambda story: service.call_rows(story.cases),
    "service_cost": lambda story: service.cost_rows(),
    "sales_marketing_cost": lambda story: service.sales_cost_rows(),
    "fx_rate": lambda story: firm.rate_rows(),
    "goal": lambda story: firm.goal_rows(),
    "business_calendar": lambda story: service.business_rows(),
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
        columns.append(list(values) if read is None else [None if value is None else read(value) for value in values])
    return columns
