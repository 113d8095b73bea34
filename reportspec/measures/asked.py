"""What is asked of a source for a metric: the aggregates that it is made of, each with what was left out of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.expression.trees import all_of, conjuncts, copied, when
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.arithmetic import OF_THE_PAST
from reportspec.measures.unknown_states import unknown_measures
from reportspec.model.column_ids import Aggregated, Part
from reportspec.model.domain import Metric
from reportspec.model.query import Measure
from reportspec.model.spec import Report
from reportspec.resolve.binding import Binding, metrics_needed, parts
from reportspec.resolve.currencies import mixes_currencies, money_currencies, only_amount
from reportspec.resolve.moments import varies_with_moment

ADDITIVE = ("count", "sum", "average", "min", "max")
_OF_VALUES = ("sum", "average", "median", "percentile")  # of values that some rows may not have
_SPANS = ("DAYS_BETWEEN", "MINUTES_BETWEEN", "SECONDS_BETWEEN")
_COMPARED = (exp.GT, exp.GTE, exp.LT, exp.LTE)


@dataclass(frozen=True, slots=True)
class Since:
    """What a count of a stock asks of how long something has been so until the report's date: the time that it began
    with (`began`), and what else the count asks of its rows (`others`)."""

    began: exp.Expr
    others: tuple[exp.Expr, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a metric asks of its values alone, that they are not below 0 (`of`), and what else it asks of its rows
    (`others`). `spans` are values from one time to another: below 0 they end before they begin."""

    of: tuple[exp.Expr, ...]
    others: tuple[exp.Expr, ...]
    spans: bool


def aggregates(binding: Binding, metrics: Iterable[Metric]) -> list[Metric]:
    """The aggregate metrics that metrics are made of, each once."""
    needed: dict[str, Metric] = {}
    for metric in metrics:
        for part in metrics_needed(binding.catalogue, metric):
            needed[part.id] = part
    return list(needed.values())


def measures(report: Report, *metrics: Metric) -> tuple[Measure, ...]:
    """The columns that metrics are computed from."""
    binding = report.binding
    return tuple(measure for metric in aggregates(binding, metrics) for measure in measures_of(binding, metric))


def measures_of(binding: Binding, metric: Metric) -> tuple[Measure, ...]:
    """The columns that an aggregate metric is computed from: its value (a sum and a count for an
    average), the count of rows behind it, and what was left out for want of a value."""

    def measure(part: Part, aggregate: str, of: exp.Expr | None, keep: str = "value") -> Measure:
        return Measure(
            Aggregated(metric.id, part),
            metric.entity,
            aggregate,  # type: ignore[arg-type]
            of,
            metric.where,
            metric.time,
            metric.percentile,
            metric.unit,
            metric.ahead,
            keep,  # type: ignore[arg-type]
            metric.rate_before,
        )

    match metric.aggregate:
        case "count":
            counted = measure("value", "count", metric.of)
            if metric.of is not None and money_currencies(binding, metric.entity, metric.of):
                # Amounts that are counted are those that would be added up: with a rate.
                counted = replace(counted, unit="currency")
            asked = since_of(metric)
            if asked is not None:
                undated = measure("missing", "count", copied(asked.began), "missing")
                others = all_of([copied(tree) for tree in asked.others])
                return (counted, replace(undated, where=others), *unknown_measures(binding, metric, None))
            return (counted, *unknown_measures(binding, metric, None))
        case "count_distinct":
            measures_of_part = [measure("value", "distinct", metric.of), measure("n", "count", metric.of)]
        case "average":
            measures_of_part = [measure("sum", "sum", metric.of), measure("n", "count", metric.of)]
        case "median" | "percentile":
            measures_of_part = [measure("value", "quantile", metric.of), measure("n", "count", metric.of)]
        case _:
            measures_of_part = [measure("value", metric.aggregate, metric.of), measure("n", "count", metric.of)]
    incomplete = None
    if metric.unit == "currency":
        measures_of_part.append(measure("missing", "count", metric.of, "missing"))
        assert metric.of is not None
        if binding.currency and money_currencies(binding, metric.entity, metric.of):
            measures_of_part.append(measure("other_currency", "count", metric.of, "other_currency"))
        if only_amount(binding, metric.entity, metric.of) is not None:
            incomplete = measure("incomplete", "count", metric.of, "incomplete")
            measures_of_part.append(incomplete)
    elif metric.aggregate in _OF_VALUES and metric.of is not None and not _null_on_purpose(metric.of):
        missing = measure("missing", "count", metric.of, "missing")
        bounds = bounds_of(binding, metric)
        if bounds is not None:
            # Its condition has taken out the very rows that are to be counted: here it makes their value null.
            bounded = all_of([copied(tree) for tree in bounds.of])
            assert bounded is not None
            others = all_of([copied(tree) for tree in bounds.others])
            missing = replace(missing, of=when(bounded, copied(metric.of)), where=others)
        measures_of_part.append(missing)
        if only_amount(binding, metric.entity, metric.of) is not None:
            # What is made of an amount and something else may lack either.
            incomplete = replace(missing, column=Aggregated(metric.id, "incomplete"), keep="incomplete")
            measures_of_part.append(incomplete)
    mixed = metric.of is not None and mixes_currencies(binding, metric.entity, metric.of)
    if metric.unit != "currency" and binding.currency and mixed:
        measures_of_part.append(measure("other_currency", "count", metric.of, "other_currency"))
    return (*measures_of_part, *unknown_measures(binding, metric, incomplete))


def measures_of_rows(binding: Binding, metric: Metric) -> tuple[Measure, ...]:
    """The same without what is counted of rows whose past is not known: these are in no figure."""
    found = measures_of(binding, metric)
    return tuple(one for one in found if not isinstance(one.column, Aggregated) or one.column.part not in OF_THE_PAST)


def bounds_of(binding: Binding, metric: Metric) -> Bounds | None:
    """How a metric bounds its values, be it as `x >= 0`, or a time between two others as `later >= earlier`. None where
    it does not, and where it is a sum: what is below 0 it leaves out on purpose."""
    if metric.of is None or metric.aggregate == "sum" or metric.aggregate not in _OF_VALUES:
        return None
    written = [metric.of.unnest()]
    path = path_of(written[0]) if isinstance(written[0], (exp.Column, exp.Dot)) else ()
    if len(path) == 2 and path[0] == metric.entity:
        field = binding.field(*path)
        if field is not None and field.expr is not None:
            written.append(field.expr.unnest())
    spans = [tree for tree in written if isinstance(tree, exp.Anonymous) and tree.name.upper() in _SPANS]

    def bounds(tree: exp.Expr) -> bool:
        match tree:
            case exp.GTE():
                high, low = tree.this.unnest(), tree.expression.unnest()
            case exp.LTE():
                high, low = tree.expression.unnest(), tree.this.unnest()
            case _:
                return False
        if isinstance(low, exp.Literal) and low.is_number and not float(low.this):
            return high in written
        return any([low, high] == span.expressions for span in spans)

    every = conjuncts(metric.where)
    own = tuple(tree for tree in every if bounds(tree))
    return Bounds(own, tuple(tree for tree in every if tree not in own), bool(spans)) if own else None


def since_of(metric: Metric) -> Since | None:
    """What a count of a stock asks of a span until the report's date. Of a row that lacks where the span begins it is
    not known whether it counts. None where it asks for no such span, and where it counts values."""
    if metric.aggregate != "count" or metric.of is not None or metric.time is not None:
        return None
    every = conjuncts(metric.where)
    for tree in every:
        compared = tree.unnest()
        for span in (compared.this.unnest(), compared.expression.unnest()) if isinstance(compared, _COMPARED) else ():
            if isinstance(span, exp.Anonymous) and span.name.upper() in _SPANS:
                began, until = span.expressions
                if {node.name for node in column_nodes(until)} == {"as_of"}:
                    return Since(began, tuple(one for one in every if one is not tree))
    return None


def squares(binding: Binding, measures: Iterable[Measure]) -> tuple[Measure, ...]:
    """Beside the sum of each average the sum of squares: both say how far its values lie apart."""
    metrics = binding.catalogue.metrics
    return tuple(
        replace(measure, column=Aggregated(measure.metric, "squares"), aggregate="squares")
        for measure in measures
        if measure.aggregate == "sum" and metrics[measure.metric].aggregate == "average"
    )


def reads_total(binding: Binding, metric: Metric) -> bool:
    """Whether a metric compares a row with all rows, so that it needs the total, shown or not."""
    if metric.kind in ("share", "relative"):
        return True
    metrics = binding.catalogue.metrics
    return any(reads_total(binding, metrics[name]) for name in parts(metric))


def _null_on_purpose(tree: exp.Expr) -> bool:
    """Whether an expression chooses what counts: a row of which it makes null is not one that lacks a value."""
    return tree.find(exp.Case, exp.If, exp.Nullif) is not None


def can_trend(
    binding: Binding,
    metric: Metric,
    conditions: Iterable[exp.Expr] = (),
    by: Iterable[tuple[str, ...]] = (),
) -> bool:
    """Whether a metric can be shown over time: a stock that reads an entity which is itself made
    as of one instant cannot, be it for its own sake, for a condition or for a field that it is
    grouped `by`."""
    if metric.time is not None:
        return True
    entities = {metric.entity}
    trees = [t for t in (metric.of, metric.where, *conditions) if t is not None]
    for path in (*(path_of(node) for tree in trees for node in column_nodes(tree)), *by):
        entities |= _passed(binding, metric.entity, path)
    return not any(binding.entity(name).derived is not None and varies_with_moment(binding, name) for name in entities)


def _passed(binding: Binding, at: str, path: tuple[str, ...]) -> set[str]:
    """The entities on the way to a field, and on the ways to what it is made of."""
    if len(path) < 2:
        return set()
    reference, found = binding.resolve(at, path), set[str]()
    for step in reference.steps:
        at = binding.entity(at).relations[step].to
        found.add(at)
    made_of = column_nodes(reference.field.expr) if reference.field.expr is not None else ()
    return found.union(*(_passed(binding, at, path_of(node)) for node in made_of))
