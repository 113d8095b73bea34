"""What is wrong in a project's own catalogue is told with its file and line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.loading import load_report

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PROJECT = "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n"
SPEC = "version: 1\nreport: custom\nperiod: 2026-09\nmetrics: [won_amount]\n"
ENTITY = """entity: big
label: {en: Big}
plural: {en: Big}
key: deal_id
derived:
  from: deal
  where: deal.amount > 1000
  fields: {deal_id: deal.deal_id, owner_id: deal.owner_id}
fields: {deal_id: {type: key}, owner_id: {type: key}}
relations:
  owner: {to: user, by: owner_id}
"""
METRIC = """metrics:
  - metric: big_count
    kind: aggregate
    entity: deal
    aggregate: count
    time: deal.closed_at
  - metric: big_rate
    kind: ratio
    numerator: big_count
    denominator: closed_deals_count
"""
REPORT = """report_type: bigs
label: {en: Bigs}
sections:
  - id: all
    kpis: [big_count, close_rate]
"""
FILES = {"entities/big.yaml": ENTITY, "metrics/own.yaml": METRIC, "report_types/bigs.yaml": REPORT}


def told(folder: Path, **changes: tuple[str, str]) -> list[tuple[str, str, int]]:
    """(code, file, line) of every mistake, after a change in one of the files."""
    (folder / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "s.yaml").write_text(SPEC, encoding="utf-8")
    for name, text in FILES.items():
        kind = name.split("/")[0]
        if kind in changes:
            before, after = changes[kind]
            assert before in text
            text = text.replace(before, after, 1)
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    checked = load_report(folder / "s.yaml", NOW, {})
    return [(d.code, Path(d.span.file).name, d.span.line) if d.span else (d.code, "", 0) for d in checked.diagnostics]


def test_nothing_is_wrong(tmp_path: Path) -> None:
    assert told(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        (("entity: big", "entity: deal"), "duplicate-entity", 1),
        (("key: deal_id", "key: deal_id\nloads: {at: closed_at}"), "duplicate-entity", 5),
        (("from: deal", "from: deel"), "unknown-entity", 6),
        (("deal.amount > 1000", "deal.amunt > 1000"), "unknown-field", 7),
        (("deal.amount > 1000", "deal.amount >"), "bad-expression", 7),
        (("key: deal_id", "key: deal"), "unknown-field", 4),
        (("to: user", "to: usr"), "unknown-entity", 11),
        (("by: owner_id", "by: owner"), "unknown-field", 11),
        (("owner_id: deal.owner_id}", "owner: deal.owner_id}"), "unknown-field", 8),
        (("key: deal_id", "keys: deal_id"), "unknown-key", 4),
        (("fields: {deal_id: {type: key}", "fields: {deal_id: {type: [}"), "yaml-syntax", 9),
    ],
)
def test_entities(change: tuple[str, str], code: str, line: int, tmp_path: Path) -> None:
    found = told(tmp_path, entities=change)
    assert (code, "big.yaml", line) in found


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        (("metric: big_count", "metric: won_amount"), "duplicate-metric", 2),
        (("entity: deal", "entity: deel"), "unknown-entity", 4),
        (("time: deal.closed_at", "time: deal.closed"), "unknown-field", 6),
        (("time: deal.closed_at", "time: select 1"), "bad-expression", 6),
        (("denominator: closed_deals_count", "denominator: closed_deals"), "unknown-metric", 10),
        (("numerator: big_count", "numerator: big_rate"), "circular-metric", 9),
    ],
)
def test_metrics(change: tuple[str, str], code: str, line: int, tmp_path: Path) -> None:
    assert (code, "own.yaml", line) in told(tmp_path, metrics=change)


@pytest.mark.parametrize("source", ["big", "other", "third"])
def test_entities_made_of_themselves(source: str, tmp_path: Path) -> None:
    """By themselves, by one other, by the partner of a match; whether or not anything asks for them."""
    (tmp_path / "entities").mkdir()
    other = ENTITY.replace("entity: big", "entity: other").replace("from: deal", "from: big").replace("deal.", "big.")
    (tmp_path / "entities" / "other.yaml").write_text(other, encoding="utf-8")
    paired = ENTITY.replace("entity: big", "entity: third").replace(
        "  where: deal.amount > 1000\n", "  match: {entity: big, on: deal.amount > 1000}\n"
    )
    (tmp_path / "entities" / "third.yaml").write_text(paired, encoding="utf-8")
    found = [one for one in told(tmp_path, entities=("from: deal", f"from: {source}")) if one[0] == "circular-entity"]
    assert found == [("circular-entity", f"{name}.yaml", 6) for name in dict.fromkeys(("big", source))]


def test_report_types(tmp_path: Path) -> None:
    found = told(tmp_path, report_types=("close_rate", "closed_rate"))
    assert ("unknown-metric", "bigs.yaml", 5) in found


def test_others_are_only_of_what_adds_up(tmp_path: Path) -> None:
    more = "    denominator: closed_deals_count\n  - {metric: r, kind: relative, of: sales_cycle_days.median, to: others, as: multiple}\n"
    found = told(tmp_path, metrics=("    denominator: closed_deals_count\n", more))
    assert ("not-additive", "own.yaml", 11) in found


@pytest.mark.parametrize("where", ["big.shop.town = 'Bari'", "user.name = 'Anna'", "shops.town = 'Bari'"])
def test_a_relation_that_leads_nowhere_is_told_wherever_it_is_gone(where: str, tmp_path: Path) -> None:
    """And no bug of the program."""
    found = told(
        tmp_path,
        entities=("  owner: {to: user, by: owner_id}\n", "  shop: {to: shops, by: owner_id}\n"),
        metrics=("entity: deal\n", f'entity: big\n    where: "{where}"\n'),
    )
    assert ("unknown-entity", "big.yaml", 11) in found
    assert {file for _, file, _ in found} == {"big.yaml", "own.yaml"}


@pytest.mark.parametrize(
    "formula", ["round(big_count, 1)", "case when big_count > 1 then 2 else 3 end", "abs(big_count)"]
)
def test_formulas_have_arithmetic_alone(formula: str, tmp_path: Path) -> None:
    ratio = "kind: ratio\n    numerator: big_count\n    denominator: closed_deals_count\n"
    found = told(tmp_path, metrics=(ratio, f"kind: derived\n    formula: {formula}\n"))
    assert found == [("bad-expression", "own.yaml", 9)]


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        ("deal.status = 'Closed Won'", 1),
        ("'Closed Won' = deal.status", 1),
        ("deal.status <> 'Lost'", 1),
        ("deal.status in ('Won', 'won', 'Lost')", 2),
        ("deal.amount > 5 and (deal.status = 'Won' or not deal.status = 'Won')", 1),
        ("case when deal.status = 'Won' then true else false end", 1),
        ("deal.status = 'won'", 0),
        ("deal.status in ('won', 'lost')", 0),
        ("deal.status like 'Wo%'", 0),
        ("lower(deal.status) = 'closed won'", 0),
        ("deal.source = 'Nowhere'", 0),  # which the source may have tomorrow
    ],
)
def test_texts_that_a_field_can_never_be_are_told(condition: str, wrong: int, tmp_path: Path) -> None:
    """In every own condition: the CRM's own words for what the mapping translates would count nothing, in silence."""
    metric = ("aggregate: count\n", f'aggregate: count\n    where: "{condition}"\n')
    assert told(tmp_path, metrics=metric) == [("bad-value", "own.yaml", 6)] * wrong
    assert told(tmp_path, entities=("deal.amount > 1000", f'"{condition}"')) == [("bad-value", "big.yaml", 7)] * wrong
    (tmp_path / "audits").mkdir()
    check = f'audits:\n  - {{audit: our_own, entity: deal, broken: "{condition}"}}\n'
    (tmp_path / "audits" / "own.yaml").write_text(check, encoding="utf-8")
    assert told(tmp_path) == [("bad-value", "own.yaml", 2)] * wrong
