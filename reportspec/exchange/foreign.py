"""A file of another tool while it is read, and what is taken over of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any

from reportspec.diagnostics import Diagnostic, Span
from reportspec.lazy_dataclass import dataclass
from reportspec.source.read import LARGEST as LARGEST_YAML
from reportspec.source.read import read_yaml
from reportspec.source.read_json import LARGEST, read_json
from reportspec.source.regular import Unfit, read_regular
from reportspec.source.tree import Mapping as Object
from reportspec.source.tree import Node, Scalar, Sequence, plain


class NotRead(Exception):
    """A file that nothing can be taken from: what is wrong with it, and its text by its name."""

    def __init__(self, *problems: Diagnostic, texts: Mapping[str, str] | None = None) -> None:
        super().__init__(problems[0].message)
        self.problems, self.texts = problems, texts or {}


class LeftOut(Exception):
    """A thing of a foreign model that is not taken over: why, and where it stands."""

    def __init__(self, why: str, place: Span | None = None) -> None:
        super().__init__(why)
        self.why, self.place = why, place


@dataclass(slots=True)
class Foreign:
    """A file of another tool: its text, its tree, and what is told of it while it is read. `told` says what is not
    taken over, and what means something else here."""

    file: str
    text: str
    root: Part
    told: list[Diagnostic] = field(default_factory=list)

    def leave(self, what: str, why: str, place: Span | None) -> None:
        """Tell of a thing that is not taken over."""
        self._tell("not-taken-over", f"{what} is not taken over: {why}", place)

    def note(self, what: str, how: str, place: Span | None) -> None:
        """Tell of a thing that is taken over as something else than it was."""
        self._tell("taken-otherwise", f"{what}: {how}", place)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Within it, what has another type than it should raises LeftOut: a metric whose filter cannot be read is not
        that metric."""
        before = len(self.told)
        yield
        wrong = next((each for each in self.told[before:] if each.code == "wrong-type"), None)
        if wrong is not None:
            raise LeftOut(wrong.message, wrong.span)

    def _tell(self, code: str, message: str, place: Span | None) -> None:
        new = Diagnostic(code, message, place, severity="warning")
        if new not in self.told:
            self.told.append(new)


class Part:
    """An object of a foreign file. What has another type than it should is as if it were not there, and told."""

    __slots__ = ("node", "wrong")

    def __init__(self, node: Object, wrong: list[Diagnostic]) -> None:
        self.node, self.wrong = node, wrong

    @property
    def place(self) -> Span:
        """Where it stands: at its name, where it has one."""
        name = self.node.get("name")
        return name.span if isinstance(name, Scalar) else self.node.span

    def at(self, key: str) -> Span:
        """Where a value of it stands; where there is none, itself."""
        found = self.node.get(key)
        return found.span if found is not None else self.place

    def has(self, key: str) -> bool:
        """Whether it says something there: not null, not an empty list."""
        found = self.node.get(key)
        if isinstance(found, Scalar):
            return found.value is not None
        return isinstance(found, Object) or (isinstance(found, Sequence) and bool(found.items))

    def text(self, key: str) -> str:
        """A text; empty where there is none."""
        found = self.node.get(key)
        if found is None or (isinstance(found, Scalar) and found.value is None):
            return ""
        if not isinstance(found, Scalar) or isinstance(found.value, bool):
            self._misfit(key, found, "a text")
            return ""
        return found.text.strip() if isinstance(found.value, str) else str(found.text)

    def number(self, key: str) -> float | None:
        """A number."""
        found = self.node.get(key)
        if isinstance(found, Scalar) and not isinstance(found.value, bool) and isinstance(found.value, (int, float)):
            return found.value
        if found is not None and not (isinstance(found, Scalar) and found.value is None):
            self._misfit(key, found, "a number")
        return None

    def flag(self, key: str) -> bool | None:
        """A truth value."""
        found = self.node.get(key)
        if isinstance(found, Scalar) and (found.value is None or isinstance(found.value, bool)):
            return found.value
        if found is not None:
            self._misfit(key, found, "`true` or `false`")
        return None

    def part(self, key: str) -> Part | None:
        """An object."""
        found = self.node.get(key)
        if isinstance(found, Object):
            return Part(found, self.wrong)
        if found is not None and not (isinstance(found, Scalar) and found.value is None):
            self._misfit(key, found, "an object")
        return None

    def parts(self, key: str) -> list[Part]:
        """A list of objects."""
        found = []
        for item in self._list(key):
            if isinstance(item, Object):
                found.append(Part(item, self.wrong))
            else:
                self._misfit(key, item, "an object")
        return found

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        found = []
        for item in self._list(key):
            if isinstance(item, Scalar):
                found.append(item.text)
            else:
                self._misfit(key, item, "a text")
        return found

    def data(self, key: str) -> Any:
        """What stands there, as plain data; None for nothing."""
        found = self.node.get(key)
        return plain(found) if found is not None else None

    def _list(self, key: str) -> Iterator[Node]:
        found = self.node.get(key)
        if isinstance(found, Sequence):
            yield from found.items
        elif found is not None and not (isinstance(found, Scalar) and found.value is None):
            self._misfit(key, found, "a list")

    def _misfit(self, key: str, node: Node, called: str) -> None:
        self.wrong.append(Diagnostic("wrong-type", f"`{key}` should be {called}", node.span, severity="warning"))


def opened(path: Path, shown: str) -> Foreign:
    """A file of JSON or YAML. Raises NotRead."""
    try:
        data = read_regular(path, LARGEST)
    except FileNotFoundError:
        raise NotRead(Diagnostic("file-not-found", f"there is no file `{shown}`")) from None
    except IsADirectoryError:
        raise NotRead(Diagnostic("not-a-file", f"`{shown}` is a folder")) from None
    except Unfit as unfit:
        raise NotRead(Diagnostic("not-a-file", f"`{shown}` {unfit.reason}")) from None
    except OSError as error:
        why = (error.strerror or "it cannot be read").lower()
        raise NotRead(Diagnostic("unreadable-file", f"`{shown}` cannot be read: {why}")) from None
    start = Span(shown, 1, 1, 1, 1)
    if len(data) > LARGEST:
        raise NotRead(Diagnostic("file-too-large", f"the file is larger than {LARGEST >> 20} MiB", start))
    is_json = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")
    if is_json:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            what = f"the byte 0x{data[error.start]:02x} is not UTF-8"
            line = data.count(b"\n", 0, error.start) + 1
            raise NotRead(
                Diagnostic("not-utf-8", what, Span(shown, line, 1, line, 1), "save the file as UTF-8")
            ) from None
        node, problems = read_json(text, shown)
    else:
        text = data[: LARGEST_YAML + 1].decode("utf-8", "replace")
        node, problems = read_yaml(data[: LARGEST_YAML + 1], shown)
    if not isinstance(node, Object):
        if not problems:
            problems = (Diagnostic("wrong-type", "the file holds no object", node.span if node else start),)
        raise NotRead(*problems, texts={shown: text})
    told = list(problems)
    return Foreign(shown, text, Part(node, told), told)


@dataclass(slots=True)
class Kept:
    """A field of an entity: its SQL as the source's dialect has it, its type, and what it is called."""

    name: str
    sql: str
    type: str
    label: str = ""
    description: str = ""
    place: Span | None = None


@dataclass(slots=True)
class Table:
    """An entity that is made of a foreign dataset: its table, its key, its fields and where it leads. `name` is the
    foreign name, `entity` the one that it has here. `canonical` ones are the catalogue's."""

    name: str
    entity: str
    table: str
    place: Span
    label: str = ""
    description: str = ""
    where: str = ""
    key: str = ""  # a field
    fields: dict[str, Kept] = field(default_factory=dict)
    relations: dict[str, tuple[str, str]] = field(
        default_factory=dict
    )  # name -> the entity, the field that leads there
    canonical: bool = False
    data: dict[str, Any] = field(default_factory=dict)  # the file of the entity as it was exported


@dataclass(slots=True)
class Made:
    """A metric as the catalogue has it: the keys of its entry, and where it stood."""

    entry: dict[str, Any]
    place: Span | None

    @property
    def id(self) -> str:
        """Its id here."""
        return str(self.entry["metric"])


@dataclass(slots=True)
class Model:
    """All that is taken over of a file, with the SQL dialect of its expressions. `entities` and `ids` are the names
    that the catalogue has already, with those of the project's own."""

    foreign: Foreign
    tool: str
    dialect: str
    entities: frozenset[str]
    ids: frozenset[str]
    tables: dict[str, Table] = field(default_factory=dict)  # by foreign name
    metrics: dict[str, Made] = field(default_factory=dict)  # by id
    titles: list[str] = field(default_factory=list)  # what it says of itself as a whole
