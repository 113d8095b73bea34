"""One engine for each group of tests, with the demo's rows; and projects over them.

`--database URL` runs the same tests on a database of one's own instead (the user needs the right
to create a schema, which is dropped at the end).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.demo.columns import COLUMNS
from tests.engines.servers import (
    EDGES,
    ENGINES,
    HOSTILE,
    TRAPS,
    Engine,
    alchemy_engine,
    demo_tables,
    engine,
    served,
)

SETTINGS = {"version": 1, "timezone": "Europe/Rome", "locale": "en_GB", "currency": "EUR"}
Project = Callable[[str], Path]


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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Gives the URL of a PostgreSQL or MariaDB, which is started where none answers."""
    with ExitStack() as stack:
        yield cache(lambda name: stack.enter_context(served(name, tmp_path_factory.mktemp(name))))


@pytest.fixture(scope="session")
def database(
    engine_name: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """The engine, with the demo's rows."""
    url = request.config.getoption("--database")
    if url:
        with alchemy_engine(engine_name, url, [*demo_tables(), HOSTILE, TRAPS, EDGES]) as found:
            yield found
        return
    with engine(
        engine_name, [*demo_tables(), HOSTILE, TRAPS, EDGES], tmp_path_factory.mktemp(engine_name)
    ) as found:
        yield found


@pytest.fixture(scope="session")
def project(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project over the engine."""
    folder = tmp_path_factory.mktemp("project")
    entities: dict[str, Any] = {
        name: {"table": f"{database.prefix}{name}", "fields": {c: f'"{c}"' for c, _ in columns}}
        for name, columns in COLUMNS.items()
    }
    mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": entities}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    own = {**SETTINGS, "source": database.url, "mapping": "m.yaml"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same project over the demo in DuckDB."""
    folder = tmp_path_factory.mktemp("reference")
    text = yaml.safe_dump({**SETTINGS, "source": "demo"})
    (folder / "reportspec.yaml").write_text(text, encoding="utf-8")
    return folder
