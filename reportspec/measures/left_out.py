"""What a figure leaves out since the entity that it is of is not made of it: how many rows, and what they amount to.

A won deal without an account is nobody's purchase. It is in the amount won and not in the revenue by customer, so what
is left out stands at the figure. Which field an entity cannot do without, and is to tell of, the catalogue says
(`told_without`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from sqlglot import exp

from reportspec.expression.sandbox import parse, path_of
from reportspec.expression.trees import all_of, conjuncts, copied
from reportspec.lazy_dataclass import dataclass
from reportspec.model.column_ids import Row, SideName, Tally, on_side
from reportspec.model.domain import Derived, Metric
from reportspec.model.query import Measure
from reportspec.model.spec import Report
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed
from reportspec.resolve.currencies import money_currencies


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many rows of an entity a metric leaves out of the period of a side, or `so_far`, since they lack a field
    (`deal.account_id`); with what they amount to in the report's currency, where that is known."""

    entity: str
    field: tuple[str, ...]
    count: int
    amount: float | None
    so_far: bool
    side: SideName = "current"


@dataclass(frozen=True, slots=True)
class AskedOut:
    """What is asked for a metric shown: the rows that lack a field, their amount, and how many have one in a currency
    that has no rate."""

    metric: str
    field: tuple[str, ...]
    count: Measure
    amount: Measure | None
    unrated: Measure | None

    @property
    def measures(self) -> Iterator[Measure]:
        """Its measures."""
        yield from (one for one in (self.count, self.amount, self.unrated) if one is not None)


def asked_left_out(report: Report) -> tuple[AskedOut, ...]:
    """What is to be asked, of each metric that the report shows: nothing where the report's own conditions say nothing
    of such rows."""
    binding, found = report.binding, dict[tuple[str, str], AskedOut]()
    conditions = (*report.conditions, *((report.each.condition,) if report.each is not None else ()))
    for metric in {metric.id: metric for spec in report.sections for metric in spec.metrics}.values():
        for part in metrics_needed(binding.catalogue, metric):
            asked = _of_part(binding, metric, part)
            if asked is not None and _can_be_asked(binding, asked, conditions):
                found.setdefault((asked.metric, str(asked.count.column)), asked)
    return tuple(found.values())


def left_out_of(
    asked: Iterable[AskedOut], rows: Sequence[Row], sides: Sequence[SideName]
) -> Mapping[str, tuple[LeftOut, ...]]:
    """What was found, by metric: on each side, of a field that several of its parts lack what is most, since it says
    most."""
    found: dict[str, dict[tuple[tuple[str, ...], SideName], LeftOut]] = {}
    for one, side in product(asked, sides):
        count = int(_added(rows, one.count, side) or 0)
        known, key = found.setdefault(one.metric, {}), (one.field, side)
        if count and (key not in known or count > known[key].count):
            whole = one.unrated is None or not _added(rows, one.unrated, side)
            amount = _added(rows, one.amount, side) if one.amount is not None and whole else None
            known[key] = LeftOut(one.count.entity, one.field, count, amount, one.count.anchor is None, side)
    return {metric: tuple(of_metric.values()) for metric, of_metric in found.items() if of_metric}


def _added(rows: Sequence[Row], measure: Measure, side: SideName) -> float | None:
    column = on_side(measure.column, side)
    values = [row[column] for row in rows if row.get(column) is not None]
    return float(sum(values)) if values else None


def _of_part(binding: Binding, metric: Metric, part: Metric) -> AskedOut | None:
    found = _made_without(binding, part)
    if found is None:
        return None
    derived, anchor = found
    own = derived.told_without
    others = [copied(tree) for tree in conjuncts(derived.where) if _is_there(tree) != own]
    where = all_of([*others, parse(f"{'.'.join(own)} is null", packaged=True)])
    called = "_".join((derived.source, *own, *(path_of(anchor) if anchor is not None else ("so_far",))))
    count = Measure(Tally(f"{called}__left_out"), derived.source, "count", None, where, anchor)
    # Over all time amounts are each of a day of their own, for which there is no rate here.
    worth = _amount(binding, derived) if anchor is not None else None
    if worth is None:
        return AskedOut(metric.id, own, count, None, None)
    amount = replace(count, column=Tally(f"{called}__worth"), aggregate="sum", of=worth, unit="currency")
    unrated = None
    if money_currencies(binding, derived.source, worth):
        unrated = replace(amount, column=Tally(f"{called}__unrated"), aggregate="count", keep="other_currency")
    return AskedOut(metric.id, own, count, amount, unrated)


def _made_without(binding: Binding, part: Metric) -> tuple[Derived, exp.Expr | None] | None:
    """The entity below a metric's that is told of, and the metric's time by the names of what that one is made of; None
    where there is none, or its time is no plain one of those."""
    anchor, name, seen = part.time, part.entity, set[str]()
    while (derived := binding.entity(name).derived) is not None and name not in seen:
        seen.add(name)
        if anchor is not None:
            path = path_of(anchor) if isinstance(anchor, (exp.Column, exp.Dot)) else ()
            anchor = derived.fields.get(path[1]) if len(path) == 2 and path[0] == name else None
            if not isinstance(anchor, (exp.Column, exp.Dot)):
                return None
        if derived.told_without:
            return derived, anchor
        name = derived.source
    return None


def _is_there(tree: exp.Expr) -> tuple[str, ...]:
    """The field that a condition asks to be there; none where it asks anything else."""
    inner = tree.unnest()
    asks = isinstance(inner, exp.Not) and isinstance(inner.this.unnest(), exp.Is)
    is_null = inner.this.unnest() if asks else None
    if is_null is None or not isinstance(is_null.expression, exp.Null):
        return ()
    return path_of(is_null.this) if isinstance(is_null.this, (exp.Column, exp.Dot)) else ()


def _amount(binding: Binding, derived: Derived) -> exp.Expr | None:
    """What the rows that are left out amount to, unconverted: what the entity would have taken as its amount."""
    for tree in derived.fields.values():
        if isinstance(tree, exp.Anonymous) and tree.name.upper() == "CONVERTED":
            amount = tree.expressions[0]
            path = path_of(amount)
            if binding.currency and len(path) == 2 and binding.serves(derived.source, path):
                return copied(amount)
    return None


def _can_be_asked(binding: Binding, asked: AskedOut, conditions: Iterable[exp.Expr]) -> bool:
    own, anchor = asked.count.where, asked.count.anchor
    try:
        for tree in (own, anchor, *conditions):
            binding.need_tree(asked.count.entity, tree)
    except Unresolved:
        return False
    return True
