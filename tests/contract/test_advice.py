"""Lines that are proposed for a mapping do what they say, or none is proposed."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine, make_url

from reportspec.diagnostics import did_you_mean
from reportspec.errors import Broken
from tests.engines.servers import Given
from tests.engines.shapes import landed
from tests.figures.asking import figures, rows

SPEC = {"report": "custom", "period": "2026-Q3", "sections": [{"id": "a", "kpis": ["won_amount", "won_deals_count"]}]}
KINDS = ["duckdb", "sqlite", "postgres"]


def project(folder: Path, url: str, table: str, more: dict[str, Any] | None = None, **fields: str) -> Path:
    own = {"amount": "amount", "status": "status", "closed_at": "closed", **fields}
    mapping = {"timezone": "UTC", "entities": {"deal": {"table": table, "key": "id", "fields": own, **(more or {})}}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    said = {"version": 1, "source": url, "mapping": "m.yaml", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return folder


def deals(kind: str, *given: tuple[Any, Any, Any]) -> Given:
    columns = (("id", kind), ("amount", "BIGINT"), ("status", "VARCHAR"), ("closed", "TIMESTAMP"))
    return Given("d", columns, [(key, amount, "won", closed) for key, amount, closed in given])


DAY = datetime(2026, 8, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["VARCHAR", "BIGINT"])
@pytest.mark.parametrize("where", [None, "amount > 0"])
def test_rows_without_a_key(kind: str, key: str, where: str | None, tmp_path: Path) -> None:
    """Without a key is what has none, an empty text or a blank; 7 is left of 7 and 5 and 3."""
    keys = ["a", None, " "] if key == "VARCHAR" else [1, None, None]
    given = deals(key, *zip(keys, (7, 5, 3), (DAY, DAY, DAY), strict=True))
    with landed(kind, [given], lambda *_: None, tmp_path / "db") as found:
        table, own = f"{found.prefix}d", {"where": where} if where else {}
        with pytest.raises(Broken) as told:
            figures(project(tmp_path, found.url, table, own), SPEC)
        help = told.value.diagnostics[0].help or ""
        if where:
            line = re.search("`and (.*)` in `where`", help)
        else:
            line = re.search("`where: ([^`]*)`", help)
        assert line is not None
        followed = f"{where} and {line[1]}" if where else line[1]
        found_rows = rows(figures(project(tmp_path, found.url, table, {"where": followed}), SPEC), "a")
    assert [(float(row["won_amount"]), row["won_deals_count"]) for row in found_rows] == [(7, 1)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("odd", "proposed"),
    [((datetime(1900, 1, 1), datetime(1900, 1, 1)), True), ((datetime(1900, 1, 1), datetime(1901, 1, 1)), False)],
)
def test_a_time_that_stands_for_none(kind: str, odd: tuple[Any, Any], proposed: bool, tmp_path: Path) -> None:
    given = deals("VARCHAR", ("a", 7, DAY), ("b", 5, odd[0]), ("c", 3, odd[1]))
    with landed(kind, [given], lambda *_: None, tmp_path / "db") as found:
        table = f"{found.prefix}d"
        first = figures(project(tmp_path, found.url, table), SPEC)
        [warning] = [one for one in first.warnings if one.code == "odd-time"]
        line = re.search('closed_at: "(.*)"', warning.help or "")
        assert (line is not None) == proposed
        if line is not None:
            after = figures(project(tmp_path, found.url, table, closed_at=line[1]), SPEC)
            assert not [one for one in after.warnings if one.code == "odd-time"]
            assert float(rows(after, "a")[0]["won_amount"]) == 7


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("owner", ["DOUBLE", "VARCHAR"])
def test_keys_with_decimals(kind: str, owner: str, tmp_path: Path) -> None:
    """A column of numbers with gaps becomes one of decimals, whose keys are `1.0`."""
    columns = (
        ("id", "VARCHAR"),
        ("amount", "BIGINT"),
        ("status", "VARCHAR"),
        ("closed", "TIMESTAMP"),
        ("owner", owner),
    )
    keys = (1.0, 2.0) if owner == "DOUBLE" else ("1.0", "2.0")
    given = Given("d", columns, [(key, n, "won", DAY, of) for key, n, of in zip("ab", (7, 5), keys, strict=True)])
    users = Given("u", (("id", "BIGINT"), ("name", "VARCHAR")), [(1, "Anna"), (2, "Bo")])
    spec = {"report": "custom", "period": "2026-Q3"}
    spec |= {"sections": [{"id": "a", "breakdown": {"metrics": ["won_amount"], "by": ["user.name"]}}]}  # type: ignore[dict-item]
    with landed(kind, [given, users], lambda *_: None, tmp_path / "db") as found:
        table = f"{found.prefix}d"

        def asked(owner_id: str) -> Any:
            folder = project(tmp_path, found.url, table, owner_id=owner_id)
            mapping = yaml.safe_load((folder / "m.yaml").read_text(encoding="utf-8"))
            mapping["entities"]["user"] = {"table": f"{found.prefix}u", "key": "id", "fields": {"name": "name"}}
            (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
            return figures(folder, spec)

        first = asked("owner")
        lonely = [one for one in first.warnings if one.code == "no-partner"]
        if lonely:  # PostgreSQL writes a whole number of doubles without decimals
            line = re.search('owner_id: "(.*)"', lonely[0].help or "")
            assert line is not None
            first = asked(line[1])
        assert {row["user.name"]: float(row["won_amount"]) for row in rows(first, "a")} == {"Anna": 7, "Bo": 5}
        assert not [one for one in first.warnings if one.code == "no-partner"]


def test_keys_of_bytes_that_become_the_same_text(tmp_path: Path) -> None:
    """MariaDB makes a question mark of each byte above 127: 80 and 81 would be one owner. What it advises tells them
    apart; where the bytes are a text it takes that."""
    columns = (("id", "VARCHAR"), ("amount", "BIGINT"), ("status", "VARCHAR"), ("closed", "TIMESTAMP"))
    given = Given("d", (*columns, ("hex", "VARCHAR")), [("a", 7, "won", DAY, "80"), ("b", 5, "won", DAY, "81")])
    spec = {"report": "custom", "period": "2026-Q3"}
    spec |= {"sections": [{"id": "a", "breakdown": {"metrics": ["won_amount"], "by": ["user.name"]}}]}  # type: ignore[dict-item]
    users = Given("u", (("id", "VARCHAR"), ("name", "VARCHAR")), [("80", "Anna"), ("81", "Bo")])
    with landed("mariadb", [given, users], lambda *_: None, tmp_path / "db") as found:
        engine = create_engine(make_url(found.url).set(drivername="mysql+pymysql"))

        def on_server(*statements: str) -> None:
            with engine.begin() as raw:
                for statement in statements:
                    raw.exec_driver_sql(statement)

        both = {f"{found.prefix}d": "hex", f"{found.prefix}u": "id"}
        on_server(*(f"create view {t}_v as select t.*, unhex(`{c}`) as bytes from {t} t" for t, c in both.items()))

        def asked(column: str) -> Any:
            folder = project(tmp_path, found.url, f"{found.prefix}d_v", owner_id=column)
            mapping = yaml.safe_load((folder / "m.yaml").read_text(encoding="utf-8"))
            mapping["entities"]["user"] = {"table": f"{found.prefix}u_v", "key": column.replace("hex", "id")}
            mapping["entities"]["user"]["fields"] = {"name": "name"}
            (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
            return figures(folder, spec)

        try:
            with pytest.raises(Broken) as told:
                asked("bytes")
            by_name = {row["user.name"]: float(row["won_amount"]) for row in rows(asked("hex"), "a")}
        finally:
            on_server(*(f"drop view {table}_v" for table in both))
            engine.dispose()
    assert {one.code for one in told.value.diagnostics} == {"unfit-column"}
    assert all("`hex(bytes)`" in (one.help or "") for one in told.value.diagnostics)
    assert by_name == {"Anna": 7, "Bo": 5}


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_a_status_of_yes_and_no(kind: str, tmp_path: Path) -> None:
    columns = (("id", "VARCHAR"), ("amount", "BIGINT"), ("status", "BOOLEAN"), ("closed", "TIMESTAMP"))
    given = Given("d", columns, [("a", 7, True, DAY), ("b", 5, False, DAY)])
    with landed(kind, [given], lambda *_: None, tmp_path / "db") as found:
        with pytest.raises(Broken) as told:
            figures(project(tmp_path, found.url, f"{found.prefix}d"), SPEC)
        [one] = told.value.diagnostics
        assert one.code == "unfit-column"
        assert "holds yes and no" in one.message
        assert one.help == "write in the mapping which is meant: `status: \"case when status then '…' else '…' end\"`"
        said = "case when status then 'won' else 'lost' end"
        found_rows = rows(figures(project(tmp_path, found.url, f"{found.prefix}d", status=said), SPEC), "a")
    assert float(found_rows[0]["won_amount"]) == 7


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("no_answer", ["answered", "abandoned"], None),
        ("No answer", ["answered"], None),
        ("not answered", ["answered"], None),
        ("not_won", ["open", "won"], None),
        ("unanswered", ["answered"], None),
        ("unanswerd", ["answered"], None),
        ("un-answered", ["answered"], None),
        ("inactive", ["active"], None),
        ("non-paid", ["paid"], None),
        ("nonpaid", ["paid"], None),
        ("unpaid", ["paid", "unpayed"], "unpayed"),
        ("answered", ["unanswered"], None),
        ("is_not_null", ["is_null"], None),
        # What denies nothing, or as much as what is meant, is still found.
        ("answerd", ["answered"], "answered"),
        ("un_subscribed", ["unsubscribed"], "unsubscribed"),
        ("unsubscribed_count", ["unsubscribes_count"], "unsubscribes_count"),
        ("notin", ["in", "not_in"], "not_in"),
        ("order_no", ["order_nr"], "order_nr"),
        ("in-bound", ["inbound", "outbound"], "inbound"),
        ("deals_without_next_steps", ["deals_without_next_step"], "deals_without_next_step"),
    ],
)
def test_no_word_is_taken_for_its_opposite(word: str, known: list[str], meant: str | None) -> None:
    assert did_you_mean(word, known) == meant


def test_a_call_that_nobody_answered_is_not_made_an_answered_one(tmp_path: Path) -> None:
    """The line that is proposed leaves open what `no_answer` means, and says what `answerd` does."""
    outcomes = ["answered", "answerd", "no_answer", "unanswered", "Voice-Mail"]
    given = [(str(n), outcome, DAY) for n, outcome in enumerate(outcomes)]
    calls = Given("c", (("id", "VARCHAR"), ("outcome", "VARCHAR"), ("started", "TIMESTAMP")), given)
    with landed("duckdb", [calls], lambda *_: None, tmp_path / "db") as found:
        fields = {"outcome": "outcome", "queued_at": "started", "direction": "'inbound'"}
        entities = {"service_call": {"table": f"{found.prefix}c", "key": "id", "fields": fields}}
        (tmp_path / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
        (tmp_path / "reportspec.yaml").write_text(
            yaml.safe_dump({"version": 1, "source": found.url, "mapping": "m.yaml", "currency": "EUR"}), "utf-8"
        )
        with pytest.raises(Broken) as told:
            figures(tmp_path, {"period": "2026-Q3", "metrics": ["answered_calls_count"]})
    assert (told.value.diagnostics[0].help or "").endswith(
        "`outcome: \"case when outcome in ('Voice-Mail') then 'voicemail' when outcome in ('answerd') then 'answered'"
        " when outcome in ('no_answer', 'unanswered') then … else outcome end\"`"
    )


def test_times_of_a_plan_may_be_far_ahead(tmp_path: Path) -> None:
    """A contract that begins in three years is no slip; one that begins in 2150, or in 1900, is."""
    lines = "c1,10,2026-01-01,2026-08-01,c2\nc2,10,2029-01-01,2030-08-01,\n"
    fields = {name: name for name in ("starts_at", "ends_at", "value", "renewed_by_contract_id")}
    mapping = {"timezone": "UTC", "entities": {"contract": {"table": "contracts", "key": "id", "fields": fields}}}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    said = {"version": 1, "source": {"files": {"contracts": "c.csv"}}, "mapping": "m.yaml", "currency": "EUR"}
    (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    spec = {"report": "custom", "period": "2026-Q3", "sections": [{"id": "a", "kpis": ["contracts_due_count"]}]}
    for more, told in (("", 0), ("c3,10,2150-01-01,2150-08-01,\n", 2), ("c3,10,1900-01-01,2026-08-01,\n", 1)):
        (tmp_path / "c.csv").write_text(
            f"id,value,starts_at,ends_at,renewed_by_contract_id\n{lines}{more}", encoding="utf-8"
        )
        found = figures(tmp_path, spec)
        assert len([one for one in found.warnings if one.code == "odd-time"]) == told
