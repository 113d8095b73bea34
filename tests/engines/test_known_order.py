"""Where the survey finds that a history has no two changes of a deal at one time, or leaves nothing out, what is made from
it is made without asking for either: the figures are those of the windows that do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.compile import compile_report
from reportspec.contract import survey
from reportspec.contract.fit import fitted
from reportspec.model.mapped import SourceMap
from reportspec.resolve.binding import Binding
from reportspec.sql.known_order import NOTHING_KNOWN, KnownOrder, narrower
from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, SERVERS, landed
from tests.loading import load_report

NOW = datetime(2026, 7, 15, tzinfo=UTC)
HISTORY = "deal_stage_history"
SPEC: dict[str, Any] = {
    "version": 1,
    "report": "custom",
    "period": "2026-Q2",
    "sections": [
        {"id": "a", "kpis": ["open_amount", "deals_created_amount", "won_amount"]},
        {"id": "b", "breakdown": {"metrics": ["open_amount"], "by": ["stage.name"]}},
        {"id": "c", "trend": {"metrics": ["open_amount"], "grain": "month"}},
        {"id": "d", "records": {"entity": "deal", "limit": 500, "fields": ["deal.deal_id", "deal.amount", "deal.currency",
                                                                          "deal.expected_close_date", "deal.stage_id"]}},
    ],
}  # fmt: skip
DEAL = {"deal_id": "id", "amount": "amount", "currency": "money", "status": "status", "stage_id": "stage",
        "created_at": "created", "closed_at": "closed", "expected_close_date": "due"}  # fmt: skip
CHANGE = {"deal_id": "deal", "stage_id": "stage", "entered_at": "at", "amount": "amount", "currency": "money",
          "expected_close_date": "due"}  # fmt: skip
TEXTS = ("id", "deal", "stage", "status", "money")
TYPES = {"amount": "BIGINT", "created": "TIMESTAMP", "closed": "TIMESTAMP", "at": "TIMESTAMP", "due": "DATE"}
KINDS = {"neat": (0.0, 0.0), "gaps": (0.3, 0.0), "ties": (0.0, 0.3), "both": (0.3, 0.3)}  # how often each is drawn
Row = tuple[Any, ...]


def drawn(kind: str) -> tuple[list[Row], list[Row]]:
    """Deals and their changes, some of which leave out what was said before, or have the time of the one before. Some say
    nothing from the first on, some are of no deal, and some have no time."""
    leaves, ties = KINDS[kind]
    r = Random(f"order {kind}")
    deals, changes = list[Row](), list[Row]()
    for number in range(70):
        at, said, stage = datetime(2026, 1, 5, 9) + timedelta(hours=number), False, "S1"
        first = r.choice([0, 0, 1, 9])  # from which change on an amount is said
        for step in range(r.randint(0, 6)):
            if not (step and r.random() < ties):
                at += timedelta(days=r.randint(1, 30), seconds=r.randint(1, 900))
            said = step >= first and not (step > first and r.random() < leaves)
            amount = r.randint(1, 900) if said else None
            due = None if step and r.random() < leaves else date(2026, r.randint(5, 12), r.randint(1, 28))
            stage = r.choice(["S1", "S1", "S2", "S3"])
            changes.append((f"d{number}", stage, at, amount, r.choice(["EUR", "EUR", None]) if said else None, due))
        status = "won" if stage == "S3" else "open"
        closed = at if status == "won" and r.random() < 0.7 else None
        known = r.choice([(1000, "EUR", date(2026, 12, 1)), (None, None, None)])
        deals.append((f"d{number}", known[0], known[1], status, stage, datetime(2026, 1, 5), closed, known[2]))
    changes += [("nobody", "S1", datetime(2026, 2, 3), 7, "EUR", None), ("d1", "S1", None, None, None, None)]
    r.shuffle(changes)
    return deals, changes


def project(folder: Path, url: str, prefix: str) -> Path:
    stages = [
        {"stage_id": f"S{at}", "name": name, "position": at, "is_won": at == 3, "is_lost": False}
        for at, name in ((1, "Talk"), (2, "Offer"), (3, "Won"))
    ]
    entities = {
        "deal": {"table": f"{prefix}d", "key": "id", "fields": DEAL},
        HISTORY: {"table": f"{prefix}h", "fields": CHANGE},
        "stage": {"rows": stages},
    }
    (folder / "m.yaml").write_text(yaml.safe_dump({"timezone": "UTC", "entities": entities}), encoding="utf-8")
    said = {"version": 1, "source": url, "mapping": "m.yaml", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    (folder / "asked.yaml").write_text(yaml.safe_dump(SPEC), encoding="utf-8")
    return folder / "asked.yaml"


def reckoned(changes: list[Row]) -> KnownOrder:
    """What there is to know of the changes, from the rows themselves."""
    dated = sorted((row for row in changes if row[2] is not None), key=lambda row: (row[0], row[2]))
    pairs = [(one, other) for one, other in pairwise(dated) if one[0] == other[0]]
    apart = not any(one[2] == other[2] for one, other in pairs)
    unbroken = set()
    for at, name in ((3, "amount"), (5, "expected_close_date")):
        since = {key: min(row[2] for row in dated if row[0] == key and row[at] is not None)
                 for key in {row[0] for row in dated if row[at] is not None}}  # fmt: skip
        if not any(row[at] is None and row[0] in since and row[2] >= since[row[0]] for row in dated):
            unbroken.add((HISTORY, name))
    return KnownOrder(frozenset({(HISTORY, "deal_id", "entered_at")} if apart else ()), frozenset(unbroken))


# Servers, which take seconds to start, are asked for what has nothing of it and what has all.
ASKED = [(engine, kind) for engine in EVERYWHERE for kind in KINDS if engine not in SERVERS or kind in ("neat", "both")]


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "kind"), ASKED)
def test_what_is_known_changes_no_figure(
    engine: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow: servers are started. The survey finds what the rows themselves say, and figures are the same without it."""
    deals, changes = drawn(kind)
    tables = [
        Given(name, tuple((c, "VARCHAR" if c in TEXTS else TYPES[c]) for c in mapped.values()), rows)
        for name, mapped, rows in (("d", DEAL, deals), ("h", CHANGE, changes))
    ]
    amount = (HISTORY, "amount")
    wanted, heard, known_by = reckoned(changes), list[KnownOrder](), survey.known_by
    assert bool(wanted.apart) == (kind in ("neat", "gaps"))
    assert (len(wanted.unbroken) == 2, bool(wanted.unbroken)) == (kind == "neat", kind in ("neat", "ties"))

    def found(*arguments: Any) -> KnownOrder:
        heard.append(known_by(*arguments))
        return heard[-1]

    with landed(engine, tables, lambda *_: None, tmp_path / "db") as place:
        checked = load_report(project(tmp_path, place.url, place.prefix), NOW, {})
        assert checked.report is not None, checked.diagnostics
        report = checked.report
        monkeypatch.setattr(survey, "known_by", found)
        short = survey.answered(fitted(compile_report(report)))
        monkeypatch.setattr(survey, "known_by", lambda *_: NOTHING_KNOWN)
        full = survey.answered(fitted(compile_report(report)))
    assert heard == [wanted]
    told = [
        [(one.check.kind, one.check.of, one.count, one.examples) for one in of.surveyed.findings]
        for of in (short, full)
    ]
    assert told[0] == told[1]
    assert "deal.open_without_expected_date" in {of for _, of, _, _ in told[0]}
    for one, other in zip(short.results, full.results, strict=True):
        assert sorted(map(str, one.table.rows)) == sorted(map(str, other.table.rows))
        assert one.sql == other.sql, "what is told of a statement hangs on the rows"
    made = ["".join(tree.sql() for tree in of.results[0].asked[:-1]) for of in (short, full)]
    if made[1]:  # where statements share tables
        assert "deal_latest" in made[1]
        assert ("deal_latest" in made[0]) == (not wanted.apart)
        assert all(('AS "amounts"' in made[at]) == (at == 1 or amount not in wanted.unbroken) for at in (0, 1))


def test_the_catalogues_own_windows_are_found() -> None:
    """Were one of a history's windows written in another way, it would cost as before, and nobody would see it."""
    binding = Binding(packaged(), SourceMap("m", "duckdb", "UTC", {}), UTC, UTC, "EUR")
    amount, day = (HISTORY, "amount"), (HISTORY, "expected_close_date")
    known = KnownOrder(frozenset({(HISTORY, "deal_id", "entered_at")}), frozenset({amount, day}))
    change, stay = (binding.entity(name).derived for name in ("stage_change", "stage_stay"))
    assert change is not None
    assert stay is not None
    orders = [
        [len(order.expressions) for order in tree.find_all(exp.Order)]
        for tree in (narrower(binding, known, change, made) for made in change.fields.values())
    ]
    assert {count for counts in orders for count in counts} == {1}
    assert len([counts for counts in orders if counts]) == 6
    carried = {"amount": amount, "currency": amount, "expected_close_date": day}
    for name, of in carried.items():
        assert stay.fields[name].find(exp.Window), "nothing is carried on any more"
        assert not narrower(binding, known, stay, stay.fields[name]).find(exp.Window)
        others = KnownOrder(known.apart, known.unbroken - {of})
        assert narrower(binding, others, stay, stay.fields[name]) is stay.fields[name]
    rest = [tree for name, tree in stay.fields.items() if name not in carried]
    assert all(narrower(binding, known, stay, tree) is tree for tree in rest)
