"""The templates that pages are made of, and what every text goes through that is put into one."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING

from reportspec.languages.numbers import unbroken
from reportspec.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2 import Template as JinjaTemplate
    from markupsafe import Markup


def template(name: str, language: str) -> JinjaTemplate:
    """A template of pages, for texts in a language."""
    return _environment(language).get_template(f"{name}.html.j2")


@cache
def _environment(language: str) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reportspec.render"),
        autoescape=True,
        finalize=partial(kept_together, language),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["coded"] = coded
    return environment


# A sign before a currency's, between which lines may break otherwise.
_SIGNED = lazy_pattern("([-+\u2212])(?=[$\u00a2-\u00a5\u20a0-\u20cf])")
_JOINER = "\u2060"
_TAG = re.compile(r"(<style.*?</style>|<[^<>]*>)", re.DOTALL)


def kept_together(language: str, value: object) -> object:
    """What is put into a page: no line ends where the language keeps signs beside a word (`objectif : 5 %`), nor
    between the sign of an amount and its currency's (`−€5`). Of what
    is markup already only the words are gone through."""
    from markupsafe import Markup

    if not isinstance(value, str) or " " not in value:
        return value
    if not isinstance(value, Markup):
        return _held(language, value)
    parts = _TAG.split(value)  # texts and tags by turns
    return Markup("".join(part if at % 2 else _held(language, part) for at, part in enumerate(parts)))


def _held(language: str, text: str) -> str:
    if " " not in text.strip():  # an amount by itself is set unbroken
        return unbroken(language, text)
    return _SIGNED.sub(rf"\1{_JOINER}", unbroken(language, text))


def coded(text: str) -> Markup:
    """A text of the catalogue, whose names stand between backticks, as the page has them."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r'<span class="code">\1</span>', str(escape(text))))
