"""What stands above columns: words of the report's language, never a name of the catalogue's."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.catalogue.load import documents, packaged
from reportspec.check.report import check_file
from reportspec.languages import languages
from reportspec.measures.dimensions import dimension_column
from reportspec.render.locale import formats_for, with_unit
from tests.conftest import Draw
from tests.figures.asking import figures
from tests.render import sample

TYPES = sorted(packaged().reports)


def headings(folder: Path, language: str, spec: dict[str, Any]) -> dict[str, list[str]]:
    """The headings of a spec's columns, and the names of its tiles, by section, in a language."""
    project = f"version: 1\nsource: demo\ntimezone: Europe/Rome\nlanguage: {language}\ncurrency: EUR\n"
    (folder / "reportspec.yaml").write_text(project, "utf-8")
    found = figures(folder, {"period": "2026-Q3", "as_of": "2026-10-01", **spec})
    told = (s for s in found.sections if s.kind != "highlights")  # of sentences, which have no headings
    return {s.id: [c.label for c in (*s.columns, *(k.column for k in s.kpis))] for s in told}


@pytest.mark.parametrize("language", languages())
def test_no_heading_has_an_identifier(language: str, tmp_path: Path, draw: Draw) -> None:
    """By day of each report in one language, and of every second in English; by night in all.

    Slow: each report is computed."""
    catalogue = packaged()
    ids = {n for e in catalogue.entities.values() for n in (*e.fields, *e.relations)} | set(catalogue.entities)
    others = [one for one in languages() if one != "en"]
    every = draw.rounds(2 if language == "en" else len(others), 1)
    for report in TYPES[others.index(language) % every if language != "en" else 0 :: every]:
        for texts in headings(tmp_path, language, {"report": report}).values():
            for text in texts:
                assert "_" not in text, report
                assert not set(re.findall(r"\(([^)]*)\)", text)) & ids, report


@pytest.mark.parametrize("language", languages())
def test_all_fields_have_a_label_that_is_no_identifier(language: str) -> None:
    for _, entity in documents("entities"):
        for name, field in entity["fields"].items():
            assert "label" in (field or {}), f"{entity['entity']}.{name}"
            assert "_" not in field["label"].get(language, "_"), f"{entity['entity']}.{name}"


# By hand: the way's usual relations say nothing, others are told by what the catalogue calls them.
WAYS = [
    ("deal.lost_stage.name", {"en": "Stage when lost", "de": "Phase beim Verlust", "it": "Fase di perdita"}),
    ("deal.stage.name", {"en": "Stage", "de": "Phase", "fr": "Étape"}),
    ("deal.owner.name", {"en": "Owner", "es": "Responsable"}),
    ("account.parent.name", {"en": "Parent account", "fr": "Compte parent"}),
    ("deal.account.parent.name", {"en": "Parent account", "es": "Cuenta matriz"}),
    ("deal.account.owner.name", {"en": "Owner (Account)", "it": "Responsabile (Azienda)"}),
    ("deal.owner.manager.name", {"en": "Manager", "de": "Vorgesetzte Person"}),
    ("deal.account.industry", {"en": "Industry", "de": "Branche"}),
    ("stage_visit.next_stage.name", {"en": "Next stage", "de": "Nächste Phase"}),
]


@pytest.mark.parametrize(("field", "said"), WAYS)
def test_what_a_relation_leads_to_is_called_by_it(field: str, said: dict[str, str], tmp_path: Path) -> None:
    metric = {"account": "customers_count", "stage_visit": "stage_exits_count"}.get(
        field.partition(".")[0], "won_deals_count"
    )
    for language, text in said.items():
        (tmp_path / "reportspec.yaml").write_text(f"version: 1\nsource: demo\nlanguage: {language}\n", "utf-8")
        (tmp_path / "a.yaml").write_text(
            f"version: 1\nperiod: 2026-Q3\nsections: [{{breakdown: {{metrics: [{metric}], by: [{field}]}}}}]\n", "utf-8"
        )
        report = check_file(tmp_path / "a.yaml", datetime(2026, 11, 1, tzinfo=UTC), {}).report
        assert report is not None
        assert [dimension_column(report, d).label for d in report.sections[0].dimensions] == [text]


def test_lists_tell_the_owners_of_two_records_apart(tmp_path: Path) -> None:
    records = {"entity": "deal", "fields": ["deal.owner.name", "deal.account.owner.name"], "limit": 2}
    assert headings(tmp_path, "en", {"sections": [{"id": "a", "records": records}]})["a"] == [
        "Owner",
        "Owner (Account)",
    ]


# By hand: both are the sum of the amounts of open deals (weighted), under two ids.
ONE_FIGURE = {
    frozenset({"open_amount", "open_opportunities_count.by_value"}),
    frozenset({"open_weighted_amount", "open_opportunities_count.weighted"}),
}


@pytest.mark.parametrize("language", languages())
def test_no_two_figures_have_one_name(language: str) -> None:
    named: dict[str, set[str]] = {}
    for _, data in documents("metrics"):
        for spec in data["metrics"]:
            for id in (spec["metric"], *(f"{spec['metric']}.{name}" for name in spec.get("variants") or ())):
                label = packaged().metrics[id].label
                named.setdefault(label.get(language) or label["en"], set()).add(id)
    assert {frozenset(ids) for ids in named.values() if len(ids) > 1} == ONE_FIGURE


def test_figures_of_one_name_are_one(tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ncurrency: EUR\n", "utf-8")
    kpis = [id for pair in ONE_FIGURE for id in sorted(pair)]
    found = figures(tmp_path, {"period": "2026-Q3", "as_of": "2026-10-01", "sections": [{"kpis": kpis}]})
    values = [kpi.value for kpi in found.sections[0].kpis]
    assert values[0] == values[1]
    assert values[2] == values[3]
    assert len(set(values)) == 2


def test_a_german_heading_says_days_once() -> None:
    german = formats_for(replace(sample.figures("en", ()), language="de", locale="de"))
    assert with_unit(german, "Tage in der Phase (Median)", "days") == "Tage in der Phase (Median)"
    assert with_unit(german, "Verkaufszyklus", "days") == "Verkaufszyklus (Tage)"


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [
        ("en", "1 file", "2 files"),
        ("it", "1 file", "2 file"),
        ("de", "1 Datei", "2 Dateien"),
        ("es", "1 archivo", "2 archivos"),
        ("fr", "1 fichier", "2 fichiers"),
    ],
)
def test_files_are_counted_in_the_language(language: str, one: str, two: str, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("id,amount\n1,5\n", "utf-8")
    (tmp_path / "m.yaml").write_text("entities: {deal: {table: d, key: id, fields: {amount: amount}}}\n", "utf-8")
    for files, said in (("d: d.csv", one), ("d: d.csv, e: d.csv", two)):
        project = f"version: 1\nsource: {{files: {{{files}}}}}\nmapping: m.yaml\nlanguage: {language}\n"
        (tmp_path / "reportspec.yaml").write_text(project, "utf-8")
        assert figures(tmp_path, {"period": "2026-Q3", "sections": [{"text": "a"}]}).source_label == said


def test_no_section_is_called_as_a_metric_that_counts_something_else() -> None:
    """The list of deals that were pushed or are past their date was called as the tile of those that were pushed."""
    catalogue = packaged()
    sections = catalogue.reports["sales_forecast"].preset["sections"]
    [title] = [one["title"] for one in sections if one.get("id") == "slipped"]
    for language in languages():
        assert title.get(language) != catalogue.metrics["pushed_deals_count"].label.get(language), language
