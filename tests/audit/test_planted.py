"""Every check finds the records that were planted for it, and no other: in DuckDB here, elsewhere in `tests/engines`.

Slow: all checks of the catalogue are asked once."""

from __future__ import annotations

from collections import Counter

import duckdb
import pytest

from reportspec.catalogue.load import packaged
from reportspec.model.audits import Audit
from tests.audit.finding import audit_of, found, listed, named, of_all, to_mend
from tests.audit.planted import MEMBERS, OF_ALL, PREFIX, expected, project, tables
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
    assert of_all(audit) == OF_ALL
    members = Counter(fails for fails, _ in MEMBERS if fails)  # several rows have the same contact
    assert {named(one): one.broken for one in audit.outcomes if named(one) in members} == members
    assert to_mend(audit) == listed(audit)  # each record that fails stands in the list of what is to be mended


def test_deals_whose_history_ends_elsewhere_are_counted(audit: Audit) -> None:
    """By the planted rows themselves: the last one of each deal against the deal."""
    given = {table.name.removeprefix(PREFIX): table for table in tables()}
    history, deals = (
        [dict(zip((name for name, _ in given[entity].columns), row, strict=True)) for row in given[entity].rows]
        for entity in ("deal_stage_history", "deal")
    )
    last = {row["deal_id"]: row for row in sorted(history, key=lambda row: row["entered_at"])}
    apart = {
        deal["deal_id"]
        for deal in deals
        if deal["deal_id"] in last and not deal["is_deleted"] and last[deal["deal_id"]]["stage_id"] != deal["stage_id"]
    }
    assert apart
    [told] = [one for one in audit.outcomes if one.check.id == "history-differs"]
    assert told.broken == len(apart)
    assert {example.key for example in told.examples} == apart


def test_each_check_of_the_catalogue_is_asked_and_has_something_to_find(audit: Audit) -> None:
    asked = {named(outcome) for outcome in audit.outcomes if outcome.level != "not_applicable"}
    # Of nearly all deals, or of none.
    without = {"deal_closed_keep_stage", "deal_closed_keep_probability", "deal_history_keeps_stage"}
    assert set(packaged().audits) <= asked
    assert set(packaged().audits) - without <= set(expected())
