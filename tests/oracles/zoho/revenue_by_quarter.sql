-- New revenue by quarter over the whole export, quarters before the first sale included.
--   period: {from: 2018-07-01, to: 2021-06-30}
--   sections:
--     - trend: {metrics: [new_revenue_amount, won_deals_count], grain: quarter}
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
select cast(quarter as date) as period, coalesce(sum(amount), 0) as new_revenue_amount,
       count(amount) as won_deals_count
from range(timestamp '2018-07-01', timestamp '2021-07-01', interval 3 month) as quarters(quarter)
left join deal on won and closing >= quarter and closing < quarter + interval 3 month
group by quarter
