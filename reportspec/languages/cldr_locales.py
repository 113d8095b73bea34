"""Locales as Babel knows them, each with what it says itself.

What a locale does not say it has from the one above it, at last from the root of all, in tables that Babel shares
among them; where such a table refers to another, the first locale that is asked writes its own answer into it, for all
that are asked later: in a program that has written Japanese months, July would be `7月` in Spanish.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from babel import Locale
from babel.localedata import LocaleDataDict, load

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 32  # of locales that are kept, with the tables that were read of them


@lru_cache(maxsize=_MOST)
def parsed(name: str) -> Locale:
    """The locale of a name (`pt_PT`). Raises what Babel does of one that there is not."""
    found = Locale.parse(name)
    found.__dict__[_DATA] = _Own(load(found.__dict__[_NAME]))
    return found


# Where Babel keeps a locale's tables, and which it has.
_DATA, _NAME = "_Locale__data", "_Locale__data_identifier"


class _Own(LocaleDataDict):
    """A table of a locale that keeps to itself what its references come to. They are followed through tables like it,
    so that what they lead to has its own references followed."""

    def __init__(self, data: Any, base: Mapping[Any, Any] | None = None) -> None:
        super().__init__(data.copy(), self if base is None else base)

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        if type(value) is LocaleDataDict:
            value = self._data[key] = _Own(value._data, self.base)
        return value
