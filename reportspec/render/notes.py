"""Footnotes as a page has them: numbered as they are met, and what is said of several figures once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reportspec.languages import in_parts
from reportspec.lazy_pattern import lazy_pattern
from reportspec.model.figures import Column, Figures, Remark, Section
from reportspec.render.locale import Formats

if TYPE_CHECKING:
    from reportspec.render.page import SectionView

_AFTER_NAME = lazy_pattern(r"[ \u00a0\u202f]?: |, ")  # `…: 2 deals left out`, `…, to be checked: …`


def numbered(views: Sequence[SectionView], remarks: Mapping[str, Remark], formats: Formats) -> list[SectionView]:
    """The sections with their footnotes numbered as they are met on the page, those of one kind as one."""
    texts = {number: text for view in views for number, text in view.footnotes}
    order = dict.fromkeys(number for view in views for number in _met(view) if number in texts)
    place, said = _said_once(texts, list(order), _labels(view.section for view in views), remarks)
    place, said = _of_one_kind(place, said, texts, remarks, formats)

    def renumbered(numbers: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted({place[number] for number in numbers if number in place}))

    made = []
    for view in views:
        table = view.table
        if table is not None:
            heads = tuple(replace(head, footnotes=renumbered(head.footnotes)) for head in table.headings)
            table = replace(table, headings=heads)
        rows = tuple(tuple(replace(t, footnotes=renumbered(t.footnotes)) for t in row) for row in view.tile_rows)
        section = replace(view.section, footnotes=renumbered(view.section.footnotes))
        notes = tuple((at, said.pop(at)) for at in renumbered(tuple(n for n, _ in view.footnotes)) if at in said)
        made.append(replace(view, section=section, table=table, tile_rows=rows, footnotes=notes))
    return made


def told_together(figures: Figures, formats: Formats) -> Figures:
    """The figures with the footnotes of one kind as one, for the forms that have all that there is of each section."""
    texts = dict(enumerate(figures.footnotes, 1))
    place, said = _said_once(texts, list(texts), _labels(figures.sections), figures.remarks)
    place, said = _of_one_kind(place, said, texts, figures.remarks, formats)

    def renumbered(numbers: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted({place[number] for number in numbers}))

    def column(one: Column) -> Column:
        return replace(one, footnotes=renumbered(one.footnotes))

    sections = tuple(
        replace(
            section,
            columns=tuple(map(column, section.columns)),
            kpis=tuple(replace(kpi, column=column(kpi.column)) for kpi in section.kpis),
            footnotes=renumbered(section.footnotes),
        )
        for section in figures.sections
    )
    return replace(figures, sections=sections, footnotes=tuple(said[number] for number in sorted(said)))


def _labels(sections: Iterable[Section]) -> list[str]:
    """What figures are called, the longest names first."""
    columns = (column for one in sections for column in (*one.columns, *(kpi.column for kpi in one.kpis)))
    return sorted({column.label for column in columns if column.label}, key=lambda label: (-len(label), label))


def _said_once(
    texts: Mapping[int, str], order: Sequence[int], labels: Sequence[str], remarks: Mapping[str, Remark]
) -> tuple[dict[int, int], dict[int, str]]:
    """Footnotes that say the same of several figures as one, which names them all: the new number of each, and the
    texts by these. What is said of a figure otherwise than before, in a section with other rows, stays by itself."""
    place: dict[int, int] = {}
    names: dict[int, list[str]] = {}
    of_texts: dict[str, int] = {}
    told: dict[tuple[str, str, str], str] = {}
    for note in order:
        text, remark = texts[note], remarks.get(texts[note])
        apart = remark is not None and told.setdefault(_about(remark), remark.what) != remark.what
        named = (one for one in labels if text.startswith(one) and _AFTER_NAME.match(text, len(one)))
        name = "" if apart else next(named, "")
        rest = text[len(name) :]
        at = of_texts.setdefault(rest if name else text, len(of_texts) + 1)
        place[note] = at
        names.setdefault(at, [])
        if name and name not in names[at]:
            names[at].append(name)
    return place, {at: ", ".join(names[at]) + rest for rest, at in of_texts.items()}


def _about(remark: Remark) -> tuple[str, str, str]:
    """What a remark is about, of which there is one in sections with the same rows."""
    return remark.kind, remark.of, remark.subject


def _of_one_kind(
    place: Mapping[int, int],
    said: Mapping[int, str],
    texts: Mapping[int, str],
    remarks: Mapping[str, Remark],
    formats: Formats,
) -> tuple[dict[int, int], dict[int, str]]:
    """Footnotes of one kind as one, where there are several: what all of them say once, with what each says of its
    figures. What is said of a figure otherwise than before stays by itself: it is of a section with other rows, where
    its number stands. The new number of each, and the texts by these."""
    of_number: dict[int, list[Remark | None]] = {}
    for note, at in place.items():
        of_number.setdefault(at, []).append(remarks.get(texts[note]))
    kinds: dict[str, dict[int, list[Remark]]] = {}
    told: dict[tuple[str, str, str], str] = {}
    for at, found in of_number.items():
        alike = [one for one in found if one is not None]
        if len(alike) < len(found) or any(told.get(_about(one), one.what) != one.what for one in alike):
            continue
        told |= {_about(one): one.what for one in alike}
        kinds.setdefault(alike[0].kind, {})[at] = alike
    first, merged = dict[int, int](), dict[int, str]()
    for kind, numbers in kinds.items():
        if len(numbers) < 2:
            continue
        subjects: dict[str, dict[str, None]] = {}
        for one in (one for alike in numbers.values() for one in alike):
            subjects.setdefault(one.what, {})[one.subject] = None
        words = formats.words["together"]
        parts = [str(words["part"]).format(", ".join(names), what) for what, names in subjects.items()]
        merged[min(numbers)] = str(words[kind]).format(in_parts(formats.language, parts))
        first |= dict.fromkeys(numbers, min(numbers))
    kept = [at for at in said if first.get(at, at) == at]
    renumbered = {old: new for new, old in enumerate(kept, 1)}
    return (
        {note: renumbered[first.get(at, at)] for note, at in place.items()},
        {renumbered[at]: merged.get(at, said[at]) for at in kept},
    )


def notes_last(views: Sequence[SectionView]) -> tuple[list[SectionView], tuple[tuple[int, str], ...]]:
    """The sections without their footnotes, and these, which stand on the last page: what is read before the figures of
    the first one is their answer."""
    notes = sorted({note for view in views for note in view.footnotes})
    return [replace(view, footnotes=()) for view in views], tuple(notes)


def _met(view: SectionView) -> tuple[int, ...]:
    """The numbers of a section's footnotes as a reader meets them: at its heading, in its tiles, in the heads of its
    table, and below it those that nothing points at, as of what a drawing shows."""
    heads = view.table.headings if view.table is not None else ()
    tiles = (tile for row in view.tile_rows for tile in row)
    of_parts = (*(tile.footnotes for tile in tiles), *(head.footnotes for head in heads))
    below = (number for number, _ in view.footnotes)
    return (*view.section.footnotes, *(number for numbers in of_parts for number in numbers), *below)
