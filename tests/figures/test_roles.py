"""Whose a figure is: both sides of a division by person, team, account or campaign count by the same role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.model.domain import Derived, Metric

CATALOGUE = packaged()


def every_metric() -> Iterator[Metric]:
    for name in CATALOGUE.metrics:
        yield CATALOGUE.metrics[name]
        for variant in CATALOGUE.metrics.variants(name):
            yield CATALOGUE.metrics[f"{name}.{variant}"]


def parts(metric: Metric) -> Iterator[Metric]:
    """The aggregates that a metric is made of."""
    if metric.kind == "aggregate":
        yield metric
    elif metric.kind == "ratio":
        yield from parts(CATALOGUE.metrics[metric.numerator])
        yield from parts(CATALOGUE.metrics[metric.denominator])
    elif metric.formula is not None:
        yield from made_of(metric.formula)


def made_of(tree: exp.Expr) -> list[Metric]:
    """The aggregates that a part of a formula is made of."""
    names = [".".join(path_of(node)) for node in column_nodes(tree)]
    return [part for name in names if name in CATALOGUE.metrics for part in named(name)]


def whose(entity: str, target: str) -> str:
    """Of which record of the source the role's key is a field, as `deal.owner_id`; empty where the
    entity does not belong to anybody."""
    way = CATALOGUE.entities[entity].roles.get(target)
    if way is None:
        return ""
    for step in way[:-1]:
        entity = CATALOGUE.entities[entity].relations[step].to
    return origin(entity, CATALOGUE.entities[entity].relations[way[-1]].by)


def origin(entity: str, field: str) -> str:
    """The field of the source that a field of an entity comes from, through all derived ones."""
    derived: Derived | None = CATALOGUE.entities[entity].derived
    if derived is None:
        return f"{entity}.{field}"
    [node, *_] = column_nodes(derived.fields[field])
    path = path_of(node)
    at = path[0]
    for step in path[1:-1]:
        at = CATALOGUE.entities[at].relations[step].to
    return origin(at, path[-1])


def sides(metric: Metric) -> Iterator[tuple[list[Metric], list[Metric]]]:
    """What is divided by what, at every division of a metric."""
    if metric.kind == "ratio":
        yield named(metric.numerator), named(metric.denominator)
    elif metric.formula is not None:
        for node in metric.formula.find_all(exp.Div):
            yield made_of(node.this), made_of(node.expression)


def named(name: str) -> list[Metric]:
    return list(parts(CATALOGUE.metrics[name]))


def divisions() -> list[Metric]:
    return [metric for metric in every_metric() if any(sides(metric))]


@pytest.mark.parametrize("target", ["user", "account"])
@pytest.mark.parametrize("metric", divisions(), ids=lambda metric: metric.id)
def test_both_sides_count_by_one_role(metric: Metric, target: str) -> None:
    for over, under in sides(metric):
        ours, theirs = ({whose(part.entity, target) for part in side} for side in (over, under))
        # What belongs to nobody is refused by person; a number is the same for all.
        belongs = "" not in ours | theirs and ours and theirs
        assert not belongs or ours == theirs


def test_roles_come_from_the_source() -> None:
    assert whose("purchase", "user") == "deal.owner_id"
    assert whose("customer", "user") == whose("customer_line", "user") == "account.owner_id"
    assert whose("stage_visit", "user") == "deal.owner_id"
