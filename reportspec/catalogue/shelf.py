"""A mapping whose values are made when they are first asked for: a report uses few of many files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Generic, TypeVar

from reportspec.lazy_dataclass import dataclass

V = TypeVar("V")


@dataclass(frozen=True, slots=True, eq=False)
class Shelf(Mapping[str, V], Generic[V]):
    """Values by name, in the order of `names`; `make` is called once for each that is wanted."""

    names: Mapping[str, object]  # an ordered set
    make: Callable[[str], V]
    _made: dict[str, V] = field(default_factory=dict)

    def __getitem__(self, name: str) -> V:
        if name not in self._made:
            if name not in self.names:
                raise KeyError(name)
            self._made[name] = self.make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)
