"""What several statements of a report are made from is made once, where a database has temporary tables: the figures
are those of statements that stand by themselves, sessions still only read, and whoever may have no such tables gets
the same report.

Slow: reports are run twice over an engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from sqlglot import exp

from reportspec.compile import Program, compile_report
from reportspec.contract.fit import fitted
from reportspec.contract.survey import survey_of, wanted_of
from reportspec.errors import SourceError
from reportspec.expression.trees import table as named_table
from reportspec.model.rows import Table
from reportspec.run.connect import connect
from reportspec.run.connection import Connection, Wanted
from reportspec.run.execute import Result, run_statements
from reportspec.sql import materialize
from reportspec.sql.broken_rows import settled_by_history
from reportspec.sql.examples_sql import examples_statement, recount_statement
from reportspec.sql.materialize import Script, Temporary, script
from tests.demo_times import standard_report
from tests.engines.servers import Engine, driven
from tests.engines.test_same_figures import same
from tests.engines.test_sessions import source

REPORTS = ("pipeline", "sales_forecast", "profitability", "conversions")
# By day the report whose statements an engine's other tests ask for, too.
OF = {"sqlite": "profitability", "postgres": "sales_forecast", "mariadb": "conversions", "clickhouse": "pipeline"}
KEEPING = tuple(OF)
Sharing = Callable[..., Script | None]


def program(project: Path, report: str) -> Program:
    """A standard report's statements over a project, fitted to what its source has."""
    return fitted(compile_report(standard_report(project, report)))


def run(asked: Program, sharing: Sharing | None) -> list[Result]:
    report = asked.report
    own = (lambda trees, place: sharing(report.binding, trees, place)) if sharing is not None else None
    return run_statements(report.project.source, wanted_of(report, asked.trees), asked.trees, 4, None, own)


def in_order(result: Result) -> list[list[object]]:
    """The rows of a statement; numbers as they are, in an order that their last digits do not change."""
    rows = [[float(cell) if hasattr(cell, "as_tuple") else cell for cell in row] for row in result.table.rows]
    return sorted(rows, key=lambda row: [f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row])


def assert_the_same(asked: Program, found: list[Result], wanted: list[Result]) -> None:
    for query, ours, theirs in zip(asked.queries, found, wanted, strict=True):
        where = f"{query.section} {query.purpose}"
        assert ours.table.columns == theirs.table.columns, where
        assert ours.sql == theirs.sql, where
        same(in_order(ours), in_order(theirs), where)


@cache
def by_themselves(project: Path, report: str) -> list[Result]:
    """What a standard report's statements give over an engine whose rows stay as they are, each by itself."""
    return run(program(project, report), None)


@pytest.mark.by_day("sqlite", report=(OF["sqlite"],))
@pytest.mark.by_day("postgres", report=(OF["postgres"],))
@pytest.mark.by_day("mariadb", report=(OF["mariadb"],))
@pytest.mark.by_day("clickhouse", report=(OF["clickhouse"],))
@pytest.mark.usefixtures("draw")
@pytest.mark.parametrize("report", REPORTS)
def test_figures_are_those_of_statements_by_themselves(report: str, engine_name: str, project: Path) -> None:
    """By day each report on one engine, and all of them on DuckDB."""
    if engine_name in KEEPING:
        asked = program(project, report)
        assert_the_same(asked, run(asked, script), by_themselves(project, report))


def test_a_survey_and_all_after_it_find_the_same_over_rows_that_are_kept(engine_name: str, project: Path) -> None:
    """What it asks after, too, of all records or of some of them, and what is made of what is kept."""
    if engine_name not in ("sqlite", "mariadb"):  # whose tables have indexes
        return
    asked = program(project, OF[engine_name])
    report, binding = asked.report, asked.report.binding
    found = survey_of(report, asked.trees)
    assert found is not None
    checks, tree = found
    after = [recount_statement(binding, check) for check in checks if settled_by_history(binding, check)]
    after += [examples_statement(binding, check) for check in checks if check.relation is not None]
    heard: list[list[Table]] = []

    def judge(table: Table, ask: Callable[[exp.Expr], Table], *_: object) -> None:
        heard.append([table, *map(ask, after)])

    made: list[Script] = []

    def sharing(trees: Sequence[exp.Expr], place: Temporary) -> Script | None:
        own = script(binding, trees, place)
        assert own is not None
        made.append(own)
        return own

    def before(place: Temporary) -> list[materialize.TemporaryTable]:
        return materialize.rows_before(binding, tree, script(binding, asked.trees, place))

    wanted = wanted_of(report, [*asked.trees, tree, *after])
    source_of_report, over = report.project.source, list[list[Result]]()
    for ways in (None, before):
        over.append(run_statements(source_of_report, wanted, asked.trees, 4, (tree, judge), sharing, ways))
    plain, kept = heard
    assert [one.dicts() for one in kept] == [one.dicts() for one in plain]
    assert any(table.rows for table in plain[1:])
    assert len(made[1].tables) < len(made[0].tables)  # those that are there are not made again
    assert_the_same(asked, over[1], over[0])


@pytest.mark.slow
@pytest.mark.parametrize("report", REPORTS)
def test_figures_are_the_same_on_duckdb(report: str, tmp_path: Path) -> None:
    """Slow: a report is run twice over all rows of the demo."""
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n", encoding="utf-8"
    )
    asked = program(tmp_path, report)
    assert_the_same(asked, run(asked, script), run(asked, None))


def test_what_cannot_be_kept_is_asked_statement_by_statement(engine_name: str, project: Path) -> None:
    """A table whose making fails, after others that were made, leaves the session as it was."""
    if engine_name not in KEEPING:
        return
    asked = program(project, OF[engine_name])
    made: list[Script] = []

    def broken(binding: object, trees: object, place: Temporary) -> Script | None:
        found = script(binding, trees, place)  # type: ignore[arg-type]
        assert found is not None
        made.append(found)
        last = found.tables[-1]
        worse = materialize.TemporaryTable(last.name, _of_nothing(last.tree), last.keys)
        return Script(found.place, (*found.tables[:-1], worse), found.trees)

    found = run(asked, broken)
    assert len(made) == 1
    assert_the_same(asked, found, by_themselves(project, OF[engine_name]))


def _of_nothing(tree: exp.Expr) -> exp.Expr:
    return exp.select(exp.Star()).from_(named_table("nowhere_at_all"))


def test_sessions_only_read_beside_their_own_tables(database: Engine) -> None:
    if database.name not in KEEPING or database.name == "clickhouse":  # chdb's sessions may write
        return
    session = connect(source(database), Wanted())
    try:
        before = _deals(session, database)
        place = session.temporary()
        assert place is not None
        session.keep("reportspec_two", "select 1 as a union all select 2 as a", [("a",)])
        with pytest.raises(SourceError):
            session.keep("reportspec_none", "select a from nowhere_at_all", [])
        dot = f"{place.schema}." if place.schema else ""
        [(count,)] = session.run(
            f"select count(*) from {dot}reportspec_two x join {dot}reportspec_two y on x.a < y.a"
        ).rows
        assert count == 1
        with suppress(SourceError):
            session.run(f"delete from {database.prefix}deal")
            # MariaDB has no transaction for temporary tables that only reads: what is written is never committed.
            assert database.name == "mariadb"
    finally:
        session.close()
    session = connect(source(database), Wanted())
    try:
        assert _deals(session, database) == before
    finally:
        session.close()


def test_kept_texts_are_as_they_were(database: Engine) -> None:
    """Whatever is as wide as its longest value: blanks at the end, letters of four bytes, texts that are long, empty
    or not there, keys of many of them."""
    if database.name not in KEEPING:
        return
    rows = [("a ", "\N{GRINNING FACE}" * 50, "", "x" * 300, "k" * 200), ("b", "é", "", "y", "k" * 199), (None,) * 5]
    columns = "abcde"
    said = " union all ".join(
        "select " + ", ".join(f"{'null' if v is None else repr(v)} as {c}" for c, v in zip(columns, row, strict=True))
        for row in rows
    )
    session = connect(source(database), Wanted())
    try:
        place = session.temporary()
        assert place is not None
        session.keep("reportspec_texts", said, [("a",), ("d",), ("e", "d", "b"), tuple(columns)])
        session.keep("reportspec_nothing", f"select a, b from ({said}) as t where a = 'z'", [("a", "b")])
        dot = f"{place.schema}." if place.schema else ""
        found = session.run(f"select a, b, c, d, e from {dot}reportspec_texts").rows
        assert sorted(found, key=repr) == sorted(rows, key=repr)
        assert not session.run(f"select a from {dot}reportspec_nothing").rows
        if place.narrower:
            assert {str(row[0]): str(row[1]) for row in session.run("show columns from reportspec_texts").rows} == {
                "a": "varchar(2)",
                "b": "varchar(50)",
                "c": "varchar(1)",
                "d": "varchar(300)",
                "e": "varchar(200)",
            }
    finally:
        session.close()


def _deals(session: Connection, database: Engine) -> int:
    [(count,)] = session.run(f"select count(*) from {database.prefix}deal").rows
    return int(count)


@contextmanager
def reader(engine: Engine) -> Iterator[str]:
    """The URL of a user who may read the engine's tables, and may have no table of their own."""
    name = f"reportspec_reader_{os.getpid()}"
    schema = engine.prefix.rstrip(".")
    with sa.create_engine(driven(engine.url)).begin() as raw:
        url = sa.make_url(engine.url)
        if engine.name == "postgres":
            raw.exec_driver_sql(f"create role {name} login")
            raw.exec_driver_sql(f"revoke temporary on database {url.database} from public")
            raw.exec_driver_sql(f"grant usage on schema {schema} to {name}")
            raw.exec_driver_sql(f"grant select on all tables in schema {schema} to {name}")
        else:
            raw.exec_driver_sql(f"create user '{name}'@'%%' identified by 'x'")
            raw.exec_driver_sql(f"create user '{name}'@'localhost' identified by 'x'")
            for host in ("%%", "localhost"):
                raw.exec_driver_sql(f"grant select on {schema}.* to '{name}'@'{host}'")
    try:
        password = None if engine.name == "postgres" else "x"
        # Everybody may have tables in MariaDB's `test`.
        own = url.database if engine.name == "postgres" else schema
        yield url.set(username=name, password=password, database=own).render_as_string(hide_password=False)
    finally:
        with sa.create_engine(driven(engine.url)).begin() as raw:
            if engine.name == "postgres":
                raw.exec_driver_sql(f"grant temporary on database {url.database} to public")
                raw.exec_driver_sql(f"drop owned by {name}")
                raw.exec_driver_sql(f"drop role {name}")
            else:
                raw.exec_driver_sql(f"drop user '{name}'@'%%'")
                raw.exec_driver_sql(f"drop user '{name}'@'localhost'")


def test_whoever_may_have_no_tables_gets_the_same(database: Engine, project: Path, tmp_path: Path) -> None:
    if database.name not in ("postgres", "mariadb"):
        return
    wanted = by_themselves(project, OF[database.name])
    with reader(database) as url:
        own = yaml.safe_load((project / "reportspec.yaml").read_text())
        (tmp_path / "m.yaml").write_text((project / "m.yaml").read_text(), encoding="utf-8")
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump({**own, "source": url}), encoding="utf-8")
        asked = program(tmp_path, OF[database.name])
        session = connect(asked.report.project.source, Wanted())
        try:
            assert session.temporary() is None
            with pytest.raises(SourceError, match=r"(?i)read.?only|denied"):
                session.run(f"delete from {database.prefix}deal")
        finally:
            session.close()
        assert_the_same(asked, run(asked, script), wanted)


def test_a_session_beside_another_sees_its_state(database: Engine) -> None:
    """Also after the first was prepared for tables of its own."""
    if database.name != "postgres":
        return
    session = connect(source(database), Wanted())
    try:
        other = session.beside()
        assert other is not None
        assert other.temporary() is None
        assert session.temporary() is None  # what is shared is no longer its own
        other.close()
        with pytest.raises(SourceError, match=r"(?i)read.?only"):
            session.run(f"delete from {database.prefix}deal")
    finally:
        session.close()


def test_each_table_is_read_few_times(tmp_path: Path) -> None:
    """The history of a pipeline report of 17 statements is read once for its states and once for the newest of each
    deal, and deals for their rows, and once for each aggregate of which records may lack what their history has, those
    of what the period compared with leaves out among them."""
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ntimezone: UTC\ncurrency: EUR\n")
    asked = program(tmp_path, "pipeline")
    reads = materialize.times_read([])
    for one in run(asked, script):
        reads.update(materialize.times_read(one.asked))
    alone = materialize.times_read(asked.trees)
    assert reads["demo.deal_stage_history"] == 2
    assert reads["demo.deal"] <= 10
    assert alone["demo.deal_stage_history"] > 20
