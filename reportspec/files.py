"""Writing files whole: the old one stays, or the new one is there, never a part of it."""

from __future__ import annotations

import atexit
import contextlib
import glob
import os
import shutil
import tempfile
import time
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file by way of a temporary one beside it. Raises OSError and leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent)
    _UNFINISHED.add(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
        _clear(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    finally:
        _UNFINISHED.discard(name)


_UNFINISHED: set[str] = set()  # the temporary files of this process that are there now


def remove_unfinished() -> None:
    """Remove what is being written: the process ends at once."""
    for name in list(_UNFINISHED):
        with contextlib.suppress(OSError):
            Path(name).unlink()
    for folder in list(_FOLDERS):
        remove_folder(folder)


_FOLDERS: set[str] = set()  # the temporary folders of this process
_PREFIX = "reportspec-"
_DAYS = 2 * 86_400.0  # seconds after which nothing can still be running


def temporary_folder(kind: str) -> str:
    """A folder that only this user can read, for as long as it is needed. Those of its kind that killed
    processes left behind are removed. Raises OSError."""
    made = tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}-")
    _FOLDERS.add(made)
    for left in Path(made).parent.glob(f"{_PREFIX}{kind}-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _DAYS:
                shutil.rmtree(left, ignore_errors=True)
    return made


def keep_together() -> None:
    """All temporary files of this program and of those that it starts lie in one folder, which goes with
    it. Only for a process that is ours alone."""
    with contextlib.suppress(OSError):
        folder = temporary_folder("run")
        atexit.register(remove_folder, folder)
        tempfile.tempdir = os.environ["TMPDIR"] = folder


def remove_folder(folder: str) -> None:
    """Remove a temporary folder with what is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    _FOLDERS.discard(folder)


_FORGOTTEN = 3600.0  # seconds after which no build can still be writing


def _clear(path: Path) -> None:
    """Remove what killed builds of the same file left behind."""
    for left in path.parent.glob(f".{glob.escape(path.name[:40])}.*.part"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _FORGOTTEN:
                left.unlink()
