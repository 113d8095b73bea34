"""The demo's tables: the canonical entities that are stored, with their fields and types."""

from __future__ import annotations

from dataclasses import dataclass

Columns = tuple[tuple[str, str], ...]


Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class DemoTable:
    """One table of the demo. `columns` are (name, DuckDB type); `rows` align with them and hold
    str, int, float, bool, `Decimal`, `date`, naive UTC `datetime` or None."""

    name: str
    columns: Columns
    rows: list[Row]


_TYPES = {
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "date": "DATE",
    "money": "DECIMAL(14,2)",
    "number": "DOUBLE",
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
}
TIME, DATE, MONEY = _TYPES["time"], _TYPES["date"], _TYPES["money"]


def _columns(text: str) -> Columns:
    """Reads `name name:type ...`; the type is text unless said."""
    pairs = (word.partition(":") for word in text.split())
    return tuple((name, _TYPES[kind or "text"]) for name, _, kind in pairs)


COLUMNS: dict[str, Columns] = {
    "user": _columns("user_id name email team manager_id is_active:boolean"),
    "account": _columns(
        "account_id name type industry country region parent_account_id owner_id created_at:time"
    ),
    "contact": _columns(
        "contact_id account_id email phone first_name last_name owner_id created_at:time"
        " updated_at:time last_activity_at:time email_bounced_at:time opted_out_at:time"
        " merged_into_id"
    ),
    "lead": _columns(
        "lead_id email phone company owner_id source lead_type campaign_id status created_at:time"
        " first_response_at:time converted_at:time converted_contact_id converted_account_id"
        " converted_deal_id is_deleted:boolean merged_into_id"
    ),
    "pipeline": _columns("pipeline_id name"),
    "stage": _columns(
        "stage_id pipeline_id name position:integer probability:number is_won:boolean"
        " is_lost:boolean forecast_category rotting_days:integer"
    ),
    "deal": _columns(
        "deal_id name account_id contact_id lead_id owner_id pipeline_id stage_id status"
        " amount:money currency probability:number forecast_category deal_type source lead_type"
        " campaign_id created_at:time expected_close_date:date closed_at:time loss_reason"
        " lost_stage_id competitor updated_at:time is_deleted:boolean"
    ),
    "deal_stage_history": _columns(
        "deal_id stage_id entered_at:time exited_at:time changed_by amount:money"
        " probability:number expected_close_date:date"
    ),
    "deal_product": _columns("deal_id product_id quantity:integer unit_price:money amount:money"),
    "product": _columns("product_id name family tier:integer list_price:money unit_cost:money"),
    "activity": _columns(
        "activity_id type direction subject owner_id deal_id lead_id contact_id case_id"
        " created_at:time due_at:time done_at:time status duration_seconds:integer outcome"
    ),
    "quote": _columns(
        "quote_id number deal_id version:integer owner_id status amount:money currency"
        " created_at:time presented_at:time accepted_at:time"
    ),
    "campaign": _columns(
        "campaign_id name channel status started_at:time sent_at:time ended_at:time budget:money"
        " actual_cost:money currency"
    ),
}
