-- Every active person is a row, also in a quarter without a single closed deal.
--   rows: all
--   period: 2018-Q3
--   sections:
--     - breakdown: {metrics: [won_deals_count, close_rate], by: [user.name]}
with person as (
  select "Last Name" as name from read_csv('zoho_crm_demo/Users.csv', all_varchar = true)
)
select name as "user.name", 0 as won_deals_count, null as close_rate
from person
