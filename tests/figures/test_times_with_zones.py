"""Times that carry a zone are read without `pytz`, which nothing brings along: in a process in which it cannot be
imported, from a DuckDB file and from Parquet."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from reportspec.databases import source_of
from reportspec.databases.duckdb import open_embedded
from reportspec.run.connection import Wanted
from tests.conftest import CHECKOUT

# In Rome the first was closed at half past midnight on 1 August, the second at 23:30 on 31 December.
CLOSED = {"a": ("2026-07-31 22:30:00+00", 10), "b": ("2026-12-31 22:30:00+00", 20), "c": (None, 40)}
SPEC = {
    "version": 1,
    "report": "custom",
    "period": "2026",
    "sections": [
        {"id": "k", "kpis": ["won_deals_count", "won_amount"]},
        {"id": "m", "trend": {"metrics": ["won_amount"], "grain": "month"}},
        {
            "id": "r",
            "records": {"entity": "deal", "fields": ["deal.deal_id", "deal.closed_at"], "sort": "deal.deal_id"},
        },
    ],
}
WITHOUT = """
import sys
sys.modules["pytz"] = None  # whoever imports it gets an ImportError
from reportspec.__main__ import main
main()
"""


def project(folder: Path, kind: str) -> Path:
    with duckdb.connect(str(folder / "crm.duckdb")) as raw:
        raw.execute("create table deals (id varchar, amount integer, created timestamptz, closed timestamptz)")
        for key, (at, amount) in CLOSED.items():
            raw.execute("insert into deals values (?, ?, '2026-01-05 08:00:00+00', ?)", [key, amount, at])
        raw.execute(f"copy deals to '{folder / 'deals.parquet'}'")
    fields = {"deal_id": "id", "amount": "amount", "created_at": "created", "closed_at": "closed"}
    fields["status"] = {"sql": "case when closed is null then 'open' else 'won' end"}  # type: ignore[assignment]
    mapping = {"entities": {"deal": {"table": "deals", "key": "id", "fields": fields}}}
    source = "crm.duckdb" if kind == "duckdb" else {"files": {"deals": "deals.parquet"}}
    own = {"version": 1, "source": source, "mapping": "m.yaml", "timezone": "Europe/Rome", "currency": "EUR"}
    for name, data in (("m", mapping), ("reportspec", own), ("s", SPEC)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", ["duckdb", "parquet"])
def test_a_report_needs_no_pytz(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT, "query", "s.yaml", "--format", "json", "--today", "2027-01-15"]
    done = subprocess.run(
        command, cwd=project(tmp_path, kind), env={"PYTHONPATH": str(CHECKOUT)}, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    found = {section["id"]: section["rows"] for section in json.loads(done.stdout)["sections"]}
    assert (found["k"][0]["won_deals_count"], found["k"][0]["won_amount"]) == (2, 30)
    amounts = [row["won_amount"] for row in found["m"]]
    assert (amounts[6], amounts[7], amounts[11]) == (0, 10, 20), "July, August and December, as Rome has them"
    closed = {row["deal.deal_id"]: row["deal.closed_at"] for row in found["r"]}
    assert closed == {"a": "2026-08-01", "b": "2026-12-31", "c": None}


def test_duckdb_itself_hands_them_over(tmp_path: Path) -> None:
    """The driver asks for `pytz` in no version that is allowed."""
    project(tmp_path, "duckdb")
    session = open_embedded(source_of("duckdb", "crm", path=str(tmp_path / "crm.duckdb")), Wanted(zone="Europe/Rome"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "pytz", None)
        ((closed,),) = session.run("select closed from deals where id = 'a'").rows
    session.close()
    assert closed.isoformat() == "2026-08-01T00:30:00+02:00"
