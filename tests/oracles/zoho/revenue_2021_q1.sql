-- New revenue of a quarter and of the one before.
--   period: 2021-Q1
--   compare: previous_period
--   sections:
--     - kpis: [new_revenue_amount]
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
select sum(amount) filter (closing >= '2021-01-01') as new_revenue_amount,
       sum(amount) filter (closing < '2021-01-01') as new_revenue_amount__previous
from deal
where won and closing >= '2020-10-01' and closing < '2021-04-01'
