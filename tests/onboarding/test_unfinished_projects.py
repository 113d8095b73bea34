"""What `init` leaves where no report can be made yet, and beside a project that is there."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.conftest import RunCli
from tests.onboarding.test_init import NOW


def undated(folder: Path) -> None:
    """Leads without any date: no report of a period can be made of them."""
    rows = "".join(f"{n},Google,{n % 2},Mumbai\n" for n in range(1, 30))
    (folder / "Leads.csv").write_text("Lead Number,Lead Source,Converted,City\n" + rows, encoding="utf-8")


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_mapping_is_left_of_which_no_report_can_be_made(run_cli: RunCli, tmp_path: Path) -> None:
    """The proposed lines stay, with what the nearest report waits for; with the date in the file the spec builds."""
    undated(tmp_path)
    made = run_cli(["init", "Leads.csv", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 1
    assert made.stderr.startswith("error[no-report]: no report can be made of these tables: no column of `leads` has")
    project = tmp_path / "p"
    text = (project / "mapping.yaml").read_text("utf-8")
    assert yaml.safe_load(text)["entities"]["lead"] == {
        "table": "leads",
        "key": '"Lead Number"',
        "fields": {"source": '"Lead Source"', "is_converted": '"Converted"', "is_junk": "false"},
    }
    assert "specs/leads.yaml waits for lead.created_at" in text
    assert "specs/leads.yaml waits for lead.created_at" in made.stdout
    assert not (project / "out").exists()

    rows = [f"{n},Google,{n % 2},Mumbai,2026-08-{n:02}" for n in range(1, 30)]
    head = "Lead Number,Lead Source,Converted,City,Created On"
    (tmp_path / "Leads.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    mended = text.replace("    fields:\n", "    fields:\n      created_at: '\"Created On\"'\n")
    (project / "mapping.yaml").write_text(mended, encoding="utf-8")
    answer = run_cli(["query", "specs/leads.yaml", "--format", "csv"], cwd=project, env=NOW)
    assert answer.returncode == 0, answer.stderr
    assert "2026-08-01,29," in answer.stdout


def test_a_second_start_says_how_to_go_on_and_changes_nothing(run_cli: RunCli, tmp_path: Path) -> None:
    undated(tmp_path)
    run_cli(["init", "Leads.csv", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    before = files_of(tmp_path / "p")
    again = run_cli(["init", "Leads.csv", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    assert again.returncode == 1
    assert "error[project-exists]" in again.stderr
    for way in ("`reportspec build specs`", "`--again`", "`mapping.proposed.yaml`", "`--into`"):
        assert way in again.stderr
    assert files_of(tmp_path / "p") == before


def test_what_is_proposed_again_is_written_beside_what_is_there(run_cli: RunCli, tmp_path: Path) -> None:
    """Nothing that a person wrote is lost, and what is proposed as it was before is not written once more."""
    undated(tmp_path)
    run_cli(["init", "Leads.csv", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    project = tmp_path / "p"
    (project / "mapping.yaml").write_text((project / "mapping.yaml").read_text("utf-8") + "# mine\n", encoding="utf-8")
    mine = files_of(project)
    rows = [f"{n},Google,{n % 2},2026-08-{n:02}" for n in range(1, 30)]
    (tmp_path / "Leads.csv").write_text("\n".join(["Lead Number,Lead Source,Converted,Created On", *rows, ""]))
    for _ in range(2):
        again = run_cli(["init", "Leads.csv", "--into", "p", "--yes", "--again"], cwd=tmp_path, env=NOW)
        assert again.returncode == 0, again.stderr
        now = files_of(project)
        assert {name: now[name] for name in mine} == mine
        others = [name for name in now if name not in mine and not name.startswith("out/")]
        assert others == ["mapping.proposed.yaml"]
        assert (
            yaml.safe_load(now["mapping.proposed.yaml"])["entities"]["lead"]["fields"]["created_at"] == '"Created On"'
        )
    assert sorted(name for name in now if name.startswith("out/")) == ["out/leads.pdf", "out/leads.proposed.pdf"]


def test_files_that_cannot_be_read_as_their_crm_has_them_leave_the_project(run_cli: RunCli, tmp_path: Path) -> None:
    """What stops the first report of a CRM that was recognised is told of the project that is left to go on with."""
    from tests.crms.landed import write_tables
    from tests.crms.salesforce.tables import TABLES

    broken = {name: [dict(row) for row in rows] for name, rows in TABLES.items()}
    broken["opportunity"][0]["amount"] = "about 500"
    (tmp_path / "export").mkdir()
    write_tables(tmp_path / "export", broken)
    made = run_cli(["init", "export", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 1
    assert "about 500" in made.stderr
    assert yaml.safe_load((tmp_path / "p" / "reportspec.yaml").read_text("utf-8"))["crm"] == "salesforce"


def test_flags_of_deletion_that_only_a_condition_asks_for(run_cli: RunCli, tmp_path: Path) -> None:
    """Of three calls one is deleted; the file's flags are taken for booleans, which no text can be compared with."""
    calls = [("2026-08-02", "false"), ("2026-08-03", "false"), ("2026-08-04", "true")]
    rows = "".join(f"00T{n},005{n % 2},Rang,{day}T10:00:00.000Z,{flag}\n" for n, (day, flag) in enumerate(calls))
    (tmp_path / "Task.csv").write_text("Id,OwnerId,Subject,CompletedDateTime,IsDeleted\n" + rows, encoding="utf-8")
    made = run_cli(["init", "Task.csv", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 0, made.stderr
    spec = "version: 1\nreport: custom\nperiod: 2026-Q3\nmetrics: [activities_done_count]\n"
    project = tmp_path / "p"
    (project / "specs" / "own.yaml").write_text(spec, encoding="utf-8")
    answer = run_cli(["query", "specs/own.yaml", "--format", "csv"], cwd=project, env=NOW)
    assert answer.stdout.splitlines()[-1].startswith("2"), answer.stdout + answer.stderr

    mapping = (project / "mapping.yaml").read_text("utf-8")
    at = mapping.index("    where:")
    other = mapping[:at] + "    where: lower(\"IsDeleted\") = 'false'\n" + mapping[mapping.index("\n", at) + 1 :]
    (project / "mapping.yaml").write_text(other, encoding="utf-8")
    refused = run_cli(["query", "specs/own.yaml"], cwd=project, env=NOW)
    assert refused.returncode == 1
    assert "mapping.yaml:" in refused.stderr
    assert "bug" not in refused.stderr
