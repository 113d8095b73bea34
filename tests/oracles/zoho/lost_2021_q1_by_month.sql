-- What was lost, by month.
--   period: 2021-Q1
--   sections:
--     - trend: {metrics: [lost_deals_count, lost_amount, loss_rate], grain: month}
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
select cast(date_trunc('month', closing) as date) as period, count(*) filter (lost) as lost_deals_count,
       sum(amount) filter (lost) as lost_amount,
       count(*) filter (lost) / count(*) as loss_rate
from deal
where (won or lost) and closing >= '2021-01-01' and closing < '2021-04-01'
group by all
