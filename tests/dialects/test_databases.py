"""Each file in `databases/` is whole: a database that is listed, found, installed, opened, and that `doctor` knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlglot
from sqlglot import exp

from reportspec.databases import KINDS, by_scheme, by_suffix, database, dialect_named, dialects, is_dialect, source_of
from reportspec.doctor.probes import PROBES
from reportspec.expression.sandbox import CANONICAL
from reportspec.sql.dialect import sql_text
from tests.conftest import CHECKOUT

FOLDER = CHECKOUT / "reportspec" / "databases"
# What drives them, the engine, and the SQL of others: nothing of it is loaded for a database that is not met.
HEAVY = ("chdb", "clickhouse_connect", "duckdb", "psycopg", "pymysql", "pyspark", "sqlalchemy")
DRIVERS = """
import sys
from importlib import import_module
import reportspec.databases
loaded = set(sys.modules)
for kind in {kinds}:
    import_module(f"reportspec.databases.{{kind}}")
print(*sorted(set(sys.modules) - loaded))
"""


def loaded(kinds: tuple[str, ...]) -> set[str]:
    """The modules that files of databases load, besides those that all have."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVERS.format(kinds=kinds)], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    return set(done.stdout.split())


def test_each_file_is_listed() -> None:
    files = {path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__"}
    assert files == set(KINDS)
    assert len(KINDS) == len(files)


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_is_whole(kind: str) -> None:
    read_by = database(kind)
    assert read_by.kind == kind
    assert read_by.label
    assert read_by.schemes
    assert callable(read_by.open)
    assert read_by.local in ("", "file", "folder")
    assert all(by_scheme(scheme) is read_by for scheme in read_by.schemes)
    assert all(by_suffix(suffix) is read_by for suffix in read_by.suffixes)
    if "://" in read_by.example:
        assert urlsplit(read_by.example).scheme in read_by.schemes
    else:
        assert Path(read_by.example).suffix in read_by.suffixes
    source = source_of(kind, "x")
    assert source.database is read_by
    assert source.dialect == read_by.dialect.name


@pytest.mark.parametrize("kind", KINDS)
def test_its_extra_is_declared(kind: str) -> None:
    """`local` ones may need none; whatever is declared for databases is some database's."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = set(project["project"]["optional-dependencies"])
    extra = database(kind).extra
    assert extra in extras if extra else database(kind).local == "file"
    used = {database(each).extra for each in KINDS} - {""}
    assert extras - used == {"store", "vega-lite", "xlsx", "lsp", "mcp", "engines", "dev", "docs"}


@pytest.mark.parametrize("kind", KINDS)
def test_doctor_knows_it(kind: str) -> None:
    """It can write each of the small questions, and knows the version of what the tests run."""
    read_by = database(kind)
    for _, text, _ in PROBES:
        assert sql_text(exp.select(sqlglot.parse_one(text, dialect=CANONICAL)), read_by.dialect)
    checkup = database(read_by.dialect.name).checkup
    assert not checkup.oldest or checkup.version
    if read_by.dialect.allowed is None and kind != "duckdb":  # it comes with the package
        assert checkup.oldest


@pytest.mark.parametrize("kind", KINDS)
def test_its_dialect_is_one(kind: str) -> None:
    spoken = database(kind).dialect
    assert dialect_named(spoken.name) is spoken
    assert is_dialect(kind) == (spoken.name == kind)
    assert (spoken.allowed is None) == (not spoken.traits)
    assert spoken.canonical == (kind == "duckdb")
    if kind not in ("chdb",):
        assert spoken.label == database(kind).label


def test_what_is_no_dialect() -> None:
    assert set(dialects()) == set(KINDS) - {"chdb"}
    assert not is_dialect("db2")
    assert not is_dialect(["postgres"])
    assert by_scheme("db2") is None


def test_no_two_claim_the_same() -> None:
    for one, other in combinations(map(database, KINDS), 2):
        assert not set(one.schemes) & set(other.schemes)
        assert not set(one.suffixes) & set(other.suffixes)


def test_what_drives_them_is_loaded_late() -> None:
    """Neither drivers nor sqlglot's dialects are loaded with a file: only when a session is opened, and when
    a statement is written."""
    roots = {name.partition(".")[0] for name in loaded(KINDS)}
    assert not roots & set(HEAVY)
    assert not [name for name in loaded(KINDS) if re.match(r"sqlglot\.(dialects|generators|parsers)\.", name)]


def test_one_is_loaded_without_the_others() -> None:
    for kind in ("postgres", "duckdb", "sqlite"):
        others = {name for name in loaded((kind,)) if name.startswith("reportspec.databases.")}
        assert others == {f"reportspec.databases.{kind}"}


def test_nobody_below_or_above_knows_their_files() -> None:
    """Only a database whose SQL or sessions another has in common imports its file; and where duplicates are looked
    for, which is an embedded DuckDB whatever the source is."""
    names = {f"reportspec.databases.{kind}" for kind in KINDS}
    found = set()
    for path in (CHECKOUT / "reportspec").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                given = {str(node.module), *(f"{node.module}.{name.name}" for name in node.names)}
                found |= {(path.stem, name.rpartition(".")[2]) for name in given & names}
    assert found == {("chdb", "clickhouse"), ("databricks", "spark"), ("mariadb", "mysql"), ("workspace", "duckdb")}
    assert import_module("reportspec.databases.chdb").DATABASE is database("chdb")


def test_windows_of_one_order_are_one_pass_in_postgresql() -> None:
    """Which makes one for each frame: numbers, and rows before and after, are the same in any."""
    every = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
    windows = [
        f"{call} OVER (PARTITION BY a ORDER BY b)" for call in ("ROW_NUMBER()", "LAG(c)", "LEAD(c, 2)", "SUM(c)")
    ]
    asked = f"SELECT {', '.join(windows)}, LAST_VALUE(c) OVER (PARTITION BY a ORDER BY b {every}) FROM t"
    sql = sql_text(sqlglot.parse_one(asked, dialect="duckdb"), database("postgres").dialect)
    frames = [window.args.get("spec") for window in sqlglot.parse_one(sql, dialect="postgres").find_all(exp.Window)]
    assert [frame.sql("postgres") if frame else "" for frame in frames] == [every] * 3 + [""] + [every]
