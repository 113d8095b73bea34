"""What a mail says of the figures, as text and as HTML: the tiles, the highlights, what is attached. The templates
stand beside the page's."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

from reportspec.diagnostics import harmless
from reportspec.languages.numbers import unbroken
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Cell, Figures, Kpi, Section
from reportspec.render.headlines import heading, lead
from reportspec.render.locale import Formats, as_of_moment, cell, change, data_moment, formats_for, number, tendency
from reportspec.render.page import compared_labels
from reportspec.render.palette import BAD, GOOD, INK, MUTED, RULE, WARN, palette_for
from reportspec.render.readable import readable
from reportspec.render.sentences import sentences
from reportspec.render.tables import money_places
from reportspec.render.tile_texts import of_kpi

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_STATES = {"met": GOOD, "on_track": INK, "at_risk": WARN, "missed": BAD, "unknown": MUTED}
_MOST_TILES = 12


@dataclass(frozen=True, slots=True)
class TileText:
    """A tile in words, and the colours of its change and of its goal's state."""

    label: str
    value: str
    change: str | None
    tone: str
    goal: str | None
    state: str
    state_tone: str
    second: str | None = None  # the change against the second period, of a report with two comparisons
    second_tone: str = ""


@dataclass(frozen=True, slots=True)
class NamedText:
    """The first records of a list: of each its name, what is said of it, and its amount; and how many more."""

    title: str
    rows: tuple[tuple[str, str, str], ...]
    more: str


@dataclass(frozen=True, slots=True)
class MailText:
    """What both forms say, in the report's language."""

    title: str
    lead: str
    period: str
    notices: tuple[str, ...]
    filters: str | None
    tiles: tuple[TileText, ...]
    sentences: tuple[str, ...]
    named: tuple[NamedText, ...]
    closing: tuple[str, ...]


def as_text(
    figures: Figures,
    body: str,
    attached: Sequence[str],
    links: Iterable[tuple[str, str]],
    left_out: Sequence[str] = (),
) -> str:
    """The figures of the tiles, a line each, and the highlights."""
    formats = formats_for(figures)
    template = _environment(formats.language, escaped=False).get_template("mail.txt.j2")
    text = template.render(
        text=_mail_text(figures, formats, attached, left_out), body=body, links=links, word=formats.word
    )
    return harmless(text.replace("\u00a0", " "))


def as_html(
    figures: Figures,
    body: str,
    attached: Sequence[str],
    links: Iterable[tuple[str, str]],
    left_out: Sequence[str] = (),
) -> str:
    """The same as HTML that mail programs show: one table, styles in place, nothing to load."""
    formats = formats_for(figures)
    accent = palette_for(figures.theme.accent).accent
    template = _environment(formats.language, escaped=True).get_template("mail.html.j2")
    text = template.render(
        text=_mail_text(figures, formats, attached, left_out),
        paragraphs=[part.splitlines() for part in re.split(r"\n\s*\n", body.strip()) if part],
        links=links,
        language=formats.language_tag,
        colours={"ink": INK, "muted": MUTED, "rule": RULE, "accent": accent},
        word=formats.word,
    )
    return harmless(text)


@cache
def _environment(language: str, *, escaped: bool) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("reportspec.render"),
        autoescape=escaped,
        # A mail that is sent once more is the same bytes: so values are escaped as the standard library does it.
        finalize=partial(_escaped, language) if escaped else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _escaped(language: str, value: object) -> Markup:
    from markupsafe import Markup

    return Markup(html.escape(unbroken(language, str(value))))


def _mail_text(figures: Figures, formats: Formats, attached: Sequence[str], left_out: Sequence[str]) -> MailText:
    others = " · ".join(compared_labels(figures, formats))
    compared = f" · {formats.word('compared_with')} {others}" if figures.compare else ""
    title = heading(figures, formats)
    kind = f"{figures.report_label} · " if figures.report_label != title else ""
    return MailText(
        title,
        lead(figures, formats),
        kind + figures.period.label + compared,
        figures.notices,
        "; ".join(figures.filters) if figures.filters else None,
        tuple(_tile(kpi, formats, compared_labels(figures, formats)) for kpi in _tiles(figures)),
        tuple(
            text
            for section in figures.sections
            if section.highlights and section.shape != "opening"
            for text in sentences(figures, section, formats)
        ),
        tuple(_named(section, formats) for section in figures.sections if section.in_mails and section.rows),
        tuple(_closing(figures, formats, attached, left_out)),
    )


def _named(section: Section, formats: Formats) -> NamedText:
    """The first records of a list."""
    section = readable(section)
    last = len(section.columns) - 1
    decimals = money_places(section, last, formats)
    records = section.rows[:-1] if section.others else section.rows

    def texts(row: tuple[Cell, ...]) -> tuple[str, str, str]:
        name, *said = [cell(formats, value, column) for value, column in zip(row[:last], section.columns, strict=False)]
        amount = cell(formats, row[last], section.columns[last], bare=False, decimals=decimals)
        return (
            name,
            " · ".join(text for text, value in zip(said, row[1:], strict=False) if value not in (None, "")),
            amount,
        )

    rows = tuple(texts(row) for row in records[: section.in_mails])
    more = len(records) + section.others - len(rows)
    return NamedText(section.title, rows, formats.word("more_named", count=number(formats, more)) if more else "")


def _tiles(figures: Figures) -> list[Kpi]:
    """The tiles of the first section that has any, and others that have a goal."""
    first = next((section.kpis for section in figures.sections if section.kpis), ())
    others = [kpi for section in figures.sections for kpi in section.kpis if kpi.goal is not None]
    return list(dict.fromkeys([*first, *others]))[:_MOST_TILES]


def _tile(kpi: Kpi, formats: Formats, labels: Sequence[str]) -> TileText:
    """A tile in words; of two comparisons each change says against what it is."""
    other = kpi.second_change
    return TileText(
        kpi.column.label,
        of_kpi(kpi, "text", formats),
        _named_change(kpi.change, kpi, formats, labels[0] if len(labels) > 1 else ""),
        _tone(kpi.change, kpi),
        of_kpi(kpi, "goal", formats) if kpi.goal else None,
        of_kpi(kpi, "state", formats),
        _STATES[kpi.goal.state] if kpi.goal else "",
        _named_change(other, kpi, formats, labels[1]) if len(labels) > 1 else None,
        _tone(other, kpi),
    )


def _named_change(moved: float | None, kpi: Kpi, formats: Formats, label: str) -> str | None:
    """A change, with what it is against where that is to be told."""
    if moved is None:
        return None
    text = change(formats, moved, points=kpi.column.unit == "percent")
    return f"{text} ({label})" if label else text


def _tone(moved: float | None, kpi: Kpi) -> str:
    return {"good": GOOD, "bad": BAD}.get(tendency(moved, kpi.column.direction), MUTED)


def _closing(figures: Figures, formats: Formats, attached: Sequence[str], left_out: Sequence[str]) -> list[str]:
    word, lines = formats.word, []
    if attached:
        lines.append(word("mail_attached", files=", ".join(attached)))
    if left_out:
        lines.append(word("mail_left_out", files=", ".join(left_out)))
    as_of = f"{word('as_of')} {as_of_moment(formats, figures.as_of)}"
    if figures.data_as_of:
        as_of = f"{word('data_as_of')} {data_moment(formats, figures.data_as_of)} · {as_of}"
    return [*lines, as_of, word("mail_automatic")]
