"""What the rest of a period will bring, estimated in two ways: mean and variance of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from reportspec.forecasting.large_deals import Apart, Beside, told_apart
from reportspec.forecasting.past_windows import Window, total
from reportspec.forecasting.win_rates import Rates, rates_of
from reportspec.lazy_dataclass import dataclass

Way = Literal["from_pipeline", "usual_rest"]

PROVEN = 40.0  # wins that say nothing of amounts, beside which those that there were are heard
LARGEST_CHANGE = 2.0  # by which amounts won may depart from amounts written, and the inflow from the usual one
INFLOW_DRAWN = 3.0
USUAL, SPREAD = 4, 8  # windows of which the usual rest is the mean, and those of which it has its variance


@dataclass(frozen=True, slots=True)
class Rest:
    """The rest of a period: `mean` and `variance` of its amount, by which `way` they were come by, and of the way by
    the pipeline what the deals open now bring (`open`) and those that are yet to be created (`created`). Large deals
    among these are told `apart` from all that is beside them."""

    way: Way
    mean: float
    variance: float
    open: float
    created: float
    apart: Apart


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What the pipeline is worth: the rates by which deals are won, by how much amounts won depart from those written
    (`kept`: a factor), and by how much more deals are being created now (`inflow`: a factor)."""

    rates: Rates
    kept: float
    inflow: float
    rest: Rest


def from_pipeline(learned: Sequence[Window], now: Window) -> Pipeline:
    """The rest as what the open deals bring, and what deals that are yet to be created bring.

        open    = kept · sum a_c p_c             its variance: kept² · sum a²_c p_c (1 - p_c)
        kept    = (F + q) / (D + q)              F amounts won, D = sum a_c p_c of the windows learned from,
                                                 q = 40 D / wins; between 1/2 and 2
        created = mean of (amount created later · g)   g = (inflow now + 3) / (inflow then + 3), between 1/2 and 2
        its variance: created · (sum of squares / sum of amounts) of the wins learned from

    and the mean's own variance: mean² / (number of wins learned from). Deals that are larger than two
    standard deviations of all that is beside them are told apart; mean and variance of what is left are without them.
    """
    rates = rates_of(learned)
    won = total(window.won_of_open for window in learned)
    created_later = total(window.created_later for window in learned)
    kept = _kept(rates, won.amount, won.count)
    cells = [(cell, rates.of(key)) for key, cell in now.open.items()]
    created = math.fsum(w.created_later.amount * _inflow(now, w) for w in learned) / len(learned)
    amounts, squares = won.amount + created_later.amount, won.squares + created_later.squares
    created_variance = created * squares / amounts if amounts > 0 else 0.0
    beside = Beside(created, created_variance, kept, max(won.count + created_later.count, 1.0))
    mean, variance = beside.with_open((cell.deals, chance) for cell, chance in cells)
    open_now, apart = mean - created, told_apart(cells, beside)
    usual = math.fsum(window.inflow for window in learned) / len(learned)
    inflow = (now.inflow + INFLOW_DRAWN) / (usual + INFLOW_DRAWN)
    return Pipeline(rates, kept, inflow, Rest("from_pipeline", mean, variance, open_now, created, apart))


@dataclass(frozen=True, slots=True)
class Changes:
    """By how much something would be otherwise: 0.1 is a tenth more. The rates at which deals are won, how many are
    created, and their amounts."""

    close_rate: float = 0.0
    inflow: float = 0.0
    amount: float = 0.0


def changed(pipeline: Pipeline, now: Window, changes: Changes) -> float:
    """The mean of the rest if something were otherwise, by the pipeline. No chance is more than certain; deals that are
    yet to be created would be won at the changed rates too. Arithmetic: nothing of it is tested."""
    rates, more = pipeline.rates, 1.0 + changes.close_rate
    opened = pipeline.kept * math.fsum(
        cell.deals.amount * min(1.0, rates.of(key) * more) for key, cell in now.open.items()
    )
    return (opened + pipeline.rest.created * (1.0 + changes.inflow) * more) * (1.0 + changes.amount)


def usual_rest(learned: Sequence[Window]) -> Rest:
    """The rest as it usually is: the mean of the last 4 windows, and (1 + 1/4) of the variance of the last 8."""
    rests = [window.rest for window in learned]
    recent, wider = rests[-USUAL:], rests[-SPREAD:]
    mean = math.fsum(recent) / len(recent)
    centre = math.fsum(wider) / len(wider)
    spread = math.fsum((rest - centre) ** 2 for rest in wider) / max(len(wider) - 1, 1)
    variance = spread * (1.0 + 1.0 / USUAL)
    return Rest("usual_rest", mean, variance, 0.0, 0.0, Apart((), mean, variance))


def _kept(rates: Rates, won_amount: float, wins: float) -> float:
    expected = math.fsum(cell.deals.amount * rates.of(key) for key, cell in rates.counts.items())
    if wins <= 0 or expected <= 0:
        return 1.0
    prior = PROVEN * expected / wins
    return _bounded((won_amount + prior) / (expected + prior))


def _inflow(now: Window, then: Window) -> float:
    return _bounded((now.inflow + INFLOW_DRAWN) / (then.inflow + INFLOW_DRAWN))


def _bounded(factor: float) -> float:
    return min(max(factor, 1.0 / LARGEST_CHANGE), LARGEST_CHANGE)
