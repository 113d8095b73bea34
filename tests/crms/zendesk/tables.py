"""Tables of a small Zendesk as its connectors land them, made by hand: the answers are known."""

from __future__ import annotations

from tests.crms.landed import Row, table

# Agents are 1 and 2 (and 3, suspended), an administrator 4; 11 and 12 are customers, 13 was deleted.
TABLES: dict[str, list[Row]] = {
    "user": table(
        "id name email phone role organization_id active suspended created_at updated_at",
        "1 | Ann Agent | ann@desk.example | | agent | | TRUE | FALSE | 2023-01-01 08:00:00 | 2023-01-01 08:00:00",
        "2 | Ben Agent | ben@desk.example | | agent | | TRUE | FALSE | 2023-01-01 08:00:00 | 2023-01-01 08:00:00",
        "3 | Cal Agent | cal@desk.example | | agent | | TRUE | TRUE | 2023-01-01 08:00:00 | 2023-01-01 08:00:00",
        "4 | Dee Admin | dee@desk.example | | admin | | TRUE | | 2023-01-01 08:00:00 | 2023-01-01 08:00:00",
        "11 | Maria del Carmen | maria@x.example | +39 1 | end-user | 90 | TRUE | FALSE | 2023-02-01 08:00:00 | 2023-02-02 08:00:00",
        "12 | Cher | cher@x.example | | end-user | | TRUE | FALSE | 2023-02-01 08:00:00 | 2023-02-02 08:00:00",
        "13 | Gone | | | end-user | | FALSE | FALSE | 2023-02-01 08:00:00 | 2023-02-02 08:00:00",
    ),
    "organization": table("id name created_at", "90 | Acme | 2023-01-15 08:00:00"),
    # 501 solved once, then closed; 502 solved, reopened, solved; 503 open again after two solutions;
    # 504 deleted; 505, 506 and 509 merged into 502; 507 new; 508 an agent's own request; 510 closed
    # without ever having been solved; 511 solved without a history.
    "ticket": table(
        "id type status priority requester_id assignee_id organization_id via_channel subject created_at updated_at merged_ticket_ids",
        "501 | question | closed | high | 11 | 1 | 90 | email | How | 2024-01-01 09:00:00 | 2024-01-06 09:00:00 | []",
        "502 | incident | solved | urgent | 11 | 2 | 90 | web | Broken | 2024-01-02 09:00:00 | 2024-01-20 09:00:00 | [505, 506, 996, 997, 998, 999, 509]",
        "503 | problem | open | high | 12 | 2 | | voice | Odd | 2024-01-03 09:00:00 | 2024-01-25 09:00:00 |",
        "504 | question | deleted | high | 12 | 1 | | email | Spam | 2024-01-04 09:00:00 | 2024-01-04 10:00:00 |",
        "505 | incident | closed | urgent | 11 | 2 | 90 | web | Broken! | 2024-01-02 09:05:00 | 2024-01-02 10:00:00 | []",
        "506 | incident | closed | urgent | 11 | 2 | 90 | web | Broken!! | 2024-01-02 09:06:00 | 2024-01-02 10:00:00 | []",
        "507 | | new | | 12 | | | email | Hello | 2024-01-30 09:00:00 | 2024-01-30 09:00:00 | []",
        "508 | task | solved | normal | 2 | 2 | | web | To self | 2024-01-10 09:00:00 | 2024-01-11 09:00:00 | []",
        "510 | question | closed | low | 12 | 1 | | web | Old | 2024-01-08 09:00:00 | 2024-01-15 09:00:00 |",
        "511 | question | solved | low | 12 | 1 | | web | No log | 2024-01-08 09:00:00 | 2024-01-09 09:00:00 |",
        "509 | incident | closed | urgent | 11 | 2 | 90 | web | Broken?! | 2024-01-02 09:07:00 | 2024-01-02 10:00:00 | []",
    ),
    "ticket_field_history": table(
        "ticket_id field_name value updated user_id",
        "501 | status | new | 2024-01-01 09:00:00 | 11",
        "501 | assignee_id | 1 | 2024-01-01 09:10:00 | 4",
        "501 | status | solved | 2024-01-02 09:00:00 | 1",
        "501 | status | closed | 2024-01-06 09:00:00 |",
        "502 | status | new | 2024-01-02 09:00:00 | 11",
        "502 | assignee_id | 1 | 2024-01-02 09:01:00 | 4",
        "502 | status | solved | 2024-01-03 09:00:00 | 1",
        "502 | status | open | 2024-01-04 09:00:00 | 11",
        "502 | assignee_id | 2 | 2024-01-04 10:00:00 | 4",
        "502 | status | solved | 2024-01-20 09:00:00 | 2",
        "503 | assignee_id | 2 | 2024-01-03 09:30:00 | 4",
        "503 | status | solved | 2024-01-05 09:00:00 | 2",
        "503 | status | open | 2024-01-06 09:00:00 | 12",
        "503 | status | solved | 2024-01-07 09:00:00 | 2",
        "503 | status | open | 2024-01-25 09:00:00 | 12",
        "504 | status | solved | 2024-01-04 09:30:00 | 1",
        "505 | status | closed | 2024-01-02 10:00:00 | 1",
        "507 | status | new | 2024-01-30 09:00:00 | 12",
        "507 | priority | solved | 2024-01-30 09:00:00 | 12",
        "508 | status | solved | 2024-01-11 09:00:00 | 2",
        "510 | status | closed | 2024-01-12 09:00:00 | 4",
    ),
    # The requester's own comments and an agent's private ones are no response.
    "ticket_comment": table(
        "id ticket_id user_id public created",
        "1 | 501 | 11 | TRUE | 2024-01-01 09:00:00",
        "2 | 501 | 1 | FALSE | 2024-01-01 09:20:00",
        "3 | 501 | 11 | TRUE | 2024-01-01 09:25:00",
        "4 | 501 | 1 | TRUE | 2024-01-01 09:50:00",
        "5 | 501 | 1 | TRUE | 2024-01-02 08:50:00",
        "6 | 502 | 11 | TRUE | 2024-01-02 09:00:00",
        "7 | 502 | 1 | TRUE | 2024-01-02 13:30:00",
        "8 | 502 | 2 | TRUE | 2024-01-19 09:00:00",
        "9 | 503 | 12 | TRUE | 2024-01-03 09:00:00",
        "10 | 508 | 2 | TRUE | 2024-01-10 09:00:00",
    ),
    # Policy 1 is in calendar time, policy 2 in business hours. Policy 1's promise for urgent tickets
    # was changed on 10 January, after 502 had come in. 501 first had policy 2.
    "ticket_sla_policy": table(
        "ticket_id sla_policy_id policy_applied_at",
        "501 | 2 | 2024-01-01 09:00:01",
        "501 | 1 | 2024-01-01 09:10:00",
        "502 | 1 | 2024-01-02 09:00:00",
        "503 | 2 | 2024-01-03 09:00:00",
        "504 | 1 | 2024-01-04 09:00:00",
        "507 | 1 | 2024-01-30 09:00:00",
        "508 | 1 | 2024-01-10 09:00:00",
    ),
    "sla_policy_metric_history": table(
        "sla_policy_id index sla_policy_updated_at business_hours metric priority target",
        "1 | 0 | 2023-01-01 00:00:00 | FALSE | first_reply_time | urgent | 300",
        "1 | 1 | 2023-01-01 00:00:00 | FALSE | first_reply_time | high | 45",
        "1 | 2 | 2023-01-01 00:00:00 | FALSE | total_resolution_time | high | 2880",
        "1 | 3 | 2023-01-01 00:00:00 | FALSE | next_reply_time | high | 60",
        "1 | 0 | 2024-01-10 00:00:00 | FALSE | first_reply_time | urgent | 30",
        "1 | 1 | 2024-01-10 00:00:00 | TRUE | total_resolution_time | urgent | 600",
        "2 | 0 | 2023-01-01 00:00:00 | TRUE | first_reply_time | high | 60",
    ),
    "calls": table(
        "id ticket_id agent_id direction created_at completion_status time_to_answer wait_time talk_time hold_time "
        "wrap_up_time duration callback voicemail outside_business_hours",
        "700 | 501 | 1 | inbound | 2024-01-01T08:55:00Z | completed | 20 | 25 | 200 | 10 | 30 | 260 | false | false | false",
        "701 | | | inbound | 2024-01-02T08:55:00Z | abandoned_in_queue | | 90 | 0 | 0 | 0 | 90 | false | false | false",
        "702 | 503 | | inbound | 2024-01-03T20:55:00Z | completed | | 5 | 0 | 0 | 0 | 45 | false | true | true",
        "703 | 503 | | inbound | 2024-01-04T08:55:00Z | completed | | 60 | 0 | 0 | 0 | 95 | false | true | false",
        "704 | 502 | 2 | outbound | 2024-01-05T08:55:00Z | not_answered | | 30 | 0 | 0 | 0 | 30 | false | false | false",
        "705 | 502 | 2 | outbound | 2024-01-05T09:55:00Z | completed | 8 | 8 | 120 | 0 | 15 | 130 | true | false | false",
        "706 | 507 | 1 | inbound | 2024-01-30T08:55:00Z | abandoned_on_hold | 12 | 12 | 30 | 300 | 5 | 345 | false | false | false",
    ),
}
