"""A forecast of a past period, held against what the period brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reportspec.forecasting.mixture import Mixture
    from reportspec.forecasting.spread import Spread

ROUNDING = 1e-9  # of amounts, by which sums that are the same may differ


class HeldAgainst:
    """What is the same of every test, whatever its forecast is made by: what there was `before` its origin, the
    `spread` of what was to come, the `point` that was forecast, and the `result`."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def before(self) -> float: ...
        @property
        def spread(self) -> Spread | Mixture: ...
        @property
        def result(self) -> float: ...
        @property
        def point(self) -> float: ...

    @property
    def low(self) -> float:
        """The lower end of its range of 80 %."""
        return self.before + self.spread.low

    @property
    def high(self) -> float:
        """The upper end."""
        return self.before + self.spread.high

    @property
    def error(self) -> float:
        """By how much the forecast was too high."""
        return self.point - self.result

    @property
    def held(self) -> bool:
        """Whether the range held what the period brought. A result may be its very end, as where nothing came after
        the origin, and was summed in another order."""
        rounding = ROUNDING * max(abs(self.before), abs(self.result))
        return self.low - rounding <= self.result <= self.high + rounding
