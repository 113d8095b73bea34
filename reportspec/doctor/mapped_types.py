"""The types of what a mapping names: of times, and of the two sides of relations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sqlglot import exp

from reportspec.databases import dialect_named
from reportspec.doctor.finding import Finding
from reportspec.doctor.mapped_names import in_database, table_name
from reportspec.holds import held
from reportspec.model.mapped import SourceMap

_CLOCKS = {"day": "day", "instant": "instant", "clock": "clock", "fine": "clock", "any": "value", "text": "value"}


def times(mapping: SourceMap, columns: Mapping[str, Mapping[str, str]], dialect: str, zone: str) -> Iterator[Finding]:
    """Which of the columns that are read as times are instants, which are the source's clock, which
    are days, and which are one or the other as each value says."""
    from reportspec.catalogue.load import packaged

    texts = {
        "instant": "instants, since they have a zone",
        "clock": f"without a zone, read as times of {zone}",
        "day": "whole days",
        "value": f"as each value says: an instant with `Z`, an offset or as a number, else a time of {zone}",
        "text": "texts or numbers, as the database or the mapping's expression makes times of them",
    }
    mismatches: dict[str, dict[str, None]] = {kind: {} for kind in texts}
    for entity in mapping.entities.values():
        known = packaged().entities.get(entity.entity)
        for part in entity.parts:
            there = in_database(table_name(part.table), columns, dialect)
            for name, field in part.fields.items():
                kind = known.fields[name].type if known and name in known.fields else field.type
                if kind not in ("time", "date") or not isinstance(field.sql, exp.Column):
                    continue
                if there is None or field.sql.table not in ("", "own"):
                    continue
                column = in_database(field.sql.name, columns[there], dialect)
                if column is not None:
                    days = "date" in (kind, field.type)
                    how = "day" if days else _CLOCKS.get(held(columns[there][column], dialect_named(dialect)), "text")
                    mismatches[how][f"{there}.{column}"] = None
    for how, names in mismatches.items():
        if names:
            few = ", ".join(list(names)[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
            yield Finding("ok", "times", f"{texts[how]}: {few}")


def keys(mapping: SourceMap, columns: Mapping[str, Mapping[str, str]], dialect: str) -> Iterator[Finding]:
    """Whether the two sides of the relations have one type, so that keys may be compared as they are."""
    from reportspec.catalogue.load import packaged

    def type_of(entity: str, name: str) -> str | None:
        mapped = mapping.entities.get(entity)
        if mapped is None or len(mapped.parts) != 1 or name not in mapped.parts[0].fields:
            return None
        part = mapped.parts[0]
        tree = part.fields[name].sql
        there = in_database(table_name(part.table), columns, dialect)
        if not isinstance(tree, exp.Column) or tree.table or there is None:
            return None
        column = in_database(tree.name, columns[there], dialect)
        return columns[there][column].upper() if column else None

    pairs: list[tuple[str, str, str, str]] = []
    for entity in packaged().entities.values():
        for relation in entity.relations.values():
            target = packaged().entities[relation.to]
            if target.key is None:
                continue
            own_type, other = type_of(entity.name, relation.by), type_of(target.name, target.key)
            if own_type and other:
                pairs.append((f"{entity.name}.{relation.by}", own_type, f"{target.name}.{target.key}", other))
    unlike = [pair for pair in pairs if pair[1] != pair[3]]
    if mapping.keys == "typed" and unlike:
        a, b, c, d = unlike[0]
        yield Finding(
            "error",
            "keys",
            f"`{a}` is {b} and `{c}` is {d}, though the mapping says `keys: typed`",
            "leave `keys` out of the mapping",
        )
    elif pairs and not unlike and any(not re.search("CHAR|TEXT|STRING", pair[1]) for pair in pairs):
        help = None
        if mapping.keys == "text":
            help = "statements are faster without `keys: text` in the mapping"
        elif not mapping.keys and not dialect_named(dialect).keys and not dialect_named(dialect).untyped:
            help = "`keys: typed` in the mapping makes statements faster"
        if help is not None:
            yield Finding("note", "keys", "both sides of every relation have one type", help)
