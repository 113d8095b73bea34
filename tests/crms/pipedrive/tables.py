"""Tables of a small Pipedrive as its connector lands them, made by hand: the answers are known."""

from __future__ import annotations

from tests.crms.landed import Row, table

TABLES: dict[str, list[Row]] = {
    "users": table(
        "id name email active_flag",
        "1 | Ada Byron | ada@seller.example | true",
        "2 | Bob Stone | bob@seller.example | true",
        "3 | Carl Gone | carl@seller.example | false",
    ),
    "organizations": table(
        "id name owner_id is_deleted add_time",
        "10 | Acme | 1 | false | 2023-12-01T08:00:00Z",
        "11 | Bolt | 2 | | 2023-12-02T08:00:00Z",
        "12 | Gone Ltd | 2 | true | 2023-12-03T08:00:00Z",
    ),
    "persons": table(
        "id name emails phones org_id owner_id is_deleted add_time update_time",
        '20 | Maria del Carmen | [{"label":"home","value":"m@home.example","primary":false},{"label":"work","value":"maria@acme.example","primary":true}]'
        ' | [{"value":"+39 1","primary":true}] | 10 | 1 | false | 2023-12-05T09:00:00Z | 2024-01-05T09:00:00Z',
        '21 | Cher | [{"primary":true,"label":"work","value":"cher@bolt.example"}] | [] | 11 | 2 | | 2023-12-06T09:00:00Z | 2023-12-06T09:00:00Z',
        '22 | Lee Young | [{"value":"lee@x.example"}] | | | 2 | false | 2023-12-07T09:00:00Z | 2023-12-07T09:00:00Z',
        "23 | Old Person | | | | 2 | true | 2023-12-08T09:00:00Z | 2023-12-08T09:00:00Z",
    ),
    "leads": table(
        "id title source_name owner_id person_id organization_id is_archived add_time",
        "aa-1 | Acme wants more | Web forms | 1 | 20 | 10 | false | 2024-01-03T10:00:00Z",
        "aa-2 | Cher asks | Manually created | 2 | 21 | | true | 2024-01-20T10:00:00Z",
        "aa-3 | Nobody | Web forms | 2 | | | false | 2024-02-02T10:00:00Z",
    ),
    "pipelines": table("id name", "1 | Sales", "2 | Partners"),
    "stages": table(
        "id pipeline_id name order_nr deal_probability is_deal_rot_enabled days_to_rotten",
        "5 | 1 | Qualified | 1 | 20 | true | 10",
        "6 | 1 | Demo | 2 | 50 | false | 99",
        "7 | 1 | Negotiation | 3 | 80 | true | 14",
        "8 | 2 | Talks | 1 | 100 | false |",
    ),
    # 100 won after three stages, 101 lost after a reopening, 102 open where it began, 103 deleted,
    # 104 won and moved afterwards, 105 open and once won, 106 deleted but for its status.
    "deals": table(
        "id title value currency status stage_id pipeline_id owner_id person_id org_id probability add_time "
        "won_time first_won_time lost_time close_time expected_close_date lost_reason channel origin is_deleted update_time",
        "100 | Acme big | 1000.50 | EUR | won | 7 | 1 | 1 | 20 | 10 | | 2024-01-01T09:00:00Z |"
        " 2024-01-31T09:00:00Z | 2024-01-31T09:00:00Z | | 2024-01-31T09:00:00Z | 2024-02-10 | | 52 | ManuallyCreated | false | 2024-01-31T09:00:00Z",
        "101 | Bolt small | 200 | eur | lost | 6 | 1 | 2 | 21 | 11 | 35 | 2024-01-05T09:00:00Z |"
        " 2024-01-20T09:00:00Z | 2024-01-20T09:00:00Z | 2024-02-20T09:00:00Z | 2024-02-20T09:00:00Z | 2024-02-01 | Too dear |"
        " 52 | API | false | 2024-02-20T09:00:00Z",
        "102 | Acme more | 500 | EUR | open | 5 | 1 | 1 | 20 | 10 | 60 | 2024-02-01T09:00:00Z |"
        " | | | | 2024-03-15 | | | ManuallyCreated | | 2024-02-01T09:00:00Z",
        "103 | Mistake | 9999 | EUR | deleted | 5 | 1 | 1 | 20 | 10 | | 2024-01-02T09:00:00Z |"
        " | | | | | | | ManuallyCreated | true | 2024-01-03T09:00:00Z",
        "104 | Partner | 300 | USD | won | 8 | 2 | 2 | | 11 | | 2024-01-10T09:00:00Z |"
        " 2024-02-10T09:00:00Z | 2024-02-10T09:00:00Z | | 2024-02-10T09:00:00Z | | | | ManuallyCreated | false | 2024-02-11T09:00:00Z",
        "105 | Back again | 400 | EUR | open | 7 | 1 | 2 | 21 | 11 | | 2024-01-15T09:00:00Z |"
        " 2024-01-25T09:00:00Z | 2024-01-25T09:00:00Z | 2024-01-18T09:00:00Z | | 2024-04-01 | Old reason | | ManuallyCreated | false | 2024-02-12T09:00:00Z",
        "106 | Gone too | 7777 | EUR | won | 5 | 1 | 1 | 20 | 10 | | 2024-01-02T09:00:00Z |"
        " 2024-01-12T09:00:00Z | 2024-01-12T09:00:00Z | | 2024-01-12T09:00:00Z | | | | ManuallyCreated | true | 2024-01-13T09:00:00Z",
    ),
    "dealflow": table(
        "id item_id user_id field_key old_value new_value log_time",
        "900 | 100 | 1 | add_time | | 2024-01-01 09:00:00 | 2024-01-01T09:00:00Z",
        "901 | 100 | 1 | stage_id | 5 | 6 | 2024-01-11T09:00:00Z",
        "902 | 100 | 1 | stage_id | 6 | 7 | 2024-01-21T09:00:00Z",
        "903 | 101 | 2 | stage_id | 5 | 6 | 2024-01-10T09:00:00Z",
        "904 | 104 | 2 | stage_id | 5 | 8 | 2024-02-11T09:00:00Z",
        "905 | 105 | 2 | stage_id | 6 | 5 | 2024-01-20T09:00:00Z",
        "906 | 105 | 2 | stage_id | 5 | 7 | 2024-02-12T09:00:00Z",
    ),
    "activities": table(
        "id type done due_date due_time duration marked_as_done_time owner_id deal_id lead_id person_id org_id subject is_deleted add_time",
        "300 | call | true | 2024-01-04 | 10:30 | 00:20 | 2024-01-04T11:00:00Z | 1 | 100 | | 20 | 10 | Ring Maria | false | 2024-01-02T08:00:00Z",
        "301 | call | true | 2024-01-21 | | 01:05 | 2024-01-21T12:00:00Z | 2 | | aa-2 | 21 | | Ring Cher | | 2024-01-20T11:00:00Z",
        "302 | lunch | true | 2024-01-25 | 12:00 | 01:30 | | 1 | 100 | | 20 | 10 | Lunch | false | 2024-01-24T08:00:00Z",
        "303 | deadline | false | 2024-03-01 | | | 2024-02-05T08:00:00Z | 1 | 102 | | | 10 | Send papers | false | 2024-02-05T08:00:00Z",
        "304 | email | true | 2024-02-15 | 09:00 | | 2024-02-15T09:05:00Z | 2 | 101 | | 21 | 11 | Mail | false | 2024-02-14T08:00:00Z",
        "305 | call | true | 2024-02-16 | 09:00 | 00:10 | 2024-02-16T09:05:00Z | 2 | 101 | | 21 | 11 | Never was | true | 2024-02-14T08:00:00Z",
        "306 | site_visit | false | | | | | 2 | 105 | | | 11 | Some day | false | 2024-02-14T08:00:00Z",
        "307 | task | true | 2024-01-20 | 10:00 | | 2024-01-20T10:30:00Z | 2 | | aa-2 | | | Look Cher up | false | 2024-01-20T10:05:00Z",
    ),
    "products": table(
        "id name category prices is_deleted",
        '50 | Widget | Hardware | [{"price":100,"currency":"EUR","cost":40.5},{"price":110,"currency":"USD","cost":0}] | false',
        "51 | Support | Services | [] | false",
    ),
    "deal_products": table(
        "id deal_id product_id quantity item_price sum",
        "1 | 100 | 50 | 9 | 100 | 900",
        "2 | 100 | 51 | 1 | 100.50 | 100.50",
        "3 | 102 | 50 | 5 | 100 | 500",
    ),
}
