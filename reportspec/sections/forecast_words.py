"""The sentences, words and columns of forecasts."""

from __future__ import annotations

import math
from typing import Any

from reportspec.calendar import period_label
from reportspec.languages import vocabulary
from reportspec.model.figures import Cell, Column, Highlight, Told
from reportspec.model.spec import Report

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
    return round(float(value), DIGITS - 1 - math.floor(math.log10(abs(of))))
