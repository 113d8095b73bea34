"""Figures → one HTML document: everything written in the report's language, nothing fetched."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from reportspec.diagnostics import harmless
from reportspec.languages import vocabulary
from reportspec.lazy_dataclass import dataclass
from reportspec.lazy_pattern import lazy_pattern
from reportspec.model.figures import Cell, Figures, Highlight, Kpi, PeriodFigures, Section
from reportspec.render import charts, halves, phone, rightward, tables
from reportspec.render.attachments import CsvFile, csv_files
from reportspec.render.charts.sparkline import sparkline
from reportspec.render.closing import METHOD, closing, has_closing, has_method, in_columns
from reportspec.render.figure_marks import Mark, is_figure
from reportspec.render.fonts import SEMI_BOLD, face, font_faces, set_in, text_width
from reportspec.render.headlines import heading, lead, section_heading
from reportspec.render.locale import (
    Formats,
    apart,
    as_of_moment,
    attainment,
    cell,
    data_moment,
    day_range,
    days_beside,
    formats_for,
    money_decimals,
    moved,
    number,
    tendency,
    told_apart,
)
from reportspec.render.logo import logo_address
from reportspec.render.notes import notes_last, numbered
from reportspec.render.palette import (
    BAD,
    BETTER,
    FAINT,
    GOOD,
    INK,
    LEAD,
    MUTED,
    PREVIOUS,
    PREVIOUS_FILL,
    RULE,
    WARN,
    Palette,
    palette_for,
)
from reportspec.render.prose import html_from_markdown
from reportspec.render.sentences import sentences
from reportspec.render.templating import template

if TYPE_CHECKING:
    from markupsafe import Markup


_NUMBER = lazy_pattern(r"\d+")
LONG = 15  # sections with a title, from which on a report gets a table of contents by itself

VALUE_SIZE = 16.0  # points, of a tile's figure
_TILES, _TILE_PADDING = 182.0, 4.6  # millimetres, as in the style sheet on a page that stands
_BESIDE = 6.0  # millimetres between what stands left and right in the line above the title
_POINTS = 72 / 25.4  # in a millimetre
LABEL_SIZE, NOTE_SIZE = 7.4, 0.65  # points of its label, and of that the part of the numbers of footnotes


@dataclass(frozen=True, slots=True)
class Versus:
    """How a figure changed against a period, as text: which way, whether that is for the better, as a word, too, and
    what it was."""

    change: str
    tendency: str
    arrow: str
    verdict: str
    previous: str
    before: str = ""  # the same without the period's name


@dataclass(frozen=True, slots=True)
class Tile:
    """A KPI as text and small drawings."""

    label: str
    footnotes: tuple[int, ...]
    value: str
    missing: bool
    change: str
    tendency: str
    arrow: str
    previous: str
    spark: Markup
    verdict: str  # whether the change is for the better, as a word
    goal_text: str
    goal_state: str
    goal_state_label: str
    before: str = ""  # what it was, without the name of that period
    mark: str = ""  # where figures have marks
    second: Versus | None = None  # of a report with two comparisons


@dataclass(frozen=True, slots=True)
class ChartView:
    """A chart with what is written around it."""

    drawing: charts.Drawing
    svg: Markup
    show_title: bool
    phone: Markup | None = None  # the same for a narrow screen, where that is another drawing


@dataclass(frozen=True, slots=True)
class Download:
    """A file within a web page: its name and its `data:` address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section as the template needs it."""

    section: Section
    tile_rows: tuple[tuple[Tile, ...], ...]
    listed: tuple[float, ...]  # the widths, in percent, of the columns of tiles one below the other; else nothing
    said_above: bool  # its title says nothing where it stands right below that of the report
    value_ems: float  # the width of the widest figure of its tiles, in ems, and the points that it can have
    value_size: float
    label_lines: tuple[int, ...]  # that the longest label of each row of tiles needs: its figures stand on one line
    prose: Markup
    charts: tuple[ChartView, ...]
    table: tables.TableView | None
    footnotes: tuple[tuple[int, str], ...]
    empty: bool
    sentences: tuple[tuple[str, str], ...] = ()  # (`good`, `bad` or neither, text)
    download: Download | None = None
    heading: str = ""
    called: str = ""  # beside its heading, where that is a message
    legend: bool = False  # whether the marks of its table are explained: the first time that these stand together
    side: str = ""  # of two that stand beside each other: `first` or `second`
    hidden: str = ""  # what of its table phones do not show
    nothing: str = ""  # in place of a table of noughts
    upright_again: bool = False  # the section before is on turned pages, and this one is not


@dataclass(frozen=True, slots=True)
class Page:
    """The HTML of a report and what is attached to its PDF (`attachments`, `method`); `written` is its fixed date.
    Where it has `long` tables (by the place of their section, from 1), `cut` is its HTML with parts of them only."""

    html: str
    stylesheet: str
    attachments: tuple[CsvFile, ...]
    written: datetime
    method: str = ""  # how the figures were computed, as an HTML document; empty where that is left out
    long: Mapping[int, tables.TableView] = field(default_factory=dict)
    cut: Callable[[Mapping[int, tables.Cut]], str] = field(default=lambda _: "")
    tight: Callable[[int], str] = field(default=lambda _: "")  # the same with less room (1), or the least (2)


def render_html(figures: Figures, with_spec: bool = False) -> str:
    """The report as one HTML document with its style sheet inside."""
    html = page(figures, with_spec)
    return html.html.replace("</head>", f"<style>{html.stylesheet}</style></head>", 1)


def page(
    figures: Figures,
    with_spec: bool = False,
    *,
    web: bool = False,
    spec_text: str | None = None,
    in_parts: bool = False,
) -> Page:
    """Lay out the figures. For the `web` the tables and the spec are links within the page, since
    nothing is attached to it. `in_parts`, its HTML is left to `cut` where it has long tables. Raises
    `RenderError` for a refused colour, logo, font or chart."""
    with set_in(figures.theme):
        return _laid_out(figures, with_spec, web, spec_text, in_parts)


def _laid_out(figures: Figures, with_spec: bool, web: bool, spec_text: str | None, in_parts: bool) -> Page:
    formats = formats_for(figures)
    palette = palette_for(figures.theme.accent)
    files, titles = csv_files(figures, formats), _titles(figures)
    # What the lead says is no section of the page; its rows are attached with the others.
    places = [place for place, section in enumerate(figures.sections) if section.shape != "opening"]
    attached = {str(at): files[str(place)] for at, place in enumerate(places) if str(place) in files}
    figures = replace(figures, sections=tuple(figures.sections[place] for place in places))
    views = _views(figures, formats, palette, attached, web)
    tables_shown = [view.table for view in views if view.table]
    turned = sum(table.landscape for table in tables_shown)
    if turned * 2 > len(tables_shown) and not web:
        # Pages that are turned again and again are half empty: then all lie.
        figures = replace(figures, theme=replace(figures.theme, landscape=True))
        views = _views(figures, formats, palette, attached, web)
    views, notes = notes_last(views) if has_closing(figures) else (views, ())
    written = figures.data_as_of or figures.as_of
    method = _method(figures, formats, titles)
    html = partial(
        template("report", formats.language).render,
        figures=figures,
        formats=formats,
        word=formats.word,
        states=formats.words["states"],
        logo=logo_address(figures.theme),
        period_days=_days(figures.period, formats),
        days_beside=days_beside(formats, figures.period),
        compare_days=_days_of(figures.compare, figures, formats),
        second_days=_days_of(figures.second, figures, formats),
        data_as_of=data_moment(formats, figures.data_as_of) if figures.data_as_of else "",
        as_of=as_of_moment(formats, figures.as_of),
        written=_iso(written, formats),
        titles=titles,
        full_title=_full_title(figures),
        heading=heading(figures, formats),
        asked=_asked(figures, formats),
        lead=lead(figures, formats),
        sections=views,
        notes=notes,
        number=lambda value: number(formats, value),
        with_spec=with_spec,
        web=web,
        contents=_contents(figures, formats),
        closing=in_columns(closing(figures, formats, attached=True, with_spec=with_spec)),
        method_file=_download(METHOD, "text/html", method) if web and method else None,
        appendix=figures.theme.appendix == "full" and has_method(figures),
        spec=_download("spec.yaml", "application/yaml", spec_text) if web and spec_text else None,
    )
    stylesheet = _stylesheet(figures, formats, palette)
    shown = enumerate((view.table for view in views), 1)
    long = {place: table for place, table in shown if table and table.long} if in_parts else {}

    def cut(cuts: Mapping[int, tables.Cut], tight: int = 0) -> str:
        with set_in(figures.theme):
            return harmless(html(cuts=cuts, tight=tight))

    whole = "" if long else cut({})
    return Page(whole, stylesheet, tuple(files.values()), written, method, long, cut, lambda step: cut({}, step))


def _method(figures: Figures, formats: Formats, titles: Mapping[str, str]) -> str:
    """How the figures were computed, as a document of its own; empty where the theme leaves that out."""
    if not has_closing(figures):
        return ""
    text = template("method", formats.language).render(
        figures=figures,
        formats=formats,
        word=formats.word,
        full_title=_full_title(figures),
        period_days=_days(figures.period, formats),
        titles=titles,
        number=lambda value: number(formats, value),
        style=_METHOD_STYLE.substitute(ink=INK, muted=MUTED, rule=RULE),
    )
    return harmless(text)


def _titles(figures: Figures) -> dict[str, str]:
    return {section.id: section.title or section.id for section in figures.sections}


def _views(
    figures: Figures,
    formats: Formats,
    palette: Palette,
    attached: Mapping[str, CsvFile],
    web: bool,
) -> list[SectionView]:
    beside = _beside(figures, formats, palette, attached, web)
    views: list[SectionView] = []
    printed: set[int] = set()  # the numbers of footnotes that stand above: each is printed once
    known: set[tuple[bool, ...]] = set()  # which marks a legend above has explained together
    turned = False
    for place, section in enumerate(figures.sections):
        view = beside.get(place) or _section_view(figures, section, formats, palette, attached.get(str(place)), web)
        hidden = {note for column in section.columns if column.in_data for note in column.footnotes}
        hidden -= {note for column in section.columns if not column.in_data for note in column.footnotes}
        hidden -= {*section.footnotes, *(note for kpi in section.kpis for note in kpi.column.footnotes)}
        view = replace(view, footnotes=tuple(one for one in view.footnotes if one[0] not in printed | hidden))
        printed |= {number for number, _ in view.footnotes}
        if view.table is not None:
            explained = {view.table.marks} if view.table.marks else set()
            view = replace(view, legend=bool(explained - known))
            known |= explained
        upright = view.table is None or not view.table.landscape
        views.append(replace(view, upright_again=turned and upright))
        turned = not upright
    return numbered(views, figures.remarks, formats)


def _beside(
    figures: Figures, formats: Formats, palette: Palette, attached: Mapping[str, CsvFile], web: bool
) -> dict[int, SectionView]:
    """The sections that stand beside each other, by their places."""
    found: dict[int, SectionView] = {}
    for first in halves.pairs(figures.sections):
        two = [
            _section_view(figures, figures.sections[place], formats, palette, attached.get(str(place)), web, half=True)
            for place in (first, first + 1)
        ]
        drawn = [not view.charts or charts.fits_half(view.section) for view in two]
        if not all(view.table or view.charts or view.tile_rows or view.prose or view.sentences for view in two):
            continue  # what is only said to be missing needs no half of a page, and leaves the other all of it
        if all(halves.fits(view.table, fit, view.section.text) for view, fit in zip(two, drawn, strict=True)):
            found[first] = replace(two[0], side="first")
            found[first + 1] = replace(two[1], side="second")
    return found


# --- sections --------------------------------------------------------------------------------


def _section_view(
    figures: Figures,
    section: Section,
    formats: Formats,
    palette: Palette,
    attachment: CsvFile | None,
    web: bool,
    *,
    half: bool = False,
) -> SectionView:
    from markupsafe import Markup

    tiles = tuple(tile_of(kpi, formats, palette, compared_labels(figures, formats)) for kpi in section.kpis)
    if figures.marked:
        there = {column.name for column in section.columns if is_figure(column)}
        names = (kpi.column.name for kpi in section.kpis)
        marks = (Mark(section.id, "0", name).text if name in there else "" for name in names)
        tiles = tuple(replace(tile, mark=mark) for tile, mark in zip(tiles, marks, strict=True))
    listed = as_list(tiles, figures) if half else ()
    rows = (tiles,) if listed else tile_rows(tiles, MOST_TILES // 2 if half else MOST_TILES)
    tile_columns = max(map(len, rows), default=1) * (2 if half else 1)
    drawn = charts.drawings(figures, section, formats, palette, half=half)
    # Tiles say all that the one row of their table does; the attached CSV has it too.
    # A heat map's figures are in its cells, those of small multiples on their columns; highlights are sentences.
    said_by_chart = section.chart is not None and section.chart.kind in ("heatmap", "ranges", "multiples")
    without_table = section.shape == "sentences" or said_by_chart
    shown = not tiles and not without_table
    lying = figures.theme.landscape
    table = (
        tables.table_view(section, formats, attachment, lying, half=half, figures_marked=figures.marked)
        if shown
        else None
    )
    nothing = tables.nothing_at_all(section, formats) if table is not None else ""
    table = None if nothing else table
    hidden = 0
    if table is not None and web:
        table, hidden = phone.on_phones(table, section)
    of_phones = _for_phones(figures, section, formats, palette, half) if web else ()
    # Both the drawing and the Markdown were escaped where they were made.
    views = tuple(
        ChartView(
            drawing,
            # Browsers order letters themselves.
            Markup(_with_title(drawing.svg if web else rightward.drawn(drawing.svg), drawing.alt)),
            _needs_title(drawing, len(drawn), section.title),
            Markup(_with_title(of_phones[at].svg, drawing.alt)) if at < len(of_phones) else None,
        )
        for at, drawing in enumerate(drawn)
    )
    return SectionView(
        section,
        rows,
        listed,
        bool(tiles) and not section.footnotes and section.title == vocabulary(formats.language)["titles"]["headline"],
        *value_size(tiles, tile_columns),
        tuple(label_lines(row, len(row) * (2 if half else 1)) for row in rows),
        Markup(html_from_markdown(section.text)) if section.text else Markup(""),
        views,
        table,
        footnotes_of(figures, section),
        not (tiles or table or nothing or section.text or section.notes or drawn or section.highlights),
        tuple(
            (_tone(highlight), text)
            for highlight, text in zip(section.highlights, sentences(figures, section, formats), strict=True)
            if not (tiles and highlight.in_tiles)
        ),
        _download(attachment.name, "text/csv", attachment.text) if web and attachment else None,
        *section_heading(figures, section, formats),
        hidden=_not_on_phones(formats, hidden),
        nothing=nothing,
    )


def _not_on_phones(formats: Formats, hidden: int) -> str:
    """A sentence on the columns of a table that phones do not show."""
    if not hidden:
        return ""
    forms = formats.words["on_wide_screens"]
    return str(forms["one" if hidden == 1 else "many"]).format(count=hidden)


def _for_phones(
    figures: Figures, section: Section, formats: Formats, palette: Palette, half: bool
) -> tuple[charts.Drawing, ...]:
    """The charts of a section as phones show them, unless they are drawn so already, or are their author's own."""
    if section.chart is None or section.chart.vega_lite is not None or (half and charts.fits_half(section)):
        return ()
    return charts.drawings(figures, section, formats, palette, phone=True)


def _tone(one: Highlight) -> str:
    """How a highlight judges; of goals as tiles do."""
    if one.kind == "goal_at_risk":
        return "warn"
    return "even" if one.good is None else "good" if one.good else "bad"


def _contents(figures: Figures, formats: Formats) -> list[tuple[str, str]]:
    """The anchors and titles of the sections, where the report has a table of contents."""
    titled = [
        (f"s{place}", section_heading(figures, s, formats)[0]) for place, s in enumerate(figures.sections, 1) if s.title
    ]
    wanted = figures.theme.contents
    if wanted is None:
        wanted = len(titled) >= LONG
    if has_closing(figures):
        titled.append(("last-part", formats.word("last_part")))
    if figures.theme.appendix == "full" and has_method(figures):
        titled.append(("appendix", formats.word("appendix")))
    return titled if wanted else []


def _download(name: str, media_type: str, text: str) -> Download:
    encoded = b64encode(text.encode()).decode()
    return Download(name, f"data:{media_type};charset=utf-8;base64,{encoded}")


def _needs_title(drawing: charts.Drawing, count: int, heading: str) -> bool:
    """Whether the chart must say what it measures: unless its keys do, or the section's heading does."""
    keys = {key.label for key in drawing.legend}
    if drawing.title in keys or (drawing.title and set(drawing.title.split(", ")) <= keys):
        return False
    return count > 1 or bool(drawing.legend) or drawing.title.casefold() not in heading.casefold()


MOST_TILES = 6  # side by side
LEAST_LISTED = 3
_LISTED, _CELL, _NAME = 31.8, 0.8, 9.0  # ems of half the width, between two columns, and of a name at least
_ARROW = 0.9


def as_list(tiles: Sequence[Tile], figures: Figures) -> tuple[float, ...]:
    """The widths, in percent, of the columns of tiles that have half the width and stand one below the other, which
    takes a third of their room: several of which none has a goal or a second comparison, and whose figures leave room
    for names. Nothing where they stand side by side."""
    if len(tiles) < LEAST_LISTED or any(tile.goal_text or tile.second for tile in tiles):
        return ()
    now, before = figures.period.label, figures.compare.label if figures.compare else ""
    value = _ems([now, *(tile.value for tile in tiles)])
    if not any(tile.before for tile in tiles):
        return _shares(value)
    change = _ems([f"{tile.change} {tile.verdict}" for tile in tiles]) + _ARROW
    # Where all of it leaves no room for names, what a figure was is left out, as on phones.
    return _shares(value, _ems([before, *(tile.before for tile in tiles)]), change) or _shares(value, change)


def _ems(texts: Sequence[str]) -> float:
    return max(map(text_width, texts)) * SEMI_BOLD + _CELL


def _shares(*wide: float) -> tuple[float, ...]:
    """The widths of a name and of what stands beside it, or nothing where the name has too little."""
    name = _LISTED - sum(wide)
    return tuple(round(100 * each / _LISTED, 1) for each in (name, *wide)) if name >= _NAME else ()


def tile_rows(tiles: tuple[Tile, ...], most: int = MOST_TILES) -> tuple[tuple[Tile, ...], ...]:
    """The tiles in rows as even as can be, each of which is full: those of a shorter row are wider."""
    count = -(-len(tiles) // most)
    rows, at = [], 0
    for left in range(count, 0, -1):
        width = -(-(len(tiles) - at) // left)
        rows.append(tiles[at : at + width])
        at += width
    return tuple(rows)


def value_size(tiles: tuple[Tile, ...], columns: int) -> tuple[float, float]:
    """The width of the widest figure in ems, and the type's size in points at which it fits into its tile."""
    ems = max((text_width(tile.value) * SEMI_BOLD for tile in tiles), default=0.0)
    room = _TILES / columns - _TILE_PADDING
    return round(ems, 2), round(min(VALUE_SIZE, room * _POINTS / max(ems, 1.0)), 1)


def label_lines(tiles: tuple[Tile, ...], columns: int) -> int:
    """The lines that the longest label needs, with the numbers of its footnotes; at most two, since each is room that
    all tiles take."""
    room = (_TILES / columns - _TILE_PADDING) * _POINTS / LABEL_SIZE
    return min(max((_lines(tile, room) for tile in tiles), default=1), 2)


def _lines(tile: Tile, room: float) -> int:
    """The lines of a label whose words break where `room` ems are full."""
    notes = (text_width(",".join(map(str, tile.footnotes))) + 0.1 * len(tile.footnotes)) * NOTE_SIZE
    words = [text_width(word) for word in tile.label.split(" ")]
    words[-1] += notes
    lines, left = 1, room
    for width in words:
        if width > left and left < room:
            lines, left = lines + 1, room
        left -= width + text_width(" ")
    return lines


def compared_labels(figures: Figures, formats: Formats) -> tuple[str, ...]:
    """What the periods are called that a report's is compared with: one, or two."""
    first = figures.compare.label if figures.compare else formats.word("previous")
    return (first, figures.second.label) if figures.second else (first,)


def decimals_before(kpi: Kpi, before: Cell, formats: Formats) -> int | None:
    """How many decimals an amount has that a tile's figure is held against: no more than the figure itself."""
    column = kpi.column
    if column.unit != "currency" or column.decimals is not None:
        return None
    return money_decimals(formats, [kpi.value, before], column.currency or formats.currency)


def _versus(kpi: Kpi, formats: Formats, before: Cell, by: float | None, name: str) -> Versus:
    """How a figure changed against what it was before in a period of that name."""
    column, previous, was = kpi.column, "", ""
    if before is not None or by is not None:
        was = cell(formats, before, column, decimals=decimals_before(kpi, before, formats), bare=False)
        previous = f"{name} {was}"
    judged = tendency(by, column.direction)
    return Versus(
        "" if by is None else moved(formats, by, column),
        judged,
        _arrow(by),
        {"good": formats.word("better"), "bad": formats.word("worse")}.get(judged, ""),
        previous,
        was,
    )


def tile_of(kpi: Kpi, formats: Formats, palette: Palette, labels: Sequence[str]) -> Tile:
    """A KPI as its tile says it; `labels` name what it is compared with."""
    from markupsafe import Markup

    column = kpi.column
    value, _ = of_goal(kpi, formats)
    # Of two comparisons each is to be told from the other; a short name is not torn from its figure.
    name = labels[0] if len(labels) > 1 or len(labels[0]) <= 10 else formats.word("previous_short")
    first = _versus(kpi, formats, kpi.previous, kpi.change, name)
    second = _versus(kpi, formats, kpi.second, kpi.second_change, labels[1]) if len(labels) > 1 else None
    spark = ""
    known = [value for value in kpi.spark if value is not None]
    if known:
        spark = sparkline(
            kpi.spark,
            palette,
            formats.word(
                "trend_of",
                label=column.label,
                count=len(known),
                by=formats.word(f"by_{kpi.step}"),
                first=cell(formats, known[0], column, bare=False),
                last=cell(formats, known[-1], column, bare=False),
            ),
        )
    goal_text, state, state_label = _goal(kpi, formats)
    return Tile(
        column.label,
        column.footnotes,
        value,
        kpi.value is None,
        first.change,
        first.tendency,
        first.arrow,
        first.previous,
        Markup(spark),
        first.verdict,
        goal_text,
        state,
        state_label,
        first.before,
        second=second if second is not None and (second.previous or second.change) else None,
    )


def _arrow(value: float | None) -> str:
    if value is None or tendency(value, "up") == "even":
        return ""
    return "up" if value > 0 else "down"


def of_goal(kpi: Kpi, formats: Formats) -> tuple[str, str]:
    """A tile's figure and its target, with the digits that tell them apart."""
    target = kpi.goal.target if kpi.goal is not None else None
    return told_apart(formats, kpi.column, kpi.value, target, bare=False)


def _goal(kpi: Kpi, formats: Formats) -> tuple[str, str, str]:
    """The sentence and the state of a tile's goal."""
    goal = kpi.goal
    if goal is None:
        return "", "", ""
    _, target = of_goal(kpi, formats)
    if goal.attainment is None and goal.difference is not None:
        text = apart(formats, goal.difference, kpi.column, target=target)
    elif goal.attainment is None:
        text = f"{formats.word('goal')} {target}"
    else:
        text = f"{attainment(formats, goal.attainment)} {formats.word('of_goal')} {target}"
    state = str(formats.words["states"][goal.state])
    if goal.pace is not None and goal.state in ("on_track", "at_risk"):
        state += f" · {formats.word('pace')} {attainment(formats, goal.pace)}"
    return text, goal.state, state


def footnotes_of(figures: Figures, section: Section) -> tuple[tuple[int, str], ...]:
    """The footnotes that the section's labels point at, by number."""
    numbers = {
        *section.footnotes,
        *(note for column in section.columns for note in column.footnotes),
        *(note for kpi in section.kpis for note in kpi.column.footnotes),
    }
    return tuple((note, figures.footnotes[note - 1]) for note in sorted(numbers))


def _with_title(svg: str, alt: str) -> str:
    """The drawing with a `<title>`: only this becomes the PDF's alternative text."""
    from markupsafe import escape

    start = svg.index(">", svg.index("<svg")) + 1
    return f"{svg[:start]}<title>{escape(alt)}</title>{svg[start:]}"


# --- dates, text and style -------------------------------------------------------------------


def _days(period: PeriodFigures, formats: Formats) -> str:
    return day_range(formats, period.start, period.end - timedelta(days=1))


def _days_of(compared: PeriodFigures | None, figures: Figures, formats: Formats) -> str:
    """The days of a period that a report is compared with; of one that is called as the report's own is, these say
    enough (`Q3 2026 1 Jul – 30 Sept 2026 · Compared with Q2 2026`)."""
    if compared is None or _NUMBER.sub("", compared.label) == _NUMBER.sub("", figures.period.label):
        return ""
    return days_beside(formats, compared)


def _full_title(figures: Figures) -> str:
    """The title with its period, unless it names the period itself."""
    if figures.period.label in figures.title:
        return figures.title
    return f"{figures.title} · {figures.period.label}"


def _asked(figures: Figures, formats: Formats) -> str:
    """The filters in words, where they fit into the line above the title beside what else it says; else nothing."""
    if not figures.filters or figures.theme.logo or not has_closing(figures):
        return ""
    compared = [
        f"{one.label} {_days_of(one, figures, formats)}" for one in (figures.compare, figures.second) if one is not None
    ]
    days = days_beside(formats, figures.period)
    told = (figures.report_label, f"{figures.period.label} {days}", formats.word("compared_with"), *compared)
    asked = " · ".join(figures.filters)
    room = (_TILES - _BESIDE) * _POINTS / LABEL_SIZE
    return asked if text_width(" · ".join(told)) * SEMI_BOLD + text_width(asked) <= room else ""


def _iso(value: datetime, formats: Formats) -> str:
    aware = value if value.tzinfo else value.replace(tzinfo=formats.timezone)
    return aware.isoformat(timespec="seconds")


_METHOD_STYLE = Template(
    "html{font:14px/1.45 sans-serif;color:$ink}body{max-width:72em;margin:0 auto;padding:16px}h1{font-size:22px}"
    ".of,.code{color:$muted}.facts{list-style:none;padding:0}.facts .of{margin-right:0.8em}"
    "table{border-collapse:collapse;width:100%;margin:16px 0;font-size:13px}"
    "th,td{text-align:left;vertical-align:top;padding:4px 8px;border-bottom:1px solid $rule;overflow-wrap:anywhere}"
    ".n{text-align:right}"
)


@cache
def _style_template() -> Template:
    folder = files("reportspec.render").joinpath("templates")
    return Template(folder.joinpath("report.css").read_text(encoding="utf-8"))


def _stylesheet(figures: Figures, formats: Formats, palette: Palette) -> str:
    return font_faces(figures.theme) + _style_template().substitute(
        paper=figures.theme.paper,
        lying=" landscape" if figures.theme.landscape else "",
        accent=palette.accent,
        accent_text=palette.accent_text,
        actual=palette.actual,
        tint=palette.tint,
        previous=PREVIOUS,
        previous_fill=PREVIOUS_FILL,
        better=BETTER,
        ink=INK,
        lead=LEAD,
        muted=MUTED,
        faint=FAINT,
        rule=RULE,
        good=GOOD,
        bad=BAD,
        warn=WARN,
        page_label=_page_label(formats),
        family=", ".join(f'"{name}"' for name in face().families),
    )


def _page_label(formats: Formats) -> str:
    """`Page 2 of 5` as a CSS content value."""
    quoted = {"page": '" counter(page) "', "pages": '" counter(pages) "'}
    return '"' + formats.word("page", **quoted) + '"'
