"""Files: those of the package, temporary ones, and writing them whole: the old one stays, or the new one is there,
never a part of it."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path


def packaged(*names: str) -> Path:
    """A file or a folder that comes with the package, by the names that lead to it."""
    return Path(__file__).parent.joinpath(*names)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file by way of a temporary one beside it, with the rights and the owner that it has. A link stays one,
    and what it leads to is written; devices and pipes are written into. Raises OSError and leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = _status(path)
    if before is not None and _is_written_into(path, before):
        with path.open("wb") as file:
            file.write(data)
        return
    if path.is_symlink():
        path = path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
    # Made with the rights that the user's own files get, by the system: a umask is the process's, and
    # reading it means to be without one for a moment.
    part = _part_of(path, data, before)
    try:
        part.replace(path)
        _clear(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    finally:
        _UNFINISHED.discard(str(part))


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write several files that are not there, the last one last: first what is in all of them, by way of temporary ones
    beside each, then their names, one right after the other. Raises OSError, and FileExistsError with the path of one
    that is there, and leaves none."""
    parts: dict[Path, Path] = {}
    made: list[Path] = []
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            parts[path] = _part_of(path, data)
        for path, part in parts.items():
            if path.exists():
                raise FileExistsError(path)
            part.replace(path)
            made.append(path)
            _clear(path)
    except BaseException:
        for path in (*made, *parts.values()):
            with contextlib.suppress(OSError):
                path.unlink()
        raise
    finally:
        _UNFINISHED.difference_update(map(str, parts.values()))


def _status(path: Path) -> os.stat_result | None:
    """Of what stands behind a path, links followed; None where there is nothing."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _is_written_into(path: Path, status: os.stat_result) -> bool:
    """Whether what is there cannot be put in the place of another file: a device, a pipe, and what a process has open
    (`/dev/stdout`), whatever that is."""
    if stat.S_ISDIR(status.st_mode):
        return False
    named = str(path.readlink()) if path.is_symlink() else ""
    return not stat.S_ISREG(status.st_mode) or any(str(name).startswith(_OPEN_FILES) for name in (path, named))


_OPEN_FILES = ("/dev/std", "/dev/fd/", "/proc/")  # what a process has open, by names


def _part_of(path: Path, data: bytes, like: os.stat_result | None = None) -> Path:
    """A temporary file beside another one, with what that is to have, and the rights and the owner of one that is there
    (`like`). Raises OSError and leaves none."""
    part = path.parent / f".{path.name[:40]}.{os.urandom(4).hex()}{_PART}"
    handle = -1
    try:
        _UNFINISHED.add(str(part))
        mode = 0o666 if like is None else 0o600
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        if like is not None:
            _made_like(handle, like)
        with os.fdopen(handle, "wb") as file:
            handle = -1
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return part
    except BaseException:
        with contextlib.suppress(OSError):
            if handle >= 0:
                os.close(handle)
        with contextlib.suppress(OSError):
            part.unlink()
        _UNFINISHED.discard(str(part))
        raise


def _made_like(handle: int, like: os.stat_result) -> None:
    """Give an open file the owner and the rights of another, so far as the system lets us."""
    with contextlib.suppress(OSError, AttributeError):  # there are none on Windows
        if (like.st_uid, like.st_gid) != (os.getuid(), os.getgid()):
            os.fchown(handle, like.st_uid, like.st_gid)
    with contextlib.suppress(OSError, AttributeError):
        os.fchmod(handle, stat.S_IMODE(like.st_mode) & 0o777)


_UNFINISHED: set[str] = set()  # the temporary files of this process that are there now


def remove_unfinished() -> None:
    """Remove what is being written: the process ends at once."""
    for name in list(_UNFINISHED):
        with contextlib.suppress(OSError):
            Path(name).unlink()
    for folder in list(_FOLDERS):
        remove_folder(folder)


_FOLDERS: dict[str, int | None] = {}  # the temporary folders of this process, with the locks on them
_PREFIX = "reportspec-"
_LOCK = ".running"  # in a folder: locked by the process that made it, and by nobody once that is gone
_DAYS = 2 * 86_400.0  # seconds after which nothing can still be running, where locks cannot tell


def temporary_folder(kind: str) -> str:
    """A folder that only this user can read, for as long as it is needed. Those of its kind that killed
    processes left behind are removed. Raises OSError."""
    folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}-")
    try:
        _FOLDERS[folder] = _locked(Path(folder))
        for left in Path(folder).parent.glob(f"{_PREFIX}{kind}-*"):
            if str(left) not in _FOLDERS:
                with contextlib.suppress(OSError):
                    _remove_left(left)
        return folder
    except BaseException:
        remove_folder(folder)
        raise


def _locked(folder: Path) -> int | None:
    """A lock in a folder, which the system gives up when the process ends, whatever ends it. None on
    systems without such locks."""
    handle = -1
    try:
        # Under its name it is there only locked: nobody is to find it open and think us gone.
        handle = os.open(folder / f"{_LOCK}.new", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        _lock(handle)
        (folder / f"{_LOCK}.new").rename(folder / _LOCK)
        return handle
    except BaseException as error:
        if handle >= 0:
            os.close(handle)
        if not isinstance(error, OSError):
            raise
        return None


def _lock(handle: int) -> None:
    """Lock a file for this process. Raises OSError while another has it, or where there are no locks."""
    try:
        import fcntl
    except ImportError:
        raise OSError from None
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_left(folder: Path) -> None:
    """Remove a folder of a process of this user that is gone: nobody holds its lock, or there is none
    and it is old. Raises OSError."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != getattr(os, "getuid", lambda: 0)():
        return
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        if time.time() - status.st_mtime > _DAYS:
            shutil.rmtree(folder, ignore_errors=True)
        return
    try:
        _lock(handle)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """While it lasts nobody else, in this process or another, is `alone` by the same file, which is made for its lock
    and stays. The lock goes with the process, whatever ends that; where a disk has no locks nobody waits. Raises
    OSError where the file cannot be made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with contextlib.suppress(OSError):
            while not try_lock(handle):
                time.sleep(_LOOK_AGAIN)
        yield
    finally:
        os.close(handle)


_LOOK_AGAIN = 0.01  # seconds


def try_lock(handle: int) -> bool:
    """Whether the lock on an open file is its own now, and not another's. Raises OSError where there are none."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # and nothing else: a disk without locks is not "another process"
        return False
    return True


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
    handle = _FOLDERS.pop(folder, None)
    if handle is not None:
        with contextlib.suppress(OSError):
            os.close(handle)


_PART = ".reportspec.part"  # as no other program's files end
_FORGOTTEN = 3600.0  # seconds after which nothing can still be writing


def _clear(path: Path) -> None:
    """Remove what processes of this user that were killed left behind in a file's folder, whatever they were writing:
    the file of a day, or of somebody who gets none any more, is not written again."""
    own = getattr(os, "getuid", lambda: 0)()
    for left in path.parent.glob(f".*{_PART}"):
        with contextlib.suppress(OSError):
            status = left.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_uid == own and time.time() - status.st_mtime > _FORGOTTEN:
                left.unlink()
