"""How often deals in a stage for so long were won before the period was over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reportspec.forecasting.past_windows import CellKey, Open, Window, total
from reportspec.lazy_dataclass import dataclass

DRAWN = 10.0  # a rate is drawn towards the coarser one as if so many more deals had gone like it


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of deals won: of all (`base`), of a stage, and of a cell (a stage and a band of days in it). A cell that
    no deal was in has the rate of its stage, and a stage that none was in that of all."""

    base: float
    stages: Mapping[str | None, float]
    cells: Mapping[CellKey, float]
    counts: Mapping[CellKey, Open]

    def of_stage(self, stage: str | None) -> float:
        """The share of those that were in a stage."""
        return self.stages.get(stage, self.base)

    def of(self, key: CellKey) -> float:
        """The share of those that were in a stage for so long."""
        return self.cells.get(key, self.of_stage(key[0]))


def rates_of(windows: Sequence[Window]) -> Rates:
    """The rates of all windows together.

        base  = (w + 0.5) / (n + 5)
        stage = (w_s + 10 base) / (n_s + 10)
        cell  = (w_c + 10 stage) / (n_c + 10)

    with n deals open at the origins and w of them won.
    """
    counts: dict[CellKey, Open] = {}
    for window in windows:
        for key, cell in window.open.items():
            counts[key] = counts.get(key, Open()) + cell
    stages: dict[str | None, Open] = {}
    for (stage, _), cell in counts.items():
        stages[stage] = stages.get(stage, Open()) + cell
    deals, won = total(cell.deals for cell in counts.values()), total(cell.won for cell in counts.values())
    base = (won.count + 0.5) / (deals.count + 5.0)
    of_stages = {stage: _drawn(cell, base) for stage, cell in stages.items()}
    of_cells = {key: _drawn(cell, of_stages[key[0]]) for key, cell in counts.items()}
    return Rates(base, of_stages, of_cells, counts)


def _drawn(cell: Open, towards: float) -> float:
    return (cell.won.count + DRAWN * towards) / (cell.deals.count + DRAWN)
