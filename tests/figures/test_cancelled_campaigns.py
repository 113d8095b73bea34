"""What a cancelled campaign cost was spent, and what it brought came in: its return has both. A draft was not launched:
it costs nothing, and brings nothing, though somebody answered it later than the other.

Slow: servers of databases are started and filled."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import yaml

from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, landed
from tests.figures.asking import figures, rows, total

JULY = datetime(2026, 7, 1, 8)
TABLES = [
    Given(
        "campaigns",
        (("campaign_id", "VARCHAR"), ("name", "VARCHAR"), ("status", "VARCHAR"), ("started_at", "TIMESTAMP"),
         ("actual_cost", "BIGINT")),
        [("K1", "Fair", "cancelled", JULY, 8000), ("K2", "Mailing", "sent", JULY, 1000), ("K3", "Idea", "cancelled", JULY, None), ("K4", "Plan", "draft", JULY, 500)],
    ),
    Given(
        "members",
        (("campaign_id", "VARCHAR"), ("contact_id", "VARCHAR"), ("responded_at", "TIMESTAMP")),
        [("K1", "C1", datetime(2026, 7, 5)), ("K4", "C1", datetime(2026, 7, 4)), ("K4", "C1", datetime(2026, 7, 10))],
    ),
    Given("contacts", (("contact_id", "VARCHAR"), ("account_id", "VARCHAR")), [("C1", "A1")]),
    Given("accounts", (("account_id", "VARCHAR"), ("name", "VARCHAR")), [("A1", "Acme")]),
    Given(
        "deals",
        (("deal_id", "VARCHAR"), ("account_id", "VARCHAR"), ("status", "VARCHAR"), ("amount", "BIGINT"),
         ("created_at", "TIMESTAMP"), ("closed_at", "TIMESTAMP"), ("campaign_id", "VARCHAR")),
        [("D1", "A1", "won", 5000, datetime(2026, 7, 6), datetime(2026, 7, 20), "K4")],
    ),
]  # fmt: skip
OF = {
    "campaigns": "campaign",
    "members": "campaign_member",
    "contacts": "contact",
    "accounts": "account",
    "deals": "deal",
}
WANTED = ["campaigns_count", "campaign_responses_count", "campaign_revenue", "campaign_cost_amount", "campaign_roi"]
OTHERS = ["campaign_revenue.first_touch", "purchases_per_campaign.linear", "purchases_per_campaign.primary"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", EVERYWHERE)
def test_cost_and_revenue_are_of_the_same_campaigns(engine: str, tmp_path: Path) -> None:
    with landed(engine, TABLES, lambda *_: None, tmp_path / "db") as found:
        entities = {}
        for given in TABLES:
            names = [name for name, _ in given.columns]
            key = {} if given.name == "members" else {"key": names[0]}
            entities[OF[given.name]] = {"table": f"{found.prefix}{given.name}", **key, "fields": {n: n for n in names}}
        (tmp_path / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
        about = {"version": 1, "source": found.url, "mapping": "m.yaml"}
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        made = figures(
            tmp_path,
            {
                "report": "custom",
                "period": "2026-Q3",
                "sections": [{"id": "b", "breakdown": {"metrics": [*WANTED, *OTHERS], "by": ["campaign.name"]}}],
            },
        )
    told = {row["campaign.name"]: [row[name] for name in WANTED] for row in rows(made, "b")}
    # The fair was called off after one had answered: no campaign of the period, but 5,000 for 8,000.
    assert told == {"Fair": [0, 0, 5000, 8000, -0.375], "Mailing": [1, 0, 0, 1000, -1]}
    assert [total(made, "b")[name] for name in OTHERS] == [5000, 1, 0]
    # The idea, called off before it cost anything, lacks no amount.
    assert not [one for one in made.footnotes if "without an amount" in one]
    every = total(made, "b")
    assert [every[name] for name in WANTED[:4]] == [1, 0, 5000, 9000]
    assert every["campaign_roi"] == pytest.approx(-4 / 9)
