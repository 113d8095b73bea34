"""On every engine each check of an audit finds the records that were planted for it, and no other.

Slow: tests of an engine start it and fill it."""

from __future__ import annotations

from pathlib import Path

from reportspec.model.audits import Audit
from tests.audit import planted
from tests.audit.finding import RECKONED, audit_of, found, listed, named, of_all, to_mend
from tests.conftest import Draw
from tests.engines.servers import Engine


def test_each_check_finds_what_was_planted_and_nothing_else(database: Engine, tmp_path: Path, draw: Draw) -> None:
    """Of Spark, which takes a second for each statement, how many; by day of leads alone. Of ClickHouse, which takes a
    part of one for each that is long, by day how many of all, and the records of leads."""
    place = planted.project(tmp_path, database.url, database.prefix)
    if database.name == "spark" and not draw.night:
        audit = audit_of(place, 0, "lead")
        assert counts_of(audit) == planted.counted("lead")
    elif database.name == "spark":
        audit = audit_of(place, 0)
        assert counts_of(audit) == all_counts()
        assert of_all(audit) == planted.OF_ALL
    elif database.name == "clickhouse" and not draw.night:
        counted = audit_of(place, 0, to_mend=False)
        assert counts_of(counted) == all_counts()
        assert of_all(counted) == planted.OF_ALL
        audit, wanted = audit_of(place, entity="lead"), planted.expected()
        assert found(audit) == {check: wanted[check] for check in planted.counted("lead")}
    else:
        audit = audit_of(place)
        assert found(audit) == planted.expected()
        assert of_all(audit) == planted.OF_ALL
    assert to_mend(audit) == listed(audit)


def counts_of(audit: Audit) -> dict[str, int]:
    """How many records fail each check of records that some fail."""
    outcomes = (outcome for outcome in audit.outcomes if outcome.broken and outcome.check.of_rows)
    return {named(outcome): outcome.broken for outcome in outcomes if outcome.check.id not in RECKONED}


def all_counts() -> dict[str, int]:
    """How many were planted for each check."""
    return {check: len(keys) for check, keys in planted.expected().items()}
