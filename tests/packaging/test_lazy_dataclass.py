"""Dataclasses whose methods are written late are those of the standard library."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from reportspec import lazy_dataclass

lazily: Any = lazy_dataclass.dataclass  # as it is when it runs
OPTIONS = [
    {"frozen": frozen, "slots": slots, "eq": eq, "kw_only": kw_only}
    for frozen in (False, True)
    for slots in (False, True)
    for eq in (False, True)
    for kw_only in (False, True)
]
WAYS = [lazily, dataclasses.dataclass]


def make_plain(way: Callable[..., Any], options: dict[str, bool]) -> Any:
    """Fields alone, as most classes have."""

    @way(**options)
    class Fields:
        """Some fields."""

        name: str
        size: float = 2.0
        items: list[int] = field(default_factory=list)
        unseen: int = field(default=7, repr=False, compare=False)
        by_name: str = field(default="n", kw_only=True)
        kept: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)
        fixed: int = field(default=5, init=False)

        def double(self) -> float:
            return self.size * 2

    return Fields


def make(way: Callable[..., Any], options: dict[str, bool]) -> Any:
    @way(**options)
    class Fields:
        """Fields of every kind that the package has."""

        kinds: ClassVar[int] = 3
        name: str
        size: float = 2.0
        items: list[int] = field(default_factory=list)
        unseen: int = field(default=7, repr=False, compare=False)
        by_name: str = field(default="n", kw_only=True)
        kept: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)
        fixed: int = field(default=5, init=False)

        def double(self) -> float:
            return self.size * 2

    return Fields


def outcome(what: Callable[[], Any]) -> Any:
    try:
        return what()
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("made", [make, make_plain])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_does_what_the_standard_library_does(options: dict[str, bool], made: Callable[..., Any]) -> None:
    def seen(way: Callable[..., Any]) -> list[Any]:
        cls = made(way, options)
        one, same, other = cls(name="a"), cls(name="a", unseen=8), cls(name="a", size=3)

        def assigned() -> Any:
            one.size = 9
            return one.size

        def deleted() -> None:
            del one.name

        hashed = outcome(lambda: hash(one) == hash(same))
        return [
            [(p.name, p.kind, p.default is p.empty) for p in inspect.signature(cls.__init__).parameters.values()],
            [(f.name, f.type) for f in dataclasses.fields(cls)],
            list(cls.__annotations__.items()),
            cls.__match_args__,
            repr(other),
            (one == same, one == other, one == one, one == "a", one != same),
            hashed if isinstance(hashed, tuple) else (hashed, cls.__hash__ is object.__hash__),
            repr(dataclasses.replace(one, size=4)),
            one.items is not same.items,
            one.kept is not same.kept,
            one.fixed,
            one.double(),
            outcome(lambda: cls()),
            outcome(lambda: cls(name="a", wrong=1)),
            outcome(lambda: cls("a", 1, [], 2, "n")),
            hasattr(one, "__dict__"),
            dataclasses.asdict(one),
            repr(copy.copy(other)),
            repr(copy.deepcopy(other)),
            outcome(assigned),
            outcome(deleted),
            # Of frozen classes with slots some versions of Python say it in other words.
            isinstance(outcome(lambda: setattr(one, "unheard", 1)), tuple),
        ]

    assert seen(lazily) == seen(dataclasses.dataclass)


@pytest.mark.parametrize("way", WAYS)
def test_a_class_keeps_what_it_has_and_what_stands_above_it(way: Any) -> None:
    @way(frozen=True, slots=True, kw_only=True)
    class Above:
        name: str
        label: str = "none"

        def __repr__(self) -> str:
            return f"<{self.name}>"

    @way(frozen=True, slots=True, kw_only=True)
    class Below(Above):
        label: str = "some"
        size: int

    @way
    class Counted:
        size: int

        def __post_init__(self) -> None:
            self.size += 1

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 11

    below = Below(name="b", size=2)
    assert (repr(Above(name="a")), repr(below).rpartition(".")[2]) == (
        "<a>",
        "Below(name='b', label='some', size=2)",
    )
    assert below != Above(name="b", label="some")
    assert below in {Below(size=2, name="b")}
    with pytest.raises(FrozenInstanceError):
        below.size = 3
    assert (Counted(1).size, Counted(1) == 4, hash(Counted(1))) == (2, True, 11)


@lazily(frozen=True, slots=True)
class Sent:
    name: str
    size: int = 3


def test_it_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(Sent("a"))) == Sent("a")
    assert {Sent("a"), Sent("a", 3)} == {Sent("a")}


def test_a_value_that_holds_itself_is_shown() -> None:
    @lazily
    class Node:
        others: list[Any]

    node = Node([])
    node.others.append(node)
    assert repr(node).endswith("Node(others=[...])")


def test_all_dataclasses_of_the_package_are_made_so(checkout: Path) -> None:
    """Those of the standard library would refuse to stand below them, and slow the start."""
    others = [
        path.name
        for path in (checkout / "reportspec").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses" and path.stem != "lazy_dataclass"
        if any(name.name == "dataclass" for name in node.names)
    ]
    assert others == []
