"""All files that a report is made from, and whether any of them is another one than it was.

Files are looked at again and again, by their times: that works on every system and over every network, and needs no
library. What a report is known to read is looked at ten times in a second; all else in the project's folder, where a
new file may be one that is read (a metric of its own, a month of an export), as often as costs no more than a
twentieth of one processor.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from reportspec.check.project import NAMES
from reportspec.preview.source_stamp import BESIDE, Stamp, stamp_of_file

PAUSE = 0.1  # seconds between two looks at what is known to be read
_SETTLED = 0.03  # seconds without another change, after which a file is taken as written
_LONGEST = 1.0  # seconds that are waited for that: a file may be written all the time, or be meant to be empty
_SHARE = 20  # of the time, what looking at the whole folder takes
_MOST = 50_000  # files of a folder; there are no more reports of one
_PASSED_OVER = frozenset({"node_modules", "__pycache__", "site-packages"})

_PASSING = (*BESIDE, "-shm", "~", ".tmp")  # ends of names of files that a database or an editor has for a while


class WatchedFiles:
    """The files of a report, and how they were when they were last looked at.

    One thread may look while another one tells what a report reads.
    """

    def __init__(self, spec: Path) -> None:
        self._spec = spec
        self._lock = threading.Lock()
        self._known: dict[Path, Stamp] = {}
        self._folder: Path | None = None
        self._tree: dict[str, list[int]] | None = None
        self._next_tree = 0.0
        self.reads((), None, time.time_ns())

    def reads(self, files: Iterable[Path], folder: Path | None, since: int) -> None:
        """Note which files and folders a report reads besides its spec and project, and the project's folder, where it
        was read from the instant `since` on, in nanoseconds: what was written later is found to be changed."""
        above = (parent / name for parent in self._spec.absolute().parents for name in NAMES)
        read = dict.fromkeys((self._spec.absolute(), *above, *(file.absolute() for file in files)))
        with self._lock:
            known: dict[Path, Stamp] = {}
            for path in read:
                stamp = self._known[path] if path in self._known else stamp_of_file(path)
                late = path not in self._known and stamp is not None and stamp[0] > since
                known[path] = (0, 0, 0) if late else stamp
            self._known = known
            if folder != self._folder:
                self._folder, self._tree, self._next_tree = folder, None, 0.0

    def changed(self) -> bool:
        """Whether any file is another one than when this was asked last, once it is written in whole."""
        with self._lock:  # which is not held while files are looked at: a report may be built meanwhile
            known, folder, tree = self._known, self._folder, self._tree
        now = {path: stamp_of_file(path) for path in known}
        changed = now != known
        if changed:
            now = _written(known, now)
            with self._lock:
                self._known = {
                    path: now[path] if path in now and stamp == known[path] else stamp
                    for path, stamp in self._known.items()
                }
        if folder is not None and time.monotonic() >= self._next_tree:
            since = time.process_time()
            found = {path: stamp for path, *stamp in _files_in(folder)}
            # What is known to be read was looked at: its change is not to be told twice.
            looked_at = {str(path) for path in known}
            rest = [{p: s for p, s in one.items() if p not in looked_at} for one in (found, tree or {})]
            changed |= tree is not None and rest[0] != rest[1]
            with self._lock:
                if folder == self._folder:
                    self._tree = found
                    self._next_tree = time.monotonic() + max(PAUSE, (time.process_time() - since) * _SHARE)
        return changed


def _written(known: dict[Path, Stamp], now: dict[Path, Stamp]) -> dict[Path, Stamp]:
    """How the files are once who saves them is done: an editor empties a file before it writes it, or moves it
    away, and what is read in between is a mistake that nobody made."""
    until = time.monotonic() + _LONGEST
    while time.monotonic() < until:
        time.sleep(_SETTLED)
        later = {path: stamp_of_file(path) for path in now}
        halfway = any(stamp != known[path] and not (stamp and stamp[1]) for path, stamp in later.items())
        if later == now and not halfway:
            break
        now = later
    return now


def _files_in(folder: Path) -> Iterator[tuple[str, int, int, int]]:
    """The files of a folder and those within it, with their times, sizes and numbers; nothing hidden, and no
    environments of Python."""
    folders, count = [str(folder)], 0
    while folders and count < _MOST:
        try:
            entries = list(os.scandir(folders.pop()))
        except OSError:
            continue
        if any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _PASSED_OVER or entry.name.endswith(_PASSING):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                    continue
                found = entry.stat()
            except OSError:
                continue
            count += 1
            yield entry.path, found.st_mtime_ns, found.st_size, found.st_ino
