"""What is known of a period and of those before it: the tables that all of a forecast is computed from.

A window is a period [start, end) with its origin, the instant that is as far into it as the report's is into the
period that is forecast. Amounts are in one currency, at one day's rates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from reportspec.lazy_dataclass import dataclass

LEARNED = 12  # windows that a forecast learns from, at most
TESTED = 12  # windows that a forecast is tested on, at most
FEWEST_LEARNED = 3  # windows before a window that is tested
MOST_WINDOWS = 30  # past windows that are asked for


@dataclass(frozen=True, slots=True)
class Deals:
    """Some deals: how many, the sum of their amounts, and of the squares of these."""

    count: float = 0.0
    amount: float = 0.0
    squares: float = 0.0

    def __add__(self, other: Deals) -> Deals:
        return Deals(self.count + other.count, self.amount + other.amount, self.squares + other.squares)


@dataclass(frozen=True, slots=True)
class Open:
    """Deals that were open at an origin, with the amounts of then, the `largest` of which is known by itself, and the
    one farthest below zero (`lowest`, 0 where none is); and those of them that were `won` before the end of the window,
    with the amounts that they were won with."""

    deals: Deals = Deals()
    won: Deals = Deals()
    largest: float = 0.0
    lowest: float = 0.0

    def __add__(self, other: Open) -> Open:
        largest, lowest = max(self.largest, other.largest), min(self.lowest, other.lowest)
        return Open(self.deals + other.deals, self.won + other.won, largest, lowest)


CellKey = tuple[
    str | None, int | None
]  # the stage that a deal is in (None: not known), and for how long: a band of days


@dataclass(frozen=True, slots=True)
class Window:
    """One window: deals `open` at its origin by stage and band; all that was won in it (`result`), and before its
    origin (`won_before`); those created and won after its origin (`created_later`); and how many deals were created in
    the days before the origin (`inflow`)."""

    open: Mapping[CellKey, Open] = field(default_factory=dict)
    result: Deals = Deals()
    won_before: Deals = Deals()
    created_later: Deals = Deals()
    inflow: float = 0.0

    @property
    def won_of_open(self) -> Deals:
        """Those open at the origin that were won."""
        return total(cell.won for cell in self.open.values())

    @property
    def rest(self) -> float:
        """What the window brought after its origin: of what was open then, and of what was created later."""
        return self.won_of_open.amount + self.created_later.amount

    @property
    def wins(self) -> float:
        """How many deals the rest is made of."""
        return self.won_of_open.count + self.created_later.count


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows from the oldest to the one that is forecast, which is the last. Two that do not overlap are `step` places
    apart (1; 3 for quarters that begin with every month). One may learn from those that end before its origin: they are
    `apart` places before it (a step; more where the origin lies before the window). A year has `per_year` of them, if
    it has a whole number."""

    all: tuple[Window, ...]
    apart: int = 1
    per_year: int | None = None
    step: int = 1

    @property
    def last(self) -> int:
        """The place of the one that is forecast."""
        return len(self.all) - 1

    def before(self, place: int) -> range:
        """The places of all windows that end before one's origin."""
        return range(max(0, place - self.apart + 1))

    def learned(self, place: int) -> Sequence[Window]:
        """The windows that one is forecast from, oldest first."""
        return [self.all[at] for at in self.before(place)[-LEARNED:]]

    def tested(self, place: int) -> Iterator[int]:
        """The places of the windows that a forecast of one is tested on, oldest first."""
        able = [at for at in self.before(place) if len(self.before(at)) >= FEWEST_LEARNED]
        return iter(able[-TESTED:])


def total(parts: Iterable[Deals]) -> Deals:
    """All of them together."""
    return sum(parts, Deals())
