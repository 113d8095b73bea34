"""What a mail shows of a report, and what it says of its attachments."""

from __future__ import annotations

from dataclasses import replace

from reportspec.deliver.body import as_html, as_text
from reportspec.deliver.sealed import pages_of
from reportspec.model.figures import Goal, Headline, Highlight, Kpi, Section
from reportspec.render import render_pdf
from tests.render import sample

NAMES = ("one", "two", "three", "four", "five", "six")


def tiles(*aimed: str) -> Section:
    kpis = (Kpi(sample.metric(name, name.title(), "count"), at) for at, name in enumerate(NAMES, 11))
    goal = Goal(20.0, "up", 0.6, None, "missed", 0.9)
    made = tuple(replace(kpi, goal=goal) if kpi.column.name in aimed else kpi for kpi in kpis)
    return Section("k", "kpis", "K", kpis=made, shape="tiles")


def shown(section: Section, *titled: str) -> list[str]:
    said = tuple(Highlight("nothing", name, name, (), {"en": name}) for name in titled)
    figures = sample.figures("en", (section,))
    text = as_text(replace(figures, titled=True, headline=Headline(said)), "", [], [])
    return [name for name in NAMES if f"\n{name.title()}: " in text]


def test_a_mail_has_as_many_tiles_as_are_seen_at_once() -> None:
    assert shown(tiles()) == ["one", "two", "three", "four"]
    assert shown(tiles("six")) == ["one", "two", "three", "six"]
    assert shown(tiles(*NAMES[1:])) == [*NAMES[1:]]


def test_it_says_how_long_the_pages_are() -> None:
    section = sample.ages(sample.TEXTS["en"])
    figures = sample.figures("en", (section,))
    pdf = render_pdf(figures)
    assert pages_of(pdf) == 1
    assert pages_of(pdf[:400]) == pages_of(b"PK") == pages_of(b"") == 0
    files = [("q3.pdf", 1), ("all.pdf", 12), ("q3.xlsx", 0)]
    told = "Attached: q3.pdf (1 page), all.pdf (12 pages), q3.xlsx."
    assert told in as_text(figures, "", files, [])
    assert told in as_html(figures, "", files, []).replace("\u00a0", " ")
