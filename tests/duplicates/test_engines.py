"""Every database gives the same duplicates, to the last digit of their weights: its rows are compared in one way.

Slow: a database is started and filled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import Draw
from tests.duplicates.conftest import Ask, write_project
from tests.duplicates.people import ENTITIES, TABLES, mapping
from tests.engines.servers import Engine, engine

ENGINES = ("sqlite", "postgres", "mariadb", "clickhouse")


@pytest.fixture(
    params=[pytest.param(name, marks=[pytest.mark.xdist_group(name), pytest.mark.slow]) for name in ENGINES]
)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database with the made-up firm."""
    with ExitStack() as stack:
        yield stack.enter_context(engine(request.param, TABLES, tmp_path_factory.mktemp(request.param)))


def test_every_database_gives_the_same(
    filled: Engine, firm: Path, ask: Ask, tmp_path_factory: pytest.TempPathFactory, draw: Draw
) -> None:
    """By day of half of the entities, of the others on the next engine: a database is asked for rows, and nothing else."""
    folder = tmp_path_factory.mktemp("project")
    there = write_project(folder, filled.url, {**mapping(filled.prefix), "dialect": "duckdb"}, currency="EUR")
    for entity in ENTITIES if draw.night else ENTITIES[ENGINES.index(filled.name) % 2 :: 2]:
        expected, found = ask(firm, "--entity", entity), ask(there, "--entity", entity)
        assert expected["groups"]
        assert found == expected, entity
