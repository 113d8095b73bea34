"""Regular expressions that are compiled when they are first asked: a command asks few of those that modules have."""

from __future__ import annotations

import re
from typing import Any, cast

_METHODS = ("match", "fullmatch", "search", "finditer", "findall", "split", "sub", "subn")


def lazy_pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` gives, to be asked for matches. A mistake in it shows when it is first asked."""
    return cast("re.Pattern[str]", _Lazy(text, flags))


class _Lazy:
    """Stands for a pattern; once it has been asked it has the pattern's own methods."""

    def __init__(self, text: str, flags: int) -> None:
        self._said = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what copies and the like look for
            raise AttributeError(name)
        pattern = re.compile(*self._said)
        for method in _METHODS:
            setattr(self, method, getattr(pattern, method))
        return getattr(pattern, name)
