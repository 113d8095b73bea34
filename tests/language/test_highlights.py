"""Sentences say what stands out, with the counts behind it, and nothing where cases are few."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from reportspec.api import validate
from reportspec.measures.significance import Share, shares_differ
from reportspec.model.figures import Figures
from reportspec.render.locale import formats_for
from reportspec.render.sentences import sentences
from tests.figures.asking import figures, rows


def project(folder: Path, groups: dict[str, tuple[int, int, int, int]]) -> Path:
    """Leads by channel: (how many, of which bought, days until then, amount)."""
    leads, deals = ["id,source,created"], ["id,lead,amount,created,closed,status"]
    for source, (count, bought, days, amount) in groups.items():
        for number in range(count):
            key = f"{source}{number}"
            leads.append(f"{key},{source},2026-03-02 10:00:00")
            if number < bought:
                closed = f"2026-04-{2 + days:02} 10:00:00"
                deals.append(f"D{key},{key},{amount},2026-03-02 10:00:00,{closed},won")
    (folder / "leads.csv").write_text("\n".join(leads), encoding="utf-8")
    (folder / "deals.csv").write_text("\n".join(deals), encoding="utf-8")
    entities: dict[str, Any] = {
        "lead": {
            "table": "leads",
            "key": "id",
            "fields": {
                "source": "source",
                "created_at": "created",
                "status": "'open'",
                "converted_at": "cast(null as timestamp)",
            },
        },
        "deal": {
            "table": "deals",
            "key": "id",
            "fields": {
                "lead_id": "lead",
                "amount": "amount",
                "created_at": "created",
                "closed_at": "closed",
                "status": "status",
            },
        },
    }
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {leads: leads.csv, deals: deals.csv}}\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n",
        encoding="utf-8",
    )
    return folder


def said(folder: Path, highlights: dict[str, Any], **more: Any) -> tuple[str, ...]:
    spec = {
        "report": "custom",
        "period": "2026-03",
        "as_of": "2026-06-01",
        "sections": [{"highlights": highlights}],
    }
    found: Figures = figures(folder, {**spec, **more})
    [section] = found.sections
    return sentences(found, section, formats_for(found))


RATES = {"compare": [{"metric": "lead_purchase_rate", "by": "lead.source"}]}


def test_the_best_channel_against_the_worst(tmp_path: Path) -> None:
    """As the founding article says it."""
    folder = project(tmp_path, {"email": (100, 17, 5, 100), "ads": (100, 3, 5, 100), "web": (100, 8, 5, 100)})
    assert said(folder, RATES) == (
        "March 2026: 17.0% of the leads from email became customers against 3.0% from ads (cases: 17 of 100 and 3 of 100).",
    )
    assert said(folder, RATES, language="it", locale="it_IT") == (
        "Marzo 2026: il 17,0% dei lead da email è diventato cliente contro il 3,0% da ads (casi: 17 su 100 e 3 su 100).",
    )


@pytest.mark.parametrize(
    "groups",
    [
        {"email": (29, 15, 5, 100), "ads": (100, 3, 5, 100)},  # too few leads on one side
        {"email": (100, 12, 5, 100), "ads": (100, 9, 5, 100)},  # no more than chance
        {"email": (100, 17, 5, 100)},  # nothing to compare with
    ],
)
def test_silence(groups: dict[str, tuple[int, int, int, int]], tmp_path: Path) -> None:
    folder = project(tmp_path, groups)
    assert said(folder, RATES) == ()
    spec = {
        "report": "custom",
        "period": "2026-03",
        "as_of": "2026-06-01",
        "sections": [{"highlights": RATES}],
    }
    [section] = figures(folder, spec).sections
    assert any("Nothing stands out" in note for note in section.notes)


def test_thirty_of_one_rate_are_silent_and_one_who_differs_is_told(tmp_path: Path) -> None:
    """35 to 65 of 100 is what 30 of one rate may well come to (a pair alone would be told); 10 of 100
    is not."""
    random = Random(3)
    groups = {f"c{n:02}": (100, sum(random.random() < 0.5 for _ in range(100)), 5, 100) for n in range(30)}
    low, high = (pick(of for _, of, *_ in groups.values()) for pick in (min, max))
    assert shares_differ(Share(100, high), Share(100, low), 1)
    assert said(project(tmp_path, groups), RATES) == ()
    groups["c00"] = (100, 10, 5, 100)
    [sentence] = said(project(tmp_path, groups), RATES)
    assert "10.0% from c00" in sentence


def test_what_cannot_be_tested_is_refused(tmp_path: Path) -> None:
    folder = project(tmp_path, {"email": (40, 17, 5, 100), "ads": (40, 3, 5, 100)})
    spec = {
        "version": 1,
        "report": "custom",
        "period": "2026-03",
        "sections": [{"highlights": {"compare": [{"metric": "sales_cycle_days.median", "by": "deal.status"}]}}],
    }
    (folder / "s.yaml").write_text(yaml.safe_dump(spec), "utf-8")
    [told] = validate(folder / "s.yaml")
    assert told.code == "no-comparison"
    assert told.span is not None


def test_times_faster_than_the_rest(tmp_path: Path) -> None:
    """31 days after the 2 March are the 2 April: 32 against 33 and 59 days are 1.4 times."""
    folder = project(tmp_path, {"referral": (40, 35, 1, 100), "ads": (40, 35, 28, 100), "web": (40, 35, 2, 100)})
    speed = {"compare": [{"metric": "lead_to_customer_days", "by": "lead.source"}]}
    [sentence] = said(folder, speed)
    # The others' mean is (59 + 33) / 2 = 46 days, the fastest takes 32.
    assert sentence.startswith("Leads from referral become customers 1.4 times faster than the rest")
    assert "(cases: 35 and 70)" in sentence


def test_the_largest_share_and_its_mean(tmp_path: Path) -> None:
    folder = project(tmp_path, {"organic": (120, 40, 5, 85), "ads": (80, 40, 5, 115)})
    shares = {"shares": [{"metric": "leads_created_count", "by": "lead.source", "with": "lead_purchase_amount"}]}
    [sentence] = said(folder, shares)
    # 120 of 200 leads; 85 against a mean of 100.
    assert sentence.startswith("Organic brings 60.0% of all leads")
    assert "15.0% below the mean" in sentence


def test_highlights_are_data_too(tmp_path: Path) -> None:
    folder = project(tmp_path, {"email": (100, 17, 5, 100), "ads": (100, 3, 5, 100)})
    spec = {
        "report": "custom",
        "period": "2026-03",
        "as_of": "2026-06-01",
        "sections": [{"id": "h", "highlights": RATES}],
    }
    [row] = rows(figures(folder, spec), "h")
    assert (row["kind"], row["name"], row["other_name"]) == ("compare", "email", "ads")
    assert (row["value"], row["other_value"]) == (pytest.approx(0.17), pytest.approx(0.03))
