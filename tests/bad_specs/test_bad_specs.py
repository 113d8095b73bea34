"""What is said of wrong specs. Beside each `name.yaml` is `name.txt`, the whole of what `validate`
prints about it: every message names the place, and the way out where there is one."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec.compile import compile_report
from reportspec.diagnostics import in_order, render_text
from tests.golden import Golden
from tests.loading import load_report

HERE = Path(__file__).resolve().parent
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PROJECT = """version: 1
source: demo
timezone: Europe/Rome
locale: en_GB
currency: EUR
deliver:
  smtp: smtps://reports@smtp.example.com
  from: Reports <reports@example.com>
  allow: ["@example.com"]
  outlets: {archive: {folder: archive}}
"""
SPECS = sorted(path.stem for path in HERE.glob("*.yaml"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project over the demo, with the files that the specs name; paths start there, as they do for
    who works in it."""
    (tmp_path / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    for path in HERE.glob("*.csv"):
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(name: str, text: str, folder: Path) -> str:
    """What is printed of a spec; empty if it is valid."""
    (folder / name).write_text(text, encoding="utf-8")
    checked = load_report(Path(name), NOW, {})
    return render_text(in_order(checked.diagnostics), checked.texts)


@pytest.mark.parametrize("name", SPECS)
def test_messages(name: str, folder: Path, golden: Golden) -> None:
    text = (HERE / f"{name}.yaml").read_text(encoding="utf-8")
    found = said(f"{name}.yaml", text, folder)
    assert f"  {name}.yaml:" in found, "a message without its place"
    golden.text(f"{found}\n", HERE / f"{name}.txt")


def test_every_spec_has_its_text(golden: Golden) -> None:
    golden.only(SPECS, HERE, "*.txt")
    assert len(SPECS) >= 30


# Messages that lead astray or lead nowhere, and what they would have to say.
POOR = {
    "sqlglot_class": ("report: pipeline\nwhere: deal.amount >> > 5\n", [], ["sqlglot", "<class"]),
    "crm_word": ("report: leads\ngroup_by: [opportunity.name]\n", ["`deal.name`"], ["`product.name`"]),
    "goal_percent": ("report: pipeline\ngoals: {close_rate: 35%}\n", ["0.35"], ["1200000"]),
    "double_quotes": ('report: pipeline\nwhere: account.type = "Key"\n', ["single quotes"], []),
    "template_unquoted": (
        "report: leads\nfilters: [{field: account.region, eq: {{ params.region }}}]\n", ["quote"], []),
    "contains_of_a_number": (
        "report: leads\nfilters: [{field: deal.amount, contains: 5}]\n", ["is for text"], ["quote it"]),
    "sort_without_a_way_out": (
        "sections:\n  - breakdown: {metrics: [won_amount], by: [user.name], sort: -close_rate}\n",
        ["`won_amount`"], []),
}  # fmt: skip


@pytest.mark.parametrize("name", POOR)
def test_poor_messages(name: str, folder: Path) -> None:
    text, wanted, unwanted = POOR[name]
    message = said("poor.yaml", f"version: 1\n{text}", folder)
    shown = "\n".join(line for line in message.splitlines() if not line.startswith("  = in"))
    # The spec's own line is quoted below a message and does not count.
    told = "\n".join(line for line in shown.splitlines() if line.partition(" | ")[0].strip() == "")
    heads = "\n".join(line for line in shown.splitlines() if line.startswith("error["))
    assert [word for word in wanted if word not in heads + told] == []
    assert [word for word in unwanted if word in heads + told] == []


# Specs that make no sense and are taken all the same.
TAKEN = {
    "funnel_of_a_rate": "sections:\n  - funnel: {steps: [leads_created_count, close_rate]}\n",
    "share_of_a_rate": "sections:\n  - highlights: {shares: [{metric: close_rate, by: lead.source}]}\n",
    "amount_against_a_rate": "sections:\n  - backtest: {metric: won_amount, against: close_rate}\n",
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_makes_no_sense_is_a_mistake(name: str, folder: Path) -> None:
    assert "error[" in said("taken.yaml", f"version: 1\n{TAKEN[name]}", folder)


def test_an_address_that_is_none(folder: Path) -> None:
    text = "version: 1\nreport: leads\ndeliver: {to: [sales at example.com]}\n"
    assert "error[" in said("deliver.yaml", text, folder)


@pytest.mark.parametrize("as_of", ["2026-06-30", "2025-01-01"])
def test_as_of_before_the_period(as_of: str, folder: Path) -> None:
    """Either a mistake that is told, or figures."""
    text = f"version: 1\nreport: pipeline\nperiod: 2026-Q3\nas_of: {as_of}\n"
    (folder / "before.yaml").write_text(text, encoding="utf-8")
    checked = load_report(Path("before.yaml"), NOW, {})
    if not checked.broken:
        assert checked.report is not None
        compile_report(checked.report)


def test_the_project_s_file_is_no_spec_and_that_is_all(folder: Path) -> None:
    checked = load_report(folder / "reportspec.yaml", NOW, {})
    assert [(one.code, one.message) for one in checked.diagnostics] == [
        ("no-spec", "this is the project's file, not a spec")
    ]
