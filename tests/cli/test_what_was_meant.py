"""Messages about tables and columns that are not there say what was meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.figures.asking import figures

FIELDS = {"name": '"Nome e cognome"', "email": '"E-Mail"', "team": '"Squadra/Team"'}


def project(folder: Path, table: str = "venditori", **fields: str) -> Path:
    (folder / "v.csv").write_text(
        "Codice,Nome e cognome,E-Mail,Squadra/Team\nu,Ada,a@example.com,North\n", encoding="utf-8"
    )
    (folder / "d.csv").write_text("id,owner,amount,closed\n1,u,5,2026-03-01\n", encoding="utf-8")
    about = {
        "version": 1,
        "source": {"files": {"venditori": "v.csv", "deals": "d.csv"}},
        "mapping": "m.yaml",
        "timezone": "UTC",
        "currency": "EUR",
    }
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    user = {"table": table, "key": "Codice", "fields": {**FIELDS, **fields}}
    deal = {
        "table": "deals",
        "key": "id",
        "fields": {
            "owner_id": "owner",
            "amount": "amount",
            "closed_at": "closed",
            "created_at": "closed",
            "status": "'won'",
        },
    }
    (folder / "m.yaml").write_text(yaml.safe_dump({"entities": {"user": user, "deal": deal}}), encoding="utf-8")
    spec = {
        "version": 1,
        "report": "custom",
        "period": "2026-03",
        "metrics": ["won_amount"],
        "group_by": ["user.team", "user.email"],
    }
    (folder / "s.yaml").write_text(json.dumps(spec), encoding="utf-8")
    return folder


def test_the_project_itself_is_right(tmp_path: Path, run_cli: Any) -> None:
    assert run_cli(["query", "s.yaml"], cwd=project(tmp_path)).returncode == 0


@pytest.mark.parametrize(("field", "name"), [("email", "E-Mail"), ("team", "Squadra/Team"), ("team", "A + B/C-D")])
def test_a_name_with_signs_that_is_read_as_a_calculation(field: str, name: str, tmp_path: Path, run_cli: Any) -> None:
    done = run_cli(["query", "s.yaml"], cwd=project(tmp_path, **{field: name}))
    assert done.returncode != 0
    assert f"""write `'"{name.replace(" ", "")}"'`""" in done.stderr


def test_a_calculation_is_none_where_one_of_its_columns_is_there(tmp_path: Path, run_cli: Any) -> None:
    done = run_cli(["query", "s.yaml"], cwd=project(tmp_path, email="Codice - Code"))
    assert "stands in quotes" not in done.stderr


def test_a_table_of_ones_own_mapping_that_is_misspelt(tmp_path: Path, run_cli: Any) -> None:
    folder = project(tmp_path, "venditorii")
    done = run_cli(["query", "s.yaml"], cwd=folder)
    assert "did you mean `venditori`?" in done.stderr
    told = run_cli(["doctor"], cwd=folder)
    assert told.returncode != 0
    assert "`venditorii` (for `user`) is not there" in told.stdout


def test_an_empty_list_says_that_there_are_none(tmp_path: Path) -> None:
    nothing = "deal.amount > 99999"
    sections: list[dict[str, Any]] = [
        {"id": "a", "records": {"entity": "deal", "fields": ["deal.amount"], "where": nothing}},
        {"id": "b", "breakdown": {"metrics": ["won_amount"], "by": ["deal.status"]}, "where": nothing},
        {"id": "c", "records": {"entity": "deal", "fields": ["deal.amount"]}},
    ]
    found = figures(
        project(tmp_path), {"report": "custom", "period": "2026-03", "sections": sections, "locale": "en_GB"}
    )
    assert [one.notes[:1] == ("There are no records for this.",) for one in found.sections] == [True, True, False]
