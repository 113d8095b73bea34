"""The windows of the demo against SQL of the tests' own: what was open, what became of it, what was won and created."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
import yaml

from reportspec.demo import load
from reportspec.forecasting.past_windows import Deals
from tests.forecasting.asked import facts_in
from tests.forecasting.freezing import frozen
from tests.forecasting.simulated import simulated
from tests.forecasting.test_no_hindsight import in_demo, project

ROME = ZoneInfo("Europe/Rome")
OPEN = """
with win(p, o, e) as (values ({p}, {o}, {e})),
rated as (select from_currency c, rate from demo.fx_rate where to_currency = 'EUR' and day < {day}
         qualify row_number() over (partition by from_currency order by day desc) = 1),
change as (
  select deal_id, stage_id, entered_at, amount, is_won or is_lost ends, h.rowid row,
         row_number() over (partition by deal_id order by entered_at, position) place,
         lead(entered_at) over (partition by deal_id order by entered_at, position) until
  from demo.deal_stage_history h join demo.stage using (stage_id)),
snap as (  -- the last change before the origin, and since when the deal had been in that stage
  select c.*, (select min(b.entered_at) from change b where b.deal_id = c.deal_id and b.place <= c.place and b.place > (
                 select coalesce(max(x.place), 0) from change x
                 where x.deal_id = c.deal_id and x.place < c.place and x.stage_id <> c.stage_id)) since
  from change c),
known as (
  select deal_id, stage_id, since, amount, until from win join snap s on not s.ends and s.entered_at < o and (s.until is null or s.until >= o)
  union all  -- what the history has nothing of yet: in no known stage, since its creation
  select deal_id, null, created_at, null, null from win join demo.deal d on d.created_at < o
  where not exists (select 1 from change c where c.deal_id = d.deal_id and c.entered_at < o)),
opened as (
  select s.stage_id,
         case when o - since <= interval 7 day then 1 when o - since <= interval 14 day then 2
              when o - since <= interval 30 day then 3 when o - since <= interval 60 day then 4
              when o - since <= interval 120 day then 5 else 6 end band,
         -- the last change of all is the record's, which people correct
         case when s.until is null then coalesce(d.amount, s.amount) else coalesce(s.amount, d.amount) end
         * case d.currency when 'EUR' then 1 else rate end a,
         d.amount * case d.currency when 'EUR' then 1 else rate end f,
         case when d.status = 'won' and d.closed_at >= p and d.closed_at < e and d.closed_at < {now} then 1 else 0 end w
  from win join known s on true
  join demo.deal d on d.deal_id = s.deal_id and (d.closed_at is null or d.closed_at >= o)
  left join rated on rated.c = d.currency
  where d.is_deleted is null or not d.is_deleted)
select stage_id, band, count(*), sum(a)::double, sum(a::double * a::double), sum(w),
       sum(w * f)::double, sum(w * f::double * f::double)
from opened group by 1, 2 order by 1, 2
"""


@pytest.fixture(scope="module")
def demo() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as raw:
        load(raw)
        yield raw


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("windows")
    project = {"version": 1, "source": "demo", "currency": "EUR", "timezone": "Europe/Rome"}
    (found / "reportspec.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    return found


def literal(day: date | datetime) -> str:
    """An instant as the demo has it: by UTC, without a zone."""
    at = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day, tzinfo=ROME)
    return f"timestamp '{at.astimezone(UTC).replace(tzinfo=None)}'"


RATES = """
select from_currency, rate::double from demo.fx_rate where to_currency = 'EUR' and day < {day}
qualify row_number() over (partition by from_currency order by day desc) = 1
"""
WON = """
select count(*), coalesce(sum(f), 0)::double, coalesce(sum(f::double * f::double), 0) from (
  select amount * case currency when 'EUR' then 1 else rate end f
  from demo.deal left join (
    select from_currency c, rate from demo.fx_rate where to_currency = 'EUR' and day < {day}
    qualify row_number() over (partition by from_currency order by day desc) = 1) on c = currency
  where status = 'won' and closed_at >= {start} and closed_at < {end} and created_at >= {created}
    and (is_deleted is null or not is_deleted))
"""
NOW = datetime(2026, 11, 12, tzinfo=ROME)
EVER = datetime(2000, 1, 1, tzinfo=ROME)


def test_against_sql(demo: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Of the month and of some before it, at the same day: what was open by cells, won before and after, created."""
    _, facts = facts_in(folder, {"period": "2026-11"}, NOW)
    day = "date '2026-11-12'"
    deals, history, stages = in_demo()
    places = {row["stage_id"]: (row["position"], row["is_won"], row["is_lost"]) for row in stages}
    rates = dict(demo.execute(RATES.format(day=day)).fetchall())

    def won_then(start: date, origin: date) -> tuple[float, ...]:
        """From the data of that day: deals that were opened again since had been won."""
        kept, _ = frozen(deals, history, places, naive(origin))
        there = [deal for deal in kept if deal["status"] == "won" and deal["closed_at"] >= naive(start)]
        return of_amounts(
            [float(d["amount"] or 0) * rates.get(d["currency"], 1.0) for d in there if not d["is_deleted"]]
        )

    assert facts.stretches[-1] == (date(2026, 11, 1), date(2026, 12, 1))
    for place in (len(facts.stretches) - 1, len(facts.stretches) - 2, 20, 10, 0):
        start, end = facts.stretches[place]
        window = facts.windows.all[place]
        origin = start + timedelta(days=round(11 / 30 * (end - start).days))
        p, o, e, now = (literal(one) for one in (start, origin, end, NOW))
        wanted = demo.execute(OPEN.format(p=p, o=o, e=e, now=now, day=day)).fetchall()
        cells = {key: (*counted(cell.deals), *counted(cell.won)) for key, cell in window.open.items()}
        assert len(cells) == len(wanted) > 10
        for stage, band, *numbers in wanted:
            assert cells[stage, band] == pytest.approx([number or 0 for number in numbers])

        def won(start: str, end: str, created: str = literal(EVER)) -> tuple[float, ...]:
            return demo.execute(WON.format(start=start, end=end, created=created, day=day)).fetchone()

        before, after = won(p, o), won(o, min(e, now))
        assert counted(window.won_before) == pytest.approx(won_then(start, origin))
        assert counted(window.result) == pytest.approx([a + b for a, b in zip(before, after, strict=True)])
        assert counted(window.created_later) == pytest.approx(won(o, min(e, now), o))
        first = literal(origin - timedelta(days=90))
        inflow = f"""select count(*) from demo.deal where created_at >= {first} and created_at < {o}
                     and (is_deleted is null or not is_deleted)"""
        assert window.inflow == demo.execute(inflow).fetchone()[0]


def test_what_was_won_then(tmp_path: Path) -> None:
    """What had been won by the same point of each month is as was known then: deals that were opened again since had
    been won, and count."""
    deals, history, stages = simulated(11)
    whole = project(tmp_path / "crm", deals, history, stages)
    now = datetime(2026, 9, 28, tzinfo=ROME)
    _, facts = facts_in(whole, {"period": "2026-09"}, now)
    places = {row["stage_id"]: (row["position"], row["is_won"], row["is_lost"]) for row in stages}
    known_now, _ = frozen(deals, history, places, naive(now))
    opened_again = 0
    for (start, end), window in zip(facts.stretches, facts.windows.all, strict=True):
        origin = start + timedelta(days=round(27 / 30 * (end - start).days))
        first, at = naive(start), naive(origin)
        there = [d for d in frozen(deals, history, places, at)[0] if d["status"] == "won" and d["closed_at"] >= first]
        assert counted(window.won_before) == pytest.approx(of_amounts([float(deal["amount"]) for deal in there]))
        opened_again += len(there) - sum(d["status"] == "won" and first <= d["closed_at"] < at for d in known_now)
    assert opened_again > 0


def naive(day: date | datetime) -> datetime:
    """An instant as rows of the demo have it."""
    return datetime.fromisoformat(literal(day).split("'")[1])


def of_amounts(amounts: list[float]) -> tuple[float, ...]:
    return len(amounts), sum(amounts), sum(amount * amount for amount in amounts)


def test_of_a_period_to_come(demo: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """The next month, seen from the 12th of this one: nothing is won before it, and what its windows learned is won
    from their beginnings on. The month that runs has no result yet, and is no window that one may learn from."""
    _, facts = facts_in(folder, {"period": "2026-12"}, NOW)
    windows, day = facts.windows, "date '2026-11-12'"
    assert windows.apart == 2
    assert windows.all[-1].won_before.count == windows.all[-1].result.count == 0
    for place in (len(facts.stretches) - 3, 12):
        start, end = facts.stretches[place]
        origin = start + timedelta(days=round(-19 / 31 * (end - start).days))
        p, o, e, now = (literal(one) for one in (start, origin, end, NOW))
        open_then = demo.execute(OPEN.format(p=p, o=o, e=e, now=now, day=day)).fetchall()
        assert sum(cell.deals.count for cell in windows.all[place].open.values()) == sum(row[2] for row in open_then)
        assert windows.all[place].won_of_open.amount == pytest.approx(sum(row[6] or 0 for row in open_then))
        late = demo.execute(WON.format(start=p, end=e, created=o, day=day)).fetchone()
        assert counted(windows.all[place].created_later) == pytest.approx(late)
        assert windows.all[place].won_before.count == 0


def counted(deals: Deals) -> tuple[float, float, float]:
    return deals.count, deals.amount, deals.squares
