"""Columns of types that list their values are read as texts: compared with values that they do not list, ordered by
their letters, and joined as keys.

Slow: a small table on each database, of which two are servers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from tests.engines.test_key_types import Place, place_of
from tests.figures.asking import figures, rows

pytestmark = pytest.mark.slow

# Their order is not that of the letters.
STATES, KINDS, CODES = ("won", "open", "lost"), ("renewal", "new_business", "expansion"), ("USD", "EUR")
USERS = ("u2", "u10")
# id, state, kind, code, owner, amount, the day of closing
DEALS = (
    (1, "won", "renewal", "EUR", "u2", 100, "2026-08-02"),
    (2, "won", None, "EUR", "u10", 250, "2026-08-03"),
    (3, "lost", "expansion", "EUR", "u2", 400, "2026-08-04"),
    (4, "open", "expansion", "EUR", None, 800, None),
    (5, "won", "expansion", "EUR", "u10", 1600, "2026-09-04"),
)


def _postgres(place: Place) -> Mapping[str, str]:
    for name, values in (("state", STATES), ("kind", KINDS), ("code", CODES), ("who", USERS)):
        place.run(f"create type {place.prefix}{name}_t as enum ({', '.join(map(repr, values))})")
    place.run(f"create domain {place.prefix}state_d as {place.prefix}state_t")
    named = {name: f"{place.prefix}{name}_t" for name in ("kind", "code", "who")}
    return {**named, "state": f"{place.prefix}state_d"}


def _listed(form: str) -> Callable[[Place], Mapping[str, str]]:
    def kinds(place: Place) -> Mapping[str, str]:
        of = {"state": STATES, "kind": KINDS, "code": CODES, "who": USERS}
        return {name: form.format(", ".join(map(repr, values))) for name, values in of.items()}

    return kinds


ENGINES = {
    "postgres": _postgres,
    "mariadb": _listed("enum({})"),
    "duckdb": _listed("enum({})"),
    "clickhouse": _listed("Nullable(Enum8({}))"),
}


def _fill(place: Place, engine: str) -> None:
    kinds = ENGINES[engine](place)
    end = {"clickhouse": " engine = MergeTree order by tuple()"}.get(engine, "")
    number, day, word = ("Int64", "Date", "String") if engine == "clickhouse" else ("int", "date", "varchar(20)")
    empty = "Nullable(Date)" if engine == "clickhouse" else day
    place.run(
        f"create table {place.prefix}deals (id {number}, state {kinds['state']}, kind {kinds['kind']},"
        f" code {kinds['code']}, who {kinds['who']}, amount {number}, made {day}, ended {empty}){end}"
    )
    place.run(f"create table {place.prefix}people (who {word}, name {word}){end}")
    for key, *texts, amount, ended in DEALS:
        listed = ", ".join("null" if text is None else f"'{text}'" for text in texts)
        last = "null" if ended is None else f"'{ended}'"
        place.run(f"insert into {place.prefix}deals values ({key}, {listed}, {amount}, '2026-07-15', {last})")
    place.run(f"insert into {place.prefix}people values ('u2', 'Ada'), ('u10', 'Bo')")
    place.close()


def _project(folder: Path, place: Place) -> None:
    whose = "case when kind = 'of nobody' then 'old' else kind end"
    fields = {
        "status": "state",
        "source": {"sql": whose, "type": "text"},
        "currency": "code",
        "owner_id": "who",
        "amount": "amount",
        "created_at": "made",
        "closed_at": "ended",
    }
    people = {"table": f"{place.prefix}people", "key": "who", "fields": {"name": "name"}}
    where = "state in ('won', 'lost', 'open', 'never listed')"
    deal = {"table": f"{place.prefix}deals", "key": "id", "where": where, "fields": fields}
    mapping = {"timezone": "UTC", "entities": {"deal": deal, "user": people}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    said = {"version": 1, "source": place.url, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(json.dumps(said), encoding="utf-8")


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_values_that_a_type_lists_are_texts(engine: str, tmp_path: Path, server: Callable[[str], str]) -> None:
    def of(section: str, by: str) -> dict[str, object]:
        return {"id": section, "breakdown": {"metrics": ["won_amount", "won_deals_count"], "by": [by]}}

    with place_of(engine, tmp_path, server) as place:
        _fill(place, engine)
        _project(tmp_path, place)
        spec = {
            "report": "custom",
            "period": "2026-Q3",
            "sections": [of("kinds", "deal.source"), of("people", "user.name")],
        }
        found = figures(tmp_path, spec)
        kept = figures(tmp_path, {**spec, "where": "deal.source > 'f' or deal.source = 'never'"})
    kinds = {row["deal.source"]: (row["won_amount"], row["won_deals_count"]) for row in rows(found, "kinds")}
    assert {kind: (float(amount), count) for kind, (amount, count) in kinds.items()} == {
        "expansion": (1600, 1),
        "renewal": (100, 1),
        None: (250, 1),
    }
    people = {row["user.name"]: float(row["won_amount"]) for row in rows(found, "people")}
    assert people == {"Ada": 100, "Bo": 1850}
    # By letters `renewal` alone is behind `f`; by its place in the type `expansion` is as well.
    assert {row["deal.source"] for row in rows(kept, "kinds")} == {"renewal"}
