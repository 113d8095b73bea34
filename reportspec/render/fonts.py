"""The report's own typeface, so that output does not depend on the host's fonts.

Open Sans covers Latin, Greek and Cyrillic. A report with other scripts also sees the fonts of
the host, as a fallback behind Open Sans: without them those letters would be empty boxes.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from xml.sax.saxutils import escape

FAMILY = "Open Sans"

# Where systems keep fonts; places that do not exist are skipped by fontconfig.
_HOST_FONT_DIRS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
)

_ENVIRONMENT = threading.Lock()


def font_directory() -> Path:
    """The folder of the packaged static TTF files."""
    return Path(str(files("ttf_opensans").joinpath("ttf")))


@cache
def _advances() -> dict[int, float]:
    """The width of each character that the font has, in ems."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(font_directory() / "OpenSans-Regular.ttf", lazy=True) as font:
        units, metrics = font["head"].unitsPerEm, font["hmtx"].metrics
        return {code: metrics[name][0] / units for code, name in font.getBestCmap().items()}


def text_width(text: str) -> float:
    """The width of a line of text in ems; letters of other scripts count as one."""
    advances = _advances()
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
    covered = _advances()
    return all(ord(char) in covered or char.isspace() for char in set(text))


def _configuration(host_fonts: bool, cache_directory: str) -> str:
    directories = [str(font_directory()), *(_HOST_FONT_DIRS if host_fonts else ())]
    listed = "".join(f"<dir>{escape(directory)}</dir>" for directory in directories)
    return (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
        f"<fontconfig>{listed}<cachedir>{escape(cache_directory)}</cachedir></fontconfig>"
    )


@cache
def _workplace() -> tempfile.TemporaryDirectory[str]:
    """Holds fontconfig's files and its cache for as long as the process lives."""
    return tempfile.TemporaryDirectory(prefix="reportspec-fonts-")


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
