"""What is made of rows in an order never hangs on how they lie in the source, and ties are told of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.model.domain import Derived, Entity
from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, SERVERS, landed
from tests.figures.asking import figures, rows

SPEC = {
    "report": "custom",
    "period": "2026-Q2",
    "sections": [
        {"id": "a", "kpis": ["open_amount", "deals_created_amount"]},
        {"id": "b", "funnel": {"steps": ["deals_created_amount", "won_amount"]}},
    ],
}
NOW = datetime(2026, 7, 15, tzinfo=UTC)
CREATED, CHANGED, LEFT = datetime(2026, 5, 1), datetime(2026, 6, 9, 18, 45, 52), datetime(2026, 7, 10)
SOON, LATE = date(2026, 7, 18), date(2026, 9, 30)
DEALS = Given(
    "d",
    (("id", "VARCHAR"), ("amount", "BIGINT"), ("status", "VARCHAR"), ("stage", "VARCHAR"), ("created", "TIMESTAMP"),
     ("closed", "TIMESTAMP"), ("due", "DATE")),
    [("x", 900, "open", "S2", CREATED, None, LATE)],
)  # fmt: skip
Change = tuple[datetime, str | None, int | None, date | None]
TIED: dict[str, tuple[list[Change], float, int]] = {
    # Of three that differ the largest counts, though it is neither the first nor the last that is written.
    "amounts": ([(CHANGED, "S1", 40, SOON), (CHANGED, "S1", 500, SOON), (CHANGED, "S1", None, None)], 500, 1),
    "the same twice": ([(CHANGED, "S1", 500, SOON), (CHANGED, "S1", 500, SOON)], 500, 0),
    "only a day": ([(CHANGED, "S1", 500, SOON), (CHANGED, "S1", 500, LATE)], 500, 1),
    "one with nothing": ([(CHANGED, "S1", 500, None), (CHANGED, "S1", None, None)], 500, 1),
    "of two stages": ([(CHANGED, "S1", 500, SOON), (CHANGED, "S2", 40, SOON)], 40, 0),  # S2 comes after S1
    # What was changed in a stage that is not known is of no stay, and shifts none.
    "after an unknown one": ([(CHANGED, None, 200, SOON), (CHANGED.replace(second=53), "S2", 40, SOON)], 40, 0),
    "of two times": ([(CHANGED, "S1", 500, SOON), (CHANGED.replace(second=53), "S1", 40, SOON)], 40, 0),
}


def project(folder: Path, url: str, prefix: str) -> Path:
    deal = {"deal_id": "id", "amount": "amount", "status": "status", "stage_id": "stage", "created_at": "created",
            "closed_at": "closed", "expected_close_date": "due"}  # fmt: skip
    history = {"deal_id": "deal", "stage_id": "stage", "entered_at": "at", "amount": "amount",
               "expected_close_date": "due"}  # fmt: skip
    stages = [
        {"stage_id": f"S{at}", "name": name, "position": at, "is_won": False, "is_lost": False}
        for at, name in ((1, "Talk"), (2, "Offer"))
    ]
    entities = {
        "deal": {"table": f"{prefix}d", "key": "id", "fields": deal},
        "deal_stage_history": {"table": f"{prefix}h", "fields": history},
        "stage": {"rows": stages},
    }
    (folder / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
    said = {"version": 1, "source": url, "mapping": "m.yaml"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return folder


# Servers, which take seconds to start, are asked for what their own SQL decides: where nothing stands in an order.
ASKED = [(engine, case) for engine in EVERYWHERE for case in TIED if engine not in SERVERS or case == "amounts"]


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "case"), ASKED)
def test_the_largest_counts_wherever_it_lies(case: str, engine: str, tmp_path: Path) -> None:
    """Slow: servers are started, and rows are laid in each order."""
    tied, right, told = TIED[case]
    orders = list(permutations(tied)) if engine == "duckdb" else [tuple(tied), tuple(tied[::-1])]
    for turn, order in enumerate(orders):
        changes: list[Any] = [(CREATED, "S1", 100, SOON), *order, (LEFT, "S2", 900, LATE)]
        given = Given(
            "h",
            (("deal", "VARCHAR"), ("at", "TIMESTAMP"), ("stage", "VARCHAR"), ("amount", "BIGINT"), ("due", "DATE")),
            [("x", *change) for change in changes],
        )
        with landed(engine, [DEALS, given], lambda *_: None, tmp_path / f"db{turn}") as found:
            made = figures(project(tmp_path, found.url, found.prefix), SPEC, NOW)
        [row] = rows(made, "a")
        assert (float(row["open_amount"]), float(row["deals_created_amount"])) == (right, right)
        assert float(next(iter(rows(made, "b")))["value"]) == right
        warnings = [one for one in made.warnings if one.code == "tied-rows"]
        assert len(warnings) == told
        for one in warnings:
            assert "`deal_id`, `entered_at`, `stage_id` that differ in `amount`, `expected_close_date`" in one.message
            assert one.notes == (f"for example `x` ({len(tied)} rows)",)
            assert "latest: {by: [deal, at, stage], order: …}" in (one.help or "")


def _ways(entity: Entity) -> Iterator[Derived]:
    yield from (way for way in (entity.derived, *entity.otherwise) if way is not None)


# Rows that may stand in one place there, and why it is one.
ALIKE = {
    "purchase_touch": "two touches of a purchase by one campaign at one time are the same in all that is read",
    "family_step": "a purchase has one row of a family",
}


def _is_a_place(name: str, field: str) -> bool:
    """Whether a field of a derived entity numbers its rows, or is that of the entity that it is made from."""
    derived = packaged().entities[name].derived
    if derived is None or field not in derived.fields:
        return False
    made = derived.fields[field]
    return bool(made.find(exp.RowNumber)) or (
        isinstance(made, exp.Column) and _is_a_place(derived.source, path_of(made)[-1])
    )


@pytest.mark.parametrize("name", sorted(packaged().entities))
def test_every_order_of_the_catalogue_is_decided(name: str) -> None:
    """By a key, by the place that an earlier entity gave its rows, or by ties."""
    entities = packaged().entities
    for way in _ways(entities[name]):
        of = entities[way.source]
        for window in (one for tree in way.fields.values() for one in tree.find_all(exp.Window)):
            if isinstance(window.this, (exp.Rank, exp.DenseRank)):
                continue  # rows in one place have one number
            order = window.args.get("order")
            fields = [path_of(node)[-1] for node in column_nodes(order)] if order is not None else []
            placed = [one for one in fields if _is_a_place(way.source, one)]
            assert order is None or of.key in fields or placed or way.ties or name in ALIKE, (name, window.sql())
