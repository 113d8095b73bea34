"""What editors know of a project by its schemas, by what the YAML language server says that editors run."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reportspec.source import plain, read_yaml_file
from tests.conftest import CHECKOUT, RunCli
from tests.editor.language_server import LanguageServer, position
from tests.engines.lacking import NotInstalled

FILES = {
    "reportspec.yaml": """version: 1
source: {files: {deals: deals.csv, people: people.csv}}
mapping: mapping.yaml
currency: EUR
deliver: {smtp: "smtp://localhost", from: a@example.com, outlets: {archive: {folder: out}}}
""",
    "mapping.yaml": """version: 1
entities:
  deal:
    table: deals
    key: id
    fields:
      name: title
      status: state
      amount: amount
      owner_id: owner
      created_at: {sql: created, type: date}
      closed_at: {sql: closed, type: date}
      sales_region: {sql: region, type: text, label: {en: Sales region}}
  user: {table: people, key: id, fields: {name: name}}
""",
    "deals.csv": "id,title,state,amount,owner,created,closed,region\n1,A,won,10,7,2026-01-02,2026-02-03,North\n",
    "people.csv": "id,name\n7,Anna\n",
    "metrics/own.yaml": """version: 1
metrics:
  - metric: northern_deals_count
    kind: aggregate
    label: {en: Deals of the north}
    description: {en: Deals that were won in the region North.}
    unit: count
    direction: up
    category: sales
    entity: deal
    aggregate: count
    where: deal.status = 'won' and deal.sales_region = 'North'
    time: deal.closed_at
""",
    "report_types/weekly.yaml": """version: 1
report_type: northern_week
label: {en: Week of the north}
description: {en: What the north sold in a week.}
questions: [{en: What did the north sell?}]
sections:
  - kpis: [northern_deals_count]
""",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, run_cli: RunCli) -> Path:
    folder = tmp_path_factory.mktemp("editor")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "specs").mkdir()
    done = run_cli(["schema", "--project"], cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "  # yaml-language-server: $schema=../.reportspec/schemas/report.schema.json\n" in done.stdout
    assert '    "./.reportspec/schemas/report.schema.json": ["specs/*.yaml"],\n' in done.stdout
    return folder


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[LanguageServer]:
    main = (
        Path(os.environ.get("VENV", CHECKOUT / ".venv"))
        / "yaml-language-server"
        / "node_modules"
        / "yaml-language-server"
    )
    if not main.is_dir():
        raise NotInstalled("needs the YAML language server: `make test` installs it, as does `.ci/set-up test`")
    schemas = project / ".reportspec" / "schemas"
    files = {
        "report": "*.spec.yaml",
        "mapping": "*.mapping.yaml",
        "metrics": "*.metrics.yaml",
        "project": "*.project.yaml",
    }
    settings = {
        "yaml": {
            "schemas": {(schemas / f"{name}.schema.json").as_uri(): [glob] for name, glob in files.items()},
            "validate": True,
            "completion": True,
            "hover": True,
            "schemaStore": {"enable": False},
        }
    }
    started = LanguageServer(["node", main / "bin" / "yaml-language-server", "--stdio"], settings, project)
    first = started.open(project / "first.spec.yaml", "version: 1\n")  # the settings are known once it is checked
    started.diagnostics(first["uri"])
    yield started
    started.close()


_NUMBERS = itertools.count(1)


def completed(server: LanguageServer, project: Path, text: str, kind: str = "spec") -> dict[str, str]:
    """What is offered at the mark, with what is said of each."""
    text, place = position(text)
    file = server.open(project / f"{next(_NUMBERS)}.{kind}.yaml", text)
    found = server.ask("textDocument/completion", {"textDocument": file, "position": place})
    return {item["label"]: _text(item.get("documentation")) for item in found["items"]}


def hovered(server: LanguageServer, project: Path, text: str, kind: str = "spec") -> str:
    """What is said of what stands at the mark."""
    text, place = position(text)
    file = server.open(project / f"{next(_NUMBERS)}.{kind}.yaml", text)
    found = server.ask("textDocument/hover", {"textDocument": file, "position": place})
    return _text(found["contents"])


def told(server: LanguageServer, project: Path, text: str, kind: str = "spec") -> list[tuple[str, int, int]]:
    """What is wrong with a file, with line and column from 0."""
    file = server.open(project / f"{next(_NUMBERS)}.{kind}.yaml", text)
    return [
        (each["message"], each["range"]["start"]["line"], each["range"]["start"]["character"])
        for each in server.diagnostics(file["uri"])
    ]


def _text(documentation: Any) -> str:
    return documentation["value"] if isinstance(documentation, dict) else documentation or ""


SPEC = "version: 1\n"
FILTER = SPEC + "report: pipeline\nfilters:\n  - field: "
MAPPING = "version: 1\nentities:\n"


@pytest.mark.xdist_group("yaml-language-server")
@pytest.mark.parametrize(
    ("text", "kind", "there", "absent", "said"),
    [
        (SPEC + "report: |", "spec", {"pipeline", "custom", "northern_week"}, {"weekly"}, {"northern_week": "What the north sold in a week."}),
        (SPEC + "metrics:\n  - |", "spec", {"close_rate", "northern_deals_count", "sales_cycle_days.median"}, {"leads_created_count"}, {"close_rate": "**Close rate** (percent; higher is better)"}),
        (SPEC + "goals:\n  |", "spec", {"close_rate", "northern_deals_count"}, {"leads_created_count"}, {"northern_deals_count": "Deals that were won in the region North."}),
        (FILTER + "|", "spec", {"deal.amount", "deal.sales_region", "user.name"}, {"lead.source", "user.email"}, {"deal.sales_region": "**Sales region** (text)"}),
        (FILTER + "deal.status\n    eq: |", "spec", {"open", "won", "lost"}, {"1000"}, {"won": "Won"}),
        (FILTER + "deal.status\n    in:\n      - |", "spec", {"open", "won", "lost"}, set(), {}),
        (SPEC + "sections:\n  - |", "spec", {"kpis", "breakdown", "records", "forecast"}, {"sections"}, {}),
        (SPEC + "sections:\n  - breakdown:\n      by: [|]", "spec", {"deal.sales_region", "user.name"}, {"lead.source"}, {}),
        (SPEC + "sections:\n  - records:\n      entity: |", "spec", {"deal", "user"}, {"lead"}, {}),
        (SPEC + "deliver:\n  also:\n    - |", "spec", {"archive"}, {"folder"}, {}),
        (MAPPING + "  lead:\n    table: l\n    fields:\n      |", "mapping", {"source", "created_at"}, {"deal_id"}, {}),
        ("version: 1\nmetrics:\n  - metric: x\n    kind: ratio\n    numerator: |", "metrics", {"won_deals_count", "northern_deals_count"}, {"deal.amount"}, {}),
    ],
)  # fmt: skip
def test_what_is_offered(
    server: LanguageServer, project: Path, text: str, kind: str, there: set[str], absent: set[str], said: dict[str, str]
) -> None:
    found = completed(server, project, text, kind)
    assert there <= found.keys()
    assert not absent & found.keys()
    for name, words in said.items():
        assert words in found[name]


@pytest.mark.xdist_group("yaml-language-server")
@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        (SPEC + "metrics: [close_|rate]", "spec", "Won deals divided by won and lost deals that closed in the period."),
        (SPEC + "goals: {northern_|deals_count: 3}", "spec", "Deals that were won in the region North."),
        (FILTER + "deal.sales_|region\n    eq: North", "spec", "**Sales region** (text)"),
        (SPEC + "report: northern|_week", "spec", "What did the north sell?"),
        (MAPPING + "  user:\n    table: people\n    fields:\n      na|me: name", "mapping", "**Owner** (text)"),
    ],
)
def test_what_is_explained(server: LanguageServer, project: Path, text: str, kind: str, said: str) -> None:
    found = hovered(server, project, text, kind)
    assert said in found
    assert len(found) < 1500, "of one name, not of all"


NO_METRIC = "this project has no such metric: `reportspec validate` says which may be meant"


@pytest.mark.xdist_group("yaml-language-server")
@pytest.mark.parametrize(
    ("text", "kind", "wrong"),
    [
        (SPEC + "metrics: [close_rat]", "spec", [(NO_METRIC, 1, 10)]),
        (SPEC + "metrics: [leads_created_count]", "spec", [(NO_METRIC, 1, 10)]),
        (SPEC + "metrics: [close_rate.by_value, sales_cycle_days.p90, northern_deals_count]", "spec", []),
        (SPEC + "report: pipeline\ngoals: {close_rat: 3}", "spec", [("Property close_rat is not allowed.", 2, 8)]),
        (FILTER + "deal.status\n    eq: Won", "spec", [("`deal.status` is one of `open`, `won`, `lost`", 4, 8)]),
        (FILTER + "deal.status\n    eq: '{{ params.state }}'", "spec", []),
        (FILTER + "deal.owner.name\n    eq: Anna", "spec", []),
        (MAPPING + "  deel: {table: deals}", "mapping", [("Property deel is not allowed.", 2, 2)]),
    ],
)
def test_what_is_told(
    server: LanguageServer, project: Path, text: str, kind: str, wrong: list[tuple[str, int, int]]
) -> None:
    assert told(server, project, text, kind) == wrong


def test_what_is_valid_fits_the_demos_own_schemas(demo: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """They refuse nothing that the language allows and the demo can serve."""
    done = run_cli(["schema", "--project", demo, "-o", tmp_path])
    assert done.returncode == 0, done.stderr
    written = {
        path.name.removesuffix(".schema.json"): json.loads(path.read_text("utf-8")) for path in tmp_path.iterdir()
    }
    assert written.keys() == {"report", "project", "mapping", "metrics", "entity", "report_type", "audits"}
    for schema in written.values():
        Draft202012Validator.check_schema(schema)
    assert "x-names" not in json.dumps(written)
    report, mapping = (Draft202012Validator(written[name]) for name in ("report", "mapping"))
    specs = [path for path in sorted((CHECKOUT / "specs").glob("*.yaml")) if path.name != "reportspec.yaml"]
    for validator, paths in (
        (report, specs),
        (mapping, sorted((CHECKOUT / "reportspec" / "catalogue" / "crms").glob("*.yaml"))[:3]),
    ):
        for path in paths:
            node, _, _ = read_yaml_file(path)
            assert node is not None
            assert [error.message for error in validator.iter_errors(plain(node))] == [], path.name


def test_one_schema_is_printed_and_a_broken_project_is_told(demo: Path, run_cli: RunCli, tmp_path: Path) -> None:
    printed = run_cli(["schema", "mapping", "--project", demo])
    assert json.loads(printed.stdout)["$id"] == "project/mapping.schema.json"
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: {files: {deals: a.csv}}\n", encoding="utf-8")
    broken = run_cli(["schema", "--project", tmp_path])
    assert broken.returncode == 1
    assert "no file matches `a.csv`" in broken.stderr
    assert not (tmp_path / ".reportspec").exists()
