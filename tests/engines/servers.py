"""The databases that the tests run on: where they answer, how they are started where they do not,
and how the demo's rows get into them.

PostgreSQL and MariaDB are used where they answer (REPORTSPEC_TEST_POSTGRES, REPORTSPEC_TEST_MYSQL,
else on this machine); where they do not, each process of the tests starts one of its own from the installed
programs, once for all that it runs. Spark always gets a server of its own. SQLite and chdb need none.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import duckdb

from reportspec.databases import by_scheme
from reportspec.demo import load
from reportspec.demo.columns import COLUMNS
from reportspec.demo.scripted import SCRIPTS
from tests.engines.lacking import NoEngine, NotInstalled, need

ENGINES = ("sqlite", "postgres", "mariadb", "clickhouse", "spark")
DEFAULTS = {
    "postgres": ("REPORTSPEC_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test"),
    "mariadb": ("REPORTSPEC_TEST_MYSQL", "mysql://root@127.0.0.1:3306/test"),
}


@dataclass(frozen=True)
class Engine:
    """A database with the demo's rows in it: the source's URL, and what stands before a table."""

    name: str
    url: str
    prefix: str


@dataclass(frozen=True)
class Given:
    """A table of rows to load: its columns with DuckDB's types."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: list[tuple[Any, ...]]


HOSTILE = Given(
    "Order",
    (("Select", "VARCHAR"), ("Stage Name", "VARCHAR"), ("Betrag €", "DECIMAL(14,2)"),
     ("from", "TIMESTAMP"), ("group", "VARCHAR")),
    [
        (f"K{index}", text, Decimal(index) / 4, datetime(2026, 5, 1 + index, 12), text.strip()[:3])
        for index, text in enumerate((
            "O'Brien", 'said "hi"', "100%", "50_50", "%s %(x)s :a ? {b}", "back\\slash", "Ünïcode Ø",
            "株式会社", "smile 😀", "trail ", "trail", "Trail", "<script>", "=HYPERLINK()",
            "x'; drop table deal; --", "`tick`", "[box]", "$1 \\1",
        ))
    ],
)  # fmt: skip


_AT = datetime
_NUMBERS = itertools.count(1)  # of schemas that this process makes
STARTED = ExitStack()  # servers that this process started; `tests/conftest.py` ends them with the session
TRAPS = Given(
    "traps",
    (("k", "INTEGER"), ("a", "INTEGER"), ("b", "DOUBLE"), ("m", "DECIMAL(14,2)"), ("t", "VARCHAR"),
     ("n", "VARCHAR"), ("i", "VARCHAR"), ("f", "BOOLEAN"), ("d", "DATE"), ("e", "DATE"),
     ("s", "TIMESTAMP"), ("u", "TIMESTAMP")),
    [
        (1, 2, 2.75, Decimal("10.25"), "Rossi", "12", "2026-02-03", True, date(2024, 2, 29), date(2024, 3, 1),
         _AT(2026, 3, 29, 1, 30), _AT(2026, 3, 29, 3, 30, 0, 250)),
        (2, 7, -1.25, Decimal("-3.10"), "trail ", "7", "2024-02-29", False, date(2026, 1, 31), date(2025, 12, 31),
         _AT(2026, 1, 1), _AT(2025, 12, 31, 23, 59, 59)),
        (3, 0, 0.5, Decimal("0.00"), "É Ünï 50%", "3.75", "2026-02-30", None, date(2026, 8, 30), date(2026, 8, 31),
         _AT(2026, 8, 30, 23, 59, 59, 999999), _AT(2026, 8, 31)),
        (4, None, 3.5, None, "", "-1.5", "", True, None, date(2026, 1, 1), None, _AT(2026, 1, 1)),
        (5, 3, None, Decimal("7.77"), None, None, None, False, date(2025, 12, 29), None, _AT(2026, 2, 28, 12), None),
        (6, 1, 1.0, Decimal("1.00"), "株 a_b", "abc", "x", True, date(2026, 12, 31), date(2027, 1, 1),
         _AT(2026, 12, 31, 22, 15, 10), _AT(2027, 1, 1, 0, 15, 10)),
    ],
)  # fmt: skip


EDGES = Given(
    "edges",
    (("k", "INTEGER"), ("i", "BIGINT"), ("b", "DOUBLE"), ("m", "DECIMAL(14,2)"), ("t", "VARCHAR"), ("o", "VARCHAR"),
     ("f", "BOOLEAN"), ("d", "DATE"), ("e", "DATE"), ("s", "TIMESTAMP"), ("u", "TIMESTAMP")),
    [
        (1, 0, 0.5, Decimal("0.50"), "ß", "SS", True, date(1970, 1, 1), date(1969, 12, 31),
         _AT(1970, 1, 1), _AT(1969, 12, 31, 23, 59, 59, 999999)),
        (2, -1, -0.5, Decimal("-0.50"), "Straße", "STRASSE", False, date(2021, 1, 3), date(2021, 1, 4),
         _AT(2021, 1, 3, 23, 59, 59), _AT(2021, 1, 4)),
        (3, 1, 1.5, Decimal("1.50"), "😀a", "e\u0301", None, date(2024, 2, 29), date(2023, 2, 28),
         _AT(2024, 2, 29, 12, 30, 45, 500000), _AT(2024, 2, 29)),
        (4, 2, 2.5, Decimal("2.50"), "", " ", True, date(2020, 12, 31), date(2020, 12, 31),
         _AT(2020, 12, 31, 0, 0, 0, 1), _AT(2020, 12, 31)),
        (5, -7, -2.5, Decimal("-2.50"), "  x ", "x", False, date(1900, 1, 1), date(1899, 12, 31),
         _AT(1900, 1, 1), _AT(1969, 12, 31, 12)),
        (6, 7, 0.1 + 0.2, Decimal("0.30"), "a%b_c\\d", "%", True, date(2099, 12, 31), date(2026, 3, 29),
         _AT(2026, 3, 29, 2, 30), _AT(2026, 10, 25, 2, 30)),
        (7, 70001, 1e9 + 0.5, Decimal("99999999.99"), "İıI", "i", False, date(2026, 1, 31), date(2026, 2, 28),
         _AT(2026, 1, 31, 10), _AT(2026, 2, 28, 9, 59)),
        (8, -(2**31), 1e-7, Decimal("-0.01"), "Ǆ ǆ", "é", None, date(2026, 12, 31), date(2027, 1, 1),
         _AT(2026, 12, 31, 23), _AT(2027, 1, 1, 1)),
        (9, None, None, None, None, None, None, None, None, None, None),
        (10, 12, 1e15, Decimal("12.00"), "12", "-1.5", True, date(2026, 5, 1), date(2026, 5, 1),
         _AT(2026, 5, 1), _AT(2026, 5, 1)),
        (11, 100, -0.0, Decimal("100.00"), "a\tb c", "A", False, date(2026, 6, 15), date(2026, 6, 14),
         _AT(2026, 6, 15, 8, 5, 3), _AT(2026, 6, 14, 8, 5, 3)),
        (12, 10, 1e-6, Decimal("0.05"), "Rossi, M. (x)", "rossi, m. (X)", None, date(2027, 1, 1), date(2025, 12, 29),
         _AT(2025, 12, 29, 0, 0, 1), _AT(2025, 12, 28, 23, 59, 59)),
    ],
)  # fmt: skip


@cache
def demo_tables() -> list[Given]:
    """The demo's tables with their rows."""
    with duckdb.connect() as raw:
        load(raw)
        return [
            Given(name, columns, raw.execute(f'select * from demo."{name}"').fetchall())
            for name, columns in COLUMNS.items()
        ]


# What belongs to a record is kept with it; the first of these that a row has says to which it belongs.
_BELONGS = (
    "account_id",
    "converted_account_id",
    "deal_id",
    "lead_id",
    "contact_id",
    "referrer_contact_id",
    "case_id",
    "session_id",
)
_OWN = {
    "account": "account_id",
    "contact": "contact_id",
    "lead": "lead_id",
    "deal": "deal_id",
    "case_": "case_id",
    "web_session": "session_id",
}


def thinned(tables: list[Given], part: int = 8) -> list[Given]:
    """An eighth of the accounts, and of what has none, with all that belongs to them; the deals that were
    written by hand with their accounts; short tables whole. Some statements take a time that grows with
    the square of the rows."""
    by_hand = next(t for t in tables if t.name == "deal").rows[-len(SCRIPTS) :]
    deals, accounts = ({row[at] for row in by_hand} for at in (0, 2))
    told = deals | accounts
    kept: dict[str, set[Any]] = {}
    found = []
    for table in tables:
        names = [name for name, _ in table.columns]
        own = _OWN.get(table.name, "")
        chain = [names.index(name) for name in _BELONGS if name in names and name != own]
        ways = {at: kept.get(names[at].removeprefix("converted_").removeprefix("referrer_")) for at in chain}

        def stays(row: tuple[Any, ...], ways: dict[int, set[Any] | None] = ways) -> bool:
            at = next((at for at in ways if row[at] is not None), 0)
            there = ways.get(at)
            if row[0] in told or (there is not None and row[at] not in there):
                return row[0] in told
            whole = there is not None and row[at] not in accounts  # of which only an eighth belongs
            return whole or crc32(str(row[0]).encode()) % part == 0

        rows = [row for row in table.rows if stays(row)] if own or chain else table.rows
        if own:
            kept[own] = {row[names.index(own)] for row in rows}
        found.append(replace(table, rows=rows))
    return found


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _base(kind: str) -> str:
    return kind.partition("(")[0]


# --- SQLite ---------------------------------------------------------------------------------------


@contextmanager
def sqlite_engine(tables: list[Given], folder: Path) -> Iterator[Engine]:
    """A file; times and days are texts, as SQLite's own functions write them."""
    kinds = {
        "VARCHAR": "TEXT",
        "TIMESTAMP": "TEXT",
        "DATE": "TEXT",
        "DOUBLE": "REAL",
        "INTEGER": "INTEGER",
        "BIGINT": "INTEGER",
        "BOOLEAN": "INTEGER",
        "DECIMAL": "NUMERIC",
    }

    def plain(value: Any) -> Any:
        if isinstance(value, Decimal):
            return float(value)
        if isinstance(value, datetime):
            return value.isoformat(" ")
        return value.isoformat() if isinstance(value, date) else value

    path = folder / "demo.sqlite"
    with sqlite3.connect(path) as raw:
        for table in tables:
            body = ", ".join(f'"{name}" {kinds[_base(kind)]}' for name, kind in table.columns)
            raw.execute(f'create table "{table.name}" ({body})')
            marks = ", ".join("?" for _ in table.columns)
            rows = [tuple(plain(v) for v in row) for row in table.rows]
            raw.executemany(f'insert into "{table.name}" values ({marks})', rows)
    raw.close()
    yield Engine("sqlite", f"sqlite:///{path}", "")


# --- PostgreSQL, MariaDB and whatever else SQLAlchemy knows ------------------------------------------


@contextmanager
def alchemy_engine(name: str, url: str, tables: list[Given]) -> Iterator[Engine]:
    """A schema of its own in a database, with SQLAlchemy's help; dropped at the end."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import mysql
    from sqlalchemy.pool import NullPool

    engine = sa.create_engine(driven(url), poolclass=NullPool)
    types: dict[str, Any] = {
        "VARCHAR": sa.String(400),
        "TIMESTAMP": sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"),
        "DATE": sa.Date(),
        "DOUBLE": sa.Double(),
        "INTEGER": sa.BigInteger(),
        "BIGINT": sa.BigInteger(),
        "BOOLEAN": sa.Boolean(),
        "DECIMAL": sa.Numeric(14, 2),
    }
    # Tests of a group run in one process, in which the engine of a session and that of a module may be there at once.
    schema = f"reportspec_{os.getpid()}_{next(_NUMBERS)}"
    with engine.begin() as raw:
        raw.execute(sa.schema.CreateSchema(schema))
    meta = sa.MetaData(schema=schema)
    try:
        with engine.begin() as raw:  # one session for all: MariaDB's opens its authorities' file each time
            for table in tables:
                columns = [sa.Column(c, types[_base(kind)]) for c, kind in table.columns]
                made = sa.Table(table.name, meta, *columns, mysql_charset="utf8mb4")
                made.create(raw)
                if table.rows:
                    names = [c for c, _ in table.columns]
                    raw.execute(made.insert(), [dict(zip(names, row, strict=True)) for row in table.rows])
        yield Engine(name, url, f"{schema}.")
    finally:
        with engine.begin() as raw:
            meta.drop_all(raw)
            raw.execute(sa.schema.DropSchema(schema))
        engine.dispose()


def answers(url: str) -> bool:
    """Whether something listens where a URL points to."""
    host, _, port = url.partition("@")[2].partition("/")[0].partition(":")
    with suppress(OSError), socket.create_connection((host or "127.0.0.1", int(port or 0)), 5):
        return True
    return False


def lets_in(url: str) -> bool:
    """Whether a PostgreSQL or MariaDB answers at a URL and lets one in."""
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    need(*(["pymysql"] if "pymysql" in driven(url) else []))
    try:
        with sa.create_engine(driven(url), poolclass=NullPool).connect():
            return True
    except sa.exc.SQLAlchemyError:
        return False


def kind_of(url: str) -> str:
    """The kind of database that a URL names."""
    found = by_scheme(url.partition("://")[0])
    assert found is not None, url
    return found.kind


def driven(url: str) -> str:
    """The URL with SQLAlchemy's names of the drivers that are here."""
    drivers = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mysql+pymysql"}
    scheme, _, rest = url.partition("://")
    return f"{drivers.get(scheme, scheme)}://{rest}"


@cache
def served(name: str) -> str:
    """The URL of a PostgreSQL or MariaDB: the one that answers, else one that is started here, once for all tests of
    this process: to start one takes longer than most tests."""
    variable, default = DEFAULTS[name]
    url = os.environ.get(variable) or default
    if lets_in(url):
        return url
    if os.environ.get(variable):
        raise NoEngine(f"{variable} is set, but nobody is let in there")
    start = _started_postgres if name == "postgres" else _started_mariadb
    return STARTED.enter_context(start(STARTED.enter_context(_own_folder(name))))


@contextmanager
def _own_folder(name: str) -> Iterator[Path]:
    """A folder beside pytest's, which each pytest that starts closes to all other users."""
    with TemporaryDirectory(prefix=f"tests-{name}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _program(*names: str, beside: str = "") -> str:
    for name in names:
        there = sorted(Path("/").glob(f"{beside[1:]}/{name}"), reverse=True) if beside else []
        found = shutil.which(name) or next(iter(there), None)
        if found:
            return str(found)
    raise NotInstalled(f"`{names[0]}` is not installed; `.ci/set-up test` installs it")


@contextmanager
def _started_postgres(folder: Path) -> Iterator[str]:
    place = "/usr/lib/postgresql/*/bin"
    initdb, postgres = _program("initdb", beside=place), _program("postgres", beside=place)
    data, port = folder / "postgres", free_port()
    data.mkdir()
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(data, "postgres")
        for parent in (folder, *folder.parents):
            with suppress(PermissionError):
                parent.chmod(parent.stat().st_mode | 0o011)
        as_user = ["runuser", "-u", "postgres", "--"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(
        [*as_user, initdb, "-D", data, "-U", "root", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        cwd="/",
        **quiet,
    )  # type: ignore[call-overload]
    options = [
        "-p",
        str(port),
        "-k",
        str(data),
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "fsync=off",
    ]
    url = f"postgresql://root@127.0.0.1:{port}/postgres"
    with _running([*as_user, postgres, "-D", str(data), *options], url):
        yield url


@contextmanager
def _started_mariadb(folder: Path) -> Iterator[str]:
    install = _program("mariadb-install-db", "mysql_install_db")
    server = _program("mariadbd", "mysqld", beside="/usr/sbin")
    data, port = folder / "mariadb", free_port()
    user = ["--user=root"] if os.geteuid() == 0 else []
    # Without the nameless users of a new installation, who are asked for their password in place of `'reader'@'%'`
    fresh = ["--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(
        [install, "--no-defaults", f"--datadir={data}", *fresh, *user],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    scratch = folder / "mariadb-scratch"  # a server that starts deletes all temporary tables where it keeps its own
    scratch.mkdir()
    options = [
        f"--datadir={data}",
        f"--tmpdir={scratch}",
        f"--port={port}",
        f"--socket={data}/s",
        "--bind-address=127.0.0.1",
    ]
    url = f"mysql://root@127.0.0.1:{port}/test"
    with _running([server, "--no-defaults", *options, *user], url):
        import pymysql

        with (
            pymysql.connect(host="127.0.0.1", port=port, user="root") as raw,
            raw.cursor() as cursor,
        ):
            cursor.execute("create database if not exists test")
        yield url


@contextmanager
def _running(command: list[str], url: str, patience: float = 60) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd="/", preexec_fn=_end_with_us)
    try:
        until = time.monotonic() + patience
        while not answers(url):
            if server.poll() is not None or time.monotonic() > until:
                raise NoEngine(f"`{command[0]}` did not start")
            time.sleep(0.1)
        time.sleep(0.5)
        yield
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()


# --- ClickHouse ---------------------------------------------------------------------------------------


@contextmanager
def clickhouse_engine(tables: list[Given], folder: Path) -> Iterator[Engine]:
    """A folder of chdb."""
    from chdb.session import Session

    kinds = {
        "VARCHAR": "String",
        "TIMESTAMP": "DateTime64(6, 'UTC')",
        "DATE": "Date32",
        "DOUBLE": "Float64",
        "INTEGER": "Int64",
        "BIGINT": "Int64",
        "BOOLEAN": "Bool",
        "DECIMAL": "Decimal(14, 2)",
    }
    place = folder / "clickhouse"
    raw: Any = Session(str(place))  # type: ignore[no-untyped-call]
    raw.query("create database demo")
    for table in tables:
        file = write_parquet(table, folder)
        body = ", ".join(f'"{c}" Nullable({kinds[_base(kind)]})' for c, kind in table.columns)
        raw.query(f'create table demo."{table.name}" ({body}) engine = MergeTree order by tuple()')
        raw.query(f"insert into demo.\"{table.name}\" select * from file('{file}', Parquet)")
    raw.close()
    yield Engine("clickhouse", f"chdb:///{place}", "demo.")


def write_parquet(table: Given, folder: Path) -> Path:
    """The table as a Parquet file."""
    import pyarrow as pa
    from pyarrow.parquet import write_table

    kinds = {
        "VARCHAR": pa.string(),
        "TIMESTAMP": pa.timestamp("us"),
        "DATE": pa.date32(),
        "DOUBLE": pa.float64(),
        "INTEGER": pa.int64(),
        "BIGINT": pa.int64(),
        "BOOLEAN": pa.bool_(),
        "DECIMAL": pa.decimal128(14, 2),
    }
    columns = list(zip(*table.rows, strict=True)) or [() for _ in table.columns]
    arrays = {
        name: pa.array(values, kinds[_base(kind)]) for (name, kind), values in zip(table.columns, columns, strict=True)
    }
    file = folder / f"{table.name}.parquet"
    write_table(pa.table(arrays), file)
    return file


# --- Spark --------------------------------------------------------------------------------------------


@contextmanager
def spark_engine(tables: list[Given], folder: Path, url: str) -> Iterator[Engine]:
    """A database of a Spark Connect server, over Parquet files. Their columns are told, or a job would look for them."""
    kinds = {
        "VARCHAR": "string",
        "TIMESTAMP": "timestamp_ntz",
        "DATE": "date",
        "DOUBLE": "double",
        "INTEGER": "bigint",
        "BIGINT": "bigint",
        "BOOLEAN": "boolean",
        "DECIMAL": "decimal(14, 2)",
    }
    from pyspark.sql.connect.session import SparkSession

    database = f"demo_{uuid.uuid4().hex}"
    session = SparkSession.builder.remote(url).create()
    session.sql(f"create database {database}")
    for table in tables:
        body = ", ".join(f"`{name}` {kinds[_base(kind)]}" for name, kind in table.columns)
        file = write_parquet(table, folder)
        session.sql(f"create table {database}.`{table.name}` ({body}) using parquet location '{file}'")
    session.stop()
    yield Engine("spark", url, f"{database}.")


def _end_with_us() -> None:
    """In a process that is started: end when the tests end, also where they are killed and end nothing (on Linux)."""
    with suppress(Exception):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


@contextmanager
def spark_server(folder: Path) -> Iterator[str]:
    """The URL of a Spark Connect server that is started here."""
    import pyspark

    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise NotInstalled("Spark needs Java 17 or newer; `.ci/set-up test` installs it")
    home, port = Path(pyspark.__file__).parent, free_port()
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.ui.enabled": "false",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        # The rows are few: compiling code for each statement would take most of the time.
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        # Nor would conditions that follow from others spare any: to look for them takes a sixth of the time.
        "spark.sql.constraintPropagation.enabled": "false",
        # Nor is it here for long: code that the first compiler makes is good enough, there is room for all of it, and
        # nobody else's classes are loaded, whose bytecode would have to be verified.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC -Xmn1g"
        " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    options = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    command = [
        str(home / "bin" / "spark-submit"),
        "--master",
        "local[2]",
        "--driver-memory",
        "2g",
        *options,
        "--class",
        "org.apache.spark.sql.connect.service.SparkConnectServer",
        "spark-internal",
    ]
    log = folder / "spark.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            command,
            cwd=folder,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=_end_with_us,
            env={**os.environ, "SPARK_HOME": str(home)},
        )
    try:
        until = time.monotonic() + 120
        while not answers(f"sc://@127.0.0.1:{port}"):
            if server.poll() is not None or time.monotonic() > until:
                raise NoEngine(f"Spark did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.2)
        yield f"sc://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, 15)
        with suppress(subprocess.TimeoutExpired):
            server.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(server.pid, 9)


@contextmanager
def engine(name: str, tables: list[Given], folder: Path) -> Iterator[Engine]:
    """An engine with the tables in it; not Spark, whose server is the fixture `spark`."""
    if name in DEFAULTS:
        with alchemy_engine(name, served(name), tables) as found:
            yield found
        return
    made = {"sqlite": sqlite_engine, "clickhouse": clickhouse_engine}[name]
    with made(tables, folder) as found:
        yield found
