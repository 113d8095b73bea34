"""What is compared of an entity in a source: which of its fields are for which comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reportspec.duplicates.knowledge import Comparison, Knowledge
from reportspec.errors import ReportspecError
from reportspec.lazy_dataclass import dataclass
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.sql.audit_rows import LATEST

FULL_NAME, COUNTRY, BUYER_NAME = "full_name", "country", "buyer_name"  # what helps other comparisons and is none itself
ACCOUNT_COUNTRY = "account_country"  # helps others as well, and is compared
_HELPERS = (FULL_NAME, COUNTRY, BUYER_NAME, ACCOUNT_COUNTRY, "account_region")  # by which alone nothing is told
_COMPARED = frozenset({"text", "date", "time", "key", "integer", "number", "money"})


class NothingToCompare(ReportspecError):
    """The source has no such entity, or none of the fields by which its records could be told to be the same."""

    code = "nothing-to-compare"


@dataclass(frozen=True, slots=True)
class Column:
    """A field that is read, as a path from its entity, the comparison that it is for (empty: none), and the column of
    the rows that has it."""

    name: str
    path: tuple[str, ...]
    comparison: str
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """An entity of a source with the fields that are compared. `dated` are those that say how recent a record is;
    `converted` tells records that were turned into another one on purpose."""

    entity: str
    columns: tuple[Column, ...]
    dated: tuple[str, ...]
    converted: str = ""

    def of(self, comparison: str) -> tuple[Column, ...]:
        """The columns that are for a comparison."""
        return tuple(column for column in self.columns if column.comparison == comparison)


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison as it is made here: `name` is that of the columns, since there may be several of one kind (two
    phones)."""

    name: str
    comparison: Comparison


def subject_of(binding: Binding, entity: str, known: Knowledge) -> Subject:
    """What is compared of an entity. Raises NothingToCompare."""
    if not binding.has_entity(entity):
        raise NothingToCompare(
            f"the source has no `{entity}`", f"map `{entity}` in the mapping, or choose another `--entity`"
        )
    columns = tuple(_columns(binding, entity, known))
    if not any(column.comparison and column.comparison not in _HELPERS for column in columns) and not any(
        column.comparison == FULL_NAME for column in columns
    ):
        names = ", ".join(f"`{name}`" for name in known.entities[entity])
        raise NothingToCompare(
            f"no field of `{entity}` is mapped by which its records could be compared", f"map some of {names}"
        )
    dated = tuple(name for name in LATEST if binding.gives(entity, name))
    converted = known.converted.get(entity, "")
    converted = converted if converted and binding.gives(entity, converted) else ""
    return Subject(entity, columns, dated, converted)


def _columns(binding: Binding, entity: str, known: Knowledge) -> Iterator[Column]:
    table = known.entities[entity]
    number = 0
    for name, comparison in table.items():
        path = (entity, *name.split("."))
        try:
            reference = binding.resolve(entity, path)
            binding.need_reference(entity, reference)
        except Unresolved:
            continue
        if not reference.steps and not binding.gives(entity, name):
            continue
        yield Column(f"c{number}", path, comparison, reference.field.label)
        number += 1
    for name, field in binding.extra_fields.get(entity, {}).items():
        if field.type not in _COMPARED or not binding.gives(entity, name):
            continue
        comparison = known.own_fields.get(name, "attribute" if field.type == "text" else "")
        comparison = known.own_fields_of.get(entity, {}).get(name, comparison)
        if comparison:
            yield Column(f"c{number}", (entity, name), comparison, field.label)
            number += 1


def compared_of(subjects: tuple[Subject, ...], known: Knowledge) -> tuple[Compared, ...]:
    """The comparisons that all of the subjects can be put to, in the order in which the catalogue has them. Names
    that are written in one field are two comparisons."""
    made = []
    for name, comparison in known.comparisons.items():
        counts = []
        for subject in subjects:
            count = len(subject.of(name))
            if name in ("given_name", "family_name") and subject.of(FULL_NAME):
                count = max(count, 1)
            if name == "attribute":  # they are the same only where they are called the same
                count = len(_shared_attributes(subjects))
            counts.append(count)
        for index in range(min(counts)):
            made.append(Compared(name if index == 0 else f"{name}_{index + 1}", comparison))
    return tuple(made)


def columns_of(subject: Subject, subjects: tuple[Subject, ...], compared: Compared) -> tuple[Column, ...]:
    """The columns of a subject that a comparison is made of: one, or none where the full name stands for it."""
    kind = compared.comparison.name
    index = int(compared.name.rpartition("_")[2]) - 1 if compared.name != kind else 0
    columns = subject.of(kind)
    if kind == "attribute":
        name = _shared_attributes(subjects)[index]
        columns = tuple(column for column in columns if column.path[-1] == name)
        return columns[:1]
    return columns[index : index + 1]


def _shared_attributes(subjects: tuple[Subject, ...]) -> list[str]:
    first, *others = subjects
    names = [column.path[-1] for column in first.of("attribute")]
    return [name for name in names if all(any(c.path[-1] == name for c in s.of("attribute")) for s in others)]
