"""The law of figures that are compared with: what a report prints of an earlier period is what a report of that period
printed over the data of then, or it is not available. Sources lack what would tell it in every way: since when a deal
exists, when it was closed, its probability, the day that was expected of it once it is closed, its key, its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from reportspec.model.figures import Figures
from tests.figures.asking import figures, rows
from tests.figures.from_tables import project_of

STAGES = "stage_id,name,position,is_won,is_lost,probability\nA,Talk,1,false,false,0.3\nB,Offer,2,false,false,0.7\n"
STAGES += "W,Won,3,true,false,1.0\nL,Lost,4,false,true,0.0\n"
OF_STAGE = {"A": 0.3, "B": 0.7}
THEN, NOW = date(2026, 8, 31), date(2026, 11, 30)
METRICS = (
    *("open_opportunities_count", "open_amount", "open_weighted_amount", "overdue_deals_count"),
    *("forecast_open_amount", "forecast_open_count", "forecast_weighted_amount", "forecast_commit_amount"),
    *("forecast_pipeline_amount", "forecast_amount.committed", "forecast_undated_amount"),
)
OF_DEALS = METRICS[:2]  # of whichever state and plan
DROPPED = {
    "all": (),
    "created": ("created_at",),
    "closed": ("closed_at",),
    "probability": ("probability",),
    "both": ("created_at", "closed_at"),
}
Deal = dict[str, Any]


def drawn(seed: int) -> list[Deal]:
    """Deals of the year, each with what it was while it was open and what it is since it was closed."""
    r, deals = Random(seed), []
    for number in range(24):
        created = date(2026, 5, 1) + timedelta(days=r.randrange(200))
        closed = created + timedelta(days=r.randrange(10, 150))
        status = r.choice(["open", "won", "lost"])
        deals.append(
            {
                "id": f"d{number}",
                "created": created,
                "closed": closed if status != "open" and closed <= NOW else None,
                "status": status if closed <= NOW else "open",
                "amount": 100 * r.randrange(1, 60) + number,
                "stage": r.choice("AB"),
                "own": r.choice([0.1, 0.5, 0.8]),
                "expected": date(2026, 7, 1) + timedelta(days=r.randrange(220)),
            }
        )
    return deals


def as_of(deals: Sequence[Deal], day: date) -> list[Deal]:
    """The deals as a source had them at the end of a day."""
    found = []
    for deal in deals:
        if deal["created"] > day:
            continue
        still = deal["closed"] is None or deal["closed"] > day
        found.append({**deal, "status": "open", "closed": None} if still else deal)
    return found


def tables(deals: Sequence[Deal], dropped: Sequence[str], *, kept: bool, history: str) -> dict[str, str]:
    """The deals as a source has them that does not have the `dropped` columns, nor of closed deals the expected day
    unless it is `kept`; with a history of their stages, if it has one, which have a probability or not (`bare`). Of
    past stages only their probability is known: with a history deals have none of their own."""
    lines, changes = [], ["deal_id,stage_id,entered_at"]
    for deal in deals:
        over = deal["status"] != "open"
        outcome = {"won": "W", "lost": "L"}.get(deal["status"], deal["stage"])
        cells = {
            "deal_id": deal["id"],
            "name": deal["id"],
            "status": deal["status"],
            "stage_id": outcome,
            "amount": deal["amount"],
            "currency": "EUR",
            "created_at": f"{deal['created']} 09:00:00",
            "probability": {"won": 1.0, "lost": 0.0}.get(
                deal["status"], deal["own"] if not history else OF_STAGE[deal["stage"]]
            ),
            "expected_close_date": deal["expected"] if kept or not over else "",
            "closed_at": f"{deal['closed']} 12:00:00" if deal["closed"] else "",
        }
        cells = {name: value for name, value in cells.items() if name not in dropped}
        lines = lines or [",".join(cells)]
        lines.append(",".join(map(str, cells.values())))
        changes.append(f"{deal['id']},{deal['stage']},{deal['created']} 09:00:00")
        if over:
            changes.append(f"{deal['id']},{outcome},{deal['closed']} 12:00:00")
    stages = "\n".join(line.rpartition(",")[0] for line in STAGES.splitlines()) if history == "bare" else STAGES
    found = {"stage": stages, "deal": "\n".join(lines) + "\n"}
    return {**found, "deal_stage_history": "\n".join(changes) + "\n"} if history else found


def cells(found: Figures, role: str) -> Mapping[str, Any]:
    """The figures of a report's tiles, now or `previous`."""
    tiles = [tile for section in found.sections for tile in section.kpis]
    return {tile.column.metric or "": tile.previous if role == "previous" else tile.value for tile in tiles}


def cases() -> Iterator[Any]:
    """What a source lacks, on two databases in turn."""
    for number, (name, dropped) in enumerate(DROPPED.items()):
        for kept in (True, False):
            for history in ("", "whole", "bare") if name == "all" else ("",):
                engine = ("duckdb", "sqlite")[(number + kept + len(history)) % 2]
                told = f"{name}-{'kept' if kept else 'emptied'}-{history or 'none'}-{engine}"
                yield pytest.param(dropped, kept, history, engine, id=told)


@pytest.mark.parametrize(("dropped", "kept", "history", "engine"), list(cases()))
def test_what_was_is_what_was_printed_then(
    tmp_path: Path, dropped: tuple[str, ...], kept: bool, history: str, engine: str
) -> None:
    told: dict[str, set[bool]] = {}
    for seed in range(3):
        deals = drawn(seed)
        found = {}
        for day in (NOW, THEN):
            folder = tmp_path / f"{seed}-{day}"
            folder.mkdir()
            source = tables(as_of(deals, day), dropped, kept=kept, history=history)
            project_of(folder, source, engine)
            compare = {"compare": "previous_period"} if day == NOW else {}
            spec = {
                "title": "t",
                "period": "2026-Q4" if day == NOW else "2026-Q3",
                "metrics": [one for one in METRICS if "closed_at" not in dropped or "." not in one],
                **compare,
            }
            clock = datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC) - timedelta(hours=2)
            found[day] = cells(figures(folder, spec, clock), "previous" if day == NOW else "current")
        before, then = found[NOW], found[THEN]
        assert before
        for metric, value in before.items():
            assert value is None or value == pytest.approx(then[metric] or 0), (seed, metric, value, then[metric])
            told.setdefault(metric, set()).add(value is not None)
        there = [deal for deal in as_of(deals, THEN) if deal["status"] == "open"]
        if not dropped or dropped == ("probability",):
            assert before["open_opportunities_count"] == len(there)
            assert before["open_amount"] == sum(deal["amount"] for deal in there)
    if "created_at" in dropped or "closed_at" in dropped:
        assert not any(True in told[metric] for metric in METRICS if metric in told)
    elif kept:
        assert told["forecast_weighted_amount"] == {history == "whole"}
        assert told["forecast_open_amount"] == {True}
        assert told["overdue_deals_count"] == {True}


def test_without_a_key_a_row_is_its_record(tmp_path: Path) -> None:
    deals = drawn(1)
    source = tables(as_of(deals, NOW), (), kept=True, history="")
    project_of(tmp_path, source)
    mapping = tmp_path / "mapping.yaml"
    spec = {"title": "t", "period": "2026-Q4", "compare": "previous_period", "metrics": list(METRICS)}
    keyed = cells(figures(tmp_path, spec, datetime(2026, 11, 30, 20, tzinfo=UTC)), "previous")
    text = mapping.read_text(encoding="utf-8")
    text = text.replace("    key: deal_id\n", "").replace("      deal_id: deal_id\n", "")
    mapping.write_text(text, encoding="utf-8")
    assert cells(figures(tmp_path, spec, datetime(2026, 11, 30, 20, tzinfo=UTC)), "previous") == keyed
    assert keyed["open_weighted_amount"] is None
    assert keyed["open_amount"] is not None


def test_a_trend_of_what_is_expected_has_no_figure_either(tmp_path: Path) -> None:
    project_of(tmp_path, tables(as_of(drawn(2), NOW), (), kept=False, history=""))
    trend = {"trend": {"metrics": ["forecast_open_amount"], "grain": "month"}}
    spec = {"title": "t", "period": "2026-Q4", "compare": "previous_period", "sections": [trend]}
    found = figures(tmp_path, spec, datetime(2026, 11, 30, 20, tzinfo=UTC))
    told = rows(found, found.sections[0].id)
    assert [row["forecast_open_amount__previous"] for row in told] == [None, None, None]
    assert any(row["forecast_open_amount"] for row in told)


def test_the_others_have_the_change_of_all_of_them(tmp_path: Path) -> None:
    head = "deal_id,name,status,amount,currency,source,created_at,closed_at\n"
    deals = [(f"a{n}", n, 1000 + n, "2026-05-10") for n in range(10)] + [
        (f"b{n}", n, 500, "2026-08-10") for n in range(3)
    ]
    lines = [f"{key},{key},won,{amount},EUR,S{n},2026-01-05 09:00:00,{day} 09:00:00" for key, n, amount, day in deals]
    lines.append("c,c,won,,EUR,S7,2026-01-05 09:00:00,2026-08-11 09:00:00")
    project_of(tmp_path, {"deal": head + "\n".join(lines) + "\n"})
    by = {"breakdown": {"metrics": ["won_amount"], "by": ["deal.source"], "top": 3, "others": True}}
    spec = {"title": "t", "period": "2026-Q3", "compare": "previous_period", "sections": [by]}
    *_, others = rows(found := figures(tmp_path, spec), found.sections[0].id)
    assert others["won_amount__previous"] == sum(amount for _, n, amount, day in deals if n > 2 and day < "2026-07")
    assert others["won_amount"] == 0  # as in the total, what has no amount is left out


def test_what_is_to_close_by_mistake_is_no_doubt_of_today(tmp_path: Path) -> None:
    """A closing that lies ahead of the data has not happened: today's figures are what they are without it."""
    now = datetime(2026, 11, 30, 20, tzinfo=UTC)
    spec = {"title": "t", "period": "2026-Q4", "metrics": list(METRICS)}
    deals = as_of(drawn(3), NOW)
    project_of(tmp_path, tables(deals, (), kept=False, history=""))
    without = cells(figures(tmp_path, spec, now), "current")
    mistaken = {**deals[0], "id": "later", "status": "won", "closed": date(2027, 3, 1), "expected": None, "amount": 0}
    (tmp_path / "also").mkdir()
    project_of(tmp_path / "also", tables([*deals, mistaken], (), kept=False, history=""))
    found = figures(tmp_path / "also", spec, now)
    told = cells(found, "current")
    assert told["overdue_deals_count"] == without["overdue_deals_count"]
    assert told["forecast_open_amount"] == without["forecast_open_amount"]
    assert not [note for section in found.sections for note in section.footnotes if "no figure" in note]
