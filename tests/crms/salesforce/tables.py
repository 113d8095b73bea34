"""Tables of a small Salesforce as its connector lands them, made by hand: the answers are known."""

from __future__ import annotations

from tests.crms.landed import Row, table

TABLES: dict[str, list[Row]] = {
    "user": table(
        "id name email is_active manager_id user_role_id",
        "005A | Ada Byron | Ada@seller.example | true | | 00EA",
        "005B | Bob Stone | bob@seller.example | FALSE | 005A |",
    ),
    "user_role": table("id name", "00EA | North"),
    "account": table(
        "id name type industry billing_country parent_id owner_id created_date is_deleted master_record_id",
        "001A | Acme | Customer | Tools | Italy | | 005A | 2023-12-01 08:00:00 | false |",
        "001B | Bolt | Prospect | | Spain | 001A | 005B | 2023-12-02 08:00:00 | |",
        "001X | Acme again | | | | | 005B | 2023-12-03 08:00:00 | true | 001A",
    ),
    # 003M was merged and deleted, 003N was merged and kept.
    "contact": table(
        "id account_id email phone first_name last_name owner_id lead_source created_date last_modified_date"
        " last_activity_date email_bounced_date is_deleted master_record_id",
        "003A | 001A | Maria@ACME.example | 1 | Maria | Rossi | 005A | Web | 2023-12-05 09:00:00 | 2024-01-05 09:00:00 | 2024-02-03 | | false |",
        "003B | 001B | cher@bolt.example | | | Cher | 005B | | 2023-12-06 09:00:00 | 2023-12-06 09:00:00 | | 2024-01-09 10:00:00 | |",
        "003M | 001A | | | Maria | Rosi | 005A | | 2023-12-07 09:00:00 | 2023-12-08 09:00:00 | | | TRUE | 003A",
        "003N | 001A | | | M | Rossi | 005A | | 2023-12-07 09:00:00 | 2023-12-08 09:00:00 | | | false | 003A",
    ),
    # Two leads became one deal; 00QD was deleted, 00QE was merged into 00QB.
    "lead": table(
        "id email phone company status lead_source owner_id industry created_date is_converted converted_date"
        " converted_account_id converted_contact_id converted_opportunity_id is_deleted master_record_id",
        "00QA | Maria@acme.example | | Acme | Closed - Converted | Web | 005A | | 2024-01-02 10:00:00 | true | 2024-01-05 | 001A | 003A | 006A | false |",
        "00QB | b@x.example | | X | Working - Contacted | Phone | 005B | | 2024-01-10 10:00:00 | false | | | | | |",
        "00QC | c@x.example | | Y | JUNK Lead | Web | 005B | | 2024-01-11 10:00:00 | false | | | | | false |",
        "00QD | d@x.example | | Z | Open | Web | 005B | | 2024-01-12 10:00:00 | false | | | | | true |",
        "00QE | e@x.example | | X | Open | Web | 005B | | 2024-01-12 10:00:00 | false | | | | | false | 00QB",
        "00QF | f@acme.example | | Acme | Closed - Converted | Fair | 005A | | 2024-01-03 10:00:00 | true | 2024-01-06 | 001A | 003A | 006A | false |",
    ),
    "record_type": table(
        "id name sobject_type",
        "012A | New business | Opportunity",
        "012Z | Person | Account",
    ),
    # The name that deals hold is `api_name`, which old accounts may lack.
    "opportunity_stage": table(
        "id api_name master_label sort_order default_probability is_closed is_won forecast_category_name",
        "01JA | Prospecting | Prospecting | 1 | 10 | false | false | Pipeline",
        "01JB | Proposal | Our proposal | 2 | 60 | false | false | Best Case",
        "01JC | | Closed Won | 3 | 100 | true | true | Closed",
        "01JD | Closed Lost | Closed Lost | 4 | 0 | true | false | Omitted",
    ),
    # 006A won, 006B lost, 006C open, 006D deleted, 006E open again after it had been lost.
    "opportunity": table(
        "id name account_id contact_id owner_id campaign_id record_type_id stage_name type amount probability"
        " forecast_category_name lead_source is_closed is_won created_date close_date last_modified_date is_deleted",
        "006A | Acme big | 001A | 003A | 005A | 701A | 012A | Closed Won | New Business | 1000.50 | 100 | Closed | Web | true | true"
        " | 2024-01-05 09:00:00 | 2024-02-20 | 2024-02-20 09:00:00 | false",
        "006B | Bolt | 001B | 003B | 005B | | 012A | Closed Lost | existing business - RENEWAL | 200 | 0 | Omitted | Phone | true | false"
        " | 2024-01-01 09:00:00 | 2024-02-10 | 2024-02-10 09:00:00 |",
        "006C | Acme more | 001A | | 005A | | | Proposal | Existing Business | 300 | 65 | Best Case | Web | false | false"
        " | 2024-02-01 09:00:00 | 2024-04-30 | 2024-02-11 09:00:00 | FALSE",
        "006D | Mistake | 001A | | 005A | | | Closed Won | New Business | 9999 | 100 | Closed | Web | true | true"
        " | 2024-01-01 09:00:00 | 2024-02-05 | 2024-02-05 09:00:00 | TRUE",
        "006E | Again | 001B | | 005B | | | Prospecting | Cross-sell | | 10 | Pipeline | | false | false"
        " | 2024-01-10 09:00:00 | 2024-05-01 | 2024-02-01 09:00:00 | false",
    ),
    # 006A has three rows in its first stage: its amount and its closing date were changed there.
    "opportunity_history": table(
        "id opportunity_id stage_name amount probability close_date created_by_id created_date is_deleted",
        "008A | 006A | Prospecting | 500 | 10 | 2024-02-01 | 005A | 2024-01-05 09:00:00 | false",
        "008B | 006A | Prospecting | 800 | 10 | 2024-02-01 | 005A | 2024-01-10 09:00:00 | false",
        "008C | 006A | Prospecting | 800 | 20 | 2024-02-20 | 005A | 2024-01-15 09:00:00 | false",
        "008D | 006A | Proposal | 1000.50 | 60 | 2024-02-20 | 005A | 2024-01-25 09:00:00 | false",
        "008E | 006A | Closed Won | 1000.50 | 100 | 2024-02-20 | 005A | 2024-02-19 09:00:00 | false",
        "008F | 006B | Prospecting | 200 | 10 | 2024-03-01 | 005B | 2024-01-01 09:00:00 | false",
        "008G | 006B | Closed Lost | 200 | 0 | 2024-02-10 | 005B | 2024-02-10 09:00:00 | false",
        "008H | 006C | Prospecting | 300 | 10 | 2024-04-30 | 005A | 2024-02-01 09:00:00 | false",
        "008I | 006C | Proposal | 300 | 65 | 2024-04-30 | 005A | 2024-02-11 09:00:00 | false",
        "008J | 006D | Closed Won | 9999 | 100 | 2024-02-05 | 005A | 2024-01-01 09:00:00 | true",
        "008K | 006E | Prospecting | | 10 | 2024-01-31 | 005B | 2024-01-10 09:00:00 | false",
        "008L | 006E | Closed Lost | | 0 | 2024-01-20 | 005B | 2024-01-20 09:00:00 | false",
        "008M | 006E | Prospecting | | 10 | 2024-05-01 | 005B | 2024-02-01 09:00:00 | false",
    ),
    "opportunity_line_item": table(
        "id opportunity_id product_2_id quantity unit_price total_price is_deleted",
        "00kA | 006A | 01tA | 9 | 100 | 900 | false",
        "00kB | 006A | 01tB | 1 | 100.50 | 100.50 |",
        "00kC | 006A | 01tB | 1 | 1 | 1 | true",
    ),
    "product_2": table(
        "id name family is_deleted",
        "01tA | Widget | Hardware | false",
        "01tB | Support | Services | false",
        "01tC | Old | | true",
    ),
    # 00TA is linked to a lead, 00TB to a contact and a deal, 00TD to a case.
    "task": table(
        "id who_id what_id owner_id subject type task_subtype status is_closed activity_date call_type"
        " call_duration_in_seconds call_disposition created_date completed_date_time is_deleted",
        "00TA | 00QB | | 005B | Ring X | | Call | Completed | true | 2024-01-11 | | 120 | Connected | 2024-01-11 08:00:00 | 2024-01-11 09:30:00 | false",
        "00TB | 003A | 006A | 005A | Maria rang | CALL | Task | Completed | true | 2024-01-12 | Inbound | 300 | | 2024-01-12 08:00:00 | 2024-01-12 08:05:00 |",
        "00TC | 003A | 001A | 005A | Offer | | Email | Completed | true | 2024-01-13 | | | | 2024-01-13 08:00:00 | | false",
        "00TD | 003B | 500A | 005B | Ask the workshop | Other | Task | Completed | true | 2024-01-14 | | | | 2024-01-14 08:00:00 | 2024-01-15 08:00:00 | false",
        "00TE | | 006C | 005A | Send papers | | Task | Not Started | false | 2024-03-01 | | | | 2024-02-12 08:00:00 | | false",
        "00TF | 003A | 006A | 005A | Never was | | Call | Completed | true | 2024-01-12 | Outbound | 60 | | 2024-01-12 08:00:00 | 2024-01-12 08:05:00 | true",
        "00TG | 003A | 006A | 005A | Between us | | Call | Completed | true | 2024-01-16 | Internal | 60 | | 2024-01-16 08:00:00 | 2024-01-16 08:05:00 | false",
    ),
    # 00UA is linked to a deal; 00UB is its copy for Bob, 00UC the pattern of a series.
    "event": table(
        "id who_id what_id owner_id subject type start_date_time end_date_time activity_date duration_in_minutes"
        " is_child is_recurrence created_date is_deleted",
        "00UA | 003B | 006C | 005A | Demo | Meeting | 2024-02-13 10:00:00 | 2024-02-13 11:30:00 | 2024-02-13 | 90 | false | false | "
        "2024-02-01 08:00:00 | false",
        "00UB | 003B | 006C | 005B | Demo | Meeting | 2024-02-13 10:00:00 | 2024-02-13 11:30:00 | 2024-02-13 | 90 | true | false | "
        "2024-02-01 08:00:00 | false",
        "00UC | | 006C | 005A | Weekly | Meeting | 2024-02-13 10:00:00 | 2024-02-13 11:30:00 | 2024-02-13 | 90 | false | true | "
        "2024-02-01 08:00:00 | false",
        "00UD | 003A | 006A | 005A | Ring Maria | Call | 2024-02-14 10:00:00 | 2024-02-14 10:15:00 | 2024-02-14 | 15 | | | "
        "2024-02-01 08:00:00 |",
    ),
    "quote": table(
        "id quote_number opportunity_id owner_id status total_price created_date is_deleted",
        "0Q0A | 100 | 006A | 005A | Accepted | 1000.50 | 2024-01-26 09:00:00 | false",
        "0Q0B | 101 | 006C | 005A | Draft | 300 | 2024-02-12 09:00:00 | false",
        "0Q0C | 102 | 006C | 005A | Presented | 1 | 2024-02-12 09:00:00 | true",
    ),
    "order": table(
        "id account_id opportunity_id effective_date total_amount status_code is_reduction_order type is_deleted",
        "801A | 001A | 006A | 2024-02-21 | 1000.50 | Activated | false | New | false",
        "801B | 001B | | 2024-02-22 | 10 | Draft | false | New | false",
        "801C | 001A | | 2024-02-25 | -100 | Activated | true | New | false",
        "801D | 001A | | 2024-02-25 | 500 | Activated | false | New | true",
        "801E | 001B | | 2024-02-26 | 20 | Canceled | false | New |",
    ),
    "order_item": table(
        "id order_id product_2_id quantity total_price is_deleted",
        "802A | 801A | 01tA | 9 | 900 | false",
        "802B | 801A | 01tB | 1 | 100.50 | false",
        "802C | 801B | 01tB | 1 | 10 | true",
    ),
    "contract": table(
        "id account_id owner_id status start_date end_date is_deleted",
        "800A | 001A | 005A | Activated | 2023-03-01 | 2024-02-29 | false",
        "800B | 001B | 005B | Draft | 2024-03-01 | 2025-02-28 | false",
        "800C | 001B | 005B | Activated | 2023-03-01 | 2024-02-29 | true",
    ),
    "campaign": table(
        "id name type status start_date end_date budgeted_cost actual_cost is_deleted",
        "701A | Spring mail | Email | In Progress | 2024-01-01 | 2024-02-29 | 1000 | 800.25 | false",
        "701B | Fair | Event | Planned | 2024-02-01 | | 5000 | | false",
        "701C | Radio | Other | ABORTED | 2024-02-01 | | 1 | 1 | false",
        "701D | Gone | Other | Completed | 2024-02-01 | | 1 | 1 | true",
    ),
    # A lead that was converted is a member as lead and as contact.
    "campaign_member": table(
        "id campaign_id lead_id contact_id status has_responded first_responded_date created_date is_deleted",
        "00vA | 701A | 00QA | 003A | Responded | true | 2024-01-04 | 2024-01-02 11:00:00 | false",
        "00vB | 701A | 00QB | | Sent | false | | 2024-01-10 11:00:00 |",
        "00vC | 701A | | 003B | Responded | true | | 2024-01-03 11:00:00 | false",
        "00vD | 701B | 00QB | | Sent | false | | 2024-01-09 11:00:00 | true",
    ),
    # 500B was opened again; 500C waits in a queue.
    "case": table(
        "id contact_id account_id owner_id subject type status priority origin created_date closed_date is_closed is_deleted",
        "500A | 003A | 001A | 005B | Broken | Problem | Closed | High | Phone | 2024-02-01 09:00:00 | 2024-02-01 15:00:00 | true | false",
        "500B | 003B | 001B | 005B | Late | Complaint | Working | Low | Email | 2024-02-02 09:00:00 | 2024-02-03 09:00:00 | false | false",
        "500C | 003B | 001B | 00GQ | New | | New | Medium | Web | 2024-02-03 09:00:00 | | false |",
        "500D | 003B | 001B | 005B | Spam | | Closed | Low | Web | 2024-02-03 09:00:00 | 2024-02-03 09:00:00 | true | true",
    ),
}
