"""What is told of a stay for the end of its history: whether the deal's last one is in a won or lost stage, and whether
the stay is closed and all after it are closed the same way; by a look at each deal's own list of stages."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import duckdb
from sqlglot import exp

from reportspec.expression.trees import table
from reportspec.resolve.moments import Moment
from reportspec.sql.statement import Statement
from tests.passes.test_states_that_ended import STAGES, bound_to

FIELDS = {"deal_id": "text", "visit_number": "integer", "last_closes": "boolean", "stays_closed": "boolean"}


def test_the_end_of_a_history_is_told_with_each_stay() -> None:
    drawn, histories = random.Random(7), dict[str, list[str]]()
    for number in range(300):  # of a stage that is not there nothing is known, and it closes nothing
        histories[f"d{number}"] = drawn.choices("abwxl?", (3, 2, 3, 2, 3, 1), k=drawn.randint(1, 8))
    rows = [
        (deal, stage, datetime(2026, 1, 1) + timedelta(hours=place), 1)
        for deal, stages in histories.items()
        for place, stage in enumerate(stages)
    ]
    drawn.shuffle(rows)
    wanted = set()
    for deal, stages in histories.items():
        stays = [one for at, one in enumerate(stages) if at == 0 or stages[at - 1] != one]
        for at in range(len(stays)):
            alike = any(all(one in kind for one in stays[at:]) for kind in ("wx", "l"))
            wanted.add((deal, at + 1, stays[-1] in "wxl", alike))
    statement = Statement(bound_to("UTC", "UTC", days=False))
    cte = statement.instance("stage_visit", Moment("current", None, None, None))
    for name in FIELDS:
        statement.need(cte, name)
    asked = exp.Select().select(*(exp.column(name, cte, quoted=True) for name in FIELDS)).from_(table(cte))
    with duckdb.connect() as raw:
        raw.execute(STAGES)
        raw.execute("alter table stage add column position integer")
        raw.execute(
            "create table deal_stage_history (deal_id text, stage_id text, entered_at timestamp, amount integer)"
        )
        raw.executemany("insert into deal_stage_history values (?, ?, ?, ?)", rows)
        raw.execute("create table deal (deal_id text, stage_id text, status text, closed_at timestamp, amount integer)")
        found = raw.execute(statement.finish(asked, FIELDS).sql("duckdb")).fetchall()
    assert len(found) == len(wanted) > 900
    assert set(found) == wanted
    assert sum(one[3] for one in wanted) > 150
