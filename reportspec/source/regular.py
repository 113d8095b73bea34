"""Files that a project names: regular ones only, opened without waiting, read up to a size; and what of
them must lie in the project's folder."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


class Unfit(OSError):
    """A file that is not read; `reason` goes into a sentence: it is a folder, it is too large."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def is_yaml(path: Path) -> bool:
    """Whether a file is YAML by its name."""
    return path.suffix.lower() in (".yaml", ".yml")


def is_file(path: Path) -> bool:
    """Whether there is a file; a name that cannot be one's is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder; a name that cannot be one's is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def no_file(path: Path, name: str) -> tuple[str, str] | None:
    """What is told, and advised, of what stands at a path and is no file that can be read; None where nothing does.
    `name` is what people call it."""
    try:
        mode = path.stat().st_mode
    except ValueError:
        return None
    except OSError as error:
        return _out_of_reach(path, name, error)
    if stat.S_ISDIR(mode):
        return f"`{name}` is a folder", f"name the files in it, such as `{name.rstrip('/')}/*.csv`"
    if stat.S_ISREG(mode):
        return None
    return (
        f"`{name}` is a pipe or a device, and files are read more than once",
        "write what comes from it into a file, and name that",
    )


def _out_of_reach(path: Path, name: str, error: OSError) -> tuple[str, str] | None:
    if error.errno == errno.ELOOP:
        return f"`{name}` is a link that leads to itself", "have it lead to a file, or take it away"
    if isinstance(error, PermissionError):
        return f"`{name}` cannot be reached: a folder on its way does not let this user in", "have its rights changed"
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        if not path.is_symlink():
            return None
        return f"`{name}` is a link to a file that is not there", "bring that file back, or take the link away"
    if error.errno == errno.ENAMETOOLONG:
        return None
    return f"`{name}` cannot be read: {(error.strerror or str(error)).lower()}", "look whether it is all there"


def read_regular(path: Path, most: int) -> bytes:
    """The bytes of a regular file, of which one more than `most` are read at most. A pipe or a device is
    never waited for. Raises `Unfit`, and `OSError` where there is none or it cannot be read."""
    if "\0" in str(path):
        raise Unfit("has a NUL character in its name")
    handle = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    )
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(str(path))
        if not stat.S_ISREG(mode):
            raise Unfit("is no regular file but a pipe or a device")
        return file.read(most + 1)


def read_inside(root: Path, name: str, most: int) -> bytes:
    """The bytes of a file that must lie in the project's folder, also where links lead, and have at most
    that many bytes. Raises `Unfit` and `OSError`."""
    if "\0" in name:
        raise Unfit("has a NUL character in its name")
    try:
        path = (root / name).resolve()
    except RuntimeError:  # links in a circle
        raise Unfit("is a link that leads to itself") from None
    if not path.is_relative_to(root.resolve()):
        raise Unfit("lies outside the project's folder")
    data = read_regular(path, most)
    if len(data) > most:
        raise Unfit(f"is larger than {most // 1024:,} KiB")
    return data
