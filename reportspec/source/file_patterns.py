"""Which files a pattern means, and what it matches besides that cannot be read. What is skipped in silence makes a
figure too small."""

from __future__ import annotations

import errno
import fnmatch
import os
import re
from contextlib import suppress
from pathlib import Path

from reportspec.lazy_dataclass import dataclass
from reportspec.source.regular import is_file, is_folder, no_file

_SIGNS = "*?["


@dataclass(frozen=True, slots=True)
class Unmet:
    """What a pattern leads to and is no file that can be read: what is told of it, and advised."""

    path: Path
    message: str
    help: str
    shut: bool = False  # a folder that cannot be listed


@dataclass(frozen=True, slots=True)
class Matched:
    """The files that a pattern matches, in the order of their paths, and what else it leads to."""

    files: tuple[Path, ...]
    unmet: tuple[Unmet, ...]


def is_pattern(text: str) -> bool:
    """Whether a path has a sign of a pattern."""
    return any(sign in text for sign in _SIGNS)


def matched(base: Path, pattern: str) -> Matched:
    """What a path or a pattern means, which is absolute or begins in the folder `base`. `**` stands for folders however
    deep; it does not go into links to folders, which may lead round, or to files that are read already."""
    given = Path(pattern)
    start = Path(given.anchor) if given.is_absolute() else base
    walk = _Walk(base)
    walk.follow(start, (given.parts[1:] if given.is_absolute() else given.parts) or (".",))
    return Matched(tuple(sorted(walk.files)), tuple(walk.unmet[path] for path in sorted(walk.unmet)))


class _Walk:
    """What one pattern finds, while it is found."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.files: set[Path] = set()
        self.unmet: dict[Path, Unmet] = {}

    def follow(self, folder: Path, parts: tuple[str, ...]) -> None:
        """Follow the parts of a pattern from a folder on."""
        part, rest = parts[0], parts[1:]
        if part == "**":
            self._however_deep(folder, rest or ("*",))
        elif is_pattern(part):
            fits = re.compile(fnmatch.translate(part), re.IGNORECASE if os.name == "nt" else 0).match
            for path in self._listed(folder):
                if fits(path.name):
                    self._found(path, rest)
        else:
            self._found(folder / part, rest)

    def _however_deep(self, top: Path, parts: tuple[str, ...]) -> None:
        entered, known, todo = [], [], [top]
        while todo:
            folder = todo.pop()
            entered.append(folder)
            for path in self._listed(folder):
                if not is_folder(path):
                    continue
                if not path.is_symlink():
                    todo.append(path)
                elif path.resolve().is_relative_to(top.resolve()):
                    known.append(path)
                else:
                    self._tell(
                        path,
                        "{} is a link to a folder, and `**` does not go into those",
                        "put the folder in the place of the link, or take the link away",
                    )
        for folder in entered:
            self.follow(folder, parts)
        for link in known:
            if link in self.unmet and not self.unmet[link].shut:
                del self.unmet[link]
        for folder in entered[1:]:  # one whose name matches was looked into, too
            inside = any(folder in file.parents for file in self.files)
            if folder in self.unmet and not self.unmet[folder].shut and (inside or not _holds_files(folder)):
                del self.unmet[folder]

    def _found(self, path: Path, rest: tuple[str, ...]) -> None:
        if rest and is_folder(path):
            self.follow(path, rest)
        elif not rest and is_file(path):
            self.files.add(path)
        elif not (rest and is_file(path)) and path not in self.unmet:
            unfit = no_file(path, self._shown(path))
            if unfit is not None:
                self.unmet[path] = Unmet(path, *unfit)

    def _listed(self, folder: Path) -> list[Path]:
        try:
            return [folder / name for name in sorted(os.listdir(folder))]  # noqa: PTH208 - the same in all Pythons
        except ValueError:
            return []
        except PermissionError:
            self._tell(folder, "you may not look into the folder {}", _RIGHTS, shut=True)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                why = (error.strerror or str(error)).lower()
                self._tell(folder, f"the folder {{}} cannot be read: {why}", "look whether it is there", shut=True)
        return []

    def _tell(self, path: Path, message: str, help: str, *, shut: bool = False) -> None:
        self.unmet[path] = Unmet(path, message.replace("{}", f"`{self._shown(path)}`"), help, shut)

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self.base)) if path.is_relative_to(self.base) else str(path)


_RIGHTS = "its rights do not let this user in: have them changed, or name other files"


def _holds_files(folder: Path) -> bool:
    with suppress(OSError):
        return any(files for _, _, files in os.walk(folder))
    return True
