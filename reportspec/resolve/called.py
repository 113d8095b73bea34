"""What reports call a field that relations lead to."""

from __future__ import annotations

from collections.abc import Iterator

from reportspec.model.domain import Relation
from reportspec.resolve.binding import Binding, Unresolved


def called(binding: Binding, base: str, path: tuple[str, ...], language: str) -> str:
    """A field by its name, `deal.lost_stage.name`, seen from `base`, in a language: as the field is
    called, or as the last relation where it is not the one by which the entity is usually reached.
    What else is not usual of the way stands behind it: an account's owner is no deal's."""
    reference = binding.resolve(base, path)
    steps, field = reference.steps, reference.field
    label = field.label
    if field.without_history and not binding.has_history(binding.entity(field.entity)):
        label = field.without_history
    name = label.get(language) or label["en"]
    if not steps or _usual(binding, base, steps):
        return name
    words = [word for word in _words(binding, base, steps, language) if word]
    if field.name == "name" and not _usual(binding, _before(binding, base, steps), steps[-1:]):
        name = words.pop()
        words = [] if _usual(binding, base, steps[:-1]) else words
    return f"{name} ({', '.join(words)})" if words else name


def _before(binding: Binding, base: str, steps: tuple[str, ...]) -> str:
    return binding.entity_at(base, steps[:-1])


def _usual(binding: Binding, base: str, steps: tuple[str, ...]) -> bool:
    """Whether this is the way that one goes where nothing is said of it; to another of its kind none is."""
    target = binding.entity_at(base, steps)
    try:
        return not steps or (target != base and binding.way(base, target) == steps)
    except Unresolved:
        return False


def _words(binding: Binding, base: str, steps: tuple[str, ...], language: str) -> Iterator[str]:
    """What the relations of a way are called; nothing for a usual last one, of which the field tells."""
    for place in range(1, len(steps) + 1):
        at = _before(binding, base, steps[:place])
        last = place == len(steps)
        usual = last and _usual(binding, at, steps[place - 1 : place])
        yield "" if usual else _word(binding, at, binding.entity(at).relations[steps[place - 1]], language)


def _word(binding: Binding, at: str, relation: Relation, language: str) -> str:
    """By its label, else as the field that holds the key; where that is the entity's own, as what it leads to."""
    entity, target = binding.entity(at), binding.entity(relation.to)
    field = binding.field(at, relation.by)
    by = target.label if field is None or relation.by == entity.key else field.label
    texts = relation.label or by
    return texts.get(language) or texts["en"]
