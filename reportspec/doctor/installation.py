"""The installation: Python, the libraries that make PDFs, fonts, time zones."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version

from reportspec.doctor.finding import Finding
from reportspec.version import __version__


def installation() -> Iterator[Finding]:
    """Python, the libraries that make PDFs, fonts, time zones."""
    yield Finding("ok", "reportspec", f"{__version__}, Python {platform.python_version()}")
    yield _sqlglot()
    try:
        from weasyprint.text.ffi import pango

        number = pango.pango_version()
        weasyprint_told = f"{version('weasyprint')}, Pango {number // 10000}.{number // 100 % 100}.{number % 100}"
        yield Finding("ok", "WeasyPrint", weasyprint_told)
    except OSError as error:
        yield Finding(
            "error",
            "WeasyPrint",
            str(error).splitlines()[0][:200],
            "install Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0 · dnf install pango · brew install pango",
        )
    yield _subsetter()
    yield _fonts()
    with suppress(Exception):
        yield Finding("ok", "charts in Vega-Lite", f"vl-convert {version('vl-convert-python')}")
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo("Europe/Rome")
        yield Finding("ok", "time zones", "known")
    except Exception:
        yield Finding("error", "time zones", "Python finds none", "pip install tzdata")


def _sqlglot() -> Finding:
    sqlglot_version = version("sqlglot")
    if sqlglot_version.startswith("30.30"):
        return Finding("ok", "sqlglot", sqlglot_version)
    return Finding(
        "warning", "sqlglot", f"{sqlglot_version}; the SQL was proven with 30.30", 'pip install "sqlglot[c]~=30.30"'
    )


def _subsetter() -> Finding:
    import ctypes

    for name in (
        "libharfbuzz-subset.so.0",
        "libharfbuzz-subset.dylib",
        "libharfbuzz-subset.0.dylib",
    ):
        with suppress(OSError):
            ctypes.CDLL(name)
            return Finding("ok", "harfbuzz-subset", "found")
    return Finding(
        "note",
        "harfbuzz-subset",
        "not found: PDFs come out the same, more slowly",
        "apt-get install libharfbuzz-subset0 · brew install harfbuzz",
    )


def _fonts() -> Finding:
    from reportspec.render.fonts import FAMILY, font_directory

    number = len(list(font_directory().glob("*.ttf")))
    if number:
        return Finding("ok", "fonts", f"{FAMILY}, {number} styles")
    return Finding("error", "fonts", f"{FAMILY} is not installed", "pip install --force-reinstall --no-deps reportspec")
