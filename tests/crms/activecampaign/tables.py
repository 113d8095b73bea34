"""Tables of a small ActiveCampaign as its connector lands them, made by hand: the answers are
known."""

from __future__ import annotations

from tests.crms.landed import Row, table

TABLES: dict[str, list[Row]] = {
    "users": table(
        "id username first_name last_name email",
        "1 | ada | Ada | Byron | ada@seller.example",
        "2 | bob | | | bob@seller.example",
    ),
    "accounts": table(
        "id name created_timestamp",
        "10 | Acme | 2023-12-01T08:00:00Z",
        "11 | Bolt | 2023-12-02T08:00:00Z",
    ),
    "contacts": table(
        "id email phone first_name last_name cdate udate orgid bounced_hard bounced_soft bounced_date deleted",
        "20 | Maria@acme.example | +39 1 | Maria | Rossi | 2023-12-05T03:00:00-06:00 | 2024-01-05T09:00:00Z | 10 | 0 | 3 | 2024-01-01 | 0",
        "21 | cher@bolt.example | | Cher | | 2023-12-06T09:00:00Z | 2023-12-06T09:00:00Z | 11 | 1 | 0 | 2024-01-15 | 0",
        "22 | lee@x.example | | Lee | Young | 2023-12-07T09:00:00Z | 2023-12-07T09:00:00Z | 0 | 0 | 0 | 0000-00-00 | 0",
        "23 | gone@x.example | | | | 2023-12-08T09:00:00Z | 2023-12-08T09:00:00Z | 0 | 0 | 0 | | 1",
    ),
    "deal_groups": table("id title currency", "1 | Sales | eur", "2 | Partners | usd"),
    "deal_stages": table("id group title order", "5 | 1 | Qualified | 1", "6 | 1 | Demo | 2", "8 | 2 | Talks | 1"),
    # 100 won after two stages, 101 lost after a reopening, 102 open where it began, 104 won with
    # nothing in its log but a move on the day after. The status of 101 is a text of a number.
    "deals": table(
        "id title value currency status stage group owner contact account win_probability percent cdate mdate edate nextdate activitycount",
        "100 | Acme big | 100050 | eur | 1 | 6 | 1 | 1 | 20 | 10 | | | 2024-01-01T09:00:00Z | 2024-02-05T09:00:00Z | | | 3",
        "101 | Bolt small | 20000.00000000 | eur | 2.0 | 6 | 1 | 2 | 21 | 0 | 35 | | 2024-01-05T09:00:00Z | 2024-02-25T09:00:00Z | 2024-01-10T09:00:00Z | | 1",
        "102 | Acme more | 50000 | eur | 0 | 5 | 1 | 1 | 20 | 10 | 60 | | 2024-02-01T03:00:00-06:00 | 2024-02-01T09:00:00Z | | 2024-03-01 08:00:00 | 1",
        "104 | Partner | 30000 | usd | 1 | 8 | 2 | 0 | 0 | 11 | | | 2024-01-10T09:00:00Z | 2024-02-12T09:00:00Z |"
        " 2024-02-10T09:00:00Z | 0000-00-00 00:00:00 | 0",
    ),
    "deal_activities": table(
        "id deal d_stageid stage data_type data_action data_oldval user cdate",
        "900 | 100 | 0 | | | add | | 1 | 2024-01-01T09:00:00Z",
        "901 | 100 | 6 | 6 | d_stageid | update | 5 | 1 | 2024-01-11T09:00:00Z",
        "902 | 100 | 6 | | status | update | 0 | 1 | 2024-01-31T09:00:00Z",
        "903 | 101 | 6 | 6 | d_stageid | update | 5 | 2 | 2024-01-10T09:00:00Z",
        "904 | 101 | 6 | | status | update | 0 | 2 | 2024-01-20T09:00:00Z",
        "905 | 101 | 6 | | status | update | 1 | 2 | 2024-01-25T09:00:00Z",
        "906 | 101 | 6 | | status | update | 0 | 2 | 2024-02-20T09:00:00Z",
        "907 | 102 | 5 | | task | add | | 1 | 2024-02-02T09:00:00Z",
        "908 | 104 | 8 | 8 | d_stageid | update | 5 | 2 | 2024-02-12T09:00:00Z",
        "909 | 101 | 6 | | userid | update | 1 | 2 | 2024-01-08T09:00:00Z",
    ),
    "task_types": table("id title", "1 | Call", "2 | Email", "3 | To-do", "4 | Riunione"),
    "tasks": table(
        "id relid reltype deal_tasktype duedate edate status title assignee user cdate udate",
        "300 | 100 | Deal | 1 | 2024-01-04T10:30:00Z | 2024-01-04T10:45:00Z | 1 | Ring | 2 | 1 | 2024-01-02T08:00:00Z | 2024-01-04T11:00:00Z",
        "301 | 21 | Subscriber | 1 | 2024-02-03T10:30:00Z | 2024-02-03T10:30:00Z | 1 | Ring Cher | 0 | 1 | 2024-01-02T08:00:00Z | 2024-02-03T12:00:00Z",
        "302 | 102 | Deal | 4 | 2024-03-01T08:00:00Z | 2024-03-01T09:00:00Z | 0 | Meet | 1 | 1 | 2024-02-02T09:00:00Z | 2024-02-02T09:00:00Z",
        "303 | 22 | Subscriber | 3 | 2024-02-09T08:00:00Z | | 0 | Think | 1 | 1 | 2024-02-02T09:00:00Z | 2024-02-02T09:00:00Z",
    ),
    "lists": table("id name", "1 | News", "2 | Offers"),
    # 20 came back to News and is on Offers; 21 left both; 22 bounced from News, never confirmed Offers.
    "contact_lists": table(
        "id contact list status sdate udate updated_timestamp unsubreason campaign",
        "1 | 20 | 1 | 1 | 2024-01-20T09:00:00Z | 2024-01-10T09:00:00Z | 2024-01-20T09:00:00Z | | 0",
        "2 | 20 | 2 | 1 | 2024-01-02T09:00:00Z | | 2024-01-02T09:00:00Z | | 0",
        "3 | 21 | 1 | 2 | 2024-01-03T09:00:00Z | 2024-02-03T09:00:00Z | 2024-02-03T09:00:00Z | too many | 71",
        "4 | 21 | 2 | 2 | 2024-01-03T09:00:00Z | 2024-02-05T09:00:00Z | 2024-02-05T09:00:00Z | | 70",
        "5 | 22 | 1 | 3 | 2024-01-04T09:00:00Z | | 2024-02-06T09:00:00Z | | 0",
        "6 | 22 | 2 | 0 | 2024-01-04T09:00:00Z | | 2024-01-04T09:00:00Z | | 0",
    ),
    # 71 and 72 are sendings of 70, the email of an automation.
    "campaigns": table(
        "id name type status sdate ldate realcid automation send_amt",
        "60 | January news | single | 5 | 2024-01-15T10:00:00Z | 2024-01-15T10:20:00Z | 0 | | 3",
        "70 | Welcome | single | 2 | 2024-01-02T10:00:00Z | 2024-02-02T10:00:00Z | 0 | 4 | 2",
        "71 | Welcome | single | 5 | 2024-01-03T10:00:00Z | 2024-01-03T10:00:00Z | 70 | 4 | 1",
        "72 | Welcome | single | 5 | 2024-01-04T10:00:00Z | 2024-01-04T10:00:00Z | 70 | 4 | 1",
        "80 | Not yet | single | 1 | 2024-03-15T10:00:00Z | | 0 | | 0",
        "81 | A thought | single | 0 | | | 0 | | 0",
    ),
    "ecommerce_orders": table(
        "id email currency total_price order_date external_created_date created_date state customer",
        "400 | maria@ACME.example | EUR | 12345 | 2024-02-01T09:00:00Z | 2024-02-01T09:00:00Z | 2024-02-01T09:05:00Z | 1 | 1",
        "401 | lee@x.example | EUR | 5000 | | 2024-02-03T09:00:00Z | 2024-02-03T09:05:00Z | 3 | 2",
        "402 | lee@x.example | EUR | 99999 | | 2024-02-04T09:00:00Z | 2024-02-04T09:05:00Z | 2 | 2",
        "403 | nobody@x.example | eur | 700 | 2024-02-05T09:00:00Z | 2024-02-05T09:00:00Z | 2024-02-05T09:05:00Z | 4 | 3",
        "404 | gone@x.example | eur | 800 | 2024-02-06T09:00:00Z | 2024-02-06T09:00:00Z | 2024-02-06T09:05:00Z | | 4",
    ),
    "ecommerce_order_products": table(
        "id ecom_order sku externalid name price quantity category",
        "1 | 400 | W-1 | 9 | Widget | 5000 | 2 | Hardware",
        "2 | 400 | | 8 | Postage | 2345 | 1 |",
        "3 | 401 | W-1 | 9 | Widget 2 | 5000 | 1 | Hardware",
    ),
    "conversions": table("id name value currency", "1 | Trial started | 1000 | eur"),
    "contact_conversions": table(
        "id contact conversion value currency cdate",
        "1 | 20 | 1 | 1000 | eur | 2024-02-07T09:00:00Z",
        "2 | 22 | 1 | 1000 | eur | 2024-02-08T09:00:00Z",
    ),
}
