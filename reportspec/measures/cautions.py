"""Rates and means that rest on few cases: they are told with a caution, and how they moved is called neither better nor
worse where they are very few."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.measures.cases import cases, cases_and_hits
from reportspec.measures.metric_columns import Footnotes, label, marked
from reportspec.measures.words import word
from reportspec.model.column_ids import Row
from reportspec.model.domain import Metric
from reportspec.model.figures import Column
from reportspec.model.spec import Report

FEW = 30  # cases under which a rate of counts says little: at 30 its 95 % range is 36 points wide at most
FEWEST = 10  # values under which a mean or a median says little, and a change of either is not judged
_OF_VALUES = ("average", "median", "percentile")


def fewest(report: Report, metric: Metric) -> int:
    """How many cases a figure has to rest on: 0 of a count, a sum, and what else is what it is."""
    if metric.kind == "ratio":
        base = report.binding.catalogue.metrics[metric.denominator]
        return FEW if metric.unit == "percent" and base.unit == "count" else FEWEST
    if _divided_by(report, metric):
        return FEWEST
    return FEWEST if metric.kind == "aggregate" and metric.aggregate in _OF_VALUES else 0


def _divided_by(report: Report, metric: Metric) -> list[Metric]:
    """The rates that a formula divides by: what it comes to hangs on how many cases each rate found, be there ever so
    many that it looked at (three customers lost of 79 make a lifetime of 26 years, four one of 20)."""
    metrics, found = report.binding.catalogue.metrics, list[Metric]()
    for division in metric.formula.find_all(exp.Div) if metric.formula is not None else ():
        names = (".".join(path_of(node)) for node in column_nodes(division.expression))
        parts = [metrics[name] for name in names if name in metrics]
        found += [part for part in parts if part.kind == "ratio" and part.unit == "percent"]
    return found


def caution(report: Report, metric: Metric, rows: Iterable[Row], footnotes: Footnotes) -> int | None:
    """The footnote that a figure of some row rests on few cases, now or before; None where none does."""
    least = fewest(report, metric)
    if not least:
        return None
    if any(0 < count < least for row in rows for count in _counts(report, metric, row)):
        return footnotes.add(word(report.language, "few", label(report, metric.label), least))
    return None


def with_cautions(
    report: Report, metrics: Iterable[Metric], rows: Sequence[Row], columns: Iterable[Column], footnotes: Footnotes
) -> list[Column]:
    """The columns of a table, of which those have a footnote that rest on few cases in some row."""
    told = {metric.id: caution(report, metric, rows, footnotes) for metric in metrics}
    return [marked(column, few) if (few := told.get(column.metric or "")) is not None else column for column in columns]


def judged(report: Report, metric: Metric, row: Row) -> bool:
    """Whether a figure's change can be called better or worse: a rate's or a mean's where neither side has very few
    cases."""
    return not fewest(report, metric) or all(count >= FEWEST for count in _counts(report, metric, row))


def too_few(report: Report, metrics: Iterable[Metric], row: Row) -> frozenset[str]:
    """The metrics of a row that rest on very few cases, now or before: what they changed by says nothing."""
    return frozenset(
        metric.id
        for metric in metrics
        if fewest(report, metric) and any(0 < count < FEWEST for count in _counts(report, metric, row))
    )


def _counts(report: Report, metric: Metric, row: Row) -> list[int]:
    rates = _divided_by(report, metric)
    if not rates:
        return [cases(report, metric, row, side) for side in report.side_names]
    hits = ((cases_and_hits(report, rate, row, side)[1] for rate in rates) for side in report.side_names)
    return [min((hit for hit in of_side if hit is not None), default=FEWEST) for of_side in hits]
