"""Invented pipelines of sixteen kinds, and the windows that a source would give of each.

Months have 30 days and quarters three of them. Deals are made one by one from a rate, pass up to four stages, are won
or lost, and what is known of a window is counted from them at its origin: no SQL, no code of the package but its types.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from reportspec.forecasting.past_windows import CellKey, Deals, Open, Window, Windows

MONTH, YEARS, INFLOW = 30, 4, 90
DAYS = YEARS * 12 * MONTH
BANDS = (7, 14, 30, 60, 120)
STAGES = ("first", "second", "third", "last")
Rate = Callable[[float], float]  # of deals created, beside the usual one, by the year


@dataclass(frozen=True)
class Kind:
    """What a pipeline is like: deals created in a month, how that changes, mean days in a stage, the chance to pass a
    stage, the spread of amounts (of their logarithm), how chances fall with amounts, what part of the closings waits
    for the end of a quarter, and by how much months differ at random."""

    name: str
    created: float = 45.0
    rate: Rate = lambda year: 1.0
    days: float = 14.0
    passes: float = 0.72
    amounts: float = 0.7
    harder: float = 0.0
    rush: float = 0.0
    noise: float = 0.0


def _seasonal(year: float) -> float:
    return 1.0 + 0.5 * math.sin(2.0 * math.pi * year)


KINDS = (
    Kind("steady"),
    Kind("growing", rate=lambda year: math.exp(0.5 * year) / 2.5),
    Kind("shrinking", rate=lambda year: math.exp(-0.4 * year) * 2.0),
    Kind("seasonal", rate=_seasonal),
    Kind("slow", days=45.0),
    Kind("fast", days=4.0),
    Kind("few", created=14.0),
    Kind("many", created=160.0),
    Kind("heavy amounts", amounts=1.5),
    Kind("big are harder", harder=0.5),
    Kind("rush", rush=0.6),
    Kind("level shift", rate=lambda year: 1.0 if year < 2.6 else 1.9),
    Kind("crash", rate=lambda year: 1.0 if year < 2.6 else 0.3),
    Kind("instant", days=0.8),
    Kind("noise", noise=0.5),
    Kind("erratic", created=25.0, noise=0.8, amounts=1.1),
)


@dataclass(frozen=True)
class Deal:
    """A deal: on which day it came into which stage, when it was closed, whether it was won, and its amount."""

    entered: tuple[tuple[float, str], ...]
    closed: float
    won: bool
    amount: float

    @property
    def created(self) -> float:
        """The day of its first stage."""
        return self.entered[0][0]


def deals_of(kind: Kind, seed: int) -> list[Deal]:
    """All deals of four years, those that are closed after them among them."""
    draw = Random(f"{kind.name} {seed}")
    made: list[Deal] = []
    for month in range(YEARS * 12):
        wanted = kind.created * kind.rate((month + 0.5) / 12) * draw.lognormvariate(0.0, kind.noise)
        for _ in range(max(round(draw.gauss(wanted, math.sqrt(wanted))), 0)):
            made.append(_deal(kind, (month + draw.random()) * MONTH, draw))
    return made


def _deal(kind: Kind, at: float, draw: Random) -> Deal:
    size = draw.gauss(0.0, kind.amounts)
    passes = min(max(kind.passes * math.exp(-kind.harder * size / 4.0), 0.05), 0.97)
    entered = []
    for place, stage in enumerate(STAGES):
        entered.append((at, stage))
        at += draw.expovariate(1.0 / kind.days)
        last = place == len(STAGES) - 1
        lost = draw.random() > passes
        if lost or last:
            quarter = (at // (3 * MONTH) + 1) * 3 * MONTH
            if not lost and draw.random() < kind.rush:  # closed within the last two weeks of the quarter
                at = max(at, quarter - draw.random() * 14)
            return Deal(tuple(entered), at, not lost, math.exp(8.5 + size))
    raise AssertionError


def windows_of(deals: list[Deal], months: int, share: float) -> Windows:
    """The windows of so many months each, seen where a share of them is over."""
    length = months * MONTH
    windows = []
    for start in range(0, DAYS - length + 1, length):
        origin, end = start + round(share * length), start + length
        cells: dict[CellKey, Open] = {}
        won, before, late, inflow = [], [], [], 0
        for deal in deals:
            if origin - INFLOW <= deal.created < origin:
                inflow += 1
            if deal.created >= end or deal.closed < start:
                continue
            in_window = deal.won and deal.closed < end
            if in_window:
                won.append(deal.amount)
                if deal.closed < origin:
                    before.append(deal.amount)
                elif deal.created >= origin:
                    late.append(deal.amount)
            if deal.created < origin <= deal.closed:
                since, stage = [one for one in deal.entered if one[0] < origin][-1]
                band = 1 + sum(origin - since > days for days in BANDS)
                cell = Open(_summed([deal.amount]), _summed([deal.amount] if in_window else []), deal.amount)
                cells[stage, band] = cells.get((stage, band), Open()) + cell
        windows.append(Window(cells, _summed(won), _summed(before), _summed(late), float(inflow)))
    used = windows[next(at for at, window in enumerate(windows) if window.open) :]
    return Windows(tuple(used), per_year=12 // months)


def _summed(amounts: list[float]) -> Deals:
    return Deals(len(amounts), math.fsum(amounts), math.fsum(amount * amount for amount in amounts))
