"""What an editor asks of the files of a project: mistakes, meanings, definitions, new names, and what may stand there.

Files are named by their paths; those that are open in the editor count as they stand there. Lines and columns are those
of spans, from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reportspec.building import Order, load
from reportspec.calendar.periods import ONE_DAY, RELATIVE, Fiscal, parse_period
from reportspec.check.project import find_project
from reportspec.diagnostics import Diagnostic, Edit, Span, lines_of
from reportspec.editing.completion import HERE, may_stand, readings
from reportspec.editing.formatting import schema_of
from reportspec.editing.schema_shape import Shape
from reportspec.editing.text_places import found_in
from reportspec.files import packaged
from reportspec.lazy_dataclass import dataclass
from reportspec.reference.bound_project import BoundProject, bound_project
from reportspec.reference.project_schema import (
    Known,
    about_field,
    about_metric,
    about_report,
    known_names,
    project_schema,
)
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.source import Mapping as MappingNode
from reportspec.source import Node, Scalar, Sequence, plain, read_yaml, read_yaml_file
from reportspec.source.read import reading_instead
from reportspec.source.regular import is_yaml

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_NEW_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PEOPLE = frozenset(  # keys of texts for people
    [
        "title",
        "subtitle",
        "note",
        "notes",
        "text",
        "label",
        "description",
        "subject",
        "body",
        "caveat",
        "question",
        "questions",
        "meaning",
        "remedy",
        "phrases",
        "sentences",
        "value_labels",
        "plural",
        "footer",
    ]
)
_VALUES = frozenset(  # keys of what the records have
    [
        "eq",
        "ne",
        "in",
        "not_in",
        "gt",
        "gte",
        "lt",
        "lte",
        "between",
        "contains",
        "starts_with",
        "ends_with",
        "targets",
        "values",
    ]
)
Step = str | int


class NotRenamed(Exception):
    """Why a name stays; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What may stand at a place, with what it means, and what it takes the place of; a `key` has a value behind it."""

    name: str
    means: str
    key: bool
    span: Span


@dataclass(slots=True)
class Documents:
    """The files of projects, as an editor has them open: `texts` are those of open files, by their resolved paths."""

    environment: Mapping[str, str]
    texts: dict[Path, str] = field(default_factory=dict)
    _bound: dict[Path, BoundProject] = field(default_factory=dict)
    _schemas: dict[tuple[Path, str], Mapping[str, Any]] = field(default_factory=dict)

    def opened(self, path: Path, text: str) -> None:
        """A file has this text in the editor."""
        self.texts[path.resolve()] = text
        self._forget(path)

    def closed(self, path: Path) -> None:
        """A file is what it is on disk."""
        self.texts.pop(path.resolve(), None)
        self._forget(path)

    def _forget(self, path: Path) -> None:
        """What was known of a project, unless only a spec of it has changed."""
        if not path.exists() or self._schema(path)[0] != "report":
            self._bound.clear()
            self._schemas.clear()

    def is_spec(self, path: Path) -> bool:
        """Whether a file is a spec, on which no other rests."""
        return self._schema(path)[0] == "report"

    def mistakes(self, path: Path) -> dict[Path, tuple[Diagnostic, ...]]:
        """What is wrong with a file, and with those that it rests on, by file."""
        found: dict[Path, list[Diagnostic]] = {path.resolve(): []}
        with reading_instead(self.texts):
            if self._schema(path)[0] == "report":
                told = load(path, Order(datetime.now(UTC), self.environment, clock=True)).diagnostics
            else:
                told = bound_project(self._project(path) or path.parent, self.environment).problems
        for each in told:
            file = Path(each.span.file).resolve() if each.span is not None else path.resolve()
            found.setdefault(file, []).append(each)
        return {file: tuple(dict.fromkeys(each)) for file, each in found.items()}

    def meaning(self, path: Path, line: int, column: int) -> tuple[str, Span] | None:
        """What stands at a place means, in Markdown, and where it stands."""
        word = self._word(path, line, column)
        binding = self._binding(path)
        if word is not None and binding is not None:
            name, span = word
            text = _about(name, binding)
            if text:
                return text, span
        found = self._place(path, line, column)
        if found is None:
            return None
        steps, scalar, _ = found
        said = self._shape(path, steps).means
        return (said, scalar.span) if said else None

    def definition(self, path: Path, line: int, column: int) -> Span | None:
        """Where the metric or the field at a place is defined: in the own catalogue, the mapping, or what ships."""
        word = self._word(path, line, column)
        binding = self._binding(path)
        if word is None or binding is None:
            return None
        name = word[0]
        bound = self._of(path)
        if name.partition(".")[0] in binding.catalogue.metrics:
            return self._metric(bound, name.partition(".")[0])
        owner = _field_of(name, binding)
        return self._field(bound, *owner) if owner is not None else None

    def renamable(self, path: Path, line: int, column: int) -> tuple[str, Span]:
        """The metric or the field of one's own at a place, by the part of its name that may be another, and where that
        stands. Raises NotRenamed."""
        word, binding = self._word(path, line, column), self._binding(path)
        if word is None or binding is None:
            raise NotRenamed("there is no name here")
        name, span = word
        metric, owner = name.partition(".")[0], _field_of(name, binding)
        if self._own_metric(self._of(path), metric) is not None:
            length = len(metric)
            return metric, Span(span.file, span.line, span.column, span.line, span.column + length)
        if owner is not None and owner[1] in binding.extra_fields.get(owner[0], {}):
            return owner[1], Span(span.file, span.line, span.end_column - len(owner[1]), span.line, span.end_column)
        raise NotRenamed("only metrics and fields of the project's own have other names")

    def renamed(self, path: Path, line: int, column: int, new: str) -> dict[Path, tuple[Edit, ...]]:
        """The edits that give a metric or a field of one's own another name, wherever it stands. Raises NotRenamed."""
        name, _ = self.renamable(path, line, column)
        if _NEW_NAME.fullmatch(new) is None:
            raise NotRenamed("names have small letters, digits and `_`")
        word, binding, bound = self._word(path, line, column), self._binding(path), self._of(path)
        assert word is not None
        assert binding is not None
        owner = _field_of(word[0], binding)
        if owner is None or self._own_metric(bound, name) is not None:
            if new in binding.catalogue.metrics:
                raise NotRenamed(f"there is a metric `{new}` already")
            edits = self._metric_edits(bound, name, new)
        else:
            if binding.field(owner[0], new) is not None:
                raise NotRenamed(f"`{owner[0]}` has a field `{new}` already")
            edits = self._field_edits(bound, owner[0], owner[1], new)
        self._need_same_mistakes(bound, edits)
        return edits

    def offers(self, path: Path, line: int, column: int) -> list[Offer]:
        """What may stand at a place, by the schema of the project; also while what is written there is no YAML yet."""
        text = self.text(path)
        lines = lines_of(text)
        if not 0 < line <= len(lines):
            return []
        before, after = lines[line - 1][: column - 1], lines[line - 1][column - 1 :]
        start = before[: len(before) - len(re.search(r"[\w.-]*$", before)[0])]  # type: ignore[index]
        rest = after[len(re.match(r"[\w.-]*", after)[0]) :]  # type: ignore[index]
        span = Span(str(path), line, len(start) + 1, line, len(lines[line - 1]) - len(rest) + 1)
        for node in readings(text, line, start, rest):
            found = _find(node, HERE)
            if found is not None and may_stand(start, found[1]):
                offered = self._offered(path, node, *found)
                return [Offer(name, means, key, span) for name, means, key in offered]
        return []

    def _offered(
        self, path: Path, node: Node, steps: tuple[Step, ...], is_key: bool
    ) -> Iterator[tuple[str, str, bool]]:
        shape, there = self._walked(path, node, steps[:-1])
        present = set(plain(there)) if isinstance(there, MappingNode) else set()
        if is_key or not steps or (isinstance(there, MappingNode) and HERE in present):
            yield from ((key, shape.of(key).means, True) for key in shape.order() if key not in present)
            return
        last = steps[-1]
        value = shape.item() if isinstance(last, int) else shape.of(last)
        yield from ((name, means, False) for name, means in value.values.items())
        if steps[0] in ("period", "compare"):
            yield from ((name, means, False) for name, means in self._periods(path, steps))
        yield from ((key, value.of(key).means, True) for key in value.order())

    def _periods(self, path: Path, steps: tuple[Step, ...]) -> Iterator[tuple[str, str]]:
        """The periods that have a name, each with its first and last day as of today."""
        in_list = steps[:1] == ("compare",) and len(steps) > 1 and isinstance(steps[1], int)
        if in_list or steps in (("compare",), ("compare", "period")):
            yield "previous_period", "The one before the report's, as long."
            yield "previous_year", "The same stretch, a year earlier."
            if steps == ("compare",):
                yield "none", "Nothing is compared."
        elif steps == ("period",):
            project = self._of(path).project
            fiscal, today = project.fiscal if project is not None else Fiscal(), datetime.now(UTC).date()
            for name in RELATIVE:
                period = parse_period(name, today, fiscal)
                yield name, f"{period.start} to {period.end - ONE_DAY}, as of {today}."

    # What is known of the project

    def _project(self, path: Path) -> Path | None:
        return find_project(path)

    def _of(self, path: Path) -> BoundProject:
        start = self._project(path) or path.resolve().parent
        if start not in self._bound:
            with reading_instead(self.texts):
                self._bound[start] = bound_project(start, self.environment)
        return self._bound[start]

    def _binding(self, path: Path) -> Binding | None:
        return self._of(path).binding

    def text(self, path: Path) -> str:
        """What a file has: in the editor, else on disk."""
        text = self.texts.get(path.resolve())
        return text if text is not None else read_yaml_file(path)[2]

    def _schema(self, path: Path) -> tuple[str, Node | None]:
        node, _ = read_yaml(self.text(path), str(path))
        return schema_of(path.name, plain(node) if node is not None else None), node

    def _shape(self, path: Path, steps: tuple[Step, ...]) -> Shape:
        _, node = self._schema(path)
        return self._walked(path, node, steps)[0]

    def _walked(self, path: Path, node: Node | None, steps: tuple[Step, ...]) -> tuple[Shape, Node | None]:
        """The shape of a place and what stands there."""
        name = schema_of(path.name, plain(node) if node is not None else None)
        root = self._project_schema(path, name)
        shape, at = Shape(root, root, _data(node)), node
        for step in steps:
            at = _child(at, step)
            shape = shape.item(_data(at)) if isinstance(step, int) else shape.of(step, _data(at))
        return shape, at

    def _project_schema(self, path: Path, name: str) -> Mapping[str, Any]:
        key = (self._project(path) or path.resolve().parent, name)
        if key not in self._schemas:
            bound = self._of(path)
            known = Known({}, {}, {})
            if bound.binding is not None and bound.project is not None:
                known = known_names(bound.binding, bound.project)
            self._schemas[key] = project_schema(name, known)
        return self._schemas[key]

    def _word(self, path: Path, line: int, column: int) -> tuple[str, Span] | None:
        """The dotted name at a place of a value or a key, up to the part in which the place is; not in comments."""
        found = self._place(path, line, column)
        if found is None:
            return None
        text = lines_of(self.text(path))[line - 1]
        match = next((m for m in _NAME.finditer(text) if m.start() < column <= m.end() + 1), None)
        if match is None:
            return None
        name = match[0].removeprefix("metrics.")
        start = match.end() - len(name)
        steps, _, is_key = found
        inner = [step for step in steps if isinstance(step, str)]
        if is_key and inner[:1] == ["entities"] and len(inner) == 4 and inner[2] == "fields":
            name = f"{inner[1]}.{name}"  # a field of a mapping, which stands there without its entity
        return name, Span(str(path), line, start + 1, line, match.end() + 1)

    def _place(self, path: Path, line: int, column: int) -> tuple[tuple[Step, ...], Scalar, bool] | None:
        """The way to the scalar at a place, and whether it is a key."""
        _, node = self._schema(path)
        if node is None:
            return None
        for steps, scalar, is_key in _scalars(node):
            span = scalar.span
            if (span.line, span.column) <= (line, column) <= (span.end_line, span.end_column):
                return steps, scalar, is_key
        return None

    # Where names are defined

    def _own_metric(self, bound: BoundProject, name: str) -> tuple[Path, Span] | None:
        for document in bound.own.documents["metrics"] if bound.own is not None else ():
            for steps, scalar, is_key in _scalars(document.node) if document.node is not None else ():
                if not is_key and steps[0] == "metrics" and steps[2:] == ("metric",) and scalar.value == name:
                    return Path(document.file), scalar.span
        return None

    def _metric(self, bound: BoundProject, name: str) -> Span | None:
        own = self._own_metric(bound, name)
        if own is not None:
            return own[1]
        return _line_in(packaged("catalogue", "metrics"), re.compile(rf"^\s*- (?:\{{)?metric: ({name})\b"))

    def _field(self, bound: BoundProject, entity: str, name: str) -> Span | None:
        for file in self._files(bound):
            kind, node = self._schema(file)
            if node is None or kind not in ("mapping", "entity"):
                continue
            for steps, scalar, is_key in _scalars(node):
                inside = steps in (("entities", entity, "fields", name), ("fields", name))
                if is_key and inside and (len(steps) == 4 or plain(node).get("entity") == entity):
                    return scalar.span
        return _line_in(packaged("catalogue", "entities"), re.compile(rf"^  ({name}):"), f"{entity}.yaml")

    def _files(self, bound: BoundProject) -> list[Path]:
        """The YAML files of a project but hidden ones; the mapping before all others."""
        project = bound.project
        if project is None:
            return []
        root = project.root
        written = {path for path in root.rglob("*") if is_yaml(path) and path.is_file()}
        resolved = {path.resolve() for path in written}
        new = (path for path in self.texts if path not in resolved and is_yaml(path) and root.resolve() in path.parents)
        inside = sorted({*written, *(root / path.relative_to(root.resolve()) for path in new)})
        shown = [path for path in inside if not any(part.startswith(".") for part in path.relative_to(root).parts)]
        return sorted(shown, key=lambda path: path.name != Path(project.mapping).name)

    # Other names

    def _metric_edits(self, bound: BoundProject, name: str, new: str) -> dict[Path, tuple[Edit, ...]]:
        named = re.compile(rf"(?<![\w.]){name}(?!\w)|(?<=metrics\.){name}(?!\w)")
        in_text = re.compile(rf"(?<=metrics\.){name}(?!\w)")
        edits = {}
        for file in self._files(bound):
            _, node = self._schema(file)
            found: list[Edit] = []
            for steps, scalar, is_key in _scalars(node) if node is not None else ():
                if self._names_metric(file, node, steps, scalar, is_key, name):
                    found += self._edits(file, steps, scalar, in_text if _in_text(steps, is_key) else named, new)
            if found:
                edits[file] = tuple(found)
        return edits

    def _names_metric(
        self, file: Path, node: Node | None, steps: tuple[Step, ...], scalar: Scalar, is_key: bool, name: str
    ) -> bool:
        """Whether a name that stands in a scalar is a metric's there: by the schema, or where formulas are."""
        if name not in scalar.text:
            return False
        last = steps[-1]
        if f"metrics.{name}" in scalar.text and not _is_value(steps):
            return True
        if is_key:
            return len(steps) >= 2 and steps[-2] in ("goals", "mark")
        if last in ("metric", "formula", "sort", "when", "headline"):
            return True
        root = self._marked(file, node)
        shape, at = Shape(root, root), node
        for step in steps:
            at = _child(at, step)
            shape = shape.item() if isinstance(step, int) else shape.of(step)
        return shape.names == "metric"

    def _marked(self, file: Path, node: Node | None) -> Mapping[str, Any]:
        from reportspec.schema_files import whole_schema

        return whole_schema(schema_of(file.name, plain(node) if node is not None else None))

    def _field_edits(self, bound: BoundProject, entity: str, name: str, new: str) -> dict[Path, tuple[Edit, ...]]:
        named = re.compile(rf"(?<![\w.])((?:\w+\.)*{entity}\.){name}(?![\w.])")
        edits = {}
        for file in self._files(bound):
            _, node = self._schema(file)
            found: list[Edit] = []
            for steps, scalar, is_key in _scalars(node) if node is not None else ():
                if is_key and steps == ("entities", entity, "fields", name):
                    found += self._edits(file, steps, scalar, re.compile(name), new)
                elif not is_key and not _is_value(steps):
                    found += self._edits(file, steps, scalar, named, new)
            if found:
                edits[file] = tuple(found)
        return edits

    def _edits(
        self, file: Path, steps: tuple[Step, ...], scalar: Scalar, named: re.Pattern[str], new: str
    ) -> Iterator[Edit]:
        templates = not _PEOPLE.isdisjoint(steps)
        for span in found_in(self.text(file), str(file), scalar, named, templates=templates):
            yield Edit(span, new, True)

    def _need_same_mistakes(self, bound: BoundProject, edits: Mapping[Path, tuple[Edit, ...]]) -> None:
        """Nothing, if specs and the own catalogue are as right with the edits as without. Raises NotRenamed."""
        from reportspec.edits import edited

        after = {**self.texts, **{file.resolve(): edited(self.text(file), made) for file, made in edits.items()}}
        specs = [file for file in self._files(bound) if self._schema(file)[0] == "report"]
        start = bound.file or (bound.project.root if bound.project is not None else Path())
        counts = []
        for texts in (self.texts, after):
            with reading_instead(texts):
                order = Order(datetime.now(UTC), self.environment, clock=True)
                told = [each for spec in specs for each in load(spec, order).diagnostics]
                told += bound_project(start, self.environment).problems
            counts.append(sum(each.severity == "error" for each in told))
        if counts[1] > counts[0]:
            raise NotRenamed("the name stands in places where this would make mistakes: change it by hand")


def _about(name: str, binding: Binding) -> str:
    """What a name means: of a metric with its variants, a field by way of relations, a report type, an entity."""
    catalogue = binding.catalogue
    for reference in (name, name.partition(".")[0]):
        try:
            return about_metric(catalogue.metrics[reference])
        except KeyError:
            continue
    owner = _field_of(name, binding)
    if owner is not None:
        known = binding.field(*owner)
        return about_field(catalogue.entities[owner[0]], known) if known is not None else ""
    if name in catalogue.reports:
        return about_report(catalogue.reports[name], binding)
    return ""


def _field_of(name: str, binding: Binding) -> tuple[str, str] | None:
    """The entity and the field that a dotted name leads to."""
    parts = tuple(name.split("."))
    if len(parts) < 2 or parts[0] not in binding.catalogue.entities:
        return None
    try:
        found = binding.resolve(parts[0], parts).field
    except Unresolved:
        return None
    return found.entity, found.name


def _is_value(steps: tuple[Step, ...]) -> bool:
    """Whether at a place stands what the records have, and no name."""
    return next((step for step in reversed(steps) if isinstance(step, str)), "") in _VALUES


def _in_text(steps: tuple[Step, ...], is_key: bool) -> bool:
    """Whether at a place stands a text for people."""
    return not is_key and not _PEOPLE.isdisjoint(steps)


def _scalars(node: Node, steps: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Scalar, bool]]:
    """All scalars with the way to each, and whether it is a key: then the way ends with it."""
    if isinstance(node, Scalar):
        yield steps, node, False
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from _scalars(item, (*steps, index))
    else:
        for entry in node.entries:
            way = (*steps, str(entry.key.value))
            yield way, entry.key, True
            yield from _scalars(entry.value, way)


def _find(node: Node, text: str) -> tuple[tuple[Step, ...], bool] | None:
    """The way to the scalar of a text, and whether it is a key."""
    return next(((steps, is_key) for steps, scalar, is_key in _scalars(node) if scalar.text == text), None)


def _child(node: Node | None, step: Step) -> Node | None:
    if isinstance(node, MappingNode):
        return node.get(str(step))
    if isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


def _data(node: Node | None) -> Any:
    return plain(node) if node is not None else None


def _line_in(folder: Path, pattern: re.Pattern[str], only: str = "*.yaml") -> Span | None:
    """Where a pattern's group stands in files of the package."""
    for path in sorted(folder.glob(only)):
        for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
            if match := pattern.search(line):
                return Span(str(path), number, match.start(1) + 1, number, match.end(1) + 1)
    return None
