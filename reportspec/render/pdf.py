"""HTML → PDF by WeasyPrint: locked in, with its own fonts, and the same bytes every time."""

from __future__ import annotations

import gc
import math
import mimetypes
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from reportspec.errors import RenderError
from reportspec.model.figures import Figures
from reportspec.render import limited, long_tables
from reportspec.render.attachments import CsvFile
from reportspec.render.closing import METHOD
from reportspec.render.fonts import covers, packaged_fonts
from reportspec.render.page import Page, page
from reportspec.render.seal import sealed_whole, sealing
from reportspec.render.structure import mend_structure

if TYPE_CHECKING:
    from weasyprint import Attachment

_COLLECTOR = threading.Lock()
_first, _aside = True, False  # whether no report was made yet; whether what one left is put aside
_LITTLE, _SAVED = 0.3, 6  # of a page, what is saved by a tighter setting; pages of a report that may be laid out anew
_LEAST = 0.3  # of a page, what is left of that and saved by the tightest one
_MUCH = 100_000  # objects: what some 150 rows of a table leave


def render_pdf(figures: Figures, spec_text: str | None = None) -> bytes:
    """The report as a tagged PDF file (PDF/UA-1, or PDF/A-3a where the theme says so) with its
    tables as CSV and the spec attached.

    The bytes depend on the arguments alone: not on the clock, the time zone, the machine's fonts
    (unless a text needs a script beyond Latin, Greek and Cyrillic) or its other settings.
    Raises `RenderError` for a refused colour, logo or chart, or if anything would be fetched.
    """
    if limited.wanted(figures):
        return limited.rendered("pdf", figures, spec_text)
    return pdf_here(figures, spec_text)


def pdf_here(figures: Figures, spec_text: str | None) -> bytes:
    """The same within this process, whatever it takes."""
    laid_out = page(figures, with_spec=spec_text is not None, in_parts=True)
    probes = {place: long_tables.probe(table) for place, table in laid_out.long.items()}
    if probes:
        laid_out = replace(laid_out, html=laid_out.cut(probes))
    letters = set(laid_out.html).union(*(table.letters() for table in laid_out.long.values()))
    host_fonts = not covers("".join(letters))
    with packaged_fonts(host_fonts):
        with libraries_by_their_files():
            from weasyprint import HTML

        # What brings its own fonts changes the configuration.
        font_config = _fonts(host_fonts) if figures.theme.fonts is None else _fonts.__wrapped__(host_fonts)
    fetcher = _locked_fetcher()
    attached = _attached(laid_out, spec_text)
    attachments = _attachments(attached, laid_out, figures)
    seal = sealing(figures, {attachment.name: attachment.text for attachment, _ in attached})

    stylesheet = laid_out.stylesheet + (long_tables.STYLE if laid_out.long else "")
    options = {
        "stylesheets": [_style(stylesheet) if figures.theme.fonts is None else _styled(stylesheet, font_config)],
        "font_config": font_config,
        "pdf_variant": f"pdf/{figures.theme.pdf}",
    }

    def document_of(html: str) -> Any:
        return HTML(string=html, url_fetcher=fetcher).render(**options)

    def written() -> Any:
        document, placed = _in_parts(laid_out, document_of)
        document = _without_a_rest(document, laid_out, document_of)

        def finish(document: Any, pdf: Any) -> None:
            long_tables.tagged(pdf, placed)
            mend_structure(pdf)
            seal(document, pdf)

        return document.write_pdf(attachments=attachments, finisher=finish, pdf_variant=options["pdf_variant"])

    with _without_collector():
        pdf = written()  # and the document is nobody's any more, when the collector comes
    if fetcher.blocked:
        raise RenderError(f"the report would load {fetcher.blocked[0][:200]!r}, which is refused")
    if not isinstance(pdf, bytes):
        raise TypeError("WeasyPrint gave no bytes")
    return sealed_whole(pdf)


def _in_parts(laid_out: Page, document_of: Callable[[str], Any]) -> tuple[Any, list[Any]]:
    """The document, and the pages of long tables that are full of rows, which are written apart where they can be:
    one table after the other, since where one begins depends on what stands above it."""
    if not laid_out.long:
        return document_of(laid_out.html), []
    fonts: dict[Any, Any] = {}
    probes = {place: long_tables.probe(table) for place, table in laid_out.long.items()}
    cuts, made = dict(probes), {}
    document = document_of(laid_out.html)
    for place, table in laid_out.long.items():
        found = long_tables.found(document, place, table, fonts)
        if found is None:
            del cuts[place]
        else:
            made[place], cuts[place] = found, found.cut
        document = document_of(laid_out.cut(cuts))
    if not all(long_tables.stands(document, place, table) for place, table in made.items()):
        return document_of(laid_out.cut({})), []
    document.fonts.update(fonts)
    placed = [(*one, table) for place, table in made.items() for one in long_tables.put(document, place, table)]
    return document, placed


def _without_a_rest(document: Any, laid_out: Page, document_of: Callable[[str], Any]) -> Any:
    """The document; set tighter where that saves a page: where there is little on the last one, or where as little as
    that would be on it if the others were full."""
    if laid_out.long or not 1 < len(document.pages) <= _SAVED or _over(document) >= _LITTLE:
        return document
    tight = document_of(laid_out.tight(1))
    if len(tight.pages) == len(document.pages) and _over(tight) < _LEAST:
        tight = document_of(laid_out.tight(2))
    return tight if len(tight.pages) < len(document.pages) else document


def _over(document: Any) -> float:
    """How much of a page is too much for one page less."""
    filled = [filled_to(page) for page in document.pages]
    return min(filled[-1], math.fsum(filled) - len(filled) + 1)


def filled_to(page: Any) -> float:
    """How far down a page that was laid out has text, between its margins: 0 to 1."""
    box = page._page_box
    content = next(child for child in box.children if child.element_tag == "html")
    bottoms = (text.position_y + text.height for text in content.descendants() if getattr(text, "text", "").strip())
    return float((max(bottoms, default=box.content_box_y()) - box.content_box_y()) / box.height)


def warm_up() -> threading.Thread:
    """Start loading WeasyPrint in the background, beside the queries.

    Rendering may begin at any time: it waits for what is still being loaded.
    """
    thread = threading.Thread(target=_load, name="reportspec-warm-up", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    try:
        with packaged_fonts(), libraries_by_their_files():
            import weasyprint  # noqa: F401
    except BaseException:  # the program may end meanwhile; rendering itself says what is missing
        return


# Of Pango and what it needs, as Linux calls their files, which WeasyPrint asks for after other names.
_LIBRARIES = (
    "libgobject-2.0.so.0",
    "libpango-1.0.so.0",
    "libharfbuzz.so.0",
    "libfontconfig.so.1",
    "libpangoft2-1.0.so.0",
)


_LOADING = threading.Lock()


@contextmanager
def libraries_by_their_files() -> Iterator[None]:
    """Load WeasyPrint within this. For a library that has not the name that it asks for first Python asks programs, the
    compiler among them, some forty times in all: that takes a third as long as all that is loaded."""
    import ctypes.util

    with _LOADING:
        if sys.platform != "linux" or "weasyprint" in sys.modules or not _are_there(_LIBRARIES):
            yield
            return
        find, ctypes.util.find_library = ctypes.util.find_library, _nowhere
        try:
            yield
        finally:
            ctypes.util.find_library = find


def _are_there(libraries: Iterable[str]) -> bool:
    import ctypes

    try:
        return all(ctypes.CDLL(name) for name in libraries)
    except OSError:
        return False


def _nowhere(name: str) -> str | None:
    """Where a library is that has to be looked for."""
    return None


@lru_cache(maxsize=2)
def _fonts(host_fonts: bool) -> Any:
    """Fonts that are loaded once, with the letters that were measured in them; to be called within
    `packaged_fonts`. Only one report is laid out at a time."""
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


@lru_cache(maxsize=4)
def _style(stylesheet: str) -> Any:
    """The parsed style sheet, which is the same for all reports of one theme and language."""
    return _styled(stylesheet, None)


def _styled(stylesheet: str, font_config: Any) -> Any:
    """A parsed style sheet; its fonts are known to that configuration only."""
    from weasyprint import CSS

    return CSS(string=stylesheet, url_fetcher=_locked_fetcher(), font_config=font_config)


def _locked_fetcher() -> Any:
    """A fetcher that opens `data:` addresses and notes everything else that was asked for."""
    from weasyprint import URLFetcher

    class LockedFetcher(URLFetcher):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(allowed_protocols=("data",), allow_redirects=False)
            self.blocked: list[str] = []

        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.lower().startswith("data:"):
                self.blocked.append(url)
            return super().fetch(url, headers)

    return LockedFetcher()


def _attached(laid_out: Page, spec_text: str | None) -> list[tuple[CsvFile, str]]:
    """What is attached, each with how it relates to the report."""
    spec = [(CsvFile("spec.yaml", "spec.yaml", spec_text), "Source")] if spec_text else []
    method = [(CsvFile(METHOD, METHOD, laid_out.method), "Supplement")] if laid_out.method else []
    return spec + [(attachment, "Data") for attachment in laid_out.attachments] + method


def _attachments(attached: list[tuple[CsvFile, str]], laid_out: Page, figures: Figures) -> list[Attachment]:
    from weasyprint import Attachment

    # WeasyPrint names media types by the host's tables, which differ from machine to machine.
    mimetypes.add_type("text/csv", ".csv")
    mimetypes.add_type("text/html", ".html")
    mimetypes.add_type("application/yaml", ".yaml")
    dated = _naive_utc(laid_out.written, figures.timezone)
    return [
        Attachment(
            string=attachment.text,
            name=attachment.name,
            description=attachment.description,
            created=dated,
            modified=dated,
            relationship=relationship,
        )
        for attachment, relationship in attached
    ]


def _naive_utc(value: datetime, timezone: str) -> datetime:
    aware = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(timezone))
    return aware.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Layout makes many long-lived objects: the cyclic collector would only walk them again and
    again (measured: 20 to 35 % of the time).

    What a long report leaves behind takes a tenth of its time to collect. Of the first one it is put
    aside until another comes: most processes make one.
    """
    global _first, _aside
    with _COLLECTOR:
        running = gc.isenabled()
        gc.disable()
        if _aside:
            gc.unfreeze()
            gc.collect()
        first, _first, _aside = _first, False, False
        try:
            yield
        finally:
            if first and gc.get_count()[0] > _MUCH:
                gc.freeze()
                _aside = True
            if running:
                gc.enable()
