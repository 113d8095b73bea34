"""A report as a workbook: a sheet that says what it is about and each table on a sheet of its own,
with typed cells, so that figures can be added up and dates sorted."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable
from dataclasses import field, replace
from datetime import UTC, date, datetime
from typing import Any

from reportspec.diagnostics import harmless
from reportspec.errors import FormatError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Cell, Column, Figures, Kpi, Section
from reportspec.render.beside import figure_of, with_shares
from reportspec.render.closing import has_closing
from reportspec.render.headlines import heading, heading_line, lead
from reportspec.render.locale import (
    Formats,
    as_of_moment,
    cell,
    data_moment,
    days_beside,
    formats_for,
    is_number,
    money,
    money_decimals,
    name_of,
    with_unit,
)
from reportspec.render.page import compared_labels, footnotes_of
from reportspec.render.palette import BAD
from reportspec.render.sentences import sentences
from reportspec.render.tables import CHANGE, MARK, money_places

_LONGEST_TEXT = 32_767  # in a cell; Excel calls a file with more damaged
_MOST_ROWS = 1_048_000  # on a sheet, with room for what stands around the table
_EXACT = 10**15  # the first whole number that a cell may round
_EARLIEST = date(1900, 3, 1)  # before it, spreadsheets disagree on the day
_NO_SHEET = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def as_workbook(figures: Figures) -> bytes:
    """The bytes of the `.xlsx` file: the same for the same figures. No text of the data becomes a
    formula or a link. Raises FormatError where XlsxWriter is not installed."""
    try:
        import xlsxwriter
    except ModuleNotFoundError:
        raise FormatError(
            "workbooks need XlsxWriter, which is not installed",
            'pip install "reportspec[xlsx]"',
        ) from None
    stream = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    with xlsxwriter.Workbook(stream, options) as book:
        formats = formats_for(figures)
        written = figures.data_as_of or figures.as_of
        aware = written if written.tzinfo else written.replace(tzinfo=formats.timezone)
        book.set_properties(
            {
                "title": _clean(figures.title)[:255],
                "subject": _clean(figures.period.label)[:255],
                "author": _clean(figures.source_label)[:255],
                "comments": "reportspec",
                "created": aware.astimezone(UTC).replace(tzinfo=None),
            }
        )
        _Book(book, figures, formats).write()
    return stream.getvalue()


@dataclass(slots=True)
class _Book:
    """The workbook while it is written."""

    book: Any
    figures: Figures
    formats: Formats
    _styles: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)

    def write(self) -> None:
        """The first sheet, then one for each table."""
        self._cover()
        for section in self.figures.sections:
            if section.rows and section.columns and section.shape == "table":
                self._table(section)
        if self.figures.definitions and has_closing(self.figures):
            self._method()

    def _method(self) -> None:
        """What each figure means and how it was computed, on a sheet of its own."""
        word, definitions = self.formats.word, self.figures.definitions
        sheet = self.sheet(word("meaning"))
        heads = [word(key) for key in ("figure", "meaning", "formula", "statement", "rows_read")]
        for place, (head, width) in enumerate(zip(heads, (28, 60, 60, 16, 12), strict=True)):
            sheet.write_string(0, place, _clean(head), self.style(bold=True, bottom=1))
            sheet.set_column(place, place, width)
        for row, one in enumerate(definitions, 1):
            for place, text in enumerate((one.label, one.description, one.formula, one.sql_hash[:12])):
                sheet.write_string(row, place, _clean(text), self.style(text_wrap=True))
            if one.rows_read is not None:
                sheet.write_number(row, 4, one.rows_read, self.style(num_format="#,##0"))
        sheet.freeze_panes(1, 1)
        _printed(sheet, self.figures, landscape=True)

    def style(self, **properties: Any) -> Any:
        """A cell format; equal ones are one."""
        key = tuple(sorted(properties.items()))
        if key not in self._styles:
            self._styles[key] = self.book.add_format({"valign": "top", **properties})
        return self._styles[key]

    def sheet(self, title: str) -> Any:
        """A sheet named for a section, within what names of sheets may be."""
        base = _NO_SHEET.sub(" ", _clean(title)).strip(" '") or "Sheet"
        name, number = base[:31].strip(" '"), 2
        while name.casefold() in self._names or name.casefold() == "history":
            tail = f" ({number})"
            name, number = base[: 31 - len(tail)].rstrip() + tail, number + 1
        self._names.add(name.casefold())
        return self.book.add_worksheet(name)

    def _cover(self) -> None:
        figures, formats = self.figures, self.formats
        sheet = self.sheet(figures.report_label)
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 44)
        sheet.set_column(1, 6, 17)
        sheet.write_string(0, 0, _clean(heading(figures, formats)), self.style(bold=True, font_size=16))
        row = 1
        if said := lead(figures, formats):
            sheet.write_string(row, 0, _clean(said), self.style())
            row += 1
        for label, text in self._facts():
            sheet.write_string(row, 0, label, self.style(font_color="#5b6472"))
            sheet.write_string(row, 1, _clean(text), self.style())
            row += 1
        for section in figures.sections:
            if section.kpis:
                row = self._tiles(sheet, row + 1, section)
            elif section.highlights and section.shape != "opening":
                row += 1
                sheet.write_string(row, 0, _clean(section.title), self.style(bold=True, font_size=12))
                for text in sentences(figures, section, formats):
                    row += 1
                    sheet.write_string(row, 0, f"• {_clean(text)}", self.style())
                row += 1
        _printed(sheet, figures, landscape=False)

    def _facts(self) -> Iterable[tuple[str, str]]:
        figures, formats, word = self.figures, self.formats, self.formats.word
        days, label = days_beside(formats, figures.period), figures.period.label
        yield word("period"), f"{label} · {days}" if days else label
        if figures.compare:
            yield word("compared_with"), " · ".join(compared_labels(figures, formats))
        for index, text in enumerate(figures.notices):
            yield "" if index else word("notice"), text
        for index, text in enumerate(figures.filters):
            yield "" if index else word("filters"), text
        if figures.data_as_of:
            yield word("data_as_of"), data_moment(formats, figures.data_as_of)
        yield word("as_of"), as_of_moment(formats, figures.as_of)
        yield word("source"), figures.source_label
        yield word("time_zone"), figures.timezone

    def _tiles(self, sheet: Any, row: int, section: Section) -> int:
        """A section of KPIs as a table; the row after it."""
        word = self.formats.word
        if section.title:
            sheet.write_string(row, 0, _clean(section.title), self.style(bold=True, font_size=12))
            row += 1
        labels = compared_labels(self.figures, self.formats)
        heads = [word("figure"), word("value")]
        compared = any(k.previous is not None or k.change is not None for k in section.kpis)
        aimed = any(k.goal is not None for k in section.kpis)
        heads += [text for label in labels for text in (label, word("change"))] if compared else []
        heads += [word("target"), word("attainment"), word("difference"), word("state")] if aimed else []
        for place, head in enumerate(heads):
            align = "left" if place == 0 or head == word("state") else "right"
            sheet.write_string(row, place, _clean(head), self.style(bold=True, bottom=1, align=align))
        for kpi in section.kpis:
            row += 1
            label = kpi.column.label + _marks(kpi.column.footnotes)
            sheet.write_string(row, 0, _clean(label), self.style())
            cells = self._tile(kpi, compared, aimed)
            for place, (value, column) in enumerate(cells, 1):
                self._cell(sheet, row, place, value, column)
        return self._notes(sheet, row + 1, section) + 1

    def _tile(self, kpi: Kpi, compared: bool, aimed: bool) -> list[tuple[Cell, Column | None]]:
        column, goal = kpi.column, kpi.goal
        share = Column("share", "", "number", "percent")
        apart = replace(column, role="difference")
        change = apart if column.unit == "percent" else Column("change", "", "number", "percent", role="change")
        cells: list[tuple[Cell, Column | None]] = [(kpi.value, column)]
        if compared:
            cells += [(kpi.previous, column), (kpi.change, change)]
        if compared and self.figures.second is not None:
            cells += [(kpi.second, column), (kpi.second_change, change)]
        if aimed:
            state = str(self.formats.words["states"][goal.state]) if goal else None
            cells += [
                (goal.target if goal else None, column),
                (goal.attainment if goal else None, share),
                (goal.difference if goal else None, apart),
                (state, None),
            ]
        return cells

    def _table(self, section: Section) -> None:
        shares = [column.name for column in section.columns] if self.figures.second is not None else []
        section = with_shares(section, shares, differences=True)
        sheet = self.sheet(section.title or section.id)
        title = heading_line(self.figures, section, self.formats) or section.id
        sheet.write_string(0, 0, _clean(title), self.style(bold=True, font_size=14))
        sheet.write_string(1, 0, _clean(self.figures.period.label), self.style(font_color="#5b6472"))
        top, columns = 3, section.columns
        for place, column in enumerate(columns):
            align = "right" if _numeric(column) else "left"
            sheet.write_string(
                top,
                place,
                _clean(self._heading(section, column)),
                self.style(bold=True, bottom=1, text_wrap=True, align=align),
            )
            sheet.set_column(place, place, self._width(section, place))
        decimals = [money_places(section, place, self.formats) for place in range(len(columns))]
        rows = section.rows[:_MOST_ROWS]
        for index, values in enumerate(rows):
            for place, value in enumerate(values):
                shown = value
                if columns[place].role == "period" and index < len(section.row_labels):
                    shown = section.row_labels[index]
                elif value is None and place == 0 and columns[place].role == "dimension":
                    shown = name_of(self.formats, value, columns[place])
                beyond = columns[place].marks(value, cut=index in section.cut_rows) and not (
                    section.others and index == len(rows) - 1
                )
                self._cell(sheet, top + 1 + index, place, shown, columns[place], decimals[place], marked=beyond)
        last = top + len(rows)
        sheet.freeze_panes(top + 1, 1)
        sheet.autofilter(top, 0, last, len(columns) - 1)
        # Below the rows, which can be added up and filtered so, stand the total and those of groups.
        total = self.formats.word("total")
        sums = [(str(section.total[0] or total), section.total)] if section.total is not None else []
        for _, group in section.subtotals:
            sums.append((f"{total} {name_of(self.formats, group[0], columns[0])}", group))
        for name, values in sums:
            last += 1
            for place, value in enumerate(values):
                if not _numeric(columns[place]):
                    value = name if place == 0 else None
                self._cell(sheet, last, place, value, columns[place], decimals[place], total=True)
        available = max(section.available_rows, len(section.rows))
        row = last + 2
        if available > len(rows):
            remark = self.formats.word("rows_cut", shown=len(rows), available=available)
            sheet.write_string(row, 0, _clean(remark), self.style(italic=True))
            row += 1
        self._notes(sheet, row, section)
        sheet.repeat_rows(top)
        _printed(sheet, self.figures, landscape=len(columns) > 6)

    def _notes(self, sheet: Any, row: int, section: Section) -> int:
        for text in section.notes:
            sheet.write_string(row, 0, _clean(text), self.style(font_color="#5b6472"))
            row += 1
        for number, text in footnotes_of(self.figures, section):
            sheet.write_string(row, 0, _clean(f"{number}  {text}"), self.style(font_color="#5b6472"))
            row += 1
        return row

    def _heading(self, section: Section, column: Column) -> str:
        label = column.label
        if column.role == "difference" and column.name.endswith("__difference") and not column.against:
            label = f"{self._of(section, column) or column.label} · {CHANGE}"
        elif column.against:
            of = column.label.removesuffix(f" · {column.against}")
            what = {"difference": f"{CHANGE} ", "change": f"{CHANGE} % "}.get(column.role, "")
            label = f"{of} · {what}{column.against}"
        elif column.role in ("previous", "change"):
            of = self._of(section, column)
            previous = self.figures.compare.label if self.figures.compare else self.formats.word("previous")
            heading = previous if column.role == "previous" else self.formats.word("change")
            label = f"{of} · {heading}" if of else label
        if (
            column.unit == "days" and column.role != "change" and not column.against
        ):  # shorter ones are times of the clock
            label = with_unit(self.formats, label, column.unit)
        return label + _marks(column.footnotes)

    def _of(self, section: Section, column: Column) -> str:
        """What the figure is called that a column belongs to."""
        of = figure_of(replace(column, name=column.name.removesuffix("__difference")))
        names = [c.label for c in section.columns if c.role == "metric" and c.metric == column.metric and c.metric]
        named = [c.label for c in section.columns if c.name == of] if of != column.name else []
        return next(iter((*names, *named)), "")

    def _width(self, section: Section, place: int) -> float:
        column = section.columns[place]
        head = self._heading(section, column)
        words = max(map(len, head.split()), default=0)
        texts = (cell(self.formats, row[place], column) for row in section.rows[:200])
        longest = max(map(len, texts), default=0)
        if place == 0 and section.row_labels:
            longest = max(longest, *map(len, section.row_labels))
        return float(min(max(longest + 2, words + 3, len(head) // 2 + 3, 9), 48))

    def _cell(
        self,
        sheet: Any,
        row: int,
        place: int,
        value: Cell,
        column: Column | None,
        decimals: int | None = None,
        *,
        total: bool = False,
        marked: bool = False,
    ) -> None:
        more: dict[str, Any] = {"bold": True, "top": 1} if total else {}
        if marked:
            more = {"bold": True, "font_color": BAD}
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            sheet.write_blank(row, place, None, self.style(**more))
        elif isinstance(value, bool):
            sheet.write_boolean(row, place, value, self.style(align="left", **more))
        elif isinstance(value, datetime):
            local = value.astimezone(self.formats.timezone) if value.tzinfo else value
            self._moment(sheet, row, place, local.replace(tzinfo=None), "yyyy-mm-dd hh:mm", more)
        elif isinstance(value, date):
            self._moment(sheet, row, place, value, "yyyy-mm-dd", more)
        elif is_number(value) and abs(float(value)) < _EXACT:
            factor, pattern = self._number(column, value, decimals)
            number = float(value) * factor
            if marked and pattern != "General":
                pattern = ";".join(f'"{MARK} "{part}' for part in pattern.split(";"))
            elif marked:
                pattern = f'"{MARK} "General'
            sheet.write_number(row, place, number, self.style(num_format=pattern, **more))
        else:
            text = _clean(str(value))
            sheet.write_string(row, place, text, self.style(text_wrap=len(text) > 48, **more))

    def _moment(self, sheet: Any, row: int, place: int, value: date, pattern: str, more: dict[str, Any]) -> None:
        day = value.date() if isinstance(value, datetime) else value
        if day < _EARLIEST:
            sheet.write_string(row, place, value.isoformat(), self.style(**more))
        else:
            sheet.write_datetime(row, place, value, self.style(num_format=pattern, align="left", **more))

    def _number(self, column: Column | None, value: Any, decimals: int | None) -> tuple[float, str]:
        """What a number is multiplied by for its cell, and the cell's number format."""
        times, pattern = self._pattern(column, value, decimals)
        if self.formats.negatives == "parentheses" and ";" not in pattern and pattern != "General":
            pattern = f"{pattern};({pattern})"
        return times, pattern

    def _around(self, currency: str | None) -> tuple[str, str]:
        """What stands before and behind an amount, as literals of a format: its currency, where pages have it."""
        if not currency or not currency.isalpha():
            return "", ""
        before, _, after = money(self.formats, 0, currency).partition("0")
        return f'"{before}"' if before else "", f'"{after}"' if after else ""

    def _pattern(self, column: Column | None, value: Any, decimals: int | None) -> tuple[float, str]:
        if column is None:
            return 1, "General"
        places = column.decimals if column.decimals is not None else decimals
        if column.role == "change":
            return 1, "+0.0%;-0.0%;0.0%"
        if column.role == "difference" and column.unit == "percent":
            points = self.formats.word("points")
            return 100, f'+0.0" {points}";-0.0" {points}";0.0" {points}"'
        match column.unit:
            case "currency":
                currency = column.currency or self.formats.currency
                if places is None:
                    places = money_decimals(self.formats, [value], currency)
                before, after = self._around(currency)
                return 1, before + _with_decimals("#,##0", places) + after
            case "percent":
                return 1, _with_decimals("0", 1 if places is None else places) + "%"
            case "days":
                return 1, _with_decimals("#,##0", 1 if places is None else places)
            case "seconds":
                return 1 / 86_400, "[h]:mm:ss"
            case "minutes":
                return 1 / 1_440, "[h]:mm:ss"
            case "ratio":
                return 1, _with_decimals("#,##0", 2 if places is None else places)
            case "multiple":
                return 1, _with_decimals("#,##0", 1 if places is None else places) + '"×"'
            case _:
                whole = float(value).is_integer()
                if column.type == "integer" or whole:
                    return 1, "#,##0" if column.unit else "0"
                return 1, "#,##0.0" if column.unit else "General"


def _with_decimals(pattern: str, places: int) -> str:
    return f"{pattern}.{'0' * places}" if places else pattern


def _numeric(column: Column) -> bool:
    return column.role in (
        "metric",
        "previous",
        "second",
        "change",
        "difference",
        "target",
    ) or column.type in (
        "integer",
        "number",
    )


def _marks(notes: tuple[int, ...]) -> str:
    return f" ({', '.join(map(str, notes))})" if notes else ""


def _clean(text: str) -> str:
    return harmless(text)[:_LONGEST_TEXT]


def _printed(sheet: Any, figures: Figures, *, landscape: bool) -> None:
    """How the sheet comes out of a printer: all columns on one page's width."""
    sheet.set_paper(9 if figures.theme.paper == "A4" else 1)
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&R&P / &N")
