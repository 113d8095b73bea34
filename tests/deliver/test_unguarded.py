"""Attempts to get another person's rows past the check of statements and past the last look before
mail leaves. Whether a statement lets them through is found by running it, not by reading it.

Slow: each condition of many statements is damaged and looked at alone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from pypdf import PdfWriter
from sqlglot import exp

from reportspec.burst import burst
from reportspec.burst import isolation as guard
from reportspec.databases import dialect_named
from reportspec.deliver import compose
from reportspec.deliver import send as sending
from reportspec.errors import SourceError
from reportspec.run import execute
from reportspec.sql.dialect import sql_text
from tests.deliver.burst import (
    HOSTILE,
    checked,
    database,
    in_mail,
    named,
    people,
    rows_of,
    statements,
    together,
)
from tests.deliver.burst import (
    project as made_project,
)
from tests.deliver.conftest import Run
from tests.deliver.server import Handler, Server

MINE, OTHER = "X", "Y"


def unguarded(tree: exp.Expr, value: str) -> str | None:
    """The check, where the value is an owner's or a person's name."""
    return guard.unguarded(tree, value, "owner") and guard.unguarded(tree, value, "name")


def unparted(tree: exp.Expr, name: str) -> str | None:
    """The check of statements for many owners."""
    return guard.unparted(tree, name, "owner")


# --- statements by hand --------------------------------------------------------------------------

_TABLES = """
CREATE TABLE deal (id INT, owner VARCHAR, amount INT, status VARCHAR, account INT);
CREATE TABLE a (id INT, owner VARCHAR, amount INT, status VARCHAR, account INT);
CREATE TABLE person (id INT, name VARCHAR);
"""
# Each world differs from the first in rows that are not X's: what it shows differs only if they count.
_WORLDS = (
    [(1, MINE, 10, "won", 7)],
    [(1, MINE, 10, "won", 7), (2, OTHER, 1000, "won", 7)],
    [(2, OTHER, 5, "lost", 8), (1, MINE, 10, "won", 7)],
    [(1, MINE, 10, "won", 7), (3, None, 300, "open", 7)],
    [(1, MINE, 10, "won", 7), (4, MINE.lower(), 4000, "won", 7)],
)


@pytest.fixture(scope="module")
def worlds() -> list[duckdb.DuckDBPyConnection]:
    found = []
    for rows in _WORLDS:
        raw = duckdb.connect()
        raw.execute("SET python_enable_replacements = false")
        raw.execute(_TABLES)
        for table in ("deal", "a"):
            raw.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", rows)
        raw.executemany("INSERT INTO person VALUES (?, ?)", [(id, owner) for id, owner, *_ in rows])
        found.append(raw)
    return found


def shown(raw: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    """The rows in no order, as texts."""
    return sorted(map(repr, raw.execute(sql).fetchall()))


def influenced(worlds: Sequence[duckdb.DuckDBPyConnection], sql: str) -> bool:
    """Whether rows of others change what a statement shows."""
    first, *others = (shown(raw, sql) for raw in worlds)
    return any(one != first for one in others)


SAFE = {
    "a condition": "SELECT sum(amount) FROM deal WHERE owner = 'X'",
    "the value first": "SELECT sum(amount) FROM deal WHERE 'X' = owner AND status = 'won'",
    "of a CTE": "WITH d AS (SELECT owner, amount FROM deal) SELECT sum(amount) FROM d WHERE owner = 'X'",
    "by a joined name": "SELECT sum(d.amount) FROM deal d LEFT JOIN person p ON p.id = d.id WHERE p.name = 'X'",
    "in both branches": "SELECT amount FROM deal WHERE owner = 'X' UNION ALL SELECT id FROM deal WHERE owner = 'X'",
    "in two steps": "SELECT sum(s) FROM (SELECT status, sum(amount) AS s FROM deal WHERE owner = 'X' GROUP BY status) AS f",
    "side by side": "SELECT p.s, q.n FROM (SELECT sum(amount) AS s FROM deal WHERE owner = 'X') AS p"
    " CROSS JOIN (SELECT count(*) AS n FROM deal WHERE owner = 'X') AS q",
    "beside constants": "SELECT c.at, sum(d.amount) FROM deal AS d CROSS JOIN (SELECT 1 AS at UNION ALL SELECT 2) AS c"
    " WHERE d.owner = 'X' GROUP BY c.at",
    "constants": "SELECT 1 AS one",
    "a name given back": "SELECT f.n, p.name FROM (SELECT id AS k, count(*) AS n FROM deal WHERE owner = 'X' GROUP BY id) AS f"
    " LEFT JOIN person AS p ON p.id = f.k",
}


@pytest.mark.parametrize("sql", SAFE.values(), ids=SAFE.keys())
def test_what_is_cut_to_the_value_passes(worlds: list[duckdb.DuckDBPyConnection], sql: str) -> None:
    assert not influenced(worlds, sql)
    assert unguarded(sqlglot.parse_one(sql, dialect="duckdb"), MINE) is None


REFUSED = {
    "nothing": "SELECT sum(amount) FROM deal",
    "one branch of a union": "SELECT amount FROM deal WHERE owner = 'X' UNION ALL SELECT amount FROM deal",
    "the other branch": "SELECT amount FROM deal UNION ALL SELECT amount FROM deal WHERE owner = 'X'",
    "a union by name": "SELECT amount FROM deal WHERE owner = 'X' UNION ALL BY NAME SELECT amount FROM deal",
    "an intersection": "SELECT amount FROM deal WHERE owner = 'X' INTERSECT SELECT amount - 990 FROM deal",
    "a difference": "SELECT amount FROM deal WHERE owner = 'X' EXCEPT SELECT amount - 990 FROM deal",
    "or": "SELECT amount FROM deal WHERE owner = 'X' OR status = 'won'",
    "or true": "SELECT amount FROM deal WHERE (owner = 'X' OR TRUE)",
    "or after and": "SELECT amount FROM deal WHERE status = 'won' AND owner = 'X' OR owner = 'Y'",
    "not": "SELECT amount FROM deal WHERE NOT owner = 'X'",
    "not in brackets": "SELECT amount FROM deal WHERE NOT (owner = 'X' AND status = 'won')",
    "is false": "SELECT amount FROM deal WHERE (owner = 'X') = FALSE",
    "is not true": "SELECT amount FROM deal WHERE (owner = 'X') IS NOT TRUE",
    "unequal": "SELECT amount FROM deal WHERE owner <> 'X'",
    "distinct from": "SELECT amount FROM deal WHERE owner IS DISTINCT FROM 'X'",
    "in a case": "SELECT amount FROM deal WHERE CASE WHEN owner = 'X' THEN TRUE ELSE TRUE END",
    "two literals": "SELECT amount FROM deal WHERE 'X' = 'X'",
    "a function of literals": "SELECT amount FROM deal WHERE upper('x') = 'X'",
    "a column with itself": "SELECT amount FROM deal WHERE owner = owner",
    "another's value": "SELECT amount FROM deal WHERE owner = 'Y'",
    "the value in another case": "SELECT amount FROM deal WHERE owner = 'x'",
    "like": "SELECT amount FROM deal WHERE owner LIKE '%'",
    "like the value, whatever the case": "SELECT amount FROM deal WHERE owner ILIKE 'X'",
    "at least": "SELECT amount FROM deal WHERE owner >= 'X'",
    "one of several": "SELECT amount FROM deal WHERE owner IN ('X', 'Y')",
    "in having": "SELECT max(amount) FROM deal GROUP BY status HAVING min(owner) = 'X'",
    "in qualify": "SELECT sum(amount) OVER () FROM deal QUALIFY owner = 'X'",
    "in a filter": "SELECT count(*), sum(amount) FILTER (WHERE owner = 'X') FROM deal",
    "in the select list": "SELECT owner = 'X', amount FROM deal",
    "in the on of a left join": "SELECT sum(d.amount) FROM deal d LEFT JOIN person p ON p.id = d.id AND p.name = 'X'",
    "on the right side of a right join": "WITH g AS (SELECT * FROM deal WHERE owner = 'X')"
    " SELECT count(*) FROM g RIGHT JOIN deal e ON TRUE",
    "a full join of a cut side": "WITH g AS (SELECT * FROM deal WHERE owner = 'X') SELECT count(*) FROM g FULL JOIN deal e ON e.id = g.id",
    "a comma beside a cut side": "WITH g AS (SELECT * FROM deal WHERE owner = 'X') SELECT sum(e.amount) FROM g, deal e",
    "a cross join beside a cut side": "WITH g AS (SELECT * FROM deal WHERE owner = 'X') SELECT sum(e.amount) FROM g CROSS JOIN deal e",
    "a join within brackets": "WITH g AS (SELECT * FROM deal WHERE owner = 'X') SELECT sum(e.amount) FROM (g CROSS JOIN deal e)",
    "a left join by using": "WITH g AS (SELECT * FROM deal WHERE owner = 'X') SELECT count(*) FROM g LEFT JOIN deal e USING (status)",
    "a cut side beside all": "WITH g AS (SELECT * FROM deal WHERE owner = 'X') SELECT count(*) FROM deal e LEFT JOIN g ON TRUE",
    "a scalar subquery": "SELECT (SELECT max(amount) FROM deal) FROM deal WHERE owner = 'X'",
    "a correlated subquery": "SELECT (SELECT sum(e.amount) FROM deal e WHERE e.status = d.status) FROM deal d WHERE d.owner = 'X'",
    "an array of a subquery": "SELECT list_sort(ARRAY(SELECT amount FROM deal)) FROM deal WHERE owner = 'X'",
    "exists": "SELECT amount FROM deal WHERE owner = 'X' AND EXISTS (SELECT 1 FROM deal WHERE owner = 'Y')",
    "in a subquery": "SELECT amount FROM deal WHERE owner = 'X' AND amount IN (SELECT amount - 990 FROM deal"
    " UNION ALL SELECT 10 FROM deal WHERE status = 'lost')",
    "a filter with a subquery": "SELECT sum(amount) FILTER (WHERE (SELECT count(*) FROM deal) > 1) FROM deal WHERE owner = 'X'",
    "a limit by a subquery": "SELECT amount FROM deal WHERE owner = 'X' LIMIT (SELECT count(*) - 1 FROM deal)",
    "order by a subquery": "SELECT amount FROM deal WHERE owner = 'X' ORDER BY (SELECT max(amount) FROM deal) LIMIT (SELECT count(*) - 1 FROM deal)",
    "a subquery in having": "SELECT sum(amount) FROM deal WHERE owner = 'X' HAVING (SELECT count(*) FROM deal) = 1",
    "a CTE that reads all": "WITH g AS (SELECT * FROM deal) SELECT sum(amount) FROM g",
    "the table of a schema": "WITH deal AS (SELECT * FROM main.deal WHERE owner = 'X') SELECT sum(amount) FROM main.deal",
    "a recursive CTE that reads on": "WITH RECURSIVE r AS (SELECT * FROM deal WHERE owner = 'X' UNION ALL"
    " SELECT d.* FROM deal d JOIN r ON d.id = r.id + 1) SELECT sum(amount) FROM r",
    "a recursive CTE by a subquery": "WITH RECURSIVE r AS (SELECT 1 AS id UNION ALL SELECT r.id + 1 FROM r"
    " WHERE r.id < (SELECT count(*) FROM deal)) SELECT count(*) FROM r",
    "distinct on": "SELECT DISTINCT ON (1) amount FROM deal ORDER BY amount DESC",
    "qualify": "SELECT amount FROM deal QUALIFY row_number() OVER (ORDER BY amount DESC) = 1",
    "a pivot": "SELECT * FROM (PIVOT deal ON status USING sum(amount)) AS p",
    "a pivot of a table": "SELECT * FROM deal PIVOT (sum(amount) FOR status IN ('won', 'lost')) AS p",
    "an unpivot": "SELECT * FROM deal UNPIVOT (v FOR n IN (amount)) AS u",
    "a table function": "SELECT sum(amount) FROM query_table('deal')",
    "a function that runs SQL": "SELECT sum(amount) FROM query('FROM deal')",
    "from alone": "FROM deal",
    "a sample": "SELECT amount FROM deal TABLESAMPLE 100 PERCENT (system)",
    "a table in brackets": "SELECT sum(amount) FROM (SELECT * FROM deal) AS t",
    "in a window": "SELECT sum(amount) OVER (PARTITION BY owner = 'X') FROM deal",
}

REFUSED |= {
    "a comma": "SELECT sum(e.amount) FROM deal d, deal e WHERE d.owner = 'X'",
    "a cross join": "SELECT sum(e.amount) FROM deal d CROSS JOIN deal e WHERE d.owner = 'X'",
    "an inner join": "SELECT sum(e.amount) FROM deal d JOIN deal e ON e.account = d.account WHERE d.owner = 'X'",
    "a full join": "SELECT sum(e.amount) FROM deal d FULL JOIN deal e ON TRUE WHERE d.owner = 'X'",
    "a right join": "SELECT sum(e.amount) FROM deal d RIGHT JOIN deal e ON e.account = d.account WHERE d.owner = 'X'",
    "a semi join": "SELECT sum(d.amount) FROM deal d SEMI JOIN deal e ON e.amount > d.amount WHERE d.owner = 'X'",
    "an anti join": "SELECT sum(d.amount) FROM deal d ANTI JOIN deal e ON e.amount > d.amount WHERE d.owner = 'X'",
    "an anti join of a cut side": (
        "WITH g AS (SELECT * FROM deal WHERE owner = 'X') SELECT count(*) FROM g LEFT JOIN (SELECT 1 AS one) o ON TRUE "
        "ANTI JOIN deal e ON e.id = g.id + 1 WHERE g.owner = 'X'"
    ),
    "a lateral subquery": "SELECT sum(e.amount) FROM deal d, LATERAL (SELECT * FROM deal) e WHERE d.owner = 'X'",
    "a lateral cross join": "SELECT sum(e.amount) FROM deal d CROSS JOIN LATERAL (SELECT * FROM deal) e WHERE d.owner = 'X'",
    "a joined name that fits all": "SELECT sum(d.amount) FROM deal d JOIN person p ON p.id IS NOT NULL WHERE p.name = 'X'",
    "a join in brackets after a subquery": (
        "WITH g AS (SELECT * FROM deal WHERE owner = 'X') SELECT sum(e.amount) FROM ((SELECT * FROM g) f JOIN deal e ON "
        "TRUE)"
    ),
    "a second scalar subquery": "SELECT (SELECT max(amount) FROM deal WHERE owner = 'X') + (SELECT max(amount) FROM deal)",
    "a second column of a subquery": "SELECT (SELECT max(amount) FROM deal WHERE owner = 'X') AS a, (SELECT max(amount) FROM deal) AS b",
    "the second branch of a subquery": "SELECT (SELECT max(amount) FROM deal WHERE owner = 'X' EXCEPT SELECT 10 FROM deal WHERE owner = 'Y')",
    "a second exists": (
        "SELECT amount FROM deal WHERE owner = 'X' AND EXISTS (SELECT 1 FROM deal WHERE owner = 'X') AND NOT EXISTS "
        "(SELECT 1 FROM deal WHERE owner = 'Y')"
    ),
    "the limit of a union": (
        "SELECT amount FROM deal WHERE owner = 'X' UNION ALL SELECT amount FROM deal WHERE owner = 'X' ORDER BY (SELECT "
        "max(amount) FROM deal) LIMIT (SELECT count(*) FROM deal)"
    ),
    "a CTE of a subquery with an outer one's name": (
        "WITH g AS (SELECT * FROM deal WHERE owner = 'X') SELECT sum(amount) FROM (WITH g AS (SELECT * FROM deal) "
        "SELECT * FROM g) AS t"
    ),
    "a CTE of a scalar subquery": (
        "WITH g AS (SELECT * FROM deal WHERE owner = 'X') SELECT (WITH g AS (SELECT * FROM deal) SELECT sum(amount) "
        "FROM g)"
    ),
    "a CTE of a CTE": (
        "WITH g AS (SELECT * FROM deal WHERE owner = 'X'), h AS (WITH g AS (SELECT * FROM deal) SELECT * FROM g) SELECT "
        "sum(amount) FROM h"
    ),
    "a table with a later CTE's name": "WITH b AS (SELECT * FROM a), a AS (SELECT * FROM deal WHERE owner = 'X') SELECT sum(amount) FROM b",
    "a constant column": "SELECT amount FROM (SELECT 'X' AS owner, amount FROM deal) AS t WHERE owner = 'X'",
    "a constant of the select list": "SELECT amount, 'X' AS mine FROM deal WHERE mine = 'X'",
    "a constant beside": "SELECT amount FROM deal CROSS JOIN (SELECT 'X' AS v) AS c WHERE c.v = 'X'",
    "a default": "SELECT amount FROM deal WHERE coalesce(owner, 'X') = 'X'",
    "a function of a column": "SELECT amount FROM deal WHERE concat(substr(owner, 1, 0), 'X') = 'X'",
    "a case of a column": "SELECT amount FROM deal WHERE CASE WHEN owner <> 'X' THEN 'X' END = 'X'",
    "a negation in a case": "SELECT amount FROM deal WHERE CASE WHEN owner = 'X' THEN 'Y' ELSE 'X' END = 'X'",
    "in capitals": "SELECT amount FROM deal WHERE upper(owner) = 'X'",
    "a replacement": "SELECT amount FROM deal WHERE replace(owner, 'Y', 'X') = 'X'",
    "the smaller one": "SELECT amount FROM deal WHERE least(owner, 'X') = 'X'",
    "any of a list": "SELECT amount FROM deal WHERE 'X' = ANY([owner, 'X'])",
    "a collation": "SELECT amount FROM deal WHERE owner COLLATE NOCASE = 'X'",
    "the owner of a group": "SELECT s FROM (SELECT min(owner) AS o, sum(amount) AS s FROM deal) AS t WHERE o = 'X'",
    "a window below": "SELECT s FROM (SELECT owner, sum(amount) OVER () AS s FROM deal) AS t WHERE owner = 'X'",
    "a distinct below": "SELECT count(*) FROM (SELECT DISTINCT ON (status) owner FROM deal ORDER BY amount DESC) AS t WHERE owner = 'X'",
    "a left join of all": "SELECT sum(e.amount) FROM deal d LEFT JOIN deal e ON TRUE WHERE d.owner = 'X'",
    "a left join to a cut side": (
        "WITH g AS (SELECT * FROM deal WHERE owner = 'X') SELECT count(*) FROM g LEFT JOIN deal e ON e.account = "
        "g.account"
    ),
    "a lateral left join": "SELECT sum(e.amount) FROM deal d LEFT JOIN LATERAL (SELECT * FROM deal) e ON TRUE WHERE d.owner = 'X'",
    "a joined name for all": "SELECT sum(d.amount) FROM deal d LEFT JOIN person p ON TRUE WHERE p.name = 'X'",
    "a joined name by itself": "SELECT sum(d.amount) FROM deal d LEFT JOIN person p ON p.id = p.id WHERE p.name = 'X'",
    "a CTE with the name of its table": "WITH deal AS (SELECT * FROM deal) SELECT sum(amount) FROM deal",
    "a recursive CTE that looks up": (
        "WITH RECURSIVE r AS (SELECT id, amount FROM deal WHERE owner = 'X' UNION ALL SELECT r.id + 1, d.amount FROM r "
        "LEFT JOIN deal d ON d.id = r.id + 1 WHERE r.id < 3) SELECT sum(amount) FROM r"
    ),
}


@pytest.mark.parametrize("sql", REFUSED.values(), ids=REFUSED.keys())
def test_what_lets_rows_of_others_through_is_refused(worlds: list[duckdb.DuckDBPyConnection], sql: str) -> None:
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    if not influenced(worlds, tree.sql("duckdb")):
        pytest.fail("the example proves nothing: rows of others do not count in it", pytrace=False)
    assert unguarded(tree, MINE) is not None


def test_a_statement_of_one_value_is_none_of_another() -> None:
    for mine in HOSTILE:
        tree = exp.select("amount").from_("deal")
        tree = tree.where(exp.column("owner").eq(exp.Literal.string(mine)))
        for other in HOSTILE:
            assert (unguarded(tree, other) is None) == (other == mine), (mine, other)
        # Written out and read back it is still that value's, whatever is in its name.
        again = sqlglot.parse_one(tree.sql("duckdb"), dialect="duckdb")
        assert unguarded(again, mine) is None, mine


def test_other_statements_than_selects_are_refused() -> None:
    for sql in (
        "DELETE FROM deal WHERE owner = 'X'",
        "COPY deal TO 'x.csv'",
        "DESCRIBE deal",
        "SUMMARIZE deal",
        "PIVOT deal ON owner USING sum(amount)",
        "VALUES (1)",
    ):
        assert unguarded(sqlglot.parse_one(sql, dialect="duckdb"), MINE) is not None, sql


# --- statements for many values --------------------------------------------------------------------

APART = {
    "grouped": "SELECT owner AS v, sum(amount) AS s FROM deal GROUP BY owner",
    "rows": "SELECT owner AS v, amount AS a FROM deal WHERE owner IS NOT NULL",
    "a window within": "SELECT owner AS v, count(*) OVER (PARTITION BY owner) AS n FROM deal",
    "the first of each": "SELECT r.v AS v, r.a AS a FROM (SELECT owner AS v, amount AS a, row_number() OVER"
    " (PARTITION BY owner ORDER BY amount) AS n FROM deal) AS r WHERE r.n <= 1",
    "two steps": "SELECT f.v AS v, sum(f.s) AS s FROM (SELECT owner AS v, status, sum(amount) AS s FROM deal GROUP BY owner, status)"
    " AS f GROUP BY f.v",
    "a union": "SELECT owner AS v, sum(amount) AS s FROM deal GROUP BY owner UNION ALL SELECT owner AS v, count(*) AS s FROM deal GROUP BY owner",
    "beside constants": "SELECT d.owner AS v, c.at, sum(d.amount) AS s FROM deal AS d CROSS JOIN (SELECT 1 AS at UNION ALL SELECT 2) AS c"
    " GROUP BY d.owner, c.at",
}
MIXED = {
    "all together": "SELECT 'X' AS v, sum(amount) AS s FROM deal",
    "a constant": "SELECT 'X' AS v, amount AS a FROM deal",
    "grouped by something else": "SELECT min(owner) AS v, sum(amount) AS s FROM deal GROUP BY status",
    "grouped by nothing": "SELECT min(owner) AS v, sum(amount) AS s FROM deal",
    "a window over all": "SELECT owner AS v, sum(amount) OVER () AS s FROM deal",
    "a window over a status": "SELECT owner AS v, sum(amount) OVER (PARTITION BY status) AS s FROM deal",
    "a rank over all below": "SELECT r.v AS v, r.n AS n FROM (SELECT owner AS v, row_number() OVER (ORDER BY amount DESC) AS n FROM deal) AS r",
    "a scalar subquery": "SELECT owner AS v, (SELECT count(*) FROM deal) AS n FROM deal GROUP BY owner",
    "a step without it": "SELECT f.v AS v, sum(f.s) AS s FROM (SELECT min(owner) AS v, status, sum(amount) AS s FROM deal GROUP BY status)"
    " AS f GROUP BY f.v",
    "one branch without it": "SELECT owner AS v, sum(amount) AS s FROM deal GROUP BY owner UNION ALL SELECT 'X' AS v, count(*) AS s FROM deal",
    "two steps side by side": "SELECT p.v AS v, q.s AS s FROM (SELECT owner AS v, count(*) AS n FROM deal GROUP BY owner) AS p"
    " CROSS JOIN (SELECT owner AS v, sum(amount) AS s FROM deal GROUP BY owner) AS q",
}
MIXED |= {
    "a comma": "SELECT d.owner AS v, sum(e.amount) AS s FROM deal d, deal e GROUP BY d.owner",
    "an inner join": "SELECT d.owner AS v, sum(e.amount) AS s FROM deal d JOIN deal e ON e.account = d.account GROUP BY d.owner",
    "a full join": "SELECT d.owner AS v, sum(e.amount) AS s FROM deal d FULL JOIN deal e ON TRUE GROUP BY d.owner",
    "an anti join": "SELECT d.owner AS v, d.amount AS a FROM deal d ANTI JOIN deal e ON e.amount > d.amount",
    "a number of all beside": "SELECT d.owner AS v, c.n AS n FROM deal d CROSS JOIN (SELECT count(*) AS n FROM deal) AS c",
    "all rows beside": "SELECT d.owner AS v, sum(e.amount) AS s FROM deal d CROSS JOIN (SELECT * FROM deal) AS e GROUP BY d.owner",
    "in capitals": "SELECT upper(owner) AS v, sum(amount) AS s FROM deal GROUP BY upper(owner)",
    "a default": "SELECT coalesce(owner, 'X') AS v, sum(amount) AS s FROM deal GROUP BY coalesce(owner, 'X')",
    "the first of all": "SELECT owner AS v, amount AS a FROM deal ORDER BY amount DESC LIMIT 1",
    "one of a status": "SELECT DISTINCT ON (status) owner AS v FROM deal ORDER BY amount DESC",
    "a qualified rank": "SELECT owner AS v, amount AS a FROM deal QUALIFY row_number() OVER (ORDER BY amount DESC) <= 1",
    "a difference": (
        "SELECT owner AS v, amount AS a FROM deal WHERE owner = 'X' EXCEPT SELECT 'X' AS o, amount - 990 AS v FROM deal "
        "WHERE owner = 'Y'"
    ),
    "another order of columns": "SELECT owner AS v, status AS s FROM deal UNION ALL SELECT 'X' AS s, owner AS v FROM deal",
    "a left join of all": "SELECT d.owner AS v, sum(e.amount) AS s FROM deal d LEFT JOIN deal e ON TRUE GROUP BY d.owner",
    "a joined name for all": "SELECT p.name AS v, sum(d.amount) AS s FROM deal d LEFT JOIN person p ON TRUE GROUP BY p.name",
}

# What stands in WITH are entities: that they give a row its owner, and are not computed from rows of
# several, is for the catalogue and the mapping to see to.
ENTITIES = {
    "a rank below": (
        "WITH t AS (SELECT owner, row_number() OVER (ORDER BY amount DESC) AS n FROM deal) SELECT n FROM t WHERE owner "
        "= 'X'"
    ),
    "a constant of a CTE": "WITH t AS (SELECT 'X' AS owner, amount FROM deal) SELECT amount FROM t WHERE t.owner = 'X'",
}
ENTITIES_APART = {
    "the owner of a group": "WITH t AS (SELECT min(owner) AS owner, sum(amount) AS s FROM deal) SELECT t.owner AS v, t.s AS s FROM t",
    "a constant of a CTE": (
        "WITH t AS (SELECT 'X' AS owner, amount FROM deal) SELECT t.owner AS v, sum(t.amount) AS s FROM t GROUP BY "
        "t.owner"
    ),
}


@pytest.mark.parametrize("sql", ENTITIES.values(), ids=ENTITIES.keys())
def test_what_an_entity_is_made_of_is_not_looked_at(sql: str) -> None:
    assert unguarded(sqlglot.parse_one(sql, dialect="duckdb"), MINE) is None


@pytest.mark.parametrize("sql", ENTITIES_APART.values(), ids=ENTITIES_APART.keys())
def test_what_an_entity_for_many_is_made_of_is_not_looked_at(sql: str) -> None:
    assert unparted(sqlglot.parse_one(sql, dialect="duckdb"), "v") is None


def own_rows(raw: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    """The rows that X's report would get."""
    return shown(raw, f"SELECT * FROM ({sql}) AS t WHERE t.v = 'X'")


def mixed(worlds: Sequence[duckdb.DuckDBPyConnection], sql: str) -> bool:
    """Whether rows of others change the rows that have X's name."""
    first, *others = (own_rows(raw, sql) for raw in worlds)
    return any(one != first for one in others)


@pytest.mark.parametrize("sql", APART.values(), ids=APART.keys())
def test_what_keeps_values_apart_passes(worlds: list[duckdb.DuckDBPyConnection], sql: str) -> None:
    assert not mixed(worlds, sql)
    assert unparted(sqlglot.parse_one(sql, dialect="duckdb"), "v") is None


@pytest.mark.parametrize("sql", MIXED.values(), ids=MIXED.keys())
def test_what_mixes_values_is_refused(worlds: list[duckdb.DuckDBPyConnection], sql: str) -> None:
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    if not mixed(worlds, tree.sql("duckdb")):
        pytest.fail("the example proves nothing: rows of others do not count in it", pytrace=False)
    assert unparted(tree, "v") is not None


# --- statements of the reports, with one thing wrong ------------------------------------------------

TYPES = (
    "pipeline",
    "conversions",
    "sales_cycle",
    "lost_deals",
    "leads",
    "profitability",
    "sales_activity",
    "sales_forecast",
)
QUICK = ("lost_deals", "leads")
NAMES = ("Rossi", "rossi", "O'Brien", "won")


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = together(map(rows_of, people(NAMES)))
    # Rows of nobody: a check that lets missing owners through lets these through.
    for name in ("deals", "leads", "activities"):
        copies = [{**row, "id": f"N{row['id']}", "owner_id": None} for row in rows[name]]
        rows[name] += copies
    return made_project(tmp_path_factory.mktemp("crm"), rows)


@pytest.fixture(scope="module")
def raw(crm: Path) -> duckdb.DuckDBPyConnection:
    return database(crm)


def says(node: exp.Expr, value: str) -> bool:
    return isinstance(node, exp.EQ) and any(
        isinstance(one, exp.Literal) and one.is_string and one.this == value for one in (node.this, node.expression)
    )


def guards(tree: exp.Expr, value: str) -> list[exp.EQ]:
    """The conditions `column = value` of a statement."""
    return [one for one in tree.find_all(exp.EQ) if says(one, value)]


Change = Callable[[exp.EQ, str, str], exp.Expr]


def _column(eq: exp.EQ) -> exp.Expr:
    return (eq.expression if isinstance(eq.this, exp.Literal) else eq.this).copy()


TRUE = exp.Boolean(this=True)
CHANGES: dict[str, Change] = {
    "left out": lambda eq, v, o: TRUE.copy(),
    "or true": lambda eq, v, o: exp.paren(exp.or_(eq.copy(), TRUE.copy())),
    "or nobody's": lambda eq, v, o: exp.paren(exp.or_(eq.copy(), _column(eq).is_(exp.null()))),
    "or another's": lambda eq, v, o: exp.paren(exp.or_(eq.copy(), _column(eq).eq(exp.Literal.string(o)))),
    "not": lambda eq, v, o: exp.not_(eq.copy()),
    "unequal": lambda eq, v, o: exp.NEQ(this=_column(eq), expression=exp.Literal.string(v)),
    "another's": lambda eq, v, o: exp.EQ(this=_column(eq), expression=exp.Literal.string(o)),
    "of two literals": lambda eq, v, o: exp.EQ(this=exp.Literal.string(v), expression=exp.Literal.string(v)),
    "of a column with itself": lambda eq, v, o: exp.EQ(this=_column(eq), expression=_column(eq)),
    "like": lambda eq, v, o: exp.Like(this=_column(eq), expression=exp.Literal.string("%")),
    "whatever the case": lambda eq, v, o: exp.ILike(this=_column(eq), expression=exp.Literal.string(v)),
    "one of several": lambda eq, v, o: exp.In(
        this=_column(eq), expressions=[exp.Literal.string(v), exp.Literal.string(o)]
    ),
    "in a case": lambda eq, v, o: exp.Case(ifs=[exp.If(this=eq.copy(), true=TRUE.copy())], default=TRUE.copy()),
    "not null": lambda eq, v, o: exp.not_(_column(eq).is_(exp.null())),
}


@contextmanager
def instead(old: exp.Expr, new: exp.Expr) -> Iterator[None]:
    """While inside, another node stands in the place of one."""
    old.replace(new)
    yield
    new.replace(old)


def changed(tree: exp.Expr, value: str, other: str) -> Iterator[tuple[str, exp.Expr]]:
    """The statement with one guard condition changed, moved or gone, each time as long as the caller
    looks at it: copies of large trees would take most of the time."""
    for at, eq in enumerate(guards(tree, value)):
        for name, change in CHANGES.items():
            with instead(eq, change(eq, value, other)):
                yield f"{name} {at}", tree
        select = eq.find_ancestor(exp.Select)
        where = select.args.get("where") if select is not None else None
        assert select is not None
        if where is None:
            continue
        joins = [join for join in select.args.get("joins") or [] if join.args.get("on")]
        if joins and eq.find_ancestor(exp.Where) is where:
            on = joins[0].args["on"]
            with instead(eq, TRUE.copy()):
                joins[0].set("on", exp.And(this=exp.Paren(this=on.copy()), expression=eq.copy()))
                yield f"moved into a join {at}", tree
                joins[0].set("on", on)
        select.set("where", None)
        yield f"without WHERE {at}", tree
        select.set("where", where)
    swapped = tree.copy()
    for eq in guards(swapped, value):
        for one in (eq.this, eq.expression):
            if isinstance(one, exp.Literal):
                one.set("this", other)
    yield "of another", swapped
    ctes = tree.args["with_"].expressions if tree.args.get("with_") else []
    mine, theirs = tree.copy(), swapped.copy()
    for one in (mine, theirs):
        one.set("with_", None)
    both = exp.Union(this=exp.Subquery(this=mine), expression=exp.Subquery(this=theirs), distinct=False)
    for cte in ctes:
        both = both.with_(cte.args["alias"].copy(), as_=cte.this.copy())
    yield "with another's below", both


def given(raw: duckdb.DuckDBPyConnection, tree: exp.Expr) -> list[str] | None:
    """What a statement gives; None if the database does not take it."""
    try:
        return shown(raw, sql_text(tree, dialect_named("duckdb")))
    except duckdb.Error:
        return None


@pytest.mark.parametrize(
    ("kind", "value", "other"),
    [
        pytest.param(kind, *pair, marks=[] if kind in QUICK and pair[0] == "Rossi" else pytest.mark.slow)
        for kind in TYPES
        for pair in (("Rossi", "rossi"), ("O'Brien", "won"))
        if kind in QUICK or pair[0] == "Rossi"
    ],
)
def test_reports_with_one_condition_wrong_are_refused(
    crm: Path, raw: duckdb.DuckDBPyConnection, kind: str, value: str, other: str
) -> None:
    """What the check lets pass gives what the statement gave before. What it refuses is not run."""
    report, _ = checked(crm, {"report": kind, "for_each": "user.name", "compare": "previous_period"})
    tried = 0
    for name, tree in statements(report, value):
        assert unguarded(tree, value) is None, name
        assert guards(tree, value), name
        before = given(raw, tree)
        assert before is not None, name
        for what, mutant in changed(tree, value, other):
            tried += 1
            if unguarded(mutant, value) is None:
                after = given(raw, mutant)
                assert after is None or after == before, f"{name}: {what}"
    assert tried > 50


def test_the_changes_do_show_rows_of_others(crm: Path, raw: duckdb.DuckDBPyConnection) -> None:
    """Otherwise the test above would prove nothing."""
    report, _ = checked(crm, {"report": "lost_deals", "for_each": "user.name"})
    effective: set[str] = set()
    for _, tree in statements(report, "Rossi")[:4]:
        before = given(raw, tree)
        for what, mutant in changed(tree, "Rossi", "rossi"):
            after = given(raw, mutant)
            if after is not None and after != before:
                effective.add(what.rstrip(" 0123456789"))
    assert effective >= {
        *CHANGES,
        "without WHERE",
        "of another",
        "with another's below",
        "moved into a join",
    }


def test_a_literal_that_is_no_guard_makes_none(crm: Path) -> None:
    """A person whose name is also a status: the condition on the status is no guard."""
    report, _ = checked(crm, {"report": "lost_deals", "for_each": "user.name"})
    for name, tree in statements(report, "won"):
        for one in tree.find_all(exp.Where):
            for eq in guards(one, "won"):
                if "status" not in eq.sql():
                    eq.replace(TRUE.copy())
        if name.startswith("headline figures"):
            assert unguarded(tree, "won") is not None


def test_a_name_that_is_joined_to_every_row(crm: Path, raw: duckdb.DuckDBPyConnection) -> None:
    """The guard stands on a joined table: joined by nothing, it fits every row."""
    report, _ = checked(crm, {"for_each": "user.name", "metrics": ["won_amount", "leads_created_count"]})
    for name, tree in statements(report, "Rossi"):
        before = given(raw, tree)
        for join in tree.find_all(exp.Join):
            if join.side == "LEFT" and join.this.name == "user":
                join.set("on", TRUE.copy())
        if unguarded(tree, "Rossi") is None:
            assert given(raw, tree) == before, name


# --- what leaves ----------------------------------------------------------------------------------

TWO = ("Rossi", "rossi")
FORMS = ("pdf", "csv", "html", "xlsx", "md")


@pytest.fixture
def project(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    made_project(tmp_path, together(map(rows_of, people(TWO))), server.port)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spec(attach: str = "[pdf]") -> str:
    return (
        "version: 1\nperiod: 2026-Q3\nfor_each: user.name\nmetrics: [won_amount, open_amount]\n"
        "sections: [{id: list, records: {entity: deal, fields: [deal.name, deal.amount]}}]\n"
        f"theme: {{appendix: false}}\ndeliver: {{to: '{{{{ each.email }}}}', attach: {attach}}}\n"
    )


def own_only(handler: Handler) -> None:
    """Whatever was taken is for whom it was sent to."""
    for to, mail in handler.mails():
        assert named(in_mail(mail).everything) <= {int(to[1:6])}


def test_nothing_is_wrong_before_it_is_made_so(run: Run, handler: Handler) -> None:
    run(spec("[pdf, csv, html, xlsx, md]"))
    assert sorted(to for to, _ in handler.taken) == ["p00000@example.com", "p00001@example.com"]
    own_only(handler)
    for to, mail in handler.mails():
        read = in_mail(mail)
        assert all(named(text) == {int(to[1:6])} for name, text in read.files.items() if "list" in name)


Files = dict[str, bytes]


def making(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[list[Files]], list[Files]]) -> None:
    """Have the files of all reports spoiled as soon as they are made."""
    original = sending.makers

    @contextmanager
    def spoiled(count: int) -> Iterator[Any]:
        with original(count) as make:
            yield lambda asked: iter(spoil(list(make(asked))))

    monkeypatch.setattr(sending, "makers", spoiled)


def stopped(run: Run, handler: Handler, text: str) -> None:
    with pytest.raises(SourceError, match="not what was built"):
        run(text)
    assert not handler.taken


@pytest.mark.parametrize("form", FORMS)
def test_files_of_two_recipients_that_are_swapped(
    run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    def swap(made: list[Files]) -> list[Files]:
        first, second = made
        return [
            dict(zip(first, second.values(), strict=True)),
            dict(zip(second, first.values(), strict=True)),
        ]

    making(monkeypatch, swap)
    stopped(run, handler, spec(f"[{form}]"))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_of_another_beside_ones_own(
    run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    def add(made: list[Files]) -> list[Files]:
        first, second = made
        other = {f"x{name.replace('/', '-')}": data for name, data in second.items() if name.endswith(form)}
        return [{**first, **other}, second]

    making(monkeypatch, add)
    stopped(run, handler, spec(f"[{form}]"))


def test_no_files_at_all(run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail without its PDF has nothing of another's in it."""
    making(monkeypatch, lambda made: [{}, {}])
    run(spec())
    own_only(handler)


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _in_streams(data: bytes) -> list[int]:
    """A place in the middle of each stream of a PDF."""
    return [
        (one.start(1) + one.end(1)) // 2 for one in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    ]


def test_one_byte_of_a_page_or_an_attachment(run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    """`reportspec verify` finds such a change; the look before sending reads the seal alone."""

    def spoil(made: list[Files]) -> list[Files]:
        first, second = made
        [(name, data)] = first.items()
        return [{name: _flipped(data, _in_streams(data)[0])}, second]

    making(monkeypatch, spoil)
    stopped(run, handler, spec())


@pytest.mark.parametrize(("old", "new"), [('"Rossi"', '"rossi"'), ('"custom"', '"Custom"')])
def test_a_seal_that_was_changed(
    run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    """One letter: another's PDF with one's own name on it, or anything else that it says."""

    def spoil(made: list[Files]) -> list[Files]:
        first, second = made
        [(_, data)] = second.items() if new == '"rossi"' else first.items()
        writer = PdfWriter(clone_from=io.BytesIO(data))
        told = str((writer.metadata or {})["/Reportspec"])
        found = told.replace(new, old) if new == '"rossi"' else told.replace(old, new)
        assert found != told
        writer.add_metadata({"/Reportspec": found})
        stream = io.BytesIO()
        writer.write(stream)
        return [dict.fromkeys(first, stream.getvalue()), second]

    making(monkeypatch, spoil)
    stopped(run, handler, spec())


@pytest.mark.slow
def test_a_pdf_that_is_cut_off_or_none(run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    for broken in (
        lambda data: data[: len(data) // 2],
        lambda data: b"%PDF-1.7\n",
    ):

        def spoil(made: list[Files], broken: Callable[[bytes], bytes] = broken) -> list[Files]:
            first, second = made
            return [{name: broken(data) for name, data in first.items()}, second]

        with monkeypatch.context() as patch:
            making(patch, spoil)
            stopped(run, handler, spec())


def test_figures_of_two_values_that_are_swapped(run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    original = burst.run_each

    def swapped(*args: Any) -> Any:
        made = original(*args)
        (one, first), (two, second) = made
        return replace(made, made=((one, second), (two, first)))

    monkeypatch.setattr(burst, "run_each", swapped)
    stopped(run, handler, spec())
    stopped(run, handler, spec("[]"))


def test_results_that_are_taken_for_another_value(run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the order of the results ever go wrong, no figure may be sent."""
    original = execute.run_statements
    swaps: list[bool] = []

    def swapped(*args: Any, **named: Any) -> Any:
        found = original(*args, **named)
        places = {one.sql: at for at, one in enumerate(found)}
        made = list(found)
        for sql, at in places.items():
            other = places.get(sql.replace("'Rossi'", "'rossi'"), at)
            if other != at:
                made[at], made[other] = found[other], found[at]
        swaps.append(made != found)
        return made

    monkeypatch.setattr(execute, "run_statements", swapped)
    with suppress(SourceError):
        run(spec("[]"))
    assert any(swaps)
    assert not handler.taken


def _swapping(
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
    text: str,
    tmp_path: Path,
    mixed: Callable[[tuple[Any, ...], tuple[Any, ...]], tuple[Any, ...]],
) -> None:
    """Have each mail made of its own and of the other's parts. A rehearsal on paper finds them."""
    original = compose.mail
    parts: dict[tuple[str, int], tuple[Any, ...]] = {}

    def seen(*args: Any) -> bytes:
        parts[args[0].message_id, len(args[3])] = args
        return original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(compose, "mail", seen)
        run(text, dry_run=tmp_path / "paper")
    ids = sorted({name for name, _ in parts})
    other = {ids[0]: ids[1], ids[1]: ids[0]}

    def made(*args: Any) -> bytes:
        return original(*mixed(args, parts[other[args[0].message_id], len(args[3])]))

    monkeypatch.setattr(compose, "mail", made)


@pytest.mark.parametrize("attach", [pytest.param("[pdf]", marks=pytest.mark.slow), "[]"])
def test_messages_of_two_recipients_that_are_swapped(
    run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, attach: str
) -> None:
    _swapping(monkeypatch, run, spec(attach), tmp_path, lambda own, other: other)
    stopped(run, handler, spec(attach))


def test_the_files_of_another_in_ones_own_message(
    run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _swapping(monkeypatch, run, spec(), tmp_path, lambda own, other: (*own[:3], other[3], *own[4:]))
    stopped(run, handler, spec())


@pytest.mark.parametrize("attach", [pytest.param("[pdf]", marks=pytest.mark.slow), "[]"])
def test_the_text_of_another_in_ones_own_message(
    run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, attach: str
) -> None:
    _swapping(
        monkeypatch,
        run,
        spec(attach),
        tmp_path,
        lambda own, other: (own[0], *other[1:3], own[3], *own[4:]),
    )
    stopped(run, handler, spec(attach))


def test_a_mail_that_is_addressed_to_another(run: Run, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts fit each other, but not the recipient: both addresses are exchanged."""
    original = sending.mails_of

    def swapped(*args: Any) -> Any:
        swap = {
            "p00000@example.com": "p00001@example.com",
            "p00001@example.com": "p00000@example.com",
        }
        return [replace(item, recipient=swap[item.recipient]) for item in original(*args)]

    monkeypatch.setattr(sending, "mails_of", swapped)
    with pytest.raises(SourceError):
        run(spec("[]"))
    assert not handler.taken
