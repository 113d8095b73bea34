"""Amounts of several currencies within one expression are converted before they are combined."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.figures.asking import NOW, codes, figures
from tests.figures.from_tables import project_of
from tests.loading import load_report

# A dinar is worth two euros in May, four from June on. List prices have no currency: they are in euros.
TABLES = {
    "fx_rate": "day,from_currency,to_currency,rate\n2026-05-01,KWD,EUR,2\n2026-06-01,KWD,EUR,4\n",
    "product": "product_id,name,list_price,unit_cost\np,Pump,100,50\n",
    "account": "account_id,name,created_at\na,Acme,2026-01-01 10:00:00\n",
    "deal": (
        "deal_id,name,account_id,status,currency,amount,created_at,closed_at\n"
        "may,May,a,won,KWD,40,2026-05-01 10:00:00,2026-05-20 10:00:00\n"
        "june,June,a,won,KWD,20,2026-05-01 10:00:00,2026-06-20 10:00:00\n"
        "euro,Euro,a,won,EUR,90,2026-05-01 10:00:00,2026-06-20 10:00:00\n"
        "pound,Pound,a,won,GBP,50,2026-05-01 10:00:00,2026-06-20 10:00:00\n"
    ),
    "deal_product": (
        "line_id,deal_id,product_id,quantity,unit_price,amount\n"
        "1,may,p,2,40,60\n2,june,p,1,20,20\n3,euro,p,1,90,90\n4,pound,p,2,50,50\n"
    ),
}
OF = {
    # 1 − 40 × 2 / 100 = 0.2; 1 − 20 × 4 / 100 = 0.2; 1 − 90 / 100 = 0.1; pounds have no rate.
    "discount": ("average", "1 - deal_product.unit_price / deal_product.product.list_price", (0.2 + 0.2 + 0.1) / 3),
    "reduced": ("max", "deal_product.product.list_price - deal_product.unit_price", 20),
    # In euros 80, 80 and 90 are more than 50, which neither 40 nor 20 dinars would be.
    "dear": ("sum", "case when deal_product.unit_price > deal_product.product.unit_cost then 1 else 0 end", 3),
    # Of one currency: the same in all, pounds included. 60 of 80, 20 of 20, 90 of 90, 50 of 100.
    "paid": ("average", "deal_product.amount / (deal_product.quantity * deal_product.unit_price)", 3.25 / 4),
    # Two fields that may be in two currencies, as deals and lines have each their own.
    "part": ("max", "deal_product.unit_price / nullif(deal_product.deal.amount, 0)", 1),
}


def project(folder: Path, engine: str) -> Path:
    project_of(folder, TABLES, engine)
    mapping = folder / "mapping.yaml"  # lines have no key of their own
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("    key: line_id\n", "").replace("      line_id: line_id\n", "").replace("    key: day\n", ""), encoding="utf-8")  # fmt: skip
    (folder / "metrics").mkdir()
    own = [
        {"metric": name, "kind": "aggregate", "label": name, "entity": "deal_product", "aggregate": how, "of": of,
         "time": "deal_product.deal.closed_at", "unit": "ratio"}
        for name, (how, of, _) in OF.items()
    ]  # fmt: skip
    (folder / "metrics" / "own.yaml").write_text(yaml.safe_dump({"metrics": own}), encoding="utf-8")
    return folder


SPEC = {"report": "custom", "period": "2026-Q2", "metrics": list(OF)}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_amounts_are_of_one_currency_before_they_are_combined(engine: str, tmp_path: Path) -> None:
    made = figures(project(tmp_path, engine), SPEC)
    told = {kpi.column.name: kpi.value for kpi in made.sections[0].kpis}
    assert told == {name: pytest.approx(right) for name, (_, _, right) in OF.items()}
    assert "discount: 1 deal line in another currency than EUR" in " ".join(made.footnotes)
    assert not any(note.startswith("paid") and "with care" not in note for note in made.footnotes)
    assert "no-rate" in {one.code for one in made.warnings}


def test_amounts_cannot_be_combined_in_no_currency(tmp_path: Path) -> None:
    """Neither without a currency to convert to, nor in one of which nothing says what list prices are in it."""
    about = project(tmp_path, "duckdb") / "reportspec.yaml"
    assert codes(tmp_path, {**SPEC, "metrics": ["discount"], "currency": "CHF"}) == ["no-currency"]
    assert codes(tmp_path, {**SPEC, "metrics": ["product_margin_amount"], "currency": "CHF"}) == ["no-currency"]
    about.write_text(about.read_text(encoding="utf-8").replace("currency: EUR\n", ""), encoding="utf-8")
    assert codes(tmp_path, {**SPEC, "metrics": ["discount"]}) == ["no-currency"]
    assert codes(tmp_path, {**SPEC, "metrics": ["paid"]}) == []


@pytest.mark.parametrize(
    ("amount", "right"),
    [
        ("sum(deal_product.unit_price)", False),
        ("max(deal_product.unit_price - deal_product.product.list_price)", False),
        (
            "sum(converted(deal_product.unit_price, deal_product.deal.closed_at) - deal_product.product.list_price)",
            True,
        ),
        ("sum(deal_product.quantity * deal_product.product.list_price)", True),
        ("count(deal_product.unit_price)", True),
    ],
)
def test_fields_of_own_entities_are_of_one_currency(amount: str, right: bool, tmp_path: Path) -> None:
    (project(tmp_path, "duckdb") / "entities").mkdir()
    own = {
        "entity": "basket", "label": "Basket", "plural": "Baskets", "key": "deal_id",
        "derived": {"from": "deal_product", "group_by": ["deal_id"], "where": "deal_product.deal_id is not null",
                    "fields": {"deal_id": "deal_product.deal_id", "worth": amount}},
        "fields": {"deal_id": {"type": "key"}, "worth": {"type": "money"}},
    }  # fmt: skip
    (tmp_path / "entities" / "basket.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    path = tmp_path / "asked.yaml"
    path.write_text(json.dumps({"version": 1, **SPEC, "metrics": ["paid"]}), encoding="utf-8")
    told = load_report(path, NOW, {}).diagnostics
    assert [one.code for one in told] == [] if right else ["bad-expression"]
    if not right:
        assert told[0].span is not None
        line = (tmp_path / "entities" / "basket.yaml").read_text(encoding="utf-8").splitlines()[told[0].span.line - 1]
        assert line.strip() == f"worth: {amount}"
