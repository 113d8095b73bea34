"""Highlights as sentences in the report's language, with the counts behind them."""

from __future__ import annotations

from reportspec.languages import elided
from reportspec.model.figures import Figures, Highlight, Section, Told
from reportspec.render.locale import (
    Formats,
    apart,
    attainment,
    cell,
    is_number,
    number,
    percent,
    told_apart,
)


def sentences(figures: Figures, section: Section, formats: Formats) -> tuple[str, ...]:
    """What a section's highlights say, in its order."""
    return tuple(sentence(figures, highlight, formats) for highlight in section.highlights)


def sentence(figures: Figures, one: Highlight, formats: Formats) -> str:
    """One sentence. A metric's own wording goes before the general one."""
    phrase = one.phrases.get(formats.language) or (one.phrases.get("en") if formats.language == "en" else None)
    general = formats.words["highlights"]
    text = phrase or str(general[one.kind])
    words = _apart(one, formats)
    filled = text.format(label=one.label, period=figures.period.label, **words)
    counts_said = "{high}" in text and "{low}" in text and one.cases == ((_of(one, "low"), _of(one, "high")),)
    behind = "" if counts_said else _behind(one, formats)
    filled = elided(formats.language, filled[:1].upper() + filled[1:])
    return f"{filled} ({behind})." if behind else f"{filled.removesuffix('.')}."


def _apart(one: Highlight, formats: Formats) -> dict[str, str]:
    """The values as they are written; figures that differ have the digits that tell them apart."""
    values = dict(one.values)
    words = {name: _written(formats, each) for name, each in values.items()}
    high, low = values.get("high"), values.get("low")
    if high and low and high.column.unit == low.column.unit and words["high"] == words["low"]:
        texts = told_apart(formats, high.column, high.value, low.value, bare=False)
        words["high"], words["low"] = texts if texts[0] != texts[1] else (words["high"], words["low"])
    share_told = values.get("share")
    if share_told is not None and share_told.column.role == "difference" and is_number(share_told.value):
        words["share"] = apart(formats, share_told.value, share_told.column)
        return words
    share = values["share"].value if one.kind.startswith("goal_") and "share" in values else None
    if isinstance(share, (int, float)):
        words["share"] = attainment(formats, share, 0 if share >= 0.1 else 1)
    return words


def _written(formats: Formats, told: Told) -> str:
    column = told.column
    if isinstance(told.value, str):
        return told.value
    if column.unit == "percent" and isinstance(told.value, (int, float)):
        share = float(told.value)
        return percent(formats, share)  # as in the tables
    if column.unit == "multiple" and isinstance(told.value, (int, float)):
        return number(formats, told.value, 1 if told.value < 10 else 0)
    return cell(formats, told.value, column, bare=False)


def _of(one: Highlight, name: str) -> object:
    return next((value_told.value for key, value_told in one.values if key == name), None)


def _behind(one: Highlight, formats: Formats) -> str:
    """The counts: `34 of 200 against 6 of 198`."""
    texts = []
    for count, hits in one.cases:
        if hits is None:
            texts.append(number(formats, count))
        else:
            words = formats.words["highlights"]["of"]
            texts.append(str(words).format(number(formats, hits), number(formats, count)))
    if not texts:
        return ""
    joined = str(formats.words["highlights"]["and"]).join(texts)
    return str(formats.words["highlights"]["cases"]).format(joined)
