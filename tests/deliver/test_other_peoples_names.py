"""A report for one person does not tell whom else there is a report for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.building import Order, build
from reportspec.spec_copy import spec_copy

NAMES = ["Annaxq", "Boxq", "Cemxq"]
FIELDS = {"status": "status", "amount": "amount", "created_at": "day", "closed_at": "day", "owner_id": "owner"}
MAPPING = {
    "entities": {
        "deal": {"table": "deals", "key": "id", "fields": FIELDS},
        "user": {"table": "users", "key": "id", "fields": {"name": "name", "email": "email", "team": "team"}},
    }
}
LISTED = "'Annaxq', 'Boxq', 'Cemxq'"


def made(folder: Path, **more: Any) -> tuple[dict[str, Any], str]:
    """Each one's figures, and the spec."""
    (folder / "m.yaml").write_text(yaml.safe_dump(MAPPING), encoding="utf-8")
    deals = [f"{n},won,{n}00,2026-02-10,{n}" for n in (1, 2, 3)]
    users = [f"{n},{name},{name.lower()}@example.com,North" for n, name in enumerate(NAMES, 1)]
    (folder / "deals.csv").write_text("\n".join(["id,status,amount,day,owner", *deals]) + "\n", encoding="utf-8")
    (folder / "users.csv").write_text("\n".join(["id,name,email,team", *users]) + "\n", encoding="utf-8")
    own = {"version": 1, "source": {"files": {"deals": "deals.csv", "users": "users.csv"}}, "mapping": "m.yaml"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump({**own, "timezone": "UTC"}), encoding="utf-8")
    spec = {"version": 1, "period": "2026-Q1", "metrics": ["won_amount"], "for_each": "user.name", **more}
    text = yaml.safe_dump(spec, sort_keys=False)
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    built = build(folder / "s.yaml", Order(datetime(2026, 11, 1, tzinfo=UTC), {}))
    assert built.made is not None, built.diagnostics
    return {value.value: figures for value, figures in built.made.figures}, text


NAMING: list[dict[str, Any]] = [
    {"filters": [{"field": "user.name", "in": NAMES}]},
    {"filters": [{"field": "user.name", "not_in": ["Dorxq", "Zedxq"]}]},
    {"filters": [{"field": "user.email", "in": [f"{name.lower()}@example.com" for name in NAMES]}]},
    {"where": f"user.name in ({LISTED})"},
    {"where": f"deal.owner.name in ({LISTED}) and deal.amount > 1"},
]


@pytest.mark.parametrize("more", NAMING)
def test_names_in_filters(more: dict[str, Any], tmp_path: Path) -> None:
    found, text = made(tmp_path, **more)
    assert {name: float(one.sections[0].kpis[0].value) for name, one in found.items()} == dict(
        zip(NAMES, (100, 200, 300), strict=True)
    )
    others = {name: [one for one in (*NAMES, "Dorxq", "Zedxq") if one != name] for name in NAMES}
    for name, figures in found.items():
        told = " ".join(figures.filters)
        assert name in told
        assert not [one for one in others[name] if one.lower() in told.lower()]
        copy = spec_copy(text, ("user.name", name)) or ""
        assert not [one for one in others[name] if one.lower() in copy.lower()]
        assert "won_amount" in copy


def test_other_filters_are_told(tmp_path: Path) -> None:
    found, text = made(tmp_path, filters=[{"field": "user.team", "in": ["North"]}], where="deal.amount > 1")
    for name, figures in found.items():
        told = " ".join(figures.filters)
        assert "North" in told
        assert "deal.amount > 1" in told
        assert "North" in (spec_copy(text, ("user.name", name)) or "")
