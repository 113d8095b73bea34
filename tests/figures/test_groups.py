"""Which groups a breakdown has, and what those that are not shown come to together: neither depends
on what stands beside a metric."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
import yaml

from reportspec.catalogue.load import packaged
from reportspec.demo import load
from reportspec.formats.markdown import as_markdown
from reportspec.model.figures import Figures, Section
from reportspec.render import render_html
from reportspec.resolve.binding import metrics_needed
from tests.conftest import Draw
from tests.figures.asking import codes, figures, rows

CATALOGUE = packaged()
RATIOS = sorted(m.id for m in CATALOGUE.metrics.values() if m.kind != "aggregate")
OTHERS = sorted(m.id for m in CATALOGUE.metrics.values() if m.kind == "aggregate")
FIELDS = ("user.name", "user.team", "account.name", "account.industry", "lead.source", "deal.source",
          "deal.loss_reason", "stage.name", "campaign.channel", "campaign.name", "case_.type",
          "service_call.outcome", "web_session.source", "list_membership.source", "service_cost.channel",
          "purchase_line.family")  # fmt: skip


def beside(name: str) -> list[str]:
    """A metric, and what it is made of: the numerator, the denominator, and counts of theirs."""
    metric = CATALOGUE.metrics[name]
    parts = [name, metric.numerator, metric.denominator, metric.base]
    parts += [part.id for part in metrics_needed(CATALOGUE, metric)]
    return list(dict.fromkeys(part for part in parts if part))


def section(found: Figures, key: str) -> Section:
    return next(one for one in found.sections if one.id == key)


def columns(part: Section, wanted: set[str]) -> list[list[Any]]:
    """The rows and the total of a section, of some of its columns."""
    places = [i for i, c in enumerate(part.columns) if c.role == "dimension" or c.metric in wanted]
    return [[row[i] for i in places] for row in (*part.rows, *([part.total] if part.total else []))]


def drawn(random: Random, folder: Path, wanted: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Each metric with a section of it, by a field that it has."""
    found = []
    for name in wanted:
        for by in random.sample(FIELDS, len(FIELDS)):
            body = {
                "metrics": [name],
                "by": [by],
                "sort": random.choice(("", "-")) + name,
                "top": random.choice((1, 3, 1000)),
                "others": True,
            }
            if not codes(folder, {"period": "2026-Q3", "sections": [{"breakdown": body}]}):
                found.append((name, body))
                break
    return found


def test_a_metric_alone_is_what_it_is_beside_others(demo: Path, draw: Draw) -> None:
    random = Random(draw.seed)
    wanted = random.sample(RATIOS, draw.rounds(4, len(RATIOS)))
    wanted += random.sample(OTHERS, draw.rounds(2, 40))
    asked = drawn(random, demo, wanted)
    assert len(asked) > len(wanted) / 2
    sections: list[dict[str, Any]] = []
    for place, (name, body) in enumerate(asked):
        more = {**body, "metrics": beside(name)}
        sections += [
            {"id": f"alone{place}", "breakdown": body},
            {"id": f"beside{place}", "breakdown": more},
        ]
    spec = {"period": random.choice(("2026-Q3", "2026-07")), "compare": "previous_period"}
    found = figures(demo, {**spec, "sections": sections})
    for place, (name, body) in enumerate(asked):
        alone, more = section(found, f"alone{place}"), section(found, f"beside{place}")
        assert columns(alone, {name}) == columns(more, {name}), body
        assert (alone.others, alone.available_rows) == (more.others, more.available_rows), body


# (metric, field): SQL that gives for each group of July 2026 in Rome what is divided, and by what.
_CLOSED = """select {by}, count(*) filter (d.status = '{status}'), count(*) from demo.deal d
left join demo.account a using (account_id) left join demo."user" u on u.user_id = d.owner_id
where d.status in ('won', 'lost') and not coalesce(d.is_deleted, false)
and d.closed_at >= '2026-06-30 22:00' and d.closed_at < '2026-07-31 22:00' group by 1"""
BY_HAND = {
    ("close_rate", "account.name"): _CLOSED.format(by="a.name", status="won"),
    ("loss_rate", "account.name"): _CLOSED.format(by="a.name", status="lost"),
    ("close_rate", "user.name"): _CLOSED.format(by="u.name", status="won"),
    ("close_rate", "deal.source"): _CLOSED.format(by="d.source", status="won"),
    ("lead_conversion_rate", "lead.source"): """select source, count(*) filter (converted_at is not null
        and converted_at < '2026-07-31 22:00'), count(*) from demo.lead
        where not coalesce(is_deleted, false) and merged_into_id is null and status <> 'junk'
        and created_at >= '2026-06-30 22:00' and created_at < '2026-07-31 22:00' group by 1""",
}


def test_the_others_are_all_the_rest(demo: Path) -> None:
    """The table, the others and the total, against SQL by hand."""
    with duckdb.connect() as raw:
        load(raw)
        by_hand = {key: raw.execute(sql).fetchall() for key, sql in BY_HAND.items()}
    asked = [(key, way, top) for key in by_hand for way in ("", "-") for top in (3, 1000)]
    sections = [
        {"breakdown": {"metrics": [name], "by": [by], "sort": way + name, "top": top, "others": True}}
        for (name, by), way, top in asked
    ]
    found = figures(demo, {"period": "2026-07", "sections": sections}).sections
    for part, (key, _, _) in zip(found, asked, strict=True):
        known = {value: (top, of) for value, top, of in by_hand[key]}
        shown = part.rows[:-1] if part.others else part.rows
        for value, said in shown:
            # Active people stand there with nothing to count.
            assert said == rate([known.get(value, (0, 0))]), (key, value)
        rest = [each for value, each in known.items() if value not in {row[0] for row in shown}]
        assert part.others or not rest
        if part.others:
            assert part.rows[-1][1] == rate(rest), key
        assert part.total is not None
        assert part.total[1] == rate(known.values())
    for cut, whole in zip(found[::2], found[1::2], strict=True):
        assert cut.rows[:3] == whole.rows[:3]
    for part, (_, way, _) in list(zip(found, asked, strict=True))[1::2]:
        # What has no name comes last, before it what has no figure; among equals names decide.
        keys = [(name is None, v is None, -v if way and v else v or 0) for name, v in part.rows]
        assert keys == sorted(keys)
        for (a, v), (b, w) in pairwise(part.rows):
            assert v != w or b is None or str(a).casefold() < str(b).casefold()


def rate(counts: Iterable[tuple[int, int]]) -> Any:
    """What is divided, by what; nothing where there is nothing to divide by."""
    tops, bases = zip(*counts, strict=True)
    return pytest.approx(sum(tops) / sum(bases)) if sum(bases) else None


# By hand: Ada has won one of two in May, Bo none of two, Cem nothing, Dan one without an amount; Eve
# closed in April only; what Flo won was worth nothing.
DEALS = """id,owner,source,amount,closed,status
1,Ada,web,100,2026-05-02 10:00:00,won
2,Ada,fair,50,2026-05-10 10:00:00,lost
3,Bo,web,30,2026-05-11 10:00:00,lost
4,Bo,web,10,2026-06-02 10:00:00,lost
5,Dan,fair,,2026-05-12 10:00:00,lost
6,Eve,web,20,2026-03-12 10:00:00,lost
7,Flo,fair,0,2026-05-12 10:00:00,won
8,Gil,fair,40,,open
"""
METRICS = """metrics:
  - metric: sellers
    kind: aggregate
    label: {en: Sellers}
    description: {en: Who closed a deal.}
    entity: deal
    aggregate: count_distinct
    of: deal.owner_id
    where: deal.status in ('won', 'lost')
    time: deal.closed_at
    unit: count
  - metric: sellers_share
    kind: share
    label: {en: Share of sellers}
    description: {en: Of all.}
    of: sellers
    unit: percent
  - metric: closed_daily
    kind: derived
    label: {en: Closed each day}
    description: {en: Closed deals for each day.}
    formula: closed_deals_count / period_days
    unit: ratio
  - metric: daily_beside_others
    kind: relative
    label: {en: Beside others}
    description: {en: Against the others.}
    of: closed_daily
    to: others
    as: multiple
    unit: multiple
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deals.csv").write_text(DEALS, encoding="utf-8")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "own.yaml").write_text(METRICS, encoding="utf-8")
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n",
        encoding="utf-8",
    )
    people = [
        {"user_id": n, "name": n, "is_active": n in ("Ada", "Bo", "Cem")}
        for n in ("Ada", "Bo", "Cem", "Dan", "Eve", "Flo", "Gil")
    ]
    entities: dict[str, Any] = {
        "user": {"rows": people},
        "deal": {
            "table": "deals",
            "key": "id",
            "fields": {
                "owner_id": "owner",
                "source": "source",
                "amount": "amount",
                "closed_at": "closed",
                "status": "status",
                "created_at": "cast('2026-03-01' as timestamp)",
            },
        },
    }
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return tmp_path


def asked(folder: Path, period: str = "2026-05..2026-06", **sections: Any) -> Figures:
    first, _, last = period.partition("..")
    days = {"from": f"{first}-01", "to": f"{last}-30"} if last else period
    parts = [{"id": key, **body} for key, body in sections.items()]
    return figures(folder, {"period": days, "sections": parts}, datetime(2026, 8, 1, tzinfo=UTC))


def test_what_comes_to_nothing_stands_and_what_is_not_there_does_not(folder: Path) -> None:
    by = ["user.name"]
    found = asked(
        folder,
        rate={"breakdown": {"metrics": ["close_rate"], "by": by}},
        sum={"breakdown": {"metrics": ["won_amount"], "by": by}},
        count={"breakdown": {"metrics": ["won_deals_count"], "by": by}},
    )
    assert section(found, "rate").rows == (("Flo", 1), ("Ada", 0.5), ("Bo", 0), ("Dan", 0), ("Cem", None))
    # Active people stand there also with nothing to count; Flo has sold something, for nothing.
    assert section(found, "sum").rows == (("Ada", 100), ("Bo", 0), ("Cem", 0), ("Flo", 0))
    assert section(found, "count").rows == (("Ada", 1), ("Flo", 1), ("Bo", 0), ("Cem", 0))


def test_a_group_of_the_comparison_alone_is_a_group(folder: Path) -> None:
    spec = {
        "period": {"from": "2026-05-01", "to": "2026-06-30"},
        "compare": "previous_period",
        "sections": [
            {"id": "a", "breakdown": {"metrics": ["close_rate"], "by": ["user.name"]}},
            {"id": "b", "breakdown": {"metrics": ["close_rate"], "by": ["user.name"], "top": 3, "others": True}},
        ],
    }
    found = figures(folder, spec, datetime(2026, 8, 1, tzinfo=UTC))
    assert section(found, "a").rows[-2:] == (("Cem", None, None), ("Eve", None, 0))
    assert section(found, "b").rows[-1] == ("Others (3)", 0, 0)


def test_over_time_and_over_two_fields(folder: Path) -> None:
    found = asked(
        folder,
        steps={"trend": {"metrics": ["close_rate", "won_amount"], "by": "user.name", "grain": "month"}},
        grid={"breakdown": {"metrics": ["close_rate"], "by": ["user.name", "deal.source"], "chart": "heatmap"}},
    )
    # Those of whom nothing was closed, and those whose deals were closed before, have no line.
    assert list(dict.fromkeys(row["user.name"] for row in rows(found, "steps"))) == ["Ada", "Bo", "Dan", "Flo"]
    assert section(found, "grid").rows == (
        ("Ada", "web", 1),
        ("Flo", "fair", 1),
        ("Ada", "fair", 0),
        ("Bo", "web", 0),
        ("Dan", "fair", 0),
    )
    # A rate of nothing is written in its cell; a cell without cases is empty.
    grid = replace(found, sections=(section(found, "grid"),))
    assert render_html(grid).count(">0%<") == 3


def test_goals_of_a_group_that_comes_to_nothing(folder: Path) -> None:
    goals = {"close_rate": {"by": "user.name", "targets": {"Ada": 0.6}}}
    spec = {"period": {"from": "2026-05-01", "to": "2026-06-30"}, "metrics": ["close_rate"], "goals": goals}
    found = figures(folder, spec, datetime(2026, 8, 1, tzinfo=UTC))
    [part] = [one for one in found.sections if one.kind == "goals"]
    assert [row[:2] for row in part.rows] == [("Ada", 0.5), ("Bo", 0), ("Dan", 0), ("Flo", 1)]


def test_what_does_not_add_up_has_no_figure_of_the_others(folder: Path) -> None:
    found = asked(
        folder,
        a={
            "breakdown": {
                "metrics": ["close_rate", "sellers", "sales_cycle_days.median"],
                "by": ["user.name"],
                "top": 2,
                "others": True,
            }
        },
    )
    part = section(found, "a")
    assert part.rows[2] == ("Others (3)", 0, None, None)
    told = [found.footnotes[n - 1] for c in part.columns for n in c.footnotes]
    assert sum("no figure for the others" in text for text in told) == 2
    assert not part.columns[1].footnotes or "others" not in found.footnotes[part.columns[1].footnotes[0] - 1]


def test_shares_of_what_does_not_add_up_need_no_total_to_be_shown(folder: Path) -> None:
    own = {"metrics": ["sellers_share"], "by": ["deal.source"]}
    found = asked(folder, a={"breakdown": own}, b={"breakdown": {**own, "totals": False}})
    # Ada sold at the fair and on the web: 3 of 4 people and 2 of 4.
    assert section(found, "a").rows == section(found, "b").rows == (("fair", 0.75), ("web", 0.5))
    assert section(found, "b").total is None


def test_the_others_have_as_many_days(folder: Path) -> None:
    found = asked(folder, a={"breakdown": {"metrics": ["daily_beside_others"], "by": ["deal.source"]}})
    assert section(found, "a").rows == (("fair", 1), ("web", 1))


@pytest.mark.parametrize("more", [{}, {"others": True}, {"subtotals": True, "top": None}])
def test_what_is_not_shown_is_told_once(folder: Path, more: dict[str, Any]) -> None:
    """The others are not said to be left out, and a table that is cut is not turned: a cell that was
    cut would look like one without cases."""
    body = {
        "metrics": ["close_rate"],
        "by": ["user.name", "deal.source"],
        "chart": "stacked",
        "top": 2,
        "totals": False,
        **more,
    }
    found = asked(folder, a={"breakdown": {k: v for k, v in body.items() if v is not None}})
    text = as_markdown(found)
    assert ("The first 2 of 5 rows" in text) == (not more)
    assert ("Others (3)" in text) == ("others" in more)
    assert "of 5 rows" not in text or not more
    assert "| Ada | web | 100" in text.replace("\\", "")
