"""Of a source's URL no option reaches a driver that its database does not list."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from reportspec.api import validate
from reportspec.databases import KINDS, database, source_of
from reportspec.errors import SourceError
from reportspec.run.connect import connect
from reportspec.run.connection import Wanted
from reportspec.run.url_options import unknown_option
from tests.conftest import CHECKOUT
from tests.engines.servers import driven, served

# What the drivers' own documentation lets a URL do to data, to this machine or to what is read.
HARMFUL = [
    "init_command=delete+from+deals",
    "INIT_COMMAND=delete+from+deals",
    "init%5Fcommand=delete+from+deals",
    "local_infile=1",
    "read_default_file=/etc/my.cnf",
    "sql_mode=ANSI",
    "collation=x%3B+drop+table+deals",
    "plugin=evil",
    "options=-c%20role%3Dadmin",
    "options=-c%20search_path%3Dx%20-c%20role%3Dadmin",
    "service=other",
    "servicefile=/tmp/s",
    "passfile=/tmp/p",
    "replication=database",
    "readonly=0",
    "mode=rwc",
    "vfs=memdb",
    "access_mode=READ_WRITE",
    "allow_unsigned_extensions=true",
    "session_parameters=x",
    "session_properties=%7B%7D",
    "session_configuration=x",
    "conn_properties=delete+from+deals",
    "odbc_connect=x",
    "driver=/tmp/evil.so",
    "destination=p.d.t",
    "write_disposition=WRITE_TRUNCATE",
    "auto_create=true",
    "credentials_provider=x",
    "session_id=other",
    "mode=SYSDBA",
    "no_value",
]
SPEC = "version: 1\nreport: custom\nperiod: 2026-Q3\nmetrics: [deals_created_count]\n"


def _with(example: str, option: str) -> str:
    url = re.sub(r"\$\{\w+\}", "x", example)
    if url.startswith("sc://"):
        return f"{url}/;{option}"
    return f"{url}{'&' if '?' in url else '?'}{option}"


@pytest.mark.parametrize("kind", KINDS)
def test_harmful_options_reach_no_driver(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = database(kind)
    example = known.example if "://" in known.example else f"{kind}:///{known.example}"
    assert unknown_option(_with(example, ""), known.options) is None
    for option in HARMFUL:
        url = _with(example, option)
        wrong = unknown_option(url, known.options)
        assert wrong is not None, url
        assert all(f"`{name}`" in wrong[1] for name in known.options)
        assert "deals" not in "".join(wrong)  # nothing of what the option says
        if not known.local:
            with pytest.raises(SourceError) as refused:
                connect(source_of(kind, "crm", path=url), Wanted())
            assert refused.value.code == "unknown-option"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        f"version: 1\nsource: {_with(example, HARMFUL[0])!r}\ncrm: hubspot\ncurrency: EUR\n", encoding="utf-8"
    )
    found = [d for d in validate(tmp_path / "s.yaml") if d.code == "unknown-option"]
    assert [(d.span.line, "init_command" in d.message) for d in found if d.span] == [(2, True)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if database(kind).options])
def test_each_option_is_listed_and_taken(kind: str) -> None:
    known = database(kind)
    text = (CHECKOUT / "docs" / "databases.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {re.escape(known.label)} \| (`.*`) \|$", text.partition("### Options of a URL")[2], re.M)
    assert row is not None
    assert re.findall(r"`([^`]+)`", row[1]) == list(known.options)
    patterned = {"options": "-csearch_path%3Dsales", "driver": "ODBC+Driver+18+for+SQL+Server"}
    for name in known.options:
        assert unknown_option(_with(known.example, f"{name}={patterned.get(name, 'x')}"), known.options) is None


def test_what_may_be_of_a_password_is_not_named() -> None:
    options = database("mysql").options
    assert unknown_option("mysql://u:a;b=c@h/crm", options) is None
    for query in ("Qzx9", "ssl_key_password=S3cr&Qzx9=1", "ssl_key_password=S3cr&Qzx9"):
        wrong = unknown_option(f"mysql://u@h/crm?{query}", options)
        assert wrong is not None
        assert "Qzx9" not in "".join(wrong)
        assert "S3cr" not in "".join(wrong)


def test_no_row_is_deleted_by_a_url(tmp_path: Path) -> None:
    url = served("mariadb")
    own = f"urls_{tmp_path.name.replace('-', '_')}"[:60]
    admin = sa.create_engine(driven(url))
    with admin.begin() as raw:
        raw.exec_driver_sql(f"create database {own}")
        raw.exec_driver_sql(f"create table {own}.deals as select 1 as id")
    try:
        server = urlsplit(url)
        inside = url.replace(server.path, f"/{own}")
        with pytest.raises(SourceError):
            connect(source_of("mariadb", "crm", path=f"{inside}?init_command=delete+from+deals"), Wanted())
        with admin.begin() as raw:
            assert raw.exec_driver_sql(f"select count(*) from {own}.deals").scalar() == 1
    finally:
        with admin.begin() as raw:
            raw.exec_driver_sql(f"drop database {own}")
        admin.dispose()
