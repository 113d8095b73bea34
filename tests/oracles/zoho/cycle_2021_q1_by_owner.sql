-- The sales cycle by owner.
--   period: 2021-Q1
--   sections:
--     - breakdown: {metrics: [sales_cycle_days, sales_cycle_days.median, sales_cycle_days.p75], by: [user.name]}
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
select owner as "user.name", avg(days) as sales_cycle_days,
       quantile_cont(days, 0.5) as "sales_cycle_days.median",
       quantile_cont(days, 0.75) as "sales_cycle_days.p75"
from cycle
where closing >= '2021-01-01' and closing < '2021-04-01'
group by owner
