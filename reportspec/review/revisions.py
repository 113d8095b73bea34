"""A project as a git revision has it, with the data that are here today: read by `git show`, nothing is checked out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from reportspec.check.project import find_project
from reportspec.diagnostics import Diagnostic
from reportspec.errors import ReportspecError
from reportspec.lazy_dataclass import dataclass

_YAML = (".yaml", ".yml")
_SMALL = 1_000_000  # bytes
_LINK, _MOST_LINKS = "120000 ", 8  # git's mode of a link; of links that lead to one another
_NEVER = (".git", ".reportspec", ".venv", "node_modules", "out")


class RevisionError(ReportspecError):
    """A file cannot be had as of a revision. Says why, and what to do."""

    code = "no-revision"


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A spec in a copy of its project as of a revision, which lies under `folder` as it does under `/`, in the
    repository `root`."""

    spec: Path
    revision: str
    folder: Path
    root: Path

    def called(self, text: str) -> str:
        """A text in which files of the copy have the names that people know them by."""
        laid = rf"(?:/|\.\./)[^\s`'\"]*?{re.escape(self.folder.name)}(?={re.escape(self.folder.anchor)})"
        inner = re.escape(f"{self.root.as_posix()}/")
        text = re.sub(f"{laid}{inner}", lambda _: f"{self.revision}:", text)
        return re.sub(laid, "", text)

    def told(self, one: Diagnostic) -> Diagnostic:
        """A diagnostic in these words."""
        span = replace(one.span, file=self.called(one.span.file)) if one.span is not None else None
        help, notes = self.called(one.help) if one.help else one.help, tuple(map(self.called, one.notes))
        return replace(one, message=self.called(one.message), help=help, notes=notes, span=span)


@contextmanager
def as_of(revision: str, spec: Path) -> Iterator[LaidOut]:
    """A spec in a copy of its project as of a revision: the project's YAML files (specs, mapping, catalogue) are those
    of then; all else, such as data, are links to what is here, also what lies beside the project and above it. Raises
    RevisionError."""
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
    listed = _git(root, "ls-tree", "-r", "-z", "--full-tree", revision, *_paths(inside)) or b""
    entries = [line.split("\t", 1) for line in listed.decode("utf-8", "surrogateescape").split("\0") if line]
    names = [PurePosixPath(name) for _, name in entries]
    links = {PurePosixPath(name) for facts, name in entries if facts.startswith(_LINK)}
    files = [name for name in names if name.suffix.lower() in _YAML]
    wanted = PurePosixPath((spec.parent.resolve() / spec.name).relative_to(root).as_posix())
    if wanted not in files:
        near = ", ".join(f"`{revision}:{name}`" for name in files if name.name == wanted.name)[:200]
        help = f"it may have had another name: {near}" if near else "name it by the path that it had then"
        raise RevisionError(f"revision `{revision}` has no `{wanted}`", help)
    with TemporaryDirectory(prefix="reportspec-") as made:
        base = Path(made).resolve()
        top = base / folder.relative_to(folder.anchor)
        top.mkdir(parents=True, exist_ok=True)
        for name in files:
            target = top / Path(*name.parts).relative_to(inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_text(root, revision, name, links))
        _link(folder, top)
        _link_around(folder, base)
        yield LaidOut(top / Path(*wanted.parts).relative_to(inside), revision, base, root)


def _text(root: Path, revision: str, name: PurePosixPath, links: Collection[PurePosixPath]) -> bytes:
    """What a revision has of a file, or of the file that a link leads to."""
    for _ in range(_MOST_LINKS):
        text = _git(root, "show", "--end-of-options", f"{revision}:{name}")
        if text is None:
            break
        if name not in links:
            return text
        target = os.path.normpath(root / name.parent / text.decode("utf-8", "surrogateescape"))
        if not Path(target).is_relative_to(root):
            raise RevisionError(
                f"`{revision}:{name}` is a link to `{target}`, outside of the git repository `{root}`, which has no"
                " revisions of it",
                "compare two files: `reportspec diff OLD.yaml NEW.yaml`",
            )
        name = PurePosixPath(Path(target).relative_to(root).as_posix())
    raise RevisionError(f"git does not give `{revision}:{name}`", "see what `git fsck` says of the repository")


def _link_around(folder: Path, base: Path) -> None:
    """Link what lies beside a project and beside the folders above it, where its paths may lead: `../data`."""
    while folder != folder.parent:
        mine, folder = folder.name, folder.parent
        there = base / folder.relative_to(folder.anchor)
        with suppress(OSError):  # what one may not look into no path of the project leads through
            for entry in folder.iterdir():
                if entry.name != mine and entry.resolve() != base:
                    (there / entry.name).symlink_to(entry)


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
