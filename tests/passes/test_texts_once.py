"""What several places make of a text becomes a column, and says the same; held against the statement as it was."""

from __future__ import annotations

import duckdb
import sqlglot
from sqlglot import exp

from reportspec.sql.texts_once import texts_once

_TEXTS = ["a@b.it", " A@B.IT ", "test@b.it", "  ", "", None, "no sign", "x@y@z", " test @ c.de", "\ttest@b.it"]
_NAMES = "'test', 'fake', 'none', 'asdf', 'abc'"
_LOWER = "LOWER(TRIM({0}.t))"
_BOX = "LOWER(TRIM(SPLIT_PART({0}.t, '@', 1)))"
_STATEMENT = f"""
SELECT COUNT(*) AS n, SUM(CASE WHEN TRIM(p.t) <> '' THEN 1 ELSE 0 END) AS there,
  SUM(CASE WHEN NOT {_BOX} IN ({_NAMES}) THEN 1 ELSE 0 END) AS real,
  SUM(CASE WHEN {_BOX} IN ({_NAMES}) OR {_LOWER} LIKE '%y%' THEN 1 ELSE 0 END) AS some,
  SUM(CASE WHEN NOT same.k0 IS NULL AND TRIM(p.t) <> '' THEN 1 ELSE 0 END) AS shared
FROM people AS p LEFT JOIN (
  SELECT {_LOWER} AS k0 FROM people AS p WHERE NOT {_BOX} IN ({_NAMES}) GROUP BY {_LOWER} HAVING COUNT(*) > 1
) AS same ON same.k0 = {_LOWER}
""".format("p")


def test_statement_says_the_same_and_makes_each_text_once() -> None:
    before = sqlglot.parse_one(_STATEMENT, dialect="duckdb")
    assert isinstance(before, exp.Select)
    text = before.sql("duckdb")
    after, ctes = texts_once(before, ["people"])
    assert before.sql("duckdb") == text  # trees are shared
    assert [(cte.alias, cte.args.get("materialized")) for cte in ctes] == [
        ("people_part", None),
        ("people_text", None),
        ("people_list", True),
    ]
    after.set("with_", exp.With(expressions=ctes))
    written = after.sql("duckdb")
    assert written.count("SPLIT_PART") == 1
    assert written.count("'asdf'") == 1
    with duckdb.connect() as raw:
        raw.execute("create table people (t varchar)")
        raw.executemany("insert into people values (?)", [[one] for one in _TEXTS])
        assert raw.execute(written).fetchall() == raw.execute(text).fetchall() == [(10, 7, 7, 3, 2)]


def test_what_is_asked_once_and_of_other_tables_stays() -> None:
    select = sqlglot.parse_one("SELECT TRIM(p.t) AS a, TRIM(q.t) AS b, TRIM(q.t) AS c FROM p, (SELECT 1 AS t) AS q")
    assert isinstance(select, exp.Select)
    after, ctes = texts_once(select, ["p", "q"])
    assert (after.sql(), ctes) == (select.sql(), [])


_DIGITS = "REGEXP_REPLACE(p.t, '[^0-9]', '', 'g')"


def test_what_a_pattern_leaves_of_a_text_is_made_once() -> None:
    """Beside texts from other patterns, or of which the pattern is a column's."""
    before = sqlglot.parse_one(
        f"SELECT COUNT(CASE WHEN LENGTH({_DIGITS}) >= 2 AND NOT {_DIGITS} IN ('11', '12') THEN 1 END) AS n,"
        f" MAX(RIGHT({_DIGITS}, 2)) AS last, MIN(REGEXP_REPLACE(p.t, '[0-9]', '', 'g')) AS letters,"
        " MAX(REGEXP_REPLACE(p.t, p.u, '', 'g')) AS own FROM people AS p",
        dialect="duckdb",
    )
    assert isinstance(before, exp.Select)
    after, ctes = texts_once(before, ["people"])
    after.set("with_", exp.With(expressions=ctes))
    written = after.sql("duckdb")
    assert (written.count("'[^0-9]'"), written.count("'[0-9]'"), written.count("p.u")) == (1, 1, 1)
    rows = [("a1b2", "a"), ("11", "1"), ("+39 02", "x"), ("", ""), (None, "z"), ("no", None)]
    with duckdb.connect() as raw:
        raw.execute("CREATE TABLE people (t VARCHAR, u VARCHAR)")
        raw.executemany("INSERT INTO people VALUES (?, ?)", rows)
        # `12` is in the list and `11`, `3902` has two digits and more; the last two of each at the most;
        # `a1b2` without its `a`.
        assert raw.execute(written).fetchall() == [(1, "12", "", "1b2")] == raw.execute(before.sql("duckdb")).fetchall()
