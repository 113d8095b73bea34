"""What tables of leads and of deals say of each other, and what counts where they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from reportspec.errors import SourceError
from reportspec.model.domain import Catalogue
from reportspec.model.mapping_proposals import ColumnSeen, TableSeen
from reportspec.onboarding.drafts import Beside, Block, Line
from reportspec.onboarding.histories import RowsOf
from reportspec.onboarding.seen_tables import as_text

_MOSTLY = 0.8  # share of rows


class Names(Protocol):
    """What is known of a source's tables and columns, and how its SQL names these."""

    catalogue: Catalogue
    tables: Mapping[str, TableSeen]
    refused: Mapping[tuple[str, str, str], str]

    def column(self, table: str, column: str) -> ColumnSeen: ...
    def name(self, column: str) -> str: ...


def lead_blocks(source: Names, blocks: Sequence[Block]) -> list[Block]:
    """The blocks with the lead of a deal that only leads name, the deal of a lead that only deals name, and leads that
    all count where nothing says in which state they are."""
    deal, lead = (next((b for b in blocks if b.entity == name and not b.off), None) for name in ("deal", "lead"))
    if lead is None:
        return [*blocks]
    theirs, ours = deal, _in_any_state(lead)
    if deal is not None and deal.key is not None and ours.key is not None and not deal.key.off and not ours.key.off:
        theirs, ours = _of_lead(source, deal, ours), _became(source, deal, ours)
    return [theirs if block is deal and theirs is not None else ours if block is lead else block for block in blocks]


def _line(block: Block, field: str) -> Line | None:
    return next((line for line in block.lines if line.field == field and not line.off), None)


def _with(source: Names, block: Block, *lines: Line) -> tuple[Line, ...]:
    """A block's lines with others, in the order of the entity's fields."""
    order = list(source.catalogue.entities[block.entity].fields)
    new = {line.field for line in lines}
    kept = [one for one in block.lines if one.field not in new]
    return tuple(sorted([*kept, *lines], key=lambda one: order.index(one.field)))


def _of_lead(source: Names, deal: Block, lead: Block) -> Block:
    """Deals with their lead, by the deal that each lead became."""
    assert deal.key is not None
    assert lead.key is not None
    became = _line(lead, "converted_deal_id")
    known = _line(deal, "lead_id") is not None
    if became is None or known or len(became.columns) != 1 or len(lead.key.columns) != 1:
        return deal
    column, table = source.column(lead.table, became.columns[0]), source.tables[lead.table]
    if deal.table == lead.table or not column.filled:
        return deal
    created = [one.sql for one in lead.lines if one.field == "created_at" and not one.off and not one.type]
    unique = table.whole and column.distinct == column.filled
    first = () if unique else (*created, source.name(lead.key.columns[0]))
    mark = "" if unique else "several leads became one deal: the first of them is the deal's"
    sql = f"of_lead.{source.name(lead.key.columns[0])}"
    joins = {**deal.joins, "of_lead": Beside(lead.table, source.name(column.name), deal.key.sql, first)}
    return replace(deal, lines=_with(source, deal, Line("lead_id", sql, mark)), joins=joins)


def _became(source: Names, deal: Block, lead: Block) -> Block:
    """Leads with the deal that each became, and when, by the lead that deals name: the first of those deals."""
    assert deal.key is not None
    assert lead.key is not None
    named = _line(deal, "lead_id")
    fields = ("converted_deal_id", "converted_at", "is_converted")
    if named is None or deal.table == lead.table or any(_line(lead, field) is not None for field in fields):
        return lead
    times = (_line(deal, field) for field in ("created_at", "closed_at"))
    when = next((line for line in times if line is not None and len(line.columns) == 1 and not line.type), None)
    plain = len(named.columns) == len(deal.key.columns) == 1 and when is not None
    if when is None or not plain or any((lead.entity, lead.table, field) in source.refused for field in fields):
        return lead
    column, key = source.column(deal.table, named.columns[0]), source.name(deal.key.columns[0])
    unique = source.tables[deal.table].whole and column.distinct == column.filled
    first = () if unique else (source.name(when.columns[0]), key)
    happened = "created" if when.field == "created_at" else "closed"
    mark = f"a lead is taken to be converted when its first deal was {happened}"
    lines = (
        Line("converted_deal_id", f"deal_of.{key}", mark),
        Line("converted_at", f"deal_of.{source.name(when.columns[0])}", mark),
    )
    joins = {**lead.joins, "deal_of": Beside(deal.table, source.name(column.name), lead.key.sql, first)}
    return replace(lead, lines=_with(source, lead, *lines), joins=joins)


def _in_any_state(lead: Block) -> Block:
    """Leads of which no column says in which state they are: none of them is junk."""
    if lead.off or any(line.field in ("status", "is_junk") and not line.off for line in lead.lines):
        return lead
    mark = "no column says in which state a lead is: all of them count"
    return replace(lead, lines=(*lead.lines, Line("is_junk", "false", mark)))


def steps_among(
    unknown: Sequence[str], by_state: Mapping[str, Sequence[str]], column: ColumnSeen, table: TableSeen, rows: RowsOf
) -> list[str]:
    """Of the values of a column of states that no word fits those that are likely steps of a sale: others say which
    deals are won and lost, and their rows mostly lack the date that those have which are over."""
    if not {"won", "lost"} <= set(by_state) or not unknown:
        return []
    dates = [one.name for one in table.columns.values() if one.shape in ("date", "time")]
    there: dict[str, list[list[bool]]] = {}
    with suppress(SourceError):
        for value, *days in rows(table.name, [column.name, *dates], column.name) if dates else ():
            text = as_text(value) if value is not None else ""
            there.setdefault(text, []).append([day not in (None, "") for day in days])

    def share(values: Sequence[str], at: int) -> float:
        said = [row[at] for value in values for row in there.get(value, ())]
        return sum(said) / len(said) if said else 0.0

    def lacking(values: Sequence[str], at: int) -> bool:
        return share(values, at) < 1 - _MOSTLY

    over, open_ = [*by_state["won"], *by_state["lost"]], by_state.get("open", ())
    closing = [
        at
        for at in range(len(dates))
        if share(over, at) > _MOSTLY and (lacking(open_, at) if open_ else any(lacking([one], at) for one in unknown))
    ]
    return [value for value in unknown if not any(share([value], at) > 0.5 for at in closing)]
