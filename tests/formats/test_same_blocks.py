"""Each form says the same of each section: its heading, its sentences and notes, its totals, those of groups, and by how much
the first figure of each row changed, reckoned here from the figures of both periods. By day some reports, each in a language
of its own.

Slow: builds a report for each case."""

from __future__ import annotations

import html
import io
import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from pathlib import Path

import openpyxl
import pytest

from reportspec.building import Order, build
from reportspec.formats.html import html_here
from reportspec.formats.markdown import as_markdown
from reportspec.formats.terminal import as_table
from reportspec.formats.xlsx import as_workbook
from reportspec.languages import languages, vocabulary
from reportspec.model.figures import Cell, Column, Figures, Section
from reportspec.render import render_html
from reportspec.render.headlines import heading, lead, section_heading
from reportspec.render.locale import formats_for, is_number
from reportspec.render.sentences import sentences
from tests.pictures.test_numbers_on_pages import decimal_of, printed
from tests.pictures.test_pictures import NOW, PROJECT, REPORTS

pytestmark = pytest.mark.slow
BY_DAY = {("pipeline", "de"), ("lost_deals", "fr"), ("profitability", "es"), ("leads", "en")}
DRAWN = ("heatmap", "ranges")  # whose figures pages have in a drawing
SHOWN = 300  # letters of a long text that the terminal shows


@pytest.mark.by_day(case=BY_DAY)
@pytest.mark.parametrize("case", list(product(REPORTS, languages())), ids="-".join)
def test_each_block_is_the_same_in_each_form(case: tuple[str, str], tmp_path: Path) -> None:
    name, language = case
    (tmp_path / "reportspec.yaml").write_text(PROJECT.format(language=language), "utf-8")
    spec = f"version: 1\nreport: {REPORTS[name][0]}\nperiod: 2026-Q3\ncompare: previous_period\n"
    (tmp_path / f"{name}.yaml").write_text(spec, "utf-8")
    made = build(tmp_path / f"{name}.yaml", Order(datetime.fromisoformat(NOW), {})).made
    assert made is not None
    assert not_said(made.figures[0][1]) == []


def not_said(figures: Figures) -> list[str]:
    """What a form leaves out of what the figures have."""
    formats = formats_for(figures)
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(figures)))
    cells = {sheet.title: [value for row in sheet.values for value in row] for sheet in book}
    cover, *sheets = cells.values()
    texts = blocks(figures)
    found = []
    for form, text in {
        **{form: " ".join(parts.values()) for form, parts in texts.items()},
        "xlsx": said(cover),
    }.items():
        found += [f"{form}: {one}" for one in (heading(figures, formats), lead(figures, formats)) if lacks(text, one)]
    tables = [section for section in figures.sections if section.rows and section.columns and section.shape == "table"]
    for section in figures.sections:
        if section.shape == "opening":
            continue
        told = [*section_heading(figures, section, formats), *section.notes]
        if not section.kpis:  # what tiles say already is not said again
            told += sentences(figures, section, formats)
        held = {
            form: parts[section.id] for form, parts in texts.items() if section.shape != "text" or form != "terminal"
        }
        if told[0] == vocabulary(figures.language)["titles"]["headline"]:  # below the report's title it says nothing
            held = {form: text for form, text in held.items() if form not in ("pdf", "page")}
        if section in tables:
            held["xlsx"] = said(sheets[tables.index(section)])
        found += [f"{form} {section.id}: {one}" for form, text in held.items() for one in told if lacks(text, one)]
        if section not in tables:
            continue
        numbers = [cell for cell in sheets[tables.index(section)] if is_number(cell)]
        for column, value in figures_of(section):
            scaled = value * 100 if column.unit == "percent" and column.role == "difference" else value
            if not any(abs(float(scaled) - number) <= 1e-9 * max(1.0, abs(float(scaled))) for number in numbers):
                found.append(f"xlsx {section.id} {column.name}: {scaled}")
        for form, text in held.items():
            if form == "xlsx" or (form != "terminal" and section.chart is not None and section.chart.kind in DRAWN):
                continue
            read = list(printed(text, decimal_of(figures.language), figures.language == "fr"))
            for column, value in figures_of(section):
                scaled = value * 100 if column.unit == "percent" else value
                rounded = {one.value for one in read if one.value == scaled.quantize(
                    Decimal(1).scaleb(-one.places), ROUND_HALF_UP
                )}  # fmt: skip
                if not rounded:
                    found.append(f"{form} {section.id} {column.name}: {scaled}")
    return found


def lacks(text: str, said_of_it: str) -> bool:
    return squeezed(said_of_it)[:SHOWN] not in squeezed(text)


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u2060]+", "", text)


def said(cells: list[object]) -> str:
    return " ".join(cell for cell in cells if isinstance(cell, str))


def blocks(figures: Figures) -> dict[str, dict[str, str]]:
    """The text of each section in each form, and what stands above all of them."""
    shown = [section for section in figures.sections if section.shape != "opening"]
    listed = [section for section in shown if section.shape != "text"]
    plain = re.sub(r"\\(?=\W)|<!-- -->|<sup>.*?</sup>|\*\*", "", as_markdown(figures))
    return {
        "pdf": in_parts(text_parts(render_html(figures)), shown),
        "page": in_parts(text_parts(html_here(figures, None)), shown),
        "md": in_parts(html.unescape(plain).split("\n## "), shown),
        "terminal": in_parts(as_table(figures).split("\n\n"), listed),
    }


def in_parts(parts: list[str], sections: list[Section]) -> dict[str, str]:
    assert len(parts) > len(sections)
    return {"": parts[0], **{section.id: part for section, part in zip(sections, parts[1:], strict=False)}}


def text_parts(page: str) -> list[str]:
    """The text before the first section, and that of each."""
    body = re.sub(r"(?s)<(style|svg|sup)\b.*?</\1>", "", page.partition("<body")[2].partition(">")[2])
    return [html.unescape(re.sub("<[^>]*>", "\n", part)) for part in re.split(r"<section\b[^>]*>", body)]


def figures_of(section: Section) -> list[tuple[Column, Decimal]]:
    """The totals and what groups come to of all figures, and of the first figure by how much each row has changed."""
    names = [column.name for column in section.columns]
    sums = [row for row in (section.total, *(row for _, row in section.subtotals)) if row is not None]
    found = []
    for place, column in enumerate(section.columns):
        if column.role != "metric" or column.in_data or column.unit in ("seconds", "minutes"):
            continue
        found += [(column, number) for row in sums for number in numbers(row[place])]
        before = f"{column.name}__previous"
        if before in names and not any(one.role == "metric" for one in section.columns[:place]):
            for row in (*section.rows, *sums):
                for now, then in product(numbers(row[place]), numbers(row[names.index(before)])):
                    found.append((Column("change", "", "number", column.unit, role="difference"), now - then))
    return found


def numbers(value: Cell) -> list[Decimal]:
    return [Decimal(str(value))] if is_number(value) else []
