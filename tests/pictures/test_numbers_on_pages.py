"""Every number on every page of the standard reports is one of their figures: the texts of the PDF, of the web page, and of
the mail in both forms are read back, and each number in them is looked for among the cells, with its sign, its unit and
as many decimals as are printed. The scales of charts (`750K`) are left to their own tests.

Slow: makes nine PDFs."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from reportspec.building import Order, build
from reportspec.deliver.body import as_html, as_text
from reportspec.formats.html import html_here
from reportspec.model.figures import Column, Figures, Kpi, Section, Told
from reportspec.render.closing import closing
from reportspec.render.locale import as_of_moment, cell, data_moment, day_range, days_beside, formats_for
from reportspec.render.pdf import render_pdf
from tests.pictures.test_pictures import NOW, PROJECT, REPORTS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler's pdftotext"),
]
SPACE = "[\u00a0\u202f ]"
NUMBER = re.compile(
    rf"(?<![\w.,])(?P<sign>[+−-]?)(?P<symbol>€?)(?P<digits>\d{{1,3}}(?:[.,\u00a0\u202f ]\d{{3}})+(?!\d)|\d+)(?P<rest>[.,]\d+)?(?!\w)"
    rf"(?:{SPACE}?(?P<unit>%|€(?!\d)|pp\b|PP\b|pts?\b|p\.{SPACE}?p\.))?"
)


@dataclass(frozen=True)
class Printed:
    """A number as it is printed: its value, how many decimals it has, and the kind of its unit."""

    value: Decimal
    places: int
    unit: str  # `%`, `points`, `€` or nothing
    text: str


def printed(text: str, decimal: str, spaced: bool = False) -> Iterator[Printed]:
    """The numbers of a text that has this decimal sign, and its thousands apart by spaces."""
    if not spaced:
        text = re.sub(r"(?<=\d) (?=\d)", "  ", text)  # two numbers
    for found in NUMBER.finditer(text):
        digits, rest = found["digits"], found["rest"] or ""
        group = "," if decimal == "." else "."
        if rest[:1] == group:  # `2,500` with one group only is in `digits`; what is left is no number of this language
            digits, rest = digits + rest[1:], ""
        whole = re.sub(r"\D", "", digits)
        if digits != whole and decimal in digits:
            continue  # a date or a time
        value = Decimal(f"{whole}.{rest[1:]}" if rest else whole)
        if found["sign"] in ("−", "-"):
            value = -value
        unit = "€" if "€" in (found["symbol"] or "", found["unit"] or "") else found["unit"] or ""
        kind = unit if unit in ("%", "€", "") else "points"
        yield Printed(value, max(0, len(rest) - 1), kind, found[0])


def is_of(one: Printed, value: Any, unit: str) -> bool:
    """Whether a number is a value of a cell as it is printed with so many decimals."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)) or unit != one.unit:
        return False
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    exact = exact * 100 if unit in ("%", "points") else exact
    return exact.quantize(Decimal(1).scaleb(-one.places), ROUND_HALF_UP) == one.value


def unit_of(column: Column) -> str:
    return {"percent": "%", "currency": "€"}.get(column.unit or "", "")


def values(figures: Figures) -> Iterator[tuple[Any, str]]:
    """The figures that pages may show, each with the kind of its unit."""
    for section in figures.sections:
        yield from of_tables(section)
        for kpi in section.kpis:
            yield from of_tile(kpi)
    said = (*figures.headline.title, *figures.headline.lead)
    said = (*said, *(section.message for section in figures.sections if section.message is not None))
    for one in (*said, *(one for section in figures.sections for one in section.highlights)):
        for _, told in one.values:
            yield from of_told(told)
        for counts in one.cases:
            yield from ((count, "") for count in counts)


def of_told(told: Told) -> Iterator[tuple[Any, str]]:
    yield (
        told.value,
        "points" if told.column.role == "difference" and told.column.unit == "percent" else unit_of(told.column),
    )


def of_tile(kpi: Kpi) -> Iterator[tuple[Any, str]]:
    unit = unit_of(kpi.column)
    yield from ((one, unit) for value in (kpi.value, kpi.previous) for one in split(value, kpi.column))
    yield kpi.change, "points" if unit == "%" else "%"
    if kpi.goal is not None:
        yield kpi.goal.target, unit
        yield kpi.goal.attainment, "%"
        yield kpi.goal.pace, "%"
        yield abs(kpi.goal.difference or 0), "points" if unit == "%" else unit


def split(value: Any, column: Column) -> list[Any]:
    """A value; of a length of time its hours, minutes and seconds."""
    if column.unit not in ("seconds", "minutes") or not isinstance(value, (int, float)):
        return [value]
    seconds = round(value * (60 if column.unit == "minutes" else 1))
    minutes = int(Decimal(seconds) / 60 + Decimal("0.5"))
    return [minutes // 60, minutes % 60, seconds // 60, seconds % 60]


def of_tables(section: Section) -> Iterator[tuple[Any, str]]:
    names = [column.name for column in section.columns]
    rows = [*section.rows, *(row for _, row in section.subtotals), *([section.total] if section.total else [])]
    for row in rows:
        for column, value in zip(section.columns, row, strict=True):
            points = column.unit == "percent" and column.role == "difference"
            yield from ((one, "points" if points else unit_of(column)) for one in split(value, column))
            before = f"{column.name}__previous"
            if before in names and isinstance(value, (int, float, Decimal)):
                other = row[names.index(before)]
                if isinstance(other, (int, float, Decimal)):
                    apart = Decimal(str(value)) - Decimal(str(other))
                    yield apart, "points" if column.unit == "percent" else unit_of(column)
                    if column.unit in ("seconds", "minutes"):  # of which the first part has the sign
                        parts = split(float(abs(apart)), column)
                        yield from ((one * sign, "") for one in parts for sign in (1, -1))


def words(figures: Figures) -> list[str]:
    """Names, dates and sentences."""
    formats = formats_for(figures)
    texts = [*figures.texts(), figures.report_label, figures.period.label, as_of_moment(formats, figures.as_of)]
    for period in (figures.period, *([figures.compare] if figures.compare else [])):
        texts += [period.label, days_beside(formats, period), day_range(formats, period.start, period.end)]
    if figures.data_as_of:
        texts.append(data_moment(formats, figures.data_as_of))
    texts += [f"{one.word} {one.text}" for one in closing(figures, formats, attached=True)]
    laid_out = html_here(figures, None)
    texts += re.findall(r"<text[^>]*>(.*?)</text>", laid_out, re.S)  # what is drawn: ticks, and labels of bars
    texts += re.findall(r'<p class="(?:cut|hidden-columns)">(.*?)</p>', laid_out)
    texts += csv_names(laid_out)
    texts += [column.label for section in figures.sections for column in section.columns]
    texts += [kpi.column.label for section in figures.sections for kpi in section.kpis]
    for section in figures.sections:
        for row in section.rows:
            for column, value in zip(section.columns, row, strict=True):
                if isinstance(value, (str, date, datetime)):
                    texts.append(cell(formats, value, column))
    return texts


def csv_names(page: str) -> list[str]:
    """What the files are called that a page links to."""
    return re.findall(r'<a download="([^"]*)"', page)


@pytest.mark.parametrize(("name", "period"), [*((name, "2026-Q3") for name in REPORTS), ("forecast", "2026-Q4")])
def test_every_number_is_a_figure(name: str, period: str, tmp_path: Path) -> None:
    kind, language = REPORTS[name]
    (tmp_path / "reportspec.yaml").write_text(PROJECT.format(language=language), "utf-8")
    spec = tmp_path / f"{name}.yaml"
    goals = (
        "goals: {new_revenue_amount: 1500000, close_rate: 0.4, sales_cycle_days: 60}\n" if name == "pipeline" else ""
    )
    spec.write_text(f"version: 1\nreport: {kind}\nperiod: {period}\ncompare: previous_period\n{goals}", "utf-8")
    made = build(spec, Order(datetime.fromisoformat(NOW), {})).made
    assert made is not None
    [(_, figures)] = made.figures
    (tmp_path / "made.pdf").write_bytes(render_pdf(figures))
    done = subprocess.run(["pdftotext", "-layout", str(tmp_path / "made.pdf"), "-"], capture_output=True, check=True)
    text = done.stdout.decode()
    pages, known = text.count("\f"), known_in(figures)
    texts = {
        "pdf": text,
        "page": text_of(html_here(figures, None)),
        "mail": text_of(as_html(figures, "", [("made.pdf", 0)], [])),
        "plain": as_text(figures, "", [("made.pdf", 0)], []),
    }
    numbers = {form: list(printed(read, decimal_of(language), language == "fr")) for form, read in texts.items()}
    mailed = {*known, *of_mails(figures)}
    assert {form: untold(found, known if form in ("pdf", "page") else mailed, figures, pages)
            for form, found in numbers.items()} == {form: [] for form in texts}  # fmt: skip
    assert len(numbers["pdf"]) > 100 * pages  # a page has some hundred
    assert len(numbers["page"]) > 80 * pages  # without what stands at the foot of each
    assert min(len(numbers["mail"]), len(numbers["plain"])) > 5


def decimal_of(language: str) -> str:
    return "." if language == "en" else ","


def known_in(figures: Figures) -> set[tuple[Any, str]]:
    return set(values(figures))


def untold(numbers: list[Printed], known: set[tuple[Any, str]], figures: Figures, pages: int) -> list[str]:
    """The numbers that are no figure, nor stand in a name, a date or a sentence of an author."""
    texts, language = words(figures), figures.language
    named = {number for text in texts for number in re.findall(r"\d+", text)}
    named |= {str(number) for number in range(1, max(pages, len(figures.footnotes)) + 1)}
    amounts = {(one.value, one.unit) for text in texts for one in printed(text, decimal_of(language), language == "fr")}
    notes = " ".join(note for section in figures.sections for note in section.notes)  # their authors' own numbers
    # Percentages in footnotes are those of a metric's definition: what is counted for one are rows and amounts.
    notes += " ".join(note for note in figures.footnotes if "%" in note)
    notes = notes.replace("\u00a0", " ")
    return [
        one.text
        for one in numbers
        if not any(is_of(one, value, unit) for value, unit in known)
        and one.text.replace("\u00a0", " ") not in notes
        and not (not one.unit and set(re.findall(r"\d+", one.text)) <= named)
        and not (one.unit == "€" and (one.value, one.unit) in amounts)
    ]


def text_of(page: str) -> str:
    """The text of a page, without what is drawn, and the numbers of its footnotes apart."""
    page = re.sub(r"(?s)<(style|svg|title)\b.*?</\1>", " ", page.partition("<body")[2].partition(">")[2])
    return html.unescape(re.sub(r"<[^>]*>", "\n", page)).replace("\u2060", "")  # between a sign and a currency's


def of_mails(figures: Figures) -> Iterator[tuple[Any, str]]:
    """What a mail says besides: what the smaller parts of a change come to, and how many records it does not name."""
    for section in figures.sections:
        if section.in_mails:
            yield len(section.rows) - bool(section.others) + section.others - section.in_mails, ""
        if any(column.role == "group" for column in section.columns):
            of_lists: dict[Any, list[Any]] = {}
            for row in section.rows:
                of_lists.setdefault(row[0], []).append(Decimal(str(row[-1])))
            for parts in of_lists.values():
                largest = sorted(parts, key=abs, reverse=True)
                yield sum(largest[4:], Decimal(0)), unit_of(section.columns[-1])


def test_what_is_printed_is_read() -> None:
    found = [(one.value, one.places, one.unit) for one in printed("−€1,234 +3.3\u00a0pp 27.8% (55)", ".")]
    assert found == [
        (Decimal(-1234), 0, "€"),
        (Decimal("3.3"), 1, "points"),
        (Decimal("27.8"), 1, "%"),
        (Decimal(55), 0, ""),
    ]
    [one] = printed("1.234,5\u00a0%", ",")
    assert is_of(one, 12.345, "%")
    assert not is_of(one, -12.345, "%")
    assert not is_of(one, 1234.5, "€")
    assert not is_of(one, 12.344, "%")
