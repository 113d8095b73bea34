"""A forecast by owner, team or any dimension: the rows add up to it."""

from __future__ import annotations

import math
from typing import Any

from reportspec.forecasting.past_windows import CellKey, Deals, Open
from reportspec.forecasting.tested_forecast import Forecast
from reportspec.measures.answers import Answers
from reportspec.measures.dimensions import by_nature, dimension_column, shown_value
from reportspec.measures.forecast_windows import (
    cell_key,
    deals_in,
    later_rows,
    open_in,
    rows_of,
)
from reportspec.model.column_ids import Member, Row
from reportspec.model.figures import Section
from reportspec.model.spec import Report
from reportspec.sections.forecast_basis import ForecastSection, Made, alike, of_windows, rates_note
from reportspec.sections.forecast_summary import refused
from reportspec.sections.forecast_words import (
    count_column,
    forecast_word,
    money_column,
)
from reportspec.sections.section_kind import section_of


def members_side(report: Report, spec: ForecastSection, basis: Made, answers: Answers) -> Section:
    """What each member brings of the forecast: the rows add up to it."""
    outcome = basis.forecast
    if outcome is None or not basis.shown:
        if any(one.show == "summary" and not one.dimensions and alike(one, spec) for one in of_windows(report)):
            return section_of(spec, notes=(forecast_word(report, "nothing_to_part"),), shape="sentences")
        return section_of(spec, highlights=tuple(refused(report, basis)), shape="sentences")
    parts = _parts(report, spec, outcome, answers)
    by_pipeline = outcome.rest.way == "from_pipeline"
    rest: tuple[str, ...] = ("open", "created") if by_pipeline else ("usual_rest",)
    columns = (
        *(dimension_column(report, dimension) for dimension in spec.dimensions),
        money_column(report, "forecast"),
        money_column(report, "won"),
        *(money_column(report, name) for name in rest),
        count_column(report, "open_count"),
        money_column(report, "open_amount"),
    )
    ranked = sorted(
        parts.items(),
        key=lambda item: (
            -item[1][0],
            [by_nature(report, d, v) for d, v in zip(spec.dimensions, item[0], strict=True)],
        ),
    )
    rows = tuple(
        (*(shown_value(report, d, v) for d, v in zip(spec.dimensions, members, strict=True)), *cells)
        for members, cells in ranked
    )
    gone = {str(row[0]) for row in table.rows} if (table := answers.table(spec.id)) is not None else set()
    left = [str(row[0]) for row in rows if str(row[0]) in gone]
    notes: tuple[str, ...] = (forecast_word(report, "gone").format(", ".join(left)),) if left else ()
    if not by_pipeline:
        notes += (forecast_word(report, "dealt_out"),)
    count, width = len(spec.dimensions), len(columns) - len(spec.dimensions)
    total = [math.fsum(cells[at] for _, cells in ranked) for at in range(width)]
    whole = (*(None,) * count, *total[:-2], int(total[-2]), total[-1])
    return section_of(
        spec,
        columns=columns,
        rows=rows,
        total=whole,
        available_rows=len(rows),
        bars=True,
        notes=(*notes, *rates_note(report, spec)),
    )


Members = tuple[Any, ...]


def _parts(
    report: Report, spec: ForecastSection, outcome: Forecast, answers: Answers
) -> dict[Members, tuple[float, ...]]:
    """Of each member the forecast, and what it is made of: won, open, yet to be created; how many deals are open, and
    their amount. What is yet to be created is dealt out as what was created later in past periods was; where there was
    none, as what is open. By the usual rest there is that for the two, dealt out as the pipeline would bring it: what
    it is made of is not known."""
    count = len(spec.dimensions)
    opened: dict[Members, list[tuple[CellKey, Open]]] = {}
    for row in rows_of(answers, spec.id, "open by"):
        opened.setdefault(_members(row, count), []).append((cell_key(report, row, count), open_in(row)))
    won = {_members(row, count): deals_in(row, "result").amount for row in rows_of(answers, spec.id, "won by")}
    later: dict[Members, float] = {}
    for later_row in later_rows(report, spec.id, answers, "later by"):
        members = _members(later_row, count)
        later[members] = later.get(members, 0.0) + deals_in(later_row, "late").amount
    pipeline = outcome.pipeline
    brings = {
        members: pipeline.kept * math.fsum(cell.deals.amount * pipeline.rates.of(key) for key, cell in cells)
        for members, cells in opened.items()
    }
    shares = later if math.fsum(later.values()) > 0 else brings
    whole = math.fsum(shares.values())
    created = {members: pipeline.rest.created * share / whole if whole else 0.0 for members, share in shares.items()}
    factor = outcome.rest.mean / pipeline.rest.mean if pipeline.rest.mean else 0.0
    by_members: dict[Members, tuple[float, ...]] = {}
    for members in dict.fromkeys((*opened, *won, *created)):
        rest: tuple[float, ...] = (factor * brings.get(members, 0.0), factor * created.get(members, 0.0))
        if outcome.rest.way != "from_pipeline":
            rest = (math.fsum(rest),)
        parts = won.get(members, 0.0), *rest
        deals = sum((cell.deals for _, cell in opened.get(members, ())), Deals())
        if any(parts) or deals.count:
            by_members[members] = (math.fsum(parts), *parts, int(deals.count), deals.amount)
    return by_members


def _members(row: Row, count: int) -> Members:
    return tuple(row[Member(place)] for place in range(count))
