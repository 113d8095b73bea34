"""Opening a source: every URL of the docs works as it is written there, and what goes wrong is told apart."""

from __future__ import annotations

import os
import re
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pytest
import sqlalchemy as sa
from sqlglot import exp

from reportspec.api import build, validate
from reportspec.databases import KINDS, database, source_of
from reportspec.errors import SourceError
from reportspec.model.settings import SourceSpec
from reportspec.run import execute
from reportspec.run.alchemy import Driver, url_of
from reportspec.run.connect import connect
from reportspec.run.connection import Wanted, not_let_in
from reportspec.run.tls import TlsError, tls_of
from tests.conftest import CHECKOUT
from tests.engines.servers import driven, kind_of, served

SPEC = "version: 1\nreport: custom\nperiod: 2026-Q3\nmetrics: [deals_created_count]\n"
MAPPING = (
    "entities:\n  deal:\n    table: deals\n    key: id\n    fields: {status: lower(status), created_at: created_at}\n"
)
DEALS = "create table {}deals (id varchar(9), status varchar(9), created_at timestamp{})"
ROWS = "insert into {}deals values ('1', 'OPEN', '2026-07-01 00:00:00'), ('2', 'WON', '2026-09-30 23:59:59')"


def test_the_docs_say_what_the_program_knows() -> None:
    text = (CHECKOUT / "docs" / "databases.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| ([^|]+?) \| `([^`]+)`[^|]* \| (?:`pip|built in)", text, re.MULTILINE))
    assert len(told) == len(KINDS) + 1
    assert set(told.values()) == {database(kind).example for kind in KINDS} | {"{files: {table: glob}}"}


@contextmanager
def _documented(kind: str, folder: Path) -> Iterator[str]:
    """The documented source with a database behind it that has two deals. Of a URL only the host is
    another, and the database's name where there may be one already."""
    example = database(kind).example
    if kind in ("sqlite", "duckdb"):
        (folder / "data").mkdir()
        if kind == "sqlite":
            with closing(sqlite3.connect(folder / example)) as lite:
                lite.execute(DEALS.format("", ""))
                lite.execute(ROWS.format(""))
                lite.commit()
        else:
            with duckdb.connect(str(folder / example)) as duck:
                duck.execute(DEALS.format("", ""))
                duck.execute(ROWS.format(""))
        yield example
        return
    if kind == "chdb":
        from chdb.session import Session

        (folder / "data").mkdir()
        raw: Any = Session(str(folder / "data" / "clickhouse"))  # type: ignore[no-untyped-call]
        made = "id String, status String, created_at DateTime"
        raw.query(f"create table default.deals ({made}) engine = MergeTree order by id")
        raw.query(ROWS.format("default."))
        raw.close()
        yield example
        return
    engine = "postgres" if kind == "postgres" else "mariadb"
    own = f"crm_{uuid.uuid4().hex[:8]}"
    user = f"reader_{uuid.uuid4().hex[:8]}"
    url = served(engine)
    server = urlsplit(url)
    admin = sa.create_engine(driven(url), isolation_level="AUTOCOMMIT")
    role = user if engine == "postgres" else f"'{user}'@'%'"
    login = "with login password" if engine == "postgres" else "identified by"
    with admin.connect() as raw_sql:
        raw_sql.exec_driver_sql(f"create database {own}")
        raw_sql.execute(sa.text(f"create user {role} {login} 'p@ss'"))
    inside = driven(url).rpartition("/")[0] + f"/{own}"
    there = sa.create_engine(inside)
    try:
        with there.begin() as raw_sql:
            raw_sql.exec_driver_sql(DEALS.format("", " null"))
            raw_sql.exec_driver_sql(ROWS.format(""))
            on = "deals" if engine == "postgres" else f"{own}.deals"
            raw_sql.execute(sa.text(f"grant select on {on} to {role}"))
        host = f"@{server.hostname}:{server.port}/{own}"
        yield example.replace("@host/crm", host).replace("//reader:", f"//{user}:")
    finally:
        there.dispose()
        with admin.connect() as raw_sql:
            raw_sql.exec_driver_sql(f"drop database {own}")
            raw_sql.execute(sa.text(f"drop user {role}"))
        admin.dispose()


@pytest.mark.parametrize("kind", ["duckdb", "sqlite", "postgres", "mysql", "mariadb", "chdb"])
def test_documented_sources_are_read(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "p%40ss")
    with _documented(kind, tmp_path) as source:
        (tmp_path / "reportspec.yaml").write_text(
            f"version: 1\nsource: {source}\nmapping: m.yaml\ncurrency: EUR\n", encoding="utf-8"
        )
        (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
        (tmp_path / "s.yaml").write_text(SPEC, encoding="utf-8")
        figures = build(tmp_path / "s.yaml").figures
        assert 2 in figures.sections[0].rows[0]
        assert "deals" in build(tmp_path / "s.yaml").sql[0]


def test_absolute_paths_have_a_fourth_slash(tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    with closing(sqlite3.connect(away / "crm.sqlite")) as lite:
        lite.execute(DEALS.format("", ""))
    project = tmp_path / "project"
    project.mkdir()
    (project / "m.yaml").write_text(MAPPING, encoding="utf-8")
    (project / "s.yaml").write_text(SPEC, encoding="utf-8")
    for slashes, fine in (("//", False), ("///", True)):
        (project / "reportspec.yaml").write_text(
            f"version: 1\nsource: sqlite:{slashes}{away}/crm.sqlite\nmapping: m.yaml\ncurrency: EUR\n", encoding="utf-8"
        )
        found = validate(project / "s.yaml")
        assert [d.code for d in found] == ([] if fine else ["file-not-found"])
        assert fine or f"sqlite:///{away}/crm.sqlite" in str(found[0].help)


DRIVERS = {kind: found for kind in KINDS if isinstance(found := getattr(database(kind).open, "__self__", None), Driver)}


@pytest.mark.parametrize("kind", DRIVERS)
def test_documented_urls_become_the_drivers_arguments(kind: str) -> None:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import NoSuchModuleError

    example = database(kind).example
    text = example.replace("${PASSWORD}", "p%40ss").replace("${TOKEN}", "p%40ss")
    url, _, _ = url_of(make_url(text), DRIVERS[kind])
    try:
        engine = sa.create_engine(url)
        _, given = engine.dialect.create_connect_args(url)
    except (ImportError, NoSuchModuleError):
        return  # the driver is not here
    assert "p%40ss" not in str(given)
    if "PASSWORD" in example:
        assert given.get("password") == "p@ss", given


# --- What goes wrong ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "code", "again"),
    [
        ('FATAL:  password authentication failed for user "x"', "wrong-login", False),
        ('FATAL:  role "anna" does not exist', "wrong-login", False),
        ("(1045, \"Access denied for user 'x'@'h' (using password: YES)\")", "wrong-login", False),
        ("(1049, \"Unknown database 'x'\")", "unknown-database", False),
        ('FATAL:  database "x" does not exist', "unknown-database", False),
        ("(1040, 'Too many connections')", "busy-source", True),
        ("FATAL:  sorry, too many clients already", "busy-source", True),
        ("FATAL:  the database system is starting up", "busy-source", True),
        ("FATAL:  remaining connection slots are reserved for roles", "busy-source", True),
        ("FATAL:  query_wait_timeout", "busy-source", True),
        ("[Errno -2] Name or service not known", "unknown-host", False),
        ("server does not support SSL, but SSL was required", "no-tls", False),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "no-tls", False),
        ("Connection refused", "no-connection", False),
        ("timed out", "no-connection", False),
    ],
)
def test_what_a_database_says_is_told_apart(said: str, code: str, again: bool) -> None:
    error = not_let_in("crm", said)
    assert (error.code, error.lost) == (code, again)
    assert error.help


@pytest.mark.parametrize("engine", ["postgres", "mariadb"])
def test_a_wrong_login_is_tried_once(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def counted(source: SourceSpec, wanted: Wanted) -> Any:
        tried.append(source.path)
        return connect(source, wanted)

    monkeypatch.setattr(execute, "connect", counted)
    url = served(engine)
    server = urlsplit(url)
    at = f"{server.scheme}://nobody_{os.getpid()}:wrong@{server.hostname}:{server.port}"
    kind = kind_of(url)
    with pytest.raises(SourceError) as refused:
        execute.run_statements(source_of(kind, "crm", path=f"{at}/test"), Wanted(), [exp.select("1")], 4)
    assert refused.value.code == "wrong-login", refused.value.message
    assert len(tried) == 1
    with pytest.raises(SourceError) as unknown:
        connect(source_of(kind, "crm", path=url.rpartition("/")[0] + "/no_such_one"), Wanted())
    assert unknown.value.code == "unknown-database"


def test_sql_ascii(tmp_path: Path) -> None:
    name = f"ascii_{uuid.uuid4().hex[:8]}"
    url = served("postgres")
    admin = sa.create_engine(driven(url), isolation_level="AUTOCOMMIT")
    with admin.connect() as raw:
        raw.exec_driver_sql(
            f"create database {name} encoding 'SQL_ASCII' template template0 lc_collate 'C' lc_ctype 'C'"
        )
    inside = url.rpartition("/")[0] + f"/{name}"
    try:
        session = connect(source_of("postgres", "x", path=inside), Wanted())
        assert session.run("select 'Ünï' as a").rows == (("Ünï",),)
        assert session.columns() == {}
        other = session.beside()
        assert other is not None
        other.close()
        session.close()
        broken = "select convert_from('\\xe9'::bytea, 'SQL_ASCII') as a"
        session = connect(source_of("postgres", "x", path=inside), Wanted())
        with pytest.raises(SourceError) as unreadable:
            session.run(broken)
        assert unreadable.value.code == "unreadable-value"
        assert "client_encoding=latin1" in str(unreadable.value.help)
        session.close()
        latin = source_of("postgres", "x", path=f"{inside}?client_encoding=latin1")
        session = connect(latin, Wanted())
        assert session.run(broken).rows == (("é",),)
        session.close()
    finally:
        with admin.connect() as raw:
            raw.exec_driver_sql(f"drop database {name} with (force)")
        admin.dispose()


def test_options_of_tls() -> None:
    import ssl

    assert tls_of({}).context is None
    assert not tls_of({}).off
    for off in ({"ssl": "false"}, {"ssl_disabled": "true"}, {"ssl-mode": "DISABLED"}):
        assert tls_of(off).off
    for loose in ({"ssl": "true"}, {"ssl_mode": "required"}):
        made = tls_of(loose).context
        assert made is not None
        assert (made.verify_mode, made.check_hostname) == (ssl.CERT_NONE, False)
    for strict in ({"ssl_verify_identity": "true"}, {"ssl_mode": "VERIFY_IDENTITY"}):
        made = tls_of(strict).context
        assert made is not None
        assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    made = tls_of({"ssl_mode": "VERIFY_CA"}).context
    assert made is not None
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, False)
    assert not tls_of({"ssl_disabled": "false"}).off
    for wrong in (
        {"ssl": "maybe"},
        {"ssl_mode": "x"},
        {"ssl_foo": "1"},
        {"ssl_ca": "/no/such"},
        {"ssl": "false", "ssl_mode": "REQUIRED"},
    ):
        with pytest.raises(TlsError):
            tls_of(wrong)
