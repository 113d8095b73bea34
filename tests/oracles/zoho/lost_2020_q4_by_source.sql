-- What was lost in a quarter, by channel, and in the quarter before.
--   period: 2020-Q4
--   compare: previous_period
--   sections:
--     - breakdown: {metrics: [lost_deals_count, lost_amount], by: [deal.source]}
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
       count(*) filter (closing >= '2020-10-01') as lost_deals_count,
       count(*) filter (closing < '2020-10-01') as lost_deals_count__previous,
       coalesce(sum(amount) filter (closing >= '2020-10-01'), 0) as lost_amount,
       coalesce(sum(amount) filter (closing < '2020-10-01'), 0) as lost_amount__previous
from deal
where lost and closing >= '2020-07-01' and closing < '2021-01-01'
group by source
