"""Figures in the texts of a report: what stands between `{{` and `}}` in its title, and in the titles, notes and
texts of its sections. Names of figures only; nothing is computed."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from reportspec.check.deliver_texts import OF_METRIC, TEMPLATE
from reportspec.check.when import lost_with_others, tiles_of, told_apart
from reportspec.diagnostics import suggestion
from reportspec.model.spec import SectionSpec
from reportspec.resolve.document import Document, Place
from reportspec.resolve.params import PROSE

FIGURES = "metrics."


def figures_named(
    document: Document, data: Mapping[str, Any], sections: Sequence[SectionSpec], metrics: Container[str]
) -> frozenset[str]:
    """The names of figures in a report's texts, each of which is one of a tile; others are told, and of those that are
    `metrics` how they come into one."""
    found, shown = set(), set(tiles_of(sections))
    for text, place in _texts(document.data):
        for name in TEMPLATE.findall(text):
            if name.startswith(FIGURES) and _is_known(document, data, name, place, shown, metrics):
                rest = name.removeprefix(FIGURES)
                told_apart(document, sections, rest if rest in shown else rest.rpartition(".")[0], place, name)
                found.add(name)
    return frozenset(found)


def _texts(data: Any) -> Iterator[tuple[str, Place]]:
    """The report's texts as they are written, and where each stands."""
    if not isinstance(data, dict):
        return
    holders: list[tuple[Mapping[str, Any], Place, tuple[str, ...]]] = [(data, (), ("title",))]
    for index, section in enumerate(data.get("sections") or ()):
        if isinstance(section, dict):
            holders.append((section, ("sections", index), PROSE))
    for holder, path, keys in holders:
        for key in keys:
            value = holder.get(key)
            if isinstance(value, str):
                yield value, (*path, key)
            elif isinstance(value, dict):
                yield from ((str(text), (*path, key, language)) for language, text in value.items())


def _is_known(
    document: Document, data: Mapping[str, Any], name: str, place: Place, shown: set[str], metrics: Container[str]
) -> bool:
    """Whether a name is that of a figure in a tile, or of what the tile says of it."""
    rest = name.removeprefix(FIGURES)
    metric, _, part = rest.rpartition(".")
    if rest in shown or (metric in shown and part in OF_METRIC):
        return True
    if lost_with_others(document, data, shown, metric if part in OF_METRIC else rest):
        return False
    known = [*sorted(shown), *(f"{one}.{part}" for one in sorted(shown) for part in OF_METRIC)]
    figure = metric if part in OF_METRIC else rest
    near: str | None = suggestion(rest, known)
    if figure in metrics and metric not in shown:  # no misspelt one: it only stands in no tile
        near = f"only figures that are shown can be named: add it to `metrics`, or a section `kpis: [{figure}]`"
    if metric in shown:
        near = suggestion(part, OF_METRIC) or f"a figure has {', '.join(f'`.{one}`' for one in OF_METRIC)}"
    message = f"`{figure[:60]}` is in no tile of this report"
    if metric in shown:
        message = f"`{part[:60]}` is nothing that a figure has"
    document.tell("unknown-metric", message, place, near or "add it to `metrics`, or to a section `kpis`", part=name)
    return False
