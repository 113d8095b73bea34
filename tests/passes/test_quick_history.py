"""Past states that are made of a history's changes in one order are those that are made by numbering states and joining
values to them: of drawn histories, with several changes in a state, stages that are not told, closings that people dated
back and forth, records that the history has nothing of, and changes of none."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.expression.trees import identifier, table
from reportspec.model.mapped import MappedEntity, MappedField, MappedPart, SourceMap
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment
from reportspec.sql import materialize
from reportspec.sql.known_order import KnownOrder
from reportspec.sql.materialize import Script, Temporary, script
from reportspec.sql.quick_history import quick_values
from reportspec.sql.statement import Statement
from tests.passes.test_passes import mapped

HISTORY = "deal_stage_history"
SAID = ("amount", "expected_close_date")
APART = frozenset({(HISTORY, "deal_id", "entered_at")})
KNOWN = KnownOrder(APART, frozenset((HISTORY, name) for name in SAID))
SOURCE = {
    "deal": "deal_id stage_id status amount currency closed_at created_at updated_at loss_reason expected_close_date",
    "stage": "stage_id position is_won is_lost probability",
    HISTORY: "deal_id stage_id entered_at amount expected_close_date probability",
}
FIRST, DAYS = datetime(2026, 1, 1), 200
STAGES = """create table stage as select * from (values ('a', 1, false, false), ('b', 2, null, null), ('w', 3, true, false),
    ('x', 4, true, false), ('l', 5, false, true)) t(stage_id, position, is_won, is_lost)"""
TABLES = {
    "deal": "deal_id text, stage_id text, status text, amount bigint, currency text, closed_at day, created_at timestamp,"
    " updated_at timestamp, loss_reason text, expected_close_date date",
    HISTORY: "deal_id text, stage_id text, entered_at timestamp, amount bigint, expected_close_date date, probability double,"
    " currency text",
}
ALL = ("deal_id", "status", "closed_at", "stage_id", "stage_since", "amount", "currency", "reopened_since", "loss_reason",
       "updated_at", "expected_close_date", "probability")  # fmt: skip
ASKED = [ALL, ("deal_id", "status", "closed_at", "stage_id"), ("deal_id", "amount", "currency", "stage_since")]


def bound_to(zone: str, source: str, *, days: bool, currencies: bool) -> Binding:
    fields = {**SOURCE, HISTORY: SOURCE[HISTORY] + (" currency" if currencies else "")}
    entities = {name: mapped(name, given) for name, given in fields.items()}
    if days:
        deal = entities["deal"]
        closed = MappedField("closed_at", exp.Column(this=identifier("closed_at")), "date", {}, None, "day")
        own = {**deal.fields, "closed_at": closed}
        entities["deal"] = MappedEntity("deal", (MappedPart(deal.parts[0].table, None, own),), own)
    return Binding(packaged(), SourceMap("m", "duckdb", source, entities), ZoneInfo(zone), ZoneInfo(source), "EUR")


def filled(drawn: random.Random, *, days: bool) -> duckdb.DuckDBPyConnection:
    """Deals with up to eight changes each, no two at one time, each of which says its amount from the first that does."""
    deals, changes = list[list[object]](), list[list[object]]()
    for number in range(250):
        deal, at, stage = f"d{number}", FIRST, "a"
        told, dated = drawn.choice([0, 0, 0, 1, 9]), drawn.choice([0, 0, 2])  # from which change on they are said
        stages, times = list[str | None](), list[datetime]()
        for step in range(drawn.randint(0, 8)):
            at += timedelta(days=drawn.randrange(30), hours=drawn.randrange(24), seconds=1)
            stage = drawn.choice([stage, stage, *"abwxl"])
            stages.append(None if drawn.random() < 0.08 else stage)
            times.append(at)
            day = at.date() + timedelta(days=drawn.randrange(90))
            said = drawn.randrange(9) if step >= told else None
            changes.append([deal, stages[-1], at, said, day if step >= dated else None, drawn.choice([0.1, None]),
                            drawn.choice(["EUR", "USD", None]) if said else None])  # fmt: skip
        ended = {"w": "won", "x": "won", "l": "lost"}.get(str(stages[-1]) if stages else "", "open")
        status = drawn.choice([ended, ended, ended, "won", "open", None])
        someday = FIRST + timedelta(days=drawn.randrange(DAYS), hours=drawn.randrange(24))
        closed = drawn.choice([None, times[-1] if times else None, someday])
        own = drawn.choice([drawn.randrange(9), None])
        updated = drawn.choice([at, someday, None])
        deals.append([deal, drawn.choice("ab"), status, own, "EUR", closed, FIRST, updated, "price", someday.date()])
    changes += [["nobody", "a", FIRST, 7, None, None, "EUR"], ["d1", "a", *[None] * 5]]
    raw = duckdb.connect()
    raw.execute(STAGES)
    for name, rows in (("deal", deals), (HISTORY, changes)):
        raw.execute(f"create table {name} ({TABLES[name].replace('day', 'date' if days else 'timestamp')})")
        drawn.shuffle(rows)
        raw.executemany(f"insert into {name} values ({', '.join('?' for _ in rows[0])})", rows)
    return raw


def made(binding: Binding, needed: Sequence[str], stretches: Sequence[tuple[datetime, datetime]]) -> Script:
    """What two statements share that read past states; of some instants, or whenever they were."""
    trees = []
    for first, last in [*stretches, *stretches][:2] or [(None, None)] * 2:
        statement = Statement(binding)
        moment = Moment("current", last, first, last)
        cte = statement.instance("deal", moment)
        if last is not None:
            statement.look_at(cte, moment)
        else:
            statement.look(cte)
        for field in needed:
            statement.need(cte, field)
        trees.append(statement.finish(exp.Select().select(exp.Star()).from_(table(cte))))
    found = script(binding, trees, Temporary(one_order=True, written_first=True), known=KNOWN)
    assert found is not None
    return found


SHAPES = [
    (zone, source, days, currencies)
    for zone, source in (("UTC", "UTC"), ("Europe/Rome", "America/New_York"))
    for days in (False, True)
    for currencies in (False, True)
]


@pytest.mark.parametrize(("zone", "source", "days", "currencies"), SHAPES)
def test_rows_are_those_of_numbered_states(
    zone: str, source: str, days: bool, currencies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = random.Random(f"quick {zone} {days} {currencies}")
    someday = FIRST.replace(tzinfo=UTC) + timedelta(days=DAYS)
    asked = [(needed, stretches) for needed in ASKED for stretches in ([], [(someday - timedelta(days=90), someday)])]
    with filled(drawn, days=days) as raw:
        for needed, stretches in asked:
            rows = []
            for quick in (True, False):
                with monkeypatch.context() as patched:
                    if not quick:
                        patched.setattr(materialize._Library, "states_read", lambda *_: False)
                    binding = bound_to(zone, source, days=days, currencies=currencies)
                    found = made(binding, needed, stretches)
                assert len(found.tables) == 1
                text = found.tables[0].tree.sql("duckdb")
                assert ('"stage_stay"' in text) == (not quick)
                assert ('"deal_ended" AS MATERIALIZED (' in text) == quick
                columns = ", ".join(f'"{one.alias}"' for one in found.tables[0].tree.selects)
                rows.append(raw.execute(f"select {columns} from ({text}) order by all").fetchall())
            assert rows[0] == rows[1]
            if not stretches:
                held = "(valid_from is null or valid_from < $t) and (valid_until is null or valid_until >= $t)"
                for day in (20, 60, 110, 170):  # at no instant is a record in two states
                    instant = FIRST + timedelta(days=day, hours=5)
                    twice = f"select deal_id from ({text}) where {held} group by deal_id having count(*) > 1"
                    assert not raw.execute(twice, {"t": instant}).fetchall()
            assert len(rows[0]) > (
                249 if stretches else 250
            )  # each deal has one, and whenever they were some have several


def test_states_that_are_numbered_for_others_are_not_made_twice() -> None:
    """Where visits of stages are kept as well, past states come of the stays that these are made of."""
    binding = bound_to("UTC", "UTC", days=False, currencies=True)
    trees = []
    for name in ("deal", "stage_visit"):
        for _ in range(2):
            statement = Statement(binding)
            moment = Moment("current", *[FIRST.replace(tzinfo=UTC) + timedelta(days=DAYS)] * 3)
            cte = statement.instance(name, moment)
            statement.look_at(cte, moment)
            statement.need(cte, "deal_id")
            trees.append(statement.finish(exp.Select().select(exp.Star()).from_(table(cte))))
    found = script(binding, trees, Temporary(one_order=True), known=KNOWN)
    assert found is not None
    [states] = [one for one in found.tables if one.name.endswith("_deal")]
    assert "deal_ended" not in states.tree.sql("duckdb")
    assert any("stage_stay" in one.name or "stage_visit" in one.name for one in found.tables)


@pytest.mark.parametrize("lacking", [KNOWN.apart, KNOWN.unbroken])
def test_what_a_change_leaves_out_is_carried_on(lacking: frozenset[tuple[str, ...]]) -> None:
    """Where a change may leave out an amount, states are numbered as before; in what order changes stand is all the same."""
    binding = bound_to("UTC", "UTC", days=False, currencies=True)
    deal = binding.entity("deal")
    known = KnownOrder(KNOWN.apart - lacking, frozenset(one for one in KNOWN.unbroken if one not in lacking))
    told = quick_values(binding, known, deal)
    assert ("amount" in told, "expected_close_date" in told) == (lacking is KNOWN.apart,) * 2
    assert told["probability"] == "probability"
    assert quick_values(binding, KNOWN, deal) == {name: name for name in (*SAID, "currency", "probability")}
    without = bound_to("UTC", "UTC", days=False, currencies=False)
    assert quick_values(without, KNOWN, without.entity("deal"))["currency"] is None  # that of the record
