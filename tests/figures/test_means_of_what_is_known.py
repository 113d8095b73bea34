"""A mean divides by those that it has added up: who lacks an amount is in neither.

Slow: servers of databases are started and filled."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.expression.sandbox import column_nodes, path_of
from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, landed
from tests.figures.asking import figures, rows

BOUGHT = [
    ("a1", "A", 100, datetime(2026, 1, 10)),
    ("a2", "A", 300, datetime(2026, 3, 10)),
    ("a3", "A", None, datetime(2026, 6, 10)),
    ("b1", "B", None, datetime(2026, 2, 1)),
    ("c1", "C", 500, datetime(2024, 5, 1)),
    ("d1", "D", 200, datetime(2025, 1, 5)),
    ("d2", "D", 200, datetime(2026, 8, 1)),
]
TABLES = [
    Given(
        "deals",
        (("deal_id", "VARCHAR"), ("account_id", "VARCHAR"), ("amount", "BIGINT"), ("closed_at", "TIMESTAMP")),
        BOUGHT,
    ),
    Given("accounts", (("account_id", "VARCHAR"), ("name", "VARCHAR")), [(one, one) for one in "ABCD"]),
    Given("products", (("product_id", "VARCHAR"), ("unit_cost", "BIGINT")), [("X", 10), ("Y", None)]),
    Given(
        "lines",
        (("deal_id", "VARCHAR"), ("product_id", "VARCHAR"), ("quantity", "BIGINT"), ("amount", "BIGINT")),
        [("a1", "X", 2, 100), ("c1", "Y", 1, 500), ("d1", "X", 1, None)],
    ),
]
OF = {"deals": "deal", "accounts": "account", "products": "product", "lines": "deal_product"}
RIGHT = {
    "customer_revenue_amount": 1300,
    # A's 400, C's 500 and D's 400, and no amount of B's: 1,300 of three.
    "customer_lifetime_value": 1300 / 3,
    # Amount and cost are known of one line, A's: 100 less twice 10.
    "customer_lifetime_value.margin": 80,
    # In the year up to 30 September there are 5 purchases of 3 accounts, three of them with an amount, 200 in the mean; of
    # the two accounts that bought more than a year ago one has not come back.
    "yearly_purchases_count": 5,
    "yearly_purchases_count.mean_value": 200,
    "customers_count.active": 3,
    "churn_rate": 0.5,
    "customer_lifetime_value.predictive": 200 * (5 / 3) / 0.5,
}


@pytest.mark.slow
@pytest.mark.parametrize("engine", EVERYWHERE)
def test_lifetime_values(engine: str, tmp_path: Path) -> None:
    with landed(engine, TABLES, lambda *_: None, tmp_path / "db") as found:
        entities = {}
        for given in TABLES:
            names = {name: name for name, _ in given.columns}
            more = {"status": "'won'", "created_at": "closed_at"} if given.name == "deals" else {}
            key = {} if given.name == "lines" else {"key": given.columns[0][0]}
            entities[OF[given.name]] = {"table": f"{found.prefix}{given.name}", **key, "fields": names | more}
        (tmp_path / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
        about = {"version": 1, "source": found.url, "mapping": "m.yaml"}
        (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        spec = {"report": "custom", "period": "2026-Q3", "sections": [{"id": "k", "kpis": list(RIGHT)}]}
        made = figures(tmp_path, spec, datetime(2026, 10, 5, tzinfo=UTC))
    [row] = rows(made, "k")
    assert {name: float(row[name]) for name in RIGHT} == pytest.approx(RIGHT)
    # Of the purchases a3 and b1 have no amount, though A has two others that do.
    left_out = "Revenue from customers to date: 2 purchases without an amount left out."
    assert left_out in made.footnotes
    for name in ("customer_revenue_amount", "customer_lifetime_value"):
        [marks] = [tile.column.footnotes for tile in made.sections[0].kpis if tile.column.name == name]
        assert made.footnotes.index(left_out) + 1 in marks, name


METRICS = packaged().metrics
NAMES = [*METRICS, *(f"{name}.{variant}" for name in METRICS for variant in METRICS.variants(name))]
# Counts beside sums of what no row can lack, and why.
NEVER_LACKING = {
    "stage_duration_days.cumulative": "visits without one of their times are none that ended",
    "calls_per_agent_day": "each row of calls says how many they are",
    "callbacks_per_case": "each row of calls says how many they are",
}


@pytest.mark.parametrize("name", NAMES)
def test_counts_below_the_line_leave_out_what_sums_above_it_do(name: str) -> None:
    metric = METRICS[name]
    pairs = [(metric.numerator, metric.denominator)] if metric.kind == "ratio" else []
    for node in metric.formula.find_all(exp.Div) if metric.formula is not None else ():
        if isinstance(node.this, exp.Column | exp.Dot) and isinstance(node.expression, exp.Column | exp.Dot):
            pairs.append((".".join(path_of(node.this)), ".".join(path_of(node.expression))))
    for above, below in pairs:
        top, bottom = METRICS.get(above), METRICS.get(below)
        counts = bottom is not None and bottom.aggregate in ("count", "count_distinct")
        if top is None or bottom is None or top.aggregate != "sum" or not counts or top.entity != bottom.entity:
            continue
        assert top.of is not None
        asked = {tests.this.sql() for tests in bottom.where.find_all(exp.Is)} if bottom.where is not None else set()
        assert {node.sql() for node in column_nodes(top.of)} <= asked or name in NEVER_LACKING, (name, above, below)
