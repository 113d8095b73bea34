"""The folder that a form with a file for each table is written into, and what an earlier build left in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from reportspec.files import write_whole

_LIST = ".reportspec.json"  # in the folder: the files that were written into it, with what they held
_NUMBERED = re.compile(r"[0-9]{2,}-.+\.csv")


class FolderOfTables:
    """The files of one report in a folder. Of an earlier build that had more of them, the rest would stand among
    these: what it wrote, and nobody has changed since, is removed; whatever else is there is left alone."""

    def __init__(self, folder: Path, files: Mapping[str, bytes]) -> None:
        self.folder, self.files = folder, files
        self._digests = {name: sha256(data).hexdigest() for name, data in files.items()}
        self._earlier = {name: digest for name, digest in _listed(folder).items() if name not in files}

    def write(self) -> None:
        """Write the files, and remove those of an earlier build. Raises OSError."""
        # The list first, so that a build that is broken off leaves none that nobody knows.
        self._keep({**self._earlier, **self._digests})
        for name, data in self.files.items():
            write_whole(self.folder / name, data)
        kept = {name: digest for name, digest in self._earlier.items() if not self._removed(name, digest)}
        if kept != self._earlier:
            self._keep({**kept, **self._digests})

    @property
    def others(self) -> list[str]:
        """Files that are named as these, and belong to no build that is known."""
        with suppress(OSError):
            names = sorted(path.name for path in self.folder.iterdir())
            return [name for name in names if _NUMBERED.fullmatch(name) and name not in self.files]
        return []

    def _removed(self, name: str, digest: str) -> bool:
        """Whether a file of an earlier build is gone now."""
        path = self.folder / name
        try:
            if path.is_symlink() or sha256(path.read_bytes()).hexdigest() != digest:
                return False
            path.unlink()
        except FileNotFoundError:
            pass
        except OSError:
            return False
        return True

    def _keep(self, digests: Mapping[str, str]) -> None:
        write_whole(self.folder / _LIST, json.dumps(digests, indent=1, ensure_ascii=False).encode())


def _listed(folder: Path) -> dict[str, str]:
    """What earlier builds wrote into a folder, as far as it is known; names that lead out of it are none."""
    try:
        found = json.loads((folder / _LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        name: digest
        for name, digest in found.items()
        if _NUMBERED.fullmatch(name) and "/" not in name and "\\" not in name and isinstance(digest, str)
    }
