"""What tells one state of a source from another without asking it: its files' times, sizes and numbers."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable
from dataclasses import replace
from pathlib import Path

from reportspec.model.settings import SourceSpec

# Beside a database's file stands what was written last.
BESIDE = (".wal", "-wal", "-journal")
Stamp = tuple[int, int, int] | None
_TICK = 0.02  # seconds in which a file may be written twice with one time


def source_files(source: SourceSpec) -> tuple[Path, ...]:
    """The files that hold a source's data; none of the demo, nor of a server."""
    if source.kind == "files":
        return tuple(Path(path) for spec in source.files.values() for path in spec.paths)
    if source.database is not None and source.database.local == "file" and source.path:
        return tuple(Path(f"{source.path}{ending}") for ending in ("", *BESIDE))
    return ()


def stamp_of(source: SourceSpec) -> Hashable | None:
    """The state that a source's files are in; None where only asking would tell, as of a server."""
    if source.kind == "demo":
        return ()
    files = source_files(source)
    if not files:
        return None
    stamps = stamps_of(files)
    if time.time_ns() - max((stamp[0] for stamp in stamps if stamp is not None), default=0) < _TICK * 1e9:
        time.sleep(_TICK)  # what is written now may have the time of what was read before
        stamps = stamps_of(files)
    return stamps


def stamps_of(files: Iterable[Path]) -> tuple[Stamp, ...]:
    """The stamp of each file; None of one that is empty beside a database, which comes and goes when that is read."""
    found = ((file, stamp_of_file(file)) for file in files)
    return tuple(stamp if stamp and (stamp[1] or not file.name.endswith(BESIDE)) else None for file, stamp in found)


def stamp_of_file(path: Path) -> Stamp:
    """When a file was written, its size and its number; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def identity(source: SourceSpec) -> Hashable:
    """Which source it is, and how its files are read, wherever the project's file says so."""
    files = tuple((name, replace(spec, span=None)) for name, spec in source.files.items())
    return source.kind, source.path, files
