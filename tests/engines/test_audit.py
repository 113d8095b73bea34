"""On every engine each check of an audit finds the records that were planted for it, and no other.

Slow: tests of an engine start it and fill it."""

from __future__ import annotations

from pathlib import Path

from tests.audit import planted
from tests.audit.finding import audit_of, found, listed, named, of_all, to_mend
from tests.conftest import Draw
from tests.engines.servers import Engine


def test_each_check_finds_what_was_planted_and_nothing_else(database: Engine, tmp_path: Path, draw: Draw) -> None:
    """Of Spark, which takes a second for each statement, how many; by day of leads alone."""
    place = planted.project(tmp_path, database.url, database.prefix)
    if database.name == "spark":
        entity = None if draw.night else "lead"
        audit = audit_of(place, 0, entity)
        counts = {named(outcome): outcome.broken for outcome in audit.outcomes if outcome.broken}
        wanted = {check: len(keys) for check, keys in planted.expected().items()} | dict.fromkeys(planted.OF_ALL, 1)
        assert counts == (planted.counted(entity) if entity else wanted)
    else:
        audit = audit_of(place)
        assert found(audit) == planted.expected()
        assert of_all(audit) == planted.OF_ALL
    assert to_mend(audit) == listed(audit)
