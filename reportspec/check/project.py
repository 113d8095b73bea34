"""The project file: where the data is, and the settings that specs share."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from reportspec.calendar import Fiscal
from reportspec.check.document import Document, Place
from reportspec.check.model import Project, SourceSpec
from reportspec.diagnostics import suggestion
from reportspec.figures import Theme
from reportspec.schema import check_schema
from reportspec.source import Mapping as MappingNode
from reportspec.source import Node, Scalar, Sequence, plain, read_yaml_file

NAME = "reportspec.yaml"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def find_project(spec: Path) -> Path | None:
    """The project file that a spec belongs to: the nearest above it."""
    for folder in spec.resolve().parents:
        candidate = folder / NAME
        if candidate.is_file():
            return candidate
    return None


def load_project(
    path: Path | None, environment: Mapping[str, str]
) -> tuple[Project | None, Document]:
    """The project, or None with the reasons in the document. Without a file it is the demo's."""
    if path is None:
        empty = Document("", "", None, {"version": 1})
        source = SourceSpec("demo", "demo CRM")
        return Project(
            Path.cwd(),
            "",
            source,
            "demo",
            "",
            "Europe/Rome",
            None,
            "en_US",
            "EUR",
            Fiscal(),
            Theme(),
        ), empty
    name = shown(path)
    node, problems, text = read_yaml_file(path, name)
    document = Document(name, text, node, None, list(problems))
    if node is None:
        return None, document
    node = _with_variables(node, environment, document)
    document.node, document.data = node, plain(node)
    document.problems += check_schema(node, "project")
    if document.broken:
        return None, document
    project = _project(document, path.parent)
    return (None if document.broken else project), document


def shown(path: Path) -> str:
    """A file's name for messages: as short as it can be from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return os.path.relpath(path) if len(os.path.relpath(path)) < len(str(path)) else str(path)


def _with_variables(
    node: Node, environment: Mapping[str, str], document: Document, path: Place = ()
) -> Node:
    """The tree with `${NAME}` and `${NAME:-default}` replaced from the environment."""
    if isinstance(node, MappingNode):
        entries = tuple(
            type(entry)(
                entry.key,
                _with_variables(entry.value, environment, document, (*path, entry.key.text)),
            )
            for entry in node.entries
        )
        return MappingNode(entries, node.span)
    if isinstance(node, Sequence):
        items = (
            _with_variables(item, environment, document, (*path, i))
            for i, item in enumerate(node.items)
        )
        return Sequence(tuple(items), node.span)
    if not isinstance(node.value, str) or "${" not in node.value:
        return node

    def replaced(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        if environment.get(name) or (name in environment and default is None):
            return environment[name]
        if default is None:
            document.tell("unset-variable", f"the environment has no variable `{name}`", path,
                          f"set it, or give a default: ${{{name}:-…}}")  # fmt: skip
        return default or ""

    return Scalar(_VARIABLE.sub(replaced, node.value), node.text, node.span, node.quoted)


def _project(document: Document, root: Path) -> Project:
    data = document.data
    zone = data.get("timezone", "UTC")
    for key in ("timezone", "source_timezone"):
        known_zone(document, data.get(key), (key,))
    locale = str(data.get("locale") or data.get("language") or "en_US").replace("-", "_")
    source = _source(document, data.get("source", "demo"), root)
    return Project(
        root=root,
        file=document.file,
        source=source,
        crm="demo" if source.kind == "demo" else data.get("crm", ""),
        mapping="" if source.kind == "demo" else data.get("mapping", ""),
        timezone=zone,
        source_timezone=data.get("source_timezone"),
        locale=locale,
        currency=data.get("currency", "EUR" if source.kind == "demo" else None),
        fiscal=Fiscal(int(data.get("fiscal_year_start", 1))),
        theme=_theme(document, data.get("theme") or {}, root),
    )


def known_zone(document: Document, name: Any, path: Place) -> bool:
    """Whether a time zone exists; the document is told if not."""
    if name is None:
        return True
    try:
        ZoneInfo(str(name))
        return True
    except (KeyError, ValueError, OSError):
        document.tell("unknown-timezone", f"there is no time zone `{str(name)[:60]}`", path,
                      suggestion(str(name), available_timezones()) or "write for example `Europe/Rome`")  # fmt: skip
        return False


def _theme(document: Document, data: Mapping[str, Any], root: Path) -> Theme:
    logo, kind = None, None
    if data.get("logo"):
        path = root / str(data["logo"])
        kind = {".svg": "image/svg+xml", ".png": "image/png"}.get(path.suffix.lower())
        if kind is None:
            document.tell("bad-logo", "a logo is an SVG or a PNG file", ("theme", "logo"))
        else:
            try:
                logo = path.read_bytes()
            except OSError:
                document.tell("file-not-found", f"there is no logo `{data['logo']}`; the report goes without",
                              ("theme", "logo"), warning=True)  # fmt: skip
    return Theme(
        data.get("accent", "#0b5fff"), data.get("paper", "A4"), logo, kind if logo else None
    )


def _source(document: Document, value: Any, root: Path) -> SourceSpec:
    span = document.span(("source",))
    if isinstance(value, dict):
        found = {}
        for table, patterns in value["files"].items():
            path: Place = ("source", "files", table)
            given = [patterns] if isinstance(patterns, str) else list(patterns)
            paths = [str(p) for pattern in given for p in _matching(root, str(pattern))]
            if not paths:
                near = _near(root, str(given[0]))
                document.tell("file-not-found", f"no file matches `{given[0]}`", path, near)
            found[table] = tuple(paths)
        return SourceSpec("files", f"{len(found)} files", files=found, span=span)
    text = str(value).strip()
    if text in ("demo", ""):
        return SourceSpec("demo", "demo CRM", span=span)
    if text.endswith((".duckdb", ".ddb")) or text.startswith("duckdb:"):
        name = re.sub(r"^duckdb:(///?)?", "", text)
        file = root / name
        if not file.is_file():
            document.tell(
                "file-not-found",
                f"there is no database file `{name}`",
                ("source",),
                _near(root, name),
            )
        return SourceSpec("duckdb", Path(name).name, path=str(file), span=span)
    if "://" in text:
        parts = urlsplit(text)
        if parts.scheme.partition("+")[0] in ("postgresql", "postgres"):
            label = f"{parts.hostname or 'local'}{parts.path}"
            return SourceSpec("postgres", label, path=text, span=span)
        document.tell("unsupported-source", f"databases of the kind `{parts.scheme}://` cannot be read yet", ("source",),
                      "use a `postgresql://` URL, `files:`, a `.duckdb` file or `demo`")  # fmt: skip
        return SourceSpec("url", parts.scheme, span=span)
    document.tell("unknown-source", "this is no source", ("source",),
                  "write `demo`, a `postgresql://` URL, the path of a `.duckdb` file, or `files:`")  # fmt: skip
    return SourceSpec("demo", "demo CRM", span=span)


def _matching(root: Path, pattern: str) -> list[Path]:
    path = Path(pattern)
    if path.is_absolute():
        base, rest = Path(path.anchor), str(path.relative_to(path.anchor))
    else:
        base, rest = root, pattern
        while rest.startswith("../"):
            base, rest = base / "..", rest[3:]
    if not any(character in rest for character in "*?["):
        return [base / rest] if (base / rest).is_file() else []
    return sorted(p for p in base.glob(rest) if p.is_file())


def _near(root: Path, pattern: str) -> str | None:
    path = root / pattern
    try:
        names = [p.name for p in path.parent.iterdir()]
    except OSError:
        return f"there is no folder `{Path(pattern).parent}` beside the project file"
    found = suggestion(path.name, names)
    return found or "paths start at the project file's folder"
