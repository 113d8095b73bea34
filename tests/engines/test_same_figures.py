"""Every engine gives the figures that DuckDB gives, over the same rows: every report, metric, grain,
comparison, percentile and filter operator. DuckDB's own are held against answers by hand elsewhere
(`tests/demo`, `tests/oracles`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from reportspec.catalogue.load import packaged
from reportspec.files import write_whole
from reportspec.formats.json_text import as_json
from reportspec.resolve.binding import metrics_needed
from tests.conftest import CHECKOUT, Draw
from tests.engines.servers import ENGINES
from tests.figures.asking import figures

# By night over all rows of the demo.
pytestmark = pytest.mark.usefixtures("draw")
SPECS = sorted(p.stem for p in (CHECKOUT / "specs").glob("*.yaml") if p.stem != "reportspec")
PERIOD = {"report": "custom", "period": "2026-Q3"}
# Metrics that compare rows with one another go into breakdowns.
BREAKDOWNS = {
    "lead_purchase_vs_mean": "lead.source",
    "lead_share": "lead.source",
    "conversion_speed": "lead.source",
    "lost_share": "deal.loss_reason",
    "purchases_share": "purchase.account.industry",
}
# Rates, and fields in some of whose values they come to 0.
RATES = (
    ("close_rate", "account.name"),
    ("loss_rate", "deal.source"),
    ("lead_conversion_rate", "lead.source"),
    ("same_day_resolved_rate", "user.name"),
    ("sla_compliance_rate", "case_.type"),
    ("abandonment_rate", "account.industry"),
    ("campaign_response_rate", "campaign.name"),
    ("product_margin_rate", "product.family"),
    ("churn_rate", "account.country"),
    ("stage_conversion_rate", "stage.name"),
    ("web_goal_completion_rate", "web_session.source"),
)
CHUNK = 14


def of_one_entity(name: str) -> tuple[list[str], str]:
    """Metrics of the same entities beside one another: in one section they share statements."""
    catalogue = packaged()
    return sorted({part.entity for part in metrics_needed(catalogue, catalogue.metrics[name])}), name


KPIS = sorted(set(packaged().metrics) - set(BREAKDOWNS), key=of_one_entity)
CHUNKS = [KPIS[i : i + CHUNK] for i in range(0, len(KPIS), CHUNK)]
KINDS = ("median", "p75", "p90")
MEANS = sorted(m.id for m in packaged().metrics.values() if m.kind == "aggregate" and m.aggregate == "average")
GRAINS = {"day": "2026-03", "week": "2026-Q1", "month": "2026", "quarter": "2026", "year": "2026"}
OPERATORS: dict[str, Any] = {
    "eq": {"field": "deal.status", "eq": "won"},
    "ne": {"field": "deal.status", "ne": "won"},
    "gt": {"field": "deal.amount", "gt": 12000},
    "gte": {"field": "deal.amount", "gte": 12000},
    "lt": {"field": "deal.amount", "lt": 12000},
    "lte": {"field": "deal.amount", "lte": 12000},
    "in": {"field": "deal.deal_type", "in": ["new_business", "renewal"]},
    "not_in": {"field": "deal.deal_type", "not_in": ["new_business"]},
    "between": {"field": "deal.amount", "between": [5000, 20000]},
    "days": {"field": "deal.created_at", "between": ["2026-03-01", "2026-04-15"]},
    "contains": {"field": "deal.name", "contains": "A"},
    "starts_with": {"field": "deal.name", "starts_with": "s"},
    "ends_with": {"field": "deal.name", "ends_with": "OFFER"},
    "is_null": {"field": "deal.closed_at", "is_null": True},
    "is_not_null": {"field": "deal.amount", "is_null": False},
}
OTHERWISE = ("days", "contains", "starts_with", "ends_with")


def turn(engine: str) -> int:
    """Which of the engines it is, to ask each for another part of the cases."""
    return ENGINES.index(engine) if engine in ENGINES else 0


def chunks_of(engine: str) -> list[int]:
    """Which metrics an engine is asked for by day: every second dozen, another half on the next engine; two dozens on
    Spark."""
    if engine == "spark":
        return [at for at in range(len(CHUNKS)) if at % 6 == 3]
    return [at for at in range(len(CHUNKS)) if (at + turn(engine)) % 4 < 2]


def asked(folder: Path, spec: dict[str, Any]) -> Any:
    """The figures of a spec, as `query --format json` prints them."""
    return json.loads(as_json(figures(folder, spec)))


def remembered(reference: Path, spec: dict[str, Any], ask: Callable[[], Any]) -> Any:
    """What a project says whose rows stay as they are, asked once: each engine is held against it."""
    told = reference / "answers"
    told.mkdir(exist_ok=True)
    path = told / f"{sha256(json.dumps(spec).encode()).hexdigest()}.json"
    if not path.exists():
        write_whole(path, json.dumps(ask()).encode())
    return json.loads(path.read_bytes())


def compare(project: Path, reference: Path, spec: dict[str, Any]) -> Any:
    """Both projects' figures are the same; returns them."""
    wanted = remembered(reference, spec, lambda: asked(reference, spec))
    found = asked(project, spec)
    assert [s["id"] for s in found["sections"]] == [s["id"] for s in wanted["sections"]]
    for ours, theirs in zip(found["sections"], wanted["sections"], strict=True):
        where = ours["id"]
        assert ours.keys() == theirs.keys(), where
        same(ours.get("rows"), theirs.get("rows"), where)
        same(ours.get("total"), theirs.get("total"), where)
        same(ours.get("notes"), theirs.get("notes"), where)
    return wanted


def same(found: Any, wanted: Any, where: str) -> None:
    """Numbers to 1e-9, all else exactly, rows in their order."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys(), where
        for key, value in wanted.items():
            same(found[key], value, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), where
        for index, value in enumerate(wanted):
            same(found[index], value, f"{where}[{index}]")
    elif isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9), where
    else:
        assert found == wanted, where


# Spark is asked for targets of a table; other kinds of sections are in `test_bursting`.
@pytest.mark.by_day("spark", spec=("quotas",))
@pytest.mark.by_day("clickhouse", spec=SPECS[::4])
@pytest.mark.by_day("sqlite", spec=SPECS[1::4])
@pytest.mark.by_day("postgres", spec=SPECS[2::4])
@pytest.mark.by_day("mariadb", spec=SPECS[3::4])
@pytest.mark.parametrize("spec", SPECS)
def test_reports(spec: str, engine_name: str, project: Path, reference: Path) -> None:
    """By day each report of `specs/` on one engine, and one on Spark, where each statement costs a second."""
    text = (CHECKOUT / "specs" / f"{spec}.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    compare(project, reference, json.loads(json.dumps(data, default=str)))


@pytest.mark.by_day("sqlite", chunk=chunks_of("sqlite"))
@pytest.mark.by_day("postgres", chunk=chunks_of("postgres"))
@pytest.mark.by_day("mariadb", chunk=chunks_of("mariadb"))
@pytest.mark.by_day("clickhouse", chunk=chunks_of("clickhouse"))
@pytest.mark.by_day("spark", chunk=chunks_of("spark"))
@pytest.mark.parametrize("chunk", range(len(CHUNKS)))
def test_metrics(chunk: int, engine_name: str, project: Path, reference: Path, draw: Draw) -> None:
    """By day each metric alone on one engine and beside others on another, some of them on Spark; by night alone on
    all but Spark, where each statement costs a second."""
    sections = [{"id": name, "kpis": [name]} for name in CHUNKS[chunk]]
    if engine_name == "spark" or (not draw.night and (chunk + turn(engine_name)) % 4):
        sections = [{"id": "all", "kpis": CHUNKS[chunk]}]
    compare(project, reference, {**PERIOD, "compare": "previous_period", "sections": sections})


def test_metrics_that_compare_rows(engine_name: str, project: Path, reference: Path) -> None:
    sections = [{"id": name, "breakdown": {"metrics": [name], "by": [by]}} for name, by in BREAKDOWNS.items()]
    compare(project, reference, {**PERIOD, "sections": sections})


# One function with another number; where it is written out, median and quantiles are two.
@pytest.mark.by_day("spark", kind=("p90",))
@pytest.mark.by_day("postgres", kind=("p75",))
@pytest.mark.by_day("clickhouse", kind=("p75",))
@pytest.mark.by_day("sqlite", kind=("median", "p90"))
@pytest.mark.by_day("mariadb", kind=("median", "p75"))
@pytest.mark.parametrize("kind", KINDS)
def test_percentiles(kind: str, engine_name: str, project: Path, reference: Path, draw: Draw) -> None:
    """By day a third of the means for each kind, another on the next engine, and a sixth on Spark; by night all."""
    every = draw.rounds(len(KINDS) * (2 if engine_name == "spark" else 1), 1)
    names = [f"{name}.{kind}" for name in MEANS[(KINDS.index(kind) + turn(engine_name)) % every :: every]]
    by = {"metrics": ["sales_cycle_days." + kind, "won_deals_count"], "by": ["deal.owner.name"]}
    sections = [{"id": "all", "kpis": names}, {"id": "by", "breakdown": by}]
    found = compare(project, reference, {**PERIOD, "compare": "previous_year", "sections": sections})
    assert any(value is not None for value in found["sections"][0]["rows"][0].values())


# Other bounds in the same statement.
@pytest.mark.by_day("spark", "postgres", grain=("week",))
@pytest.mark.by_day("sqlite", grain=("day", "quarter"))
@pytest.mark.by_day("mariadb", grain=("month",))
@pytest.mark.by_day("clickhouse", grain=("year",))
@pytest.mark.parametrize("grain", GRAINS)
def test_grains(grain: str, engine_name: str, project: Path, reference: Path) -> None:
    trend = {"metrics": ["won_amount", "close_rate", "open_amount"], "grain": grain}
    by = {"metrics": ["leads_created_count"], "grain": grain, "by": "lead.source"}
    spec = {
        "report": "custom",
        "period": GRAINS[grain],
        "compare": "previous_year",
        "sections": [{"id": "flow", "trend": trend}, {"id": "parts", "trend": by}],
    }
    compare(project, reference, spec)


def test_first_rows_and_the_others(engine_name: str, project: Path, reference: Path, draw: Draw) -> None:
    """Groups whose rates come to 0 are there everywhere, and the others are all the rest."""
    random = Random(draw.seed)
    sections = [
        {
            "id": f"{by.replace('.', '_')}_{way}",
            "breakdown": {"metrics": [name], "by": [by], "sort": ("-" if way else "") + name, "top": 3, "others": True},
        }
        for name, by in random.sample(RATES, draw.rounds(1 if engine_name == "spark" else 2, len(RATES)))
        for way in (0, 1)
    ]
    found = compare(
        project,
        reference,
        {"report": "custom", "period": "2026-07", "compare": "previous_period", "sections": sections},
    )
    assert any(len(part["rows"]) == 4 for part in found["sections"])


# Other bounds in the same statement.
@pytest.mark.by_day("spark", comparison=())  # whose metrics and means are compared above
@pytest.mark.by_day("postgres", comparison=("previous_year",))
@pytest.mark.by_day("sqlite", "clickhouse", comparison=("previous_period",))
@pytest.mark.by_day("mariadb", comparison=("2025-06",))
@pytest.mark.parametrize("comparison", ["previous_period", "previous_year", "2025-06"])
def test_comparisons(comparison: str, engine_name: str, project: Path, reference: Path) -> None:
    breakdown = {
        "metrics": ["won_amount", "close_rate", "avg_won_amount"],
        "by": ["deal.owner.name"],
    }
    spec = {
        "report": "custom",
        "period": "2026-06",
        "compare": comparison,
        "sections": [{"id": "by", "breakdown": breakdown}],
    }
    compare(project, reference, spec)


def test_filter_operators(engine_name: str, project: Path, reference: Path, draw: Draw) -> None:
    # By day Spark is asked for those that it has other words for than DuckDB.
    some = OPERATORS if draw.night or engine_name != "spark" else OTHERWISE
    sections = [{"id": name, "kpis": ["deals_created_count"], "filters": [OPERATORS[name]]} for name in some]
    found = compare(project, reference, {"report": "custom", "period": "2026", "sections": sections})
    counts = {s["id"]: s["rows"][0]["deals_created_count"] for s in found["sections"]}
    assert all(counts.values()), counts


def test_records_in_order(engine_name: str, project: Path, reference: Path) -> None:
    fields = ["deal.deal_id", "deal.name", "deal.account.name", "deal.amount", "deal.closed_at"]
    sections = [
        {"id": f"by{i}", "records": {"entity": "deal", "fields": fields, "sort": sort, "limit": 40}}
        for i, sort in enumerate(("deal.name", "-deal.account.name", "deal.loss_reason", "-deal.closed_at"))
    ]
    compare(project, reference, {**PERIOD, "sections": sections})
