"""A small project whose figures are known by heart, and a preview of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from reportspec.building import Order
from reportspec.preview.preview_server import PreviewServer
from reportspec.preview.previewed import Choices, Preview, Previewed

# Won in the third quarter: 14,200 by three deals, and one without an amount; in the second: 800.
DEALS = """id,name,status,amount,currency,closed,created,owner
D1,Shelves,won,4000,EUR,2026-07-15T11:00:00,2026-06-02T09:00:00,a
D2,Racks,won,,EUR,2026-08-20T10:00:00,2026-06-03T09:00:00,a
D3,Ladders,won,9000,EUR,2026-09-30T18:00:00,2026-06-10T09:00:00,b
D4,Trolleys,lost,2500,EUR,2026-09-28T12:00:00,2026-06-12T09:00:00,a
D5,Bins,open,700,EUR,,2026-08-05T09:00:00,b
D6,Crates,won,1200,EUR,2026-08-30T09:00:00,2026-08-09T09:00:00,b
P0,Hooks,lost,100,EUR,2026-04-01T09:00:00,2026-04-01T08:00:00,a
P1,Pallets,won,500,EUR,2026-05-10T09:00:00,2026-04-09T09:00:00,a
P2,Drums,won,300,EUR,2026-06-10T09:00:00,2026-04-09T09:00:00,b
"""
PEOPLE = "nr,full_name,mail,unit\na,Ada Low,ada@acme.com,North\nb,Bo Ny,bo@acme.com,South\n"
MAPPING = """
timezone: UTC
entities:
  deal:
    table: deals
    key: id
    fields: {name: name, status: status, amount: amount, currency: currency, closed_at: closed, created_at: created,
             owner_id: owner}
  user: {table: people, key: nr, fields: {name: full_name, email: mail, team: unit}}
"""
PROJECT = """version: 1
source: {files: {deals: deals.csv, people: people.csv}}
mapping: mapping.yaml
timezone: UTC
currency: EUR
"""
SPEC = """version: 1
report: custom
title: Won
period: 2026-Q3
compare: previous_period
params:
  least: {type: integer, default: 0}
where: deal.amount is null or deal.amount >= {{ params.least }}
filters:
  - {field: user.email, contains: "@acme"}
sections:
  - {id: head, title: Head, kpis: [won_amount, close_rate]}
  - {id: people, title: People, breakdown: {metrics: [won_amount], by: [user.name]}}
  - {id: months, title: Months, trend: {metrics: [won_amount], grain: month}}
"""
NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)


def project(folder: Path, spec: str = SPEC) -> Path:
    """The project in a folder; its spec."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"deals.csv": DEALS, "people.csv": PEOPLE, "mapping.yaml": MAPPING, "reportspec.yaml": PROJECT}
    for name, text in {**texts, "won.yaml": spec}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "won.yaml"


def previewed(spec: Path, *, personal: bool = False) -> Previewed:
    """The spec as it is previewed."""
    return Previewed(spec, Order(NOW, os.environ), personal=personal)


def shown(one: Previewed, **chosen: Any) -> Preview:
    """What it shows."""
    return one.preview(Choices(**chosen))


@dataclass
class Asked:
    """A server, and what it answers."""

    server: PreviewServer

    def get(
        self, path: str, method: str = "GET", token: str | None = None, host: str | None = None, **headers: str
    ) -> tuple[HTTPResponse, str]:
        """The answer to a request, by this token and host; names of headers have underscores here."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.putrequest(method, f"/{token if token is not None else self.server.token}/{path}", skip_host=True)
        connection.putheader("Host", host if host is not None else f"127.0.0.1:{self.server.port}")
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text


@contextmanager
def served(one: Previewed, tell: Callable[[str], None] = lambda text: None) -> Iterator[Asked]:
    """The preview behind its server."""
    server = PreviewServer(one, 0, tell)
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield Asked(server)
    finally:
        server.end()
        one.close()
        thread.join(5)
