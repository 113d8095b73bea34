"""Tables of a small HubSpot as its connector lands them, made by hand: the answers are known."""

from __future__ import annotations

from tests.crms.landed import Row, table

CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
LIFE = "property_hs_lifecyclestage_"

TABLES: dict[str, list[Row]] = {
    "owner": table(
        "owner_id email first_name last_name",
        "1 | Ada@seller.example | Ada | Byron",
        "2 | bob@seller.example | | ",
    ),
    "owner_team": table("owner_id team_id is_team_primary", "1 | 70 | false", "1 | 71 | true"),
    "team": table("id name", "70 | South", "71 | North"),
    "company": table(
        "id is_deleted property_name property_type property_industry property_country"
        " property_hs_parent_company_id property_hubspot_owner_id property_createdate",
        "10 | false | Acme | PROSPECT | TOOLS | Italy | | 1 | 2023-12-01 8:00:00",
        "11 | | Bolt | | | Spain | 10 | 2 | 2023-12-02 8:00:00",
        "12 | TRUE | Gone | | | | | 2 | 2023-12-03 8:00:00",
    ),
    # 21 and 23 were merged into 20, 24 and 29 into 22; 25 was deleted, 26 is a subscriber. The times
    # after the colons are when they were merged.
    "contact": table(
        "id _fivetran_deleted property_email property_phone property_company property_firstname property_lastname"
        " property_associatedcompanyid property_hubspot_owner_id property_createdate property_lastmodifieddate"
        " property_notes_last_updated property_hs_analytics_source property_lifecyclestage property_hs_lead_status"
        f" {LIFE}lead_date {LIFE}opportunity_date {LIFE}customer_date property_hs_calculated_merged_vids",
        "20 | false | Maria@ACME.example | 1 | Acme | Maria | Rossi | 10 | 1 | 2024-01-02 9:00:00 | 2024-01-20 9:00:00 | | ORGANIC_SEARCH"
        " | customer | CONNECTED | 2024-01-03 9:00:00 | 2024-01-05 9:00:00 | 2024-02-20 9:00:00 | 21:1704200000000;23:1704300000000",
        "21 | false | m@acme.example | | Acme | Maria | R | 10 | 1 | 2024-01-02 9:00:00 | 2024-01-03 9:00:00 | | ORGANIC_SEARCH | lead | | | | |",
        "22 | false | cher@bolt.example | | Bolt | | Cher | 11 | 2 | 2024-01-04 9:00:00 | 2024-01-04 9:00:00 | 2024-01-30 9:00:00 | PAID_SOCIAL"
        " | MarketingQualifiedLead | NEW | | | | 24:1704400000000;996:1704400000001;997:1704400000001;998:1704400000001;999:1704400000001;29:1704400000002",
        "23 | false | maria.r@acme.example | | Acme | M | Rossi | 10 | 1 | 2024-01-02 9:00:00 | 2024-01-03 9:00:00 | | | lead | | | | |",
        "24 | false | c@bolt.example | | Bolt | | C | 11 | 2 | 2024-01-04 9:00:00 | 2024-01-04 9:00:00 | | | lead | | | | |",
        "25 | TRUE | gone@x.example | | X | | Gone | | 2 | 2024-01-05 9:00:00 | 2024-01-05 9:00:00 | | | lead | | | | |",
        "26 | | reader@x.example | | | | Reader | | | 2024-01-06 9:00:00 | 2024-01-06 9:00:00 | | OFFLINE | subscriber | | | | |",
        "27 | | big@y.example | | Y | | Big | | 2 | 2024-01-07 9:00:00 | 2024-01-07 9:00:00 | | OFFLINE | customer | OPEN | | | 2024-01-09 9:00:00 |",
        "29 | false | ch@bolt.example | | | | Ch | 11 | 2 | 2024-01-08 9:00:00 | 2024-01-08 9:00:00 | | | lead | | | | |",
    ),
    "deal_pipeline": table("pipeline_id label _fivetran_deleted", "default | Sales | false", "old | Before | TRUE"),
    # Some stages have a name as id, some a number. `gone` was deleted while a deal was won in it.
    "deal_pipeline_stage": table(
        "stage_id pipeline_id label display_order probability is_closed closed_won _fivetran_deleted",
        "appointmentscheduled | default | Appointment | 0 | 0.2 | FALSE | FALSE | FALSE",
        "8123456 | default | Contract sent | 1 | 0.9 | FALSE | FALSE | FALSE",
        "closedwon | default | Won | 2 | 1.0 | TRUE | TRUE | FALSE",
        "closedlost | default | Lost | 3 | 0.0 | TRUE | FALSE | FALSE",
        "gone | old | Sold | 2 | 1.0 | TRUE | TRUE | TRUE",
    ),
    # 100 won, 101 lost, 102 open, 103 deleted, 104 merged into 100, 105 won in a stage that is gone.
    "deal": table(
        "deal_id is_deleted deal_pipeline_id deal_pipeline_stage_id owner_id property_dealname property_amount property_createdate"
        " property_closedate property_hs_lastmodifieddate property_dealtype property_closed_lost_reason"
        " property_hs_analytics_source property_hs_manual_forecast_category",
        "100 | false | default | closedwon | 1 | Acme big | 1000.50 | 2024-01-05 9:00:00 | 2024-02-20 9:30:00 | 2024-02-20 9:30:00 | "
        "newbusiness | | ORGANIC_SEARCH | CLOSED",
        "101 | false | default | closedlost | 2 | Bolt | 200 | 2024-01-01 9:00:00 | 2024-02-10 9:00:00 | 2024-02-10 9:00:00 | "
        "existingbusiness | Price | PAID_SOCIAL |",
        "102 | | default | 8123456 | 1 | Acme more | 300.25 | 2024-02-01 9:00:00 | 2024-04-30 0:00:00 | 2024-02-11 9:00:00 | | Old reason | | BEST_CASE",
        "103 | TRUE | default | closedwon | 1 | Mistake | 9999 | 2024-01-01 9:00:00 | 2024-02-05 9:00:00 | 2024-02-05 9:00:00 | | | |",
        "104 | false | default | closedwon | 1 | Acme twice | 8888 | 2024-01-01 9:00:00 | 2024-02-05 9:00:00 | 2024-02-05 9:00:00 | | | |",
        "105 | false | old | gone | 2 | Long ago | | 2024-01-02 9:00:00 | 2024-01-20 9:00:00 | 2024-01-20 9:00:00 | Renewal | | |",
    ),
    "merged_deal": table("deal_id merged_deal_id", "100 | 104", "100 | 777"),
    # 100 has three contacts, of which 101 comes first as a text only; 5 is the type of primary companies.
    "deal_contact": table(
        "deal_id contact_id type_id",
        "100 | 22 | 3",
        "100 | 20 | 3",
        "100 | 101 | 3",
        "101 | 22 | 3",
    ),
    "deal_company": table("deal_id company_id type_id", "100 | 9 | 341", "100 | 10 | 5", "101 | 11 | 341"),
    # 102 was in one stage by way of two rows: it was set again while it stood there.
    "deal_stage": table(
        "deal_id value date_entered _fivetran_start _fivetran_end _fivetran_active",
        "100 | appointmentscheduled | 2024-01-05 9:00:00 | 2024-01-05 9:00:00 | 2024-01-25 9:00:00 | false",
        "100 | 8123456 | 2024-01-25 9:00:00 | 2024-01-25 9:00:00 | 2024-02-20 9:00:00 | false",
        "100 | closedwon | 2024-02-20 9:00:00 | 2024-02-20 9:00:00 | 2050-01-01 0:00:00 | true",
        "101 | appointmentscheduled | 2024-01-01 9:00:00 | 2024-01-01 9:00:00 | 2024-02-10 9:00:00 | false",
        "101 | closedlost | 2024-02-10 9:00:00 | 2024-02-10 9:00:00 | 2050-01-01 0:00:00 | true",
        "102 | appointmentscheduled | 2024-02-01 9:00:00 | 2024-02-01 9:00:00 | 2024-02-06 9:00:00 | false",
        "102 | appointmentscheduled | 2024-02-06 9:00:00 | 2024-02-06 9:00:00 | 2024-02-11 9:00:00 | false",
        "102 | 8123456 | 2024-02-11 9:00:00 | 2024-02-11 9:00:00 | 2050-01-01 0:00:00 | true",
    ),
    "line_item_deal": table("line_item_id deal_id", "60 | 100", "61 | 100", "62 | 100"),
    "line_item": table(
        "id product_id property_quantity property_price property_amount _fivetran_deleted",
        "60 | 50 | 9 | 100 | 900 | false",
        "61 | 51 | 1 | 100.50 | 100.50 |",
        "62 | 51 | 1 | 1 | 1 | true",
    ),
    "product": table(
        "id property_name property_price property_hs_cost_of_goods_sold _fivetran_deleted",
        "50 | Widget | 100 | 40.5 | false",
        "51 | Support | | | false",
        "52 | Old | 1 | 1 | true",
    ),
    "quote": table(
        "id property_hs_quote_number property_hubspot_owner_id property_hs_status property_hs_quote_amount"
        " property_hs_createdate _fivetran_deleted",
        "400 | 2024-1 | 1 | APPROVAL_NOT_NEEDED | 1000.50 | 2024-01-26 9:00:00 | false",
        "401 | 2024-2 | 1 | DRAFT | 300.25 | 2024-02-12 9:00:00 | false",
    ),
    "quote_deal": table("quote_id deal_id", "400 | 100", "401 | 102"),
}
