"""Mistakes that are near to what is right: what is told shows where it is and what to write."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec import api
from reportspec.diagnostics import Diagnostic
from tests.conftest import RunCli
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
FILES = {
    "reportspec.yaml": "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n",
    "deals.csv": "Deal Id,Deal Name (old),Amount,Status,Created,Closed\n"
    "1,One,100,won,2026-10-01 10:00:00,2026-10-05 10:00:00\n",
    "mapping.yaml": "entities:\n  deal:\n    table: deals\n    key: '\"Deal Id\"'\n    fields:\n"
    "      amount: Amount\n      status: Status\n      created_at: Created\n      closed_at: Closed\n",
    "spec.yaml": "version: 1\nperiod: 2026-10\nmetrics: [won_amount]\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project over one CSV file."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def told(folder: Path) -> list[Diagnostic]:
    return list(load_report(folder / "spec.yaml", NOW, {}).diagnostics)


@pytest.mark.parametrize(
    ("written", "help"),
    [
        ("Deal-Nr.", "write `'\"Deal-Nr.\"'`"),
        ("Deal Id", "write `'\"Deal Id\"'`"),
        ("Deal Name (old)", "write `'\"Deal Name (old)\"'`"),
        ("Lead Source Detail", "write `'\"Lead Source Detail\"'`"),
        ("Importo in € netto", "write `'\"Importo in € netto\"'`"),
        ("Größe des Geschäfts", "write `'\"Größe des Geschäfts\"'`"),
    ],
)
@pytest.mark.parametrize("field", ["key", "name"])
def test_a_name_with_blanks_or_signs(project: Path, field: str, written: str, help: str) -> None:
    """Quoted as it is told, it is read."""
    text = FILES["mapping.yaml"]
    at = "    key: '\"Deal Id\"'\n" if field == "key" else "      amount: Amount\n"
    own = f"    key: {written}\n" if field == "key" else f"{at}      name: {written}\n"
    (project / "mapping.yaml").write_text(text.replace(at, own), "utf-8")
    (problem,) = told(project)
    assert (problem.code, problem.help) == (
        "bad-expression",
        f"a name with blanks or signs stands in quotes: {help}",
    )
    assert problem.span is not None
    assert problem.span.line == (4 if field == "key" else 7)
    mended = own.replace(f" {written}", f" {help.removeprefix('write `').removesuffix('`')}")
    (project / "mapping.yaml").write_text(text.replace(at, mended), "utf-8")
    assert not told(project)


@pytest.mark.parametrize("written", ["Amount +", "sum (Amount) over", "case when Amount", "1 2"])
def test_what_is_no_name_is_not_told_as_one(project: Path, written: str) -> None:
    text = FILES["mapping.yaml"].replace("amount: Amount", f"amount: '{written}'")
    (project / "mapping.yaml").write_text(text, "utf-8")
    (problem,) = told(project)
    assert problem.help is None or "case" in written or "over" in written


@pytest.mark.parametrize("column", ["Closedd", "closed_at"])
def test_a_missing_column_is_told_where_the_mapping_names_it(project: Path, column: str) -> None:
    """Also one that is called like its field."""
    text = FILES["mapping.yaml"].replace("closed_at: Closed", f"closed_at: {column}")
    (project / "mapping.yaml").write_text(text, "utf-8")
    with pytest.raises(api.ReportError) as caught:
        api.build(project / "spec.yaml", now=NOW)
    (problem,) = caught.value.diagnostics
    assert problem.code == "unknown-column"
    assert f"no column `deals.{column}`" in problem.message
    assert problem.span is not None
    assert (problem.span.file, problem.span.line) == ("mapping.yaml", 9)
    assert "the mapping takes `deal.closed_at` from it" in problem.notes
    assert "closed_at: " in str(caught.value)  # the line of the mapping is shown


METRICS = """
metrics:
  - {metric: one, kind: aggregate, entity: deal, aggregate: sum, of: amuont, time: deal.created_at}
  - {metric: two, kind: aggregate, entity: lead, aggregate: count, where: "status = 'x'", time: lead.created_at}
  - {metric: three, kind: aggregate, entity: lead, aggregate: count, time: lead.creatd_at}
  - {metric: four, kind: aggregate, entity: lead, aggregate: count, where: "account.nmae = 'x'", time: lead.created_at}
  - {metric: five, kind: aggregate, entity: activity, aggregate: count, time: doneat}
  - {metric: six, kind: aggregate, entity: deal, aggregate: count, where: "cretaed_at > as_of", time: deal.created_at}
"""


def test_fields_of_the_metrics_own_entity_come_first(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", "utf-8")
    (tmp_path / "spec.yaml").write_text(FILES["spec.yaml"], "utf-8")
    (tmp_path / "metrics" / "own.yaml").write_text(METRICS, "utf-8")
    near = [problem.help for problem in told(tmp_path)]
    wanted = ["deal.amount", "lead.status", "lead.created_at", "account.name", "activity.done_at", "deal.created_at"]
    assert near == [f"did you mean `{name}`?" for name in wanted]


@pytest.mark.parametrize(
    ("spec", "key", "wanted"),
    [
        (
            "kind: ratio, numerator: won_deals_count, denominator: lost_deals_count, formula: won_amount + 1",
            "formula",
            "`derived`",
        ),
        ("kind: derived, formula: won_amount + 1, numerator: won_deals_count", "numerator", "`ratio`"),
        (
            "kind: ratio, numerator: won_deals_count, denominator: lost_deals_count, entity: deal",
            "entity",
            "`aggregate`",
        ),
    ],
)
def test_a_key_of_another_kind_is_named(tmp_path: Path, spec: str, key: str, wanted: str) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", "utf-8")
    (tmp_path / "spec.yaml").write_text(FILES["spec.yaml"], "utf-8")
    text = f"metrics:\n  - {{metric: one, {spec}}}\n"
    (tmp_path / "metrics" / "own.yaml").write_text(text, "utf-8")
    (problem,) = told(tmp_path)
    assert problem.code == "contradiction"
    assert problem.message.startswith(f"`{key}` goes with `kind:` {wanted}")
    assert problem.span is not None
    assert problem.span.column == text.splitlines()[1].index(f"{key}:") + 1


def test_yaml_has_two_endings(tmp_path: Path) -> None:
    """`.yml` is read wherever `.yaml` is: as project, mapping, spec, and in the catalogue's folders."""
    body = {
        "reportspec.yml": FILES["reportspec.yaml"].replace("mapping.yaml", "mapping.yml"),
        "deals.csv": FILES["deals.csv"],
        "mapping.yml": FILES["mapping.yaml"],
        "entities/big.yml": "entity: big\nkey: deal_id\nfields: {deal_id: {type: key}, amount: {type: money}}\n"
        "derived: {from: deal, where: deal.amount > 50, fields: {deal_id: deal.deal_id, amount: deal.amount}}\n",
        "metrics/own.yml": "metrics:\n  - {metric: big_count, label: Big, kind: aggregate, entity: big, aggregate: count, stock: true}\n",
        "report_types/own.yml": "report_type: own\nlabel: Own\nmetrics: [big_count]\n",
        "spec.yml": "version: 1\nreport: own\nperiod: 2026-10\n",
    }
    for name, text in body.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    made = api.build(tmp_path / "spec.yml", now=NOW)
    assert [float(str(kpi.value)) for kpi in made.figures.sections[0].kpis] == [1]
    (tmp_path / "reportspec.yaml").write_text(FILES["reportspec.yaml"].replace("mapping.yaml", "mapping.yml"))
    (problem,) = api.validate(tmp_path / "spec.yml", now=NOW)
    assert (problem.code, problem.severity) == ("two-projects", "warning")


def test_a_project_file_with_the_other_ending_is_found_by_every_command(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "reportspec.yml").write_text("version: 1\nsource: demo\n", "utf-8")
    for command in (["catalog", "goals"], ["doctor"], ["doctor", "."], ["status"]):
        done = run_cli(command, cwd=tmp_path)
        assert done.returncode == 0, (command, done.stderr)
    assert "reportspec.yml" in run_cli(["doctor"], cwd=tmp_path).stdout


@pytest.mark.parametrize("fields", ["fields: {cycle_days: '1'}", "union: [{table: deal, fields: {cycle_days: '1'}}]"])
def test_what_is_computed_is_not_mapped(tmp_path: Path, fields: str) -> None:
    """A mapping that gives what would not be read is told so, at the place where it does."""
    project = "version: 1\nsource: {files: {deal: deal.csv}}\nmapping: m.yaml\n"
    (tmp_path / "reportspec.yaml").write_text(project, "utf-8")
    (tmp_path / "deal.csv").write_text("deal_id\n1\n", "utf-8")
    (tmp_path / "spec.yaml").write_text("version: 1\nmetrics: [deals_count]\n", "utf-8")
    text = f"entities:\n  deal: {{table: deal, key: deal_id, {fields}}}\n"
    (tmp_path / "m.yaml").write_text(text, "utf-8")
    (problem,) = [one for one in told(tmp_path) if one.code == "computed-field"]
    assert problem.span is not None
    assert problem.span.column == text.splitlines()[1].index("cycle_days") + 1
