"""The sentences, words and columns of forecasts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from reportspec.calendar import period_label
from reportspec.languages import vocabulary
from reportspec.model.figures import Cell, Column, Highlight, Told
from reportspec.model.spec import Report
from reportspec.rounding import half_up, parts_of

DIGITS = 3  # that figures in sentences and tiles have: more would be told of what nobody knows


def said(report: Report, kind: str, **values: tuple[Cell, Column] | str) -> Highlight:
    """A sentence with its values as they are to be written."""
    shown_values = tuple(
        (name, Told(value, _TEXT) if isinstance(value, str) else Told(*value)) for name, value in values.items()
    )
    return Highlight(kind, "", period_label(report.period, report.language, report.locale), shown_values)


_TEXT = Column("text", "", "text")


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


def rounded(value: Cell, beside: float | None = None) -> Cell:
    """An amount with as many digits as are told of it; one that stands `beside` another to the same place as that."""
    of = value if beside is None else beside
    if not isinstance(value, (int, float)) or not isinstance(of, (int, float)) or not of:
        return value
    return _plain(half_up(float(value), decimals_beside(of)))


def rounded_parts(total: float, parts: Sequence[float], at_most: int | None = None) -> tuple[Cell, ...]:
    """What a total is made of, rounded to the same place as that, `at_most` with so many decimals, so that they make it
    up as it is told."""
    if not total:
        return tuple(parts)
    decimals = decimals_beside(total)
    return tuple(map(_plain, parts_of(total, parts, decimals if at_most is None else min(decimals, at_most))))


def decimals_beside(value: float) -> int:
    """How many decimals are told of an amount, and of those that stand beside it: of thousands -3."""
    return DIGITS - 1 - math.floor(math.log10(abs(value)))


def _plain(value: Decimal) -> Cell:
    return int(value) if value == value.to_integral_value() else float(value)
