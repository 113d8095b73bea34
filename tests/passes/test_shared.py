"""Statements share trees with their binding: each says what it would say alone, whatever was made before it.

Slow: each statement of a report is compiled by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlglot import exp

from reportspec.compile import compile_report, statement_of
from reportspec.databases import dialect_named
from reportspec.model.query import Query
from reportspec.model.spec import Report
from reportspec.plan import plan
from reportspec.sql.dialect import sql_text
from reportspec.sql.dialects.rewrite import Unsupported
from reportspec.sql.shared_trees import Shared
from tests.demo_times import STANDARD, project, standard_report

DIALECTS = ("duckdb", "clickhouse", "tsql", "mariadb", "postgres", "sqlite")


def anew(report: Report) -> Report:
    """The report over a binding of which nothing is remembered."""
    return replace(report, binding=report.binding.over(report.binding.source))


def texts(report: Report, query: Query) -> list[str]:
    tree = statement_of(report, query)
    found = [sql_text(tree, dialect_named("duckdb"), pretty=True)]
    for name in DIALECTS:
        try:
            found.append(sql_text(tree, dialect_named(name)))
        except Unsupported as error:
            found.append(str(error))
    return found


# A pipeline's statements are of the kinds that these have.
@pytest.mark.by_day(name=("leads", "sales_forecast"))
@pytest.mark.parametrize("name", STANDARD)
def test_a_statement_says_the_same_beside_others_as_alone(tmp_path: Path, name: str) -> None:
    # Tables called as entities are: of a server, which nobody asks here.
    project(tmp_path, "postgresql://nobody@localhost/none")
    report = standard_report(tmp_path, name)
    queries = dict(enumerate(plan(report)))

    def together(order: Iterable[int]) -> Mapping[int, list[str]]:
        one = anew(report)
        return {at: texts(one, queries[at]) for at in order}

    alone = {at: texts(anew(report), query) for at, query in queries.items()}
    assert together(queries) == alone
    assert together(reversed(queries)) == alone


def test_a_statement_is_copied_by_itself(tmp_path: Path) -> None:
    """Its notes say at which moments its CTEs are, those of buckets among them, and a copy has the same ones."""
    project(tmp_path, "postgresql://nobody@localhost/none")
    trees = compile_report(standard_report(tmp_path, "profitability")).trees
    of_buckets = [one for one in trees if any(row.moment and callable(row.moment.start) for row in one.meta["rows"])]
    assert of_buckets
    for tree in of_buckets:
        copy = tree.copy()
        assert copy == tree
        assert copy.meta["rows"] == tree.meta["rows"]


def test_what_is_composed_of_shared_trees_is_made_once() -> None:
    shared, one, other = Shared(), exp.column("a"), exp.column("b")

    def composed(*parts: exp.Expr | None) -> exp.Expr:
        return shared.composed("sum", parts, lambda: exp.Add(this=parts[0], expression=parts[-1]))

    assert composed(one, other) is not composed(one, other)  # nobody keeps them: others may get their ids
    shared.add(one)
    assert composed(one, other) is not composed(one, other)
    shared.add(other)
    assert composed(one, None, other) is composed(one, None, other)
    assert composed(one, None, other) is not composed(other, None, one)
    assert id(composed(one, other)) in shared.trees
