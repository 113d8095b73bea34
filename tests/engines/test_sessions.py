"""Sessions: they only read, end in time, can be ended, hide secrets, and come back when lost."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reportspec.databases import KINDS, database, dialect_named, source_of
from reportspec.errors import SourceError
from reportspec.model.rows import Table
from reportspec.model.settings import SourceSpec
from reportspec.run import execute
from reportspec.run.connect import connect
from reportspec.run.connection import Connection, Loose, Secrets, Wanted
from tests.engines.servers import Engine, kind_of

RunCli = Callable[..., subprocess.CompletedProcess[str]]
ENDLESS = {
    "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n",
    "postgres": "select pg_sleep(60)",
    "mariadb": "select sleep(60)",
    "clickhouse": "select max(sleepEachRow(0.1)) from numbers(600) settings max_block_size = 1",
    "spark": "select count(*) from range(100000000) a cross join range(1000000) b where a.id % 7 = b.id % 11",
}
# What MariaDB's sessions with temporary tables write is never committed: `test_temporary_tables.py`.
WRITES = {
    "sqlite": 'delete from "deal"',
    "postgres": "delete from {}deal",
}


def source(database: Engine) -> SourceSpec:
    kind = kind_of(database.url)
    path = database.url
    if kind in ("sqlite", "chdb"):
        path = path.partition("://")[2].removeprefix("/")
        path = path if path.startswith("/") else f"/{path}"
    return source_of(kind, "the test's", path=path)


def opened(database: Engine, timeout: int = 60) -> Connection:
    return connect(source(database), Wanted(timeout=timeout))


def test_sessions_only_read(database: Engine) -> None:
    if database.name not in WRITES:
        return  # Spark and MariaDB have no such session; chdb's statements are SELECTs with a clause of their own
    session = opened(database)
    try:
        with pytest.raises(SourceError, match=r"(?i)read.?only"):
            session.run(WRITES[database.name].format(database.prefix))
    finally:
        session.close()


def test_percent_signs_and_quotes(database: Engine) -> None:
    session = opened(database)
    try:
        sql = "select 5 % 3 as x, '100%' as y, '%s' as z, 'it''s :a ?' as q"
        [row] = session.run(sql).rows
        assert [str(v) for v in row] == ["2", "100%", "%s", "it's :a ?"]
    finally:
        session.close()


def test_what_is_not_there(database: Engine) -> None:
    session = opened(database)
    try:
        with pytest.raises(SourceError) as missing:
            session.run("select * from nowhere_at_all")
        assert missing.value.code == "unknown-table", missing.value.message
        assert "nowhere_at_all" in missing.value.message
    finally:
        session.close()
    session = opened(database)
    try:
        with pytest.raises(SourceError) as missing:
            session.run(f"select d.colour from {database.prefix}deal d")
        assert missing.value.code == "unknown-column", missing.value.message
        assert "colour" in missing.value.message
    finally:
        session.close()


def test_columns_are_told(database: Engine) -> None:
    session = opened(database)
    try:
        columns = session.columns()[f"{database.prefix}deal"]
        assert {"deal_id", "amount", "closed_at"} <= set(columns)
        assert all(columns.values())
    finally:
        session.close()


def test_statements_end_in_time(database: Engine) -> None:
    session = opened(database, timeout=1)
    since = time.monotonic()
    try:
        with pytest.raises(SourceError) as late:
            session.run(ENDLESS[database.name])
    finally:
        session.close()
    assert time.monotonic() - since < 30
    assert late.value.code == "timeout", late.value.message
    assert "query: {timeout" in str(late.value.help)


def test_statements_can_be_ended(database: Engine) -> None:
    if database.name == "clickhouse":
        return  # chdb knows only its limit of time, which the test above has seen
    session = opened(database)
    ender = threading.Timer(1.0, session.cancel)
    ender.start()
    since = time.monotonic()
    try:
        with pytest.raises(SourceError) as ended:
            session.run(ENDLESS[database.name])
    finally:
        ender.cancel()
        session.close()
    assert time.monotonic() - since < 30
    assert ended.value.code == "cancelled", ended.value.message


URLS = [d for d in map(database, KINDS) if "PASSWORD" in d.example or "TOKEN" in d.example]


@pytest.mark.parametrize("kind", [d.kind for d in URLS])
def test_a_password_is_never_shown(kind: str, tmp_path: Path, run_cli: RunCli) -> None:
    [database] = [d for d in URLS if d.kind == kind]
    example = database.example.replace("${PASSWORD}", "s3cr3t%2Fx").replace("${TOKEN}", "s3cr3t%2Fx")
    host = urlsplit(example).netloc.rpartition("@")[2]
    url = example.replace(host, "127.0.0.1:9").replace("…", "sql")
    (tmp_path / "reportspec.yaml").write_text(
        f"version: 1\nsource: {url}\ncrm: salesforce\ncurrency: EUR\n", encoding="utf-8"
    )
    spec = "version: 1\nreport: custom\nperiod: 2026-09\nmetrics: [won_amount]\n"
    (tmp_path / "s.yaml").write_text(spec, encoding="utf-8")
    said = ""
    for command in (["query", "s.yaml"], ["compile", "s.yaml"], ["validate", "s.yaml"], ["doctor"]):
        done = run_cli(command, cwd=tmp_path)
        said += done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        if command[0] == "query":
            assert done.returncode != 0
            assert "cannot be reached" in done.stderr or "pip install" in done.stderr, done.stderr
    assert "s3cr3t" not in said


def test_secrets_are_masked_as_written_and_as_meant() -> None:
    secrets = Secrets("snowflake://me:p%40ss@x/y?token=abc&warehouse=w")
    assert secrets.masked("p%40ss p@ss abc w") == "*** *** *** w"


def test_a_short_password_is_masked_where_it_stands_by_itself() -> None:
    """Within the words of a message it would say where it is one, and make it unreadable."""
    secrets = Secrets("postgresql://me:a@x/y")
    assert secrets.masked("bad password `a` for a@x, said a server") == "bad password `***` for ***@x, said *** server"
    assert Secrets("postgresql://me:abcd@x/y").masked("xabcdx") == "x***x"


@pytest.mark.parametrize(
    ("module", "url", "extra"),
    [
        ("psycopg", "postgresql://h/d", "postgres"),
        ("pymysql", "mysql://h/d", "mysql"),
        ("sqlalchemy", "mysql://h/d", "mysql"),
        ("clickhouse_connect", "clickhouse://h/d", "clickhouse"),
        ("pyspark", "sc://h", "spark"),
        ("snowflake", "snowflake://a/d", "snowflake"),
        ("trino", "trino://h/c", "trino"),
        ("redshift_connector", "redshift://h/d", "redshift"),
    ],
)
def test_a_missing_driver_names_its_extra(module: str, url: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, module, None)
    for name in [n for n in sys.modules if n.startswith(f"{module}.")]:
        monkeypatch.setitem(sys.modules, name, None)
    kind = kind_of(url)
    with pytest.raises(SourceError) as missing:
        connect(source_of(kind, "x", path=url), Wanted())
    assert missing.value.code == "missing-driver"
    assert missing.value.help == f'pip install "reportspec[{extra}]"'


class Flaky:
    """A session that loses its connection a number of times."""

    dialect = dialect_named("duckdb")
    losses = 0
    opened = 0

    def run(self, sql: str) -> Table:
        if Flaky.losses:
            Flaky.losses -= 1
            raise SourceError("lost-connection", "gone", lost=True)
        return Table(("x",), ((1,),))

    def cancel(self) -> None: ...

    def close(self) -> None: ...

    def beside(self) -> Connection | None:
        return None

    def loose(self) -> Loose:
        return frozenset()

    def columns(self) -> dict[str, dict[str, str]]:
        return {}


@pytest.mark.parametrize(("losses", "comes"), [(0, True), (2, True), (3, False)])
def test_lost_connections_are_tried_again(losses: int, comes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlglot import exp

    def reopened(source: SourceSpec, wanted: Wanted) -> Flaky:
        Flaky.opened += 1
        return Flaky()

    monkeypatch.setattr(execute, "connect", reopened)
    monkeypatch.setattr(execute, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(Flaky, "losses", losses)
    monkeypatch.setattr(Flaky, "opened", 0)
    tree = exp.select(exp.Literal.number(1).as_("x"))
    if comes:
        found = execute.run_statements(source_of("demo", ""), Wanted(), [tree, tree], 1)
        assert [r.table.rows for r in found] == [((1,),), ((1,),)]
        assert Flaky.opened == losses + 1
    else:
        with pytest.raises(SourceError, match="gone"):
            execute.run_statements(source_of("demo", ""), Wanted(), [tree], 1)
        assert Flaky.opened == execute.ATTEMPTS


def test_whatever_is_asked_of_a_lost_connection_it_says_so(database: Engine) -> None:
    """The server may be gone by any call, those that ask about tables before the first statement among them."""
    if database.name not in ("postgres", "mariadb"):
        return  # the others have no connection that a server could end
    asked: dict[str, Callable[[Connection], object]] = {
        "run": lambda session: session.run("select 1"),
        "columns": lambda session: session.columns(),
        "loose": lambda session: session.loose(),
        "keep": lambda session: session.keep("lost_one", "select 1 as one", ()),
        "forbidden": lambda session: getattr(session, "forbidden", session.columns)(),
        "guarded": lambda session: execute.guarded_tables(session) or session.columns(),
        "never_analyzed": lambda session: getattr(session, "never_analyzed", session.columns)(),
    }
    pid = {"postgres": "select pg_backend_pid()", "mariadb": "select connection_id()"}[database.name]
    end = {"postgres": "select pg_terminate_backend({})", "mariadb": "kill connection {}"}[database.name]
    tables = Wanted(timeout=60, tables=frozenset({f"{database.prefix}deal"}))
    for name, ask in asked.items():
        session, other = connect(source(database), tables), opened(database)
        try:
            number = session.run(pid).rows[0][0]
            with suppress(SourceError):  # a command gives no rows
                other.run(end.format(number))
            time.sleep(0.2)
            with pytest.raises(SourceError) as told:
                ask(session)
            assert told.value.lost or told.value.code == "no-connection", name
        finally:
            other.close()
            session.close()
