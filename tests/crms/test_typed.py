"""Tables with typed columns are read as those whose columns are all text."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.crms.landed import Landed, write_project, write_tables

CRMS = ("activecampaign", "pipedrive", "zendesk")


def project(folder: Path, crm: str, columns: str) -> Landed:
    """The CRM's hand-made tables as CSV files, read in one of the two ways."""
    folder.mkdir()
    tables = import_module(f"tests.crms.{crm}.tables").TABLES
    write_tables(folder, tables)
    people = "users" if "users" in tables else "user"
    mapping = f"extends: {crm}\ncsv_columns: {columns}\nentities: {{user: {{table: {people}}}}}\n"
    return write_project(folder, {name: f"{name}.csv" for name in tables}, mapping=mapping)


def comparable(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)


@pytest.mark.parametrize("crm", CRMS)
def test_typed_columns_read_the_same(crm: str, tmp_path: Path) -> None:
    text, typed = (project(tmp_path / way, crm, way) for way in ("text", "typed"))
    for entity in text.binding().source.entities:
        assert comparable(typed.rows(entity)) == comparable(text.rows(entity)), entity
