"""Windows of an invented firm, deal by deal, and the tables that a source would give of them."""

from __future__ import annotations

import random

from reportspec.forecasting.past_windows import Deals, Open, Window, Windows

CHANCES = {("first", 1): 0.1, ("first", 2): 0.05, ("second", 1): 0.4, ("second", 2): 0.2, (None, 3): 0.15}


def facts(seed, windows=20, deals=25, noise=0.1, late=4):
    """What happened, window by window."""
    draw = random.Random(seed)
    found = []
    for _ in range(windows):
        pace = draw.lognormvariate(0, noise)
        rows = []
        for _ in range(round(deals * pace)):
            (stage, band), chance = draw.choice(list(CHANCES.items()))
            amount = round(draw.lognormvariate(8, 0.7), 2)
            won = draw.random() < chance
            rows.append((stage, band, amount, won, round(amount * draw.uniform(0.8, 1.1), 2) if won else 0))
        created = [round(draw.lognormvariate(8, 0.7), 2) for _ in range(round(late * pace))]
        early = [round(draw.lognormvariate(8, 0.7), 2) for _ in range(round(late * pace))]
        found.append({"open": rows, "late": created, "early": early, "inflow": round(3 * deals * pace)})
    return found


def deals_of(amounts):
    return Deals(len(amounts), sum(amounts), sum(a * a for a in amounts))


def tables(found, apart=1, per_year=12):
    """The same as tables."""
    windows = []
    for fact in found:
        cells = {}
        for stage, band, amount, won, final in fact["open"]:
            cell = Open(deals_of([amount]), deals_of([final] if won else []), amount)
            cells[stage, band] = cells.get((stage, band), Open()) + cell
        early, late = deals_of(fact["early"]), deals_of(fact["late"])
        won = deals_of([final for *_, was_won, final in fact["open"] if was_won])
        windows.append(Window(cells, won + early + late, early, late, fact["inflow"]))
    return Windows(tuple(windows), apart, per_year, step=apart)


def scaled(found, by):
    """The same in another currency."""
    return [
        {
            "open": [(s, b, a * by, w, f * by) for s, b, a, w, f in fact["open"]],
            "late": [a * by for a in fact["late"]],
            "early": [a * by for a in fact["early"]],
            "inflow": fact["inflow"],
        }
        for fact in found
    ]
