-- Deals open at the end of each month.
--   period: 2020-Q4
--   sections:
--     - trend: {metrics: [open_opportunities_count, open_amount], grain: month}
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
select cast(month as date) as period, count(*) as open_opportunities_count, sum(amount) as open_amount
from range(timestamp '2020-10-01', timestamp '2021-01-01', interval 1 month) as months(month)
join deal on created < month + interval 1 month
  and not ((won or lost) and closing < month + interval 1 month)
group by month
