-- Quotes presented in a quarter and in the one before: no drafts.
--   period: 2020-Q4
--   compare: previous_period
--   sections:
--     - kpis: [quotes_presented_count]
with quote as (
  select "QUOTEID" as id, "Quote Owner" as owner, "Quote Stage" as stage,
         strptime("Created Time", '%d %b, %Y %H:%M:%S') as created
  from read_csv('zoho_crm_demo/Quotes.csv', all_varchar = true)
)
select count(distinct id) filter (created >= '2020-10-01') as quotes_presented_count,
       count(distinct id) filter (created < '2020-10-01') as quotes_presented_count__previous
from quote
where stage <> 'Draft' and created >= '2020-07-01' and created < '2021-01-01'
