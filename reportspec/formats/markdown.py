"""A report as Markdown with tables: for wikis, pull requests and chats."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reportspec.diagnostics import harmless
from reportspec.model.figures import Figures, Section
from reportspec.render.attachments import csv_files
from reportspec.render.closing import closing
from reportspec.render.headlines import heading, heading_line, lead
from reportspec.render.locale import (
    Formats,
    as_of_moment,
    cell,
    data_moment,
    days_beside,
    formats_for,
    number,
)
from reportspec.render.notes import told_together
from reportspec.render.page import compared_labels, footnotes_of, tile_of
from reportspec.render.palette import palette_for
from reportspec.render.sentences import sentences
from reportspec.render.tables import TableCell, table_view

# Whatever Markdown or HTML would read as more than text. A figure's minus sign is another letter.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#])")
# What many readers make links of without any sign of markup: addresses of pages, of mail, and `@somebody`. The last
# two they look for when escapes are gone, so that only something between keeps them apart.
_PAGES = re.compile(r"(?i)(?<=[a-z]:)(?=//)|(?<=\bwww)(?=\.)")
_AT = re.compile(r"@(?=\w)")
_LINE_ENDS = re.compile(r"(?<!\s)\s*[\r\n\v\f\x85\u2028\u2029]+\s*")


def as_markdown(figures: Figures) -> str:
    """Title, what it covers, and each section: tiles as a table, sentences, tables, notes."""
    formats = formats_for(figures)
    figures = told_together(figures, formats)
    parts = [f"# {escaped(heading(figures, formats))}", escaped(lead(figures, formats)), *_head(figures, formats)]
    files = csv_files(figures, formats)
    told: set[int] = set()  # the footnotes that stand above: each is written once
    for place, section in enumerate(figures.sections):
        if section.shape == "opening":
            continue
        if section.title:
            parts.append(f"## {escaped(heading_line(figures, section, formats))}{_marks(section.footnotes)}")
        attached = files.get(str(place))
        shown = _section(figures, section, formats)
        if section.shape == "table":
            view = table_view(section, formats, attached)
            if view is not None:
                heads = [f"{escaped(h.label)}{_marks(h.footnotes)}" for h in view.headings]
                right = ["n" in h.css.split() for h in view.headings]
                lines = [
                    _bold(row) if place in view.subtotals else [escaped(c.text) for c in row]
                    for place, row in enumerate(view.rows)
                ]
                if view.total:
                    lines.append(_bold(view.total))
                shown.append(_table(heads, right, lines))
                if view.caption:
                    shown.append(f"_{escaped(view.caption)}_")
        if not shown and not section.notes:
            shown.append(f"_{escaped(formats.word('no_data'))}_")
        parts += shown
        parts += [f"_{escaped(note)}_" for note in section.notes]
        notes = [(number, text) for number, text in footnotes_of(figures, section) if number not in told]
        told.update(number for number, _ in notes)
        if notes:
            parts.append("\n".join(f"{_marks((n,))} {escaped(text)}  " for n, text in notes))
    return harmless("\n\n".join(part for part in (*parts, *_closing(figures, formats)) if part)) + "\n"


def _closing(figures: Figures, formats: Formats) -> list[str]:
    """What the words mean and where the figures come from; in full also how each was computed."""
    entries = closing(figures, formats)
    if not entries:
        return []
    lines = [f"- **{escaped(entry.word)}** {escaped(entry.text)}" for entry in entries]
    parts = [f"## {escaped(formats.word('last_part'))}", "\n".join(lines)]
    if figures.theme.appendix == "full":
        heads = [escaped(formats.word(key)) for key in ("figure", "meaning", "formula", "statement", "rows_read")]
        rows = [
            [
                *map(escaped, (one.label, one.description, one.formula, one.sql_hash[:12])),
                "–" if one.rows_read is None else number(formats, one.rows_read),
            ]
            for one in figures.definitions
        ]
        parts += [f"## {escaped(formats.word('appendix'))}", _table(heads, [False] * 4 + [True], rows)]
    return parts


def _bold(cells: Iterable[TableCell]) -> list[str]:
    return [f"**{escaped(cell.text)}**" if cell.text else "" for cell in cells]


def escaped(text: str) -> str:
    """Text that stands for itself: on one line, no markup, no link, no table cell of its own."""
    one_line = _LINE_ENDS.sub(" ", text)
    plain = _SPECIAL.sub(r"\\\1", one_line.replace("&", "&amp;"))
    return _AT.sub("@<!-- -->", _PAGES.sub(r"\\", plain))


def _head(figures: Figures, formats: Formats) -> list[str]:
    period = figures.period
    days = days_beside(formats, period)
    kind = f"{escaped(figures.report_label)} · " if figures.report_label != heading(figures, formats) else ""
    lines = [f"{kind}**{escaped(period.label)}**" + (f" · {escaped(days)}" if days else "")]
    if figures.compare:
        lines[0] += f" · {formats.word('compared_with')} {escaped(' · '.join(compared_labels(figures, formats)))}"
    if figures.filters:
        filters = "; ".join(map(escaped, figures.filters))
        lines.append(f"{formats.word('filters')}: {filters}")
    lines += [escaped(text) for text in figures.notices]
    fresh = ""
    if figures.data_as_of:
        fresh = f"{formats.word('data_as_of')} {data_moment(formats, figures.data_as_of)} · "
    told_at = f"{formats.word('as_of')} {as_of_moment(formats, figures.as_of)}"
    lines.append(f"{fresh}{told_at} · {formats.word('source')}: {escaped(figures.source_label)}")
    return ["  \n".join(lines)]


def _section(figures: Figures, section: Section, formats: Formats) -> list[str]:
    """Tiles, prose and sentences."""
    parts = []
    if section.kpis:
        parts.append(_kpis(figures, section, formats))
    if section.text:
        # The author wrote Markdown; their headings stay below the section's, HTML stays text.
        text = section.text.strip().replace("<", "&lt;")
        parts.append(re.sub(r"(?m)^(#{1,4}) ", r"##\1 ", text))
    if section.highlights:
        prose = sentences(figures, section, formats)
        parts.append("\n".join(f"- {escaped(text)}" for text in prose))
    return parts


def _kpis(figures: Figures, section: Section, formats: Formats) -> str:
    palette = palette_for(figures.theme.accent)
    labels = compared_labels(figures, formats)
    tiles = [tile_of(kpi, formats, palette, labels) for kpi in section.kpis]
    heads, columns = [formats.word("figure"), formats.word("value")], ["label", "value"]
    if any(kpi.previous is not None or kpi.change is not None for kpi in section.kpis):
        heads += [formats.word("change"), labels[0]]
        columns += ["change", "previous"]
    if figures.second is not None:
        heads += [formats.word("change"), labels[1]]
        columns += ["second_change", "second"]
    if any(kpi.goal is not None for kpi in section.kpis):
        heads += [formats.word("goal"), formats.word("state")]
        columns += ["goal_text", "goal_state_label"]
    lines = []
    for kpi, tile in zip(section.kpis, tiles, strict=True):
        # Beside its heading what a figure was needs no name.
        apart = {
            "previous": cell(formats, kpi.previous, kpi.column, bare=False),
            "second": cell(formats, kpi.second, kpi.column, bare=False),
            "second_change": tile.second.change if tile.second is not None else "",
        }
        cells = [escaped(apart[name] if name in apart else str(getattr(tile, name))) for name in columns]
        cells[0] += _marks(tile.footnotes)
        lines.append(cells)
    right = [name in ("value", "change", "previous", "second_change", "second") for name in columns]
    return _table([escaped(head) for head in heads], right, lines)


def _marks(notes: tuple[int, ...]) -> str:
    return f"<sup>{','.join(map(str, notes))}</sup>" if notes else ""


def _table(heads: list[str], right: list[bool], lines: list[list[str]]) -> str:
    rules = ["--:" if is_right else ":--" for is_right in right]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rules, *lines))
