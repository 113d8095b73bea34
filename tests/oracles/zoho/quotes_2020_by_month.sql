-- Quotes presented by month.
--   period: 2020
--   sections:
--     - trend: {metrics: [quotes_presented_count], grain: month}
with quote as (
  select "QUOTEID" as id, "Quote Owner" as owner, "Quote Stage" as stage,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Quotes.csv', all_varchar = true)
)
select cast(date_trunc('month', created) as date) as period, count(distinct id) as quotes_presented_count
from quote
where stage <> 'Draft' and created >= '2020-01-01' and created < '2021-01-01'
group by all
