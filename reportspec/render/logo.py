"""The theme's logo as a `data:` address; a drawing that could do more than draw is refused."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

from reportspec.errors import RenderError
from reportspec.model.figures import LARGEST_LOGO, Theme

_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}

# What a still drawing is made of. `use` is left out: nested, it grows without bound.
_STRUCTURE = {
    "svg",
    "g",
    "defs",
    "title",
    "desc",
    "metadata",
    "symbol",
    "style",
    "clipPath",
    "mask",
}
_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"}
_SVG_ELEMENTS = _STRUCTURE | _SHAPES | {"linearGradient", "radialGradient", "stop"}
_REFERENCE = re.compile(r"url\s*\(\s*['\"]?\s*(?!#)|@import|javascript:|expression\s*\(", re.I)


def logo_address(theme: Theme) -> str | None:
    """A `data:` address of the logo, or None. Raises `RenderError` if it is not safe to draw."""
    if theme.logo is None:
        return None
    kind = (theme.logo_type or "").lower()
    if len(theme.logo) > LARGEST_LOGO:
        raise RenderError(f"theme: the logo has {len(theme.logo):,} bytes; the most is {LARGEST_LOGO:,}")
    if kind == "image/svg+xml":
        _check_svg(theme.logo)
    elif kind not in _SIGNATURES:
        raise RenderError(f"theme: the logo is {kind or 'of no type'}; use PNG, JPEG or SVG")
    elif not theme.logo.startswith(_SIGNATURES[kind]):
        raise RenderError(f"theme: the logo is not the {kind} that it says it is")
    return f"data:{kind};base64,{base64.b64encode(theme.logo).decode('ascii')}"


def _check_svg(content: bytes) -> None:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"<?xml-stylesheet" in content:
        raise RenderError("theme: the SVG logo has a document type or style sheet declaration")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise RenderError(f"theme: the SVG logo cannot be read: {error}") from error
    for element in root.iter():
        name = str(element.tag)
        if name.startswith("{") and not name.startswith("{http://www.w3.org/2000/svg}"):
            continue  # notes of drawing programs, which are not drawn
        name = name.rpartition("}")[2]
        if name not in _SVG_ELEMENTS:
            raise RenderError(f"theme: the SVG logo has a <{name}>, which is not allowed")
        if element.text and _REFERENCE.search(element.text):
            raise RenderError("theme: the SVG logo refers to something outside itself")
        for attribute, value in element.attrib.items():
            local = attribute.rpartition("}")[2].lower()
            outside = local == "href" and not value.startswith("#")
            if local.startswith("on") or outside or _REFERENCE.search(value):
                raise RenderError(f"theme: the SVG logo's `{local}` is not allowed")
