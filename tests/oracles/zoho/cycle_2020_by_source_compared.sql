-- The sales cycle by channel against the year before: percentiles of two periods in one section.
--   period: 2020
--   compare: previous_year
--   sections:
--     - breakdown: {metrics: [won_deals_count, sales_cycle_days.median], by: [deal.source]}
with deal as (
  select cast("LEADID" as integer) + 22264 as id, "Potential Owner" as owner, "Stage" as stage,
         "Lead Source" as source, "Type" as type, "LEADID" as lead, "Campaign Id" as campaign,
         cast(regexp_replace("Amount", '[$,]', '', 'g') as decimal(18, 2)) as amount,
         cast("Probability" as double) / 100 as probability,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created,
         cast(strptime("Closing Date", '%d %b, %Y %H:%M:%S') as date) as closing,
         "Stage" = 'Closed Won' as won, "Stage" = 'Closed Lost' as lost
  from read_csv('zoho_crm_demo/Potentials.csv', all_varchar = true)
),
cycle as (
  select *, cast(closing - cast(created as date) as double) as days from deal where won
)
select source as "deal.source",
       count(*) filter (closing >= '2020-01-01') as won_deals_count,
       count(*) filter (closing < '2020-01-01') as won_deals_count__previous,
       quantile_cont(days, 0.5) filter (closing >= '2020-01-01') as "sales_cycle_days.median",
       quantile_cont(days, 0.5) filter (closing < '2020-01-01') as "sales_cycle_days.median__previous"
from cycle
where closing >= '2019-01-01' and closing < '2021-01-01'
group by source
