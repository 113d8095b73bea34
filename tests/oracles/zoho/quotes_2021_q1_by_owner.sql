-- Quotes presented by owner.
--   period: 2021-Q1
--   sections:
--     - breakdown: {metrics: [quotes_presented_count], by: [user.name]}
with quote as (
  select "QUOTEID" as id, "Quote Owner" as owner, "Quote Stage" as stage,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Quotes.csv', all_varchar = true)
)
select owner as "user.name", count(distinct id) as quotes_presented_count
from quote
where stage <> 'Draft' and created >= '2021-01-01' and created < '2021-04-01'
group by owner
