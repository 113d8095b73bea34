"""Headings of sections say what their tables show: the expected ones are worked out by hand from rows written here."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.formats.json_text import as_data
from reportspec.formats.markdown import as_markdown
from reportspec.formats.terminal import as_table
from reportspec.languages import languages
from reportspec.model.figures import Figures, Highlight
from reportspec.render import render_html
from reportspec.render.headlines import section_heading
from reportspec.render.locale import formats_for
from tests.figures.asking import codes, figures
from tests.language.test_headlines import project

SPEC: dict[str, Any] = {
    "report": "lost_deals",
    "period": "2026-Q3",
    "compare": "previous_period",
    "locale": "en_GB",
}


def lost(now: dict[str, int], before: dict[str, int]) -> list[tuple[str, str, int, float, str, str]]:
    """Lost deals by channel, now and before."""
    sides = (("now", now), ("before", before))
    return [(side, "lost", count, 10, channel, "Price") for side, counts in sides for channel, count in counts.items()]


def heading(found: Figures, section: str) -> str:
    """What the heading of a section says."""
    [one] = [one for one in found.sections if one.id == section]
    return section_heading(found, one, formats_for(found))[0].replace("\u00a0", " ")


def message(found: Figures, section: str) -> Highlight:
    [one] = [one for one in found.sections if one.id == section]
    assert one.message is not None
    return one.message


PLAIN = "By channel"


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        # Rising, falling, level.
        ({"web": 40, "fair": 22}, {"web": 20, "fair": 20}, "Lost deals rose most for web: 40 (+20)"),
        ({"web": 20, "fair": 25}, {"web": 45, "fair": 20}, "Lost deals fell most for web: 20 (−25)"),
        ({"web": 40, "fair": 20}, {"web": 40, "fair": 20}, "Lost deals: web holds the largest part, 66.7%"),
        ({"web": 40, "fair": 40}, {"web": 40, "fair": 40}, PLAIN),
        # Two that changed as much, one up and one down: neither is named; the largest is, where it is clearly so.
        ({"web": 30, "fair": 20}, {"web": 20, "fair": 30}, "Lost deals: web holds the largest part, 60.0%"),
        ({"web": 31, "fair": 30}, {"web": 21, "fair": 20}, PLAIN),
        # Hardly changed: 2 of 50.
        ({"web": 52, "fair": 30}, {"web": 50, "fair": 30}, "Lost deals: web holds the largest part, 63.4%"),
        # Too few, now or before.
        ({"web": 9, "fair": 3}, {"web": 3, "fair": 3}, PLAIN),
        ({"web": 30, "fair": 10}, {"web": 9, "fair": 10}, "Lost deals: web holds the largest part, 75.0%"),
        # What has no name is no message, and what is more than it is none beside it.
        ({"": 50, "web": 30, "fair": 20}, {"": 10, "web": 20, "fair": 20}, PLAIN),
        ({"": 11, "web": 40, "fair": 20}, {"": 11, "web": 20, "fair": 20}, "Lost deals rose most for web: 40 (+20)"),
        # The first period that there is; and one channel alone, of which nothing is said.
        ({"web": 40, "fair": 20}, {}, "Lost deals: web holds the largest part, 66.7%"),
        ({"web": 40}, {"web": 20}, PLAIN),
    ],
)
def test_a_row_is_named(tmp_path: Path, now: dict[str, int], before: dict[str, int], said: str) -> None:
    found = figures(project(tmp_path, *lost(now, before)), SPEC)
    assert heading(found, "by_source") == said
    if said != PLAIN:
        told = message(found, "by_source")
        name = "web"
        assert dict(told.values)["name"].value == name
        assert told.cases == ((now[name], None), (before.get(name, 0), None))  # the counts behind it
    # Goals are of the whole, and change nothing; without a comparison nothing rose or fell.
    aimed = figures(tmp_path, {**SPEC, "goals": {"lost_deals_count": {"target": 50, "direction": "down"}}})
    assert heading(aimed, "by_source") == said
    alone = heading(figures(tmp_path, {**SPEC, "compare": "none"}), "by_source")
    assert not re.search("rose|fell", alone)


RATES = """report_type: rates
metrics: [close_rate]
sections:
  - {id: change, title: Rates, breakdown: {metrics: [close_rate], by: [deal.source]}}
  - {id: lowest, title: Rates, breakdown: {metrics: [close_rate], by: [deal.source]}}
  - {id: highest, title: Rates, breakdown: {metrics: [close_rate], by: [deal.source]}}
headline:
  title: [close_rate]
  headings:
    - {section: change, tell: [change]}
    - {section: lowest, tell: [lowest]}
    - {section: highest, tell: [highest]}
"""


def test_of_rates_what_may_be_chance_is_not_told(tmp_path: Path) -> None:
    """Of 60 closed deals of the web 40 were won and now 10; of the fair 30 of 60, and 29. Then 33 for 30 of the web."""
    (tmp_path / "report_types").mkdir()
    (tmp_path / "report_types" / "rates.yaml").write_text(RATES, "utf-8")

    def said(web: int, web_before: int, fair: int = 29, count: int = 60) -> list[str]:
        won = (("now", "web", web), ("before", "web", web_before), ("now", "fair", fair), ("before", "fair", 30))
        of = {"now": count, "before": 60}
        deals = [(side, "won", n, 10.0, source, "") for side, source, n in won]
        deals += [(side, "lost", of[side] - n, 10.0, source, "") for side, source, n in won]
        found = figures(project(tmp_path, *deals), {**SPEC, "report": "rates"})
        return [heading(found, section) for section in ("change", "lowest", "highest")]

    assert said(10, 40) == [
        "Close rate fell most for web: 16.7% (−50.0 pp)",
        "Close rate is lowest for web: 16.7%",
        "Close rate is highest for fair: 48.3%",
    ]
    assert said(33, 30) == ["Rates", "Rates", "Rates"]
    assert said(2, 40, 14, 29) == ["Rates", "Rates", "Rates"]  # fewer than 30 of each now


def test_a_peak_is_told_once_the_period_is_over(tmp_path: Path) -> None:
    """All 30 are lost in August; by mid September that month is not over."""
    project(tmp_path, *lost({"web": 30}, {"web": 20}))
    assert heading(figures(tmp_path, SPEC), "lost_trend") == "Lost deals peaked with 30 (Aug), 100.0% of all"
    running = figures(tmp_path, SPEC, datetime(2026, 9, 15, tzinfo=UTC))
    assert heading(running, "lost_trend") == "Lost over time"
    project(tmp_path, *lost({"web": 9}, {"web": 20}))
    assert heading(figures(tmp_path, SPEC), "lost_trend") == "Lost over time"


def test_the_author_is_heard(tmp_path: Path) -> None:
    project(tmp_path, *lost({"web": 40, "fair": 22}, {"web": 20, "fair": 20}))
    own = {"breakdown": {"metrics": ["lost_deals_count"], "by": ["deal.source"]}, "id": "by_source"}
    said = "Lost deals rose most for web: 40 (+20)"
    assert heading(figures(tmp_path, {**SPEC, "sections": [{**own, "title": "Where"}]}), "by_source") == "Where"
    assert heading(figures(tmp_path, {**SPEC, "sections": [own]}), "by_source") == said
    assert heading(figures(tmp_path, {**SPEC, "headline": "off"}), "by_source") == PLAIN
    assert heading(figures(tmp_path, {**SPEC, "title": "Losses"}), "by_source") == said  # the report's title alone


def test_nothing_is_said_twice(tmp_path: Path) -> None:
    project(tmp_path, *lost({"web": 40, "fair": 22}, {"web": 20, "fair": 20}))
    found = figures(tmp_path, {**SPEC, "metrics": ["lost_deals_count"], "group_by": ["deal.source"]})
    assert [heading(found, section).count("rose most") for section in ("by_group", "by_source")] == [1, 0]


def test_every_form_and_language_has_it(tmp_path: Path) -> None:
    """Slow: a report in each language."""
    project(tmp_path, *lost({"web": 40, "fair": 22}, {"web": 20, "fair": 20}))
    for language in languages():
        found = figures(tmp_path, {**SPEC, "locale": language})
        said = heading(found, "by_source")
        assert "web" in said
        assert "+20" in said
        assert "40" in said
        assert not re.search(r"[{}]", said)
        [title] = [section.title for section in found.sections if section.id == "by_source"]
        texts = [text.replace("\u00a0", " ") for text in (render_html(found), as_markdown(found), as_table(found))]
        for text in texts:
            assert said in text.replace("\\", "")
            assert title in text
        [data] = [section for section in as_data(found)["sections"] if section["id"] == "by_source"]
        assert data["heading"][0].replace("\u00a0", " ") == f"{said} · {title}"


def test_rules_are_checked(tmp_path: Path) -> None:
    project(tmp_path, *lost({"web": 1}, {}))
    (tmp_path / "report_types").mkdir()
    text = "report_type: own\nmetrics: [lost_deals_count]\nsections:\n  - {id: reasons, text: x}\nheadline: {headings: "
    for rule, code in (
        ("[{section: reason, tell: [change]}]", "unknown-section"),
        ("[{section: reasons}]", "missing-key"),
    ):
        (tmp_path / "report_types" / "own.yaml").write_text(f"{text}{rule}}}\n", "utf-8")
        assert code in codes(tmp_path, {"report": "own", "period": "2026-Q3"})
