"""Views and virtual tables of SQLite that cannot be read: nobody minds those that no report uses."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reportspec.databases.sqlite import open_sqlite
from reportspec.errors import SourceError
from reportspec.model.settings import SourceSpec
from reportspec.run.connection import Wanted
from reportspec.run.sqlite_functions import bring_functions

BROKEN = {
    "of_nothing": "create view of_nothing as select * from gone",
    "of_a_function": "create view of_a_function as select foreign_one(id) as id, created from deals",
    "of_a_column": "create view of_a_column as select gone as id, created from deals",
    "of_itself": "create view of_itself as select * from of_each_other",
    "of_each_other": "create view of_each_other as select * from of_itself",
    "of_a_library": "create view of_a_library as select load_extension(id) as id, created from deals",
}
MODULE = (
    "insert into sqlite_master values ('table', 'virtual', 'virtual', 0, 'create virtual table virtual using gone(a)')"
)


USED = (
    "lower(name)", "upper(name)", "name like 'ä%'", "name like 'B%'", "name not like 'b%'", "floor(x)", "ceil(x)",
    "json_extract(j, '$.a')", "j ->> 'a'", "name glob 'Ä*'", "strftime('%Y', created)", "round(x)", "count(*) over ()",
)  # fmt: skip


@pytest.mark.parametrize("used", USED)
def test_views_use_what_sqlite_has_and_as_sqlite_means_it(used: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "crm.sqlite")) as lite:
        lite.execute("create table deals (name text, x real, created text, j text)")
        rows = [("Ärger", 1.5, "2026-07-02", '{"a": 1}'), ("beta", -1.5, "2025-07-02", '{"a": "b"}')]
        lite.executemany("insert into deals values (?, ?, ?, ?)", rows)
        lite.execute(f"create view used as select {used} as found from deals")
        lite.commit()
        meant = lite.execute("select found from used").fetchall()
    session = open_sqlite(SourceSpec("sqlite", "", path=str(tmp_path / "crm.sqlite")), Wanted())
    try:
        assert list(session.run("SELECT found FROM used").rows) == meant
    finally:
        session.close()


@pytest.mark.parametrize(
    "used", ["load_extension(name)", "wall_time(name, 'UTC', 'x')", "name regexp 'a'", "like_text('a', name)"]
)
def test_views_use_nothing_else(used: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "crm.sqlite")) as lite:
        lite.execute("create table deals (name text)")
        lite.execute(f"create view used as select {used} as found from deals")
        lite.commit()
    session = open_sqlite(SourceSpec("sqlite", "", path=str(tmp_path / "crm.sqlite")), Wanted())
    try:
        with pytest.raises(SourceError, match="`used` cannot be read"):
            session.run("SELECT found FROM used")
    finally:
        session.close()


def test_like_is_sqlites_but_for_capitals() -> None:
    drawn = random.Random(5)
    with closing(sqlite3.connect(":memory:")) as lite:
        lite.execute("pragma case_sensitive_like = on")
        bring_functions(lite)
        for _ in range(3000):
            text = "".join(drawn.choices("aAä%_\\\n.", k=drawn.randrange(6)))
            pattern = "".join(drawn.choices("aAä%%_\\\n.", k=drawn.randrange(6)))
            [(ours, theirs)] = lite.execute("select like_text(?2, ?1), ?1 like ?2", (text, pattern))
            assert ours == theirs, (text, pattern)
            if not pattern.replace("\\\\", "").endswith("\\"):
                [(ours, theirs)] = lite.execute(
                    "select like_text(?2, ?1, '\\'), ?1 like ?2 escape '\\'", (text, pattern)
                )
                assert ours == theirs, (text, pattern)


def project(folder: Path, table: str) -> None:
    with closing(sqlite3.connect(folder / "crm.sqlite")) as lite:
        lite.execute("create table deals (id text, created text)")
        lite.execute("insert into deals values ('1', '2026-07-02'), ('2', '2026-08-02'), ('3', '2026-01-02')")
        for text in BROKEN.values():
            lite.execute(text)
        lite.execute("pragma writable_schema = on")
        lite.execute(MODULE)
        lite.commit()
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: crm.sqlite\nmapping: m.yaml\ncurrency: EUR\n", encoding="utf-8"
    )
    mapped = f"entities: {{deal: {{table: {table}, key: id, fields: {{created_at: created}}}}}}\n"
    (folder / "m.yaml").write_text(mapped, encoding="utf-8")
    spec = "version: 1\nreport: custom\nperiod: 2026-Q3\nmetrics: [deals_created_count]\n"
    (folder / "s.yaml").write_text(spec, encoding="utf-8")


@pytest.mark.parametrize("table", ["deals", *BROKEN, "virtual"])
def test_only_what_the_mapping_names_matters(table: str, tmp_path: Path, run_cli: Callable[..., Any]) -> None:
    project(tmp_path, table)
    asked = run_cli(["query", "s.yaml", "--format", "csv"], cwd=tmp_path)
    looked = run_cli(["doctor"], cwd=tmp_path)
    if table == "deals":
        assert asked.returncode == looked.returncode == 0, asked.stderr + looked.stdout
        assert asked.stdout.rstrip().endswith("2")  # those of the third quarter
        return
    assert asked.returncode == 1
    assert f"`{table}` cannot be read" in asked.stderr
    assert looked.returncode == 1
    assert f"`{table}` cannot be read" in looked.stdout


def test_init_passes_over_them_and_says_so(tmp_path: Path, run_cli: Callable[..., Any]) -> None:
    project(tmp_path, "deals")
    made = run_cli(["init", "crm.sqlite", "--into", "new", "--yes"], cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    for name in (*BROKEN, "virtual"):
        assert f"`{name}` is passed over" in made.stderr
