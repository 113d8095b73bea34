"""What a change consists of, held against values worked out by hand; and the law that each list adds up to it."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from reportspec.measures.contributions import OfRate, number_and_size, rate_and_mix
from reportspec.model.figures import Figures, Section
from reportspec.render import render_html
from tests.figures.asking import codes, figures

DEALS = """id,owner,source,status,amount,created,closed
1,ada,web,won,100,2026-01-05,2026-01-20
2,ada,fair,won,300,2026-01-06,2026-01-21
3,bo,web,won,200,2026-01-07,2026-01-22
4,bo,web,lost,50,2026-01-08,2026-01-23
5,cy,,lost,70,2026-01-08,2026-01-24
6,ada,web,won,500,2026-02-05,2026-02-20
7,ada,web,won,100,2026-02-06,2026-02-21
8,bo,fair,won,150,2026-02-07,2026-02-22
9,bo,fair,won,250,2026-02-07,2026-02-23
10,bo,web,lost,10,2026-02-08,2026-02-23
11,dee,,won,40,2026-02-09,2026-02-24
"""
MAPPING = """entities:
  deal:
    table: deals
    fields:
      id: id
      owner_id: owner
      source: source
      status: status
      amount: amount
      created_at: created
      closed_at: closed
"""
PROJECT = """version: 1
source: {files: {deals: deals.csv}}
mapping: mapping.yaml
timezone: UTC
currency: EUR
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deals.csv").write_text(DEALS, "utf-8")
    (tmp_path / "mapping.yaml").write_text(MAPPING, "utf-8")
    (tmp_path / "reportspec.yaml").write_text(PROJECT, "utf-8")
    return tmp_path


def asked(folder: Path, metric: str, *by: str, **more: Any) -> Figures:
    spec = {"report": "custom", "period": "2026-02", "compare": "previous_period", **more}
    return figures(folder, {**spec, "sections": [{"id": "d", "drivers": {"metric": metric, "by": list(by)}}]})


def section(made: Figures) -> Section:
    [one] = [one for one in made.sections if one.id == "d"]
    return one


def contributions(made: Figures) -> dict[tuple[Any, Any], Any]:
    return {(row[0], row[1]): row[-1] for row in section(made).rows}


def test_a_sum_by_member_and_by_number_and_size(folder: Path) -> None:
    """Won: 600 by three deals in January, 1,040 by five in February."""
    made = contributions(asked(folder, "won_amount", "deal.owner_id", "deal.source"))
    number = (5 - 3) * 200
    assert list(made.values()) == pytest.approx([number, 440 - number, 200, 200, 40, 300, 100, 40])
    assert [key[1] for key in made][2:5] == ["ada", "bo", "dee"]
    assert ("Source", "without a name") in made
    assert section(asked(folder, "won_amount", "deal.source")).total == ("Change, the sum of each list", None, 440)


def test_a_rate_by_rates_and_shares(folder: Path) -> None:
    """Won of closed: 3 of 5 in January, 5 of 6 in February."""
    made = section(asked(folder, "close_rate", "deal.owner_id"))
    rows = {row[1]: row[2:] for row in made.rows}
    then = 3 / 5
    # ada: 2 of 2, then 2 of 2. bo: 1 of 2, then 2 of 3. cy: 0 of 1, then none. dee: none, then 1 of 1.
    assert rows["ada"] == pytest.approx((0, (2 / 6 - 2 / 5) * (1 - then), (2 / 6 - 2 / 5) * (1 - then)))
    assert rows["bo"][0] == pytest.approx(3 / 6 * (2 / 3 - 1 / 2))
    assert rows["bo"][1] == pytest.approx((3 / 6 - 2 / 5) * (1 / 2 - then))
    assert rows["cy"] == pytest.approx((0, (0 - 1 / 5) * (0 - then), 1 / 5 * then))
    assert rows["dee"] == pytest.approx((1 / 6 * (1 - then), 0, 1 / 6 * (1 - then)))
    assert sum(row[-1] for row in rows.values()) == pytest.approx(5 / 6 - 3 / 5)
    assert made.total is not None
    assert made.total[-1] == pytest.approx(5 / 6 - 3 / 5)


def test_what_has_no_name_has_one_rate(folder: Path) -> None:
    """An empty text and none at all, of which in both months one of two was won: nothing has changed by its rate."""
    blank = """"case when id in ('3', '10') then '' else source end\""""
    (folder / "mapping.yaml").write_text(MAPPING.replace("source: source", f"source: {blank}"), "utf-8")
    made = section(asked(folder, "close_rate", "deal.source"))
    rows = {row[1]: row[2:] for row in made.rows}
    share = (2 / 6 - 2 / 5) * (1 / 2 - 3 / 5)
    assert rows["without a name"] == pytest.approx((0, share, share))
    assert sum(row[-1] for row in rows.values()) == pytest.approx(5 / 6 - 3 / 5)


def test_a_standard_section_shows_what_the_source_has(folder: Path) -> None:
    """Deals have a source and no type here: the change is seen by number and size, and by source."""
    spec = {"report": "pipeline", "period": "2026-02", "compare": "previous_period"}
    [drivers] = [one for one in figures(folder, spec).sections if one.id == "revenue_drivers"]
    assert {row[0] for row in drivers.rows} == {"Number and size", "Source"}
    assert drivers.notes == ("Not available from this source: Deal type.",)
    (folder / "mapping.yaml").write_text(MAPPING.replace("      source: source\n", ""), "utf-8")
    [drivers] = [one for one in figures(folder, spec).sections if one.id == "revenue_drivers"]
    assert {row[0] for row in drivers.rows} == {"Number and size"}
    assert drivers.notes == ("Not available from this source: Source; Deal type.",)


def test_what_has_no_parts_is_refused(folder: Path) -> None:
    """A mean's change is no sum of its members'; and without a comparison there is none."""
    assert codes(folder, {"report": "custom", "period": "2026-02", "compare": "previous_period",
                          "sections": [{"drivers": {"metric": "sales_cycle_days", "by": ["deal.source"]}}]}) == ["bad-drivers"]  # fmt: skip
    assert codes(folder, {"report": "custom", "period": "2026-02",
                          "sections": [{"drivers": {"metric": "won_amount", "by": ["deal.source"]}}]}) == ["bad-drivers"]  # fmt: skip


def test_what_both_periods_leave_out_is_told(folder: Path) -> None:
    """In January two won deals lack their amount and in February one: of 5 and 6 won deals 3 and 5 are added up."""
    more = "12,ada,web,won,,2026-01-05,2026-01-20\n13,bo,web,won,,2026-01-05,2026-01-20\n14,bo,web,won,,2026-02-05,2026-02-20\n"
    (folder / "deals.csv").write_text(DEALS + more, "utf-8")
    made = asked(folder, "won_amount", "deal.source")
    told = [made.footnotes[n - 1] for n in section(made).columns[-1].footnotes]
    assert [text.partition(" left out")[0].partition(": ")[2] for text in told] == [
        "1 deal without an amount",
        "2 deals without an amount",
    ]
    assert [", before: " in text for text in told] == [False, True]
    assert any("3 → 5" in str(row[1]) for row in section(made).rows)


def test_a_standard_report_without_a_comparison_has_no_such_section(folder: Path) -> None:
    spec = {"report": "pipeline", "period": "2026-02"}
    (folder / "mapping.yaml").write_text(MAPPING.replace("      amount: amount\n", ""), "utf-8")

    def lacking(**more: str) -> str:
        """What the report says that the source does not serve: here amounts, whose change drivers are of."""
        made = figures(folder, {**spec, **more})
        assert "revenue_drivers" not in {one.id for one in made.sections}
        assert made.sections[-1].id == "not_served"
        [sentence] = made.sections[-1].notes
        return sentence

    assert "What changed the new revenue" not in lacking()
    assert "What changed the new revenue" in lacking(compare="previous_period")


def test_number_and_size_add_up_to_the_change() -> None:
    rng = random.Random(3)
    for _ in range(300):
        then, now = ((rng.randint(1, 50), rng.uniform(-1e6, 1e6)) for _ in range(2))
        parts = number_and_size(then, now)
        assert parts is not None
        assert math.fsum(parts) == pytest.approx(now[1] - then[1], abs=1e-6)
    assert number_and_size((0, 0), (3, 9)) is None
    assert number_and_size((3, 9), (0, 0)) is None


def test_rates_and_shares_of_all_members_add_up_to_the_change() -> None:
    """Whoever comes or goes."""
    rng = random.Random(5)
    for _ in range(300):
        members = [
            [OfRate(0, 0) if rng.random() < 0.2 else OfRate(rng.randint(0, 9), rng.randint(9, 20)) for _ in range(2)]
            for _ in range(rng.randint(1, 9))
        ]
        wholes = [OfRate(sum(m[at].hit for m in members), sum(m[at].of for m in members)) for at in range(2)]
        if not wholes[0].of or not wholes[1].of:
            continue
        total = math.fsum(part for m in members for part in rate_and_mix(m[0], m[1], *wholes))
        assert total == pytest.approx(wholes[1].hit / wholes[1].of - wholes[0].hit / wholes[0].of, abs=1e-12)


def test_each_list_adds_up_and_others_are_in_it(tmp_path: Path) -> None:
    """Forty owners: eight have a row, the others one."""
    rng = random.Random(11)
    lines = [DEALS.splitlines()[0]]
    for at in range(400):
        month = rng.choice(("01", "02"))
        lines.append(
            f"{at},o{rng.randint(0, 39)},s{rng.randint(0, 3)},{rng.choice(('won', 'lost'))},{rng.randint(1, 9999)},2026-{month}-01,2026-{month}-15"
        )
    for name, text in (("deals.csv", "\n".join(lines)), ("mapping.yaml", MAPPING), ("reportspec.yaml", PROJECT)):
        (tmp_path / name).write_text(text, "utf-8")
    for metric in ("won_amount", "won_deals_count", "close_rate"):
        made = asked(tmp_path, metric, "deal.owner_id", "deal.source")
        sums: dict[Any, float] = defaultdict(float)
        for (seen_by, _), value in contributions(made).items():
            sums[seen_by] += value
        total = section(made).total
        assert total is not None
        assert len(sums) == (3 if metric == "won_amount" else 2)
        assert list(sums.values()) == pytest.approx([total[-1]] * len(sums), abs=1e-9), metric
        assert any("Others (" in str(name) for _, name in contributions(made))
        assert "not accounted for" not in render_html(made)
