"""What became of the figures of a report that was sent, held against changes that were made to its data by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.building import make
from reportspec.contract.survey import ask
from reportspec.measures.asked import measures_of
from reportspec.review.printed import changed_cells, tables_of
from reportspec.sql.counted_rows import Counting, rows_statement, touched_rows_statement
from tests.conftest import CHECKOUT, RunCli
from tests.figures.asking import NOW
from tests.loading import load_report

DEALS = {
    "D1": "Shelves,1,won,4000,2026-06-02 09:00:00,2026-07-15 11:00:00,2026-07-15 11:00:00,false",
    "D2": "Racks,1,won,300,2026-06-03 09:00:00,2026-08-20 10:00:00,2026-08-20 10:00:00,false",
    "D3": "Ladders,2,won,9000,2026-06-10 09:00:00,2026-09-30 18:00:00,2026-09-30 18:00:00,false",
    "D4": "Trolleys,1,lost,2500,2026-06-12 09:00:00,2026-09-28 12:00:00,2026-09-28 12:00:00,false",
    "D5": "Bins,2,open,700,2026-08-05 09:00:00,,2026-08-05 09:00:00,false",
}
MAPPING = """
entities:
  user: {table: users, key: id, fields: {name: name, email: mail, team: team}}
  deal:
    table: deals
    key: id
    fields: {name: name, owner_id: owner, status: status, amount: amount, created_at: created, closed_at: closed,
             updated_at: changed, is_deleted: deleted}
"""
SPEC = """version: 1
report: custom
title: What was won
period: last_quarter
compare: previous_period
sections:
  - {id: head, kpis: [won_amount, close_rate, sales_cycle_days]}
  - {id: teams, breakdown: {metrics: [won_amount], by: [user.team]}}
  - {id: list, records: {entity: deal, fields: [deal.name, deal.amount], where: "deal.status = 'won'"}}
"""


@dataclass
class Sent:
    """A report that was sent, and the data, which may be changed."""

    folder: Path
    run_cli: RunCli

    def write(self, **changes: str | None) -> None:
        rows = {key: row for key, row in {**DEALS, **changes}.items() if row is not None}
        text = "".join(f"{key},{row}\n" for key, row in rows.items())
        header = "id,name,owner,status,amount,created,closed,changed,deleted\n"
        (self.folder / "deals.csv").write_text(header + text)

    def told(self, *args: str | Path, code: int = 1) -> dict[str, Any]:
        run = self.run_cli(["verify", "--recompute", "out/spec.pdf", "--format", "json", *args], cwd=self.folder)
        assert run.returncode == code, run.stdout + run.stderr
        [found] = json.loads(run.stdout)
        return dict(found)

    def change(self, column: str = "Won amount", section: str = "head", row: str = "") -> dict[str, Any]:
        [found] = [
            one
            for one in self.told()["changed"]
            if (one["column"].startswith(column), one["section"], "".join(one["row"])) == (True, section, row)
            and ":" not in one["column"]
        ]
        return dict(found)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, run_cli: RunCli) -> Path:
    folder = tmp_path_factory.mktemp("sent")
    (folder / "users.csv").write_text("id,name,mail,team\n1,Ada Low,ada@acme.com,North\n2,Bo,bo@acme.com,South\n")
    (folder / "mapping.yaml").write_text(MAPPING)
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv, users: users.csv}}\n"
        "mapping: mapping.yaml\ntimezone: UTC\nsource_timezone: UTC\ncurrency: EUR\n"
    )
    (folder / "spec.yaml").write_text(SPEC)
    Sent(folder, run_cli).write()
    done = run_cli(["build", "spec.yaml", "-o", "out", "--today", "2026-10-05"], cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def sent(built: Path, run_cli: RunCli) -> Sent:
    """The report of the third quarter, as it was sent on 5 October; its data went up to 30 September, 18:00."""
    found = Sent(built, run_cli)
    found.write()
    (built / "mapping.yaml").write_text(MAPPING)
    return found


def moved(change: dict[str, Any]) -> list[tuple[str, str, float]]:
    return [(row["how"], row["key"], row["adds"]) for row in change["accounted"]["rows"]]


def test_over_the_same_data_all_figures_are_the_same(sent: Sent) -> None:
    assert sent.told(code=0) == {
        "file": "out/spec.pdf",
        "same": True,
        "why": "",
        "changed": [],
        "notes": [],
        "lost": [],
    }


def test_a_row_that_came_late(sent: Sent) -> None:
    sent.write(D7="Hooks,2,won,800,2026-10-09 09:00:00,2026-09-30 09:00:00,2026-10-09 09:00:00,false")
    change = sent.change()
    assert (change["then"], change["now"], moved(change)) == (13300, 14100, [("came", "D7", 800)])
    assert (change["accounted"]["whole"], change["accounted"]["sure"]) == (True, True)
    rate = sent.change("Close rate")
    assert (rate["then"], rate["now"], rate["accounted"]["whole"]) == (0.75, 0.8, True)
    south = sent.change(section="teams", row="South")
    assert (south["then"], south["now"], moved(south)) == (9000, 9800, [("came", "D7", 800)])


def touched(row: str, day: str = "2026-10-20") -> str:
    """A row that was touched on a day after the report was sent."""
    *rest, _, deleted = row.rsplit(",", 2)
    return f"{rest[0]},{day} 11:00:00,{deleted}"


def test_a_deleted_row_is_taken_back(sent: Sent) -> None:
    sent.write(D1=touched(DEALS["D1"]).replace("false", "true"))
    change = sent.change()
    assert (change["then"], change["now"], moved(change)) == (13300, 9300, [("gone", "D1", 4000)])
    assert (change["accounted"]["whole"], change["accounted"]["sure"]) == (True, False)


def test_a_change_of_a_rate_is_in_points(sent: Sent) -> None:
    """As the page has it: of four closings three were won, of three two; none before. An amount's change is a share."""
    sent.write(
        D1=touched(DEALS["D1"]).replace("false", "true"),
        P1="Past,1,won,100,2026-04-02 09:00:00,2026-05-15 11:00:00,2026-10-20 11:00:00,false",
        P2="Past,1,lost,100,2026-04-02 09:00:00,2026-05-15 11:00:00,2026-10-20 11:00:00,false",
    )
    changed = {one["column"]: one for one in sent.told()["changed"] if one["section"] == "head"}
    rate, amount = changed["Close rate: Change"], changed["Won amount: Change"]
    assert (rate["unit"], rate["now"]) == ("points", pytest.approx(2 / 3 - 1 / 2))
    assert (amount["unit"], amount["now"]) == ("percent", pytest.approx(9300 / 100 - 1))
    run = sent.run_cli(["verify", "--recompute", "out/spec.pdf"], cwd=sent.folder)
    assert "head, Close rate: Change: none → +16.67 points (new)" in run.stdout
    assert "head, Won amount: Change: none → 9,200.00 % (new)" in run.stdout


TEAMS = ("North", "South")
MAYBE = {
    "moved on": DEALS["D1"].replace(",2026-07-15 11:00:00", ",2026-10-02 11:00:00", 1),
    "lost": DEALS["D1"].replace("won", "lost"),
}


@pytest.mark.parametrize("what", [*MAYBE])
def test_what_only_may_have_counted_is_not_taken_back(sent: Sent, what: str) -> None:
    """Who reads the row of today cannot tell it from one that was closed in October, or was lost in July and had a note
    put to it since: neither ever counted."""
    sent.write(D1=touched(MAYBE[what]))
    change = sent.change()
    assert (change["then"], change["now"], moved(change)) == (13300, 9300, [("maybe", "D1", 4000)])
    assert (change["accounted"]["whole"], change["accounted"]["rest"]) == (False, -4000)
    text = sent.run_cli(["verify", "--recompute", "out/spec.pdf"], cwd=sent.folder).stdout
    assert "account for all of it" not in text
    assert ("deal.closed_at = 2026-10-02 11:00:00" in text) == (what == "moved on")  # as it is recorded


def test_each_figure_tells_all_that_may_have_changed_it(sent: Sent) -> None:
    """The count rises by one since two came and one went: the new row alone would fit, and is not all of it."""
    sent.write(
        D1=touched(DEALS["D1"]).replace("false", "true"),
        D4=touched(DEALS["D4"]).replace("lost", "won"),
        D7="Hooks,2,won,800,2026-10-09 09:00:00,2026-09-30 09:00:00,2026-10-09 09:00:00,false",
    )
    every = {("".join(one["row"]), one["column"]): one for one in sent.told()["changed"] if one["accounted"]}
    figures = [one["accounted"] for (row, column), one in every.items() if not row and "days" not in column]
    assert len(figures) == 2
    for one in figures:
        assert {(row["how"], row["key"]) for row in one["rows"]} == {("came", "D7"), ("gone", "D1"), ("changed", "D4")}
        assert not one["whole"]
    assert figures[0]["rest"] == 2500  # what was lost is told as it is today
    north, south = (next(one["accounted"] for (row, _), one in every.items() if row == team) for team in TEAMS)
    assert {row["key"] for row in north["rows"]} == {"D1", "D4"}
    assert [row["key"] for row in south["rows"]] == ["D7"]  # rows of the North were never taken from the South
    assert (north["elsewhere"], south["elsewhere"], south["rest"], south["whole"]) == (0, 2, 0, False)
    lines = sent.run_cli(["verify", "--recompute", "out/spec.pdf"], cwd=sent.folder).stdout.splitlines()
    order = [line.split()[3] for line in lines if line.lstrip().startswith("won_amount ")]
    assert order[:3] == ["D1", "D7", "D4"]  # what is known before what is not, the largest first


def test_what_a_row_was_is_not_known_where_its_amount_changed(sent: Sent) -> None:
    sent.write(D1=DEALS["D1"].replace("4000", "4500").replace("2026-07-15 11:00:00,f", "2026-10-20 11:00:00,f"))
    change = sent.change()
    assert (change["then"], change["now"], moved(change)) == (13300, 13800, [("changed", "D1", 4500)])
    assert (change["accounted"]["whole"], change["accounted"]["rest"]) == (False, 500)


def test_a_reopened_row_may_have_counted(sent: Sent) -> None:
    """Another open row that was touched since is no better known: none is said to account for the change."""
    sent.write(
        D1="Shelves,1,open,4000,2026-06-02 09:00:00,,2026-10-20 11:00:00,false",
        D5="Bins,2,open,700,2026-08-05 09:00:00,,2026-10-05 09:00:00,false",
    )
    change = sent.change()
    assert sorted(moved(change)) == [("maybe", "D1", 4000), ("maybe", "D5", 700)]
    assert (change["accounted"]["whole"], change["accounted"]["rest"]) == (False, -4000)


def test_a_row_that_the_source_has_no_more_is_not_known(sent: Sent) -> None:
    sent.write(D1=None)
    change = sent.change()
    assert (moved(change), change["accounted"]["whole"]) == ([], False)
    text = sent.run_cli(["verify", "--recompute", "out/spec.pdf"], cwd=sent.folder).stdout
    assert (
        "no row that is there today says that it changed since: what changed without a new time of change, or is gone"
        in text
    )


def test_a_mean_is_told_with_its_rows(sent: Sent) -> None:
    sent.write(D7="Hooks,2,won,800,2026-10-09 09:00:00,2026-09-30 09:00:00,2026-10-09 09:00:00,false")
    assert [
        one for one in sent.told()["changed"] if one["column"].startswith("Sales cycle")
    ] == []  # ends before it begins
    sent.write(
        D2=DEALS["D2"].replace("2026-06-03", "2026-05-03").replace("2026-08-20 10:00:00,f", "2026-10-20 10:00:00,f")
    )
    assert moved(sent.change("Sales cycle"))[0][:2] == ("changed", "D2")


def test_a_changed_mapping_is_told(sent: Sent) -> None:
    (sent.folder / "mapping.yaml").write_text(MAPPING.replace("amount: amount", "amount: amount * 2"))
    told = sent.told()
    assert "the statements of head" in told["notes"][0]
    assert "the mapping, the metrics" in told["notes"][0]
    assert {one["section"] for one in told["changed"] if one["accounted"]} <= {"list"}  # it is not the data alone


def test_the_report_of_one_value_takes_the_spec_and_its_params(sent: Sent) -> None:
    text = SPEC.replace(
        "sections:",
        "for_each: user.team\nparams: {least: {type: integer, default: 0}}\nfilters:\n"
        "  - {field: deal.amount, gte: '{{ params.least }}'}\nsections:",
    )
    (sent.folder / "each.yaml").write_text(text)
    build = ["build", "each.yaml", "-o", "out", "--today", "2026-10-05", "--set", "least=1000", "--each", "North"]
    assert sent.run_cli(build, cwd=sent.folder).returncode == 0

    def run(*args: str) -> tuple[int, str]:
        done = sent.run_cli(["verify", "--recompute", "out/each/north.pdf", *args], cwd=sent.folder)
        return done.returncode, done.stdout

    assert "name the spec by `--spec FILE`" in run()[1]
    code, text = run("--spec", "each.yaml")
    assert code == 1
    assert "its filters were Amount ≥ €1,000, Team = North and are Amount ≥ €0, Team = North" in text
    assert run("--spec", "each.yaml", "--set", "least=1000")[0] == 0
    sent.write(
        D7="Hooks,1,won,8000,2026-10-09 09:00:00,2026-09-30 09:00:00,2026-10-09 09:00:00,false",
        D8="Nails,2,won,8000,2026-10-09 09:00:00,2026-09-30 09:00:00,2026-10-09 09:00:00,false",
    )
    text = run("--spec", "each.yaml", "--set", "least=1000")[1]
    assert "D7 Hooks, came in since" in text
    assert "D8" not in text.split("list")[0]


def test_likely_mistakes(sent: Sent, tmp_path: Path) -> None:
    pdf = (sent.folder / "out" / "spec.pdf").read_bytes()
    (tmp_path / "changed.pdf").write_bytes(pdf + b"%")
    (tmp_path / "text.pdf").write_text("no PDF")
    run: Callable[..., Any] = lambda *args: sent.run_cli(["verify", "--recompute", *args], cwd=sent.folder)  # noqa: E731
    for args, message in (
        ([tmp_path / "changed.pdf"], "not known to be as it was built"),
        ([tmp_path / "text.pdf"], "it is no PDF"),
        (["out/spec.pdf", "--period", "2026-Q9"], "a year has four quarters"),
    ):
        done = run(*args)
        assert done.returncode == 1
        assert message in done.stdout + done.stderr
    (sent.folder / "other.yaml").write_text(SPEC.replace("last_quarter", "2026-08"))
    (sent.folder / "pipeline.yaml").write_text("version: 1\nreport: pipeline\nperiod: 2026-Q3\n")
    assert run("out/spec.pdf", "--spec", "other.yaml").returncode == 0  # of the PDF's own period
    done = run("out/spec.pdf", "--spec", "pipeline.yaml")
    assert done.returncode == 1
    assert "is of the type `pipeline`, and the PDF of `custom`" in done.stdout
    done = sent.run_cli(["verify", "--recompute", sent.folder / "out" / "spec.pdf"], cwd=tmp_path)
    assert done.returncode == 1
    assert "there is no project file" in done.stderr
    done = sent.run_cli(["verify", "out/spec.pdf", "--spec", "other.yaml"], cwd=sent.folder)
    assert done.returncode == 2
    assert "go with --recompute" in done.stderr


def test_in_every_form(sent: Sent) -> None:
    sent.write(D7="Hooks,2,won,800,2026-10-09 09:00:00,2026-09-30 09:00:00,2026-10-09 09:00:00,false")
    text, markdown = (
        sent.run_cli(["verify", "--recompute", "out/spec.pdf", "--format", form], cwd=sent.folder).stdout
        for form in ("text", "md")
    )
    assert "head, Won amount: 13,300 EUR → 14,100 EUR (+800 EUR)" in text.replace(".00", "").replace(" (EUR)", "")
    assert "+800  deal D7 Hooks, came in since (2026-10-09 09:00)" in text
    assert "| figure | printed | today | change |" in markdown


def test_what_was_held_back_is_no_figure_today_either(tmp_path: Path, run_cli: RunCli) -> None:
    """Of the end of September, D2's stage of then is not known: there is no weighted amount, sent or computed anew."""
    (tmp_path / "deals.csv").write_text(
        "id,status,amount,chance,created,closed\nD1,open,100,0.5,2026-08-01 09:00:00,\n"
        "D2,won,200,0.5,2026-08-01 09:00:00,2026-10-20 10:00:00\n"
    )
    (tmp_path / "mapping.yaml").write_text(
        "entities:\n  deal: {table: deals, key: id, fields: {status: status, stage_id: \"'A'\", amount: amount,"
        " probability: chance, created_at: created, closed_at: closed}}\n"
        "  stage: {rows: [{stage_id: A, name: A, position: 1, probability: 0.5, is_won: false, is_lost: false}]}\n"
    )
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n"
    )
    kpis = "kpis: [open_weighted_amount, open_amount]"
    (tmp_path / "spec.yaml").write_text(
        f"version: 1\nreport: custom\nperiod: 2026-Q3\nsections: [{{id: head, {kpis}}}]\n"
    )
    done = run_cli(["build", "spec.yaml", "-o", "out", "--today", "2026-11-05"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sent = Sent(tmp_path, run_cli)
    assert sent.told(code=0)["changed"] == []
    done = run_cli(["diff", "out/spec.pdf", "--today", "2026-11-06"], cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    deals = (tmp_path / "deals.csv").read_text().replace("D1,open,100", "D1,open,130")
    (tmp_path / "deals.csv").write_text(deals)
    [changed] = sent.told()["changed"]
    assert (changed["column"], changed["then"], changed["now"]) == ("Open pipeline", 300, 330)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["q3", "pipeline", "leads"])
def test_what_reports_print_is_the_same_as_of_their_own_date(name: str) -> None:
    """A report that is computed as of the end of its period, weeks later or at that very instant, prints the same.

    Slow: each is made twice."""
    path = CHECKOUT / "specs" / f"{name}.yaml"
    made = []
    for now in (NOW, datetime(2026, 9, 30, 22, tzinfo=UTC)):
        report = load_report(path, now, {}).report
        assert report is not None
        made.append(make(path, report).figures[0][1])
    printed = {file: text for file, (_, text) in tables_of(made[0]).items()}
    assert changed_cells(printed, made[1]) == ([], [], [])


@pytest.mark.slow
def test_touched_rows_are_the_rows_of_figures_and_those_left_out_beside_them(tmp_path: Path) -> None:
    """Since long ago all rows were touched: those that are no deleted or merged ones add what the rows of figures add.

    Slow: the rows of several figures are asked for one by one."""
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n")
    path = tmp_path / "spec.yaml"
    path.write_text("version: 1\nreport: custom\nperiod: 2026-Q3\nsections:\n  - {id: a, kpis: [won_amount]}\n")
    report = load_report(path, NOW, {}).report
    assert report is not None
    binding, left_out = report.binding, 0
    for name, time in (
        ("won_amount", "created_at"),
        ("open_opportunities_count", "created_at"),
        ("prospects_count", "created_at"),
    ):
        metric = binding.catalogue.metrics[name]
        counting = Counting(measures_of(binding, metric), report.sides[0], ())
        key = (metric.entity, binding.entity(metric.entity).key or "")
        times = [(metric.entity, time)]
        tree = touched_rows_statement(binding, counting, [key], times, datetime(2000, 1, 1, tzinfo=UTC), 1_000_000)
        [whole] = ask(report, [tree])
        [rows] = ask(report, [rows_statement(binding, counting, [key])])
        parts = [at for at in range(9) if f"p{at}" in whole.columns]
        there = [row for row in whole.dicts() if all(row[f"p{at}"] for at in parts)]
        left_out += len(whole.rows) - len(there)
        assert {row["f0"]: row["m0"] for row in there if row["m0"]} == {
            row["f0"]: row["m0"] for row in rows.dicts() if row["m0"]
        }
    assert left_out > 0
