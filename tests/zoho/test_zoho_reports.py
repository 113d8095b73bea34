"""Report types are built over the Zoho export, all in one call, and one of a single month."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Draw

RunCli = Callable[..., subprocess.CompletedProcess[str]]
PROJECT = Path(__file__).parent / "project"
NOW = "2021-06-15T12:00:00Z"  # some weeks after the export's newest record
REPORTS = {
    "pipeline": "2021-Q1",
    "conversions": "2021-Q1",
    "sales_cycle": "2020",
    "lost_deals": "2021-Q1",
    "leads": "last_quarter",
    "sales_activity": "2021-W10",
    "sales_forecast": "this_quarter",
    "profitability": "2020",
}


@pytest.fixture(scope="module")
def project(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The export's project without specs, and the environment that leads to the data."""
    folder = tmp_path_factory.mktemp("zoho-reports") / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("specs", "out"))
    (folder / "specs").mkdir()
    return folder, {"ZOHO_DATA": str(shared_data / "zoho_crm_demo"), "REPORTSPEC_NOW": NOW}


def is_whole_pdf(path: Path) -> bool:
    content = path.read_bytes()
    return content.startswith(b"%PDF") and content.rstrip().endswith(b"%%EOF")


@pytest.mark.xdist_group("zoho-reports")
def test_all_report_types_build(project: tuple[Path, dict[str, str]], run_cli: RunCli, draw: Draw) -> None:
    """By day every third type: what their figures are is tested besides.

    Slow: reports are made PDFs."""
    folder, env = project
    some = [*REPORTS][:: draw.rounds(3, 1)]
    for report in some:
        text = f"version: 1\nreport: {report}\nperiod: {REPORTS[report]}\ncompare: previous_period\n"
        (folder / "specs" / f"{report}.yaml").write_text(text, encoding="utf-8")
    done = run_cli(["build", "specs", "--out", "all"], cwd=folder, env=env, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    built = sorted((folder / "all").iterdir())
    assert [path.name for path in built] == sorted(f"{report}.pdf" for report in some)
    assert [path.name for path in built if not is_whole_pdf(path)] == []
    assert sorted(done.stdout.split()) == [f"all/{path.name}" for path in built]
    assert done.stderr.splitlines()[-1] == f"{len(some)} reports built"


@pytest.mark.xdist_group("zoho-reports")
def test_a_spec_for_one_month(project: tuple[Path, dict[str, str]], run_cli: RunCli) -> None:
    folder, env = project
    (folder / "march.yaml").write_text(
        "version: 1\nreport: pipeline\ntitle: March\nperiod: 2021-03\n", encoding="utf-8"
    )
    done = run_cli(["build", "march.yaml", "--out", "month"], cwd=folder, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert is_whole_pdf(folder / "month" / "march.pdf")


@pytest.mark.xdist_group("zoho-reports")
def test_the_month_may_be_given_when_building(project: tuple[Path, dict[str, str]], run_cli: RunCli) -> None:
    """`--period` of the command line gives the figures of a spec that says the same."""
    folder, env = project
    for name, period in {"a": "2021-03", "b": "2020-Q4"}.items():
        (folder / name).mkdir()
        text = f"version: 1\nreport: lost_deals\nperiod: {period}\n"
        (folder / name / "lost.yaml").write_text(text, encoding="utf-8")
    said = run_cli(["query", "a/lost.yaml", "--format", "json"], cwd=folder, env=env)
    asked = ["query", "b/lost.yaml", "--period", "2021-03", "--format", "json"]
    given = run_cli(asked, cwd=folder, env=env)
    assert (said.returncode, given.returncode) == (0, 0), said.stderr + given.stderr
    assert said.stdout == given.stdout
