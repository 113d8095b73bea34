"""Charts that users write in Vega-Lite, drawn by vl-convert.

It is a whole JavaScript engine of 84 MB, which only these charts need: the extra `reportspec[vega-lite]`.
"""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from typing import Any

from reportspec import vega_lite
from reportspec.errors import FormatError, RenderError
from reportspec.render.charts.svg import SIZE
from reportspec.render.fonts import FAMILY, font_directory
from reportspec.render.palette import MUTED, RULE

Spec = dict[str, object]

CONFIG: Spec = {
    "font": FAMILY,
    "aria": False,
    "view": {"stroke": None},
    "background": None,
    "axis": {
        "labelFontSize": SIZE,
        "labelColor": MUTED,
        "domain": False,
        "ticks": False,
        "gridColor": RULE,
        "gridWidth": 0.8,
    },
    "bar": {"cornerRadius": 1},
}

# The converter owns one JavaScript engine: its calls are taken one at a time.
_CONVERTER = threading.Lock()


def _vl_convert() -> Any:
    if not vega_lite.is_there():
        raise FormatError(vega_lite.MISSING, vega_lite.WAY_OUT)
    import vl_convert

    return vl_convert


@cache
def _register_fonts() -> None:
    _vl_convert().register_font_directory(str(font_directory()))


def svg_from(spec: Spec, language: str = "en-US") -> str:
    """The drawing, its numbers and dates as a language writes them, where d3 knows it. Raises
    `RenderError` if Vega-Lite refuses the spec or wants to load data, `FormatError` where it is not installed."""
    vl_convert = _vl_convert()
    with _CONVERTER:
        _register_fonts()
        try:
            svg = vl_convert.vegalite_to_svg(
                spec,
                vl_version="6.4",
                allowed_base_urls=[],
                show_warnings=False,
                **_locales(language),
            )
        except ValueError as error:
            first_line = str(error).strip().splitlines()[0][:300]
            raise RenderError(f"chart: Vega-Lite cannot draw it: {first_line}") from error
    if not isinstance(svg, str):
        raise TypeError("vl-convert gave no text")
    return svg


@lru_cache(maxsize=16)
def _locales(language: str) -> dict[str, Any]:
    """The locales of d3 that are nearest to a language; none where it has none."""
    vl_convert = _vl_convert()
    base = language.partition("-")[0]
    getters: dict[str, Any] = {
        "format_locale": vl_convert.get_format_locale,
        "time_format_locale": vl_convert.get_time_format_locale,
    }
    fields: dict[str, Any] = {}
    for key, get in getters.items():
        for name in (language, f"{base}-{base.upper()}"):
            try:
                fields[key] = get(name)
                break
            except ValueError:
                continue
    return fields
