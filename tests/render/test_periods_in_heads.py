"""The head of a report has the days of its periods once, written as its locale writes days."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from reportspec.calendar.labels import period_label
from reportspec.calendar.periods import Period
from reportspec.formats.markdown import as_markdown
from reportspec.model.figures import Figures, PeriodFigures
from reportspec.render import render_html
from tests.render import sample


def report(locale: str, *days: tuple[date, date]) -> Figures:
    """A report of two stretches, [start, end)."""
    told = []
    for start, end in days:
        label = period_label(Period(start, end, "range", ""), locale[:2], locale)
        told.append(PeriodFigures(start, end, label))
    found = replace(sample.figures("en", ()), language=locale[:2])
    return replace(found, locale=locale, period=told[0], compare=told[1])


def head(html: str) -> str:
    found = re.search(
        r'<p class="eyebrow(?: two)?">(?:<span>)?(?:<b class="kind">.*?</b> · )?(.*?)(?:</span><span class="asked">.*?)?</p>',
        html,
        re.S,
    )
    assert found
    return " ".join(re.sub("<[^>]*>", " ", found[1]).replace("\u00a0", " ").split())


STRETCHES = [
    ((date(2026, 10, 1), date(2026, 10, 13)), (date(2026, 9, 1), date(2026, 9, 13))),
    ((date(2026, 1, 5), date(2026, 2, 10)), (date(2025, 12, 28), date(2026, 1, 5))),
    ((date(2026, 10, 7), date(2026, 10, 8)), (date(2026, 10, 6), date(2026, 10, 7))),
    ((date(2026, 10, 1), date(2026, 12, 1)), (date(2025, 10, 1), date(2025, 12, 1))),
    ((date(2025, 11, 1), date(2026, 2, 1)), (date(2025, 8, 1), date(2025, 11, 1))),
]


@pytest.mark.parametrize("days", STRETCHES)
@pytest.mark.parametrize("locale", ["en_GB", "en_US", "it_IT", "de_DE", "fr_FR", "es_ES"])
def test_days_stand_once(locale: str, days: tuple[tuple[date, date], tuple[date, date]]) -> None:
    figures = report(locale, *days)
    assert figures.compare is not None
    told = head(render_html(figures))
    said = [one.label.replace("\u00a0", " ") for one in (figures.period, figures.compare)]
    assert told.startswith(said[0])
    assert told.endswith(said[1])
    # Each year is there as often as the two names have it.
    for year in ("2025", "2026"):
        assert told.count(year) == sum(one.count(year) for one in said)
    first = as_markdown(figures).split("\n\n")[1].split("\n")[0]
    assert first.count("2026") == told.count("2026")


def test_months_have_their_days_beside_them() -> None:
    told = head(
        render_html(report("en_US", (date(2026, 10, 1), date(2026, 11, 1)), (date(2026, 9, 1), date(2026, 10, 1))))
    )
    assert told.startswith("October 2026")
    assert "Oct 1" in told
    assert "Sep 1" in told


@pytest.mark.parametrize(
    ("start", "end", "american", "british"),
    [
        (date(2026, 9, 14), date(2026, 9, 15), "Sep 14, 2026", "14 Sep 2026"),
        (date(2026, 9, 5), date(2026, 9, 21), "Sep 5 – 20, 2026", "5–20 Sep 2026"),
        (date(2026, 8, 5), date(2026, 9, 21), "Aug 5 – Sep 20, 2026", "5 Aug – 20 Sep 2026"),
        (date(2025, 12, 5), date(2026, 1, 2), "Dec 5, 2025 – Jan 1, 2026", "5 Dec 2025 – 1 Jan 2026"),
        (date(2026, 7, 1), date(2026, 9, 1), "Jul – Aug 2026", "Jul – Aug 2026"),
    ],
)
def test_americans_write_the_month_first(start: date, end: date, american: str, british: str) -> None:
    period = Period(start, end, "range", "")
    assert period_label(period, "en", "en_US") == american
    assert period_label(period, "en", "en_GB") == period_label(period, "en") == british
