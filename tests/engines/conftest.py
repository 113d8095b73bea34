"""One engine for each group of tests, with a part of the demo's rows (by night with all of them); and
projects over them.

`--database URL` runs the same tests on a database of one's own instead (the user needs the right
to create a schema, which is dropped at the end).

Slow: tests of an engine start it and fill it with the demo's rows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from reportspec.demo.columns import COLUMNS
from tests.audit import planted
from tests.engines.servers import (
    EDGES,
    ENGINES,
    HOSTILE,
    TRAPS,
    Engine,
    Given,
    alchemy_engine,
    demo_tables,
    engine,
    served,
    spark_engine,
    spark_server,
    thinned,
    write_parquet,
)
from tests.forecasting.freezing import frozen

SETTINGS = {"version": 1, "timezone": "Europe/Rome", "locale": "en_GB", "currency": "EUR"}
Project = Callable[[str], Path]
THEN = datetime(2026, 3, 17, 9, 20)  # by UTC
CHANGING, OF_THEN = ("deal", "deal_stage_history"), "then_"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine_name" in metafunc.fixturenames:
        url = metafunc.config.getoption("--database")
        names = [url.partition(":")[0]] if url else list(ENGINES)
        metafunc.parametrize(
            "engine_name",
            [pytest.param(n, marks=[pytest.mark.xdist_group(n), pytest.mark.slow]) for n in names],
            scope="session",
        )


@pytest.fixture(scope="session")
def server() -> Callable[[str], str]:
    """Gives the URL of a PostgreSQL or MariaDB, which is started where none answers."""
    return served


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Spark Connect server: it takes a quarter of a minute to start."""
    with spark_server(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture(scope="session")
def demo_rows(request: pytest.FixtureRequest) -> list[Given]:
    """The demo's tables."""
    return demo_tables() if request.config.getoption("--night") else thinned(demo_tables())


@pytest.fixture(scope="session")
def database(
    engine_name: str,
    demo_rows: list[Given],
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Engine]:
    """The engine, with the demo's rows."""
    url = request.config.getoption("--database")
    tables = [*demo_rows, *as_then(demo_rows), HOSTILE, TRAPS, EDGES, *planted.tables()]
    if url:
        with alchemy_engine(engine_name, url, tables) as found:
            yield found
        return
    folder = tmp_path_factory.mktemp(engine_name)
    if engine_name == "spark":
        with spark_engine(tables, folder, request.getfixturevalue("spark")) as found:
            yield found
        return
    with engine(engine_name, tables, folder) as found:
        yield found


@pytest.fixture(scope="session")
def project(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project over the engine."""
    folder = tmp_path_factory.mktemp("project")
    return over_demo(folder, database.url, database.prefix)


@pytest.fixture(scope="session")
def then(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same over deals and their history as they were THEN."""
    folder = tmp_path_factory.mktemp("then")
    return over_demo(folder, database.url, database.prefix, dict.fromkeys(CHANGING, OF_THEN))


@pytest.fixture(scope="session")
def reference(demo_rows: list[Given], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same project over the same rows in DuckDB. Its answers are remembered for all workers."""
    folder = tmp_path_factory.mktemp("reference")
    with duckdb.connect(str(folder / "demo.duckdb")) as raw:
        for table in demo_rows:
            body = ", ".join(f'"{name}" {kind}' for name, kind in table.columns)
            raw.execute(f'create table "{table.name}" ({body})')
            raw.execute(f"insert into \"{table.name}\" from '{write_parquet(table, folder)}'")
    base = tmp_path_factory.getbasetemp()
    answers = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "answers"
    answers.mkdir(exist_ok=True)
    (folder / "answers").symlink_to(answers)
    return over_demo(folder, "demo.duckdb")


def as_then(tables: list[Given]) -> list[Given]:
    """The tables of what changes, as they were THEN."""
    of_name = {table.name: table for table in tables}
    deals, history, stages = (
        [dict(zip((c for c, _ in of_name[name].columns), row, strict=True)) for row in of_name[name].rows]
        for name in (*CHANGING, "stage")
    )
    places = {row["stage_id"]: (row["position"], row["is_won"], row["is_lost"]) for row in stages}
    kept = frozen(deals, history, places, THEN)
    return [
        Given(f"{OF_THEN}{name}", of_name[name].columns, [tuple(row.values()) for row in rows])
        for name, rows in zip(CHANGING, kept, strict=True)
    ]


def over_demo(folder: Path, source: str, prefix: str = "", called: Mapping[str, str] | None = None) -> Path:
    """A project over the demo's tables by their own names; some are `called` with something before it."""
    called = called or {}
    entities: dict[str, Any] = {
        name: {"table": f"{prefix}{called.get(name, '')}{name}", "fields": {c: f'"{c}"' for c, _ in columns}}
        for name, columns in COLUMNS.items()
    }
    mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": entities}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    own = {**SETTINGS, "source": source, "mapping": "m.yaml"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    return folder
