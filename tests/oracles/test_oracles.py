"""Figures against SQL that was written by hand and knows nothing of reportspec.

Each file in `zoho/` and `demo/` is one question. Its comment says it in the spec language (the
lines indented by three); its statement answers it, in columns named as `query` names them. A row
in which every metric is zero or null says nothing and may be left out on either side, unless the
comment says `rows: all`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

HERE = Path(__file__).parent
ZOHO_PROJECT = HERE.parent / "zoho" / "project"
DEMO_PROJECT = "version: 1\nsource: demo\ntimezone: Europe/Rome\nlocale: en_GB\ncurrency: EUR\n"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Oracle:
    """One question: `head` is the spec before its section, `section` the one list item."""

    source: str  # zoho or demo
    name: str
    head: str
    section: str
    all_rows: bool
    sql: str


def read_oracle(path: Path) -> Oracle:
    sql = path.read_text(encoding="utf-8")
    comment = [line for line in sql.splitlines() if line.startswith("--   ")]
    spec = "".join(line.removeprefix("--   ") + "\n" for line in comment)
    head, _, section = spec.partition("sections:\n")
    all_rows = head.startswith("rows: all\n")
    return Oracle(
        source=path.parent.name,
        name=path.stem,
        head=head.removeprefix("rows: all\n"),
        section=section.replace("  - ", f"  - id: {path.stem}\n    ", 1),
        all_rows=all_rows,
        sql=sql,
    )


ORACLES = [read_oracle(path) for path in sorted(HERE.glob("*/*.sql"))]


ENTITIES = {
    "pipeline",
    "product",
    "account",
    "deal",
    "lead",
    "stage",
    "user",
    "contact",
    "campaign",
    "quote",
    "activity",
}


@pytest.fixture(scope="module")
def zoho_project(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A copy of the Zoho project, and the environment that leads it to the data."""
    folder = tmp_path_factory.mktemp("zoho") / "project"
    shutil.copytree(ZOHO_PROJECT, folder)
    return folder, {"ZOHO_DATA": str(shared_data / "zoho_crm_demo")}


@pytest.fixture(scope="module")
def demo_project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A project over the demo database."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "specs").mkdir()
    (folder / "reportspec.yaml").write_text(DEMO_PROJECT, encoding="utf-8")
    return folder, {}


@pytest.fixture(scope="module")
def zoho_database(shared_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB that finds the CSV files by their names."""
    with duckdb.connect() as connection:
        connection.execute("set file_search_path = ?", [str(shared_data)])
        yield connection


@pytest.fixture(scope="module")
def demo_database() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the demo's tables."""
    from reportspec.demo import load

    with duckdb.connect() as connection:
        load(connection)
        yield connection


@pytest.fixture(scope="module")
def ask(request: pytest.FixtureRequest, run_cli: Callable[..., Any]) -> Callable[[Oracle], list[Row]]:
    """Return a function that asks reportspec an oracle's question.

    Questions that differ in their section only go into one spec, because starting the program
    takes longer than answering. If that spec fails, each is asked alone.
    """
    answers: dict[tuple[str, str], dict[str, list[Row]]] = {}

    def query(oracles: Sequence[Oracle]) -> tuple[dict[str, list[Row]], str]:
        first = oracles[0]
        folder, env = request.getfixturevalue(f"{first.source}_project")
        spec = folder / "specs" / f"{first.name}.oracle.yaml"
        sections = "".join(oracle.section for oracle in oracles)
        spec.write_text(f"version: 1\n{first.head}sections:\n{sections}", encoding="utf-8")
        done = run_cli(["query", spec, "--format", "json"], cwd=folder, env=env)
        if done.returncode != 0:
            return {}, done.stderr or done.stdout
        return {each["id"]: each["rows"] for each in json.loads(done.stdout)["sections"]}, ""

    def answer(oracle: Oracle) -> list[Row]:
        key = (oracle.source, oracle.head)
        if key not in answers:
            answers[key], _ = query([each for each in ORACLES if (each.source, each.head) == key])
        if oracle.name in answers[key]:
            return answers[key][oracle.name]
        alone, problem = query([oracle])
        assert not problem, problem
        return alone[oracle.name]

    return answer


@pytest.mark.parametrize(
    "oracle",
    [
        pytest.param(
            each,
            id=f"{each.source}/{each.name}",
            marks=pytest.mark.xdist_group(f"{each.source}-oracles"),
        )
        for each in ORACLES
    ],
)
def test_figures_are_those_of_hand_written_sql(
    oracle: Oracle, ask: Callable[[Oracle], list[Row]], request: pytest.FixtureRequest
) -> None:
    database = request.getfixturevalue(f"{oracle.source}_database")
    answer = database.execute(oracle.sql)
    names = [column[0] for column in answer.description]
    expected = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    actual = ask(oracle)

    assert not actual or set(names) <= set(actual[0])
    actual_table = table(actual, names, oracle.all_rows)
    expected_table = table(expected, names, oracle.all_rows)
    assert sorted(actual_table) == sorted(expected_table)
    for key, numbers in expected_table.items():
        found = actual_table[key]
        for name, number in numbers.items():
            if number is None or found[name] is None:
                assert found[name] == number, (key, name)
            else:
                assert found[name] == pytest.approx(number, rel=1e-9, abs=1e-9), (key, name)


def table(rows: Sequence[Row], names: Sequence[str], all_rows: bool) -> dict[str, dict[str, float | None]]:
    """The metrics of each row by its dimensions, whose names begin with an entity's, or by its
    period."""
    keys = [name for name in names if name.split(".")[0] in ENTITIES or name == "period"]
    metrics = [name for name in names if name not in keys]
    told = [row for row in rows if all_rows or not keys or any(row[name] for name in metrics)]
    found = {
        " | ".join(str(row[key]) for key in keys): {
            name: None if row[name] is None else float(row[name]) for name in metrics
        }
        for row in told
    }
    assert len(found) == len(told), "two rows of one group"
    return found
