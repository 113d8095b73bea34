"""Owners of records, called so that two of one name are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reportspec.model.audits import EntityAudit, Owner


def told_apart(entities: Sequence[EntityAudit]) -> tuple[EntityAudit, ...]:
    """The entities, in which every owner is called by the name, and with what tells them apart where another one has
    the same."""
    every = [record.owner for entity in entities for record in entity.records]
    every += [owner for entity in entities for owners in entity.owners.values() for owner, _ in owners]
    keys: dict[str, set[str]] = {}
    for owner in every:
        keys.setdefault(owner.name, set()).add(owner.key)

    def called(owner: Owner) -> Owner:
        alone = len(keys[owner.name]) == 1 or not owner.name
        return replace(owner, called=owner.name if alone else f"{owner.name} ({owner.apart or owner.key})")

    return tuple(
        replace(
            entity,
            records=tuple(replace(record, owner=called(record.owner)) for record in entity.records),
            owners={
                check: tuple((called(owner), count) for owner, count in owners)
                for check, owners in entity.owners.items()
            },
        )
        for entity in entities
    )
