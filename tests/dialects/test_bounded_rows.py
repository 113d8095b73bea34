"""Rows of the source are cut to what their readers ask of times, where a database would write down all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.compile import compile_report
from reportspec.databases import dialect_named
from reportspec.demo import load
from reportspec.expression.trees import LANDS, conjuncts
from reportspec.sql.dialect import sql_text
from reportspec.sql.dialects.common import bounded_rows
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
STANDARD = sorted(name for name in packaged().reports if name != "custom")
HALF = "x.at >= CAST('2026-01-01' AS TIMESTAMP) AND x.at < CAST('2026-07-01' AS TIMESTAMP)"
ROWS = "x AS (SELECT made AS at, k AS k, n + 1 AS n FROM t)"


def cut(sql: str) -> str:
    """What the rows of `x` are cut to in a statement whose CTE `x` has the source's rows."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    [rows] = [cte.this for cte in tree.find_all(exp.CTE) if cte.alias == "x"]
    for item, lands in zip(rows.expressions, ("time", "key", "number"), strict=True):
        item.meta[LANDS] = lands
    before = tree.sql(dialect="duckdb")
    found = bounded_rows(tree)
    assert tree.sql(dialect="duckdb") == before  # trees are replaced, never changed
    [rows] = [cte.this for cte in found.find_all(exp.CTE) if cte.alias == "x"]
    where = rows.args.get("where")
    return " and ".join(one.sql(dialect="duckdb") for one in conjuncts(where.this)) if where is not None else ""


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        (f"WITH {ROWS} SELECT COUNT(*) FROM x WHERE {HALF}", HALF.replace("x.at", "made").replace(" AND ", " and ")),
        (
            f"WITH {ROWS} SELECT 1 FROM x AS y LEFT JOIN u ON u.k = y.k WHERE y.at < CAST('2026-01-01' AS DATE) AND y.k = 'a'",
            "made < CAST('2026-01-01' AS DATE)",
        ),
        (
            f"WITH {ROWS} SELECT 1 FROM x WHERE ({HALF}) OR (x.at > CAST('2027-01-01' AS TIMESTAMP))",
            f"({HALF.replace('x.at', 'made')}) OR (made > CAST('2027-01-01' AS TIMESTAMP))",
        ),
        # a null may meet it
        (f"WITH {ROWS} SELECT 1 FROM x WHERE x.at IS NULL OR x.at < CAST('2026-01-01' AS TIMESTAMP)", ""),
        (f"WITH {ROWS} SELECT 1 FROM x WHERE NOT x.at < CAST('2026-01-01' AS TIMESTAMP)", ""),
        # rows that are joined are there also where they do not meet it
        (f"WITH {ROWS} SELECT 1 FROM u LEFT JOIN x ON x.k = u.k WHERE {HALF}", ""),
        # several readers, each of which asks for its own
        (
            f"WITH {ROWS} SELECT 1 FROM x WHERE {HALF} UNION ALL SELECT 2 FROM x AS y WHERE y.at >= CAST('2027-01-01' AS DATE)",
            f"({HALF.replace('x.at', 'made')}) OR made >= CAST('2027-01-01' AS DATE)",
        ),
        (
            f"WITH {ROWS} SELECT 1 FROM x WHERE {HALF} UNION ALL SELECT 2 FROM x WHERE {HALF}",
            HALF.replace("x.at", "made").replace(" AND ", " and "),
        ),
        # one of them asks for all, or joins them
        (f"WITH {ROWS} SELECT 1 FROM x WHERE {HALF} UNION ALL SELECT 2 FROM x WHERE x.k = 'a'", ""),
        (f"WITH {ROWS} SELECT 1 FROM x WHERE {HALF} UNION ALL SELECT 2 FROM u JOIN x ON x.k = u.k", ""),
        (f"WITH {ROWS} SELECT 1 FROM x JOIN x AS y ON y.k = x.k WHERE {HALF}", ""),
        # another reader asks for others
        (f"WITH {ROWS}, y AS (SELECT * FROM x) SELECT 1 FROM x JOIN y ON y.k = x.k WHERE {HALF}", ""),
        # what is made of the source's columns, or compared with other columns
        (f"WITH {ROWS} SELECT 1 FROM x WHERE x.n > 3 AND x.at < x.n", ""),
        (f"WITH {ROWS} SELECT 1 FROM x WHERE CASE WHEN x.k = 'a' THEN x.at END < CAST('2026-01-01' AS DATE)", ""),
        (f"WITH {ROWS} SELECT 1 FROM x", ""),
    ],
)
def test_what_is_asked_of_times(sql: str, wanted: str) -> None:
    assert cut(sql) == wanted


@pytest.mark.parametrize("report", STANDARD)
def test_standard_reports_find_the_same_rows(report: str, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n", encoding="utf-8"
    )
    spec = tmp_path / "spec.yaml"
    spec.write_text(f"version: 1\nreport: {report}\nperiod: 2026-Q3\ncompare: previous_period\n", encoding="utf-8")
    checked = load_report(spec, NOW, {})
    assert checked.report is not None, checked.diagnostics
    changed = 0
    with duckdb.connect() as raw:
        load(raw)
        for tree in compile_report(checked.report).trees:
            found = bounded_rows(tree)
            if found is not tree:
                changed += 1
                texts = [sql_text(one, dialect_named("duckdb")) for one in (tree, found)]
                one, other = (sorted(map(repr, raw.execute(text).fetchall())) for text in texts)
                assert one == other
    assert changed or report not in ("conversions", "leads", "sales_activity")  # of others rows are read by several
