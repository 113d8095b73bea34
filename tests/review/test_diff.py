"""Two reports held against each other: specs, git revisions, periods, and a PDF against today's data."""

from __future__ import annotations

import json
import shutil
import subprocess
from math import isclose
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCli
from tests.review.test_recomputed import DEALS, MAPPING

SPEC = """version: 1
report: custom
title: What was won
period: 2026-Q3
sections:
  - {id: head, kpis: [won_amount, close_rate, sales_cycle_days]}
  - {id: teams, breakdown: {metrics: [won_amount], by: [user.team]}}
"""
FILTERED = SPEC.replace("sections:", "filters:\n  - {field: deal.amount, gte: 1000}\nsections:")


def git(folder: Path, *args: str) -> None:
    own = ["-c", "user.name=Ada", "-c", "user.email=ada@acme.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *own, *args], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a repository, whose data are in none."""
    (tmp_path / "users.csv").write_text("id,name,mail,team\n1,Ada Low,ada@acme.com,North\n2,Bo,bo@acme.com,South\n")
    header = "id,name,owner,status,amount,created,closed,changed,deleted\n"
    (tmp_path / "deals.csv").write_text(header + "".join(f"{key},{row}\n" for key, row in DEALS.items()))
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv, users: users.csv}}\n"
        "mapping: mapping.yaml\ntimezone: UTC\nsource_timezone: UTC\ncurrency: EUR\n"
    )
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "won.yaml").write_text(SPEC)
    (tmp_path / "new.yaml").write_text(FILTERED)
    return tmp_path


@pytest.fixture
def repository(project: Path) -> Path:
    git(project, "init", "-q")
    git(project, "add", "specs", "mapping.yaml", "reportspec.yaml")
    git(project, "commit", "-qm", "first")
    return project


def told(run_cli: RunCli, folder: Path, *args: str, code: int = 1) -> dict[str, Any]:
    run = run_cli(["diff", *args, "--format", "json", "--today", "2026-10-05"], cwd=folder)
    assert run.returncode == code, run.stdout + run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def change(found: dict[str, Any], column: str, section: str = "head") -> dict[str, Any]:
    [one] = [
        one
        for one in found["figures"]
        if one["column"].startswith(column) and one["section"] == section and ":" not in one["column"]
    ]
    return dict(one)


def test_two_specs_differ_by_the_rows_that_a_filter_leaves_out(run_cli: RunCli, project: Path) -> None:
    """The deal of 300 is won and closed: the sum falls by it, and so do both parts of the rate."""
    found = told(run_cli, project, "specs/won.yaml", "new.yaml")
    amount = change(found, "Won amount")
    [part] = amount["consists_of"]["parts"]
    assert (amount["then"], amount["now"]) == (13300, 13000)
    assert (part["new"], part["gone"], part["other"]) == ([0, 0], [1, -300], [0, 0])
    assert part["rows"] == [{"key": "D2", "then": 300, "now": None}]
    rate = change(found, "Close rate")
    assert (rate["then"], rate["now"]) == (0.75, pytest.approx(2 / 3))
    shares = [value for _, value in rate["consists_of"]["by_part"]]
    assert sum(shares) == pytest.approx(2 / 3 - 0.75)
    assert shares[0] == pytest.approx((2 - 3) * (1 / 4 + 1 / 3) / 2)
    assert {one["part"] for one in found["definitions"] if one["of"] == "won_amount"} == {"filters", "conditions"}
    assert [one["section"] for one in found["statements"]] == ["caveats of figures", "head", "teams"]


def test_contributions_add_up_to_each_change(run_cli: RunCli, project: Path) -> None:
    """Also where a figure is called as another one begins.

    Slow: each change is told row by row."""
    (project / "alike.yaml").write_text(
        SPEC.replace(
            "sales_cycle_days]", "deals_count, deals_created_count, sales_cycle_days, sales_cycle_days.median]"
        )
    )
    alike = told(run_cli, project, "alike.yaml", "--against-period", "2026-07")
    assert [part["metric"] for part in change(alike, "Deals created")["consists_of"]["parts"]] == [
        "deals_created_count"
    ]
    [median] = change(alike, "Sales cycle (median")["consists_of"]["parts"]
    assert "no sum of what rows add" in median["unknown"]
    assert change(alike, "Sales cycle (median")["unit"] == "days"
    found = [
        alike,
        told(run_cli, project, "specs/won.yaml", "new.yaml"),
        told(run_cli, project, "specs/won.yaml", "--against-period", "2026-07"),
    ]
    parts = 0
    for one in (one for difference in found for one in difference["figures"] if one["consists_of"]):
        whole = one["consists_of"]
        for part in whole["parts"]:
            if not part["unknown"]:
                parts += 1
                added = part["new"][1] + part["gone"][1] + part["other"][1]
                assert isclose(added, part["now"] - part["then"], abs_tol=1e-9)
        if whole["by_part"]:
            assert isclose(sum(value for _, value in whole["by_part"]), whole["now"] - whole["then"], abs_tol=1e-9)
        assert isclose(whole["now"] - whole["then"], one["now"] - one["then"], abs_tol=1e-9)
    assert parts > 3


def test_a_spec_and_its_mapping_as_of_a_revision(run_cli: RunCli, repository: Path) -> None:
    """The data are those of today on both sides, the YAML files those of the revision."""
    assert told(run_cli, repository, "specs/won.yaml", "--rev", "HEAD", code=0)["same"]
    (repository / "mapping.yaml").write_text(MAPPING.replace("amount: amount", "amount: amount * 2"))
    for args in (("specs/won.yaml", "--rev", "HEAD"), ("HEAD:specs/won.yaml", "specs/won.yaml")):
        found = told(run_cli, repository, *args)
        amount = change(found, "Won amount")
        assert (amount["then"], amount["now"]) == (13300, 26600)
        assert amount["consists_of"]["parts"][0]["other"] == [3, 13300]
        [defined] = [one for one in found["definitions"] if one["of"] == "won_amount"]
        assert (defined["part"], defined["then"], defined["now"]) == (
            "deal.amount",
            "deals: amount",
            "deals: amount * 2",
        )
    git(repository, "commit", "-qam", "second")
    assert told(run_cli, repository, "HEAD~1:specs/won.yaml", "HEAD:specs/won.yaml")["first"] == "HEAD~1:specs/won.yaml"
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert "specs" not in status.stdout  # nothing was checked out


def test_data_beside_the_repository_and_a_spec_that_is_a_link(run_cli: RunCli, repository: Path) -> None:
    """Paths that lead out of the project lead where they do from it; no message names the folder of the copy."""
    inner = repository / "my project"
    inner.mkdir()
    for name in ("mapping.yaml", "reportspec.yaml", "specs"):
        (repository / name).rename(inner / name)
    text = (inner / "reportspec.yaml").read_text()
    (inner / "reportspec.yaml").write_text(
        text.replace(": deals.csv", ": ../deals.csv").replace("users.csv", "../users.csv")
    )
    (inner / "specs" / "link.yaml").symlink_to("won.yaml")
    shutil.rmtree(repository / ".git")
    git(inner, "init", "-q")
    git(inner, "add", ".")
    git(inner, "commit", "-qm", "first")
    assert told(run_cli, inner, "specs/link.yaml", "--rev", "HEAD", code=0)["same"]
    (inner / "reportspec.yaml").write_text(text.replace(": deals.csv", ": ../none/deals.csv"))
    git(inner, "commit", "-qam", "second")
    run = run_cli(["diff", "specs/won.yaml", "--rev", "HEAD"], cwd=inner)
    assert run.returncode == 1
    assert "HEAD:reportspec.yaml:2:" in run.stderr
    assert "reportspec-" not in run.stderr


def test_two_periods(run_cli: RunCli, project: Path) -> None:
    found = told(run_cli, project, "specs/won.yaml", "--against-period", "2026-08")
    amount = change(found, "Won amount")
    assert (amount["then"], amount["now"]) == (300, 13300)
    assert amount["consists_of"]["parts"][0]["new"] == [2, 13000]
    assert found["statements"] == []
    assert "they are of different times" in found["notes"][0]


LISTS = """version: 1
report: custom
period: 2026-09
compare: previous_period
sections:
  - {id: my_list, records: {entity: deal, fields: [deal.name, deal.amount], period: all}}
  - id: to_do
    attention:
      entity: deal
      fields: [deal.name]
      amount: deal.amount
      reasons: [{where: "deal.amount > 500", say: large, since: deal.created_at}]
  - {id: driven_by, drivers: {metric: won_amount, by: [user.team]}}
"""


def test_rows_of_lists_are_known_again_by_their_keys(run_cli: RunCli, project: Path) -> None:
    """An age in days and a sentence that has figures in it make no other row; two deals of one name are two."""
    (project / "specs" / "lists.yaml").write_text(LISTS)
    text = (project / "deals.csv").read_text().replace("Racks", "Shelves")
    fence = "D6,Fences,2,won,10,2026-06-03 09:00:00,2026-09-20 10:00:00,2026-09-20 10:00:00,false\n"
    (project / "deals.csv").write_text(text + fence)
    found = told(run_cli, project, "specs/lists.yaml", "--against-period", "2026-08")
    assert found["definitions"] == []  # of the period nothing is
    apart = [one for one in found["figures"] if one["then"] is None or one["now"] is None]
    assert {one["row"][0] for one in apart} == {"Team"}  # who drove August need not have driven September
    ages = {(*one["row"], one["column"]) for one in found["figures"] if one["section"] == "to_do"}
    names = [("Shelves", "D1"), ("Ladders", "D3"), ("Trolleys", "D4"), ("Bins", "D5")]
    assert ages == {(*name, "Why") for name in names}


def test_two_dates(run_cli: RunCli, project: Path) -> None:
    found = told(run_cli, project, "specs/won.yaml", "--against-today", "2026-07-20")
    amount = change(found, "Won amount")
    assert (amount["then"], amount["now"]) == (4000, 13300)


def test_a_section_that_was_added_is_told(run_cli: RunCli, project: Path) -> None:
    (project / "new.yaml").write_text(SPEC + "  - {id: lost, kpis: [lost_deals_count]}\n")
    found = told(run_cli, project, "specs/won.yaml", "new.yaml")
    assert found["figures"] == []
    assert {(one["of"], one["part"]) for one in found["definitions"]} == {
        ("lost_deals_count", "metric"),
        ("lost", "section"),
    }
    assert found["notes"] == ["only in new.yaml: lost"]


def test_what_makes_it_fail(run_cli: RunCli, project: Path) -> None:
    """300 of 13,300 are 2.3 %, a twelfth of the rate is 11 %.

    Slow: the command is started for each threshold."""
    for args, code in (
        ([], 1),
        (["--fail-on", "never"], 0),
        (["--fail-on", "figures"], 1),
        (["--fail-on", "figures", "--threshold", "2%"], 1),
        (["--fail-on", "figures", "--threshold", "50%"], 0),
        (["--fail-on", "figures", "--threshold", "0.5"], 0),
        (["--fail-on", "any", "--threshold", "50%"], 1),
        (["--threshold", "much"], 2),
    ):
        run = run_cli(["diff", "specs/won.yaml", "new.yaml", *args], cwd=project)
        assert run.returncode == code, (args, run.stdout, run.stderr)


def test_for_a_pull_request_and_a_terminal(run_cli: RunCli, project: Path) -> None:
    markdown = run_cli(["diff", "specs/won.yaml", "new.yaml", "--format", "md", "--sql"], cwd=project).stdout
    assert "| head, Won amount | 13,300.00 EUR | 13,000.00 EUR | −300.00 EUR |" in markdown
    assert "```diff" in markdown
    text = run_cli(["diff", "specs/won.yaml", "new.yaml"], cwd=project).stdout
    assert "1 deal taken away (−300.00 EUR)" in text
    assert "the most: D2 −300" in text
    assert "definition of won_amount, conditions: + deal.amount >= 1000" in text


def test_a_pdf_against_today_s_data(run_cli: RunCli, project: Path) -> None:
    done = run_cli(["build", "specs/won.yaml", "-o", "out", "--today", "2026-10-05"], cwd=project)
    assert done.returncode == 0
    assert run_cli(["diff", "out/won.pdf"], cwd=project).returncode == 0
    text = (project / "deals.csv").read_text()
    (project / "deals.csv").write_text(text.replace("won,4000", "won,4100"))
    run = run_cli(["diff", "out/won.pdf"], cwd=project)
    assert run.returncode == 1
    assert "13,300.00 EUR → 13,400.00 EUR" in run.stdout
    assert run_cli(["diff", "out/won.pdf", "--threshold", "20%"], cwd=project).returncode == 0


def test_likely_mistakes(run_cli: RunCli, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    apart = tmp_path_factory.mktemp("apart")
    inner = apart / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "won.yaml").write_text(SPEC)
    git(inner, "add", "won.yaml")
    git(inner, "commit", "-qm", "first")
    (apart / "reportspec.yaml").write_text("version: 1\nsource: demo\n")
    (apart / "won.yaml").write_text(SPEC)
    for args, folder, code, message in (
        (["specs/won.yaml"], repository, 2, "name a second spec, `--rev REVISION`"),
        (["specs/won.yaml", "new.yaml", "--rev", "HEAD"], repository, 2, "with two specs there is nothing for --rev"),
        (["specs/won.yaml", "--rev", "nothing"], repository, 1, "there is no revision `nothing`"),
        (["HEAD:won.yaml", "new.yaml"], repository, 1, "it may have had another name: `HEAD:specs/won.yaml`"),
        (["won.yaml", "--rev", "HEAD"], apart, 1, "is in no git repository"),
        (["won.yaml", "--rev", "HEAD"], inner, 1, "lies outside of the git repository"),
        (["specs/won.yaml", "none.yaml"], repository, 1, "none.yaml"),
        (["out/none.pdf"], repository, 1, "none.pdf: there is no such file\n"),
        (["specs/report.yaml", "new.yaml"], repository, 1, "there is no file `specs/report.yaml`\n"),
        (["specs/won.yaml", "--against-period", "2026-Q7"], repository, 1, "a year has four quarters"),
    ):
        run = run_cli(["diff", *args], cwd=folder)
        assert run.returncode == code, (args, run.stdout, run.stderr)
        assert message in run.stdout + run.stderr
        assert "Traceback" not in run.stderr


def test_a_row_of_nothing_is_in_a_mean(run_cli: RunCli, project: Path) -> None:
    """A deal won for 0 is left out: the sum stays, and the mean of four (13,300 / 4) becomes that of three."""
    with (project / "deals.csv").open("a") as file:
        file.write("Z0,Nought,1,won,0,2026-07-01,2026-08-15,2026-08-15,false\n")
    mean = "version: 1\nreport: custom\nperiod: 2026-Q3\nsections:\n  - {id: head, kpis: [avg_won_amount]}\n"
    (project / "all.yaml").write_text(mean)
    (project / "some.yaml").write_text(mean + "filters:\n  - {field: deal.amount, gt: 0}\n")
    found = change(told(run_cli, project, "all.yaml", "some.yaml"), "Average won deal")
    assert (found["then"], found["now"]) == (pytest.approx(13300 / 4), pytest.approx(13300 / 3))
    [part] = found["consists_of"]["parts"]
    assert (part["new"], part["gone"], part["other"]) == ([0, 0], [1, 0], [0, 0])
    assert part["rows"] == [{"key": "Z0", "then": 0, "now": None}]
