"""What a mapping can give, as a page: each entity with its fields, their types, values and meanings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reportspec.catalogue.load import packaged
from reportspec.model.domain import Entity, Field

_HEAD = """# Entities and fields

What a [mapping](language.md#mapping) can give, made by `reportspec catalog fields --format markdown`. Give what your
source has: no field has to be there, and what a metric needs and does not find, `reportspec catalog metrics` names. A
field marked *optional* is null where it is not given, and nothing is missed. `reportspec catalog fields deal` prints
the same of one entity, with what your own source serves; `reportspec init` [proposes a mapping](start.md).

A mapping for two files of one's own:

```yaml
# mapping
entities:
  deal:
    table: deals
    key: '"Deal ID"'                 # names with blanks or signs stand in two kinds of quotes
    fields:
      name: '"Deal name"'
      owner_id: owner
      account_id: customer
      stage_id: stage
      status: "case when stage = 'Closed won' then 'won' when stage = 'Closed lost' then 'lost' else 'open' end"
      amount: amount
      created_at: created
      closed_at: {sql: "case when stage like 'Closed%' then close_date end", type: date}
      expected_close_date: {sql: "case when stage not like 'Closed%' then close_date end", type: date}
  user:
    table: people
    key: id
    fields: {name: full_name, email: '"E-mail"', team: department}
  goal:                              # quotas: targets of metrics by period
    table: quotas
    fields:
      metric: "'new_revenue_amount'"
      dimension: "'user.name'"
      value: person
      starts_on: first_day
      ends_on: last_day
      target: quota
```

| type | what it holds |
|---|---|
| key | what tells rows apart, or which row of another entity is meant; whatever type it has |
| text | a text |
| integer, number | a number; a percentage is 0 to 1 |
| money | an amount, in the currency that the row, or else the project, says |
| boolean | yes or no |
| date, time | a day; an instant |
"""


def to_map() -> Iterator[Entity]:
    """The entities that a mapping gives; others are made of these."""
    for entity in packaged().entities.values():
        if entity.derived is None:
            yield entity


def fields_of(entity: Entity) -> Iterator[Field]:
    """The fields of an entity that a mapping may give; others are computed."""
    for field in entity.fields.values():
        if field.expr is None:
            yield field


def meaning_of(entity: Entity, field: Field) -> str:
    """What a field means, in a sentence or a few words: its description, the entity it leads to, its unit."""
    said = [field.description.get("en") or field.label["en"]]
    if field.name == entity.key:
        said = [f"What tells {entity.plural['en'].lower()} apart: `key` in a mapping."]
    to = sorted({relation.to for relation in entity.relations.values() if relation.by == field.name} - {entity.name})
    if to and field.name != entity.key:
        said.append(
            f"Leads to {' and '.join(f'`{name}`' for name in to if packaged().entities[name].derived is None)}."
        )
    if field.unit and field.type != "money":
        said.append(f"In {field.unit}." if field.unit != "percent" else "0 to 1.")
    sentences = [text if text.endswith((".", "!")) else f"{text}." for text in said if text.strip(" .") != "Leads to"]
    return " ".join(dict.fromkeys(sentences))


def values_of(field: Field) -> str:
    """The values that a field has, and whether others may stand beside them."""
    listed = ", ".join(f"`{value}`" for value in field.values)
    return f"{listed}, others" if listed and field.others else listed


def entities_page() -> str:
    """The page, in Markdown."""
    lines = [_HEAD]
    for entity in to_map():
        lines += [f"## {entity.name}", ""]
        others = f" Also called {', '.join(entity.also)}." if entity.also else ""
        lines += [f"{entity.description.get('en', entity.label['en'])}{others}", ""]
        rows = []
        for field in fields_of(entity):
            optional = "optional" if field.optional or field.default is not None else ""
            rows.append([f"`{field.name}`", field.type, values_of(field), optional, meaning_of(entity, field)])
        lines += _table(["field", "type", "values", "", "meaning"], rows)
    return "\n".join(lines).rstrip() + "\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return [*lines, *("| " + " | ".join(row) + " |" for row in cells), ""]
