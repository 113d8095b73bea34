"""A statement of very many parts keeps to what databases take: CTEs on MariaDB, tables in one FROM on several."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from reportspec.databases.mariadb import MARIADB, MOST_CTES, fewer_ctes
from reportspec.expression.trees import named
from reportspec.sql.combine import MOST_JOINED, side_by_side
from reportspec.sql.dialects.rewrite import Unsupported


def chain(of: int, reads: int) -> exp.Expr:
    """A statement of CTEs `c0`, `c1`, …: each adds 1 to the one before, which it reads `reads` times."""
    ctes = ["c0 AS (SELECT 1 AS n)"]
    for at in range(1, of):
        also = "".join(f", c{at - 1} AS x{one}" for one in range(1, reads))
        ctes.append(f"c{at} AS (SELECT t.n + 1 AS n FROM c{at - 1} AS t{also})")
    return sqlglot.parse_one(f"WITH {', '.join(ctes)} SELECT n FROM c{of - 1}", dialect="duckdb")


def ctes_of(tree: exp.Expr) -> int:
    return len(list(tree.find_all(exp.CTE)))


def test_as_many_as_it_takes_stay() -> None:
    tree = chain(MOST_CTES, 1)
    assert fewer_ctes(tree) is tree
    assert MARIADB.before is not None
    assert MARIADB.before(tree) is tree
    assert ctes_of(MARIADB.before(chain(MOST_CTES + 6, 1))) == 0


def test_those_that_are_read_once_stand_where_they_are_read() -> None:
    found = fewer_ctes(chain(MOST_CTES + 6, 1))
    assert ctes_of(found) == 0
    assert duckdb.sql(found.sql("duckdb")).fetchall() == [(70,)]


def test_those_that_are_read_twice_stay() -> None:
    once = ", ".join(f"o{n} AS (SELECT {n} AS n FROM twice)" for n in range(70))
    joined = " UNION ALL ".join(f"SELECT n FROM o{n}" for n in range(70))
    tree = sqlglot.parse_one(f"WITH twice AS (SELECT 1), {once} SELECT SUM(n) AS s FROM ({joined}) AS j")
    found = fewer_ctes(tree)
    assert [cte.alias for cte in found.find_all(exp.CTE)] == ["twice"]
    assert duckdb.sql(found.sql("duckdb")).fetchall() == [(2415,)]  # 69 * 70 / 2
    assert ctes_of(tree) == 71  # the statement that was given is as it was


def test_what_is_still_too_much_is_refused_with_the_way_out() -> None:
    with pytest.raises(Unsupported, match=r"fewer metrics in one section"):
        fewer_ctes(chain(MOST_CTES + 6, 2))


@pytest.mark.parametrize("of", [1, MOST_JOINED, MOST_JOINED + 1, 3 * MOST_JOINED + 5])
def test_no_from_joins_more_than_a_database_takes(of: int) -> None:
    selects = [(exp.Select().select(named(exp.Literal.number(n), f"m{n}")), [f"m{n}"]) for n in range(of)]
    outputs = [f"m{n}" for n in reversed(range(of))]
    found = side_by_side(selects, outputs)
    for select in found.find_all(exp.Select):
        assert len(select.args.get("joins") or ()) < MOST_JOINED
    rows = duckdb.sql(found.sql("duckdb"))
    assert rows.columns == outputs
    assert rows.fetchall() == [tuple(reversed(range(of)))]
