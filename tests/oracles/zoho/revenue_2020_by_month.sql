-- New revenue by the month of closing.
--   period: 2020
--   sections:
--     - trend: {metrics: [new_revenue_amount, won_deals_count, close_rate], grain: month}
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
select cast(month as date) as period, coalesce(sum(amount) filter (won), 0) as new_revenue_amount,
       count(*) filter (won) as won_deals_count,
       count(*) filter (won) / nullif(count(*) filter (won or lost), 0) as close_rate
from range(timestamp '2020-01-01', timestamp '2021-01-01', interval 1 month) as months(month)
left join deal on closing >= month and closing < month + interval 1 month
group by month
