"""No row is left out before it meets the instants that meets a condition at one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml

from reportspec.sql.ever import ever

PAIRS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "ever.yaml").read_text(encoding="utf-8"))
INSTANTS = ("2026-07-05", "2026-08-02", "2026-09-30")
TIMES = (None, "2026-07-01", "2026-07-05", "2026-07-20", "2026-09-29", "2026-09-30", "2026-10-04")
COLUMNS = ("created_at", "closed_at", "done_at", "valid_from", "valid_until", "a", "b")


@pytest.mark.parametrize("condition", [pair["condition"] for pair in PAIRS])
def test_a_row_that_meets_it_at_some_instant_is_not_left_out(condition: str) -> None:
    bounds = {"as_of": (sqlglot.parse_one(f"DATE '{INSTANTS[0]}'"), sqlglot.parse_one(f"DATE '{INSTANTS[-1]}'"))}
    own = ever(sqlglot.parse_one(condition, read="duckdb"), bounds)
    with duckdb.connect() as raw:
        raw.execute("create macro f(a) as 1, (a, b) as b - interval 1 day")
        raw.execute("create table times as select unnest(?::date[]) t", [list(TIMES)])
        raw.execute("create table calendar as select unnest(?::date[]) as_of, 'current' side", [list(INSTANTS)])
        used = [name for name in COLUMNS if f"deal.{name}" in condition]
        # Every time beside every other one; what a condition does not name is null.
        values = ", ".join(f"t{i}.t {name}" for i, name in enumerate(used))
        others = ", ".join(f"null::date {name}" for name in COLUMNS if name not in used)
        sources = ", ".join(f"times t{i}" for i in range(len(used)))
        columns = ", ".join(filter(None, (values, others)))
        raw.execute(
            f"create table deal as select {columns}, s status, 'call' type from"
            f" unnest([null, 'open', 'won', 'lost']) u(s){', ' + sources if sources else ''}"
        )
        kept = own.sql("duckdb") if own is not None else "true"
        met = f"from deal, calendar where ({condition})"
        assert raw.execute(f"select count(*) {met} and ({kept}) is not true").fetchall() == [(0,)]
