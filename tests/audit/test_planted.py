"""Every check finds the records that were planted for it, and no other: in DuckDB here, elsewhere in `tests/engines`."""

from __future__ import annotations

from collections import Counter

import duckdb
import pytest

from reportspec.catalogue.load import packaged
from reportspec.model.audits import Audit
from tests.audit.finding import audit_of, found, listed, named, to_mend
from tests.audit.planted import MEMBERS, expected, project, tables
from tests.engines.servers import write_parquet


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    folder = tmp_path_factory.mktemp("planted")
    with duckdb.connect(str(folder / "crm.duckdb")) as raw:
        for table in tables():
            body = ", ".join(f'"{name}" {kind}' for name, kind in table.columns)
            raw.execute(f'create table "{table.name}" ({body})')
            raw.execute(f"insert into \"{table.name}\" from '{write_parquet(table, folder)}'")
    return audit_of(project(folder, "crm.duckdb"))


def test_each_check_finds_what_was_planted_and_nothing_else(audit: Audit) -> None:
    assert found(audit) == expected()
    members = Counter(fails for fails, _ in MEMBERS if fails)  # several rows have the same contact
    assert {named(one): one.broken for one in audit.outcomes if named(one) in members} == members
    assert to_mend(audit) == listed(audit)  # each record that fails stands in the list of what is to be mended


def test_each_check_of_the_catalogue_is_asked_and_has_something_to_find(audit: Audit) -> None:
    asked = {named(outcome) for outcome in audit.outcomes if outcome.level != "not_applicable"}
    without = {"contact_created_at_once", "lead_created_at_once", "deal_created_at_once"}  # as accounts'
    assert set(packaged().audits) <= asked
    assert set(packaged().audits) - without <= set(expected())
