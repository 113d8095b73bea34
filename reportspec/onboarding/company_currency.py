"""Amounts that stand there twice: in the currency of each, and in that of the company. Without exchange rates the
latter are those that can be added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from reportspec.errors import SourceError
from reportspec.model.mapping_proposals import TableSeen
from reportspec.onboarding.drafts import Block, Draft
from reportspec.onboarding.mapping_lines import Writer
from reportspec.onboarding.name_words import common_currency, words_of
from reportspec.onboarding.seen_tables import as_text
from reportspec.onboarding.wish import Wish


def in_one_currency(draft: Draft, writer: Writer, wish: Wish) -> Draft:
    """The mapping with amounts in the company's currency where it has them in several and no exchange rates, unless
    somebody wishes another currency, or said which column the amount is."""
    rates = writer.catalogue.exchange_rates.entity
    if any(block.entity == rates and not block.off for block in draft.blocks):
        return draft
    blocks, told = list(draft.blocks), draft.currency
    for at, block in enumerate(blocks):
        column = "" if block.off else _company_amount(block, writer.tables[block.table])
        if not column or f"{block.entity}.amount" in writer.chosen:
            continue
        found = _in_company_currency(block, writer, column)
        if found is not None and (not wish.currency or found[1] == wish.currency.upper()):
            blocks[at], told = found[0], told or found[1]
    return replace(draft, blocks=tuple(blocks), currency=told)


def _in_company_currency(block: Block, writer: Writer, column: str) -> tuple[Block, str] | None:
    """A block whose amount is the column in the company's currency, and which that is: the one whose amounts are the
    same in both, nothing where none tells. None where its amounts are in one currency."""
    lines = {line.field: line for line in block.lines if not line.off}
    amount, currency = lines["amount"], lines.get("currency")
    if currency is None or len(currency.columns) != 1:
        return None
    if writer.tables[block.table].columns[currency.columns[0]].distinct < 2:
        return None
    own = ""
    with suppress(SourceError):
        own = _company(writer.rows(block.table, [currency.columns[0], amount.columns[0], column], column))
    said = f"it is {own}, in which both are the same" if own else "which that is nothing tells"
    mark = f"the source has no exchange rates, and this is in the currency of the company: {said}"
    new = replace(amount, sql=writer.name(column), columns=(column,), mark=mark)
    kept = [new if line is amount else line for line in block.lines if line is not currency]
    return replace(block, lines=tuple(kept)), own


def _company_amount(block: Block, table: TableSeen) -> str:
    """The column that has the amounts of a block in the company's currency; nothing where there is none."""
    amount = next((line for line in block.lines if line.field == "amount" and not line.off), None)
    if amount is None or len(amount.columns) != 1:
        return ""
    words = words_of(amount.columns[0])
    for column in table.columns.values():
        other = words_of(column.name)
        numbers = column.shape in ("integer", "number")
        if numbers and other[: len(words)] == words and other[len(words) :] in common_currency():
            return column.name
    return ""


def _company(rows: Sequence[Sequence[object]]) -> str:
    """The currency all of whose amounts are the same in the company's; nothing unless it is one alone."""
    same: dict[str, list[bool]] = defaultdict(list)
    for code, amount, common in rows:
        if code and amount not in (None, "") and common not in (None, ""):
            same[as_text(code).upper()].append(as_text(amount) == as_text(common) or _number(amount) == _number(common))
    found = [code for code, alike in same.items() if all(alike)]
    return found[0] if len(found) == 1 else ""


def _number(value: object) -> float | None:
    try:
        return float(as_text(value).replace(",", ""))
    except ValueError:
        return None
