"""Kinds of damage that real sources have, planted into the demo's rows at random places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.engines.servers import Given

Tables = dict[str, Given]


@dataclass(frozen=True)
class Planted:
    """What was done: the check that must name it, what that is about, and how many rows it counts."""

    check: str
    of: str
    count: int


def column(table: Given, name: str) -> int:
    return [c for c, _ in table.columns].index(name)


def _changed(
    tables: Tables,
    random: Random,
    entity: str,
    name: str,
    value: Callable[[Any], Any],
    fits: Callable[[Any], bool] = lambda value: value is not None,
) -> tuple[Tables, list[Any]]:
    """The tables with some values of a column changed, and the rows that were."""
    table = tables[entity]
    at = column(table, name)
    places = [i for i, row in enumerate(table.rows) if fits(row[at]) and not _deleted(table, row)]
    chosen = set(random.sample(places, min(random.randint(1, 9), len(places))))
    rows = [(*row[:at], value(row[at]), *row[at + 1 :]) if i in chosen else row for i, row in enumerate(table.rows)]
    changed = [table.rows[i] for i in sorted(chosen)]
    return {**tables, entity: Given(table.name, table.columns, rows)}, changed


def _deleted(table: Given, row: tuple[Any, ...]) -> bool:
    names = [c for c, _ in table.columns]
    return "is_deleted" in names and bool(row[names.index("is_deleted")])


def no_key(entity: str, key: str) -> Callable[[Tables, Random], tuple[Tables, Planted]]:
    def plant(tables: Tables, random: Random) -> tuple[Tables, Planted]:
        made, rows = _changed(tables, random, entity, key, lambda value: None)
        return made, Planted("no-key", f"{entity}.{key}", len(rows))

    return plant


def repeated(entity: str, key: str) -> Callable[[Tables, Random], tuple[Tables, Planted]]:
    def plant(tables: Tables, random: Random) -> tuple[Tables, Planted]:
        table = tables[entity]
        whole = [row for row in table.rows if not _deleted(table, row)]
        again = [random.choice(whole) for _ in range(random.randint(1, 9))]
        rows = [*table.rows, *again]
        random.shuffle(rows)
        made = {**tables, entity: Given(table.name, table.columns, rows)}
        return made, Planted("repeated-key", f"{entity}.{key}", len(again))

    return plant


def written(
    check: str, entity: str, name: str, how: Callable[[Any], Any], only: str = ""
) -> Callable[[Tables, Random], tuple[Tables, Planted]]:
    """Values of a field written otherwise."""

    def plant(tables: Tables, random: Random) -> tuple[Tables, Planted]:
        made, rows = _changed(
            tables,
            random,
            entity,
            name,
            how,
            lambda value: value is not None and (not only or value == only),
        )
        return made, Planted(check, f"{entity}.{name}", len(rows))

    return plant


def lonely(
    entity: str, name: str, relation: str, how: Callable[[str], str]
) -> Callable[[Tables, Random], tuple[Tables, Planted]]:
    """Keys that lead to nothing."""

    def plant(tables: Tables, random: Random) -> tuple[Tables, Planted]:
        made, rows = _changed(tables, random, entity, name, how)
        return made, Planted("no-partner", f"{entity}.{relation}", len(rows))

    return plant


def emptied(
    entity: str, name: str, expectation: str, where: Callable[[dict[str, Any]], bool]
) -> Callable[[Tables, Random], tuple[Tables, Planted]]:
    """Values that are not there; the count is of all rows of the kind, the demo's own included."""

    def plant(tables: Tables, random: Random) -> tuple[Tables, Planted]:
        table = tables[entity]
        names = [c for c, _ in table.columns]
        at = names.index(name)
        fitting = [
            i
            for i, row in enumerate(table.rows)
            if where(dict(zip(names, row, strict=True))) and not _deleted(table, row)
        ]
        full = [i for i in fitting if table.rows[i][at] is not None]
        chosen = set(random.sample(full, min(random.randint(1, 9), len(full))))
        rows = [(*row[:at], None, *row[at + 1 :]) if i in chosen else row for i, row in enumerate(table.rows)]
        count = sum(rows[i][at] is None for i in fitting)
        made = {**tables, entity: Given(table.name, table.columns, rows)}
        return made, Planted("unlikely-rows", f"{entity}.{expectation}", count)

    return plant


DAMAGE: dict[str, Callable[[Tables, Random], tuple[Tables, Planted]]] = {
    "deals without a key": no_key("deal", "deal_id"),
    "people without a key": no_key("user", "user_id"),
    "stages without a key": no_key("stage", "stage_id"),
    "accounts without a key": no_key("account", "account_id"),
    "activities without a key": no_key("activity", "activity_id"),
    "deals twice": repeated("deal", "deal_id"),
    "people twice": repeated("user", "user_id"),
    "stages twice": repeated("stage", "stage_id"),
    "accounts twice": repeated("account", "account_id"),
    "pipelines twice": repeated("pipeline", "pipeline_id"),
    "activities twice": repeated("activity", "activity_id"),
    "won as Won": written("undeclared-value", "deal", "status", str.title),
    "won as WON": written("undeclared-value", "deal", "status", str.upper),
    "won with a blank behind": written("undeclared-value", "deal", "status", lambda v: v + " "),
    "won with a blank before": written("undeclared-value", "deal", "status", lambda v: " " + v),
    "won as Closed Won": written("undeclared-value", "deal", "status", lambda v: "Closed " + v.title()),
    "won as an empty text": written("undeclared-value", "deal", "status", lambda v: ""),
    "call as Call": written("misspelt-value", "activity", "type", str.title, "call"),
    "call as CALL": written("misspelt-value", "activity", "type", str.upper, "call"),
    "meeting with a blank": written("misspelt-value", "activity", "type", lambda v: v + " ", "meeting"),
    "owners that nobody is": lonely("deal", "owner_id", "owner", lambda v: f"gone-{v}"),
    "owners with a blank": lonely("deal", "owner_id", "owner", lambda v: v + " "),
    "owners in small letters": lonely("deal", "owner_id", "owner", str.lower),
    "owners with a zero": lonely("deal", "owner_id", "owner", lambda v: "0" + v),
    "accounts that are gone": lonely("deal", "account_id", "account", lambda v: f"{v}-x"),
    "closings in 1900": written("odd-time", "deal", "closed_at", lambda v: v.replace(year=1900)),
    "closings in a hundred years": written("odd-time", "deal", "closed_at", lambda v: v.replace(year=2126, day=1)),
    "expected in 9999": written("odd-time", "deal", "expected_close_date", lambda v: v.replace(year=9999, day=1)),
    "open deals without a date": emptied(
        "deal", "expected_close_date", "open_without_expected_date", lambda row: row["status"] == "open"
    ),
}
