"""The rows of long tables, page by page.

WeasyPrint takes some 4 ms for each row of a table, and keeps all of it in memory. Where a table has hundreds of
plain rows, it lays out the first ones, the last ones and an empty page for each page that is full of the others.
What stands on those is written here, in the places and in the words of PDF that WeasyPrint gave the rows that it
did lay out; texts are broken and set by its own functions. Where anything is not as it is known here, there is no
such cut, and WeasyPrint has the whole table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache, partial
from typing import Any

from reportspec.lazy_dataclass import dataclass
from reportspec.render.tables import Cut, TableCell, TableView

_PROBE = 130  # rows that are laid out to see what they are like: more than two pages have
_REST = 70  # rows that are laid out with what stands below the table: more than a page has
_ALIKE = 0.001  # CSS pixels

STYLE = ".full-page, .rest { break-before: page }"

_BLANKS = re.compile("[ \\t\\r\\n]+")  # as CSS has them

_RULE = b"/Artifact\nBMC\nq\n%s %s m\n%s %s l\n%s %s l\n%s %s l\nW*\nn\n%s\n%s %s %s %s re\n%s %s %s %s re\nf*\nQ\nEMC"

Row = tuple[TableCell, ...]


def probe(table: TableView) -> Cut:
    """The rows by which it is found out how a table's rows are set: two full pages, and below them a row for each
    look that those do not have."""
    rows = list(table.rows[:_PROBE])
    known = {(place, cell.css) for row in rows for place, cell in enumerate(row)}
    for row in table.rows[_PROBE:]:
        looks = {(place, cell.css) for place, cell in enumerate(row)}
        if not looks <= known:
            known |= looks
            rows.append(row)
    return Cut(tuple(rows))


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of a cell as PDF shows it: how far it is from the row's edges is its column's and look's."""

    width: float
    shown: bytes  # the font and the letters


@dataclass(slots=True)
class Look:
    """How the texts of a column's cells are set that look alike."""

    style: Any
    layout: Any
    colour: bytes
    wraps: bool
    pieces: dict[str, tuple[Piece, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FullPage:
    """What stands on one page: its marks are numbered from 0, those of the heading first. Of each row it has the
    number of marks of each cell."""

    shown: bytes
    rows: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class LongTable:
    """A table of which some pages are written here."""

    cut: Cut
    pages: tuple[FullPage, ...]
    heading: Any  # WeasyPrint's box
    marks: Mapping[Any, Any]  # of the texts in it
    columns: int


def found(document: Any, place: int, table: TableView, fonts: dict[Any, Any]) -> LongTable | None:
    """How a table is cut whose probe was laid out, and the pages that come of it. The `fonts` get the letters.
    None where its rows are not as they are known here."""
    parts = [(page._page_box, one) for page in document.pages for one in _tables(page._page_box, place)]
    if len(parts) < 3:
        return None
    try:
        setting = _Setting.of(parts, table, fonts)
        return setting.filled() if setting is not None else None
    except _Unknown:
        return None


def stands(document: Any, place: int, table: LongTable) -> bool:
    """Whether all came out as it was planned: the rows before the cut end with a page, then come the empty pages,
    and the rest begins the next one."""
    held = [[_rows(one) for one in _tables(page._page_box, place)] for page in document.pages]
    standing = [at for at, page in enumerate(document.pages) if _empty(page._page_box, place)]
    there = [at for at, rows in enumerate(held) if rows]
    if not standing or standing != list(range(standing[0], standing[0] + len(table.pages))):
        return False
    before = [rows for at in there if at < standing[0] for rows in held[at]]
    after = [at for at in there if at > standing[-1]]
    return (
        sum(map(len, before)) == len(table.cut.before)
        and there[len(before) - 1] == standing[0] - 1
        and bool(after)
        and after[0] == standing[-1] + 1
        and all(len(held[at]) == 1 for at in there)
    )


def put(document: Any, place: int, table: LongTable) -> list[tuple[int, FullPage]]:
    """Have the empty pages painted with the rows. Gives the places of these pages in the document."""
    places = [at for at, page in enumerate(document.pages) if _empty(page._page_box, place)]
    own = list(zip(places, table.pages, strict=True))
    for at, full in own:
        document.pages[at].paint = partial(_paint, document.pages[at], full, len(table.marks))
    return own


def _paint(page: Any, full: FullPage, in_heading: int, stream: Any, scale: float = 1) -> None:
    """The rows, then what else WeasyPrint has on the page; its marks are numbered after those of the rows."""
    from weasyprint.draw import draw_page

    with stream.stacked():
        stream.transform(a=scale, d=scale)
        with stream.stacked():
            stream.set_alpha(1.0)
            stream.stream.append(full.shown)
        taken = [object() for _ in range(in_heading + sum(map(sum, full.rows)))]
        stream._tags.update(dict.fromkeys(taken))
        draw_page(page._page_box, stream)
        for one in taken:
            del stream._tags[one]


# --- what WeasyPrint laid out -------------------------------------------------------------------


def _tables(page: Any, place: int) -> list[Any]:
    """The tables of a section on a page."""
    from weasyprint.formatting_structure import boxes

    return [
        one
        for section in _sections(page, place)
        for one in section.descendants()
        if isinstance(one, boxes.TableBox) and one.element_tag == "table"
    ]


def _empty(page: Any, place: int) -> bool:
    """Whether a page is one of those that wait for rows of a section's table."""
    return any(
        one.element is not None and one.element.get("class") == "full-page"
        for section in _sections(page, place)
        for one in section.children
    )


def _sections(page: Any, place: int) -> Iterator[Any]:
    for one in page.descendants():
        if one.element is not None and one.element_tag == "section" and one.element.get("id") == f"s{place}":
            yield one


def _rows(table: Any) -> list[Any]:
    return [row for group in table.children if not group.is_header for row in group.children]


def _texts(cell: Any) -> list[Any] | None:
    """The lines of a cell, each of one text; None where it has anything else."""
    from weasyprint.formatting_structure import boxes

    lines = []
    for line in cell.children:
        if not isinstance(line, boxes.LineBox) or len(line.children) != 1:
            return None
        if type(line.children[0]) is not boxes.TextBox:
            return None
        lines.append(line.children[0])
    return lines or None


@dataclass(slots=True)
class _Column:
    """Where a column's cells stand, from the left edge of the page, and what their rule is."""

    left: float
    width: float  # with its padding
    content: float
    room: float
    looks: dict[str, Look] = field(default_factory=dict)


@dataclass(slots=True)
class _Setting:
    """How the rows of a table are set on full pages, as the second of its pages has them."""

    table: TableView
    columns: list[_Column]
    top: float  # of the first row
    bottom: float  # where the page ends
    row: float  # the height of a row of one line
    line: float  # what each further line adds
    baseline: float  # of the first line, below the top of its row
    rule: float  # the width of the rule below a row
    rule_colour: bytes
    first: int  # the row after the second page
    before: int  # rows on the second page
    heading: Any
    marks: dict[Any, Any]
    heading_shown: bytes
    stream: Any

    @classmethod
    def of(cls, parts: Sequence[tuple[Any, Any]], table: TableView, fonts: dict[Any, Any]) -> _Setting | None:
        import pydyf
        from weasyprint.pdf.stream import Stream

        page, model = parts[1]
        header, body = model.children[0], model.children[-1]
        if len(model.children) != 2 or not header.is_header or not body.children:
            return None
        resources = pydyf.Dictionary({"ExtGState": pydyf.Dictionary(), "XObject": pydyf.Dictionary()})
        stream = Stream(fonts, (0, 0, 0, 0), resources, {}, {}, {}, None)
        cells = body.children[0].children
        if len(cells) != len(table.headings) or model.style["direction"] != "ltr":
            return None
        columns = [_Column(cell.position_x, cell.border_width(), cell.content_box_x(), cell.width) for cell in cells]
        single = next((row for row in body.children if all(len(_texts(c) or ()) == 1 for c in row.children)), None)
        if single is None:
            return None
        text = _texts(single.children[0])[0]  # type: ignore[index]
        line = single.children[0].children[0].height
        heading_shown, marks = _heading(stream, header)
        made = cls(
            table,
            columns,
            body.children[0].position_y,
            page.content_box_y() + page.height,
            single.height,
            line,
            text.position_y + text.baseline - single.position_y,
            single.children[0].border_bottom_width,
            _colour(stream, single.children[0].style["border_bottom_color"]),
            len(_rows(parts[0][1])) + len(body.children),
            len(body.children),
            header,
            marks,
            heading_shown,
            stream,
        )
        return made if made._seen(parts) and made._proven(model) else None

    def _seen(self, parts: Sequence[tuple[Any, Any]]) -> bool:
        """Take the looks of the cells that were laid out; whether all are of the kind that is known here."""
        rows = probe(self.table).before
        laid_out = [row for _, part in parts for row in _rows(part)]
        for row, boxes in zip(rows, laid_out, strict=False):
            for column, cell, box in zip(self.columns, row, boxes.children, strict=True):
                if cell.css in column.looks:
                    continue
                texts = _texts(box)
                if texts is None:
                    return False
                column.looks[cell.css] = self._look(texts[0].style)
        return True

    def _look(self, style: Any) -> Look:
        from weasyprint.text.line_break import Layout

        return Look(style, Layout(style), _colour(self.stream, style["color"]), style["white_space"] == "normal")

    def _proven(self, model: Any) -> bool:
        """Whether the second page comes out here as WeasyPrint has it: which rows, which lines, where, and the
        words of PDF for them."""
        from weasyprint.draw.border import draw_border

        start = self.first - self.before
        if self._next(start)[0] != self.first:
            return False
        y = self.top
        for at, row in enumerate(model.children[-1].children, start):
            if abs(row.position_y - y) > _ALIKE:
                return False
            lines = [self._pieces(column, cell) for column, cell in zip(self.columns, self.table.rows[at], strict=True)]
            for column, cell, pieces, box in zip(self.columns, self.table.rows[at], lines, row.children, strict=True):
                texts = _texts(box)
                if texts is None or len(texts) != len(pieces):
                    return False
                for number, (text, piece) in enumerate(zip(texts, pieces, strict=True)):
                    x, below = self._place(column, cell, piece, number)
                    if abs(text.position_x - x) > _ALIKE or abs(text.position_y + text.baseline - y - below) > _ALIKE:
                        return False
                mark = len(self.stream.stream)
                draw_border(self.stream, box)
                drawn = self.stream.stream[mark:]
                del self.stream.stream[mark:]
                theirs = [one for one in map(_bytes, drawn) if not one.endswith(b" gs")]
                if b"\n".join(theirs) != self._rule(column, y, self._height(lines)):
                    return False
            y += self._height(lines)
        return True

    # --- pages ------------------------------------------------------------------------------------

    def filled(self) -> LongTable | None:
        """All pages that are full of rows, but the last one of the table."""
        last = len(self.table.rows) - _REST
        pages, at = [], self.first
        while at < last:
            after, _ = self._next(at)
            if after >= last:
                break
            pages.append(self._page(at, after))
            at = after
        if not pages:
            return None
        before = self.table.rows[: self.first]
        return LongTable(Cut(before, len(pages), at), tuple(pages), self.heading, self.marks, len(self.columns))

    def _next(self, at: int) -> tuple[int, float]:
        """The first row of the next page, where `at` is that of this one."""
        y = self.top
        while at < len(self.table.rows):
            own = [self._pieces(*one) for one in zip(self.columns, self.table.rows[at], strict=True)]
            y += self._height(own)
            if y > self.bottom * (1 + 1e-9):
                break
            at += 1
        return at, y

    def _height(self, lines: Sequence[tuple[Piece, ...]]) -> float:
        return self.row + (max(map(len, lines)) - 1) * self.line

    def _place(self, column: _Column, cell: TableCell, piece: Piece, number: int) -> tuple[float, float]:
        """Where a line begins, and how far its baseline is below the top of its row."""
        aside = column.room - piece.width if _right(cell) else 0.0
        return column.content + aside, self.baseline + number * self.line

    def _page(self, first: int, after: int) -> FullPage:
        number = len(self.marks)
        rules, texts, rows = [], [], []
        y, colour = self.top, b""
        for row in self.table.rows[first:after]:
            lines = [self._pieces(*one) for one in zip(self.columns, row, strict=True)]
            height = self._height(lines)
            rules += [self._rule(column, y, height) for column in self.columns]
            for column, cell, pieces in zip(self.columns, row, lines, strict=True):
                look = column.looks[cell.css]
                for at, piece in enumerate(pieces):
                    x, below = self._place(column, cell, piece, at)
                    own = look.colour + b"\n" if look.colour != colour else b""
                    colour = look.colour
                    texts.append(
                        b"/Span\n<</MCID %d>>\nBDC\n%sBT\n1 0 0 -1 %s %s Tm\n%s\nET\nEMC"
                        % (number, own, _number(x), _number(y + below), piece.shown)
                    )
                    number += 1
            rows.append(tuple(map(len, lines)))
            y += height
        shown = b"\n".join((self.heading_shown, *rules, *texts))
        return FullPage(shown, tuple(rows))

    def _rule(self, column: _Column, y: float, height: float) -> bytes:
        """The rule below a cell, as WeasyPrint draws the only border of a box: what lies between its two edges,
        within the corners that belong to that side."""
        left, right = _number(column.left), _number(column.left + column.width)
        top, width, lower, upper = (
            _number(y),
            _number(column.width),
            _number(y + height),
            _number(y + height - self.rule),
        )
        return _RULE % (
            *(right, lower, left, lower, left, upper, right, upper, self.rule_colour),
            *(left, top, width, _number(height - self.rule), left, top, width, _number(height)),
        )

    def _pieces(self, column: _Column, cell: TableCell) -> tuple[Piece, ...]:
        """The lines of a cell."""
        look = column.looks[cell.css]
        known = look.pieces.get(cell.text)
        if known is None:
            known = look.pieces[cell.text] = tuple(self._set(look, column.room, _BLANKS.sub(" ", cell.text).strip(" ")))
        return known

    def _set(self, look: Look, room: float, text: str) -> Iterator[Piece]:
        """A text in lines that have so much room, as WeasyPrint breaks it."""
        from weasyprint.text.line_break import line_size, split_first_line

        look.layout.set_text(text)
        width, _ = line_size(look.layout.get_first_line()[0], look.style)
        if not look.wraps or width < room - 0.01:
            yield Piece(width, self._letters(look, text))
            return
        left = text
        while left:
            layout, _, resume, width, _, _ = split_first_line(left, look.style, None, room, 0)
            yield Piece(width, self._letters(look, layout.text))
            left = left.encode()[resume:].decode().lstrip(" ") if resume is not None else ""

    def _letters(self, look: Look, text: str) -> bytes:
        """The words of PDF that choose the font and show a line."""
        from weasyprint.draw.text import draw_first_line
        from weasyprint.matrix import Matrix

        look.layout.set_text(text)
        stream = self.stream
        stream.stream.clear()
        stream._current_font = None
        if draw_first_line(stream, _Text(text, look.style, look.layout), "clip", "none", Matrix(d=-1)):
            raise _Unknown  # pictures of letters
        shown = b"\n".join(map(_bytes, stream.stream[1:]))  # after the place
        stream.stream.clear()
        return shown


class _Unknown(Exception):
    """Something that is left to WeasyPrint."""


@dataclass(frozen=True, slots=True)
class _Text:
    """What WeasyPrint asks of a text that it draws."""

    text: str
    style: Any
    pango_layout: Any
    baseline: float = 0.0


def _right(cell: TableCell) -> bool:
    return "n" in cell.css.split()


def _heading(stream: Any, header: Any) -> tuple[bytes, dict[Any, Any]]:
    """The words of PDF for a table's heading, and the marks of its texts."""
    from weasyprint.draw import draw_inline_level
    from weasyprint.draw.border import draw_border

    marks: dict[Any, Any] = {}
    stream._tags = marks
    cells = [cell for row in header.children for cell in row.children]
    for cell in cells:
        draw_border(stream, cell)
    for cell in cells:
        for line in cell.children:
            draw_inline_level(stream, None, line)
    shown = b"\n".join(one for one in map(_bytes, stream.stream) if not one.endswith(b" gs"))
    stream.stream.clear()
    stream._tags = {}
    return shown, marks


# --- the structure ------------------------------------------------------------------------------


def tagged(pdf: Any, placed: Sequence[tuple[int, FullPage, LongTable]]) -> None:
    """Give each page that was put the part of the structure tree that WeasyPrint gives each page of a table."""
    objects = pdf.objects
    references = pdf.page_references
    wanted = {references[at] for at, _, _ in placed}
    waiting = {
        one["Pg"]: one
        for one in objects
        if isinstance(one, dict) and one.get("S") == "/Div" and not one["K"] and one["Pg"] in wanted
    }
    root = objects[_object(pdf.catalog["StructTreeRoot"])]
    numbers = objects[_object(root["ParentTree"])]["Nums"]
    for at, full, table in placed:
        element = waiting[references[at]]
        element["S"] = "/Table"
        marked, heads = _tagged_heading(pdf, element, table, at)
        body = _tagged_body(pdf, element, heads, full, len(marked))
        numbers[2 * at + 1][:0] = [*marked, *body]


def _tagged_heading(pdf: Any, element: Any, table: LongTable, at: int) -> tuple[list[bytes], list[bytes]]:
    """The heading of a page's table: the elements of its marks in order, and the names of its columns."""
    import pydyf
    from weasyprint.pdf.tags import _build_box_tree

    marked: dict[int, bytes] = {}
    for made in _build_box_tree(table.heading, element, pdf, at, marked, [], dict(table.marks)):
        element["K"].append(made.reference)
    heads = []
    for place, cell in enumerate(table.heading.children[-1].children):
        cell.mark["ID"] = pydyf.String(f"{element.number}-0-{place}")
        heads.append(cell.mark["ID"].data)
    return [marked[mark] for mark in sorted(marked)], heads


def _tagged_body(pdf: Any, element: Any, heads: Sequence[bytes], full: FullPage, mark: int) -> list[bytes]:
    """The rows of a page's table, whose marks begin at that number: the elements of the marks, in order."""
    marked = []
    page, number = element["Pg"], len(pdf.objects)

    def add(parent: int, kind: bytes, kids: bytes, more: bytes = b"") -> None:
        nonlocal number
        data = b"<</Type /StructElem/S /%s/K [%s]/Pg %s/P %d 0 R%s>>" % (kind, kids, page, parent, more)
        pdf.add_object(_element(data))
        number += 1

    group = number
    rows, after = [], group + 1
    for cells in full.rows:
        rows.append(after)
        after += 1 + len(cells) + sum(cells)
    element["K"].append(b"%d 0 R" % group)
    add(element.number, b"TBody", _references(rows))
    for cells in full.rows:
        row, places, after = number, [], number + 1
        for lines in cells:
            places.append(after)
            after += 1 + lines
        add(group, b"TR", _references(places))
        for head, lines in zip(heads, cells, strict=True):
            cell = number
            own = range(cell + 1, cell + 1 + lines)
            add(row, b"TD", _references(own), b"/A <</O /Table/Headers [%s]>>" % head)
            for text in own:
                marked.append(b"%d 0 R" % text)
                add(cell, b"Span", b"%d" % mark)
                mark += 1
    return marked


def _references(numbers: Sequence[int]) -> bytes:
    return b" ".join([b"%d 0 R" % number for number in numbers])


def _element(data: bytes) -> Any:
    """An object of PDF that is written already."""
    return _written()(data)


@cache
def _written() -> type:
    import pydyf

    class Written(pydyf.Object):  # type: ignore[misc]
        data = b""

        def __init__(self, data: bytes) -> None:
            super().__init__()
            self.data = data

    return Written


def _object(reference: bytes) -> int:
    return int(reference.split()[0])


def _colour(stream: Any, colour: Any) -> bytes:
    stream._current_color = None
    stream.set_color(colour)
    shown = _bytes(stream.stream[-1])
    stream.stream.clear()
    stream._current_color = None
    return shown


def _bytes(item: Any) -> bytes:
    import pydyf

    made: bytes = pydyf._to_bytes(item)
    return made


def _number(value: float) -> bytes:
    return b"%d" % value if value.is_integer() else f"{value:f}".rstrip("0").encode()
