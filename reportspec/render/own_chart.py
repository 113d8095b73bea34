"""A section's own Vega-Lite chart over the section's rows, in the report's type and colours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reportspec.model.figures import Cell, Chart, Section
from reportspec.render.charts.svg import WIDTH
from reportspec.render.locale import Formats, is_number
from reportspec.render.palette import INK, MUTED, Palette
from reportspec.render.vega import CONFIG, Spec, svg_from

HEIGHT = 180
_COMPOSED = ("hconcat", "vconcat", "concat", "repeat", "facet", "spec")
_WIDTH = re.compile(r'<svg[^>]*?\swidth="([0-9.]+)"')


def own_chart(section: Section, chart: Chart, formats: Formats, palette: Palette) -> str:
    """The drawing. Raises `RenderError` where Vega-Lite cannot draw it."""
    titles = {column.name: column.label for column in section.columns}
    labels = section.row_labels
    rows: list[Spec] = []
    for index, row in enumerate(section.rows):
        values = {
            column.name: formats.not_available if value is None and column.role == "dimension" else _plain(value)
            for column, value in zip(section.columns, row, strict=True)
        }
        if len(labels) == len(section.rows):
            values["period_label"] = labels[index]
        rows.append(values)
    specification = _escaped(dict(chart.vega_lite or {}), titles)
    size: Spec = {}
    if not any(key in specification for key in _COMPOSED):
        size = {
            "width": WIDTH,
            "height": HEIGHT,
            "autosize": {"type": "fit", "contains": "padding"},
        }
    config = specification.get("config")
    spec: Spec = {
        **size,
        **specification,
        "data": {"values": rows},
        "config": {**_config(palette), **(config if isinstance(config, dict) else {})},
    }
    return _as_wide_as_it_is(svg_from(spec, formats.language_tag))


def _config(palette: Palette) -> Spec:
    axis = CONFIG["axis"]
    assert isinstance(axis, dict)
    return {
        **CONFIG,
        "axis": {**axis, "titleColor": MUTED, "titleFontSize": 10, "titleFontWeight": "normal"},
        "legend": {"labelColor": INK, "titleColor": MUTED, "titleFontWeight": "normal"},
        "title": {"color": INK, "fontSize": 11, "anchor": "start"},
        "range": {"category": list(palette.series)},
        "mark": {"color": palette.accent},
    }


def _escaped(part: Any, titles: Mapping[str, str]) -> Any:
    """Names of columns with dots, such as `user.name`, as Vega-Lite wants them: it would take the
    dot for a way into an object. Axes and legends without a title get the column's label."""
    if isinstance(part, dict):
        chart_made = {
            key: _field(value, titles) if key in ("field", "groupby", "sort") else _escaped(value, titles)
            for key, value in part.items()
        }
        channels = part.get("encoding")
        if isinstance(channels, dict):
            chart_made["encoding"] = {
                name: {"title": titles[str(channel["field"])], **chart_made["encoding"][name]}
                if isinstance(channel, dict) and str(channel.get("field")) in titles and not channel.get("aggregate")
                else chart_made["encoding"][name]
                for name, channel in channels.items()
            }
        return chart_made
    if isinstance(part, list):
        return [_escaped(value, titles) for value in part]
    return part


def _field(value: Any, titles: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return value.replace(".", "\\.") if value in titles else value
    if isinstance(value, list):
        return [_field(item, titles) for item in value]
    return _escaped(value, titles)


def _as_wide_as_it_is(svg: str) -> str:
    """A drawing narrower than the text is not blown up to its width."""
    match = _WIDTH.search(svg)
    share = min(float(match[1]) / WIDTH, 1.0) if match else 1.0
    return svg.replace("<svg", f'<svg style="width:{share * 100:.1f}%"', 1)


def _plain(value: Cell) -> object:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if is_number(value):
        return float(value)
    return value.isoformat() if hasattr(value, "isoformat") else None
