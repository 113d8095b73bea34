"""What the values of columns say of what they are: whether they can be a field's, tell rows apart, or say what became
of deals."""

from __future__ import annotations

import re

from reportspec.model.domain import Entity, Field
from reportspec.model.mapping_proposals import ColumnSeen, TableSeen
from reportspec.onboarding.field_names import prefix_of, variants_of
from reportspec.onboarding.name_words import (
    outcome_of,
    shared_keys,
    state_of,
    state_words,
    taken_as,
    varied_keys,
    words_of,
)

_STAGES = 40  # values: more are no stages
_OWNERS = 30  # rows: of more than so many, some have the same owner
_TOTALS = 1  # rows without a key that an export may end with


def may_be(field: Field, column: ColumnSeen) -> float:
    """Whether a column's values can be a field's, 0 to 1."""
    shape = column.shape
    if shape == "empty":
        return 0.8
    if field.type in ("date", "time"):
        return {"date": 1.0, "time": 1.0}.get(shape, 0.02)
    if field.type == "boolean":
        if shape == "boolean" or (shape == "integer" and (column.largest or 0) <= 1):
            return 1.0
        if shape == "text" and says_yes_or_no(field, column):
            return 1.0
        return 0.5 if shape == "text" and column.distinct <= 3 else 0.05
    if shape == "clock":
        return 0.9 if field.unit == "seconds" else 0.05
    if field.type in ("money", "number", "integer"):
        if shape in ("integer", "number"):
            return 1.0
        return (0.9 if field.unit == "percent" else 0.2) if shape == "percent" else 0.04
    if field.type == "key":
        fits = {"integer": 1.0, "text": 1.0, "boolean": 0.2, "number": 0.25}.get(shape, 0.05)
        return fits * (0.5 if column.length > 80 else 1.0)
    if field.name == "status" and shape == "integer" and column.distinct <= 8:
        return 0.95  # numbers of states
    return {"text": 1.0, "integer": 0.75, "boolean": 0.45, "number": 0.3}.get(shape, 0.1)


def _state_share(field: Field, column: ColumnSeen) -> float | None:
    """The share of a column's values that words of the catalogue know as the field's; None where it has none."""
    if not state_words(field.id) or not column.values:
        return None
    # Steps of a sale are states only beside what says how it ended: else they are stages.
    means = taken_as if field.id == "deal.status" and says_outcomes(column) else state_of
    known = sum(number for value, number in column.values if means(value, field.id) is not None)
    return known / sum(number for _, number in column.values)


def says_yes_or_no(field: Field, column: ColumnSeen) -> bool:
    """Whether a column's values are words for yes or no of a field."""
    few = 0 < column.distinct <= 6 and bool(state_words(field.id))
    return few and all(state_of(value, field.id) is not None for value, _ in column.values)


def _are_codes(column: ColumnSeen) -> bool:
    """Whether a column's values are codes by which programs tell records apart."""
    return bool(column.sample) and all(_CODE.fullmatch(value) for value in column.sample)


_CODE = re.compile(r"\{?[0-9A-Fa-f]{8}(-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}\}?")


def says_outcomes(column: ColumnSeen) -> bool:
    """Whether a column's values say of some deals that they are won and of others that they are lost, whatever the
    others say."""
    few = 2 <= column.distinct <= _STAGES
    return few and {"won", "lost"} <= {state_of(value, "deal.status") for value, _ in column.values}


def by_values(field: Field, column: ColumnSeen, table: TableSeen, entity: Entity) -> tuple[float, list[str]]:
    """What a column's values say of whether it is a field: a factor, and why."""
    if not column.filled:
        return 1.0, []
    if field.name == "email":
        return (1.15, ["its values are addresses of mail"]) if column.emails > 0.8 else (0.6, [])
    if field.name == "phone":
        return (1.1, ["its values are telephone numbers"]) if column.phones > 0.6 else (0.8, [])
    if field.type == "text" and column.emails > 0.8:
        return 0.4, []
    if field.name == "name" and _are_codes(column):
        return 0.3, []
    if field.name == "pipeline_id" and _are_phases(column):
        return 0.4, []
    if field.name == "currency":
        every = sum(count for _, count in column.values)
        codes = sum(count for value, count in column.values if len(value) == 3 and value.isalpha())
        # A few that are written otherwise (`Euro`, `€`) are told by checks; a column less would add up currencies.
        if codes <= every / 2:
            return 0.4, []
        others = f", but for {every - codes:,}" if codes < every else ""
        return 1.1, [f"its values are currency codes{others}"]
    if field.unit == "percent" and column.largest is not None:
        return (1.05, []) if column.largest <= 100 else (0.3, [])
    if field.name == entity.key:
        if tells_apart(column, table) and column.filled >= table.rows - _TOTALS:
            return 1.1, ["no two rows have the same"]
        return (0.5 if column.distinct < 0.98 * table.rows else 0.9), []
    if column.filled > _OWNERS:
        if f"{entity.name}.{field.name}" in shared_keys() and tells_apart(column, table):
            return 0.4, ["each row has another"]
        if field.type == "key" and field.name in varied_keys() and column.distinct == 1:
            return 0.4, ["all rows have the same"]
    share = _state_share(field, column)
    if share is not None and field.name != "status" and len(state_words(field.id)) > 1:
        none = 0.4 if field.name == "forecast_category" else 0.7
        return (1.05, ["its values are known"]) if share > 0.8 else (0.85 if share > 0.3 else none, [])
    if field.id in ("deal.status", "order_.status") and share is not None:
        if share > 0.8 and column.distinct <= 12:
            return 1.15, ["its values are known"]
        some = share > 0.3 or column.distinct <= 4 or (field.id == "deal.status" and says_outcomes(column))
        return (0.9, []) if some else (0.6, [])
    if field.name == "status":
        return (1.0, []) if column.distinct <= 40 else (0.5, [])
    if field.name in ("source", "industry", "type", "channel", "priority", "team", "country", "region"):
        few = column.distinct <= max(60, 0.3 * column.filled)
        return (1.0 if few else 0.6), []
    return 1.0, []


def _are_phases(column: ColumnSeen) -> bool:
    """Whether most of a column's values are steps of a sale, so that it has stages."""
    known = sum(number for value, number in column.values if state_of(value, "deal.phase") is not None)
    return column.distinct > 1 and known > 0.5 * sum(number for _, number in column.values)


def amounts_in(column: ColumnSeen) -> int:
    """How many rows have an amount in a column that is not zero."""
    zeros = sum(number for value, number in column.values if re.search(r"\d", value) and not re.search("[1-9]", value))
    return column.filled - zeros


def tells_apart(column: ColumnSeen, table: TableSeen) -> bool:
    """Whether no two rows have a column's value together, but for such as stand there twice, the same in all."""
    return 0 < column.filled <= column.distinct + table.repeated


def outcome_flags(table: TableSeen) -> tuple[str, str] | None:
    """The columns of a table that say whether a row is won and whether it is closed (or lost), if both are there."""
    flags: dict[str, str] = {}
    for name, words in (("won", ("is_won", "won")), ("closed", ("is_closed", "closed", "is_lost", "lost"))):
        for column in table.columns.values():
            yes_or_no = column.shape == "boolean" or (column.shape == "integer" and (column.largest or 0) <= 1)
            if yes_or_no and any(words_of(column.name) == words_of(word) for word in words):
                flags.setdefault(name, column.name)
    return (flags["won"], flags["closed"]) if len(flags) == 2 else None


def outcome_times(table: TableSeen) -> dict[str, str]:
    """The columns of deals that say when they were won, and when lost."""
    found: dict[str, str] = {}
    prefix = prefix_of(table.columns)
    for column in table.columns.values():
        if column.shape in ("date", "time", "empty"):
            said = {outcome_of(words) for words, _ in variants_of(column.name, "deal", prefix)} - {""}
            for state in said if len(said) == 1 else ():
                found.setdefault(state, column.name)
    return found
