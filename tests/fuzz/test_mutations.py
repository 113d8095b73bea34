"""Specs, projects, mappings and catalogues of one's own, changed at random: each is valid and compiles, or
is refused with a place, within five seconds.

Slow: hundreds of changed projects are checked and compiled."""

from __future__ import annotations

import copy
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from reportspec.compile import compile_report
from reportspec.diagnostics import harmless, render_json, render_text
from tests.language.test_own_catalogue import ENTITY
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SLOWEST = 60.0  # seconds of a processor, of the slowest: it says that there is an end
FILES: dict[str, str] = {
    "reportspec.yaml": """version: 1
source: {files: {opps: data/opps.csv, people: data/people.csv}}
mapping: mapping.yaml
timezone: Europe/Rome
locale: it_IT
currency: EUR
fiscal_year_start: 4
theme: {accent: "#0b5fff", header: Acme}
query: {timeout: 60, parallel: 2}
deliver: {smtp: "smtps://a@mail.example.com", from: a@example.com, allow: ["@example.com"]}
""",
    "mapping.yaml": """entities:
  deal:
    table: opps
    fields: {deal_id: id, name: name, owner_id: owner, amount: amount, currency: "'EUR'", created_at: made,
             closed_at: {sql: closed}, status: state}
  user:
    table: people
    fields: {user_id: id, name: name, team: team, is_active: "true"}
""",
    "entities/big.yaml": ENTITY,
    "metrics/own.yaml": """metrics:
  - metric: big_count
    label: {en: Big ones}
    kind: aggregate
    entity: deal
    aggregate: count
    where: deal.amount > options.least
    options: {least: {default: 1000}}
    time: deal.closed_at
    variants: {won: {narrow: deal.status = 'won'}}
  - {metric: big_rate, kind: ratio, numerator: big_count.won, denominator: big_count}
""",
    "report_types/bigs.yaml": """report_type: bigs
label: {en: Bigs}
metrics: [big_count, won_amount]
group_by: [user.name]
sections:
  - {id: all, kpis: [big_count, close_rate], where: deal.amount > 10}
  - {breakdown: {metrics: [big_count], by: [{field: deal.amount, bins: [10, 20]}], top: 5}}
  - {records: {entity: deal, fields: [deal.name], sort: -deal.amount, limit: 5}}
""",
    "s.yaml": """version: 1
report: bigs
title: Big deals
period: {from: 2026-01, to: 2026-03}
compare: previous_year
as_of: 2026-04-01
metrics: [won_amount, "big_count(least=45)"]
filters:
  - {field: deal.amount, gte: 1000, lt: 90000}
  - any: [{field: user.team, in: [North, South]}, {field: deal.closed_at, between: [2026-01-01, 2026-02-01]}]
where: deal.amount > {{ params.low }}
group_by: [user.team, user.name]
grain: month
goals: {won_amount: {target: 100, by: user.name, targets: {Anna: 50}}}
params: {low: {type: number, default: 5}}
sections:
  - {id: x, title: Trend, trend: {metrics: [won_amount], grain: week, chart: line}}
  - {breakdown: {metrics: [won_amount], by: [user.team, user.name], subtotals: true, sort: -won_amount}}
  - {funnel: {steps: [big_count, won_deals_count]}}
  - {backtest: {metric: won_amount, against: lost_amount, periods: 3}}
  - {highlights: {metrics: [won_amount], compare: [{metric: close_rate, by: user.name}], at_least: 5}}
  - {text: {en: Hello}}
for_each: {field: user.name, where: user.is_active}
deliver: {to: a@example.com, subject: "{{ report.title }}", when: won_amount > 5, attach: [pdf, csv]}
locale: de_DE
""",
    "t.yaml": "version: 1\nreport: pipeline\nperiod: last_quarter\ncompare: previous_period\n",
}
DATA = {
    "data/opps.csv": "id,name,owner,amount,made,closed,state\n1,a,1,5,2026-01-01,2026-02-01,won\n",
    "data/people.csv": "id,name,team\n1,Anna,North\n",
}
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**17,
    -(10**17),
    10**400,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    {"a": "b"},
    [None],
    "",
    " ",
    "x" * 3000,
    "\x1b[31m",
    "\u202e",
    "\u2028",
    "\ud7ff",
    "\U0001f600",
    "é" * 50,
    "'",
    '"',
    "a;b",
    "--",
    "{{ x }}",
    "{{ params.low }}",
    "${HOME}",
    "0001-01-01",
    "9999-12-31",
    "1900",
    "2200-12-31",
    "FY1900-Q1",
    "last_3660_years",
    "deal" + ".owner" * 300,
    "deal.amount > 1",
    "(" * 300,
    "won_amount",
    "close_rate.median(x=1)",
    "big_count(least=999999999)",
    "../../etc/passwd",
    "/dev/zero",
    "\x00",
    "Europe/Rome",
    "now()",
    [1] * 2000,
    ["user.name"] * 20,
    {str(i): i for i in range(600)},
)
LINES = (
    "\t- x",
    "<<: *a",
    "&a x: 1",
    "- *b",
    "!!python/object:os.system x",
    "? [a]",
    "...",
    "---",
    "x: |",
    "%YAML 1.1",
    "'",
    "{",
    "]",
    "\u00e9: \u200b",
)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(data, dict):
        inner = list(data.items())
    elif isinstance(data, list):
        inner = list(enumerate(data))
    return [(*path, key) for key, _ in inner] + [p for key, v in inner for p in places(v, (*path, key))]


def mutated(text: str, random: Random) -> bytes:
    """A file's text with one to three changes of its tree or of its lines."""
    if random.random() < 0.25:
        return _text(text, random)
    data = yaml.safe_load(text)
    change = _change if random.random() < 0.25 else _small
    for _ in range(random.randint(1, 3) if change is _change else 1):
        change(data, random)
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=random.random() < 0.5).encode("utf-8", "replace")


def _change(data: Any, random: Random) -> None:
    paths = places(data)
    if not paths:
        return
    path = random.choice(paths)
    holder = data
    for step in path[:-1]:
        holder = holder[step]
    key, kind = path[-1], random.randrange(5)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[key] = copy.deepcopy(random.choice(VALUES))
    elif kind == 2:  # the value of another place
        other = data
        for step in random.choice(paths):
            other = other[step]
        holder[key] = copy.deepcopy(other)
    elif isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif kind == 3 or not isinstance(key, str):
        holder[random.choice(["x", "", "where", "\x1b", "é", "a" * 500, 5, None])] = holder.pop(key)
    else:
        holder[key[:-1] + key[-1:] * 2] = holder.pop(key)


# What may stand in place of each other, so that many changes are still within the schema.
KINDS: tuple[tuple[Any, ...], ...] = (
    (
        "won_amount",
        "close_rate",
        "big_count",
        "big_rate",
        "won_deals_count",
        "big_count.won",
        "open_pipeline_amount",
        "new_revenue_amount",
        "sales_cycle_days",
        "win_rate",
        "churn_rate",
        "average_deal_size",
        "leads_count",
        "activities_count",
        "lost_amount",
        "big_count(least=3)",
    ),
    (
        "user.name",
        "user.team",
        "deal.amount",
        "deal.name",
        "deal.status",
        "deal.closed_at",
        "deal.owner.name",
        "user.is_active",
        "owner.name",
        "deal.currency",
        "deal.created_at",
        "account.name",
    ),
    (
        "deal.amount > 1",
        "deal.status = 'won'",
        "user.team in ('North', 'South')",
        "deal.amount > {{ params.low }}",
        "deal.closed_at is null",
        "not user.is_active",
        "deal.amount between 1 and 1e9",
        "deal.name like '%x%'",
        "lower(deal.name) = 'a'",
        "date_diff('day', deal.created_at, deal.closed_at) > 3",
        "deal.amount / 0 > 1",
        "case when deal.amount > 1 then true else false end",
    ),
    (
        "last_quarter",
        "this_month",
        "last_12_months",
        "2026-Q1",
        "2026",
        "FY2026",
        "2026-02",
        "1901",
        "2199-12",
        "last_1_days",
        "yesterday",
        "this_year",
        {"from": "2026-01-31", "to": "2026-01-31"},
    ),
    ("day", "week", "month", "quarter", "year"),
    ("previous_period", "previous_year", {"from": "2025-01", "to": "2025-02"}),
    ("bar", "line", "pie", "heatmap", "area", "none", "waterfall"),
    (0, 1, 2, 5, 12, 100, 1000),
    (0.5, 1.25, -3.5, 1e9),
    (True, False),
    ("it_IT", "de_DE", "en_US", "ar_EG", "ja_JP", "xx"),
    ("Europe/Rome", "UTC", "Asia/Kathmandu", "Pacific/Apia", "America/New_York"),
)


def _small(data: Any, random: Random) -> None:
    """One value becomes another of its kind, an item or a key goes, or two items change places."""
    paths = places(data)
    random.shuffle(paths)
    for path in paths:
        holder = data
        for step in path[:-1]:
            holder = holder[step]
        key = path[-1]
        value = holder[key]
        for kind in KINDS:
            if any(type(one) is type(value) and one == value for one in kind):
                holder[key] = copy.deepcopy(random.choice(kind))
                return
        if isinstance(holder, list) and len(holder) > 1:
            if random.random() < 0.5:
                del holder[key]
            else:
                random.shuffle(holder)
            return
        if isinstance(value, int) and not isinstance(value, bool):
            holder[key] = value + random.choice((-1, 1, 7))
            return
        if len(path) > 1 and random.random() < 0.2:
            del holder[key]
            return


def _text(text: str, random: Random) -> bytes:
    lines = text.split("\n")
    at = random.randrange(len(lines))
    match random.randrange(6):
        case 0:
            lines.insert(at, random.choice(LINES))
        case 1:
            lines.insert(at, lines[at])
        case 2:
            lines[at] = lines[at][: random.randrange(len(lines[at]) + 1)]
        case 3:
            return b"\xef\xbb\xbf" + "\r\n".join(lines).encode()
        case 4:
            lines[at] += " \xe9"
            return "\n".join(lines).encode("latin-1", "replace")
        case _:
            lines[at] = "\t" + lines[at]
    return "\n".join(lines).encode()


def check(folder: Path, spec: str) -> bool:
    """Validate and compile as the command line does; whether there was something to compile."""
    begun = time.process_time()
    checked = load_report(folder / spec, NOW, {"HOME": "/"})
    for told in checked.diagnostics:
        assert told.span is not None, told
    said = render_text(checked.diagnostics, checked.texts)
    assert harmless(said) == said
    render_json(checked.diagnostics)
    assert checked.diagnostics or checked.report is not None, "nothing is told"
    sound = checked.report is not None and not checked.broken
    if sound:
        assert checked.report is not None
        compile_report(checked.report)
    assert time.process_time() - begun < SLOWEST, "too slow"
    return sound


@pytest.mark.slow
def test_changed_files(tmp_path: Path, draw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (FILES | DATA).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for spec in ("s.yaml", "t.yaml"):
        checked = load_report(tmp_path / spec, NOW, {})
        assert not [d for d in checked.diagnostics if d.severity == "error"], render_text(checked.diagnostics, {})
    faults: dict[str, str] = {}
    compiled = 0
    rounds = draw.rounds(100, 20_000)
    for number in range(rounds):
        random = Random(f"{draw.seed} {number}")
        names = random.sample([*FILES, "s.yaml", "s.yaml"], 2 if random.random() < 0.2 else 1)
        for name in names:
            (tmp_path / name).write_bytes(mutated(FILES[name], random))
        name = names[0]
        try:
            compiled += check(tmp_path, name if name in ("s.yaml", "t.yaml") else random.choice(["s.yaml", "t.yaml"]))
        except Exception as error:
            tail = error.__traceback__
            while tail is not None and tail.tb_next is not None:
                tail = tail.tb_next
            where = f"{tail.tb_frame.f_code.co_filename}:{tail.tb_lineno}" if tail else ""
            faults.setdefault(f"{type(error).__name__} {where}", f"{number} {names} {str(error)[:300]}")
        for name in names:
            (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    assert not faults, "\n".join(f"{kind}: {how}" for kind, how in faults.items())
    assert compiled > rounds / 3, f"only {compiled} of {rounds} came as far as SQL"
