"""Expressions have kinds: what is no condition, and what cannot be compared, is told with what to write."""

from __future__ import annotations

import itertools
from zoneinfo import ZoneInfo

import pytest
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.check.kinds import fitting, of_metrics
from reportspec.check.mapping import demo_map
from reportspec.expression.sandbox import ANONYMOUS, NODES, WINDOW_NODES, Refused, parse
from reportspec.expression.types import (
    _OWN,
    ANY,
    CONDITION,
    NUMBER,
    SIGNATURES,
    Kind,
    Mistyped,
    expect,
    kind_of,
    unknown,
)
from reportspec.resolve.binding import Binding

UTC = ZoneInfo("UTC")
CATALOGUE = packaged()
BINDING = Binding(CATALOGUE, demo_map(CATALOGUE), UTC, UTC, "EUR")
# A field of each kind.
FIELDS = {
    "text": "deal.name",
    "amount": "deal.amount",
    "number": "deal.probability",
    "condition": "lead.is_converted",
    "day": "deal.expected_close_date",
    "time": "deal.created_at",
}
NUMBERS, MOMENTS = {"amount", "number"}, {"day", "time"}


def refused(text: str) -> str | None:
    """Why a text is no condition, or None where it is one."""
    try:
        expect(parse(text), CONDITION, BINDING.kinds(), "where")
    except Mistyped as wrong:
        return f"{wrong.message} | {wrong.help}"
    return None


def alike(one: str, other: str) -> bool:
    return one == other or {one, other} <= NUMBERS or {one, other} <= MOMENTS


@pytest.mark.parametrize(
    "form", ["{}", "not {}", "{} and true", "false or {}", "case when {} then true end", "if({}, true, false)"]
)
@pytest.mark.parametrize("kind", FIELDS)
def test_only_conditions_are_conditions(kind: str, form: str) -> None:
    assert (refused(form.format(FIELDS[kind])) is None) is (kind == "condition")


@pytest.mark.parametrize(
    "form",
    [
        "{} = {}",
        "{} <> {}",
        "{} > {}",
        "{} in ({}, null)",
        "{} between {} and null",
        "{} is distinct from {}",
        "coalesce({}, {}) is null",
        "nullif({}, {}) is null",
        "case {} when {} then true end",
    ],
)
def test_what_is_compared_is_alike(form: str) -> None:
    for one, other in itertools.product(FIELDS, FIELDS):
        told = refused(form.format(FIELDS[one], FIELDS[other]))
        assert (told is None) is alike(one, other), (one, other, told)


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("deal.amount", "deal.amount > 0"),
        ("(deal.amount > 1) > 2", "case when"),
        ("deal.name > 5", "'5'"),
        ("deal.amount = '5'", "write `5`"),
        ("deal.created_at > 'tomorrow'", "date '2026-01-31'"),
        ("deal.created_at - deal.closed_at > 3", "days_between"),
        ("deal.created_at + 3 > as_of", "interval (3) day"),
        ("deal.name || deal.amount = 'x'", "bigint"),
        ("lead.is_converted = 1", "lead.is_converted"),
        ("cast(deal.amount as varchar) = '5'", "bigint"),
        ("cast(deal.created_at as varchar) = 'x'", "strftime"),
        ("lower(deal.amount) = 'x'", "varchar"),
        ("sqrt(deal.name) > 1", "cast(deal.name as double)"),
        ("deal.amount between 'a' and 'b'", "cast("),
        ("deal.name like 5", "cast(5 as varchar)"),
    ],
)
def test_the_way_out_is_named(text: str, way: str) -> None:
    told = refused(text)
    assert told is not None
    assert way in told


@pytest.mark.parametrize(
    "text",
    [
        "deal.created_at >= '2026-01-31'",
        "deal.created_at < '2026-01-31 10:00:00'",
        "deal.expected_close_date < as_of",
        "lead.is_converted",
        "lead.is_converted = true",
        "deal.amount > 1 or deal.probability < 0.5",
        "coalesce(lead.is_converted, false)",
        "days_between(deal.created_at, as_of) > 3",
        "deal.created_at + interval 1 day < period_end",
        "deal.name is null",
        "case when deal.amount > 1 then lead.is_converted else false end",
        "null",
        "deal.name in ('a', null)",
    ],
)
def test_what_is_a_condition(text: str) -> None:
    assert refused(text) is None


def test_every_function_has_a_signature() -> None:
    by_hand = (
        exp.Column,
        exp.Dot,
        exp.Paren,
        exp.Literal,
        exp.Boolean,
        exp.Null,
        exp.Tuple,
        exp.Cast,
        exp.TryCast,
        exp.Case,
        exp.If,
        exp.In,
        exp.Add,
        exp.Sub,
        exp.Mul,
        exp.DateAdd,
        exp.DateSub,
        exp.Distinct,
        exp.Window,
        exp.Ordered,
    )
    parts = (
        exp.Identifier,
        exp.DataType,
        exp.DataTypeParam,
        exp.Var,
        exp.JSONPath,
        exp.JSONPathKey,
        exp.JSONPathRoot,
        exp.WindowSpec,
        exp.Order,
    )
    left = {node for node in (*NODES, *WINDOW_NODES) if node not in SIGNATURES}
    assert left == {*by_hand, *parts}
    assert set(_OWN) == ANONYMOUS


def test_the_catalogue_has_kinds() -> None:
    """Each definition of the packaged catalogue is of the kind that belongs where it stands."""
    for entity in CATALOGUE.entities.values():
        kinds = BINDING.kinds(entity.name)
        for tree, takes in ((entity.where, CONDITION), (entity.idle_rows, CONDITION), (entity.order, ANY)):
            if tree is not None:
                expect(tree, takes, kinds, entity.name)
        for field in entity.fields.values():
            for tree in (field.expr, field.default):
                if tree is not None:
                    expect(tree, fitting(field), kinds, field.id)
    for name in CATALOGUE.metrics:
        metric = CATALOGUE.metrics[name]
        if metric.where is not None:
            expect(metric.where, CONDITION, BINDING.kinds(metric.entity), name)
        if metric.formula is not None:
            expect(metric.formula, NUMBER, of_metrics, name)


def test_what_is_not_known_may_stand() -> None:
    for text in (
        "a",
        "a and b > 2",
        "a = b",
        "a || b = 'x'",
        "cast(a as varchar) = b",
        "a + b > c",
    ):
        expect(parse(text), CONDITION, unknown, "where")
    assert kind_of(parse("a"), unknown) is Kind.UNKNOWN
    with pytest.raises(Mistyped):
        expect(parse("lower(a) > 5"), CONDITION, unknown, "where")


@pytest.mark.parametrize(
    "text",
    [
        "cast(a as decimal(99, 98))",
        "cast(a as decimal(0, 0))",
        "cast(a as decimal(4, 5))",
        "cast(a as decimal(-1, 0))",
        "cast(a as float)",
        "cast(a as timestamp(9))",
        "cast(a as double(3))",
        "goal(a) > 1",
        "initcap(a)",
        "lpad(a, 3, '')",
        "regexp_extract(a, 'x', 1)",
        "date '2026-02-30'",
        "cast('soon' as date)",
        "timestamp '2026-01-31 25:00:00'",
        "a like '\\' escape '\\'",
        "regexp_replace(a, 'x', '\\')",
        "round(a, 20)",
    ],
)
def test_what_databases_would_refuse_is_told_before(text: str) -> None:
    with pytest.raises(Refused):
        parse(text)


def test_a_goal_may_stand_in_a_formula() -> None:
    parse("goal(revenue) > 1", formula=True)


@pytest.mark.parametrize(("term", "operator"), [("1", " + "), ("'a'", " || "), ("b = 1", " or ")])
def test_a_chain_of_operators_has_an_end(term: str, operator: str) -> None:
    """What reads, changes and writes expressions goes down level by level."""
    parse(operator.join([term] * 100))
    with pytest.raises(Refused, match="a chain of more than 120 operators"):
        parse(operator.join([term] * 200))
