"""What is told by rows of a table that are not there: a record without any activity, a state without a history. Of a
table without any rows nothing is told so, for every record would look alike."""

from __future__ import annotations

from collections.abc import Iterator

from reportspec.model.domain import Catalogue


def made_of(catalogue: Catalogue, entity: str) -> list[str]:
    """An entity, and those that its rows are made of."""
    found = [entity]
    while (derived := catalogue.entities[found[-1]].derived) is not None and derived.source not in found:
        found.append(derived.source)
    return found


def keeps_states(catalogue: Catalogue, name: str) -> bool:
    """Whether an entity's rows are the past states of another one's."""
    return any(_states_of(catalogue, name))


def sums_up(catalogue: Catalogue, name: str) -> str:
    """What an entity has one row of for several of (the last of a deal's activities): the table's entity. Empty where
    it does not."""
    made = made_of(catalogue, name)
    groups = (derived.group_by for derived in (catalogue.entities[one].derived for one in made) if derived is not None)
    return made[-1] if any(groups) else ""


def told_by(catalogue: Catalogue, name: str) -> frozenset[str]:
    """The entities of whose records something is told by an entity's rows, be there some or none: those whose states
    it keeps, or those that have a sum of it beside them. None of them is made of it itself."""
    found = set(_states_of(catalogue, name))
    if found:
        return frozenset(found)
    sums = {one for one in catalogue.entities if sums_up(catalogue, one) == name}
    for entity in catalogue.entities.values():
        if any(relation.to in sums for relation in entity.relations.values()):
            made = made_of(catalogue, entity.name)
            found.update({made[-1]} - {name})
    return frozenset(found)


def _states_of(catalogue: Catalogue, name: str) -> Iterator[str]:
    for entity in catalogue.entities.values():
        if entity.history is not None and made_of(catalogue, entity.history.entity)[-1] == name:
            yield entity.name
