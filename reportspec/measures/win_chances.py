"""The chance of an open row to be won, as a field of lists: what it is learned from, and what is put in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, parse, path_of
from reportspec.expression.trees import copied, literal
from reportspec.forecasting.win_rates import Rates
from reportspec.forecasting.winning import chances, in_steps
from reportspec.languages import vocabulary
from reportspec.measures.answers import Answers
from reportspec.measures.forecast_windows import (
    cell_dimensions,
    facts_of,
    forecast_entity,
    forecasting_of,
    no_matter_of_forecasts,
    windows_queries,
)
from reportspec.model.query import Query, RecordsQuery
from reportspec.model.spec import EACH, Report
from reportspec.resolve.binding import Binding

_BY_WHAT = ("shown", "past")  # what of chances depends on what they are learned by
LEARNED = "chances of lists"  # the section that their queries belong to


def reads_chances(binding: Binding, query: Query) -> bool:
    """Whether a list has the field, is sorted by it, or has only some of its values."""
    if not isinstance(query, RecordsQuery):
        return False
    shown = [path for _, path in (*query.fields, *(("", path) for path, _ in query.sort))]
    named = [*shown, *(path_of(node) for tree in query.conditions for node in column_nodes(tree))]
    return any(_is_chance(binding, query.entity, path) for path in named)


def cut_by_chances(binding: Binding, query: RecordsQuery) -> bool:
    """Whether only rows of some chances are listed."""
    named = [path_of(node) for tree in query.conditions for node in column_nodes(tree)]
    return any(_is_chance(binding, query.entity, path) for path in named)


def _is_chance(binding: Binding, base: str, path: tuple[str, ...]) -> bool:
    return len(path) > 1 and binding.learned(binding.resolve(base, path).field)


def chance_queries(report: Report) -> tuple[Query, ...]:
    """What the chances are learned from: the windows of a forecast of all rows that the report is about. Of a report
    for each value they are those of all values; no filter on the chance itself is among its conditions."""
    binding, entity = report.binding, forecast_entity(report).name
    conditions = tuple(
        tree
        for tree in report.conditions
        if not any(_is_chance(binding, entity, path_of(node)) for node in column_nodes(tree))
        and not any(node.this == EACH for node in tree.find_all(exp.Literal))
    )
    return windows_queries(report, LEARNED, conditions)


def without_chances(report: Report) -> Report | None:
    """The report in which no row has a chance, since no forecast is made of its period; None where one is."""
    why = no_matter_of_forecasts(report)
    return replace(report, chances=why) if why else None


def with_chances(report: Report, answers: Answers) -> Report:
    """The report in which each open row has the chance that its likes had, if the past bears such chances out."""
    made = chances(facts_of(report, LEARNED, answers).windows)
    if not made.shown:
        return replace(report, chances="past")
    name = forecasting_of(report).chance
    field = report.binding.resolve(forecast_entity(report).name, tuple(name.split("."))).field
    binding = report.binding.with_expression(field, _expression(report, made.rates))
    return replace(report, chances="shown", binding=binding)


def _expression(report: Report, rates: Rates) -> exp.Expr:
    """The chance of a row by its stage and how long it has been there."""
    cells = [parse(".".join(dimension.path), packaged=True) for dimension in cell_dimensions(report)]
    bands: dict[str | None, dict[int | None, float]] = {}
    for (stage, band), rate in sorted(rates.cells.items(), key=str):
        bands.setdefault(stage, {})[band] = rate
    if len(cells) == 1:
        inner = _by_band(cells[0], bands.get(None, {}), rates.base)
    else:
        ifs = [
            exp.If(this=_is(cells[0], stage), true=_by_band(cells[1], of_stage, rates.of_stage(stage)))
            for stage, of_stage in bands.items()
        ]
        inner = exp.Case(ifs=ifs, default=_told(rates.base)) if ifs else _told(rates.base)
    return exp.Case(ifs=[exp.If(this=copied(forecasting_of(report).open), true=inner)])


def _by_band(band: exp.Expr, of_bands: dict[int | None, float], otherwise: float) -> exp.Expr:
    ifs = [exp.If(this=_is(band, number), true=_told(rate)) for number, rate in of_bands.items()]
    return exp.Case(ifs=ifs, default=_told(otherwise)) if ifs else _told(otherwise)


def _is(tree: exp.Expr, value: str | int | None) -> exp.Expr:
    if value is None:
        return exp.Is(this=copied(tree), expression=exp.Null())
    return exp.EQ(this=copied(tree), expression=literal(value))


def _told(chance: float) -> exp.Expr:
    return literal(in_steps(chance))


def by_what(report: Report, words: str) -> str:
    """The name of words on what deals are told apart by: where no past states are known, it is their age alone."""
    return words if len(cell_dimensions(report)) > 1 else f"{words}_by_age"


def chance_notes(report: Report) -> Sequence[str]:
    """What is to be known of the chances in a list, or why there are none."""
    words = vocabulary(report.language)["forecast"]["chances"]
    why = report.chances or "past"
    notes = [str(words[by_what(report, why) if why in _BY_WHAT else why])]
    if report.chances == "shown" and report.each is not None:
        notes.append(str(words["of_all"]))
    return notes
