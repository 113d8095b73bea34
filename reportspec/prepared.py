"""Data of the package in the form in which Python keeps its modules: YAML takes fifty times as long to read.

What was made of a packaged file is kept beside it as compiled modules are: in `__pycache__`, or where the interpreter
is told to have that, under the same rights, and not at all where it is told to write none or may not. What is kept
holds for exactly the bytes that it was made of and the code that made it; whatever else lies there is made anew.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.util import cache_from_source, source_hash
from pathlib import Path
from typing import Any

from reportspec.files import packaged, write_whole

# What YAML becomes is also up to these.
_READERS = ("source/read.py", "source/tree.py")


def prepared(path: Path, text: bytes, make: Callable[[bytes, str], Any]) -> Any:
    """What `make`, a function of a module, makes of a text and its name: lists, dicts and plain values, which are the
    caller's own. It is kept for a path, which need not be a file's."""
    stamp = source_hash(text) + _code(make.__code__.co_filename) + make.__qualname__.encode()
    kept = _place(path)
    if kept is not None:
        with suppress(OSError, EOFError, ValueError, TypeError):
            made_of, data = marshal.loads(kept.read_bytes())
            if made_of == stamp:
                return data
    data = make(text, path.name)
    if kept is not None and not sys.dont_write_bytecode:
        with suppress(OSError):
            write_whole(kept, marshal.dumps((stamp, data)))
    return data


def _place(path: Path) -> Path | None:
    """Where what was made is kept; None where this Python keeps nothing."""
    try:
        return Path(cache_from_source(str(path), optimization=""))
    except NotImplementedError:
        return None


@lru_cache(maxsize=8)
def _code(file: str) -> bytes:
    """What the code is known by that makes data: that of a module, and of the reader of YAML."""
    return b"".join(source_hash(each.read_bytes()) for each in (Path(file), *map(packaged, _READERS)))
