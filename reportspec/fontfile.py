"""Font files: whether one can be used, and what it says of its letters."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

_LARGEST = 10_000_000  # bytes
_NEEDED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:;%()+-/"
_NO_EMBEDDING = 0x0002  # of OS/2's fsType: restricted licence


@lru_cache(maxsize=4)
def unfit(data: bytes) -> str | None:
    """Why a font cannot be used (`is variable`), or None if it can."""
    if len(data) > _LARGEST:
        return f"has {len(data):,} bytes; the most is {_LARGEST:,}"
    from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]

    try:
        with TTFont(io.BytesIO(data)) as font:
            letters = font.getBestCmap() or {}
            variable, rights = "fvar" in font, font["OS/2"].fsType
            _ = font["hmtx"].metrics, font["head"].unitsPerEm
    except (TTLibError, KeyError, AssertionError, ValueError, OverflowError, OSError):
        return "cannot be read"
    except Exception:  # a font is a program of tables: what a broken one raises is anyone's guess
        return "cannot be read"
    if variable:
        return "is variable"
    if rights & _NO_EMBEDDING:
        return "may not be embedded, by its own licence"
    missing = [letter for letter in _NEEDED if ord(letter) not in letters]
    return f"lacks `{missing[0]}`" if missing else None


@lru_cache(maxsize=4)
def advances(data: bytes) -> dict[int, float]:
    """The width of each character that the font has, in ems."""
    from fontTools.ttLib import TTFont

    with TTFont(io.BytesIO(data), lazy=True) as font:
        units, metrics = font["head"].unitsPerEm, font["hmtx"].metrics
        return {code: metrics[name][0] / units for code, name in font.getBestCmap().items()}


@lru_cache(maxsize=1024)
def letters(path: Path) -> frozenset[int]:
    """The characters that a font file of the host has; none where it cannot be read."""
    from fontTools.ttLib import TTCollection, TTFont

    try:
        if path.suffix.lower() in (".ttc", ".otc"):
            with path.open("rb") as file, TTCollection(file, lazy=True) as collection:
                return frozenset(collection.fonts[0].getBestCmap() or ())
        with path.open("rb") as file, TTFont(file, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except Exception:  # what a broken font raises is anyone's guess, and it is not ours
        return frozenset()


def media_type(data: bytes) -> str:
    """`font/otf` for outlines of PostScript's kind, else `font/ttf`."""
    return "font/otf" if data.startswith(b"OTTO") else "font/ttf"
