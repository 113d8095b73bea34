"""Which files are the specs that are meant, and what the files made of them are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import click

from reportspec.lazy_pattern import lazy_pattern


def spec_files(paths: Iterable[Path]) -> list[Path]:
    """The spec files that are meant: those named, and all YAML files of folders but project
    and mapping files."""
    from reportspec.source.file_patterns import matched
    from reportspec.source.regular import is_yaml

    specs: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            met = matched(path, "**/*")
            for unmet in met.unmet:
                if unmet.shut and not _hidden(unmet.path.relative_to(path)):
                    raise click.UsageError(f"{path}: {unmet.message}, where specs may be; {unmet.help}")
            entries = sorted({*met.files, *(unmet.path for unmet in met.unmet)})
            inside = [p for p in entries if is_yaml(p) and not _hidden(p.relative_to(path)) and is_spec(p)]
            if not inside:
                raise click.UsageError(f"the folder `{path}` has no spec")
            specs.update(dict.fromkeys(inside))
        else:
            specs[path] = None
    return list(specs)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


_WORD = lazy_pattern(r"(?:-\s+)?[\"']?(\w+)")  # that begins a line: a key, perhaps one whose colon is forgotten
_DEFINED = lazy_pattern(r"^[ \t]*-[ \t]+metric[ \t]*:", re.MULTILINE)
_OF_SPECS = {"report", "sections", "period", "for_each", "deliver"}
_OF_OTHERS = {"report_type", "entity", "entities"}  # mappings and files of the catalogue


def is_spec(path: Path) -> bool:
    """Whether a file of a folder is a spec, also a broken one, by the keys that begin its lines. What cannot be read
    or has nothing in it may have been one: it is told, not passed over."""
    from reportspec.check.project import NAMES
    from reportspec.source.read import LARGEST
    from reportspec.source.regular import read_regular

    if path.name in NAMES or path.is_dir():
        return False
    try:
        text = read_regular(path, LARGEST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return True
    keys = {match[1].lower() for line in text.splitlines() if (match := _WORD.match(line))}
    if keys & _OF_OTHERS:
        return False
    # A list of `metrics` without a version, or one that says what they are, is of the catalogue.
    named = {"version", "metrics"} <= keys and not _DEFINED.search(text)
    return not keys or named or bool(keys & _OF_SPECS)


def output_names(specs: list[Path]) -> dict[Path, str]:
    """What the files of each spec are called; specs of the same name keep their folders apart."""
    stems: dict[str, list[Path]] = {}
    for spec in specs:
        stems.setdefault(spec.stem, []).append(spec)
    names = {}
    for stem, same in stems.items():
        for spec in same:
            names[spec] = (
                stem if len(same) == 1 else "-".join([*spec.parent.parts[-2:], stem]).replace("/", "").replace("..", "")
            )
    if len(set(names.values())) < len(names):
        names = {spec: f"{i + 1}-{spec.stem}" for i, spec in enumerate(specs)}
    return names
