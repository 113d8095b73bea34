"""Parquet files are read where they lie: those that are declared, and nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from reportspec.databases import source_of
from reportspec.databases.duckdb import EmbeddedConnection, open_embedded
from reportspec.errors import SourceError
from reportspec.model.settings import FileSpec
from reportspec.run.connection import Wanted


def write(path: Path, amount: int) -> None:
    with duckdb.connect() as raw:
        quoted = str(path).replace("'", "''")
        raw.execute(f"copy (select {amount} as amount from range(1000)) to '{quoted}'")


@pytest.fixture
def session(tmp_path: Path) -> EmbeddedConnection:
    for name in ("a", "b", "other"):
        write(tmp_path / f"it's {name}.parquet", 1)
    paths = tuple(str(tmp_path / f"it's {name}.parquet") for name in ("a", "b"))
    source = source_of("files", "files", files={"deal": FileSpec(paths)})
    return open_embedded(source, Wanted(frozenset({"deal"})))


def test_all_files_of_a_table_are_read(session: EmbeddedConnection) -> None:
    assert session.run('select sum(amount) from "deal"').rows == ((2000,),)
    assert session.columns() == {"deal": {"amount": "INTEGER"}}
    other = session.beside()
    assert other is not None
    assert other.run('select count(*) from "deal"').rows == ((2000,),)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from '{0}/it''s other.parquet'",
        "select * from read_parquet('{0}/*.parquet')",
        "select * from read_text('/etc/passwd')",
        "select * from glob('{0}/*')",
        "copy (select 1) to '{0}/new.csv'",
        "copy (select 1) to '{0}/it''s a.parquet'",
        "set allowed_paths = ['{0}/new.csv']",
        "attach '{0}/new.db'",
    ],
)
def test_other_files_are_out_of_reach(sql: str, session: EmbeddedConnection, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(SourceError):
        session.run(sql.format(str(tmp_path).replace("'", "''")))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_that_is_changed_meanwhile(session: EmbeddedConnection, tmp_path: Path) -> None:
    session.run('select sum(amount) from "deal"')
    write(tmp_path / "new.parquet", 5)
    (tmp_path / "new.parquet").replace(tmp_path / "it's a.parquet")
    with pytest.raises(SourceError) as changed:
        session.run('select sum(amount) from "deal"')
    assert changed.value.code == "changed-source"
    assert "it's a.parquet" in changed.value.message
    assert changed.value.lost, "all statements are to be run again"


def test_a_file_that_goes_away_meanwhile(session: EmbeddedConnection, tmp_path: Path) -> None:
    (tmp_path / "it's b.parquet").unlink()
    with pytest.raises(SourceError) as gone:
        session.run('select sum(amount) from "deal"')
    assert gone.value.code == "changed-source"
