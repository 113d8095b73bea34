"""The sentences, words and columns of forecasts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from reportspec.calendar import period_label
from reportspec.languages import vocabulary
from reportspec.model.figures import Cell, Column, Highlight, Told
from reportspec.model.spec import Report
from reportspec.rounding import half_up

DIGITS = 3  # that figures in sentences and tiles have: more would be told of what nobody knows


def said(report: Report, kind: str, **values: tuple[Cell, Column] | str) -> Highlight:
    """A sentence with its values as they are to be written."""
    shown_values = tuple(
        (name, Told(value, _TEXT) if isinstance(value, str) else Told(*value)) for name, value in values.items()
    )
    return Highlight(kind, "", period_label(report.period, report.language, report.locale), shown_values)


_TEXT = Column("text", "", "text")


def too_few_periods(report: Report, needed: int, there: int, periods: str, since: str) -> Highlight:
    """That more completed periods are needed than there are, and `since` when there can be a forecast: where there is
    none at all, nobody knows when the first one begins."""
    count = count_column(report, "tested")
    known: dict[str, tuple[Cell, Column] | str] = {"of": (needed, count), "periods": periods, "count": (there, count)}
    return (
        said(report, "forecast_no_periods", **known, since=since)
        if there
        else said(report, "forecast_none_yet", **known)
    )


def forecast_word(report: Report, *keys: str) -> str:
    words: Any = vocabulary(report.language)["forecast"]
    for key in keys:
        words = words[key]
    return str(words)


def money_column(report: Report, name: str, marks: tuple[int, ...] = ()) -> Column:
    currency = report.binding.currency
    return Column(
        name,
        forecast_word(report, "columns", name),
        "number",
        "currency",
        "metric",
        direction="up",
        currency=currency,
        footnotes=marks,
    )


def share_column(report: Report, name: str) -> Column:
    return Column(name, forecast_word(report, "columns", name), "number", "percent", "metric")


def count_column(report: Report, name: str) -> Column:
    return Column(name, forecast_word(report, "columns", name), "integer", "count", "metric")


def rounded(value: Cell) -> Cell:
    """An amount with as many digits as are told of an estimate, whatever stands beside it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value:
        return value
    return float(half_up(float(value), DIGITS - 1 - math.floor(math.log10(abs(value)))))


def estimate(value: Cell, column: Column) -> tuple[Cell, Column]:
    """An estimate as it is told, with its column: no cents of what is rounded to more than they are."""
    told = rounded(value)
    whole = isinstance(told, float) and abs(told) >= 10 ** (DIGITS - 1)
    return told, replace(column, decimals=0) if whole and column.unit == "currency" else column
