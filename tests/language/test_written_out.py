"""What is written out in an expression and cannot be what it is taken for is told where it is written; a database
would say so without a line, or make something of it."""

from __future__ import annotations

import pytest

from reportspec.expression.sandbox import Refused, parse

WRONG = (
    ("regexp_matches(deal.name, '(')", "`(` is no pattern: missing )"),
    ("regexp_extract(deal.name, '[a', 0) = 'x'", "`[a` is no pattern"),
    (r"regexp_matches(deal.name, '\pL+')", r"`\p` in a pattern each in its own way"),
    (r"regexp_matches(deal.name, 'a\z')", "; write `$`"),
    ("regexp_matches(deal.name, '[[:^digit:]]')", "; write the letters that are meant"),
    ("regexp_matches(deal.name, 'x(?i)y')", "`(?i)` at the beginning"),
    (r"regexp_matches(deal.name, '\Q(\E')", r"`\Q` in a pattern"),
    ("regexp_replace(deal.name, 'a{2,1}', '') = 'x'", "`a{2,1}` is no pattern"),
    ("regexp_matches(deal.name, '*a')", "`*a` is no pattern: nothing to repeat"),
    ("cast('x' as int) > 3", "`x` is no number, which a cast to `int` takes"),
    ("cast('2.5' as bigint) > 3", "`2.5` is no whole number"),
    ("cast('1,5' as double) > 1", "`1,5` is no number"),
    ("cast('' as decimal(18, 2)) > 1", "`` is no number"),
    ("cast('x' as boolean)", "`x` is neither yes nor no"),
    ("cast(300 as tinyint) > 1", "`300` is beyond the numbers that a `tinyint` has"),
    ("cast(-129 as tinyint) > 1", "beyond the numbers"),
    ("cast(3000000000 as int) > 1", "beyond the numbers"),
    ("deal.created_at > make_date(2026, 13, 1)", "`make_date(2026, 13, 1)` is none that the calendar has"),
    ("deal.created_at > make_date(2026, 2, 29)", "none that the calendar has"),
    ("deal.created_at + interval '999999999 years' > deal.closed_at", "longer than 9,000 years"),
    ("deal.created_at + interval '120000 months' > deal.closed_at", "longer than 9,000 years"),
    ("deal.created_at > timestamp '2026-01-01T00:00:00+99:00'", "none that the calendar has"),
    ("cast('2026-02-30' as date) < deal.created_at", "none that the calendar has"),
)
RIGHT = (
    "regexp_matches(deal.name, '^(GmbH|AG)$')",
    r"regexp_matches(deal.name, '\w+\d{2,3}[[:alpha:]]$')",
    "regexp_matches(deal.name, '[^[:digit:]]x[a-z[:digit:]]')",
    "regexp_matches(deal.name, '(?i)xy')",
    "regexp_matches(deal.name, deal.title)",
    "cast('12' as int) = 12",
    "cast(' -5 ' as int) = -5",
    "cast(-128 as tinyint) < 0",
    "cast(2.5 as int) = 3",
    "cast('1e3' as double) = 1000",
    "cast('Yes' as boolean)",
    "try_cast('x' as int) is null",
    "deal.created_at > make_date(2024, 2, 29)",
    "deal.created_at + interval '3 months' > deal.closed_at",
    "cast(deal.name as int) > 3",  # of the data, which are asked
)


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_cannot_be(text: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(text)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", RIGHT)
def test_what_can_be(text: str) -> None:
    assert parse(text) is not None


@pytest.mark.parametrize("text", ["cast('x' as int) > 3", "regexp_like(deal.name, '(')"])
def test_the_own_sql_of_a_database_is_its_own(text: str) -> None:
    """A mapping may be written in it, and its database knows what it means."""
    assert parse(text, "postgres") is not None
