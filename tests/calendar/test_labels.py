"""What people call periods and buckets."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from reportspec.calendar import (
    Fiscal,
    Period,
    bucket_label,
    buckets,
    clock_label,
    parse_period,
    period_label,
    previous_period,
)


def read(value: Any, start_month: int = 1, today: date = date(2026, 11, 23)) -> Period:
    if isinstance(value, str) and ".." in value:
        first, last = value.split("..")
        value = {"from": first, "to": last}
    return parse_period(value, today, Fiscal(start_month))


@pytest.mark.parametrize(
    ("value", "english", "italian"),
    [
        ("2026", "2026", "2026"),
        ("2026-Q3", "Q3 2026", "T3 2026"),
        ("last_quarter", "Q3 2026", "T3 2026"),
        ("2026-09", "September 2026", "settembre 2026"),
        ("2026-09-15", "15 Sep 2026", "15 set 2026"),
        ("2026-W38", "Week 38, 2026 (14–20 Sep)", "Settimana 38, 2026 (14–20 set)"),
        ("2026-W40", "Week 40, 2026 (28 Sep – 4 Oct)", "Settimana 40, 2026 (28 set – 4 ott)"),
        (
            "2026-W53",
            "Week 53, 2026 (28 Dec 2026 – 3 Jan 2027)",
            "Settimana 53, 2026 (28 dic 2026 – 3 gen 2027)",
        ),
        (
            "2026-W01",
            "Week 1, 2026 (29 Dec 2025 – 4 Jan 2026)",
            "Settimana 1, 2026 (29 dic 2025 – 4 gen 2026)",
        ),
        ("2026-01-01..2026-03-15", "1 Jan – 15 Mar 2026", "1 gen – 15 mar 2026"),
        ("2026-03-01..2026-03-15", "1–15 Mar 2026", "1–15 mar 2026"),
        ("2025-12-24..2026-01-06", "24 Dec 2025 – 6 Jan 2026", "24 dic 2025 – 6 gen 2026"),
        ("2026-01..2026-02", "Jan – Feb 2026", "gen – feb 2026"),
        ("2026-01-01..2026-03-31", "Q1 2026", "T1 2026"),
        ("2026-01-01..2026-12-31", "2026", "2026"),
        ("2026-09-01..2026-09-30", "September 2026", "settembre 2026"),
        ("2024..2026", "2024–2026", "2024–2026"),
        ("2025-07..2026-06", "Jul 2025 – Jun 2026", "lug 2025 – giu 2026"),
        ("2026-02..2026-04", "Feb – Apr 2026", "feb – apr 2026"),
        ("last_12_months", "Nov 2025 – Oct 2026", "nov 2025 – ott 2026"),
        ("month_to_date", "1–23 Nov 2026", "1–23 nov 2026"),
        ("year_to_date", "1 Jan – 23 Nov 2026", "1 gen – 23 nov 2026"),
        ("week_to_date", "23 Nov 2026", "23 nov 2026"),
        ("FY2026", "2026", "2026"),
    ],
)
def test_english_and_italian(value: str, english: str, italian: str) -> None:
    assert period_label(read(value), "en") == english
    assert period_label(read(value), "it", "it_IT") == italian


@pytest.mark.parametrize(
    ("value", "start_month", "label"),
    [
        ("FY2026", 7, "FY 2026 (Jul 2025 – Jun 2026)"),
        ("FY2026", 4, "FY 2026 (Apr 2025 – Mar 2026)"),
        ("this_year", 10, "FY 2027 (Oct 2026 – Sep 2027)"),
        ("FY2026-Q2", 7, "Q2 FY 2026 (Oct – Dec 2025)"),
        ("FY2026-Q4", 3, "Q4 FY 2026 (Dec 2025 – Feb 2026)"),
        ("this_quarter", 4, "Q3 FY 2027 (Oct – Dec 2026)"),
        ("2026-Q3", 4, "Q3 2026"),
        ("2026", 4, "2026"),
    ],
)
def test_fiscal_years(value: str, start_month: int, label: str) -> None:
    assert period_label(read(value, start_month), "en") == label


def test_the_period_before_has_its_own_label() -> None:
    fiscal = Fiscal(7)
    before = previous_period(read("FY2026-Q1", 7), fiscal)
    assert period_label(before, "en") == "Q4 FY 2025 (Apr – Jun 2025)"


@pytest.mark.parametrize(
    ("value", "language", "locale", "label"),
    [
        ("2026-09", "de", None, "September 2026"),
        ("2026-03", "fr", "fr_FR", "mars 2026"),
        ("2026-Q3", "fr", None, "T3 2026"),
        ("2026-05-14..2026-05-20", "fr", None, "14–20 mai 2026"),
        ("2026-05-14..2026-05-20", "de", "de-AT", "14.–20. Mai 2026"),
        ("2026-W20", "fr", None, "Semaine 20, 2026 (11–17 mai)"),
        ("2026-05-14", "es", None, "14 may 2026"),
        ("2026", "ja", None, "2026"),
        ("2026-09", "pt", "pt_BR", "setembro de 2026"),
        # The locale of another language says nothing about this one.
        ("2026-03", "fr", "en_US", "mars 2026"),
        ("2026-09", "xx", None, "September 2026"),
        ("2026-09", "", "not a locale", "September 2026"),
    ],
)
def test_other_languages(value: str, language: str, locale: str | None, label: str) -> None:
    assert period_label(read(value), language, locale) == label


@pytest.mark.parametrize(
    ("value", "grain", "start_month", "short", "with_year"),
    [
        ("2026-07", "month", 1, "Jul", "Jul 2026"),
        ("2026-W38", "week", 1, "14 Sep", "14 Sep 2026"),
        ("2026-09-15", "day", 1, "15 Sep", "15 Sep 2026"),
        ("2026-Q3", "quarter", 1, "Q3", "Q3 2026"),
        ("2026-08-10..2026-08-20", "quarter", 1, "Q3", "Q3 2026"),
        ("2026", "year", 1, "2026", "2026"),
        ("FY2026-Q2", "quarter", 7, "Q2", "Q2 FY2026"),
        ("FY2026", "year", 7, "FY2026", "FY2026"),
        # Cut at December, it still belongs to the year that ends in June.
        ("2025-09..2025-12", "year", 7, "FY2026", "FY2026"),
    ],
)
def test_buckets(value: str, grain: str, start_month: int, short: str, with_year: str) -> None:
    (bucket,) = buckets(read(value, start_month), grain, Fiscal(start_month))
    assert bucket_label(bucket, "en", False) == short
    assert bucket_label(bucket, "en", True) == with_year


def test_buckets_in_other_languages() -> None:
    (month,) = buckets(read("2026-07"), "month", Fiscal())
    (quarter,) = buckets(read("2026-Q3"), "quarter", Fiscal())
    assert bucket_label(month, "it", True) == "lug 2026"
    assert bucket_label(quarter, "it", True) == "T3 2026"
    assert bucket_label(month, "es", False) == "jul"
    assert bucket_label(quarter, "fr", False) == "T3"


def test_english_and_italian_do_without_babel(checkout: Path) -> None:
    program = (
        "import sys, datetime; from reportspec.calendar import *\n"
        "p = parse_period('2026-Q3', datetime.date(2026, 1, 1), Fiscal())\n"
        "period_label(p, 'en'), period_label(p, 'it'), [bucket_label(b, 'it', True) for b in "
        "buckets(p, 'week', Fiscal())]\n"
        "sys.exit('babel' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=checkout, check=False).returncode == 0


def test_one_language_does_not_speak_for_the_next() -> None:
    """Of a process that makes reports in several, in any order."""
    order = ["de", "fr", "es", "it", "en", "fr", "de"]
    found = [(period_label(read("2026-Q3"), one), period_label(read("2026-03"), one)) for one in order]
    assert found == [
        ("Q3 2026", "März 2026"),
        ("T3 2026", "mars 2026"),
        ("T3 2026", "marzo de 2026"),
        ("T3 2026", "marzo 2026"),
        ("Q3 2026", "March 2026"),
        ("T3 2026", "mars 2026"),
        ("Q3 2026", "März 2026"),
    ]


@pytest.mark.parametrize(
    ("clock", "american"), [(time(16, 5), "4:05\u00a0PM"), (time(0, 30), "12:30\u00a0AM"), (time(12), "12:00\u00a0PM")]
)
def test_times_of_day(clock: time, american: str) -> None:
    assert clock_label(clock, "en", "en_US") == american
    assert clock_label(clock, "en", "en_GB") == clock_label(clock, "de", "de_DE") == clock.strftime("%H:%M")
