"""Figures as tables for the terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from textwrap import wrap

from reportspec.diagnostics import shortened
from reportspec.model.figures import Cell, Column, Figures, Section
from reportspec.render.beside import is_change, with_changes, with_shares
from reportspec.render.headlines import heading, heading_line, lead
from reportspec.render.locale import (
    MINUS,
    Formats,
    Number,
    cell,
    formats_for,
    is_number,
    money,
    moved,
    name_of,
    number,
    with_unit,
)
from reportspec.render.notes import told_together
from reportspec.render.page import compared_labels
from reportspec.render.readable import readable
from reportspec.render.sentences import sentences
from reportspec.render.tables import CHANGE, MARK, NOTHING
from reportspec.rounding import half_up

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_FIGURE = re.compile(r"[-+]|(?:[A-Z]{3} |[A-Z]{0,2}[$£¥€])?\d")
_LONGEST = 500  # letters of a text in a line of the terminal
_WIDEST, _HEAD = 40, 24  # places of a column; of one whose heading is longer, which then has several lines


def as_table(figures: Figures) -> str:
    """For the terminal: each section under its title. Of long texts there is the beginning."""
    formats = formats_for(figures)
    figures = told_together(figures, formats)
    lines = [f"{shortened(heading(figures, formats), _LONGEST)} · {figures.period.label}"]
    if figures.compare:
        lines[0] += f" · {formats.word('compared_with')} {' · '.join(compared_labels(figures, formats))}"
    said = filter(None, (lead(figures, formats), *figures.notices, *figures.filters))
    lines += [f"  {shortened(text, _LONGEST)}" for text in said]
    for section in figures.sections:
        if section.shape not in ("text", "opening"):
            lines += ["", heading_line(figures, section, formats) or section.id, *_lines(figures, section)]
    lines += (
        [""] + [f"({n}) {shortened(text, _LONGEST)}" for n, text in enumerate(figures.footnotes, 1)]
        if figures.footnotes
        else []
    )
    return "\n".join(lines)


def _lines(figures: Figures, section: Section) -> list[str]:
    if section.shape == "sentences":
        prose = sentences(figures, section, formats_for(figures))
        return [f"  {shortened(text, _LONGEST)}" for text in (*prose, *section.notes)]
    formats = _to_the_cent(formats_for(figures), section)
    if section.shape == "tiles":
        labels = compared_labels(figures, formats) if figures.second else (formats.word("previous"),)
        tiles = _aligned(_tiles(section, formats, labels), formats)
        told = (*sentences(figures, section, formats), *section.notes)
        return [*tiles, *(f"  {shortened(text, _LONGEST)}" for text in told)]
    section = readable(section)
    if figures.second is not None:
        section = with_shares(section, [column.name for column in section.columns])
    section = with_changes(section)
    rows = [[_heading(formats, c) for c in section.columns]]
    subtotals = dict(section.subtotals)  # by how many rows stand above
    for at, row in enumerate(section.rows):
        label = section.row_labels[at] if at < len(section.row_labels) else None
        one = not (section.others and at == len(section.rows) - 1)
        cells = [(c, v, _in_row(v, c, label, formats)) for c, v in zip(section.columns, row, strict=True)]
        if row[0] is None and section.columns[0].role == "dimension" and label is None:
            cells[0] = (*cells[0][:2], name_of(formats, None, section.columns[0]))
        rows.append(
            [f"{MARK} {text}" if one and c.marks(v, cut=at in section.cut_rows) else text for c, v, text in cells]
        )
        if at + 1 in subtotals:
            group = subtotals[at + 1]
            name = f"{formats.word('total')} {_said(group[0], section.columns[0].unit, formats)}"
            rows.append(_sum(name, section, group, formats))
    if section.total:
        rows.append(_sum(str(section.total[0] or formats.word("total")), section, section.total, formats))
    return [*_aligned(rows, formats), *(f"  {shortened(text, _LONGEST)}" for text in section.notes)]


def _to_the_cent(formats: Formats, section: Section) -> Formats:
    """The formats in which all amounts of a section have cents where one of them has, and none where none has. Of tiles
    the rows are not shown, which may have them to the cent."""
    shown = section.rows if section.shape != "tiles" else ()
    rows = (*shown, *(row for _, row in section.subtotals), *([section.total] if section.total else []))
    amounts = [v for row in rows for c, v in zip(section.columns, row, strict=True) if c.unit == "currency"]
    for kpi in section.kpis:
        if kpi.column.unit == "currency":
            amounts += [kpi.value, kpi.previous, kpi.second, kpi.goal.target if kpi.goal else None]
    odd = any(is_number(amount) and half_up(amount, 2) != half_up(amount, 0) for amount in amounts)
    return replace(formats, cents="always" if odd or formats.cents == "always" else "never")


def _sum(name: str, section: Section, row: tuple[Cell, ...], formats: Formats) -> list[str]:
    """The line of a total under its name."""
    return [
        name,
        *(
            "" if v is None and c.role in ("dimension", "period", "group", "field") else _in_row(v, c, None, formats)
            for c, v in zip(section.columns[1:], row[1:], strict=True)
        ),
    ]


def _tiles(section: Section, formats: Formats, labels: Sequence[str]) -> list[list[str]]:
    """A row for each figure: what it is, its value, and where there are any the earlier one, the goal and where
    it stands. Of two comparisons, which `labels` name, each has its change."""
    kpis, two = section.kpis, len(labels) > 1
    compared, aimed = any(k.previous is not None for k in kpis), any(k.goal is not None for k in kpis)
    others = [text for label in labels for text in (label, CHANGE)]
    heads = ["", "", *(others if compared or two else []), *([formats.word("goal"), ""] if aimed else [])]
    rows = [heads] if compared or aimed or two else []
    for kpi in kpis:
        column, goal = kpi.column, kpi.goal
        row = [column.label, _measured(kpi.value, column, formats)]
        if compared or two:
            row += [_measured(kpi.previous, column, formats), _moved(kpi.change, column, formats)]
        if two:
            row += [_measured(kpi.second, column, formats), _moved(kpi.second_change, column, formats)]
        if aimed:
            row += (
                [_measured(goal.target, column, formats), str(formats.words["states"][goal.state])]
                if goal
                else ["", ""]
            )
        rows.append(row)
    return rows


def _moved(value: float | None, column: Column, formats: Formats) -> str:
    """How a figure changed: relative to what it was, of percentages in points."""
    return NOTHING if value is None else _plain(moved(formats, value, column))


_SHORT = {"days": "d", "minutes": "min", "seconds": "s"}


def _measured(value: Cell, column: Column, formats: Formats) -> str:
    """A figure with its unit, as one without a heading over it."""
    if column.unit == "currency" and is_number(value):
        whole = column.decimals == 0 or formats.cents == "never"
        return _plain(money(formats, value, column.currency, 0 if whole else 2))
    unit = _SHORT.get(column.unit or "")
    text = _said(value, column.unit, formats)
    return f"{text} {unit}" if unit and is_number(value) else text


def _heading(formats: Formats, column: Column) -> str:
    """What stands over a column, with the unit of what stands under it."""
    if is_change(column):
        what = f"{CHANGE} {formats.word('points')}" if column.unit == "percent" else CHANGE
        return f"{what} {column.against}".rstrip()
    if column.against and column.role == "change":
        return f"{CHANGE} %"
    if column.role == "change":
        return column.label
    if column.unit == "currency" and column.currency and f"({column.currency})" not in column.label:
        return f"{column.label} ({column.currency})"
    return with_unit(formats, column.label, column.unit)


def _in_row(value: Cell, column: Column, label: str | None, formats: Formats) -> str:
    """A cell; a period is called as the report's other forms call it."""
    if column.role in ("difference", "change"):
        return _signed(value, column, formats) if is_number(value) else NOTHING
    return label if label is not None and column.role == "period" else _said(value, column.unit, formats)


def _signed(value: Number, column: Column, formats: Formats) -> str:
    """A change with its sign; of a percentage in points, of anything else as much as it is."""
    if column.role == "change" or column.unit == "percent":
        return _plain(cell(formats, value, column))
    text = _said(value, column.unit, formats)
    return f"+{text}" if value > 0 and any(digit in text for digit in "123456789") else text


def _said(value: Cell, unit: str | None, formats: Formats) -> str:
    """A value as the report's locale writes it, amounts to the cent; where there is none, what footnotes call that."""
    if value is None:
        return formats.not_available
    if isinstance(value, bool):
        return formats.word("yes" if value else "no")
    if not is_number(value):
        # A name with a line end or a tab would break the table.
        return _BREAKS.sub("\ufffd", str(value))
    if unit == "percent":
        return f"{_plain(number(formats, value * 100, 1))} %"
    whole = formats.cents == "never" if unit == "currency" else isinstance(value, int)
    return _plain(number(formats, value, 0 if whole else 2))


def _plain(text: str) -> str:
    """A number with the signs that a keyboard has, for who copies it."""
    return text.replace(MINUS, "-").replace("\xa0", " ")


def _aligned(rows: list[list[str]], formats: Formats) -> list[str]:
    nothing = formats.not_available
    heads = [wrap(text, _HEAD) if _width(text) > _WIDEST else [text] for text in rows[0]]
    deep = max(map(len, heads), default=1)
    above = [
        [lines[at - deep + len(lines)] if at >= deep - len(lines) else "" for lines in heads] for at in range(deep)
    ]
    numeric = [
        all(_is_figure(r[i]) or r[i] in (nothing, NOTHING) for r in rows[1:] if r[i]) for i in range(len(rows[0]))
    ]
    rows = [*above, *rows[1:]]
    widths = [min(_WIDEST, max(_width(row[i]) for row in rows)) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for text, width, right in zip(row, widths, numeric, strict=True):
            shown = text if _width(text) <= width else text[: width - 1] + "…"
            gap = " " * max(0, width - _width(shown))
            cells.append(gap + shown if right else shown + gap)
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def _is_figure(text: str) -> bool:
    text = text.removeprefix(f"{MARK} ")
    return _FIGURE.match(text) is not None


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
