"""What a mail says of the figures, as text and as HTML: the message, the tiles, what made the change, the records that
need attention, what is attached. The templates stand beside the page's."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

from reportspec.diagnostics import harmless
from reportspec.languages.numbers import unbroken
from reportspec.lazy_dataclass import dataclass
from reportspec.lazy_pattern import lazy_pattern
from reportspec.model.figures import Cell, Figures, Kpi, Section
from reportspec.render.headlines import heading, lead
from reportspec.render.locale import (
    Formats,
    as_of_moment,
    cell,
    data_moment,
    formats_for,
    is_number,
    money_decimals,
    moved,
    number,
    tendency,
)
from reportspec.render.page import Tile, Versus, compared_labels, tile_of
from reportspec.render.palette import BAD, BETTER, GOOD, INK, LEAD, MUTED, RULE, WARN, palette_for
from reportspec.render.readable import readable
from reportspec.render.sentences import sentences
from reportspec.render.tables import money_places
from reportspec.render.tile_texts import of_kpi

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_STATES = {"met": "good", "on_track": "ink", "at_risk": "warn", "missed": "bad", "unknown": "muted"}
_TILES, _MOST_TILES = 4, 12  # that are shown, and more where they have goals
_MOST_DRIVERS = 4
_BAR = 90  # pixels of the longest bar
_ARROWS = {"up": "\u25b2", "down": "\u25bc", "": ""}

# What a mail is painted in, by role. Mail programs that follow the reader's choice of a dark screen take the second.
_LIGHT = {
    "ground": "#ffffff",
    "ink": INK,
    "soft": LEAD,
    "muted": MUTED,
    "rule": RULE,
    "good": GOOD,
    "bad": BAD,
    "warn": WARN,
    "better": BETTER,
    "worse": BAD,
    "even": MUTED,
}
_DARK = {
    "ground": "#14181f",
    "ink": "#eef1f5",
    "soft": "#d3d9e2",
    "muted": "#a9b3c1",
    "rule": "#39424f",
    "good": "#5ccabf",
    "bad": "#ff9d76",
    "warn": "#e3b04f",
    "better": "#3f9d94",
    "worse": "#e0703d",
    "even": "#a9b3c1",
    "accent": "#8fb8ff",
}


@dataclass(frozen=True, slots=True)
class TileText:
    """A tile in words, and the tones (names of colours) of its change and of its goal's state. `verdict` is the change
    with its sign and whether it is for the better."""

    label: str
    value: str
    change: str | None
    tone: str
    goal: str | None
    state: str
    state_tone: str
    second: str | None = None  # the change against the second period, of a report with two comparisons
    second_tone: str = ""
    verdict: str = ""
    second_verdict: str = ""


@dataclass(frozen=True, slots=True)
class NamedText:
    """The first records of a list: of each its name, what is said of it, and its amount; and how many more."""

    title: str
    rows: tuple[tuple[str, str, str], ...]
    more: str


@dataclass(frozen=True, slots=True)
class DriversText:
    """What a figure's change consists of: of each part its name, what it contributes, its tone, and the length of its
    bar in pixels; the change itself, and what else is to be said of it."""

    title: str
    rows: tuple[tuple[str, str, str, int], ...]
    total: str
    note: str


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
    drivers: tuple[DriversText, ...]
    named: tuple[NamedText, ...]
    closing: tuple[str, ...]


def as_text(
    figures: Figures,
    body: str,
    attached: Sequence[tuple[str, int]],
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
    attached: Sequence[tuple[str, int]],
    links: Iterable[tuple[str, str]],
    left_out: Sequence[str] = (),
) -> str:
    """The same as HTML that mail programs show, on a narrow screen and on a dark one too: one column, styles in place,
    nothing to load, bars that are coloured cells."""
    formats = formats_for(figures)
    accent = palette_for(figures.theme.accent).accent_text
    template = _environment(formats.language, escaped=True).get_template("mail.html.j2")
    text = template.render(
        text=_mail_text(figures, formats, attached, left_out),
        paragraphs=[part.splitlines() for part in re.split(r"\n\s*\n", body.strip()) if part],
        links=links,
        language=formats.language_tag,
        light={**_LIGHT, "accent": accent},
        dark=_DARK,
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

    if isinstance(value, Markup):  # what a macro made
        return value
    return Markup(_SIGNED.sub(r"\1&#8288;", html.escape(unbroken(language, str(value)))))


_SIGNED = lazy_pattern("([+−])(?=[$£¥€])")  # where browsers end lines, between a sign and what it is of


def _mail_text(
    figures: Figures, formats: Formats, attached: Sequence[tuple[str, int]], left_out: Sequence[str]
) -> MailText:
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
        tuple(_tile(kpi, figures, formats) for kpi in _tiles(figures)),
        tuple(
            text
            for section in figures.sections
            if section.highlights and section.shape != "opening"
            for one, text in zip(section.highlights, sentences(figures, section, formats), strict=True)
            if not (section.kpis and one.in_tiles)
        ),
        tuple(_drivers(section, formats) for section in figures.sections if _has_drivers(section))[:1],
        tuple(_named(section, formats) for section in figures.sections if section.in_mails and section.rows),
        tuple(_closing(figures, formats, attached, left_out)),
    )


def _named(section: Section, formats: Formats) -> NamedText:
    """The first records of a list."""
    section = readable(section)
    last = len(section.columns) - 1
    decimals = money_places(section, last, formats)
    records = section.named_rows

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
    """The tiles of the first section that has any, and others that have a goal: those with goals, then those that the
    title is about, then the first ones, so many as are seen at once on a phone, in their order."""
    first = next((section.kpis for section in figures.sections if section.kpis), ())
    others = [kpi for section in figures.sections for kpi in section.kpis if kpi.goal is not None]
    tiles = list(dict.fromkeys([*first, *others]))[:_MOST_TILES]
    titled = {one.metric for one in figures.headline.title}
    by_weight = sorted(tiles, key=lambda kpi: (kpi.goal is None, kpi.column.metric not in titled))
    kept = by_weight[: max(_TILES, sum(kpi.goal is not None for kpi in tiles))]
    return [kpi for kpi in tiles if kpi in kept]


def _tile(kpi: Kpi, figures: Figures, formats: Formats) -> TileText:
    """A tile in words; of two comparisons each change says against what it is."""
    other, labels = kpi.second_change, compared_labels(figures, formats)
    tile = tile_of(kpi, formats, palette_for(figures.theme.accent), labels)
    two = len(labels) > 1
    return TileText(
        kpi.column.label,
        of_kpi(kpi, "text", formats),
        _named_change(kpi.change, kpi, formats, labels[0] if two else ""),
        _tone(kpi.change, kpi),
        of_kpi(kpi, "goal", formats) if kpi.goal else None,
        of_kpi(kpi, "state", formats),
        _STATES[kpi.goal.state] if kpi.goal else "",
        _named_change(other, kpi, formats, labels[1]) if two else None,
        _tone(other, kpi),
        _judged(tile, labels[0] if two else ""),
        _judged(tile.second, labels[1]) if tile.second is not None else "",
    )


def _judged(versus: Tile | Versus, label: str) -> str:
    """A change with its sign, whether it is for the better, and of two comparisons what it is against."""
    if not versus.change:
        return ""
    parts = (_ARROWS[versus.arrow], versus.change, versus.verdict, f"({label})" if label else "")
    return " ".join(filter(None, parts))


def _named_change(by: float | None, kpi: Kpi, formats: Formats, label: str) -> str | None:
    """A change, with what it is against where that is to be told."""
    if by is None:
        return None
    text = moved(formats, by, kpi.column)
    return f"{text} ({label})" if label else text


def _tone(by: float | None, kpi: Kpi) -> str:
    tone = tendency(by, kpi.column.direction)
    return tone if tone in ("good", "bad") else "muted"


def _has_drivers(section: Section) -> bool:
    """Whether a section is made of what a change consists of, and there was a change."""
    grouped = any(column.role == "group" for column in section.columns)
    return grouped and section.columns[-1].role == "difference" and bool(section.rows) and section.total is not None


def _drivers(section: Section, formats: Formats) -> DriversText:
    """What a change consists of, by the first of its dimensions: the largest parts, all others as one, so that they add
    up to it. Lists of two rows or fewer, as of number and size, are a line below."""
    last = len(section.columns) - 1
    column, total = section.columns[last], section.total
    assert total is not None
    amounts = [row[last] for row in section.rows] + [total[last]]
    decimals = (
        money_decimals(formats, amounts, column.currency or formats.currency) if column.unit == "currency" else None
    )

    def text(value: Cell) -> str:
        return cell(formats, value, column, bare=False, decimals=decimals)

    lists: dict[Cell, list[tuple[str, float]]] = {}
    for row in section.rows:
        value = row[last]
        lists.setdefault(row[0], []).append((str(row[1]), float(value) if is_number(value) else 0.0))
    shown = next((seen for seen, parts in lists.items() if len(parts) > 2), next(iter(lists)))
    parts = lists.pop(shown)
    by_size = sorted(range(len(parts)), key=lambda at: -abs(parts[at][1]))
    most = len(parts) if len(parts) == _MOST_DRIVERS + 1 else _MOST_DRIVERS
    kept = [parts[at] for at in sorted(by_size[:most])]
    if len(parts) > most:
        kept.append((formats.word("other"), math.fsum(parts[at][1] for at in by_size[most:])))
    longest = max(abs(value) for _, value in kept) or 1.0
    rows = tuple(
        (name, text(value), tendency(value, column.direction), max(1, round(abs(value) / longest * _BAR)))
        for name, value in kept
    )
    told = [f"{name} ({text(value)})" for others in lists.values() if len(others) <= 2 for name, value in others]
    return DriversText(section.title, rows, text(total[last]), " · ".join(told))


def _called(name: str, pages: int, formats: Formats) -> str:
    """A file's name, with how many pages it has where that is known."""
    if not pages:
        return name
    form = formats.words["of_pages"]["one" if pages == 1 else "many"]
    return f"{name} ({str(form).format(count=number(formats, pages))})"


def _closing(
    figures: Figures, formats: Formats, attached: Sequence[tuple[str, int]], left_out: Sequence[str]
) -> list[str]:
    word, lines = formats.word, []
    if attached:
        lines.append(word("mail_attached", files=", ".join(_called(name, pages, formats) for name, pages in attached)))
    if left_out:
        lines.append(word("mail_left_out", files=", ".join(left_out)))
    as_of = f"{word('as_of')} {as_of_moment(formats, figures.as_of)}"
    if figures.data_as_of:
        as_of = f"{word('data_as_of')} {data_moment(formats, figures.data_as_of)} · {as_of}"
    return [*lines, as_of, word("mail_automatic")]
