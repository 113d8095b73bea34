"""The page as HTML: what is written where, and that data is never anything but text."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import pairwise, product

import pytest
from fontTools.ttLib import TTFont

from reportspec.formats.markdown import as_markdown
from reportspec.formats.terminal import as_table
from reportspec.languages import languages, vocabulary
from reportspec.model.figures import Chart, Column, Highlight, Kpi, PeriodFigures, Remark, Section, Theme
from reportspec.render import RenderError, render_html
from reportspec.render.attachments import csv_files
from reportspec.render.charts.sparkline import sparkline
from reportspec.render.closing import Entry, in_columns, meanings, shortened
from reportspec.render.fonts import font_directory, text_width
from reportspec.render.locale import formats_for
from reportspec.render.page import MOST_TILES, page, tile_of, tile_rows, value_size
from reportspec.render.palette import palette_for
from reportspec.render.tables import table_view
from reportspec.render.templating import coded
from tests.render import reading, sample

T = sample.TEXTS["en"]
GERMAN = formats_for(replace(sample.figures("en", ()), language="de", locale="de_DE"))
PALETTE = palette_for("#0b5fff")


def html_of(*sections: Section, language: str = "en", **more: object) -> str:
    return render_html(sample.figures(language, sections, **more))


def cells_of(html: str) -> list[list[str]]:
    """The texts of each table row of the document, without markup."""
    rows = re.findall(r"<tr.*?</tr>", html, re.S)
    return [[re.sub(r"<.*?>", "", cell, flags=re.S) for cell in re.findall(r"<t[dh].*?</t[dh]>", row)] for row in rows]


def test_data_is_escaped_everywhere() -> None:
    html = render_html(sample.pipeline("en", 5))
    for name in ("<script>alert(1)", "</style><style>*", "<b>point</b>", "<script>alert(2)"):
        assert name not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{{7*7}}" in html
    assert html.count("<style>") == 1


def test_hostile_titles_filters_notes_and_definitions_are_text() -> None:
    bad = '"><script>x</script>'
    section = replace(sample.ages(T), title=bad, notes=(bad,))
    html = html_of(section, title=bad, filters=(bad,), source_label=bad, report_label=bad)
    assert "<script>" not in html
    assert 'content=""' not in html


def test_control_characters_are_shown_as_such() -> None:
    html = html_of(replace(sample.ages(T), title="a\x00b\x1bc\ufffed"))
    assert "a\ufffdb\ufffdc\ufffdd" in html
    assert "\x00" not in html


def test_an_empty_section_says_so_in_the_report_s_language() -> None:
    empty = Section("x", "breakdown", "X", (sample.metric("n", "N", "count"),))
    assert "No data for this period and these filters." in html_of(empty)
    assert "Nessun dato per questo periodo e questi filtri." in html_of(empty, language="it")


def test_footnotes_are_marked_on_labels_and_listed_in_their_section() -> None:
    html = html_of(Section("k", "kpis", "K", kpis=sample.kpis(T)))
    assert f'{T["rate"]}<span class="notes"><sup>1,</sup><sup>2</sup></span>' in html
    assert f'<span class="mark">1.</span> {T["caveat1"]} ' in html
    assert f'<span class="mark">2.</span> {T["caveat2"]} ' in html
    twice = html_of(*(Section(name, "kpis", name, kpis=sample.kpis(T)) for name in "kl"))
    assert (
        twice.count(f'{T["rate"]}<span class="notes"><sup>1,</sup><sup>2</sup></span>') == 2
    )  # marked everywhere, told once
    assert twice.count(T["caveat1"]) == 1
    assert 'class="footnotes"' not in html_of(sample.ages(T))


def test_a_comparison_is_a_change_and_the_line_above_names_its_period() -> None:
    html = html_of(sample.trend(T, "en"))
    assert cells_of(html)[0] == ["Month", "Won revenue1", "Δ", "Change", "Win rate", "Δ pp", "Change"]
    assert "Δ: change against Q2 2026" in html


def test_changes_of_percentages_are_points_and_others_are_percent() -> None:
    rows = cells_of(html_of(sample.trend(T, "en")))
    assert rows[1] == ["Oct 2025", "€71,000", "+€14,200", "+25.0%", "20.0%", "+1.0\u00a0pp", "+1.0\u00a0pp"]
    assert rows[12][0] == "Sep 2026 (in progress)"
    assert rows[13][0] == "Total"


def test_a_table_is_cut_after_500_rows_and_says_so() -> None:
    html = html_of(sample.stalled(T, 700, 700))
    assert "500 of 700 rows, all of them in the attached 01-stalled.csv." in html
    assert "#0500" in html
    assert "#0501" not in html


def test_rows_that_nobody_holds_are_told_without_promising_an_attachment() -> None:
    assert "The first 20 of 12,345 rows." in html_of(sample.stalled(T, 20, 12_345))
    both = html_of(sample.stalled(T, 600, 12_345))
    assert "500 of 12,345 rows; the attached 01-stalled.csv has 600." in both
    assert "rows" not in html_of(sample.stalled(T, 500, 500)).split("<h2>")[1]


def test_long_rows_of_a_coloured_chart_become_columns() -> None:
    rows = cells_of(html_of(sample.forecast(T, "en")))
    assert rows[0] == ["Month", "Closed", "Commit", "Best case", "Pipeline"]
    assert rows[1] == ["Apr 2026", "€90,000", "€75,000", "€60,000", "€45,000"]


def test_a_column_of_money_drops_its_cents_together() -> None:
    amount = sample.metric("a", "Amount", "currency")
    rows = (("x", 1000.4), ("y", 12.75), ("z", 0.4))
    section = Section("s", "records", "S", (Column("n", "N", "text"), amount), rows)
    texts = [row[1] for row in cells_of(html_of(section))[1:4]]
    assert texts == ["€1,000", "€13", "€0.40"]


def test_csv_guards_texts_and_leaves_numbers_alone() -> None:
    columns = (Column("n", "Name", "text"), sample.metric("v", "Value", "number"))
    names = ("=1+1", "+1", "-1", "@x", "\tx", "\rx", "plain", "a,b")
    section = Section("My Section!", "records", "S", columns, tuple((n, -5.5) for n in names))
    figures = sample.figures("en", (section,))
    file = csv_files(figures, formats_for(figures))["0"]
    assert file.name == "01-my-section.csv"
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"), newline="")))
    assert rows[0] == ["Name", "Value"]
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "\ufffdx", "plain", "a,b"]
    assert {row[1] for row in rows[1:]} == {"-5.5"}


def test_the_csv_of_a_cut_table_has_all_rows() -> None:
    figures = sample.figures("en", (sample.stalled(T, 700),))
    text = csv_files(figures, formats_for(figures))["0"].text
    assert len(text.strip().splitlines()) == 701


@pytest.mark.parametrize("count", range(30))
def test_tiles_stand_in_even_rows_without_a_gap(count: int) -> None:
    tiles = tuple(tile_of(Kpi(sample.metric(f"m{n}", "M", "count"), n), GERMAN, PALETTE, ("",)) for n in range(count))
    rows = tile_rows(tiles)
    assert tuple(tile for row in rows for tile in row) == tiles
    widths = [len(row) for row in rows]
    assert len(rows) == -(-count // MOST_TILES)
    assert not widths or max(widths) - min(widths) <= 1


@pytest.mark.parametrize("accent", ["red", "#12345", "#fff;}*{", "url(x)", ""])
def test_an_accent_that_is_no_colour_is_refused(accent: str) -> None:
    with pytest.raises(RenderError, match="accent"):
        html_of(theme=Theme(accent))


def test_a_pale_accent_is_darkened_for_text() -> None:
    assert palette_for("#ffff00").accent == "#ffff00"
    assert palette_for("#ffff00").accent_text != "#ffff00"
    assert palette_for("#036").accent_text == "#003366"


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<image href="http://example.com/x.png"/>',
        '<use href="#a"/>',
        '<rect onclick="x()"/>',
        '<rect fill="url(http://example.com/#x)"/>',
        '<g xlink:href="file:///etc/passwd"/>',
        "<style>@import 'x.css'</style>",
        "<foreignObject/>",
        "<a href='http://example.com'/>",
    ],
)
def test_an_svg_logo_that_does_more_than_draw_is_refused(inside: str) -> None:
    with pytest.raises(RenderError, match="logo"):
        html_of(theme=Theme(logo=SVG.format(inside).encode(), logo_type="image/svg+xml"))


@pytest.mark.parametrize(
    ("logo", "kind"),
    [
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", "image/svg+xml"),
        (b"<svg", "image/svg+xml"),
        (b"GIF89a", "image/gif"),
        (b"not a png", "image/png"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 1_000_001, "image/png"),
    ],
)
def test_other_unfit_logos_are_refused(logo: bytes, kind: str) -> None:
    with pytest.raises(RenderError, match="logo"):
        html_of(theme=Theme(logo=logo, logo_type=kind))


def test_a_plain_svg_logo_is_embedded() -> None:
    inside = '<defs><clipPath id="c"><path d="M0 0"/></clipPath></defs><g clip-path="url(#c)"/>'
    logo = SVG.format(inside).encode()
    html = html_of(theme=Theme(logo=logo, logo_type="image/svg+xml"))
    assert 'src="data:image/svg+xml;base64,' in html


def test_a_chart_has_a_title_for_those_who_cannot_see_it() -> None:
    svg = reading.chart(sample.ages(T)).svg
    assert svg[0].tag.endswith("}title")
    assert svg[0].text == "Chart of Deals: Age of open deals"


def test_chart_labels_are_real_texts_in_the_data_s_order() -> None:
    texts = reading.chart(sample.ages(T)).texts
    bins = ["0–29", "30–59", "60–89", "90–119", "120–179", "180+"]
    assert [text for text in texts if text in bins] == bins
    assert {"212", "164", "98"} <= set(texts)


def test_a_chart_of_many_categories_shows_the_largest_and_tells() -> None:
    html = html_of(sample.by_owner(T))
    assert "Chart: the 15 largest of 40." in html
    texts = reading.chart(sample.by_owner(T)).texts
    assert "<script>alert(1)</script>" in texts
    assert any(text.endswith("…") and text.startswith("Consolidated") for text in texts)


@cache
def glyph_widths() -> dict[int, float]:
    with TTFont(font_directory() / "OpenSans-Regular.ttf") as font:
        advances, units = font["hmtx"].metrics, font["head"].unitsPerEm
        return {code: advances[name][0] / units for code, name in font.getBestCmap().items()}


def drawn_width(text: str) -> float:
    """In pixels, at the 10 pixels that chart labels have."""
    return 10 * sum(glyph_widths()[ord(char)] for char in text)


@pytest.mark.parametrize("count", [1, 3, 300])
@pytest.mark.parametrize("kind", ["line", "bar", "hbar", "pareto", "histogram"])
def test_labels_stay_inside_and_apart(kind: str, count: int) -> None:
    columns = (
        Column("c", "C", "text", role="period" if kind in ("line", "bar") else "dimension"),
        sample.metric("n", "N", "count"),
    )
    rows = tuple((f"Category number {i}", (-1) ** i * (i + 1.0)) for i in range(count))
    section = Section("s", "breakdown", "S", columns, rows, chart=Chart(kind, "c", ("n",)))  # type: ignore[arg-type]
    chart = reading.chart(section)
    left, _ = chart.corner
    level: dict[str, list[tuple[float, float]]] = {}
    for node in chart.labels:
        width = drawn_width(node.text or "")
        x = float(node.get("x", "")) + left
        start = {"start": x, "middle": x - width / 2, "end": x - width}[node.get("text-anchor", "")]
        if node.get("transform") is None:
            assert start > -1
            assert start + width < 657
            level.setdefault(node.get("y", ""), []).append((start, start + width))
    for spans in level.values():
        assert all(a[1] < b[0] for a, b in pairwise(sorted(spans)))


def test_charts_without_any_value_are_left_out() -> None:
    section = sample.ages(T)
    nothing = replace(section, rows=tuple((row[0], None) for row in section.rows))
    assert 'class="marks"' not in html_of(nothing)


def test_a_chart_of_one_s_own_may_not_load_data() -> None:
    own = {"data": {"url": "http://example.com/x.csv"}, "mark": "bar"}
    loads = {"layer": [{"data": {"url": "http://example.com/x.csv"}, "mark": "bar"}]}
    section = sample.ages(T)
    assert section.chart is not None
    encoding = {"x": {"field": "age", "type": "nominal"}, "y": {"field": "deals"}}
    drawn = replace(section, chart=replace(section.chart, vega_lite={**own, "encoding": encoding}))
    assert "120–179" in html_of(drawn)
    with pytest.raises(RenderError, match="chart"):
        html_of(replace(section, chart=replace(section.chart, vega_lite=loads)))


def test_small_drawings() -> None:
    palette = palette_for("#0b5fff")
    assert sparkline((1.0,), palette, "x") == ""
    assert sparkline((None, None), palette, "x") == ""
    gap = sparkline((1.0, 2.0, None, 3.0, 3.0), palette, "<t>")
    assert re.findall(r' d="([^"]*)"', gap)[0].count("M") == 2  # two strokes around the gap
    assert "<title>&lt;t&gt;</title>" in gap


def test_names_in_texts_of_the_catalogue_are_set_as_names() -> None:
    assert coded("of type `upsell`, a<b") == 'of type <span class="code">upsell</span>, a&lt;b'


def test_the_method_tells_how_figures_were_computed() -> None:
    figures = sample.figures("en", (sample.ages(T),))
    laid_out = page(figures)
    assert "How these figures were computed" in laid_out.method
    assert "9f2c4b7a1e0d" in laid_out.method
    assert "sum(deal.amount) where deal.status = &#39;won&#39;" in laid_out.method
    assert "Deals 12,345 · Leads 18,204 · Users 40" in laid_out.method
    # On the page stands what readers ask: what the words mean, where it comes from, where the rest is.
    assert "9f2c4b7a1e0d" not in laid_out.html
    last = laid_out.html.partition('id="last-part"')[2]
    assert f"<b>{figures.definitions[1].label}</b> {figures.definitions[1].description}" in last
    assert "Rows read: Deals 12,345 · Leads 18,204 · Users 40." in last
    assert "method.html" in last
    full = page(replace(figures, theme=replace(figures.theme, appendix="full"))).html
    assert "9f2c4b7a1e0d" in full


@pytest.mark.parametrize("texts", [*product(("", "  ", "All.", "Median of: All."), repeat=3)])
def test_each_figure_has_its_entry_in_each_form_described_or_not(texts: tuple[str, ...]) -> None:
    """Whatever stands before it: one without a description, one with the same, one that ends alike."""
    made = sample.figures("en", (sample.ages(T),))
    more = [replace(made.definitions[0], metric=f"m{n}", label=f"Own{n}", description=d) for n, d in enumerate(texts)]
    figures = replace(made, definitions=(*more, made.definitions[1]))
    page_end = page(figures).html.partition('id="last-part"')[2]
    markdown_end = as_markdown(figures).partition(f"## {formats_for(figures).word('last_part')}")[2]
    for one in figures.definitions:
        meant = one.description.strip() or "sum(deal.amount)"
        assert meant in page_end.partition(f"<b>{one.label}</b> ")[2].partition("</p>")[0]
        assert meant in markdown_end.partition(f"**{one.label}** ")[2].partition("\n")[0]


def test_a_median_of_what_is_described_is_found_there() -> None:
    made = sample.figures("en", (sample.ages(T),))
    first = replace(made.definitions[0], description="Mean days.")
    median = replace(first, metric="m.median", label=f"{first.label} (median)", description="Median of: Mean days.")
    assert [entry.word for entry in meanings(replace(made, definitions=(first, median)))] == [first.label]


@pytest.mark.parametrize("count", range(12))
def test_entries_stand_in_columns_in_their_order(count: int) -> None:
    entries = tuple(Entry(f"Word {n}", "text " * (n % 4 + 1)) for n in range(count))
    columns = in_columns(entries)
    assert tuple(entry for column in columns for entry in column) == entries
    assert len(columns) == min(count, 3) if count != 3 else 2 <= len(columns) <= 3
    assert all(columns)


def test_a_meaning_is_its_first_sentences() -> None:
    more = "And more of it, " * 12
    assert shortened("Deals won. Open ones do not count.") == "Deals won. Open ones do not count."
    assert shortened(f"Deals won in the period. {more}.") == "Deals won in the period."
    assert shortened("Of 1.5 times as much.") == "Of 1.5 times as much."
    assert shortened(f"{more} all in one sentence.") == f"{more} all in one sentence."


def test_wide_tables_are_set_smaller_and_then_on_turned_pages() -> None:
    def table(columns: int) -> str:
        many = tuple(sample.metric(f"m{i}", f"Metric {i}", "currency") for i in range(columns))
        first = Column("c", "Name", "text", role="dimension")
        row = ("A name of usual length", *(1_234_567.0,) * columns)
        wide = Section("w", "records", "W", (first, *many), (row,) * 9)
        html = html_of(wide, sample.reasons(T))
        density = re.findall(r'<table class="([^"]*)"', html)[0].strip()
        return density + (" turned" if '<section class="records turned"' in html else "")

    assert table(6) == ""
    assert table(9) == "dense"
    assert table(11) == " turned"
    # Where most tables are wide, all pages lie: turned ones between others are half empty.
    wide = tuple(sample.metric(f"m{i}", f"Metric {i}", "currency") for i in range(13))
    lone = Section("w", "records", "W", wide, ((1_234_567.0,) * 13,) * 9)
    assert '<body class="landscape' in html_of(lone)


def test_bars_make_room_before_a_page_is_turned() -> None:
    def set_with(letters: int) -> tuple[bool, bool]:
        labels = ["W" * letters, *(f"Metric {i}" for i in range(9))]
        many = tuple(sample.metric(f"m{i}", label, "count") for i, label in enumerate(labels))
        first = Column("c", "Name", "text", role="dimension")
        rows = (("A name of usual length", *(10_000,) * len(many)),) * 9
        wide = Section("w", "breakdown", "W", (first, *many), rows, bars=True)
        html = html_of(wide, sample.reasons(T), sample.ages(T))
        table = html.partition("<table")[2].partition("</table>")[0]
        return 'class="bars"' in table, ' turned"' in html

    found = [set_with(letters) for letters in range(1, 50)]
    # First with bars, then without (a name has more lines before a page is turned), then on turned pages with bars again.
    kinds = list(dict.fromkeys(found))
    assert kinds[:3] == [(True, False), (False, False), (True, True)]
    assert found == sorted(found, key=kinds.index)


def test_a_long_name_of_the_period_before_is_no_heading_of_narrow_columns() -> None:
    weeks = PeriodFigures(date(2026, 9, 7), date(2026, 9, 14), "Week 37, 2026 (7–13 Sep)")
    html = html_of(sample.trend(T, "en"), compare=weeks)
    table = html.partition("<table")[2].partition("</table>")[0]
    assert table.count(">Δ") == 2
    assert "Week 37" not in table
    assert "change against Week 37, 2026 (7–13 Sep)" in html.partition("<table")[0]


def test_dates_in_cells_are_written_out() -> None:
    columns = (Column("d", "Day", "date"), sample.metric("n", "N", "count"))
    section = Section("s", "records", "S", columns, ((date(2026, 9, 3), 1),))
    assert cells_of(html_of(section, language="it"))[1] == ["3 set 2026", "1"]


def test_a_chart_says_what_it_measures_unless_its_heading_does() -> None:
    columns = (Column("c", "Family", "text", role="dimension"), sample.metric("m", "Revenue", "count"))
    chart = Chart("hbar", "c", ("m",))
    section = Section("s", "breakdown", "Margin", columns, (("a", 3), ("b", 2)), chart=chart)
    assert "<strong>Revenue</strong>" in html_of(section)
    assert "<strong>Revenue</strong>" not in html_of(replace(section, title="Total revenue by family"))


def test_what_follows_figures_is_as_wide_as_it_must_be() -> None:
    """Its padding is wider, which must not be taken from a date."""
    names = tuple(Column(f"t{i}", "Text of some length", "text") for i in range(3))
    columns = (*names, sample.metric("n", "Purchases", "count"), Column("d", "Last", "date"))
    row = (*("Words that may stand in several lines",) * 3, 2, date(2026, 12, 25))
    section = Section("s", "records", "S", columns, (row,))
    view = table_view(section, GERMAN, None)
    assert view is not None
    size = 6.9 if view.css == "dense" else 7.8
    paper = 760 if view.landscape else 514
    last = view.headings[-1].width / 100 * paper
    assert last - 11 >= text_width(view.rows[0][-1].text) * size


def test_where_columns_do_not_fit_lines_are_broken_before_words() -> None:
    texts = tuple(Column(f"t{i}", "T", "text") for i in range(6))
    numbers = tuple(sample.metric(f"n{i}", "N", "count") for i in range(9))
    row = (*("many short words in here",) * 5, "Verlängerung", *(10**9,) * 9)
    section = Section("s", "records", "S", (*texts, *numbers), (row,))
    view = table_view(section, formats_for(sample.figures("en", ())), None)
    assert view is not None
    assert view.landscape
    assert view.headings[5].width / 100 * 760 - 4.8 >= text_width("Verlängerung") * 6.9


@pytest.mark.parametrize(("columns", "value"), [(4, 1_864_742.45), (3, 1_864_742.45), (4, 12.0), (4, 10.0**13)])
def test_the_figure_of_a_tile_fits_into_it(columns: int, value: float) -> None:
    kpi = Kpi(sample.metric("a", "Amount", "currency"), value)
    formats = replace(GERMAN, cents="always")
    tile = tile_of(kpi, formats, palette_for("#0b5fff"), ("",))
    ems, size = value_size((tile,), columns)
    assert ems >= text_width(tile.value)
    millimetres = ems * size / 72 * 25.4
    inside = 182 / columns - 2.0 - 2.4
    assert millimetres <= inside + 0.3
    assert size == 16 or millimetres > inside - 1


def test_highlights_judge_goals_as_tiles_do() -> None:
    one = Highlight("nothing", "m", "M", (), {"en": "{label}"})
    html = html_of(
        Section("s", "highlights", "S", highlights=(replace(one, kind="goal_at_risk", good=False),), shape="sentences")
    )
    assert '<li class="warn">' in html


def test_footnotes_are_numbered_as_they_are_met() -> None:
    """Those of data that no page shows leave no gap; one that is pointed at again keeps its number."""
    won, rate = sample.metric("won", "Won", "currency", footnotes=(3,)), sample.metric("rate", "Rate", "percent")
    name, hidden = Column("owner", "Owner", "text", role="dimension"), replace(rate, in_data=True, footnotes=(1,))
    one = Section("a", "breakdown", "One", (name, won, hidden), (("Ada", 5000.0, 0.5), ("Bo", 6000.0, 0.5)))
    other = replace(one, id="b", title="Two", columns=(name, replace(won, footnotes=(2, 3)), hidden))
    below = replace(other, id="c", title="Three", columns=(name, replace(won, footnotes=()), hidden), footnotes=(4,))
    texts = ("Nowhere.", "Second met.", "First met.", "Third met.")
    html = render_html(sample.figures("en", (one, other, below), footnotes=texts))
    printed = re.findall(r'class="mark">(\d+)\.</span> ([^<]*?\.)', html)
    assert printed == [("1", "First met."), ("2", "Second met."), ("3", "Third met.")]
    heads = re.findall(r"<th[^>]*>Won(.*?)</th>", html)
    assert [re.findall(r"\d", re.sub(r"<[^>]*>", "", head)) for head in heads] == [["1"], ["1", "2"], []]


@pytest.mark.parametrize(
    ("parts", "total", "told"),
    [
        ((1000.4, 1000.4, 1000.4), 3001.2, True),  # 1,000 three times, and 3,001
        ((1000.4, 1000.2), 2000.6, True),
        ((1000.4, 1000.7), 2001.1, False),
        ((1000.0, 2000.0), 1500.4, False),  # a mean is no sum
        ((1.25, 2.5), 3.75, False),  # with cents
    ],
)
def test_it_is_said_where_printed_parts_are_not_the_printed_total(
    parts: tuple[float, ...], total: float, told: bool
) -> None:
    columns = (Column("owner", "Owner", "text", role="dimension"), sample.metric("won", "Won", "currency"))
    rows = tuple((f"n{at}", part) for at, part in enumerate(parts))
    table = Section("a", "breakdown", "One", columns, rows, (None, total), len(rows))
    page_text = render_html(sample.figures("en", (table,), row_counts=(("Deals", 3),)))
    assert ("rounded: parts may differ" in page_text) == told


def test_footnotes_stand_on_the_last_page_where_there_is_one() -> None:
    """And what is said of several figures is said once."""
    won, lost = sample.metric("won", "Won", "currency", footnotes=(1,)), sample.metric("lost", "Lost", "currency")
    name = Column("owner", "Owner", "text", role="dimension")
    one = Section("a", "breakdown", "One", (name, won), (("Ada", 5000.0), ("Bo", 6000.0)))
    two = replace(one, id="b", title="Two", columns=(name, replace(lost, footnotes=(2, 3))))
    texts = ("Won: 2 deals left out.", "Lost: 2 deals left out.", "Lost deals are few.")
    told = sample.figures("en", (one, two), footnotes=texts)
    plain = replace(told, theme=replace(told.theme, appendix="off"))
    for figures, place in ((plain, 0), (told, 1)):
        html = render_html(figures)
        assert re.findall(r'class="mark">(\d+)\.</span> ([^<]*?\.)', html) == [
            ("1", "Won, Lost: 2 deals left out."),
            ("2", "Lost deals are few."),
        ]
        last = html.find('class="closing"')
        assert (last > 0) == bool(place)
        assert html.count('class="footnotes"') == 2 - place
        assert not place or html.find('class="footnotes"') > last
        heads = re.findall(r"<th[^>]*>(?:Won|Lost)(.*?)</th>", html)
        assert [re.findall(r"\d", re.sub(r"<[^>]*>", "", head)) for head in heads] == [["1"], ["1", "2"]]


def test_footnotes_of_one_kind_are_one_that_keeps_each_number() -> None:
    """Two numbers of one figure are not told together: the other is of a section with other rows, where it stands."""
    of = [
        ("Won: 2 deals without an amount left out.", Remark("left_out", "Won", "2 deals without an amount", "missing")),
        ("Lost: 2 deals without an amount left out.", Remark("left_out", "Lost", "2 deals without an amount", "missing")),
        ("Won: 1 deal without “Stage” left out.", Remark("left_out", "Won", "1 deal without “Stage”", "incomplete")),
        ("Read with care.", None),
        ("Won: 7 deals without an amount left out.", Remark("left_out", "Won", "7 deals without an amount", "missing")),
    ]  # fmt: skip
    name = Column("owner", "Owner", "text", role="dimension")
    won, lost = sample.metric("won", "Won", "currency"), sample.metric("lost", "Lost", "currency")
    columns = (name, replace(won, footnotes=(1, 3)), replace(lost, footnotes=(2, 4)))
    one = Section("a", "breakdown", "One", columns, (("Ada", 5000.0, 1.0), ("Bo", 6000.0, 2.0)))
    two = replace(one, id="b", columns=(name, replace(won, footnotes=(5,)), lost))
    told = sample.figures("en", (one, two), footnotes=tuple(text for text, _ in of))
    html = render_html(replace(told, remarks={text: remark for text, remark in of if remark is not None}))
    assert re.findall(r'class="mark">(\d+)\.</span> (.*?) (?=<)', html) == [
        ("1", "Left out: Won, Lost: 2 deals without an amount; Won: 1 deal without “Stage”."),
        ("2", "Read with care."),
        ("3", "Won: 7 deals without an amount left out."),
    ]
    heads = re.findall(r"<th[^>]*>(?:Won|Lost)(.*?)</th>", html)
    assert [re.findall(r"\d", re.sub(r"<[^>]*>", "", head)) for head in heads] == [["1"], ["1", "2"], ["3"], []]


@pytest.mark.parametrize("language", languages())
def test_what_is_told_together_has_its_words_in_every_language(language: str) -> None:
    kinds = [kind for kind in vocabulary(language)["report"]["together"] if kind != "part"]
    texts = {kind: Remark(kind, "Won", f"{kind} 1") for kind in kinds}
    notes = {
        f"{kind} {at}": replace(one, what=f"{kind} {at}", of=f"{at}") for kind, one in texts.items() for at in (1, 2)
    }
    won = sample.metric("won", "Won", "currency", footnotes=tuple(range(1, len(notes) + 1)))
    name = Column("owner", "Owner", "text", role="dimension")
    section = Section("a", "breakdown", "One", (name, won), (("Ada", 5000.0), ("Bo", 6000.0)))
    figures = sample.figures("en", (section,), footnotes=tuple(notes))
    html = render_html(replace(figures, language=language, remarks=notes))
    found = re.findall(r'class="mark">\d+\.</span> (.*?) (?=<)', html)
    assert len(found) == len(texts) > 2
    for text, kind in zip(found, texts, strict=True):
        assert all(f"{kind} {at}" in text for at in (1, 2))
        assert text.replace("Won", "").replace(kind, "").strip(" :;.12") != ""
        assert not re.search(r"[{}]", text)


def test_markdown_and_the_terminal_tell_footnotes_of_one_kind_once() -> None:
    missing = Remark("left_out", "Won", "2 deals without an amount", "missing")
    remarks = {"A": missing, "B": replace(missing, subject="Lost")}
    name = Column("owner", "Owner", "text", role="dimension")
    won = sample.metric("won", "Won", "currency", footnotes=(1, 3))
    lost = sample.metric("lost", "Lost", "currency", footnotes=(2,))
    one = Section("a", "breakdown", "One", (name, won, lost), (("Ada", 5000.0, 1.0), ("Bo", 6000.0, 2.0)))
    two = replace(one, id="b", title="Two", columns=(name, lost, won))
    figures = replace(sample.figures("en", (one, two), footnotes=("A", "B", "Read with care.")), remarks=remarks)
    together = "Left out: Won, Lost: 2 deals without an amount."
    assert re.findall(r"^<sup>([\d,]+)</sup> (.*?) *$", as_markdown(figures), re.M) == [
        ("1", together),
        ("2", "Read with care."),
    ]
    assert re.findall(r"\| Won<sup>([\d,]+)</sup> \| Lost<sup>([\d,]+)</sup>", as_markdown(figures)) == [("1,2", "1")]
    assert as_table(figures).splitlines()[-2:] == [f"(1) {together}", "(2) Read with care."]


def test_the_sign_of_an_amount_is_not_parted_from_its_currency() -> None:
    """Within a text, where lines break; a figure by itself stands in its cell as it can be copied."""
    note = "It rose by +€5 and fell by −€6, from €7 to -£8; 5 €, +5 %."
    section = Section("t", "text", "", notes=(note,), shape="text")
    html = render_html(sample.figures("en", (section,)))
    assert "+\u2060€5 and fell by −\u2060€6, from €7 to -\u2060£8; 5 €, +5" in html.replace("\u00a0", " ")
    assert html.count("\u2060") == 3
