"""Whether the amounts of a page, as they are rounded for it, add up to their totals."""

from __future__ import annotations

import math
from decimal import Decimal

from reportspec.model.figures import Figures, Section
from reportspec.render.locale import Formats, is_number
from reportspec.render.tables import money_places
from reportspec.rounding import half_up


def parts_differ(figures: Figures, formats: Formats) -> bool:
    """Whether some printed total of amounts is another number than its printed parts make."""
    return any(_differs(section, place, formats) for section in figures.sections for place in _amounts(section))


def _amounts(section: Section) -> list[int]:
    """The places of the amounts that have a total; of a list that is cut the rest is not there to be added."""
    if section.shape != "table" or not section.total or section.available_rows > len(section.rows):
        return []
    roles = ("metric", "previous", "second", "difference")
    return [at for at, one in enumerate(section.columns) if one.unit == "currency" and one.role in roles]


def _differs(section: Section, place: int, formats: Formats) -> bool:
    """Whether the rows of a column add up to its total, but not as they are printed."""
    total = section.total[place] if section.total else None
    values = [cell for row in section.rows if is_number(cell := row[place])]
    if not is_number(total) or not math.isclose(
        math.fsum(map(float, values)), float(total), rel_tol=1e-9, abs_tol=1e-6
    ):
        return False  # a total that is none of its parts, as of a mean
    column = section.columns[place]
    places = column.decimals if column.decimals is not None else money_places(section, place, formats) or 0
    return sum((half_up(value, places) for value in values), Decimal()) != half_up(total, places)
