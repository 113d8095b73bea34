-- New revenue of a year by channel.
--   period: 2020
--   sections:
--     - breakdown: {metrics: [new_revenue_amount, avg_won_amount], by: [deal.source]}
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
select source as "deal.source", sum(amount) as new_revenue_amount, avg(amount) as avg_won_amount
from deal
where won and closing >= '2020-01-01' and closing < '2021-01-01'
group by source
