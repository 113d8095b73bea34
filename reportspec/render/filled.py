"""Figures in the texts of a report's author: `{{ metrics.close_rate }}` becomes what its tile says."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace

from reportspec.model.figures import Figures, Section
from reportspec.model.spec import Report, SectionSpec
from reportspec.render.locale import formats_for
from reportspec.render.tile_texts import kpis, named, of_kpi

_NAME = re.compile(r"\{\{\s*(metrics\.[^{}]*?)\s*\}\}")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~#&])")  # what Markdown would read as more than text
_Fill = Callable[[str], str]


def filled(report: Report, figures: Figures) -> Figures:
    """The figures with the texts of the spec filled: its title, and its sections' titles, notes and texts. Only names
    that the spec itself has are filled, each once; whatever a value looks like, it is a value."""
    if not report.figures_named:
        return figures
    fill = _filling(figures, report.figures_named)
    specs = {spec.id: spec for spec in report.sections}
    sections = tuple(
        _section(section, specs[section.id], fill) if section.id in specs else section for section in figures.sections
    )
    return replace(figures, title=fill(figures.title) if report.titled else figures.title, sections=sections)


def _filling(figures: Figures, names: Collection[str]) -> _Fill:
    tiles, formats = kpis(figures), formats_for(figures)

    def value(match: re.Match[str]) -> str:
        if match[1] not in names:
            return match[0]
        kpi, part = named(tiles, match[1].removeprefix("metrics."))
        return (of_kpi(kpi, part, formats) if kpi is not None else "") or formats.not_available

    return lambda text: _NAME.sub(value, text)


def _section(section: Section, spec: SectionSpec, fill: _Fill) -> Section:
    """A section whose own title, note and text are filled; what else is said of it is not its author's."""
    notes = tuple(fill(note) if note == spec.note else note for note in section.notes)
    title = fill(section.title) if section.title == spec.title else section.title
    text = _NAME.sub(
        lambda match: _MARKDOWN.sub(r"\\\1", fill(match[0])) if fill(match[0]) != match[0] else match[0], section.text
    )
    return replace(section, title=title, notes=notes, text=text)
