"""What tests keep of an earlier run, to be seen when it changes: the one way in which all of them do it.

A test that asks for the fixture `golden` holds what it found against a file. `make snapshots` runs these tests with
`--approve`, which keeps what they found, and then shows by git what that changed; run as a program, this module
does the showing. Whoever commits the change has read it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent

# Every file that is kept so lies here: a test of another place would change what `make snapshots` does not show.
PLACES = (
    "docs/catalogue.md",
    "docs/troubleshooting.md",
    "docs/entities.md",
    "docs/keys.md",
    "tests/bad_data/messages",
    "tests/bad_specs",
    "tests/dialects/golden",
    "tests/pictures/approved",
)


@dataclass(frozen=True)
class Golden:
    """Holds what a test found against what is kept, or (`approve`) keeps it."""

    approve: bool

    def text(self, found: str, file: Path) -> None:
        """The file has exactly this text."""
        if self.approve:
            self.keep(found.encode("utf-8"), file)
        assert file.is_file(), f"{_named(file)} is not there: `make snapshots` makes it"
        assert found == file.read_text(encoding="utf-8"), f"{_named(file)}: `make snapshots` shows what changed"

    def only(self, names: Collection[str], folder: Path, pattern: str) -> None:
        """The files of that pattern are those of the names, one each."""
        if self.approve:
            for path in folder.glob(pattern):
                if path.stem not in names:
                    _within(path).unlink()
        assert sorted(path.stem for path in folder.glob(pattern)) == sorted(names)

    def keep(self, data: bytes, file: Path) -> None:
        """Write a file; one that has these bytes already stays as it is."""
        _within(file).parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_bytes() != data:
            file.write_bytes(data)


def _named(file: Path) -> str:
    """The file as one would call it in the checkout."""
    return file.relative_to(CHECKOUT).as_posix() if file.is_relative_to(CHECKOUT) else str(file)


def _within(file: Path) -> Path:
    """The file. It is a mistake of the test if it lies where nobody would be shown it."""
    name = _named(file)
    assert any(name == place or name.startswith(f"{place}/") for place in PLACES), f"{name} is in none of PLACES"
    return file


def show() -> int:
    """Print how the files differ from what is committed: the texts line by line, the pictures by their names."""
    new = _git("ls-files", "--others", "--exclude-standard").splitlines()
    names = [*_git("diff", "HEAD", "--name-only", "--no-renames").splitlines(), *new]
    pictures = [name for name in names if name.endswith(".png")]
    if not names:
        print("Nothing changed.")
        return 0
    print(_git("diff", "HEAD", "--stat"), _git("diff", "HEAD", without=":!*.png"), sep="\n")
    for title, some in (("New", new), ("Look at these pictures", pictures)):
        if some:
            print(f"{title}:", *some, sep="\n  ")
    return 0


def _git(*words: str, without: str = "") -> str:
    """What git says of PLACES."""
    command = ["git", *words, "--", *PLACES, *([without] if without else [])]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, encoding="utf-8", check=True).stdout


if __name__ == "__main__":
    sys.exit(show())
