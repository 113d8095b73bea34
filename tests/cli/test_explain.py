"""`reportspec explain`: what a figure is made of, held against a mapping that was written here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportspec.reference import explanation
from tests.conftest import RunCli

MAPPING = """
entities:
  deal:
    table: deals
    where: not test
    joins: {rep: {table: reps, on: {code: rep_code}, unique: true}}
    key: id
    fields:
      status: case when outcome = 'W' then 'won' when outcome = 'L' then 'lost' else 'open' end
      amount: net_value
      closed_at: closed
      owner_id: rep.person
  user: {table: people, key: nr, fields: {name: full_name, team: unit}}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "deals.csv").write_text("id,outcome,net_value,closed,rep_code,test\n1,W,5,2026-08-01,a,false\n")
    (tmp_path / "reps.csv").write_text("code,person\na,1\n")
    (tmp_path / "people.csv").write_text("nr,full_name,unit\n1,Ada,North\n")
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv, reps: reps.csv, people: people.csv}}\n"
        "mapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n"
    )
    path = tmp_path / "spec.yaml"
    path.write_text(
        "version: 1\nreport: custom\nperiod: 2026-Q3\nfilters:\n  - {field: user.team, eq: North}\n"
        "sections:\n  - id: head\n    kpis: [close_rate]\n"
        "  - id: big\n    kpis: [won_amount]\n    where: deal.amount > 100\n"
    )
    return path


def test_a_report_is_compiled_once_for_all_of_its_figures(
    run_cli: RunCli, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, written = list[object](), list[object]()
    compiled, texts = explanation.compile_report, explanation.sql_text
    monkeypatch.setattr(explanation, "compile_report", lambda report: made.append(report) or compiled(report))
    monkeypatch.setattr(explanation, "sql_text", lambda tree, *a, **k: written.append(tree) or texts(tree, *a, **k))
    kpis = ["won_amount", "lost_amount", "closed_deals_count", "won_deals_count", "close_rate"]
    spec.write_text(spec.read_text().replace("kpis: [close_rate]", f"kpis: [{', '.join(kpis)}]"))
    told = json.loads(run_cli(["explain", spec, "--format", "json"]).stdout)
    assert [one["metric"] for one in told] == kpis
    assert all(one["statements"] for one in told)
    assert (len(made), len(written)) == (1, 2 + len(kpis))  # each section's statement, and each figure alone
    run_cli(["explain", spec])
    assert len(written) == 2 + len(kpis)


def test_a_ratio_is_told_down_to_the_columns(run_cli: RunCli, spec: Path) -> None:
    [told] = json.loads(run_cli(["explain", spec, "close_rate", "--format", "json"]).stdout)
    assert told["sections"] == ["head"]
    assert told["period"] == "2026-07-01 to before 2026-10-01, in UTC"
    assert told["within"] == []
    won, closed = told["counted"]
    assert [won["metric"], closed["metric"]] == ["won_deals_count", "closed_deals_count"]
    assert won["entity"] == "deal"
    assert "deal.status = 'won'" in won["conditions"]
    assert won["time"] == "deal.closed_at in the period"
    assert won["history"] == ""
    assert won["joins"] == ["deal.owner_id = user.user_id"]
    source = {origin["field"]: origin["source"] for origin in won["fields"]}
    assert source["deal.closed_at"] == ["deals: closed"]
    assert "outcome" in source["deal.status"][0]
    assert source["user.team"] == ["people: unit"]
    assert {"deals.outcome", "deals.closed", "people.unit"} <= set(told["tables"])
    assert len(told["statements"]) == 1


def test_statements_are_printed_of_one_figure_or_if_asked_for(run_cli: RunCli, spec: Path) -> None:
    for form in ("text", "md"):
        shown = [
            "\nSELECT" in run_cli(["explain", spec, *given, "--format", form]).stdout
            for given in ([], ["close_rate"], ["--sql"], ["close_rate", "--no-sql"])
        ]
        assert shown == [False, True, True, False]


def test_of_one_figure_the_select_of_it_alone_is_shown(run_cli: RunCli, spec: Path) -> None:
    """By itself, without the other figure of its section and with its parts alone; --sql has what is run."""
    spec.write_text(spec.read_text().replace("[close_rate]", "[close_rate, open_amount]"))
    short, whole = (run_cli(["explain", spec, "close_rate", *more]).stdout for more in ([], ["--sql"]))
    _, _, statement = short.partition("the figure alone, over these rows (`--sql` prints the statements that are run):")
    assert statement.strip().startswith("SELECT")
    assert [name in statement for name in ("won_deals_count", "closed_deals_count", "open_amount", "WITH")] == [
        True,
        True,
        False,
        False,
    ]
    assert ["open_amount" in whole, "WITH" in whole, "figure alone" in whole] == [True, True, False]


def test_what_is_explained_is_in_one_language(run_cli: RunCli, spec: Path) -> None:
    """It is for who writes reports: in English, whatever the report is in."""
    english = run_cli(["explain", spec, "--no-sql"]).stdout
    spec.write_text(spec.read_text().replace("period:", "language: fr\nperiod:"))
    assert run_cli(["explain", spec, "--no-sql"]).stdout == english
    assert "Close rate (close_rate)" in english


def test_a_section_s_own_condition_is_told(run_cli: RunCli, spec: Path) -> None:
    text = run_cli(["explain", spec, "won_amount"]).stdout
    assert "only in the section big: deal.amount > 100" in text
    assert "deal.amount ← deals: net_value" in text
    assert "SELECT" in text


def test_states_of_the_past_and_all_figures_of_the_demo(run_cli: RunCli, checkout: Path) -> None:
    told = run_cli(["explain", checkout / "specs" / "pipeline.yaml", "--format", "md"]).stdout
    assert "states of the past: by deal_stage_history" in told
    assert "deal_stage_history.entered_at ← demo.deal_stage_history" in told


def test_a_figure_that_is_not_shown(run_cli: RunCli, spec: Path) -> None:
    wrong = run_cli(["explain", spec, "close_rat"])
    assert wrong.returncode == 2
    assert "did you mean `close_rate`?" in wrong.stderr


def test_a_field_of_a_joined_table_is_followed_to_that_table(run_cli: RunCli, spec: Path) -> None:
    """By the mapping above the owner is the `person` of the row of `reps` whose `code` is the deal's `rep_code`."""
    told = run_cli(["explain", spec, "won_amount"]).stdout
    assert "deal.owner_id ← deals: rep.person (`rep` is `reps` by code = rep_code)" in told
    line = next(line for line in told.splitlines() if "columns of the source:" in line)
    assert {"deals.rep_code", "reps.code", "reps.person"} <= set(line.partition(": ")[2].split(", "))
