-- Deals open at the end of a quarter by channel, and at the end of the one before.
--   period: 2021-Q1
--   compare: previous_period
--   sections:
--     - breakdown: {metrics: [open_opportunities_count], by: [deal.source]}
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
select source as "deal.source",
       count(*) filter (created < '2021-04-01' and not ((won or lost) and closing < '2021-04-01')) as open_opportunities_count,
       count(*) filter (created < '2021-01-01' and not ((won or lost) and closing < '2021-01-01')) as open_opportunities_count__previous
from deal
group by source
