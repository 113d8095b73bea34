"""Time bursting on this machine: one report for each of many people, over a table of deals.

    .venv/bin/python benchmarks/burst.py
    .venv/bin/python benchmarks/burst.py --people 1000 --deals 1000000

The same report is asked for value by value and by statements that many share, in one run; then all
PDFs are made, and all mails sent to a server on this machine. Needs the `dev` extra (aiosmtpd).
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

import duckdb  # noqa: E402

from reportspec.burst import burst  # noqa: E402
from reportspec.burst.burst import run_each  # noqa: E402
from reportspec.compile import compile_report  # noqa: E402
from reportspec.deliver import send as sending  # noqa: E402
from reportspec.formats.pool import makers  # noqa: E402
from reportspec.timings import Timings  # noqa: E402
from tests.deliver.server import Handler, Server  # noqa: E402
from tests.loading import load_report  # noqa: E402

NOW = datetime(2026, 8, 1, tzinfo=UTC)
PROJECT = """version: 1
source: crm.duckdb
mapping: mapping.yaml
timezone: Europe/Rome
locale: en_GB
currency: EUR
deliver: {{smtp: "smtp://127.0.0.1:{port}", from: "R <r@example.com>", allow: ["@example.com"]}}
"""
MAPPING = """entities:
  user:
    table: users
    key: id
    fields: {name: name, email: email}
  deal:
    table: deals
    key: id
    fields:
      name: name
      owner_id: owner
      status: status
      amount: amount
      created_at: created
      closed_at: {sql: "case when status <> 'open' then created + interval 30 day end", type: time}
      segment: {sql: segment, type: text}
"""
SPEC = """version: 1
title: Yours
period: 2026-Q2
compare: previous_period
metrics: [won_amount, won_deals_count, close_rate, sales_cycle_days]
for_each: user.name
theme: {appendix: false}
sections:
  - trend: {metrics: [won_amount], grain: month}
  - breakdown: {metrics: [won_amount, won_deals_count], by: [deal.segment]}
  - records: {entity: deal, fields: [deal.name, deal.amount], where: "deal.status = 'won'", sort: -deal.amount}
deliver: {to: "{{ each.email }}"}
"""


def project(folder: Path, people: int, deals: int, port: int) -> None:
    """A CRM made of hashes."""
    with duckdb.connect(str(folder / "crm.duckdb")) as raw:
        raw.execute(
            "create table users as select i id, 'Seller ' || lpad(i::text, 5, '0') as name,"
            f" 'seller' || i || '@example.com' email from range({people}) t(i)"
        )
        raw.execute(
            f"create table deals as select i id, 'Deal ' || i as name, hash(i) % {people} owner,"
            " (hash(i * 7) % 20000)::double amount,"
            " timestamp '2025-01-01' + to_minutes((hash(i * 3) % 900000)::bigint) created,"
            " ['won', 'lost', 'open'][1 + (hash(i * 5) % 3)::int] status,"
            f" ['North', 'South', 'East'][1 + (hash(i * 11) % 3)::int] segment from range({deals}) t(i)"
        )
    (folder / "reportspec.yaml").write_text(PROJECT.format(port=port), "utf-8")
    (folder / "mapping.yaml").write_text(MAPPING, "utf-8")
    (folder / "spec.yaml").write_text(SPEC, "utf-8")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    since = time.perf_counter()
    found = work()
    return time.perf_counter() - since, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--deals", type=int, default=1_000_000)
    parser.add_argument("--apart", type=int, default=100, help="people asked for value by value")
    asked = parser.parse_args()
    handler = Handler()
    server = Server(handler)
    server.start()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        project(Path(name), asked.people, asked.deals, server.port)
        checked = load_report(Path("spec.yaml"), NOW, {})
        report = checked.report
        assert report is not None, checked.diagnostics
        compiled = compile_report(report)

        def figures(shared_from: int, only: tuple[str, ...] = ()) -> Any:
            burst.SHARED_FROM = shared_from  # type: ignore[misc]
            return run_each(compiled, Timings(), only)

        some = tuple(f"Seller {i:05d}" for i in range(asked.apart))
        print(f"{asked.people:,} people, {asked.deals:,} deals, {len(compiled)} statements\n")
        print("| what | seconds | for each |\n|---|--:|--:|")

        def tell(what: str, seconds: float, count: int) -> None:
            print(f"| {what} | {seconds:.2f} | {seconds / count * 1000:.1f} ms |", flush=True)

        apart, one_way = timed(lambda: figures(10**9, some))
        tell(f"figures of {asked.apart}, statements of their own", apart, asked.apart)
        together, made = timed(lambda: figures(1))
        tell(f"figures of {asked.people:,}, shared statements", together, asked.people)
        of_value = {one.value: found for one, found in made}
        for one, found in one_way:
            assert [s.rows for s in found.sections] == [s.rows for s in of_value[one.value].sections]

        def pages() -> int:
            with makers(len(made)) as make:
                return sum(1 for _ in make((f, ("pdf",), v.value, None) for v, f in made))

        tell("their PDFs, on all cores", timed(pages)[0], asked.people)
        seconds, outcome = timed(
            lambda: sending.send(report, checked.spec_text, sending.SendOptions(), wait=lambda _: None)
        )
        assert outcome.count("sent") == asked.people == len(handler.taken)
        tell("all of it: figures, PDFs, checks, mails", seconds, asked.people)
    server.stop()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory of this process, the server's {asked.people:,} mails among it: {peak:,.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
