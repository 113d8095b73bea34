"""What is found out of an object once, and remembered with it: it is forgotten when the object is.

A cache of a function would keep the last thousand objects that it was asked of, and with a `Binding` the whole
catalogue, mapping and data of a project that nobody needs any more.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar


class Remembers(Protocol):
    """An object with a place for what was found out of it. A copy has a place of its own."""

    @property
    def remembered(self) -> dict[Hashable, Any]: ...


Owner = TypeVar("Owner", bound=Remembers)
P = ParamSpec("P")
T = TypeVar("T")


def remembered(find: Callable[Concatenate[Owner, P], T]) -> Callable[Concatenate[Owner, P], T]:
    """The function, asked once of each object and each of the other arguments (hashable, and given by place)."""

    @wraps(find)
    def once(owner: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        kept, key = owner.remembered, (find, args)
        if key not in kept:
            kept[key] = find(owner, *args, **kwargs)
        value: T = kept[key]
        return value

    return once


def remembered_of_tree(find: Callable[Concatenate[Owner, P], T]) -> Callable[Concatenate[Owner, P], T]:
    """The same of a function whose last argument is a tree that nobody changes, or has some: it is known by what it is,
    since to compare trees takes longer than what is asked of them, and kept beside the answer, so that nothing else
    gets its id."""

    @wraps(find)
    def once(owner: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        kept, tree = owner.remembered, args[-1]
        key = (find, *args[:-1], id(tree))
        if key not in kept:
            kept[key] = (tree, find(owner, *args, **kwargs))
        value: T = kept[key][1]
        return value

    return once
