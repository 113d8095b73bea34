"""A user's file while it is checked: its data, and where each part of it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reportspec.diagnostics import Diagnostic, Span
from reportspec.schema import check_schema
from reportspec.source import Node, locate, plain, read_yaml_file

Place = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """One YAML file: plain data, the tree with its spans, and what was found wrong so far."""

    file: str
    text: str
    node: Node | None
    data: Any
    problems: list[Diagnostic] = field(default_factory=list)

    def span(self, path: Place, key: bool = False) -> Span | None:
        """Where a part of the file stands."""
        return locate(self.node, path, key) if self.node is not None else None

    def tell(self, code: str, message: str, path: Place, help: str | None = None, *,
             notes: tuple[str, ...] = (), key: bool = False, warning: bool = False) -> None:  # fmt: skip
        """Note a mistake at a place in the file."""
        severity = "warning" if warning else "error"
        self.problems.append(Diagnostic(code, message, self.span(path, key), help, notes, severity))  # type: ignore[arg-type]

    @property
    def broken(self) -> bool:
        """Whether any error was found (warnings do not count)."""
        return any(problem.severity == "error" for problem in self.problems)


def open_document(path: Path, schema: str, name: str | None = None) -> Document:
    """The file, read and held against its schema."""
    node, problems, text = read_yaml_file(path, name)
    document = Document(
        name or str(path), text, node, plain(node) if node is not None else None, list(problems)
    )
    if node is not None:
        document.problems += check_schema(node, schema)
    return document
