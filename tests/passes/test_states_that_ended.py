"""States that are left out since they had ended before all that is asked of are missed at no instant that is: of drawn
histories, with closings that people dated back and forth, rows at each such instant are those of all states."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import pytest
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.expression.trees import identifier
from reportspec.model.mapped import MappedEntity, MappedField, MappedPart, SourceMap
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Spans
from reportspec.sql.history import select_versions
from tests.passes.test_passes import SOURCE, mapped

NEEDED = ("deal_id", "status", "closed_at", "stage_id", "stage_since", "amount", "reopened_since", "loss_reason")
FIRST, DAYS = datetime(2026, 1, 1), 200
SHAPES = [
    (zone, source, days)
    for zone, source in (("UTC", "UTC"), ("Europe/Rome", "America/New_York"), ("Pacific/Auckland", "UTC"))
    for days in (False, True)
]


HISTORY = "deal_id stage_id entered_at amount"
STAGES = """create table stage as select * from (values ('a', false, false), ('b', false, false), ('w', true, false),
    ('x', true, false), ('l', false, true)) t(stage_id, is_won, is_lost)"""
TABLES = {
    "deal_row": "deal_id text, status text, closed_at day, created_at timestamp, stage_id text, amount decimal(18, 4),"
    " loss_reason text",
    "stage_visit": "deal_id text, visit_number bigint, stage_id text, entered_at timestamp, exited_at timestamp,"
    " next_but_one_at timestamp, last_closes boolean, stays_closed boolean",
    "deal_worth": "deal_id text, visit_number bigint, begins boolean, ends boolean, since timestamp, until timestamp,"
    " amount decimal(18, 4)",
}


def bound_to(zone: str, source: str, days: bool) -> Binding:
    fields = {**SOURCE, "deal_stage_history": HISTORY}
    entities = {name: mapped(name, given) for name, given in fields.items()}
    if days:
        deal = entities["deal"]
        closed = MappedField("closed_at", exp.Column(this=identifier("closed_at")), "date", {}, None, "day")
        own = {**deal.fields, "closed_at": closed}
        entities["deal"] = MappedEntity("deal", (MappedPart(deal.parts[0].table, None, own),), own)
    return Binding(packaged(), SourceMap("m", "duckdb", source, entities), ZoneInfo(zone), ZoneInfo(source), "EUR")


def filled(drawn: random.Random, days: bool) -> duckdb.DuckDBPyConnection:
    """Deals with up to seven stays each, some with a change within; instants may be the same."""
    tables: dict[str, list[list[object]]] = {name: [] for name in TABLES}
    for number in range(80):
        deal, stages = f"d{number}", list[str]()
        while len(stages) < drawn.randint(1, 7):
            stages.append(drawn.choice([one for one in "abwxl" if one not in stages[-1:]]))
        times = sorted(FIRST + timedelta(days=drawn.randrange(DAYS), hours=drawn.choice((0, 1, 6))) for _ in stages)
        ends = [*times[1:], None]
        for place, (stage, since, until) in enumerate(zip(stages, times, ends, strict=True)):
            after = ends[place + 1] if place + 1 < len(ends) else None
            stays = any(set(stages[place:]) <= set(alike) for alike in ("wx", "l"))
            tables["stage_visit"].append([deal, place + 1, stage, since, until, after, stages[-1] in "wxl", stays])
            changed = until is not None and stage in "ab" and drawn.random() < 0.3
            within = [since + (until - since) / 2] if changed and until is not None else []
            for begins, left in pairwise([since, *within, until]):
                own = [begins == since, left == until, begins, left, drawn.randrange(9)]
                tables["deal_worth"].append([deal, place + 1, *own])
        someday = FIRST + timedelta(days=drawn.randrange(DAYS), hours=drawn.randrange(24))
        dated = drawn.choice([None, times[-1], someday])
        said = {"w": "won", "x": "won", "l": "lost"}.get(stages[-1], "open")
        status = drawn.choice([said, said, said, "won", "open", None])
        tables["deal_row"].append([deal, status, dated, times[0], stages[-1], drawn.randrange(9), "price"])
    raw = duckdb.connect()
    raw.execute(STAGES)
    for name, rows in tables.items():
        columns = TABLES[name].replace("day", "date" if days else "timestamp")
        raw.execute(f"create table {name} ({columns})")
        raw.executemany(f"insert into {name} values ({', '.join('?' for _ in rows[0])})", rows)
    return raw


def states(binding: Binding, spans: Spans | None) -> str:
    ctes = select_versions(binding, binding.entity("deal"), "versions", "deal_row", "states", NEEDED, spans)
    return "with " + ", ".join(f'"{name}" as ({tree.sql("duckdb")})' for name, tree, _ in ctes)


def at(raw: duckdb.DuckDBPyConnection, ctes: str, instant: datetime) -> list[Sequence[object]]:
    held = "(valid_from is null or valid_from < $t) and (valid_until is null or valid_until >= $t)"
    return raw.execute(f"{ctes} select * from versions where {held} order by all", {"t": instant}).fetchall()


@pytest.mark.parametrize(("zone", "source", "days"), SHAPES)
def test_no_state_is_missed(zone: str, source: str, days: bool) -> None:
    drawn, binding, left_out = random.Random(f"{zone} {days}"), bound_to(zone, source, days), 0
    for _ in range(2):
        with filled(drawn, days) as raw:
            begins = [FIRST + timedelta(days=drawn.randrange(40, DAYS)) for _ in range(2)]
            stretches = [(one, one + timedelta(days=drawn.choice((0, 20)))) for one in begins]
            spans = frozenset((first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)) for first, last in stretches)
            whole, some = states(binding, None), states(binding, spans)
            for first, last in stretches:
                for hours in sorted({drawn.randint(0, 24 * (last - first).days) for _ in range(6)}):
                    instant = (first + timedelta(hours=hours)).replace(tzinfo=UTC).astimezone(ZoneInfo(source))
                    asked = instant.replace(tzinfo=None)
                    assert at(raw, some, asked) == at(raw, whole, asked)
            counted = [raw.execute(f"{one} select count(*) from states").fetchall()[0][0] for one in (whole, some)]
            left_out += counted[0] - counted[1]
    assert left_out > 40  # of some 600
