"""The page of the catalogue is what the catalogue is."""

from __future__ import annotations

from pathlib import Path

from reportspec.catalogue.load import packaged
from reportspec.check.mapping import load_mapping, shipped
from reportspec.check.project import load_project
from reportspec.reference.catalogue_page import catalogue_page
from reportspec.reference.entities_page import entities_page
from tests.conftest import RunCli
from tests.golden import Golden


def test_the_page_is_up_to_date(checkout: Path, golden: Golden) -> None:
    golden.text(catalogue_page(), checkout / "docs" / "catalogue.md")


def test_the_page_of_fields_is_up_to_date(checkout: Path, golden: Golden) -> None:
    golden.text(entities_page(), checkout / "docs" / "entities.md")


def test_every_entity_field_and_value_that_a_mapping_can_give_is_on_the_page() -> None:
    parts = dict(part.split("\n", 1) for part in entities_page().split("\n## ")[1:])
    for entity in packaged().entities.values():
        assert (entity.name in parts) == (entity.derived is None)
        for field in entity.fields.values() if entity.derived is None else ():
            row = next((line for line in parts[entity.name].splitlines() if line.startswith(f"| `{field.name}` |")), "")
            assert bool(row) == (field.expr is None), field.id
            assert all(f"`{value}`" in row for value in field.values if row), field.id


def test_the_mapping_on_the_page_could_be_written(tmp_path: Path) -> None:
    own = tmp_path / "mapping.yaml"
    own.write_text(entities_page().split("# mapping\n")[1].split("```")[0])
    source, _, document = load_mapping(packaged(), "", own, load_project(None, {})[1])
    assert document is not None
    assert document.problems == []
    assert source is not None
    fields = packaged().entities["goal"].fields
    assert set(source.entities["goal"].fields) <= set(fields)


def test_the_fields_of_one_entity_are_listed_with_what_they_mean(run_cli: RunCli) -> None:
    listed = run_cli(["catalog", "fields", "activity"]).stdout
    assert "values: call, meeting, email, task, note, others" in listed
    assert "deal.amount" not in listed
    wrong = run_cli(["catalog", "fields", "activty"])
    assert wrong.returncode == 2
    assert "did you mean `activity`?" in wrong.stderr


def test_report_types_name_the_metrics_that_they_lack(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text("id,state,closed\n1,won,2026-01-01\n")
    (tmp_path / "mapping.yaml").write_text(
        "entities:\n  deal: {table: deals, key: id, fields: {status: state, closed_at: closed}}\n"
    )
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv}}\nmapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n"
    )
    [line] = [
        text for text in run_cli(["catalog", "reports"], cwd=tmp_path).stdout.splitlines() if "+ lost_deals" in text
    ]
    assert "— not " in line
    assert "lost_amount" in line


def test_all_35_metrics_and_9_report_types_are_there() -> None:
    numbers = sorted(metric.number for metric in packaged().metrics.values() if metric.number)
    assert numbers == list(range(1, 36))
    assert sorted(packaged().reports) == [
        "conversions",
        "data_quality",
        "leads",
        "lost_deals",
        "pipeline",
        "profitability",
        "sales_activity",
        "sales_cycle",
        "sales_forecast",
    ]
    assert shipped() == ("activecampaign", "hubspot", "pipedrive", "salesforce", "zendesk", "zoho")


def test_everything_has_an_english_and_an_italian_name() -> None:
    metrics = packaged().metrics
    names = [v for m in metrics for v in (m, *(f"{m}.{each}" for each in metrics.variants(m)))]
    for name in names:
        metric = metrics[name]
        assert metric.label.get("en"), name
        assert metric.label.get("it"), name
        assert metric.description.get("en"), name
        assert metric.description.get("it"), name
