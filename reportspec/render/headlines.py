"""The title as a message and the lead, in the report's language and its way of writing figures."""

from __future__ import annotations

import re

from reportspec.languages import as_part, elided, in_parts
from reportspec.model.figures import Figures, Highlight, Section, Told
from reportspec.render.locale import Formats, apart, attainment, cell, change, is_number, money_decimals
from reportspec.render.sentences import sentence

_GAP = re.compile(r"\{(\w+)\}")
LONGEST_SUBJECT = 70
LONGEST_TITLE = 110  # letters, two lines; what else there is to say begins the lead then


def heading(figures: Figures, formats: Formats) -> str:
    """What stands largest: the author's title, else the message, else what the type is called."""
    if figures.titled:
        return figures.title
    return _message(figures, formats)[0] or figures.title


def subject(figures: Figures, formats: Formats) -> str:
    """What a mail with the report is called: its author's title, else the message without what got worse meanwhile, and
    the period. A message that is too long for lists of mails stands without its goals."""
    said = figures.headline.title
    title = figures.title
    if said and not figures.titled:
        goals = [_phrase(figures, one, formats) for one in said[1:] if one.kind.startswith("goal_")]
        main = _phrase(figures, said[0], formats)
        whole = ", ".join([main, *goals])
        title = whole if len(whole) <= LONGEST_SUBJECT else main
    return f"{title} · {figures.period.label}"


def lead(figures: Figures, formats: Formats) -> str:
    """The sentences under it: the message where the title is its author's, what the title has no room for, and
    what the figures answer besides."""
    message, left = _message(figures, formats)
    told = [f"{message}."] if figures.titled and message else []
    for one in figures.headline.lead:
        phrased = one.kind in formats.words["headline"] or one.kind.startswith("asked")
        told.append(f"{_large(_phrase(figures, one, formats))}." if phrased else sentence(figures, one, formats))
    return " ".join([*told, *([f"{left}."] if left else [])])


def section_heading(figures: Figures, section: Section, formats: Formats) -> tuple[str, str]:
    """What the heading of a section says, and what it is called where that is not the same; else nothing."""
    if section.message is None:
        return section.title, ""
    return _large(_phrase(figures, section.message, formats)), section.title


def heading_line(figures: Figures, section: Section, formats: Formats) -> str:
    """The same in one line of plain text."""
    return " · ".join(text for text in section_heading(figures, section, formats) if text)


def _large(text: str) -> str:
    return text[:1].upper() + text[1:]


def _message(figures: Figures, formats: Formats) -> tuple[str, str]:
    """The message, and the part of it that would make it too long."""
    said = figures.headline.title
    if not said:
        return "", ""
    main = _phrase(figures, said[0], formats)
    goals = [one for one in said[1:] if one.kind.startswith("goal_")]
    main = ", ".join([main, *(_phrase(figures, one, formats) for one in goals)])
    worse = [_phrase(figures, one, formats) for one in said[1:] if one not in goals]
    if not worse:
        return main, ""
    whole = in_parts(formats.language, (main, f"{as_part(formats.language, worse[0][:1])}{worse[0][1:]}"))
    return (whole, "") if figures.titled or len(whole) <= LONGEST_TITLE else (main, worse[0])


def _phrase(figures: Figures, one: Highlight, formats: Formats) -> str:
    """A phrase without a stop."""
    words = formats.words["headline"]
    asked = one.kind.startswith("asked")
    text = one.phrases["en"] if asked else str(words[one.kind])
    before = figures.compare.label if figures.compare else formats.word("previous")
    amounts = [told.value for _, told in one.values if told.column.unit == "currency"]
    places = money_decimals(formats, amounts, figures.currency) if amounts else None  # all alike
    values = {name: _written(formats, name, told, one, places) for name, told in one.values}
    values |= {"label": one.label, "then": before}
    said = elided(formats.language, _GAP.sub(lambda gap: values.get(gap[1], gap[0]), text))
    if asked and "total" in values:
        return str(words["of_total"]).format(said=said, total=values["total"])
    if one.kind == "asked_some":
        return str(words["and_more"]).format(said=said, more=values["more"])
    if asked and "before" in values:
        said = str(words["then"]).format(said=said, then=before, before=values["before"])
    return str(words["of_many"]).format(said=said, cases=values["cases"]) if asked and "cases" in values else said


def _written(formats: Formats, name: str, told: Told, one: Highlight, places: int | None) -> str:
    value, column = told.value, told.column
    if isinstance(value, str):
        return as_part(formats.language, value) if name == "dimension" else value
    if not is_number(value):
        return cell(formats, value, column, bare=False, decimals=places if column.unit == "currency" else None)
    if name == "by":  # without a sign, which the sentence has
        return change(formats, value, points=column.role == "difference").removeprefix("+")
    if name == "share":
        return attainment(formats, value)
    if name == "apart":
        return apart(formats, value, column, target=_written(formats, "target", _of(one, "target"), one, places))
    return cell(formats, value, column, bare=False, decimals=places if column.unit == "currency" else None)


def _of(one: Highlight, name: str) -> Told:
    return next(told for key, told in one.values if key == name)
