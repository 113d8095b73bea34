"""The small HubSpot's activities, mails, lists, forms and tickets."""

from __future__ import annotations

from tests.crms.hubspot.tables import CONNECTED
from tests.crms.landed import Row, table

MORE: dict[str, list[Row]] = {
    # 300 connected, 301 was not taken at the other end, 302 came in and nobody took it here.
    "engagement_call": table(
        "engagement_id _fivetran_deleted property_hs_createdate property_hs_timestamp property_hubspot_owner_id"
        " property_hs_call_title property_hs_call_direction property_hs_call_duration property_hs_call_status property_hs_call_disposition",
        f"300 | false | 2024-01-11 8:00:00 | 2024-01-11 9:30:00 | 1 | Ring Maria | OUTBOUND | 125500 | COMPLETED | {CONNECTED}",
        "301 | false | 2024-01-12 8:00:00 | 2024-01-12 9:30:00 | 2 | Ring Cher | outbound | 0 | NO_ANSWER | 11111111-0000-4000-8000-00000000000A",
        "302 | false | 2024-01-13 8:00:00 | 2024-01-13 9:30:00 | 2 | Cher rang | INBOUND | | NO_ANSWER |",
        "303 | true | 2024-01-13 8:00:00 | 2024-01-13 9:30:00 | 2 | Never was | OUTBOUND | 1000 | COMPLETED |",
    ),
    "engagement_meeting": table(
        "engagement_id _fivetran_deleted property_hs_createdate property_hs_timestamp property_hubspot_owner_id"
        " property_hs_meeting_title property_hs_meeting_start_time property_hs_meeting_end_time property_hs_meeting_outcome",
        "310 | false | 2024-02-01 8:00:00 | 2024-02-13 10:00:00 | 1 | Demo | 2024-02-13 10:00:00 | 2024-02-13 11:30:00 | COMPLETED",
        "311 | false | 2024-02-01 8:00:00 | 2024-02-14 10:00:00 | 1 | Not held | 2024-02-14 10:00:00 | 2024-02-14 10:30:00 | NO_SHOW",
    ),
    "engagement_email": table(
        "engagement_id _fivetran_deleted property_hs_createdate property_hs_timestamp property_hubspot_owner_id"
        " property_hs_email_subject property_hs_email_direction property_hs_email_status",
        "320 | false | 2024-01-14 8:00:00 | 2024-01-14 8:00:00 | 1 | Offer | EMAIL | SENT",
        "321 | false | 2024-01-15 8:00:00 | 2024-01-15 8:00:00 | 1 | Re: Offer | INCOMING_EMAIL |",
        "322 | false | 2024-01-16 8:00:00 | 2024-01-16 8:00:00 | 1 | Lost | EMAIL | FAILED",
    ),
    "engagement_task": table(
        "engagement_id _fivetran_deleted property_hs_createdate property_hs_timestamp property_hubspot_owner_id"
        " property_hs_task_subject property_hs_task_status property_hs_task_completion_date",
        "330 | false | 2024-02-12 8:00:00 | 2024-03-01 8:00:00 | 1 | Send papers | NOT_STARTED |",
        "331 | false | 2024-02-12 8:00:00 | 2024-02-14 8:00:00 | 2 | Call back | COMPLETED | 2024-02-15 8:00:00",
    ),
    "engagement_note": table(
        "engagement_id _fivetran_deleted property_hs_createdate property_hs_timestamp property_hubspot_owner_id",
        "340 | false | 2024-02-12 8:00:00 | 2024-02-12 8:00:00 | 1",
    ),
    "engagement_deal": table("engagement_id deal_id", "300 | 100", "310 | 102", "310 | 99", "330 | 102"),
    "engagement_contact": table("engagement_id contact_id", "300 | 20", "301 | 22", "302 | 22"),
    "email_campaign": table(
        "id name subject type",
        "500 | Spring | Hello | BATCH_EMAIL",
        "501 | | Not sent | BATCH_EMAIL",
    ),
    # Maria opens twice (once a machine) and clicks; Cher's mail comes back; somebody unknown leaves;
    # a fourth one's mail was dropped. What is left of the mail to 27 is its opening.
    "email_event": table(
        "id email_campaign_id recipient type created sent_by_created filtered_event",
        "a1 | 500 | maria@acme.example | SENT | 2024-02-01 10:00:00 | 2024-02-01 10:00:00 |",
        "a2 | 500 | Maria@acme.example | DELIVERED | 2024-02-01 10:00:05 | 2024-02-01 10:00:00 |",
        "a3 | 500 | maria@acme.example | OPEN | 2024-02-01 10:00:06 | 2024-02-01 10:00:00 | true",
        "a4 | 500 | maria@acme.example | OPEN | 2024-02-02 8:00:00 | 2024-02-01 10:00:00 | false",
        "a5 | 500 | maria@acme.example | CLICK | 2024-02-02 8:01:00 | 2024-02-01 10:00:00 | false",
        "a6 | 500 | maria@acme.example | CLICK | 2024-02-03 8:01:00 | 2024-02-01 10:00:00 | false",
        "b1 | 500 | cher@bolt.example | SENT | 2024-02-01 10:00:01 | 2024-02-01 10:00:01 |",
        "b2 | 500 | cher@bolt.example | BOUNCE | 2024-02-01 10:00:09 | 2024-02-01 10:00:01 |",
        "c1 | 500 | nobody@z.example | SENT | 2024-02-01 10:00:02 | 2024-02-01 10:00:02 |",
        "c2 | 500 | nobody@z.example | STATUSCHANGE | 2024-02-04 10:00:00 | 2024-02-01 10:00:02 |",
        "d1 | 500 | gone@x.example | DROPPED | 2024-02-01 10:00:03 | |",
        "e1 | 500 | big@y.example | OPEN | 2024-02-05 10:00:00 | 2024-02-01 10:00:04 | false",
    ),
    "contact_list": table("id name", "600 | Newsletter"),
    "contact_list_member": table(
        "contact_list_id contact_id added_at _fivetran_deleted _fivetran_synced",
        "600 | 20 | 2024-01-03 9:00:00 | false | 2024-01-03 12:00:00",
        "600 | 22 | 2024-01-04 9:00:00 | true | 2024-02-08 12:00:00",
    ),
    "form": table("guid name", "f-1 | Demo"),
    "contact_form_submission": table(
        "conversion_id contact_id form_id timestamp",
        "c-1 | 20 | f-1 | 2024-01-02 9:00:00",
        "c-1 | 20 | f-1 | 2024-01-02 9:00:01",
        "c-2 | 22 | f-9 | 2024-01-04 9:00:00",
    ),
    # Stage 4 is closed; stage 3 stands in two pipelines.
    "ticket_pipeline_stage": table(
        "stage_id pipeline_id label display_order is_closed ticket_state _fivetran_deleted",
        "3 | 0 | Waiting | 2 | FALSE | OPEN | FALSE",
        "3 | 1 | Waiting | 2 | FALSE | OPEN | FALSE",
        "4 | 0 | Closed | 3 | TRUE | CLOSED | FALSE",
    ),
    # 701 was opened again; 702's stage is unknown; 703 was deleted.
    "ticket": table(
        "id is_deleted property_createdate property_closed_date property_first_agent_reply_date property_hs_pipeline_stage"
        " property_hs_ticket_category property_hs_ticket_priority property_hubspot_owner_id property_subject property_source_type",
        "700 | FALSE | 2024-02-01 9:00:00 | 2024-02-01 15:00:00 | 2024-02-01 9:10:00 | 4 | COMPLAINT | HIGH | 1 | Broken | EMAIL",
        "701 | FALSE | 2024-02-02 9:00:00 | 2024-02-03 9:00:00 | | 3 | GENERAL_INQUIRY | | 2 | Late | CHAT",
        "702 | | 2024-02-03 9:00:00 | 2024-02-04 9:00:00 | | 99 | | | | Lost | FORM",
        "703 | TRUE | 2024-02-03 9:00:00 | 2024-02-04 9:00:00 | | 4 | | | | Spam | EMAIL",
    ),
    "ticket_contact": table("ticket_id contact_id", "700 | 22", "700 | 20", "701 | 22"),
    "ticket_company": table("ticket_id company_id", "700 | 10"),
}
