"""Rates and means that rest on few cases: they are told with a caution, and how they moved is called neither better nor
worse where they are very few. What rests on costs of which none is booked is told, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.arithmetic import metric_value, unbooked
from reportspec.measures.cases import cases, cases_and_hits
from reportspec.measures.metric_columns import Footnotes, label, marked
from reportspec.measures.words import word
from reportspec.model.column_ids import Aggregated, Part, Row, SideName
from reportspec.model.domain import Metric
from reportspec.model.figures import Column
from reportspec.model.spec import Report
from reportspec.resolve.binding import metrics_needed, parts

FEW = 30  # cases under which a rate of counts says little: at 30 its 95 % range is 36 points wide at most
FEWEST = 10  # values under which a mean or a median says little, and a change of either is not judged
_OF_VALUES = ("average", "median", "percentile")
_COUNTED: tuple[Part, ...] = ("value", "sum", "n")  # of an aggregate, where there is anything of it


@dataclass(frozen=True, slots=True)
class _Basis:
    """A rate or a mean that a figure is, or is made of: how many cases it has to rest on, and whether these are what
    the rate has found, be there ever so many that it looked at."""

    metric: Metric
    least: int
    hits: bool = False


def _bases(report: Report, metric: Metric) -> list[_Basis]:
    """What a figure rests on: nothing of a count, of a sum, and of what is made of such alone."""
    metrics = report.binding.catalogue.metrics
    if metric.kind == "ratio":
        base = metrics[metric.denominator]
        return [_Basis(metric, FEW if metric.unit == "percent" and base.unit == "count" else FEWEST)]
    if metric.kind == "aggregate":
        return [_Basis(metric, FEWEST)] if metric.aggregate in _OF_VALUES else []
    rates = _divided_by(report, metric)
    others = (metrics[name] for name in parts(metric) if name in metrics)
    made_of = (basis for part in others if part not in rates for basis in _bases(report, part))
    return [*(_Basis(rate, FEWEST, True) for rate in rates), *made_of]


def fewest(report: Report, metric: Metric) -> int:
    """How many cases a figure has to rest on: 0 of a count, a sum, and what else is what it is."""
    return max((basis.least for basis in _bases(report, metric)), default=0)


def _divided_by(report: Report, metric: Metric) -> list[Metric]:
    """The rates that a formula divides by: what it comes to hangs on how many cases each rate found, be there ever so
    many that it looked at (three customers lost of 79 make a lifetime of 26 years, four one of 20)."""
    metrics, found = report.binding.catalogue.metrics, list[Metric]()
    for division in metric.formula.find_all(exp.Div) if metric.formula is not None else ():
        names = (".".join(path_of(node)) for node in column_nodes(division.expression))
        divisors = [metrics[name] for name in names if name in metrics]
        found += [part for part in divisors if part.kind == "ratio" and part.unit == "percent"]
    return found


def caution(report: Report, metric: Metric, rows: Sequence[Row], footnotes: Footnotes) -> int | None:
    """The footnote that a figure of some row rests on few cases, or that one before did; None where none does. Of what
    is made of one mean it is that mean's own."""
    few = [
        (basis, side)
        for row in rows
        for basis in _bases(report, metric)
        for side in report.side_names
        if 0 < _count(report, basis, row, side) < basis.least
    ]
    if not few:
        return None
    made_of = {basis.metric.id: basis.metric for basis, _ in few if not basis.hits}
    alone = len(made_of) == 1 and not any(basis.hits for basis, _ in few)
    name = label(report, next(iter(made_of.values())).label if alone else metric.label)
    if all(side != "current" for _, side in few):
        name = word(report.language, "previous", name)
    return footnotes.add(word(report.language, "few", name, max(basis.least for basis, _ in few)))


def with_cautions(
    report: Report, metrics: Iterable[Metric], rows: Sequence[Row], columns: Iterable[Column], footnotes: Footnotes
) -> list[Column]:
    """The columns of a table, of which those have footnotes that rest in some row on few cases, or on costs of which
    none is booked."""
    told = {
        metric.id: [caution(report, metric, rows, footnotes), none_booked(report, metric, rows, footnotes, whole=False)]
        for metric in metrics
    }
    found = []
    for column in columns:
        for mark in told.get(column.metric or "", ()):
            column = marked(column, mark) if mark is not None else column
        found.append(column)
    return found


def none_booked(
    report: Report, metric: Metric, rows: Sequence[Row], footnotes: Footnotes, *, whole: bool
) -> int | None:
    """The footnote that there is no figure since nothing is booked of what it is made of, as there is of the rest;
    `whole` of a figure that stands by itself, else of some rows."""
    if metric.kind not in ("ratio", "derived"):
        return None
    needed = metrics_needed(report.binding.catalogue, metric)
    booked = [part for part in needed if part.booked]
    for row in rows if booked else ():
        for side in report.side_names:
            others = (part for part in needed if not part.booked)
            there = any(row.get(Aggregated(part.id, one, side)) for part in others for one in _COUNTED)
            lacks = [part for part in booked if unbooked(part, row, side)]
            if there and lacks and metric_value(report.binding.catalogue, metric, row, side, row) is None:
                text = "unbooked" if whole else "unbooked_rows"
                name = label(report, metric.label)
                return footnotes.add(word(report.language, text, name, label(report, lacks[0].label)))
    return None


def judged(report: Report, metric: Metric, row: Row) -> bool:
    """Whether a figure's change can be called better or worse: a rate's or a mean's, and what is made of such, where
    neither side has very few cases."""
    return all(count >= FEWEST for count in _counts(report, metric, row))


def too_few(report: Report, metrics: Iterable[Metric], row: Row) -> frozenset[str]:
    """The metrics of a row that rest on very few cases, now or before: what they changed by says nothing."""
    return frozenset(
        metric.id for metric in metrics if any(0 < count < FEWEST for count in _counts(report, metric, row))
    )


def _counts(report: Report, metric: Metric, row: Row) -> Iterator[int]:
    return (_count(report, basis, row, side) for basis in _bases(report, metric) for side in report.side_names)


def _count(report: Report, basis: _Basis, row: Row, side: SideName) -> int:
    """How many cases there are on a side; as many as are needed where that is not known."""
    if not basis.hits:
        return cases(report, basis.metric, row, side)
    hits = cases_and_hits(report, basis.metric, row, side)[1]
    return basis.least if hits is None else hits
