"""The kinds of checks that are for one's own: what each finds in a few rows, worked out by hand."""

from __future__ import annotations

import csv
import json
import random
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from reportspec.audit.anomalies import LEAST, LEAST_OF_ERROR, expected, judged
from reportspec.audit.earlier import earlier
from reportspec.audit.project_audit import AuditOrder, audit_project
from reportspec.calendar.instants import until
from reportspec.model.audits import Audit, AuditCheck, Earlier, EntityAudit, Outcome
from tests.figures.from_tables import project_of

RunCli = Callable[..., subprocess.CompletedProcess[str]]
ENGINES = ("duckdb", "sqlite")
USERS = "user_id,name,is_active\n1,Ada,true\n"


def project(folder: Path, tables: Mapping[str, str], engine: str = "duckdb") -> Path:
    """A project over the tables, in the place of the one before."""
    (folder / "crm.db").unlink(missing_ok=True)
    return project_of(folder, tables, engine)


def own(folder: Path, *checks: str) -> None:
    (folder / "audits").mkdir(exist_ok=True)
    (folder / "audits" / "ours.yaml").write_text("audits:\n" + "".join(f"  - {c}\n" for c in checks), encoding="utf-8")


def asked(run_cli: RunCli, folder: Path, day: date = date(2026, 11, 28)) -> Mapping[str, dict[str, Any]]:
    """What came of each of the checks that are called `our_…`."""
    done = run_cli(["audit", "--today", day.isoformat(), "--format", "json", "--fail-on", "never"], cwd=folder)
    assert done.returncode == 0, done.stderr
    every = [check for entity in json.loads(done.stdout)["entities"] for check in entity["checks"]]
    return {check["check"]: check for check in every if check["check"].startswith("our_")}


def deals(rows: list[str]) -> dict[str, str]:
    head = "deal_id,owner_id,name,status,amount,currency,created_at,expected_close_date,competitor\n"
    return {"user": USERS, "deal": head + "".join(f"{row}\n" for row in rows)}


def deal(number: int, name: str = "", amount: str = "1000", cur: str = "EUR", at: str = "2026-11-01 09:00:00") -> str:
    return f"D{number},1,{name or f'Deal {number}'},open,{amount},{cur},{at},2026-12-31,"


@pytest.mark.parametrize("engine", ENGINES)
def test_what_departs_from_the_form_that_most_have(engine: str, tmp_path: Path, run_cli: RunCli) -> None:
    """Of ten names nine are two letters, a line and four digits: `ab-1234`; where 95 % have to agree nothing is told."""
    names = [f"{'Ab' if n % 2 else 'cd'}-{1000 + n}" for n in range(9)]
    folder = project(tmp_path, deals([deal(n, name) for n, name in enumerate([*names, "Ab 1009"])]), engine)
    own(
        folder,
        "{audit: our_form, same_format: {field: deal.name}}",
        "{audit: our_strict_form, same_format: {field: deal.name, support: 0.95}}",
        "{audit: our_status_form, same_format: {field: deal.status}}",
    )
    found = asked(run_cli, folder)
    assert {name: one["broken"] for name, one in found.items()} == {
        "our_form": 1,
        "our_strict_form": 0,
        "our_status_form": 0,
    }
    assert [one["key"] for one in found["our_form"]["examples"]] == ["D9"]
    assert found["our_form"]["label"] == "Deals: Deal in another form than most"


@pytest.mark.parametrize("engine", ENGINES)
def test_how_many_may_have_the_same(engine: str, tmp_path: Path, run_cli: RunCli) -> None:
    """Three deals are called A, two B, one C."""
    folder = project(tmp_path, deals([deal(n, name) for n, name in enumerate("AABACB")]), engine)
    own(
        folder,
        "{audit: our_same, unique: deal.name}",
        "{audit: our_two, unique: {fields: deal.name, at_most: 2}}",
        "{audit: our_pair, unique: {fields: [deal.name, deal.amount], at_most: 2}}",
        "{audit: our_three, unique: {fields: deal.name, at_most: 3}}",
    )
    counts = {name: one["broken"] for name, one in asked(run_cli, folder).items()}
    assert counts == {"our_same": 5, "our_two": 3, "our_pair": 3, "our_three": 0}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_said_of_all_that_are_alike(engine: str, tmp_path: Path, run_cli: RunCli) -> None:
    """Of the seven deals three are called A but for case, two B and two nothing, and none has a competitor: those without
    are alike, too. What is looked at changes nothing of who is alike."""
    folder = project(
        tmp_path, deals([deal(n, name) for n, name in enumerate(["A", "a", "A ", "B", "B", " ", " "])]), engine
    )
    by = "over (partition by lower(trim(deal.name)))"
    own(
        folder,
        f'{{audit: our_named, entity: deal, when: "trim(deal.name) <> \'\'", broken: "count(*) {by} > 1"}}',
        f'{{audit: our_all, entity: deal, when: "deal.amount > 0", broken: "count(*) {by} > 1"}}',
        f'{{audit: our_first, entity: deal, when: "deal.name <> \'A\'", broken: "min(deal.created_at) {by} is not null and count(*) {by} > 2"}}',
        "{audit: our_rivals, entity: deal, when: \"coalesce(deal.competitor, 'none') <> ''\", broken: \"count(*) over (partition by deal.competitor) > 6\"}",
    )
    counts = {name: one["broken"] for name, one in asked(run_cli, folder).items()}
    assert counts == {"our_named": 5, "our_all": 7, "our_first": 2, "our_rivals": 7}


@pytest.mark.parametrize("engine", ENGINES)
def test_how_old_the_newest_may_be(engine: str, tmp_path: Path, run_cli: RunCli) -> None:
    """The newest deal is of the 21st at nine, 7.6 days before the 28th is over; one of the future is no sign of life. Of
    deals that are won there is none, which is not old."""
    times = ["2026-11-20 09:00:00", "2026-11-21 09:00:00", "2026-12-24 09:00:00"]
    folder = project(tmp_path, deals([deal(n, at=at) for n, at in enumerate(times)]), engine)
    own(
        folder,
        "{audit: our_week, fresh_within: {field: deal.created_at, days: 7}}",
        "{audit: our_days, fresh_within: {field: deal.created_at, days: 7.7}}",
        "{audit: our_won, when: deal.status = 'won', fresh_within: {field: deal.created_at, days: 1}}",
    )
    found = {name: (one["broken"], one["level"]) for name, one in asked(run_cli, folder).items()}
    assert found == {"our_week": (1, "error"), "our_days": (0, "pass"), "our_won": (0, "pass")}


# What all of some deals break, by a check of each kind.
OF_LARGE = {
    "condition": "entity: deal, broken: deal.amount > 1",
    "text": "not_null: deal.competitor",
    "word": "accepted_values: {field: deal.status, values: [won]}",
    "form": "format: {field: deal.status, pattern: '^x'}",
    "same": "unique: deal.status",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_amounts_that_people_compare_are_in_one_currency(engine: str, tmp_path: Path, run_cli: RunCli) -> None:
    """A dollar is two euros: of 1,000 EUR, 1,000 USD and 300 USD the third is below 900 EUR, and the second above 1,400;
    a sign is the same in each currency. All three are above 500 EUR."""
    amounts = [deal(1, amount="1000"), deal(2, amount="1000", cur="USD"), deal(3, amount="300", cur="USD")]
    rates = "day,from_currency,to_currency,rate\n2026-01-01,USD,EUR,2\n"
    folder = project(tmp_path, {**deals(amounts), "fx_rate": rates}, engine)
    mapping = (folder / "mapping.yaml").read_text(encoding="utf-8").replace("    key: day\n", "")
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    own(
        folder,
        "{audit: our_small, entity: deal, broken: deal.amount < 900}",
        "{audit: our_range, range: {field: deal.amount, min: 900, max: 1400}}",
        "{audit: our_sign, entity: deal, broken: deal.amount < 0}",
        *(f"{{audit: our_{name}, when: deal.amount > 500, {of}}}" for name, of in OF_LARGE.items()),
    )
    found = asked(run_cli, folder)
    keys = {name: sorted(one["key"] for one in check["examples"]) for name, check in found.items()}
    large = {key: ["D1", "D2", "D3"] for key in (f"our_{name}" for name in OF_LARGE)}
    assert keys == {"our_small": ["D3"], "our_range": ["D2", "D3"], "our_sign": [], **large}
    assert {found[name]["looked_at"] for name in large} == {3}


@pytest.mark.parametrize("engine", ENGINES)
def test_an_anomaly_against_the_audits_before(engine: str, tmp_path: Path, run_cli: RunCli) -> None:
    """A deal more each day, for nine days, of 1,000 each; then six at once, three of them without an amount and three
    of 5,000. Before seven audits of other days nothing is expected.

    Slow: ten audits, each of other rows."""
    anomalies = ("rows", "nulls", "mean")
    rows = [deal(n) for n in range(20)]
    last: Mapping[str, dict[str, Any]] = {}
    for day in range(9):
        folder = project(tmp_path, deals(rows), engine)
        own(
            folder,
            "{audit: our_rows, entity: deal, anomaly: {measure: rows}}",
            "{audit: our_nulls, anomaly: {measure: nulls, field: deal.amount}}",
            "{audit: our_mean, severity: warning, anomaly: {measure: mean, field: deal.amount, factor: 4}}",
            "{audit: our_texts, anomaly: {measure: nulls, field: deal.competitor}}",
        )
        last = asked(run_cli, folder, date(2026, 11, 1) + timedelta(days=day))
        level = "not_applicable" if day < LEAST else "pass"
        assert {last[f"our_{name}"]["level"] for name in anomalies} == {level}, day
        rows.append(deal(len(rows)))
    assert last["our_texts"]["measured"] == 1.0  # empty texts are none
    assert last["our_rows"]["expected"] == pytest.approx(
        [23.625, 32.375], abs=0.001
    )  # 28; 8 audits: 3.5 * (1 + 9 / 6) * 0.5
    rows += [deal(len(rows) + n, amount="" if n < 3 else "5000") for n in range(6)]
    project(tmp_path, deals(rows), engine)
    found = asked(run_cli, folder, date(2026, 11, 10))
    measured = {name: found[f"our_{name}"]["measured"] for name in anomalies}
    assert measured == {
        "rows": 35.0,
        "nulls": pytest.approx(3 / 35),
        "mean": pytest.approx((29 * 1000 + 3 * 5000) / 32),
    }
    assert [found[f"our_{name}"]["level"] for name in anomalies] == ["warning"] * 3  # errors from twelve audits on
    table = run_cli(["audit", "--today", "2026-11-10", "--fail-on", "never"], cwd=folder).stdout
    assert "Deals: an unusual number of records (35, expected 25 to 33)" in table


def a_past(values: list[float]) -> list[tuple[datetime, float]]:
    first = datetime(2026, 6, 1, 8, tzinfo=UTC)  # a Monday
    return [(first + timedelta(days=day), value) for day, value in enumerate(values)]


def test_an_anomaly_with_a_season() -> None:
    """Ten on each weekday and none on Saturday and Sunday, for four weeks. Ten on the next Saturday are odd, and on Monday
    usual; who knows of no season takes both for usual."""
    past = a_past([10, 10, 10, 10, 10, 0, 0] * 4)
    of_week = AuditCheck("our_rows", "anomaly", "deal", measure="rows", season="week", factor=3.5)
    monday = past[-1][0] + timedelta(days=1)
    low, high = expected(past, monday, of_week) or (0, 0)
    assert low <= 10 <= high
    assert not low <= 0 <= high
    low, high = expected(past, monday + timedelta(days=5), of_week) or (0, 0)
    assert low <= 0 <= high
    assert not low <= 10 <= high
    assert expected(past[:14], monday, of_week) is None  # two Mondays only
    of_year = AuditCheck("our_rows", "anomaly", "deal", measure="rows", season="year", factor=3.5)
    assert expected(past, datetime(2026, 12, 1, tzinfo=UTC), of_year) is None


def test_one_odd_audit_does_not_turn_what_is_expected() -> None:
    """The line through 100, 101, … stays where it is when one of them was 900."""
    check = AuditCheck("our_rows", "anomaly", "deal", measure="rows", factor=3.5)
    values = [float(100 + n) for n in range(20)]
    values[12] = 900
    past = a_past(values)
    low, high = expected(past, past[-1][0] + timedelta(days=1), check) or (0, 0)
    assert low <= 120 <= high
    assert high - low == pytest.approx(2 * 3.5 * (1 + 9 / 18) * 0.5)


ROWS = AuditCheck("our_rows", "anomaly", "deal", measure="rows", factor=3.5)


@pytest.mark.parametrize("audits", [7, 8, 9, 10, 12, 14, 20, 30, 45])
def test_what_is_steady_is_seldom_called_an_anomaly(audits: int) -> None:
    """Rows and means that go up and down by chance: at most one of a hundred is told, from however few audits, and a jump to 160
    always is."""
    draw = random.Random(audits)
    mean = AuditCheck("our_mean", "anomaly", "deal", measure="mean", factor=3.5)
    told, tried = 0, 400
    for turn in range(tried):
        check = ROWS if turn % 2 else mean
        values = [100 + draw.gauss(0, 1.5) for _ in range(audits + 1)]
        values = [float(round(value)) for value in values] if turn % 2 else values
        past = a_past(values[:-1])
        low, high = expected(past, past[-1][0] + timedelta(days=1), check) or (0, 0)
        told += not low <= values[-1] <= high
        assert high < 160
    assert told <= tried / 100


def test_a_row_more_than_most_of_ten_days_is_none() -> None:
    past = a_past([100, 101, 99, 102, 100, 103, 101])
    low, high = expected(past, past[-1][0] + timedelta(days=1), ROWS) or (0, 0)
    assert low <= 100 <= high < 160


@pytest.mark.parametrize(("audits", "level"), [(LEAST_OF_ERROR - 1, "warning"), (LEAST_OF_ERROR, "error")])
def test_an_error_asks_for_twelve_audits(audits: int, level: str) -> None:
    past = tuple(a_past([100.0] * audits))
    outcome = Outcome(ROWS, "pass", measured=160.0)
    audit = Audit(past[-1][0] + timedelta(days=1), (EntityAudit("deal", 160, 160, (), (outcome,)),))
    [found] = judged(audit, Earlier(measured={"our_rows": past})).outcomes
    assert (found.level, found.broken) == (level, 1)


@pytest.mark.parametrize(
    ("measured", "change"), [(160.0, 0), (161.0, 0), (220.0, None), (30.0, None), (158.0, 0)]
)  # expected are 96 to 104
def test_another_anomaly_after_an_anomaly_is_new(measured: float, change: int | None) -> None:
    """The day before there were 160."""
    yesterday = datetime(2026, 6, 1, tzinfo=UTC)
    before = Earlier(yesterday, {"our_rows": 1}, measured={"our_rows": ((yesterday, 160.0),)})
    outcome = Outcome(ROWS, "error", broken=1, looked=1, measured=measured, expected=(96.0, 104.0))
    assert before.change(outcome) == change
    assert before.worse(outcome) == (change is None)


def test_an_audit_of_a_past_day_is_held_against_none_of_a_later_one(tmp_path: Path) -> None:
    """The days are Rome's, and of one day the audit that was kept last counts; kept is in any order."""
    times = {"2026-11-23T23:59:59+01:00": 5, "2026-11-01T08:00:00+00:00": 3, "2026-11-01T23:30:00+00:00": 4}
    lines = [json.dumps({"at": at, "entities": {}, "broken": {"c": n}}) for at, n in times.items()]
    (tmp_path / ".reportspec").mkdir()
    (tmp_path / ".reportspec" / "audits.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rome = ZoneInfo("Europe/Rome")
    found = {
        day: earlier(tmp_path, datetime(2026, *day, 12, tzinfo=rome)) for day in ((10, 31), (11, 1), (11, 2), (11, 30))
    }
    assert {day: one.broken.get("c") for day, one in found.items()} == {
        (10, 31): None,
        (11, 1): 3,
        (11, 2): 4,
        (11, 30): 5,
    }
    assert found[10, 31].at is None


def test_failures_are_stored_where_it_is_asked_for(tmp_path: Path, run_cli: RunCli) -> None:
    """All of them, whatever the number of examples; none once none is broken; of other checks none."""
    folder = project(tmp_path, deals([deal(n, "=A" if n < 5 else "") for n in range(6)]))
    own(
        folder,
        "{audit: our_stored, entity: deal, broken: deal.name = '=A', about: [deal.name], store_failures: true}",
        "{audit: our_other, entity: deal, broken: deal.name = '=A'}",
    )
    asked(run_cli, folder)
    [path] = (folder / ".reportspec" / "failures").iterdir()
    assert path.name == "our_stored.csv"
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    assert [(row["key"], row["deal.name"]) for row in rows] == [(f"D{n}", "'=A") for n in range(5)]
    project(tmp_path, deals([deal(6)]))
    asked(run_cli, folder)
    assert path.read_text(encoding="utf-8") == "key,name\n"


def test_personal_data_that_a_check_finds_are_masked(tmp_path: Path, run_cli: RunCli) -> None:
    """Slow: audits in every form, each by the command line."""
    folder = project(tmp_path, deals([deal(1, "Card 4111 1111 1111 1111")]))
    own(folder, "{audit: our_cards, entity: deal, broken: has_card_number(deal.name), about: [deal.name]}")
    for form in ("json", "md", "junit", "table"):
        command = ["audit", "--today", "2026-11-28", "--fail-on", "never", "--format", form]
        assert "1111" not in run_cli(command, cwd=folder).stdout
        if form != "table":
            assert "4111 1111 1111 1111" in run_cli([*command, "--show-personal"], cwd=folder).stdout


@pytest.mark.parametrize("engine", ENGINES)
def test_a_day_without_an_hour_is_not_before_its_noon(engine: str, tmp_path: Path, run_cli: RunCli) -> None:
    """Of a closing the source has the day alone: on the day of the creation it is not before it, a day earlier it is."""
    head = "deal_id,owner_id,name,status,amount,created_at,closed_at\n"
    rows = [f"D{day},1,Deal {day},won,1000,2026-11-05 18:46:00,2026-11-0{day}" for day in (4, 5, 6)]
    folder = project(tmp_path, {"user": USERS, "deal": head + "\n".join(rows) + "\n"}, engine)
    mapping = (folder / "mapping.yaml").read_text(encoding="utf-8")
    typed = mapping.replace("closed_at: closed_at", "closed_at: {sql: closed_at, type: date}")
    (folder / "mapping.yaml").write_text(typed, encoding="utf-8")
    done = run_cli(["audit", "--today", "2026-11-28", "--format", "json", "--fail-on", "never"], cwd=folder)
    every = [check for entity in json.loads(done.stdout)["entities"] for check in entity["checks"]]
    [found] = [one for one in every if one["check"] == "deal_closed_before_created"]
    assert [one["key"] for one in found["examples"]] == ["D4"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("now", "ahead"),
    [
        (datetime(2026, 11, 28, 13, 28, tzinfo=UTC), {"D29", "D30"}),  # by the clock, in the afternoon
        (datetime(2026, 11, 28, 22, 59, 59, 999999, tzinfo=UTC), {"D29", "D30"}),  # by --today: the day's end in Rome
        (datetime(2026, 11, 28, 23, tzinfo=UTC), {"D29", "D30"}),  # midnight
        (datetime(2026, 11, 28, 23, 0, 1, tzinfo=UTC), {"D30"}),
    ],
)
def test_days_are_of_the_future_until_they_begin(engine: str, now: datetime, ahead: set[str], tmp_path: Path) -> None:
    """A closing of which the day alone is known, by each of the ways to ask whether it is still to come."""
    head = "deal_id,owner_id,name,status,amount,created_at,closed_at\n"
    rows = [f"D{day},1,Deal {day},won,1000,2026-11-05 18:46:00,2026-11-{day}" for day in (27, 28, 29, 30)]
    folder = project(tmp_path, {"user": USERS, "deal": head + "\n".join(rows) + "\n"}, engine)
    mapping = (folder / "mapping.yaml").read_text(encoding="utf-8")
    typed = mapping.replace("closed_at: closed_at", "closed_at: {sql: closed_at, type: date}")
    (folder / "mapping.yaml").write_text(typed, encoding="utf-8")
    ways = (
        "deal.closed_at > as_of",
        "as_of < deal.closed_at",
        "not deal.closed_at <= as_of",
        "not as_of >= deal.closed_at",
    )
    later = ("deal.closed_at >= as_of", "not deal.closed_at < as_of")  # at the very instant of its midnight, too
    own(folder, *(f"{{audit: our_{n}, entity: deal, broken: {way}}}" for n, way in enumerate([*ways, *later])))
    made = audit_project(folder / "reportspec.yaml", AuditOrder(now, {}))
    assert made.audit is not None, made.diagnostics
    found = {one.check.id: {each.key for each in one.examples} for one in made.audit.outcomes}
    assert found["deal_closed_in_future"] == ahead
    at_midnight = {"D29"} if until(now, ZoneInfo("Europe/Rome")) == datetime(2026, 11, 28, 23, tzinfo=UTC) else set()
    assert [found[f"our_{n}"] for n in range(6)] == [ahead - at_midnight] * 4 + [ahead] * 2


@pytest.mark.parametrize("engine", ENGINES)
def test_blanks_of_another_kind_are_trimmed_nowhere(engine: str, tmp_path: Path, run_cli: RunCli) -> None:
    """Names with a blank, with one that does not break a line, and with a tab at their end."""
    folder = project(
        tmp_path, deals([deal(n, f"A{end}") for n, end in enumerate(("", " ", "\u00a0", "\t", "\u2003"))]), engine
    )
    own(
        folder,
        "{audit: our_same, unique: lower(trim(deal.name))}",
        "{audit: our_as_is, entity: deal, broken: trim(deal.name) <> 'A'}",
    )
    counts = {name: one["broken"] for name, one in asked(run_cli, folder).items()}
    assert counts == {"our_same": 2, "our_as_is": 3}


@pytest.mark.parametrize("engine", ENGINES)
def test_an_amount_in_a_currency_without_a_rate_is_an_error_of_its_record(
    engine: str, tmp_path: Path, run_cli: RunCli
) -> None:
    rates = "day,from_currency,to_currency,rate\n2026-01-01,USD,EUR,2\n"
    amounts = [deal(1), deal(2, cur="USD"), deal(3, cur="CHF"), deal(4, cur="CHF", amount="")]
    folder = project(tmp_path, {**deals(amounts), "fx_rate": rates}, engine)
    mapping = (folder / "mapping.yaml").read_text(encoding="utf-8").replace("    key: day\n", "")
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    done = run_cli(["audit", "--today", "2026-11-28", "--format", "json", "--fail-on", "never"], cwd=folder)
    [entity] = [one for one in json.loads(done.stdout)["entities"] if one["entity"] == "deal"]
    found = {one["check"]: one["broken"] for one in entity["checks"] if one["level"] == "error"}
    assert found == {"no-rate": 1, "deal_amount_missing": 1}
    assert (entity["records"], entity["without_error"], entity["open_with_error"]) == (4, 2, 2)


def test_two_owners_of_one_name_are_two(tmp_path: Path, run_cli: RunCli) -> None:
    """Each has a file of their own, whose rows say whose they are."""
    users = "user_id,name,email,is_active\n1,Ada Conti,ada@firm.com,true\n2,Ada Conti,conti@firm.com,true\n"
    rows = [deal(1, amount=""), deal(2, amount="").replace("D2,1,", "D2,2,"), deal(3, amount="").replace(",1,", ",2,")]
    folder = project(tmp_path, {**deals(rows), "user": users})
    run_cli(["audit", "--today", "2026-11-28", "--repairs", "mend"], cwd=folder)
    found = {}
    for path in sorted((folder / "mend").iterdir()):
        lines = list(csv.DictReader(path.open(encoding="utf-8-sig")))
        found[path.name] = {(line["Whose"], line["Key"]) for line in lines}
    assert found == {
        "ada-conti.csv": {("Ada Conti (ada@firm.com)", "D1")},
        "ada-conti-2.csv": {("Ada Conti (conti@firm.com)", "D2"), ("Ada Conti (conti@firm.com)", "D3")},
    }
