"""Which connection a source is read by."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from reportspec.databases import database_of
from reportspec.errors import SourceError
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import Connection, Wanted


def connect(source: SourceSpec, wanted: Wanted) -> Connection:
    """A session over a source. Raises SourceError."""
    if source.kind == "url":
        raise SourceError("unsupported-source", f"`{source.label}` cannot be read")
    module, _, name = database_of(source.kind).opener.partition(":")
    opener: Callable[[SourceSpec, Wanted], Connection] = getattr(import_module(module), name)
    return opener(source, wanted)
