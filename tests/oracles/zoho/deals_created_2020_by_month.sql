-- Deals by the month of creation, with those closed in the same month: two anchors in one trend.
--   period: 2020
--   sections:
--     - trend: {metrics: [deals_created_count, closed_deals_count], grain: month}
with deal as (
  select cast("LEADID" as integer) + 22264 as id, "Potential Owner" as owner, "Stage" as stage,
         "Lead Source" as source, "Type" as type, "LEADID" as lead, "Campaign Id" as campaign,
         cast(regexp_replace("Amount", '[$,]', '', 'g') as decimal(18, 2)) as amount,
         cast("Probability" as double) / 100 as probability,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created,
         cast(strptime("Closing Date", '%d %b, %Y %H:%M:%S') as date) as closing,
         "Stage" = 'Closed Won' as won, "Stage" = 'Closed Lost' as lost
  from read_csv('zoho_crm_demo/Potentials.csv', all_varchar = true)
)
select cast(month as date) as period,
       (select count(*) from deal
        where created >= month and created < month + interval 1 month) as deals_created_count,
       (select count(*) from deal where (won or lost)
        and closing >= month and closing < month + interval 1 month) as closed_deals_count
from range(timestamp '2020-01-01', timestamp '2021-01-01', interval 1 month) as months(month)
