"""The library that draws Vega-Lite, which not every installation has: the extra `reportspec[vega-lite]`."""

from __future__ import annotations

from importlib.util import find_spec

MISSING = "charts in Vega-Lite need vl-convert, which is not installed"
WAY_OUT = 'pip install "reportspec[vega-lite]"'


def is_there() -> bool:
    """Whether charts in Vega-Lite can be checked and drawn here."""
    return find_spec("vl_convert") is not None
