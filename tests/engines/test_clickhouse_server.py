"""The way to a ClickHouse server: clickhouse-connect's own protocol, answered by chdb.

Slow: a ClickHouse is started and filled."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from reportspec.databases import source_of
from reportspec.databases.clickhouse import open_clickhouse
from reportspec.demo.columns import COLUMNS
from reportspec.errors import SourceError
from reportspec.run.connection import Wanted
from tests.conftest import CHECKOUT, Draw
from tests.engines.conftest import SETTINGS
from tests.engines.servers import clickhouse_engine, demo_tables
from tests.engines.test_same_figures import compare

pytestmark = [pytest.mark.xdist_group("clickhouse"), pytest.mark.slow]


class Handler(BaseHTTPRequestHandler):
    """Enough of ClickHouse's HTTP interface for its Python driver."""

    session: Any
    lock = threading.Lock()
    asked: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        sql = query.pop("query", "") or body
        Handler.asked.append({**query, "sql": sql})
        form = self.headers.get("X-ClickHouse-Format") or "TabSeparated"
        head, found, own = sql.rpartition("\n FORMAT ")
        sql, form = (head, own.strip()) if found else (sql, form)
        if " FORMAT " in sql:
            sql, _, form = sql.rpartition(" FORMAT ")
        try:
            with Handler.lock:
                if query.get("database"):
                    Handler.session.query(f"USE {query['database']}")
                answer = Handler.session.query(sql, form.strip()).bytes()
            self.send_response(200)
        except RuntimeError as error:
            answer = str(error).encode()
            self.send_response(404)
            self.send_header("X-ClickHouse-Exception-Code", answer.decode().partition(":")[0])
        self.send_header("X-ClickHouse-Format", form.strip())
        self.send_header("X-ClickHouse-Timezone", "UTC")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, *args: object) -> None: ...


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from chdb.session import Session

    with clickhouse_engine(demo_tables(), tmp_path_factory.mktemp("server")) as engine:
        Handler.session = Session(engine.url.removeprefix("chdb:///"))  # type: ignore[no-untyped-call]
        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
            thread = threading.Thread(target=http.serve_forever, daemon=True)
            thread.start()
            yield f"clickhouse://reader:geheim@127.0.0.1:{http.server_port}/demo"
            http.shutdown()
        Handler.session.close()


def test_a_report_by_the_driver(server: str, tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> None:
    """By day a short one: what ClickHouse makes of statements is tested without a server."""
    ours, theirs = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("theirs")
    entities = {name: {"table": name, "fields": {c: f'"{c}"' for c, _ in columns}} for name, columns in COLUMNS.items()}
    mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": entities}
    (ours / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    own = {**SETTINGS, "source": server, "mapping": "m.yaml"}
    (ours / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    demo = yaml.safe_dump({**SETTINGS, "source": "demo"})
    (theirs / "reportspec.yaml").write_text(demo, encoding="utf-8")
    spec = yaml.safe_load((CHECKOUT / "specs" / f"{'q3' if draw.night else 'leads'}.yaml").read_text(encoding="utf-8"))
    compare(ours, theirs, json.loads(json.dumps(spec, default=str)))
    statements = [a for a in Handler.asked if a["sql"].startswith("WITH")]
    assert statements
    assert all(a["readonly"] == "2" and a["session_timezone"] == "UTC" for a in statements)
    assert all(int(a["max_execution_time"]) == 600 for a in statements)


def test_what_is_not_there(server: str) -> None:
    session = open_clickhouse(source_of("clickhouse", "x", path=server), Wanted())
    try:
        with pytest.raises(SourceError) as missing:
            session.run("SELECT * FROM demo.nowhere")
        assert missing.value.code == "unknown-table", missing.value.message
        assert "nowhere" in missing.value.message
        assert {"amount", "deal_id"} <= set(session.columns()["demo.deal"])
    finally:
        session.close()


def test_long_statements(server: str) -> None:
    """A server takes no statement of more than 262,144 letters or 50,000 parts unless it is told to."""
    session = open_clickhouse(source_of("clickhouse", "x", path=server), Wanted())
    try:
        Handler.asked.clear()
        session.run("SELECT 1 AS a")
        assert not {"max_query_size", "max_ast_elements"} & Handler.asked[-1].keys()
        session.run(f"SELECT length('{'x' * 60_000}') AS a")
        allowed = {name: int(Handler.asked[-1][name]) for name in ("max_query_size", "max_ast_elements")}
        assert min(allowed.values()) > 10_000_000
    finally:
        session.close()


def test_nobody_answers(tmp_path: Path) -> None:
    url = "clickhouse://reader:geheim@127.0.0.1:9/demo"
    with pytest.raises(SourceError) as refused:
        open_clickhouse(source_of("clickhouse", "the server", path=url), Wanted())
    assert refused.value.code == "no-connection"
    assert "geheim" not in refused.value.message
