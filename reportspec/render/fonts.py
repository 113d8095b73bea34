"""The report's own typeface, so that output does not depend on the host's fonts.

Open Sans covers Latin, Greek and Cyrillic, and stands behind a theme's own fonts. A report with
other scripts also sees the fonts of the host, as a fallback behind both: without them those
letters would be empty boxes.
"""

from __future__ import annotations

import os
import tempfile
import threading
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from reportspec import fontfile
from reportspec.errors import RenderError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Theme

FAMILY = "Open Sans"
SEMI_BOLD = 1.08  # how much wider than the regular letters
OWN_FAMILY = "Report Face"  # what the theme's fonts are called within a report

# Where systems keep fonts; places that do not exist are skipped by fontconfig.
_HOST_FONT_DIRS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
)

_ENVIRONMENT = threading.Lock()


def font_directory() -> Path:
    """The folder of the packaged static TTF files: regular, semi-bold and bold, each upright and italic."""
    return Path(__file__).resolve().parent.parent / "fonts"


@dataclass(frozen=True, slots=True)
class Face:
    """What a report is set in: the names of the families, and the width of each letter in ems."""

    families: tuple[str, ...]
    advances: dict[int, float]


@cache
def _packaged() -> Face:
    data = (font_directory() / "OpenSans-Regular.ttf").read_bytes()
    return Face((FAMILY,), fontfile.advances(data))


_FACE: ContextVar[Face | None] = ContextVar("face", default=None)


@contextmanager
def set_in(theme: Theme) -> Iterator[None]:
    """While inside, texts are measured and named in the theme's fonts. Raises `RenderError` for
    fonts that cannot be used."""
    if theme.fonts is None:
        yield
        return
    for data in theme.fonts:
        why = fontfile.unfit(data)
        if why is not None:
            raise RenderError(f"theme: a font {why}")
    packaged = _packaged()
    advances = {**packaged.advances, **fontfile.advances(theme.fonts[0])}
    token = _FACE.set(Face((OWN_FAMILY, FAMILY), advances))
    try:
        yield
    finally:
        _FACE.reset(token)


def face() -> Face:
    """What the report at hand is set in."""
    return _FACE.get() or _packaged()


def font_faces(theme: Theme) -> str:
    """CSS that brings the theme's fonts along, or nothing."""
    if theme.fonts is None:
        return ""
    return "".join(
        f'@font-face{{font-family:"{OWN_FAMILY}";font-weight:{weight};'
        f"src:url(data:{fontfile.media_type(data)};base64,{b64encode(data).decode('ascii')})}}"
        for data, weight in zip(theme.fonts, (400, 600), strict=True)
    )


def text_width(text: str) -> float:
    """The width of a line of text in ems; letters of other scripts count as one."""
    advances = face().advances
    return sum(advances.get(ord(char), 1.0) for char in text)


def clipped(text: str, most: float) -> str:
    """The text, cut with … to at most that many ems."""
    if text_width(text) <= most:
        return text
    room, kept = most - text_width("…"), 0
    for char in text:
        room -= text_width(char)
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip() + "…"


def covers(text: str) -> bool:
    """Whether the packaged font has a glyph for every character that would be drawn."""
    if text.isascii():
        return True
    covered = face().advances
    return all(ord(char) in covered or char.isspace() for char in set(text))


def all_seen(letters: Iterable[str]) -> bool:
    """Whether each of these letters is seen by itself: none only joins, parts or turns others."""
    return not any(unicodedata.category(letter) in _UNSEEN and letter not in _BLANKS for letter in letters)


_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_BLANKS = " \t\r\n"


def letters_without_font(texts: Iterable[str], own: Theme) -> str:
    """The letters that neither the report's fonts nor the host's have: on paper they are boxes."""
    with set_in(own):
        covered = face().advances
    wanted = {
        ord(letter)
        for text in texts
        if not text.isascii()
        for letter in text
        if ord(letter) not in covered
        and letter.isprintable()
        and not letter.isspace()
        # Joiners and the like have no shape of their own.
        and unicodedata.category(letter) not in ("Cf", "Mn", "Cn", "Cs", "Co")
    }
    for path in _host_fonts():
        if not wanted:
            break
        wanted -= fontfile.letters(path)
    return "".join(chr(code) for code in sorted(wanted))


@cache
def _host_fonts() -> tuple[Path, ...]:
    families = [
        path
        for folder in _HOST_FONT_DIRS
        if Path(folder).is_dir()
        for path in Path(folder).rglob("*")
        if path.suffix.lower() in (".ttf", ".otf", ".ttc", ".otc")
    ]
    return tuple(sorted(families))


def _configuration(host_fonts: bool, cache_directory: str) -> str:
    directories = [str(font_directory()), *(_HOST_FONT_DIRS if host_fonts else ())]
    listed = "".join(f"<dir>{escape(directory)}</dir>" for directory in directories)
    return (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
        f"<fontconfig>{listed}<cachedir>{escape(cache_directory)}</cachedir></fontconfig>"
    )


@cache
def _workplace() -> tempfile.TemporaryDirectory[str]:
    """Holds fontconfig's files and its cache for as long as the process lives. A process that ends early may
    still be filling the cache beside (`pdf.warm_up`): that its folder is not empty then is nobody's business."""
    return tempfile.TemporaryDirectory(prefix="reportspec-fonts-", ignore_cleanup_errors=True)


@contextmanager
def packaged_fonts(host_fonts: bool = False) -> Iterator[None]:
    """While inside, fontconfig loads the packaged fonts only (or those first, then the host's).

    WeasyPrint reads fontconfig's settings when it is imported and whenever a
    `FontConfiguration` is made: both belong inside.
    """
    with _ENVIRONMENT:
        folder = Path(_workplace().name)
        folder.mkdir(exist_ok=True)  # a forked worker may outlive the parent that made it
        settings = folder / ("host.conf" if host_fonts else "packaged.conf")
        if not settings.exists():
            settings.write_text(_configuration(host_fonts, str(folder)), encoding="utf-8")
        before = os.environ.get("FONTCONFIG_FILE")
        os.environ["FONTCONFIG_FILE"] = str(settings)
        try:
            yield
        finally:
            if before is None:
                del os.environ["FONTCONFIG_FILE"]
            else:
                os.environ["FONTCONFIG_FILE"] = before
