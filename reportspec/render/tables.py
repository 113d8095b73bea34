"""A section's table as text: headings, widths, alignment, the cut, and the bars inside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reportspec.languages import word as word_of
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Cell, Column, Section
from reportspec.render.attachments import CsvFile
from reportspec.render.beside import (
    Bar,
    Beside,
    Swing,
    all_dead,
    beside,
    figure_of,
    is_change,
    with_changes,
    with_shares,
    without_dead,
    without_few,
    without_idle,
    without_unknown,
)
from reportspec.render.figure_marks import TOTAL, Mark, is_figure, subtotal
from reportspec.render.fonts import SEMI_BOLD, all_seen, text_width
from reportspec.render.locale import (
    Formats,
    attainment,
    cell,
    is_number,
    money_decimals,
    name_of,
    number,
    tendency,
    told_apart,
    with_unit,
)
from reportspec.render.readable import readable

MOST_ROWS = 500  # that are printed where nothing else is asked for; the attachment has them all
MOST_OF_ALL = 20_000  # where all are asked for: 480 pages
LONG = 300  # rows from which on it pays to set those of full pages apart

# Points: the text column of an A4 page upright and turned, the type's two sizes, a cell's padding.
_UPRIGHT, _TURNED = 514.0, 760.0
_SIZE, _DENSE = 7.8, 6.9
_PADDING = {"": 6.0, "dense": 4.8}
_CLEAR = 8.0  # more, where text follows figures
_BAR, _SWING = (9.0, 15.0), (5.0, 9.0)  # ems that bars have at least, and that they are wished

# From the most readable to the most roomy: width, type size, class, whether the page is turned, and
# whether there is room for bars of the figures, and for those of their changes.
_SETTINGS = (
    (_UPRIGHT, _SIZE, "", False, True, True),
    (_UPRIGHT, _SIZE, "", False, True, False),
    (_UPRIGHT, _DENSE, "dense", False, True, True),
    (_UPRIGHT, _DENSE, "dense", False, True, False),
    (_UPRIGHT, _DENSE, "dense", False, False, False),
    (_TURNED, _SIZE, "", True, True, True),
    (_TURNED, _DENSE, "dense", True, True, True),
    (_TURNED, _DENSE, "dense", True, False, False),
)
_Setting = tuple[float, float, str, bool, bool, bool]
# Of two comparisons the bars of changes tell which is which: small type has them before large type goes without.
_SETTINGS_OF_TWO: tuple[_Setting, ...] = (
    (_UPRIGHT, _SIZE, "", False, True, True),
    (_UPRIGHT, _DENSE, "dense", False, True, True),
    *_SETTINGS[1:2],
    *_SETTINGS[3:],
)
_BARS_OF_TWO = (7.0, 15.0), (3.6, 8.0)
_NO_BARS: _Setting = (_UPRIGHT, _DENSE, "dense", False, False, False)
_HEAD = 1.02  # of the width of a heading's word, which is set no larger than the table: what rounding may add
_NARROW = 8.0  # ems of a text that has more lines
MARK = "!"  # of a value beyond a bound
_HALF = 247.0  # points, of a table beside another
_HALF_BARS = (5.0, 9.0), (4.0, 7.0)
# What does not fit is set over the whole width.
_HALVES = (
    (_HALF, _SIZE, "", False, True, True),
    (_HALF, _SIZE, "", False, True, False),
    (_HALF, _DENSE, "dense", False, True, False),
    (_HALF, _DENSE, "dense", False, False, False),
    (_UPRIGHT, _DENSE, "dense", True, False, False),
)
_CHANGED = 4  # metrics of a table that have their changes beside them
CHANGE = "Δ"
NOTHING = "–"  # where nothing is known


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading; `css` gives its alignment and weight, `width` is in percent."""

    label: str
    css: str
    width: float
    footnotes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TableCell:
    """One cell, with the bar beside its number if it has one, the mark of a figure where figures have marks, the `name`
    that it has where it stands under no heading, and what is `said` below it."""

    text: str
    css: str
    bar: Bar | Swing | None = None
    mark: str = ""
    name: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class TableView:
    """A table ready for the template. `css` says how dense it is set; `bar` and `swing` are how wide the bars of
    figures and of changes may be, in percent of their cells, 0 where there are none; `compared` whether it has changes,
    `aimed` whether bars have goals, as `bullets` each row its own at the same place. `ems` is the width, in ems, below
    which no table on a screen may be set, or figures lie on each other; 0 where it is not known."""

    css: str
    landscape: bool
    headings: tuple[Heading, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    total: tuple[TableCell, ...] | None
    caption: str
    subtotals: frozenset[int] = frozenset()  # the places of those among the rows
    bar: float = 0.0
    swing: float = 0.0
    compared: bool = False
    aimed: bool = False
    bullets: bool = False
    ems: float = 0.0
    few: bool = False  # whether some of its figures are grey, since they rest on very few cases

    @property
    def marks(self) -> tuple[bool, ...]:
        """Which marks it has: bars, changes, goals, grey figures. Empty where it has none."""
        marks = (bool(self.bar), self.compared, self.aimed, self.bullets, self.few)
        return marks if any(marks) else ()

    @property
    def long(self) -> bool:
        """Whether it has so many rows, all of them plain, that those of its full pages are set by `long_tables`."""
        if len(self.rows) < LONG or self.subtotals:
            return False
        if any(cell.bar or not cell.text.strip() for row in self.rows for cell in row):
            return False
        return all_seen(self.letters())

    def letters(self) -> set[str]:
        """The letters of its rows."""
        return set().union(*(cell.text for row in self.rows for cell in row))


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a long table is laid out with the page: the rows `before` and those from `tail` on. Between them
    stand so many `pages`, which are full of the others."""

    before: tuple[tuple[TableCell, ...], ...]
    pages: int = 0
    tail: int = 0


def table_view(
    section: Section,
    formats: Formats,
    attachment: CsvFile | None,
    lying: bool = False,
    *,
    half: bool = False,
    figures_marked: bool = False,
) -> TableView | None:
    """The section's table, or None where it has no columns or rows. All pages are `lying`, or only
    those of tables that need it: changes are left out before a page is turned, of further figures first. One of
    `half` the width needs a page that lies where it has no room beside another."""
    if not section.columns or not section.rows:
        return None
    section = readable(section)
    if half and section.in_mails:
        return _in_two_lines(section, formats, attachment, lying, figures_marked)
    first, *others = _from_all_to_least(section)
    view = _view(first, formats, attachment, lying, half, figures_marked)
    two = any(column.role == "second" for column in section.columns)

    def room(of: TableView) -> tuple[bool, bool, float, bool]:
        """How good a table is to read: upright, in half the width with what changes are of what was, with bars, of two
        comparisons also with bars of the changes."""
        shares = half and any(heading.label == f"{CHANGE} %" for heading in of.headings)
        return not of.landscape, shares, of.bar and (1.0 if two else of.bar), two and not half and bool(of.swing)

    for less in others:
        drawn = not section.bars or (bool(view.bar) and (not two or half or bool(view.swing)))
        if not view.compared or (drawn and not view.landscape):
            break
        fewer = _view(less, formats, attachment, lying, half, figures_marked)
        view = fewer if room(fewer) > room(view) else view
    if view.compared and view.landscape:
        none = _view(_without_further_changes(section, ()), formats, attachment, lying, half, figures_marked)
        view = none if room(none) > room(view) else view
    return view


def _in_two_lines(
    section: Section, formats: Formats, attachment: CsvFile | None, lying: bool, figures_marked: bool
) -> TableView:
    """A list of records beside another section: their names and amounts, and below each name what else there is."""
    last = len(section.columns) - 1
    between = list(enumerate(section.columns))[1:last]
    view = _view(section.with_columns((0, last)), formats, attachment, lying, True, figures_marked)
    rows = tuple(
        (replace(cells[0], said=" · ".join(cell(formats, row[at], of) for at, of in between if row[at])), *cells[1:])
        for cells, row in zip(view.rows, section.rows, strict=False)
    )
    return replace(_names_first(view), rows=rows)


def _names_first(view: TableView) -> TableView:
    """A list of names and amounts, of which names have all room that amounts leave: what is said below a name is longer
    than it."""
    name, amount = view.headings
    longest = max(text_width(row[-1].text) for row in (*view.rows, *([view.total] if view.total else [])))
    heading = text_width(amount.label) + 0.8 * len(amount.footnotes)
    size, padding = (_DENSE, _PADDING["dense"]) if "dense" in view.css else (_SIZE, _PADDING[""])
    ems = max(longest * SEMI_BOLD, heading) + 0.5
    needed = ems * size + padding
    if needed >= _HALF / 2:
        return view
    share = round(needed / _HALF * 100, 2)
    headings = replace(name, width=round(100 - share, 2)), replace(amount, width=share)
    return replace(view, headings=headings, ems=round((ems + _SCREEN_PADDING) / share * 100, 1))


def _from_all_to_least(section: Section) -> list[Section]:
    """The section with all of its changes, then with fewer and fewer; of more metrics than can be read with theirs only
    those of the first. Of two comparisons first without the percentages
    of further metrics, then without what further metrics were, then without any percentages."""
    metrics = [column.name for column in section.columns if column.role == "metric"]
    fewer = _without_further_changes(section, metrics[:1])
    if not any(column.role == "second" for column in section.columns):
        return [fewer] if len(metrics) > _CHANGED else [section, fewer]
    return [with_shares(section, metrics), with_shares(section, metrics[:1]), with_shares(fewer, metrics[:1]), fewer]


def _without_further_changes(section: Section, first: Sequence[str]) -> Section:
    """The section without what all metrics but the `first` were in other periods."""
    kept = [
        place
        for place, column in enumerate(section.columns)
        if column.role not in ("previous", "second") or figure_of(column) in first
    ]

    return section.with_columns(kept)


def _view(
    section: Section, formats: Formats, attachment: CsvFile | None, lying: bool, half: bool, figures_marked: bool
) -> TableView:
    computed = section
    wide = pivoted(computed, formats)
    places = _places_before(computed) if figures_marked and wide is not computed else {}
    section, dead = without_dead(wide)
    section, idle, kept = without_idle(section)
    section = without_unknown(without_few(section))
    drawn = beside(section, printed_rows(section))
    section = with_changes(section)
    shown = section.rows[: printed_rows(section)]
    decimals = _decimals(section, formats)
    after = [_after_number(section, place) for place in range(len(section.columns))]

    def mark_of(row: tuple[Cell, ...], at: str, column: Column, value: Cell) -> str:
        if not figures_marked or not is_figure(column) or value is None:
            return ""
        return places.get((row[0], column.name), Mark(section.id, at, column.name)).text

    def line(row: tuple[Cell, ...], label: str | None, at: str) -> tuple[TableCell, ...]:
        cells, goal_texts = [], _of_goal(section, row, decimals, formats)
        for place, (value, column) in enumerate(zip(row, section.columns, strict=True)):
            if column.role == "period" and label is not None:
                text = label
            elif (column.role == "difference" and value is None) or value == "":
                text = NOTHING
            elif column.role == "change" and value is None:
                text = NOTHING
            elif place in goal_texts:
                text = goal_texts[place]
            elif value is None and column.role == "dimension" and label != "":
                rest = place > 0 and section.others and row is section.rows[-1]
                text = "" if rest else name_of(formats, value, column)
            elif value is None:
                text = NOTHING
            else:
                text = cell(formats, value, column, decimals=decimals[place])
            cells.append(TableCell(text, _cell_css(value, column) + after[place], mark=mark_of(row, at, column, value)))
        return tuple(cells)

    def faint(cells: tuple[TableCell, ...], few: frozenset[str]) -> tuple[TableCell, ...]:
        """The cells of a row, grey where they rest on very few cases."""
        return tuple(
            replace(one, css=f"{one.css} aside".strip()) if column.role == "metric" and column.metric in few else one
            for one, column in zip(cells, section.columns, strict=True)
        )

    def marked(row: tuple[Cell, ...], cells: tuple[TableCell, ...], index: int) -> tuple[TableCell, ...]:
        """The cells of a row, of which those beyond a bound have a sign."""
        if section.others and index == len(section.rows) - 1:
            return cells
        return tuple(
            replace(one, text=f"{MARK} {beyond(formats, column, value, places)}", css=f"{one.css} marked".strip())
            if column.marks(value, cut=index in section.cut_rows)
            else one
            for one, value, column, places in zip(cells, row, section.columns, decimals, strict=True)
        )

    few = section.few or (frozenset[str](),) * len(section.rows)
    rows = tuple(
        _with_bars(
            faint(marked(row, line(row, _row_label(section, index, formats), str(kept[index])), index), few[index]),
            drawn,
            index,
        )
        for index, row in enumerate(shown)
    )
    rows = _grouped(section, rows)
    rows = tuple(_greyed(row) if section.bars and _is_rest(section, at) else row for at, row in enumerate(rows))
    if section.others and section.columns[0].role == "field":
        rows = (*rows[:-1], _greyed(_unnamed(section.rows[-1], rows[-1])))
    rows, subtotals = _with_subtotals(section, formats, rows, lambda row, at: line(row, "", subtotal(at)))
    total = (
        _total(section, formats, faint(line(section.total, "", TOTAL), section.few_in_all)) if section.total else None
    )
    headings = [
        (label, css + after[place])
        for place, column in enumerate(section.columns)
        for label, css in [_heading(section, column, formats)]
    ]
    set_so = _layout(section, headings, rows, total, drawn, lying, half)
    rows = tuple(tuple(_held_bar(cell, set_so) for cell in row) for row in rows)
    for place, _ in drawn.swings if set_so.swing else ():  # so that all changes stand one below the other
        rows = tuple(_with_room(row, place) for row in rows)
        total = _with_room(total, place) if total else None
    widths = set_so.widths
    return TableView(
        set_so.css,
        set_so.turned and (half or not lying),
        tuple(
            Heading(label, style, width, column.footnotes)
            for (label, style), width, column in zip(headings, widths, section.columns, strict=True)
        ),
        rows,
        total,
        " ".join(
            text
            for text in (
                *_told_of(dead, formats),
                _told_idle(section, idle, formats),
                _caption(section, formats, attachment),
            )
            if text
        ),
        subtotals,
        set_so.bar,
        set_so.swing,
        any(map(is_change, section.columns)),
        bool(set_so.bar) and any(bar is not None and bar.aim is not None for bar in drawn.bars),
        bool(set_so.bar) and drawn.bullets,
        set_so.ems,
        bool(section.few_in_all.union(*section.few) & {column.metric for column in section.columns}),
    )


def beyond(formats: Formats, column: Column, value: Cell, decimals: int | None) -> str:
    """A value beyond a bound of its column, with the digits that tell it from that."""
    low = column.below is not None and is_number(value) and value < column.below
    return told_apart(formats, column, value, column.below if low else column.above, decimals)[0]


def _with_bars(cells: tuple[TableCell, ...], drawn: Beside, row: int) -> tuple[TableCell, ...]:
    """A row's cells with its bars."""
    bars: dict[int | None, Sequence[Bar | Swing | None]] = {drawn.value: drawn.bars, **dict(drawn.swings)}
    return tuple(
        replace(cell, bar=held[row]) if (held := bars.get(place)) else cell for place, cell in enumerate(cells)
    )


def _with_room(cells: tuple[TableCell, ...], place: int) -> tuple[TableCell, ...]:
    """The cells, of which that one has room for a bar."""
    return tuple(
        replace(one, bar=Swing(None)) if at == place and one.bar is None else one for at, one in enumerate(cells)
    )


def nothing_at_all(section: Section, formats: Formats) -> str:
    """What is told in words of a section of which nothing is counted; empty where something is."""
    return " ".join(_told_of(all_dead(section), formats))


def _told_of(dead: Sequence[tuple[Column, Cell]], formats: Formats) -> list[str]:
    """What is told in words of columns that say nothing."""
    return [
        formats.word("throughout", name=column.label, value=_nothing(value, column, formats)) for column, value in dead
    ]


def _nothing(value: Cell, column: Column, formats: Formats) -> str:
    """A nought with its unit, an amount without cents."""
    return cell(formats, value, column, decimals=0 if column.unit == "currency" else None, bare=False)


_NAMED = 8  # rows that are told by their names


def _told_idle(section: Section, names: Sequence[Cell], formats: Formats) -> str:
    """What is told in words of rows of which nothing is counted."""
    if not names:
        return ""
    called = [name_of(formats, name, section.columns[0]) for name in names]
    if len(called) > _NAMED:
        others = word_of(formats.language, "evaluation", "others").format(len(called) - _NAMED + 1)
        called = [*called[: _NAMED - 1], others]
    return formats.word("nothing_of", names=", ".join(called))


def _held_bar(table_cell: TableCell, layout: _Layout) -> TableCell:
    """The cell without a bar for which there is no room."""
    room = layout.swing if isinstance(table_cell.bar, Swing) else layout.bar
    return table_cell if room or table_cell.bar is None else replace(table_cell, bar=None)


def _is_rest(section: Section, place: int) -> bool:
    """Whether a row of a breakdown stands for all others, or for what has no name."""
    return bool(section.others and place == len(section.rows) - 1) or (
        section.columns[0].role == "dimension" and section.rows[place][0] is None
    )


def _grouped(section: Section, rows: tuple[tuple[TableCell, ...], ...]) -> tuple[tuple[TableCell, ...], ...]:
    """The rows, of which only the first of each group says which it is."""
    places = [place for place, column in enumerate(section.columns) if column.role == "group"]
    if not places:
        return rows
    return tuple(
        tuple(
            replace(one, text="") if place in places and at and one.text == rows[at - 1][place].text else one
            for place, one in enumerate(row)
        )
        for at, row in enumerate(rows)
    )


def _unnamed(row: tuple[Cell, ...], cells: tuple[TableCell, ...]) -> tuple[TableCell, ...]:
    """The row of all smaller records, which have no one name, owner and stage."""
    return tuple(replace(one, text="", css="") if value == "" else one for value, one in zip(row, cells, strict=True))


def _greyed(cells: tuple[TableCell, ...]) -> tuple[TableCell, ...]:
    return tuple(replace(cell, css=f"{cell.css} aside".strip()) for cell in cells)


def printed_rows(section: Section) -> int:
    """How many rows of a section's table are printed at most."""
    return MOST_OF_ALL if section.whole else MOST_ROWS


def pivoted(section: Section, formats: Formats) -> Section:
    """Long rows (period, category, one metric) with one column per category, as people read
    them. Left as it is where a cell would be lost, where rows are cut (a cell that was cut would look
    like one without a figure), or where totals go with it."""
    chart = section.chart
    if chart is None or chart.color is None or len(section.columns) != 3:
        return section
    if section.total or section.subtotals or section.others:
        return section
    if section.available_rows > len(section.rows):
        return section
    names = [column.name for column in section.columns]
    if chart.x not in names or chart.color not in names or chart.y[0] not in names:
        return section
    x, colour, y = (names.index(name) for name in (chart.x, chart.color, chart.y[0]))
    categories = list(dict.fromkeys(row[colour] for row in section.rows))
    cells = {(row[x], row[colour]): row[y] for row in section.rows}
    if len(categories) > 6 or len(cells) < len(section.rows):
        return section
    labels = {
        row[x]: section.row_labels[at] if at < len(section.row_labels) else "" for at, row in enumerate(section.rows)
    }
    columns = (
        section.columns[x],
        *(
            replace(
                section.columns[y],
                name=f"{names[y]}__{at}",
                label=cell(formats, category, section.columns[colour]),
            )
            for at, category in enumerate(categories)
        ),
    )
    rows = tuple((key, *(cells.get((key, category)) for category in categories)) for key in labels)
    row_labels = tuple(labels.values()) if section.row_labels else ()
    cut = {row[x] for at, row in enumerate(section.rows) if at in section.cut_rows}
    marks = {row[x]: mark for row, mark in zip(section.rows, section.row_marks, strict=False)}
    return replace(
        section,
        columns=columns,
        rows=rows,
        row_labels=row_labels,
        few=(),
        row_marks=tuple(marks.values()),
        cut_rows=frozenset(at for at, key in enumerate(labels) if key in cut),
        available_rows=len(rows),
    )


def _places_before(computed: Section) -> dict[tuple[Cell, str], Mark]:
    """Where figures of a table with a column for each category stood among the rows as they were computed, by their row
    and column."""
    chart = computed.chart
    assert chart is not None
    assert chart.color is not None
    names = [column.name for column in computed.columns]
    x, colour = names.index(chart.x), names.index(chart.color)
    categories = list(dict.fromkeys(row[colour] for row in computed.rows))
    return {
        (row[x], f"{chart.y[0]}__{categories.index(row[colour])}"): Mark(computed.id, str(at), chart.y[0])
        for at, row in enumerate(computed.rows)
    }


def _of_goal(section: Section, row: tuple[Cell, ...], decimals: list[int | None], formats: Formats) -> dict[int, str]:
    """A figure, its target and how much of that it is, with the digits that tell them apart."""
    places = {column.name: place for place, column in enumerate(section.columns)}
    if not section.states:
        return {}
    value_place, target, share = 1, places["target"], places.get("attainment")
    texts = told_apart(formats, section.columns[value_place], row[value_place], row[target], decimals[value_place])
    texts_of = dict(zip((value_place, target), texts, strict=True))
    attained = row[share] if share is not None else None
    if share is None or not is_number(attained):
        return texts_of
    return {**texts_of, share: attainment(formats, attained, 1)}


def _row_label(section: Section, index: int, formats: Formats) -> str | None:
    if index >= len(section.row_labels):
        return None
    label = section.row_labels[index]
    mark = section.row_marks[index] if index < len(section.row_marks) else ""
    return f"{label} ({formats.word(mark)})" if mark else label


def money_places(section: Section, place: int, formats: Formats) -> int | None:
    """One number of decimals for all amounts of a column."""
    column = section.columns[place]
    if column.unit != "currency":
        return None
    values = [row[place] for row in section.rows]
    if section.total:
        values.append(section.total[place])
    return money_decimals(formats, values, column.currency or formats.currency)


def _decimals(section: Section, formats: Formats) -> list[int | None]:
    """The decimals of each column; a change has those of its figure."""
    decimals = [money_places(section, place, formats) for place in range(len(section.columns))]
    for place, column in enumerate(section.columns):
        if is_change(column):
            names = [other.name for other in section.columns]
            decimals[place] = decimals[names.index(figure_of(column))]
    return decimals


def _numeric(column: Column) -> bool:
    numbers = ("metric", "previous", "second", "change", "difference")
    return column.role in numbers or column.type in ("integer", "number")


def _after_number(section: Section, place: int) -> str:
    """Text that follows right-aligned figures keeps clear of them."""
    clear = place > 0 and _numeric(section.columns[place - 1])
    return " after" if clear and not _numeric(section.columns[place]) else ""


def _cell_css(value: Cell, column: Column) -> str:
    names = ["n"] if _numeric(column) else []
    if value is None or value == "":
        names.append("na")
    elif column.role in ("previous", "second"):
        names.append("q")
    elif column.role in ("change", "difference"):
        number_or_none = value if is_number(value) else None
        names += ["q", tendency(number_or_none, column.direction)]
    return " ".join(names)


def _heading(section: Section, column: Column, formats: Formats) -> tuple[str, str]:
    """The heading's text and style. Beside its figure, a change needs no full name."""
    label, css = column.label, "n" if _numeric(column) else ""
    if is_change(column):
        label = f"{CHANGE} {formats.word('points')}" if column.unit == "percent" else CHANGE
        label = f"{label} {column.against}".rstrip()
        css += " q"
    elif column.role == "change" and column.against:
        label, css = f"{CHANGE} %", f"{css} q"
    elif column.role in ("previous", "change"):
        css += " q"
        its_metric = [c for c in section.columns if c.role == "metric" and c.metric == column.metric]
        if column.role == "change" and column.metric and its_metric:
            label = formats.word("change")
    elif column.unit == "days":
        label = with_unit(formats, label, column.unit)
    return label, css.strip()


def _total(section: Section, formats: Formats, cells: tuple[TableCell, ...]) -> tuple[TableCell, ...]:
    """The total row: its name stands in the first column, other names are left empty."""
    named = []
    for place, (table_cell, column) in enumerate(zip(cells, section.columns, strict=True)):
        if column.role in ("dimension", "period", "group", "field") and not _numeric(column):
            text = (
                (table_cell.text if section.total and section.total[0] else formats.word("total")) if place == 0 else ""
            )
            named.append(TableCell(text, ""))
        else:
            named.append(table_cell)
    return tuple(named)


def _with_subtotals(
    section: Section,
    formats: Formats,
    rows: tuple[tuple[TableCell, ...], ...],
    line: Callable[[tuple[Cell, ...], int], tuple[TableCell, ...]],
) -> tuple[tuple[tuple[TableCell, ...], ...], frozenset[int]]:
    """The rows with the subtotals below those that they are of, and the places of these."""
    rows_made: list[tuple[TableCell, ...]] = []
    places = set()
    above = 0
    for at, (count, row) in enumerate(section.subtotals):
        if count > len(rows):
            break
        rows_made += rows[above:count]
        above = count
        cells = _total(section, formats, line(row, at))
        name = name_of(formats, row[0], section.columns[0])
        places.add(len(rows_made))
        rows_made.append((replace(cells[0], text=f"{cells[0].text} {name}"), *cells[1:]))
    return (*rows_made, *rows[above:]), frozenset(places)


_SCREEN_PADDING = 0.7  # ems left and right of a cell on screens, together


@dataclass(frozen=True, slots=True)
class _Layout:
    """Column widths in percent, the type's density, whether the page must be turned, the room for bars in percent
    of their cells, and the least width on a screen, in ems."""

    widths: list[float]
    css: str
    turned: bool
    bar: float
    swing: float
    ems: float


def _layout(
    section: Section,
    headings: list[tuple[str, str]],
    rows: tuple[tuple[TableCell, ...], ...],
    total: tuple[TableCell, ...] | None,
    drawn: Beside,
    lying: bool,
    half: bool,
) -> _Layout:
    """How a table is set, by what its texts need."""
    two = len(drawn.swings) > 1
    settings, bar, swing = (_SETTINGS_OF_TWO, *_BARS_OF_TWO) if two else (_SETTINGS, _BAR, _SWING)
    if half:
        settings, (bar, swing) = _HALVES, _HALF_BARS
    lines = (*rows, total) if total else rows
    least, wished, unbroken, narrow = [], [], [], []
    for place, column in enumerate(section.columns):
        longest = max(text_width(line[place].text) for line in lines)
        label = headings[place][0]
        widest_word = max(map(text_width, label.split()), default=0.0) * _HEAD
        notes = 0.8 * len(column.footnotes)
        heading = max(widest_word, min(text_width(label) * (0.4 if half else 0.6), 6.0 if half else 9.0)) + notes
        if _numeric(column):
            least.append(max(longest * 1.06, heading))
            wished.append(least[-1])
            unbroken.append(least[-1])
            narrow.append(least[-1])
        else:
            word = max(text_width(part) for line in lines for part in line[place].text.split() or [""])
            least.append(max(min(longest * 1.04, 8.0 if half else 11.0), heading))
            wished.append(max(min(longest * 1.04, 26.0), heading))
            unbroken.append(min(max(word * 1.04, heading), least[-1]))
            narrow.append(max(min(longest * 1.04, _NARROW), unbroken[-1]))
    clear = [_CLEAR if "after" in css.split() else 0.0 for _, css in headings]
    swung = [place for place, _ in drawn.swings]
    for texts_of in (
        least,
        wished,
    ):  # changes against two periods have cells of one width, so that bars can be compared
        for place in swung:
            texts_of[place] = max(texts_of[other] for other in swung)

    def fits(texts: list[float], setting: _Setting) -> bool:
        width, size, css, _, with_bar, with_swing = setting
        needed = sum(texts) + bar[0] * (drawn.value is not None and with_bar) + swing[0] * len(swung) * with_swing
        return needed * size + _PADDING[css] * len(texts) + sum(clear) <= width

    open_to = [setting for setting in settings if half or setting[3] >= lying]
    setting = next((one for one in open_to if fits(least, one)), settings[-1])
    if setting[3] and not half and not lying and fits(narrow, _NO_BARS):
        setting, least = _NO_BARS, narrow  # texts get more lines before a page is turned
    width, size, css, turned, with_bar, with_swing = setting
    texts = list(least)
    barred_places = ((drawn.value, bar, with_bar), *((place, swing, with_swing) for place in swung))
    for barred, (fewest, wish), wanted in barred_places:
        if barred is not None and wanted:
            least[barred] += fewest
            wished[barred] += wish
    room = (width - _PADDING[css] * len(least) - sum(clear)) / size
    if sum(least) <= room:
        needed, least = least, _fed(least, wished, room)
    else:  # too much for any page: texts get more lines before a word is torn
        needed, least = unbroken, _fed(_levelled(unbroken, room), least, room)

    def share(place: int | None, wanted: bool) -> float:
        """How much of its cell a bar has: what the numbers leave."""
        if place is None or not wanted:
            return 0.0
        return round(max(least[place] - texts[place] - 0.6, 0.0) / least[place] * 100, 1)

    widths = [need * size + _PADDING[css] + gap for need, gap in zip(least, clear, strict=True)]
    percent_widths = [round(width / sum(widths) * 100, 2) for width in widths]
    first_swing = swung[0] if swung else None
    cells = zip(needed, percent_widths, strict=True)
    ems = max((need + _SCREEN_PADDING) / percent * 100 for need, percent in cells)
    bars = share(drawn.value, with_bar), share(first_swing, with_swing)
    return _Layout(percent_widths, css, turned, *bars, round(ems, 1))


def _levelled(needed: list[float], room: float) -> list[float]:
    """What is needed, the widest cut to one width where all together have no room: a word of the longest is torn, and
    no heading of a narrow column."""
    kept, left = 0.0, len(needed)
    for width in sorted(needed):
        if kept + width * left > room:
            return [min(one, (room - kept) / left) for one in needed]
        kept, left = kept + width, left - 1
    return needed


def _fed(least: list[float], wished: list[float], room: float) -> list[float]:
    """What there is beyond the least, each in proportion to what it wishes more."""
    hunger = [wish - need for wish, need in zip(wished, least, strict=True)]
    spare = room - sum(least)
    if spare <= 0 or sum(hunger) <= 0:
        return least
    fed = min(1.0, spare / sum(hunger))
    return [need + more * fed for need, more in zip(least, hunger, strict=True)]


def _caption(section: Section, formats: Formats, attachment: CsvFile | None) -> str:
    """What the reader must know about rows that are not on the page."""
    held = len(section.rows)
    available = max(section.available_rows, held)
    shown = min(held, printed_rows(section))
    words = {
        "shown": number(formats, shown),
        "available": number(formats, available),
        "attached": number(formats, held),
        "file": attachment.name if attachment else "CSV",
    }
    if shown == available:
        return ""
    if shown == held:
        return formats.word("rows_cut", **words)
    return formats.word("rows_in_attachment" if held == available else "rows_cut_in_attachment", **words)
