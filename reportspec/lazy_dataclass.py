"""Dataclasses whose methods are written when they are first called.

`dataclass` is that of the standard library, which writes and compiles six methods of each class when its module is
imported: of some hundred classes that takes longer than checking a spec, and most of them are never called. Fields,
slots, defaults and `replace` are the standard library's; here `__init__`, `__eq__` and `__hash__` are written at their
first call, in the same words, and put in place of what stood for them. What the package has no use for is not served:
`order`, `unsafe_hash`, `InitVar`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, FrozenInstanceError
from reprlib import recursive_repr
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        cls: type | None = None, /, *, frozen: bool = False, slots: bool = False, eq: bool = True, kw_only: bool = False
    ) -> Any:
        """The class as a dataclass, with the options of `dataclasses.dataclass`."""

        def made(cls: type) -> Any:
            return _as_dataclass(cls, frozen, slots, eq, kw_only)

        return made if cls is None else made(cls)


def _as_dataclass(cls: type, frozen: bool, slots: bool, eq: bool, kw_only: bool) -> Any:
    """The class with its fields and methods; those that it has itself stay, as in the standard library."""
    its_own = frozenset(cls.__dict__)
    made: Any = _with_fields(cls, kw_only, slots)
    methods: dict[str, Any] = {"__init__": _later(made, "__init__", _init), "__repr__": _repr}
    if eq:
        methods["__eq__"] = _later(made, "__eq__", _eq)
        methods["__hash__"] = _later(made, "__hash__", _hash) if frozen else None
    if frozen:
        methods |= _frozen(made)
    if frozen and slots:
        methods |= {"__getstate__": _getstate, "__setstate__": _setstate}
    for name, method in methods.items():
        # Python itself says of a class with `__eq__` that it has no hash.
        if name not in its_own or (name == "__hash__" and cls.__dict__["__hash__"] is None):
            setattr(made, name, method)
    return made


_NO_FIELDS = ("ClassVar", "InitVar", "KW_ONLY")


def _with_fields(cls: type, kw_only: bool, slots: bool) -> Any:
    """The class with its fields, and no methods. The standard library looks for `ClassVar` and the like in what types
    are called, which takes a third of its time: where none of them can be meant, it is not shown the names."""
    types: dict[str, Any] = vars(cls).get("__annotations__", {})
    plain = not any(kind in str(said) for said in types.values() for kind in _NO_FIELDS)
    if plain and types:
        cls.__annotations__ = dict.fromkeys(types, object)
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only, slots=slots)(cls)
    if plain and types:
        made.__annotations__ = types
        for name, said in types.items():
            made.__dataclass_fields__[name].type = said
    return made


def _later(cls: Any, name: str, write: Callable[[Any, dict[str, Any]], str]) -> Any:
    """What stands for a method until it is first called."""

    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        names: dict[str, Any] = {}
        exec(write(cls, names), names)
        written = names[name]
        written.__qualname__, written.__module__ = f"{cls.__qualname__}.{name}", cls.__module__
        setattr(cls, name, written)
        return written(self, *args, **kwargs)

    method.__name__, method.__qualname__ = name, f"{cls.__qualname__}.{name}"
    return method


def _fields(cls: Any) -> Iterator[Field[Any]]:
    return iter(dataclasses.fields(cls))


def _init(cls: Any, names: dict[str, Any]) -> str:
    """`__init__`, and in `names` what it reads."""
    frozen = "__setattr__" in cls.__dict__
    names["_MISSING"] = MISSING
    places: dict[bool, list[str]] = {False: [], True: []}  # by whether they are given by name alone
    lines = []
    for field in _fields(cls):
        value = field.name
        if field.default is not MISSING:
            names[f"_default_{field.name}"] = field.default
        if field.default_factory is not MISSING:
            names[f"_make_{field.name}"] = field.default_factory
            value = f"_make_{field.name}()" + (f" if {field.name} is _MISSING else {field.name}" if field.init else "")
        if field.init:
            default = "" if field.default is MISSING else f"=_default_{field.name}"
            places[bool(field.kw_only)].append(
                field.name + (default if field.default_factory is MISSING else "=_MISSING")
            )
        elif field.default is not MISSING:
            value = f"_default_{field.name}"
        elif field.default_factory is MISSING:
            continue  # whoever makes it sets it
        if frozen:
            names[f"_set_{field.name}"] = _setter(cls, field.name)
        lines.append(f" _set_{field.name}(self, {value})" if frozen else f" self.{field.name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    parameters = ["self", *places[False], *(["*", *places[True]] if places[True] else [])]
    return f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines or [" pass"])


def _setter(cls: Any, name: str) -> Callable[[Any, Any], None]:
    """What sets a field of a frozen object: by its slot, which is sooner done than by its name."""
    slot = getattr(cls, name, None)
    if isinstance(slot, MemberDescriptorType):
        return slot.__set__
    return lambda self, value: object.__setattr__(self, name, value)


def _values(cls: Any, of: str) -> str:
    """The values of the fields that are compared, as a tuple."""
    return "(" + "".join(f"{of}.{field.name}, " for field in _fields(cls) if field.compare) + ")"


def _eq(cls: Any, names: dict[str, Any]) -> str:
    return (
        "def __eq__(self, other):\n"
        f" return {_values(cls, 'self')} == {_values(cls, 'other')}"
        " if other.__class__ is self.__class__ else NotImplemented"
    )


def _hash(cls: Any, names: dict[str, Any]) -> str:
    return f"def __hash__(self):\n return hash({_values(cls, 'self')})"


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in _fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _frozen(cls: Any) -> dict[str, Any]:
    """What refuses to change an object."""
    known = frozenset(field.name for field in _fields(cls))

    def __setattr__(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in known:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is cls or name in known:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in _fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for field, value in zip(_fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
