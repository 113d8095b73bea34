"""Values that figures do not know by name are told where figures compare the field with those that they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.model.figures import Figures
from tests.figures.asking import figures

ACTIVITIES = """id,kind,day
1,Telefonata,2026-03-02
2,Telefonata,2026-03-03
3,Incontro,2026-03-04
4,email,2026-03-05
5,,2026-03-06
"""
DEALS = """id,kind,amount,made,closed
1,rinnovo,100,2026-01-01,2026-03-02
2,nuovo,50,2026-01-01,2026-03-03
3,renewal,7,2026-01-01,2026-03-03
"""


def project(folder: Path, *ignored: dict[str, str], kind: str = "kind") -> Path:
    (folder / "a.csv").write_text(ACTIVITIES, encoding="utf-8")
    (folder / "d.csv").write_text(DEALS, encoding="utf-8")
    about: dict[str, Any] = {
        "version": 1,
        "source": {"files": {"a": "a.csv", "d": "d.csv"}},
        "mapping": "m.yaml",
        "timezone": "UTC",
        "currency": "EUR",
        "locale": "en_GB",
    }
    if ignored:
        about["checks"] = {"ignore": list(ignored)}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    deal = {"amount": "amount", "created_at": "made", "closed_at": "closed", "status": "'won'", "deal_type": kind}
    activity = {"type": "kind", "done_at": "day"}
    entities = {
        "deal": {"table": "d", "key": "id", "fields": deal},
        "activity": {"table": "a", "key": "id", "fields": activity},
    }
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    return folder


def asked(folder: Path, *metrics: str, **more: Any) -> Figures:
    return figures(folder, {"report": "custom", "period": "2026-03", "metrics": [*metrics], **more})


def told(found: Figures) -> list[str]:
    return [one.code for one in found.warnings]


def test_new_revenue_that_has_renewals_of_another_name(tmp_path: Path) -> None:
    found = asked(project(tmp_path), "new_revenue_amount")
    assert told(found) == ["other-value"]
    [one] = found.warnings
    assert "`d` has 2 rows of 3 whose `deal.deal_type` (column `kind`) is none of new_business" in one.message
    assert one.notes == ("for example `nuovo` (1 row), `rinnovo` (1 row)",)
    assert one.help is not None
    assert "deal_type: \"case when kind in ('nuovo', 'rinnovo') then …" in one.help
    [note] = found.footnotes
    assert note.startswith("Deal type: 2 of 3 deals have other values than New business, Upsell")
    [section] = [s for s in found.sections if s.id == "headline"]
    assert section.footnotes == (1,)


def test_activities_by_their_type(tmp_path: Path) -> None:
    found = asked(project(tmp_path), "activities_done_count")
    [one] = found.warnings
    assert "3 rows of 5" in one.message
    assert one.notes == ("for example `Telefonata` (2 rows), `Incontro` (1 row)",)


@pytest.mark.parametrize("metric", ["won_amount", "won_deals_count"])
def test_what_no_figure_compares_is_not_told(metric: str, tmp_path: Path) -> None:
    assert told(asked(project(tmp_path), metric)) == []
    by = [{"breakdown": {"metrics": [metric], "by": ["deal.deal_type"]}}]
    assert told(asked(project(tmp_path), metric, sections=by)) == []


def test_a_filter_by_a_declared_value(tmp_path: Path) -> None:
    cut = [{"field": "deal.deal_type", "eq": "renewal"}]
    assert told(asked(project(tmp_path), "won_amount", filters=cut)) == ["other-value"]


def test_it_ends_where_the_mapping_says_what_they_mean(tmp_path: Path) -> None:
    said = "case when kind = 'rinnovo' then 'renewal' when kind = 'nuovo' then 'new_business' else kind end"
    found = asked(project(tmp_path, kind=said), "new_revenue_amount")
    assert told(found) == []
    [kpi] = found.sections[0].kpis
    assert kpi.value == 50


def test_what_is_known_is_not_told_again(tmp_path: Path) -> None:
    known = {"check": "other-value", "of": "deal.deal_type", "reason": "Types of our own."}
    found = asked(project(tmp_path, known), "new_revenue_amount")
    assert told(found) == []
    assert any("Types of our own." in one for one in found.not_told)


def test_doctor(tmp_path: Path, run_cli: Any) -> None:
    said = run_cli(["doctor"], cwd=project(tmp_path)).stdout
    assert "whose `deal.deal_type` (column `kind`) is none of" in said
    assert "whose `activity.type` (column `kind`) is none of" in said


def test_a_word_that_a_metric_of_ones_own_asks_for(tmp_path: Path) -> None:
    folder = project(tmp_path)
    mapping = yaml.safe_load((folder / "m.yaml").read_text())
    mapping["entities"]["deal"]["fields"]["source"] = "kind"
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    (folder / "metrics").mkdir()
    for at, word in enumerate(("Web", "rinnovo")):
        own = {
            "metrics": [
                {
                    "metric": f"own_{at}_count",
                    "kind": "aggregate",
                    "label": {"en": f"Own {at}"},
                    "description": {"en": "x"},
                    "entity": "deal",
                    "aggregate": "count",
                    "time": "deal.closed_at",
                    "where": f"deal.source = '{word}'",
                    "unit": "count",
                }
            ]
        }
        (folder / "metrics" / f"own{at}.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    found = asked(folder, "own_0_count")
    assert [one.message for one in found.warnings] == ["`deal.source` is never `Web` in `d`: `own_0_count` asks for it"]
    assert found.footnotes == ("Own 0 asks for “Web” in Source, which the source does not have.",)
    assert told(asked(folder, "own_1_count")) == []


def test_what_the_footnote_says_is_none_of_these_is_not_counted(tmp_path: Path) -> None:
    """All activities are as many as those of each type; none of them is of a type that nobody knows."""
    folder = project(tmp_path)
    mapping = yaml.safe_load((folder / "m.yaml").read_text())
    mapping["entities"]["activity"]["fields"]["type"] = "case when kind = 'Telefonata' then 'call' else kind end"
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    variants = ("calls", "meetings", "emails", "tasks")
    found = asked(folder, "activities_done_count", *(f"activities_done_count.{one}" for one in variants))
    counts = [kpi.value for kpi in found.sections[0].kpis]
    assert counts == [3, 2, 0, 1, 0]  # two calls and an email; `Incontro` and what has no type are none of these
    [note] = found.footnotes
    assert "figures take them for none of these" in note
