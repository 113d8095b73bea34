"""The demo's tables: the canonical entities that are stored, with their fields and types."""

from __future__ import annotations

from reportspec.lazy_dataclass import dataclass

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
    "account": _columns("account_id name type industry country region parent_account_id owner_id created_at:time"),
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
    "order_": _columns(
        "order_id account_id contact_id deal_id campaign_id ordered_at:time amount:money currency"
        " cost:money status channel"
    ),
    "contract": _columns(
        "contract_id account_id starts_at:date ends_at:date value:money currency"
        " renewed_by_contract_id cancelled_at:time auto_renew:boolean"
    ),
    "campaign_member": _columns(
        "campaign_id contact_id lead_id status sent_at:time opened_at:time clicked_at:time"
        " responded_at:time bounced_at:time unsubscribed_at:time"
    ),
    "referral": _columns("referral_id referrer_contact_id referred_lead_id referred_contact_id created_at:time status"),
    "list_membership": _columns(
        "list_id list_name contact_id subscribed_at:time unsubscribed_at:time status source campaign_id"
    ),
    "web_session": _columns(
        "session_id visitor_id contact_id started_at:time ended_at:time engaged_seconds:integer"
        " source medium is_bot:boolean"
    ),
    "pageview": _columns("session_id url viewed_at:time is_bot:boolean"),
    "goal_completion": _columns("session_id goal_id completed_at:time"),
    "case_": _columns(
        "case_id contact_id account_id owner_id subject type priority channel status"
        " created_at:time first_response_at:time resolved_at:time first_resolved_at:time"
        " closed_at:time reopen_count:integer merged_into_id is_spam:boolean"
    ),
    "sla_event": _columns("case_id metric target_minutes:integer due_at:time fulfilled_at:time"),
    "service_call": _columns(
        "call_id case_id contact_id agent_id direction queued_at:time answered_at:time"
        " ended_at:time wait_s:integer talk_s:integer hold_s:integer wrap_s:integer outcome"
        " is_callback:boolean"
    ),
    "service_cost": _columns("month:date team channel amount:money currency"),
    "sales_marketing_cost": _columns("month:date team amount:money currency"),
    "fx_rate": _columns("day:date from_currency to_currency rate:number"),
    "goal": _columns("metric dimension value starts_on:date ends_on:date target:number"),
    "business_calendar": _columns("day:date is_business:boolean opens_at:time closes_at:time"),
}
