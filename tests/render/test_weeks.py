"""Weeks are called so wherever they stand: in tables, drawings and sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportspec.formats.markdown import as_markdown
from reportspec.languages import languages
from reportspec.measures.words import week_called
from reportspec.render import render_html
from tests.figures.asking import figures
from tests.figures.from_tables import project_of

DEALS = "deal_id,status,source,amount,created_at,closed_at\n" + "".join(
    f"{at},won,{'ab'[at % 2]},100,2026-07-01 09:00:00,2026-07-{6 + at % 21:02} 09:00:00\n" for at in range(63)
)
NAMES = {"de": "Woche ab", "en": "Week of", "es": "Semana del", "fr": "Semaine du", "it": "Settimana del"}
BY = {"de": "nach Wochen", "en": "by week", "es": "por semana", "fr": "par semaine", "it": "per settimana"}


@pytest.mark.parametrize("language", languages())
def test_in_tables_and_drawings(language: str, tmp_path: Path) -> None:
    """Three weeks from 6 July, of which the first two are whole; by day and by month nothing is called a week."""
    project_of(tmp_path, {"deal": DEALS})
    sections = [
        {"id": "weeks", "trend": {"metrics": ["won_deals_count"], "grain": "week", "chart": "line"}},
        {"id": "parts", "trend": {"metrics": ["won_deals_count"], "grain": "week", "by": "deal.source"}},
        {"id": "days", "trend": {"metrics": ["won_deals_count"], "grain": "day", "chart": "line"}},
    ]
    spec = {"period": {"from": "2026-07-06", "to": "2026-07-26"}, "locale": language, "sections": sections}
    found = figures(tmp_path, {"report": "custom", **spec})
    heads = [section.columns[0].label for section in found.sections]
    assert heads[:2] == [NAMES[language]] * 2
    assert heads[2] != NAMES[language]
    assert [row[1] for row in found.sections[0].rows] == [21, 21, 21]
    assert render_html(found).count(f" {BY[language]}<") >= 2
    assert NAMES[language] in as_markdown(found)


def test_in_sentences() -> None:
    assert week_called("en", "3 Aug") == "week of 3 Aug"
    assert week_called("de", "3. Aug.") == "Woche ab 3. Aug."
