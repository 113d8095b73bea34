"""A section's own Vega-Lite chart: what it draws is there, and nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reportspec import vega_lite
from reportspec.diagnostics import suggestion
from reportspec.resolve.document import Document, Place

_MARKS = (
    "arc",
    "area",
    "bar",
    "boxplot",
    "circle",
    "errorband",
    "errorbar",
    "line",
    "point",
    "rect",
    "rule",
    "square",
    "text",
    "tick",
    "trail",
)
_CHANNELS = (
    "angle", "color", "column", "description", "detail", "facet", "fill", "fillOpacity", "href", "key", "latitude",
    "latitude2", "longitude", "longitude2", "opacity", "order", "radius", "radius2", "row", "shape", "size", "stroke",
    "strokeDash", "strokeOpacity", "strokeWidth", "text", "theta", "theta2", "tooltip", "url", "x", "x2", "xError",
    "xError2", "xOffset", "y", "y2", "yError", "yError2", "yOffset",
)  # fmt: skip
_AGGREGATES = (
    "argmax",
    "argmin",
    "average",
    "count",
    "distinct",
    "max",
    "mean",
    "median",
    "min",
    "missing",
    "product",
    "q1",
    "q3",
    "stderr",
    "stdev",
    "stdevp",
    "sum",
    "valid",
    "values",
    "variance",
    "variancep",
)

# Transforms whose results have names that only the data know.
_OPEN = ("pivot", "lookup", "flatten", "extent", "regression", "loess", "density", "quantile")


def own_chart(
    document: Document, spec: Mapping[str, Any], place: Place, columns: tuple[str, ...]
) -> dict[str, Any] | None:
    """The chart's spec without what the program sets itself, or None with the mistakes told.
    `columns` are the names of the section's columns."""
    problems_before = len(document.problems)
    parts = list(_walk(spec, place))
    chart = {
        "period_label",
        "key",
        "value",
        *columns,
        *(name for part, _ in parts for name in _made(part)),
    }
    free = any(isinstance(part, Mapping) and key in part for part, _ in parts for key in _OPEN)
    for part, at in parts:
        if not isinstance(part, Mapping):
            continue
        for key in ("data", "datasets"):
            if key in part:
                document.tell(
                    "chart-data",
                    "a chart draws its section's rows: it cannot bring data",
                    (*at, key),
                    "leave it out",
                    key=True,
                )
        mark = part.get("mark")
        kind = mark.get("type") if isinstance(mark, Mapping) else mark
        where: Place = (*at, "mark", "type") if isinstance(mark, Mapping) else (*at, "mark")
        _known(document, "mark", kind, _MARKS, where)
        _known(document, "aggregate", part.get("aggregate"), _AGGREGATES, (*at, "aggregate"))
        encoding = part.get("encoding")
        if isinstance(encoding, Mapping):
            for channel in encoding:
                _known(
                    document,
                    "channel",
                    channel,
                    _CHANNELS,
                    (*at, "encoding", str(channel)),
                    key=True,
                )
        for channel in ("url", "href"):
            if isinstance(encoding, Mapping) and channel in encoding:
                document.tell(
                    "chart-data",
                    f"a chart in a report has no `{channel}`",
                    (*at, "encoding", channel),
                    "leave it out",
                    key=True,
                )
        name = part.get("field")
        if isinstance(name, str) and not free and plain_name(name) not in chart:
            document.tell(
                "unknown-column",
                f"the section has no column `{name[:60]}`",
                (*at, "field"),
                suggestion(plain_name(name), chart) or f"it has {', '.join(columns)}",
            )
    if len(document.problems) > problems_before:
        return None
    keys = {key: value for key, value in spec.items() if key != "$schema"}
    if not vega_lite.is_there():
        document.tell("missing-library", vega_lite.MISSING, place, vega_lite.WAY_OUT, key=True, warning=True)
        return keys
    why = _refused(keys)
    if why is not None:
        document.tell(
            "bad-chart",
            f"Vega-Lite cannot draw this: {why}",
            place,
            "https://vega.github.io/vega-lite/docs/ describes the language",
            key=True,
        )
        return None
    return keys


def plain_name(field: str) -> str:
    """A column's name from how Vega-Lite writes it: `user\\.name` and `['user.name']` are one."""
    return field.replace("\\.", ".").removeprefix("['").removesuffix("']")


def _walk(part: Any, at: Place) -> Iterator[tuple[Any, Place]]:
    yield part, at
    if isinstance(part, Mapping):
        for key, value in part.items():
            yield from _walk(value, (*at, str(key)))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from _walk(value, (*at, index))


def _made(part: Any) -> list[str]:
    """The names that a transform gives to what it makes."""
    named = part.get("as") if isinstance(part, Mapping) else None
    return [str(name) for name in named] if isinstance(named, list) else [str(named)] if named else []


def _known(document: Document, what: str, name: Any, known: tuple[str, ...], at: Place, key: bool = False) -> None:
    if isinstance(name, str) and name not in known:
        document.tell(
            "bad-chart",
            f"Vega-Lite has no {what} `{name[:60]}`",
            at,
            suggestion(name, known) or f"there are {', '.join(known[:12])} …",
            key=key,
        )


def _refused(spec: Mapping[str, Any]) -> str | None:
    """Why the chart cannot be compiled, without drawing anything."""
    import vl_convert

    try:
        vl_convert.vegalite_to_vega({**spec, "data": {"values": []}}, vl_version="6.4", show_warnings=False)
    except ValueError as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        line = lines[1] if len(lines) > 1 else lines[0] if lines else "no reason given"
        return line.partition(": ")[2][:200] or line[:200]
    return None
