"""Every command does what its help says, over the specs that come with the project.

Slow: builds every spec that comes with the project."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import sqlglot
import yaml
from click import Context
from jsonschema import Draft202012Validator

from reportspec.cli import COMMANDS, cli
from tests.conftest import Draw

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
SPECS = sorted(
    path.name
    for path in (Path(__file__).resolve().parent.parent.parent / "specs").glob("*.yaml")
    if path.name != "reportspec.yaml"
)
# What each command can be told, by its documentation.
OPTIONS = {
    "validate": ["--set", "--period", "--messages"],
    "compile": ["--set", "--period", "--messages", "--dialect"],
    "query": ["--set", "--period", "--format"],
    "build": ["--out", "--set", "--period", "--format", "--messages", "--timings"],
    "explain": ["--set", "--period", "--format"],
    "verify": ["--format"],
    "doctor": ["--format"],
    "catalog": ["--project", "--format"],
    "schema": ["--out"],
}
SCHEMAS = ("report", "project", "mapping", "metrics", "entity", "report_type", "audits")


def test_there_are_specs() -> None:
    assert len(SPECS) >= 11


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(run: Run, flag: str) -> None:
    done = run(flag)
    assert (done.returncode, done.stderr) == (0, "")
    assert [name for name in OPTIONS if f"\n  {name}  " not in done.stdout] == []


def test_every_command_is_a_file_and_is_listed(checkout: Path) -> None:
    files = {path.stem for path in (checkout / "reportspec" / "cli").glob("*_command.py")}
    assert {f"{name.replace('-', '_')}_command" for name in COMMANDS} == files
    assert {command.name for name in COMMANDS if (command := cli.get_command(Context(cli), name))} == set(COMMANDS)


def test_a_misspelt_command_is_told_with_the_one_that_is_meant(run: Run) -> None:
    done = run("valdate")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'valdate'. Did you mean 'validate'?" in done.stderr


def test_only_the_command_that_is_asked_for_is_imported() -> None:
    loaded = "print(*sorted(name for name in sys.modules if name.endswith('_command')))"
    code = f"import sys\nfrom reportspec.cli import cli\n{loaded}\ncli.get_command(None, 'validate')\n{loaded}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["", "reportspec.cli.validate_command", ""]


@pytest.mark.parametrize("command", OPTIONS)
def test_help_of_each_command(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ")
    assert f"reportspec {command} [OPTIONS]" in done.stdout.splitlines()[0]
    assert [name for name in OPTIONS[command] if name not in done.stdout] == []


def test_version(run: Run) -> None:
    from reportspec import __version__

    done = run("--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"reportspec, version {__version__}")


def test_all_specs_are_valid(run: Run, checkout: Path) -> None:
    done = run("validate", "specs", cwd=checkout)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{len(SPECS)} specs valid\n", "")
    as_json = run("validate", "specs", "--messages", "json", cwd=checkout)
    assert (as_json.returncode, json.loads(as_json.stdout)) == (0, [])
    assert run("validate", "specs", "--messages", "github", cwd=checkout).stdout == ""


@pytest.mark.slow
# Tables of all kinds of reports are written in `test_odd_periods`.
@pytest.mark.by_day(command=("build",))
@pytest.mark.parametrize("command", ["query", "build"])
def test_all_specs_in_one_call(run: Run, checkout: Path, tmp_path: Path, command: str, draw: Draw) -> None:
    """By day every fourth is built; what a section of each kind looks like is in `tests/render` and `tests/pictures`."""
    if command == "query":
        done = run("query", "specs", "--format", "table", cwd=checkout, timeout=300)
        assert done.returncode == 0, done.stderr
        return
    some = SPECS if draw.night else SPECS[1::4]
    asked = ["specs"] if draw.night else [f"specs/{name}" for name in some]
    done = run("build", *asked, "-o", tmp_path / "out", cwd=checkout, timeout=600)
    assert done.returncode == 0, done.stderr
    built = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in built] == [name.replace(".yaml", ".pdf") for name in some]
    for path in built:
        content = path.read_bytes()
        assert content.startswith(b"%PDF")
        assert content.rstrip().endswith(b"%%EOF")
    assert sorted(done.stdout.split()) == [str(path) for path in built]


def test_compiled_sql_is_what_the_database_understands(run: Run, checkout: Path, draw: Draw) -> None:
    """Only SELECTs come out, and as many for one database as for the other. By day of every third spec, by night of all,
    whose statements run on both in `tests/engines`."""
    counts = {}
    some = SPECS[:: draw.rounds(3, 1)]
    for dialect in ("duckdb", "postgres"):
        done = run("compile", *(f"specs/{name}" for name in some), "--dialect", dialect, cwd=checkout)
        assert (done.returncode, done.stderr) == (0, "")
        statements = [each for each in sqlglot.parse(done.stdout, read=dialect) if each is not None]
        assert {type(each) for each in statements} == {sqlglot.exp.Select}
        counts[dialect] = len(statements)
        assert [name for name in some if f"specs/{name}" not in done.stdout] == []
        if dialect == "duckdb":
            kinds = {each.type for each in duckdb.extract_statements(done.stdout)}
            assert kinds == {duckdb.StatementType.SELECT}
    assert counts["duckdb"] == counts["postgres"] >= len(some)


def test_query_in_all_its_forms_says_the_same(run: Run, folder: Path) -> None:
    """The same figures as JSON and as CSV; the table has the headline."""
    (folder / "won.yaml").write_text(
        "version: 1\nperiod: 2026-Q3\nsections:\n"
        "  - {id: k, kpis: [won_deals_count, won_amount]}\n"
        "  - {id: b, breakdown: {metrics: [won_deals_count], by: [user.name]}}\n",
        encoding="utf-8",
    )
    told = {form: run("query", "won.yaml", "--format", form, cwd=folder) for form in ("json", "csv", "table")}
    assert {done.returncode for done in told.values()} == {0}
    sections = {each["id"]: each for each in json.loads(told["json"].stdout)["sections"]}
    for block in told["csv"].stdout.strip().split("\n\n"):
        title, _, text = block.partition("\n")
        section = sections.pop(title.removeprefix("# "))
        rows = list(csv.DictReader(io.StringIO(text)))
        names = [column["name"] for column in section["columns"]]
        assert [list(row) for row in rows] == [names] * len(section["rows"])
        found = [[row[name] for name in names] for row in rows]
        expected = [["" if v is None else str(v) for v in row.values()] for row in section["rows"]]
        assert found == expected
    assert sections == {}
    assert "Won deals" in told["table"].stdout


def test_a_spec_in_a_pipe_of_csv_is_bare(run: Run, folder: Path) -> None:
    """What is meant for programs has no colours, and on stderr no word but what is told of the source."""
    for form in ("json", "csv"):
        done = run("query", "good.yaml", "--format", form, cwd=folder)
        assert done.returncode == 0
        assert re.fullmatch(r"(warning\[unlikely-rows\]: .*\n(  .*\n)*)*", done.stderr)
        assert "\x1b" not in done.stdout


def test_timings_are_told_apart_from_what_was_built(run: Run, folder: Path) -> None:
    done = run("build", "good.yaml", "-o", "out", "--timings", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "out/good.pdf\n")
    assert [part for part in ("check", "compile", "query", "render", "total") if part not in done.stderr] == []


def test_period_and_params_from_the_command_line(run: Run, folder: Path) -> None:
    text = (
        "version: 1\nperiod: 2026-Q2\nparams:\n  least: {type: number, default: 0}\n"
        'filters: [{field: deal.amount, gte: "{{ params.least }}"}]\n'
        "sections: [{id: k, kpis: [won_deals_count]}]\n"
    )
    (folder / "p.yaml").write_text(text, encoding="utf-8")
    plain = text.replace("2026-Q2", "2026-Q3").replace('"{{ params.least }}"', "20000")
    (folder / "q.yaml").write_text(
        plain.replace("params:\n", "").replace("  least: {type: number, default: 0}\n", ""), encoding="utf-8"
    )
    asked = ("--set", "least=20000", "--period", "2026-Q3", "--format", "json")
    given = json.loads(run("query", "p.yaml", *asked, cwd=folder).stdout)
    said = json.loads(run("query", "q.yaml", "--format", "json", cwd=folder).stdout)
    assert given["sections"] == said["sections"]
    assert given["period"] == said["period"] == {"from": "2026-07-01", "to": "2026-10-01"}
    default = json.loads(run("query", "p.yaml", "--format", "json", cwd=folder).stdout)
    assert default["period"]["from"] == "2026-04-01"


def test_catalog_as_json(run: Run, folder: Path) -> None:
    from reportspec.catalogue.load import packaged

    for what in ("metrics", "fields", "reports", "mappings"):
        done = run("catalog", what, "--project", folder, "--format", "json")
        assert (done.returncode, done.stderr) == (0, ""), what
        names = [each["name"] for each in json.loads(done.stdout)[what]]
        assert len(names) == len(set(names)) > 0
        if what == "metrics":
            assert sorted(names) == sorted(packaged().metrics)
        if what == "reports":
            assert sorted(names) == sorted(packaged().reports)


def test_the_demo_serves_every_metric_and_report(run: Run, folder: Path) -> None:
    for what in ("metrics", "reports"):
        done = run("catalog", what, "--project", folder, "--format", "json")
        listed = json.loads(done.stdout)[what]
        assert [each["name"] for each in listed if not each["available"]] == []


def test_a_poorer_source_is_told_what_it_lacks(run: Run, folder: Path) -> None:
    """A source of deals without amounts counts them and cannot add them up."""
    (folder / "deals.csv").write_text("id,day\n1,2026-01-01\n", encoding="utf-8")
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\n", encoding="utf-8"
    )
    (folder / "m.yaml").write_text(
        "entities:\n  deal:\n    table: deals\n    key: id\n    fields:\n"
        "      created_at: {sql: day, type: date}\n      closed_at: {sql: day, type: date}\n"
        "      status: \"'won'\"\n",
        encoding="utf-8",
    )
    done = run("catalog", "metrics", "--project", folder, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    listed = {each["name"]: each for each in json.loads(done.stdout)["metrics"]}
    assert listed["won_deals_count"]["available"]
    assert listed["won_deals_count"]["why_not"] is None
    assert not listed["won_amount"]["available"]
    assert "amount" in listed["won_amount"]["why_not"]


def test_catalog_of_goals(run: Run, folder: Path) -> None:
    """The lines that propose goals are YAML once numbers stand in them, and name real metrics."""
    from reportspec.catalogue.load import packaged

    done = run("catalog", "goals", "--project", folder)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("goals:")]
    assert len(lines) >= 3
    for line in lines:
        goals = yaml.safe_load(line.replace("…", "1"))["goals"]
        assert {name.partition("(")[0].partition(".")[0] for name in goals} <= set(packaged().metrics)
    as_json = run("catalog", "goals", "--project", folder, "--format", "json")
    assert as_json.returncode == 0
    assert json.loads(as_json.stdout)


def test_catalog_without_a_word_lists_reports_and_metrics(run: Run, tmp_path: Path) -> None:
    done = run("catalog", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [name for name in ("pipeline", "close_rate") if name not in done.stdout] == []


def test_catalog_without_a_word_lists_fields(run: Run, tmp_path: Path) -> None:
    assert "deal.amount" in run("catalog", cwd=tmp_path).stdout


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema(run: Run, checkout: Path, name: str) -> None:
    done = run("schema", name)
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    Draft202012Validator.check_schema(printed)
    shipped = json.loads((checkout / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert {key for key in shipped if key != "$defs"} == {key for key in printed if key != "$defs"}
    assert shipped["properties"].keys() == printed["properties"].keys()
    assert {ref for ref in re.findall(r'"\$ref": "([^"]*)"', done.stdout) if not ref.startswith("#/$defs/")} == set()


def test_schemas_into_a_folder(run: Run, tmp_path: Path) -> None:
    done = run("schema", "-o", tmp_path / "deep" / "down")
    assert done.returncode == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "deep" / "down").iterdir()}
    assert sorted(written) == sorted(f"{name}.schema.json" for name in SCHEMAS)
    assert all(run("schema", name).stdout.encode() == written[f"{name}.schema.json"] for name in SCHEMAS)
    assert run("schema").stdout.encode() == written["report.schema.json"]


def test_figures_of_each_value_are_one_document(run: Run, folder: Path) -> None:
    """Which says whose they are, also where one value alone is asked for."""
    text = "version: 1\nperiod: 2026-Q2\nfor_each: user.name\nsections: [{id: k, kpis: [won_deals_count]}]\n"
    (folder / "each.yaml").write_text(text, encoding="utf-8")
    every = json.loads(run("query", "each.yaml", "--format", "json", cwd=folder).stdout)
    values = [one["each"]["value"] for one in every]
    assert len(set(values)) == len(values) > 1
    assert {one["each"]["field"] for one in every} == {"user.name"}
    alone = json.loads(run("query", "each.yaml", "--format", "json", "--each", values[1], cwd=folder).stdout)
    assert [one["each"] for one in alone] == [{"field": "user.name", "value": values[1]}]
    assert alone[0]["sections"] == every[1]["sections"]
    (folder / "all.yaml").write_text(text.replace("for_each: user.name\n", ""), encoding="utf-8")
    whole = json.loads(run("query", "all.yaml", "--format", "json", cwd=folder).stdout)
    assert "each" not in whole
    counts = [one["sections"][0]["rows"][0]["won_deals_count"] for one in every]
    assert sum(counts) == whole["sections"][0]["rows"][0]["won_deals_count"]  # each deal has one owner


def test_the_catalogue_is_told_in_the_projects_language(run: Run, tmp_path: Path) -> None:
    """People look for what stands on their pages: labels are those of the project's reports; data keep English."""
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\nlocale: fr_FR\n", "utf-8")
    told = run("catalog", "metrics", "--project", tmp_path).stdout
    assert any(line.split()[1:4] == ["won_amount", "Montant", "gagné"] for line in told.splitlines())
    data = json.loads(run("catalog", "metrics", "--project", tmp_path, "--format", "json").stdout)
    assert next(one["label"] for one in data["metrics"] if one["name"] == "won_amount") == "Won amount"
