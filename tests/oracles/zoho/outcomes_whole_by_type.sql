-- Deals closed by what Zoho calls their type, a column that is not canonical.
--   period: {from: 2018-01-01, to: 2021-12-31}
--   sections:
--     - breakdown: {metrics: [won_deals_count, lost_deals_count, close_rate], by: [deal.type]}
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
select type as "deal.type", count(*) filter (won) as won_deals_count, count(*) filter (lost) as lost_deals_count,
       count(*) filter (won) / nullif(count(*) filter (won or lost), 0) as close_rate
from deal
where won or lost
group by type
