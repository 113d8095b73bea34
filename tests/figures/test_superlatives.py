"""What a sentence calls the fastest, slowest or smallest is so in the table, or the sentence says of which rows."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from reportspec.render.headlines import lead
from reportspec.render.locale import formats_for
from tests.figures.asking import figures
from tests.figures.from_tables import project_of

# Channels with the days that their deals take, and how many deals they have.
Channels = dict[str, tuple[int, int]]
ENOUGH: Channels = {"Web": (40, 12), "Fair": (80, 11)}
FEW: Channels = {"Cold": (150, 3), "Friend": (5, 2)}


def said(folder: Path, channels: Channels, language: str = "en", **section: Any) -> str:
    """The lead of the report on sales cycles over so many deals."""
    lines = ["deal_id,name,status,amount,currency,source,created_at,closed_at"]
    for name, (days, count) in channels.items():
        closed = date(2026, 9, 1)
        made = closed - timedelta(days=days)
        lines += [f"{name}{n},x,won,10,EUR,{name},{made} 10:00,{closed} 10:00" for n in range(count)]
    project_of(folder, {"deal": "\n".join(lines) + "\n"})
    spec = {"report": "sales_cycle", "period": "2026-Q3", "language": language}
    body = {"metrics": ["sales_cycle_days", "won_deals_count"], "by": ["deal.source"], **section}
    made_of = figures(folder, spec | ({"sections": [{"id": "by_channel", "breakdown": body}]} if section else {}))
    return lead(made_of, formats_for(made_of)).replace("\N{NO-BREAK SPACE}", " ")


def test_rows_of_too_few_cases_that_stand_out_more_are_allowed_for(tmp_path: Path) -> None:
    told = said(tmp_path, ENOUGH | FEW)
    assert "Fastest channel: Web, 40.0 days, counting only those with 10 cases or more." in told
    assert "Slowest channel: Fair, 80.0 days, counting only those with 10 cases or more." in told


@pytest.mark.parametrize(("few", "fastest"), [({}, False), ({"Friend": FEW["Friend"]}, True)])
def test_where_none_does_nothing_is_added(tmp_path: Path, few: Channels, fastest: bool) -> None:
    told = said(tmp_path, ENOUGH | few)
    assert "Slowest channel: Fair, 80.0 days." in told
    assert ("Fastest channel: Web, 40.0 days, counting only" in told) == fastest


def test_one_row_of_enough_cases_is_no_superlative(tmp_path: Path) -> None:
    assert "channel" not in said(tmp_path, {"Web": ENOUGH["Web"]} | FEW)


@pytest.mark.parametrize(("top", "told"), [(2, False), (3, True)])
def test_what_is_not_shown_may_stand_out_more(tmp_path: Path, top: int, told: bool) -> None:
    found = said(tmp_path, ENOUGH | {"Trade": (60, 12)}, top=top)
    assert ("Fastest channel: Web, 40.0 days." in found) == told
    assert told or "channel" not in found


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("it", "contando solo da 10 casi in su"),
        ("de", "nur ab 10 Fällen gerechnet"),
        ("es", "contando solo a partir de 10 casos"),
        ("fr", "en ne comptant qu’à partir de 10 cas"),
    ],
)
def test_in_each_language(tmp_path: Path, language: str, words: str) -> None:
    assert said(tmp_path, ENOUGH | FEW, language).count(words) == 2
