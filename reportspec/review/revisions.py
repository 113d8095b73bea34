"""A project as a git revision has it, with the data that are here today: read by `git show`, nothing is checked out."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from reportspec.check.project import find_project
from reportspec.errors import ReportspecError

_YAML = (".yaml", ".yml")
_SMALL = 1_000_000  # bytes
_NEVER = (".git", ".reportspec", ".venv", "node_modules", "out")


class RevisionError(ReportspecError):
    """A file cannot be had as of a revision. Says why, and what to do."""

    code = "no-revision"


@contextmanager
def as_of(revision: str, spec: Path) -> Iterator[Path]:
    """A spec's path in a copy of its project as of a revision: the project's YAML files (specs, mapping, catalogue) are
    those of then; all else, such as data, are links to what is here. Raises RevisionError."""
    spec = Path.cwd() / spec
    root = _root(spec)
    if _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}") is None:
        raise RevisionError(
            f"there is no revision `{revision}` in this git repository",
            "name a branch, a tag or a commit; a shallow clone has few: `git fetch --unshallow`",
        )
    place = find_project(spec)
    if place is not None and not place.is_relative_to(root):
        raise RevisionError(
            f"the project file `{place}` lies outside of the git repository `{root}`, which has no revisions of it",
            "compare two files: `reportspec diff OLD.yaml NEW.yaml`",
        )
    folder = place.parent if place is not None else spec.parent.resolve()
    inside = folder.relative_to(root)
    listed = _git(root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", revision, *_paths(inside)) or b""
    names = [PurePosixPath(name) for name in listed.decode("utf-8", "surrogateescape").split("\0") if name]
    files = [name for name in names if name.suffix.lower() in _YAML]
    wanted = PurePosixPath((spec.parent.resolve() / spec.name).relative_to(root).as_posix())
    if wanted not in files:
        near = ", ".join(f"`{revision}:{name}`" for name in files if name.name == wanted.name)[:200]
        help = f"it may have had another name: {near}" if near else "name it by the path that it had then"
        raise RevisionError(f"revision `{revision}` has no `{wanted}`", help)
    with TemporaryDirectory(prefix="reportspec-") as made:
        top = Path(made) / "project"
        for name in files:
            text = _git(root, "show", "--end-of-options", f"{revision}:{name}")
            target = top / Path(*name.parts).relative_to(inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                raise RevisionError(
                    f"git does not give `{revision}:{name}`", "see what `git fsck` says of the repository"
                )
            target.write_bytes(text)
        _link(folder, top)
        yield top / Path(*wanted.parts).relative_to(inside)


def _paths(inside: Path) -> list[str]:
    return ["--", inside.as_posix()] if inside.parts else []


def _root(spec: Path) -> Path:
    """The repository that a path lies in."""
    folder = next((one for one in spec.parents if one.is_dir()), Path.cwd())
    if shutil.which("git") is None:
        raise RevisionError("there is no `git` here", "install git, or compare two files")
    found = _git(folder, "rev-parse", "--show-toplevel")
    if found is None:
        raise RevisionError(
            f"`{folder}` is in no git repository, so that there are no revisions",
            "compare two files: `reportspec diff OLD.yaml NEW.yaml`",
        )
    return Path(found.decode("utf-8", "surrogateescape").rstrip("\n")).resolve()


def _git(folder: Path, *args: str) -> bytes | None:
    """What git says; None where it fails. No hook or pager of the repository is run."""
    asked = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", "--no-pager", *args]
    done = subprocess.run(asked, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return done.stdout if done.returncode == 0 else None


def _link(here: Path, there: Path) -> None:
    """Link what is beside the YAML files of a project into its copy."""
    there.mkdir(parents=True, exist_ok=True)
    for entry in sorted(here.iterdir()):
        target = there / entry.name
        if entry.name in _NEVER:
            continue
        if entry.is_dir() and (target.is_dir() or _has_yaml(entry)):
            _link(entry, target)
        elif not target.exists() and not (entry.is_file() and entry.suffix.lower() in _YAML):
            if entry.is_file() and entry.stat().st_size <= _SMALL:  # what has to lie in the folder, such as a logo
                shutil.copyfile(entry, target)
            else:
                target.symlink_to(entry.resolve())


def _has_yaml(folder: Path) -> bool:
    return any(one.suffix.lower() in _YAML for one in folder.iterdir() if one.is_file())
